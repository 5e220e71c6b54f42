// SPDX-License-Identifier: Apache-2.0
// The table of Google's refusals (see gmail_error.h). The first row that fits decides: call,
// status, reason (any of those that an answer gives), a piece of its message. What no row knows is
// judged by its status. Google's words reach people cut to ERROR_WORDS_BYTES, without control bytes
// and without long runs that could be a token.
#include "source/gmail/gmail_error.h"

#include "base/date.h"
#include "codec/json.h"
#include "net/retry.h"
#include "os/os.h"

enum {
    ERROR_WORDS_BYTES = 200, // of Google's message that are told
    ERROR_RUN_BYTES = 48,    // a longer run without blanks is left out, but for addresses of pages
    ERROR_MESSAGE_BYTES = 768,
    ERROR_DETAILS_MAX = 8,
};

enum { // calls of a row
    TOKEN_ADMIN = 1 << GMAIL_CALL_TOKEN_DIRECTORY,
    TOKEN_USER = 1 << GMAIL_CALL_TOKEN_MAILBOX,
    USERS = 1 << GMAIL_CALL_USERS,
    LIST = 1 << GMAIL_CALL_LIST,
    GET = 1 << GMAIL_CALL_GET,
    TOKEN_PROFILE = 1 << GMAIL_CALL_TOKEN_PROFILE,
    PROFILE = 1 << GMAIL_CALL_PROFILE,
    TOKEN = TOKEN_ADMIN | TOKEN_USER | TOKEN_PROFILE,
    MAIL = LIST | GET | PROFILE,
    API = USERS | MAIL,
};

enum { // what people are told besides Google's words
    TELL_ACCOUNT = 1,
    TELL_SCOPE = 2,
    TELL_SUBJECT = 4,
};

struct error_row {
    int calls;
    int status;         // 0: any
    const char *reason; // NULL: any
    const char *words;  // contained in the message, in any case; NULL: any
    enum err_code code;
};

