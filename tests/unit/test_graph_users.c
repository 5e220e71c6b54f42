// SPDX-License-Identifier: Apache-2.0
// source/outlook/graph_users, outlook_way, outlook_token and outlook_identity: the walk over the
// users of a tenant, with scripted answers of Entra ID and Graph.
#include "machine.h"

#include "codec/base64.h"
#include "source/outlook/outlook.h"
#include "source/outlook/outlook_identity.h"
#include "source/outlook/outlook_schema.h"
#include "source/outlook/outlook_steps.h"

#define GRAPH_ROLES \
    "\"Mail.Read\",\"Calendars.Read\",\"Contacts.Read\",\"Tasks.Read.All\",\"User.Read.All\""
#define LINK "https://graph.example.test/v1.0/users?$skiptoken=abc"
#define ID(n) "0000000" n "-07e2-4810-8459-485f84f8f204"
#define USER(n, mail, more) \
    "{\"id\":\"" ID(n) "\",\"mail\":" mail ",\"displayName\":\"User " n "\"" more "}"

static struct {
    struct arena arena;
    struct plan plan;
    struct source source;
    struct outlook *o;
    struct outlook_settings settings;
    struct tls_trust trust;
    struct machine m;
    union outlook_accounts st;
    struct account_sink sink;
    u8 seen_bytes[KIB(8)], detail_bytes[512], token[KIB(2)];
    _Alignas(16) u8 memory[MIB(2)];
    struct buf seen, detail, docs;
    u8 doc_bytes[KIB(16)];
    int room; // accounts that may be taken
} rig;

static bool take(void *st, const struct account *a)
{
    (void)st;
    if (rig.room == 0) {
        return false;
    }
    rig.room--;
    str parts[] = {a->address, S("|"), a->flags, S("|"), a->name, a->no_mailbox ? S("|-") : S("|+"),
                   S("\n")};
    for (int i = 0; i < COUNT(parts); i++) {
        buf_put(&rig.seen, parts[i]);
    }
    u8 bytes[KIB(4)];
    struct buf doc = buf_over(bytes, COUNT(bytes));
    if (rig.source.ops->identity(rig.o, a, &doc)) {
        u8 id[IDENTITY_ID_BYTES];
        buf_put(&rig.docs, rig.source.ops->identity_id(a, id));
        buf_put(&rig.docs, buf_str(&doc));
        buf_put_byte(&rig.docs, '\n');
    }
    return true;
}

static enum step walk_next(void *st, i64 now_ms, struct exchange *x)
{
    return rig.source.ops->accounts_next(rig.o, st, now_ms, x);
}
static err walk_head(void *st, struct exchange *x, const struct http_head *head)
{
    return rig.source.ops->accounts_head(rig.o, st, x, head);
}
static err walk_body(void *st, struct exchange *x, str *in)
{
    return rig.source.ops->accounts_body(rig.o, st, x, in, &rig.sink);
}
static err walk_end(void *st, struct exchange *x)
{
    return rig.source.ops->accounts_end(rig.o, st, x);
}
static void walk_fail(void *st, struct exchange *x, err e)
{
    buf_put(&rig.detail, buf_str(&x->detail));
    CHECK(!rig.source.ops->accounts_fail(rig.o, st, x, e));
}
static const struct machine_ops walk_ops = {.name = "walk",
                                            .next = walk_next,
                                            .head = walk_head,
                                            .body = walk_body,
                                            .end = walk_end,
                                            .fail = walk_fail};

