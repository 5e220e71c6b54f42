// SPDX-License-Identifier: Apache-2.0
// build/tenant: the fake tenant as a server on the loopback address. Options become t_options,
// files are written, and the loop runs until SIGTERM, SIGINT or POST /_tenant/stop. See README.md.
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "output.h"
#include "tls.h"

static const char usage[] =
    "usage: tenant [--out DIR] [content] [ports] [behaviour]\n"
    "content\n"
    "  --users N --messages M --size BYTES   M synthetic messages of about BYTES in each of N "
    "mailboxes\n"
    "  --spread P        sizes vary by P percent          --seed S\n"
    "  --shape NAME      plain utf8 alternative html attachment base64 related headers all\n"
    "  --spam-every N, --trash-every N\n"
    "  --big N MB        N messages of MB megabytes into the first mailbox\n"
    "  --eml DIR         each folder with .eml files (or DIR itself) is a mailbox\n"
    "ports (0: any; written to DIR/ready)\n"
    "  --google-port P   --es-port P   --control-port P\n"
    "  --exchange-port P   --ldap-port P   --ldaps-port P   --entra-port P   --graph-port P\n"
    "  --plain   --tls 1.2|1.3   "
    "--no-tickets\n"
    "behaviour\n"
    "  --token-ttl S     --latency MS      --concurrency N (requests in flight per user)\n"
    "  --quota-user U    --quota-project U (units a window)    --quota-window MS\n"
    "  --list-admin      the administrator is in the Directory, without a mailbox\n"
    "  --idle MS         idle connections are closed   --max-requests N per connection\n"
    "  --es-version V    --es-flavor F     --es-max-bytes N   --es-latency MS   --es-discard   "
    "--es-open\n"
    "  --es-system       the connector indices are there from the start\n"
    "  --exchange-items N   in each inbox (default: --messages)   --exchange-style 0|1|2 of XML "
    "prefixes\n"
    "  --exchange-bare   items have no attachments   --exchange-content all|series|alike\n"
    "  --exchange-auth ntlm,negotiate,basic,bearer,wrapped   --binding off|allowed|required\n"
    "  --exchange-version Exchange2013_SP1 (the newest that it takes)   --account-password P\n"
    "  --directory-users N  persons without a mailbox   --ldap-page N   --ldap-signing   "
    "--full-access\n"
    "  --lockout "
    "N\n"
    "  --es-no-connectors  no connectors API   --es-license TYPE (basic; \"trial expired\")\n";

struct arguments {
    struct t_options o;
    struct server_options server;
    const char *out, *eml;
    i64 big_count, big_mb;
    enum t_tls_versions versions;
    bool no_tickets;
};

static bool to_i64(const char *z, i64 *n)
{
    return z && str_to_i64(str_from(z), n);
}

static bool read_shape(const char *z, enum t_shape *shape)
{
    static const char *const names[] = {"plain",  "utf8",    "alternative", "html", "attachment",
                                        "base64", "related", "headers",     "all"};
    for (int i = 0; z && i < (int)COUNT(names); i++) {
        if (strcmp(z, names[i]) == 0) {
            *shape = (enum t_shape)i;
            return true;
        }
    }
    return false;
}

static bool read_content(const char *z, enum ews_content *content)
{
    static const char *const names[] = {"all", "series", "alike"};
    for (int i = 0; i < (int)COUNT(names); i++) {
        if (strcmp(z, names[i]) == 0) {
            *content = (enum ews_content)i;
            return true;
        }
    }
    return false;
}

