// SPDX-License-Identifier: Apache-2.0
// Elements of Graph to documents, and whether they are those that EWS gives of the same item.
#ifndef TESTS_UNIT_GRAPH_ITEM_RIG_H
#define TESTS_UNIT_GRAPH_ITEM_RIG_H

#include "outlook_item_rig.h"

#include "source/outlook/graph_attachment.h"
#include "source/outlook/graph_item.h"

enum { NODES = 4096 };

static struct {
    struct json_node nodes[NODES], ours[NODES], theirs[NODES];
    struct json json;
    struct graph_item item;
    struct graph_part part;
    struct buf doc;
    u8 doc_bytes[KIB(64)], ours_bytes[KIB(64)], theirs_bytes[KIB(64)];
} g;

static const struct graph_shape mail = {.kind = EWS_KIND_MAIL, .type = S("Inbox Mails")};

static enum graph_verdict put(const char *element, const struct graph_shape *s)
{
    str text = test_guarded(str_from(element));
    g.doc = buf_over(g.doc_bytes, COUNT(g.doc_bytes));
    buf_put(&g.doc, S("before"));
    CHECK_OK(json_parse(&g.json, text, g.nodes, NODES));
    return graph_item_put(&g.json, 0, s, &g.doc, &g.item);
}

static str document(void)
{
    return str_from_index(buf_str(&g.doc), S("before").n);
}

static struct json parse(str members, u8 *bytes, struct json_node *nodes)
{
    struct json j;
    struct buf b = buf_over(bytes, KIB(64));
    buf_put_byte(&b, '{');
    buf_put(&b, members);
    buf_put_byte(&b, '}');
    CHECK_OK(json_parse(&j, buf_str(&b), nodes, NODES));
    return j;
}

// The value of a member, as JSON.
static inline str member(const char *key)
{
    struct json j = parse(document(), g.ours_bytes, g.ours);
    int node = json_get(&j, 0, str_from(key));
    str raw = json_raw(&j, node);
    return json_type(&j, node) == JSON_STRING ? str_make(raw.p - 1, raw.n + 2) : raw;
}

// Both documents have the same members, in whatever order.
static void check_same(str by_ews, str by_graph)
{
    struct json a = parse(by_ews, g.theirs_bytes, g.theirs);
    struct json b = parse(by_graph, g.ours_bytes, g.ours);
    bool same = json_size(&a, 0) == json_size(&b, 0);
    for (int k = json_first(&a, 0); k >= 0; k = json_next(&a, k)) {
        int here = json_value(&a, k), there = json_get(&b, 0, json_raw(&a, k));
        same = same && json_type(&a, here) == json_type(&b, there) &&
               str_eq(json_raw(&a, here), json_raw(&b, there));
    }
    if (!same) {
        CHECK_STR(by_graph, by_ews);
    }
}

// The same document comes of what $select asks for, and nothing besides.
static inline void check_select(const char *element, const struct graph_shape *s)
{
    static char whole[KIB(64)], selected[KIB(64)];
    CHECK(put(element, s) == GRAPH_ITEM_PUT && g.doc.n < KIB(64));
    isize bytes = document().n;
    memcpy(whole, document().p, (size_t)bytes);
    struct buf b = buf_over(selected, COUNT(selected) - 1);
    buf_put_byte(&b, '{');
    for (int k = json_first(&g.json, 0); k >= 0; k = json_next(&g.json, k)) {
        str key = json_raw(&g.json, k), rest = graph_item_select(s->kind, s->extended), name;
        bool more = true, wanted = false;
        while (more) {
            rest = str_cut(rest, ',', &name, &more);
            wanted = wanted || str_eq(name, key);
        }
        int next = json_next(&g.json, k);
        isize end = next >= 0 ? g.nodes[next].start - 2 : g.json.text.n - 1;
        if (wanted) {
            buf_put(&b, b.n > 1 ? S(",") : S(""));
            buf_put(&b, str_slice(g.json.text, g.nodes[k].start - 1, end));
        }
    }
    buf_put(&b, S("}\0"));
    CHECK(put(selected, s) == GRAPH_ITEM_PUT);
    CHECK_STR(document(), str_make(whole, bytes));
}

static inline void check_pair(const char *ews, const char *graph, struct graph_shape s)
{
    struct outlook_shape shape = {.type = s.type, .owner = s.owner, .html_always = s.html_always};
    str by_ews = shape_as(ews, str_from(ews).n, shape);
    CHECK(put(graph, &s) == GRAPH_ITEM_PUT && !g.doc.full);
    check_same(by_ews, document());
    CHECK(g.item.from == S("before").n && g.item.element_bytes == str_from(graph).n);
    CHECK_STR(str_slice(buf_str(&g.doc), g.item.timestamp_from,
                        g.item.timestamp_from + g.item.timestamp_bytes),
              member("_timestamp"));
    // Too small a buffer: it says so, and what it does the next time is the same.
    isize bytes = g.doc.n;
    for (isize cap = 6; cap < bytes; cap += 7) {
        struct buf small = {.p = g.doc_bytes, .n = 6, .cap = cap};
        CHECK(graph_item_put(&g.json, 0, &s, &small, &g.item) == GRAPH_ITEM_PUT && small.full);
    }
    CHECK(put(graph, &s) == GRAPH_ITEM_PUT && g.doc.n == bytes && !g.doc.full);
    check_select(graph, &s);
}

#endif