static void begin_with(const struct outlook_settings *settings)
{
    memset(&rig, 0, sizeof rig);
    rig.arena = arena_over(rig.memory, COUNT(rig.memory));
    rig.plan.arena = &rig.arena;
    rig.trust.verify = true;
    struct outlook_settings s = *settings;
    s.trust = &rig.trust;
    s.requests = 1;
    s.login_url = S("https://login.example.test");
    s.graph_url = S("https://graph.example.test");
    s.ews_url = S("https://outlook.example.test");
    outlook_init(&rig.plan, &s, &rig.source);
    rig.o = rig.source.state;
    struct field_value values[SCHEMA_FIELDS_MAX] = {0};
    values[OUTLOOK_FIELD_DATA_SOURCE].text = S("outlook_cloud");
    values[OUTLOOK_FIELD_TENANT_ID].text = S("contoso.example");
    values[OUTLOOK_FIELD_CLIENT_ID].text = S("11111111-2222-3333-4444-555555555555");
    values[OUTLOOK_FIELD_CLIENT_SECRET].text = S("aB~3/x+y");
    values[OUTLOOK_FIELD_SECURITY].flag = true;
    struct source_setup setup = {.values = values, .document_level_security = true};
    rig.detail = buf_over(rig.detail_bytes, COUNT(rig.detail_bytes));
    CHECK_OK(rig.source.ops->configure(rig.o, &setup, &rig.detail));
    rig.seen = buf_over(rig.seen_bytes, COUNT(rig.seen_bytes));
    rig.docs = buf_over(rig.doc_bytes, COUNT(rig.doc_bytes));
    rig.sink = (struct account_sink){.take = take};
    rig.room = 1000;
    machine_init(&rig.m, &walk_ops, &rig.st);
}

static void begin(enum outlook_backend backend)
{
    begin_with(&(struct outlook_settings){.backend = backend});
}

// An answer of Entra ID with a token of these roles; one at a time.
static str token(const char *roles)
{
    u8 bytes[512];
    struct buf payload = buf_over(bytes, COUNT(bytes)), b = buf_over(rig.token, COUNT(rig.token));
    buf_put(&payload, S("{\"roles\":["));
    buf_put(&payload, str_from(roles));
    buf_put(&payload, S("]}"));
    buf_put(&b, S("{\"token_type\":\"Bearer\",\"expires_in\":3599,\"access_token\":\"e30."));
    base64_encode_url(&b, buf_str(&payload));
    buf_put(&b, S(".c2ln\"}"));
    return buf_str(&b);
}

static enum step run(const char *roles, str page)
{
    struct machine_answer answers[] = {ANSWER_STR(200, token(roles)), ANSWER_STR(200, page)};
    return machine_run(&rig.m, answers, COUNT(answers));
}

static bool noticed(str what)
{
    return str_find(buf_str(&rig.source.notice), what) >= 0;
}

// ---- pages

static const str first_page = S(
    "{\"@odata.context\":\"x\",\"@odata.nextLink\":\"" LINK
    "\",\"value\":[" USER("1", "\"Ann@example.test\"", ",\"jobTitle\":\"Clerk\",\"accountEnabled\":true") "," USER(
        "2", "null", ",\"jobTitle\":null,\"accountEnabled\":true") "," USER("3", "\"g@x.test\"",
                                                                            ",\"userType\":"
                                                                            "\"Guest\"") "," USER("4",
                                                                                                  "\"room@example.test\"",
                                                                                                  ",\"accountEnabled\":false") "]}");
static const str last_page = S("{\"value\":[" USER("5", "\"b\\u006fb@example.test\"", "") "]}");

static void test_users_pages(void)
{
    for (isize step = 0; step < 3; step++) {
        begin(OUTLOOK_BACKEND_AUTO);
        rig.m.step_bytes = step;
        struct machine_answer answers[] = {ANSWER_STR(200, token(GRAPH_ROLES)),
                                           ANSWER_STR(200, first_page), ANSWER_STR(200, last_page)};
        CHECK(machine_run(&rig.m, answers, COUNT(answers)) == STEP_DONE);
        CHECK_STR(buf_str(&rig.seen),
                  S("Ann@example.test||User 1|+\n||User 2|-\nroom@example.test|disabled|User 4|+\n"
                    "bob@example.test||User 5|+\n"));
        CHECK_STR(machine_target(&rig.m, 0), S("/contoso.example/oauth2/v2.0/token"));
        CHECK(str_starts(machine_target(&rig.m, 1),
                         S("/users?$top=500&$select=id,displayName,mail")));
        CHECK_STR(machine_target(&rig.m, 2), S("/users?$skiptoken=abc"));
        CHECK(machine_has_header(&rig.m, 2, S("Authorization: Bearer e30.")));
        CHECK(rig.o->run.way == OUTLOOK_WAY_GRAPH && noticed(S("Microsoft Graph")));
        CHECK(rig.source.unlisted_type_count == 1 && rig.source.in_flight_max == GRAPH_IN_FLIGHT);
    }
}