static bool read_number(struct arguments *a, const char *name, const char *value)
{
    i64 users = a->o.users, spread = a->o.spread_percent, seed = (i64)a->o.seed, concurrency = 0;
    i64 google = a->server.ports[T_GOOGLE], es = a->server.ports[T_ELASTIC],
        control = a->server.ports[T_CONTROL];
    i64 ldap = a->server.ports[T_LDAP], ldaps = a->server.ports[T_LDAPS];
    i64 exchange = a->server.ports[T_EXCHANGE], lockout = a->o.lockout, style = a->o.exchange_style;
    i64 entra = a->server.ports[T_ENTRA], graph = a->server.ports[T_GRAPH];
    const struct {
        const char *name;
        i64 *place;
    } numbers[] = {
        {"--users", &users},
        {"--messages", &a->o.messages},
        {"--size", &a->o.message_bytes},
        {"--spread", &spread},
        {"--seed", &seed},
        {"--spam-every", &a->o.spam_every},
        {"--trash-every", &a->o.trash_every},
        {"--google-port", &google},
        {"--es-port", &es},
        {"--control-port", &control},
        {"--exchange-port", &exchange},
        {"--ldap-port", &ldap},
        {"--ldaps-port", &ldaps},
        {"--entra-port", &entra},
        {"--graph-port", &graph},
        {"--ldap-page", &a->o.ldap_page},
        {"--exchange-items", &a->o.exchange_items},
        {"--exchange-style", &style},
        {"--lockout", &lockout},
        {"--directory-users", &a->o.directory_users},
        {"--token-ttl", &a->o.token_ttl_s},
        {"--latency", &a->o.latency_ms},
        {"--concurrency", &concurrency},
        {"--quota-user", &a->o.quota_user},
        {"--quota-project", &a->o.quota_project},
        {"--quota-window", &a->o.quota_window_ms},
        {"--idle", &a->server.idle_ms},
        {"--max-requests", &a->server.max_requests},
        {"--es-max-bytes", &a->o.es_max_bytes},
        {"--es-latency", &a->o.es_latency_ms},
    };
    bool found = false;
    concurrency = a->o.max_concurrent_user;
    for (isize i = 0; i < COUNT(numbers) && !found; i++) {
        found = strcmp(name, numbers[i].name) == 0 && to_i64(value, numbers[i].place);
    }
    a->o.users = (int)users;
    a->o.spread_percent = (int)spread;
    a->o.seed = (u64)seed;
    a->o.max_concurrent_user = (int)concurrency;
    a->server.ports[T_GOOGLE] = (int)google;
    a->server.ports[T_ELASTIC] = (int)es;
    a->server.ports[T_CONTROL] = (int)control;
    a->server.ports[T_EXCHANGE] = (int)exchange;
    a->server.ports[T_LDAP] = (int)ldap;
    a->server.ports[T_LDAPS] = (int)ldaps;
    a->server.ports[T_ENTRA] = (int)entra;
    a->server.ports[T_GRAPH] = (int)graph;
    a->o.lockout = (int)lockout;
    a->o.exchange_style = (int)style;
    return found;
}

// Schemes with commas between them.
static bool read_auth(const char *list, int *auth)
{
    static const char *const names[] = {"ntlm", "negotiate", "basic", "bearer", "wrapped"};
    str rest = str_from(list);
    *auth = 0;
    while (rest.n > 0) {
        str one;
        bool found = false;
        int bit = 0;
        rest = str_cut(rest, ',', &one, &found);
        for (int i = 0; i < (int)COUNT(names); i++) {
            bit = str_eq(one, str_from(names[i])) ? 1 << i : bit;
        }
        if (bit == 0) {
            return false;
        }
        *auth |= bit;
    }
    return true;
}

