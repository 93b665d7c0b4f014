/* SPDX-License-Identifier: Apache-2.0 */
/* What enriching writes into a batch, from sources on disk through the public interface: countries,
 * AS numbers by each setting, networks, applications; reload; what is not touched. */
#include "base/buf.h"
#include "enrich/enrich.h"
#include "enrich/mmdb_file.h"
#include "enrich/names.h"
#include "model/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/weir-columns-XXXXXX";
static char country[64], as[64], list[64];

static const char networks[] = "# ours\n"
			       "site,prefix,name,tenant,role\n"
			       "Prague,10.0.0.0/8,\"ten, all of it\",acme,\n"
			       "Brno,10.1.0.0/16,office,,clients\n"
			       ",2001:db8:5::/48,\"a \"\"lab\"\"\",,\n"
			       "x,10.0.0.0/99,wrong,,\n";

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int start(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(country, sizeof(country), "%s/country.mmdb", dir);
	snprintf(as, sizeof(as), "%s/as.mmdb", dir);
	snprintf(list, sizeof(list), "%s/networks.csv", dir);
	struct mmdb_file *f = mmdb_file_new(6);
	mmdb_file_put(f, "8.8.8.0/24", "country_code=US");
	mmdb_file_put(f, "2a00::/16", "country_code=CZ");
	mmdb_file_write(f, country, 1700000000);
	mmdb_file_free(f);
	f = mmdb_file_new(4);
	mmdb_file_put(f, "8.8.0.0/16", "autonomous_system_number=#15169");
	mmdb_file_put(f, "9.0.0.0/8", "autonomous_system_number=#9");
	mmdb_file_write(f, as, 1700000000);
	mmdb_file_free(f);
	write_file(list, networks);
	return 0;
}

