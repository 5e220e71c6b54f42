// SPDX-License-Identifier: Apache-2.0
// East Asian multi-byte charsets, one character at a time; charset_cjk.h has the contract.
//
// Each family is one grid and a list of runs where a vendor's charset differs from it. What is cut
// off at the end of the text is one bad sequence; any other bad sequence is one byte, so that an
// ASCII byte behind a stray lead byte is never swallowed.
#include "codec/charset_cjk.h"

#include "codec/charset.h"

struct runs {
    const struct charset_run *at;
    isize count;
};

// -1: `code` is in no run. 0: it means nothing. Else its character.
static i64 runs_find(struct runs r, u32 code)
{
    isize low = 0;
    isize high = r.count;
    while (low < high) {
        isize mid = low + (high - low) / 2;
        const struct charset_run *run = &r.at[mid];
        if (code < run->code) {
            high = mid;
        } else if (code >= (u32)run->code + run->count) {
            low = mid + 1;
        } else {
            return run->ch ? run->ch + (code - run->code) : 0;
        }
    }
    return -1;
}

static bool in(u32 c, u32 low, u32 high)
{
    return c >= low && c <= high;
}

// `used` bytes for a character, or one bad byte for none.
static isize give(u32 found, isize used, u32 *ch)
{
    *ch = found ? found : CHARSET_NONE;
    return found ? used : 1;
}

static isize cut_off(str s, u32 *ch)
{
    *ch = CHARSET_NONE;
    return s.n;
}

// Row and cell of a 94 x 94 grid from two bytes 0xA1..0xFE.
static u32 grid_at(const u16 *grid, u32 a, u32 b)
{
    return in(a, 0xA1, 0xFE) && in(b, 0xA1, 0xFE) ? grid[(a - 0xA1) * 94 + (b - 0xA1)] : 0;
}

// ---- Chinese

static isize gb18030_four(str s, u32 *ch)
{
    if (s.n < 4) {
        return cut_off(s, ch);
    }
    u32 a = s.p[0], b = s.p[1], c = s.p[2], d = s.p[3];
    if (!in(a, 0x81, 0xFE) || !in(c, 0x81, 0xFE) || !in(d, 0x30, 0x39)) {
        return give(0, 4, ch);
    }
    u32 linear = (((a - 0x81) * 10 + (b - 0x30)) * 126 + (c - 0x81)) * 10 + (d - 0x30);
    u32 base = (0x90 - 0x81) * 10 * 126 * 10; // 90 30 81 30 is U+10000
    if (linear >= base) {
        return give(linear - base <= 0xFFFFF ? linear - base + 0x10000 : 0, 4, ch);
    }
    isize low = 0;
    isize high = charset_gb18030_four_count;
    while (high - low > 1) {
        isize mid = low + (high - low) / 2;
        if (charset_gb18030_four[mid].linear <= linear) {
            low = mid;
        } else {
            high = mid;
        }
    }
    const struct charset_four *run = &charset_gb18030_four[low];
    bool known = run->ch && linear <= 0x99FB;
    return give(known ? run->ch + (linear - run->linear) : 0, 4, ch);
}

static isize chinese_simple(enum charset_kind kind, str s, u32 *ch)
{
    if (s.n < 2) {
        return cut_off(s, ch);
    }
    u32 a = s.p[0], b = s.p[1];
    if (kind == CHARSET_GB18030 && in(b, 0x30, 0x39)) {
        return gb18030_four(s, ch);
    }
    if (!in(a, 0x81, 0xFE) || !in(b, 0x40, 0xFE) || b == 0x7F) {
        return give(0, 2, ch);
    }
    u32 found = charset_gbk[(a - 0x81) * CHARSET_GBK_TRAILS + b - 0x40 - (b > 0x7F)];
    i64 other = -1;
    if (kind == CHARSET_GB18030 && !found) { // it only adds to GBK
        other = runs_find((struct runs){charset_gb18030, charset_gb18030_count}, a << 8 | b);
    } else if (kind == CHARSET_GB2312) {
        bool inside = in(a, 0xA1, 0xF7) && b >= 0xA1;
        other = !inside
                    ? 0
                    : runs_find((struct runs){charset_gb2312, charset_gb2312_count}, a << 8 | b);
    }
    return give(other >= 0 ? (u32)other : found, 2, ch);
}

static isize chinese_traditional(enum charset_kind kind, str s, u32 *ch)
{
    if (s.n < 2) {
        return cut_off(s, ch);
    }
    u32 a = s.p[0], b = s.p[1];
    if (!in(a, 0xA1, 0xF9) || !(in(b, 0x40, 0x7E) || in(b, 0xA1, 0xFE))) {
        return give(0, 2, ch);
    }
    u32 cell = b < 0x7F ? b - 0x40 : b - 0xA1 + 63;
    u32 found = charset_big5[(a - 0xA1) * CHARSET_BIG5_TRAILS + cell];
    i64 other = -1;
    if (kind == CHARSET_CP950) {
        other = runs_find((struct runs){charset_cp950, charset_cp950_count}, a << 8 | b);
    }
    return give(other >= 0 ? (u32)other : found, 2, ch);
}

