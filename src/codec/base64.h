// SPDX-License-Identifier: Apache-2.0
// Base64 (RFC 4648): encoding, streaming decoding of both alphabets, and turning base64url text
// into base64 text without decoding it. Tables and SSE; never for secrets (not constant-time).
#ifndef CODEC_BASE64_H
#define CODEC_BASE64_H

#include "base/buf.h"

isize base64_encoded_bytes(isize n); // with padding

void base64_encode(struct buf *out, str in);     // standard alphabet, padded, one line
void base64_encode_url(struct buf *out, str in); // URL alphabet, no padding (RFC 7515)

// Encodes in place: the input lies at the END of p[0..cap), the output begins at p. Needs
// base64_encoded_bytes(n) <= cap. Returns the number of bytes written.
isize base64_encode_in_place(u8 *p, isize cap, isize n);

// Decodes text that arrives in chunks. Both alphabets are taken; bytes outside them are ignored and
// counted; `=` ends a quantum. Missing padding is tolerated; a lone last character gives nothing.
// Bytes come out as soon as their bits are in: there is no call at the end. `out` needs room for
// (in.n + 3) / 4 * 3 bytes, or may end up full.
struct base64_decoder {
    u32 bits;
    int count; // characters held, 0..3
    i64 ignored;
};

void base64_decode(struct base64_decoder *d, struct buf *out, str in);

// base64url text to padded standard text, in chunks: `-` and `_` are mapped, padding is added at
// the end if it was missing, other bytes outside the alphabet are dropped. A lone last character
// becomes a quantum of its own ("xA==").
struct base64_translator {
    i64 count; // characters written
};

void base64_translate(struct base64_translator *t, struct buf *out, str in);
void base64_translate_end(struct base64_translator *t, struct buf *out);

// The ways that there are, by processor; the functions above take the best one. Given by name so
// that the tests can compare them. A way that the processor lacks ends in SIGILL.
enum base64_way { BASE64_TABLE, BASE64_SSSE3, BASE64_AVX2 };
enum base64_way base64_best_way(void);
void base64_encode_by(struct buf *out, str in, enum base64_way way);
void base64_decode_by(struct base64_decoder *d, struct buf *out, str in, enum base64_way way);

#endif
