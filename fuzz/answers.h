// SPDX-License-Identifier: Apache-2.0
// For fuzz targets of exchange machines: the input is a list of answers, played in the place of
// net/loop. Answers are separated by byte 0x1e and read `STATUS BODY`: three digits and a blank; an
// `L` before them loses the connection after the body; anything else loses it at once. When the
// input is used up every connection is lost, so that each machine comes to its end.
#ifndef FUZZ_ANSWERS_H
#define FUZZ_ANSWERS_H

#include "limits.h"
#include "net/exchange.h"

enum { ANSWERS_STALLS_MAX = 100000 };

struct answers {
    str left;
    isize step_bytes; // of body() calls; 0: everything at once
    struct exchange x;
    int attempts;
    u8 target[EXCHANGE_TARGET_BYTES], headers[EXCHANGE_HEADERS_BYTES],
        detail[EXCHANGE_DETAIL_BYTES];
};

static inline err answers_body(struct answers *a, const struct machine_ops *ops, void *st, str body)
{
    isize given = 0, taken = 0, stalls = 0;
    while (taken < body.n) {
        isize step = a->step_bytes ? a->step_bytes : body.n;
        if (given == taken || stalls) {
            given = step < body.n - given ? given + step : body.n;
        }
        str in = str_slice(body, taken, given);
        isize before = in.n;
        TRY(ops->body(st, &a->x, &in));
        ASSERT(in.n <= before && in.p + in.n == body.p + given);
        stalls = in.n == before ? stalls + 1 : 0;
        ASSERT(stalls < ANSWERS_STALLS_MAX);
        taken += before - in.n;
    }
    return OK;
}

static inline err answers_one(struct answers *a, const struct machine_ops *ops, void *st)
{
    str record;
    bool found;
    a->left = str_cut(a->left, 0x1e, &record, &found);
    bool lost = str_starts(record, S("L"));
    record = str_from_index(record, lost);
    u64 status;
    if (record.n < 4 || !str_to_u64(str_slice(record, 0, 3), &status) || status < 200) {
        return FAIL(NET_RESET);
    }
    struct http_head head = {.status = (int)status};
    if (record.p[3] != 'p') { // as all answers of Graph have; a proxy's do not
        head.headers[head.header_count++] = (struct http_header){S("request-id"), S("0d1f")};
    }
    TRY(ops->head(st, &a->x, &head));
    TRY(answers_body(a, ops, st, str_from_index(record, 4)));
    return lost ? FAIL(NET_RESET) : ops->end(st, &a->x);
}

// Asks the machine once, and answers when it has a request.
static inline enum step answers_turn(struct answers *a, const struct machine_ops *ops, void *st,
                                     i64 now_ms)
{
    a->x = (struct exchange){.target = buf_over(a->target, sizeof a->target),
                             .headers = buf_over(a->headers, sizeof a->headers),
                             .detail = buf_over(a->detail, sizeof a->detail)};
    enum step step = ops->next(st, now_ms, &a->x);
    if (step != STEP_REQUEST) {
        a->attempts = 0;
        return step;
    }
    ASSERT(a->x.target.n > 0 && !a->x.target.full && !a->x.headers.full);
    int attempts_max = a->x.retry ? a->x.retry->attempts : 6; // retry_default
    err e = answers_one(a, ops, st);
    ASSERT(!a->x.detail.full);
    a->attempts = err_ok(e) ? 0 : a->attempts + 1;
    if (!err_ok(e) && (err_class(e) != ERR_CLASS_RETRY || a->attempts >= attempts_max)) {
        a->attempts = 0;
        ops->fail(st, &a->x, e);
        ASSERT(!a->x.detail.full);
    }
    return STEP_REQUEST;
}

#endif
