/* SPDX-License-Identifier: Apache-2.0 */
#include "http/watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { WATCH_EVENTS = 16 };
static const uint64_t wake_key = UINT64_MAX;

struct slot {
	http_hangup_fn *fn; /* NULL = free */
	void *ctx;
	uint32_t generation; /* an event of an earlier user of the slot is told apart by it */
};

struct watch {
	int epoll_fd, wake_fd;
	pthread_t thread;
	pthread_mutex_t lock; /* held while a callback runs: that is what watch_del waits for */
	unsigned n;
	struct slot slots[];
};

static void fire(struct watch *w, uint64_t key)
{
	struct slot *s = &w->slots[key & UINT32_MAX];
	pthread_mutex_lock(&w->lock);
	if (s->fn && s->generation == key >> 32) {
		http_hangup_fn *fn = s->fn;
		s->fn = NULL;
		fn(s->ctx);
	}
	pthread_mutex_unlock(&w->lock);
}

static void *watch_loop(void *arg)
{
	struct watch *w = arg;
	for (;;) {
		struct epoll_event ev[WATCH_EVENTS];
		int n = epoll_wait(w->epoll_fd, ev, WATCH_EVENTS, -1);
		if (n < 0 && errno != EINTR)
			return NULL;
		for (int i = 0; i < n; i++) {
			if (ev[i].data.u64 == wake_key)
				return NULL;
			fire(w, ev[i].data.u64);
		}
	}
}

enum err watch_new(unsigned slots, struct watch **ret)
{
	struct watch *w = calloc(1, sizeof(*w) + slots * sizeof(w->slots[0]));
	if (!w)
		return ERR_NOMEM;
	w->n = slots;
	pthread_mutex_init(&w->lock, NULL);
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = wake_key};
	if (w->epoll_fd < 0 || w->wake_fd < 0 ||
	    epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->wake_fd, &ev) != 0 ||
	    pthread_create(&w->thread, NULL, watch_loop, w) != 0) {
		enum err e = err_from_errno(errno ? errno : EAGAIN);
		if (w->epoll_fd >= 0)
			close(w->epoll_fd);
		if (w->wake_fd >= 0)
			close(w->wake_fd);
		free(w);
		return e;
	}
	pthread_setname_np(w->thread, "http-watch");
	*ret = w;
	return ERR_OK;
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	eventfd_write(w->wake_fd, 1);
	pthread_join(w->thread, NULL);
	close(w->epoll_fd);
	close(w->wake_fd);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

enum err watch_add(struct watch *w, int fd, http_hangup_fn *fn, void *ctx, uint64_t *ret_key)
{
	enum err e = ERR_FULL;
	pthread_mutex_lock(&w->lock);
	for (unsigned i = 0; i < w->n && e == ERR_FULL; i++) {
		struct slot *s = &w->slots[i];
		if (s->fn)
			continue;
		*s = (struct slot){.fn = fn, .ctx = ctx, .generation = s->generation + 1};
		uint64_t key = (uint64_t)s->generation << 32 | i;
		struct epoll_event ev = {.events = EPOLLRDHUP | EPOLLONESHOT, .data.u64 = key};
		if (epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0) {
			*ret_key = key;
			e = ERR_OK;
		} else {
			s->fn = NULL;
			e = err_from_errno(errno);
		}
	}
	pthread_mutex_unlock(&w->lock);
	return e;
}

void watch_del(struct watch *w, uint64_t key, int fd)
{
	pthread_mutex_lock(&w->lock);
	struct slot *s = &w->slots[key & UINT32_MAX];
	/* After it has fired the slot may be another's. */
	if (s->generation == key >> 32)
		s->fn = NULL;
	epoll_ctl(w->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	pthread_mutex_unlock(&w->lock);
}
