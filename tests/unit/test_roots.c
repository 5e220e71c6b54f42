// SPDX-License-Identifier: Apache-2.0
//
// The embedded roots: what net/tls relies on when it searches the index without checking it.
#include "test.h"

#include "net/roots.h"

static const u8 *subject_of(const struct root_entry *e)
{
    return roots_der + e->subject_offset_bytes;
}

static void test_index_is_sorted(void)
{
    for (u32 i = 1; i < roots_count; i++) {
        const struct root_entry *a = &roots_index[i - 1], *b = &roots_index[i];
        bool same_length = a->subject_length_bytes == b->subject_length_bytes;
        CHECK(a->subject_length_bytes <= b->subject_length_bytes);
        CHECK(!same_length || memcmp(subject_of(a), subject_of(b), a->subject_length_bytes) <= 0);
    }
}

static void test_entries_lie_end_to_end(void)
{
    u32 end = 0;
    for (u32 i = 0; i < roots_count; i++) {
        const struct root_entry *e = &roots_index[i];
        CHECK(e->offset_bytes == end);
        end += e->length_bytes;
        // A certificate and a Name are SEQUENCEs whose length leads to their end.
        const u8 *der = roots_der + e->offset_bytes;
        CHECK(der[0] == 0x30 && der[1] == 0x82 && der[2] * 256 + der[3] + 4 == e->length_bytes);
        CHECK(e->subject_offset_bytes > e->offset_bytes);
        CHECK(e->subject_offset_bytes + e->subject_length_bytes < end);
        const u8 *name = subject_of(e);
        isize header = name[1] < 0x80 ? 2 : 3;
        CHECK(name[0] == 0x30 && (header == 2 || name[1] == 0x81));
        CHECK(name[header - 1] + header == e->subject_length_bytes);
    }
}

static void test_counts_are_the_pinned_ones(void)
{
    int distrusted = 0;
    for (u32 i = 0; i < roots_count; i++) {
        i64 date = roots_index[i].distrust_after_s;
        // Between 2019, when Mozilla began with such dates, and 2050, where UTCTime ends.
        CHECK(date == 0 || (date > 1546300800 && date < 2524608000));
        distrusted += date != 0;
    }
    CHECK(roots_count == 150);
    CHECK(distrusted == 9);
    CHECK(strlen(roots_release) >= 8);
}

// One root by its bytes, so that a build with other roots under the same count is noticed.
static void test_lookup_finds_isrg_root_x1(void)
{
    static const char common_name[] = "ISRG Root X1";
    int found = 0;
    for (u32 i = 0; i < roots_count; i++) {
        const struct root_entry *e = &roots_index[i];
        found += memmem(subject_of(e), e->subject_length_bytes, common_name,
                        sizeof common_name - 1) != NULL;
    }
    CHECK(found == 1);
}

static const struct test_case cases[] = {
    CASE(test_index_is_sorted),
    CASE(test_entries_lie_end_to_end),
    CASE(test_counts_are_the_pinned_ones),
    CASE(test_lookup_finds_isrg_root_x1),
};

TEST_MAIN(cases)
