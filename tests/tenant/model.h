// SPDX-License-Identifier: Apache-2.0
// What the files of the model share: mailboxes, tokens, faults, quotas, counters, and the tenant
// that owns them all. Nothing here is seen by the server (tenant.h is).
#ifndef TENANT_MODEL_H
#define TENANT_MODEL_H

#include "t_json.h"
#include "tenant.h"

// ---- mailboxes (content.c, synthetic.c)
// ----------------------------------------------------------

enum t_state { // of a user, as an administrator or an accident makes it
    T_USER_OK,
    T_USER_SUSPENDED,     // token: invalid_grant; Directory: suspended
    T_USER_SUSPENDED_GET, // token and list work, get is refused with 403; Directory: suspended
    T_USER_ARCHIVED,      // still readable; Directory: archived
    T_USER_NO_MAIL,       // Gmail: 400 failedPrecondition "Mail service not enabled"
    T_USER_DELEGATION,    // Gmail: 403 "Delegation denied for ..."
    T_USER_UNAUTHORIZED,  // token: unauthorized_client
    T_USER_DOMAIN_POLICY, // Gmail: 403 domainPolicy
    T_USER_PRECONDITION,  // Gmail: 400 "Precondition check failed."
    T_USER_DELETED,       // not in the Directory; token: invalid_grant
    T_USER_STATES,
};

enum {
    T_LABEL_INBOX = 1,
    T_LABEL_UNREAD = 2,
    T_LABEL_SENT = 4,
    T_LABEL_SPAM = 8,
    T_LABEL_TRASH = 16
};

struct t_stored {
    u8 *encoded; // base64url of the raw message; NULL: synthetic, of `bytes`
    isize encoded_bytes;
    i64 bytes; // of the raw message
    i64 internal_ms;
    int labels;
    bool gone;
};

struct t_change { // for history.list
    u64 history_id;
    i64 index;
    bool deleted;
};

struct t_user {
    char *email;
    enum t_state state;
    i64 synthetic;           // messages 0 .. synthetic - 1
    u8 *gone;                // a bit for each synthetic message; NULL: all there
    struct t_stored *stored; // messages synthetic .. synthetic + stored_count - 1
    isize stored_count, stored_cap;
    struct t_change *changes;
    isize change_count, change_cap;
    u64 history_id;
    i64 deleted; // messages
    int in_flight, max_in_flight;
    i64 window_start_ms, window_units, units, max_window_units;
    i64 requests;
};

struct t_message {
    const struct t_user *user;
    int mailbox;
    i64 index;
    u64 id;
    i64 internal_ms;
    i64 bytes;
    int labels;
    const struct t_stored *stored; // NULL: synthetic
};

#define T_BLOCK_LINES 210
#define T_LINE_BYTES 78 // a multiple of 3: a cut between lines is one in base64 too

struct t_blocks {
    u8 *encoded[T_SHAPES]; // T_BLOCK_LINES lines of body, as base64url
    u8 *raw[T_SHAPES];
};

void content_init(struct tenant *t);
i64 content_count(const struct t_user *u);             // places, deleted ones included
i64 content_live(const struct tenant *t, int mailbox); // messages that are there
bool content_find(const struct tenant *t, int mailbox, i64 index, struct t_message *m);
u64 content_id(int mailbox, i64 index);
i64 content_index(const struct tenant *t, int mailbox, u64 id); // -1: no such id
bool content_delete(struct tenant *t, int mailbox, i64 index);
int content_mailbox(const struct tenant *t, str email); // -1
struct t_stored *content_add(struct tenant *t, int mailbox, i64 now_ms);

