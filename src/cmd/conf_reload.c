/* SPDX-License-Identifier: Apache-2.0 */
/* `weir conf reload`: has a running Weir read its configuration again, and says what that changed.
 * Asked is `weir up`, or each role where they run on their own. */
#include "cmd/conf_reload.h"

#include "cmd/command.h"
#include "cmd/control_client.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* The effects of conf/live.def, for people. */
static const struct {
	const char *effect, *text;
} texts[] = {{"now", "taken over"},
	     {"handover", "taken over, its role starts anew"},
	     {"restart", "needs a restart"}};

static const char *text_of(const char *effect)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (strcmp(texts[i].effect, effect) == 0)
			return texts[i].text;
	return effect;
}

/* A key that several roles read is in the answer of each. */
static void merge(json_t *all, json_t *answer)
{
	size_t i, k;
	json_t *x, *y;
	json_array_foreach(json_object_get(answer, "changed"), i, x)
	{
		bool known = false;
		json_array_foreach(all, k, y) known |=
		    json_equal(json_object_get(x, "key"), json_object_get(y, "key"));
		if (!known)
			json_array_append(all, x);
	}
}

/* Asks one; *ret_there: somebody answered. False after a message: it refused. */
static bool ask(const char *dir, const char *role, json_t *all, bool *ret_there)
{
	struct buf text = {0};
	struct diag d = {0};
	int status = 0;
	enum err e = control_call_within(CONTROL_RELOAD_MS, dir, role, "POST", "/reload", &text,
					 &status, &d);
	bool refused = !e && status >= 400 && status != 501;
	if (!e)
		*ret_there = true;
	if (refused)
		fprintf(stderr, "weir conf reload: nothing changed: %s\n", buf_cstr(&text));
	if (!e && !refused && text.n) {
		json_t *answer = json_loadb((const char *)text.p, text.n, 0, NULL);
		merge(all, answer);
		json_decref(answer);
	}
	buf_fini(&text);
	return !refused;
}

static void print(const json_t *all)
{
	size_t i;
	const json_t *x;
	if (json_array_size(all) == 0)
		puts("nothing has changed");
	json_array_foreach(all, i, x)
	    printf("%s: %s  (was %s)  %s\n", json_string_value(json_object_get(x, "key")),
		   json_string_value(json_object_get(x, "to")),
		   json_string_value(json_object_get(x, "from")),
		   text_of(json_string_value(json_object_get(x, "effect"))));
}

static void print_json(const json_t *all)
{
	json_dumpf(all, stdout, JSON_COMPACT);
	putchar('\n');
}

int conf_reload(const char *dir, bool json)
{
	static const char *const alone[] = {"collect", "serve"};
	json_t *all = json_array();
	bool there = false, ok = ask(dir, "up", all, &there), supervised = there;
	for (size_t i = 0; !supervised && ok && i < ARRAY_LEN(alone); i++)
		ok = ask(dir, alone[i], all, &there);
	if (ok && !there)
		fprintf(stderr, "weir conf reload: nobody answers below %s\n", dir);
	else if (ok)
		(json ? print_json : print)(all);
	json_decref(all);
	return ok && there ? EXIT_DONE : EXIT_FAILED;
}
