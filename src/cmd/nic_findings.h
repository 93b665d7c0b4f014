/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in the way of capturing on an interface, judged from facts alone: asks nobody, so
 * that tests can try every case. */
#pragma once
#include "packet/nic.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the probe is going to do there, and may. */
struct nic_wants {
	bool xdp;         /* AF_XDP, else AF_PACKET */
	bool outgoing;    /* also packets that this machine sends */
	bool promiscuous; /* also packets for other machines */
	uint32_t threads;
	uint64_t ring_bytes; /* of each thread */
	uint64_t memory;     /* bytes that the machine has to give; 0 = not known */
	bool may_capture;    /* CAP_NET_RAW */
	bool may_bpf;        /* CAP_BPF and CAP_NET_ADMIN */
};

enum finding_weight { FINDING_NOTE, FINDING_WARNING, FINDING_PROBLEM, FINDING_WEIGHT_MAX };

struct finding {
	const char *id; /* "gro"; static */
	enum finding_weight weight;
	char what[160];
	const char *why;  /* static */
	char repair[224]; /* a command, or what to do; "" = nothing */
};

enum { FINDINGS_MAX = 24 };
size_t nic_findings(const struct nic *n, const struct nic_wants *w,
		    struct finding ret[FINDINGS_MAX]);
/* "note", "warning", "problem". */
const char *finding_weight_name(enum finding_weight w);
