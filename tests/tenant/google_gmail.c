// SPDX-License-Identifier: Apache-2.0
// Gmail: messages.list, messages.get, getProfile (spec/wire-gmail.md 4) and the order in which
// Google refuses: token, scope, delegation, state of the mailbox, quota, parameters. history.list
// is in google_history.c. Of messages.get the formats raw and minimal are served.
#include "google_gmail.h"

#include <stdio.h>
#include <string.h>

static const char *const list_fields[] = {"messages/id", "messages/threadId", "nextPageToken",
                                          "resultSizeEstimate", NULL};
static const char *const message_fields[] = {"id",
                                             "threadId",
                                             "labelIds",
                                             "snippet",
                                             "historyId",
                                             "internalDate",
                                             "sizeEstimate",
                                             "raw",
                                             "payload",
                                             "classificationLabelValues",
                                             NULL};
static const char *const profile_fields[] = {"emailAddress", "messagesTotal", "threadsTotal",
                                             "historyId", NULL};

static const struct {
    int bit;
    const char *name;
} labels[] = {{T_LABEL_INBOX, "INBOX"},
              {T_LABEL_UNREAD, "UNREAD"},
              {T_LABEL_SENT, "SENT"},
              {T_LABEL_SPAM, "SPAM"},
              {T_LABEL_TRASH, "TRASH"}};

void gmail_put_labels(struct t_writer *w, int bits)
{
    t_json_key(w, "labelIds");
    t_json_open(w, '[');
    for (isize i = 0; i < COUNT(labels); i++) {
        if (bits & labels[i].bit) {
            t_json_item(w);
            t_json_put_string(w->b, str_from(labels[i].name));
        }
    }
    t_json_close(w, ']');
}

static void put_id(struct t_writer *w, const char *key, u64 id)
{
    char text[24];
    snprintf(text, sizeof(text), "%016llx", (unsigned long long)id);
    t_json_put_member(w, key, str_from(text));
}

static int label_bit(str name)
{
    for (isize i = 0; i < COUNT(labels); i++) {
        if (str_eq(name, str_from(labels[i].name))) {
            return labels[i].bit;
        }
    }
    return 0;
}

// What a listing selects.
struct selection {
    struct t_buf q;
    int labels;      // all of these
    int hidden;      // none of these: spam and trash, unless asked for
    u32 tag;         // of everything that must not change from page to page
    bool impossible; // a label that nobody has
};

static void selection_open(const struct t_request *q, struct selection *s)
{
    struct t_buf v = {0};
    *s = (struct selection){.hidden = T_LABEL_SPAM | T_LABEL_TRASH};
    t_query_get(q->query, "q", 0, &s->q);
    for (int i = 0; t_query_get(q->query, "labelIds", i, &v); i++) {
        int bit = label_bit(t_buf_str(&v));
        s->labels |= bit;
        s->impossible = s->impossible || bit == 0;
    }
    bool all = t_query_get(q->query, "includeSpamTrash", 0, &v) &&
               str_eq_nocase(t_buf_str(&v), S("true"));
    all = all || str_contains_nocase(t_buf_str(&s->q), S("in:anywhere"));
    s->hidden = all ? 0 : s->hidden & ~s->labels;
    if (str_contains_nocase(t_buf_str(&s->q), S("in:spam"))) {
        s->labels |= T_LABEL_SPAM;
        s->hidden &= ~T_LABEL_SPAM;
    }
    if (str_contains_nocase(t_buf_str(&s->q), S("in:trash"))) {
        s->labels |= T_LABEL_TRASH;
        s->hidden &= ~T_LABEL_TRASH;
    }
    s->tag = (u32)(s->labels * 32 + s->hidden + 1);
    for (isize i = 0; i < s->q.n; i++) {
        s->tag = s->tag * 31 + s->q.p[i];
    }
    s->tag &= 0xFFFF;
    t_buf_free(&v);
}

