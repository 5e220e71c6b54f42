// SPDX-License-Identifier: Apache-2.0
// NTLMv2 as a client ([MS-NLMP]): three messages, always with an integrity code (MIC) and with
// channel binding where there is one. Neither signs nor seals; never NTLMv1 or LM.
//
// The bytes here are raw: base64 (HTTP) and SPNEGO (codec/spnego.h) are around them. One connection
// is authenticated, not a request. Needs NTLM_TEXT_BYTES twice on the stack, wiped before return,
// like all that was derived from the password. Bounds: NTLM_CHALLENGE_BYTES, NTLM_TEXT_BYTES.
#ifndef NET_NTLM_H
#define NET_NTLM_H

#include "base/buf.h"

enum { NTLM_NEGOTIATE_BYTES = 40, NTLM_BINDING_BYTES = 16, NTLM_CLIENT_BYTES = 8 };

struct ntlm_setup {
    str user;     // `EXAMPLE\svc`, `svc@example.test` or `svc` (the domain of the challenge), UTF-8
    str password; // UTF-8; its owner wipes it
    str service;  // "HTTP" or "ldap"
    str host;     // the name in the URL
    u8 binding[NTLM_BINDING_BYTES]; // ntlm_binding(); zeros: the connection has no TLS
    u8 client[NTLM_CLIENT_BYTES];   // random, new for each AUTHENTICATE
    u64 now;                        // ntlm_filetime(); not used when the server says its time
};

// The first message. Keep its bytes: the third one is made with them.
void ntlm_put_negotiate(struct buf *out);

// The third message, from the first and the second as they were sent and received. After an error
// `out` holds what it held. NTLM_CHALLENGE: malformed, or larger than NTLM_CHALLENGE_BYTES;
// NTLM_OLD: without what NTLMv2 needs; NTLM_NAME: a name or the password is not UTF-8 or longer
// than NTLM_TEXT_BYTES; BUF_FULL.
err ntlm_put_authenticate(struct buf *out, const struct ntlm_setup *setup, str negotiate,
                          str challenge);

// Channel binding of TLS (RFC 5929, tls-server-end-point): `certificate_hash` is the hash of the
// server's certificate in DER by the hash of its signature, SHA-256 instead of MD5 and SHA-1.
void ntlm_binding(str certificate_hash, u8 out[NTLM_BINDING_BYTES]);

u64 ntlm_filetime(i64 unix_ms); // 100 ns since 1601

// ---- for the tests, which compare the steps with published ones

// The key of a user: HMAC of the upper-cased user name and the domain, keyed by MD4 of the
// password. NTLM_NAME.
err ntlm_key(str password, str user, str domain_utf16, u8 out[16]);

// Appends `text` as UTF-16LE, in upper case where asked. NTLM_NAME: not UTF-8.
err ntlm_put_utf16(struct buf *b, str text, bool upper);

#endif
