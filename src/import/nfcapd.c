/* SPDX-License-Identifier: Apache-2.0 */
/* nfdump's files: a block of records at each step. */
#include "import/reader.h"

#include "import/nffile.h"
#include "import/nfrecord.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_RECORDS_1 = 2, BLOCK_RECORDS_2 = 3 };

struct nfcapd {
	struct nffile *file;
	struct nfrecords records;
	struct rows rows;
};

static void nfcapd_close(void *state)
{
	struct nfcapd *n = state;
	nfrecords_fini(&n->records);
	nffile_close(&n->file);
	rows_fini(&n->rows);
	free(n);
}

static enum err nfcapd_open(const char *path, const struct import_opts *o, void **ret_state,
			    struct diag *reterr)
{
	struct nfcapd *n = calloc(1, sizeof(*n));
	if (!n)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s: %s", path, err_text(ERR_NOMEM));
	enum err e = nffile_open(path, &n->file, reterr);
	if (!e && rows_init(&n->rows, o->emit, o->ctx))
		e = diag_set(reterr, ERR_NOMEM, 0, 0, "%s: %s", path, err_text(ERR_NOMEM));
	if (e) {
		nfcapd_close(n);
		return e;
	}
	const char *ident = nffile_ident(n->file);
	n->records.ident = strcmp(ident, "none") == 0 ? "" : ident;
	n->records.created_ms = nffile_created_ms(n->file);
	n->records.rows = &n->rows;
	n->records.stats = o->stats;
	*ret_state = n;
	return ERR_OK;
}

static enum err nfcapd_step(void *state, struct diag *reterr)
{
	struct nfcapd *n = state;
	struct nffile_block b;
	enum err e = nffile_next(n->file, &b, reterr);
	if (e == ERR_CHECKSUM) {
		stat_add(n->records.stats, ST_malformed_set_length, 1);
		return ERR_OK;
	}
	if (!e && (b.type == BLOCK_RECORDS_1 || b.type == BLOCK_RECORDS_2))
		nfrecords_take(&n->records, &b.records);
	if (e)
		rows_flush(&n->rows);
	return e;
}

const struct import_reader import_nfcapd = {nffile_detect, nfcapd_open, nfcapd_step, nfcapd_close};
