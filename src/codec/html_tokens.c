// SPDX-License-Identifier: Apache-2.0
// Text, references and raw text; html_tokens.h has the contract (HTML5, 13.2.5.1 to 13.2.5.5,
// 13.2.5.9 to 13.2.5.31, 13.2.5.72 to 13.2.5.80).
#include "codec/html_tokens.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "codec/html_entities.h"
#include "codec/html_node.h"
#include "codec/html_state.h"
#include "codec/html_tag.h"
#include "codec/html_tree.h"

static bool is_letter(u8 c)
{
    return (u8)((c | 32) - 'a') < 26;
}

static int digit_value(u8 c)
{
    if ((u8)(c - '0') < 10) {
        return c - '0';
    }
    return (u8)((c | 32) - 'a') < 6 ? (c | 32) - 'a' + 10 : 16;
}

static void put(struct html_text *h, const char *text)
{
    html_node_put(h, str_from(text));
}

static void put_token(struct html_text *h)
{
    html_node_put(h, str_make(h->token, h->token_n));
}

// ---- references

static const u8 *read_reference(struct html_text *h, const u8 *p, const u8 *end)
{
    (void)end;
    h->token_n = 0;
    if (*p == '#') {
        h->state = HTML_STATE_NUMBER;
        return p + 1;
    }
    if (is_letter(*p)) {
        h->state = HTML_STATE_REFERENCE_NAME;
        return p;
    }
    put(h, "&");
    h->state = HTML_STATE_TEXT;
    return p;
}

// What the token means, and what of it means nothing. True: an ';' that follows is used up.
static bool end_reference(struct html_text *h, bool ended)
{
    u8 text[HTML_REFERENCE_BYTES];
    isize text_n = 0;
    str name = str_make(h->token, h->token_n);
    isize used = html_entity_match(name, ended, text, &text_n);
    h->state = HTML_STATE_TEXT;
    html_node_put(h, used ? str_make(text, text_n) : S("&"));
    html_node_put(h, str_from_index(name, used));
    return ended && used == name.n;
}

static const u8 *read_reference_name(struct html_text *h, const u8 *p, const u8 *end)
{
    for (; p < end; p++) {
        if (!(is_letter(*p) || str_is_digit(*p)) || h->token_n == HTML_TOKEN_BYTES) {
            return p + end_reference(h, *p == ';');
        }
        h->token[h->token_n++] = *p;
    }
    return p;
}

static const u8 *read_number(struct html_text *h, const u8 *p, const u8 *end)
{
    (void)end;
    h->number = 0;
    if (h->state == HTML_STATE_NUMBER && (*p | 32) == 'x') {
        h->token[0] = *p;
        h->token_n = 1;
        h->state = HTML_STATE_NUMBER_HEX;
        return p + 1;
    }
    int base = h->state == HTML_STATE_NUMBER ? 10 : 16;
    if (digit_value(*p) < base) {
        h->state = base == 10 ? HTML_STATE_DECIMAL : HTML_STATE_HEX;
    } else {
        put(h, "&#");
        put_token(h);
        h->state = HTML_STATE_TEXT;
    }
    return p;
}

static void end_number(struct html_text *h)
{
    u8 text[HTML_REFERENCE_BYTES];
    isize n = html_entity_number(h->number, text);
    html_node_put(h, str_make(text, n));
    h->state = HTML_STATE_TEXT;
}

static const u8 *read_digits(struct html_text *h, const u8 *p, const u8 *end)
{
    int base = h->state == HTML_STATE_DECIMAL ? 10 : 16;
    for (; p < end; p++) {
        int value = digit_value(*p);
        if (value >= base) {
            end_number(h);
            return *p == ';' ? p + 1 : p;
        }
        h->number = h->number * (u32)base + (u32)value;
        h->number = h->number < 0x110000 ? h->number : 0x110000;
    }
    return p;
}

// ---- raw text

static bool ends_name(u8 c)
{
    return c == '>' || c == '/' || html_is_blank(c);
}

// The end tag of the raw text, whose name was read.
static void end_raw(struct html_text *h)
{
    h->end = true;
    h->name = h->raw_name;
    h->raw = HTML_MARKUP;
    h->state = HTML_STATE_BEFORE_ATTR;
}

static const u8 *read_raw_open(struct html_text *h, const u8 *p, const u8 *end)
{
    (void)end;
    h->token[0] = '<';
    h->token[1] = '/';
    h->token_n = *p == '/' ? 2 : 1;
    if (*p == '/') {
        h->state = HTML_STATE_RAW_END;
        return p + 1;
    }
    put_token(h);
    h->state = HTML_STATE_TEXT;
    return p;
}

