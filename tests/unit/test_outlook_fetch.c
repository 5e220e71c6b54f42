// SPDX-License-Identifier: Apache-2.0
// source/outlook/outlook_fetch: batches and attachments by hand; what becomes of each unit when
// answers break off, leave things out, or lie.
#include "outlook_lane.h"

#include "os/os.h"

static void test_fetch_a_batch(void)
{
    struct rig *r = batch("AB");
    CHECK(SAYS(EWS("GetItem", GOT("A", "<t:Subject>one</t:Subject>") BAD("ErrorItemNotFound"))));
    CHECK(asks_for(r, "A") && asks_for(r, "B"));
    CHECK(str_find(asked(r), S("item:Body")) >= 0);
    CHECK(machine_has_header(&r->lane, 0, S("X-AnchorMailbox: Ann@example.test\r\n")));
    CHECK(machine_next(&r->lane) == STEP_DONE && r->fetch.verdict == FETCH_DOCUMENT);
    CHECK(str_starts(buf_str(&r->fetch.doc), S("\"title\":\"one\",")));
    CHECK_STR(r->fetch.timestamp, S("null"));
    CHECK(r->fetch.doc.p - r->fetch.data.p >= FETCH_DOC_OFFSET);
    rig_clear_result(r);
    CHECK_STR(results(r), S("G1 end"));
}

// What a broken answer had read is read again, once.
static void test_fetch_broken_attempts_are_undone(void)
{
    static const char whole[] = EWS("GetItem", GOT("A", PARTS(FILE_PART("p", "a.bin", "5")))
                                                   BAD("ErrorItemCorrupt"));
    struct rig *r = batch("AB");
    struct machine_answer cut = {.status = 200, .lost = FAIL(NET_RESET)};
    for (isize n = 1; n < 1000 && n < COUNT(whole); n += 97) {
        r = batch("AB");
        cut.body = str_make(whole, n);
        answer(r, cut);
        CHECK(asks_for(r, "A") && asks_for(r, "B"));
        CHECK(SAYS(whole) && asks_for(r, "A") && asks_for(r, "B"));
        CHECK_STR(results(r), S("D0 Dp "));
        CHECK(asks_for(r, "B") && !asks_for(r, "A"));
        CHECK(str_find(asked(r), S("item:Body")) < 0);
        THEN(EWS("GetItem", GOT("B", "")));
        CHECK_STR(results(r), S("D1 end"));
    }
}

// An item that Exchange cannot read is asked for plain; one that breaks off there stays plain: with
// the whole of it in turn that would have no end.
static void test_fetch_corrupt_stays_plain(void)
{
    struct rig *r = batch("A");
    SAYS(EWS("GetItem", BAD("ErrorContentConversionFailed")));
    for (int i = 0; i < 5; i++) {
        answer(r, (struct machine_answer){.status = 200,
                                          .body = S(EWS_OPEN "<m:GetItemResponse>"),
                                          .lost = FAIL(NET_RESET)});
        CHECK(str_find(asked(r), S("item:Body")) < 0);
    }
    CHECK(r->lane.failed == 0);
    SAYS(EWS("GetItem", BAD("ErrorItemCorrupt")));
    CHECK_STR(results(r), S("C0 end"));
}

// An id that Exchange has listed itself and then does not know is no proof that the item is gone.
static void test_fetch_id_refused_is_kept(void)
{
    struct rig *r = batch("A");
    SAYS(EWS("GetItem", BAD("ErrorInvalidIdMalformed")));
    SAYS(EWS("GetItem", BAD("ErrorInvalidIdMalformed")));
    CHECK_STR(results(r), S("C0 end"));
}

static void test_fetch_left_out_for_ever(void)
{
    run_out(batch("AB"), EWS("GetItem", ""), "?0 ?1 end");
    run_out(batch("AB"), EWS("GetItem", STOPPED STOPPED), "?0 ?1 end");
    struct rig *r = batch("A");
    SAYS(EWS("GetItem", BAD("ErrorItemCorrupt")));
    run_out(r, EWS("GetItem", ""), "?0 end"); // left out in its plain form too
}

static void test_fetch_batch_stopped(void)
{
    struct rig *r = batch("ABC");
    SAYS(EWS("GetItem", GOT("A", PARTS(FILE_PART("p", "a", "5"))) STOPPED STOPPED));
    CHECK_STR(results(r), S("D0 Dp "));
    CHECK(asks_for(r, "B") && asks_for(r, "C") && !asks_for(r, "A"));
    THEN(EWS("GetItem", GOT("B", "") STOPPED));
    CHECK_STR(results(r), S("D1 "));
    THEN(EWS("GetItem", GOT("C", "")));
    CHECK_STR(results(r), S("D2 end"));
}

