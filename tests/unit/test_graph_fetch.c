// SPDX-License-Identifier: Apache-2.0
// source/outlook/graph_fetch, graph_page, graph_content, graph_sets: pages and attachments by hand;
// what becomes of each when answers break off, repeat, leave things out, or lie.
#include "graph_case.h"

static struct graph_set *set_of(struct graph_rig *r)
{
    return &graph_box(r)->sets[r->fetch.units[0].folder];
}

// A lane holds mails that a light listing has found.
static struct graph_rig *batch_of(int units)
{
    struct graph_rig *r = page_of(OUTLOOK_INBOX);
    graph_lane(r, ROOM);
    for (int i = 0; i < units; i++) {
        r->fetch.units[i] = (struct unit){
            .kind = EWS_KIND_MAIL, .folder = OUTLOOK_INBOX, .id = {(u8)('A' + i)}, .id_bytes = 1};
    }
    r->fetch.unit_count = units;
    r->lane.now_ms = INT64_MAX / 2; // whatever it waits for is over
    return r;
}

// ---- pages

static void test_page_of_mails(void)
{
    struct graph_rig *r = page_of(OUTLOOK_INBOX);
    SAYS(PAGE(MAIL("A", "") "," MAIL("B-_=", ""), NEXT("/users/x/messages/delta?$skiptoken=1")));
    CHECK(str_starts(target(r), S("/users/Ann%40example.test/mailFolders/inbox/messages/delta?"
                                  "$select=id,")));
    CHECK(
        has_header(r, S("Prefer: odata.maxpagesize=100, outlook.body-content-type=\"html\"\r\n")));
    CHECK(has_header(r, S("Authorization: Bearer tok\r\n")));
    CHECK(machine_next(&r->lane) == STEP_DONE && r->fetch.decides == -1 && r->fetch.more);
    CHECK_STR(r->fetch.id, S("A"));
    CHECK(str_starts(buf_str(&r->fetch.doc), S("\"title\":\"sA\",")));
    CHECK(str_find(buf_str(&r->fetch.doc), S("\"type\":\"Inbox Mails\"")) > 0);
    CHECK_STR(r->fetch.timestamp, S("\"2024-07-05T10:20:31Z\""));
    graph_spoil(&r->fetch);
    graph_clear_result(r);
    CHECK(machine_next(&r->lane) == STEP_DONE);
    CHECK_STR(r->fetch.id, S("B/+="));
    CHECK(str_starts(buf_str(&r->fetch.doc), S("\"title\":\"sB-_=\",")));
    CHECK_STR(graph_results(r), S("=N"));
    CHECK(next_page(r));
    SAYS(PAGE("", DELTA));
    CHECK_STR(target(r), S("/users/x/messages/delta?$skiptoken=1"));
    CHECK(has_header(r, S("Prefer: odata.maxpagesize=100, outlook")));
    CHECK_STR(graph_results(r), S("=N"));
    CHECK(!next_page(r) && r->mailbox.phase == MAILBOX_LISTED);
}

static void test_page_targets(void)
{
    static const struct {
        enum outlook_folder folder;
        str target, prefer;
    } rows[] = {
        {OUTLOOK_SENT, S("/mailFolders/sentitems/messages/delta?$select=id,"), S("html")},
        {OUTLOOK_JUNK, S("/mailFolders/junkemail/messages/delta?$select=id,"), S("html")},
        {OUTLOOK_ARCHIVE, S("/mailFolders/archive/messages/delta?$select=id,"), S("html")},
        {OUTLOOK_CONTACTS, S("/contacts/delta?$select=id,"), S("odata.maxpagesize=100\r\n")},
        {OUTLOOK_TASKS, S("/todo/lists/list/tasks/delta?$select=id,"), S("text")},
        {OUTLOOK_CALENDAR, S("/calendar/events?$top=100&$select=id,"),
         S("outlook.timezone=\"UTC\"")},
    };
    for (isize i = 0; i < COUNT(rows); i++) {
        struct graph_rig *r = page_of(rows[i].folder);
        SAYS(PAGE("", DELTA));
        str user = S("/users/Ann%40example.test");
        CHECK(str_starts(str_from_index(target(r), user.n), rows[i].target));
        CHECK(has_header(r, rows[i].prefer));
        CHECK_STR(graph_results(r), S("=N"));
        CHECK(!next_page(r) && r->mailbox.phase == MAILBOX_LISTED);
    }
}

