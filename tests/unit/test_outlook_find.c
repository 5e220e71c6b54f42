// SPDX-License-Identifier: Apache-2.0
// source/outlook/outlook_find: folders that are listed by offsets, and what may not happen there:
// that one is passed over, that a restless one counts as finished, that it goes on for ever.
#include "outlook_pages.h"

#define ITEMS_FOUND(last, total, items)                                                   \
    EWS("FindItem",                                                                       \
        FINE("FindItem", "<m:RootFolder IndexedPagingOffset=\"9\" "                       \
                         "TotalItemsInView=\"" total "\" IncludesLastItemInRange=\"" last \
                         "\"><t:Items>" items "</t:Items></m:RootFolder>"))
#define FIND_WRONG(code) EWS("FindItem", WRONG("FindItem", "Error", code))
#define MAIL(id) ITEM(id, "")
#define FOLDERS_FOUND(last, total, folders)                                        \
    EWS("FindFolder", FINE("FindFolder", "<m:RootFolder TotalItemsInView=\"" total \
                                         "\" IncludesLastItemInRange=\"" last      \
                                         "\"><t:Folders>" folders "</t:Folders></m:RootFolder>"))
#define CALENDAR(id) FOLDER("CalendarFolder", id, "IPF.Appointment", "Team")

static str last_asked(struct rig *r)
{
    return machine_body(&r->list, r->list.request_count - 1);
}

// An inbox whose changes are not listed; FindItem was asked.
static struct rig *refused(void)
{
    struct rig *r = inbox();
    then(r, PAGE_WRONG("ErrorInvalidOperation"));
    CHECK(machine_next(&r->list) == STEP_REQUEST);
    CHECK(asks(last_asked(r), "<m:FindItem ") && asks(last_asked(r), "Offset=\"0\""));
    return r;
}

// The ids of the units, in their order.
static str units(struct rig *r)
{
    static u8 bytes[1024];
    struct buf b = buf_over(bytes, COUNT(bytes));
    struct unit u;
    while (unit_queue_pop(&r->mailbox.queue, &u)) {
        buf_put(&b, str_make(u.id, u.id_bytes));
    }
    return buf_str(&b);
}

static void test_find_pages(void)
{
    struct rig *r = refused();
    str body = last_asked(r);
    // The order that Exchange's schema wants.
    static const char *const parts[] = {"<m:FindItem Traversal=\"Shallow\"><m:ItemShape>",
                                        "IdOnly",
                                        "item:HasAttachments",
                                        "item:LastModifiedTime",
                                        "item:Size",
                                        "</m:ItemShape><m:IndexedPageItemView ",
                                        "BasePoint=\"Beginning\"/><m:SortOrder>",
                                        "Ascending",
                                        "item:DateTimeReceived",
                                        "</m:SortOrder><m:ParentFolderIds>",
                                        "\"inbox\"",
                                        "</m:ParentFolderIds></m:FindItem>"};
    for (isize i = 0, at = 0; i < COUNT(parts); i++) {
        isize found = str_find(str_from_index(body, at), str_from(parts[i]));
        CHECK(found >= 0);
        at += found;
    }
    then(r, ITEMS_FOUND("false", "4",
                        ITEM("A", "<t:LastModifiedTime>2024-07-05T10:20:31Z</t:LastModifiedTime>"
                                  "<t:Size>77</t:Size><t:HasAttachments>true</t:HasAttachments>")
                            MAIL("B")));
    CHECK(
        asks(PLAY(r, ITEMS_FOUND("false", "4", MAIL("B") "<t:Task><t:ItemId Id=\"t\"/></t:Task>")),
             "Offset=\"2\""));
    CHECK(asks(machine_body(&r->list, r->list.request_count - 2), "Offset=\"1\""));
    then(r, ITEMS_FOUND("true", "4", "<t:Task><t:ItemId Id=\"t\"/></t:Task>" MAIL("C")));
    CHECK(machine_next(&r->list) == STEP_WAIT && r->mailbox.phase == MAILBOX_LISTED);
    struct unit u;
    CHECK(unit_queue_peek(&r->mailbox.queue, &u) && u.parts && u.bytes == 77);
    CHECK_STR(str_make(u.timestamp, u.timestamp_bytes), S("\"2024-07-05T10:20:31Z\""));
    CHECK(r->mailbox.units_listed == 3 && rig_readers_used(r) == 0);
    CHECK_STR(units(r), S("ABC"));
}

static void test_find_empty_folder(void)
{
    struct rig *r = refused();
    then(r, ITEMS_FOUND("true", "0", ""));
    CHECK(machine_next(&r->list) == STEP_WAIT && r->mailbox.phase == MAILBOX_LISTED);
}

