// SPDX-License-Identifier: Apache-2.0
// Between regex.c, which makes the program, and regex_parse.c, which reads what needs more than one
// look: escapes, sets, and what follows `(?`. Private to the two. On the stack of regex_compile().
#ifndef CODEC_REGEX_PARSE_H
#define CODEC_REGEX_PARSE_H

#include "codec/regex.h"

enum regex_item { // what a repeat would repeat
    REGEX_ITEM_NONE,
    REGEX_ITEM_PLAIN,
    REGEX_ITEM_ASSERT,
    REGEX_ITEM_REPEAT,
};

struct regex_flags {
    bool ignore_case, multi_line, dot_all;
};

struct regex_group {
    isize open_at;     // in the pattern
    int start, branch; // first instruction of the group, and of its present branch
    int jumps;         // the last of a chain of jumps to the end; -1: none
    bool ignore_case, multi_line, dot_all; // outside
};

struct regex_parse {
    str pattern;
    isize at;
    struct regex_memory memory;
    int n, ranges; // used
    enum regex_item item;
    int item_at;
    bool ignore_case, multi_line, dot_all;
    bool branched; // a `|` outside groups was seen
    struct regex_group groups[REGEX_DEPTH_MAX];
    int depth;
    str names[REGEX_NAMES_MAX]; // of groups
    int name_count;
    struct buf *detail;
};

// An error at byte `at` of the pattern.
err regex_bad(const struct regex_parse *p, enum err_code code, const char *why, isize at);

bool regex_more(const struct regex_parse *p);
u8 regex_peek(const struct regex_parse *p);
bool regex_take(struct regex_parse *p, u8 c);
u32 regex_take_char(struct regex_parse *p); // there is one

err regex_emit_char(struct regex_parse *p, u32 c);
err regex_emit_range(struct regex_parse *p, u32 lo, u32 hi);
err regex_emit_set(struct regex_parse *p, int first, bool negated);
err regex_emit_assert(struct regex_parse *p, enum regex_assert kind);

err regex_parse_escape(struct regex_parse *p); // behind the backslash
err regex_parse_set(struct regex_parse *p);    // behind the bracket

// Behind `(?` that stands at `at`: what kind of group it is. Flags for its inside go to *scoped;
// *opens is false when nothing was opened.
err regex_group_kind(struct regex_parse *p, isize at, struct regex_flags *scoped, bool *opens);

#endif
