// SPDX-License-Identifier: Apache-2.0
// Certificates of a ca_file: decoded from PEM at start into memory of the plan, kept as DER with an
// index of their subjects. They are parsed again where they lie when a chain asks for one, as the
// embedded roots are, so that nothing of mbedTLS lives longer than a connection.
// Refused: a file without a certificate, one that mbedTLS cannot read, more than TLS_ROOTS_MAX.
#include <mbedtls/x509_crt.h>

#include "codec/base64.h"
#include "net/tls_internal.h"

#define ROOTS_BEGIN "-----BEGIN CERTIFICATE-----"
#define ROOTS_END "-----END CERTIFICATE-----"

struct tls_root {
    str der;
    str subject; // within der
};

struct tls_roots {
    struct tls_root *roots;
    int count;
};

int tls_roots_count(const struct tls_roots *roots)
{
    return roots->count;
}

// The base64 text of the next certificate; *rest moves behind it.
static bool roots_next_pem(str *rest, str *text, bool *cut)
{
    isize begin = str_find(*rest, S(ROOTS_BEGIN));
    if (begin < 0) {
        return false;
    }
    str after = str_from_index(*rest, begin + S(ROOTS_BEGIN).n);
    isize end = str_find(after, S(ROOTS_END));
    *cut = end < 0;
    *text = str_slice(after, 0, end < 0 ? after.n : end);
    *rest = str_from_index(after, end < 0 ? after.n : end + S(ROOTS_END).n);
    return true;
}

static bool roots_decode(str text, struct buf *out)
{
    struct base64_decoder decoder = {0};
    i64 blanks = 0;
    for (isize i = 0; i < text.n; i++) {
        blanks += str_is_space(text.p[i]);
    }
    base64_decode(&decoder, out, text);
    return decoder.ignored <= blanks && !out->full;
}

// Parses der with a heap of its own, only to learn its subject and that it can be parsed.
static bool roots_read_subject(struct tls_heap *heap, struct tls_root *root)
{
    mbedtls_x509_crt crt;
    tls_heap_enter(heap);
    mbedtls_x509_crt_init(&crt);
    int ret = mbedtls_x509_crt_parse_der_nocopy(&crt, root->der.p, (size_t)root->der.n);
    if (ret == 0) {
        root->subject = str_make(crt.subject_raw.p, (isize)crt.subject_raw.len);
    }
    mbedtls_x509_crt_free(&crt);
    tls_heap_leave();
    tls_heap_reset(heap);
    return ret == 0;
}

static err roots_fail(err e, int number, struct buf *detail)
{
    buf_put(detail, S("certificate "));
    buf_put_i64(detail, number);
    buf_put(detail, S(" of the file"));
    return e;
}

// Counts the certificates and the bytes that they may take.
static err roots_measure(str pem, int *count, isize *bytes, struct buf *detail)
{
    str rest = pem, text;
    bool cut = false;
    *count = 0;
    *bytes = 0;
    while (roots_next_pem(&rest, &text, &cut)) {
        ++*count;
        *bytes += text.n;
        if (cut || text.n == 0) {
            return roots_fail(FAIL(TLS_CA_SYNTAX), *count, detail);
        }
        if (*count > TLS_ROOTS_MAX) {
            return FAIL(TLS_CA_TOO_MANY);
        }
    }
    if (*count == 0 && pem.n > 4 && pem.p[0] == 0x30 && pem.p[1] == 0x82) {
        *count = 1; // one certificate in DER
        *bytes = pem.n;
    }
    return *count ? OK : FAIL(TLS_CA_EMPTY);
}

err tls_roots_load(struct plan *plan, str pem, struct tls_roots **out, struct buf *detail)
{
    int count;
    isize bytes;
    TRY(roots_measure(pem, &count, &bytes, detail));
    struct tls_roots *roots = plan_take_n(plan, "ca_file", struct tls_roots, 1,
                                          "trusted certificates of config.yml");
    roots->roots = plan_take_n(plan, "ca_file index", struct tls_root, count, "one a certificate");
    struct buf der = buf_over(plan_take(plan, "ca_file certificates", bytes, 1, "the DER of all"),
                              bytes);
    struct tls_heap heap;
    tls_heap_init(&heap,
                  plan_take(plan, "ca_file heap", TLS_ROOTS_HEAP_BYTES, 1,
                            "reading each certificate once at start"),
                  TLS_ROOTS_HEAP_BYTES);
    str rest = pem, text;
    bool cut;
    for (int i = 0; i < count; i++) {
        isize from = der.n;
        if (!roots_next_pem(&rest, &text, &cut)) {
            buf_put(&der, pem);
        } else if (!roots_decode(text, &der)) {
            return roots_fail(FAIL(TLS_CA_SYNTAX), i + 1, detail);
        }
        roots->roots[i].der = str_from_index(buf_str(&der), from);
        if (!roots_read_subject(&heap, &roots->roots[i])) {
            return roots_fail(FAIL(TLS_CA_SYNTAX), i + 1, detail);
        }
        roots->count++;
    }
    *out = roots;
    return OK;
}

int tls_roots_append(mbedtls_x509_crt **chain, str der)
{
    if (!*chain) {
        *chain = tls_heap_calloc(1, sizeof **chain);
        if (!*chain) {
            return MBEDTLS_ERR_X509_ALLOC_FAILED;
        }
        mbedtls_x509_crt_init(*chain);
    }
    return mbedtls_x509_crt_parse_der_nocopy(*chain, der.p, (size_t)der.n);
}

bool tls_roots_hold(const struct tls_roots *roots, str der)
{
    for (int i = 0; i < roots->count; i++) {
        if (str_eq(roots->roots[i].der, der)) {
            return true;
        }
    }
    return false;
}

int tls_roots_find(const struct tls_roots *roots, str subject, mbedtls_x509_crt **chain)
{
    int found = 0;
    for (int i = 0; i < roots->count && found < TLS_SAME_SUBJECT_MAX; i++) {
        if (str_eq(roots->roots[i].subject, subject)) {
            found++;
            int ret = tls_roots_append(chain, roots->roots[i].der);
            if (ret) {
                return ret;
            }
        }
    }
    return 0;
}
