// SPDX-License-Identifier: Apache-2.0
// Searches of the Elasticsearch double: everything of an index, by scroll (sorted by _doc), by
// point in time (_shard_doc and search_after), or one page by from and size. Queries other than
// match_all are refused: nothing of Gmail asks them.
#include <stdio.h>
#include <string.h>

#include "es.h"

struct search {
    str body; // an object; empty: none was sent
    i64 from, size;
    i64 after;    // place in docs from which to go on
    char *filter; // of _source, JSON
    bool no_source, by_place;
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
        if (v->id != 0 && t->now_ms - v->opened_ms > v->keep_ms) {
            v->id = 0;
        }
        if (v->id == 0) {
            t_free(v->source_filter);
            *v = (struct es_view){.id = ++es->next_view * 1000 + (u64)i, .index = index};
            v->seq = es->indices[index].seq;
            v->opened_ms = t->now_ms;
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
    ok = ok && v->id == n && t->now_ms - v->opened_ms <= v->keep_ms;
    if (ok) {
        v->opened_ms = t->now_ms;
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
    bool visible = doc->created_seq <= x->refreshed_seq || v->opened_ms >= doc->visible_ms;
    return existed && visible;
}

static void put_hit(const struct es_index *x, isize place, const struct search *s,
                    struct t_writer *w)
{
    const struct es_doc *doc = &x->docs[place];
    t_json_item(w);
    t_json_open(w, '{');
    t_json_put_member(w, "_index", str_from(x->name));
    t_json_put_member(w, "_id", str_make(doc->id, doc->id_bytes));
    t_json_key(w, "_score");
    t_buf_z(w->b, "null");
    if (!s->no_source) {
        t_json_key(w, "_source");
        es_put_source(doc, s->filter, w->b);
    }
    t_json_key(w, "sort");
    t_buf_printf(w->b, "[%lld]", (long long)place);
    t_json_close(w, '}');
}

// Hits from place `*at` on; moves it. The counting pass gives hits.total.
static void put_hits(struct tenant *t, struct t_writer *w, const struct search *s, int index,
                     const struct es_view *v, isize *at)
{
    const struct es_index *x = &t->es->indices[index];
    i64 total = 0, shown = 0, skip = s->from;
    for (isize i = 0; i < x->count; i++) {
        total += is_in_view(t, v, x, &x->docs[i]) ? 1 : 0;
    }
    t_json_put_number(w, "took", 1);
    t_json_put_bool(w, "timed_out", false);
    t_json_key(w, "_shards");
    t_buf_z(w->b, "{\"total\":1,\"successful\":1,\"skipped\":0,\"failed\":0}");
    t_json_key(w, "hits");
    t_json_open(w, '{');
    t_json_key(w, "total");
    t_buf_printf(w->b, "{\"value\":%lld,\"relation\":\"eq\"}", (long long)total);
    t_json_key(w, "max_score");
    t_buf_z(w->b, "null");
    t_json_key(w, "hits");
    t_json_open(w, '[');
    while (*at < x->count && shown < s->size) {
        if (is_in_view(t, v, x, &x->docs[*at])) {
            if (skip > 0) {
                skip--;
            } else {
                put_hit(x, *at, s, w);
                shown++;
            }
        }
        (*at)++;
    }
    t_json_close(w, ']');
    t_json_close(w, '}');
}

static bool refuse(struct t_response *r, const char *type, const char *reason)
{
    elastic_error(r, 400, type, reason);
    return false;
}

static bool read_sort(str body, struct search *s, struct t_response *r)
{
    str sort, query;
    if (t_json_get(body, "sort", &sort) && str_find(sort, S("\"_id\"")) >= 0) {
        elastic_shard_error(
            r, 400, "illegal_argument_exception",
            "Fielddata access on the _id field is disallowed, you can re-enable it by updating "
            "the dynamic cluster setting: indices.id_field_data.enabled");
        return false;
    }
    s->by_place = str_find(sort, S("_shard_doc")) >= 0;
    if (t_json_get(body, "query", &query) && str_find(query, S("\"match_all\"")) < 0) {
        return refuse(r, "parsing_exception", "the double knows match_all only");
    }
    return true;
}

static bool read_search(str body, struct search *s, struct t_response *r)
{
    str value, element;
    *s = (struct search){.size = 10};
    if (str_trim(body).n == 0) {
        return true;
    }
    if (!t_json_whole(body, &s->body) || !t_json_is_object(s->body)) {
        return refuse(r, "parsing_exception", "Expected [START_OBJECT]");
    }
    s->size = t_json_i64(s->body, "size", 10);
    s->from = t_json_i64(s->body, "from", 0);
    if (s->from + s->size > ES_WINDOW_MAX || s->size < 0 || s->from < 0) {
        elastic_shard_error(
            r, 400, "illegal_argument_exception",
            "Result window is too large, from + size must be less than or equal to: [10000]");
        return false;
    }
    if (!read_sort(s->body, s, r)) {
        return false;
    }
    if (t_json_get(s->body, "search_after", &value)) {
        isize at = 0;
        i64 n = 0;
        if (!t_json_is_array(value) || !t_json_element(value, &at, &element) ||
            !str_to_i64(element, &n) || n < 0) {
            return refuse(r, "illegal_argument_exception",
                          "search_after takes the value of _shard_doc");
        }
        s->after = n + 1;
    }
    if (t_json_get(s->body, "_source", &value)) {
        s->no_source = str_eq(value, S("false"));
        s->filter = t_strdup(value);
    }
    return true;
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
        }
    }
    t_buf_free(&keep);
}

void es_search(struct tenant *t, const struct t_request *q, struct t_response *r, str index,
               str body)
{
    struct search s;
    str pit;
    if (!read_search(body, &s, r)) {
        t_free(s.filter);
        return;
    }
    int place = index.n > 0 ? es_find_index(t->es, index) : -1;
    if (s.body.n > 0 && t_json_get(s.body, "pit", &pit)) {
        if (index.n > 0) {
            elastic_error(r, 400, "action_request_validation_exception",
                          "Validation Failed: 1: [indices] cannot be used with point in time;");
        } else {
            search_view(t, r, &s, pit);
        }
    } else if (place < 0) {
        elastic_index_missing(r, index);
    } else {
        search_index(t, q, r, &s, place);
    }
    t_free(s.filter);
}

static void scroll_next(struct tenant *t, struct t_response *r, str id)
{
    struct es_view *v = find_view(t, id);
    if (!v) {
        view_missing(r, id);
        return;
    }
    struct search s = {.size = v->size, .filter = v->source_filter};
    s.no_source = v->source_filter && strcmp(v->source_filter, "false") == 0;
    struct t_writer w = elastic_writer(r);
    t_json_open(&w, '{');
    t_json_put_member(&w, "_scroll_id", id);
    put_hits(t, &w, &s, v->index, v, &v->at);
    t_json_close(&w, '}');
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
