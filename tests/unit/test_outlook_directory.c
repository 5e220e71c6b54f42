// SPDX-License-Identifier: Apache-2.0
// source/outlook/outlook_directory: the conversation with Active Directory by hand, with the bytes
// of wire-ldap.md.
#include "outlook_rig.h"

#include "hex.h"

#define BIND_OK "300c02010161070a010004000400"
#define DONE(id) "300c0201" id "65070a010004000400"
#define DONE_MORE(id)                                                                    \
    "30390201" id "65070a010004000400a02b30290416312e322e3834302e3131333535362e312e342e" \
    "333139040f300d02010004080102030405060708"
#define ENTRY(id, mail)                                                                           \
    "304b0201" id "64460426434e3d416e6e20446f652c4f553d53746166662c44433d6578616d706c652c44433d7" \
    "4657374301c301a04046d61696c31120410" mail
#define ANN "616e6e406578616d706c652e74657374" // ann@example.test
#define REFERENCE(id)                                                  \
    "304e0201" id "73490447"                                           \
    "6c6461703a2f2f466f72657374446e735a6f6e65732e6578616d706c652e7465" \
    "73742f44433d466f72657374446e735a6f6e65732c44433d6578616d706c652c44433d74657374"

static struct {
    struct exchange x;
    u8 target[64], detail[512], sent_bytes[KIB(16)], bytes[KIB(8)];
    struct buf sent;
    bool last;
    err error;
} talk;

static struct rig *begin(void)
{
    struct rig *r = rig_make(KIB(32));
    memset(&talk, 0, sizeof talk);
    talk.x.target = buf_over(talk.target, COUNT(talk.target));
    talk.x.detail = buf_over(talk.detail, COUNT(talk.detail));
    talk.sent = buf_over(talk.sent_bytes, COUNT(talk.sent_bytes));
    CHECK(r->source.ops->accounts_next(r->o, &r->directory_state, 1000, &talk.x) == STEP_REQUEST);
    CHECK(talk.x.flags == EXCHANGE_STREAM && talk.x.timeout_ms == OUTLOOK_DIRECTORY_MS);
    CHECK_OK(r->source.ops->accounts_send(r->o, &r->directory_state, &talk.sent, &talk.last));
    CHECK(str_find(buf_str(&talk.sent), S("EXAMPLE\\svc")) >= 0);
    return r;
}

static str unhex(const char *hex)
{
    struct buf b = buf_over(talk.bytes, COUNT(talk.bytes));
    return hex_put(&b, hex);
}

// The directory says this; what is sent then is in talk.sent.
static err hear(struct rig *r, const char *hex, isize step)
{
    str in = test_guarded(unhex(hex));
    isize given = 0, taken = 0;
    for (int turns = 0; taken < in.n && turns < 20000; turns++) {
        given = step && step < in.n - given ? given + step : in.n;
        str piece = str_slice(in, taken, given);
        talk.error = r->source.ops->accounts_body(r->o, &r->directory_state, &talk.x, &piece,
                                                  &r->sink);
        taken = given - piece.n;
        if (!err_ok(talk.error)) {
            return talk.error;
        }
        r->accounts_room += piece.n > 0;
    }
    CHECK(taken == in.n);
    buf_reset(&talk.sent);
    return r->source.ops->accounts_send(r->o, &r->directory_state, &talk.sent, &talk.last);
}

static bool sent(const char *hex)
{
    u8 kept[64];
    struct buf b = buf_over(kept, COUNT(kept));
    buf_put(&b, unhex(hex));
    return str_find(buf_str(&talk.sent), buf_str(&b)) >= 0;
}

static void walk(isize step, int room)
{
    struct rig *r = begin();
    r->accounts_room = room;
    CHECK_OK(hear(r, BIND_OK, step));
    CHECK(str_find(buf_str(&talk.sent), S("givenName")) >= 0);
    CHECK_OK(hear(r, ENTRY("02", ANN) REFERENCE("02") ENTRY("02", ANN) DONE_MORE("02"), step));
    CHECK(sent("04080102030405060708") && str_find(buf_str(&talk.sent), S("givenName")) >= 0);
    CHECK_OK(hear(r, ENTRY("03", ANN) DONE("03"), step));
    CHECK(str_find(buf_str(&talk.sent), S("normal")) >= 0 && !sent("04080102030405060708"));
    CHECK_OK(hear(r, ENTRY("04", ANN) DONE("04"), step));
    CHECK(talk.last && sent("4200"));
    CHECK_OK(r->source.ops->accounts_end(r->o, &r->directory_state, &talk.x));
    CHECK(r->source.ops->accounts_next(r->o, &r->directory_state, 1000, &talk.x) == STEP_DONE);
    CHECK(r->accounts == 4 && r->directory_state.referrals == 1);
    CHECK(str_starts(buf_str(&r->accounts_seen), S("ann@example.test[]Ann Doe\n")));
}

