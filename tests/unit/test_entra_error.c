// SPDX-License-Identifier: Apache-2.0
// source/outlook/entra_error: every row of spec/wire-graph.md 1 and the other numbers, what people
// are told, and what they never are.
#include "test.h"

#include "source/outlook/entra_error.h"

#define SECRET "aB~3/x+y.q8Q_secret-value"
#define TENANT "example.onmicrosoft.com"
#define CLIENT "11111111-2222-3333-4444-555555555555"

void crypto_wipe(void *p, isize n)
{
    memset(p, 0, (size_t)n);
}

static u8 detail_bytes[EXCHANGE_DETAIL_BYTES];

static struct entra_account account(enum entra_proof proof)
{
    static struct entra_identity identity;
    memset(identity.thumbprint, 0xab, sizeof identity.thumbprint);
    return (struct entra_account){.identity = &identity,
                                  .proof = proof,
                                  .tenant = S(TENANT),
                                  .client_id = S(CLIENT),
                                  .secret = S(SECRET)};
}

static str told;

static err judge(int status, str answer)
{
    struct entra_account a = account(ENTRA_PROOF_SECRET);
    struct exchange x = {.detail = buf_over(detail_bytes, COUNT(detail_bytes))};
    err e = entra_error_judge(&a, status, test_guarded(answer), &x);
    told = buf_str(&x.detail);
    CHECK(str_find(told, S("secret-value")) < 0 && !x.detail.full && x.retry_at_ms == 0);
    return e;
}

#define ERROR(error, number, words)                                                              \
    "{\"error\":\"" error "\",\"error_description\":\"AADSTS" number ": " words                  \
    "\\r\\nTrace ID: 0d1f\\r\\nCorrelation ID: 5ab2\\r\\nTimestamp: 2024-07-05 10:20:30Z\","     \
    "\"error_codes\":[" number "],\"timestamp\":\"2024-07-05 10:20:30Z\",\"trace_id\":\"0d1f\"," \
    "\"correlation_id\":\"5ab2\",\"error_uri\":\"https://login.microsoftonline.com/"             \
    "error?code=" number "\"}"

