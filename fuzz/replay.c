/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target without a fuzzer: every file of the folders named, every prefix of each, and a
 * fixed sequence of damaged copies. Each input is an allocation of its exact size, so that the
 * sanitizers see a read past the end. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 20, PREFIXES_MAX = 2048, DAMAGED = 256 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(const uint8_t *p, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);
	if (!exact)
		abort();
	if (n)
		memcpy(exact, p, n);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
}

static uint64_t next_random(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

static void run_all(const uint8_t *p, size_t n)
{
	size_t step = n / PREFIXES_MAX + 1;
	for (size_t i = 0; i < n; i += step)
		run(p, i);
	run(p, n);
	uint64_t seed = 0x9e3779b97f4a7c15u + n;
	uint8_t *copy = malloc(n ? n : 1);
	if (!copy)
		abort();
	for (int i = 0; i < DAMAGED && n; i++) {
		memcpy(copy, p, n);
		for (uint64_t k = next_random(&seed) % 4 + 1; k > 0; k--)
			copy[next_random(&seed) % n] = (uint8_t)next_random(&seed);
		run(copy, n);
	}
	free(copy);
}

static int replay_file(const char *path)
{
	uint8_t *p = malloc(FILE_MAX);
	FILE *f = fopen(path, "rb");
	if (!f || !p) {
		perror(path);
		free(p);
		return 1;
	}
	size_t n = fread(p, 1, FILE_MAX, f);
	fclose(f);
	run_all(p, n);
	free(p);
	return 0;
}

int main(int argc, char **argv)
{
	int files = 0, bad = 0;
	for (int i = 1; i < argc; i++) {
		DIR *d = opendir(argv[i]);
		if (!d) {
			perror(argv[i]);
			return 1;
		}
		for (const struct dirent *e; (e = readdir(d));) {
			char path[4096];
			if (e->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s", argv[i], e->d_name);
			bad += replay_file(path);
			files++;
		}
		closedir(d);
	}
	printf("%d files\n", files);
	return bad || files == 0;
}
