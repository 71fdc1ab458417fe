/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.c - run a fuzz target over saved inputs with any compiler
 *
 * Each argument is a file or a folder of files.  The empty input always runs.
 * One line `ok - FILE` for each that the target survived.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The copy has the exact size, so that ASan sees a read past its edge. */
static int replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *buf = malloc(INPUT_MAX);
	uint8_t *exact = NULL;
	int failed = -1;

	if (f && buf) {
		size_t n = fread(buf, 1, INPUT_MAX, f);

		exact = malloc(n ? n : 1);
		if (exact) {
			memcpy(exact, buf, n);
			LLVMFuzzerTestOneInput(exact, n);
			printf("ok - %s\n", path);
			failed = 0;
		}
	}
	if (failed)
		printf("not ok - %s: cannot be read\n", path);
	fflush(stdout);
	free(exact);
	free(buf);
	if (f)
		fclose(f);
	return failed;
}

static int replay_folder(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	int failed = 0;

	if (!dir)
		return -1;
	while ((e = readdir(dir))) {
		char file[4096];

		if (e->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
		if (replay_file(file))
			failed = -1;
	}
	closedir(dir);
	return failed;
}

int main(int argc, char **argv)
{
	static const uint8_t nothing[1];
	int failed = 0;

	LLVMFuzzerTestOneInput(nothing, 0);
	puts("ok - the empty input");
	for (int i = 1; i < argc; i++) {
		struct stat st;

		if (!stat(argv[i], &st) && S_ISDIR(st.st_mode))
			failed |= replay_folder(argv[i]);
		else
			failed |= replay_file(argv[i]);
	}
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
