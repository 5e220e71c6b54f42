// SPDX-License-Identifier: Apache-2.0
// Names, attributes and namespaces of one tag (see xml_tag.h; XML 1.0, sections 2.8, 3.1 and 3.3.3;
// Namespaces in XML 1.0). Values stay where they are unless something in them stands for something
// else; then they are decoded into x->values. Two passes: attributes first, because the
// declarations among them say what all the prefixes mean, the element's too.
#include "codec/xml_tag.h"

#include <string.h>

#include "codec/charset.h"
#include "codec/xml_scan.h"

// Salts, so that no name or prefix can stand for another kind of thing.
#define XML_KEY_DECLARATION 0x9e3779b97f4a7c15U
#define XML_KEY_UNBOUND 0xd6e8feb86659fd93U

// In name.ns of an attribute, until its namespace is known.
enum { XML_DECLARATION = -3 };

static u64 xml_hash_step(u64 h, u64 word)
{
    h = (h ^ word) * 0xff51afd7ed558ccdU;
    return h ^ h >> 32;
}

static u64 xml_hash(str s)
{
    u64 h = (u64)s.n + 1, word = 0;
    for (; s.n >= 8; s = str_make(s.p + 8, s.n - 8)) {
        memcpy(&word, s.p, 8);
        h = xml_hash_step(h, word);
    }
    word = 0;
    for (isize i = 0; i < s.n; i++) {
        word = word << 8 | s.p[i];
    }
    return xml_hash_step(h, word);
}

// ---- namespaces

static int xml_uri_number(const struct xml *x, str uri)
{
    for (int i = 0; i < x->uri_count; i++) {
        if (str_eq(x->uris[i], uri)) {
            return i;
        }
    }
    return XML_UNKNOWN;
}

static const struct xml_binding *xml_bound(const struct xml *x, u64 prefix)
{
    for (int i = x->binding_count - 1; i >= 0; i--) {
        if (x->bindings[i].prefix == prefix) {
            return &x->bindings[i];
        }
    }
    return NULL;
}

// Declares a prefix (empty: the default) for the element at `depth`.
static err xml_bind(struct xml *x, str prefix, str uri, int depth)
{
    struct xml_binding b = {xml_hash(prefix), xml_hash(uri), xml_uri_number(x, uri), depth};
    if (uri.n == 0) {
        b.uri = prefix.n ? XML_KEY_UNBOUND : 0;
        b.ns = prefix.n ? XML_UNKNOWN : XML_NONE;
    }
    const struct xml_binding *old = xml_bound(x, b.prefix);
    if (old && old->uri == b.uri) { // what each of many nested elements may say again
        return OK;
    }
    if (x->binding_count == COUNT(x->bindings)) {
        return FAIL(XML_NAMESPACES);
    }
    x->bindings[x->binding_count++] = b;
    return OK;
}

void xml_tag_init(struct xml *x)
{
    str uri = S("http://www.w3.org/XML/1998/namespace");
    x->bindings[x->binding_count++] = (struct xml_binding){xml_hash(S("xml")), xml_hash(uri),
                                                           xml_uri_number(x, uri), 0};
}

// ---- names

// Length of the name at the front of `s`, 0 when there is none; *colon: where its prefix ends, or
// -1.
static isize xml_name_bytes(str s, isize *colon)
{
    *colon = -1;
    isize i = 0;
    u8 all = 0;
    for (;;) {
        if (i == s.n || !xml_is_name_start(s.p[i])) {
            return 0;
        }
        for (; i < s.n && xml_is_name_byte(s.p[i]); i++) {
            all |= s.p[i];
        }
        if (i == s.n || s.p[i] != ':') {
            break;
        }
        if (*colon >= 0) {
            return 0;
        }
        *colon = i++;
    }
    return all < 0x80 || str_is_utf8(str_slice(s, 0, i)) ? i : 0;
}

// Splits a qualified name; *uri gets what stands for the namespace in comparisons.
static struct xml_name xml_name_of(const struct xml *x, str name, isize colon, bool attribute,
                                   u64 *uri)
{
    *uri = 0;
    if (colon < 0 && attribute) { // the default is for elements only
        return (struct xml_name){XML_NONE, name};
    }
    u64 prefix = xml_hash(str_slice(name, 0, colon < 0 ? 0 : colon));
    const struct xml_binding *b = xml_bound(x, prefix);
    str local = str_from_index(name, colon + 1);
    if (b) {
        *uri = b->uri == XML_KEY_UNBOUND ? prefix ^ b->uri : b->uri;
        return (struct xml_name){b->ns, local};
    }
    *uri = prefix ^ XML_KEY_UNBOUND;
    return (struct xml_name){colon < 0 ? XML_NONE : XML_UNKNOWN, local};
}

