// SPDX-License-Identifier: Apache-2.0
// Aimed at connector_read(), sync_job_read(), prepare_put(), filter_put_direct(),
// sync_job_put_record() and search_answer_next(). The input is the text of a record (_source), or a
// whole hit. Reading twice gives the same; every body is JSON; a record that had merged with it
// what prepare wrote, as Elasticsearch merges, needs nothing more; a validated draft is no longer
// edited; a job made of a connector is read as that connector's.
#include <string.h>

#include "elastic/answers.h"
#include "elastic/record.h"
#include "elastic/sync_job.h"
#include "service/filter.h"
#include "service/prepare.h"
#include "source/gmail/gmail_schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define IN_MAX 16384
#define NODES_MAX 32768
#define OUT_MAX (IN_MAX * 16 + 65536)

struct side {
    struct json_node nodes[NODES_MAX];
    u8 text_space[CONNECTOR_TEXTS_BYTES], detail_space[512];
    struct arena texts;
    struct buf detail;
};

static struct side sides[2];
static struct json_node check_nodes[NODES_MAX];
static u8 hit_space[OUT_MAX], out_space[OUT_MAX], merged_space[OUT_MAX], job_space[OUT_MAX];
static const struct source_ops gmail = {.service_type = "gmail", .schema = &gmail_schema};
static const struct source_ops *const sources[] = {&gmail};

static err read_connector(struct connector *c, struct side *s, str hit)
{
    memset(c, 0x5a, sizeof *c);
    s->texts = arena_over(s->text_space, COUNT(s->text_space));
    s->detail = buf_over(s->detail_space, COUNT(s->detail_space));
    err e = connector_read(c, hit, s->nodes, NODES_MAX, &s->texts, &s->detail);
    ASSERT(!s->detail.full && (err_ok(e) || s->detail.n > 0));
    return e;
}

static err read_job(struct sync_job *j, struct side *s, str hit)
{
    s->texts = arena_over(s->text_space, COUNT(s->text_space));
    s->detail = buf_over(s->detail_space, COUNT(s->detail_space));
    return sync_job_read(j, hit, s->nodes, NODES_MAX, &s->texts, &s->detail);
}

static void check_json(const struct buf *b)
{
    struct json j;
    ASSERT(!b->full);
    err e = json_parse(&j, buf_str(b), check_nodes, NODES_MAX);
    ASSERT(err_ok(e) || err_is(e, ERR_JSON_TOO_DEEP));
}

static void check_same(const struct connector *a, const struct connector *b)
{
    ASSERT(str_eq(a->id, b->id) && a->seq_no == b->seq_no && a->status == b->status);
    ASSERT(str_eq(a->service_type, b->service_type) && str_eq(a->index_name, b->index_name));
    ASSERT(a->configuration == b->configuration && a->draft == b->draft);
    ASSERT(a->active == b->active && a->filtering == b->filtering && a->pipeline == b->pipeline);
    ASSERT(!memcmp(&a->features, &b->features, sizeof a->features));
    for (int i = 0; i < JOB_TYPES; i++) {
        ASSERT(a->schedules[i].enabled == b->schedules[i].enabled);
        ASSERT(str_eq(a->schedules[i].interval, b->schedules[i].interval));
        ASSERT(a->schedules[i].last_scheduled_us == b->schedules[i].last_scheduled_us);
    }
    ASSERT(str_eq(buf_str(&sides[0].detail), buf_str(&sides[1].detail)));
}

// As Elasticsearch merges a partial document: objects member by member, everything else replaced.
static void merge(struct buf *b, const struct json *a, int x, const struct json *d, int y)
{
    if (json_type(a, x) != JSON_OBJECT || json_type(d, y) != JSON_OBJECT) {
        buf_put(b, record_json(d, y));
        return;
    }
    str lead = S("{");
    for (int k = json_first(a, x); k >= 0; k = json_next(a, k)) {
        u8 key_space[IN_MAX];
        struct buf key = buf_over(key_space, COUNT(key_space));
        ASSERT(json_put_string(a, k, &key));
        if (json_get(a, x, buf_str(&key)) != json_value(a, k)) {
            continue; // the last of equal keys counts
        }
        int other = json_get(d, y, buf_str(&key));
        buf_put(b, lead);
        buf_put(b, record_json(a, k));
        buf_put(b, S(":"));
        if (other >= 0) {
            merge(b, a, json_value(a, k), d, other);
        } else {
            buf_put(b, record_json(a, json_value(a, k)));
        }
        lead = S(",");
    }
    for (int k = json_first(d, y); k >= 0; k = json_next(d, k)) {
        if (json_get(a, x, json_raw(d, k)) < 0) { // our own keys have no escapes
            buf_put(b, lead);
            buf_put(b, record_json(d, k));
            buf_put(b, S(":"));
            buf_put(b, record_json(d, json_value(d, k)));
            lead = S(",");
        }
    }
    buf_put(b, str_eq(lead, S("{")) ? S("{}") : S("}"));
}

