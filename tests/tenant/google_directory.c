// SPDX-License-Identifier: Apache-2.0
// Google's Directory API: users.list (spec/wire-gmail.md 3). Users come in the order in which they
// were made; of `query` only isSuspended is known, orderBy is taken and ignored.
#include <stdio.h>
#include <string.h>

#include "google.h"

#define PAGE_TOKEN "~!!~AI9FV7"

static const char *const known_fields[] = {"kind",
                                           "etag",
                                           "nextPageToken",
                                           "users/kind",
                                           "users/id",
                                           "users/etag",
                                           "users/primaryEmail",
                                           "users/name/givenName",
                                           "users/name/familyName",
                                           "users/name/fullName",
                                           "users/isAdmin",
                                           "users/isDelegatedAdmin",
                                           "users/lastLoginTime",
                                           "users/creationTime",
                                           "users/deletionTime",
                                           "users/agreedToTerms",
                                           "users/suspended",
                                           "users/suspensionReason",
                                           "users/archived",
                                           "users/emails",
                                           "users/aliases",
                                           "users/nonEditableAliases",
                                           "users/customerId",
                                           "users/orgUnitPath",
                                           "users/isMailboxSetup",
                                           "users/includeInGlobalAddressList",
                                           NULL};

static bool is_suspended(const struct t_user *u)
{
    return u->state == T_USER_SUSPENDED || u->state == T_USER_SUSPENDED_GET;
}

// `u` is NULL for the administrator.
static void put_user(const struct tenant *t, const struct t_user *u, int place,
                     const struct t_fields *f, struct t_writer *w)
{
    str email = u ? str_from(u->email) : t->o.admin;
    char id[32];
    snprintf(id, sizeof(id), "1%020d", place + 1);
    t_json_open(w, '{');
    if (google_wants(f, "users/kind")) {
        t_json_put_member(w, "kind", S("admin#directory#user"));
    }
    if (google_wants(f, "users/id")) {
        t_json_put_member(w, "id", str_from(id));
    }
    if (google_wants(f, "users/primaryEmail")) {
        t_json_put_member(w, "primaryEmail", email);
    }
    if (google_wants(f, "users/name")) {
        t_json_key(w, "name");
        t_json_open(w, '{');
        t_json_put_member(w, "fullName", email);
        t_json_close(w, '}');
    }
    if (google_wants(f, "users/isAdmin")) {
        t_json_put_bool(w, "isAdmin", !u);
    }
    if (google_wants(f, "users/creationTime")) {
        struct t_buf date = {0};
        t_put_iso_date(&date, 1583300000000 + (i64)place * 86400000);
        t_json_put_member(w, "creationTime", t_buf_str(&date));
        t_buf_free(&date);
    }
    if (google_wants(f, "users/customerId")) {
        t_json_put_member(w, "customerId", t->o.customer);
    }
    if (google_wants(f, "users/orgUnitPath")) {
        t_json_put_member(w, "orgUnitPath", S("/"));
    }
    if (google_wants(f, "users/isMailboxSetup")) {
        t_json_put_bool(w, "isMailboxSetup", u && u->state != T_USER_NO_MAIL);
    }
    if (google_wants(f, "users/suspended")) {
        t_json_put_bool(w, "suspended", u && is_suspended(u));
    }
    if (u && is_suspended(u) && google_wants(f, "users/suspensionReason")) {
        t_json_put_member(w, "suspensionReason", S("ADMIN"));
    }
    if (google_wants(f, "users/archived")) {
        t_json_put_bool(w, "archived", u && u->state == T_USER_ARCHIVED);
    }
    t_json_close(w, '}');
}

// false: refused, and answered.
static bool check_scope(const struct tenant *t, const struct t_request *q, struct t_response *r)
{
    struct t_buf customer = {0}, domain = {0};
    bool by_customer = t_query_get(q->query, "customer", 0, &customer);
    bool by_domain = t_query_get(q->query, "domain", 0, &domain);
    bool ours = str_eq(t_buf_str(&customer), S("my_customer")) ||
                str_eq(t_buf_str(&customer), t->o.customer);
    if (!by_customer && !by_domain) {
        google_error(r, 400, "badRequest", "Bad Request");
    } else if (by_customer && !ours && !str_starts(t_buf_str(&customer), S("C"))) {
        google_error(r, 400, "invalid", "Invalid Input: Bad request for customer");
    } else if (by_customer && !ours) {
        google_error(r, 403, "forbidden", "Not Authorized to access this resource/api");
    } else if (by_domain && !str_eq_nocase(t_buf_str(&domain), t->o.domain)) {
        google_error(r, 404, "notFound", "Domain not found.");
    }
    t_buf_free(&customer);
    t_buf_free(&domain);
    return r->status < 400;
}

