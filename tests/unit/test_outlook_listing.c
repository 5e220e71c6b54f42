// SPDX-License-Identifier: Apache-2.0
// source/outlook/outlook_listing and outlook_folders: which folders there are, and their pages; and
// above all that nothing counts as listed that was not looked at.
#include "outlook_pages.h"

static void test_listing_pages(void)
{
    struct rig *r = inbox();
    then(r, PAGE("H4s=", "false",
                 CREATE(ITEM(
                     "A",
                     "<t:LastModifiedTime>2024-07-05T10:20:31Z</t:LastModifiedTime>"
                     "<t:Size>77</t:Size><t:HasAttachments>true</t:HasAttachments>")) "<t:Delete><"
                                                                                      "t:ItemId "
                                                                                      "Id=\"D\"/></"
                                                                                      "t:Delete>"));
    CHECK(r->mailbox.queue.count == 1);
    str body = PLAY(r, PAGE("H5s=", "true", CREATE(ITEM("B", "")) CREATE("<t:Task/>")));
    CHECK_STR(body, S(""));
    CHECK(asks(machine_body(&r->list, r->list.request_count - 1), "<m:SyncState>H4s=<"));
    CHECK(r->mailbox.phase == MAILBOX_LISTED && r->mailbox.units_listed == 2);
    struct unit u;
    CHECK(unit_queue_pop(&r->mailbox.queue, &u) && u.parts && u.bytes == 77);
    CHECK_STR(str_make(u.timestamp, u.timestamp_bytes), S("\"2024-07-05T10:20:31Z\""));
    CHECK(unit_queue_pop(&r->mailbox.queue, &u) && u.id[0] == 'B' && !u.parts);
    CHECK(rig_readers_used(r) == 0);
}

// ---- states that outlive the run

static struct {
    const char *inbox; // what the last run has left of it; NULL: nothing
    int reads, keeps;
    u8 bytes[64];
    struct buf kept;
} states;

static bool states_read(void *st, str mailbox, str folder, struct buf *out)
{
    (void)st;
    states.reads++;
    CHECK(mailbox.n > 0);
    CHECK_STR(folder, S("ews/inbox"));
    buf_put(out, str_from(states.inbox));
    return states.inbox != NULL;
}

static void states_keep(void *st, str mailbox, str folder, str state)
{
    (void)st;
    CHECK(mailbox.n > 0);
    CHECK_STR(folder, S("ews/inbox"));
    states.keeps++;
    buf_put(&states.kept, state);
}

static struct rig *inbox_with(const char *state)
{
    static const struct source_states hooks = {.read = states_read, .keep = states_keep};
    struct rig *r = rig_make(KIB(256));
    states.inbox = state;
    states.reads = states.keeps = 0;
    states.kept = buf_over(states.bytes, COUNT(states.bytes));
    r->source.states = &hooks;
    str body = PLAY(r, INBOX_ONLY, NO_ARCHIVE);
    CHECK(asks(body, "<m:SyncFolderItems>") && states.reads == 1);
    return r;
}

#define GONE(id) "<t:Delete><t:ItemId Id=\"" id "\"/></t:Delete>"
#define READ_FLAG \
    "<t:ReadFlagChange><t:ItemId Id=\"R\"/><t:IsRead>true</t:IsRead></t:ReadFlagChange>"

static void test_listing_goes_on_from_a_state(void)
{
    struct rig *r = inbox_with("H4s=");
    struct unit u;
    CHECK(asks(machine_body(&r->list, r->list.request_count - 1), "<m:SyncState>H4s=<"));
    then(r, PAGE("H5s=", "false", CREATE(ITEM("A", "")) GONE("D") READ_FLAG));
    CHECK(machine_next(&r->list) == STEP_REQUEST && states.keeps == 0);
    then(r, PAGE("H6s=", "true", GONE("E")));
    CHECK(machine_next(&r->list) == STEP_WAIT && r->mailbox.phase == MAILBOX_LISTED);
    CHECK(r->mailbox.continued && !r->mailbox.mixed && r->mailbox.units_listed == 1);
    CHECK_STR(buf_str(&states.kept), S("H6s="));
    CHECK(unit_queue_pop(&r->mailbox.queue, &u) && u.id[0] == 'A' && !u.gone);
    CHECK(unit_queue_pop(&r->mailbox.queue, &u) && u.id[0] == 'D' && u.gone);
    CHECK(unit_queue_pop(&r->mailbox.queue, &u) && u.id[0] == 'E' && u.gone);
    CHECK(!unit_queue_pop(&r->mailbox.queue, &u));
}

