// SPDX-License-Identifier: Apache-2.0
// What others see of a job: its numbers, its mailboxes, its notes and advice, and what a dry run
// estimates. Reads only.
#include "sync/job_internal.h"

// Machines are asked in a turn: what job_step() has just told them must not wait for an event.
i64 job_wait_ms(const struct job *job)
{
    return job->hurry ? 0 : 200;
}

bool job_is_done(const struct job *job)
{
    return job->stats.phase == SYNC_ENDED;
}

enum job_end job_end(const struct job *job)
{
    return job->end;
}

err job_error(const struct job *job)
{
    return job->error;
}

str job_detail(const struct job *job)
{
    return buf_str(&job->detail);
}

const struct sync_stats *job_stats(const struct job *job)
{
    return &job->stats;
}

bool job_mailbox_view(const struct job *job, isize i, struct sync_mailbox_view *out)
{
    for (int k = 0; k < job->mailboxes.slot_count; k++) {
        const struct mailbox_slot *slot = &job->mailboxes.slots[k];
        if (slot->open && i-- == 0) {
            *out = (struct sync_mailbox_view){
                .address = str_make(slot->m.address, slot->m.address_bytes),
                .listed = slot->m.units_listed,
                .decided = slot->decided,
                .listing = slot->m.phase == MAILBOX_LISTING,
            };
            return true;
        }
    }
    return false;
}

isize job_notes(const struct job *job, const struct job_note **out)
{
    *out = job->mailboxes.notes;
    return job->mailboxes.note_count;
}

isize job_advice(const struct job *job, str *out, isize cap)
{
    isize count = job->advice.count < cap ? job->advice.count : cap;
    for (isize i = 0; i < count; i++) {
        out[i] = buf_str(&job->advice.rows[i]);
    }
    return count;
}

str job_notice(const struct job *job, bool *warns)
{
    *warns = job->source->notice_warns;
    return buf_str(&job->source->notice);
}

static i64 job_minutes(i64 units, i64 per_minute)
{
    return per_minute > 0 ? (units + per_minute - 1) / per_minute : 0;
}

void job_estimate(const struct job *job, struct job_estimate *out)
{
    const struct sync_stats *s = &job->stats;
    const struct source *source = job->source;
    i64 units = s->messages_listed * source->ops->fetch_quota_units;
    i64 longest = s->longest_mailbox * source->ops->fetch_quota_units;
    i64 project_minutes = job_minutes(units, source->quota_units_project_minute);
    i64 user_minutes = job_minutes(longest, source->quota_units_user_minute);
    double mean = job->lanes.sampled ? (double)job->lanes.sampled_bytes / (double)job->lanes.sampled
                                     : 0;
    *out = (struct job_estimate){
        .mailboxes = s->mailboxes_done,
        .messages = s->messages_listed,
        .sampled = job->lanes.sampled,
        .sampled_bytes = job->lanes.sampled_bytes,
        .estimated_bytes = (i64)(mean * (double)s->messages_listed),
        .quota_units = units,
        .minutes_by_quota = project_minutes > user_minutes ? project_minutes : user_minutes,
    };
}
