/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a capture file of made-up traffic, the same for the same arguments, to measure a meter by:
 *
 *   packets mix OUT --flows 200000   TCP connections with handshakes and ends (TLS hellos, HTTP,
 *                                    bulk), DNS, QUIC with sealed Initials, UDP; 600 bytes
 *                                    a packet on average
 *   packets small OUT --flows 1000000 --packets 8000000
 *                                    60-byte frames: one of every flow, then flows at random
 *   packets syn OUT --packets 1000000 --pps 100000
 *                                    half-open connections, each SYN from another source
 *
 * --live N   connections at once (mix)     --vlan ID            tag all frames
 * --tunnel vxlan|gre                       --loss N, --reorder N  of 1000 packets
 * --pps N    packets per second of the time stamps                 --seed N
 * IP checksums are right, those of TCP and UDP are left 0. */
#include "quic.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAME_MIN = 60, FRAME_MAX = 2048, MSS = 1448, HELD = 8 };
enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

struct options {
	uint64_t flows, packets, live, vlan, loss, reorder, pps, seed;
	const char *tunnel;
	bool bare; /* no options in segments */
};

enum kind { KIND_TLS, KIND_HTTP, KIND_BULK, KIND_DNS, KIND_QUIC, KIND_UDP };
enum state {
	ST_SYN,
	ST_SYN_ACK,
	ST_ACK,
	ST_HELLO,
	ST_ANSWER,
	ST_DATA,
	ST_FIN,
	ST_FIN_BACK,
	ST_LAST,
	ST_DONE
};

struct flow {
	uint32_t ip[2], seq[2];
	uint16_t port[2];
	uint16_t id;
	uint8_t kind, state;
	uint32_t left, acked; /* data packets to come; those since the last acknowledgement */
	bool up;              /* data goes from the client */
};

struct maker {
	struct options o;
	FILE *out;
	uint64_t random, written, bytes, t_us;
	uint32_t serial;
	struct {
		uint8_t frame[FRAME_MAX];
		size_t n;
		unsigned wait;
	} held;
};

