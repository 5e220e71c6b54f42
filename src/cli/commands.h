// SPDX-License-Identifier: Apache-2.0
// The commands that only print: limits and version.
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "base/buf.h"
#include "base/plan.h"

// Every pool: name, count, size, sum, reason; the total; lazy rows apart; then every bound of
// limits.h with its value and its meaning. Takes up to 40 KiB.
void commands_put_limits(struct buf *out, const struct plan *plan);

// Version, build, and each dependency with the digest of its archive.
void commands_put_version(struct buf *out);

#endif
