/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the operations of a compiled template over records: one tight loop per operation, over all
 * records of a set, from the wire into a column. Records of variable length go one by one. */
#pragma once
#include "decode/template.h"
#include "model/batch.h"

/* What the header of the message says about time. */
struct message_clock {
	int64_t export_ms;
	uint32_t uptime;   /* sysUpTime in ms at export_ms; modulo 2^32 */
	bool uptime_known; /* else values counted from the start of the device have no meaning */
};

struct rows {
	const struct template *t;
	struct batch *b; /* rows row..row+k-1 are open and the columns in use */
	uint32_t row, k;
	const uint8_t *rec; /* first record; the caller has checked k * stride bytes */
	size_t stride;
	const uint16_t *offs, *lens; /* of the elements of one record */
	struct message_clock clock;
	uint64_t (*scratch)[BATCH_ROWS]; /* SCRATCH_MAX; by row of the batch */
};

/* Fixed length: k records, stride = their length. */
void convert_rows(const struct rows *r);
/* Variable length: the record at r->rec (k = 1) with its own offs and lens. Returns how many values
 * had a length that does not fit their type; these stay absent. */
uint32_t convert_record(const struct rows *r);
/* One value from elsewhere into the row of `one` (k = 1). False: its length does not fit, or it is
 * empty. Not for MPLS labels. */
bool convert_value(const struct rows *one, enum conv conv, enum field f, const uint8_t *p,
		   uint16_t len);
/* The k rows again, once their operations have run: what takes two columns to know. */
void convert_after(const struct rows *r);

/* 64-bit NTP time stamp (RFC 7011 6.1.9, 6.1.10) to ms since 1970, rounded; seconds before 1970 are
 * of the era that began in 2036. */
int64_t ntp_ms(uint64_t ntp);
/* An application id (RFC 6759): the classification engine in the top byte, the selector below; one
 * of fewer or more bytes than 4 as it would be in 4. n >= 1. */
uint32_t application_id(const uint8_t *p, size_t n);
/* The time at which a 32-bit ms counter of the device stood at `ticks`. */
static inline int64_t uptime_ms(const struct message_clock *c, uint32_t ticks)
{
	return c->export_ms - (int32_t)(c->uptime - ticks);
}
