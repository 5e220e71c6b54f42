// SPDX-License-Identifier: Apache-2.0
// Aimed at listener_read(): the head of a request, whole and in growing pieces. What is refused
// stays refused, a page stays the same page, and its path holds no blank and no control byte. Its
// host, that of an attacker or not, is looked at.
#include "service/listener.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    str whole = str_make(p, (isize)n);
    struct listener_request last, r;
    enum listener_verdict end = listener_read(whole, &last);
    enum listener_verdict before = LISTENER_MORE;
    for (isize i = 0; i <= whole.n; i++) {
        enum listener_verdict v = listener_read(str_slice(whole, 0, i), &r);
        ASSERT(before == LISTENER_MORE || v == before);
        before = v;
    }
    ASSERT(before == end);
    if (end == LISTENER_PAGE) {
        struct listener_self self = {.at = {.ip = {127, 0, 0, 1}}, .name = S("mail.example")};
        ASSERT(last.has_host || last.host.n == 0);
        ASSERT(!listener_is_own_host(&self, last.host) || last.host.n >= 9);
        ASSERT(str_eq(last.path, r.path) && last.path.n > 0 && last.path.p[0] == '/');
        for (isize i = 0; i < last.path.n; i++) {
            ASSERT(last.path.p[i] > ' ' && last.path.p[i] < 127 && last.path.p[i] != '?');
        }
    }
    return 0;
}