// What a broken answer had brought is brought again, once, wherever it broke.
static void test_page_cut_anywhere(void)
{
    static const char whole[] = PAGE(
        MAIL("A", HAS) ",{\"id\":\"B\",\"@removed\":{\"reason\":\"x\"}}," MAIL("C", ""),
        NEXT("/users/x/n?$skiptoken=1"));
    for (isize n = 0; n < COUNT(whole) - 1; n++) {
        struct graph_rig *r = page_of(OUTLOOK_INBOX);
        answer(r, (struct machine_answer){.status = 200, .body = str_make(whole, n)});
        CHECK_ERR(r->lane.last, GRAPH_ANSWER);
        CHECK(r->mailbox.queue.count == 0 && set_of(r)->link_bytes == 0);
        answer(r, (struct machine_answer){
                      .status = 200, .body = str_make(whole, n), .lost = FAIL(NET_RESET)});
        CHECK(SAYS(whole) && r->mailbox.queue.count == 1);
        CHECK_STR(graph_results(r), S("DA DC =N"));
        CHECK(set_of(r)->state == GRAPH_SET_READY && graph_box(r)->pace.in_flight == 0);
    }
}

static void test_page_in_pieces(void)
{
    static const char whole[] = PAGE(MAIL("A", HAS) "," MAIL("C", ",\"bodyPreview\":\"}]\\\"\""),
                                     DELTA);
    for (isize step = 1; step < 70; step++) {
        struct graph_rig *r = page_of(OUTLOOK_INBOX);
        r->lane.step_bytes = step;
        SAYS(whole);
        CHECK_STR(graph_results(r), S("DA DC =N"));
        CHECK(set_of(r)->state == GRAPH_SET_DONE && r->mailbox.queue.count == 1);
    }
}

// A buffer that is too small grows, in the middle of items too, and nothing is lost.
static void test_page_grows(void)
{
    static char text[KIB(128)];
    isize n = snprintf(text, sizeof text, "{\"value\":[");
    for (int i = 0; i < 8; i++) {
        n += snprintf(text + n, sizeof text - (size_t)n,
                      "%s{\"id\":\"%d\"," MODIFIED
                      ",\"body\":{\"contentType\":\"html\",\"content\":\"<p>%0*d</p>\"}}",
                      i ? "," : "", i, 900 * i + 1, 1);
    }
    n += snprintf(text + n, sizeof text - (size_t)n, "]" DELTA "}");
    for (isize step = 0; step < 2000; step += 333) {
        struct graph_rig *r = page_of(OUTLOOK_INBOX);
        graph_place(r, KIB(17));
        r->grow = 200;
        r->lane.step_bytes = step;
        answer(r, ANSWER_STR(200, str_make(text, n)));
        CHECK(r->grown > 10);
        CHECK_STR(graph_results(r), S("D0 D1 D2 D3 D4 D5 D6 D7 =N"));
    }
}

// An item of which a change names only a part may be one that was never seen: it is read alone.
// What is gone is not named at all.
static void test_page_parts_of_items(void)
{
    struct graph_rig *r = page_of(OUTLOOK_INBOX);
    SAYS(PAGE(MAIL("A", "") ",{\"id\":\"A\",\"isRead\":true},{\"id\":\"B\",\"@removed\":{}}",
              DELTA));
    CHECK_STR(graph_results(r), S("DA =N"));
    CHECK(r->mailbox.units_listed == 1);
    CHECK(next_page(r) && !r->fetch.units[0].page && r->fetch.units[0].timestamp_bytes == 0);
    CHECK_STR(str_make(r->fetch.units[0].id, r->fetch.units[0].id_bytes), S("A"));
    SAYS("{\"responses\":[{\"id\":\"0\",\"status\":200,\"body\":" MAIL("A", "") "}]}");
    CHECK_STR(graph_results(r), S("=D"));
    CHECK(next_page(r) && r->fetch.units[0].parts); // and its attachments
    SAYS(PAGE("", ""));
    CHECK_STR(graph_results(r), S("=N"));
    CHECK(!next_page(r) && r->mailbox.phase == MAILBOX_LISTED);
    r = page_of(OUTLOOK_TASKS); // of any kind, by its own address
    SAYS(PAGE("{\"id\":\"T-\",\"title\":\"x\",\"hasAttachments\":false}", DELTA));
    CHECK_STR(graph_results(r), S("=N"));
    CHECK(next_page(r));
    SAYS("{\"responses\":[{\"id\":\"0\",\"status\":200,\"body\":{\"id\":\"T-\",\"title\":"
         "\"x\"}}]}");
    str asked = machine_body(&r->lane, r->lane.request_count - 1);
    CHECK(str_find(asked, S("/todo/lists/list/tasks/T-?$select=id,title")) > 0);
    CHECK(str_find(asked, S("content-type=\\\"text\\\"")) > 0);
    CHECK_STR(graph_results(r), S("=D"));
    CHECK(!next_page(r) && r->mailbox.phase == MAILBOX_LISTED);
    r = page_of(OUTLOOK_CONTACTS);
    SAYS(PAGE("{\"id\":\"K\"}", DELTA));
    CHECK_STR(graph_results(r), S("=N"));
    CHECK(next_page(r));
    SAYS("{\"responses\":[{\"id\":\"0\",\"status\":404,\"body\":" REFUSAL(
        "ErrorItemNotFound") "}]}");
    asked = machine_body(&r->lane, r->lane.request_count - 1);
    CHECK(str_find(asked, S("/users/Ann%40example.test/contacts/K?$select=id,")) > 0);
    CHECK_STR(graph_results(r), S("=G"));
}