static struct buf merged_hit(const struct connector *c, const struct buf *body)
{
    struct json doc;
    struct buf merged = buf_over(merged_space, COUNT(merged_space));
    ASSERT(err_ok(json_parse(&doc, buf_str(body), check_nodes, NODES_MAX)));
    buf_put(&merged, S("{\"_id\":\"c\",\"_source\":"));
    merge(&merged, &c->json, c->source, &doc, json_get(&doc, 0, S("doc")));
    buf_put(&merged, S("}"));
    ASSERT(!merged.full);
    return merged;
}

static void check_prepare(const struct connector *c, bool listed)
{
    struct prepare_ask ask = {.connector = c,
                              .listed = listed,
                              .service_type = S("gmail"),
                              .sources = sources,
                              .source_count = 1};
    struct prepare_answer answer;
    struct buf out = buf_over(out_space, COUNT(out_space));
    if (prepare_put(&out, &ask, &answer) != PREPARE_WRITE) {
        ASSERT(out.n == 0);
        return;
    }
    check_json(&out);
    struct buf merged = merged_hit(c, &out);
    struct connector again;
    err e = read_connector(&again, &sides[1], buf_str(&merged));
    if (!err_ok(e)) {
        ASSERT(!err_is(e, ERR_CONNECTOR_RECORD) || merged.n > IN_MAX / 2);
        return;
    }
    ask.connector = &again;
    out = buf_over(out_space, COUNT(out_space));
    ASSERT(prepare_put(&out, &ask, &answer) == PREPARE_NOTHING);
}

static void check_filter(const struct connector *c)
{
    if (!filter_is_edited(c)) {
        return;
    }
    struct buf out = buf_over(out_space, COUNT(out_space));
    filter_put_direct(&out, c, S("{\"state\":\"valid\",\"errors\":[]}"), true);
    check_json(&out);
    struct buf merged = merged_hit(c, &out);
    struct connector again;
    if (err_ok(read_connector(&again, &sides[1], buf_str(&merged)))) {
        ASSERT(!filter_is_edited(&again) && again.draft >= 0 && again.active >= 0);
        ASSERT(str_eq(filter_draft(&again), record_json(&again.json, again.active)));
        ASSERT(json_size(&again.json, again.filtering) == json_size(&c->json, c->filtering));
    }
}

static void check_job(const struct connector *c, enum job_type type)
{
    struct buf out = buf_over(job_space, COUNT(job_space));
    buf_put(&out, S("{\"_id\":\"j\",\"_source\":"));
    isize before = out.n;
    if (!err_ok(sync_job_put_record(&out, c, type, 0))) {
        ASSERT(out.n == before);
        return;
    }
    buf_put(&out, S("}"));
    check_json(&out);
    struct sync_job j;
    if (err_ok(read_job(&j, &sides[1], buf_str(&out)))) {
        ASSERT(j.type_known && j.type == type && j.status == JOB_PENDING);
        // Names that are no text are written as one.
        ASSERT(j.created_us == 0);
        ASSERT(str_ends(j.index_name, c->index_name) || !str_is_utf8(c->index_name));
        ASSERT(str_eq(record_json(&j.json, j.configuration),
                      c->configuration < 0 ? S("{}") : record_json(&c->json, c->configuration)));
    }
}

static void check_hits(str text)
{
    struct search_answer a;
    search_answer_init(&a, text);
    str hit;
    struct json j;
    while (search_answer_next(&a, &hit)) {
        ASSERT(hit.p >= text.p && hit.p + hit.n <= text.p + text.n);
        ASSERT(err_ok(json_parse(&j, str_trim(hit), check_nodes, NODES_MAX)));
    }
    ASSERT(err_ok(a.error) || !search_answer_next(&a, &hit));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 1 || n > IN_MAX) {
        return 0;
    }
    str text = str_make(p + 1, (isize)n - 1);
    struct buf hit = buf_over(hit_space, COUNT(hit_space));
    bool bare = p[0] & 1;
    buf_put(&hit,
            bare ? S("{\"_id\":\"c\",\"_seq_no\":1,\"_primary_term\":1,\"_source\":") : S(""));
    buf_put(&hit, text);
    buf_put(&hit, bare ? S("}") : S(""));
    check_hits(text);
    struct connector c, again;
    err e = read_connector(&c, &sides[0], buf_str(&hit));
    ASSERT(read_connector(&again, &sides[1], buf_str(&hit)).code == e.code);
    if (err_ok(e)) {
        check_same(&c, &again);
        check_prepare(&c, p[0] & 2);
        check_filter(&c);
        check_job(&c, p[0] & 4 ? JOB_ACCESS_CONTROL : JOB_INCREMENTAL);
    }
    struct sync_job j;
    (void)read_job(&j, &sides[0], buf_str(&hit));
    return 0;
}
