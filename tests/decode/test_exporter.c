/* SPDX-License-Identifier: Apache-2.0 */
/* Exporters: how they are told apart, their limits, and sequence numbers that outlive the process.
 */
#include "decode/harness.h"

#include "decode/sequence.h"
#include "decode/state.h"

#include <string.h>

static const struct wire_element ports[] = {{7, 2, 0}, {11, 2, 0}};

static void send(struct harness *h, uint16_t version, uint32_t domain, uint32_t sequence,
		 uint16_t template_id)
{
	struct buf b = {0};
	const struct wire_header hd = {
	    .version = version, .uptime_ms = 3600000, .sequence = sequence, .domain = domain};
	struct wire w = wire_begin(&b, &hd);
	w.count = 1;
	wire_template(&w, template_id, ports, 2);
	wire_end(&w);
	harness_feed(h, &b);
	buf_fini(&b);
}

static void send_data(struct harness *h, uint16_t version, uint32_t domain, uint32_t sequence,
		      uint16_t template_id)
{
	struct buf b = {0};
	const struct wire_header hd = {
	    .version = version, .uptime_ms = 3600000, .sequence = sequence, .domain = domain};
	struct wire w = wire_begin(&b, &hd);
	w.count = 1;
	wire_set_begin(&w, template_id);
	wire_uint(&w, 53u << 16 | 80, 4);
	wire_set_end(&w, false);
	wire_end(&w);
	harness_feed(h, &b);
	buf_fini(&b);
}

static void templates_belong_to_address_domain_version(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	send(h, 9, 1, 100, 256);
	send_data(h, 9, 1, 101, 256);
	assert_int_equal(h->rows->n, 1);
	send_data(h, 9, 2, 500, 256); /* another domain */
	h->port = 9999;
	send_data(h, 9, 1, 7000, 256); /* another port, another sequence: the same templates */
	assert_int_equal(h->rows->n, 2);
	h->port = 2055;
	assert_int_equal(ip_parse("192.0.2.2", 9, &h->src), ERR_OK);
	send_data(h, 9, 1, 600, 256);
	assert_int_equal(ip_parse("192.0.2.1", 9, &h->src), ERR_OK);
	send_data(h, 10, 1, 0, 256);
	assert_int_equal(h->rows->n, 2);
	assert_int_equal(harness_stat(h, ST_exporters_live), 5);
	assert_int_equal(harness_stat(h, ST_sets_held), 3);
	harness_free(h);
}

static void one_that_changes_its_port_stays_itself(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	send(h, 9, 1, 100, 256);
	h->port = 40001;
	send_data(h, 9, 1, 101, 256);
	h->port = 40002;
	send_data(h, 9, 1, 102, 256);
	assert_int_equal(h->rows->n, 2);
	assert_int_equal(harness_stat(h, ST_exporters_live), 1);
	assert_int_equal(harness_exporter(h).port, 40002);
	assert_int_equal(harness_exporter(h).lost, 0);
	harness_free(h);
}

static void at_the_limit_only_a_silent_one_makes_room(void **state)
{
	(void)state;
	struct harness *h =
	    harness_new(&(struct decoder_opts){.max_exporters = 2, .idle_ms = 60000});
	send(h, 9, 1, 0, 256);
	h->t_recv += 1000;
	send(h, 9, 2, 0, 256);
	send(h, 9, 3, 0, 256);
	assert_int_equal(harness_stat(h, ST_reject_exporter_limit), 1);
	assert_int_equal(harness_stat(h, ST_datagrams_decoded), 2);
	h->t_recv += 59000; /* the first has been silent for 60 s, the second for 59 */
	send(h, 9, 3, 0, 256);
	assert_int_equal(harness_stat(h, ST_reject_exporter_limit), 1);
	assert_int_equal(harness_stat(h, ST_exporters_live), 2);
	send(h, 9, 1, 0, 256);
	assert_int_equal(harness_stat(h, ST_reject_exporter_limit), 2);
	assert_int_equal(harness_stat(h, ST_templates_live), 2);
	harness_free(h);
}

