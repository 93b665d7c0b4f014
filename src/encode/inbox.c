/* SPDX-License-Identifier: Apache-2.0 */
#include "encode/inbox.h"

#include "base/attr.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum err inbox_init(struct inbox *i, uint32_t max)
{
	*i = (struct inbox){.max = MIN_OF(max, (uint32_t)INBOX_MAX)};
	i->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (i->wake < 0)
		return err_from_errno(errno);
	if (pthread_mutex_init(&i->lock, NULL)) {
		close(i->wake);
		return ERR_NOMEM;
	}
	return ERR_OK;
}

void inbox_fini(struct inbox *i)
{
	while (i->n_waiting)
		batch_free(i->waiting[--i->n_waiting]);
	while (i->n_spare)
		batch_free(i->spare[--i->n_spare]);
	pthread_mutex_destroy(&i->lock);
	close(i->wake);
}

/* An empty batch in exchange for a full one; NULL: too many wait. */
static struct batch *spare(struct inbox *i)
{
	struct batch *b = NULL;
	bool make = false;
	pthread_mutex_lock(&i->lock);
	if (i->n_spare)
		b = i->spare[--i->n_spare];
	else if (i->n_made < i->max)
		make = ++i->n_made;
	pthread_mutex_unlock(&i->lock);
	if (make && !(b = batch_new(SHAPE_WIDE))) {
		pthread_mutex_lock(&i->lock);
		i->n_made--;
		pthread_mutex_unlock(&i->lock);
	}
	return b;
}

void inbox_give(struct inbox *i, struct batch **b)
{
	if ((*b)->n == 0)
		return;
	struct batch *empty = spare(i);
	pthread_mutex_lock(&i->lock);
	i->given += (*b)->n;
	if (empty)
		i->waiting[i->n_waiting++] = *b;
	else
		i->behind += (*b)->n;
	pthread_mutex_unlock(&i->lock);
	if (!empty) {
		batch_reset(*b);
		return;
	}
	*b = empty;
	inbox_wake(i);
}

struct batch *inbox_take(struct inbox *i)
{
	struct batch *b = NULL;
	uint64_t times;
	ssize_t got = read(i->wake, &times, sizeof(times)); /* it only wakes */
	(void)got;
	pthread_mutex_lock(&i->lock);
	if (i->n_waiting) {
		b = i->waiting[0];
		memmove(i->waiting, i->waiting + 1, --i->n_waiting * sizeof(i->waiting[0]));
	}
	pthread_mutex_unlock(&i->lock);
	return b;
}

void inbox_return(struct inbox *i, struct batch *b)
{
	batch_reset(b);
	pthread_mutex_lock(&i->lock);
	bool room = i->n_spare < INBOX_MAX;
	if (room)
		i->spare[i->n_spare++] = b;
	pthread_mutex_unlock(&i->lock);
	if (!room)
		batch_free(b);
}

void inbox_wake(const struct inbox *i)
{
	const uint64_t one = 1;
	ssize_t put = write(i->wake, &one, sizeof(one)); /* full: it is awake anyway */
	(void)put;
}

void inbox_counts(struct inbox *i, uint64_t *ret_given, uint64_t *ret_behind)
{
	pthread_mutex_lock(&i->lock);
	*ret_given = i->given;
	*ret_behind = i->behind;
	pthread_mutex_unlock(&i->lock);
}
