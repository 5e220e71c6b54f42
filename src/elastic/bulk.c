// SPDX-License-Identifier: Apache-2.0
// Filling flights (see bulk.h): one flight is open at a time; documents are copied in behind their
// action lines until the bounds of elasticsearch.bulk (bytes, entries) would be passed, then the
// next free flight is opened. Nothing here sends.
#include "elastic/bulk.h"

#include <string.h>

#include "codec/json_write.h"
#include "elastic/bulk_flight.h"

static int bulk_items_max(const struct bulk_settings *settings)
{
    return settings->chunk_entries > 2 ? settings->chunk_entries : 2; // as many as deletes
}

static void bulk_carve_flights(struct bulk *b, struct plan *plan)
{
    int n = b->settings.flights, items = bulk_items_max(&b->settings);
    isize chunk = b->settings.chunk_bytes;
    b->flights = plan_take_n(plan, "flights", struct flight, n + 1,
                             "bulk.max_concurrency, and one alone");
    u8 *data = plan_take(plan, "flight data", chunk, n, "bulk.chunk_max_mem_size");
    u8 *answers = plan_take(plan, "flight answers", BULK_VERDICT_BYTES, n + 1, "one verdict");
    struct bulk_item *table = plan_take_n(plan, "flight items", struct bulk_item,
                                          (isize)n * items + 1, "bulk.chunk_size, all deletes");
    u8 *packed = NULL;
    if (b->es->settings.compress) {
        packed = plan_take(plan, "flight gzip", chunk, n, "packed bodies");
        b->gzip = plan_take(plan, "gzip writer", gzip_writer_bytes, 1, "packs one body at a time");
    }
    for (int i = 0; i <= n; i++) {
        struct flight *f = &b->flights[i];
        f->b = b;
        f->alone = i == n;
        f->items = table + (isize)i * items;
        f->answer = buf_over(answers + i * BULK_VERDICT_BYTES, BULK_VERDICT_BYTES);
        if (!f->alone) {
            f->data = buf_over(data + i * chunk, chunk);
            f->packed = buf_over(packed ? packed + i * chunk : NULL, packed ? chunk : 0);
        }
    }
}

struct bulk *bulk_init(struct plan *plan, struct elastic *es, const struct bulk_settings *settings)
{
    ASSERT(settings->flights > 0 && settings->chunk_bytes > BULK_ACTION_BYTES);
    ASSERT(settings->chunk_bytes <= INT32_MAX); // offsets are 32 bits wide
    struct bulk *b = plan_take_n(plan, "bulk", struct bulk, 1, "what flights share");
    u8 *lines = plan_take(plan, "bulk lines", BULK_ACTION_BYTES + EXCHANGE_DETAIL_BYTES, 1,
                          "an action line, facts of an error");
    b->es = es;
    b->settings = *settings;
    b->action = buf_over(lines, BULK_ACTION_BYTES);
    b->detail = buf_over(lines + BULK_ACTION_BYTES, EXCHANGE_DETAIL_BYTES);
    b->open = -1;
    bulk_carve_flights(b, plan);
    return b;
}

void bulk_start(struct bulk *b, str index, str pipeline,
                void (*decided)(void *st, const struct bulk_result *r), void *st)
{
    ASSERT(index.n < COUNT(b->index) && pipeline.n <= COUNT(b->pipeline));
    memcpy(b->index, index.p, (size_t)index.n);
    b->index_bytes = (int)index.n;
    if (pipeline.n) {
        memcpy(b->pipeline, pipeline.p, (size_t)pipeline.n);
    }
    b->pipeline_bytes = (int)pipeline.n;
    b->pipeline_guessed = false;
    b->decided = decided;
    b->decided_st = st;
    b->open = -1;
    b->aloft = 0;
    b->proven = false;
    b->request_bytes = b->settings.chunk_bytes;
    b->request_limit_bytes = b->settings.chunk_bytes;
    b->smooth = 0;
    b->stats = (struct bulk_stats){0};
    b->error = OK;
    buf_reset(&b->detail);
    error_monitor_init(&b->monitor, &b->settings.monitor);
    for (int i = 0; i <= b->settings.flights; i++) {
        flight_free(&b->flights[i]);
    }
}

