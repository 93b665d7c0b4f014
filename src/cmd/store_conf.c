/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/store_conf.h"

#include "conf/conf.h"

#include <stdio.h>

enum err store_place_fill(const struct conf *c, struct store_place *p, struct store_conf *ret,
			  struct diag *reterr)
{
	*p = (struct store_place){0};
	bool remote = *c->store_url != 0;
	int n = remote ? snprintf(p->url, sizeof(p->url), "%s", c->store_url)
		       : snprintf(p->url, sizeof(p->url), "unix:%s/run/store-query.sock", c->dir);
	if (n < 0 || (size_t)n >= sizeof(p->url))
		return diag_set(reterr, ERR_LIMIT, 0, 0, "the address of the store is too long");
	*ret = (struct store_conf){.url = p->url};
	if (!remote)
		return ERR_OK;
	ret->cluster = *c->store_cluster ? c->store_cluster : NULL;
	ret->user = *c->store_user ? c->store_user : NULL;
	if (*c->store_password_file) {
		enum err e = conf_read_secret(c->store_password_file, &p->password);
		if (e)
			return diag_set(reterr, e, 0, 0, "%s: %s", c->store_password_file,
					err_text(e));
		ret->password = buf_cstr(&p->password);
	}
	return ERR_OK;
}

void store_place_fini(struct store_place *p)
{
	buf_fini(&p->password);
}
