// SPDX-License-Identifier: Apache-2.0
// Folders, collections and their pages of the fake Graph; see graph_shape.h. A page of a folder
// costs what is on it: the n-th item is found without a walk where all items of a folder are
// listed.
#include <string.h>

#include "graph_shape.h"

#define HARD_TOP 1000

// ---- folders
// ---------------------------------------------------------------------------------

// Folders that are only seen with includeHiddenFolders are listed here too. Notes stands for them.
bool graph_place_is_listed(struct graph_call *c, enum ews_place place, enum ews_group group,
                           struct ews_place_info *info)
{
    static const char *const classes[] = {[EWS_NOTHING] = "",
                                          [EWS_MAIL] = "IPF.Note",
                                          [EWS_CALENDARS] = "IPF.Appointment",
                                          [EWS_CONTACTLIKE] = "IPF.Contact",
                                          [EWS_TASKLIKE] = "IPF.Task"};
    if (!ews_place_find(c->t, c->mailbox, place, info) || info->group != group ||
        place == EWS_JOURNAL) {
        return false;
    }
    str class = str_from(info->folder_class);
    // One without a class is a mail folder.
    return place == EWS_NOTES || (group == EWS_MAIL && class.n == 0) ||
           str_starts(class, str_from(classes[group]));
}

static enum ews_place well_known(str text, enum ews_group group, bool *known)
{
    static const struct {
        const char *name;
        enum ews_place place; // EWS_PLACES: nobody has it here
    } mail[] = {
        {"inbox", EWS_INBOX},
        {"sentitems", EWS_SENT},
        {"junkemail", EWS_JUNK},
        {"archive", EWS_ARCHIVE},
        {"deleteditems", EWS_DELETED},
        {"drafts", EWS_DRAFTS},
        {"outbox", EWS_OUTBOX},
        {"msgfolderroot", EWS_TOP},
        {"clutter", EWS_PLACES},
        {"conflicts", EWS_PLACES},
        {"conversationhistory", EWS_PLACES},
        {"localfailures", EWS_PLACES},
        {"recoverableitemsdeletions", EWS_PLACES},
        {"scheduled", EWS_PLACES},
        {"searchfolders", EWS_PLACES},
        {"serverfailures", EWS_PLACES},
        {"syncissues", EWS_PLACES},
    };
    for (isize k = 0; k < COUNT(mail) && group == EWS_MAIL; k++) {
        if (str_eq_nocase(text, str_from(mail[k].name))) {
            *known = true;
            return mail[k].place;
        }
    }
    *known = group == EWS_CONTACTLIKE && str_eq_nocase(text, S("contacts"));
    return *known ? EWS_CONTACTS : EWS_PLACES;
}

bool graph_place_read(struct graph_call *c, str text, enum ews_group group, enum ews_place *place)
{
    struct ews_place_info info;
    struct ews_id id;
    bool known = false;
    *place = well_known(text, group, &known);
    if (!known) {
        if (!graph_id_read(c, text, &id) || id.kind != EWS_ID_FOLDER) {
            graph_bad_id(c);
            return false;
        }
        *place = id.place;
    }
    bool top = group == EWS_MAIL && *place == EWS_TOP;
    if (*place == EWS_PLACES || (!top && !graph_place_is_listed(c, *place, group, &info))) {
        graph_error(c, 404, "ErrorItemNotFound",
                    "The specified object was not found in the store., The process failed to get "
                    "the correct properties.");
        return false;
    }
    return true;
}

// ---- faults
// ---------------------------------------------------------------------------------

