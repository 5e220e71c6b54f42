// SPDX-License-Identifier: Apache-2.0
// Aimed at interpolate(), interpolate_check_dot_env(), interpolate_dot_env_at(). The input is .env,
// a NUL, and the text. Variables in the environment exist when their name has an even length. Line
// breaks stay in number where values have none; a text without a dollar sign and comments is not
// changed; in the lenient mode nothing but size can fail.
#include "cli/interpolate.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static str env_get(void *st, str name, bool *found)
{
    (void)st;
    *found = name.n % 2 == 0;
    return *found ? S("value $A") : (str){0};
}

static isize lines_of(str s)
{
    isize lines = 0;
    for (isize i = 0; i < s.n; i++) {
        lines += s.p[i] == '\n';
    }
    return lines;
}

static void check_dot_env(str dot_env)
{
    str name, value;
    for (isize i = 0; interpolate_dot_env_at(dot_env, i, &name, &value); i++) {
        ASSERT(name.n > 0 && str_find_byte(name, '=') < 0 && str_find_byte(value, '\n') < 0);
        ASSERT(name.p >= dot_env.p && value.p + value.n <= dot_env.p + dot_env.n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static u8 out_bytes[KIB(64)], detail_bytes[CONFIG_DETAIL_BYTES];
    str in = {p, (isize)n};
    if (in.n > KIB(2)) {
        return 0; // the time for .env grows with the square
    }
    str dot_env;
    bool found;
    str text = str_cut(in, 0, &dot_env, &found);
    struct buf detail = buf_over(detail_bytes, sizeof detail_bytes);
    err e = interpolate_check_dot_env(dot_env, &detail);
    ASSERT(err_ok(e) == (detail.n == 0));
    check_dot_env(dot_env);
    for (int lenient = 0; lenient < 2; lenient++) {
        struct interpolate_env env = {.get = env_get, .dot_env = dot_env, .lenient = lenient};
        struct buf out = buf_over(out_bytes, sizeof out_bytes);
        buf_reset(&detail);
        e = interpolate(text, &env, &out, &detail);
        ASSERT(err_ok(e) == (detail.n == 0) && !detail.full);
        ASSERT(!lenient || err_ok(e) || err_is(e, ERR_CONFIG_TOO_LARGE));
        if (!out.full) {
            ASSERT(lines_of(buf_str(&out)) == lines_of(text));
        }
        bool plain = str_find_byte(text, '$') < 0 && str_find_byte(text, '#') < 0 &&
                     !str_starts(text, S("\xef\xbb\xbf"));
        ASSERT(!plain || str_eq(buf_str(&out), text));
    }
    return 0;
}
