/* SPDX-License-Identifier: Apache-2.0 */
/* Kafka's protocol (kafka.apache.org/protocol): the client's name, the first request that is not a
 * greeting, response times by correlation id. */
#include "proto/asked.h"
#include "proto/guess.h"
#include "proto/text.h"

enum { HEAD_KAFKA = 14, READ_MAX_KAFKA = 512, MESSAGE_MAX = 100 << 20, VERSION_MAX = 20 };
enum { METADATA = 3, SASL = 17, API_VERSIONS = 18, SASL_AUTHENTICATE = 36 };

struct kafka {
	struct asked open;
	bool known, named;
	uint8_t client; /* its direction */
};

static const char *const apis[] = {"Produce",
				   "Fetch",
				   "ListOffsets",
				   "Metadata",
				   "LeaderAndIsr",
				   "StopReplica",
				   "UpdateMetadata",
				   "ControlledShutdown",
				   "OffsetCommit",
				   "OffsetFetch",
				   "FindCoordinator",
				   "JoinGroup",
				   "Heartbeat",
				   "LeaveGroup",
				   "SyncGroup",
				   "DescribeGroups",
				   "ListGroups",
				   "SaslHandshake",
				   "ApiVersions",
				   "CreateTopics",
				   "DeleteTopics",
				   "DeleteRecords",
				   "InitProducerId",
				   "OffsetForLeaderEpoch",
				   "AddPartitionsToTxn",
				   "AddOffsetsToTxn",
				   "EndTxn",
				   "WriteTxnMarkers",
				   "TxnOffsetCommit",
				   "DescribeAcls",
				   "CreateAcls",
				   "DeleteAcls",
				   "DescribeConfigs",
				   "AlterConfigs",
				   "AlterReplicaLogDirs",
				   "DescribeLogDirs",
				   "SaslAuthenticate",
				   "CreatePartitions"};
enum { N_APIS = sizeof(apis) / sizeof(apis[0]), API_MAX = 90 };

struct request {
	uint16_t api, version;
	uint32_t id;
	struct rd client;
};

/* The head of a request behind its length; false: it is none. */
static bool request_of(struct rd r, struct request *ret)
{
	ret->api = rd_be16(&r);
	ret->version = rd_be16(&r);
	ret->id = rd_be32(&r);
	uint16_t len = rd_be16(&r);
	ret->client = rd_none();
	if (r.bad || ret->api > API_MAX || ret->version > VERSION_MAX)
		return false;
	if (len != UINT16_MAX)
		ret->client = rd_sub(&r, len);
	return !ret->client.bad && (rd_left(&ret->client) == 0 || text_printable(&ret->client));
}

static void see_request(struct dissect_ctx *c, struct kafka *s, const struct request *q)
{
	if (rd_left(&q->client))
		notes_str_once(c->notes, F_app_client, q->client.p, rd_left(&q->client));
	bool greeting = q->api == API_VERSIONS || q->api == SASL || q->api == SASL_AUTHENTICATE;
	if (q->api < N_APIS && !(greeting && s->named)) {
		if (greeting || s->named)
			notes_str_once(c->notes, F_app_command, apis[q->api], strlen(apis[q->api]));
		else
			notes_str_put(c->notes, F_app_command, apis[q->api], strlen(apis[q->api]));
		s->named |= !greeting;
	}
	asked_ask(&s->open, c, q->id, 0);
}

static enum dissect recognise(const struct dissect_ctx *c, const struct rd *r, uint32_t len)
{
	struct rd at = *r;
	struct request q;
	if (len < HEAD_KAFKA - 4 || len > MESSAGE_MAX || at.p[4] != 0 || at.p[5] > API_MAX)
		return DISSECT_NOT_MINE;
	rd_skip(&at, 4);
	if (len < rd_left(&at))
		at.end = at.p + len;
	if (!request_of(at, &q))
		return rd_left(r) < HEAD_KAFKA + 256 && rd_left(r) < (size_t)len + 4
			   ? DISSECT_MORE
			   : DISSECT_NOT_MINE;
	bool greets = q.api == API_VERSIONS && q.version <= 4 && rd_left(&q.client) && len < 512;
	return greets || guess_port(c->ends, 9092) ? DISSECT_MINE : DISSECT_NOT_MINE;
}

static enum dissect see(struct dissect_ctx *c, struct rd *r)
{
	struct kafka *s = c->state;
	if (c->gap)
		return s->known ? DISSECT_DONE : DISSECT_NOT_MINE;
	while (rd_left(r) && !c->skip) {
		struct rd at = *r;
		struct request q;
		if (!s->known && *r->p != 0)
			return DISSECT_NOT_MINE;
		uint32_t len = rd_be32(&at);
		if (rd_left(&at) < 4)
			return s->known ? DISSECT_MINE : DISSECT_MORE;
		if (!s->known) {
			enum dissect d = recognise(c, r, len);
			if (d != DISSECT_MINE)
				return d;
			s->known = true;
			s->client = c->dir;
		}
		if (len < 4 || len > MESSAGE_MAX)
			return DISSECT_DONE;
		if (rd_left(&at) < len && rd_left(&at) < READ_MAX_KAFKA)
			return DISSECT_MINE;
		struct rd msg = rd_sub(&at, len < rd_left(&at) ? len : rd_left(&at));
		c->skip = len - (uint64_t)(msg.end - msg.p);
		*r = at;
		if (c->dir != s->client)
			asked_answer(&s->open, c, rd_be32(&msg), false);
		else if (request_of(msg, &q))
			see_request(c, s, &q);
		c->first_ns = c->t_ns; /* messages behind the first came now */
	}
	return DISSECT_MINE;
}

const struct dissector dissector_kafka = {
    .name = "kafka",
    .title = "Kafka",
    .over = OVER_TCP,
    .ports = {9092},
    FIRST_BYTES("\0\0"),
    .state_size = sizeof(struct kafka),
    .see = see,
};
