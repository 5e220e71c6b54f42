// SPDX-License-Identifier: Apache-2.0
// The machine of one mailbox: its token, then its message ids, page by page, into the queue of
// units. Steps as source.h asks for them. LISTED only after the last page was read whole.
#ifndef SOURCE_GMAIL_LISTING_H
#define SOURCE_GMAIL_LISTING_H

#include "source/gmail/gmail_mailbox.h"

enum step gmail_listing_next(void *src, struct mailbox *m, i64 now_ms, struct exchange *x);
err gmail_listing_head(void *src, struct mailbox *m, struct exchange *x,
                       const struct http_head *head);
err gmail_listing_body(void *src, struct mailbox *m, struct exchange *x, str *in);
err gmail_listing_end(void *src, struct mailbox *m, struct exchange *x);
void gmail_listing_fail(void *src, struct mailbox *m, struct exchange *x, err e);
void gmail_listing_close(void *src, struct mailbox *m);

#endif
