/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/store_conf.h"

#include "conf/conf.h"

#include <stdio.h>

enum err store_place_fill(const struct conf *c, enum store_account account, struct store_place *p,
			  struct store_conf *ret, struct diag *reterr)
{
	*p = (struct store_place){0};
	bool remote = *c->store_url != 0, writer = account == STORE_WRITER;
	int n = remote ? snprintf(p->url, sizeof(p->url), "%s", c->store_url)
		       : snprintf(p->url, sizeof(p->url), "unix:%s/run/store-query.sock", c->dir);
	if (n < 0 || (size_t)n >= sizeof(p->url))
		return diag_set(reterr, ERR_LIMIT, 0, 0, "the address of the store is too long");
	*ret = (struct store_conf){.url = p->url};
	/* The embedded store has two accounts of its own; without a password the reader's needs no
	 * name. */
	const char *file = writer ? c->store_writer_password_file : c->store_reader_password_file;
	const char *user = writer ? "writer" : *file ? "default" : "";
	if (remote) {
		ret->cluster = *c->store_cluster ? c->store_cluster : NULL;
		file = c->store_password_file;
		user = c->store_user;
	}
	ret->user = *user ? user : NULL;
	if (!*file)
		return ERR_OK;
	enum err e = conf_read_secret(file, &p->password);
	if (e)
		return diag_set(reterr, e, 0, 0, "%s: %s", file, err_text(e));
	ret->password = buf_cstr(&p->password);
	return ERR_OK;
}

void store_place_fini(struct store_place *p)
{
	buf_fini(&p->password);
}
