// SPDX-License-Identifier: Apache-2.0
// The fake Exchange: POST /EWS/Exchange.asmx, SOAP 1.1. Here is what all operations have in common:
// HTTP, envelope, version, impersonation, faults on request. ews_auth.c authenticates, ews_schema.c
// validates, ews_folders.c ews_find.c ews_sync.c ews_get.c ews_attachment.c are the operations,
// ews_store.c ews_place.c ews_item.c ews_id.c the mailboxes, ews_mail.c ews_calendar.c ews_people.c
// what is in them, ews_write.c writes, ews_control.c is what a test changes.
#include "ews.h"

#include <string.h>

static void convert_id(struct ews *c);

static const struct {
    const char *name;
    void (*run)(struct ews *c);
} operations[] = {
    {"ConvertId", convert_id},           {"GetFolder", ews_get_folder},
    {"FindFolder", ews_find_folder},     {"FindItem", ews_find_item},
    {"GetItem", ews_get_item},           {"GetAttachment", ews_get_attachment},
    {"SyncFolderItems", ews_sync_items}, {"SyncFolderHierarchy", ews_sync_hierarchy},
};

// Oldest first, with the build of a server whose newest it is.
static const struct {
    const char *name, *server;
} versions[] = {
    {"Exchange2007", "MajorVersion=\"8\" MinorVersion=\"0\" MajorBuildNumber=\"685\" "
                     "MinorBuildNumber=\"24\""},
    {"Exchange2007_SP1", "MajorVersion=\"8\" MinorVersion=\"3\" MajorBuildNumber=\"485\" "
                         "MinorBuildNumber=\"1\""},
    {"Exchange2010", "MajorVersion=\"14\" MinorVersion=\"0\" MajorBuildNumber=\"639\" "
                     "MinorBuildNumber=\"21\" Version=\"Exchange2010\""},
    {"Exchange2010_SP1", "MajorVersion=\"14\" MinorVersion=\"1\" MajorBuildNumber=\"438\" "
                         "MinorBuildNumber=\"0\" Version=\"Exchange2010_SP1\""},
    {"Exchange2010_SP2", "MajorVersion=\"14\" MinorVersion=\"3\" MajorBuildNumber=\"513\" "
                         "MinorBuildNumber=\"0\" Version=\"Exchange2010_SP2\""},
    {"Exchange2013", "MajorVersion=\"15\" MinorVersion=\"0\" MajorBuildNumber=\"775\" "
                     "MinorBuildNumber=\"38\" Version=\"Exchange2013\""},
    {"Exchange2013_SP1", "MajorVersion=\"15\" MinorVersion=\"0\" MajorBuildNumber=\"1497\" "
                         "MinorBuildNumber=\"48\" Version=\"V2_23\""},
    {"Exchange2015", "MajorVersion=\"15\" MinorVersion=\"1\" MajorBuildNumber=\"225\" "
                     "MinorBuildNumber=\"42\" Version=\"V2015_10_05\""},
    {"Exchange2015_SP1", "MajorVersion=\"15\" MinorVersion=\"1\" MajorBuildNumber=\"396\" "
                         "MinorBuildNumber=\"30\" Version=\"V2016_01_06\""},
    {"Exchange2016", "MajorVersion=\"15\" MinorVersion=\"1\" MajorBuildNumber=\"2507\" "
                     "MinorBuildNumber=\"61\" Version=\"V2017_07_11\""},
};

void exchange_done(struct tenant *t)
{
    t->exchange->in_flight--;
}

struct exchange *exchange_new(enum ews_content content)
{
    struct exchange *e = t_alloc((isize)sizeof(*e));
    e->content = content;
    return e;
}

void exchange_put_stats(const struct tenant *t, struct t_writer *w)
{
    const struct exchange *e = t->exchange;
    const struct {
        const char *key;
        i64 v;
    } rows[] = {
        {"ews_items_listed", e->items_listed},     {"ews_items_got", e->items_got},
        {"ews_attachments", e->attachments},       {"ews_impersonated", e->impersonated},
        {"ews_without_anchor", e->without_anchor}, {"ews_schema_violations", e->schema_violations},
        {"ews_max_concurrent", e->max_in_flight},  {"ews_throttled", e->refused},
        {"logons_ntlm", e->logons_ntlm},           {"logons_basic", e->logons_basic},
        {"logons_refused", e->logons_refused},     {"logons_bearer", e->logons_bearer},
        {"ews_blocked", e->blocked_requests},
    };
    for (isize i = 0; i < COUNT(rows); i++) {
        t_json_put_number(w, rows[i].key, rows[i].v);
    }
    t_json_key(w, "ews_operations");
    t_json_open(w, '{');
    for (isize i = 0; i < COUNT(operations); i++) {
        t_json_put_number(w, operations[i].name, e->operations[i]);
    }
    t_json_close(w, '}');
}

