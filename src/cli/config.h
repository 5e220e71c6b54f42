// SPDX-License-Identifier: Apache-2.0
// config.yml as typed values: the keys of the service that this program replaces, and our own
// blocks. Loaded once at start; all str point into memory that lives as long as the program. A
// wrong file is an error that names line and column; an unknown key inside our own blocks names the
// nearest known one; unknown keys elsewhere are ignored, as the service we replace does.
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include "base/arena.h"
#include "base/buf.h"
#include "limits.h"

struct config_tree;

struct config_elasticsearch {
    str host, api_key, username, password, ca_certs;
    bool ssl, verify_certs, retry_on_timeout, feature_use_connectors_api, compress;
    i64 request_timeout_s, max_retries, retry_interval_s;
    i64 max_wait_duration_s, initial_backoff_duration_s;
    double backoff_multiplier;
    str headers; // "name: value\r\n" lines
};

struct config_bulk {
    i64 queue_max_size, queue_max_mem_size_mib, queue_refresh_interval_s, queue_refresh_timeout_s;
    i64 display_every, chunk_size, max_concurrency;
    double chunk_max_mem_size_mib;
    double max_text_document_size_mib;
    i64 concurrent_downloads;
    bool enable_operations_logging;
    bool monitor_enabled;
    i64 max_total_errors, max_consecutive_errors, error_window_size, error_queue_size;
    double max_error_rate;
};

struct config_endpoints { // empty: the public one
    str google_token, google_directory, google_gmail;
    str microsoft_login, microsoft_graph, microsoft_ews;
};

struct config_tls {
    str ca_file;               // further roots for every destination
    bool verify;               // false: no certificate is checked anywhere
    bool require_verification; // each exception becomes an error
    str google_ca_file;        // for the Google endpoints
    bool google_verify;
};

struct config_proxy {
    str url;   // empty: HTTPS_PROXY or HTTP_PROXY of the environment
    bool none; // `proxy: false`: not even those of the environment
    str no_proxy;
};

struct config_limits {
    i64 ids, mailboxes, lanes, mailbox_open, medium_buffers;
};

struct config_sync {
    bool purge_enabled;
    double purge_max_share, max_failed_mailboxes, max_failed_items;
    i64 time_budget_s;
    bool seal_require;
    str log_level;
};

struct config_service {
    bool worker_mode;
    i64 idling_s, heartbeat_s, job_cleanup_interval_s;
    i64 preflight_max_attempts, preflight_idle_s;
    i64 max_errors, max_errors_span_s;
    i64 max_concurrent_content_syncs, max_concurrent_access_control_syncs;
    i64 max_concurrent_scheduling_tasks;
    i64 max_file_download_size; // bytes
    str listen;                 // of GET /healthz and /metrics: "127.0.0.1:9114"; empty: nowhere
    str listen_name;            // a host that it may be asked under besides its address; or empty
    str extraction_host;        // empty: no extraction service
    i64 extraction_timeout_s;
    i64 extraction_chunk;          // accepted; files go out as fast as the network takes them
    bool extraction_file_pointers; // files take the place of what goes out
    str extraction_shared_volume;  // where those are
    str types[SERVICE_TYPES_MAX];  // service.service_types
    int type_count;
};

struct config_gmail {
    i64 requests_per_mailbox, quota_units_per_user_minute, quota_units_per_project_minute;
};

struct config_outlook {
    i64 requests, requests_per_mailbox;
    bool plain_text_as_html, basic_only, delegate;
    str ldap_base, ldap_filter;
    str state_file; // where states of folders are kept between runs; empty: nowhere
    str ldap_bind, backend, cloud, fields; // words, as config.c has them
    str client_certificate_file, federated_token_file;
    bool client_certificate_pss; // PS256, else RS256
    bool include_disabled;       // outlook.mailboxes...
    str include, exclude;        // addresses, one a line
};

// One entry of `connectors`. `configuration` stays a node: its keys depend on the service type.
struct config_connector {
    str connector_id, service_type, api_key, index_name, pipeline;
    int configuration; // node of the tree, -1: none
    int line;
};

struct config {
    str name;   // of the file, for messages
    str doubts; // keys that are ignored and look like typing errors, one a line; may be empty
    struct config_elasticsearch elasticsearch;
    struct config_bulk bulk;
    struct config_endpoints endpoints;
    struct config_tls tls;
    struct config_proxy proxy;
    struct config_limits limits;
    struct config_sync sync;
    struct config_service service;
    struct config_gmail gmail;
    struct config_outlook outlook;
    struct config_connector connectors[CONNECTORS_MAX];
    int connector_count;
    struct config_tree *tree;
};

// Reads and checks a whole file text. `name` is for messages. Everything that is kept is taken from
// `arena`; the error's facts (file, line, column, key) go to `detail`.
err config_load(struct config *config, str name, str text, struct arena *arena, struct buf *detail);

// Where fields are looked for, and where what is kept and said of them goes.
struct config_fields {
    const struct config *config;
    const struct config_connector *connector;
    struct arena *arena;
    struct buf *detail;
};

// A field of connectors[].configuration by its key, coerced as spec/configuration.md 5 says. The
// value may be given directly, as a Kibana field object ({value: ...}), or as <key>_file, which is
// read here. *found false: absent.
err config_field_str(const struct config_fields *f, const char *key, str *out, bool *found);
err config_field_bool(const struct config_fields *f, const char *key, bool *out, bool *found);

// The i-th key that config.yml may hold, with its default as text; NULL after the last. For the
// test that compares code and example.
const char *config_key_at(int i, const char **fallback);

#endif
