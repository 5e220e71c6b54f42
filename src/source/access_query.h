// SPDX-License-Identifier: Apache-2.0
// The members that every access control document ends with: when it was made, and the query that
// limits a user to what carries one of his identities (spec/documents.md 9).
#ifndef SOURCE_ACCESS_QUERY_H
#define SOURCE_ACCESS_QUERY_H

#include "codec/json_write.h"

// "created_at" (`created`, or now when it is empty) and "query".
void access_query_put(struct json_write *w, str created, const str *identities, isize count);

#endif