// Records of tiny items take more room than the items: the largest buffer is full before the answer
// ends. What finds no room is counted, and its mailbox is not finished.
static void test_page_fills_the_largest_buffer(void)
{
    enum { ITEMS = 400000 };
    static const str item = S(",{\"id\":\"A\",\"lastModifiedDateTime\":0}");
    static u8 text[ITEMS * 36 + 256], buffer[LANE_LARGE_BYTES];
    struct buf b = buf_over(text, COUNT(text));
    struct graph_rig *r = page_of(OUTLOOK_INBOX);
    r->fetch.data = buf_over(buffer, LANE_LARGE_BYTES);
    set_of(r)->page_units = 1;
    buf_put(&b, S("{\"value\":[7"));
    for (int i = 0; i < ITEMS; i++) {
        buf_put(&b, item);
    }
    buf_put(&b, S("]" DELTA "}"));
    answer(r, ANSWER_STR(200, buf_str(&b)));
    CHECK_OK(r->lane.last);
    CHECK(graph_box(r)->bad_ids > 1);
    CHECK(r->fetch_state.graph.sum.count + graph_box(r)->bad_ids == ITEMS + 1);
}

// Ids that cannot be used: the others are read, and the mailbox is not finished.
static void test_page_bad_ids(void)
{
    static char text[KIB(2)];
    snprintf(text, sizeof text, "{\"value\":[%s,{\"id\":\"%0600d\",%s},{%s},7]%s}", MAIL("A", ""),
             1, MODIFIED, MODIFIED, DELTA);
    struct graph_rig *r = page_of(OUTLOOK_INBOX);
    SAYS(text);
    CHECK_STR(graph_results(r), S("DA =N"));
    CHECK(!next_page(r) && r->mailbox.phase == MAILBOX_FAILED);
    CHECK_ERR(r->mailbox.error, GRAPH_UNIT_ID);
    CHECK_STR(buf_str(&r->mailbox.detail), S("3 ids"));
}

// An end that is none: a delta without a link, a link elsewhere, the same link again.
static void test_page_ends(void)
{
    static const char *const bad[] = {
        "{\"value\":[]}",
        "{\"values\":[]" DELTA "}",
        "{\"value\":{}" DELTA "}",
        "<html>",
        "[]",
        "{\"value\":[],\"@odata.nextLink\":7}",
        "{\"value\":[],\"error\":{\"code\":\"ErrorInternalServerError\"}}",
    };
    for (isize i = 0; i < COUNT(bad); i++) {
        struct graph_rig *r = page_of(OUTLOOK_INBOX);
        SAYS(bad[i]);
        CHECK(err_class(r->lane.last) == ERR_CLASS_RETRY);
        SAYS(PAGE(MAIL("A", ""), DELTA));
        CHECK_STR(graph_results(r), S("DA =N"));
    }
    struct graph_rig *r = page_of(OUTLOOK_INBOX);
    SAYS("{\"value\":[],\"@odata.nextLink\":\"https://evil.test/v1.0/users\"}");
    CHECK(r->lane.failed == 1 && r->mailbox.phase == MAILBOX_FAILED);
    CHECK_ERR(r->mailbox.error, GRAPH_LINK);
    CHECK_STR(graph_results(r), S("=?"));
    r = page_of(OUTLOOK_INBOX);
    SAYS(PAGE("", NEXT("/users/x/n?a")));
    CHECK_STR(graph_results(r), S("=N"));
    CHECK(next_page(r));
    SAYS(PAGE("", NEXT("/users/x/n?a")));
    CHECK_ERR(r->mailbox.error, GRAPH_ENDLESS);
    CHECK_STR(graph_results(r), S("=?"));
}

