// SPDX-License-Identifier: Apache-2.0
// source/outlook/graph_item, graph_text: an item read through Graph becomes the document that EWS
// gives; and whatever else an element may hold becomes one too.
#include "graph_item_rig.h"

// ---- pairs

static void test_pair_mail(void)
{
    const char *graph =
        "{\"@odata.type\":\"#microsoft.graph.message\",\"@odata.etag\":\"W/\\\"CQ\\\"\","
        "\"id\":\"AAMkAD1=\",\"lastModifiedDateTime\":\"2024-07-05T10:20:31Z\","
        "\"categories\":[\"Finance\",\"\"],\"hasAttachments\":false,"
        "\"subject\":\"Quarter numbers\",\"importance\":\"high\",\"body\":{\"contentType\":"
        "\"html\",\"content\":\"<html><body><p>See file</p></body></html>\"},"
        "\"sender\":{\"emailAddress\":{\"name\":\"Bob\",\"address\":\"bob@example.test\"}},"
        "\"toRecipients\":[{\"emailAddress\":{\"name\":\"bob\",\"address\":"
        "\"/O=ORG/OU=x/CN=bob\"}},{\"emailAddress\":{\"name\":\"none\"}},{\"emailAddress\":"
        "{\"name\":\"Ann\",\"address\":\"Ann@Example.test\"}}],\"ccRecipients\":[],"
        "\"bccRecipients\":[]}";
    check_pair(EWS_MAIL, graph, mail);
    CHECK_STR(g.item.id, S("AAMkAD1="));
    CHECK(!g.item.attachments);
    struct graph_shape owned = mail;
    owned.owner = S("Ann@Example.test");
    check_pair(EWS_MAIL, graph, owned);
}

static void test_pair_mail_with_nothing(void)
{
    check_pair(EWS_MAIL_WITH_NOTHING, "{\"id\":\"A\"}", mail);
    check_pair(EWS_MAIL_WITH_NOTHING,
               "{\"id\":\"A\",\"subject\":\"\",\"body\":{\"contentType\":\"html\",\"content\":"
               "\"\"},\"sender\":{\"emailAddress\":{\"name\":\"\",\"address\":\"\"}},"
               "\"importance\":null,\"categories\":null,\"toRecipients\":null}",
               mail);
    check_pair(EWS_MAIL_WITH_NOTHING,
               "{\"id\":\"A\",\"subject\":7,\"body\":\"x\",\"sender\":[],\"importance\":true,"
               "\"categories\":{\"a\":\"b\"},\"toRecipients\":[1,\"a\",null,[],{},"
               "{\"emailAddress\":[]},{\"emailAddress\":{\"address\":{}}}],"
               "\"ccRecipients\":\"cc\",\"lastModifiedDateTime\":\"yesterday\","
               "\"hasAttachments\":\"true\"}",
               mail);
    CHECK(!g.item.attachments);
}

static void test_pair_plain_text(void)
{
    const char *graph = "{\"id\":\"A\",\"subject\":\"a\\u001fb \\\"\\\\\\\"\",\"body\":"
                        "{\"contentType\":\"text\",\"content\":\"mail <john@x.com>\\r\\nnext\"}}";
    struct graph_shape bare = {.kind = EWS_KIND_MAIL};
    check_pair(EWS_MAIL_PLAIN, graph, bare);
    bare.html_always = true;
    check_pair(EWS_MAIL_PLAIN, graph, bare);
}

static void test_pair_calendar(void)
{
    check_pair(
        EWS_CALENDAR,
        "{\"id\":\"A\",\"lastModifiedDateTime\":\"2024-06-03T07:00:00.1234567Z\",\"subject\":"
        "\"Stand-up\",\"type\":\"seriesMaster\",\"hasAttachments\":false,\"body\":"
        "{\"contentType\":\"text\",\"content\":\"Daily\"},\"start\":{\"dateTime\":"
        "\"2024-06-03T08:00:00.0000000\",\"timeZone\":\"UTC\"},\"end\":{\"dateTime\":"
        "\"2024-06-03T08:15:00.0000000\",\"timeZone\":\"UTC\"},\"location\":{\"displayName\":"
        "\"Room 4\",\"locationType\":\"default\"},\"recurrence\":{\"pattern\":{\"type\":"
        "\"weekly\",\"interval\":2,\"month\":0,\"dayOfMonth\":0,\"daysOfWeek\":[\"monday\","
        "\"wednesday\"],\"firstDayOfWeek\":\"sunday\",\"index\":\"first\"},\"range\":{\"type\":"
        "\"noEnd\",\"startDate\":\"2024-06-03\",\"endDate\":\"0001-01-01\"}},\"attendees\":"
        "[{\"type\":\"required\",\"status\":{},\"emailAddress\":{\"address\":"
        "\"bob@example.test\"}},{\"type\":\"optional\",\"emailAddress\":{\"address\":"
        "\"opt@example.test\"}},{\"type\":\"resource\",\"emailAddress\":{\"address\":"
        "\"room@example.test\"}}],\"organizer\":{\"emailAddress\":{\"name\":\"Ann\","
        "\"address\":\"ann@example.test\"}}}",
        (struct graph_shape){
            .kind = EWS_KIND_CALENDAR, .type = S("Calendar"), .owner = S("Ann@Example.test")});
}

