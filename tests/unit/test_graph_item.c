// SPDX-License-Identifier: Apache-2.0
// source/outlook/graph_item, graph_id, graph_recurrence, graph_attachment, graph_text: an item read
// through Graph becomes the document that EWS gives; and whatever else an element may hold becomes
// one too.
#include "outlook_item_rig.h"

#include "source/outlook/graph_attachment.h"
#include "source/outlook/graph_item.h"

enum { NODES = 4096 };

static struct {
    struct json_node nodes[NODES], ours[NODES], theirs[NODES];
    struct json json;
    struct graph_item item;
    struct graph_part part;
    struct buf doc;
    u8 doc_bytes[KIB(64)], ours_bytes[KIB(64)], theirs_bytes[KIB(64)];
} g;

static const struct graph_shape mail = {.kind = EWS_KIND_MAIL, .type = S("Inbox Mails")};

static enum graph_verdict put(const char *element, const struct graph_shape *s)
{
    str text = test_guarded(str_from(element));
    g.doc = buf_over(g.doc_bytes, COUNT(g.doc_bytes));
    buf_put(&g.doc, S("before"));
    CHECK_OK(json_parse(&g.json, text, g.nodes, NODES));
    return graph_item_put(&g.json, 0, s, &g.doc, &g.item);
}

static str document(void)
{
    return str_from_index(buf_str(&g.doc), S("before").n);
}

static struct json parse(str members, u8 *bytes, struct json_node *nodes)
{
    struct json j;
    struct buf b = buf_over(bytes, KIB(64));
    buf_put_byte(&b, '{');
    buf_put(&b, members);
    buf_put_byte(&b, '}');
    CHECK_OK(json_parse(&j, buf_str(&b), nodes, NODES));
    return j;
}

// The value of a member, as JSON.
static str member(const char *key)
{
    struct json j = parse(document(), g.ours_bytes, g.ours);
    int node = json_get(&j, 0, str_from(key));
    str raw = json_raw(&j, node);
    return json_type(&j, node) == JSON_STRING ? str_make(raw.p - 1, raw.n + 2) : raw;
}

// Both documents have the same members, in whatever order.
static void check_same(str by_ews, str by_graph)
{
    struct json a = parse(by_ews, g.theirs_bytes, g.theirs);
    struct json b = parse(by_graph, g.ours_bytes, g.ours);
    bool same = json_size(&a, 0) == json_size(&b, 0);
    for (int k = json_first(&a, 0); k >= 0; k = json_next(&a, k)) {
        int here = json_value(&a, k), there = json_get(&b, 0, json_raw(&a, k));
        same = same && json_type(&a, here) == json_type(&b, there) &&
               str_eq(json_raw(&a, here), json_raw(&b, there));
    }
    if (!same) {
        CHECK_STR(by_graph, by_ews);
    }
}

// The same document comes of what $select asks for, and nothing besides.
static void check_select(const char *element, const struct graph_shape *s)
{
    static char whole[KIB(64)], selected[KIB(64)];
    CHECK(put(element, s) == GRAPH_ITEM_PUT && g.doc.n < KIB(64));
    isize bytes = document().n;
    memcpy(whole, document().p, (size_t)bytes);
    struct buf b = buf_over(selected, COUNT(selected) - 1);
    buf_put_byte(&b, '{');
    for (int k = json_first(&g.json, 0); k >= 0; k = json_next(&g.json, k)) {
        str key = json_raw(&g.json, k), rest = graph_item_select(s->kind, s->extended), name;
        bool more = true, wanted = false;
        while (more) {
            rest = str_cut(rest, ',', &name, &more);
            wanted = wanted || str_eq(name, key);
        }
        int next = json_next(&g.json, k);
        isize end = next >= 0 ? g.nodes[next].start - 2 : g.json.text.n - 1;
        if (wanted) {
            buf_put(&b, b.n > 1 ? S(",") : S(""));
            buf_put(&b, str_slice(g.json.text, g.nodes[k].start - 1, end));
        }
    }
    buf_put(&b, S("}\0"));
    CHECK(put(selected, s) == GRAPH_ITEM_PUT);
    CHECK_STR(document(), str_make(whole, bytes));
}

