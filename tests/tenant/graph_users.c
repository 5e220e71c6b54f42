// SPDX-License-Identifier: Apache-2.0
// The users of the fake tenant as Graph shows them (spec/wire-graph.md 3): those with a mailbox in
// the model, as an administrator left them, and then some of each kind that has none.
#include <stdio.h>
#include <string.h>

#include "graph_core.h"

#define TOKEN_PREFIX "RFNwdAIAAQAA" // of $skiptoken
#define PAGE_MAX 999
#define PAGE_USUAL 100

static const char *const account_names[GRAPH_ACCOUNTS] = {
    [GRAPH_OK] = "ok",
    [GRAPH_DISABLED] = "disabled",
    [GRAPH_SHARED] = "shared",
    [GRAPH_GUEST] = "guest",
    [GRAPH_NO_MAIL] = "no_mail",
    [GRAPH_UNLICENSED] = "unlicensed",
    [GRAPH_ON_PREMISES] = "on_premises",
    [GRAPH_DENIED] = "denied",
    [GRAPH_MOVING] = "moving",
};

// Of each kind there are extra_users without a mailbox in the model.
static const enum graph_account extra_kinds[] = {GRAPH_GUEST, GRAPH_NO_MAIL, GRAPH_UNLICENSED,
                                                 GRAPH_ON_PREMISES, GRAPH_DISABLED};

static const char *const properties[] = {
    "businessPhones",    "displayName",
    "givenName",         "id",
    "jobTitle",          "mail",
    "mobilePhone",       "officeLocation",
    "surname",           "preferredLanguage",
    "userPrincipalName", "accountEnabled",
    "userType",          "department",
    "companyName",       "proxyAddresses",
    "createdDateTime",   "mailNickname",
};

const char *graph_account_name(enum graph_account a)
{
    return account_names[a];
}

int graph_user_count(const struct tenant *t)
{
    return t->user_count + t->graph->extra_users * (int)COUNT(extra_kinds);
}

enum graph_account graph_user_account(const struct tenant *t, int place)
{
    if (place >= t->user_count) {
        return extra_kinds[(place - t->user_count) % (int)COUNT(extra_kinds)];
    }
    const struct graph *g = t->graph;
    enum graph_account a = place < g->mailbox_cap ? g->mailboxes[place].account : GRAPH_OK;
    enum t_state s = t->users[place].state;
    bool disabled = s == T_USER_SUSPENDED || s == T_USER_SUSPENDED_GET;
    return a != GRAPH_OK         ? a
           : disabled            ? GRAPH_DISABLED
           : s == T_USER_NO_MAIL ? GRAPH_UNLICENSED
                                 : a;
}

static u64 user_number(const struct tenant *t, int place)
{
    // The extra ones keep their ids when a mailbox is added.
    u64 n = place < t->user_count ? (u64)place : 0x10000000u + (u64)(place - t->user_count);
    return ews_mix(t->o.seed * 31337 + n);
}

void graph_user_id_put(const struct tenant *t, int place, struct t_buf *out)
{
    u64 r = user_number(t, place), s = ews_mix(r);
    t_buf_printf(out, "%08x-%04x-4%03x-9%03x-%012llx", (unsigned)r, (unsigned)(r >> 32 & 0xFFFF),
                 (unsigned)(r >> 48 & 0xFFF), (unsigned)(s & 0xFFF), (unsigned long long)(s >> 16));
}

static void put_upn(const struct tenant *t, int place, struct t_buf *out)
{
    if (place < t->user_count) {
        t_buf_z(out, t->users[place].email);
        return;
    }
    int kind = (place - t->user_count) % (int)COUNT(extra_kinds);
    int n = (place - t->user_count) / (int)COUNT(extra_kinds) + 1;
    const char *name = account_names[extra_kinds[kind]];
    if (extra_kinds[kind] == GRAPH_GUEST) {
        t_buf_printf(out, "guest%d_partner.test#EXT#@", n);
    } else {
        t_buf_printf(out, "%s%d@", name, n);
    }
    t_buf_put(out, t->o.domain);
}

// false: null.
static bool put_mail(const struct tenant *t, int place, struct t_buf *out)
{
    enum graph_account a = graph_user_account(t, place);
    if (a == GRAPH_NO_MAIL) {
        return false;
    }
    if (a == GRAPH_GUEST && place >= t->user_count) {
        int n = (place - t->user_count) / (int)COUNT(extra_kinds) + 1;
        t_buf_printf(out, "guest%d@partner.test", n);
        return true;
    }
    isize at = out->n;
    put_upn(t, place, out);
    // Addresses keep the letters that somebody typed.
    bool capital = place % 5 == 3 && out->p[at] >= 'a' && out->p[at] <= 'z';
    out->p[at] = capital ? (u8)(out->p[at] - 32) : out->p[at];
    return true;
}

