// SPDX-License-Identifier: Apache-2.0
// Content transfer encodings (RFC 2045, section 6; uuencode) read as CPython reads them, which
// never refuses: what is not of the encoding is left out or left as it is. Pure; memory is the
// caller's.
#ifndef CODEC_MIME_CTE_H
#define CODEC_MIME_CTE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

// Decodes base64 to `to` (which may be s.p itself) and returns the bytes written. Bytes outside the
// alphabet are passed over; padding ends the text. -1: one digit is left over, so that it is no
// base64 at all; `to` is then written to already.
isize mime_cte_base64(str s, u8 *to);

// Whether mime_cte_base64() would succeed.
bool mime_cte_is_base64(str s);

// The same for the body of quoted-printable text. Never more bytes than it reads,
// of which those behind the result are anything.
isize mime_cte_quoted(str s, u8 *to);

// `body` decoded as the value of its Content-Transfer-Encoding says, in scratch, or `body` itself.
err mime_cte_decode(str encoding, str body, struct arena *scratch, str *out);

int mime_cte_hex_digit(u8 c); // -1: none

#endif
