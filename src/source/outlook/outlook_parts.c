// SPDX-License-Identifier: Apache-2.0
// The queue of attachments (see outlook_parts.h).
#include "source/outlook/outlook_parts.h"

#include <string.h>

struct part_head {
    i64 size;
    u16 id_bytes, name_bytes;
    u8 unit, timestamp_bytes;
    bool file;
    u8 none;
};

void outlook_parts_start(struct outlook_parts *p)
{
    p->head = p->n = p->mark = p->counted = p->skip = 0;
    p->over_unit = p->over_before = -1;
    p->over_from = 0;
}

void outlook_parts_item(struct outlook_parts *p, int skip)
{
    p->mark = p->n;
    p->counted = 0;
    p->skip = skip;
    p->over_before = p->over_unit;
}

void outlook_parts_drop(struct outlook_parts *p)
{
    p->n = p->mark;
    p->over_unit = p->over_before;
}

void outlook_parts_put(struct outlook_parts *p, const struct outlook_part *part)
{
    struct part_head head = {
        .size = part->size,
        .id_bytes = (u16)part->id.n,
        .name_bytes = (u16)part->name.n,
        .unit = (u8)part->unit,
        .timestamp_bytes = (u8)part->timestamp.n,
        .file = part->file,
    };
    if (p->counted++ < p->skip || p->over_unit >= 0) {
        return;
    }
    isize bytes = (isize)sizeof head + part->id.n + part->name.n + part->timestamp.n;
    if (bytes > OUTLOOK_PARTS_BYTES - p->n) {
        p->over_unit = part->unit;
        p->over_from = p->counted - 1;
        return;
    }
    struct buf to = buf_over(p->bytes + p->n, bytes);
    buf_put(&to, str_make(&head, sizeof head));
    buf_put(&to, part->id);
    buf_put(&to, part->name);
    buf_put(&to, part->timestamp);
    p->n += (int)bytes;
}

bool outlook_parts_first(const struct outlook_parts *p, struct outlook_part *out)
{
    struct part_head head;
    if (p->head == p->n) {
        return false;
    }
    memcpy(&head, p->bytes + p->head, sizeof head);
    const u8 *texts = p->bytes + p->head + sizeof head;
    *out = (struct outlook_part){
        .id = str_make(texts, head.id_bytes),
        .name = str_make(texts + head.id_bytes, head.name_bytes),
        .timestamp = str_make(texts + head.id_bytes + head.name_bytes, head.timestamp_bytes),
        .size = head.size,
        .unit = head.unit,
        .file = head.file,
    };
    return true;
}

void outlook_parts_next(struct outlook_parts *p)
{
    struct part_head head;
    ASSERT(p->head < p->n);
    memcpy(&head, p->bytes + p->head, sizeof head);
    p->head += (int)sizeof head + head.id_bytes + head.name_bytes + head.timestamp_bytes;
    if (p->head == p->n) {
        p->head = p->n = p->mark = 0;
    }
}
