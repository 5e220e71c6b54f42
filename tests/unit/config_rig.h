// SPDX-License-Identifier: Apache-2.0
// config.yml from a string: all memory that config_load() needs, started afresh for each text.
#ifndef TESTS_UNIT_CONFIG_RIG_H
#define TESTS_UNIT_CONFIG_RIG_H

#include "test.h"

#include "cli/config.h"
#include "cli/config_tree.h"
#include "cli/yaml_heap.h"

static struct config rig_config;
static struct config_tree rig_tree;
static struct arena rig_arena;
static u8 rig_memory[CONFIG_ARENA_BYTES];
static u8 rig_slab[YAML_HEAP_BYTES] __attribute__((aligned(16)));
static u8 rig_detail_bytes[CONFIG_DETAIL_BYTES];
static struct buf rig_detail;

static inline void rig_reset(void)
{
    rig_config = (struct config){.tree = &rig_tree};
    rig_arena = arena_over(rig_memory, sizeof rig_memory);
    rig_detail = buf_over(rig_detail_bytes, sizeof rig_detail_bytes);
    config_tree_init(&rig_tree, &rig_arena);
}

// What the environment gave before stays.
static inline err rig_load_more(str text)
{
    yaml_heap_open(rig_slab, sizeof rig_slab);
    err e = config_load(&rig_config, S("config.yml"), test_guarded(text), &rig_arena, &rig_detail);
    yaml_heap_close();
    return e;
}

static inline err rig_load(const char *text)
{
    rig_reset();
    return rig_load_more(str_from(text));
}

// The text must be refused with this code, and with exactly these words.
static inline void rig_refused(const char *text, enum err_code code, const char *detail)
{
    err e = rig_load(text);
    if (e.code != code) {
        fprintf(stderr, "[%s]\n  got %s, want %s\n", text, err_name(e), err_name((err){(u16)code}));
        test_failures++;
    }
    test_check_str("detail of", 0, buf_str(&rig_detail), str_from(detail));
}

#endif
