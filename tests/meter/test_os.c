/* SPDX-License-Identifier: Apache-2.0 */
/* First segments as these systems send them by default, and fields of flows made of them. */
#include "meter/os.h"

#include "meter/feed.h"
#include "noted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SYN = 2, SYN_ACK = 0x12, DF = 0x40 };

struct segment {
	const char *name, *version; /* NULL: not known */
	uint8_t flags, ttl, ip_flags;
	uint16_t window;
	uint8_t n;
	const char *options;
};
/* clang-format off */
#define TIMES "\x08\x0a\1\2\3\4\0\0\0\0"
#define OPTIONS(text) sizeof(text) - 1, text
static const struct segment segments[] = {
	{"Linux", "4.20 or later", SYN, 64, DF, 64240, OPTIONS("\2\4\x05\xb4\4\2" TIMES "\1\3\3\7")},
	{"Linux", "4.20 or later", SYN, 49, DF, 64400, OPTIONS("\2\4\x05\x78\4\2" TIMES "\1\3\3\7")},
	{"Linux", "3.11-4.19", SYN, 64, DF, 29200, OPTIONS("\2\4\x05\xb4\4\2" TIMES "\1\3\3\7")},
	{"Linux", "2.6.39-3.10", SYN, 61, DF, 14600, OPTIONS("\2\4\x05\xb4\4\2" TIMES "\1\3\3\6")},
	{"Linux", "2.6", SYN, 64, DF, 5840, OPTIONS("\2\4\x05\xb4\4\2" TIMES "\1\3\3\5")},
	{"Linux", "4.20 or later", SYN_ACK, 64, DF, 65160, OPTIONS("\2\4\x05\xb4\4\2" TIMES "\1\3\3\7")},
	{"Linux", "3.11-4.19", SYN_ACK, 52, DF, 28960, OPTIONS("\2\4\x05\xb4\4\2" TIMES "\1\3\3\7")},
	{"Linux", "3.11-4.19", SYN_ACK, 52, DF, 29200, OPTIONS("\2\4\x05\xb4\1\1\4\2\1\3\3\7")},
	{"Android", "", SYN, 64, DF, 65535, OPTIONS("\2\4\x05\xb4\4\2" TIMES "\1\3\3\x09")},
	{"Windows", "10 or later", SYN, 128, DF, 64240, OPTIONS("\2\4\x05\xb4\1\3\3\x08\1\1\4\2")},
	{"Windows", "7-8.1", SYN, 117, DF, 8192, OPTIONS("\2\4\x05\xb4\1\3\3\x08\1\1\4\2")},
	{"Windows", "7-8.1", SYN_ACK, 128, DF, 8192, OPTIONS("\2\4\x05\xb4\1\3\3\x08\4\2" TIMES)},
	{"Windows", "XP", SYN, 128, DF, 65535, OPTIONS("\2\4\x05\xb4\1\1\4\2")},
	{"macOS or iOS", "", SYN, 64, DF, 65535, OPTIONS("\2\4\x05\xb4\1\3\3\6\1\1" TIMES "\4\2\0\0")},
	{"FreeBSD", "9 or later", SYN, 64, DF, 65535, OPTIONS("\2\4\x05\xb4\1\3\3\6\4\2" TIMES)},
	{"OpenBSD", "", SYN, 64, DF, 16384, OPTIONS("\2\4\x05\xb4\1\1\4\2\1\3\3\6\1\1" TIMES)},
	{"Solaris", "10", SYN, 64, DF, 49640, OPTIONS("\2\4\x05\xb4\1\3\3\0\1\1\4\2")},
	{"Cisco IOS", "", SYN, 255, 0, 4128, OPTIONS("\2\4\2\x18")},
	/* a scanner; Linux' options from 128; without do-not-fragment; no options at all */
	{NULL, NULL, SYN, 50, 0, 1024, OPTIONS("\2\4\x05\xb4")},
	{NULL, NULL, SYN, 128, DF, 64240, OPTIONS("\2\4\x05\xb4\4\2" TIMES "\1\3\3\7")},
	{NULL, NULL, SYN, 64, 0, 64240, OPTIONS("\2\4\x05\xb4\4\2" TIMES "\1\3\3\7")},
	{NULL, NULL, SYN, 64, DF, 65535, OPTIONS("")},
};
/* clang-format on */

