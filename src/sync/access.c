// SPDX-License-Identifier: Apache-2.0
// One access control sync after another in the same memory (see access.h): a scan fills the id set,
// a walk over the directory writes a document for each account, a second scan finds what no account
// has any more and deletes it. Bounds: access_settings.accounts. With an index that holds more it
// stops before it writes, because it could not tell new from known.
#include "sync/access.h"

#include <string.h>

#include "base/date.h"
#include "base/idset.h"
#include "codec/json_write.h"
#include "elastic/scan.h"
#include "net/crypto.h"
#include "os/os.h"
#include "sync/flights.h"

enum { ACCOUNT_EXISTED = 1, ACCOUNT_SEEN = 2 };

enum access_stage {
    ACCESS_SCAN,
    ACCESS_WALK,
    ACCESS_LAND,   // what was written, before anything is deleted
    ACCESS_DELETE, // the second scan
    ACCESS_LAND_DELETES,
    ACCESS_STOPPING,
    ACCESS_ENDED,
};

struct access {
    struct access_settings settings;
    struct access_run run;
    struct loop *loop;
    struct source *source;
    struct log *log;
    struct sync_stats stats;
    struct elastic elastic;
    struct bulk *bulk;
    struct flights flights;
    struct scan scan;
    struct idset ids;
    void *walk; // the source's state
    struct buf doc;
    enum access_stage stage;
    int task; // of the scan, or of the walk
    int scan_tries;
    i64 unseen;
    bool walked;    // every page of the directory was read
    bool hurry;     // machines were told something outside of a turn
    i64 now_ms;     // bulk wants the time
    i64 stop_at_ms; // flights are awaited until then
    err walk_error;
    enum job_end end;
    err error;
    struct buf detail;
    u8 detail_bytes[EXCHANGE_DETAIL_BYTES], text_bytes[EXCHANGE_DETAIL_BYTES];
};

struct access *access_init(struct plan *plan, const struct access_settings *settings,
                           struct loop *loop, struct source *source, struct log *log)
{
    struct access *a = plan_take_n(plan, "access", struct access, 1, "an access control sync");
    a->settings = *settings;
    a->loop = loop;
    a->source = source;
    a->log = log;
    a->stage = ACCESS_ENDED;
    a->stats.phase = SYNC_ENDED;
    a->task = -1;
    a->detail = buf_over(a->detail_bytes, EXCHANGE_DETAIL_BYTES);
    elastic_init(&a->elastic, &a->settings.elastic);
    a->bulk = bulk_init(plan, &a->elastic, &a->settings.bulk);
    scan_init(&a->scan, plan);
    flights_reset(&a->flights);
    struct hash_key key;
    os_entropy(&key, sizeof key);
    struct idset_entry *ids = plan_take_n(plan, "access ids", struct idset_entry,
                                          IDSET_PLACES(settings->accounts),
                                          "accounts in the access control index: limits.mailboxes");
    idset_init(&a->ids, ids, settings->accounts, key);
    a->walk = plan_take(plan, "access directory",
                        source_bytes_max(settings->states, source->ops).accounts, 1,
                        "token and page of the directory");
    u8 *doc = plan_take(plan, "access document", ACCESS_DOC_BYTES, 1,
                        "one access control document");
    a->doc = buf_over(doc, ACCESS_DOC_BYTES);
    return a;
}

void access_configure(struct access *a, const struct access_run *run)
{
    ASSERT(a->stage == ACCESS_ENDED);
    a->run = *run;
    a->source = run->source ? run->source : a->source;
    a->elastic.settings.authorization = run->authorization.n ? run->authorization
                                                             : a->settings.elastic.authorization;
}

// ---- endings

static void access_finish(struct access *a, enum job_end end)
{
    if (a->task >= 0) {
        loop_cancel(a->loop, a->task);
        a->task = -1;
    }
    flights_cancel(&a->flights, a->loop);
    crypto_wipe(a->walk, a->source->ops->accounts_bytes); // the directory's token
    a->end = end;
    a->stage = ACCESS_ENDED;
    a->stats.phase = SYNC_ENDED;
    a->stats.ended_ms = os_mono_ms();
}

