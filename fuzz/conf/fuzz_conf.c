/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration file of any bytes: it is refused with a report, or it is read and prints as text
 * that is read. */
#include "conf/conf.h"
#include "conf/key.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_report report;
	const struct conf *c = NULL, *again = NULL;
	struct buf text = {0};
	if (conf_parse((const char *)data, size, NULL, &report, &c)) {
		conf_report_print(&report, "f", &text);
		buf_fini(&text);
		return 0;
	}
	for (size_t i = 0; i < CONF_KEY_MAX; i++) {
		buf_fmt(&text, "%s: ", conf_keys[i].path);
		conf_key_print(c, &conf_keys[i], &text);
		buf_u8(&text, '\n');
	}
	if (conf_parse(buf_cstr(&text), text.n, NULL, &report, &again))
		abort();
	conf_put(&again);
	conf_put(&c);
	buf_fini(&text);
	return 0;
}
