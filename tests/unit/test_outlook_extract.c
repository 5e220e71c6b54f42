// SPDX-License-Identifier: Apache-2.0
// source/outlook/outlook_extract: the content of an attachment becomes the body of a request, the
// text of its answer a member of the document; whatever goes wrong costs only the text.
#include "outlook_rig.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { ROOM = KIB(64) };

#define FILE_PART(id, name, size)                                                \
    "<t:FileAttachment><t:AttachmentId Id=\"" id "\"/><t:Name>" name "</t:Name>" \
    "<t:Size>" size "</t:Size></t:FileAttachment>"
#define MAIL                                                                             \
    EWS("GetItem",                                                                       \
        FINE("GetItem",                                                                  \
             "<m:Items><t:Message><t:ItemId Id=\"A\"/><t:Attachments>" FILE_PART(        \
                 "P", "a.pdf",                                                           \
                 "99999999") "</t:Attachments><t:HasAttachments>true</t:HasAttachments>" \
                             "</t:Message></m:Items>"))
#define CONTENT(text)                                                      \
    EWS("GetAttachment",                                                   \
        FINE("GetAttachment",                                              \
             "<m:Attachments><t:FileAttachment><t:AttachmentId Id=\"P\"/>" \
             "<t:Content>" text "</t:Content></t:FileAttachment></m:Attachments>"))
#define DOC "\"_timestamp\":null,\"title\":\"a.pdf\",\"type\":\"Mail Attachment\",\"size\":99999999"
#define FILE_BYTES "\x00\x01hello\xff"
#define FILE_BASE64 "AAFoZWxsb/8="

static const struct dest service = {.label = "extraction service"};

// The item handed over; its attachment comes next.
static struct rig *make(isize cap)
{
    struct rig *r = rig_make(cap);
    r->o->settings.extraction = &service;
    r->o->settings.extraction_timeout_ms = 30000;
    r->o->run.content = r->o->run.extract = true;
    rig_unit(r, "A", EWS_KIND_MAIL, true);
    struct machine_answer answers[] = {ANSWER(200, MAIL)};
    CHECK(machine_run(&r->lane, answers, COUNT(answers)) == STEP_DONE);
    CHECK(r->fetch.verdict == FETCH_DOCUMENT && r->fetch.more);
    rig_clear_result(r);
    return r;
}

static void check_text(struct rig *r, str text, u16 error)
{
    static u8 bytes[MIB(1)];
    struct buf want = buf_over(bytes, COUNT(bytes));
    buf_put(&want, S(DOC ",\"body\":\""));
    buf_put(&want, text);
    buf_put(&want, S("\""));
    struct fetch *f = &r->fetch;
    CHECK(f->verdict == FETCH_DOCUMENT && f->decides == -1);
    CHECK(f->error.code == error);
    CHECK_STR(f->id, S("P"));
    CHECK_STR(buf_str(&f->doc), buf_str(&want));
    CHECK(f->doc.p == f->data.p + FETCH_DOC_OFFSET);
    CHECK(f->data.cap - f->data.n >= FETCH_DOC_TAIL);
    CHECK(!f->attached);
    CHECK(rig_readers_used(r) == 0);
}

// The content in hand, then one answer of the service, fed in steps.
static void check_answer(int status, str json, isize step, str text, u16 error)
{
    struct rig *r = make(ROOM);
    struct machine_answer answers[] = {ANSWER(200, CONTENT(FILE_BASE64)), ANSWER_STR(status, json)};
    r->lane.step_bytes = step;
    CHECK(machine_run(&r->lane, answers, COUNT(answers)) == STEP_DONE);
    check_text(r, text, error);
    CHECK(r->lane.request_count == 3 && r->lane.failed == 0);
}

