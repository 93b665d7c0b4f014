/* SPDX-License-Identifier: Apache-2.0 */
#include "encode/exporter.h"

#include "base/attr.h"
#include "base/hash.h"
#include "encode/collector.h"
#include "encode/inbox.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	MTU = 1400,
	MTU_MIN = 256,
	SESSION_MESSAGE = 16384,
	TEMPLATE_S = 60,
	TEMPLATE_MESSAGES = 2000,
	OPTIONS_S = 60,
	TYPES_EVERY = 10, /* UDP: types of elements are told with every tenth of the options */
	BUFFER = 16 << 20,
	BATCHES = 16,
	WAIT_MS = 1000,
	GO_ON = -1,
};

/* Collectors that get the same messages. */
struct stream {
	struct exporter *x;
	struct encoder *encoder;
	struct collector *only; /* not NULL: what is emitted is for this one */
	struct collector *collectors[EXPORT_TARGETS_MAX];
	size_t n;
};

struct exporter {
	struct exporter_opts opts;
	struct inbox inbox;
	struct stats stats;
	struct stream streams[EXPORT_TARGETS_MAX];
	struct collector collectors[EXPORT_TARGETS_MAX];
	size_t n_streams, n; /* n: collectors that are set up */
	struct tls_context *tls;
	struct export_interface *interfaces; /* owned, with their texts */
	atomic_int_fast64_t flush_ms;        /* GO_ON until exporter_stop */
	/* The books of the collectors, copied for other threads. */
	pthread_mutex_t shown_lock;
	struct collector_books shown[EXPORT_TARGETS_MAX];
};