static void test_page_of_another_request(void)
{
    struct graph_rig *r = page_of(OUTLOOK_INBOX);
    answer(r, ANSWER_WITH(200, "client-request-id: 00000000-0000-0000-0000-00000000ffff\n",
                          PAGE("", DELTA)));
    CHECK_ERR(r->lane.last, GRAPH_ANSWER);
    SAYS(PAGE(MAIL("A", ""), DELTA));
    CHECK_STR(graph_results(r), S("DA =N"));
}

// ---- what Graph forgets, refuses, or cannot do in time

static void test_page_forgotten(void)
{
    struct graph_rig *r = page_of(OUTLOOK_INBOX);
    SAYS(PAGE(MAIL("A", ""), NEXT("/users/x/n?a")));
    CHECK_STR(graph_results(r), S("DA =N"));
    for (int i = 0; i < GRAPH_RESTARTS_MAX; i++) {
        CHECK(next_page(r));
        answer(r, ANSWER(410, REFUSAL("SyncStateNotFound")));
        CHECK(r->lane.failed == 0);
        SAYS(PAGE(MAIL("A", ""), NEXT("/users/x/n?a")));
        CHECK(str_find(target(r), S("/mailFolders/inbox/messages/delta?$select=")) > 0);
        CHECK_STR(graph_results(r), S("DA =N"));
    }
    CHECK(next_page(r));
    answer(r, ANSWER(410, REFUSAL("SyncStateNotFound")));
    CHECK(r->lane.failed == 1 && r->mailbox.phase == MAILBOX_FAILED);
    CHECK_STR(graph_results(r), S("=?"));
}

// How often a batch is asked for until it ends, when its first answer is followed by `others`.
static int asked_in_vain(struct graph_rig *r, const char *first, const char *others)
{
    struct entra_token *t = &r->o->run.tokens[ENTRA_GRAPH];
    int asked = 0;
    while (asked < 100 && machine_next(&r->lane) == STEP_REQUEST) {
        THEN(asked++ ? others : first);
        if (!entra_token_is_usable(t, 0)) {
            graph_token(r);
        }
    }
    return asked;
}

// An error that one answer names is not what becomes of the others, which name nothing.
static void test_batch_never_answered(void)
{
    struct graph_rig *r = batch_of(1);
    CHECK(asked_in_vain(r,
                        "{\"responses\":[{\"id\":\"0\",\"status\":500,\"body\":" REFUSAL(
                            "ErrorInternalServerError") "}]}",
                        "{\"responses\":[]}") <= 2 * OUTLOOK_TRIES_MAX);
    CHECK(r->fetch.verdict == FETCH_UNDECIDED);
}

// The batch is answered each time, and its part takes no token.
static void test_batch_takes_no_token(void)
{
    static const char part[] = "{\"responses\":[{\"id\":\"0\",\"status\":401,\"body\":" REFUSAL(
        "InvalidAuthenticationToken") "}]}";
    struct graph_rig *r = batch_of(1);
    CHECK(asked_in_vain(r, part, part) == 4);
    CHECK(r->mailbox.phase == MAILBOX_REFUSED && r->fetch.verdict == FETCH_UNDECIDED);
    CHECK_ERR(r->mailbox.error, GRAPH_DENIED);
}

static void test_page_absent(void)
{
    struct graph_rig *r = page_of(OUTLOOK_ARCHIVE);
    answer(r, ANSWER(404, REFUSAL("ErrorItemNotFound")));
    CHECK_STR(graph_results(r), S("=N"));
    CHECK(!next_page(r) && r->mailbox.phase == MAILBOX_LISTED);
    r = page_of(OUTLOOK_ARCHIVE); // but not when it was there a moment ago
    SAYS(PAGE(MAIL("A", ""), NEXT("/users/x/n?a")));
    CHECK_STR(graph_results(r), S("DA =N"));
    CHECK(next_page(r));
    answer(r, ANSWER(404, REFUSAL("ErrorFolderNotFound")));
    CHECK_STR(graph_results(r), S("=N"));
    CHECK(!next_page(r) && r->mailbox.phase == MAILBOX_REFUSED);
    CHECK_ERR(r->mailbox.error, GRAPH_FOLDER_CLOSED);
}

