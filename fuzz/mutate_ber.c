// SPDX-License-Identifier: Apache-2.0
// BER and DER for mutate.h (X.690): an element is one of the tree; whatever takes its place, the
// lengths of all that it is in are written anew, so that the tree stays one. Options that a target
// has before the tree are skipped.
#include "mutate.h"

#define ELEMENTS_MAX 512
#define OPTIONS_MAX 4

struct element {
    isize from, content, to, parent;
};

static struct element elements[ELEMENTS_MAX];

// The header at `at`; false: none that fits before `end`.
static bool read_header(str in, isize at, isize end, struct element *e)
{
    if (end - at < 2) {
        return false;
    }
    isize bytes = in.p[at + 1] & 0x80 ? in.p[at + 1] & 0x7f : 0;
    isize n = in.p[at + 1] & 0x7f;
    if (bytes > 4 || end - at < 2 + bytes || (in.p[at + 1] == 0x80)) {
        return false;
    }
    n = bytes ? 0 : n;
    for (isize i = 0; i < bytes; i++) {
        n = n << 8 | in.p[at + 2 + i];
    }
    *e = (struct element){at, at + 2 + bytes, at + 2 + bytes + n, -1};
    return n <= end - e->content;
}

// All elements, parents before children; what does not read as BER is a leaf, or left out.
static isize read_tree(str in)
{
    isize count = 0, at = 0;
    while (at < in.n && at < OPTIONS_MAX && in.p[at] != 0x30) {
        at++;
    }
    at = at == OPTIONS_MAX ? 0 : at;
    isize end = in.n, parent = -1, next = 0;
    for (;;) {
        struct element e;
        while (count < ELEMENTS_MAX && read_header(in, at, end, &e)) {
            e.parent = parent;
            elements[count++] = e;
            at = e.to;
        }
        while (next < count && !(in.p[elements[next].from] & 0x20)) {
            next++;
        }
        if (next >= count) {
            return count;
        }
        parent = next++;
        at = elements[parent].content;
        end = elements[parent].to;
    }
}

static bool pick(str in, struct cuts *dice, struct mutate_span *span)
{
    isize count = read_tree(in);
    if (count == 0) {
        return false;
    }
    const struct element *e = &elements[mutate_roll(dice, count)];
    *span = (struct mutate_span){e->from, e->content, e->to, e->to};
    return true;
}

static void put_header(struct buf *out, u8 tag, isize n)
{
    u8 bytes[] = {(u8)(n >> 16), (u8)(n >> 8), (u8)n};
    isize skip = n > 0xffff ? 0 : n > 0xff ? 1 : 2;
    buf_put_byte(out, tag);
    if (n >= 0x80) {
        buf_put_byte(out, (u8)(0x83 - skip));
    }
    buf_put(out, str_make(bytes + skip, 3 - skip));
}

static isize find(str in, isize from)
{
    isize count = read_tree(in);
    for (isize i = 0; i < count; i++) {
        if (elements[i].from == from) {
            return i;
        }
    }
    return -1;
}

static void replace(str in, const struct mutate_span *span, str piece, bool inner, struct buf *out)
{
    static u8 memory[2][MUTATE_BYTES];
    isize at = find(in, span->from), from = span->from, to = span->to;
    struct buf now = buf_over(memory[0], MUTATE_BYTES);
    if (inner) {
        put_header(&now, in.p[from], piece.n);
    }
    buf_put(&now, piece);
    isize turn = 0;
    for (isize up = at < 0 ? -1 : elements[at].parent; up >= 0 && !now.full;
         up = elements[up].parent) {
        struct element e = elements[up];
        struct buf whole = buf_over(memory[++turn % 2], MUTATE_BYTES);
        put_header(&whole, in.p[e.from], from - e.content + now.n + e.to - to);
        buf_put(&whole, str_slice(in, e.content, from));
        buf_put(&whole, buf_str(&now));
        buf_put(&whole, str_slice(in, to, e.to));
        now = whole;
        from = e.from;
        to = e.to;
    }
    out->full = out->full || now.full;
    buf_put(out, str_slice(in, 0, from));
    buf_put(out, buf_str(&now));
    buf_put(out, str_from_index(in, to));
}

static const str pieces[] = {
    S("\x02\x01\x00"),
    S("\x02\x08\x7f\xff\xff\xff\xff\xff\xff\xff"),
    S("\x02\x09\x00\xff\xff\xff\xff\xff\xff\xff\xff"),
    S("\x01\x01\xff"),
    S("\x05\x00"),
    S("\x04\x01z"),
    S("\x04\x81\x01z"),
    S("\x0a\x01\x03"),
    S("\x30\x00"),
    S("\x31\x04\x04\x02zz"),
    S("\x30\x06\x04\x01z\x31\x01\x04\x00"),
    S("\x06\x06\x2b\x06\x01\x05\x05\x02"),                 // SPNEGO
    S("\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"), // NTLM
    S("\xa0\x1f\x30\x1d\x04\x16"
      "1.2.840.113556.1.4.319"
      "\x04\x05\x30\x03\x02\x01\x00"),         // paged
    S("\x65\x07\x0a\x01\x00\x04\x00\x04\x00"), // SearchResultDone
    S("\x64\x07\x04\x01z\x30\x02\x30\x00"),    // SearchResultEntry
    S("\x73\x05\x04\x03"
      "a:b"), // SearchResultReference
    S("\x87\x01z"),
    S("\x17\x0d"
      "260101000000Z"),
    S("\x18\x0f"
      "20260101000000Z"),
    S("\x03\x02\x00\x01"),
    S("\x0c\x02\xc3\xa4"),
    S("\x1f\x81\x01\x00"),
};

static const str wraps[][2] = {
    {S("\x30\x03\x02\x01\x00"), S("")},
    {S("\x05\x00"), S("\x05\x00")},
    {S("\x30\x80"), S("\x00\x00")},
    {S("\x04\x00"), S("")},
};

static const struct mutate_format ber = {
    .pick = pick,
    .replace = replace,
    .pieces = pieces,
    .piece_count = COUNT(pieces),
    .wraps = wraps,
    .wrap_count = COUNT(wraps),
};

MUTATE_FORMAT(ber)
