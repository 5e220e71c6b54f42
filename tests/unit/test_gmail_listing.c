// SPDX-License-Identifier: Apache-2.0
// source/gmail/gmail_listing: a mailbox from its token to its last page, by hand.
#include "gmail_rig.h"

#define TARGET_1                                                                        \
    "/gmail/v1/users/ann%40example.test/messages?maxResults=500&includeSpamTrash=false" \
    "&fields=nextPageToken,messages(id)&prettyPrint=false"

static str pop(struct rig *r)
{
    static struct unit unit;
    if (!unit_queue_pop(&r->mailbox.queue, &unit)) {
        return S("(none)");
    }
    return str_make(unit.id, unit.id_bytes);
}

static enum step list(struct rig *r, const struct machine_answer *answers, isize count)
{
    return machine_run(&r->list, answers, count);
}

#define LISTED(r, answers) list((r), (answers), COUNT(answers))

static const struct machine_answer three_pages[] = {
    {.status = 200, .body = S(RIG_TOKEN)},
    {.status = 200,
     .body = S("{\"messages\":[{\"id\":\"18c1\"},{\"id\":\"18c2\",\"threadId\":\"t\"}],"
               "\"nextPageToken\":\"0987\",\"resultSizeEstimate\":5}")},
    {.status = 200,
     .body = S("{\n \"nextPageToken\": \"a/b+c=\",\n \"messages\": [ {\"id\":\"18c3\"} ]\n}\n")},
    {.status = 200, .body = S("{\"messages\":[{\"id\":\"18\\u00634\"}]}\n")},
};

static void check_three_pages(struct rig *r, enum step step)
{
    CHECK(step == STEP_WAIT);
    CHECK(r->mailbox.phase == MAILBOX_LISTED);
    CHECK(r->mailbox.units_listed == 4 && r->mailbox.queue.count == 4);
    CHECK_STR(pop(r), S("18c1"));
    CHECK_STR(pop(r), S("18c2"));
    CHECK_STR(pop(r), S("18c3"));
    CHECK_STR(pop(r), S("18c4"));
    CHECK(r->source.quota_units_used == 15);
    CHECK(r->list.request_count == 4);
    CHECK_STR(machine_target(&r->list, 1), S(TARGET_1));
    CHECK_STR(machine_target(&r->list, 2), S(TARGET_1 "&pageToken=0987"));
    CHECK_STR(machine_target(&r->list, 3), S(TARGET_1 "&pageToken=a%2Fb%2Bc%3D"));
}

static void test_listing_three_pages(void)
{
    struct rig *r = rig_make(NULL);
    check_three_pages(r, LISTED(r, three_pages));
    CHECK_STR(machine_method(&r->list, 0), S("POST"));
    CHECK_STR(machine_target(&r->list, 0), S("/token"));
    CHECK(
        machine_has_header(&r->list, 0, S("Content-Type: application/x-www-form-urlencoded\r\n")));
    CHECK(!machine_has_header(&r->list, 0, S("Authorization")));
    CHECK(r->list.requests[0].flags == 0);
    CHECK(str_starts(
        machine_body(&r->list, 0),
        S("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=ey")));
    CHECK_STR(machine_method(&r->list, 1), S("GET"));
    CHECK(machine_has_header(&r->list, 1, S("Authorization: Bearer ya29.one\r\n")));
    CHECK(r->list.requests[1].flags == EXCHANGE_GZIP);
    CHECK(r->list.x.wait_until_ms == 0);
}

// A page, cut everywhere, gives the same.
static void test_listing_byte_by_byte(void)
{
    for (isize step = 1; step < 80; step++) {
        struct rig *r = rig_make(NULL);
        r->list.step_bytes = step;
        check_three_pages(r, LISTED(r, three_pages));
    }
}

static void test_listing_spam_and_trash(void)
{
    struct rig *r = rig_make(NULL);
    struct gmail_case settings = rig_settings(r);
    settings.include_spam_and_trash = true;
    r = rig_make(&settings);
    rig_grant(r);
    CHECK(machine_next(&r->list) == STEP_REQUEST);
    CHECK(str_find(machine_target(&r->list, 1), S("&includeSpamTrash=true&")) > 0);
}