static void more_room(void *st)
{
    (void)st;
    rig.room++;
}

static void test_users_wait_for_room(void)
{
    begin(OUTLOOK_BACKEND_GRAPH);
    rig.room = 0;
    rig.m.stalled = more_room;
    CHECK(run(GRAPH_ROLES, last_page) == STEP_DONE && rig.m.stalls > 0);
    CHECK_STR(buf_str(&rig.seen), S("bob@example.test||User 5|+\n"));
}

static void test_users_policy(void)
{
    begin_with(&(struct outlook_settings){.include = S("x@y.test\nROOM@example.test"),
                                          .exclude = S(" ann@example.test \n")});
    struct machine_answer answers[] = {ANSWER_STR(200, token(GRAPH_ROLES)),
                                       ANSWER_STR(200, first_page), ANSWER_STR(200, last_page)};
    CHECK(machine_run(&rig.m, answers, COUNT(answers)) == STEP_DONE);
    CHECK(str_find(buf_str(&rig.seen), S("Ann@example.test|excluded|")) >= 0);
    CHECK(str_find(buf_str(&rig.seen), S("room@example.test||")) >= 0);
    begin_with(&(struct outlook_settings){.include_disabled = true});
    answers[0] = ANSWER_STR(200, token(GRAPH_ROLES));
    machine_run(&rig.m, answers, COUNT(answers));
    CHECK(str_find(buf_str(&rig.seen), S("room@example.test||")) >= 0);
}

static void test_a118_users_identities(void)
{
    begin(OUTLOOK_BACKEND_GRAPH);
    struct machine_answer answers[] = {ANSWER_STR(200, token(GRAPH_ROLES)),
                                       ANSWER_STR(200, first_page), ANSWER_STR(200, last_page)};
    CHECK(machine_run(&rig.m, answers, COUNT(answers)) == STEP_DONE);
    str docs = buf_str(&rig.docs);
    CHECK(
        str_find(docs, S(ID("1") "\"identity\":{\"user_id\":\"user_id:" ID(
                           "1") "\",\"display_name\":\"name:User 1\",\"email\":\"email:ann@example."
                                "test\",\"job_title\":\"job_title:Clerk\"}")) >= 0);
    CHECK(str_find(docs, S("\"access_control\":[\"user_id:" ID(
                             "1") "\",\"name:User 1\",\"email:ann@example.test\"]")) >= 0);
    CHECK(str_find(docs, S("\"email\":null,\"job_title\":null}")) >= 0);
    CHECK(str_find(docs, S("[\"user_id:" ID("2") "\",\"name:User 2\"]")) >= 0);
    CHECK(str_find(docs, S(ID("3"))) < 0 && str_find(docs, S(ID("4"))) < 0);
}

static void test_users_odd_pages(void)
{
    static const char *const odd[] = {
        "{}",
        "[]",
        "{\"value\":{}}",
        "{\"value\":[1]}",
        "{\"value\":[{\"mail\":\"a@b.test\"}]}", // without an id nobody knows who it is
        "{\"value\":[],\"@odata.nextLink\":7}",
        "{\"value\":[],\"@odata.nextLink\":\"https://elsewhere.test/v1.0/users?x\"}",
        "{\"value\":[],\"@odata.nextLink\":\"http://graph.example.test/v1.0/users?x\"}",
        "{\"value\":[],\"error\":{\"code\":\"generalException\"}}",
        "{\"value\":[]",
    };
    for (isize i = 0; i < COUNT(odd); i++) {
        begin(OUTLOOK_BACKEND_GRAPH);
        struct machine_answer answers[12] = {ANSWER_STR(200, token(GRAPH_ROLES))};
        for (isize k = 1; k < COUNT(answers); k++) {
            answers[k] = ANSWER_STR(200, str_from(odd[i]));
        }
        CHECK(machine_run(&rig.m, answers, COUNT(answers)) == STEP_FAILED && rig.m.failed == 1);
    }
    // A link that leads to itself.
    begin(OUTLOOK_BACKEND_GRAPH);
    struct machine_answer answers[12] = {ANSWER_STR(200, token(GRAPH_ROLES))};
    for (isize k = 1; k < COUNT(answers); k++) {
        answers[k] = ANSWER(200, "{\"value\":[],\"@odata.nextLink\":\"" LINK "\"}");
    }
    CHECK(machine_run(&rig.m, answers, COUNT(answers)) == STEP_FAILED);
}

