/* SPDX-License-Identifier: Apache-2.0 */
/* Names that libndpi gives: to flows that no dissector of ours knows, to those alone, within its
 * limits, and without leaving anything behind. */
#include "proto/appid.h"

#include "meter/feed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { TCP = 6, UDP = 17, PORT = 50000 };

/* What both sides say, in turns, the client first. */
struct text {
	const char *p;
	size_t n;
};
/* clang-format off */
#define TEXT(t) {t, sizeof(t) - 1}
/* clang-format on */
struct said {
	const char *name;
	uint16_t number; /* nDPI's */
	uint8_t proto;
	uint16_t port;
	struct text side[2];
};

struct run {
	struct feed f;
	struct appid *a;
};

static void begin(struct run *r, const struct appid_opts *o)
{
	struct appid_opts names = *o;
	memset(r, 0, sizeof(*r));
	names.stats = &r->f.stats;
	assert_int_equal(appid_new(&names, &r->a), ERR_OK);
	feed_begin(&r->f, &(const struct meter_opts){.dissect = true, .appid = r->a});
}

static void end(struct run *r)
{
	feed_end(&r->f);
	appid_free(r->a);
}

/* A packet of flow number k. */
static void say(struct run *r, const struct said *s, unsigned k, int side, int64_t ms, uint32_t seq)
{
	const struct feed_packet p = {.ms = ms,
				      .proto = s->proto,
				      .src_port = side ? s->port : (uint16_t)(PORT + k),
				      .dst_port = side ? (uint16_t)(PORT + k) : s->port,
				      .seq = seq,
				      .payload = (uint16_t)s->side[side].n,
				      .reply = side,
				      .bytes = s->side[side].p};
	feed_packet(&r->f, &p);
}

static void talk(struct run *r, const struct said *s, unsigned k, unsigned turns)
{
	uint32_t seq[2] = {1, 1};
	for (unsigned i = 0; i < turns; i++)
		for (int side = 0; side < 2; side++) {
			if (s->side[side].n)
				say(r, s, k, side, 2 * i + (unsigned)side, seq[side]);
			seq[side] += (uint32_t)s->side[side].n;
		}
}

static void assert_name(const struct feed *f, size_t i, const char *name)
{
	if (!feed_has(f, F_app_name, i)) {
		assert_string_equal("", name);
		return;
	}
	struct span s = batch_span(f->records, F_app_name)[i];
	assert_int_equal(s.len, strlen(name));
	assert_memory_equal(batch_bytes(f->records, s), name, s.len);
}

/* Written by hand after the protocols' own documents. clang-format off: a row a protocol */
/* clang-format off */
#define SIXTEEN_ONES "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
#define SIXTEEN_ZEROS "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
static const struct said known[] = {
	{"git", 226, TCP, 9418, {TEXT("003bgit-upload-pack /weir.git\0host=git.example.net\0\0version=2")}},
	{"netflow", 128, UDP, 2055, {TEXT("\0\5\0\1\0\0\3\xe8\x65\x53\xf1\0\0\0\0\0\0\0\0\1\0\0\0\0" SIXTEEN_ZEROS SIXTEEN_ZEROS SIXTEEN_ZEROS)}},
	{"whois-das", 170, TCP, 43, {TEXT("example.com\r\n"), TEXT("Domain Name: EXAMPLE.COM\r\n")}},
	{"bgp", 13, TCP, 179, {TEXT(SIXTEEN_ONES "\0\x1d\1\4\xfd\xe8\0\xb4\xc0\0\2\1\0")}},
	{"socks", 172, TCP, 1080, {TEXT("\5\1\0"), TEXT("\5\0")}},
	{"teamviewer", 148, TCP, 5938, {TEXT("\x17\x24\x0a\x20\0\0\0\0\1\1\1\1\1\1\1\1\1\1\1\1")}},
	{"zabbix", 248, TCP, 10051, {TEXT("ZBXD\1\x0d\0\0\0\0\0\0\0{\"request\":1}")}},
	{"ajp", 139, TCP, 8009, {TEXT("\x12\x34\0\1\x0a"), TEXT("AB\0\1\x09")}},
	{"fix", 230, TCP, 9878, {TEXT("8=FIX.4.2\1" "9=65\1" "35=A\1")}},
	{"afp", 97, TCP, 548, {TEXT("\0\3\0\1\0\0\0\0\0\0\0\2\0\0\0\0\x0f\0")}},
	{"zmq", 177, TCP, 5555, {TEXT("\xff\0\0\0\0\0\0\0\1\x7f"), TEXT("\xff\0\0\0\0\0\0\0\1\x7f")}},
	{"mgcp", 94, UDP, 2427, {TEXT("AUEP 1200 aaln/1@gw.example.net MGCP 1.0\r\n\r\n")}},
	{"someip", 229, UDP, 30490, {TEXT("\xff\xff\x81\0\0\0\0\x10\0\0\0\1\1\1\2\0\0\0\0\0\0\0\0\0")}},
	{"xdmcp", 15, UDP, 177, {TEXT("\0\1\0\2\0\1\0")}},
	{"ospf", 85, 89, 0, {TEXT("\2\1\0\x2c" SIXTEEN_ZEROS)}},
};
static const struct said of_ours[] = {
	{"http", 0, TCP, 80, {TEXT("GET / HTTP/1.1\r\nHost: example.net\r\n\r\n")}},
	{"dns", 0, UDP, 53, {TEXT("\x12\x34\1\0\0\1\0\0\0\0\0\0\7example\3net\0\0\1\0\1")}},
	{"ssh", 0, TCP, 2222, {TEXT("\xd3\x11\x07"), TEXT("SSH-2.0-OpenSSH_9.2\r\n")}},
};
/* More than 64 bytes: of less of a stream most cannot tell yet. */
#define NOISE16 "\xc3\x17\x99\xc4\x5e\xb2\1\xdd\x77\xe8\x90\x3b\xaf\x62\xd5\x0c"
#define NOISE NOISE16 NOISE16 NOISE16 NOISE16 NOISE16
static const struct said noise[] = {
	{"", 0, TCP, 50007, {TEXT(NOISE "?"), TEXT("!" NOISE)}},
	{"", 0, UDP, 50007, {TEXT(NOISE "?"), TEXT("!" NOISE)}},
};
enum { GIT, NETFLOW };
/* clang-format on */

