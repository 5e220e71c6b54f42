// SPDX-License-Identifier: Apache-2.0
// The life of a unit of Graph (see graph_fetch.h). A page: ask, hand its items over, end. An item
// with attachments: ask which, then for each its document, with its content where that is wanted.
#include "source/outlook/graph_fetch.h"

#include <string.h>

#include "base/hash.h"
#include "source/outlook/graph_batch_part.h"
#include "source/outlook/graph_content.h"
#include "source/outlook/graph_page.h"
#include "source/outlook/outlook_attachment.h"

enum { PREFER_BYTES = 128 };

// ---- the end of a unit

static void fetch_decide(struct graph_fetch *gf, enum fetch_verdict verdict, err e)
{
    if (!gf->decided) {
        gf->decided = true;
        gf->verdict = verdict;
        gf->error = e;
    }
}

static enum step fetch_hand_over_unit(struct outlook *o, struct fetch *f)
{
    struct graph_fetch *gf = f->state;
    graph_call_stop(o, &gf->call, f);
    outlook_extract_release(o, &gf->extract);
    f->decides = 0;
    f->verdict = gf->verdict;
    f->error = gf->error;
    f->more = false;
    return STEP_DONE;
}

// ---- attachments

static void fetch_hand_over_part(struct outlook *o, struct fetch *f,
                                 const struct outlook_part *part, enum fetch_verdict verdict, err e)
{
    struct graph_fetch *gf = f->state;
    memcpy(gf->id, part->id.p, (size_t)part->id.n); // the queue moves on
    if (verdict == FETCH_DOCUMENT) {
        outlook_attachment_hand(f, f->data.n > gf->content_from && !gf->extract.wanted);
    }
    outlook_extract_release(o, &gf->extract);
    f->decides = -1;
    f->id = str_make(gf->id, part->id.n);
    f->verdict = verdict;
    f->error = e;
    f->more = true;
    outlook_parts_next(&gf->parts);
    gf->part_ready = gf->extract.ready = false;
    gf->part_error = OK;
    gf->handed = true;
}

static enum step fetch_ask_text(struct outlook *o, struct fetch *f, const struct outlook_part *part,
                                i64 now_ms, struct exchange *x)
{
    struct graph_fetch *gf = f->state;
    gf->asking = GRAPH_ASKING_TEXT;
    x->about = hash_siphash(o->hosts, part->id);
    err e = outlook_extract_ask(o, &gf->extract, &f->data, now_ms, x);
    if (err_ok(e)) {
        return STEP_REQUEST;
    }
    fetch_hand_over_part(o, f, part, FETCH_DOCUMENT, e);
    return STEP_DONE;
}

// The document of the first attachment, where nothing has to be asked for it. false: its content
// does.
static bool fetch_part_is_there(struct outlook *o, struct fetch *f, const struct outlook_part *part)
{
    struct graph_fetch *gf = f->state;
    i64 max_bytes = o->run.extract ? INT64_MAX : o->settings.max_file_bytes;
    if (gf->part_ready) {
        fetch_hand_over_part(o, f, part, gf->part_verdict, gf->part_error);
        return true;
    }
    if (f->is_unchanged && f->is_unchanged(f->is_unchanged_st, part->id, part->timestamp)) {
        fetch_hand_over_part(o, f, part, FETCH_UNCHANGED, OK);
        return true;
    }
    if (o->run.content && outlook_attachment_has_content(part, max_bytes)) {
        return false;
    }
    graph_content_begin(o, f, part);
    fetch_hand_over_part(o, f, part, FETCH_DOCUMENT, OK);
    return true;
}

// ---- asking

static enum step fetch_wait(struct fetch *f)
{
    const struct graph_fetch *gf = f->state;
    f->give_back = !gf->handed;
    return STEP_WAIT;
}

static void fetch_ask(struct outlook *o, struct fetch *f, const struct outlook_part *part,
                      i64 now_ms, struct exchange *x)
{
    struct graph_fetch *gf = f->state;
    u8 bytes[PREFER_BYTES];
    struct buf prefer = buf_over(bytes, COUNT(bytes));
    if (part) {
        gf->asking = GRAPH_ASKING_CONTENT;
        graph_content_begin(o, f, part);
        graph_content_put_target(f, part, &x->target);
    } else if (f->units[0].parts) {
        gf->asking = GRAPH_ASKING_PARTS;
        gf->part_count = gf->part_base;
        outlook_parts_start(&gf->parts);
        graph_page_begin(f);
        graph_content_put_list(f, &x->target);
    } else {
        gf->asking = GRAPH_ASKING_PAGE;
        graph_page_begin(f);
        graph_sets_put_target(o, f->mailbox, f->units[0].folder, &x->target);
        graph_sets_put_prefer(f->mailbox->state, f->units[0].folder, &prefer);
    }
    ASSERT(!prefer.full);
    graph_call_ask(o, &gf->call, buf_str(&prefer), now_ms, x);
    x->answer_bytes = part ? EXCHANGE_FILE_BYTES : 0;
}