static const struct error_row error_rows[] = {
    // ---- 2. tokens
    {TOKEN, 0, "unauthorized_client", NULL, ERR_TOKEN_UNAUTHORIZED},
    {TOKEN, 0, "invalid_grant", "signature", ERR_TOKEN_SIGNATURE},
    {TOKEN, 0, "invalid_grant", "timeframe", ERR_TOKEN_CLOCK},
    {TOKEN, 0, "invalid_grant", "account not found", ERR_TOKEN_ACCOUNT},
    {TOKEN_ADMIN | TOKEN_PROFILE, 0, "invalid_grant", "invalid email or user id",
     ERR_TOKEN_SUBJECT},
    {TOKEN_USER, 0, "invalid_grant", "invalid email or user id", ERR_TOKEN_USER},
    {TOKEN, 0, "invalid_client", NULL, ERR_TOKEN_ACCOUNT},
    {TOKEN, 0, "deleted_client", NULL, ERR_TOKEN_ACCOUNT},
    {TOKEN, 0, "disabled_client", NULL, ERR_TOKEN_ACCOUNT},
    {TOKEN, 0, "invalid_scope", NULL, ERR_TOKEN_SCOPE},
    {TOKEN, 0, "access_denied", NULL, ERR_TOKEN_POLICY},
    {TOKEN, 0, "admin_policy_enforced", NULL, ERR_TOKEN_POLICY},
    {TOKEN, 0, "internal_failure", NULL, ERR_TOKEN_BUSY},
    {TOKEN, 0, "server_error", NULL, ERR_TOKEN_BUSY},
    {TOKEN, 0, "temporarily_unavailable", NULL, ERR_TOKEN_BUSY},
    {TOKEN, 0, "invalid_grant", NULL, ERR_TOKEN_REFUSED},
    {TOKEN, 400, NULL, NULL, ERR_TOKEN_REFUSED},
    {TOKEN, 401, NULL, NULL, ERR_TOKEN_REFUSED},
    {TOKEN, 403, NULL, NULL, ERR_TOKEN_REFUSED},
    {TOKEN, 404, NULL, NULL, ERR_TOKEN_REFUSED},

    // ---- quotas of all APIs; the directory's quotaExceeded is one of a minute
    {API, 0, "dailyLimitExceeded", NULL, ERR_GMAIL_QUOTA_DAY},
    {MAIL, 403, "quotaExceeded", NULL, ERR_GMAIL_QUOTA_DAY},
    {API, 403, "rateLimitExceeded", NULL, ERR_GMAIL_RATE},
    {API, 403, "userRateLimitExceeded", NULL, ERR_GMAIL_RATE},
    {USERS, 403, "quotaExceeded", NULL, ERR_GMAIL_RATE},
    {API, 403, "RATE_LIMIT_EXCEEDED", NULL, ERR_GMAIL_RATE},
    {API, 429, NULL, NULL, ERR_GMAIL_RATE},

    // ---- 3. and 8.: what the project or the token lacks
    {API, 403, "accessNotConfigured", NULL, ERR_GMAIL_API_OFF},
    {API, 403, "SERVICE_DISABLED", NULL, ERR_GMAIL_API_OFF},
    {API, 403, "insufficientPermissions", NULL, ERR_GMAIL_SCOPE},
    {API, 403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", NULL, ERR_GMAIL_SCOPE},

    // ---- 3. the directory
    {USERS, 400, NULL, "pagetoken", ERR_GMAIL_PAGE_TOKEN},
    {USERS, 400, NULL, "page token", ERR_GMAIL_PAGE_TOKEN},
    {USERS, 400, NULL, NULL, ERR_GMAIL_DIRECTORY_REQUEST},
    {USERS, 403, NULL, NULL, ERR_GMAIL_DIRECTORY_FORBIDDEN},
    {USERS, 404, NULL, NULL, ERR_GMAIL_DIRECTORY_CUSTOMER},
    {USERS, 412, NULL, NULL, ERR_GMAIL_DIRECTORY_REQUEST},

    // ---- 8. messages
    {MAIL, 400, NULL, "mail service not enabled", ERR_GMAIL_NO_MAILBOX},
    {MAIL, 400, "failedPrecondition", NULL, ERR_GMAIL_PRECONDITION},
    {MAIL, 400, "FAILED_PRECONDITION", NULL, ERR_GMAIL_PRECONDITION},
    {LIST, 400, NULL, "pagetoken", ERR_GMAIL_PAGE_TOKEN},
    {LIST, 400, NULL, "page token", ERR_GMAIL_PAGE_TOKEN},
    {MAIL, 400, NULL, NULL, ERR_GMAIL_BAD_REQUEST},
    {MAIL, 403, NULL, "delegation denied", ERR_GMAIL_DELEGATION},
    {MAIL, 403, "domainPolicy", NULL, ERR_GMAIL_DOMAIN_POLICY},
    {MAIL, 403, NULL, NULL, ERR_GMAIL_FORBIDDEN},
    {LIST, 404, "notFound", NULL, ERR_GMAIL_NO_MAILBOX},
    {LIST, 404, "NOT_FOUND", NULL, ERR_GMAIL_NO_MAILBOX},
};

// ---- reach and facts, by error

struct error_fact {
    enum err_code code;
    enum gmail_reach reach;
    int tell;
};

static const struct error_fact error_facts[] = {
    {ERR_TOKEN_UNAUTHORIZED, GMAIL_REACH_SOME, TELL_ACCOUNT | TELL_SCOPE},
    {ERR_TOKEN_CLOCK, GMAIL_REACH_TENANT, 0},
    {ERR_TOKEN_SIGNATURE, GMAIL_REACH_TENANT, TELL_ACCOUNT},
    {ERR_TOKEN_USER, GMAIL_REACH_MAILBOX, 0},
    {ERR_TOKEN_SUBJECT, GMAIL_REACH_TENANT, TELL_SUBJECT},
    {ERR_TOKEN_ACCOUNT, GMAIL_REACH_TENANT, TELL_ACCOUNT},
    {ERR_TOKEN_SCOPE, GMAIL_REACH_TENANT, TELL_ACCOUNT | TELL_SCOPE},
    {ERR_TOKEN_POLICY, GMAIL_REACH_SOME, TELL_ACCOUNT | TELL_SCOPE},
    {ERR_TOKEN_REFUSED, GMAIL_REACH_SOME, TELL_ACCOUNT | TELL_SCOPE},
    {ERR_TOKEN_REVOKED, GMAIL_REACH_SOME, TELL_ACCOUNT},
    {ERR_GMAIL_SCOPE, GMAIL_REACH_TENANT, TELL_ACCOUNT | TELL_SCOPE},
    {ERR_GMAIL_API_OFF, GMAIL_REACH_TENANT, TELL_ACCOUNT},
    {ERR_GMAIL_DIRECTORY_FORBIDDEN, GMAIL_REACH_TENANT, TELL_SUBJECT | TELL_SCOPE},
    {ERR_GMAIL_DIRECTORY_CUSTOMER, GMAIL_REACH_TENANT, TELL_SUBJECT},
    {ERR_GMAIL_NO_MAILBOX, GMAIL_REACH_MAILBOX, 0},
    {ERR_GMAIL_PRECONDITION, GMAIL_REACH_SOME, TELL_ACCOUNT},
    {ERR_GMAIL_DOMAIN_POLICY, GMAIL_REACH_SOME, 0},
    {ERR_GMAIL_DELEGATION, GMAIL_REACH_MAILBOX, TELL_ACCOUNT},
    {ERR_GMAIL_FORBIDDEN, GMAIL_REACH_MAILBOX, 0},
};

static const struct error_fact *error_fact_of(err e)
{
    for (isize i = 0; i < COUNT(error_facts); i++) {
        if (err_is(e, error_facts[i].code)) {
            return &error_facts[i];
        }
    }
    return NULL;
}

enum gmail_reach gmail_error_reach(err e)
{
    const struct error_fact *fact = error_fact_of(e);
    if (fact) {
        return fact->reach;
    }
    switch (err_class(e)) {
    case ERR_CLASS_RETRY:
        return GMAIL_REACH_PASSING;
    case ERR_CLASS_AUTH:
        return GMAIL_REACH_SOME;
    case ERR_CLASS_SCOPE:
        return GMAIL_REACH_MAILBOX;
    case ERR_CLASS_NONE:
    case ERR_CLASS_DATA:
    case ERR_CLASS_LIMIT:
        return GMAIL_REACH_UNIT;
    case ERR_CLASS_CONFIG:
    case ERR_CLASS_FATAL:
        return GMAIL_REACH_TENANT;
    }
    return GMAIL_REACH_TENANT;
}

str gmail_error_scope(enum gmail_call call)
{
    switch (call) {
    case GMAIL_CALL_TOKEN_DIRECTORY:
    case GMAIL_CALL_USERS:
        return S("https://www.googleapis.com/auth/admin.directory.user.readonly");
    case GMAIL_CALL_TOKEN_MAILBOX:
    case GMAIL_CALL_LIST:
    case GMAIL_CALL_GET:
    case GMAIL_CALL_TOKEN_PROFILE:
    case GMAIL_CALL_PROFILE:
        return S("https://www.googleapis.com/auth/gmail.readonly");
    }
    return S("");
}

// ---- reading the answer

// Nodes of an error answer: -1 where it has none.
struct error_words {
    struct json j;
    int reason, status, details, message;
};

static bool error_read(const struct gmail_answer *a, struct json_node *nodes, struct error_words *w)
{
    w->reason = w->status = w->details = w->message = -1;
    if (a->text.full || !err_ok(json_parse(&w->j, buf_str(&a->text), nodes, GMAIL_ERROR_NODES))) {
        w->j = (struct json){0};
        return false;
    }
    int error = json_get(&w->j, 0, S("error"));
    if (json_type(&w->j, error) == JSON_STRING) { // OAuth: RFC 6749, section 5.2
        w->reason = error;
        w->message = json_get(&w->j, 0, S("error_description"));
        return true;
    }
    w->reason = json_path(&w->j, error, S("errors.0.reason"));
    w->status = json_get(&w->j, error, S("status"));
    w->details = json_get(&w->j, error, S("details"));
    w->message = json_get(&w->j, error, S("message"));
    return json_type(&w->j, error) == JSON_OBJECT;
}

static bool error_has_reason(const struct error_words *w, str reason)
{
    if (json_equals(&w->j, w->reason, reason) || json_equals(&w->j, w->status, reason)) {
        return true;
    }
    int detail = json_type(&w->j, w->details) == JSON_ARRAY ? json_first(&w->j, w->details) : -1;
    for (int i = 0; detail >= 0 && i < ERROR_DETAILS_MAX; i++) {
        if (json_equals(&w->j, json_get(&w->j, detail, S("reason")), reason)) {
            return true;
        }
        detail = json_next(&w->j, detail);
    }
    return false;
}

bool gmail_error_is_googles(const struct gmail_answer *a)
{
    struct json_node nodes[GMAIL_ERROR_NODES];
    struct error_words w;
    i64 code;
    return error_read(a, nodes, &w) && json_i64(&w.j, json_path(&w.j, 0, S("error.code")), &code) &&
           code == a->status;
}

// The time in "User-rate limit exceeded. Retry after 2024-07-05T10:35:00.000Z", as monotonic
// milliseconds; 0 when there is none. No further away than RETRY_AFTER_MAX_MS.
static i64 error_retry_at(str message)
{
    str mark = S("Retry after ");
    isize at = str_find(message, mark);
    if (at < 0) {
        return 0;
    }
    str when;
    bool found;
    str_cut(str_from_index(message, at + mark.n), ' ', &when, &found);
    while (when.n && str_find_byte(S(".,;)"), when.p[when.n - 1]) >= 0) {
        when.n--;
    }
    i64 unix_us;
    if (!date_parse_iso(when, &unix_us)) {
        return 0;
    }
    i64 wait_ms = (unix_us - os_unix_us()) / 1000;
    wait_ms = wait_ms > 0 ? wait_ms : 0;
    return os_mono_ms() + (wait_ms < RETRY_AFTER_MAX_MS ? wait_ms : RETRY_AFTER_MAX_MS);
}

// ---- telling

// One run without blanks. An address of a page stays up to its query: that may be a secret.
static void error_put_run(struct buf *out, str run)
{
    bool page = str_starts(run, S("https://"));
    isize query = page ? str_find_byte(run, '?') : -1;
    if (page && query >= 0 && !str_starts(str_from_index(run, query), S("?project="))) {
        run = str_slice(run, 0, query);
    }
    if (run.n > (page ? 3 : 1) * ERROR_RUN_BYTES) {
        buf_put(out, S("[...]"));
        return;
    }
    for (isize i = 0; i < run.n; i++) {
        buf_put_byte(out, run.p[i] < ' ' || run.p[i] == 0x7f ? '?' : run.p[i]);
    }
}

static void error_put_words(struct buf *out, str message)
{
    isize limit = out->n + ERROR_WORDS_BYTES;
    while (message.n && out->n < limit) {
        isize n = 0;
        while (n < message.n && !str_is_space(message.p[n])) {
            n++;
        }
        error_put_run(out, str_slice(message, 0, n));
        message = str_trim(str_from_index(message, n));
        if (message.n) {
            buf_put_byte(out, ' ');
        }
    }
    if (message.n) {
        buf_put(out, S("..."));
    }
}

static void error_put_fact(struct buf *out, str name, str value)
{
    if (value.n) {
        buf_put(out, name);
        buf_put(out, value);
        buf_put(out, S("; "));
    }
}

// What people must have comes first: the end may be cut where there is little room.
static void error_put_facts(const struct gmail *g, enum gmail_call call, err e, struct buf *out)
{
    const struct error_fact *fact = error_fact_of(e);
    int tell = fact ? fact->tell : 0;
    if (tell & TELL_ACCOUNT) {
        error_put_fact(out, S("client id "), g->account.client_id);
        error_put_fact(out, S("service account "), g->account.email);
    }
    if (tell & TELL_SCOPE) {
        error_put_fact(out, S("scope "), gmail_error_scope(call));
    }
    if (tell & TELL_SUBJECT) {
        error_put_fact(out, S("subject "), g->run.subject);
        error_put_fact(out, S("customer_id "), g->run.customer_id);
    }
}

static void error_tell(const struct error_words *w, int status, str message, struct buf *out)
{
    str reason = json_raw(&w->j, w->reason >= 0 ? w->reason : w->status);
    buf_put(out, S("HTTP "));
    buf_put_i64(out, status);
    if (reason.n) {
        buf_put_byte(out, ' ');
        error_put_run(out, reason);
    }
    if (message.n) {
        buf_put(out, S(": "));
        error_put_words(out, message);
    }
}

// ---- the decision

static err error_find(enum gmail_call call, int status, const struct error_words *w, str message)
{
    for (isize i = 0; i < COUNT(error_rows); i++) {
        const struct error_row *row = &error_rows[i];
        if ((row->calls & 1 << call) && (!row->status || row->status == status) &&
            (!row->reason || error_has_reason(w, str_from(row->reason))) &&
            (!row->words || str_contains_nocase(message, str_from(row->words)))) {
            return (err){(u16)row->code};
        }
    }
    err e = retry_status_error(status);
    // A success that is none, and a status that only HTML explains.
    return err_ok(e) ? FAIL(GMAIL_ANSWER) : e;
}

err gmail_error_judge(const struct gmail *g, enum gmail_call call, const struct gmail_answer *a,
                      struct exchange *x)
{
    struct json_node nodes[GMAIL_ERROR_NODES];
    u8 bytes[ERROR_MESSAGE_BYTES];
    struct buf text = buf_over(bytes, COUNT(bytes));
    struct error_words w;
    error_read(a, nodes, &w);
    json_put_string(&w.j, w.message, &text);
    str message = buf_str(&text);
    err e = error_find(call, a->status, &w, message);
    error_put_facts(g, call, e, &x->detail);
    error_tell(&w, a->status, message, &x->detail);
    if (err_class(e) == ERR_CLASS_RETRY) {
        i64 told_ms = error_retry_at(message);
        x->retry_at_ms = told_ms ? told_ms : a->retry_at_ms;
    }
    if (err_is(e, ERR_GMAIL_QUOTA_DAY)) {
        x->retry_at_ms = os_mono_ms() + GMAIL_DAY_PAUSE_MS;
    }
    return e;
}
