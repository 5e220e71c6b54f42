// SPDX-License-Identifier: Apache-2.0
// delta of the fake Graph; see graph_delta.h.
#include "graph_delta.h"

#include <string.h>

#define MAGIC "\x1B\x07\x01\xA1"
#define NUMBERS 6
#define SEAL_AT (4 + 8 * NUMBERS)
#define SELECT_AT (SEAL_AT + 8)

struct state {
    i64 base;     // what the client knew when this round began
    i64 position; // of the change that comes next
    i64 next;     // the index that comes next in the first pass; -1: it is over
    i64 page;     // objects on a page
    i64 rounds;   // whole ones that are behind
    i64 empty;    // an empty page was given here
    str select;
};

bool graph_segment_is_delta(const struct graph_call *c, int n)
{
    return n == c->segment_count - 1 &&
           (graph_segment_is(c, n, "delta") || graph_segment_is(c, n, "delta()") ||
            graph_segment_is(c, n, "microsoft.graph.delta") ||
            graph_segment_is(c, n, "microsoft.graph.delta()"));
}

// ---- tokens
// ---------------------------------------------------------------------------------

static void put_number(struct t_buf *b, u64 v)
{
    for (int i = 0; i < 8; i++) {
        t_buf_byte(b, (u8)(v >> (8 * i)));
    }
}

static u64 get_number(const u8 *p)
{
    u64 v = 0;
    for (int i = 7; i >= 0; i--) {
        v = v << 8 | p[i];
    }
    return v;
}

static u64 seal(const struct graph_call *c, u64 set, str bytes)
{
    u64 v = ews_mix(set ^ (u64)c->mailbox << 16 ^ c->t->o.seed << 20);
    v = ews_mix(v ^ (u64)c->t->exchange->sync_epoch);
    for (isize i = 0; i < bytes.n; i++) {
        v = ews_mix(v ^ bytes.p[i]);
    }
    return v;
}

// The bytes that the seal is about: numbers and $select.
static u64 seal_of(const struct graph_call *c, u64 set, str token)
{
    u64 v = seal(c, set, str_slice(token, 0, SEAL_AT));
    return ews_mix(v ^ seal(c, set, str_from_index(token, SELECT_AT)));
}

static void put_token(const struct graph_call *c, u64 set, const struct state *s, struct t_buf *out)
{
    struct t_buf b = {0};
    t_buf_put(&b, str_make(MAGIC, 4));
    put_number(&b, (u64)s->base);
    put_number(&b, (u64)s->position);
    put_number(&b, (u64)s->next);
    put_number(&b, (u64)s->page);
    put_number(&b, (u64)s->rounds);
    put_number(&b, (u64)s->empty);
    put_number(&b, 0);
    t_buf_put(&b, s->select);
    u64 v = seal_of(c, set, t_buf_str(&b));
    for (int i = 0; i < 8; i++) {
        b.p[SEAL_AT + i] = (u8)(v >> (8 * i));
    }
    t_base64_put(out, t_buf_str(&b), true);
    while (out->n > 0 && out->p[out->n - 1] == '=') {
        out->n--;
    }
    t_buf_free(&b);
}

// The slices of *s point into `b`.
static bool read_token(const struct graph_call *c, u64 set, str text, struct t_buf *b,
                       struct state *s)
{
    struct t_buf again = {0};
    bool ok = t_base64_decode(b, text) && b->n >= SELECT_AT && memcmp(b->p, MAGIC, 4) == 0;
    if (ok) {
        s->base = (i64)get_number(b->p + 4);
        s->position = (i64)get_number(b->p + 12);
        s->next = (i64)get_number(b->p + 20);
        s->page = (i64)get_number(b->p + 28);
        s->rounds = (i64)get_number(b->p + 36);
        s->empty = (i64)get_number(b->p + 44);
        s->select = str_from_index(t_buf_str(b), SELECT_AT);
        put_token(c, set, s, &again);
        ok = str_eq(t_buf_str(&again), text); // the seal too
    }
    t_buf_free(&again);
    return ok;
}

static void gone(struct graph_call *c)
{
    if (c->g->turn % 2) { // where to begin again
        struct t_buf link = {0};
        t_buf_put(&link, c->base);
        t_buf_put(&link, str_from_index(c->path, 5));
        graph_header(c, "Location: %.*s", (int)(link.n < 900 ? link.n : 900), (const char *)link.p);
        t_buf_free(&link);
    }
    graph_error(c, 410, c->g->turn % 4 < 2 ? "SyncStateNotFound" : "resyncRequired",
                "The sync state generation is not found; generation=149;[highest=157].");
}

