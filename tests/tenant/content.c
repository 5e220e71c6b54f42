// SPDX-License-Identifier: Apache-2.0
// The mailboxes of the tenant: which messages there are, by index (0 is the oldest), and their ids.
//
// Synthetic messages take no memory: everything about them follows from seed, mailbox and index.
// Stored ones (files, messages added while it runs) follow them. Deleted messages keep their place,
// so that page tokens, which name an index, stay true.
#include <stdio.h>
#include <string.h>

#include "model.h"

#define FIRST_MS 1700000000000 // internalDate of the oldest message
#define STEP_MS 61000          // from one message to the next
#define ID_TOP ((u64)0x18 << 56)
#define ID_MULTIPLIER 2654435761u // odd: ids of one mailbox look scattered, and can be turned back

u64 content_id(int mailbox, i64 index)
{
    return ID_TOP | (u64)(mailbox + 1) << 32 | (u64)((u32)index * ID_MULTIPLIER);
}

void content_init(struct tenant *t)
{
    u32 inverse = 1; // Newton: each step doubles the bits that are right
    for (int i = 0; i < 6; i++) {
        inverse *= 2 - ID_MULTIPLIER * inverse;
    }
    t->id_multiplier_inverse = inverse;
}

i64 content_count(const struct t_user *u)
{
    return u->synthetic + u->stored_count;
}

i64 content_live(const struct tenant *t, int mailbox)
{
    const struct t_user *u = &t->users[mailbox];
    return content_count(u) - u->deleted;
}

static bool is_gone(const struct t_user *u, i64 index)
{
    if (index >= u->synthetic) {
        return u->stored[index - u->synthetic].gone;
    }
    return u->gone && (u->gone[index / 8] >> (index % 8) & 1);
}

static int synthetic_labels(const struct tenant *t, i64 index)
{
    const struct t_options *o = &t->o;
    if (o->trash_every > 0 && index % o->trash_every == o->trash_every - 1) {
        return T_LABEL_TRASH;
    }
    if (o->spam_every > 0 && index % o->spam_every == o->spam_every - 1) {
        return T_LABEL_SPAM;
    }
    if (index % 7 == 6) {
        return T_LABEL_SENT;
    }
    return T_LABEL_INBOX | (index % 3 == 0 ? T_LABEL_UNREAD : 0);
}

bool content_find(const struct tenant *t, int mailbox, i64 index, struct t_message *m)
{
    const struct t_user *u = &t->users[mailbox];
    if (index < 0 || index >= content_count(u) || is_gone(u, index)) {
        return false;
    }
    *m = (struct t_message){.user = u, .mailbox = mailbox, .index = index};
    m->id = content_id(mailbox, index);
    const struct t_stored *s = index >= u->synthetic ? &u->stored[index - u->synthetic] : NULL;
    m->internal_ms = s ? s->internal_ms : FIRST_MS + index * STEP_MS + mailbox;
    m->labels = s ? s->labels : synthetic_labels(t, index);
    m->bytes = s ? s->bytes : synthetic_bytes(t, mailbox, index);
    m->stored = s && s->encoded ? s : NULL;
    return true;
}

i64 content_index(const struct tenant *t, int mailbox, u64 id)
{
    if ((id >> 32) != (ID_TOP >> 32 | (u64)(mailbox + 1))) {
        return -1;
    }
    return (u32)id * t->id_multiplier_inverse;
}

int content_mailbox(const struct tenant *t, str email)
{
    u64 n = 0;
    if (str_starts_nocase(email, S("user"))) {
        str head;
        bool found = false;
        str_cut(str_from_index(email, 4), '@', &head, &found);
        if (str_to_u64(head, &n) && n > 0 && n <= (u64)t->user_count &&
            str_eq_nocase(email, str_from(t->users[n - 1].email))) {
            return (int)n - 1;
        }
    }
    for (int i = t->o.users; i < t->user_count; i++) {
        if (str_eq_nocase(email, str_from(t->users[i].email))) {
            return i;
        }
    }
    return T_MAILBOX_NONE;
}

