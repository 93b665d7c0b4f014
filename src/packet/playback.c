/* SPDX-License-Identifier: Apache-2.0 */
/* A capture file as a source of frames, for tests and replays: at once, with the times it has, or
 * at its own speed (or a multiple of it), with the times of now. Frames are copied into one buffer
 * a burst at a time, since they are to outlive the reading of the next. */
#include "packet/bpf_filter.h"
#include "packet/live_priv.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_BYTES = 1 << 20 };

struct playback {
	struct live_reader reader;
	struct capture *capture;
	struct bpf_filter *filter;
	double speed;
	bool begun, ended;
	bool has;           /* frame is there: read, but not handed out */
	struct frame frame; /* borrowed from capture */
	int64_t first_ns;   /* of the file */
	int64_t start_ns;   /* when that was played */
	int64_t latest_ns;  /* of what was handed out */
	uint8_t buffer[BUFFER_BYTES];
};

/* The next frame that the filter takes, with the time it is to have. */
static enum err read_frame(struct playback *p, struct stats *s, struct diag *d)
{
	while (!p->has) {
		enum err e = capture_next(p->capture, &p->frame, d);
		if (e) {
			p->ended = true;
			return e;
		}
		p->has = bpf_filter_takes(p->filter, &p->frame);
		if (!p->has)
			stat_add(s, ST_capture_filtered, 1);
	}
	if (!p->begun) {
		p->begun = true;
		p->first_ns = p->frame.t_ns;
		p->start_ns = live_wall_ns();
	}
	return ERR_OK;
}

/* When the frame is to be played. */
static int64_t due_ns(const struct playback *p)
{
	return p->start_ns + (int64_t)((double)(p->frame.t_ns - p->first_ns) / p->speed);
}

static void sleep_until(int64_t t_ns, int timeout_ms)
{
	int64_t ms = (t_ns - live_wall_ns()) / 1000000 + 1;
	if (ms > 0)
		(void)poll(NULL, 0, (int)MIN_OF(ms, (int64_t)timeout_ms));
}

static enum err next(struct live_reader *reader, int timeout_ms, struct frame *ret, size_t max,
		     size_t *ret_n, struct stats *s, struct diag *d)
{
	struct playback *p = (struct playback *)reader;
	size_t n = 0, used = 0;
	enum err e = p->ended ? ERR_NOT_FOUND : read_frame(p, s, d);
	if (!e && p->speed > 0)
		sleep_until(due_ns(p), timeout_ms);
	int64_t now_ns = live_wall_ns();
	while (!e && n < max) {
		size_t keep = MIN_OF(p->frame.n, reader->snaplen);
		if (used + keep > BUFFER_BYTES || (p->speed > 0 && due_ns(p) > now_ns))
			break;
		memcpy(p->buffer + used, p->frame.p, keep);
		ret[n] = p->frame;
		ret[n].p = p->buffer + used;
		ret[n].n = keep;
		if (p->speed > 0)
			ret[n].t_ns = due_ns(p);
		p->latest_ns = MAX_OF(p->latest_ns, ret[n].t_ns);
		used += keep;
		n++;
		p->has = false;
		e = read_frame(p, s, d);
	}
	*ret_n = n;
	return n ? ERR_OK : e; /* what came before the end goes first */
}

static void release(struct live_reader *reader)
{
	(void)reader; /* the buffer is written at the next call */
}

static void count(struct live_reader *reader, struct stats *s)
{
	(void)reader; /* a file loses nothing */
	(void)s;
}

static int64_t now(const struct live_reader *reader)
{
	const struct playback *p = (const struct playback *)reader;
	return p->speed > 0 ? live_wall_ns() : p->latest_ns;
}

static void close_it(struct live_reader *reader)
{
	struct playback *p = (struct playback *)reader;
	bpf_filter_free(&p->filter);
	capture_close(p->capture);
	free(p);
}

static const struct live_ops ops = {
    .next = next, .release = release, .count = count, .now = now, .close = close_it};

/* The first frame says what the filter has to be compiled for. */
static enum err filter_it(struct playback *p, const char *filter, struct diag *d)
{
	enum err e = capture_next(p->capture, &p->frame, d);
	p->ended = e == ERR_NOT_FOUND;
	if (e)
		return p->ended ? ERR_OK : e;
	e = bpf_filter_new(filter, NULL, p->frame.link, 0, &p->filter, d);
	p->has = !e && bpf_filter_takes(p->filter, &p->frame);
	return e;
}

enum err playback_open(const char *path, const struct live_opts *o, struct live_reader **ret,
		       char how[LIVE_HOW_MAX], struct diag *reterr)
{
	struct playback *p = calloc(1, sizeof(*p));
	if (!p)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	p->reader.ops = &ops;
	p->speed = o->speed;
	enum err e = capture_open(path, &p->capture, reterr);
	if (!e && o->filter && *o->filter)
		e = filter_it(p, o->filter, reterr);
	if (e) {
		close_it(&p->reader);
		return e;
	}
	snprintf(how, LIVE_HOW_MAX, "capture file, %s", o->speed > 0 ? "at its speed" : "at once");
	*ret = &p->reader;
	return ERR_OK;
}
