// SPDX-License-Identifier: Apache-2.0
// Files around the tenant; see output.h.
#define _GNU_SOURCE
#include "output.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "t_json.h"
#include "test_keys.h"

#define QUOTA_MAX 1000000000 // that config.yml takes

static bool write_file(const char *dir, const char *name, str text)
{
    char path[PATH_MAX], part[PATH_MAX];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    snprintf(part, sizeof(part), "%s/.%s.part", dir, name);
    FILE *f = fopen(part, "w");
    bool ok = f && fwrite(text.p, 1, (size_t)text.n, f) == (size_t)text.n;
    ok = f && fclose(f) == 0 && ok;
    ok = ok && rename(part, path) == 0;
    if (!ok) {
        fprintf(stderr, "tenant: %s: %s\n", path, strerror(errno));
    }
    return ok;
}

static void put_account(struct t_buf *b, const struct t_options *o)
{
    struct t_writer w = {.b = b, .pretty = true};
    t_json_open(&w, '{');
    t_json_put_member(&w, "type", S("service_account"));
    t_json_put_member(&w, "project_id", S("demo"));
    t_json_put_member(&w, "private_key_id", o->key_id);
    t_json_put_member(&w, "private_key", str_from(test_keys_account_key));
    t_json_put_member(&w, "client_email", o->client_email);
    t_json_put_member(&w, "client_id", o->client_id);
    t_json_put_member(&w, "auth_uri", S("https://accounts.google.com/o/oauth2/auth"));
    t_json_put_member(&w, "token_uri", o->token_uri);
    t_json_put_member(&w, "auth_provider_x509_cert_url",
                      S("https://www.googleapis.com/oauth2/v1/certs"));
    t_json_put_member(
        &w, "client_x509_cert_url",
        S("https://www.googleapis.com/robot/v1/metadata/x509/sync%40demo.iam.gserviceaccount.com"));
    t_json_put_member(&w, "universe_domain", S("googleapis.com"));
    t_json_close(&w, '}');
    t_buf_byte(b, '\n');
}

#define Z(s) (int)(s).n, (const char *)(s).p

// Where documents go, and whom TLS trusts: the same for both kinds of source.
static void put_common(struct t_buf *b, const char *dir, const struct t_options *o,
                       const struct server_options *s)
{
    const char *scheme = s->plain ? "http" : "https";
    t_buf_printf(b,
                 "elasticsearch:\n"
                 "  host: %s://127.0.0.1:%d\n"
                 "  username: %.*s\n"
                 "  password: %.*s\n"
                 "  ca_certs: %s/ca.pem\n"
                 "tls:\n"
                 "  ca_file: %s/ca.pem\n",
                 scheme, s->ports[T_ELASTIC], Z(o->es_user), Z(o->es_password), dir, dir);
}

static void put_config(struct t_buf *b, const char *dir, const struct t_options *o,
                       const struct server_options *s)
{
    const char *scheme = s->plain ? "http" : "https";
    t_buf_printf(b,
                 "# Written by the fake tenant: a sync of it into its own Elasticsearch double.\n"
                 "connectors:\n"
                 "  - connector_id: tenant-gmail\n"
                 "    service_type: gmail\n"
                 "    index_name: search-gmail\n"
                 "    configuration:\n"
                 "      service_account_credentials_file: %s/service-account.json\n"
                 "      subject: %.*s\n"
                 "      customer_id: %.*s\n"
                 "      include_spam_and_trash: false\n"
                 "      include_full_raw_message: false\n"
                 "      use_document_level_security: false\n",
                 dir, Z(o->admin), Z(o->customer));
    put_common(b, dir, o, s);
    t_buf_printf(b,
                 "endpoints: # the token endpoint is the account's token_uri\n"
                 "  google_directory: %s://127.0.0.1:%d\n"
                 "  google_gmail: %s://127.0.0.1:%d\n",
                 scheme, s->ports[T_GOOGLE], scheme, s->ports[T_GOOGLE]);
    // What this tenant does not enforce, its client need not keep to.
    i64 user = o->quota_user > 0 ? o->quota_user : QUOTA_MAX;
    i64 project = o->quota_project > 0 ? o->quota_project : QUOTA_MAX;
    t_buf_printf(b,
                 "gmail:\n"
                 "  quota_units_per_user_minute: %lld\n"
                 "  quota_units_per_project_minute: %lld\n",
                 (long long)user, (long long)project);
}

