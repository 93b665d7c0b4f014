/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of batches in, messages out: IPFIX (RFC 7011), NetFlow v9 (RFC 3954) or v5. Knows templates
 * and how full a message may be; knows no collectors, sockets or clock. Messages hold data only:
 * whoever sends one first tells the templates that it uses (message.layouts, template_message).
 * Of one thread. Counts into stats: export cut_values, export_drop unsendable and
 * no_memory. */
#pragma once
#include "encode/layouts.h"
#include "encode/message.h"
#include "model/batch.h"
#include "model/stats.h"

/* How the packets were chosen that flows were made of (RFC 5477): `take` of every `of`. */
struct export_sampling {
	uint32_t take, of; /* of <= take: all */
	bool random;       /* each by chance (n of N); else one after another (count based) */
};

enum { MESSAGE_MAX = 65535, MESSAGE_MAX_UDP = 65507 };

struct encoder_opts {
	enum export_protocol protocol;
	bool split; /* an answer is a record of its own (always in NetFlow) */
	uint32_t domain;
	/* Messages have at most message_max bytes; a record that is longer has one of its own of at
	 * most record_max, to which its texts are cut. */
	uint32_t message_max, record_max;
	size_t max_templates;            /* 0 = LAYOUTS_MAX */
	int64_t start_ms;                /* NetFlow: what sysUpTime counts from */
	struct export_sampling sampling; /* v5 tells it in each header */
	struct stats *stats;             /* borrowed, never NULL */
	/* Called with each message; the reference is the callee's. */
	void (*emit)(void *ctx, struct message *m);
	void *ctx;
};

struct encoder;

must_check enum err encoder_new(const struct encoder_opts *o, struct encoder **ret);
/* Messages must have been put back. May be NULL. */
void encoder_free(struct encoder *e);
/* Encodes n rows of a wide batch (rows NULL: the first n) and emits all of it. export_ms: the
 * export time. */
void encoder_rows(struct encoder *e, const struct batch *b, const uint16_t *rows, uint32_t n,
		  int64_t export_ms);
struct layouts *encoder_layouts(struct encoder *e);
const struct encoder_opts *encoder_options(const struct encoder *e);

/* --- messages made piece by piece: encoder_rows, options.c */

/* An open message with room for `room` bytes of records of l, behind the head of their set; emits
 * the one before if it is too full. NULL without memory; counted by the caller. */
struct message *encoder_open(struct encoder *e, struct layout *l, size_t room, int64_t export_ms);
/* n bytes of records have been written behind what encoder_open returned. */
void encoder_wrote(struct encoder *e, size_t n, uint32_t records, uint32_t flows);
/* Emits what is open. */
void encoder_close(struct encoder *e);

/* A message of template records, of as many of the n layouts as there is room for: *ret_n. NULL
 * without memory, or in v5. */
struct message *encoder_templates(const struct encoder *e, struct layout *const *v, size_t n,
				  int64_t export_ms, size_t *ret_n);
/* IPFIX: a message that takes back the template with this id. NULL without memory. */
struct message *encoder_withdrawal(const struct encoder *e, uint16_t id, int64_t export_ms);
