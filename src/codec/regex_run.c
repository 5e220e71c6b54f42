// SPDX-License-Identifier: Apache-2.0
// Running a pattern over a text (see regex.h): all its threads at once, one step a character, after
// Thompson. A thread is a place in the program; the set of threads at a position has each place
// once, so that a character costs at most one look at each instruction.
//
// `$` has to know whether a line feed is the last character: a character is therefore taken only
// when the next one, or the end, is there.
#include "codec/regex.h"

#define RUN_NONE 0xffffffffU // no character: before the first, behind the last

struct run_place {
    u32 previous, c; // around it
    bool last;       // c is the last character
    int case_count;  // of c in `cases`; 0 until somebody asks
    u32 cases[REGEX_CASES_MAX];
};

void regex_begin(struct regex_run *run, const struct regex *re, struct regex_scratch *scratch)
{
    *run = (struct regex_run){
        .re = re, .scratch = scratch, .threads = 1, .previous = RUN_NONE, .c = RUN_NONE};
    scratch->threads[0][0] = 0;
}

static bool run_asserts(enum regex_assert kind, const struct run_place *at)
{
    bool begin = at->previous == RUN_NONE, end = at->c == RUN_NONE;
    bool word = !begin && regex_is_word(at->previous);
    switch (kind) {
    case REGEX_AT_BEGIN:
        return begin;
    case REGEX_AT_LINE_BEGIN:
        return begin || at->previous == '\n';
    case REGEX_AT_END:
        return end;
    case REGEX_AT_LAST_LINE_END:
        return end || (at->c == '\n' && at->last);
    case REGEX_AT_LINE_END:
        return end || at->c == '\n';
    case REGEX_AT_BOUNDARY: // neither this nor its opposite holds in an empty text
        return !(begin && end) && word != (!end && regex_is_word(at->c));
    case REGEX_AT_NO_BOUNDARY:
        return !(begin && end) && word == (!end && regex_is_word(at->c));
    }
    return false;
}

static bool run_in_range(const struct regex_range *r, u32 c)
{
    if (r->lo < REGEX_CATEGORY) {
        return c >= r->lo && c <= r->hi;
    }
    u32 kind = r->lo - REGEX_CATEGORY;
    bool in = (kind & ~1U) == REGEX_DIGIT   ? regex_digit_value(c) >= 0
              : (kind & ~1U) == REGEX_SPACE ? regex_is_space(c)
                                            : regex_is_word(c);
    return in != (kind & 1);
}

static bool run_in_set(const struct regex *re, const struct regex_inst *inst, struct run_place *at)
{
    const u32 *cases = &at->c;
    int n = 1;
    bool in = false;
    if (inst->flags & REGEX_NO_CASE) {
        at->case_count = at->case_count ? at->case_count : regex_cases(at->c, at->cases);
        cases = at->cases;
        n = at->case_count;
    }
    for (int i = 0; i < inst->count && !in; i++) {
        for (int k = 0; k < n && !in; k++) {
            in = run_in_range(&re->ranges[inst->x + i], cases[k]);
        }
    }
    return in != ((inst->flags & REGEX_NEGATED) != 0);
}

static bool run_takes(const struct regex *re, const struct regex_inst *inst, struct run_place *at)
{
    switch ((enum regex_op)inst->op) {
    case REGEX_CHAR:
        return (u32)inst->x == at->c;
    case REGEX_ANY:
        return at->c != '\n';
    case REGEX_ALL:
        return true;
    case REGEX_SET:
        return run_in_set(re, inst, at);
    case REGEX_SPLIT:
    case REGEX_JUMP:
    case REGEX_ASSERT:
    case REGEX_MATCH:
        break;
    }
    return false;
}

static bool run_mark(u64 *set, int at)
{
    u64 bit = (u64)1 << (at & 63);
    bool first = !(set[at >> 6] & bit);
    set[at >> 6] |= bit;
    return first;
}

