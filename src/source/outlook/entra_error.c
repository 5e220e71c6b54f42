// SPDX-License-Identifier: Apache-2.0
// The table of AADSTS numbers (see entra_error.h). Microsoft, "Microsoft Entra authentication and
// authorization error codes", as far as the client credentials grant meets them. Microsoft's words
// reach people as their first line, cut to ERROR_WORDS_BYTES, without control bytes and without
// long runs that could be a secret or a token.
#include "source/outlook/entra_error.h"

#include "codec/json.h"
#include "net/retry.h"

enum {
    ERROR_WORDS_BYTES = 200,
    ERROR_RUN_BYTES = 48, // a longer run without blanks is left out, but for addresses of pages
    ERROR_MESSAGE_BYTES = KIB(2),
    ERROR_PIECE_BYTES = 8, // of the secret: so much of it in the words, and they are left out
};

enum { // what people are told besides
    TELL_TENANT = 1,
    TELL_CLIENT = 2,
    TELL_THUMBPRINT = 4,
    TELL_APP = TELL_TENANT | TELL_CLIENT,
};

struct error_row {
    i64 number;
    enum err_code code;
};

static const struct error_row error_rows[] = {
    // ---- secrets and certificates
    {7000215, ERR_ENTRA_SECRET_WRONG},
    {7000222, ERR_ENTRA_SECRET_EXPIRED},
    {7000216, ERR_ENTRA_SECRET_MISSING},
    {7000218, ERR_ENTRA_SECRET_MISSING},
    {700027, ERR_ENTRA_CERTIFICATE_UNKNOWN},
    {50012, ERR_ENTRA_CERTIFICATE_UNKNOWN},
    {700021, ERR_ENTRA_ASSERTION},
    {700023, ERR_ENTRA_ASSERTION},
    {50027, ERR_ENTRA_ASSERTION},
    {50013, ERR_ENTRA_ASSERTION},
    {700024, ERR_ENTRA_CLOCK},
    {500133, ERR_ENTRA_CLOCK},
    {70021, ERR_ENTRA_FEDERATION},
    {700211, ERR_ENTRA_FEDERATION},
    {700212, ERR_ENTRA_FEDERATION},
    {700213, ERR_ENTRA_FEDERATION},
    // ---- the app
    {700016, ERR_ENTRA_APP_UNKNOWN},
    {700025, ERR_ENTRA_APP_PUBLIC},
    {7000112, ERR_ENTRA_APP_DISABLED},
    {501051, ERR_ENTRA_APP_ASSIGNMENT},
    {50105, ERR_ENTRA_APP_ASSIGNMENT},
    {50034, ERR_ENTRA_USER},
    // ---- the tenant
    {90002, ERR_ENTRA_TENANT_UNKNOWN},
    {900021, ERR_ENTRA_TENANT_UNKNOWN},
    {900023, ERR_ENTRA_TENANT},
    {900382, ERR_ENTRA_CLOUD},
    {900439, ERR_ENTRA_CLOUD},
    {53003, ERR_ENTRA_POLICY},
    {530032, ERR_ENTRA_POLICY},
    // ---- what was asked for
    {70011, ERR_ENTRA_RESOURCE},
    {1002012, ERR_ENTRA_RESOURCE},
    {500011, ERR_ENTRA_RESOURCE},
    {500014, ERR_ENTRA_RESOURCE},
    {650052, ERR_ENTRA_RESOURCE},
    {9002313, ERR_ENTRA_REQUEST},
    {900144, ERR_ENTRA_REQUEST},
    // ---- weather
    {90033, ERR_ENTRA_BUSY},
    {90012, ERR_ENTRA_BUSY},
    {50196, ERR_ENTRA_BUSY},
    {90055, ERR_ENTRA_BUSY},
};

