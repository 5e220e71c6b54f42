// SPDX-License-Identifier: Apache-2.0
// codec/ldap: every message of spec/wire-ldap.md read and written to the byte; answers with lengths
// as Active Directory sends them, cut at every byte, with unknown elements, and malformed.
#include "test.h"

#include "codec/ldap.h"
#include "hex.h"

#define BASE S("DC=example,DC=test")
#define PERSONS S("(&(objectCategory=person)(objectClass=user)(givenName=*))")

static u8 memory[KIB(8)];
static struct buf bytes = {memory, 0, COUNT(memory), false};

static str unhex(const char *text)
{
    bytes.n = 0;
    return test_guarded(hex_put(&bytes, text));
}

static void check_hex(const struct buf *got, const char *want)
{
    u8 text[1024], wanted_text[1024];
    struct buf hex = buf_over(text, COUNT(text)), wanted = buf_over(wanted_text, COUNT(text));
    buf_put_hex(&hex, buf_str(got));
    buf_put_hex(&wanted, unhex(want));
    CHECK_STR(buf_str(&hex), buf_str(&wanted));
}

static struct ldap_message read_message(const char *hex)
{
    struct ldap_message m;
    str in = unhex(hex);
    isize n;
    CHECK_OK(ldap_message_bytes(in, &n));
    CHECK(n == in.n);
    CHECK_OK(ldap_message_read(in, &m));
    for (n = 0; n < in.n; n++) { // a part of it is no message
        struct ldap_message part;
        CHECK_ERR(ldap_message_read(test_guarded(str_slice(in, 0, n)), &part), LDAP_SYNTAX);
    }
    return m;
}

// ---- requests

static u8 out_memory[1024];

static struct buf fresh(void)
{
    return buf_over(out_memory, COUNT(out_memory));
}

static void test_put_bind(void)
{
    struct buf b = fresh();
    CHECK_OK(ldap_put_simple_bind(&b, 1, S("EXAMPLE\\svc"), S("Passw0rd")));
    check_hex(&b, "301f020101601a020103040b4558414d504c455c73766380085061737377307264");
    b = fresh();
    CHECK_OK(ldap_put_simple_bind(&b, 1, S("svc@example.test"), S("Passw0rd")));
    check_hex(&b, "3024020101601f0201030410737663406578616d706c652e746573748008506173737730"
                  "7264");
    b = fresh();
    CHECK_ERR(ldap_put_simple_bind(&b, 1, S("svc@example.test"), S("")), LDAP_NO_PASSWORD);
    CHECK(b.n == 0 && !b.full);
}

static void test_put_spnego_bind(void)
{
    u8 token[40] = {0x4e};
    struct buf b = fresh();
    ldap_put_spnego_bind(&b, 1, str_make(token, COUNT(token)));
    check_hex(&b,
              "3042020101603d0201030400a336040a4753532d53504e45474f0428"
              "4e000000000000000000000000000000000000000000000000000000000000000000000000000000");
}

static void test_put_small(void)
{
    struct buf b = fresh();
    ldap_put_unbind(&b, 9);
    check_hex(&b, "30050201094200");
    b = fresh();
    ldap_put_start_tls(&b, 1);
    check_hex(&b, "301d02010177188016312e332e362e312e342e312e313436362e3230303337");
}

static void put_search(struct buf *b, int id, const struct ldap_search *search, const char *want)
{
    *b = fresh();
    CHECK_OK(ldap_put_search(b, id, search));
    check_hex(b, want);
}

static void test_put_search_reference(void)
{
    struct buf b;
    struct ldap_search s = {.base = BASE,
                            .scope = LDAP_SCOPE_SUBTREE,
                            .deref = LDAP_DEREF_ALWAYS,
                            .filter = PERSONS,
                            .attributes = S("mail")};
    put_search(
        &b, 3, &s,
        "306c02010363670412 44433d6578616d706c652c44433d74657374 0a01020a0103020100020100010100"
        "a03aa318040e6f626a65637443617465676f72790406706572736f6e"
        "a313040b6f626a656374436c617373040475736572 8709676976656e4e616d65 300604046d61696c");
    s.filter = S("(&(objectClass=person)(|(cn=*admin*)(cn=*normal*)))");
    put_search(
        &b, 4, &s,
        "306a02010463650412 44433d6578616d706c652c44433d74657374 0a01020a0103020100020100010100"
        "a038a315040b6f626a656374436c6173730406706572736f6e"
        "a11fa40d0402636e3007810561646d696e a40e0402636e300881066e6f726d616c 300604046d61696c");
}

