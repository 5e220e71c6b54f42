// SPDX-License-Identifier: Apache-2.0
// source/gmail: the ping, identities, and one configuration after another in the same memory.
#include "gmail_rig.h"

#include "source/gmail/gmail_identity.h"
#include "source/gmail/gmail_ping.h"

static struct gmail_ping ping;
static struct machine asking;

static enum step ping_next(void *st, i64 now_ms, struct exchange *x)
{
    RIG(st);
    return r->source.ops->ping_next(r->source.state, &ping, now_ms, x);
}

static err ping_head(void *st, struct exchange *x, const struct http_head *head)
{
    RIG(st);
    return r->source.ops->ping_head(r->source.state, &ping, x, head);
}

static err ping_body(void *st, struct exchange *x, str *in)
{
    RIG(st);
    return r->source.ops->ping_body(r->source.state, &ping, x, in);
}

static err ping_end(void *st, struct exchange *x)
{
    RIG(st);
    return r->source.ops->ping_end(r->source.state, &ping, x);
}

static char told[600];

static void ping_fail(void *st, struct exchange *x, err e)
{
    RIG(st);
    snprintf(told, sizeof told, "%.*s", (int)x->detail.n, (const char *)x->detail.p);
    (void)r->source.ops->ping_fail(r->source.state, &ping, x, e);
}

static const struct machine_ops ping_ops = {"ping",   ping_next, ping_head, ping_body,
                                            ping_end, ping_fail, NULL};

static enum step play(const struct machine_answer *answers, isize count)
{
    memset(&ping, 0, sizeof ping);
    rig_machine(&asking, &ping_ops, rig_make(NULL));
    return machine_run(&asking, answers, count);
}

#define PLAY(...)                                      \
    play((const struct machine_answer[]){__VA_ARGS__}, \
         (isize)(sizeof((struct machine_answer[]){__VA_ARGS__}) / sizeof(struct machine_answer)))

#define USERS ANSWER(200, "{\"users\":[{\"primaryEmail\":\"ann@example.test\"}]}")
#define PROFILE ANSWER(200, "{\"emailAddress\":\"admin@example.test\",\"messagesTotal\":7}")
#define GRANT ANSWER(200, RIG_TOKEN)
#define GRANT_2 ANSWER(200, RIG_TOKEN_2)

static void test_ping_good(void)
{
    CHECK(PLAY(GRANT, USERS, GRANT_2, PROFILE) == STEP_DONE);
    CHECK(asking.request_count == 4);
    CHECK_STR(machine_target(&asking, 1), S("/admin/directory/v1/users?customer=C01&maxResults=1"
                                            "&fields=users(primaryEmail)&prettyPrint=false"));
    CHECK(machine_has_header(&asking, 1, S("Authorization: Bearer ya29.one\r\n")));
    CHECK_STR(machine_target(&asking, 3),
              S("/gmail/v1/users/admin%40example.test/profile?prettyPrint=false"));
    CHECK(machine_has_header(&asking, 3, S("Authorization: Bearer ya29.two\r\n")));
    CHECK(asking.requests[3].timeout_ms == 60000);
    for (isize i = 0; i < GMAIL_TOKEN_BYTES; i++) {
        CHECK(ping.token.text[i] == 0);
    }
    CHECK(str_find(str_make(&ping, sizeof ping), S("ya29")) < 0);
    CHECK(PLAY(ANSWER(200, RIG_TOKEN), ANSWER(200, "{}"), GRANT_2, PROFILE) == STEP_DONE);
}

static bool names_the_fields(err e)
{
    str what = str_from(err_what(e)), todo = str_from(err_todo(e));
    return str_find(what, S("API")) > 0 && str_find(todo, S("'GMail service account JSON'")) > 0 &&
           str_find(todo, S("'Google Workspace admin email'")) > 0 &&
           str_find(todo, S("'Google customer id'")) > 0;
}