static int status_of(const char *code)
{
    static const struct {
        const char *code;
        int status;
    } rows[] = {
        {"ErrorItemNotFound", 404},
        {"ErrorFolderNotFound", 404},
        {"ErrorInvalidUser", 404},
        {"ErrorNonExistentMailbox", 404},
        {"MailboxNotEnabledForRESTAPI", 404},
        {"ResourceNotFound", 404},
        {"ErrorAccessDenied", 403},
        {"accessRestricted", 403},
        {"ErrorInvalidIdMalformed", 400},
        {"BadRequest", 400},
        {"InefficientFilter", 400},
        {"InvalidAuthenticationToken", 401},
        {"ErrorIrresolvableConflict", 409},
        {"SyncStateNotFound", 410},
        {"resyncRequired", 410},
        {"ApplicationThrottled", 429},
        {"TooManyRequests", 429},
        {"activityLimitReached", 429},
        {"ErrorServerBusy", 503},
        {"ErrorMailboxStoreUnavailable", 503},
        {"ErrorMailboxMoveInProgress", 503},
        {"ErrorInternalServerTransientError", 503},
        {"serviceNotAvailable", 503},
        {"UnknownError", 504},
        {"gatewayTimeout", 504},
        {"quotaLimitReached", 507},
        {"bandwidthLimitExceeded", 509},
    };
    for (isize k = 0; k < COUNT(rows); k++) {
        if (strcmp(code, rows[k].code) == 0) {
            return rows[k].status;
        }
    }
    return 500;
}

bool graph_is_refused(struct graph_call *c, const char *operation, int level, enum ews_place place,
                      i64 index)
{
    struct ews e = {
        .t = c->t, .e = c->t->exchange, .q = c->q, .mailbox = c->mailbox, .name = operation};
    const struct ews_fault *f = ews_fault_due(&e, level, c->mailbox, (int)place, index);
    if (!f) {
        return false;
    }
    if (f->backoff_ms >= 0) {
        graph_header(c, "Retry-After: %lld", (long long)(f->backoff_ms + 999) / 1000);
    }
    graph_error(c, status_of(f->code), f->code, f->message ? f->message : ews_error_text(f->code));
    return true;
}

static void run_scripts(struct graph_call *c, enum ews_place place)
{
    struct ews e = {.t = c->t, .e = c->t->exchange, .q = c->q, .mailbox = c->mailbox};
    ews_scripts_run(&e, c->mailbox, place);
}

bool graph_place_enter(struct graph_call *c, enum ews_place place, const char *operation)
{
    struct ews_place_info info;
    run_scripts(c, place);
    if (!ews_place_find(c->t, c->mailbox, place, &info)) { // a script took it away
        graph_not_found(c);
        return false;
    }
    return !graph_is_refused(c, operation, 1, place, -1);
}

bool graph_item_enter(struct graph_call *c, str text, enum ews_group group, struct ews_item *i)
{
    const char *code = graph_item_find(c, text, i);
    if (!code) { // what happens before this request may take it away
        run_scripts(c, i->place);
        code = graph_item_find(c, text, i);
    }
    if (code && strcmp(code, "ErrorItemNotFound") != 0) {
        graph_bad_id(c);
    } else if (code || i->group != group) {
        graph_not_found(c);
    } else if (!graph_is_refused(c, "GraphGet", 2, i->place, i->index)) {
        c->t->exchange->items_got++;
        return true;
    }
    return false;
}

// ---- collections
// ---------------------------------------------------------------------------------

struct t_writer graph_collection_open(struct graph_call *c, const char *what)
{
    struct t_writer w = graph_writer(c);
    struct t_buf b = {0};
    int odd = c->t->exchange->graph_odd;
    t_json_open(&w, '{');
    t_buf_z(&b, "users('");
    t_buf_put(&b, c->user);
    t_buf_printf(&b, "')/%s", what);
    t_buf_byte(&b, 0);
    graph_put_context(c, &w, (const char *)b.p);
    t_buf_free(&b);
    if (c->g->turn % 3 == 0) { // an annotation that nobody needs to know
        t_json_put_member(&w, "@microsoft.graph.tips",
                          S("Use $select to choose only the properties your app needs."));
    }
    t_json_key(&w, odd & GRAPH_ODD_NO_VALUE ? "values" : "value");
    if (odd & GRAPH_ODD_VALUE_TYPE) {
        t_json_open(&w, '{');
        t_json_key(&w, "0");
    }
    t_json_open(&w, '[');
    return w;
}

