// SPDX-License-Identifier: Apache-2.0
// Tokens of Entra ID for scripts. Commands are lines of standard input, fields with tabs between
// them; each gives one line. Bytes are base64.
//     ask PROOF RESOURCE CLOUD TENANT CLIENT ARGUMENT   its target and body; or `error NAME: words`
//         PROOF secret (ARGUMENT: the secret), ps256 or rs256 (a PEM file), file (a folder with
//         `token`); RESOURCE graph or ews
//     answer STATUS BODY    to the last one: `token BYTES RENEW_S ROLES`, or `error NAME: words`
//     clouds                name, login, graph, ews of each, all in one line
#include <stdio.h>
#include <string.h>

#include "codec/base64.h"
#include "os/os.h"
#include "source/outlook/entra_token.h"

enum { FIELDS_MAX = 8, LINE_BYTES = 65536, MEMORY_BYTES = 262144 };

static str fields[FIELDS_MAX];
static struct entra_token token;
static struct entra_account account;
static struct entra_identity identity;
static u8 target[1024], headers[EXCHANGE_HEADERS_BYTES], detail[EXCHANGE_DETAIL_BYTES];
static struct exchange x;

static void new_exchange(void)
{
    x = (struct exchange){.target = buf_over(target, sizeof target),
                          .headers = buf_over(headers, sizeof headers),
                          .detail = buf_over(detail, sizeof detail)};
}

static void say_error(err e)
{
    printf("error %s: %.*s\n", err_name(e), (int)x.detail.n, (char *)detail);
}

static void say_base64(str s)
{
    static u8 text[LINE_BYTES];
    struct buf b = buf_over(text, sizeof text);
    base64_encode(&b, s);
    printf("%.*s", (int)b.n, (char *)text);
}

static str decode(str text)
{
    static u8 bytes[LINE_BYTES];
    struct buf b = buf_over(bytes, sizeof bytes);
    base64_decode(&(struct base64_decoder){0}, &b, text);
    return buf_str(&b);
}

// The ARGUMENT ends with a NUL: main() put it there.
static err take_proof(str proof, str argument, struct entra_fields *f)
{
    static _Alignas(16) u8 memory[MEMORY_BYTES];
    static u8 pem_bytes[LINE_BYTES];
    struct arena arena = arena_over(memory, sizeof memory);
    static struct plan plan;
    plan = (struct plan){.arena = &arena};
    identity = (struct entra_identity){.pkcs1 = str_eq(proof, S("rs256"))};
    if (str_eq(proof, S("secret"))) {
        f->secret = decode(argument);
        return OK;
    }
    if (str_eq(proof, S("file"))) {
        identity.token_name = "token";
        identity.token_folder_fd = os_folder_open((const char *)argument.p, &x.detail);
        return OK;
    }
    struct buf pem = buf_over(pem_bytes, sizeof pem_bytes);
    TRY(os_file_read((const char *)argument.p, &pem, &x.detail));
    return entra_identity_read(&identity, crypto_key_take(&plan), buf_str(&pem),
                               os_unix_us() / 1000000, &x.detail);
}

static void ask(void)
{
    static struct dest login;
    new_exchange();
    struct entra_fields f = {.tenant = fields[4], .client_id = fields[5]};
    enum entra_resource resource = str_eq(fields[2], S("ews")) ? ENTRA_EWS : ENTRA_GRAPH;
    const struct entra_cloud *cloud = entra_cloud_find(fields[3]);
    ASSERT(cloud);
    memset(&token, 0, sizeof token);
    err e = take_proof(fields[1], fields[6], &f);
    e = err_ok(e) ? entra_account_read(&account, &identity, &f, &x.detail) : e;
    e = err_ok(e)
            ? entra_token_ask(&token, &account, &(struct entra_where){&login, cloud, resource}, &x)
            : e;
    if (!err_ok(e)) {
        say_error(e);
        return;
    }
    printf("%.*s\t", (int)x.target.n, (char *)target);
    say_base64(x.body);
    printf("\n");
}

static void answer(void)
{
    u64 status = 0;
    u8 roles[512];
    struct buf b = buf_over(roles, sizeof roles);
    ASSERT(str_to_u64(fields[1], &status));
    str body = decode(fields[2]);
    struct http_head head = {.status = (int)status};
    new_exchange();
    entra_token_head(&token, &head);
    entra_token_body(&token, &body);
    err e = entra_token_end(&token, &account, &x);
    if (!err_ok(e)) {
        say_error(e);
        return;
    }
    entra_roles_put(&b, token.roles);
    printf("token %d %lld %.*s\n", (int)token.bytes,
           (long long)(token.renew_ms - token.asked_ms) / 1000, (int)b.n, (char *)roles);
}

static void clouds(void)
{
    for (int i = 0; entra_cloud_at(i); i++) {
        const struct entra_cloud *c = entra_cloud_at(i);
        printf("%s%s %s %s %s", i ? " " : "", c->name, c->login, c->graph, c->ews);
    }
    printf("\n");
}

int main(void)
{
    static char line[LINE_BYTES];
    while (fgets(line, sizeof line, stdin)) {
        str rest = str_trim_end(str_from(line));
        line[rest.n] = 0;
        bool more = true;
        memset(fields, 0, sizeof fields);
        for (int i = 0; i < FIELDS_MAX && more; i++) {
            rest = str_cut(rest, '\t', &fields[i], &more);
        }
        if (str_eq(fields[0], S("ask"))) {
            ask();
        } else if (str_eq(fields[0], S("answer"))) {
            answer();
        } else {
            clouds();
        }
        fflush(stdout);
    }
    return 0;
}
