// SPDX-License-Identifier: Apache-2.0
// Shapes of items and folders; see ews_shape.h. The lists are UnindexedFieldURIType of types.xsd,
// by prefix.
#include "ews_shape.h"

static const char *const uris[EWS_FIELD_COUNT] = {
#define EWS_FIELD_URI(name, uri) [EWS_F_##name] = uri,
    EWS_FIELDS(EWS_FIELD_URI)
#undef EWS_FIELD_URI
};

static const struct {
    const char *prefix, *names;
} schema[] = {
    {"folder:",
     " FolderId ParentFolderId DisplayName UnreadCount TotalCount ChildFolderCount FolderClass "
     "SearchParameters ManagedFolderInformation PermissionSet EffectiveRights "
     "SharingEffectiveRights DistinguishedFolderId PolicyTag ArchiveTag ReplicaList "},
    {"item:",
     " ItemId ParentFolderId ItemClass MimeContent Attachments Subject DateTimeReceived Size "
     "Categories HasAttachments Importance InReplyTo InternetMessageHeaders IsAssociated IsDraft "
     "IsFromMe IsResend IsSubmitted IsUnmodified DateTimeSent DateTimeCreated Body ResponseObjects "
     "Sensitivity ReminderDueBy ReminderIsSet ReminderNextTime ReminderMinutesBeforeStart "
     "DisplayTo DisplayCc DisplayBcc Culture EffectiveRights LastModifiedName LastModifiedTime "
     "ConversationId UniqueBody Flag StoreEntryId InstanceKey NormalizedBody "
     "EntityExtractionResult PolicyTag ArchiveTag RetentionDate Preview PredictedActionReasons "
     "IsClutter RightsManagementLicenseData BlockStatus HasBlockedImages "
     "WebClientReadFormQueryString WebClientEditFormQueryString TextBody IconIndex "
     "MimeContentUTF8 Hashtags Mentions MentionedMe MentionsPreview MentionsEx "
     "SortLocalMailboxAttachmentsByDateTimeReceived NextPredictedAction GroupingAction "
     "DisplayBcc "},
    {"message:",
     " ConversationIndex ConversationTopic InternetMessageId IsRead IsResponseRequested "
     "IsReadReceiptRequested IsDeliveryReceiptRequested ReceivedBy ReceivedRepresenting "
     "References ReplyTo From Sender ToRecipients CcRecipients BccRecipients "
     "ApprovalRequestData VotingInformation ReminderMessageData PublishedCalendarItemIcs "
     "PublishedCalendarItemName MessageSafety "},
    {"meeting:", " AssociatedCalendarItemId IsDelegated IsOutOfDate HasBeenProcessed ResponseType "
                 "ProposedStart ProposedEnd "},
    {"meetingRequest:", " MeetingRequestType IntendedFreeBusyStatus ChangeHighlights "},
    {"calendar:",
     " Start End OriginalStart StartWallClock EndWallClock StartTimeZoneId EndTimeZoneId "
     "IsAllDayEvent LegacyFreeBusyStatus Location EnhancedLocation When IsMeeting IsCancelled "
     "IsRecurring MeetingRequestWasSent IsResponseRequested CalendarItemType MyResponseType "
     "Organizer RequiredAttendees OptionalAttendees Resources ConflictingMeetingCount "
     "AdjacentMeetingCount ConflictingMeetings AdjacentMeetings Duration TimeZone "
     "AppointmentReplyTime AppointmentReplyName AppointmentSequenceNumber AppointmentState "
     "Recurrence FirstOccurrence LastOccurrence ModifiedOccurrences DeletedOccurrences "
     "MeetingTimeZone ConferenceType AllowNewTimeProposal IsOnlineMeeting MeetingWorkspaceUrl "
     "NetShowUrl UID RecurrenceId DateTimeStamp StartTimeZone EndTimeZone "
     "JoinOnlineMeetingUrl OnlineMeetingSettings IsOrganizer "},
    {"task:",
     " ActualWork AssignedTime BillingInformation ChangeCount Companies CompleteDate Contacts "
     "DelegationState Delegator DueDate IsAssignmentEditable IsComplete IsRecurring IsTeamTask "
     "Mileage Owner PercentComplete Recurrence StartDate Status StatusDescription TotalWork "},
    {"contacts:",
     " Alias AssistantName Birthday BusinessHomePage Children Companies CompanyName "
     "CompleteName ContactSource Culture Department DisplayName DirectoryId "
     "DirectReports EmailAddresses AbchEmailAddresses FileAs FileAsMapping Generation GivenName "
     "ImAddresses Initials JobTitle Manager ManagerMailbox MiddleName Mileage "
     "MSExchangeCertificate "
     "Nickname Notes OfficeLocation PhoneNumbers PhoneticFullName PhoneticFirstName "
     "PhoneticLastName Photo PhysicalAddresses PostalAddressIndex Profession SpouseName Surname "
     "WeddingAnniversary UserSMIMECertificate HasPicture AccountName IsAutoUpdateDisabled "
     "IsMessengerEnabled Comment ContactShortId ContactType Gender IsHidden ObjectId "
     "PersonId SourceId TrustLevel CreatedBy Urls Cid SkypeAuthCertificate SkypeContext SkypeId "
     "SkypeRelationship XboxLiveTag YomiNickname BirthdayLocal WeddingAnniversaryLocal "
     "InvitedByDetail "},
    {"distributionlist:", " Members "},
    {"postitem:", " PostedTime "},
    {"conversation:", " ConversationId ConversationTopic "},
};

