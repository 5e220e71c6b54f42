// SPDX-License-Identifier: Apache-2.0
// source/outlook/graph_attachment, graph_id: attachments as EWS lists them, and ids as it writes
// them.
#include "graph_item_rig.h"

// ---- ids

// The shapes of ids that Microsoft documents for both; office.js swaps the same two characters.
static void test_ids(void)
{
    static const struct {
        const char *rest, *ews;
    } ids[] = {
        {"AAMkAGI2TG93AAA=", "AAMkAGI2TG93AAA="},
        {"AAMkAGVmMDEzMTM4LTZmYWUtNDdkNC1hMDZiLTU1OGY5OTZhYmY4OABGAAAAAAAiQ8W967B7TKBjgx9rVEURBwAi"
         "IsqMbYjsT5e-T7KzowPTAAAAAAEMAAAiIsqMbYjsT5e-T7KzowPTAAAYbuK-AAA=",
         "AAMkAGVmMDEzMTM4LTZmYWUtNDdkNC1hMDZiLTU1OGY5OTZhYmY4OABGAAAAAAAiQ8W967B7TKBjgx9rVEURBwAi"
         "IsqMbYjsT5e/T7KzowPTAAAAAAEMAAAiIsqMbYjsT5e/T7KzowPTAAAYbuK/AAA="},
        {"AAMkAGI2NGVhZTVlLTI1OGMtNDI4My1iZmE5LTA5OGJiZGEyMTc0YQBGAAAAAADUuTJK1K9aTpCdqXop_4NaBwCd"
         "9nJ-tVysQos2hTfspaWRAAAAAAEIAACd9nJ-tVysQos2hTfspaWRAADTT9mvAAA=",
         "AAMkAGI2NGVhZTVlLTI1OGMtNDI4My1iZmE5LTA5OGJiZGEyMTc0YQBGAAAAAADUuTJK1K9aTpCdqXop+4NaBwCd"
         "9nJ/tVysQos2hTfspaWRAAAAAAEIAACd9nJ/tVysQos2hTfspaWRAADTT9mvAAA="},
    };
    for (int i = 0; i < COUNT(ids); i++) {
        u8 bytes[UNIT_ID_BYTES];
        struct buf b = buf_over(bytes, COUNT(bytes));
        CHECK(graph_id_put_ews(&b, str_from(ids[i].rest)));
        CHECK_STR(buf_str(&b), str_from(ids[i].ews));
        buf_reset(&b);
        CHECK(graph_id_put_rest(&b, str_from(ids[i].ews)));
        CHECK_STR(buf_str(&b), str_from(ids[i].rest));
    }
    u8 small[4];
    struct buf b = buf_over(small, COUNT(small));
    CHECK(!graph_id_put_ews(&b, S("AAAA/")) && !b.full && b.n == 0);
    CHECK(!graph_id_put_rest(&b, S("AAAA-")) && !b.full && b.n == 0);
    CHECK(!graph_id_put_ews(&b, S("AAAAA")) && b.full && b.n == 0);
}

static void check_found(const char *text, const char *want)
{
    u8 bytes[UNIT_ID_BYTES];
    struct buf b = buf_over(bytes, COUNT(bytes));
    bool found = graph_id_find(&b, test_guarded(str_from(text)));
    CHECK(found == (want != NULL));
    CHECK_STR(buf_str(&b), str_from(want));
}

static void test_find_id(void)
{
    check_found("{\"@odata.etag\":\"W/\\\"x\\\"\",\"id\":\"AA-_=\",\"body\":{\"content\":\"cut",
                "AA/+=");
    check_found("{\"a\":{\"id\":\"no\"},\"b\":[{\"id\":\"no\"}],\"id\" : \"yes\"", "yes");
    check_found("{\"a\":\"id\",\"id\":{\"id\":\"no\"},\"x\":\"no\"", NULL);
    check_found("{\"id\":\"cut", NULL);
    check_found("{\"id\":", NULL);
    check_found("{\"id\":\"a b\"", NULL);
    check_found("{\"subject\":\"no id", NULL);
    check_found("[\"id\",\"x\"]", NULL);
    check_found("{\"id\" 7", NULL);
    check_found("", NULL);
}

// ---- attachments

static bool attachment(const char *element)
{
    struct json j;
    CHECK_OK(json_parse(&j, test_guarded(str_from(element)), g.nodes, NODES));
    return graph_attachment_read(&j, 0, &g.part);
}

