// SPDX-License-Identifier: Apache-2.0
// Where requests go: the URLs of Elasticsearch and Google, the proxy in between, and which
// certificates are trusted there (DESIGN, TLS).
#include "cli/output.h"
#include "cli/service_types.h"
#include "cli/start.h"
#include "os/log.h"
#include "os/os.h"
#include "source/gmail/gmail.h"
#include "source/gmail/gmail_schema.h"

static err start_load_roots(struct start *s, str path, struct tls_roots **out)
{
    if (path.n == 0) {
        return OK;
    }
    // Read into memory that is given back: the roots keep copies.
    u8 *memory = os_reserve(START_CA_BYTES);
    if (!memory) {
        return FAIL(START_MEMORY);
    }
    struct buf pem = buf_over(memory, START_CA_BYTES);
    err e = os_file_read((const char *)path.p, &pem, &s->detail);
    if (err_ok(e)) {
        e = tls_roots_load(&s->plan, buf_str(&pem), out, &s->detail);
    }
    os_trim(memory, START_CA_BYTES, 0);
    if (!err_ok(e)) {
        buf_put(&s->detail, S(" in the ca_file "));
        buf_put(&s->detail, path);
    }
    return e;
}

// `key` is the setting that makes the exception; empty: there is none.
static err start_check_exception(struct start *s, str key, str what)
{
    if (key.n == 0) {
        return OK;
    }
    if (s->config.tls.require_verification) {
        buf_put(&s->detail, key);
        buf_put(&s->detail, S(" is false"));
        return FAIL(CONFIG_VERIFICATION);
    }
    struct log_fact facts[] = {{"destination", what}, {"setting", key}};
    log_line(
        s->log, LOG_WARN,
        S("certificates are NOT verified for this destination: whoever is on the way can read and "
          "change what is sent"),
        facts, COUNT(facts));
    return OK;
}

static err start_make_trust(struct start *s)
{
    const struct config *c = &s->config;
    const struct config_elasticsearch *e = &c->elasticsearch;
    TRY(start_load_roots(s, c->tls.ca_file, &s->roots_common));
    s->roots_elastic = s->roots_common;
    s->roots_google = s->roots_common;
    if (e->ssl) {
        TRY(start_load_roots(s, e->ca_certs, &s->roots_elastic));
    }
    TRY(start_load_roots(s, c->tls.google_ca_file, &s->roots_google));
    s->trust_common = (struct tls_trust){
        .verify = c->tls.verify, .embedded_roots = true, .extra = s->roots_common};
    s->trust_elastic = (struct tls_trust){
        .verify = c->tls.verify && (e->verify_certs || !e->ssl),
        .embedded_roots = true,
        .extra = s->roots_elastic,
    };
    s->trust_google = (struct tls_trust){
        .verify = c->tls.verify && c->tls.google_verify,
        .embedded_roots = true,
        .extra = s->roots_google,
    };
    enum command command = s->options->command;
    if (command == COMMAND_SYNC || command == COMMAND_SERVE || command == COMMAND_CHECK) {
        str key = s->trust_elastic.verify ? S("")
                  : c->tls.verify         ? S("elasticsearch.verify_certs")
                                          : S("tls.verify");
        TRY(start_check_exception(s, key, S("Elasticsearch")));
        bool google = s->types & service_types_bit(S("gmail"));
        key = s->trust_google.verify || !google ? S("")
              : c->tls.verify                   ? S("tls.google.verify")
                                                : S("tls.verify");
        TRY(start_check_exception(s, key, S("Google")));
    }
    return OK;
}

static err start_make_proxy(struct start *s)
{
    const struct config_proxy *p = &s->config.proxy;
    static const char *const names[] = {"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"};
    str url = p->url;
    const char *name = "proxy.url";
    bool found = false;
    for (isize i = 0; i < COUNT(names) && url.n == 0 && !p->none; i++) {
        name = names[i];
        url = os_env(name, &found);
    }
    s->no_proxy = p->no_proxy.n ? p->no_proxy : os_env("NO_PROXY", &found);
    s->no_proxy = s->no_proxy.n ? s->no_proxy : os_env("no_proxy", &found);
    s->proxied = url.n > 0;
    if (!s->proxied) {
        return OK;
    }
    u8 *memory = arena_try(&s->texts, 1, EXCHANGE_HEADERS_BYTES / 4);
    struct buf storage = buf_over(memory, memory ? EXCHANGE_HEADERS_BYTES / 4 : 0);
    err e = proxy_parse(url, &s->proxy, &storage);
    if (!err_ok(e)) {
        buf_put(&s->detail, str_from(name)); // not its value: there may be a password in it
        buf_put(&s->detail, p->url.n ? S(" in config.yml") : S(" in the environment"));
    }
    return e;
}

