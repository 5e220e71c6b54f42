// SPDX-License-Identifier: Apache-2.0
// The server's side of NTLMv2 (MS-NLMP) on a connection, for Exchange and the directory; raw or in
// SPNEGO (RFC 4178). The state is in struct t_link.
#ifndef TENANT_NTLM_H
#define TENANT_NTLM_H

#include "account.h"

enum t_ntlm_step {
    T_NTLM_CONTINUE, // the answer goes back, and the next message comes
    T_NTLM_DONE,     // authenticated; the answer, if any, goes back
    T_NTLM_REFUSED,  // wrong, or no NTLM at all; *why says which
};

// One message of the client. The answer is appended, in SPNEGO when the message was.
enum t_ntlm_step t_ntlm_step(struct tenant *t, struct t_link *l, str message, struct t_buf *answer,
                             enum account_result *why);

#endif
