// SPDX-License-Identifier: Apache-2.0
// XML as a machine that can stop and go on at any byte (see xml.h). One step takes bytes off the
// front of the input, at least one or it changes the state, and maybe yields an event. Text is
// handed out where it lies; a tag is looked at once it is whole: where it lies when one chunk has
// all of it, else collected in x->tag. Between calls only that, a character that was cut (3 bytes)
// and a few counts are kept.
#include "codec/xml.h"

#include <string.h>

#include "codec/xml_internal.h"
#include "codec/xml_scan.h"
#include "codec/xml_tag.h"
#include "codec/xml_text.h"

_Static_assert(sizeof(struct xml) <= KIB(24), "xml.h promises 24 KiB");

void xml_init(struct xml *x, const str *uris, int uri_count)
{
    memset(x, 0, sizeof *x);
    x->uris = uris;
    x->uri_count = uri_count;
    x->state = XML_IN_PROLOG;
    xml_tag_init(x);
}

// Behind markup.
static void xml_go_outside(struct xml *x)
{
    x->state = x->ended ? XML_IN_EPILOG : x->depth ? XML_IN_TEXT : XML_IN_PROLOG;
}

// ---- outside the root

static enum xml_event xml_step_prolog(struct xml *x, str *in)
{
    u8 c = in->p[0];
    // NUL, FE and FF are in UTF-16 and UTF-32, with or without a byte order mark, never in UTF-8.
    if (c == 0 || c >= 0xfe) {
        return xml_fail(x, FAIL(XML_ENCODING));
    }
    x->junk_bytes += !xml_is_blank(c) && c != '<';
    if (x->junk_bytes > XML_JUNK_BYTES) {
        return xml_fail(x, FAIL(XML_SYNTAX));
    }
    if (c == '<') {
        x->open_at = x->at;
        x->state = XML_AT_MARKUP;
    }
    xml_take(in, 1);
    return XML_MORE;
}

static enum xml_event xml_step_epilog(struct xml *x, str *in)
{
    if (in->p[0] == '<') {
        x->open_at = x->at;
        x->state = XML_AT_MARKUP;
    } else if (!xml_is_blank(in->p[0])) {
        return xml_fail(x, FAIL(XML_AFTER_ROOT));
    }
    xml_take(in, 1);
    return XML_MORE;
}

// ---- what begins with <

static enum xml_event xml_step_markup(struct xml *x, str *in)
{
    u8 c = in->p[0];
    bool in_root = x->depth > 0;
    if (c == '!' || c == '?') {
        x->state = c == '!' ? XML_AT_BANG : XML_AT_TARGET;
        x->matched = 0;
        xml_take(in, 1);
        return XML_MORE;
    }
    if (x->ended) {
        return xml_fail(x, FAIL(XML_AFTER_ROOT));
    }
    x->tag_bytes = 0;
    x->quote = 0;
    if (c == '/' && in_root) {
        x->state = XML_IN_END_TAG;
        xml_take(in, 1);
        return XML_MORE;
    }
    if (xml_is_name_start(c)) {
        x->state = XML_IN_START_TAG;
        return XML_MORE;
    }
    return xml_fail(x, c == 0 && !in_root ? FAIL(XML_ENCODING) : FAIL(XML_SYNTAX));
}

static enum xml_event xml_bang_matched(struct xml *x)
{
    x->matched = 0;
    if (x->quote == '-') {
        x->state = XML_IN_COMMENT;
        return XML_MORE;
    }
    if (x->quote == 'd') { // before anything in it is looked at
        return xml_fail(x, FAIL(XML_DOCTYPE));
    }
    x->state = XML_IN_CDATA;
    if (x->depth) {
        return XML_MORE;
    }
    return xml_fail(x, x->ended ? FAIL(XML_AFTER_ROOT) : FAIL(XML_SYNTAX));
}

