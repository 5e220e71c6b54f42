// SPDX-License-Identifier: Apache-2.0
// Writing requests (see ews_request.h).
#include "source/outlook/ews_request.h"

static void request_escape(struct buf *b, str s)
{
    isize from = 0;
    for (isize i = 0; i <= s.n; i++) {
        u8 c = i < s.n ? s.p[i] : 0;
        str entity = c == '&'   ? S("&amp;")
                     : c == '<' ? S("&lt;")
                     : c == '>' ? S("&gt;")
                     : c == '"' ? S("&quot;")
                                : (str){0};
        if (i == s.n || entity.n) {
            buf_put(b, str_slice(s, from, i));
            buf_put(b, entity);
            from = i + 1;
        }
    }
}

static void request_begin(struct buf *b, const struct ews_call *c)
{
    buf_put(b, S("<?xml version=\"1.0\" encoding=\"utf-8\"?>"
                 "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\""
                 " xmlns:m=\"http://schemas.microsoft.com/exchange/services/2006/messages\""
                 " xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\">"
                 "<s:Header><t:RequestServerVersion Version=\""));
    buf_put(b, c->version);
    buf_put(b, S("\"/>"));
    if (c->mailbox.n && !c->delegate) {
        buf_put(b, S("<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>"));
        request_escape(b, c->mailbox);
        buf_put(b, S("</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>"));
    }
    buf_put(b, S("<t:TimeZoneContext><t:TimeZoneDefinition Id=\"UTC\"/></t:TimeZoneContext>"
                 "</s:Header><s:Body>"));
}

static void request_end(struct buf *b)
{
    buf_put(b, S("</s:Body></s:Envelope>"));
}

static void request_put_more(struct buf *b, const char *uris)
{
    str rest = str_from(uris);
    str uri;
    bool more = rest.n > 0;
    while (more) {
        rest = str_cut(rest, ' ', &uri, &more);
        buf_put(b, S("<t:FieldURI FieldURI=\""));
        buf_put(b, uri);
        buf_put(b, S("\"/>"));
    }
}

static void request_put_fields(struct buf *b, const char *uris)
{
    buf_put(b, S("<t:AdditionalProperties>"));
    request_put_more(b, uris);
}

static void request_put_indexed(struct buf *b, const char *uri, const char *keys)
{
    str rest = str_from(keys);
    str key;
    bool more = true;
    while (more) {
        rest = str_cut(rest, ' ', &key, &more);
        buf_put(b, S("<t:IndexedFieldURI FieldURI=\""));
        buf_put(b, str_from(uri));
        buf_put(b, S("\" FieldIndex=\""));
        buf_put(b, key);
        buf_put(b, S("\"/>"));
    }
}

static void request_put_folder(struct buf *b, const struct ews_call *c,
                               const struct ews_folder *folder)
{
    if (folder->id.n) {
        buf_put(b, S("<t:FolderId Id=\""));
        request_escape(b, folder->id);
        buf_put(b, S("\"/>"));
        return;
    }
    buf_put(b, S("<t:DistinguishedFolderId Id=\""));
    buf_put(b, folder->name);
    buf_put(b, S("\"><t:Mailbox><t:EmailAddress>"));
    request_escape(b, c->mailbox);
    buf_put(b, S("</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>"));
}

#define BASE_ID_ONLY "<t:BaseShape>IdOnly</t:BaseShape>"
#define FIELDS_END "</t:AdditionalProperties>"

void ews_put_get_folders(struct buf *b, const struct ews_call *c, const str *names, isize count)
{
    request_begin(b, c);
    buf_put(b, S("<m:GetFolder><m:FolderShape>" BASE_ID_ONLY));
    request_put_fields(b, "folder:FolderClass");
    request_put_more(b, c->extended ? "folder:DisplayName" : "");
    buf_put(b, S(FIELDS_END "</m:FolderShape><m:FolderIds>"));
    for (isize i = 0; i < count; i++) {
        struct ews_folder folder = {.name = names[i]};
        request_put_folder(b, c, &folder);
    }
    buf_put(b, S("</m:FolderIds></m:GetFolder>"));
    request_end(b);
}