static void test_pair_task(void)
{
    // To Do has no owner; else the task is the same.
    const char *ews = ANSWER(
        "<t:Task><t:Subject>File report</t:Subject><t:TextBody BodyType=\"Text\">Send &lt;"
        "to&gt;</t:TextBody><t:CompleteDate>2024-03-10T00:00:00Z</t:CompleteDate>"
        "<t:DueDate>2024-03-09T23:00:00+02:00</t:DueDate>"
        "<t:StartDate>2024-03-01T00:00:00Z</t:StartDate><t:Status>InProgress</t:Status>"
        "<t:Importance>Low</t:Importance></t:Task>");
    const struct graph_shape task = {.kind = EWS_KIND_TASK, .type = S("Task")};
    check_pair(ews,
               "{\"id\":\"A\",\"title\":\"File report\",\"status\":\"inProgress\",\"importance\":"
               "\"low\",\"body\":{\"content\":\"Send <to>\",\"contentType\":\"text\"},"
               "\"dueDateTime\":{\"dateTime\":\"2024-03-09T23:00:00.0000000\",\"timeZone\":"
               "\"W. Europe Standard Time\"},\"startDateTime\":{\"dateTime\":"
               "\"2024-03-01T00:00:00.0000000\",\"timeZone\":\"UTC\"},\"completedDateTime\":"
               "{\"dateTime\":\"2024-03-10T00:00:00.0000000\",\"timeZone\":\"UTC\"},"
               "\"owner\":\"nobody\"}",
               task);
    // HTML is read, whatever html_always says of mails.
    CHECK(put("{\"id\":\"A\",\"body\":{\"content\":\"<b>x</b> &lt;y\",\"contentType\":\"html\"}}",
              &task) == GRAPH_ITEM_PUT);
    CHECK_STR(member("content"), S("\"x\\n <y\""));
    CHECK_STR(member("status"), S("\"NotStarted\""));
    check_pair(ANSWER("<t:Task><t:ItemId Id=\"A\"/></t:Task>"), "{\"id\":\"A\"}", task);
}

static void test_pair_contact(void)
{
    const struct graph_shape contact = {.kind = EWS_KIND_CONTACT, .type = S("Contact")};
    check_pair(EWS_CONTACT,
               "{\"id\":\"A\",\"displayName\":\"Cid Ng\",\"companyName\":\"\",\"emailAddresses\":"
               "[{\"name\":\"x\",\"address\":\"cid@acme.test\"},{\"name\":\"Only & Name\"},"
               "{\"address\":\"\"}],\"businessPhones\":[\"+31 20\"],\"homePhones\":[],"
               "\"mobilePhone\":null,\"birthday\":\"1604-02-29T11:59:00Z\"}",
               contact);
    check_pair(
        ANSWER("<t:Contact><t:LastModifiedTime>2023-11-02T09:00:00Z</t:LastModifiedTime>"
               "<t:CompanyName>Acme</t:CompanyName><t:PhoneNumbers><t:Entry "
               "Key=\"BusinessPhone\">1</t:Entry><t:Entry Key=\"BusinessPhone2\">2</t:Entry>"
               "<t:Entry Key=\"HomePhone\">3</t:Entry><t:Entry Key=\"MobilePhone\">4</t:Entry>"
               "</t:PhoneNumbers></t:Contact>"),
        "{\"mobilePhone\":\"4\",\"homePhones\":[\"3\"],\"businessPhones\":[\"1\",\"2\",\"\"],"
        "\"companyName\":\"Acme\",\"lastModifiedDateTime\":\"2023-11-02T09:00:00Z\","
        "\"id\":\"A\",\"birthday\":null}",
        contact);
}

