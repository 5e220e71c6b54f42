// SPDX-License-Identifier: Apache-2.0
// What a test may ask of the Elasticsearch double beyond its API: errors of single items, counts,
// every document in the order of ids, to compare with what should be there; and what Kibana does to
// connectors and jobs, without a password and at once.
#include <stdlib.h>
#include <string.h>

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

// {"index":"search-x","state":"open|closed|read_only|flood"}
static void set_index(struct es *es, str o)
{
    static const char *const names[] = {[ES_OPEN] = "open",
                                        [ES_CLOSED] = "closed",
                                        [ES_READ_ONLY] = "read_only",
                                        [ES_FLOOD] = "flood"};
    struct t_buf index = {0}, state = {0};
    if (t_json_get_text(o, "index", &index) && t_json_get_text(o, "state", &state)) {
        int place = es_find_index(es, t_buf_str(&index));
        for (int i = 0; i < (int)COUNT(names) && place >= 0; i++) {
            if (str_eq(t_buf_str(&state), str_from(names[i]))) {
                es->indices[place].state = (enum es_state)i;
            }
        }
    }
    t_buf_free(&index);
    t_buf_free(&state);
}

// {"race":{"id":I, "doc":{...}, "skip":n, "count":k}}: a rival's write comes first.
static void set_race(struct es *es, str o)
{
    str race, doc;
    if (!t_json_get(o, "race", &race)) {
        return;
    }
    set_text(&es->race_id, race, "id", NULL);
    t_free(es->race_doc);
    es->race_doc = t_json_get(race, "doc", &doc) ? t_strdup(doc) : NULL;
    es->race_skip = t_json_i64(race, "skip", 0);
    es->race_count = t_json_i64(race, "count", 1);
}

// Options hold slices that the caller keeps; what is set here stays with the double.
static void set_option(struct es *es, str o, const char *key, str *option)
{
    struct t_buf b = {0};
    if (t_json_get_text(o, key, &b) && es->text_count < ES_TEXTS_MAX) {
        char *z = t_strdup(t_buf_str(&b));
        es->texts[es->text_count++] = z;
        *option = str_from(z);
    }
    t_buf_free(&b);
}

