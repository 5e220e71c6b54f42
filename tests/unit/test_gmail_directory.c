// SPDX-License-Identifier: Apache-2.0
// source/gmail/gmail_directory: the walk over the users, by hand.
#include "gmail_rig.h"

#define TARGET_1                                                                  \
    "/admin/directory/v1/users?customer=C01&maxResults=500&fields=nextPageToken," \
    "users(primaryEmail,suspended,archived,isMailboxSetup)&prettyPrint=false"
#define UNAUTHORIZED \
    ANSWER(401, "{\"error\":{\"code\":401,\"errors\":[{\"reason\":\"authError\"}]}}")
#define EXPIRED ANSWER(400, "{\"error\":{\"code\":400,\"message\":\"Invalid Input: pageToken\"}}")
#define PAGE_1 ANSWER(200, "{\"users\":[{\"primaryEmail\":\"a@x.test\"}],\"nextPageToken\":\"p2\"}")

static const struct machine_answer pages[] = {
    {.status = 200, .body = S(RIG_TOKEN)},
    {.status = 200,
     .body = S("{\"users\":[{\"primaryEmail\":\"ann@example.test\",\"suspended\":false,"
               "\"archived\":false,"
               "\"isMailboxSetup\":true},{\"primaryEmail\":\"Bob@Example.test\",\"suspended\":true,"
               "\"archived\":true,\"isMailboxSetup\":false}],\"nextPageToken\":\"~!!~AI9FV7\"}")},
    {.status = 200,
     .body = S(
         "{\"nextPageToken\":\"p3\",\"users\":[{},{\"primaryEmail\":null},{\"primaryEmail\":\"\"},"
         "{\"suspended\":true,\"primaryEmail\":\"c\\u00e4t@example.test\"}]}")},
    {.status = 200, .body = S("{\"kind\":\"admin#directory#users\"}\n")},
};

static const str all_users = S(
    "ann@example.test[]\nBob@Example.test[suspended, archived, no mailbox]\n"
    "c\xc3\xa4t@example.test[suspended]\n");

static void test_directory_three_pages(void)
{
    struct rig *r = rig_make(NULL);
    CHECK(machine_run(&r->walk, pages, COUNT(pages)) == STEP_DONE);
    CHECK_STR(buf_str(&r->accounts_seen), all_users);
    CHECK(r->walk.request_count == 4);
    CHECK_STR(machine_target(&r->walk, 0), S("/token"));
    CHECK_STR(machine_target(&r->walk, 1), S(TARGET_1));
    CHECK_STR(machine_target(&r->walk, 2), S(TARGET_1 "&pageToken=~%21%21~AI9FV7"));
    CHECK_STR(machine_target(&r->walk, 3), S(TARGET_1 "&pageToken=p3"));
    CHECK(r->walk.requests[1].flags == EXCHANGE_GZIP);
    CHECK(machine_has_header(&r->walk, 1, S("Authorization: Bearer ya29.one\r\n")));
    str state = str_make(r->directory_state, COUNT(r->directory_state));
    CHECK(str_find(state, S("ya29")) < 0);
}

static void test_directory_byte_by_byte(void)
{
    for (isize step = 1; step < 60; step++) {
        struct rig *r = rig_make(NULL);
        r->walk.step_bytes = step;
        CHECK(machine_run(&r->walk, pages, COUNT(pages)) == STEP_DONE);
        CHECK_STR(buf_str(&r->accounts_seen), all_users);
    }
}

static void test_directory_circle_of_pages(void)
{
    struct rig *r = rig_make(NULL);
    struct gmail_directory *d = (void *)r->directory_state;
    d->pages = GMAIL_PAGES_MAX - 2;
    struct machine_answer answers[] = {
        {.status = 200, .body = S(RIG_TOKEN)},
        PAGE_1,
        ANSWER(200, "{\"users\":[],\"nextPageToken\":\"p1\"}"),
    };
    CHECK(machine_run(&r->walk, answers, COUNT(answers)) == STEP_FAILED);
    CHECK_ERR(r->walk.last, GMAIL_ENDLESS);
}

static void make_room(void *st)
{
    struct rig *r = st;
    r->accounts_room++;
}

