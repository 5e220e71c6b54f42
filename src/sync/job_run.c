// SPDX-License-Identifier: Apache-2.0
// One run after another in the same memory (see job.h): what a run is about, everything that the
// one before may have left behind, however it ended, and the end of its tasks in the loop.
#include "sync/job_internal.h"

void job_configure(struct job *job, const struct job_run *run)
{
    struct job_settings *s = &job->settings;
    ASSERT(s->to_elastic && !s->dry_run);
    job->service = true;
    if (run->source) {
        job->source = run->source;
        job->mailboxes.source = run->source;
        job->lanes.source = run->source;
    }
    s->full = !run->incremental;
    s->index = run->index;
    s->pipeline = run->pipeline;
    s->pipeline_none = run->pipeline.n == 0;
    s->extract_binary_content = run->extract_binary_content;
    s->reduce_whitespace = run->reduce_whitespace;
    s->run_ml_inference = run->run_ml_inference;
    s->document_level_security = run->document_level_security;
    s->connector = run->connector;
    job->rules_hash = run->rules_hash;
    s->only_mailboxes = NULL;
    s->only_mailbox_count = 0;
    s->shard = (struct shard){0};
    job->lanes.sink.index = run->index;
    job->lanes.sieve = (struct sieve){
        .rules = run->rules,
        .log = job->log,
        .source = job->source->ops,
        .extract_binary_content = run->extract_binary_content,
        .reduce_whitespace = run->reduce_whitespace,
        .run_ml_inference = run->run_ml_inference,
        .holder = -1,
    };
    job->elastic.settings.authorization = run->authorization.n ? run->authorization
                                                               : s->elastic.authorization;
}

static void job_ignore_verdict(void *st, const struct bulk_result *r)
{
    (void)st;
    (void)r;
}

void job_reset(struct job *job)
{
    job->task = -1;
    job->scan_tries = 0;
    job->purge_stage = PURGE_COUNTING;
    job->winding_down = false;
    job->refreshing = false;
    job->hurry = false;
    job->due = 0;
    job->open.identify = job->settings.kept && job->source->ops->keeps_states;
    job->states = (struct states_run){0};
    job->mailboxes.states = NULL;
    job->source->states = NULL;
    job->end = JOB_ERROR;
    job->error = OK;
    buf_reset(&job->detail);
    advice_reset(&job->advice);
    roster_clear(&job->roster);
    purge_clear(&job->purge);
    mailboxes_reset(&job->mailboxes);
    lanes_reset(&job->lanes);
    flights_reset(&job->flights);
    // What the last run left in flights is forgotten, and so is the error that stopped it.
    bulk_start(job->bulk, S(""), S(""), job_ignore_verdict, NULL);
}

void job_end_tasks(struct job *job)
{
    if (job->task >= 0) {
        loop_cancel(job->loop, job->task);
        job->task = -1;
    }
    flights_cancel(&job->flights, job->loop); // before the lanes, whose memory they may send from
    lanes_stop(&job->lanes, job->loop);
    mailboxes_cancel(&job->mailboxes);
    mailboxes_stop(&job->mailboxes);
}

// spec/elastic-protocol.md 16: names the index, and says what to do about it.
err job_say_forbidden(struct job *job, err e, str *detail)
{
    if (!job->service || !err_is(e, ERR_ES_FORBIDDEN)) {
        return e;
    }
    struct buf text = buf_over(job->forbidden_bytes, EXCHANGE_DETAIL_BYTES);
    elastic_put_forbidden(&text, job->settings.index, *detail);
    *detail = buf_str(&text);
    return FAIL(ES_KEY_RIGHTS);
}