// x->quote: the first byte behind <!, which says what the others have to be.
static enum xml_event xml_step_bang(struct xml *x, str *in)
{
    u8 c = in->p[0];
    if (x->matched == 0) {
        x->quote = str_lower_byte(c); // HTML writes <!doctype
    }
    bool doctype = x->quote != '-' && x->quote != '[';
    str whole = doctype ? S("doctype") : x->quote == '-' ? S("--") : S("[CDATA[");
    if (whole.p[x->matched] != (doctype ? str_lower_byte(c) : c)) {
        return xml_fail(x, FAIL(XML_SYNTAX));
    }
    x->matched++;
    xml_take(in, 1);
    return x->matched == whole.n ? xml_bang_matched(x) : XML_MORE;
}

// x->matched: how many '-' came last, two at most.
static enum xml_event xml_step_comment(struct xml *x, str *in)
{
    u8 c = in->p[0];
    if (x->matched == 0 && c != '-') {
        isize n = str_find_byte(*in, '-');
        xml_take(in, n < 0 ? in->n : n);
        return XML_MORE;
    }
    if (c == '-') {
        x->matched = x->matched ? 2 : 1;
    } else if (c == '>' && x->matched == 2) {
        xml_go_outside(x);
    } else {
        x->matched = 0;
    }
    xml_take(in, 1);
    return XML_MORE;
}

// x->matched: how much of "xml" was there.
static enum xml_event xml_step_target(struct xml *x, str *in)
{
    u8 c = in->p[0];
    if (x->matched < 3 && c == S("xml").p[x->matched]) {
        x->matched++;
        xml_take(in, 1);
        return XML_MORE;
    }
    bool declaration = x->matched == 3 && (c == '?' || xml_is_blank(c));
    if ((x->matched == 0 && !xml_is_name_start(c)) ||
        (declaration && (x->declared || x->depth || x->ended))) {
        return xml_fail(x, FAIL(XML_SYNTAX));
    }
    x->declared |= declaration;
    x->state = declaration ? XML_IN_DECLARATION : XML_IN_INSTRUCTION;
    x->matched = 0;
    x->tag_bytes = 0;
    return XML_MORE;
}

// x->matched: the last byte was '?'.
static enum xml_event xml_step_instruction(struct xml *x, str *in)
{
    u8 c = in->p[0];
    if (x->matched && c == '>') {
        xml_go_outside(x);
    }
    x->matched = c == '?';
    xml_take(in, 1);
    return XML_MORE;
}

static enum xml_event xml_step_declaration(struct xml *x, str *in)
{
    u8 c = in->p[0];
    if (x->matched && c == '>') {
        xml_go_outside(x);
        err e = xml_tag_declaration(x, (str){x->tag, x->tag_bytes - 1});
        if (!err_ok(e)) {
            x->at = x->open_at;
            return xml_fail(x, e);
        }
    } else if (x->tag_bytes == XML_TAG_BYTES) {
        return xml_fail(x, FAIL(XML_TAG_SIZE));
    } else {
        x->tag[x->tag_bytes++] = c;
    }
    x->matched = c == '?';
    xml_take(in, 1);
    return XML_MORE;
}

// ---- tags

// Where the open tag ends in `in`: behind its '>', or -1. x->quote: the one that is open.
static isize xml_tag_end_at(struct xml *x, str in)
{
    for (isize i = 0; i < in.n; i++) {
        if (x->quote) {
            isize n = str_find_byte((str){in.p + i, in.n - i}, x->quote);
            if (n < 0) {
                return -1;
            }
            i += n;
            x->quote = 0;
        } else if (in.p[i] == '>') {
            return i + 1;
        } else if (in.p[i] == '"' || in.p[i] == '\'') {
            x->quote = in.p[i];
        }
    }
    return -1;
}

// An empty element's END comes with a later call: its name moves to where it stays until then. An
// element that lies in x->tag begins there, and memmove allows for that.
static void xml_keep_name(struct xml *x)
{
    str local = x->name.local;
    memmove(x->tag, local.p, (size_t)local.n);
    x->name.local = (str){x->tag, local.n};
}

static enum xml_event xml_tag_read(struct xml *x, str tag)
{
    bool start = x->state == XML_IN_START_TAG;
    err e = start ? xml_tag_start(x, tag) : xml_tag_end(x, tag);
    if (!err_ok(e)) {
        x->attribute_count = 0;
        x->at = x->open_at;
        return xml_fail(x, e);
    }
    if (x->empty) {
        xml_keep_name(x);
    }
    x->leaving = !start;
    x->state = XML_IN_TEXT;
    return start ? XML_START : XML_END;
}

