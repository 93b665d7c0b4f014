/* SPDX-License-Identifier: Apache-2.0 */
/* SIP, its session descriptions, RTP and RTCP: a call as RFC 3261 24.2 has it, streams as RFC 3550
 * lays them out. */
#include "cases.h"
#include "proto/dissection.h"

#define HEADERS                                                                                    \
	"Via: SIP/2.0/UDP pc33.atlanta.com:5066;branch=z9hG4bK776asdhds\r\n"                       \
	"To: Bob <sip:bob@biloxi.com>\r\n"                                                         \
	"From: Alice <sip:alice@atlanta.com>;tag=1928301774\r\n"                                   \
	"Call-ID: a84b4c76e66710@pc33.atlanta.com\r\n"
#define SDP                                                                                        \
	"v=0\r\no=alice 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n"            \
	"m=audio 49172 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\nm=video 51372 RTP/AVP 31\r\n"

static const struct message call[] = {
    C("INVITE sip:bob@biloxi.com SIP/2.0\r\n" HEADERS "CSeq: 314159 INVITE\r\n"
      "User-Agent: Phone/1\r\nContent-Type: application/sdp\r\nContent-Length: 140\r\n\r\n" SDP),
    SAYS(FROM_SERVER,
	 "SIP/2.0 100 Trying\r\n" HEADERS "CSeq: 314159 INVITE\r\nContent-Length: 0\r\n\r\n", 2000),
    SAYS(FROM_SERVER,
	 "SIP/2.0 180 Ringing\r\n" HEADERS "CSeq: 314159 INVITE\r\nContent-Length: 0\r\n\r\n",
	 48000),
    SAYS(FROM_SERVER,
	 "SIP/2.0 200 OK\r\n" HEADERS "CSeq: 314159 INVITE\r\nContent-Length: 0\r\n\r\n", 950000),
    C("ACK sip:bob@192.0.2.4 SIP/2.0\r\n" HEADERS "CSeq: 314159 ACK\r\nContent-Length: 0\r\n\r\n"),
    SAYS(FROM_SERVER,
	 "BYE sip:alice@pc33.atlanta.com SIP/2.0\r\n" HEADERS
	 "CSeq: 231 BYE\r\nContent-Length: 0\r\n\r\n",
	 9999000),
    C("SIP/2.0 481 Gone\r\n" HEADERS "CSeq: 231 BYE\r\nContent-Length: 0\r\n\r\n"),
};
/* clang-format off */
#define CALL_FIELDS                                                                                \
	{"app_name", "\"sip\""}, {"sip_msg_type", "1"}, {"sip_status", "200"},                         \
	{"sip_call_id", "\"a84b4c76e66710@pc33.atlanta.com\""}, {"sip_from", "\"sip:alice@atlanta.com\""}, \
	{"sip_to", "\"sip:bob@biloxi.com\""}, {"sip_uri", "\"sip:bob@biloxi.com\""},                   \
	{"sip_via", "\"SIP/2.0/UDP pc33.atlanta.com:5066;branch=z9hG4bK776asdhds\""},                  \
	{"sip_user_agent", "\"Phone/1\""}, {"sip_cseq", "\"314159 INVITE\""},                          \
	{"sip_ringing_us", "50000"}, {"sip_ok_us", "1000000"}, {"sip_bye_us", "10000000"},             \
	{"sip_media_ip", "\"192.0.2.7\""}, {"sip_audio_port", "49172"}, {"sip_video_port", "51372"},   \
	{"app_requests", "2"}, {"app_errors", "1"}, {"app_rt_us", "2000"}
/* clang-format on */

static void sip_udp(void **state)
{
	(void)state;
	assert_int_equal(sizeof(SDP) - 1, 140);
	const struct conversation c = UDP_TALK(5066, call);
	EXPECT(&c, CALL_FIELDS);
	struct conversation part = c;
	part.n = 2;
	torture(&part);
}

