// SPDX-License-Identifier: Apache-2.0
// Tests of DNS packets, at a guard page and cut at every byte, and of the text of resolv.conf.
#include "test.h"

#include "net/dns.h"

// An answer's header and question (mail.test, A, at offset 12), with `count` records to follow
// at 27.
#define HEAD(count) "\x12\x34\x81\x80\0\1\0" count "\0\0\0\0\4mail\4test\0\0\1\0\1"
// What stands between owner and data: type, class, time to live.
#define TYPE_A "\0\1\0\1\0\0\0\74"
#define TYPE_CNAME "\0\5\0\1\0\0\0\74"

// ---- resolv.conf

static void test_config_parse_everything(void)
{
    struct dns_config config;
    dns_config_parse(
        &config,
        test_guarded(S("# comment\n;nameserver 1.1.1.1\ndomain old.test\n"
                       "nameserver 192.0.2.53 # first\n nameserver\t2001:db8::53\r\n"
                       "nameserver no\nnameserver fe80::1%3\nnameserver 192.0.2.4\n"
                       "search a.test b.test. c d e f g\nsortlist 1.2.3.4\n"
                       "options rotate ndots:99 timeout:0 attempts:3 edns0 timeout:x")),
        S(""));
    CHECK(config.server_count == 3);
    CHECK(config.servers[0].port == 53 && config.servers[0].ip[3] == 53 && !config.servers[0].v6);
    CHECK(config.servers[1].v6 && config.servers[2].scope == 3);
    CHECK(config.search_count == DNS_SEARCH_MAX);
    CHECK_STR(str_make(config.search[1], config.search_bytes[1]), S("b.test"));
    CHECK(config.ndots == 15 && config.timeout_ms == 1000 && config.attempts == 3);
}

static void test_config_parse_nothing(void)
{
    struct dns_config config;
    dns_config_parse(&config, S(""), S(""));
    CHECK(config.server_count == 1 && config.servers[0].ip[0] == 127 &&
          config.servers[0].port == 53);
    CHECK(config.ndots == 1 && config.timeout_ms == 5000 && config.attempts == 2);
    CHECK(config.search_count == 0);
}

static void test_config_parse_interface_name(void)
{
    struct dns_config config;
    dns_config_parse(&config, S("nameserver fe80::1%lo\n"), S(""));
    CHECK(config.server_count == 1 && config.servers[0].v6);
    CHECK(config.servers[0].scope == os_interface_index(S("lo")) && config.servers[0].scope);
}

// ---- packets

static enum dns_verdict read_packet(str packet, const char *name, bool aaaa,
                                    struct dns_addresses *out)
{
    struct dns_name wire;
    CHECK_OK(dns_name_parse(str_from(name), &wire));
    return dns_packet_read(packet, &(struct dns_question){&wire, 0x1234, aaaa}, out);
}

static void test_packet_cut_anywhere_is_no_answer(void)
{
    // mail.test -> alias.mail.test -> End.alias.mail.test -> address, by pointers
    str packet = S(HEAD("\3") "\300\14" TYPE_CNAME "\0\10\5alias\300\14" // 27, its data at 39
                              "\300\47" TYPE_CNAME "\0\6\3End\300\47"    // 47, its data at 59
                              "\300\73" TYPE_A "\0\4\300\0\2\7");
    struct dns_addresses out;
    for (isize n = 0; n < packet.n; n++) {
        str cut = test_guarded(str_slice(packet, 0, n));
        enum dns_verdict v = read_packet(cut, "mail.test", false, &out);
        CHECK(v == (n < 27 ? DNS_OTHER : DNS_SERVER_PROBLEM));
    }
    CHECK(read_packet(test_guarded(packet), "MAIL.test.", false, &out) == DNS_ADDRESSES);
    CHECK(out.count == 1 && out.ip[0][3] == 7);
    CHECK(read_packet(packet, "mail.test", true, &out) == DNS_OTHER);
    CHECK(read_packet(packet, "mail2.test", false, &out) == DNS_OTHER);
}

static void test_packet_order_does_not_matter(void)
{
    str packet = S(HEAD("\2") "\5ALIAS\4mail\4Test\0" TYPE_A "\0\4\300\0\2\7"
                              "\300\14" TYPE_CNAME "\0\2\300\33");
    struct dns_addresses out;
    CHECK(read_packet(test_guarded(packet), "mail.test", false, &out) == DNS_ADDRESSES);
    CHECK(out.count == 1 && out.ip[0][3] == 7);
}

static void test_packet_pointers_must_go_back(void)
{
    const str owners[] = {S("\300\33"), S("\300\34"), S("\377\377"),
                          S("\300\0"),  S("\100\1"),  S("\200\1")};
    struct dns_addresses out;
    for (isize i = 0; i < COUNT(owners); i++) {
        u8 space[100];
        struct buf b = buf_over(space, (isize)sizeof space);
        buf_put(&b, S(HEAD("\1")));
        buf_put(&b, owners[i]);
        buf_put(&b, S(TYPE_A "\0\4\1\2\3\4"));
        CHECK(read_packet(test_guarded(buf_str(&b)), "mail.test", false, &out) != DNS_ADDRESSES);
    }
}

