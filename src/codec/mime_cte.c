// SPDX-License-Identifier: Apache-2.0
// Transfer decodings; mime_cte.h has the contract. Base64 is read four digits at a time while they
// are clean, quoted-printable is copied, 16 bytes at a time, from one '=' to the next.
#include "codec/mime_cte.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "codec/mime_scan.h"

#define NO 255

static const u8 digits[256] = {
    [0 ... 42] = NO, ['+'] = 62,       [44 ... 46] = NO,   ['/'] = 63, [58 ... 64] = NO,
    ['0'] = 52,      ['1'] = 53,       ['2'] = 54,         ['3'] = 55, ['4'] = 56,
    ['5'] = 57,      ['6'] = 58,       ['7'] = 59,         ['8'] = 60, ['9'] = 61,
    ['A'] = 0,       ['B'] = 1,        ['C'] = 2,          ['D'] = 3,  ['E'] = 4,
    ['F'] = 5,       ['G'] = 6,        ['H'] = 7,          ['I'] = 8,  ['J'] = 9,
    ['K'] = 10,      ['L'] = 11,       ['M'] = 12,         ['N'] = 13, ['O'] = 14,
    ['P'] = 15,      ['Q'] = 16,       ['R'] = 17,         ['S'] = 18, ['T'] = 19,
    ['U'] = 20,      ['V'] = 21,       ['W'] = 22,         ['X'] = 23, ['Y'] = 24,
    ['Z'] = 25,      [91 ... 96] = NO, [123 ... 255] = NO, ['a'] = 26, ['b'] = 27,
    ['c'] = 28,      ['d'] = 29,       ['e'] = 30,         ['f'] = 31, ['g'] = 32,
    ['h'] = 33,      ['i'] = 34,       ['j'] = 35,         ['k'] = 36, ['l'] = 37,
    ['m'] = 38,      ['n'] = 39,       ['o'] = 40,         ['p'] = 41, ['q'] = 42,
    ['r'] = 43,      ['s'] = 44,       ['t'] = 45,         ['u'] = 46, ['v'] = 47,
    ['w'] = 48,      ['x'] = 49,       ['y'] = 50,         ['z'] = 51,
};

static const u8 hex_digits[256] = {
    [0 ... 47] = NO, ['0'] = 0,  ['1'] = 1,  ['2'] = 2,  ['3'] = 3,          ['4'] = 4,  ['5'] = 5,
    ['6'] = 6,       ['7'] = 7,  ['8'] = 8,  ['9'] = 9,  [58 ... 64] = NO,   ['A'] = 10, ['B'] = 11,
    ['C'] = 12,      ['D'] = 13, ['E'] = 14, ['F'] = 15, [71 ... 96] = NO,   ['a'] = 10, ['b'] = 11,
    ['c'] = 12,      ['d'] = 13, ['e'] = 14, ['f'] = 15, [103 ... 255] = NO,
};

int mime_cte_hex_digit(u8 c)
{
    return hex_digits[c] == NO ? -1 : hex_digits[c];
}

isize mime_cte_base64(str s, u8 *to)
{
    isize n = 0;
    u32 bits = 0;
    int have = 0; // digits of an unfinished group of four
    int pads = 0;
    for (isize i = 0; i < s.n;) {
        while (!have && i + 4 <= s.n) {
            u32 a = digits[s.p[i]], b = digits[s.p[i + 1]];
            u32 c = digits[s.p[i + 2]], d = digits[s.p[i + 3]];
            if ((a | b | c | d) > 63) {
                break;
            }
            to[n] = (u8)(a << 2 | b >> 4);
            to[n + 1] = (u8)(b << 4 | c >> 2);
            to[n + 2] = (u8)(c << 6 | d);
            n += 3;
            i += 4;
        }
        if (i == s.n) {
            break;
        }
        u8 c = s.p[i++];
        if (c == '=' && have >= 2 && have + ++pads >= 4) {
            have = 0;
            break;
        }
        if (digits[c] == NO) {
            continue;
        }
        pads = 0;
        bits = bits << 6 | digits[c];
        have = (have + 1) % 4;
        if (have == 2) {
            to[n++] = (u8)(bits >> 4);
        } else if (have == 3) {
            to[n++] = (u8)(bits >> 2);
        } else if (have == 0) {
            to[n++] = (u8)bits;
        }
    }
    return have == 1 ? -1 : n;
}

