// SPDX-License-Identifier: Apache-2.0
// GetFolder, FindFolder and SyncFolderHierarchy of the fake Exchange.
#include "ews.h"

#include "ews_filter.h"

// ---- which folder is meant
// -----------------------------------------------------------------------

const char *ews_mailbox_error(struct ews *c, int mailbox)
{
    if (mailbox < 0) {
        return "ErrorNonExistentMailbox";
    }
    // The service account sees what it impersonates; rights of its own only where a test gives
    // them.
    bool own = c->mailbox < 0 && c->t->o.exchange_full_access;
    if (c->mailbox != mailbox && !own) {
        return c->mailbox < 0 ? "ErrorAccessDenied" : "ErrorItemNotFound";
    }
    enum t_state google = c->t->users[mailbox].state;
    if (google == T_USER_DELETED || google == T_USER_NO_MAIL) {
        return "ErrorNonExistentMailbox";
    }
    switch (ews_mailbox(c->t, mailbox)->state) {
    case EWS_STATE_NO_MAILBOX:
        return "ErrorNonExistentMailbox";
    case EWS_STATE_DENIED:
    case EWS_STATE_NO_ACCESS:
        return "ErrorAccessDenied";
    case EWS_STATE_DISABLED:
        return "ErrorAccountDisabled";
    case EWS_STATE_MOVING:
        return "ErrorMailboxMoveInProgress";
    case EWS_STATE_UNAVAILABLE:
        return "ErrorMailboxStoreUnavailable";
    case EWS_STATE_OK:
    case EWS_STATES:
        break;
    }
    return NULL;
}

static const char *distinguished(struct ews *c, int node, struct ews_target *out)
{
    str id = t_xml_attr(&c->x, node, "Id");
    int place = ews_place_distinguished(id), mailbox = c->mailbox;
    int given = t_xml_child(&c->x, node, "t:Mailbox");
    if (given >= 0) {
        str address = t_xml_text(&c->x, t_xml_child(&c->x, given, "t:EmailAddress"));
        mailbox = content_mailbox(c->t, address);
        if (mailbox < 0) {
            return "ErrorNonExistentMailbox";
        }
        if (c->mailbox >= 0 && mailbox != c->mailbox) {
            return "ErrorAccessDenied";
        }
    }
    if (mailbox < 0) {
        return "ErrorMissingEmailAddress";
    }
    out->mailbox = mailbox;
    out->place = place >= 0 && place < EWS_PLACES ? (enum ews_place)place : EWS_ROOT;
    if (place < 0) {
        return "ErrorInvalidRequest"; // in truth the schema refuses it; see ews.c
    }
    return place == EWS_PLACES ? "ErrorFolderNotFound" : NULL;
}

const char *ews_target(struct ews *c, int node, struct ews_target *out)
{
    *out = (struct ews_target){.mailbox = c->mailbox};
    struct ews_id id;
    const char *error = NULL;
    if (t_xml_is(&c->x, node, "t:DistinguishedFolderId")) {
        error = distinguished(c, node, out);
    } else if (!ews_id_read(c->t, t_xml_attr(&c->x, node, "Id"), &id)) {
        error = "ErrorInvalidIdMalformed";
    } else if (id.kind != EWS_ID_FOLDER) {
        error = "ErrorInvalidFolderId";
    } else {
        out->mailbox = id.mailbox;
        out->place = id.place;
    }
    if (error) {
        return error;
    }
    error = ews_mailbox_error(c, out->mailbox);
    if (error) {
        return error;
    }
    if (!ews_place_find(c->t, out->mailbox, out->place, &out->info)) {
        return "ErrorFolderNotFound";
    }
    const struct ews_fault *f = ews_fault_due(c, 1, out->mailbox, (int)out->place, -1);
    return f ? f->code : NULL;
}

// ---- writing a folder
// ----------------------------------------------------------------------------

