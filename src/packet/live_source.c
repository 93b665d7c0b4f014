/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/live_source.h"

#include "base/unit.h"

#include <stdio.h>
#include <string.h>

typedef enum err parse_fn(const char *rest, struct live_source *ret, struct diag *d);

static enum err wrong(struct diag *d, const char *what, const char *text)
{
	return diag_set(d, ERR_SYNTAX, 0, 0, "%s: \"%.80s\"", what, text);
}

/* What the kernel takes: 1 to 15 bytes without slash, colon and space. */
static enum err interface_name(const char *s, size_t n, char ret[LIVE_NAME_MAX], struct diag *d)
{
	bool bad = n == 0 || n >= LIVE_NAME_MAX;
	for (size_t i = 0; i < n && !bad; i++)
		bad = s[i] == '/' || s[i] == ':' || (unsigned char)s[i] <= ' ';
	if (bad)
		return wrong(d, "not the name of an interface", s);
	memcpy(ret, s, n);
	ret[n] = 0;
	return ERR_OK;
}

static enum err interface(const char *rest, struct live_source *ret, struct diag *d)
{
	return interface_name(rest, strlen(rest), ret->name[0], d);
}

static enum err tap(const char *rest, struct live_source *ret, struct diag *d)
{
	const char *plus = strchr(rest, '+');
	if (!plus)
		return wrong(d, "a TAP has two interfaces, as in tap:eth1+eth2", rest);
	enum err e = interface_name(rest, (size_t)(plus - rest), ret->name[0], d);
	if (!e)
		e = interface_name(plus + 1, strlen(plus + 1), ret->name[1], d);
	if (!e && strcmp(ret->name[0], ret->name[1]) == 0)
		e = wrong(d, "a TAP has two different interfaces", rest);
	return e;
}

/* ADDR or [ADDR]; "*" is any IPv4, as all zeros are. */
static enum err address(const char *s, size_t n, struct live_source *ret, struct diag *d)
{
	static const uint8_t any[4];
	bool brackets = n >= 2 && s[0] == '[' && s[n - 1] == ']';
	if (n == 1 && *s == '*') {
		ret->ip = ip_from_v4(any);
		return ERR_OK;
	}
	if (ip_parse(s + brackets, n - 2 * (size_t)brackets, &ret->ip))
		return wrong(d, "not an address of this machine, such as 192.0.2.1 or [::1]", s);
	return ERR_OK;
}

static enum err vxlan(const char *rest, struct live_source *ret, struct diag *d)
{
	const char *colon = strrchr(rest, ':');
	const char *bracket = strrchr(rest, ']');
	size_t n = strlen(rest);
	uint64_t port = LIVE_VXLAN_PORT;
	if (colon && colon > bracket) {
		if (unit_u64(colon + 1, n - (size_t)(colon + 1 - rest), &port) || port > UINT16_MAX)
			return wrong(d, "not a port", colon + 1);
		n = (size_t)(colon - rest);
	}
	ret->port = (uint16_t)port;
	return address(rest, n, ret, d);
}

static enum err gre(const char *rest, struct live_source *ret, struct diag *d)
{
	return address(rest, strlen(rest), ret, d);
}

static enum err file(const char *rest, struct live_source *ret, struct diag *d)
{
	int n = snprintf(ret->path, sizeof(ret->path), "%s", rest);
	if (n <= 0 || (size_t)n >= sizeof(ret->path))
		return wrong(d, "not the path of a file", rest);
	return ERR_OK;
}

enum err live_source_parse(const char *text, struct live_source *ret, struct diag *reterr)
{
	static const struct {
		const char *prefix;
		enum live_kind kind;
		parse_fn *parse;
	} kinds[] = {{"tap:", LIVE_TAP, tap},
		     {"vxlan:", LIVE_VXLAN, vxlan},
		     {"gre:", LIVE_GRE, gre},
		     {"file:", LIVE_FILE, file},
		     {"", LIVE_INTERFACE, interface}};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		size_t n = strlen(kinds[i].prefix);
		if (strncmp(text, kinds[i].prefix, n) != 0)
			continue;
		*ret = (struct live_source){.kind = kinds[i].kind};
		return kinds[i].parse(text + n, ret, reterr);
	}
	return ERR_INTERNAL;
}
