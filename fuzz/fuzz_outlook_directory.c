// SPDX-License-Identifier: Apache-2.0
// Aimed at outlook_directory_*(): what a directory sends, as one stream. The first byte says into
// what pieces its messages are cut, the second after how many accounts the sink is full for a
// while. However they are cut and held up, the walk names the same accounts, asks the same, and
// ends alike. Pieces are read from memory of their size. A last run cuts across messages.
#include "../tests/unit/outlook_rig.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { SENT = 1 << 16 };

struct outcome {
    u16 error;
    enum outlook_ldap_step step;
    bool over;
    struct buf sent;
};

static err push(struct rig *r, struct outcome *o)
{
    if (buf_room(&o->sent) < RIG_ACCOUNTS * 64 + KIB(1)) {
        return FAIL(BUF_FULL); // enough
    }
    // NTLM's last message is another one each time.
    bool ntlm = r->directory_state.bind.step == OUTLOOK_BIND_AUTHENTICATE;
    isize before = o->sent.n;
    err e = r->source.ops->accounts_send(r->o, &r->directory_state, &o->sent, &o->over);
    o->sent.n = ntlm ? before : o->sent.n;
    return e;
}

// The end of the message that begins at `at`; that of the stream when it is none.
static isize message_end(str in, isize at)
{
    isize bytes = 0;
    err e = ldap_message_bytes(str_from_index(in, at), &bytes);
    return err_ok(e) && bytes && bytes <= in.n - at ? at + bytes : in.n;
}

// body() with a copy, whose end ASan watches.
static err feed(struct rig *r, struct exchange *x, str *piece)
{
    isize n = piece->n;
    u8 *copy = malloc((size_t)n);
    ASSERT(copy);
    memcpy(copy, piece->p, (size_t)n);
    str in = str_make(copy, n);
    err e = r->source.ops->accounts_body(r->o, &r->directory_state, x, &in, &r->sink);
    ASSERT(in.n <= n && r->directory_state.input_bytes <= LDAP_MESSAGE_BYTES);
    free(copy);
    *piece = str_from_index(*piece, n - in.n);
    return e;
}

static struct outcome walk(str in, isize step, bool across, int room, u8 *memory)
{
    static u8 target[64], detail[512];
    struct rig *r = rig_make(KIB(32));
    struct exchange x = {.target = buf_over(target, COUNT(target)),
                         .detail = buf_over(detail, COUNT(detail))};
    struct outcome o = {.sent = buf_over(memory, SENT)};
    r->accounts_room = room;
    enum step s = r->source.ops->accounts_next(r->o, &r->directory_state, 1000, &x);
    ASSERT(s == STEP_REQUEST);
    err e = push(r, &o);
    isize given = 0, taken = 0, end = 0;
    bool held = false;
    while (err_ok(e) && !o.over && taken < in.n) {
        end = taken >= end ? message_end(in, taken) : end;
        isize limit = across ? in.n : end;
        if (given == taken || held) {
            given = step && step < limit - given ? given + step : limit;
        }
        str piece = str_slice(in, taken, given);
        e = feed(r, &x, &piece);
        taken = given - piece.n;
        held = piece.n > 0;
        r->accounts_room += held;
        e = err_ok(e) ? push(r, &o) : e;
    }
    o.error = e.code;
    o.step = r->directory_state.step;
    buf_put(&o.sent, buf_str(&r->accounts_seen));
    ASSERT(!x.detail.full && !o.sent.full);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static u8 one[SENT], other[SENT];
    if (n < 2 || n > 4096) {
        return 0;
    }
    str in = str_make(p + 2, (isize)n - 2);
    struct outcome whole = walk(in, 0, false, RIG_ACCOUNTS, one);
    struct outcome cut = walk(in, 1 + p[0] % 64, false, p[1] % 8, other);
    ASSERT(whole.error == cut.error && whole.step == cut.step && whole.over == cut.over);
    ASSERT(str_eq(buf_str(&whole.sent), buf_str(&cut.sent)));
    (void)walk(in, 1 + p[1], true, p[0] % 8, other);
    return 0;
}
