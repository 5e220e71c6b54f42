// SPDX-License-Identifier: Apache-2.0
// The connector service: preflight, then scheduling, execution and clean-up side by side in one
// loop until a signal comes or the budget of errors is spent. It owns all of them; everything is
// carved at start. Whoever turns the loop calls service_step() after each turn.
#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

#include "service/cleanup.h"
#include "service/execute.h"
#include "service/preflight.h"
#include "service/schedule.h"

struct service;

// What the service drives besides Elasticsearch; every source is an instance of its own.
struct service_parts {
    const struct sources *visits; // schedule_slots of them, for pings
    const struct engine *engines; // content_slots, then access_slots of them
    const struct sources *jobs;   // as many
};

struct service *service_init(struct plan *plan, const struct service_settings *settings,
                             const struct service_parts *parts, struct loop *loop, struct log *log);

// Tasks of the loop that the service itself needs at the same time, besides those of its engines.
int service_tasks(const struct service_settings *settings);

void service_start(struct service *s, struct moment now);
void service_step(struct service *s, struct moment now);
i64 service_wait_ms(const struct service *s, struct moment now);

// A signal: nothing new is begun; what runs ends as suspended, within SERVICE_STOP_MS.
void service_stop(struct service *s, struct moment now);

bool service_is_done(const struct service *s);
bool service_failed(const struct service *s); // preflight, or the budget of errors: exit status 1

// For metrics and tests.
const struct schedule *service_schedule(const struct service *s);
const struct execute *service_execute(const struct service *s);
bool service_is_ready(const struct service *s); // the preflight is over

// The pages of the listener: /healthz and /metrics. st = struct service.
int service_page(void *st, str path, struct buf *body, const char **type);

#endif
