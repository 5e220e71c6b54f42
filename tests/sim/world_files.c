// SPDX-License-Identifier: Apache-2.0
// The settings of a world as the seed draws them, and the files that the product then reads:
// config.yml, the service account, resolv.conf, hosts, the roots of its TLS; see world.h.
#include <string.h>

#include "../tenant/t_json.h"
#include "../tenant/test_keys.h"
#include "faults.h"
#include "sim.h"
#include "sim_os.h"
#include "world.h"

static i64 between(i64 low, i64 high)
{
    return sim_between(SIM_PLAN, low, high);
}

static bool chance(i64 n)
{
    return sim_one_in(SIM_PLAN, n);
}

static void draw_tenant(struct world *w)
{
    struct t_options *o = &w->tenant;
    t_options_default(o);
    o->seed = sim_random(SIM_PLAN) >> 1;
    o->users = (int)between(1, chance(6) ? 24 : 6);
    o->messages = between(0, chance(8) ? 700 : 30);
    o->message_bytes = between(400, chance(6) ? 60000 : 4000);
    o->spread_percent = (int)between(0, 60);
    o->spam_every = chance(3) ? between(2, 9) : 0;
    o->trash_every = chance(3) ? between(2, 9) : 0;
    o->latency_ms = chance(4) ? between(0, 400) : 0;
    o->es_latency_ms = chance(4) ? between(0, 2000) : 0;
    o->es_flavor = chance(5) ? S("serverless") : S("default");
}

static void draw_settings(struct world *w)
{
    w->lanes = (int)between(1, 8);
    w->mailbox_open = (int)between(1, 6);
    w->medium_buffers = 1;
    w->ids = 20000;
    w->mailboxes = 100;
    w->flights = (int)between(1, 3);
    w->chunk_size = (int)between(2, chance(2) ? 20 : 200);
    w->chunk_mib = chance(2) ? 0.125 : 0.5;
    w->request_timeout_s = (int)between(20, 240);
    w->max_retries = (int)between(1, 6);
    w->retry_interval_s = (int)between(1, 10);
    w->compress = chance(4);
    w->document_level_security = chance(2);
    w->full_raw = chance(4);
    w->spam_and_trash = chance(3);
    w->purge = !chance(8);
    w->api_key = chance(2);
    w->requests_per_mailbox = (int)between(1, 5);
    w->quota_user = w->quota_project = 1000000000;
    w->plain_elastic = chance(4);
    w->proxy = chance(6);
    w->hosts_file = chance(6);
    w->name_servers = (int)between(1, 3);
    w->dns_timeout_s = (int)between(1, 5);
    w->dns_attempts = (int)between(1, 3);
}

void world_by_seed(struct world *w, const struct scenario *s)
{
    *w = (struct world){.scenario = s->name, .faults = s->faults, .churn = true};
    draw_tenant(w);
    draw_settings(w);
    w->addresses = (int)between(1, 3);
    w->addresses_v6 = chance(2) ? (int)between(1, 3) : 0;
    // Some are dead, but never the last one of IPv4.
    w->dead = (u32)(sim_random(SIM_PLAN) & sim_random(SIM_PLAN) & 0xff);
    w->dead &= ~((u32)1 << (w->addresses - 1));
    w->idle_s = chance(2) ? between(1, 60) : 0;
    w->odd_users = chance(4) ? (int)between(0, w->tenant.users / 3) : 0;
    w->runs = (int)between(1, 3);
    w->full = chance(10);
    w->patience_s = 24 * 3600;
    if (s->set) {
        s->set(w);
    }
    int most = w->tenant.users / 3;
    w->odd_users = w->odd_users < most ? w->odd_users : most;
    // Where every answer may be two minutes late, many messages take long.
    w->patience_s += (i64)w->tenant.users * w->tenant.messages * 150;
    w->runs += s->faults != 0; // the last one is calm
}

// ---- files

#define YES(b) ((b) ? "true" : "false")

