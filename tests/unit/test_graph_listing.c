// SPDX-License-Identifier: Apache-2.0
// source/outlook/graph_listing, graph_sets, graph_ids: what a mailbox of Exchange Online has, in
// what order its pages become units, when it is listed, and whether its ids are compared.
#include "graph_rig.h"

enum { ROOM = KIB(256) };

#define CALENDAR(id, rest) "{\"id\":\"" id "\",\"name\":\"" id "\"" rest "}"
#define OWNER(a) ",\"owner\":{\"name\":\"x\",\"address\":\"" a "\"}"
#define FIRST CALENDAR("first", ",\"isDefaultCalendar\":true,\"canEdit\":true" OWNER("Ann@x.test"))
#define LISTS                                                            \
    PAGE("{\"id\":\"flagged\",\"wellknownListName\":\"flaggedEmails\"}," \
         "{\"id\":\"ta-sk=\",\"wellknownListName\":\"defaultList\"},"    \
         "{\"id\":\"more\",\"wellknownListName\":\"none\"}",             \
         "")

static struct graph_rig *mailbox(void)
{
    return graph_rig_make(ROOM);
}

static bool answer(struct graph_rig *r, struct machine_answer a)
{
    enum step step = machine_next(&r->list);
    CHECK(step == STEP_REQUEST);
    if (step == STEP_REQUEST) {
        machine_finish(&r->list, &a);
    }
    return step == STEP_REQUEST;
}

#define SAYS(text) answer(r, ANSWER_STR(200, str_from(text)))

static str target(const struct graph_rig *r)
{
    return machine_target(&r->list, r->list.request_count - 1);
}

// Lanes answer every page that is staged with `page`, until nothing is staged any more. The
// targets, cut before "?", one a line.
static str read_all(struct graph_rig *r, const char *page)
{
    static u8 bytes[KIB(8)];
    struct buf b = buf_over(bytes, COUNT(bytes));
    for (int i = 0; i < 100; i++) {
        (void)machine_next(&r->list);
        if (!graph_take(r, ROOM)) {
            break;
        }
        CHECK(machine_next(&r->lane) == STEP_REQUEST);
        struct machine_answer a = ANSWER_STR(200, str_from(page));
        machine_finish(&r->lane, &a);
        str head;
        bool found;
        (void)str_cut(machine_target(&r->lane, 0), '?', &head, &found);
        buf_put(&b, str_from_index(head, S("/users/Ann%40example.test").n));
        buf_put_byte(&b, '\n');
        CHECK(str_ends(graph_results(r), S("=N")));
    }
    return buf_str(&b);
}

static void test_listing_whole(void)
{
    for (isize step = 0; step < 40; step += 3) {
        struct graph_rig *r = mailbox();
        r->list.step_bytes = step;
        SAYS(PAGE(FIRST "," CALENDAR("c-1=", OWNER("ANN@x.test")) "," CALENDAR("c2", ""), ""));
        CHECK_STR(target(r), S("/users/Ann%40example.test/calendars?$top=100"));
        SAYS(LISTS);
        CHECK_STR(target(r), S("/users/Ann%40example.test/todo/lists?$top=100"));
        CHECK_STR(read_all(r, PAGE("", DELTA)),
                  S("/mailFolders/inbox/messages/delta\n/mailFolders/sentitems/messages/delta\n"
                    "/mailFolders/junkemail/messages/delta\n/mailFolders/archive/messages/delta\n"
                    "/contacts/delta\n/todo/lists/ta-sk%3D/tasks/delta\n/calendar/events\n"
                    "/calendars/c-1%3D/events\n/calendars/c2/events\n"));
        CHECK(r->mailbox.phase == MAILBOX_LISTED && !r->source.purge_held);
        CHECK(graph_box(r)->pace.in_flight == 0);
    }
}

