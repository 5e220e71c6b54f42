// SPDX-License-Identifier: Apache-2.0
// sync/document: ids that are longer than Elasticsearch takes, and the members of every document.
#include "test.h"

#include "sync/document.h"

static void test_a90_document_id_long(void)
{
    static u8 text[600];
    memset(text, 'a', sizeof text);
    u8 bytes[DOCUMENT_ID_BYTES];
    for (isize n = 1; n <= ELASTIC_ID_BYTES; n += 73) {
        str id = document_id(str_make(text, n), bytes);
        CHECK(id.p == text && id.n == n);
    }
    CHECK(document_id(str_make(text, 512), bytes).n == 512);
    // python3: hashlib.md5(b"a" * 513).hexdigest()
    CHECK_STR(document_id(str_make(text, 513), bytes), S("6649c3e827e44f7bf539768bddf76435"));
    CHECK_STR(document_id(str_make(text, 600), bytes), S("f5091e6f3df8500fadf1c3ca00e10caf"));
}

static void test_document_finish(void)
{
    u8 bytes[300];
    struct buf whole = buf_over(bytes, COUNT(bytes));
    struct document_flags flags = {.extract_binary_content = true, .run_ml_inference = true};
    buf_put(&whole, S("____\"a\":1"));
    document_finish(&whole, 4, S("x\"y"), &flags);
    CHECK_STR(buf_str(&whole), S("____\"a\":1,\"id\":\"x\\\"y\",\"_extract_binary_content\":true,"
                                 "\"_reduce_whitespace\":false,\"_run_ml_inference\":true"));
    buf_reset(&whole);
    document_finish(&whole, 0, S("1"), &(struct document_flags){.reduce_whitespace = true});
    CHECK_STR(buf_str(&whole), S("\"id\":\"1\",\"_extract_binary_content\":false,"
                                 "\"_reduce_whitespace\":true,\"_run_ml_inference\":false"));
}

static const struct test_case cases[] = {
    CASE(test_a90_document_id_long),
    CASE(test_document_finish),
};

TEST_MAIN(cases)