static void test_extract_request(void)
{
    struct rig *r = make(ROOM);
    struct machine_answer answers[] = {ANSWER(200, CONTENT("AAFo\r\n ZWxsb/8")),
                                       ANSWER(200, "{\"extracted_text\":\"Hello\"}")};
    CHECK(machine_run(&r->lane, answers, COUNT(answers)) == STEP_DONE);
    check_text(r, S("Hello"), 0);
    CHECK_STR(machine_method(&r->lane, 2), S("PUT"));
    CHECK_STR(machine_target(&r->lane, 2), S("/extract_text/"));
    CHECK_STR(machine_body(&r->lane, 2), S(FILE_BYTES));
    CHECK(machine_has_header(&r->lane, 2, S("Content-Type: application/octet-stream\r\n")));
    CHECK(machine_has_header(&r->lane, 2, S("Accept: application/json\r\n")));
    CHECK(r->lane.requests[2].timeout_ms == 30000 && r->lane.requests[2].flags == 0);
}

static const struct {
    str json, text;
    u16 error;
} forms[] = {
    {S("{\"extracted_text\":\"a\\u0000\\n\\\"\\\\ \\ud83d\\ude00\\ud800x\x7f\"}"),
     S("a\\u0000\\n\\\"\\\\ \xf0\x9f\x98\x80\xef\xbf\xbdx\x7f"), 0},
    {S("{\"a\":{\"extracted_text\":\"no\",\"error\":1},\"extracted_text\":\"g\xc3\xb6\xe2\x82\xac"
       "\xf0\x9f\x98\x80.\",\"_meta\":[1,{}]}"),
     S("g\xc3\xb6\xe2\x82\xac\xf0\x9f\x98\x80."), 0},
    // Bytes that are no UTF-8: alone, cut off, before and after others.
    {S("{\"extracted_text\":\"\x80\xc3\xe2\x82x\xf0\x9f\x98\xc3\xb6\xff\xe2\x82\"}"),
     S("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx\xef\xbf\xbd\xc3\xb6\xef\xbf\xbd\xef\xbf\xbd"), 0},
    {S("{\"extracted_text\":\"\"}"), S(""), 0},
    {S(" {\"extracted_text\":\"one\",\"extracted_text\":\"two\"}\r\n"), S("two"), 0},
    {S("{\"extracted_text\":\"one\",\"extracted_text\":\"\"}"), S(""), 0},
    {S("{\"extracted_text\":\"one\",\"extracted_text\":null}"), S(""), ERR_EXTRACT_ANSWER},
    {S("{\"extracted_text\":null}"), S(""), ERR_EXTRACT_ANSWER},
    {S("{\"extracted_text\":[\"x\"]}"), S(""), ERR_EXTRACT_ANSWER},
    {S("{\"extracted_text\":7}"), S(""), ERR_EXTRACT_ANSWER},
    {S("[\"extracted_text\"]"), S(""), ERR_EXTRACT_ANSWER},
    {S("\"extracted_text\""), S(""), ERR_EXTRACT_ANSWER},
    {S("{}"), S(""), ERR_EXTRACT_ANSWER},
    {S(""), S(""), ERR_EXTRACT_ANSWER},
    {S("<html>no</html>"), S(""), ERR_EXTRACT_ANSWER},
    {S("{\"extracted_text\":\"cut"), S(""), ERR_EXTRACT_ANSWER},
    {S("{\"extracted_text\":\"cut\""), S(""), ERR_EXTRACT_ANSWER},
    {S("{\"extracted_text\":\"x\"}}"), S(""), ERR_EXTRACT_ANSWER},
    {S("{\"extracted_text\":\"x\",\"error\":\"it broke\"}"), S(""), ERR_EXTRACT_REFUSED},
    {S("{\"error\":\"it broke\",\"message\":\"so\"}"), S(""), ERR_EXTRACT_REFUSED},
    {S("{\"error\":null}"), S(""), ERR_EXTRACT_REFUSED},
};

