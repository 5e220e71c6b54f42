// SPDX-License-Identifier: Apache-2.0
// Start-up in one order: memory, configuration, log, destinations, loop, source, job; then what was
// reserved too much is given back (see start.h).
#include "cli/start.h"

#include "base/idset.h"
#include "cli/output.h"
#include "cli/start_entra.h"
#include "cli/start_source.h"
#include "cli/start_states.h"
#include "cli/start_volume.h"
#include "codec/base64.h"
#include "codec/ldap.h"
#include "elastic/index.h"
#include "os/os.h"

isize start_flights(const struct start *s)
{
    return s->config.bulk.max_concurrency + 1; // and the lone one
}

isize start_job_tasks(const struct start *s)
{
    const struct config_limits *l = &s->config.limits;
    return l->lanes + l->mailbox_open + start_flights(s) + 2; // directory, and the phase's own
}

err start_loop(struct start *s, isize tasks, isize connections)
{
    struct buf resolv = {0};
    struct buf hosts = {0};
    u8 *memory = arena_try(&s->texts, 1, 2 * START_TEXT_BYTES);
    if (!memory) {
        return FAIL(CONFIG_TOO_LARGE);
    }
    resolv = buf_over(memory, START_TEXT_BYTES);
    hosts = buf_over(memory + START_TEXT_BYTES, START_TEXT_BYTES);
    // Hosts without these files exist (scratch containers): the resolver has defaults.
    err absent = os_file_read("/etc/resolv.conf", &resolv, &s->detail);
    absent = os_file_read("/etc/hosts", &hosts, &s->detail);
    (void)absent;
    buf_reset(&s->detail);
    dns_config_parse(&s->dns, buf_str(&resolv), buf_str(&hosts));
    struct loop_settings settings = {
        .tasks = (int)tasks,
        .connections = (int)connections,
        .dns = &s->dns,
        .connect_timeout_ms = s->observer ? CHECK_CONNECT_MS : 30000,
        .idle_timeout_ms = 60000,
        .keep_alive_ms = 50000,
        .log = s->log,
        .attempts_max = s->observer ? CHECK_ATTEMPTS : 0,
        .observer = s->observer,
        .user_agent = s->user_agent.n ? s->user_agent
                                      : S("mailferry/" MAILFERRY_VERSION "/service (gzip)"),
    };
    s->loop = loop_init(&s->plan, &settings);
    return OK;
}

// ---- the job

err start_authorization(struct start *s, str key, str *authorization)
{
    const struct config_elasticsearch *e = &s->config.elasticsearch;
    const struct url *url = &s->dests[DEST_ELASTIC].url;
    isize cap = EXCHANGE_HEADERS_BYTES / 4;
    u8 *memory = arena_try(&s->texts, 3, cap);
    if (!memory) {
        return FAIL(CONFIG_TOO_LARGE);
    }
    struct buf out = buf_over(memory, 2 * cap);
    struct buf pair = buf_over(memory + 2 * cap, cap);
    key = key.n ? key : e->api_key;
    if (key.n) {
        buf_put(&out, S("ApiKey "));
        buf_put(&out, key);
        *authorization = buf_str(&out);
        return out.full ? FAIL(CONFIG_TOO_LARGE) : OK;
    }
    bool readable = true;
    if (url->user.n) {
        readable = url_put_decoded(&pair, url->user);
        buf_put_byte(&pair, ':');
        readable = url_put_decoded(&pair, url->password) && readable;
    } else {
        buf_put(&pair, e->username);
        buf_put_byte(&pair, ':');
        buf_put(&pair, e->password);
    }
    buf_put(&out, S("Basic "));
    base64_encode(&out, buf_str(&pair));
    *authorization = buf_str(&out);
    if (!readable) {
        buf_put(&s->detail, S("elasticsearch.host: the password has a bad escape"));
        return FAIL(CONFIG_URL);
    }
    return out.full || pair.full ? FAIL(CONFIG_TOO_LARGE) : OK;
}

static bool start_allows_any_version(void)
{
    bool found;
    str value = os_env("ALLOW_ES_VERSION_MISMATCH", &found);
    return str_eq_nocase(value, S("true")) || str_eq(value, S("1")) ||
           str_eq_nocase(value, S("yes"));
}

// Documents go to Elasticsearch when config.yml names one; without any, they can still be seen.
bool start_names_elastic(struct start *s)
{
    return config_tree_find(&s->tree, S("elasticsearch.host")) >= 0 ||
           config_tree_find(&s->tree, S("elasticsearch.api_key")) >= 0 ||
           config_tree_find(&s->tree, S("elasticsearch.password")) >= 0 ||
           s->options->command == COMMAND_LIMITS;
}

