// SPDX-License-Identifier: Apache-2.0
// The phases of one sync (see job.h): preflight, scan, mailboxes, purge, finish. Every phase is a
// set of machines in the loop; job_step() looks whether they have ended and starts the next ones.
// An error or a signal winds the job down: what is in the air is awaited, nothing is deleted.
#include "os/os.h"
#include "sync/job_internal.h"

// ---- start

static void job_init_elastic(struct job *job, struct plan *plan)
{
    elastic_init(&job->elastic, &job->settings.elastic);
    job->bulk = bulk_init(plan, &job->elastic, &job->settings.bulk);
    scan_init(&job->scan, plan);
    u8 *answers = plan_take(plan, "index answers", INDEX_ANSWER_BYTES, 1,
                            "answers of preflight and of the final count");
    u8 *details = plan_take(plan, "index details", EXCHANGE_DETAIL_BYTES, 1,
                            "facts of their errors");
    job->open.answer = buf_over(answers, INDEX_ANSWER_BYTES);
    job->open.detail = buf_over(details, EXCHANGE_DETAIL_BYTES);
    job->count.answer = job->open.answer;
    job->count.detail = job->open.detail;
}

struct job *job_init(struct plan *plan, const struct job_settings *settings, struct loop *loop,
                     struct source *source, struct log *log)
{
    struct job *job = plan_take_n(plan, "job", struct job, 1, "the sync itself");
    job->settings = *settings;
    job->loop = loop;
    job->source = source;
    job->log = log;
    job->detail = buf_over(job->detail_bytes, EXCHANGE_DETAIL_BYTES);
    job_init_elastic(job, plan);

    struct hash_key key;
    os_entropy(&key, sizeof key);
    const struct job_limits *limits = &settings->limits;
    struct idset_entry *ids = plan_take_n(plan, "ids", struct idset_entry,
                                          IDSET_PLACES(limits->ids),
                                          "what is in the index, 20 bytes an id: limits.ids");
    struct idset_entry *fates = plan_take_n(plan, "roster", struct idset_entry,
                                            IDSET_PLACES(limits->mailboxes),
                                            "the fate of every mailbox: limits.mailboxes");
    idset_init(&job->purge.ids, ids, limits->ids, key);
    idset_init(&job->roster.set, fates, limits->mailboxes, key);
    job->purge.roster = &job->roster;
    job->purge.shard = &job->settings.shard;
    job->purge.bulk = job->bulk;

    job->mailboxes.source = source;
    job->mailboxes.loop = loop;
    job->mailboxes.log = log;
    job->mailboxes.roster = &job->roster;
    job->mailboxes.stats = &job->stats;
    mailboxes_init(&job->mailboxes, plan, &job->settings);

    job->lanes.source = source;
    job->lanes.mailboxes = &job->mailboxes;
    job->lanes.purge = &job->purge;
    job->lanes.stats = &job->stats;
    job->lanes.log = log;
    job->lanes.sink = (struct sink){
        .bulk = settings->to_elastic ? job->bulk : NULL,
        .fd = settings->ndjson_fd,
        .name = settings->ndjson_name,
        .watch = settings->watch,
        .index = settings->index,
        .decided = lanes_decided,
        .decided_st = &job->lanes,
    };
    u8 *line = plan_take(plan, "action line", BULK_ACTION_BYTES, 1, "of the ndjson sink");
    job->lanes.sink.line = buf_over(line, BULK_ACTION_BYTES);
    u8 *reason = plan_take(plan, "output detail", EXCHANGE_DETAIL_BYTES, 1,
                           "why the ndjson sink cannot write");
    job->lanes.sink.detail = buf_over(reason, EXCHANGE_DETAIL_BYTES);
    lanes_init(&job->lanes, plan, &job->settings);
    buffers_init(&job->lanes.buffers, plan, settings->limits.lanes, settings->limits.medium_buffers,
                 buf_over(settings->large, LANE_LARGE_BYTES));
    return job;
}

static void job_run(struct job *job, const struct machine_ops *ops, void *st)
{
    job->task = loop_add(job->loop, ops, st);
    ASSERT(job->task >= 0);
}

static bool job_is_running(const struct job *job)
{
    return job->task >= 0 && loop_is_active(job->loop, job->task);
}

