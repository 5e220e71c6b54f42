// SPDX-License-Identifier: Apache-2.0
// source/outlook/outlook_item: items of Exchange to documents, by the examples of wire-ews.md 8 and
// documents.md 2, cut at every byte.
#include "outlook_item_rig.h"

static void check_shape(const char *answer, struct outlook_shape shape, const char *want)
{
    isize whole = str_from(answer).n;
    CHECK_STR(shape_as(answer, whole, shape), str_from(want));
    for (isize step = 1; step < 40; step++) {
        if (!str_eq(shape_as(answer, step, shape), str_from(want))) {
            CHECK_STR(shape_as(answer, step, shape), str_from(want));
            return;
        }
    }
}

static const struct outlook_shape inbox = {.type = S("Inbox Mails")};

static void test_a111_mail(void)
{
    check_shape(
        EWS_MAIL, inbox,
        "\"title\":\"Quarter numbers\",\"message\":\"See file\",\"categories\":[\"Finance\"],"
        "\"importance\":\"High\",\"_timestamp\":\"2024-07-05T10:20:31Z\","
        "\"sender\":\"bob@example.test\","
        "\"to_recipients\":[\"/O=ORG/OU=x/CN=bob\",\"Ann@Example.test\"],"
        "\"cc_recipients\":[],\"bcc_recipients\":[],\"type\":\"Inbox Mails\"");
}

static void test_a111_mail_with_nothing(void)
{
    check_shape(EWS_MAIL_WITH_NOTHING, inbox,
                "\"title\":null,\"message\":null,\"sender\":null,\"categories\":[],"
                "\"importance\":\"Normal\",\"_timestamp\":null,\"to_recipients\":[],"
                "\"cc_recipients\":[],\"bcc_recipients\":[],\"type\":\"Inbox Mails\"");
}

// What the extended form has besides, whatever of it is there.
static void test_item_extended(void)
{
    struct outlook_shape shape = {
        .extended = true,
        .place = {.mailbox = S("ann@example.test"), .folder = S("Inbox")},
    };
    check_shape(
        ANSWER("<t:Message><t:ItemId Id=\"A\"/>"
               "<t:DateTimeReceived>2024-07-05T10:20:30Z</t:DateTimeReceived>"
               "<t:DateTimeSent>2024-07-05T12:20:29+02:00</t:DateTimeSent>"
               "<t:WebClientReadFormQueryString>https://x/owa/?a=1&amp;b=2"
               "</t:WebClientReadFormQueryString><t:ConversationId Id=\"AAQk/+\"/>"
               "<t:Flag><t:FlagStatus>Flagged</t:FlagStatus><t:StartDate>2024-07-05T10:20:30Z"
               "</t:StartDate></t:Flag><t:InternetMessageId>&lt;a@b&gt;</t:InternetMessageId>"
               "<t:IsRead>false</t:IsRead></t:Message>"),
        shape,
        "\"received_date\":\"2024-07-05T10:20:30Z\",\"sent_date\":\"2024-07-05T10:20:29Z\","
        "\"web_link\":\"https://x/owa/?a=1&b=2\",\"conversation_id\":\"AAQk/+\","
        "\"flag_status\":\"Flagged\",\"message_id\":\"<a@b>\",\"is_read\":false,"
        "\"title\":null,\"message\":null,\"categories\":[],\"importance\":\"Normal\","
        "\"_timestamp\":null,\"sender\":null,\"to_recipients\":[],\"cc_recipients\":[],"
        "\"bcc_recipients\":[],\"mailbox\":\"ann@example.test\",\"folder\":\"Inbox\"");
    shape.place = (struct outlook_place){.above = S("Calendar"), .folder = S("Te\"am")};
    check_shape(ANSWER("<t:CalendarItem><t:ItemId Id=\"A\"/><t:OptionalAttendees><t:Attendee>"
                       "<t:Mailbox><t:EmailAddress>o@x</t:EmailAddress></t:Mailbox></t:Attendee>"
                       "</t:OptionalAttendees><t:Flag><t:FlagStatus>Flagged</t:FlagStatus></t:Flag>"
                       "</t:CalendarItem>"),
                shape,
                "\"optional_attendees\":[\"o@x\"],\"title\":null,\"content\":null,"
                "\"_timestamp\":null,\"start_date\":null,\"end_date\":null,\"location\":null,"
                "\"organizer\":null,\"attendees\":[],\"web_link\":null,\"meeting_type\":null,"
                "\"mailbox\":\"\",\"folder\":\"Calendar/Te\\\"am\"");
    shape.place = (struct outlook_place){0};
    check_shape(ANSWER("<t:Message><t:IsRead></t:IsRead><t:Flag/><t:ConversationId Id=\"\"/>"
                       "</t:Message>"),
                shape,
                "\"is_read\":null,\"flag_status\":null,\"conversation_id\":null,"
                "\"title\":null,\"message\":null,\"categories\":[],\"importance\":\"Normal\","
                "\"_timestamp\":null,\"sender\":null,\"to_recipients\":[],\"cc_recipients\":[],"
                "\"bcc_recipients\":[],\"received_date\":null,\"sent_date\":null,"
                "\"message_id\":null,\"web_link\":null,\"mailbox\":\"\",\"folder\":null");
}