static void test_users_refused(void)
{
    begin(OUTLOOK_BACKEND_GRAPH);
    struct machine_answer denied[] = {
        ANSWER_STR(200, token("")),
        ANSWER(403,
               "{\"error\":{\"code\":\"Authorization_RequestDenied\",\"message\":\"Insufficient "
               "privileges\"}}"),
    };
    CHECK(machine_run(&rig.m, denied, COUNT(denied)) == STEP_FAILED);
    CHECK_ERR(rig.m.last, GRAPH_PERMISSION);
    CHECK(noticed(S("missing: Mail.Read, Calendars.Read")));
    // A token that has gone stale is asked for once more; the second refusal is final.
    begin(OUTLOOK_BACKEND_GRAPH);
    str t = token(GRAPH_ROLES);
    struct machine_answer stale[] = {
        ANSWER_STR(200, t),
        ANSWER(401, "{\"error\":{\"code\":\"InvalidAuthenticationToken\"}}"),
        ANSWER_STR(200, t),
        ANSWER_STR(200, last_page),
    };
    CHECK(machine_run(&rig.m, stale, COUNT(stale)) == STEP_DONE && rig.m.request_count == 4);
    begin(OUTLOOK_BACKEND_GRAPH);
    t = token(GRAPH_ROLES);
    stale[0] = stale[2] = ANSWER_STR(200, t);
    stale[3] = stale[1];
    CHECK(machine_run(&rig.m, stale, COUNT(stale)) == STEP_FAILED);
    CHECK_ERR(rig.m.last, ENTRA_REVOKED);
    // Wrong credentials.
    begin(OUTLOOK_BACKEND_GRAPH);
    struct machine_answer wrong[] = {
        ANSWER(401, "{\"error\":\"invalid_client\",\"error_codes\":[7000215]}")};
    CHECK(machine_run(&rig.m, wrong, 1) == STEP_FAILED && rig.m.failed == 1);
    CHECK_ERR(rig.m.last, ENTRA_SECRET_WRONG);
}

// ---- the way to the mailboxes

static enum step run_both(const char *graph, struct machine_answer ews, str page)
{
    static u8 kept[KIB(2)];
    str first = token(graph);
    memcpy(kept, first.p, (size_t)first.n);
    if (ews.status == 200) {
        ews.body = token(ews.body.p ? (const char *)ews.body.p : "");
    }
    struct machine_answer answers[] = {ANSWER_STR(200, str_make(kept, first.n)), ews,
                                       ANSWER_STR(200, page)};
    return machine_run(&rig.m, answers, COUNT(answers));
}

static void test_way_auto(void)
{
    static const char *const some = "\"Mail.Read\",\"Calendars.Read\",\"User.Read.All\"";
    // Graph lacks permissions that EWS has.
    begin(OUTLOOK_BACKEND_AUTO);
    CHECK(run_both(some, ANSWER(200, "\"full_access_as_app\""), last_page) == STEP_DONE);
    CHECK(rig.o->run.way == OUTLOOK_WAY_CLOUD_EWS && rig.source.in_flight_max == OUTLOOK_IN_FLIGHT);
    CHECK(noticed(S("1 April 2027")) && noticed(S("(Contacts.Read, Tasks.Read.All)")));
    CHECK(rig.source.unlisted_type_count == 0);
    CHECK(str_find(machine_body(&rig.m, 0), S("graph.microsoft.com")) >= 0);
    CHECK(str_find(machine_body(&rig.m, 1), S("outlook.office365.com")) >= 0);
    // So does EWS, or there is none.
    begin(OUTLOOK_BACKEND_AUTO);
    CHECK(run_both(some, ANSWER(200, ""), last_page) == STEP_FAILED);
    CHECK_ERR(rig.m.last, OUTLOOK_PERMISSIONS);
    CHECK(str_find(buf_str(&rig.detail), S("Contacts.Read, Tasks.Read.All")) >= 0);
    begin(OUTLOOK_BACKEND_AUTO);
    CHECK(run_both(some, ANSWER(400, "{\"error\":\"invalid_resource\",\"error_codes\":[500011]}"),
                   last_page) == STEP_FAILED);
    CHECK_ERR(rig.m.last, OUTLOOK_PERMISSIONS);
    // A token that nobody can read says nothing about permissions.
    begin(OUTLOOK_BACKEND_AUTO);
    struct machine_answer opaque[] = {
        ANSWER(200, "{\"token_type\":\"Bearer\",\"expires_in\":60,\"access_token\":\"opaque\"}"),
        ANSWER_STR(200, last_page)};
    CHECK(machine_run(&rig.m, opaque, COUNT(opaque)) == STEP_DONE);
    CHECK(rig.o->run.way == OUTLOOK_WAY_GRAPH);
}