// Something is gone, and the answer does not say what: no state may pass over it.
static void test_listing_of_what_is_gone_without_its_id(void)
{
    static const char *const pages[] = {
        PAGE("H5s=", "true", GONE("D") "<t:Delete></t:Delete>"),
        PAGE("H5s=", "true", "<t:Delete/>" GONE("D")),
        PAGE("H5s=", "true", GONE("") GONE("D")),
    };
    for (isize i = 0; i < COUNT(pages); i++) {
        struct rig *r = inbox_with("H4s=");
        struct unit u;
        then(r, pages[i]);
        CHECK(machine_next(&r->list) == STEP_WAIT && r->mailbox.phase == MAILBOX_LISTED);
        CHECK(r->mailbox.continued && r->mailbox.mixed);
        CHECK(unit_queue_pop(&r->mailbox.queue, &u) && u.id[0] == 'D' && u.gone);
        CHECK(!unit_queue_pop(&r->mailbox.queue, &u));
    }
}

static void test_listing_from_the_beginning_keeps_its_state(void)
{
    static const char *const none[] = {NULL, "", "a<b", "a\x01"};
    for (isize i = 0; i < COUNT(none); i++) {
        struct rig *r = inbox_with(none[i]);
        bool asked = asks(machine_body(&r->list, r->list.request_count - 1), "<m:SyncState>");
        CHECK(!asked);
        then(r, PAGE("H5s=", "true", CREATE(ITEM("A", ""))));
        CHECK(machine_next(&r->list) == STEP_WAIT && r->mailbox.phase == MAILBOX_LISTED);
        CHECK(!r->mailbox.continued && !r->mailbox.mixed);
        CHECK_STR(buf_str(&states.kept), S("H5s="));
    }
}

// Exchange has forgotten it: from the beginning, and not from it again.
static void test_listing_a_state_that_is_forgotten(void)
{
    struct rig *r = inbox_with("H4s=");
    then(r, PAGE_WRONG("ErrorInvalidSyncStateData"));
    CHECK(machine_next(&r->list) == STEP_REQUEST && states.reads == 1);
    CHECK(!asks(machine_body(&r->list, r->list.request_count - 1), "<m:SyncState>"));
    then(r, PAGE("H5s=", "true", CREATE(ITEM("A", ""))));
    CHECK(machine_next(&r->list) == STEP_WAIT && r->mailbox.phase == MAILBOX_LISTED);
    CHECK(!r->mailbox.continued && !r->mailbox.mixed && states.keeps == 1);
}

// A folder that lists no changes keeps nothing, and nothing is kept of its mailbox.
static void test_listing_by_offsets_keeps_nothing(void)
{
    struct rig *r = inbox_with("H4s=");
    then(r, PAGE_WRONG("ErrorInvalidOperation"));
    CHECK(machine_next(&r->list) == STEP_REQUEST);
    CHECK(asks(machine_body(&r->list, r->list.request_count - 1), "<m:FindItem"));
    then(r, EWS("FindItem", FINE("FindItem", "<m:RootFolder IndexedPagingOffset=\"1\" "
                                             "TotalItemsInView=\"1\" "
                                             "IncludesLastItemInRange=\"true\"><t:Items>" ITEM(
                                                 "A", "") "</t:Items></m:RootFolder>")));
    CHECK(machine_next(&r->list) == STEP_WAIT && r->mailbox.phase == MAILBOX_LISTED);
    CHECK(!r->mailbox.continued && r->mailbox.mixed && states.keeps == 0);
}

// A page that breaks off yields nothing, and nothing twice.
static void test_listing_broken_page(void)
{
    static const char page[] = PAGE("H5s=", "true", CREATE(ITEM("A", "")) CREATE(ITEM("", "")));
    struct rig *r = inbox();
    struct machine_answer cut = {.status = 200, .lost = FAIL(NET_RESET)};
    cut.body = str_make(page, str_find(str_from(page), S("</m:Changes>")));
    for (int i = 0; i < 5; i++) {
        machine_finish(&r->list, &cut);
        CHECK(r->mailbox.queue.count == 0);
        CHECK(machine_next(&r->list) == STEP_REQUEST);
    }
    then(r, PAGE("H5s=", "true", CREATE(ITEM("A", ""))));
    CHECK(r->mailbox.queue.count == 1 && machine_next(&r->list) == STEP_WAIT);
    CHECK(r->mailbox.phase == MAILBOX_LISTED); // the id of the broken ones counts for nothing
}

