/* SPDX-License-Identifier: Apache-2.0 */
/* The collector takes a new configuration: everything that can fail first, then nothing can. */
#include "cmd/collect.h"

#include "base/log.h"
#include "conf/conf.h"
#include "input/forward.h"
#include "store/loader.h"

/* At a reload a bad certificate and a destination that does not work are errors: somebody is there
 * to read them. */
static enum err make_rules(struct collect *c, const struct conf *next,
			   struct collect_sockets *newer, struct collect_rules **ret,
			   struct diag *reterr)
{
	char why[FORWARD_ERROR_MAX];
	struct collect_rules *now = collect_rules_get(c), *r = NULL;
	enum err e = collect_rules_new(next, now, newer ? newer : now->sockets, &r, reterr);
	if (!e && *r->tls_error)
		e = diag_set(reterr, ERR_CONFIG, 0, 0, "%s", r->tls_error);
	else if (!e && *forward_error(r->forward, why))
		e = diag_set(reterr, ERR_CONFIG, 0, 0, "collect.forward: %s", why);
	collect_rules_put(&now);
	if (e)
		collect_rules_put(&r);
	else
		*ret = r;
	return e;
}

static enum err take(struct collect *c, struct buf *out, struct diag *reterr)
{
	const struct conf *next;
	struct collect_rules *rules;
	struct collect_sockets *newer;
	enum err e = reload_read(&c->reload, &next, reterr);
	if (e)
		return e;
	e = collect_sockets_newer(c, &newer);
	if (!e)
		e = make_rules(c, next, newer, &rules, reterr);
	c->reload.sockets_taken = newer != NULL;
	collect_sockets_put(&newer);
	if (e) {
		conf_put(&next);
		return e;
	}
	reload_report(&c->reload, next, out);
	collect_rules_publish(c, rules);
	loader_set_limits(c->loader, next->store_retention_flows, next->store_retention_rollups,
			  next->store_max_size, next->store_min_free);
	collect_enrich_wake(c);
	reload_done(&c->reload, next, out);
	return ERR_OK;
}

enum err collect_reload(void *collect, struct buf *out, struct diag *reterr)
{
	struct collect *c = collect;
	pthread_mutex_lock(&c->reload.lock);
	enum err e = take(c, out, reterr);
	pthread_mutex_unlock(&c->reload.lock);
	return e;
}