#define FILE_ATTACHMENT(id, name, size)                                                       \
    "<t:FileAttachment><t:AttachmentId Id=\"" id "\"/><t:Name>" name "</t:Name><t:Size>" size \
    "</t:Size><t:LastModifiedTime>2024-07-05T10:20:30</t:LastModifiedTime></t:FileAttachment>"

static void test_pair_attachment(void)
{
    struct outlook_part part;
    (void)shape_as(ANSWER("<t:Message><t:Attachments>" FILE_ATTACHMENT(
                       "ATT/1+=", "q2 &amp; \xc3\xa9.pdf",
                       "48211") "</t:Attachments><t:HasAttachments>true</t:HasAttachments>"
                                "</t:Message>"),
                   9999, (struct outlook_shape){0});
    CHECK(outlook_parts_first(&rig.parts, &part));
    CHECK(attachment("{\"@odata.type\":\"#microsoft.graph.fileAttachment\","
                     "\"@odata.mediaContentType\":\"application/pdf\",\"id\":\"ATT-1_=\","
                     "\"lastModifiedDateTime\":\"2024-07-05T10:20:30Z\",\"name\":\"q2 & \\u00e9"
                     ".pdf\",\"contentType\":\"application/pdf\",\"size\":48211,\"isInline\":"
                     "false}"));
    CHECK_STR(g.part.part.id, part.id);
    CHECK_STR(g.part.part.name, part.name);
    CHECK_STR(g.part.part.timestamp, part.timestamp);
    CHECK(g.part.part.size == part.size && g.part.part.file == part.file);
    CHECK(g.part.kind == GRAPH_PART_FILE && !g.part.is_inline);
}

static void test_attachment_kinds(void)
{
#define OF_TYPE(t) "{\"@odata.type\":\"" t "\",\"id\":\"A\"}"
    CHECK(attachment(OF_TYPE("#microsoft.graph.itemAttachment")));
    CHECK(g.part.kind == GRAPH_PART_ITEM && !g.part.part.file);
    CHECK(g.part.part.size == -1 && g.part.part.name.n == 0);
    CHECK_STR(g.part.part.timestamp, S("null"));
    CHECK(attachment(OF_TYPE("#microsoft.graph.referenceAttachment")));
    CHECK(g.part.kind == GRAPH_PART_REFERENCE && !g.part.part.file);
    CHECK(attachment(OF_TYPE("microsoft.graph.taskFileAttachment")));
    CHECK(g.part.kind == GRAPH_PART_FILE && g.part.part.file);
    CHECK(attachment(OF_TYPE("#microsoft.graph.holoAttachment")));
    CHECK(g.part.kind == GRAPH_PART_OTHER && !g.part.part.file);
    CHECK(attachment(OF_TYPE("fileAttachment")) && g.part.kind == GRAPH_PART_OTHER);
    CHECK(attachment("{\"id\":\"A\",\"isInline\":true}") && g.part.kind == GRAPH_PART_FILE);
    CHECK(g.part.is_inline);
}

static void test_attachment_odd(void)
{
    CHECK(!attachment("{}") && !attachment("[]") && !attachment("{\"id\":\"a/b\"}"));
    CHECK(attachment("{\"id\":\"A\",\"name\":7,\"size\":-5,\"lastModifiedDateTime\":{}}"));
    CHECK(g.part.part.size == -1 && g.part.part.name.n == 0);
    CHECK(attachment("{\"id\":\"A\",\"size\":1e3}") && g.part.part.size == -1);
    CHECK(attachment("{\"id\":\"A\",\"size\":\"5\"}") && g.part.part.size == -1);
    // A name that is too long is cut at a whole character.
    static char element[OUTLOOK_NAME_BYTES * 2 + 64];
    int n = snprintf(element, sizeof element, "{\"id\":\"A\",\"name\":\"x");
    for (int i = 0; i < OUTLOOK_NAME_BYTES / 2; i++) {
        n += snprintf(element + n, sizeof element - (size_t)n, "\xc3\xa9");
    }
    snprintf(element + n, sizeof element - (size_t)n, ".pdf\"}");
    CHECK(attachment(element));
    CHECK(g.part.part.name.n == OUTLOOK_NAME_BYTES - 1 && str_is_utf8(g.part.part.name));
}

static const struct test_case cases[] = {
    CASE(test_ids),
    CASE(test_find_id),
    CASE(test_pair_attachment),
    CASE(test_attachment_kinds),
    CASE(test_attachment_odd),
};

TEST_MAIN(cases)