static int child_count(struct ews *c, int mailbox, enum ews_place parent)
{
    int n = 0;
    for (int p = 1; p < EWS_PLACES; p++) {
        struct ews_place_info info;
        n += ews_place_find(c->t, mailbox, (enum ews_place)p, &info) && info.parent == parent;
    }
    return n;
}

static void put_folder(struct ews *c, const struct ews_target *f, const struct ews_shape *s)
{
    struct ews_out *w = &c->w;
    struct ews_id id = {.kind = EWS_ID_FOLDER, .mailbox = f->mailbox, .place = f->place};
    struct ews_id parent = id;
    parent.place = f->info.parent;
    x_open(w, f->info.element);
    x_id(w, "t:FolderId", c->t, id, 0, false);
    if (ews_wants(s, EWS_F_FOLDER_PARENT)) {
        x_id(w, "t:ParentFolderId", c->t, parent, 0, false);
    }
    if (ews_wants(s, EWS_F_FOLDER_CLASS) && f->info.folder_class) {
        x_z(w, "t:FolderClass", f->info.folder_class);
    }
    if (ews_wants(s, EWS_F_FOLDER_NAME)) {
        x_z(w, "t:DisplayName", f->info.name);
    }
    if (ews_wants(s, EWS_F_FOLDER_TOTAL)) {
        x_num(w, "t:TotalCount", ews_live(ews_folder(c->t, f->mailbox, f->place)));
    }
    if (ews_wants(s, EWS_F_FOLDER_CHILDREN)) {
        x_num(w, "t:ChildFolderCount", child_count(c, f->mailbox, f->place));
    }
    if (ews_wants(s, EWS_F_FOLDER_DISTINGUISHED) && f->info.distinguished) {
        x_z(w, "t:DistinguishedFolderId", f->info.distinguished);
    }
    if (ews_wants(s, EWS_F_FOLDER_UNREAD) && f->info.group == EWS_MAIL) {
        x_num(w, "t:UnreadCount", ews_live(ews_folder(c->t, f->mailbox, f->place)) / 3);
    }
    x_close(w, f->info.element);
}

void ews_get_folder(struct ews *c)
{
    struct ews_shape s;
    ews_shape_read(&c->x, t_xml_child(&c->x, c->operation, "m:FolderShape"), &s);
    int list = t_xml_child(&c->x, c->operation, "m:FolderIds");
    for (int n = c->x.nodes[list].first; n >= 0; n = c->x.nodes[n].next) {
        struct ews_target f;
        const char *error = ews_target(c, n, &f);
        if (error) {
            x_error(&c->w, "GetFolder", error, "m:Folders");
            continue;
        }
        x_response(&c->w, "GetFolder");
        x_open(&c->w, "m:Folders");
        put_folder(c, &f, &s);
        x_close(&c->w, "m:Folders");
        x_response_end(&c->w, "GetFolder");
    }
}

// ---- FindFolder
// ----------------------------------------------------------------------------------

static bool is_below(struct ews *c, int mailbox, enum ews_place p, enum ews_place top, bool deep)
{
    struct ews_place_info info;
    if (p == EWS_ROOT || p == top || !ews_place_find(c->t, mailbox, p, &info)) {
        return false;
    }
    while (deep && info.parent != top && info.parent != EWS_ROOT) {
        if (!ews_place_find(c->t, mailbox, info.parent, &info)) {
            return false;
        }
    }
    return info.parent == top;
}

static void folder_property(void *st, str uri, struct t_buf *out)
{
    const struct ews_target *f = st;
    if (str_eq(uri, S("folder:DisplayName"))) {
        t_buf_z(out, f->info.name);
    } else if (str_eq(uri, S("folder:FolderClass"))) {
        t_buf_z(out, f->info.folder_class ? f->info.folder_class : "");
    }
}

