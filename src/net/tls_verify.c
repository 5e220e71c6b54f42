// SPDX-License-Identifier: Apache-2.0
// Judging certificates: trust anchors found by subject in the embedded roots and in the ca_file,
// the checks that mbedTLS does not make (addresses, distrust dates), which of our errors its flags
// mean, and the hash of the server's certificate that binds a login to its connection.
//
// Nothing of the roots is resident: a look-up is a binary search over the read-only index, and the
// few certificates it finds are parsed where they lie, into the heap of the connection.
#include "net/tls_internal.h"

#include <mbedtls/md.h>
#include <string.h>

#include "base/date.h"
#include "net/roots.h"

static int verify_compare_subject(str subject, const struct root_entry *entry)
{
    if (subject.n != entry->subject_length_bytes) {
        return subject.n < entry->subject_length_bytes ? -1 : 1;
    }
    return memcmp(subject.p, roots_der + entry->subject_offset_bytes, (size_t)subject.n);
}

static int verify_find_embedded(str subject, mbedtls_x509_crt **chain)
{
    isize low = 0, high = (isize)roots_count;
    while (low < high) {
        isize middle = low + (high - low) / 2;
        if (verify_compare_subject(subject, &roots_index[middle]) > 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (isize i = low; i < (isize)roots_count && i - low < TLS_SAME_SUBJECT_MAX; i++) {
        const struct root_entry *entry = &roots_index[i];
        if (verify_compare_subject(subject, entry) != 0) {
            break;
        }
        int ret = tls_roots_append(chain,
                                   str_make(roots_der + entry->offset_bytes, entry->length_bytes));
        if (ret) {
            return ret;
        }
    }
    return 0;
}

int tls_verify_find_root(void *conn, mbedtls_x509_crt const *child, mbedtls_x509_crt **out)
{
    const struct tls_conn *c = conn;
    str subject = str_make(child->issuer_raw.p, (isize)child->issuer_raw.len);
    *out = NULL;
    int ret = c->peer.trust->embedded_roots ? verify_find_embedded(subject, out) : 0;
    if (ret == 0 && c->peer.trust->extra) {
        ret = tls_roots_find(c->peer.trust->extra, subject, out);
    }
    if (ret && *out) {
        mbedtls_x509_crt_free(*out);
        tls_heap_free(*out);
        *out = NULL;
    }
    return ret;
}

// The date from which a root no longer vouches for new certificates; 0: none, or not an embedded
// one.
static i64 verify_distrust_after(const mbedtls_x509_crt *crt)
{
    for (isize i = 0; i < (isize)roots_count; i++) {
        if (crt->raw.p == roots_der + roots_index[i].offset_bytes) {
            return roots_index[i].distrust_after_s;
        }
    }
    return 0;
}

static i64 verify_unix(const mbedtls_x509_time *t)
{
    return date_to_unix((struct date){.year = t->year,
                                      .month = t->mon,
                                      .day = t->day,
                                      .hour = t->hour,
                                      .minute = t->min,
                                      .second = t->sec});
}

static bool verify_has_address(const mbedtls_x509_crt *crt, const struct os_addr *addr)
{
    str want = {addr->ip, addr->v6 ? 16 : 4};
    for (const mbedtls_x509_sequence *san = &crt->subject_alt_names; san; san = san->next) {
        if ((san->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK) == MBEDTLS_X509_SAN_IP_ADDRESS &&
            str_eq(str_make(san->buf.p, (isize)san->buf.len), want)) {
            return true;
        }
    }
    return false;
}

static void verify_put_name(struct buf *b, const mbedtls_x509_name *name)
{
    char text[160]; // cut by mbedTLS when longer, which then returns an error: nothing is put
    int n = mbedtls_x509_dn_gets(text, sizeof text, name);
    buf_put(b, n > 0 ? str_make(text, n) : S("(a long name)"));
}

static void verify_put_sans(struct buf *b, const mbedtls_x509_crt *crt)
{
    int count = 0;
    for (const mbedtls_x509_sequence *san = &crt->subject_alt_names; san && san->buf.p && count < 4;
         san = san->next) {
        int kind = san->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK;
        str value = str_make(san->buf.p, (isize)san->buf.len);
        if (kind == MBEDTLS_X509_SAN_DNS_NAME && value.n < 64) {
            buf_put(b, count++ ? S(", ") : S("it names "));
            for (isize i = 0; i < value.n; i++) {
                bool plain = value.p[i] > ' ' && value.p[i] < 0x7f;
                buf_put_byte(b, plain ? value.p[i] : '?');
            }
        }
    }
    if (count == 0) {
        buf_put(b, S("it names "));
        verify_put_name(b, &crt->subject);
    }
}

// What an operator wants to know, once the flags of the whole chain are known.
static void verify_put_facts(struct tls_conn *c, const mbedtls_x509_crt *leaf)
{
    struct buf *b = &c->facts;
    if (c->flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) {
        buf_put(b, S("issued by "));
        verify_put_name(b, &leaf->issuer);
    } else if (c->flags & (MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE)) {
        buf_put(b, S("valid from "));
        date_put_iso_us(b, verify_unix(&leaf->valid_from) * 1000000);
        buf_put(b, S(" to "));
        date_put_iso_us(b, verify_unix(&leaf->valid_to) * 1000000);
    } else if (c->flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) {
        buf_put(b, S("asked for "));
        buf_put(b, c->peer.host);
        buf_put(b, S(", "));
        verify_put_sans(b, leaf);
    } else {
        buf_put(b, S("subject "));
        verify_put_name(b, &leaf->subject);
    }
}

// A certificate of no authority that stands in the ca_file itself is trusted for what it says
// (mbedTLS knows that rule too, but not for roots that are looked up).
static bool verify_is_trusted_itself(const struct tls_conn *c, const mbedtls_x509_crt *crt)
{
    return c->self_signed && c->peer.trust->extra &&
           tls_roots_hold(c->peer.trust->extra, str_make(crt->raw.p, (isize)crt->raw.len));
}

// Called for each certificate of the chain, the root first, the leaf (depth 0) last.
int tls_verify_look(void *conn, mbedtls_x509_crt *crt, int depth, u32 *flags)
{
    struct tls_conn *c = conn;
    c->verified = true;
    i64 distrust_after_s = verify_distrust_after(crt);
    c->distrust_after_s = distrust_after_s ? distrust_after_s : c->distrust_after_s;
    if (depth == 0) {
        struct os_addr literal;
        if (os_addr_parse(c->peer.host, &literal) && !verify_has_address(crt, &literal)) {
            *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
        }
        if (c->distrust_after_s && verify_unix(&crt->valid_from) > c->distrust_after_s) {
            *flags |= MBEDTLS_X509_BADCERT_NOT_TRUSTED;
            c->distrusted = true;
        }
        // By str_eq(): a certificate without names has no bytes to point at.
        c->self_signed = str_eq(str_make(crt->issuer_raw.p, (isize)crt->issuer_raw.len),
                                str_make(crt->subject_raw.p, (isize)crt->subject_raw.len));
        if (verify_is_trusted_itself(c, crt)) {
            *flags &= ~(u32)MBEDTLS_X509_BADCERT_NOT_TRUSTED;
        }
    }
    c->flags |= *flags;
    if (depth == 0 && c->flags) {
        verify_put_facts(c, crt);
    }
    return 0;
}

// The gravest reason wins: who issued it, then when, then for whom, then how.
err tls_verify_error(const struct tls_conn *c)
{
    if (c->flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) {
        return c->distrusted    ? FAIL(TLS_DISTRUSTED)
               : c->self_signed ? FAIL(TLS_SELF_SIGNED)
                                : FAIL(TLS_UNKNOWN_ROOT);
    }
    if (c->flags & MBEDTLS_X509_BADCERT_EXPIRED) {
        return FAIL(TLS_EXPIRED);
    }
    if (c->flags & MBEDTLS_X509_BADCERT_FUTURE) {
        return FAIL(TLS_NOT_YET_VALID);
    }
    if (c->flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) {
        return FAIL(TLS_WRONG_NAME);
    }
    if (c->flags & (MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK |
                    MBEDTLS_X509_BADCERT_BAD_KEY)) {
        return FAIL(TLS_WEAK);
    }
    if (c->flags & (MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE |
                    MBEDTLS_X509_BADCERT_NS_CERT_TYPE)) {
        return FAIL(TLS_PURPOSE);
    }
    return FAIL(TLS_HANDSHAKE);
}

isize tls_server_end_point(const struct tls_conn *c, u8 out[TLS_END_POINT_BYTES])
{
    ASSERT(c->ready);
    const mbedtls_x509_crt *crt = mbedtls_ssl_get_peer_cert(&c->ssl);
    if (!crt) {
        return 0;
    }
    mbedtls_md_type_t kind = crt->private_sig_md; // of RSA-PSS: the one in its parameters
    bool weak = kind == MBEDTLS_MD_MD5 || kind == MBEDTLS_MD_SHA1;
    const mbedtls_md_info_t *md = mbedtls_md_info_from_type(weak ? MBEDTLS_MD_SHA256 : kind);
    ASSERT(md && mbedtls_md_get_size(md) <= TLS_END_POINT_BYTES); // it was parsed: it is known
    ASSERT(mbedtls_md(md, crt->raw.p, crt->raw.len, out) == 0);
    return mbedtls_md_get_size(md);
}

void tls_certificate_read(const struct tls_conn *c, struct tls_certificate *out)
{
    ASSERT(c->ready);
    *out = (struct tls_certificate){0};
    const mbedtls_x509_crt *crt = mbedtls_ssl_get_peer_cert(&c->ssl);
    if (!crt) {
        return;
    }
    struct buf subject = buf_over(out->subject, COUNT(out->subject));
    struct buf issuer = buf_over(out->issuer, COUNT(out->issuer));
    verify_put_name(&subject, &crt->subject);
    verify_put_name(&issuer, &crt->issuer);
    out->subject_bytes = (int)subject.n;
    out->issuer_bytes = (int)issuer.n;
    out->not_after_s = verify_unix(&crt->valid_to);
}
