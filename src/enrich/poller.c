/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/poller.h"

#include "base/buf.h"
#include "enrich/names.h"
#include "enrich/snmp_access.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FIRST_WAIT_MS = 60000, SHOWN_MAX = 20, MS_PER_S = 1000, MBIT = 1000000 };
static const int64_t LONGEST_WAIT_MS = 24 * 3600 * 1000;

enum outcome { NOT_ASKED, ANSWERS, SILENT, REFUSED };

struct device {
	struct ip ip;
	int64_t due_ms;  /* 0 = at once */
	int64_t wait_ms; /* after the next failure */
	enum outcome outcome;
	uint32_t interfaces;
	char error[80];
};

/* One interface while it is put together from the columns. */
struct interface {
	uint32_t row;
	char name[SNMP_TEXT_MAX + 1], alias[SNMP_TEXT_MAX + 1];
	uint64_t speed;
};

struct poller {
	struct poller_opts o;
	struct snmp_rules rules;
	struct timespec rules_time;
	bool rules_read;
	struct interface *rows; /* of the device being asked */
	uint32_t n_rows;
	pthread_mutex_t lock; /* of what follows */
	struct device *v;
	uint32_t n, cap;
	char error[200], notice[200];
};

static const uint32_t sys_descr[] = {1, 3, 6, 1, 2, 1, 1, 1, 0};
static const uint32_t sys_name[] = {1, 3, 6, 1, 2, 1, 1, 5, 0};
static const uint32_t if_descr[] = {1, 3, 6, 1, 2, 1, 2, 2, 1, 2};
static const uint32_t if_speed[] = {1, 3, 6, 1, 2, 1, 2, 2, 1, 5};
static const uint32_t if_name[] = {1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1};
static const uint32_t if_high_speed[] = {1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 15};
static const uint32_t if_alias[] = {1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 18};

enum err poller_new(const struct poller_opts *o, struct poller **ret)
{
	struct poller *p = calloc(1, sizeof(*p));
	if (!p)
		return ERR_NOMEM;
	p->o = *o;
	pthread_mutex_init(&p->lock, NULL);
	*ret = p;
	return ERR_OK;
}

