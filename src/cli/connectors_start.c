// SPDX-License-Identifier: Apache-2.0
// What every command of `connectors` needs before its first request: memory, the file of -c, the
// destination, the loop, the seal (see connectors_internal.h).
//
// The file is YAML as config.yml is, but nothing in it is replaced: a password `pa$$word` stays as
// it is. Of the defaults only those count that name nobody: without `host` there is no access.
#include "cli/config_tree.h"
#include "cli/connectors_internal.h"
#include "cli/yaml_heap.h"
#include "net/loop.h"
#include "os/seal.h"

#define START_BODY_BYTES (2 * CONNECTOR_RECORD_BYTES) // a job holds its connector's configuration

static void *connectors_take(struct connectors *c, isize bytes)
{
    return plan_take(&c->s->plan, "connectors", bytes, 1, "the command line's own");
}

err connectors_open(struct connectors *c)
{
    struct start *s = c->s;
    // What grows with an answer is address space only: it is touched as it fills.
    isize lazy = 3 * CLI_LAZY_BYTES + CLI_NODES * (isize)sizeof(struct json_node);
    s->watch.signals_fd = os_signals_open();
    s->reserved = os_reserve(CLI_FIXED_BYTES);
    u8 *memory = os_reserve(lazy);
    if (!s->reserved || !memory) {
        return FAIL(START_MEMORY);
    }
    s->arena = arena_over(s->reserved, CLI_FIXED_BYTES);
    s->plan.arena = &s->arena;
    s->texts = arena_over(connectors_take(c, CONFIG_ARENA_BYTES), CONFIG_ARENA_BYTES);
    s->log = log_init(&s->plan, LOG_WARN, LOG_PLAIN);
    log_watch(s->log, &s->watch);
    config_tree_init(&s->tree, &s->texts);
    s->config.tree = &s->tree;
    c->call.answer = buf_over(memory, CLI_LAZY_BYTES);
    c->out = buf_over(memory + CLI_LAZY_BYTES, CLI_LAZY_BYTES);
    c->texts = arena_over(memory + 2 * CLI_LAZY_BYTES, CLI_LAZY_BYTES);
    c->nodes = (struct json_node *)(void *)(memory + 3 * CLI_LAZY_BYTES);
    c->call.target = buf_over(connectors_take(c, CLI_TARGET_BYTES), CLI_TARGET_BYTES);
    c->call.body = buf_over(connectors_take(c, START_BODY_BYTES), START_BODY_BYTES);
    c->call.detail = buf_over(connectors_take(c, EXCHANGE_DETAIL_BYTES), EXCHANGE_DETAIL_BYTES);
    c->console = console_open(&s->watch);
    c->options = (struct options){
        .command = COMMAND_SYNC, // its certificates are verified, or it is said that they are not
        .config_path = c->args.config_path,
        .require_seal = c->args.require_seal,
    };
    s->options = &c->options;
    s->user_agent = S("mailferry/" MAILFERRY_VERSION "/cli");
    return OK;
}

str connectors_path(struct connectors *c, str path)
{
    u8 *memory = arena_try(&c->texts, 1, path.n + 1);
    struct buf b = buf_over(memory, memory ? path.n + 1 : 0);
    buf_put(&b, path);
    buf_put_byte(&b, 0);
    return b.full ? S("") : path.n ? str_make(memory, path.n) : S("");
}

err connectors_load_yaml(struct connectors *c, str name, str text)
{
    void *slab = os_reserve(YAML_HEAP_BYTES);
    if (!slab) {
        return FAIL(START_MEMORY);
    }
    yaml_heap_open(slab, YAML_HEAP_BYTES);
    err e = config_load(&c->s->config, name, text, &c->s->texts, &c->s->detail);
    yaml_heap_close();
    os_trim(slab, YAML_HEAP_BYTES, 0);
    return e;
}

err connectors_config(struct connectors *c)
{
    struct start *s = c->s;
    str path = c->args.config_path;
    u8 *memory = os_reserve(CONFIG_BYTES);
    if (!memory) {
        return FAIL(START_MEMORY);
    }
    struct buf file = buf_over(memory, CONFIG_BYTES);
    err e = os_file_read((const char *)path.p, &file, &s->detail);
    if (err_is(e, ERR_FILE_MISSING)) {
        return FAIL(CLI_LOGIN_MISSING);
    }
    TRY(err_is(e, ERR_BUF_FULL) ? FAIL(CONFIG_TOO_LARGE) : e);
    TRY(connectors_load_yaml(c, path, buf_str(&file)));
    os_trim(memory, CONFIG_BYTES, 0);
    if (config_tree_find(&s->tree, S("elasticsearch.host")) < 0) {
        return connectors_about(c, path, FAIL(CLI_LOGIN_MISSING));
    }
    return OK;
}

// The defaults of config.yml for credentials are those of nobody.
static err connectors_credentials(struct connectors *c, str *authorization)
{
    struct start *s = c->s;
    const struct config_elasticsearch *e = &s->config.elasticsearch;
    bool login = c->args.command == CONNECTORS_LOGIN;
    bool named = login || config_tree_find(&s->tree, S("elasticsearch.username")) >= 0 ||
                 s->dests[DEST_ELASTIC].url.user.n > 0;
    c->keyed = e->api_key.n > 0;
    return c->keyed || named ? start_authorization(s, (str){0}, authorization) : OK;
}

// Somebody waits: unless the file says so, an unreachable host is told soon.
static bool connectors_is_set(struct connectors *c, str key)
{
    return config_tree_find(&c->s->tree, key) >= 0;
}

err connectors_reach(struct connectors *c)
{
    struct start *s = c->s;
    const struct config_elasticsearch *e = &s->config.elasticsearch;
    str authorization = {0};
    TRY(start_make_dests(s));
    TRY(connectors_credentials(c, &authorization));
    TRY(start_loop(s, 1, 2));
    bool retries = connectors_is_set(c, S("elasticsearch.max_retries"));
    bool interval = connectors_is_set(c, S("elasticsearch.retry_interval"));
    struct elastic_settings settings = {
        .dest = &s->dests[DEST_ELASTIC],
        .authorization = authorization,
        .extra_headers = e->headers,
        .request_timeout_ms = e->request_timeout_s * 1000,
        .max_retries = retries ? (int)e->max_retries : 3,
        .retry_interval_ms = interval ? e->retry_interval_s * 1000 : 1000,
    };
    elastic_init(&c->es, &settings);
    return OK;
}

err connectors_seal(struct connectors *c)
{
    struct start *s = c->s;
    struct seal_report report;
    arena_close(&s->arena);
    os_trim(s->reserved, CLI_FIXED_BYTES, s->arena.n);
    struct seal_wants wants = {
        .require = c->options.require_seal || s->config.sync.seal_require,
        .listen_fd = -1,
    };
    TRY(seal_engage(&wants, &report));
    if (!report.seccomp) {
        log_line(s->log, LOG_WARN, S("this host does not let the program seal itself"), NULL, 0);
    }
    return OK;
}
