// SPDX-License-Identifier: Apache-2.0
// Gmail's history.list (spec/wire-gmail.md 5): what was added and deleted since an id. Labels never
// change here. An id older than the first that a mailbox remembers is a 404.
#include "google_gmail.h"

#include <stdio.h>

#define OLDEST_HISTORY_ID 1000

static void put_u64(struct t_writer *w, const char *key, u64 v)
{
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
    t_json_put_member(w, key, str_from(text));
}

static void put_message(const struct gmail_call *c, struct t_writer *w, i64 index)
{
    u64 id = content_id(c->mailbox, index);
    char text[24];
    snprintf(text, sizeof(text), "%016llx", (unsigned long long)id);
    t_json_open(w, '{');
    t_json_put_member(w, "id", str_from(text));
    t_json_put_member(w, "threadId", str_from(text));
}

static void put_change(const struct gmail_call *c, struct t_writer *w,
                       const struct t_change *change)
{
    t_json_item(w);
    t_json_open(w, '{');
    put_u64(w, "id", change->history_id);
    t_json_key(w, "messages");
    t_json_open(w, '[');
    t_json_item(w);
    put_message(c, w, change->index);
    t_json_close(w, '}');
    t_json_close(w, ']');
    t_json_key(w, change->deleted ? "messagesDeleted" : "messagesAdded");
    t_json_open(w, '[');
    t_json_item(w);
    t_json_open(w, '{');
    t_json_key(w, "message");
    put_message(c, w, change->index);
    gmail_put_labels(w, T_LABEL_INBOX);
    t_json_close(w, '}');
    t_json_close(w, '}');
    t_json_close(w, ']');
    t_json_close(w, '}');
}

static u64 parameter(const struct t_request *q, const char *name)
{
    struct t_buf v = {0};
    u64 n = 0;
    t_query_get(q->query, name, 0, &v);
    bool ok = str_to_u64(t_buf_str(&v), &n);
    t_buf_free(&v);
    return ok ? n : 0;
}

static bool is_wanted(const struct t_request *q, const struct t_change *change)
{
    struct t_buf v = {0};
    bool any = false, wanted = false;
    for (int i = 0; t_query_get(q->query, "historyTypes", i, &v); i++) {
        any = true;
        wanted = wanted ||
                 str_eq(t_buf_str(&v), change->deleted ? S("messageDeleted") : S("messageAdded"));
    }
    t_buf_free(&v);
    return wanted || !any;
}

void gmail_history(struct gmail_call *c)
{
    u64 start = parameter(c->q, "startHistoryId");
    u64 after = parameter(c->q, "pageToken");
    i64 max = 100;
    if (start == 0) {
        google_error(c->r, 400, "invalidArgument", "Missing or invalid startHistoryId");
        return;
    }
    if (start < OLDEST_HISTORY_ID) {
        google_error(c->r, 404, "notFound", "Requested entity was not found.");
        return;
    }
    if (!google_number(c->q, "maxResults", 500, &max, c->r)) {
        return;
    }
    struct t_writer w = google_writer(c->q, c->r);
    t_json_open(&w, '{');
    i64 shown = 0;
    u64 next = 0, last = after > start ? after : start;
    for (isize i = 0; i < c->u->change_count && next == 0; i++) {
        const struct t_change *change = &c->u->changes[i];
        if (change->history_id <= last || !is_wanted(c->q, change)) {
            continue;
        }
        if (shown == max) {
            next = last;
            break;
        }
        if (shown++ == 0) {
            t_json_key(&w, "history");
            t_json_open(&w, '[');
        }
        put_change(c, &w, change);
        last = change->history_id;
    }
    if (shown > 0) {
        t_json_close(&w, ']');
    }
    if (next > 0) {
        put_u64(&w, "nextPageToken", next);
    }
    put_u64(&w, "historyId", c->u->history_id);
    t_json_close(&w, '}');
    t_buf_byte(&c->r->own, '\n');
    google_finish(c->q, c->r, true);
}