// The names of folders, for the extended form. Those that are not there have none.
static void test_listing_names(void)
{
    struct graph_rig *r = mailbox();
    r->o->settings.extended = true;
    SAYS(PAGE("{\"id\":\"first\",\"name\":\"Kalender\",\"isDefaultCalendar\":true},"
              "{\"id\":\"c1\",\"name\":\"Te\\u00e4m\"}",
              ""));
    SAYS(
        PAGE("{\"id\":\"t\",\"wellknownListName\":\"defaultList\",\"displayName\":\"Tasks\"}", ""));
    CHECK(r->mailbox.queue.count == 0);
    SAYS("{\"id\":\"x\",\"displayName\":\"Posteingang\"}");
    CHECK_STR(target(r), S("/users/Ann%40example.test/mailFolders/inbox?$select=displayName"));
    answer(r, ANSWER(200, "{\"id\":")); // broken off: once more
    CHECK_ERR(r->list.last, GRAPH_ANSWER);
    SAYS("{\"displayName\":\"Gesendet\"}");
    answer(r, ANSWER(404, REFUSAL("ErrorItemNotFound")));
    SAYS("{\"displayName\":null}");
    CHECK_STR(target(r), S("/users/Ann%40example.test/mailFolders/archive?$select=displayName"));
    SAYS(PAGE("{\"id\":\"k\",\"parentFolderId\":\"f=\"}", ""));
    CHECK_STR(target(r), S("/users/Ann%40example.test/contacts?$top=1&$select=parentFolderId"));
    SAYS("{\"displayName\":\"Kontakte\"}");
    CHECK_STR(target(r), S("/users/Ann%40example.test/contactFolders/f%3D?$select=displayName"));
    static const char *const names[] = {"Posteingang", "Gesendet", "",        "",
                                        "Kontakte",    "Tasks",    "Kalender"};
    for (u8 i = 0; i < COUNT(names); i++) {
        struct outlook_place place = graph_sets_place(&r->mailbox, i);
        CHECK_STR(place.folder, str_from(names[i]));
        CHECK(place.above.n == 0 && str_eq(place.mailbox, S("Ann@example.test")));
    }
    struct outlook_place below = graph_sets_place(&r->mailbox, OUTLOOK_CHILD_CALENDARS);
    CHECK_STR(below.above, S("Kalender"));
    CHECK_STR(below.folder, S("Te\xc3\xa4m"));
    CHECK(str_ends(read_all(r, PAGE("", DELTA)), S("/calendar/events\n/calendars/c1/events\n")));
    CHECK(r->mailbox.phase == MAILBOX_LISTED);
    r = mailbox(); // no contacts, and a mailbox that is closed in between
    SAYS(PAGE(FIRST, ""));
    SAYS(PAGE("", ""));
    for (int i = 0; i < 4; i++) {
        SAYS("{}");
    }
    SAYS(PAGE("", ""));
    CHECK(graph_box(r)->step == GRAPH_LIST_SETS);
    r = mailbox();
    SAYS(PAGE(FIRST, ""));
    SAYS(PAGE("", ""));
    answer(r, ANSWER(403, REFUSAL("ErrorAccessDenied")));
    CHECK(r->mailbox.phase == MAILBOX_REFUSED);
    r->o->settings.extended = false;
}

// Calendars of other people are theirs, birthdays are contacts.
static void test_listing_other_calendars(void)
{
    struct graph_rig *r = mailbox();
    SAYS(PAGE(CALENDAR("c1", OWNER("bob@x.test")) "," FIRST "," CALENDAR(
                  "Birthdays",
                  ",\"canEdit\":false" OWNER(
                      "ann@x.test")) "," CALENDAR("c2", ",\"canEdit\":false" OWNER("ann@x.test")),
              ""));
    SAYS(PAGE("", ""));
    str seen = read_all(r, PAGE("", DELTA));
    CHECK(str_ends(seen, S("/contacts/delta\n/calendar/events\n/calendars/c2/events\n")));
    CHECK(r->mailbox.phase == MAILBOX_LISTED);
}

static void test_listing_pages_of_calendars(void)
{
    struct graph_rig *r = mailbox();
    SAYS(PAGE(CALENDAR("c1", ""), NEXT("/users/x/calendars?$skip=1")));
    answer(r, (struct machine_answer){.status = 200, // broken: forgotten
                                      .body = S("{\"value\":[" CALENDAR("c2", "") "]"),
                                      .lost = FAIL(NET_RESET)});
    CHECK_STR(target(r), S("/users/x/calendars?$skip=1"));
    SAYS(PAGE(CALENDAR("c2", ""), ""));
    SAYS(PAGE("", ""));
    str seen = read_all(r, PAGE("", DELTA));
    CHECK(str_ends(seen, S("/calendars/c1/events\n/calendars/c2/events\n")));
    r = mailbox();
    SAYS(PAGE("", NEXT("/users/x/calendars?a")));
    SAYS(PAGE("", NEXT("/users/x/calendars?a")));
    CHECK(r->mailbox.phase == MAILBOX_FAILED);
    CHECK_ERR(r->mailbox.error, GRAPH_ENDLESS);
}

