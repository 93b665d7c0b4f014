/* SPDX-License-Identifier: Apache-2.0 */
/* A role that does nothing but live, for the tests of `weir up`: its name is that of the program.
 * The environment tells it to misbehave: FAKE_SLOW=ROLE is ready only after 300 ms,
 * FAKE_STUBBORN=ROLE ignores SIGTERM, FAKE_BROKEN=ROLE ends at once. As "collect" it counts the
 * datagrams of the sockets that were handed to it. */
#include "base/log.h"
#include "base/timefmt.h"
#include "cmd/control.h"
#include "cmd/handoff.h"
#include "cmd/setup.h"
#include "conf/conf.h"
#include "model/stats.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct fake {
	struct handoff sockets;
	uint64_t received, ready_ns;
};

static bool told(const char *variable, const char *role)
{
	const char *v = getenv(variable);
	return v && strcmp(v, role) == 0;
}

static bool ready(void *ctx, struct diag *d)
{
	const struct fake *f = ctx;
	diag_set(d, ERR_BUSY, 0, 0, "warming up");
	return clock_mono_ns() >= f->ready_ns;
}

/* The sockets are read here, when somebody asks: no thread is needed. */
static void count(void *ctx, struct stats *sum)
{
	struct fake *f = ctx;
	char byte;
	for (size_t i = 0; i < f->sockets.n; i++)
		while (recv(f->sockets.v[i].fd, &byte, 1, MSG_DONTWAIT) >= 0)
			f->received++;
	stat_add(sum, ST_datagrams_received, f->received);
}

static enum err reload(void *ctx, struct buf *out, struct diag *d)
{
	(void)ctx;
	buf_str(out, "{\"changed\":[]}");
	(void)d;
	log_notice("fake", "reloaded");
	return ERR_OK;
}

static int live(const char *role, const struct conf *c, struct fake *f)
{
	struct control *control;
	struct diag d = {0};
	if (told("FAKE_BROKEN", role))
		return 3;
	if (told("FAKE_STUBBORN", role))
		signal(SIGTERM, SIG_IGN);
	f->ready_ns = clock_mono_ns() + (told("FAKE_SLOW", role) ? 300000000 : 0);
	if (strcmp(role, "collect") == 0 && handoff_take(&f->sockets, &d))
		return 4;
	const struct control_ops ops = {
	    .role = role, .ready = ready, .stats = count, .reload = reload, .ctx = f};
	if (control_start(c->dir, &ops, &control, &d)) {
		log_err("fake", "%s", d.msg);
		return 5;
	}
	while (told("FAKE_STUBBORN", role))
		pause();
	setup_wait(NULL, NULL);
	control_stop(&control);
	handoff_close(&f->sockets);
	return 0;
}

int main(int argc, char **argv)
{
	static struct fake f;
	const struct conf *c;
	const char *role = strrchr(argv[0], '-') + 1;
	int code = setup_role(role, argc, argv, &c, NULL);
	if (code >= 0)
		return code;
	code = live(role, c, &f);
	conf_put(&c);
	return code;
}