int graph_user_find(const struct tenant *t, str name)
{
    struct t_buf b = {0};
    u64 begin = 0;
    bool by_id = name.n == 36 && name.p[8] == '-' && str_to_u64_hex(str_slice(name, 0, 8), &begin);
    int found = by_id ? -1 : content_mailbox(t, name);
    for (int i = by_id ? 0 : t->user_count; i < graph_user_count(t) && found < 0; i++) {
        if (by_id && (user_number(t, i) & 0xFFFFFFFFu) != begin) {
            continue;
        }
        b.n = 0;
        if (by_id) {
            graph_user_id_put(t, i, &b);
        } else {
            put_upn(t, i, &b);
        }
        found = str_eq_nocase(t_buf_str(&b), name) ? i : -1;
    }
    t_buf_free(&b);
    bool gone = found >= 0 && found < t->user_count && t->users[found].state == T_USER_DELETED;
    return gone ? -1 : found;
}

// ---- one user
// ------------------------------------------------------------------------------------

static bool is_enabled(enum graph_account a)
{
    return a != GRAPH_DISABLED && a != GRAPH_SHARED;
}

static bool wants(const struct graph_call *c, const char *property, bool usual)
{
    str select;
    return graph_option(c, "$select", &select) && select.n > 0 ? graph_selected(c, property)
                                                               : usual;
}

static void put_text(struct graph_call *c, struct t_writer *w, const char *key, const char *text)
{
    if (wants(c, key, true)) {
        t_json_key(w, key);
        if (text) {
            t_json_put_string(w->b, str_from(text));
        } else {
            t_buf_z(w->b, "null");
        }
    }
}

static void put_addresses(struct graph_call *c, struct t_writer *w, int place)
{
    struct t_buf b = {0};
    if (wants(c, "mail", true)) {
        t_json_key(w, "mail");
        if (put_mail(c->t, place, &b)) {
            t_json_put_string(w->b, t_buf_str(&b));
        } else {
            t_buf_z(w->b, "null");
        }
    }
    b.n = 0;
    put_upn(c->t, place, &b);
    if (wants(c, "userPrincipalName", true)) {
        t_json_put_member(w, "userPrincipalName", t_buf_str(&b));
    }
    if (wants(c, "proxyAddresses", false)) {
        t_json_key(w, "proxyAddresses");
        t_json_open(w, '[');
        t_json_item(w);
        t_buf_z(w->b, "\"SMTP:");
        t_buf_put(w->b, t_buf_str(&b));
        t_buf_byte(w->b, '"');
        t_json_close(w, ']');
    }
    b.n = 0;
    graph_user_id_put(c->t, place, &b);
    if (wants(c, "id", true)) {
        t_json_put_member(w, "id", t_buf_str(&b));
    }
    t_buf_free(&b);
}

static void put_user(struct graph_call *c, struct t_writer *w, int place)
{
    static const char *const given[] = {"Ann", "Bob", "Zoë", "Dan", "Eve", "Jürgen", "Søren"};
    static const char *const titles[] = {"Clerk", NULL, "Head of \"Sales\""};
    enum graph_account a = graph_user_account(c->t, place);
    u64 r = user_number(c->t, place);
    const char *first = given[r % COUNT(given)];
    char full[64], phone[40];
    snprintf(full, sizeof(full), "%s Example %d", first, place + 1);
    snprintf(phone, sizeof(phone), "+31 20 555 %04d", place % 10000);
    if (wants(c, "businessPhones", true)) {
        t_json_key(w, "businessPhones");
        t_json_open(w, '[');
        if (r % 3) {
            t_json_item(w);
            t_json_put_string(w->b, str_from(phone));
        }
        t_json_close(w, ']');
    }
    put_text(c, w, "displayName", full);
    put_text(c, w, "givenName", first);
    put_text(c, w, "jobTitle", titles[(unsigned)place % COUNT(titles)]);
    put_text(c, w, "mobilePhone", NULL);
    put_text(c, w, "officeLocation", r % 2 ? "18/2111" : NULL);
    put_text(c, w, "preferredLanguage", NULL);
    put_text(c, w, "surname", "Example");
    put_addresses(c, w, place);
    if (wants(c, "accountEnabled", false)) {
        t_json_put_bool(w, "accountEnabled", is_enabled(a));
    }
    if (wants(c, "userType", false)) {
        t_json_put_member(w, "userType", a == GRAPH_GUEST ? S("Guest") : S("Member"));
    }
    if (wants(c, "department", false)) {
        put_text(c, w, "department", r % 2 ? "Operations" : NULL);
    }
    if (wants(c, "createdDateTime", false)) {
        put_text(c, w, "createdDateTime", "2020-03-04T05:06:07Z");
    }
}

