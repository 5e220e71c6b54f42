// SPDX-License-Identifier: Apache-2.0
// Fetching a message (see gmail_message.h; spec/wire-gmail.md 4, get). The string "raw" is diverted
// out of the JSON as it arrives and decoded straight into the lane's buffer; nothing else is
// copied. Before bytes are taken the buffer has room for all that can become of them, else
// LANE_TOO_SMALL and nothing was taken. An answer that breaks off, is no JSON, or is about another
// message decides nothing; one that is whole and holds no readable mail is positively corrupt.
#include "source/gmail/gmail_message.h"

#include "base/date.h"
#include "codec/json_write.h"
#include "os/os.h"
#include "source/gmail/gmail_shape.h"

enum {
    MESSAGE_NODES = 64,
    MESSAGE_TIME_BYTES = 64, // of internalDate: 13 digits
};

_Static_assert(LANE_BYTES > FETCH_DOC_OFFSET + FETCH_DOC_TAIL + GMAIL_SUFFIX_BYTES + 64,
               "the smallest buffer holds an empty document");

static void message_decide(struct fetch *f, enum fetch_verdict verdict, err e)
{
    struct gmail_message *gf = f->state;
    gf->decided = true;
    f->verdict = verdict;
    f->error = e;
}

// ---- asking

static void message_ask(struct gmail *g, struct fetch *f, struct exchange *x)
{
    struct gmail_message *gf = f->state;
    struct gmail_mailbox *gm = f->mailbox->state;
    gf->generation = gm->token.generation;
    gf->decoder = (struct base64_decoder){0};
    gf->translator = (struct base64_translator){0};
    gf->raw_chars = 0;
    gf->raw_strings = 0;
    gf->is_too_large = false;
    gmail_answer_start(&gf->answer, gf->answer_bytes, GMAIL_MESSAGE_REST_BYTES);
    str raw = g->settings.estimate ? S("") : S("raw");
    json_stream_init(&gf->stream, (struct json_stream_target){.string_at = raw}, &gf->answer.text,
                     NULL);
    buf_reset(&f->data);
    f->data.n = FETCH_DOC_OFFSET;
    if (g->run.include_full_raw_message) {
        buf_put(&f->data, GMAIL_SHAPE_PREFIX);
    }

    x->dest = g->settings.gmail;
    x->method = S("GET");
    gmail_mailbox_put_path(f->mailbox, &x->target);
    buf_put_byte(&x->target, '/');
    url_put_encoded(&x->target, str_make(f->units[0].id, f->units[0].id_bytes));
    buf_put(&x->target, g->settings.estimate
                            ? S("?format=minimal&fields=id,sizeEstimate&prettyPrint=false")
                            : S("?format=raw&fields=id,raw,internalDate&prettyPrint=false"));
    exchange_header(x, S("Accept"), S("application/json"));
    gmail_token_header(&gm->token, x);
}

enum step gmail_message_next(void *src, struct fetch *f, i64 now_ms, struct exchange *x)
{
    struct gmail *g = src;
    struct gmail_message *gf = f->state;
    struct gmail_mailbox *gm = f->mailbox->state;
    if (gf->decided) {
        return STEP_DONE;
    }
    bool usable = gmail_token_is_usable(&gm->token, now_ms);
    enum mailbox_phase phase = f->mailbox->phase;
    if (phase == MAILBOX_REFUSED || phase == MAILBOX_SYSTEMIC ||
        (phase == MAILBOX_FAILED && !usable)) {
        message_decide(f, FETCH_UNDECIDED, f->mailbox->error);
        return STEP_DONE;
    }
    gm->token.wanted |= gmail_token_is_due(&gm->token, now_ms);
    if (!usable || !gmail_mailbox_take_quota(g, gm, GMAIL_UNITS_GET, now_ms, x)) {
        return STEP_WAIT;
    }
    message_ask(g, f, x);
    return STEP_REQUEST;
}

// ---- the answer

err gmail_message_head(void *src, struct fetch *f, struct exchange *x, const struct http_head *head)
{
    (void)src;
    (void)x;
    struct gmail_message *gf = f->state;
    gmail_answer_head(&gf->answer, head);
    return OK;
}

// How many bytes of JSON may be taken: each gives at most one byte of content; in the trimmed form
// four give three, and three more may be waiting in the decoder.
static isize message_window(const struct gmail *g, const struct fetch *f)
{
    isize room = f->data.cap - f->data.n;
    if (g->settings.estimate) {
        return FETCH_DOC_OFFSET;
    }
    return g->run.include_full_raw_message ? room : room / 3 * 4 - 3;
}