// Each thread goes on to where it needs a character, and takes the one that is there.
static void run_step(struct regex_run *run, struct run_place *at)
{
    struct regex_scratch *s = run->scratch;
    const u16 *from = s->threads[run->side];
    u16 *to = s->threads[!run->side];
    int words = (run->re->code_count + 63) / 64, count = 0;
    for (int i = 0; i < words; i++) {
        s->seen[i] = s->queued[i] = 0;
    }
    for (int i = 0; i < run->threads; i++) {
        int n = 0;
        if (run_mark(s->seen, from[i])) {
            s->stack[n++] = from[i];
        }
        while (n) {
            int pc = s->stack[--n];
            const struct regex_inst *inst = &run->re->code[pc];
            run->steps++;
            if (inst->op == REGEX_MATCH) {
                run->matched = true;
                return;
            }
            if (inst->op < REGEX_SPLIT) {
                if (at->c != RUN_NONE && run_takes(run->re, inst, at) &&
                    run_mark(s->queued, pc + 1)) {
                    to[count++] = (u16)(pc + 1);
                }
                continue;
            }
            bool next = inst->op == REGEX_SPLIT ||
                        (inst->op == REGEX_ASSERT && run_asserts(inst->flags, at));
            if (inst->op != REGEX_ASSERT && run_mark(s->seen, pc + inst->x)) {
                s->stack[n++] = (u16)(pc + inst->x);
            }
            if (next && run_mark(s->seen, pc + 1)) {
                s->stack[n++] = (u16)(pc + 1);
            }
        }
    }
    run->threads = count;
    run->side = !run->side;
}

// The character that waited is followed by another one.
static bool run_put(struct regex_run *run, u32 c)
{
    if (run->has_char) {
        struct run_place at = {.previous = run->previous, .c = run->c};
        run_step(run, &at);
        run->previous = run->c;
    }
    run->c = c;
    run->has_char = true;
    return run->threads && !run->matched;
}

// A byte from 0x80 on, or one behind a character that was begun: characters may lie across pieces.
// What is no UTF-8 is U+FFFD, once for as much as could have been the beginning of a character.
static bool run_put_byte(struct regex_run *run, u8 b)
{
    if (run->more) {
        bool good = b >= run->low && b <= run->high;
        run->low = 0x80;
        run->high = 0xbf;
        if (good) {
            run->value = run->value << 6 | (b & 0x3fU);
            return --run->more ? true : run_put(run, run->value);
        }
        run->more = 0;
        if (!run_put(run, 0xfffd)) {
            return false;
        }
    }
    if (b < 0x80) {
        return run_put(run, b);
    }
    if (b < 0xc2 || b > 0xf4) {
        return run_put(run, 0xfffd);
    }
    // The second byte's range rules out overlong forms, surrogates and what is above U+10FFFF
    // (RFC 3629, section 4).
    run->more = b >= 0xf0 ? 3 : b >= 0xe0 ? 2 : 1;
    run->low = b == 0xe0 ? 0xa0 : b == 0xf0 ? 0x90 : 0x80;
    run->high = b == 0xed ? 0x9f : b == 0xf4 ? 0x8f : 0xbf;
    run->value = b & (0x3fU >> run->more);
    return true;
}

bool regex_feed(struct regex_run *run, str piece)
{
    bool open = run->threads && !run->matched;
    for (isize i = 0; i < piece.n && open; i++) {
        u8 b = piece.p[i];
        open = b < 0x80 && !run->more ? run_put(run, b) : run_put_byte(run, b);
    }
    return open;
}

bool regex_end(struct regex_run *run)
{
    if (run->more && run->threads && !run->matched) {
        (void)run_put(run, 0xfffd);
    }
    run->more = 0;
    if (run->has_char && run->threads && !run->matched) {
        struct run_place at = {.previous = run->previous, .c = run->c, .last = true};
        run_step(run, &at);
        run->previous = run->c;
    }
    if (run->threads && !run->matched) {
        struct run_place at = {.previous = run->previous, .c = RUN_NONE, .last = true};
        run_step(run, &at);
    }
    run->threads = 0;
    return run->matched;
}

bool regex_match(const struct regex *re, str text, struct regex_scratch *scratch)
{
    struct regex_run run;
    regex_begin(&run, re, scratch);
    (void)regex_feed(&run, text);
    return regex_end(&run);
}
