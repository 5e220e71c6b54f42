// SPDX-License-Identifier: Apache-2.0
// Character references; html_entities.h has the contract (HTML5, 13.2.5.72 to 13.2.5.80).
//
// A name is looked for among the first names of blocks, then within one block. Nothing is unpacked:
// as names are sorted, how much of the name agrees with the one before says what to make of the
// next.
#include "codec/html_entities.h"

#include "codec/html_tables.h"

#define SHARED_MAX 15 // what four bits hold

struct entry {
    u8 kind;
    const u8 *value;
};

// How many bytes of `name`, from `from` on, agree with the rest of a name at `p`; *end is behind
// that rest, *whole: they are the same.
static isize agree(const u8 *p, str name, isize from, const u8 **end, bool *whole)
{
    isize i = from;
    bool last = false;
    while (!last && i < name.n && (*p & 127) == name.p[i]) {
        last = *p++ & 128;
        i++;
    }
    *whole = last && i == name.n;
    while (!last) {
        last = *p++ & 128;
    }
    *end = p;
    return i;
}

// True: the name that begins block `index` is not behind `name`.
static bool is_in_reach(isize index, str name)
{
    const u8 *p = html_entities + html_entity_blocks[index] + 1;
    for (isize i = 0; i < name.n; i++) {
        u8 c = *p & 127;
        if (c != name.p[i]) {
            return c < name.p[i];
        }
        if (*p++ & 128) {
            return true;
        }
    }
    return false;
}

static bool entry_find(str name, struct entry *e)
{
    isize low = 0;
    isize high = (html_entities_count + HTML_ENTITY_BLOCK - 1) / HTML_ENTITY_BLOCK;
    while (high - low > 1) {
        isize middle = (low + high) / 2;
        if (is_in_reach(middle, name)) {
            low = middle;
        } else {
            high = middle;
        }
    }
    const u8 *p = html_entities + html_entity_blocks[low];
    isize left = html_entities_count - low * HTML_ENTITY_BLOCK;
    left = left < HTML_ENTITY_BLOCK ? left : HTML_ENTITY_BLOCK;
    for (isize same = 0; left; left--) {
        bool whole = false;
        isize shared = *p >> 4;
        e->kind = *p++ & 15;
        if (shared < same && shared < SHARED_MAX) {
            return false; // all that begin with so much of it are behind
        }
        if (shared <= same) {
            same = agree(p, name, shared, &e->value, &whole);
        } else {
            agree(p, S(""), 0, &e->value, &whole);
        }
        if (whole) {
            return true;
        }
        p = e->value + (e->kind == HTML_KIND_TWO ? 3 : e->kind == HTML_KIND_PAGE ? 2 : 1);
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
