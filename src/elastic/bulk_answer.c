// SPDX-License-Identifier: Apache-2.0
// Answers to flights (see bulk.h): each verdict decides its item as it streams in; what the status
// of the whole request means; and what becomes of the items that are left when there is no further
// attempt. The only place that decides, counts and tells.
#include "elastic/bulk_flight.h"
#include "elastic/bulk_verdict.h"

// ---- deciding one item

// What stops the job: the first one counts.
static void bulk_stop(struct bulk *b, err e, str detail)
{
    if (err_ok(b->error)) {
        b->error = e;
        buf_reset(&b->detail);
        elastic_put_cut(&b->detail, detail, detail.n);
    }
}

static str flight_id(const struct flight *f, const struct bulk_item *item)
{
    return str_make(f->data.p + item->id_offset, item->id_bytes);
}

static void flight_tell(struct flight *f, struct bulk_item *item, struct bulk_result r)
{
    ASSERT(item->state != ITEM_DECIDED);
    item->state = ITEM_DECIDED;
    f->decided++;
    r.item = item;
    r.id = flight_id(f, item);
    f->b->decided(f->b->decided_st, &r);
}

static void flight_take(struct flight *f, struct bulk_item *item, const struct verdict *v)
{
    struct bulk_stats *stats = &f->b->stats;
    f->b->proven = true;
    error_monitor_success(&f->b->monitor);
    if (item->op == BULK_DELETE) {
        stats->deleted++;
    } else {
        u32 action_end = item->id_offset + item->id_bytes + 4; // "}} and a line end
        stats->indexed++;
        stats->updated += v->updated;
        stats->dropped += v->dropped;
        stats->bytes += (i64)item->offset + item->bytes - action_end;
    }
    flight_tell(
        f, item,
        (struct bulk_result){.verdict = BULK_DONE, .status = v->status, .updated = v->updated});
}

// Counts an error for the monitor; "index of ID failed: type: reason".
static void flight_note_error(struct flight *f, const struct bulk_item *item, str reason)
{
    u8 space[EXCHANGE_DETAIL_BYTES], said[EXCHANGE_DETAIL_BYTES];
    struct buf last = buf_over(space, COUNT(space));
    struct buf detail = buf_over(said, COUNT(said));
    static const str ops[] = {
        [BULK_INDEX] = S("index of "),
        [BULK_UPDATE] = S("update of "),
        [BULK_DELETE] = S("delete of "),
    };
    elastic_put_cut(&last, ops[item->op], 10);
    elastic_put_cut(&last, flight_id(f, item), 100);
    elastic_put_cut(&last, S(" failed: "), 9);
    elastic_put_cut(&last, reason, reason.n);
    if (!error_monitor_error(&f->b->monitor, buf_str(&last), &detail)) {
        bulk_stop(f->b, FAIL(BULK_TOO_MANY_ERRORS), buf_str(&detail));
    }
}

static void flight_reject(struct flight *f, struct bulk_item *item, err e, int status, str reason)
{
    f->b->stats.rejected++;
    flight_note_error(f, item, reason.n ? reason : str_from(err_what(e)));
    flight_tell(f, item,
                (struct bulk_result){
                    .verdict = BULK_REJECTED, .status = status, .error = e, .reason = reason});
}

static str flight_words(const struct flight *f)
{
    return str_make(f->words, f->words_bytes);
}

// The server's words, for whoever reports what they are about.
static void flight_keep_words(struct flight *f, const struct elastic_error *words)
{
    struct buf kept = buf_over(f->words, COUNT(f->words));
    elastic_put_error(&kept, words);
    f->words_bytes = (int)kept.n;
}

void flight_reject_first(struct flight *f, err e)
{
    flight_reject(f, &f->items[0], e, f->status, flight_words(f));
}

static void flight_leave_undecided(struct flight *f, struct bulk_item *item, err e)
{
    int status = item->state >= 100 ? item->state : 0;
    f->b->stats.undecided++;
    flight_tell(f, item,
                (struct bulk_result){.verdict = BULK_UNDECIDED, .status = status, .error = e});
}

void flight_abandon(struct flight *f)
{
    for (int i = 0; i < f->count; i++) {
        if (f->items[i].state != ITEM_DECIDED) {
            flight_leave_undecided(f, &f->items[i], f->b->error);
        }
    }
}

// ---- a verdict

// Which index or pipeline it is about, and the server's words.
static void bulk_stop_with(struct bulk *b, err e, const struct elastic_error *words)
{
    u8 space[EXCHANGE_DETAIL_BYTES];
    struct buf detail = buf_over(space, COUNT(space));
    if (err_is(e, ERR_ES_PIPELINE_MISSING)) {
        elastic_put_cut(&detail, S("pipeline ["), 10);
        elastic_put_cut(&detail, str_make(b->pipeline, b->pipeline_bytes), BULK_PIPELINE_BYTES);
    } else {
        elastic_put_cut(&detail, S("bulk into index ["), 17);
        elastic_put_cut(&detail, str_make(b->index, b->index_bytes), 255);
    }
    elastic_put_cut(&detail, S("]"), 1);
    if (words->type.n || words->reason.n) {
        elastic_put_cut(&detail, S(": "), 2);
        elastic_put_error(&detail, words);
    }
    bulk_stop(b, e, buf_str(&detail));
}