static int stop(void **state)
{
	char command[80];
	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static struct enrich_opts options(void)
{
	return (struct enrich_opts){.keep_in = dir,
				    .country_data = country,
				    .as_data = as,
				    .networks = list,
				    .applications = true,
				    .services = "/nowhere"};
}

struct tried {
	struct enrich *e;
	struct enrich_seat *seat;
	struct batch *b;
};

static struct tried begin(const struct enrich_opts *o, enum shape shape)
{
	struct tried t = {.b = batch_new(shape)};
	assert_int_equal(enrich_new(o, &t.e), ERR_OK);
	assert_int_equal(enrich_seat_new(t.e, &t.seat), ERR_OK);
	assert_true(enrich_refresh(t.e, 1));
	return t;
}

static void end(struct tried *t)
{
	batch_free(t->b);
	enrich_seat_free(&t->seat);
	enrich_free(&t->e);
}

static uint32_t row(struct batch *b, const char *src, const char *dst)
{
	struct ip a;
	uint32_t i = b->n;
	batch_open_rows(b, 1);
	assert_int_equal(ip_parse(src, strlen(src), &a), ERR_OK);
	batch_set_ip(b, F_src_ip, i, &a);
	assert_int_equal(ip_parse(dst, strlen(dst), &a), ERR_OK);
	batch_set_ip(b, F_dst_ip, i, &a);
	b->n++;
	return i;
}

static void ports(struct batch *b, uint32_t i, uint8_t proto, uint16_t src, uint16_t dst)
{
	batch_set_num(b, F_proto, i, proto);
	batch_set_num(b, F_src_port, i, src);
	batch_set_num(b, F_dst_port, i, dst);
}

/* want NULL: absent. */
static void text_is(const struct batch *b, enum field f, uint32_t i, const char *want)
{
	bool present = batch_has(b, f) && batch_present(b, f, i);
	if (present != (want != NULL))
		fail_msg("%s of row %u: present %d", field_table[f].name, i, present);
	if (!want)
		return;
	struct span s = batch_span(b, f)[i];
	assert_int_equal(s.len, strlen(want));
	assert_memory_equal(batch_bytes(b, s), want, s.len);
}

static void test_countries(void **state)
{
	const struct enrich_opts o = options();
	struct tried t = begin(&o, SHAPE_WIDE);
	(void)state;
	row(t.b, "8.8.8.8", "10.1.1.1");
	row(t.b, "2a00::1", "8.8.8.255");
	row(t.b, "8.8.9.0", "2a01::1");
	struct ip nat = {{[10] = 0xff, 0xff, 8, 8, 8, 1}};
	batch_set_ip(t.b, F_post_nat_src_ip, 1, &nat);
	batch_put_str(t.b, F_dst_country, 2, "", 0);
	batch_use(t.b, F_src_country);
	batch_put_str(t.b, F_src_country, 0, "FR", 2); /* says it itself */
	batch_set_present(t.b, F_src_country, 0);
	assert_true(enrich_batch(t.seat, t.b));
	text_is(t.b, F_src_country, 0, "FR");
	text_is(t.b, F_dst_country, 0, NULL);
	text_is(t.b, F_src_country, 1, "CZ");
	text_is(t.b, F_dst_country, 1, "US");
	text_is(t.b, F_src_country, 2, NULL);
	text_is(t.b, F_post_nat_src_country, 0, NULL);
	text_is(t.b, F_post_nat_src_country, 1, "US");
	assert_false(batch_has(t.b, F_post_nat_dst_country));
	assert_false(batch_has(t.b, F_tunnel_src_country));
	end(&t);
}

/* A text stands once in the heap of a batch, and batches after it start anew. */
static void test_equal_texts_share(void **state)
{
	const struct enrich_opts o = options();
	struct tried t = begin(&o, SHAPE_CORE);
	(void)state;
	for (int round = 0; round < 3; round++) {
		batch_reset(t.b);
		for (int i = 0; i < 100; i++)
			row(t.b, "8.8.8.8", "8.8.8.9");
		assert_true(enrich_batch(t.seat, t.b));
		assert_int_equal(t.b->heap.n, 2);
		text_is(t.b, F_src_country, 99, "US");
		text_is(t.b, F_dst_country, 0, "US");
	}
	end(&t);
}

static void test_as(void **state)
{
	/* sent: absent (-1), 0 or a number; what each setting makes of it. The set knows 8.8/16 and
	 * 9/8. */
	static const struct {
		const char *src;
		int64_t sent, by[3]; /* ENRICH_AS_FLOW, _DATA, _OFF; -1 = absent */
	} cases[] = {
	    {"8.8.8.8", -1, {15169, 15169, -1}},
	    {"8.8.8.8", 0, {15169, 15169, 0}},
	    {"8.8.8.8", 64500, {64500, 15169, 64500}},
	    {"9.1.1.1", 64500, {64500, 9, 64500}},
	    {"7.7.7.7", -1, {-1, -1, -1}},
	    {"7.7.7.7", 0, {0, 0, 0}},
	    {"7.7.7.7", 64500, {64500, 64500, 64500}},
	};
	(void)state;
	for (int mode = ENRICH_AS_FLOW; mode <= ENRICH_AS_OFF; mode++) {
		struct enrich_opts o = options();
		o.as = (enum enrich_as)mode;
		struct tried t = begin(&o, SHAPE_CORE);
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			row(t.b, cases[i].src, "10.0.0.1");
			if (cases[i].sent >= 0)
				batch_set_num(t.b, F_src_as, (uint32_t)i, (uint64_t)cases[i].sent);
		}
		assert_true(enrich_batch(t.seat, t.b));
		for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			int64_t want = cases[i].by[mode];
			assert_int_equal(batch_present(t.b, F_src_as, i), want >= 0);
			if (want >= 0)
				assert_int_equal(batch_get_num(t.b, F_src_as, i), want);
		}
		end(&t);
	}
}

static void test_networks(void **state)
{
	const struct enrich_opts o = options();
	struct tried t = begin(&o, SHAPE_CORE);
	(void)state;
	row(t.b, "10.1.2.3", "10.2.0.1");
	row(t.b, "2001:db8:5::1", "8.8.8.8");
	assert_true(enrich_batch(t.seat, t.b));
	text_is(t.b, F_src_net, 0, "office");
	text_is(t.b, F_src_site, 0, "Brno");
	text_is(t.b, F_src_role, 0, "clients");
	text_is(t.b, F_src_tenant, 0, NULL);
	text_is(t.b, F_dst_net, 0, "ten, all of it");
	text_is(t.b, F_dst_site, 0, "Prague");
	text_is(t.b, F_dst_role, 0, NULL);
	text_is(t.b, F_dst_tenant, 0, "acme");
	text_is(t.b, F_src_net, 1, "a \"lab\"");
	text_is(t.b, F_src_site, 1, NULL);
	text_is(t.b, F_dst_net, 1, NULL);
	struct buf json = {0};
	enrich_json(t.e, &json);
	assert_non_null(strstr(buf_cstr(&json), "1 lines left out; line 6: "));
	assert_non_null(strstr(buf_cstr(&json), "\"kind\":\"networks\",\"from\":\""));
	buf_fini(&json);
	end(&t);
}