static void test_put_search_root(void)
{
    struct buf b;
    struct ldap_search s = {
        .filter = S("(objectClass=*)"),
        .attributes = S("defaultNamingContext supportedControl supportedSASLMechanisms")};
    put_search(&b, 2, &s,
               "3066020102636104000a01000a0100020100020100010100870b6f626a656374436c6173733041"
               "041464656661756c744e616d696e67436f6e74657874"
               "0410737570706f72746564436f6e74726f6c"
               "0417737570706f727465645341534c4d656368616e69736d73");
    s.attributes = S("subschemaSubentry +");
    s.deref = LDAP_DEREF_ALWAYS;
    put_search(&b, 2, &s,
               "303b020102633604000a01000a0103020100020100010100870b6f626a656374436c617373"
               "30160411737562736368656d61537562656e74727904012b");
}

#define PAGED                                                                              \
    "041244433d6578616d706c652c44433d746573740a01020a0103020100020100010100a03aa318"       \
    "040e6f626a65637443617465676f72790406706572736f6ea313040b6f626a656374436c617373040475" \
    "7365728709676976656e4e616d65300604046d61696c"

static void test_put_search_paged(void)
{
    struct buf b;
    struct ldap_search s = {.base = BASE,
                            .scope = LDAP_SCOPE_SUBTREE,
                            .deref = LDAP_DEREF_ALWAYS,
                            .filter = PERSONS,
                            .attributes = S(" mail "),
                            .page_size = 500};
    put_search(
        &b, 3, &s,
        "3081950201036367" PAGED
        "a02730250416312e322e3834302e3131333535362e312e342e3331390101ff04083006020201f40400");
    s.cookie = S("\1\2\3\4\5\6\7\x8");
    put_search(&b, 4, &s,
               "30819d0201046367" PAGED "a02f302d0416312e322e3834302e3131333535362e312e342e333139"
               "0101ff0410300e020201f404080102030405060708");
}

static void test_put_search_refused(void)
{
    struct buf b = fresh();
    struct ldap_search s = {.base = BASE, .filter = S("(cn=a"), .attributes = S("mail")};
    buf_put(&b, S("before"));
    CHECK_ERR(ldap_put_search(&b, 1, &s), LDAP_FILTER);
    CHECK_STR(buf_str(&b), S("before"));
    s.filter = S("(cn=a)");
    for (isize room = 0; room < 58; room++) { // each room that is too small
        b = buf_over(out_memory, room);
        CHECK_OK(ldap_put_search(&b, 1, &s));
        CHECK(b.full);
    }
}

// ---- framing

static void test_message_bytes(void)
{
    str in = unhex("300c02010161070a010004000400300c020102");
    isize n;
    for (isize i = 0; i <= in.n; i++) {
        CHECK_OK(ldap_message_bytes(test_guarded(str_slice(in, 0, i)), &n));
        CHECK(n == (i < 2 ? 0 : 14));
    }
    CHECK_OK(ldap_message_bytes(unhex("308400000005"), &n));
    CHECK(n == 11);
    CHECK_ERR(ldap_message_bytes(S("HTTP/1.1"), &n), LDAP_SYNTAX);
    CHECK_ERR(ldap_message_bytes(unhex("150301"), &n), LDAP_SYNTAX); // an alert of TLS
    CHECK_ERR(ldap_message_bytes(unhex("3080"), &n), LDAP_SYNTAX);
    CHECK_OK(ldap_message_bytes(unhex("30840000fffa"), &n));
    CHECK(n == LDAP_MESSAGE_BYTES);
    CHECK_ERR(ldap_message_bytes(unhex("30840000fffb"), &n), LDAP_TOO_LARGE);
    CHECK_ERR(ldap_message_bytes(unhex("3084ffffffff"), &n), LDAP_TOO_LARGE);
}

// ---- answers