static void convert_id(struct ews *c)
{
    int list = t_xml_child(&c->x, c->operation, "m:SourceIds");
    for (int n = c->x.nodes[list].first; n >= 0; n = c->x.nodes[n].next) {
        struct ews_id id;
        str text = t_xml_attr(&c->x, n, "Id");
        if (!ews_id_read(c->t, text, &id)) {
            x_error(&c->w, "ConvertId", "ErrorInvalidIdMalformed", NULL);
            continue;
        }
        x_response(&c->w, "ConvertId");
        x_open(&c->w, "m:AlternateId");
        x_attr(&c->w, "Format", t_xml_attr(&c->x, c->operation, "DestinationFormat"));
        x_attr(&c->w, "Id", text);
        x_attr(&c->w, "Mailbox", t_xml_attr(&c->x, n, "Mailbox"));
        x_close(&c->w, "m:AlternateId");
        x_response_end(&c->w, "ConvertId");
    }
}

// ---- header
// --------------------------------------------------------------------------------------

static int version_index(str version)
{
    for (int i = 0; i < (int)COUNT(versions); i++) {
        if (str_eq(version, str_from(versions[i].name))) {
            return i;
        }
    }
    return (int)COUNT(versions);
}

static bool check_version(struct ews *c, int header)
{
    int node = t_xml_child(&c->x, header, "t:RequestServerVersion");
    if (node >= 0 && version_index(t_xml_attr(&c->x, node, "Version")) >
                         version_index(c->t->o.exchange_version)) {
        ews_fault_out(c, "ErrorInvalidServerVersion", ews_error_text("ErrorInvalidServerVersion"),
                      NULL);
        return false;
    }
    return true;
}

static const char *impersonation_error(const struct ews *c)
{
    if (c->t->o.exchange_no_impersonation) {
        return "ErrorImpersonateUserDenied";
    }
    if (c->mailbox < 0) {
        return "ErrorNonExistentMailbox";
    }
    enum t_state google = c->t->users[c->mailbox].state;
    if (google == T_USER_DELETED || google == T_USER_NO_MAIL) {
        return "ErrorNonExistentMailbox";
    }
    enum ews_state state = ews_mailbox(c->t, c->mailbox)->state;
    return state == EWS_STATE_NO_MAILBOX ? "ErrorNonExistentMailbox"
           : state == EWS_STATE_DENIED   ? "ErrorImpersonateUserDenied"
           : state == EWS_STATE_DISABLED ? "ErrorAccountDisabled"
                                         : NULL;
}

// EWS is switched off (wire-ews.md 18): 403, with and without words.
static void blocked(struct ews *c)
{
    struct t_response *r = c->r;
    i64 turn = c->e->blocked_requests++ % 3;
    if (turn == 2) {
        ews_fault_out(c, "ErrorAccessDenied", "EWS is disabled for this organization.", NULL);
    } else if (turn == 1) {
        t_buf_z(&r->own, "<html><head><title>403 - Forbidden: Access is denied.</title></head>"
                         "<body><h2>403 - Forbidden: Access is denied.</h2></body></html>");
    }
    r->status = 403;
}

static bool impersonate(struct ews *c, int header)
{
    int node = t_xml_child(&c->x, header, "t:ExchangeImpersonation");
    int sid = node < 0 ? -1 : t_xml_child(&c->x, node, "t:ConnectingSID");
    c->mailbox = -1;
    if (sid < 0 && c->token) {
        ews_fault_out(c, "ErrorImpersonationRequired",
                      "ExchangeImpersonation SOAP header must be present for this type of OAuth "
                      "token.",
                      NULL);
        return false;
    }
    if (sid < 0) {
        return true;
    }
    c->e->impersonated++;
    str who = str_trim(t_xml_text(&c->x, c->x.nodes[sid].first));
    c->mailbox = content_mailbox(c->t, who);
    c->e->without_anchor += str_eq_nocase(t_request_header(c->q, "x-anchormailbox"), who) ? 0 : 1;
    const char *error = impersonation_error(c);
    if (error) {
        ews_fault_out(c, error, ews_error_text(error), NULL);
        return false;
    }
    if (ews_mailbox(c->t, c->mailbox)->blocked) {
        blocked(c);
        return false;
    }
    if (c->token && t_request_header(c->q, "x-anchormailbox").n == 0) {
        c->r->status = 503; // it came to a server that does not have the mailbox
        t_buf_z(&c->r->own, "<html><body>Service Unavailable</body></html>");
        return false;
    }
    ews_mailbox(c->t, c->mailbox)->requests++;
    return true;
}

