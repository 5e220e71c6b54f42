// SPDX-License-Identifier: Apache-2.0
// Aimed at outlook_item_*(), outlook_parts_*(), outlook_recurrence_*(), outlook_put_time(),
// outlook_put_date(). The first byte: the kind, extended, HTML always, an owner. Whatever the
// answer holds, each item becomes a JSON object's members, each that its kind has exactly once, and
// the same however the answer is cut.
#include "cuts.h"
#include "item_members.h"

#include "source/outlook/outlook_item.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { ROOM = 1 << 20, IN_MAX = 16384, ITEM_LEVEL = 2 };

static struct ews_answer answer;
static struct outlook_item item;
static struct outlook_parts parts;
static u8 memory[2][ROOM];

static void check(const struct outlook_item *it)
{
    static u8 text[ROOM + 2];
    static struct json_node nodes[8192];
    struct json j;
    struct buf b = buf_over(text, COUNT(text));
    str doc = str_from_index(buf_str(it->json), it->from);
    buf_put_byte(&b, '{');
    buf_put(&b, doc);
    buf_put_byte(&b, '}');
    err e = json_parse(&j, buf_str(&b), nodes, COUNT(nodes));
    if (err_is(e, ERR_JSON_TOO_MANY)) {
        return;
    }
    ASSERT(err_ok(e));
    item_members_check(&j, it->shape.kind, it->shape.extended, it->shape.owner.n > 0);
    str stamp = json_raw(&j, json_get(&j, 0, S("_timestamp")));
    str value = str_slice(buf_str(it->json), it->timestamp_from,
                          it->timestamp_from + it->timestamp_bytes);
    ASSERT(str_find(value, stamp) >= 0 && value.n <= UNIT_TIMESTAMP_BYTES);
}

// false: the answer is none.
static bool shape(str in, struct cuts *cuts, struct outlook_shape s, struct buf *json)
{
    bool shaping = false;
    outlook_parts_start(&parts);
    ews_answer_start(&answer);
    s.parts = &parts;
    while (in.n) {
        isize piece = cuts ? cuts_next(cuts, in.n) : in.n;
        str chunk = str_slice(in, 0, piece);
        in = str_from_index(in, piece);
        enum ews_event event;
        while ((event = ews_answer_next(&answer, &chunk)) != EWS_MORE) {
            enum ews_kind kind;
            if (event == EWS_BAD) {
                return false;
            }
            if (event == EWS_START && answer.level == ITEM_LEVEL && !shaping &&
                outlook_item_kind(answer.tag, &kind) && kind == s.kind &&
                buf_room(json) > ROOM / 2) {
                outlook_item_start(&item, &s, ITEM_LEVEL, json);
                shaping = true;
            } else if (event == EWS_END && answer.level == ITEM_LEVEL && shaping) {
                outlook_item_finish(&item);
                ASSERT(!json->full);
                check(&item);
                shaping = false;
            } else if (shaping && event != EWS_MESSAGE_END && event != EWS_DONE) {
                outlook_item_event(&item, &answer, event);
            }
        }
    }
    ASSERT(!json->full);
    if (shaping) {
        json->n = item.from; // its owner does so: what is written of it depends on the pieces
        outlook_parts_start(&parts);
    }
    return true;
}

static void put_parts(struct buf *b)
{
    struct outlook_part part;
    while (outlook_parts_first(&parts, &part)) {
        ASSERT(part.id.n > 0 && part.id.n <= UNIT_ID_BYTES && part.name.n <= OUTLOOK_NAME_BYTES);
        ASSERT(str_is_utf8(part.name));
        buf_put(b, part.id);
        buf_put(b, part.name);
        buf_put(b, part.timestamp);
        buf_put_i64(b, part.size);
        outlook_parts_next(&parts);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 1 || n > IN_MAX) {
        return 0;
    }
    str in = str_make(p + 1, (isize)n - 1);
    struct cuts cuts = cuts_from(in);
    struct outlook_shape s = {
        .kind = (enum ews_kind)(p[0] % EWS_KINDS),
        .type = S("Some Type"),
        .place = {.mailbox = S("ann@example.test"), .folder = S("Inbox")},
        .extended = p[0] & 0x20,
        .html_always = p[0] & 0x40,
        .owner = p[0] & 0x80 ? S("Ann@example.test") : (str){0},
    };
    struct buf whole = buf_over(memory[0], ROOM), cut = buf_over(memory[1], ROOM);
    bool ok = shape(in, NULL, s, &whole);
    put_parts(&whole);
    bool again = shape(in, &cuts, s, &cut);
    put_parts(&cut);
    ASSERT(ok == again && (!ok || str_eq(buf_str(&whole), buf_str(&cut))));
    return 0;
}
