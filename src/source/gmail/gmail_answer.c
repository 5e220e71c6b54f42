// SPDX-License-Identifier: Apache-2.0
// Collecting a small answer (see gmail_answer.h).
#include "source/gmail/gmail_answer.h"

#include "net/retry.h"
#include "os/os.h"

void gmail_answer_start(struct gmail_answer *a, void *p, isize cap)
{
    *a = (struct gmail_answer){.text = buf_over(p, cap)};
}

void gmail_answer_head(struct gmail_answer *a, const struct http_head *head)
{
    i64 wait_ms = head->status >= 400 ? retry_after_ms(head, os_unix_us() / 1000000) : -1;
    a->status = head->status;
    a->retry_at_ms = wait_ms >= 0 ? os_mono_ms() + wait_ms : 0;
    buf_reset(&a->text);
}

void gmail_answer_take(struct gmail_answer *a, str *in)
{
    isize room = a->text.cap - a->text.n;
    buf_put(&a->text, str_slice(*in, 0, in->n < room ? in->n : room));
    *in = str_from_index(*in, in->n);
}
