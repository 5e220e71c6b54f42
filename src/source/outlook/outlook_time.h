// SPDX-License-Identifier: Apache-2.0
// Times of Exchange as documents print them (spec/documents.md 2 and 4), always true UTC.
#ifndef SOURCE_OUTLOOK_OUTLOOK_TIME_H
#define SOURCE_OUTLOOK_OUTLOOK_TIME_H

#include "base/buf.h"

enum { OUTLOOK_TIME_BYTES = 24 }; // either form, in quotes

// Each appends a JSON value, null when the text is no time. A time without a zone is UTC.
void outlook_put_time(struct buf *json, str text); // "2024-07-01T10:11:12Z", fractions cut
// "2024-07-01": as written when the text has an offset in numbers or no zone, else that of UTC.
void outlook_put_date(struct buf *json, str text);

#endif