// 107: each mailbox is listed once a query, page by page; ids that several find come again.
static void test_listing_queries(void)
{
    struct rig *r = rig_make(NULL);
    struct gmail_case settings = rig_settings(r);
    static const str queries[] = {S("from:amy & \xc3\xa9"), S("before:2021/10/10"), S("x")};
    settings.queries = queries;
    settings.query_count = 3;
    r = rig_make(&settings);
    rig_grant(r);
    struct machine_answer answers[] = {
        ANSWER(200, "{\"messages\":[{\"id\":\"a1\"}],\"nextPageToken\":\"t2\"}"),
        ANSWER(503, ""),
        ANSWER(200, "{\"messages\":[{\"id\":\"a2\"}]}"),
        ANSWER(200, "{}"),
        ANSWER(200, "{\"messages\":[{\"id\":\"a1\"}],\"nextPageToken\":\"t2\"}"),
        ANSWER(200, "{\"messages\":[{\"id\":\"a3\"}]}"),
    };
    CHECK(r->mailbox.phase == MAILBOX_LISTING);
    CHECK(LISTED(r, answers) == STEP_WAIT);
    CHECK(r->mailbox.phase == MAILBOX_LISTED && r->mailbox.units_listed == 4);
    CHECK(r->mailbox.queue.count == 4);
    str first = S("&q=from%3Aamy%20%26%20%C3%A9");
    CHECK(str_ends(machine_target(&r->list, 1), first));
    CHECK(str_find(machine_target(&r->list, 2), S("&q=from%3Aamy%20%26%20%C3%A9&pageToken=t2")) >
          0);
    CHECK_STR(machine_target(&r->list, 3), machine_target(&r->list, 2)); // after the 503
    CHECK(str_ends(machine_target(&r->list, 4), S("&q=before%3A2021%2F10%2F10")));
    CHECK(str_ends(machine_target(&r->list, 5), S("&q=x")));
    CHECK(str_ends(machine_target(&r->list, 6), S("&q=x&pageToken=t2")));
    CHECK(r->list.request_count == 7);
}

static void test_listing_empty(void)
{
    static const str bodies[] = {S("{}"), S("{\"resultSizeEstimate\":0}"), S("{\"messages\":[]}"),
                                 S("{\"messages\":null,\"nextPageToken\":null}"),
                                 S("{\"messages\":[],\"nextPageToken\":\"\"}")};
    for (isize i = 0; i < COUNT(bodies); i++) {
        struct rig *r = rig_make(NULL);
        rig_grant(r);
        struct machine_answer answers[] = {ANSWER_STR(200, bodies[i])};
        CHECK(LISTED(r, answers) == STEP_WAIT);
        CHECK(r->mailbox.phase == MAILBOX_LISTED && r->mailbox.units_listed == 0);
    }
}

// The phase is set when the exchange ends, so that nobody has to wait for a turn to see it.
static void test_listing_phase_at_end(void)
{
    struct rig *r = rig_make(NULL);
    rig_grant(r);
    CHECK(machine_next(&r->list) == STEP_REQUEST);
    struct machine_answer last = ANSWER(200, "{\"messages\":[{\"id\":\"1\"}]}");
    machine_finish(&r->list, &last);
    CHECK(r->mailbox.phase == MAILBOX_LISTED);
}