void bulk_guess_pipeline(struct bulk *b)
{
    b->pipeline_guessed = true;
}

bool bulk_uses_pipeline(const struct bulk *b)
{
    return b->pipeline_bytes > 0;
}

void flight_free(struct flight *f)
{
    f->state = FLIGHT_FREE;
    f->too_large = false;
    f->count = 0;
    f->entries = 0;
    f->span = 0;
    f->rounds = 0;
    f->refusals = 0;
    f->pause = false;
    f->resume_ms = 0;
    f->status = 0;
    f->words_bytes = 0;
    f->sent = 0;
    f->sent_bytes = 0;
    buf_reset(&f->data);
}

void flight_close(struct flight *f)
{
    ASSERT(f->state == FLIGHT_OPEN);
    f->state = FLIGHT_READY;
    f->b->open = -1;
}

// What stands before and behind the members of a document, by operation.
static const struct {
    str action, before, behind;
} bulk_lines[] = {
    [BULK_INDEX] = {S("{\"index\":{\"_index\":\""), S("{"), S("}\n")},
    [BULK_UPDATE] = {S("{\"update\":{\"_index\":\""), S("{\"doc\":{"),
                     S("},\"doc_as_upsert\":true}\n")},
    [BULK_DELETE] = {S("{\"delete\":{\"_index\":\""), S(""), S("")},
};

// The action line into b->action, with its line end. Offset and length of the id in it go to *item.
static str bulk_make_action(struct bulk *b, enum bulk_op op, str id, struct bulk_item *item)
{
    ASSERT(id.n > 0 && id.n <= ELASTIC_ID_BYTES);
    struct buf *line = &b->action;
    buf_reset(line);
    buf_put(line, bulk_lines[op].action);
    json_escape(line, str_make(b->index, b->index_bytes));
    buf_put(line, S("\",\"_id\":\""));
    item->id_offset = (u32)line->n;
    json_escape(line, id);
    item->id_bytes = (u32)line->n - item->id_offset;
    buf_put(line, S("\"}}\n"));
    ASSERT(!line->full);
    return buf_str(line);
}

// The open flight, if the item fits into it; else the next free one. NULL: none.
static struct flight *bulk_find_room(struct bulk *b, isize bytes, int entries)
{
    if (b->open >= 0) {
        struct flight *f = &b->flights[b->open];
        int limit = bulk_items_max(&b->settings);
        if (bytes <= buf_room(&f->data) && f->entries + entries <= limit) {
            return f;
        }
        flight_close(f);
    }
    for (int i = 0; i < b->settings.flights; i++) {
        if (b->flights[i].state == FLIGHT_FREE) {
            return &b->flights[i];
        }
    }
    return NULL;
}

static bool bulk_put(struct bulk *b, struct bulk_item item, str id, str body, i64 now_ms)
{
    if (!err_ok(b->error)) {
        return false;
    }
    enum bulk_op op = (enum bulk_op)item.op;
    str action = bulk_make_action(b, op, id, &item);
    int entries = op == BULK_DELETE ? 1 : 2;
    isize bytes = action.n + bulk_lines[op].before.n + body.n + bulk_lines[op].behind.n;
    ASSERT(bytes <= b->settings.chunk_bytes); // bulk_fits() was asked
    struct flight *f = bulk_find_room(b, bytes, entries);
    if (!f) {
        return false;
    }
    if (f->state == FLIGHT_FREE) {
        f->state = FLIGHT_OPEN;
        f->opened_ms = now_ms;
        b->open = (int)(f - b->flights);
    }
    item.offset = (u32)f->data.n;
    item.bytes = (u32)bytes;
    item.id_offset += item.offset;
    buf_put(&f->data, action);
    buf_put(&f->data, bulk_lines[op].before);
    buf_put(&f->data, body);
    buf_put(&f->data, bulk_lines[op].behind);
    ASSERT(!f->data.full);
    f->items[f->count++] = item;
    f->entries += entries;
    if (f->entries >= bulk_items_max(&b->settings)) {
        flight_close(f);
    }
    return true;
}

