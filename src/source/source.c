// SPDX-License-Identifier: Apache-2.0
// The ring of units between a mailbox's listing and the lanes, and looking up values (see
// source.h). The ring's memory is sync's; its bound is its capacity. One writer, the listing; ids
// are copied in whole or refused.
#include "source/source.h"

#include <string.h>

enum { QUEUE_BYTES = UNIT_QUEUE_BYTES };
enum { UNIT_PARTS = 1, UNIT_PAGE = 2, UNIT_GONE = 4 };

// A unit in the ring: lengths, kind, folder, flags, bytes, then timestamp and id.
struct unit_head {
    u16 id_bytes;
    u8 timestamp_bytes, kind, folder, flags;
    u16 none;
    u32 bytes;
};

_Static_assert(sizeof(struct unit_head) == UNIT_HEAD_BYTES, "as has_room counts");

static int unit_record_bytes(const struct unit *unit)
{
    return UNIT_HEAD_BYTES + unit->timestamp_bytes + unit->id_bytes;
}

static void unit_queue_write(struct unit_queue *q, int at, const void *p, int n)
{
    at %= QUEUE_BYTES;
    int first = n < QUEUE_BYTES - at ? n : QUEUE_BYTES - at;
    memcpy(q->bytes + at, p, (size_t)first);
    memcpy(q->bytes, (const u8 *)p + first, (size_t)(n - first));
}

static void unit_queue_read(const struct unit_queue *q, int at, void *p, int n)
{
    at %= QUEUE_BYTES;
    int first = n < QUEUE_BYTES - at ? n : QUEUE_BYTES - at;
    memcpy(p, q->bytes + at, (size_t)first);
    memcpy((u8 *)p + first, q->bytes, (size_t)(n - first));
}

static void unit_queue_put(struct unit_queue *q, int at, const struct unit *unit)
{
    struct unit_head head = {
        .id_bytes = (u16)unit->id_bytes,
        .timestamp_bytes = (u8)unit->timestamp_bytes,
        .kind = unit->kind,
        .folder = unit->folder,
        .flags = (u8)((unit->parts ? UNIT_PARTS : 0) | (unit->page ? UNIT_PAGE : 0) |
                      (unit->gone ? UNIT_GONE : 0)),
        .bytes = unit->bytes < UINT32_MAX ? (u32)unit->bytes : UINT32_MAX,
    };
    unit_queue_write(q, at, &head, UNIT_HEAD_BYTES);
    unit_queue_write(q, at + UNIT_HEAD_BYTES, unit->timestamp, unit->timestamp_bytes);
    unit_queue_write(q, at + UNIT_HEAD_BYTES + unit->timestamp_bytes, unit->id, unit->id_bytes);
}

static int unit_queue_free(const struct unit_queue *q)
{
    return QUEUE_BYTES - q->used - q->staged_bytes;
}

bool unit_queue_stage(struct unit_queue *q, const struct unit *unit)
{
    ASSERT(unit->id_bytes <= UNIT_ID_BYTES && unit->timestamp_bytes <= UNIT_TIMESTAMP_BYTES);
    int bytes = unit_record_bytes(unit);
    if (bytes > unit_queue_free(q)) {
        return false;
    }
    unit_queue_put(q, q->head + q->used + q->staged_bytes, unit);
    q->staged_bytes += bytes;
    q->staged++;
    return true;
}

void unit_queue_commit(struct unit_queue *q)
{
    q->used += q->staged_bytes;
    q->count += q->staged;
    unit_queue_unstage(q);
}

void unit_queue_unstage(struct unit_queue *q)
{
    q->staged_bytes = 0;
    q->staged = 0;
}

bool unit_queue_return(struct unit_queue *q, const struct unit *unit)
{
    int bytes = unit_record_bytes(unit);
    if (bytes > unit_queue_free(q)) {
        return false;
    }
    q->head = (q->head + QUEUE_BYTES - bytes) % QUEUE_BYTES;
    unit_queue_put(q, q->head, unit);
    q->used += bytes;
    q->count++;
    return true;
}

bool unit_queue_peek(const struct unit_queue *q, struct unit *out)
{
    if (q->count == 0) {
        return false;
    }
    struct unit_head head;
    unit_queue_read(q, q->head, &head, UNIT_HEAD_BYTES);
    out->id_bytes = head.id_bytes;
    out->kind = head.kind;
    out->folder = head.folder;
    out->parts = head.flags & UNIT_PARTS;
    out->page = head.flags & UNIT_PAGE;
    out->gone = head.flags & UNIT_GONE;
    out->intact = false;
    out->bytes = head.bytes;
    out->timestamp_bytes = head.timestamp_bytes;
    unit_queue_read(q, q->head + UNIT_HEAD_BYTES, out->timestamp, out->timestamp_bytes);
    unit_queue_read(q, q->head + UNIT_HEAD_BYTES + out->timestamp_bytes, out->id, out->id_bytes);
    return true;
}

bool unit_queue_pop(struct unit_queue *q, struct unit *out)
{
    if (!unit_queue_peek(q, out)) {
        return false;
    }
    int bytes = unit_record_bytes(out);
    q->head = (q->head + bytes) % QUEUE_BYTES;
    q->used -= bytes;
    q->count--;
    return true;
}

bool unit_queue_has_room(const struct unit_queue *q, int units, int unit_bytes)
{
    return unit_queue_free(q) / unit_bytes >= units;
}

const struct field_value *source_value(const struct schema *schema,
                                       const struct field_value *values, str key)
{
    for (int i = 0; i < schema->count; i++) {
        if (str_eq(str_from(schema->fields[i].key), key)) {
            return &values[i];
        }
    }
    ASSERT(false); // a key is written in the program, not in a record
    return NULL;
}

static isize source_larger(isize a, isize b)
{
    return a > b ? a : b;
}

struct source_bytes source_bytes_max(struct source_bytes b, const struct source_ops *ops)
{
    return (struct source_bytes){
        .mailbox = source_larger(b.mailbox, ops->mailbox_bytes),
        .fetch = source_larger(b.fetch, ops->fetch_bytes),
        .accounts = source_larger(b.accounts, ops->accounts_bytes),
    };
}
