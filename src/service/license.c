// SPDX-License-Identifier: Apache-2.0
// The license of the cluster (see license.h).
#include "service/license.h"

#include "elastic/answers.h"

void license_ask(struct worker *w)
{
    worker_ask(w, S("GET"));
    buf_put(&w->call.target, S("/_license"));
}

err license_read(struct worker *w, struct buf *detail)
{
    if (!worker_went_well(w)) {
        err e = elastic_call_error(&w->call);
        elastic_put_cut(detail, buf_str(&w->call.detail), detail->cap);
        return e;
    }
    return license_allows_platinum(buf_str(&w->call.answer), detail) ? OK : FAIL(SERVICE_LICENSE);
}