// What is no page must not look like the last one.
static void test_listing_not_a_page(void)
{
    static const str bodies[] = {
        S(""),
        S("{"),
        S("[]"),
        S("null"),
        S("<html>"),
        S("{\"messages\":[{\"id\":\"1\"}"),
        S("{\"messages\":{\"id\":\"1\"}}"),
        S("{\"messages\":[],\"nextPageToken\":7}"),
        S("{\"messages\":\"none\"}"),
        S("{\"status\":\"ok\"}"),
        S("{\"messages\":[{\"id\":\"1\"}],}"),
    };
    for (isize i = 0; i < COUNT(bodies); i++) {
        struct rig *r = rig_make(NULL);
        rig_grant(r);
        struct machine_answer bad = ANSWER_STR(200, bodies[i]);
        struct machine_answer answers[] = {bad, bad, bad, bad, bad, bad};
        CHECK(LISTED(r, answers) == STEP_FAILED);
        CHECK_ERR(r->list.last, GMAIL_ANSWER);
        CHECK(r->list.request_count == 7 && r->list.failed == 1);
        CHECK(r->mailbox.phase == MAILBOX_FAILED);
        CHECK_ERR(r->mailbox.error, GMAIL_ANSWER);
        CHECK(r->mailbox.queue.count == 0 && r->mailbox.units_listed == 0);
    }
}

// Page tokens that lead in a circle: it has an end, and the mailbox is not a listed one.
static void test_listing_circle_of_pages(void)
{
    struct rig *r = rig_make(NULL);
    rig_grant(r);
    struct gmail_mailbox *gm = r->mailbox.state;
    gm->listing.pages = GMAIL_PAGES_MAX - 3;
    struct machine_answer a = ANSWER(200, "{\"messages\":[],\"nextPageToken\":\"a\"}");
    struct machine_answer b = ANSWER(200, "{\"messages\":[],\"nextPageToken\":\"b\"}");
    struct machine_answer answers[] = {a, b, a};
    CHECK(LISTED(r, answers) == STEP_FAILED);
    CHECK(r->mailbox.phase == MAILBOX_FAILED && r->list.request_count == 4);
    CHECK_ERR(r->mailbox.error, GMAIL_ENDLESS);
}

// A page that broke off and is read again yields nothing twice.
static void test_listing_broken_page(void)
{
    struct rig *r = rig_make(NULL);
    rig_grant(r);
    struct machine_answer answers[] = {
        {.status = 200,
         .body = S("{\"messages\":[{\"id\":\"1\"},{\"id\":\"2\"}"),
         .lost = FAIL(NET_RESET)},
        ANSWER(500, "oops"),
        ANSWER(200, "{\"messages\":[{\"id\":\"1\"},{\"id\":\"2\"},{\"id\":\"3\"}]}"),
    };
    CHECK(LISTED(r, answers) == STEP_WAIT);
    CHECK(r->mailbox.phase == MAILBOX_LISTED && r->mailbox.units_listed == 3);
    CHECK_STR(pop(r), S("1"));
    CHECK_STR(pop(r), S("2"));
    CHECK_STR(pop(r), S("3"));
    CHECK_STR(pop(r), S("(none)"));
}

// The page was whole before its connection broke: it counts, once.
static void test_listing_lost_after_page(void)
{
    struct rig *r = rig_make(NULL);
    rig_grant(r);
    struct machine_answer answers[] = {
        {.status = 200,
         .body = S("{\"messages\":[{\"id\":\"1\"}],\"nextPageToken\":\"p2\"}"),
         .lost = FAIL(HTTP_CUT)},
        {.status = 200, .body = S("{\"messages\":[{\"id\":\"2\"}]}"), .lost = FAIL(HTTP_CUT)},
    };
    CHECK(LISTED(r, answers) == STEP_WAIT);
    CHECK(r->mailbox.phase == MAILBOX_LISTED && r->mailbox.queue.count == 2);
    CHECK_STR(machine_target(&r->list, 2), S(TARGET_1 "&pageToken=p2"));
}

// Not even an error that is not tried again takes back what was read.
static void test_listing_broken_after_page(void)
{
    struct rig *r = rig_make(NULL);
    rig_grant(r);
    struct machine_answer answers[] = {
        {.status = 200,
         .body = S("{\"messages\":[{\"id\":\"1\"}],\"nextPageToken\":\"p2\"}"),
         .lost = FAIL(HTTP_TRAILER_SIZE)},
        {.status = 200,
         .body = S("{\"messages\":[{\"id\":\"2\"}]}"),
         .lost = FAIL(HTTP_TRAILER_SIZE)},
    };
    CHECK(LISTED(r, answers) == STEP_WAIT);
    CHECK(r->list.failed == 2 && r->mailbox.phase == MAILBOX_LISTED && r->mailbox.queue.count == 2);
}

