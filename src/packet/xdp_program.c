/* SPDX-License-Identifier: Apache-2.0 */
/* Twenty instructions by hand, so that building needs no compiler for BPF and the package no object
 * file. Whoever wants them under the GPL may have them under GPL-2.0 too: the kernel gives its
 * clock only to programs whose licence is compatible with its own.
 *
 * The note: the time, and the time with all bits turned, by which a note is known from what the
 * buffer held before. */
#include "packet/xdp_program.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* clang-format off */
#define MOV(dst, src)          {.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = (dst), .src_reg = (src)}
#define SET(dst, value)        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (dst), .imm = (value)}
#define ADD(dst, value)        {.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = (dst), .imm = (value)}
#define XOR(dst, value)        {.code = BPF_ALU64 | BPF_XOR | BPF_K, .dst_reg = (dst), .imm = (value)}
#define LOAD32(dst, src, at)   {.code = BPF_LDX | BPF_W | BPF_MEM, .dst_reg = (dst), .src_reg = (src), .off = (at)}
#define STORE64(dst, at, src)  {.code = BPF_STX | BPF_DW | BPF_MEM, .dst_reg = (dst), .src_reg = (src), .off = (at)}
#define CALL(function)         {.code = BPF_JMP | BPF_CALL, .imm = (function)}
#define SKIP_IF_NOT_0(reg, n)  {.code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = (reg), .off = (n)}
#define SKIP_IF_GT(a, b, n)    {.code = BPF_JMP | BPF_JGT | BPF_X, .dst_reg = (a), .src_reg = (b), .off = (n)}
#define MAP(dst, fd)           {.code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = (dst), .src_reg = BPF_PSEUDO_MAP_FD, .imm = (fd)}, {0}
#define EXIT()                 {.code = BPF_JMP | BPF_EXIT}

enum { R0 = BPF_REG_0, R1, R2, R3, R4, R6 = BPF_REG_6 };

static enum err load(int map, int *ret, char *log, size_t log_n)
{
	const struct bpf_insn program[] = {
		MOV(R6, R1),
		SET(R2, -XDP_NOTE_BYTES),
		CALL(BPF_FUNC_xdp_adjust_meta),
		SKIP_IF_NOT_0(R0, 9), /* no room: go on without a note */
		CALL(BPF_FUNC_ktime_get_ns),
		LOAD32(R2, R6, offsetof(struct xdp_md, data_meta)),
		LOAD32(R3, R6, offsetof(struct xdp_md, data)),
		MOV(R4, R2),
		ADD(R4, XDP_NOTE_BYTES),
		SKIP_IF_GT(R4, R3, 3), /* never; the verifier wants to see it */
		STORE64(R2, 0, R0),
		XOR(R0, -1),
		STORE64(R2, 8, R0),
		LOAD32(R2, R6, offsetof(struct xdp_md, rx_queue_index)),
		MAP(R1, map),
		SET(R3, XDP_PASS), /* a queue without a socket: as if we were not there */
		CALL(BPF_FUNC_redirect_map),
		EXIT(),
	};
	LIBBPF_OPTS(bpf_prog_load_opts, o, .log_buf = log, .log_size = (uint32_t)log_n, .log_level = 1);
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "weir_probe", "GPL", program, ARRAY_LEN(program), &o);
	if (fd < 0)
		return err_from_errno(-fd);
	*ret = fd;
	return ERR_OK;
}
/* clang-format on */

bool xdp_note_read(const uint8_t *p, int64_t *ret_ns)
{
	uint64_t note[2];
	memcpy(note, p - XDP_NOTE_BYTES, XDP_NOTE_BYTES);
	*ret_ns = (int64_t)note[0];
	return note[0] == ~note[1];
}

enum err xdp_program_load(uint32_t queues, int *ret_map, int *ret_program, struct diag *reterr)
{
	enum { LOG_BYTES = 4096 };
	char log[LOG_BYTES] = "";
	int map = bpf_map_create(BPF_MAP_TYPE_XSKMAP, "weir_probe", sizeof(uint32_t),
				 sizeof(uint32_t), queues, NULL);
	if (map < 0)
		return diag_set(reterr, err_from_errno(-map), 0, 0,
				"no map of AF_XDP sockets: %s%s", strerror(-map),
				map == -EPERM ? " (it needs CAP_BPF and CAP_NET_ADMIN)" : "");
	enum err e = load(map, ret_program, log, sizeof(log));
	if (e) {
		close(map);
		return diag_set(reterr, e, 0, 0, "the kernel does not take the program: %s %.120s",
				err_text(e), log);
	}
	*ret_map = map;
	return ERR_OK;
}
