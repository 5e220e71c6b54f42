// SPDX-License-Identifier: Apache-2.0
// Documents of attachments (see outlook_attachment.h).
#include "source/outlook/outlook_attachment.h"

#include "codec/json_write.h"

// Extensions whose content is indexed (documents.md 6), with blanks around them.
static const str attachment_extensions = S(
    " .txt .py .rst .html .markdown .json .xml .csv .md .ppt .rtf .docx .odt .xls .xlsx .rb "
    ".paper .sh .pptx .pdf .doc .aspx .xlsb .xlsm .tsv .svg .msg .potx .vsd .vsdx .vsdm ");

enum { EXTENSION_BYTES = 10 }; // the longest is .markdown

// From the last dot on, unless nothing but dots stands before it.
static str attachment_extension(str name)
{
    isize first = 0;
    while (first < name.n && name.p[first] == '.') {
        first++;
    }
    for (isize i = name.n - 1; i >= first; i--) {
        if (name.p[i] == '.') {
            return str_from_index(name, i);
        }
    }
    return (str){0};
}

static bool attachment_is_allowed(str name)
{
    str extension = attachment_extension(name);
    u8 bytes[EXTENSION_BYTES + 2];
    struct buf word = buf_over(bytes, COUNT(bytes));
    if (extension.n < 2 || extension.n > EXTENSION_BYTES || str_find_byte(extension, ' ') >= 0) {
        return false;
    }
    buf_put_byte(&word, ' ');
    buf_put_lower(&word, extension);
    buf_put_byte(&word, ' ');
    return str_find(attachment_extensions, buf_str(&word)) >= 0;
}

bool outlook_attachment_has_content(const struct outlook_part *part, i64 max_bytes)
{
    return part->file && part->size > 0 && part->size <= max_bytes && part->name.n > 0 &&
           attachment_is_allowed(part->name);
}

static str attachment_type(enum ews_kind kind)
{
    return kind == EWS_KIND_CALENDAR ? S("Calendar Attachment")
           : kind == EWS_KIND_TASK   ? S("Task Attachment")
                                     : S("Mail Attachment");
}

void outlook_attachment_put(struct buf *data, const struct outlook_part *part, enum ews_kind kind,
                            str owner)
{
    buf_reset(data);
    data->n = FETCH_DOC_OFFSET;
    struct json_write w = json_write_to(data);
    json_write_key(&w, S("_timestamp"));
    json_write_raw(&w, part->timestamp);
    json_write_key(&w, S("title"));
    if (part->name.n) {
        json_write_string(&w, part->name);
    } else {
        json_write_null(&w);
    }
    json_write_member(&w, S("type"), attachment_type(kind));
    json_write_key(&w, S("size"));
    if (part->size >= 0) {
        json_write_i64(&w, part->size);
    } else {
        json_write_null(&w);
    }
    outlook_put_owner(data, owner);
}

void outlook_attachment_begin(struct fetch *f, const struct outlook_part *part, enum ews_kind kind,
                              str owner)
{
    struct outlook_fetch *of = f->state;
    outlook_attachment_put(&f->data, part, kind, owner);
    of->content_from = f->data.n;
    of->content = of->content_seen = false;
    of->quad = of->padding = 0;
    of->extract = (struct outlook_extract){.from = f->data.n};
}

// ---- content

// Attachments, FileAttachment, Content.
enum { LEVEL_ATTACHMENT = 2, LEVEL_CONTENT };

static bool attachment_is_base64(u8 c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || str_is_digit(c) || c == '+' ||
           c == '/';
}

static void attachment_take_text(struct fetch *f, str text)
{
    struct outlook_fetch *of = f->state;
    for (isize from = 0; from < text.n;) {
        isize i = from;
        while (i < text.n && attachment_is_base64(text.p[i])) {
            i++;
        }
        if (i > from && of->padding) {
            of->part_error = FAIL(EWS_BASE64); // text behind the padding
        }
        str run = str_slice(text, from, i);
        if (of->extract.wanted) {
            outlook_extract_take(&of->extract, &f->data, run);
        } else {
            buf_put(&f->data, run);
        }
        of->quad += (u32)(i - from);
        if (i < text.n && text.p[i] == '=') {
            of->padding++;
        } else if (i < text.n && !str_is_space(text.p[i])) {
            of->part_error = FAIL(EWS_BASE64);
        }
        from = i + 1;
    }
}

void outlook_attachment_event(struct fetch *f, const struct ews_answer *a, enum ews_event event)
{
    struct outlook_fetch *of = f->state;
    bool content = a->level == LEVEL_CONTENT && a->tag == EWS_TAG_Content;
    if (event == EWS_START && a->level == LEVEL_ATTACHMENT) {
        of->same = false;
    } else if (event == EWS_START && content && of->same && !of->content_seen) {
        of->content = of->content_seen = true;
        buf_put(&f->data, of->extract.wanted ? S("") : S(",\"_attachment\":\""));
    } else if (event == EWS_START && a->level == LEVEL_CONTENT && a->tag == EWS_TAG_AttachmentId) {
        str id = xml_attribute(&a->xml, S("Id"), NULL);
        struct outlook_part part;
        bool there = outlook_parts_first(&of->parts, &part);
        of->same = there && of->message < 0 && str_eq(id, part.id);
        of->message = of->same ? a->index : of->message;
    } else if (event == EWS_TEXT && of->content && !of->is_too_large) {
        attachment_take_text(f, a->xml.text);
    } else if (event == EWS_END && content && of->content) {
        of->content = false;
    } else if (event == EWS_MESSAGE_END && err_ok(of->error)) {
        of->error = a->error;
    }
}

err outlook_attachment_end_content(struct fetch *f)
{
    struct outlook_fetch *of = f->state;
    if (!of->content_seen) {
        return OK;
    }
    u32 rest = of->quad % 4;
    if (rest == 1 || of->padding > 2) {
        return FAIL(EWS_BASE64);
    }
    if (of->extract.wanted) {
        outlook_extract_content_end(&of->extract, &f->data);
        return of->part_error;
    }
    buf_put(&f->data, rest == 2   ? S("==")
                      : rest == 3 ? S("=")
                                  : S("")); // whether it was there or not
    buf_put_byte(&f->data, '"');
    return of->part_error;
}

void outlook_attachment_drop_content(struct fetch *f)
{
    struct outlook_fetch *of = f->state;
    f->data.n = of->content_from;
    of->extract.ready = false;
}

void outlook_attachment_hand(struct fetch *f, bool attached)
{
    static const str key = S("\"_timestamp\":");
    u8 *p = f->data.p + FETCH_DOC_OFFSET;
    f->doc = (struct buf){.p = p, .n = f->data.n - FETCH_DOC_OFFSET};
    f->doc.cap = f->doc.n;
    str value = str_from_index(str_make(p, f->doc.n), key.n);
    f->timestamp = str_slice(value, 0, str_find_byte(value, ','));
    f->message_bytes = f->data.n - FETCH_DOC_OFFSET;
    f->attached = attached;
}

void outlook_attachment_finish(struct fetch *f)
{
    const struct outlook_fetch *of = f->state;
    outlook_attachment_hand(f, f->data.n > of->content_from && !of->extract.wanted);
}