static void test_extract_answers(void)
{
    for (isize i = 0; i < COUNT(forms); i++) {
        for (isize step = 0; step < 6; step++) {
            check_answer(200, forms[i].json, step, forms[i].text, forms[i].error);
        }
        check_answer(500, forms[i].json, 3, S(""), ERR_EXTRACT_STATUS);
    }
    check_answer(201, S("{\"extracted_text\":\"x\"}"), 0, S(""), ERR_EXTRACT_STATUS);
    check_answer(422, S(""), 0, S(""), ERR_EXTRACT_STATUS);
}

// What else it says has a bound.
static void test_extract_talks_much(void)
{
    static u8 bytes[KIB(16)];
    for (int over = 0; over < 2; over++) {
        struct buf b = buf_over(bytes, COUNT(bytes));
        buf_put(&b, S("{\"extracted_text\":\"x\",\"notes\":\""));
        while (b.n < EXTRACT_REST_BYTES - 4 + over * 8) {
            buf_put_byte(&b, 'n');
        }
        buf_put(&b, S("\"}"));
        check_answer(200, buf_str(&b), 700, over ? S("") : S("x"), over ? ERR_EXTRACT_ANSWER : 0);
    }
}

// A text that needs a larger buffer, of characters that stay as long as they are, or become as long
// as they can.
static void check_growth(bool utf8)
{
    static u8 json[KIB(100)], text[KIB(600)];
    struct buf j = buf_over(json, COUNT(json));
    struct buf t = buf_over(text, COUNT(text));
    buf_put(&j, S("{\"extracted_text\":\""));
    for (int i = 0; i < 15000; i++) {
        str character = i % 2 ? S("\\u0001") : S("\xc3\xb6");
        buf_put(&j, utf8 ? character : S("\xff"));
        buf_put(&t, utf8 ? character : S("\xef\xbf\xbd"));
    }
    buf_put(&j, S("\"}"));
    static const isize steps[] = {0, 1, 7, 4096};
    for (isize i = 0; i < COUNT(steps); i++) {
        struct rig *r = make(KIB(24));
        struct machine_answer answers[] = {ANSWER(200, CONTENT(FILE_BASE64)),
                                           ANSWER_STR(200, buf_str(&j))};
        r->lane.step_bytes = steps[i];
        CHECK(machine_run(&r->lane, answers, COUNT(answers)) == STEP_DONE);
        check_text(r, buf_str(&t), 0);
        CHECK(r->grown > 2);
    }
}

static void test_extract_grows(void)
{
    check_growth(true);
    check_growth(false);
}

// Broken connections are tried again with the same content, three times in all.
static void test_extract_lost(void)
{
    struct rig *r = make(ROOM);
    struct machine_answer answers[] = {
        ANSWER(200, CONTENT(FILE_BASE64)),
        LOST(NET_RESET),
        {.status = 200, .body = S("{\"extracted_text\":\"half of"), .lost = FAIL(HTTP_CUT)},
        ANSWER(200, "{\"extracted_text\":\"all\"}"),
    };
    CHECK(machine_run(&r->lane, answers, COUNT(answers)) == STEP_DONE);
    check_text(r, S("all"), 0);
    for (int i = 2; i < 5; i++) {
        CHECK_STR(machine_body(&r->lane, i), S(FILE_BYTES));
    }

    r = make(ROOM);
    struct machine_answer gone[] = {ANSWER(200, CONTENT(FILE_BASE64)), LOST(NET_RESET),
                                    LOST(NET_RESET), LOST(NET_RESET)};
    CHECK(machine_run(&r->lane, gone, COUNT(gone)) == STEP_DONE);
    check_text(r, S(""), ERR_NET_RESET);
    CHECK(r->lane.request_count == 2 + EXTRACT_TRIES_MAX && r->lane.failed == 1);
    CHECK(r->mailbox.phase == MAILBOX_LISTING); // nobody's fault but the service's

    // While it is away each file is tried once; an answer, whatever it says, ends that.
    struct {
        struct machine_answer answer;
        bool away;
    } next[] = {{LOST(NET_REFUSED), true}, {ANSWER(500, ""), false}};
    for (isize i = 0; i < COUNT(next); i++) {
        r = make(ROOM);
        r->o->run.extract_away = true;
        struct machine_answer then[] = {ANSWER(200, CONTENT(FILE_BASE64)), next[i].answer};
        CHECK(machine_run(&r->lane, then, COUNT(then)) == STEP_DONE);
        CHECK(r->lane.request_count == 3 && r->fetch.verdict == FETCH_DOCUMENT);
        CHECK(r->o->run.extract_away == next[i].away);
    }
}

