// SPDX-License-Identifier: Apache-2.0
// The JSON file of a Google service account (spec/wire-gmail.md 1), given as an object or as a
// string that holds one. The private key goes into a struct crypto_key at once; its text is wiped.
#ifndef SOURCE_GMAIL_ACCOUNT_H
#define SOURCE_GMAIL_ACCOUNT_H

#include "base/plan.h"
#include "limits.h"
#include "net/crypto.h"

struct gmail_account {
    struct crypto_key *key;                  // memory taken at start
    str email, client_id, key_id, token_uri; // into `fields`
    u8 fields[4][GMAIL_FIELD_BYTES];
};

#define GMAIL_TOKEN_URI S("https://oauth2.googleapis.com/token")

// Reads and checks it all. GMAIL_ACCOUNT_JSON, _UNKNOWN_FIELD, _FIELD, _KEY; what is wrong stands
// in `detail`, never a piece of the key. `scratch` (GMAIL_ACCOUNT_BYTES + GMAIL_KEY_BYTES) is
// wiped.
err gmail_account_read(struct gmail_account *a, str json, u8 *scratch, struct buf *detail);
void gmail_account_wipe(struct gmail_account *a); // the key, and what it knew; may be read again

#endif
