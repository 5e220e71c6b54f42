// SPDX-License-Identifier: Apache-2.0
// source/gmail/gmail_message and gmail_shape: one message to one document, in buffers of every
// size.
#include "gmail_lane.h"

#include "base/date.h"
#include "codec/base64.h"
#include "source/gmail/gmail_shape.h"

#define TARGET                                     \
    "/gmail/v1/users/ann%40example.test/messages/" \
    "18c1?format=raw&fields=id,raw,internalDate&prettyPrint=false"
#define MAIL                                                                               \
    "Received: by mx\r\nSubject: Hi\r\nFrom: bob@example.test\r\nTo: ann@example.test\r\n" \
    "Date: Fri, 05 Jul 2024 10:20:30 +0000\r\nMessage-ID: <1@example.test>\r\n"            \
    "Content-Type: text/plain; charset=utf-8\r\n\r\nHello?>~\xc3\xbf\xc3\xbe\r\n"
#define TRIMMED                                                                      \
    "Subject: Hi\nFrom: bob@example.test\nTo: ann@example.test\n"                    \
    "Date: Fri, 05 Jul 2024 10:20:30 +0000\nMessage-ID: <1@example.test>\n"          \
    "Content-Type: text/plain; charset=\"utf-8\"\nContent-Transfer-Encoding: 8bit\n" \
    "MIME-Version: 1.0\n\nHello?>~\xc3\xbf\xc3\xbe\n"

enum { SMALL = KIB(128) };

// {"id":"18c1","raw":"...","internalDate":"1720174830000"} around `mail`, base64url without
// padding.
static str answer_of(str mail)
{
    static u8 bytes[RIG_DATA];
    struct buf b = buf_over(bytes, COUNT(bytes));
    buf_put(&b, S("{\"id\":\"18c1\",\"internalDate\":\"1720174830000\",\"raw\":\""));
    base64_encode_url(&b, mail);
    buf_put(&b, S("\"}"));
    ASSERT(!b.full);
    return buf_str(&b);
}

static str document_of(str attachment, const char *rest)
{
    static u8 bytes[RIG_DATA];
    struct buf b = buf_over(bytes, COUNT(bytes));
    buf_put(&b, S("\"_attachment\":\""));
    base64_encode(&b, attachment);
    buf_put(&b, S("\",\"_timestamp\":\"1720174830000\""));
    buf_put(&b, str_from(rest));
    ASSERT(!b.full);
    return buf_str(&b);
}

static struct rig *make(bool full)
{
    struct rig *r = rig_make(NULL);
    struct gmail_case settings = rig_settings(r);
    settings.include_full_raw_message = full;
    r = rig_make(&settings);
    rig_grant(r);
    rig_unit(r, S("18c1"), SMALL);
    return r;
}

static enum step fetch(struct rig *r, int status, str body)
{
    struct machine_answer answers[] = {ANSWER_STR(status, body)};
    return machine_run(&r->lane, answers, 1);
}

// What sync relies on: where the document lies, and what is free behind it.
static void check_document(struct rig *r, str want)
{
    struct fetch *f = &r->fetch;
    CHECK(f->verdict == FETCH_DOCUMENT);
    CHECK_OK(f->error);
    CHECK(f->doc.p == f->data.p + FETCH_DOC_OFFSET);
    CHECK(f->data.n == FETCH_DOC_OFFSET + f->doc.n);
    CHECK(f->data.cap - f->data.n >= FETCH_DOC_TAIL);
    CHECK_STR(buf_str(&f->doc), want);
    CHECK(f->timestamp.p > f->doc.p && f->timestamp.p + f->timestamp.n <= f->doc.p + f->doc.n);
}

static void test_a101_message_trimmed(void)
{
    struct rig *r = make(false);
    CHECK(fetch(r, 200, answer_of(S(MAIL))) == STEP_DONE);
    check_document(r, document_of(S(TRIMMED), ""));
    CHECK_STR(r->fetch.timestamp, S("\"1720174830000\""));
    CHECK(r->fetch.message_bytes == S(MAIL).n && !r->fetch.raw_fallback);
    CHECK_STR(machine_method(&r->lane, 0), S("GET"));
    CHECK_STR(machine_target(&r->lane, 0), S(TARGET));
    CHECK(machine_has_header(&r->lane, 0, S("Authorization: Bearer ya29.one\r\n")));
    CHECK(r->lane.requests[0].flags == 0); // no gzip: it costs more than it saves
    CHECK(r->source.quota_units_used == 20);
}