// A full sink: the same user is offered again, and nobody is lost or named twice.
static void test_directory_backpressure(void)
{
    for (isize step = 0; step < 60; step++) {
        for (int room = 0; room < 3; room++) {
            struct rig *r = rig_make(NULL);
            r->accounts_room = room;
            r->walk.step_bytes = step;
            r->walk.stalled = make_room;
            r->walk.stalled_st = r;
            CHECK(machine_run(&r->walk, pages, COUNT(pages)) == STEP_DONE);
            CHECK_STR(buf_str(&r->accounts_seen), all_users);
        }
    }
}

// More users than were asked for: no page of Google's.
static void test_directory_page_too_long(void)
{
    static u8 bytes[8 * 1024];
    for (int count = 500; count <= 501; count++) {
        struct buf b = buf_over(bytes, COUNT(bytes));
        buf_put(&b, S("{\"users\":["));
        for (int i = 0; i < count; i++) {
            buf_put(&b, i ? S(",{}") : S("{}"));
        }
        buf_put(&b, S("]}"));
        struct machine_answer page = ANSWER_STR(200, buf_str(&b));
        struct machine_answer answers[] = {
            ANSWER(200, RIG_TOKEN), page, page, page, page, page, page};
        struct rig *r = rig_make(NULL);
        enum step end = machine_run(&r->walk, answers, count == 500 ? 2 : COUNT(answers));
        CHECK(end == (count == 500 ? STEP_DONE : STEP_FAILED));
        CHECK(count == 500 || err_is(r->walk.last, ERR_GMAIL_ANSWER));
    }
}

static void test_directory_expired_token(void)
{
    struct rig *r = rig_make(NULL);
    struct machine_answer answers[] = {
        ANSWER(200, RIG_TOKEN), PAGE_1, EXPIRED, PAGE_1, EXPIRED, PAGE_1, EXPIRED, PAGE_1,
        ANSWER(200, "{}")};
    CHECK(machine_run(&r->walk, answers, COUNT(answers)) == STEP_DONE);
    CHECK(r->accounts == 4); // sync knows them already
    CHECK_STR(machine_target(&r->walk, 3), S(TARGET_1));

    r = rig_make(NULL);
    struct machine_answer too_often[] = {
        ANSWER(200, RIG_TOKEN), PAGE_1, EXPIRED, PAGE_1, EXPIRED, PAGE_1, EXPIRED, PAGE_1, EXPIRED};
    CHECK(machine_run(&r->walk, too_often, COUNT(too_often)) == STEP_FAILED);
    CHECK_ERR(r->walk.last, GMAIL_PAGE_TOKEN);
}

static void test_directory_unauthorized(void)
{
    struct rig *r = rig_make(NULL);
    struct machine_answer once[] = {ANSWER(200, RIG_TOKEN), PAGE_1, UNAUTHORIZED,
                                    ANSWER(200, RIG_TOKEN_2), ANSWER(200, "{}")};
    CHECK(machine_run(&r->walk, once, COUNT(once)) == STEP_DONE);
    CHECK_STR(machine_target(&r->walk, 4), S(TARGET_1 "&pageToken=p2"));
    CHECK(machine_has_header(&r->walk, 4, S("Bearer ya29.two")));

    r = rig_make(NULL);
    struct machine_answer twice[] = {ANSWER(200, RIG_TOKEN), UNAUTHORIZED, ANSWER(200, RIG_TOKEN_2),
                                     UNAUTHORIZED};
    CHECK(machine_run(&r->walk, twice, COUNT(twice)) == STEP_FAILED);
    CHECK_ERR(r->walk.last, TOKEN_REVOKED);
    CHECK(r->walk.failed == 1);
}

static void test_directory_token_expires(void)
{
    struct rig *r = rig_make(NULL);
    struct machine_answer first[] = {ANSWER(200, RIG_TOKEN)};
    CHECK(machine_run(&r->walk, first, 1) == STEP_REQUEST);
    r->walk.now_ms += 3599000 - 300000;
    struct machine_answer then[] = {ANSWER(200, RIG_TOKEN_2), ANSWER(200, "{}")};
    CHECK(machine_run(&r->walk, then, 2) == STEP_DONE);
    CHECK_STR(machine_target(&r->walk, 2), S("/token"));
}

