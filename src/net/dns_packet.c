// SPDX-License-Identifier: Apache-2.0
// DNS packets (see dns_packet.h). The reader walks the answer section once for each step of a CNAME
// chain: at most DNS_CNAME_MAX + 1 times over a packet of at most 64 KiB, and a packet that makes
// this slow must have been sent by the name server itself. Section numbers are those of RFC 1035.
#include "net/dns_packet.h"

#include <string.h>

enum {
    DNS_HEADER_BYTES = 12,
    DNS_TYPE_A = 1,
    DNS_TYPE_CNAME = 5,
    DNS_TYPE_AAAA = 28,
    DNS_CLASS_IN = 1,
    DNS_FLAG_ANSWER = 0x8000,
    DNS_FLAG_AUTHORITY = 0x0400,
    DNS_FLAG_TRUNCATED = 0x0200,
    DNS_FLAG_RECURSION_DESIRED = 0x0100,
    DNS_FLAG_RECURSION_AVAILABLE = 0x0080,
    DNS_OPCODE_MASK = 0x7800,
    DNS_RCODE_MASK = 0x000f,
    DNS_RCODE_NXDOMAIN = 3,
    DNS_LABEL_MAX = 63,
    DNS_NAME_MAX = 255, // octets with the root label
};

static bool dns_label_byte(u8 c)
{
    u8 low = str_lower_byte(c);
    return (low >= 'a' && low <= 'z') || str_is_digit(c) || c == '-' || c == '_';
}

static err dns_name_put_label(struct dns_name *out, str label, bool *digits)
{
    if (label.n == 0 || label.n > DNS_LABEL_MAX || out->bytes + label.n + 2 > DNS_NAME_MAX) {
        return FAIL(DNS_BAD_NAME);
    }
    *digits = true;
    out->wire[out->bytes++] = (u8)label.n;
    for (isize i = 0; i < label.n; i++) {
        if (!dns_label_byte(label.p[i])) {
            return FAIL(DNS_BAD_NAME);
        }
        *digits = *digits && str_is_digit(label.p[i]);
        out->wire[out->bytes++] = str_lower_byte(label.p[i]);
    }
    return OK;
}

err dns_name_parse(str text, struct dns_name *out)
{
    bool more = true, digits = false;
    out->bytes = 0;
    if (str_ends(text, S("."))) {
        text.n--;
    }
    while (more) { // each turn takes a label of at least one byte from the text
        str label;
        text = str_cut(text, '.', &label, &more);
        TRY(dns_name_put_label(out, label, &digits));
    }
    out->wire[out->bytes++] = 0;
    return digits ? FAIL(DNS_BAD_NAME) : OK;
}

static void dns_put_u16(struct buf *b, unsigned v)
{
    buf_put_byte(b, (u8)(v >> 8));
    buf_put_byte(b, (u8)v);
}

static unsigned dns_type(const struct dns_question *question)
{
    return question->aaaa ? DNS_TYPE_AAAA : DNS_TYPE_A;
}

void dns_packet_put_query(struct buf *b, const struct dns_question *question)
{
    dns_put_u16(b, question->id);
    dns_put_u16(b, DNS_FLAG_RECURSION_DESIRED);
    dns_put_u16(b, 1); // questions
    dns_put_u16(b, 0);
    dns_put_u16(b, 0);
    dns_put_u16(b, 0);
    buf_put(b, str_make(question->name->wire, question->name->bytes));
    dns_put_u16(b, dns_type(question));
    dns_put_u16(b, DNS_CLASS_IN);
}

isize dns_packet_query_bytes(const struct dns_name *name)
{
    return DNS_HEADER_BYTES + name->bytes + 4; // type and class
}

// A place in a packet. `bad` sticks; reading beyond the end gives zeros.
struct dns_cursor {
    str packet;
    isize at;
    bool bad;
};

static unsigned dns_take_u16(struct dns_cursor *c)
{
    if (c->bad || c->packet.n - c->at < 2) {
        c->bad = true;
        return 0;
    }
    c->at += 2;
    return (unsigned)c->packet.p[c->at - 2] << 8 | c->packet.p[c->at - 1];
}

static str dns_take_bytes(struct dns_cursor *c, isize n)
{
    if (c->bad || c->packet.n - c->at < n) {
        c->bad = true;
        return (str){0};
    }
    c->at += n;
    return str_slice(c->packet, c->at - n, c->at);
}