void poller_free(struct poller **pp)
{
	struct poller *p = *pp;
	*pp = NULL;
	if (!p)
		return;
	snmp_rules_fini(&p->rules);
	free(p->rows);
	free(p->v);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* --- which devices */

static int by_ip(const void *a, const void *b)
{
	return memcmp(&((const struct device *)a)->ip, &((const struct device *)b)->ip,
		      sizeof(struct ip));
}

void poller_see(struct poller *p, const struct ip *ip)
{
	const struct device d = {.ip = *ip, .wait_ms = FIRST_WAIT_MS};
	static const struct ip nameless;
	if (ip_equal(ip, &nameless))
		return;
	pthread_mutex_lock(&p->lock);
	bool known = p->n && bsearch(&d, p->v, p->n, sizeof(d), by_ip);
	if (!known && p->n < POLLER_DEVICES_MAX) {
		if (p->n == p->cap) {
			uint32_t cap = p->cap ? p->cap * 2 : 64;
			struct device *v = reallocarray(p->v, cap, sizeof(*v));
			p->cap = v ? cap : p->cap;
			p->v = v ? v : p->v;
		}
		if (p->n < p->cap) {
			p->v[p->n++] = d;
			qsort(p->v, p->n, sizeof(d), by_ip);
		}
	}
	pthread_mutex_unlock(&p->lock);
}

/* The first device from `at` on that is due. */
static bool next_due(struct poller *p, uint32_t *at, int64_t now_ms, struct device *ret)
{
	bool found = false;
	pthread_mutex_lock(&p->lock);
	for (; *at < p->n && !found; ++*at)
		if (p->v[*at].due_ms <= now_ms) {
			*ret = p->v[*at];
			found = true;
		}
	pthread_mutex_unlock(&p->lock);
	return found;
}

static void note(struct poller *p, const struct device *d)
{
	pthread_mutex_lock(&p->lock);
	struct device *to = bsearch(d, p->v, p->n, sizeof(*d), by_ip);
	if (to)
		*to = *d;
	pthread_mutex_unlock(&p->lock);
}

/* --- how they are asked: the file, again when it has changed */

static void say(struct poller *p, const char *error)
{
	pthread_mutex_lock(&p->lock);
	if (strcmp(p->error, error) != 0) {
		snprintf(p->error, sizeof(p->error), "%s", error);
		snprintf(p->notice, sizeof(p->notice), "%s", error);
	}
	pthread_mutex_unlock(&p->lock);
}

static void forget_failures(struct poller *p)
{
	pthread_mutex_lock(&p->lock);
	for (uint32_t i = 0; i < p->n; i++) {
		p->v[i].due_ms = 0;
		p->v[i].wait_ms = FIRST_WAIT_MS;
	}
	pthread_mutex_unlock(&p->lock);
}

static void read_rules(struct poller *p)
{
	struct stat st;
	struct snmp_rules r;
	struct diag d = {0};
	char text[200];
	if (stat(p->o.access_file, &st) != 0)
		memset(&st, 0, sizeof(st));
	if (p->rules_read && st.st_mtim.tv_sec == p->rules_time.tv_sec &&
	    st.st_mtim.tv_nsec == p->rules_time.tv_nsec)
		return;
	p->rules_read = true;
	p->rules_time = st.st_mtim;
	if (snmp_rules_read(p->o.access_file, &r, &d)) {
		snprintf(text, sizeof(text), "%.80s: %.100s", p->o.access_file,
			 d.msg[0] ? d.msg : err_text(d.code));
		say(p, text);
		return;
	}
	snmp_rules_fini(&p->rules);
	p->rules = r;
	say(p, "");
	forget_failures(p);
}

/* --- asking one */

struct asking {
	struct poller *p;
	void (*set)(struct interface *i, const struct snmp_value *v);
	bool makes; /* the first column makes the rows, later ones fill them */
};

static bool pace(void *ctx)
{
	const struct poller *p = ((struct asking *)ctx)->p;
	struct pollfd stop = {.fd = p->o.stop_fd, .events = POLLIN};
	return poll(&stop, 1, p->o.rate ? (int)(MS_PER_S / p->o.rate) : 0) == 0;
}

static void copy(char to[SNMP_TEXT_MAX + 1], const struct snmp_value *v)
{
	size_t n = strnlen(v->text, v->text_n);
	memcpy(to, v->text, n);
	to[n] = 0;
}

static void set_name(struct interface *i, const struct snmp_value *v)
{
	copy(i->name, v);
}

static void set_alias(struct interface *i, const struct snmp_value *v)
{
	copy(i->alias, v);
}

static void set_speed(struct interface *i, const struct snmp_value *v)
{
	i->speed = v->number;
}

static void set_high_speed(struct interface *i, const struct snmp_value *v)
{
	if (v->number)
		i->speed = v->number * MBIT;
}

static void take(void *ctx, uint32_t row, const struct snmp_value *v)
{
	struct asking *a = ctx;
	struct poller *p = a->p;
	/* Rows come in the order of their numbers. */
	uint32_t lo = 0, hi = p->n_rows;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (p->rows[mid].row < row)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == p->n_rows || p->rows[lo].row != row) {
		if (!a->makes || p->n_rows == POLLER_INTERFACES_MAX || lo != p->n_rows)
			return;
		if ((p->n_rows & (p->n_rows - 1)) == 0) {
			size_t cap = p->n_rows ? p->n_rows * 2u : 1;
			struct interface *rows = reallocarray(p->rows, cap, sizeof(*rows));
			if (!rows)
				return;
			p->rows = rows;
		}
		p->rows[p->n_rows++] = (struct interface){.row = row};
	}
	a->set(&p->rows[lo], v);
}

static const struct {
	const uint32_t *oid;
	size_t n;
	void (*set)(struct interface *i, const struct snmp_value *v);
	bool makes;
} columns[] = {
    /* Old devices have only the first two; what the others say stands. */
    {if_descr, ARRAY_LEN(if_descr), set_name, true},
    {if_speed, ARRAY_LEN(if_speed), set_speed, false},
    {if_name, ARRAY_LEN(if_name), set_name, true},
    {if_high_speed, ARRAY_LEN(if_high_speed), set_high_speed, false},
    {if_alias, ARRAY_LEN(if_alias), set_alias, false},
};

static void tell_interfaces(struct poller *p, const struct device *d, int64_t wall_ms)
{
	for (uint32_t i = 0; i < p->n_rows; i++) {
		const struct interface *r = &p->rows[i];
		const struct name_row row = {.kind = NAMES_INTERFACE,
					     .source = NAMES_SNMP,
					     .addr = d->ip,
					     .id = r->row,
					     .text = r->name,
					     .text_n = strlen(r->name),
					     .text2 = r->alias,
					     .text2_n = strlen(r->alias),
					     .number = r->speed,
					     .since = wall_ms};
		(void)names_tell(p->o.names, &row);
	}
}

