// SPDX-License-Identifier: Apache-2.0
// Hashes and signatures for the layers above, over mbedTLS. Keys live in memory taken at start and
// are wiped by crypto_key_free(). The only secrets that this module holds are private keys.
#ifndef NET_CRYPTO_H
#define NET_CRYPTO_H

#include "base/plan.h"
#include "base/buf.h"

void crypto_sha256(str in, u8 out[32]);
void crypto_md5(str in, u8 out[16]);

// HMAC-MD5 (RFC 2104) of the parts one after the other; the key has at most 64 bytes.
void crypto_hmac_md5(str key, const str *parts, isize count, u8 out[16]);
void crypto_wipe(void *p, isize n); // not optimised away

struct crypto_key; // an RSA private key

// Carves the memory of one key; it holds none yet.
struct crypto_key *crypto_key_take(struct plan *plan);

// PEM of PKCS#8 ("BEGIN PRIVATE KEY") or PKCS#1 ("BEGIN RSA PRIVATE KEY"), 2048 to 4096 bits, not
// encrypted, in the place of the key that was there before; after an error there is none.
// CRYPTO_KEY_SYNTAX, CRYPTO_KEY_ENCRYPTED, CRYPTO_KEY_KIND (not RSA, or too short).
err crypto_key_read(struct crypto_key *key, str pem);
void crypto_key_free(struct crypto_key *key); // wipes it; its memory may hold another one after

// RSASSA-PKCS1-v1_5 with SHA-256 (RS256 of RFC 7518) over `in`; appends the signature (256-512
// bytes).
err crypto_sign_rs256(struct crypto_key *key, str in, struct buf *signature);

// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes (PS256 of RFC 7518, section
// 3.5), the same way.
err crypto_sign_ps256(struct crypto_key *key, str in, struct buf *signature);

// What is known of the certificate that belongs to a key. Times are Unix seconds.
struct crypto_certificate {
    u8 thumbprint[32]; // SHA-256 of its DER
    i64 not_before_s, not_after_s;
};

// The first certificate of the PEM text whose public key is that of `key`; others (of authorities)
// may stand around it. Nothing is verified: whoever is shown the thumbprint knows the certificate.
// CRYPTO_CERTIFICATE: there is none that can be read (a single one has at most CRYPTO_DER_BYTES);
// CRYPTO_CERTIFICATE_KEY: none is the key's.
err crypto_certificate_read(struct crypto_key *key, str pem, struct crypto_certificate *out);

#endif