static bool selection_has(const struct tenant *t, const struct selection *s,
                          const struct t_message *m)
{
    return !s->impossible && (m->labels & s->labels) == s->labels && (m->labels & s->hidden) == 0 &&
           (s->q.n == 0 || gmail_matches(t, t_buf_str(&s->q), m));
}

// A page token names the index from which the next page goes down. -1: not a token of this listing.
static i64 page_start(const struct t_request *q, const struct selection *s, i64 count)
{
    struct t_buf token = {0};
    u64 v = 0;
    bool given = t_query_get(q->query, "pageToken", 0, &token) && token.n > 0;
    bool ok = !given || (str_to_u64(t_buf_str(&token), &v) && (v & 0xFFFF) == s->tag);
    t_buf_free(&token);
    i64 start = given ? (i64)(v >> 16) : count;
    return ok && start <= count ? start : -1;
}

static void list_page(struct gmail_call *c, const struct selection *s, const struct t_fields *f,
                      i64 max)
{
    i64 index = page_start(c->q, s, content_count(c->u));
    if (index < 0) {
        google_error(c->r, 400, "invalidArgument", "Invalid pageToken");
        return;
    }
    struct t_writer w = google_writer(c->q, c->r);
    bool want_messages = google_wants(f, "messages"), want_id = google_wants(f, "messages/id");
    bool want_thread = google_wants(f, "messages/threadId");
    t_json_open(&w, '{');
    i64 shown = 0;
    struct t_message m;
    while (index > 0) {
        bool here = content_find(c->t, c->mailbox, index - 1, &m) && selection_has(c->t, s, &m);
        if (here && shown == max) {
            break;
        }
        index--;
        if (!here) {
            continue;
        }
        if (shown++ == 0 && want_messages) {
            t_json_key(&w, "messages");
            t_json_open(&w, '[');
        }
        if (want_messages) {
            t_json_item(&w);
            t_json_open(&w, '{');
            if (want_id) {
                put_id(&w, "id", m.id);
            }
            if (want_thread) {
                put_id(&w, "threadId", m.id);
            }
            t_json_close(&w, '}');
        }
    }
    if (shown > 0 && want_messages) {
        t_json_close(&w, ']');
    }
    if (index > 0 && google_wants(f, "nextPageToken")) {
        char token[32];
        snprintf(token, sizeof(token), "%020llu", (unsigned long long)index << 16 | s->tag);
        t_json_put_member(&w, "nextPageToken", str_from(token));
    }
    if (google_wants(f, "resultSizeEstimate")) {
        t_json_put_number(&w, "resultSizeEstimate", index > 0 ? 201 : shown);
    }
    t_json_close(&w, '}');
    t_buf_byte(&c->r->own, '\n');
    google_finish(c->q, c->r, true);
}

static void list_messages(struct gmail_call *c)
{
    i64 max = 100;
    struct t_fields f;
    struct selection s;
    if (!google_number(c->q, "maxResults", 500, &max, c->r) ||
        !google_fields(c->q, list_fields, &f, c->r)) {
        return;
    }
    selection_open(c->q, &s);
    if (s.q.n > 0 && c->token->scopes == T_SCOPE_METADATA) {
        google_error(c->r, 403, "forbidden", "Metadata scope does not support 'q' parameter");
    } else {
        list_page(c, &s, &f, max);
    }
    t_buf_free(&s.q);
    t_buf_free(&f.paths);
}

