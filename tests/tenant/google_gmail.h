// SPDX-License-Identifier: Apache-2.0
// One call of Gmail's API, as its parts pass it on: google_gmail.c, google_quota.c,
// google_history.c, google_query.c.
#ifndef TENANT_GOOGLE_GMAIL_H
#define TENANT_GOOGLE_GMAIL_H

#include "google.h"

struct gmail_call {
    struct tenant *t;
    const struct t_request *q;
    struct t_response *r;
    const struct t_token *token;
    int mailbox;
    struct t_user *u; // NULL: the administrator
};

// Counts the units and the requests in flight. false: refused, and answered.
bool gmail_quota(struct gmail_call *c, i64 units);

void gmail_history(struct gmail_call *c);
void gmail_put_labels(struct t_writer *w, int bits);

// Does the message match a search: after: and before: (seconds, or YYYY/MM/DD as midnight PST),
// from:, to:, subject:, and plain words, which are looked for in the head as it stands.
bool gmail_matches(const struct tenant *t, str query, const struct t_message *m);

#endif