// The time was used up by one attempt: there is no second.
static void test_extract_timeout(void)
{
    struct rig *r = make(ROOM);
    struct machine_answer content[] = {ANSWER(200, CONTENT(FILE_BASE64))};
    CHECK(machine_next(&r->lane) == STEP_REQUEST);
    CHECK_OK(machine_answer(&r->lane, &content[0]));
    CHECK(machine_next(&r->lane) == STEP_REQUEST);
    r->lane.now_ms += 29999;
    CHECK(machine_next(&r->lane) == STEP_REQUEST); // it broke before that
    CHECK_STR(r->lane.x.body, S(FILE_BYTES));
    CHECK(r->lane.x.dest == &service);
    r->lane.now_ms += 30000;
    CHECK(machine_next(&r->lane) == STEP_DONE);
    check_text(r, S(""), ERR_EXTRACT_TIMEOUT);
}

static void test_extract_nothing_to_ask(void)
{
    struct rig *r = make(ROOM); // without bytes
    struct machine_answer empty[] = {ANSWER(200, CONTENT(""))};
    CHECK(machine_run(&r->lane, empty, COUNT(empty)) == STEP_DONE);
    check_text(r, S(""), 0);

    r = make(ROOM); // no base64
    struct machine_answer broken[] = {ANSWER(200, CONTENT("AAA*"))};
    CHECK(machine_run(&r->lane, broken, COUNT(broken)) == STEP_DONE);
    CHECK_STR(buf_str(&r->fetch.doc), S(DOC));

    r = make(ROOM); // no service
    r->o->settings.extraction = NULL;
    r->o->run.content = false;
    CHECK(machine_next(&r->lane) == STEP_DONE);
    CHECK_STR(buf_str(&r->fetch.doc), S(DOC));
}

// The record decides, not the pipeline; without a service nothing is fetched.
static void test_extract_configured(void)
{
    for (int i = 0; i < 8; i++) {
        struct rig *r = rig_make(ROOM);
        bool wanted = i & 1, there = i & 2, pipeline = i & 4;
        struct field_value values[SCHEMA_FIELDS_MAX];
        rig_values(values);
        values[OUTLOOK_FIELD_EXTRACTION].flag = wanted;
        r->o->settings.extraction = there ? &service : NULL;
        struct source_setup setup = {.values = values, .content = pipeline};
        CHECK_OK(r->source.ops->configure(r->o, &setup, &r->detail));
        CHECK(r->o->run.extract == wanted);
        CHECK((r->source.warning != NULL) == (wanted && !there));
        CHECK(r->o->run.content == (wanted ? there : pipeline));
    }
}

