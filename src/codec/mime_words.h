// SPDX-License-Identifier: Apache-2.0
// Header text: encoded words (RFC 2047) read, and whole fields rewritten with what is not ASCII in
// encoded words of UTF-8. A value never gets a line break from an encoded word: it becomes a blank.
// What an encoded word cannot decode, and raw bytes >= 128, go out as words of charset
// unknown-8bit.
//
// Scratch: three bytes for each byte of the value. Errors: ARENA_FULL, and MIME_CHARSET where
// decoded characters and undecodable bytes stand in one phrase, which no encoded word can express.
#ifndef CODEC_MIME_WORDS_H
#define CODEC_MIME_WORDS_H

#include "base/arena.h"
#include "codec/mime_fold.h"

// A value made ready: `p` can be written to, because an encoded word is decoded where it stands;
// `text` takes what is decoded, as generalised UTF-8 (charset.h).
struct mime_value {
    u8 *p;
    isize n;     // up to here it is read
    isize whole; // bytes that there are
    struct buf text;
    str folded;                   // what it was made from,
    isize folded_at, unfolded_at; // and two places in both that correspond
    isize end_at;                 // the last "?=" found; -1: there is none further on
};

err mime_words_open(str folded, struct arena *scratch, struct mime_value *out);

// Reads the encoded word at `at` and appends its text to v->text. Bytes it took; 0: there is no end
// of a word; -1: it is not a word that can be decoded.
isize mime_words_read(struct mime_value *v, isize at);

// Takes the bytes from..to out of `text`: blanks between two words.
void mime_words_cut(struct buf *text, isize from, isize to);

// Subject and the like: any text.
err mime_words_put_text(struct mime_value *v, struct mime_fold *f);

// From, To and the like: addresses keep their shape, only their words are rewritten.
err mime_words_put_addresses(struct mime_value *v, struct mime_fold *f);

#endif