static void sip_tcp(void **state)
{
	(void)state;
	const struct conversation c = TCP_TALK(5066, call);
	EXPECT(&c, CALL_FIELDS);
	struct conversation part = c;
	part.n = 3;
	torture(&part);
}

/* Others with words of SIP: HTTP, SSDP. */
static void not_sip(void **state)
{
	(void)state;
	static const struct message ssdp[] = {
	    C("NOTIFY * HTTP/1.1\r\nHost: 239.255.255.250:1900\r\n\r\n")};
	static const struct message http[] = {C("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")};
	const struct conversation talks[] = {UDP_TALK(5060, ssdp), TCP_TALK(5060, http)};
	for (size_t i = 0; i < ARRAY_LEN(talks); i++)
		EXPECT(&talks[i], {"sip_msg_type", NULL}, {"sip_uri", NULL});
}

/* --- RTP */

enum { PACKETS = 10, RTP_LEN = 12 + 160 };

static void rtp_packet(uint8_t *p, unsigned type, unsigned seq, uint32_t ts)
{
	const uint8_t head[12] = {0x80,
				  (uint8_t)type,
				  (uint8_t)(seq >> 8),
				  (uint8_t)seq,
				  (uint8_t)(ts >> 24),
				  (uint8_t)(ts >> 16),
				  (uint8_t)(ts >> 8),
				  (uint8_t)ts,
				  0x11,
				  0x22,
				  0x33,
				  0x44};
	memset(p, 0xd5, RTP_LEN);
	memcpy(p, head, sizeof(head));
}

/* 20 ms of G.711 in each packet; numbers wrap; 0x0001 and 0x0002 are lost; the sixth packet comes
 * 16 ms late and the seventh in time again. */
static struct conversation stream(int from)
{
	static uint8_t bytes[PACKETS][RTP_LEN];
	static struct message m[PACKETS];
	for (unsigned i = 0; i < PACKETS; i++) {
		unsigned n = i < 4 ? i : i + 2;
		uint64_t us = i == 4 ? 60000 : i == 5 ? 36000 : i == 6 ? 4000 : 20000;
		rtp_packet(bytes[i], 8, 0xfffd + n, 1000 + 160 * n);
		m[i] = (struct message){from, bytes[i], RTP_LEN, us};
	}
	return UDP_TALK(50002, m);
}

static void rtp(void **state)
{
	(void)state;
	struct conversation c = stream(FROM_CLIENT);
	/* J += (|D| - J) / 16: 16 ms give 1 ms; then 1 + (16 - 1) / 16 = 1.9375 ms; three times
	 * less a sixteenth: 1.8164, 1.7029, 1.5965 ms (rounded as in RFC 3550 A.8, in ns) */
	EXPECT(&c, {"app_name", "\"rtp\""}, {"rtp_codec", "8"}, {"rtp_ssrc", "287454020"},
	       {"rtp_lost", "2"}, {"rtp_gaps", "1"}, {"rtp_jitter_us", "1596"},
	       {"rev_rtp_codec", NULL});
	torture(&c);
	c = stream(FROM_SERVER);
	EXPECT(&c, {"app_name", "\"rtp\""}, {"rev_rtp_codec", "8"}, {"rev_rtp_ssrc", "287454020"},
	       {"rev_rtp_lost", "2"}, {"rev_rtp_gaps", "1"}, {"rev_rtp_jitter_us", "1596"},
	       {"rtp_codec", NULL});
}

/* The same head over and over, or other sources: not RTP. */
static void not_rtp(void **state)
{
	(void)state;
	static uint8_t bytes[4][RTP_LEN];
	static struct message m[4];
	for (unsigned i = 0; i < 4; i++) {
		rtp_packet(bytes[i], 8, 7, 1000);
		m[i] = (struct message){FROM_CLIENT, bytes[i], RTP_LEN, 20000};
	}
	const struct conversation c = UDP_TALK(50002, m);
	EXPECT(&c, {"app_name", NULL}, {"rtp_codec", NULL});
}

