/* SPDX-License-Identifier: Apache-2.0 */
/* Files of exports: captures of every kind, messages one after another, and what is no export.
 * Files are made in a temporary folder. */
#include "decode/harness.h"

#include "decode/corpus.h"
#include "decode/export_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture {
	struct harness *h;
	char path[64];
	uint64_t payloads;
	int64_t last_t_ns;
};

static struct fixture new_fixture(void)
{
	struct fixture f = {.h = harness_new(NULL), .path = "/tmp/weir-test-XXXXXX"};
	int fd = mkstemp(f.path);
	assert_true(fd >= 0);
	close(fd);
	return f;
}

static void end_fixture(struct fixture *f)
{
	unlink(f->path);
	harness_free(f->h);
}

/* Writes b as the file and decodes it; rows stay in f->h. Returns how reading ended. */
static enum err decode(struct fixture *f, const struct buf *b)
{
	FILE *file = fopen(f->path, "wb");
	struct export_file *e;
	struct diag diag;
	struct datagram dg;
	assert_non_null(file);
	assert_int_equal(fwrite(b->p, 1, b->n, file), b->n);
	fclose(file);
	enum err end = export_file_open(f->path, &f->h->stats, &e, &diag);
	if (end)
		return end;
	while ((end = export_file_next(e, &dg, &f->last_t_ns, &diag)) == ERR_OK) {
		decoder_feed(f->h->decoder, &dg);
		f->payloads++;
	}
	export_file_close(e);
	decoder_flush(f->h->decoder);
	return end;
}

/* Rows that a corpus item gives when it is fed as one datagram. */
static uint32_t rows_of(const char *name, enum corpus_kind kind)
{
	struct harness *h = harness_new(NULL);
	struct buf b = {0};
	for (unsigned i = 0; i < corpus_n; i++)
		if (strcmp(corpus_items[i].name, name) == 0 && corpus_items[i].kind == kind)
			corpus_items[i].make(&b);
	assert_true(b.n > 0);
	harness_feed(h, &b);
	uint32_t n = h->rows->n;
	buf_fini(&b);
	harness_free(h);
	return n;
}

static void make(struct buf *b, const char *name, enum corpus_kind kind)
{
	for (unsigned i = 0; i < corpus_n; i++)
		if (strcmp(corpus_items[i].name, name) == 0 && corpus_items[i].kind == kind)
			corpus_items[i].make(b);
}

static void captured_datagrams(void **state)
{
	(void)state;
	struct fixture f = new_fixture();
	struct buf b = {0};
	char text[IP_TEXT_MAX];
	make(&b, "udp", CORPUS_CAPTURE);
	assert_int_equal(decode(&f, &b), ERR_NOT_FOUND);
	assert_int_equal(f.payloads, 2);
	assert_int_equal(f.h->rows->n, 4 + rows_of("nf9", CORPUS_NF9));
	ip_format(&batch_ip(f.h->rows, F_exporter_ip)[0], text);
	assert_string_equal(text, "192.0.2.1");
	ip_format(&batch_ip(f.h->rows, F_exporter_ip)[4], text);
	assert_string_equal(text, "2001:db8::1");
	assert_int_equal(batch_ms(f.h->rows, F_t_recv)[4], 1767268800100);
	assert_int_equal(f.last_t_ns, 0);
	assert_int_equal(harness_exporter(f.h).port, 2055);
	buf_fini(&b);
	end_fixture(&f);
}

static void captured_fragments(void **state)
{
	(void)state;
	struct fixture f = new_fixture();
	struct buf b = {0};
	make(&b, "fragments", CORPUS_CAPTURE);
	assert_int_equal(decode(&f, &b), ERR_NOT_FOUND);
	assert_int_equal(f.payloads, 1);
	assert_int_equal(f.h->rows->n, 70);
	assert_int_equal(harness_stat(f.h, ST_reject_reassembly), 0);
	/* without its last fragment */
	f.payloads = 0;
	b.n -= b.p[b.n - 4] | b.p[b.n - 3] << 8;
	assert_int_equal(decode(&f, &b), ERR_NOT_FOUND);
	assert_int_equal(f.payloads, 0);
	assert_int_equal(harness_stat(f.h, ST_reject_reassembly), 1);
	buf_fini(&b);
	end_fixture(&f);
}

static void captured_stream(void **state)
{
	(void)state;
	struct fixture f = new_fixture();
	struct buf b = {0};
	make(&b, "tcp", CORPUS_CAPTURE);
	assert_int_equal(decode(&f, &b), ERR_NOT_FOUND);
	assert_int_equal(f.payloads, 2); /* messages, not segments */
	assert_int_equal(f.h->rows->n, rows_of("two", CORPUS_IPFIX));
	assert_int_equal(harness_malformed_total(f.h), 0);
	buf_fini(&b);
	end_fixture(&f);
}

