// SPDX-License-Identifier: Apache-2.0
// The text form of a JSON value, as Python's str() gives it for the value that json.loads() makes:
// strings as they are, True, False, None, 5.0, ['a', "it's"], {'k': 1}. In pieces, so that no
// value is too large; the value is read in place. Lone surrogates and bytes that are no UTF-8 are
// U+FFFD where they would have to be escaped.
#ifndef SYNC_RULES_TEXT_H
#define SYNC_RULES_TEXT_H

#include "codec/json.h"
#include "codec/number.h"

struct rules_text {
    str value; // JSON
    isize at;
    struct json_grammar g;
    bool nested; // an array or object: strings in quotes and escaped
    bool ended;
    u8 quote; // around the string that is open
    str run;  // characters of it that are still to be given
    u8 small[NUMBER_REPR_BYTES];
    u8 chars[8]; // what an escape stands for
};

void rules_text_begin(struct rules_text *t, str value);
void rules_text_begin_repr(struct rules_text *t, str value); // a string in quotes, as repr() has it
void rules_text_begin_plain(struct rules_text *t, str text); // text that is no JSON

// The next piece, never empty, at most RULES_PIECE_BYTES; valid until the next call. False: the
// end.
bool rules_text_next(struct rules_text *t, str *piece);

#endif
