// SPDX-License-Identifier: Apache-2.0
// Aimed at tls_verify_look(), tls_verify_find_root(), tls_verify_error(), tls_roots_load(),
// tls_roots_find(), tls_roots_hold(), and mbedTLS below them. The first byte chooses:
//   0  the rest is a host and names, one a line. A certificate is made of them, and whether it is
//      for that host is told by a second reading of RFC 9525, from the names and not from the
//      certificate;
//   1  the rest is a hostile leaf in DER, judged for a host, its issuer looked up in the roots;
//   2  the rest is a ca_file, PEM or DER, loaded and looked up;
//   3  the rest is a subject that is looked up in the embedded roots, and in a walk through them.
// Each input is run twice with the same result; the heap of the connection is empty at the end.
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "net/roots.h"
#include "net/tls_internal.h"

#define IN_MAX 8192
#define NAMES_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static _Alignas(16) u8 heap_bytes[TLS_HEAP_BYTES], plan_bytes[MIB(1)];
static struct tls_conn conn;
static const i64 now_s = 1800000000;

// ---- a certificate, written forwards with lengths of two bytes

static isize der_open(struct buf *b, u8 tag)
{
    u8 head[] = {tag, 0x82, 0, 0};
    buf_put(b, str_make(head, 4));
    return b->n;
}

static void der_close(struct buf *b, isize from)
{
    b->p[from - 2] = (u8)((b->n - from) >> 8);
    b->p[from - 1] = (u8)(b->n - from);
}

static void der_put(struct buf *b, u8 tag, str s)
{
    isize at = der_open(b, tag);
    buf_put(b, s);
    der_close(b, at);
}

static void der_name(struct buf *b, str common)
{
    isize name = der_open(b, 0x30), set = der_open(b, 0x31), pair = der_open(b, 0x30);
    der_put(b, 0x06, S("\x55\x04\x03"));
    der_put(b, 0x0c, common);
    der_close(b, pair);
    der_close(b, set);
    der_close(b, name);
}

static void der_algorithm(struct buf *b)
{
    isize at = der_open(b, 0x30);
    der_put(b, 0x06, S("\x2a\x86\x48\xce\x3d\x04\x03\x02")); // ecdsa-with-SHA256
    der_close(b, at);
}

// P-256 with its own generator: a valid point.
static void der_key(struct buf *b)
{
    isize info = der_open(b, 0x30), at = der_open(b, 0x30);
    der_put(b, 0x06, S("\x2a\x86\x48\xce\x3d\x02\x01"));
    der_put(b, 0x06, S("\x2a\x86\x48\xce\x3d\x03\x01\x07"));
    der_close(b, at);
    der_put(b, 0x03,
            S("\x00\x04\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2"
              "\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96"
              "\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16"
              "\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5"));
    der_close(b, info);
}

struct name {
    u8 kind; // D: DNS, I: address, U: URI, E: mail address
    str text;
};

struct request {
    str host, common;
    struct name names[NAMES_MAX];
    int count;
};

static void der_names(struct buf *b, const struct request *r)
{
    isize outer = der_open(b, 0xa3), list = der_open(b, 0x30), ext = der_open(b, 0x30);
    der_put(b, 0x06, S("\x55\x1d\x11"));
    isize octets = der_open(b, 0x04), names = der_open(b, 0x30);
    for (int i = 0; i < r->count; i++) {
        u8 kind = r->names[i].kind;
        der_put(b,
                kind == 'D'   ? 0x82
                : kind == 'I' ? 0x87
                : kind == 'U' ? 0x86
                              : 0x81,
                r->names[i].text);
    }
    isize all[] = {names, octets, ext, list, outer};
    for (isize i = 0; i < COUNT(all); i++) {
        der_close(b, all[i]);
    }
}

