// SPDX-License-Identifier: Apache-2.0
// Start-up of the service in one order (see start_serve.h). Connectors without an id are left out
// with a warning; the connectors of config.yml need no more than id, type and perhaps a key: all
// else is in their records.
#include "cli/start_serve.h"

#include "base/idset.h"
#include "cli/ingest.h"
#include "cli/start_source.h"
#include "cli/start_states.h"
#include "cli/start_volume.h"
#include "os/log.h"
#include "os/os.h"
#include "service/listener.h"
#include "service/service.h"

#define START_LOOP_DESCRIPTORS 48 // of POLL_MAX: look-ups, signals

struct start_counts {
    isize visits, contents, accesses;
};

static struct start_counts start_serve_counts(const struct start *s)
{
    const struct config_service *c = &s->config.service;
    return (struct start_counts){
        .visits = (isize)c->max_concurrent_scheduling_tasks,
        .contents = (isize)c->max_concurrent_content_syncs,
        .accesses = (isize)c->max_concurrent_access_control_syncs,
    };
}

// Whatever runs at the same time has a place and a connection of its own, so that nothing waits for
// something that waits for it.
static err start_serve_loop(struct start *s, const struct service_settings *settings)
{
    struct start_counts n = start_serve_counts(s);
    isize flights = start_flights(s);
    isize access = flights + 2; // its scan or walk
    isize own = service_tasks(settings);
    isize tasks = own + n.contents * start_job_tasks(s) + n.accesses * access;
    isize connections = own + n.contents * (s->config.limits.lanes + flights) +
                        n.accesses * access + START_SPARE_CONNECTIONS * n.contents;
    if (connections > POLL_MAX - START_LOOP_DESCRIPTORS) {
        return FAIL(SERVICE_CONNECTIONS);
    }
    return start_loop(s, tasks, connections);
}

// ---- what the service is told

static err start_serve_connectors(struct start *s, struct service_settings *out)
{
    const struct config *c = &s->config;
    struct service_connector *list = arena_try_n(&s->texts, struct service_connector,
                                                 CONNECTORS_MAX);
    if (!list) {
        return FAIL(CONFIG_TOO_LARGE);
    }
    for (int i = 0; i < c->connector_count; i++) {
        const struct config_connector *from = &c->connectors[i];
        struct service_connector *to = &list[out->connector_count];
        if (from->connector_id.n == 0 || from->connector_id.n > CONNECTOR_ID_BYTES) {
            log_line(s->log, LOG_WARN,
                     S("an entry of `connectors` has no connector_id: it is left out"), NULL, 0);
            continue;
        }
        *to = (struct service_connector){.id = from->connector_id,
                                         .service_type = from->service_type};
        if (from->api_key.n) {
            TRY(start_authorization(s, from->api_key, &to->authorization));
        }
        out->connector_count++;
    }
    out->connectors = list;
    return OK;
}

static err start_serve_host_name(struct start *s, str *out)
{
    u8 *memory = arena_try(&s->texts, 1, KIB(1));
    struct buf name = buf_over(memory, memory ? KIB(1) : 0);
    *out = os_host_name(&name);
    return memory ? OK : FAIL(CONFIG_TOO_LARGE);
}

static void start_serve_types(struct start *s, struct service_settings *out)
{
    const struct config_service *c = &s->config.service;
    out->worker_mode = c->worker_mode;
    if (c->worker_mode) {
        out->types = c->types;
        out->type_count = c->type_count;
    } else if (c->type_count) {
        log_line(s->log, LOG_WARN,
                 S("service.service_types counts only with service.worker_mode: it is ignored"),
                 NULL, 0);
    }
}

static err start_serve_settings(struct start *s, struct service_settings *out)
{
    const struct config *c = &s->config;
    const struct config_service *v = &c->service;
    struct start_counts n = start_serve_counts(s);
    u32 services = s->options->services ? s->options->services : INGEST_ALL;
    *out = (struct service_settings){
        .schedule = services & INGEST_SCHEDULE,
        .sync_content = services & INGEST_CONTENT,
        .sync_access_control = services & INGEST_ACCESS_CONTROL,
        .cleanup = services & INGEST_CLEANUP,
        .api = c->elasticsearch.feature_use_connectors_api,
        .idling_ms = v->idling_s * 1000,
        .heartbeat_us = v->heartbeat_s * 1000000,
        .job_cleanup_interval_ms = v->job_cleanup_interval_s * 1000,
        .preflight_idle_ms = v->preflight_idle_s * 1000,
        .preflight_max_attempts = (int)v->preflight_max_attempts,
        .max_wait_ms = c->elasticsearch.max_wait_duration_s * 1000,
        .initial_backoff_ms = c->elasticsearch.initial_backoff_duration_s * 1000,
        .backoff_multiplier = c->elasticsearch.backoff_multiplier,
        .any_version = s->settings.any_version,
        .max_errors = (int)v->max_errors,
        .max_errors_span_ms = v->max_errors_span_s * 1000,
        .schedule_slots = (int)n.visits,
        .content_slots = (int)n.contents,
        .access_slots = (int)n.accesses,
        .elastic = s->settings.elastic,
    };
    if (v->extraction_host.n) {
        TRY(start_make_extraction(s, v->extraction_host));
        out->extraction = &s->extraction;
    }
    start_serve_types(s, out);
    TRY(start_serve_host_name(s, &out->host_name));
    return start_serve_connectors(s, out);
}

// ---- sources and jobs