static struct buf page_of(int count, int from, const char *next)
{
    static u8 bytes[64 * 1024];
    struct buf b = buf_over(bytes, COUNT(bytes));
    buf_put(&b, S("{\"messages\":["));
    for (int i = 0; i < count; i++) {
        buf_put(&b, i ? S(",{\"id\":\"") : S("{\"id\":\""));
        buf_put_i64(&b, from + i);
        buf_put(&b, S("\"}"));
    }
    buf_put(&b, S("],\"nextPageToken\":\""));
    buf_put(&b, str_from(next));
    buf_put(&b, S("\"}"));
    ASSERT(!b.full);
    return b;
}

// A page is asked for when there is room for all of it.
static void test_listing_backpressure(void)
{
    struct rig *r = rig_make(NULL);
    rig_grant(r);
    struct buf page = page_of(500, 0, "p");
    struct machine_answer first[] = {ANSWER_STR(200, buf_str(&page))};
    CHECK(LISTED(r, first) == STEP_REQUEST);
    page = page_of(500, 500, "q");
    struct machine_answer second = ANSWER_STR(200, buf_str(&page));
    machine_finish(&r->list, &second);
    int count = r->mailbox.queue.count;
    CHECK(count == 1000);
    struct unit filler = {.id_bytes = UNIT_ID_BYTES};
    while (unit_queue_stage(&r->mailbox.queue, &filler)) {
        unit_queue_commit(&r->mailbox.queue);
    }
    CHECK(machine_next(&r->list) == STEP_WAIT && r->list.x.wait_until_ms == 0);
    int popped = 0;
    while (!unit_queue_has_room(&r->mailbox.queue, 500, UNIT_HEAD_BYTES + GMAIL_ID_BYTES)) {
        CHECK(machine_next(&r->list) == STEP_WAIT);
        (void)pop(r);
        popped++;
    }
    CHECK(popped > 500); // the worst that a page can be
    CHECK(machine_next(&r->list) == STEP_REQUEST);
    CHECK(r->mailbox.phase == MAILBOX_LISTING);
}

// More ids than were asked for: no page of Google's. None is taken, and no connection waits for
// lanes to make room.
static void test_listing_page_too_long(void)
{
    for (isize step = 0; step < 3000; step += 997) {
        for (int count = 500; count <= 501; count++) {
            struct rig *r = rig_make(NULL);
            rig_grant(r);
            struct buf page = page_of(count, 0, "");
            r->list.step_bytes = step;
            struct machine_answer long_one = ANSWER_STR(200, buf_str(&page));
            struct machine_answer answers[] = {long_one, long_one, long_one,
                                               long_one, long_one, long_one};
            enum step end = list(r, answers, count == 500 ? 1 : COUNT(answers));
            CHECK(r->list.stalls == 0);
            if (count == 500) {
                CHECK(end == STEP_WAIT && r->mailbox.phase == MAILBOX_LISTED);
                CHECK(r->mailbox.units_listed == 500);
                continue;
            }
            CHECK(end == STEP_FAILED && r->mailbox.phase == MAILBOX_FAILED);
            CHECK_ERR(r->mailbox.error, GMAIL_ANSWER);
            CHECK(r->mailbox.queue.count == 0 && r->mailbox.units_listed == 0);
        }
    }
}

