// SPDX-License-Identifier: Apache-2.0
// From pattern to program (see regex.h), in one pass and without a tree: jumps are relative, so
// that what an item became can be moved and copied, for `|`, `*` and `{m,n}`, as it is. Groups are
// a stack. Where Python's parser has a habit (what `{` or `]` may mean, which escapes exist), this
// one has it too, and its words for what is wrong.
#include "codec/regex.h"

#include <string.h>

#include "codec/charset.h"
#include "codec/regex_parse.h"

err regex_bad(const struct regex_parse *p, enum err_code code, const char *why, isize at)
{
    i64 position = 0;
    for (isize i = 0; i < at; i++) {
        position += (p->pattern.p[i] & 0xc0) != 0x80;
    }
    buf_put(p->detail, str_from(why));
    buf_put(p->detail, S(" at position "));
    buf_put_i64(p->detail, position);
    return (err){(u16)code};
}

#define BAD(p, why) regex_bad((p), ERR_REGEX_SYNTAX, (why), (p)->at)
#define UNSUPPORTED(p, why, at) regex_bad((p), ERR_REGEX_UNSUPPORTED, (why), (at))

static err parse_too_large(const struct regex_parse *p)
{
    u8 memory[96];
    struct buf why = buf_over(memory, sizeof memory - 1);
    buf_put(&why, S("the pattern, its repeats written out, has more than "));
    buf_put_i64(&why, p->memory.code_cap);
    buf_put(&why, S(" steps"));
    memory[why.n] = 0;
    return regex_bad(p, ERR_REGEX_TOO_LARGE, (const char *)memory, p->at);
}

bool regex_more(const struct regex_parse *p)
{
    return p->at < p->pattern.n;
}

// The byte at the reading place; 0 at the end (a NUL there is told apart by regex_more()).
u8 regex_peek(const struct regex_parse *p)
{
    return regex_more(p) ? p->pattern.p[p->at] : 0;
}

bool regex_take(struct regex_parse *p, u8 c)
{
    if (regex_more(p) && regex_peek(p) == c) {
        p->at++;
        return true;
    }
    return false;
}

// The pattern is valid UTF-8: regex_compile() saw to it.
u32 regex_take_char(struct regex_parse *p)
{
    u32 c;
    p->at += charset_utf8_next(str_from_index(p->pattern, p->at), &c);
    return c;
}

// ---- instructions

static err parse_emit(struct regex_parse *p, struct regex_inst inst)
{
    if (p->n >= p->memory.code_cap) {
        return parse_too_large(p);
    }
    p->memory.code[p->n++] = inst;
    return OK;
}

// Makes room for one instruction at `at`. Nothing that was emitted jumps over that place.
static err parse_insert(struct regex_parse *p, int at, struct regex_inst inst)
{
    TRY(parse_emit(p, inst));
    struct regex_inst *code = p->memory.code;
    memmove(code + at + 1, code + at, (size_t)(p->n - 1 - at) * sizeof *code);
    code[at] = inst;
    return OK;
}

err regex_emit_range(struct regex_parse *p, u32 lo, u32 hi)
{
    if (p->ranges >= p->memory.range_cap) {
        return regex_bad(p, ERR_REGEX_TOO_LARGE, "the sets of the pattern have too many parts",
                         p->at);
    }
    p->memory.ranges[p->ranges++] = (struct regex_range){lo, hi};
    return OK;
}

static void parse_begin_item(struct regex_parse *p)
{
    p->item = REGEX_ITEM_PLAIN;
    p->item_at = p->n;
}

// A set of the ranges from `first` on.
err regex_emit_set(struct regex_parse *p, int first, bool negated)
{
    int flags = (negated ? REGEX_NEGATED : 0) | (p->ignore_case ? REGEX_NO_CASE : 0);
    parse_begin_item(p);
    return parse_emit(
        p, (struct regex_inst){
               .op = REGEX_SET, .flags = (u8)flags, .count = (u16)(p->ranges - first), .x = first});
}

err regex_emit_char(struct regex_parse *p, u32 c)
{
    u32 cases[REGEX_CASES_MAX];
    int n = p->ignore_case ? regex_cases(c, cases) : 1;
    if (n == 1) {
        parse_begin_item(p);
        return parse_emit(p, (struct regex_inst){.op = REGEX_CHAR, .x = (int)c});
    }
    int first = p->ranges;
    for (int i = 0; i < n; i++) {
        TRY(regex_emit_range(p, cases[i], cases[i]));
    }
    bool ignore_case = p->ignore_case;
    p->ignore_case = false; // all its cases are there
    err e = regex_emit_set(p, first, false);
    p->ignore_case = ignore_case;
    return e;
}

