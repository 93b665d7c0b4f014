/* SPDX-License-Identifier: Apache-2.0 */
/* A template: which fields records of one kind have, where they lie in a record, and the template
 * record that tells collectors. One for each combination of fields that flows come with (struct
 * layout_key), compiled to operations: field -> bytes. Fields of fixed length come first, so that
 * they are written column by column. */
#pragma once
#include "encode/element.h"
#include "model/batch.h"

/* Which part of a flow a record tells: a biflow whole, or one direction of it. */
enum half { HALF_BOTH, HALF_FORWARD, HALF_REVERSE, HALF_MAX };

struct layout_key {
	uint64_t present[PRESENT_WORDS]; /* of the columns it is read from */
	uint64_t six;                    /* bit layout_ip_bit(f): this address is IPv6 */
	uint8_t labels[2];               /* of the MPLS stack, and of that of the answer */
	uint8_t half;                    /* enum half */
	bool flow_six;                   /* the flow is IPv6 */
	uint32_t zero_;                  /* keys are compared byte by byte */
};

struct encode_op {
	uint8_t kind;      /* enum put_kind */
	uint8_t index;     /* PUT_LABEL: which */
	uint16_t field;    /* the column it is read from */
	uint16_t at;       /* where in the record; of fields of fixed length */
	uint16_t inner_id; /* of a list: as in struct wire_form */
	uint32_t inner_pen;
	uint8_t width;
};

enum { NO_ROW = UINT16_MAX };

struct layout {
	struct layout *next;          /* in its bucket */
	struct layout *newer, *older; /* by use */
	uint64_t hash;
	struct layout_key key; /* not of options */
	uint16_t id;
	bool options;
	bool retired;      /* no longer in the table: makes no more records */
	uint32_t messages; /* that use it and live */
	/* What each collector knows of it. */
	struct told {
		uint32_t session;  /* in which it was told, 0 = never (collector.h) */
		uint32_t messages; /* that used it since */
		int64_t at;        /* when */
	} told[EXPORT_TARGETS_MAX];
	/* The rows of the batch being encoded that are of it, a list through encoder.next_row. */
	struct layout *next_in_batch;
	uint16_t first_row, last_row;
	uint16_t fixed_len, n_ops, n_fixed; /* ops: the fixed ones, then those of variable length */
	uint16_t record_n;
	uint8_t *record; /* the template record; points behind ops */
	struct encode_op ops[];
};

/* The column that field f of a record of this half is read from, -1 = the record has no f. */
int layout_column(enum half half, enum field f);
/* The presence bits that records of this half can make use of. */
void layout_mask(enum export_protocol p, enum half half, uint64_t ret[PRESENT_WORDS]);
/* The bit of an address field in layout_key.six. */
unsigned layout_ip_bit(enum field f);

/* NULL without memory. Free with free(). */
struct layout *layout_compile(enum export_protocol p, const struct layout_key *k, uint16_t id);
/* An options template; the first n_scope forms are the scope. NetFlow v9: the scope is the device,
 * n_scope must be 1 and its form is not looked at. */
struct layout *layout_options(enum export_protocol p, uint16_t id, const struct wire_form *f,
			      uint16_t n, uint16_t n_scope);