// Which refusals are of the operation.
static void test_find_serves(void)
{
    static const char *const refusals[] = {
        PAGE_WRONG("ErrorInvalidOperation"),
        PAGE_WRONG("ErrorInvalidRequest"),
        PAGE_WRONG("ErrorInvalidFolderTypeForOperation"),
        FAULT("ErrorInvalidRequest", ""),
        FAULT("ErrorInvalidOperation", ""),
        FAULT("ErrorSchemaValidation", ""),
        FAULT("ActionNotSupported", ""),
    };
    for (isize i = 0; i < COUNT(refusals); i++) {
        struct rig *r = inbox();
        CHECK(asks(PLAY(r, refusals[i]), "<m:FindItem "));
        CHECK(asks(last_asked(r), "\"Exchange2013_SP1\"")); // it is not the version
        r = inbox(); // in the middle of it too: from the beginning
        then(r, PAGE("H4s=", "false", CREATE(MAIL("A"))));
        CHECK(asks(PLAY(r, refusals[i]), "<m:FindItem "));
        then(r, ITEMS_FOUND("true", "2", MAIL("A") MAIL("B")));
        CHECK(machine_next(&r->list) == STEP_WAIT && r->mailbox.phase == MAILBOX_LISTED);
        CHECK_STR(units(r), S("AAB"));
    }
    struct rig *r = inbox();
    machine_finish(&r->list, &(struct machine_answer){.status = 413, .body = S("large")});
    CHECK(r->mailbox.phase == MAILBOX_SYSTEMIC); // there was no state yet that is too large
    r = inbox();
    then(r, PAGE("H4s=", "false", CREATE(MAIL("A"))));
    CHECK(machine_next(&r->list) == STEP_REQUEST);
    machine_finish(&r->list, &(struct machine_answer){.status = 413, .body = S("large")});
    CHECK(machine_next(&r->list) == STEP_REQUEST && asks(last_asked(r), "<m:FindItem "));
}

static void test_find_does_not_serve(void)
{
    static const char *const others[] = {
        PAGE_WRONG("ErrorServerBusy"),
        FAULT("ErrorServerBusy", ""),
        PAGE_WRONG("ErrorTimeoutExpired"),
        PAGE_WRONG("ErrorInternalServerError"),
        FAULT("ErrorInvalidServerVersion", ""),
        "<html/>",
        "",
        PAGE_WRONG("ErrorSomethingElse"),
    };
    for (isize i = 0; i < COUNT(others); i++) {
        struct rig *r = inbox();
        then(r, others[i]);
        r->list.now_ms = INT64_MAX / 2; // after the pause, where one is asked for
        CHECK(asks(PLAY(r), "<m:SyncFolderItems>"));
    }
    static const char *const ends[] = {PAGE_WRONG("ErrorAccessDenied"),
                                       PAGE_WRONG("ErrorSyncFolderNotFound"),
                                       PAGE_WRONG("ErrorItemNotFound")};
    for (isize i = 0; i < COUNT(ends); i++) {
        struct rig *r = inbox();
        then(r, ends[i]);
        CHECK(machine_next(&r->list) == STEP_FAILED && r->mailbox.phase == MAILBOX_REFUSED);
    }
    // A refusal in an answer that broke off is none.
    struct rig *r = inbox();
    static const char cut[] = PAGE_WRONG("ErrorInvalidOperation");
    machine_finish(&r->list,
                   &(struct machine_answer){.status = 200, .body = str_make(cut, COUNT(cut) - 20)});
    CHECK(machine_next(&r->list) == STEP_REQUEST && asks(last_asked(r), "<m:SyncFolderItems>"));
}

// Both ways are refused: the folder is closed, and its mailbox protected; the others are read.
static void test_find_is_refused_too(void)
{
    static const char *const refusals[] = {
        FIND_WRONG("ErrorInvalidOperation"), FIND_WRONG("ErrorInvalidRequest"),
        FAULT("ErrorSchemaValidation", ""), FIND_WRONG("ErrorFolderNotFound")};
    for (isize i = 0; i < COUNT(refusals); i++) {
        struct rig *r = rig_make(KIB(256));
        str body = PLAY(r,
                        EWS("GetFolder", THERE THERE NONE_THERE NONE_THERE NONE_THERE NONE_THERE),
                        NO_ARCHIVE, PAGE_WRONG("ErrorInvalidOperation"), refusals[i]);
        CHECK(asks(body, "<m:SyncFolderItems>") && asks(body, "\"sentitems\""));
        then(r, PAGE("H4s=", "true", ""));
        CHECK(machine_next(&r->list) == STEP_FAILED && r->mailbox.phase == MAILBOX_REFUSED);
        CHECK_ERR(r->mailbox.error, EWS_FOLDER_CLOSED);
    }
}

