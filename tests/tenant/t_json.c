// SPDX-License-Identifier: Apache-2.0
// The tenant's JSON; see t_json.h.
#include "t_json.h"

#include <emmintrin.h>
#include <string.h>

static isize skip_blanks(str s, isize i)
{
    while (i < s.n && str_is_space(s.p[i])) {
        i++;
    }
    return i;
}

// Index of the first byte that is a quote, a backslash, or a control character; sets *high when a
// byte beyond ASCII was passed.
static isize find_special(str s, isize i, bool *high)
{
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i slash = _mm_set1_epi8('\\');
    const __m128i control = _mm_set1_epi8(31);
    int high_bits = 0;
    while (i + 16 <= s.n) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(s.p + i));
        __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash));
        hit = _mm_or_si128(hit, _mm_cmpeq_epi8(_mm_min_epu8(v, control), v));
        int mask = _mm_movemask_epi8(hit);
        if (mask != 0) {
            int k = __builtin_ctz((unsigned)mask);
            high_bits |= _mm_movemask_epi8(v) & ((1 << k) - 1);
            *high = *high || high_bits != 0;
            return i + k;
        }
        high_bits |= _mm_movemask_epi8(v);
        i += 16;
    }
    *high = *high || high_bits != 0;
    for (; i < s.n; i++) {
        u8 c = s.p[i];
        if (c == '"' || c == '\\' || c < 32) {
            return i;
        }
        *high = *high || c >= 128;
    }
    return i;
}

static bool is_hex4(str s, isize i)
{
    u64 v;
    return i + 4 <= s.n && str_to_u64_hex(str_slice(s, i, i + 4), &v);
}

// s[i] is the opening quote. Index after the closing one, or -1.
static isize skip_string(str s, isize i)
{
    isize start = ++i;
    bool high = false;
    for (;;) {
        i = find_special(s, i, &high);
        if (i >= s.n || s.p[i] < 32) {
            return -1;
        }
        if (s.p[i] == '"') {
            break;
        }
        if (i + 1 >= s.n || s.p[i + 1] == 0 || !strchr("\"\\/bfnrtu", s.p[i + 1])) {
            return -1;
        }
        if (s.p[i + 1] == 'u' && !is_hex4(s, i + 2)) {
            return -1;
        }
        i += 2;
    }
    return high && !str_is_utf8(str_slice(s, start, i)) ? -1 : i + 1;
}

static isize skip_digits(str s, isize i)
{
    isize start = i;
    while (i < s.n && str_is_digit(s.p[i])) {
        i++;
    }
    return i > start ? i : -1;
}

static isize skip_number(str s, isize i)
{
    if (i < s.n && s.p[i] == '-') {
        i++;
    }
    if (i < s.n && s.p[i] == '0') {
        i++;
    } else {
        i = skip_digits(s, i);
    }
    if (i > 0 && i < s.n && s.p[i] == '.') {
        i = skip_digits(s, i + 1);
    }
    if (i > 0 && i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
        i++;
        if (i < s.n && (s.p[i] == '+' || s.p[i] == '-')) {
            i++;
        }
        i = skip_digits(s, i);
    }
    return i;
}

static isize skip_scalar(str s, isize i)
{
    if (i >= s.n) {
        return -1;
    }
    if (s.p[i] == '"') {
        return skip_string(s, i);
    }
    str rest = str_from_index(s, i);
    if (str_starts(rest, S("true")) || str_starts(rest, S("null"))) {
        return i + 4;
    }
    if (str_starts(rest, S("false"))) {
        return i + 5;
    }
    return skip_number(s, i);
}

// s[i] begins a key: index of its value's first byte, or -1.
static isize skip_key(str s, isize i)
{
    if (i >= s.n || s.p[i] != '"') {
        return -1;
    }
    i = skip_string(s, i);
    if (i < 0) {
        return -1;
    }
    i = skip_blanks(s, i);
    return i < s.n && s.p[i] == ':' ? skip_blanks(s, i + 1) : -1;
}