static void set_item_errors(struct es *es, str o)
{
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

void elastic_control(struct tenant *t, str o)
{
    set_index(t->es, o);
    set_race(t->es, o);
    set_option(t->es, o, "license", &t->o.es_license);
    set_option(t->es, o, "version", &t->o.es_version);
    set_option(t->es, o, "flavor", &t->o.es_flavor);
    t->o.es_no_connectors = !t_json_bool(o, "connectors_api", !t->o.es_no_connectors);
    if (str_find(o, S("\"error_")) >= 0) {
        set_item_errors(t->es, o);
    }
}

// ---- connectors and jobs
// -------------------------------------------------------------------------

static void refuse(struct t_response *r, int status, const char *text)
{
    r->status = status;
    r->own.n = 0;
    t_buf_printf(&r->own, "{\"error\":\"%s\"}", text);
}

static void show_records(struct tenant *t, struct t_response *r, const char *alias)
{
    const struct es_index *x = es_system_index(t, alias);
    for (isize i = 0; i < x->count; i++) {
        if (x->docs[i].deleted_seq == 0) {
            t_buf_z(&r->own, "{\"id\":");
            t_json_put_string(&r->own, str_make(x->docs[i].id, x->docs[i].id_bytes));
            t_buf_printf(&r->own, ",\"_seq_no\":%lld,\"_version\":%lld,\"record\":",
                         (long long)x->docs[i].seq - 1, (long long)x->docs[i].version);
            t_buf_put(&r->own, es_source(&x->docs[i]));
            t_buf_z(&r->own, "}\n");
        }
    }
}

// Values of known configuration fields, as Kibana's form writes them.
static bool put_values(struct es_tree *tree, int record, int values)
{
    int fields = es_tree_get(tree, record, "configuration");
    for (int at = values < 0 ? -1 : tree->nodes[values].first; at >= 0; at = tree->nodes[at].next) {
        int field = es_tree_find(tree, fields, tree->nodes[at].key);
        if (field < 0) {
            return false;
        }
        es_tree_set_copy(tree, field, "value", at);
    }
    if (values >= 0) {
        es_tree_set_json(tree, record, "status", "\"configured\"");
    }
    return true;
}

static void drop_record(struct tenant *t, struct t_response *r, const char *alias, str id)
{
    struct es_index *x = es_system_index(t, alias);
    struct es_doc *gone = es_find_doc(t->es, x, id);
    if (gone) {
        es_delete_doc(t->es, x, gone);
    }
    t_buf_printf(&r->own, "{\"ok\":%s}", gone ? "true" : "false");
}

static void do_connector(struct tenant *t, struct t_response *r, struct es_tree *tree, int ask,
                         str id)
{
    int record = es_tree_get(tree, ask, "record"), doc = es_tree_get(tree, ask, "doc");
    record = record >= 0 ? es_tree_copy(tree, record) : es_record(t, tree, ES_CONNECTORS, id);
    record = record >= 0 ? record : es_connector_new(t, tree);
    if (doc >= 0) {
        es_tree_merge(tree, record, es_tree_copy(tree, doc));
    }
    int rules = es_tree_get(tree, ask, "rules"), advanced = es_tree_get(tree, ask, "advanced");
    if (rules >= 0 || advanced >= 0) {
        es_connector_draft(t, tree, record, rules, advanced);
    }
    if (!put_values(tree, record, es_tree_get(tree, ask, "values"))) {
        refuse(r, 404, "the configuration has no such field");
        return;
    }
    es_record_save(t, tree, record, ES_CONNECTORS, id);
    t_buf_z(&r->own, "{\"ok\":true}");
}

static void make_job(struct tenant *t, struct t_response *r, const struct es_tree *tree, int make)
{
    struct t_buf made = {0};
    if (es_job_make(t, r, tree, make, &made)) {
        t_buf_z(&r->own, "{\"id\":");
        t_json_put_string(&r->own, t_buf_str(&made));
        t_buf_byte(&r->own, '}');
    }
    t_buf_free(&made);
}

static void change_job(struct tenant *t, struct t_response *r, struct es_tree *tree, int ask,
                       str id)
{
    int job = es_record(t, tree, ES_JOBS, id), doc = es_tree_get(tree, ask, "doc");
    int status = es_tree_get(tree, ask, "status");
    if (job < 0) {
        refuse(r, 404, "no such job");
        return;
    }
    if (es_tree_true(tree, es_tree_get(tree, ask, "cancel"))) {
        const char *to = es_job_cancel(t, id);
        if (to) {
            t_buf_printf(&r->own, "{\"status\":\"%s\"}", to);
        } else {
            refuse(r, 409, "the job is over, or being canceled");
        }
        return;
    }
    if (status >= 0) {
        es_tree_set_copy(tree, job, "status", status);
    }
    if (doc >= 0) {
        es_tree_merge(tree, job, es_tree_copy(tree, doc));
    }
    es_record_save(t, tree, job, ES_JOBS, id);
    t_buf_z(&r->own, "{\"ok\":true}");
}

void elastic_records(struct tenant *t, bool jobs, str o, struct t_response *r)
{
    struct es_tree tree = {0};
    struct t_buf id = {0};
    const char *alias = jobs ? ES_JOBS : ES_CONNECTORS;
    if (o.n == 0) {
        show_records(t, r, alias);
        return;
    }
    int ask = es_tree_keep(&tree, o), make = es_tree_get(&tree, ask, "make");
    es_tree_text(&tree, es_tree_get(&tree, ask, "id"), &id);
    if (jobs && make >= 0) {
        make_job(t, r, &tree, make);
    } else if (id.n == 0) {
        refuse(r, 400, "which id?");
    } else if (es_tree_true(&tree, es_tree_get(&tree, ask, "delete"))) {
        drop_record(t, r, alias, t_buf_str(&id));
    } else if (jobs) {
        change_job(t, r, &tree, ask, t_buf_str(&id));
    } else {
        do_connector(t, r, &tree, ask, t_buf_str(&id));
    }
    es_tree_free(&tree);
    t_buf_free(&id);
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
            es_put_source(es_source(doc), doc->piped, NULL, out);
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