// ---- values

static err xml_value_reference(struct buf *out, str raw, isize *i)
{
    struct xml_reference r = {0};
    enum xml_reference_step step = XML_REFERENCE_MORE;
    u32 c = 0;
    for (++*i; *i < raw.n && step == XML_REFERENCE_MORE; ++*i) {
        step = xml_reference_byte(&r, raw.p[*i], &c);
    }
    if (step == XML_REFERENCE_CHARACTER) {
        charset_put_char(out, c);
    }
    return step == XML_REFERENCE_BAD || step == XML_REFERENCE_MORE ? FAIL(XML_SYNTAX) : OK;
}

// What xml_value_run() stopped at.
static err xml_value_special(struct buf *out, str raw, isize *i)
{
    u8 c = raw.p[*i];
    if (c == '<') {
        return FAIL(XML_SYNTAX);
    }
    if (c == '&') {
        return xml_value_reference(out, raw, i);
    }
    if (c >= 0x80) {
        isize n;
        if (xml_character(str_from_index(raw, *i), &n) != XML_CHARACTER_FORBIDDEN) {
            charset_put_char(out, 0xfffd);
        }
        *i += n;
        return OK;
    }
    if (xml_is_blank(c)) { // section 3.3.3; a line end of two bytes is one blank (2.11)
        buf_put_byte(out, ' ');
        *i += c == '\r' && *i + 1 < raw.n && raw.p[*i + 1] == '\n';
    }
    ++*i;
    return OK;
}

static err xml_value_decode(struct xml *x, str raw, str *value)
{
    isize i = xml_value_run(raw);
    if (i == raw.n) {
        *value = raw;
        return OK;
    }
    struct buf out = buf_over(x->values + x->value_bytes, XML_VALUES_BYTES - x->value_bytes);
    buf_put(&out, str_slice(raw, 0, i));
    while (i < raw.n) {
        TRY(xml_value_special(&out, raw, &i));
        isize run = xml_value_run(str_from_index(raw, i));
        buf_put(&out, str_slice(raw, i, i + run));
        i += run;
    }
    x->value_bytes += out.n;
    *value = buf_str(&out);
    return out.full ? FAIL(XML_TAG_SIZE) : OK;
}

// ---- attributes

static isize xml_skip_blanks(str s, isize i)
{
    while (i < s.n && xml_is_blank(s.p[i])) {
        i++;
    }
    return i;
}

// Reads name="value" at *i into the next attribute: name.local is all of the name, name.ns where
// its prefix ends.
static err xml_attribute_read(struct xml *x, str s, isize *i)
{
    if (x->attribute_count == XML_ATTRIBUTES_MAX) {
        return FAIL(XML_ATTRIBUTES);
    }
    struct xml_attribute *a = &x->attributes[x->attribute_count++];
    isize colon, name_bytes = xml_name_bytes(str_from_index(s, *i), &colon);
    if (name_bytes == 0) {
        return FAIL(XML_SYNTAX);
    }
    a->name = (struct xml_name){(int)colon, str_slice(s, *i, *i + name_bytes)};
    *i = xml_skip_blanks(s, *i + name_bytes);
    if (*i == s.n || s.p[*i] != '=') {
        return FAIL(XML_SYNTAX);
    }
    *i = xml_skip_blanks(s, *i + 1);
    if (*i == s.n || (s.p[*i] != '"' && s.p[*i] != '\'')) {
        return FAIL(XML_SYNTAX);
    }
    str rest = str_from_index(s, *i + 1);
    isize end = str_find_byte(rest, s.p[*i]);
    if (end < 0) {
        return FAIL(XML_SYNTAX);
    }
    *i += end + 2;
    return xml_value_decode(x, str_slice(rest, 0, end), &a->value);
}

// All attributes of s[i..], each behind a blank.
static err xml_attributes_read(struct xml *x, str s, isize i)
{
    x->attribute_count = x->value_bytes = 0;
    for (;;) {
        isize from = i;
        i = xml_skip_blanks(s, i);
        if (i == s.n) {
            return OK;
        }
        if (i == from) {
            return FAIL(XML_SYNTAX);
        }
        TRY(xml_attribute_read(x, s, &i));
    }
}