// Bodies as mail programs write them, through both ways of escaping.
static void test_pair_bodies(void)
{
    check_pair(
        ANSWER("<t:Message><t:Body BodyType=\"HTML\">&lt;html&gt;&lt;head&gt;&lt;title&gt;T&#xE9;"
               "&lt;/title&gt;&lt;style&gt;p{}&lt;/style&gt;&lt;/head&gt;&lt;body "
               "class=\"a\"&gt;&#xD;\n&lt;p&gt;one &amp;amp; two&amp;nbsp;\xf0\x9f\x98\x80&lt;br"
               "&gt;three\tfour\xe2\x82\xac&lt;/p&gt;&lt;pre&gt;  x\n y&lt;/pre&gt;&lt;script&gt;"
               "no()&lt;/script&gt;&lt;/body&gt;</t:Body></t:Message>"),
        "{\"id\":\"A\",\"body\":{\"contentType\":\"html\",\"content\":\"<html><head><title>"
        "T\\u00e9<\\/title><style>p{}<\\/style><\\/head><body class=\\\"a\\\">\\r\\n<p>one &amp; "
        "two&nbsp;\\uD83D\\ude00<br>three\\tfour\xe2\x82\xac</p><pre>  x\\n y</pre><script>"
        "no()</script></body>\"}}",
        mail);
}

// Longer than the piece that is decoded at a time, with an escape at every place in it.
static void test_pair_long_body(void)
{
    static char ews[KIB(32)], graph[KIB(32)];
    const char *whole = ANSWER("|");
    const char *middle = strstr(whole, "|");
    for (int shift = 0; shift < 40; shift += 13) {
        int a = snprintf(ews, sizeof ews, "%.*s<t:Message><t:Body BodyType=\"HTML\">",
                         (int)(middle - whole), whole);
        int b = snprintf(graph, sizeof graph,
                         "{\"id\":\"A\",\"body\":{\"contentType\":\"html\",\"content\":\"");
        for (int i = 0; i < 150; i++) {
            a += snprintf(ews + a, sizeof ews - (size_t)a,
                          "&lt;a href=\"%0*d\"&gt;\xc3\xa9%d&lt;/a&gt;\t", shift + i % 50, 7, i);
            b += snprintf(graph + b, sizeof graph - (size_t)b,
                          "<a href=\\\"%0*d\\\">\xc3\xa9%d</a>\\t", shift + i % 50, 7, i);
        }
        snprintf(ews + a, sizeof ews - (size_t)a, "</t:Body></t:Message>%s", middle + 1);
        snprintf(graph + b, sizeof graph - (size_t)b, "\"}}");
        check_pair(ews, graph, mail);
    }
}

// ---- times

static str start_of(const char *value)
{
    static char element[512];
    const struct graph_shape s = {.kind = EWS_KIND_CALENDAR};
    snprintf(element, sizeof element, "{\"id\":\"A\",\"start\":%s}", value);
    CHECK(put(element, &s) == GRAPH_ITEM_PUT);
    return member("start_date");
}

static void test_times(void)
{
#define AT(t, z) "{\"dateTime\":\"" t "\",\"timeZone\":\"" z "\"}"
    str eight = S("\"2024-06-03T08:00:00Z\"");
    CHECK_STR(start_of(AT("2024-06-03T08:00:00.0000000", "UTC")), eight);
    CHECK_STR(start_of(AT("2024-06-03T08:00:00", "Etc/UTC")), eight);
    CHECK_STR(start_of(AT("2024-06-03T08:00:00.123456789", "utc")), eight);
    CHECK_STR(start_of(AT("2024-06-03T08:00:00Z", "tzone://Microsoft/Utc")), eight);
    CHECK_STR(start_of("{\"dateTime\":\"2024-06-03T08:00:00\"}"), eight);
    CHECK_STR(start_of("{\"dateTime\":\"2024-06-03T10:00:00\\u002B02:00\",\"timeZone\":null}"),
              eight);
    // A time that cannot be made UTC is none: a wrong one would be worse.
    CHECK_STR(start_of(AT("2024-06-03T08:00:00.0000000", "Romance Standard Time")), S("null"));
    CHECK_STR(start_of(AT("2024-06-03T08:00:00.0000000000001", "UTC")), S("null"));
    CHECK_STR(start_of(AT("", "UTC")), S("null"));
    CHECK_STR(start_of(AT("2024-13-03T08:00:00", "UTC")), S("null"));
    CHECK_STR(start_of("\"2024-06-03T08:00:00Z\""), S("null"));
    CHECK_STR(start_of("{\"dateTime\":5}"), S("null"));
    CHECK_STR(start_of("null"), S("null"));
    CHECK_STR(start_of(AT("0001-01-01T00:00:00.0000000", "UTC")), S("\"0001-01-01T00:00:00Z\""));
}

