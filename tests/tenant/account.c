// SPDX-License-Identifier: Apache-2.0
// The service account; see account.h.
#include "account.h"

#include "ews.h"

bool account_is(const struct tenant *t, str name)
{
    isize slash = str_find_byte(name, '\\'), at = str_find_byte(name, '@');
    if (slash >= 0) {
        return str_eq_nocase(str_slice(name, 0, slash), t->o.netbios) &&
               str_eq_nocase(str_from_index(name, slash + 1), t->o.account);
    }
    if (at >= 0) {
        return str_eq_nocase(str_from_index(name, at + 1), t->o.domain) &&
               str_eq_nocase(str_slice(name, 0, at), t->o.account);
    }
    return str_eq_nocase(name, t->o.account);
}

static bool is_latin1_of(str latin1, str utf8)
{
    isize k = 0;
    for (isize i = 0; i < utf8.n; i++, k++) {
        u8 c = utf8.p[i];
        if (c >= 0xC2 && c <= 0xC3 && i + 1 < utf8.n) {
            c = (u8)(c << 6 | (utf8.p[++i] & 63));
        }
        if (k >= latin1.n || latin1.p[k] != c) {
            return false;
        }
    }
    return k == latin1.n;
}

enum account_result account_note(struct tenant *t, enum account_result result)
{
    int most = t->o.lockout;
    if (most > 0 && t->exchange->failed_logons >= most) {
        return ACCOUNT_LOCKED;
    }
    t->exchange->failed_logons = result == ACCOUNT_OK ? 0 : t->exchange->failed_logons + 1;
    return result;
}

enum account_result account_check(struct tenant *t, str name, str password, bool latin1)
{
    if (!account_is(t, name)) {
        return ACCOUNT_UNKNOWN;
    }
    bool right = latin1 ? is_latin1_of(password, t->o.account_password)
                        : str_eq(password, t->o.account_password);
    return account_note(t, right ? ACCOUNT_OK : ACCOUNT_WRONG);
}