// ---- the list
// ------------------------------------------------------------------------------------

enum wanted { WANT_ANY, WANT_YES, WANT_NO };
struct filter {
    enum wanted enabled, member;
};

static bool read_filter(str text, struct filter *f)
{
    bool ok = true;
    while (text.n > 0 && ok) {
        isize and = str_find(text, S(" and "));
        str one = str_trim(and < 0 ? text : str_slice(text, 0, and));
        text = and < 0 ? (str){0} : str_from_index(text, and+5);
        bool yes = str_eq(one, S("accountEnabled eq true"));
        bool member = str_eq(one, S("userType eq 'Member'"));
        if (yes || str_eq(one, S("accountEnabled eq false"))) {
            f->enabled = yes ? WANT_YES : WANT_NO;
        } else if (member || str_eq(one, S("userType eq 'Guest'"))) {
            f->member = member ? WANT_YES : WANT_NO;
        } else {
            ok = false;
        }
    }
    return ok;
}

static bool is_listed(const struct tenant *t, int place, const struct filter *f)
{
    enum graph_account a = graph_user_account(t, place);
    bool gone = place < t->user_count && t->users[place].state == T_USER_DELETED;
    return !gone && (f->enabled == WANT_ANY || is_enabled(a) == (f->enabled == WANT_YES)) &&
           (f->member == WANT_ANY || (a != GRAPH_GUEST) == (f->member == WANT_YES));
}

static bool check_select(struct graph_call *c)
{
    str rest, one;
    if (!graph_option(c, "$select", &rest)) {
        return true;
    }
    bool more = rest.n > 0;
    while (more) {
        rest = str_cut(rest, ',', &one, &more);
        one = str_trim(one);
        bool known = false;
        for (isize i = 0; i < COUNT(properties); i++) {
            known = known || str_eq_nocase(one, str_from(properties[i]));
        }
        if (!known) {
            char text[160];
            snprintf(text, sizeof(text),
                     "Could not find a property named '%.*s' on type 'microsoft.graph.user'.",
                     (int)(one.n < 60 ? one.n : 60), (const char *)one.p);
            graph_error(c, 400, "BadRequest", text);
            return false;
        }
    }
    return true;
}

static void put_token(const struct tenant *t, int place, struct t_buf *out)
{
    u64 check = ews_mix(t->o.seed ^ (u64)place) & 0xFFFFFF;
    t_buf_printf(out, TOKEN_PREFIX "%06llx%llx", (unsigned long long)check,
                 (unsigned long long)place);
}

static bool read_place(const struct graph_call *c, int *place)
{
    str token;
    struct t_buf again = {0};
    u64 n = 0;
    *place = 0;
    if (!graph_option(c, "$skiptoken", &token)) {
        return true;
    }
    isize at = (isize)sizeof(TOKEN_PREFIX) - 1 + 6;
    bool ok = token.n > at && str_to_u64_hex(str_from_index(token, at), &n) && n < 100000000;
    if (ok) {
        put_token(c->t, (int)n, &again);
        ok = str_eq(t_buf_str(&again), token);
    }
    t_buf_free(&again);
    *place = (int)n;
    return ok;
}

// Resource units of a request, and what is said of them. false: refused with 429.
static bool take_units(struct graph_call *c, i64 units)
{
    struct graph *g = c->g;
    i64 now = c->t->now_ms, window = g->users_window_ms > 0 ? g->users_window_ms : 10000;
    if (now - g->users_window_start_ms >= window) {
        g->users_window_start_ms = now;
        g->users_window_units = 0;
    }
    graph_header(c, "x-ms-resource-unit: %lld", (long long)units);
    if (g->users_units > 0 && g->users_window_units + units > g->users_units) {
        i64 wait_s = (g->users_window_start_ms + window - now + 999) / 1000;
        graph_header(c, "Retry-After: %lld", (long long)wait_s);
        graph_header(c, "x-ms-throttle-scope: Tenant_Application/ReadWrite/%.*s/%.*s",
                     (int)c->t->o.app_id.n, (const char *)c->t->o.app_id.p,
                     (int)c->t->o.tenant_id.n, (const char *)c->t->o.tenant_id.p);
        graph_header(c, "x-ms-throttle-information: ResourceUnitLimitExceeded");
        graph_error(c, 429, "TooManyRequests", "Too many requests.");
        g->throttled++;
        return false;
    }
    g->users_window_units += units;
    if (g->users_units > 0 && g->users_window_units * 10 >= g->users_units * 8) {
        i64 percent = g->users_window_units * 100 / g->users_units;
        graph_header(c, "x-ms-throttle-limit-percentage: %lld.%02lld", (long long)percent / 100,
                     (long long)percent % 100);
    }
    return true;
}