static void test_directory_walk(void)
{
    walk(0, RIG_ACCOUNTS);
}

static void test_directory_in_pieces_and_held_up(void)
{
    for (isize step = 1; step < 90; step++) {
        walk(step, (int)step % 5);
    }
}

// Answers to what nobody asked are passed over.
static void test_directory_other_ids(void)
{
    struct rig *r = begin();
    CHECK_OK(hear(r, "300c02010761070a010004000400", 0));
    CHECK(r->directory_state.step == OUTLOOK_LDAP_BIND && talk.sent.n == 0);
    CHECK_OK(hear(r, BIND_OK ENTRY("02", ANN), 0)); // before it was asked
    CHECK(r->accounts == 0);
    CHECK_OK(hear(r, ENTRY("09", ANN), 0));
    CHECK(r->accounts == 0 && r->directory_state.step == OUTLOOK_LDAP_SEARCH);
}

static void test_directory_refuses(void)
{
    struct rig *r = begin();
    CHECK_ERR(hear(r,
                   "3063020101615e0a01310400045738303039303330383a204c6461704572723a20445349442d3"
                   "0433039303434452c20636f6d6d656e743a204163636570745365637572697479436f6e746578"
                   "74206572726f722c2064617461203532652c207632353830",
                   0),
              LDAP_CREDENTIALS);
    CHECK(talk.x.detail.n > 0 && str_find(buf_str(&talk.x.detail), S("Passw0rd")) < 0);
    CHECK(!r->source.ops->accounts_fail(r->o, &r->directory_state, &talk.x, talk.error));
    r = begin();
    CHECK_ERR(hear(r,
                   "303f020100783a0a01340400041b54686520736572766572206973207368757474696e672064"
                   "6f776e8a16312e332e362e312e342e312e313436362e3230303336",
                   0),
              LDAP_DISCONNECTED);
    r = begin();
    CHECK_OK(hear(r, BIND_OK, 0));
    CHECK_ERR(hear(r, "300c02010265070a010404000400", 0), LDAP_CUT);
}

static void test_directory_without_paging(void)
{
    struct rig *r = begin();
    CHECK_OK(hear(r, BIND_OK, 0));
    CHECK(str_find(buf_str(&talk.sent), S("1.2.840.113556.1.4.319")) >= 0);
    CHECK_OK(hear(r, "300c02010265070a010c04000400", 0));
    CHECK(str_find(buf_str(&talk.sent), S("1.2.840.113556.1.4.319")) < 0);
    CHECK(str_find(buf_str(&talk.sent), S("givenName")) >= 0);
    CHECK_ERR(hear(r, "300c02010365070a010c04000400", 0), LDAP_NO_PAGING);
}

// The same cookie again, and nothing came: it would have no end.
static void test_directory_circle(void)
{
    struct rig *r = begin();
    CHECK_OK(hear(r, BIND_OK, 0));
    CHECK_OK(hear(r, DONE_MORE("02"), 0));
    CHECK_ERR(hear(r, DONE_MORE("03"), 0), LDAP_ENDLESS);
}

static err hear_cookie(int bytes)
{
    static char text[KIB(4)];
    struct rig *r = begin();
    CHECK_OK(hear(r, BIND_OK, 0));
    int n = bytes; // of each element within the others, from the inside
    int value = 3 + 4 + n, octets = 4 + value, control = 24 + 4 + octets, list = 4 + control;
    int at = snprintf(text, sizeof text,
                      "3082%04x02010265070a010004000400a082%04x3082%04x0416"
                      "312e322e3834302e3131333535362e312e342e3331390482%04x3082%04x0201000482%04x",
                      12 + 4 + list, list, control, octets, value, n);
    memset(text + at, '0', (size_t)n * 2);
    text[at + n * 2] = 0;
    return hear(r, text, 0);
}

static void test_directory_cookie_bound(void)
{
    CHECK_OK(hear_cookie(LDAP_COOKIE_BYTES));
    CHECK_ERR(hear_cookie(LDAP_COOKIE_BYTES + 1), LDAP_TOO_LARGE);
}

static void test_directory_no_ldap(void)
{
    static const char *const texts[] = {"485454502f312e31", "3000", "30f7", "3080", "308400ffffff"};
    for (isize i = 0; i < COUNT(texts); i++) {
        for (isize step = 0; step < 2; step++) {
            struct rig *r = begin();
            err e = hear(r, texts[i], step);
            CHECK(err_is(e, ERR_LDAP_SYNTAX) || err_is(e, ERR_LDAP_TOO_LARGE));
        }
    }
}