static uint64_t next_random(struct maker *m)
{
	/* splitmix64 */
	uint64_t z = m->random += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static uint32_t below(struct maker *m, uint32_t n)
{
	return (uint32_t)((next_random(m) >> 32) * n >> 32);
}

static uint8_t *be16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

static uint8_t *be32(uint8_t *p, uint32_t v)
{
	return be16(be16(p, v >> 16), v & 0xffff);
}

static uint8_t *bytes(uint8_t *p, const void *from, size_t n)
{
	memcpy(p, from, n);
	return p + n;
}

/* --- files */

static void record(struct maker *m, const uint8_t *frame, size_t n)
{
	const uint32_t head[4] = {(uint32_t)(m->t_us / 1000000), (uint32_t)(m->t_us % 1000000),
				  (uint32_t)n, (uint32_t)n};
	fwrite(head, sizeof(head), 1, m->out);
	fwrite(frame, n, 1, m->out);
	m->written++;
	m->bytes += n;
	m->t_us = 1767268800000000u + m->written * 1000000 / m->o.pps;
}

static void send_frame(struct maker *m, uint8_t frame[FRAME_MAX], size_t n)
{
	if (n < FRAME_MIN)
		memset(frame + n, 0, FRAME_MIN - n);
	n = n < FRAME_MIN ? FRAME_MIN : n;
	if (m->o.loss && below(m, 1000) < m->o.loss)
		return;
	if (m->o.reorder && !m->held.n && below(m, 1000) < m->o.reorder) {
		memcpy(m->held.frame, frame, n);
		m->held.n = n;
		m->held.wait = 1 + below(m, HELD);
		return;
	}
	record(m, frame, n);
	if (m->held.n && --m->held.wait == 0) {
		record(m, m->held.frame, m->held.n);
		m->held.n = 0;
	}
}

/* --- headers */

static uint8_t *ethernet(const struct maker *m, uint8_t *p, const uint32_t ip[2], unsigned dir)
{
	static const uint8_t mac[4] = {2, 0, 0, 1};
	for (unsigned i = 0; i < 2; i++) {
		p = bytes(p, mac, 4);
		p = be16(p, ip[i ? dir : !dir] & 0xff);
	}
	if (m->o.vlan)
		p = be16(be16(p, 0x8100), (uint32_t)m->o.vlan);
	return be16(p, 0x0800);
}

static uint8_t *ip4(uint8_t *p, uint32_t src, uint32_t dst, unsigned proto, unsigned id,
		    size_t payload)
{
	uint8_t *start = p;
	p = be16(p, 0x4500);
	p = be16(p, (uint32_t)(20 + payload));
	p = be16(be16(p, id), 0x4000);
	p = be16(be16(p, 64 << 8 | proto), 0);
	p = be32(be32(p, src), dst);
	uint32_t sum = 0;
	for (size_t i = 0; i < 20; i += 2)
		sum += (uint32_t)start[i] << 8 | start[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	be16(start + 10, ~(sum + (sum >> 16)) & 0xffff);
	return p;
}

/* Everything before the flow's own IP packet of n bytes. */
static uint8_t *outer(const struct maker *m, uint8_t *p, const uint32_t ip[2], unsigned dir,
		      size_t n)
{
	static const uint32_t ends[2] = {0xc0000201, 0xc0000202};
	p = ethernet(m, p, ip, dir);
	if (!m->o.tunnel)
		return p;
	if (strcmp(m->o.tunnel, "gre") == 0) {
		p = ip4(p, ends[dir], ends[!dir], 47, 1, 4 + n);
		return be16(be16(p, 0), 0x0800);
	}
	p = ip4(p, ends[dir], ends[!dir], 17, 1, 8 + 8 + 14 + n);
	p = be16(be16(p, 49152 + (ip[0] & 0xfff)), 4789);
	p = be16(be16(p, (uint32_t)(8 + 8 + 14 + n)), 0);
	p = be32(be32(p, 0x08000000), 4096 << 8);
	struct maker plain = {.o = {0}};
	return ethernet(&plain, p, ip, dir);
}

static void tcp(struct maker *m, struct flow *f, unsigned dir, unsigned flags,
		const uint8_t *payload, size_t n)
{
	static const uint8_t syn_options[] = {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0,
					      0, 1, 0, 0,    0, 0, 1, 3,  3, 7};
	static const uint8_t options[] = {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2};
	uint8_t frame[FRAME_MAX], *p;
	size_t opt = flags & SYN ? sizeof(syn_options) : m->o.bare ? 0 : sizeof(options);
	p = outer(m, frame, f->ip, dir, 40 + opt + n);
	p = ip4(p, f->ip[dir], f->ip[!dir], 6, f->id++, 20 + opt + n);
	p = be16(be16(p, f->port[dir]), f->port[!dir]);
	p = be32(be32(p, f->seq[dir]), flags & ACK ? f->seq[!dir] : 0);
	p = be16(be16(p, (uint32_t)((20 + opt) / 4 << 12 | flags)), 501);
	p = be32(p, 0);
	p = bytes(p, flags & SYN ? syn_options : options, opt);
	if (payload)
		p = bytes(p, payload, n);
	else
		memset(p, 0xa5, n), p += n;
	f->seq[dir] += (uint32_t)n + (flags & (SYN | FIN) ? 1 : 0);
	send_frame(m, frame, (size_t)(p - frame));
}

static void udp(struct maker *m, struct flow *f, unsigned dir, const uint8_t *payload, size_t n)
{
	uint8_t frame[FRAME_MAX], *p;
	p = outer(m, frame, f->ip, dir, 28 + n);
	p = ip4(p, f->ip[dir], f->ip[!dir], 17, f->id++, 8 + n);
	p = be16(be16(p, f->port[dir]), f->port[!dir]);
	p = be16(be16(p, (uint32_t)(8 + n)), 0);
	p = bytes(p, payload, n);
	send_frame(m, frame, (size_t)(p - frame));
}

/* --- what they say */

static size_t host_name(char out[32], const struct flow *f)
{
	return (size_t)snprintf(out, 32, "www%u.example.net", f->ip[1] & 0xfff);
}

static uint8_t *extension(uint8_t *p, unsigned type, const uint8_t *body, size_t n)
{
	return bytes(be16(be16(p, type), (uint32_t)n), body, n);
}

/* RFC 8446 4.1.2, padded as browsers do. */
static size_t client_hello(struct maker *m, const struct flow *f, uint8_t *out)
{
	static const uint8_t ciphers[] = {0x13, 1,    0x13, 2,    0x13, 3,    0xc0,
					  0x2b, 0xc0, 0x2f, 0xc0, 0x2c, 0xc0, 0x30};
	static const uint8_t groups[] = {0, 4, 0, 0x1d, 0, 0x17};
	static const uint8_t versions[] = {4, 3, 4, 3, 3};
	static const uint8_t algorithms[] = {0, 6, 4, 3, 8, 4, 4, 1};
	static const uint8_t alpn[] = {0,   12,  2,   'h', '2', 8,   'h',
				       't', 't', 'p', '/', '1', '.', '1'};
	char host[32];
	uint8_t sni[64], share[38] = {0, 36, 0, 0x1d, 0, 32}, pad[512] = {0}, *p, *list;
	size_t n = host_name(host, f);
	bytes(be16(be16(sni, (uint32_t)n + 3) + 1, (uint32_t)n), host, n);
	sni[2] = 0;
	p = be16(be16(out, 0x1603), 0x0100) + 1; /* length of the record, of the message: below */
	p = be16(be16(out + 9, 0x0303), 0) - 2;
	for (int i = 0; i < 32; i += 4)
		p = be32(p, (uint32_t)next_random(m));
	*p++ = 32;
	for (int i = 0; i < 32; i += 4)
		p = be32(p, (uint32_t)next_random(m));
	p = bytes(be16(p, sizeof(ciphers)), ciphers, sizeof(ciphers));
	p = be16(p, 0x0100);
	list = p;
	p = extension(p + 2, 0, sni, n + 5);
	p = extension(p, 10, groups, sizeof(groups));
	p = extension(p, 13, algorithms, sizeof(algorithms));
	p = extension(p, 16, alpn, sizeof(alpn));
	p = extension(p, 43, versions, sizeof(versions));
	p = extension(p, 51, share, sizeof(share));
	p = extension(p, 21, pad, 517 - (size_t)(p - out) - 4);
	be16(list, (uint32_t)(p - list - 2));
	size_t all = (size_t)(p - out);
	be16(out + 3, (uint32_t)(all - 5));
	be32(out + 5, (uint32_t)(all - 9));
	out[5] = 1;
	return all;
}

static size_t server_hello(struct maker *m, uint8_t *out)
{
	static const uint8_t head[] = {0x16, 3, 3, 0, 90, 2, 0, 0, 86, 3, 3};
	static const uint8_t tail[] = {0, 0x13, 1, 0,  0, 46, 0, 43,   0, 2,
				       3, 4,    0, 51, 0, 36, 0, 0x1d, 0, 32};
	uint8_t *p = bytes(out, head, sizeof(head));
	for (int i = 0; i < 32; i += 4)
		p = be32(p, (uint32_t)next_random(m));
	p = bytes(p, tail, sizeof(tail));
	memset(p, 7, 32);
	p += 32;
	be16(out + 3, (uint32_t)(p - out - 5));
	be16(out + 7, (uint32_t)(p - out - 9));
	/* Application data of the size of a certificate. */
	size_t all = (size_t)(p - out), rest = MSS - all;
	p = be16(be16(p, 0x1703), 0x0300) - 1;
	p = be16(p, (uint32_t)(rest - 5));
	memset(p, 0x5a, rest - 5);
	return MSS;
}

static size_t http(const struct flow *f, bool answer, uint8_t *out)
{
	char host[32];
	host_name(host, f);
	if (!answer)
		return (size_t)snprintf(
		    (char *)out, MSS,
		    "GET /path/%u/index.html?q=%u HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mozilla/5.0 "
		    "(X11; "
		    "Linux x86_64) Bench/1.0\r\nAccept: */*\r\nReferer: http://%s/\r\n\r\n",
		    f->ip[0] & 0xff, f->port[0], host, host);
	int n = snprintf((char *)out, MSS,
			 "HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: "
			 "text/html\r\nContent-Length: %u\r\n\r\n",
			 f->left * MSS);
	return (size_t)n;
}

static size_t dns(const struct flow *f, bool answer, uint8_t *out)
{
	char host[32];
	int n = snprintf(host, sizeof(host), "www%u", f->ip[0] & 0xfff);
	uint8_t *p = be16(be16(out, f->port[0]), answer ? 0x8180 : 0x0100);
	p = be16(be16(be32(p, 0x00010000 | (answer ? 1 : 0)), 0), 0);
	*p++ = (uint8_t)n;
	p = bytes(p, host, (size_t)n);
	p = bytes(p, "\7example\3net", 13);
	p = be16(be16(p, 1), 1);
	if (answer) {
		p = be16(be16(be16(p, 0xc00c), 1), 1);
		p = be32(be16(be32(p, 300), 4), f->ip[1] + 1);
	}
	return (size_t)(p - out);
}

/* --- flows */

static uint32_t tail(struct maker *m, uint32_t least, uint32_t most)
{
	/* Pareto with alpha 1: many short, few long. */
	uint32_t n = least * 1000 / (1 + below(m, 1000));
	return n > most ? most : n;
}

static void begin(struct maker *m, struct flow *f)
{
	static const uint8_t shares[] = {48, 12, 10,
					 18, 7,  5}; /* percent, in the order of enum kind */
	static const uint16_t ports[] = {443, 80, 8443, 53, 443, 5000};
	uint32_t n = m->serial++, pick = below(m, 100);
	*f = (struct flow){
	    .ip = {0x0a000000 | n / 16384 << 8 | (n & 0xff), 0xc6336400 | below(m, 4096)},
	    .seq = {(uint32_t)next_random(m), (uint32_t)next_random(m)},
	    .id = (uint16_t)next_random(m)};
	while (pick >= shares[f->kind])
		pick -= shares[f->kind++];
	f->port[0] = (uint16_t)(16384 + n % 49152);
	f->port[1] = ports[f->kind];
	f->up = below(m, 5) == 0;
	f->left = f->kind == KIND_DNS ? 0 : f->kind == KIND_UDP ? tail(m, 1, 30) : tail(m, 3, 1500);
	if (f->kind >= KIND_DNS)
		f->state = ST_HELLO;
}

static void quic_hello(struct maker *m, struct flow *f, bool answer)
{
	enum { RECORD = 5, SERVER_HELLO = 90 };
	uint8_t hello[FRAME_MAX], b[QUIC_INITIAL];
	size_t n =
	    answer ? (server_hello(m, hello), SERVER_HELLO) : client_hello(m, f, hello) - RECORD;
	if (!quic_initial(!answer, f->seq[0], hello + RECORD, n, b)) {
		fprintf(stderr, "packets: a QUIC packet could not be sealed\n");
		exit(1);
	}
	udp(m, f, answer, b, sizeof(b));
}

static void step_udp(struct maker *m, struct flow *f)
{
	uint8_t b[MSS];
	if (f->kind == KIND_DNS) {
		bool answer = f->state == ST_ANSWER;
		udp(m, f, answer, b, dns(f, answer, b));
		f->state = answer ? ST_DONE : ST_ANSWER;
		return;
	}
	if (f->kind == KIND_QUIC && f->state < ST_DATA) {
		quic_hello(m, f, f->state == ST_ANSWER);
		f->state++;
		return;
	}
	memset(b, 0x40 | (f->left & 0x3f), sizeof(b));
	udp(m, f, f->left % 3 == 0, b, f->kind == KIND_QUIC ? 1200 : 200);
	if (f->left-- <= 1)
		f->state = ST_DONE;
}

static void step_data(struct maker *m, struct flow *f)
{
	unsigned from = f->up ? 0 : 1;
	if (f->acked == 2) {
		f->acked = 0;
		tcp(m, f, !from, ACK, NULL, 0);
		return;
	}
	if (!f->left) {
		unsigned end = below(m, 10);
		f->state = end < 8 ? ST_FIN : ST_DONE;
		if (end == 8)
			tcp(m, f, 0, RST | ACK, NULL, 0);
		else if (end < 8)
			tcp(m, f, 0, FIN | ACK, NULL, 0);
		else
			tcp(m, f, 0, ACK, NULL, 0);
		return;
	}
	f->left--;
	f->acked++;
	tcp(m, f, from, ACK | PSH, NULL, below(m, 5) < 2 ? MSS : 120 + below(m, 700));
}

static void step(struct maker *m, struct flow *f)
{
	uint8_t b[FRAME_MAX];
	if (f->kind >= KIND_DNS) {
		step_udp(m, f);
		return;
	}
	switch ((enum state)f->state) {
	case ST_SYN:
		tcp(m, f, 0, SYN, NULL, 0);
		break;
	case ST_SYN_ACK:
		tcp(m, f, 1, SYN | ACK, NULL, 0);
		break;
	case ST_ACK:
		tcp(m, f, 0, ACK, NULL, 0);
		break;
	case ST_HELLO:
		tcp(m, f, 0, ACK | PSH, b,
		    f->kind == KIND_TLS    ? client_hello(m, f, b)
		    : f->kind == KIND_HTTP ? http(f, false, b)
					   : (memset(b, 'b', 300), 300u));
		break;
	case ST_ANSWER:
		tcp(m, f, 1, ACK | PSH, b,
		    f->kind == KIND_TLS    ? server_hello(m, b)
		    : f->kind == KIND_HTTP ? http(f, true, b)
					   : (memset(b, 'c', 600), 600u));
		break;
	case ST_DATA:
		step_data(m, f);
		return;
	case ST_FIN:
		tcp(m, f, 1, FIN | ACK, NULL, 0);
		f->state = ST_LAST;
		return;
	case ST_FIN_BACK:
	case ST_LAST:
		tcp(m, f, 0, ACK, NULL, 0);
		f->state = ST_DONE;
		return;
	case ST_DONE:
		return;
	}
	f->state++;
}

static void mix(struct maker *m)
{
	uint64_t n = m->o.live < m->o.flows ? m->o.live : m->o.flows, begun = n;
	struct flow *live = calloc(n, sizeof(*live));
	if (!live)
		exit(1);
	for (uint64_t i = 0; i < n; i++)
		begin(m, &live[i]);
	while (n && (!m->o.packets || m->written < m->o.packets)) {
		struct flow *f = &live[below(m, (uint32_t)n)];
		for (uint32_t i = 1 + below(m, 3); i && f->state != ST_DONE; i--)
			step(m, f);
		if (f->state != ST_DONE)
			continue;
		if (begun < m->o.flows) {
			begun++;
			begin(m, f);
		} else {
			*f = live[--n];
		}
	}
	free(live);
}

static void small(struct maker *m)
{
	static const uint8_t six[18] = {0};
	m->o.bare = true;
	for (uint64_t i = 0; i < m->o.packets; i++) {
		uint32_t n = (uint32_t)(i < m->o.flows ? i : below(m, (uint32_t)m->o.flows));
		struct flow f = {.ip = {0x0a000000 | (n * 2654435761u >> 8), 0xc6336401 + (n & 7)},
				 .port = {(uint16_t)(n ^ n >> 16), 80}};
		if (n % 10 == 0)
			udp(m, &f, 0, six, sizeof(six));
		else
			tcp(m, &f, 0, ACK, NULL, 0);
	}
}

static void syn(struct maker *m)
{
	for (uint64_t i = 0; i < m->o.packets; i++) {
		struct flow f = {.ip = {(uint32_t)next_random(m), 0xc6336401 + (uint32_t)(i & 3)},
				 .port = {(uint16_t)next_random(m), 443},
				 .seq = {(uint32_t)next_random(m)}};
		tcp(m, &f, 0, SYN, NULL, 0);
	}
}

static uint64_t number(const char *s)
{
	return strtoull(s, NULL, 10);
}

int main(int argc, char **argv)
{
	struct maker m = {
	    .o = {.flows = 200000, .packets = 0, .live = 12000, .pps = 1000000, .seed = 1}};
	const struct {
		const char *name;
		uint64_t *to;
	} numbers[] = {{"--flows", &m.o.flows}, {"--packets", &m.o.packets},
		       {"--live", &m.o.live},   {"--vlan", &m.o.vlan},
		       {"--loss", &m.o.loss},   {"--reorder", &m.o.reorder},
		       {"--pps", &m.o.pps},     {"--seed", &m.o.seed}};
	const struct {
		const char *name;
		void (*make)(struct maker *m);
	} kinds[] = {{"mix", mix}, {"small", small}, {"syn", syn}};
	size_t kind = 0, n_kinds = sizeof(kinds) / sizeof(kinds[0]);
	while (argc > 1 && kind < n_kinds && strcmp(argv[1], kinds[kind].name) != 0)
		kind++;
	if (argc < 3 || argc % 2 == 0 || kind == n_kinds) {
		fprintf(stderr, "packets mix|small|syn OUT [--flows N] [--packets N] ...\n");
		return 2;
	}
	for (int i = 3; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--tunnel") == 0)
			m.o.tunnel = argv[i + 1];
		for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++)
			if (strcmp(argv[i], numbers[k].name) == 0)
				*numbers[k].to = number(argv[i + 1]);
	}
	static const uint32_t head[6] = {0xa1b2c3d4, 0x00040002, 0, 0, 262144, 1};
	m.out = fopen(argv[2], "wb");
	if (!m.out)
		return 1;
	setvbuf(m.out, NULL, _IOFBF, 1 << 20);
	fwrite(head, sizeof(head), 1, m.out);
	m.random = m.o.seed;
	m.t_us = 1767268800000000u;
	kinds[kind].make(&m);
	printf("%llu packets, %llu bytes\n", (unsigned long long)m.written,
	       (unsigned long long)m.bytes);
	return fclose(m.out) ? 1 : 0;
}
