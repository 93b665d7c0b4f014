/* SPDX-License-Identifier: Apache-2.0 */
/* decode(build(x)) == x: templates and records drawn at random, numbers and addresses of every
 * length in any order, some of variable length; what comes out is what went in, row by row. */
#include "decode/harness.h"

#include <string.h>

enum { ROUNDS = 400, PICKED_MAX = 24, RECORDS_MAX = 200 };

/* One element per field, so that no two compete. bits: of the field. */
static const struct known {
	uint16_t id;
	enum field field;
	uint8_t bits; /* 32 and 128 with ip: an address */
	bool ip;
} known[] = {
    {8, F_src_ip, 32, true},
    {28, F_dst_ip, 128, true},
    {7, F_src_port, 16, false},
    {11, F_dst_port, 16, false},
    {4, F_proto, 8, false},
    {6, F_tcp_flags, 16, false},
    {5, F_tos, 8, false},
    {1, F_bytes, 64, false},
    {2, F_packets, 64, false},
    {10, F_in_if, 32, false},
    {14, F_out_if, 32, false},
    {16, F_src_as, 32, false},
    {17, F_dst_as, 32, false},
    {9, F_src_mask, 8, false},
    {62, F_next_hop, 128, true},
    {58, F_vlan, 16, false},
    {61, F_direction, 8, false},
    {136, F_end_reason, 8, false},
    {3, F_flows, 32, false},
    {128, F_next_as, 32, false},
    {138, F_observation_point, 64, false},
    {232, F_rev_bytes, 64, false},
    {299, F_rev_packets, 64, false},
    {256, F_ethertype, 16, false},
};

static uint64_t next_random(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s * 0x2545f4914f6cdd1du;
}

struct picked {
	const struct known *k;
	struct wire_element e;
};

struct round {
	uint64_t seed;
	uint16_t version, n, records;
	struct picked picked[PICKED_MAX];
	uint64_t values[RECORDS_MAX][PICKED_MAX];
	struct ip ips[RECORDS_MAX][PICKED_MAX];
};

static void draw_template(struct round *r)
{
	bool used[ARRAY_LEN(known)] = {false};
	r->n = (uint16_t)(1 + next_random(&r->seed) % PICKED_MAX);
	for (uint16_t i = 0; i < r->n; i++) {
		size_t k = next_random(&r->seed) % ARRAY_LEN(known);
		while (used[k])
			k = (k + 1) % ARRAY_LEN(known);
		used[k] = true;
		r->picked[i].k = &known[k];
		uint16_t len = (uint16_t)(1 + next_random(&r->seed) % 8);
		if (known[k].ip)
			len = known[k].bits / 8;
		else if (r->version == 10 && next_random(&r->seed) % 16 == 0)
			len = WIRE_VARIABLE;
		r->picked[i].e = (struct wire_element){known[k].id, len, 0};
	}
	r->records = (uint16_t)(1 + next_random(&r->seed) % RECORDS_MAX);
}

static void put_value(struct wire *w, struct round *r, uint16_t row, uint16_t i)
{
	const struct picked *p = &r->picked[i];
	uint8_t bytes[16];
	size_t len = p->e.len == WIRE_VARIABLE ? 1 + next_random(&r->seed) % 8 : p->e.len;
	for (size_t k = 0; k < sizeof(bytes); k++)
		bytes[k] = (uint8_t)next_random(&r->seed);
	if (p->k->ip && len == 4)
		r->ips[row][i] = ip_from_v4(bytes);
	else if (p->k->ip)
		memcpy(r->ips[row][i].b, bytes, 16);
	uint64_t v = 0;
	for (size_t k = 0; k < len && k < 8; k++)
		v = v << 8 | bytes[k];
	uint64_t most = p->k->bits >= 64 ? UINT64_MAX : ((uint64_t)1 << p->k->bits) - 1;
	r->values[row][i] = v > most ? most : v;
	if (p->e.len == WIRE_VARIABLE)
		wire_varlen(w, bytes, len, false);
	else
		wire_bytes(w, bytes, len);
}

static void build(struct buf *b, struct round *r)
{
	const struct wire_header hd = {.version = r->version, .uptime_ms = 3600000};
	struct wire_element e[PICKED_MAX];
	for (uint16_t i = 0; i < r->n; i++)
		e[i] = r->picked[i].e;
	struct wire w = wire_begin(b, &hd);
	w.count = (uint16_t)(1 + r->records);
	wire_template(&w, 999, e, r->n);
	wire_set_begin(&w, 999);
	for (uint16_t row = 0; row < r->records; row++)
		for (uint16_t i = 0; i < r->n; i++)
			put_value(&w, r, row, i);
	wire_set_end(&w, false);
	wire_end(&w);
}

static void compare(const struct harness *h, const struct round *r)
{
	assert_int_equal(h->rows->n, r->records);
	for (uint16_t row = 0; row < r->records; row++)
		for (uint16_t i = 0; i < r->n; i++) {
			enum field f = r->picked[i].k->field;
			assert_true(batch_present(h->rows, f, row));
			if (r->picked[i].k->ip)
				assert_true(ip_equal(&batch_ip(h->rows, f)[row], &r->ips[row][i]));
			else if (batch_get_num(h->rows, f, row) != r->values[row][i])
				fail_msg("%s in row %u", field_table[f].name, row);
		}
}

static void what_goes_in_comes_out(void **state)
{
	(void)state;
	static struct round r;
	struct buf b = {0};
	uint64_t seed = 20260101;
	for (int i = 0; i < ROUNDS; i++) {
		struct harness *h = harness_new(NULL);
		r.seed = next_random(&seed) | 1;
		r.version = i % 2 ? 9 : 10;
		draw_template(&r);
		build(&b, &r);
		harness_feed(h, &b);
		assert_int_equal(harness_malformed_total(h), 0);
		compare(h, &r);
		harness_free(h);
	}
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(what_goes_in_comes_out)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
