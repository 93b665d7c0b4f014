/* SPDX-License-Identifier: Apache-2.0 */
/* SMB 1 to 3 and DCE/RPC: messages laid out by hand from MS-SMB2 2.2, MS-CIFS 2.2 and C706 12. */
#include "cases.h"

enum { MESSAGES = 16, ROOM = 512 };
struct built {
	uint8_t bytes[MESSAGES][ROOM];
	struct message m[MESSAGES];
	size_t n;
};

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v & 0xffff);
	put16(p + 2, v >> 16);
}

static size_t utf16(uint8_t *p, const char *text)
{
	size_t n = strlen(text);
	for (size_t i = 0; i < n; i++)
		put16(p + 2 * i, (uint8_t)text[i]);
	return 2 * n;
}

/* Adds a message of n bytes behind its session header; returns where they go. */
static uint8_t *add(struct built *b, int from, size_t n)
{
	uint8_t *p = b->bytes[b->n];
	memset(p, 0, ROOM);
	assert_true(n + 4 <= ROOM && b->n < MESSAGES);
	p[2] = (uint8_t)(n >> 8);
	p[3] = (uint8_t)n;
	b->m[b->n++] = (struct message){from, p, n + 4, 1000};
	return p + 4;
}

static uint8_t *smb2(struct built *b, int from, unsigned command, uint32_t id, uint32_t status,
		     size_t body)
{
	uint8_t *p = add(b, from, 64 + body);
	memcpy(p, "\xfeSMB", 4);
	put16(p + 4, 64);
	put32(p + 8, status);
	put16(p + 12, command);
	put32(p + 16, from == FROM_SERVER);
	put32(p + 24, id);
	return p + 64;
}

static uint8_t *smb2_tree(struct built *b, uint32_t id, const char *path)
{
	uint8_t *p = smb2(b, FROM_CLIENT, 3, id, 0, 8 + 2 * strlen(path));
	put16(p, 9);
	put16(p + 4, 72);
	put16(p + 6, (unsigned)utf16(p + 8, path));
	smb2(b, FROM_SERVER, 3, id, 0, 16);
	return p;
}

static void smb2_create(struct built *b, uint32_t id, const char *name, uint32_t options,
			uint32_t status, uint32_t attributes)
{
	uint8_t *p = smb2(b, FROM_CLIENT, 5, id, 0, 56 + 2 * strlen(name));
	put16(p, 57);
	put32(p + 40, options);
	put16(p + 44, 120);
	put16(p + 46, (unsigned)utf16(p + 56, name));
	p = smb2(b, FROM_SERVER, 5, id, status, 88);
	put16(p, 89);
	put32(p + 4, 1); /* opened */
	put32(p + 56, attributes);
}

static void files(void **state)
{
	(void)state;
	static struct built b;
	b.n = 0;
	uint8_t *p = smb2(&b, FROM_CLIENT, 0, 1, 0, 36);
	p = smb2(&b, FROM_SERVER, 0, 1, 0, 64);
	put16(p, 65);
	put16(p + 4, 0x0302);
	smb2_tree(&b, 2, "\\\\srv\\IPC$");
	smb2_tree(&b, 3, "\\\\srv\\data");
	smb2_create(&b, 4, "dir", 1, 0, 0x10);
	smb2_create(&b, 5, "dir\\a.txt", 0x40, 0, 0x20);
	p = smb2(&b, FROM_CLIENT, 17, 6, 0, 33); /* delete it */
	put16(p, 33);
	p[2] = 1;
	p[3] = 13;
	put32(p + 4, 1);
	put16(p + 8, 96);
	p[32] = 1;
	smb2(&b, FROM_SERVER, 17, 6, 0xc0000022, 8);
	const struct conversation c = {
	    .proto = 6, .client_port = 50001, .server_port = 4450, .m = b.m, .n = b.n};
	/* commands 0, 3, 5, 17; opened 1 and deleted 8 */
	EXPECT(&c, {"app_name", "\"smb\""}, {"smb_dialect", "770"}, {"smb_command", "131113"},
	       {"smb_tree", "\"\\\\\\\\srv\\\\data\""}, {"smb_file", "\"dir\\\\a.txt\""},
	       {"smb_file_type", "1"}, {"smb_op", "9"}, {"smb_status", "3221225506"},
	       {"app_requests", "6"}, {"app_errors", "1"}, {"app_rt_us", "1000"},
	       {"smb_flags", NULL});
	torture(&c);
}

