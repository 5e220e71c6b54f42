// SPDX-License-Identifier: Apache-2.0
// Aimed at what comes from outside into source/outlook/entra_*: answers of the token endpoint
// (entra_token_end, entra_error_judge), tokens (entra_roles_read), certificate files
// (entra_identity_read, crypto_certificate_read), fields of a record and federated tokens
// (entra_account_read, entra_account_put_file). The first byte chooses. Requests are forms and
// their targets paths, whatever the fields were; what people are told has no control bytes and no
// secret; a token that is taken makes one clean header line.
#include <string.h>

#include "../tests/unit/entra_key.h"
#include "os/os.h"
#include "source/outlook/entra_error.h"
#include "source/outlook/entra_token.h"

#define CLIENT "11111111-2222-3333-4444-555555555555"
#define SECRET "aB~3/x+y.q8Q_secret-value"

static u8 target_bytes[512], header_bytes[EXCHANGE_HEADERS_BYTES];
static u8 detail_bytes[EXCHANGE_DETAIL_BYTES];
static struct exchange x;
static struct entra_token t;
static struct entra_account account;
static str file; // the federated token

err os_file_read_in(int folder_fd, const char *name, struct buf *out, struct buf *detail)
{
    (void)folder_fd;
    (void)name;
    (void)detail;
    isize room = buf_room(out);
    buf_put(out, str_slice(file, 0, file.n < room ? file.n : room));
    out->full = file.n > room;
    return buf_check(out);
}

static void new_exchange(void)
{
    x = (struct exchange){.target = buf_over(target_bytes, COUNT(target_bytes)),
                          .headers = buf_over(header_bytes, COUNT(header_bytes)),
                          .detail = buf_over(detail_bytes, COUNT(detail_bytes))};
}

static void check_words(str told)
{
    for (isize i = 0; i < told.n; i++) {
        ASSERT(told.p[i] >= ' ' && told.p[i] != 0x7f);
    }
    ASSERT(str_find(told, S("secret-value")) < 0);
}

static void fuzz_answer(int status, str in)
{
    static const struct entra_fields fields = {S("example.test"), S(CLIENT), S(SECRET)};
    static struct dest login;
    new_exchange();
    memset(&t, 0, sizeof t);
    err e = entra_account_read(&account, NULL, &fields, &x.detail);
    ASSERT(err_ok(e));
    e = entra_token_ask(&t, &account, &(struct entra_where){&login, entra_cloud_at(0), ENTRA_GRAPH},
                        &x);
    ASSERT(err_ok(e) && t.asking);
    struct http_head head = {.status = status};
    entra_token_head(&t, &head);
    while (in.n) {
        str piece = str_slice(in, 0, in.n < 100 ? in.n : 100);
        in = str_from_index(in, piece.n);
        entra_token_body(&t, &piece);
        ASSERT(piece.n == 0);
    }
    e = entra_token_end(&t, &account, &x);
    ASSERT(t.asking == (err_class(e) == ERR_CLASS_RETRY) && t.answer_bytes == 0);
    ASSERT(err_ok(e) == entra_token_is_usable(&t, t.asked_ms));
    check_words(buf_str(&x.detail));
    if (!err_ok(e)) {
        ASSERT(t.generation == 0 && !x.detail.full);
        return;
    }
    ASSERT(status == 200 && t.renew_ms > t.asked_ms && t.renew_ms < t.expires_ms);
    new_exchange();
    entra_token_header(&t, &x);
    str line = buf_str(&x.headers);
    ASSERT(!x.headers.full && str_find(line, S("\r\n")) == line.n - 2);
    ASSERT(http1_is_field_value(str_slice(line, 0, line.n - 2)));
}

static void fuzz_roles(str token)
{
    u8 bytes[200];
    struct buf b = buf_over(bytes, COUNT(bytes));
    u32 roles = entra_roles_read(token);
    ASSERT(roles == 0 || (roles & ENTRA_ROLE_KNOWN));
    entra_roles_put(&b, roles);
    entra_roles_put(&b, entra_roles_missing(roles, ENTRA_ROLES_GRAPH));
    ASSERT(!b.full);
}

