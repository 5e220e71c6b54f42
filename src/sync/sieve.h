// SPDX-License-Identifier: Apache-2.0
// The basic sync rules of a run, as lanes ask them: of a unit before it is read, as far as its id
// and what its source never writes decide it; of its document afterwards, in steps, so that a large
// one does not hold up the loop. The rules hold one document at a time: one lane has them, others
// wait.
#ifndef SYNC_SIEVE_H
#define SYNC_SIEVE_H

#include "os/log.h"
#include "source/source.h"
#include "sync/rules.h"

struct sieve {
    struct rules *rules; // NULL: none
    struct log *log;     // where a rule that cannot be applied is told, once
    const struct source_ops *source;
    bool extract_binary_content, reduce_whitespace, run_ml_inference;
    int holder; // the lane whose document is being decided; -1: none
};

bool sieve_is_on(const struct sieve *f);
bool sieve_is_held(const struct sieve *f, int lane); // by another lane

// KEEP, DROP, or UNKNOWN: it has to be read.
enum rules_verdict sieve_early(struct sieve *f, str id);

// The lane's document, whose members must not move until the verdict: KEEP, DROP, or MORE: again
// in the next turn.
enum rules_verdict sieve_step(struct sieve *f, int lane, str id, str members);
void sieve_reset(struct sieve *f); // nobody has the rules

#endif
