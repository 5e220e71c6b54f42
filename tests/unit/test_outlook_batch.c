// SPDX-License-Identifier: Apache-2.0
// source/outlook/outlook_batch: batches that are too much, and items that are refused: what an
// error costs is decided by how much it was asked for.
#include "outlook_lane.h"

static int ids_asked(const struct rig *r)
{
    str body = asked(r);
    int count = 0;
    for (isize at; (at = str_find(body, S("<t:ItemId "))) >= 0; count++) {
        body = str_from_index(body, at + 1);
    }
    return count;
}

// A server that answers `text` with `status` to whatever asks for the item `id` (NULL: for
// anything), and the items to the rest: the results; how much was asked for at a time.
static str play(struct rig *r, const char *id, int status, const char *text, struct buf *sizes)
{
    static u8 bytes[512];
    static char body[8192];
    struct buf got = buf_over(bytes, COUNT(bytes));
    bool end = false;
    for (int turn = 0; turn < 400 && !end; turn++) {
        str part = results(r);
        end = str_ends(part, S("end"));
        buf_put(&got, part);
        if (end) {
            break;
        }
        buf_put_i64(sizes, ids_asked(r));
        struct machine_answer a = {.status = status, .body = str_from(text)};
        if (id && !asks_for(r, id)) {
            isize n = snprintf(body, sizeof body, "%s",
                               EWS_OPEN "<m:GetItemResponse><m:ResponseMessages>");
            for (char c = 'A'; c <= 'J'; c++) {
                char one[] = {c, 0};
                if (asks_for(r, one)) {
                    n += snprintf(body + n, sizeof body - (size_t)n,
                                  FINE("GetItem", "<m:Items>" MAIL("%s", "") "</m:Items>"), one);
                }
            }
            (void)snprintf(body + n, sizeof body - (size_t)n, "%s",
                           "</m:ResponseMessages></m:GetItemResponse>" EWS_CLOSE);
            a = (struct machine_answer)ANSWER_STR(200, str_from(body));
        }
        machine_finish(&r->lane, &a);
        r->lane.now_ms = INT64_MAX / 2; // after whatever pause
    }
    CHECK(end);
    return buf_str(&got);
}

#define PLAYED(ids, id, status, text, want, want_sizes)          \
    do {                                                         \
        u8 bytes_[256];                                          \
        struct buf sizes_ = buf_over(bytes_, COUNT(bytes_));     \
        struct rig *r_ = batch(ids);                             \
        CHECK_STR(play(r_, id, status, text, &sizes_), S(want)); \
        CHECK_STR(buf_str(&sizes_), S(want_sizes));              \
        CHECK(r_->mailbox.phase == MAILBOX_LISTING);             \
    } while (0)

// One item that is too slow: the others are read; it stays undecided.
static void test_batch_timeout(void)
{
    PLAYED("ABCDE", "D", 500, FAULT("ErrorTimeoutExpired", ""), "D0 D1 D2 ?3 D4 end",
           "523121111111");
    PLAYED("AB", "A", 500, FAULT("ErrorTimeoutExpired", ""), "?0 D1 end", "21111111");
}

// A fault that speaks of one item's size: found by halves, asked for plain, and skipped.
static void test_batch_size_exceeded(void)
{
    PLAYED("ABCD", "B", 500, FAULT("ErrorMessageSizeExceeded", ""), "D0 D2 D3 C1 end", "42121111");
    PLAYED("A", "A", 500, FAULT("ErrorMessageSizeExceeded", ""), "C0 end", "11");
    PLAYED("AB", "A", 200, FAULT("ErrorItemCorrupt", ""), "D1 C0 end", "2111");
}

static void test_batch_is_plain_in_the_end(void)
{
    struct rig *r = batch("A");
    answer(r, (struct machine_answer){.status = 500,
                                      .body = S(FAULT("ErrorMessageSizeExceeded", ""))});
    CHECK(machine_next(&r->lane) == STEP_REQUEST && str_find(asked(r), S("item:Body")) < 0);
    THEN(EWS("GetItem", GOT("A", "")));
    CHECK_STR(results(r), S("D0 end"));
}

// What stands before Exchange gives up on it, or Exchange breaks on one item: after a pause, by
// halves.
static void test_batch_http_errors(void)
{
    PLAYED("ABCD", "C", 504, "<html>gateway time-out</html>", "D0 D1 ?2 D3 end", "422111111");
    PLAYED("ABCD", "C", 500, "<html>Server Error</html>", "D0 D1 ?2 D3 end", "422111111");
    PLAYED("ABCD", "C", 500, FAULT("ErrorInternalServerError", ""), "D0 D1 ?2 D3 end", "422111111");
    PLAYED("ABCD", "C", 500, FAULT("ErrorTooManyObjectsOpened", ""), "D0 D1 ?2 D3 end",
           "422111111");
    PLAYED("ABCD", "C", 413, "too large", "D0 D1 ?2 D3 end", "4221111111");
}

