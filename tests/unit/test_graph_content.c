// SPDX-License-Identifier: Apache-2.0
// source/outlook/graph_content, graph_fetch: the attachments of an item by hand; their lists, their
// content, and what becomes of them when answers break off or are refused.
#include "graph_case.h"

#define PART(id, name, size)                                                                  \
    "{\"@odata.type\":\"#microsoft.graph.fileAttachment\",\"id\":\"" id "\",\"name\":\"" name \
    "\",\"size\":" size "," MODIFIED "}"

static struct graph_rig *item_of(enum outlook_folder folder)
{
    struct graph_rig *r = page_of(folder);
    r->fetch.units[0].parts = true;
    memcpy(r->fetch.units[0].id, "M-_", 3);
    r->fetch.units[0].id_bytes = 3;
    return r;
}

static void test_parts_with_content(void)
{
    static const char *const base64[] = {"", "Rw==", "R0I=", "R0JC", "R0JCQg=="};
    for (isize n = 0; n < COUNT(base64); n++) {
        for (isize step = 0; step < 4; step++) {
            struct graph_rig *r = item_of(OUTLOOK_INBOX);
            r->lane.step_bytes = step;
            SAYS(PAGE(PART("p-1", "a.txt", "5") "," PART("q", "a.exe", "5"), ""));
            CHECK(str_starts(target(r), S("/users/Ann%40example.test/messages/M-_/attachments?"
                                          "$select=id,name,")));
            CHECK(machine_next(&r->lane) == STEP_REQUEST);
            CHECK(str_ends(target(r), S("/messages/M-_/attachments/p-1/$value")));
            struct machine_answer content = GRAPH_SAYS(str_make("GBBB", n));
            machine_finish(&r->lane, &content);
            CHECK(machine_next(&r->lane) == STEP_DONE && r->fetch.attached);
            CHECK_STR(r->fetch.id, S("p/1"));
            u8 bytes[64];
            struct buf want = buf_over(bytes, COUNT(bytes));
            buf_put(&want, S(",\"_attachment\":\""));
            buf_put(&want, str_from(base64[n]));
            buf_put(&want, S("\""));
            CHECK(str_ends(buf_str(&r->fetch.doc), buf_str(&want)));
            CHECK_STR(r->fetch.timestamp, S("\"2024-07-05T10:20:31Z\""));
            CHECK_STR(graph_results(r), S("Dq =N"));
        }
    }
}

static void test_parts_cut_anywhere(void)
{
    static const char list[] = PAGE(PART("p", "a.txt", "5"), "");
    struct machine_answer cut = GRAPH_SAYS((str){0});
    cut.lost = FAIL(NET_RESET);
    for (isize n = 0; n < COUNT(list) - 1; n++) {
        struct graph_rig *r = item_of(OUTLOOK_INBOX);
        answer(r, (struct machine_answer){.status = 200, .body = str_make(list, n)});
        CHECK_ERR(r->lane.last, GRAPH_ANSWER);
        SAYS(list);
        cut.body = str_make("hello", n % 5);
        answer(r, cut);
        SAYS("hello");
        CHECK(machine_next(&r->lane) == STEP_DONE);
        CHECK(str_ends(buf_str(&r->fetch.doc), S("\"_attachment\":\"aGVsbG8=\"")));
        CHECK_STR(graph_results(r), S("=N"));
    }
}

// Of other items the address is another one.
static void test_parts_targets(void)
{
    struct graph_rig *r = item_of(OUTLOOK_CALENDAR);
    SAYS(PAGE("", ""));
    CHECK(str_find(target(r), S("/events/M-_/attachments?$select=")) > 0);
    CHECK_STR(graph_results(r), S("=N"));
    r = item_of(OUTLOOK_TASKS);
    SAYS(PAGE(PART("p", "a.txt", "5"), ""));
    CHECK(str_ends(target(r), S("/todo/lists/list/tasks/M-_/attachments")));
    CHECK(machine_next(&r->lane) == STEP_REQUEST);
    CHECK(str_ends(target(r), S("/todo/lists/list/tasks/M-_/attachments/p/$value")));
    THEN("hello");
    CHECK_STR(graph_results(r), S("Dp =N"));
}

static str many_parts(int from, int count, const char *rest)
{
    static char text[KIB(64)];
    isize n = snprintf(text, sizeof text, "{\"value\":[");
    for (int i = 0; i < count; i++) {
        n += snprintf(text + n, sizeof text - (size_t)n, "%s{\"id\":\"%0200d\"}", i ? "," : "",
                      from + i);
    }
    n += snprintf(text + n, sizeof text - (size_t)n, "]%s}", rest);
    return str_make(text, n);
}