// Where the address of a destination is set, in brackets.
static void start_put_key(struct start *s, enum start_dest which)
{
    static const char *const keys[DEST_COUNT] = {
        [DEST_ELASTIC] = "elasticsearch.host",
        [DEST_TOKEN] = "endpoints.google_token, or token_uri of the service account",
        [DEST_DIRECTORY] = "endpoints.google_directory",
        [DEST_GMAIL] = "endpoints.google_gmail",
    };
    if (which < DEST_COUNT) {
        buf_put(&s->detail, S(" ("));
        buf_put(&s->detail, str_from(keys[which]));
        buf_put(&s->detail, S(")"));
    }
}

static err start_make_dest(struct start *s, enum start_dest which, const char *label, str url)
{
    struct dest *d = which == DEST_EXTRACTION ? &s->extraction : &s->dests[which];
    *d = (struct dest){
        .label = label,
        .index = (int)which,
        .trust = which == DEST_ELASTIC || which == DEST_EXTRACTION ? &s->trust_elastic
                                                                   : &s->trust_google,
    };
    err e = url_parse(url, &d->url);
    if (!err_ok(e)) {
        buf_put(&s->detail, str_from(label));
        start_put_key(s, which);
        buf_put(&s->detail, S(": "));
        buf_put(&s->detail, str_from(err_what(e)));
        return FAIL(CONFIG_URL);
    }
    // Without TLS nothing is verified. The host of Elasticsearch counts once somebody has named it.
    bool asked = which != DEST_ELASTIC || config_tree_find(&s->tree, S("elasticsearch.host")) >= 0;
    if (s->config.tls.require_verification && asked && !d->url.tls) {
        buf_put(&s->detail, str_from(label));
        start_put_key(s, which);
        buf_put(&s->detail, S(" is named with http://, which sends credentials in clear"));
        return FAIL(CONFIG_VERIFICATION);
    }
    if (s->proxied && !proxy_is_exempt(s->no_proxy, d->url.host)) {
        d->proxy = &s->proxy;
    }
    return OK;
}

static str start_or(str s, str fallback)
{
    return s.n ? s : fallback;
}

// The file that the service account came from, if it came from one.
static void start_put_account_file(struct start *s)
{
    int node = config_tree_child(&s->tree, s->connector->configuration,
                                 S("service_account_credentials_file"));
    if (node >= 0 && s->tree.nodes[node].kind == CONFIG_SCALAR) {
        buf_put(&s->detail, S(" (the file "));
        output_put_clean(&s->detail, s->tree.nodes[node].text, CONFIG_DETAIL_BYTES);
        buf_put(&s->detail, S(")"));
    }
}

// token_uri of the service account, unless it is overridden.
static err start_token_url(struct start *s, str *out)
{
    *out = start_or(s->config.endpoints.google_token, S("https://oauth2.googleapis.com/token"));
    if (s->config.endpoints.google_token.n || !s->type || s->type->schema != &gmail_schema) {
        return OK;
    }
    u8 *memory = arena_try(&s->texts, 1, EXCHANGE_TARGET_BYTES);
    struct buf uri = buf_over(memory, memory ? EXCHANGE_TARGET_BYTES : 0);
    str account = source_value(&gmail_schema, s->values, S("service_account_credentials"))->text;
    err e = gmail_token_uri(account, &uri, &s->detail);
    if (!err_ok(e)) {
        start_put_account_file(s);
        return e;
    }
    *out = start_or(buf_str(&uri), *out);
    return OK;
}

err start_make_dests(struct start *s)
{
    const struct config_endpoints *e = &s->config.endpoints;
    str token;
    TRY(start_make_trust(s));
    TRY(start_make_proxy(s));
    TRY(start_token_url(s, &token));
    TRY(start_make_dest(s, DEST_ELASTIC, "Elasticsearch", s->config.elasticsearch.host));
    TRY(start_make_dest(s, DEST_TOKEN, "Google token endpoint", token));
    TRY(start_make_dest(s, DEST_DIRECTORY, "Google Directory API",
                        start_or(e->google_directory, S("https://admin.googleapis.com"))));
    if (s->config.service.extraction_host.n) {
        TRY(start_make_extraction(s, s->config.service.extraction_host));
    }
    return start_make_dest(s, DEST_GMAIL, "Gmail API",
                           start_or(e->google_gmail, S("https://gmail.googleapis.com")));
}

err start_make_extraction(struct start *s, str url)
{
    return start_make_dest(s, DEST_EXTRACTION, "extraction service", url);
}
