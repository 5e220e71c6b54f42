// SPDX-License-Identifier: Apache-2.0
// Aimed at index_open_ops and index_count_ops: answers to GET /, GET and PUT of the index, GET of
// the pipeline, _refresh and _count. The machine ends, and comes to the same end however answers
// are cut.
#include "answers.h"

#include <string.h>

#include "elastic/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static u8 answer_memory[INDEX_ANSWER_BYTES];
static const struct dest dest = {.label = "Elasticsearch"};

struct outcome {
    enum step step;
    u16 error, count_error;
    i64 documents;
    int major, minor, pipeline_bytes, detail_bytes;
    bool extracts, created, unchecked, serverless;
    u8 detail[EXCHANGE_DETAIL_BYTES];
};

static void open_index(str in, isize step_bytes, struct outcome *out)
{
    static struct answers a;
    a = (struct answers){.left = in, .step_bytes = step_bytes};
    struct elastic es;
    elastic_init(&es, &(struct elastic_settings){.dest = &dest, .max_retries = 2});
    struct index_open o = {.answer = buf_over(answer_memory, sizeof answer_memory),
                           .detail = buf_over(out->detail, sizeof out->detail)};
    index_open_init(&o, &es, S("mail"), in.n % 2 ? S("p") : S(""));
    enum step step = STEP_REQUEST;
    for (int i = 0; i < 20 && step == STEP_REQUEST; i++) {
        step = answers_turn(&a, &index_open_ops, &o, 0);
    }
    ASSERT(step == STEP_DONE || step == STEP_FAILED);
    ASSERT((step == STEP_DONE) == err_ok(o.error));
    ASSERT(o.pipeline_used_bytes >= 0 && o.pipeline_used_bytes <= COUNT(o.pipeline_used) &&
           !o.detail.full);
    out->step = step;
    out->error = o.error.code;
    out->major = es.major;
    out->minor = es.minor;
    out->serverless = es.serverless;
    out->pipeline_bytes = o.pipeline_used_bytes;
    out->detail_bytes = (int)o.detail.n;
    out->extracts = o.extracts;
    out->created = o.created;
    out->unchecked = o.pipeline_unchecked;
    u8 detail[EXCHANGE_DETAIL_BYTES];
    struct index_count c = {.es = &es,
                            .index = S("mail"),
                            .answer = buf_over(answer_memory, 4096),
                            .detail = buf_over(detail, sizeof detail)};
    step = STEP_REQUEST;
    for (int i = 0; i < 20 && step == STEP_REQUEST; i++) {
        step = answers_turn(&a, &index_count_ops, &c, 0);
    }
    ASSERT(step == STEP_DONE || step == STEP_FAILED);
    ASSERT((step == STEP_DONE) == (c.documents >= 0));
    out->documents = c.documents;
    out->count_error = c.error.code;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static struct outcome a, b;
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    open_index(str_make(p, (isize)n), 0, &a);
    open_index(str_make(p, (isize)n), 1, &b);
    ASSERT(memcmp(&a, &b, sizeof a) == 0);
    return 0;
}