// ---- the extended form

static void test_extended(void)
{
    struct graph_shape s = mail;
    s.extended = true;
    s.place.mailbox = S("ann@example.test");
    s.place.folder = S("Inbox");
    const char *element =
        "{\"id\":\"A\",\"receivedDateTime\":\"2024-07-05T10:20:30Z\",\"sentDateTime\":"
        "\"2024-07-05T10:20:29Z\",\"internetMessageId\":\"<a@b>\",\"conversationId\":"
        "\"AAQk-_\",\"isRead\":false,\"flag\":{\"flagStatus\":\"notFlagged\"},\"webLink\":"
        "\"https:\\/\\/outlook.example\\/?x=1&y=2\"}";
    CHECK(put(element, &s) == GRAPH_ITEM_PUT);
    CHECK_STR(member("received_date"), S("\"2024-07-05T10:20:30Z\""));
    CHECK_STR(member("sent_date"), S("\"2024-07-05T10:20:29Z\""));
    CHECK_STR(member("message_id"), S("\"<a@b>\""));
    CHECK_STR(member("conversation_id"), S("\"AAQk/+\""));
    CHECK_STR(member("is_read"), S("false"));
    CHECK_STR(member("flag_status"), S("\"NotFlagged\""));
    CHECK_STR(member("web_link"), S("\"https://outlook.example/?x=1&y=2\""));
    CHECK_STR(member("mailbox"), S("\"ann@example.test\""));
    CHECK_STR(member("folder"), S("\"Inbox\""));
    CHECK_STR(member("type"), S("\"Inbox Mails\""));
    check_select(element, &s);
    CHECK(put("{\"id\":\"A\",\"isRead\":1,\"flag\":null}", &s) == GRAPH_ITEM_PUT);
    CHECK_STR(member("is_read"), S("null"));
    CHECK_STR(member("flag_status"), S("null"));
    s.kind = EWS_KIND_CALENDAR;
    CHECK(put("{\"id\":\"A\",\"attendees\":[{\"type\":\"optional\",\"emailAddress\":{\"address\":"
              "\"o@x\"}},{\"emailAddress\":{\"address\":\"r@x\"}},{\"type\":\"newer\","
              "\"emailAddress\":{\"address\":\"n@x\"}}]}",
              &s) == GRAPH_ITEM_PUT);
    CHECK_STR(member("optional_attendees"), S("[\"o@x\"]"));
    CHECK_STR(member("attendees"), S("[\"r@x\"]"));
    s.kind = EWS_KIND_CONTACT;
    s.place.folder = (str){0};
    CHECK(put("{\"id\":\"A\"}", &s) == GRAPH_ITEM_PUT);
    CHECK_STR(member("folder"), S("null"));
    s.place.above = S("Calendar");
    s.place.folder = S("Te\"am");
    CHECK(put("{\"id\":\"A\"}", &s) == GRAPH_ITEM_PUT);
    CHECK_STR(member("folder"), S("\"Calendar/Te\\\"am\""));
}

static void test_select(void)
{
    for (enum ews_kind kind = EWS_KIND_MAIL; kind < EWS_KIND_LIST; kind++) {
        str plain = graph_item_select(kind, false);
        str more = graph_item_select(kind, true);
        CHECK(str_starts(plain, S("id,")) && str_starts(more, plain));
        CHECK(str_find_byte(more, ' ') < 0 && str_find(plain, S("webLink")) < 0);
        CHECK((str_find(plain, S(",hasAttachments")) > 0) == (kind != EWS_KIND_CONTACT));
    }
}

// ---- elements that are none

static void test_removed(void)
{
    CHECK(put("{\"id\":\"AAMkAD3-_=\",\"@removed\":{\"reason\":\"deleted\"}}", &mail) ==
          GRAPH_ITEM_REMOVED);
    CHECK_STR(g.item.id, S("AAMkAD3/+="));
    CHECK(document().n == 0);
    CHECK(put("{\"id\":\"A\",\"@removed\":null}", &mail) == GRAPH_ITEM_PUT);
    CHECK(put("{\"@removed\":{}}", &mail) == GRAPH_ITEM_BAD_ID);
}

