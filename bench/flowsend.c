/* SPDX-License-Identifier: Apache-2.0 */
/* Sends NetFlow v5, v9, IPFIX or sFlow as fast as it can or at a rate: the load of the collector
 * benchmarks. Datagrams are made beforehand (many distinct 5-tuples, addresses skewed as in real
 * traffic), so that sending costs little; only time, sequence number and source id are written when
 * one is sent. Each exporter has an address and a port of its own (127.0.0.2...), its own sequence,
 * and sends its template again and again. Deterministic for a seed. Prints one line of JSON. */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	DATAGRAM_MAX = 1472,
	BURST = 64,
	TEMPLATE_EVERY = 512,
	EXPORTERS_MAX = 200,
	TEMPLATE_ID = 256,
	UPTIME_MS = 7200000
};

enum proto { V5, V9, IPFIX, SFLOW, PROTOS };

static const struct {
	const char *name;
	uint32_t records, header;
} protos[] = {[V5] = {"v5", 30, 24},
	      [V9] = {"v9", 25, 20},
	      [IPFIX] = {"ipfix", 22, 16},
	      [SFLOW] = {"sflow", 6, 28}};

/* A flow sample: 128 bytes of an Ethernet frame, and what the switch knows of its VLANs. */
enum { FRAME = 128, SFLOW_SAMPLE = 8 + 32 + 8 + 16 + FRAME + 8 + 16, SAMPLING_RATE = 512 };

/* What a record says; 20 elements, 56 bytes in v9, 64 in IPFIX (counters of 8 bytes). */
struct element {
	uint16_t v9, ipfix;
	uint8_t len9, len10;
};
static const struct element elements[] = {
    {8, 8, 4, 4},   {12, 12, 4, 4}, {15, 15, 4, 4},  {10, 10, 4, 4},  {14, 14, 4, 4},
    {2, 2, 4, 8},   {1, 1, 4, 8},   {22, 150, 4, 4}, {21, 151, 4, 4}, {7, 7, 2, 2},
    {11, 11, 2, 2}, {6, 6, 1, 1},   {4, 4, 1, 1},    {5, 5, 1, 1},    {16, 16, 4, 4},
    {17, 17, 4, 4}, {9, 9, 1, 1},   {13, 13, 1, 1},  {58, 58, 2, 2},  {89, 89, 1, 1},
};
enum { ELEMENTS = sizeof(elements) / sizeof(elements[0]) };

struct flow {
	uint64_t value[ELEMENTS]; /* in the order of elements */
};

struct datagram {
	uint32_t n;
	uint8_t p[DATAGRAM_MAX];
};

struct exporter {
	int fd;
	uint32_t seq, since_template, samples;
};

struct options {
	enum proto proto;
	struct sockaddr_in to;
	uint64_t count;       /* records to send, at least */
	double rate, seconds; /* records/s, 0 = as fast as it goes; 0 = no limit */
	double span; /* seconds of device time that the records of a run cover; 0 = real time */
	uint32_t exporters, distinct;
	uint64_t seed;
};

