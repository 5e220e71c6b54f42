// SPDX-License-Identifier: Apache-2.0
// sync/rules for scripts: reads lines of tab-separated JSON from standard input and writes one line
// for each:
//   decide FILTERING DOCUMENT    keep, drop, or the name of the error; then warnings behind a tab
//   validate FILTERING           for gmail; plain: for a source without advanced rules
//   text VALUE                   its text form, in hexadecimal
//   float "TEXT"                 repr(float(TEXT)), or `error`
//   time FILTERING BYTES         seconds for a document whose field f has so many characters `a`
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sync/rules_validate.h"
#include "sync/rules_walk.h"

static struct arena arena;
static struct plan plan = {.arena = &arena};
static struct rules rules;
static u8 out_bytes[MIB(4)];

static str next_field(char **line)
{
    char *field = strsep(line, "\t");
    return str_from(field);
}

static void put(str s)
{
    fwrite(s.p, 1, (size_t)s.n, stdout);
}

static void decide(char *line)
{
    struct buf out = buf_over(out_bytes, sizeof out_bytes);
    str filtering = next_field(&line), doc = next_field(&line);
    err e = rules_load(&rules, filtering, true, &out);
    if (!err_ok(e)) {
        printf("%s %.*s\n", err_name(e), (int)out.n, (char *)out.p);
        return;
    }
    struct rules_doc d = {.members = str_slice(doc, 1, doc.n - 1), .id = S("18f0c2")};
    enum rules_verdict verdict = rules_decide(&rules, &d);
    printf("%s", verdict == RULES_KEEP ? "keep" : verdict == RULES_DROP ? "drop" : "?");
    while (rules_take_warning(&rules, &out)) {
        buf_put(&out, S(" "));
    }
    printf("\t%.*s\n", (int)out.n, (char *)out.p);
}

static void validate(char *line, bool advanced)
{
    u8 memory[512];
    bool valid;
    struct buf out = buf_over(out_bytes, sizeof out_bytes), why = buf_over(memory, sizeof memory);
    err e = rules_validate(&rules, next_field(&line), advanced, &out, &valid, &why);
    put(err_ok(e) ? buf_str(&out) : str_from(err_name(e)));
    puts("");
}

static void text_form(char *line)
{
    struct rules_text t;
    str piece;
    rules_text_begin(&t, next_field(&line));
    while (rules_text_next(&t, &piece)) {
        for (isize i = 0; i < piece.n; i++) {
            printf("%02x", piece.p[i]); // a text may have line feeds
        }
    }
    puts("");
}

static void parse_float(char *line)
{
    double v;
    struct buf text = buf_over(out_bytes, sizeof out_bytes);
    str value = next_field(&line);
    (void)json_unescape(rules_walk_inside(value), &text);
    if (!number_parse_python(buf_str(&text), &v)) {
        puts("error");
        return;
    }
    buf_reset(&text);
    number_put_repr(&text, v);
    put(buf_str(&text));
    puts("");
}

static void measure(char *line)
{
    struct buf why = buf_over(out_bytes, sizeof out_bytes);
    str filtering = next_field(&line);
    long n = strtol(line, NULL, 10);
    char *doc = malloc((size_t)n + 16);
    memcpy(doc, "\"f\":\"", 5);
    memset(doc + 5, 'a', (size_t)n);
    doc[5 + n] = '"';
    err e = rules_load(&rules, filtering, true, &why);
    struct rules_doc d = {.members = str_make(doc, n + 6)};
    struct timespec from, to;
    double longest = 0, total = 0;
    rules_begin(&rules, &d);
    enum rules_verdict verdict;
    do {
        clock_gettime(CLOCK_MONOTONIC, &from);
        verdict = rules_step(&rules, MIB(1));
        clock_gettime(CLOCK_MONOTONIC, &to);
        double took = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
        total += took;
        longest = took > longest ? took : longest;
    } while (verdict == RULES_MORE);
    printf("%s %s: %.3f s, longest step %.4f s\n", err_name(e),
           verdict == RULES_KEEP ? "keep" : "drop", total, longest);
    free(doc);
}

int main(void)
{
    static u8 memory[MIB(1)];
    char *line = NULL;
    size_t cap = 0;
    arena = arena_over(memory, sizeof memory);
    rules_init(&rules, &plan);
    while (getline(&line, &cap, stdin) > 0) {
        line[strcspn(line, "\n")] = 0;
        char *left = line, *command = strsep(&left, "\t");
        if (!strcmp(command, "decide")) {
            decide(left);
        } else if (!strcmp(command, "validate") || !strcmp(command, "plain")) {
            validate(left, command[0] == 'v');
        } else if (!strcmp(command, "text")) {
            text_form(left);
        } else if (!strcmp(command, "float")) {
            parse_float(left);
        } else if (!strcmp(command, "time")) {
            measure(left);
        } else {
            return 2;
        }
    }
    free(line);
    return 0;
}
