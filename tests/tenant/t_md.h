// SPDX-License-Identifier: Apache-2.0
// Digests for the far side of NTLM: MD4 (RFC 1320), MD5 (RFC 1321), HMAC-MD5 (RFC 2104). Small
// rather than fast, and apart from whatever the product uses.
#ifndef TENANT_MD_H
#define TENANT_MD_H

#include "t_mem.h"

#define T_MD_BYTES 16

void t_md4(str s, u8 out[T_MD_BYTES]);
void t_md5(str s, u8 out[T_MD_BYTES]);
void t_hmac_md5(str key, str s, u8 out[T_MD_BYTES]); // the key has at most 64 bytes

#endif
