// SPDX-License-Identifier: Apache-2.0
// The grammar of RFC 8259 as a machine that can stop and go on at any byte; under json_parse(),
// which runs it over a whole value, and json_stream, which runs it over chunks. It keeps no text:
// tokens are ranges of the input, and what an escape stands for. Nesting is bounded by
// JSON_DEPTH_MAX.
//
// Bytes from 0x80 on may stand in strings as they like: UTF-8 is the business of whoever uses them.
#ifndef CODEC_JSON_GRAMMAR_H
#define CODEC_JSON_GRAMMAR_H

#include "base/err.h"
#include "base/str.h"
#include "limits.h"

enum json_token {
    JSON_TOKEN_MORE,  // the input is used up, maybe in the middle of a token
    JSON_TOKEN_OPEN,  // { or [: now on top of the stack
    JSON_TOKEN_CLOSE, // } or ]: no longer on the stack
    JSON_TOKEN_COMMA,
    JSON_TOKEN_COLON,
    JSON_TOKEN_QUOTE, // the beginning of a string: a key if g->key
    JSON_TOKEN_TEXT,  // a run of characters of a string that stand for themselves
    JSON_TOKEN_CHAR,  // g->decoded: what an escape stands for, in UTF-8; lone surrogates are U+FFFD
    JSON_TOKEN_STRING, // the end of a string
    JSON_TOKEN_SCALAR, // the end of a number, true, false or null
    JSON_TOKEN_BAD,    // g->error; it stays BAD
};

struct json_grammar {
    err error;
    int depth;
    bool key;    // the current or last string is a key
    str decoded; // into `utf8`, until the next call
    u8 utf8[8];
    u8 state, literal, matched; // which literal, and how much of it was seen
    u8 digits;                  // of \uXXXX seen
    u32 code_unit, high;        // the one being read; a first half waiting for its second
    u8 stack[JSON_DEPTH_MAX];   // '{' or '['
};

void json_grammar_init(struct json_grammar *g);
void json_grammar_init_string(struct json_grammar *g); // as if behind the quote of a string

// Reads one token from in[*at..): on return it is in[*from..*at), blanks before it left out. After
// MORE, a token that was begun goes on with the next input.
enum json_token json_grammar_next(struct json_grammar *g, str in, isize *from, isize *at);

// Reads tokens from in[*at..) that nobody wants to see until no more than `depth` values are open:
// CLOSE, or MORE or BAD before that. For the same result as json_grammar_next() in a loop, faster.
enum json_token json_grammar_skip(struct json_grammar *g, str in, isize *at, int depth);

// Whether what was read is one whole value. A number at the root ends with the input only.
bool json_grammar_is_whole(const struct json_grammar *g);

// Whether the input ended inside a string at a place where it may: not within an escape. *pending:
// a first half of a surrogate pair is left over.
bool json_grammar_is_text(const struct json_grammar *g, bool *pending);

#endif
