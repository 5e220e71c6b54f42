// SPDX-License-Identifier: Apache-2.0
// The trimmed mail: mime.h has the contract, spec/documents.md 8.1 the steps. Headers first, then
// the part that people read. mime_tree.c finds the parts, mime_words.c and mime_addr.c write header
// fields, mime_cte.c and mime_text.c the body.
#include "codec/mime.h"

#include "codec/mime_cte.h"
#include "codec/mime_date.h"
#include "codec/mime_param.h"
#include "codec/mime_text.h"
#include "codec/mime_tree.h"
#include "codec/mime_words.h"

// A field whose text goes out as it stands, on one line.
static void put_verbatim(const struct mime_value *v, struct buf *out)
{
    buf_put(out, (str){v->p, v->n});
}

static err put_field(enum mime_field field, const struct mime_head *head, struct arena *scratch,
                     struct buf *out)
{
    struct mime_value v;
    TRY(mime_words_open(head->value[field], scratch, &v));
    struct mime_fold f = mime_fold_start(out, head->name[field]);
    if (v.n) {
        mime_fold_put_lead(&f);
        if (field == MIME_MESSAGE_ID) {
            put_verbatim(&v, out);
        } else if (field == MIME_SUBJECT) {
            TRY(mime_words_put_text(&v, &f));
        } else if (field != MIME_DATE) {
            TRY(mime_words_put_addresses(&v, &f));
        } else if (!mime_date_put((str){v.p, v.n}, out)) {
            err e = mime_words_put_text(&v, &f);
            if (!err_is(e, ERR_MIME_CHARSET)) { // such a date is no reason to take the raw mail
                TRY(e);
            }
        }
    }
    mime_fold_end(&f);
    return OK;
}

static err put_fields(const struct mime_head *head, struct arena *scratch, struct buf *out)
{
    for (int i = 0; i < MIME_FIELDS_KEPT; i++) {
        struct arena before = *scratch;
        if (head->name[i].n) {
            TRY(put_field((enum mime_field)i, head, scratch, out));
        }
        *scratch = before;
    }
    return buf_check(out);
}

static bool is_empty(str text)
{
    for (isize i = 0; i < text.n; i++) {
        if (!str_is_space(text.p[i])) {
            return false;
        }
    }
    return true;
}

// The body of `part`, transfer decoded.
static err read_body(str raw, const struct mime_part *part, struct arena *scratch,
                     struct mime_body *out)
{
    static const struct mime_boundaries none = {0};
    struct mime_head head;
    (void)mime_head_read(str_slice(raw, 0, part->body), part->head, &none, part->parent < 0, &head);
    str type;
    str encoding;
    TRY(mime_param_unfold(head.value[MIME_CONTENT_TYPE], scratch, &type));
    TRY(mime_param_unfold(head.value[MIME_CONTENT_ENCODING], scratch, &encoding));
    u8 *room = arena_try_n(scratch, u8, type.n + 1);
    if (!room) {
        return FAIL(ARENA_FULL);
    }
    struct buf charset = buf_over(room, type.n + 1);
    out->declared = mime_param_get(type, S("charset"), &charset);
    out->charset = buf_str(&charset);
    out->subtype = part->text == MIME_TEXT_HTML ? S("html") : S("plain");
    return mime_cte_decode(encoding, str_slice(raw, part->body, part->end), scratch, &out->bytes);
}

// Plain text before HTML, the first of a kind, but one with text before one without. Scratch keeps
// what the chosen body lies in. Without any, *out is an empty plain text.
static err choose_body(str raw, const struct mime_tree *tree, struct arena *scratch,
                       struct mime_body *out)
{
    bool found = false;
    *out = (struct mime_body){.subtype = S("plain")};
    for (int kind = MIME_TEXT_PLAIN; kind <= MIME_TEXT_HTML; kind++) {
        for (isize i = 0; i < tree->count; i++) {
            const struct mime_part *part = &tree->parts[i];
            if (part->text != kind || !part->readable) {
                continue;
            }
            struct arena before = *scratch;
            struct mime_body body;
            TRY(read_body(raw, part, scratch, &body));
            bool empty = is_empty(body.bytes);
            if (empty && found) {
                *scratch = before;
                continue;
            }
            *out = body;
            found = true;
            if (!empty) {
                return OK;
            }
        }
    }
    return OK;
}

err mime_trim(str raw, struct buf *out, struct arena *scratch)
{
    struct buf out_before = *out;
    struct arena before = *scratch;
    struct mime_tree tree;
    struct mime_body body;
    err e = mime_tree_read(raw, scratch, &tree);
    if (err_ok(e)) {
        e = put_fields(&tree.head, scratch, out);
    }
    if (err_ok(e)) {
        e = choose_body(raw, &tree, scratch, &body);
    }
    if (err_ok(e)) {
        e = mime_text_put(&body, scratch, out);
    }
    *scratch = before;
    if (!err_ok(e)) {
        *out = out_before;
    }
    return e;
}