// How many arguments were used; 0: not understood.
static int read_option(struct arguments *a, const char *name, const char *value, const char *second)
{
    const struct {
        const char *name;
        bool *place;
    } flags[] = {
        {"--plain", &a->server.plain},           {"--es-discard", &a->o.es_discard},
        {"--es-system", &a->o.es_system},        {"--es-no-connectors", &a->o.es_no_connectors},
        {"--no-tickets", &a->no_tickets},        {"--list-admin", &a->o.list_admin},
        {"--ldap-signing", &a->o.ldap_signing},  {"--full-access", &a->o.exchange_full_access},
        {"--exchange-bare", &a->o.exchange_bare}};
    for (isize i = 0; i < COUNT(flags); i++) {
        if (strcmp(name, flags[i].name) == 0) {
            *flags[i].place = true;
            return 1;
        }
    }
    if (strcmp(name, "--es-open") == 0) {
        a->o.es_user = (str){0};
        return 1;
    }
    if (!value) {
        return 0;
    }
    if (strcmp(name, "--big") == 0) {
        return to_i64(value, &a->big_count) && to_i64(second, &a->big_mb) ? 3 : 0;
    }
    if (strcmp(name, "--exchange-content") == 0) {
        return read_content(value, &a->o.exchange_content) ? 2 : 0;
    }
    if (strcmp(name, "--shape") == 0) {
        return read_shape(value, &a->o.shape) ? 2 : 0;
    }
    if (strcmp(name, "--tls") == 0) {
        a->versions = strcmp(value, "1.2") == 0   ? T_TLS_12
                      : strcmp(value, "1.3") == 0 ? T_TLS_13
                                                  : T_TLS_BOTH;
        return 2;
    }
    const struct {
        const char *name;
        const char **place;
    } texts[] = {{"--out", &a->out}, {"--eml", &a->eml}};
    for (isize i = 0; i < COUNT(texts); i++) {
        if (strcmp(name, texts[i].name) == 0) {
            *texts[i].place = value;
            return 2;
        }
    }
    if (strcmp(name, "--es-version") == 0 || strcmp(name, "--es-flavor") == 0) {
        *(name[5] == 'v' ? &a->o.es_version : &a->o.es_flavor) = str_from(value);
        return 2;
    }
    if (strcmp(name, "--exchange-auth") == 0) {
        return read_auth(value, &a->o.exchange_auth) ? 2 : 0;
    }
    if (strcmp(name, "--binding") == 0) {
        a->o.binding = value[0] == 'r'   ? T_BINDING_REQUIRED
                       : value[0] == 'a' ? T_BINDING_ALLOWED
                                         : T_BINDING_OFF;
        return 2;
    }
    if (strcmp(name, "--exchange-version") == 0) {
        a->o.exchange_version = str_from(value);
        return 2;
    }
    if (strcmp(name, "--account-password") == 0) {
        a->o.account_password = str_from(value);
        return 2;
    }
    if (strcmp(name, "--es-license") == 0) {
        a->o.es_license = str_from(value);
        return 2;
    }
    return read_number(a, name, value) ? 2 : 0;
}

static bool read_arguments(struct arguments *a, int argc, char **argv)
{
    t_options_default(&a->o);
    for (int i = 1; i < argc;) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        int used = read_option(a, argv[i], value, i + 2 < argc ? argv[i + 2] : NULL);
        if (used == 0) {
            fprintf(stderr, "tenant: %s?\n%s", argv[i], usage);
            return false;
        }
        i += used;
    }
    return true;
}

static bool fill(struct tenant *t, const struct arguments *a)
{
    bool ok = !a->eml || output_load_eml(t, a->eml, a->o.users + 1);
    if (a->big_count > 0 && a->o.users == 0 && !a->eml) {
        tenant_add_mailbox(t, S("user1"));
    }
    for (i64 i = 0; i < a->big_count; i++) {
        tenant_add_message(t, 0, (str){0}, a->big_mb * 1000000);
    }
    return ok;
}

int main(int argc, char **argv)
{
    static struct arguments a;
    static char token_uri[64];
    if (!read_arguments(&a, argc, argv)) {
        return 2;
    }
    if (!tls_init(a.versions, !a.no_tickets) || !server_open(&a.server)) {
        return 1;
    }
    snprintf(token_uri, sizeof(token_uri), "%s://127.0.0.1:%d/token",
             a.server.plain ? "http" : "https", a.server.ports[T_GOOGLE]);
    a.o.token_uri = str_from(token_uri);
    a.o.verify = tls_verify_account;
    a.o.verify_key = tls_verify_key;
    tls_application_hashes(&a.o.app_sha1, &a.o.app_sha256);
    a.o.certificate_hash = tls_certificate_hash();
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct tenant *t = tenant_new(&a.o, (i64)now.tv_sec * 1000);
    bool ok = fill(t, &a) && (!a.out || output_write(a.out, &a.o, &a.server));
    if (ok) {
        fprintf(stderr,
                "tenant: google %d, elasticsearch %d, control %d, exchange %d, "
                "ldap %d, ldaps %d, entra %d, graph %d\n",
                a.server.ports[T_GOOGLE], a.server.ports[T_ELASTIC], a.server.ports[T_CONTROL],
                a.server.ports[T_EXCHANGE], a.server.ports[T_LDAP], a.server.ports[T_LDAPS],
                a.server.ports[T_ENTRA], a.server.ports[T_GRAPH]);
        server_run(&a.server, t);
    }
    tenant_free(t);
    tls_close();
    return ok ? 0 : 1;
}
