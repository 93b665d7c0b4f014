/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/exporters.h"

#include "base/attr.h"
#include "base/buf.h"
#include "base/timefmt.h"
#include "model/account.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A term is a number, or the sum of an object of reasons. */
struct term {
	const char *group, *member;
};
enum { TERMS_MAX = 3 };
static const struct equation {
	const char *what;
	struct term left, right[TERMS_MAX];
} equations[] = {
    {"datagrams",
     {"datagrams", "received"},
     {{"datagrams", "decoded"}, {"datagrams", "rejected"}, {0}}},
    {"records",
     {"records", "decoded"},
     {{"records", "spooled"}, {"records", "dropped"}, {"records", "held"}}},
    {"storing",
     {"records", "spooled"},
     {{"records", "stored"}, {"records", "waiting"}, {"records", "discarded"}}},
};

static json_int_t value_of(const json_t *accounting, const struct term *t, json_t **ret_reasons)
{
	json_t *v = json_object_get(json_object_get(accounting, t->group), t->member), *one;
	const char *name;
	json_int_t sum = 0;
	*ret_reasons = json_is_object(v) ? v : NULL;
	if (!*ret_reasons)
		return json_integer_value(v);
	json_object_foreach(v, name, one) sum += json_integer_value(one);
	return sum;
}

static void reasons_text(json_t *reasons, struct buf *out)
{
	const char *name, *comma = " (";
	json_t *v;
	json_object_foreach(reasons, name, v)
	{
		if (json_integer_value(v) == 0)
			continue;
		buf_fmt(out, "%s%s %" JSON_INTEGER_FORMAT, comma, name, json_integer_value(v));
		comma = ", ";
	}
	if (*comma == ',')
		buf_u8(out, ')');
}

void balance_print(const json_t *accounting)
{
	struct buf out = {0};
	for (size_t i = 0; i < ARRAY_LEN(equations); i++) {
		const struct equation *q = &equations[i];
		json_t *reasons;
		json_int_t left = value_of(accounting, &q->left, &reasons), right = 0;
		buf_fmt(&out, "%-10s %s %" JSON_INTEGER_FORMAT, q->what, q->left.member, left);
		for (size_t k = 0; k < TERMS_MAX && q->right[k].group; k++) {
			json_int_t v = value_of(accounting, &q->right[k], &reasons);
			right += v;
			buf_fmt(&out, " %c %s %" JSON_INTEGER_FORMAT, k ? '+' : '=',
				q->right[k].member, v);
			reasons_text(reasons, &out);
		}
		if (left == right)
			buf_str(&out, ": balanced\n");
		else
			buf_fmt(&out, ": off by %" JSON_INTEGER_FORMAT "\n", left - right);
	}
	fprintf(stdout, "\n%s", buf_cstr(&out));
	buf_fini(&out);
}

/* The members that are not numbers of account.def. */
static const struct {
	const char *name, *doc;
	bool time;
} others[] = {
    {"port", "source port", false},
    {"transport", "udp, tcp or tls", false},
    {"domain", "observation domain (IPFIX), source id (v9), engine (v5), sub-agent (sFlow)", false},
    {"version", "1 5 7 9 NetFlow, 10 IPFIX, 105 sFlow v5", false},
    {"first_seen", "first datagram since the collector started", true},
    {"last_seen", "last datagram", true},
    {"templates_seen", "last template", true},
    {"options_seen", "last option record", true},
    {"rate_rps", "records per second, last 10 s", false},
    {"rate_1m_rps", "records per second, last minute", false},
    {"lost_percent", "lost_records of all records it sent", false},
    {"sampling_source", "where the sampling rate is from: options, record, configuration", false},
};

static void value_print(const json_t *v, bool time)
{
	char when[RFC3339_MAX];
	if (time && json_integer_value(v) == 0) {
		printf("%26s", "never");
	} else if (time) {
		rfc3339_format(json_integer_value(v), when);
		printf("%26s", when);
	} else if (json_is_string(v)) {
		printf("%26s", json_string_value(v));
	} else if (json_is_real(v)) {
		printf("%26.3f", json_real_value(v));
	} else {
		printf("%26" JSON_INTEGER_FORMAT, json_integer_value(v));
	}
}

void exporter_details(const json_t *list)
{
	size_t i;
	json_t *x, *v;
	const char *name;
	json_array_foreach(list, i, x)
	{
		printf("%s%s\n", i ? "\n" : "",
		       json_string_value(json_object_get(x, "exporter_ip")));
		for (size_t k = 0; k < ARRAY_LEN(others); k++) {
			printf("  %-18s", others[k].name);
			value_print(json_object_get(x, others[k].name), others[k].time);
			printf("  %s\n", others[k].doc);
		}
		for (size_t k = 0; k < ACCOUNT_MAX; k++) {
			if (k == ACCOUNT_malformed)
				continue;
			printf("  %-18s", account_table[k].name);
			value_print(json_object_get(x, account_table[k].name), false);
			printf("  %s\n", account_table[k].doc);
		}
		json_object_foreach(json_object_get(x, "malformed"), name, v) printf(
		    "  malformed %-26s%8" JSON_INTEGER_FORMAT "\n", name, json_integer_value(v));
	}
}
