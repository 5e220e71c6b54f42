// SPDX-License-Identifier: Apache-2.0
// What people do to their tenant while nobody looks, and while the product runs: mails come and go,
// users are suspended, deleted, and come back.
#ifndef SIM_PEOPLE_H
#define SIM_PEOPLE_H

#include "../tenant/model.h"

void people_calm_down(struct tenant *t);          // all can be read
void people_upset(struct tenant *t, int mailbox); // into some state in which it cannot be read
void people_act(struct tenant *t, i64 times);
void people_delete_one(struct tenant *t);
void people_write_one(struct tenant *t);
// Asked for each request: faults of the plan that are people's doing.
void people_step(struct tenant *t);

#endif