static void job_log_phase(struct job *job, str message)
{
    log_line(job->log, LOG_INFO, message, NULL, 0);
}

static bool job_counts(const struct job *job)
{
    return job->settings.to_elastic && !job->service;
}

static void job_flush(struct job *job)
{
    job->hurry = bulk_flush(job->bulk);
}

static void job_run_count(struct job *job)
{
    job->task = -1;
    job->count.documents = -1;
    if (job_counts(job)) {
        job->count.es = &job->elastic;
        job->count.index = job->settings.index;
        job->count.state = 0;
        job_run(job, &index_count_ops, &job->count);
    }
}

// ---- endings

static void job_finish(struct job *job, enum job_end end)
{
    job_end_tasks(job);
    job->end = end;
    job->stats.phase = SYNC_ENDED;
    job->stats.ended_ms = os_mono_ms();
}

static void job_fail_now(struct job *job, err e, str detail)
{
    e = job_say_forbidden(job, e, &detail);
    job->error = e;
    buf_reset(&job->detail);
    buf_put(&job->detail, detail);
    log_err(job->log, LOG_ERROR, e, detail, NULL, 0);
    job_finish(job, JOB_ERROR);
}

// Ends the mailboxes early: documents that are on their way still land, and nothing is purged.
static void job_wind_down(struct job *job, enum job_end end, err e, str detail)
{
    if (job->winding_down) {
        return;
    }
    e = job_say_forbidden(job, e, &detail);
    job->winding_down = true;
    job->end = end;
    job->error = e;
    buf_reset(&job->detail);
    buf_put(&job->detail, detail);
    if (!err_ok(e)) {
        log_err(job->log, LOG_ERROR, e, detail, NULL, 0);
    }
    job->wind_down_until_ms = os_mono_ms() + STOP_WAIT_MS;
    mailboxes_cancel(&job->mailboxes);
    lanes_cancel(&job->lanes, job->loop);
    if (job_is_running(job)) {
        loop_cancel(job->loop, job->task);
    }
    if (job->settings.to_elastic && err_ok(bulk_error(job->bulk))) {
        job_flush(job);
    }
}

// What has landed is made visible, so that the next run finds it and goes on from there.
static void job_step_wind_down(struct job *job, i64 now_ms)
{
    bool over = now_ms >= job->wind_down_until_ms;
    bool airborne = job->settings.to_elastic && err_ok(bulk_error(job->bulk)) &&
                    !bulk_is_idle(job->bulk);
    if (!over && airborne) {
        return;
    }
    if (!over && job->stats.documents_indexed && !job->refreshing) {
        job->refreshing = true;
        job_run_count(job);
    }
    if (over || !job->refreshing || !job_is_running(job)) {
        job_finish(job, job->end);
    }
}

// ---- preflight and scan

// The default one, with a key that may not read pipelines.
static bool job_guesses_pipeline(const struct job *job)
{
    return job->open.pipeline_unchecked && job->settings.pipeline.n == 0;
}

static void job_advise_pipeline(struct job *job)
{
    buf_put(
        advice_add(&job->advice),
        S("no ingest pipeline extracts _attachment, so the text of the mails is not searchable: "
          "create search-default-ingestion (any connector made in Kibana does), or name one "
          "with an attachment processor in `pipeline:`, and run with --full"));
}

static void job_start_mailboxes(struct job *job)
{
    job->stats.phase = SYNC_MAILBOXES;
    job->task = -1;
    if (job->settings.to_elastic) {
        str pipeline = str_make(job->open.pipeline_used, job->open.pipeline_used_bytes);
        bulk_start(job->bulk, job->settings.index, pipeline, lanes_decided, &job->lanes);
        if (job_guesses_pipeline(job)) {
            bulk_guess_pipeline(job->bulk);
        }
        flights_start(&job->flights, job->loop, job->bulk);
    }
    job_begin_states(job);
    mailboxes_start(&job->mailboxes);
    lanes_start(&job->lanes, job->loop);
    job_log_phase(job, S("reading mailboxes"));
}

static void job_start_scan(struct job *job)
{
    job->stats.phase = SYNC_SCAN;
    purge_clear(&job->purge);
    scan_start(&job->scan, &job->elastic, job->settings.index, purge_visit_fill, &job->purge);
    job_run(job, &scan_ops, &job->scan);
}

