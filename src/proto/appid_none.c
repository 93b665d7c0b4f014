/* SPDX-License-Identifier: Apache-2.0 */
/* proto/appid.h where libndpi was not there to build with. */
#include "proto/appid.h"

#include "base/attr.h"

enum err appid_new(const struct appid_opts *o unused_arg, struct appid **ret)
{
	*ret = NULL;
	return ERR_UNSUPPORTED;
}

void appid_free(struct appid *a unused_arg) {}

unsigned appid_packets(const struct appid *a unused_arg)
{
	return 0;
}

struct appid_flow *appid_begin(struct appid *a unused_arg)
{
	return NULL;
}

void appid_end(struct appid *a unused_arg, struct appid_flow *f unused_arg) {}

uint16_t appid_see(struct appid *a unused_arg, struct appid_flow *f unused_arg,
		   struct rd ip_packet unused_arg, uint64_t t_ns unused_arg)
{
	return 0;
}

const char *appid_name(uint16_t number unused_arg)
{
	return NULL;
}
