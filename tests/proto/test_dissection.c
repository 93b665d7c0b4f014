/* SPDX-License-Identifier: Apache-2.0 */
#include "cases.h"
#include "proto/dissection.h"

/* Every row says who it is, and what it is asked for. */
static void rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < dissectors_n; i++) {
		const struct dissector *x = dissectors[i];
		assert_non_null(x->see);
		assert_true(x->name && x->name[0]);
		assert_true(x->title && x->title[0]);
		assert_true(x->over > 0 && x->over < 16);
		assert_true(x->state_size <= DISSECT_STATE_MAX);
		assert_true(!x->ports_only || x->ports[0]);
		for (size_t j = 0; j < i; j++)
			assert_ptr_not_equal(dissectors[j], x);
	}
}

/* Bytes that are no protocol have no name. */
static void nobody(void **state)
{
	(void)state;
	static const uint8_t noise[] = {0xf3, 0x17, 0x99, 0xc4, 0x5e, 0xb2, 0x01, 0xdd,
					0x77, 0xe8, 0x90, 0x3b, 0xaf, 0x62, 0xd5, 0x0c};
	const struct message m[] = {{FROM_CLIENT, noise, sizeof(noise), 0},
				    {FROM_SERVER, noise, sizeof(noise), 0}};
	for (int proto = 6; proto <= 17; proto += 11) {
		const struct conversation c = {.proto = (uint8_t)proto,
					       .client_port = 50001,
					       .server_port = 50002,
					       .m = m,
					       .n = 2};
		EXPECT(&c, {"app_name", NULL});
		torture(&c);
	}
}

static bool is_first(const struct dissector *x, unsigned byte)
{
	for (unsigned i = 0; i + 1 < x->first_n; i += 2)
		if (byte >= (uint8_t)x->first[i] && byte <= (uint8_t)x->first[i + 1])
			return true;
	return x->first_n == 0;
}

/* Bodies behind a first byte: those that many protocols take for lengths, versions, text. */
static void fill(uint8_t *p, size_t n, unsigned kind)
{
	static const char *const texts[] = {"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
					    "20 SMTP IMAP4 POP3 ready\r\n", "EHLO a\r\n",
					    "SH-2.0-x\r\n", "FB 003.008\n"};
	uint32_t random = 12345 + kind;
	size_t text_n = kind >= 8 ? strlen(texts[(kind - 8) % ARRAY_LEN(texts)]) : 0;
	for (size_t i = 0; i < n; i++) {
		random = random * 1664525u + 1013904223u;
		unsigned noise = random >> 24 & (0xffu >> (kind - 3) % 8);
		unsigned letter = i < text_n ? (uint8_t)texts[(kind - 8) % ARRAY_LEN(texts)][i] : 0;
		p[i] = (uint8_t)(kind < 3 ? kind : kind < 8 ? noise : letter);
	}
}

/* Whoever names first bytes says no, or waits, whatever follows another one; on his ports as well
 * as elsewhere. */
static void first_bytes(void **state)
{
	(void)state;
	enum { KINDS = 13, SIZES = 5 };
	static const size_t sizes[SIZES] = {1, 4, 48, 300, 1400};
	static uint8_t bytes[1400], memory[DISSECT_STATE_MAX];
	struct dissection *d;
	struct pool pool;
	pool_init(&pool, 1 << 20);
	assert_int_equal(dissection_new(1 << 20, NULL, &d), ERR_OK);
	for (size_t i = 0; i < dissectors_n * 256 * KINDS * SIZES; i++) {
		const struct dissector *x = dissectors[i / (256 * KINDS * SIZES)];
		unsigned byte = (unsigned)(i / (KINDS * SIZES) % 256),
			 kind = (unsigned)(i / SIZES % KINDS);
		if (is_first(x, byte))
			continue;
		struct talk_ends ends = {.src_port = 50000,
					 .dst_port = i & 1 ? x->ports[0] : 50001,
					 .proto = x->over & OVER_TCP ? 6 : 17,
					 .ip_version = 4};
		struct notes notes = notes_of(&pool);
		struct dissect_ctx c = {
		    .notes = &notes, .state = memory, .ends = &ends, .dissection = d};
		fill(bytes, sizeof(bytes), kind);
		bytes[0] = (uint8_t)byte;
		memset(memory, 0, sizeof(memory));
		struct rd r = rd_of(bytes, sizes[i % SIZES]);
		enum dissect got = x->see(&c, &r);
		if (got != DISSECT_NOT_MINE && got != DISSECT_MORE)
			fail_msg("%s takes 0x%02x", x->name, byte);
		notes_clear(&notes);
	}
	dissection_free(d);
	pool_fini(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows),
	    cmocka_unit_test(nobody),
	    cmocka_unit_test(first_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
