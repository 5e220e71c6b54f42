// SPDX-License-Identifier: Apache-2.0
// Configuring the Outlook source for one run (see outlook.h, spec/configuration.md 4.2 and 5): what
// a record says is checked without the network and copied into memory that was carved at start.
// Whatever the former run knew is wiped first. Texts for people name fields by their labels, never
// a secret.
#include "net/crypto.h"
#include "source/outlook/outlook_bind.h"
#include "source/outlook/outlook_ca.h"
#include "source/outlook/outlook_extract.h"
#include "source/outlook/outlook_schema.h"
#include "source/outlook/outlook_state.h"

void outlook_release(void *src)
{
    struct outlook *o = src;
    auth_set(&o->auth, (str){0}, (struct secret){0});
    buf_reset(&o->source->notice);
    o->source->purge_held = NULL;
    o->source->states = NULL;
    o->source->unlisted_type_count = 0;
    crypto_wipe(&o->run, sizeof o->run);
    for (int i = 0; i < o->reader_count; i++) {
        o->readers[i].used = false;
    }
    outlook_extract_clear(o);
}

static const struct field_value *configure_value(const struct source_setup *setup,
                                                 enum outlook_field field)
{
    return &setup->values[field];
}

static err configure_keep(u8 *to, str *out, const struct source_setup *setup,
                          enum outlook_field field, struct buf *detail)
{
    str text = configure_value(setup, field)->text;
    struct buf copy = buf_over(to, OUTLOOK_FIELD_BYTES);
    if (text.n == 0 || text.n > OUTLOOK_FIELD_BYTES) {
        buf_put(detail, S("'"));
        buf_put(detail, str_from(outlook_schema.fields[field].label));
        buf_put(detail, text.n ? S("' is too long") : S("' is empty"));
        return FAIL(OUTLOOK_FIELD);
    }
    buf_put(&copy, text);
    *out = buf_str(&copy);
    return OK;
}

// ---- addresses

static bool configure_has_scheme(str text)
{
    return str_find(text, S("://")) >= 0;
}

// A host, with or without a port, becomes a URL of the scheme; a URL stays one.
static str configure_url_text(u8 *to, isize cap, str scheme, str text)
{
    struct buf url = buf_over(to, cap);
    if (!configure_has_scheme(text)) {
        buf_put(&url, scheme);
    }
    buf_put(&url, str_trim(text));
    return buf_str(&url);
}

static err configure_bad_address(err e, enum outlook_field field, str text, struct buf *detail)
{
    str host = text; // without what may be a password
    for (isize at = str_find_byte(host, '@'); at >= 0; at = str_find_byte(host, '@')) {
        host = str_from_index(host, at + 1);
    }
    buf_put(detail, S("'"));
    buf_put(detail, str_from(outlook_schema.fields[field].label));
    buf_put(detail, S("' \""));
    buf_put(detail, str_slice(host, 0, host.n < 100 ? host.n : 100));
    buf_put(detail, S("\": "));
    buf_put(detail, str_from(err_what(e)));
    return FAIL(OUTLOOK_ADDRESS);
}

// Connections and TLS resumption go by number: another host, another trust, another number, which
// nobody can foretell.
static int configure_number(const struct outlook *o, const struct url *url, str ca)
{
    u8 bytes[OUTLOOK_FIELD_BYTES + 64];
    struct buf b = buf_over(bytes, COUNT(bytes));
    buf_put_lower(&b, url->host);
    buf_put_byte(&b, ':');
    buf_put_u64(&b, url->port);
    buf_put_byte(&b, o->run.trust.verify ? 'v' : 'n');
    buf_put_u64(&b, hash_siphash(o->hosts, ca));
    u64 hash = hash_siphash(o->hosts, buf_str(&b));
    return (int)(OUTLOOK_DEST_FIRST | (hash & (OUTLOOK_DEST_FIRST - 1) & ~(u64)7));
}

static err configure_exchange(struct outlook *o, const struct source_setup *setup, str ca,
                              struct buf *detail)
{
    struct outlook_run *run = &o->run;
    str text = configure_value(setup, OUTLOOK_FIELD_EXCHANGE_SERVER)->text;
    struct dest *d = &run->exchange;
    str url = configure_url_text(run->exchange_bytes, COUNT(run->exchange_bytes), S("https://"),
                                 text);
    err e = text.n && text.n <= OUTLOOK_FIELD_BYTES ? url_parse(url, &d->url) : FAIL(URL_SYNTAX);
    if (err_ok(e) && (!d->url.tls || d->url.user.n)) {
        e = FAIL(URL_SCHEME);
    }
    if (!err_ok(e)) {
        return configure_bad_address(e, OUTLOOK_FIELD_EXCHANGE_SERVER, text, detail);
    }
    d->label = "Exchange";
    d->url.path = S("/");
    d->trust = &run->trust;
    d->auth = &o->auth;
    d->proxy = o->settings.proxy && !proxy_is_exempt(o->settings.no_proxy, d->url.host)
                   ? o->settings.proxy
                   : NULL;
    d->index = configure_number(o, &d->url, ca);
    return OK;
}

