// SPDX-License-Identifier: Apache-2.0
// What `limits` and `version` print (see commands.h).
#include "cli/commands.h"

#include "cli/output.h"
#include "limits.h"
#include "pins.h"

static const struct {
    const char *section, *name, *meaning;
    i64 value;
} commands_bounds[] = {
#define BOUND(section, name, meaning) {section, #name, meaning, (i64)(name)},
#include "limits_table.h"
#undef BOUND
};

static void commands_put_number(struct buf *out, i64 v, isize width)
{
    u8 digits[24];
    struct buf b = buf_over(digits, COUNT(digits));
    buf_put_i64(&b, v);
    output_put_right(out, buf_str(&b), width);
}

static void commands_put_row(struct buf *out, const struct plan_row *row)
{
    output_put_left(out, str_from(row->name), 22);
    commands_put_number(out, row->count, 8);
    commands_put_number(out, row->bytes, 12);
    commands_put_number(out, row->taken, 13);
    buf_put(out, S("  "));
    buf_put(out, str_from(row->reason));
    buf_put(out, S("\n"));
}

// All of limits.h, in its order.
static void commands_put_bounds(struct buf *out)
{
    str section = {0};
    buf_put(out, S("\nbounds; what config.yml sets is here as its default:\n"));
    for (isize i = 0; i < COUNT(commands_bounds); i++) {
        if (!str_eq(section, str_from(commands_bounds[i].section))) {
            section = str_from(commands_bounds[i].section);
            buf_put(out, section);
            buf_put(out, S("\n"));
        }
        buf_put(out, S("  "));
        output_put_left(out, str_from(commands_bounds[i].name), 30);
        commands_put_number(out, commands_bounds[i].value, 11);
        buf_put(out, commands_bounds[i].meaning[0] ? S("  ") : S(""));
        buf_put(out, str_from(commands_bounds[i].meaning));
        buf_put(out, S("\n"));
    }
}

void commands_put_limits(struct buf *out, const struct plan *plan)
{
    buf_put(out, S("pool                     count  bytes each        bytes  for\n"));
    for (int i = 0; i < plan->count; i++) {
        if (!plan->rows[i].lazy) {
            commands_put_row(out, &plan->rows[i]);
        }
    }
    i64 total = plan_total_bytes(plan);
    output_put_left(out, S("total"), 42);
    commands_put_number(out, total, 13);
    buf_put(out, S("  bytes taken at start, and no more ("));
    buf_put_i64(out, total / MIB(1));
    buf_put(out, S(" MiB)\n\naddress space, touched only when it is needed:\n"));
    for (int i = 0; i < plan->count; i++) {
        if (plan->rows[i].lazy) {
            commands_put_row(out, &plan->rows[i]);
        }
    }
    commands_put_bounds(out);
}

void commands_put_version(struct buf *out)
{
    buf_put(out, S("mailferry " MAILFERRY_VERSION "\ncompiler " __VERSION__ "\n"));
    for (isize i = 0; i < COUNT(pins); i++) {
        buf_put(out, str_from(pins[i].name));
        buf_put(out, S(" "));
        buf_put(out, str_from(pins[i].version));
        buf_put(out, S(" sha256:"));
        buf_put(out, str_from(pins[i].sha256));
        buf_put(out, S("\n"));
    }
}
