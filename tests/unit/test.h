// SPDX-License-Identifier: Apache-2.0
// What a unit test needs: cases, checks, and inputs that end at a guard page.
//
// A test file is one program: functions `static void test_<function>_<case>(void)`, a table of
// them, and TEST_MAIN(table). Each case prints one line, `PASS file:case` or `FAIL file:case`;
// tests/tally adds them up. A failed CHECK says where and goes on, so that one run shows all that
// is wrong.
#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/str.h"

struct test_case {
    const char *name;
    void (*run)(void);
};

#define CASE(function)      \
    {                       \
#function, function \
    }

static int test_failures; // failed checks of the running case

static inline void test_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    test_failures++;
}

#define CHECK(x)                               \
    do {                                       \
        if (!(x)) {                            \
            test_fail(__FILE__, __LINE__, #x); \
        }                                      \
    } while (0)

static inline void test_check_str(const char *file, int line, str got, str want)
{
    if (!str_eq(got, want)) {
        fprintf(stderr, "%s:%d: got  [%.*s]\n", file, line, (int)got.n, (const char *)got.p);
        fprintf(stderr, "%*s want [%.*s]\n", (int)strlen(file) + 4, "", (int)want.n,
                (const char *)want.p);
        test_failures++;
    }
}

#define CHECK_STR(got, want) test_check_str(__FILE__, __LINE__, (got), (want))

#define CHECK_ERR(e, want)                                                                        \
    do {                                                                                          \
        err check_err_ = (e);                                                                     \
        if (check_err_.code != ERR_##want) {                                                      \
            fprintf(stderr, "%s:%d: got %s, want %s\n", __FILE__, __LINE__, err_name(check_err_), \
                    #want);                                                                       \
            test_failures++;                                                                      \
        }                                                                                         \
    } while (0)

#define CHECK_OK(e) CHECK_ERR(e, NONE)

// A copy of `s` whose last byte is the last byte before an unmapped page: one byte read too far
// ends the program. Never freed; a test program is short.
static inline str test_guarded(str s)
{
    long page = sysconf(_SC_PAGESIZE);
    size_t pages = ((size_t)s.n + (size_t)page - 1) / (size_t)page;
    size_t bytes = (pages + 1) * (size_t)page;
    u8 *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED || mprotect(at + pages * (size_t)page, (size_t)page, PROT_NONE)) {
        perror("test_guarded");
        _exit(2);
    }
    u8 *copy = at + pages * (size_t)page - s.n;
    if (s.n) {
        memcpy(copy, s.p, (size_t)s.n);
    }
    return (str){copy, s.n};
}

static inline int test_main(const char *file, const struct test_case *cases, isize count)
{
    const char *slash = strrchr(file, '/');
    const char *base = slash ? slash + 1 : file;
    int failed = 0;
    for (isize i = 0; i < count; i++) {
        test_failures = 0;
        cases[i].run();
        printf("%s %.*s:%s\n", test_failures ? "FAIL" : "PASS", (int)strcspn(base, "."), base,
               cases[i].name);
        fflush(stdout);
        failed += test_failures > 0;
    }
    return failed > 0;
}

#define TEST_MAIN(cases)                                   \
    int main(void)                                         \
    {                                                      \
        return test_main(__FILE__, (cases), COUNT(cases)); \
    }

#endif
