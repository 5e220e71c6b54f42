// SPDX-License-Identifier: Apache-2.0
// Aimed at bulk_flight_ops, bulk_verdict_read() and bulk_fly_alone(): answers to `_bulk`. Every
// item is told once and only once, nothing stays in the air, statistics add up, and it is all the
// same however answers are cut.
#include "answers.h"

#include <string.h>

#include "elastic/bulk.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { ITEMS = 6, FLIGHTS = 1 };

static const struct dest dest = {.label = "Elasticsearch"};
static struct elastic es;
static struct bulk *bulk;

struct outcome {
    u8 log_memory[1 << 14];
    struct buf log;
    int told[ITEMS + 1];
    u16 error;
};

static void decided(void *st, const struct bulk_result *r)
{
    struct outcome *o = st;
    o->told[r->item->owner]++;
    buf_put(&o->log, r->id);
    buf_put_byte(&o->log, (u8)('0' + r->verdict));
    buf_put_i64(&o->log, r->status);
    buf_put_u64(&o->log, r->error.code);
    buf_put(&o->log, r->reason);
    ASSERT((r->verdict == BULK_DONE) == err_ok(r->error));
}

static void put_items(void)
{
    static u8 lone_memory[BULK_ACTION_BYTES + 64];
    const char *ids[ITEMS] = {"a", "b", "c", "d", "e", "f"};
    for (u32 i = 0; i < ITEMS; i++) {
        bool put = i % 3 == 2 ? bulk_put_delete(bulk, str_from(ids[i]), i, 0, 0)
                              : bulk_put_index(bulk, str_from(ids[i]), S("\"a\":1"), i, 0, 0);
        ASSERT(put);
    }
    struct buf doc = buf_over(lone_memory, sizeof lone_memory);
    (void)buf_grab(&doc, BULK_ACTION_BYTES);
    buf_put(&doc, S("\"a\":2"));
    ASSERT(bulk_fly_alone(bulk, S("lone"), &doc, ITEMS, 0));
}

static void run(str in, isize step_bytes, struct outcome *o)
{
    static struct answers a[FLIGHTS + 1];
    memset(o, 0, sizeof *o);
    o->log = buf_over(o->log_memory, sizeof o->log_memory);
    bulk_start(bulk, S("mail"), S("p"), decided, o);
    put_items();
    bulk_flush(bulk);
    str left = in; // one list of answers for all machines
    a[0].attempts = a[1].attempts = 0;
    for (isize turn = 0; turn < 100 + in.n && !bulk_is_idle(bulk); turn++) {
        for (int i = 0; i < bulk_machines(bulk); i++) {
            a[i].left = left;
            a[i].step_bytes = step_bytes;
            enum step step = answers_turn(&a[i], &bulk_flight_ops, bulk_machine(bulk, i), turn);
            ASSERT(step == STEP_REQUEST || step == STEP_WAIT);
            left = a[i].left;
        }
    }
    ASSERT(bulk_is_idle(bulk));
    for (int i = 0; i <= ITEMS; i++) {
        ASSERT(o->told[i] == 1);
    }
    const struct bulk_stats *s = bulk_stats(bulk);
    ASSERT(s->indexed + s->deleted + s->rejected + s->undecided == ITEMS + 1);
    o->error = bulk_error(bulk).code;
    ASSERT(o->error || s->undecided == 0 || str_find(in, S("500")) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static u8 memory[1 << 18] __attribute__((aligned(16)));
    static struct arena arena;
    static struct plan plan;
    if (!bulk) {
        arena = arena_over(memory, sizeof memory);
        plan.arena = &arena;
        elastic_init(&es, &(struct elastic_settings){.dest = &dest, .max_retries = 3});
        struct bulk_settings settings = {
            .flights = FLIGHTS,
            .chunk_entries = 100,
            .chunk_bytes = KIB(8),
            .flush_ms = 1,
            .monitor = {.enabled = true, .max_total_errors = 4, .max_consecutive_errors = 3},
        };
        bulk = bulk_init(&plan, &es, &settings);
    }
    static struct outcome a, b;
    run(str_make(p, (isize)n), 0, &a);
    run(str_make(p, (isize)n), 1, &b);
    ASSERT(a.error == b.error && str_eq(buf_str(&a.log), buf_str(&b.log)));
    return 0;
}