// Reads a name, following pointers (section 4.1.4). `limit` only falls, so that this ends.
static void dns_take_name(struct dns_cursor *c, struct dns_name *out)
{
    struct dns_cursor read = *c; // goes where pointers lead; *c stays behind the first of them
    isize limit = c->at;
    bool jumped = false;
    out->bytes = 0;
    for (;;) {
        str head = dns_take_bytes(&read, 1);
        u8 length = head.n ? head.p[0] : 0;
        if ((length & 0xc0) == 0xc0) {
            str low = dns_take_bytes(&read, 1);
            isize to = low.n ? (isize)(length & 0x3f) << 8 | low.p[0] : 0;
            c->at = jumped ? c->at : read.at;
            jumped = true;
            read.bad = read.bad || to >= limit;
            read.at = limit = to;
        } else {
            str label = dns_take_bytes(&read, length);
            read.bad = read.bad || length > DNS_LABEL_MAX || out->bytes + length + 1 > DNS_NAME_MAX;
            if (!read.bad) {
                out->wire[out->bytes++] = length;
                for (isize i = 0; i < label.n; i++) {
                    out->wire[out->bytes++] = str_lower_byte(label.p[i]);
                }
            }
            if (length == 0) {
                break;
            }
        }
        if (read.bad) {
            break;
        }
    }
    c->bad = c->bad || read.bad;
    c->at = jumped ? c->at : read.at;
}

static bool dns_name_eq(const struct dns_name *a, const struct dns_name *b)
{
    return str_eq(str_make(a->wire, a->bytes), str_make(b->wire, b->bytes));
}

// The records behind a question, of which those of one type are wanted.
struct dns_section {
    struct dns_cursor cursor;
    unsigned count;
    unsigned type;
};

// One walk over the answers for the records that `owner` owns: addresses are added to *out, the
// target of a CNAME goes to *target. False when the section could not be read to its end.
static bool dns_walk_answers(const struct dns_section *section, const struct dns_name *owner,
                             struct dns_addresses *out, struct dns_name *target)
{
    struct dns_cursor c = section->cursor;
    isize want = section->type == DNS_TYPE_AAAA ? 16 : 4;
    target->bytes = 0;
    for (unsigned i = 0; i < section->count && !c.bad; i++) {
        struct dns_name name;
        dns_take_name(&c, &name);
        unsigned rr_type = dns_take_u16(&c);
        unsigned rr_class = dns_take_u16(&c);
        (void)dns_take_bytes(&c, 4); // time to live: nothing is kept
        unsigned data_bytes = dns_take_u16(&c);
        struct dns_cursor data = c;
        str bytes = dns_take_bytes(&c, data_bytes);
        if (c.bad || rr_class != DNS_CLASS_IN || !dns_name_eq(&name, owner)) {
            continue;
        }
        if (rr_type == section->type && bytes.n == want && out->count < DNS_ADDRS_MAX) {
            memcpy(out->ip[out->count++], bytes.p, (size_t)want);
        } else if (rr_type == DNS_TYPE_CNAME) {
            dns_take_name(&data, target);
            target->bytes = data.bad || data.at != c.at ? 0 : target->bytes;
        }
    }
    return !c.bad;
}

static bool dns_question_matches(struct dns_cursor *c, const struct dns_question *question)
{
    struct dns_name name;
    dns_take_name(c, &name);
    unsigned type = dns_take_u16(c);
    unsigned class = dns_take_u16(c);
    return !c->bad && type == dns_type(question) && class == DNS_CLASS_IN &&
           dns_name_eq(&name, question->name);
}

enum dns_verdict dns_packet_read(str packet, const struct dns_question *question,
                                 struct dns_addresses *out)
{
    struct dns_cursor c = {.packet = packet};
    unsigned id = dns_take_u16(&c);
    unsigned flags = dns_take_u16(&c);
    unsigned questions = dns_take_u16(&c);
    unsigned answers = dns_take_u16(&c);
    (void)dns_take_bytes(&c, 4); // counts of the sections behind the answers, which are not read
    unsigned rcode = flags & DNS_RCODE_MASK;
    out->count = 0;
    if (c.bad || id != question->id || !(flags & DNS_FLAG_ANSWER) || (flags & DNS_OPCODE_MASK)) {
        return DNS_OTHER;
    }
    if (questions == 0 && rcode && rcode != DNS_RCODE_NXDOMAIN) {
        return DNS_SERVER_PROBLEM; // some servers refuse without repeating the question
    }
    if (questions != 1 || !dns_question_matches(&c, question)) {
        return DNS_OTHER;
    }
    if (rcode) {
        return rcode == DNS_RCODE_NXDOMAIN ? DNS_NO_SUCH_NAME : DNS_SERVER_PROBLEM;
    }
    struct dns_section section = {c, answers, dns_type(question)};
    struct dns_name owner = *question->name, target;
    bool whole = true;
    for (int steps = 0; steps <= DNS_CNAME_MAX && out->count == 0 && owner.bytes; steps++) {
        whole = dns_walk_answers(&section, &owner, out, &target) && whole;
        owner = target;
    }
    if (flags & DNS_FLAG_TRUNCATED) {
        return DNS_TRUNCATED;
    }
    if (!whole || (out->count == 0 && owner.bytes)) { // unreadable, or a chain without an end
        return DNS_SERVER_PROBLEM;
    }
    if (out->count) {
        return DNS_ADDRESSES;
    }
    bool referral = !(flags & (DNS_FLAG_AUTHORITY | DNS_FLAG_RECURSION_AVAILABLE));
    return referral ? DNS_SERVER_PROBLEM : DNS_NO_DATA;
}
