/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/xdp_program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void note(void **state)
{
	uint8_t buffer[XDP_NOTE_BYTES + 4] = {0};
	uint64_t words[2] = {1234567890123456789u, ~(uint64_t)1234567890123456789u};
	int64_t ns = 0;
	(void)state;
	/* Fresh memory is no note. */
	assert_false(xdp_note_read(buffer + XDP_NOTE_BYTES, &ns));
	memcpy(buffer, words, sizeof(words));
	assert_true(xdp_note_read(buffer + XDP_NOTE_BYTES, &ns));
	assert_int_equal(ns, 1234567890123456789);
	buffer[3] ^= 1;
	assert_false(xdp_note_read(buffer + XDP_NOTE_BYTES, &ns));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(note)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
