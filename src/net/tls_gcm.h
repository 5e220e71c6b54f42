// SPDX-License-Identifier: Apache-2.0
// AES-GCM (NIST SP 800-38D) of whole records, faster than mbedTLS's own.
//
// mbedTLS encrypts and hashes one block at a time, each behind three calls: 400 MB/s, more than
// half of all the work that a sync does. tls_gcm.c does eight blocks at a time where the processor
// has AES and carry-less multiplication, and leaves everything else to mbedTLS's code, which the
// Makefile compiles under the two names below. So mbedtls_gcm_crypt_and_tag() and
// mbedtls_gcm_auth_decrypt(), which TLS calls once a record, are ours; contexts, keys and the
// streaming calls stay mbedTLS's.
#ifndef NET_TLS_GCM_H
#define NET_TLS_GCM_H

#include <mbedtls/gcm.h>
#include <stdbool.h>

// Whether this processor has what the fast way needs. Elsewhere the portable one does all.
bool tls_gcm_is_fast(void);

// mbedTLS's, with its contracts.
int tls_gcm_portable_crypt(mbedtls_gcm_context *ctx, int mode, size_t n, const unsigned char *iv,
                           size_t iv_bytes, const unsigned char *aad, size_t aad_bytes,
                           const unsigned char *in, unsigned char *out, size_t tag_bytes,
                           unsigned char *tag);
int tls_gcm_portable_decrypt(mbedtls_gcm_context *ctx, size_t n, const unsigned char *iv,
                             size_t iv_bytes, const unsigned char *aad, size_t aad_bytes,
                             const unsigned char *tag, size_t tag_bytes, const unsigned char *in,
                             unsigned char *out);

#endif
