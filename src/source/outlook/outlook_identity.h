// SPDX-License-Identifier: Apache-2.0
// The access control document of a user of Active Directory, or of Entra ID (spec/documents.md
// 5), whose accounts have an id.
#ifndef SOURCE_OUTLOOK_OUTLOOK_IDENTITY_H
#define SOURCE_OUTLOOK_OUTLOOK_IDENTITY_H

#include "source/outlook/outlook_state.h"

enum { OUTLOOK_IDENTITY_BYTES = 32 }; // MD5 of the address, in hex

bool outlook_identity(void *src, const struct account *a, struct buf *doc); // source_ops.identity
str outlook_identity_id(const struct account *a, u8 bytes[IDENTITY_ID_BYTES]);

#endif