static const struct {
    int status;
    const char *body;
    enum err_code code;
} rows[] = {
    {401, ERROR("invalid_client", "7000215", "Invalid client secret provided."),
     ERR_ENTRA_SECRET_WRONG},
    {401, ERROR("invalid_client", "7000222", "The provided client secret keys are expired."),
     ERR_ENTRA_SECRET_EXPIRED},
    {401, ERROR("invalid_client", "7000216", "x"), ERR_ENTRA_SECRET_MISSING},
    {401, ERROR("invalid_client", "7000218", "x"), ERR_ENTRA_SECRET_MISSING},
    {400, ERROR("unauthorized_client", "700016", "Application not found"), ERR_ENTRA_APP_UNKNOWN},
    {401, ERROR("invalid_client", "700025", "Client is public"), ERR_ENTRA_APP_PUBLIC},
    {400, ERROR("invalid_request", "90002", "Tenant not found."), ERR_ENTRA_TENANT_UNKNOWN},
    {400, ERROR("invalid_tenant", "90002", "Tenant not found."), ERR_ENTRA_TENANT_UNKNOWN},
    {400, ERROR("invalid_request", "900023", "neither a valid DNS name"), ERR_ENTRA_TENANT},
    {400, ERROR("invalid_scope", "70011", "x"), ERR_ENTRA_RESOURCE},
    {400, ERROR("invalid_scope", "1002012", "x"), ERR_ENTRA_RESOURCE},
    {400, ERROR("invalid_resource", "500011", "x"), ERR_ENTRA_RESOURCE},
    {400, ERROR("invalid_request", "9002313", "x"), ERR_ENTRA_REQUEST},
    {400, ERROR("invalid_request", "900144", "x"), ERR_ENTRA_REQUEST},
    {400, ERROR("invalid_grant", "50034", "x"), ERR_ENTRA_USER},
    {400, ERROR("invalid_grant", "53003", "x"), ERR_ENTRA_POLICY},
    {401, ERROR("unauthorized_client", "7000112", "x"), ERR_ENTRA_APP_DISABLED},
    {401, ERROR("invalid_client", "700027", "x"), ERR_ENTRA_CERTIFICATE_UNKNOWN},
    {401, ERROR("invalid_client", "700024", "x"), ERR_ENTRA_CLOCK},
    {401, ERROR("invalid_client", "700021", "x"), ERR_ENTRA_ASSERTION},
    {401, ERROR("invalid_client", "700023", "x"), ERR_ENTRA_ASSERTION},
    {401, ERROR("invalid_client", "700211", "x"), ERR_ENTRA_FEDERATION},
    {401, ERROR("invalid_client", "700212", "x"), ERR_ENTRA_FEDERATION},
    {401, ERROR("invalid_client", "700213", "x"), ERR_ENTRA_FEDERATION},
    {400, ERROR("invalid_grant", "501051", "x"), ERR_ENTRA_APP_ASSIGNMENT},
    {400, ERROR("invalid_request", "900382", "x"), ERR_ENTRA_CLOUD},
    {400, ERROR("invalid_request", "50196", "client request loop"), ERR_ENTRA_BUSY},
    // Not in the table: by its name, then by nothing.
    {400, ERROR("temporarily_unavailable", "123", "x"), ERR_ENTRA_BUSY},
    {400, ERROR("invalid_resource", "123", "x"), ERR_ENTRA_RESOURCE},
    {400, ERROR("invalid_client", "123", "x"), ERR_ENTRA_REFUSED},
    {400, "{\"error\":\"invalid_client\"}", ERR_ENTRA_REFUSED},
    // The number in the words, where there is no list of numbers.
    {400, "{\"error\":\"x\",\"error_description\":\"AADSTS7000215: y\"}", ERR_ENTRA_SECRET_WRONG},
    {400, "{\"error\":\"x\",\"error_codes\":[],\"error_description\":\"AADSTS90002\"}",
     ERR_ENTRA_TENANT_UNKNOWN},
    {400, "{\"error_codes\":[\"7000215\"]}", ERR_HTTP_REFUSED},
    {400, "{\"error_description\":\"AADSTS99999999999999999999999999: y\"}", ERR_ENTRA_REFUSED},
    // Weather, whatever is said with it.
    {429, ERROR("invalid_client", "7000215", "x"), ERR_ENTRA_BUSY},
    {429, "", ERR_ENTRA_BUSY},
    {503, "<html>", ERR_ENTRA_BUSY},
    {500, "", ERR_ENTRA_BUSY},
    {504, "{}", ERR_ENTRA_BUSY},
    // Nothing of Entra ID's.
    {401, "<html>login</html>", ERR_HTTP_UNAUTHORIZED},
    {403, "", ERR_HTTP_FORBIDDEN},
    {404, "[]", ERR_HTTP_NOT_FOUND},
    {302, "", ERR_HTTP_REDIRECT},
    {204, "", ERR_ENTRA_ANSWER},
};

static void test_error_judge_rows(void)
{
    for (isize i = 0; i < COUNT(rows); i++) {
        err e = judge(rows[i].status, str_from(rows[i].body));
        if (e.code != rows[i].code) {
            fprintf(stderr, "row %d: got %s\n", (int)i, err_name(e));
        }
        CHECK(e.code == rows[i].code);
        CHECK(str_find(told, S("HTTP ")) >= 0 && str_find(told, S("Trace ID")) < 0);
    }
}

static void test_error_judge_words(void)
{
    (void)judge(401, S(ERROR("invalid_client", "7000215",
                             "Invalid client secret provided. Ensure the secret being sent in the "
                             "request is the client secret value, not the client secret ID, for a "
                             "secret added to app '11111111-2222-3333-4444-555555555555'.")));
    CHECK_STR(told,
              S("client id " CLIENT "; HTTP 401 invalid_client: AADSTS7000215: Invalid client "
                "secret provided. Ensure the secret being sent in the request is the client "
                "secret value, not the client secret ID, for a secret added to app "
                "'11111111-2222-3333-4444-555555555555'."));
    (void)judge(400, S("{\"error\":\"invalid_request\",\"error_codes\":[90002],"
                       "\"error_description\":\"no such thing\"}"));
    CHECK_STR(told, S("tenant " TENANT "; HTTP 400 invalid_request AADSTS90002: no such thing"));
    (void)judge(403, S("<html>"));
    CHECK_STR(told, S("HTTP 403"));
}