static void der_certificate(struct buf *b, const struct request *r)
{
    isize crt = der_open(b, 0x30), tbs = der_open(b, 0x30);
    buf_put(b, S("\xa0\x03\x02\x01\x02\x02\x01\x01")); // version 3, serial number 1
    der_algorithm(b);
    der_name(b, S("nobody we know"));
    isize dates = der_open(b, 0x30);
    der_put(b, 0x17, S("200101000000Z"));
    der_put(b, 0x17, S("400101000000Z"));
    der_close(b, dates);
    der_name(b, r->common);
    der_key(b);
    if (r->count) {
        der_names(b, r);
    }
    der_close(b, tbs);
    der_algorithm(b);
    der_put(b, 0x03, S("\x00\x30\x06\x02\x01\x01\x02\x01\x01"));
    der_close(b, crt);
}

// ---- whether a certificate is for a host, from the names alone

static bool is_host_byte(u8 c)
{
    return str_is_digit(c) || (str_lower_byte(c) >= 'a' && str_lower_byte(c) <= 'z') ||
           str_find_byte(S("-._"), c) >= 0;
}

static bool name_matches(str name, str host)
{
    if (str_starts(name, S("*."))) {
        isize dot = str_find_byte(host, '.');
        return dot > 0 && str_eq_nocase(str_from_index(name, 1), str_from_index(host, dot));
    }
    return str_eq_nocase(name, host);
}

static bool is_for_host(const struct request *r)
{
    char host[256] = {0}, lower[256];
    u8 ip[16];
    struct buf small = buf_over(lower, COUNT(lower));
    memcpy(host, r->host.p, (size_t)r->host.n);
    buf_put_lower(&small, r->host);
    bool v4 = inet_pton(AF_INET, host, ip) == 1, v6 = !v4 && inet_pton(AF_INET6, host, ip) == 1;
    bool found = false;
    for (int i = 0; i < r->count; i++) {
        const struct name *name = &r->names[i];
        if (v4 || v6) {
            found = found || (name->kind == 'I' && str_eq(name->text, str_make(ip, v4 ? 4 : 16)));
        } else {
            // RFC 9525 knows no host that is a whole URI; mbedTLS takes one that is the bare name.
            found = found || (name->kind == 'D' && name_matches(name->text, r->host)) ||
                    (name->kind == 'U' && str_eq(name->text, buf_str(&small)));
        }
    }
    return found || (!v4 && !v6 && r->count == 0 && name_matches(r->common, r->host));
}

static str take_line(str *in)
{
    bool found;
    str line;
    *in = str_cut(*in, '\n', &line, &found);
    return str_slice(line, 0, line.n < 200 ? line.n : 200);
}

static bool read_request(str in, struct request *r)
{
    *r = (struct request){.host = take_line(&in)};
    bool colons = str_find_byte(r->host, ':') >= 0; // an IPv6 literal
    for (isize i = 0; i < r->host.n; i++) {
        if (!is_host_byte(r->host.p[i]) && r->host.p[i] != ':') {
            return false;
        }
    }
    struct os_addr literal;
    if (r->host.n == 0 || (colons && !os_addr_parse(r->host, &literal)) ||
        str_ends(r->host, S("."))) {
        return false;
    }
    r->common = take_line(&in);
    while (in.n && r->count < NAMES_MAX) {
        str line = take_line(&in);
        u8 kind = line.n ? line.p[0] : 0;
        u8 ip[16];
        char text[201] = {0};
        if (!kind || !memchr("DIUE", kind, 4)) {
            continue;
        }
        line = str_from_index(line, 1);
        memcpy(text, line.p, (size_t)line.n);
        if (kind == 'I') { // as text, where it is one: else its bytes
            static u8 kept[NAMES_MAX][16];
            bool v4 = inet_pton(AF_INET, text, ip) == 1;
            if (v4 || inet_pton(AF_INET6, text, ip) == 1) {
                memcpy(kept[r->count], ip, 16);
                line = str_make(kept[r->count], v4 ? 4 : 16);
            } else if (line.n != 4 && line.n != 16) {
                continue; // mbedTLS refuses such a certificate
            }
        }
        r->names[r->count++] = (struct name){kind, line};
    }
    return true;
}

