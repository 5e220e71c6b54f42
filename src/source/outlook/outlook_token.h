// SPDX-License-Identifier: Apache-2.0
// The tokens of a run and the machines that need them: one token for each resource, asked for by
// whichever machine finds it due while nobody asks. That machine's exchange is then the token's,
// and its steps pass on what outlook_token_* says; others wait, or go on with the token that still
// lives. Machines are known by their address: a mailbox, a lane's fetch, a walk over the directory.
#ifndef SOURCE_OUTLOOK_OUTLOOK_TOKEN_H
#define SOURCE_OUTLOOK_OUTLOOK_TOKEN_H

#include "source/outlook/outlook_state.h"

// DONE: the token may be used. Else what next() returns: REQUEST (for the token), WAIT, or FAILED
// (it cannot even be asked for; the reason is in o->run.token_error and x->detail).
enum step outlook_token_step(struct outlook *o, enum entra_resource resource, const void *machine,
                             i64 now_ms, struct exchange *x);

// Whether the exchange of the machine is one for a token: then the rest of it is for these.
bool outlook_token_is_asking(const struct outlook *o, const void *machine);
void outlook_token_head(struct outlook *o, const void *machine, const struct http_head *head);
void outlook_token_body(struct outlook *o, const void *machine, str *in);
err outlook_token_end(struct outlook *o, const void *machine, struct exchange *x);

// The exchange has failed. true: it was a token's, and the one before still lives: nothing has
// happened to the machine, which goes on, and a new one is asked for later.
bool outlook_token_fail(struct outlook *o, const void *machine);

// The exchange has failed, or its machine is gone: another one may ask.
void outlook_token_stop(struct outlook *o, const void *machine);

#endif