void job_start(struct job *job)
{
    job_reset(job);
    job->stats = (struct sync_stats){.phase = SYNC_PREFLIGHT, .started_ms = os_mono_ms()};
    job->purge_allowed = job->settings.purge && job->settings.to_elastic;
    job->purge.source = job->source;
    if (job->settings.to_elastic) {
        job->open.service = job->service;
        job->open.any_version = job->settings.any_version;
        job->open.no_pipeline = job->settings.pipeline_none;
        index_open_init(&job->open, &job->elastic, job->settings.index, job->settings.pipeline);
        job_run(job, &index_open_ops, &job->open);
    } else {
        if (job->settings.dry_run) {
            buf_put(advice_add(&job->advice),
                    S("Elasticsearch was not asked: a dry run reads mailboxes only"));
        }
        job_start_mailboxes(job);
    }
}

static void job_step_preflight(struct job *job)
{
    if (job_is_running(job)) {
        return;
    }
    if (!err_ok(job->open.error)) {
        job_fail_now(job, job->open.error, buf_str(&job->open.detail));
        return;
    }
    if (!job->open.extracts && !job->open.pipeline_unchecked) {
        job_advise_pipeline(job);
    }
    if (job->open.created) {
        job_start_mailboxes(job);
    } else {
        job_start_scan(job);
    }
}

static void job_step_scan(struct job *job)
{
    if (job_is_running(job)) {
        return;
    }
    if (err_is(job->scan.error, ERR_ES_SCROLL_LOST) && ++job->scan_tries < SCAN_TRIES) {
        job_start_scan(job);
        return;
    }
    if (!err_ok(job->scan.error)) {
        job_fail_now(job, job->scan.error, buf_str(&job->scan.detail));
        return;
    }
    job->stats.existing = job->purge.existing;
    if (job->purge.ids.full) {
        job->purge_allowed = false;
        struct buf *b = advice_add(&job->advice);
        buf_put(b, S("the index holds "));
        buf_put_i64(b, job->purge.existing);
        buf_put(
            b,
            S(" documents, more than limits.ids: nothing was deleted, and what is beyond is read "
              "again each time; raise limits.ids"));
    }
    job_start_mailboxes(job);
}

// ---- mailboxes

static err job_mailboxes_error(struct job *job, str *detail)
{
    if (!err_ok(job->mailboxes.accounts_error)) {
        *detail = buf_str(&job->mailboxes.accounts_detail);
        return job->mailboxes.accounts_error;
    }
    if (!err_ok(job->mailboxes.systemic)) {
        *detail = buf_str(&job->mailboxes.systemic_detail);
        return job->mailboxes.systemic;
    }
    *detail = bulk_detail(job->bulk);
    if (job->settings.to_elastic && !err_ok(bulk_error(job->bulk))) {
        return bulk_error(job->bulk);
    }
    *detail = job->lanes.sink.broken ? buf_str(&job->lanes.sink.detail) : (str){0};
    return job->lanes.broken;
}

static bool job_is_over_budget(const struct job *job, i64 now_ms)
{
    i64 budget_ms = job->settings.time_budget_ms;
    return budget_ms > 0 && now_ms - job->stats.started_ms >= budget_ms;
}

// Everything has been listed and read: what lies in an open flight need not wait for its second.
static bool job_is_only_flying(const struct job *job)
{
    for (int i = 0; i < job->mailboxes.slot_count; i++) {
        const struct mailbox_slot *slot = &job->mailboxes.slots[i];
        if (slot->open && (slot->m.phase == MAILBOX_LISTING || slot->m.queue.count)) {
            return false;
        }
    }
    return lanes_are_idle(&job->lanes);
}

static void job_start_finish(struct job *job);
static void job_start_purge(struct job *job);

// The source has doubts about what it has seen.
static void job_advise_held(struct job *job, i64 unseen)
{
    struct buf *b = advice_add(&job->advice);
    job->stats.kept_from_purge = unseen;
    buf_put_i64(b, unseen);
    buf_put(b, S(" documents were not seen and were kept: "));
    buf_put(b, str_from(job->source->purge_held));
}