// Plain text is no HTML, unless the switch says so; characters that XML forbids are dropped alone.
static void test_item_plain_text(void)
{
    const char *mail = EWS_MAIL_PLAIN;
    check_shape(mail, (struct outlook_shape){0},
                "\"title\":\"ab \\\"\\\\\\\"\",\"message\":\"mail <john@x.com>\\r\\nnext\","
                "\"categories\":[],\"importance\":\"Normal\",\"_timestamp\":null,\"sender\":null,"
                "\"to_recipients\":[],\"cc_recipients\":[],\"bcc_recipients\":[]");
    str old = shape_as(mail, 1000, (struct outlook_shape){.html_always = true});
    CHECK(str_find(old, S("\"message\":\"mail \\n")) >= 0 && str_find(old, S("john")) < 0);
}

static void test_a114_calendar(void)
{
    check_shape(
        EWS_CALENDAR, (struct outlook_shape){.type = S("Calendar"), .owner = S("Ann@Example.test")},
        "\"title\":\"Stand-up\",\"content\":\"Daily\",\"_timestamp\":\"2024-06-03T07:00:00Z\","
        "\"start_date\":\"2024-06-03T08:00:00Z\",\"end_date\":\"2024-06-03T08:15:00Z\","
        "\"location\":\"Room 4\",\"organizer\":\"ann@example.test\","
        "\"attendees\":[\"bob@example.test\"],\"meeting_type\":\"Recurring Occurs on weekdays "
        "Monday, Wednesday of every 2 week(s) where the first day of the week is Sunday\","
        "\"type\":\"Calendar\",\"_allow_access_control\":[\"email:ann@example.test\"]");
}

static void check_meeting(const char *type, const char *recurrence, const char *want)
{
    char answer[4096];
    snprintf(answer, sizeof answer,
             ANSWER("<t:CalendarItem>%s<t:Recurrence>%s</t:Recurrence></t:CalendarItem>"), type,
             recurrence);
    str json = shape_as(answer, 4096, (struct outlook_shape){0});
    isize at = str_find(json, S("\"meeting_type\":"));
    CHECK(at >= 0);
    CHECK_STR(str_from_index(json, at + 15), str_from(want));
}

#define TYPE(t) "<t:CalendarItemType>" t "</t:CalendarItemType>"
#define INTERVAL "<t:Interval>3</t:Interval>"

