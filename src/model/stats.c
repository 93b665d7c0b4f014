/* SPDX-License-Identifier: Apache-2.0 */
#include "model/stats.h"

#include <string.h>

enum { COUNTER, GAUGE };

const struct stat_info stat_table[STAT_MAX] = {
#define STAT(group, name, kind, doc) {#group, #name, doc, kind == GAUGE, false},
#define DROP(group, name, doc)       {#group, #name, doc, false, true},
#include "model/stats.def"
#undef STAT
#undef DROP
};

void stats_add_to(struct stats *sum, const struct stats *s)
{
	for (int i = 0; i < STAT_MAX; i++)
		sum->v[i] += stat_get(s, (enum stat_id)i);
}

void stats_json(struct buf *out, const struct stats *s)
{
	const char *group = "";
	buf_u8(out, '{');
	for (int i = 0; i < STAT_MAX; i++) {
		if (strcmp(group, stat_table[i].group) != 0) {
			if (*group)
				buf_u8(out, '}');
			group = stat_table[i].group;
			buf_json_key(out, group);
			buf_u8(out, '{');
		}
		buf_json_key(out, stat_table[i].name);
		buf_dec(out, stat_get(s, (enum stat_id)i));
	}
	buf_str(out, "}}");
}

void stats_metrics(struct buf *out, const struct stats *s, const char *role)
{
	const char *group = "";
	for (int i = 0; i < STAT_MAX; i++) {
		const struct stat_info *t = &stat_table[i];
		if (t->reason) {
			if (strcmp(group, t->group) != 0)
				buf_fmt(out, "# TYPE weir_%s counter\n", t->group);
			buf_fmt(out, "weir_%s_total{role=\"%s\",reason=\"%s\"} ", t->group, role,
				t->name);
		} else {
			buf_fmt(out, "# HELP weir_%s_%s %s\n# TYPE weir_%s_%s %s\n", t->group,
				t->name, t->doc, t->group, t->name, t->gauge ? "gauge" : "counter");
			buf_fmt(out, "weir_%s_%s%s{role=\"%s\"} ", t->group, t->name,
				t->gauge ? "" : "_total", role);
		}
		group = t->group;
		buf_dec(out, stat_get(s, (enum stat_id)i));
		buf_u8(out, '\n');
	}
}