static void test_bad_ids(void)
{
    static const char *const bad[] = {
        "{}",
        "{\"id\":null}",
        "{\"id\":7}",
        "{\"id\":\"\"}",
        "{\"id\":\"a b\"}",
        "{\"id\":\"a/b\"}",
        "{\"id\":\"a+b\"}",
        "{\"id\":\"a%3D\"}",
        "{\"id\":\"\xc3\xa9\"}",
        "{\"id\":\"a\\u0000\"}",
        "{\"id\":[\"a\"]}",
    };
    for (int i = 0; i < COUNT(bad); i++) {
        CHECK(put(bad[i], &mail) == GRAPH_ITEM_BAD_ID);
        CHECK(document().n == 0 && g.item.id.n == 0);
    }
    CHECK(put("[]", &mail) == GRAPH_ITEM_NO_ITEM && put("\"x\"", &mail) == GRAPH_ITEM_NO_ITEM);
    CHECK(put("null", &mail) == GRAPH_ITEM_NO_ITEM && document().n == 0);
    static char longest[UNIT_ID_BYTES + 64];
    snprintf(longest, sizeof longest, "{\"id\":\"%0*d\"}", UNIT_ID_BYTES, 7);
    CHECK(put(longest, &mail) == GRAPH_ITEM_PUT && g.item.id.n == UNIT_ID_BYTES);
    snprintf(longest, sizeof longest, "{\"id\":\"%0*d\"}", UNIT_ID_BYTES + 1, 7);
    CHECK(put(longest, &mail) == GRAPH_ITEM_BAD_ID);
}

static void test_twice_and_unknown(void)
{
    CHECK(put("{\"id\":\"A\",\"subject\":\"one\",\"subject\":\"two\",\"new\":{\"subject\":\"no\"},"
              "\"subject@odata.type\":\"#String\",\"importance\":\"urgent\"}",
              &mail) == GRAPH_ITEM_PUT);
    CHECK_STR(member("title"), S("\"two\""));
    CHECK_STR(member("importance"), S("\"Urgent\""));
    CHECK(put("{\"\\u0069d\":\"A\\u003d\",\"s\\u0075bject\":\"lone \\ud800 and \\udc00 and "
              "\\ud83d\"}",
              &mail) == GRAPH_ITEM_PUT);
    CHECK_STR(g.item.id, S("A="));
    CHECK_STR(member("title"), S("\"lone \xef\xbf\xbd and \xef\xbf\xbd and \xef\xbf\xbd\""));
    CHECK(put("{\"id\":\"A\",\"hasAttachments\":true,\"subject\":\"\\u0001\\u0002\"}", &mail) ==
          GRAPH_ITEM_PUT);
    CHECK(g.item.attachments && str_eq(member("title"), S("null")));
}

// A body of 10 MB, no second copy of it, and its text whole.
static void test_large_body(void)
{
    enum { LINES = 200000 };
    static char element[LINES * 64];
    static u8 doc_bytes[LINES * 64];
    static struct json_node nodes[64];
    struct json j;
    int n = snprintf(element, sizeof element,
                     "{\"id\":\"A\",\"body\":{\"contentType\":\"html\",\"content\":\"");
    for (int i = 0; i < LINES; i++) {
        n += snprintf(element + n, sizeof element - (size_t)n,
                      "<p class=\\\"MsoNormal\\\">line \\u20ac and more of it</p>\\r\\n");
    }
    n += snprintf(element + n, sizeof element - (size_t)n, "\"}}");
    CHECK_OK(json_parse(&j, str_make(element, n), nodes, COUNT(nodes)));
    struct buf doc = buf_over(doc_bytes, COUNT(doc_bytes));
    CHECK(graph_item_put(&j, 0, &mail, &doc, &g.item) == GRAPH_ITEM_PUT && !doc.full);
    isize lines = 0;
    str rest = buf_str(&doc);
    for (isize at; (at = str_find(rest, S("line \xe2\x82\xac and more of it"))) >= 0; lines++) {
        rest = str_from_index(rest, at + 1);
    }
    CHECK(lines == LINES);
}

static const struct test_case cases[] = {
    CASE(test_pair_mail),       CASE(test_pair_mail_with_nothing),
    CASE(test_pair_plain_text), CASE(test_pair_calendar),
    CASE(test_pair_task),       CASE(test_pair_contact),
    CASE(test_pair_bodies),     CASE(test_pair_long_body),
    CASE(test_times),           CASE(test_extended),
    CASE(test_select),          CASE(test_removed),
    CASE(test_bad_ids),         CASE(test_twice_and_unknown),
    CASE(test_large_body),
};

TEST_MAIN(cases)