void graph_collection_close(struct graph_call *c, struct t_writer *w)
{
    int odd = c->t->exchange->graph_odd;
    t_json_close(w, '}');
    if (odd & GRAPH_ODD_HTML) {
        c->out.n = 0;
        c->content_type = "text/html";
        t_buf_z(&c->out, "<html><body>Please sign in to the network.</body></html>");
    } else if (odd & GRAPH_ODD_CUT) {
        c->out.n -= c->out.n / 3;
    }
}

// After the elements of "value".
void graph_collection_end_value(const struct graph_call *c, struct t_writer *w)
{
    t_json_close(w, ']');
    if (c->t->exchange->graph_odd & GRAPH_ODD_VALUE_TYPE) {
        t_json_close(w, '}');
    }
}

void graph_next_link(struct graph_call *c, struct t_writer *w, const char *name, str value,
                     bool keep)
{
    int odd = c->t->exchange->graph_odd;
    str base = c->base;
    bool delta = strcmp(name, "$deltatoken") == 0;
    if (odd & GRAPH_ODD_LINK_HOST) {
        c->base = S("https://graph.elsewhere.test/v1.0");
    }
    struct t_buf same = {0};
    str option;
    if ((odd & GRAPH_ODD_LINK_LOOP) && !delta) {
        t_buf_put(&same, graph_option(c, name, &option) ? option : value);
        value = t_buf_str(&same);
    }
    graph_put_link(c, w, delta ? "@odata.deltaLink" : "@odata.nextLink", name, value, keep);
    c->base = base;
    t_buf_free(&same);
}

static void put_skip(struct graph_call *c, struct t_writer *w, i64 skip)
{
    struct t_buf b = {0};
    t_buf_printf(&b, "%lld", (long long)skip);
    graph_next_link(c, w, "$skip", t_buf_str(&b), true);
    t_buf_free(&b);
}

// "@odata.count" for $count=true.
static void put_count(struct graph_call *c, struct t_writer *w, i64 count)
{
    str value;
    if (graph_option(c, "$count", &value) && str_eq(value, S("true"))) {
        t_json_put_number(w, "@odata.count", count);
    }
}

static bool read_page(struct graph_call *c, i64 most, i64 *top, i64 *skip)
{
    static const char *const known[] = {
        "$top",    "$skip",         "$select",     "$count", "$orderby", "includeHiddenFolders",
        "$expand", "startDateTime", "endDateTime", NULL};
    return graph_options_allowed(c, known) && graph_number(c, "$top", 1, most, top) &&
           graph_number(c, "$skip", 0, (i64)1 << 40, skip);
}

// ---- sets of items
// ---------------------------------------------------------------------------------

bool graph_set_has(const struct tenant *t, const struct graph_set *s, const struct ews_folder *f,
                   i64 index)
{
    if (!ews_is_there(f, index) || !s->has) {
        return ews_is_there(f, index);
    }
    if (index < f->synthetic) {
        return s->has(t, s->place, index);
    }
    const struct ews_extra *x = &f->extra[index - f->synthetic];
    return s->has(t, x->place, x->index);
}

static void put_item(struct graph_call *c, const struct graph_set *s, struct t_writer *w,
                     const struct ews_item *i, const char *context)
{
    struct graph_item g;
    graph_item_open(c, i, false, &g);
    struct graph_put p = {.c = c, .w = *w, .g = &g};
    t_json_open(&p.w, '{');
    if (context) {
        graph_put_context(c, &p.w, context);
    }
    s->put(&p);
    t_json_close(&p.w, '}');
    *w = p.w;
    graph_item_close(&g);
}

void graph_set_put(struct graph_call *c, const struct graph_set *s, struct t_writer *w, i64 index)
{
    struct ews_item i;
    if (ews_item_find(c->t, c->mailbox, s->place, index, &i)) {
        t_json_item(w);
        put_item(c, s, w, &i, NULL);
        c->t->exchange->items_listed++;
    }
}