// RFC 6749, section 5.2, and what Microsoft adds: for numbers that are not in the table.
static const struct {
    const char *error;
    enum err_code code;
} error_names[] = {
    {"temporarily_unavailable", ERR_ENTRA_BUSY},  {"server_error", ERR_ENTRA_BUSY},
    {"invalid_tenant", ERR_ENTRA_TENANT_UNKNOWN}, {"invalid_resource", ERR_ENTRA_RESOURCE},
    {"invalid_scope", ERR_ENTRA_RESOURCE},
};

static const struct {
    enum err_code code;
    int tell;
} error_facts[] = {
    {ERR_ENTRA_SECRET_WRONG, TELL_CLIENT},
    {ERR_ENTRA_SECRET_EXPIRED, TELL_CLIENT},
    {ERR_ENTRA_SECRET_MISSING, TELL_CLIENT},
    {ERR_ENTRA_CERTIFICATE_UNKNOWN, TELL_CLIENT},
    {ERR_ENTRA_ASSERTION, TELL_APP},
    {ERR_ENTRA_FEDERATION, TELL_APP},
    {ERR_ENTRA_APP_UNKNOWN, TELL_APP},
    {ERR_ENTRA_APP_PUBLIC, TELL_CLIENT},
    {ERR_ENTRA_APP_DISABLED, TELL_APP},
    {ERR_ENTRA_APP_ASSIGNMENT, TELL_APP},
    {ERR_ENTRA_USER, TELL_CLIENT},
    {ERR_ENTRA_TENANT_UNKNOWN, TELL_TENANT},
    {ERR_ENTRA_TENANT, TELL_TENANT},
    {ERR_ENTRA_CLOUD, TELL_TENANT},
    {ERR_ENTRA_POLICY, TELL_APP},
    {ERR_ENTRA_RESOURCE, TELL_APP},
    {ERR_ENTRA_REFUSED, TELL_APP},
};

err entra_error_of_number(i64 aadsts)
{
    for (isize i = 0; i < COUNT(error_rows); i++) {
        if (error_rows[i].number == aadsts) {
            return (err){(u16)error_rows[i].code};
        }
    }
    return OK;
}

// ---- reading the answer

struct error_words {
    i64 number; // 0: none
    str error;  // raw, "" where there is none
    str first;  // first line of the description
};

// The number of "AADSTS7000215: Invalid ...": for answers without error_codes.
static i64 error_number_in(str words)
{
    str mark = S("AADSTS");
    i64 number = 0;
    isize i = mark.n;
    if (str_starts(words, mark)) {
        while (i < words.n && i < mark.n + 12 && str_is_digit(words.p[i])) {
            number = number * 10 + (words.p[i++] - '0');
        }
    }
    return number;
}

static struct error_words error_read(str answer, struct buf *text)
{
    struct json_node nodes[ENTRA_NODES];
    struct json j;
    struct error_words w = {0};
    bool found;
    if (!err_ok(json_parse(&j, answer, nodes, ENTRA_NODES))) {
        return w;
    }
    int error = json_get(&j, 0, S("error"));
    w.error = json_type(&j, error) == JSON_STRING ? json_raw(&j, error) : (str){0};
    (void)json_put_string(&j, json_get(&j, 0, S("error_description")), text);
    (void)str_cut(buf_str(text), '\n', &w.first, &found);
    (void)str_cut(w.first, '\r', &w.first, &found);
    if (!json_i64(&j, json_path(&j, 0, S("error_codes.0")), &w.number) || w.number <= 0) {
        w.number = error_number_in(w.first);
    }
    return w;
}

// The number decides, then the name; a status that says "not now" is weather whatever else it says.
static err error_find(int status, const struct error_words *w)
{
    err of_status = retry_status_error(status);
    if (err_class(of_status) == ERR_CLASS_RETRY) {
        return FAIL(ENTRA_BUSY);
    }
    err e = entra_error_of_number(w->number);
    for (isize i = 0; i < COUNT(error_names) && err_ok(e); i++) {
        if (str_eq(w->error, str_from(error_names[i].error))) {
            e = (err){(u16)error_names[i].code};
        }
    }
    if (!err_ok(e)) {
        return e;
    }
    if (w->number || w->error.n) {
        return FAIL(ENTRA_REFUSED);
    }
    // No words of Entra ID: a proxy, a login page, another server.
    return err_ok(of_status) ? FAIL(ENTRA_ANSWER) : of_status;
}

