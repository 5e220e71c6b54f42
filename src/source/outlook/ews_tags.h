// SPDX-License-Identifier: Apache-2.0
// The element names of Exchange Web Services that are looked at, sorted: a name becomes a number
// once, where it is read. Everything else is EWS_TAG_OTHER.
#ifndef SOURCE_OUTLOOK_EWS_TAGS_H
#define SOURCE_OUTLOOK_EWS_TAGS_H

#include "base/str.h"

#define EWS_TAGS(T)                 \
    T(AbsoluteMonthlyRecurrence)    \
    T(AbsoluteYearlyRecurrence)     \
    T(AttachmentId)                 \
    T(Attachments)                  \
    T(Attendee)                     \
    T(BccRecipients)                \
    T(Birthday)                     \
    T(Body)                         \
    T(CalendarFolder)               \
    T(CalendarItem)                 \
    T(CalendarItemType)             \
    T(Categories)                   \
    T(CcRecipients)                 \
    T(Changes)                      \
    T(CompanyName)                  \
    T(CompleteDate)                 \
    T(Contact)                      \
    T(Content)                      \
    T(ConversationId)               \
    T(Create)                       \
    T(DailyRecurrence)              \
    T(DailyRegeneration)            \
    T(DateTimeReceived)             \
    T(DateTimeSent)                 \
    T(DayOfMonth)                   \
    T(DayOfWeekIndex)               \
    T(DaysOfWeek)                   \
    T(Delete)                       \
    T(DisplayName)                  \
    T(DistributionList)             \
    T(DueDate)                      \
    T(EmailAddress)                 \
    T(EmailAddresses)               \
    T(End)                          \
    T(Entry)                        \
    T(FileAttachment)               \
    T(FirstDayOfWeek)               \
    T(Flag)                         \
    T(FlagStatus)                   \
    T(Folder)                       \
    T(FolderClass)                  \
    T(FolderId)                     \
    T(Folders)                      \
    T(HasAttachments)               \
    T(Importance)                   \
    T(IncludesLastItemInRange)      \
    T(InternetMessageId)            \
    T(Interval)                     \
    T(IsRead)                       \
    T(ItemAttachment)               \
    T(ItemId)                       \
    T(Items)                        \
    T(LastModifiedTime)             \
    T(Location)                     \
    T(Mailbox)                      \
    T(MeetingCancellation)          \
    T(MeetingRequest)               \
    T(MeetingResponse)              \
    T(Member)                       \
    T(Members)                      \
    T(Message)                      \
    T(Month)                        \
    T(MonthlyRegeneration)          \
    T(Name)                         \
    T(OptionalAttendees)            \
    T(Organizer)                    \
    T(Owner)                        \
    T(ParentFolderId)               \
    T(PhoneNumbers)                 \
    T(Recurrence)                   \
    T(RelativeMonthlyRecurrence)    \
    T(RelativeYearlyRecurrence)     \
    T(RequiredAttendees)            \
    T(RootFolder)                   \
    T(Sender)                       \
    T(Size)                         \
    T(Start)                        \
    T(StartDate)                    \
    T(Status)                       \
    T(String)                       \
    T(Subject)                      \
    T(SyncState)                    \
    T(Task)                         \
    T(TextBody)                     \
    T(ToRecipients)                 \
    T(Update)                       \
    T(WebClientReadFormQueryString) \
    T(WeeklyRecurrence)             \
    T(WeeklyRegeneration)           \
    T(YearlyRegeneration)

enum ews_tag {
    EWS_TAG_OTHER,
#define T(name) EWS_TAG_##name,
    EWS_TAGS(T)
#undef T
        EWS_TAG_COUNT
};

enum ews_tag ews_tag_of(str local);
str ews_tag_name(enum ews_tag tag); // "" of OTHER

#endif