err regex_emit_assert(struct regex_parse *p, enum regex_assert kind)
{
    p->item = REGEX_ITEM_ASSERT;
    p->item_at = p->n;
    return parse_emit(p, (struct regex_inst){.op = REGEX_ASSERT, .flags = (u8)kind});
}

// ---- repeats

// Appends `times` copies of the last item, which has `size` instructions, each behind a split to
// the common end when `optional`.
static err parse_copies(struct regex_parse *p, int from, int size, int times, bool optional)
{
    struct regex_inst *code = p->memory.code;
    for (int left = times; left > 0; left--) {
        if (optional) {
            TRY(parse_emit(p, (struct regex_inst){.op = REGEX_SPLIT, .x = left * (size + 1)}));
        }
        memcpy(code + p->n, code + from, (size_t)size * sizeof *code);
        p->n += size;
    }
    return OK;
}

// The last item becomes itself {min,max} times; max -1: without end.
static err parse_repeat_item(struct regex_parse *p, i64 min, i64 max)
{
    int at = p->item_at, size = p->n - at;
    p->item = REGEX_ITEM_REPEAT;
    if (size == 0) { // an empty group
        return OK;
    }
    if (max == 0) {
        p->n = at;
        return OK;
    }
    // All that follows, checked once. The counts are below 2^32, the size below 2^16.
    i64 optional = max < 0 ? 0 : max - min;
    i64 needs = max >= 0 ? min * size + optional * (size + 1) : min > 0 ? min * size + 1 : size + 2;
    if (needs > p->memory.code_cap - at) {
        return parse_too_large(p);
    }
    if (max < 0 && min == 0) {
        TRY(parse_insert(p, at, (struct regex_inst){.op = REGEX_SPLIT, .x = size + 2}));
        return parse_emit(p, (struct regex_inst){.op = REGEX_JUMP, .x = -(size + 1)});
    }
    if (min == 0) {
        TRY(parse_insert(p, at,
                         (struct regex_inst){.op = REGEX_SPLIT, .x = (int)max * (size + 1)}));
        return parse_copies(p, at + 1, size, (int)max - 1, true);
    }
    TRY(parse_copies(p, at, size, (int)min - 1, false));
    if (max < 0) {
        return parse_emit(p, (struct regex_inst){.op = REGEX_SPLIT, .x = -size});
    }
    return parse_copies(p, at, size, (int)(max - min), true);
}

// Digits; -1 without any. What is too large for any pattern stays so.
static i64 parse_number(struct regex_parse *p)
{
    i64 v = -1;
    while (regex_more(p) && str_is_digit(regex_peek(p))) {
        v = (v < 0 ? 0 : v > 0xffffffff ? v : v * 10) + (regex_peek(p) - '0');
        p->at++;
    }
    return v;
}

// Behind `{`: false, and nothing taken, when it is an ordinary character here.
static bool parse_braces(struct regex_parse *p, i64 *min, i64 *max)
{
    isize at = p->at;
    bool empty = regex_more(p) && regex_peek(p) == '}';
    *min = *max = parse_number(p);
    if (regex_take(p, ',')) {
        *max = parse_number(p);
    }
    if (empty || !regex_take(p, '}')) {
        p->at = at;
        return false;
    }
    *min = *min < 0 ? 0 : *min;
    return true;
}

static err parse_repeat(struct regex_parse *p, u8 c)
{
    isize at = p->at - 1;
    i64 min = c == '+' ? 1 : 0, max = c == '?' ? 1 : -1;
    if (c == '{') {
        if (!parse_braces(p, &min, &max)) {
            return regex_emit_char(p, c);
        }
        if (min > 0xfffffffe || max > 0xfffffffe) {
            return regex_bad(p, ERR_REGEX_SYNTAX, "the repetition number is too large", at);
        }
        if (max >= 0 && max < min) {
            return regex_bad(p, ERR_REGEX_SYNTAX, "min repeat greater than max repeat", at + 1);
        }
    }
    if (p->item == REGEX_ITEM_NONE || p->item == REGEX_ITEM_ASSERT) {
        return regex_bad(p, ERR_REGEX_SYNTAX, "nothing to repeat", at);
    }
    if (p->item == REGEX_ITEM_REPEAT) {
        return regex_bad(p, ERR_REGEX_SYNTAX, "multiple repeat", at);
    }
    if (regex_take(p, '+')) {
        return UNSUPPORTED(p, "possessive repeats are not supported: found", at);
    }
    (void)regex_take(p, '?'); // lazy: which of two matches does not matter here
    return parse_repeat_item(p, min, max);
}

// ---- groups