// As a whole file, and as the certificate of a good key.
static void fuzz_certificate(str pem)
{
    static _Alignas(16) u8 memory[KIB(64)];
    static struct crypto_key *key, *good;
    static struct arena arena;
    static struct plan plan;
    if (!key) {
        arena = arena_over(memory, sizeof memory);
        plan = (struct plan){.arena = &arena};
        key = crypto_key_take(&plan);
        good = crypto_key_take(&plan);
        err e = crypto_key_read(good, S(ENTRA_KEY_PEM));
        ASSERT(err_ok(e));
    }
    struct entra_identity identity = {0};
    new_exchange();
    err e = entra_identity_read(&identity, key, pem, 1800000000, &x.detail);
    ASSERT(err_ok(e) == entra_identity_has_proof(&identity));
    ASSERT(!err_ok(e) || identity.not_after_s > 1800000000);
    check_words(buf_str(&x.detail));
    crypto_key_free(key);
    struct crypto_certificate c;
    e = crypto_certificate_read(good, pem, &c);
    ASSERT(err_ok(e) || err_is(e, ERR_CRYPTO_CERTIFICATE) || err_is(e, ERR_CRYPTO_CERTIFICATE_KEY));
}

static bool is_form(str s)
{
    for (isize i = 0; i < s.n; i++) {
        u8 low = str_lower_byte(s.p[i]);
        if (!str_is_digit(low) && !(low >= 'a' && low <= 'z') &&
            str_find_byte(S("%+-._~=&"), s.p[i]) < 0) {
            return false;
        }
    }
    return true;
}

static isize count(str s, u8 c)
{
    isize n = 0;
    for (isize i = 0; i < s.n; i++) {
        n += s.p[i] == c;
    }
    return n;
}

// Tenant, client, secret and the content of a token file, lines that NULs end.
static void fuzz_fields(str in)
{
    static const struct entra_identity pod = {.token_name = "token", .token_by_environment = true};
    struct entra_fields fields;
    struct dest login = {0};
    bool more;
    in = str_cut(in, 0, &fields.tenant, &more);
    in = str_cut(in, 0, &fields.client_id, &more);
    file = str_cut(in, 0, &fields.secret, &more);
    new_exchange();
    memset(&t, 0, sizeof t);
    err e = entra_account_read(&account, &pod, &fields, &x.detail);
    if (!err_ok(e)) {
        ASSERT(account.tenant.n == 0 && x.detail.n > 0);
        check_words(buf_str(&x.detail));
        return;
    }
    e = entra_token_ask(&t, &account, &(struct entra_where){&login, entra_cloud_at(1), ENTRA_EWS},
                        &x);
    ASSERT(err_ok(e) || err_is(e, ERR_ENTRA_TOKEN_FILE));
    check_words(buf_str(&x.detail));
    if (err_ok(e)) {
        ASSERT(!x.target.full && is_form(x.body) && t.asking);
        ASSERT(count(x.body, '&') == (account.proof == ENTRA_PROOF_SECRET ? 3 : 4) &&
               count(x.body, '=') == count(x.body, '&') + 1);
        ASSERT(count(buf_str(&x.target), '/') == 4 && count(buf_str(&x.target), '?') == 0);
        entra_token_stop(&t);
    }
    ASSERT(t.request_bytes == 0 && !t.asking);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static const int statuses[] = {200, 400, 401, 403, 429, 503, 302, 204};
    if (n < 2) {
        return 0;
    }
    str rest = str_make(p + 1, (isize)n - 1);
    switch (p[0]) {
    case 'r':
        fuzz_roles(rest);
        break;
    case 'c':
        fuzz_certificate(rest);
        break;
    case 'f':
        fuzz_fields(rest);
        break;
    default:
        fuzz_answer(statuses[p[0] % COUNT(statuses)], rest);
        break;
    }
    return 0;
}