void synthetic_init(struct tenant *t);
// The message as it goes over the wire: head, then lines of a block, then the end. head and end are
// appended to the buffers raw.
struct t_parts {
    struct t_buf head, end;
    enum t_shape shape;
    i64 lines;
};
void synthetic_parts(const struct tenant *t, const struct t_message *m, struct t_parts *out);
void synthetic_free(struct t_parts *p);
i64 synthetic_bytes(const struct tenant *t, int mailbox, i64 index);
// Appends the raw message (all of it).
void content_put_raw(const struct tenant *t, const struct t_message *m, struct t_buf *out);
// Places base64url of the message into a response whose own bytes end with the opening quote.
void content_place(const struct tenant *t, const struct t_message *m, struct t_response *r);

// ---- tokens (google_token.c)
// ---------------------------------------------------------------------

enum { T_SCOPE_DIRECTORY = 1, T_SCOPE_GMAIL = 2, T_SCOPE_METADATA = 4 };
#define T_MAILBOX_ADMIN (-2) // the administrator, who has no mailbox of content
#define T_MAILBOX_NONE (-1)  // the service account itself

struct t_token {
    u64 secret;
    int mailbox, scopes;
    i64 expires_ms;
    bool revoked;
};

// ---- faults (faults.c)
// ---------------------------------------------------------------------------

enum t_action { T_FAULT_STATUS, T_FAULT_PASS, T_FAULT_RESET, T_FAULT_CLOSE, T_FAULT_HANG };

struct t_fault {
    char *path, *end, *method, *body, *reason, *message, *location; // NULL: any, or the usual
    enum t_action action;
    int status;
    i64 skip, count, every; // leave out the first, then hit so many (< 0: for ever), each n-th
    i64 seen, hits;
    i64 retry_after_s; // < 0: none
    bool retry_after_date;
    i64 delay_ms, rate_bytes_s, cut_after;
    struct t_fault *next;
};

// ---- counters (stats.c)
// --------------------------------------------------------------------------

enum t_endpoint {
    T_EP_TOKEN,
    T_EP_USERS,
    T_EP_LIST,
    T_EP_GET,
    T_EP_PROFILE,
    T_EP_HISTORY,
    T_EP_ROOT,
    T_EP_INDEX,
    T_EP_PIPELINE,
    T_EP_BULK,
    T_EP_SEARCH,
    T_EP_SCROLL,
    T_EP_PIT,
    T_EP_REFRESH,
    T_EP_COUNT,
    T_EP_DOC,
    T_EP_UPDATE,
    T_EP_CONNECTOR,
    T_EP_JOB,
    T_EP_LICENSE,
    T_EP_SECURITY,
    T_EP_OTHER,
    T_EP_EXCHANGE,
    T_EP_LDAP,
    T_EP_ENTRA,
    T_EP_GRAPH_USERS,
    T_EP_GRAPH_MAIL,
    T_EP_GRAPH_CALENDAR,
    T_EP_GRAPH_CONTACTS,
    T_EP_GRAPH_TASKS,
    T_EP_GRAPH_BATCH,
    T_EP_GRAPH_OTHER,
    T_EP_CONTROL,
    T_ENDPOINTS,
};

struct t_stats {
    i64 requests[T_ENDPOINTS];
    i64 refused[T_ENDPOINTS]; // answered with 400 or more
    i64 faults, tokens_issued, quota_units, quota_refused, max_concurrent;
    i64 messages_served, message_bytes;
    i64 bulk_items, bulk_created, bulk_updated, bulk_deleted, bulk_failed, bulk_bytes,
        bulk_max_bytes;
    // Of the binds: simple ones, those of them without TLS, and logins by NTLM that were accepted.
    i64 ldap_simple, ldap_clear, ldap_ntlm;
    i64 ldap_binds, ldap_searches, ldap_entries, ldap_pages;
};

struct es;
struct exchange;
struct entra;
struct graph;

