/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct seen {
	struct buf items; /* "text\n" each */
};

static void note(void *ctx, const struct filter_item *item)
{
	struct seen *s = ctx;
	assert_non_null(item->doc);
	buf_str(&s->items, "\n");
	buf_str(&s->items, item->text);
	buf_fmt(&s->items, ":%s\n", filter_item_kind_name(item->kind));
}

/* wanted, unwanted: items "text:kind", separated by spaces; a text's own spaces are written _ . */
static void check(const char *text, size_t from, const char *wanted, const char *unwanted)
{
	struct seen s = {0};
	size_t got_from, got_to;
	char item[128];
	filter_complete(text, strlen(text), strlen(text), &got_from, &got_to, note, &s);
	assert_int_equal(got_from, from);
	assert_int_equal(got_to, strlen(text));
	for (int bad = 0; bad < 2; bad++) {
		for (const char *p = bad ? unwanted : wanted; *p; p += strspn(p, " ")) {
			size_t n = strcspn(p, " ");
			snprintf(item, sizeof(item), "\n%.*s\n", (int)n, p);
			for (char *c = item; *c; c++)
				if (*c == '~')
					*c = ' ';
			if ((strstr(buf_cstr(&s.items), item) == NULL) != (bad == 1))
				fail_msg("'%s': %s%s", text, bad ? "unwanted" : "missing", item);
			p += n;
		}
	}
	buf_fini(&s.items);
}

static void what_can_follow(void **state)
{
	(void)state;
	check("", 0, "src_ip:field port:word src~ip:word not:word (:word", "and:word =:operator");
	check("src_", 0, "src_ip:field src_port:field", "dst_ip:field port:word");
	check("src ", 4, "ip:word port:word nat~ip:word", "src_ip:field and:word bytes:field");
	check("src na", 4, "nat~ip:word nat~port:word", "ip:word");
	check("dst_port", 0, "dst_port:field", "=:operator src_port:field");
	check("dst_port ", 9, "=:operator in:operator defined:operator https:value",
	      "~:operator and:word has:operator");
	check("app_name ", 9, "contains:operator =:operator", "<:operator");
	check("tcp_flags ", 10, "has:operator", "contains:operator");
	check("proto = ", 8, "tcp:value udp:value", "and:word src_ip:field");
	check("proto = t", 8, "tcp:value", "udp:value");
	check("proto in [tcp, ", 15, "udp:value", "src_ip:field");
	check("port 80 ", 8, "and:word or:word", "src_ip:field =:operator");
	check("port 80 a", 8, "and:word", "or:word any:word as:word");
	check("port 80 and ", 12, "src_ip:field proto:field", "or:word");
	check("(port 80 or not ", 16, "src_ip:field", "or:word");
	check("asa event ", 10, "denied:value denied~ingress:word", "src_ip:field");
	check("bogus = 5 ", 10, "", "and:word src_ip:field");
}

static void inside_the_text(void **state)
{
	(void)state;
	struct seen s = {0};
	size_t from, to;
	static const char text[] = "src_po = 80 and x";
	filter_complete(text, strlen(text), 4, &from, &to, note, &s);
	assert_int_equal(from, 0);
	assert_int_equal(to, 6);
	assert_non_null(strstr(buf_cstr(&s.items), "\nsrc_port:field\n"));
	buf_fini(&s.items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_can_follow),
	    cmocka_unit_test(inside_the_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
