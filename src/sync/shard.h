// SPDX-License-Identifier: Apache-2.0
// Which of several processes reads a mailbox, when they share one tenant (`sync --shard K/N`):
// rendezvous hashing, so that everybody comes to the same answer without talking, and one process
// more moves only the mailboxes that become its own (Thaler, Ravishankar: "Using name-based
// mappings to increase hit rates", 1998).
#ifndef SYNC_SHARD_H
#define SYNC_SHARD_H

#include "base/buf.h"
#include "limits.h"

struct shard {
    int index; // 0 .. count - 1
    int count; // 0 or 1: there are no others
};

// "3/8": the third of eight. "8" with a completion index (of a Kubernetes Indexed Job, from 0 on)
// in `completion`: the one of that index of eight. OPTION_VALUE, with what is wrong in `detail`.
err shard_parse(str text, str completion, struct shard *out, struct buf *detail);

// Whether this process reads the mailbox; upper and lower case do not matter.
bool shard_owns(const struct shard *shard, str address);

#endif
