// SPDX-License-Identifier: Apache-2.0
// source/outlook/outlook_configure and outlook_ca: what a record says is taken or refused with
// words that name the field, never a secret; and what is left when a run is over.
#include "outlook_rig.h"

#define CA(SEP)                                                            \
    "-----BEGIN CERTIFICATE-----" SEP                                      \
    "MIIBejCCASGgAwIBAgIUZVZMp+i5oXdrt0+AGHJKkwb9SzgwCgYIKoZIzj0EAwIw" SEP \
    "EjEQMA4GA1UEAwwHVGVzdCBDQTAgFw0yNjExMjIxMjE5MzJaGA8yMTI2MTAyOTEy" SEP \
    "MTkzMlowEjEQMA4GA1UEAwwHVGVzdCBDQTBZMBMGByqGSM49AgEGCCqGSM49AwEH" SEP \
    "A0IABGGyf+5mzahIunr5kF+JibApsyfILjALS4TFFCyiA0wnZLbe8vMUR4zrUSLo" SEP \
    "StoiPNFAap2UaHtSoxksKz5y/O+jUzBRMB0GA1UdDgQWBBQRZjiWbQppC8midjk3" SEP \
    "ZIqFnafXJTAfBgNVHSMEGDAWgBQRZjiWbQppC8midjk3ZIqFnafXJTAPBgNVHRMB" SEP \
    "Af8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIE7pdsOVGOkA596L/9Y++oa1IHLx" SEP \
    "jFKudxDkHbIsiFlGAiBjfyNDQ385Yyu2omLXK+52hNT6ntmv6P0HmJKQFuoyZg==" SEP \
    "-----END CERTIFICATE-----"

static struct field_value values[SCHEMA_FIELDS_MAX];

static err configure(struct rig *r)
{
    struct source_setup setup = {.values = values, .content = true};
    buf_reset(&r->detail);
    return r->source.ops->configure(r->o, &setup, &r->detail);
}

static struct rig *usual(void)
{
    struct rig *r = rig_make(KIB(32));
    rig_values(values);
    r->o->settings.require_verification = false;
    return r;
}

// The record with one field as it is given.
static err with(enum outlook_field field, const char *text)
{
    struct rig *r = usual();
    values[field].text = test_guarded(str_from(text));
    return configure(r);
}

static void check_refused(enum outlook_field field, const char *text, u16 code, const char *want)
{
    struct rig *r = usual();
    values[field].text = test_guarded(str_from(text));
    err e = configure(r);
    CHECK(e.code == code);
    CHECK_STR(buf_str(&r->detail), str_from(want));
    CHECK(!r->o->run.configured && r->o->run.password.n == 0 && !r->o->run.password_bytes[0]);
}

static void test_configure_name_for_ntlm(void)
{
    struct rig *r = usual();
    r->o->settings.ldap_bind = OUTLOOK_LDAP_BIND_NTLM;
    CHECK_OK(configure(r));
    values[OUTLOOK_FIELD_USERNAME].text = S("CN=svc,DC=example,DC=test");
    CHECK_ERR(configure(r), LDAP_NTLM_NAME);
    CHECK_STR(buf_str(&r->detail), S("'Exchange server username'"));
    CHECK(!r->o->run.configured);
    r->o->settings.ldap_bind = OUTLOOK_LDAP_BIND_AUTO;
    CHECK_OK(configure(r));
}

// A run by Graph had more requests of a mailbox under way: the next one begins anew.
static void test_configure_after_graph(void)
{
    struct rig *r = usual();
    r->source.in_flight_max = GRAPH_IN_FLIGHT;
    CHECK_OK(configure(r));
    CHECK(r->source.in_flight_max == OUTLOOK_IN_FLIGHT);
    r->o->settings.requests_per_mailbox = 3;
    CHECK_OK(configure(r));
    CHECK(r->source.in_flight_max == 3);
}

static void test_configure_errors(void)
{
    static char large[OUTLOOK_FIELD_BYTES + 2];
    memset(large, 'a', sizeof large - 1);
    check_refused(OUTLOOK_FIELD_DATA_SOURCE, "elsewhere", ERR_OUTLOOK_DATA_SOURCE,
                  "'Outlook data source' \"elsewhere\"");
    check_refused(OUTLOOK_FIELD_USERNAME, "", ERR_OUTLOOK_FIELD,
                  "'Exchange server username' is empty");
    check_refused(OUTLOOK_FIELD_PASSWORD, "", ERR_OUTLOOK_FIELD,
                  "'Exchange server password' is empty");
    check_refused(OUTLOOK_FIELD_PASSWORD, large, ERR_OUTLOOK_FIELD,
                  "'Exchange server password' is too long");
    check_refused(OUTLOOK_FIELD_DOMAIN, "", ERR_OUTLOOK_FIELD,
                  "'Exchange server domain name' is empty");
}

