/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/demo_traffic.h"

#include <math.h>

enum { IF_INSIDE = 3, IF_UPLINK = 1, IF_BRANCH = 7, AS_PRIVATE = 0, TCP = 6, UDP = 17, ICMP = 1 };
enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

/* Where the far end of a service lives. */
enum far { FAR_DNS, FAR_MAIL, FAR_FILES, FAR_ERP, FAR_WEB, FAR_VIDEO, FAR_CLOUD, FAR_PING };

/* What people in an office do: per second and 100 clients, with medians of a log-normal size. */
static const struct service {
	enum far far;
	uint8_t proto;
	uint16_t port;
	double per_s;            /* flows in a second, on average */
	double up, down, spread; /* median bytes each way; sigma of the logarithm */
	double seconds;          /* median duration */
	double burst;            /* 0 even, 1 comes and goes */
} services[] = {
    {FAR_DNS, UDP, 53, 9, 74, 180, 0.3, 0.02, 0.3},
    {FAR_WEB, TCP, 443, 10, 2600, 38e3, 1.5, 6, 0.6},
    {FAR_WEB, UDP, 443, 5, 3900, 90e3, 1.6, 9, 0.6},
    {FAR_WEB, TCP, 80, 1.2, 900, 9e3, 1.2, 2, 0.4},
    {FAR_CLOUD, TCP, 443, 1.1, 240e3, 60e3, 1.4, 20, 0.8},
    {FAR_MAIL, TCP, 993, 1.0, 3e3, 30e3, 1.3, 12, 0.2},
    {FAR_MAIL, TCP, 587, 0.3, 90e3, 4e3, 1.4, 5, 0.2},
    {FAR_FILES, TCP, 445, 2.2, 70e3, 500e3, 1.8, 25, 0.7},
    {FAR_ERP, TCP, 8443, 2.5, 4e3, 26e3, 0.9, 3, 0.5},
    {FAR_VIDEO, UDP, 3480, 0.5, 2.2e6, 3.4e6, 0.8, 50, 0.9},
    {FAR_PING, ICMP, 0, 0.4, 588, 588, 0.1, 6, 0.0},
};

/* The world outside: prefix, AS, weight. */
static const struct {
	uint8_t net[3];
	uint32_t as;
	double weight;
} outside[] = {
    {{203, 0, 113}, 64496, 5},  {{198, 51, 100}, 64499, 3}, {{192, 0, 2}, 64501, 2},
    {{198, 18, 7}, 64505, 1.5}, {{198, 19, 40}, 64510, 1},
};

struct dice {
	uint64_t s;
};

