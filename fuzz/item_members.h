// SPDX-License-Identifier: Apache-2.0
// The members that a document of each kind has, whichever way its item was read, for fuzz targets.
#ifndef FUZZ_ITEM_MEMBERS_H
#define FUZZ_ITEM_MEMBERS_H

#include "codec/json.h"
#include "source/outlook/ews_request.h"

static const str item_members[EWS_KINDS][11] = {
    [EWS_KIND_MAIL] = {S("title"), S("message"), S("categories"), S("importance"), S("_timestamp"),
                       S("sender"), S("to_recipients"), S("cc_recipients"), S("bcc_recipients")},
    [EWS_KIND_CALENDAR] = {S("title"), S("content"), S("_timestamp"), S("start_date"),
                           S("end_date"), S("location"), S("organizer"), S("attendees"),
                           S("meeting_type")},
    [EWS_KIND_TASK] = {S("title"), S("categories"), S("importance"), S("_timestamp"), S("content"),
                       S("complete_date"), S("due_date"), S("owner"), S("start_date"), S("status")},
    [EWS_KIND_CONTACT] = {S("_timestamp"), S("name"), S("company_name"), S("email_addresses"),
                          S("contact_numbers"), S("birthday")},
    [EWS_KIND_LIST] = {S("_timestamp"), S("name"), S("email_addresses")},
};
// Of the extended form, besides.
static const str item_members_more[EWS_KINDS][10] = {
    [EWS_KIND_MAIL] = {S("mailbox"), S("folder"), S("received_date"), S("sent_date"),
                       S("message_id"), S("conversation_id"), S("is_read"), S("flag_status"),
                       S("web_link")},
    [EWS_KIND_CALENDAR] = {S("mailbox"), S("folder"), S("optional_attendees"), S("web_link")},
    [EWS_KIND_TASK] = {S("mailbox"), S("folder")},
    [EWS_KIND_CONTACT] = {S("mailbox"), S("folder")},
    [EWS_KIND_LIST] = {S("mailbox"), S("folder")},
};

static inline isize item_members_count(const struct json *j, const str *names)
{
    isize count = 0;
    for (; names[count].n; count++) {
        ASSERT(json_get(j, 0, names[count]) >= 0);
    }
    return count;
}

// Each member that a document has, besides `type`, and besides the owner's where it has one; no
// other.
static inline void item_members_check(const struct json *j, enum ews_kind kind, bool extended,
                                      bool owner)
{
    isize count = item_members_count(j, item_members[kind]) + 1 + owner;
    count += extended ? item_members_count(j, item_members_more[kind]) : 0;
    ASSERT(json_size(j, 0) == count);
}

#endif
