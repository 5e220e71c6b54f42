// SPDX-License-Identifier: Apache-2.0
// cron_next() for scripts: reads lines `SECONDS EXPRESSION` from standard input and writes one line
// for each: the next occurrence in seconds, `never`, or `error: ` and the words.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/cron.h"

int main(void)
{
    char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        char *text;
        i64 after = strtoll(line, &text, 10), next;
        u8 memory[4096];
        struct buf detail = buf_over(memory, sizeof memory);
        struct cron c;
        if (!err_ok(cron_parse(str_from(text), &c, &detail))) {
            printf("error: %.*s\n", (int)detail.n, (char *)memory);
        } else if (cron_next(&c, after, &next)) {
            printf("%lld\n", (long long)next);
        } else {
            puts("never");
        }
    }
    return 0;
}
