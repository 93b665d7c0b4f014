/* SPDX-License-Identifier: Apache-2.0 */
/* Slots, ids and cancelling, with threads where one waits for another. */
#include "engine/jobs.h"

#include "stub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	struct stub stub;
	struct jobs *jobs;
};

static int setup(void **state)
{
	static struct fixture f;
	stub_init(&f.stub);
	struct jobs_opts o = {
	    .engine = &f.stub.engine, .max_queries = 2, .max_inserts = 1, .wait_ms = 1};
	assert_int_equal(jobs_new(&o, &f.jobs), ERR_OK);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	jobs_free(&f->jobs);
	assert_int_equal(f->stub.open, 0);
	stub_fini(&f->stub);
	return 0;
}

static struct job job_of(struct fixture *f, const char *id, bool insert)
{
	struct job j = {.jobs = f->jobs, .insert = insert, .reader = !insert};
	snprintf(j.id, sizeof(j.id), "%s", id);
	return j;
}

static void test_slots(void **state)
{
	struct fixture *f = *state;
	struct job a = job_of(f, "a", false), b = job_of(f, "b", false), c = job_of(f, "c", false);
	struct job i = job_of(f, "i", true), k = job_of(f, "k", true),
		   again = job_of(f, "a", false);
	assert_int_equal(jobs_enter(&a), ERR_OK);
	assert_int_equal(jobs_enter(&again), ERR_EXISTS);
	assert_int_equal(jobs_enter(&b), ERR_OK);
	assert_int_equal(jobs_enter(&c), ERR_BUSY);
	assert_int_equal(jobs_enter(&i), ERR_OK);
	assert_int_equal(jobs_enter(&k), ERR_BUSY);
	jobs_leave(&a, ERR_OK);
	/* A second insert takes a query's slot. */
	assert_int_equal(jobs_enter(&k), ERR_OK);
	assert_int_equal(jobs_enter(&c), ERR_BUSY);
	jobs_leave(&i, ERR_OK);
	assert_int_equal(jobs_enter(&c), ERR_BUSY);
	jobs_leave(&k, ERR_REMOTE);
	assert_int_equal(jobs_enter(&c), ERR_OK);
	jobs_leave(&b, ERR_OK);
	jobs_leave(&c, ERR_OK);
	struct jobs_counts n = jobs_counts(f->jobs);
	assert_int_equal(n.running, 0);
	assert_int_equal(n.waiting, 0);
	assert_int_equal(n.done, 4);
	assert_int_equal(n.failed, 1);
	assert_int_equal(n.refused, 5);
}

static void test_cancel(void **state)
{
	struct fixture *f = *state;
	struct job a = job_of(f, "a", false), w = job_of(f, "w", true);
	assert_int_equal(jobs_enter(&a), ERR_OK);
	assert_int_equal(jobs_enter(&w), ERR_OK);
	assert_false(jobs_cancel_id(f->jobs, "none", 4, false));
	/* A reader does not cancel the writer's. */
	assert_false(jobs_cancel_id(f->jobs, "w", 1, true));
	assert_true(jobs_cancel_id(f->jobs, "a", 1, true));
	/* It is killed in the engine once it is there, and again until it leaves. */
	jobs_in_engine(&a, true);
	pthread_mutex_lock(&f->stub.lock);
	while (f->stub.killed < 2)
		pthread_cond_wait(&f->stub.changed, &f->stub.lock);
	char want[100];
	snprintf(want, sizeof(want), "Settings['log_comment'] = '%s'", a.tag);
	assert_non_null(strstr(buf_cstr(&f->stub.log), want));
	assert_null(strstr(buf_cstr(&f->stub.log), w.tag));
	pthread_mutex_unlock(&f->stub.lock);
	jobs_leave(&a, ERR_REMOTE);
	jobs_leave(&w, ERR_OK);
	assert_int_equal(jobs_counts(f->jobs).cancelled, 1);
	struct job late = job_of(f, "late", false);
	jobs_refuse(f->jobs);
	assert_int_equal(jobs_enter(&late), ERR_CANCELLED);
	assert_true(jobs_drain(f->jobs, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_slots, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