static void check_pair(const char *ews, const char *graph, struct graph_shape s)
{
    struct outlook_shape shape = {.type = s.type, .owner = s.owner, .html_always = s.html_always};
    str by_ews = shape_as(ews, str_from(ews).n, shape);
    CHECK(put(graph, &s) == GRAPH_ITEM_PUT && !g.doc.full);
    check_same(by_ews, document());
    CHECK(g.item.from == S("before").n && g.item.element_bytes == str_from(graph).n);
    CHECK_STR(str_slice(buf_str(&g.doc), g.item.timestamp_from,
                        g.item.timestamp_from + g.item.timestamp_bytes),
              member("_timestamp"));
    // Too small a buffer: it says so, and what it does the next time is the same.
    isize bytes = g.doc.n;
    for (isize cap = 6; cap < bytes; cap += 7) {
        struct buf small = {.p = g.doc_bytes, .n = 6, .cap = cap};
        CHECK(graph_item_put(&g.json, 0, &s, &small, &g.item) == GRAPH_ITEM_PUT && small.full);
    }
    CHECK(put(graph, &s) == GRAPH_ITEM_PUT && g.doc.n == bytes && !g.doc.full);
    check_select(graph, &s);
}

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

// ---- recurrence

#define TYPE(t) "<t:CalendarItemType>" t "</t:CalendarItemType>"
#define INTERVAL "<t:Interval>3</t:Interval>"

static void check_meeting(const char *type, const char *recurrence, const char *graph)
{
    static char answer[4096], element[1024];
    snprintf(answer, sizeof answer,
             ANSWER("<t:CalendarItem>%s<t:Recurrence>%s</t:Recurrence></t:CalendarItem>"), type,
             recurrence);
    snprintf(element, sizeof element, "{\"id\":\"A\",%s}", graph);
    check_pair(answer, element, (struct graph_shape){.kind = EWS_KIND_CALENDAR});
}

static void test_pair_meeting_types(void)
{
    check_meeting(TYPE("Single"), "", "\"type\":\"singleInstance\",\"recurrence\":null");
    check_meeting(TYPE("Single"), "<t:DailyRecurrence>" INTERVAL "</t:DailyRecurrence>",
                  "\"type\":\"singleInstance\",\"recurrence\":{\"pattern\":{\"type\":\"daily\","
                  "\"interval\":3}}");
    check_meeting(TYPE("Occurrence"), "", "\"type\":\"occurrence\"");
    check_meeting(TYPE("Exception"), "", "\"type\":\"exception\"");
    check_meeting(TYPE("RecurringMaster"), "", "\"type\":\"seriesMaster\"");
    check_meeting("", "", "\"type\":null");
    check_meeting("", "<t:DailyRecurrence>" INTERVAL "</t:DailyRecurrence>",
                  "\"recurrence\":{\"pattern\":{\"type\":\"daily\",\"interval\":3}}");
    check_meeting("",
                  "<t:WeeklyRecurrence>" INTERVAL
                  "<t:DaysOfWeek>Friday</t:DaysOfWeek></t:WeeklyRecurrence>",
                  "\"recurrence\":{\"pattern\":{\"type\":\"weekly\",\"interval\":3,"
                  "\"daysOfWeek\":[\"friday\"]}}");
    // A week of a weekly pattern is listed, it is no set.
    check_meeting("",
                  "<t:WeeklyRecurrence>" INTERVAL "<t:DaysOfWeek>Saturday Sunday</t:DaysOfWeek>"
                  "<t:FirstDayOfWeek>Monday</t:FirstDayOfWeek></t:WeeklyRecurrence>",
                  "\"recurrence\":{\"pattern\":{\"type\":\"weekly\",\"interval\":3,"
                  "\"daysOfWeek\":[\"saturday\",\"sunday\"],\"firstDayOfWeek\":\"monday\"}}");
    check_meeting("",
                  "<t:AbsoluteMonthlyRecurrence>" INTERVAL
                  "<t:DayOfMonth>15</t:DayOfMonth></t:AbsoluteMonthlyRecurrence>",
                  "\"recurrence\":{\"pattern\":{\"type\":\"absoluteMonthly\",\"interval\":3,"
                  "\"dayOfMonth\":15}}");
    check_meeting("",
                  "<t:AbsoluteYearlyRecurrence><t:DayOfMonth>5</t:DayOfMonth><t:Month>March"
                  "</t:Month></t:AbsoluteYearlyRecurrence>",
                  "\"recurrence\":{\"pattern\":{\"type\":\"absoluteYearly\",\"interval\":1,"
                  "\"dayOfMonth\":5,\"month\":3}}");
    check_meeting("",
                  "<t:RelativeYearlyRecurrence><t:DaysOfWeek>Thursday</t:DaysOfWeek>"
                  "<t:DayOfWeekIndex>Fourth</t:DayOfWeekIndex><t:Month>November</t:Month>"
                  "</t:RelativeYearlyRecurrence>",
                  "\"recurrence\":{\"pattern\":{\"type\":\"relativeYearly\",\"interval\":1,"
                  "\"daysOfWeek\":[\"thursday\"],\"index\":\"fourth\",\"month\":11}}");
}

