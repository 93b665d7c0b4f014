/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds captures of any kind to the meter with everything on, first as they are, then damaged:
 *
 *   damage SEED RUNS FILE...
 *
 * the file cut and with bits flipped at RUNS places, then RUNS times its first frames with bits
 * flipped, bytes cut off, frames lost, repeated and out of order, each in memory of exactly its
 * size. For builds with sanitizers; the same seed does the same. A run in which the records do not
 * say as many packets as were taken ends it. */
#include "encode/file.h"
#include "meter/meter.h"
#include "model/record.h"
#include "model/stats.h"
#include "packet/capture.h"

#include "base/buf.h"
#include "base/rd.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FRAMES = 256, FRAME_BYTES = 1 << 20, FILE_BYTES = 4 << 20 };

struct sums {
	uint64_t packets;
	struct buf json;
	struct ipfix_file *ipfix;
};

static uint64_t random_state;
static uint32_t some(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state >> 11) % below);
}

static void take(void *ctx, struct batch *b)
{
	struct sums *s = ctx;
	for (uint32_t i = 0; i < b->n; i++) {
		s->packets += batch_u64(b, F_packets)[i] + batch_u64(b, F_rev_packets)[i];
		buf_reset(&s->json);
		record_json(&s->json, b, i);
	}
	if (ipfix_file_put(s->ipfix, b))
		abort();
}

struct frames {
	size_t n;
	struct frame v[FRAMES];
};

/* A burst is taken when it is full or the end is there. */
static void feed(struct meter *m, const struct frames *f)
{
	for (size_t i = 0; i < f->n; i += METER_BURST)
		meter_frames(m, f->v + i, MIN_OF(f->n - i, (size_t)METER_BURST));
}

/* Meters what source() feeds; asserts that the records account for it. */
static void metered(const struct frames *f, const char *path)
{
	static struct stats stats;
	struct sums sums = {0};
	const struct ipfix_file_opts file = {.domain = 1, .split = some(4) == 0};
	const struct meter_opts o = {.max_flows = METER_FLOWS_MIN,
				     .vlan_key = some(2),
				     .tunnel_key = some(2),
				     .dissect = true,
				     .quality = true,
				     .dissect_bytes = some(4) ? 1 << 23 : 1 << 19,
				     .stats = &stats,
				     .emit = take,
				     .ctx = &sums};
	struct diag diag = {0};
	struct meter *m;
	stats = (struct stats){0};
	if (meter_new(&o, &m) || ipfix_file_create("/dev/null", &file, &sums.ipfix, &diag))
		abort();
	if (f) {
		feed(m, f);
	} else {
		struct frame v[METER_BURST];
		struct capture *c;
		size_t n;
		if (capture_open(path, &c, &diag) == ERR_OK) {
			while (capture_burst(c, v, METER_BURST, &n, &diag) == ERR_OK)
				meter_frames(m, v, n);
			capture_close(c);
		}
	}
	meter_flush(m);
	if (sums.packets != stats.v[ST_meter_packets] || meter_flows(m)) {
		fprintf(stderr, "damage: %llu packets in records, %llu taken\n",
			(unsigned long long)sums.packets,
			(unsigned long long)stats.v[ST_meter_packets]);
		abort();
	}
	meter_free(m);
	if (ipfix_file_close(sums.ipfix))
		abort();
	buf_fini(&sums.json);
}

static void metered_bytes(const uint8_t *p, size_t n)
{
	char path[64];
	int fd = memfd_create("damaged", MFD_CLOEXEC);
	if (fd < 0 || write(fd, p, n) != (ssize_t)n)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	metered(NULL, path);
	close(fd);
}

/* --- damage */

static void damage_file(const char *path, uint32_t runs)
{
	struct buf b = {0};
	uint8_t part[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;
	while (fd >= 0 && b.n < FILE_BYTES && (got = read(fd, part, sizeof(part))) > 0)
		buf_put(&b, part, (size_t)got);
	close(fd);
	for (uint32_t i = 0; b.n > 1 && i < runs; i++) {
		/* the front has the headers, and costs least */
		size_t reach = i % 2 ? b.n : MIN_OF(b.n, (size_t)4096);
		metered_bytes(b.p, 1 + some((uint32_t)reach - 1));
		size_t at = some((uint32_t)reach);
		uint8_t bit = (uint8_t)(1u << some(8));
		b.p[at] ^= bit;
		metered_bytes(b.p, reach);
		b.p[at] ^= bit;
	}
	buf_fini(&b);
}

static struct frame own(const struct frame *f, size_t n)
{
	struct frame ret = *f;
	uint8_t *p = malloc(n ? n : 1);
	if (!p)
		abort();
	memcpy(p, f->p, n);
	ret.p = p;
	ret.n = n;
	return ret;
}

static void drop(struct frames *f)
{
	for (size_t i = 0; i < f->n; i++)
		free((void *)(uintptr_t)f->v[i].p);
	f->n = 0;
}

static void read_frames(const char *path, struct frames *ret)
{
	struct capture *c;
	struct frame f;
	struct diag diag = {0};
	size_t bytes = 0;
	ret->n = 0;
	if (capture_open(path, &c, &diag))
		return;
	while (ret->n < FRAMES && bytes < FRAME_BYTES && capture_next(c, &f, &diag) == ERR_OK) {
		bytes += f.n;
		ret->v[ret->n++] = own(&f, f.n);
	}
	capture_close(c);
}

/* Each kind happens to one frame in 1 << rarity[kind]; a run has some of the kinds. */
static void damage_frames(const struct frames *f, uint32_t kinds)
{
	enum { FLIP = 1, CUT = 2, LOSE = 4, REPEAT = 8, SWAP = 16 };
	static struct frames out;
	uint32_t rare = 2 + some(12);
	out.n = 0;
	for (size_t i = 0; i < f->n && out.n < FRAMES; i++) {
		size_t n = f->v[i].n;
		if ((kinds & LOSE) && some(rare) == 0)
			continue;
		if ((kinds & CUT) && some(rare) == 0)
			n = some((uint32_t)n + 1);
		out.v[out.n] = own(&f->v[i], n);
		if ((kinds & FLIP) && n && some(rare) == 0)
			((uint8_t *)(uintptr_t)out.v[out.n].p)[some((uint32_t)n)] ^=
			    (uint8_t)(1u << some(8));
		out.n++;
		if ((kinds & REPEAT) && some(rare) == 0)
			i -= MIN_OF(i, (size_t)some(3));
		if ((kinds & SWAP) && out.n > 1 && some(rare) == 0) {
			size_t with = out.n - 1 - some((uint32_t)MIN_OF(out.n, (size_t)4));
			struct frame t = out.v[with];
			out.v[with] = out.v[out.n - 1];
			out.v[out.n - 1] = t;
		}
	}
	metered(&out, NULL);
	drop(&out);
}

int main(int argc, char **argv)
{
	static struct frames f;
	if (argc < 4) {
		fprintf(stderr, "usage: damage SEED RUNS FILE...\n");
		return 2;
	}
	uint32_t runs = (uint32_t)strtoul(argv[2], NULL, 10);
	for (int i = 3; i < argc; i++) {
		random_state = (strtoull(argv[1], NULL, 10) + 1) * 0x9e3779b97f4a7c15u;
		metered(NULL, argv[i]);
		damage_file(argv[i], runs / 8);
		read_frames(argv[i], &f);
		for (uint32_t k = 0; f.n && k < runs; k++)
			damage_frames(&f, k % 2 ? 1 : 1 + some(31));
		drop(&f);
		printf("%s\n", argv[i]);
		fflush(stdout);
	}
	return 0;
}
