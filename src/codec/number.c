// SPDX-License-Identifier: Apache-2.0
// Numbers as Python has them (see number.h). A struct decimal is an exact decimal fraction; it is
// doubled and halved, by up to 60 bits at a time, until its binary exponent is known.
#include "codec/number.h"

#include <string.h>

#include "codec/charset.h"
#include "codec/regex_unicode.h"

enum { DECIMAL_DIGITS = 800, DECIMAL_SHIFT_MAX = 60, DOUBLE_BIAS = -1023 };

// 0.d1d2d3... * 10^point; no zeros at its end, none at its beginning.
struct decimal {
    int n;
    i64 point;
    bool negative;
    bool cut; // there were more digits, not all zero
    u8 digits[DECIMAL_DIGITS];
};

static void decimal_trim(struct decimal *d)
{
    while (d->n > 0 && d->digits[d->n - 1] == 0) {
        d->n--;
    }
    if (d->n == 0) {
        d->point = 0;
    }
}

static void decimal_add_digit(struct decimal *d, u8 digit)
{
    if (d->n < DECIMAL_DIGITS) {
        d->digits[d->n++] = digit;
    } else if (digit) {
        d->cut = true;
    }
}

// Divided by 2^bits.
static void decimal_shift_right(struct decimal *d, int bits)
{
    int read = 0, write = 0;
    u64 rest = 0;
    for (; rest >> bits == 0; read++) {
        if (read >= d->n) {
            if (rest == 0) {
                d->n = 0;
                return;
            }
            while (rest >> bits == 0) {
                rest *= 10;
                read++;
            }
            break;
        }
        rest = rest * 10 + d->digits[read];
    }
    d->point -= read - 1;
    u64 mask = ((u64)1 << bits) - 1;
    for (; read < d->n; read++) {
        u64 digit = rest >> bits;
        rest = (rest & mask) * 10 + d->digits[read];
        d->digits[write++] = (u8)digit;
    }
    while (rest > 0) {
        u64 digit = rest >> bits;
        rest = (rest & mask) * 10;
        if (write < DECIMAL_DIGITS) {
            d->digits[write++] = (u8)digit;
        } else if (digit > 0) {
            d->cut = true;
        }
    }
    d->n = write;
    decimal_trim(d);
}

// Multiplied by 2^bits: from the right, into the digits' own place; what is carried out of the left
// end is put before them.
static void decimal_shift_left(struct decimal *d, int bits)
{
    u8 carried[20];
    u64 carry = 0;
    int n = 0;
    for (int i = d->n - 1; i >= 0; i--) {
        carry += (u64)d->digits[i] << bits;
        d->digits[i] = (u8)(carry % 10);
        carry /= 10;
    }
    for (; carry; carry /= 10) {
        carried[n++] = (u8)(carry % 10);
    }
    for (int i = d->n - 1; i >= 0 && i + n >= DECIMAL_DIGITS; i--) {
        d->cut = d->cut || d->digits[i];
    }
    int kept = d->n + n > DECIMAL_DIGITS ? DECIMAL_DIGITS - n : d->n;
    ASSERT(kept >= 0);
    memmove(d->digits + n, d->digits, (size_t)kept);
    for (int i = 0; i < n; i++) {
        d->digits[i] = carried[n - 1 - i];
    }
    d->n = kept + n;
    d->point += n;
    decimal_trim(d);
}

static void decimal_shift(struct decimal *d, int bits)
{
    while (d->n && bits) {
        int step = bits > 0 ? bits : -bits;
        step = step > DECIMAL_SHIFT_MAX ? DECIMAL_SHIFT_MAX : step;
        if (bits > 0) {
            decimal_shift_left(d, step);
            bits -= step;
        } else {
            decimal_shift_right(d, step);
            bits += step;
        }
    }
}

// Whether the digits from index n on round up, half to even.
static bool decimal_rounds_up(const struct decimal *d, i64 n)
{
    if (n < 0 || n >= d->n) {
        return false;
    }
    if (d->digits[n] == 5 && n + 1 == d->n) {
        return d->cut || (n > 0 && d->digits[n - 1] % 2);
    }
    return d->digits[n] >= 5;
}

static u64 decimal_integer(const struct decimal *d)
{
    u64 v = 0;
    for (int i = 0; i < d->point && i < 20; i++) {
        v = v * 10 + (i < d->n ? d->digits[i] : 0);
    }
    return v + decimal_rounds_up(d, d->point);
}