struct tenant {
    struct t_options o;
    struct t_user *users;
    int user_count, user_cap;
    struct t_blocks blocks;
    u32 id_multiplier_inverse;
    struct t_token *tokens;
    isize token_count, token_cap;
    int allowed_scopes; // domain-wide delegation
    struct t_fault *faults;
    i64 project_window_start_ms, project_window_units;
    int quota_turn; // which of Google's refusals comes next
    struct t_stats stats;
    struct t_net_stats net;
    struct es *es;
    struct exchange *exchange;
    struct entra *entra;
    struct graph *graph;
    u64 ntlm_turn; // of server challenges
    bool stop;
    i64 start_ms, now_ms;
    i64 skew_ms; // how far the tenant's clock is ahead
};

// ---- one handler for each service
// ----------------------------------------------------------------

void token_handle(struct tenant *t, const struct t_request *q, struct t_response *r);
void directory_handle(struct tenant *t, const struct t_request *q, struct t_response *r);
void gmail_handle(struct tenant *t, const struct t_request *q, struct t_response *r);
void elastic_handle(struct tenant *t, const struct t_request *q, struct t_response *r);
void control_handle(struct tenant *t, const struct t_request *q, struct t_response *r);
void exchange_handle(struct tenant *t, const struct t_request *q, struct t_response *r);
void exchange_done(struct tenant *t); // one request less in flight
struct exchange *exchange_new(enum ews_content content);
void exchange_free(struct exchange *e);
// States, folders, items, faults; false: *error says why, and *answer is not to be used.
bool exchange_control(struct tenant *t, str object, struct t_buf *answer, const char **error);
// GET: a user's folders, or the items of one, a line each. false: no such user or folder.
bool exchange_show(struct tenant *t, const struct t_request *q, struct t_response *r);
void exchange_put_stats(const struct tenant *t, struct t_writer *w);

void entra_handle(struct tenant *t, const struct t_request *q, struct t_response *r);
struct entra *entra_new(const struct t_options *o);
void entra_free(struct entra *e);
bool entra_control(struct tenant *t, str object, struct t_buf *answer, const char **error);
void entra_fault(struct tenant *t, struct t_response *r, int status, const char *error,
                 const char *message);
void entra_put_stats(const struct tenant *t, struct t_writer *w);

void graph_handle(struct tenant *t, const struct t_request *q, struct t_response *r);
void graph_done(struct tenant *t, struct t_response *r); // it was sent
struct graph *graph_new(void);
void graph_free(struct graph *g);
bool graph_control(struct tenant *t, str object, struct t_buf *answer, const char **error);
void graph_show(struct tenant *t, struct t_response *r); // GET: a line for each user
void graph_fault(struct tenant *t, const struct t_request *q, struct t_response *r, int status,
                 const char *code, const char *message);
void graph_put_stats(const struct tenant *t, struct t_writer *w);

// true: the fault answered (or there will be no answer).
bool faults_apply(struct tenant *t, const struct t_request *q, struct t_response *r);
void faults_add(struct tenant *t, str object);
void faults_clear(struct tenant *t);
void faults_put(const struct tenant *t, struct t_writer *w);

void stats_count(struct tenant *t, enum t_endpoint e, const struct t_response *r);
void stats_put(struct tenant *t, struct t_writer *w);

struct es *elastic_new(void);
void elastic_free(struct es *es);
void elastic_make_system(struct tenant *t); // the connector indices
void elastic_error(struct t_response *r, int status, const char *type, const char *reason);
void elastic_control(struct tenant *t, str object); // errors of items, limits
// Records of connectors or jobs as Kibana makes and changes them; no object: shows them all.
void elastic_records(struct tenant *t, bool jobs, str object, struct t_response *r);
void elastic_put_stats(const struct tenant *t, struct t_writer *w);
// NDJSON of the documents in id order; false: no such index. stored: without what a pipeline
// removes.
bool elastic_stream_docs(struct tenant *t, str index, bool stored, struct t_response *r);

// gzip (t_gzip.c): false when the input is damaged or unpacks to more than `limit` bytes.
bool t_gunzip(str in, isize limit, struct t_buf *out);
bool t_gzip(str in, struct t_buf *out);

#endif