// One item's lasting error costs that item alone.
static void test_fetch_one_sick_item(void)
{
    struct rig *r = batch("ABC");
    SAYS(EWS("GetItem", GOT("A", "") BAD("ErrorInternalServerError") GOT("C", "")));
    CHECK_STR(results(r), S("D0 D2 "));
    CHECK(asks_for(r, "B") && !asks_for(r, "C"));
    THEN(EWS("GetItem", BAD("ErrorInternalServerError")));
    run_out(r, EWS("GetItem", BAD("ErrorInternalServerError")), "?1 end");
    CHECK(r->mailbox.phase == MAILBOX_LISTING);
    r = batch("AB");
    SAYS(EWS("GetItem", GOT("A", "") BAD("ErrorInvalidOperation")));
    CHECK_STR(results(r), S("D0 "));
    THEN(EWS("GetItem", BAD("ErrorInvalidOperation")));
    CHECK_STR(results(r), S("?1 end"));
}

// An answer about other ids, or an old one, becomes no document.
static void test_fetch_other_answers(void)
{
    run_out(batch("A"), EWS("GetItem", GOT("B", "")), "?0 end");
    run_out(batch("A"), EWS("GetItem", GOT("A", "") GOT("B", "")), "?0 end");
    run_out(batch("A"), EWS("GetItem", FINE("GetItem", "<m:Items><t:Message/></m:Items>")),
            "?0 end");
    run_out(batch("A"), EWS_OPEN, "?0 end");
    run_out(batch("A"), "<html/>", "?0 end");
    struct rig *r = batch("A");
    answer(r, ANSWER_WITH(200, "client-request-id: 00000000-0000-0000-0000-00000000ffff\n",
                          EWS("GetItem", GOT("A", ""))));
    CHECK_ERR(r->lane.last, EWS_ANSWER);
    CHECK(machine_next(&r->lane) == STEP_REQUEST);
    u8 line[80];
    struct buf b = buf_over(line, COUNT(line));
    str headers = r->lane.requests[r->lane.request_count - 1].headers;
    isize at = str_find(headers, S("client-request-id: "));
    buf_put(&b, str_slice(headers, at, at + 19 + 36));
    buf_put(&b, S("\n"));
    struct machine_answer own = {
        .status = 200, .headers = buf_str(&b), .body = S(EWS("GetItem", GOT("A", "")))};
    machine_finish(&r->lane, &own);
    CHECK_STR(results(r), S("D0 end"));
}

static void test_fetch_content(void)
{
    struct rig *r = batch("A");
    SAYS(EWS("GetItem", GOT("A", PARTS(FILE_PART("p", "a.txt", "5")))));
    CHECK_STR(results(r), S("D0 "));
    CHECK(asks_for(r, "p") && str_find(asked(r), S("<m:GetAttachment>")) >= 0);
    THEN(CONTENT("p", "aGVs\nbG8"));
    CHECK(machine_next(&r->lane) == STEP_DONE && r->fetch.attached);
    CHECK(str_find(buf_str(&r->fetch.doc), S(",\"_attachment\":\"aGVsbG8=\"")) >= 0);
    CHECK_STR(r->fetch.id, S("p"));
    CHECK(!r->fetch.more && rig_readers_used(r) == 0);
}

// The content of another attachment is not this one's, wherever it stands.
static void test_fetch_content_of_another(void)
{
    static const char mixed[] = EWS(
        "GetAttachment",
        FINE(
            "GetAttachment",
            "<m:Attachments><t:FileAttachment><t:AttachmentId Id=\"x\"/><t:Content>AAAA</t:Content>"
            "</t:FileAttachment><t:FileAttachment><t:AttachmentId Id=\"p\"/></t:FileAttachment>"
            "</m:Attachments>"));
    struct rig *r = batch("A");
    SAYS(EWS("GetItem", GOT("A", PARTS(FILE_PART("p", "a.txt", "5")))));
    CHECK_STR(results(r), S("D0 "));
    THEN(CONTENT("x", "AAAA"));
    CHECK_ERR(r->lane.last, EWS_ANSWER);
    CHECK(machine_next(&r->lane) == STEP_REQUEST);
    THEN(mixed);
    CHECK(machine_next(&r->lane) == STEP_DONE && r->fetch.verdict == FETCH_DOCUMENT);
    CHECK(!r->fetch.attached && str_find(buf_str(&r->fetch.doc), S("AAAA")) < 0);
}

