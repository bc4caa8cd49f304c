/* SPDX-License-Identifier: MIT */
/*
 * replay DIRECTORY: feeds each file of a corpus to the fuzz target it is
 * linked with, whole and cut short at every length, and reports one TAP line
 * per file. Where libFuzzer is not at hand this keeps its findings as tests.
 *
 * Each input is a heap block of its exact size: a read past it is then seen by
 * the address sanitizer.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longer inputs are cut only at this many places, so that replay stays short */
enum {
	PREFIXES_MAX = 4096,
	INPUT_MAX = 1 << 20
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
run_one(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	(void)LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void
run_prefixes(const uint8_t *data, size_t size)
{
	for (size_t len = 0; len < size && len < PREFIXES_MAX; len++)
		run_one(data, len);
	run_one(data, size);
}

static int
replay_file(const char *path)
{
	static uint8_t data[INPUT_MAX];
	FILE *file = fopen(path, "rb");
	size_t size;

	if (!file)
		return -1;
	size = fread(data, 1, sizeof(data), file);
	(void)fclose(file); /* only read from */
	run_prefixes(data, size);
	return 0;
}

static int
replay_corpus(const char *path)
{
	struct dirent **names;
	int count = scandir(path, &names, NULL, alphasort);
	int number = 0, failed = 0;

	if (count < 0) {
		printf("1..0 # SKIP no corpus at %s\n", path);
		return 0;
	}
	for (int i = 0; i < count; i++) {
		char file[4096];

		if (names[i]->d_name[0] != '.') {
			snprintf(file, sizeof(file), "%s/%s", path,
				names[i]->d_name);
			int bad = replay_file(file) < 0;

			failed += bad;
			printf("%sok %d - %s\n", bad ? "not " : "", ++number,
				names[i]->d_name);
		}
		free(names[i]);
	}
	free(names);
	printf("1..%d\n", number);
	return failed != 0;
}

int
main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return 2;
	}
	return replay_corpus(argv[1]);
}
