// SPDX-License-Identifier: Apache-2.0
// Attachments and their content (see graph_content.h). The queue of attachments is a few KiB: what
// does not fit is asked for once more when it is empty, by number. Graph sends bytes: every three
// of them become four letters at once, in the place where the document wants them.
#include "source/outlook/graph_content.h"

#include <string.h>

#include "codec/base64.h"
#include "source/outlook/graph_attachment.h"
#include "source/outlook/graph_id.h"
#include "source/outlook/graph_page.h"
#include "source/outlook/outlook_attachment.h"

enum {
    CONTENT_WINDOW_MIN = 256,
    CONTENT_ROOM = 16, // written for the end of the content
};

static str content_unit_id(const struct fetch *f)
{
    return str_make(f->units[0].id, f->units[0].id_bytes);
}

// ---- the list

void graph_content_put_list(const struct fetch *f, struct buf *target)
{
    const struct graph_fetch *gf = f->state;
    bool task = f->units[0].kind == EWS_KIND_TASK;
    graph_sets_put_item(f->mailbox, f->units[0].folder, content_unit_id(f), target);
    if (!task) { // those of tasks have other members, and no content in lists
        buf_put(target, S("?$select=" GRAPH_ATTACHMENT_SELECT));
    }
    if (gf->part_count) {
        buf_put(target, task ? S("?$skip=") : S("&$skip="));
        buf_put_i64(target, gf->part_count);
    }
}

// A link to a file elsewhere has no document by EWS: only the extended form has one.
static bool content_is_listed(const struct outlook *o, const struct graph_part *part)
{
    return part->kind != GRAPH_PART_REFERENCE || o->settings.extended;
}

void graph_content_take_element(const struct outlook *o, struct fetch *f, const struct json *j)
{
    struct graph_fetch *gf = f->state;
    struct graph_part part;
    if (gf->parts.over_unit >= 0) {
        return; // asked for again
    }
    if (graph_attachment_read(j, 0, &part) && content_is_listed(o, &part)) {
        outlook_parts_put(&gf->parts, &part.part);
    }
    gf->part_count += gf->parts.over_unit < 0;
}

err graph_content_end_list(struct fetch *f, const struct json *rest)
{
    struct graph_fetch *gf = f->state;
    u8 bytes[GRAPH_LINK_BYTES];
    struct buf link = buf_over(bytes, COUNT(bytes));
    enum graph_link kind;
    TRY(graph_answer_page(rest, &kind, &link));
    bool more = kind == GRAPH_LINK_NEXT || gf->parts.over_unit >= 0;
    if (more && (gf->elements == 0 || gf->part_count >= OUTLOOK_ATTACHMENTS_MAX)) {
        return FAIL(GRAPH_ENDLESS);
    }
    gf->listed = !more;
    gf->part_base = gf->part_count;
    gf->asking = GRAPH_ASKING_NOTHING;
    return OK;
}

// ---- content

void graph_content_put_target(const struct fetch *f, const struct outlook_part *part,
                              struct buf *target)
{
    u8 bytes[UNIT_ID_BYTES];
    struct buf rest = buf_over(bytes, COUNT(bytes));
    bool is_id = graph_id_put_rest(&rest, part->id);
    ASSERT(is_id); // it was made of one
    graph_sets_put_item(f->mailbox, f->units[0].folder, content_unit_id(f), target);
    buf_put_byte(target, '/');
    url_put_encoded(target, buf_str(&rest));
    buf_put(target, S("/$value"));
}

void graph_content_begin(const struct outlook *o, struct fetch *f, const struct outlook_part *part)
{
    struct graph_fetch *gf = f->state;
    outlook_attachment_put(&f->data, part, (enum ews_kind)f->units[0].kind, graph_page_owner(o, f));
    gf->content_from = f->data.n;
    gf->content_open = gf->is_too_large = false;
    gf->carried = 0;
    gf->content_left = o->run.extract ? INT64_MAX : o->settings.max_file_bytes;
    gf->extract = (struct outlook_extract){.from = f->data.n, .wanted = o->run.extract};
    gf->rest = buf_over(f->data.p, FETCH_DOC_OFFSET);
}

// How many bytes may be taken.
static isize content_window(const struct graph_fetch *gf, const struct buf *data)
{
    isize room = data->cap - data->n - FETCH_DOC_TAIL - CONTENT_ROOM;
    return gf->extract.wanted ? room : room / 4 * 3 - (isize)COUNT(gf->carry);
}

static void content_open(struct graph_fetch *gf, struct buf *data)
{
    if (!gf->content_open) {
        buf_put(data, gf->extract.wanted ? S("") : S(",\"_attachment\":\""));
        gf->content_open = true;
    }
}

static void content_take(struct graph_fetch *gf, struct buf *data, str bytes)
{
    if (gf->extract.wanted) {
        buf_put(data, bytes);
        return;
    }
    while (gf->carried && gf->carried < COUNT(gf->carry) && bytes.n) {
        gf->carry[gf->carried++] = bytes.p[0];
        bytes = str_from_index(bytes, 1);
    }
    if (gf->carried == COUNT(gf->carry)) {
        base64_encode(data, str_make(gf->carry, gf->carried));
        gf->carried = 0;
    }
    isize whole = bytes.n / 3 * 3;
    base64_encode(data, str_slice(bytes, 0, whole));
    for (isize i = whole; i < bytes.n; i++) {
        gf->carry[gf->carried++] = bytes.p[i];
    }
}

err graph_content_body(struct fetch *f, str *in)
{
    struct graph_fetch *gf = f->state;
    struct buf *data = &f->data;
    while (in->n && !gf->is_too_large) {
        isize window = content_window(gf, data);
        if (window < CONTENT_WINDOW_MIN && data->cap < LANE_LARGE_BYTES &&
            in->n <= gf->content_left) {
            return FAIL(LANE_TOO_SMALL);
        }
        if (window < CONTENT_WINDOW_MIN || in->n > gf->content_left) { // whatever its size said
            gf->is_too_large = true;
            data->n = gf->content_from;
            break;
        }
        content_open(gf, data);
        str chunk = str_slice(*in, 0, in->n < window ? in->n : window);
        content_take(gf, data, chunk);
        gf->content_left -= chunk.n;
        *in = str_from_index(*in, chunk.n);
        ASSERT(!data->full); // content_window()
    }
    if (gf->is_too_large) {
        *in = str_from_index(*in, in->n);
    }
    return OK;
}

void graph_content_drop(struct fetch *f)
{
    struct graph_fetch *gf = f->state;
    f->data.n = gf->content_from;
    gf->extract.ready = false;
    gf->part_ready = true;
    gf->part_verdict = FETCH_DOCUMENT;
}

void graph_content_end(struct fetch *f)
{
    struct graph_fetch *gf = f->state;
    struct buf *data = &f->data;
    if (gf->is_too_large) {
        graph_content_drop(f); // what is known of it is indexed all the same
        gf->part_error = gf->extract.wanted ? FAIL(GRAPH_TOO_LARGE) : OK;
        return;
    }
    content_open(gf, data); // without a byte there is content too: none
    if (gf->extract.wanted) {
        outlook_extract_content_end(&gf->extract, data);
    } else {
        base64_encode(data, str_make(gf->carry, gf->carried));
        buf_put_byte(data, '"');
    }
    gf->part_ready = !gf->extract.ready;
    gf->part_verdict = FETCH_DOCUMENT;
    gf->part_error = OK;
}
