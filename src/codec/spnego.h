// SPDX-License-Identifier: Apache-2.0
// SPNEGO (RFC 4178) around NTLM tokens, for servers that insist on it under `Negotiate` and in
// LDAP's GSS-SPNEGO. NTLM is the only mechanism offered.
#ifndef CODEC_SPNEGO_H
#define CODEC_SPNEGO_H

#include "base/buf.h"

void spnego_put_init(struct buf *b, str token);     // NegTokenInit with NTLM's NEGOTIATE
void spnego_put_response(struct buf *b, str token); // NegTokenResp with NTLM's AUTHENTICATE

// The mechanism's token in what a server sent: a NegTokenResp, a NegTokenInit, or a bare NTLM
// message (which IIS answers to a bare one). Empty when it carries none, as at the end of a
// success. SPNEGO_SYNTAX; SPNEGO_REJECTED: the server rejects the negotiation.
err spnego_token(str in, str *token);

bool spnego_is_bare(str in); // an NTLM message without SPNEGO around it: answer in the same way

#endif