/* One address cannot take the room of all others; its own silent ones make room for it. */
static void an_address_has_its_own_limit(void **state)
{
	(void)state;
	struct harness *h =
	    harness_new(&(struct decoder_opts){.max_per_address = 2, .idle_ms = 60000});
	send(h, 9, 1, 0, 256);
	h->t_recv += 1000;
	send(h, 9, 2, 0, 256);
	h->port = 40001;
	send(h, 10, 3, 0, 256);
	assert_int_equal(harness_stat(h, ST_reject_exporter_limit), 1);
	assert_int_equal(ip_parse("192.0.2.2", 9, &h->src), ERR_OK);
	send(h, 9, 1, 0, 256);
	assert_int_equal(ip_parse("192.0.2.1", 9, &h->src), ERR_OK);
	h->port = 2055;
	send(h, 9, 1, 1, 256); /* now domain 2 is the one silent for longest */
	h->t_recv += 60000;
	send(h, 9, 1, 2, 256);
	h->port = 40001;
	send(h, 9, 3, 0, 256);
	assert_int_equal(harness_stat(h, ST_reject_exporter_limit), 1);
	assert_int_equal(harness_stat(h, ST_exporters_live), 3);
	send(h, 9, 2, 1, 256); /* the other two were heard just now */
	assert_int_equal(harness_stat(h, ST_reject_exporter_limit), 2);
	assert_int_equal(harness_stat(h, ST_sequence_lost_datagrams), 0);
	harness_free(h);
}

struct chains {
	size_t longest, n, groups;
};

/* How many exporters a look-up passes by at most. */
static struct chains chains_of(const struct decoder *d)
{
	struct chains c = {0};
	for (size_t i = 0; i < d->n_buckets; i++) {
		size_t n = 0;
		for (const struct exporter *e = d->buckets[i]; e; e = e->next)
			n++;
		c.n += n;
		c.longest = n > c.longest ? n : c.longest;
		for (const struct exporter_group *g = d->groups[i]; g; g = g->next)
			c.groups++;
	}
	return c;
}

/* 4096 domains of one socket in 32768 buckets, of a good hash: more than 9 in one has a probability
 * of 32768 * (1/8)^10 / 10! < 1e-11. */
static void domains_of_one_socket_are_spread(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	for (uint32_t i = 0; i <= DECODER_MAX_PER_ADDRESS; i++)
		send(h, 9, i, 1, 256);
	assert_int_equal(harness_stat(h, ST_reject_exporter_limit), 1);
	struct chains c = chains_of(h->decoder);
	assert_int_equal(c.n, DECODER_MAX_PER_ADDRESS);
	assert_in_range(c.longest, 1, 9);
	/* One address, one socket, and a name for each. */
	assert_int_equal(c.groups, DECODER_MAX_PER_ADDRESS + 2);
	h->port = 40001;
	send(h, 9, 0, 2, 256); /* moves: the groups of before are gone when nobody is in them */
	assert_int_equal(chains_of(h->decoder).groups, DECODER_MAX_PER_ADDRESS + 3);
	harness_free(h);
}

/* A datagram counts once, also if a message behind the first belongs to one exporter too many. */
static void at_the_limit_within_a_datagram(void **state)
{
	(void)state;
	struct harness *h = harness_new(&(struct decoder_opts){.max_exporters = 2});
	struct buf b = {0};
	for (uint32_t domain = 1; domain <= 3; domain++) {
		const struct wire_header hd = {.version = 10, .domain = domain};
		struct wire w = wire_begin(&b, &hd);
		wire_template(&w, 256, ports, 2);
		wire_end(&w);
	}
	harness_feed(h, &b);
	assert_int_equal(harness_stat(h, ST_datagrams_decoded), 1);
	assert_int_equal(harness_stat(h, ST_reject_exporter_limit), 0);
	assert_int_equal(harness_stat(h, ST_malformed_trailing), 1);
	assert_int_equal(harness_stat(h, ST_templates_live), 2);
	harness_free(h);
	buf_fini(&b);
}

