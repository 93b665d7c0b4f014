/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/probe_conf.h"

#include "base/buf.h"
#include "conf/conf.h"
#include "packet/live_source.h"

#include <stdlib.h>

/* e with the key before its message. */
static enum err named(const char *key, enum err e, const struct diag *why, struct diag *d)
{
	return e ? diag_set(d, e, 0, 0, "%s: %.200s", key, why->msg) : ERR_OK;
}

/* With a space behind each. */
static bool joined(const struct conf_words *words, struct buf *ret)
{
	for (size_t i = 0; i < words->n; i++)
		buf_fmt(ret, "%s ", words->v[i]);
	return !ret->bad;
}

enum err probe_conf_targets(const struct conf *c, struct export_target ret[EXPORT_TARGETS_MAX],
			    size_t *ret_n, struct diag *d)
{
	struct buf text = {0};
	struct diag why = {0};
	enum err e = ERR_NOMEM;
	if (joined(&c->probe_export, &text))
		e = export_targets_parse(buf_cstr(&text), ret, ret_n, &why);
	buf_fini(&text);
	return named("probe.export", e, &why, d);
}

enum err probe_conf_protocols(const struct conf *c, struct protocols *ret, struct diag *d)
{
	struct buf text = {0};
	struct diag why = {0};
	enum err e = ERR_NOMEM;
	if (joined(&c->probe_protocols, &text))
		e = protocols_parse(buf_cstr(&text), ret, &why);
	buf_fini(&text);
	return named("probe.protocols", e, &why, d);
}

static enum err sources(const struct conf *c, struct diag *d)
{
	struct live_source *s = malloc(sizeof(*s));
	struct diag why = {0};
	enum err e = s ? ERR_OK : ERR_NOMEM;
	for (size_t i = 0; i < c->probe_interfaces.n && !e; i++)
		e = live_source_parse(c->probe_interfaces.v[i], s, &why);
	free(s);
	return named("probe.interfaces", e, &why, d);
}

enum err probe_conf_check(const struct conf *c, struct diag *d)
{
	struct export_target *targets = calloc(EXPORT_TARGETS_MAX, sizeof(*targets));
	struct protocols protocols;
	size_t n;
	enum err e = targets ? ERR_OK : ERR_NOMEM;
	if (!e)
		e = sources(c, d);
	if (!e)
		e = probe_conf_targets(c, targets, &n, d);
	if (!e)
		e = probe_conf_protocols(c, &protocols, d);
	free(targets);
	return e;
}
