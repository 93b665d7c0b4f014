/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/control_client.h"

#include "cmd/control.h"
#include "net/http_client.h"

#include <stdio.h>
#include <unistd.h>

static bool keep(void *arg, int status, const uint8_t *p, size_t n)
{
	struct buf *out = arg;
	(void)status;
	if (out)
		buf_put(out, p, n);
	return !out || (!out->bad && out->n <= CONTROL_ANSWER_MAX);
}

enum err control_call(const char *dir, const char *role, const char *method, const char *path,
		      struct buf *out, int *ret_status, struct diag *reterr)
{
	return control_call_within(CONTROL_TIMEOUT_MS, dir, role, method, path, out, ret_status,
				   reterr);
}

enum err control_call_within(uint32_t timeout_ms, const char *dir, const char *role,
			     const char *method, const char *path, struct buf *out, int *ret_status,
			     struct diag *reterr)
{
	char socket[CONTROL_PATH_MAX], url[256];
	struct http_client *client;
	enum err e = control_path(dir, role, socket);
	if (!e && access(socket, F_OK) != 0)
		e = ERR_NOT_FOUND;
	if (!e)
		e = http_client_new(&client);
	if (e)
		return diag_set(reterr, e, 0, 0, "%s: %s", role, err_text(e));
	snprintf(url, sizeof(url), "http://weir%s", path);
	e = http_client_do(client,
			   &(struct http_call){.method = method,
					       .url = url,
					       .unix_path = socket,
					       .connect_ms = CONTROL_TIMEOUT_MS,
					       .total_ms = timeout_ms,
					       .on_body = keep,
					       .arg = out},
			   ret_status, reterr);
	http_client_free(client);
	return e;
}