static void test_a114_meeting_types(void)
{
    check_meeting(TYPE("Single"), "<t:DailyRecurrence>" INTERVAL "</t:DailyRecurrence>",
                  "\"Single\"");
    check_meeting(TYPE("Occurrence"), "", "\"Occurrence\"");
    check_meeting("", "", "null");
    check_meeting("", "<t:DailyRecurrence>" INTERVAL "</t:DailyRecurrence>",
                  "\"Recurring Occurs every 3 day(s)\"");
    check_meeting("",
                  "<t:WeeklyRecurrence>" INTERVAL
                  "<t:DaysOfWeek>Friday</t:DaysOfWeek></t:WeeklyRecurrence>",
                  "\"Recurring Occurs on weekdays Friday of every 3 week(s) where the first day of "
                  "the week is Monday\"");
    check_meeting("",
                  "<t:AbsoluteMonthlyRecurrence>" INTERVAL
                  "<t:DayOfMonth>15</t:DayOfMonth></t:AbsoluteMonthlyRecurrence>",
                  "\"Recurring Occurs on day 15 of every 3 month(s)\"");
    check_meeting("",
                  "<t:RelativeMonthlyRecurrence>" INTERVAL
                  "<t:DaysOfWeek>Weekday</t:DaysOfWeek><t:DayOfWeekIndex>Last"
                  "</t:DayOfWeekIndex></t:RelativeMonthlyRecurrence>",
                  "\"Recurring Occurs on weekday Weekday in the Last week of every 3 month(s)\"");
    check_meeting("",
                  "<t:AbsoluteYearlyRecurrence><t:DayOfMonth>5</t:DayOfMonth><t:Month>March"
                  "</t:Month></t:AbsoluteYearlyRecurrence>",
                  "\"Recurring Occurs on day 5 of March\"");
    check_meeting("",
                  "<t:RelativeYearlyRecurrence><t:DaysOfWeek>Thursday</t:DaysOfWeek>"
                  "<t:DayOfWeekIndex>Fourth</t:DayOfWeekIndex><t:Month>November</t:Month>"
                  "</t:RelativeYearlyRecurrence>",
                  "\"Recurring Occurs on weekday Thursday in the Fourth week of November\"");
}

static void test_a115_task(void)
{
    check_shape(
        EWS_TASK, (struct outlook_shape){.type = S("Task")},
        "\"title\":\"File report\",\"content\":\"Send <to>\","
        "\"complete_date\":\"2024-03-10T00:00:00Z\",\"due_date\":\"2024-03-09\","
        "\"owner\":\"Ann Doe\",\"start_date\":\"2024-03-01\",\"status\":\"Completed\","
        "\"categories\":[],\"importance\":\"Normal\",\"_timestamp\":null,\"type\":\"Task\"");
}

static void test_a115_contact_and_list(void)
{
    check_shape(EWS_CONTACT, (struct outlook_shape){.type = S("Contact")},
                "\"name\":\"Cid Ng\",\"email_addresses\":[\"cid@acme.test\",\"Only & Name\"],"
                "\"contact_numbers\":[\"+31 20\"],\"birthday\":\"1604-02-29\",\"_timestamp\":null,"
                "\"company_name\":null,\"type\":\"Contact\"");
    check_shape(
        ANSWER("<t:DistributionList><t:DisplayName>Climbers</t:DisplayName><t:Members><t:Member "
               "Key=\"A\"><t:Mailbox><t:EmailAddress>cid@acme.test</t:EmailAddress></t:Mailbox>"
               "<t:Status>Normal</t:Status></t:Member></t:Members></t:DistributionList>"),
        (struct outlook_shape){.type = S("Distribution List")},
        "\"name\":\"Climbers\",\"email_addresses\":[\"cid@acme.test\"],\"_timestamp\":null,"
        "\"type\":\"Distribution List\"");
}

#define FILE_ATTACHMENT(id, name, size)                                                       \
    "<t:FileAttachment><t:AttachmentId Id=\"" id "\"/><t:Name>" name "</t:Name><t:Size>" size \
    "</t:Size><t:LastModifiedTime>2024-07-05T10:20:30</t:LastModifiedTime></t:FileAttachment>"