static void test_a106_message_full(void)
{
    static const str mails[] = {S(MAIL), S("a"), S("ab"), S("abc"), S("\xff\xfe\xfd\xfc")};
    for (isize i = 0; i < COUNT(mails); i++) {
        struct rig *r = make(true);
        CHECK(fetch(r, 200, answer_of(mails[i])) == STEP_DONE);
        check_document(r, document_of(mails[i], ""));
        CHECK(!r->fetch.raw_fallback);
    }
}

// Padding as delivered or not, escapes in the string, members in any order.
static void test_message_forms(void)
{
    static const str forms[] = {
        S("{\"raw\":\"_-8=\",\"internalDate\":\"1720174830000\"}"),
        S("{\"raw\":\"_-8\",\"internalDate\":\"1720174830000\",\"id\":\"18c1\"}"),
        S("{\"internalDate\":1720174830000,\"labelIds\":[\"INBOX\"],\"raw\":\"\\u005f\\u002d8\"}"
          "\r\n"),
        S(" { \"raw\" : \"_-8=\" , \"x\":{\"raw\":7}, \"internalDate\" : \"1720174830000\" } "),
    };
    for (isize i = 0; i < COUNT(forms); i++) {
        struct rig *r = make(true);
        CHECK(fetch(r, 200, forms[i]) == STEP_DONE);
        check_document(r, S("\"_attachment\":\"/+8=\",\"_timestamp\":\"1720174830000\""));
    }
}

static void test_message_byte_by_byte(void)
{
    for (int full = 0; full < 2; full++) {
        for (isize step = 1; step < 40; step++) {
            struct rig *r = make(full);
            r->lane.step_bytes = step;
            CHECK(fetch(r, 200, answer_of(S(MAIL))) == STEP_DONE);
            check_document(r, document_of(full ? S(MAIL) : S(TRIMMED), ""));
        }
    }
}

// From the smallest buffer, growing by a little at each LANE_TOO_SMALL, in body() and in end().
static void test_message_growth(void)
{
    static const isize steps[] = {1, 2, 3, 7, 64, 4096};
    for (int full = 0; full < 2; full++) {
        for (isize i = 0; i < COUNT(steps); i++) {
            struct rig *r = make(full);
            rig_unit(r, S("18c1"), FETCH_DOC_OFFSET + 32);
            r->grow = steps[i];
            r->lane.step_bytes = i % 2 ? 5 : 0;
            CHECK(fetch(r, 200, answer_of(S(MAIL))) == STEP_DONE);
            CHECK(r->grown > 0);
            check_document(r, document_of(full ? S(MAIL) : S(TRIMMED), ""));
        }
    }
}

// Every size of buffer: either it says that it is too small, and what it was given is untouched, or
// the document is right.
static void test_message_every_size(void)
{
    str want = {0};
    bool fitted = false;
    for (isize cap = FETCH_DOC_OFFSET + 100; cap < FETCH_DOC_OFFSET + KIB(8); cap += 13) {
        struct rig *r = make(true);
        rig_unit(r, S("18c1"), cap);
        enum step step = fetch(r, 200, answer_of(S(MAIL)));
        if (r->stuck) {
            CHECK(!fitted);
            continue;
        }
        fitted = true;
        want = document_of(S(MAIL), "");
        CHECK(step == STEP_DONE);
        check_document(r, want);
        CHECK(FETCH_DOC_OFFSET + want.n + FETCH_DOC_TAIL <= cap);
        CHECK(FETCH_DOC_OFFSET + want.n + FETCH_DOC_TAIL + 16 > cap - 13 || cap > KIB(7));
        return;
    }
    CHECK(fitted);
}

