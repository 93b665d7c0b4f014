/* SPDX-License-Identifier: Apache-2.0 */
/* SSDP, the discovery of UPnP (UPnP Device Architecture 1.1): heads of HTTP in datagrams. */
#include "proto/dissector.h"
#include "proto/text.h"

enum { LINES_MAX = 40 };

/* http://192.0.2.1:49152/desc.xml -> 49152; 80 where none is written */
static void note_port(struct notes *n, struct rd url)
{
	uint64_t port = 80;
	if (!text_begins_nocase(&url, "http://"))
		return;
	rd_skip(&url, 7);
	struct rd host = text_until(&url, '/');
	if (rd_left(&host) > 0 && *host.p == '[')
		(void)text_until(&host, ']');
	(void)text_until(&host, ':');
	if (rd_left(&host) > 0 && (!text_number(&host, &port) || port > UINT16_MAX))
		return;
	notes_num_once(n, F_ssdp_location_port, port);
}

static void note_header(struct notes *n, struct rd line)
{
	static const struct {
		const char *name;
		enum field f;
	} headers[] = {{"nt", F_ssdp_nt},
		       {"st", F_ssdp_st},
		       {"server", F_ssdp_server},
		       {"user-agent", F_ssdp_user_agent}};
	struct rd name = text_until(&line, ':');
	name = text_trim(name);
	struct rd value = text_trim(line);
	if (rd_left(&value) == 0)
		return;
	if (text_is_nocase(&name, "location"))
		note_port(n, value);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if (text_is_nocase(&name, headers[i].name))
			notes_str_once(n, headers[i].f, value.p, rd_left(&value));
}

static enum dissect ssdp_see(struct dissect_ctx *c, struct rd *payload)
{
	struct rd line, r = *payload;
	bool request = text_begins(&r, "M-SEARCH * HTTP/1.") || text_begins(&r, "NOTIFY * HTTP/1.");
	bool answer = text_begins(&r, "HTTP/1.1 200 ") && c->ends->src_port != c->ends->dst_port &&
		      (c->ends->src_port == 1900 || c->ends->dst_port == 1900 || rd_left(&r) > 16);
	if ((!request && !answer) || !text_line(&r, &line))
		return DISSECT_NOT_MINE;
	/* The answer to a search comes from the port 1900 or any other: its headers tell. */
	if (answer && !text_find(&r, "\nUSN", 4) && !text_find(&r, "\nusn", 4) &&
	    !text_find(&r, "\nST", 3))
		return DISSECT_NOT_MINE;
	for (int i = 0; i < LINES_MAX && text_line(&r, &line) && rd_left(&line) > 0; i++)
		note_header(c->notes, line);
	rd_skip(payload, rd_left(payload));
	return DISSECT_MINE;
}

const struct dissector dissector_ssdp = {
    .name = "ssdp",
    .title = "Simple Service Discovery Protocol",
    .over = OVER_UDP,
    .ports = {1900},
    FIRST_BYTES("HHMN"),
    .see = ssdp_see,
};
