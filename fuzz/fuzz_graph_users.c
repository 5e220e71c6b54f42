// SPDX-License-Identifier: Apache-2.0
// Aimed at the body() and end() of the walk over the users of a tenant: graph_users_*(). The first
// byte says into what pieces the answer is cut, the second after how many users the sink is full
// for a while. However it is cut and held up, a page names the same users in the same order.
#include "../tests/unit/graph_users_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void make_room(void *st)
{
    (void)st;
    rig.room++;
}

static bool walk(str body, isize step, int room, struct buf *users)
{
    begin_with(&(struct outlook_settings){.backend = OUTLOOK_BACKEND_GRAPH,
                                          .include = S("ann@example.test\n"),
                                          .exclude = S("bob@example.test\n")});
    struct machine_answer answers[] = {ANSWER_STR(200, token(GRAPH_ROLES))};
    rig.room = room;
    rig.m.stalled = make_room;
    enum step asked = machine_run(&rig.m, answers, 1);
    ASSERT(asked == STEP_REQUEST);
    rig.m.step_bytes = step;
    struct machine_answer answer = ANSWER_STR(200, body);
    machine_finish(&rig.m, &answer);
    buf_put(users, buf_str(&rig.seen));
    return err_ok(rig.m.last);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static u8 one[KIB(32)], other[KIB(32)];
    struct buf whole = buf_over(one, COUNT(one)), cut = buf_over(other, COUNT(other));
    if (n < 2 || n > 16384) {
        return 0;
    }
    str body = str_make(p + 2, (isize)n - 2);
    bool page = walk(body, 0, 1000, &whole);
    bool again = walk(body, 1 + p[0] % 64, p[1] % 8, &cut);
    ASSERT(page == again && str_eq(buf_str(&whole), buf_str(&cut)));
    return 0;
}