static void test_message_no_raw(void)
{
    static const struct {
        str body, want;
    } rows[] = {
        {S("{\"internalDate\":\"1\"}"), S("\"_attachment\":null,\"_timestamp\":\"1\"")},
        {S("{\"raw\":null,\"internalDate\":\"1\"}"),
         S("\"_attachment\":null,\"_timestamp\":\"1\"")},
        {S("{\"raw\":\"\",\"internalDate\":\"1\"}"),
         S("\"_attachment\":\"\",\"_timestamp\":\"1\"")},
        {S("{\"internalDate\":null}"),
         S("\"_attachment\":null,\"_timestamp\":\"2024-07-05T10:20:30+00:00\"")},
        {S("{\"internalDate\":\"a\\\"b\"}"), S("\"_attachment\":null,\"_timestamp\":\"a\\\"b\"")},
    };
    for (int full = 0; full < 2; full++) {
        for (isize i = 0; i < COUNT(rows); i++) {
            struct rig *r = make(full);
            CHECK(fetch(r, 200, rows[i].body) == STEP_DONE);
            check_document(r, rows[i].want);
            str stamp = str_from_index(rows[i].want, str_find(rows[i].want, S("_timestamp")) + 12);
            CHECK_STR(r->fetch.timestamp, stamp);
        }
    }
}

static void test_message_document_level_security(void)
{
    struct rig *r = rig_make(NULL);
    struct gmail_case settings = rig_settings(r);
    settings.document_level_security = true;
    r = rig_make(&settings);
    rig_mailbox(r, S("Ann \"A\"@Example.test"), S(""));
    rig_grant(r);
    rig_unit(r, S("18c1"), SMALL);
    CHECK(fetch(r, 200, answer_of(S(MAIL))) == STEP_DONE);
    check_document(
        r, document_of(S(TRIMMED), ",\"_allow_access_control\":[\"Ann \\\"A\\\"@Example.test\"]"));
    CHECK_STR(r->fetch.timestamp, S("\"1720174830000\""));
    CHECK(str_starts(machine_target(&r->lane, 0),
                     S("/gmail/v1/users/Ann%20%22A%22%40Example.test/messages/18c1?")));
}

// The longest address there is, every byte of which needs an escape.
static void test_message_suffix_longest(void)
{
    struct rig *r = rig_make(NULL);
    struct gmail_case settings = rig_settings(r);
    settings.document_level_security = true;
    r = rig_make(&settings);
    rig_grant(r);
    memset(r->mailbox.address, 1, ADDRESS_BYTES);
    r->mailbox.address_bytes = ADDRESS_BYTES;
    rig_unit(r, S("18c1"), SMALL);
    CHECK(fetch(r, 200,
                S("{\"internalDate\":\"\\u0001\\u0001\\u0001\\u0001\\u0001\\u0001\\u0001\"}")) ==
          STEP_DONE);
    CHECK(r->fetch.verdict == FETCH_DOCUMENT);
    CHECK(str_ends(buf_str(&r->fetch.doc), S("\\u0001\\u0001\"]")));
}

// What cannot be read as a mail goes raw, and says so.
static void test_a105_message_raw_fallback(void)
{
    static const str mails[] = {
        S("Subject: x\r\nContent-Type: text/plain; charset=x-foo\r\n\r\nbody\r\n"),
        S("Content-Type: text/plain; charset=us-ascii\r\n\r\ncaf\xe9\r\n"),
    };
    for (isize i = 0; i < COUNT(mails); i++) {
        for (isize cap = FETCH_DOC_OFFSET + 64; cap <= SMALL; cap += i ? 301 : 4096) {
            struct rig *r = make(false);
            rig_unit(r, S("18c1"), cap);
            r->grow = 500;
            CHECK(fetch(r, 200, answer_of(mails[i])) == STEP_DONE);
            check_document(r, document_of(mails[i], ""));
            CHECK(r->fetch.raw_fallback && r->fetch.message_bytes == mails[i].n);
            cap = i && cap > KIB(40) ? SMALL : cap;
        }
    }
}

