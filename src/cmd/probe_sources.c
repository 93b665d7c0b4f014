/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "cmd/probe.h"
#include "conf/conf.h"
#include "packet/live_source.h"

#include <net/if.h>
#include <stdlib.h>
#include <string.h>

static void options(const struct probe *p, struct live_opts *ret)
{
	static const enum live_way ways[] = {LIVE_AUTO, LIVE_PACKET, LIVE_XDP};
	const struct conf *c = p->conf;
	*ret = (struct live_opts){.way = ways[c->probe_capture],
				  .threads = (uint32_t)c->probe_threads,
				  .snaplen = (uint32_t)c->probe_snaplen,
				  .filter = c->probe_filter,
				  .ring_bytes = c->probe_ring,
				  .block_ms = (uint32_t)c->probe_block_time,
				  .promiscuous = c->probe_promiscuous,
				  .ignore_outgoing = !c->probe_outgoing,
				  .speed = p->speed};
}

/* What will make figures wrong is said at the start, not found out from them. */
static void warn(const struct probe *p, const char *text)
{
	struct live_source *s = malloc(sizeof(*s));
	if (s && !live_source_parse(text, s, NULL))
		for (size_t k = 0; k < 2; k++)
			if (*s->name[k])
				probe_check_log(p->conf, s->name[k]);
	free(s);
}

enum err probe_open_sources(struct probe *p, struct diag *d)
{
	struct live_opts o;
	options(p, &o);
	enum err e = ERR_OK;
	for (size_t i = 0; i < p->conf->probe_interfaces.n && !e; i++) {
		struct probe_source *s = &p->source[i];
		s->text = p->conf->probe_interfaces.v[i];
		s->file = strncmp(s->text, "file:", 5) == 0;
		warn(p, s->text);
		e = live_open(s->text, &o, &s->live, d);
		if (e)
			break;
		p->n_sources++;
		log_notice("probe", "captures from %s: %zu threads, %s", s->text,
			   live_readers(s->live), live_how(s->live));
	}
	return e;
}

void probe_close_sources(struct probe *p)
{
	for (size_t i = 0; i < p->n_sources; i++)
		live_close(&p->source[i].live);
}

size_t probe_interfaces(const struct probe *p, struct export_interface *ret, size_t max,
			char names[][16])
{
	size_t n = 0;
	struct live_source *s = malloc(sizeof(*s));
	for (size_t i = 0; s && i < p->n_sources; i++) {
		if (live_source_parse(p->source[i].text, s, NULL))
			continue;
		for (size_t k = 0; k < 2 && n < max; k++) {
			uint32_t index = *s->name[k] ? if_nametoindex(s->name[k]) : 0;
			if (!index)
				continue;
			memcpy(names[n], s->name[k], LIVE_NAME_MAX);
			ret[n] = (struct export_interface){
			    .index = index, .name = names[n], .description = ""};
			n++;
		}
	}
	free(s);
	return n;
}
