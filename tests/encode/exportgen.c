/* SPDX-License-Identifier: Apache-2.0 */
/* Exports flows that a scenario knows (flows_of in export_scenario.py reckons them again):
 *   exportgen [--ca FILE] [--certificate FILE] [--flows N] TARGETS    over the network
 *   exportgen --file PATH [--split]                       into an IPFIX file
 * Prints the counters of the exporter as JSON. */
#include "encode/exporter.h"
#include "encode/file.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FLOWS = 210, FLUSH_MS = 10000, TCP = 6, ICMP = 1, ICMP6 = 58, PING = 8, PING6 = 128 };

static void set_text(struct batch *b, enum field f, uint32_t row, const char *s)
{
	batch_use(b, f);
	if (batch_put_str(b, f, row, s, strlen(s)))
		batch_set_present(b, f, row);
}

static void set_list(struct batch *b, enum field f, uint32_t row, const uint32_t *v, size_t n)
{
	batch_use(b, f);
	batch_set_present(b, f, row);
	for (size_t i = 0; i < n; i++)
		if (!batch_push_u32(b, f, row, v[i]))
			abort();
}

/* Packets as a series, and a figure of NetTiSA. */
static void set_series(struct batch *b, uint32_t row, unsigned i)
{
	enum { PACKETS = 3, BINS = 8 };
	const uint32_t lengths[PACKETS] = {i, 1400, 40}, times[PACKETS] = {0, 15, 900},
		       flags[PACKETS] = {0x18, 0x10, 0x18}, ways[PACKETS] = {0, 1, 0},
		       bins[BINS] = {0, 0, 2, 0, 0, 0, 0, 70000};
	set_list(b, F_packet_lengths, row, lengths, PACKETS);
	set_list(b, F_packet_times_ms, row, times, PACKETS);
	set_list(b, F_packet_flags, row, flags, PACKETS);
	set_list(b, F_packet_directions, row, ways, PACKETS);
	set_list(b, F_histogram_lengths, row, bins, BINS);
	set_list(b, F_rev_histogram_gaps, row, bins, BINS);
	batch_set_num(b, F_nts_payload_mean_milli, row, 1000 * i + 500);
}

static void set_ends(struct batch *b, uint32_t row, unsigned i, bool six)
{
	char text[2][IP_TEXT_MAX];
	struct ip ip[2];
	snprintf(text[0], sizeof(text[0]), six ? "2001:db8::%x" : "10.0.0.%u", i % 250 + 1);
	snprintf(text[1], sizeof(text[1]), six ? "2001:db8:1::%x" : "192.0.2.%u", i % 200 + 1);
	for (int k = 0; k < 2; k++)
		if (ip_parse(text[k], strlen(text[k]), &ip[k]))
			abort();
	batch_set_ip(b, F_src_ip, row, &ip[0]);
	batch_set_ip(b, F_dst_ip, row, &ip[1]);
	batch_set_num(b, F_ip_version, row, six ? 6 : 4);
}

/* Every fifth flow is IPv6, every seventh a ping; every third has no answer; of those that are no
 * ping every fourth tells its packets. */
static void set_flow(struct batch *b, uint32_t row, unsigned i, int64_t now)
{
	bool six = i % 5 == 0, ping = i % 7 == 0;
	set_ends(b, row, i, six);
	batch_set_num(b, F_t_first, row, (uint64_t)now - 5000 - i);
	batch_set_num(b, F_t_last, row, (uint64_t)now - 1000 - i);
	batch_set_num(b, F_proto, row, !ping ? TCP : six ? ICMP6 : ICMP);
	batch_set_num(b, F_packets, row, 10 + i);
	batch_set_num(b, F_bytes, row, 1000 + 100ull * i);
	if (i % 3) {
		batch_set_num(b, F_rev_packets, row, 20 + i);
		batch_set_num(b, F_rev_bytes, row, 70000 + 10ull * i);
	}
	batch_set_num(b, F_vlan, row, 100 + i % 4);
	batch_set_num(b, F_in_if, row, 3);
	if (ping) {
		batch_set_num(b, F_icmp_type, row, six ? PING6 : PING);
		batch_set_num(b, F_icmp_code, row, 0);
		return;
	}
	batch_set_num(b, F_src_port, row, 20000 + i);
	batch_set_num(b, F_dst_port, row, i % 2 ? 80 : 443);
	batch_set_num(b, F_tcp_flags, row, 0x1b);
	if (i % 3)
		batch_set_num(b, F_rev_tcp_flags, row, 0x1a);
	if (i % 4 == 1)
		set_series(b, row, i);
	set_text(b, i % 2 ? F_http_host : F_tls_sni, row, i % 2 ? "www.example" : "tls.example");
}

