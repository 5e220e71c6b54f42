// SPDX-License-Identifier: Apache-2.0
// mime_trim() for scripts: reads the mails named on the command line, or one from standard input,
// and writes for each a line "<error name> <bytes>" and then that many bytes, the trimmed mail.
// With
// --time N every mail is trimmed N times and a line says what it took of the processor. Mails of up
// to 72 MiB.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codec/mime.h"
#include "limits.h"

#define MAIL_BYTES MIB(72)

static u8 mail[MAIL_BYTES];
static u8 out_bytes[MAIL_BYTES * 3];
static u8 scratch_bytes[MAIL_BYTES * 3 + MIME_SCRATCH_BYTES];

static isize read_all(FILE *f, u8 *to)
{
    isize n = 0;
    for (;;) {
        size_t got = fread(to + n, 1, (size_t)(MAIL_BYTES - n), f);
        if (!got) {
            return n;
        }
        n += (isize)got;
    }
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void trim(isize n, const char *name, long times)
{
    struct buf out = buf_over(out_bytes, sizeof out_bytes);
    err e = OK;
    double start = seconds();
    for (long i = 0; i < (times ? times : 1); i++) {
        struct arena scratch = arena_over(scratch_bytes, n * 3 + MIME_SCRATCH_BYTES);
        buf_reset(&out);
        e = mime_trim((str){mail, n}, &out, &scratch);
    }
    if (times) {
        double us = (seconds() - start) / (double)times * 1e6;
        printf("%s: %s, %td bytes in, %td out, %.1f us, %.0f MB/s\n", name, err_name(e), n, out.n,
               us, (double)n / us);
        return;
    }
    printf("%s %td\n", err_name(e), out.n);
    fwrite(out.p, 1, (size_t)out.n, stdout);
}

int main(int argc, char **argv)
{
    long times = 0;
    int at = 1;
    if (argc > 2 && !strcmp(argv[1], "--time")) {
        times = strtol(argv[2], NULL, 10);
        at = 3;
    }
    if (at == argc) {
        trim(read_all(stdin, mail), "-", times);
        return 0;
    }
    for (; at < argc; at++) {
        FILE *f = fopen(argv[at], "rb");
        if (!f) {
            perror(argv[at]);
            return 2;
        }
        isize n = read_all(f, mail);
        fclose(f);
        trim(n, argv[at], times);
    }
    return 0;
}
