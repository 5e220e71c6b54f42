// SPDX-License-Identifier: Apache-2.0
// A second reader of XML, for fuzz_xml.c: it writes what src/codec/xml.h takes beyond XML as what
// XML itself allows, or refuses it; expat then says whether the rest is right and what it means.
// This file is the list of our leniencies: what is not written anew here has to be right as it is.
//
// Junk before the root, comments and instructions go; CDATA becomes text; text and values lose
// forbidden characters and unknown entities, and get U+FFFD for what is not UTF-8; line ends and
// blanks of values are made as they will be read; bytes from 0x80 on in names are written in ASCII.
#ifndef FUZZ_XML_REFERENCE_H
#define FUZZ_XML_REFERENCE_H

#include <expat.h>

#include "base/buf.h"
#include "codec/charset.h"

// Returns the text of the encoding in <?xml CONTENT?>, or refuses.
typedef bool (*xml_reference_declaration)(str content);

struct xml_reference_state {
    str in;
    isize at, depth;
    bool root_seen, declared, refused;
    xml_reference_declaration check_declaration;
    struct buf *out;
};

static bool reference_is_blank(u8 c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool reference_is_start(u8 c)
{
    u8 lower = str_lower_byte(c);
    return (lower >= 'a' && lower <= 'z') || c == '_' || c >= 0x80;
}

static bool reference_is_name(u8 c)
{
    return reference_is_start(c) || str_is_digit(c) || c == '-' || c == '.';
}

static isize reference_find(str s, isize from, str what)
{
    isize i = str_find(str_from_index(s, from), what);
    return i < 0 ? -1 : from + i;
}

static void reference_put_escaped(struct buf *out, u32 c)
{
    bool plain = c != '<' && c != '>' && c != '&' && c != '"' && c != '\'' && c != '\r' &&
                 c != '\n' && c != '\t';
    if (plain) {
        charset_put_char(out, c);
        return;
    }
    buf_put(out, S("&#"));
    buf_put_u64(out, c);
    buf_put_byte(out, ';');
}

static bool reference_is_allowed(u32 c)
{
    if (c < 0x20) {
        return c == '\t' || c == '\n' || c == '\r';
    }
    return !(c >= 0xd800 && c <= 0xdfff) && c != 0xfffe && c != 0xffff && c <= 0x10ffff;
}

// The digits of &#...; behind "&#". False: no number.
static bool reference_number(str digits, u32 *out)
{
    u32 base = str_starts(digits, S("x")) ? 16 : 10;
    u64 value = 0;
    isize i = base == 16;
    if (i == digits.n) {
        return false;
    }
    for (; i < digits.n; i++) {
        isize digit = str_find_byte(S("0123456789abcdef"), str_lower_byte(digits.p[i]));
        if (digit < 0 || digit >= (isize)base) {
            return false;
        }
        value = value * base + (u64)digit;
        value = value > 0x200000 ? 0x200000 : value;
    }
    *out = (u32)value;
    return true;
}

// A reference at s[i] ('&'); returns what is behind it, or -1.
static isize reference_entity(str s, isize i, struct buf *out)
{
    static const struct {
        str name;
        u32 c;
    } known[] = {{S("lt"), '<'},   {S("gt"), '>'},    {S("amp"), '&'},
                 {S("quot"), '"'}, {S("apos"), '\''}, {S("nbsp"), 0xa0}};
    isize end = reference_find(s, i, S(";"));
    if (end < 0) {
        return -1;
    }
    str name = str_slice(s, i + 1, end);
    if (str_starts(name, S("#"))) {
        u32 c;
        if (!reference_number(str_from_index(name, 1), &c)) {
            return -1;
        }
        if (reference_is_allowed(c)) {
            reference_put_escaped(out, c);
        }
        return end + 1;
    }
    for (isize k = 0; k < name.n; k++) {
        if (!reference_is_name(name.p[k]) || (k == 0 && !reference_is_start(name.p[k]))) {
            return -1;
        }
    }
    for (isize k = 0; k < COUNT(known); k++) {
        if (str_eq(name, known[k].name)) {
            reference_put_escaped(out, known[k].c);
        }
    }
    return name.n ? end + 1 : -1;
}

enum reference_kind { REFERENCE_TEXT, REFERENCE_CDATA, REFERENCE_VALUE };

// Writes characters so that a strict reader finds what ours should. False: refused.
static bool reference_characters(str s, enum reference_kind kind, struct buf *out)
{
    for (isize i = 0; i < s.n;) {
        if (s.p[i] == '&' && kind != REFERENCE_CDATA) {
            i = reference_entity(s, i, out);
            if (i < 0) {
                return false;
            }
            continue;
        }
        if (s.p[i] == '<' && kind == REFERENCE_VALUE) {
            return false;
        }
        u32 c;
        isize n = charset_utf8_next(str_from_index(s, i), &c);
        if (c == '\r') {
            n += i + 1 < s.n && s.p[i + 1] == '\n';
            c = '\n';
        }
        if (kind == REFERENCE_VALUE && (c == '\n' || c == '\t')) {
            c = ' ';
        }
        if (c == CHARSET_NONE) {
            c = 0xfffd;
        }
        if (reference_is_allowed(c)) {
            reference_put_escaped(out, c);
        }
        i += n;
    }
    return true;
}

// A name as ASCII, one for one.
static void reference_put_name(struct buf *out, str name)
{
    for (isize i = 0; i < name.n; i++) {
        if (name.p[i] < 0x80) {
            buf_put_byte(out, name.p[i]);
        } else {
            buf_put(out, S("_.-"));
            buf_put_hex(out, str_slice(name, i, i + 1));
        }
    }
}

static bool reference_is_qualified(str name)
{
    isize colon = str_find_byte(name, ':');
    str local = str_from_index(name, colon + 1);
    return colon != 0 && local.n && reference_is_start(local.p[0]) &&
           str_find_byte(local, ':') < 0 && str_is_utf8(name);
}

// What stands between < and >, names and values written anew.
static bool reference_tag(str tag, struct buf *out)
{
    for (isize i = 0; i < tag.n;) {
        u8 c = tag.p[i];
        isize end = i;
        while (end < tag.n && (reference_is_name(tag.p[end]) || tag.p[end] == ':')) {
            end++;
        }
        if (end > i) {
            if (!reference_is_qualified(str_slice(tag, i, end))) {
                return false;
            }
            reference_put_name(out, str_slice(tag, i, end));
            i = end;
        } else if (c == '"' || c == '\'') {
            isize close = reference_find(tag, i + 1, str_slice(tag, i, i + 1));
            if (close < 0) {
                return false;
            }
            buf_put_byte(out, c);
            if (!reference_characters(str_slice(tag, i + 1, close), REFERENCE_VALUE, out)) {
                return false;
            }
            buf_put_byte(out, c);
            i = close + 1;
        } else {
            buf_put_byte(out, c);
            i++;
        }
    }
    return true;
}

static isize reference_tag_end(str in, isize at)
{
    u8 quote = 0;
    for (; at < in.n; at++) {
        u8 c = in.p[at];
        if (quote) {
            quote = c == quote ? 0 : quote;
        } else if (c == '>') {
            return at;
        } else if (c == '"' || c == '\'') {
            quote = c;
        }
    }
    return -1;
}

// Each of these reads what begins at r->at; false: refused.

static bool reference_element(struct xml_reference_state *r)
{
    isize end = reference_tag_end(r->in, r->at);
    bool closes = r->in.p[r->at + 1] == '/';
    if (end < 0 || (r->depth == 0 && (closes || r->root_seen))) {
        return false;
    }
    str tag = str_slice(r->in, r->at + 1 + closes, end);
    buf_put(r->out, closes ? S("</") : S("<"));
    if (!reference_tag(tag, r->out)) {
        return false;
    }
    buf_put_byte(r->out, '>');
    r->depth += closes ? -1 : str_ends(tag, S("/")) ? 0 : 1;
    r->root_seen = true;
    r->at = end + 1;
    return true;
}

static bool reference_instruction(struct xml_reference_state *r)
{
    str in = r->in;
    isize end = reference_find(in, r->at + 2, S("?>"));
    if (end < 0 || !reference_is_start(in.p[r->at + 2])) {
        return false;
    }
    str content = str_slice(in, r->at + 2, end);
    bool declaration = str_starts(content, S("xml")) &&
                       (content.n == 3 || reference_is_blank(content.p[3]) || content.p[3] == '?');
    if (declaration) {
        if (r->declared || r->root_seen || !r->check_declaration(str_from_index(content, 3))) {
            return false;
        }
        r->declared = true;
    }
    r->at = end + 2;
    return true;
}

static bool reference_bang(struct xml_reference_state *r)
{
    str rest = str_from_index(r->in, r->at);
    if (str_starts(rest, S("<!--"))) {
        isize end = reference_find(rest, 4, S("-->"));
        r->at += end + 3;
        return end >= 0;
    }
    isize end = str_find(rest, S("]]>"));
    if (!str_starts(rest, S("<![CDATA[")) || end < 0 || r->depth == 0) {
        return false;
    }
    r->at += end + 3;
    return reference_characters(str_slice(rest, 9, end), REFERENCE_CDATA, r->out);
}

static bool reference_text(struct xml_reference_state *r)
{
    isize end = reference_find(r->in, r->at, S("<"));
    end = end < 0 ? r->in.n : end;
    str text = str_slice(r->in, r->at, end);
    r->at = end;
    if (r->depth) {
        return reference_characters(text, REFERENCE_TEXT, r->out);
    }
    for (isize i = 0; i < text.n; i++) {
        u8 c = text.p[i];
        if (r->root_seen ? !reference_is_blank(c) : c == 0 || c >= 0xfe) {
            return false;
        }
    }
    return true;
}

// Writes `in` into `out` for a strict reader; false: ours has to refuse it.
static bool xml_reference_write(str in, struct buf *out, xml_reference_declaration check)
{
    struct xml_reference_state r = {.in = in, .check_declaration = check, .out = out};
    bool good = true;
    while (good && r.at < in.n) {
        u8 next = r.at + 1 < in.n ? in.p[r.at + 1] : ' ';
        if (in.p[r.at] != '<') {
            good = reference_text(&r);
        } else if (next == '!') {
            good = reference_bang(&r);
        } else if (next == '?') {
            good = r.at + 2 < in.n && reference_instruction(&r);
        } else {
            good = (next == '/' || reference_is_start(next)) && reference_element(&r);
        }
    }
    return good;
}

#endif
