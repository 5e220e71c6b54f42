// SPDX-License-Identifier: Apache-2.0
// What a test may ask of the Elasticsearch double beyond its API: errors of single items, counts,
// and every document in the order of ids, to compare with what should be there.
#include <stdlib.h>

#include "es.h"

static void set_text(char **place, str object, const char *key, const char *otherwise)
{
    struct t_buf b = {0};
    if (t_json_get_text(object, key, &b)) {
        t_free(*place);
        *place = b.n > 0 ? t_strdup(t_buf_str(&b)) : NULL;
    } else if (!*place && otherwise) {
        *place = t_strdup(str_from(otherwise));
    }
    t_buf_free(&b);
}

void elastic_control(struct tenant *t, str o)
{
    struct es *es = t->es;
    es->error_every = t_json_i64(o, "error_every", es->error_every);
    es->error_count = t_json_i64(o, "error_count", -1);
    es->error_status = t_json_i64(o, "error_status", es->error_status > 0 ? es->error_status : 400);
    es->error_seen = 0;
    bool busy = es->error_status == 429;
    set_text(&es->error_type, o, "error_type",
             busy ? "es_rejected_execution_exception" : "document_parsing_exception");
    set_text(&es->error_reason, o, "error_reason",
             busy ? "rejected execution of coordinating operation"
                  : "[1:2] failed to parse field [x] of type [long]");
    set_text(&es->error_id, o, "error_id", NULL);
}

void elastic_put_stats(const struct tenant *t, struct t_writer *w)
{
    t_json_key(w, "documents");
    t_json_open(w, '{');
    for (int i = 0; i < t->es->index_count; i++) {
        if (t->es->indices[i].name) {
            t_json_put_number(w, t->es->indices[i].name, t->es->indices[i].live);
        }
    }
    t_json_close(w, '}');
    i64 open = 0;
    for (int i = 0; i < ES_VIEWS_MAX; i++) {
        open += t->es->views[i].id != 0 ? 1 : 0;
    }
    t_json_put_number(w, "scrolls_open", open);
}

struct sorted {
    str id;
    isize place;
};

struct stream {
    struct tenant *t;
    int index;
    bool stored;
    struct sorted *docs;
    isize count, at;
};

static int compare(const void *a, const void *b)
{
    const struct sorted *x = a, *y = b;
    return str_compare(x->id, y->id);
}

static bool produce(void *st, struct t_buf *out)
{
    struct stream *s = st;
    const struct es_index *x = &s->t->es->indices[s->index];
    if (s->at < s->count && s->docs[s->at].place < x->count) {
        const struct es_doc *doc = &x->docs[s->docs[s->at].place];
        t_buf_z(out, "{\"_id\":");
        t_json_put_string(out, str_make(doc->id, doc->id_bytes));
        t_buf_printf(out, ",\"_version\":%llu,\"piped\":%s,\"_source\":",
                     (unsigned long long)doc->version, doc->piped ? "true" : "false");
        if (s->stored) {
            es_put_source(doc, NULL, out);
        } else {
            t_buf_put(out, str_make(doc->source, doc->source_bytes));
        }
        t_buf_z(out, "}\n");
    }
    s->at++;
    return s->at < s->count;
}

static void stream_free(void *st)
{
    struct stream *s = st;
    t_free(s->docs);
    t_free(s);
}

bool elastic_stream_docs(struct tenant *t, str index, bool stored, struct t_response *r)
{
    int place = es_find_index(t->es, index);
    if (place < 0) {
        return false;
    }
    const struct es_index *x = &t->es->indices[place];
    struct stream *s = t_alloc((isize)sizeof(*s));
    *s = (struct stream){.t = t, .index = place, .stored = stored};
    s->docs = t_alloc((x->live + 1) * (isize)sizeof(*s->docs));
    for (isize i = 0; i < x->count; i++) {
        if (x->docs[i].deleted_seq == 0) {
            s->docs[s->count++] = (struct sorted){str_make(x->docs[i].id, x->docs[i].id_bytes), i};
        }
    }
    qsort(s->docs, (size_t)s->count, sizeof(*s->docs), compare);
    r->produce = produce;
    r->produce_st = s;
    r->produce_free = stream_free;
    t_response_header(r, "Content-Type: application/x-ndjson");
    return true;
}