// Place of the first user of the page; -1: not our token.
static i64 first_place(const struct t_request *q)
{
    struct t_buf token = {0};
    u64 place = 0;
    bool given = t_query_get(q->query, "pageToken", 0, &token);
    str s = t_buf_str(&token);
    isize n = (isize)sizeof(PAGE_TOKEN) - 1;
    bool ok = !given || s.n == 0 ||
              (str_starts(s, S(PAGE_TOKEN)) && str_to_u64_hex(str_from_index(s, n), &place));
    t_buf_free(&token);
    return ok ? (i64)(place ^ (place > 0 ? 0x5A5A5A5Au : 0)) : -1;
}

// 0: leave out, else listed. Suspension is filtered by `query`.
static bool is_listed(const struct tenant *t, i64 place, str query)
{
    if (place == t->user_count) {
        return t->o.list_admin;
    }
    const struct t_user *u = &t->users[place];
    if (u->state == T_USER_DELETED) {
        return false;
    }
    if (str_find(query, S("isSuspended=false")) >= 0) {
        return !is_suspended(u);
    }
    return str_find(query, S("isSuspended=true")) < 0 || is_suspended(u);
}

static void list_users(struct tenant *t, const struct t_request *q, struct t_response *r, i64 max)
{
    struct t_fields f;
    if (!google_fields(q, known_fields, &f, r)) {
        return;
    }
    struct t_buf query = {0};
    t_query_get(q->query, "query", 0, &query);
    struct t_writer w = google_writer(q, r);
    i64 place = first_place(q);
    if (place < 0 || place > t->user_count) {
        google_error(r, 400, "invalid", "Invalid Input: pageToken");
        t_buf_free(&query);
        t_buf_free(&f.paths);
        return;
    }
    t_json_open(&w, '{');
    if (google_wants(&f, "kind")) {
        t_json_put_member(&w, "kind", S("admin#directory#users"));
    }
    i64 shown = 0;
    for (; place <= t->user_count && shown < max; place++) {
        if (is_listed(t, place, t_buf_str(&query))) {
            if (shown++ == 0 && google_wants(&f, "users")) {
                t_json_key(&w, "users");
                t_json_open(&w, '[');
            }
            if (google_wants(&f, "users")) {
                t_json_item(&w);
                put_user(t, place < t->user_count ? &t->users[place] : NULL, (int)place, &f, &w);
            }
        }
    }
    if (shown > 0 && google_wants(&f, "users")) {
        t_json_close(&w, ']');
    }
    while (place <= t->user_count && !is_listed(t, place, t_buf_str(&query))) {
        place++;
    }
    if (place <= t->user_count && google_wants(&f, "nextPageToken")) {
        char token[64];
        snprintf(token, sizeof(token), PAGE_TOKEN "%llx", (unsigned long long)place ^ 0x5A5A5A5Au);
        t_json_put_member(&w, "nextPageToken", str_from(token));
    }
    t_json_close(&w, '}');
    t_buf_byte(&r->own, '\n');
    google_finish(q, r, true);
    t_buf_free(&query);
    t_buf_free(&f.paths);
}

void directory_handle(struct tenant *t, const struct t_request *q, struct t_response *r)
{
    const struct t_token *k = google_authorize(t, q, r, T_SCOPE_DIRECTORY);
    if (!k) {
        return;
    }
    i64 max = 100;
    if (k->mailbox != T_MAILBOX_ADMIN) {
        google_error(r, 403, "forbidden", "Not Authorized to access this resource/api");
    } else if (!t_request_is(q, "GET") || !str_eq(q->path, S("/admin/directory/v1/users"))) {
        google_error(r, 404, "notFound", "Resource Not Found");
    } else if (check_scope(t, q, r) && google_number(q, "maxResults", 500, &max, r)) {
        list_users(t, q, r, max);
    }
}