// More attachments than the queue holds are asked for again, from where it was full.
static str many(char *out, isize cap, int count, char has)
{
    isize n = snprintf(out, (size_t)cap, "%s",
                       EWS_OPEN "<m:GetItemResponse><m:ResponseMessages><m:GetItemResponseMessage "
                                "ResponseClass=\"Success\"><m:ResponseCode>NoError</m:ResponseCode>"
                                "<m:Items><t:Message><t:ItemId Id=\"A\"/><t:Attachments>");
    for (int i = 0; i < count; i++) {
        n += snprintf(out + n, (size_t)(cap - n),
                      "<t:FileAttachment><t:AttachmentId Id=\"%0200d\"/></t:FileAttachment>", i);
    }
    n += snprintf(out + n, (size_t)(cap - n), "%s%s%s", "</t:Attachments><t:HasAttachments>",
                  has == 't' ? "true" : "false",
                  "</t:HasAttachments></t:Message></m:Items></m:GetItemResponseMessage>"
                  "</m:ResponseMessages></m:GetItemResponse>" EWS_CLOSE);
    return str_make(out, n);
}

static char text[KIB(64)];

static void test_fetch_attachments_overflow(void)
{
    struct rig *r = batch("A");
    struct machine_answer a = ANSWER_STR(200, many(text, COUNT(text), 100, 't'));
    answer(r, a);
    int parts = 0, rounds = 0;
    while (rounds < 20) {
        enum step step = machine_next(&r->lane);
        if (step == STEP_REQUEST) {
            CHECK(str_find(asked(r), S("item:Body")) < 0);
            machine_finish(&r->lane, &a);
            rounds++;
            continue;
        }
        CHECK(step == STEP_DONE && r->fetch.verdict != FETCH_UNDECIDED);
        if (r->fetch.decides < 0 && r->fetch.verdict == FETCH_DOCUMENT) {
            u64 number = 0;
            CHECK(str_to_u64(str_slice(r->fetch.id, 180, 200), &number));
            CHECK((int)number == parts);
            parts++;
        }
        if (!r->fetch.more) {
            break;
        }
        rig_clear_result(r);
    }
    CHECK(parts == 100 && rounds > 1 && rounds < 10 && rig_readers_used(r) == 0);
}

// What is pictures within the text is no attachment, however much of it there is.
static void test_fetch_inline_overflow(void)
{
    struct rig *r = batch("A");
    answer(r, ANSWER_STR(200, many(text, COUNT(text), 100, 'f')));
    CHECK_STR(results(r), S("D0 end"));
}

// Attachments that could not be listed to their end protect the mailbox.
static void check_rest(const char *code)
{
    struct rig *r = batch("A");
    answer(r, ANSWER_STR(200, many(text, COUNT(text), 60, 't')));
    (void)results(r);
    struct machine_answer bad = ANSWER_STR(200, str_from(code));
    machine_finish(&r->lane, &bad);
    while (r->lane.failed == 0 && !err_ok(r->lane.last)) {
        CHECK(machine_next(&r->lane) == STEP_REQUEST);
        machine_finish(&r->lane, &bad);
    }
    str got = results(r);
    CHECK(str_ends(got, S("? end"))); // under the name of its item
}

static void test_fetch_rest_fails(void)
{
    check_rest(EWS("GetItem", BAD("ErrorItemCorrupt")));
    check_rest(EWS("GetItem", BAD("ErrorInternalServerError")));
    check_rest(EWS("GetItem", STOPPED));
    check_rest(EWS("GetItem", ""));
    check_rest(EWS("GetItem", FINE("GetItem", "")));
}

static void test_fetch_mailbox_refused(void)
{
    struct rig *r = batch("AB");
    SAYS(EWS("GetItem", GOT("A", PARTS(FILE_PART("p", "a.txt", "5"))) STOPPED));
    r->mailbox.phase = MAILBOX_REFUSED; // another lane was told so
    r->mailbox.error = FAIL(EWS_DENIED);
    CHECK_STR(results(r), S("D0 ?1 ?p end"));
}

// Exchange asks for a pause: nobody asks before it is over, and a lane that waits keeps no buffer.
static void test_fetch_busy(void)
{
    struct rig *r = batch("A");
    i64 before_ms = os_mono_ms();
    SAYS(FAULT("ErrorServerBusy",
               "<t:MessageXml xmlns:t=\"" NS_T
               "\"><t:Value Name=\"BackOffMilliseconds\"> 297749 </t:Value></t:MessageXml>"));
    CHECK_ERR(r->lane.last, EWS_BUSY);
    CHECK(r->lane.x.retry_at_ms >= before_ms + 297749 && rig_readers_used(r) == 0);
    r->lane.now_ms = before_ms;
    CHECK(machine_next(&r->lane) == STEP_WAIT);
    CHECK(r->lane.x.wait_until_ms == r->o->run.pause_until_ms);
    r->lane.now_ms = r->o->run.pause_until_ms;
    SAYS(EWS("GetItem", GOT("A", "")));
    CHECK_STR(results(r), S("D0 end"));
}

