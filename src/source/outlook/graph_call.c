// SPDX-License-Identifier: Apache-2.0
// Asking Graph and judging its answers (see graph_call.h). Graph gives a request's number back
// (client-request-id): an answer with another number is none to this request. A refusal for the
// number of requests (429, or whatever names a time) pauses the whole mailbox: lanes that were
// asking at the same time see the same refusal, so it counts once a pause.
#include "source/outlook/graph_call.h"

#include "net/retry.h"
#include "os/os.h"
#include "source/outlook/graph_answer.h"
#include "source/outlook/outlook_call.h"

enum {
    CALL_NODES = 64,      // of a refusal: real ones have 20
    CALL_PAUSE_MS = 2000, // after a refusal that does not say how long; doubles
    CALL_PAUSE_MAX_MS = 120000,
    CALL_PATIENCE = 2,     // rounds of refusals before what they say counts only if it is longer
    CALL_REFUSALS_MAX = 3, // tokens that one mailbox does not take, and others do
};

static const struct retry_policy call_policy = {.attempts = 6, .base_ms = 2000, .max_ms = 60000};

// ---- asking

static void call_land(struct graph_call *c)
{
    if (c->counted) {
        c->pace->in_flight -= c->counted;
        c->counted = 0;
    }
}

enum step graph_call_turn(struct outlook *o, struct graph_call *c, const void *machine, i64 now_ms,
                          struct exchange *x)
{
    call_land(c);
    c->status = 0;
    if (!outlook_token_is_asking(o, machine) && c->pace->pause_until_ms > now_ms) {
        x->wait_until_ms = c->pace->pause_until_ms;
        return STEP_WAIT;
    }
    enum step step = outlook_token_step(o, ENTRA_GRAPH, machine, now_ms, x);
    return step == STEP_DONE && c->pace->in_flight >= GRAPH_IN_FLIGHT ? STEP_WAIT : step;
}

void graph_call_count(struct graph_call *c, int requests)
{
    c->pace->in_flight += requests - c->counted;
    c->counted = requests;
}

void graph_call_ask(struct outlook *o, struct graph_call *c, str prefer, i64 now_ms,
                    struct exchange *x)
{
    u8 bytes[OUTLOOK_NUMBER_BYTES];
    const struct entra_token *t = &o->run.tokens[ENTRA_GRAPH];
    c->number = ++o->run.requests;
    c->generation = t->generation;
    c->asked_ms = now_ms;
    c->retry_at_ms = 0;
    c->throttled = c->is_graphs = false;
    graph_call_count(c, 1);
    x->dest = &o->run.graph;
    x->method = S("GET");
    x->flags = EXCHANGE_GZIP;
    x->retry = &call_policy;
    exchange_header(x, S("Accept"), S("application/json"));
    exchange_header(x, S("client-request-id"), outlook_call_number(c->number, bytes));
    if (prefer.n) {
        exchange_header(x, S("Prefer"), prefer);
    }
    entra_token_header(t, x);
}

void graph_put_user(struct buf *target, const struct mailbox *m)
{
    buf_put(target, S("/users/"));
    url_put_encoded(target, str_make(m->address, m->address_bytes));
}

// ---- the answer

err graph_call_head(struct outlook *o, struct graph_call *c, const void *machine,
                    const struct http_head *head)
{
    if (outlook_token_is_asking(o, machine)) {
        outlook_token_head(o, machine, head);
        return OK;
    }
    bool found;
    u8 bytes[OUTLOOK_NUMBER_BYTES];
    str echoed = str_trim(http1_header(head, S("client-request-id"), &found));
    i64 after_ms = retry_after_ms(head, os_unix_us() / 1000000);
    str given = str_trim(http1_header(head, S("request-id"), &found));
    c->status = head->status;
    c->is_graphs = echoed.n > 0 || given.n > 0;
    c->retry_at_ms = after_ms >= 0 ? os_mono_ms() + after_ms : 0;
    if (echoed.n && !str_eq_nocase(echoed, outlook_call_number(c->number, bytes))) {
        return FAIL(GRAPH_ANSWER);
    }
    return OK;
}

static bool call_is_success(const struct graph_call *c)
{
    return c->status >= 200 && c->status < 300;
}

bool graph_call_takes(struct outlook *o, struct graph_call *c, const void *machine, str *in,
                      struct buf *words)
{
    if (outlook_token_is_asking(o, machine)) {
        outlook_token_body(o, machine, in);
        return true;
    }
    if (call_is_success(c)) {
        return false;
    }
    isize room = buf_room(words);
    buf_put(words, str_slice(*in, 0, in->n < room ? in->n : room));
    *in = str_from_index(*in, in->n);
    return true;
}

static void call_put_words(const struct graph_call *c, const struct graph_words *w, struct buf *out)
{
    if (out->n) {
        return;
    }
    buf_put(out, S("HTTP "));
    buf_put_i64(out, c->status);
    if (w->code.n) {
        buf_put_byte(out, ' ');
        buf_put(out, w->code);
    }
    if (w->inner.n && !str_eq(w->inner, w->code)) {
        buf_put(out, S(" ("));
        buf_put(out, w->inner);
        buf_put_byte(out, ')');
    }
    // What looks like a token is one that something on the way has given back.
    if (w->message.n && str_find(w->message, S("eyJ")) < 0) {
        buf_put(out, S(": "));
        buf_put(out, w->message);
    }
}

