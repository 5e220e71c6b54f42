// SPDX-License-Identifier: Apache-2.0
// What a runner drives: a content sync (sync/job.h) or an access control sync (sync/access.h), by
// one set of verbs.
#ifndef SERVICE_ENGINE_H
#define SERVICE_ENGINE_H

#include "base/buf.h"
#include "sync/access.h"
#include "sync/job.h"

struct engine {
    struct job *job; // one of the two
    struct access *access;
};

void engine_start(struct engine *e);
void engine_step(struct engine *e);
void engine_stop(struct engine *e);
bool engine_is_done(const struct engine *e);
i64 engine_wait_ms(const struct engine *e);
enum job_end engine_end(const struct engine *e);
err engine_error(const struct engine *e);
str engine_detail(const struct engine *e);
const struct sync_stats *engine_stats(const struct engine *e);

// The `metadata` of a job record: {"mailferry":{...}}, what became of mailboxes and items, for
// those who see no log (DESIGN, "The face of a job").
void engine_put_metadata(struct buf *b, const struct engine *e);

// What a content sync has to say of its source (source.notice); empty: nothing.
str engine_notice(const struct engine *e, bool *warns);

#endif
