// SPDX-License-Identifier: Apache-2.0
// What the tests of Graph's lanes share: a lane that holds the next page of one collection, and
// answers to what it asks.
#ifndef TESTS_UNIT_GRAPH_CASE_H
#define TESTS_UNIT_GRAPH_CASE_H

#include "graph_rig.h"

enum { ROOM = KIB(256) };

// A lane holds the next page of the collection.
static inline struct graph_rig *page_of(enum outlook_folder folder)
{
    struct graph_rig *r = graph_rig_make(ROOM);
    graph_open(r);
    for (int i = 0; i < OUTLOOK_FOLDERS; i++) {
        if (i != (int)folder) {
            graph_box(r)->sets[i].state = GRAPH_SET_DONE;
        }
    }
    r->o->run.ids = GRAPH_IDS_KNOWN;
    CHECK(machine_next(&r->list) == STEP_WAIT);
    CHECK(graph_take(r, ROOM));
    return r;
}

// The next page of it.
static inline bool next_page(struct graph_rig *r)
{
    enum step step = machine_next(&r->list);
    CHECK(step == STEP_WAIT || r->mailbox.phase != MAILBOX_LISTED);
    return graph_take(r, ROOM);
}

// Answers what is asked next; false: nothing was asked.
static inline bool answer(struct graph_rig *r, struct machine_answer a)
{
    enum step step = machine_next(&r->lane);
    CHECK(step == STEP_REQUEST);
    if (step == STEP_REQUEST) {
        machine_finish(&r->lane, &a);
    }
    return step == STEP_REQUEST;
}

// With a number of Graph's, as all of its answers have.
#define GRAPH_SAYS(text) \
    ((struct machine_answer){.status = 200, .headers = S("request-id: 0d1f\n"), .body = (text)})
#define SAYS(text) answer(r, GRAPH_SAYS(str_from(text)))
#define THEN(text)                                                \
    do {                                                          \
        struct machine_answer then_ = GRAPH_SAYS(str_from(text)); \
        machine_finish(&r->lane, &then_);                         \
    } while (0)

static inline str target(const struct graph_rig *r)
{
    return machine_target(&r->lane, r->lane.request_count - 1);
}

static inline bool has_header(const struct graph_rig *r, str line)
{
    return machine_has_header(&r->lane, r->lane.request_count - 1, line);
}

#endif
