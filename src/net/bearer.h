// SPDX-License-Identifier: Apache-2.0
// Bearer tokens of OAuth 2.0 (RFC 6749, section 5.1; RFC 6750): reading the answer that gives one,
// and the header that shows it. Both are secrets: the caller owns and wipes their memory.
#ifndef NET_BEARER_H
#define NET_BEARER_H

#include "net/exchange.h"

// The access token of an answer with status 200 into `text`, which is emptied first, and how long
// it lives. false: there is none that could be used (another type, too long for `text`, bytes that
// may not stand in a header); then `text` may hold a part of it.
bool bearer_read(str answer, struct buf *text, i64 *life_ms);

void bearer_put_header(str token, struct exchange *x); // Authorization

#endif
