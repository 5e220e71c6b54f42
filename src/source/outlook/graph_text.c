// SPDX-License-Identifier: Apache-2.0
// Decoding strings in pieces (see graph_text.h): a piece is a run of the string without escapes, or
// what one escape stands for, so that none ends within a character.
#include "source/outlook/graph_text.h"

#include "codec/json_write.h"

struct text_pieces {
    struct json_grammar grammar;
    str raw;
    isize at;
    bool ended;
};

static struct text_pieces text_pieces_of(const struct json *j, int node)
{
    struct text_pieces p = {.raw = json_raw(j, node)};
    p.ended = json_type(j, node) != JSON_STRING;
    json_grammar_init_string(&p.grammar);
    return p;
}

static bool text_is_control(str decoded)
{
    return decoded.n == 1 && decoded.p[0] < 0x20 && !str_is_space(decoded.p[0]);
}

// false: that was all. *piece is good until the next call, and not empty.
static bool text_next(struct text_pieces *p, str *piece)
{
    while (!p->ended) {
        isize from;
        bool half;
        enum json_token token = json_grammar_next(&p->grammar, p->raw, &from, &p->at);
        if (token == JSON_TOKEN_TEXT) {
            *piece = str_slice(p->raw, from, p->at);
            return true;
        }
        if (token == JSON_TOKEN_CHAR && !text_is_control(p->grammar.decoded)) {
            *piece = p->grammar.decoded;
            return true;
        }
        if (token != JSON_TOKEN_CHAR) { // the end; of a string that was parsed, nothing else
            p->ended = true;
            *piece = S("\xef\xbf\xbd");
            return json_grammar_is_text(&p->grammar, &half) && half;
        }
    }
    return false;
}

bool graph_put_text(struct buf *doc, const struct json *j, int node)
{
    struct text_pieces pieces = text_pieces_of(j, node);
    isize from = doc->n;
    bool any = false;
    str piece;
    while (!doc->full && text_next(&pieces, &piece)) {
        if (!any) {
            buf_put_byte(doc, '"');
        }
        json_escape(doc, piece);
        any = true;
    }
    if (any) {
        buf_put_byte(doc, '"');
    } else {
        doc->n = from;
    }
    return any || doc->full;
}

bool graph_put_word(struct buf *doc, const struct json *j, int node)
{
    isize first = doc->n + 1; // behind the quote
    if (!graph_put_text(doc, j, node)) {
        return false;
    }
    if (!doc->full && doc->p[first] >= 'a' && doc->p[first] <= 'z') {
        doc->p[first] = (u8)(doc->p[first] - 'a' + 'A');
    }
    return true;
}

static void text_put_html(struct buf *doc, struct html_text *html, str text)
{
    str out;
    while (!doc->full && html_text_next(html, &text, &out)) {
        json_escape(doc, out);
    }
}

bool graph_put_html(struct buf *doc, const struct json *j, int node, struct html_text *html,
                    struct buf piece)
{
    struct text_pieces pieces = text_pieces_of(j, node);
    bool any = false;
    str next;
    html_text_init(html);
    buf_reset(&piece);
    while (!doc->full && text_next(&pieces, &next)) {
        if (!any) {
            buf_put_byte(doc, '"');
        }
        any = true;
        // Escapes stand close together in HTML: what is between them is gathered.
        if (next.n > buf_room(&piece)) {
            text_put_html(doc, html, buf_str(&piece));
            buf_reset(&piece);
        }
        if (next.n > piece.cap) {
            text_put_html(doc, html, next);
        } else {
            buf_put(&piece, next);
        }
    }
    text_put_html(doc, html, buf_str(&piece));
    while (any && !doc->full && html_text_finish(html, &next)) {
        json_escape(doc, next);
    }
    if (any) {
        buf_put_byte(doc, '"');
    }
    return any || doc->full;
}

void graph_copy_text(struct buf *b, const struct json *j, int node)
{
    struct text_pieces pieces = text_pieces_of(j, node);
    str piece;
    while (text_next(&pieces, &piece)) {
        isize n = buf_room(b);
        if (piece.n <= n) {
            buf_put(b, piece);
            continue;
        }
        while (n > 0 && (piece.p[n] & 0xc0) == 0x80) {
            n--;
        }
        buf_put(b, str_slice(piece, 0, n));
        return;
    }
}
