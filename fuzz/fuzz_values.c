// SPDX-License-Identifier: Apache-2.0
// Aimed at values_read(), values_missing(), values_check() and values_put_python(). The input is
// the configuration of a record. Reading twice gives the same; texts are UTF-8 where the input is;
// what is wrong is told in one text that has the prefix, and is no longer than its buffer.
#include <string.h>

#include "limits.h"
#include "service/values.h"
#include "source/gmail/gmail_schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define IN_MAX 4096

static const struct field fields[] = {
    {.key = "s",
     .label = "S",
     .type = FIELD_STR,
     .value_json = "\"\"",
     .validations_json = "[{\"type\":\"regex\",\"constraint\":\"a+\"}]",
     .depends_on = {{"b", "true"}}},
    {.key = "i", .label = "I", .type = FIELD_INT, .value_json = "1", .optional = true},
    {.key = "b", .label = "B", .type = FIELD_BOOL, .value_json = "true"},
    {.key = "l", .label = "L", .type = FIELD_LIST, .value_json = "[]"},
    {.key = "h", .label = "H", .type = FIELD_STR, .value_json = "\"\"", .sensitive = true},
};
static const struct schema own = {.fields = fields, .count = COUNT(fields)};

static struct json_node nodes[IN_MAX + 1];
static u8 text_space[2][CONNECTOR_TEXTS_BYTES], plan_space[1 << 20], python_space[IN_MAX * 8];

static void check_schema(const struct schema *schema, const struct json *j,
                         struct values_checker *checker)
{
    struct values v[2];
    struct arena texts[2];
    err e[2];
    for (int i = 0; i < 2; i++) {
        memset(&v[i], 0x5a, sizeof v[i]);
        texts[i] = arena_over(text_space[i], COUNT(text_space[i]));
        e[i] = values_read(&v[i], schema, j, json_type(j, 0) == JSON_OBJECT ? 0 : -1, &texts[i]);
    }
    ASSERT(e[0].code == e[1].code);
    if (!err_ok(e[0])) {
        return;
    }
    for (int i = 0; i < schema->count; i++) {
        const struct field_value *a = &v[0].fields[i], *b = &v[1].fields[i];
        ASSERT(str_eq(a->text, b->text) && a->number == b->number && a->flag == b->flag);
        ASSERT(a->empty == b->empty && a->active == b->active);
        ASSERT(schema->fields[i].type != FIELD_STR || a->empty == (a->text.n == 0));
    }
    u8 detail_space[700];
    struct buf detail = buf_over(detail_space, COUNT(detail_space));
    bool missing = !err_ok(values_missing(&v[0], &detail));
    ASSERT(missing == (detail.n > 0) && !detail.full);
    detail = buf_over(detail_space, COUNT(detail_space));
    bool wrong = !err_ok(values_check(&v[0], checker, &detail));
    ASSERT(!detail.full && wrong == str_starts(buf_str(&detail), S("Invalid configuration: '")));
    if (str_is_utf8(j->text)) {
        ASSERT(str_is_utf8(buf_str(&detail)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static struct values_checker checker;
    struct arena arena = arena_over(plan_space, COUNT(plan_space));
    struct plan plan = {.arena = &arena};
    values_init(&checker, &plan);
    struct json j;
    if (n > IN_MAX || !err_ok(json_parse(&j, str_make(p, (isize)n), nodes, COUNT(nodes)))) {
        return 0;
    }
    check_schema(&own, &j, &checker);
    check_schema(&gmail_schema, &j, &checker);
    struct buf b = buf_over(python_space, COUNT(python_space));
    values_put_python(&b, &j, 0);
    ASSERT(!b.full);
    return 0;
}