// A whole answer without readable content is positively corrupt: seen, counted, not tried again.
static void test_message_corrupt(void)
{
    static const str bodies[] = {
        S("{\"raw\":7}"),     S("{\"raw\":{\"a\":\"b\"}}"), S("{\"raw\":[\"YQ\"]}"),
        S("{\"raw\":true}"),  S("{\"raw\":\"????\"}"),      S("{\"raw\":\"====\"}"),
        S("{\"raw\":\"*\"}"),
    };
    for (int full = 0; full < 2; full++) {
        for (isize i = 0; i < COUNT(bodies); i++) {
            struct rig *r = make(full);
            CHECK(fetch(r, 200, bodies[i]) == STEP_DONE);
            CHECK(r->fetch.verdict == FETCH_CORRUPT && r->lane.request_count == 1);
            CHECK_ERR(r->fetch.error, GMAIL_RAW);
        }
    }
}

// An answer that is not whole, or not about this message, decides nothing.
static void test_message_undecided(void)
{
    static const str bodies[] = {
        S(""),
        S("{"),
        S("{\"raw\":\"YWJj"),
        S("{\"raw\":\"YWJj\""),
        S("{\"raw\":\"YWJj\"}}"),
        S("[]"),
        S("\"YWJj\""),
        S("<html></html>"),
        S("{\"raw\":\"YW\\qJj\"}"),
        S("{\"raw\":\"YWJj\",\"raw\":\"YWJj\"}"),
        S("{\"id\":\"18c2\",\"raw\":\"YWJj\"}"),
        S("{\"id\":7,\"raw\":\"YWJj\"}"),
        S("{}"), // the answer to some other request
        S("{\"messages\":[{\"id\":\"18c1\"}],\"nextPageToken\":\"1\"}"),
    };
    for (isize i = 0; i < COUNT(bodies); i++) {
        struct rig *r = make(false);
        struct machine_answer bad = ANSWER_STR(200, bodies[i]);
        struct machine_answer answers[] = {bad, bad, bad, bad, bad, bad};
        CHECK(machine_run(&r->lane, answers, COUNT(answers)) == STEP_DONE);
        CHECK(r->lane.request_count == 6);
        CHECK(r->fetch.verdict == FETCH_UNDECIDED);
        CHECK_ERR(r->fetch.error, GMAIL_ANSWER);
        CHECK(r->mailbox.phase == MAILBOX_LISTING); // the others go on
    }
}

// A second attempt begins from nothing.
static void test_message_again(void)
{
    for (int full = 0; full < 2; full++) {
        struct rig *r = make(full);
        struct machine_answer answers[] = {
            {.status = 200,
             .body = S("{\"id\":\"18c1\",\"raw\":\"YWJjZGVmZ2hpamtsb\","),
             .lost = FAIL(NET_RESET)},
            ANSWER(503, "try again"),
            ANSWER_STR(200, answer_of(S(MAIL))),
        };
        CHECK(machine_run(&r->lane, answers, COUNT(answers)) == STEP_DONE);
        check_document(r, document_of(full ? S(MAIL) : S(TRIMMED), ""));
        CHECK_STR(machine_target(&r->lane, 2), S(TARGET));
    }
}

static void test_message_gone(void)
{
    struct rig *r = make(false);
    CHECK(fetch(r, 404,
                S("{\"error\":{\"code\":404,\"message\":\"Requested entity was not found.\"}}")) ==
          STEP_DONE);
    CHECK(r->fetch.verdict == FETCH_GONE);
    CHECK_OK(r->fetch.error);
    // A page of somebody else with the same status proves nothing.
    static const str pages[] = {S("<html>404</html>"), S(""), S("{\"error\":\"not here\"}"),
                                S("{\"error\":{\"code\":400}}")};
    for (isize i = 0; i < COUNT(pages); i++) {
        r = make(false);
        CHECK(fetch(r, 404, pages[i]) == STEP_DONE);
        CHECK(r->fetch.verdict == FETCH_UNDECIDED);
        CHECK_ERR(r->fetch.error, HTTP_NOT_FOUND);
        CHECK(r->mailbox.phase == MAILBOX_LISTING);
    }
}