static void message_take_piece(const struct gmail *g, struct fetch *f, str piece)
{
    struct gmail_message *gf = f->state;
    gf->raw_chars += piece.n;
    if (gf->is_too_large) {
        return;
    }
    if (g->run.include_full_raw_message) {
        base64_translate(&gf->translator, &f->data, piece);
    } else {
        base64_decode(&gf->decoder, &f->data, piece);
    }
    ASSERT(!f->data.full); // message_window()
}

static err message_read(const struct gmail *g, struct fetch *f, str *in)
{
    struct gmail_message *gf = f->state;
    while (in->n) {
        isize window = gf->is_too_large ? in->n : message_window(g, f);
        if (window <= 0) {
            if (!gmail_shape_is_largest(f)) {
                return FAIL(LANE_TOO_SMALL);
            }
            gf->is_too_large = true;
            continue;
        }
        str chunk = str_slice(*in, 0, in->n < window ? in->n : window);
        isize before = chunk.n;
        enum json_event event = json_stream_next(&gf->stream, &chunk);
        *in = str_from_index(*in, before - chunk.n);
        switch (event) {
        case JSON_EVENT_PIECE:
            message_take_piece(g, f, gf->stream.piece);
            break;
        case JSON_EVENT_STRING_END:
            gf->raw_strings++;
            break;
        case JSON_EVENT_BAD:
            return FAIL(GMAIL_ANSWER);
        case JSON_EVENT_MORE:
        case JSON_EVENT_END:
        case JSON_EVENT_ELEMENT:
            break;
        }
    }
    return OK;
}

err gmail_message_body(void *src, struct fetch *f, struct exchange *x, str *in)
{
    (void)x;
    struct gmail_message *gf = f->state;
    if (gf->answer.status == 200) {
        return message_read(src, f, in);
    }
    gmail_answer_take(&gf->answer, in);
    return OK;
}

// ---- its end

// internalDate as it was delivered; now when there is none.
static void message_put_timestamp(const struct json *j, struct buf *json)
{
    u8 bytes[MESSAGE_TIME_BYTES];
    struct buf text = buf_over(bytes, COUNT(bytes));
    int node = json_get(j, 0, S("internalDate"));
    if (json_type(j, node) == JSON_NUMBER) {
        buf_put(&text, json_raw(j, node));
    } else {
        json_put_string(j, node, &text);
    }
    if (text.n == 0 || text.full) {
        text = buf_over(bytes, COUNT(bytes));
        date_put_iso_us(&text, os_unix_us());
    }
    struct json_write w = json_write_to(json);
    json_write_string(&w, buf_str(&text));
}

static err message_shape(const struct gmail *g, struct fetch *f, const struct json *j)
{
    struct gmail_message *gf = f->state;
    u8 bytes[6 * MESSAGE_TIME_BYTES + 2];
    struct buf timestamp = buf_over(bytes, COUNT(bytes));
    struct buf suffix = buf_over(gf->suffix, GMAIL_SUFFIX_BYTES);
    message_put_timestamp(j, &timestamp);
    str owner = str_make(f->mailbox->address, f->mailbox->address_bytes);
    gmail_shape_put_suffix(&suffix, buf_str(&timestamp),
                           g->run.document_level_security ? owner : (str){0});
    ASSERT(!suffix.full); // ADDRESS_BYTES, escaped, fits
    if (gf->raw_strings == 0) {
        return gmail_shape_null(f, buf_str(&suffix));
    }
    if (gf->raw_chars == 0) { // "": an empty attachment, not an empty mail
        buf_reset(&f->data);
        f->data.n = FETCH_DOC_OFFSET;
        buf_put(&f->data, GMAIL_SHAPE_PREFIX);
        return gmail_shape_full(f, buf_str(&suffix));
    }
    if (!g->run.include_full_raw_message) {
        f->message_bytes = f->data.n - FETCH_DOC_OFFSET;
        return gmail_shape_trimmed(f, buf_str(&suffix));
    }
    if (buf_room(&f->data) < 4) {
        return gmail_shape_is_largest(f) ? FAIL(GMAIL_TOO_LARGE) : FAIL(LANE_TOO_SMALL);
    }
    base64_translate_end(&gf->translator, &f->data); // nothing when it was called before
    str encoded = buf_str(&f->data);
    int padding = str_ends(encoded, S("==")) ? 2 : str_ends(encoded, S("=")) ? 1 : 0;
    f->message_bytes = gf->translator.count / 4 * 3 - padding;
    return gmail_shape_full(f, buf_str(&suffix));
}

