// SPDX-License-Identifier: Apache-2.0
// The documents of the Elasticsearch double; see es.h.
#include <string.h>

#include "es.h"

#define GONE 0xFFFFFFFFu

struct es *elastic_new(void)
{
    struct es *es = t_alloc((isize)sizeof(*es));
    es->key = (struct hash_key){0x6D61696C66657272u, 0x7974656E616E7421u};
    es_set_name(es->pipelines, &es->pipeline_count, S("search-default-ingestion"), S("default"));
    es_set_name(es->pipelines, &es->pipeline_count, S("ent-search-generic-ingestion"),
                S("default"));
    return es;
}

static void free_docs(struct es_index *x)
{
    for (isize i = 0; i < x->count; i++) {
        t_free(x->docs[i].id);
        t_free(x->docs[i].source);
        t_free(x->docs[i].old_source);
    }
    t_free(x->docs);
    t_free(x->mapping);
    t_free(x->table);
    t_free(x->name);
}

static void free_names(const struct es_name *names, int count)
{
    for (int i = 0; i < count; i++) {
        t_free(names[i].name);
        t_free(names[i].value);
    }
}

void elastic_free(struct es *es)
{
    for (int i = 0; i < es->index_count; i++) {
        if (es->indices[i].name) {
            free_docs(&es->indices[i]);
        }
    }
    free_names(es->aliases, es->alias_count);
    free_names(es->pipelines, es->pipeline_count);
    free_names(es->secrets, es->secret_count);
    for (int i = 0; i < es->key_count; i++) {
        t_free(es->keys[i].id);
        t_free(es->keys[i].name);
        t_free(es->keys[i].encoded);
        t_free(es->keys[i].rights);
    }
    for (int i = 0; i < es->text_count; i++) {
        t_free(es->texts[i]);
    }
    t_free(es->race_id);
    t_free(es->race_doc);
    for (int i = 0; i < ES_VIEWS_MAX; i++) {
        t_free(es->views[i].source_filter);
        t_free(es->views[i].query);
    }
    t_free(es->error_id);
    t_free(es->error_type);
    t_free(es->error_reason);
    t_free(es);
}

const char *es_name_value(const struct es_name *names, int count, str name)
{
    for (int i = 0; i < count; i++) {
        if (names[i].name && str_eq(name, str_from(names[i].name))) {
            return names[i].value;
        }
    }
    return NULL;
}

// An empty value removes the name.
void es_set_name(struct es_name *names, int *count, str name, str value)
{
    int place = *count;
    for (int i = 0; i < *count; i++) {
        if (!names[i].name || str_eq(name, str_from(names[i].name))) {
            place = i;
        }
    }
    if (place == ES_NAMES_MAX || (place == *count && value.n == 0)) {
        return;
    }
    if (place == *count) {
        (*count)++;
    }
    t_free(names[place].name);
    t_free(names[place].value);
    names[place] = (struct es_name){0};
    if (value.n > 0) {
        names[place] = (struct es_name){.name = t_strdup(name), .value = t_strdup(value)};
    }
}

int es_find_index(const struct es *es, str name)
{
    const char *target = es_name_value(es->aliases, es->alias_count, name);
    str wanted = target ? str_from(target) : name;
    for (int i = 0; i < es->index_count; i++) {
        if (es->indices[i].name && str_eq(wanted, str_from(es->indices[i].name))) {
            return i;
        }
    }
    return -1;
}

static bool is_index_name(str name)
{
    bool ok = name.n > 0 && name.n <= 255 && !str_eq(name, S(".")) && !str_eq(name, S(".."));
    ok = ok && str_find_byte(S("_-+"), name.p[0]) < 0;
    for (isize i = 0; i < name.n && ok; i++) {
        u8 c = name.p[i];
        ok = c > ' ' && !(c >= 'A' && c <= 'Z') && str_find_byte(S("\\/*?\"<>|,#:"), c) < 0;
    }
    return ok;
}

int es_make_index(struct es *es, str name)
{
    int place = 0;
    while (place < es->index_count && es->indices[place].name) {
        place++;
    }
    if (!is_index_name(name) || place == ES_INDICES_MAX) {
        return -1;
    }
    es->index_count = place == es->index_count ? place + 1 : es->index_count;
    struct es_index *x = &es->indices[place];
    *x = (struct es_index){.name = t_strdup(name), .places = 1024, .refresh_ms = ES_REFRESH_MS};
    x->number = ++es->indices_made;
    x->table = t_alloc(x->places * (isize)sizeof(u32));
    es_system_apply(es, place);
    return place;
}

str es_index_alias(const struct es *es, int index, int *at)
{
    while (*at < es->alias_count) {
        const struct es_name *n = &es->aliases[(*at)++];
        if (n->name && str_eq(str_from(n->value), str_from(es->indices[index].name))) {
            return str_from(n->name);
        }
    }
    return (str){0};
}