static void encrypted(void **state)
{
	(void)state;
	static struct built b;
	b.n = 0;
	uint8_t *p = smb2(&b, FROM_CLIENT, 0, 1, 0, 36);
	p = smb2(&b, FROM_SERVER, 0, 1, 0, 64);
	put16(p + 4, 0x0311);
	memcpy(add(&b, FROM_CLIENT, 80), "\xfdSMB", 4);
	memcpy(add(&b, FROM_SERVER, 80), "\xfdSMB", 4);
	const struct conversation c = TCP_TALK(445, b.m);
	struct conversation used = c;
	used.n = b.n;
	EXPECT(&used, {"smb_flags", "2"}, {"smb_dialect", "785"}, {"smb_status", "0"});
	torture(&used);
}

/* An NTLMSSP AUTHENTICATE in a session set-up: names at 88, 92 and 102 of the message's 72 + n. */
static void login(void **state)
{
	(void)state;
	static struct built b;
	b.n = 0;
	uint8_t *p = smb2(&b, FROM_CLIENT, 1, 1, 0, 24 + 96);
	put16(p, 25);
	put16(p + 12, 88);
	put16(p + 14, 96);
	uint8_t *ntlm = p + 24;
	memcpy(ntlm, "NTLMSSP", 8);
	put32(ntlm + 8, 3);
	put32(ntlm + 60, 1);
	put16(ntlm + 28, (unsigned)utf16(ntlm + 64, "AD"));
	put32(ntlm + 32, 64);
	put16(ntlm + 36, (unsigned)utf16(ntlm + 68, "eve"));
	put32(ntlm + 40, 68);
	put16(ntlm + 44, (unsigned)utf16(ntlm + 74, "PC7"));
	put32(ntlm + 48, 74);
	smb2(&b, FROM_SERVER, 1, 1, 0xc000006d, 8);
	struct conversation c = TCP_TALK(445, b.m);
	c.n = b.n;
	EXPECT(&c, {"user_name", "\"AD\\\\eve\""}, {"app_client", "\"PC7\""},
	       {"smb_status", "3221225581"}, {"app_errors", "1"});
	torture(&c);
}

static uint8_t *smb1(struct built *b, int from, uint8_t command, unsigned words, size_t bytes)
{
	uint8_t *p = add(b, from, 32 + 1 + 2 * words + 2 + bytes);
	memcpy(p, "\xffSMB", 4);
	p[4] = command;
	p[9] = from == FROM_SERVER ? 0x88 : 0x08;
	put16(p + 10, 0xc001);
	put16(p + 30, (unsigned)(b->n - 1) & 0xfffe); /* the same id for a request and its answer */
	p[32] = (uint8_t)words;
	put16(p + 33 + 2 * words, (unsigned)bytes);
	return p + 33;
}

static void old_smb(void **state)
{
	(void)state;
	static struct built b;
	b.n = 0;
	uint8_t *p = smb1(&b, FROM_CLIENT, 0x72, 0, 12);
	memcpy(p + 2, "\2NT LM 0.12", 12);

	p = smb1(&b, FROM_SERVER, 0x72, 17, 0);
	p = smb1(&b, FROM_CLIENT, 0x75, 4, 1 + 2 * 9 + 2 + 6);
	p[0] = 0xff;
	put16(p + 6, 1); /* a password of one byte */
	/* the bytes begin at 33 + 8 + 2 = 43, the path at 44 */
	utf16(p + 11, "\\\\s\\share");
	p = smb1(&b, FROM_SERVER, 0x75, 3, 0);
	p[0] = 0xff;
	p = smb1(&b, FROM_CLIENT, 0xa2, 24, 1 + 2 * 5 + 2);
	p[0] = 0xff;
	put32(p + 39, 0x40);
	/* 33 + 48 + 2 = 83, the name at 84 */
	utf16(p + 51, "a.txt");
	p = smb1(&b, FROM_SERVER, 0xa2, 34, 0);
	p[0] = 0xff;
	put32(p + 7, 2); /* created */
	struct conversation c = TCP_TALK(445, b.m);
	c.n = b.n;
	/* commands 0, 3, 5 */
	EXPECT(&c, {"app_name", "\"smb\""}, {"smb_dialect", "1"}, {"smb_command", "41"},
	       {"smb_tree", "\"\\\\\\\\s\\\\share\""}, {"smb_file", "\"a.txt\""},
	       {"smb_file_type", "1"}, {"smb_op", "2"}, {"smb_status", "0"}, {"app_requests", "3"});
	torture(&c);
}