// An expired page token begins the listing again, three times; then it is an error of this mailbox.
static void test_listing_expired_token(void)
{
    struct machine_answer page = ANSWER(200,
                                        "{\"messages\":[{\"id\":\"1\"}],\"nextPageToken\":\"p2\"}");
    struct machine_answer expired[] = {
        ANSWER(400,
               "{\"error\":{\"code\":400,\"message\":\"Invalid pageToken\",\"errors\":[{\"reason\":"
               "\"invalidArgument\"}],\"status\":\"INVALID_ARGUMENT\"}}"),
        ANSWER(404, "{\"error\":{\"code\":404,\"message\":\"Requested entity was not found.\","
                    "\"errors\":[{\"reason\":\"notFound\"}],\"status\":\"NOT_FOUND\"}}"),
    };
    for (isize i = 0; i < COUNT(expired); i++) {
        struct rig *r = rig_make(NULL);
        rig_grant(r);
        struct machine_answer answers[] = {
            page, expired[i], page, expired[i],
            page, expired[i], page, ANSWER(200, "{\"messages\":[{\"id\":\"2\"}]}")};
        CHECK(LISTED(r, answers) == STEP_WAIT);
        CHECK(r->mailbox.phase == MAILBOX_LISTED);
        CHECK_STR(machine_target(&r->list, 3), S(TARGET_1));

        r = rig_make(NULL);
        rig_grant(r);
        struct machine_answer too_often[] = {page, expired[i], page, expired[i],
                                             page, expired[i], page, expired[i]};
        CHECK(LISTED(r, too_often) == STEP_FAILED);
        CHECK(r->mailbox.phase == MAILBOX_FAILED);
        CHECK_ERR(r->mailbox.error, GMAIL_PAGE_TOKEN);
    }
}

// Without a page token, the same answers are about the mailbox.
static void test_listing_not_found(void)
{
    struct rig *r = rig_make(NULL);
    rig_grant(r);
    struct machine_answer answers[] = {
        ANSWER(404, "{\"error\":{\"code\":404,\"errors\":[{\"reason\":\"notFound\"}]}}")};
    CHECK(LISTED(r, answers) == STEP_FAILED);
    CHECK(r->mailbox.phase == MAILBOX_REFUSED);
    CHECK_ERR(r->mailbox.error, GMAIL_NO_MAILBOX);
}

// A mailbox that is switched off while it is listed is no expired token.
static void test_listing_switched_off(void)
{
    struct rig *r = rig_make(NULL);
    rig_grant(r);
    struct machine_answer answers[] = {
        ANSWER(200, "{\"messages\":[{\"id\":\"1\"}],\"nextPageToken\":\"p2\"}"),
        ANSWER(400, "{\"error\":{\"code\":400,\"message\":\"Mail service not enabled\",\"errors\":"
                    "[{\"reason\":\"failedPrecondition\"}],\"status\":\"FAILED_PRECONDITION\"}}")};
    CHECK(LISTED(r, answers) == STEP_FAILED);
    CHECK(r->mailbox.phase == MAILBOX_REFUSED);
    CHECK_ERR(r->mailbox.error, GMAIL_NO_MAILBOX);
}

static void test_listing_same_page_token(void)
{
    struct rig *r = rig_make(NULL);
    rig_grant(r);
    struct machine_answer page = ANSWER(200, "{\"messages\":[],\"nextPageToken\":\"p2\"}");
    struct machine_answer answers[] = {page, page, page, page, page, page, page};
    CHECK(LISTED(r, answers) == STEP_FAILED);
    CHECK(r->mailbox.phase == MAILBOX_FAILED);
}

// Ids that cannot be used do not stop the others, but the mailbox does not count as finished.
static void test_listing_bad_ids(void)
{
    struct rig *r = rig_make(NULL);
    rig_grant(r);
    struct machine_answer answers[] = {ANSWER(
        200, "{\"messages\":[{\"id\":\"18c1\"},{\"id\":\"a/b\"},{\"id\":7},{},null,{\"id\":\"\"},"
             "{\"id\":\"0123456789012345678901234567890123456789012345678901234567890123x\"},"
             "{\"id\":\"0123456789012345678901234567890123456789012345678901234567890123\"}]}")};
    CHECK(LISTED(r, answers) == STEP_WAIT);
    CHECK(r->mailbox.phase == MAILBOX_LISTING && r->mailbox.queue.count == 2);
    CHECK_STR(pop(r), S("18c1"));
    CHECK(machine_next(&r->list) == STEP_WAIT && r->mailbox.phase == MAILBOX_LISTING);
    CHECK(pop(r).n == 64);
    CHECK(machine_next(&r->list) == STEP_FAILED && r->mailbox.phase == MAILBOX_FAILED);
    CHECK_ERR(r->mailbox.error, GMAIL_UNIT_ID);
    CHECK_STR(buf_str(&r->mailbox.detail), S("6 ids"));
}