void ews_put_find_folder(struct buf *b, const struct ews_call *c, str parent, str display_name,
                         i64 offset)
{
    request_begin(b, c);
    buf_put(b, S("<m:FindFolder Traversal=\"Shallow\"><m:FolderShape>" BASE_ID_ONLY));
    request_put_fields(b, "folder:DisplayName folder:FolderClass");
    buf_put(b, S(FIELDS_END "</m:FolderShape>"
                            "<m:IndexedPageFolderView MaxEntriesReturned=\"100\" Offset=\""));
    buf_put_i64(b, offset);
    buf_put(b, S("\" BasePoint=\"Beginning\"/>"));
    if (display_name.n) {
        buf_put(b, S("<m:Restriction><t:IsEqualTo><t:FieldURI FieldURI=\"folder:DisplayName\"/>"
                     "<t:FieldURIOrConstant><t:Constant Value=\""));
        request_escape(b, display_name);
        buf_put(b, S("\"/></t:FieldURIOrConstant></t:IsEqualTo></m:Restriction>"));
    }
    buf_put(b, S("<m:ParentFolderIds>"));
    struct ews_folder folder = {.name = parent};
    request_put_folder(b, c, &folder);
    buf_put(b, S("</m:ParentFolderIds></m:FindFolder>"));
    request_end(b);
}

void ews_put_sync_items(struct buf *b, const struct ews_call *c, const struct ews_folder *folder,
                        str state, i64 max_changes)
{
    request_begin(b, c);
    buf_put(b, S("<m:SyncFolderItems><m:ItemShape>" BASE_ID_ONLY));
    request_put_fields(b, "item:HasAttachments item:LastModifiedTime item:Size");
    buf_put(b, S(FIELDS_END "</m:ItemShape><m:SyncFolderId>"));
    request_put_folder(b, c, folder);
    buf_put(b, S("</m:SyncFolderId>"));
    if (state.n) {
        buf_put(b, S("<m:SyncState>"));
        request_escape(b, state);
        buf_put(b, S("</m:SyncState>"));
    }
    buf_put(b, S("<m:MaxChangesReturned>"));
    buf_put_i64(b, max_changes);
    buf_put(b, S("</m:MaxChangesReturned></m:SyncFolderItems>"));
    request_end(b);
}

#define FIELD_ORDER(uri) \
    "<t:FieldOrder Order=\"Ascending\"><t:FieldURI FieldURI=\"" uri "\"/></t:FieldOrder>"

// Contacts and tasks were not received: they were created.
void ews_put_find_items(struct buf *b, const struct ews_call *c, const struct ews_folder *folder,
                        i64 offset, i64 max_items)
{
    request_begin(b, c);
    buf_put(b, S("<m:FindItem Traversal=\"Shallow\"><m:ItemShape>" BASE_ID_ONLY));
    request_put_fields(b, "item:HasAttachments item:LastModifiedTime item:Size");
    buf_put(b, S(FIELDS_END "</m:ItemShape><m:IndexedPageItemView MaxEntriesReturned=\""));
    buf_put_i64(b, max_items);
    buf_put(b, S("\" Offset=\""));
    buf_put_i64(b, offset);
    buf_put(b, S("\" BasePoint=\"Beginning\"/><m:SortOrder>" FIELD_ORDER("item:DateTimeReceived")
                     FIELD_ORDER("item:DateTimeCreated") "</m:SortOrder>"
                                                         "<m:ParentFolderIds>"));
    request_put_folder(b, c, folder);
    buf_put(b, S("</m:ParentFolderIds></m:FindItem>"));
    request_end(b);
}

static const char *const request_all[EWS_KINDS] = {
    [EWS_KIND_MAIL] = ("item:Attachments item:Body item:Categories item:HasAttachments "
                       "item:Importance item:LastModifiedTime item:Subject message:BccRecipients "
                       "message:CcRecipients message:Sender message:ToRecipients"),
    [EWS_KIND_CALENDAR] = ("calendar:CalendarItemType calendar:End calendar:Location "
                           "calendar:Organizer calendar:Recurrence calendar:RequiredAttendees "
                           "calendar:Start item:Attachments item:Body item:HasAttachments "
                           "item:LastModifiedTime item:Subject"),
    [EWS_KIND_TASK] = ("item:Attachments item:Categories item:HasAttachments item:Importance "
                       "item:LastModifiedTime item:Subject item:TextBody task:CompleteDate "
                       "task:DueDate task:Owner task:StartDate task:Status"),
    [EWS_KIND_CONTACT] = ("contacts:Birthday contacts:CompanyName contacts:DisplayName "
                          "item:LastModifiedTime"),
    [EWS_KIND_LIST] = "contacts:DisplayName distributionlist:Members item:LastModifiedTime",
};