static void put_message(struct gmail_call *c, const struct t_message *m, const struct t_fields *f,
                        bool raw)
{
    struct t_writer w = google_writer(c->q, c->r);
    t_json_open(&w, '{');
    if (google_wants(f, "id")) {
        put_id(&w, "id", m->id);
    }
    if (google_wants(f, "threadId")) {
        put_id(&w, "threadId", m->id);
    }
    if (google_wants(f, "labelIds")) {
        gmail_put_labels(&w, m->labels);
    }
    if (google_wants(f, "snippet")) {
        t_json_put_member(&w, "snippet",
                          S("The first words, \"quoted\" &#39;n&#39; all \xE2\x80\xA6"));
    }
    if (google_wants(f, "sizeEstimate")) {
        t_json_put_number(&w, "sizeEstimate", m->bytes);
    }
    if (raw && google_wants(f, "raw")) {
        t_json_key(&w, "raw");
        t_buf_byte(&c->r->own, '"');
        content_place(c->t, m, c->r);
        t_buf_byte(&c->r->own, '"');
        c->t->stats.message_bytes += m->bytes;
    }
    char text[32];
    if (google_wants(f, "historyId")) {
        snprintf(text, sizeof(text), "%lld", (long long)(1000 + m->index));
        t_json_put_member(&w, "historyId", str_from(text));
    }
    if (google_wants(f, "internalDate")) {
        snprintf(text, sizeof(text), "%lld", (long long)m->internal_ms);
        t_json_put_member(&w, "internalDate", str_from(text));
    }
    t_json_close(&w, '}');
    t_buf_byte(&c->r->own, '\n');
    // A placed body is memory of the tenant: it goes out as it is.
    google_finish(c->q, c->r, c->r->piece_count == 0);
    c->t->stats.messages_served++;
}

static void get_message(struct gmail_call *c, str id_text)
{
    struct t_buf format = {0};
    struct t_fields f;
    struct t_message m;
    u64 id = 0;
    t_query_get(c->q->query, "format", 0, &format);
    str name = t_buf_str(&format);
    bool raw = str_eq_nocase(name, S("raw"));
    if (id_text.n > 16 || !str_to_u64_hex(id_text, &id)) {
        google_error(c->r, 400, "invalidArgument", "Invalid id value");
    } else if (!raw && !str_eq_nocase(name, S("minimal"))) {
        google_error(c->r, 400, "invalidArgument",
                     "The fake tenant serves format=raw and format=minimal");
    } else if (raw && c->token->scopes == T_SCOPE_METADATA) {
        google_error(c->r, 403, "forbidden", "Metadata scope doesn't allow format RAW");
    } else if (c->u->state == T_USER_SUSPENDED_GET) {
        google_error(c->r, 403, "forbidden", "Forbidden");
    } else if (google_fields(c->q, message_fields, &f, c->r)) {
        if (content_find(c->t, c->mailbox, content_index(c->t, c->mailbox, id), &m)) {
            put_message(c, &m, &f, raw);
        } else {
            google_error(c->r, 404, "notFound", "Requested entity was not found.");
        }
        t_buf_free(&f.paths);
    }
    t_buf_free(&format);
}

static void get_profile(struct gmail_call *c)
{
    struct t_fields f;
    if (!google_fields(c->q, profile_fields, &f, c->r)) {
        return;
    }
    i64 total = c->u ? content_live(c->t, c->mailbox) : 0;
    char text[32];
    snprintf(text, sizeof(text), "%llu", c->u ? (unsigned long long)c->u->history_id : 1000);
    struct t_writer w = google_writer(c->q, c->r);
    t_json_open(&w, '{');
    if (google_wants(&f, "emailAddress")) {
        t_json_put_member(&w, "emailAddress", c->u ? str_from(c->u->email) : c->t->o.admin);
    }
    if (google_wants(&f, "messagesTotal")) {
        t_json_put_number(&w, "messagesTotal", total);
    }
    if (google_wants(&f, "threadsTotal")) {
        t_json_put_number(&w, "threadsTotal", total);
    }
    if (google_wants(&f, "historyId")) {
        t_json_put_member(&w, "historyId", str_from(text));
    }
    t_json_close(&w, '}');
    t_buf_byte(&c->r->own, '\n');
    google_finish(c->q, c->r, true);
    t_buf_free(&f.paths);
}

