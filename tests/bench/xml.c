// SPDX-License-Identifier: Apache-2.0
// How fast src/codec/xml reads, in MB/s on one core, beside expat: answers that are made here, in
// chunks as the connection gives them. `make build/xml_bench && build/xml_bench`; the best of
// several turns, taken in turn.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <expat.h>

#include "base/buf.h"
#include "codec/xml.h"

enum { CHUNK_BYTES = 16384, TURNS = 7 };

static const str uris[] = {
    S("http://schemas.xmlsoap.org/soap/envelope/"),
    S("http://schemas.microsoft.com/exchange/services/2006/messages"),
    S("http://schemas.microsoft.com/exchange/services/2006/types"),
};

// What a consumer does at least: it looks at each name and takes each byte of text.
static struct {
    i64 elements, text_bytes;
} seen;

// ---- the answers

static struct buf answer(isize bytes)
{
    struct buf b = buf_over(malloc((size_t)bytes), bytes);
    if (!b.p) {
        abort();
    }
    buf_put(&b, S("<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:s=\""));
    buf_put(&b, uris[0]);
    buf_put(&b, S("\"><s:Header/><s:Body><m:Answer xmlns:m=\""));
    buf_put(&b, uris[1]);
    buf_put(&b, S("\" xmlns:t=\""));
    buf_put(&b, uris[2]);
    buf_put(&b, S("\"><m:ResponseMessages>"));
    return b;
}

static void answer_end(struct buf *b)
{
    buf_put(b, S("</m:ResponseMessages></m:Answer></s:Body></s:Envelope>"));
    if (b->full) {
        abort();
    }
}

// As Exchange writes a message with an HTML body of 8 KB: each line ends with &#xD; LF.
static void put_message(struct buf *b, int number)
{
    buf_put(b, S("<m:GetItemResponseMessage ResponseClass=\"Success\"><m:ResponseCode>NoError"
                 "</m:ResponseCode><m:Items><t:Message><t:ItemId Id=\"AAMkAGI2NGVhZTVlLTI1OGMtNDI4M"
                 "y1hZjYxLTZmMDc0MzU2ZWEwZQBGAAAAAADnIBCPjQ+BQKJzBPSe2fNpBwBCYDzOhS1RRbV3Ld6xd1HpAA"
                 "ABgZUMAABCYDzOhS1RRbV3Ld6xd1HpAAB\" ChangeKey=\"CQAAABYAAABCYDzOhS1RRbV3\"/>"
                 "<t:ItemClass>IPM.Note</t:ItemClass><t:Subject>Angebot f\xc3\xbcr M\xc3\xbcller "
                 "&amp; S\xc3\xb6hne, Nr. "));
    buf_put_i64(b, number);
    buf_put(b, S("</t:Subject><t:Sensitivity>Normal</t:Sensitivity><t:Body BodyType=\"HTML\">"
                 "&lt;html&gt;&#xD;\n"));
    for (int line = 0; line < 60; line++) {
        buf_put(b, S("&lt;p class=\"MsoNormal\"&gt;&lt;span lang=\"DE\"&gt;We have looked at your "
                     "figures of the third quarter and would like to know more, see the "
                     "list.&lt;/span&gt;&lt;/p&gt;&#xD;\n"));
    }
    buf_put(b, S("&lt;/html&gt;</t:Body><t:DateTimeSent>2026-11-22T10:00:00Z</t:DateTimeSent>"
                 "<t:Size>8192</t:Size><t:HasAttachments>false</t:HasAttachments>"));
    for (int i = 0; i < 8; i++) {
        buf_put(b, S("<t:ToRecipients><t:Mailbox><t:Name>Ann Example</t:Name><t:EmailAddress>"
                     "ann@example.test</t:EmailAddress><t:RoutingType>SMTP</t:RoutingType>"
                     "<t:MailboxType>Mailbox</t:MailboxType></t:Mailbox></t:ToRecipients>"));
    }
    buf_put(b, S("</t:Message></m:Items></m:GetItemResponseMessage>"));
}

static str messages(isize bytes)
{
    struct buf b = answer(bytes + KIB(32));
    for (int i = 0; b.n < bytes; i++) {
        put_message(&b, i);
    }
    answer_end(&b);
    return buf_str(&b);
}

