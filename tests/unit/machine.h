// SPDX-License-Identifier: Apache-2.0
// Driving an exchange machine by hand, in the place of net/loop: a test gives the answers, whole or
// a few bytes at a time, and sees the requests. It keeps the contract of net/exchange.h: storage
// emptied before next(), head() once, body() as often as there are bytes, end() once; an error of
// class RETRY asks next() again until the policy's attempts are used up; every other error is told
// to fail().
//
//     struct machine m;
//     machine_init(&m, &some_ops, &st);
//     struct machine_answer answers[] = {ANSWER(200, "{}"), LOST(NET_RESET), ANSWER(404, "")};
//     CHECK(machine_run(&m, answers, COUNT(answers)) == STEP_DONE);
//     CHECK_STR(machine_target(&m, 0), S("/index"));
//
// Pauses between attempts take no time here: m.now_ms is the test's to move. One answer is used by
// each attempt. Not for TLS, sockets or chunked requests.
#ifndef TESTS_UNIT_MACHINE_H
#define TESTS_UNIT_MACHINE_H

#include "test.h"

#include "net/exchange.h"

enum { MACHINE_LOG = 64, MACHINE_TEXT = 1 << 20, MACHINE_STALLS = 1000 };

struct machine_answer {
    int status;
    str headers; // "Name: value\nName: value\n"; empty: none
    str body;
    err lost; // not OK: the exchange ends with this instead of end(), after `status` (0: no head)
              // and body
};

#define ANSWER(code, text) ((struct machine_answer){.status = (code), .body = S(text)})
#define ANSWER_STR(code, text) ((struct machine_answer){.status = (code), .body = (text)})
#define ANSWER_WITH(code, lines, text) \
    ((struct machine_answer){.status = (code), .headers = S(lines), .body = S(text)})
#define LOST(code) ((struct machine_answer){.lost = FAIL(code)})

struct machine_request {
    str method, target, headers, body; // copies
    u32 flags;
    i64 timeout_ms;
};

struct machine {
    const struct machine_ops *ops;
    void *st;
    i64 now_ms;
    isize step_bytes; // of body() calls; 0: everything at once
    struct exchange x;
    err last;                  // what ended the latest exchange
    int attempts;              // of the exchange in hand
    i64 stalls;                // body() calls that took nothing
    void (*stalled)(void *st); // called when body() took nothing: the test makes room
    void *stalled_st;
    struct machine_request requests[MACHINE_LOG];
    int request_count;
    int failed; // how often fail() was called
    u8 target[4096], headers[8192], detail[512];
    u8 text[MACHINE_TEXT]; // copies of requests
    isize text_bytes;
};

static inline void machine_init(struct machine *m, const struct machine_ops *ops, void *st)
{
    memset(m, 0, sizeof *m);
    m->ops = ops;
    m->st = st;
    m->now_ms = 1000;
}

static inline str machine_keep(struct machine *m, str s)
{
    ASSERT(s.n <= MACHINE_TEXT - m->text_bytes);
    u8 *at = m->text + m->text_bytes;
    if (s.n) {
        memcpy(at, s.p, (size_t)s.n);
    }
    m->text_bytes += s.n;
    return (str){at, s.n};
}

static inline str machine_target(const struct machine *m, int i)
{
    return i < m->request_count ? m->requests[i].target : S("(no such request)");
}

static inline str machine_method(const struct machine *m, int i)
{
    return i < m->request_count ? m->requests[i].method : S("(no such request)");
}

static inline str machine_body(const struct machine *m, int i)
{
    return i < m->request_count ? m->requests[i].body : S("(no such request)");
}

static inline bool machine_has_header(const struct machine *m, int i, str line)
{
    return i < m->request_count && str_find(m->requests[i].headers, line) >= 0;
}

