/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/option_json.h"

#include "base/attr.h"
#include "base/rd.h"

#include <stdio.h>

enum value { NUMBER, TEXT, IP4, IP6, MAC };

/* {element, name (IANA registry), how it is printed}: what option records are made of. */
static const struct {
	uint16_t id;
	const char *name;
	enum value value;
} names[] = {
    {1, "octetDeltaCount", NUMBER},
    {2, "packetDeltaCount", NUMBER},
    {10, "ingressInterface", NUMBER},
    {14, "egressInterface", NUMBER},
    {34, "samplingInterval", NUMBER},
    {35, "samplingAlgorithm", NUMBER},
    {36, "flowActiveTimeout", NUMBER},
    {37, "flowIdleTimeout", NUMBER},
    {38, "engineType", NUMBER},
    {39, "engineId", NUMBER},
    {40, "exportedOctetTotalCount", NUMBER},
    {41, "exportedMessageTotalCount", NUMBER},
    {42, "exportedFlowRecordTotalCount", NUMBER},
    {48, "samplerId", NUMBER},
    {49, "samplerMode", NUMBER},
    {50, "samplerRandomInterval", NUMBER},
    {56, "sourceMacAddress", MAC},
    {80, "destinationMacAddress", MAC},
    {82, "interfaceName", TEXT},
    {83, "interfaceDescription", TEXT},
    {84, "samplerName", TEXT},
    {94, "applicationDescription", TEXT},
    {95, "applicationId", NUMBER},
    {96, "applicationName", TEXT},
    {130, "exporterIPv4Address", IP4},
    {131, "exporterIPv6Address", IP6},
    {137, "commonPropertiesId", NUMBER},
    {138, "observationPointId", NUMBER},
    {141, "lineCardId", NUMBER},
    {142, "portId", NUMBER},
    {143, "meteringProcessId", NUMBER},
    {144, "exportingProcessId", NUMBER},
    {145, "templateId", NUMBER},
    {148, "flowId", NUMBER},
    {149, "observationDomainId", NUMBER},
    {150, "flowStartSeconds", NUMBER},
    {152, "flowStartMilliseconds", NUMBER},
    {153, "flowEndMilliseconds", NUMBER},
    {160, "systemInitTimeMilliseconds", NUMBER},
    {163, "observedFlowTotalCount", NUMBER},
    {164, "ignoredPacketTotalCount", NUMBER},
    {165, "ignoredOctetTotalCount", NUMBER},
    {166, "notSentFlowTotalCount", NUMBER},
    {167, "notSentPacketTotalCount", NUMBER},
    {168, "notSentOctetTotalCount", NUMBER},
    {173, "flowKeyIndicator", NUMBER},
    {211, "collectorIPv4Address", IP4},
    {212, "collectorIPv6Address", IP6},
    {214, "exportProtocolVersion", NUMBER},
    {215, "exportTransportProtocol", NUMBER},
    {216, "collectorTransportPort", NUMBER},
    {217, "exporterTransportPort", NUMBER},
    {234, "ingressVRFID", NUMBER},
    {235, "egressVRFID", NUMBER},
    {236, "VRFname", TEXT},
    {300, "observationDomainName", TEXT},
    {302, "selectorId", NUMBER},
    {303, "informationElementId", NUMBER},
    {304, "selectorAlgorithm", NUMBER},
    {305, "samplingPacketInterval", NUMBER},
    {306, "samplingPacketSpace", NUMBER},
    {309, "samplingSize", NUMBER},
    {310, "samplingPopulation", NUMBER},
    {318, "selectorIdTotalPktsObserved", NUMBER},
    {319, "selectorIdTotalPktsSelected", NUMBER},
    {322, "observationTimeSeconds", NUMBER},
    {323, "observationTimeMilliseconds", NUMBER},
    {335, "selectorName", TEXT},
    {339, "informationElementDataType", NUMBER},
    {340, "informationElementDescription", TEXT},
    {341, "informationElementName", TEXT},
    {342, "informationElementRangeBegin", NUMBER},
    {343, "informationElementRangeEnd", NUMBER},
    {344, "informationElementSemantics", NUMBER},
    {345, "informationElementUnits", NUMBER},
    {346, "privateEnterpriseNumber", NUMBER},
    {371, "userName", TEXT},
    {372, "applicationCategoryName", TEXT},
    {373, "applicationSubCategoryName", TEXT},
    {374, "applicationGroupName", TEXT},
};

/* Scope types of NetFlow v9 (RFC 3954 6.1). */
static const char *const scopes[] = {NULL, "system", "interface", "lineCard", "cache", "template"};

static enum value key(struct buf *out, const struct option_element *e)
{
	char number[32];
	if (e->pen == OPTION_PEN_SCOPE && e->id > 0 && e->id < ARRAY_LEN(scopes)) {
		buf_json_key(out, scopes[e->id]);
		return NUMBER;
	}
	for (size_t i = 0; e->pen == 0 && i < ARRAY_LEN(names); i++)
		if (names[i].id == e->id) {
			buf_json_key(out, names[i].name);
			return names[i].value;
		}
	if (e->pen == OPTION_PEN_SCOPE)
		snprintf(number, sizeof(number), "scope%u", e->id);
	else if (e->pen)
		snprintf(number, sizeof(number), "e%u.%u", e->pen, e->id);
	else
		snprintf(number, sizeof(number), "e%u", e->id);
	buf_json_key(out, number);
	return NUMBER;
}

static void put_ip(struct buf *out, const struct ip *a)
{
	char text[IP_TEXT_MAX];
	buf_json_str(out, text, ip_format(a, text));
}

static void put_hex(struct buf *out, const uint8_t *p, size_t n)
{
	buf_u8(out, '"');
	for (size_t i = 0; i < n; i++)
		buf_fmt(out, "%02x", p[i]);
	buf_u8(out, '"');
}

static void element(struct buf *out, const struct option_element *e)
{
	char text[MAC_TEXT_MAX];
	enum value v = key(out, e);
	size_t n = e->len;
	if (v == TEXT) {
		while (n && e->p[n - 1] == 0)
			n--;
		buf_json_str(out, e->p, n);
	} else if (v == IP4 && n == 4) {
		struct ip a = ip_from_v4(e->p);
		put_ip(out, &a);
	} else if (v == IP6 && n == 16) {
		struct ip a;
		memcpy(a.b, e->p, 16);
		put_ip(out, &a);
	} else if (v == MAC && n == 6) {
		buf_json_str(out, text, mac_format(load_be(e->p, 6), text));
	} else if (n >= 1 && n <= 8) {
		buf_dec(out, load_be(e->p, n));
	} else {
		put_hex(out, e->p, n);
	}
}

void option_json(struct buf *out, const struct option_record *r)
{
	static const struct ip nameless;
	buf_str(out, "{\"record\":\"option\"");
	if (!ip_equal(&r->exporter_ip, &nameless)) {
		buf_json_key(out, "exporter_ip");
		put_ip(out, &r->exporter_ip);
	}
	buf_json_key(out, "observation_domain");
	buf_dec(out, r->domain);
	buf_json_key(out, "export_version");
	buf_dec(out, r->version);
	buf_json_key(out, "template_id");
	buf_dec(out, r->template_id);
	buf_str(out, ",\"scope\":{");
	for (uint16_t i = 0; i < r->n_scope; i++)
		element(out, &r->elements[i]);
	buf_str(out, "},\"values\":{");
	for (uint16_t i = r->n_scope; i < r->n; i++)
		element(out, &r->elements[i]);
	buf_str(out, "}}");
}
