// SPDX-License-Identifier: Apache-2.0
// Attachments of the fake Exchange, and GetAttachment. Files of any size cost no memory: their
// bytes are one line of their own and then lines of a block that all files share, 57 bytes each, so
// that base64 of the whole is that of its lines; the files of every second round of cases have a
// line break after each.
#include <string.h>

#include "ews.h"

#define LINE_BYTES 57
#define BLOCK_LINES 64
#define CASES 24
#define SMALL_BYTES 65536 // written out; larger ones point to the block

enum att_kind { ATT_FILE, ATT_ITEM, ATT_REFERENCE };

struct att {
    int which; // case; -1: the end
    enum att_kind kind;
    const char *name, *type; // name NULL: none; type: of content, or the inner element
    i64 bytes;
    bool is_inline, no_id, no_size, no_time; // no_id: with the odd things only
};

static const struct att mail_atts[] = {
    {9, ATT_FILE, "a.pdf", "application/pdf", 1024, false, false, false, false},
    {9, ATT_FILE, "Notizen – März.TXT", "text/plain", 300, false, false, false, false},
    {9, ATT_FILE, "picture.png", "image/png", 2000, false, false, false, false},
    {10, ATT_FILE, "big.csv", "text/csv", 2500000, false, false, false, false},
    {10, ATT_FILE, "huge.pdf", "application/pdf", 10485761, false, false, false, false},
    {11, ATT_ITEM, "Forwarded: Grüße", "t:Message", 4321, false, false, false, false},
    {11, ATT_FILE, "image001.png", "image/png", 500, true, false, false, false},
    {12, ATT_FILE, "without-id.txt", "text/plain", 100, false, true, false, false},
    {12, ATT_FILE, NULL, "text/plain", 100, false, false, false, false},
    {12, ATT_FILE, "", "text/plain", 57, false, false, false, false},
    {12, ATT_FILE, "empty.txt", "text/plain", 0, false, false, false, false},
    {12, ATT_FILE, "no-size.txt", "text/plain", 100, false, false, true, true},
    {12, ATT_REFERENCE, "in the cloud.docx", NULL, 0, false, false, true, false},
    {20, ATT_FILE, "logo.svg", "image/svg+xml", 900, true, false, false, false},
    {21, ATT_ITEM, "Invitation", "t:CalendarItem", 2222, false, false, false, false},
    {21, ATT_FILE, "a.tar.gz", "application/gzip", 57, false, false, false, false},
    {21, ATT_FILE, ".md", "text/markdown", 58, false, false, false, false},
    {21, ATT_FILE, "page.HTML", "text/html", 113, false, false, false, false},
};
static const struct att other_atts[] = {
    // of calendar items and tasks
    {2, ATT_FILE, "agenda.docx", "application/octet-stream", 5000, false, false, false, false},
    {3, ATT_FILE, "plan.md", "text/markdown", 640, false, false, false, false},
    {3, ATT_ITEM, "Mail", "t:Message", 700, false, false, false, false},
};

static const struct att *nth(const struct ews_item *i, int n)
{
    bool mail = i->group == EWS_MAIL;
    const struct att *list = mail ? mail_atts : other_atts;
    isize count = mail ? COUNT(mail_atts) : COUNT(other_atts);
    for (isize k = 0; k < count && i->group != EWS_CONTACTLIKE && !i->bare; k++) {
        if (list[k].which == ews_item_case(i, CASES) && n-- == 0) {
            return &list[k];
        }
    }
    return NULL;
}

int ews_attachment_count(const struct exchange *e, const struct ews_item *i)
{
    (void)e;
    int n = 0;
    while (nth(i, n)) {
        n++;
    }
    return n;
}

bool ews_attachments_shown(const struct exchange *e, const struct ews_item *i)
{
    (void)e;
    bool shown = false;
    for (int n = 0; nth(i, n); n++) {
        shown = shown || !nth(i, n)->is_inline;
    }
    return shown;
}

static const char *element_of(const struct att *a)
{
    return a->kind == ATT_FILE   ? "t:FileAttachment"
           : a->kind == ATT_ITEM ? "t:ItemAttachment"
                                 : "t:ReferenceAttachment";
}