static const char *const request_plain[EWS_KINDS] = {
    [EWS_KIND_MAIL] = ("item:Categories item:Importance item:LastModifiedTime item:Subject "
                       "message:BccRecipients message:CcRecipients message:Sender "
                       "message:ToRecipients"),
    [EWS_KIND_CALENDAR] = ("calendar:CalendarItemType calendar:End calendar:Location "
                           "calendar:Organizer calendar:RequiredAttendees calendar:Start "
                           "item:LastModifiedTime item:Subject"),
    [EWS_KIND_TASK] = ("item:Categories item:Importance item:LastModifiedTime item:Subject "
                       "task:CompleteDate task:DueDate task:Owner task:StartDate task:Status"),
    [EWS_KIND_CONTACT] = "contacts:CompanyName contacts:DisplayName item:LastModifiedTime",
    [EWS_KIND_LIST] = "contacts:DisplayName item:LastModifiedTime",
};

// Of the extended form.
static const char *const request_extended[EWS_KINDS] = {
    [EWS_KIND_MAIL] = ("item:ConversationId item:DateTimeReceived item:DateTimeSent item:Flag "
                       "item:WebClientReadFormQueryString message:InternetMessageId "
                       "message:IsRead"),
    [EWS_KIND_CALENDAR] = ("calendar:OptionalAttendees item:ParentFolderId "
                           "item:WebClientReadFormQueryString"),
    [EWS_KIND_TASK] = "",
    [EWS_KIND_CONTACT] = "",
    [EWS_KIND_LIST] = "",
};

void ews_put_get_items(struct buf *b, const struct ews_call *c, enum ews_kind kind,
                       enum ews_shape shape)
{
    request_begin(b, c);
    buf_put(b, S("<m:GetItem><m:ItemShape>" BASE_ID_ONLY));
    request_put_fields(b, shape == EWS_SHAPE_ATTACHMENTS
                              ? "item:Attachments item:HasAttachments item:LastModifiedTime"
                          : shape == EWS_SHAPE_PLAIN ? request_plain[kind]
                                                     : request_all[kind]);
    if (c->extended && shape != EWS_SHAPE_ATTACHMENTS) {
        request_put_more(b, request_extended[kind]);
    }
    if (kind == EWS_KIND_CONTACT) {
        request_put_indexed(b, "contacts:EmailAddress",
                            "EmailAddress1 EmailAddress2 EmailAddress3");
        request_put_indexed(b, "contacts:PhoneNumber",
                            "AssistantPhone BusinessFax BusinessPhone BusinessPhone2 Callback "
                            "CarPhone CompanyMainPhone HomeFax HomePhone HomePhone2 Isdn "
                            "MobilePhone OtherFax OtherTelephone Pager PrimaryPhone RadioPhone "
                            "Telex TtyTddPhone");
    }
    buf_put(b, S(FIELDS_END "</m:ItemShape><m:ItemIds>"));
}

void ews_put_item_id(struct buf *b, str id)
{
    buf_put(b, S("<t:ItemId Id=\""));
    request_escape(b, id);
    buf_put(b, S("\"/>"));
}

void ews_put_get_items_end(struct buf *b)
{
    buf_put(b, S("</m:ItemIds></m:GetItem>"));
    request_end(b);
}

void ews_put_get_attachment(struct buf *b, const struct ews_call *c, str id)
{
    request_begin(b, c);
    buf_put(b, S("<m:GetAttachment><m:AttachmentIds><t:AttachmentId Id=\""));
    request_escape(b, id);
    buf_put(b, S("\"/></m:AttachmentIds></m:GetAttachment>"));
    request_end(b);
}

void ews_put_probe(struct buf *b, const struct ews_call *c)
{
    request_begin(b, c);
    buf_put(b, S("<m:ConvertId DestinationFormat=\"EntryId\"><m:SourceIds><t:AlternateId"
                 " Id=\"DUMMY\" Format=\"EwsId\" Mailbox=\"DUMMY\"/></m:SourceIds></m:ConvertId>"));
    request_end(b);
}