static double double_of(bool negative, u64 mantissa, int exponent)
{
    u64 bits = (mantissa & (((u64)1 << 52) - 1)) | (u64)(exponent - DOUBLE_BIAS) << 52 |
               (u64)negative << 63;
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

// How far a decimal of so many digits before the point may be halved to come nearer to 1.
static int decimal_step(i64 digits)
{
    static const u8 steps[] = {1, 3, 6, 9, 13, 16, 19, 23, 26};
    return digits >= COUNT(steps) ? 27 : steps[digits];
}

static double decimal_to_double(struct decimal *d)
{
    const int infinite = 1024;
    int exponent = 0;
    if (d->n == 0 || d->point < -330) {
        return double_of(d->negative, 0, DOUBLE_BIAS);
    }
    if (d->point > 310) {
        return double_of(d->negative, 0, infinite);
    }
    while (d->point > 0) {
        int step = decimal_step(d->point);
        decimal_shift(d, -step);
        exponent += step;
    }
    while (d->point < 0 || (d->point == 0 && d->digits[0] < 5)) {
        int step = decimal_step(-d->point);
        decimal_shift(d, step);
        exponent -= step;
    }
    exponent--; // from 0.5..1 to 1..2
    if (exponent < DOUBLE_BIAS + 1) {
        decimal_shift(d, exponent - (DOUBLE_BIAS + 1));
        exponent = DOUBLE_BIAS + 1;
    }
    if (exponent >= infinite) {
        return double_of(d->negative, 0, infinite);
    }
    decimal_shift(d, 53);
    u64 mantissa = decimal_integer(d);
    if (mantissa == (u64)2 << 52) {
        mantissa >>= 1;
        exponent++;
    }
    if (exponent >= infinite) {
        return double_of(d->negative, 0, infinite);
    }
    return double_of(d->negative, mantissa, mantissa & (u64)1 << 52 ? exponent : DOUBLE_BIAS);
}

// A finite double, exactly.
static void decimal_from_double(struct decimal *d, double v)
{
    u64 bits;
    memcpy(&bits, &v, sizeof bits);
    int exponent = (int)(bits >> 52 & 0x7ff);
    u64 mantissa = bits & (((u64)1 << 52) - 1);
    if (exponent) {
        mantissa |= (u64)1 << 52;
    } else {
        exponent = 1;
    }
    *d = (struct decimal){.negative = bits >> 63};
    u8 reversed[20];
    int n = 0;
    for (; mantissa; mantissa /= 10) {
        reversed[n++] = (u8)(mantissa % 10);
    }
    d->n = n;
    d->point = n;
    for (int i = 0; i < n; i++) {
        d->digits[i] = reversed[n - 1 - i];
    }
    decimal_trim(d);
    decimal_shift(d, exponent + DOUBLE_BIAS - 52);
}

// To n digits, up or down.
static void decimal_round(struct decimal *d, int n, bool up)
{
    if (n >= d->n) {
        return;
    }
    d->n = n;
    if (up) {
        while (d->n > 0 && d->digits[d->n - 1] == 9) {
            d->n--;
        }
        if (d->n == 0) {
            d->digits[d->n++] = 1;
            d->point++;
            return;
        }
        d->digits[d->n - 1]++;
    }
    decimal_trim(d);
}

// ---- text to number

// Python's float() takes digits and blanks of any script; here they become ASCII, one at a time.
struct number_read {
    str s;
    bool python;
    u32 c; // the next character; 0 at the end
};

static void number_advance(struct number_read *r)
{
    r->c = 0;
    if (!r->s.n) {
        return;
    }
    isize n = 1;
    u32 c = r->s.p[0];
    if (r->python && c >= 0x80) {
        n = charset_utf8_next(r->s, &c);
        int digit = regex_digit_value(c);
        c = digit >= 0 ? '0' + (u32)digit : regex_is_space(c) ? ' ' : 0x80;
    }
    r->c = c ? c : 0x80; // a NUL is no end
    r->s = str_from_index(r->s, n);
}

static bool number_is_digit(u32 c)
{
    return c >= '0' && c <= '9';
}

static bool number_is_blank(u32 c)
{
    return c == ' ' || (c >= 9 && c <= 13);
}

// Digits with, in Python's syntax, single underscores between them; how many there were in *count.
static bool number_digits(struct number_read *r, struct decimal *d, bool fraction, isize *count)
{
    bool underscore = false;
    *count = 0;
    for (;; number_advance(r)) {
        if (r->c == '_' && r->python && *count && !underscore) {
            underscore = true;
            continue;
        }
        if (!number_is_digit(r->c)) {
            return !underscore;
        }
        underscore = false;
        ++*count;
        u8 digit = (u8)(r->c - '0');
        if (d->n || digit || d->cut) {
            decimal_add_digit(d, digit);
            d->point += !fraction;
        } else {
            d->point -= fraction;
        }
    }
}

static bool number_exponent(struct number_read *r, struct decimal *d)
{
    if ((r->c | 0x20) != 'e') {
        return true;
    }
    number_advance(r);
    bool minus = r->c == '-', underscore = false;
    if (minus || r->c == '+') {
        number_advance(r);
    }
    if (!number_is_digit(r->c)) {
        return false;
    }
    i64 exponent = 0;
    for (; number_is_digit(r->c) || (r->c == '_' && r->python && !underscore); number_advance(r)) {
        underscore = r->c == '_';
        if (!underscore) {
            exponent = exponent > (i64)1 << 50 ? exponent : exponent * 10 + (i64)(r->c - '0');
        }
    }
    d->point += minus ? -exponent : exponent;
    return !underscore;
}

static bool number_word(struct number_read *r, const char *word)
{
    struct number_read copy = *r;
    for (; *word; word++) {
        if ((copy.c | 0x20) != (u32)(u8)*word) {
            return false;
        }
        number_advance(&copy);
    }
    *r = copy;
    return true;
}

static bool number_value(struct number_read *r, double *out)
{
    struct decimal d = {0};
    isize whole, fraction = 0;
    d.negative = r->c == '-';
    if (r->c == '-' || (r->c == '+' && r->python)) {
        number_advance(r);
    }
    if (r->python && (number_word(r, "infinity") || number_word(r, "inf"))) {
        *out = double_of(d.negative, 0, 1024);
        return true;
    }
    if (r->python && number_word(r, "nan")) {
        *out = double_of(false, (u64)1 << 51, 1024);
        return true;
    }
    if (!number_digits(r, &d, false, &whole)) {
        return false;
    }
    if (r->c == '.') {
        number_advance(r);
        if (!number_digits(r, &d, true, &fraction)) {
            return false;
        }
    }
    if (whole + fraction == 0 || !number_exponent(r, &d)) {
        return false;
    }
    decimal_trim(&d);
    *out = decimal_to_double(&d);
    return true;
}

bool number_parse_json(str s, double *out)
{
    struct number_read r = {.s = s};
    number_advance(&r);
    return number_value(&r, out) && r.c == 0;
}

bool number_parse_python(str s, double *out)
{
    struct number_read r = {.s = s, .python = true};
    number_advance(&r);
    while (number_is_blank(r.c)) {
        number_advance(&r);
    }
    if (!number_value(&r, out)) {
        return false;
    }
    while (number_is_blank(r.c)) {
        number_advance(&r);
    }
    return r.c == 0;
}

// ---- number to text

static void number_put_digits(struct buf *b, const struct decimal *d, i64 from, i64 to)
{
    for (i64 i = from; i < to; i++) {
        buf_put_byte(b, (u8)('0' + (i >= 0 && i < d->n ? d->digits[i] : 0)));
    }
}

void number_put_repr(struct buf *b, double v)
{
    struct decimal exact, d, back;
    if (v != v) {
        buf_put(b, S("nan"));
        return;
    }
    if (v - v != 0) {
        buf_put(b, v > 0 ? S("inf") : S("-inf"));
        return;
    }
    decimal_from_double(&exact, v);
    // The nearest decimal of n digits; at a power of two, where doubles lie closer below than
    // above, the one above it may give v back when the nearest does not.
    for (int n = 1, up = 0;; n += up, up = !up) {
        d = exact;
        decimal_round(&d, n, up || decimal_rounds_up(&d, n));
        back = d;
        if (n == 17 || decimal_to_double(&back) == v) {
            break;
        }
    }
    buf_put(b, d.negative ? S("-") : S(""));
    i64 point = d.n ? d.point : 1;
    if (point > 16 || point <= -4) {
        number_put_digits(b, &d, 0, 1);
        buf_put(b, d.n > 1 ? S(".") : S(""));
        number_put_digits(b, &d, 1, d.n);
        buf_put(b, point > 0 ? S("e+") : S("e-"));
        i64 exponent = point > 0 ? point - 1 : 1 - point;
        buf_put_decimal(b, (u64)exponent, exponent > 99 ? 3 : 2);
        return;
    }
    number_put_digits(b, &d, point > 0 ? 0 : -1, point > 0 ? point : 0);
    buf_put_byte(b, '.');
    number_put_digits(b, &d, point, d.n > point ? d.n : point + 1);
}

int number_compare_integer(str integer, double v)
{
    struct decimal d;
    bool negative = integer.n && integer.p[0] == '-';
    str digits = str_from_index(integer, negative);
    bool zero = str_eq(digits, S("0"));
    if (v != v) {
        return 2;
    }
    int sign = zero ? 0 : negative ? -1 : 1;
    int other = v > 0 ? 1 : v < 0 ? -1 : 0;
    if (sign != other || sign == 0) {
        return sign < other ? -1 : sign > other;
    }
    if (v - v != 0) {
        return -sign;
    }
    decimal_from_double(&d, v);
    if (digits.n != d.point) {
        return digits.n > d.point ? sign : -sign;
    }
    for (isize i = 0; i < digits.n; i++) {
        int a = digits.p[i] - '0', c = i < d.n ? d.digits[i] : 0;
        if (a != c) {
            return a > c ? sign : -sign;
        }
    }
    return d.n > d.point ? -sign : 0;
}
