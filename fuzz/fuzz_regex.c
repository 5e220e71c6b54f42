// SPDX-License-Identifier: Apache-2.0
// Aimed at regex_compile(), regex_begin(), regex_feed(), regex_end(). Input: a pattern, a line
// feed, a text. Refusals have words and leave the memory alone; a text matches whole as byte by
// byte; the steps stay within what a linear engine may need; a program is the same when compiled
// again.
#include <string.h>

#include "codec/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct regex_inst code[REGEX_PROGRAM_MAX], again[REGEX_PROGRAM_MAX];
static struct regex_range ranges[256];
static struct regex_scratch scratch;

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    u8 words[256];
    bool found;
    str pattern, text = str_cut((str){p, (isize)n}, '\n', &pattern, &found);
    struct buf detail = buf_over(words, sizeof words);
    struct regex_memory m = {code, ranges, REGEX_PROGRAM_MAX, COUNT(ranges)};
    struct regex re, same;
    if (!err_ok(regex_compile(&re, pattern, &m, &detail))) {
        ASSERT(detail.n > 0 && m.code == code && m.ranges == ranges);
        return 0;
    }
    ASSERT(m.code == code + re.code_count && m.ranges == ranges + re.range_count);
    m = (struct regex_memory){again, ranges, REGEX_PROGRAM_MAX, COUNT(ranges)};
    ASSERT(err_ok(regex_compile(&same, pattern, &m, &detail)) && detail.n == 0);
    ASSERT(same.code_count == re.code_count);
    ASSERT(!memcmp(code, again, (size_t)re.code_count * sizeof *code));

    struct regex_run run;
    regex_begin(&run, &re, &scratch);
    (void)regex_feed(&run, text);
    bool whole = regex_end(&run);
    ASSERT(run.steps <= ((i64)text.n + 1) * re.code_count);
    i64 steps = run.steps;
    regex_begin(&run, &re, &scratch);
    for (isize i = 0; i < text.n; i++) {
        (void)regex_feed(&run, str_slice(text, i, i + 1));
    }
    ASSERT(regex_end(&run) == whole && run.steps == steps);
    return 0;
}
