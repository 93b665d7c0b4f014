/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/jobs.h"

#include "engine/engine.h"

#include "base/buf.h"
#include "base/timefmt.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { JOBS_QUERIES = 4, JOBS_INSERTS = 1, JOBS_WAIT_MS = 10000, NS_PER_MS = 1000000 };

struct jobs {
	struct engine *engine;
	struct engine_conn *killer; /* only the killing thread uses it */
	unsigned max_queries, max_inserts, wait_ms;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a slot came free, a job was cancelled, the table is empty */
	pthread_cond_t kill;
	pthread_t thread;
	struct job *list[JOBS_MAX];
	size_t n;
	unsigned queries, inserts;
	uint64_t next_tag;
	bool shut, stop;
	struct jobs_counts sum;
};

static struct timespec deadline(unsigned ms)
{
	uint64_t at = clock_mono_ns() + (uint64_t)ms * NS_PER_MS;
	return (struct timespec){.tv_sec = (time_t)(at / 1000000000u),
				 .tv_nsec = (long)(at % 1000000000u)};
}

/* --- the killing thread */
static void kill_in_engine(struct jobs *j, const char *tag)
{
	char sql[160];
	int n = snprintf(sql, sizeof(sql), "KILL QUERY WHERE Settings['log_comment'] = '%s' ASYNC",
			 tag);
	const struct engine_query q = {.sql = sql, .sql_len = (size_t)n, .format = "Null"};
	/* A kill that fails is tried again as long as the job is there. */
	enum err e = j->engine->ops->start(j->killer, &q);
	(void)e;
	j->engine->ops->finish(j->killer);
}

/* The tag of a cancelled job that is in the engine, from the i-th on. */
static bool next_victim(struct jobs *j, size_t *i, char tag[JOBS_TAG_MAX])
{
	for (; *i < j->n; (*i)++) {
		struct job *job = j->list[*i];
		if (job->in_engine && atomic_load(&job->cancelled)) {
			memcpy(tag, job->tag, JOBS_TAG_MAX);
			(*i)++;
			return true;
		}
	}
	return false;
}

static void *kill_loop(void *arg)
{
	struct jobs *j = arg;
	char tag[JOBS_TAG_MAX];
	pthread_mutex_lock(&j->lock);
	while (!j->stop) {
		bool some = false;
		for (size_t i = 0; next_victim(j, &i, tag);) {
			some = true;
			pthread_mutex_unlock(&j->lock);
			kill_in_engine(j, tag);
			pthread_mutex_lock(&j->lock);
		}
		if (j->stop)
			break;
		struct timespec at = deadline(JOBS_KILL_AGAIN_MS);
		if (some)
			pthread_cond_timedwait(&j->kill, &j->lock, &at);
		else
			pthread_cond_wait(&j->kill, &j->lock);
	}
	pthread_mutex_unlock(&j->lock);
	return NULL;
}

enum err jobs_new(const struct jobs_opts *opts, struct jobs **ret)
{
	struct jobs *j = calloc(1, sizeof(*j));
	if (!j)
		return ERR_NOMEM;
	j->engine = opts->engine;
	j->max_queries = opts->max_queries ? opts->max_queries : JOBS_QUERIES;
	j->max_inserts = opts->max_inserts ? opts->max_inserts : JOBS_INSERTS;
	j->wait_ms = opts->wait_ms ? opts->wait_ms : JOBS_WAIT_MS;
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&j->lock, NULL);
	pthread_cond_init(&j->changed, &attr);
	pthread_cond_init(&j->kill, &attr);
	pthread_condattr_destroy(&attr);
	enum err e = j->engine->ops->connect(j->engine, &j->killer);
	if (!e && pthread_create(&j->thread, NULL, kill_loop, j) != 0)
		e = ERR_NOMEM;
	if (e) {
		j->engine->ops->disconnect(&j->killer);
		free(j);
		return e;
	}
	pthread_setname_np(j->thread, "store-kill");
	*ret = j;
	return ERR_OK;
}

void jobs_free(struct jobs **jp)
{
	struct jobs *j = *jp;
	if (!j)
		return;
	pthread_mutex_lock(&j->lock);
	j->stop = true;
	pthread_cond_signal(&j->kill);
	pthread_mutex_unlock(&j->lock);
	pthread_join(j->thread, NULL);
	j->engine->ops->disconnect(&j->killer);
	pthread_cond_destroy(&j->changed);
	pthread_cond_destroy(&j->kill);
	pthread_mutex_destroy(&j->lock);
	free(j);
	*jp = NULL;
}

/* --- with the lock held */
static struct job *find(struct jobs *j, const char *id, size_t n)
{
	for (size_t i = 0; i < j->n; i++)
		if (strlen(j->list[i]->id) == n && memcmp(j->list[i]->id, id, n) == 0)
			return j->list[i];
	return NULL;
}

