// SPDX-License-Identifier: Apache-2.0
// Aimed at scan_ops: pages of hits. The scan ends; whatever the cuts, and whether or not the
// visitor makes it wait, it shows the same hits in the same order and comes to the same end; a scan
// that ends well has shown every hit or counted it.
#include "answers.h"

#include <string.h>

#include "elastic/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct scan scan;
static const struct dest dest = {.label = "Elasticsearch"};

struct outcome {
    u8 log_memory[1 << 16];
    struct buf log;
    int refuse_each, refused;
    err error;
    i64 hits, unread;
};

static bool visit(void *st, const struct scan_hit *hit)
{
    struct outcome *o = st;
    if (o->refused < o->refuse_each) {
        o->refused++;
        return false;
    }
    o->refused = 0;
    ASSERT(hit->doc_id.n > 0 && hit->doc_id.n <= ELASTIC_ID_BYTES && hit->id.n > 0);
    str fields[] = {hit->id, hit->doc_id, hit->timestamp, hit->owner, hit->type};
    for (isize i = 0; i < COUNT(fields); i++) {
        buf_put(&o->log, fields[i]);
        buf_put_byte(&o->log, '|');
    }
    return true;
}

static void run(str in, isize step_bytes, struct outcome *o)
{
    static struct answers a;
    a = (struct answers){.left = in, .step_bytes = step_bytes};
    o->log = buf_over(o->log_memory, sizeof o->log_memory);
    o->refused = 0;
    struct elastic es;
    elastic_init(&es, &(struct elastic_settings){.dest = &dest, .max_retries = 2});
    scan_start(&scan, &es, S("mail"), visit, o);
    enum step step = STEP_REQUEST;
    for (isize i = 0; i < 10 + 3 * in.n && step == STEP_REQUEST; i++) {
        step = answers_turn(&a, &scan_ops, &scan, 0);
    }
    ASSERT(step == STEP_DONE || step == STEP_FAILED);
    ASSERT((step == STEP_DONE) == err_ok(scan.error) && !scan.detail.full);
    o->error = scan.error;
    o->hits = scan.hits;
    o->unread = scan.unread_hits;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static u8 memory[1 << 17] __attribute__((aligned(16)));
    static struct arena arena;
    static struct plan plan;
    if (!plan.arena) {
        arena = arena_over(memory, sizeof memory);
        plan.arena = &arena;
        scan_init(&scan, &plan);
    }
    static struct outcome a, b;
    a.refuse_each = 0;
    b.refuse_each = 2;
    run(str_make(p, (isize)n), 0, &a);
    run(str_make(p, (isize)n), 1, &b);
    ASSERT(err_ok(a.error) == err_ok(b.error) && a.log.full == b.log.full);
    if (a.log.n == b.log.n) {
        ASSERT(a.error.code == b.error.code && a.unread == b.unread);
    }
    if (err_ok(a.error)) {
        ASSERT(str_eq(buf_str(&a.log), buf_str(&b.log)) && a.hits == b.hits);
    } else { // a hit that waited when the page broke off was not shown
        ASSERT(str_starts(buf_str(&a.log), buf_str(&b.log)) && a.hits >= b.hits);
    }
    return 0;
}
