// SPDX-License-Identifier: Apache-2.0
// What a test changes in the fake Exchange while it runs: POST /_tenant/exchange, README.md lists
// the members. A script is such a change that happens by itself in the middle of a listing.
#include <string.h>

#include "graph_shape.h"

static const char *const state_names[EWS_STATES] = {
    [EWS_STATE_OK] = "ok",
    [EWS_STATE_NO_MAILBOX] = "no_mailbox",
    [EWS_STATE_DENIED] = "denied",
    [EWS_STATE_NO_ACCESS] = "no_access",
    [EWS_STATE_DISABLED] = "disabled",
    [EWS_STATE_MOVING] = "moving",
    [EWS_STATE_UNAVAILABLE] = "unavailable",
};

static char *member(str o, const char *key)
{
    struct t_buf b = {0};
    char *z = t_json_get_text(o, key, &b) ? t_strdup(t_buf_str(&b)) : NULL;
    t_buf_free(&b);
    return z;
}

// -1: no such member; -2: a name that nobody has.
static int user_of(struct tenant *t, str o)
{
    char *z = member(o, "user");
    int mailbox = z ? content_mailbox(t, str_from(z)) : -1;
    mailbox = z && mailbox < 0 ? -2 : mailbox;
    t_free(z);
    return mailbox;
}

static int place_of(str o, const char *key)
{
    char *z = member(o, key);
    int place = z ? ews_place_named(str_from(z)) : -1;
    place = z && place < 0 ? -2 : place;
    t_free(z);
    return place;
}

// ---- items
// ---------------------------------------------------------------------------------------

static i64 delete_some(struct ews_folder *f, i64 count, bool newest)
{
    i64 n = 0;
    while (n < count && ews_remove(f, ews_nth(f, 0, newest))) {
        n++;
    }
    return n;
}

static i64 delete_ids(struct tenant *t, struct ews_folder *f, str ids)
{
    struct t_buf text = {0};
    str element;
    isize at = 0;
    i64 n = 0;
    while (t_json_is_array(ids) && t_json_element(ids, &at, &element)) {
        struct ews_id id;
        text.n = 0;
        if (t_json_text(element, &text) && ews_id_read(t, t_buf_str(&text), &id)) {
            n += ews_remove(f, id.index) ? 1 : 0;
        }
    }
    t_buf_free(&text);
    return n;
}

static i64 move_some(struct ews_folder *from, enum ews_place origin, struct ews_folder *to,
                     i64 count, bool newest)
{
    i64 n = 0;
    for (; n < count; n++) {
        i64 index = ews_nth(from, 0, newest);
        if (index < 0) {
            break;
        }
        struct ews_extra content = {.place = origin, .index = index};
        if (index >= from->synthetic) {
            content = from->extra[index - from->synthetic];
        }
        ews_remove(from, index);
        ews_add(to, content.place, content.index);
    }
    return n;
}

static void touch_some(struct ews_folder *f, i64 count, enum ews_change_kind kind)
{
    for (i64 n = 0; n < count && n < ews_live(f); n++) {
        ews_update(f, ews_nth(f, n, true), kind);
    }
}

static void put_ids(struct tenant *t, struct ews_id id, i64 from, i64 to, struct t_writer *w)
{
    struct t_buf text = {0};
    t_json_open(w, '[');
    for (id.index = from; id.index < to; id.index++) {
        text.n = 0;
        ews_id_put(t, id, &text);
        t_json_item(w);
        t_json_put_string(w->b, t_buf_str(&text));
    }
    t_json_close(w, ']');
    t_buf_free(&text);
}

static void set_folder(struct ews_folder *f, str o)
{
    char *name = member(o, "display_name"), *folder_class = member(o, "class");
    if (name) {
        t_free(f->name);
        f->name = name;
    }
    if (folder_class) {
        t_free(f->folder_class);
        f->folder_class = folder_class;
    }
    f->removed = t_json_bool(o, "removed", f->removed);
    if (f->log_count == 0 && f->gone_count == 0 && f->extra_count == 0) {
        f->synthetic = t_json_i64(o, "items", f->synthetic);
    }
}

