// SPDX-License-Identifier: Apache-2.0
// Answers of a mailbox's listing, and how they are played: for the tests of outlook_listing,
// outlook_folders and outlook_find.
#ifndef TESTS_UNIT_OUTLOOK_PAGES_H
#define TESTS_UNIT_OUTLOOK_PAGES_H

#include "outlook_rig.h"

#define ITEM(id, more) "<t:Message><t:ItemId Id=\"" id "\"/>" more "</t:Message>"
#define CREATE(item) "<t:Create>" item "</t:Create>"
#define PAGE(state, last, changes)                                     \
    EWS("SyncFolderItems",                                             \
        FINE("SyncFolderItems", "<m:SyncState>" state "</m:SyncState>" \
                                "<m:IncludesLastItemInRange>" last     \
                                "</m:IncludesLastItemInRange><m:Changes>" changes "</m:Changes>"))
#define PAGE_WRONG(code) EWS("SyncFolderItems", WRONG("SyncFolderItems", "Error", code))
#define THERE \
    FINE("GetFolder", "<m:Folders><t:Folder><t:FolderId Id=\"f\"/></t:Folder></m:Folders>")
#define NOT(code) WRONG("GetFolder", "Error", code)
#define NONE_THERE NOT("ErrorFolderNotFound")
#define FOUND(last, folders)                                                             \
    EWS("FindFolder", FINE("FindFolder", "<m:RootFolder IncludesLastItemInRange=\"" last \
                                         "\"><t:Folders>" folders "</t:Folders></m:RootFolder>"))
#define FOLDER(tag, id, class, name)                                                     \
    "<t:" tag "><t:FolderId Id=\"" id "\"/><t:FolderClass>" class "</t:FolderClass>"     \
                                                                  "<t:DisplayName>" name \
                                                                  "</t:DisplayName></t:" tag ">"
#define NO_ARCHIVE FOUND("true", "")
#define INBOX_ONLY EWS("GetFolder", THERE NONE_THERE NONE_THERE NONE_THERE NONE_THERE NONE_THERE)

// Plays answers; the last question, or "" at the end.
static inline str play(struct rig *r, const char *const *answers, int count)
{
    for (int i = 0; i < count; i++) {
        struct machine_answer a = ANSWER_STR(200, str_from(answers[i]));
        enum step step = machine_next(&r->list);
        CHECK(step == STEP_REQUEST);
        if (step != STEP_REQUEST) {
            return S("");
        }
        machine_finish(&r->list, &a);
    }
    return machine_next(&r->list) == STEP_REQUEST
               ? machine_body(&r->list, r->list.request_count - 1)
               : S("");
}

#define PLAY(r, ...) \
    play((r), (const char *const[]){__VA_ARGS__}, (int)COUNT(((const char *const[]){__VA_ARGS__})))

static inline bool asks(str body, const char *what)
{
    return str_find(body, str_from(what)) >= 0;
}

static inline struct rig *inbox(void)
{
    struct rig *r = rig_make(KIB(256));
    str body = PLAY(r, INBOX_ONLY, NO_ARCHIVE);
    CHECK(asks(body, "<m:SyncFolderItems>") && asks(body, "DistinguishedFolderId Id=\"inbox\""));
    return r;
}

// inbox() has asked.
static inline void then(struct rig *r, const char *text)
{
    struct machine_answer a = ANSWER_STR(200, str_from(text));
    machine_finish(&r->list, &a);
}

static inline void until_it_fails(struct rig *r, const char *text)
{
    then(r, text);
    for (int i = 0; i < 10 && r->list.failed == 0 && machine_next(&r->list) == STEP_REQUEST; i++) {
        then(r, text);
    }
    CHECK(r->list.failed == 1 && r->mailbox.phase == MAILBOX_FAILED);
    CHECK(r->mailbox.queue.count == 0 && rig_readers_used(r) == 0);
}

#endif
