// SPDX-License-Identifier: Apache-2.0
// source/outlook/graph_users, outlook_way, outlook_token and outlook_identity: the walk over the
// users of a tenant, with scripted answers of Entra ID and Graph.
#include "graph_users_rig.h"

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

#define ANN USER("1", "\"Ann@example.test\"", ",\"jobTitle\":\"Clerk\",\"accountEnabled\":true")
#define NO_MAIL USER("2", "null", ",\"jobTitle\":null,\"accountEnabled\":true")
#define GUEST USER("3", "\"g@x.test\"", ",\"userType\":\"Guest\"")
#define ROOM USER("4", "\"room@example.test\"", ",\"accountEnabled\":false")

static const str first_page = S("{\"@odata.context\":\"x\",\"@odata.nextLink\":\"" LINK "\","
                                "\"value\":[" ANN "," NO_MAIL "," GUEST "," ROOM "]}");
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
        CHECK(rig.source.unlisted_type_count == 2 && rig.source.in_flight_max == GRAPH_IN_FLIGHT);
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

// A permission that is taken away in the middle: what was offered stays, and the walk is not whole.
static void test_users_refused_in_the_middle(void)
{
    begin(OUTLOOK_BACKEND_GRAPH);
    struct machine_answer answers[] = {
        ANSWER_STR(200, token(GRAPH_ROLES)), ANSWER_STR(200, first_page),
        ANSWER(403,
               "{\"error\":{\"code\":\"ErrorAccessDenied\",\"message\":\"Access is denied.\"}}")};
    CHECK(machine_run(&rig.m, answers, COUNT(answers)) == STEP_FAILED && rig.m.failed == 1);
    CHECK_ERR(rig.m.last, GRAPH_PERMISSION);
    CHECK(str_find(buf_str(&rig.seen), S("Ann@example.test|")) >= 0);
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
    CHECK(outlook_token_step(rig.o, ENTRA_GRAPH, &a, 1000, &x) == STEP_REQUEST);
    CHECK(outlook_token_step(rig.o, ENTRA_GRAPH, &b, 1000, &x) == STEP_WAIT);
    CHECK(outlook_token_is_asking(rig.o, &a) && !outlook_token_is_asking(rig.o, &b));
    outlook_token_stop(rig.o, &b); // not his
    CHECK(outlook_token_is_asking(rig.o, &a));
    outlook_token_stop(rig.o, &a);
    CHECK(outlook_token_step(rig.o, ENTRA_GRAPH, &b, 1000, &x) == STEP_REQUEST);
    struct http_head head = {.status = 200};
    str answer = token(GRAPH_ROLES);
    outlook_token_head(rig.o, &b, &head);
    outlook_token_body(rig.o, &b, &answer);
    CHECK_OK(outlook_token_end(rig.o, &b, &x));
    i64 now_ms = os_mono_ms();
    CHECK(outlook_token_step(rig.o, ENTRA_GRAPH, &a, now_ms, &x) == STEP_DONE);
    // Old enough to renew: one asks, the other goes on with what still lives.
    i64 late_ms = now_ms + 3599000 - ENTRA_RENEW_MS + 1000;
    CHECK(outlook_token_step(rig.o, ENTRA_GRAPH, &a, late_ms, &x) == STEP_REQUEST);
    CHECK(outlook_token_step(rig.o, ENTRA_GRAPH, &b, late_ms, &x) == STEP_DONE);
}

static const struct test_case cases[] = {
    CASE(test_users_pages),
    CASE(test_users_wait_for_room),
    CASE(test_users_policy),
    CASE(test_a118_users_identities),
    CASE(test_users_odd_pages),
    CASE(test_users_refused),
    CASE(test_users_refused_in_the_middle),
    CASE(test_way_auto),
    CASE(test_way_as_configured),
    CASE(test_token_one_asks_and_others_wait),
};

TEST_MAIN(cases)