// ---- faults and scripts
// --------------------------------------------------------------------------

const struct ews_fault *ews_fault_due(struct ews *c, int level, int mailbox, int place, i64 index)
{
    for (struct ews_fault *f = c->e->faults; f; f = f->next) {
        bool mine = f->level == level && (!f->operation || strcmp(f->operation, c->name) == 0) &&
                    (f->mailbox < 0 || f->mailbox == mailbox) &&
                    (f->place < 0 || f->place == place) && (f->index < 0 || f->index == index);
        if (!mine) {
            continue;
        }
        f->seen++;
        bool turn = f->every <= 1 || (f->seen - f->skip) % f->every == 0;
        if (f->seen > f->skip && turn && (f->count < 0 || f->hits < f->count)) {
            f->hits++;
            c->t->stats.faults++;
            return f;
        }
    }
    return NULL;
}

static bool fault(struct ews *c)
{
    const struct ews_fault *f = ews_fault_due(c, 0, c->mailbox, -1, -1);
    if (!f) {
        return false;
    }
    char xml[160] = "";
    if (f->backoff_ms >= 0) {
        struct t_buf b = {0};
        t_buf_printf(&b, "<t:Value Name=\"BackOffMilliseconds\"> %lld </t:Value>",
                     (long long)f->backoff_ms);
        memcpy(xml, b.p, (size_t)b.n);
        t_buf_free(&b);
    }
    ews_fault_out(c, f->code, f->message ? f->message : ews_error_text(f->code),
                  xml[0] ? xml : NULL);
    return true;
}

void ews_scripts_run(struct ews *c, int mailbox, enum ews_place place)
{
    for (struct ews_script *s = c->e->scripts; s; s = s->next) {
        bool mine = s->mailbox == mailbox && s->place == (int)place;
        if (mine && s->after-- == 0) {
            struct t_buf answer = {0};
            const char *error = NULL;
            exchange_control(c->t, str_from(s->change), &answer, &error);
            t_buf_free(&answer);
        }
    }
}

// ---- the request
// ---------------------------------------------------------------------------------

// Too many at once, or in a while: as a fault, or as what stands before Exchange answers.
static bool throttled(struct ews *c)
{
    struct exchange *e = c->e;
    struct t_response *r = c->r;
    if (e->max_concurrent > 0 && e->in_flight > e->max_concurrent) {
        ews_fault_out(c, "ErrorExceededConnectionCount",
                      "You have exceeded the available concurrent connections for your account.",
                      NULL);
        return true;
    }
    if (e->budget <= 0) {
        return false;
    }
    i64 now = c->t->now_ms, window = e->budget_window_ms > 0 ? e->budget_window_ms : 60000;
    if (now - e->window_start_ms >= window) {
        e->window_start_ms = now;
        e->window_requests = 0;
    }
    if (++e->window_requests <= e->budget) {
        return false;
    }
    i64 wait_ms = e->window_start_ms + window - now;
    struct t_buf xml = {0};
    t_buf_printf(&xml, "<t:Value Name=\"BackOffMilliseconds\"> %lld </t:Value>",
                 (long long)wait_ms);
    t_buf_byte(&xml, 0);
    if (e->refused++ % 3 == 0) {
        ews_fault_out(c, "ErrorServerBusy", ews_error_text("ErrorServerBusy"), (char *)xml.p);
    } else {
        r->status = e->refused % 3 == 2 ? 429 : 503;
        t_response_header(r, "Retry-After: %lld", (long long)(wait_ms + 999) / 1000);
        t_buf_z(&r->own, "<html><body>Service Unavailable</body></html>");
    }
    t_buf_free(&xml);
    return true;
}

// A server, or what stands before it, without SyncFolderItems; ews_sync.c has the third way.
static bool refused(struct ews *c)
{
    static const char *const codes[] = {"ErrorInvalidRequest", "ErrorSchemaValidation"};
    int way = c->e->turn % 3;
    if (!c->e->no_sync || strcmp(c->name, "SyncFolderItems") != 0 || way == 2) {
        return false;
    }
    ews_fault_out(c, codes[way], ews_error_text(codes[way]), NULL);
    return true;
}

static void run(struct ews *c)
{
    for (isize i = 0; i < COUNT(operations); i++) {
        char name[48] = "m:";
        strncat(name, operations[i].name, 40);
        if (t_xml_is(&c->x, c->operation, name)) {
            c->e->operations[i]++;
            c->name = operations[i].name;
            if (throttled(c) || fault(c) || refused(c)) {
                return;
            }
            if (c->e->odd && c->e->turn % 2) {
                t_buf_z(c->w.b, "\xEF\xBB\xBF");
            }
            x_begin(&c->w, c->name);
            operations[i].run(c);
            x_finish(&c->w, c->name);
            return;
        }
    }
    ews_fault_out(c, "ErrorInvalidRequest", "The request is invalid.", NULL);
}