// Whether it declares a prefix (empty: the default).
static bool xml_declares(const struct xml_attribute *a, str *prefix)
{
    str name = a->name.local;
    *prefix = (str){0};
    if (a->name.ns < 0) {
        return str_eq(name, S("xmlns"));
    }
    bool declares = str_starts(name, S("xmlns:"));
    if (declares) {
        *prefix = str_from_index(name, a->name.ns + 1);
    }
    return declares;
}

static err xml_attributes_bind(struct xml *x)
{
    str prefix;
    for (isize i = 0; i < x->attribute_count; i++) {
        const struct xml_attribute *a = &x->attributes[i];
        if (xml_declares(a, &prefix) && !str_eq(prefix, S("xml")) && !str_eq(prefix, S("xmlns"))) {
            TRY(xml_bind(x, prefix, a->value, x->depth + 1));
        }
    }
    return OK;
}

// Says which namespace each is of, refuses two alike, and takes the declarations out.
static err xml_attributes_resolve(struct xml *x)
{
    isize kept = 0;
    for (isize i = 0; i < x->attribute_count; i++) {
        struct xml_attribute *a = &x->attributes[i];
        u64 uri = XML_KEY_DECLARATION;
        str prefix;
        if (xml_declares(a, &prefix)) {
            a->name.ns = XML_DECLARATION;
        } else {
            a->name = xml_name_of(x, a->name.local, a->name.ns, true, &uri);
        }
        a->key = xml_hash_step(uri, xml_hash(a->name.local));
        for (isize k = 0; k < i; k++) {
            if (x->attributes[k].key == a->key) {
                return FAIL(XML_DUPLICATE);
            }
        }
    }
    for (isize i = 0; i < x->attribute_count; i++) {
        if (x->attributes[i].name.ns != XML_DECLARATION) {
            x->attributes[kept++] = x->attributes[i];
        }
    }
    x->attribute_count = kept;
    return OK;
}

// ---- tags

err xml_tag_start(struct xml *x, str tag)
{
    x->empty = str_ends(tag, S("/"));
    if (x->empty) {
        tag.n--;
    }
    isize colon, name_bytes = xml_name_bytes(tag, &colon);
    if (name_bytes == 0) {
        return FAIL(XML_SYNTAX);
    }
    TRY(xml_attributes_read(x, tag, name_bytes));
    if (x->depth == XML_DEPTH_MAX) {
        return FAIL(XML_TOO_DEEP);
    }
    TRY(xml_attributes_bind(x));
    TRY(xml_attributes_resolve(x));
    u64 uri;
    str name = str_slice(tag, 0, name_bytes);
    x->name = xml_name_of(x, name, colon, false, &uri);
    x->open[x->depth++] = xml_hash(name);
    return OK;
}

err xml_tag_end(struct xml *x, str tag)
{
    isize colon, name_bytes = xml_name_bytes(tag, &colon);
    if (name_bytes == 0 || xml_skip_blanks(tag, name_bytes) != tag.n) {
        return FAIL(XML_SYNTAX);
    }
    str name = str_slice(tag, 0, name_bytes);
    if (xml_hash(name) != x->open[x->depth - 1]) {
        return FAIL(XML_MISMATCH);
    }
    u64 uri;
    x->name = xml_name_of(x, name, colon, false, &uri);
    return OK;
}

void xml_tag_leave(struct xml *x)
{
    while (x->bindings[x->binding_count - 1].depth == x->depth) { // that of xml has 0
        x->binding_count--;
    }
    x->depth--;
}

err xml_tag_declaration(struct xml *x, str text)
{
    TRY(xml_attributes_read(x, text, 0));
    TRY(xml_attributes_resolve(x));
    isize count = x->attribute_count;
    x->attribute_count = 0; // they are none of the caller's
    for (isize i = 0; i < count; i++) {
        const struct xml_attribute *a = &x->attributes[i];
        if (str_eq(a->name.local, S("encoding")) && !str_eq_nocase(a->value, S("utf-8")) &&
            !str_eq_nocase(a->value, S("us-ascii"))) {
            return FAIL(XML_ENCODING);
        }
    }
    return OK;
}
