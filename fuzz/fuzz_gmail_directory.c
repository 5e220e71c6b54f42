// SPDX-License-Identifier: Apache-2.0
// Aimed at the directory's body() and end(): gmail_directory_*(). The first byte says into what
// pieces the answer is cut, the second after how many users the sink is full for a while. However
// it is cut and held up, a page names the same users in the same order.
#include "../tests/unit/gmail_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void make_room(void *st)
{
    struct rig *r = st;
    r->accounts_room++;
}

static bool walk(str body, isize step, int room, struct buf *users)
{
    struct rig *r = rig_make(NULL);
    struct machine_answer answers[] = {ANSWER(200, RIG_TOKEN)};
    r->accounts_room = room;
    r->walk.stalled = make_room;
    r->walk.stalled_st = r;
    enum step asked = machine_run(&r->walk, answers, 1);
    ASSERT(asked == STEP_REQUEST);
    r->walk.step_bytes = step;
    struct machine_answer answer = ANSWER_STR(200, body);
    machine_finish(&r->walk, &answer);
    buf_put(users, buf_str(&r->accounts_seen));
    return err_ok(r->walk.last);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static u8 one[RIG_ACCOUNTS * 64], other[RIG_ACCOUNTS * 64];
    struct buf whole = buf_over(one, COUNT(one)), cut = buf_over(other, COUNT(other));
    if (n < 2 || n > 16384) {
        return 0;
    }
    str body = str_make(p + 2, (isize)n - 2);
    bool page = walk(body, 0, RIG_ACCOUNTS, &whole);
    bool again = walk(body, 1 + p[0] % 64, p[1] % 8, &cut);
    ASSERT(page == again && str_eq(buf_str(&whole), buf_str(&cut)));
    return 0;
}
