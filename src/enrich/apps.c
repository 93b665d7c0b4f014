/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/apps.h"

#include "base/attr.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 65535, LINE_MAX_ = 512, LINES_MAX = 20000 };
enum transports { TCP = 1 << APP_TCP, UDP = 1 << APP_UDP, BOTH = TCP | UDP };

static const struct {
	const char *name;
	uint16_t port;
	uint8_t transports;
} well_known[] = {
#define APP(transports, port, name) {name, port, transports},
#include "enrich/apps.def"
#undef APP
};

static const struct {
	uint16_t number;
	const char *name;
} of_ndpi[] = {
#define NDPI(number, name) {number, name},
#include "model/ndpi.def"
#undef NDPI
};

static enum err put_ndpi(struct apps *a, struct texts *texts)
{
	enum err e = ERR_OK;
	for (size_t i = 0; i < ARRAY_LEN(of_ndpi) && !e; i++)
		if (of_ndpi[i].number < APP_NDPI_MAX)
			e = texts_number(texts, of_ndpi[i].name, strlen(of_ndpi[i].name),
					 &a->ndpi[of_ndpi[i].number]);
	return e;
}

/* The first name of a port stands. */
static enum err put(struct apps *a, struct texts *texts, unsigned transport, uint16_t port,
		    const char *name)
{
	uint32_t number;
	if (a->of[transport][port] || a->n == NAMES_MAX)
		return ERR_OK;
	enum err e = texts_number(texts, name, strlen(name), &number);
	if (e)
		return e;
	uint16_t i = 1;
	while (i < a->n && a->name[i] != number)
		i++;
	if (i == a->n)
		a->name[a->n++] = number;
	a->of[transport][port] = i;
	return ERR_OK;
}

/* The next word of *p, NUL-terminated in place; NULL at the end of the line. */
static char *next_word(char **p)
{
	char *word = *p + strspn(*p, " \t");
	size_t n = strcspn(word, " \t#\n");
	bool more = word[n] == ' ' || word[n] == '\t';
	if (n == 0)
		return NULL;
	word[n] = 0;
	*p = word + n + more;
	return word;
}

/* "domain  53/udp  nameserver # text": the name, port and transport. */
static bool service_of(char *line, char **ret_name, uint16_t *ret_port, unsigned *ret_transport)
{
	char *end, *name = next_word(&line), *at = name ? next_word(&line) : NULL;
	if (!at || !isdigit((unsigned char)*at))
		return false;
	unsigned long port = strtoul(at, &end, 10);
	if (port == 0 || port >= APP_PORTS)
		return false;
	if (strcmp(end, "/tcp") != 0 && strcmp(end, "/udp") != 0)
		return false;
	*ret_transport = end[1] == 't' ? APP_TCP : APP_UDP;
	*ret_port = (uint16_t)port;
	*ret_name = name;
	return true;
}

static enum err read_services(const char *path, struct texts *texts, struct apps *a)
{
	char line[LINE_MAX_], *name;
	uint16_t port;
	unsigned transport, lines = 0;
	enum err e = ERR_OK;
	FILE *f = fopen(path, "re");
	if (!f)
		return ERR_OK;
	while (!e && lines++ < LINES_MAX && fgets(line, sizeof(line), f))
		if (service_of(line, &name, &port, &transport))
			e = put(a, texts, transport, port, name);
	fclose(f);
	a->from_system = true;
	return e;
}

enum err apps_load(const char *services, struct texts *texts, struct apps *ret)
{
	struct apps a = {.n = 1};
	enum err e = ERR_OK;
	a.name = calloc(NAMES_MAX + 1, sizeof(a.name[0]));
	for (unsigned t = 0; t < APP_TRANSPORTS; t++) {
		a.of[t] = calloc(APP_PORTS, sizeof(a.of[t][0]));
		if (!a.of[t])
			e = ERR_NOMEM;
	}
	a.ndpi = calloc(APP_NDPI_MAX, sizeof(a.ndpi[0]));
	if (!a.name || !a.ndpi)
		e = ERR_NOMEM;
	for (size_t i = 0; i < ARRAY_LEN(well_known) && !e; i++)
		for (unsigned t = 0; t < APP_TRANSPORTS && !e; t++)
			if (well_known[i].transports >> t & 1)
				e = put(&a, texts, t, well_known[i].port, well_known[i].name);
	if (!e)
		e = read_services(services, texts, &a);
	if (!e)
		e = put_ndpi(&a, texts);
	if (e)
		apps_fini(&a);
	else
		*ret = a;
	return e;
}

void apps_fini(struct apps *a)
{
	for (unsigned t = 0; t < APP_TRANSPORTS; t++)
		free(a->of[t]);
	free(a->name);
	free(a->ndpi);
	*a = (struct apps){0};
}
