/* SPDX-License-Identifier: Apache-2.0 */
/* A template (NetFlow v9, IPFIX, and the fixed layouts of v1, v5, v7), compiled when it arrives to
 * a list of copy operations: element -> column. Which element a field takes when several are there
 * ("first listed wins", fields.def) is decided here, once, so that decoding is a loop per operation
 * and nothing else. */
#pragma once
#include "base/err.h"
#include "base/rd.h"
#include "model/field.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dialect { DIALECT_NF9, DIALECT_IPFIX };

enum {
	LEN_VARIABLE = 65535,
	NO_ELEMENT = 65535,
	MPLS_MAX = 10,
	PEN_REVERSE = 29305,
	PEN_CERT = 6871,
	NO_SECTION = UINT16_MAX
};

struct element {
	uint32_t pen;
	uint16_t id, len; /* LEN_VARIABLE: the length is in the record */
};

/* Numbers of a record that are no field but needed to make one. */
enum scratch {
	SCRATCH_SAMPLER,
	SCRATCH_SEQUENCE,
	SCRATCH_SPACE,
	SCRATCH_DURATION_MS,
	SCRATCH_DURATION_US,
	SCRATCH_INIT_MS,
	SCRATCH_MAX
};

/* X(kind): what an operation does; convert.c has a loop for each. UINT_s_d: s bytes on the wire to
 * d in the column, s = N: any length up to 8. */
/* clang-format off */
#define OP_KINDS(X) \
	X(UINT_1_1) X(UINT_2_1) X(UINT_4_1) X(UINT_8_1) X(UINT_N_1) X(UINT_1_2) X(UINT_2_2) \
	X(UINT_4_2) X(UINT_8_2) X(UINT_N_2) X(UINT_1_4) X(UINT_2_4) X(UINT_4_4) X(UINT_8_4) \
	X(UINT_N_4) X(UINT_1_8) X(UINT_2_8) X(UINT_4_8) X(UINT_8_8) X(UINT_N_8) X(IP4) X(IP6) \
	X(IP6_IF_NO_IP4) X(MAC) X(HIGH8) X(LOW8) X(MS) X(SEC) X(NTP_US) X(NTP_NS) X(DELTA_US) \
	X(UPTIME) X(STR) X(MPLS) X(U32S) X(LE16) X(OCTETS) X(MS_US) X(HEX) X(LOW32) X(DSCP) X(SUBAPP) X(APP) X(NID) X(LIST) X(MILLI) X(OR) X(SCRATCH)
/* clang-format on */
enum op_kind {
#define X(k) OP_##k,
	OP_KINDS(X)
#undef X
};

struct op {
	uint8_t kind;    /* enum op_kind */
	uint16_t source; /* index of the element */
	uint16_t field;  /* enum field, or enum scratch for OP_SCRATCH */
};

enum { FIELD_WORDS = (FIELD_MAX + 63) / 64 };

/* What has to be done with the rows after the operations. */
struct template_after {
	bool ip_version_by_row; /* both address families are in the template */
	bool icmp_from_port;    /* v5, v9: type and code are in dst_port */
	bool icmp_only_if_icmp; /* type and code are absent where the protocol is another */
	bool duration_ms, duration_us, duration_sets_first;
	bool init_in_record;          /* element 160 beside 21 and 22 */
	bool rate_in_record, sampler; /* sampler: either of the next two */
	bool sampler_id, sequence_id;
	bool space; /* 306 beside 305: so many were left out after each run of those taken */
};

/* An element that goes into `extra`, or a list. */
struct unknown {
	uint16_t source; /* index of the element */
	uint8_t key_n;
	bool number;  /* of fixed length up to 8, and not known to be anything else */
	char key[20]; /* "PEN/ID": */
};

struct template
{
	struct template *next;          /* in its bucket */
	struct template *newer, *older; /* of its exporter, by use */
	size_t mem;
	/* What the id meant before, for datagrams that come late. Owned. */
	struct template *before;
	uint64_t learned_at;  /* datagram of the exporter that brought it */
	uint32_t learned_seq; /* sequence number of that one */
	uint32_t refreshes;   /* times it was told again */
	int64_t refreshed;    /* t_recv when it was told last; 0 = not known */
	bool unsure;          /* not told since the exporter or we started: counts where it fits */
	uint16_t id, n, n_scope, n_ops;
	uint16_t uptime_last; /* element of t_last if both ends are uptimes, else NO_ELEMENT */
	bool options, variable, reads_uptime;
	bool texts;         /* some column is a text or a list */
	uint8_t ip_version; /* of all records, 0 = not known or by row */
	uint16_t min_len;   /* bytes of a record; of the shortest if variable */
	enum shape shape;
	struct template_after after;
	uint64_t uses[FIELD_WORDS];      /* columns the operations write */
	uint64_t present[PRESENT_WORDS]; /* presence bits that every record has */
	struct element *elements;        /* n */
	uint16_t *offs, *lens;           /* n each; of a record, if not variable */
	struct op *ops;                  /* n_ops */
	struct unknown *unknown;         /* n_unknown: elements that no field takes, and lists */
	uint16_t n_unknown;
	/* Elements that hold labels, top first; of the flow, and of its reverse direction. */
	struct label_stack {
		uint16_t n, sources[MPLS_MAX];
	} mpls[2];
	/* Elements that hold the first bytes of a packet, and how many; NO_SECTION = none. */
	uint16_t section, section_len;
	uint8_t section_start; /* enum headers_start */
};

/* Element -> field, from fields.def, sorted by element. */
struct source_ref {
	uint64_t key;
	uint16_t field;
	uint8_t priority;
	uint8_t conv; /* enum conv */
};
struct source_index {
	struct source_ref *v;
	size_t n;
};
uint64_t source_key(enum dialect d, uint32_t pen, uint16_t id);
/* The first row with this key, or of a greater one; x->n if there is none. */
size_t source_index_first(const struct source_index *x, uint64_t key);
/* The first row for an element; x->n or one of another element if there is none. */
size_t source_index_find(const struct source_index *x, enum dialect d, uint32_t pen, uint16_t id);
bool source_index_is(const struct source_index *x, size_t i, enum dialect d, uint32_t pen,
		     uint16_t id);
must_check enum err source_index_init(struct source_index *x);
void source_index_fini(struct source_index *x);

struct template_def {
	enum dialect dialect;
	uint16_t id, n, n_scope;
	bool options;
	const struct element *elements;
	bool drop_unknown; /* as in struct decoder_opts */
};
/* A compiled template, or NULL without memory. *ret_bad counts elements whose length does not fit
 * their type; they are skipped when records are decoded. Free with free(). */
struct template *template_compile(const struct source_index *x, const struct template_def *def,
				  uint32_t *ret_bad);
/* The operation that brings a value of len bytes (LEN_VARIABLE: any) to a field; len_fits first. */
enum op_kind template_op(enum conv c, enum ctype t, uint16_t len);
bool template_len_fits(enum conv c, uint16_t len);
/* Whether t was compiled from this very definition. */
bool template_same(const struct template *t, const struct template_def *def);

/* Whether both were compiled from the same definition, ids aside. */
bool template_equal(const struct template *a, const struct template *b);

static inline bool template_uses(const struct template *t, enum field f)
{
	return t->uses[f / 64] >> (f % 64) & 1;
}

/* Where the elements of the next record lie, relative to its start; arrays of t->n. NULL: the
 * record ends early, and r is bad. */
const uint8_t *template_delimit(const struct template *t, struct rd *r, uint16_t *offs,
				uint16_t *lens);
