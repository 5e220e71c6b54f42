// SPDX-License-Identifier: Apache-2.0
// One pair of hands of the service: a call to Elasticsearch with its buffers, room for one record
// that outlives the next calls, and the ping of a source. Whoever works with it (a routine) is a
// state machine that does no I/O: asked for its next step it says that the call is ready, that the
// source is to be pinged, or until when it waits, and reads the outcome when it is asked again.
//
// The driver below gives calls and pings to the loop; tests answer them by hand.
#ifndef SERVICE_WORKER_H
#define SERVICE_WORKER_H

#include "elastic/call.h"
#include "elastic/connector.h"
#include "elastic/sync_job.h"
#include "net/loop.h"
#include "os/log.h"
#include "service/ping.h"
#include "service/settings.h"

enum work {
    WORK_CALL, // worker->call is ready to be sent
    WORK_PING, // worker->ping is ready to be run
    WORK_WAIT, // nothing before worker->wait_until_ms
    WORK_STEP, // ask again: only the state has changed
    WORK_DONE, // the routine has ended
};

struct worker {
    const struct service_settings *settings;
    struct elastic *es;
    struct loop *loop;
    struct log *log;
    struct elastic_call call;
    struct buf record; // the text of the record in hand: storage that is exchanged with call.answer
    struct json_node *nodes;
    int node_cap;
    u8 *text_memory;
    struct arena texts; // decoded parts of the record in hand
    struct ping ping;
    i64 wait_until_ms;
    int task; // in the loop; -1: none
};

struct worker_env {
    const struct service_settings *settings;
    struct elastic *es;
    struct loop *loop;
    struct log *log;
};

// Takes memory for one worker: `bytes` for each of body, answer and record.
void worker_init(struct worker *w, struct plan *plan, const struct worker_env *env,
                 isize record_bytes);

// The next call: everything of it is empty. Then fill call.target and call.body and say WORK_CALL.
void worker_ask(struct worker *w, str method);

// GET of a whole record.
enum work worker_get_connector(struct worker *w, str id);
enum work worker_get_job(struct worker *w, str id);

// POST /.elastic-connectors/_update/<id>, with the guard of `c` unless it is NULL; the body follows
// (the caller puts it).
void worker_update_connector(struct worker *w, str id, const struct connector *guard);

// The answer becomes the record in hand, which lives until the next one. The error's facts are in
// call.detail.
err worker_read_connector(struct worker *w, struct connector *c);
err worker_read_job(struct worker *w, struct sync_job *j);

// 2xx.
bool worker_went_well(const struct worker *w);

// Does what the routine says, at most a few steps a turn; true once it is done. Records hold
// passwords and keys, so what was in hand is wiped then; call.detail stays.
struct routine {
    enum work (*step)(void *st, struct moment now);
    void *st;
};
bool worker_turn(struct worker *w, const struct routine *routine, struct moment now);

// Forgets what is under way.
void worker_cancel(struct worker *w);
// And what is in hand: the routine does not go on.
void worker_stop(struct worker *w);

// When it wants to be asked again, at the latest: INT64_MAX while the loop works for it.
i64 worker_wait_until_ms(const struct worker *w);

#endif
