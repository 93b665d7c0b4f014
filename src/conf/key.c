/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/key.h"

#include "base/near.h"

#include <stdio.h>
#include <string.h>

const struct conf_key conf_keys[CONF_KEY_MAX] = {
#define KEY(member, path, type, min, max, default, unit, doc)                                      \
	{path, default, unit, doc, CONF_##type, min, max, offsetof(struct conf, member)},
#include "conf/keys.def"
#undef KEY
};

const struct conf_key *conf_key_find(const char *path, size_t n)
{
	for (size_t i = 0; i < CONF_KEY_MAX; i++)
		if (strlen(conf_keys[i].path) == n && memcmp(conf_keys[i].path, path, n) == 0)
			return &conf_keys[i];
	return NULL;
}

bool conf_key_is_section(const char *path, size_t n)
{
	for (size_t i = 0; i < CONF_KEY_MAX; i++)
		if (strncmp(conf_keys[i].path, path, n) == 0 && conf_keys[i].path[n] == '.')
			return true;
	return false;
}

/* What part of a path is compared. */
enum part { WHOLE, SECTION, LAST };

static size_t cut(enum part part, const char *path, const char **ret)
{
	const char *dot = strrchr(path, '.');
	*ret = part == LAST && dot ? dot + 1 : path;
	return part == SECTION && dot ? (size_t)(dot - path) : strlen(*ret);
}

const char *conf_key_nearest(const char *path, size_t n, char ret[CONF_PATH_MAX])
{
	char words[CONF_KEY_MAX][CONF_PATH_MAX];
	const char *list[CONF_KEY_MAX];
	const char *dot = memrchr(path, '.', n);
	for (enum part part = WHOLE; part <= LAST; part++) {
		for (size_t i = 0; i < CONF_KEY_MAX; i++) {
			const char *word;
			size_t len = cut(part, conf_keys[i].path, &word);
			snprintf(words[i], sizeof(words[i]), "%.*s", (int)len, word);
			list[i] = words[i];
		}
		const char *s = part == LAST && dot ? dot + 1 : path;
		const char *near = near_find(s, n - (size_t)(s - path), list, CONF_KEY_MAX);
		if (!near)
			continue;
		for (size_t i = 0; i < CONF_KEY_MAX; i++)
			if (list[i] == near)
				snprintf(ret, CONF_PATH_MAX, "%s",
					 part == LAST ? conf_keys[i].path : near);
		return ret;
	}
	return NULL;
}

const char *conf_key_expects(const struct conf_key *k)
{
	switch (k->type) {
	case CONF_STR:
		return "text";
	case CONF_PATH:
		return "a path";
	case CONF_CHOICE:
		return k->unit;
	case CONF_BOOL:
		return "true or false";
	case CONF_UINT:
		return "a whole number";
	case CONF_DURATION:
		return "a duration such as 500ms, 10s, 2h or 90d";
	case CONF_SIZE:
		return "a size such as 64KB, 128MB or 8GB";
	case CONF_ADDR:
		return *k->unit ? "ADDRESS:PORT such as 127.0.0.1:8124 or [::1]:8124, or off"
				: "ADDRESS:PORT such as 127.0.0.1:8080 or [::1]:8080";
	case CONF_ADDRS:
		return "a list of udp://, tcp:// or tls://ADDRESS:PORT such as udp://*:2055 or "
		       "tcp://[::1]:4739";
	case CONF_NETS:
		return "a list of addresses and prefixes such as 192.0.2.1 or 2001:db8::/32";
	case CONF_FORWARDS:
		return "a list of udp://HOST:PORT, each perhaps with ?from=PREFIX,PREFIX and "
		       "&source=keep";
	case CONF_RATES:
		return "a list of PREFIX=RATE, or PREFIX=RATE! to overrule what exporters tell";
	case CONF_WORDS:
		return "a list of words without spaces";
	}
	return "";
}

bool conf_key_is_list(const struct conf_key *k)
{
	return k->type == CONF_ADDRS || k->type == CONF_NETS || k->type == CONF_FORWARDS ||
	       k->type == CONF_RATES || k->type == CONF_WORDS;
}