static const char *change_folder(struct tenant *t, int mailbox, int place, str o,
                                 struct t_writer *w)
{
    struct ews_folder *f = ews_folder(t, mailbox, (enum ews_place)place);
    int to = place_of(o, "to");
    str ids;
    if (to == -2) {
        return "to: no such folder";
    }
    set_folder(f, o);
    i64 before = ews_total(f);
    i64 deleted = t_json_get(o, "delete", &ids) ? delete_ids(t, f, ids) : 0;
    deleted += delete_some(f, t_json_i64(o, "delete_newest", 0), true);
    deleted += delete_some(f, t_json_i64(o, "delete_oldest", 0), false);
    i64 moved = 0;
    if (to >= 0) {
        struct ews_folder *target = ews_folder(t, mailbox, (enum ews_place)to);
        moved += move_some(f, (enum ews_place)place, target, t_json_i64(o, "move_newest", 0), true);
        moved += move_some(f, (enum ews_place)place, target, t_json_i64(o, "move_oldest", 0),
                           false);
    }
    touch_some(f, t_json_i64(o, "update_newest", 0), EWS_UPDATED);
    touch_some(f, t_json_i64(o, "read_newest", 0), EWS_READ);
    for (i64 n = t_json_i64(o, "add", 0); n > 0; n--) {
        ews_add(f, (enum ews_place)place, -1);
    }
    t_json_put_number(w, "deleted", deleted);
    t_json_put_number(w, "moved", moved);
    t_json_key(w, "added");
    struct ews_id id = {.mailbox = mailbox, .place = (enum ews_place)place};
    put_ids(t, id, before, ews_total(f), w);
    return NULL;
}

// ---- faults and scripts
// --------------------------------------------------------------------------

static const char *add_fault(struct tenant *t, str o)
{
    static const char *const levels[] = {"fault", "answer", "item", "ldap"};
    struct ews_fault *f = t_alloc((isize)sizeof(*f)), **end = &t->exchange->faults;
    char *level = member(o, "level");
    for (int i = 0; level && i < (int)COUNT(levels); i++) {
        f->level = strcmp(level, levels[i]) == 0 ? i : f->level;
    }
    t_free(level);
    f->operation = member(o, "operation");
    f->code = member(o, "code");
    f->message = member(o, "message");
    f->mailbox = user_of(t, o);
    f->place = place_of(o, "folder");
    f->backoff_ms = t_json_i64(o, "backoff_ms", -1);
    f->skip = t_json_i64(o, "skip", 0);
    f->count = t_json_i64(o, "count", 1);
    f->every = t_json_i64(o, "every", 1);
    f->index = t_json_i64(o, "item", -1);
    char *id_text = member(o, "id");
    struct ews_id id;
    if (id_text && ews_id_read(t, str_from(id_text), &id)) {
        f->mailbox = id.mailbox;
        f->place = (int)id.place;
        f->index = id.index;
    }
    t_free(id_text);
    while (*end) {
        end = &(*end)->next;
    }
    *end = f;
    return f->mailbox == -2 || f->place == -2 ? "fault: no such user or folder"
           : f->code                          ? NULL
                                              : "fault: no code";
}

static const char *add_script(struct tenant *t, str o)
{
    str change;
    struct ews_script *s = t_alloc((isize)sizeof(*s));
    s->mailbox = user_of(t, o);
    s->place = place_of(o, "folder");
    s->after = t_json_i64(o, "after", 0);
    bool ok = t_json_get(o, "change", &change) && t_json_is_object(change);
    s->change = t_strdup(ok ? change : S("{}"));
    s->next = t->exchange->scripts;
    t->exchange->scripts = s;
    return ok && s->mailbox >= 0 && s->place >= 0 ? NULL : "script: user, folder, after, change";
}

void exchange_faults_clear(struct exchange *e)
{
    while (e->faults) {
        struct ews_fault *f = e->faults;
        e->faults = f->next;
        t_free(f->operation);
        t_free(f->code);
        t_free(f->message);
        t_free(f);
    }
    while (e->scripts) {
        struct ews_script *s = e->scripts;
        e->scripts = s->next;
        t_free(s->change);
        t_free(s);
    }
}

// ---- settings
// ------------------------------------------------------------------------------------

