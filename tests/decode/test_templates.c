/* SPDX-License-Identifier: Apache-2.0 */
/* How long templates live: from port to port, over a change, a silence, a restart of the exporter
 * or of the collector. */
#include "decode/harness.h"
#include "decode/state.h"
#include "decode/vault.h"

#include <string.h>

static const struct wire_element ports[] = {{7, 2, 0}, {11, 2, 0}};
static const struct wire_element bytes[] = {{1, 4, 0}};
static const struct wire_element wide[] = {{7, 2, 0}, {11, 2, 0}, {1, 4, 0}};

struct sent {
	uint16_t version;
	uint32_t sequence, uptime;
	const struct wire_element *template;
	uint16_t n, records;
	uint32_t value; /* of 4 bytes, each record */
};

static void send(struct harness *h, const struct sent *s)
{
	struct buf b = {0};
	const struct wire_header hd = {.version = s->version,
				       .uptime_ms = s->uptime ? s->uptime : 3600000,
				       .sequence = s->sequence,
				       .domain = 7};
	struct wire w = wire_begin(&b, &hd);
	w.count = (uint16_t)(s->records + (s->template ? 1 : 0));
	if (s->template)
		wire_template(&w, 256, s->template, s->n);
	if (s->records) {
		wire_set_begin(&w, 256);
		for (uint16_t i = 0; i < s->records; i++)
			wire_uint(&w, s->value, 4);
		wire_set_end(&w, true);
	}
	wire_end(&w);
	harness_feed(h, &b);
	buf_fini(&b);
}

/* RFC 3954 knows an exporter by address and source id; some change their port. */
static void another_port_of_the_same_exporter(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	send(h, &(struct sent){9, 1, 0, ports, 2, 1, 80});
	h->port = 40000;
	send(h, &(struct sent){9, 77, 0, NULL, 0, 2, 443});
	assert_int_equal(h->rows->n, 3);
	assert_int_equal(batch_get_num(h->rows, F_dst_port, 2), 443);
	assert_int_equal(harness_exporter(h).templates, 1);
	harness_free(h);
}

/* What is missing is looked for again when a template came. */
static void told_at_another_port_later(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	for (uint32_t i = 0; i < 3; i++)
		send(h, &(struct sent){9, 77 + i, 0, NULL, 0, 1, 443});
	h->port = 40000;
	send(h, &(struct sent){9, 1, 0, ports, 2, 0, 0});
	assert_int_equal(h->rows->n, 0);
	h->port = 2055;
	send(h, &(struct sent){9, 80, 0, NULL, 0, 1, 443});
	assert_int_equal(h->rows->n, 1);
	harness_free(h);
}

/* Of an address with many ports only BORROW_LOOKS are looked at, the newest first. */
static uint32_t borrowed_past(uint16_t others)
{
	struct harness *h = harness_new(NULL);
	send(h, &(struct sent){10, 1, 0, ports, 2, 0, 0});
	for (uint16_t i = 0; i < others; i++) {
		h->port = (uint16_t)(10000 + i);
		send(h, &(struct sent){10, 1000u * i + 1000, 0, NULL, 0, 0, 0});
	}
	h->port = 40000;
	send(h, &(struct sent){10, 77, 0, NULL, 0, 1, 443});
	uint32_t n = h->rows->n;
	assert_int_equal(harness_stat(h, ST_exporters_live), others + 2);
	harness_free(h);
	return n;
}

static void an_address_with_many_ports(void **state)
{
	(void)state;
	assert_int_equal(borrowed_past(BORROW_LOOKS - 1), 1);
	assert_int_equal(borrowed_past(BORROW_LOOKS), 0);
}

/* `sets` sets of unknown ids, of `n` bytes, before the one that another port has told. */
static uint32_t borrowed_behind(uint16_t sets, unsigned n)
{
	struct harness *h = harness_new(NULL);
	struct buf b = {0};
	const struct wire_header hd = {.version = 10, .sequence = 77, .domain = 7};
	send(h, &(struct sent){10, 1, 0, ports, 2, 0, 0});
	struct wire w = wire_begin(&b, &hd);
	for (uint16_t i = 0; i <= sets; i++) {
		wire_set_begin(&w, i < sets ? 1000 + i : 256);
		wire_uint(&w, 443, i < sets ? n : 4);
		wire_set_end(&w, false);
	}
	wire_end(&w);
	h->port = 40000;
	harness_feed(h, &b);
	uint32_t rows = h->rows->n;
	buf_fini(&b);
	harness_free(h);
	return rows;
}