// What every mailbox has is never taken for absent: nothing of it may be purged.
static void test_page_never_absent(void)
{
    static const struct {
        enum outlook_folder folder;
        int status;
        str says;
    } rows[] = {
        {OUTLOOK_INBOX, 404, S(REFUSAL("ErrorItemNotFound"))},
        {OUTLOOK_SENT, 404, S(REFUSAL("ErrorFolderNotFound"))},
        {OUTLOOK_CONTACTS, 404, S(REFUSAL("ErrorItemNotFound"))},
        {OUTLOOK_CALENDAR, 404, S(REFUSAL("ErrorItemNotFound"))},
        {OUTLOOK_ARCHIVE, 400, S(REFUSAL("ErrorInvalidIdMalformed"))},
    };
    for (isize i = 0; i < COUNT(rows); i++) {
        struct graph_rig *r = page_of(rows[i].folder);
        answer(r, (struct machine_answer){.status = rows[i].status, .body = rows[i].says});
        CHECK_STR(graph_results(r), S("=N"));
        CHECK(!next_page(r) && r->mailbox.phase == MAILBOX_REFUSED);
        CHECK_ERR(r->mailbox.error, GRAPH_FOLDER_CLOSED);
    }
}

static void test_page_refused(void)
{
    static const struct {
        int status;
        str code;
        enum mailbox_phase phase;
    } rows[] = {
        {403, S(REFUSAL("ErrorAccessDenied")), MAILBOX_REFUSED},
        {404, S(REFUSAL("MailboxNotEnabledForRESTAPI")), MAILBOX_REFUSED},
        {403, S(REFUSAL("Authorization_RequestDenied")), MAILBOX_SYSTEMIC},
        {403, S(REFUSAL("ErrorAccountSuspend")), MAILBOX_REFUSED},
    };
    for (isize i = 0; i < COUNT(rows); i++) {
        struct graph_rig *r = page_of(OUTLOOK_INBOX);
        answer(r, (struct machine_answer){.status = rows[i].status, .body = rows[i].code});
        CHECK(r->lane.failed == 1 && r->mailbox.phase == rows[i].phase);
        CHECK(str_find(buf_str(&r->mailbox.detail), S("words")) > 0);
        CHECK_STR(graph_results(r), S("=?"));
        CHECK(r->mailbox.flags_bytes == (i == 1 ? 10 : 0));
    }
}

static void test_page_smaller_after_time_outs(void)
{
    struct graph_rig *r = page_of(OUTLOOK_INBOX);
    static const str sizes[] = {S("=100, "), S("=25, "), S("=6, "), S("=1, "), S("=1, ")};
    for (isize i = 0; i < COUNT(sizes); i++) {
        answer(r, ANSWER(504, ""));
        isize at = str_find(r->lane.requests[i].headers, S("maxpagesize"));
        CHECK(str_starts(str_from_index(r->lane.requests[i].headers, at + 11), sizes[i]));
    }
    SAYS(PAGE(MAIL("A", ""), DELTA));
    CHECK_STR(graph_results(r), S("DA =N"));
    r = page_of(OUTLOOK_CALENDAR);
    answer(r, ANSWER(504, ""));
    SAYS(PAGE("", ""));
    CHECK(str_find(target(r), S("/calendar/events?$top=25&")) > 0);
}

static void test_page_token_refused(void)
{
    struct graph_rig *r = page_of(OUTLOOK_INBOX);
    answer(r, ANSWER(401, REFUSAL("InvalidAuthenticationToken")));
    CHECK(r->lane.failed == 0);
    SAYS("{\"token_type\":\"Bearer\",\"expires_in\":3599,\"access_token\":\"next\"}");
    CHECK(str_ends(target(r), S("/oauth2/v2.0/token")));
    SAYS(PAGE(MAIL("A", ""), DELTA));
    CHECK(has_header(r, S("Authorization: Bearer next\r\n")));
    CHECK_STR(graph_results(r), S("DA =N"));
    r = page_of(OUTLOOK_INBOX); // the new one too
    answer(r, ANSWER(401, REFUSAL("InvalidAuthenticationToken")));
    SAYS("{\"token_type\":\"Bearer\",\"expires_in\":3599,\"access_token\":\"next\"}");
    answer(r, ANSWER(401, REFUSAL("InvalidAuthenticationToken")));
    CHECK(r->lane.failed == 1 && r->mailbox.phase == MAILBOX_SYSTEMIC);
    CHECK_STR(graph_results(r), S("=?"));
}

