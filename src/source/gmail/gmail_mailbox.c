// SPDX-License-Identifier: Apache-2.0
// What listing and lanes of a mailbox have in common (see gmail_mailbox.h): quota, pauses, and the
// end of a mailbox that cannot be read. spec/wire-gmail.md 7, 8.
#include "source/gmail/gmail_mailbox.h"

#include "os/os.h"

enum { PAUSE_MS = 1000 }; // after a refusal that does not say how long

bool gmail_mailbox_is_readable(const struct mailbox *m)
{
    return m->phase == MAILBOX_LISTING || m->phase == MAILBOX_LISTED;
}

bool gmail_mailbox_take_quota(struct gmail *g, struct gmail_mailbox *gm, i64 units, i64 now_ms,
                              struct exchange *x)
{
    gm->quota.units_minute = g->settings.quota_units_user_minute;
    i64 ready_ms[] = {
        gm->pause_until_ms,
        g->run.project_pause_ms,
        gmail_quota_ready_ms(&gm->quota, units, now_ms),
        gmail_quota_ready_ms(&g->run.project_quota, units, now_ms),
    };
    i64 at_ms = now_ms;
    for (isize i = 0; i < COUNT(ready_ms); i++) {
        at_ms = ready_ms[i] > at_ms ? ready_ms[i] : at_ms;
    }
    if (at_ms > now_ms) {
        gm->wait_since_ms = gm->wait_since_ms ? gm->wait_since_ms : now_ms;
        x->wait_until_ms = at_ms;
        return false;
    }
    gmail_quota_take(&gm->quota, units);
    gmail_quota_take(&g->run.project_quota, units);
    g->source->quota_units_used += units;
    if (gm->wait_since_ms) {
        g->source->quota_wait_ms += now_ms - gm->wait_since_ms;
        gm->wait_since_ms = 0;
    }
    return true;
}

void gmail_mailbox_pause(struct gmail *g, struct gmail_mailbox *gm, err e, i64 retry_at_ms)
{
    bool day = err_is(e, ERR_GMAIL_QUOTA_DAY);
    if (!day && !err_is(e, ERR_GMAIL_RATE)) {
        return;
    }
    i64 until_ms = retry_at_ms ? retry_at_ms : os_mono_ms() + PAUSE_MS;
    i64 *pause_ms = day ? &g->run.project_pause_ms : &gm->pause_until_ms;
    *pause_ms = until_ms > *pause_ms ? until_ms : *pause_ms;
}

// An error that may be everybody's. One that the directory explains is not; neither is one that
// comes after others have got further; the first few may be chance.
static bool mailbox_is_everybodys(struct gmail *g, const struct mailbox *m, err e)
{
    bool token = !err_is(e, ERR_GMAIL_PRECONDITION) && !err_is(e, ERR_GMAIL_DOMAIN_POLICY);
    if (m->flags_bytes || (token ? g->run.tokens_granted : g->run.pages_read) > 0) {
        return false;
    }
    g->run.some_refused++;
    return g->run.some_refused >= GMAIL_SOME_MAX;
}

void gmail_mailbox_refuse(struct gmail *g, struct mailbox *m, err e, const struct buf *detail)
{
    if (!gmail_mailbox_is_readable(m)) {
        return;
    }
    m->error = e;
    buf_reset(&m->detail);
    buf_put(&m->detail,
            str_slice(buf_str(detail), 0, detail->n < m->detail.cap ? detail->n : m->detail.cap));
    switch (gmail_error_reach(e)) {
    case GMAIL_REACH_UNIT:
    case GMAIL_REACH_PASSING:
        m->phase = MAILBOX_FAILED;
        break;
    case GMAIL_REACH_MAILBOX:
        m->phase = MAILBOX_REFUSED;
        break;
    case GMAIL_REACH_SOME:
        m->phase = mailbox_is_everybodys(g, m, e) ? MAILBOX_SYSTEMIC : MAILBOX_REFUSED;
        break;
    case GMAIL_REACH_TENANT:
        m->phase = MAILBOX_SYSTEMIC;
        break;
    }
}

void gmail_mailbox_put_path(const struct mailbox *m, struct buf *target)
{
    buf_put(target, S("/gmail/v1/users/"));
    url_put_encoded(target, str_make(m->address, m->address_bytes));
    buf_put(target, S("/messages"));
}
