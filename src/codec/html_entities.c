// SPDX-License-Identifier: Apache-2.0
// Character references; html_entities.h has the contract (HTML5, 13.2.5.72 to 13.2.5.80).
//
// A name is looked for among the first names of blocks, then within one block: seven and at most
// sixteen names are unpacked.
#include "codec/html_entities.h"

#include "codec/html_tables.h"

struct entry {
    u8 word[HTML_ENTITY_NAME_MAX + 1];
    isize n;
    u8 kind;
    const u8 *value;
};

// Unpacks the entry at `p`, which builds on the one in *e; returns where the next one is.
static const u8 *entry_next(struct entry *e, const u8 *p)
{
    e->kind = *p & 15;
    e->n = *p++ >> 4;
    do {
        ASSERT(e->n < COUNT(e->word));
        e->word[e->n++] = *p & 127;
    } while (!(*p++ & 128));
    e->value = p;
    return p + (e->kind == HTML_KIND_TWO ? 3 : e->kind == HTML_KIND_PAGE ? 2 : 1);
}

static bool entry_find(str name, struct entry *e)
{
    isize low = 0;
    isize high = (html_entities_count + HTML_ENTITY_BLOCK - 1) / HTML_ENTITY_BLOCK;
    while (high - low > 1) {
        isize middle = (low + high) / 2;
        entry_next(e, html_entities + html_entity_blocks[middle]);
        if (str_compare(str_make(e->word, e->n), name) <= 0) {
            low = middle;
        } else {
            high = middle;
        }
    }
    const u8 *p = html_entities + html_entity_blocks[low];
    isize end = (low + 1) * HTML_ENTITY_BLOCK;
    end = end < html_entities_count ? end : html_entities_count;
    for (isize i = low * HTML_ENTITY_BLOCK; i < end; i++) {
        p = entry_next(e, p);
        if (str_eq(str_make(e->word, e->n), name)) {
            return true;
        }
    }
    return false;
}

static isize put_char(u32 ch, u8 *to)
{
    if (ch < 0x80) {
        to[0] = (u8)ch;
        return 1;
    }
    isize n = ch < 0x800 ? 2 : ch < 0x10000 ? 3 : 4;
    for (isize i = n - 1; i > 0; i--) {
        to[i] = (u8)(0x80 | (ch & 0x3F));
        ch >>= 6;
    }
    to[0] = (u8)((0xF00u >> n & 0xFF) | ch);
    return n;
}

static isize entry_text(const struct entry *e, u8 *text)
{
    const u8 *v = e->value;
    if (e->kind == HTML_KIND_TWO) {
        isize n = put_char((u32)(v[0] << 8 | v[1]), text);
        return n + put_char(html_seconds[v[2]], text + n);
    }
    if (e->kind == HTML_KIND_PAGE) {
        return put_char((u32)html_pages[v[0]] << 8 | v[1], text);
    }
    return put_char((u32)html_pages[e->kind] << 8 | v[0], text);
}

isize html_entity_match(str name, bool ended, u8 text[HTML_REFERENCE_BYTES], isize *text_n)
{
    if (ended && str_eq(name, S("nbsp"))) { // every second one in mail
        *text_n = put_char(0xA0, text);
        return name.n;
    }
    struct entry e;
    if (ended && name.n <= HTML_ENTITY_NAME_MAX && entry_find(name, &e)) {
        *text_n = entry_text(&e, text);
        return name.n;
    }
    isize longest = name.n < HTML_ENTITY_BARE_MAX ? name.n : HTML_ENTITY_BARE_MAX;
    for (isize n = longest; n >= 2; n--) {
        if (entry_find(str_slice(name, 0, n), &e) && e.kind == HTML_KIND_BARE) {
            *text_n = entry_text(&e, text);
            return n;
        }
    }
    return 0;
}

isize html_entity_number(u32 number, u8 text[HTML_REFERENCE_BYTES])
{
    static const u16 windows[32] = {
        0x20AC, 0x81,   0x201A, 0x192,  0x201E, 0x2026, 0x2020, 0x2021, 0x2C6,  0x2030, 0x160,
        0x2039, 0x152,  0x8D,   0x17D,  0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
        0x2013, 0x2014, 0x2DC,  0x2122, 0x161,  0x203A, 0x153,  0x9D,   0x17E,  0x178,
    };
    if (number >= 0x80 && number < 0xA0) {
        number = windows[number - 0x80];
    } else if (!number || number > 0x10FFFF || (number >= 0xD800 && number < 0xE000)) {
        number = 0xFFFD;
    }
    return put_char(number, text);
}