static void find_in(struct ews *c, const struct ews_target *top, const struct ews_shape *s)
{
    bool deep = str_eq(t_xml_attr(&c->x, c->operation, "Traversal"), S("Deep"));
    int restriction = t_xml_child(&c->x, c->operation, "m:Restriction");
    int view = t_xml_child(&c->x, c->operation, "m:IndexedPageFolderView");
    i64 offset = 0, most = 1000;
    str_to_i64(t_xml_attr(&c->x, view, "Offset"), &offset);
    if (t_xml_has_attr(&c->x, view, "MaxEntriesReturned")) {
        str_to_i64(t_xml_attr(&c->x, view, "MaxEntriesReturned"), &most);
    }
    offset = offset > 0 ? offset : 0;
    most = c->e->find_page > 0 && c->e->find_page < most ? c->e->find_page : most;
    struct ews_target found[EWS_PLACES];
    int count = 0;
    for (int p = 1; p < EWS_PLACES; p++) {
        struct ews_target f = {.mailbox = top->mailbox, .place = (enum ews_place)p};
        if (is_below(c, f.mailbox, f.place, top->place, deep) &&
            ews_place_find(c->t, f.mailbox, f.place, &f.info) &&
            (restriction < 0 ||
             ews_filter(&c->x, c->x.nodes[restriction].first, folder_property, &f))) {
            found[count++] = f;
        }
    }
    i64 to = offset + most < count ? offset + most : count;
    x_response(&c->w, "FindFolder");
    ews_root_folder_open(c, to, count, to >= count);
    x_open(&c->w, "t:Folders");
    for (i64 k = offset; k < to; k++) {
        put_folder(c, &found[k], s);
    }
    x_close(&c->w, "t:Folders");
    x_close(&c->w, "m:RootFolder");
    x_response_end(&c->w, "FindFolder");
}

void ews_find_folder(struct ews *c)
{
    struct ews_shape s;
    ews_shape_read(&c->x, t_xml_child(&c->x, c->operation, "m:FolderShape"), &s);
    int list = t_xml_child(&c->x, c->operation, "m:ParentFolderIds");
    for (int n = c->x.nodes[list].first; n >= 0; n = c->x.nodes[n].next) {
        struct ews_target f;
        const char *error = ews_target(c, n, &f);
        if (error) {
            x_error(&c->w, "FindFolder", error, NULL);
        } else {
            find_in(c, &f, &s);
        }
    }
}

// All folders at once, and nothing afterwards: counts are no changes of a hierarchy.
void ews_sync_hierarchy(struct ews *c)
{
    struct ews_shape s;
    ews_shape_read(&c->x, t_xml_child(&c->x, c->operation, "m:FolderShape"), &s);
    int id = t_xml_child(&c->x, c->operation, "m:SyncFolderId");
    struct ews_target top = {.mailbox = c->mailbox, .place = EWS_ROOT};
    const char *error = id < 0 ? ews_mailbox_error(c, c->mailbox)
                               : ews_target(c, c->x.nodes[id].first, &top);
    str state = t_xml_text(&c->x, t_xml_child(&c->x, c->operation, "m:SyncState"));
    if (!error && state.n > 0 && !str_eq(state, S("H4sIAAAAAHIERARCHY="))) {
        error = "ErrorInvalidSyncStateData";
    }
    if (error) {
        x_error(&c->w, "SyncFolderHierarchy", error, NULL);
        return;
    }
    x_response(&c->w, "SyncFolderHierarchy");
    x_z(&c->w, "m:SyncState", "H4sIAAAAAHIERARCHY=");
    x_z(&c->w, "m:IncludesLastFolderInRange", "true");
    x_open(&c->w, "m:Changes");
    for (int p = 1; p < EWS_PLACES && state.n == 0; p++) {
        struct ews_target f = {.mailbox = top.mailbox, .place = (enum ews_place)p};
        if (is_below(c, f.mailbox, f.place, top.place, true) &&
            ews_place_find(c->t, f.mailbox, f.place, &f.info)) {
            x_open(&c->w, "t:Create");
            put_folder(c, &f, &s);
            x_close(&c->w, "t:Create");
        }
    }
    x_close(&c->w, "m:Changes");
    x_response_end(&c->w, "SyncFolderHierarchy");
}
