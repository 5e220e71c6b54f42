// SPDX-License-Identifier: Apache-2.0
// Items of Exchange, as EWS gives them, to documents: for the tests of outlook_item, and for those
// that compare Graph's documents with them.
#ifndef TESTS_UNIT_OUTLOOK_ITEM_RIG_H
#define TESTS_UNIT_OUTLOOK_ITEM_RIG_H

#include "test.h"

#include "source/outlook/outlook_item.h"

#define NS                                                                      \
    " xmlns:m=\"http://schemas.microsoft.com/exchange/services/2006/messages\"" \
    " xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\""
#define ANSWER(items)                                                             \
    "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"" NS        \
    "><s:Header><t:ServerVersionInfo MajorVersion=\"15\"/></s:Header><s:Body>"    \
    "<m:GetItemResponse><m:ResponseMessages>"                                     \
    "<m:GetItemResponseMessage ResponseClass=\"Success\"><m:ResponseCode>NoError" \
    "</m:ResponseCode><m:Items>" items                                            \
    "</m:Items></m:GetItemResponseMessage></m:ResponseMessages>"                  \
    "</m:GetItemResponse></s:Body></s:Envelope>"

static struct {
    struct ews_answer answer;
    struct outlook_item item;
    struct outlook_parts parts;
    u8 json_bytes[KIB(64)];
    struct buf json;
} rig;

// All of the answer, in pieces of `step` bytes, as a document.
static str shape_as(const char *answer, isize step, struct outlook_shape shape)
{
    str rest = str_from(answer);
    bool shaping = false;
    rig.json = buf_over(rig.json_bytes, COUNT(rig.json_bytes));
    outlook_parts_start(&rig.parts);
    ews_answer_start(&rig.answer);
    shape.parts = &rig.parts;
    while (rest.n) {
        str chunk = str_slice(rest, 0, rest.n < step ? rest.n : step);
        rest = str_from_index(rest, chunk.n);
        enum ews_event event;
        while ((event = ews_answer_next(&rig.answer, &chunk)) != EWS_MORE) {
            CHECK(event != EWS_BAD);
            if (event == EWS_BAD) {
                return S("bad");
            }
            if (event == EWS_START && rig.answer.level == 2 && !shaping) {
                CHECK(outlook_item_kind(rig.answer.tag, &shape.kind));
                outlook_item_start(&rig.item, &shape, 2, &rig.json);
                shaping = true;
            } else if (event == EWS_END && rig.answer.level == 2) {
                outlook_item_finish(&rig.item);
                shaping = false;
            } else if (shaping) {
                outlook_item_event(&rig.item, &rig.answer, event);
            }
        }
    }
    CHECK(!rig.json.full && !shaping);
    return buf_str(&rig.json);
}

// ---- items

#define EWS_MAIL                                                                                \
    ANSWER("<t:Message><t:ItemId Id=\"AAMkAD1=\" ChangeKey=\"C\"/><t:Subject>Quarter "          \
           "numbers</t:Subject><t:Body BodyType=\"HTML\">&lt;html&gt;&lt;body&gt;&lt;p&gt;See " \
           "file&lt;/p&gt;&lt;/body&gt;&lt;/html&gt;</t:Body>"                                  \
           "<t:Categories><t:String>Finance</t:String><t:String></t:String></t:Categories>"     \
           "<t:Importance>High</t:Importance><t:HasAttachments>false</t:HasAttachments>"        \
           "<t:LastModifiedTime>2024-07-05T10:20:31Z</t:LastModifiedTime>"                      \
           "<t:Sender><t:Mailbox><t:Name>Bob</t:Name><t:EmailAddress>bob@example.test"          \
           "</t:EmailAddress></t:Mailbox></t:Sender><t:ToRecipients><t:Mailbox>"                \
           "<t:EmailAddress>/O=ORG/OU=x/CN=bob</t:EmailAddress><t:RoutingType>EX"               \
           "</t:RoutingType></t:Mailbox><t:Mailbox><t:Name>none</t:Name></t:Mailbox>"           \
           "<t:Mailbox><t:EmailAddress>Ann@Example.test</t:EmailAddress></t:Mailbox>"           \
           "</t:ToRecipients></t:Message>")

