/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/pcap_file.h"

#include "base/rd.h"

enum { FILE_HEADER = 24, NS_PER_S = 1000000000 };

static const struct magic {
	uint32_t magic;
	uint32_t tick_ns;
	uint8_t record;
} magics[] = {
    {0xa1b2c3d4, 1000, 16},
    {0xa1b23c4d, 1, 16},
    {0xa1b2cd34, 1000, 24}, /* with the interface's number, protocol and kind behind */
};

static const struct magic *magic_of(uint32_t v)
{
	for (size_t i = 0; i < ARRAY_LEN(magics); i++)
		if (magics[i].magic == v)
			return &magics[i];
	return NULL;
}

static uint32_t word(const struct pcap_file *f, const uint8_t *p)
{
	uint32_t v = load_be32(p);
	return f->little ? __builtin_bswap32(v) : v;
}

bool pcap_file_is(const uint8_t *p)
{
	uint32_t v = load_be32(p);
	return magic_of(v) || magic_of(__builtin_bswap32(v));
}

enum err pcap_file_begin(struct pcap_file *f, struct window *w, struct diag *reterr)
{
	enum { VERSION_MAJOR = 2, LINKTYPE_MASK = 0xffff };
	const uint8_t *p = window_at(w);
	if (window_left(w) < FILE_HEADER)
		return diag_set(reterr, ERR_MALFORMED, 0, 0, "the file ends within its header");
	f->little = !magic_of(load_be32(p));
	const struct magic *m = magic_of(word(f, p));
	uint32_t version = word(f, p + 4) >> (f->little ? 0 : 16) & 0xffff;
	if (version != VERSION_MAJOR)
		return diag_set(reterr, ERR_VERSION, 0, 0, "pcap of version %u is not read",
				version);
	f->tick_ns = m->tick_ns;
	f->record = m->record;
	/* The upper bits say how long a check sum is behind each frame. */
	f->link = (enum link_type)(word(f, p + 20) & LINKTYPE_MASK);
	window_pass(w, FILE_HEADER);
	return ERR_OK;
}

enum err pcap_file_next(struct pcap_file *f, struct window *w, struct frame *ret,
			struct diag *reterr)
{
	const uint8_t *p = window_at(w);
	if (window_left(w) < f->record)
		return ERR_SHORT;
	uint32_t n = word(f, p + 8), wire = word(f, p + 12);
	if (n > WINDOW_FRAME)
		return diag_set(reterr, ERR_MALFORMED, 0, 0, "a packet longer than %d bytes",
				WINDOW_FRAME);
	if (window_left(w) - f->record < n)
		return ERR_SHORT;
	*ret = (struct frame){.p = p + f->record,
			      .n = n,
			      .wire_n = wire < n ? n : wire,
			      .t_ns = (int64_t)word(f, p) * NS_PER_S +
				      (int64_t)word(f, p + 4) * f->tick_ns,
			      .link = f->link};
	w->at += f->record + n;
	return ERR_OK;
}
