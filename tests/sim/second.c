// SPDX-License-Identifier: Apache-2.0
// The product's main.c a second time; see second.h and product.c.
#include "second.h"

#include <string.h>

#define main second_main
#include "../../src/main.c" // NOLINT(bugprone-suspicious-include)
#undef main

void second_clear(void)
{
    memset(&app, 0, sizeof(app));
}

struct start *second_start(void)
{
    return &app.start;
}