// A lane that is told to wait is free for other mailboxes; the page is asked for later.
static void test_page_throttled(void)
{
    struct graph_rig *r = page_of(OUTLOOK_INBOX);
    answer(r, ANSWER_WITH(429, "Retry-After: 100\n", REFUSAL("ApplicationThrottled")));
    CHECK_OK(r->lane.last); // the loop does not hold the lane in a pause
    CHECK_STR(graph_results(r), S("back"));
    CHECK(r->lane.failed == 0 && r->fetch.data.n == 0);
    CHECK(r->lane.x.wait_until_ms == graph_box(r)->pace.pause_until_ms);
    struct unit unit = r->fetch.units[0];
    graph_lane(r, ROOM); // another lane, later
    r->fetch.units[0] = unit;
    r->fetch.unit_count = 1;
    CHECK_STR(graph_results(r), S("back"));
    r->lane.now_ms = graph_box(r)->pace.pause_until_ms;
    SAYS(PAGE(MAIL("A", ""), DELTA));
    CHECK_STR(graph_results(r), S("DA =N"));
    CHECK(graph_box(r)->pace.rounds == 0);
}

static void test_page_throttled_for_ever(void)
{
    struct graph_rig *r = page_of(OUTLOOK_INBOX);
    int rounds = 0;
    while (r->lane.failed == 0 && rounds < 100) {
        r->lane.now_ms = graph_box(r)->pace.pause_until_ms + 1;
        answer(r, ANSWER(429, REFUSAL("TooManyRequests")));
        rounds++;
        r->lane.request_count = 0;
        r->lane.text_bytes = 0;
    }
    CHECK(rounds > GRAPH_ROUNDS_MAX && rounds < GRAPH_ROUNDS_MAX + 10);
    CHECK(r->mailbox.phase == MAILBOX_FAILED);
}

// ---- room in the queue

static str many(int count, int id_bytes)
{
    static char text[KIB(256)];
    isize n = snprintf(text, sizeof text, "{\"value\":[");
    for (int i = 0; i < count; i++) {
        n += snprintf(text + n, sizeof text - (size_t)n, "%s{\"id\":\"%0*d\"," MODIFIED HAS "}",
                      i ? "," : "", id_bytes, i);
    }
    n += snprintf(text + n, sizeof text - (size_t)n, "]" NEXT("/users/x/n?a") "}");
    return str_make(text, n);
}

// A page whose mails need more room than was kept is put off; the others make way for it.
static void test_page_put_off(void)
{
    struct graph_rig *r = graph_rig_make(ROOM);
    graph_open(r);
    r->o->run.ids = GRAPH_IDS_KNOWN;
    CHECK(machine_next(&r->list) == STEP_WAIT && r->mailbox.queue.count == 4);
    CHECK(graph_take(r, ROOM) && r->fetch.units[0].folder == OUTLOOK_INBOX);
    r->grow = KIB(64);
    answer(r, ANSWER_STR(200, many(100, 512)));
    CHECK(str_starts(graph_results(r), S("D0")) && r->mailbox.queue.count == 103);
    CHECK(graph_take(r, ROOM) && r->fetch.units[0].folder == OUTLOOK_SENT);
    answer(r, ANSWER_STR(200, many(100, 512)));
    CHECK_STR(graph_results(r), S("=N"));
    CHECK(r->mailbox.queue.count == 102);
    struct graph_set *sent = &graph_box(r)->sets[OUTLOOK_SENT];
    CHECK(sent->state == GRAPH_SET_READY && sent->link_bytes == 0);
    CHECK(sent->room_bytes == 100 * (512 + UNIT_HEAD_BYTES));
    CHECK(machine_next(&r->list) == STEP_WAIT && r->mailbox.queue.count == 102);
    struct unit unit;
    while (unit_queue_pop(&r->mailbox.queue, &unit)) {
        graph_box(r)->sets[unit.folder].state = unit.parts ? graph_box(r)->sets[unit.folder].state
                                                           : GRAPH_SET_READY;
    }
    CHECK(machine_next(&r->list) == STEP_WAIT && r->mailbox.queue.count == 1);
    CHECK(graph_take(r, ROOM) && r->fetch.units[0].folder == OUTLOOK_SENT);
    answer(r, ANSWER_STR(200, many(100, 512)));
    CHECK(str_starts(graph_results(r), S("D0")) && r->mailbox.queue.count == 100);
}