// ---- telling

// Whether a run of the words has a piece of the secret in it, or of a request that came back. It
// never should.
static bool error_betrays(str secret, str run)
{
    if (str_contains_nocase(run, S("client_secret=")) ||
        str_contains_nocase(run, S("client_assertion="))) {
        return true;
    }
    isize piece = secret.n < ERROR_PIECE_BYTES ? secret.n : ERROR_PIECE_BYTES;
    for (isize i = 0; piece > 0 && i + piece <= secret.n; i++) {
        if (str_find(run, str_slice(secret, i, i + piece)) >= 0) {
            return true;
        }
    }
    return false;
}

static void error_put_run(struct buf *out, str secret, str run)
{
    bool page = str_starts(run, S("https://"));
    isize query = page ? str_find_byte(run, '?') : -1;
    run = query >= 0 ? str_slice(run, 0, query) : run;
    if (run.n > (page ? 3 : 1) * ERROR_RUN_BYTES || error_betrays(secret, run)) {
        buf_put(out, S("[...]"));
        return;
    }
    for (isize i = 0; i < run.n; i++) {
        buf_put_byte(out, run.p[i] < ' ' || run.p[i] == 0x7f ? '?' : run.p[i]);
    }
}

static void error_put_words(struct buf *out, str secret, str words)
{
    isize limit = out->n + ERROR_WORDS_BYTES;
    words = str_trim(words);
    while (words.n && out->n < limit) {
        isize n = 0;
        while (n < words.n && !str_is_space(words.p[n])) {
            n++;
        }
        error_put_run(out, secret, str_slice(words, 0, n));
        words = str_trim(str_from_index(words, n));
        if (words.n) {
            buf_put_byte(out, ' ');
        }
    }
    buf_put(out, words.n ? S("...") : S(""));
}

static void error_put_facts(const struct entra_account *a, err e, struct buf *out)
{
    int tell = 0;
    for (isize i = 0; i < COUNT(error_facts); i++) {
        tell |= err_is(e, error_facts[i].code) ? error_facts[i].tell : 0;
    }
    if (a->proof == ENTRA_PROOF_KEY && (tell & TELL_CLIENT)) {
        tell |= TELL_THUMBPRINT;
    }
    if (tell & TELL_TENANT) {
        buf_put(out, S("tenant "));
        buf_put(out, a->tenant);
        buf_put(out, S("; "));
    }
    if (tell & TELL_CLIENT) {
        buf_put(out, S("client id "));
        buf_put(out, a->client_id);
        buf_put(out, S("; "));
    }
    if (tell & TELL_THUMBPRINT) {
        buf_put(out, S("certificate (SHA-256) "));
        buf_put_hex(out, str_make(a->identity->thumbprint, 32));
        buf_put(out, S("; "));
    }
}

err entra_error_judge(const struct entra_account *a, int status, str answer, struct exchange *x)
{
    u8 bytes[ERROR_MESSAGE_BYTES];
    struct buf text = buf_over(bytes, COUNT(bytes));
    struct error_words w = error_read(answer, &text);
    err e = error_find(status, &w);
    struct buf *out = &x->detail;
    error_put_facts(a, e, out);
    buf_put(out, S("HTTP "));
    buf_put_i64(out, status);
    if (w.error.n) {
        buf_put_byte(out, ' ');
        error_put_run(out, a->secret, w.error);
    }
    if (w.number && error_number_in(w.first) != w.number) { // the words do not say it
        buf_put(out, S(" AADSTS"));
        buf_put_i64(out, w.number);
    }
    if (w.first.n) {
        buf_put(out, S(": "));
        error_put_words(out, a->secret, w.first);
    }
    return e;
}
