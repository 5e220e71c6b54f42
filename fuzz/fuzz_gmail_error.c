// SPDX-License-Identifier: Apache-2.0
// Aimed at gmail_error_judge(), gmail_error_reach() and gmail_error_is_googles(). The first byte is
// the call, the second chooses the status, the rest is the answer. No answer is a success here;
// what people are told is bounded and has no control bytes; nobody waits longer than an hour.
#include "../tests/unit/gmail_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static const int statuses[] = {200, 204, 301, 400, 401, 403, 404, 408,
                                   410, 412, 429, 500, 501, 503, 599, 999};
    static struct rig *rig;
    static u8 answer_bytes[GMAIL_ANSWER_BYTES], detail_bytes[EXCHANGE_DETAIL_BYTES];
    if (n < 2) {
        return 0;
    }
    if (!rig) {
        rig = rig_make(NULL);
    }
    enum gmail_call call = (enum gmail_call)(p[0] % (GMAIL_CALL_GET + 1));
    struct gmail_answer answer;
    gmail_answer_start(&answer, answer_bytes, COUNT(answer_bytes));
    answer.status = statuses[p[1] % COUNT(statuses)];
    str in = str_make(p + 2, (isize)n - 2);
    gmail_answer_take(&answer, &in);
    struct exchange x = {.detail = buf_over(detail_bytes, COUNT(detail_bytes))};
    err e = gmail_error_judge(rig->source.state, call, &answer, &x);
    ASSERT(!err_ok(e) && !x.detail.full && x.detail.n > 0);
    ASSERT(x.retry_at_ms == 0 || err_class(e) == ERR_CLASS_RETRY);
    ASSERT(x.retry_at_ms == 0 ||
           (x.retry_at_ms >= rig_mono_ms && x.retry_at_ms <= rig_mono_ms + RETRY_AFTER_MAX_MS));
    for (isize i = 0; i < x.detail.n; i++) {
        ASSERT(x.detail.p[i] >= ' ' && x.detail.p[i] != 0x7f);
    }
    (void)gmail_error_reach(e);
    (void)gmail_error_is_googles(&answer);
    return 0;
}
