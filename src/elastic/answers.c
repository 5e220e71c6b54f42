// SPDX-License-Identifier: Apache-2.0
// Small readers for answers of Elasticsearch (see answers.h; spec/elastic-protocol.md 5, 8, 14).
#include "elastic/answers.h"

#include "elastic/client.h"

void search_answer_init(struct search_answer *a, str answer)
{
    a->total = -1;
    a->hits = 0;
    a->error = OK;
    a->in = answer;
    a->rest = buf_over(a->rest_space, COUNT(a->rest_space));
    struct json_stream_target target = {.elements_of = S("hits.hits")};
    a->element = buf_over(a->element_space, COUNT(a->element_space));
    json_stream_init(&a->stream, target, &a->rest, &a->element);
}

// What stands around the hits: did every shard answer, and how many hits are there in all.
static void search_answer_end(struct search_answer *a)
{
    struct json_node nodes[ELASTIC_NODES];
    struct json j;
    if (!err_ok(json_parse(&j, buf_str(&a->rest), nodes, COUNT(nodes))) ||
        json_type(&j, json_path(&j, 0, S("hits.hits"))) != JSON_ARRAY) {
        a->error = FAIL(ES_ANSWER);
        return;
    }
    i64 failed;
    bool timed_out = json_type(&j, json_get(&j, 0, S("timed_out"))) == JSON_TRUE;
    if (timed_out || (json_i64(&j, json_path(&j, 0, S("_shards.failed")), &failed) && failed > 0)) {
        a->error = FAIL(ES_SHARDS);
        return;
    }
    int total = json_path(&j, 0, S("hits.total"));
    if (json_type(&j, total) == JSON_OBJECT) {
        total = json_get(&j, total, S("value"));
    }
    if (!json_i64(&j, total, &a->total) || a->total < 0) {
        a->total = -1;
    }
}

bool search_answer_next(struct search_answer *a, str *hit)
{
    if (!err_ok(a->error) || a->stream.ended) {
        return false;
    }
    switch (json_stream_next(&a->stream, &a->in)) {
    case JSON_EVENT_ELEMENT:
        // The whole answer is one chunk, so that a hit lies in it, from its beginning to where the
        // stream stands, however little of it element_buf would hold.
        *hit = a->stream.element;
        hit->n = a->stream.cut ? a->in.p - hit->p : hit->n;
        a->hits++;
        return true;
    case JSON_EVENT_END:
        search_answer_end(a);
        return false;
    case JSON_EVENT_MORE: // cut off
    case JSON_EVENT_PIECE:
    case JSON_EVENT_STRING_END:
    case JSON_EVENT_BAD:
        a->error = FAIL(ES_ANSWER);
        return false;
    }
    return false;
}

static bool answer_parse(struct json *j, str answer, struct json_node *nodes, int cap)
{
    return err_ok(json_parse(j, answer, nodes, cap)) && json_type(j, 0) == JSON_OBJECT;
}

bool license_allows_platinum(str answer, struct buf *reason)
{
    static const str enough[] = {S("platinum"), S("enterprise"), S("trial")};
    struct json_node nodes[ELASTIC_NODES];
    struct json j;
    str type = S("unknown");
    if (answer_parse(&j, answer, nodes, COUNT(nodes))) {
        int license = json_get(&j, 0, S("license"));
        int node = json_get(&j, license, S("type"));
        type = json_type(&j, node) == JSON_STRING ? json_raw(&j, node) : type;
        bool expired = str_eq_nocase(json_raw(&j, json_get(&j, license, S("status"))),
                                     S("expired"));
        for (isize i = 0; i < COUNT(enough) && !expired; i++) {
            if (str_eq_nocase(type, enough[i])) {
                return true;
            }
        }
        type = expired ? S("expired") : type;
    }
    elastic_put_cut(reason, S("required 'platinum', actual '"), 29);
    elastic_put_cut(reason, type, 40);
    elastic_put_cut(reason, S("'"), 1);
    return false;
}

bool answer_put_id(str answer, struct buf *id)
{
    struct json_node nodes[ELASTIC_NODES];
    struct json j;
    if (!answer_parse(&j, answer, nodes, COUNT(nodes))) {
        return false;
    }
    int node = json_get(&j, 0, S("id"));
    node = node >= 0 ? node : json_get(&j, 0, S("_id"));
    return json_raw(&j, node).n > 0 && json_put_string(&j, node, id) && !id->full;
}

bool answer_count(str answer, i64 *count)
{
    struct json_node nodes[ELASTIC_NODES];
    struct json j;
    return answer_parse(&j, answer, nodes, COUNT(nodes)) &&
           json_i64(&j, json_get(&j, 0, S("count")), count) && *count >= 0;
}