static void test_listing_bad_ids(void)
{
    struct rig *r = inbox();
    then(r, PAGE("H5s=", "true", CREATE(ITEM("", "")) CREATE("<t:Message/>")));
    CHECK(machine_next(&r->list) == STEP_FAILED);
    CHECK(r->mailbox.phase == MAILBOX_FAILED);
    CHECK_ERR(r->mailbox.error, EWS_UNIT_ID);
    CHECK_STR(buf_str(&r->mailbox.detail), S("2 ids"));
}

// Answers that say nothing, to each question of the listing: never "an empty mailbox".
static void test_listing_says_nothing(void)
{
    static const char *const nothings[] = {
        EWS_OPEN EWS_CLOSE,
        EWS("GetFolder", ""),
        EWS("GetFolder", THERE),
        EWS("FindFolder", FINE("FindFolder", "")),
        FOUND("false", ""),
        PAGE("H4s=", "", ""),
        EWS("SyncFolderItems", FINE("SyncFolderItems", "<m:SyncState>H4s=</m:SyncState>")),
        EWS("GetItem", FINE("GetItem", "<m:Items/>")),
        "<html>busy</html>",
        "",
    };
    for (isize i = 0; i < COUNT(nothings); i++) {
        struct rig *r = rig_make(KIB(256));
        CHECK(machine_next(&r->list) == STEP_REQUEST);
        until_it_fails(r, nothings[i]); // folders
        r = rig_make(KIB(256));
        (void)PLAY(r, INBOX_ONLY);
        until_it_fails(r, nothings[i]); // what is called Archive
        r = inbox();
        if (i != 5) {
            until_it_fails(r, nothings[i]);
        }
        r = rig_make(KIB(256));
        (void)PLAY(r,
                   EWS("GetFolder", NONE_THERE NONE_THERE NONE_THERE NONE_THERE NONE_THERE THERE),
                   NO_ARCHIVE);
        until_it_fails(r, nothings[i]); // child calendars
    }
}

// Fewer messages than folders: those that are not named are not absent.
static void test_listing_folders_left_out(void)
{
    static const char *const answers[] = {EWS("GetFolder", ""), EWS("GetFolder", THERE THERE),
                                          NO_ARCHIVE};
    for (isize i = 0; i < COUNT(answers); i++) {
        struct rig *r = rig_make(KIB(256));
        CHECK(asks(PLAY(r, answers[i]), "<m:GetFolder>"));
    }
    struct rig *r = rig_make(KIB(256));
    CHECK(asks(PLAY(r, INBOX_ONLY, EWS("FindFolder", "")), "<m:FindFolder"));
}

// A mailbox that shows none of its folders is not one whose items are gone.
static void test_listing_no_folders_at_all(void)
{
    struct rig *r = rig_make(KIB(256));
    (void)PLAY(r,
               EWS("GetFolder", NONE_THERE NONE_THERE NONE_THERE NONE_THERE NONE_THERE NONE_THERE),
               NO_ARCHIVE);
    (void)machine_next(&r->list);
    CHECK(r->mailbox.phase == MAILBOX_REFUSED);
    CHECK_ERR(r->mailbox.error, EWS_FOLDER_CLOSED);
}

// What goes back to Exchange has to fit the next request, whatever it is made of.
static void test_listing_hostile_state(void)
{
    static char page[KIB(400)];
    struct rig *r = inbox();
    isize n = snprintf(page, sizeof page, "%s",
                       EWS_OPEN "<m:SyncFolderItemsResponse><m:ResponseMessages>"
                                "<m:SyncFolderItemsResponseMessage ResponseClass=\"Success\">"
                                "<m:ResponseCode>NoError</m:ResponseCode><m:SyncState>");
    for (int i = 0; i < 60000; i++) {
        n += snprintf(page + n, sizeof page - (size_t)n, "&amp;");
    }
    (void)snprintf(page + n, sizeof page - (size_t)n, "%s",
                   "</m:SyncState><m:IncludesLastItemInRange>false</m:IncludesLastItemInRange>"
                   "</m:SyncFolderItemsResponseMessage></m:ResponseMessages>"
                   "</m:SyncFolderItemsResponse>" EWS_CLOSE);
    until_it_fails(r, page);
    for (char *p = page + n;
         p-- > page && (*p == ';' || *p == 'p' || *p == 'm' || *p == 'a' || *p == '&');) {
        *p = 'A'; // 300,000 bytes of base64: too long
    }
    until_it_fails(inbox(), page);
}

