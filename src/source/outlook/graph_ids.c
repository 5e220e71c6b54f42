// SPDX-License-Identifier: Apache-2.0
// Comparing ids (see graph_ids.h).
#include "source/outlook/graph_ids.h"

#include <string.h>

#include "codec/json_write.h"
#include "source/outlook/graph_id.h"

enum {
    IDS_NODES = 32,        // of one element: real ones have 5
    IDS_LENGTH_BYTES = 2,  // before an id of the sample
    IDS_PUNCTUATION = 160, // of the request besides its ids
};

_Static_assert(GRAPH_SAMPLE_BYTES + GRAPH_SAMPLE_IDS + IDS_PUNCTUATION <= GRAPH_REST_BYTES,
               "the request fits");

void graph_ids_note(const struct outlook *o, struct graph_box *box, str id)
{
    if (o->run.ids != GRAPH_IDS_UNKNOWN || box->sample_count == GRAPH_SAMPLE_IDS ||
        IDS_LENGTH_BYTES + id.n > GRAPH_SAMPLE_BYTES - box->sample_bytes) {
        return;
    }
    u8 *to = box->sample + box->sample_bytes;
    to[0] = (u8)(id.n >> 8);
    to[1] = (u8)id.n;
    memcpy(to + IDS_LENGTH_BYTES, id.p, (size_t)id.n);
    box->sample_bytes += IDS_LENGTH_BYTES + (int)id.n;
    box->sample_count++;
}

bool graph_ids_is_due(const struct outlook *o, const struct graph_box *box, bool last)
{
    return o->run.ids == GRAPH_IDS_UNKNOWN &&
           (box->sample_count == GRAPH_SAMPLE_IDS || (last && box->sample_count));
}

static str ids_next(const struct graph_box *box, int *at)
{
    const u8 *p = box->sample + *at;
    str id = str_make(p + IDS_LENGTH_BYTES, p[0] << 8 | p[1]);
    *at += IDS_LENGTH_BYTES + (int)id.n;
    return id;
}

void graph_ids_put_target(const struct mailbox *m, struct buf *target)
{
    graph_put_user(target, m);
    buf_put(target, S("/translateExchangeIds"));
}

void graph_ids_put_body(struct graph_box *box, struct buf *body)
{
    struct json_write w = json_write_to(body);
    box->same = true;
    box->elements = 0;
    json_write_object(&w);
    json_write_key(&w, S("inputIds"));
    json_write_array(&w);
    for (int at = 0; at < box->sample_bytes;) {
        u8 bytes[UNIT_ID_BYTES];
        struct buf rest = buf_over(bytes, COUNT(bytes));
        bool is_id = graph_id_put_rest(&rest, ids_next(box, &at));
        ASSERT(is_id); // it was made of one
        json_write_string(&w, buf_str(&rest));
    }
    json_write_array_end(&w);
    json_write_member(&w, S("sourceIdType"), S("restId"));
    json_write_member(&w, S("targetIdType"), S("ewsId"));
    json_write_object_end(&w);
}

// The id that the element is about: whatever their order.
static bool ids_has(const struct graph_box *box, str id)
{
    for (int at = 0; at < box->sample_bytes;) {
        if (str_eq(ids_next(box, &at), id)) {
            return true;
        }
    }
    return false;
}

// In the letters of EWS, in which it may come or not: base64 has no letter that has two meanings.
static bool ids_read(const struct json *j, int node, struct buf *id)
{
    u8 bytes[UNIT_ID_BYTES];
    struct buf text = buf_over(bytes, COUNT(bytes));
    if (!json_put_string(j, node, &text) || text.full) {
        return false;
    }
    for (isize i = 0; i < text.n; i++) {
        u8 c = text.p[i];
        buf_put_byte(id, c == '-' ? '/' : c == '_' ? '+' : c);
    }
    return true;
}

void graph_ids_take_element(struct graph_box *box, str element)
{
    struct json_node nodes[IDS_NODES];
    struct json j;
    u8 from_bytes[UNIT_ID_BYTES], to_bytes[UNIT_ID_BYTES];
    struct buf from = buf_over(from_bytes, COUNT(from_bytes));
    struct buf to = buf_over(to_bytes, COUNT(to_bytes));
    bool read = err_ok(json_parse(&j, element, nodes, IDS_NODES)) &&
                ids_read(&j, json_get(&j, 0, S("sourceId")), &from) &&
                ids_read(&j, json_get(&j, 0, S("targetId")), &to);
    box->same = box->same && read && ids_has(box, buf_str(&from)) &&
                str_eq(buf_str(&from), buf_str(&to));
    box->elements++;
}

void graph_ids_end(struct outlook *o, const struct graph_box *box, err e)
{
    o->run.ids = GRAPH_IDS_KNOWN;
    if (!err_ok(e)) {
        o->source->purge_held =
            "it could not be checked whether ids of Microsoft Graph are those of Exchange Web "
            "Services (translateExchangeIds was refused), so documents of earlier syncs may not "
            "have been recognised";
    } else if (!box->same || box->elements != box->sample_count) {
        o->source->purge_held =
            "ids of Microsoft Graph are not those of Exchange Web Services in this tenant, so "
            "documents of earlier syncs are not recognised";
    }
}
