// SPDX-License-Identifier: Apache-2.0
// For the tests of elastic/bulk: a job of FLIGHTS flights of CHUNK bytes, and a server that answers
// what a request holds: the beginning of an id chooses its verdict, whatever the order of flights.
#ifndef TESTS_UNIT_BULK_SERVER_H
#define TESTS_UNIT_BULK_SERVER_H

#include "machine.h"

#include "elastic/bulk.h"
#include "elastic/bulk_flight.h"
#include "elastic/bulk_verdict.h"

enum { FLIGHTS = 3, CHUNK = 64 * 1024 };

static const struct dest dest = {.label = "Elasticsearch"};
static struct elastic es;
static struct bulk *b;
static struct machine machines[FLIGHTS + 1];
static i64 now_ms;

// ---- the server

struct rule {
    const char *prefix; // of the id
    int status;
    const char *type, *reason;
    int times; // -1: always
};

static struct rule rules[8];
static struct machine_answer whole[32]; // answers to whole requests, before anything else
static int whole_count, whole_used;
static isize max_bytes, small_node; // 413, 429 above; 0: no limit
static const char *poison;          // a body that holds this is 400
static int drop_verdicts, extra_verdicts;
static u8 answer_space[1 << 20];

static inline struct rule *rule_for(str id)
{
    for (isize i = 0; i < COUNT(rules); i++) {
        if (rules[i].prefix && rules[i].times && str_starts(id, str_from(rules[i].prefix))) {
            rules[i].times -= rules[i].times > 0;
            return &rules[i];
        }
    }
    return NULL;
}

static inline void put_verdict(struct buf *out, str op, str id)
{
    struct rule *rule = rule_for(id);
    bool is_delete = str_eq(op, S("delete"));
    str begin[] = {S("{\""), op, S("\":{\"_index\":\"mail\",\"_id\":\""), id, S("\",")};
    for (isize i = 0; i < COUNT(begin); i++) {
        buf_put(out, begin[i]);
    }
    if (rule && rule->type) {
        buf_put(out, S("\"status\":"));
        buf_put_i64(out, rule->status);
        str parts[] = {S(",\"error\":{\"type\":\""), str_from(rule->type), S("\",\"reason\":\""),
                       str_from(rule->reason), S("\"}}}")};
        for (isize i = 0; i < COUNT(parts); i++) {
            buf_put(out, parts[i]);
        }
        return;
    }
    str result = is_delete ? S("deleted") : S("created");
    result = rule ? str_from(rule->reason) : result;
    buf_put(out, S("\"result\":\""));
    buf_put(out, result);
    buf_put(out, S("\",\"_shards\":{\"total\":2,\"successful\":1,\"failed\":0},\"status\":"));
    buf_put_i64(out, rule ? rule->status : is_delete ? 200 : 201);
    buf_put(out, S("}}"));
}

static inline str action_member(str line, str mark)
{
    isize at = str_find(line, mark);
    CHECK(at >= 0);
    str rest = str_from_index(line, at + mark.n);
    return str_slice(rest, 0, str_find_byte(rest, '"'));
}

static inline struct machine_answer serve(str body)
{
    if (whole_used < whole_count) {
        return whole[whole_used++];
    }
    if (max_bytes && body.n > max_bytes) {
        return ANSWER(413, "");
    }
    if (small_node && body.n > small_node) {
        return ANSWER(429, "{\"error\":{\"type\":\"es_rejected_execution_exception\"}}");
    }
    if (poison && str_find(body, str_from(poison)) >= 0) {
        return ANSWER(400, "{\"error\":{\"type\":\"illegal_argument_exception\"}}");
    }
    struct buf out = buf_over(answer_space, COUNT(answer_space));
    buf_put(&out, S("{\"took\":3,\"errors\":true,\"items\":["));
    int verdicts = 0, drop = drop_verdicts;
    drop_verdicts = 0;
    while (body.n) {
        str line, document;
        bool found;
        body = str_cut(body, '\n', &line, &found);
        CHECK(found);
        bool is_delete = str_starts(line, S("{\"delete\""));
        bool is_update = str_starts(line, S("{\"update\""));
        if (!is_delete) {
            body = str_cut(body, '\n', &document, &found);
            CHECK(found && str_starts(document, S("{")) && str_ends(document, S("}")));
        }
        if (is_update) {
            CHECK_STR(document, S("{\"doc\":{\"id\":\"x\",\"a\":1},\"doc_as_upsert\":true}"));
        }
        CHECK_STR(action_member(line, S("\"_index\":\"")), S("mail"));
        if (body.n || !drop) {
            buf_put(&out, verdicts++ ? S(",") : S(""));
            put_verdict(&out,
                        is_delete   ? S("delete")
                        : is_update ? S("update")
                                    : S("index"),
                        action_member(line, S("\"_id\":\"")));
        }
    }
    for (int i = 0; i < extra_verdicts; i++) {
        buf_put(&out, verdicts++ ? S(",") : S(""));
        put_verdict(&out, S("index"), S("extra"));
    }
    buf_put(&out, S("]}"));
    CHECK(!out.full);
    return ANSWER_STR(200, buf_str(&out));
}
static u8 told_space[1 << 17];
static struct buf told; // "id verdict status\n"
static int done, rejected, undecided;
static err last_error;
static u8 last_reason[512];
static struct buf last_words;
static bool last_updated;