static void check_days(const char *ews, const char *graph)
{
    static char recurrence[1024], element[1024];
    snprintf(recurrence, sizeof recurrence,
             "<t:RelativeMonthlyRecurrence>" INTERVAL "<t:DaysOfWeek>%s</t:DaysOfWeek>"
             "<t:DayOfWeekIndex>Last</t:DayOfWeekIndex></t:RelativeMonthlyRecurrence>",
             ews);
    snprintf(element, sizeof element,
             "\"recurrence\":{\"pattern\":{\"type\":\"relativeMonthly\",\"interval\":3,"
             "\"index\":\"last\",\"daysOfWeek\":[%s]}}",
             graph);
    check_meeting("", recurrence, element);
}

static void test_pair_days(void)
{
    check_days("Tuesday", "\"tuesday\"");
    check_days("Weekday", "\"monday\",\"tuesday\",\"wednesday\",\"thursday\",\"friday\"");
    check_days("Weekday", "\"friday\",\"thursday\",\"wednesday\",\"tuesday\",\"monday\"");
    check_days("WeekendDay", "\"sunday\",\"saturday\"");
    check_days("Day", "\"sunday\",\"monday\",\"tuesday\",\"wednesday\",\"thursday\",\"friday\","
                      "\"saturday\"");
    // Not all of a set: listed.
    check_days("Monday Friday", "\"monday\",\"friday\"");
    check_days("Monday Tuesday Wednesday Thursday",
               "\"monday\",\"tuesday\",\"wednesday\",\"thursday\"");
}

static str meeting(const char *pattern)
{
    static char element[2048];
    const struct graph_shape s = {.kind = EWS_KIND_CALENDAR};
    snprintf(element, sizeof element,
             "{\"id\":\"A\",\"type\":\"seriesMaster\",\"recurrence\":{\"pattern\":%s}}", pattern);
    CHECK(put(element, &s) == GRAPH_ITEM_PUT && !g.doc.full);
    return member("meeting_type");
}

