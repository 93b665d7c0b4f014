/* SPDX-License-Identifier: Apache-2.0 */
#include "encode/file.h"

#include "encode/encoder.h"
#include "encode/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RFC 5655 leaves the size of messages open; templates cost a message each, so big ones pay. */
enum { FILE_MESSAGE = 16384, TOLD = 0 };

struct ipfix_file {
	FILE *out;
	struct encoder *encoder;
	struct stats stats; /* counted, not told */
	uint32_t sequence;
	int64_t export_ms;
	enum err failed;
};

static void write_bytes(struct ipfix_file *f, struct message *m)
{
	message_sequence(EXPORT_IPFIX, m->bytes, f->sequence);
	f->sequence += message_units(EXPORT_IPFIX, m);
	if (!f->failed && fwrite(m->bytes, 1, m->n, f->out) != m->n)
		f->failed = err_from_errno(errno);
}

/* The templates that m uses and that the file has not told yet. */
static void write_templates(struct ipfix_file *f, const struct message *m)
{
	struct layout *due[MESSAGE_LAYOUTS_MAX];
	size_t n = 0, k;
	for (uint16_t i = 0; i < m->n_layouts; i++)
		if (!m->layouts[i]->told[TOLD].session)
			due[n++] = m->layouts[i];
	for (size_t i = 0; i < n; i += k) {
		struct message *t = encoder_templates(f->encoder, due + i, n - i, f->export_ms, &k);
		if (!t) {
			f->failed = f->failed ? f->failed : ERR_NOMEM;
			return;
		}
		for (size_t j = i; j < i + k; j++)
			due[j]->told[TOLD].session = 1;
		write_bytes(f, t);
		message_put(t);
	}
}

static void write_withdrawal(void *ctx, const struct layout *l)
{
	struct ipfix_file *f = ctx;
	if (!l->told[TOLD].session)
		return;
	struct message *m = encoder_withdrawal(f->encoder, l->id, f->export_ms);
	if (m) {
		write_bytes(f, m);
		message_put(m);
	} else {
		f->failed = f->failed ? f->failed : ERR_NOMEM;
	}
}

static void take(void *ctx, struct message *m)
{
	struct ipfix_file *f = ctx;
	write_templates(f, m);
	write_bytes(f, m);
	message_put(m);
	layouts_bury(encoder_layouts(f->encoder), write_withdrawal, f);
}

enum err ipfix_file_create(const char *path, const struct ipfix_file_opts *o,
			   struct ipfix_file **ret, struct diag *reterr)
{
	struct ipfix_file *f = calloc(1, sizeof(*f));
	if (!f)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	f->out = strcmp(path, "-") == 0 ? stdout : fopen(path, "wbe");
	if (!f->out) {
		enum err e = err_from_errno(errno);
		free(f);
		return diag_set(reterr, e, 0, 0, "%s: %s", path, strerror(errno));
	}
	const struct encoder_opts eo = {.protocol = EXPORT_IPFIX,
					.split = o->split,
					.domain = o->domain,
					.message_max = FILE_MESSAGE,
					.record_max = MESSAGE_MAX,
					.stats = &f->stats,
					.emit = take,
					.ctx = f};
	enum err e = encoder_new(&eo, &f->encoder);
	if (e) {
		f->failed = e;
		e = ipfix_file_close(f);
		return diag_set(reterr, e, 0, 0, "%s: %s", path, err_text(e));
	}
	*ret = f;
	return ERR_OK;
}

/* The end of the second in which the last of the rows ended. */
static void set_export_time(struct ipfix_file *f, const struct batch *b)
{
	int64_t latest = f->export_ms;
	for (uint32_t i = 0; batch_has(b, F_t_last) && i < b->n; i++)
		latest = MAX_OF(latest, batch_ms(b, F_t_last)[i]);
	f->export_ms = (latest + 999) / 1000 * 1000;
}

enum err ipfix_file_put(struct ipfix_file *f, const struct batch *b)
{
	bool first = f->export_ms == 0;
	if (b->n == 0)
		return f->failed;
	set_export_time(f, b);
	if (first)
		options_put(f->encoder, &(struct options_told){.what = OPTIONS_TYPES},
			    f->export_ms);
	encoder_rows(f->encoder, b, NULL, b->n, f->export_ms);
	return f->failed;
}

enum err ipfix_file_close(struct ipfix_file *f)
{
	if (!f)
		return ERR_OK;
	enum err e = f->failed;
	if (f->out == stdout ? fflush(f->out) : fclose(f->out))
		e = e ? e : err_from_errno(errno);
	encoder_free(f->encoder);
	free(f);
	return e;
}