static uint64_t next_random(uint64_t *s)
{
	uint64_t z = (*s += 0x9e3779b97f4a7c15u);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* 0..n-1, small numbers far more often. */
static uint32_t skewed(uint64_t *s, uint32_t n)
{
	double u = (double)(next_random(s) >> 11) / 9007199254740992.0;
	return (uint32_t)(pow(u, 3) * n);
}

static struct flow make_flow(uint64_t *s, enum proto p, uint32_t now)
{
	static const uint16_t ports[] = {443, 443, 443, 80, 53, 53, 22, 123};
	uint64_t r = next_random(s);
	uint64_t client = 0x0a000000 + skewed(s, 65536), server = 0xcb007100 + skewed(s, 400000);
	uint64_t cport = 1024 + (r & 0xffff) % 64000, sport = ports[(r >> 16) & 7];
	bool udp = sport == 53 || sport == 123, back = r >> 20 & 1;
	uint64_t packets = 1 + skewed(s, udp ? 4 : 2000), bytes = packets * (60 + (r >> 24) % 1400);
	uint32_t length = udp ? 0 : (uint32_t)((r >> 36) % 60000);
	uint64_t first = p == IPFIX ? now - length / 1000 : UPTIME_MS - 1000 - length;
	uint64_t last = p == IPFIX ? now : UPTIME_MS - 1000;
	return (struct flow){{back ? server : client,
			      back ? client : server,
			      0x0a0000fe,
			      1 + (r >> 40) % 16,
			      17 + (r >> 44) % 16,
			      packets,
			      bytes,
			      first,
			      last,
			      back ? sport : cport,
			      back ? cport : sport,
			      udp ? 0 : 0x1b,
			      udp ? 17 : 6,
			      (r >> 48) % 2 ? 0 : 0xb8,
			      64512,
			      100 + skewed(s, 60000),
			      24,
			      16,
			      10 + (r >> 52) % 8,
			      64}};
}

static uint8_t *put(uint8_t *p, uint64_t v, size_t n)
{
	for (size_t i = n; i-- > 0; v >>= 8)
		p[i] = (uint8_t)v;
	return p + n;
}

/* NetFlow v5: fixed places (Cisco's format of 48 bytes). */
static uint8_t *put_v5(uint8_t *p, const struct flow *f)
{
	const uint64_t *v = f->value;
	for (int i = 0; i < 3; i++)
		p = put(p, v[i], 4);
	p = put(p, v[3], 2);
	p = put(p, v[4], 2);
	for (int i = 5; i < 9; i++)
		p = put(p, v[i], 4);
	p = put(p, v[9], 2);
	p = put(p, v[10], 2);
	p = put(p, v[11], 2); /* pad, flags */
	p = put(p, v[12], 1);
	p = put(p, v[13], 1);
	p = put(p, v[14], 2);
	p = put(p, v[15], 2);
	p = put(p, v[16], 1);
	p = put(p, v[17], 1);
	return put(p, 0, 2);
}

/* Ethernet, IPv4, TCP or UDP; then zeros. */
static void put_frame(uint8_t *p, const struct flow *f)
{
	const uint64_t *v = f->value;
	uint8_t *end = p + FRAME;
	p = put(put(put(p, 0x020000000001, 6), 0x020000000002, 6), 0x0800, 2);
	p = put(put(p, 0x45, 1), v[13], 1);
	p = put(put(p, v[6] / v[5], 2), 1 << 16, 4);
	p = put(put(put(p, 64, 1), v[12], 1), 0, 2);
	p = put(put(p, v[0], 4), v[1], 4);
	p = put(put(p, v[9], 2), v[10], 2);
	p = put(put(p, 1, 8), v[12] == 6 ? 0x5000 | v[11] : 0, 2);
	memset(p, 0, (size_t)(end - p));
}

/* sFlow v5: a flow sample with a raw header and an extended switch record. */
static uint8_t *put_sflow(uint8_t *p, const struct flow *f)
{
	const uint64_t *v = f->value;
	p = put(put(put(p, 1, 4), SFLOW_SAMPLE - 8, 4), 0, 4); /* the sequence comes later */
	p = put(put(put(p, v[3], 4), SAMPLING_RATE, 4), 0, 4);
	p = put(put(put(put(p, 0, 4), v[3], 4), v[4], 4), 2, 4);
	p = put(put(put(p, 1, 4), 16 + FRAME, 4), 1, 4);
	p = put(put(put(p, v[6] / v[5] + 18, 4), 4, 4), FRAME, 4);
	put_frame(p, f);
	p = put(put(p + FRAME, 1001, 4), 16, 4);
	return put(put(put(put(p, v[18], 4), 0, 4), v[18], 4), 0, 4);
}

static uint8_t *put_record(uint8_t *p, enum proto proto, const struct flow *f)
{
	if (proto == V5 || proto == SFLOW)
		return proto == V5 ? put_v5(p, f) : put_sflow(p, f);
	for (int i = 0; i < ELEMENTS; i++)
		p = put(p, f->value[i], proto == V9 ? elements[i].len9 : elements[i].len10);
	return p;
}

static bool has_template(enum proto proto)
{
	return proto == V9 || proto == IPFIX;
}

static void make_datagram(struct datagram *d, const struct options *o, uint64_t *s, uint32_t now)
{
	uint8_t *p = d->p + protos[o->proto].header, *set = p;
	uint32_t n = protos[o->proto].records;
	bool sets = has_template(o->proto);
	if (sets)
		p += 4;
	for (uint32_t i = 0; i < n; i++) {
		struct flow f = make_flow(s, o->proto, now);
		p = put_record(p, o->proto, &f);
	}
	if (sets) {
		put(set, TEMPLATE_ID, 2);
		put(set + 2, (uint64_t)(p - set), 2);
	}
	d->n = (uint32_t)(p - d->p);
}

static void make_template(struct datagram *d, enum proto proto)
{
	uint8_t *p = d->p + protos[proto].header, *set = p;
	p = put(p + 4, TEMPLATE_ID, 2);
	p = put(p, ELEMENTS, 2);
	for (int i = 0; i < ELEMENTS; i++) {
		p = put(p, proto == V9 ? elements[i].v9 : elements[i].ipfix, 2);
		p = put(p, proto == V9 ? elements[i].len9 : elements[i].len10, 2);
	}
	put(set, proto == V9 ? 0 : 2, 2);
	put(set + 2, (uint64_t)(p - set), 2);
	d->n = (uint32_t)(p - d->p);
}

/* The header as of now; the exporter's sequence moves on by what the datagram holds. */
static void stamp(struct datagram *d, enum proto proto, struct exporter *e, uint32_t id,
		  uint32_t records, uint32_t now)
{
	uint8_t *p = d->p;
	switch (proto) {
	case V5:
		p = put(put(p, 5, 2), records, 2);
		p = put(put(put(p, UPTIME_MS, 4), now, 4), 0, 4);
		p = put(p, e->seq, 4);
		put(put(p, id, 2), 0, 2);
		e->seq += records;
		break;
	case V9:
		p = put(put(p, 9, 2), records ? records : 1, 2);
		p = put(put(p, UPTIME_MS, 4), now, 4);
		put(put(p, e->seq, 4), id, 4);
		e->seq++;
		break;
	case IPFIX:
		p = put(put(p, 10, 2), d->n, 2);
		put(put(put(p, now, 4), e->seq, 4), id, 4);
		e->seq += records;
		break;
	case SFLOW:
		p = put(put(put(p, 5, 4), 1, 4), 0x7f000002 + id, 4);
		p = put(put(put(put(p, 0, 4), e->seq++, 4), UPTIME_MS, 4), records, 4);
		for (uint32_t i = 0; i < records; i++)
			put(p + (size_t)i * SFLOW_SAMPLE + 8, e->samples++, 4);
		break;
	case PROTOS:
		break;
	}
}

static int open_exporter(const struct options *o, uint32_t i)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002 + i)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = 1 << 22;
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    connect(fd, (const struct sockaddr *)&o->to, sizeof(o->to)) != 0) {
		perror("flowsend");
		exit(1);
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return fd;
}