// More than the queue holds, and more than a page: by number, each once.
static void test_parts_overflow(void)
{
    struct graph_rig *r = item_of(OUTLOOK_INBOX);
    int parts = 0, rounds = 0;
    bool more = true;
    while (more && rounds < 20) {
        enum step step = machine_next(&r->lane);
        if (step == STEP_REQUEST) {
            isize at = str_find(target(r), S("$skip="));
            u64 skip = 0;
            CHECK(at < 0 ? parts == 0 : str_to_u64(str_from_index(target(r), at + 6), &skip));
            CHECK((int)skip == parts);
            int count = 100 - parts < 60 ? 100 - parts : 60;
            struct machine_answer a = ANSWER_STR(
                200, many_parts(parts, count, parts + count < 100 ? NEXT("/users/x/n") : ""));
            machine_finish(&r->lane, &a);
            rounds++;
            continue;
        }
        CHECK(step == STEP_DONE);
        if (r->fetch.decides < 0) {
            u64 number = 0;
            CHECK(str_to_u64(str_slice(r->fetch.id, 180, 200), &number) && (int)number == parts);
            parts++;
        }
        more = r->fetch.more;
        graph_clear_result(r);
    }
    CHECK(parts == 100 && rounds > 2 && rounds < 10);
    r = item_of(OUTLOOK_INBOX); // more of nothing
    SAYS(PAGE("", NEXT("/users/x/n")));
    CHECK_STR(graph_results(r), S("=?"));
    CHECK_ERR(r->fetch.error, GRAPH_ENDLESS);
}

static bool unchanged(void *st, str id, str timestamp)
{
    (void)st;
    return str_eq(id, S("p")) && str_eq(timestamp, S("\"2024-07-05T10:20:31Z\""));
}

static void test_parts_unchanged(void)
{
    struct graph_rig *r = item_of(OUTLOOK_INBOX);
    r->fetch.is_unchanged = unchanged;
    SAYS(PAGE(PART("p", "a.txt", "5") "," PART("q", "a.txt", "5"), ""));
    CHECK_STR(graph_results(r), S("Up ask"));
    THEN("hello");
    CHECK_STR(graph_results(r), S("Dq =N"));
}

static void test_parts_refused(void)
{
    struct graph_rig *r = item_of(OUTLOOK_INBOX); // its item went meanwhile
    answer(r, ANSWER(404, REFUSAL("ErrorItemNotFound")));
    CHECK_STR(graph_results(r), S("=N"));
    r = item_of(OUTLOOK_INBOX);
    SAYS(PAGE(PART("p", "a.txt", "5"), ""));
    answer(r, ANSWER(404, REFUSAL("ErrorItemNotFound"))); // its content did
    CHECK(machine_next(&r->lane) == STEP_DONE && r->fetch.verdict == FETCH_DOCUMENT);
    CHECK(!r->fetch.attached && str_find(buf_str(&r->fetch.doc), S("_attachment")) < 0);
    CHECK_STR(graph_results(r), S("=N"));
    r = item_of(OUTLOOK_INBOX); // an id of Graph's that it does not take is not gone
    answer(r, ANSWER(400, REFUSAL("ErrorInvalidIdMalformed")));
    CHECK_STR(graph_results(r), S("=?"));
    CHECK(r->mailbox.phase == MAILBOX_LISTING);
    r = item_of(OUTLOOK_INBOX); // one that is closed is not all of the mailbox; several are
    for (int i = 1; i <= OUTLOOK_SOME_MAX; i++) {
        struct unit unit = r->fetch.units[0];
        answer(r, ANSWER(403, REFUSAL("ErrorAccessDenied")));
        CHECK(r->mailbox.phase == (i < OUTLOOK_SOME_MAX ? MAILBOX_LISTING : MAILBOX_REFUSED));
        CHECK_STR(graph_results(r), S("=?"));
        graph_lane(r, ROOM);
        r->fetch.units[0] = unit;
        r->fetch.unit_count = 1;
    }
    r = item_of(OUTLOOK_INBOX);
    SAYS(PAGE(PART("p", "a.txt", "5") "," PART("q", "a.exe", "5"), ""));
    answer(r, ANSWER(403, REFUSAL("ErrorAccessDenied")));
    CHECK_STR(graph_results(r), S("?p Dq =N"));
    CHECK(r->mailbox.phase == MAILBOX_LISTING);
    r = item_of(OUTLOOK_INBOX); // weather costs the one attachment
    SAYS(PAGE(PART("p", "a.txt", "5") "," PART("q", "a.exe", "5"), ""));
    while (r->lane.failed == 0) {
        answer(r, ANSWER(500, ""));
    }
    CHECK_STR(graph_results(r), S("?p Dq =N"));
    CHECK(r->mailbox.phase == MAILBOX_LISTING);
}

// In the middle of a unit a lane keeps it, and the loop waits; before, it is given back.
static void test_parts_throttled(void)
{
    struct graph_rig *r = item_of(OUTLOOK_INBOX);
    SAYS(PAGE(PART("p", "a.txt", "5") "," PART("q", "b.txt", "5"), ""));
    answer(r, ANSWER(429, REFUSAL("ApplicationThrottled")));
    CHECK_STR(graph_results(r), S("back"));
    r = item_of(OUTLOOK_INBOX);
    SAYS(PAGE(PART("p", "a.exe", "5") "," PART("q", "b.txt", "5"), ""));
    CHECK_STR(graph_results(r), S("Dp ask"));
    struct machine_answer busy = ANSWER(429, REFUSAL("ApplicationThrottled"));
    machine_finish(&r->lane, &busy);
    CHECK_ERR(r->lane.last, GRAPH_THROTTLED);
    CHECK(r->lane.x.retry_at_ms == graph_box(r)->pace.pause_until_ms);
    r->lane.now_ms = graph_box(r)->pace.pause_until_ms;
    SAYS("hello");
    CHECK_STR(graph_results(r), S("Dq =N"));
}