enum step graph_fetch_next(void *src, struct fetch *f, i64 now_ms, struct exchange *x)
{
    struct outlook *o = src;
    struct graph_fetch *gf = f->state;
    struct graph_box *box = f->mailbox->state;
    struct outlook_part part;
    if (!f->units[0].page) {
        return graph_batch_next(o, f, now_ms, x);
    }
    f->give_back = false;
    if (graph_page_hand_over(f)) {
        return STEP_DONE;
    }
    if (gf->asking == GRAPH_ASKING_PARTS) { // what a broken answer has left
        outlook_parts_start(&gf->parts);
        gf->asking = GRAPH_ASKING_NOTHING;
    }
    if (!outlook_mailbox_is_readable(f->mailbox)) {
        fetch_decide(gf, FETCH_UNDECIDED, OK); // the mailbox says why
    }
    bool has_part = !gf->decided && outlook_parts_first(&gf->parts, &part);
    if (gf->decided || (gf->listed && !has_part)) {
        fetch_decide(gf, FETCH_NOTHING, OK);
        return fetch_hand_over_unit(o, f);
    }
    if (has_part && gf->extract.ready) {
        return fetch_ask_text(o, f, &part, now_ms, x);
    }
    if (has_part && fetch_part_is_there(o, f, &part)) {
        return STEP_DONE;
    }
    gf->call.pace = &box->pace;
    enum step step = graph_call_turn(o, &gf->call, f, now_ms, x);
    if (step != STEP_DONE) {
        if (step == STEP_FAILED) {
            graph_mailbox_refuse(o, f->mailbox, o->run.token_error, &x->detail);
            fetch_decide(gf, FETCH_UNDECIDED, OK);
            return fetch_hand_over_unit(o, f);
        }
        return step == STEP_WAIT ? fetch_wait(f) : step;
    }
    fetch_ask(o, f, has_part ? &part : NULL, now_ms, x);
    return STEP_REQUEST;
}

// ---- the answer

// Of the service, not of Graph; a token is never asked for in between.
static bool fetch_is_text(const struct graph_fetch *gf)
{
    return gf->asking == GRAPH_ASKING_TEXT;
}

err graph_fetch_head(void *src, struct fetch *f, struct exchange *x, const struct http_head *head)
{
    (void)x;
    struct graph_fetch *gf = f->state;
    if (fetch_is_text(gf)) {
        outlook_extract_head(src, &gf->extract, head);
        return OK;
    }
    TRY(graph_call_head(src, &gf->call, f, head));
    // Other answers are known by what is in them; bytes of an attachment may be anything.
    bool bytes = gf->asking == GRAPH_ASKING_CONTENT && gf->call.status == 200;
    return bytes && !gf->call.is_graphs ? FAIL(GRAPH_ANSWER) : OK;
}

err graph_fetch_body(void *src, struct fetch *f, struct exchange *x, str *in)
{
    (void)x;
    struct graph_fetch *gf = f->state;
    if (fetch_is_text(gf)) {
        return outlook_extract_body(&gf->extract, &f->data, in);
    }
    gf->rest.p = f->data.p; // the buffer may have moved
    if (graph_call_takes(src, &gf->call, f, in, &gf->rest)) {
        return OK;
    }
    return gf->asking == GRAPH_ASKING_CONTENT ? graph_content_body(f, in)
           : gf->asking == GRAPH_ASKING_ONE   ? graph_batch_body_one(f, in)
                                              : graph_page_body(src, f, in);
}

// ---- its end

