// SPDX-License-Identifier: Apache-2.0
// A search, page by page, as one table (see connectors_internal.h): connectors, and the jobs of
// one. Only the members that are shown are asked for. Rows are bounded by CLI_ROWS_MAX; what is
// beyond is said, not shown.
#include "cli/connectors_internal.h"
#include "cli/table.h"
#include "elastic/answers.h"

struct connectors_rows {
    str *cells;
    isize count;
    bool cut;
};

static void connectors_put_page(struct connectors *c, const struct connectors_table *t, isize from)
{
    struct buf *b = &c->call.body;
    connectors_begin(c, S("POST"));
    buf_put(&c->call.target, t->index);
    buf_put(b, S("{\"query\":"));
    buf_put(b, t->query);
    buf_put(b, S(",\"sort\":"));
    buf_put(b, t->sort);
    buf_put(b, S(",\"_source\":"));
    buf_put(b, t->fields);
    buf_put(b, S(",\"from\":"));
    buf_put_i64(b, from);
    buf_put(b, S(",\"size\":"));
    buf_put_i64(b, CLI_PAGE);
    buf_put(b, S("}"));
}

static err connectors_row(struct connectors *c, const struct connectors_table *t, str hit,
                          struct connectors_rows *rows)
{
    struct json j;
    if (rows->count == CLI_ROWS_MAX) {
        rows->cut = true;
        return OK;
    }
    if (!err_ok(json_parse(&j, hit, c->nodes, CLI_NODES))) {
        return connectors_about(c, t->index, FAIL(CLI_ANSWER));
    }
    for (int i = 0; i < t->columns; i++) {
        TRY(connectors_text(c, &j, str_from(t->paths[i]),
                            &rows->cells[rows->count * t->columns + i]));
    }
    rows->count++;
    return OK;
}

err connectors_print_table(struct connectors *c, const struct connectors_table *t)
{
    struct connectors_rows rows = {.cells = arena_try_n(&c->texts, str, CLI_ROWS_MAX * t->columns)};
    if (!rows.cells) {
        return FAIL(CLI_TOO_MUCH);
    }
    isize hits = CLI_PAGE;
    for (isize from = 0; hits == CLI_PAGE && !rows.cut; from += CLI_PAGE) {
        struct search_answer answer;
        str hit;
        connectors_put_page(c, t, from);
        TRY(connectors_ask(c));
        search_answer_init(&answer, buf_str(&c->call.answer));
        while (search_answer_next(&answer, &hit)) {
            TRY(connectors_row(c, t, hit, &rows));
        }
        if (!err_ok(answer.error)) {
            return connectors_about(c, t->index, answer.error);
        }
        hits = answer.hits;
    }
    if (rows.count == 0) {
        connectors_say(c, t->none, (str){0}, (str){0});
        return OK;
    }
    table_put(&c->out, t->head, t->columns, rows.cells, rows.count);
    if (rows.cut) {
        connectors_say(c, S("there are more; these are the first"), (str){0}, (str){0});
    }
    return c->out.full ? FAIL(CLI_TOO_MUCH) : OK;
}