int tenant_add_mailbox(struct tenant *t, str local)
{
    if (t->user_count == t->user_cap) {
        t->user_cap = t->user_cap * 2 + 16;
        t->users = t_resize(t->users, t->user_cap * (isize)sizeof(*t->users));
    }
    struct t_user *u = &t->users[t->user_count++];
    *u = (struct t_user){.history_id = 1000};
    struct t_buf b = {0};
    t_buf_put(&b, local);
    t_buf_byte(&b, '@');
    t_buf_put(&b, t->o.domain);
    u->email = t_strdup(t_buf_str(&b));
    t_buf_free(&b);
    return t->user_count - 1;
}

static void note_change(struct t_user *u, i64 index, bool deleted)
{
    if (u->change_count == u->change_cap) {
        u->change_cap = u->change_cap * 2 + 16;
        u->changes = t_resize(u->changes, u->change_cap * (isize)sizeof(*u->changes));
    }
    u->history_id += 3;
    u->changes[u->change_count++] = (struct t_change){
        .history_id = u->history_id, .index = index, .deleted = deleted};
}

struct t_stored *content_add(struct tenant *t, int mailbox, i64 now_ms)
{
    struct t_user *u = &t->users[mailbox];
    if (u->stored_count == u->stored_cap) {
        u->stored_cap = u->stored_cap * 2 + 16;
        u->stored = t_resize(u->stored, u->stored_cap * (isize)sizeof(*u->stored));
    }
    i64 index = content_count(u);
    struct t_stored *s = &u->stored[u->stored_count++];
    *s = (struct t_stored){.labels = T_LABEL_INBOX};
    s->internal_ms = now_ms > 0 ? now_ms : FIRST_MS + index * STEP_MS + mailbox;
    note_change(u, index, false);
    return s;
}

void tenant_add_message(struct tenant *t, int mailbox, str raw, i64 bytes)
{
    struct t_stored *s = content_add(t, mailbox, 0);
    s->bytes = raw.n > 0 ? raw.n : bytes;
    if (raw.n > 0) {
        struct t_buf b = {0};
        t_base64_put(&b, raw, true);
        s->encoded = b.p;
        s->encoded_bytes = b.n;
    }
}

bool content_delete(struct tenant *t, int mailbox, i64 index)
{
    struct t_user *u = &t->users[mailbox];
    if (index < 0 || index >= content_count(u) || is_gone(u, index)) {
        return false;
    }
    if (index >= u->synthetic) {
        // Its bytes stay: a response in flight may point to them.
        u->stored[index - u->synthetic].gone = true;
    } else {
        u->gone = u->gone ? u->gone : t_alloc(u->synthetic / 8 + 1);
        u->gone[index / 8] = (u8)(u->gone[index / 8] | 1 << (index % 8));
    }
    u->deleted++;
    note_change(u, index, true);
    return true;
}

void content_put_raw(const struct tenant *t, const struct t_message *m, struct t_buf *out)
{
    if (m->stored) {
        bool ok = t_base64_decode(out, str_make(m->stored->encoded, m->stored->encoded_bytes));
        ASSERT(ok);
        return;
    }
    struct t_parts parts;
    synthetic_parts(t, m, &parts);
    t_buf_put(out, t_buf_str(&parts.head));
    isize block = T_BLOCK_LINES * T_LINE_BYTES;
    for (i64 lines = parts.lines; lines > 0; lines -= T_BLOCK_LINES) {
        isize n = lines < T_BLOCK_LINES ? (isize)lines * T_LINE_BYTES : block;
        t_buf_put(out, str_make(t->blocks.raw[parts.shape], n));
    }
    t_buf_put(out, t_buf_str(&parts.end));
    synthetic_free(&parts);
}

void content_place(const struct tenant *t, const struct t_message *m, struct t_response *r)
{
    if (m->stored) {
        t_response_place(r, str_make(m->stored->encoded, m->stored->encoded_bytes), 1);
        return;
    }
    struct t_parts parts;
    synthetic_parts(t, m, &parts);
    const u8 *block = t->blocks.encoded[parts.shape];
    t_base64_put(&r->own, t_buf_str(&parts.head), true);
    t_response_place(r, str_make(block, T_BLOCK_LINES * T_LINE_BYTES / 3 * 4),
                     parts.lines / T_BLOCK_LINES);
    t_response_place(r, str_make(block, parts.lines % T_BLOCK_LINES * T_LINE_BYTES / 3 * 4), 1);
    t_base64_put(&r->own, t_buf_str(&parts.end), true);
    synthetic_free(&parts);
}
