// SPDX-License-Identifier: Apache-2.0
// What the files of the fake Microsoft Graph share (spec/wire-graph.md). graph.c checks the token,
// the permission, the mailbox and the limits of a request; graph_core_*.c take it apart;
// graph_users.c answers /users, graph_batch.c $batch. What is in a mailbox comes from graph_mail.c
// on.
//
// A handler writes its answer into the call and nowhere else: status, graph_header(), out (and
// content_type, if it is not JSON). Then the same handler serves a request and a part of a batch.
// Nothing of the call outlives it; slices point into the request or into `store`.
#ifndef TENANT_GRAPH_H
#define TENANT_GRAPH_H

#include "ews.h"
#include "model.h"

#define GRAPH_SEGMENTS_MAX 12
#define GRAPH_OPTIONS_MAX 16

enum {                        // what an application may be allowed, the `roles` of its token
    GRAPH_ROLE_USERS = 1,     // User.Read.All
    GRAPH_ROLE_MAIL = 2,      // Mail.Read
    GRAPH_ROLE_CALENDAR = 4,  // Calendars.Read
    GRAPH_ROLE_CONTACTS = 8,  // Contacts.Read
    GRAPH_ROLE_TASKS = 16,    // Tasks.Read.All
    GRAPH_ROLE_SETTINGS = 32, // MailboxSettings.Read
    GRAPH_ROLE_EWS = 64,      // full_access_as_app, of outlook.office365.com
};

// A parameter of the query, decoded: "$top" also when it came as "%24top".
struct graph_option {
    str name, value;
};

// The Prefer header, or what is usual without it.
struct graph_prefer {
    bool text;         // outlook.body-content-type="text"
    bool body_given;   // either type was asked for: Preference-Applied says it
    bool unsafe_html;  // outlook.allow-unsafe-html
    bool immutable;    // IdType="ImmutableId"
    i64 max_page_size; // odata.maxpagesize; 0: not given
    str timezone;      // outlook.timezone, as it was given; empty: UTC
};

struct graph_call {
    struct tenant *t;
    struct graph *g;
    const struct t_request *q; // of a part: made of what the batch says
    str method, body;
    str path, query; // as they came: path begins with "/v1.0/"
    str prefer_header;
    str base;    // "https://127.0.0.1:8443/v1.0": links begin with it
    str user;    // as the path names it, decoded: an object id or a UPN
    int mailbox; // of the model (t->users, ews_mailbox()); -1 outside of /users/{user}/
    str segments[GRAPH_SEGMENTS_MAX]; // what follows /v1.0/users/{user}/, decoded; never empty ones
    int segment_count;
    struct graph_option options[GRAPH_OPTIONS_MAX];
    int option_count;
    struct graph_prefer prefer;
    int roles; // GRAPH_ROLE_...
    struct graph_flight *flight;
    bool part;          // of a batch
    bool chained;       // ... that waited for another part
    struct t_buf store; // of the decoded
    // The answer.
    int status;               // 200 before the handler
    const char *content_type; // NULL: JSON
    struct t_buf head;        // "Name: value\r\n" lines
    struct t_buf out;
};

// ---- content (graph_mail.c and what it calls)
// ---------------------------------------------------------

// Everything below /v1.0/users/{user}/ but translateExchangeIds. The user exists and has a mailbox,
// the token has the role, limits and faults are behind. What is not known: graph_not_found(c).
void graph_mailbox_answer(struct graph_call *c);

// ---- asking (graph_core_call.c)
// ---------------------------------------------------------------------------

bool graph_is(const struct graph_call *c, const char *method);
bool graph_segment_is(const struct graph_call *c, int n, const char *name); // letters of any case
// The value of a parameter: graph_option(c, "$select", &v). false: not given.
bool graph_option(const struct graph_call *c, const char *name, str *value);
// A number of a parameter between least and most. false: refused, and answered with 400.
bool graph_number(struct graph_call *c, const char *name, i64 least, i64 most, i64 *n);
// Refuses a parameter that is in none of the names (NULL ends them) with 400: for delta, which does
// not take all that lists take. false: answered.
bool graph_options_allowed(struct graph_call *c, const char *const *names);
// $select: is the property wanted? true for all without $select. `id` is always wanted.
bool graph_selected(const struct graph_call *c, const char *property);

// ---- answering (graph_core_answer.c)
// ----------------------------------------------------------------------

struct t_writer graph_writer(struct graph_call *c); // of c->out
__attribute__((format(printf, 2, 3))) void graph_header(struct graph_call *c, const char *format,
                                                        ...);