// Between two pages something goes, comes, or both: the second page does not begin where the first
// one ended, or not as many were passed as there are.
static void test_find_moves(void)
{
    static const char *const seconds[] = {
        ITEMS_FOUND("true", "3", MAIL("C") MAIL("D")),           // A went
        ITEMS_FOUND("true", "5", MAIL("A") MAIL("B") MAIL("C")), // one came before it
        ITEMS_FOUND("true", "4", MAIL("C")),                     // B went
        ITEMS_FOUND("true", "1", ""),                            // all but one went
        ITEMS_FOUND("true", "9", MAIL("B") MAIL("C")),           // and where are the others?
        ITEMS_FOUND("true", "2", MAIL("B") MAIL("C")),
        ITEMS_FOUND("false", "2", MAIL("B") MAIL("C")),
        ITEMS_FOUND("true", "3", ITEM("", "") MAIL("C")),
        ITEMS_FOUND("true", "3", "<t:Message/>" MAIL("C")),
    };
    for (isize i = 0; i < COUNT(seconds); i++) {
        struct rig *r = refused();
        for (int k = 0; k < OUTLOOK_RESTARTS_MAX; k++) {
            then(r, ITEMS_FOUND("false", "4", MAIL("A") MAIL("B")));
            CHECK_STR(units(r), S("AB"));
            CHECK(asks(PLAY(r, seconds[i]), "Offset=\"0\""));
            CHECK(r->mailbox.queue.count == 0 && r->mailbox.phase == MAILBOX_LISTING);
        }
        then(r, ITEMS_FOUND("false", "4", MAIL("A") MAIL("B")));
        (void)units(r);
        (void)PLAY(r, seconds[i]);
        CHECK(r->mailbox.phase == MAILBOX_FAILED && rig_readers_used(r) == 0);
        CHECK_ERR(r->mailbox.error, EWS_UNSTABLE);
    }
    // The first page alone can be short of what there is, too.
    struct rig *r = refused();
    CHECK(asks(PLAY(r), "Offset=\"0\""));
    then(r, ITEMS_FOUND("true", "7", MAIL("A")));
    CHECK(asks(PLAY(r), "Offset=\"0\"") && r->mailbox.phase == MAILBOX_LISTING);
}

// What is new stands at the end, and what goes there was not passed yet.
static void test_find_grows_at_its_end(void)
{
    struct rig *r = refused();
    then(r, ITEMS_FOUND("false", "4", MAIL("A") MAIL("B")));
    (void)PLAY(r, ITEMS_FOUND("false", "3", MAIL("B") MAIL("C")),
               ITEMS_FOUND("true", "5", MAIL("C") MAIL("E") MAIL("F")));
    CHECK(r->mailbox.phase == MAILBOX_LISTED);
    CHECK_STR(units(r), S("ABCEF"));
}

static void test_find_broken_page(void)
{
    static const char page[] = ITEMS_FOUND("false", "9", MAIL("B") MAIL("C") MAIL("D"));
    struct rig *r = refused();
    then(r, ITEMS_FOUND("false", "3", MAIL("A") MAIL("B")));
    CHECK(machine_next(&r->list) == STEP_REQUEST);
    for (isize n = 1; n < COUNT(page); n += 151) {
        machine_finish(&r->list, &(struct machine_answer){.status = 200,
                                                          .body = str_make(page, n),
                                                          .lost = FAIL(NET_RESET)});
        r->list.attempts = 0;
        CHECK(asks(PLAY(r), "Offset=\"1\"") && r->mailbox.queue.count == 2);
    }
    then(r, ITEMS_FOUND("true", "3", MAIL("B") MAIL("C")));
    CHECK(machine_next(&r->list) == STEP_WAIT && r->mailbox.phase == MAILBOX_LISTED);
    CHECK_STR(units(r), S("ABC"));
}

