// SPDX-License-Identifier: Apache-2.0
// What becomes of one request at the far side: the tenant's answer or a fault's, and in what manner
// it is sent.
#ifndef SIM_FAR_REQUEST_H
#define SIM_FAR_REQUEST_H

#include "../tenant/tenant.h"

enum request_kind {
    REQUEST_TOKEN,
    REQUEST_USERS,
    REQUEST_LIST,
    REQUEST_GET,
    REQUEST_BULK,
    REQUEST_SEARCH,
    REQUEST_SCROLL,
    REQUEST_ELASTIC, // anything else that is asked of it
    REQUEST_EXCHANGE,
    REQUEST_GRAPH,
    REQUEST_OTHER,
};

struct manner {
    i64 delay_us;
    i64 cut_after; // bytes in clear; -1: whole
    bool hang, lost, trickle, twice;
    bool drop; // the link is closed behind the answer
    int note;  // the observer's
};

enum request_kind request_kind_of(const struct t_request *q);
// Fills the response, which starts zeroed, and says how to send it.
void request_answer(const struct t_request *q, struct t_response *r, struct manner *m);
void request_refuse_tunnel(int link);

#endif