// A job is carved for its first source, with room for any: its run names the one that it has.
static err start_serve_content(struct start *s, const struct sources *sources, struct engine *out)
{
    struct job_settings j = s->settings;
    j.states = sources->bytes;
    j.to_elastic = true;
    j.watch = &s->watch;
    j.large = os_reserve(LANE_LARGE_BYTES); // each job has its own
    if (!j.large) {
        return FAIL(START_MEMORY);
    }
    out->job = job_init(&s->plan, &j, s->loop, sources->all[0], s->log);
    return OK;
}

static void start_serve_access(struct start *s, const struct sources *sources, struct engine *out)
{
    struct access_settings a = {
        .accounts = (isize)s->config.limits.mailboxes,
        .states = sources->bytes,
        .elastic = s->settings.elastic,
        .bulk = s->settings.bulk,
    };
    out->access = access_init(&s->plan, &a, s->loop, sources->all[0], s->log);
}

static err start_serve_parts(struct start *s, struct service_parts *out)
{
    struct start_counts n = start_serve_counts(s);
    isize jobs = n.contents + n.accesses;
    struct sources *sources = plan_take_n(&s->plan, "sources", struct sources, n.visits + jobs,
                                          "one for each connector that is looked after, and job");
    struct engine *engines = plan_take_n(&s->plan, "engines", struct engine, jobs,
                                         "one for each job that runs");
    for (isize i = 0; i < n.visits + jobs; i++) {
        bool content = i >= n.visits && i < n.visits + n.contents;
        sources[i] = start_sources(s, content ? SOURCE_JOB : SOURCE_LOOK);
    }
    for (isize i = 0; i < jobs; i++) {
        if (i < n.contents) {
            TRY(start_serve_content(s, &sources[n.visits + i], &engines[i]));
        } else {
            start_serve_access(s, &sources[n.visits + i], &engines[i]);
        }
    }
    *out = (struct service_parts){
        .visits = sources, .jobs = sources + n.visits, .engines = engines};
    return OK;
}

// What one sync takes, so often; the sum is less than what was reserved, or it is not begun.
static err start_serve_check_memory(const struct start *s)
{
    const struct config *c = &s->config;
    struct start_counts n = start_serve_counts(s);
    double chunk = c->bulk.chunk_max_mem_size_mib * (double)MIB(1);
    double bulk = (double)(c->bulk.max_concurrency + 1) * chunk *
                  (c->elasticsearch.compress ? 2 : 1);
    i64 places = IDSET_PLACES(c->limits.ids) + IDSET_PLACES(c->limits.mailboxes);
    i64 account_places = IDSET_PLACES(c->limits.mailboxes);
    double ids = (double)places * (double)sizeof(struct idset_entry);
    double buffers = (double)c->limits.lanes * LANE_BYTES +
                     (double)c->limits.medium_buffers * LANE_MEDIUM_BYTES;
    double accounts = (double)account_places * (double)sizeof(struct idset_entry);
    double bytes = (double)n.contents * (bulk + ids + buffers + START_SYNC_BYTES) +
                   (double)n.accesses * (bulk + accounts + START_SYNC_BYTES) +
                   (double)n.visits * START_VISIT_BYTES + START_FIXED_BYTES;
    return bytes > (double)START_RESERVE_BYTES ? FAIL(CONFIG_MEMORY) : OK;
}

// Only this host may ask: what the pages say is for its operator.
bool start_listen_address(str text, struct os_addr *out)
{
    isize colon = -1;
    for (isize i = 0; i < text.n; i++) {
        colon = text.p[i] == ':' ? i : colon;
    }
    u64 port = 0;
    str host = str_slice(text, 0, colon < 0 ? 0 : colon);
    if (str_starts(host, S("[")) && str_ends(host, S("]"))) {
        host = str_slice(host, 1, host.n - 1);
    }
    bool read = str_to_u64(str_from_index(text, colon + 1), &port) && port > 0 && port < 65536 &&
                os_addr_parse(host, out);
    static const u8 six[16] = {[15] = 1};
    out->port = (u16)port;
    return read && (out->v6 ? str_eq(str_make(out->ip, 16), str_make(six, 16)) : out->ip[0] == 127);
}

static err start_serve_listen(struct start *s)
{
    struct listener_self self = {.name = s->config.service.listen_name};
    str text = s->config.service.listen;
    if (text.n == 0) {
        return OK;
    }
    s->listen_fd = start_listen_address(text, &self.at) ? os_tcp_listen(&self.at) : -1;
    if (s->listen_fd < 0) {
        s->listen_fd = -1;
        buf_put(&s->detail, S("service.listen: "));
        buf_put(&s->detail, text);
        return FAIL(CONFIG_LISTEN);
    }
    s->listener = listener_init(&s->plan, s->listen_fd, &self, service_page, s->service);
    return OK;
}

err start_serve(struct start *s, const struct options *options)
{
    struct service_settings settings;
    struct service_parts parts;
    TRY(start_begin(s, options));
    TRY(start_serve_check_memory(s));
    TRY(start_make_dests(s));
    TRY(start_job_settings(s));
    TRY(start_states(s));
    TRY(start_serve_settings(s, &settings));
    TRY(start_serve_loop(s, &settings));
    TRY(start_serve_parts(s, &parts));
    s->service = service_init(&s->plan, &settings, &parts, s->loop, s->log);
    TRY(start_serve_listen(s));
    start_note_rest(s);
    start_end(s);
    return start_volume_create(s);
}