bool mime_cte_is_base64(str s)
{
    int have = 0;
    int pads = 0;
    for (isize i = 0; i < s.n; i++) {
        if (s.p[i] == '=' && have >= 2 && have + ++pads >= 4) {
            return true;
        }
        if (digits[s.p[i]] != NO) {
            pads = 0;
            have = (have + 1) % 4;
        }
    }
    return have != 1;
}

// Index behind the soft line break whose '=' stands before `i`, or `i` when there is none.
static isize after_soft_break(str s, isize i)
{
    isize at = i;
    while (at < s.n && s.p[at] == '\r') {
        at++;
    }
    return at < s.n && s.p[at] == '\n' ? at + 1 : at;
}

// Copies 16 bytes; a bit for each that is '='.
#if defined(__SSE2__)
static u32 copy_16(u8 *to, const u8 *from)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)from);
    _mm_storeu_si128((__m128i *)(void *)to, v);
    return (u32)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8('=')));
}
#else
static u32 copy_16(u8 *to, const u8 *from)
{
    u32 marks = 0;
    for (int i = 0; i < 16; i++) {
        to[i] = from[i];
        marks |= (u32)(from[i] == '=') << i;
    }
    return marks;
}
#endif

// Copies from s.p + i up to the next '=' and returns how many bytes that were. In steps of 16 a
// store may reach behind what is kept, which is not yet read text only where `to` overlaps s.
static isize copy_to_mark(str s, isize i, u8 *to, bool apart)
{
    isize run = 0;
    for (; apart && i + run + 16 <= s.n; run += 16) {
        u32 marks = copy_16(to + run, s.p + i + run);
        if (marks) {
            return run + __builtin_ctz(marks);
        }
    }
    for (; i + run < s.n && s.p[i + run] != '='; run++) {
        to[run] = s.p[i + run];
    }
    return run;
}

isize mime_cte_quoted(str s, u8 *to)
{
    isize n = 0;
    size_t all = (size_t)s.n, shift = (size_t)((uintptr_t)to - (uintptr_t)s.p);
    bool apart = shift >= all && (size_t)0 - shift >= all;
    for (isize i = 0; i < s.n;) {
        isize run = copy_to_mark(s, i, to + n, apart);
        n += run;
        i += run;
        if (i == s.n) {
            break;
        }
        i++;
        u32 high = i + 1 < s.n ? hex_digits[s.p[i]] : NO;
        u32 low = i + 1 < s.n ? hex_digits[s.p[i + 1]] : NO;
        isize next = high == NO ? after_soft_break(s, i) : i;
        if (next > i) {
            i = next;
        } else if ((high | low) < 16) {
            to[n++] = (u8)(high * 16 + low);
            i += 2;
        } else if (i < s.n) {
            to[n++] = '=';
            i += s.p[i] == '='; // "==" is what some writers make of one
        }
    }
    return n;
}

// ---- uuencode

// One line: a length, then four characters of six bits for three bytes. -1: it is not one. `line`
// may be longer than its length says only by blanks.
static isize uu_line(str line, u8 *to)
{
    isize want = (line.p[0] - 32) & 63;
    isize n = 0;
    isize i = 1;
    u32 bits = 0;
    int have = 0;
    while (n < want) {
        u8 c = i < line.n ? line.p[i] : ' '; // trailing blanks may have been cut off
        if (c < 32 || c > 96) {
            return -1;
        }
        i++;
        bits = bits << 6 | ((c - 32u) & 63);
        have += 6;
        if (have >= 8) {
            have -= 8;
            to[n++] = (u8)(bits >> have);
        }
    }
    for (; i < line.n; i++) {
        if (line.p[i] != ' ' && line.p[i] != 96) {
            return -1;
        }
    }
    return n;
}

