// SPDX-License-Identifier: Apache-2.0
// Exchange Online for `check` (see graph_check.h).
#include "source/outlook/graph_check.h"

#include "source/outlook/graph_sets.h"

bool graph_check_is_cloud(const void *src)
{
    const struct outlook *o = src;
    return o->run.way != OUTLOOK_WAY_SERVER;
}

bool graph_check_has_token(const void *src)
{
    const struct outlook *o = src;
    return o->run.tokens[ENTRA_GRAPH].bytes > 0;
}

void graph_check_put_token(struct buf *b, const void *src)
{
    static const str proofs[] = {
        [ENTRA_PROOF_SECRET] = S("by the secret of the app"),
        [ENTRA_PROOF_KEY] = S("by the certificate of the app"),
        [ENTRA_PROOF_FILE] = S("by a federated token"),
    };
    const struct outlook *o = src;
    u32 roles = o->run.tokens[ENTRA_GRAPH].roles;
    buf_put(b, proofs[o->run.account.proof]);
    if (roles & ENTRA_ROLE_KNOWN) {
        buf_put(b, S("; permissions: "));
        isize before = b->n;
        entra_roles_put(b, roles);
        buf_put(b, b->n == before ? S("none") : S(""));
    }
}

bool graph_check_put_missing(struct buf *b, const void *src)
{
    const struct outlook *o = src;
    u32 missing = entra_roles_missing(o->run.tokens[ENTRA_GRAPH].roles, ENTRA_ROLES_GRAPH);
    entra_roles_put(b, missing);
    return missing != 0;
}

bool graph_check_put_way(struct buf *b, const void *src)
{
    const struct outlook *o = src;
    if (o->run.way == OUTLOOK_WAY_GRAPH) {
        buf_put(b, S("by Microsoft Graph"));
    } else if (o->run.way == OUTLOOK_WAY_CLOUD_EWS) {
        buf_put(b, S("by Exchange Web Services, which Microsoft closes for all on 1 April 2027"));
    }
    return o->run.way == OUTLOOK_WAY_GRAPH || o->run.way == OUTLOOK_WAY_CLOUD_EWS;
}

bool graph_check_is_ews(const void *src)
{
    const struct outlook *o = src;
    return o->run.way == OUTLOOK_WAY_CLOUD_EWS;
}

bool graph_check_mailbox(const struct mailbox *m)
{
    const struct graph_box *box = m->state;
    return box->step != GRAPH_LIST_CALENDARS;
}