static void a_message_of_unknown_sets(void **state)
{
	(void)state;
	assert_int_equal(borrowed_behind(BORROW_TRIES - 1, 4), 1);
	assert_int_equal(borrowed_behind(BORROW_TRIES, 4), 0);
	assert_int_equal(borrowed_behind(1000, 0), 1); /* empty ones ask nothing */
}

/* Behind one address may be two devices: what fits no record is not read as one, and what two ports
 * tell differently is not guessed at. */
static void ports_that_disagree(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	send(h, &(struct sent){9, 1, 0, wide, 3, 0, 0}); /* 8 bytes */
	h->port = 40000;
	send(h, &(struct sent){9, 77, 0, NULL, 0, 1, 443}); /* 4 bytes */
	assert_int_equal(h->rows->n, 0);
	h->port = 40001;
	send(h, &(struct sent){9, 300, 0, ports, 2, 0, 0});
	h->port = 40002;
	send(h, &(struct sent){9, 500, 0, NULL, 0, 2, 443}); /* 8 bytes */
	assert_int_equal(h->rows->n, 0);
	assert_int_equal(harness_stat(h, ST_sets_held), 2);
	harness_free(h);
}

/* Datagram 2 brings a new template; datagram 1, with data of the old one, comes after it. */
static void late_data_has_the_old_shape(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	send(h, &(struct sent){9, 10, 0, ports, 2, 1, 80});
	send(h, &(struct sent){9, 12, 0, bytes, 1, 1, 1500});
	send(h, &(struct sent){9, 11, 0, NULL, 0, 1, 443});
	send(h, &(struct sent){9, 13, 0, NULL, 0, 1, 1400});
	assert_int_equal(h->rows->n, 4);
	assert_int_equal(batch_get_num(h->rows, F_bytes, 1), 1500);
	assert_int_equal(batch_get_num(h->rows, F_dst_port, 2), 443);
	assert_false(batch_present(h->rows, F_bytes, 2));
	assert_int_equal(batch_get_num(h->rows, F_bytes, 3), 1400);
	harness_free(h);
}

static void expires_when_no_longer_told(void **state)
{
	(void)state;
	struct harness *h = harness_new(&(struct decoder_opts){.template_ms = 60000});
	send(h, &(struct sent){9, 1, 0, ports, 2, 1, 80});
	h->t_recv += 120000;
	send(h, &(struct sent){9, 2, 0, NULL, 0, 1, 80}); /* told once only: some never refresh */
	assert_int_equal(h->rows->n, 2);
	send(h, &(struct sent){9, 3, 0, ports, 2, 1, 80});
	h->t_recv += 60000;
	send(h, &(struct sent){9, 4, 0, NULL, 0, 1, 80});
	assert_int_equal(h->rows->n, 4);
	h->t_recv += 1;
	send(h, &(struct sent){9, 5, 0, NULL, 0, 1, 80});
	assert_int_equal(h->rows->n, 4);
	assert_int_equal(harness_stat(h, ST_templates_expired), 1);
	assert_int_equal(harness_stat(h, ST_sets_held), 1);
	harness_free(h);
}

/* A device that started anew may mean something else by an id: its old template counts only for
 * sets that it fits, until it is told again. */
static void restarted_exporter(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	send(h, &(struct sent){9, 100, 7200000, wide, 3, 2, 80});
	assert_int_equal(h->rows->n, 1);
	send(h, &(struct sent){9, 0, 3000, NULL, 0, 1, 443});
	assert_int_equal(h->rows->n, 1);
	send(h, &(struct sent){9, 1, 3000, ports, 2, 0, 0});
	assert_int_equal(h->rows->n, 2);
	assert_int_equal(batch_get_num(h->rows, F_dst_port, 1), 443);
	harness_free(h);
}