// ---- ours, as tls.c puts it together

struct outcome {
    int ret;
    u32 flags;
    u16 error;
    isize facts;
};

static void conn_start(str host, const struct tls_trust *trust)
{
    memset(&conn, 0, sizeof conn);
    tls_heap_init(&conn.heap, heap_bytes, sizeof heap_bytes);
    conn.heap.unix_s = &now_s;
    conn.peer = (struct tls_peer){.host = host, .trust = trust, .session = -1};
    conn.facts = buf_over(conn.facts_bytes, COUNT(conn.facts_bytes));
}

static struct outcome verify(str der, str host, const struct tls_trust *trust)
{
    struct outcome o = {0};
    struct os_addr literal;
    char name[256] = {0};
    mbedtls_x509_crt crt;
    conn_start(host, trust);
    for (isize i = 0; i < host.n; i++) {
        name[i] = (char)str_lower_byte(host.p[i]);
    }
    tls_heap_enter(&conn.heap);
    mbedtls_x509_crt_init(&crt);
    o.ret = mbedtls_x509_crt_parse_der_nocopy(&crt, der.p, (size_t)der.n);
    if (o.ret == 0) {
        o.ret = mbedtls_x509_crt_verify_with_ca_cb(
            &crt, tls_verify_find_root, &conn, &mbedtls_x509_crt_profile_default,
            os_addr_parse(host, &literal) ? NULL : name, &o.flags, tls_verify_look, &conn);
        ASSERT(conn.verified && o.flags == conn.flags);
        ASSERT((o.flags != 0) == (conn.facts.n > 0 || conn.facts.full));
        o.flags = conn.flags;
        err e = tls_verify_error(&conn);
        ASSERT(!err_ok(e));
        o.error = o.flags ? e.code : 0;
    }
    mbedtls_x509_crt_free(&crt);
    tls_heap_leave();
    ASSERT(conn.heap.used == 0);
    o.facts = conn.facts.n;
    return o;
}

static void check_names(str in)
{
    static const struct tls_trust trust = {.verify = true, .embedded_roots = true};
    static u8 der[NAMES_MAX * 256 + 2048];
    struct request r;
    struct buf b = buf_over(der, sizeof der);
    if (!read_request(in, &r)) {
        return;
    }
    der_certificate(&b, &r);
    ASSERT(!b.full);
    struct outcome o = verify(buf_str(&b), r.host, &trust);
    if (o.ret && o.ret != MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) {
        return; // names that mbedTLS does not take: no certificate
    }
    ASSERT(o.flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED);
    ASSERT(!(o.flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) == is_for_host(&r));
    ASSERT(o.error == ERR_TLS_UNKNOWN_ROOT || o.error == ERR_TLS_SELF_SIGNED);
}

static void check_leaf(str der)
{
    static const struct tls_trust trust = {.verify = true, .embedded_roots = true};
    struct outcome a = verify(der, S("mail.example.test"), &trust);
    struct outcome b = verify(der, S("mail.example.test"), &trust);
    ASSERT(a.ret == b.ret && a.flags == b.flags && a.facts == b.facts && a.error == b.error);
    ASSERT(a.ret || a.flags == 0);
}

static int chain_count(const mbedtls_x509_crt *crt)
{
    int count = 0;
    for (; crt; crt = crt->next) {
        count++;
    }
    return count;
}

static void chain_free(mbedtls_x509_crt *chain)
{
    if (chain) {
        mbedtls_x509_crt_free(chain);
        tls_heap_free(chain);
    }
}

static isize lines_with(str text, str line)
{
    isize count = 0;
    for (isize at; (at = str_find(text, line)) >= 0; text = str_from_index(text, at + line.n)) {
        count++;
    }
    return count;
}

