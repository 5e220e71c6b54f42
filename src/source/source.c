// SPDX-License-Identifier: Apache-2.0
// The ring of units between a mailbox's listing and the lanes, and looking up values (see
// source.h). The ring's memory is sync's; its bound is its capacity. One writer, the listing; ids
// are copied in whole or refused.
#include "source/source.h"

#include <string.h>

bool unit_queue_push(struct unit_queue *q, str id)
{
    if (q->count == q->cap || id.n > UNIT_ID_BYTES) {
        return false;
    }
    struct unit *unit = &q->units[(q->head + q->count) % q->cap];
    unit->id_bytes = (int)id.n;
    if (id.n) {
        memcpy(unit->id, id.p, (size_t)id.n);
    }
    q->count++;
    return true;
}

bool unit_queue_pop(struct unit_queue *q, struct unit *out)
{
    if (q->count == 0) {
        return false;
    }
    *out = q->units[q->head];
    q->head = (q->head + 1) % q->cap;
    q->count--;
    return true;
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
