// SPDX-License-Identifier: Apache-2.0
// Text forms (see rules_text.h): the tokens of codec/json_grammar, each in Python's clothes. In
// which quotes a nested string stands depends on what is in it: it is read through once before.
#include "sync/rules_text.h"

#include "codec/charset.h"
#include "codec/regex_unicode.h"

void rules_text_begin(struct rules_text *t, str value)
{
    *t = (struct rules_text){.value = value};
    t->nested = value.n && (value.p[0] == '[' || value.p[0] == '{');
    json_grammar_init(&t->g);
}

void rules_text_begin_repr(struct rules_text *t, str value)
{
    rules_text_begin(t, value);
    t->nested = true;
}

void rules_text_begin_plain(struct rules_text *t, str text)
{
    *t = (struct rules_text){.run = text, .ended = true};
}

// A number, or a literal.
static str text_scalar(struct rules_text *t, str s)
{
    struct buf b = buf_over(t->small, sizeof t->small);
    double v;
    switch (s.p[0]) {
    case 't':
        return S("True");
    case 'f':
        return S("False");
    case 'n':
        return S("None");
    default:
        break;
    }
    bool integer = true;
    for (isize i = 0; i < s.n; i++) {
        integer = integer && (str_is_digit(s.p[i]) || s.p[i] == '-');
    }
    if (integer) {
        return str_eq(s, S("-0")) ? S("0") : s;
    }
    if (number_parse_json(s, &v)) {
        number_put_repr(&b, v);
    }
    return buf_str(&b);
}

// The quotes for the string whose opening quote was just read: as repr() chooses them.
static u8 text_quote(const struct rules_text *t)
{
    struct json_grammar g = t->g;
    isize from, at = t->at;
    bool single = false;
    for (;;) {
        enum json_token token = json_grammar_next(&g, t->value, &from, &at);
        str s = token == JSON_TOKEN_TEXT ? str_slice(t->value, from, at) : g.decoded;
        if (token != JSON_TOKEN_TEXT && token != JSON_TOKEN_CHAR) {
            return single ? '"' : '\'';
        }
        if (str_find_byte(s, '"') >= 0) {
            return '\'';
        }
        single = single || str_find_byte(s, '\'') >= 0;
    }
}

static str text_escape(struct rules_text *t, u32 c)
{
    static const u8 names[128] = {
        ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't', ['\\'] = '\\', ['\''] = '\''};
    struct buf b = buf_over(t->small, sizeof t->small);
    buf_put_byte(&b, '\\');
    if (c < 128 && names[c]) {
        buf_put_byte(&b, names[c]);
        return buf_str(&b);
    }
    int bytes = c < 0x100 ? 1 : c < 0x10000 ? 2 : 4;
    buf_put_byte(&b, bytes == 1 ? 'x' : bytes == 2 ? 'u' : 'U');
    for (int i = bytes - 1; i >= 0; i--) {
        u8 byte = (u8)(c >> (8 * i));
        buf_put_hex(&b, str_make(&byte, 1));
    }
    return buf_str(&b);
}

// The next characters of a nested string.
static str text_run(struct rules_text *t)
{
    isize n = 0;
    while (n < t->run.n && n < RULES_PIECE_BYTES - 4) {
        u32 c;
        isize used = charset_utf8_next(str_from_index(t->run, n), &c);
        bool bad = c == CHARSET_NONE;
        if (!bad && c != '\\' && c != t->quote && regex_is_printable(c)) {
            n += used;
            continue;
        }
        if (n) {
            break;
        }
        t->run = str_from_index(t->run, used);
        return bad ? S("\xef\xbf\xbd") : text_escape(t, c);
    }
    str piece = str_slice(t->run, 0, n);
    t->run = str_from_index(t->run, n);
    return piece;
}

static str text_token(struct rules_text *t, enum json_token token, str s)
{
    switch (token) {
    case JSON_TOKEN_OPEN:
    case JSON_TOKEN_CLOSE:
        return s;
    case JSON_TOKEN_COMMA:
        return S(", ");
    case JSON_TOKEN_COLON:
        return S(": ");
    case JSON_TOKEN_QUOTE:
        t->quote = t->nested ? text_quote(t) : 0;
        return t->nested ? str_make(&t->quote, 1) : S("");
    case JSON_TOKEN_STRING:
        return t->nested ? str_make(&t->quote, 1) : S("");
    case JSON_TOKEN_TEXT:
        t->run = s;
        return S("");
    case JSON_TOKEN_CHAR:
        for (isize i = 0; i < t->g.decoded.n; i++) {
            t->chars[i] = t->g.decoded.p[i];
        }
        t->run = str_make(t->chars, t->g.decoded.n);
        return S("");
    case JSON_TOKEN_SCALAR:
        return text_scalar(t, s);
    case JSON_TOKEN_MORE:
    case JSON_TOKEN_BAD:
        break;
    }
    t->ended = true;
    // A number at the root ends with the text.
    return token == JSON_TOKEN_MORE && s.n ? text_scalar(t, s) : S("");
}

bool rules_text_next(struct rules_text *t, str *piece)
{
    for (;;) {
        if (t->run.n) {
            isize n = t->run.n < RULES_PIECE_BYTES ? t->run.n : RULES_PIECE_BYTES;
            *piece = t->nested ? text_run(t) : str_slice(t->run, 0, n);
            t->run = t->nested ? t->run : str_from_index(t->run, n);
            return true;
        }
        if (t->ended) {
            return false;
        }
        isize from = 0;
        enum json_token token = json_grammar_next(&t->g, t->value, &from, &t->at);
        *piece = text_token(t, token, str_slice(t->value, from, t->at));
        if (piece->n) {
            return true;
        }
    }
}