void graph_error(struct graph_call *c, int status, const char *code, const char *message);
void graph_not_found(struct graph_call *c); // 404 ErrorItemNotFound
void graph_bad_id(struct graph_call *c);    // 400 ErrorInvalidIdMalformed
// The member "@odata.context" of a collection: "users('x')/messages" and the like.
void graph_put_context(struct graph_call *c, struct t_writer *w, const char *what);
// The member `key` ("@odata.nextLink", "@odata.deltaLink"): this request's address with `name` set
// to `value`. keep: the other parameters stay, without $skip, $skiptoken and $deltatoken.
void graph_put_link(struct graph_call *c, struct t_writer *w, const char *key, const char *name,
                    str value, bool keep);
// "Preference-Applied" for what was preferred and done.
void graph_applied(struct graph_call *c, const char *what);

// ---- ids (graph_core_id.c)
// --------------------------------------------------------------------------------

// REST ids are EWS ids with '+' as '_' and '/' as '-'. They take and give a whole id.
void graph_id_from_ews(str ews, struct t_buf *rest);
void graph_id_to_ews(str rest, struct t_buf *ews);
void graph_id_put(const struct graph_call *c, struct ews_id id, struct t_buf *out);
// Of this mailbox, and as REST writes it. The folder or item need not be there.
bool graph_id_read(const struct graph_call *c, str text, struct ews_id *id);
// The id of an item as the caller prefers it: immutable ones stay when the item moves.
void graph_item_id_put(const struct graph_call *c, const struct ews_item *i, struct t_buf *out);
// The item of an id of either kind. NULL, or the code: ErrorInvalidIdMalformed, ErrorItemNotFound.
const char *graph_item_find(struct graph_call *c, str text, struct ews_item *i);

// ---- users (graph_users.c)
// --------------------------------------------------------------------------------

enum graph_account { // what an administrator made of a mailbox, or who has none
    GRAPH_OK,
    GRAPH_DISABLED,    // accountEnabled is false, the mailbox is readable
    GRAPH_SHARED,      // the same, of a shared mailbox or a room
    GRAPH_GUEST,       // #EXT#, MailboxNotEnabledForRESTAPI
    GRAPH_NO_MAIL,     // mail is null, no mailbox
    GRAPH_UNLICENSED,  // has mail, no mailbox
    GRAPH_ON_PREMISES, // has mail, its mailbox is elsewhere: MailboxNotEnabledForRESTAPI
    GRAPH_DENIED,      // ErrorAccessDenied: not in the application's scope
    GRAPH_MOVING,      // 503 ErrorMailboxMoveInProgress
    GRAPH_ACCOUNTS,
};
const char *graph_account_name(enum graph_account a);
// The user's object id, a GUID in 36 characters. `place`: a mailbox, or beyond them a user without.
void graph_user_id_put(const struct tenant *t, int place, struct t_buf *out);
int graph_user_count(const struct tenant *t);
int graph_user_find(const struct tenant *t, str id_or_upn); // the place; -1: no such user
enum graph_account graph_user_account(const struct tenant *t, int place);
void graph_users_answer(struct graph_call *c);           // GET /users
void graph_user_answer(struct graph_call *c, int place); // GET /users/{user}
void graph_translate_answer(struct graph_call *c);       // POST .../translateExchangeIds

// ---- the whole (graph.c, graph_batch.c)
// -------------------------------------------------------------------

struct graph_mailbox {
    enum graph_account account;
    int in_flight, max_in_flight;
    i64 window_start_ms, window_requests, requests, refused;
};

struct graph {
    struct graph_mailbox *mailboxes; // by number
    int mailbox_cap;
    int max_concurrent;                      // for one mailbox; 0: any number
    i64 mailbox_requests, mailbox_window_ms; // 10,000 in ten minutes; 0: any number
    i64 users_units, users_window_ms, users_window_start_ms, users_window_units;
    i64 latency_ms;
    int extra_users;    // of each kind without a mailbox
    int batch_parallel; // parts for one mailbox that run at once
    bool batch_refuse;  // parts beyond them are refused with 429
    i64 retry_after_s;  // of what is not a window
    bool no_retry_after;
    bool odd_pages; // of users: short, empty
    i64 turn;       // requests so far
    i64 requests, users, batches, parts, translated, throttled, unauthorized, denied, in_flight,
        max_in_flight;
};

struct graph_mailbox *graph_mailbox(struct tenant *t, int mailbox);
// One request or part: everything but $batch. The call comes with t, q, base and roles.
void graph_run(struct graph_call *c);
void graph_batch_answer(struct graph_call *c, i64 *delay_ms);
void graph_call_free(struct graph_call *c);

#endif