void es_drop_index(struct es *es, int index)
{
    for (int i = 0; i < ES_VIEWS_MAX; i++) {
        if (es->views[i].index == index) {
            es->views[i].id = 0;
        }
    }
    str alias;
    for (int at = 0; (alias = es_index_alias(es, index, &at)).n > 0;) {
        struct t_buf name = {0};
        t_buf_put(&name, alias);
        es_set_name(es->aliases, &es->alias_count, t_buf_str(&name), (str){0});
        t_buf_free(&name);
    }
    free_docs(&es->indices[index]);
    es->indices[index] = (struct es_index){0};
}

// The place of the id in the table, or the empty one where it would go.
static isize find_place(const struct es *es, const struct es_index *x, str id)
{
    isize i = (isize)(hash_siphash(es->key, id) % (u64)x->places);
    while (x->table[i] != 0) {
        if (x->table[i] != GONE) {
            const struct es_doc *doc = &x->docs[x->table[i] - 1];
            if (str_eq(id, str_make(doc->id, doc->id_bytes))) {
                return i;
            }
        }
        i = i + 1 == x->places ? 0 : i + 1;
    }
    return i;
}

struct es_doc *es_find_doc(const struct es *es, struct es_index *x, str id)
{
    u32 place = x->table[find_place(es, x, id)];
    return place == 0 ? NULL : &x->docs[place - 1];
}

static void grow_table(const struct es *es, struct es_index *x)
{
    t_free(x->table);
    x->places = x->live * 4 + 1024;
    x->table = t_alloc(x->places * (isize)sizeof(u32));
    x->used = 0;
    for (isize i = 0; i < x->count; i++) {
        const struct es_doc *doc = &x->docs[i];
        if (doc->deleted_seq == 0) {
            x->table[find_place(es, x, str_make(doc->id, doc->id_bytes))] = (u32)i + 1;
            x->used++;
        }
    }
}

static struct es_doc *add_doc(struct tenant *t, struct es_index *x, str id)
{
    if ((x->used + 1) * 2 > x->places) {
        grow_table(t->es, x);
    }
    if (x->count == x->cap) {
        x->cap = x->cap * 2 + 256;
        x->docs = t_resize(x->docs, x->cap * (isize)sizeof(*x->docs));
    }
    x->table[find_place(t->es, x, id)] = (u32)x->count + 1;
    x->used++;
    x->live++;
    struct es_doc *doc = &x->docs[x->count++];
    *doc = (struct es_doc){.id = t_strdup(id), .id_bytes = id.n};
    doc->created_seq = x->seq + 1;
    doc->visible_ms = t->now_ms + x->refresh_ms;
    return doc;
}

// What --es-discard keeps of a document: what a scan for deletion needs.
static void put_kept(str source, struct t_buf *out)
{
    static const char *const kept[] = {"id", "_timestamp", "_allow_access_control", "mailbox",
                                       "type"};
    struct t_writer w = {.b = out};
    str key, value;
    isize at = 0;
    t_json_open(&w, '{');
    while (t_json_member(source, &at, &key, &value)) {
        for (isize i = 0; i < COUNT(kept); i++) {
            if (str_eq(key, str_from(kept[i]))) {
                t_json_key(&w, kept[i]);
                t_buf_put(out, value);
            }
        }
    }
    t_json_close(&w, '}');
}

// The version that searches see stays, unless an older one does already.
static void keep_old(struct tenant *t, const struct es_index *x, struct es_doc *doc)
{
    bool seen = doc->seq <= x->refreshed_seq || t->now_ms >= doc->changed_ms;
    if (seen || !doc->old_source) {
        t_free(doc->old_source);
        doc->old_source = doc->source;
        doc->old_bytes = doc->source_bytes;
        doc->old_seq = doc->seq;
        doc->old_version = doc->version;
        doc->source = NULL;
    }
    doc->changed_ms = seen ? t->now_ms + x->refresh_ms : doc->changed_ms;
}

struct es_seen es_look(const struct tenant *t, const struct es_index *x, const struct es_doc *doc)
{
    if (doc->old_source && doc->seq > x->refreshed_seq && t->now_ms < doc->changed_ms) {
        return (struct es_seen){str_make(doc->old_source, doc->old_bytes), doc->old_seq,
                                doc->old_version};
    }
    return (struct es_seen){es_source(doc), doc->seq, doc->version};
}

struct es_doc *es_put_doc(struct tenant *t, struct es_index *x, str id, str source, bool *created)
{
    struct es_doc *doc = es_find_doc(t->es, x, id);
    *created = !doc;
    if (doc && x->keeps_old) {
        keep_old(t, x, doc);
    }
    doc = doc ? doc : add_doc(t, x, id);
    doc->seq = ++x->seq;
    doc->version++;
    struct t_buf b = {0};
    if (t->o.es_discard) {
        put_kept(source, &b);
    } else {
        t_buf_put(&b, source);
    }
    t_free(doc->source);
    doc->source = t_resize(b.p, b.n);
    doc->source_bytes = b.n;
    return doc;
}

