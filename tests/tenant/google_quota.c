// SPDX-License-Identifier: Apache-2.0
// Gmail's quotas: units per user and per project in fixed windows, requests in flight per user
// (spec/wire-gmail.md 7, 8). The refusals take turns through the three shapes that Google uses, so
// that a client meets them all.
#include "google_gmail.h"

static void open_window(i64 *start_ms, i64 *units, const struct tenant *t)
{
    if (t->now_ms - *start_ms >= t->o.quota_window_ms) {
        *start_ms = t->now_ms;
        *units = 0;
    }
}

static void refuse(struct gmail_call *c, i64 window_end_ms, bool by_user)
{
    struct tenant *t = c->t;
    i64 wait_s = (window_end_ms - t->now_ms + 999) / 1000;
    struct t_buf text = {0};
    switch (t->quota_turn++ % 3) {
    case 0:
        t_buf_z(&text, "User-rate limit exceeded.  Retry after ");
        t_put_iso_date(&text, window_end_ms);
        break;
    case 1:
        t_response_header(c->r, "Retry-After: %lld", (long long)wait_s);
        t_buf_z(&text, "Resource has been exhausted (e.g. check quota).");
        break;
    default:
        t_buf_printf(&text,
                     "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute%s'",
                     by_user ? " per user" : "");
        break;
    }
    t_buf_byte(&text, 0);
    const char *message = (const char *)text.p;
    if (t->quota_turn % 3 == 0) {
        google_error(c->r, 403, by_user ? "userRateLimitExceeded" : "rateLimitExceeded", message);
    } else {
        google_error(c->r, 429, "rateLimitExceeded", message);
    }
    t->stats.quota_refused++;
    t_buf_free(&text);
}

static bool take_units(struct gmail_call *c, i64 units)
{
    struct tenant *t = c->t;
    const struct t_options *o = &t->o;
    open_window(&t->project_window_start_ms, &t->project_window_units, t);
    if (c->u) {
        open_window(&c->u->window_start_ms, &c->u->window_units, t);
        if (o->quota_user > 0 && c->u->window_units + units > o->quota_user) {
            refuse(c, c->u->window_start_ms + o->quota_window_ms, true);
            return false;
        }
    }
    if (o->quota_project > 0 && t->project_window_units + units > o->quota_project) {
        refuse(c, t->project_window_start_ms + o->quota_window_ms, false);
        return false;
    }
    t->project_window_units += units;
    t->stats.quota_units += units;
    if (c->u) {
        struct t_user *u = c->u;
        u->window_units += units;
        u->units += units;
        u->max_window_units = u->window_units > u->max_window_units ? u->window_units
                                                                    : u->max_window_units;
    }
    return true;
}

bool gmail_quota(struct gmail_call *c, i64 units)
{
    struct t_user *u = c->u;
    if (u) {
        u->requests++;
        if (c->t->o.max_concurrent_user > 0 && u->in_flight >= c->t->o.max_concurrent_user) {
            google_error(c->r, 429, "rateLimitExceeded", "Too many concurrent requests for user.");
            c->t->stats.quota_refused++;
            return false;
        }
        u->in_flight++;
        c->r->user = c->mailbox;
        u->max_in_flight = u->in_flight > u->max_in_flight ? u->in_flight : u->max_in_flight;
        struct t_stats *s = &c->t->stats;
        s->max_concurrent = u->in_flight > s->max_concurrent ? u->in_flight : s->max_concurrent;
    }
    return take_units(c, units);
}