static void test_item_attachments(void)
{
    const char *mail = ANSWER(
        "<t:Message><t:Attachments>" FILE_ATTACHMENT("ATT1", "q2.pdf", "48211") FILE_ATTACHMENT(
            "", "no id",
            "1") "<t:ItemAttachment><t:AttachmentId Id=\"ATT2\"/><t:Name>Fwd</t:Name><t:Message>"
                 "<t:Subject>inner</t:Subject><t:Size>9</t:Size></t:Message></t:ItemAttachment>"
                 "<t:ReferenceAttachment><t:AttachmentId Id=\"ATT3\"/></t:ReferenceAttachment>"
                 "</t:Attachments><t:HasAttachments>true</t:HasAttachments></t:Message>");
    for (isize step = 1; step < 60; step++) {
        struct outlook_part part;
        (void)shape_as(mail, step, inbox);
        CHECK(outlook_parts_first(&rig.parts, &part));
        CHECK(str_eq(part.id, S("ATT1")) && str_eq(part.name, S("q2.pdf")));
        CHECK(part.size == 48211 && part.file && part.unit == 0);
        CHECK_STR(part.timestamp, S("\"2024-07-05T10:20:30Z\""));
        outlook_parts_next(&rig.parts);
        CHECK(outlook_parts_first(&rig.parts, &part));
        CHECK(str_eq(part.id, S("ATT2")) && str_eq(part.name, S("Fwd")) && !part.file);
        CHECK(part.size == -1 && str_eq(part.timestamp, S("null")));
        outlook_parts_next(&rig.parts);
        CHECK(!outlook_parts_first(&rig.parts, &part));
    }
    // All inline: Exchange says that it has none.
    struct outlook_part part;
    (void)shape_as(
        ANSWER("<t:Message><t:Attachments>" FILE_ATTACHMENT(
            "A", "a.png",
            "1") "</t:Attachments><t:HasAttachments>false</t:HasAttachments></t:Message>"),
        999, inbox);
    CHECK(!outlook_parts_first(&rig.parts, &part));
}

// More than the queue holds: the first that did not fit is known, and skipping leads to it.
static void test_item_many_attachments(void)
{
    static char answer[KIB(512)];
    int n = snprintf(answer, sizeof answer, "%.*s", (int)(strstr(ANSWER("|"), "|") - ANSWER("|")),
                     ANSWER("|"));
    n += snprintf(answer + n, sizeof answer - (size_t)n, "<t:Message><t:Attachments>");
    for (int i = 0; i < 300; i++) {
        n += snprintf(answer + n, sizeof answer - (size_t)n,
                      FILE_ATTACHMENT("ID%d-%0100d", "name%d.pdf", "5"), i, i, i);
    }
    snprintf(answer + n, sizeof answer - (size_t)n,
             "</t:Attachments><t:HasAttachments>true</t:HasAttachments></t:Message>%s",
             strstr(ANSWER("|"), "|") + 1);
    int seen = 0;
    int rounds = 0;
    struct outlook_shape shape = inbox;
    do {
        shape.skip = seen;
        (void)shape_as(answer, KIB(512), shape);
        struct outlook_part part;
        for (; outlook_parts_first(&rig.parts, &part); outlook_parts_next(&rig.parts)) {
            char name[32];
            snprintf(name, sizeof name, "name%d.pdf", seen++);
            CHECK_STR(part.name, str_from(name));
        }
        CHECK(rig.parts.over_unit == (seen < 300 ? 0 : -1));
        CHECK(seen == 300 || rig.parts.over_from == seen);
        rounds++;
    } while (seen < 300 && rounds < 100);
    CHECK(seen == 300 && rounds > 3);
}

static void test_tags_are_sorted(void)
{
    for (int i = 1; i < EWS_TAG_COUNT; i++) {
        CHECK(ews_tag_of(ews_tag_name((enum ews_tag)i)) == (enum ews_tag)i);
    }
    CHECK(ews_tag_of(S("Nothing")) == EWS_TAG_OTHER && ews_tag_of(S("")) == EWS_TAG_OTHER);
}

static const struct test_case cases[] = {
    CASE(test_a111_mail),        CASE(test_a111_mail_with_nothing),
    CASE(test_item_plain_text),  CASE(test_item_extended),
    CASE(test_a114_calendar),    CASE(test_a114_meeting_types),
    CASE(test_a115_task),        CASE(test_a115_contact_and_list),
    CASE(test_item_attachments), CASE(test_item_many_attachments),
    CASE(test_tags_are_sorted),
};

TEST_MAIN(cases)
