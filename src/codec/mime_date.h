// SPDX-License-Identifier: Apache-2.0
// The Date of a mail (RFC 5322, section 3.3, with the obsolete forms and the broken ones that are
// met) reprinted in one form: "Tue, 02 Jan 2024 03:04:05 +0000". Read as CPython's email.utils
// reads it.
#ifndef CODEC_MIME_DATE_H
#define CODEC_MIME_DATE_H

#include "base/buf.h"

// Appends the date. False, and nothing appended: it is no date that exists, or its zone is neither
// a name nor four digits; the text itself is then better kept than lost.
bool mime_date_put(str text, struct buf *out);

#endif
