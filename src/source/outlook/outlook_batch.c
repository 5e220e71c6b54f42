// SPDX-License-Identifier: Apache-2.0
// Batches (see outlook_batch.h). One that is too much for Exchange is asked for by halves, down to
// single items: a batch has ten at most, so that this ends. Of a server that answers nothing at all
// no more than two requests are given up before the whole batch is.
#include "source/outlook/outlook_batch.h"

#include "source/outlook/outlook_items.h"
#include "source/outlook/outlook_listing.h"

enum { BATCH_GIVEN_UP_MAX = 2 };

int outlook_batch_most(const struct fetch *f)
{
    const struct outlook_fetch *of = f->state;
    return of->most ? of->most : f->unit_count;
}

// An error of all that was asked for may be that of one item: half as many are asked for the next
// time. false: there was one.
static bool batch_ask_less(struct fetch *f)
{
    struct outlook_fetch *of = f->state;
    of->most = of->asked_count > 1 ? of->asked_count / 2 : 1;
    return of->asked_count > 1;
}

static bool batch_is_too_much(err e)
{
    return err_is(e, ERR_EWS_TIMEOUT) || err_is(e, ERR_EWS_TOO_MUCH) ||
           err_is(e, ERR_EWS_TRANSIENT) || err_is(e, ERR_EWS_CODE);
}

// Whether what was refused is the mailbox: all that was asked for; with single items, several of
// them in a row.
bool outlook_batch_is_refused(struct fetch *f)
{
    const struct outlook_fetch *of = f->state;
    struct outlook_mailbox *om = f->mailbox->state;
    bool all = of->refused > 0 && of->refused == of->asked_count;
    if (!all || of->asked_count > 1 || !err_is(of->refusal, ERR_EWS_DENIED)) {
        return all;
    }
    return ++om->denied >= OUTLOOK_SOME_MAX;
}

err outlook_batch_end(struct outlook *o, struct fetch *f, struct exchange *x)
{
    struct outlook_fetch *of = f->state;
    struct outlook_mailbox *om = f->mailbox->state;
    const struct outlook_reader *r = outlook_call_reader(o, &of->call);
    int left = 0;
    for (int i = 0; i < of->asked_count; i++) {
        left += of->state[of->asked[i]] == (of->plain ? OUTLOOK_UNIT_PLAIN : OUTLOOK_UNIT_TO_ASK);
    }
    if (!err_ok(of->error)) {
        return outlook_call_judge(o, r, of->error, x);
    }
    if (outlook_batch_is_refused(f)) {
        return outlook_call_judge(o, r, of->refusal, x);
    }
    if (!err_ok(of->passing)) { // one item's bad luck is not that of the others
        err e = outlook_call_judge(o, r, of->passing, x);
        if (left == of->asked_count) {
            (void)(batch_is_too_much(e) && batch_ask_less(f));
            return e;
        }
    } else if (left == of->asked_count && ++of->tries > OUTLOOK_TRIES_MAX) {
        return FAIL(EWS_STOPPED);
    }
    if (left < of->asked_count) {
        of->answered = true;
        of->most = 2 * of->most; // what was too much has been found, or it is over
    }
    om->denied = of->refused < of->asked_count ? 0 : om->denied;
    o->run.answers++;
    return OK;
}

// Nothing was answered: too much for a server, or for whoever stands before it, that gave up on it;
// or one item that spoils the answer about all.
err outlook_batch_end_refused(struct outlook *o, struct fetch *f, err e)
{
    struct outlook_fetch *of = f->state;
    const struct outlook_reader *r = outlook_call_reader(o, &of->call);
    bool fault = of->call.whole && r->answer.fault;
    bool corrupt = fault && err_is(e, ERR_EWS_CORRUPT);
    if (of->call.status == 413 || (fault && err_is(e, ERR_EWS_TIMEOUT)) || corrupt) {
        int unit = of->asked[0];
        if (batch_ask_less(f)) {
            return OK; // at once: less is not the same again
        }
        if (!corrupt) {
            return of->call.status == 413 ? FAIL(EWS_TOO_MUCH) : e;
        }
        if (of->state[unit] == OUTLOOK_UNIT_PLAIN || f->units[unit].intact) {
            outlook_items_decide(of, unit, FETCH_CORRUPT, e);
        } else {
            of->state[unit] = OUTLOOK_UNIT_PLAIN;
        }
        return OK;
    }
    (void)(batch_is_too_much(e) && batch_ask_less(f));
    return e;
}

void outlook_batch_fail(struct fetch *f, err e)
{
    struct outlook_fetch *of = f->state;
    for (int i = 0; i < of->asked_count; i++) {
        if (of->state[of->asked[i]] < OUTLOOK_UNIT_READY) {
            outlook_items_decide(of, of->asked[i], FETCH_UNDECIDED, e);
        }
    }
    // Twice in vain, and nothing but that: it is not the items.
    of->given_up += !of->answered;
    for (int i = 0; of->given_up >= BATCH_GIVEN_UP_MAX && i < f->unit_count; i++) {
        if (of->state[i] < OUTLOOK_UNIT_READY) {
            outlook_items_decide(of, i, FETCH_UNDECIDED, e);
        }
    }
}
