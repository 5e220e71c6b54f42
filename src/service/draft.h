// SPDX-License-Identifier: Apache-2.0
// The edited draft of a connector's sync rules: validated, and made active when it is valid
// (spec/elastic-protocol.md 8.2). A part of a visit, after the ping; whoever edits the draft at the
// same time is looked at again, a few times.
#ifndef SERVICE_DRAFT_H
#define SERVICE_DRAFT_H

#include "service/worker.h"
#include "sync/rules.h"

struct draft {
    struct worker *w;
    str id;
    struct connector *c; // the record in hand; read anew here when its draft is edited
    struct rules *rules; // memory of the validation, shared by all visits
    bool advanced;       // the source has advanced rules
    struct buf validation;
    int state, tries;
    bool valid;
    bool gone; // the record vanished meanwhile
};

void draft_init(struct draft *d, struct plan *plan, struct worker *w, struct rules *rules);
void draft_start(struct draft *d, str id, struct connector *c, bool advanced);
enum work draft_step(struct draft *d);

#endif
