// SPDX-License-Identifier: Apache-2.0
// Aimed at a message's body() and end(): gmail_message_*(), gmail_shape_*(). The first byte: full
// form or trimmed, access control or not, and into what pieces the answer is cut; the second: by
// how much the buffer grows. Cut and growing it gives the same verdict and the same document as
// whole in a large buffer, which is JSON, begins where it must and leaves room behind it.
#include "../tests/unit/gmail_lane.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static u8 text[RIG_DATA];
static struct json_node nodes[16];

static void check(const struct fetch *f, bool access)
{
    struct json j;
    struct buf b = buf_over(text, COUNT(text));
    ASSERT(f->doc.p == f->data.p + FETCH_DOC_OFFSET && f->data.n == FETCH_DOC_OFFSET + f->doc.n);
    ASSERT(f->data.cap - f->data.n >= FETCH_DOC_TAIL && err_ok(f->error));
    buf_put(&b, S("{"));
    buf_put(&b, buf_str(&f->doc));
    buf_put(&b, S("}"));
    err e = json_parse(&j, buf_str(&b), nodes, COUNT(nodes));
    ASSERT(err_ok(e) && json_size(&j, 0) == (access ? 3 : 2));
    enum json_type type = json_type(&j, json_get(&j, 0, S("_attachment")));
    ASSERT(type == JSON_STRING || type == JSON_NULL);
    str stamp = json_raw(&j, json_get(&j, 0, S("_timestamp")));
    ASSERT(f->timestamp.n == stamp.n + 2 && str_eq(str_slice(f->timestamp, 1, stamp.n + 1), stamp));
    ASSERT(f->doc.p <= f->timestamp.p && f->timestamp.p + f->timestamp.n <= f->doc.p + f->doc.n);
}

static struct fetch fetch(u8 how, isize grow, str body)
{
    struct rig *r = rig_make(NULL);
    struct gmail_case settings = rig_settings(r);
    settings.include_full_raw_message = how & 1;
    settings.document_level_security = how & 2;
    r = rig_make(&settings);
    rig_grant(r);
    rig_unit(r, S("18c1"), grow ? FETCH_DOC_OFFSET + 64 : RIG_DATA);
    r->grow = grow;
    r->lane.step_bytes = grow ? 1 + (how >> 2) : 0;
    enum step asked = machine_next(&r->lane);
    ASSERT(asked == STEP_REQUEST);
    struct machine_answer answer = ANSWER_STR(200, body);
    machine_finish(&r->lane, &answer);
    if (err_ok(r->lane.last)) {
        asked = machine_next(&r->lane);
        ASSERT(asked == STEP_DONE);
        if (r->fetch.verdict == FETCH_DOCUMENT) {
            check(&r->fetch, settings.document_level_security);
        }
    } else {
        ASSERT(err_is(r->lane.last, ERR_GMAIL_ANSWER));
        r->fetch.verdict = FETCH_UNDECIDED;
    }
    return r->fetch;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static u8 kept[RIG_DATA];
    if (n < 2 || n > 16384) {
        return 0;
    }
    str body = str_make(p + 2, (isize)n - 2);
    struct fetch whole = fetch(p[0], 0, body);
    struct buf doc = buf_over(kept, COUNT(kept));
    buf_put(&doc, buf_str(&whole.doc));
    struct fetch cut = fetch(p[0], 500 + 50 * (isize)p[1], body);
    ASSERT(cut.verdict == whole.verdict && cut.error.code == whole.error.code);
    ASSERT(cut.message_bytes == whole.message_bytes && cut.raw_fallback == whole.raw_fallback);
    ASSERT(whole.verdict != FETCH_DOCUMENT || str_eq(buf_str(&doc), buf_str(&cut.doc)));
    return 0;
}