// What is in the air is awaited, what is written stays, nothing more is deleted.
static void access_wind_down(struct access *a, enum job_end end, err e, str detail)
{
    if (a->stage == ACCESS_STOPPING) {
        return;
    }
    if (err_is(e, ERR_ES_FORBIDDEN)) {
        struct buf text = buf_over(a->text_bytes, EXCHANGE_DETAIL_BYTES);
        elastic_put_forbidden(&text, a->run.index, detail);
        detail = buf_str(&text);
        e = FAIL(ES_KEY_RIGHTS);
    }
    a->end = end;
    a->error = e;
    buf_reset(&a->detail);
    elastic_put_cut(&a->detail, detail, detail.n);
    if (!err_ok(e)) {
        log_err(a->log, LOG_ERROR, e, detail, NULL, 0);
    }
    if (a->task >= 0) {
        loop_cancel(a->loop, a->task);
        a->task = -1;
    }
    a->stage = ACCESS_STOPPING;
    a->stop_at_ms = os_mono_ms() + STOP_WAIT_MS;
    a->hurry = bulk_flush(a->bulk);
}

// ---- the scans

static bool access_visit_fill(void *st, const struct scan_hit *hit)
{
    struct access *a = st;
    struct idset_entry *entry = idset_add(&a->ids, hit->doc_id);
    a->stats.existing++;
    if (entry) {
        entry->flags |= ACCOUNT_EXISTED;
    }
    return true;
}

static bool access_visit_delete(void *st, const struct scan_hit *hit)
{
    struct access *a = st;
    struct idset_entry *entry = idset_find(&a->ids, hit->doc_id);
    if (!entry || entry->flags != ACCOUNT_EXISTED) {
        return true;
    }
    return bulk_put_delete(a->bulk, hit->doc_id, 0, 0, a->now_ms);
}

static void access_scan(struct access *a, enum access_stage stage)
{
    a->stage = stage;
    bool fill = stage == ACCESS_SCAN;
    if (fill) {
        idset_clear(&a->ids);
        a->stats.existing = 0;
    }
    a->stats.phase = fill ? SYNC_SCAN : SYNC_PURGE;
    scan_start(&a->scan, &a->elastic, a->run.index, fill ? access_visit_fill : access_visit_delete,
               a);
    a->task = loop_add(a->loop, &scan_ops, &a->scan);
    ASSERT(a->task >= 0);
}

// false: it is not over, or it has ended the run or begun again.
static bool access_scan_is_good(struct access *a)
{
    if (loop_is_active(a->loop, a->task)) {
        return false;
    }
    a->task = -1;
    if (err_is(a->scan.error, ERR_ES_SCROLL_LOST) && ++a->scan_tries < SCAN_TRIES) {
        access_scan(a, a->stage);
        return false;
    }
    if (!err_ok(a->scan.error)) {
        access_wind_down(a, JOB_ERROR, a->scan.error, buf_str(&a->scan.detail));
        return false;
    }
    return true;
}

// ---- the walk

static void access_decided(void *st, const struct bulk_result *r)
{
    struct access *a = st;
    bool is_delete = r->item->op == BULK_DELETE;
    if (r->verdict == BULK_DONE) {
        a->stats.documents_deleted += is_delete;
        a->stats.documents_indexed += !is_delete;
        a->stats.documents_updated += r->item->op == BULK_UPDATE;
        return;
    }
    a->stats.skipped[r->verdict == BULK_REJECTED ? SKIP_REJECTED : SKIP_UNDECIDED]++;
    struct log_fact facts[] = {{"account", r->id}, {"reason", r->reason}};
    log_err(a->log, LOG_WARN, r->error, (str){0}, facts, COUNT(facts));
}

// The members of the document into a->doc. false: this account has none.
static bool access_shape(struct access *a, const struct account *account, str id, bool known)
{
    buf_reset(&a->doc);
    struct json_write w = json_write_to(&a->doc);
    json_write_member(&w, S("id"), id);
    buf_put_byte(&a->doc, ',');
    if (!a->source->ops->identity(a->source->state, account, &a->doc)) {
        return false;
    }
    if (!known) {
        u8 bytes[40];
        struct buf now = buf_over(bytes, COUNT(bytes));
        date_put_iso_us(&now, os_unix_us());
        json_write_member(&w, S("_timestamp"), buf_str(&now));
    }
    ASSERT(!a->doc.full); // ACCESS_DOC_BYTES
    return true;
}

