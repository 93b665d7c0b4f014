/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a file of one of nfdump's layouts with all fields, for the scenario (nfdump reads it too)
 * and for the corpus of the fuzzer: nfmake LAYOUT PACKING OUT, as numbers of the format. */
#include "tests/import/nfbuild.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	struct buf records = {0}, file = {0};
	if (argc != 4)
		return 2;
	unsigned layout = (unsigned)strtoul(argv[1], NULL, 10);
	enum pack pack = (enum pack)strtoul(argv[2], NULL, 10);
	FILE *f = fopen(argv[3], "wbe");
	if (!f || layout < 1 || layout > 2 || pack >= PACK_MAX)
		return 2;
	nf_exporter(&records, 7);
	for (int ip6 = 0; ip6 < 2; ip6++) {
		if (layout == 1)
			nf1_full_record(&records, ip6);
		else
			nf_full_record(&records, ip6);
	}
	nf_file(&file, layout, pack, "edge-1", layout == 1 ? 5 : 3, &records);
	bool good = fwrite(file.p, 1, file.n, f) == file.n && fclose(f) == 0;
	buf_fini(&records);
	buf_fini(&file);
	return good ? 0 : 1;
}