// Answers that say nothing are asked for again, and never the end of a folder.
static void test_find_says_nothing(void)
{
    static const char *const nothings[] = {
        ITEMS_FOUND("false", "4", ""),
        EWS("FindItem", FINE("FindItem", "")),
        EWS("FindItem", ""),
        EWS("FindItem", FINE("FindItem", "<m:RootFolder IncludesLastItemInRange=\"true\">"
                                         "<t:Items/></m:RootFolder>")),
        EWS("FindItem", FINE("FindItem", "<m:RootFolder TotalItemsInView=\"x\" "
                                         "IncludesLastItemInRange=\"true\"/>")),
        PAGE("H4s=", "true", ""),
        EWS_OPEN EWS_CLOSE,
    };
    for (isize i = 0; i < COUNT(nothings); i++) {
        until_it_fails(refused(), nothings[i]);
        struct rig *r = refused();
        then(r, ITEMS_FOUND("false", "4", MAIL("A") MAIL("B")));
        (void)units(r);
        CHECK(machine_next(&r->list) == STEP_REQUEST);
        until_it_fails(r, nothings[i]);
    }
    struct rig *r = refused();
    then(r, ITEMS_FOUND("false", "4", MAIL("A")));
    (void)units(r);
    CHECK(machine_next(&r->list) == STEP_REQUEST);
    until_it_fails(r, ITEMS_FOUND("false", "4", MAIL("A"))); // nothing but the one of before
}

static void test_find_bad_ids(void)
{
    struct rig *r = refused();
    then(r, ITEMS_FOUND("true", "2", MAIL("A b") "<t:Message/>"));
    CHECK(machine_next(&r->list) == STEP_FAILED && r->mailbox.phase == MAILBOX_FAILED);
    CHECK_ERR(r->mailbox.error, EWS_UNIT_ID);
}

static void test_find_far_more_than_asked(void)
{
    static char page[KIB(64)];
    isize n = snprintf(page, sizeof page, "%s",
                       EWS_OPEN "<m:FindItemResponse><m:ResponseMessages><m:FindItemResponseMessage"
                                " ResponseClass=\"Success\"><m:ResponseCode>NoError"
                                "</m:ResponseCode><m:RootFolder TotalItemsInView=\"400\" "
                                "IncludesLastItemInRange=\"true\"><t:Items>");
    for (int i = 0; i < 400; i++) {
        n += snprintf(page + n, sizeof page - (size_t)n, MAIL("%d"), i);
    }
    (void)snprintf(page + n, sizeof page - (size_t)n, "%s",
                   "</t:Items></m:RootFolder></m:FindItemResponseMessage></m:ResponseMessages>"
                   "</m:FindItemResponse>" EWS_CLOSE);
    until_it_fails(refused(), page);
}

// Too much at once: half of it, of either operation, for the rest of that folder.
static void test_find_smaller_pages(void)
{
    struct rig *r = inbox();
    CHECK(asks(PLAY(r, PAGE_WRONG("ErrorTimeoutExpired")), ">64</m:MaxChangesReturned>"));
    for (int i = 0; i < 4; i++) {
        then(r, FAULT("ErrorTimeoutExpired", ""));
        CHECK(machine_next(&r->list) == STEP_REQUEST);
    }
    CHECK(asks(last_asked(r), ">8</m:MaxChangesReturned>")); // and no smaller
    r = rig_make(KIB(256)); // folders have no smaller pages, and the items' stay as they are
    (void)PLAY(r, FAULT("ErrorTimeoutExpired", ""), INBOX_ONLY, NO_ARCHIVE);
    CHECK(asks(last_asked(r), ">128</m:MaxChangesReturned>"));
    r = refused();
    then(r, FIND_WRONG("ErrorExceededFindCountLimit"));
    CHECK_ERR(r->list.last, EWS_TOO_MUCH);
    r->list.now_ms = r->o->run.pause_until_ms;
    CHECK(asks(PLAY(r), "MaxEntriesReturned=\"64\""));
    then(r, ITEMS_FOUND("false", "2", MAIL("A")));
    CHECK(asks(PLAY(r), "MaxEntriesReturned=\"64\""));
}

// The next folder is asked for its changes again.
static void test_find_is_of_one_folder(void)
{
    struct rig *r = rig_make(KIB(256));
    str body = PLAY(r, EWS("GetFolder", THERE THERE NONE_THERE NONE_THERE NONE_THERE NONE_THERE),
                    NO_ARCHIVE, PAGE_WRONG("ErrorInvalidOperation"),
                    ITEMS_FOUND("true", "1", MAIL("A")));
    CHECK(asks(body, "<m:SyncFolderItems>") && asks(body, "\"sentitems\""));
}

// ---- folders

static struct rig *calendars(void)
{
    struct rig *r = rig_make(KIB(256));
    str body = PLAY(r,
                    EWS("GetFolder", NONE_THERE NONE_THERE NONE_THERE NONE_THERE NONE_THERE THERE),
                    FOLDERS_FOUND("true", "1", FOLDER("Folder", "arch", "IPF.Note", "Archive")));
    CHECK(asks(body, "<m:FindFolder ") && asks(body, "\"calendar\""));
    return r;
}