static void put_head(struct ews *c, const struct ews_item *i, int n, bool details)
{
    const struct att *a = nth(i, n);
    struct ews_out *w = &c->w;
    struct ews_id id = {
        .kind = EWS_ID_ATTACHMENT, .mailbox = i->mailbox, .place = i->place, .index = i->index};
    id.attachment = n;
    if (!a->no_id || !c->e->odd) {
        x_id(w, "t:AttachmentId", c->t, id, 0, false);
    }
    if (a->name) {
        x_z(w, "t:Name", a->name);
    }
    if (a->kind == ATT_FILE) {
        x_z(w, "t:ContentType", a->type);
    }
    if (a->is_inline) {
        x_z(w, "t:ContentId", "image001.png@01D9");
    }
    if (!details) {
        return;
    }
    if (!a->no_size) {
        x_num(w, "t:Size", a->bytes);
    }
    if (!a->no_time) {
        struct t_buf time = {0};
        ews_date_put(&time, i->received_ms - 60000, i->number % 5 == 4 ? 0 : 3);
        x_text(w, "t:LastModifiedTime", t_buf_str(&time));
        t_buf_free(&time);
    }
    x_z(w, "t:IsInline", a->is_inline ? "true" : "false");
}

void ews_attachments_put(struct ews *c, const struct ews_item *i)
{
    if (!nth(i, 0)) {
        return;
    }
    x_open(&c->w, "t:Attachments");
    for (int n = 0; nth(i, n); n++) {
        const struct att *a = nth(i, n);
        x_open(&c->w, element_of(a));
        put_head(c, i, n, true);
        if (a->kind == ATT_FILE) {
            x_z(&c->w, "t:IsContactPhoto", "false");
        } else if (a->kind == ATT_REFERENCE) {
            x_z(&c->w, "t:AttachLongPathName", "https://files.example.test/in%20the%20cloud.docx");
            x_z(&c->w, "t:ProviderType", "OneDrivePro");
        }
        x_close(&c->w, element_of(a));
    }
    x_close(&c->w, "t:Attachments");
}

// ---- content
// -------------------------------------------------------------------------------------

static void put_line(const struct ews_item *i, i64 line, u8 out[LINE_BYTES])
{
    static const char words[] = "attachment of the fake Exchange, the same words in every line; ";
    for (int k = 0; k < LINE_BYTES; k++) {
        out[k] = (u8)words[(line * 7 + k) % (isize)(sizeof(words) - 1)];
    }
    if (i) { // the first line is its own
        struct t_buf b = {0};
        t_buf_printf(&b, "%016llx of mailbox %d: ", (unsigned long long)i->r, i->mailbox + 1);
        memcpy(out, b.p, (size_t)(b.n < LINE_BYTES - 1 ? b.n : LINE_BYTES - 1));
        t_buf_free(&b);
    }
    out[LINE_BYTES - 1] = '\n';
}

static void encode_line(struct t_buf *b, const u8 *line, isize bytes, bool broken)
{
    t_base64_put(b, str_make(line, bytes), false);
    if (broken) {
        t_buf_z(b, "\r\n");
    }
}

// The block, encoded, with and without line breaks; made once.
static str block(bool broken)
{
    static u8 blocks[2][BLOCK_LINES * 78];
    static isize bytes[2];
    int which = broken ? 1 : 0;
    if (bytes[which] == 0) {
        struct t_buf b = {0};
        u8 line[LINE_BYTES];
        for (int n = 0; n < BLOCK_LINES; n++) {
            put_line(NULL, n, line);
            encode_line(&b, line, LINE_BYTES, broken);
        }
        ASSERT(b.n <= (isize)sizeof(blocks[0]));
        memcpy(blocks[which], b.p, (size_t)b.n);
        bytes[which] = b.n;
        t_buf_free(&b);
    }
    return str_make(blocks[which], bytes[which]);
}

// base64 of the file, into the response.
static void place_content(struct ews *c, const struct ews_item *i, i64 bytes, bool alone)
{
    bool broken = i->number / CASES % 2 == 1;
    struct t_response *r = c->r;
    u8 line[LINE_BYTES];
    put_line(i, 0, line);
    i64 first = bytes < LINE_BYTES ? bytes : LINE_BYTES;
    encode_line(&r->own, line, (isize)first, broken);
    i64 left = bytes - first, blocks = left / (LINE_BYTES * BLOCK_LINES);
    if (alone && bytes > SMALL_BYTES) {
        t_response_place(r, block(broken), blocks);
    } else {
        for (i64 n = 0; n < blocks; n++) {
            t_buf_put(&r->own, block(broken));
        }
    }
    left -= blocks * LINE_BYTES * BLOCK_LINES;
    for (i64 n = 0; left > 0; n++) {
        i64 now = left < LINE_BYTES ? left : LINE_BYTES;
        put_line(NULL, n, line);
        encode_line(&r->own, line, (isize)now, broken);
        left -= now;
    }
}