/* One that tells ever new templates pushes out its own, and when there is no room for a newcomer,
 * those of the exporter that is silent for longest go. */
static void memory_is_shared_fairly(void **state)
{
	(void)state;
	enum { TEMPLATES = 64 };
	struct buf b = {0};
	struct harness *h = harness_new(&(struct decoder_opts){.max_template_mem = 8 << 10});
	const struct wire_header hd = {
	    .version = 9, .uptime_ms = 3600000, .sequence = 1, .domain = 7};
	struct wire w = wire_begin(&b, &hd);
	w.count = TEMPLATES;
	for (uint16_t i = 0; i < TEMPLATES; i++)
		wire_template(&w, (uint16_t)(256 + i), ports, 2);
	wire_end(&w);
	harness_feed(h, &b);
	uint32_t fit = harness_exporter(h).templates;
	assert_in_range(fit, 1, TEMPLATES - 1);
	assert_int_equal(harness_stat(h, ST_templates_refused), TEMPLATES - fit);
	h->port = 40000;
	assert_int_equal(ip_parse("192.0.2.9", 9, &h->src), ERR_OK);
	send(h, &(struct sent){9, 1, 0, bytes, 1, 1, 1500});
	assert_int_equal(h->rows->n, 1);
	assert_int_equal(harness_stat(h, ST_templates_live), fit);
	harness_free(h);
	buf_fini(&b);
}

/* --- over a restart of the collector */

static void option_of_sampling(struct harness *h)
{
	struct buf b = {0};
	const struct wire_element e[] = {{1, 4, 0}, {34, 4, 0}};
	const struct wire_header hd = {
	    .version = 9, .uptime_ms = 3600000, .sequence = 2, .domain = 7};
	struct wire w = wire_begin(&b, &hd);
	w.count = 2;
	wire_options_template(&w, 300, e, 2, 1);
	wire_set_begin(&w, 300);
	wire_uint(&w, 1, 4);
	wire_uint(&w, 512, 4);
	wire_set_end(&w, true);
	wire_end(&w);
	harness_feed(h, &b);
	buf_fini(&b);
}

static void kept_over_a_restart(void **state)
{
	(void)state;
	struct vault *first, *second;
	struct buf saved = {0};
	assert_int_equal(vault_new(8, &first), ERR_OK);
	struct harness *h = harness_new(&(struct decoder_opts){.vault = first});
	send(h, &(struct sent){9, 1, 0, ports, 2, 0, 0});
	option_of_sampling(h);
	decoder_save(h->decoder, 8);
	uint64_t changes = vault_changes(first);
	send(h, &(struct sent){9, 3, 0, ports, 2, 0, 0}); /* nothing new */
	decoder_save(h->decoder, 8);
	assert_int_equal(vault_changes(first), changes);
	harness_free(h);
	vault_encode(first, t_export_ms, &saved);
	vault_free(first);
	assert_false(saved.bad);

	assert_int_equal(vault_new(8, &second), ERR_OK);
	assert_int_equal(vault_decode(second, saved.p, saved.n), ERR_OK);
	h = harness_new(&(struct decoder_opts){.vault = second});
	h->port = 50000; /* and it comes from another port now */
	send(h, &(struct sent){9, 4, 0, NULL, 0, 1, 443});
	assert_int_equal(h->rows->n, 1);
	assert_int_equal(batch_get_num(h->rows, F_dst_port, 0), 443);
	assert_int_equal(batch_get_num(h->rows, F_sampling_rate, 0), 512);
	assert_int_equal(harness_exporter(h).templates, 2);
	harness_free(h);
	vault_free(second);
	buf_fini(&saved);
}

