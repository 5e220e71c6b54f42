// SPDX-License-Identifier: Apache-2.0
// The machine of one flight (see bulk.h): leaves when it is full or old enough, is sent again by
// the loop's policy with exactly what is not decided yet, and waits when it has nothing.
//
// An answer that was lost is asked again with the same items: index with an id and delete may be
// repeated. Before each request the flight is compacted in place, so that a request is always the
// front of its data.
#include "elastic/bulk_flight.h"

#include <string.h>

#include "codec/json_write.h"
#include "net/retry.h"
#include "os/os.h"

// Drops decided items and closes the gaps.
static void flight_compact(struct flight *f)
{
    int kept = 0;
    isize end = f->alone && f->count ? (isize)f->items[0].offset : 0;
    for (int i = 0; i < f->count; i++) {
        struct bulk_item item = f->items[i];
        if (item.state == ITEM_DECIDED) {
            continue;
        }
        isize shift = (isize)item.offset - end;
        if (shift > 0) {
            memmove(f->data.p + end, f->data.p + item.offset, item.bytes);
            item.offset -= (u32)shift;
            item.id_offset -= (u32)shift;
        }
        end += item.bytes;
        f->items[kept++] = item;
    }
    f->count = kept;
    f->data.n = end;
}

// The items of the next request: as many from the front as the bounds allow, at least one.
static str flight_choose(struct flight *f)
{
    isize bytes = 0;
    int n = 0;
    while (n < f->count && (f->span == 0 || n < f->span) &&
           (n == 0 || bytes + f->items[n].bytes <= f->b->request_bytes)) {
        bytes += f->items[n++].bytes;
    }
    f->sent = n;
    f->sent_bytes = bytes;
    for (int i = 0; i < n; i++) {
        f->b->stats.resent_items += f->items[i].state != ITEM_NEW;
        f->items[i].state = f->items[i].state == ITEM_NEW ? ITEM_SENT : f->items[i].state;
    }
    return str_make(f->data.p + f->items[0].offset, bytes);
}

// The body packed, or as it is when packing does not make it shorter.
static str flight_pack(struct flight *f, struct exchange *x, str body)
{
    if (!f->b->gzip || f->alone) {
        return body;
    }
    buf_reset(&f->packed);
    struct gzip_writer *w = gzip_writer_start(f->b->gzip);
    if (!err_ok(gzip_write(w, body, &f->packed)) || f->packed.n >= body.n) {
        return body;
    }
    exchange_header(x, S("Content-Encoding"), S("gzip"));
    return buf_str(&f->packed);
}

static enum step flight_leave(struct flight *f, struct exchange *x)
{
    struct bulk *b = f->b;
    str body = flight_choose(f);
    buf_put(&x->target, S("/_bulk"));
    if (b->pipeline_bytes) {
        buf_put(&x->target, S("?pipeline="));
        url_put_encoded(&x->target, str_make(b->pipeline, b->pipeline_bytes));
    }
    str packed = flight_pack(f, x, body);
    elastic_request(b->es, x, S("PUT"), packed, true);
    b->stats.requests++;
    if (f->state != FLIGHT_ALOFT) {
        b->aloft++;
    }
    f->state = FLIGHT_ALOFT;
    f->resume_ms = 0;
    return STEP_REQUEST;
}

// Out of the air, or not going at all: ready with what is left, or free.
static void flight_settle(struct flight *f)
{
    struct bulk *b = f->b;
    if (f->state == FLIGHT_ALOFT) {
        b->aloft--;
    } else if (f->state == FLIGHT_OPEN) {
        b->open = -1;
    }
    f->state = FLIGHT_READY;
    flight_compact(f);
    if (f->count == 0) {
        flight_free(f);
    }
}

// After an answer that took some items and refused others: shorter than after a refusal of all,
// because the server works through its queue, and longer each time it happens again.
static i64 flight_pause_ms(struct flight *f)
{
    i64 pause_ms = (i64)BULK_PAUSE_MS << (f->rounds < 10 ? f->rounds : 10);
    i64 unit_ms = f->b->es->retry.base_ms;
    f->rounds++;
    return pause_ms < unit_ms ? pause_ms : unit_ms;
}

static enum step flight_next(void *st, i64 now_ms, struct exchange *x)
{
    struct flight *f = st;
    struct bulk *b = f->b;
    if (f->state == FLIGHT_FREE) {
        return STEP_WAIT;
    }
    if (!err_ok(b->error)) {
        flight_abandon(f);
        flight_settle(f);
        return STEP_WAIT;
    }
    if (f->state == FLIGHT_OPEN) {
        i64 leaves_ms = f->opened_ms + b->settings.flush_ms;
        if (now_ms < leaves_ms) {
            x->wait_until_ms = leaves_ms;
            return STEP_WAIT;
        }
        flight_close(f);
    }
    if (f->too_large) {
        flight_reject_first(f, FAIL(BULK_TOO_LARGE));
        flight_settle(f);
        return STEP_WAIT;
    }
    if (f->pause) {
        f->pause = false;
        i64 pause_ms = flight_pause_ms(f);
        f->resume_ms = now_ms + (f->retry_after_ms > pause_ms ? f->retry_after_ms : pause_ms);
    }
    if (now_ms < f->resume_ms) {
        x->wait_until_ms = f->resume_ms;
        return STEP_WAIT;
    }
    if (!b->proven && b->aloft > 0 && f->state != FLIGHT_ALOFT) {
        return STEP_WAIT;
    }
    flight_compact(f); // of a request whose answer broke off, some items may be decided
    if (f->count == 0) {
        flight_settle(f);
        return STEP_WAIT;
    }
    return flight_leave(f, x);
}

static err flight_head(void *st, struct exchange *x, const struct http_head *head)
{
    (void)x;
    struct flight *f = st;
    f->status = head->status;
    f->retry_after_ms = retry_after_ms(head, os_unix_us() / 1000000);
    f->answered = 0;
    f->decided = 0;
    f->again = 0;
    f->blocked = false;
    (void)http1_header(head, S("x-opaque-id"), &f->echoed);
    f->unreadable = false;
    f->without_pipeline = false;
    f->whole = false;
    buf_reset(&f->answer);
    if (f->status == 200) {
        struct json_stream_target items = {.elements_of = S("items")};
        json_stream_init(&f->stream, items, NULL, &f->answer);
    }
    return OK;
}

static err flight_body(void *st, struct exchange *x, str *in)
{
    (void)x;
    struct flight *f = st;
    if (f->status != 200) {
        elastic_keep(&f->answer, in);
        return OK;
    }
    for (;;) {
        switch (json_stream_next(&f->stream, in)) {
        case JSON_EVENT_MORE:
            return OK;
        case JSON_EVENT_ELEMENT:
            flight_apply(f, f->stream.element, f->stream.cut);
            break;
        case JSON_EVENT_PIECE:
        case JSON_EVENT_STRING_END:
            break;
        case JSON_EVENT_END:
            f->whole = true;
            break;
        case JSON_EVENT_BAD:
            return FAIL(BULK_VERDICTS);
        }
    }
}

static err flight_end(void *st, struct exchange *x)
{
    struct flight *f = st;
    TRY(flight_land(f, x));
    flight_settle(f);
    return OK;
}

static void flight_fail(void *st, struct exchange *x, err e)
{
    struct flight *f = st;
    flight_give_up(f, x, e);
    flight_settle(f);
}

const struct machine_ops bulk_flight_ops = {
    .name = "elasticsearch bulk",
    .next = flight_next,
    .head = flight_head,
    .body = flight_body,
    .end = flight_end,
    .fail = flight_fail,
};