// Asks once. A request is logged and checked for what the loop would refuse.
static inline enum step machine_next(struct machine *m)
{
    memset(&m->x, 0, sizeof m->x);
    m->x.target = buf_over(m->target, (isize)sizeof m->target);
    m->x.headers = buf_over(m->headers, (isize)sizeof m->headers);
    m->x.detail = buf_over(m->detail, (isize)sizeof m->detail);
    enum step step = m->ops->next(m->st, m->now_ms, &m->x);
    if (step != STEP_REQUEST) {
        return step;
    }
    ASSERT(m->request_count < MACHINE_LOG);
    ASSERT(!m->x.target.full && !m->x.headers.full && m->x.target.n > 0 && m->x.target.p[0] == '/');
    ASSERT(m->x.method.n > 0);
    m->requests[m->request_count++] = (struct machine_request){
        .method = machine_keep(m, m->x.method),
        .target = machine_keep(m, buf_str(&m->x.target)),
        .headers = machine_keep(m, buf_str(&m->x.headers)),
        .body = machine_keep(m, m->x.body),
        .flags = m->x.flags,
        .timeout_ms = m->x.timeout_ms,
    };
    return step;
}

static inline struct http_head machine_head(int status, str headers)
{
    struct http_head head = {.status = status};
    while (headers.n) {
        str line;
        bool found;
        headers = str_cut(headers, '\n', &line, &found);
        struct http_header *h = &head.headers[head.header_count++];
        str value = str_cut(line, ':', &h->name, &found);
        ASSERT(found);
        h->value = str_trim(value);
    }
    return head;
}

// Body bytes in steps; what body() leaves is offered again with what follows it.
static inline err machine_feed_body(struct machine *m, str body)
{
    isize given = 0; // end of what the machine may see
    isize taken = 0;
    i64 stalls = 0;
    while (taken < body.n) {
        isize step = m->step_bytes ? m->step_bytes : body.n;
        if (given == taken || stalls) {
            given = step < body.n - given ? given + step : body.n;
        }
        str in = str_slice(body, taken, given);
        str before = in;
        TRY(m->ops->body(m->st, &m->x, &in));
        ASSERT(in.p + in.n == before.p + before.n && in.n <= before.n);
        taken += before.n - in.n;
        stalls = in.n == before.n ? stalls + 1 : 0;
        m->stalls += stalls > 0;
        if (stalls && m->stalled) {
            m->stalled(m->stalled_st);
        }
        ASSERT(stalls < MACHINE_STALLS); // the machine takes nothing any more
    }
    return OK;
}

// One answer for the request that machine_next() gave; what the loop would see.
static inline err machine_answer(struct machine *m, const struct machine_answer *a)
{
    if (a->status) {
        struct http_head head = machine_head(a->status, a->headers);
        TRY(m->ops->head(m->st, &m->x, &head));
        TRY(machine_feed_body(m, a->body));
    }
    if (!err_ok(a->lost)) {
        return a->lost;
    }
    return m->ops->end(m->st, &m->x);
}

// Answers the request in hand, and does what the loop does with the outcome.
static inline void machine_finish(struct machine *m, const struct machine_answer *a)
{
    m->attempts++;
    int attempts_max = m->x.retry ? m->x.retry->attempts : 6;
    m->last = machine_answer(m, a);
    if (err_ok(m->last)) {
        m->attempts = 0;
    } else if (err_class(m->last) != ERR_CLASS_RETRY || m->attempts >= attempts_max) {
        m->attempts = 0;
        m->failed++;
        m->ops->fail(m->st, &m->x, m->last);
    }
}

// Plays the answers; returns what next() says after the last one, or earlier when it asks no more.
static inline enum step machine_run(struct machine *m, const struct machine_answer *answers,
                                    isize count)
{
    for (isize i = 0; i < count; i++) {
        enum step step = machine_next(m);
        if (step != STEP_REQUEST) {
            return step;
        }
        machine_finish(m, &answers[i]);
    }
    return machine_next(m);
}

#endif
