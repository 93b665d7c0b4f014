/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/snmp_access.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WORDS_MAX = 8, PASSWORD_MIN = 8 };

/* Cuts a line into words in place; -1: too many, or a quote that does not end. */
static int words_of(char *line, char *words[WORDS_MAX])
{
	int n = 0;
	for (char *p = line; *p;) {
		p += strspn(p, " \t\r");
		if (*p == 0 || *p == '#')
			return n;
		if (n == WORDS_MAX)
			return -1;
		bool quoted = *p == '"';
		p += quoted;
		words[n++] = p;
		p += strcspn(p, quoted ? "\"" : " \t\r");
		if (quoted && *p == 0)
			return -1;
		if (*p)
			*p++ = 0;
	}
	return n;
}

/* What is wrong with the words of a rule, NULL if nothing is. */
static const char *take_rule(char *const *w, int n, struct snmp_rule *ret)
{
	if (n < 2 || ip_parse_net(w[0], strlen(w[0]), &ret->net, &ret->bits))
		return "expected PREFIX and v2c, v3 or off";
	struct snmp_access *a = &ret->access;
	if (strcmp(w[1], "off") == 0) {
		ret->off = true;
		return n == 2 ? NULL : "nothing may stand behind off";
	}
	if (strcmp(w[1], "v2c") == 0) {
		a->version = SNMP_DEVICE_V2C;
		a->community = w[2];
		return n == 3 ? NULL : "expected PREFIX v2c COMMUNITY";
	}
	if (strcmp(w[1], "v3") != 0 || (n != 3 && n != 5 && n != 7))
		return "expected PREFIX v3 USER [AUTH PASSWORD [PRIV PASSWORD]]";
	a->version = SNMP_DEVICE_V3;
	a->user = w[2];
	a->auth = n > 3 ? w[3] : NULL;
	a->auth_password = n > 3 ? w[4] : NULL;
	a->priv = n > 5 ? w[5] : NULL;
	a->priv_password = n > 5 ? w[6] : NULL;
	if (!snmp_knows(a->auth, a->priv))
		return "an algorithm that is not known: SHA, SHA-256, SHA-512, MD5; AES, AES-256, "
		       "DES";
	if ((n > 3 && strlen(w[4]) < PASSWORD_MIN) || (n > 5 && strlen(w[6]) < PASSWORD_MIN))
		return "SNMPv3 passwords have at least 8 characters";
	return NULL;
}

static enum err parse_lines(struct snmp_rules *r, struct diag *reterr)
{
	uint32_t number = 0;
	for (char *line = r->text; line;) {
		char *words[WORDS_MAX], *end = strchr(line, '\n');
		struct snmp_rule rule = {0};
		if (end)
			*end++ = 0;
		number++;
		int n = words_of(line, words);
		const char *bad = n < 0 ? "too many words, or a quote without its end" : NULL;
		if (n > 0)
			bad = take_rule(words, n, &rule);
		if (bad)
			return diag_set(reterr, ERR_SYNTAX, number, 1, "line %u: %s", number, bad);
		if (n > 0 && r->n == SNMP_RULES_MAX)
			return diag_set(reterr, ERR_LIMIT, number, 1, "more than %d lines",
					SNMP_RULES_MAX);
		if (n > 0)
			r->v[r->n++] = rule;
		line = end;
	}
	return ERR_OK;
}

enum err snmp_rules_parse(const char *p, size_t n, struct snmp_rules *ret, struct diag *reterr)
{
	struct snmp_rules r = {.text = strndup(p, n)};
	r.v = calloc(SNMP_RULES_MAX, sizeof(*r.v));
	enum err e = r.text && r.v ? ERR_OK : ERR_NOMEM;
	if (!e) {
		r.text_n = strlen(r.text);
		e = parse_lines(&r, reterr);
	}
	if (e)
		snmp_rules_fini(&r);
	else
		*ret = r;
	return e;
}

enum err snmp_rules_read(const char *path, struct snmp_rules *ret, struct diag *reterr)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return diag_set(reterr, err_from_errno(errno), 0, 0, "cannot be read");
	char *p = NULL;
	ssize_t n = 0;
	enum err e = ERR_OK;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > SNMP_FILE_MAX)
		e = diag_set(reterr, ERR_UNSUPPORTED, 0, 0, "no file, or a very large one");
	else if (st.st_mode & (S_IROTH | S_IWOTH))
		e = diag_set(reterr, ERR_DENIED, 0, 0,
			     "everybody may read it, and it holds passwords: chmod 600");
	else if (!(p = malloc((size_t)st.st_size + 1)))
		e = ERR_NOMEM;
	else if ((n = read(fd, p, (size_t)st.st_size)) < 0)
		e = diag_set(reterr, err_from_errno(errno), 0, 0, "cannot be read");
	close(fd);
	if (!e)
		e = snmp_rules_parse(p, (size_t)n, ret, reterr);
	if (p)
		explicit_bzero(p, (size_t)st.st_size);
	free(p);
	return e;
}

void snmp_rules_fini(struct snmp_rules *r)
{
	if (r->text)
		explicit_bzero(r->text, r->text_n);
	free(r->text);
	free(r->v);
	*r = (struct snmp_rules){0};
}

const struct snmp_access *snmp_rules_find(const struct snmp_rules *r, const struct ip *device)
{
	const struct snmp_rule *best = NULL;
	for (size_t i = 0; i < r->n; i++)
		if (ip_in_net(device, &r->v[i].net, r->v[i].bits) &&
		    (!best || r->v[i].bits >= best->bits))
			best = &r->v[i];
	return best && !best->off ? &best->access : NULL;
}