// An item within: a mail or meeting with a subject and, when asked for, its MIME form.
static void put_inner(struct ews *c, const struct ews_item *i, const struct att *a,
                      const struct ews_shape *s)
{
    struct ews_out *w = &c->w;
    struct ews_id id = {.mailbox = i->mailbox, .place = i->place, .index = i->index};
    x_open(w, a->type);
    if (ews_wants(s, EWS_F_ITEM_MIME)) {
        x_open(w, "t:MimeContent");
        x_attr(w, "CharacterSet", S("UTF-8"));
        x_put(w, S("U3ViamVjdDogaW5uZXINCg0KaW5uZXIgYm9keQ0K"));
        x_close(w, "t:MimeContent");
    }
    x_id(w, "t:ItemId", c->t, id, 0, false);
    x_z(w, "t:Subject", a->name);
    if (ews_wants(s, EWS_F_ITEM_BODY)) {
        x_open(w, "t:Body");
        x_attr(w, "BodyType", S("HTML"));
        x_put(w, S("<p>inner body</p>"));
        x_close(w, "t:Body");
    }
    x_close(w, a->type);
}

static const char *error_of(struct ews *c, int node, struct ews_id *id, struct ews_item *i)
{
    if (!ews_id_read(c->t, t_xml_attr(&c->x, node, "Id"), id)) {
        return "ErrorInvalidIdMalformed";
    }
    if (id->kind != EWS_ID_ATTACHMENT) {
        return "ErrorInvalidIdNotAnItemAttachmentId";
    }
    const char *error = ews_mailbox_error(c, id->mailbox);
    if (error) {
        return error;
    }
    if (!ews_item_find(c->t, id->mailbox, id->place, id->index, i) || !nth(i, id->attachment)) {
        return "ErrorItemNotFound";
    }
    const struct ews_fault *f = ews_fault_due(c, 2, id->mailbox, (int)id->place, id->index);
    return f ? f->code : NULL;
}

static void put_one(struct ews *c, int node, const struct ews_shape *s, bool alone)
{
    struct ews_id id;
    struct ews_item i;
    const char *error = error_of(c, node, &id, &i);
    if (error) {
        x_error(&c->w, "GetAttachment", error, "m:Attachments");
        return;
    }
    c->e->attachments++;
    const struct att *a = nth(&i, id.attachment);
    x_response(&c->w, "GetAttachment");
    x_open(&c->w, "m:Attachments");
    x_open(&c->w, element_of(a));
    put_head(c, &i, id.attachment, i.number % 3 == 0);
    if (a->kind == ATT_ITEM) {
        put_inner(c, &i, a, s);
    } else if (a->kind == ATT_FILE) {
        x_open(&c->w, "t:Content");
        if (a->bytes > 0) {
            x_raw(&c->w, S(""));
            place_content(c, &i, a->bytes, alone);
        }
        x_close(&c->w, "t:Content");
    }
    x_close(&c->w, element_of(a));
    x_close(&c->w, "m:Attachments");
    x_response_end(&c->w, "GetAttachment");
}

void ews_get_attachment(struct ews *c)
{
    struct ews_shape s;
    ews_shape_read(&c->x, t_xml_child(&c->x, c->operation, "m:AttachmentShape"), &s);
    int first = c->x.nodes[t_xml_child(&c->x, c->operation, "m:AttachmentIds")].first;
    // A response is a few pieces only: files are pointed to when not many are asked for at once.
    int count = 0;
    for (int n = first; n >= 0; n = c->x.nodes[n].next) {
        count++;
    }
    for (int n = first; n >= 0; n = c->x.nodes[n].next) {
        put_one(c, n, &s, count <= 3);
    }
}

// ---- for others (graph_attachment.c)
// -----------------------------------------------------------------------------

bool ews_attachment_file_put(const struct ews_item *i, int n, struct t_buf *out)
{
    static u8 lines[LINE_BYTES * BLOCK_LINES];
    const struct att *a = nth(i, n);
    if (!a || a->kind != ATT_FILE) {
        return false;
    }
    if (lines[0] == 0) {
        for (int k = 0; k < BLOCK_LINES; k++) {
            put_line(NULL, k, lines + (isize)k * LINE_BYTES);
        }
    }
    u8 first[LINE_BYTES];
    put_line(i, 0, first);
    i64 left = a->bytes;
    i64 now = left < LINE_BYTES ? left : LINE_BYTES;
    t_buf_put(out, str_make(first, (isize)now));
    for (left -= now; left > 0; left -= now) {
        now = left < (i64)sizeof(lines) ? left : (i64)sizeof(lines);
        t_buf_put(out, str_make(lines, (isize)now));
    }
    return true;
}

const char *ews_attachment_inner(const struct ews_item *i, int n)
{
    const struct att *a = nth(i, n);
    return a && a->kind == ATT_ITEM ? a->type : NULL;
}
