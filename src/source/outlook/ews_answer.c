// SPDX-License-Identifier: Apache-2.0
// Walking through the frame (see ews_answer.h). Elements are matched by namespace and local name,
// never by prefix, and by where they stand.
#include "source/outlook/ews_answer.h"

#include <string.h>

#include "source/outlook/ews_error.h"

enum { NS_SOAP, NS_MESSAGES, NS_TYPES, NS_ERRORS };

static const str ews_namespaces[] = {
    [NS_SOAP] = S("http://schemas.xmlsoap.org/soap/envelope/"),
    [NS_MESSAGES] = S("http://schemas.microsoft.com/exchange/services/2006/messages"),
    [NS_TYPES] = S("http://schemas.microsoft.com/exchange/services/2006/types"),
    [NS_ERRORS] = S("http://schemas.microsoft.com/exchange/services/2006/errors"),
};

// Where things stand: Envelope, Body, Fault or ...Response, ResponseMessages, ...ResponseMessage.
enum { DEPTH_ENVELOPE = 1, DEPTH_BODY, DEPTH_RESPONSE, DEPTH_MESSAGES, DEPTH_MESSAGE };

enum { PART_NONE, PART_CODE, PART_TEXT, PART_VALUE, PART_SKIP };
enum { VALUE_NONE, VALUE_PAUSE, VALUE_INNER };

void ews_answer_start(struct ews_answer *a)
{
    xml_init(&a->xml, ews_namespaces, COUNT(ews_namespaces));
    a->index = -1;
    a->error = OK;
    a->pause_ms = 0;
    a->fault = a->envelope = a->body = a->warning = a->success = false;
    a->part = PART_NONE;
    a->value = VALUE_NONE;
    memset(a->version, 0, sizeof a->version);
    a->code = buf_over(a->code_bytes, EWS_CODE_BYTES);
    a->text = buf_over(a->text_bytes, EWS_TEXT_BYTES);
    a->number = buf_over(a->number_bytes, EWS_CODE_BYTES);
}

static void answer_put(struct buf *b, str s)
{
    isize room = b->cap - b->n;
    buf_put(b, str_slice(s, 0, s.n < room ? s.n : room));
}

static str answer_local(str name)
{
    isize colon = str_find_byte(name, ':');
    return colon < 0 || colon == name.n ? name : str_from_index(name, colon + 1);
}

// The code of a fault is in its detail; without one the faultcode's local name serves.
static void answer_judge(struct ews_answer *a)
{
    str code = str_trim(answer_local(str_trim(buf_str(&a->code))));
    a->error = a->success && code.n == 0 ? OK : ews_error_from_code(code);
    if (err_ok(a->error) && !a->success && !a->warning) {
        a->error = FAIL(EWS_CODE); // an error whose code says that there is none
    }
}

static void answer_begin_message(struct ews_answer *a)
{
    str class = xml_attribute(&a->xml, S("ResponseClass"), NULL);
    a->index++;
    a->error = OK;
    a->success = str_eq(class, S("Success"));
    a->warning = str_eq(class, S("Warning"));
    a->part = PART_NONE;
    buf_reset(&a->code);
    buf_reset(&a->text);
}

// What messages before it have said is not the fault's.
static void answer_begin_fault(struct ews_answer *a)
{
    a->fault = true;
    a->success = a->warning = false;
    a->part = PART_NONE;
    buf_reset(&a->code);
    buf_reset(&a->text);
}

static void answer_begin_value(struct ews_answer *a)
{
    str name = xml_attribute(&a->xml, S("Name"), NULL);
    a->part = PART_VALUE;
    a->value = str_eq(name, S("BackOffMilliseconds"))      ? VALUE_PAUSE
               : str_eq(name, S("InnerErrorResponseCode")) ? VALUE_INNER
                                                           : VALUE_NONE;
    buf_reset(&a->number);
}

static void answer_end_value(struct ews_answer *a)
{
    str text = str_trim(buf_str(&a->number));
    i64 ms;
    if (a->value == VALUE_PAUSE && str_to_i64(text, &ms) && ms > 0) {
        a->pause_ms = ms < RETRY_AFTER_MAX_MS ? ms : RETRY_AFTER_MAX_MS;
    } else if (a->value == VALUE_INNER) { // what is behind a 500
        err inner = ews_error_from_code(text);
        if (err_is(inner, ERR_EWS_BUSY) || err_is(inner, ERR_EWS_TOO_MUCH)) {
            buf_reset(&a->code);
            answer_put(&a->code, text);
        }
    }
    a->part = PART_NONE;
}

// The parts of a fault, and of a message, that the frame itself reads. false: it is content.
static bool answer_begin_part(struct ews_answer *a)
{
    str local = a->xml.name.local;
    if (str_eq(local, S("ResponseCode")) || str_eq(local, S("faultcode"))) {
        a->part = PART_CODE;
        buf_reset(&a->code);
    } else if (str_eq(local, S("MessageText")) || str_eq(local, S("faultstring"))) {
        a->part = PART_TEXT;
        buf_reset(&a->text);
    } else if (str_eq(local, S("Value"))) {
        answer_begin_value(a);
    } else if (str_eq(local, S("MessageXml")) || str_eq(local, S("DescriptiveLinkKey"))) {
        a->part = PART_SKIP;
    } else {
        return false;
    }
    return true;
}