static void check_ca_file(str pem)
{
    u8 detail_bytes[256];
    struct buf detail = buf_over(detail_bytes, sizeof detail_bytes);
    struct arena arena = arena_over(plan_bytes, sizeof plan_bytes);
    struct plan plan = {.arena = &arena};
    struct tls_roots *roots = NULL;
    err e = tls_roots_load(&plan, pem, &roots, &detail);
    isize begins = lines_with(pem, S("-----BEGIN CERTIFICATE-----"));
    ASSERT(err_ok(e) || err_is(e, ERR_TLS_CA_EMPTY) || err_is(e, ERR_TLS_CA_SYNTAX) ||
           err_is(e, ERR_TLS_CA_TOO_MANY));
    ASSERT((begins > 0) <= !err_is(e, ERR_TLS_CA_EMPTY));
    if (!err_ok(e)) {
        return;
    }
    ASSERT(tls_roots_count(roots) >= 1 && tls_roots_count(roots) <= (begins ? begins : 1));
    struct tls_trust trust = {.verify = true, .extra = roots};
    conn_start(S("a"), &trust);
    tls_heap_enter(&conn.heap);
    // DER: the one certificate is found by its own subject, which is its issuer or is not.
    mbedtls_x509_crt leaf, *chain = NULL;
    mbedtls_x509_crt_init(&leaf);
    if (begins == 0 && mbedtls_x509_crt_parse_der_nocopy(&leaf, pem.p, (size_t)pem.n) == 0) {
        ASSERT(tls_roots_hold(roots, pem));
        str subject = str_make(leaf.subject_raw.p, (isize)leaf.subject_raw.len);
        ASSERT(tls_roots_find(roots, subject, &chain) == 0 && chain_count(chain) == 1);
    }
    chain_free(chain);
    mbedtls_x509_crt_free(&leaf);
    tls_heap_leave();
    ASSERT(conn.heap.used == 0);
}

static void check_lookup(str subject)
{
    static const struct tls_trust trust = {.verify = true, .embedded_roots = true};
    u8 copy[512];
    if (subject.n >= 2 && subject.p[0] % 2 == 0) { // one that is there, or almost
        const struct root_entry *entry = &roots_index[subject.p[1] % roots_count];
        isize n = entry->subject_length_bytes;
        memcpy(copy, roots_der + entry->subject_offset_bytes, (size_t)n);
        if (subject.n > 3) {
            copy[subject.p[2] % n] ^= subject.p[3];
        }
        subject = str_make(copy, n);
    }
    int want = 0, same = 0;
    for (u32 i = 0; i < roots_count; i++) {
        str there = str_make(roots_der + roots_index[i].subject_offset_bytes,
                             roots_index[i].subject_length_bytes);
        want += str_eq(there, subject);
    }
    conn_start(S("a"), &trust);
    tls_heap_enter(&conn.heap);
    mbedtls_x509_crt child, *chain = NULL;
    mbedtls_x509_crt_init(&child);
    child.issuer_raw.p = (u8 *)(uintptr_t)subject.p;
    child.issuer_raw.len = (size_t)subject.n;
    ASSERT(tls_verify_find_root(&conn, &child, &chain) == 0);
    for (const mbedtls_x509_crt *crt = chain; crt; crt = crt->next) {
        same += str_eq(str_make(crt->subject_raw.p, (isize)crt->subject_raw.len), subject);
    }
    ASSERT(chain_count(chain) == want && same == want && want <= TLS_SAME_SUBJECT_MAX);
    chain_free(chain);
    tls_heap_leave();
    ASSERT(conn.heap.used == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 2 || n > IN_MAX) {
        return 0;
    }
    str in = {p + 1, (isize)n - 1};
    for (int run = 0; run < 2; run++) {
        switch (p[0] % 4) {
        case 0:
            check_names(in);
            break;
        case 1:
            check_leaf(in);
            break;
        case 2:
            check_ca_file(in);
            break;
        default:
            check_lookup(in);
            break;
        }
    }
    return 0;
}
