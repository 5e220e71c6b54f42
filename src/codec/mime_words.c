// SPDX-License-Identifier: Apache-2.0
// Encoded words and unstructured text; mime_words.h has the contract. Where a word starts and ends,
// and which blanks between words vanish, is as CPython's parser has it, broken words included.
#include "codec/mime_words.h"

#include <string.h>

#include "codec/charset.h"
#include "codec/mime_cte.h"
#include "limits.h"

err mime_words_open(str folded, struct arena *scratch, struct mime_value *out)
{
    // Text grows to three bytes a byte at most, and is written behind what is still to be read: the
    // value lies in the last third of one piece, its text starts at the first.
    u8 *room = arena_try_n(scratch, u8, folded.n * 3 + 1);
    if (!room) {
        return FAIL(ARENA_FULL);
    }
    *out = (struct mime_value){
        .p = room + folded.n * 2, .folded = folded, .text = buf_over(room, folded.n * 3)};
    for (isize i = 0; i < folded.n; i++) {
        out->p[out->n] = folded.p[i];
        out->n += folded.p[i] != '\r' && folded.p[i] != '\n';
    }
    out->whole = out->n;
    return OK;
}

// Writes the bytes at..end of the value anew from the folded text, after they were decoded in vain.
// `at` never goes back, so that the walk over the folded text is one.
static void restore(struct mime_value *v, isize at, isize end)
{
    for (isize i = v->folded_at; v->unfolded_at < end && i < v->folded.n; i++) {
        if (v->folded.p[i] == '\r' || v->folded.p[i] == '\n') {
            continue;
        }
        if (v->unfolded_at >= at) {
            v->p[v->unfolded_at] = v->folded.p[i];
        }
        v->unfolded_at++;
        v->folded_at = i + 1;
    }
}

static bool is_blank(u8 c)
{
    return c == ' ' || c == '\t';
}

// Decodes Q where it stands; the length that is left.
static isize decode_q(u8 *p, isize n)
{
    isize to = 0;
    for (isize i = 0; i < n; i++) {
        int high = p[i] == '=' && i + 2 < n ? mime_cte_hex_digit(p[i + 1]) : -1;
        int low = high >= 0 ? mime_cte_hex_digit(p[i + 2]) : -1;
        if (low >= 0) {
            p[to++] = (u8)(high * 16 + low);
            i += 2;
        } else {
            p[to++] = p[i] == '_' ? ' ' : p[i];
        }
    }
    return to;
}

// The next "?=" at or after `from`; the last one found is remembered, so that a header full of word
// beginnings is not searched over and over.
static isize next_end(struct mime_value *v, isize from)
{
    if (from > v->whole) {
        return -1;
    }
    if (v->end_at < from && v->end_at >= 0) {
        isize found = str_find(str_from_index((str){v->p, v->whole}, from), S("?="));
        v->end_at = found < 0 ? -1 : from + found;
    }
    return v->end_at + 2 <= v->n ? v->end_at : -1;
}

// Counts the question marks of from..to, up to three, noting the first two of all.
static int count_marks(const struct mime_value *v, isize from, isize to, int count, isize marks[2])
{
    for (isize i = from; i < to && count < 3; i++) {
        if (v->p[i] == '?') {
            if (count < 2) {
                marks[count] = i;
            }
            count++;
        }
    }
    return count;
}

// The shape of the word at `at`: the index of its end ("?=" or the end of the value) in *close, the
// indices of its two inner question marks. 0: it has no end; -1: it is not of that shape.
static int word_shape(struct mime_value *v, isize at, isize *close, isize marks[2])
{
    isize end = next_end(v, at + 2);
    if (end < 0) {
        return 0;
    }
    int count = count_marks(v, at + 2, end, 0, marks);
    // "=?utf-8?q?=C3=B6?=": what was found is the second question mark and an escape.
    if (count < 2 && end + 3 < v->n && mime_cte_hex_digit(v->p[end + 2]) >= 0 &&
        mime_cte_hex_digit(v->p[end + 3]) >= 0) {
        isize found = end;
        end = next_end(v, end + 2);
        end = end < 0 ? v->n : end;
        count = count_marks(v, found, end, count, marks);
    }
    *close = end;
    return count == 2 && marks[1] == marks[0] + 2 ? 1 : -1;
}

static void blank_out_breaks(struct buf *text, isize from)
{
    isize to = from;
    for (isize i = from; i < text->n; i++) {
        u8 c = text->p[i];
        if (c == '\r' && i + 1 < text->n && text->p[i + 1] == '\n') {
            continue;
        }
        text->p[to++] = c == '\r' || c == '\n' ? ' ' : c;
    }
    text->n = to;
}

isize mime_words_read(struct mime_value *v, isize at)
{
    isize close;
    isize marks[2];
    int shape = word_shape(v, at, &close, marks);
    if (shape <= 0) {
        return shape;
    }
    str name = {v->p + at + 2, marks[0] - at - 2};
    isize star = str_find_byte(name, '*');
    name = star < 0 ? name : str_slice(name, 0, star);
    if (str_find_byte(name, 0) >= 0) {
        return -1;
    }
    struct charset cs = {.kind = CHARSET_ASCII};
    (void)charset_find(name, &cs); // an unknown one: its bytes are kept as bytes
    u8 *bytes = v->p + marks[1] + 1;
    isize n = close - marks[1] - 1;
    u8 letter = str_lower_byte(v->p[marks[0] + 1]);
    if (letter == 'q') {
        n = decode_q(bytes, n);
    } else if (letter == 'b') {
        n = mime_cte_is_base64((str){bytes, n}) ? mime_cte_base64((str){bytes, n}, bytes) : n;
    } else {
        return -1;
    }
    isize start = v->text.n;
    if (!err_ok(charset_decode(cs, (str){bytes, n}, CHARSET_ESCAPE, &v->text))) {
        restore(v, at, close);
        return -1;
    }
    blank_out_breaks(&v->text, start);
    return (close + 2 < v->n ? close + 2 : v->n) - at;
}

