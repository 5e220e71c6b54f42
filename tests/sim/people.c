// SPDX-License-Identifier: Apache-2.0
// Mails that come and go; see people.h. Everything is told to the observer.
#include "people.h"

#include "../tenant/ews.h"
#include "clock.h"
#include "far.h"
#include "faults.h"
#include "observer.h"
#include "observer_book.h"
#include "observer_exchange.h"
#include "sim.h"

// ---- Exchange

static const enum ews_place places[] = {EWS_INBOX,    EWS_SENT,     EWS_JUNK,
                                        EWS_ARCHIVE,  EWS_CONTACTS, EWS_TASKS,
                                        EWS_CALENDAR, EWS_TEAM,     EWS_PROJECTS};

static enum ews_place some_place(void)
{
    return places[sim_between(SIM_CHURN, 0, COUNT(places) - 1)];
}

static void upset_exchange(struct tenant *t, int mailbox)
{
    static const enum t_state states[] = {T_USER_SUSPENDED, T_USER_NO_MAIL, T_USER_DELETED};
    static const enum ews_state closed[] = {EWS_STATE_NO_MAILBOX, EWS_STATE_NO_ACCESS,
                                            EWS_STATE_DISABLED};
    if (sim_one_in(SIM_CHURN, 2)) {
        t->users[mailbox].state = states[sim_between(SIM_CHURN, 0, COUNT(states) - 1)];
    } else {
        ews_mailbox(t, mailbox)->state = closed[sim_between(SIM_CHURN, 0, COUNT(closed) - 1)];
    }
}

static void delete_item(struct tenant *t)
{
    int mailbox = (int)sim_between(SIM_CHURN, 0, t->user_count - 1);
    enum ews_place place = some_place();
    struct ews_folder *f = ews_folder(t, mailbox, place);
    i64 index = ews_nth(f, sim_between(SIM_CHURN, 0, 40), sim_one_in(SIM_CHURN, 2));
    if (index >= 0) {
        exchange_went(mailbox, (int)place, index);
        ews_remove(f, index);
        sim_trace("%lld vanished %d %d %lld", (long long)clock_now_us(), mailbox, (int)place,
                  (long long)index);
    }
}

static void write_item(struct tenant *t)
{
    int mailbox = (int)sim_between(SIM_CHURN, 0, t->user_count - 1);
    enum ews_place place = some_place();
    i64 index = ews_add(ews_folder(t, mailbox, place), place, -1);
    exchange_came(mailbox, (int)place, index);
    sim_trace("%lld appeared %d %d %lld", (long long)clock_now_us(), mailbox, (int)place,
              (long long)index);
}

// From the inbox into the archive or back, with another id; or it is changed where it is.
static void change_item(struct tenant *t)
{
    int mailbox = (int)sim_between(SIM_CHURN, 0, t->user_count - 1);
    enum ews_place place = some_place();
    bool moves = (place == EWS_INBOX || place == EWS_ARCHIVE) && sim_one_in(SIM_CHURN, 2);
    struct ews_folder *f = ews_folder(t, mailbox, place);
    i64 index = ews_nth(f, sim_between(SIM_CHURN, 0, 40), sim_one_in(SIM_CHURN, 2));
    struct ews_item i;
    if (index < 0 || !ews_item_find(t, mailbox, place, index, &i)) {
        return;
    }
    sim_trace("%lld %s %d %d %lld", (long long)clock_now_us(), moves ? "moved" : "changed", mailbox,
              (int)place, (long long)index);
    if (moves) {
        enum ews_place to = place == EWS_INBOX ? EWS_ARCHIVE : EWS_INBOX;
        exchange_went(mailbox, (int)place, index);
        ews_remove(f, index);
        exchange_came(mailbox, (int)to, ews_add(ews_folder(t, mailbox, to), i.origin, i.number));
    } else {
        ews_update(f, index, sim_one_in(SIM_CHURN, 4) ? EWS_READ : EWS_UPDATED);
        exchange_changed(mailbox, (int)place, index);
    }
}

// ---- mails

void people_calm_down(struct tenant *t)
{
    for (int i = 0; i < t->user_count; i++) {
        t->users[i].state = T_USER_OK;
        if (far_world.exchange) {
            ews_mailbox(t, i)->state = EWS_STATE_OK;
        }
    }
}

void people_upset(struct tenant *t, int mailbox)
{
    if (far_world.exchange) {
        upset_exchange(t, mailbox);
        return;
    }
    static const enum t_state states[] = {
        T_USER_SUSPENDED,  T_USER_SUSPENDED_GET, T_USER_ARCHIVED,     T_USER_NO_MAIL,
        T_USER_DELEGATION, T_USER_DOMAIN_POLICY, T_USER_PRECONDITION, T_USER_DELETED,
    };
    t->users[mailbox].state = states[sim_between(SIM_CHURN, 0, COUNT(states) - 1)];
}

void people_delete_one(struct tenant *t)
{
    if (far_world.exchange) {
        delete_item(t);
        return;
    }
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
    if (far_world.exchange) {
        write_item(t);
        return;
    }
    int mailbox = (int)sim_between(SIM_CHURN, 0, t->user_count - 1);
    struct t_stored *s = content_add(t, mailbox, clock_true_unix_ms());
    s->bytes = sim_between(SIM_CHURN, 300, t->o.message_bytes + 1000);
    observer_message_came(mailbox, content_count(&t->users[mailbox]) - 1);
    sim_trace("%lld appeared %d", (long long)clock_now_us(), mailbox);
}

void people_act(struct tenant *t, i64 times)
{
    for (i64 i = 0; i < times; i++) {
        if (far_world.exchange && sim_one_in(SIM_CHURN, 3)) {
            change_item(t);
        } else if (sim_one_in(SIM_CHURN, 2)) {
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
    if (fault_due(FAULT_EWS_UPDATE)) {
        change_item(t);
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
