/* SPDX-License-Identifier: Apache-2.0 */
/* IPFIX (RFC 7011): the header. Sequence numbers count data records, those of options too. A
 * datagram should hold one message; several are taken. */
#include "decode/state.h"

#include "decode/frame.h"

enum { HEADER = 16, VERSION = 10 };

/* One message of `len` bytes, all there. */
static enum stat_id one_message(struct decoder *d, const struct datagram *dg, size_t len)
{
	struct rd r = rd_of(dg->p, len);
	rd_skip(&r, 4);
	struct message m = {.dialect = DIALECT_IPFIX, .t_recv = dg->t_recv, .has_domain = true};
	m.clock.export_ms = (int64_t)rd_be32(&r) * 1000;
	uint32_t seq = rd_be32(&r);
	struct exporter_key key = {.ip = dg->src,
				   .port = dg->src_port,
				   .version = VERSION,
				   .domain = rd_be32(&r),
				   .session = dg->session,
				   .transport = dg->transport};
	enum stat_id result = exporter_for(d, dg, &key, &seq, &m.exporter);
	if (result != ST_datagrams_decoded)
		return result;
	struct datagram own = *dg;
	own.n = len;
	exporter_heard(d, m.exporter, &own, m.clock.export_ms);
	m.serial = m.exporter->info.datagrams;
	m.seq = seq;
	message_sets(d, &m, &r);
	struct sequence_step step = {.seq = seq,
				     .units = m.records + m.option_records,
				     .options = m.option_records,
				     .units_unknown = m.sets_unknown > 0};
	exporter_sequence(d, m.exporter, &step);
	return result;
}

enum stat_id ipfix_decode(struct decoder *d, const struct datagram *dg)
{
	struct datagram rest = *dg;
	size_t told = load_be16(rest.p + 2), framed = frame_message_len(rest.p, rest.n);
	size_t len = framed ? framed : told;
	if (len < HEADER || len > rest.n)
		return exporter_plausible(d, dg) ? ST_reject_bad_length : ST_reject_not_export;
	enum stat_id result = one_message(d, &rest, len);
	if (result != ST_datagrams_decoded)
		return result;
	if (len != told)
		malformed(d, d->newest, ST_malformed_message_length, 1);
	/* What follows it: more messages, as long as they can be decoded. */
	do {
		rest.p += len;
		rest.n -= len;
		len = frame_message_len(rest.p, rest.n);
	} while (len && load_be16(rest.p) == VERSION &&
		 one_message(d, &rest, len) == ST_datagrams_decoded);
	if (!all_zero(rest.p, rest.n))
		malformed(d, d->newest, ST_malformed_trailing, 1);
	return result;
}
