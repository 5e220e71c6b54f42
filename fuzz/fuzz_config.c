// SPDX-License-Identifier: Apache-2.0
// Aimed at config_load(), config_tree_add_yaml(), config_field_str(), config_field_bool(). Whatever
// the text is: a verdict within bounds, the same twice; an error has words; what was accepted lies
// within its bounds; libyaml's heap is empty at the end. No file is opened: fields given as
// <key>_file are not asked for.
#include "cli/config.h"
#include "cli/config_tree.h"
#include "cli/yaml_heap.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct config config;
static struct config_tree tree;
static struct arena arena;
static u8 memory[CONFIG_ARENA_BYTES];
static u8 slab[YAML_HEAP_BYTES] __attribute__((aligned(16)));
static u8 detail_bytes[CONFIG_DETAIL_BYTES];

static void check_tree(void)
{
    ASSERT(tree.count >= 1 && tree.count <= CONFIG_NODES_MAX);
    for (int i = 0; i < tree.count; i++) {
        const struct config_node *node = &tree.nodes[i];
        ASSERT(node->first < tree.count && node->next < tree.count && node->next != i);
        ASSERT(node->first < 0 || node->kind == CONFIG_MAP || node->kind == CONFIG_LIST);
        ASSERT(str_find_byte(node->text, 0) < 0);
    }
}

static void check_values(void)
{
    ASSERT(config.limits.lanes >= 1 && config.limits.lanes <= LANES_MAX);
    ASSERT(config.bulk.max_concurrency >= 1 && config.bulk.chunk_size >= 2);
    ASSERT(config.sync.purge_max_share >= 0 && config.sync.purge_max_share <= 1);
    ASSERT(config.connector_count >= 0 && config.connector_count <= CONNECTORS_MAX);
    str headers = config.elasticsearch.headers;
    ASSERT(headers.n == 0 || str_ends(headers, S("\r\n")));
}

static void ask_fields(struct buf *detail)
{
    static const char *const keys[] = {"service_account_credentials", "subject", "customer_id"};
    for (int i = 0; i < config.connector_count; i++) {
        const struct config_connector *c = &config.connectors[i];
        for (isize k = 0; k < COUNT(keys); k++) {
            u8 name_bytes[64];
            struct buf name = buf_over(name_bytes, COUNT(name_bytes));
            buf_put(&name, str_from(keys[k]));
            buf_put(&name, S("_file"));
            str text;
            bool found, truth;
            if (config_tree_child(&tree, c->configuration, buf_str(&name)) >= 0) {
                continue;
            }
            struct arena mark = arena;
            struct config_fields fields = {&config, c, &arena, detail};
            err e = config_field_str(&fields, keys[k], &text, &found);
            ASSERT(!err_ok(e) || found || text.n == 0);
            e = config_field_bool(&fields, keys[k], &truth, &found);
            (void)e;
            arena = mark;
        }
    }
}

static err load(str text, struct buf *detail)
{
    config = (struct config){.tree = &tree};
    arena = arena_over(memory, sizeof memory);
    *detail = buf_over(detail_bytes, sizeof detail_bytes);
    config_tree_init(&tree, &arena);
    yaml_heap_open(slab, sizeof slab);
    err e = config_load(&config, S("f"), text, &arena, detail);
    ASSERT(yaml_heap_used() == 0);
    yaml_heap_close();
    return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    str text = {p, (isize)n};
    struct buf detail;
    if (text.n > CONFIG_BYTES) {
        return 0;
    }
    err first = load(text, &detail);
    ASSERT(err_ok(first) || detail.n > 0);
    int count = tree.count;
    isize said = detail.n;
    check_tree();
    if (err_ok(first)) {
        check_values();
        ask_fields(&detail);
    }
    err second = load(text, &detail);
    ASSERT(first.code == second.code && count == tree.count && said == detail.n);
    return 0;
}