static void test_applications(void **state)
{
	static const struct {
		uint8_t proto;
		uint16_t src, dst;
		const char *name;
	} cases[] = {
	    {6, 50000, 443, "https"}, {6, 443, 50000, "https"}, {17, 50000, 443, "quic"},
	    {17, 53, 8080, "dns"},    {6, 8080, 22, "ssh"},     {6, 50000, 50001, NULL},
	    {1, 0, 443, NULL},        {6, 0, 0, NULL},          {132, 40000, 179, "bgp"},
	};
	const struct enrich_opts o = options();
	struct tried t = begin(&o, SHAPE_CORE);
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ports(t.b, row(t.b, "10.0.0.1", "10.0.0.2"), cases[i].proto, cases[i].src,
		      cases[i].dst);
	assert_true(enrich_batch(t.seat, t.b));
	for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		text_is(t.b, F_app_name, i, cases[i].name);
	end(&t);
}

/* What the exporter called application 13 * 2^24 + 80 comes before the port; another exporter's
 * does not count; what the record says itself comes first. */
/* nDPI's number says more than a port; a number that it does not have, or 0 (unknown), says
 * nothing. */
static void test_ndpi(void **state)
{
	static const struct {
		uint32_t number;
		const char *name;
	} cases[] = {{5, "dns"},  {91, "tls"},  {7, "http"},    {188, "quic"},
		     {2, "pop3"}, {0, "https"}, {511, "https"}, {70000, "https"}};
	const struct enrich_opts o = options();
	struct tried t = begin(&o, SHAPE_WIDE);
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint32_t at = row(t.b, "10.0.0.1", "10.0.0.2");
		ports(t.b, at, 6, 50000, 443);
		batch_set_num(t.b, F_ndpi_proto, at, cases[i].number);
	}
	ports(t.b, row(t.b, "10.0.0.1", "10.0.0.2"), 6, 50000, 443); /* none told */
	batch_use(t.b, F_app_name);
	uint32_t own = row(t.b, "10.0.0.1", "10.0.0.2");
	batch_set_num(t.b, F_ndpi_proto, own, 5);
	assert_true(batch_put_str(t.b, F_app_name, own, "theirs", 6));
	batch_set_present(t.b, F_app_name, own);
	assert_true(enrich_batch(t.seat, t.b));
	for (uint32_t i = 0; i < ARRAY_LEN(cases); i++)
		text_is(t.b, F_app_name, i, cases[i].name);
	text_is(t.b, F_app_name, ARRAY_LEN(cases), "https");
	text_is(t.b, F_app_name, own, "theirs");
	end(&t);
}

static void test_told_applications(void **state)
{
	enum { ID = 13 << 24 | 80 };
	static const struct ip one = {{[10] = 0xff, 0xff, 192, 0, 2, 1}},
			       two = {{[10] = 0xff, 0xff, 192, 0, 2, 2}};
	struct enrich_opts o = options();
	struct names *names;
	struct tried t = begin(&o, SHAPE_WIDE);
	(void)state;
	assert_int_equal(names_new(100, &names), ERR_OK);
	const struct name_row told = {.kind = NAMES_APPLICATION,
				      .addr = one,
				      .id = ID,
				      .text = "webex",
				      .text_n = 5,
				      .since = 1};
	assert_true(names_tell(names, &told));
	enrich_take_names(t.e, names);
	for (uint32_t i = 0; i < 4; i++) {
		ports(t.b, row(t.b, "10.0.0.1", "10.0.0.2"), 6, 40000, 443);
		batch_set_ip(t.b, F_exporter_ip, i, i == 1 ? &two : &one);
		if (i != 3)
			batch_set_num(t.b, F_app_id, i, ID);
	}
	batch_use(t.b, F_app_name);
	batch_put_str(t.b, F_app_name, 2, "mine", 4);
	batch_set_present(t.b, F_app_name, 2);
	assert_true(enrich_batch(t.seat, t.b));
	text_is(t.b, F_app_name, 0, "webex");
	text_is(t.b, F_app_name, 1, "https");
	text_is(t.b, F_app_name, 2, "mine");
	text_is(t.b, F_app_name, 3, "https");
	names_free(&names);
	end(&t);
}

