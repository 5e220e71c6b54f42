// SPDX-License-Identifier: Apache-2.0
// A worker of the service without loop and network: a routine says that a call is ready, the test
// answers it by hand, as net/loop and Elasticsearch would.
//
//     CHECK(some_step(...) == WORK_CALL);
//     CHECK_STR(rig_answer(200, "{...}"), S("GET /target body"));
#ifndef TESTS_UNIT_SERVICE_RIG_H
#define TESTS_UNIT_SERVICE_RIG_H

#include "machine.h"

#include <stdlib.h>

#include "base/plan.h"
#include "service/worker.h"

static struct plan rig_plan;
static struct arena rig_arena;
static struct service_settings rig_settings;
static struct elastic rig_es;
static struct worker rig_worker;
static struct worker_env rig_env;
static struct machine rig_machine;
static struct dest rig_dest;
static u8 rig_said[1 << 20];

static inline void rig_open(bool api)
{
    static u8 *memory;
    if (!memory) {
        memory = malloc(256 << 20);
        ASSERT(memory);
    }
    memset(&rig_plan, 0, sizeof rig_plan);
    rig_arena = arena_over(memory, 256 << 20);
    rig_plan.arena = &rig_arena;
    rig_settings = (struct service_settings){
        .api = api,
        .heartbeat_us = 300 * (i64)1000000,
        .idling_ms = 30000,
        .schedule_slots = 1,
        .content_slots = 1,
        .access_slots = 1,
        .host_name = S("host-1"),
        .elastic = {.dest = &rig_dest,
                    .request_timeout_ms = 1000,
                    .max_retries = 1,
                    .retry_interval_ms = 10},
    };
    elastic_init(&rig_es, &rig_settings.elastic);
    rig_env = (struct worker_env){
        .settings = &rig_settings,
        .es = &rig_es,
        .log = log_init(&rig_plan, LOG_ERROR, LOG_PLAIN),
    };
    worker_init(&rig_worker, &rig_plan, &rig_env, CONNECTOR_RECORD_BYTES);
}

// Answers the call of any worker; what it had asked: "METHOD target body". Status 0: no answer.
static inline str rig_answer_to(struct worker *w, int status, const char *body)
{
    struct machine_answer answer = {.status = status, .body = str_from(body)};
    struct buf said = buf_over(rig_said, sizeof rig_said);
    if (status == 0) {
        answer.lost = FAIL(NET_REFUSED);
    }
    machine_init(&rig_machine, &elastic_call_ops, &w->call);
    enum step step = machine_next(&rig_machine);
    ASSERT(step == STEP_REQUEST);
    machine_finish(&rig_machine, &answer);
    step = machine_next(&rig_machine);
    ASSERT(step == STEP_DONE || step == STEP_FAILED);
    buf_put(&said, machine_method(&rig_machine, 0));
    buf_put(&said, S(" "));
    buf_put(&said, machine_target(&rig_machine, 0));
    buf_put(&said, S(" "));
    buf_put(&said, machine_body(&rig_machine, 0));
    return buf_str(&said);
}

static inline str rig_answer(int status, const char *body)
{
    return rig_answer_to(&rig_worker, status, body);
}

#endif
