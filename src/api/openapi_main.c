/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the OpenAPI description, for docs/openapi.json. */
#include "api/api.h"

#include <stdio.h>

int main(void)
{
	struct buf b = {0};
	api_openapi(&b);
	bool ok = !b.bad && fwrite(b.p, 1, b.n, stdout) == b.n;
	buf_fini(&b);
	return ok ? 0 : 1;
}
