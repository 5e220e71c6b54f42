// SPDX-License-Identifier: Apache-2.0
// The folders of a mailbox: what they are called, of which class they are, below which they are.
// Some mailboxes differ, as real ones do; the number of the user decides (README.md lists it).
#include <string.h>

#include "ews.h"

static const struct ews_place_info places[EWS_PLACES] = {
    [EWS_ROOT] = {"root", "Root", NULL, "t:Folder", EWS_ROOT, EWS_NOTHING},
    [EWS_TOP] = {"msgfolderroot", "Top of Information Store", NULL, "t:Folder", EWS_ROOT,
                 EWS_NOTHING},
    [EWS_INBOX] = {"inbox", "Inbox", "IPF.Note", "t:Folder", EWS_TOP, EWS_MAIL},
    [EWS_SENT] = {"sentitems", "Sent Items", "IPF.Note", "t:Folder", EWS_TOP, EWS_MAIL},
    [EWS_JUNK] = {"junkemail", "Junk Email", "IPF.Note", "t:Folder", EWS_TOP, EWS_MAIL},
    [EWS_DELETED] = {"deleteditems", "Deleted Items", "IPF.Note", "t:Folder", EWS_TOP, EWS_MAIL},
    [EWS_DRAFTS] = {"drafts", "Drafts", "IPF.Note", "t:Folder", EWS_TOP, EWS_MAIL},
    [EWS_OUTBOX] = {"outbox", "Outbox", "IPF.Note", "t:Folder", EWS_TOP, EWS_MAIL},
    [EWS_ARCHIVE] = {NULL, "Archive", "IPF.Note", "t:Folder", EWS_TOP, EWS_MAIL},
    [EWS_PROJECTS] = {NULL, "Projects", "IPF.Note", "t:Folder", EWS_INBOX, EWS_MAIL},
    [EWS_CONTACTS] = {"contacts", "Contacts", "IPF.Contact", "t:ContactsFolder", EWS_TOP,
                      EWS_CONTACTLIKE},
    [EWS_TASKS] = {"tasks", "Tasks", "IPF.Task", "t:TasksFolder", EWS_TOP, EWS_TASKLIKE},
    [EWS_CALENDAR] = {"calendar", "Calendar", "IPF.Appointment", "t:CalendarFolder", EWS_TOP,
                      EWS_CALENDARS},
    [EWS_TEAM] = {NULL, "Team", "IPF.Appointment", "t:CalendarFolder", EWS_CALENDAR, EWS_CALENDARS},
    [EWS_TRIPS] = {NULL, "Trips & Föhn", "IPF.Appointment", "t:CalendarFolder", EWS_CALENDAR,
                   EWS_CALENDARS},
    [EWS_BIRTHDAYS] = {NULL, "Birthdays", "IPF.Appointment.Birthday", "t:CalendarFolder",
                       EWS_CALENDAR, EWS_CALENDARS},
    [EWS_NOTES] = {"notes", "Notes", "IPF.StickyNote", "t:Folder", EWS_TOP, EWS_MAIL},
    [EWS_JOURNAL] = {"journal", "Journal", "IPF.Journal", "t:Folder", EWS_TOP, EWS_MAIL},
};

static const char *const control_names[EWS_PLACES] = {
    "root",     "msgfolderroot", "inbox",   "sentitems", "junkemail", "deleteditems",
    "drafts",   "outbox",        "archive", "projects",  "contacts",  "tasks",
    "calendar", "team",          "trips",   "birthdays", "notes",     "journal",
};

// In the schema, but nobody here has them.
static const char others[] =
    " publicfoldersroot searchfolders voicemail recoverableitemsroot recoverableitemsdeletions "
    "recoverableitemsversions recoverableitemspurges recoverableitemsdiscoveryholds archiveroot "
    "archivemsgfolderroot archivedeleteditems archiveinbox archiverecoverableitemsroot "
    "archiverecoverableitemsdeletions archiverecoverableitemsversions "
    "archiverecoverableitemspurges archiverecoverableitemsdiscoveryholds syncissues conflicts "
    "localfailures serverfailures recipientcache quickcontacts conversationhistory adminauditlogs "
    "todosearch mycontacts directory imcontactlist peopleconnect favorites mecontact "
    "personmetadata teamspaceactivity teamspacemessaging teamspaceworkitems scheduled orionnotes "
    "tagitems alltaggeditems allitems externalcontacts teamchat teamchathistory yammerroot "
    "yammerinbound yammeroutbound yammerfeeds companycontacts organizationalcontacts "
    "peopleiknow fromfavoritesenders sharepointnotifications msgfolderrootallitems crawlerdata "
    "allcategorizeditems dlppolicyevaluation inference onenotepagepreviews "
    "peoplecentricconversationbuddies qedcdefaultretention qedclongretention "
    "qedcmediumretention qedcshortretention quarantinedemail quarantinedemaildefaultcategory "
    "recoverableitemssubstrateholds relevantcontacts shortnotes temporarysaves "
    "usercuratedcontacts allcontacts allpersonmetadata dlpmanager spoolerqueue outlookextensions ";

int ews_place_distinguished(str id)
{
    for (int i = 0; i < EWS_PLACES; i++) {
        if (places[i].distinguished && str_eq(id, str_from(places[i].distinguished))) {
            return i;
        }
    }
    struct t_buf padded = {0};
    t_buf_byte(&padded, ' ');
    t_buf_put(&padded, id);
    t_buf_byte(&padded, ' ');
    bool known = id.n > 0 && str_find_byte(id, ' ') < 0 &&
                 str_find(str_from(others), t_buf_str(&padded)) >= 0;
    t_buf_free(&padded);
    return known ? EWS_PLACES : -1;
}

int ews_place_named(str name)
{
    for (int i = 0; i < EWS_PLACES; i++) {
        if (str_eq_nocase(name, str_from(control_names[i]))) {
            return i;
        }
    }
    return -1;
}

static bool vary(int mailbox, enum ews_place p, struct ews_place_info *out)
{
    if (p == EWS_ARCHIVE) {
        switch (mailbox % 6) {
        case 1:
            out->name = "archive";
            return true;
        case 2:
            out->name = "Archiv";
            return true;
        case 3:
            return false;
        case 4:
            out->folder_class = "IPF.Files";
            return true;
        case 5:
            out->folder_class = NULL;
            return true;
        default:
            return true;
        }
    }
    if (p == EWS_TRIPS && mailbox % 3 == 2) {
        out->folder_class = "IPF.Appointment.Custom";
    }
    return p != EWS_JUNK || mailbox % 7 != 5;
}

bool ews_place_find(struct tenant *t, int mailbox, enum ews_place p, struct ews_place_info *out)
{
    const struct ews_folder *f = ews_folder(t, mailbox, p);
    *out = places[p];
    // What the first two have, both ways find.
    int like = t->exchange->content == EWS_CONTENT_ALIKE ? mailbox % 2 : mailbox;
    if (f->removed || !vary(like, p, out)) {
        return false;
    }
    out->name = f->name ? f->name : out->name;
    if (f->folder_class) {
        out->folder_class = f->folder_class[0] ? f->folder_class : NULL;
    }
    return true;
}
