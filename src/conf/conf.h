/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration: one YAML file, read against one table (keys.def) into one struct that never
 * changes. All errors of a file are found in one run, and nothing is used of a file that has one. A
 * reload makes a new struct conf; whoever still reads the old one holds a reference. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/ip.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order of the unit of collect.listen. */
enum conf_scheme { CONF_UDP, CONF_TCP, CONF_TLS };

struct conf_addr {
	struct ip ip;
	uint16_t port;  /* 0 = any */
	uint8_t scheme; /* enum conf_scheme; of lists */
	bool on;        /* false: "off" */
	bool optional;  /* the IPv6 half of "*": no error where the kernel has no IPv6 */
};

struct conf_addrs {
	const struct conf_addr *v;
	size_t n;
};

/* A prefix; bits count from the top of the 128 (IPv4 /24 = 120). */
struct conf_net {
	struct ip ip;
	uint8_t bits;
};

struct conf_nets {
	const struct conf_net *v;
	size_t n;
};

/* The sampling rate of exporters. */
struct conf_rate {
	struct conf_net net;
	uint32_t rate;
	bool always; /* also where they tell another */
};

struct conf_rates {
	const struct conf_rate *v;
	size_t n;
};

/* Where datagrams are passed on to. */
struct conf_forward {
	const char *host; /* a name or an address */
	uint16_t port;
	bool keep_source;      /* they leave with the exporter's address */
	struct conf_nets from; /* only those of these exporters; n = 0: all */
};

struct conf_forwards {
	const struct conf_forward *v;
	size_t n;
};

struct conf_words {
	const char *const *v;
	size_t n;
};

#define CONF_TYPE_STR      const char *
#define CONF_TYPE_PATH     const char *
#define CONF_TYPE_CHOICE   uint32_t
#define CONF_TYPE_BOOL     bool
#define CONF_TYPE_UINT     uint64_t
#define CONF_TYPE_DURATION uint64_t
#define CONF_TYPE_SIZE     uint64_t
#define CONF_TYPE_ADDR     struct conf_addr
#define CONF_TYPE_ADDRS    struct conf_addrs
#define CONF_TYPE_NETS     struct conf_nets
#define CONF_TYPE_FORWARDS struct conf_forwards
#define CONF_TYPE_RATES    struct conf_rates
#define CONF_TYPE_WORDS    struct conf_words

struct conf {
#define KEY(member, path, type, min, max, default, unit, doc) CONF_TYPE_##type member;
#include "conf/keys.def"
#undef KEY
};

/* collect.client_certificate. */
enum { CONF_CLIENT_OPTIONAL, CONF_CLIENT_REQUIRED };
/* probe.export_mode. */
enum { CONF_EXPORT_ALL, CONF_EXPORT_BALANCE };

enum { CONF_ERRORS_MAX = 32, CONF_FILE_MAX = 1 << 20 };
/* All that is wrong with a file, in the order of its lines. more: errors beyond CONF_ERRORS_MAX,
 * only counted. */
struct conf_report {
	struct diag v[CONF_ERRORS_MAX];
	size_t n, more;
};

/* The file every program reads when none is named. It need not exist. */
#define CONF_DEFAULT_FILE "/etc/weir/weir.yaml"

/* Reads the file at path (NULL: CONF_DEFAULT_FILE if it is there, else the defaults). dir: what
 * --dir said, NULL = as configured; made absolute. On success *ret holds one reference. Else
 * ERR_CONFIG and the report says why. */
must_check enum err conf_load(const char *path, const char *dir, struct conf_report *report,
			      const struct conf **ret);
/* The same from n bytes of text. */
must_check enum err conf_parse(const char *text, size_t n, const char *dir,
			       struct conf_report *report, const struct conf **ret);

/* Another reference to c; any thread. */
const struct conf *conf_get(const struct conf *c);
/* Gives a reference back and nulls it; the last one frees. *c may be NULL. */
void conf_put(const struct conf **c);

/* Receive threads: collect.threads, or what 0 stands for on this machine. */
uint32_t conf_threads(const struct conf *c);
/* The first line of a file that holds a secret, without its newline. The file may not be readable
 * by everybody (ERR_DENIED). */
must_check enum err conf_read_secret(const char *path, struct buf *ret);
/* "FILE:LINE:COL: message" lines, for people. */
void conf_report_print(const struct conf_report *report, const char *file, struct buf *out);
