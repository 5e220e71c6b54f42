// SPDX-License-Identifier: Apache-2.0
// source/outlook/outlook_check: versions of Exchange, as its answers say them and as people call
// them; and asking the text extraction service.
#include "outlook_rig.h"

#include "source/outlook/outlook_check.h"

#define HEADER(element)                                                                      \
    "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Header>" element   \
    "</s:Header><s:Body><m:ConvertIdResponse xmlns:m=\"" NS_M "\"><m:ResponseMessages/></m:" \
    "ConvertIdResponse></s:Body></s:Envelope>"
#define INFO(prefix, ns, a, b, c, d)                                          \
    "<" prefix "ServerVersionInfo xmlns" ns "=\"" NS_T "\" MajorVersion=\"" a \
    "\" MinorVersion=\"" b "\" MajorBuildNumber=\"" c "\" MinorBuildNumber=\"" d "\"/>"

static void check_said(const char *xml, int a, int b, int c, int d)
{
    static struct ews_answer answer;
    str text = str_from(xml);
    for (isize step = 1; step <= text.n; step += step < 40 ? 1 : text.n) {
        ews_answer_start(&answer);
        for (isize i = 0; i < text.n; i += step) {
            str piece = test_guarded(str_slice(text, i, i + step < text.n ? i + step : text.n));
            enum ews_event event;
            while ((event = ews_answer_next(&answer, &piece)) != EWS_MORE && event != EWS_DONE) {
                CHECK(event != EWS_BAD);
                if (event == EWS_BAD) {
                    return;
                }
            }
        }
        const int *v = answer.version;
        CHECK(v[0] == a && v[1] == b && v[2] == c && v[3] == d);
    }
}

static void test_version_in_the_header(void)
{
    check_said(HEADER(INFO("h:", ":h", "15", "1", "2507", "61")), 15, 1, 2507, 61);
    check_said(HEADER(INFO("", "", "14", "3", "513", "0")), 14, 3, 513, 0);
    check_said(HEADER(""), 0, 0, 0, 0);
    check_said(HEADER(INFO("", "", "15", "x", "-1", "65536")), 15, 0, 0, 0);
    check_said(HEADER("<o>" INFO("", "", "15", "1", "1", "1") "</o>"), 0, 0, 0, 0);
    check_said(HEADER("<ServerVersionInfo MajorVersion=\"15\"/>"), 0, 0, 0, 0); // no namespace
    check_said("<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>" INFO(
                   "", "", "15", "1", "1", "1") "</s:Body></s:Envelope>",
               0, 0, 0, 0);
}

static void check_told(int major, int minor, bool good, str want)
{
    u8 bytes[128];
    struct buf b = buf_over(bytes, COUNT(bytes));
    int version[EWS_VERSION_PARTS] = {major, minor, 12, 3};
    CHECK(outlook_check_put_version(&b, version) == good);
    CHECK_STR(buf_str(&b), want);
}

static void test_names_of_versions(void)
{
    check_told(6, 5, false, S("Exchange, 6.5.12.3"));
    check_told(8, 3, false, S("Exchange Server 2007, 8.3.12.3"));
    check_told(14, 0, false, S("Exchange Server 2010, 14.0.12.3"));
    check_told(14, 3, false, S("Exchange Server 2010, 14.3.12.3"));
    check_told(15, 0, true, S("Exchange Server 2013, 15.0.12.3"));
    check_told(15, 1, true, S("Exchange Server 2016, 15.1.12.3"));
    check_told(15, 2, true, S("Exchange Server 2019 or Subscription Edition, 15.2.12.3"));
    check_told(15, 3, true, S("Exchange Server, 15.3.12.3"));
    check_told(15, 20, true, S("Exchange Online, 15.20.12.3"));
    check_told(16, 0, true, S("Exchange, 16.0.12.3"));
}

static void test_extraction(void)
{
    struct rig *r = rig_make(KIB(32));
    static const struct dest service = {.label = "extraction service"};
    r->o->settings.extraction = NULL;
    CHECK(outlook_check_extracts(r->o) == OUTLOOK_EXTRACTS_NOT);
    r->o->run.extract = true;
    CHECK(outlook_check_extracts(r->o) == OUTLOOK_EXTRACTS_NOWHERE);
    r->o->settings.extraction = &service;
    CHECK(outlook_check_extracts(r->o) == OUTLOOK_EXTRACTS);
    static const int statuses[] = {200, 204, 404, 503};
    for (isize i = 0; i < COUNT(statuses); i++) {
        const struct machine_ops *ops = &outlook_check_ping_ops;
        struct outlook_check_ping ping = {.src = r->o};
        u8 target[64], detail[128];
        struct exchange x = {.target = buf_over(target, COUNT(target)),
                             .detail = buf_over(detail, COUNT(detail))};
        struct http_head head = {.status = statuses[i]};
        str body = S("{}");
        CHECK(ops->next(&ping, 0, &x) == STEP_REQUEST && x.dest == &service);
        CHECK_STR(buf_str(&x.target), S("/ping/"));
        CHECK_OK(ops->head(&ping, &x, &head));
        CHECK_OK(ops->body(&ping, &x, &body));
        CHECK(body.n == 0);
        err e = ops->end(&ping, &x);
        CHECK(e.code == (statuses[i] == 200 ? ERR_NONE : ERR_EXTRACT_STATUS));
        if (err_ok(e)) {
            CHECK(ops->next(&ping, 0, &x) == STEP_DONE);
        } else {
            ops->fail(&ping, &x, e);
            CHECK(ops->next(&ping, 0, &x) == STEP_FAILED);
            CHECK(str_starts(buf_str(&x.detail), S("GET /ping/: status ")));
        }
    }
    r->o->settings.extraction = NULL;
}

static const struct test_case cases[] = {
    CASE(test_version_in_the_header),
    CASE(test_names_of_versions),
    CASE(test_extraction),
};
TEST_MAIN(cases)
