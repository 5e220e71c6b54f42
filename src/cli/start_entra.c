// SPDX-License-Identifier: Apache-2.0
// Certificates and federated tokens for Entra ID (see start_entra.h). The text of the certificate
// file is wiped; its path is told, never its content. Bounds: START_CA_BYTES for that file,
// OUTLOOK_FOLDER_PATH_BYTES for the path of the other.
#include "cli/start_entra.h"

#include "base/date.h"
#include "cli/config_tree.h"
#include "cli/output.h"
#include "cli/service_types.h"
#include "net/crypto.h"
#include "os/log.h"
#include "os/os.h"
#include "source/outlook/outlook_schema.h"

#define ENTRA_SOON_S ((i64)30 * 86400) // before the end of a certificate a warning says it

// ---- the certificate

static void start_entra_warn(struct start *s, i64 now_s)
{
    u8 bytes[64];
    struct buf until = buf_over(bytes, COUNT(bytes));
    if (s->entra.not_after_s - now_s > ENTRA_SOON_S) {
        return;
    }
    date_put_iso_us(&until, s->entra.not_after_s * 1000000);
    struct log_fact facts[] = {{"file", s->config.outlook.client_certificate_file},
                               {"until", buf_str(&until)}};
    log_line(
        s->log, LOG_WARN,
        S("the certificate for Entra ID expires soon: upload a new one in Entra admin centre > "
          "App registrations > the app > Certificates & secrets > Certificates"),
        facts, COUNT(facts));
}

static err start_entra_certificate(struct start *s, str path)
{
    u8 *memory = os_reserve(START_CA_BYTES); // given back: the key keeps what it needs
    i64 now_s = os_unix_us() / 1000000;
    if (!memory) {
        return FAIL(START_MEMORY);
    }
    struct buf pem = buf_over(memory, START_CA_BYTES);
    buf_put(&s->detail, S("outlook.client_certificate_file: "));
    isize told = s->detail.n;
    err e = os_file_read((const char *)path.p, &pem, &s->detail);
    if (err_ok(e)) {
        output_put_clean(&s->detail, path, CONFIG_DETAIL_BYTES / 2);
        buf_put(&s->detail, S(": "));
        e = entra_identity_read(&s->entra, crypto_key_take(&s->plan), buf_str(&pem), now_s,
                                &s->detail);
    } else {
        e = FAIL(CONFIG_FILE);
    }
    crypto_wipe(memory, pem.n);
    os_trim(memory, START_CA_BYTES, 0);
    if (err_ok(e)) {
        s->detail.n = told - S("outlook.client_certificate_file: ").n;
        s->entra.pkcs1 = !s->config.outlook.client_certificate_pss;
        start_entra_warn(s, now_s);
    }
    return e;
}

// ---- the federated token

// "/var/run/secrets/azure/tokens/azure-identity-token": the folder, with an end that the system
// knows, and the name. False: there is no name, or it is too long.
static bool start_entra_cut(struct start *s, const char *path, const char **folder,
                            const char **name)
{
    isize slash = -1;
    str text = str_from(path);
    for (isize i = 0; i < text.n; i++) {
        slash = text.p[i] == '/' ? i : slash;
    }
    u8 *memory = arena_try(&s->texts, 1, OUTLOOK_FOLDER_PATH_BYTES + 1); // zeroed
    struct buf b = buf_over(memory, memory ? OUTLOOK_FOLDER_PATH_BYTES : 0);
    buf_put(&b, slash < 0 ? S(".") : slash == 0 ? S("/") : str_slice(text, 0, slash));
    buf_put_byte(&b, 0);
    *folder = (const char *)memory;
    *name = path + slash + 1;
    return !b.full && slash + 1 < text.n;
}

// Opens its folder, and reads it once, so that what is wrong is said now.
static err start_entra_open(struct start *s, const char *path)
{
    struct entra_identity *identity = &s->entra;
    const struct entra_account account = {.identity = identity};
    const char *folder;
    struct arena mark = s->texts;
    if (!start_entra_cut(s, path, &folder, &identity->token_name)) {
        buf_put(&s->detail, S("it is no path of a file"));
        return FAIL(ENTRA_TOKEN_FILE);
    }
    identity->token_folder_fd = os_folder_open(folder, &s->detail);
    if (identity->token_folder_fd < 0) {
        return FAIL(ENTRA_TOKEN_FILE);
    }
    s->texts = mark;
    u8 *memory = arena_try(&mark, 1, ENTRA_FILE_BYTES);
    struct buf token = buf_over(memory, memory ? ENTRA_FILE_BYTES : 0);
    err e = entra_account_put_file(&account, &token, &s->detail);
    crypto_wipe(memory, memory ? ENTRA_FILE_BYTES : 0);
    if (!err_ok(e)) {
        os_close(identity->token_folder_fd);
    }
    return e;
}

