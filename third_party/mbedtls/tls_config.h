// SPDX-License-Identifier: Apache-2.0
//
// How mbedTLS is built into mailferry: a TLS 1.2 and 1.3 client without heap, files or sockets.
//
// Every allocation goes to tls_heap_calloc and tls_heap_free, which serve the heap of the
// connection that is being worked on. Nothing here may start to allocate for the life of the
// process: a heap is wiped and handed to the next connection. The file must never be named
// mbedtls_config.h: the library's own of that name would win, silently. Sizes: IN must hold a whole
// record of any server; OUT decides how many records a bulk request takes.
#ifndef MAILFERRY_TLS_CONFIG_H
#define MAILFERRY_TLS_CONFIG_H

#include <stddef.h>

void *tls_heap_calloc(size_t n, size_t size);
void tls_heap_free(void *p);

// The platform. Random bytes come from net/tls.c over getrandom, for PSA by
// mbedtls_psa_external_get_random: the library's own generator would open /dev/random at a reseed
// and die under the seal. The date by which certificates are judged comes from
// mbedtls_platform_gmtime_r (net/tls_heap.c): musl's allocates, and a test can then say what day it
// is.
#define MBEDTLS_HAVE_ASM
#define MBEDTLS_HAVE_TIME
#define MBEDTLS_HAVE_TIME_DATE
#define MBEDTLS_PLATFORM_C
#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_PLATFORM_CALLOC_MACRO tls_heap_calloc
#define MBEDTLS_PLATFORM_FREE_MACRO tls_heap_free
#define MBEDTLS_PLATFORM_GMTIME_R_ALT
#define MBEDTLS_ERROR_C

// Ciphers and hashes. CBC with encrypt-then-MAC is for old Exchange servers, MD5 for NTLM.
#define MBEDTLS_AES_C
#define MBEDTLS_AESNI_C
#define MBEDTLS_GCM_C
#define MBEDTLS_CHACHA20_C
#define MBEDTLS_POLY1305_C
#define MBEDTLS_CHACHAPOLY_C
#define MBEDTLS_CIPHER_C
#define MBEDTLS_CIPHER_MODE_CBC
#define MBEDTLS_HKDF_C
#define MBEDTLS_MD_C
#define MBEDTLS_MD5_C
#define MBEDTLS_SHA1_C
#define MBEDTLS_SHA224_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA384_C
#define MBEDTLS_SHA512_C

// Public keys: verification of every chain, and RS256/PS256 signatures for token requests.
#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_BASE64_C
#define MBEDTLS_PEM_PARSE_C
#define MBEDTLS_OID_C
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_RSA_C
#define MBEDTLS_PKCS1_V15
#define MBEDTLS_PKCS1_V21
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C
#define MBEDTLS_ECP_C
#define MBEDTLS_ECDH_C
#define MBEDTLS_ECDSA_C
#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_DP_SECP384R1_ENABLED
#define MBEDTLS_ECP_DP_SECP521R1_ENABLED
#define MBEDTLS_ECP_DP_CURVE25519_ENABLED

// Certificates: trust anchors are looked up in roots_index by a callback, never held in memory.
#define MBEDTLS_X509_USE_C
#define MBEDTLS_X509_CRT_PARSE_C
#define MBEDTLS_X509_RSASSA_PSS_SUPPORT
#define MBEDTLS_X509_TRUSTED_CERTIFICATE_CALLBACK

// TLS. Only ephemeral key exchanges; session tickets, because a resumed handshake costs a tenth.
#define MBEDTLS_SSL_TLS_C
#define MBEDTLS_SSL_CLI_C
#define MBEDTLS_SSL_PROTO_TLS1_2
#define MBEDTLS_SSL_PROTO_TLS1_3
#define MBEDTLS_SSL_TLS1_3_COMPATIBILITY_MODE
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ENABLED
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL_ENABLED
#define MBEDTLS_SSL_KEEP_PEER_CERTIFICATE
#define MBEDTLS_KEY_EXCHANGE_ECDHE_RSA_ENABLED
#define MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED
#define MBEDTLS_SSL_SERVER_NAME_INDICATION
#define MBEDTLS_SSL_EXTENDED_MASTER_SECRET
#define MBEDTLS_SSL_ENCRYPT_THEN_MAC
#define MBEDTLS_SSL_SESSION_TICKETS
#define MBEDTLS_SSL_ALPN
#define MBEDTLS_SSL_IN_CONTENT_LEN 16384
#define MBEDTLS_SSL_OUT_CONTENT_LEN 16384

// PSA, which TLS 1.3 needs, with static slots: a slot in a connection's heap would not survive its
// reset. Two slots a handshake live at once; the buffer holds the largest key of TLS 1.3 (a P-521
// public key of 133 bytes is exported to the stack, not stored).
#define MBEDTLS_PSA_CRYPTO_C
#define MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG
#define MBEDTLS_PSA_STATIC_KEY_SLOTS
#define MBEDTLS_PSA_STATIC_KEY_SLOT_BUFFER_SIZE 128
#define MBEDTLS_PSA_KEY_SLOT_COUNT 160

#endif