// Whether "raw" is what it may be: a string, null, or nothing.
static bool message_has_raw(const struct gmail_message *gf, const struct json *j)
{
    enum json_type type = json_type(j, json_get(j, 0, S("raw")));
    return type == JSON_STRING || type == JSON_NULL || (type == JSON_NONE && gf->raw_strings == 0);
}

static bool message_is_empty(const struct gmail *g, const struct fetch *f)
{
    const struct gmail_message *gf = f->state;
    isize begin = FETCH_DOC_OFFSET;
    begin += g->run.include_full_raw_message ? GMAIL_SHAPE_PREFIX.n : 0;
    return gf->raw_chars > 0 && f->data.n == begin;
}

// Without an id there must be something else that was asked for: the answer to some other request
// (a proxy can send one twice) would become an empty document.
static bool message_is_message(const struct json *j)
{
    return json_get(j, 0, S("raw")) >= 0 || json_get(j, 0, S("internalDate")) >= 0 ||
           json_get(j, 0, S("sizeEstimate")) >= 0;
}

// The answer is whole and is JSON: a document, or positively none.
static err message_end_whole(const struct gmail *g, struct fetch *f)
{
    struct gmail_message *gf = f->state;
    struct gmail_mailbox *gm = f->mailbox->state;
    struct json_node nodes[MESSAGE_NODES];
    struct json j;
    if (!err_ok(json_parse(&j, buf_str(&gf->answer.text), nodes, MESSAGE_NODES)) ||
        json_type(&j, 0) != JSON_OBJECT || gf->raw_strings > 1) {
        return FAIL(GMAIL_ANSWER);
    }
    int id = json_get(&j, 0, S("id"));
    bool same = id < 0 ? message_is_message(&j)
                       : json_equals(&j, id, str_make(f->units[0].id, f->units[0].id_bytes));
    if (!same) {
        return FAIL(GMAIL_ANSWER);
    }
    gmail_token_accept(&gm->token, gf->generation);
    if (g->settings.estimate) {
        bool known = json_i64(&j, json_get(&j, 0, S("sizeEstimate")), &f->message_bytes);
        message_decide(f, FETCH_DOCUMENT, OK);
        f->message_bytes = known && f->message_bytes > 0 ? f->message_bytes : 0;
        return OK;
    }
    if (gf->is_too_large) {
        message_decide(f, FETCH_CORRUPT, FAIL(GMAIL_TOO_LARGE));
        return OK;
    }
    if (!message_has_raw(gf, &j) || message_is_empty(g, f)) {
        message_decide(f, FETCH_CORRUPT, FAIL(GMAIL_RAW));
        return OK;
    }
    err e = message_shape(g, f, &j);
    if (err_ok(e)) {
        message_decide(f, FETCH_DOCUMENT, OK);
    } else if (err_is(e, ERR_GMAIL_TOO_LARGE)) {
        message_decide(f, FETCH_CORRUPT, e);
        return OK;
    }
    return e;
}

err gmail_message_end(void *src, struct fetch *f, struct exchange *x)
{
    struct gmail *g = src;
    struct gmail_message *gf = f->state;
    struct gmail_mailbox *gm = f->mailbox->state;
    if (gf->answer.status == 200) {
        return gf->stream.ended ? message_end_whole(g, f) : FAIL(GMAIL_ANSWER);
    }
    err e = gmail_error_judge(g, GMAIL_CALL_GET, &gf->answer, x);
    bool googles = gmail_error_is_googles(&gf->answer);
    if (err_is(e, ERR_HTTP_UNAUTHORIZED)) {
        return gmail_token_refuse(&gm->token, gf->generation); // OK: with a new token, once more
    }
    if (err_is(e, ERR_HTTP_NOT_FOUND) && googles) {
        message_decide(f, FETCH_GONE, OK);
        return OK;
    }
    if (err_is(e, ERR_GMAIL_BAD_REQUEST) && googles) {
        message_decide(f, FETCH_CORRUPT, e);
        return OK;
    }
    gmail_mailbox_pause(g, gm, e, x->retry_at_ms);
    return e;
}

void gmail_message_fail(void *src, struct fetch *f, struct exchange *x, err e)
{
    message_decide(f, FETCH_UNDECIDED, e);
    switch (gmail_error_reach(e)) {
    case GMAIL_REACH_UNIT:
    case GMAIL_REACH_PASSING:
        break;
    case GMAIL_REACH_MAILBOX:
    case GMAIL_REACH_SOME:
    case GMAIL_REACH_TENANT:
        gmail_mailbox_refuse(src, f->mailbox, e, &x->detail);
        break;
    }
}