#define EWS_MAIL_WITH_NOTHING                                                      \
    ANSWER("<t:MeetingRequest><t:ItemId Id=\"A\"/><t:Subject></t:Subject><t:Body " \
           "BodyType=\"HTML\"/><t:Sender/></t:MeetingRequest>")

#define EWS_MAIL_PLAIN                                                         \
    ANSWER("<t:Message><t:Subject>a&#x1F;b &quot;\\&quot;</t:Subject><t:Body " \
           "BodyType=\"Text\">mail &lt;john@x.com&gt;&#xD;\nnext</t:Body>"     \
           "</t:Message>")

#define EWS_CALENDAR                                                                            \
    ANSWER("<t:CalendarItem><t:ItemId Id=\"A\"/><t:Subject>Stand-up</t:Subject>"                \
           "<t:Body BodyType=\"Text\">Daily</t:Body><t:LastModifiedTime>2024-06-03T07:00:00"    \
           ".123Z</t:LastModifiedTime><t:Start>2024-06-03T10:00:00+02:00</t:Start>"             \
           "<t:End>2024-06-03T08:15:00Z</t:End><t:Location>Room 4</t:Location>"                 \
           "<t:CalendarItemType>RecurringMaster</t:CalendarItemType><t:Organizer><t:Mailbox>"   \
           "<t:EmailAddress>ann@example.test</t:EmailAddress></t:Mailbox></t:Organizer>"        \
           "<t:RequiredAttendees><t:Attendee><t:Mailbox><t:EmailAddress>bob@example.test"       \
           "</t:EmailAddress></t:Mailbox><t:ResponseType>Accept</t:ResponseType></t:Attendee>"  \
           "</t:RequiredAttendees><t:Recurrence><t:WeeklyRecurrence><t:Interval>2</t:Interval>" \
           "<t:DaysOfWeek>Monday Wednesday</t:DaysOfWeek><t:FirstDayOfWeek>Sunday"              \
           "</t:FirstDayOfWeek></t:WeeklyRecurrence><t:NoEndRecurrence><t:StartDate>2024-06-03" \
           "</t:StartDate></t:NoEndRecurrence></t:Recurrence></t:CalendarItem>")

#define EWS_TASK                                                                               \
    ANSWER("<t:Task><t:Subject>File report</t:Subject><t:TextBody BodyType=\"Text\">Send &lt;" \
           "to&gt;</t:TextBody><t:CompleteDate>2024-03-10T00:00:00Z</t:CompleteDate>"          \
           "<t:DueDate>2024-03-09T23:00:00+02:00</t:DueDate><t:Owner>Ann Doe</t:Owner>"        \
           "<t:StartDate>2024-03-01T00:00:00Z</t:StartDate><t:Status>Completed</t:Status>"     \
           "</t:Task>")

#define EWS_CONTACT                                                                           \
    ANSWER("<t:Contact><t:DisplayName>Cid Ng</t:DisplayName><t:EmailAddresses><t:Entry "      \
           "Key=\"EmailAddress1\" Name=\"x\">cid@acme.test</t:Entry><t:Entry "                \
           "Key=\"EmailAddress2\" Name=\"Only &amp; Name\"/><t:Entry Key=\"EmailAddress3\"/>" \
           "</t:EmailAddresses><t:PhoneNumbers><t:Entry Key=\"BusinessPhone\">+31 20"         \
           "</t:Entry><t:Entry Key=\"Pager\"></t:Entry></t:PhoneNumbers>"                     \
           "<t:Birthday>1604-02-29T11:59:00Z</t:Birthday></t:Contact>")

#endif