/* One exporter whose templates are more than an entry holds is left out, and holds up nobody. */
static void too_much_to_remember(void **state)
{
	(void)state;
	enum { FIELDS = 500, AT_ONCE = 20, DATAGRAMS = 60 };
	static struct wire_element many[FIELDS];
	struct vault *v;
	struct buf b = {0}, found = {0};
	assert_int_equal(vault_new(8, &v), ERR_OK);
	struct harness *h = harness_new(&(struct decoder_opts){.vault = v, .max_templates = 4096});
	for (uint16_t i = 0; i < FIELDS; i++)
		many[i] = (struct wire_element){(uint16_t)(1 + i), 4, 0};
	for (uint16_t i = 0; i < DATAGRAMS; i++) {
		const struct wire_header hd = {
		    .version = 9, .uptime_ms = 3600000, .sequence = i, .domain = 7};
		struct wire w = wire_begin(&b, &hd);
		w.count = AT_ONCE;
		for (uint16_t k = 0; k < AT_ONCE; k++)
			wire_template(&w, (uint16_t)(256 + i * AT_ONCE + k), many, FIELDS);
		wire_end(&w);
		harness_feed(h, &b);
	}
	h->port = 40000;
	assert_int_equal(ip_parse("192.0.2.9", 9, &h->src), ERR_OK);
	send(h, &(struct sent){9, 1, 0, ports, 2, 0, 0});
	decoder_save(h->decoder, 8);
	const struct vault_key small = {h->src, 40000, 9, 7};
	assert_true(vault_get(v, &small, &found));
	assert_int_equal(vault_changes(v), 1);
	harness_free(h);
	vault_free(v);
	buf_fini(&b);
	buf_fini(&found);
}

/* Any byte that is not as it was written: nothing is taken. */
static void damaged_vault(void **state)
{
	(void)state;
	struct vault *v;
	struct buf saved = {0}, found = {0};
	const struct vault_key k = {.port = 2055, .version = 9, .domain = 7};
	assert_int_equal(vault_new(8, &v), ERR_OK);
	assert_true(vault_put(v, &k, t_export_ms, "some bytes", 10));
	vault_encode(v, t_export_ms, &saved);
	vault_free(v);
	for (size_t i = 0; i < saved.n; i++) {
		assert_int_equal(vault_new(8, &v), ERR_OK);
		saved.p[i] ^= 0x10;
		assert_int_equal(vault_decode(v, saved.p, saved.n), ERR_MALFORMED);
		assert_int_equal(vault_decode(v, saved.p, i), ERR_MALFORMED);
		saved.p[i] ^= 0x10;
		assert_false(vault_get(v, &k, &found));
		vault_free(v);
	}
	assert_int_equal(vault_new(8, &v), ERR_OK);
	assert_int_equal(vault_decode(v, saved.p, saved.n), ERR_OK);
	assert_true(vault_get(v, &k, &found));
	assert_memory_equal(found.p, "some bytes", 10);
	vault_free(v);
	buf_fini(&saved);
	buf_fini(&found);
}

static void vault_is_bounded(void **state)
{
	(void)state;
	struct vault *v;
	struct buf found = {0};
	assert_int_equal(vault_new(2, &v), ERR_OK);
	for (uint16_t i = 1; i <= 3; i++) {
		const struct vault_key k = {.port = i, .version = 9, .domain = i};
		assert_true(vault_put(v, &k, t_export_ms, "x", 1));
	}
	assert_false(
	    vault_get(v, &(struct vault_key){.port = 1, .version = 9, .domain = 1}, &found));
	assert_true(
	    vault_get(v, &(struct vault_key){.port = 3, .version = 9, .domain = 3}, &found));
	/* Not heard of for long: not written. */
	struct buf saved = {0};
	const int64_t day = 24 * 3600 * 1000;
	vault_encode(v, t_export_ms + (VAULT_KEEP_DAYS + 1) * day, &saved);
	assert_int_equal(saved.n, 16); /* the magic and the hash */
	vault_free(v);
	buf_fini(&saved);
	buf_fini(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(another_port_of_the_same_exporter),
	    cmocka_unit_test(told_at_another_port_later),
	    cmocka_unit_test(an_address_with_many_ports),
	    cmocka_unit_test(a_message_of_unknown_sets),
	    cmocka_unit_test(ports_that_disagree),
	    cmocka_unit_test(late_data_has_the_old_shape),
	    cmocka_unit_test(expires_when_no_longer_told),
	    cmocka_unit_test(restarted_exporter),
	    cmocka_unit_test(memory_is_shared_fairly),
	    cmocka_unit_test(kept_over_a_restart),
	    cmocka_unit_test(too_much_to_remember),
	    cmocka_unit_test(damaged_vault),
	    cmocka_unit_test(vault_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
