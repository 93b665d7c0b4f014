/* SPDX-License-Identifier: Apache-2.0 */
#include "stub.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct engine_conn {
	struct stub *stub;
	unsigned left;
	bool late, wait, shown;
	const char *error;
};

static const char piece[] = "piece\n", shown[] = "shown\n";

static bool has(const struct engine_query *q, const char *s)
{
	return memmem(q->sql, q->sql_len, s, strlen(s)) != NULL;
}

static void read_infile(struct stub *s, const struct engine_query *q)
{
	static const char mark[] = "INFILE '";
	const char *p = memmem(q->sql, q->sql_len, mark, sizeof(mark) - 1);
	char path[64] = "";
	if (!p)
		return;
	p += sizeof(mark) - 1;
	size_t left = q->sql_len - (size_t)(p - q->sql), n = 0;
	while (n < left && n < sizeof(path) - 1 && p[n] != '\'')
		n++;
	memcpy(path, p, n);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	buf_reset(&s->data);
	for (ssize_t got = 1; fd >= 0 && got > 0 && buf_reserve(&s->data, 4096);) {
		got = read(fd, s->data.p + s->data.n, 4096);
		s->data.n += got > 0 ? (size_t)got : 0;
	}
	if (fd >= 0)
		close(fd);
}

static enum err stub_start(struct engine_conn *c, const struct engine_query *q)
{
	struct stub *s = c->stub;
	*c = (struct engine_conn){.stub = s};
	pthread_mutex_lock(&s->lock);
	buf_put(&s->log, q->sql, q->sql_len);
	for (size_t i = 0; i < q->n_params; i++) {
		buf_fmt(&s->log, " [%s=", q->params[i].name);
		buf_put(&s->log, q->params[i].value, q->params[i].value_len);
		buf_u8(&s->log, ']');
	}
	buf_str(&s->log, "\n");
	if (has(q, "KILL QUERY")) {
		s->killed++;
		pthread_cond_broadcast(&s->changed);
	}
	read_infile(s, q);
	pthread_mutex_unlock(&s->lock);
	if (has(q, "pieces"))
		c->left = 3;
	c->late = has(q, "late");
	c->left += c->late;
	c->wait = has(q, "wait");
	c->shown = has(q, "SHOW") || has(q, "noshow");
	if (has(q, "nope"))
		c->error = "Code: 60. DB::Exception: Table nope does not exist. (UNKNOWN_TABLE)";
	else if (has(q, "noshow") && q->stream)
		c->error = "Code: 36. DB::Exception: Streaming query is not supported for query: "
			   "x. (BAD_ARGUMENTS)";
	return c->error ? ERR_REMOTE : ERR_OK;
}

static enum err stub_next(struct engine_conn *c, const uint8_t **ret_p, size_t *ret_n)
{
	struct stub *s = c->stub;
	*ret_n = 0;
	if (c->wait) {
		pthread_mutex_lock(&s->lock);
		unsigned before = s->killed;
		s->waiting++;
		pthread_cond_broadcast(&s->changed);
		while (s->killed == before && !s->never_waits)
			pthread_cond_wait(&s->changed, &s->lock);
		s->waiting--;
		pthread_mutex_unlock(&s->lock);
		c->error = "Code: 394. DB::Exception: Query was cancelled. (QUERY_WAS_CANCELLED)";
		return ERR_REMOTE;
	}
	if (c->shown || c->left) {
		*ret_p = (const uint8_t *)(c->shown ? shown : piece);
		*ret_n = 6;
		c->left -= c->left > 0;
		c->shown = false;
		return ERR_OK;
	}
	if (c->late)
		c->error = "Code: 395. DB::Exception: Too late. (FUNCTION_THROW_IF)";
	return c->late ? ERR_REMOTE : ERR_OK;
}

static const char *stub_error(const struct engine_conn *c)
{
	return c->error ? c->error : "";
}

static struct engine_sums stub_sums(const struct engine_conn *c unused_arg)
{
	return (struct engine_sums){.rows_read = 11, .bytes_read = 22};
}

static void stub_finish(struct engine_conn *c)
{
	*c = (struct engine_conn){.stub = c->stub};
}

static enum err stub_connect(struct engine *e, struct engine_conn **ret)
{
	struct stub *s = (struct stub *)e;
	*ret = calloc(1, sizeof(**ret));
	(*ret)->stub = s;
	__atomic_add_fetch(&s->open, 1, __ATOMIC_RELAXED);
	return ERR_OK;
}

static void stub_disconnect(struct engine_conn **c)
{
	if (!*c)
		return;
	__atomic_sub_fetch(&(*c)->stub->open, 1, __ATOMIC_RELAXED);
	free(*c);
	*c = NULL;
}

static const struct engine_ops ops = {stub_connect, stub_disconnect, stub_start, stub_next,
				      stub_error,   stub_sums,       stub_finish};

void stub_init(struct stub *s)
{
	*s = (struct stub){.engine = {&ops, "1.2.3.4"}};
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
}

void stub_fini(struct stub *s)
{
	buf_fini(&s->log);
	buf_fini(&s->data);
}

void stub_await_waiting(struct stub *s, unsigned n)
{
	pthread_mutex_lock(&s->lock);
	while (s->waiting < n)
		pthread_cond_wait(&s->changed, &s->lock);
	pthread_mutex_unlock(&s->lock);
}
