/* SPDX-License-Identifier: Apache-2.0 */
/* ESP (RFC 4303) and AH (RFC 4302): all that can be read is which security association it is. */
#include "proto/dissector.h"

enum { SPI_RESERVED = 255 };

static enum dissect note(struct dissect_ctx *c, uint32_t spi, bool whole)
{
	if (!whole || spi <= SPI_RESERVED)
		return DISSECT_NOT_MINE;
	notes_num_once(c->notes, dissect_field(c, F_ipsec_spi), spi);
	return notes_has(c->notes, F_ipsec_spi) && notes_has(c->notes, F_rev_ipsec_spi)
		   ? DISSECT_DONE
		   : DISSECT_MINE;
}

static enum dissect esp_see(struct dissect_ctx *c, struct rd *payload)
{
	uint32_t spi = rd_be32(payload);
	rd_skip(payload, 4);
	return note(c, spi, !payload->bad);
}

const struct dissector dissector_esp = {
    .name = "esp",
    .title = "IPsec Encapsulating Security Payload",
    .over = OVER_IP,
    .ports_only = true,
    .ports = {PROTO_ESP},
    .see = esp_see,
};

static enum dissect ah_see(struct dissect_ctx *c, struct rd *payload)
{
	rd_skip(payload, 4);
	uint32_t spi = rd_be32(payload);
	return note(c, spi, !payload->bad);
}

const struct dissector dissector_ah = {
    .name = "ah",
    .title = "IPsec Authentication Header",
    .over = OVER_IP,
    .ports_only = true,
    .ports = {PROTO_AUTH},
    .see = ah_see,
};
