// SPDX-License-Identifier: Apache-2.0
// Aimed at cron_parse() and cron_next(). Input: an expression, a line feed, a moment in decimal.
// What is accepted agrees with the slow reference over eight years from the moment; two
// occurrences in a row are in order; what is refused says why.
#include "codec/cron.h"
#include "../tests/unit/cron_oracle.h"
#include "limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    u8 memory[4096];
    bool found;
    str text, rest = str_cut((str){p, (isize)n}, '\n', &text, &found);
    u64 after = 1787246336;
    if (found && (!str_to_u64(rest, &after) || after > 4200000000U)) {
        return 0;
    }
    struct buf detail = buf_over(memory, sizeof memory);
    struct cron c;
    if (!err_ok(cron_parse(text, &c, &detail))) {
        ASSERT(detail.n > 0);
        return 0;
    }
    ASSERT(detail.n == 0 && text.n <= CRON_TEXT_BYTES);
    const int days = 8 * 366;
    i64 next = -1, second = -1;
    bool some = cron_next(&c, (i64)after, &next);
    i64 want = oracle_next(text, (i64)after, days);
    if (want >= 0) {
        ASSERT(some && next == want);
    } else {
        ASSERT(!some || next / 86400 > (i64)after / 86400 + days);
    }
    if (some) {
        ASSERT(next > (i64)after && (!cron_next(&c, next, &second) || second > next));
        ASSERT(cron_next(&c, next - 1, &second) && second == next);
    }
    return 0;
}