static void test_listing_cut_anywhere(void)
{
    static const char whole[] = PAGE(FIRST "," CALENDAR("c1", ""), "");
    for (isize n = 0; n < COUNT(whole) - 1; n++) {
        struct graph_rig *r = mailbox();
        answer(r, (struct machine_answer){.status = 200, .body = str_make(whole, n)});
        CHECK_ERR(r->list.last, GRAPH_ANSWER);
        SAYS(whole);
        SAYS(PAGE("", ""));
        CHECK(str_ends(read_all(r, PAGE("", DELTA)), S("events\n/calendars/c1/events\n")));
    }
}

static void test_listing_too_many_calendars(void)
{
    static char text[KIB(64)];
    struct graph_rig *r = mailbox();
    isize n = snprintf(text, sizeof text, "{\"value\":[");
    for (int i = 0; i < 60; i++) {
        n += snprintf(text + n, sizeof text - (size_t)n, "%s{\"id\":\"%0152d\"}", i ? "," : "", i);
    }
    snprintf(text + n, sizeof text - (size_t)n, "]}");
    SAYS(text);
    CHECK(r->mailbox.phase == MAILBOX_FAILED);
    CHECK_ERR(r->mailbox.error, GRAPH_CALENDARS);
}

static void test_listing_refused(void)
{
    static const struct {
        int status;
        str code;
        enum mailbox_phase phase;
    } rows[] = {
        {404, S(REFUSAL("MailboxNotEnabledForRESTAPI")), MAILBOX_REFUSED},
        {404, S(REFUSAL("ErrorNonExistentMailbox")), MAILBOX_REFUSED},
        {403, S(REFUSAL("ErrorAccessDenied")), MAILBOX_REFUSED},
        {403, S(REFUSAL("Authorization_RequestDenied")), MAILBOX_SYSTEMIC},
        {404, S("<html>"), MAILBOX_REFUSED},
    };
    for (isize i = 0; i < COUNT(rows); i++) {
        struct graph_rig *r = mailbox();
        answer(r, (struct machine_answer){.status = rows[i].status, .body = rows[i].code});
        CHECK(r->mailbox.phase == rows[i].phase && r->mailbox.queue.count == 0);
        CHECK(machine_next(&r->list) == STEP_FAILED);
        CHECK_STR(str_make(r->mailbox.flags, r->mailbox.flags_bytes),
                  i < 2 ? S("no mailbox") : S(""));
    }
}

// A mailbox that takes no token while others take them: the requests for tokens end.
static void test_listing_takes_no_token(void)
{
    struct graph_rig *r = mailbox();
    struct entra_token *t = &r->o->run.tokens[ENTRA_GRAPH];
    int asked = 0;
    for (; asked < 50 && outlook_mailbox_is_readable(&r->mailbox); asked++) {
        answer(r, ANSWER(401, REFUSAL("InvalidAuthenticationToken")));
        graph_token(r);
        entra_token_accept(t, t->generation);
    }
    CHECK(asked == 4 && r->mailbox.phase == MAILBOX_REFUSED);
    CHECK_ERR(r->mailbox.error, GRAPH_DENIED);
    r = mailbox(); // without the others in between, when its calendars were given
    SAYS(PAGE(FIRST, ""));
    answer(r, ANSWER(401, REFUSAL("UnknownError")));
    graph_token(r);
    answer(r, ANSWER(401, REFUSAL("UnknownError")));
    CHECK(r->mailbox.phase == MAILBOX_REFUSED);
    CHECK_ERR(r->mailbox.error, GRAPH_DENIED);
    r = mailbox(); // nothing was ever given
    answer(r, ANSWER(401, REFUSAL("InvalidAuthenticationToken")));
    graph_token(r);
    answer(r, ANSWER(401, REFUSAL("InvalidAuthenticationToken")));
    CHECK(r->mailbox.phase == MAILBOX_SYSTEMIC);
    CHECK_ERR(r->mailbox.error, ENTRA_REVOKED);
}