// An account may come twice, when a page of the directory is read again: it is written twice.
static bool access_take(void *st, const struct account *account)
{
    struct access *a = st;
    bool named = account->address.n > 0 || account->no_mailbox;
    if (!named || account->address.n > ADDRESS_BYTES) {
        a->stats.skipped[SKIP_BAD_ID]++;
        return true;
    }
    u8 id_bytes[IDENTITY_ID_BYTES];
    const struct source_ops *ops = a->source->ops;
    str id = ops->identity_id ? ops->identity_id(account, id_bytes) : account->address;
    struct idset_entry *entry = idset_find(&a->ids, id);
    bool known = entry && (entry->flags & ACCOUNT_EXISTED);
    if (!access_shape(a, account, id, known)) {
        return true;
    }
    str body = buf_str(&a->doc);
    bool taken = known ? bulk_put_update(a->bulk, id, body, 0, 0, a->now_ms)
                       : bulk_put_index(a->bulk, id, body, 0, 0, a->now_ms);
    if (!taken) {
        return false;
    }
    a->stats.mailboxes_found++;
    if (entry) {
        entry->flags |= ACCOUNT_SEEN;
    }
    return true;
}

static enum step access_walk_next(void *st, i64 now_ms, struct exchange *x)
{
    struct access *a = st;
    a->now_ms = now_ms;
    if (!err_ok(a->walk_error)) {
        return STEP_FAILED;
    }
    enum step step = a->source->ops->accounts_next(a->source->state, a->walk, now_ms, x);
    if (step == STEP_DONE) {
        a->walked = true;
        a->walk_error = a->stats.mailboxes_found ? OK : FAIL(JOB_DIRECTORY_EMPTY);
    } else if (step == STEP_FAILED) {
        a->walk_error = FAIL(JOB_DIRECTORY); // it gave up before it asked anything
        elastic_put_cut(&a->detail, buf_str(&x->detail), x->detail.n);
    }
    return step;
}

static err access_walk_head(void *st, struct exchange *x, const struct http_head *head)
{
    struct access *a = st;
    return a->source->ops->accounts_head(a->source->state, a->walk, x, head);
}

static err access_walk_body(void *st, struct exchange *x, str *in)
{
    struct access *a = st;
    struct account_sink sink = {.take = access_take, .st = a};
    return a->source->ops->accounts_body(a->source->state, a->walk, x, in, &sink);
}

static err access_walk_end(void *st, struct exchange *x)
{
    struct access *a = st;
    return a->source->ops->accounts_end(a->source->state, a->walk, x);
}

static void access_walk_fail(void *st, struct exchange *x, err e)
{
    struct access *a = st;
    if (a->source->ops->accounts_fail(a->source->state, a->walk, x, e)) {
        return;
    }
    a->walk_error = e;
    buf_reset(&a->detail);
    elastic_put_cut(&a->detail, buf_str(&x->detail), x->detail.n);
}

static err access_walk_send(void *st, struct buf *room, bool *last)
{
    struct access *a = st;
    return a->source->ops->accounts_send(a->source->state, a->walk, room, last);
}

static const struct machine_ops access_walk_ops = {
    .name = "directory",
    .next = access_walk_next,
    .head = access_walk_head,
    .body = access_walk_body,
    .end = access_walk_end,
    .fail = access_walk_fail,
    .send = access_walk_send,
};

// ---- the stages

void access_start(struct access *a)
{
    ASSERT(a->stage == ACCESS_ENDED);
    a->stats = (struct sync_stats){.phase = SYNC_SCAN, .started_ms = os_mono_ms()};
    a->scan_tries = 0;
    a->unseen = 0;
    a->walked = false;
    a->hurry = false;
    a->walk_error = OK;
    a->error = OK;
    a->end = JOB_ERROR;
    buf_reset(&a->detail);
    // What the last run left in flights is forgotten, and so is the error that stopped it.
    str pipeline = a->run.pipeline.n <= BULK_PIPELINE_BYTES ? a->run.pipeline : (str){0};
    str index = a->run.index.n <= 255 ? a->run.index : (str){0};
    bulk_start(a->bulk, index, pipeline, access_decided, a);
    if (!a->run.enabled) {
        a->error = FAIL(ACCESS_OFF);
        access_finish(a, JOB_ERROR);
        return;
    }
    if (!index_name_is_valid(index) || pipeline.n != a->run.pipeline.n) {
        a->error = FAIL(ES_NAME);
        elastic_put_cut(&a->detail, S("index ["), 7);
        elastic_put_cut(&a->detail, a->run.index, 255);
        elastic_put_cut(&a->detail, S("]"), 1);
        access_finish(a, JOB_ERROR);
        return;
    }
    access_scan(a, ACCESS_SCAN);
}