static err parse_open(struct regex_parse *p, isize at, bool ignore_case)
{
    if (p->depth >= REGEX_DEPTH_MAX) {
        return regex_bad(p, ERR_REGEX_TOO_LARGE, "groups are nested too deeply", at);
    }
    p->groups[p->depth++] = (struct regex_group){.open_at = at,
                                                 .start = p->n,
                                                 .branch = p->n,
                                                 .jumps = -1,
                                                 .ignore_case = p->ignore_case,
                                                 .multi_line = p->multi_line,
                                                 .dot_all = p->dot_all};
    p->ignore_case = ignore_case;
    p->item = REGEX_ITEM_NONE;
    return OK;
}

static err parse_branch(struct regex_parse *p)
{
    struct regex_group *g = &p->groups[p->depth - 1];
    int size = p->n - g->branch;
    TRY(parse_insert(p, g->branch, (struct regex_inst){.op = REGEX_SPLIT, .x = size + 2}));
    // The jumps to the end of the group are a chain until that is known.
    TRY(parse_emit(p, (struct regex_inst){.op = REGEX_JUMP, .x = g->jumps}));
    g->jumps = p->n - 1;
    g->branch = p->n;
    p->item = REGEX_ITEM_NONE;
    p->branched = p->branched || p->depth == 1;
    return OK;
}

static void parse_close(struct regex_parse *p)
{
    struct regex_group *g = &p->groups[--p->depth];
    for (int at = g->jumps; at >= 0;) {
        int previous = p->memory.code[at].x;
        p->memory.code[at].x = p->n - at;
        at = previous;
    }
    p->ignore_case = g->ignore_case;
    p->multi_line = g->multi_line;
    p->dot_all = g->dot_all;
    p->item = REGEX_ITEM_PLAIN;
    p->item_at = g->start;
}

static err parse_group(struct regex_parse *p)
{
    isize at = p->at - 1;
    bool opens = true;
    if (!regex_take(p, '?')) {
        return parse_open(p, at, p->ignore_case);
    }
    struct regex_flags scoped = {p->ignore_case, p->multi_line, p->dot_all};
    TRY(regex_group_kind(p, at, &scoped, &opens));
    if (!opens) { // a comment, or flags for all
        return OK;
    }
    TRY(parse_open(p, at, scoped.ignore_case));
    p->multi_line = scoped.multi_line;
    p->dot_all = scoped.dot_all;
    return OK;
}

// ---- the whole

static err parse_token(struct regex_parse *p)
{
    u32 c = regex_take_char(p);
    switch (c) {
    case '(':
        return parse_group(p);
    case ')':
        if (p->depth == 1) {
            return regex_bad(p, ERR_REGEX_SYNTAX, "unbalanced parenthesis", p->at - 1);
        }
        parse_close(p);
        return OK;
    case '|':
        return parse_branch(p);
    case '*':
    case '+':
    case '?':
    case '{':
        return parse_repeat(p, (u8)c);
    case '[':
        return regex_parse_set(p);
    case '\\':
        return regex_parse_escape(p);
    case '^':
        return regex_emit_assert(p, p->multi_line ? REGEX_AT_LINE_BEGIN : REGEX_AT_BEGIN);
    case '$':
        return regex_emit_assert(p, p->multi_line ? REGEX_AT_LINE_END : REGEX_AT_LAST_LINE_END);
    case '.':
        parse_begin_item(p);
        return parse_emit(p, (struct regex_inst){.op = p->dot_all ? REGEX_ALL : REGEX_ANY});
    default:
        return regex_emit_char(p, c);
    }
}

static err parse_whole(struct regex_parse *p)
{
    TRY(parse_open(p, 0, false));
    while (regex_more(p)) {
        TRY(parse_token(p));
    }
    if (p->depth > 1) {
        return regex_bad(p, ERR_REGEX_SYNTAX, "missing ), unterminated subpattern",
                         p->groups[p->depth - 1].open_at);
    }
    parse_close(p);
    return parse_emit(p, (struct regex_inst){.op = REGEX_MATCH});
}

err regex_compile(struct regex *re, str pattern, struct regex_memory *memory, struct buf *detail)
{
    struct regex_parse p = {.pattern = pattern, .memory = *memory, .detail = detail};
    *re = (struct regex){0};
    if (!str_is_utf8(pattern)) {
        return BAD(&p, "the pattern is not UTF-8");
    }
    if (p.memory.code_cap > REGEX_PROGRAM_MAX) {
        p.memory.code_cap = REGEX_PROGRAM_MAX;
    }
    TRY(parse_whole(&p));
    *re = (struct regex){memory->code, memory->ranges, p.n, p.ranges};
    memory->code += p.n;
    memory->code_cap -= p.n;
    memory->ranges += p.ranges;
    memory->range_cap -= p.ranges;
    return OK;
}
