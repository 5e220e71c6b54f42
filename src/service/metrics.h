// SPDX-License-Identifier: Apache-2.0
// The numbers of the service as Prometheus reads them (text exposition format 0.0.4), and its
// health in a word. What has ended is kept per connector, in a bounded table; what runs is read
// from the runners when somebody asks. Never a token, a key or a word of a mail.
#ifndef SERVICE_METRICS_H
#define SERVICE_METRICS_H

#include "base/plan.h"
#include "service/runner.h"

#define METRICS_OUTCOMES (OUTCOME_SUSPENDED + 1)

struct metrics_connector {
    u8 id_bytes[METRICS_ID_BYTES];
    int id_n;
    i64 ended[JOB_TYPES][METRICS_OUTCOMES];
    i64 last_completed_us[JOB_TYPES]; // unix; 0: not since the start
    i64 indexed, deleted, used_us;
};

struct metrics {
    struct metrics_connector *connectors; // METRICS_CONNECTORS
    int count;
};

void metrics_init(struct metrics *m, struct plan *plan);

// A claimed job has ended. When the table is full, the connector that was quiet for the longest
// time makes room.
void metrics_job_ended(struct metrics *m, const struct runner *r, i64 now_us);

// What the page shows besides the table.
struct metrics_view {
    const struct loop *loop;
    const struct runner *runners;
    int runner_count;
    bool ready, stopping;
    i64 started_us, schedule_rounds, execute_rounds;
};

void metrics_put(struct buf *b, const struct metrics *m, const struct metrics_view *v);

#endif