// The page that follows goes before the attachments of the one that came, while those have room.
static void test_page_follows_at_once(void)
{
    struct graph_rig *r = page_of(OUTLOOK_INBOX);
    r->grow = KIB(64);
    answer(r, ANSWER_STR(200, many(3, 100)));
    CHECK(str_starts(graph_results(r), S("D0")) && r->mailbox.queue.count == 3);
    CHECK(machine_next(&r->list) == STEP_WAIT && r->mailbox.queue.count == 4);
    CHECK(graph_take(r, ROOM) && !r->fetch.units[0].parts);
    CHECK(r->fetch.units[0].folder == OUTLOOK_INBOX && set_of(r)->state == GRAPH_SET_OUT);
    CHECK(graph_take(r, ROOM) && r->fetch.units[0].parts && r->fetch.units[0].id[99] == '0');
}

// Far more than were asked for, and no room for them at all: fewer, and then it is an error.
static void test_page_never_fits(void)
{
    struct graph_rig *r = page_of(OUTLOOK_INBOX);
    r->grow = KIB(64);
    for (int i = 0; i < 3; i++) {
        answer(r, ANSWER_STR(200, many(180, 512)));
        CHECK(r->lane.failed == 0);
    }
    answer(r, ANSWER_STR(200, many(180, 512)));
    CHECK(r->lane.failed == 1 && r->mailbox.phase == MAILBOX_FAILED);
    CHECK(r->mailbox.queue.count == 0);
    CHECK_STR(graph_results(r), S("=?"));
}

// ---- calendars

#define EVENTS(a, b) PAGE(MAIL(a, "") "," MAIL(b, ""), "")

static void test_events_of_one_page(void)
{
    struct graph_rig *r = page_of(OUTLOOK_CALENDAR);
    SAYS(EVENTS("A", "B"));
    CHECK_STR(graph_results(r), S("DA DB =N"));
    CHECK(!next_page(r) && r->mailbox.phase == MAILBOX_LISTED);
}

// Two pages; what confirms them finds `ids`.
static struct graph_rig *confirm(const char *ids)
{
    struct graph_rig *r = page_of(OUTLOOK_CALENDAR);
    SAYS(PAGE(MAIL("A", "") "," MAIL("B", ""), NEXT("/users/x/calendar/events?$skip=2")));
    CHECK_STR(graph_results(r), S("DA DB =N"));
    CHECK(next_page(r));
    SAYS(PAGE(MAIL("C", ""), ""));
    CHECK_STR(graph_results(r), S("DC =N"));
    CHECK(next_page(r) && r->mailbox.phase == MAILBOX_LISTING);
    SAYS(ids);
    CHECK(str_ends(target(r), S("/calendar/events?$top=500&$select=id")));
    CHECK_STR(graph_results(r), S("=N"));
    return r;
}

static void test_events_confirmed(void)
{
    struct graph_rig *r = confirm("{\"value\":[{\"id\":\"C\"},{\"id\":\"A\"},{\"id\":\"B\"}]}");
    CHECK(!next_page(r) && r->mailbox.phase == MAILBOX_LISTED);
}

// One was skipped, or came, or went: from the beginning, a few times; then it is not finished.
static void test_events_not_confirmed(void)
{
    static const char *const others[] = {
        "{\"value\":[{\"id\":\"C\"},{\"id\":\"A\"},{\"id\":\"B\"},{\"id\":\"D\"}]}",
        "{\"value\":[{\"id\":\"C\"},{\"id\":\"A\"}]}",
        "{\"value\":[{\"id\":\"C\"},{\"id\":\"A\"},{\"id\":\"D\"}]}",
        "{\"value\":[{\"id\":\"C\"},{\"id\":\"A\"},{\"id\":\"A\"}]}",
        "{\"value\":[]}",
    };
    for (isize i = 0; i < COUNT(others); i++) {
        struct graph_rig *r = confirm(others[i]);
        CHECK(next_page(r));
        SAYS(PAGE(MAIL("A", ""), ""));
        CHECK(str_find(target(r), S("/calendar/events?$top=100&$select=id,")) > 0);
        CHECK_STR(graph_results(r), S("DA =N"));
        CHECK(!next_page(r) && r->mailbox.phase == MAILBOX_LISTED);
    }
    struct graph_rig *r = confirm(others[0]);
    for (int i = 0; i < GRAPH_RESTARTS_MAX; i++) {
        CHECK(next_page(r));
        SAYS(PAGE(MAIL("A", ""), NEXT("/users/x/calendar/events?$skip=2")));
        CHECK_STR(graph_results(r), S("DA =N"));
        CHECK(next_page(r));
        SAYS(PAGE("", ""));
        CHECK_STR(graph_results(r), S("=N"));
        CHECK(next_page(r));
        SAYS(others[0]);
        CHECK_STR(graph_results(r), i + 1 < GRAPH_RESTARTS_MAX ? S("=N") : S("=?"));
    }
    CHECK_ERR(r->fetch.error, GRAPH_UNSTABLE);
    CHECK(!next_page(r) && r->mailbox.phase == MAILBOX_LISTED); // partly: of undecided units
}