static int64_t clock_ms(clockid_t which)
{
	struct timespec t;
	clock_gettime(which, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- setting up */

static void set_defaults(struct exporter_opts *o)
{
	o->mtu = o->mtu ? (uint16_t)MAX_OF(o->mtu, MTU_MIN) : MTU;
	o->template_s = o->template_s ? o->template_s : TEMPLATE_S;
	o->template_messages = o->template_messages ? o->template_messages : TEMPLATE_MESSAGES;
	o->options_s = o->options_s ? o->options_s : OPTIONS_S;
	o->buffer = o->buffer ? o->buffer : BUFFER;
	o->batches = o->batches ? o->batches : BATCHES;
	o->start_ms = o->start_ms ? o->start_ms : clock_ms(CLOCK_REALTIME);
}

/* One block of memory: the array, then its texts. */
static enum err copy_interfaces(struct exporter *x)
{
	size_t n = x->opts.n_interfaces, bytes = n * sizeof(struct export_interface);
	const struct export_interface *from = x->opts.interfaces;
	x->opts.interfaces = NULL;
	x->opts.n_interfaces = 0;
	if (n == 0)
		return ERR_OK;
	for (size_t i = 0; i < n; i++)
		bytes += strlen(from[i].name) + strlen(from[i].description) + 2;
	x->interfaces = malloc(bytes);
	if (!x->interfaces)
		return ERR_NOMEM;
	char *text = (char *)(x->interfaces + n);
	for (size_t i = 0; i < n; i++) {
		size_t name = strlen(from[i].name) + 1,
		       description = strlen(from[i].description) + 1;
		memcpy(text, from[i].name, name);
		memcpy(text + name, from[i].description, description);
		x->interfaces[i] = (struct export_interface){from[i].index, text, text + name};
		text += name + description;
	}
	x->opts.interfaces = x->interfaces;
	x->opts.n_interfaces = n;
	return ERR_OK;
}

static void emit(void *ctx, struct message *m)
{
	struct stream *s = ctx;
	if (s->only)
		collector_push(s->only, m);
	for (size_t i = 0; !s->only && i < s->n; i++)
		collector_push(s->collectors[i], m);
	message_put(m);
}

static bool same_messages(const struct export_target *a, const struct export_target *b)
{
	return a->protocol == b->protocol && a->split == b->split &&
	       (a->transport == EXPORT_UDP) == (b->transport == EXPORT_UDP);
}

/* The stream of a target, new unless another has the same. */
static enum err stream_for(struct exporter *x, const struct export_target *t, struct stream **ret)
{
	for (size_t i = 0; !x->opts.balance && i < x->n_streams; i++)
		if (same_messages(&x->streams[i].collectors[0]->target, t)) {
			*ret = &x->streams[i];
			return ERR_OK;
		}
	struct stream *s = &x->streams[x->n_streams];
	bool udp = t->transport == EXPORT_UDP;
	const struct encoder_opts o = {.protocol = t->protocol,
				       .split = t->split,
				       .domain = x->opts.domain,
				       .message_max = udp ? x->opts.mtu : (uint32_t)SESSION_MESSAGE,
				       .record_max =
					   udp ? (uint32_t)MESSAGE_MAX_UDP : (uint32_t)MESSAGE_MAX,
				       .start_ms = x->opts.start_ms,
				       .sampling = x->opts.sampling,
				       .stats = &x->stats,
				       .emit = emit,
				       .ctx = s};
	s->x = x;
	enum err e = encoder_new(&o, &s->encoder);
	if (e)
		return e;
	x->n_streams++;
	*ret = s;
	return ERR_OK;
}

static enum err add_collector(struct exporter *x, const struct export_target *t,
			      struct diag *reterr)
{
	struct collector *c = &x->collectors[x->n];
	struct stream *s;
	enum err e = ERR_OK;
	if (t->transport == EXPORT_TLS && !x->tls)
		e = tls_client_context(&x->opts.tls, &x->tls, reterr);
	if (e)
		return e;
	e = stream_for(x, t, &s);
	if (e)
		return diag_set(reterr, e, 0, 0, "%s", err_text(e));
	s->collectors[s->n++] = c;
	const struct collector_opts o = {.target = *t,
					 .index = (unsigned)x->n,
					 .encoder = s->encoder,
					 .stats = &x->stats,
					 .tls = x->tls,
					 .buffer = x->opts.buffer,
					 .template_messages = x->opts.template_messages,
					 .template_ms = (int64_t)x->opts.template_s * 1000};
	x->n++;
	return collector_init(c, &o, reterr);
}

enum err exporter_new(const struct exporter_opts *o, struct exporter **ret, struct diag *reterr)
{
	struct exporter *x = calloc(1, sizeof(*x));
	if (!x)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	x->opts = *o;
	set_defaults(&x->opts);
	atomic_init(&x->flush_ms, GO_ON);
	enum err e = inbox_init(&x->inbox, x->opts.batches);
	if (e || pthread_mutex_init(&x->shown_lock, NULL)) {
		if (!e)
			inbox_fini(&x->inbox);
		free(x);
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	}
	e = copy_interfaces(x);
	if (!e && o->n_targets > EXPORT_TARGETS_MAX)
		e = diag_set(reterr, ERR_LIMIT, 0, 0, "more than %d collectors",
			     EXPORT_TARGETS_MAX);
	for (size_t i = 0; !e && i < o->n_targets; i++)
		e = add_collector(x, &o->targets[i], reterr);
	if (e) {
		exporter_free(x);
		return e;
	}
	stat_set(&x->stats, ST_export_collectors, x->n);
	*ret = x;
	return ERR_OK;
}

void exporter_free(struct exporter *x)
{
	if (!x)
		return;
	for (size_t i = 0; i < x->n; i++)
		collector_fini(&x->collectors[i]);
	for (size_t i = 0; i < x->n_streams; i++)
		encoder_free(x->streams[i].encoder);
	tls_context_free(x->tls);
	inbox_fini(&x->inbox);
	pthread_mutex_destroy(&x->shown_lock);
	free(x->interfaces);
	free(x);
}

struct batch *exporter_batch(struct exporter *x)
{
	(void)x;
	return batch_new(SHAPE_WIDE);
}

void exporter_give(struct exporter *x, struct batch **b)
{
	inbox_give(&x->inbox, b);
}

void exporter_stop(struct exporter *x, uint32_t flush_ms)
{
	atomic_store(&x->flush_ms, (int_fast64_t)flush_ms);
	inbox_wake(&x->inbox);
}

/* --- batches to messages */

/* Which of n collectors a flow goes to: the same for both directions. */
static uint32_t share_of(const struct batch *b, uint32_t row, size_t n)
{
	struct {
		struct ip ip[2];
		uint16_t port[2];
		uint8_t proto;
		uint8_t zero[3];
	} key = {0};
	static const enum field ips[] = {F_src_ip, F_dst_ip}, ports[] = {F_src_port, F_dst_port};
	for (int i = 0; i < 2; i++) {
		key.ip[i] = batch_has(b, ips[i]) ? batch_ip(b, ips[i])[row] : key.ip[i];
		key.port[i] = batch_has(b, ports[i]) ? batch_u16(b, ports[i])[row] : 0;
	}
	key.proto = batch_has(b, F_proto) ? batch_u8(b, F_proto)[row] : 0;
	int order = memcmp(&key.ip[0], &key.ip[1], sizeof(key.ip[0]));
	if (order > 0 || (order == 0 && key.port[0] > key.port[1])) {
		struct ip ip = key.ip[0];
		uint16_t port = key.port[0];
		key.ip[0] = key.ip[1];
		key.ip[1] = ip;
		key.port[0] = key.port[1];
		key.port[1] = port;
	}
	return (uint32_t)(hash64(&key, sizeof(key), 0) % n);
}

static void encode_shares(struct exporter *x, const struct batch *b, int64_t export_ms)
{
	uint16_t rows[BATCH_ROWS], share[BATCH_ROWS];
	for (uint32_t i = 0; i < b->n; i++)
		share[i] = (uint16_t)share_of(b, i, x->n_streams);
	for (size_t s = 0; s < x->n_streams; s++) {
		uint32_t n = 0;
		for (uint32_t i = 0; i < b->n; i++)
			if (share[i] == s)
				rows[n++] = (uint16_t)i;
		if (n)
			encoder_rows(x->streams[s].encoder, b, rows, n, export_ms);
	}
}

/* False: none waits. */
static bool encode_batch(struct exporter *x, int64_t export_ms)
{
	struct batch *b = inbox_take(&x->inbox);
	if (!b)
		return false;
	if (x->opts.balance && x->n_streams > 1)
		encode_shares(x, b, export_ms);
	else
		for (size_t s = 0; s < x->n_streams; s++)
			encoder_rows(x->streams[s].encoder, b, NULL, b->n, export_ms);
	inbox_return(&x->inbox, b);
	return true;
}

/* --- options */

static void tell_options(struct exporter *x, struct stream *s, struct collector *c, int64_t mono_ms,
			 int64_t export_ms)
{
	bool types = c->greet || (c->target.transport == EXPORT_UDP && mono_ms >= c->types_at);
	struct stats sum = {0};
	exporter_stats(x, &sum);
	if (x->opts.counters)
		x->opts.counters(x->opts.ctx, &sum);
	const struct options_told t = {
	    .what = OPTIONS_STATE | (types ? OPTIONS_INTERFACES | OPTIONS_TYPES : 0),
	    .stats = &sum,
	    .active_timeout_s = x->opts.active_timeout_s,
	    .idle_timeout_s = x->opts.idle_timeout_s,
	    .interfaces = x->opts.interfaces,
	    .n_interfaces = x->opts.n_interfaces,
	    .sent_messages = c->books.sent_messages,
	    .sent_records = c->books.sent_records,
	    .sent_bytes = c->books.sent_bytes,
	    .not_sent = c->books.dropped_records,
	};
	int64_t every = (int64_t)x->opts.options_s * 1000;
	c->greet = false;
	c->options_at = mono_ms + every;
	c->types_at = types ? mono_ms + every * TYPES_EVERY : c->types_at;
	s->only = c;
	options_put(s->encoder, &t, export_ms);
	s->only = NULL;
}

/* --- the loop */

static void withdraw(void *ctx, const struct layout *l)
{
	struct stream *s = ctx;
	for (size_t i = 0; i < s->n; i++)
		collector_withdraw(s->collectors[i], l, clock_ms(CLOCK_REALTIME));
}

static void show(struct exporter *x)
{
	uint64_t up = 0, waiting = 0;
	pthread_mutex_lock(&x->shown_lock);
	for (size_t i = 0; i < x->n; i++) {
		x->shown[i] = x->collectors[i].books;
		up += x->shown[i].state == COLLECTOR_UP;
		waiting += x->shown[i].waiting_bytes;
	}
	pthread_mutex_unlock(&x->shown_lock);
	stat_set(&x->stats, ST_export_collectors_up, up);
	stat_set(&x->stats, ST_export_waiting_bytes, waiting);
}

static void step_all(struct exporter *x, struct pollfd *fds)
{
	int64_t mono_ms = clock_ms(CLOCK_MONOTONIC), export_ms = clock_ms(CLOCK_REALTIME);
	for (size_t s = 0; s < x->n_streams; s++) {
		struct stream *st = &x->streams[s];
		for (size_t i = 0; i < st->n; i++) {
			struct collector *c = st->collectors[i];
			bool up = c->books.state == COLLECTOR_UP;
			if (up && (c->greet || mono_ms >= c->options_at))
				tell_options(x, st, c, mono_ms, export_ms);
			collector_step(c, fds[c->index].revents, mono_ms, export_ms);
			fds[c->index].revents = 0;
		}
		layouts_bury(encoder_layouts(st->encoder), withdraw, st);
	}
	show(x);
}

/* Until something comes, or a collector has something to do, or `until`. */
static void wait_for(struct exporter *x, struct pollfd *fds, int64_t until)
{
	int64_t now = clock_ms(CLOCK_MONOTONIC), at = MIN_OF(until, now + WAIT_MS);
	for (size_t i = 0; i < x->n; i++) {
		const struct collector *c = &x->collectors[i];
		fds[i] = (struct pollfd){.fd = c->fd, .events = collector_events(c)};
		at = MIN_OF(at, collector_next(c, now));
		at = c->greet ? now : at;
	}
	fds[x->n] = (struct pollfd){.fd = x->inbox.wake, .events = POLLIN};
	if (poll(fds, (nfds_t)x->n + 1, (int)MAX_OF(at - now, (int64_t)0)) < 0)
		for (size_t i = 0; i <= x->n; i++)
			fds[i].revents = 0;
}

static bool all_idle(const struct exporter *x)
{
	for (size_t i = 0; i < x->n; i++)
		if (!collector_idle(&x->collectors[i]))
			return false;
	return true;
}

void exporter_run(struct exporter *x)
{
	struct pollfd fds[EXPORT_TARGETS_MAX + 1];
	int64_t until = INT64_MAX;
	for (;;) {
		wait_for(x, fds, until);
		int64_t flush_ms = atomic_load(&x->flush_ms);
		/* Between batches what is ready is sent, so that buffers need not hold all of them.
		 */
		bool more;
		do {
			more = encode_batch(x, clock_ms(CLOCK_REALTIME));
			step_all(x, fds);
		} while (more);
		if (flush_ms == GO_ON)
			continue;
		int64_t now = clock_ms(CLOCK_MONOTONIC);
		if (until == INT64_MAX)
			until = now + flush_ms;
		if (now >= until || all_idle(x))
			break;
	}
	for (size_t i = 0; i < x->n; i++)
		collector_close(&x->collectors[i]);
	show(x);
}

/* --- for other threads */

void exporter_stats(struct exporter *x, struct stats *sum)
{
	uint64_t given, behind;
	inbox_counts(&x->inbox, &given, &behind);
	stats_add_to(sum, &x->stats);
	stat_add(sum, ST_export_flows, given);
	stat_add(sum, ST_export_drop_behind, behind);
}

void exporter_json(struct exporter *x, struct buf *out)
{
	static const char *const states[] = {"down", "connecting", "handshake", "up"};
	char text[EXPORT_TARGET_TEXT_MAX];
	pthread_mutex_lock(&x->shown_lock);
	buf_u8(out, '[');
	for (size_t i = 0; i < x->n; i++) {
		const struct collector_books *k = &x->shown[i];
		size_t n = export_target_text(&x->collectors[i].target, text);
		buf_str(out, i ? ",{\"to\":" : "{\"to\":");
		buf_json_str(out, text, n);
		buf_fmt(out,
			",\"state\":\"%s\",\"sessions\":%u,\"messages\":%llu,\"records\":%llu,"
			"\"bytes\":%llu,\"dropped\":%llu,\"waiting_bytes\":%llu,\"error\":",
			states[k->state], k->sessions, (unsigned long long)k->sent_messages,
			(unsigned long long)k->sent_records, (unsigned long long)k->sent_bytes,
			(unsigned long long)k->dropped_records,
			(unsigned long long)k->waiting_bytes);
		buf_json_str(out, k->error, strlen(k->error));
		buf_u8(out, '}');
	}
	buf_u8(out, ']');
	pthread_mutex_unlock(&x->shown_lock);
}