// An address that cannot stand in a request is an account all the same, without a name.
static void test_directory_odd_addresses(void)
{
    struct rig *r = begin();
    CHECK_OK(hear(r, BIND_OK, 0));
    CHECK_OK(hear(r, ENTRY("02", "616e6e406578616d706c650a74657374"), 0)); // a line end
    CHECK_STR(buf_str(&r->accounts_seen), S("[]Ann Doe\n"));
    CHECK_OK(hear(r, ENTRY("02", "616e6e2e6578616d706c652e74657374"), 0)); // no @
    CHECK_OK(hear(r, ENTRY("02", "616e6e406578616d706c65ff74657374"), 0)); // no UTF-8
    CHECK(r->accounts == 1 && r->directory_state.without_address == 2);
}

// A broken conversation begins again, from its beginning.
static void test_directory_again(void)
{
    struct rig *r = begin();
    CHECK_OK(hear(r, BIND_OK, 0));
    CHECK_OK(hear(r, DONE_MORE("02") "30", 0));
    CHECK(r->directory_state.cookie_bytes == 8 && r->directory_state.input_bytes == 1);
    CHECK(r->source.ops->accounts_next(r->o, &r->directory_state, 1000, &talk.x) == STEP_REQUEST);
    CHECK(r->directory_state.cookie_bytes == 0 && r->directory_state.input_bytes == 0);
    buf_reset(&talk.sent);
    CHECK_OK(r->source.ops->accounts_send(r->o, &r->directory_state, &talk.sent, &talk.last));
    CHECK(str_starts(buf_str(&talk.sent), S("\x30\x1f\x02\x01\x01\x60")) ||
          str_find(buf_str(&talk.sent), S("Passw0rd")) >= 0);
    CHECK_OK(hear(r, BIND_OK, 0));
    CHECK_OK(hear(r, DONE("02"), 0));
}

#define ENTRY_CONTROL(id, mail, control)                                                          \
    "30680201" id "64630426434e3d416e6e20446f652c4f553d53746166662c44433d6578616d706c652c44433d7" \
    "46573743039301a04046d61696c31120410" mail                                                    \
    "301b0412757365724163636f756e74436f6e74726f6c31050403" control

static void test_directory_disabled_accounts(void)
{
    struct rig *r = begin();
    CHECK_OK(hear(r, BIND_OK, 0));
    CHECK_OK(hear(r, ENTRY_CONTROL("02", ANN, "353134"), 0)); // 514
    CHECK_OK(hear(r, ENTRY_CONTROL("02", ANN, "353132"), 0)); // 512
    CHECK_STR(buf_str(&r->accounts_seen),
              S("ann@example.test[disabled]Ann Doe\nann@example.test[]Ann Doe\n"));
}

// LDAPS, then StartTLS; without TLS only where the record says that nothing is verified.
static void test_directory_ways(void)
{
    for (int plain = 0; plain < 2; plain++) {
        struct rig *r = begin();
        r->o->run.plain_allowed = plain;
        const struct dest *dest = talk.x.dest;
        CHECK(dest->url.tls && !dest->start_tls && dest->url.port == 636);
        CHECK(r->source.ops->accounts_fail(r->o, &r->directory_state, &talk.x, FAIL(NET_REFUSED)));
        CHECK(r->source.ops->accounts_next(r->o, &r->directory_state, 1000, &talk.x) ==
              STEP_REQUEST);
        dest = talk.x.dest;
        CHECK(!dest->url.tls && dest->start_tls && dest->url.port == 389);
        bool more = r->source.ops->accounts_fail(r->o, &r->directory_state, &talk.x,
                                                 FAIL(LDAP_START_TLS));
        enum step step = r->source.ops->accounts_next(r->o, &r->directory_state, 1000, &talk.x);
        CHECK(more == plain && step == (plain ? STEP_REQUEST : STEP_FAILED));
        dest = talk.x.dest;
        CHECK(!plain || (!dest->url.tls && !dest->start_tls));
    }
}

static const struct test_case cases[] = {
    CASE(test_directory_disabled_accounts),
    CASE(test_directory_ways),
    CASE(test_directory_walk),
    CASE(test_directory_in_pieces_and_held_up),
    CASE(test_directory_other_ids),
    CASE(test_directory_refuses),
    CASE(test_directory_without_paging),
    CASE(test_directory_circle),
    CASE(test_directory_cookie_bound),
    CASE(test_directory_no_ldap),
    CASE(test_directory_odd_addresses),
    CASE(test_directory_again),
};
TEST_MAIN(cases)
