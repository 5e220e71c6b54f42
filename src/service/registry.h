// SPDX-License-Identifier: Apache-2.0
// What the service remembers of the connectors that it serves, from round to round: up to which
// moment each schedule has been decided, so that no occurrence is lost when a round comes late or
// fails, none counts twice, and none from before the start (or from before the connector was
// seen) counts at all.
#ifndef SERVICE_REGISTRY_H
#define SERVICE_REGISTRY_H

#include "base/hash.h"
#include "base/plan.h"
#include "elastic/connector.h"

// Whether the job of an occurrence that was taken is still to be made.
enum registry_owed {
    OWED_NO,
    OWED_SURELY,  // it was refused for the moment
    OWED_PERHAPS, // its answer did not come: whoever makes it looks first
};

struct registry_entry {
    u64 id_hash;
    i64 decided_us[JOB_TYPES]; // occurrences up to here have been dealt with
    enum registry_owed owed[JOB_TYPES];
    i64 owed_us[JOB_TYPES]; // the planned time of what is owed
    bool greeted;           // had its first heartbeat
    // The configuration whose source was last found well, when, and for how many more rounds that
    // is believed.
    u64 well_hash;
    i64 well_us;
    int well_rounds;
    i64 used_us;
};

struct registry {
    struct registry_entry *entries; // SERVICE_CONNECTORS_MAX
    int count;
    struct hash_key key;
};

void registry_init(struct registry *r, struct plan *plan, struct hash_key key);

// The entry of a connector; a new one has its schedules decided up to `since_us`. When there are
// too many, the one that was not used for the longest time makes room.
struct registry_entry *registry_get(struct registry *r, str id, i64 since_us, i64 now_us);

#endif
