/* SPDX-License-Identifier: Apache-2.0 */
/* CPU seconds that enriching takes per million rows, with the data sets named (or the installed
 * ones), for addresses drawn from all of IPv4 and for addresses as a site sees them (a few
 * thousand, some much more often). Also with what the spool then does with the columns. Prints a
 * line of JSON per figure. `enrich_bench COUNTRY.mmdb AS.db [MILLIONS [NETWORKS.csv]]` */
#include "base/timefmt.h"
#include "enrich/enrich.h"
#include "model/batch.h"
#include "spool/segbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SITE, SPREAD, SKEWED };
enum { POOL = 4096, PAIRS = 32, FLUSH_ROWS = 1 << 19 };

static double cpu_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static struct ip address(uint64_t r)
{
	uint8_t four[4] = {(uint8_t)(1 + r % 222), (uint8_t)(r >> 8), (uint8_t)(r >> 16),
			   (uint8_t)(r >> 24)};
	return ip_from_v4(four);
}

static struct ip number(uint32_t v)
{
	uint8_t four[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
	return ip_from_v4(four);
}

/* As flowsend draws them: few often, many seldom. */
static uint32_t skewed(uint64_t *state, uint32_t n)
{
	double u = (double)(next(state) >> 11) / 9007199254740992.0;
	return (uint32_t)(u * u * u * n);
}

/* Batches made beforehand, so that only enriching is timed. */
static void make(struct batch *v[PAIRS], int spread)
{
	static struct ip pool[POOL];
	uint64_t state = 88172645463325252ull;
	for (int i = 0; i < POOL; i++)
		pool[i] = address(next(&state));
	for (int k = 0; k < PAIRS; k++) {
		struct batch *b = v[k] = batch_new(SHAPE_CORE);
		batch_open_rows(b, BATCH_ROWS);
		for (uint32_t i = 0; i < BATCH_ROWS; i++) {
			uint64_t r = next(&state), at = (r & 4095) * (r >> 12 & 4095) >> 12;
			struct ip src = spread ? address(r) : pool[at];
			struct ip dst = spread ? address(next(&state)) : pool[r >> 24 & 4095];
			if (spread == SKEWED) {
				src = number(0x0a000000 + skewed(&state, 65536));
				dst = number(0xcb007100 + skewed(&state, 400000));
			}
			if (r >> 59 & 1) {
				struct ip t = src;
				src = dst;
				dst = t;
			}
			batch_set_ip(b, F_src_ip, i, &src);
			batch_set_ip(b, F_dst_ip, i, &dst);
			batch_set_num(b, F_src_as, i, 0);
			batch_set_num(b, F_dst_as, i, 0);
			batch_set_num(b, F_src_port, i, 32768 + (r >> 40) % 28000);
			batch_set_num(b, F_dst_port, i, r >> 60 ? 443 : 53);
			batch_set_num(b, F_proto, i, r >> 60 ? 6 : 17);
		}
		b->n = BATCH_ROWS;
	}
}

/* What enriching added is taken away again. */
static void restore(struct batch *b, const uint64_t has[BATCH_FIELD_WORDS])
{
	memcpy(b->has_, has, sizeof(b->has_));
	buf_reset(&b->heap);
	for (unsigned w = 0; w < PRESENT_WORDS; w++)
		for (uint32_t i = 0; b->present[w] && w && i < b->n; i++)
			b->present[w][i] = 0;
}

static const char *const addresses[] = {"a site's", "all of IPv4", "as flowsend's"};

static int run(const struct enrich_opts *o, const char *what, int spread, bool spool,
	       double millions)
{
	static struct batch *v[PAIRS];
	uint64_t has[BATCH_FIELD_WORDS], rows = 0;
	struct enrich *e;
	struct enrich_seat *seat;
	struct enrich_notice n;
	struct segbuf *s = segbuf_new();
	if (!s || enrich_new(o, &e) || enrich_seat_new(e, &seat))
		return 1;
	double load = cpu_s();
	(void)enrich_refresh(e, clock_mono_ns());
	load = cpu_s() - load;
	while (enrich_next_notice(e, &n))
		fprintf(stderr, "%s\n", n.text);
	make(v, spread);
	memcpy(has, v[0]->has_, sizeof(has));
	segbuf_begin(s, SHAPE_CORE, 0);
	double took = 0;
	while ((double)rows < millions * 1e6) {
		double start = cpu_s();
		for (int k = 0; k < PAIRS; k++) {
			if (!enrich_batch(seat, v[k]))
				return 1;
			if (spool && !segbuf_append(s, v[k], 0, v[k]->n))
				return 1;
			rows += v[k]->n;
		}
		took += cpu_s() - start;
		for (int k = 0; k < PAIRS; k++)
			restore(v[k], has);
		if (s->rows > FLUSH_ROWS)
			segbuf_begin(s, SHAPE_CORE, 0);
	}
	printf(
	    "{\"bench\":\"enrich\",\"what\":\"%s\",\"addresses\":\"%s\",\"cpu_s_per_million\":%.4f,"
	    "\"load_cpu_s\":%.2f}\n",
	    what, addresses[spread], took * 1e6 / (double)rows, load);
	for (int k = 0; k < PAIRS; k++)
		batch_free(v[k]);
	segbuf_free(s);
	enrich_seat_free(&seat);
	enrich_free(&e);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	double millions = argc > 3 ? strtod(argv[3], NULL) : 20;
	const struct enrich_opts off = {
	    .country_data = "", .as_data = "", .networks = "", .as = ENRICH_AS_OFF};
	struct enrich_opts on = off;
	on.country_data = argv[1];
	on.as_data = argv[2];
	on.as = ENRICH_AS_FLOW;
	struct enrich_opts all = on;
	all.applications = true;
	all.services = "/etc/services";
	all.networks = argc > 4 ? argv[4] : "";
	int bad = 0;
	for (int spread = SITE; spread <= SKEWED; spread++) {
		bad |= run(&on, "country, AS", spread, false, millions);
		bad |= run(&all, "country, AS, applications", spread, false, millions);
	}
	bad |= run(&off, "nothing, appended to a segment", SKEWED, true, millions);
	bad |= run(&on, "country, AS, appended to a segment", SKEWED, true, millions);
	bad |=
	    run(&all, "country, AS, applications, appended to a segment", SKEWED, true, millions);
	return bad;
}