static i64 units_of(const struct graph_call *c, i64 top)
{
    str v;
    i64 n = 2 - (graph_option(c, "$select", &v) ? 1 : 0) +
            (graph_option(c, "$expand", &v) ? 1 : 0) - (top < 20 ? 1 : 0);
    return n < 1 ? 1 : n;
}

static bool check_options(struct graph_call *c)
{
    static const char *const known[] = {"$top",   "$filter", "$select",  "$skiptoken",
                                        "$count", "$expand", "$orderby", "$search"};
    for (int i = 0; i < c->option_count; i++) {
        str name = c->options[i].name;
        bool found = name.n == 0 || name.p[0] != '$'; // others are ignored
        for (isize k = 0; k < COUNT(known); k++) {
            found = found || str_eq_nocase(name, str_from(known[k]));
        }
        if (!found) {
            char text[120];
            snprintf(text, sizeof(text), "'%.*s' is not supported by the service.",
                     (int)(name.n < 40 ? name.n : 40), (const char *)name.p);
            graph_error(c, 400, "Request_UnsupportedQuery", text);
            return false;
        }
    }
    return check_select(c);
}

static void put_page(struct graph_call *c, const struct filter *f, int place, i64 top)
{
    struct t_writer w = graph_writer(c);
    struct t_buf token = {0};
    int count = graph_user_count(c->t);
    t_json_open(&w, '{');
    graph_put_context(c, &w, "users");
    i64 shown = 0;
    // Now and then a page is short, or has nothing.
    i64 most = c->g->odd_pages ? (c->g->turn % 3 == 0 ? 0 : (top + 1) / 2) : top;
    struct t_buf list = {0};
    struct t_writer l = {.b = &list};
    t_json_open(&l, '[');
    for (; place < count && shown < most; place++) {
        if (is_listed(c->t, place, f)) {
            t_json_item(&l);
            t_json_open(&l, '{');
            put_user(c, &l, place);
            t_json_close(&l, '}');
            shown++;
        }
    }
    t_json_close(&l, ']');
    while (place < count && !is_listed(c->t, place, f)) {
        place++;
    }
    if (place < count) {
        put_token(c->t, place, &token);
        graph_put_link(c, &w, "@odata.nextLink", "$skiptoken", t_buf_str(&token), true);
    }
    t_json_key(&w, "value");
    t_buf_put(&c->out, t_buf_str(&list));
    t_json_close(&w, '}');
    t_buf_free(&token);
    t_buf_free(&list);
}

void graph_users_answer(struct graph_call *c)
{
    struct filter f = {0};
    str text;
    i64 top = PAGE_USUAL;
    int place = 0;
    bool filtered = graph_option(c, "$filter", &text);
    if (!graph_is(c, "GET")) {
        graph_error(c, 405, "Request_BadRequest", "Specified HTTP method is not allowed.");
    } else if (!check_options(c)) {
        return;
    } else if (graph_option(c, "$top", &text) &&
               !(str_to_i64(text, &top) && top >= 1 && top <= PAGE_MAX)) {
        char message[160];
        snprintf(message, sizeof(message),
                 "Invalid page size specified: '%.*s'. Must be between 1 and 999 inclusive.",
                 (int)(text.n < 20 ? text.n : 20), (const char *)text.p);
        graph_error(c, 400, "Request_UnsupportedQuery", message);
    } else if (filtered && graph_option(c, "$filter", &text) && !read_filter(text, &f)) {
        graph_error(c, 400, "Request_UnsupportedQuery",
                    "Unsupported or invalid query filter clause specified.");
    } else if (!read_place(c, &place)) {
        graph_error(c, 400, "Directory_ExpiredPageToken",
                    "The specified page token value has expired and can no longer be included in "
                    "your request.");
    } else if (take_units(c, units_of(c, top))) {
        c->g->users++;
        put_page(c, &f, place, top);
    }
}

void graph_user_answer(struct graph_call *c, int place)
{
    if (place < 0) {
        char text[200];
        snprintf(text, sizeof(text),
                 "Resource '%.*s' does not exist or one of its queried reference-property objects "
                 "are not present.",
                 (int)(c->user.n < 80 ? c->user.n : 80), (const char *)c->user.p);
        graph_error(c, 404, "Request_ResourceNotFound", text);
    } else if (!graph_is(c, "GET")) {
        graph_error(c, 405, "Request_BadRequest", "Specified HTTP method is not allowed.");
    } else if (check_options(c) && take_units(c, 1)) {
        struct t_writer w = graph_writer(c);
        t_json_open(&w, '{');
        graph_put_context(c, &w, "users/$entity");
        put_user(c, &w, place);
        t_json_close(&w, '}');
    }
}
