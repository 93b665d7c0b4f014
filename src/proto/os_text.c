/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/os_text.h"

#include "base/attr.h"

enum { VERSION_MAX = 16, TEXT_MAX = 512 };

/* The first mark that a text has decides. number: its version stands behind the mark; else version
 * is it, "" = not known. */
struct mark {
	const char *mark, *name, *version;
	bool number;
};

/* As browsers write them: in the order in which they must be looked for, since Android also says
 * Linux and iOS also says Mac OS X. */
static const struct mark agents[] = {
    {"Windows Phone ", "Windows Phone", "", true},
    {"Windows NT 5.1", "Windows", "XP", false},
    {"Windows NT 6.0", "Windows", "Vista", false},
    {"Windows NT 6.1", "Windows", "7", false},
    {"Windows NT 6.2", "Windows", "8", false},
    {"Windows NT 6.3", "Windows", "8.1", false},
    {"Windows NT 10.0", "Windows", "10 or later", false},
    {"Windows", "Windows", "", false},
    {"iPhone OS ", "iOS", "", true},
    {"CPU OS ", "iPadOS", "", true},
    {"Mac OS X ", "macOS", "", true},
    {"Android ", "Android", "", true},
    {"CrOS ", "ChromeOS", "", false},
    {"Linux", "Linux", "", false},
    {"FreeBSD", "FreeBSD", "", false},
    {"OpenBSD", "OpenBSD", "", false},
    {"SunOS", "Solaris", "", false},
};

static const struct mark vendors[] = {
    {"MSFT 5.0", "Windows", "", false},
    {"android-dhcp-", "Android", "", true},
    {"udhcp", "Linux", "", false},
    {"Linux", "Linux", "", false},
};

/* What is behind the mark; false: it is not there. */
static bool find(struct rd text, const char *mark, struct rd *behind)
{
	size_t n = strlen(mark);
	const uint8_t *at = memmem(text.p, rd_left(&text), mark, n);
	if (!at)
		return false;
	*behind = rd_of(at + n, (size_t)(text.end - at) - n);
	return true;
}

/* Digits in groups, with points or, as Apple has them, lines between. */
static size_t read_version(struct rd r, char ret[VERSION_MAX])
{
	size_t n = 0;
	for (; rd_left(&r) && n < VERSION_MAX; n++) {
		uint8_t c = rd_u8(&r);
		if (c == '_')
			c = '.';
		if ((c < '0' || c > '9') && (c != '.' || n == 0))
			break;
		ret[n] = (char)c;
	}
	return n && ret[n - 1] == '.' ? n - 1 : n;
}

static void note(const struct dissect_ctx *c, struct rd text, const struct mark *marks,
		 size_t count)
{
	enum field name = dissect_field(c, F_os_name), which = dissect_field(c, F_os_version);
	char version[VERSION_MAX];
	struct rd behind;
	if (!rd_left(&text) || notes_has(c->notes, name))
		return;
	text = rd_of(text.p, MIN_OF(rd_left(&text), (size_t)TEXT_MAX));
	for (const struct mark *m = marks; m < marks + count; m++) {
		if (!find(text, m->mark, &behind))
			continue;
		size_t len = m->number ? read_version(behind, version) : strlen(m->version);
		notes_str_once(c->notes, name, m->name, strlen(m->name));
		if (len)
			notes_str_once(c->notes, which, m->number ? version : m->version, len);
		return;
	}
}

void os_note_agent(const struct dissect_ctx *c, struct rd text)
{
	note(c, text, agents, ARRAY_LEN(agents));
}

void os_note_vendor_class(const struct dissect_ctx *c, struct rd text)
{
	note(c, text, vendors, ARRAY_LEN(vendors));
}
