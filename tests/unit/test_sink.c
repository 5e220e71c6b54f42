// SPDX-License-Identifier: Apache-2.0
// The ndjson sink: two lines a document, the bytes that a flight would hold, decided at once.
#include "test.h"

#include <unistd.h>

#include "sync/sink.h"

static u8 whole_bytes[FETCH_DOC_OFFSET + 64];
static u8 line_bytes[BULK_ACTION_BYTES];
static int decided;
static u32 owner_told;

static void note(void *st, const struct bulk_result *r)
{
    (void)st;
    decided += r->verdict == BULK_DONE;
    owner_told = r->item->owner;
}

static enum sink_answer put(int fd, str id, str body)
{
    struct sink s = {.fd = fd, .index = S("i\"x"), .decided = note};
    s.line = buf_over(line_bytes, BULK_ACTION_BYTES);
    struct buf whole = buf_over(whole_bytes, COUNT(whole_bytes));
    buf_put_fill(&whole, 0, FETCH_DOC_OFFSET);
    buf_put(&whole, body);
    return sink_put(&s, id, &whole, (struct bulk_item){.owner = 7}, 0);
}

static void test_sink_put_ndjson_writes_two_lines(void)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    decided = 0;
    CHECK(put(ends[1], S("k\\1"), S("\"a\":1")) == SINK_TAKEN);
    CHECK(decided == 1 && owner_told == 7);
    u8 got[256];
    isize n = read(ends[0], got, sizeof got);
    CHECK_STR(str_make(got, n > 0 ? n : 0),
              S("{\"index\":{\"_index\":\"i\\\"x\",\"_id\":\"k\\\\1\"}}\n{\"a\":1}\n"));
    close(ends[0]);
    close(ends[1]);
}

static void test_sink_put_says_when_the_file_is_broken(void)
{
    decided = 0;
    CHECK(put(-1, S("k"), S("\"a\":1")) == SINK_BROKEN);
    CHECK(decided == 0);
}

static const struct test_case cases[] = {
    CASE(test_sink_put_ndjson_writes_two_lines),
    CASE(test_sink_put_says_when_the_file_is_broken),
};

TEST_MAIN(cases)