static void test_message_bad_id(void)
{
    struct rig *r = make(false);
    CHECK(
        fetch(r, 400,
              S("{\"error\":{\"code\":400,\"message\":\"Invalid id value\",\"errors\":[{\"reason\":"
                "\"invalidArgument\"}]}}")) == STEP_DONE);
    CHECK(r->fetch.verdict == FETCH_CORRUPT);
    CHECK_ERR(r->fetch.error, GMAIL_BAD_REQUEST);
    r = make(false);
    CHECK(fetch(r, 400, S("<html>Bad Request</html>")) == STEP_DONE);
    CHECK(r->fetch.verdict == FETCH_UNDECIDED);
}

// A dry run asks for the size alone.
static void test_message_estimate(void)
{
    struct rig *r = rig_make(NULL);
    struct gmail_case settings = rig_settings(r);
    settings.estimate = true;
    r = rig_make(&settings);
    rig_grant(r);
    rig_unit(r, S("18c1"), SMALL);
    CHECK(fetch(r, 200, S("{\"id\":\"18c1\",\"sizeEstimate\":75123}")) == STEP_DONE);
    CHECK(r->fetch.verdict == FETCH_DOCUMENT && r->fetch.message_bytes == 75123 &&
          r->fetch.doc.n == 0);
    CHECK(str_ends(machine_target(&r->lane, 0),
                   S("/18c1?format=minimal&fields=id,sizeEstimate&prettyPrint=false")));
    rig_unit(r, S("18c1"), SMALL);
    CHECK(fetch(r, 200, S("{\"sizeEstimate\":-5}")) == STEP_DONE);
    CHECK(r->fetch.message_bytes == 0);
}

// A long mail: moves within the buffer overlap.
static void test_message_sizes(void)
{
    static u8 text[300000];
    static const isize sizes[] = {1, 2, 100, 5000, 65536, 99999, 300000};
    for (isize i = 0; i < COUNT(sizes); i++) {
        struct buf mail = buf_over(text, COUNT(text));
        buf_put(&mail, sizes[i] > 50 ? S("Subject: long\r\n\r\n") : S(""));
        while (buf_room(&mail) && mail.n < sizes[i]) {
            buf_put_byte(&mail, (u8)(mail.n % 64 == 63 ? '\n' : 'a' + mail.n % 26));
        }
        for (int full = 0; full < 2; full++) {
            struct rig *r = make(full);
            r->grow = KIB(128);
            CHECK(fetch(r, 200, answer_of(buf_str(&mail))) == STEP_DONE);
            CHECK(r->fetch.message_bytes == mail.n);
            CHECK(r->fetch.verdict == FETCH_DOCUMENT && !r->fetch.raw_fallback);
            if (full) {
                check_document(r, document_of(buf_str(&mail), ""));
            }
        }
    }
}

// ---- the largest buffer, which cannot grow

static struct rig *make_largest(bool full)
{
    static u8 *region;
    if (!region) {
        region = mmap(NULL, LANE_LARGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                      -1, 0);
        ASSERT(region != MAP_FAILED);
    }
    struct rig *r = make(full);
    r->fetch.data = buf_over(region, LANE_LARGE_BYTES);
    return r;
}

// Nothing but the end of the buffer is tried: what came before it is as if it had come.
static void test_message_largest_full(void)
{
    for (int full = 0; full < 2; full++) {
        for (isize left = 0; left < 600; left += 199) {
            struct rig *r = make_largest(full);
            CHECK(machine_next(&r->lane) == STEP_REQUEST);
            r->fetch.data.n = r->fetch.data.cap - left;
            struct machine_answer answer = ANSWER_STR(200, answer_of(S(MAIL MAIL MAIL MAIL MAIL)));
            machine_finish(&r->lane, &answer);
            CHECK_OK(r->lane.last);
            CHECK(machine_next(&r->lane) == STEP_DONE && !r->stuck);
            CHECK(r->fetch.verdict == FETCH_CORRUPT);
            CHECK_ERR(r->fetch.error, GMAIL_TOO_LARGE);
        }
    }
}