static bool read_envelope(struct ews *c)
{
    const struct t_xml *x = &c->x;
    if (!t_xml_parse(c->q->body, &c->x)) {
        c->r->status = 400; // what IIS makes of it
        t_buf_printf(&c->r->own, "<html><body>Bad Request: %s at %lld</body></html>", x->error,
                     (long long)x->error_at);
        return false;
    }
    int header = t_xml_child(x, 0, "s:Header"), body = t_xml_child(x, 0, "s:Body");
    if (!t_xml_is(x, 0, "s:Envelope") || body < 0 || x->nodes[body].first < 0 ||
        (header >= 0 && header > body)) {
        ews_fault_out(c, "ErrorInvalidRequest", "The request is not a SOAP envelope.", NULL);
        return false;
    }
    c->operation = x->nodes[body].first;
    return check_version(c, header) && ews_validate(c) && impersonate(c, header);
}

struct chunks {
    struct t_buf b;
    isize at;
};

static bool produce(void *st, struct t_buf *out)
{
    struct chunks *s = st;
    isize n = s->b.n - s->at < 7000 ? s->b.n - s->at : 7000;
    t_buf_put(out, str_slice(t_buf_str(&s->b), s->at, s->at + n));
    s->at += n;
    return s->at < s->b.n;
}

static void chunks_free(void *st)
{
    struct chunks *s = st;
    t_buf_free(&s->b);
    t_free(s);
}

// Exchange sends chunks, and gzip where it was asked for; files that are pointed to go with a
// length.
static void finish(struct ews *c)
{
    struct t_response *r = c->r;
    bool xml = str_find(t_buf_str(&r->own), S("<?xml")) >= 0;
    t_response_header(r, "Cache-Control: private");
    t_response_header(r, xml ? "Content-Type: text/xml; charset=utf-8"
                             : "Content-Type: text/html; charset=utf-8");
    t_response_header(r, "X-FEServer: EX01");
    t_response_header(r, "request-id: %016llx", (unsigned long long)ews_mix((u64)c->e->turn));
    if (r->piece_count > 0) {
        return;
    }
    if (c->e->turn % 4 == 1 && r->own.n > 2000 &&
        str_contains_nocase(t_request_header(c->q, "accept-encoding"), S("gzip"))) {
        struct t_buf packed = {0};
        if (t_gzip(t_buf_str(&r->own), &packed)) {
            t_buf_free(&r->own);
            r->own = packed;
            t_response_header(r, "Content-Encoding: gzip");
        }
    }
    struct chunks *s = t_alloc((isize)sizeof(*s));
    s->b = r->own;
    r->own = (struct t_buf){0};
    r->produce = produce;
    r->produce_st = s;
    r->produce_free = chunks_free;
}

static bool is_acceptable(const struct t_request *q, struct t_response *r)
{
    str type = t_request_header(q, "content-type");
    r->status = !str_eq_nocase(q->path, S("/EWS/Exchange.asmx")) ? 404
                : q->too_large                                   ? 413
                : !t_request_is(q, "POST")                       ? 405
                : !str_starts_nocase(type, S("text/xml"))        ? 415
                : t_request_header(q, "content-encoding").n > 0  ? 415
                                                                 : 200;
    return r->status == 200;
}

void exchange_handle(struct tenant *t, const struct t_request *q, struct t_response *r)
{
    if (!ews_authenticate(t, q, r)) {
        return;
    }
    if (!is_acceptable(q, r)) {
        t_response_header(r, "Content-Type: text/html");
        t_buf_printf(&r->own, "<html><body>%d</body></html>", r->status);
        r->close = q->too_large;
        return;
    }
    struct exchange *e = t->exchange;
    struct ews c = {.t = t, .e = e, .q = q, .r = r, .mailbox = -1};
    e->turn++;
    e->in_flight++;
    e->max_in_flight = e->in_flight > e->max_in_flight ? e->in_flight : e->max_in_flight;
    r->exchange = true;
    r->delay_ms += e->latency_ms;
    int newest = version_index(t->o.exchange_version);
    c.w.server = versions[newest < (int)COUNT(versions) ? newest : 0].server;
    c.w.b = &r->own;
    c.w.style = t->o.exchange_style >= 0 ? t->o.exchange_style : e->turn % 3;
    c.token = str_starts_nocase(t_request_header(q, "authorization"), S("bearer "));
    if (e->blocked) {
        blocked(&c);
    } else if (read_envelope(&c)) {
        run(&c);
    }
    t_xml_free(&c.x);
    finish(&c);
}