// After a value within depth > 0: closes what closes, takes the comma. Index of the next value, or
// of the end when depth fell to 0; -1.
static isize after_value(str s, isize i, const u8 *open, int *depth)
{
    while (*depth > 0) {
        i = skip_blanks(s, i);
        if (i >= s.n) {
            return -1;
        }
        u8 kind = open[*depth - 1];
        if (s.p[i] == ',') {
            i = skip_blanks(s, i + 1);
            return kind == '{' ? skip_key(s, i) : i;
        }
        if (s.p[i] != (kind == '{' ? '}' : ']')) {
            return -1;
        }
        (*depth)--;
        i++;
    }
    return i;
}

isize t_json_value(str s, str *value)
{
    u8 open[T_JSON_DEPTH];
    int depth = 0;
    isize start = skip_blanks(s, 0);
    isize i = start;
    do {
        if (i < s.n && (s.p[i] == '{' || s.p[i] == '[')) {
            if (depth == T_JSON_DEPTH) {
                return -1;
            }
            u8 kind = s.p[i];
            open[depth++] = kind;
            i = skip_blanks(s, i + 1);
            if (i < s.n && s.p[i] == (kind == '{' ? '}' : ']')) {
                depth--;
                i = after_value(s, i + 1, open, &depth);
            } else if (kind == '{') {
                i = skip_key(s, i);
            }
        } else {
            i = skip_scalar(s, i);
            i = i < 0 ? -1 : after_value(s, i, open, &depth);
        }
        if (i < 0) {
            return -1;
        }
    } while (depth > 0);
    *value = str_slice(s, start, i);
    return i;
}

bool t_json_whole(str s, str *value)
{
    isize end = t_json_value(s, value);
    return end >= 0 && skip_blanks(s, end) == s.n;
}

bool t_json_member(str object, isize *at, str *key, str *value)
{
    isize i = skip_blanks(object, *at == 0 ? 1 : *at);
    if (i < object.n && object.p[i] == ',') {
        i = skip_blanks(object, i + 1);
    }
    if (i >= object.n || object.p[i] != '"') {
        return false;
    }
    isize end = skip_string(object, i);
    if (end < 0) {
        return false;
    }
    *key = str_slice(object, i + 1, end - 1);
    i = skip_blanks(object, end) + 1; // the colon
    isize used = t_json_value(str_from_index(object, i), value);
    if (used < 0) {
        return false;
    }
    *at = i + used;
    return true;
}

bool t_json_element(str array, isize *at, str *value)
{
    isize i = skip_blanks(array, *at == 0 ? 1 : *at);
    if (i < array.n && array.p[i] == ',') {
        i++;
    }
    isize used = i < array.n ? t_json_value(str_from_index(array, i), value) : -1;
    if (used < 0) {
        return false;
    }
    *at = i + used;
    return true;
}

bool t_json_get(str object, const char *key, str *value)
{
    str name;
    isize at = 0;
    while (t_json_is_object(object) && t_json_member(object, &at, &name, value)) {
        if (str_eq(name, str_from(key))) {
            return true;
        }
    }
    *value = (str){0};
    return false;
}

bool t_json_is_object(str v)
{
    return v.n > 0 && v.p[0] == '{';
}

bool t_json_is_array(str v)
{
    return v.n > 0 && v.p[0] == '[';
}

bool t_json_is_string(str v)
{
    return v.n > 0 && v.p[0] == '"';
}

static u32 hex4(str s, isize i)
{
    u64 v = 0;
    return i + 4 <= s.n && str_to_u64_hex(str_slice(s, i, i + 4), &v) ? (u32)v : 0xFFFD;
}

static void put_utf8(struct t_buf *b, u32 c)
{
    if (c < 0x80) {
        t_buf_byte(b, (u8)c);
        return;
    }
    if (c < 0x800) {
        t_buf_byte(b, (u8)(0xC0 | c >> 6));
    } else {
        if (c < 0x10000) {
            t_buf_byte(b, (u8)(0xE0 | c >> 12));
        } else {
            t_buf_byte(b, (u8)(0xF0 | c >> 18));
            t_buf_byte(b, (u8)(0x80 | (c >> 12 & 63)));
        }
        t_buf_byte(b, (u8)(0x80 | (c >> 6 & 63)));
    }
    t_buf_byte(b, (u8)(0x80 | (c & 63)));
}