// True: `c` goes on with the name of the raw text, of which `n` bytes were read.
static bool goes_on(const struct html_text *h, u32 n, u8 c)
{
    return n < h->raw_name_n && (c | 32) == (u8)(h->raw_name >> 8 * (h->raw_name_n - 1 - n));
}

static const u8 *read_raw_end(struct html_text *h, const u8 *p, const u8 *end)
{
    for (; p < end; p++) {
        u32 n = h->token_n - 2u;
        if (goes_on(h, n, *p)) {
            h->token[h->token_n++] = *p;
            continue;
        }
        if (n == h->raw_name_n && ends_name(*p)) {
            end_raw(h);
        } else {
            put_token(h);
            h->state = HTML_STATE_TEXT;
        }
        return p;
    }
    return p;
}

// A script, of which nothing is wanted but its end: within <!-- --> a <script> hides the next
// </script>.
static const u8 *read_script(struct html_text *h, const u8 *p, const u8 *end)
{
    for (; p < end; p++) {
        if (*p == '<') {
            h->state = HTML_STATE_SCRIPT_OPEN;
            h->dashes = 0;
            return p + 1;
        }
        if (*p == '-') {
            h->dashes = h->dashes ? 2 : 1;
            continue;
        }
        if (*p == '>' && h->dashes == 2) {
            h->raw = HTML_SCRIPT;
        }
        h->dashes = 0;
    }
    return p;
}

static const u8 *read_script_open(struct html_text *h, const u8 *p, const u8 *end)
{
    (void)end;
    h->token_n = 0;
    if (*p == '/') {
        h->state = HTML_STATE_SCRIPT_END;
        return p + 1;
    }
    if (*p == '!' && h->raw == HTML_SCRIPT) {
        h->state = HTML_STATE_SCRIPT_BANG;
        return p + 1;
    }
    h->state = h->raw == HTML_SCRIPT_ESCAPED ? HTML_STATE_SCRIPT_START : HTML_STATE_TEXT;
    return p;
}

static const u8 *read_script_bang(struct html_text *h, const u8 *p, const u8 *end)
{
    (void)end;
    if (*p != '-') {
        h->state = HTML_STATE_TEXT;
        return p;
    }
    if (h->state == HTML_STATE_SCRIPT_BANG) {
        h->state = HTML_STATE_SCRIPT_BANG_DASH;
    } else {
        h->raw = HTML_SCRIPT_ESCAPED;
        h->dashes = 2;
        h->state = HTML_STATE_TEXT;
    }
    return p + 1;
}

static const u8 *read_script_name(struct html_text *h, const u8 *p, const u8 *end)
{
    for (; p < end && goes_on(h, h->token_n, *p); p++) {
        h->token_n++;
    }
    if (p == end) {
        return p;
    }
    bool is_end = h->state == HTML_STATE_SCRIPT_END;
    h->state = HTML_STATE_TEXT;
    if (h->token_n == h->raw_name_n && ends_name(*p)) {
        if (!is_end) {
            h->raw = HTML_SCRIPT_DOUBLE_ESCAPED;
        } else if (h->raw == HTML_SCRIPT_DOUBLE_ESCAPED) {
            h->raw = HTML_SCRIPT_ESCAPED;
        } else {
            end_raw(h);
        }
    }
    return p;
}

// ---- text

static bool is_special(u8 c)
{
    return c == '<' || c == '&' || c == '\r' || !c;
}

// Where text stops that can be taken as it is.
static const u8 *find_special(const u8 *p, const u8 *end)
{
#if defined(__SSE2__)
    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i tags = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('<')),
                                    _mm_cmpeq_epi8(v, _mm_set1_epi8('&')));
        __m128i others = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\r')),
                                      _mm_cmpeq_epi8(v, _mm_setzero_si128()));
        unsigned hits = (unsigned)_mm_movemask_epi8(_mm_or_si128(tags, others));
        if (hits) {
            return p + __builtin_ctz(hits);
        }
    }
#endif
    while (p < end && !is_special(*p)) {
        p++;
    }
    return p;
}

