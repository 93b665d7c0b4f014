/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/window.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum err window_fill(struct window *w, struct diag *reterr)
{
	memmove(w->buf, w->buf + w->at, w->n - w->at);
	w->n -= w->at;
	w->at = 0;
	for (size_t want = MIN_OF(w->n + WINDOW_PIECE, (size_t)WINDOW_BYTES);
	     !w->ended && w->n < want;) {
		ssize_t got = read(w->fd, w->buf + w->n, want - w->n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return diag_set(reterr, err_from_errno(errno), 0, 0, "cannot read on: %s",
					strerror(errno));
		w->ended = got == 0;
		w->n += (size_t)got;
		uint64_t pass = MIN_OF(w->skip, (uint64_t)w->n);
		w->skip -= pass;
		w->n -= (size_t)pass;
		memmove(w->buf, w->buf + pass, w->n);
	}
	return ERR_OK;
}

void window_pass(struct window *w, uint64_t n)
{
	uint64_t here = MIN_OF(n, (uint64_t)window_left(w));
	w->at += (size_t)here;
	w->skip += n - here;
}