static void the_template_unused_longest_makes_room(void **state)
{
	(void)state;
	struct harness *h = harness_new(&(struct decoder_opts){.max_templates = 2});
	send(h, 9, 1, 0, 256);
	send(h, 9, 1, 1, 257);
	send_data(h, 9, 1, 2, 256);
	send(h, 9, 1, 3, 258);
	assert_int_equal(harness_stat(h, ST_templates_live), 2);
	assert_int_equal(harness_stat(h, ST_templates_refused), 1);
	send_data(h, 9, 1, 4, 256);
	send_data(h, 9, 1, 5, 257);
	send_data(h, 9, 1, 6, 258);
	assert_int_equal(h->rows->n, 3);
	assert_int_equal(harness_stat(h, ST_sets_held), 1);
	harness_free(h);
}

static void templates_have_a_common_limit_of_bytes(void **state)
{
	(void)state;
	struct harness *h = harness_new(&(struct decoder_opts){.max_template_mem = 1});
	send(h, 9, 1, 0, 256);
	assert_int_equal(harness_stat(h, ST_templates_live), 0);
	assert_int_equal(harness_stat(h, ST_templates_refused), 1);
	harness_free(h);
}

static void sequences_are_saved_and_restored(void **state)
{
	(void)state;
	struct decoder_sequence saved[4];
	struct harness *h = harness_new(NULL);
	send(h, 9, 1, 100, 256);
	send(h, 9, 2, 200, 256);
	assert_int_equal(decoder_sequences(h->decoder, saved, 4), 2);
	assert_int_equal(saved[0].domain, 2); /* the newest first */
	assert_int_equal(saved[0].next, 201);
	assert_int_equal(saved[1].next, 101);
	assert_int_equal(decoder_sequences(h->decoder, saved, 1), 1);
	assert_int_equal(decoder_sequences(h->decoder, saved, 4), 2);
	harness_free(h);

	h = harness_new(NULL);
	decoder_restore(h->decoder, saved, 2);
	assert_int_equal(harness_exporter(h).datagrams, 0); /* not shown before it is heard */
	assert_int_equal(decoder_sequences(h->decoder, saved, 4), 0); /* nothing new to save */
	send(h, 9, 1, 151, 256);
	assert_int_equal(decoder_sequences(h->decoder, saved, 4), 1);
	assert_int_equal(saved[0].domain, 1);
	assert_int_equal(harness_exporter(h).lost, 50);
	assert_int_equal(harness_exporter(h).datagrams, 1);
	for (uint32_t i = 0; i <= SEQUENCE_WINDOW; i++)
		send(h, 9, 1, 152 + i, 256);
	assert_int_equal(harness_stat(h, ST_sequence_lost_datagrams), 50);
	harness_free(h);
}

static void first_and_last_seen(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	send(h, 9, 1, 0, 256);
	h->t_recv += 5000;
	send(h, 9, 1, 1, 256);
	struct exporter_info e = harness_exporter(h);
	assert_int_equal(e.first_seen, t_export_ms);
	assert_int_equal(e.last_seen, t_export_ms + 5000);
	assert_int_equal(e.clock_skew_ms, 5000);
	assert_int_equal(e.version, 9);
	assert_int_equal(e.templates, 1);
	harness_free(h);
}

/* Held sets of an exporter that has to go are given up. */
static void held_data_goes_with_its_exporter(void **state)
{
	(void)state;
	struct harness *h = harness_new(&(struct decoder_opts){.max_exporters = 1, .idle_ms = 1});
	send_data(h, 9, 1, 0, 256);
	h->t_recv += 10;
	send_data(h, 9, 2, 0, 256);
	assert_int_equal(harness_stat(h, ST_sets_held), 1);
	assert_int_equal(harness_stat(h, ST_drop_no_template), 1);
	harness_free(h);
}

/* Beyond its own limit a set is given up at once; what waits is released in order, and only that of
 * the template that came. */