void es_delete_doc(struct es *es, struct es_index *x, struct es_doc *doc)
{
    x->table[find_place(es, x, str_make(doc->id, doc->id_bytes))] = GONE;
    doc->deleted_seq = ++x->seq;
    x->live--;
}

bool es_is_visible(const struct tenant *t, const struct es_index *x, const struct es_doc *doc)
{
    return doc->deleted_seq == 0 &&
           (doc->created_seq <= x->refreshed_seq || t->now_ms >= doc->visible_ms);
}

void es_free_gone(struct es *es)
{
    for (int i = 0; i < ES_VIEWS_MAX; i++) {
        if (es->views[i].id != 0) {
            return;
        }
    }
    for (int i = 0; i < es->index_count; i++) {
        struct es_index *x = &es->indices[i];
        isize kept = 0;
        for (isize k = 0; k < x->count; k++) {
            if (x->docs[k].deleted_seq != 0) {
                t_free(x->docs[k].id);
                t_free(x->docs[k].source);
                t_free(x->docs[k].old_source);
            } else {
                x->docs[kept++] = x->docs[k];
            }
        }
        if (x->name && kept < x->count) {
            x->count = kept;
            grow_table(es, x);
        }
    }
}

static bool is_helper(str key)
{
    static const char *const names[] = {"_attachment",           "_attachment_indexed_chars",
                                        "_extracted_attachment", "_extract_binary_content",
                                        "_reduce_whitespace",    "_run_ml_inference"};
    for (isize i = 0; i < COUNT(names); i++) {
        if (str_eq(key, str_from(names[i]))) {
            return true;
        }
    }
    return false;
}

static bool list_has(str list, str key)
{
    struct t_buf b = {0};
    str item;
    isize at = 0;
    bool found = false;
    if (t_json_is_string(list)) {
        t_json_text(list, &b);
        found = str_eq(t_buf_str(&b), key);
    }
    while (t_json_is_array(list) && !found && t_json_element(list, &at, &item)) {
        b.n = 0;
        t_json_text(item, &b);
        found = str_eq(t_buf_str(&b), key) || str_eq(t_buf_str(&b), S("*"));
    }
    t_buf_free(&b);
    return found;
}

static bool passes(str filter, str key)
{
    if (!t_json_is_object(filter)) {
        return list_has(filter, key);
    }
    str includes, excludes;
    bool in = !t_json_get(filter, "includes", &includes) || list_has(includes, key);
    return in && !(t_json_get(filter, "excludes", &excludes) && list_has(excludes, key));
}

str es_source(const struct es_doc *doc)
{
    return str_make(doc->source, doc->source_bytes);
}

// The members of an object of which only some are wanted ("connector.id"): one level is enough for
// what is asked here. False, and nothing put: none is.
static bool put_some(str key, str object, str wanted, struct t_buf *out)
{
    struct t_buf path = {0};
    str inner, value;
    isize at = 0;
    bool any = false;
    while (t_json_is_object(object) && t_json_is_array(wanted) &&
           t_json_member(object, &at, &inner, &value)) {
        path.n = 0;
        t_buf_put(&path, key);
        t_buf_byte(&path, '.');
        t_buf_put(&path, inner);
        if (list_has(wanted, t_buf_str(&path))) {
            t_buf_z(out, any ? ",\"" : "{\"");
            t_buf_put(out, inner);
            t_buf_z(out, "\":");
            t_buf_put(out, value);
            any = true;
        }
    }
    if (any) {
        t_buf_byte(out, '}');
    }
    t_buf_free(&path);
    return any;
}

void es_put_source(str source, bool piped, const char *filter, struct t_buf *out)
{
    str key, value;
    str wanted = str_from(filter);
    bool all = wanted.n == 0 || str_eq(wanted, S("true"));
    if (all && !piped) {
        t_buf_put(out, source);
        return;
    }
    isize at = 0;
    bool first = true;
    t_buf_byte(out, '{');
    while (t_json_member(source, &at, &key, &value)) {
        struct t_buf some = {0};
        bool whole = all || passes(wanted, key);
        if ((piped && is_helper(key)) || (!whole && !put_some(key, value, wanted, &some))) {
            t_buf_free(&some);
            continue;
        }
        t_buf_z(out, first ? "\"" : ",\"");
        t_buf_put(out, key);
        t_buf_z(out, "\":");
        t_buf_put(out, whole ? value : t_buf_str(&some));
        t_buf_free(&some);
        first = false;
    }
    t_buf_byte(out, '}');
}