// The kept words stay: they are of items that go again.
static void flight_reject_verdict(struct flight *f, struct bulk_item *item, const struct verdict *v)
{
    u8 space[ELASTIC_REASON_BYTES];
    struct buf reason = buf_over(space, COUNT(space));
    elastic_put_error(&reason, &v->words);
    flight_reject(f, item, v->error, v->status, buf_str(&reason));
}

// The pipeline that was guessed is not there: the same items go again without one.
static bool flight_drop_guess(struct flight *f, err e)
{
    if (!f->b->pipeline_guessed || !err_is(e, ERR_ES_PIPELINE_MISSING)) {
        return false;
    }
    f->b->pipeline_bytes = 0;
    f->without_pipeline = true;
    return true;
}

// Whether the verdict is that of the item. A whole answer may be that of another request (a proxy
// can send one twice), and would then be taken for documents that were never received. Where
// X-Opaque-Id came back, this is known to be our answer, and an ingest pipeline may have changed
// the id.
static bool flight_is_about(const struct flight *f, const struct bulk_item *item, str id)
{
    str own = flight_id(f, item);
    u8 space[2][ELASTIC_ID_BYTES];
    struct buf a = buf_over(space[0], ELASTIC_ID_BYTES), b = buf_over(space[1], ELASTIC_ID_BYTES);
    return f->echoed || id.n == 0 || str_eq(id, own) ||
           (json_unescape(id, &a) && json_unescape(own, &b) && str_eq(buf_str(&a), buf_str(&b)));
}

void flight_apply(struct flight *f, str element, bool cut)
{
    if (f->answered >= f->sent) {
        bulk_stop(f->b, FAIL(ES_ANSWER), S("a bulk answer with more verdicts than items"));
        return;
    }
    struct bulk_item *item = &f->items[f->answered++];
    struct verdict v = bulk_verdict_read(element, cut, (enum bulk_op)item->op);
    if (!flight_is_about(f, item, v.id)) {
        v.kind = VERDICT_UNREADABLE;
    }
    switch (v.kind) {
    case VERDICT_TAKEN:
        flight_take(f, item, &v);
        break;
    case VERDICT_REJECTED:
        flight_reject_verdict(f, item, &v);
        break;
    case VERDICT_BLOCKED:
    case VERDICT_AGAIN:
        f->again++;
        f->blocked = f->blocked || v.kind == VERDICT_BLOCKED;
        item->state = (u16)v.status;
        flight_keep_words(f, &v.words);
        break;
    case VERDICT_STOP:
        item->state = (u16)v.status;
        if (!flight_drop_guess(f, v.error)) {
            bulk_stop_with(f->b, v.error, &v.words);
        }
        break;
    case VERDICT_UNREADABLE:
        f->unreadable = true;
        break;
    }
}

// ---- the end of an answer

// A refusal for want of room (429) may be the weather, and then the same items go again; or a node
// so small that it never takes as much at once: from the third one on, requests become smaller.
static bool flight_was_refused(const struct flight *f)
{
    bool by_items = f->status == 200 && f->decided == 0 && f->answered > 0 &&
                    f->items[0].state == 429;
    return !f->blocked && (f->status == 429 || by_items);
}

static void flight_note_refusal(struct flight *f)
{
    f->refusals++;
    if (f->refusals >= BULK_PATIENCE && f->sent > 1) {
        f->span = f->sent / 2;
    }
}

// Something was taken. What it took to get there is kept, and given up step by step when all goes
// well for long: the cluster may have been busy with others.
static void flight_note_progress(struct flight *f)
{
    struct bulk *b = f->b;
    if (f->refusals >= BULK_PATIENCE && f->sent_bytes < b->request_bytes) {
        b->request_bytes = f->sent_bytes;
        b->smooth = 0;
    } else if (f->again == 0 && b->request_bytes < b->request_limit_bytes &&
               ++b->smooth == BULK_REGROW_REQUESTS) {
        isize twice = 2 * b->request_bytes;
        b->request_bytes = twice < b->request_limit_bytes ? twice : b->request_limit_bytes;
        b->smooth = 0;
    }
    f->refusals = 0;
}

static err flight_land_verdicts(struct flight *f, struct exchange *x)
{
    if (!f->whole || f->unreadable || f->answered < f->sent) {
        buf_put_i64(&x->detail, f->answered);
        elastic_put_cut(&x->detail, S(" verdicts for "), 14);
        buf_put_i64(&x->detail, f->sent);
        elastic_put_cut(&x->detail, f->unreadable ? S(" items, some unreadable") : S(" items"), 23);
        return FAIL(BULK_VERDICTS);
    }
    if (f->without_pipeline) {
        return OK;
    }
    if (f->again && f->decided > 0) {
        f->pause = true; // it goes forward: no attempt is used up
        return OK;
    }
    if (f->again) {
        buf_put_i64(&x->detail, f->again);
        elastic_put_cut(&x->detail, S(" of "), 4);
        buf_put_i64(&x->detail, f->sent);
        elastic_put_cut(&x->detail, S(" items: "), 8);
        elastic_put_cut(&x->detail, flight_words(f), ELASTIC_REASON_BYTES);
        return FAIL(BULK_AGAIN);
    }
    return OK;
}

