/* SPDX-License-Identifier: Apache-2.0 */
/* weir-probe: opens its sources and what its exporter needs, gives up its privileges, meters until
 * it is told to stop, exports everything it has. Killed, it leaves nothing behind: rings, sockets
 * and the program of AF_XDP go with the process. */
#include "base/log.h"
#include "base/timefmt.h"
#include "cmd/command.h"
#include "cmd/control.h"
#include "cmd/folders.h"
#include "cmd/privileges.h"
#include "cmd/probe.h"
#include "cmd/probe_conf.h"
#include "cmd/setup.h"
#include "conf/conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { FLUSH_MS = 3000, INTERFACES_MAX = 2 * PROBE_SOURCES_MAX };

/* As sysexits.h has it for a configuration that makes no sense; dist/weir-probe.service knows it.
 */
enum { EXIT_NOTHING = 78 };

static const struct opt rows[] = {
    OPTS_COMMON(struct probe_args),
    OPT(0, "check", STR, "IFACE", struct probe_args, check,
	"tell what stands in the way of capturing there, and what repairs it"),
    OPT(0, "json", FLAG, NULL, struct probe_args, json, "with --check: print one JSON object"),
    OPT(0, "speed", STR, "X", struct probe_args, speed,
	"play file: sources at X times their speed, as if it were now; else at once"),
    OPT(0, "once", FLAG, NULL, struct probe_args, once,
	"end when all file: sources are at their end"),
};

static enum err open_exporter(struct probe *p, struct diag *d)
{
	const struct conf *c = p->conf;
	static struct export_target targets[EXPORT_TARGETS_MAX];
	struct export_interface interfaces[INTERFACES_MAX];
	char names[INTERFACES_MAX][16];
	struct exporter_opts o = {
	    .targets = targets,
	    .balance = c->probe_export_mode == CONF_EXPORT_BALANCE,
	    .domain = (uint32_t)c->probe_domain,
	    .mtu = (uint16_t)c->probe_export_mtu,
	    .template_s = (uint32_t)(c->probe_template_refresh / 1000),
	    .options_s = (uint32_t)(c->probe_template_refresh / 1000),
	    .buffer = (size_t)c->probe_export_buffer,
	    .batches = (uint32_t)(4 * p->n_threads + 16),
	    .tls = {.certificate = c->probe_certificate, .key = c->probe_key, .ca = c->probe_ca},
	    .sampling = {.take = 1, .of = (uint32_t)c->probe_sampling, .random = true},
	    .interfaces = interfaces,
	    .start_ms = clock_wall_ms(),
	    .active_timeout_s = (uint32_t)(c->probe_active_timeout / 1000),
	    .idle_timeout_s = (uint32_t)(c->probe_inactive_timeout / 1000),
	    .counters = probe_thread_stats,
	    .ctx = p,
	};
	o.n_interfaces = probe_interfaces(p, interfaces, INTERFACES_MAX, names);
	enum err e = probe_conf_targets(c, targets, &o.n_targets, d);
	return e ? e : exporter_new(&o, &p->exporter, d);
}

static enum err make_threads(struct probe *p, struct diag *d)
{
	enum err e = ERR_OK;
	for (size_t i = 0; i < p->n_sources; i++)
		p->n_threads += live_readers(p->source[i].live);
	if (p->n_threads > PROBE_THREADS_MAX)
		return diag_set(d, ERR_LIMIT, 0, 0, "more than %d threads", PROBE_THREADS_MAX);
	p->thread = calloc(p->n_threads, sizeof(*p->thread));
	if (!p->thread)
		e = ERR_NOMEM;
	struct probe_thread *t = p->thread;
	for (size_t i = 0; i < p->n_sources && !e; i++) {
		size_t readers = live_readers(p->source[i].live);
		atomic_store(&p->source[i].running, (unsigned)readers);
		for (size_t k = 0; k < readers && !e; k++)
			e = probe_thread_init(p, &p->source[i], k, t++);
	}
	return e ? diag_set(d, e, 0, 0, "cannot make a meter: %s", err_text(e)) : ERR_OK;
}

static void *export_main(void *ctx)
{
	exporter_run(((struct probe *)ctx)->exporter);
	return NULL;
}