bool ews_uri_is_known(str uri)
{
    for (isize i = 0; i < COUNT(schema); i++) {
        str prefix = str_from(schema[i].prefix);
        if (str_starts(uri, prefix)) {
            struct t_buf name = {0};
            t_buf_byte(&name, ' ');
            t_buf_put(&name, str_from_index(uri, prefix.n));
            t_buf_byte(&name, ' ');
            bool found = name.n > 2 && str_find(str_from(schema[i].names), t_buf_str(&name)) >= 0;
            t_buf_free(&name);
            return found;
        }
    }
    return false;
}

static u64 bit(enum ews_field f)
{
    return (u64)1 << f;
}

static void add_uri(struct ews_shape *s, str uri)
{
    for (int i = 0; i < EWS_FIELD_COUNT; i++) {
        if (str_eq(uri, str_from(uris[i]))) {
            s->fields |= bit((enum ews_field)i);
        }
    }
}

void ews_shape_read(const struct t_xml *x, int node, struct ews_shape *s)
{
    *s = (struct ews_shape){0};
    if (node < 0) {
        return;
    }
    int base = t_xml_child(x, node, "t:BaseShape");
    if (base >= 0 && !str_eq(t_xml_text(x, base), S("IdOnly"))) {
        // Default and AllProperties: all that there is, but for what costs most.
        s->fields = ~(bit(EWS_F_ITEM_MIME) | bit(EWS_F_ITEM_TEXT_BODY));
    }
    s->text_body = str_eq(t_xml_text(x, t_xml_child(x, node, "t:BodyType")), S("Text"));
    if (str_eq(t_xml_text(x, t_xml_child(x, node, "t:IncludeMimeContent")), S("true"))) {
        s->fields |= bit(EWS_F_ITEM_MIME);
    }
    int list = t_xml_child(x, node, "t:AdditionalProperties");
    for (int p = list < 0 ? -1 : x->nodes[list].first; p >= 0; p = x->nodes[p].next) {
        if (t_xml_is(x, p, "t:FieldURI")) {
            add_uri(s, t_xml_attr(x, p, "FieldURI"));
        } else if (t_xml_is(x, p, "t:IndexedFieldURI") && s->indexed_count < EWS_INDEXED_MAX) {
            s->indexed[s->indexed_count++] = t_xml_attr(x, p, "FieldIndex");
        }
    }
}

bool ews_wants(const struct ews_shape *s, enum ews_field f)
{
    return (s->fields >> f & 1) != 0;
}

bool ews_wants_index(const struct ews_shape *s, enum ews_field whole, const char *index)
{
    for (int i = 0; i < s->indexed_count; i++) {
        if (str_eq(s->indexed[i], str_from(index))) {
            return true;
        }
    }
    return ews_wants(s, whole);
}