static void test_reload(void **state)
{
	const struct enrich_opts o = options();
	struct tried t = begin(&o, SHAPE_CORE);
	(void)state;
	assert_false(enrich_refresh(t.e, 2)); /* nothing has changed */
	write_file(list, "8.0.0.0/8,eight\n");
	assert_true(enrich_refresh(t.e, 3));
	row(t.b, "8.8.8.8", "10.1.2.3");
	assert_true(enrich_batch(t.seat, t.b));
	text_is(t.b, F_src_net, 0, "eight");
	text_is(t.b, F_dst_net, 0, NULL);
	text_is(t.b, F_src_country, 0, "US");
	/* A list that is none, or is gone: the last good one stays. */
	write_file(list, "<html>not found</html>\n");
	assert_false(enrich_refresh(t.e, 4));
	unlink(list);
	assert_false(enrich_refresh(t.e, 5));
	batch_reset(t.b);
	row(t.b, "8.8.8.8", "10.1.2.3");
	assert_true(enrich_batch(t.seat, t.b));
	text_is(t.b, F_src_net, 0, "eight");
	end(&t);
	write_file(list, networks);
}

static void enriched(struct tried *t)
{
	batch_reset(t->b);
	row(t->b, "8.8.8.8", "10.1.2.3");
	assert_true(enrich_batch(t->seat, t->b));
}

/* Other options while it works: a new place counts when it has given something, what is off is
 * gone at once. */
static void test_other_options(void **state)
{
	struct enrich_opts o = options();
	struct tried t = begin(&o, SHAPE_CORE);
	char other[64];
	(void)state;
	enrich_change(t.e, &o);
	assert_false(enrich_refresh(t.e, 2)); /* they are the same */
	snprintf(other, sizeof(other), "%s/other.csv", dir);
	o.networks = other;
	enrich_change(t.e, &o);
	(void)enrich_refresh(t.e, 3);
	enriched(&t);
	text_is(t.b, F_dst_net, 0, "office");
	write_file(other, "8.0.0.0/8,eight\n");
	assert_true(enrich_refresh(t.e, 4));
	enriched(&t);
	text_is(t.b, F_src_net, 0, "eight");
	text_is(t.b, F_dst_net, 0, NULL);
	o.networks = o.country_data = "";
	o.as = ENRICH_AS_OFF;
	enrich_change(t.e, &o);
	assert_true(enrich_refresh(t.e, 5));
	enriched(&t);
	assert_false(batch_has(t.b, F_src_net) && batch_present(t.b, F_src_net, 0));
	assert_false(batch_has(t.b, F_src_country) && batch_present(t.b, F_src_country, 0));
	assert_false(batch_has(t.b, F_src_as) && batch_present(t.b, F_src_as, 0));
	o = options();
	enrich_change(t.e, &o);
	assert_true(enrich_refresh(t.e, 6));
	enriched(&t);
	text_is(t.b, F_dst_net, 0, "office");
	text_is(t.b, F_src_country, 0, "US");
	assert_int_equal(batch_u32(t.b, F_src_as)[0], 15169);
	end(&t);
}

static void test_nothing_there(void **state)
{
	struct enrich_notice n;
	struct enrich_opts o = {.country_data = "/nowhere/c",
				.country_installed = true,
				.as_data = "/nowhere/a",
				.networks = ""};
	struct tried t = begin(&o, SHAPE_CORE);
	(void)state;
	row(t.b, "8.8.8.8", "10.1.1.1");
	assert_true(enrich_batch(t.seat, t.b));
	assert_false(batch_has(t.b, F_src_country));
	assert_false(batch_has(t.b, F_src_as));
	assert_true(enrich_next_notice(t.e, &n));
	assert_non_null(strstr(n.text, "not installed"));
	assert_true(enrich_next_notice(t.e, &n));
	assert_non_null(strstr(n.text, "/nowhere/a: not there"));
	assert_false(enrich_next_notice(t.e, &n));
	/* Said once. */
	(void)enrich_refresh(t.e, 2);
	assert_false(enrich_next_notice(t.e, &n));
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_countries),
	    cmocka_unit_test(test_equal_texts_share),
	    cmocka_unit_test(test_as),
	    cmocka_unit_test(test_networks),
	    cmocka_unit_test(test_applications),
	    cmocka_unit_test(test_ndpi),
	    cmocka_unit_test(test_told_applications),
	    cmocka_unit_test(test_reload),
	    cmocka_unit_test(test_other_options),
	    cmocka_unit_test(test_nothing_there),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
