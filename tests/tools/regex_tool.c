// SPDX-License-Identifier: Apache-2.0
// codec/regex for scripts: reads lines `PATTERN TEXT...` from standard input, each in hexadecimal
// with an `x` before it, and writes one line for each: the name of the error and its words, or one
// digit a text, 1 for a match. A line `cases` asks for all characters that have other cases, a line
// `classes` for what each character is.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/regex.h"

static struct regex_inst code[REGEX_PROGRAM_MAX];
static struct regex_range ranges[REGEX_PROGRAM_MAX];
static struct regex_scratch scratch;

static str from_hex(char *word)
{
    isize n = (isize)strlen(word + 1) / 2;
    for (isize i = 0; i < n; i++) {
        char two[3] = {word[1 + 2 * i], word[2 + 2 * i], 0};
        word[i] = (char)strtol(two, NULL, 16);
    }
    return str_make(word, n);
}

static void put_cases(void)
{
    for (u32 c = 0; c < 0x110000; c++) {
        u32 to[REGEX_CASES_MAX];
        int n = regex_cases(c, to);
        for (int i = 0; i < n && n > 1; i++) {
            printf("%x%c", to[i], i + 1 < n ? ',' : ' ');
        }
    }
    puts("");
}

static void put_classes(void)
{
    for (u32 c = 0; c < 0x110000; c++) {
        int digit = regex_digit_value(c);
        putchar('@' + regex_is_word(c) + 2 * regex_is_space(c) + 4 * regex_is_printable(c) +
                8 * (digit >= 0));
        putchar(digit >= 0 ? '0' + digit : '-');
    }
    puts("");
}

int main(void)
{
    char *line = NULL;
    size_t cap = 0;
    while (getline(&line, &cap, stdin) > 0) {
        line[strcspn(line, "\n")] = 0;
        char *word = strtok(line, " ");
        if (!strcmp(word, "cases")) {
            put_cases();
            continue;
        }
        if (!strcmp(word, "classes")) {
            put_classes();
            continue;
        }
        u8 memory[256];
        struct buf detail = buf_over(memory, sizeof memory);
        struct regex_memory m = {code, ranges, REGEX_PROGRAM_MAX, REGEX_PROGRAM_MAX};
        struct regex re;
        err e = regex_compile(&re, from_hex(word), &m, &detail);
        if (!err_ok(e)) {
            printf("%s %.*s\n", err_name(e), (int)detail.n, (char *)memory);
            continue;
        }
        while ((word = strtok(NULL, " "))) {
            putchar(regex_match(&re, from_hex(word), &scratch) ? '1' : '0');
        }
        puts("");
    }
    free(line);
    return 0;
}
