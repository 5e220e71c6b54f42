// SPDX-License-Identifier: Apache-2.0
// Aimed at date_parse_iso(), date_parse_http(), date_from_unix(), date_to_unix(),
// date_put_iso_us(), date_put_iso_ms(). What was read is a valid date that is written and read
// again as the same.
#include "base/date.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check_time(i64 unix_us, bool exact)
{
    u8 memory[64];
    struct buf b = buf_over(memory, sizeof memory);
    date_put_iso_us(&b, unix_us);
    i64 back;
    ASSERT(!b.full && (b.n == 25 || b.n == 32));
    ASSERT(date_parse_iso(buf_str(&b), &back) && (!exact || back == unix_us));
    buf_reset(&b);
    date_put_iso_ms(&b, unix_us);
    ASSERT(b.n == 24 && date_parse_iso(buf_str(&b), &back));
    ASSERT(!exact || (back <= unix_us && unix_us - back < 1000));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    str in = {p, (isize)n};
    i64 value;
    if (date_parse_iso(in, &value)) {
        check_time(value, true);
    }
    if (date_parse_http(in, &value)) {
        ASSERT(date_to_unix(date_from_unix(value)) == value);
        check_time(value * 1000000, true);
    }
    if (n >= sizeof value) {
        memcpy(&value, p, sizeof value);
        struct date d = date_from_unix(value);
        ASSERT(date_is_valid(d) && d.weekday >= 0 && d.weekday <= 6);
        check_time(value, false);
    }
    return 0;
}