static void test_ping_refused(void)
{
    static const struct machine_answer directory[] = {
        {401, {0}, S("{\"error\":{\"code\":401,\"errors\":[{\"reason\":\"authError\"}]}}"), {0}},
        {403, {0}, S("{\"error\":{\"code\":403,\"message\":\"Not Authorized\"}}"), {0}},
        {404, {0}, S("{\"error\":{\"code\":404,\"message\":\"Domain not found.\"}}"), {0}},
        {400, {0}, S("{\"error\":{\"code\":400,\"message\":\"Bad Request\"}}"), {0}},
        {404, {0}, S("<html>"), {0}},
    };
    for (isize i = 0; i < COUNT(directory); i++) {
        CHECK(PLAY(GRANT, directory[i]) == STEP_FAILED);
        CHECK_ERR(asking.last, GMAIL_PING_DIRECTORY);
        CHECK(names_the_fields(asking.last) && asking.request_count == 2);
    }
    static const struct machine_answer token[] = {
        {400,
         {0},
         S("{\"error\":\"invalid_grant\",\"error_description\":\"Invalid email or User "
           "ID\"}"),
         {0}},
        {401, {0}, S("{\"error\":\"unauthorized_client\"}"), {0}},
        {400,
         {0},
         S("{\"error\":\"invalid_grant\",\"error_description\":\"Invalid JWT "
           "Signature.\"}"),
         {0}},
    };
    for (isize i = 0; i < COUNT(token); i++) {
        CHECK(PLAY(token[i]) == STEP_FAILED);
        CHECK_ERR(asking.last, GMAIL_PING_DIRECTORY);
        CHECK(PLAY(GRANT, USERS, token[i]) == STEP_FAILED);
        CHECK_ERR(asking.last, GMAIL_PING_PROFILE);
        CHECK(names_the_fields(asking.last));
        CHECK(strstr(told, "HTTP 40")); // Google's own words
    }
    CHECK(PLAY(GRANT, USERS, GRANT_2, directory[0]) == STEP_FAILED);
    CHECK_ERR(asking.last, GMAIL_PING_PROFILE);
    CHECK(str_find(str_make(&ping, sizeof ping), S("ya29")) < 0);
}

// Weather says nothing about the credentials, and an administrator needs no mailbox of his own.
static void test_ping_weather(void)
{
    struct machine_answer busy = ANSWER(503, "");
    CHECK(PLAY(GRANT, busy, busy, busy) == STEP_FAILED);
    CHECK(err_class(asking.last) == ERR_CLASS_RETRY && asking.failed == 1);
    CHECK(PLAY(GRANT, busy, busy, USERS, GRANT_2, PROFILE) == STEP_DONE);
    CHECK(PLAY(GRANT, LOST(NET_RESET), USERS, GRANT_2, LOST(NET_TIMEOUT_IDLE), PROFILE) ==
          STEP_DONE);
    CHECK(PLAY(GRANT, ANSWER(200, "<html>"), USERS, GRANT_2, PROFILE) == STEP_DONE);
    CHECK(PLAY(GRANT, USERS, GRANT_2,
               ANSWER(400, "{\"error\":{\"code\":400,\"message\":\"Mail service not enabled\","
                           "\"status\":\"FAILED_PRECONDITION\"}}")) == STEP_DONE);
    CHECK(PLAY(GRANT, USERS, GRANT_2,
               ANSWER(400, "{\"error\":{\"code\":400,\"message\":\"Precondition check failed.\","
                           "\"status\":\"FAILED_PRECONDITION\"}}")) == STEP_FAILED);
    CHECK_ERR(asking.last, GMAIL_PING_PROFILE);
}

static void test_identity(void)
{
    struct rig *r = rig_make(NULL);
    u8 bytes[2048];
    struct buf doc = buf_over(bytes, COUNT(bytes));
    struct account a = {.address = S("Ann@Example.test"), .created = S("2020-03-04T05:06:07.000Z")};
    CHECK(!r->source.ops->identity(r->source.state, &a, &doc) && doc.n == 0); // it is off
    struct gmail_case c = rig_settings(r);
    c.document_level_security = true;
    r = rig_make(&c);
    CHECK(r->source.ops->identity(r->source.state, &a, &doc));
    CHECK_STR(
        buf_str(&doc),
        S("\"identity\":{\"email\":\"Ann@Example.test\"},\"created_at\":\"2020-03-04T05:06:07"
          ".000Z\",\"query\":{\"template\":{\"params\":{\"access_control\":[\"Ann@Example."
          "test\"]},\"source\":\"{\\\"bool\\\":{\\\"should\\\":[{\\\"bool\\\":{\\\"must_not\\"
          "\":{\\\"exists\\\":{\\\"field\\\":\\\"_allow_access_control\\\"}}}},{\\\"terms\\\":"
          "{\\\"_allow_access_control.keyword\\\":{{#toJson}}access_control{{/toJson}}}}]}}\""
          "}}"));
    buf_reset(&doc);
    a.created = (str){0};
    CHECK(r->source.ops->identity(r->source.state, &a, &doc));
    CHECK(str_find(buf_str(&doc), S("\"created_at\":\"2024-07-05T10:20:30+00:00\"")) > 0);
    a.address = (str){0};
    CHECK(!r->source.ops->identity(r->source.state, &a, &doc));
}