// All that may ever be made, from the start.
static void put_connectors(const struct life_settings *s, struct t_buf *b)
{
    bool by_type = s->connectors > 60; // more than config.yml lists
    t_buf_z(b, by_type ? "" : "connectors:\n");
    for (int i = 0; !by_type && i < s->connectors * (s->delete_s ? 2 : 1); i++) {
        t_buf_printf(b, "  - connector_id: c%d\n    service_type: %s\n", i + 1,
                     s->outlook ? "outlook" : "gmail");
    }
    t_buf_printf(b,
                 "service:\n  idling: %d\n  heartbeat: %d\n  job_cleanup_interval: %d\n"
                 "  max_concurrent_content_syncs: %d\n"
                 "  max_concurrent_access_control_syncs: %d\n"
                 "  max_concurrent_scheduling_tasks: %d\n",
                 s->idling_s, s->heartbeat_s, s->cleanup_s, s->contents, s->accesses, s->visits);
    t_buf_z(b, by_type ? "  worker_mode: true\n  service_types: [gmail]\n" : "");
}

static void put_connector(const struct world *w, struct t_buf *b)
{
    t_buf_printf(b,
                 "connectors:\n"
                 "  - connector_id: sim\n"
                 "    service_type: gmail\n"
                 "    index_name: mail\n"
                 "    configuration:\n"
                 "      service_account_credentials_file: /etc/account.json\n"
                 "      subject: admin@example.test\n"
                 "      customer_id: C01test00\n"
                 "      include_spam_and_trash: %s\n"
                 "      include_full_raw_message: %s\n"
                 "      use_document_level_security: %s\n",
                 YES(w->spam_and_trash), YES(w->full_raw), YES(w->document_level_security));
}

static void put_exchange(const struct world *w, struct t_buf *b)
{
    t_buf_printf(b,
                 "connectors:\n"
                 "  - connector_id: sim\n"
                 "    service_type: outlook\n"
                 "    index_name: mail\n"
                 "    configuration:\n"
                 "      data_source: outlook_server\n"
                 "      exchange_server: mail.tenant.test:444\n"
                 "      active_directory_server: %s\n"
                 "      username: EXAMPLE\\svc\n"
                 "      password: ${EXCHANGE_PASSWORD}\n"
                 "      domain: example.test\n"
                 "      ssl_enabled: %s\n"
                 "      ssl_ca_file: /etc/ca.pem\n"
                 "      use_text_extraction_service: %s\n"
                 "      use_document_level_security: %s\n",
                 w->directory, YES(!w->ssl_off), YES(w->extraction),
                 YES(w->document_level_security));
    t_buf_printf(b,
                 "outlook:\n  requests: %d\n  requests_per_mailbox: %d\n  basic_only: %s\n"
                 "  delegate: %s\n",
                 w->exchange_requests, w->requests_per_mailbox, YES(w->only_basic),
                 YES(w->delegate));
    t_buf_z(b, w->states ? "  state_file: /var/states\n" : "");
}

static void put_file_bytes(const struct world *w, struct t_buf *b)
{
    if (w->file_bytes) {
        t_buf_printf(b, "service:\n  max_file_download_size: %lld\n", (long long)w->file_bytes);
    }
}

static void put_cloud(const struct world *w, struct t_buf *b)
{
    t_buf_printf(b,
                 "connectors:\n"
                 "  - connector_id: sim\n"
                 "    service_type: outlook\n"
                 "    index_name: mail\n"
                 "    configuration:\n"
                 "      data_source: outlook_cloud\n"
                 "      tenant_id: %.*s\n"
                 "      client_id: %.*s\n"
                 "      client_secret: ${CLIENT_SECRET}\n"
                 "      use_text_extraction_service: %s\n"
                 "      use_document_level_security: %s\n"
                 "outlook:\n  backend: %s\n  requests: %d\n  requests_per_mailbox: %d\n",
                 (int)w->tenant.tenant_id.n, w->tenant.tenant_id.p, (int)w->tenant.app_id.n,
                 w->tenant.app_id.p, YES(w->extraction), YES(w->document_level_security),
                 w->backend, w->exchange_requests, w->requests_per_mailbox);
    t_buf_z(b, w->states ? "  state_file: /var/states\n" : "");
}

