// SPDX-License-Identifier: Apache-2.0
// Where an entry can be appended (see connectors_entry.h). A place is proposed by the lines of the
// text and then tried: the text with an entry there has to hold one connector more, the last one,
// with the id that was put. So no shape of YAML has to be foreseen here.
#include "cli/connectors_entry.h"

#include "codec/json_write.h"

#define ENTRY_TRIED S("one-that-is-tried")

static void entry_put_value(struct buf *b, isize indent, str key, str value)
{
    u8 bytes[KIB(3)]; // ids and keys have 100 bytes at most
    struct buf escaped = buf_over(bytes, COUNT(bytes));
    json_escape(&escaped, value);
    buf_put_fill(b, ' ', indent);
    buf_put(b, key);
    buf_put(b, S(": \""));
    for (isize i = 0; i < escaped.n; i++) {
        buf_put(b, bytes[i] == '$' ? S("$$") : str_make(&bytes[i], 1)); // config.yml replaces $NAME
    }
    buf_put(b, S("\"\n"));
    b->full = b->full || escaped.full;
}

void connectors_entry_put(struct buf *b, const struct entry_place *place,
                          const struct connector_entry *entry)
{
    buf_put(b, place->line_end ? S("\n") : S(""));
    buf_put(b, place->head ? S("connectors:\n") : S(""));
    buf_put_fill(b, ' ', place->indent);
    entry_put_value(b, 0, S("- connector_id"), entry->id);
    entry_put_value(b, place->indent + 2, S("service_type"), entry->service_type);
    if (entry->api_key.n) {
        entry_put_value(b, place->indent + 2, S("api_key"), entry->api_key);
    }
}

static isize entry_count(const struct config_tree *t, int list, int *last)
{
    isize n = 0;
    *last = -1;
    for (int at = list < 0 ? -1 : t->nodes[list].first; at >= 0; at = t->nodes[at].next) {
        *last = at;
        n++;
    }
    return n;
}

// The blanks before the dash of the entry whose first key is in line `line` (1-based): the dash
// stands there, or in a line before it. -1: there is none.
static isize entry_indent(str text, int line)
{
    str head = {0};
    bool more = true;
    isize indent = -1;
    for (int i = 0; i < line && more; i++) {
        text = str_cut(text, '\n', &head, &more);
        isize n = 0;
        while (n < head.n && head.p[n] == ' ') {
            n++;
        }
        indent = n < head.n && head.p[n] == '-' ? n : indent;
    }
    return indent;
}

static bool entry_read(struct config_tree *t, str text)
{
    u8 bytes[256];
    struct buf detail = buf_over(bytes, COUNT(bytes)); // why is of no interest here
    struct arena *arena = t->arena;
    config_tree_init(t, arena);
    return err_ok(config_tree_add_yaml(t, S(""), text, &detail));
}

static bool entry_propose(struct config_tree *t, str text, struct entry_place *place)
{
    int list = config_tree_child(t, 0, S("connectors"));
    *place = (struct entry_place){
        .line_end = text.n > 0 && text.p[text.n - 1] != '\n', .head = list < 0, .indent = 2};
    if (list < 0 || t->nodes[list].kind == CONFIG_NULL) {
        return true;
    }
    if (t->nodes[list].kind != CONFIG_LIST || t->nodes[list].first < 0) {
        return false;
    }
    place->indent = entry_indent(text, t->nodes[t->nodes[list].first].line);
    return place->indent >= 0;
}

struct entry_place connectors_entry_find(struct config_tree *tree, str text, struct buf *combined)
{
    struct entry_place place;
    struct arena mark = *tree->arena;
    struct connector_entry entry = {.id = ENTRY_TRIED, .service_type = S("gmail")};
    int last;
    place.known = entry_read(tree, text) && entry_propose(tree, text, &place);
    if (!place.known) {
        *tree->arena = mark;
        return (struct entry_place){.head = true, .indent = 2};
    }
    isize before = entry_count(tree, config_tree_child(tree, 0, S("connectors")), &last);
    isize keys = entry_count(tree, 0, &last);
    buf_reset(combined);
    buf_put(combined, text);
    connectors_entry_put(combined, &place, &entry);
    place.known = !combined->full && entry_read(tree, buf_str(combined));
    isize after = entry_count(tree, config_tree_child(tree, 0, S("connectors")), &last);
    int id = config_tree_child(tree, last, S("connector_id"));
    place.known = place.known && after == before + 1 && id >= 0 &&
                  str_eq(tree->nodes[id].text, ENTRY_TRIED) &&
                  entry_count(tree, 0, &last) == keys + place.head;
    *tree->arena = mark;
    return place;
}
