/* SPDX-License-Identifier: Apache-2.0 */
#include "import/import.h"

#include "base/buf.h"
#include "import/reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	const struct import_reader *reader;
} kinds[IMPORT_KIND_MAX] = {
    [IMPORT_DETECT] = {"detect", NULL},
    [IMPORT_NFCAPD] = {"nfcapd", &import_nfcapd},
    [IMPORT_EXPORTS] = {"exports", &import_exports},
};

struct import {
	enum import_kind kind;
	void *state;
	bool ended;
};

const char *import_kind_name(enum import_kind kind)
{
	return kinds[kind].name;
}

enum import_kind import_kind_find(const char *name)
{
	enum import_kind k = IMPORT_DETECT;
	while (k < IMPORT_KIND_MAX && strcmp(kinds[k].name, name) != 0)
		k++;
	return k;
}

/* The kind by the first bytes of the file. */
static enum err detect(const char *path, enum import_kind *ret, struct diag *reterr)
{
	enum { LOOK_BYTES = 128 * 1024 }; /* more than the longest message */
	uint8_t *head = malloc(LOOK_BYTES);
	FILE *f = fopen(path, "rbe");
	int why = errno;
	size_t n = head && f ? fread(head, 1, LOOK_BYTES, f) : 0;
	if (f)
		fclose(f);
	enum import_kind k = IMPORT_DETECT + 1;
	while (k < IMPORT_KIND_MAX && !(n && kinds[k].reader->detect(head, n)))
		k++;
	free(head);
	if (!f)
		return diag_set(reterr, err_from_errno(why), 0, 0, "%s: %s", path, strerror(why));
	if (!head)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s: %s", path, err_text(ERR_NOMEM));
	if (k == IMPORT_KIND_MAX)
		return diag_set(
		    reterr, ERR_UNSUPPORTED, 0, 0,
		    "%s: not a kind of file that is imported: nfcapd files (nfdump 1.6 and 1.7), "
		    "captures (pcap, pcapng) of flow exports, IPFIX files",
		    path);
	*ret = k;
	return ERR_OK;
}

enum err import_open(const char *path, const struct import_opts *opts, struct import **ret,
		     struct diag *reterr)
{
	enum import_kind kind = opts->kind;
	enum err e = kind == IMPORT_DETECT ? detect(path, &kind, reterr) : ERR_OK;
	if (e)
		return e;
	struct import *i = calloc(1, sizeof(*i));
	if (!i)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s: %s", path, err_text(ERR_NOMEM));
	i->kind = kind;
	e = kinds[kind].reader->open(path, opts, &i->state, reterr);
	if (e)
		free(i);
	else
		*ret = i;
	return e;
}

enum err import_step(struct import *i, struct diag *reterr)
{
	if (i->ended)
		return ERR_NOT_FOUND;
	enum err e = kinds[i->kind].reader->step(i->state, reterr);
	i->ended = e != ERR_OK;
	return e;
}

enum import_kind import_kind_of(const struct import *i)
{
	return i->kind;
}

void import_close(struct import **pi)
{
	struct import *i = *pi;
	*pi = NULL;
	if (!i)
		return;
	kinds[i->kind].reader->close(i->state);
	free(i);
}
