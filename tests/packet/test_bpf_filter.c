/* SPDX-License-Identifier: Apache-2.0 */
/* Filters run here in the program, on whole frames. How the kernel runs them is in the scenario
 * tests. */
#include "packet/bpf_filter.h"
#include "wire/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool takes(const char *text, enum link_type link, const struct buf *b)
{
	struct bpf_filter *f;
	struct diag d = {0};
	const struct frame frame = {.p = b->p, .n = b->n, .wire_n = b->n, .link = link};
	assert_int_equal(bpf_filter_new(text, NULL, link, 0, &f, &d), ERR_OK);
	bool yes = bpf_filter_takes(f, &frame);
	bpf_filter_free(&f);
	assert_null(f);
	return yes;
}

/* UDP 192.0.2.1:1000 -> 192.0.2.2:53, perhaps in VLAN 5. */
static void make(struct buf *b, bool ethernet, bool vlan)
{
	struct buf udp = {0};
	wire_udp(&udp, 1000, 53, "x", 1);
	const struct wire_ip ip = {.src = "192.0.2.1", .dst = "192.0.2.2", .proto = 17};
	if (ethernet)
		wire_ethernet(b, vlan ? 0x8100 : 0x0800);
	if (vlan)
		wire_vlan(b, 5, 0x0800);
	wire_ip_header(b, &ip, udp.n);
	buf_put(b, udp.p, udp.n);
	buf_fini(&udp);
}

static void frames(void **state)
{
	static const struct {
		const char *text;
		bool plain, tagged, ip;
	} rows[] = {
	    {"", true, true, true},
	    {"udp port 53", true, false, true},
	    {"udp port 54", false, false, false},
	    {"vlan 5 and udp port 53", false, true, false},
	    {"vlan 6", false, false, false},
	    {"src host 192.0.2.1", true, false, true},
	    {"src host 192.0.2.2", false, false, false},
	};
	(void)state;
	struct buf plain = {0}, tagged = {0}, ip = {0};
	make(&plain, true, false);
	make(&tagged, true, true);
	make(&ip, false, false);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(takes(rows[i].text, LINK_ETHERNET, &plain), rows[i].plain);
		assert_int_equal(takes(rows[i].text, LINK_ETHERNET, &tagged), rows[i].tagged);
		if (!strstr(rows[i].text, "vlan"))
			assert_int_equal(takes(rows[i].text, LINK_IP, &ip), rows[i].ip);
	}
	buf_fini(&plain);
	buf_fini(&tagged);
	buf_fini(&ip);
}

static void no_filter(void **state)
{
	const struct frame f = {.p = (const uint8_t *)"x", .n = 1, .wire_n = 1};
	(void)state;
	assert_true(bpf_filter_takes(NULL, &f));
}

static void wrong(void **state)
{
	struct bpf_filter *f = NULL;
	struct diag d = {0};
	(void)state;
	assert_int_equal(bpf_filter_new("udp prot 53", NULL, LINK_ETHERNET, 0, &f, &d), ERR_SYNTAX);
	assert_non_null(strstr(d.msg, "udp prot 53"));
	assert_null(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(frames), cmocka_unit_test(no_filter),
					   cmocka_unit_test(wrong)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
