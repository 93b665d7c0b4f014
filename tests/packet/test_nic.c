/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/nic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The key that Microsoft's description of RSS gives as its example, which every driver starts with.
 */
static const uint8_t usual[] = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
				0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
				0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
				0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};

static struct nic with_key(const uint8_t *key, size_t n)
{
	struct nic x = {.queues = 4, .rss = true, .rss_toeplitz = true, .rss_key_n = (uint32_t)n};
	memcpy(x.rss_key, key, n);
	return x;
}

static void symmetry(void **state)
{
	uint8_t twice[40];
	(void)state;
	for (size_t i = 0; i < sizeof(twice); i++)
		twice[i] = i % 2 ? 0x5a : 0x6d;
	struct nic n = with_key(twice, sizeof(twice));
	assert_true(nic_rss_symmetric(&n));
	twice[39] = 0;
	n = with_key(twice, sizeof(twice));
	assert_false(nic_rss_symmetric(&n));
	n = with_key(usual, sizeof(usual));
	assert_false(nic_rss_symmetric(&n));
	n.rss_xor = true;
	assert_true(nic_rss_symmetric(&n));
	n = with_key(usual, sizeof(usual));
	n.queues = 1;
	assert_true(nic_rss_symmetric(&n));
	n = (struct nic){.queues = 2}; /* a driver that tells nothing */
	assert_false(nic_rss_symmetric(&n));
}

static void loopback(void **state)
{
	struct nic n;
	struct diag d = {0};
	(void)state;
	assert_int_equal(nic_read("no-such-nic", &n, &d), ERR_NOT_FOUND);
	if (nic_read("lo", &n, &d))
		return; /* a machine without even that */
	assert_string_equal(n.name, "lo");
	assert_true(n.if_index > 0);
	assert_false(n.ethernet);
	assert_int_equal(n.queues, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(symmetry), cmocka_unit_test(loopback)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
