// SPDX-License-Identifier: Apache-2.0
// The error table as data: class, name and the two texts of each code.
#include "base/err.h"

struct err_row {
    enum err_class class;
    const char *name;
    const char *what;
    const char *todo;
};

static const struct err_row err_rows[ERR_CODE_COUNT] = {
#define ERR(name, class, what, todo) [ERR_##name] = {ERR_CLASS_##class, #name, what, todo},
#include "base/err_table.h"
#undef ERR
};

_Static_assert(ERR_CODE_COUNT < UINT16_MAX, "an error code fits into 16 bits");

static const struct err_row *err_row(err e)
{
    ASSERT(e.code < ERR_CODE_COUNT);
    return &err_rows[e.code];
}

enum err_class err_class(err e)
{
    return err_row(e)->class;
}

const char *err_name(err e)
{
    return err_row(e)->name;
}

const char *err_what(err e)
{
    return err_row(e)->what;
}

const char *err_todo(err e)
{
    return err_row(e)->todo;
}
