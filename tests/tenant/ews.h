// SPDX-License-Identifier: Apache-2.0
// What the files of the fake Exchange share: its mailboxes, folders and items, ids, the writer of
// answers, and one request on its way. ews.c says which file does what.
#ifndef TENANT_EWS_H
#define TENANT_EWS_H

#include "ews_shape.h"
#include "model.h"
#include "t_xml.h"

// ---- mailboxes and folders (ews_store.c, ews_place.c)
// ----------------------------------------------------

enum ews_place {
    EWS_ROOT,
    EWS_TOP, // msgfolderroot
    EWS_INBOX,
    EWS_SENT,
    EWS_JUNK,
    EWS_DELETED,
    EWS_DRAFTS,
    EWS_OUTBOX,
    EWS_ARCHIVE,  // a child of msgfolderroot without a distinguished id
    EWS_PROJECTS, // a child of the inbox
    EWS_CONTACTS,
    EWS_TASKS,
    EWS_CALENDAR,
    EWS_TEAM, // children of the calendar: two calendars, birthdays
    EWS_TRIPS,
    EWS_BIRTHDAYS,
    EWS_NOTES,
    EWS_JOURNAL,
    EWS_PLACES,
};

enum ews_group { EWS_NOTHING, EWS_MAIL, EWS_CALENDARS, EWS_CONTACTLIKE, EWS_TASKLIKE };

struct ews_place_info {
    const char *distinguished;                 // "inbox"; NULL: none
    const char *name, *folder_class, *element; // folder_class NULL: absent
    enum ews_place parent;
    enum ews_group group;
};

struct ews_extra { // an item that was added, or moved here: its content is that of ...
    enum ews_place place;
    i64 index;
};
enum ews_change_kind { EWS_CREATED, EWS_UPDATED, EWS_DELETED_ITEM, EWS_READ };
struct ews_change {
    enum ews_change_kind kind;
    i64 index, created; // the position where it was created; -1: before all changes
    bool superseded;
};

struct ews_folder {
    i64 synthetic, extra_count, extra_cap, gone_count;
    struct ews_extra *extra;
    u8 *gone; // a bit an index; NULL: all there
    i64 gone_bytes;
    struct ews_change *log;
    i64 log_count, log_cap;
    char *name, *folder_class; // as a test set them
    bool removed;
};

enum ews_state {
    EWS_STATE_OK,
    EWS_STATE_NO_MAILBOX,  // ErrorNonExistentMailbox
    EWS_STATE_DENIED,      // ErrorImpersonateUserDenied
    EWS_STATE_NO_ACCESS,   // ErrorAccessDenied at each folder and item
    EWS_STATE_DISABLED,    // ErrorAccountDisabled
    EWS_STATE_MOVING,      // ErrorMailboxMoveInProgress
    EWS_STATE_UNAVAILABLE, // ErrorMailboxStoreUnavailable
    EWS_STATES,
};

struct ews_mailbox {
    struct ews_folder folders[EWS_PLACES];
    enum ews_state state;
    bool blocked; // EWS is switched off for it
    i64 requests;
};

struct ews_fault {
    char *operation, *user, *code, *message; // NULL: any
    int mailbox;                             // -1: any
    int place;                               // -1: any
    int level;                               // 0 fault, 1 answer, 2 item, 3 ldap
    i64 backoff_ms, skip, count, every, seen, hits;
    i64 index; // of an item; -1: any
    struct ews_fault *next;
};

struct ews_script { // something happens after so many requests to a folder
    int mailbox, place;
    i64 after;
    char *change; // what POST /_tenant/exchange takes
    struct ews_script *next;
};