// s[i] is the backslash; index after the escape.
static isize put_escape(struct t_buf *b, str s, isize i)
{
    static const char from[] = "bfnrt";
    static const char to[] = "\b\f\n\r\t";
    u8 c = s.p[i + 1];
    if (c != 'u') {
        const char *at = c ? strchr(from, c) : NULL;
        t_buf_byte(b, at ? (u8)to[at - from] : c);
        return i + 2;
    }
    u32 v = hex4(s, i + 2);
    i += 6;
    if (v >= 0xD800 && v < 0xDC00 && i + 6 <= s.n && s.p[i] == '\\' && s.p[i + 1] == 'u') {
        u32 low = hex4(s, i + 2);
        if (low >= 0xDC00 && low < 0xE000) {
            v = 0x10000 + ((v - 0xD800) << 10) + (low - 0xDC00);
            i += 6;
        }
    }
    put_utf8(b, v >= 0xD800 && v < 0xE000 ? 0xFFFD : v);
    return i;
}

bool t_json_text(str v, struct t_buf *out)
{
    if (!t_json_is_string(v)) {
        return false;
    }
    str s = str_slice(v, 1, v.n - 1);
    isize i = 0;
    while (i < s.n) {
        bool high = false;
        isize end = find_special(s, i, &high);
        t_buf_put(out, str_slice(s, i, end));
        i = end < s.n ? put_escape(out, s, end) : end;
    }
    return true;
}

bool t_json_get_text(str object, const char *key, struct t_buf *out)
{
    str v;
    out->n = 0;
    return t_json_get(object, key, &v) && t_json_text(v, out);
}

i64 t_json_i64(str object, const char *key, i64 otherwise)
{
    str v;
    i64 n;
    return t_json_get(object, key, &v) && str_to_i64(v, &n) ? n : otherwise;
}

bool t_json_bool(str object, const char *key, bool otherwise)
{
    str v;
    return t_json_get(object, key, &v) ? str_eq(v, S("true")) : otherwise;
}

static void put_line(struct t_writer *w)
{
    if (w->pretty) {
        t_buf_byte(w->b, '\n');
        t_buf_fill(w->b, ' ', 2 * w->depth);
    }
}

void t_json_open(struct t_writer *w, char bracket)
{
    t_buf_byte(w->b, (u8)bracket);
    w->depth++;
    w->first = true;
}

void t_json_close(struct t_writer *w, char bracket)
{
    w->depth--;
    if (!w->first) {
        put_line(w);
    }
    t_buf_byte(w->b, (u8)bracket);
    w->first = false;
}

void t_json_item(struct t_writer *w)
{
    if (!w->first) {
        t_buf_byte(w->b, ',');
    }
    w->first = false;
    put_line(w);
}

void t_json_key(struct t_writer *w, const char *key)
{
    t_json_item(w);
    t_buf_byte(w->b, '"');
    t_buf_z(w->b, key);
    t_buf_z(w->b, w->pretty ? "\": " : "\":");
}

void t_json_put_string(struct t_buf *b, str s)
{
    t_buf_byte(b, '"');
    isize i = 0;
    while (i < s.n) {
        bool high = false;
        isize end = find_special(s, i, &high);
        t_buf_put(b, str_slice(s, i, end));
        if (end < s.n) {
            u8 c = s.p[end];
            if (c == '"' || c == '\\') {
                t_buf_byte(b, '\\');
                t_buf_byte(b, c);
            } else {
                t_buf_printf(b, "\\u%04x", c);
            }
            end++;
        }
        i = end;
    }
    t_buf_byte(b, '"');
}

void t_json_put_member(struct t_writer *w, const char *key, str s)
{
    t_json_key(w, key);
    t_json_put_string(w->b, s);
}

void t_json_put_number(struct t_writer *w, const char *key, i64 v)
{
    t_json_key(w, key);
    t_buf_printf(w->b, "%lld", (long long)v);
}

void t_json_put_bool(struct t_writer *w, const char *key, bool v)
{
    t_json_key(w, key);
    t_buf_z(w->b, v ? "true" : "false");
}
