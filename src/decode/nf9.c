/* SPDX-License-Identifier: Apache-2.0 */
/* NetFlow v9 (RFC 3954): the header. Sequence numbers count datagrams; times are ms of the device's
 * uptime. */
#include "decode/state.h"

#include "decode/frame.h"

enum stat_id nf9_decode(struct decoder *d, const struct datagram *dg)
{
	struct rd r = rd_of(dg->p, dg->n);
	rd_skip(&r, 2);
	uint16_t header_count = rd_be16(&r);
	struct message m = {.dialect = DIALECT_NF9, .t_recv = dg->t_recv, .has_domain = true};
	m.clock.uptime = rd_be32(&r);
	m.clock.uptime_known = true;
	m.clock.export_ms = (int64_t)rd_be32(&r) * 1000;
	uint32_t seq = rd_be32(&r);
	struct exporter_key key = {
	    .ip = dg->src, .port = dg->src_port, .version = 9, .domain = rd_be32(&r)};
	enum stat_id result = exporter_for(d, dg, &key, &seq, &m.exporter);
	if (result != ST_datagrams_decoded)
		return result;
	/* In files datagrams may stand in any order: only one that came later tells of a restart.
	 */
	bool later = dg->t_recv && dg->t_recv >= m.exporter->info.last_seen;
	exporter_heard(d, m.exporter, dg, m.clock.export_ms);
	m.serial = m.exporter->info.datagrams;
	m.seq = seq;
	struct sequence_step step = {
	    .seq = seq, .units = 1, .restarted = exporter_restarted(m.exporter, m.clock.uptime)};
	if (step.restarted && later) {
		exporter_doubt_templates(m.exporter);
		held_forget(d, m.exporter);
	}
	exporter_sequence(d, m.exporter, &step);
	uint64_t malformed_before = m.exporter->n_malformed;
	message_sets(d, &m, &r);
	if (m.sets_unknown)
		held_settle(d, &m, header_count);
	else if (m.records + m.option_records + m.template_records + m.filling < header_count &&
		 m.exporter->n_malformed == malformed_before)
		malformed(d, m.exporter, ST_malformed_count, 1);
	return result;
}