static enum xml_event xml_step_tag(struct xml *x, str *in)
{
    isize end = xml_tag_end_at(x, *in), n = end < 0 ? in->n : end;
    if (n > XML_TAG_BYTES - x->tag_bytes) {
        x->at = x->open_at;
        return xml_fail(x, FAIL(XML_TAG_SIZE));
    }
    str tag = (str){in->p, n - 1};
    if (x->tag_bytes || end < 0) {
        memcpy(x->tag + x->tag_bytes, in->p, (size_t)n);
        x->tag_bytes += n;
        tag = (str){x->tag, x->tag_bytes - 1};
    }
    xml_take(in, n);
    return end < 0 ? XML_MORE : xml_tag_read(x, tag);
}

// ---- the machine

static enum xml_event xml_step(struct xml *x, str *in)
{
    switch ((enum xml_state)x->state) {
    case XML_IN_PROLOG:
        return xml_step_prolog(x, in);
    case XML_IN_TEXT:
        return xml_text_step(x, in);
    case XML_IN_EPILOG:
        return xml_step_epilog(x, in);
    case XML_IN_CDATA:
        return xml_text_step_cdata(x, in);
    case XML_IN_REFERENCE:
        return xml_text_step_reference(x, in);
    case XML_AT_MARKUP:
        return xml_step_markup(x, in);
    case XML_AT_BANG:
        return xml_step_bang(x, in);
    case XML_IN_COMMENT:
        return xml_step_comment(x, in);
    case XML_AT_TARGET:
        return xml_step_target(x, in);
    case XML_IN_INSTRUCTION:
        return xml_step_instruction(x, in);
    case XML_IN_DECLARATION:
        return xml_step_declaration(x, in);
    case XML_IN_START_TAG:
    case XML_IN_END_TAG:
        return xml_step_tag(x, in);
    }
    return XML_BAD;
}

// What the tag before this call left to do. True: *event is of it.
static bool xml_tag_pending(struct xml *x, enum xml_event *event)
{
    if (x->leaving) {
        x->leaving = false;
        xml_tag_leave(x);
        x->ended = x->depth == 0;
        xml_go_outside(x);
    }
    *event = x->empty ? XML_END : XML_DONE;
    if (x->empty) {
        x->empty = false;
        x->leaving = true;
        return true;
    }
    bool done = x->ended && !x->done;
    x->done = x->ended;
    return done;
}

enum xml_event xml_next(struct xml *x, str *in)
{
    enum xml_event event = XML_MORE;
    x->text = (str){0};
    x->attribute_count = 0;
    if (!err_ok(x->error)) {
        return XML_BAD;
    }
    if (xml_tag_pending(x, &event)) {
        return event;
    }
    event = XML_MORE;
    while (event == XML_MORE && in->n) {
        isize before = in->n;
        event = xml_step(x, in);
        x->at += event == XML_BAD ? 0 : before - in->n;
    }
    return event;
}

err xml_finish(const struct xml *x)
{
    if (!err_ok(x->error)) {
        return x->error;
    }
    bool root_left = x->leaving && x->depth == 1; // END was the last event that was pulled
    return x->state == XML_IN_EPILOG || root_left ? OK : FAIL(XML_CUT);
}

// ---- what was read

bool xml_is(const struct xml *x, int ns, str local)
{
    return x->name.ns == ns && str_eq(x->name.local, local);
}

str xml_attribute_of(const struct xml *x, int ns, str local, bool *found)
{
    str value = S("");
    isize i = 0;
    while (i < x->attribute_count &&
           (x->attributes[i].name.ns != ns || !str_eq(x->attributes[i].name.local, local))) {
        i++;
    }
    bool there = i < x->attribute_count;
    if (there) {
        value = x->attributes[i].value;
    }
    if (found) {
        *found = there;
    }
    return value;
}

str xml_attribute(const struct xml *x, str local, bool *found)
{
    return xml_attribute_of(x, XML_NONE, local, found);
}
