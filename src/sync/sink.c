// SPDX-License-Identifier: Apache-2.0
// Handing documents to the sink (see sink.h).
#include "sync/sink.h"

#include <string.h>

#include "codec/json_write.h"
#include "os/os.h"

// The same two lines that a flight would hold, written at once: the action line goes into the free
// bytes before the document, the closing brace into those after it.
static enum sink_answer sink_put_ndjson(struct sink *s, str id, struct buf *whole,
                                        struct bulk_item owner)
{
    buf_reset(&s->line);
    struct json_write w = json_write_to(&s->line);
    json_write_object(&w);
    json_write_key(&w, S("index"));
    json_write_object(&w);
    json_write_member(&w, S("_index"), s->index);
    json_write_member(&w, S("_id"), id);
    json_write_object_end(&w);
    json_write_object_end(&w);
    buf_put(&s->line, S("\n{"));
    buf_put(whole, S("}\n"));
    ASSERT(!s->line.full && !whole->full); // BULK_ACTION_BYTES, FETCH_DOC_TAIL
    isize start = FETCH_DOC_OFFSET - s->line.n;
    memcpy(whole->p + start, s->line.p, (size_t)s->line.n);
    buf_reset(&s->detail);
    buf_put(&s->detail, s->name);
    buf_put(&s->detail, S(": "));
    if (!err_ok(os_write_all(s->fd, str_from_index(buf_str(whole), start), s->watch, &s->detail))) {
        s->broken = true;
        return SINK_BROKEN;
    }
    struct bulk_result result = {.item = &owner, .verdict = BULK_DONE, .id = id, .status = 201};
    s->decided(s->decided_st, &result);
    return SINK_TAKEN;
}

enum sink_answer sink_put(struct sink *s, str id, struct buf *whole, struct bulk_item owner,
                          i64 now_ms)
{
    if (s->broken) {
        return SINK_BROKEN;
    }
    if (!s->bulk) {
        return sink_put_ndjson(s, id, whole, owner);
    }
    str body = str_from_index(buf_str(whole), FETCH_DOC_OFFSET);
    if (bulk_fits(s->bulk, id, body.n)) {
        bool taken = bulk_put_index(s->bulk, id, body, owner.owner, owner.generation, now_ms);
        return taken ? SINK_TAKEN : SINK_BUSY;
    }
    bool aloft = bulk_fly_alone(s->bulk, id, whole, owner.owner, owner.generation);
    return aloft ? SINK_ALOFT : SINK_BUSY;
}
