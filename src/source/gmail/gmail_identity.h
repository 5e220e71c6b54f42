// SPDX-License-Identifier: Apache-2.0
// The access control document of an account (spec/documents.md 8.3 and 9).
#ifndef SOURCE_GMAIL_IDENTITY_H
#define SOURCE_GMAIL_IDENTITY_H

#include "source/gmail/gmail_state.h"

// source_ops.identity: members without braces and without "id". false: document level security is
// off, or the account has no address.
bool gmail_identity(void *src, const struct account *a, struct buf *doc);

#endif