// Ids alone, as FindItem and SyncFolderItems list them: all tags.
static str listing(isize bytes)
{
    struct buf b = answer(bytes + KIB(32));
    while (b.n < bytes) {
        buf_put(&b, S("<t:Create><t:Message><t:ItemId Id=\"AAMkAGI2NGVhZTVlLTI1OGMtNDI4MyHpAAABgZUM"
                      "AABCYDzOhS1RRbV3Ld6xd1HpAAB\" ChangeKey=\"CQAAABYAAABCYDzOhS1RRbV3\"/>"
                      "</t:Message></t:Create>"));
    }
    answer_end(&b);
    return buf_str(&b);
}

static str plain(isize bytes, str line)
{
    struct buf b = answer(bytes + KIB(32));
    buf_put(&b, S("<t:Content>"));
    while (b.n < bytes) {
        buf_put(&b, line);
    }
    buf_put(&b, S("</t:Content>"));
    answer_end(&b);
    return buf_str(&b);
}

// ---- the readers

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool read_ours(str in)
{
    static struct xml x;
    xml_init(&x, uris, COUNT(uris));
    while (in.n) {
        isize n = in.n < CHUNK_BYTES ? in.n : CHUNK_BYTES;
        str chunk = {in.p, n};
        enum xml_event event;
        while ((event = xml_next(&x, &chunk)) != XML_MORE && event != XML_BAD) {
            seen.elements += event == XML_START && x.name.ns >= 0;
            seen.text_bytes += x.text.n;
        }
        in = str_make(in.p + n, in.n - n);
    }
    return err_ok(xml_finish(&x));
}

static void expat_start(void *data, const XML_Char *name, const XML_Char **atts)
{
    (void)data;
    (void)atts;
    seen.elements += name[0] == 'h';
}

static void expat_end(void *data, const XML_Char *name)
{
    (void)data;
    (void)name;
}

static void expat_text(void *data, const XML_Char *text, int n)
{
    (void)data;
    (void)text;
    seen.text_bytes += n;
}

static enum XML_Status parse_chunks(str in, XML_Parser parser)
{
    enum XML_Status status = XML_STATUS_OK;
    while (in.n && status == XML_STATUS_OK) {
        isize n = in.n < CHUNK_BYTES ? in.n : CHUNK_BYTES;
        status = XML_Parse(parser, (const char *)in.p, (int)n, n == in.n);
        in = str_make(in.p + n, in.n - n);
    }
    return status;
}

static bool read_expat(str in)
{
    XML_Parser parser = XML_ParserCreateNS(NULL, ' ');
    XML_SetElementHandler(parser, expat_start, expat_end);
    XML_SetCharacterDataHandler(parser, expat_text);
    bool good = parse_chunks(in, parser) == XML_STATUS_OK;
    XML_ParserFree(parser);
    return good;
}

static double mb_per_s(bool (*read)(str), str in)
{
    double begin = now_s();
    if (!read(in)) {
        fprintf(stderr, "xml_bench: an answer was refused\n");
        exit(1);
    }
    return (double)in.n / 1e6 / (now_s() - begin);
}

static void measure(const char *name, str in)
{
    double ours = 0, theirs = 0;
    for (int i = 0; i < TURNS; i++) {
        double a = mb_per_s(read_ours, in), b = mb_per_s(read_expat, in);
        ours = a > ours ? a : ours;
        theirs = b > theirs ? b : theirs;
    }
    printf("| %-38s | %5.0f | %8.0f | %8.0f |\n", name, (double)in.n / 1e6, ours, theirs);
    free((void *)(uintptr_t)in.p);
}

int main(void)
{
    printf("| answer | MB | ours, MB/s | expat, MB/s |\n|---|---|---|---|\n");
    measure("GetItem, HTML bodies of 8 KB", messages(MIB(10)));
    measure("SyncFolderItems, ids alone", listing(MIB(10)));
    measure("Content, base64 in one line",
            plain(MIB(64), S("aGVsbG8gd29ybGQhIFRoaXMgaXMgYmFzZTY0")));
    measure("Content, base64 with CR LF",
            plain(MIB(64), S("aGVsbG8gd29ybGQhIFRoaXMgaXMgYmFzZTY0IGluIGxpbmVzIG9mIDc2IGNoYXJhY3Rl"
                             "cnMhISEh\r\n")));
    measure("text in German", plain(MIB(10), S("Die H\xc3\xb6he der Geb\xc3\xbchr \xc3\xa4ndert "
                                               "sich zum Monatsende nicht, sagte er. ")));
    measure("text in Japanese",
            plain(MIB(10), S("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae\xe6\x96\x87\xe7\xab"
                             "\xa0\xe3\x81\xa7\xe3\x81\x99\xe3\x80\x82")));
    return seen.elements > 0 && seen.text_bytes > 0 ? 0 : 1;
}