// The same of one mailbox after another, while none works, is everybody's.
// By EWS too: the file of the federated token has gone meanwhile.
static void test_listing_without_token_file(void)
{
    static const struct entra_identity gone = {.token_folder_fd = -1, .token_name = "token"};
    for (int i = 0; i < 2; i++) {
        struct graph_rig *r = mailbox();
        r->o->run.way = i ? OUTLOOK_WAY_CLOUD_EWS : OUTLOOK_WAY_GRAPH;
        r->o->run.account.identity = &gone;
        r->o->run.account.proof = ENTRA_PROOF_FILE;
        r->o->run.tokens[ENTRA_GRAPH].bytes = 0;
        CHECK(machine_next(&r->list) == STEP_FAILED);
        CHECK(r->mailbox.phase == MAILBOX_SYSTEMIC);
        CHECK_ERR(r->mailbox.error, ENTRA_TOKEN_FILE);
    }
}

// Whatever keeps a token from being asked for is said, not what might have.
static void test_listing_cannot_ask_for_token(void)
{
    static u8 secret[ENTRA_REQUEST_BYTES];
    memset(secret, 'x', sizeof secret);
    struct graph_rig *r = mailbox();
    r->o->run.account.secret = str_make(secret, COUNT(secret));
    r->o->run.tokens[ENTRA_GRAPH].bytes = 0;
    CHECK(machine_next(&r->list) == STEP_FAILED);
    CHECK_ERR(r->mailbox.error, BUF_FULL);
}

// A renewal that fails, or cannot even be tried, harms nobody while the old token lives.
static void test_listing_renewal_fails(void)
{
    struct graph_rig *r = mailbox();
    struct entra_token *t = &r->o->run.tokens[ENTRA_GRAPH];
    i64 now_ms = os_mono_ms();
    r->list.now_ms = t->renew_ms = now_ms;
    t->expires_ms = now_ms + 200000;
    answer(r, ANSWER(401, "{\"error\":\"invalid_client\",\"error_codes\":[7000222]}"));
    CHECK(str_find(target(r), S("/oauth2/v2.0/token")) > 0);
    CHECK(r->list.failed == 1 && r->mailbox.phase == MAILBOX_LISTING);
    SAYS(PAGE(FIRST, "")); // with the old one
    CHECK_STR(target(r), S("/users/Ann%40example.test/calendars?$top=100"));
    r->list.now_ms = now_ms + 2 * ENTRA_RETRY_MS; // once more
    CHECK(machine_next(&r->list) == STEP_REQUEST);
    CHECK(str_find(target(r), S("/oauth2/v2.0/token")) > 0);
    machine_finish(&r->list, &ANSWER(200, "<html>"));
    CHECK_ERR(r->list.last, ENTRA_ANSWER);
    r->source.ops->mailbox_close(r->o, &r->mailbox);
    r = mailbox(); // the end of it
    t->renew_ms = t->expires_ms = os_mono_ms();
    r->list.now_ms = os_mono_ms() + 1;
    answer(r, ANSWER(401, "{\"error\":\"invalid_client\",\"error_codes\":[7000222]}"));
    CHECK(r->mailbox.phase == MAILBOX_SYSTEMIC);
    CHECK_ERR(r->mailbox.error, ENTRA_SECRET_EXPIRED);
    static const struct entra_identity gone = {.token_folder_fd = -1, .token_name = "token"};
    r = mailbox();
    r->o->run.account.identity = &gone;
    r->o->run.account.proof = ENTRA_PROOF_FILE;
    r->list.now_ms = t->renew_ms = os_mono_ms();
    t->expires_ms = t->renew_ms + 200000;
    SAYS(PAGE(FIRST, ""));
    CHECK_STR(target(r), S("/users/Ann%40example.test/calendars?$top=100"));
}

static void test_listing_all_refused(void)
{
    struct graph_rig *r = mailbox();
    for (int i = 0; i < OUTLOOK_SOME_MAX; i++) {
        graph_mailbox(r);
        answer(r, ANSWER(403, REFUSAL("ErrorAccessDenied")));
        CHECK(r->mailbox.phase == (i + 1 < OUTLOOK_SOME_MAX ? MAILBOX_REFUSED : MAILBOX_SYSTEMIC));
    }
    r = mailbox();
    SAYS(PAGE(FIRST, ""));
    for (int i = 0; i < OUTLOOK_SOME_MAX; i++) {
        graph_mailbox(r);
        answer(r, ANSWER(403, REFUSAL("ErrorAccessDenied")));
        CHECK(r->mailbox.phase == MAILBOX_REFUSED);
    }
}