static void test_way_as_configured(void)
{
    begin(OUTLOOK_BACKEND_EWS);
    CHECK(run_both(GRAPH_ROLES, ANSWER(200, ""), last_page) == STEP_DONE);
    CHECK(rig.o->run.way == OUTLOOK_WAY_CLOUD_EWS && noticed(S("set outlook.backend to graph")));
    begin(OUTLOOK_BACKEND_EWS);
    CHECK(run_both(GRAPH_ROLES,
                   ANSWER(400, "{\"error\":\"invalid_resource\",\"error_codes\":[500011]}"),
                   last_page) == STEP_FAILED);
    CHECK_ERR(rig.m.last, ENTRA_RESOURCE);
    begin(OUTLOOK_BACKEND_GRAPH);
    CHECK(run("\"User.Read.All\"", last_page) == STEP_DONE);
    CHECK(rig.o->run.way == OUTLOOK_WAY_GRAPH && noticed(S("missing: Mail.Read")));
}

// ---- tokens between machines

static void test_token_one_asks_and_others_wait(void)
{
    begin(OUTLOOK_BACKEND_GRAPH);
    u8 target[512], headers[KIB(8)], detail[512];
    struct exchange x = {.target = buf_over(target, COUNT(target)),
                         .headers = buf_over(headers, COUNT(headers)),
                         .detail = buf_over(detail, COUNT(detail))};
    int a, b;
    enum step step = STEP_DONE;
    CHECK(!outlook_token_ready(rig.o, ENTRA_GRAPH, &a, 1000, &x, &step) && step == STEP_REQUEST);
    CHECK(!outlook_token_ready(rig.o, ENTRA_GRAPH, &b, 1000, &x, &step) && step == STEP_WAIT);
    CHECK(outlook_token_is_asking(rig.o, &a) && !outlook_token_is_asking(rig.o, &b));
    outlook_token_stop(rig.o, &b); // not his
    CHECK(outlook_token_is_asking(rig.o, &a));
    outlook_token_stop(rig.o, &a);
    CHECK(!outlook_token_ready(rig.o, ENTRA_GRAPH, &b, 1000, &x, &step) && step == STEP_REQUEST);
    struct http_head head = {.status = 200};
    str answer = token(GRAPH_ROLES);
    outlook_token_head(rig.o, &b, &head);
    outlook_token_body(rig.o, &b, &answer);
    CHECK_OK(outlook_token_end(rig.o, &b, &x));
    i64 now_ms = os_mono_ms();
    CHECK(outlook_token_ready(rig.o, ENTRA_GRAPH, &a, now_ms, &x, &step));
    // Old enough to renew: one asks, the other goes on with what still lives.
    i64 late_ms = now_ms + 3599000 - ENTRA_RENEW_MS + 1000;
    CHECK(!outlook_token_ready(rig.o, ENTRA_GRAPH, &a, late_ms, &x, &step) && step == STEP_REQUEST);
    CHECK(outlook_token_ready(rig.o, ENTRA_GRAPH, &b, late_ms, &x, &step));
}

static const struct test_case cases[] = {
    CASE(test_users_pages),
    CASE(test_users_wait_for_room),
    CASE(test_users_policy),
    CASE(test_a118_users_identities),
    CASE(test_users_odd_pages),
    CASE(test_users_refused),
    CASE(test_way_auto),
    CASE(test_way_as_configured),
    CASE(test_token_one_asks_and_others_wait),
};

TEST_MAIN(cases)
