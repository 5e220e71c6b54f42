// SPDX-License-Identifier: Apache-2.0
// Address fields (RFC 5322, section 3.4) rewritten without being parsed: their text is kept as it
// is, broken or not, and only words that are encoded, or hold bytes >= 128, are written anew.
// Folded after commas by preference. mime_words.h has the contract.
//
// An encoded word stays one: were its text written plainly, a comma in it would make two addresses.
// Neighbouring words stay apart, so that a reader joins them as it joined the originals.
#include "codec/charset.h"
#include "codec/mime_words.h"

struct walk {
    struct mime_value *v;
    struct mime_fold *f;
    isize depth;     // of comments
    bool after_word; // nothing but blanks since an encoded word
    bool after_comma;
    bool fresh;               // nothing but blanks since the start or a comma
    bool escapes, characters; // what the phrase holds that is not ASCII
};

static bool is_special(u8 c)
{
    switch (c) {
    case '(':
    case ')':
    case '<':
    case '>':
    case '@':
    case ',':
    case ':':
    case ';':
    case '.':
    case '\\':
    case '"':
    case '[':
    case ']':
        return true;
    default:
        return false;
    }
}

static bool is_blank(u8 c)
{
    return c == ' ' || c == '\t';
}

static bool has_mark(const struct mime_value *v, isize i)
{
    return i + 1 < v->n && v->p[i] == '=' && v->p[i + 1] == '?';
}

// An encoded word is only read as one between blanks and specials.
static void keep_apart(struct walk *w, bool word)
{
    const struct buf *out = w->f->out;
    u8 last = out->n ? out->p[out->n - 1] : ' ';
    bool after = out->n > 1 && last == '=' && out->p[out->n - 2] == '?';
    if (!is_blank(last) && !is_special(last) && (word || after)) {
        mime_fold_put_blanks(w->f, S(" "), false);
    }
}

// Writes v->text as encoded words and empties it.
static err put_text(struct walk *w)
{
    str text = buf_str(&w->v->text);
    for (isize i = charset_ascii_run(text); i < text.n;) {
        bool escape = charset_escape_at(str_from_index(text, i)) >= 0;
        w->escapes = w->escapes || escape;
        w->characters = w->characters || (!escape && text.p[i] >= 128);
        i += escape ? CHARSET_ESCAPE_BYTES : 1;
    }
    if (w->escapes && w->characters) {
        return FAIL(MIME_CHARSET);
    }
    if (text.n) {
        keep_apart(w, true);
        mime_fold_put_encoded(w->f, text, charset_ascii_run(text) < text.n && w->escapes);
    }
    w->after_word = true;
    buf_reset(&w->v->text);
    return OK;
}

// Bytes from..to of the value, as they are or, when some are not ASCII, as an encoded word.
static err put_raw(struct walk *w, isize from, isize to)
{
    str s = {w->v->p + from, to - from};
    if (charset_ascii_run(s) == s.n) {
        if (!is_special(s.p[0]) || s.p[0] == '"') {
            keep_apart(w, false);
        }
        mime_fold_put_word(w->f, s);
        w->after_word = false;
        return OK;
    }
    for (isize i = 0; i < s.n; i++) {
        if (s.p[i] < 128) {
            buf_put_byte(&w->v->text, s.p[i]);
        } else {
            charset_put_escape(&w->v->text, s.p[i]);
        }
    }
    return put_text(w);
}

// ASCII that means the same outside an encoded word. With `whole`, it is all that there is of an
// address, and may be one.
static bool is_plain(str text, bool whole)
{
    for (isize i = 0; i < text.n; i++) {
        u8 c = text.p[i];
        if (c < 32 || c > 126 || (is_special(c) && c != '.' && !(whole && c == '@'))) {
            return false;
        }
    }
    return text.n && !is_blank(text.p[0]) && !is_blank(text.p[text.n - 1]);
}

// The encoded word at `i`. *used as mime_words_read().
static err put_word(struct walk *w, isize i, isize *used)
{
    *used = mime_words_read(w->v, i);
    if (*used <= 0) {
        buf_reset(&w->v->text);
        return OK;
    }
    isize next = i + *used;
    while (next < w->v->n && is_blank(w->v->p[next])) {
        next++;
    }
    str text = buf_str(&w->v->text);
    bool alone = !w->after_word && !has_mark(w->v, next);
    bool whole = w->fresh && (next == w->v->n || w->v->p[next] == ',');
    if (alone && is_plain(text, whole)) {
        for (isize at = 0; at < text.n;) {
            isize end = at;
            while (end < text.n && text.p[end] != ' ') {
                end++;
            }
            mime_fold_put_word(w->f, str_slice(text, at, end));
            at = end;
            while (end < text.n && text.p[end] == ' ') {
                end++;
            }
            mime_fold_put_blanks(w->f, str_slice(text, at, end), false);
            at = end;
        }
        buf_reset(&w->v->text);
        w->after_word = true;
        return OK;
    }
    return put_text(w);
}