static void set_auth(struct tenant *t, str list)
{
    static const struct {
        const char *name;
        int bit;
    } names[] = {{"\"ntlm\"", T_AUTH_NTLM},
                 {"\"negotiate\"", T_AUTH_NEGOTIATE},
                 {"\"basic\"", T_AUTH_BASIC},
                 {"\"bearer\"", T_AUTH_BEARER},
                 {"\"wrapped\"", T_AUTH_WRAPPED}};
    t->o.exchange_auth = 0;
    for (isize i = 0; i < COUNT(names); i++) {
        t->o.exchange_auth |= str_find(list, str_from(names[i].name)) >= 0 ? names[i].bit : 0;
    }
}

static void set_options(struct tenant *t, str o)
{
    struct exchange *e = t->exchange;
    str list;
    e->odd = t_json_bool(o, "odd", e->odd);
    e->strict_properties = t_json_bool(o, "strict_properties", e->strict_properties);
    e->graph_odd = t_json_get(o, "graph_odd", &list) ? graph_odd_bits(list) : e->graph_odd;
    e->graph_empty = t_json_bool(o, "graph_empty", e->graph_empty);
    e->graph_repeat = t_json_bool(o, "graph_repeat", e->graph_repeat);
    e->find_page = t_json_i64(o, "find_page", e->find_page);
    e->no_sync = t_json_bool(o, "no_sync", e->no_sync);
    e->batch_stop_after = (int)t_json_i64(o, "batch_stop_after", e->batch_stop_after);
    e->budget = t_json_i64(o, "budget", e->budget);
    e->budget_window_ms = t_json_i64(o, "budget_window_ms", e->budget_window_ms);
    e->max_concurrent = (int)t_json_i64(o, "max_concurrent", e->max_concurrent);
    e->latency_ms = t_json_i64(o, "latency_ms", e->latency_ms);
    e->sync_epoch += t_json_bool(o, "expire_sync", false) ? 1 : 0;
    t->o.exchange_no_impersonation = !t_json_bool(o, "impersonation",
                                                  !t->o.exchange_no_impersonation);
    t->o.exchange_full_access = t_json_bool(o, "full_access", t->o.exchange_full_access);
    t->o.exchange_latin1 = t_json_bool(o, "latin1", t->o.exchange_latin1);
    t->o.exchange_style = (int)t_json_i64(o, "style", t->o.exchange_style);
    t->o.lockout = (int)t_json_i64(o, "lockout", t->o.lockout);
    t->o.mic_required = t_json_bool(o, "mic_required", t->o.mic_required);
    t->o.ldap_signing = t_json_bool(o, "ldap_signing", t->o.ldap_signing);
    t->o.ldap_no_tls = t_json_bool(o, "ldap_no_tls", t->o.ldap_no_tls);
    t->o.ldap_page = t_json_i64(o, "ldap_page", t->o.ldap_page);
    t->o.ldap_no_simple = (int)t_json_i64(o, "ldap_no_simple", t->o.ldap_no_simple);
    t->o.ldap_no_ntlm = t_json_bool(o, "ldap_no_ntlm", t->o.ldap_no_ntlm);
    str name;
    if (!t_json_get(o, "user", &name)) { // with a user: of that mailbox
        e->blocked = t_json_bool(o, "blocked", e->blocked);
    }
    if (t_json_bool(o, "unlock", false)) {
        e->failed_logons = 0;
    }
    if (t_json_get(o, "auth", &list)) {
        set_auth(t, list);
    }
    char *binding = member(o, "binding");
    if (binding) {
        t->o.binding = binding[0] == 'r'   ? T_BINDING_REQUIRED
                       : binding[0] == 'a' ? T_BINDING_ALLOWED
                                           : T_BINDING_OFF;
    }
    t_free(binding);
    if (t_json_bool(o, "clear", false)) {
        exchange_faults_clear(e);
    }
}

static const char *set_state(struct tenant *t, int mailbox, str o)
{
    char *state = member(o, "state");
    const char *error = state ? "state: ok no_mailbox denied no_access disabled moving unavailable"
                              : NULL;
    for (int i = 0; state && i < EWS_STATES; i++) {
        if (strcmp(state, state_names[i]) == 0) {
            ews_mailbox(t, mailbox)->state = (enum ews_state)i;
            error = NULL;
        }
    }
    t_free(state);
    return error;
}

