// SPDX-License-Identifier: Apache-2.0
// Reading attachments (see graph_attachment.h).
#include "source/outlook/graph_attachment.h"

#include "source/outlook/graph_id.h"
#include "source/outlook/graph_text.h"

static const struct {
    const char *type; // behind "#microsoft.graph."
    enum graph_part_kind kind;
} attachment_types[] = {
    {"fileAttachment", GRAPH_PART_FILE},
    {"taskFileAttachment", GRAPH_PART_FILE},
    {"itemAttachment", GRAPH_PART_ITEM},
    {"referenceAttachment", GRAPH_PART_REFERENCE},
};

// Without a type it is what most are; a server that is asked for less may leave it out.
static enum graph_part_kind attachment_kind(const struct json *j, int node)
{
    u8 bytes[64];
    struct buf type = buf_over(bytes, COUNT(bytes));
    if (json_type(j, node) != JSON_STRING) {
        return GRAPH_PART_FILE;
    }
    graph_copy_text(&type, j, node);
    str name = buf_str(&type);
    name = str_starts(name, S("#")) ? str_from_index(name, 1) : name;
    for (isize i = 0; i < COUNT(attachment_types); i++) {
        if (str_starts(name, S("microsoft.graph.")) &&
            str_eq(str_from_index(name, S("microsoft.graph.").n),
                   str_from(attachment_types[i].type))) {
            return attachment_types[i].kind;
        }
    }
    return GRAPH_PART_OTHER;
}

bool graph_attachment_read(const struct json *j, int node, struct graph_part *out)
{
    struct buf id = buf_over(out->id_bytes, COUNT(out->id_bytes));
    struct buf name = buf_over(out->name_bytes, COUNT(out->name_bytes));
    struct buf stamp = buf_over(out->time_bytes, COUNT(out->time_bytes));
    u8 text_bytes[OUTLOOK_SMALL_BYTES];
    struct buf text = buf_over(text_bytes, COUNT(text_bytes));
    i64 size;
    if (!graph_id_put_of(j, node, &id)) {
        return false;
    }
    graph_copy_text(&name, j, json_get(j, node, S("name")));
    graph_copy_text(&text, j, json_get(j, node, S("lastModifiedDateTime")));
    outlook_put_time(&stamp, buf_str(&text));
    bool sized = json_i64(j, json_get(j, node, S("size")), &size) && size >= 0;
    out->kind = attachment_kind(j, json_get(j, node, S("@odata.type")));
    out->is_inline = json_type(j, json_get(j, node, S("isInline"))) == JSON_TRUE;
    out->part = (struct outlook_part){
        .id = buf_str(&id),
        .name = buf_str(&name),
        .timestamp = buf_str(&stamp),
        .size = sized ? size : -1,
        .file = out->kind == GRAPH_PART_FILE,
    };
    return true;
}
