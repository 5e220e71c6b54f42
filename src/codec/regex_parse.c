// SPDX-License-Identifier: Apache-2.0
// Escapes, sets, and what follows `(?` (see regex_parse.h), as Python's parser reads them.
#include "codec/regex_parse.h"

static bool parse_is_letter(u32 c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool parse_is_octal(u8 c)
{
    return c >= '0' && c <= '7';
}

// ---- escapes

// Exactly `digits` hexadecimal digits.
static err parse_hex(struct regex_parse *p, int digits, isize at, u32 *c)
{
    u64 v;
    isize n = 0;
    while (n < digits && p->at + n < p->pattern.n &&
           str_to_u64_hex(str_slice(p->pattern, p->at + n, p->at + n + 1), &v)) {
        n++;
    }
    if (n != digits || !str_to_u64_hex(str_slice(p->pattern, p->at, p->at + n), &v)) {
        return regex_bad(p, ERR_REGEX_SYNTAX, "incomplete escape", at);
    }
    if (v > 0x10ffff) {
        return regex_bad(p, ERR_REGEX_SYNTAX, "bad escape", at);
    }
    p->at += n;
    *c = (u32)v;
    return OK;
}

// Up to `digits` octal digits.
static err parse_octal(struct regex_parse *p, int digits, isize at, u32 *c)
{
    *c = 0;
    for (int i = 0; i < digits && regex_more(p) && parse_is_octal(regex_peek(p)); i++) {
        *c = *c << 3 | (u32)(regex_peek(p) - '0');
        p->at++;
    }
    return *c > 0377
               ? regex_bad(p, ERR_REGEX_SYNTAX, "octal escape value outside of range 0-0o377", at)
               : OK;
}

// Escapes that mean one character, in a set or outside; `kind` is the one behind the backslash at
// `at`, which was taken.
static err parse_char_escape(struct regex_parse *p, u32 kind, isize at, u32 *c)
{
    static const u8 short_form[128] = {['a'] = '\a', ['b'] = '\b', ['f'] = '\f', ['n'] = '\n',
                                       ['r'] = '\r', ['t'] = '\t', ['v'] = '\v'};
    if (kind < 128 && short_form[kind]) {
        *c = short_form[kind];
        return OK;
    }
    if (kind == 'x' || kind == 'u' || kind == 'U') {
        return parse_hex(p, kind == 'x' ? 2 : kind == 'u' ? 4 : 8, at, c);
    }
    if (kind == 'N') {
        return regex_bad(p, ERR_REGEX_UNSUPPORTED,
                         "named characters (\\N{...}) are not supported: found", at);
    }
    if (parse_is_letter(kind) || kind == '8' || kind == '9') {
        return regex_bad(p, ERR_REGEX_SYNTAX, "bad escape", at);
    }
    *c = kind;
    return OK;
}

// \d and its like; 0: it is none.
static u32 parse_category(u32 kind)
{
    static const u8 categories[128] = {
        ['d'] = REGEX_DIGIT + 1, ['D'] = REGEX_DIGIT + 2, ['s'] = REGEX_SPACE + 1,
        ['S'] = REGEX_SPACE + 2, ['w'] = REGEX_WORD + 1,  ['W'] = REGEX_WORD + 2,
    };
    u32 found = kind < 128 ? categories[kind] : 0;
    return found ? REGEX_CATEGORY + found - 1 : 0;
}

static bool parse_place(u32 kind, enum regex_assert *to)
{
    switch (kind) {
    case 'A':
        *to = REGEX_AT_BEGIN;
        return true;
    case 'Z':
        *to = REGEX_AT_END;
        return true;
    case 'b':
        *to = REGEX_AT_BOUNDARY;
        return true;
    case 'B':
        *to = REGEX_AT_NO_BOUNDARY;
        return true;
    default:
        return false;
    }
}

// \0 and its like: an octal character, or a reference to a group.
static err parse_digits(struct regex_parse *p, isize at, u32 *c)
{
    str s = str_from_index(p->pattern, at + 1);
    if (s.p[0] == '0' ||
        (s.n >= 3 && parse_is_octal(s.p[0]) && parse_is_octal(s.p[1]) && parse_is_octal(s.p[2]))) {
        p->at = at + 1;
        return parse_octal(p, 3, at, c);
    }
    return regex_bad(p, ERR_REGEX_UNSUPPORTED, "back-references are not supported: found", at);
}

err regex_parse_escape(struct regex_parse *p)
{
    isize at = p->at - 1;
    if (!regex_more(p)) {
        return regex_bad(p, ERR_REGEX_SYNTAX, "bad escape (end of pattern)", at);
    }
    u32 kind = regex_take_char(p), c = 0, category = parse_category(kind);
    enum regex_assert place;
    if (category) {
        int first = p->ranges;
        TRY(regex_emit_range(p, category, 0));
        return regex_emit_set(p, first, false);
    }
    if (parse_place(kind, &place)) {
        return regex_emit_assert(p, place);
    }
    if (kind < 128 && str_is_digit((u8)kind)) {
        TRY(parse_digits(p, at, &c));
    } else {
        TRY(parse_char_escape(p, kind, at, &c));
    }
    return regex_emit_char(p, c);
}

// ---- sets

// One member: a character, or (*category) a category.
static err parse_member(struct regex_parse *p, u32 *c, bool *category)
{
    isize at = p->at;
    *c = regex_take_char(p);
    *category = false;
    if (*c != '\\') {
        return OK;
    }
    if (!regex_more(p)) {
        return regex_bad(p, ERR_REGEX_SYNTAX, "bad escape (end of pattern)", at);
    }
    u32 kind = regex_take_char(p);
    *c = parse_category(kind);
    *category = *c != 0;
    if (*category) {
        return OK;
    }
    if (kind < 128 && parse_is_octal((u8)kind)) {
        p->at--;
        return parse_octal(p, 3, at, c);
    }
    return parse_char_escape(p, kind, at, c);
}

static err parse_set_item(struct regex_parse *p, isize open_at)
{
    isize at = p->at;
    u32 lo, hi;
    bool category, hi_category;
    TRY(parse_member(p, &lo, &category));
    if (!regex_take(p, '-')) {
        return regex_emit_range(p, lo, lo);
    }
    if (!regex_more(p)) {
        return regex_bad(p, ERR_REGEX_SYNTAX, "unterminated character set", open_at);
    }
    if (regex_peek(p) == ']') {
        TRY(regex_emit_range(p, lo, lo));
        return regex_emit_range(p, '-', '-');
    }
    TRY(parse_member(p, &hi, &hi_category));
    if (category || hi_category || hi < lo) {
        return regex_bad(p, ERR_REGEX_SYNTAX, "bad character range", at);
    }
    return regex_emit_range(p, lo, hi);
}

err regex_parse_set(struct regex_parse *p)
{
    isize open_at = p->at - 1;
    int first = p->ranges;
    bool negated = regex_take(p, '^');
    do { // a bracket in the first place is a member
        if (!regex_more(p)) {
            return regex_bad(p, ERR_REGEX_SYNTAX, "unterminated character set", open_at);
        }
        TRY(parse_set_item(p, open_at));
    } while (!regex_more(p) || regex_peek(p) != ']');
    p->at++;
    return regex_emit_set(p, first, negated);
}

// ---- (?...

static err parse_unknown(struct regex_parse *p, isize at)
{
    return regex_bad(p, ERR_REGEX_SYNTAX,
                     regex_more(p) ? "unknown extension" : "unexpected end of pattern", at);
}

static err parse_name(struct regex_parse *p)
{
    isize from = p->at;
    while (regex_more(p) && regex_peek(p) != '>') {
        u32 c = regex_take_char(p);
        if (!regex_is_word(c) || (p->at == from + 1 && str_is_digit((u8)c))) {
            return regex_bad(p, ERR_REGEX_SYNTAX, "bad character in group name", from);
        }
    }
    str name = str_slice(p->pattern, from, p->at);
    if (!name.n || !regex_take(p, '>')) {
        return regex_bad(p, ERR_REGEX_SYNTAX, "missing group name", from);
    }
    for (int i = 0; i < p->name_count; i++) {
        if (str_eq(p->names[i], name)) {
            return regex_bad(p, ERR_REGEX_SYNTAX, "redefinition of group name", from);
        }
    }
    if (p->name_count == REGEX_NAMES_MAX) {
        return regex_bad(p, ERR_REGEX_TOO_LARGE, "too many named groups", from);
    }
    p->names[p->name_count++] = name;
    return OK;
}

static err parse_comment(struct regex_parse *p, isize at)
{
    while (regex_more(p)) {
        // The tokens of Python's parser: a backslash hides what follows it.
        u8 c = regex_peek(p);
        p->at++;
        if (c == ')') {
            return OK;
        }
        if (c == '\\' && regex_more(p)) {
            p->at++;
        } else if (c == '\\') {
            return regex_bad(p, ERR_REGEX_SYNTAX, "bad escape (end of pattern)", p->at - 1);
        }
    }
    return regex_bad(p, ERR_REGEX_SYNTAX, "missing ), unterminated comment", at);
}

// One letter of flags.
static err parse_flag(struct regex_parse *p, isize at, struct regex_flags *to)
{
    u8 c = regex_peek(p);
    p->at += regex_more(p);
    switch (c) {
    case 'i':
        to->ignore_case = true;
        return OK;
    case 'm':
        to->multi_line = true;
        return OK;
    case 's':
        to->dot_all = true;
        return OK;
    case 'u':
        return OK;
    case 'a':
    case 'x':
        return regex_bad(p, ERR_REGEX_UNSUPPORTED,
                         "flags other than i, m, s and u are not supported: found", at);
    default:
        return regex_bad(p, ERR_REGEX_SYNTAX, "unknown flag or extension", at);
    }
}

// (?ims) for all that follows, at the very beginning; (?im-s:...) for a group.
static err parse_flags(struct regex_parse *p, isize at, struct regex_flags *scoped, bool *opens)
{
    struct regex_flags on = {0}, off = {0};
    bool minus = false;
    while (regex_more(p) && regex_peek(p) != ')' && regex_peek(p) != ':') {
        if (!minus && regex_take(p, '-')) {
            minus = true;
            continue;
        }
        TRY(parse_flag(p, at, minus ? &off : &on));
        if (minus && p->pattern.p[p->at - 1] == 'u') {
            return regex_bad(p, ERR_REGEX_SYNTAX, "bad inline flags", at);
        }
    }
    bool none_off = minus && p->at && p->pattern.p[p->at - 1] == '-';
    if (!regex_more(p) || none_off || (minus && regex_peek(p) == ')')) {
        return regex_bad(p, ERR_REGEX_SYNTAX, "missing flag, : or )", at);
    }
    if ((on.ignore_case && off.ignore_case) || (on.multi_line && off.multi_line) ||
        (on.dot_all && off.dot_all)) {
        return regex_bad(p, ERR_REGEX_SYNTAX, "bad inline flags: flag turned on and off", at);
    }
    scoped->ignore_case = (scoped->ignore_case || on.ignore_case) && !off.ignore_case;
    scoped->multi_line = (scoped->multi_line || on.multi_line) && !off.multi_line;
    scoped->dot_all = (scoped->dot_all || on.dot_all) && !off.dot_all;
    *opens = regex_peek(p) == ':';
    p->at++;
    if (!*opens) {
        if (p->depth > 1 || p->branched || p->item != REGEX_ITEM_NONE) {
            return regex_bad(p, ERR_REGEX_SYNTAX, "global flags not at the start of the expression",
                             at);
        }
        p->ignore_case = scoped->ignore_case;
        p->multi_line = scoped->multi_line;
        p->dot_all = scoped->dot_all;
    }
    return OK;
}

err regex_group_kind(struct regex_parse *p, isize at, struct regex_flags *scoped, bool *opens)
{
    static const struct {
        str begins;
        const char *why;
    } unsupported[] = {
        {S("="), "look-ahead is not supported: found"},
        {S("!"), "look-ahead is not supported: found"},
        {S("<="), "look-behind is not supported: found"},
        {S("<!"), "look-behind is not supported: found"},
        {S(">"), "atomic groups are not supported: found"},
        {S("("), "conditionals are not supported: found"},
        {S("P="), "back-references are not supported: found"},
    };
    str s = str_from_index(p->pattern, p->at);
    for (isize i = 0; i < COUNT(unsupported); i++) {
        if (str_starts(s, unsupported[i].begins)) {
            return regex_bad(p, ERR_REGEX_UNSUPPORTED, unsupported[i].why, at);
        }
    }
    if (regex_take(p, ':')) {
        return OK;
    }
    if (regex_take(p, '#')) {
        *opens = false;
        return parse_comment(p, at);
    }
    if (regex_take(p, 'P')) {
        return regex_take(p, '<') ? parse_name(p) : parse_unknown(p, at);
    }
    if (!regex_more(p) || (!parse_is_letter(regex_peek(p)) && regex_peek(p) != '-')) {
        return parse_unknown(p, at);
    }
    return parse_flags(p, at, scoped, opens);
}
