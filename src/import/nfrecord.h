/* SPDX-License-Identifier: Apache-2.0 */
/* The records of nfdump's files, by the numbers in their headers. A record of flows becomes rows; a
 * map says which extensions the flow records of layout 1 have, an exporter record whose numbers
 * they mention; what nfdump keeps besides (statistics, samplers, names) is stepped over. */
#pragma once
#include "base/ip.h"
#include "base/rd.h"
#include "import/row.h"
#include "model/stats.h"

/* Exporters of a file by their number in it. */
struct nfexporter {
	struct ip ip; /* all zero: not known */
	uint32_t domain;
	uint8_t version; /* of NetFlow, 10 = IPFIX; 0 = not known */
};

enum { NF1_EXTENSIONS_MAX = 64, NF_NUMBERS = 65536, NF_PAGE = 256 };

/* The extensions of a flow record of layout 1, in the order in which they stand in it. */
struct nf1_map {
	uint16_t n;
	uint16_t id[NF1_EXTENSIONS_MAX];
};

struct nfrecords {
	/* By number, in pages of NF_PAGE that are NULL until one is there. */
	struct nfexporter *exporters[NF_NUMBERS / NF_PAGE];
	struct nf1_map **maps[NF_NUMBERS / NF_PAGE];
	const char *ident;   /* borrowed; "" = none */
	int64_t created_ms;  /* stands in for the times of a record without any */
	struct rows *rows;   /* borrowed */
	struct stats *stats; /* borrowed */
	struct row row;
};

/* NULL: not told. */
static inline const struct nfexporter *nf_exporter(const struct nfrecords *x, uint16_t number)
{
	const struct nfexporter *page = x->exporters[number / NF_PAGE];
	return page ? &page[number % NF_PAGE] : NULL;
}
static inline const struct nf1_map *nf_map(const struct nfrecords *x, uint16_t number)
{
	struct nf1_map *const *page = x->maps[number / NF_PAGE];
	return page ? page[number % NF_PAGE] : NULL;
}

/* All records of a block. */
void nfrecords_take(struct nfrecords *x, struct rd *records);
void nfrecords_fini(struct nfrecords *x);

/* A record after its type and length (nf1: also which of its two kinds it is). False: it ends
 * early; what it had until there is in the row. */
must_check bool nf1_flow(struct nfrecords *x, struct rd r, bool wide_header);
must_check bool nf2_flow(struct nfrecords *x, struct rd r);

/* What both layouts share: a value at the reader's place, noted under a field. */
enum nf_op {
	NF_U8,
	NF_U16,
	NF_U32,
	NF_U64,
	NF_IP4,   /* a number: little-endian, as everything */
	NF_IP6,   /* two numbers, the upper half first */
	NF_LIST3, /* ids of an access list: as they stood on the wire, big-endian */
	NF_BE32,
	NF_REST,   /* text: what is left of it, up to a NUL */
	NF_TEXT24, /* the same in a field of fixed length */
	NF_TEXT66,
	NF_TEXT72,
	NF_LABELS,       /* ten numbers; those behind the last that is not 0 are not there */
	NF_ABSENT0 = 32, /* or-ed: 0 means that there is no value */
};
void nf_take(struct row *row, struct rd *r, unsigned op, enum field f);
/* What follows from other values of the record: ICMP from the port, version from the addresses,
 * exporter from its number. */
void nf_finish(struct nfrecords *x, uint16_t exporter);