// 401: one new token; a second 401 in a row is the mailbox's end.
static void test_listing_unauthorized(void)
{
    struct machine_answer refused = ANSWER(
        401, "{\"error\":{\"code\":401,\"message\":\"Invalid "
             "Credentials\",\"errors\":[{\"reason\":\"authError\"}]}}");
    struct rig *r = rig_make(NULL);
    rig_grant(r);
    struct machine_answer again[] = {
        ANSWER(200, "{\"messages\":[{\"id\":\"1\"}],\"nextPageToken\":\"p2\"}"), refused,
        ANSWER(200, RIG_TOKEN_2), ANSWER(200, "{\"messages\":[{\"id\":\"2\"}]}")};
    CHECK(LISTED(r, again) == STEP_WAIT);
    CHECK(r->mailbox.phase == MAILBOX_LISTED && r->mailbox.queue.count == 2);
    CHECK_STR(machine_target(&r->list, 3), S("/token"));
    CHECK(machine_has_header(&r->list, 4, S("Authorization: Bearer ya29.two\r\n")));
    CHECK_STR(machine_target(&r->list, 4), S(TARGET_1 "&pageToken=p2"));

    r = rig_make(NULL);
    rig_grant(r);
    struct machine_answer twice[] = {refused, ANSWER(200, RIG_TOKEN_2), refused};
    CHECK(LISTED(r, twice) == STEP_FAILED);
    CHECK(r->mailbox.phase == MAILBOX_REFUSED);
    CHECK_ERR(r->mailbox.error, TOKEN_REVOKED);
}

// A dry run lists everything and queues a sample.
static void test_listing_estimate(void)
{
    struct rig *r = rig_make(NULL);
    struct gmail_case settings = rig_settings(r);
    settings.estimate = true;
    r = rig_make(&settings);
    rig_grant(r);
    struct buf page = page_of(500, 0, "p");
    struct machine_answer one[] = {ANSWER_STR(200, buf_str(&page))};
    CHECK(LISTED(r, one) == STEP_REQUEST);
    page = page_of(499, 500, "");
    struct machine_answer two = ANSWER_STR(200, buf_str(&page));
    machine_finish(&r->list, &two);
    CHECK(r->mailbox.phase == MAILBOX_LISTED);
    CHECK(r->mailbox.units_listed == 999 && r->mailbox.queue.count == GMAIL_SAMPLE_UNITS);
}

static void test_listing_close_wipes(void)
{
    struct rig *r = rig_make(NULL);
    rig_grant(r);
    r->source.ops->mailbox_close(r->source.state, &r->mailbox);
    str state = str_make(r->mailbox_state, COUNT(r->mailbox_state));
    CHECK(str_find(state, S("ya29")) < 0 && str_find(state, S("assertion")) < 0);
}

static const struct test_case cases[] = {
    CASE(test_listing_three_pages),
    CASE(test_listing_byte_by_byte),
    CASE(test_listing_spam_and_trash),
    CASE(test_listing_queries),
    CASE(test_listing_empty),
    CASE(test_listing_phase_at_end),
    CASE(test_listing_not_a_page),
    CASE(test_listing_circle_of_pages),
    CASE(test_listing_broken_page),
    CASE(test_listing_lost_after_page),
    CASE(test_listing_broken_after_page),
    CASE(test_listing_backpressure),
    CASE(test_listing_page_too_long),
    CASE(test_listing_expired_token),
    CASE(test_listing_not_found),
    CASE(test_listing_switched_off),
    CASE(test_listing_same_page_token),
    CASE(test_listing_bad_ids),
    CASE(test_listing_unauthorized),
    CASE(test_listing_estimate),
    CASE(test_listing_close_wipes),
};

TEST_MAIN(cases)