static uint8_t number_of(const struct segment *s, size_t n)
{
	uint8_t *exact = malloc(n + 1);
	memcpy(exact, s->options, n);
	const struct peel p = {.options = exact,
			       .options_n = (uint8_t)n,
			       .tcp_flags = s->flags,
			       .ttl = s->ttl,
			       .ip_flags = s->ip_flags,
			       .window = s->window,
			       .version = 4};
	uint8_t number = os_of_segment(&p);
	free(exact);
	return number;
}

static void known(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
		const struct segment *s = &segments[i];
		uint8_t number = number_of(s, s->n);
		if (!s->name) {
			assert_int_equal(number, 0);
			continue;
		}
		if (!number)
			fail_msg("row %zu, %s %s, is not known", i, s->name, s->version);
		assert_string_equal(os_name(number), s->name);
		assert_string_equal(os_version(number), s->version);
		for (size_t n = 0; n < s->n; n++)
			(void)number_of(s, n);
	}
}

/* Options that lie about their length. */
static void broken(void **state)
{
	(void)state;
	const struct segment lies[] = {
	    {.flags = SYN, .ttl = 64, .options = "\2", .n = 1},
	    {.flags = SYN, .ttl = 64, .options = "\2\0\2\1\2\377", .n = 6},
	    {.flags = SYN,
	     .ttl = 64,
	     .options = "\3\2\3\2\x08\2\4\2\4\2\4\2\4\2\4\2\4\2\4\2\4\2\4\2\4\2\4\2",
	     .n = 28},
	};
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		assert_int_equal(number_of(&lies[i], lies[i].n), 0);
}

static void send(struct feed *f, int64_t ms, bool reply, const struct segment *s)
{
	struct buf b = {0};
	const struct wire_ip ip = {.src = reply ? "192.0.2.2" : "192.0.2.1",
				   .dst = reply ? "192.0.2.1" : "192.0.2.2",
				   .proto = 6};
	wire_ethernet(&b, 0x0800);
	size_t at = b.n;
	wire_ip_header(&b, &ip, 20u + s->n);
	b.p[at + 6] = s->ip_flags;
	b.p[at + 8] = s->ttl;
	buf_be16(&b, reply ? 80 : 40000);
	buf_be16(&b, reply ? 40000 : 80);
	buf_be32(&b, 100);
	buf_be32(&b, 0);
	buf_be16(&b, (uint16_t)((20u + s->n) / 4 << 12 | s->flags));
	buf_be16(&b, s->window);
	buf_be32(&b, 0);
	for (size_t i = 0; i < s->n; i++)
		buf_u8(&b, (uint8_t)s->options[i]);
	feed_frame(f, ms, &b);
	buf_fini(&b);
}

static void has_text(const struct feed *f, enum field field, const char *want)
{
	assert_true(feed_has(f, field, 0));
	struct span s = batch_span(f->records, field)[0];
	assert_int_equal(s.len, strlen(want));
	assert_memory_equal(batch_bytes(f->records, s), want, s.len);
	noted_checked(field_table[field].name);
}

/* A Windows client of a Linux server. */
static void of_flows(void **state)
{
	(void)state;
	for (unsigned on = 0; on < 2; on++) {
		struct feed f;
		feed_begin(&f, &(const struct meter_opts){.os = on});
		send(&f, 0, false, &segments[9]);
		send(&f, 1, true, &segments[7]);
		feed_flush(&f);
		assert_int_equal(f.n, 1);
		assert_int_equal(feed_has(&f, F_os_name, 0), on);
		if (on) {
			has_text(&f, F_os_name, "Windows");
			has_text(&f, F_os_version, "10 or later");
			has_text(&f, F_rev_os_name, "Linux");
			has_text(&f, F_rev_os_version, "3.11-4.19");
		}
		feed_end(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(known),
	    cmocka_unit_test(broken),
	    cmocka_unit_test(of_flows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