static struct batch *flows(unsigned from, unsigned n, int64_t now)
{
	struct batch *b = batch_new(SHAPE_WIDE);
	if (!b)
		abort();
	for (unsigned i = 0; i < n; i++) {
		batch_open_rows(b, 1);
		set_flow(b, i, from + i, now);
		b->n++;
	}
	return b;
}

static int fail(const struct diag *d)
{
	fprintf(stderr, "exportgen: %s\n", d->msg);
	return 1;
}

static void *run(void *x)
{
	exporter_run(x);
	return NULL;
}

static int to_network(const char *targets, const struct tls_files *tls, unsigned n)
{
	struct export_target v[EXPORT_TARGETS_MAX];
	const struct export_interface interfaces[] = {{3, "eth3", "uplink"}};
	struct diag d = {0};
	struct exporter_opts o = {.targets = v,
				  .domain = 42,
				  .tls = *tls,
				  .interfaces = interfaces,
				  .n_interfaces = 1,
				  .active_timeout_s = 300,
				  .idle_timeout_s = 30};
	struct exporter *x;
	pthread_t thread;
	if (export_targets_parse(targets, v, &o.n_targets, &d) || exporter_new(&o, &x, &d))
		return fail(&d);
	if (pthread_create(&thread, NULL, run, x))
		abort();
	for (unsigned i = 0; i < n; i += FLOWS) {
		struct batch *b =
		    flows(i, n - i < FLOWS ? n - i : FLOWS, (int64_t)time(NULL) * 1000);
		exporter_give(x, &b);
		batch_free(b);
	}
	exporter_stop(x, FLUSH_MS);
	pthread_join(thread, NULL);
	struct stats s = {0};
	struct buf out = {0};
	exporter_stats(x, &s);
	stats_json(&out, &s);
	puts(buf_cstr(&out));
	buf_fini(&out);
	exporter_free(x);
	return 0;
}

static int to_file(const char *path, bool split)
{
	struct ipfix_file *f;
	struct diag d = {0};
	struct batch *b = flows(0, FLOWS, 1767268800000);
	if (ipfix_file_create(path, &(struct ipfix_file_opts){.domain = 42, .split = split}, &f,
			      &d))
		return fail(&d);
	int bad = ipfix_file_put(f, b) != ERR_OK;
	bad |= ipfix_file_close(f) != ERR_OK;
	batch_free(b);
	return bad;
}

int main(int argc, char **argv)
{
	struct tls_files tls = {.certificate = "", .key = "", .ca = ""};
	const char *file = NULL, *targets = "";
	unsigned n = FLOWS;
	bool split = false;
	for (int i = 1; i < argc; i++) {
		bool more = i + 1 < argc;
		if (more && strcmp(argv[i], "--ca") == 0)
			tls.ca = argv[++i];
		else if (more && strcmp(argv[i], "--certificate") == 0)
			tls.certificate = argv[++i];
		else if (more && strcmp(argv[i], "--flows") == 0)
			n = (unsigned)strtoul(argv[++i], NULL, 10);
		else if (more && strcmp(argv[i], "--file") == 0)
			file = argv[++i];
		else if (strcmp(argv[i], "--split") == 0)
			split = true;
		else
			targets = argv[i];
	}
	return file ? to_file(file, split) : to_network(targets, &tls, n);
}