static enum err ask_system(struct snmp_device *s, const struct poller *p, const struct device *d,
			   int64_t wall_ms, struct diag *reterr)
{
	struct snmp_value v;
	char name[SNMP_TEXT_MAX + 1] = "", descr[SNMP_TEXT_MAX + 1] = "";
	enum err e = snmp_device_get(s, sys_name, ARRAY_LEN(sys_name), &v, reterr);
	if (!e)
		copy(name, &v);
	if (e && e != ERR_NOT_FOUND)
		return e;
	e = snmp_device_get(s, sys_descr, ARRAY_LEN(sys_descr), &v, reterr);
	if (!e)
		copy(descr, &v);
	if (e && e != ERR_NOT_FOUND)
		return e;
	const struct name_row row = {.kind = NAMES_EXPORTER,
				     .source = NAMES_SNMP,
				     .addr = d->ip,
				     .text = name,
				     .text_n = strlen(name),
				     .text2 = descr,
				     .text2_n = strlen(descr),
				     .since = wall_ms};
	if (*name || *descr)
		(void)names_tell(p->o.names, &row);
	return ERR_OK;
}

static enum err ask(struct poller *p, const struct device *d, const struct snmp_access *access,
		    int64_t wall_ms, struct diag *reterr)
{
	struct snmp_access a = *access;
	struct snmp_device *s;
	struct asking asking = {.p = p};
	a.port = p->o.port;
	a.timeout_ms = p->o.timeout_ms;
	p->n_rows = 0;
	if (!pace(&asking))
		return ERR_CANCELLED;
	enum err e = snmp_device_open(&d->ip, &a, &s, reterr);
	if (e)
		return e;
	e = ask_system(s, p, d, wall_ms, reterr);
	for (size_t i = 0; i < ARRAY_LEN(columns) && !e; i++) {
		asking.set = columns[i].set;
		asking.makes = columns[i].makes;
		e = snmp_device_column(s, columns[i].oid, columns[i].n, POLLER_INTERFACES_MAX, pace,
				       take, &asking, reterr);
		if (e == ERR_NOT_FOUND)
			e = ERR_OK;
	}
	snmp_device_close(s);
	if (!e)
		tell_interfaces(p, d, wall_ms);
	return e;
}

void poller_turn(struct poller *p, int64_t now_ms, int64_t wall_ms)
{
	struct device d;
	uint32_t at = 0;
	read_rules(p);
	while (next_due(p, &at, now_ms, &d)) {
		struct diag diag = {0};
		const struct snmp_access *a = snmp_rules_find(&p->rules, &d.ip);
		d.due_ms = now_ms + (int64_t)p->o.every_ms;
		enum err e = a ? ask(p, &d, a, wall_ms, &diag) : ERR_OK;
		if (e == ERR_CANCELLED)
			return;
		d.outcome = !a ? NOT_ASKED : !e ? ANSWERS : e == ERR_TIMEOUT ? SILENT : REFUSED;
		snprintf(d.error, sizeof(d.error), "%.79s",
			 e ? (diag.msg[0] ? diag.msg : err_text(e)) : "");
		d.interfaces = a && !e ? p->n_rows : d.interfaces;
		if (e) {
			d.due_ms = now_ms + d.wait_ms;
			d.wait_ms = MIN_OF(d.wait_ms * 2, LONGEST_WAIT_MS);
		} else {
			d.wait_ms = FIRST_WAIT_MS;
		}
		note(p, &d);
	}
}

bool poller_next_notice(struct poller *p, char *text, size_t n)
{
	pthread_mutex_lock(&p->lock);
	bool any = p->notice[0] != 0;
	snprintf(text, n, "%s", p->notice);
	p->notice[0] = 0;
	pthread_mutex_unlock(&p->lock);
	return any;
}

static void failing(const struct poller *p, struct buf *out)
{
	uint32_t shown = 0;
	buf_json_key(out, "failing");
	buf_u8(out, '[');
	for (uint32_t i = 0; i < p->n && shown < SHOWN_MAX; i++) {
		char ip[IP_TEXT_MAX];
		if (p->v[i].outcome != SILENT && p->v[i].outcome != REFUSED)
			continue;
		buf_str(out, shown++ ? ",{" : "{");
		buf_json_key(out, "exporter_ip");
		buf_json_str(out, ip, ip_format(&p->v[i].ip, ip));
		buf_json_key(out, "error");
		buf_json_str(out, p->v[i].error, strlen(p->v[i].error));
		buf_u8(out, '}');
	}
	buf_u8(out, ']');
}

void poller_json(struct poller *p, struct buf *out)
{
	uint32_t by[REFUSED + 1] = {0};
	uint64_t interfaces = 0;
	pthread_mutex_lock(&p->lock);
	for (uint32_t i = 0; i < p->n; i++) {
		by[p->v[i].outcome]++;
		interfaces += p->v[i].interfaces;
	}
	buf_fmt(
	    out,
	    "{\"devices\":%u,\"answering\":%u,\"silent\":%u,\"refused\":%u,\"interfaces\":%llu,",
	    p->n, by[ANSWERS], by[SILENT], by[REFUSED], (unsigned long long)interfaces);
	buf_json_key(out, "error");
	buf_json_str(out, p->error, strlen(p->error));
	failing(p, out);
	buf_u8(out, '}');
	pthread_mutex_unlock(&p->lock);
}
