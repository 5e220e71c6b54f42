// SPDX-License-Identifier: Apache-2.0
// Mails that come and go; see people.h. Everything is told to the observer.
#include "people.h"

#include "clock.h"
#include "far.h"
#include "faults.h"
#include "observer.h"
#include "observer_book.h"
#include "sim.h"

void people_upset(struct tenant *t, int mailbox)
{
    static const enum t_state states[] = {
        T_USER_SUSPENDED,  T_USER_SUSPENDED_GET, T_USER_ARCHIVED,     T_USER_NO_MAIL,
        T_USER_DELEGATION, T_USER_DOMAIN_POLICY, T_USER_PRECONDITION, T_USER_DELETED,
    };
    t->users[mailbox].state = states[sim_between(SIM_CHURN, 0, COUNT(states) - 1)];
}

void people_delete_one(struct tenant *t)
{
    int mailbox = (int)sim_between(SIM_CHURN, 0, t->user_count - 1);
    i64 count = content_count(&t->users[mailbox]);
    i64 index = sim_between(SIM_CHURN, 0, count - 1);
    struct t_message m;
    if (count > 0 && content_find(t, mailbox, index, &m)) {
        book_learn(mailbox, index);
        content_delete(t, mailbox, index);
        observer_message_went(mailbox, index);
        sim_trace("%lld vanished %d %lld", (long long)clock_now_us(), mailbox, (long long)index);
    }
}

void people_write_one(struct tenant *t)
{
    int mailbox = (int)sim_between(SIM_CHURN, 0, t->user_count - 1);
    struct t_stored *s = content_add(t, mailbox, clock_true_unix_ms());
    s->bytes = sim_between(SIM_CHURN, 300, t->o.message_bytes + 1000);
    observer_message_came(mailbox, content_count(&t->users[mailbox]) - 1);
    sim_trace("%lld appeared %d", (long long)clock_now_us(), mailbox);
}

void people_act(struct tenant *t, i64 times)
{
    for (i64 i = 0; i < times; i++) {
        if (sim_one_in(SIM_CHURN, 2)) {
            people_delete_one(t);
        } else {
            people_write_one(t);
        }
    }
}

void people_step(struct tenant *t)
{
    if (fault_due(FAULT_VANISH)) {
        people_delete_one(t);
    }
    if (fault_due(FAULT_APPEAR)) {
        people_write_one(t);
    }
    if (fault_due(FAULT_CLOCK)) {
        i64 s = (i64)1 << sim_between(SIM_FAULTS, 0, 18);
        clock_step_product((sim_one_in(SIM_FAULTS, 2) ? s : -s) * SIM_S);
    }
    if (far_world.outage_us <= clock_now_us() && fault_due(FAULT_OUTAGE)) {
        far_world.outage_us = clock_now_us() + sim_between(SIM_FAULTS, 5, 900) * SIM_S;
        far_world.outage_refuses = sim_one_in(SIM_FAULTS, 2);
    }
}