static err configure_directory(struct outlook *o, const struct source_setup *setup, str ca,
                               struct buf *detail)
{
    struct outlook_run *run = &o->run;
    str text = str_trim(configure_value(setup, OUTLOOK_FIELD_DIRECTORY_SERVER)->text);
    struct dest *d = &run->directory;
    str url = configure_url_text(run->directory_bytes, COUNT(run->directory_bytes), S("ldap://"),
                                 text);
    err e = text.n && text.n <= OUTLOOK_FIELD_BYTES ? url_parse_ldap(url, &d->url)
                                                    : FAIL(URL_SYNTAX);
    if (!err_ok(e)) {
        return configure_bad_address(e, OUTLOOK_FIELD_DIRECTORY_SERVER, text, detail);
    }
    bool scheme = configure_has_scheme(text);
    run->directory_fixed = d->url.tls;
    run->directory_bare = !scheme && d->url.port == 389 && !str_ends(text, S(":389"));
    run->directory_scheme = scheme;
    d->label = "Active Directory";
    d->trust = &run->trust;
    d->index = configure_number(o, &d->url, ca) + 1;
    return OK;
}

// ---- trust

// With ssl_enabled nothing but the given certificates is trusted; without it nothing is checked,
// which is what that field has always meant (DESIGN, TLS).
static err configure_trust(struct outlook *o, const struct source_setup *setup, str *ca,
                           struct buf *detail)
{
    struct outlook_run *run = &o->run;
    bool verify = configure_value(setup, OUTLOOK_FIELD_SSL_ENABLED)->flag;
    str text = configure_value(setup, OUTLOOK_FIELD_SSL_CA)->text;
    run->plain_allowed = !verify && !o->settings.require_verification;
    *ca = (str){0};
    if (!verify && o->settings.require_verification) {
        buf_put(detail, S("'Enable SSL' is off"));
        return FAIL(CONFIG_VERIFICATION);
    }
    if (!verify) {
        run->trust = (struct tls_trust){.verify = false};
        return OK;
    }
    struct buf pem = buf_over(o->ca_text, OUTLOOK_CA_TEXT_BYTES);
    outlook_ca_normalise(&pem, text);
    struct arena arena = arena_over(o->ca_memory, OUTLOOK_CA_BYTES);
    o->ca_plan = (struct plan){.arena = &arena};
    struct tls_roots *roots = NULL;
    err e = pem.n && !pem.full ? tls_roots_load(&o->ca_plan, buf_str(&pem), &roots, detail)
                               : FAIL(OUTLOOK_CA);
    if (!err_ok(e)) {
        return FAIL(OUTLOOK_CA);
    }
    *ca = buf_str(&pem);
    run->trust = (struct tls_trust){.verify = true, .extra = roots};
    return OK;
}

// ---- Exchange Online

// A host of Microsoft, or the address that config.yml gives instead of it.
struct cloud_host {
    struct dest *dest;
    const char *label, *microsoft;
    str path, instead;
    u8 *bytes; // OUTLOOK_FIELD_BYTES
};

static err configure_cloud_dest(struct outlook *o, const struct cloud_host *host)
{
    struct dest *d = host->dest;
    struct buf text = buf_over(host->bytes, OUTLOOK_FIELD_BYTES);
    buf_put(&text, host->instead.n ? host->instead : str_from(host->microsoft));
    buf_put(&text, host->path);
    TRY(buf_check(&text));
    TRY(url_parse(buf_str(&text), &d->url));
    d->label = host->label;
    d->trust = &o->run.trust;
    d->proxy = o->settings.proxy && !proxy_is_exempt(o->settings.no_proxy, d->url.host)
                   ? o->settings.proxy
                   : NULL;
    d->index = configure_number(o, &d->url, (str){0});
    return OK;
}

static err configure_cloud(struct outlook *o, const struct source_setup *setup, struct buf *detail)
{
    struct outlook_run *run = &o->run;
    const struct outlook_settings *s = &o->settings;
    const struct entra_cloud *cloud = outlook_cloud(o);
    struct entra_fields fields = {
        .tenant = configure_value(setup, OUTLOOK_FIELD_TENANT_ID)->text,
        .client_id = configure_value(setup, OUTLOOK_FIELD_CLIENT_ID)->text,
        .secret = configure_value(setup, OUTLOOK_FIELD_CLIENT_SECRET)->text,
    };
    TRY(entra_account_read(&run->account, s->identity, &fields, detail));
    run->trust = *s->trust;
    const struct cloud_host hosts[] = {
        {&run->login, "Entra ID", cloud->login, S(""), s->login_url, run->login_bytes},
        {&run->graph, "Microsoft Graph", cloud->graph, S("/v1.0"), s->graph_url, run->graph_bytes},
        {&run->exchange, "Exchange Online", cloud->ews, S(""), s->ews_url, run->exchange_bytes},
    };
    for (int i = 0; i < COUNT(hosts); i++) {
        TRY(configure_cloud_dest(o, &hosts[i]));
    }
    // Three hosts, three numbers, also where one address stands for all of them.
    run->graph.index += 1;
    run->exchange.index += 2;
    run->way = OUTLOOK_WAY_UNDECIDED;
    return OK;
}

