// SPDX-License-Identifier: Apache-2.0
// Faults of Exchange and of the directory: what is set up before the tenant answers, and what is
// done to its answer.
#ifndef SIM_FAR_EXCHANGE_H
#define SIM_FAR_EXCHANGE_H

#include "far_request.h"

struct ldap;

void exchange_before(void);
// `damaged`: the answer cannot be used.
void exchange_after(const struct t_request *q, struct t_response *r, struct manner *m,
                    bool *damaged);
i64 exchange_back_off_us(const struct t_response *r); // that it asks for; 0: none
void exchange_calm(void);                             // nothing of it is left
void exchange_without_sync(i64 page);                 // from now on, and with pages of so many

void exchange_ldap_weather(struct ldap *c);
i64 exchange_ldap_delay_us(void);

#endif
