// SPDX-License-Identifier: Apache-2.0
// An Elasticsearch of a few documents in an array that a test looks into; for jobs on a fake loop.
// Faults are switches.
#ifndef TESTS_UNIT_FAKE_ELASTIC_H
#define TESTS_UNIT_FAKE_ELASTIC_H

#include "fake_loop.h"

struct fake_doc {
    char index[64], id[128], source[1024];
    int written; // how often
};

static struct fake_doc docs[2000];
static int doc_count;
static char fake_indices[512]; // " a  b "
static int puts_of_index, bulk_updates, bulk_indexes, bulk_deletes;
static char wanted_key[64]; // other requests to these paths are 403; empty: any
static bool fake_bulk_403, fake_get_403, fake_bulk_lost, fake_scan_500;
static char seen_targets[1 << 16];

static struct fake_doc *doc_find(const char *index, const char *id)
{
    for (int i = 0; i < doc_count; i++) {
        if (!strcmp(docs[i].index, index) && !strcmp(docs[i].id, id)) {
            return &docs[i];
        }
    }
    return NULL;
}

static int doc_total(const char *index)
{
    int n = 0;
    for (int i = 0; i < doc_count; i++) {
        n += !strcmp(docs[i].index, index);
    }
    return n;
}

static void doc_put(const char *index, const char *id, const char *source)
{
    struct fake_doc *d = doc_find(index, id);
    if (!d) {
        d = &docs[doc_count++];
        memset(d, 0, sizeof *d);
        snprintf(d->index, sizeof d->index, "%s", index);
        snprintf(d->id, sizeof d->id, "%s", id);
    }
    snprintf(d->source, sizeof d->source, "%s", source);
    d->written++;
}

static struct fake_answer fake_text(int status, const char *text)
{
    return (struct fake_answer){status, strdup(text), (isize)strlen(text)};
}

static void fake_member(const char *line, const char *mark, char *out, size_t cap)
{
    const char *at = strstr(line, mark);
    ASSERT(at);
    at += strlen(mark);
    snprintf(out, cap, "%.*s", (int)strcspn(at, "\""), at);
}

static struct fake_answer fake_bulk(str body)
{
    char *text = strndup((const char *)body.p, (size_t)body.n), *save = NULL;
    char *out = malloc(1 << 20);
    size_t n = (size_t)sprintf(out, "{\"errors\":false,\"items\":[");
    int items = 0;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char index[64], id[128];
        const char *op = !strncmp(line, "{\"index\"", 8)    ? "index"
                         : !strncmp(line, "{\"update\"", 9) ? "update"
                                                            : "delete";
        fake_member(line, "\"_index\":\"", index, sizeof index);
        fake_member(line, "\"_id\":\"", id, sizeof id);
        int status = 200;
        const char *result = "updated";
        if (!strcmp(op, "delete")) {
            struct fake_doc *d = doc_find(index, id);
            if (d) {
                *d = docs[--doc_count];
            }
            result = d ? "deleted" : "not_found";
            status = d ? 200 : 404;
            bulk_deletes++;
        } else {
            char *source = strtok_r(NULL, "\n", &save);
            bool update = !strcmp(op, "update");
            result = doc_find(index, id) ? "updated" : "created";
            status = doc_find(index, id) ? 200 : 201;
            bulk_updates += update;
            bulk_indexes += !update;
            doc_put(index, id, source);
        }
        n += (size_t)sprintf(out + n, "%s{\"%s\":{\"_id\":\"%s\",\"result\":\"%s\",\"status\":%d}}",
                             items++ ? "," : "", op, id, result, status);
    }
    n += (size_t)sprintf(out + n, "]}");
    free(text);
    return (struct fake_answer){200, out, (isize)n};
}

static struct fake_answer fake_page(const char *index, bool hits)
{
    char *out = malloc(1 << 21);
    size_t n = (size_t)sprintf(out,
                               "{\"_scroll_id\":\"s-%s\",\"_shards\":{\"total\":1,"
                               "\"successful\":1,\"skipped\":0,\"failed\":0},\"hits\":{"
                               "\"total\":{\"value\":%d,\"relation\":\"eq\"},\"hits\":[",
                               index, doc_total(index));
    for (int i = 0, k = 0; hits && i < doc_count; i++) {
        if (!strcmp(docs[i].index, index)) {
            n += (size_t)sprintf(out + n, "%s{\"_id\":\"%s\",\"_source\":%s}", k++ ? "," : "",
                                 docs[i].id, docs[i].source);
        }
    }
    n += (size_t)sprintf(out + n, "]}}");
    return (struct fake_answer){200, out, (isize)n};
}

static struct fake_answer fake_elastic(const struct exchange *x, const char *target)
{
    char index[64];
    snprintf(index, sizeof index, "%.*s", (int)strcspn(target + 1, "/?"), target + 1);
    char name[80];
    snprintf(name, sizeof name, " %s ", index);
    bool get = str_eq(x->method, S("GET")), put = str_eq(x->method, S("PUT"));
    if (wanted_key[0] && str_find(buf_str(&x->headers), str_from(wanted_key)) < 0) {
        return fake_text(403, "{\"error\":{\"type\":\"security_exception\",\"reason\":\"no\"}}");
    }
    if (str_starts(str_from(target), S("/_bulk"))) {
        return fake_bulk_lost  ? (struct fake_answer){0}
               : fake_bulk_403 ? fake_text(403, "{\"error\":{\"type\":\"security_exception\"}}")
                               : fake_bulk(x->body);
    }
    if (!strcmp(target, "/_search/scroll")) {
        fake_member((const char *)x->body.p, "\"scroll_id\":\"s-", index, sizeof index);
        return str_eq(x->method, S("DELETE")) ? fake_text(200, "{}") : fake_page(index, false);
    }
    if (strstr(target, "/_search?")) {
        return fake_scan_500                ? fake_text(500, "{}")
               : strstr(fake_indices, name) ? fake_page(index, true)
                                            : fake_text(404, "{}");
    }
    if (get && fake_get_403) {
        return fake_text(403, "{\"error\":{\"type\":\"security_exception\"}}");
    }
    if (get) {
        return fake_text(200, strstr(fake_indices, name) ? "{\"x\":{}}" : "{}");
    }
    if (put) {
        puts_of_index++;
        strcat(fake_indices, name);
        return fake_text(200, "{\"acknowledged\":true}");
    }
    return fake_text(400, "{}");
}

static const struct dest elastic_dest = {.label = "Elasticsearch", .index = 0};

#endif