static void one_exporter_holds_so_many(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	send_data(h, 9, 2, 0, 256); /* another exporter */
	for (uint32_t i = 0; i < DECODER_MAX_HELD_EACH + 3; i++)
		send_data(h, 9, 1, i, i % 2 ? 257 : 256);
	assert_int_equal(harness_stat(h, ST_sets_held), DECODER_MAX_HELD_EACH + 1);
	assert_int_equal(harness_stat(h, ST_sets_without_template), 3);
	assert_int_equal(harness_stat(h, ST_drop_no_template), 3);
	assert_int_equal(h->decoder->newest->info.given_up, 3);
	send(h, 9, 1, DECODER_MAX_HELD_EACH + 3, 257);
	assert_int_equal(h->rows->n, DECODER_MAX_HELD_EACH / 2);
	assert_int_equal(harness_stat(h, ST_sets_held), DECODER_MAX_HELD_EACH / 2 + 1);
	send_data(h, 9, 1, DECODER_MAX_HELD_EACH + 4, 256); /* room again */
	assert_int_equal(harness_stat(h, ST_sets_without_template), 3);
	send(h, 9, 1, DECODER_MAX_HELD_EACH + 5, 256);
	assert_int_equal(h->rows->n, DECODER_MAX_HELD_EACH + 1);
	assert_int_equal(harness_stat(h, ST_sets_held), 1);
	harness_free(h);
}

/* The order by use is kept over refreshes, changes and withdrawals. */
static void templates_by_use(void **state)
{
	(void)state;
	static const uint16_t order[] = {256, 258, 259}; /* the one used last first */
	struct harness *h = harness_new(NULL);
	for (uint16_t id = 256; id < 260; id++)
		send(h, 9, 1, id, id);
	send_data(h, 9, 1, 260, 258);
	send(h, 9, 1, 261, 256); /* told again */
	const struct exporter *e = h->decoder->newest;
	exporter_drop_template(h->decoder, h->decoder->newest, 257);
	const struct template *t = e->template_newest;
	assert_null(t->newer);
	for (size_t i = 0; i < 3; i++, t = t->older) {
		assert_int_equal(t->id, order[i]);
		assert_ptr_equal(t->older ? t->older->newer : e->template_oldest, t);
	}
	assert_null(t);
	exporter_drop_templates(h->decoder, h->decoder->newest, false);
	assert_null(e->template_newest);
	assert_null(e->template_oldest);
	harness_free(h);
}

/* RFC 7011 8.4: templates live and die with their session; 10.4: sequences too. */
static void sessions_are_worlds_of_their_own(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	struct decoder_sequence saved[4];
	send(h, 10, 1, 0, 256);
	h->session = 7;
	send_data(h, 10, 1, 900, 256); /* the template of the UDP exporter is not its own */
	assert_int_equal(h->rows->n, 0);
	assert_int_equal(harness_stat(h, ST_sets_held), 1);
	h->session = 8;
	send(h, 10, 1, 0, 256);
	send_data(h, 10, 1, 0, 256);
	send_data(h, 10, 1, 5, 256); /* 1 was expected: 4 records are missing */
	assert_int_equal(h->rows->n, 2);
	assert_int_equal(harness_stat(h, ST_exporters_live), 3);
	assert_int_equal(decoder_sequences(h->decoder, saved, 4), 1);
	decoder_session_end(h->decoder, 8);
	assert_int_equal(harness_stat(h, ST_exporters_live), 2);
	assert_int_equal(harness_stat(h, ST_templates_live), 1);
	assert_int_equal(harness_stat(h, ST_records_lost_before), 4);
	decoder_session_end(h->decoder, 7);
	assert_int_equal(harness_stat(h, ST_drop_no_template), 1);
	decoder_session_end(h->decoder, 0); /* no session: nothing ends */
	assert_int_equal(harness_stat(h, ST_exporters_live), 1);
	h->session = 8;
	send_data(h, 10, 1, 0, 256); /* the id again, but not the session */
	assert_int_equal(h->rows->n, 2);
	/* Sessions that share a bucket with it, and several domains in one. */
	h->session = 8 + 65536;
	send(h, 10, 1, 0, 256);
	h->session = 8;
	send(h, 10, 2, 0, 256);
	send(h, 10, 3, 0, 256);
	assert_int_equal(harness_stat(h, ST_exporters_live), 5);
	decoder_session_end(h->decoder, 8);
	assert_int_equal(harness_stat(h, ST_exporters_live), 2);
	decoder_session_end(h->decoder, 8 + 65536);
	assert_int_equal(harness_stat(h, ST_exporters_live), 1);
	harness_free(h);
}