void mime_words_cut(struct buf *text, isize from, isize to)
{
    memmove(text->p + from, text->p + to, (size_t)(text->n - to));
    text->n -= to - from;
}

// ---- unstructured text

static void put_literal(struct mime_value *v, isize from, isize to)
{
    for (isize i = from; i < to; i++) {
        if (v->p[i] < 128) {
            buf_put_byte(&v->text, v->p[i]);
        } else {
            charset_put_escape(&v->text, v->p[i]);
        }
    }
}

// Whether an encoded word starts inside s: "=?charset?q?text?=".
static bool holds_word(str s)
{
    for (isize at = str_find(s, S("=?")); at >= 0 && at < s.n;) {
        str rest = str_from_index(s, at + 2);
        isize mark = str_find_byte(rest, '?');
        if (mark < 0) {
            return false;
        }
        rest = str_from_index(rest, mark + 1);
        u8 letter = rest.n ? str_lower_byte(rest.p[0]) : 0;
        if ((letter == 'q' || letter == 'b') && rest.n > 1 && rest.p[1] == '?') {
            return str_find(str_from_index(rest, 2), S("?=")) >= 0;
        }
        isize more = str_find(str_from_index(s, at + 2), S("=?"));
        at = more < 0 ? -1 : at + 2 + more;
    }
    return false;
}

enum last { LAST_OTHER, LAST_WORD, LAST_WORD_BLANKS };

// The whole value as text: words decoded, blanks between two of them dropped.
static void read_text(struct mime_value *v)
{
    enum last last = LAST_OTHER;
    isize blanks_at = 0; // where the last blanks start in the text
    isize token_end = 0; // of the token at hand
    for (isize i = 0; i < v->n;) {
        if (is_blank(v->p[i])) {
            isize end = i;
            while (end < v->n && (is_blank(v->p[end]) || (v->p[end] >= 0x1C && v->p[end] < 0x20) ||
                                  v->p[end] == 11 || v->p[end] == 12)) {
                end++;
            }
            blanks_at = v->text.n;
            put_literal(v, i, end);
            last = last == LAST_WORD ? LAST_WORD_BLANKS : LAST_OTHER;
            i = end;
            continue;
        }
        bool mark = v->p[i] == '=' && i + 1 < v->n && v->p[i + 1] == '?';
        isize start = v->text.n;
        isize used = mark ? mime_words_read(v, i) : 0;
        if (used > 0 && last == LAST_WORD_BLANKS) {
            mime_words_cut(&v->text, blanks_at, start);
        }
        if (used > 0) {
            last = LAST_WORD;
            i += used;
            continue;
        }
        // Searched once a token: one may be a whole header of words with a comma between them.
        token_end = token_end > i ? token_end : i;
        while (token_end < v->n && !is_blank(v->p[token_end])) {
            token_end++;
        }
        isize end = token_end;
        str token = {v->p + i, end - i};
        if (used == 0 && holds_word(token)) {
            isize at = str_find(token, S("=?"));
            end = at > 0 ? i + at : end;
        }
        put_literal(v, i, end);
        last = LAST_OTHER;
        i = end;
    }
}

struct facts {
    bool escapes;    // bytes that could not be decoded
    bool characters; // decoded ones that are not ASCII
};

static struct facts facts_of(str text)
{
    struct facts f = {0};
    isize i = charset_ascii_run(text);
    while (i < text.n) {
        str rest = str_from_index(text, i);
        bool escape = charset_escape_at(rest) >= 0;
        f.escapes = f.escapes || escape;
        f.characters = f.characters || (!escape && rest.p[0] >= 128);
        i += escape ? CHARSET_ESCAPE_BYTES : 1;
    }
    return f;
}

// A word that cannot stand as it is: not ASCII, a control character, or too long to be folded.
static bool needs_encoding(str word)
{
    if (word.n >= MIME_LINE_BYTES) {
        return true;
    }
    for (isize i = 0; i < word.n; i++) {
        if (word.p[i] >= 127 || word.p[i] < 32) {
            return true;
        }
    }
    return false;
}

static isize blanks_end(str s, isize i)
{
    while (i < s.n && is_blank(s.p[i])) {
        i++;
    }
    return i;
}

static isize word_end(str s, isize i)
{
    while (i < s.n && !is_blank(s.p[i])) {
        i++;
    }
    return i;
}

err mime_words_put_text(struct mime_value *v, struct mime_fold *f)
{
    read_text(v);
    str text = buf_str(&v->text);
    struct facts facts = facts_of(text);
    if (facts.escapes && facts.characters) {
        return FAIL(MIME_CHARSET);
    }
    for (isize i = 0; i < text.n;) {
        isize start = blanks_end(text, i);
        mime_fold_put_blanks(f, str_slice(text, i, start), false);
        isize end = word_end(text, start);
        if (!needs_encoding(str_slice(text, start, end))) {
            mime_fold_put_word(f, str_slice(text, start, end));
            i = end;
            continue;
        }
        // Neighbours that need it too go into the same encoded text, with the blanks between them.
        for (;;) {
            isize next = blanks_end(text, end);
            isize next_end_at = word_end(text, next);
            if (next == text.n || !needs_encoding(str_slice(text, next, next_end_at))) {
                break;
            }
            end = next_end_at;
        }
        mime_fold_put_encoded(f, str_slice(text, start, end), facts.escapes);
        i = end;
    }
    return OK;
}