// Six values that belong to nothing in common: NOLINTNEXTLINE(readability-function-size)
bool bulk_put_index(struct bulk *b, str id, str body, u32 owner, u32 generation, i64 now_ms)
{
    struct bulk_item item = {.owner = owner, .generation = generation, .op = BULK_INDEX};
    return bulk_put(b, item, id, body, now_ms);
}

// As above: NOLINTNEXTLINE(readability-function-size)
bool bulk_put_update(struct bulk *b, str id, str body, u32 owner, u32 generation, i64 now_ms)
{
    struct bulk_item item = {.owner = owner, .generation = generation, .op = BULK_UPDATE};
    return bulk_put(b, item, id, body, now_ms);
}

bool bulk_put_delete(struct bulk *b, str id, u32 owner, u32 generation, i64 now_ms)
{
    struct bulk_item item = {.owner = owner, .generation = generation, .op = BULK_DELETE};
    return bulk_put(b, item, id, S(""), now_ms);
}

bool bulk_fits(const struct bulk *b, str id, isize body_bytes)
{
    // Quotes, keys and index of an action line, and an id of nothing but escapes.
    isize action = 64 + 6 * ((isize)b->index_bytes + id.n);
    isize around = bulk_lines[BULK_UPDATE].before.n + bulk_lines[BULK_UPDATE].behind.n;
    return body_bytes <= b->settings.chunk_bytes - action - around;
}

bool bulk_fly_alone(struct bulk *b, str id, struct buf *doc, u32 owner, u32 generation)
{
    struct flight *f = &b->flights[b->settings.flights];
    if (!err_ok(b->error) || f->state != FLIGHT_FREE) {
        return false;
    }
    ASSERT(doc->n >= BULK_ACTION_BYTES && !doc->full && doc->cap <= INT32_MAX);
    struct bulk_item item = {.owner = owner, .generation = generation, .op = BULK_INDEX};
    str action = bulk_make_action(b, BULK_INDEX, id, &item);
    isize start = BULK_ACTION_BYTES - 1 - action.n;
    ASSERT(start >= 0);
    memcpy(doc->p + start, action.p, (size_t)action.n);
    doc->p[BULK_ACTION_BYTES - 1] = '{';
    f->data = *doc;
    buf_put(&f->data, S("}\n"));
    f->too_large = f->data.full;
    item.offset = (u32)start;
    item.id_offset += item.offset;
    item.bytes = (u32)(f->data.n - start);
    f->items[0] = item;
    f->count = 1;
    f->entries = 2;
    f->state = FLIGHT_READY;
    return true;
}

bool bulk_flush(struct bulk *b)
{
    bool open = b->open >= 0;
    if (open) {
        flight_close(&b->flights[b->open]);
    }
    return open;
}

bool bulk_is_idle(const struct bulk *b)
{
    for (int i = 0; i <= b->settings.flights; i++) {
        if (b->flights[i].state != FLIGHT_FREE) {
            return false;
        }
    }
    return true;
}

err bulk_error(const struct bulk *b)
{
    return b->error;
}

str bulk_detail(const struct bulk *b)
{
    return buf_str(&b->detail);
}

const struct bulk_stats *bulk_stats(const struct bulk *b)
{
    return &b->stats;
}

int bulk_machines(const struct bulk *b)
{
    return b->settings.flights + 1;
}

void *bulk_machine(struct bulk *b, int i)
{
    ASSERT(i >= 0 && i <= b->settings.flights);
    return &b->flights[i];
}