// What a refusal means for the unit. OK: it is dealt with.
static err fetch_refused(struct fetch *f, err e)
{
    struct graph_fetch *gf = f->state;
    struct graph_box *box = f->mailbox->state;
    u8 folder = f->units[0].folder;
    if (gf->call.throttled && !gf->handed && box->pace.rounds <= GRAPH_ROUNDS_MAX) {
        return OK; // next() gives it back
    }
    bool gone = graph_error_is_gone(e) || graph_error_reach(e) == GRAPH_REACH_FOLDER;
    switch ((enum graph_asking)gf->asking) {
    case GRAPH_ASKING_PAGE:
        if (err_is(e, ERR_GRAPH_SYNC_STATE) && box->sets[folder].link_bytes) {
            return graph_sets_restart(box, folder) ? OK : e;
        }
        if ((gone && !err_is(e, ERR_GRAPH_SYNC_STATE)) || err_is(e, ERR_GRAPH_ID)) {
            graph_sets_leave(box, folder, gone);
            fetch_decide(gf, FETCH_NOTHING, OK);
            return OK;
        }
        if (err_is(e, ERR_GRAPH_REQUEST) && graph_sets_go_plain(box, folder)) {
            return OK;
        }
        if (err_is(e, ERR_GRAPH_TIMEOUT)) {
            (void)graph_sets_shrink(box, folder);
        }
        return e;
    case GRAPH_ASKING_PARTS:
        if (gone) { // its item went meanwhile
            fetch_decide(gf, FETCH_NOTHING, OK);
            return OK;
        }
        return e;
    case GRAPH_ASKING_CONTENT:
        if (graph_error_reach(e) == GRAPH_REACH_ITEM) {
            graph_content_drop(f);
            return OK;
        }
        return e;
    case GRAPH_ASKING_NOTHING:
    case GRAPH_ASKING_TEXT:
    case GRAPH_ASKING_BATCH:
    case GRAPH_ASKING_ONE:
        break;
    }
    return e;
}

err graph_fetch_end(void *src, struct fetch *f, struct exchange *x)
{
    struct outlook *o = src;
    struct graph_fetch *gf = f->state;
    if (!f->units[0].page) {
        return graph_batch_end(o, f, x);
    }
    if (fetch_is_text(gf)) {
        gf->part_error = outlook_extract_end(o, &gf->extract, &f->data);
        gf->part_ready = true;
        gf->part_verdict = FETCH_DOCUMENT;
        gf->asking = GRAPH_ASKING_NOTHING;
        return OK;
    }
    bool token = outlook_token_is_asking(o, f);
    gf->rest.p = f->data.p;
    err e = graph_call_end(o, &gf->call, f, buf_str(&gf->rest), x);
    if (!err_ok(e) || gf->call.outcome == GRAPH_AGAIN) {
        return err_ok(e) || token ? e : fetch_refused(f, e);
    }
    ((struct graph_box *)f->mailbox->state)->denied = 0;
    if (gf->asking == GRAPH_ASKING_CONTENT) {
        graph_content_end(f);
        return OK;
    }
    return graph_page_end(o, f);
}

// Attachments of one item may be closed in a mailbox that is open (protected, or kept from us by a
// label): it is the mailbox when several in a row are.
static bool fetch_is_of_mailbox(const struct fetch *f, err e)
{
    struct graph_box *box = f->mailbox->state;
    if (graph_error_reach(e) != GRAPH_REACH_SOME) {
        return graph_error_reach(e) >= GRAPH_REACH_MAILBOX;
    }
    return ++box->denied >= OUTLOOK_SOME_MAX;
}

void graph_fetch_fail(void *src, struct fetch *f, struct exchange *x, err e)
{
    struct outlook *o = src;
    struct graph_fetch *gf = f->state;
    if (outlook_token_fail(o, f)) {
        return;
    }
    if (!f->units[0].page) {
        graph_batch_fail(o, f, x, e);
        return;
    }
    if (fetch_is_text(gf)) {
        outlook_extract_fail(o, &gf->extract, &f->data);
        gf->part_error = e;
        gf->part_ready = true;
        gf->part_verdict = FETCH_DOCUMENT;
        gf->asking = GRAPH_ASKING_NOTHING;
        return;
    }
    bool token = outlook_token_is_asking(o, f);
    bool page = gf->asking == GRAPH_ASKING_PAGE || token;
    graph_call_stop(o, &gf->call, f);
    if (!token && gf->asking == GRAPH_ASKING_CONTENT) {
        gf->part_ready = true;
        gf->part_verdict = FETCH_UNDECIDED;
        gf->part_error = e;
    } else {
        fetch_decide(gf, FETCH_UNDECIDED, page ? OK : e);
    }
    if (page || fetch_is_of_mailbox(f, e)) {
        graph_mailbox_refuse(o, f->mailbox, e, &x->detail);
    }
}
