// SPDX-License-Identifier: Apache-2.0
// How fast src/codec/html reads, in MB/s on one core: bodies that are made here, in chunks as the
// connection gives them. `make build/html_bench && build/html_bench`; the best of several turns.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "codec/html.h"

enum { CHUNK_BYTES = 16384, TURNS = 9 };

static u8 memory[MIB(56)];
static struct html_text h;
static volatile u8 sink;

static void put_words(struct buf *b, int n)
{
    for (int i = 0; i < n; i++) {
        buf_put(b, i % 2 ? S("meeting ") : S("about the "));
    }
}

// As Outlook writes a message: styles in the head, a class and a style on every paragraph.
static void put_outlook(struct buf *b, isize bytes)
{
    buf_put(b, S("<html xmlns:o=\"urn:schemas-microsoft-com:office:office\">\r\n<head>\r\n"
                 "<!--[if !mso]><style>v\\:* {behavior:url(#default#VML);}\r\n</style><![endif]-->"
                 "<style><!--\r\n"));
    for (int i = 0; i < 40; i++) {
        buf_put(b, S("p.MsoNormal, li.MsoNormal\r\n\t{margin:0in;\r\n\tfont-size:11.0pt;\r\n\t"
                     "font-family:\"Calibri\",sans-serif;}\r\n"));
    }
    buf_put(b,
            S("--></style>\r\n</head>\r\n<body lang=\"EN-US\"><div class=\"WordSection1\">\r\n"));
    for (int i = 0; b->n < bytes; i++) {
        buf_put(b, S("<p class=\"MsoNormal\"><span style=\"font-size:11.0pt;font-family:&quot;"
                     "Calibri&quot;,sans-serif;color:#1F497D\">"));
        put_words(b, i % 20);
        buf_put(b,
                i % 3 ? S("") : S("<b>bold</b> &amp; <a href=\"https://host/path?x=1\">link</a>"));
        buf_put(b, i % 2 ? S("<o:p></o:p></span></p>\r\n") : S("<o:p>&nbsp;</o:p></span></p>\r\n"));
    }
}

// As mailing houses write one: tables in tables, blanks for indentation.
static void put_newsletter(struct buf *b, isize bytes)
{
    while (b->n < bytes) {
        buf_put(b, S("    <table width=\"100%\" border=\"0\" cellpadding=\"0\" cellspacing=\"0\">\n"
                     "      <tr>\n        <td align=\"center\" valign=\"top\" style=\"padding:0 "
                     "10px;font-family:Arial,sans-serif;\">\n          <img src=\"http://host/a/b."
                     "gif\" width=\"1\" height=\"1\" alt=\"\">\n          "));
        put_words(b, 12);
        buf_put(b, S("&rsquo;&nbsp;&eacute;<br>\n        </td>\n      </tr>\n    </table>\n"));
    }
}

static void put_references(struct buf *b, isize bytes)
{
    while (b->n < bytes) {
        buf_put(b, S("caf&eacute; &rsquo;&zwnj;&#8211;&nbsp;"));
    }
}

static void put_text(struct buf *b, isize bytes)
{
    while (b->n < bytes) {
        put_words(b, 1000);
    }
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static isize convert(str in)
{
    isize n = 0;
    str piece;
    html_text_init(&h);
    for (isize at = 0; at < in.n; at += CHUNK_BYTES) {
        str chunk = str_slice(in, at, in.n - at < CHUNK_BYTES ? in.n : at + CHUNK_BYTES);
        while (html_text_next(&h, &chunk, &piece)) {
            sink = piece.p[piece.n - 1];
            n += piece.n;
        }
    }
    while (html_text_finish(&h, &piece)) {
        n += piece.n;
    }
    return n;
}

static void measure(const char *what, void (*put)(struct buf *, isize), isize bytes)
{
    struct buf b = buf_over(memory, sizeof memory);
    put(&b, bytes);
    if (b.full) {
        abort();
    }
    double best = 1e9;
    isize n = 0;
    for (int turn = 0; turn < TURNS; turn++) {
        double start = seconds();
        n = convert(buf_str(&b));
        double took = seconds() - start;
        best = took < best ? took : best;
    }
    printf("%-12s %9td bytes, %9td of text, %5.0f MB/s\n", what, b.n, n, (double)b.n / best / 1e6);
}

int main(void)
{
    printf("%zu bytes of state\n", sizeof h);
    measure("outlook", put_outlook, KIB(1024));
    measure("newsletter", put_newsletter, KIB(1024));
    measure("references", put_references, KIB(1024));
    measure("text", put_text, KIB(1024));
    measure("text 50 MB", put_text, 50000000);
    return 0;
}