/* softflowd 1.1: the number is the count behind the message. One record each: 1, 2, 3; then 2 are
 * missing. */
static void counted_behind_the_message(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	h->session = 3;
	send(h, 10, 1, 0, 256);
	for (uint32_t sent = 1; sent <= 3; sent++)
		send_data(h, 10, 1, sent, 256);
	decoder_session_end(h->decoder, 3);
	assert_int_equal(h->rows->n, 3);
	assert_int_equal(harness_stat(h, ST_records_lost_before), 0);
	h->session = 4;
	send(h, 10, 1, 0, 256);
	send_data(h, 10, 1, 1, 256);
	send_data(h, 10, 1, 4, 256);
	decoder_session_end(h->decoder, 4);
	assert_int_equal(harness_stat(h, ST_records_lost_before), 2);
	harness_free(h);
}

/* ... and counts no option records: the first message has a template, one option record and one
 * flow. */
static void flows_counted_behind_the_message(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	static const struct wire_element options[] = {{149, 4, 0}, {34, 4, 0}};
	struct buf b = {0};
	const struct wire_header hd = {.version = 10, .sequence = 1, .domain = 1};
	struct wire w = wire_begin(&b, &hd);
	wire_template(&w, 256, ports, 2);
	wire_options_template(&w, 257, options, 2, 1);
	wire_set_begin(&w, 257);
	wire_uint(&w, 1, 4);
	wire_uint(&w, 100, 4);
	wire_set_end(&w, false);
	wire_set_begin(&w, 256);
	wire_uint(&w, 53u << 16 | 80, 4);
	wire_set_end(&w, false);
	wire_end(&w);
	h->session = 5;
	harness_feed(h, &b);
	buf_fini(&b);
	send_data(h, 10, 1, 2, 256);
	send_data(h, 10, 1, 3, 256);
	decoder_session_end(h->decoder, 5);
	assert_int_equal(h->rows->n, 3);
	assert_int_equal(harness_stat(h, ST_records_options), 1);
	assert_int_equal(harness_stat(h, ST_records_lost_before), 0);
	harness_free(h);
}

/* Nothing of before a reset is known after it, and everything works as it did. */
static void reset_is_as_new(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	send(h, 10, 1, 0, 256);
	send_data(h, 10, 1, 0, 256);
	send_data(h, 10, 1, 1, 257); /* waits */
	decoder_reset(h->decoder);
	assert_int_equal(harness_stat(h, ST_exporters_live), 0);
	assert_int_equal(harness_stat(h, ST_templates_live), 0);
	assert_int_equal(decoder_open_rows(h->decoder), 0);
	uint64_t lost = harness_stat(h, ST_records_lost_before);
	uint32_t rows = h->rows->n;
	send_data(h, 10, 1, 900, 256);
	assert_int_equal(h->rows->n, rows);
	send(h, 10, 1, 901, 256);
	assert_int_equal(h->rows->n, rows + 1);
	assert_int_equal(harness_stat(h, ST_records_lost_before), lost);
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(templates_belong_to_address_domain_version),
	    cmocka_unit_test(one_that_changes_its_port_stays_itself),
	    cmocka_unit_test(at_the_limit_only_a_silent_one_makes_room),
	    cmocka_unit_test(an_address_has_its_own_limit),
	    cmocka_unit_test(domains_of_one_socket_are_spread),
	    cmocka_unit_test(at_the_limit_within_a_datagram),
	    cmocka_unit_test(the_template_unused_longest_makes_room),
	    cmocka_unit_test(templates_have_a_common_limit_of_bytes),
	    cmocka_unit_test(sequences_are_saved_and_restored),
	    cmocka_unit_test(first_and_last_seen),
	    cmocka_unit_test(held_data_goes_with_its_exporter),
	    cmocka_unit_test(one_exporter_holds_so_many),
	    cmocka_unit_test(templates_by_use),
	    cmocka_unit_test(sessions_are_worlds_of_their_own),
	    cmocka_unit_test(counted_behind_the_message),
	    cmocka_unit_test(flows_counted_behind_the_message),
	    cmocka_unit_test(reset_is_as_new),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