// A directory with a hole would let documents be deleted: a page that is not wholly read is none.
static void test_directory_not_a_page(void)
{
    static u8 long_user[GMAIL_USER_ELEMENT_BYTES + 200];
    struct buf b = buf_over(long_user, COUNT(long_user));
    buf_put(&b, S("{\"users\":[{\"primaryEmail\":\"a@x.test\",\"x\":\""));
    buf_put_fill(&b, 'x', GMAIL_USER_ELEMENT_BYTES);
    buf_put(&b, S("\"}]}"));
    const str bodies[] = {
        S(""),
        S("{"),
        S("[]"),
        S("<html>"),
        S("{\"users\":{}}"),
        S("{\"users\":[7]}"),
        S("{\"users\":[null]}"),
        S("{\"users\":[{\"primaryEmail\":7}]}"),
        S("{\"users\":[{\"primaryEmail\":\"a@x.test\"}"),
        S("{\"users\":[],\"nextPageToken\":[]}"),
        buf_str(&b),
    };
    for (isize i = 0; i < COUNT(bodies); i++) {
        for (isize step = 0; step < 3; step++) {
            struct rig *r = rig_make(NULL);
            r->walk.step_bytes = step;
            struct machine_answer bad = ANSWER_STR(200, bodies[i]);
            struct machine_answer answers[] = {
                ANSWER(200, RIG_TOKEN), bad, bad, bad, bad, bad, bad};
            CHECK(machine_run(&r->walk, answers, COUNT(answers)) == STEP_FAILED);
            CHECK_ERR(r->walk.last, GMAIL_ANSWER);
        }
    }
}

static void test_directory_refused(void)
{
    struct rig *r = rig_make(NULL);
    struct machine_answer answers[] = {
        ANSWER(200, RIG_TOKEN),
        ANSWER(
            403,
            "{\"error\":{\"code\":403,\"message\":\"Not Authorized to access this resource/api\","
            "\"errors\":[{\"reason\":\"forbidden\"}]}}")};
    CHECK(machine_run(&r->walk, answers, COUNT(answers)) == STEP_FAILED);
    CHECK_ERR(r->walk.last, GMAIL_DIRECTORY_FORBIDDEN);
    r = rig_make(NULL);
    struct machine_answer no_token[] = {ANSWER(401, "{\"error\":\"unauthorized_client\"}")};
    CHECK(machine_run(&r->walk, no_token, 1) == STEP_FAILED);
    CHECK_ERR(r->walk.last, TOKEN_UNAUTHORIZED);
}

static void test_directory_same_page_token(void)
{
    struct rig *r = rig_make(NULL);
    struct machine_answer answers[] = {
        ANSWER(200, RIG_TOKEN), PAGE_1, PAGE_1, PAGE_1, PAGE_1, PAGE_1, PAGE_1, PAGE_1};
    CHECK(machine_run(&r->walk, answers, COUNT(answers)) == STEP_FAILED);
    CHECK_ERR(r->walk.last, GMAIL_ANSWER);
}

static void test_directory_customer_encoded(void)
{
    struct rig *r = rig_make(NULL);
    struct gmail_case settings = rig_settings(r);
    settings.customer_id = S("my customer&x=\r\n");
    r = rig_make(&settings);
    struct machine_answer token[] = {ANSWER(200, RIG_TOKEN)};
    CHECK(machine_run(&r->walk, token, 1) == STEP_REQUEST);
    CHECK(str_find(machine_target(&r->walk, 1), S("?customer=my%20customer%26x%3D%0D%0A&")) > 0);
}

static const struct test_case cases[] = {
    CASE(test_directory_three_pages),     CASE(test_directory_circle_of_pages),
    CASE(test_directory_byte_by_byte),    CASE(test_directory_backpressure),
    CASE(test_directory_expired_token),   CASE(test_directory_page_too_long),
    CASE(test_directory_unauthorized),    CASE(test_directory_token_expires),
    CASE(test_directory_not_a_page),      CASE(test_directory_refused),
    CASE(test_directory_same_page_token), CASE(test_directory_customer_encoded),
};

TEST_MAIN(cases)
