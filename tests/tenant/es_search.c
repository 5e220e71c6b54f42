// SPDX-License-Identifier: Apache-2.0
// Searches of the Elasticsearch double: by from and size with a query and a sort order, by scroll
// (sorted by _doc), by point in time (_shard_doc and search_after); and _count. A scroll or a point
// in time keeps to what there was, and takes no query.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "es_query.h"

struct search {
    str body; // an object; empty: none was sent
    i64 from, size;
    i64 after;    // place in docs from which to go on
    char *filter; // of _source, JSON
    bool no_source, no_total, seq, version, sorted, scrolls, by_field;
    struct es_query *query; // NULL: everything
    struct es_sort sorts[ES_SORTS_MAX];
    int sort_count; // by fields; otherwise in the order of creation
};

static i64 keep_ms(str s, i64 otherwise)
{
    u64 n = 0;
    isize digits = 0;
    while (digits < s.n && str_is_digit(s.p[digits])) {
        digits++;
    }
    if (!str_to_u64(str_slice(s, 0, digits), &n)) {
        return otherwise;
    }
    str unit = str_from_index(s, digits);
    return (i64)n * (str_eq(unit, S("ms"))  ? 1
                     : str_eq(unit, S("s")) ? 1000
                     : str_eq(unit, S("m")) ? 60000
                                            : 3600000);
}

static struct es_view *open_view(struct tenant *t, int index, i64 keep)
{
    struct es *es = t->es;
    for (int i = 0; i < ES_VIEWS_MAX; i++) {
        struct es_view *v = &es->views[i];
        if (v->id != 0 && t->now_ms - v->used_ms > v->keep_ms) {
            v->id = 0;
        }
        if (v->id == 0) {
            t_free(v->source_filter);
            t_free(v->query);
            *v = (struct es_view){.id = ++es->next_view * 1000 + (u64)i, .index = index};
            v->seq = es->indices[index].seq;
            v->refreshed_seq = es->indices[index].refreshed_seq;
            v->opened_ms = v->used_ms = t->now_ms;
            v->keep_ms = keep;
            return v;
        }
    }
    return NULL;
}

static void put_view_id(struct t_writer *w, const char *key, const struct es_view *v)
{
    struct t_buf plain = {0}, id = {0};
    t_buf_printf(&plain, "fake tenant's view of a shard, long as the real one's are: %020llu",
                 (unsigned long long)v->id);
    t_base64_put(&id, t_buf_str(&plain), true);
    t_json_put_member(w, key, t_buf_str(&id));
    t_buf_free(&plain);
    t_buf_free(&id);
}

static struct es_view *find_view(struct tenant *t, str id)
{
    struct t_buf plain = {0};
    u64 n = 0;
    bool ok = t_base64_decode(&plain, id) && plain.n > 20 &&
              str_to_u64(str_from_index(t_buf_str(&plain), plain.n - 20), &n) && n > 0;
    t_buf_free(&plain);
    struct es_view *v = &t->es->views[n % 1000 < ES_VIEWS_MAX ? n % 1000 : 0];
    ok = ok && v->id == n && t->now_ms - v->used_ms <= v->keep_ms;
    if (ok) {
        v->used_ms = t->now_ms;
    }
    return ok ? v : NULL;
}

static void view_missing(struct t_response *r, str id)
{
    char text[128];
    snprintf(text, sizeof(text), "No search context found for id [%.*s]",
             (int)(id.n < 60 ? id.n : 60), id.p);
    elastic_shard_error(r, 404, "search_context_missing_exception", text);
}

static bool is_in_view(const struct tenant *t, const struct es_view *v, const struct es_index *x,
                       const struct es_doc *doc)
{
    if (!v) {
        return es_is_visible(t, x, doc);
    }
    bool existed = doc->created_seq <= v->seq &&
                   (doc->deleted_seq == 0 || doc->deleted_seq > v->seq);
    bool visible = doc->created_seq <= v->refreshed_seq || v->opened_ms >= doc->visible_ms;
    return existed && visible;
}

struct hit {
    isize place;
    u64 seq;
    str keys[ES_SORTS_MAX]; // decoded, in order
    i64 times[ES_SORTS_MAX];
    bool has[ES_SORTS_MAX];
    const struct search *search;
};

