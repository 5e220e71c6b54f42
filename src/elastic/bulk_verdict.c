// SPDX-License-Identifier: Apache-2.0
// The table of verdicts (see bulk_verdict.h; seen on Elasticsearch 9.5: spec/elastic-protocol.md,
// appendix). Status and type decide; only for pipelines the words must, since a missing one has no
// type of its own.
#include "elastic/bulk_verdict.h"

#include "limits.h"

bool bulk_verdict_is_pipeline_missing(const struct elastic_error *words)
{
    return str_starts(words->reason, S("pipeline with id [")) &&
           str_find(words->reason, S("] does not exist")) >= 0;
}

bool bulk_verdict_is_block(const struct elastic_error *words)
{
    return str_eq(words->type, S("cluster_block_exception"));
}

static struct verdict verdict_stop(struct verdict v, err e)
{
    v.kind = VERDICT_STOP;
    v.error = e;
    return v;
}

static struct verdict verdict_classify(struct verdict v, enum bulk_op op)
{
    v.kind = VERDICT_REJECTED;
    v.error = FAIL(BULK_REJECTED);
    if (bulk_verdict_is_block(&v.words)) {
        v.kind = VERDICT_BLOCKED;
        v.error = FAIL(BULK_AGAIN);
        return v;
    }
    if (str_eq(v.words.type, S("index_not_found_exception"))) {
        return verdict_stop(v, FAIL(ES_INDEX_GONE));
    }
    if (v.status == 401) {
        return verdict_stop(v, FAIL(ES_UNAUTHORIZED));
    }
    if (v.status == 403) {
        return verdict_stop(v, FAIL(ES_FORBIDDEN));
    }
    if (bulk_verdict_is_pipeline_missing(&v.words)) {
        return verdict_stop(v, FAIL(ES_PIPELINE_MISSING));
    }
    if ((v.status >= 200 && v.status <= 299) || (v.status == 404 && op == BULK_DELETE)) {
        v.kind = VERDICT_TAKEN;
        v.error = OK;
    } else if (v.status == 429 || v.status >= 500) {
        v.kind = VERDICT_AGAIN;
        v.error = FAIL(BULK_AGAIN);
    }
    return v;
}

static bool verdict_is_of(const struct json *j, int key, enum bulk_op op)
{
    switch (op) {
    case BULK_INDEX:
        return json_equals(j, key, S("index")) || json_equals(j, key, S("create")) ||
               json_equals(j, key, S("update"));
    case BULK_UPDATE:
        return json_equals(j, key, S("update"));
    case BULK_DELETE:
        return json_equals(j, key, S("delete"));
    }
    return false;
}

// Status, type and the beginning of the reason of an element whose end is missing: Elasticsearch
// writes them in this order. Without the whole type a refusal could be any of them.
static struct verdict verdict_read_cut(str element, enum bulk_op op)
{
    struct verdict v = {.kind = VERDICT_UNREADABLE};
    str mark = S("\"status\":"), type = S("\"type\":\""), reason = S("\"reason\":\"");
    isize at = str_find(element, mark);
    isize type_at = str_find(element, type);
    static const str begins[] = {
        [BULK_INDEX] = S("{\"index\""),
        [BULK_UPDATE] = S("{\"update\""),
        [BULK_DELETE] = S("{\"delete\""),
    };
    bool of_op = str_starts(element, begins[op]);
    u64 status;
    if (!of_op || at < 0 || type_at < at + mark.n + 3 ||
        !str_to_u64(str_slice(element, at + mark.n, at + mark.n + 3), &status) || status < 300) {
        return v;
    }
    bool whole;
    str rest = str_cut(str_from_index(element, type_at + type.n), '"', &v.words.type, &whole);
    if (!whole) {
        return v;
    }
    isize reason_at = str_find(rest, reason);
    if (reason_at >= 0) {
        v.words.reason = str_from_index(rest, reason_at + reason.n);
    }
    v.status = (int)status;
    return verdict_classify(v, op);
}

struct verdict bulk_verdict_read(str element, bool cut, enum bulk_op op)
{
    struct verdict v = {.kind = VERDICT_UNREADABLE};
    struct json_node nodes[ELASTIC_NODES];
    struct json j;
    if (cut) {
        return verdict_read_cut(element, op);
    }
    err parsed = json_parse(&j, element, nodes, COUNT(nodes));
    if (err_is(parsed, ERR_JSON_TOO_MANY) || err_is(parsed, ERR_JSON_TOO_DEEP)) {
        return verdict_read_cut(element, op);
    }
    if (!err_ok(parsed) || json_size(&j, 0) != 1 || json_type(&j, 0) != JSON_OBJECT) {
        return v;
    }
    int key = json_first(&j, 0);
    int item = json_value(&j, key);
    i64 status;
    if (!verdict_is_of(&j, key, op) || !json_i64(&j, json_get(&j, item, S("status")), &status) ||
        status < 100 || status > 999) {
        return v;
    }
    v.status = (int)status;
    int id = json_get(&j, item, S("_id"));
    v.id = json_type(&j, id) == JSON_STRING ? json_raw(&j, id) : (str){0};
    int result = json_get(&j, item, S("result"));
    v.updated = json_equals(&j, result, S("updated"));
    v.dropped = op == BULK_INDEX && json_equals(&j, result, S("noop"));
    v.words = elastic_error_at(&j, json_get(&j, item, S("error")));
    return verdict_classify(v, op);
}