static void test_listing_does_not_end(void)
{
    struct rig *r = inbox();
    then(r, PAGE("H4s=", "false", ""));
    (void)PLAY(r, PAGE("H4s=", "false", ""));
    CHECK(r->mailbox.phase == MAILBOX_FAILED);
    CHECK_ERR(r->mailbox.error, EWS_ENDLESS);
}

static void test_listing_state_forgotten(void)
{
    struct rig *r = inbox();
    then(r, PAGE("H4s=", "false", CREATE(ITEM("A", ""))));
    for (int i = 0; i < OUTLOOK_RESTARTS_MAX; i++) {
        str body = PLAY(r, PAGE_WRONG("ErrorInvalidSyncStateData"));
        CHECK(!asks(body, "<m:SyncState>"));
        then(r, PAGE("H4s=", "false", CREATE(ITEM("A", ""))));
    }
    CHECK(r->mailbox.phase == MAILBOX_LISTING);
    (void)PLAY(r, PAGE_WRONG("ErrorInvalidSyncStateData"));
    CHECK(r->mailbox.phase == MAILBOX_FAILED);
}

// Gone after it was seen, or unreadable: the others are read, and the mailbox is protected.
static void test_listing_folder_goes(void)
{
    struct rig *r = inbox();
    then(r, PAGE_WRONG("ErrorSyncFolderNotFound"));
    CHECK(machine_next(&r->list) == STEP_FAILED && r->mailbox.phase == MAILBOX_REFUSED);
    CHECK_ERR(r->mailbox.error, EWS_FOLDER_CLOSED);
    r = rig_make(KIB(256));
    str body = PLAY(r,
                    EWS("GetFolder",
                        THERE NOT("ErrorAccessDenied") NONE_THERE NONE_THERE NONE_THERE NONE_THERE),
                    NO_ARCHIVE);
    CHECK(asks(body, "inbox"));
    then(r, PAGE("H4s=", "true", CREATE(ITEM("A", ""))));
    CHECK(machine_next(&r->list) == STEP_WAIT && r->mailbox.phase == MAILBOX_LISTING);
    struct unit u;
    (void)unit_queue_pop(&r->mailbox.queue, &u);
    CHECK(machine_next(&r->list) == STEP_FAILED && r->mailbox.phase == MAILBOX_REFUSED);
}

static void test_listing_mailbox_errors(void)
{
    struct rig *r = rig_make(KIB(256));
    (void)PLAY(r, EWS("GetFolder", NOT("ErrorNonExistentMailbox") NOT("ErrorNonExistentMailbox")));
    CHECK(r->mailbox.phase == MAILBOX_REFUSED);
    CHECK_ERR(r->mailbox.error, EWS_NO_MAILBOX);
    CHECK_STR(buf_str(&r->mailbox.detail), S("ErrorNonExistentMailbox: words"));
    r = rig_make(KIB(256));
    (void)PLAY(r, EWS("GetFolder", NOT("ErrorAccessDenied")));
    CHECK(r->mailbox.phase == MAILBOX_REFUSED);
    for (int i = 1; i <= OUTLOOK_SOME_MAX; i++) {
        rig_mailbox(r);
        (void)PLAY(r, FAULT("ErrorImpersonateUserDenied", ""));
        CHECK(r->mailbox.phase == (i < OUTLOOK_SOME_MAX ? MAILBOX_REFUSED : MAILBOX_SYSTEMIC));
    }
    rig_mailbox(r);
    (void)PLAY(r, FAULT("ErrorImpersonationDenied", ""));
    CHECK(r->mailbox.phase == MAILBOX_SYSTEMIC && rig_readers_used(r) == 0);
}