// 413: the same items in two requests, and no request as large as this one any more; one item that
// is too large by itself will never be taken.
static void flight_land_too_large(struct flight *f)
{
    if (f->sent == 1) {
        flight_reject_first(f, FAIL(BULK_TOO_LARGE));
        return;
    }
    f->b->stats.split++;
    f->b->request_bytes = f->sent_bytes / 2;
    f->b->request_limit_bytes = f->b->request_bytes;
}

// 400 for the whole request: one line of it is not understood. It is looked for by halving, so that
// the others are sent.
static void flight_land_bad(struct flight *f, const struct elastic_error *words)
{
    if (bulk_verdict_is_pipeline_missing(words)) {
        if (flight_drop_guess(f, FAIL(ES_PIPELINE_MISSING))) {
            return;
        }
        bulk_stop_with(f->b, FAIL(ES_PIPELINE_MISSING), words);
    } else if (f->sent == 1) {
        flight_reject_first(f, FAIL(BULK_REJECTED));
        f->span = 0;
    } else {
        f->b->stats.split++;
        f->span = f->sent / 2;
    }
}

static err flight_land_refused(struct flight *f, struct exchange *x)
{
    struct elastic_error words = elastic_error_of(buf_str(&f->answer));
    f->blocked = bulk_verdict_is_block(&words);
    flight_keep_words(f, &words);
    err e = elastic_status_error(f->status);
    if (f->blocked || err_class(e) == ERR_CLASS_RETRY) {
        elastic_put_cut(&x->detail, flight_words(f), ELASTIC_REASON_BYTES);
        return f->blocked ? FAIL(BULK_AGAIN) : e;
    }
    if (f->status == 413) {
        flight_land_too_large(f);
    } else if (f->status == 400) {
        flight_land_bad(f, &words);
    } else if (str_eq(words.type, S("index_not_found_exception"))) {
        bulk_stop_with(f->b, FAIL(ES_INDEX_GONE), &words);
    } else {
        bulk_stop_with(f->b, err_ok(e) ? FAIL(ES_ANSWER) : e, &words);
    }
    return OK;
}

err flight_land(struct flight *f, struct exchange *x)
{
    if (f->decided > 0) {
        flight_note_progress(f);
    }
    err e = f->status == 200 ? flight_land_verdicts(f, x) : flight_land_refused(f, x);
    if (!err_ok(f->b->error)) {
        flight_abandon(f);
        return OK;
    }
    if (flight_was_refused(f)) {
        flight_note_refusal(f);
    }
    return e;
}

// Items on which the server itself failed (500) every time are nobody else's trouble: they stay
// undecided, which protects their mailbox, and the job goes on. Returns how many other items were
// still refused.
static int flight_give_up_items(struct flight *f)
{
    int others = 0;
    for (int i = 0; i < f->answered; i++) {
        struct bulk_item *item = &f->items[i];
        if (item->state == 500) {
            flight_note_error(f, item, flight_words(f));
            flight_leave_undecided(f, item, FAIL(BULK_ITEM_FAILED));
        } else if (item->state != ITEM_DECIDED) {
            others++;
        }
    }
    return others;
}

void flight_give_up(struct flight *f, struct exchange *x, err e)
{
    str detail = buf_str(&x->detail);
    bool answered = err_is(e, ERR_BULK_AGAIN) || err_is(e, ERR_HTTP_BUSY);
    bool refused = answered && flight_was_refused(f);
    if (refused && f->sent > 1) {
        f->span = f->sent > 4 ? f->sent / 4 : 1; // once more, down to single items
        f->pause = true; // the loop's own pauses are over, the server's wish is not
        return;
    }
    if (refused && (f->alone || f->items[0].bytes > BULK_HEAVY_BYTES)) {
        // A document counts several times its size against the memory that a node spends on
        // indexing (indexing_pressure.memory, a tenth of its heap). If it is not its size but the
        // weather, the flights beside it stop the job.
        f->status = 429;
        flight_reject_first(f, FAIL(BULK_TOO_HEAVY));
        f->span = 0;
        f->refusals = 0; // they were its own: the others may be sent as before
    } else if (err_is(e, ERR_BULK_VERDICTS)) {
        bulk_stop(f->b, FAIL(ES_ANSWER), detail);
    } else if (err_is(e, ERR_HTTP_BUSY)) {
        bulk_stop(f->b, FAIL(ES_BUSY), detail);
    } else if (!err_is(e, ERR_BULK_AGAIN)) {
        bulk_stop(f->b, e, detail);
    } else if (f->status != 200 || flight_give_up_items(f) > 0) {
        bulk_stop(f->b, f->blocked ? FAIL(ES_DISK_FULL) : FAIL(ES_BUSY), detail);
    }
    if (!err_ok(f->b->error)) {
        flight_abandon(f);
    }
}
