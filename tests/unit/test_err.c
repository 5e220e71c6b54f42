// SPDX-License-Identifier: Apache-2.0
// base/err: every row of the table has a name, a class and texts fit to be shown to people.
#include "test.h"

static void test_err_table_rows(void)
{
    for (u16 code = 0; code < ERR_CODE_COUNT; code++) {
        err e = {code};
        str name = str_from(err_name(e)), what = str_from(err_what(e)),
            todo = str_from(err_todo(e));
        CHECK(err_ok(e) == (code == 0) && (err_class(e) == ERR_CLASS_NONE) == (code == 0));
        bool tidy = name.n > 0 && what.n > 0 && (todo.n > 0) == (code != 0) &&
                    !str_ends(what, S(".")) && !str_ends(todo, S(".")) && str_is_utf8(what) &&
                    str_is_utf8(todo);
        for (isize i = 0; i < name.n; i++) {
            tidy &= (name.p[i] >= 'A' && name.p[i] <= 'Z') || name.p[i] == '_' ||
                    str_is_digit(name.p[i]);
        }
        if (!tidy) {
            fprintf(stderr, "untidy row: %s\n", err_name(e));
        }
        CHECK(tidy);
        for (u16 other = 0; other < code; other++) {
            CHECK(strcmp(err_name(e), err_name((err){other})) != 0);
        }
    }
}

static err fails(err e, int *steps)
{
    ++*steps;
    TRY(e);
    ++*steps;
    return OK;
}

static void test_err_try_returns(void)
{
    int steps = 0;
    CHECK_OK(fails(OK, &steps));
    CHECK(steps == 2);
    CHECK_ERR(fails(FAIL(BUF_FULL), &steps), BUF_FULL);
    CHECK(steps == 3);
    CHECK(err_is(FAIL(BUF_FULL), ERR_BUF_FULL) && !err_is(OK, ERR_BUF_FULL));
    CHECK(strcmp(err_name(FAIL(BUF_FULL)), "BUF_FULL") == 0);
    CHECK(err_class(FAIL(HTTP_CUT)) == ERR_CLASS_RETRY);
}

static const struct test_case cases[] = {CASE(test_err_table_rows), CASE(test_err_try_returns)};

TEST_MAIN(cases)
