// SPDX-License-Identifier: Apache-2.0
// Lanes: the workers of a sync. Each takes some units of any open mailbox that is under its
// in-flight limit and has quota, lets the source fetch and shape them in the lane's buffer, and
// hands the documents to the sink one by one. A unit, and each part of it, is decided once:
// indexed, unchanged, gone, corrupt or rejected (kept as seen), or undecided (which protects its
// mailbox).
#ifndef SYNC_LANE_H
#define SYNC_LANE_H

#include "sync/buffers.h"
#include "sync/sieve.h"
#include "sync/mailboxes.h"
#include "sync/purge.h"
#include "sync/sink.h"

enum lane_state {
    LANE_IDLE,    // looks for units
    LANE_FETCH,   // the source is at work
    LANE_SHAPE,   // received whole; waits for a larger buffer to shape it in
    LANE_RESULT,  // the source has handed over a result
    LANE_DECIDE,  // the sync rules are at work on the document
    LANE_DELIVER, // the document waits for room in the sink
    LANE_ALOFT,   // the document flies alone from this lane's buffer
    LANE_NEXT,    // the result is dealt with: the next one, or the end
};

struct lane {
    struct lanes *all;
    int index;
    int task;
    enum lane_state state;
    u32 slot, generation;
    u32 decided; // bit i: f.units[i]
    bool last;   // the result in hand is the source's last one
    struct fetch f;
};

struct lanes {
    struct source *source;
    struct mailboxes *mailboxes;
    struct buffers buffers;
    struct sink sink;
    struct sieve sieve;
    struct purge *purge;
    struct sync_stats *stats;
    struct log *log;
    const struct job_settings *settings;
    struct lane *lanes;
    int count;
    int cursor;                 // the slot that is looked at first
    bool stopped;               // takes no more units
    err broken;                 // stops the job: the sink cannot write, or too many items failed
    i64 sampled, sampled_bytes; // dry run
};

void lanes_init(struct lanes *all, struct plan *plan, const struct job_settings *settings);
void lanes_reset(struct lanes *all); // before each run
void lanes_start(struct lanes *all, struct loop *loop);
void lanes_end(struct lanes *all); // they finish what they hold, take no more, and their tasks end
void lanes_cancel(struct lanes *all, struct loop *loop); // drops what is not handed to the sink yet
void lanes_stop(struct lanes *all, struct loop *loop);   // drops all: nothing may be in the air
bool lanes_are_idle(const struct lanes *all);

// The verdict of a document: the sink's callback, st = struct lanes.
void lanes_decided(void *st, const struct bulk_result *r);

#endif