// The token of the request, or the beginning. false: refused, and answered.
static bool read_state(struct graph_call *c, u64 set, const char *properties, i64 usual,
                       struct t_buf *b, struct state *s)
{
    static const char *const begin[] = {
        "$select", "$top", "$expand", "changeType", "includeHiddenFolders", NULL};
    static const char *const further[] = {"$skiptoken", "$deltatoken", NULL};
    str token;
    bool given = graph_option(c, "$skiptoken", &token) || graph_option(c, "$deltatoken", &token);
    if (!graph_options_allowed(c, given ? further : begin) ||
        !graph_number(c, "$top", 1, 1000, &usual)) {
        return false;
    }
    if (!given) {
        *s = (struct state){.base = -1, .page = usual};
        graph_option(c, "$select", &s->select);
        return graph_select_check(c, properties);
    }
    if (!read_token(c, set, token, b, s)) {
        gone(c);
        return false;
    }
    if (s->select.n > 0) { // it lasts as long as the token
        c->options[c->option_count++] = (struct graph_option){S("$select"), s->select};
    }
    return true;
}

static i64 page_size(struct graph_call *c, const struct state *s)
{
    if (c->prefer.max_page_size <= 0) {
        return s->page;
    }
    char text[64] = "odata.maxpagesize=";
    struct t_buf b = {0};
    i64 n = c->prefer.max_page_size < 1000 ? c->prefer.max_page_size : 1000;
    t_buf_printf(&b, "%lld", (long long)n);
    strncat(text, (const char *)b.p, (size_t)b.n);
    graph_applied(c, text);
    t_buf_free(&b);
    return n;
}

static void put_link(struct graph_call *c, struct t_writer *w, u64 set, const struct state *s,
                     bool last)
{
    struct t_buf token = {0};
    put_token(c, set, s, &token);
    graph_next_link(c, w, last ? "$deltatoken" : "$skiptoken", t_buf_str(&token), false);
    t_buf_free(&token);
}

// ---- items
// ---------------------------------------------------------------------------------

// Its id, also when it is not there any more.
static void put_id(struct graph_call *c, const struct graph_set *s, const struct ews_folder *f,
                   struct t_writer *w, i64 index)
{
    struct ews_item i = {.mailbox = c->mailbox,
                         .place = s->place,
                         .index = index,
                         .origin = s->place,
                         .number = index};
    if (index >= f->synthetic) {
        i.origin = f->extra[index - f->synthetic].place;
        i.number = f->extra[index - f->synthetic].index;
    }
    struct t_buf text = {0};
    graph_item_id_put(c, &i, &text);
    t_json_put_member(w, "id", t_buf_str(&text));
    t_buf_free(&text);
}

static void put_removed(struct graph_call *c, const struct graph_set *s, const struct ews_folder *f,
                        struct t_writer *w, i64 index)
{
    t_json_item(w);
    t_json_open(w, '{');
    put_id(c, s, f, w, index);
    t_json_key(w, "@removed");
    t_buf_z(w->b, index % 5 == 4 ? "{\"reason\":\"changed\"}" : "{\"reason\":\"deleted\"}");
    t_json_close(w, '}');
}

static void put_read(struct graph_call *c, const struct graph_set *s, const struct ews_folder *f,
                     struct t_writer *w, i64 index)
{
    t_json_item(w);
    t_json_open(w, '{');
    t_json_put_member(w, "@odata.etag", S("W/\"CQAAABYAAABread\""));
    put_id(c, s, f, w, index);
    if (graph_selected(c, "isRead")) {
        t_json_put_bool(w, "isRead", true);
    }
    t_json_close(w, '}');
}

// Is the content at this index, there or gone, one of the set?
static bool is_listed(const struct graph_call *c, const struct graph_set *s,
                      const struct ews_folder *f, i64 index)
{
    if (!s->has) {
        return true;
    }
    if (index < f->synthetic) {
        return s->has(c->t, s->place, index);
    }
    const struct ews_extra *x = &f->extra[index - f->synthetic];
    return s->has(c->t, x->place, x->index);
}