static enum err start_threads(struct probe *p, struct diag *d)
{
	if (pthread_create(&p->export_id, NULL, export_main, p))
		return diag_set(d, ERR_NOMEM, 0, 0, "cannot start a thread");
	p->exporting = true;
	pthread_setname_np(p->export_id, "export");
	for (size_t i = 0; i < p->n_threads; i++) {
		struct probe_thread *t = &p->thread[i];
		char name[16];
		if (pthread_create(&t->id, NULL, probe_capture, t))
			return diag_set(d, ERR_NOMEM, 0, 0, "cannot start a thread");
		t->runs = true;
		snprintf(name, sizeof(name), "%.15s", t->name);
		pthread_setname_np(t->id, name);
	}
	return ERR_OK;
}

/* Rings are locked into memory, as much as there may be. */
static void raise_limits(void)
{
	const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	struct rlimit l;
	if (setrlimit(RLIMIT_MEMLOCK, &all) && getrlimit(RLIMIT_MEMLOCK, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		(void)setrlimit(RLIMIT_MEMLOCK, &l);
	}
}

static enum err start(struct probe *p, struct diag *d)
{
	const struct conf *c = p->conf;
	struct control_ops ops;
	char run[4096];
	raise_limits();
	enum err e = probe_conf_protocols(c, &p->protocols, d);
	if (e)
		return e;
	e = folders_make(c->dir);
	if (e)
		return diag_set(d, e, 0, 0, "%s: %s", c->dir, err_text(e));
	e = probe_open_sources(p, d);
	if (!e)
		e = open_exporter(p, d);
	int n = snprintf(run, sizeof(run), "%s/run", c->dir);
	if (!e && (n < 0 || (size_t)n >= sizeof(run)))
		e = diag_set(d, ERR_LIMIT, 0, 0, "dir is too long");
	if (!e)
		e = privileges_drop(run, d);
	if (!e)
		e = make_threads(p, d);
	if (!e)
		e = start_threads(p, d);
	if (e)
		return e;
	probe_control_ops(p, &ops);
	return control_start(c->dir, &ops, &p->control, d);
}

/* Capture first, so that all flows reach the exporter, which then sends what it has. */
static void stop(struct probe *p)
{
	struct stats s = {0};
	atomic_store(&p->stop, true);
	for (size_t i = 0; i < p->n_threads; i++)
		if (p->thread[i].runs)
			pthread_join(p->thread[i].id, NULL);
	if (p->exporting) {
		exporter_stop(p->exporter, FLUSH_MS);
		pthread_join(p->export_id, NULL);
	}
	control_stop(&p->control);
	if (p->exporter && p->n_threads) {
		probe_stats(p, &s);
		log_notice("stop", "packets=%llu metered=%llu flows=%llu records_sent=%llu",
			   (unsigned long long)s.v[ST_capture_frames],
			   (unsigned long long)s.v[ST_meter_packets],
			   (unsigned long long)s.v[ST_meter_flows],
			   (unsigned long long)s.v[ST_export_records_sent]);
	}
	for (size_t i = 0; p->thread && i < p->n_threads; i++)
		probe_thread_fini(&p->thread[i]);
	exporter_free(p->exporter);
	free(p->thread);
	probe_close_sources(p);
	reload_fini(&p->reload);
}

static void on_hangup(void *ctx)
{
	reload_on_hangup(reload_plain, &((struct probe *)ctx)->reload);
}

static int run(struct probe *p)
{
	struct diag d = {0};
	if (p->conf->probe_interfaces.n == 0) {
		log_err("start", "probe.interfaces is empty: name an interface, such as [eth0]");
		return EXIT_NOTHING;
	}
	enum err e = start(p, &d);
	if (e) {
		log_err("start", "%s", d.msg);
	} else {
		log_notice("start", "probing with %zu threads", p->n_threads);
		setup_wait(on_hangup, p);
		log_notice("stop", "stopping");
	}
	stop(p);
	return e || atomic_load(&p->failed) ? EXIT_FAILED : EXIT_DONE;
}

int main(int argc, char **argv)
{
	struct operands o;
	int status;
	struct probe *p = calloc(1, sizeof(*p));
	if (!p)
		return EXIT_FAILED;
	if (opts_parse(rows, ARRAY_LEN(rows), argc, argv, &p->args, 0, 0, &o, &status) == OPTS_RUN)
		status = setup_started("probe", &p->args.common, &p->conf);
	else
		goto out;
	if (status >= 0)
		goto out;
	p->speed = p->args.speed ? strtod(p->args.speed, NULL) : 0;
	if (p->args.check) {
		status = probe_check(p->conf, p->args.check, p->args.json);
		conf_put(&p->conf);
	} else {
		reload_init(&p->reload, "probe", &p->args.common, p->conf);
		status = run(p);
	}
out:
	free(p);
	return status;
}
