// SPDX-License-Identifier: Apache-2.0
// What the three Google services share: errors in Google's shape, bearer tokens, partial answers
// (`fields`), pretty printing, and gzip when it is asked for in both headers (Google wants the word
// in User-Agent too).
#ifndef TENANT_GOOGLE_H
#define TENANT_GOOGLE_H

#include "model.h"

void google_error(struct t_response *r, int status, const char *reason, const char *message);
void token_error(struct t_response *r, int status, const char *error, const char *description);

// The live token of a request that has one of the scopes; NULL: refused, and answered.
const struct t_token *google_authorize(struct tenant *t, const struct t_request *q,
                                       struct t_response *r, int scopes);

// `fields` spelled out, one path a line ("messages/id"). all: no selection.
struct t_fields {
    struct t_buf paths;
    bool all;
};

// false: not a selection, or of something that is not in `known` (NULL-terminated): answered with
// 400.
bool google_fields(const struct t_request *q, const char *const *known, struct t_fields *f,
                   struct t_response *r);
bool google_wants(const struct t_fields *f, const char *path);

struct t_writer google_writer(const struct t_request *q, struct t_response *r);
void google_finish(const struct t_request *q, struct t_response *r, bool may_gzip);

// A whole number parameter within 1 .. max; otherwise `fallback`. false: answered with 400.
bool google_number(const struct t_request *q, const char *name, i64 max, i64 *n,
                   struct t_response *r);

#endif
