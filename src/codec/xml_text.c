// SPDX-License-Identifier: Apache-2.0
// Text, references and CDATA (see xml_text.h; XML 1.0, sections 2.2, 2.4, 2.7, 2.11 and 4.1). A run
// of characters that stand for themselves is handed out where it lies. What is kept from one chunk
// to the next: that a CR came last, the first bytes of a character, how much of "]]>" was there, a
// reference.
#include "codec/xml_text.h"

#include <string.h>

#include "codec/charset.h"
#include "codec/xml_internal.h"
#include "codec/xml_scan.h"

static enum xml_event xml_piece_of_character(struct xml *x, u32 c)
{
    struct buf b = buf_over(x->character, sizeof x->character);
    charset_put_char(&b, c);
    return xml_piece(x, buf_str(&b));
}

// A character whose first bytes were in the chunk before, in x->character.
static enum xml_event xml_step_cut_character(struct xml *x, str *in)
{
    isize had = x->character_bytes, n;
    x->character[had] = in->p[0];
    switch (xml_character((str){x->character, had + 1}, &n)) {
    case XML_CHARACTER:
        xml_take(in, 1);
        x->character_bytes = 0;
        return xml_piece(x, (str){x->character, n});
    case XML_CHARACTER_CUT:
        xml_take(in, 1);
        x->character_bytes++;
        return XML_MORE;
    case XML_CHARACTER_FORBIDDEN:
        xml_take(in, 1);
        x->character_bytes = 0;
        return XML_MORE;
    case XML_CHARACTER_BAD: // what was there is; the new byte begins something
        x->character_bytes = 0;
        return xml_piece(x, S("\xef\xbf\xbd"));
    }
    return XML_MORE;
}

// A byte from 0x80 on that no run takes.
static enum xml_event xml_step_odd_character(struct xml *x, str *in)
{
    isize n;
    enum xml_character kind = xml_character(*in, &n);
    if (kind == XML_CHARACTER_CUT) {
        memcpy(x->character, in->p, (size_t)n);
        x->character_bytes = n;
    }
    xml_take(in, n);
    return kind == XML_CHARACTER_BAD ? xml_piece(x, S("\xef\xbf\xbd")) : XML_MORE;
}

// What both kinds of text share: the first byte is none that a run takes.
static enum xml_event xml_step_special(struct xml *x, str *in)
{
    u8 c = in->p[0];
    if (c >= 0x80) {
        return xml_step_odd_character(x, in);
    }
    x->cr = c == '\r'; // any other control is forbidden, and dropped
    xml_take(in, 1);
    return XML_MORE;
}

// What an earlier byte left open; true: *event is of it.
static bool xml_text_pending(struct xml *x, str *in, enum xml_event *event)
{
    if (x->cr) { // section 2.11: CR LF is LF, and so is any other CR
        x->cr = false;
        if (in->p[0] != '\n') {
            *event = xml_piece(x, S("\n"));
            return true;
        }
    }
    if (x->character_bytes) {
        *event = xml_step_cut_character(x, in);
        return true;
    }
    return false;
}

// The references that HTML in XML is full of, when this chunk has them whole; empty: none of them.
static str xml_usual_reference(str s, isize *n)
{
    str name = (str){0};
    str text = (str){0};
    switch (s.n > 1 ? s.p[1] : 0) {
    case 'l':
        name = S("&lt;");
        text = S("<");
        break;
    case 'g':
        name = S("&gt;");
        text = S(">");
        break;
    case '#':
        name = S("&#xD;");
        text = S("\r");
        break;
    case 'a':
        name = S("&amp;");
        text = S("&");
        break;
    default:
        break;
    }
    *n = name.n;
    bool whole = name.n && s.n > name.n && memcmp(s.p, name.p, (size_t)name.n) == 0;
    return whole ? text : (str){0};
}

// HTML in XML is a reference at every tag: short runs and the usual references are gathered, so
// that one event stands for many of them. 0: what comes first is neither, or long enough by itself.
static isize xml_text_gather(struct xml *x, str *in)
{
    isize gathered = 0;
    while (in->n && gathered < XML_GATHER_BYTES) {
        isize n;
        str s = in->p[0] == '&' ? xml_usual_reference(*in, &n) : (str){0};
        if (!s.n) {
            n = in->p[0] == '&' || in->p[0] == '<' ? 0 : xml_text_run(*in);
            s = (str){in->p, n};
        }
        if (n == 0 || n >= XML_GATHER_BYTES / 2 || s.n > XML_GATHER_BYTES - gathered) {
            break;
        }
        memcpy(x->gathered + gathered, s.p, (size_t)s.n);
        gathered += s.n;
        xml_take(in, n);
    }
    return gathered;
}

enum xml_event xml_text_step(struct xml *x, str *in)
{
    enum xml_event event;
    if (xml_text_pending(x, in, &event)) {
        return event;
    }
    isize gathered = xml_text_gather(x, in);
    if (gathered) {
        return xml_piece(x, (str){x->gathered, gathered});
    }
    if (in->p[0] == '<') {
        x->open_at = x->at;
        x->state = XML_AT_MARKUP;
        xml_take(in, 1);
        return XML_MORE;
    }
    isize n;
    if (in->p[0] == '&') {
        str usual = xml_usual_reference(*in, &n);
        if (usual.n) {
            xml_take(in, n);
            return xml_piece(x, usual);
        }
        x->open_at = x->at;
        x->reference = (struct xml_reference){0};
        x->state = XML_IN_REFERENCE;
        xml_take(in, 1);
        return XML_MORE;
    }
    n = xml_text_run(*in);
    return n ? xml_piece_of(x, in, n) : xml_step_special(x, in);
}

enum xml_event xml_text_step_reference(struct xml *x, str *in)
{
    enum xml_reference_step step = XML_REFERENCE_MORE;
    u32 c = 0;
    while (in->n && step == XML_REFERENCE_MORE) {
        step = xml_reference_byte(&x->reference, in->p[0], &c);
        if (step == XML_REFERENCE_BAD) {
            x->at = x->open_at;
            return xml_fail(x, FAIL(XML_SYNTAX));
        }
        xml_take(in, 1);
    }
    if (step == XML_REFERENCE_MORE) {
        return XML_MORE;
    }
    x->state = XML_IN_TEXT;
    return step == XML_REFERENCE_CHARACTER ? xml_piece_of_character(x, c) : XML_MORE;
}

// x->brackets: how many ']' wait for what comes behind them, two at most.
enum xml_event xml_text_step_cdata(struct xml *x, str *in)
{
    enum xml_event event;
    if (xml_text_pending(x, in, &event)) {
        return event;
    }
    u8 c = in->p[0];
    if (c == ']') {
        bool waiting = x->brackets == 2;
        x->brackets = x->brackets ? 2 : 1;
        xml_take(in, 1);
        return waiting ? xml_piece(x, S("]")) : XML_MORE;
    }
    if (c == '>' && x->brackets == 2) {
        x->brackets = 0;
        x->state = XML_IN_TEXT;
        xml_take(in, 1);
        return XML_MORE;
    }
    if (x->brackets) {
        str brackets = str_slice(S("]]"), 0, x->brackets);
        x->brackets = 0;
        return xml_piece(x, brackets);
    }
    isize n = xml_cdata_run(*in);
    return n ? xml_piece_of(x, in, n) : xml_step_special(x, in);
}