// Twice as long each time that nothing came in between, and not all at once.
static i64 call_pause_ms(const struct graph_call *c)
{
    i64 pause_ms = CALL_PAUSE_MS;
    for (int i = 1; i < c->pace->rounds && pause_ms < CALL_PAUSE_MAX_MS; i++) {
        pause_ms *= 2;
    }
    pause_ms = pause_ms < CALL_PAUSE_MAX_MS ? pause_ms : CALL_PAUSE_MAX_MS;
    return pause_ms + (i64)(c->number * 7919 % (u64)(pause_ms / 4 + 1));
}

err graph_call_judge(struct graph_call *c, err e, struct exchange *x)
{
    struct graph_pace *pace = c->pace;
    bool weather = err_class(e) == ERR_CLASS_RETRY && c->status >= 400;
    c->throttled = err_is(e, ERR_GRAPH_THROTTLED) || (weather && c->retry_at_ms);
    if (!c->throttled) {
        return e;
    }
    pace->rounds += c->asked_ms >= pace->pause_until_ms; // else somebody has counted it
    i64 own_ms = os_mono_ms() + call_pause_ms(c);
    bool told = c->retry_at_ms && (pace->rounds <= CALL_PATIENCE || c->retry_at_ms > own_ms);
    i64 until_ms = told ? c->retry_at_ms : own_ms;
    pace->pause_until_ms = until_ms > pace->pause_until_ms ? until_ms : pace->pause_until_ms;
    x->retry_at_ms = pace->pause_until_ms;
    // Attempts alone do not end this: a token that is asked for in between makes them begin again.
    return pace->rounds > GRAPH_ROUNDS_MAX + call_policy.attempts ? FAIL(GRAPH_GIVEN_UP) : e;
}

err graph_call_refuse(struct outlook *o, struct graph_call *c)
{
    struct entra_token *t = &o->run.tokens[ENTRA_GRAPH];
    bool counts = t->bytes && c->generation == t->generation; // others may have been first
    err e = entra_token_refuse(t, c->generation);
    if (!err_ok(e)) { // a mailbox that takes none is not everybody's end
        return o->run.answers ? FAIL(GRAPH_DENIED) : e;
    }
    c->pace->refusals += counts;
    return c->pace->refusals > CALL_REFUSALS_MAX ? FAIL(GRAPH_DENIED) : OK;
}

static err call_refused(struct outlook *o, struct graph_call *c, str text, struct exchange *x)
{
    struct json_node nodes[CALL_NODES];
    struct json j;
    struct graph_words words = {0};
    if (err_ok(json_parse(&j, text, nodes, CALL_NODES))) {
        graph_answer_words(&j, &words);
    }
    err e = graph_answer_error(c->status, &words);
    if (err_is(e, ERR_GRAPH_TOKEN)) {
        e = graph_call_refuse(o, c);
        c->outcome = GRAPH_AGAIN;
    } else {
        e = graph_call_judge(c, err_ok(e) ? FAIL(GRAPH_ANSWER) : e, x);
    }
    if (!err_ok(e)) {
        call_put_words(c, &words, &x->detail);
    }
    return e;
}

err graph_call_end(struct outlook *o, struct graph_call *c, const void *machine, str words,
                   struct exchange *x)
{
    c->outcome = GRAPH_AGAIN;
    if (outlook_token_is_asking(o, machine)) {
        return outlook_token_end(o, machine, x);
    }
    call_land(c);
    if (!call_is_success(c)) {
        return call_refused(o, c, words, x);
    }
    c->outcome = GRAPH_GOT;
    c->pace->rounds = c->pace->refusals = 0;
    entra_token_accept(&o->run.tokens[ENTRA_GRAPH], c->generation);
    return OK;
}

void graph_call_stop(struct outlook *o, struct graph_call *c, const void *machine)
{
    outlook_token_stop(o, machine);
    call_land(c);
}

// ---- a mailbox that is out of reach

_Static_assert((int)GRAPH_REACH_PASSING == EWS_REACH_PASSING &&
                   (int)GRAPH_REACH_ITEM == EWS_REACH_ITEM &&
                   (int)GRAPH_REACH_FOLDER == EWS_REACH_FOLDER &&
                   (int)GRAPH_REACH_MAILBOX == EWS_REACH_MAILBOX &&
                   (int)GRAPH_REACH_SOME == EWS_REACH_SOME &&
                   (int)GRAPH_REACH_TENANT == EWS_REACH_TENANT,
               "errors of both reach as far");

void graph_mailbox_refuse(struct outlook *o, struct mailbox *m, err e, const struct buf *detail)
{
    outlook_mailbox_leave(o, m, e, (enum ews_reach)graph_error_reach(e), detail);
}