static void put_config(const struct world *w, struct t_buf *b)
{
    if (w->life.on) {
        put_connectors(&w->life, b);
    } else if (w->cloud) {
        put_cloud(w, b);
        put_file_bytes(w, b);
    } else if (w->exchange) {
        put_exchange(w, b);
    } else {
        put_connector(w, b);
    }
    t_buf_printf(b,
                 "elasticsearch:\n"
                 "  host: %s://es.tenant.test:9200\n"
                 "  %s\n"
                 "  ca_certs: /etc/ca.pem\n"
                 "  request_timeout: %d\n  max_retries: %d\n  retry_interval: %d\n"
                 "  compress: %s\n"
                 "  bulk:\n    chunk_size: %d\n    max_concurrency: %d\n"
                 "    chunk_max_mem_size: %.3f\n",
                 w->plain_elastic ? "http" : "https",
                 w->api_key ? "api_key: dGVuYW50a2V5OnRlbmFudHNlY3JldA=="
                            : "username: elastic\n  password: ${ES_PASSWORD}",
                 w->request_timeout_s, w->max_retries, w->retry_interval_s, YES(w->compress),
                 w->chunk_size, w->flights, w->chunk_mib);
    t_buf_printf(b,
                 "endpoints:\n"
                 "  google_token: https://google.tenant.test/token\n"
                 "  google_directory: https://google.tenant.test\n"
                 "  google_gmail: https://google.tenant.test\n"
                 "  microsoft_login: https://login.tenant.test:445\n"
                 "  microsoft_graph: https://graph.tenant.test:446\n"
                 "  microsoft_ews: https://mail.tenant.test:444\n"
                 "tls:\n  ca_file: /etc/ca.pem\n"
                 "limits:\n  ids: %d\n  mailboxes: %d\n  lanes: %d\n  mailbox_open: %d\n"
                 "  medium_buffers: %d\n"
                 "purge:\n  enabled: %s\n  max_share: 1\n"
                 "gmail:\n  requests_per_mailbox: %d\n  quota_units_per_user_minute: %lld\n"
                 "  quota_units_per_project_minute: %lld\n",
                 w->ids, w->mailboxes, w->lanes, w->mailbox_open, w->medium_buffers, YES(w->purge),
                 w->requests_per_mailbox, (long long)w->quota_user, (long long)w->quota_project);
    if (w->life.on && !w->life.api) {
        isize at = str_find(t_buf_str(b), S("elasticsearch:\n")) + 15;
        struct t_buf rest = {0};
        t_buf_put(&rest, str_from_index(t_buf_str(b), at));
        b->n = at;
        t_buf_z(b, "  feature_use_connectors_api: false\n");
        t_buf_put(b, t_buf_str(&rest));
        t_buf_free(&rest);
    }
    if (w->proxy) {
        t_buf_z(b, "proxy:\n  url: http://proxy-user:proxy-password@proxy.tenant.test:3128\n");
    }
}

static void put_account(const struct t_options *o, struct t_buf *b)
{
    struct t_writer w = {.b = b};
    t_json_open(&w, '{');
    t_json_put_member(&w, "type", S("service_account"));
    t_json_put_member(&w, "private_key_id", o->key_id);
    t_json_put_member(&w, "private_key", str_from(test_keys_account_key));
    t_json_put_member(&w, "client_email", o->client_email);
    t_json_put_member(&w, "client_id", o->client_id);
    t_json_close(&w, '}');
}

static void put_file(const char *path, struct t_buf *b)
{
    host_put_file(path, t_buf_str(b));
    b->n = 0;
}

void world_put_files(const struct world *w)
{
    struct t_buf b = {0};
    put_config(w, &b);
    put_file("config.yml", &b);
    put_account(&w->tenant, &b);
    put_file("/etc/account.json", &b);
    t_buf_z(&b, test_keys_ca_certificate);
    put_file("/etc/ca.pem", &b);
    for (int i = 0; i < w->name_servers; i++) {
        t_buf_printf(&b, "nameserver 10.0.0.%d\n", 53 + i);
    }
    t_buf_printf(&b, "search tenant.test\noptions timeout:%d attempts:%d\n", w->dns_timeout_s,
                 w->dns_attempts);
    put_file("/etc/resolv.conf", &b);
    t_buf_z(&b, "127.0.0.1 localhost\n");
    if (w->hosts_file) {
        t_buf_printf(&b, "10.0.1.%d es.tenant.test es\n", w->addresses);
    }
    put_file("/etc/hosts", &b);
    t_buf_free(&b);
    host_put_env("ES_PASSWORD=tenant-password");
    host_put_env("EXCHANGE_PASSWORD=Passw0rd");
    host_put_env("CLIENT_SECRET=aB~3/x+y.tenant-Secret_9");
    host_put_env("HOME=/root");
}
