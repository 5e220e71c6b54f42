// SPDX-License-Identifier: Apache-2.0
// html_text_*() for scripts: reads bodies from standard input, each a line "<bytes>" and then that
// many bytes, and writes their texts the same way. With --cut N bodies are given N bytes at a time.
// With --time N FILE... each file is converted N times and a line says what it took of the
// processor. Bodies of up to 64 MiB.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codec/html.h"

#define BODY_BYTES MIB(64)

static u8 body[BODY_BYTES];
static u8 text[BODY_BYTES * 3];

static isize convert(isize n, isize cut)
{
    static struct html_text h;
    str piece;
    isize out = 0;
    html_text_init(&h);
    for (isize at = 0; at < n; at += cut) {
        str chunk = {body + at, n - at < cut ? n - at : cut};
        while (html_text_next(&h, &chunk, &piece)) {
            memcpy(text + out, piece.p, (size_t)piece.n);
            out += piece.n;
        }
    }
    while (html_text_finish(&h, &piece)) {
        memcpy(text + out, piece.p, (size_t)piece.n);
        out += piece.n;
    }
    return out;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int measure(char **files, long times)
{
    for (; *files; files++) {
        FILE *f = fopen(*files, "rb");
        if (!f) {
            perror(*files);
            return 2;
        }
        isize n = (isize)fread(body, 1, BODY_BYTES, f);
        fclose(f);
        isize out = 0;
        double start = seconds();
        for (long i = 0; i < times; i++) {
            out = convert(n, KIB(16));
        }
        double us = (seconds() - start) / (double)times * 1e6;
        printf("%s: %td bytes in, %td out, %.1f us, %.0f MB/s\n", *files, n, out, us,
               (double)n / us);
    }
    return 0;
}

int main(int argc, char **argv)
{
    isize cut = BODY_BYTES;
    if (argc > 3 && !strcmp(argv[1], "--time")) {
        return measure(argv + 3, strtol(argv[2], NULL, 10));
    }
    if (argc == 3 && !strcmp(argv[1], "--cut")) {
        cut = strtol(argv[2], NULL, 10);
    }
    long n;
    while (scanf("%ld", &n) == 1 && getchar() == '\n') {
        if (n < 0 || n > BODY_BYTES || cut < 1 || fread(body, 1, (size_t)n, stdin) != (size_t)n) {
            return 2;
        }
        isize out = convert(n, cut);
        printf("%td\n", out);
        fwrite(text, 1, (size_t)out, stdout);
    }
    return 0;
}
