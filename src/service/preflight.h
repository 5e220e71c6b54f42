// SPDX-License-Identifier: Apache-2.0
// Before the service works (spec/elastic-protocol.md 6): waits for Elasticsearch with growing
// pauses, refuses versions that are not known, looks whether the extraction service answers (which
// decides nothing), checks the configuration, and sees that the two indices of the connectors are
// there: an update through a missing alias would create an index of that name.
#ifndef SERVICE_PREFLIGHT_H
#define SERVICE_PREFLIGHT_H

#include "service/worker.h"

struct preflight {
    struct worker *w;
    struct elastic extraction; // where only its destination and its time-out matter
    int state;
    i64 started_ms, backoff_ms;
    int attempts, index; // of the two indices
    err config_error;
    err error; // OK after success
};

void preflight_init(struct preflight *p, struct worker *w);
enum work preflight_step(void *st, struct moment now); // st = struct preflight; logs why it failed

#endif
