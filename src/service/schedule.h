// SPDX-License-Identifier: Apache-2.0
// The scheduling service: every `service.idling` a round over all connectors, a few of them at a
// time. A connector that finds all slots taken waits for one in the same round.
#ifndef SERVICE_SCHEDULE_H
#define SERVICE_SCHEDULE_H

#include "service/budget.h"
#include "service/round.h"
#include "service/visit.h"

struct schedule {
    struct worker w; // reads the list
    struct round round;
    struct registry registry;
    struct visit *visits;
    int visit_count;
    struct budget *budget;
    int state;
    int next; // connector of the list that is visited next
    i64 next_ms;
    i64 since_us; // when the round before this one began: new connectors count from there
    i64 round_us;
    i64 rounds; // that were finished
};

struct schedule_settings {
    struct worker_env env;
    const struct sources *sources; // env.settings->schedule_slots of them
    struct values_checker *checker;
    struct rules *rules; // for validations
    struct hash_key key;
    struct budget *budget;
};

void schedule_init(struct schedule *s, struct plan *plan, const struct schedule_settings *settings);
void schedule_start(struct schedule *s, struct moment now); // the first round is due at once
void schedule_turn(struct schedule *s, struct moment now);
i64 schedule_wait_until_ms(const struct schedule *s);
void schedule_stop(struct schedule *s); // drops what is under way

#endif
