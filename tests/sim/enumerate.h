// SPDX-License-Identifier: Apache-2.0
// Fault enumeration in SQLite's manner: in a small world the 1st, 2nd, ... operation of each kind
// fails, once and from then on, until a run ends without having met it.
#ifndef SIM_ENUMERATE_H
#define SIM_ENUMERATE_H

#include "world.h"

int enumerate_run(const char *program, const struct scenario *s, u64 seed, u64 kinds);

#endif
