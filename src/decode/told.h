/* SPDX-License-Identifier: Apache-2.0 */
/* The elements of an option record that Weir understands, found once per record. Not for others. */
#pragma once
#include "decode/decode.h"

enum told {
	/* who or what it is about */
	TOLD_IN_IF,
	TOLD_OUT_IF,
	TOLD_IN_VRF,
	TOLD_OUT_VRF,
	TOLD_APP_ID,
	TOLD_SAMPLER,
	TOLD_SEQUENCE, /* selection sequence: which selector a flow went through */
	/* names */
	TOLD_IF_NAME,
	TOLD_IF_DESCRIPTION,
	TOLD_VRF_NAME,
	TOLD_VPN_RD,
	TOLD_APP_NAME,
	TOLD_APP_DESCRIPTION,
	TOLD_APP_CATEGORY,
	TOLD_APP_SUBCATEGORY,
	TOLD_APP_GROUP,
	TOLD_SAMPLER_NAME,
	TOLD_DOMAIN_NAME,
	/* sampling */
	TOLD_INTERVAL,
	TOLD_RANDOM,
	TOLD_PACKETS,
	TOLD_SPACE,
	TOLD_TIME,
	TOLD_TIME_SPACE,
	TOLD_SIZE,
	TOLD_POPULATION,
	TOLD_PROBABILITY,
	/* the exporter's own books */
	TOLD_INIT_MS,
	TOLD_ACTIVE_TIMEOUT,
	TOLD_IDLE_TIMEOUT,
	TOLD_MESSAGES,
	TOLD_RECORDS,
	TOLD_BYTES,
	TOLD_IGNORED_PACKETS,
	TOLD_IGNORED_BYTES,
	TOLD_UNSENT_RECORDS,
	TOLD_UNSENT_PACKETS,
	TOLD_UNSENT_BYTES,
	TOLD_MAX
};

/* What a record tells; borrowed from the record. */
struct told_record {
	const struct option_element *e[TOLD_MAX]; /* NULL = not there */
};
void told_find(const struct option_record *r, struct told_record *ret);
/* A number of 1 to 8 bytes; false and 0 if it is not there. */
bool told_number(const struct told_record *t, enum told which, uint64_t *ret);
/* The bytes of a text without trailing NULs; n = 0 if it is not there. */
struct told_text {
	const uint8_t *p;
	size_t n;
};
struct told_text told_text(const struct told_record *t, enum told which);

/* 1 packet in how many was looked at; 0 = not told. */
uint32_t told_rate(const struct told_record *t);
/* of / in, rounded, at most 2^32 - 1; 0 if in is. */
uint32_t told_quotient(uint64_t of, uint64_t in);
/* Calls fn for each name in the record. */
void told_names(const struct option_record *r, const struct told_record *t, int64_t at,
		void (*fn)(void *ctx, const struct option_name *n), void *ctx);
