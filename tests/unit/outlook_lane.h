// SPDX-License-Identifier: Apache-2.0
// A lane of an Outlook source, driven by hand: answers to GetItem and GetAttachment, and what
// became of each unit. For the tests of outlook_fetch and outlook_batch.
#ifndef TESTS_UNIT_OUTLOOK_LANE_H
#define TESTS_UNIT_OUTLOOK_LANE_H

#include "outlook_rig.h"

enum { ROOM = KIB(256) };

#define MAIL(id, rest) "<t:Message><t:ItemId Id=\"" id "\"/>" rest "</t:Message>"
#define GOT(id, rest) FINE("GetItem", "<m:Items>" MAIL(id, rest) "</m:Items>")
#define BAD(code) WRONG("GetItem", "Error", code)
#define STOPPED WRONG("GetItem", "Warning", "ErrorBatchProcessingStopped")
#define HAS "<t:HasAttachments>true</t:HasAttachments>"
#define FILE_PART(id, name, size)                                                \
    "<t:FileAttachment><t:AttachmentId Id=\"" id "\"/><t:Name>" name "</t:Name>" \
    "<t:Size>" size "</t:Size></t:FileAttachment>"
#define PARTS(parts) "<t:Attachments>" parts "</t:Attachments>" HAS
#define CONTENT(id, text)                                                                 \
    EWS("GetAttachment",                                                                  \
        FINE("GetAttachment", "<m:Attachments><t:FileAttachment><t:AttachmentId Id=\"" id \
                              "\"/><t:Content>" text "</t:Content></t:FileAttachment>"    \
                              "</m:Attachments>"))

static inline struct rig *batch(const char *ids)
{
    struct rig *r = rig_make(ROOM);
    for (const char *p = ids; *p; p++) {
        char id[] = {*p, 0};
        rig_unit(r, id, EWS_KIND_MAIL, true);
    }
    return r;
}

// Answers what is asked next; false: nothing was asked.
static inline bool answer(struct rig *r, struct machine_answer a)
{
    enum step step = machine_next(&r->lane);
    CHECK(step == STEP_REQUEST);
    if (step == STEP_REQUEST) {
        machine_finish(&r->lane, &a);
    }
    return step == STEP_REQUEST;
}

#define SAYS(text) answer(r, ANSWER_STR(200, str_from(text)))

static inline str asked(const struct rig *r)
{
    return machine_body(&r->lane, r->lane.request_count - 1);
}

static inline bool asks_for(const struct rig *r, const char *id)
{
    u8 bytes[64];
    struct buf b = buf_over(bytes, COUNT(bytes));
    buf_put(&b, S("Id Id=\""));
    buf_put(&b, str_from(id));
    buf_put(&b, S("\""));
    return str_find(asked(r), buf_str(&b)) >= 0;
}

// The next result: "D0" a document of unit 0, "Dp1" one of part p1, with verdicts D U N G C ?; and
// a blank. Goes on to the end or to the next question.
static inline str results(struct rig *r)
{
    static u8 bytes[4096];
    static const char verdicts[] = {
        [FETCH_UNDECIDED] = '?', [FETCH_DOCUMENT] = 'D', [FETCH_UNCHANGED] = 'U',
        [FETCH_NOTHING] = 'N',   [FETCH_GONE] = 'G',     [FETCH_CORRUPT] = 'C'};
    struct buf b = buf_over(bytes, COUNT(bytes));
    struct fetch *f = &r->fetch;
    enum step step;
    bool more = true;
    while (more && (step = machine_next(&r->lane)) == STEP_DONE) {
        buf_put_byte(&b, (u8)verdicts[f->verdict]);
        if (f->decides >= 0) {
            buf_put_i64(&b, f->decides);
        } else {
            buf_put(&b, f->id);
        }
        buf_put_byte(&b, ' ');
        more = f->more;
        rig_clear_result(r);
    }
    if (!more) {
        buf_put(&b, S("end"));
        CHECK(rig_readers_used(r) == 0);
    }
    return buf_str(&b);
}

// results() has asked: the answer to it.
#define THEN(text)                                                     \
    do {                                                               \
        struct machine_answer then_ = ANSWER_STR(200, str_from(text)); \
        machine_finish(&r->lane, &then_);                              \
    } while (0)

static inline void run_out(struct rig *r, const char *text, const char *want)
{
    int i = 0;
    struct machine_answer a = ANSWER_STR(200, str_from(text));
    while (r->lane.failed == 0 && i++ < 40 && machine_next(&r->lane) == STEP_REQUEST) {
        machine_finish(&r->lane, &a);
    }
    CHECK(r->lane.failed == 1 && i <= OUTLOOK_TRIES_MAX + 7);
    CHECK_STR(results(r), str_from(want));
}

#endif