/* A sender report at t, answered 500 ms later by a receiver report that was held 0.25 s (DLSR
 * 0x4000): the round trip is 250 ms. 0x1ac21234 is the middle of the NTP time. */
static void rtcp(void **state)
{
	(void)state;
	static const uint8_t sender[] = {0x80, 200,  0,    6,    1,    2,    3,    4,   0xe1, 0x2b,
					 0x1a, 0xc2, 0x12, 0x34, 0x56, 0x78, 0,    0,   0,    9,
					 0,    0,    0x01, 0x00, 0,    0,    0x40, 0x00};
	static const uint8_t receiver[] = {0x81, 201,  0,    7,    9,    9,    9, 9, 1,    2,   3,
					   4,    0x40, 0,    0,    5,    0,    0, 0, 77,   0,   0,
					   0,    3,    0x1a, 0xc2, 0x12, 0x34, 0, 0, 0x40, 0x00};
	static const struct message m[] = {{FROM_CLIENT, sender, sizeof(sender), 0},
					   {FROM_SERVER, receiver, sizeof(receiver), 500000}};
	const struct conversation c = UDP_TALK(50003, m);
	EXPECT(&c, {"app_name", "\"rtcp\""}, {"rtp_ssrc", "16909060"}, {"rtcp_packets", "256"},
	       {"rtcp_octets", "16384"}, {"rtcp_sources", "0"}, {"rev_rtcp_sources", "1"},
	       {"rev_rtcp_fraction_lost", "64"}, {"rev_rtcp_lost", "5"},
	       {"rev_rtcp_rtt_us", "250000"});
	torture(&c);
	static const struct message turned[] = {{FROM_SERVER, sender, sizeof(sender), 0},
						{FROM_CLIENT, receiver, sizeof(receiver), 500000}};
	const struct conversation back = UDP_TALK(50003, turned);
	EXPECT(&back, {"rev_rtp_ssrc", "16909060"}, {"rev_rtcp_packets", "256"},
	       {"rev_rtcp_octets", "16384"}, {"rtcp_fraction_lost", "64"}, {"rtcp_lost", "5"},
	       {"rtcp_rtt_us", "250000"});
}

/* A stream that a call announced is known by its first packet. */
static void announced(void **state)
{
	(void)state;
	struct dissection *d;
	struct pool pool;
	uint8_t packet[RTP_LEN];
	pool_init(&pool, 1 << 20);
	assert_int_equal(dissection_new(1 << 20, NULL, &d), 0);
	struct talk_ends ends = {.src = ip_from_v4((uint8_t[]){192, 0, 2, 7}),
				 .dst = ip_from_v4((uint8_t[]){192, 0, 2, 9}),
				 .src_port = 5066,
				 .dst_port = 5066,
				 .proto = 17};
	struct notes sip = notes_of(&pool), media = notes_of(&pool);
	struct talk *t = talk_new(d, &ends);
	struct talk_segment s = {
	    .payload = rd_of(call[0].p, call[0].n), .wire_len = (uint32_t)call[0].n, .t_ns = 1000};
	assert_true(talk_see(d, t, &sip, &s));
	talk_free(d, t);
	ends.src_port = 49172;
	ends.dst_port = 1234;
	t = talk_new(d, &ends);
	rtp_packet(packet, 0, 1, 160);
	s.payload = rd_of(packet, sizeof(packet));
	s.wire_len = sizeof(packet);
	assert_true(talk_see(d, t, &media, &s));
	uint64_t codec = 99;
	assert_true(notes_num(&media, F_rtp_codec, &codec));
	assert_int_equal(codec, 0);
	talk_free(d, t);
	notes_clear(&sip);
	notes_clear(&media);
	dissection_free(d);
	pool_fini(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sip_udp),   cmocka_unit_test(sip_tcp), cmocka_unit_test(not_sip),
	    cmocka_unit_test(rtp),       cmocka_unit_test(not_rtp), cmocka_unit_test(rtcp),
	    cmocka_unit_test(announced),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