// ServerVersionInfo. What is no number counts as 0.
static void answer_read_version(struct ews_answer *a)
{
    static const str names[EWS_VERSION_PARTS] = {S("MajorVersion"), S("MinorVersion"),
                                                 S("MajorBuildNumber"), S("MinorBuildNumber")};
    for (int i = 0; i < EWS_VERSION_PARTS; i++) {
        u64 value = 0;
        bool good = str_to_u64(xml_attribute(&a->xml, names[i], NULL), &value) && value <= 0xffff;
        a->version[i] = good ? (int)value : 0;
    }
}

// Outside of a message's content. false: it is content.
static bool answer_begin(struct ews_answer *a)
{
    const struct xml_name *name = &a->xml.name;
    int depth = a->xml.depth;
    if (depth == DEPTH_ENVELOPE) {
        a->envelope = xml_is(&a->xml, NS_SOAP, S("Envelope"));
        return true;
    }
    if (depth == DEPTH_BODY) {
        a->body = a->envelope && xml_is(&a->xml, NS_SOAP, S("Body"));
        return true;
    }
    if (!a->body) {
        if (depth == DEPTH_RESPONSE && xml_is(&a->xml, NS_TYPES, S("ServerVersionInfo"))) {
            answer_read_version(a); // in the header
        }
        return true;
    }
    if (depth == DEPTH_RESPONSE) {
        if (xml_is(&a->xml, NS_SOAP, S("Fault"))) {
            answer_begin_fault(a);
        }
        return true;
    }
    if (a->fault) {
        (void)answer_begin_part(a);
        return true;
    }
    if (depth == DEPTH_MESSAGES) {
        return true;
    }
    if (depth == DEPTH_MESSAGE) {
        answer_begin_message(a);
        return true;
    }
    if (a->part == PART_SKIP && str_eq(name->local, S("Value"))) {
        answer_begin_value(a);
    }
    if (a->part != PART_NONE) {
        return true; // within a part nothing is content
    }
    return depth == DEPTH_MESSAGE + 1 && name->ns == NS_MESSAGES && answer_begin_part(a);
}

static void answer_take_text(struct ews_answer *a)
{
    if (a->part == PART_CODE) {
        answer_put(&a->code, a->xml.text);
    } else if (a->part == PART_TEXT) {
        answer_put(&a->text, a->xml.text);
    } else if (a->part == PART_VALUE) {
        answer_put(&a->number, a->xml.text);
    }
}

static bool answer_is_content(const struct ews_answer *a)
{
    return a->body && !a->fault && a->xml.depth > DEPTH_MESSAGE && a->part == PART_NONE;
}

static enum ews_event answer_end(struct ews_answer *a)
{
    int depth = a->xml.depth;
    if (a->part == PART_VALUE) {
        answer_end_value(a);
        a->part = a->fault ? PART_NONE : PART_SKIP;
        return EWS_MORE;
    }
    if (a->part != PART_NONE) {
        a->part = a->fault || depth == DEPTH_MESSAGE + 1 ? PART_NONE : a->part;
        return EWS_MORE;
    }
    if (depth == DEPTH_RESPONSE && a->fault) {
        answer_judge(a);
    } else if (depth == DEPTH_MESSAGE && a->body && !a->fault) {
        answer_judge(a);
        return EWS_MESSAGE_END;
    } else if (depth == DEPTH_BODY) {
        a->body = false;
    }
    return answer_is_content(a) ? EWS_END : EWS_MORE;
}

static void answer_name(struct ews_answer *a)
{
    int ns = a->xml.name.ns;
    bool known = ns == NS_MESSAGES || ns == NS_TYPES;
    a->tag = known ? ews_tag_of(a->xml.name.local) : EWS_TAG_OTHER;
    a->level = a->xml.depth - DEPTH_MESSAGE;
}

enum ews_event ews_answer_next(struct ews_answer *a, str *in)
{
    for (;;) {
        enum ews_event event = EWS_MORE;
        switch (xml_next(&a->xml, in)) {
        case XML_MORE:
            return EWS_MORE;
        case XML_BAD:
            return EWS_BAD;
        case XML_DONE:
            return a->envelope ? EWS_DONE : EWS_BAD;
        case XML_START:
            answer_name(a);
            event = answer_begin(a) ? EWS_MORE : EWS_START;
            break;
        case XML_END:
            answer_name(a);
            event = answer_end(a);
            break;
        case XML_TEXT:
            answer_take_text(a);
            event = answer_is_content(a) ? EWS_TEXT : EWS_MORE;
            break;
        }
        if (event != EWS_MORE) {
            return event;
        }
    }
}

void ews_answer_put_words(const struct ews_answer *a, struct buf *detail)
{
    answer_put(detail, str_trim(answer_local(buf_str(&a->code))));
    if (a->text.n) {
        answer_put(detail, S(": "));
        answer_put(detail, str_trim(buf_str(&a->text)));
    }
}