static void put_outlook(struct t_buf *b, const char *dir, const struct t_options *o,
                        const struct server_options *s)
{
    t_buf_printf(b,
                 "# Written by the fake tenant: a sync of its Exchange into its own Elasticsearch "
                 "double.\n"
                 "connectors:\n"
                 "  - connector_id: tenant-outlook\n"
                 "    service_type: outlook\n"
                 "    index_name: search-outlook\n"
                 "    configuration:\n"
                 "      data_source: outlook_server\n"
                 "      exchange_server: 127.0.0.1:%d\n"
                 "      active_directory_server: ldaps://127.0.0.1:%d\n"
                 "      username: %.*s\\%.*s\n"
                 "      password: %.*s\n"
                 "      domain: %.*s\n"
                 "      ssl_enabled: true\n"
                 "      ssl_ca_file: %s/ca.pem\n"
                 "      use_text_extraction_service: false\n"
                 "      use_document_level_security: false\n",
                 s->ports[T_EXCHANGE], s->ports[T_LDAPS], Z(o->netbios), Z(o->account),
                 Z(o->account_password), Z(o->domain), dir);
    put_common(b, dir, o, s);
}

static void put_cloud(struct t_buf *b, const char *dir, const struct t_options *o,
                      const struct server_options *s)
{
    t_buf_printf(b,
                 "# Written by the fake tenant: a sync of its Exchange Online into its own "
                 "Elasticsearch double.\n"
                 "connectors:\n"
                 "  - connector_id: tenant-cloud\n"
                 "    service_type: outlook\n"
                 "    index_name: search-cloud\n"
                 "    configuration:\n"
                 "      data_source: outlook_cloud\n"
                 "      tenant_id: %.*s\n"
                 "      client_id: %.*s\n"
                 "      client_secret: %.*s\n"
                 "      use_text_extraction_service: false\n"
                 "      use_document_level_security: false\n"
                 "endpoints: # a real tenant needs none of these\n"
                 "  microsoft_login: https://127.0.0.1:%d\n"
                 "  microsoft_graph: https://127.0.0.1:%d\n"
                 "  microsoft_ews: https://127.0.0.1:%d\n",
                 Z(o->tenant_id), Z(o->app_id), Z(o->app_secret), s->ports[T_ENTRA],
                 s->ports[T_GRAPH], s->ports[T_EXCHANGE]);
    put_common(b, dir, o, s);
}