// Index behind the quoted string at `i`, 0 when it has no closing quote.
static isize quoted_end(const struct mime_value *v, isize i)
{
    for (i++; i < v->n; i++) {
        if (v->p[i] == '\\') {
            i++;
        } else if (v->p[i] == '"') {
            return i + 1;
        }
    }
    return 0;
}

// A quoted string. With encoded words or bytes >= 128 in it, all of it becomes encoded text.
static err put_quoted(struct walk *w, isize i, isize end)
{
    struct mime_value *v = w->v;
    isize stop = end - 1;
    str inside = {v->p + i + 1, stop - i - 1};
    isize whole = v->n;
    v->n = stop; // no word reaches out of the quotes
    bool words = false;
    bool after = false; // nothing but blanks since a word
    isize blanks_at = 0;
    for (isize at = i + 1; at < stop;) {
        bool starts = has_mark(v, at) && (at == i + 1 || is_blank(v->p[at - 1]) || after);
        isize start = v->text.n;
        isize used = starts ? mime_words_read(v, at) : 0;
        if (used > 0) {
            if (after) {
                mime_words_cut(&v->text, blanks_at, start);
            }
            words = after = true;
            at += used;
            blanks_at = v->text.n;
            continue;
        }
        if (!is_blank(v->p[at])) {
            after = false;
        }
        at += v->p[at] == '\\' && at + 1 < stop;
        if (v->p[at] < 128) {
            buf_put_byte(&v->text, v->p[at]);
        } else {
            charset_put_escape(&v->text, v->p[at]);
        }
        at++;
    }
    v->n = whole;
    if (!words && charset_ascii_run(inside) == inside.n) {
        buf_reset(&v->text);
        return put_raw(w, i, end);
    }
    return put_text(w);
}

// One special character outside quoted strings.
static err put_special(struct walk *w, isize i, isize *next)
{
    u8 c = w->v->p[i];
    *next = i + 1;
    if (c == '\\' && w->depth && i + 1 < w->v->n && w->v->p[i + 1] < 128) {
        *next = i + 2;
    } else if (c == '(') {
        w->depth++;
    } else if (c == ')' && w->depth) {
        w->depth--;
    } else if (!w->depth && c != '.' && c != '\\') {
        w->escapes = w->characters = false; // a phrase ends here
    }
    w->after_comma = w->fresh = c == ',' && !w->depth;
    return put_raw(w, i, *next);
}

static isize atom_end(const struct mime_value *v, isize i)
{
    while (i < v->n && !is_special(v->p[i]) && !is_blank(v->p[i])) {
        i++;
    }
    return i;
}

static isize blanks_end(const struct mime_value *v, isize i)
{
    while (i < v->n && is_blank(v->p[i])) {
        i++;
    }
    return i;
}

err mime_words_put_addresses(struct mime_value *v, struct mime_fold *f)
{
    struct walk w = {.v = v, .f = f, .fresh = true};
    bool open_quote = false; // one that nothing closes: it and what follows are kept as they are
    for (isize i = 0; i < v->n;) {
        isize end = blanks_end(v, i);
        if (end > i) {
            mime_fold_put_blanks(f, (str){v->p + i, end - i}, w.after_comma);
            i = end;
            continue;
        }
        isize used = 0;
        end = v->p[i] == '"' && !w.depth && !open_quote ? quoted_end(v, i) : 0;
        open_quote = open_quote || (v->p[i] == '"' && !w.depth && !end);
        if (!w.depth && has_mark(v, i)) {
            TRY(put_word(&w, i, &used));
        }
        if (used > 0) {
            end = i + used;
        } else if (end) {
            TRY(put_quoted(&w, i, end));
        } else if (is_special(v->p[i])) {
            TRY(put_special(&w, i, &end));
            i = end;
            continue;
        } else {
            end = atom_end(v, i);
            TRY(put_raw(&w, i, end));
        }
        w.after_comma = w.fresh = false;
        i = end;
    }
    return OK;
}