// In the largest buffer there is: what does not fit is read to its end and dropped.
static void test_extract_too_large(void)
{
    u8 *memory = mmap(NULL, (size_t)LANE_LARGE_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT(memory != MAP_FAILED);
    struct buf data = {.p = memory, .n = FETCH_DOC_OFFSET, .cap = LANE_LARGE_BYTES};
    struct outlook_extract ex = {.wanted = true, .ready = true, .status = 200, .from = data.n};
    ex.bytes = LANE_LARGE_BYTES - KIB(32);
    data.n += ex.bytes;
    str in = S("{\"extracted_text\":\"");
    for (int i = 0; i < 40; i++) {
        CHECK_OK(outlook_extract_body(&ex, &data, &in));
        CHECK(in.n == 0);
        static u8 text[KIB(1)];
        memset(text, 'x', COUNT(text));
        in = str_make(text, COUNT(text));
    }
    CHECK(ex.too_large);
    static struct outlook o;
    err e = outlook_extract_end(&o, &ex, &data);
    CHECK(err_is(e, ERR_EXTRACT_TOO_LARGE));
    CHECK_STR(str_make(memory + FETCH_DOC_OFFSET, data.n - FETCH_DOC_OFFSET), S(",\"body\":\"\""));
    munmap(memory, (size_t)LANE_LARGE_BYTES);
}

// ---- by way of files

static char folder[] = "/tmp/test extract+\xc3\xb6.XXXXXX";
static struct outlook_files files;
static bool file_used[2];

static struct rig *make_filed(void)
{
    if (!files.folder.n) {
        CHECK(mkdtemp(folder) != NULL);
        files.folder = str_from(folder);
        CHECK_OK(os_shared_create(folder, 5, &files.shared, NULL));
    }
    struct rig *r = make(ROOM);
    r->o->settings.files = &files;
    r->o->settings.files_from = 3;
    r->o->settings.file_count = COUNT(file_used);
    r->o->file_used = file_used;
    return r;
}

static void end_filed(struct rig *r)
{
    for (int i = 0; i < COUNT(file_used); i++) {
        CHECK(!file_used[i]);
    }
    r->o->settings.files = NULL;
}

static bool file_holds(int i, str want)
{
    u8 path[200] = {0}, bytes[200];
    struct buf p = buf_over(path, COUNT(path) - 1), b = buf_over(bytes, COUNT(bytes));
    buf_put(&p, files.folder);
    buf_put_byte(&p, '/');
    os_shared_put_name(&p, &files.shared, i);
    return err_ok(os_file_read((const char *)path, &b, NULL)) && str_eq(buf_str(&b), want);
}

static void test_extract_file(void)
{
    struct rig *r = make_filed();
    file_used[0] = true; // another lane's
    struct machine_answer answers[] = {
        ANSWER(200, CONTENT(FILE_BASE64)),
        LOST(NET_RESET),
        {.status = 200, .body = S("{\"extracted_text\":\"half of"), .lost = FAIL(HTTP_CUT)},
    };
    CHECK(machine_next(&r->lane) == STEP_REQUEST);
    CHECK_OK(machine_answer(&r->lane, &answers[0]));
    CHECK(file_holds(4, S("")));
    CHECK(machine_next(&r->lane) == STEP_REQUEST);
    CHECK(file_holds(4, S(FILE_BYTES)) && file_used[1]);
    CHECK(r->lane.x.body.n == 0 && r->lane.x.send_empty_body);
    u8 bytes[300];
    struct buf want = buf_over(bytes, COUNT(bytes));
    buf_put(&want, S("/extract_text/?local_file_path=/tmp/test%20extract%2B%C3%B6."));
    buf_put(&want, str_from_index(files.folder, files.folder.n - 6));
    buf_put_byte(&want, '/');
    os_shared_put_name(&want, &files.shared, 4);
    CHECK_STR(buf_str(&r->lane.x.target), buf_str(&want));
    CHECK(!machine_has_header(&r->lane, 2, S("Content-Type")));
    // It broke: the same again, from the same file.
    CHECK(machine_next(&r->lane) == STEP_REQUEST);
    CHECK_STR(buf_str(&r->lane.x.target), buf_str(&want));
    CHECK(file_holds(4, S(FILE_BYTES)) && r->lane.x.body.n == 0);
    struct machine_answer last = ANSWER(200, "{\"extracted_text\":\"Hello\"}");
    CHECK_OK(machine_answer(&r->lane, &last));
    CHECK(file_holds(4, S("")) && !file_used[1]);
    CHECK(machine_next(&r->lane) == STEP_DONE);
    check_text(r, S("Hello"), 0);
    file_used[0] = false;
    end_filed(r);
}

// However it ends: no content stays behind, and the text is missing as it would be without files.
static void test_extract_file_ends(void)
{
    const struct {
        struct machine_answer answer;
        u16 error;
    } ends[] = {
        {ANSWER(500, "no"), ERR_EXTRACT_STATUS},
        {ANSWER(200, "{\"error\":\"no\"}"), ERR_EXTRACT_REFUSED},
        {ANSWER(200, "{"), ERR_EXTRACT_ANSWER},
        {LOST(NET_RESET), ERR_NET_RESET},
    };
    for (isize i = 0; i < COUNT(ends); i++) {
        struct rig *r = make_filed();
        struct machine_answer answers[] = {ANSWER(200, CONTENT(FILE_BASE64)), ends[i].answer,
                                           ends[i].answer, ends[i].answer};
        int count = ends[i].error == ERR_NET_RESET ? 4 : 2;
        CHECK(machine_run(&r->lane, answers, count) == STEP_DONE);
        check_text(r, S(""), ends[i].error);
        CHECK(file_holds(3, S("")) && file_holds(4, S("")));
        end_filed(r);
    }
    struct rig *r = make_filed(); // it took too long
    struct machine_answer content = ANSWER(200, CONTENT(FILE_BASE64));
    CHECK(machine_next(&r->lane) == STEP_REQUEST);
    CHECK_OK(machine_answer(&r->lane, &content));
    CHECK(machine_next(&r->lane) == STEP_REQUEST);
    r->lane.now_ms += 30000;
    CHECK(machine_next(&r->lane) == STEP_DONE);
    check_text(r, S(""), ERR_EXTRACT_TIMEOUT);
    CHECK(file_holds(3, S("")));
    end_filed(r);

    r = make_filed(); // its mailbox is closed meanwhile
    CHECK(machine_next(&r->lane) == STEP_REQUEST);
    CHECK_OK(machine_answer(&r->lane, &content));
    CHECK(machine_next(&r->lane) == STEP_REQUEST && file_holds(3, S(FILE_BYTES)));
    r->mailbox.phase = MAILBOX_SYSTEMIC;
    CHECK(machine_next(&r->lane) == STEP_DONE && r->fetch.verdict == FETCH_UNDECIDED);
    CHECK(file_holds(3, S("")));
    end_filed(r);

    r = make_filed(); // the run is over
    CHECK(machine_next(&r->lane) == STEP_REQUEST);
    CHECK_OK(machine_answer(&r->lane, &content));
    CHECK(machine_next(&r->lane) == STEP_REQUEST && file_holds(3, S(FILE_BYTES)));
    r->source.ops->release(r->o);
    CHECK(file_holds(3, S("")));
    end_filed(r);
}

// The disk is full, or more is under way than there are files.
static void test_extract_file_failures(void)
{
    struct rig *r = make_filed();
    struct os_shared kept = files.shared;
    struct machine_answer content[] = {ANSWER(200, CONTENT(FILE_BASE64))};
    files.shared.first_fd = open("/dev/full", O_WRONLY) - 3;
    CHECK(machine_run(&r->lane, content, 1) == STEP_DONE);
    check_text(r, S(""), ERR_EXTRACT_SPACE);
    CHECK(r->lane.request_count == 2);
    close(files.shared.first_fd + 3);
    files.shared = kept;
    end_filed(r);

    r = make_filed();
    file_used[0] = file_used[1] = true;
    CHECK(machine_run(&r->lane, content, 1) == STEP_DONE);
    check_text(r, S(""), ERR_EXTRACT_FILE);
    file_used[0] = file_used[1] = false;
    end_filed(r);
    os_shared_remove(folder, &files.shared);
    CHECK(rmdir(folder) == 0);
}

static const struct test_case cases[] = {
    CASE(test_extract_file),          CASE(test_extract_file_ends),
    CASE(test_extract_file_failures), CASE(test_extract_request),
    CASE(test_extract_answers),       CASE(test_extract_talks_much),
    CASE(test_extract_grows),         CASE(test_extract_lost),
    CASE(test_extract_timeout),       CASE(test_extract_nothing_to_ask),
    CASE(test_extract_configured),    CASE(test_extract_too_large),
};
TEST_MAIN(cases)