// ---- all of it

static err configure_source(const struct source_setup *setup, bool *cloud, struct buf *detail)
{
    str text = configure_value(setup, OUTLOOK_FIELD_DATA_SOURCE)->text;
    *cloud = str_eq(text, S("outlook_cloud"));
    if (*cloud || str_eq(text, S("outlook_server"))) {
        return OK;
    }
    buf_put(detail, S("'Outlook data source' \""));
    buf_put(detail, str_slice(text, 0, text.n < 100 ? text.n : 100));
    buf_put(detail, S("\""));
    return FAIL(OUTLOOK_DATA_SOURCE);
}

static err configure_server(struct outlook *o, const struct source_setup *setup, struct buf *detail)
{
    struct outlook_run *run = &o->run;
    str ca;
    TRY(configure_trust(o, setup, &ca, detail));
    TRY(configure_keep(run->username_bytes, &run->username, setup, OUTLOOK_FIELD_USERNAME, detail));
    if (o->settings.ldap_bind == OUTLOOK_LDAP_BIND_NTLM && outlook_bind_is_dn(run->username)) {
        buf_put(detail, S("'Exchange server username'"));
        return FAIL(LDAP_NTLM_NAME);
    }
    TRY(configure_keep(run->password_bytes, &run->password, setup, OUTLOOK_FIELD_PASSWORD, detail));
    TRY(configure_keep(run->domain_bytes, &run->domain, setup, OUTLOOK_FIELD_DOMAIN, detail));
    TRY(configure_exchange(o, setup, ca, detail));
    TRY(configure_directory(o, setup, ca, detail));
    o->auth.only_basic = o->settings.only_basic;
    auth_set(&o->auth, run->username, (struct secret){run->password});
    return OK;
}

static err configure_all(struct outlook *o, const struct source_setup *setup, struct buf *detail)
{
    struct outlook_run *run = &o->run;
    bool cloud;
    TRY(configure_source(setup, &cloud, detail));
    TRY(cloud ? configure_cloud(o, setup, detail) : configure_server(o, setup, detail));
    run->document_level_security = setup->document_level_security &&
                                   configure_value(setup, OUTLOOK_FIELD_SECURITY)->flag;
    run->extract = configure_value(setup, OUTLOOK_FIELD_EXTRACTION)->flag;
    run->content = run->extract ? o->settings.extraction != NULL : setup->content;
    run->configured = true;
    return OK;
}

// What decides whose documents there are, and how they look. Passwords do not.
static u64 configure_binding(const struct outlook *o, const struct source_setup *setup)
{
    const u64 numbers[] = {
        o->run.document_level_security, o->run.content,       o->run.extract,
        o->settings.html_always,        o->settings.extended, (u64)o->settings.max_file_bytes,
        (u64)o->settings.backend,       o->settings.delegate,
    };
    static const u8 fields[] = {OUTLOOK_FIELD_DATA_SOURCE, OUTLOOK_FIELD_TENANT_ID,
                                OUTLOOK_FIELD_EXCHANGE_SERVER, OUTLOOK_FIELD_DOMAIN};
    u64 hash = hash_siphash((struct hash_key){0}, str_make(numbers, sizeof numbers));
    for (int i = 0; i < COUNT(fields); i++) {
        hash = hash_siphash((struct hash_key){hash, (u64)i}, setup->values[fields[i]].text);
    }
    return hash;
}

err outlook_configure(void *src, const struct source_setup *setup, struct buf *detail)
{
    struct outlook *o = src;
    outlook_release(o);
    err e = configure_all(o, setup, detail);
    if (!err_ok(e)) {
        outlook_release(o);
        return e;
    }
    o->source->binding = configure_binding(o, setup);
    o->source->unverified = !o->run.trust.verify;
    o->source->warning = o->run.extract && !o->run.content
                             ? "'Use text extraction service' is on, but config.yml names no "
                               "extraction_service.host: attachments are indexed without text"
                             : NULL;
    o->source->in_flight_max = o->settings.requests_per_mailbox > 0
                                   ? o->settings.requests_per_mailbox
                                   : OUTLOOK_IN_FLIGHT; // Graph changes it
    o->source->quota_wait_ms = 0;
    o->source->quota_units_used = 0;
    o->source->may_repeat = true; // an item that changes while it is listed is listed again
    return OK;
}