bool output_write(const char *dir, const struct t_options *o, const struct server_options *s)
{
    char full[PATH_MAX];
    mkdir(dir, 0777);
    if (!realpath(dir, full)) {
        fprintf(stderr, "tenant: %s: %s\n", dir, strerror(errno));
        return false;
    }
    struct t_buf account = {0}, config = {0}, outlook = {0}, cloud = {0}, ready = {0};
    char stale[PATH_MAX + 8];
    snprintf(stale, sizeof(stale), "%s/ready", full);
    unlink(stale); // of an earlier run
    put_account(&account, o);
    put_config(&config, full, o, s);
    put_outlook(&outlook, full, o, s);
    put_cloud(&cloud, full, o, s);
    t_buf_printf(&ready, "google=%d\nelasticsearch=%d\ncontrol=%d\npid=%d\napi_key=%.*s\n",
                 s->ports[T_GOOGLE], s->ports[T_ELASTIC], s->ports[T_CONTROL], (int)getpid(),
                 Z(o->es_api_key));
    t_buf_printf(&ready, "exchange=%d\nldap=%d\nldaps=%d\naccount=%.*s\\%.*s\npassword=%.*s\n",
                 s->ports[T_EXCHANGE], s->ports[T_LDAP], s->ports[T_LDAPS], Z(o->netbios),
                 Z(o->account), Z(o->account_password));
    t_buf_printf(&ready, "entra=%d\ngraph=%d\ntenant_id=%.*s\nclient_id=%.*s\nclient_secret=%.*s\n",
                 s->ports[T_ENTRA], s->ports[T_GRAPH], Z(o->tenant_id), Z(o->app_id),
                 Z(o->app_secret));
    bool ok = write_file(full, "ca.pem", str_from(test_keys_ca_certificate)) &&
              write_file(full, "service-account.json", t_buf_str(&account)) &&
              write_file(full, "config.yml", t_buf_str(&config)) &&
              write_file(full, "outlook.yml", t_buf_str(&outlook)) &&
              write_file(full, "cloud.yml", t_buf_str(&cloud)) &&
              write_file(full, "app.pem", str_from(test_keys_app_certificate)) &&
              write_file(full, "app.key", str_from(test_keys_app_key)) &&
              write_file(full, "federation.key", str_from(test_keys_federation_key)) &&
              write_file(full, "ready", t_buf_str(&ready));
    t_buf_free(&account);
    t_buf_free(&config);
    t_buf_free(&outlook);
    t_buf_free(&cloud);
    t_buf_free(&ready);
    return ok;
}

static bool load_file(struct tenant *t, int mailbox, const char *path)
{
    FILE *f = fopen(path, "r");
    struct t_buf raw = {0};
    size_t n = 1;
    while (f && n > 0) {
        n = fread(t_buf_grab(&raw, 65536), 1, 65536, f);
        raw.n -= 65536 - (isize)n;
    }
    bool ok = f && !ferror(f);
    if (f) {
        fclose(f);
    }
    if (ok) {
        tenant_add_message(t, mailbox, t_buf_str(&raw), 0);
    } else {
        fprintf(stderr, "tenant: %s: %s\n", path, strerror(errno));
    }
    t_buf_free(&raw);
    return ok;
}

static int is_eml(const struct dirent *e)
{
    return str_ends(str_from(e->d_name), S(".eml")) ? 1 : 0;
}

static int is_visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static bool load_folder(struct tenant *t, const char *dir, int number)
{
    struct dirent **files = NULL;
    int n = scandir(dir, &files, is_eml, alphasort);
    bool ok = n >= 0;
    int mailbox = -1;
    for (int i = 0; i < n; i++) {
        char path[PATH_MAX], name[32];
        snprintf(name, sizeof(name), "user%d", number);
        snprintf(path, sizeof(path), "%s/%s", dir, files[i]->d_name);
        mailbox = mailbox < 0 ? tenant_add_mailbox(t, str_from(name)) : mailbox;
        ok = ok && load_file(t, mailbox, path);
        free(files[i]);
    }
    free(files);
    if (n > 0) {
        fprintf(stderr, "tenant: user%d: %d messages of %s\n", number, n, dir);
    }
    return ok;
}

bool output_load_eml(struct tenant *t, const char *dir, int first)
{
    struct dirent **entries = NULL;
    int n = scandir(dir, &entries, is_visible, alphasort);
    int folders = 0;
    bool ok = n >= 0;
    if (!ok) {
        fprintf(stderr, "tenant: %s: %s\n", dir, strerror(errno));
    }
    for (int i = 0; i < n; i++) {
        char path[PATH_MAX];
        struct stat st;
        snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
        if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
            ok = load_folder(t, path, first + folders) && ok;
            folders++;
        }
        free(entries[i]);
    }
    free(entries);
    return folders > 0 ? ok : load_folder(t, dir, first) && ok;
}