// Gmail's largest: 50 MB. It goes raw, because trimming it needs more memory than there is behind
// it.
static void test_message_largest_mail(void)
{
    enum { BYTES = 50 * 1000 * 1000 };
    struct rig *r = make_largest(false);
    CHECK(machine_next(&r->lane) == STEP_REQUEST);
    memset(r->fetch.data.p + FETCH_DOC_OFFSET, 'a', BYTES);
    r->fetch.data.n = FETCH_DOC_OFFSET + BYTES;
    struct machine_answer answer = ANSWER(200, "{\"internalDate\":\"1\",\"raw\":\"YWFh\"}");
    machine_finish(&r->lane, &answer);
    CHECK_OK(r->lane.last);
    CHECK(machine_next(&r->lane) == STEP_DONE && r->fetch.verdict == FETCH_DOCUMENT);
    CHECK(r->fetch.raw_fallback && r->fetch.message_bytes == BYTES + 3);
    str doc = buf_str(&r->fetch.doc);
    str end = S("\",\"_timestamp\":\"1\"");
    CHECK(doc.n == 15 + base64_encoded_bytes(BYTES + 3) + end.n && str_ends(doc, end));
    CHECK(str_starts(doc, S("\"_attachment\":\"YWFhYWFhYWFh")));
    CHECK(r->fetch.data.cap - r->fetch.data.n >= FETCH_DOC_TAIL);

    r = make_largest(false); // 57 MB do not fit as base64
    CHECK(machine_next(&r->lane) == STEP_REQUEST);
    memset(r->fetch.data.p + FETCH_DOC_OFFSET, 'a', 57 * 1000 * 1000);
    r->fetch.data.n = FETCH_DOC_OFFSET + 57 * 1000 * 1000;
    machine_finish(&r->lane, &answer);
    CHECK(machine_next(&r->lane) == STEP_DONE && r->fetch.verdict == FETCH_CORRUPT);
    CHECK_ERR(r->fetch.error, GMAIL_TOO_LARGE);
}

// The largest mail that fits as base64, and one more byte.
static void test_message_largest_edge(void)
{
    isize room = LANE_LARGE_BYTES - FETCH_DOC_OFFSET - FETCH_DOC_TAIL;
    u8 bytes[100];
    struct buf suffix = buf_over(bytes, COUNT(bytes));
    gmail_shape_put_suffix(&suffix, S("\"1\""), S(""));
    // Suffix of a length that leaves no byte over.
    while ((room - suffix.n - GMAIL_SHAPE_PREFIX.n - 1) % 4) {
        buf_put_byte(&suffix, ' ');
    }
    isize fits = (room - suffix.n - GMAIL_SHAPE_PREFIX.n - 1) / 4 * 3;
    for (int more = 0; more < 3; more++) { // 1: of the mail, 2: behind it
        struct rig *r = make_largest(false);
        memset(r->fetch.data.p + FETCH_DOC_OFFSET, 'a', (size_t)fits + 1);
        r->fetch.data.n = FETCH_DOC_OFFSET + fits + (more == 1);
        buf_put(&suffix, more == 2 ? S(" ") : S(""));
        err e = gmail_shape_trimmed(&r->fetch, buf_str(&suffix));
        CHECK(more ? err_is(e, ERR_GMAIL_TOO_LARGE) : err_ok(e));
        CHECK(more || LANE_LARGE_BYTES - r->fetch.data.n == FETCH_DOC_TAIL);
    }
}

static const struct test_case cases[] = {
    CASE(test_a101_message_trimmed),   CASE(test_a106_message_full),
    CASE(test_message_forms),          CASE(test_message_byte_by_byte),
    CASE(test_message_growth),         CASE(test_message_every_size),
    CASE(test_message_no_raw),         CASE(test_message_document_level_security),
    CASE(test_message_suffix_longest), CASE(test_a105_message_raw_fallback),
    CASE(test_message_corrupt),        CASE(test_message_undecided),
    CASE(test_message_again),          CASE(test_message_gone),
    CASE(test_message_bad_id),         CASE(test_message_estimate),
    CASE(test_message_sizes),          CASE(test_message_largest_full),
    CASE(test_message_largest_mail),   CASE(test_message_largest_edge),
};

TEST_MAIN(cases)