struct sums {
	uint64_t datagrams, records, errors;
};

/* The time in the headers: the wall clock, or a span that ends now, gone through as records are
 * sent. */
static uint32_t device_time(const struct options *o, const struct sums *s)
{
	double now = (double)time(NULL);
	if (o->span > 0)
		now -= o->span * (1 - (double)s->records / (double)o->count);
	return (uint32_t)now;
}

static void send_burst(const struct options *o, struct exporter *e, uint32_t id, struct datagram *d,
		       uint32_t n, uint32_t records, struct sums *sums)
{
	struct mmsghdr msg[BURST] = {0};
	struct iovec iov[BURST];
	uint32_t now = device_time(o, sums);
	for (uint32_t i = 0; i < n; i++) {
		stamp(&d[i], o->proto, e, id, records, now);
		iov[i] = (struct iovec){d[i].p, d[i].n};
		msg[i].msg_hdr.msg_iov = &iov[i];
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	for (uint32_t done = 0; done < n;) {
		int k = sendmmsg(e->fd, msg + done, n - done, 0);
		if (k < 0 && errno == ECONNREFUSED)
			continue; /* an answer to an earlier datagram: nobody listens */
		if (k < 0) {
			sums->errors++;
			break;
		}
		done += (uint32_t)k;
	}
	sums->datagrams += n;
	sums->records += (uint64_t)n * records;
}

static double now_s(clockid_t c)
{
	struct timespec t;
	clock_gettime(c, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void pace(const struct options *o, double start, const struct sums *s)
{
	double due = o->rate > 0 ? start + (double)s->records / o->rate : 0;
	struct timespec t = {(time_t)due, (long)((due - floor(due)) * 1e9)};
	while (due > now_s(CLOCK_MONOTONIC) &&
	       clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

static void run(const struct options *o, struct datagram *d, struct exporter *e)
{
	struct sums s = {0};
	struct datagram template;
	const uint32_t records = protos[o->proto].records;
	/* Slow rates go in smaller bursts, so that at least 100 a second are sent. */
	uint32_t burst = BURST;
	if (o->rate > 0 && o->rate / 100 / records < burst)
		burst = o->rate / 100 / records < 1 ? 1 : (uint32_t)(o->rate / 100 / records);
	double start = now_s(CLOCK_MONOTONIC);
	make_template(&template, o->proto);
	uint32_t at = 0;
	for (uint32_t turn = 0; s.records < o->count; turn++) {
		uint32_t i = turn % o->exporters;
		uint64_t left = (o->count - s.records - 1) / records + 1;
		uint32_t n = left < burst ? (uint32_t)left : burst;
		if (has_template(o->proto) && e[i].since_template == 0)
			send_burst(o, &e[i], i, &template, 1, 0, &s);
		e[i].since_template =
		    e[i].since_template + n >= TEMPLATE_EVERY ? 0 : e[i].since_template + n;
		if (at + n > o->distinct)
			at = 0;
		send_burst(o, &e[i], i, d + at, n, records, &s);
		at += n;
		if (o->seconds > 0 && now_s(CLOCK_MONOTONIC) - start >= o->seconds)
			break;
		pace(o, start, &s);
	}
	double took = now_s(CLOCK_MONOTONIC) - start;
	printf("{\"proto\":\"%s\",\"datagrams\":%llu,\"records\":%llu,\"errors\":%llu,\"seconds\":%"
	       ".3f,"
	       "\"records_per_s\":%.0f,\"cpu_s\":%.3f}\n",
	       protos[o->proto].name, (unsigned long long)s.datagrams,
	       (unsigned long long)s.records, (unsigned long long)s.errors, took,
	       (double)s.records / took, now_s(CLOCK_PROCESS_CPUTIME_ID));
}

static int usage(void)
{
	fprintf(stderr, "usage: flowsend v5|v9|ipfix|sflow ADDRESS PORT [-n RECORDS] [-r "
			"RECORDS/S] [-t SECONDS] "
			"[-e EXPORTERS] [-d DISTINCT_DATAGRAMS] [-s SEED] [-w SPAN_SECONDS]\n");
	return 2;
}

static bool parse(int argc, char **argv, struct options *o)
{
	*o = (struct options){.count = UINT64_MAX, .exporters = 8, .distinct = 16384, .seed = 1};
	if (argc < 4)
		return false;
	while (o->proto < PROTOS && strcmp(argv[1], protos[o->proto].name) != 0)
		o->proto++;
	o->to = (struct sockaddr_in){.sin_family = AF_INET,
				     .sin_port = htons((uint16_t)strtoul(argv[3], NULL, 10))};
	if (o->proto == PROTOS || inet_pton(AF_INET, argv[2], &o->to.sin_addr) != 1)
		return false;
	for (int c; (c = getopt(argc - 3, argv + 3, "n:r:t:e:d:s:w:")) != -1;) {
		double v = optarg ? strtod(optarg, NULL) : 0;
		if (c == 'n')
			o->count = (uint64_t)v;
		else if (c == 'r')
			o->rate = v;
		else if (c == 't')
			o->seconds = v;
		else if (c == 'e')
			o->exporters = (uint32_t)v;
		else if (c == 'd')
			o->distinct = (uint32_t)v;
		else if (c == 's')
			o->seed = (uint64_t)v;
		else if (c == 'w')
			o->span = v;
		else
			return false;
	}
	return o->span >= 0 && (o->span == 0 || o->count != UINT64_MAX) && o->exporters >= 1 &&
	       o->exporters <= EXPORTERS_MAX && o->distinct >= BURST &&
	       (o->count != UINT64_MAX || o->seconds > 0) &&
	       ntohl(o->to.sin_addr.s_addr) >> 24 == 127;
}

int main(int argc, char **argv)
{
	struct options o;
	if (!parse(argc, argv, &o))
		return usage();
	struct datagram *d = calloc(o.distinct, sizeof(*d));
	struct exporter *e = calloc(o.exporters, sizeof(*e));
	if (!d || !e)
		return 1;
	uint32_t now = (uint32_t)time(NULL);
	for (uint32_t i = 0; i < o.distinct; i++)
		make_datagram(&d[i], &o, &o.seed, now);
	for (uint32_t i = 0; i < o.exporters; i++)
		e[i].fd = open_exporter(&o, i);
	run(&o, d, e);
	for (uint32_t i = 0; i < o.exporters; i++)
		close(e[i].fd);
	free(e);
	free(d);
	return 0;
}