// Whose mailbox is meant, and may the token? false: refused, and answered.
static bool find_mailbox(struct gmail_call *c)
{
    struct t_buf name = {0};
    bool ok = t_path_part(c->q->path, 3, &name);
    str user = t_buf_str(&name);
    bool me = str_eq(user, S("me"));
    int mailbox = me                                   ? c->token->mailbox
                  : str_eq_nocase(user, c->t->o.admin) ? T_MAILBOX_ADMIN
                                                       : content_mailbox(c->t, user);
    t_buf_free(&name);
    if (c->token->mailbox == T_MAILBOX_NONE) {
        google_error(c->r, 400, "failedPrecondition", "Precondition check failed.");
        return false;
    }
    c->mailbox = c->token->mailbox;
    c->u = c->mailbox >= 0 ? &c->t->users[c->mailbox] : NULL;
    str own = c->u ? str_from(c->u->email) : c->t->o.admin;
    if (!ok || mailbox != c->token->mailbox || (c->u && c->u->state == T_USER_DELEGATION)) {
        char text[320];
        snprintf(text, sizeof(text), "Delegation denied for %.*s", (int)(own.n < 256 ? own.n : 256),
                 own.p);
        google_error(c->r, 403, "forbidden", text);
        return false;
    }
    return true;
}

static bool check_state(struct gmail_call *c)
{
    enum t_state state = c->u ? c->u->state : c->t->o.list_admin ? T_USER_NO_MAIL : T_USER_OK;
    switch (state) {
    case T_USER_NO_MAIL:
        google_error(c->r, 400, "failedPrecondition", "Mail service not enabled");
        return false;
    case T_USER_PRECONDITION:
        google_error(c->r, 400, "failedPrecondition", "Precondition check failed.");
        return false;
    case T_USER_DOMAIN_POLICY:
        google_error(c->r, 403, "domainPolicy",
                     "The domain administrators have disabled Gmail apps.");
        return false;
    case T_USER_SUSPENDED:
    case T_USER_DELETED:
        google_error(c->r, 401, "authError", "Invalid Credentials");
        return false;
    case T_USER_OK:
    case T_USER_SUSPENDED_GET:
    case T_USER_ARCHIVED:
    case T_USER_DELEGATION:
    case T_USER_UNAUTHORIZED:
    case T_USER_STATES:
        break;
    }
    return true;
}

void gmail_handle(struct tenant *t, const struct t_request *q, struct t_response *r)
{
    struct gmail_call c = {.t = t, .q = q, .r = r};
    struct t_buf what = {0}, id = {0}, rest = {0};
    c.token = google_authorize(t, q, r, T_SCOPE_GMAIL | T_SCOPE_METADATA);
    t_path_part(q->path, 4, &what);
    bool has_id = t_path_part(q->path, 5, &id);
    bool messages = str_eq(t_buf_str(&what), S("messages"));
    bool profile = str_eq(t_buf_str(&what), S("profile"));
    bool history = str_eq(t_buf_str(&what), S("history"));
    if (c.token && (!t_request_is(q, "GET") || t_path_part(q->path, 6, &rest) ||
                    (!messages && !profile && !history) || (has_id && !messages))) {
        google_error(r, 404, "notFound", "Requested entity was not found.");
    } else if (c.token && find_mailbox(&c) && check_state(&c)) {
        r->delay_ms += t->o.latency_ms;
        i64 units = profile ? 1 : history ? 2 : has_id ? t->o.units_get : t->o.units_list;
        if (!gmail_quota(&c, units)) {
            // answered
        } else if (profile) {
            get_profile(&c);
        } else if (!c.u) {
            google_error(r, 404, "notFound", "Requested entity was not found.");
        } else if (history) {
            gmail_history(&c);
        } else if (has_id) {
            get_message(&c, t_buf_str(&id));
        } else {
            list_messages(&c);
        }
    }
    t_buf_free(&what);
    t_buf_free(&id);
    t_buf_free(&rest);
}