static void test_fetch_waits_with_an_empty_buffer(void)
{
    struct rig *r = batch("A");
    SAYS(
        EWS("GetItem", GOT("A", PARTS(FILE_PART("p", "a.txt", "5") FILE_PART("q", "b.txt", "5")))));
    CHECK_STR(results(r), S("D0 "));
    static char large[KIB(80)];
    isize n = snprintf(large, sizeof large, "%s",
                       EWS_OPEN "<m:GetAttachmentResponse><m:ResponseMessages>"
                                "<m:GetAttachmentResponseMessage ResponseClass=\"Success\">"
                                "<m:ResponseCode>NoError</m:ResponseCode><m:Attachments>"
                                "<t:FileAttachment><t:AttachmentId Id=\"p\"/><t:Content>");
    memset(large + n, 'A', KIB(64));
    n += KIB(64);
    n += snprintf(large + n, sizeof large - (size_t)n, "%s",
                  "</t:Content></t:FileAttachment></m:Attachments>"
                  "</m:GetAttachmentResponseMessage></m:ResponseMessages>"
                  "</m:GetAttachmentResponse>" EWS_CLOSE);
    struct machine_answer a = ANSWER_STR(200, str_make(large, n));
    machine_finish(&r->lane, &a);
    CHECK(machine_next(&r->lane) == STEP_DONE && r->fetch.data.n > KIB(64));
    rig_clear_result(r);
    for (int i = 0; i < r->o->reader_count; i++) {
        r->o->readers[i].used = true;
    }
    CHECK(machine_next(&r->lane) == STEP_WAIT && r->fetch.data.n <= FETCH_DOC_OFFSET);
}

// Two requests by the newer version are under way when Exchange says that it does not know it.
static void test_fetch_version(void)
{
    struct rig *r = batch("A");
    CHECK(machine_next(&r->lane) == STEP_REQUEST);
    CHECK(str_find(asked(r), S("\"Exchange2013_SP1\"")) >= 0);
    r->o->run.older = true; // another lane has learnt it meanwhile
    THEN(FAULT("ErrorInvalidServerVersion", ""));
    CHECK(r->lane.failed == 0);
    SAYS(EWS("GetItem", GOT("A", "")));
    CHECK(str_find(asked(r), S("\"Exchange2013\"")) >= 0);
    CHECK_STR(results(r), S("D0 end"));
    r = batch("A");
    r->o->run.older = true;
    SAYS(FAULT("ErrorInvalidServerVersion", ""));
    CHECK(r->lane.failed == 1 && r->mailbox.phase == MAILBOX_SYSTEMIC);
}

static void test_fetch_grows(void)
{
    struct rig *r = rig_make(KIB(26));
    rig_unit(r, "A", EWS_KIND_MAIL, true);
    static char mail[KIB(64)];
    isize n = snprintf(mail, sizeof mail, "%s",
                       EWS_OPEN
                       "<m:GetItemResponse><m:ResponseMessages><m:GetItemResponseMessage "
                       "ResponseClass=\"Success\"><m:ResponseCode>NoError</m:ResponseCode>"
                       "<m:Items><t:Message><t:ItemId Id=\"A\"/><t:Body BodyType=\"Text\">");
    memset(mail + n, '\n', KIB(40));
    n += KIB(40);
    n += snprintf(mail + n, sizeof mail - (size_t)n, "%s",
                  "</t:Body></t:Message></m:Items></m:GetItemResponseMessage></m:ResponseMessages>"
                  "</m:GetItemResponse>" EWS_CLOSE);
    answer(r, ANSWER_STR(200, str_make(mail, n)));
    CHECK(r->grown > 2);
    CHECK_STR(results(r), S("D0 end"));
}

static const struct test_case cases[] = {
    CASE(test_fetch_a_batch),
    CASE(test_fetch_broken_attempts_are_undone),
    CASE(test_fetch_corrupt_stays_plain),
    CASE(test_fetch_id_refused_is_kept),
    CASE(test_fetch_left_out_for_ever),
    CASE(test_fetch_batch_stopped),
    CASE(test_fetch_one_sick_item),
    CASE(test_fetch_other_answers),
    CASE(test_fetch_content),
    CASE(test_fetch_content_of_another),
    CASE(test_fetch_attachments_overflow),
    CASE(test_fetch_inline_overflow),
    CASE(test_fetch_rest_fails),
    CASE(test_fetch_mailbox_refused),
    CASE(test_fetch_busy),
    CASE(test_fetch_waits_with_an_empty_buffer),
    CASE(test_fetch_version),
    CASE(test_fetch_grows),
};
TEST_MAIN(cases)