struct exchange {
    struct ews_mailbox **mailboxes; // by number; made when first asked for
    int mailbox_cap;
    struct ews_fault *faults;
    struct ews_script *scripts;
    int sync_epoch, batch_stop_after;
    int failed_logons, turn, in_flight, max_in_flight;
    // Requests in a window; 0: any number. What is too much is refused in three ways in turn.
    i64 budget, budget_window_ms, window_start_ms, window_requests, refused;
    int max_concurrent; // ErrorExceededConnectionCount above; 0: any
    i64 latency_ms;
    bool odd, strict_properties;
    enum ews_content content;
    bool blocked; // EWS is switched off for the organisation
    // Of the fake Graph: answers that none should give, empty pages, objects that come twice.
    int graph_odd;
    bool graph_empty, graph_repeat;
    bool no_sync;  // SyncFolderItems is refused, in three ways in turn
    i64 find_page; // of FindItem and FindFolder at most, whatever is asked; 0: 1000
    i64 operations[16], items_listed, items_got, attachments, impersonated, without_anchor,
        schema_violations, logons_ntlm, logons_basic, logons_bearer, logons_refused,
        blocked_requests;
};

struct ews_mailbox *ews_mailbox(struct tenant *t, int mailbox);
bool ews_place_find(struct tenant *t, int mailbox, enum ews_place p, struct ews_place_info *out);
int ews_place_distinguished(str id); // -1: no such id in the schema; EWS_PLACES: known, not here
int ews_place_named(str name);       // as the control port calls it; -1
struct ews_folder *ews_folder(struct tenant *t, int mailbox, enum ews_place p);
i64 ews_total(const struct ews_folder *f); // places, of deleted items too
i64 ews_live(const struct ews_folder *f);
bool ews_is_there(const struct ews_folder *f, i64 index);
i64 ews_nth(const struct ews_folder *f, i64 n, bool newest_first); // -1: there is none
i64 ews_add(struct ews_folder *f, enum ews_place from, i64 index); // the new index
bool ews_remove(struct ews_folder *f, i64 index);
void ews_update(struct ews_folder *f, i64 index, enum ews_change_kind kind);
int ews_version(const struct ews_folder *f, i64 index); // how often it was updated
void exchange_faults_clear(struct exchange *e);

// ---- items (ews_item.c)
// -----------------------------------------------------------------------------

struct ews_item {
    int mailbox;
    enum ews_place place;
    i64 index;
    enum ews_place origin; // where its content is from
    i64 number;            // there
    enum ews_group group;
    const char *element; // "t:Message"
    int version;
    bool bare; // it has no attachments
    enum ews_content content;
    u64 r;
    i64 received_ms, modified_ms;
};

bool ews_item_find(struct tenant *t, int mailbox, enum ews_place p, i64 index, struct ews_item *i);
u64 ews_mix(u64 x);

// ---- ids (ews_id.c)
// ---------------------------------------------------------------------------------

enum ews_id_kind { EWS_ID_ITEM, EWS_ID_FOLDER, EWS_ID_ATTACHMENT };
struct ews_id {
    enum ews_id_kind kind;
    int mailbox;
    enum ews_place place;
    i64 index;
    int attachment;
};
void ews_id_put(const struct tenant *t, struct ews_id id, struct t_buf *out);
bool ews_id_read(const struct tenant *t, str text, struct ews_id *id);
void ews_change_key_put(struct ews_id id, int version, bool sync, struct t_buf *out);

// ---- the writer (ews_write.c)
// ------------------------------------------------------------------------

struct ews_out {
    struct t_buf *b;
    int style;          // of prefixes, see ews_write.c
    const char *server; // attributes of ServerVersionInfo
    char open[T_XML_DEPTH];
    int depth;
    bool in_tag;
};
void x_begin(struct ews_out *w, const char *operation); // "FindItem": up to ResponseMessages
void x_finish(struct ews_out *w, const char *operation);
void x_open(struct ews_out *w, const char *name); // "t:Message"
void x_attr(struct ews_out *w, const char *name, str value);
void x_close(struct ews_out *w, const char *name);
void x_put(struct ews_out *w, str text); // escaped; see there for odd bytes
void x_raw(struct ews_out *w, str bytes);
void x_text(struct ews_out *w, const char *name, str text);
void x_z(struct ews_out *w, const char *name, const char *text);
void x_num(struct ews_out *w, const char *name, i64 n);
void x_id(struct ews_out *w, const char *name, const struct tenant *t, struct ews_id id,
          int version, bool sync);