static void access_start_walk(struct access *a)
{
    if (a->ids.full) {
        access_wind_down(a, JOB_ERROR, FAIL(ACCESS_FULL), (str){0});
        return;
    }
    a->stage = ACCESS_WALK;
    a->stats.phase = SYNC_MAILBOXES;
    flights_start(&a->flights, a->loop, a->bulk);
    memset(a->walk, 0, (size_t)a->source->ops->accounts_bytes);
    a->task = loop_add(a->loop, &access_walk_ops, a);
    ASSERT(a->task >= 0);
}

static void access_step_walk(struct access *a)
{
    if (loop_is_active(a->loop, a->task)) {
        return;
    }
    a->task = -1;
    if (!err_ok(a->walk_error) || !a->walked) {
        err e = err_ok(a->walk_error) ? FAIL(JOB_DIRECTORY) : a->walk_error;
        u8 bytes[EXCHANGE_DETAIL_BYTES];
        struct buf detail = buf_over(bytes, COUNT(bytes));
        elastic_put_cut(&detail, buf_str(&a->detail), a->detail.n);
        access_wind_down(a, JOB_ERROR, e, buf_str(&detail));
        return;
    }
    a->hurry = bulk_flush(a->bulk);
    a->stage = ACCESS_LAND;
}

// An account that could not be written is not missing in the directory: it was seen.
static void access_step_land(struct access *a)
{
    if (!bulk_is_idle(a->bulk)) {
        return;
    }
    a->unseen = idset_count(&a->ids, ACCOUNT_EXISTED | ACCOUNT_SEEN, ACCOUNT_EXISTED);
    a->scan_tries = 0;
    if (a->unseen) {
        access_scan(a, ACCESS_DELETE);
    } else {
        access_finish(a, JOB_COMPLETED);
    }
}

static void access_step_working(struct access *a)
{
    switch (a->stage) {
    case ACCESS_SCAN:
        if (access_scan_is_good(a)) {
            access_start_walk(a);
        }
        break;
    case ACCESS_WALK:
        access_step_walk(a);
        break;
    case ACCESS_LAND:
        access_step_land(a);
        break;
    case ACCESS_DELETE:
        if (access_scan_is_good(a)) {
            a->hurry = bulk_flush(a->bulk);
            a->stage = ACCESS_LAND_DELETES;
        }
        break;
    case ACCESS_LAND_DELETES:
        if (bulk_is_idle(a->bulk)) {
            access_finish(a, JOB_COMPLETED);
        }
        break;
    case ACCESS_STOPPING:
    case ACCESS_ENDED:
        break;
    }
}

void access_step(struct access *a)
{
    if (a->stage == ACCESS_ENDED) {
        return;
    }
    a->now_ms = os_mono_ms();
    a->hurry = false;
    a->stats.indexed_bytes = bulk_stats(a->bulk)->bytes;
    if (a->stage == ACCESS_STOPPING) {
        bool waiting = err_ok(bulk_error(a->bulk)) && !bulk_is_idle(a->bulk);
        if (!waiting || a->now_ms >= a->stop_at_ms) {
            access_finish(a, a->end);
        }
        return;
    }
    if (!err_ok(bulk_error(a->bulk))) {
        access_wind_down(a, JOB_ERROR, bulk_error(a->bulk), bulk_detail(a->bulk));
        return;
    }
    access_step_working(a);
}

void access_stop(struct access *a)
{
    if (a->stage != ACCESS_ENDED) {
        access_wind_down(a, JOB_STOPPED, OK, (str){0});
    }
}

// ---- what others see

i64 access_wait_ms(const struct access *a)
{
    return a->hurry ? 0 : 200;
}

bool access_is_done(const struct access *a)
{
    return a->stage == ACCESS_ENDED;
}

enum job_end access_end(const struct access *a)
{
    return a->end;
}

err access_error(const struct access *a)
{
    return a->error;
}

str access_detail(const struct access *a)
{
    return buf_str(&a->detail);
}

const struct sync_stats *access_stats(const struct access *a)
{
    return &a->stats;
}
