// SPDX-License-Identifier: Apache-2.0
// Ids of items, folders and attachments: opaque to a client, base64 of about 105 bytes as Exchange
// makes them. Read back strictly: one character changed, also in case only, is "Id is malformed".
#include "ews.h"

#define ID_BYTES 104
#define FIELDS_AT 84 // place, kind, mailbox, index, check

u64 ews_mix(u64 x)
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

static void put_number(struct t_buf *b, u64 v, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        t_buf_byte(b, (u8)(v >> (8 * i)));
    }
}

static u64 get_number(const u8 *p, int bytes)
{
    u64 v = 0;
    for (int i = bytes - 1; i >= 0; i--) {
        v = v << 8 | p[i];
    }
    return v;
}

void ews_id_put(const struct tenant *t, struct ews_id id, struct t_buf *out)
{
    struct t_buf b = {0};
    u64 m = ews_mix(t->o.seed * 1000003 + (u64)id.mailbox);
    u64 f = ews_mix(m + (u64)id.place);
    t_buf_put(&b, str_make("\x00\x03\x24\x00", 4));
    t_buf_printf(&b, "%08x-%04x-%04x-%04x-%012llx", (unsigned)m, (unsigned)(m >> 32 & 0xFFFF),
                 (unsigned)(m >> 48), (unsigned)(f & 0xFFFF),
                 (unsigned long long)(f >> 16 & 0xFFFFFFFFFFFF));
    t_buf_put(&b, str_make("\x00\x46\x00\x00\x00\x00\x00", 7));
    put_number(&b, m, 8);
    put_number(&b, f, 8);
    t_buf_put(&b, str_make("\x07\x00", 2));
    put_number(&b, ews_mix(f), 8);
    put_number(&b, ews_mix(m), 8);
    t_buf_fill(&b, 0, FIELDS_AT - b.n);
    put_number(&b, (u64)id.place, 1);
    put_number(&b, (u64)id.kind, 1);
    put_number(&b, (u64)id.mailbox, 4);
    put_number(&b, (u64)id.index, 8);
    put_number(&b, ews_mix(f ^ (u64)id.index ^ (u64)id.kind << 60), 4);
    t_buf_fill(&b, 0, ID_BYTES - b.n);
    if (id.kind == EWS_ID_ATTACHMENT) {
        t_buf_put(&b, str_make("\x01\x12\x00", 3));
        put_number(&b, (u64)id.attachment, 2);
        put_number(&b, ews_mix(f ^ (u64)id.index ^ (u64)id.attachment << 50), 8);
        t_buf_fill(&b, 0, 8);
    }
    t_base64_put(out, t_buf_str(&b), false);
    t_buf_free(&b);
}

bool ews_id_read(const struct tenant *t, str text, struct ews_id *id)
{
    struct t_buf b = {0}, again = {0};
    bool ok = text.n <= 512 && t_base64_decode(&b, text) && b.n >= ID_BYTES;
    if (ok) {
        const u8 *p = b.p + FIELDS_AT;
        *id = (struct ews_id){.place = (enum ews_place)p[0], .kind = (enum ews_id_kind)p[1]};
        id->mailbox = (int)get_number(p + 2, 4);
        id->index = (i64)get_number(p + 6, 8);
        bool longer = id->kind == EWS_ID_ATTACHMENT && b.n >= ID_BYTES + 5;
        id->attachment = longer ? (int)get_number(b.p + ID_BYTES + 3, 2) : 0;
        ok = p[0] < EWS_PLACES && p[1] <= EWS_ID_ATTACHMENT && id->mailbox >= 0 &&
             id->mailbox < t->user_count && id->index >= 0;
    }
    if (ok) {
        ews_id_put(t, *id, &again);
        ok = str_eq(t_buf_str(&again), text);
    }
    t_buf_free(&b);
    t_buf_free(&again);
    return ok;
}

void ews_change_key_put(struct ews_id id, int version, bool sync, struct t_buf *out)
{
    struct t_buf b = {0};
    // The first byte tells the kind of object; what SyncFolderItems gives differs at the end.
    u64 r = ews_mix((u64)id.index * 31 + (u64)id.place);
    t_buf_byte(&b, id.kind == EWS_ID_FOLDER ? 1 : 9);
    t_buf_put(&b, str_make("\x00\x00\x00\x16\x00\x00\x00", 7));
    put_number(&b, r, 8);
    put_number(&b, ews_mix(r), 8);
    put_number(&b, (u64)version, 2);
    put_number(&b, sync ? 0x3A : 0x39, 2);
    t_base64_put(out, t_buf_str(&b), false);
    t_buf_free(&b);
}
