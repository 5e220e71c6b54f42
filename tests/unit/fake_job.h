// SPDX-License-Identifier: Apache-2.0
// A job whose numbers a test sets by hand, in place of sync/job.c: what progress and summary read.
#ifndef TESTS_UNIT_FAKE_JOB_H
#define TESTS_UNIT_FAKE_JOB_H

#include "sync/job.h"

static struct {
    struct sync_stats stats;
    struct sync_mailbox_view views[MAILBOX_OPEN_MAX];
    isize view_count;
    enum job_end end;
    err error;
    str detail;
    struct job_note notes[NOTES_MAX];
    isize note_count;
    str advice[ADVICE_MAX];
    isize advice_count;
    struct job_estimate estimate;
} fake;

const struct sync_stats *job_stats(const struct job *job)
{
    (void)job;
    return &fake.stats;
}

bool job_mailbox_view(const struct job *job, isize i, struct sync_mailbox_view *out)
{
    (void)job;
    if (i < fake.view_count) {
        *out = fake.views[i];
    }
    return i < fake.view_count;
}

enum job_end job_end(const struct job *job)
{
    (void)job;
    return fake.end;
}

err job_error(const struct job *job)
{
    (void)job;
    return fake.error;
}

str job_detail(const struct job *job)
{
    (void)job;
    return fake.detail;
}

isize job_notes(const struct job *job, const struct job_note **out)
{
    (void)job;
    *out = fake.notes;
    return fake.note_count;
}

isize job_advice(const struct job *job, str *out, isize cap)
{
    (void)job;
    for (isize i = 0; i < fake.advice_count && i < cap; i++) {
        out[i] = fake.advice[i];
    }
    return fake.advice_count < cap ? fake.advice_count : cap;
}

void job_estimate(const struct job *job, struct job_estimate *out)
{
    (void)job;
    *out = fake.estimate;
}

#endif