static void test_listing_archive_and_calendars(void)
{
    struct rig *r = rig_make(KIB(256));
    str body = PLAY(r,
                    EWS("GetFolder", NONE_THERE NONE_THERE NONE_THERE NONE_THERE NONE_THERE THERE),
                    FOUND("true", FOLDER("Folder", "x", "IPF.Journal", "Archive")
                                      FOLDER("Folder", "arch", "IPF.Note", "ARCHIVE")));
    CHECK(asks(body, "<m:FindFolder") && asks(body, "Offset=\"0\""));
    then(r, FOUND("false", FOLDER("CalendarFolder", "c1", "IPF.Appointment", "Team")
                               FOLDER("CalendarFolder", "c2", "IPF.Appointment.Birthday", "B")));
    CHECK(asks(machine_body(&r->list, r->list.request_count - 1), "Offset=\"0\""));
    CHECK(asks(PLAY(r, FOUND("true", FOLDER("CalendarFolder", "c2", "IPF.Appointment.Birthday", "B")
                                         FOLDER("CalendarFolder", "c3", "IPF.Appointment", "T"))),
               "\"calendar\""));
    CHECK(asks(machine_body(&r->list, r->list.request_count - 2), "Offset=\"1\""));
    static const char *const folders[] = {"calendar", "arch", "c1", "c3"};
    for (isize i = 0; i < COUNT(folders); i++) {
        str asked = machine_body(&r->list, r->list.request_count - 1);
        CHECK(asks(asked, folders[i]));
        then(r, PAGE("H4s=", "true", ""));
        CHECK(machine_next(&r->list) == (i < 3 ? STEP_REQUEST : STEP_WAIT));
    }
    CHECK(r->mailbox.phase == MAILBOX_LISTED);
}

static void test_listing_too_many_calendars(void)
{
    static char page[KIB(256)];
    struct rig *r = rig_make(KIB(256));
    isize n = snprintf(page, sizeof page, "%s",
                       EWS_OPEN "<m:FindFolderResponse><m:ResponseMessages>"
                                "<m:FindFolderResponseMessage ResponseClass=\"Success\">"
                                "<m:ResponseCode>NoError</m:ResponseCode><m:RootFolder "
                                "IncludesLastItemInRange=\"true\"><t:Folders>");
    for (int i = 0; i < 100; i++) {
        n += snprintf(page + n, sizeof page - (size_t)n,
                      FOLDER("CalendarFolder", "%0150d", "IPF.Appointment", "T"), i);
    }
    (void)snprintf(page + n, sizeof page - (size_t)n, "%s",
                   "</t:Folders></m:RootFolder></m:FindFolderResponseMessage>"
                   "</m:ResponseMessages></m:FindFolderResponse>" EWS_CLOSE);
    (void)PLAY(r, EWS("GetFolder", NONE_THERE NONE_THERE NONE_THERE NONE_THERE NONE_THERE THERE),
               NO_ARCHIVE);
    until_it_fails(r, page);
    CHECK_ERR(r->mailbox.error, EWS_FOLDERS);
}

// A folder that is there and cannot be asked for: its documents stay.
static void test_listing_folder_id_too_long(void)
{
    static char page[KIB(2)];
    struct rig *r = rig_make(KIB(256));
    (void)snprintf(page, sizeof page,
                   FOUND("true", FOLDER("Folder", "%0600d", "IPF.Note", "Archive")), 7);
    CHECK(asks(PLAY(r, INBOX_ONLY, page), "<m:SyncFolderItems>"));
    then(r, PAGE("H4s=", "true", ""));
    CHECK(machine_next(&r->list) == STEP_FAILED && r->mailbox.phase == MAILBOX_REFUSED);
    CHECK_ERR(r->mailbox.error, EWS_FOLDER_CLOSED);
}

static void test_listing_close_gives_the_reader_back(void)
{
    struct rig *r = inbox();
    CHECK(rig_readers_used(r) == 1);
    r->source.ops->mailbox_close(r->o, &r->mailbox);
    CHECK(rig_readers_used(r) == 0);
    r = inbox();
    r->source.ops->release(r->o);
    CHECK(rig_readers_used(r) == 0 && r->o->run.password.n == 0 && !r->o->run.password_bytes[0]);
}

static const struct test_case cases[] = {
    CASE(test_listing_pages),
    CASE(test_listing_broken_page),
    CASE(test_listing_bad_ids),
    CASE(test_listing_goes_on_from_a_state),
    CASE(test_listing_of_what_is_gone_without_its_id),
    CASE(test_listing_from_the_beginning_keeps_its_state),
    CASE(test_listing_a_state_that_is_forgotten),
    CASE(test_listing_by_offsets_keeps_nothing),
    CASE(test_listing_says_nothing),
    CASE(test_listing_folders_left_out),
    CASE(test_listing_no_folders_at_all),
    CASE(test_listing_hostile_state),
    CASE(test_listing_does_not_end),
    CASE(test_listing_state_forgotten),
    CASE(test_listing_folder_goes),
    CASE(test_listing_mailbox_errors),
    CASE(test_listing_archive_and_calendars),
    CASE(test_listing_too_many_calendars),
    CASE(test_listing_folder_id_too_long),
    CASE(test_listing_close_gives_the_reader_back),
};
TEST_MAIN(cases)
