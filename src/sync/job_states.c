// SPDX-License-Identifier: Apache-2.0
// What a job has to do with the states of folders (see states.h): when they are read, what they are
// bound to, and when those of this run may count. They are only kept by runs that see all mailboxes
// and know which index they write; an incremental run goes on from them.
//
// They count once everything that they leave behind was dealt with: every mailbox that was finished
// has its documents in the index, and what is gone of it was deleted. What waits to be deleted
// until some mailbox is read, or leaves the directory, is found by its owner whenever that happens.
// It is not where a document does not say whose it is: then nothing counts as long as something
// waits, and a mailbox that has left, or had no state, lets the next run list everything.
#include "sync/job_internal.h"

static bool job_keeps_states(const struct job *job)
{
    const struct job_settings *s = &job->settings;
    return s->to_elastic && !s->dry_run && !s->only_mailboxes && s->shard.count <= 1 &&
           !job->purge.ids.full && job->open.identity && s->connector.n;
}

// What else decides which documents there are, and how they look.
static void job_put_binding(const struct job *job, struct buf *b)
{
    const struct job_settings *s = &job->settings;
    const u64 numbers[] = {
        job->open.identity,
        job->source->binding,
        job->rules_hash,
        (u64)s->max_text_bytes,
        (u64)s->purge,
        (u64)s->extract_binary_content,
        (u64)s->reduce_whitespace,
        (u64)s->run_ml_inference,
        (u64)s->document_level_security,
    };
    buf_put(b, S(MAILFERRY_VERSION "/"));
    for (int i = 0; i < COUNT(numbers); i++) {
        buf_put_u64(b, numbers[i]);
        buf_put_byte(b, '/');
    }
    buf_put(b, s->index);
    buf_put_byte(b, '/');
    buf_put(b, str_make(job->open.pipeline_used, job->open.pipeline_used_bytes));
}

void job_begin_states(struct job *job)
{
    struct job_settings *s = &job->settings;
    u8 bytes[512 + BULK_PIPELINE_BYTES];
    struct buf binding = buf_over(bytes, COUNT(bytes));
    if (!s->kept || !s->to_elastic || !job->source->ops->keeps_states) {
        return;
    }
    job_put_binding(job, &binding);
    bool keeps = job_keeps_states(job);
    states_begin(&job->states, s->kept, s->connector, buf_str(&binding), job->purge.existing);
    job->states.reads = job->states.reads && keeps && !s->full;
    if (!job->open.identity) {
        buf_put(advice_add(&job->advice),
                S("outlook.state_file is not used: the key may not see the index's settings; give "
                  "it `view_index_metadata` on the index"));
    }
    if (!keeps) {
        return; // nothing of it is shown to anybody, but deletes suspend what others have kept
    }
    job->mailboxes.states = &job->states;
    job->source->states = &job->states.hooks;
    if (job->states.reads) {
        log_line(job->log, LOG_INFO,
                 S("folders go on from the states that the last run has left: only what has "
                   "changed since is listed"),
                 NULL, 0);
    }
}

i64 job_unseen(struct job *job)
{
    if (!job->purge_allowed) {
        return 0;
    }
    job->due = purge_due(&job->purge);
    // Where only changes were listed, not to have been seen is a reason for those whose owner may
    // be gone; others need one of their own.
    bool all = job->roster.continued == 0 || (job->purge.owned && !job->source->purge_held);
    return all ? purge_unseen(&job->purge) : job->due;
}

bool job_suspend_states(struct job *job)
{
    if (!job->states.all || states_suspend(&job->states)) {
        return true;
    }
    buf_put(advice_add(&job->advice),
            S("outlook.state_file cannot be written: nothing was deleted"));
    job->stats.kept_from_purge += job->purge.would_delete;
    return false;
}

// Documents that do not say whose they are stay when some mailboxes were listed from a state: those
// of the others that were not seen may be gone, and nobody will say so any more.
static bool job_is_blind(const struct job *job)
{
    const struct roster *r = &job->roster;
    return r->continued > 0 && (r->finished > r->continued || states_has_left(&job->states));
}

void job_complete_states(struct job *job)
{
    bool owned = job->purge.owned == job->purge.existing;
    if (!job->mailboxes.states) {
        return;
    }
    if (!owned && job_is_blind(job)) {
        log_line(job->log, LOG_INFO,
                 S("some mailboxes had no state to go on from, or are gone: the next run lists all "
                   "of them from their beginning, to see what to delete"),
                 NULL, 0);
        states_suspend(&job->states);
        return;
    }
    const struct sync_stats *s = &job->stats;
    bool held = job->source->purge_held || job->purge.would_delete || // of a scan that only counted
                (!owned && s->kept_from_purge);
    bool deleted = job->due == job->purge.due_sent &&
                   s->documents_deleted == job->purge.deleted_sent;
    if (deleted && !held && !job->purge.ids.full && !job->roster.set.full) {
        states_complete(&job->states, job->purge.existing + s->documents_indexed -
                                          s->documents_updated - s->documents_deleted);
    }
}
