// SPDX-License-Identifier: Apache-2.0
// A table of connectors by the keyed hash of their ids (see registry.h). A thousand entries are
// looked through one after another: it happens once a connector and round.
#include "service/registry.h"

#include "limits.h"

void registry_init(struct registry *r, struct plan *plan, struct hash_key key)
{
    *r = (struct registry){.key = key};
    r->entries = plan_take_n(plan, "service registry", struct registry_entry,
                             SERVICE_CONNECTORS_MAX, "when each connector was last decided on");
}

static struct registry_entry *registry_place(struct registry *r)
{
    if (r->count < SERVICE_CONNECTORS_MAX) {
        return &r->entries[r->count++];
    }
    struct registry_entry *oldest = &r->entries[0];
    for (int i = 1; i < r->count; i++) {
        if (r->entries[i].used_us < oldest->used_us) {
            oldest = &r->entries[i];
        }
    }
    return oldest;
}

struct registry_entry *registry_get(struct registry *r, str id, i64 since_us, i64 now_us)
{
    u64 hash = hash_siphash(r->key, id);
    for (int i = 0; i < r->count; i++) {
        if (r->entries[i].id_hash == hash) {
            r->entries[i].used_us = now_us;
            return &r->entries[i];
        }
    }
    struct registry_entry *e = registry_place(r);
    *e = (struct registry_entry){.id_hash = hash, .used_us = now_us};
    for (int t = 0; t < JOB_TYPES; t++) {
        e->decided_us[t] = since_us;
    }
    return e;
}