static void test_listing_throttled(void)
{
    struct graph_rig *r = mailbox();
    answer(r, ANSWER_WITH(429, "Retry-After: 100\n", REFUSAL("ApplicationThrottled")));
    CHECK_OK(r->list.last);
    CHECK(machine_next(&r->list) == STEP_WAIT);
    CHECK(r->list.x.wait_until_ms == graph_box(r)->pace.pause_until_ms);
    r->list.now_ms = graph_box(r)->pace.pause_until_ms;
    SAYS(PAGE(FIRST, ""));
    SAYS(PAGE("", ""));
}

static void test_listing_throttled_for_ever(void)
{
    struct graph_rig *r = mailbox();
    int rounds = 0;
    while (r->list.failed == 0 && rounds < 100) {
        r->list.now_ms = graph_box(r)->pace.pause_until_ms + 1;
        answer(r, ANSWER(429, REFUSAL("TooManyRequests")));
        rounds++;
        r->list.request_count = 0;
        r->list.text_bytes = 0;
    }
    CHECK(rounds > GRAPH_ROUNDS_MAX && rounds < GRAPH_ROUNDS_MAX + 10);
    CHECK(r->mailbox.phase == MAILBOX_FAILED);
}

// A mailbox without tasks, in either way.
static void test_listing_no_tasks(void)
{
    struct graph_rig *r = mailbox();
    SAYS(PAGE(FIRST, ""));
    answer(r, ANSWER(404, REFUSAL("ErrorItemNotFound")));
    CHECK(str_find(read_all(r, PAGE("", DELTA)), S("tasks")) < 0);
    CHECK(r->mailbox.phase == MAILBOX_LISTED);
}

// Lists, and none of them is known as the one that Outlook shows: its tasks are not gone.
static void test_listing_no_default_list(void)
{
    struct graph_rig *r = mailbox();
    SAYS(PAGE(FIRST, ""));
    SAYS(PAGE("{\"id\":\"a\",\"wellknownListName\":\"none\"}", ""));
    CHECK(str_find(read_all(r, PAGE("", DELTA)), S("tasks")) < 0);
    CHECK(r->mailbox.phase == MAILBOX_REFUSED);
    CHECK_ERR(r->mailbox.error, GRAPH_FOLDER_CLOSED);
}

// ---- ids

#define SAME(id) "{\"sourceId\":\"" id "\",\"targetId\":\"" id "\"}"

// Has read its collections, with these mails in each; then it wants to compare.
static struct graph_rig *sampled(const char *page)
{
    struct graph_rig *r = mailbox();
    SAYS(PAGE(FIRST, ""));
    SAYS(PAGE("", ""));
    for (int i = 0; i < 6; i++) { // one after another, so that the last one asks
        (void)machine_next(&r->list);
        CHECK(graph_take(r, ROOM) && machine_next(&r->lane) == STEP_REQUEST);
        struct machine_answer a = ANSWER_STR(200, str_from(page));
        machine_finish(&r->lane, &a);
        CHECK(str_ends(graph_results(r), S("=N")));
    }
    CHECK(r->mailbox.phase == MAILBOX_LISTING);
    return r;
}

static void test_ids_same(void)
{
    struct graph_rig *r = sampled(PAGE(MAIL("A-_=", ""), DELTA));
    SAYS(PAGE(SAME("A-_=") "," SAME("A/+=") ",{\"sourceId\":\"A-_=\",\"targetId\":\"A/+=\"}," SAME(
                  "A-_=") "," SAME("A-_=") "," SAME("A-_="),
              ""));
    CHECK_STR(machine_method(&r->list, r->list.request_count - 1), S("POST"));
    CHECK_STR(target(r), S("/users/Ann%40example.test/translateExchangeIds"));
    CHECK_STR(machine_body(&r->list, r->list.request_count - 1),
              S("{\"inputIds\":[\"A-_=\",\"A-_=\",\"A-_=\",\"A-_=\",\"A-_=\",\"A-_=\"],"
                "\"sourceIdType\":\"restId\",\"targetIdType\":\"ewsId\"}"));
    CHECK(machine_next(&r->list) == STEP_WAIT && r->mailbox.phase == MAILBOX_LISTED);
    CHECK(!r->source.purge_held);
}

