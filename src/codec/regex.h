// SPDX-License-Identifier: Apache-2.0
// Regular expressions: the part of Python's `re` (3.11, str patterns) that needs no memory of what
// was matched, answered as re.match() answers: does the pattern match at the start of the text?
//
// Taken: literals; . [...] [^...]; \d \w \s \D \W \S inside and outside sets (Unicode 14, as
// Python); \t \n \r \f \v \a \\, \0 \ooo, \xhh \uhhhh \Uhhhhhhhh; ( ) (?: ) (?P<name> ) (?#...);
// | * + ? {m} {m,} {,n} {m,n} and their lazy forms; ^ $ \A \Z \b \B; flags i m s u, (?i) at the
// start and (?i-s: ) scoped. REGEX_UNSUPPORTED: look-around, back-references, conditionals, atomic
// groups, possessive repeats, flags a and x, \N{...}. REGEX_SYNTAX: what Python refuses, too.
//
// A pattern becomes a program in the caller's memory: at most REGEX_PROGRAM_MAX instructions
// (repeats are written out; REGEX_TOO_LARGE). A text is fed in pieces of any size and is never
// held; each of its characters takes at most one pass over the program. Bytes that are no UTF-8
// count as U+FFFD. No recursion, no heap.
#ifndef CODEC_REGEX_H
#define CODEC_REGEX_H

#include "base/buf.h"
#include "codec/regex_unicode.h"
#include "limits.h"

struct regex_inst {
    u8 op;     // enum regex_op
    u8 flags;  // of a set; or which assertion
    u16 count; // ranges of a set
    int x;     // a character, a relative jump, or the first range
};

struct regex_range {
    u32 lo, hi; // lo > 0x10ffff: a category such as \d
};

struct regex {
    const struct regex_inst *code;
    const struct regex_range *ranges;
    int code_count, range_count;
};

// Where programs go. regex_compile() takes from the front and moves on.
struct regex_memory {
    struct regex_inst *code;
    struct regex_range *ranges;
    int code_cap, range_cap;
};

// What one run at a time needs besides: no state survives in it.
struct regex_scratch {
    u16 threads[2][REGEX_PROGRAM_MAX];
    u16 stack[REGEX_PROGRAM_MAX];
    u64 seen[REGEX_PROGRAM_MAX / 64], queued[REGEX_PROGRAM_MAX / 64];
};

// On an error `detail` says what and where, and `memory` is as it was.
err regex_compile(struct regex *re, str pattern, struct regex_memory *memory, struct buf *detail);

struct regex_run {
    i64 steps; // instructions looked at
    // private: see regex_run.c
    const struct regex *re;
    struct regex_scratch *scratch;
    int threads, side; // those that wait for the next character
    bool matched, has_char;
    u32 c, previous;    // the character that waits until one knows whether it is the last
    u32 value;          // of a character that was begun
    u8 more, low, high; // bytes that it lacks, and what the next one may be
};

void regex_begin(struct regex_run *run, const struct regex *re, struct regex_scratch *scratch);
bool regex_feed(struct regex_run *run, str piece); // false: it is decided, feed no more
bool regex_end(struct regex_run *run);             // the answer

bool regex_match(const struct regex *re, str text, struct regex_scratch *scratch);

// ---- between regex.c and regex_run.c

enum regex_op {
    REGEX_CHAR,
    REGEX_ANY, // but a line feed
    REGEX_ALL,
    REGEX_SET,
    REGEX_SPLIT, // to the next and to x
    REGEX_JUMP,
    REGEX_ASSERT,
    REGEX_MATCH,
};

enum { REGEX_NEGATED = 1, REGEX_NO_CASE = 2 }; // flags of a set

enum regex_assert {
    REGEX_AT_BEGIN,
    REGEX_AT_LINE_BEGIN,
    REGEX_AT_END,
    REGEX_AT_LAST_LINE_END, // the end, or before a line feed there
    REGEX_AT_LINE_END,
    REGEX_AT_BOUNDARY,
    REGEX_AT_NO_BOUNDARY,
};

enum { REGEX_CATEGORY = 0x110000 }; // + one of these, + 1 if negated
enum { REGEX_DIGIT = 0, REGEX_SPACE = 2, REGEX_WORD = 4 };

#endif
