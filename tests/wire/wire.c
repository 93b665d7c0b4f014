/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/wire.h"

#include <arpa/inet.h>
#include <stdlib.h>

static void patch_be16(struct buf *b, size_t at, uint16_t v)
{
	b->p[at] = (uint8_t)(v >> 8);
	b->p[at + 1] = (uint8_t)v;
}

struct wire wire_begin(struct buf *b, const struct wire_header *h)
{
	struct wire w = {.b = b, .start = b->n, .version = h->version};
	uint32_t export_s = h->export_s ? h->export_s : WIRE_EXPORT_S;
	buf_be16(b, h->version);
	buf_be16(b, 0); /* count or length */
	if (h->version != 10)
		buf_be32(b, h->uptime_ms);
	buf_be32(b, export_s);
	if (h->version < 9)
		buf_be32(b, h->export_ns);
	if (h->version != 1)
		buf_be32(b, h->sequence);
	if (h->version >= 9) {
		buf_be32(b, h->domain);
	} else if (h->version == 5) {
		buf_be16(b, (uint16_t)h->domain);
		buf_be16(b, h->sampling);
	} else if (h->version == 7) {
		buf_be32(b, 0);
	}
	return w;
}

void wire_end(struct wire *w)
{
	patch_be16(w->b, w->start + 2,
		   w->version == 10 ? (uint16_t)(w->b->n - w->start) : w->count);
}

void wire_set_begin(struct wire *w, uint16_t id)
{
	w->set = w->b->n;
	buf_be16(w->b, id);
	buf_be16(w->b, 0);
}

void wire_set_end(struct wire *w, bool pad)
{
	while (pad && (w->b->n - w->set) % 4)
		buf_u8(w->b, 0);
	patch_be16(w->b, w->set + 2, (uint16_t)(w->b->n - w->set));
}

static void elements(struct wire *w, const struct wire_element *e, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		buf_be16(w->b, (uint16_t)(e[i].id | (e[i].pen ? 0x8000 : 0)));
		buf_be16(w->b, e[i].len);
		if (e[i].pen)
			buf_be32(w->b, e[i].pen);
	}
}

void wire_template_record(struct wire *w, uint16_t id, const struct wire_element *e, uint16_t n)
{
	buf_be16(w->b, id);
	buf_be16(w->b, n);
	elements(w, e, n);
}

void wire_template(struct wire *w, uint16_t id, const struct wire_element *e, uint16_t n)
{
	wire_set_begin(w, w->version == 9 ? 0 : 2);
	wire_template_record(w, id, e, n);
	wire_set_end(w, true);
}

void wire_options_template(struct wire *w, uint16_t id, const struct wire_element *e, uint16_t n,
			   uint16_t n_scope)
{
	wire_set_begin(w, w->version == 9 ? 1 : 3);
	buf_be16(w->b, id);
	if (w->version == 9) {
		buf_be16(w->b, (uint16_t)(n_scope * 4));
		buf_be16(w->b, (uint16_t)((n - n_scope) * 4));
	} else {
		buf_be16(w->b, n);
		buf_be16(w->b, n_scope);
	}
	elements(w, e, n);
	wire_set_end(w, true);
}

void wire_withdrawal(struct wire *w, uint16_t id, bool options)
{
	wire_set_begin(w, options ? 3 : 2);
	buf_be16(w->b, id);
	buf_be16(w->b, 0);
	wire_set_end(w, false);
}

void wire_uint(struct wire *w, uint64_t v, size_t n)
{
	while (n-- > 0)
		buf_u8(w->b, (uint8_t)(v >> (8 * n)));
}

void wire_bytes(struct wire *w, const void *p, size_t n)
{
	buf_put(w->b, p, n);
}

void wire_ip4(struct wire *w, const char *text)
{
	uint8_t four[4];
	if (inet_pton(AF_INET, text, four) != 1)
		abort();
	buf_put(w->b, four, sizeof(four));
}

void wire_ip6(struct wire *w, const char *text)
{
	uint8_t sixteen[16];
	if (inet_pton(AF_INET6, text, sixteen) != 1)
		abort();
	buf_put(w->b, sixteen, sizeof(sixteen));
}

void wire_varlen(struct wire *w, const void *p, size_t n, bool wide)
{
	if (wide || n >= 255) {
		buf_u8(w->b, 255);
		buf_be16(w->b, (uint16_t)n);
	} else {
		buf_u8(w->b, (uint8_t)n);
	}
	buf_put(w->b, p, n);
}

void wire_fixed_record(struct wire *w, const struct wire_fixed *r)
{
	struct buf *b = w->b;
	wire_ip4(w, r->src);
	wire_ip4(w, r->dst);
	wire_ip4(w, r->next_hop ? r->next_hop : "0.0.0.0");
	buf_be16(b, r->in_if);
	buf_be16(b, r->out_if);
	buf_be32(b, r->packets);
	buf_be32(b, r->bytes);
	buf_be32(b, r->first_ms);
	buf_be32(b, r->last_ms);
	buf_be16(b, r->src_port);
	buf_be16(b, r->dst_port);
	if (w->version == 1) {
		buf_be16(b, 0);
		buf_u8(b, r->proto);
		buf_u8(b, r->tos);
		buf_u8(b, r->tcp_flags);
		wire_uint(w, 0, 7);
		return;
	}
	buf_u8(b, 0);
	buf_u8(b, r->tcp_flags);
	buf_u8(b, r->proto);
	buf_u8(b, r->tos);
	buf_be16(b, r->src_as);
	buf_be16(b, r->dst_as);
	buf_u8(b, r->src_mask);
	buf_u8(b, r->dst_mask);
	buf_be16(b, 0);
	if (w->version == 7)
		wire_ip4(w, "192.0.2.77"); /* the bypassed router */
}
