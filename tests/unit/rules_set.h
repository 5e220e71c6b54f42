// SPDX-License-Identifier: Apache-2.0
// One set of rules in its own memory, for the tests of sync/rules.
#ifndef TESTS_UNIT_RULES_SET_H
#define TESTS_UNIT_RULES_SET_H

#include "test.h"

#include "sync/rules_validate.h"

// The only set; its memory is taken once, as in the program.
static inline struct rules *rules_set(void)
{
    static u8 memory[MIB(1)];
    static struct arena arena;
    static struct plan plan;
    static struct rules rules;
    if (!plan.arena) {
        arena = arena_over(memory, sizeof memory);
        plan.arena = &arena;
        rules_init(&rules, &plan);
    }
    return &rules;
}

// From records separated by commas. They are gone afterwards: the set must not need them.
static inline void load_rules(struct rules *r, const char *records)
{
    u8 text[4096], words[256];
    struct buf b = buf_over(text, sizeof text), detail = buf_over(words, sizeof words);
    buf_put(&b, S("{\"rules\":["));
    buf_put(&b, str_from(records));
    buf_put(&b, S("]}"));
    CHECK_OK(rules_load(r, buf_str(&b), true, &detail));
    memset(text, 'X', sizeof text);
}

#endif
