/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/harness.h"

#include "decode/option_json.h"
#include "model/record.h"

#include <stdlib.h>
#include <string.h>

static void keep_rows(void *ctx, struct batch *b)
{
	struct harness *h = ctx;
	for (uint32_t i = 0; i < b->n; i++)
		assert_int_equal(batch_copy_row(h->rows, b, i), ERR_OK);
}

static void keep_option(void *ctx, const struct option_record *r)
{
	struct harness *h = ctx;
	option_json(&h->options, r);
	buf_u8(&h->options, '\n');
}

static void keep_name(void *ctx, const struct option_name *n)
{
	static const char *const kinds[NAME_KIND_MAX] = {
	    [NAME_INTERFACE] = "interface",     [NAME_VRF] = "vrf",
	    [NAME_APPLICATION] = "application", [NAME_APP_GROUP] = "app_group",
	    [NAME_SAMPLER] = "sampler",         [NAME_EXPORTER] = "exporter"};
	struct harness *h = ctx;
	assert_true(ip_equal(&n->exporter_ip, &h->src));
	buf_fmt(&h->names, "%s %u %llu %.*s|%.*s %llu\n", kinds[n->kind], n->domain,
		(unsigned long long)n->id, (int)n->text_n, (const char *)n->text, (int)n->text2_n,
		(const char *)n->text2, (unsigned long long)n->number);
}

struct harness *harness_new(const struct decoder_opts *opts)
{
	struct harness *h = calloc(1, sizeof(*h));
	struct decoder_opts o = opts ? *opts : (struct decoder_opts){0};
	assert_non_null(h);
	h->rows = batch_new(SHAPE_WIDE);
	assert_non_null(h->rows);
	assert_int_equal(ip_parse("192.0.2.1", 9, &h->src), ERR_OK);
	h->port = 2055;
	h->t_recv = t_export_ms;
	o.stats = &h->stats;
	o.emit = keep_rows;
	o.option = keep_option;
	o.name = keep_name;
	o.ctx = h;
	assert_int_equal(decoder_new(&o, &h->decoder), ERR_OK);
	return h;
}

void harness_free(struct harness *h)
{
	decoder_free(h->decoder);
	batch_free(h->rows);
	buf_fini(&h->options);
	buf_fini(&h->names);
	free(h);
}

void harness_feed_bytes(struct harness *h, const void *p, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);
	assert_non_null(exact);
	if (n)
		memcpy(exact, p, n);
	const struct datagram dg = {.p = exact,
				    .n = n,
				    .src = h->src,
				    .src_port = h->port,
				    .session = h->session,
				    .t_recv = h->t_recv};
	decoder_feed(h->decoder, &dg);
	decoder_flush(h->decoder);
	free(exact);
}

void harness_feed(struct harness *h, struct buf *b)
{
	assert_false(b->bad);
	harness_feed_bytes(h, b->p, b->n);
	buf_reset(b);
}

const char *harness_json(const struct harness *h, struct buf *out)
{
	static const enum field hidden[] = {F_t_recv, F_exporter_ip, F_observation_domain,
					    F_export_version};
	buf_reset(out);
	for (uint32_t i = 0; i < h->rows->n; i++) {
		for (size_t k = 0; k < ARRAY_LEN(hidden); k++) {
			unsigned bit = field_table[hidden[k]].present_bit;
			h->rows->present[bit / 64][i] &= ~((uint64_t)1 << (bit % 64));
		}
		record_json(out, h->rows, i);
		buf_u8(out, '\n');
	}
	return buf_cstr(out);
}

uint64_t harness_stat(const struct harness *h, enum stat_id which)
{
	return stat_get(&h->stats, which);
}

static void take_info(void *ctx, const struct exporter_info *info)
{
	*(struct exporter_info *)ctx = *info;
}

struct exporter_info harness_exporter(const struct harness *h)
{
	struct exporter_info info = {0};
	decoder_exporters(h->decoder, take_info, &info);
	return info;
}

uint64_t harness_malformed_total(const struct harness *h)
{
	uint64_t n = 0;
	for (int i = 0; i < MALFORMED_N; i++)
		n += h->stats.v[MALFORMED_FIRST + i];
	return n;
}
