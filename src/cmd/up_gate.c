/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/up_gate.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum err up_gate_init(struct up_gate *g)
{
	*g = (struct up_gate){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	if (g->fd < 0)
		return err_from_errno(errno);
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->changed, NULL);
	return ERR_OK;
}

void up_gate_fini(struct up_gate *g)
{
	if (g->fd < 0)
		return;
	close(g->fd);
	buf_fini(&g->answer);
	pthread_cond_destroy(&g->changed);
	pthread_mutex_destroy(&g->lock);
	g->fd = -1;
}

enum err up_gate_ask(struct up_gate *g, struct buf *out, struct diag *reterr)
{
	enum err e = ERR_CANCELLED;
	pthread_mutex_lock(&g->lock);
	while (g->asked && !g->closed)
		pthread_cond_wait(&g->changed, &g->lock);
	if (!g->closed) {
		g->asked = true;
		g->answered = false;
		(void)eventfd_write(g->fd, 1);
		while (!g->answered && !g->closed)
			pthread_cond_wait(&g->changed, &g->lock);
		if (g->answered) {
			e = g->result;
			buf_put(out, g->answer.p, g->answer.n);
			*reterr = g->diag;
		}
		g->asked = false;
		pthread_cond_broadcast(&g->changed);
	}
	if (e == ERR_CANCELLED)
		diag_set(reterr, e, 0, 0, "weir up is stopping");
	pthread_mutex_unlock(&g->lock);
	return e;
}

void up_gate_serve(struct up_gate *g,
		   enum err (*fn)(void *ctx, struct buf *out, struct diag *reterr), void *ctx)
{
	eventfd_t n;
	struct buf answer = {0};
	struct diag d = {0};
	if (eventfd_read(g->fd, &n))
		return;
	enum err e = fn(ctx, &answer, &d);
	pthread_mutex_lock(&g->lock);
	buf_fini(&g->answer);
	g->answer = answer;
	g->diag = d;
	g->result = e;
	g->answered = true;
	pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->lock);
}

void up_gate_close(struct up_gate *g)
{
	if (g->fd < 0)
		return;
	pthread_mutex_lock(&g->lock);
	g->closed = true;
	pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->lock);
}