static void put_sort(const struct search *s, const struct hit *h, struct t_writer *w)
{
    if (!s->sorted) {
        return;
    }
    t_json_key(w, "sort");
    t_buf_byte(w->b, '[');
    for (int i = 0; i < s->sort_count; i++) {
        const struct es_sort *o = &s->sorts[i];
        i64 last = o->down ? INT64_MIN : INT64_MAX;
        t_buf_z(w->b, i > 0 ? "," : "");
        if (o->type == ES_T_DATE || (o->lenient && !h->has[i])) {
            t_buf_printf(w->b, "%lld", (long long)(h->has[i] ? h->times[i] : last));
        } else if (h->has[i]) {
            i64 n;
            bool number = o->type == ES_T_ANY && str_to_i64(h->keys[i], &n);
            if (number) {
                t_buf_put(w->b, h->keys[i]);
            } else {
                t_json_put_string(w->b, h->keys[i]);
            }
        } else {
            t_buf_z(w->b, "null");
        }
    }
    if (s->sort_count == 0) {
        t_buf_printf(w->b, "%lld", (long long)h->place);
    }
    t_buf_byte(w->b, ']');
}

static void put_hit(const struct tenant *t, const struct es_index *x, const struct hit *h,
                    const struct search *s, struct t_writer *w)
{
    const struct es_doc *doc = &x->docs[h->place];
    struct es_seen seen = es_look(t, x, doc);
    t_json_item(w);
    t_json_open(w, '{');
    t_json_put_member(w, "_index", str_from(x->name));
    t_json_put_member(w, "_id", str_make(doc->id, doc->id_bytes));
    if (s->version) {
        t_json_put_number(w, "_version", (i64)seen.version);
    }
    if (s->seq) {
        t_json_put_number(w, "_seq_no", (i64)seen.seq - 1);
        t_json_put_number(w, "_primary_term", 1);
    }
    t_json_key(w, "_score");
    t_buf_z(w->b, s->sorted ? "null" : "1.0");
    if (!s->no_source) {
        t_json_key(w, "_source");
        es_put_source(seen.source, doc->piped, s->filter, w->b);
    }
    put_sort(s, h, w);
    t_json_close(w, '}');
}

static bool is_hit(const struct tenant *t, const struct search *s, const struct es_index *x,
                   const struct es_view *v, isize place)
{
    const struct es_doc *doc = &x->docs[place];
    if (!is_in_view(t, v, x, doc)) {
        return false;
    }
    struct es_seen seen = es_look(t, x, doc);
    return !s->query || es_query_matches(s->query, str_make(doc->id, doc->id_bytes), seen.source);
}