static void test_ids_differ(void)
{
    static const char *const answers[] = {
        PAGE("{\"sourceId\":\"A\",\"targetId\":\"B\"}," SAME("A") "," SAME("A") "," SAME(
                 "A") "," SAME("A") "," SAME("A"),
             ""),
        PAGE(SAME("A"), ""),
        PAGE(SAME("B") "," SAME("B") "," SAME("B") "," SAME("B") "," SAME("B") "," SAME("B"), ""),
        PAGE("7,7,7,7,7,7", ""),
        PAGE("", ""),
    };
    for (isize i = 0; i < COUNT(answers); i++) {
        struct graph_rig *r = sampled(PAGE(MAIL("A", ""), DELTA));
        SAYS(answers[i]);
        CHECK(machine_next(&r->list) == STEP_WAIT && r->mailbox.phase == MAILBOX_LISTED);
        CHECK(r->source.purge_held && r->o->run.ids == GRAPH_IDS_KNOWN);
    }
}

static void test_ids_refused(void)
{
    struct graph_rig *r = sampled(PAGE(MAIL("A", ""), DELTA));
    answer(r, ANSWER(403, REFUSAL("ErrorAccessDenied")));
    CHECK(machine_next(&r->list) == STEP_WAIT && r->mailbox.phase == MAILBOX_LISTED);
    CHECK(r->source.purge_held);
    r = sampled(PAGE(MAIL("A", ""), DELTA));
    while (r->list.failed == 0) {
        answer(r, ANSWER(200, "<html>"));
    }
    CHECK(machine_next(&r->list) == STEP_WAIT && r->mailbox.phase == MAILBOX_LISTED);
    CHECK(r->source.purge_held);
}

// A mailbox with ids does not end before somebody's answer: whoever asks may never get one.
static void test_ids_asked_elsewhere(void)
{
    struct graph_rig *r = sampled(PAGE(MAIL("A", ""), DELTA));
    r->o->run.ids = GRAPH_IDS_ASKED;
    CHECK(machine_next(&r->list) == STEP_WAIT && r->mailbox.phase == MAILBOX_LISTING);
    r->o->run.ids = GRAPH_IDS_UNKNOWN;
    CHECK(machine_next(&r->list) == STEP_REQUEST && r->o->run.ids == GRAPH_IDS_ASKED);
    r = sampled(PAGE(MAIL("A", ""), DELTA));
    r->o->run.ids = GRAPH_IDS_KNOWN;
    CHECK(machine_next(&r->list) == STEP_WAIT && r->mailbox.phase == MAILBOX_LISTED);
}

// Once in a run; a mailbox that is closed while it asks leaves it to another one.
static void test_ids_once(void)
{
    struct graph_rig *r = sampled(PAGE(MAIL("A", ""), DELTA));
    CHECK(machine_next(&r->list) == STEP_REQUEST && r->o->run.ids == GRAPH_IDS_ASKED);
    r->mailbox.phase = MAILBOX_REFUSED;
    r->source.ops->mailbox_close(r->o, &r->mailbox);
    CHECK(r->o->run.ids == GRAPH_IDS_UNKNOWN && graph_box(r)->pace.in_flight == 0);
    graph_mailbox(r);
    r->o->run.ids = GRAPH_IDS_KNOWN;
    SAYS(PAGE(FIRST, ""));
    SAYS(PAGE("", ""));
    (void)read_all(r, PAGE(MAIL("A", ""), DELTA));
    CHECK(r->mailbox.phase == MAILBOX_LISTED);
}

static const struct test_case cases[] = {
    CASE(test_listing_whole),
    CASE(test_listing_names),
    CASE(test_listing_other_calendars),
    CASE(test_listing_pages_of_calendars),
    CASE(test_listing_cut_anywhere),
    CASE(test_listing_too_many_calendars),
    CASE(test_listing_refused),
    CASE(test_listing_takes_no_token),
    CASE(test_listing_without_token_file),
    CASE(test_listing_cannot_ask_for_token),
    CASE(test_listing_renewal_fails),
    CASE(test_listing_all_refused),
    CASE(test_listing_throttled),
    CASE(test_listing_throttled_for_ever),
    CASE(test_listing_no_tasks),
    CASE(test_listing_no_default_list),
    CASE(test_ids_same),
    CASE(test_ids_differ),
    CASE(test_ids_refused),
    CASE(test_ids_asked_elsewhere),
    CASE(test_ids_once),
};
TEST_MAIN(cases)