static inline void decided(void *st, const struct bulk_result *r)
{
    CHECK(st == &told);
    static const char *const verdicts[] = {" done ", " rejected ", " undecided "};
    buf_put(&told, r->id);
    buf_put(&told, str_from(verdicts[r->verdict]));
    buf_put_i64(&told, r->status);
    buf_put(&told, S("\n"));
    CHECK(r->item->owner == 7 && r->item->generation == 9);
    done += r->verdict == BULK_DONE;
    rejected += r->verdict == BULK_REJECTED;
    undecided += r->verdict == BULK_UNDECIDED;
    last_updated = r->updated;
    if (r->verdict != BULK_DONE) {
        last_error = r->error;
        last_words = buf_over(last_reason, COUNT(last_reason));
        buf_put(&last_words, r->reason);
    }
}

static inline void make_bulk(bool compress, int entries)
{
    static u8 memory[1 << 21] __attribute__((aligned(16)));
    static struct arena arena;
    static struct plan plan;
    memset(memory, 0, sizeof memory);
    arena = arena_over(memory, COUNT(memory));
    plan = (struct plan){.arena = &arena};
    elastic_init(&es, &(struct elastic_settings){.dest = &dest,
                                                 .max_retries = 5,
                                                 .retry_interval_ms = 10000,
                                                 .compress = compress});
    struct bulk_settings settings = {.flights = FLIGHTS,
                                     .chunk_entries = entries,
                                     .chunk_bytes = CHUNK,
                                     .flush_ms = 1000,
                                     .monitor = {.enabled = true,
                                                 .max_total_errors = 1000,
                                                 .max_consecutive_errors = 10,
                                                 .error_window_size = 100,
                                                 .max_error_rate = 0.15}};
    b = bulk_init(&plan, &es, &settings);
    arena_close(&arena);
}

static inline void start_with(str pipeline)
{
    memset(rules, 0, sizeof rules);
    whole_count = whole_used = drop_verdicts = extra_verdicts = 0;
    max_bytes = small_node = 0, poison = NULL;
    told = buf_over(told_space, COUNT(told_space));
    done = rejected = undecided = 0;
    last_error = OK;
    now_ms = 1000;
    bulk_start(b, S("mail"), pipeline, decided, &told);
    for (int i = 0; i < bulk_machines(b); i++) {
        machine_init(&machines[i], &bulk_flight_ops, bulk_machine(b, i));
    }
}

static inline void start(void)
{
    make_bulk(false, 500);
    start_with(S("search-default-ingestion"));
}

// Every machine is asked, and answered. How many requests there were.
static inline int turn(void)
{
    int requests = 0;
    for (int i = 0; i < bulk_machines(b); i++) {
        struct machine *m = &machines[i];
        m->now_ms = now_ms;
        if (machine_next(m) == STEP_REQUEST) {
            requests++;
            struct machine_answer a = serve(m->x.body);
            machine_finish(m, &a);
        }
    }
    return requests;
}

static inline void fly(void)
{
    bulk_flush(b);
    for (int i = 0; i < 200 && !bulk_is_idle(b); i++, now_ms += 60000) {
        turn();
    }
    CHECK(bulk_is_idle(b));
}

static inline bool put(const char *id)
{
    return bulk_put_index(b, str_from(id), S("\"id\":\"x\",\"a\":1"), 7, 9, now_ms);
}

static inline bool put_update(const char *id)
{
    return bulk_put_update(b, str_from(id), S("\"id\":\"x\",\"a\":1"), 7, 9, now_ms);
}

static inline bool put_delete(const char *id)
{
    return bulk_put_delete(b, str_from(id), 7, 9, now_ms);
}

static inline void put_numbered(const char *prefix, int from, int to)
{
    for (int i = from; i < to; i++) {
        char id[32];
        snprintf(id, sizeof id, "%s%d", prefix, i);
        for (int k = 0; k < 100 && !put(id); k++) {
            if (!err_ok(bulk_error(b))) {
                return;
            }
            turn();
        }
    }
}

#endif