static err start_sink(struct start *s)
{
    const struct options *o = s->options;
    struct job_settings *j = &s->settings;
    j->dry_run = o->dry_run;
    j->watch = &s->watch;
    j->ndjson_fd = 1;
    j->ndjson_name = S("standard output");
    if (o->dry_run || str_eq(o->to, S("-"))) {
        return OK;
    }
    if (str_starts(o->to, S("ndjson:"))) {
        str path = str_from_index(o->to, 7);
        if (!str_eq(path, S("-"))) {
            j->ndjson_name = path;
            j->ndjson_fd = os_file_create((const char *)path.p, &s->detail);
        }
        return j->ndjson_fd < 0 ? FAIL(CONFIG_FILE) : OK;
    }
    j->to_elastic = str_eq(o->to, S("elastic")) || start_names_elastic(s);
    return OK;
}

static struct bulk_settings start_bulk(const struct config_bulk *b)
{
    return (struct bulk_settings){
        .flights = (int)b->max_concurrency,
        .chunk_entries = (int)b->chunk_size,
        .chunk_bytes = (isize)(b->chunk_max_mem_size_mib * (double)MIB(1)),
        .flush_ms = 1000,
        .monitor =
            {
                .enabled = b->monitor_enabled,
                .max_total_errors = b->max_total_errors,
                .max_consecutive_errors = b->max_consecutive_errors,
                .error_window_size = (int)b->error_window_size,
                .max_error_rate = b->max_error_rate,
            },
    };
}

err start_job_settings(struct start *s)
{
    const struct config *c = &s->config;
    struct job_settings *j = &s->settings;
    str authorization;
    TRY(start_authorization(s, s->connector ? s->connector->api_key : (str){0}, &authorization));
    *j = (struct job_settings){
        .limits = {.ids = (isize)c->limits.ids,
                   .mailboxes = (isize)c->limits.mailboxes,
                   .lanes = (int)c->limits.lanes,
                   .mailbox_open = (int)c->limits.mailbox_open,
                   .medium_buffers = (int)c->limits.medium_buffers},
        .large = os_reserve(LANE_LARGE_BYTES),
        .elastic = {.dest = &s->dests[DEST_ELASTIC],
                    .authorization = authorization,
                    .extra_headers = c->elasticsearch.headers,
                    .request_timeout_ms = c->elasticsearch.request_timeout_s * 1000,
                    .max_retries = (int)c->elasticsearch.max_retries,
                    .retry_interval_ms = c->elasticsearch.retry_interval_s * 1000,
                    .compress = c->elasticsearch.compress},
        .bulk = start_bulk(&c->bulk),
        .any_version = start_allows_any_version(),
        .extract_binary_content = true,
        .reduce_whitespace = true,
        .run_ml_inference = true,
        .document_level_security =
            s->type &&
            source_value(s->type->schema, s->values, S("use_document_level_security"))->flag,
        .purge = c->sync.purge_enabled,
        .purge_max_share = c->sync.purge_max_share,
        .max_failed_mailboxes = c->sync.max_failed_mailboxes,
        .max_failed_items = c->sync.max_failed_items,
        .max_text_bytes = (i64)(c->bulk.max_text_document_size_mib * MIB(1)),
        .time_budget_ms = c->sync.time_budget_s * 1000,
        .full = s->options->full,
        .only_mailboxes = s->options->mailbox_count ? s->options->mailboxes : NULL,
        .only_mailbox_count = s->options->mailbox_count,
        .shard = s->options->shard,
    };
    return j->large ? OK : FAIL(START_MEMORY);
}

void start_note_rest(struct start *s)
{
    plan_note(&s->plan, "program", os_image_bytes(), "code, constants, embedded roots, variables",
              false);
    plan_note(&s->plan, "stack", STACK_BYTES, "touched before the seal", false);
    plan_note(&s->plan, "large buffer", LANE_LARGE_BYTES,
              "one message of up to 50 MB; touched only when such a message passes", true);
}

err start_check_index(struct start *s)
{
    str index = s->connector->index_name;
    if (index_name_is_valid(index)) {
        return OK;
    }
    start_source_put_connector(s);
    buf_put(&s->detail, S(": index_name: \""));
    output_put_clean(&s->detail, index, 80);
    buf_put(&s->detail, S("\""));
    return FAIL(CONFIG_INDEX);
}

static err start_job(struct start *s)
{
    struct job_settings *j = &s->settings;
    TRY(start_job_settings(s));
    struct sources sources = start_sources(s, SOURCE_SYNC);
    s->source = sources.all[0]; // the only one, but for `limits`
    j->states = sources.bytes;
    if (s->connector) {
        TRY(start_source_configure(s));
        start_source_forget(s); // before the pools of the job are touched
    }
    TRY(start_sink(s));
    TRY(start_states(s));
    if (s->connector) {
        j->connector = s->connector->connector_id;
        j->index = s->connector->index_name;
        j->pipeline_none = str_eq(s->connector->pipeline, S("none"));
        j->pipeline = j->pipeline_none ? (str){0} : s->connector->pipeline;
        TRY(start_check_index(s));
    }
    s->job = job_init(&s->plan, j, s->loop, s->source, s->log);
    start_note_rest(s);
    return OK;
}