static void test_configure_bad_addresses(void)
{
    static char large[OUTLOOK_FIELD_BYTES + 200];
    static const enum outlook_field fields[] = {OUTLOOK_FIELD_EXCHANGE_SERVER,
                                                OUTLOOK_FIELD_DIRECTORY_SERVER};
    static const char *const bad[] = {"",           "a b", "host:0", "host:99999",
                                      "ftp://host", "://", large};
    memset(large, 'a', sizeof large - 1);
    for (isize f = 0; f < COUNT(fields); f++) {
        for (isize i = 0; i < COUNT(bad); i++) {
            CHECK_ERR(with(fields[f], bad[i]), OUTLOOK_ADDRESS);
        }
    }
    CHECK_ERR(with(OUTLOOK_FIELD_EXCHANGE_SERVER, "http://host"), OUTLOOK_ADDRESS);
    // What stands before the host may be a password.
    struct rig *r = usual();
    values[OUTLOOK_FIELD_EXCHANGE_SERVER].text = S("https://svc:s3cr3t@x@mail.example.test");
    CHECK_ERR(configure(r), OUTLOOK_ADDRESS);
    CHECK(str_find(buf_str(&r->detail), S("s3cr3t")) < 0);
    CHECK(str_starts(buf_str(&r->detail), S("'Exchange Server' \"mail.example.test\": ")));
}

static void check_exchange(const char *text, const char *host, int port)
{
    struct rig *r = usual();
    values[OUTLOOK_FIELD_EXCHANGE_SERVER].text = str_from(text);
    CHECK_OK(configure(r));
    const struct url *url = &r->o->run.exchange.url;
    CHECK_STR(url->host, str_from(host));
    CHECK(url->port == port && url->tls);
    CHECK_STR(url->path, S("/"));
}

static void test_configure_exchange_addresses(void)
{
    check_exchange("mail.example.test", "mail.example.test", 443);
    check_exchange(" mail.example.test ", "mail.example.test", 443);
    check_exchange("mail.example.test:8443", "mail.example.test", 8443);
    check_exchange("127.0.0.1", "127.0.0.1", 443);
    check_exchange("https://mail.example.test", "mail.example.test", 443);
    check_exchange("https://mail.example.test/EWS/Exchange.asmx", "mail.example.test", 443);
}

// "LDAPS:636 StartTLS:389 ...", in the order in which they are tried.
static str ways(const char *text, bool verify)
{
    static u8 bytes[256];
    struct buf b = buf_over(bytes, COUNT(bytes));
    struct rig *r = usual();
    values[OUTLOOK_FIELD_DIRECTORY_SERVER].text = str_from(text);
    values[OUTLOOK_FIELD_SSL_ENABLED].flag = verify;
    values[OUTLOOK_FIELD_SSL_CA].text = S(CA("\n"));
    err e = configure(r);
    CHECK_OK(e);
    u8 target[64];
    bool another = err_ok(e);
    while (another) {
        struct exchange x = {.target = buf_over(target, COUNT(target))};
        struct outlook_directory *d = &r->directory_state;
        CHECK(r->source.ops->accounts_next(r->o, d, 1000, &x) == STEP_REQUEST);
        buf_put(&b, x.dest->url.tls     ? S("LDAPS:")
                    : x.dest->start_tls ? S("StartTLS:")
                                        : S("plain:"));
        buf_put_u64(&b, x.dest->url.port);
        buf_put_byte(&b, ' ');
        CHECK(x.dest->trust->verify == verify &&
              x.dest->index == r->o->run.directory.index + d->way);
        another = r->source.ops->accounts_fail(r->o, d, &x, FAIL(NET_RESET));
        CHECK((x.retry->attempts == 1) == another);
        CHECK(another || r->source.ops->accounts_next(r->o, d, 1000, &x) == STEP_FAILED);
    }
    return buf_str(&b);
}

static void test_configure_ways_to_the_directory(void)
{
    CHECK_STR(ways("dc", true), S("LDAPS:636 StartTLS:389 "));
    CHECK_STR(ways("dc", false), S("LDAPS:636 StartTLS:389 plain:389 "));
    CHECK_STR(ways("dc:389", true), S("StartTLS:389 "));
    CHECK_STR(ways("dc:389", false), S("StartTLS:389 plain:389 "));
    CHECK_STR(ways("dc:3268", false), S("StartTLS:3268 plain:3268 "));
    CHECK_STR(ways("dc:636", false), S("LDAPS:636 "));
    CHECK_STR(ways("dc:3269", true), S("LDAPS:3269 "));
    CHECK_STR(ways("dc:10389", false), S("LDAPS:10389 StartTLS:10389 plain:10389 "));
    CHECK_STR(ways("ldaps://dc", false), S("LDAPS:636 "));
    CHECK_STR(ways("ldap://dc", true), S("StartTLS:389 "));
    CHECK_STR(ways("ldap://dc:10389", false), S("StartTLS:10389 plain:10389 "));
}

// Once it has answered, no other way is tried: least of all one without TLS.
static void test_configure_no_way_after_an_answer(void)
{
    struct rig *r = usual();
    CHECK_OK(configure(r));
    u8 target[64];
    struct exchange x = {.target = buf_over(target, COUNT(target))};
    CHECK(r->source.ops->accounts_next(r->o, &r->directory_state, 1000, &x) == STEP_REQUEST);
    r->directory_state.answered = true;
    CHECK(!r->source.ops->accounts_fail(r->o, &r->directory_state, &x, FAIL(LDAP_CREDENTIALS)));
    CHECK(r->source.ops->accounts_next(r->o, &r->directory_state, 1000, &x) == STEP_FAILED);
}

