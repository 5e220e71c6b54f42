// SPDX-License-Identifier: Apache-2.0
// MD4 (RFC 1320), which NTLM hashes passwords with. Broken long ago, and good for nothing else.
#ifndef CODEC_MD4_H
#define CODEC_MD4_H

#include "base/str.h"

// `in` may be secret: no copy of it stays behind.
void md4(str in, u8 out[16]);

#endif