static void job_step_mailboxes(struct job *job, i64 now_ms)
{
    str detail;
    err e = job_mailboxes_error(job, &detail);
    if (!err_ok(e)) {
        job_wind_down(job, JOB_ERROR, e, detail);
        return;
    }
    if (job_is_over_budget(job, now_ms)) {
        buf_put(
            advice_add(&job->advice),
            S("the time budget of the job ended it early: the next run goes on where it stopped"));
        job_wind_down(job, JOB_AGAIN, OK, (str){0});
        return;
    }
    mailboxes_open_waiting(&job->mailboxes);
    if (job->settings.to_elastic && job_is_only_flying(job)) {
        job_flush(job);
    }
    if (mailboxes_are_done(&job->mailboxes)) {
        lanes_end(&job->lanes);
        if (job->source->notice.n) {
            buf_put(advice_add(&job->advice), buf_str(&job->source->notice));
        }
        i64 unseen = job_unseen(job);
        if (unseen && job->source->purge_held) {
            job_advise_held(job, unseen);
            job_start_finish(job);
        } else if (unseen) {
            job_start_purge(job);
        } else {
            job_start_finish(job);
        }
    }
}

// ---- purge

static void job_purge_scan(struct job *job, enum purge_stage stage,
                           bool (*visit)(void *st, const struct scan_hit *hit))
{
    job->purge_stage = stage;
    job->purge.would_delete = 0;
    job->purge.kept = 0;
    job->purge.unlisted = 0;
    scan_start(&job->scan, &job->elastic, job->settings.index, visit, &job->purge);
    job_run(job, &scan_ops, &job->scan);
}

static void job_start_purge(struct job *job)
{
    job->stats.phase = SYNC_PURGE;
    job->scan_tries = 0;
    job_log_phase(job, S("looking for documents whose message is gone"));
    job_purge_scan(job, PURGE_COUNTING, purge_visit_count);
}

static void job_advise_kept(struct job *job)
{
    struct buf *b = advice_add(&job->advice);
    buf_put_i64(b, job->purge.kept);
    if (job->settings.only_mailboxes) {
        buf_put(
            b,
            S(" documents were not seen and were kept: only the mailboxes of --mailbox were read"));
        return;
    }
    if (job->settings.shard.count > 1) {
        buf_put(b, S(" documents were not seen and were kept: their mailbox belongs to another "
                     "shard, was not read to the end, or is not named by the document"));
        return;
    }
    buf_put(
        b,
        job->settings.document_level_security
            ? S(" documents were not seen and were kept, because their mailbox was not read to "
                "the end in this run (see the mailboxes above)")
            : S(" documents were not seen and were kept: some mailbox was not read to the end, and "
                "without document level security a document does not say whose it is"));
}

// The safety stop: a purge of too large a share is more likely a mistake than a wish.
static bool job_purge_is_too_large(struct job *job)
{
    i64 total = job->purge.existing;
    i64 doubtful = job->purge.would_delete -
                   job->purge.filtered; // what a rule excludes is no mistake
    if (total < PURGE_MIN_DOCUMENTS ||
        (double)doubtful <= (double)total * job->settings.purge_max_share) {
        return false;
    }
    struct buf *b = advice_add(&job->advice);
    buf_put_i64(b, job->purge.would_delete);
    buf_put(b, S(" of "));
    buf_put_i64(b, total);
    buf_put(b,
            S(" documents would be deleted, more than purge.max_share allows: nothing was deleted. "
              "If the messages are really gone, raise purge.max_share for one run"));
    return true;
}

static void job_advise_unlisted(struct job *job)
{
    struct buf *b = advice_add(&job->advice);
    buf_put_i64(b, job->purge.unlisted);
    buf_put(b, S(" documents of types that cannot be listed this way were kept: "));
    for (int i = 0; i < job->source->unlisted_type_count; i++) {
        buf_put(b, i ? S(", ") : S(""));
        buf_put(b, job->source->unlisted_types[i]);
    }
}

static void job_step_counting(struct job *job)
{
    job->stats.kept_from_purge = job->purge.kept + job->purge.unlisted;
    if (job->purge.unlisted) {
        job_advise_unlisted(job);
    }
    if (job->purge.kept) {
        job_advise_kept(job);
    }
    if (job_purge_is_too_large(job)) {
        job->stats.kept_from_purge += job->purge.would_delete;
        job_start_finish(job);
    } else if (job->purge.would_delete == 0 || !job_suspend_states(job)) {
        job_start_finish(job);
    } else {
        job_purge_scan(job, PURGE_DELETING, purge_visit_delete);
    }
}