static void test_recurrence_odd(void)
{
    CHECK_STR(meeting("{\"type\":\"hourly\",\"interval\":1}"), S("\"RecurringMaster\""));
    CHECK_STR(meeting("[]"), S("\"RecurringMaster\""));
    CHECK_STR(meeting("{\"type\":\"daily\",\"interval\":\"3\"}"),
              S("\"Recurring Occurs every  day(s)\""));
    CHECK_STR(meeting("{\"type\":\"absoluteYearly\",\"dayOfMonth\":1,\"month\":13}"),
              S("\"Recurring Occurs on day 1 of \""));
    CHECK_STR(meeting("{\"type\":\"daily\",\"interval\":-9223372036854775808}"),
              S("\"Recurring Occurs every  day(s)\""));
    CHECK_STR(meeting("{\"type\":\"weekly\",\"interval\":1,\"daysOfWeek\":[\"oneday\",7,null],"
                      "\"firstDayOfWeek\":\"\"}"),
              S("\"Recurring Occurs on weekdays Oneday of every 1 week(s) where the first day of "
                "the week is Monday\""));
    // Far too many and too long: cut, not overrun.
    str text = meeting(
        "{\"type\":\"weekly\",\"interval\":123456789012,\"daysOfWeek\":[\"a\",\"b\",\"c\",\"d\","
        "\"e\",\"f\",\"g\",\"h\",\"i\",\"j\",\"k\",\"l\",\"m\",\"n\",\"o\",\"p\",\"q\",\"r\","
        "\"s\",\"t\",\"u\",\"v\",\"w\",\"x\",\"y\",\"z\",\"a\",\"b\",\"c\",\"d\",\"e\",\"f\","
        "\"g\",\"h\",\"i\",\"j\",\"k\",\"l\",\"m\",\"n\",\"o\",\"p\",\"q\",\"r\",\"s\",\"t\","
        "\"u\",\"v\",\"w\",\"x\",\"y\",\"z\"],\"firstDayOfWeek\":\"sundaysundaysundaysunday\"}");
    CHECK(str_starts(text, S("\"Recurring Occurs on weekdays A, B, C, ")));
    const struct graph_shape s = {.kind = EWS_KIND_CALENDAR};
    CHECK(put("{\"id\":\"A\",\"type\":\"newKind\"}", &s) == GRAPH_ITEM_PUT);
    CHECK_STR(member("meeting_type"), S("\"NewKind\""));
    CHECK(put("{\"id\":\"A\",\"type\":\"aTypeThatIsLongerThanAllThatAreKnown\"}", &s) ==
          GRAPH_ITEM_PUT);
    CHECK_STR(member("meeting_type"), S("null"));
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
    s.mailbox = S("ann@example.test");
    s.folder = S("Inbox");
    const char *element =
        "{\"id\":\"A\",\"receivedDateTime\":\"2024-07-05T10:20:30Z\",\"sentDateTime\":"
        "\"2024-07-05T10:20:29Z\",\"internetMessageId\":\"<a@b>\",\"conversationId\":"
        "\"AAQk-_\",\"isRead\":false,\"flag\":{\"flagStatus\":\"notFlagged\"},\"webLink\":"
        "\"https:\\/\\/outlook.example\\/?x=1&y=2\"}";
    CHECK(put(element, &s) == GRAPH_ITEM_PUT);
    CHECK_STR(member("received_date"), S("\"2024-07-05T10:20:30Z\""));
    CHECK_STR(member("sent_date"), S("\"2024-07-05T10:20:29Z\""));
    CHECK_STR(member("message_id"), S("\"<a@b>\""));
    CHECK_STR(member("conversation_id"), S("\"AAQk-_\""));
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
    s.folder = (str){0};
    CHECK(put("{\"id\":\"A\"}", &s) == GRAPH_ITEM_PUT);
    CHECK_STR(member("folder"), S("null"));
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

// ---- ids

// The shapes of ids that Microsoft documents for both; office.js swaps the same two characters.
static void test_ids(void)
{
    static const struct {
        const char *rest, *ews;
    } ids[] = {
        {"AAMkAGI2TG93AAA=", "AAMkAGI2TG93AAA="},
        {"AAMkAGVmMDEzMTM4LTZmYWUtNDdkNC1hMDZiLTU1OGY5OTZhYmY4OABGAAAAAAAiQ8W967B7TKBjgx9rVEURBwAi"
         "IsqMbYjsT5e-T7KzowPTAAAAAAEMAAAiIsqMbYjsT5e-T7KzowPTAAAYbuK-AAA=",
         "AAMkAGVmMDEzMTM4LTZmYWUtNDdkNC1hMDZiLTU1OGY5OTZhYmY4OABGAAAAAAAiQ8W967B7TKBjgx9rVEURBwAi"
         "IsqMbYjsT5e/T7KzowPTAAAAAAEMAAAiIsqMbYjsT5e/T7KzowPTAAAYbuK/AAA="},
        {"AAMkAGI2NGVhZTVlLTI1OGMtNDI4My1iZmE5LTA5OGJiZGEyMTc0YQBGAAAAAADUuTJK1K9aTpCdqXop_4NaBwCd"
         "9nJ-tVysQos2hTfspaWRAAAAAAEIAACd9nJ-tVysQos2hTfspaWRAADTT9mvAAA=",
         "AAMkAGI2NGVhZTVlLTI1OGMtNDI4My1iZmE5LTA5OGJiZGEyMTc0YQBGAAAAAADUuTJK1K9aTpCdqXop+4NaBwCd"
         "9nJ/tVysQos2hTfspaWRAAAAAAEIAACd9nJ/tVysQos2hTfspaWRAADTT9mvAAA="},
    };
    for (int i = 0; i < COUNT(ids); i++) {
        u8 bytes[UNIT_ID_BYTES];
        struct buf b = buf_over(bytes, COUNT(bytes));
        CHECK(graph_id_put_ews(&b, str_from(ids[i].rest)));
        CHECK_STR(buf_str(&b), str_from(ids[i].ews));
        buf_reset(&b);
        CHECK(graph_id_put_rest(&b, str_from(ids[i].ews)));
        CHECK_STR(buf_str(&b), str_from(ids[i].rest));
    }
    u8 small[4];
    struct buf b = buf_over(small, COUNT(small));
    CHECK(!graph_id_put_ews(&b, S("AAAA/")) && !b.full && b.n == 0);
    CHECK(!graph_id_put_rest(&b, S("AAAA-")) && !b.full && b.n == 0);
    CHECK(!graph_id_put_ews(&b, S("AAAAA")) && b.full && b.n == 0);
}

static void check_found(const char *text, const char *want)
{
    u8 bytes[UNIT_ID_BYTES];
    struct buf b = buf_over(bytes, COUNT(bytes));
    bool found = graph_id_find(&b, test_guarded(str_from(text)));
    CHECK(found == (want != NULL));
    CHECK_STR(buf_str(&b), str_from(want));
}

static void test_find_id(void)
{
    check_found("{\"@odata.etag\":\"W/\\\"x\\\"\",\"id\":\"AA-_=\",\"body\":{\"content\":\"cut",
                "AA/+=");
    check_found("{\"a\":{\"id\":\"no\"},\"b\":[{\"id\":\"no\"}],\"id\" : \"yes\"", "yes");
    check_found("{\"a\":\"id\",\"id\":{\"id\":\"no\"},\"x\":\"no\"", NULL);
    check_found("{\"id\":\"cut", NULL);
    check_found("{\"id\":", NULL);
    check_found("{\"id\":\"a b\"", NULL);
    check_found("{\"subject\":\"no id", NULL);
    check_found("[\"id\",\"x\"]", NULL);
    check_found("{\"id\" 7", NULL);
    check_found("", NULL);
}

// ---- attachments

static bool attachment(const char *element)
{
    struct json j;
    CHECK_OK(json_parse(&j, test_guarded(str_from(element)), g.nodes, NODES));
    return graph_attachment_read(&j, 0, &g.part);
}

#define FILE_ATTACHMENT(id, name, size)                                                       \
    "<t:FileAttachment><t:AttachmentId Id=\"" id "\"/><t:Name>" name "</t:Name><t:Size>" size \
    "</t:Size><t:LastModifiedTime>2024-07-05T10:20:30</t:LastModifiedTime></t:FileAttachment>"

static void test_pair_attachment(void)
{
    struct outlook_part part;
    (void)shape_as(ANSWER("<t:Message><t:Attachments>" FILE_ATTACHMENT(
                       "ATT/1+=", "q2 &amp; \xc3\xa9.pdf",
                       "48211") "</t:Attachments><t:HasAttachments>true</t:HasAttachments>"
                                "</t:Message>"),
                   9999, (struct outlook_shape){0});
    CHECK(outlook_parts_first(&rig.parts, &part));
    CHECK(attachment("{\"@odata.type\":\"#microsoft.graph.fileAttachment\","
                     "\"@odata.mediaContentType\":\"application/pdf\",\"id\":\"ATT-1_=\","
                     "\"lastModifiedDateTime\":\"2024-07-05T10:20:30Z\",\"name\":\"q2 & \\u00e9"
                     ".pdf\",\"contentType\":\"application/pdf\",\"size\":48211,\"isInline\":"
                     "false}"));
    CHECK_STR(g.part.part.id, part.id);
    CHECK_STR(g.part.part.name, part.name);
    CHECK_STR(g.part.part.timestamp, part.timestamp);
    CHECK(g.part.part.size == part.size && g.part.part.file == part.file);
    CHECK(g.part.kind == GRAPH_PART_FILE && !g.part.is_inline);
}

static void test_attachment_kinds(void)
{
#define OF_TYPE(t) "{\"@odata.type\":\"" t "\",\"id\":\"A\"}"
    CHECK(attachment(OF_TYPE("#microsoft.graph.itemAttachment")));
    CHECK(g.part.kind == GRAPH_PART_ITEM && !g.part.part.file);
    CHECK(g.part.part.size == -1 && g.part.part.name.n == 0);
    CHECK_STR(g.part.part.timestamp, S("null"));
    CHECK(attachment(OF_TYPE("#microsoft.graph.referenceAttachment")));
    CHECK(g.part.kind == GRAPH_PART_REFERENCE && !g.part.part.file);
    CHECK(attachment(OF_TYPE("microsoft.graph.taskFileAttachment")));
    CHECK(g.part.kind == GRAPH_PART_FILE && g.part.part.file);
    CHECK(attachment(OF_TYPE("#microsoft.graph.holoAttachment")));
    CHECK(g.part.kind == GRAPH_PART_OTHER && !g.part.part.file);
    CHECK(attachment(OF_TYPE("fileAttachment")) && g.part.kind == GRAPH_PART_OTHER);
    CHECK(attachment("{\"id\":\"A\",\"isInline\":true}") && g.part.kind == GRAPH_PART_FILE);
    CHECK(g.part.is_inline);
}

static void test_attachment_odd(void)
{
    CHECK(!attachment("{}") && !attachment("[]") && !attachment("{\"id\":\"a/b\"}"));
    CHECK(attachment("{\"id\":\"A\",\"name\":7,\"size\":-5,\"lastModifiedDateTime\":{}}"));
    CHECK(g.part.part.size == -1 && g.part.part.name.n == 0);
    CHECK(attachment("{\"id\":\"A\",\"size\":1e3}") && g.part.part.size == -1);
    CHECK(attachment("{\"id\":\"A\",\"size\":\"5\"}") && g.part.part.size == -1);
    // A name that is too long is cut at a whole character.
    static char element[OUTLOOK_NAME_BYTES * 2 + 64];
    int n = snprintf(element, sizeof element, "{\"id\":\"A\",\"name\":\"x");
    for (int i = 0; i < OUTLOOK_NAME_BYTES / 2; i++) {
        n += snprintf(element + n, sizeof element - (size_t)n, "\xc3\xa9");
    }
    snprintf(element + n, sizeof element - (size_t)n, ".pdf\"}");
    CHECK(attachment(element));
    CHECK(g.part.part.name.n == OUTLOOK_NAME_BYTES - 1 && str_is_utf8(g.part.part.name));
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
    CASE(test_pair_mail),
    CASE(test_pair_mail_with_nothing),
    CASE(test_pair_plain_text),
    CASE(test_pair_calendar),
    CASE(test_pair_task),
    CASE(test_pair_contact),
    CASE(test_pair_bodies),
    CASE(test_pair_long_body),
    CASE(test_pair_meeting_types),
    CASE(test_pair_days),
    CASE(test_recurrence_odd),
    CASE(test_times),
    CASE(test_extended),
    CASE(test_select),
    CASE(test_removed),
    CASE(test_bad_ids),
    CASE(test_twice_and_unknown),
    CASE(test_ids),
    CASE(test_find_id),
    CASE(test_pair_attachment),
    CASE(test_attachment_kinds),
    CASE(test_attachment_odd),
    CASE(test_large_body),
};

TEST_MAIN(cases)