// As the service that is replaced writes them, when called by its name.
static enum log_form start_log_form(const struct options *o)
{
    if (!o->ingest) {
        return o->json ? LOG_JSON : LOG_PLAIN;
    }
    if (o->filebeat) {
        return LOG_FILEBEAT;
    }
    return os_is_terminal(2) ? LOG_COLOURS : LOG_BRACKETS;
}

static void start_form(struct start *s)
{
    s->form = s->options->json ? OUTPUT_JSON : os_is_terminal(2) ? OUTPUT_TERMINAL : OUTPUT_PLAIN;
    enum log_level level = LOG_INFO;
    if (s->options->log_level_given) {
        level = s->options->log_level;
    }
    s->log = log_init(&s->plan, level, start_log_form(s->options));
    s->progress = progress_init(&s->plan, s->form, os_terminal_columns(2), &s->watch);
    log_watch(s->log, &s->watch);
    log_on_line(s->log, progress_clear, s->progress);
}

// service.log_level, unless the command line said otherwise.
static void start_log_level(struct start *s)
{
    static const struct {
        const char *name;
        enum log_level level;
    } levels[] = {
        {"DEBUG", LOG_DEBUG}, {"INFO", LOG_INFO},      {"WARNING", LOG_WARN},
        {"ERROR", LOG_ERROR}, {"CRITICAL", LOG_ERROR},
    };
    for (isize i = 0; i < COUNT(levels) && !s->options->log_level_given; i++) {
        if (str_eq_nocase(s->config.sync.log_level, str_from(levels[i].name))) {
            log_level_set(s->log, levels[i].level);
        }
    }
}

// Keys that are ignored and look like typing errors (config.h).
static void start_say_doubts(struct start *s)
{
    for (str rest = s->config.doubts, line; rest.n;) {
        bool found;
        rest = str_cut(rest, '\n', &line, &found);
        log_line(s->log, LOG_WARN, line, NULL, 0);
    }
}

// Each setting is within its own bounds; together they may still be more than was reserved.
static err start_check_memory(const struct config *c)
{
    double chunks = (double)c->bulk.max_concurrency * (c->elasticsearch.compress ? 2 : 1);
    double bytes = chunks * c->bulk.chunk_max_mem_size_mib * (double)MIB(1);
    isize places = IDSET_PLACES(c->limits.ids) + IDSET_PLACES(c->limits.mailboxes);
    bytes += (double)places * (double)sizeof(struct idset_entry);
    return bytes > (double)(START_RESERVE_BYTES - START_FIXED_BYTES) ? FAIL(CONFIG_MEMORY) : OK;
}

// What is wrong with it would else be said by each job.
static err start_check_filter(struct start *s)
{
    str filter = s->config.outlook.ldap_filter;
    struct arena mark = s->texts;
    u8 *memory = arena_try(&s->texts, 1, CONN_OUT_BYTES);
    struct buf ber = buf_over(memory, memory ? CONN_OUT_BYTES : 0);
    s->texts = mark;
    if (filter.n == 0 || (err_ok(ldap_put_filter(&ber, filter)) && !ber.full)) {
        return OK;
    }
    buf_put(&s->detail, S("outlook.ldap_filter: "));
    output_put_clean(&s->detail, filter, 200);
    return FAIL(LDAP_FILTER);
}

err start_begin(struct start *s, const struct options *options)
{
    s->options = options;
    s->detail = buf_over(s->detail_bytes, CONFIG_DETAIL_BYTES);
    s->watch.signals_fd = -1;
    s->listen_fd = -1;
    s->reserved = os_reserve(START_RESERVE_BYTES);
    if (!s->reserved) {
        return FAIL(START_MEMORY);
    }
    s->arena = arena_over(s->reserved, START_RESERVE_BYTES);
    s->plan.arena = &s->arena;
    u8 *texts = plan_take(&s->plan, "configuration", CONFIG_ARENA_BYTES, 1,
                          "config.yml and the files that it names");
    s->texts = arena_over(texts, CONFIG_ARENA_BYTES);
    start_form(s);
    TRY(start_read_config(s));
    TRY(start_check_memory(&s->config));
    TRY(start_check_filter(s));
    start_log_level(s);
    start_say_doubts(s);
    return start_entra(s);
}

void start_end(struct start *s)
{
    s->watch.signals_fd = os_signals_open();
    s->status_fd = os_status_open();
    arena_close(&s->arena);
    os_trim(s->reserved, START_RESERVE_BYTES, s->arena.n);
}

err start_all(struct start *s, const struct options *options)
{
    TRY(start_begin(s, options));
    if (s->connector) {
        TRY(start_source_fields(s));
    }
    TRY(start_make_dests(s));
    isize connections = s->config.limits.lanes + start_flights(s) + START_SPARE_CONNECTIONS;
    TRY(start_loop(s, start_job_tasks(s), connections));
    TRY(start_job(s));
    start_end(s);
    return start_volume_create(s);
}