static void test_read_bind(void)
{
    struct ldap_message m = read_message("300c02010161070a010004000400");
    CHECK(m.id == 1 && m.op == LDAP_BIND_RESPONSE && m.result == LDAP_SUCCESS);
    CHECK(m.diagnostic.n == 0 && m.credentials.n == 0 && !m.paged);
    static const char *const refused[] = {
        "3063020101615e0a01310400045738303039303330383a204c6461704572723a20445349442d3043303930"
        "3434452c20636f6d6d656e743a20416363657074536563757269747943"
        "6f6e74657874206572726f722c2064617461203532652c207632353830",
        // As AD ends it: with a line end and a NUL.
        "306502010161600a01310400045938303039303330383a204c6461704572723a20445349442d3043303930"
        "3434452c20636f6d6d656e743a20416363657074536563757269747943"
        "6f6e74657874206572726f722c2064617461203532652c2076323538300a00",
    };
    for (isize i = 0; i < COUNT(refused); i++) {
        m = read_message(refused[i]);
        CHECK(m.result == LDAP_INVALID_CREDENTIALS);
        CHECK_STR(m.diagnostic,
                  S("80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext "
                    "error, data 52e, v2580"));
    }

    m = read_message("3015020102 6110 0a010e 0400 0400 8707 4e544c4d535350");
    CHECK(m.id == 2 && m.result == LDAP_SASL_IN_PROGRESS);
    CHECK_STR(m.credentials, S("NTLMSSP"));
}

static void test_read_entry(void)
{
    struct ldap_message m = read_message(
        "304b020103644604 26434e3d416e6e20446f652c4f553d53746166662c44433d6578616d706c652c44433d74"
        "657374 301c301a04046d61696c31120410616e6e406578616d706c652e74657374");
    str value;
    CHECK(m.id == 3 && m.op == LDAP_ENTRY);
    CHECK_STR(m.dn, S("CN=Ann Doe,OU=Staff,DC=example,DC=test"));
    CHECK_STR(ldap_dn_name(m.dn), S("Ann Doe"));
    CHECK(ldap_entry_value(&m, S("MAIL"), &value));
    CHECK_STR(value, S("ann@example.test"));
    CHECK(!ldap_entry_value(&m, S("mai"), &value) && !ldap_entry_value(&m, S("mails"), &value));
    CHECK(ldap_entry_has(&m, S("MAIL"), S("Ann@example.test")));
    CHECK(!ldap_entry_has(&m, S("mail"), S("ann@example.tes")) &&
          !ldap_entry_has(&m, S("mai"), S("ann@example.test")));
}

// Lengths of four bytes, an attribute without values, one with options and two values.
static void test_read_entry_of_ad(void)
{
    struct ldap_message m = read_message(
        "30840000003802010364840000002f0403434e3d30840000002430840000000804046e616d653100"
        "30840000001004076d61696c3b656e31050401610400");
    struct ldap_attribute a;
    str rest = m.attributes, value;
    CHECK(ldap_attribute_next(&rest, &a) && ldap_attribute_is(&a, S("name")));
    CHECK(!ldap_value_next(&a.values, &value));
    CHECK(ldap_attribute_next(&rest, &a) && ldap_attribute_is(&a, S("Mail")));
    CHECK_STR(a.type, S("mail;en"));
    CHECK(ldap_value_next(&a.values, &value) && str_eq(value, S("a")));
    CHECK(ldap_value_next(&a.values, &value) && value.n == 0);
    CHECK(!ldap_value_next(&a.values, &value) && !ldap_attribute_next(&rest, &a));
    CHECK(!ldap_entry_value(&m, S("name"), &value) && ldap_entry_value(&m, S("mail"), &value));
    m = read_message("300a02010364050401613000"); // a user without mail
    CHECK(m.attributes.n == 0 && !ldap_entry_value(&m, S("mail"), &value));
}

static void test_read_reference(void)
{
    struct ldap_message m = read_message(
        "304e020103734904476c6461703a2f2f466f72657374446e735a6f6e65732e6578616d706c652e746573742f"
        "44433d466f72657374446e735a6f6e65732c44433d6578616d706c652c44433d74657374");
    CHECK(m.op == LDAP_REFERENCE);
    CHECK_STR(m.uri, S("ldap://ForestDnsZones.example.test/DC=ForestDnsZones,DC=example,DC=test"));
}