static const uint8_t bind_pdu[] = {
    5,    0,    11,   3,    0x10, 0,    0,    0,    72,   0,    0,    0,    1,    0,    0,
    0,    0xb8, 0x10, 0xb8, 0x10, 0,    0,    0,    0,    1,    0,    0,    0,    0,    0,
    1,    0,    0x08, 0x83, 0xaf, 0xe1, 0x1f, 0x5d, 0xc9, 0x11, 0x91, 0xa4, 0x08, 0x00, 0x2b,
    0x14, 0xa0, 0xfa, 3,    0,    0,    0,    0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11,
    0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60, 2,    0,    0,    0};

/* The same in a pipe: IPC$, a file of it, what is written into it. */
static void in_pipe(void **state)
{
	(void)state;
	static struct built b;
	b.n = 0;
	smb2_tree(&b, 1, "\\\\srv\\IPC$");
	smb2_create(&b, 2, "epmapper", 0, 0, 0x80);
	uint8_t *p = smb2(&b, FROM_CLIENT, 9, 3, 0, 48 + sizeof(bind_pdu));
	put16(p, 49);
	put16(p + 2, 112);
	put32(p + 4, sizeof(bind_pdu));
	memcpy(p + 48, bind_pdu, sizeof(bind_pdu));
	smb2(&b, FROM_SERVER, 9, 3, 0, 16);
	struct conversation c = TCP_TALK(445, b.m);
	c.n = b.n;
	/* opened 1, written 64; three requests of SMB, and the bind, which has no answer */
	EXPECT(&c, {"smb_tree", "\"\\\\\\\\srv\\\\IPC$\""}, {"smb_file", "\"epmapper\""},
	       {"smb_file_type", "3"}, {"smb_op", "65"}, {"dcerpc_interface", "\"epmapper\""},
	       {"app_requests", "4"}, {"app_answers", "3"});
	torture(&c);
}

/* Bind to the endpoint mapper, a request with operation 3, its answer. */
static void dcerpc(void **state)
{
	(void)state;
	static const uint8_t ack[] = {5, 0, 12, 3, 0x10, 0,    0,    0,    24, 0, 0, 0,
				      1, 0, 0,  0, 0xb8, 0x10, 0xb8, 0x10, 0,  0, 0, 0};
	static const uint8_t request[] = {5, 0, 0, 3, 0x10, 0, 0, 0, 28, 0, 0, 0, 2, 0,
					  0, 0, 4, 0, 0,    0, 0, 0, 3,  0, 1, 2, 3, 4};
	static const uint8_t fault[] = {5, 0, 3, 3, 0x10, 0, 0, 0, 32, 0, 0, 0, 2, 0, 0, 0,
					0, 0, 0, 0, 0,    0, 0, 0, 5,  0, 0, 0, 0, 0, 0, 0};
	static const struct message m[] = {{FROM_CLIENT, bind_pdu, sizeof(bind_pdu), 0},
					   {FROM_SERVER, ack, sizeof(ack), 0},
					   {FROM_CLIENT, request, sizeof(request), 0},
					   {FROM_SERVER, fault, sizeof(fault), 2500}};
	const struct conversation c = TCP_TALK(49155, m);
	EXPECT(&c, {"app_name", "\"dcerpc\""}, {"dcerpc_interface", "\"epmapper\""},
	       {"dcerpc_opnum", "3"}, {"app_requests", "2"}, {"app_errors", "1"},
	       {"app_rt_us", "1000"}, {"app_rt_max_us", "2500"});
	torture(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(files),   cmocka_unit_test(encrypted), cmocka_unit_test(login),
	    cmocka_unit_test(old_smb), cmocka_unit_test(dcerpc),    cmocka_unit_test(in_pipe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
