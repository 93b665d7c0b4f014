/* SPDX-License-Identifier: Apache-2.0 */
/* Data connections of FTP: known because a control connection announced them, or by
 * the port that servers open them from. */
#include "proto/dissector.h"

static enum dissect see(struct dissect_ctx *c, struct rd *r)
{
	(void)c;
	(void)r;
	return DISSECT_DONE;
}

const struct dissector dissector_ftp_data = {
    .name = "ftp-data",
    .title = "data connection of FTP",
    .over = OVER_TCP,
    .ports_only = true,
    .ports = {20},
    .see = see,
};