// false: it says nothing. An item that came and went since this page began was never seen.
static bool put_logged(struct graph_call *c, const struct graph_set *s, const struct ews_folder *f,
                       struct t_writer *w, const struct ews_change *change, i64 since)
{
    if (change->superseded || !is_listed(c, s, f, change->index)) {
        return false;
    }
    switch (change->kind) {
    case EWS_CREATED:
    case EWS_UPDATED:
        graph_set_put(c, s, w, change->index);
        return true;
    case EWS_DELETED_ITEM:
        if (change->created >= since) {
            return false;
        }
        put_removed(c, s, f, w, change->index);
        return true;
    case EWS_READ:
        put_read(c, s, f, w, change->index);
        return true;
    }
    return false;
}

// The object that the page before ended with, once more.
static void put_again(struct graph_call *c, const struct graph_set *s, const struct ews_folder *f,
                      struct t_writer *w, i64 next)
{
    i64 index = next + 1;
    while (index < f->synthetic && !graph_set_has(c->t, s, f, index)) {
        index++;
    }
    if (index < f->synthetic) {
        graph_set_put(c, s, w, index);
    }
}

static void put_page(struct graph_call *c, const struct graph_set *s, struct t_writer *w,
                     struct state *at, i64 most)
{
    const struct ews_folder *f = ews_folder(c->t, c->mailbox, s->place);
    i64 given = 0;
    if (c->t->exchange->graph_repeat && at->next >= 0) {
        put_again(c, s, f, w, at->next);
    }
    while (at->next >= 0 && given < most) {
        if (graph_set_has(c->t, s, f, at->next)) {
            graph_set_put(c, s, w, at->next);
            given++;
        }
        at->next--;
    }
    i64 since = at->position;
    while (at->next < 0 && at->position < f->log_count && given < most) {
        given += put_logged(c, s, f, w, &f->log[at->position], since) ? 1 : 0;
        at->position++;
    }
}

void graph_delta_answer(struct graph_call *c, const struct graph_set *set)
{
    u64 key = ews_mix((u64)set->place + 1);
    struct t_buf token = {0};
    struct state at = {0};
    if (read_state(c, key, set->properties, set->usual_page, &token, &at) &&
        graph_place_enter(c, set->place, "GraphDelta")) {
        const struct ews_folder *f = ews_folder(c->t, c->mailbox, set->place);
        if (at.base < 0) {
            at.base = at.position = f->log_count;
            at.next = ews_total(f) - 1;
        }
        i64 most = page_size(c, &at);
        struct t_writer w = graph_collection_open(c, "Collection(item)");
        at.empty = c->t->exchange->graph_empty && !at.empty;
        if (!at.empty) {
            put_page(c, set, &w, &at, most);
        }
        bool last = !at.empty && at.next < 0 && at.position == f->log_count;
        at.rounds += last ? 1 : 0;
        at.base = last ? at.position : at.base;
        graph_collection_end_value(c, &w);
        put_link(c, &w, key, &at, last);
        graph_collection_close(c, &w);
    }
    t_buf_free(&token);
}

// ---- folders
// ---------------------------------------------------------------------------------

void graph_few_delta_answer(struct graph_call *c, const struct graph_few *f, u64 fingerprint)
{
    u64 key = 77;
    for (const char *z = f->what; *z; z++) {
        key = ews_mix(key ^ (u64)(u8)*z);
    }
    struct t_buf token = {0};
    struct state at = {0};
    if (read_state(c, key, f->properties, 100, &token, &at)) {
        struct graph_put p = {.c = c, .w = graph_collection_open(c, f->what)};
        // `base` is what they were called when the round before ended.
        bool again = at.base != (i64)(fingerprint >> 1);
        i64 most = page_size(c, &at), n = again ? at.next : f->count;
        for (; n < f->count && n - at.next < most; n++) {
            t_json_item(&p.w);
            t_json_open(&p.w, '{');
            f->put(&p, f->st, (int)n);
            t_json_close(&p.w, '}');
        }
        bool last = n >= f->count;
        at.next = last ? 0 : n;
        at.base = last ? (i64)(fingerprint >> 1) : at.base;
        graph_collection_end_value(c, &p.w);
        put_link(c, &p.w, key, &at, last);
        graph_collection_close(c, &p.w);
    }
    t_buf_free(&token);
}