// ---- Korean

#define HANGUL_FIRST 0xAC00u
#define HANGUL_IN_GRID 2350 // syllables of KS X 1001, in order, in its rows 0xB0 to 0xC8

// The `index`-th Hangul syllable that KS X 1001 lacks: cp949 put those, in order, around the grid.
static u32 hangul_outside(u32 index)
{
    const u16 *grid = charset_ksx1001 + (0xB0 - 0xA1) * 94;
    u32 low = 0; // syllables of the grid that come before the one looked for
    u32 high = HANGUL_IN_GRID;
    while (low < high) {
        u32 mid = low + (high - low) / 2;
        if (grid[mid] - HANGUL_FIRST - mid <= index) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return HANGUL_FIRST + index + low;
}

static u32 cp949_outside(u32 a, u32 b)
{
    if (!in(b, 0x41, 0x5A) && !in(b, 0x61, 0x7A) && !in(b, 0x81, 0xFE)) {
        return 0;
    }
    u32 cell = b <= 0x5A ? b - 0x41 : b <= 0x7A ? b - 0x61 + 26 : b - 0x81 + 52;
    if (a <= 0xA0) {
        return hangul_outside((a - 0x81) * 178 + cell);
    }
    if (b >= 0xA1) {
        return 0; // the grid itself
    }
    u32 index = 32 * 178 + (a - 0xA1) * 84 + cell;
    return index < 8822 ? hangul_outside(index) : 0;
}

// KS X 1001:1998, annex 3: a syllable spelt as filler, initial, vowel and final.
static isize korean_spelt(str s, u32 *ch)
{
    static const u8 initials[30] = {0,  1, 99, 2, 99, 99, 3,  4,  5,  99, 99, 99, 99, 99, 99,
                                    99, 6, 7,  8, 99, 9,  10, 11, 12, 13, 14, 15, 16, 17, 18};
    static const u8 finals[30] = {1,  2,  3,  4,  5,  6,  7,  99, 8,  9,  10, 11, 12, 13, 14,
                                  15, 16, 17, 99, 18, 19, 20, 21, 22, 99, 23, 24, 25, 26, 27};
    if (s.n < 8) {
        return cut_off(s, ch);
    }
    u32 first = s.p[3], vowel = s.p[5], last = s.p[7];
    *ch = CHARSET_NONE;
    if (s.p[2] != 0xA4 || s.p[4] != 0xA4 || s.p[6] != 0xA4 || !in(first, 0xA1, 0xBE) ||
        !in(vowel, 0xBF, 0xD3) || !(in(last, 0xA1, 0xBE) || last == 0xD4)) {
        return 1;
    }
    u32 initial = initials[first - 0xA1];
    u32 final = last == 0xD4 ? 0 : finals[last - 0xA1];
    if (initial == 99 || final == 99) {
        return 1;
    }
    *ch = HANGUL_FIRST + (initial * 21 + (vowel - 0xBF)) * 28 + final;
    return 8;
}

static isize korean(enum charset_kind kind, str s, u32 *ch)
{
    if (s.n < 2) {
        return cut_off(s, ch);
    }
    u32 a = s.p[0], b = s.p[1];
    if (kind == CHARSET_EUC_KR && a == 0xA4 && b == 0xD4) {
        return korean_spelt(s, ch);
    }
    u32 found = grid_at(charset_ksx1001, a, b);
    if (!found && kind == CHARSET_CP949) {
        found = a == 0xA4 && b == 0xD4 ? 0x3164 : in(a, 0x81, 0xC6) ? cp949_outside(a, b) : 0;
    }
    return give(found, 2, ch);
}

// ---- Japanese

static isize euc_jp(str s, u32 *ch)
{
    u32 a = s.p[0];
    if (s.n < 2 || (a == 0x8F && s.n < 3)) {
        return cut_off(s, ch);
    }
    if (a == 0x8E) {
        return give(in(s.p[1], 0xA1, 0xDF) ? 0xFF61u + s.p[1] - 0xA1 : 0, 2, ch);
    }
    if (a == 0x8F) {
        return give(grid_at(charset_jisx0212, s.p[1], s.p[2]), 3, ch);
    }
    return give(grid_at(charset_jisx0208, a, s.p[1]), 2, ch);
}

static isize shift_jis(enum charset_kind kind, str s, u32 *ch)
{
    u32 a = s.p[0];
    if (in(a, 0xA1, 0xDF)) {
        return give(0xFF61 + a - 0xA1, 1, ch);
    }
    if (kind == CHARSET_CP932 && (a == 0x80 || a == 0xA0 || a >= 0xFD)) {
        return give(a == 0x80 ? 0x80 : a == 0xA0 ? 0xF8F0 : 0xF8F1 + a - 0xFD, 1, ch);
    }
    if (!in(a, 0x81, 0x9F) && !in(a, 0xE0, 0xFC)) {
        return give(0, 1, ch);
    }
    if (s.n < 2) {
        return cut_off(s, ch);
    }
    u32 b = s.p[1];
    if (!in(b, 0x40, 0x7E) && !in(b, 0x80, 0xFC)) {
        return give(0, 2, ch);
    }
    u32 row = (a - (a < 0xA0 ? 0x81 : 0xC1)) * 2;
    u32 cell = b - 0x40 - (b > 0x7F);
    row += cell >= 94;
    u32 found = row < 94 ? charset_jisx0208[row * 94 + cell % 94] : 0;
    i64 other = -1;
    if (kind == CHARSET_CP932) {
        other = runs_find((struct runs){charset_cp932, charset_cp932_count}, a << 8 | b);
    }
    return give(other >= 0 ? (u32)other : found, 2, ch);
}

enum { JP_ASCII, JP_ROMAN, JP_KANJI, JP_FOREIGN = 4 };

#define JP_ESCAPE_BYTES 16 // CPython looks no further for the end of an escape sequence

static bool is_escape_end(u32 c)
{
    return in(c, 'A', 'Z') || c == '@';
}

// The bytes of an escape sequence, which ends at an upper-case letter or '@'; the sequence that
// announces a revision goes on with the one that it is for. 0: it has no end, -1: s ends before.
static isize iso2022_escape_bytes(str s)
{
    for (isize i = 1; i < JP_ESCAPE_BYTES; i++) {
        if (i >= s.n) {
            return -1;
        }
        if (is_escape_end(s.p[i])) {
            return i + 1;
        }
        i += s.p[i] == '&' && i + 1 < s.n && s.p[i + 1] == '@' ? 2 : 0;
    }
    return 0;
}

// One that RFC 1468 does not know is one error, but one of another kind altogether goes through as
// characters, as CPython has it; so is it that JIS X 0208 may be named in four bytes, that its
// revision may be announced, and that a second set may be named, which nothing then calls.
static isize iso2022_escape(str s, u8 *state, u32 *ch)
{
    if (s.n < 2) {
        return cut_off(s, ch);
    }
    if (str_find_byte(S("()$.&"), s.p[1]) < 0) {
        *state |= JP_FOREIGN;
        *ch = 0x1B;
        return 1;
    }
    isize n = iso2022_escape_bytes(s);
    if (n < 0) {
        return cut_off(s, ch);
    }
    str escape = str_slice(s, 1, n ? n : 1);
    bool revised = str_eq(escape, S("&@\x1B$B"));
    bool wide = revised || (escape.n == 2 && escape.p[0] == '$') ||
                (escape.n == 3 && escape.p[0] == '$' && in(escape.p[1], '(', ')'));
    bool narrow = escape.n == 2 && in(escape.p[0], '(', ')');
    u32 final = n ? s.p[n - 1] : 0;
    if (!(wide && (final == '@' || final == 'B')) && !(narrow && (final == 'B' || final == 'J'))) {
        *ch = CHARSET_NONE;
        return n ? n : 1;
    }
    bool second = escape.p[0] == ')' || (escape.n == 3 && escape.p[1] == ')');
    if (!second) {
        *state = wide ? JP_KANJI : final == 'J' ? JP_ROMAN : JP_ASCII;
    }
    *ch = CHARSET_CJK_SILENT;
    return n;
}

static isize iso2022_jp(str s, u8 *state, u32 *ch)
{
    u32 a = s.p[0];
    *ch = a;
    if (a >= 128) {
        return give(0, 1, ch);
    }
    if (*state & JP_FOREIGN) {
        if (is_escape_end(a)) {
            *state &= (u8)~JP_FOREIGN;
        }
        return 1;
    }
    if (a == 0x1B) {
        return iso2022_escape(s, state, ch);
    }
    if (a < 0x21 || a == 0x7F || *state == JP_ASCII) {
        return 1;
    }
    if (*state == JP_ROMAN) {
        *ch = a == '\\' ? 0xA5 : a == '~' ? 0x203E : a;
        return 1;
    }
    if (s.n < 2) {
        return cut_off(s, ch);
    }
    return give(grid_at(charset_jisx0208, a | 0x80, s.p[1] < 128 ? s.p[1] | 0x80u : 0), 2, ch);
}

isize charset_cjk_next(enum charset_kind kind, str s, u8 *state, u32 *ch)
{
    if (kind == CHARSET_ISO2022_JP) {
        return iso2022_jp(s, state, ch);
    }
    if (s.p[0] < 128) {
        *ch = s.p[0];
        return 1;
    }
    if (kind == CHARSET_GB2312 || kind == CHARSET_GBK || kind == CHARSET_GB18030) {
        return chinese_simple(kind, s, ch);
    }
    if (kind == CHARSET_BIG5 || kind == CHARSET_CP950) {
        return chinese_traditional(kind, s, ch);
    }
    if (kind == CHARSET_EUC_KR || kind == CHARSET_CP949) {
        return korean(kind, s, ch);
    }
    return kind == CHARSET_EUC_JP ? euc_jp(s, ch) : shift_jis(kind, s, ch);
}
