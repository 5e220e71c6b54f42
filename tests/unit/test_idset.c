// SPDX-License-Identifier: Apache-2.0
// base/idset: what was added is found, what was not is not, up to the last place, and never beyond.
#include "test.h"

#include "base/buf.h"
#include "base/idset.h"

#define CAPACITY 1000

static struct idset_entry entries[IDSET_PLACES(CAPACITY)];

static str id_of(int i, u8 *text)
{
    struct buf b = buf_over(text, 32);
    buf_put(&b, S("18f0c2a"));
    buf_put_i64(&b, i);
    return buf_str(&b);
}

static struct idset make(isize capacity)
{
    struct idset set;
    memset(entries, 0, sizeof entries);
    memset(entries + IDSET_PLACES(capacity), 0xee,
           sizeof entries - (size_t)IDSET_PLACES(capacity) * 16);
    idset_init(&set, entries, capacity, (struct hash_key){1, 2});
    return set;
}

static void test_idset_add_to_the_end(void)
{
    u8 text[32];
    struct idset set = make(CAPACITY);
    CHECK(set.capacity == CAPACITY && set.places == IDSET_PLACES(CAPACITY));
    for (int i = 0; i < CAPACITY; i++) {
        struct idset_entry *e = idset_add(&set, id_of(i, text));
        CHECK(e && e->flags == 0 && e->stamp == 0);
        if (e) {
            e->flags = (u32)i % 4;
            e->stamp = (u32)i;
        }
        CHECK(set.count == i + 1 && !set.full);
    }
    for (int i = 0; i < CAPACITY; i++) {
        struct idset_entry *e = idset_find(&set, id_of(i, text));
        CHECK(e && e->stamp == (u32)i && e == idset_add(&set, id_of(i, text)));
        CHECK(idset_find(&set, id_of(i + CAPACITY, text)) == NULL);
    }
    CHECK(set.count == CAPACITY && !set.full);
    CHECK(idset_add(&set, S("one more")) == NULL && set.full && set.count == CAPACITY);
    CHECK(idset_find(&set, S("one more")) == NULL);
    CHECK(idset_count(&set, 0, 0) == CAPACITY && idset_count(&set, 3, 2) == CAPACITY / 4);
    CHECK(idset_count(&set, 1, 1) == CAPACITY / 2 && idset_count(&set, 4, 4) == 0);
    idset_clear(&set);
    CHECK(set.count == 0 && !set.full && idset_find(&set, id_of(0, text)) == NULL);
    CHECK(idset_count(&set, 0, 0) == 0);
    CHECK(idset_add(&set, id_of(0, text)) && set.count == 1);
}

static void test_idset_small(void)
{
    for (isize capacity = 1; capacity < 9; capacity++) {
        u8 text[32];
        struct idset set = make(capacity);
        for (int i = 0; i < 20; i++) {
            bool added = idset_add(&set, id_of(i, text)) != NULL;
            CHECK(added == (i < capacity));
            CHECK((idset_find(&set, id_of(i, text)) != NULL) == added);
        }
        CHECK(set.full && set.count == capacity);
        CHECK(entries[set.places].key == 0xeeeeeeeeeeeeeeee); // nothing behind the last place
    }
    struct idset set = make(4);
    CHECK(idset_add(&set, S("")) && idset_find(&set, S(""))); // an id like any other
    CHECK(!idset_find(&set, (str){(const u8 *)"\0", 1}));
}

static void test_idset_stamp_values(void)
{
    struct idset set = make(4);
    u32 a = idset_stamp(&set, S("1720174830000"));
    CHECK(a != 0 && a == idset_stamp(&set, S("1720174830000")));
    CHECK(a != idset_stamp(&set, S("1720174830001")));
    for (int i = 0; i < 100000; i++) {
        u8 text[32];
        CHECK(idset_stamp(&set, id_of(i, text)) != 0);
    }
}

static const struct test_case cases[] = {
    CASE(test_idset_add_to_the_end),
    CASE(test_idset_small),
    CASE(test_idset_stamp_values),
};

TEST_MAIN(cases)