// A server that is away: no more than two items are asked for to the end.
static void test_batch_of_a_server_that_is_away(void)
{
    PLAYED("ABCDEFGHIJ", NULL, 504, "", "?0 ?1 ?2 ?3 ?4 ?5 ?6 ?7 ?8 ?9 end", "1052111111111");
    PLAYED("ABCD", NULL, 503, "", "?0 ?1 ?2 ?3 end", "444444"); // it asks for fewer, not for less
}

// Errors of all the items of a batch are as good as one of the batch.
static void test_batch_all_items_are_too_slow(void)
{
    PLAYED("ABC", NULL, 200, EWS("GetItem", BAD("ErrorTimeoutExpired") BAD("ErrorTimeoutExpired")),
           "?0 ?1 ?2 end", "311111111111");
}

// ---- refused

static void test_batch_one_item_is_denied(void)
{
    struct rig *r = batch("ABC");
    SAYS(EWS("GetItem", BAD("ErrorAccessDenied") GOT("B", "") BAD("ErrorItemNotFound")));
    CHECK(machine_next(&r->lane) == STEP_DONE && r->fetch.verdict == FETCH_UNDECIDED);
    CHECK_ERR(r->fetch.error, EWS_ITEM_DENIED);
    rig_clear_result(r);
    CHECK_STR(results(r), S("D1 G2 end"));
    CHECK(r->lane.failed == 0 && r->mailbox.phase == MAILBOX_LISTING);
    r = batch("A"); // alone
    SAYS(EWS("GetItem", BAD("ErrorAccessDenied")));
    CHECK_STR(results(r), S("?0 end"));
    CHECK(r->mailbox.phase == MAILBOX_LISTING);
    r = batch("AB"); // other words, the same
    SAYS(EWS("GetItem", GOT("A", "") BAD("ErrorNonExistentMailbox")));
    CHECK_STR(results(r), S("D0 ?1 end"));
    CHECK(r->mailbox.phase == MAILBOX_LISTING);
}

static void test_batch_all_items_are_denied(void)
{
    struct rig *r = batch("AB");
    SAYS(EWS("GetItem", BAD("ErrorAccessDenied") BAD("ErrorAccessDenied")));
    CHECK(r->lane.failed == 1 && r->mailbox.phase == MAILBOX_REFUSED);
    CHECK_ERR(r->mailbox.error, EWS_DENIED);
    CHECK_STR(results(r), S("?0 ?1 end"));
    r = batch("A");
    SAYS(FAULT("ErrorAccessDenied", ""));
    CHECK(r->lane.failed == 1 && r->mailbox.phase == MAILBOX_REFUSED);
    r = batch("A");
    SAYS(EWS("GetItem", BAD("ErrorNonExistentMailbox")));
    CHECK(r->mailbox.phase == MAILBOX_REFUSED);
}

// A batch again, of the same mailbox.
static void next_batch(struct rig *r)
{
    memset(&r->fetch_state, 0, sizeof r->fetch_state);
    r->fetch.unit_count = 0;
    rig_clear_result(r);
    rig_unit(r, "A", EWS_KIND_MAIL, true);
}

// Batches of one: the mailbox, when it gives nothing else in between.
static void test_batch_single_items_are_denied(void)
{
    struct rig *r = batch("A");
    for (int i = 0; i < 3 * OUTLOOK_SOME_MAX; i++) {
        SAYS(i % OUTLOOK_SOME_MAX ? EWS("GetItem", BAD("ErrorAccessDenied"))
                                  : EWS("GetItem", GOT("A", "")));
        (void)results(r);
        CHECK(r->mailbox.phase == MAILBOX_LISTING);
        next_batch(r);
    }
    SAYS(EWS("GetItem", BAD("ErrorAccessDenied")));
    CHECK(r->mailbox.phase == MAILBOX_REFUSED);
}

static void test_batch_denied_attachments(void)
{
    struct rig *r = batch("A");
    SAYS(EWS("GetItem", GOT("A", PARTS(FILE_PART("p", "a.txt", "5") FILE_PART("q", "b", "0")))));
    CHECK_STR(results(r), S("D0 "));
    THEN(EWS("GetAttachment", WRONG("GetAttachment", "Error", "ErrorAccessDenied")));
    CHECK_STR(results(r), S("?p Dq end"));
    CHECK(r->lane.failed == 0 && r->mailbox.phase == MAILBOX_LISTING);
}

static const struct test_case cases[] = {
    CASE(test_batch_timeout),
    CASE(test_batch_size_exceeded),
    CASE(test_batch_is_plain_in_the_end),
    CASE(test_batch_http_errors),
    CASE(test_batch_of_a_server_that_is_away),
    CASE(test_batch_all_items_are_too_slow),
    CASE(test_batch_one_item_is_denied),
    CASE(test_batch_all_items_are_denied),
    CASE(test_batch_single_items_are_denied),
    CASE(test_batch_denied_attachments),
};
TEST_MAIN(cases)
