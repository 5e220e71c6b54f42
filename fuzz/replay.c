// SPDX-License-Identifier: Apache-2.0
//
// Runs a fuzz target over the files of folders, without libFuzzer: `make check` replays the corpus
// and what once crashed with it, built by gcc with ASan and UBSan.
//
// usage: fuzz_NAME FOLDER...              a folder that does not exist counts as empty
// Each input is run twice, so that state which survives a run shows; it lies at the end of its own
// heap block, so that one byte read too far shows too. The name of an input is printed before it is
// run: the last one printed is the one that crashed. No input at all is a failure.
#define _DEFAULT_SOURCE // scandir
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0) {
        perror(path);
        exit(2);
    }
    long n = ftell(f);
    rewind(f);
    uint8_t *p = malloc(n > 0 ? (size_t)n : 1);
    if (n < 0 || p == NULL || fread(p, 1, (size_t)n, f) != (size_t)n || fclose(f) != 0) {
        perror(path);
        exit(2);
    }
    (void)fprintf(stderr, "%s\n", path);
    for (int run = 0; run < 2; run++) {
        (void)LLVMFuzzerTestOneInput(p, (size_t)n);
    }
    free(p);
}

static int replay_folder(const char *folder)
{
    struct dirent **entries = NULL;
    int n = scandir(folder, &entries, NULL, alphasort);
    if (n < 0 && errno == ENOENT) {
        return 0;
    }
    if (n < 0) {
        perror(folder);
        exit(2);
    }
    int files = 0;
    for (int i = 0; i < n; i++) {
        char path[4096];
        if (entries[i]->d_name[0] != '.') {
            (void)snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
            replay_file(path);
            files++;
        }
        free(entries[i]);
    }
    free(entries);
    return files;
}

int main(int argc, char **argv)
{
    int files = 0;
    for (int i = 1; i < argc; i++) {
        files += replay_folder(argv[i]);
    }
    (void)printf("%s replay of %d inputs\n", files > 0 ? "PASS" : "FAIL", files);
    return files > 0 ? 0 : 1;
}