bool exchange_control(struct tenant *t, str o, struct t_buf *answer, const char **error)
{
    str inner;
    int mailbox = user_of(t, o), place = place_of(o, "folder");
    struct t_writer w = {.b = answer};
    *error = mailbox == -2 ? "no such user" : place == -2 ? "no such folder" : NULL;
    t_json_open(&w, '{');
    set_options(t, o);
    if (!*error && t_json_get(o, "fault", &inner)) {
        *error = add_fault(t, inner);
    }
    if (!*error && t_json_get(o, "script", &inner)) {
        *error = add_script(t, inner);
    }
    if (!*error && mailbox >= 0) {
        struct ews_mailbox *m = ews_mailbox(t, mailbox);
        m->blocked = t_json_bool(o, "blocked", m->blocked);
        *error = set_state(t, mailbox, o);
    }
    if (!*error && mailbox >= 0 && place >= 0) {
        *error = change_folder(t, mailbox, place, o, &w);
    }
    t_json_put_bool(&w, "ok", *error == NULL);
    t_json_close(&w, '}');
    return *error == NULL;
}

// ---- what is there
// -------------------------------------------------------------------------------

static void put_folder_line(struct tenant *t, int mailbox, enum ews_place p, struct t_buf *out)
{
    struct ews_place_info info;
    if (!ews_place_find(t, mailbox, p, &info)) {
        return;
    }
    struct t_writer w = {.b = out};
    struct ews_id id = {.kind = EWS_ID_FOLDER, .mailbox = mailbox, .place = p};
    struct t_buf text = {0};
    ews_id_put(t, id, &text);
    t_json_open(&w, '{');
    t_json_put_member(&w, "user", str_from(t->users[mailbox].email));
    t_json_put_member(&w, "name", str_from(info.name));
    t_json_put_member(&w, "class", str_from(info.folder_class));
    t_json_put_member(&w, "distinguished", str_from(info.distinguished));
    t_json_put_number(&w, "items", ews_live(ews_folder(t, mailbox, p)));
    t_json_put_number(&w, "requests", ews_mailbox(t, mailbox)->requests);
    t_json_put_member(&w, "id", t_buf_str(&text));
    t_json_close(&w, '}');
    t_buf_byte(out, '\n');
    t_buf_free(&text);
}

struct item_stream {
    struct tenant *t;
    int mailbox, place; // place < 0: the folders
    i64 index;
};

static bool produce(void *st, struct t_buf *out)
{
    struct item_stream *s = st;
    struct tenant *t = s->t;
    if (s->place < 0) {
        put_folder_line(t, s->mailbox, (enum ews_place)s->index, out);
        return ++s->index < EWS_PLACES;
    }
    struct ews_item i;
    if (ews_item_find(t, s->mailbox, (enum ews_place)s->place, s->index, &i)) {
        struct ews_id id = {.mailbox = i.mailbox, .place = i.place, .index = i.index};
        struct t_buf text = {0};
        struct t_writer w = {.b = out};
        ews_id_put(t, id, &text);
        t_json_open(&w, '{');
        t_json_put_member(&w, "id", t_buf_str(&text));
        t_json_put_member(&w, "kind", str_from(i.element + 2));
        t_json_put_number(&w, "index", i.index);
        t_json_put_number(&w, "number", i.number);
        t_json_put_number(&w, "version", i.version);
        t_json_put_number(&w, "attachments", ews_attachment_count(t->exchange, &i));
        t_json_close(&w, '}');
        t_buf_byte(out, '\n');
        t_buf_free(&text);
    }
    return ++s->index < ews_total(ews_folder(t, s->mailbox, (enum ews_place)s->place));
}

bool exchange_show(struct tenant *t, const struct t_request *q, struct t_response *r)
{
    struct t_buf name = {0};
    t_query_get(q->query, "user", 0, &name);
    int mailbox = content_mailbox(t, t_buf_str(&name));
    bool one = t_query_get(q->query, "folder", 0, &name);
    int place = one ? ews_place_named(t_buf_str(&name)) : -1;
    t_buf_free(&name);
    if (mailbox < 0 || (one && place < 0)) {
        return false;
    }
    struct item_stream *s = t_alloc((isize)sizeof(*s));
    *s = (struct item_stream){.t = t, .mailbox = mailbox, .place = place};
    r->produce = produce;
    r->produce_st = s;
    r->produce_free = t_free;
    return true;
}
