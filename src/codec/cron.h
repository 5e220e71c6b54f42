// SPDX-License-Identifier: Apache-2.0
// Quartz expressions (spec/elastic-protocol.md 8.4): `sec min hour dom month dow [year]`, UTC.
//
// Each field: `*`, `a`, `a-b` (wraps when b < a, but for years), each with `/step`, `a/step` (to
// the end), lists; names JAN-DEC and SUN-SAT in any case; `?` in dom and dow is `*`. dom: `L`,
// `L-3`, `LW`, `L-3W`, `15W` (nearest weekday within the month). dow: 1 = Sunday to 7, `L` (7),
// `6L` or `FRIL` (last Friday), `6#3` (third). These may stand in lists too. A day has to satisfy
// dom and dow. Years 1970 to 2099. Fields are separated by blanks, as many as one likes.
//
// Owns nothing. Bounds: an expression of CRON_TEXT_BYTES; a search looks at 1,560 months. A day
// that a month does not have (31W in April, L-30 in February) is left out in that month.
#ifndef CODEC_CRON_H
#define CODEC_CRON_H

#include "base/buf.h"

enum { CRON_YEAR_FIRST = 1970, CRON_YEAR_LAST = 2099 };

// Sets are bit masks; bit n is value n.
struct cron {
    u64 seconds, minutes;
    u32 hours, months;
    u32 days;          // 1..31
    u32 weekdays_near; // 15W: bit 15
    u32 last_days;     // L-3: bit 3; L: bit 0
    u32 last_weekdays; // L-3W: bit 3; LW: bit 0
    u8 days_of_week;   // bit 0 = Sunday
    u8 last_of_week;   // 6L: bit 5
    u8 nth_of_week[6]; // 6#3: bit 5 of [3]
    u64 years[3];      // bit 0 = 1970
};

// CRON_SYNTAX, with the field and what is wrong with it in `detail` (which may be full or short).
err cron_parse(str text, struct cron *out, struct buf *detail);

// The first occurrence strictly after a moment, both in seconds since the epoch. False: there is
// none any more.
bool cron_next(const struct cron *c, i64 after_unix_s, i64 *next_unix_s);

#endif