void x_response(struct ews_out *w, const char *operation); // opens a successful *ResponseMessage
void x_response_end(struct ews_out *w, const char *operation);
void x_error(struct ews_out *w, const char *operation, const char *code, const char *payload);
const char *ews_error_text(const char *code);

// ---- a request (ews.c, ews_schema.c, ews_auth.c)
// --------------------------------------------------------

struct ews {
    struct tenant *t;
    struct exchange *e;
    const struct t_request *q;
    struct t_response *r;
    struct t_xml x;
    int operation; // the node
    const char *name;
    int mailbox; // impersonated; -1: the caller's own, who has none
    bool token;  // of Entra
    struct ews_out w;
};

bool ews_authenticate(struct tenant *t, const struct t_request *q, struct t_response *r);
bool ews_validate(struct ews *c); // false: answered
void ews_fault_out(struct ews *c, const char *code, const char *message, const char *message_xml);
// The fault that is due here: 1 an answer's code, 2 an item's. NULL: none.
const struct ews_fault *ews_fault_due(struct ews *c, int level, int mailbox, int place, i64 index);

struct ews_target {
    int mailbox;
    enum ews_place place;
    struct ews_place_info info;
};
// A FolderId or DistinguishedFolderId. The code of the error, or NULL.
const char *ews_target(struct ews *c, int node, struct ews_target *out);
const char *ews_mailbox_error(struct ews *c, int mailbox);
void ews_scripts_run(struct ews *c, int mailbox, enum ews_place place);

void ews_get_folder(struct ews *c);
void ews_find_folder(struct ews *c);
void ews_sync_hierarchy(struct ews *c);
void ews_find_item(struct ews *c);
void ews_sync_items(struct ews *c);
void ews_get_item(struct ews *c);
void ews_get_attachment(struct ews *c);

// ---- content (ews_mail.c, ews_calendar.c, ews_people.c, ews_attachment.c)
// ------------------------------------------------------------------------------

void ews_item_put(struct ews *c, const struct ews_item *i, const struct ews_shape *s, bool listing,
                  bool sync);
// Which of `cases` in turn it is; one that this content does not have is another one.
i64 ews_case(enum ews_content content, enum ews_group group, i64 number, i64 cases);
i64 ews_item_case(const struct ews_item *i, i64 cases);
const char *ews_mail_element(const struct exchange *e, i64 number);
const char *ews_contact_element(const struct exchange *e, i64 number);
void ews_mail_put(struct ews *c, const struct ews_item *i, const struct ews_shape *s);
void ews_calendar_put(struct ews *c, const struct ews_item *i, const struct ews_shape *s);
void ews_contact_put(struct ews *c, const struct ews_item *i, const struct ews_shape *s);
void ews_task_put(struct ews *c, const struct ews_item *i, const struct ews_shape *s);
void ews_subject_put(const struct exchange *e, const struct ews_item *i, struct t_buf *b);
void ews_body_put(struct ews *c, const struct ews_item *i, const char *element, bool text);
int ews_attachment_count(const struct exchange *e, const struct ews_item *i);
bool ews_attachments_shown(const struct exchange *e, const struct ews_item *i); // HasAttachments
void ews_attachments_put(struct ews *c, const struct ews_item *i);
// The bytes of a file, appended; false: it is none. The element within an item: "t:Message", or
// NULL.
bool ews_attachment_file_put(const struct ews_item *i, int n, struct t_buf *out);
const char *ews_attachment_inner(const struct ews_item *i, int n);
void ews_date_put(struct t_buf *b, i64 unix_ms, int form); // 0 Z, 1 fraction Z, 2 +02:00, 3 no zone

#endif