// Which calendars are listed once they are known: "calendar", the archive, then these.
static void check_listed(struct rig *r, const char *const *ids, int count)
{
    for (int i = 0; i < count; i++) {
        CHECK(asks(last_asked(r), "<m:SyncFolderItems>") && asks(last_asked(r), ids[i]));
        then(r, PAGE("H4s=", "true", ""));
        CHECK(machine_next(&r->list) == (i + 1 < count ? STEP_REQUEST : STEP_WAIT));
    }
    CHECK(r->mailbox.phase == MAILBOX_LISTED);
}

static void test_find_calendars_move(void)
{
    struct rig *r = calendars();
    then(r, FOLDERS_FOUND("false", "3", CALENDAR("c1") CALENDAR("c2")));
    CHECK(asks(PLAY(r, FOLDERS_FOUND("true", "2", CALENDAR("c3"))), "Offset=\"0\"")); // c1 went
    then(r, FOLDERS_FOUND("false", "3", CALENDAR("c2")));
    CHECK(asks(PLAY(r), "Offset=\"0\""));
    (void)PLAY(r, FOLDERS_FOUND("true", "2", CALENDAR("c2") CALENDAR("c3")));
    static const char *const ids[] = {"\"calendar\"", "\"arch\"", "\"c2\"", "\"c3\""};
    check_listed(r, ids, COUNT(ids)); // each once
    r = calendars();
    for (int i = 0; i <= OUTLOOK_RESTARTS_MAX; i++) {
        then(r, FOLDERS_FOUND("false", "3", CALENDAR("c1") CALENDAR("c2")));
        (void)PLAY(r, FOLDERS_FOUND("true", "2", CALENDAR("c3")));
    }
    CHECK(r->mailbox.phase == MAILBOX_FAILED);
    CHECK_ERR(r->mailbox.error, EWS_UNSTABLE);
}

// A page of nothing that is not the last one does not say that there is no archive.
static void test_find_archive_on_a_later_page(void)
{
    struct rig *r = rig_make(KIB(256));
    (void)PLAY(r, INBOX_ONLY, FOLDERS_FOUND("false", "1", ""));
    CHECK(asks(last_asked(r), "<m:FindFolder ") && asks(last_asked(r), "msgfolderroot"));
    then(r, FOLDERS_FOUND("false", "2", FOLDER("Folder", "x", "IPF.Journal", "Archive")));
    CHECK(asks(PLAY(r), "Offset=\"0\""));
    (void)PLAY(r, FOLDERS_FOUND("true", "2",
                                FOLDER("Folder", "x", "IPF.Journal", "Archive")
                                    FOLDER("Folder", "arch", "IPF.Note", "ARCHIVE")));
    static const char *const ids[] = {"\"inbox\"", "\"arch\""};
    check_listed(r, ids, COUNT(ids));
}

// Attributes are optional: without a total, IncludesLastItemInRange is believed, or else one page
// that has nothing further is the end.
static void test_find_folders_without_numbers(void)
{
    static const char *const lasts[] = {
        FOUND("true", CALENDAR("c1") CALENDAR("c2")),
        EWS("FindFolder", FINE("FindFolder", "<m:RootFolder><t:Folders>" CALENDAR(
                                                 "c1") "</t:Folders></m:RootFolder>"))};
    static const char *const ids[] = {"\"calendar\"", "\"arch\"", "\"c1\"", "\"c2\""};
    for (int i = 0; i < COUNT(lasts); i++) {
        struct rig *r = calendars();
        CHECK(machine_next(&r->list) == STEP_REQUEST);
        then(r, FOUND("false", CALENDAR("c1")));
        (void)PLAY(r, lasts[i]);
        check_listed(r, ids, i == 0 ? 4 : 3);
    }
}

static const struct test_case cases[] = {
    CASE(test_find_pages),
    CASE(test_find_empty_folder),
    CASE(test_find_serves),
    CASE(test_find_does_not_serve),
    CASE(test_find_is_refused_too),
    CASE(test_find_moves),
    CASE(test_find_grows_at_its_end),
    CASE(test_find_broken_page),
    CASE(test_find_says_nothing),
    CASE(test_find_bad_ids),
    CASE(test_find_far_more_than_asked),
    CASE(test_find_smaller_pages),
    CASE(test_find_is_of_one_folder),
    CASE(test_find_calendars_move),
    CASE(test_find_archive_on_a_later_page),
    CASE(test_find_folders_without_numbers),
};
TEST_MAIN(cases)