// Moves `index` to the next item of the set, which may be where it is. false: there is none.
static bool seek(const struct graph_call *c, const struct graph_set *s, const struct ews_folder *f,
                 i64 *index)
{
    i64 step = s->newest_first ? -1 : 1, total = ews_total(f);
    while (*index >= 0 && *index < total && !graph_set_has(c->t, s, f, *index)) {
        *index += step;
    }
    return *index >= 0 && *index < total;
}

// Only $orderby=receivedDateTime is known, of messages. false: refused, and answered.
static bool read_order(struct graph_call *c, struct graph_set *s)
{
    str order;
    if (!graph_option(c, "$orderby", &order)) {
        return true;
    }
    bool asc = str_eq(order, S("receivedDateTime")) || str_eq(order, S("receivedDateTime asc"));
    if (!asc && !str_eq(order, S("receivedDateTime desc"))) {
        graph_error(c, 400, "ErrorInvalidProperty", "The property is not supported in $orderby.");
        return false;
    }
    s->newest_first = !asc;
    return true;
}

void graph_set_answer(struct graph_call *c, const struct graph_set *set)
{
    struct graph_set s = *set;
    i64 top = s.usual_page, skip = 0;
    if (!read_page(c, s.most_page, &top, &skip) || !graph_select_check(c, s.properties) ||
        !read_order(c, &s) || !graph_place_enter(c, s.place, "GraphList")) {
        return;
    }
    const struct ews_folder *f = ews_folder(c->t, c->mailbox, s.place);
    i64 step = s.newest_first ? -1 : 1;
    i64 index = s.newest_first ? ews_total(f) - 1 : 0;
    if (!s.has) {
        index = ews_nth(f, skip, s.newest_first);
    } else {
        for (i64 n = 0; n < skip && seek(c, &s, f, &index); n++) {
            index += step;
        }
    }
    struct t_writer w = graph_collection_open(c, s.what);
    i64 given = 0;
    while (given < top && seek(c, &s, f, &index)) {
        graph_set_put(c, &s, &w, index);
        index += step;
        given++;
    }
    graph_collection_end_value(c, &w);
    put_count(c, &w, ews_live(f));
    // An empty page may end a list that divides evenly.
    bool more = given == top && (seek(c, &s, f, &index) || c->t->exchange->graph_empty);
    if (more) {
        put_skip(c, &w, skip + given);
    }
    graph_collection_close(c, &w);
}

void graph_one_answer(struct graph_call *c, const struct graph_set *s, const struct ews_item *i)
{
    struct t_writer w = graph_writer(c);
    struct t_buf b = {0};
    if (!graph_select_check(c, s->properties)) {
        return;
    }
    t_buf_z(&b, "users('");
    t_buf_put(&b, c->user);
    t_buf_printf(&b, "')/%s/$entity", s->what);
    t_buf_byte(&b, 0);
    put_item(c, s, &w, i, (const char *)b.p);
    t_buf_free(&b);
    if (c->t->exchange->graph_odd & GRAPH_ODD_CUT) {
        c->out.n -= c->out.n / 3;
    }
}

void graph_few_answer(struct graph_call *c, const struct graph_few *f)
{
    i64 top = 10, skip = 0;
    if (!read_page(c, HARD_TOP, &top, &skip) || !graph_select_check(c, f->properties)) {
        return;
    }
    struct graph_put p = {.c = c, .w = graph_collection_open(c, f->what)};
    i64 end = skip + top < f->count ? skip + top : f->count;
    for (i64 n = skip; n < end; n++) {
        t_json_item(&p.w);
        t_json_open(&p.w, '{');
        f->put(&p, f->st, (int)n);
        t_json_close(&p.w, '}');
    }
    graph_collection_end_value(c, &p.w);
    put_count(c, &p.w, f->count);
    if (end < f->count) {
        put_skip(c, &p.w, end);
    }
    graph_collection_close(c, &p.w);
}