/* splitmix64 (public domain, S. Vigna): enough for a demo, and the same everywhere. */
static uint64_t roll(struct dice *d)
{
	uint64_t z = d->s += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static double uniform(struct dice *d)
{
	return (double)(roll(d) >> 11) * 0x1p-53;
}

static double lognormal(struct dice *d, double median, double sigma)
{
	double u = uniform(d) + 1e-12, v = uniform(d);
	return median * exp(sigma * sqrt(-2 * log(u)) * cos(2 * M_PI * v));
}

static struct ip v4(unsigned a, unsigned b, unsigned c, unsigned d)
{
	uint8_t four[4] = {(uint8_t)a, (uint8_t)b, (uint8_t)c, (uint8_t)d};
	return ip_from_v4(four);
}

/* A few clients are busy, many are not. */
static struct ip client(struct dice *d, bool branch)
{
	double u = uniform(d);
	unsigned n = (unsigned)(u * u * 118);
	return branch ? v4(10, 30, 1, 10 + n % 40) : v4(10, 20, 1 + n / 60, 10 + n % 60);
}

static struct ip server(struct dice *d, enum far far, uint32_t *as)
{
	*as = AS_PRIVATE;
	switch (far) {
	case FAR_DNS:
		return v4(10, 20, 0, 53);
	case FAR_MAIL:
		return v4(10, 20, 0, 25);
	case FAR_FILES:
		return v4(10, 20, 0, uniform(d) < 0.7 ? 40 : 41);
	case FAR_ERP:
		return v4(10, 20, 0, 80);
	case FAR_PING:
		return v4(10, 20, 0, 1);
	case FAR_WEB:
	case FAR_VIDEO:
	case FAR_CLOUD:
		break;
	}
	double sum = 0, u;
	for (size_t i = 0; i < ARRAY_LEN(outside); i++)
		sum += outside[i].weight;
	u = uniform(d) * sum;
	size_t i = 0;
	while (i + 1 < ARRAY_LEN(outside) && u >= outside[i].weight)
		u -= outside[i++].weight;
	double host = uniform(d);
	*as = outside[i].as;
	return v4(outside[i].net[0], outside[i].net[1], outside[i].net[2],
		  1 + (unsigned)(host * host * host * 250));
}

/* How busy a service is in a minute: 0.3 to 1.7, smooth between minutes. */
static double activity(size_t service, int64_t second, double burst)
{
	int64_t minute = second / 60;
	struct dice a = {(uint64_t)(minute * 131 + (int64_t)service)};
	struct dice b = {(uint64_t)((minute + 1) * 131 + (int64_t)service)};
	double x = (double)(second % 60) / 60, p = uniform(&a), q = uniform(&b);
	return 1 + burst * 1.4 * (p + (q - p) * x - 0.5);
}

/* Adds both directions of a conversation as the two records a router would send. */
static size_t add_pair(struct demo_flow *out, const struct demo_flow *f, uint64_t back_bytes,
		       uint64_t back_packets)
{
	out[0] = *f;
	out[1] = *f;
	out[1].src = f->dst;
	out[1].dst = f->src;
	out[1].src_port = f->dst_port;
	out[1].dst_port = f->src_port;
	out[1].src_as = f->dst_as;
	out[1].dst_as = f->src_as;
	out[1].in_if = f->out_if;
	out[1].out_if = f->in_if;
	out[1].bytes = back_bytes;
	out[1].packets = back_packets;
	return back_packets ? 2 : 1;
}

static uint64_t packets_of(double bytes, double size)
{
	return (uint64_t)(bytes / size) + 1;
}

static size_t one_flow(struct dice *d, const struct service *s, int64_t second,
		       struct demo_flow *out)
{
	bool branch = uniform(d) < 0.2;
	struct demo_flow f = {.proto = s->proto, .branch = branch};
	f.src = client(d, branch);
	f.dst = server(d, s->far, &f.dst_as);
	f.src_port = s->proto == ICMP ? 0 : (uint16_t)(32768 + roll(d) % 28000);
	f.dst_port = s->proto == ICMP ? 8 << 8 : s->port;
	double seconds = lognormal(d, s->seconds, 0.8);
	f.last_ms = second * 1000 + (int64_t)(uniform(d) * 1000);
	f.first_ms = f.last_ms - (int64_t)(fmin(seconds, 60) * 1000);
	f.in_if = branch ? IF_BRANCH : IF_INSIDE;
	f.out_if = f.dst_as ? IF_UPLINK : IF_INSIDE;
	f.tcp_flags = s->proto == TCP ? SYN | ACK | PSH | (uniform(d) < 0.85 ? FIN : RST) : 0;
	f.tos = s->far == FAR_VIDEO ? 0xb8 : 0;
	double up = lognormal(d, s->up, s->spread / 2), down = lognormal(d, s->down, s->spread);
	up = fmin(up, 60e6);
	down = fmin(down, 250e6);
	f.bytes = (uint64_t)fmax(up, 46);
	f.packets = packets_of(up + down / 12, up > down ? 1100 : 220);
	return add_pair(out, &f, (uint64_t)fmax(down, 46),
			packets_of(down, down > 2000 ? 1180 : 160));
}

/* The stories of the hour, by minute: a backup that fills the uplink, and a host that tries RDP
 * everywhere. */
static size_t stories(struct dice *d, int64_t second, struct demo_flow *out)
{
	int64_t minute = second / 60 % 60;
	size_t n = 0;
	if (minute >= 25 && minute < 38 && second % 10 == 0) {
		double mbit = 160 + 50 * uniform(d);
		struct demo_flow f = {.src = v4(10, 20, 2, 44),
				      .dst = v4(198, 51, 100, 77),
				      .src_port = 41873,
				      .dst_port = 873,
				      .proto = TCP,
				      .tcp_flags = ACK | PSH,
				      .in_if = IF_INSIDE,
				      .out_if = IF_UPLINK,
				      .dst_as = 64499,
				      .tos = 8};
		f.first_ms = (second - 10) * 1000;
		f.last_ms = second * 1000;
		f.bytes = (uint64_t)(mbit * 1e6 / 8 * 10);
		f.packets = f.bytes / 1460;
		n += add_pair(out + n, &f, f.packets / 2 * 52, f.packets / 2);
	}
	if (minute >= 45 && minute < 50) {
		for (unsigned i = 0; i < 12; i++) {
			unsigned target = (unsigned)((second % 300) * 12 + i);
			struct demo_flow f = {.src = v4(10, 20, 3, 66),
					      .dst = v4(10, 20, target / 250 % 4, 1 + target % 250),
					      .src_port = (uint16_t)(50000 + target % 9000),
					      .dst_port = 3389,
					      .proto = TCP,
					      .tcp_flags = SYN,
					      .in_if = IF_INSIDE,
					      .out_if = IF_INSIDE,
					      .bytes = 60,
					      .packets = 1};
			f.first_ms = f.last_ms = second * 1000 + i * 80;
			n += add_pair(out + n, &f, 0, 0);
		}
	}
	return n;
}

size_t demo_second(int64_t second, struct demo_flow out[DEMO_FLOWS_PER_SECOND_MAX])
{
	struct dice d = {(uint64_t)second * 0x2545f4914f6cdd1du};
	size_t n = stories(&d, second, out);
	for (size_t s = 0; s < ARRAY_LEN(services); s++) {
		double want = services[s].per_s * activity(s, second, services[s].burst);
		/* The fraction decides by chance, so that the mean is right. */
		unsigned k = (unsigned)want + (uniform(&d) < want - floor(want));
		for (unsigned i = 0; i < k && n + 2 <= DEMO_FLOWS_PER_SECOND_MAX; i++)
			n += one_flow(&d, &services[s], second, out + n);
	}
	return n;
}
