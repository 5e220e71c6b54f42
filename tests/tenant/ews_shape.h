// SPDX-License-Identifier: Apache-2.0
// Which properties an ItemShape or FolderShape asks for: the known FieldURIs, and a set of them.
#ifndef TENANT_EWS_SHAPE_H
#define TENANT_EWS_SHAPE_H

#include "t_xml.h"

// Written by the tenant; the other URIs of the schema are accepted and yield nothing.
#define EWS_FIELDS(F)                                       \
    F(FOLDER_ID, "folder:FolderId")                         \
    F(FOLDER_PARENT, "folder:ParentFolderId")               \
    F(FOLDER_CLASS, "folder:FolderClass")                   \
    F(FOLDER_NAME, "folder:DisplayName")                    \
    F(FOLDER_TOTAL, "folder:TotalCount")                    \
    F(FOLDER_CHILDREN, "folder:ChildFolderCount")           \
    F(FOLDER_UNREAD, "folder:UnreadCount")                  \
    F(FOLDER_DISTINGUISHED, "folder:DistinguishedFolderId") \
    F(ITEM_MIME, "item:MimeContent")                        \
    F(ITEM_PARENT, "item:ParentFolderId")                   \
    F(ITEM_CLASS, "item:ItemClass")                         \
    F(ITEM_SUBJECT, "item:Subject")                         \
    F(ITEM_BODY, "item:Body")                               \
    F(ITEM_ATTACHMENTS, "item:Attachments")                 \
    F(ITEM_RECEIVED, "item:DateTimeReceived")               \
    F(ITEM_SIZE, "item:Size")                               \
    F(ITEM_CATEGORIES, "item:Categories")                   \
    F(ITEM_IMPORTANCE, "item:Importance")                   \
    F(ITEM_SENT, "item:DateTimeSent")                       \
    F(ITEM_CREATED, "item:DateTimeCreated")                 \
    F(ITEM_HAS_ATTACHMENTS, "item:HasAttachments")          \
    F(ITEM_MODIFIED, "item:LastModifiedTime")               \
    F(ITEM_TEXT_BODY, "item:TextBody")                      \
    F(ITEM_WEB_LINK, "item:WebClientReadFormQueryString")   \
    F(ITEM_CONVERSATION, "item:ConversationId")             \
    F(ITEM_FLAG, "item:Flag")                               \
    F(MESSAGE_SENDER, "message:Sender")                     \
    F(MESSAGE_TO, "message:ToRecipients")                   \
    F(MESSAGE_CC, "message:CcRecipients")                   \
    F(MESSAGE_BCC, "message:BccRecipients")                 \
    F(MESSAGE_FROM, "message:From")                         \
    F(MESSAGE_ID, "message:InternetMessageId")              \
    F(MESSAGE_READ, "message:IsRead")                       \
    F(CALENDAR_UID, "calendar:UID")                         \
    F(CALENDAR_START, "calendar:Start")                     \
    F(CALENDAR_END, "calendar:End")                         \
    F(CALENDAR_ALL_DAY, "calendar:IsAllDayEvent")           \
    F(CALENDAR_LOCATION, "calendar:Location")               \
    F(CALENDAR_RECURRING, "calendar:IsRecurring")           \
    F(CALENDAR_TYPE, "calendar:CalendarItemType")           \
    F(CALENDAR_ORGANIZER, "calendar:Organizer")             \
    F(CALENDAR_REQUIRED, "calendar:RequiredAttendees")      \
    F(CALENDAR_OPTIONAL, "calendar:OptionalAttendees")      \
    F(CALENDAR_RECURRENCE, "calendar:Recurrence")           \
    F(CALENDAR_START_ZONE, "calendar:StartTimeZone")        \
    F(CALENDAR_END_ZONE, "calendar:EndTimeZone")            \
    F(TASK_COMPANIES, "task:Companies")                     \
    F(TASK_COMPLETE, "task:CompleteDate")                   \
    F(TASK_DUE, "task:DueDate")                             \
    F(TASK_OWNER, "task:Owner")                             \
    F(TASK_START, "task:StartDate")                         \
    F(TASK_STATUS, "task:Status")                           \
    F(CONTACT_NAME, "contacts:DisplayName")                 \
    F(CONTACT_COMPANY, "contacts:CompanyName")              \
    F(CONTACT_BIRTHDAY, "contacts:Birthday")                \
    F(CONTACT_EMAILS, "contacts:EmailAddresses")            \
    F(CONTACT_PHONES, "contacts:PhoneNumbers")              \
    F(LIST_MEMBERS, "distributionlist:Members")

#define EWS_FIELD_NAME(name, uri) EWS_F_##name,
enum ews_field { EWS_FIELDS(EWS_FIELD_NAME) EWS_FIELD_COUNT };
#undef EWS_FIELD_NAME

#define EWS_INDEXED_MAX 64

struct ews_shape {
    u64 fields;                   // bits of enum ews_field
    str indexed[EWS_INDEXED_MAX]; // FieldIndex: one email address or phone number
    int indexed_count;
    bool text_body;    // BodyType Text
    const char *error; // a property that must not be asked for here
};

_Static_assert(EWS_FIELD_COUNT <= 64, "a field is a bit");

bool ews_uri_is_known(str uri);
// From an ItemShape, FolderShape or AttachmentShape; node < 0: ids only.
void ews_shape_read(const struct t_xml *x, int node, struct ews_shape *s);
bool ews_wants(const struct ews_shape *s, enum ews_field f);
bool ews_wants_index(const struct ews_shape *s, enum ews_field whole, const char *index);

#endif
