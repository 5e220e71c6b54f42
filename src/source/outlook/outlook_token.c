// SPDX-License-Identifier: Apache-2.0
// Who asks for a token (see outlook_token.h).
#include "source/outlook/outlook_token.h"

enum step outlook_token_step(struct outlook *o, enum entra_resource resource, const void *machine,
                             i64 now_ms, struct exchange *x)
{
    struct entra_token *t = &o->run.tokens[resource];
    const void **asker = &o->run.askers[resource];
    // An asker that is asked again has had a broken attempt.
    bool mine = *asker == machine;
    if (!mine && *asker) {
        return entra_token_is_usable(t, now_ms) ? STEP_DONE : STEP_WAIT;
    }
    if (!mine && !entra_token_is_due(t, now_ms)) {
        return STEP_DONE;
    }
    o->run.token_asked_ms[resource] = now_ms;
    const struct entra_where where = {&o->run.login, outlook_cloud(o), resource};
    err e = entra_token_ask(t, &o->run.account, &where, x);
    *asker = err_ok(e) ? machine : NULL;
    o->run.token_error = e;
    if (!err_ok(e) && entra_token_outlives(t, now_ms)) {
        buf_reset(&x->detail);
        return STEP_DONE;
    }
    return err_ok(e) ? STEP_REQUEST : STEP_FAILED;
}

static int token_resource(const struct outlook *o, const void *machine)
{
    for (int i = 0; i < ENTRA_RESOURCES; i++) {
        if (o->run.askers[i] == machine) {
            return i;
        }
    }
    return -1;
}

bool outlook_token_is_asking(const struct outlook *o, const void *machine)
{
    return token_resource(o, machine) >= 0;
}

void outlook_token_head(struct outlook *o, const void *machine, const struct http_head *head)
{
    entra_token_head(&o->run.tokens[token_resource(o, machine)], head);
}

void outlook_token_body(struct outlook *o, const void *machine, str *in)
{
    entra_token_body(&o->run.tokens[token_resource(o, machine)], in);
}

err outlook_token_end(struct outlook *o, const void *machine, struct exchange *x)
{
    int i = token_resource(o, machine);
    err e = entra_token_end(&o->run.tokens[i], &o->run.account, x);
    if (err_ok(e)) {
        o->run.askers[i] = NULL;
    }
    return e;
}

// Whether it lived when it was asked for: one that has ended meanwhile is asked for once more.
bool outlook_token_fail(struct outlook *o, const void *machine)
{
    int i = token_resource(o, machine);
    bool lives = i >= 0 && entra_token_outlives(&o->run.tokens[i], o->run.token_asked_ms[i]);
    if (lives) {
        outlook_token_stop(o, machine);
    }
    return lives;
}

void outlook_token_stop(struct outlook *o, const void *machine)
{
    int i = token_resource(o, machine);
    if (i >= 0) {
        entra_token_stop(&o->run.tokens[i]);
        o->run.askers[i] = NULL;
    }
}
