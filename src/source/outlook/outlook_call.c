// SPDX-License-Identifier: Apache-2.0
// Asking Exchange and judging its answers (see outlook_call.h). Exchange gives a request's number
// back when it is asked to (client-request-id): an answer with another number is none to this
// request.
#include "source/outlook/outlook_call.h"

#include <string.h>

#include "net/retry.h"
#include "os/os.h"

enum {
    CALL_PAUSE_MS = 10000, // after a refusal that does not say how long
};

static const struct retry_policy call_policy = {.attempts = 6, .base_ms = 2000, .max_ms = 60000};

bool outlook_call_take(struct outlook *o, struct outlook_call *call, i64 now_ms, struct exchange *x)
{
    if (o->run.pause_until_ms > now_ms) {
        x->wait_until_ms = o->run.pause_until_ms;
        return false;
    }
    if (o->run.way == OUTLOOK_WAY_CLOUD_EWS &&
        !entra_token_is_usable(&o->run.tokens[ENTRA_EWS], now_ms)) {
        return false; // a mailbox is asking for one
    }
    for (int i = 0; !call->reader && i < o->reader_count; i++) {
        if (!o->readers[i].used) {
            o->readers[i].used = true;
            call->reader = i + 1;
        }
    }
    return call->reader > 0;
}

struct outlook_reader *outlook_call_reader(struct outlook *o, const struct outlook_call *call)
{
    ASSERT(call->reader > 0);
    return &o->readers[call->reader - 1];
}

void outlook_call_close(struct outlook *o, struct outlook_call *call)
{
    if (call->reader) {
        o->readers[call->reader - 1].used = false;
    }
    *call = (struct outlook_call){0};
}

struct ews_call outlook_call_begin(struct outlook *o, struct outlook_call *call, str mailbox)
{
    struct outlook_reader *r = outlook_call_reader(o, call);
    buf_reset(&r->request);
    buf_reset(&r->state);
    ews_answer_start(&r->answer);
    call->status = 0;
    call->broken = call->whole = false;
    call->number = ++o->run.requests;
    r->older = o->run.older;
    return (struct ews_call){
        .version = r->older ? S("Exchange2013") : S("Exchange2013_SP1"),
        .mailbox = mailbox,
        .delegate = o->settings.delegate,
        .extended = o->settings.extended,
    };
}

str outlook_call_number(u64 number, u8 bytes[OUTLOOK_NUMBER_BYTES])
{
    static const u8 form[] = "00000000-0000-0000-0000-000000000000";
    for (int i = OUTLOOK_NUMBER_BYTES - 1; i >= 0; i--) {
        bytes[i] = form[i];
        if (form[i] != '-') {
            bytes[i] = (u8) "0123456789abcdef"[number & 15];
            number >>= 4;
        }
    }
    return str_make(bytes, OUTLOOK_NUMBER_BYTES);
}

bool outlook_call_ask(struct outlook *o, struct outlook_call *call, str mailbox, struct exchange *x)
{
    struct outlook_reader *r = outlook_call_reader(o, call);
    u8 bytes[OUTLOOK_NUMBER_BYTES];
    x->dest = &o->run.exchange;
    x->method = S("POST");
    x->retry = &call_policy;
    x->body = buf_str(&r->request);
    buf_put(&x->target, S("/EWS/Exchange.asmx"));
    exchange_header(x, S("Content-Type"), S("text/xml; charset=utf-8"));
    exchange_header(x, S("Accept"), S("text/xml"));
    exchange_header(x, S("client-request-id"), outlook_call_number(call->number, bytes));
    exchange_header(x, S("return-client-request-id"), S("true"));
    if (mailbox.n) {
        exchange_header(x, S("X-AnchorMailbox"), mailbox);
    }
    if (o->run.way == OUTLOOK_WAY_CLOUD_EWS) {
        call->token = o->run.tokens[ENTRA_EWS].generation;
        entra_token_header(&o->run.tokens[ENTRA_EWS], x);
    }
    return !r->request.full;
}

err outlook_call_head(struct outlook *o, struct outlook_call *call, struct exchange *x,
                      const struct http_head *head)
{
    (void)o;
    (void)x;
    bool found;
    u8 bytes[OUTLOOK_NUMBER_BYTES];
    str echoed = http1_header(head, S("client-request-id"), &found);
    call->status = head->status;
    if (echoed.n && !str_eq_nocase(str_trim(echoed), outlook_call_number(call->number, bytes))) {
        return FAIL(EWS_ANSWER);
    }
    return OK;
}

enum ews_event outlook_call_next(struct outlook *o, struct outlook_call *call, str *in)
{
    bool soap = call->status == 200 || call->status == 500;
    if (!soap || call->broken || call->whole) {
        *in = str_from_index(*in, in->n);
        return EWS_MORE;
    }
    enum ews_event event = ews_answer_next(&outlook_call_reader(o, call)->answer, in);
    if (event == EWS_BAD) {
        call->broken = true;
        *in = str_from_index(*in, in->n);
        return EWS_MORE;
    }
    call->whole = call->whole || event == EWS_DONE;
    return event;
}