static void test_read_done(void)
{
    struct ldap_message m = read_message("300c02010365070a010004000400");
    CHECK(m.op == LDAP_DONE && m.id == 3 && !m.paged && m.cookie.n == 0);
    m = read_message("303902010365070a010004000400a02b30290416312e322e3834302e3131333535362e312e34"
                     "2e333139040f300d02010004080102030405060708");
    CHECK(m.paged);
    CHECK_STR(m.cookie, S("\1\2\3\4\5\6\7\x8"));
    m = read_message("303102010465070a010004000400a02330210416312e322e3834302e3131333535362e312e34"
                     "2e333139040730050201000400");
    CHECK(m.paged && m.cookie.n == 0 && m.id == 4);
    m = read_message("3020020103651b0a010a040004020a00a310040e6c6461703a2f2f6f746865722f78");
    CHECK(m.result == LDAP_REFERRAL && m.diagnostic.n == 0);
    CHECK_STR(m.uri, S("ldap://other/x"));
}

static void test_read_extended(void)
{
    struct ldap_message m = read_message(
        "3024020101781f0a0100040004008a16312e332e362e312e342e312e313436362e3230303337");
    CHECK(m.op == LDAP_EXTENDED_RESPONSE && m.result == LDAP_SUCCESS && !ldap_is_disconnection(&m));
    CHECK_STR(m.name, S("1.3.6.1.4.1.1466.20037"));
    m = read_message(
        "303f020100783a0a01340400041b54686520736572766572206973207368757474696e6720646f"
        "776e8a16312e332e362e312e342e312e313436362e3230303336");
    CHECK(m.id == 0 && m.result == LDAP_UNAVAILABLE && ldap_is_disconnection(&m));
    CHECK_STR(m.diagnostic, S("The server is shutting down"));
}

// Operations, controls and elements that are not known, at each place where they may come.
static void test_read_unknown(void)
{
    struct ldap_message m = read_message("30080201027903040161");
    CHECK(m.op == 0x79 && m.id == 2);
    m = read_message("302a020101610a0a0100040004008f0161"
                     "a01630050403312e32300d0403322e330101ff04036162638a0178");
    CHECK(m.op == LDAP_BIND_RESPONSE && !m.paged);
}

static void test_read_malformed(void)
{
    static const char *const bad[] = {
        "30080201036403040161",                         // an entry without attributes
        "300c020103640704016130020400",                 // an attribute that is no sequence
        "300f020103640a04016130053003040161",           // one without values
        "3012020103640d04016130083006040161310104",     // values that are cut
        "3014020103640f040161300a30080401613103020101", // a value that is no string
        "30080201037303020101",                         // a reference that is no string
        "30050201037300",                               // an empty one
        "300f02010365070a010004000400a00130",           // controls that are cut
        // Paging without a value, with a malformed one, without a cookie.
        "302802010365070a010004000400a01a30180416312e322e3834302e3131333535362e312e342e333139",
        "302b02010365070a010004000400a01d301b0416312e322e3834302e3131333535362e312e342e3331390401"
        "02",
        "302f02010365070a010004000400a021301f0416312e322e3834302e3131333535362e312e342e3331390405"
        "3003020100",
        "300e02010161090a0100040004008702",     // credentials that are cut
        "300a02010161050a01000400",             // no diagnostic message
        "300c020101610702010004000400",         // a result that is no enumerated value
        "300c0201ff61070a010004000400",         // a negative id
        "30100205008000000061070a010004000400", // an id beyond 2^31
        "300c02010161070a01ff04000400",         // a negative result
        "300c02010161070a01000400040000",       // a byte too many
        "300e02010365090a010a04000400a300",     // a referral to nowhere
        "3000",
        "3003020101",
    };
    for (isize i = 0; i < COUNT(bad); i++) {
        struct ldap_message m;
        err e = ldap_message_read(unhex(bad[i]), &m);
        if (!err_is(e, ERR_LDAP_SYNTAX)) {
            fprintf(stderr, "%s\n", bad[i]);
        }
        CHECK_ERR(e, LDAP_SYNTAX);
    }
}

static const struct test_case cases[] = {
    CASE(test_put_bind),           CASE(test_put_spnego_bind),
    CASE(test_put_small),          CASE(test_put_search_reference),
    CASE(test_put_search_root),    CASE(test_put_search_paged),
    CASE(test_put_search_refused), CASE(test_message_bytes),
    CASE(test_read_bind),          CASE(test_read_entry),
    CASE(test_read_entry_of_ad),   CASE(test_read_reference),
    CASE(test_read_done),          CASE(test_read_extended),
    CASE(test_read_unknown),       CASE(test_read_malformed),
};
TEST_MAIN(cases)