// Whatever comes back: nothing of the secret, no control bytes, no endless runs, not too much.
static void test_error_judge_redacts(void)
{
    static const char *const words[] = {
        SECRET,
        "your secret '" SECRET "' is bad",
        "xaB~3/x+yx",
        "client_secret=aB~3%2Fx%2B",
        "body: client_assertion=eyJ0.eyJ",
        "https://login.test/?code=1&client_secret=" SECRET,
    };
    for (isize i = 0; i < COUNT(words); i++) {
        u8 bytes[512];
        struct buf b = buf_over(bytes, COUNT(bytes));
        buf_put(&b, S("{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: "));
        buf_put(&b, str_from(words[i]));
        buf_put(&b, S("\",\"error_codes\":[7000215]}"));
        CHECK_ERR(judge(401, buf_str(&b)), ENTRA_SECRET_WRONG);
        CHECK(str_find(told, S("aB~3")) < 0 && str_find(told, S("eyJ0")) < 0);
    }
    CHECK_ERR(judge(401, S("{\"error\":\"" SECRET "\"}")), ENTRA_REFUSED);
    CHECK(str_ends(told, S("HTTP 401 [...]")));
    CHECK_ERR(judge(400, S("{\"error\":\"x\",\"error_description\":\"a\\u0007b\\u001b[1m "
                           "c\\u0000d\"}")),
              ENTRA_REFUSED);
    CHECK(str_ends(told, S(": a?b?[1m c?d")));
    static u8 bytes[6000];
    struct buf b = buf_over(bytes, COUNT(bytes));
    buf_put(&b, S("{\"error\":\"x\",\"error_codes\":[700016],\"error_description\":\""));
    for (int i = 0; i < 150; i++) {
        buf_put(&b, S("many words "));
    }
    buf_put(&b, S("\"}"));
    CHECK_ERR(judge(400, buf_str(&b)), ENTRA_APP_UNKNOWN);
    CHECK(str_ends(told, S("...")) && told.n < 400);
    buf_reset(&b); // a description that is larger than its memory
    buf_put(&b, S("{\"error\":\"x\",\"error_codes\":[700016],\"error_description\":\""));
    buf_put_fill(&b, 'a', 4000);
    buf_put(&b, S("\"}"));
    CHECK_ERR(judge(400, buf_str(&b)), ENTRA_APP_UNKNOWN);
    CHECK(told.n < 400);
}

static void test_error_judge_tells_thumbprint(void)
{
    struct entra_account a = account(ENTRA_PROOF_KEY);
    struct exchange x = {.detail = buf_over(detail_bytes, COUNT(detail_bytes))};
    CHECK_ERR(entra_error_judge(&a, 401, S(ERROR("invalid_client", "700027", "no")), &x),
              ENTRA_CERTIFICATE_UNKNOWN);
    CHECK_STR(buf_str(&x.detail),
              S("client id " CLIENT "; certificate (SHA-256) abababababababababababababababababab"
                "abababababababababababababab; HTTP 401 invalid_client: AADSTS700027: no"));
}

// No text leaves its reader without a place to go to, and none is of a class that tries for ever.
static void test_error_of_number(void)
{
    static const i64 numbers[] = {7000215, 7000222, 7000216, 7000218, 700027, 700016, 700025,
                                  7000112, 90002,   900023,  70011,   500011, 53003,  900144};
    CHECK_OK(entra_error_of_number(1));
    CHECK_OK(entra_error_of_number(0));
    for (isize i = 0; i < COUNT(numbers); i++) {
        err e = entra_error_of_number(numbers[i]);
        CHECK(!err_ok(e) && err_class(e) == ERR_CLASS_CONFIG);
    }
    CHECK(err_class(FAIL(ENTRA_BUSY)) == ERR_CLASS_RETRY);
}

static const struct test_case cases[] = {
    CASE(test_error_judge_rows),    CASE(test_error_judge_words),
    CASE(test_error_judge_redacts), CASE(test_error_judge_tells_thumbprint),
    CASE(test_error_of_number),
};

TEST_MAIN(cases)