static bool is_uu_begin(str line)
{
    if (!str_starts(line, S("begin "))) {
        return false;
    }
    str mode;
    bool found;
    (void)str_cut(str_from_index(line, 6), ' ', &mode, &found);
    isize digits_seen = 0;
    for (isize i = 0; i < mode.n; i++) {
        if (mode.p[i] < '0' || mode.p[i] > '7') {
            return false;
        }
        digits_seen++;
    }
    return digits_seen > 0;
}

static str line_at(str s, isize *at)
{
    isize end = mime_scan_eol(s, *at);
    str line = str_slice(s, *at, end);
    *at = mime_scan_after_eol(s, end);
    return line;
}

// False: no uuencoded file is in it, or it is damaged.
static bool uu_decode(str s, u8 *to, isize *n)
{
    isize at = 0;
    bool begun = false;
    while (!begun && at < s.n) {
        begun = is_uu_begin(line_at(s, &at));
    }
    *n = 0;
    while (begun && at < s.n) {
        str line = line_at(s, &at);
        if (!line.n) {
            return false;
        }
        if (str_eq(str_trim(line), S("end"))) {
            break;
        }
        isize got = uu_line(line, to + *n);
        if (got < 0) {
            // Some writers fill the last group with anything: only what the length needs is read.
            isize need = (((line.p[0] - 32) & 63) * 4 + 5) / 3;
            got = uu_line(str_slice(line, 0, need < line.n ? need : line.n), to + *n);
        }
        if (got < 0) {
            return false;
        }
        *n += got;
    }
    return begun;
}

// The bytes that the lines claim to hold, which for damaged ones is more than they have.
static isize uu_bound(str s)
{
    isize bytes = 3;
    for (isize at = 0; at < s.n;) {
        str line = line_at(s, &at);
        bytes += line.n ? (line.p[0] - 32) & 63 : 0;
    }
    return bytes;
}

static bool is_any(str encoding, const str *names, isize count)
{
    for (isize i = 0; i < count; i++) {
        if (str_eq_nocase(encoding, names[i])) {
            return true;
        }
    }
    return false;
}

// What a body that is not base64 counts as: itself, its lines joined.
static isize join_lines(str s, u8 *to)
{
    isize n = 0;
    for (isize i = 0; i < s.n; i++) {
        to[n] = s.p[i];
        n += s.p[i] != '\n' && s.p[i] != '\r';
    }
    return n;
}

err mime_cte_decode(str encoding, str body, struct arena *scratch, str *out)
{
    static const str uu_names[] = {S("x-uuencode"), S("uuencode"), S("uue"), S("x-uue")};
    bool quoted = str_eq_nocase(encoding, S("quoted-printable"));
    bool base64 = str_eq_nocase(encoding, S("base64"));
    bool uu = is_any(encoding, uu_names, COUNT(uu_names));
    *out = body;
    if ((!quoted && !base64 && !uu) || !body.n) {
        return OK;
    }
    struct arena before = *scratch;
    isize room = uu ? uu_bound(body) : body.n;
    if (room > body.n * 2 + 64) {
        return OK; // not what a writer makes: it stays as it is
    }
    u8 *to = arena_try(scratch, 1, room);
    if (!to) {
        return FAIL(ARENA_FULL);
    }
    isize n = 0;
    if (quoted) {
        n = mime_cte_quoted(body, to);
    } else if (base64) {
        n = mime_cte_base64(body, to);
        n = n < 0 ? join_lines(body, to) : n;
    } else if (!uu_decode(body, to, &n)) {
        *scratch = before;
        return OK;
    }
    *out = (str){to, n};
    return OK;
}