static err call_status_error(int status)
{
    switch (status) {
    case 401:
        return FAIL(EWS_UNAUTHORIZED);
    case 403:
        return FAIL(EWS_FORBIDDEN);
    case 400:
    case 404:
    case 405:
    case 415:
        return FAIL(EWS_NOT_THERE);
    case 429:
    case 503:
        return FAIL(EWS_BUSY);
    case 413:
        return FAIL(EWS_SCHEMA);
    default:
        return status >= 500 ? FAIL(EWS_TRANSIENT) : FAIL(EWS_ANSWER);
    }
}

err outlook_call_judge(struct outlook *o, const struct outlook_reader *r, err e, struct exchange *x)
{
    if (err_is(e, ERR_EWS_BUSY) || err_is(e, ERR_EWS_TOO_MUCH)) {
        i64 pause_ms = r->answer.pause_ms ? r->answer.pause_ms : CALL_PAUSE_MS;
        i64 until_ms = os_mono_ms() + pause_ms;
        o->run.pause_until_ms = until_ms > o->run.pause_until_ms ? until_ms : o->run.pause_until_ms;
        x->retry_at_ms = until_ms;
    }
    bool version = err_is(e, ERR_EWS_VERSION) || err_is(e, ERR_EWS_REQUEST);
    if (version && !r->older) { // others may have found it out meanwhile
        o->run.older = true;
        x->retry_at_ms = RETRY_AT_ONCE;
        e = FAIL(EWS_ANSWER); // once more, by the older version
    }
    if (!err_ok(e) && x->detail.n == 0) {
        ews_answer_put_words(&r->answer, &x->detail);
    }
    return e;
}

// What the statuses mean where a token is the login, and EWS is being closed (wire-ews.md 18).
static err call_cloud_error(struct outlook *o, const struct outlook_call *call, struct exchange *x)
{
    struct entra_token *t = &o->run.tokens[ENTRA_EWS];
    if (call->status == 401) {
        TRY(entra_token_refuse(t, call->token)); // the second in a row is an error
        x->retry_at_ms = RETRY_AT_ONCE;          // a short life would end during a pause
        return FAIL(EWS_TOKEN);                  // once more, with a new one
    }
    return call->status == 403 ? FAIL(EWS_BLOCKED) : call_status_error(call->status);
}

err outlook_call_end(struct outlook *o, struct outlook_call *call, struct exchange *x)
{
    const struct outlook_reader *r = outlook_call_reader(o, call);
    bool cloud = o->run.way == OUTLOOK_WAY_CLOUD_EWS;
    if (cloud && call->status == 200) {
        entra_token_accept(&o->run.tokens[ENTRA_EWS], call->token);
    }
    if (call->whole && r->answer.fault) {
        return outlook_call_judge(o, r, r->answer.error, x);
    }
    if (call->whole && call->status == 200) {
        return OK;
    }
    return cloud ? call_cloud_error(o, call, x) : call_status_error(call->status);
}

bool outlook_mailbox_is_readable(const struct mailbox *m)
{
    return m->phase == MAILBOX_LISTING || m->phase == MAILBOX_LISTED;
}

void outlook_mailbox_leave(struct outlook *o, struct mailbox *m, err e, enum ews_reach reach,
                           const struct buf *detail)
{
    if (!outlook_mailbox_is_readable(m)) {
        return;
    }
    static const str none = S("no mailbox");
    bool nobody = err_is(e, ERR_EWS_NO_MAILBOX) || err_is(e, ERR_GRAPH_NO_MAILBOX);
    if (nobody && m->flags_bytes == 0) { // a user, and no failure
        memcpy(m->flags, none.p, (size_t)none.n);
        m->flags_bytes = (int)none.n;
    }
    m->error = e;
    buf_reset(&m->detail);
    buf_put(&m->detail,
            str_slice(buf_str(detail), 0, detail->n < m->detail.cap ? detail->n : m->detail.cap));
    switch (reach) {
    case EWS_REACH_PASSING:
    case EWS_REACH_ITEM:
    case EWS_REACH_FOLDER:
        m->phase = MAILBOX_FAILED;
        break;
    case EWS_REACH_MAILBOX:
        m->phase = MAILBOX_REFUSED;
        break;
    case EWS_REACH_SOME:
        o->run.some_refused++;
        m->phase = o->run.answers == 0 && o->run.some_refused >= OUTLOOK_SOME_MAX ? MAILBOX_SYSTEMIC
                                                                                  : MAILBOX_REFUSED;
        break;
    case EWS_REACH_TENANT:
        m->phase = MAILBOX_SYSTEMIC;
        break;
    }
}

void outlook_mailbox_refuse(struct outlook *o, struct mailbox *m, err e, const struct buf *detail)
{
    outlook_mailbox_leave(o, m, e, ews_error_reach(e), detail);
}