/* An insert may also take a query's slot, a query never the inserts'. */
static bool take_slot(struct jobs *j, struct job *job)
{
	unsigned *count = job->insert && j->inserts < j->max_inserts ? &j->inserts : &j->queries;
	if (count == &j->queries && j->queries >= j->max_queries)
		return false;
	(*count)++;
	job->insert_slot = count == &j->inserts;
	job->running = true;
	return true;
}

static void unlist(struct jobs *j, struct job *job)
{
	for (size_t i = 0; i < j->n; i++)
		if (j->list[i] == job) {
			j->list[i] = j->list[--j->n];
			break;
		}
	job->listed = false;
	pthread_cond_broadcast(&j->changed);
}

static enum err wait_slot(struct jobs *j, struct job *job)
{
	struct timespec at = deadline(j->wait_ms);
	while (!take_slot(j, job)) {
		if (atomic_load(&job->cancelled) || j->shut)
			return ERR_CANCELLED;
		j->sum.waiting++;
		int late = pthread_cond_timedwait(&j->changed, &j->lock, &at);
		j->sum.waiting--;
		if (late && !take_slot(j, job))
			return atomic_load(&job->cancelled) ? ERR_CANCELLED : ERR_BUSY;
		if (job->running)
			break;
	}
	return ERR_OK;
}

enum err jobs_enter(struct job *job)
{
	struct jobs *j = job->jobs;
	enum err e = ERR_OK;
	pthread_mutex_lock(&j->lock);
	job->running = job->in_engine = false;
	if (find(j, job->id, strlen(job->id)))
		e = ERR_EXISTS;
	else if (j->shut || atomic_load(&job->cancelled))
		e = ERR_CANCELLED;
	else if (j->n == JOBS_MAX)
		e = ERR_BUSY;
	if (!e) {
		snprintf(job->tag, sizeof(job->tag), "weir-%llu",
			 (unsigned long long)++j->next_tag);
		j->list[j->n++] = job;
		job->listed = true;
		e = wait_slot(j, job);
		if (e)
			unlist(j, job);
	}
	if (e)
		j->sum.refused++;
	pthread_mutex_unlock(&j->lock);
	return e;
}

void jobs_in_engine(struct job *job, bool in)
{
	struct jobs *j = job->jobs;
	pthread_mutex_lock(&j->lock);
	job->in_engine = in;
	if (in && atomic_load(&job->cancelled))
		pthread_cond_signal(&j->kill);
	pthread_mutex_unlock(&j->lock);
}

void jobs_leave(struct job *job, enum err how)
{
	struct jobs *j = job->jobs;
	pthread_mutex_lock(&j->lock);
	(*(job->insert_slot ? &j->inserts : &j->queries))--;
	job->running = job->in_engine = false;
	if (atomic_load(&job->cancelled))
		j->sum.cancelled++;
	else if (how)
		j->sum.failed++;
	else
		j->sum.done++;
	unlist(j, job);
	pthread_mutex_unlock(&j->lock);
}

static void cancel(struct jobs *j, struct job *job)
{
	atomic_store(&job->cancelled, true);
	pthread_cond_broadcast(&j->changed);
	pthread_cond_signal(&j->kill);
}

void jobs_cancel(void *arg)
{
	struct job *job = arg;
	struct jobs *j = job->jobs;
	pthread_mutex_lock(&j->lock);
	cancel(j, job);
	pthread_mutex_unlock(&j->lock);
}

bool jobs_cancel_id(struct jobs *j, const char *id, size_t n, bool reader)
{
	pthread_mutex_lock(&j->lock);
	struct job *job = find(j, id, n);
	bool may = job && (!reader || job->reader);
	if (may)
		cancel(j, job);
	pthread_mutex_unlock(&j->lock);
	return may;
}

void jobs_refuse(struct jobs *j)
{
	pthread_mutex_lock(&j->lock);
	j->shut = true;
	pthread_cond_broadcast(&j->changed);
	pthread_mutex_unlock(&j->lock);
}

void jobs_shut(struct jobs *j)
{
	pthread_mutex_lock(&j->lock);
	for (size_t i = 0; i < j->n; i++)
		cancel(j, j->list[i]);
	pthread_mutex_unlock(&j->lock);
}

bool jobs_drain(struct jobs *j, unsigned ms)
{
	struct timespec at = deadline(ms);
	pthread_mutex_lock(&j->lock);
	while (j->n && pthread_cond_timedwait(&j->changed, &j->lock, &at) == 0)
		;
	bool empty = j->n == 0;
	pthread_mutex_unlock(&j->lock);
	return empty;
}

struct jobs_counts jobs_counts(struct jobs *j)
{
	pthread_mutex_lock(&j->lock);
	struct jobs_counts c = j->sum;
	c.running = j->queries + j->inserts;
	pthread_mutex_unlock(&j->lock);
	return c;
}
