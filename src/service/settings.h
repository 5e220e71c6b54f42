// SPDX-License-Identifier: Apache-2.0
// What the connector service is told before it starts (spec/configuration.md 3); cli/start_serve.c
// fills it from config.yml. All str must live as long as the process.
#ifndef SERVICE_SETTINGS_H
#define SERVICE_SETTINGS_H

#include "elastic/client.h"

// One entry of `connectors`.
struct service_connector {
    str id, service_type;
    str authorization; // of its own api_key, the whole header value; empty: that of the service
};

struct service_settings {
    const struct service_connector *connectors;
    int connector_count;
    const str *types; // service.service_types, in worker mode only
    int type_count;
    bool worker_mode;

    bool schedule, sync_content, sync_access_control, cleanup; // which services run
    bool api;                                                  // feature_use_connectors_api

    i64 idling_ms, heartbeat_us, job_cleanup_interval_ms;
    i64 preflight_idle_ms;
    int preflight_max_attempts;
    i64 max_wait_ms, initial_backoff_ms;
    double backoff_multiplier;
    bool any_version; // ALLOW_ES_VERSION_MISMATCH
    int max_errors;
    i64 max_errors_span_ms;
    int schedule_slots, content_slots, access_slots;

    struct elastic_settings elastic;
    const struct dest *extraction; // NULL: none is configured
    str host_name;                 // worker_hostname of claims
};

// The entry of config.yml with this id; NULL: there is none (a record found by its type).
const struct service_connector *service_settings_find(const struct service_settings *s, str id);

// A moment, by both clocks: periods and time-outs go by the first, which never steps; schedules and
// what is written into records by the second.
struct moment {
    i64 mono_ms, unix_us;
};

#endif