// Where Graph refuses a delta, plain pages take its place, and are confirmed as events are.
static void test_page_without_delta(void)
{
    struct graph_rig *r = page_of(OUTLOOK_CONTACTS);
    answer(r, ANSWER(400, REFUSAL("BadRequest")));
    CHECK(r->lane.failed == 0);
    SAYS(PAGE(MAIL("A", ""), NEXT("/users/x/contacts?$skip=1")));
    CHECK(str_find(target(r), S("/contacts?$top=100&$select=id,")) > 0);
    CHECK_STR(graph_results(r), S("DA =N"));
    CHECK(next_page(r));
    SAYS(PAGE(MAIL("B", ""), ""));
    CHECK_STR(graph_results(r), S("DB =N"));
    CHECK(next_page(r));
    SAYS("{\"value\":[{\"id\":\"B\"},{\"id\":\"A\"}]}");
    CHECK(str_ends(target(r), S("/contacts?$top=500&$select=id")));
    CHECK_STR(graph_results(r), S("=N"));
    CHECK(!next_page(r) && r->mailbox.phase == MAILBOX_LISTED);
    r = page_of(OUTLOOK_CONTACTS); // refused too
    answer(r, ANSWER(400, REFUSAL("BadRequest")));
    answer(r, ANSWER(400, REFUSAL("BadRequest")));
    CHECK(r->lane.failed == 1 && r->mailbox.phase == MAILBOX_FAILED);
    CHECK_STR(graph_results(r), S("=?"));
}

// ---- many at a time

static void test_in_flight(void)
{
    struct graph_rig *r = page_of(OUTLOOK_INBOX);
    graph_box(r)->pace.in_flight = GRAPH_IN_FLIGHT;
    CHECK_STR(graph_results(r), S("back"));
    graph_box(r)->pace.in_flight--;
    SAYS(PAGE("", DELTA));
    CHECK(graph_box(r)->pace.in_flight == GRAPH_IN_FLIGHT - 1);
}

static void test_mailbox_refused_meanwhile(void)
{
    struct graph_rig *r = page_of(OUTLOOK_INBOX);
    SAYS(PAGE(MAIL("A", "") "," MAIL("B", ""), DELTA));
    graph_clear_result(r);
    CHECK(machine_next(&r->lane) == STEP_DONE);
    r->mailbox.phase = MAILBOX_REFUSED;
    CHECK_STR(graph_results(r), S("DB =N")); // what is there is handed over
    r = page_of(OUTLOOK_INBOX);
    r->mailbox.phase = MAILBOX_REFUSED;
    CHECK_STR(graph_results(r), S("=?"));
}

static const struct test_case cases[] = {
    CASE(test_page_of_mails),
    CASE(test_page_targets),
    CASE(test_page_cut_anywhere),
    CASE(test_page_in_pieces),
    CASE(test_page_grows),
    CASE(test_page_parts_of_items),
    CASE(test_page_bad_ids),
    CASE(test_page_ends),
    CASE(test_page_of_another_request),
    CASE(test_page_forgotten),
    CASE(test_page_fills_the_largest_buffer),
    CASE(test_batch_never_answered),
    CASE(test_batch_takes_no_token),
    CASE(test_page_absent),
    CASE(test_page_never_absent),
    CASE(test_page_refused),
    CASE(test_page_smaller_after_time_outs),
    CASE(test_page_token_refused),
    CASE(test_page_throttled),
    CASE(test_page_throttled_for_ever),
    CASE(test_page_put_off),
    CASE(test_page_follows_at_once),
    CASE(test_page_never_fits),
    CASE(test_events_of_one_page),
    CASE(test_events_confirmed),
    CASE(test_events_not_confirmed),
    CASE(test_page_without_delta),
    CASE(test_in_flight),
    CASE(test_mailbox_refused_meanwhile),
};
TEST_MAIN(cases)