static void test_content_too_large(void)
{
    static u8 text[KIB(600)];
    struct graph_rig *r = item_of(OUTLOOK_INBOX);
    memset(text, 'x', sizeof text);
    SAYS(PAGE(PART("p", "a.txt", "600000"), ""));
    r->grow = KIB(100);
    answer(r, GRAPH_SAYS(str_make(text, COUNT(text))));
    CHECK(r->grown > 3);
    CHECK(machine_next(&r->lane) == STEP_DONE && r->fetch.doc.n > 4 * (isize)COUNT(text) / 3);
    CHECK_STR(graph_results(r), S("=N"));
}

// Ten KiB, its list said, and there is no end to it: what is wanted at most is kept of it, and the
// buffer does not grow beyond that.
static void test_content_larger_than_said(void)
{
    enum { MIBS = 72 };
    static u8 text[MIBS * MIB(1)];
    struct graph_rig *r = item_of(OUTLOOK_INBOX);
    i64 most = r->o->settings.max_file_bytes;
    r->o->settings.max_file_bytes = KIB(100);
    memset(text, 'x', sizeof text);
    r->lane.step_bytes = KIB(16);
    SAYS(PAGE(PART("p", "a.txt", "10240"), ""));
    answer(r, GRAPH_SAYS(str_make(text, COUNT(text))));
    CHECK(r->grown == 0 && r->fetch.data.cap == ROOM);
    CHECK(r->fetch.data.n == r->fetch_state.graph.content_from);
    CHECK(machine_next(&r->lane) == STEP_DONE && r->fetch.verdict == FETCH_DOCUMENT);
    CHECK(!r->fetch.attached && str_find(buf_str(&r->fetch.doc), S("_attachment")) < 0);
    CHECK_STR(graph_results(r), S("=N"));
    r = item_of(OUTLOOK_INBOX); // as much as is wanted, to the byte
    r->o->settings.max_file_bytes = 5;
    SAYS(PAGE(PART("p", "a.txt", "1") "," PART("q", "b.txt", "1"), ""));
    SAYS("hello");
    CHECK(machine_next(&r->lane) == STEP_DONE && r->fetch.attached);
    SAYS("hello!");
    CHECK(machine_next(&r->lane) == STEP_DONE && !r->fetch.attached);
    CHECK_STR(graph_results(r), S("=N"));
    r->o->settings.max_file_bytes = most;
}

// A page of a proxy in place of the bytes, with status 200, has no number of Graph's: weather, and
// then it is not known.
static void test_content_of_a_proxy(void)
{
    struct graph_rig *r = item_of(OUTLOOK_INBOX);
    SAYS(PAGE(PART("p", "a.txt", "5"), ""));
    answer(r, ANSWER(200, "<html>Sign in</html>"));
    CHECK_ERR(r->lane.last, GRAPH_ANSWER);
    SAYS("hello");
    CHECK(machine_next(&r->lane) == STEP_DONE && r->fetch.attached);
    r = item_of(OUTLOOK_INBOX);
    SAYS(PAGE(PART("p", "a.txt", "5"), ""));
    while (r->lane.failed == 0) {
        answer(r, ANSWER_WITH(200, "request-id: \n", "<html>Sign in</html>"));
        CHECK_ERR(r->lane.last, GRAPH_ANSWER);
    }
    CHECK_STR(graph_results(r), S("?p =N"));
    CHECK(r->mailbox.phase == MAILBOX_LISTING);
    r = item_of(OUTLOOK_INBOX); // its own number, given back, does as well
    SAYS(PAGE(PART("p", "a.txt", "5"), ""));
    CHECK(machine_next(&r->lane) == STEP_REQUEST);
    u8 bytes[64];
    struct buf line = buf_over(bytes, COUNT(bytes));
    str sent = r->lane.requests[r->lane.request_count - 1].headers;
    isize at = str_find(sent, S("client-request-id: "));
    CHECK(at >= 0);
    buf_put(&line, str_slice(sent, at, at + 19 + 36));
    machine_finish(&r->lane, &(struct machine_answer){
                                 .status = 200, .headers = buf_str(&line), .body = S("hello")});
    CHECK(machine_next(&r->lane) == STEP_DONE && r->fetch.attached);
}

static const struct test_case cases[] = {
    CASE(test_parts_with_content),
    CASE(test_parts_cut_anywhere),
    CASE(test_parts_targets),
    CASE(test_parts_overflow),
    CASE(test_parts_unchanged),
    CASE(test_parts_refused),
    CASE(test_parts_throttled),
    CASE(test_content_too_large),
    CASE(test_content_larger_than_said),
    CASE(test_content_of_a_proxy),
};
TEST_MAIN(cases)