static void other_traffic_is_no_export(void **state)
{
	(void)state;
	struct fixture f = new_fixture();
	struct buf b = {0}, m = {0};
	wire_pcap_header(&b, 1, false);
	wire_pcap_udp(&b, 1767268800000000, "192.0.2.8", 53,
		      "\x12\x34\1\0\0\1\0\0\0\0\0\0\1a\2de\0\0\1\0\1", 21);
	make(&m, "nf5", CORPUS_NF5);
	wire_pcap_udp(&b, 1767268800000000, "192.0.2.1", 2055, m.p, m.n);
	wire_pcap_udp(&b, 1767268800000000, "192.0.2.1", 53, m.p,
		      60); /* its other ports are not the exporter */
	wire_pcap_udp(&b, 1767268800000000, "192.0.2.1", 2055, m.p, 60);
	assert_int_equal(decode(&f, &b), ERR_NOT_FOUND);
	assert_int_equal(f.payloads, 4);
	assert_int_equal(harness_stat(f.h, ST_reject_not_export), 2);
	assert_int_equal(harness_stat(f.h, ST_datagrams_decoded), 2);
	assert_int_equal(harness_stat(f.h, ST_malformed_count), 1);
	buf_fini(&b);
	buf_fini(&m);
	end_fixture(&f);
}

static void cut_capture_gives_what_is_there(void **state)
{
	(void)state;
	struct fixture f = new_fixture();
	struct buf b = {0};
	make(&b, "udp", CORPUS_CAPTURE);
	b.n -= 10;
	assert_int_equal(decode(&f, &b), ERR_MALFORMED);
	assert_int_equal(f.h->rows->n, 4);
	buf_fini(&b);
	end_fixture(&f);
}

static void messages_one_after_another(void **state)
{
	(void)state;
	struct fixture f = new_fixture();
	struct buf b = {0};
	uint32_t rows = 0;
	/* NetFlow v9 has no length: it must be seen where the next message begins, also beyond the
	 * window. */
	for (int i = 0; i < 10; i++) {
		make(&b, "nf9", CORPUS_NF9);
		make(&b, "ipfix", CORPUS_IPFIX);
		make(&b, "nf5", CORPUS_NF5);
		make(&b, "two", CORPUS_IPFIX);
		make(&b, "nf9", CORPUS_NF9);
		make(&b, "nf9", CORPUS_NF9);
	}
	assert_int_equal(decode(&f, &b), ERR_NOT_FOUND);
	rows = 3 * rows_of("nf9", CORPUS_NF9) + rows_of("ipfix", CORPUS_IPFIX) + 4 +
	       rows_of("two", CORPUS_IPFIX);
	assert_int_equal(f.h->rows->n, 10 * rows);
	assert_int_equal(f.payloads, 10 * 7);
	assert_int_equal(harness_malformed_total(f.h), 0);
	assert_false(batch_present(f.h->rows, F_exporter_ip, 0));
	buf_fini(&b);
	end_fixture(&f);
}

static void file_larger_than_the_window(void **state)
{
	(void)state;
	struct fixture f = new_fixture();
	struct buf b = {0};
	uint64_t messages = 0;
	while (b.n < 700000) {
		make(&b, "nf5", CORPUS_NF5);
		make(&b, "nf9", CORPUS_NF9);
		messages += 2;
		batch_reset(f.h->rows);
	}
	/* Only the number of messages: the rows would not fit. */
	FILE *file = fopen(f.path, "wb");
	struct export_file *e;
	struct diag diag;
	struct datagram dg;
	int64_t t_ns;
	assert_non_null(file);
	assert_int_equal(fwrite(b.p, 1, b.n, file), b.n);
	fclose(file);
	assert_int_equal(export_file_open(f.path, &f.h->stats, &e, &diag), ERR_OK);
	size_t bytes = 0;
	while (export_file_next(e, &dg, &t_ns, &diag) == ERR_OK) {
		bytes += dg.n;
		messages--;
	}
	assert_int_equal(messages, 0);
	assert_int_equal(bytes, b.n);
	export_file_close(e);
	buf_fini(&b);
	end_fixture(&f);
}

static void no_export_at_all(void **state)
{
	(void)state;
	struct fixture f = new_fixture();
	struct buf b = {0};
	buf_str(&b, "this is a text\n");
	assert_int_equal(decode(&f, &b), ERR_NOT_FOUND);
	assert_int_equal(f.payloads, 1);
	assert_int_equal(harness_stat(f.h, ST_reject_not_export), 1);
	buf_reset(&b);
	assert_int_equal(decode(&f, &b), ERR_NOT_FOUND);
	struct export_file *e;
	struct diag diag;
	assert_int_equal(export_file_open("/nonexistent/file", &f.h->stats, &e, &diag),
			 ERR_NOT_FOUND);
	assert_non_null(strstr(diag.msg, "/nonexistent/file"));
	assert_int_equal(export_file_open("/tmp", &f.h->stats, &e, &diag), ERR_IO);
	buf_fini(&b);
	end_fixture(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(captured_datagrams),
	    cmocka_unit_test(captured_fragments),
	    cmocka_unit_test(captured_stream),
	    cmocka_unit_test(other_traffic_is_no_export),
	    cmocka_unit_test(cut_capture_gives_what_is_there),
	    cmocka_unit_test(messages_one_after_another),
	    cmocka_unit_test(file_larger_than_the_window),
	    cmocka_unit_test(no_export_at_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