static int compare_hits(const void *a, const void *b)
{
    const struct hit *x = a, *y = b;
    for (int i = 0; i < x->search->sort_count; i++) {
        const struct es_sort *o = &x->search->sorts[i];
        if (x->has[i] != y->has[i]) {
            return x->has[i] ? -1 : 1; // what is missing is last
        }
        int order = x->times[i] < y->times[i] ? -1 : x->times[i] > y->times[i];
        order = order == 0 ? str_compare(x->keys[i], y->keys[i]) : order;
        if (order != 0) {
            return o->down ? -order : order;
        }
    }
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

// The values by which a hit is sorted; texts are kept in the tree.
static void read_keys(const struct search *s, struct es_tree *tree, str source, u64 seq,
                      struct hit *h)
{
    int root = s->by_field ? es_tree_parse(tree, source) : -1;
    for (int i = 0; i < s->sort_count; i++) {
        str field = str_from(s->sorts[i].field);
        int at = root, node = es_tree_each(tree, root, field, false, &at);
        struct t_buf text = {0};
        es_tree_text(tree, node, &text);
        h->has[i] = node >= 0 && es_tree_kind(tree, node) != ES_NULL;
        h->keys[i] = (str){0};
        if (field.p[0] == '_') { // the order of writing, nearly Lucene's
            h->has[i] = true;
            t_buf_printf(&text, "%lld", (long long)seq - 1);
            h->times[i] = (i64)seq - 1;
        }
        bool date = s->sorts[i].type == ES_T_DATE;
        if (h->has[i] && (!date || !es_date_ms(t_buf_str(&text), 0, &h->times[i]))) {
            int made = es_tree_string(tree, t_buf_str(&text));
            str quoted = tree->nodes[made].text;
            h->keys[i] = str_slice(quoted, 1, quoted.n - 1);
            i64 n;
            h->times[i] = str_to_i64(h->keys[i], &n) ? n : 0;
        }
        t_buf_free(&text);
    }
}

static i64 put_sorted(struct tenant *t, struct t_writer *w, const struct search *s,
                      const struct es_index *x)
{
    struct es_tree tree = {0};
    struct hit *hits = t_alloc((x->count + 1) * (isize)sizeof(*hits));
    i64 n = 0;
    for (isize i = 0; i < x->count; i++) {
        if (is_hit(t, s, x, NULL, i)) {
            struct es_seen seen = es_look(t, x, &x->docs[i]);
            hits[n] = (struct hit){.place = i, .seq = seen.seq, .search = s};
            read_keys(s, &tree, seen.source, seen.seq, &hits[n]);
            n++;
        }
    }
    qsort(hits, (size_t)n, sizeof(*hits), compare_hits);
    for (i64 i = s->from; i < n && i < s->from + s->size; i++) {
        put_hit(t, x, &hits[i], s, w);
    }
    t_free(hits);
    es_tree_free(&tree);
    return n;
}

// From place `*at` on; moves it. Returns how many there are in all.
static i64 put_in_order(struct tenant *t, struct t_writer *w, const struct search *s,
                        const struct es_view *v, isize *at)
{
    const struct es_index *x = &t->es->indices[v->index];
    i64 total = 0, shown = 0, skip = s->from;
    isize end = -1;
    for (isize i = 0; i < x->count; i++) {
        if (!is_hit(t, s, x, v, i)) {
            continue;
        }
        total++;
        if (i >= *at && shown < s->size && skip-- <= 0) {
            struct hit h = {.place = i, .search = s};
            put_hit(t, x, &h, s, w);
            shown++;
            end = i + 1;
        }
    }
    *at = shown < s->size || end < 0 ? x->count : end;
    return total;
}

// The counting pass gives hits.total. index < 0: there is none, and that is no error.
static void put_hits(struct tenant *t, struct t_writer *w, const struct search *s, int index,
                     const struct es_view *v, isize *at)
{
    struct t_buf list = {0};
    struct t_writer lw = {.b = &list};
    i64 total = 0;
    t_json_open(&lw, '[');
    if (index >= 0 && s->sort_count > 0) {
        total = put_sorted(t, &lw, s, &t->es->indices[index]);
    } else if (index >= 0) {
        total = put_in_order(t, &lw, s, v, at);
    }
    t_json_close(&lw, ']');
    t_json_put_number(w, "took", 1);
    t_json_put_bool(w, "timed_out", false);
    t_json_key(w, "_shards");
    t_buf_z(w->b, "{\"total\":1,\"successful\":1,\"skipped\":0,\"failed\":0}");
    t_json_key(w, "hits");
    t_json_open(w, '{');
    if (!s->no_total) {
        t_json_key(w, "total");
        t_buf_printf(w->b, "{\"value\":%lld,\"relation\":\"eq\"}", (long long)total);
    }
    t_json_key(w, "max_score");
    t_buf_z(w->b, index < 0 && s->size > 0 ? "0.0" : list.n == 2 || s->sorted ? "null" : "1.0");
    t_json_key(w, "hits");
    t_buf_put(w->b, t_buf_str(&list));
    t_json_close(w, '}');
    t_buf_free(&list);
}

static bool refuse(struct t_response *r, const char *type, const char *reason)
{
    elastic_error(r, 400, type, reason);
    return false;
}

// One of: "field", {"field":"asc"}, {"field":{"order":"asc","unmapped_type":"date"}}.
static void read_one_sort(struct search *s, const struct es_index *x, const struct es_tree *t,
                          int node)
{
    int member = es_tree_kind(t, node) == ES_OBJECT ? t->nodes[node].first : node;
    str name = es_tree_kind(t, node) == ES_OBJECT && member >= 0 ? t->nodes[member].key : (str){0};
    struct t_buf text = {0};
    if (es_tree_kind(t, node) == ES_STRING) {
        es_tree_text(t, node, &text);
        name = t_buf_str(&text);
    }
    int order = es_tree_get(t, member, "order");
    struct es_sort *o = &s->sorts[s->sort_count];
    o->down = es_tree_is(t, member, "desc") || es_tree_is(t, order, "desc");
    o->lenient = es_tree_get(t, member, "unmapped_type") >= 0;
    s->sorted = s->sorted || !str_eq(name, S("_score"));
    bool order_of_writing = str_eq(name, S("_seq_no")) || (str_eq(name, S("_doc")) && !s->scrolls);
    s->by_field = s->by_field || !str_starts(name, S("_"));
    if (name.n > 0 && (!str_starts(name, S("_")) || order_of_writing)) {
        o->type = name.p[0] == '_' ? ES_T_ANY : es_field_type(x, name);
        o->field = t_strdup(name);
        s->sort_count++;
    }
    t_buf_free(&text);
}

static bool has_field(struct tenant *t, const struct es_index *x, str field)
{
    struct es_tree tree = {0};
    bool found = false;
    for (isize i = 0; i < x->count && !found; i++) {
        es_tree_clear(&tree);
        int at = 0, root = es_tree_parse(&tree, es_look(t, x, &x->docs[i]).source);
        found = es_tree_each(&tree, root, field, false, &at) >= 0;
    }
    es_tree_free(&tree);
    return found;
}

static bool check_sort(struct tenant *t, struct search *s, const struct es_index *x,
                       struct t_response *r)
{
    for (int i = 0; i < s->sort_count; i++) {
        const struct es_sort *o = &s->sorts[i];
        bool known = o->lenient || o->field[0] == '_' ||
                     (o->type == ES_T_ANY ? has_field(t, x, str_from(o->field))
                                          : o->type != ES_T_NONE);
        if (!known) {
            char text[300];
            snprintf(text, sizeof(text), "No mapping found for [%.200s] in order to sort on",
                     o->field);
            elastic_shard_error(r, 400, "query_shard_exception", text);
            return false;
        }
        if (o->type == ES_T_TEXT) {
            char text[300];
            snprintf(text, sizeof(text),
                     "Fielddata is disabled on [%.100s] in [%.100s]. Text fields are not optimised "
                     "for operations that require per-document field data like aggregations and "
                     "sorting, so these operations are disabled by default.",
                     o->field, x->name);
            elastic_shard_error(r, 400, "illegal_argument_exception", text);
            return false;
        }
    }
    return true;
}

static bool read_sort(struct tenant *t, str sort, struct search *s, const struct es_index *x,
                      struct t_response *r)
{
    if (str_find(sort, S("\"_id\"")) >= 0) {
        elastic_shard_error(
            r, 400, "illegal_argument_exception",
            "Fielddata access on the _id field is disallowed, you can re-enable it by updating "
            "the dynamic cluster setting: indices.id_field_data.enabled");
        return false;
    }
    struct es_tree tree = {0};
    int root = es_tree_parse(&tree, sort);
    bool list = es_tree_kind(&tree, root) == ES_ARRAY;
    for (int at = list ? tree.nodes[root].first : root; at >= 0;
         at = list ? tree.nodes[at].next : -1) {
        if (s->sort_count < ES_SORTS_MAX) {
            read_one_sort(s, x, &tree, at);
        }
    }
    es_tree_free(&tree);
    return check_sort(t, s, x, r);
}

static bool check_keys(str body, struct t_response *r)
{
    static const char *const known[] = {"from",          "size",
                                        "query",         "sort",
                                        "_source",       "seq_no_primary_term",
                                        "version",       "track_total_hits",
                                        "pit",           "search_after",
                                        "timeout",       "track_scores",
                                        "stored_fields", "fields",
                                        "aggs",          "explain",
                                        "min_score"};
    str key, value;
    isize at = 0;
    while (t_json_member(body, &at, &key, &value)) {
        bool ok = false;
        for (isize i = 0; i < COUNT(known); i++) {
            ok = ok || str_eq(key, str_from(known[i]));
        }
        if (!ok) {
            char text[200];
            u8 c = value.p[0];
            snprintf(text, sizeof(text), "Unknown key for a %s in [%.*s].",
                     c == '{'               ? "START_OBJECT"
                     : c == '['             ? "START_ARRAY"
                     : c == '"'             ? "VALUE_STRING"
                     : c == 't' || c == 'f' ? "VALUE_BOOLEAN"
                     : c == 'n'             ? "VALUE_NULL"
                                            : "VALUE_NUMBER",
                     (int)(key.n < 80 ? key.n : 80), key.p);
            return refuse(r, "parsing_exception", text);
        }
    }
    return true;
}

static bool read_window(struct search *s, struct t_response *r)
{
    char text[400];
    s->size = t_json_i64(s->body, "size", 10);
    s->from = t_json_i64(s->body, "from", 0);
    if (s->from < 0 || s->size < 0) {
        snprintf(text, sizeof(text),
                 s->from < 0 ? "[from] parameter cannot be negative but was "
                               "[%lld]"
                             : "[size] parameter cannot be negative, found "
                               "[%lld]",
                 (long long)(s->from < 0 ? s->from : s->size));
        return refuse(r, "illegal_argument_exception", text);
    }
    if (s->from + s->size > ES_WINDOW_MAX) {
        snprintf(text, sizeof(text),
                 s->scrolls
                     ? "Batch size is too large, size must be less than or equal to: [10000] "
                       "but was [%lld]. Scroll batch sizes cost as much memory as result "
                       "windows so they are controlled by the [index.max_result_window] index "
                       "level setting."
                     : "Result window is too large, from + size must be less than or equal to: "
                       "[10000] but was [%lld]. See the scroll api for a more efficient way to "
                       "request large data sets. This limit can be set by changing the "
                       "[index.max_result_window] index level setting.",
                 (long long)(s->from + s->size));
        elastic_shard_error(r, 400, "illegal_argument_exception", text);
        return false;
    }
    return true;
}

static bool read_after(struct search *s, str value, struct t_response *r)
{
    isize at = 0;
    i64 n = 0;
    str element;
    if (!t_json_is_array(value) || !t_json_element(value, &at, &element) ||
        !str_to_i64(element, &n) || n < 0) {
        return refuse(r, "illegal_argument_exception",
                      "search_after takes the value of _shard_doc");
    }
    s->after = n + 1;
    return true;
}

static bool read_search(struct tenant *t, str body, struct search *s, const struct es_index *x,
                        struct t_response *r)
{
    str value;
    if (str_trim(body).n == 0) {
        return true;
    }
    if (!t_json_whole(body, &s->body) || !t_json_is_object(s->body)) {
        return refuse(r, "parsing_exception", "Expected [START_OBJECT]");
    }
    if (!check_keys(s->body, r) || !read_window(s, r)) {
        return false;
    }
    if (t_json_get(s->body, "query", &value)) {
        if (!t_json_is_object(value)) {
            return refuse(r, "parsing_exception", "Unknown key for a START_ARRAY in [query].");
        }
        s->query = t_alloc((isize)sizeof(*s->query));
        s->query->now_ms = t->now_ms;
        if (!es_query_read(s->query, x, value, r)) {
            return false;
        }
    }
    if (x && t_json_get(s->body, "sort", &value) && !read_sort(t, value, s, x, r)) {
        return false;
    }
    if (t_json_get(s->body, "search_after", &value) && !read_after(s, value, r)) {
        return false;
    }
    s->seq = t_json_bool(s->body, "seq_no_primary_term", false);
    s->version = t_json_bool(s->body, "version", false);
    s->no_total = !t_json_bool(s->body, "track_total_hits", true) &&
                  t_json_i64(s->body, "track_total_hits", 0) == 0;
    if (t_json_get(s->body, "_source", &value)) {
        s->no_source = str_eq(value, S("false"));
        s->filter = t_strdup(value);
    }
    return true;
}

static void search_free(struct search *s)
{
    if (s->query) {
        es_query_free(s->query);
        t_free(s->query);
    }
    for (int i = 0; i < s->sort_count; i++) {
        t_free(s->sorts[i].field);
    }
    t_free(s->filter);
}

static void search_view(struct tenant *t, struct t_response *r, struct search *s, str pit)
{
    struct t_buf id = {0};
    t_json_get_text(pit, "id", &id);
    struct es_view *v = find_view(t, t_buf_str(&id));
    if (!v) {
        view_missing(r, t_buf_str(&id));
    } else {
        struct t_writer w = elastic_writer(r);
        isize at = (isize)s->after;
        t_json_open(&w, '{');
        t_json_put_member(&w, "pit_id", t_buf_str(&id));
        put_hits(t, &w, s, v->index, v, &at);
        t_json_close(&w, '}');
    }
    t_buf_free(&id);
}

static void search_index(struct tenant *t, const struct t_request *q, struct t_response *r,
                         const struct search *s, int index)
{
    struct t_buf keep = {0};
    bool scroll = t_query_get(q->query, "scroll", 0, &keep);
    struct es_view *v = scroll ? open_view(t, index, keep_ms(t_buf_str(&keep), 60000)) : NULL;
    if (scroll && !v) {
        elastic_error(
            r, 429, "search_phase_execution_exception",
            "Trying to create too many scroll contexts. Must be less than or equal to: [500].");
    } else {
        struct t_writer w = elastic_writer(r);
        isize at = 0;
        t_json_open(&w, '{');
        if (scroll) {
            put_view_id(&w, "_scroll_id", v);
        }
        put_hits(t, &w, s, index, v, &at);
        t_json_close(&w, '}');
        if (scroll) {
            v->at = at;
            v->size = (isize)s->size;
            v->source_filter = s->filter ? t_strdup(str_from(s->filter)) : NULL;
            str query;
            bool asked = t_json_get(s->body, "query", &query);
            v->query = asked ? t_strdup(query) : NULL;
        }
    }
    t_buf_free(&keep);
}

void es_search(struct tenant *t, const struct t_request *q, struct t_response *r, str index,
               str body)
{
    struct search s = {.size = 10, .scrolls = es_query_flag(q, "scroll")};
    str object, pit = {0}, element;
    int place = index.n > 0 ? es_find_index(t->es, index) : -1;
    struct es_index *x = place >= 0 ? &t->es->indices[place] : NULL;
    bool ignore = es_query_flag(q, "ignore_unavailable");
    if (t_json_whole(body, &object) && t_json_is_object(object)) {
        t_json_get(object, "pit", &pit);
        s.sorted = pit.n > 0 && t_json_get(object, "sort", &element);
    }
    if (!read_search(t, body, &s, x, r)) {
        // it is said
    } else if (pit.n > 0 && index.n > 0) {
        elastic_error(r, 400, "action_request_validation_exception",
                      "Validation Failed: 1: [indices] cannot be used with point in time;");
    } else if (pit.n > 0) {
        search_view(t, r, &s, pit);
    } else if (place < 0 && !ignore) {
        elastic_index_missing(r, index);
    } else if (place < 0) {
        struct t_writer w = elastic_writer(r);
        isize at = 0;
        t_json_open(&w, '{');
        put_hits(t, &w, &s, -1, NULL, &at);
        t_json_close(&w, '}');
    } else if (es_index_open(x, false, r)) {
        if (s.sort_count == 0 && !s.scrolls) {
            s.sorts[s.sort_count++] = (struct es_sort){.field = t_strdup(S("_doc"))};
        }
        search_index(t, q, r, &s, place);
    }
    search_free(&s);
}

void es_count(struct tenant *t, const struct t_request *q, struct t_response *r, str index,
              str body)
{
    int place = es_find_index(t->es, index);
    struct es_index *x = place >= 0 ? &t->es->indices[place] : NULL;
    struct search s = {0};
    str object = {0}, key, value;
    isize at = 0;
    i64 n = 0;
    if (t_json_whole(body, &object) && t_json_member(object, &at, &key, &value) &&
        !str_eq(key, S("query"))) {
        char text[200];
        snprintf(text, sizeof(text), "request does not support [%.*s]",
                 (int)(key.n < 100 ? key.n : 100), key.p);
        refuse(r, "parsing_exception", text);
    } else if (!read_search(t, body, &s, x, r)) {
        // it is said
    } else if (!x && !es_query_flag(q, "ignore_unavailable")) {
        elastic_index_missing(r, index);
    } else if (!x || es_index_open(x, false, r)) {
        for (isize i = 0; x && i < x->count; i++) {
            n += is_hit(t, &s, x, NULL, i) ? 1 : 0;
        }
        t_buf_printf(&r->own,
                     "{\"count\":%lld,\"_shards\":{\"total\":1,\"successful\":1,\"skipped\":0,"
                     "\"failed\":0}}",
                     (long long)n);
    }
    search_free(&s);
}

static void scroll_next(struct tenant *t, struct t_response *r, str id)
{
    struct es_view *v = find_view(t, id);
    if (!v) {
        view_missing(r, id);
        return;
    }
    struct search s = {.size = v->size, .filter = v->source_filter, .sorted = true};
    s.no_source = v->source_filter && strcmp(v->source_filter, "false") == 0;
    if (v->query) {
        s.query = t_alloc((isize)sizeof(*s.query));
        s.query->now_ms = t->now_ms;
        es_query_read(s.query, &t->es->indices[v->index], str_from(v->query), r);
    }
    struct t_writer w = elastic_writer(r);
    t_json_open(&w, '{');
    t_json_put_member(&w, "_scroll_id", id);
    put_hits(t, &w, &s, v->index, v, &v->at);
    t_json_close(&w, '}');
    s.filter = NULL; // it is the view's
    search_free(&s);
}

static void close_views(struct tenant *t, struct t_response *r, str ids)
{
    struct t_buf id = {0};
    str element;
    isize at = 0;
    int closed = 0;
    bool one = t_json_is_string(ids);
    while (one || (t_json_is_array(ids) && t_json_element(ids, &at, &element))) {
        id.n = 0;
        t_json_text(one ? ids : element, &id);
        struct es_view *v = find_view(t, t_buf_str(&id));
        if (v) {
            v->id = 0;
            closed++;
        }
        if (one) {
            break;
        }
    }
    t_buf_free(&id);
    struct t_writer w = elastic_writer(r);
    t_json_open(&w, '{');
    t_json_put_bool(&w, "succeeded", true);
    t_json_put_number(&w, "num_freed", closed);
    t_json_close(&w, '}');
    r->status = closed > 0 ? 200 : 404;
    es_free_gone(t->es);
}

void es_scroll(struct tenant *t, const struct t_request *q, struct t_response *r, str body)
{
    str object = {0}, ids;
    struct t_buf id = {0};
    if (!t_json_whole(body, &object) || !t_json_get(object, "scroll_id", &ids)) {
        elastic_error(r, 400, "action_request_validation_exception",
                      "Validation Failed: 1: scrollId is missing;");
    } else if (t_request_is(q, "DELETE")) {
        close_views(t, r, ids);
    } else {
        t_json_text(ids, &id);
        scroll_next(t, r, t_buf_str(&id));
    }
    t_buf_free(&id);
}

void es_pit(struct tenant *t, const struct t_request *q, struct t_response *r, str index, str body)
{
    struct t_buf keep = {0};
    str object = {0}, ids;
    int place = es_find_index(t->es, index);
    if (t_request_is(q, "DELETE")) {
        if (t_json_whole(body, &object) && t_json_get(object, "id", &ids)) {
            close_views(t, r, ids);
        } else {
            elastic_error(r, 400, "action_request_validation_exception",
                          "Validation Failed: 1: id is missing;");
        }
    } else if (place < 0) {
        elastic_index_missing(r, index);
    } else if (!t_query_get(q->query, "keep_alive", 0, &keep)) {
        elastic_error(r, 400, "action_request_validation_exception",
                      "Validation Failed: 1: [keep_alive] is not specified;");
    } else {
        struct es_view *v = open_view(t, place, keep_ms(t_buf_str(&keep), 60000));
        struct t_writer w = elastic_writer(r);
        t_json_open(&w, '{');
        if (v) {
            put_view_id(&w, "id", v);
        }
        t_json_close(&w, '}');
    }
    t_buf_free(&keep);
}
