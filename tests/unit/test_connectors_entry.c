// SPDX-License-Identifier: Apache-2.0
// cli/connectors_entry: where an entry can be appended to a config.yml and where not, and that what
// is appended is one more connector.
#include "test.h"

#include "cli/connectors_entry.h"
#include "cli/yaml_heap.h"

static struct config_tree tree;
static u8 arena_bytes[KIB(256)];
static u8 combined_bytes[KIB(64)];
static _Alignas(16) u8 heap_bytes[KIB(512)];

static struct entry_place find(str text)
{
    static struct arena arena;
    struct buf combined = buf_over(combined_bytes, COUNT(combined_bytes));
    arena = arena_over(arena_bytes, COUNT(arena_bytes));
    tree.arena = &arena;
    yaml_heap_open(heap_bytes, COUNT(heap_bytes));
    struct entry_place place = connectors_entry_find(&tree, text, &combined);
    CHECK(yaml_heap_used() == 0);
    yaml_heap_close();
    CHECK(arena.n == 0);
    return place;
}

static void test_places(void)
{
    static const struct {
        const char *text;
        bool line_end, head;
        isize indent;
    } cases[] = {
        {"", false, true, 2},
        {"# only a comment\n", false, true, 2},
        {"a: 1\n", false, true, 2},
        {"a: 1", true, true, 2},
        {"elasticsearch.host: http://x\n", false, true, 2},
        {"connectors:\n", false, false, 2},
        {"connectors: # none yet\n", false, false, 2},
        {"connectors:\n- connector_id: a\n", false, false, 0},
        {"a: 1\nconnectors:\n  - connector_id: a\n    x:\n      - 1\n", false, false, 2},
        {"connectors:\n    -\n      connector_id: a\n# end\n", false, false, 4},
        {"connectors:\n  - connector_id: a\n    key: |\n      text\n      more\n", false, false, 2},
        {"connectors:\n  - {connector_id: a}", true, false, 2},
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        struct entry_place place = find(str_from(cases[i].text));
        if (!place.known || place.line_end != cases[i].line_end || place.head != cases[i].head ||
            place.indent != cases[i].indent) {
            fprintf(stderr, "case %d: known %d, line_end %d, head %d, indent %d\n", (int)i,
                    place.known, place.line_end, place.head, (int)place.indent);
            CHECK(false);
        }
    }
}

static void test_no_places(void)
{
    static const char *const cases[] = {
        "connectors: []\n",
        "connectors: [{connector_id: a}]\n",
        "connectors: {a: 1}\n",
        "connectors: text\n",
        "connectors:\n  - connector_id: a\nservice:\n  idling: 5\n",
        "connectors:\n- connector_id: a\nb:\n",
        "connectors:\n  - connector_id: a\nelasticsearch.host: x\n",
        "a: 1\n...\n",
        "a: [1\n",
        "a: &x 1\n",
        "- list\n",
        "{a: 1}\n",
        "a: |\n  text\n  - x\nconnectors: 5",
    };
    for (isize i = 0; i < COUNT(cases); i++) {
        if (find(str_from(cases[i])).known) {
            fprintf(stderr, "case %d\n", (int)i);
            CHECK(false);
        }
    }
}

static void test_put(void)
{
    u8 bytes[512];
    struct buf b = buf_over(bytes, COUNT(bytes));
    struct entry_place place = {.known = true, .line_end = true, .head = true, .indent = 1};
    struct connector_entry entry = {.id = S("a\"\n$b"), .service_type = S("gmail")};
    connectors_entry_put(&b, &place, &entry);
    CHECK_STR(buf_str(&b), S("\nconnectors:\n - connector_id: \"a\\\"\\n$$b\"\n"
                             "   service_type: \"gmail\"\n"));
    place = (struct entry_place){.known = true};
    entry.id = S("x");
    entry.api_key = S("k==");
    buf_reset(&b);
    connectors_entry_put(&b, &place, &entry);
    CHECK_STR(buf_str(&b),
              S("- connector_id: \"x\"\n  service_type: \"gmail\"\n  api_key: \"k==\"\n"));
}

static const struct test_case cases[] = {
    CASE(test_places),
    CASE(test_no_places),
    CASE(test_put),
};

TEST_MAIN(cases)