static void test_packet_cname_loop_ends(void)
{
    struct dns_addresses out;
    str one = S(HEAD("\1") "\300\14" TYPE_CNAME "\0\2\300\14");
    CHECK(read_packet(one, "mail.test", false, &out) == DNS_SERVER_PROBLEM);
    str two = S(HEAD("\2") "\300\14" TYPE_CNAME "\0\4\1a\300\14"
                           "\300\47" TYPE_CNAME "\0\2\300\14");
    CHECK(read_packet(two, "mail.test", false, &out) == DNS_SERVER_PROBLEM);
}

static void test_packet_what_is_not_taken(void)
{
    struct dns_addresses out;
    str other_owner = S(HEAD("\1") "\300\21" TYPE_A "\0\4\1\2\3\4"); // "test"
    str other_class = S(HEAD("\1") "\300\14\0\1\0\3\0\0\0\0\0\4\1\2\3\4");
    str other_length = S(HEAD("\1") "\300\14" TYPE_A "\0\5\1\2\3\4\5");
    CHECK(read_packet(other_owner, "mail.test", false, &out) == DNS_NO_DATA && out.count == 0);
    CHECK(read_packet(other_class, "mail.test", false, &out) == DNS_NO_DATA && out.count == 0);
    CHECK(read_packet(other_length, "mail.test", false, &out) == DNS_NO_DATA && out.count == 0);
    CHECK(read_packet(S(HEAD("\0")), "mail.test", false, &out) == DNS_NO_DATA);
}

// An id is 16 bits, and each counts: a forger has to guess all.
static void test_packet_other_id(void)
{
    struct dns_addresses out;
    str answer = S(HEAD("\1") "\300\14" TYPE_A "\0\4\1\2\3\4");
    CHECK(read_packet(answer, "mail.test", false, &out) == DNS_ADDRESSES && out.count == 1);
    for (int bit = 0; bit < 16; bit++) {
        u8 bytes[100];
        memcpy(bytes, answer.p, (size_t)answer.n);
        bytes[bit / 8] ^= (u8)(1 << bit % 8);
        CHECK(read_packet(str_make(bytes, answer.n), "mail.test", false, &out) == DNS_OTHER);
    }
}

// A name of 255 octets in the answer is a name, one of 256 is none.
static void test_packet_names_have_a_bound(void)
{
    for (int last = 61; last <= 62; last++) {
        struct dns_addresses out;
        u8 bytes[400];
        struct buf b = buf_over(bytes, COUNT(bytes));
        buf_put(&b, S(HEAD("\2")));
        for (int label = 0; label < 4; label++) {
            int n = label == 3 ? last : 63;
            buf_put_byte(&b, (u8)n);
            buf_put_fill(&b, 'x', n);
        }
        buf_put(&b, S("\0" TYPE_A "\0\4\1\2\3\4"
                      "\300\14" TYPE_A "\0\4\1\2\3\4"));
        enum dns_verdict verdict = read_packet(buf_str(&b), "mail.test", false, &out);
        CHECK(verdict == (last == 61 ? DNS_ADDRESSES : DNS_SERVER_PROBLEM));
    }
}

static void test_name_parse_bounds(void)
{
    struct dns_name name;
    char text[256];
    for (int i = 0; i < 253; i++) {
        text[i] = i % 64 == 63 ? '.' : 'x';
    }
    CHECK_OK(dns_name_parse(str_make(text, 253), &name));
    CHECK(name.bytes == 255);
    text[253] = 'x';
    CHECK_ERR(dns_name_parse(str_make(text, 254), &name), DNS_BAD_NAME);
    memset(text, 'x', 64);
    CHECK_OK(dns_name_parse(str_make(text, 63), &name));
    CHECK_ERR(dns_name_parse(str_make(text, 64), &name), DNS_BAD_NAME);
    CHECK_OK(dns_name_parse(S("_sip.Example.C0M."), &name));
    CHECK_STR(str_make(name.wire, name.bytes), S("\4_sip\7example\3c0m\0"));
}

static const struct test_case cases[] = {
    CASE(test_config_parse_everything),
    CASE(test_config_parse_nothing),
    CASE(test_config_parse_interface_name),
    CASE(test_packet_cut_anywhere_is_no_answer),
    CASE(test_packet_order_does_not_matter),
    CASE(test_packet_pointers_must_go_back),
    CASE(test_packet_cname_loop_ends),
    CASE(test_packet_what_is_not_taken),
    CASE(test_packet_other_id),
    CASE(test_packet_names_have_a_bound),
    CASE(test_name_parse_bounds),
};

TEST_MAIN(cases)
