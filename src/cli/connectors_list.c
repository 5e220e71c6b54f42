// SPDX-License-Identifier: Apache-2.0
// `connector list`, `index list`, `index clean` and `index delete` (spec/configuration.md 7). The
// replaced one says "done" of an index that is not there; here that is an error.
#include "cli/connectors_internal.h"
#include "cli/table.h"
#include "elastic/index.h"

err connectors_list_run(struct connectors *c)
{
    static const char *const head[] = {"ID", "Index name", "Service type", "Status",
                                       "Last sync job status"};
    static const char *const paths[] = {"_id", "_source.index_name", "_source.service_type",
                                        "_source.status", "_source.last_sync_status"};
    struct connectors_table t = {
        .head = head,
        .paths = paths,
        .columns = COUNT(head),
        .index = S("/.elastic-connectors/_search"),
        .query = S("{\"bool\":{\"must_not\":[{\"term\":{\"deleted\":true}}]}}"),
        .sort = S("[{\"index_name\":{\"order\":\"asc\",\"unmapped_type\":\"keyword\"}}]"),
        .fields = S("[\"index_name\",\"service_type\",\"status\",\"last_sync_status\"]"),
        .none = S("No connectors found."),
    };
    TRY(connectors_ensure_indices(c));
    return connectors_print_table(c, &t);
}

// ---- index list

// A serverless project has no _stats: names alone.
static err connectors_ask_names(struct connectors *c)
{
    connectors_begin(c, S("GET"));
    buf_put(&c->call.target, S("/*?features=settings&filter_path=*.settings.index.uuid"));
    return connectors_ask(c);
}

static err connectors_ask_stats(struct connectors *c, bool *counts)
{
    connectors_begin(c, S("GET"));
    buf_put(&c->call.target, S("/*/_stats/docs?filter_path=indices.*.primaries.docs.count"));
    err e = connectors_ask(c);
    // 410: what serverless answers for what it does not have; older ones said 400 or 404.
    *counts = c->call.status != 400 && c->call.status != 404 && c->call.status != 410;
    return *counts ? e : connectors_ask_names(c);
}

static err connectors_index_row(struct connectors *c, const struct json *j, int key, str *cells)
{
    str raw = json_raw(j, key);
    u8 *memory = arena_try(&c->texts, 1, raw.n + 4);
    struct buf name = buf_over(memory, memory ? raw.n + 4 : 0);
    if (!memory || !json_put_string(j, key, &name)) {
        return FAIL(CLI_TOO_MUCH);
    }
    int count = json_path(j, json_value(j, key), S("primaries.docs.count"));
    cells[0] = buf_str(&name);
    return json_type(j, count) == JSON_NUMBER ? connectors_copy(c, json_raw(j, count), &cells[1])
                                              : connectors_copy(c, S("unknown"), &cells[1]);
}

err connectors_index_list_run(struct connectors *c)
{
    static const char *const head[] = {"Index name", "Number of documents"};
    bool counts;
    struct json j;
    TRY(connectors_ask_stats(c, &counts));
    TRY(connectors_parse(c, &j));
    str *cells = arena_try_n(&c->texts, str, CLI_ROWS_MAX * COUNT(head));
    isize rows = 0;
    if (!cells) {
        return FAIL(CLI_TOO_MUCH);
    }
    int list = counts ? json_get(&j, 0, S("indices")) : 0;
    bool object = json_type(&j, list) == JSON_OBJECT;
    for (int at = object ? json_first(&j, list) : -1; at >= 0; at = json_next(&j, at)) {
        if (rows == CLI_ROWS_MAX) {
            return FAIL(CLI_TOO_MUCH);
        }
        TRY(connectors_index_row(c, &j, at, &cells[COUNT(head) * rows]));
        rows++;
    }
    if (rows == 0) {
        connectors_say(c, S("No indices found."), (str){0}, (str){0});
        return OK;
    }
    table_put(&c->out, head, COUNT(head), cells, rows);
    return c->out.full ? FAIL(CLI_TOO_MUCH) : OK;
}

// ---- index clean, index delete

// `*` and `a,b` would mean more than one: only a name is taken.
err connectors_index_prepare(struct connectors *c)
{
    str index = c->args.subject;
    if (!index_name_is_valid(index)) {
        return connectors_about(c, index, FAIL(CLI_INDEX_NAME));
    }
    if (c->args.yes) {
        return OK;
    }
    u8 bytes[KIB(1)];
    struct buf question = buf_over(bytes, COUNT(bytes));
    buf_put(&question, c->args.command == CONNECTORS_INDEX_CLEAN
                           ? S("Remove all documents of the index ")
                           : S("Delete the index "));
    buf_put(&question, index); // at most 255 bytes
    buf_put(&question, S("?"));
    return console_confirm(&c->console, buf_str(&question));
}

static err connectors_index_must_exist(struct connectors *c)
{
    bool exists;
    TRY(connectors_exists(c, c->args.subject, &exists));
    return exists ? OK : connectors_about(c, c->args.subject, FAIL(CLI_INDEX_UNKNOWN));
}

err connectors_index_clean_run(struct connectors *c)
{
    struct json j;
    i64 failed = 0;
    str deleted;
    TRY(connectors_index_must_exist(c));
    connectors_begin(c, S("POST"));
    connector_put_target(&c->call.target, S("/"), c->args.subject);
    buf_put(&c->call.target, S("/_delete_by_query?ignore_unavailable=true"));
    buf_put(&c->call.body, S("{\"query\":{\"match_all\":{}}}"));
    TRY(connectors_ask(c));
    TRY(connectors_parse(c, &j));
    TRY(connectors_text(c, &j, S("deleted"), &deleted));
    failed = json_size(&j, json_get(&j, 0, S("failures")));
    connectors_say(c, S("documents removed: "), deleted, (str){0});
    return failed > 0
               ? connectors_about(c, S("some documents could not be removed"), FAIL(ES_REFUSED))
               : OK;
}

err connectors_index_delete_run(struct connectors *c)
{
    TRY(connectors_index_must_exist(c));
    connectors_begin(c, S("DELETE"));
    connector_put_target(&c->call.target, S("/"), c->args.subject);
    buf_put(&c->call.target, S("?ignore_unavailable=true"));
    TRY(connectors_ask(c));
    connectors_say(c, S("index deleted: "), c->args.subject, (str){0});
    return OK;
}
