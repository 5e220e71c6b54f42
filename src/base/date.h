// SPDX-License-Identifier: Apache-2.0
// Dates without libc (its calendar functions allocate and know time zones): civil date <-> seconds
// since 1970-01-01T00:00:00Z, and the formats that go over the wire. Proleptic Gregorian calendar,
// no leap seconds, years 1 to 9999.
#ifndef BASE_DATE_H
#define BASE_DATE_H

#include "base/buf.h"

struct date {
    i64 year;
    int month, day;           // 1..12, 1..31
    int hour, minute, second; // 0..23, 0..59, 0..59
    int weekday;              // 0 = Sunday; written by date_from_unix(), not read by date_to_unix()
};

i64 date_to_unix(struct date d);
struct date date_from_unix(i64 unix_s);
bool date_is_valid(struct date d);  // field ranges, month lengths, leap years
int date_month_from_name(str name); // "Jan" in any case: 1; 0 when it is none

// RFC 3339 / ISO 8601 as servers write it: date, 'T' or blank, time, optional fraction of 1-9
// digits, `Z`, an offset, or nothing (then UTC). Result in microseconds since the epoch.
bool date_parse_iso(str s, i64 *unix_us);

// The three forms of an HTTP date (RFC 9110, section 5.6.7). Seconds since the epoch.
bool date_parse_http(str s, i64 *unix_s);

// 2026-08-20T10:11:12.345678+00:00 (no fraction when 0), and 2026-08-20T10:11:12.345Z.
void date_put_iso_us(struct buf *b, i64 unix_us);
void date_put_iso_ms(struct buf *b, i64 unix_us);

#endif