static err trust(const char *pem)
{
    struct rig *r = usual();
    values[OUTLOOK_FIELD_SSL_ENABLED].flag = true;
    values[OUTLOOK_FIELD_SSL_CA].text = test_guarded(str_from(pem));
    err e = configure(r);
    CHECK(!err_ok(e) || (r->o->run.trust.verify && r->o->run.trust.extra && !r->source.unverified &&
                         !r->o->run.plain_allowed));
    return e;
}

static void test_configure_certificates(void)
{
    CHECK_OK(trust(CA("\n")));
    CHECK_OK(trust(CA("\r\n") "\r\n"));
    CHECK_OK(trust(CA(" ")));
    CHECK_OK(trust("  " CA("  ") " "));
    CHECK_OK(trust(CA(" ") " " CA(" ")));
    CHECK_OK(trust(CA("\n") "\n" CA("\n")));
    CHECK_ERR(trust(""), OUTLOOK_CA);
    CHECK_ERR(trust("garbage"), OUTLOOK_CA);
    CHECK_ERR(trust("-----BEGIN CERTIFICATE----- AAAA -----END CERTIFICATE-----"), OUTLOOK_CA);
    static char large[OUTLOOK_CA_TEXT_BYTES + 4096];
    memset(large, '\n', sizeof large - 1);
    memcpy(large, CA("\n"), sizeof CA("\n") - 1);
    memset(large + 2000, 'x', sizeof large - 2001);
    CHECK_ERR(trust(large), OUTLOOK_CA);
}

static void test_configure_without_verification(void)
{
    struct rig *r = usual();
    CHECK_OK(configure(r));
    CHECK(!r->o->run.trust.verify && r->source.unverified && r->o->run.plain_allowed);
    r->o->settings.require_verification = true;
    CHECK_ERR(configure(r), CONFIG_VERIFICATION);
    CHECK_STR(buf_str(&r->detail), S("'Enable SSL' is off"));
    values[OUTLOOK_FIELD_SSL_ENABLED].flag = true;
    values[OUTLOOK_FIELD_SSL_CA].text = S(CA(" "));
    CHECK_OK(configure(r));
    CHECK(!r->o->run.plain_allowed);
    r->o->settings.require_verification = false;
}

// Another trust or another host is another number; the same is the same.
static void test_configure_numbers(void)
{
    struct rig *r = usual();
    CHECK_OK(configure(r));
    int number = r->o->run.exchange.index;
    CHECK_OK(configure(r));
    CHECK(r->o->run.exchange.index == number && number >= OUTLOOK_DEST_FIRST);
    CHECK(number < 2 * OUTLOOK_DEST_FIRST && number % 8 == 0);
    values[OUTLOOK_FIELD_SSL_ENABLED].flag = true;
    values[OUTLOOK_FIELD_SSL_CA].text = S(CA(" "));
    CHECK_OK(configure(r));
    CHECK(r->o->run.exchange.index != number);
}

static bool holds(const void *p, size_t n, const char *secret)
{
    return str_find(str_make(p, (isize)n), str_from(secret)) >= 0;
}

static void test_configure_release_wipes(void)
{
    struct rig *r = usual();
    CHECK_OK(configure(r));
    CHECK(holds(r->o, sizeof *r->o, "Passw0rd"));
    u32 identity = (u32)r->o->auth.identity;
    r->source.ops->release(r->o);
    CHECK(!holds(r->o, sizeof *r->o, "Passw0rd") && !holds(r->o, sizeof *r->o, "EXAMPLE"));
    CHECK(!r->o->run.configured && (u32)r->o->auth.identity != identity);
    CHECK(!holds(r->memory, sizeof r->memory, "Passw0rd"));
}

static void test_configure_extras(void)
{
    struct rig *r = usual();
    struct source_setup setup = {.values = values, .document_level_security = true};
    values[OUTLOOK_FIELD_SECURITY].flag = true;
    CHECK_OK(r->source.ops->configure(r->o, &setup, &r->detail));
    CHECK(r->o->run.document_level_security && !r->o->run.content && r->source.may_repeat);
    setup.document_level_security = false;
    CHECK_OK(r->source.ops->configure(r->o, &setup, &r->detail));
    CHECK(!r->o->run.document_level_security);
}

static const struct test_case cases[] = {
    CASE(test_configure_name_for_ntlm),
    CASE(test_configure_after_graph),
    CASE(test_configure_errors),
    CASE(test_configure_bad_addresses),
    CASE(test_configure_exchange_addresses),
    CASE(test_configure_ways_to_the_directory),
    CASE(test_configure_no_way_after_an_answer),
    CASE(test_configure_certificates),
    CASE(test_configure_without_verification),
    CASE(test_configure_numbers),
    CASE(test_configure_release_wipes),
    CASE(test_configure_extras),
};
TEST_MAIN(cases)