static const u8 *read_text(struct html_text *h, const u8 *p, const u8 *end, str *piece)
{
    if (h->prolog != HTML_PROLOG_NONE) {
        while (p < end && html_is_blank(*p)) {
            p++;
        }
        if (p == end) {
            return p;
        }
        h->prolog = *p == '<' ? h->prolog : HTML_PROLOG_NONE;
    }
    const u8 *special = find_special(p, end);
    if (special > p) {
        return p + html_node_read(h, str_make(p, special - p), piece);
    }
    bool references = h->raw == HTML_MARKUP || h->raw == HTML_REFERENCES;
    if (*p == '\r') {
        h->after_cr = true;
        put(h, "\n");
    } else if (!*p) {
        put(h, "\xEF\xBF\xBD");
    } else if (*p == '&' && references) {
        h->state = HTML_STATE_REFERENCE;
    } else if (*p == '<' && h->raw != HTML_PLAIN) {
        h->state = h->raw == HTML_MARKUP ? HTML_STATE_TAG_OPEN : HTML_STATE_RAW_OPEN;
    } else {
        html_node_put(h, str_make(p, 1));
    }
    return p + 1;
}

// ---- all of it

// Up to two byte order marks: both the parser and what called it took one.
static const str marks = S("\xEF\xBB\xBF\xEF\xBB\xBF");

static void end_start(struct html_text *h)
{
    str begun = str_slice(marks, 0, h->token_n % 3); // a mark that is none
    h->state = HTML_STATE_TEXT;
    if (begun.n) {
        h->prolog = HTML_PROLOG_NONE;
        html_node_put(h, begun);
    }
}

static const u8 *read_start(struct html_text *h, const u8 *p, const u8 *end)
{
    (void)end;
    if (h->token_n < marks.n && *p == marks.p[h->token_n]) {
        h->token_n++;
        return p + 1;
    }
    end_start(h);
    return p;
}

static const u8 *read_token(struct html_text *h, const u8 *p, const u8 *end)
{
    if (h->state > HTML_STATE_TEXT && h->state < HTML_STATE_REFERENCE) {
        return html_tag_read(h, p, end);
    }
    switch (h->state) {
    case HTML_STATE_START:
        return read_start(h, p, end);
    case HTML_STATE_REFERENCE:
        return read_reference(h, p, end);
    case HTML_STATE_REFERENCE_NAME:
        return read_reference_name(h, p, end);
    case HTML_STATE_NUMBER:
    case HTML_STATE_NUMBER_HEX:
        return read_number(h, p, end);
    case HTML_STATE_DECIMAL:
    case HTML_STATE_HEX:
        return read_digits(h, p, end);
    case HTML_STATE_RAW_OPEN:
        return read_raw_open(h, p, end);
    case HTML_STATE_RAW_END:
        return read_raw_end(h, p, end);
    case HTML_STATE_SCRIPT_OPEN:
        return read_script_open(h, p, end);
    case HTML_STATE_SCRIPT_BANG:
    case HTML_STATE_SCRIPT_BANG_DASH:
        return read_script_bang(h, p, end);
    default: // HTML_STATE_SCRIPT_START or HTML_STATE_SCRIPT_END
        return read_script_name(h, p, end);
    }
}

void html_tokens_read(struct html_text *h, str *in, str *piece)
{
    const u8 *p = in->p;
    const u8 *end = p + in->n;
    while (p < end && !piece->n && h->ready < HTML_PIECE_BYTES) {
        if (h->state != HTML_STATE_TEXT) {
            p = read_token(h, p, end);
        } else if (h->raw >= HTML_SCRIPT) {
            p = read_script(h, p, end);
        } else if (h->after_cr) {
            h->after_cr = false;
            p += *p == '\n';
        } else {
            p = read_text(h, p, end, piece);
        }
    }
    *in = str_make(p, end - p);
}

void html_tokens_finish(struct html_text *h)
{
    switch (h->state) {
    case HTML_STATE_START:
        end_start(h);
        break;
    case HTML_STATE_TAG_OPEN:
        html_tag_put_open(h, S("<"));
        break;
    case HTML_STATE_END_OPEN:
        html_tag_put_open(h, S("</"));
        break;
    case HTML_STATE_REFERENCE:
        put(h, "&");
        break;
    case HTML_STATE_REFERENCE_NAME:
        end_reference(h, false);
        break;
    case HTML_STATE_NUMBER:
        put(h, "&#");
        break;
    case HTML_STATE_NUMBER_HEX:
        put(h, "&#");
        put_token(h);
        break;
    case HTML_STATE_DECIMAL:
    case HTML_STATE_HEX:
        end_number(h);
        break;
    case HTML_STATE_RAW_OPEN:
        put(h, "<");
        break;
    case HTML_STATE_RAW_END:
        put_token(h);
        break;
    default: // a tag, a comment, a script
        break;
    }
    html_node_end(h);
}
