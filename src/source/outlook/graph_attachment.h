// SPDX-License-Identifier: Apache-2.0
// An element of a list of attachments (spec/wire-graph.md 6 and 9), as outlook_parts knows them.
// What is missing or of another type is as if it had not been there.
#ifndef SOURCE_OUTLOOK_GRAPH_ATTACHMENT_H
#define SOURCE_OUTLOOK_GRAPH_ATTACHMENT_H

#include "codec/json.h"
#include "source/outlook/outlook_parts.h"

// What to ask for: $select. It keeps content out of the list.
#define GRAPH_ATTACHMENT_SELECT "id,name,contentType,size,isInline,lastModifiedDateTime"

enum graph_part_kind {
    GRAPH_PART_FILE,      // fileAttachment, taskFileAttachment: /$value is its content
    GRAPH_PART_ITEM,      // a mail, an event, a contact: a document without content
    GRAPH_PART_REFERENCE, // a link to a file elsewhere: the same; /$value is refused
    GRAPH_PART_OTHER,     // of a type that is not known: the same
};

struct graph_part {
    // id as EWS writes it (graph_id_put_rest() makes Graph's of it), name whole characters of at
    // most OUTLOOK_NAME_BYTES, timestamp JSON, size -1: unknown, file: it has content. unit is 0.
    // The texts lie in the bytes below: a copy of the struct must not be used.
    struct outlook_part part;
    enum graph_part_kind kind;
    bool is_inline;
    u8 id_bytes[UNIT_ID_BYTES], name_bytes[OUTLOOK_NAME_BYTES], time_bytes[OUTLOOK_TIME_BYTES];
};

// false: no object, or no id that can be used; EWS would not make a document of it either.
bool graph_attachment_read(const struct json *j, int node, struct graph_part *out);

#endif
