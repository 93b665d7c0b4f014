/* SPDX-License-Identifier: Apache-2.0 */
/* Systems that clients name in texts. */
#include "harness.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

struct agent {
	const char *text, *name, *version; /* name: NULL = none */
};

static const struct agent agents[] = {
    {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) Gecko/20100101 Firefox/121.0", "Windows",
     "10 or later"},
    {"Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36", "Windows", "7"},
    {"Mozilla/5.0 (iPhone; CPU iPhone OS 16_5_1 like Mac OS X) AppleWebKit/605", "iOS", "16.5.1"},
    {"Mozilla/5.0 (iPad; CPU OS 15_0 like Mac OS X) AppleWebKit/605", "iPadOS", "15.0"},
    {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605", "macOS", "10.15.7"},
    {"Mozilla/5.0 (Linux; Android 13; Pixel 7) AppleWebKit/537", "Android", "13"},
    {"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537", "ChromeOS", NULL},
    {"Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101", "Linux", NULL},
    {"Debian APT-HTTP/1.3 (2.6.1)", NULL, NULL},
    {"x (Android )", "Android", NULL},
    {"x (Mac OS X _)", "macOS", NULL},
    {"curl/7.88.1", NULL, NULL},
};

static void check(const char *json, const char *field, const char *want)
{
	char text[64];
	snprintf(text, sizeof(text), "\"%s\"", want ? want : "");
	if (want)
		assert_noted(json, field, text);
	else
		assert_not_noted(json, field);
}

static void user_agents(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(agents) / sizeof(agents[0]); i++) {
		char request[512];
		int n = snprintf(request, sizeof(request),
				 "GET / HTTP/1.1\r\nHost: example.net\r\nUser-Agent: %s\r\n\r\n",
				 agents[i].text);
		const struct message m[] = {{FROM_CLIENT, request, (size_t)n, 0}};
		const struct conversation c = {
		    .proto = 6, .client_port = 50001, .server_port = 80, .m = m, .n = 1};
		char *json = dissect(&c);
		check(json, "os_name", agents[i].name);
		check(json, "os_version", agents[i].version);
		free(json);
	}
}

/* A DISCOVER (RFC 2131) with a vendor class. */
static void vendor_classes(void **state)
{
	(void)state;
	static const struct agent classes[] = {
	    {"MSFT 5.0", "Windows", NULL},
	    {"android-dhcp-12", "Android", "12"},
	    {"udhcp 1.36.1", "Linux", NULL},
	    {"PXEClient:Arch:00007", NULL, NULL},
	};
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		uint8_t p[300] = {1, 1, 6, 0, 0x12, 0x34, 0x56, 0x78};
		size_t len = strlen(classes[i].text), at = 240;
		memcpy(p + 236, "\x63\x82\x53\x63", 4);
		memcpy(p + at, "\x35\1\1\x3c", 4);
		p[at + 4] = (uint8_t)len;
		memcpy(p + at + 5, classes[i].text, len);
		p[at + 5 + len] = 255;
		const struct message m[] = {{FROM_CLIENT, p, sizeof(p), 0}};
		const struct conversation c = {
		    .proto = 17, .client_port = 68, .server_port = 67, .m = m, .n = 1};
		char *json = dissect(&c);
		assert_noted(json, "app_name", "\"dhcp\"");
		check(json, "os_name", classes[i].name);
		check(json, "os_version", classes[i].version);
		free(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(user_agents),
	    cmocka_unit_test(vendor_classes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