static void names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct run r;
		begin(&r, &(const struct appid_opts){.at_once = i == 0});
		talk(&r, &known[i], 0, 3);
		feed_flush(&r.f);
		assert_int_equal(r.f.n, 1);
		assert_name(&r.f, 0, known[i].name);
		assert_int_equal(feed_num(&r.f, F_ndpi_proto, 0), known[i].number);
		assert_int_equal(r.f.stats.v[ST_appid_named], 1);
		end(&r);
	}
}

/* One datagram is all there is of the flow: it is asked about when the flow ends. */
static void at_the_end(void **state)
{
	(void)state;
	struct run r;
	begin(&r, &(const struct appid_opts){0});
	say(&r, &known[NETFLOW], 0, 0, 0, 1);
	assert_int_equal(r.f.stats.v[ST_appid_packets], 0);
	feed_flush(&r.f);
	assert_name(&r.f, 0, "netflow");
	end(&r);
}

/* Ours keep their names, and the library is not even asked, also when only the other side tells. */
static void ours(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(of_ours) / sizeof(of_ours[0]); i++) {
		struct run r;
		begin(&r, &(const struct appid_opts){0});
		talk(&r, &of_ours[i], 0, 1);
		feed_flush(&r.f);
		assert_name(&r.f, 0, of_ours[i].name);
		assert_false(feed_has(&r.f, F_ndpi_proto, 0));
		assert_int_equal(r.f.stats.v[ST_appid_flows], 0);
		end(&r);
	}
}

/* However long a flow goes on, so many of its packets are shown; its port alone is no name. */
static void bounded(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct run r;
		struct said s = noise[i & 1];
		unsigned most = i & 2 ? 2 : APPID_PACKETS;
		s.port = 179;
		begin(&r, &(const struct appid_opts){.packets = i & 2 ? 2 : 0});
		talk(&r, &s, 0, 20);
		assert_int_equal(r.f.stats.v[ST_appid_packets], most);
		feed_flush(&r.f);
		assert_int_equal(r.f.stats.v[ST_appid_packets], most);
		assert_name(&r.f, 0, "");
		assert_int_equal(feed_num(&r.f, F_packets, 0), 20);
		end(&r);
	}
}

/* Two flows under way, room for one: the other is counted. Both end half way; then there is room
 * again. */
static void no_room(void **state)
{
	(void)state;
	struct run r;
	begin(&r, &(const struct appid_opts){.max_flows = 1});
	talk(&r, &noise[0], 0, 2);
	talk(&r, &noise[0], 1, 2);
	assert_int_equal(r.f.stats.v[ST_appid_flows], 1);
	assert_int_equal(r.f.stats.v[ST_appid_refused], 1);
	feed_flush(&r.f);
	assert_int_equal(r.f.n, 2);
	talk(&r, &known[GIT], 2, 1);
	feed_flush(&r.f);
	assert_int_equal(r.f.n, 3);
	assert_name(&r.f, 2, "git");
	assert_int_equal(r.f.stats.v[ST_appid_refused], 1);
	end(&r);
}

/* The meter goes while flows wait and are asked about: the address sanitizer finds nothing left. */
static void left_half_way(void **state)
{
	(void)state;
	struct run r;
	begin(&r, &(const struct appid_opts){0});
	talk(&r, &noise[0], 0, 2);
	say(&r, &noise[0], 1, 0, 0, 1);
	talk(&r, &noise[1], 2, 2);
	end(&r);
}

/* A flow that goes on after its active time-out keeps its name. */
static void goes_on(void **state)
{
	(void)state;
	struct run r;
	begin(&r, &(const struct appid_opts){0});
	talk(&r, &known[GIT], 0, 1);
	for (int64_t s = 1; s <= 310; s += 20)
		say(&r, &known[GIT], 0, 0, s * 1000, 1000 + (uint32_t)s);
	feed_flush(&r.f);
	assert_int_equal(r.f.n, 2);
	assert_name(&r.f, 0, "git");
	assert_name(&r.f, 1, "git");
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names),   cmocka_unit_test(at_the_end),
	    cmocka_unit_test(ours),    cmocka_unit_test(bounded),
	    cmocka_unit_test(no_room), cmocka_unit_test(left_half_way),
	    cmocka_unit_test(goes_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
