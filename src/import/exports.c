/* SPDX-License-Identifier: Apache-2.0 */
/* Files of flow exports through the collector's own decoder. */
#include "import/reader.h"

#include "decode/decode.h"
#include "decode/export_file.h"
#include "decode/frame.h"
#include "packet/capture.h"

#include <stdlib.h>

enum { DATAGRAMS_AT_ONCE = 2000 };

struct exports {
	struct export_file *file;
	struct decoder *decoder;
};

static bool detect(const uint8_t *head, size_t n)
{
	return capture_is_capture(head, n) || frame_message_len(head, n) > 0;
}

static void exports_close(void *state)
{
	struct exports *x = state;
	export_file_close(x->file);
	decoder_free(x->decoder);
	free(x);
}

static enum err exports_open(const char *path, const struct import_opts *o, void **ret_state,
			     struct diag *reterr)
{
	const struct decoder_opts opts = {
	    .template_ms = INT64_MAX, /* files of one exporter may be of days far apart */
	    .held_ms = INT64_MAX,
	    .import = true,
	    .stats = o->stats,
	    .emit = o->emit,
	    .ctx = o->ctx};
	struct exports *x = calloc(1, sizeof(*x));
	if (!x || decoder_new(&opts, &x->decoder)) {
		free(x);
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s: %s", path, err_text(ERR_NOMEM));
	}
	enum err e = export_file_open(path, o->stats, &x->file, reterr);
	if (e)
		exports_close(x);
	else
		*ret_state = x;
	return e;
}

static enum err exports_step(void *state, struct diag *reterr)
{
	struct exports *x = state;
	struct datagram dg;
	int64_t t_ns;
	enum err e = ERR_OK;
	for (unsigned n = 0; n < DATAGRAMS_AT_ONCE && !e; n++) {
		e = export_file_next(x->file, &dg, &t_ns, reterr);
		if (!e)
			decoder_feed(x->decoder, &dg);
	}
	if (e)
		decoder_flush(x->decoder);
	return e;
}

const struct import_reader import_exports = {detect, exports_open, exports_step, exports_close};
