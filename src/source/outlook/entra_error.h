// SPDX-License-Identifier: Apache-2.0
// Entra ID's refusals of a token (spec/wire-graph.md 1): which error each AADSTS number means, and
// how it is told to people. One table. Judged by the number, else by `error` (RFC 6749, section
// 5.2), else by the status; never by Microsoft's words, which change.
//
// A refused token concerns all mailboxes of the tenant: errors of class RETRY pass, all others are
// of the tenant.
#ifndef SOURCE_OUTLOOK_ENTRA_ERROR_H
#define SOURCE_OUTLOOK_ENTRA_ERROR_H

#include "base/buf.h"
#include "net/exchange.h"
#include "source/outlook/entra_account.h"

// The error of an answer of the token endpoint whose status is not 200. x->detail gets, for people,
// what they need to find the place (tenant, client id, thumbprint where it is about that), the
// AADSTS number and the first line of Microsoft's words, bounded, without control bytes, and
// without anything that stands in the account's secret. x->retry_at_ms is not touched.
err entra_error_judge(const struct entra_account *a, int status, str answer, struct exchange *x);

// The class that a number has, for tests and `check`: OK when it is not in the table.
err entra_error_of_number(i64 aadsts);

#endif