static void job_step_purge(struct job *job)
{
    if (!err_ok(bulk_error(job->bulk))) {
        job_wind_down(job, JOB_ERROR, bulk_error(job->bulk), bulk_detail(job->bulk));
        return;
    }
    if (job->purge_stage == PURGE_LANDING) {
        if (bulk_is_idle(job->bulk)) {
            job_start_finish(job);
        }
        return;
    }
    if (job_is_running(job)) {
        return;
    }
    if (err_is(job->scan.error, ERR_ES_SCROLL_LOST) && ++job->scan_tries < SCAN_TRIES) {
        bool counting = job->purge_stage == PURGE_COUNTING;
        job_purge_scan(job, job->purge_stage, counting ? purge_visit_count : purge_visit_delete);
        return;
    }
    if (!err_ok(job->scan.error)) {
        job_wind_down(job, JOB_ERROR, job->scan.error, buf_str(&job->scan.detail));
        return;
    }
    if (job->purge_stage == PURGE_COUNTING) {
        job_step_counting(job);
    } else {
        job_flush(job);
        job->purge_stage = PURGE_LANDING;
    }
}

// ---- finish

static void job_start_finish(struct job *job)
{
    job->stats.phase = SYNC_FINISH;
    job_run_count(job);
}

// The first of --mailbox that the directory did not name, in any case of its letters; empty: none.
static str job_absent_mailbox(struct job *job)
{
    const struct job_settings *s = &job->settings;
    for (isize i = 0; s->only_mailboxes && i < s->only_mailbox_count; i++) {
        if (!mailboxes_was_found(&job->mailboxes, i)) {
            return s->only_mailboxes[i];
        }
    }
    return (str){0};
}

static void job_step_finish(struct job *job)
{
    if (job_is_running(job)) {
        return;
    }
    if (job->settings.to_elastic && job_guesses_pipeline(job) && !bulk_uses_pipeline(job->bulk)) {
        job_advise_pipeline(job);
    }
    if (job->settings.to_elastic && job->count.documents == 0 && job->stats.documents_indexed > 0) {
        buf_put(advice_add(&job->advice), S("the index counts 0 documents after a sync that wrote "
                                            "some: the key may write, but not "
                                            "read it; give it `read` on the index"));
    }
    job_complete_states(job);
    const struct sync_stats *s = &job->stats;
    if (s->mailboxes_failed || s->mailboxes_partial) {
        job_fail_now(job, FAIL(JOB_MAILBOXES_FAILED), (str){0});
        return;
    }
    str absent = job_absent_mailbox(job);
    if (absent.n) {
        job_fail_now(job, FAIL(JOB_MAILBOX_UNKNOWN), absent);
        return;
    }
    job_finish(job, s->mailboxes_refused ? JOB_COMPLETED_WITH_REFUSALS : JOB_COMPLETED);
}

void job_step(struct job *job)
{
    i64 now_ms = os_mono_ms();
    job->purge.now_ms = now_ms;
    job->hurry = false;
    job->stats.quota_wait_ms = job->source->quota_wait_ms;
    job->stats.indexed_bytes = bulk_stats(job->bulk)->bytes;
    if (job->stats.phase == SYNC_ENDED) {
        return;
    }
    if (job->winding_down) {
        job_step_wind_down(job, now_ms);
        return;
    }
    switch (job->stats.phase) {
    case SYNC_PREFLIGHT:
        job_step_preflight(job);
        break;
    case SYNC_SCAN:
        job_step_scan(job);
        break;
    case SYNC_MAILBOXES:
        job_step_mailboxes(job, now_ms);
        break;
    case SYNC_PURGE:
        job_step_purge(job);
        break;
    case SYNC_FINISH:
        job_step_finish(job);
        break;
    case SYNC_ENDED:
        break;
    }
}

void job_stop(struct job *job)
{
    if (job_is_done(job)) {
        return;
    }
    if (job->lanes.sink.broken && !job->winding_down) {
        log_err(job->log, LOG_WARN, job->lanes.broken, buf_str(&job->lanes.sink.detail), NULL, 0);
    }
    job_wind_down(job, JOB_STOPPED, OK, (str){0});
}
