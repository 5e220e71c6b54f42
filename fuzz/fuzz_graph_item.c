// SPDX-License-Identifier: Apache-2.0
// Aimed at graph_item_put(), graph_id_*(), graph_recurrence_*(), graph_attachment_read(),
// graph_put_*(), graph_copy_text(). The first byte: the kind, HTML always, extended, an owner. The
// second: how much too small a buffer is tried. Whatever the element holds, it becomes a JSON
// object's members, each that its kind has exactly once, the same however often it is asked.
#include "item_members.h"

#include "source/outlook/graph_attachment.h"
#include "source/outlook/graph_item.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { ROOM = 1 << 18, IN_MAX = 16384, NODES = 8192 };

static struct graph_item item;
static struct graph_part part;
static struct json_node nodes[NODES], doc_nodes[NODES];
static u8 memory[ROOM], small_memory[ROOM], text[ROOM + 2];

static void check_id(str id)
{
    u8 rest_bytes[UNIT_ID_BYTES], back_bytes[UNIT_ID_BYTES];
    struct buf rest = buf_over(rest_bytes, UNIT_ID_BYTES),
               back = buf_over(back_bytes, UNIT_ID_BYTES);
    ASSERT(id.n > 0 && id.n <= UNIT_ID_BYTES && graph_id_put_rest(&rest, id));
    ASSERT(graph_id_put_ews(&back, buf_str(&rest)) && str_eq(buf_str(&back), id));
}

static void check_document(const struct buf *doc, const struct graph_shape *s)
{
    struct json j;
    struct buf b = buf_over(text, COUNT(text));
    buf_put_byte(&b, '{');
    buf_put(&b, str_from_index(buf_str(doc), item.from));
    buf_put_byte(&b, '}');
    ASSERT(!b.full && str_is_utf8(buf_str(&b)));
    err e = json_parse(&j, buf_str(&b), doc_nodes, NODES);
    if (err_is(e, ERR_JSON_TOO_MANY)) {
        return;
    }
    ASSERT(err_ok(e));
    item_members_check(&j, s->kind, s->extended, s->owner.n > 0);
    str stamp = json_raw(&j, json_get(&j, 0, S("_timestamp")));
    str value = str_slice(buf_str(doc), item.timestamp_from,
                          item.timestamp_from + item.timestamp_bytes);
    ASSERT(str_find(value, stamp) >= 0 && value.n <= UNIT_TIMESTAMP_BYTES);
}

// A buffer that is too small says so; else all of it is there.
static void check_small(const struct json *j, const struct graph_shape *s, str whole, u8 much)
{
    struct buf small = buf_over(small_memory, whole.n - whole.n * much / 255);
    ASSERT(graph_item_put(j, 0, s, &small, &item) == GRAPH_ITEM_PUT);
    ASSERT(small.full == (small.cap < whole.n));
    ASSERT(small.full || str_eq(buf_str(&small), whole));
}

static void check_part(const struct json *j)
{
    if (!graph_attachment_read(j, 0, &part)) {
        return;
    }
    check_id(part.part.id);
    ASSERT(part.part.name.n <= OUTLOOK_NAME_BYTES && part.part.size >= -1);
    ASSERT(part.part.file == (part.kind == GRAPH_PART_FILE));
    ASSERT(part.part.timestamp.n >= 4 && part.part.timestamp.n <= OUTLOOK_TIME_BYTES);
}

// An id that is found in the beginning of an element is the one that is found in all of it.
static void check_find(str in, u8 much)
{
    u8 a_bytes[UNIT_ID_BYTES], b_bytes[UNIT_ID_BYTES];
    struct buf a = buf_over(a_bytes, UNIT_ID_BYTES), b = buf_over(b_bytes, UNIT_ID_BYTES);
    if (graph_id_find(&a, str_slice(in, 0, in.n - in.n * much / 255))) {
        ASSERT(graph_id_find(&b, in) && str_eq(buf_str(&a), buf_str(&b)));
        check_id(buf_str(&a));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct json j;
    if (n < 2 || n > IN_MAX) {
        return 0;
    }
    str in = str_make(p + 2, (isize)n - 2);
    struct graph_shape s = {
        .kind = (enum ews_kind)(p[0] % EWS_KIND_LIST),
        .type = S("Some Type"),
        .place = {.mailbox = S("ann@example.test"), .folder = S("Inbox")},
        .extended = p[0] & 0x20,
        .html_always = p[0] & 0x40,
        .owner = p[0] & 0x80 ? S("Ann@example.test") : (str){0},
    };
    check_find(in, p[1]);
    if (!err_ok(json_parse(&j, in, nodes, NODES))) {
        return 0;
    }
    struct buf doc = buf_over(memory, ROOM);
    buf_put(&doc, S("before"));
    enum graph_verdict verdict = graph_item_put(&j, 0, &s, &doc, &item);
    ASSERT(!doc.full && item.from == S("before").n);
    if (verdict == GRAPH_ITEM_PUT) {
        check_id(item.id);
        check_document(&doc, &s);
        check_small(&j, &s, str_from_index(buf_str(&doc), S("before").n), p[1]);
    } else {
        ASSERT(doc.n == item.from && (verdict == GRAPH_ITEM_REMOVED) == (item.id.n > 0));
    }
    check_part(&j);
    return 0;
}