// A second configuration knows nothing of the first: neither key, endpoint, quota nor counters.
static void test_configure_again(void)
{
    struct rig *r = rig_make(NULL);
    struct gmail *g = r->source.state;
    struct gmail_case c = rig_settings(r);
    rig_grant(r);
    g->run.project_pause_ms = 99999;
    g->run.some_refused = 2;
    r->source.quota_wait_ms = 5;
    r->source.quota_units_used = 7;
    c.subject = S("other@second.test");
    c.customer_id = S("C02");
    c.include_spam_and_trash = true;
    static const str queries[] = {S("a"), S("b")};
    c.queries = queries;
    c.query_count = 2;
    CHECK_OK(gmail_case_configure(&r->source, &c, &r->detail));
    CHECK_STR(g->run.subject, S("other@second.test"));
    CHECK(g->run.project_pause_ms == 0 && g->run.some_refused == 0 && g->run.tokens_granted == 0);
    CHECK(r->source.quota_wait_ms == 0 && r->source.quota_units_used == 0 && r->source.may_repeat);
    CHECK(rig_keys == 1);
    c.subject = S("nobody");
    CHECK_ERR(gmail_case_configure(&r->source, &c, &r->detail), GMAIL_SUBJECT);
    CHECK(rig_keys == 0 && !g->run.configured && g->run.subject.n == 0);
    c = rig_settings(r);
    CHECK_OK(gmail_case_configure(&r->source, &c, &r->detail));
    CHECK(!r->source.may_repeat && !g->run.include_spam_and_trash && g->run.query_count == 0);
    r->source.ops->release(g);
    CHECK(rig_keys == 0 && g->account.email.n == 0 && g->run.token_target.n == 0);
}

#define WITH_URI(uri)                                                                       \
    "{\"private_key_id\":\"a1b2\",\"client_email\":\"s@x.test\",\"token_uri\":\"" uri "\"," \
    "\"private_key\":\"-----BEGIN PRIVATE KEY-----\\nAA==\\n-----END PRIVATE KEY-----\\n\"}"

static err configure_uri(struct rig *r, str account)
{
    struct gmail_case c = rig_settings(r);
    c.service_account = account;
    c.token_by_account = true;
    r->token.url = (struct url){
        .tls = true, .host = S("oauth2.googleapis.com"), .port = 443, .path = S("/token")};
    struct url prepared = r->token.url;
    err e = rig_open(r, &c);
    CHECK_STR(r->token.url.host, prepared.host); // what was made at start stays
    return e;
}

static void test_configure_token_uri(void)
{
    struct rig *r = rig_make(NULL);
    CHECK_OK(configure_uri(r, S(WITH_URI("https://oauth2.googleapis.com/other"))));
    struct gmail *g = r->source.state;
    CHECK(g->run.token_dest.index == 1); // the same host: its connections are shared
    CHECK_STR(g->run.token_target, S("/other"));
    CHECK_OK(configure_uri(r, S(WITH_URI("https://accounts.example.test/o/token"))));
    int first = g->run.token_dest.index;
    CHECK(first >= GMAIL_DEST_FIRST);
    CHECK_STR(g->run.token_dest.url.host, S("accounts.example.test"));
    CHECK_OK(configure_uri(r, S(WITH_URI("https://accounts.example.test:8443/o/token"))));
    CHECK(g->run.token_dest.index >= GMAIL_DEST_FIRST && g->run.token_dest.index != first);
    static const str bad[] = {
        S(WITH_URI("http://oauth2.googleapis.com/token")),
        S(WITH_URI("ftp://x/token")),
        S(WITH_URI("https://user:secret@x.test/token")),
        S(WITH_URI("token")),
        S(WITH_URI("https://")),
    };
    for (isize i = 0; i < COUNT(bad); i++) {
        CHECK_ERR(configure_uri(r, bad[i]), GMAIL_TOKEN_URI);
        CHECK(str_find(buf_str(&r->detail), S("secret")) < 0 && r->detail.n > 0);
    }
    // config.yml names the endpoint: the account's does not count.
    struct gmail_case c = rig_settings(r);
    c.service_account = S(WITH_URI("http://evil.test/x"));
    CHECK_OK(rig_open(r, &c));
    CHECK(g->run.token_dest.index == 1);
}

static void test_configure_queries(void)
{
    struct rig *r = rig_make(NULL);
    struct gmail_case c = rig_settings(r);
    static u8 longest[GMAIL_QUERY_BYTES + 1];
    memset(longest, 'q', sizeof longest);
    str query = str_make(longest, GMAIL_QUERY_BYTES);
    c.queries = &query;
    c.query_count = 1;
    CHECK_OK(gmail_case_configure(&r->source, &c, &r->detail));
    query.n++;
    CHECK_ERR(gmail_case_configure(&r->source, &c, &r->detail), GMAIL_QUERY);
    query = str_make(longest, GMAIL_QUERY_BYTES - 2);
    longest[0] = ':'; // three bytes once it is encoded
    CHECK_OK(gmail_case_configure(&r->source, &c, &r->detail));
    query.n++;
    CHECK_ERR(gmail_case_configure(&r->source, &c, &r->detail), GMAIL_QUERY);
    query = S("\xff");
    CHECK_ERR(gmail_case_configure(&r->source, &c, &r->detail), GMAIL_QUERY);
}

static const struct test_case cases[] = {
    CASE(test_ping_good),         CASE(test_ping_refused),    CASE(test_ping_weather),
    CASE(test_identity),          CASE(test_configure_again), CASE(test_configure_token_uri),
    CASE(test_configure_queries),
};

TEST_MAIN(cases)
