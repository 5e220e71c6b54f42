// SPDX-License-Identifier: Apache-2.0
// The service account of Exchange and the directory: its names, its password, its lock.
#ifndef TENANT_ACCOUNT_H
#define TENANT_ACCOUNT_H

#include "model.h"

enum account_result {
    ACCOUNT_OK,
    ACCOUNT_WRONG,
    ACCOUNT_UNKNOWN,
    ACCOUNT_LOCKED,
    ACCOUNT_UNBOUND, // right, but without MIC or with another channel
};

// "EXAMPLE\svc", "svc@example.test" or "svc", in any case of letters.
bool account_is(const struct tenant *t, str name);
// latin1: the password must come as Latin-1. Counts what fails.
enum account_result account_check(struct tenant *t, str name, str password, bool latin1);
enum account_result account_note(struct tenant *t, enum account_result result); // counts, and locks

#endif