static void start_entra_say_left_out(struct start *s, str path)
{
    struct log_fact facts[] = {{"file", path}, {"reason", buf_str(&s->detail)}};
    log_line(s->log, LOG_WARN,
             S("the file that AZURE_FEDERATED_TOKEN_FILE names is left out: records need client "
               "secrets"),
             facts, COUNT(facts));
}

// The host that workload identity names, where config.yml names no cloud.
static err start_entra_authority(struct start *s)
{
    bool found;
    str host = os_env("AZURE_AUTHORITY_HOST", &found);
    const struct entra_cloud *cloud = entra_cloud_of_login(host);
    if (host.n == 0 || config_tree_find(&s->tree, S("outlook.cloud")) >= 0) {
        return OK;
    }
    if (cloud) {
        s->config.outlook.cloud = str_from(cloud->name);
        return OK;
    }
    buf_put(&s->detail, S("AZURE_AUTHORITY_HOST in the environment is the address of no cloud that "
                          "is known here: set outlook.cloud"));
    return FAIL(CONFIG_URL);
}

static err start_entra_token(struct start *s)
{
    bool found;
    str path = s->config.outlook.federated_token_file;
    bool named = path.n > 0;
    path = named ? path : os_env("AZURE_FEDERATED_TOKEN_FILE", &found);
    if (path.n == 0) {
        return OK;
    }
    isize from = s->detail.n;
    buf_put(&s->detail, named ? S("outlook.federated_token_file: ") : S(""));
    err e = start_entra_open(s, (const char *)path.p); // of the tree and the environment: with NUL
    if (!err_ok(e)) {
        s->entra.token_name = NULL;
        if (named) {
            return e;
        }
        start_entra_say_left_out(s, path);
    }
    s->detail.n = from;
    if (!err_ok(e)) {
        return OK;
    }
    s->entra.token_by_environment = !named;
    return start_entra_authority(s);
}

err start_entra(struct start *s)
{
    const struct config_outlook *c = &s->config.outlook;
    if (!(s->types & service_types_bit(S("outlook")))) {
        return OK;
    }
    if (c->client_certificate_file.n && c->federated_token_file.n) {
        buf_put(&s->detail,
                S("outlook.client_certificate_file and outlook.federated_token_file are "
                  "both given: one of them proves who the app is"));
        return FAIL(CONFIG_TYPE);
    }
    return c->client_certificate_file.n ? start_entra_certificate(s, c->client_certificate_file)
                                        : start_entra_token(s);
}

const char *start_entra_waives(const struct start *s, const struct service_type *type)
{
    bool outlook = type && type->schema == &outlook_schema;
    return outlook && entra_identity_has_proof(&s->entra)
               ? outlook_schema.fields[OUTLOOK_FIELD_CLIENT_SECRET].key
               : NULL;
}

void start_entra_settle(struct start *s)
{
    str source = source_value(&outlook_schema, s->values, S("data_source"))->text;
    str secret = source_value(&outlook_schema, s->values, S("client_secret"))->text;
    bool cloud = str_eq(source, S("outlook_cloud"));
    if (s->entra.token_name && (!cloud || (secret.n && s->entra.token_by_environment))) {
        os_close(s->entra.token_folder_fd);
        s->entra.token_name = NULL;
    }
}

void start_entra_put_wants(const struct start *s, struct seal_wants *wants)
{
    struct log_fact facts[] = {{"file", str_from(s->entra.token_name)}};
    wants->folder = s->entra.token_name != NULL;
    wants->folder_fd = s->entra.token_folder_fd;
    if (wants->folder) {
        log_line(
            s->log, LOG_INFO,
            S("the federated token is read again for each token of Entra ID: this process goes "
              "on opening files of its folder after its seal"),
            facts, COUNT(facts));
    }
}

void start_entra_clear(const struct start *s)
{
    if (s->entra.key) {
        crypto_key_free(s->entra.key);
    }
}
