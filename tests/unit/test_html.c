// SPDX-License-Identifier: Apache-2.0
// codec/html: the worked examples and the table of spec/documents.md, 7, each read whole, cut at
// every byte, and byte by byte; then the rules one by one, the bounds, and that time is linear.
// Expected texts that are not in the spec are what libxml2 2.14.6 and BeautifulSoup 4 give.
#include "test.h"

#include <time.h>

#include "base/buf.h"
#include "codec/html.h"

#define OUT_MAX KIB(256)

static struct html_text h;
static u8 out[OUT_MAX];
static isize out_n;

static void take(str piece)
{
    CHECK(piece.n > 0);
    ASSERT(piece.n <= OUT_MAX - out_n);
    memcpy(out + out_n, piece.p, (size_t)piece.n);
    out_n += piece.n;
}

static void feed(str chunk)
{
    str piece;
    while (html_text_next(&h, &chunk, &piece)) {
        take(piece);
    }
    CHECK(!chunk.n);
}

static void begin(void)
{
    html_text_init(&h);
    out_n = 0;
}

static str finish(void)
{
    str piece;
    while (html_text_finish(&h, &piece)) {
        take(piece);
    }
    CHECK(!html_text_finish(&h, &piece));
    return (str){out, out_n};
}

static str convert(str html)
{
    begin();
    feed(html);
    return finish();
}

static str convert_by(str html, isize step)
{
    begin();
    for (isize at = 0; at < html.n; at += step) {
        feed(str_slice(html, at, at + step < html.n ? at + step : html.n));
    }
    return finish();
}

static void check(str html, str want)
{
    str in = test_guarded(html);
    CHECK_STR(convert(in), want);
    for (isize at = 1; at < in.n; at++) {
        begin();
        feed(str_slice(in, 0, at));
        feed(str_from_index(in, at));
        CHECK_STR(finish(), want);
    }
    CHECK_STR(convert_by(in, 1), want);
}

struct pair {
    str html, text;
};

static void check_all(const struct pair *pairs, isize count)
{
    for (isize i = 0; i < count; i++) {
        check(pairs[i].html, pairs[i].text);
    }
}

#define CHECK_PAIRS(pairs) check_all(pairs, COUNT(pairs))
#define NBSP "\xC2\xA0"

static void test_a113_html_examples_1_to_6(void)
{
    static const struct pair pairs[] = {
        {S("plain text, no markup"), S("plain text, no markup")},
        {S("<p>Hello <b>bold</b> tail</p>"), S("Hello \nbold\n tail")},
        {S("<html><head><title>T</title><style>p{}</style><script>var a='<b>x</b>';</script></head>"
           "<body><p>Body</p></body></html>"),
         S("T\nBody")},
        {S("<div>\n  <p>a</p>\n  <p>b</p>\n</div>\n"), S("\n\na\n\n\nb\n\n\n\n")},
        {S("line1<br>line2<br/>line3"), S("line1\nline2\nline3")},
        {S("&lt;tag&gt; &amp; &quot;q&quot; &#39;s&#39;&nbsp;&copy;&#8364;&euro;"),
         S("<tag> & \"q\" 's'" NBSP "\xC2\xA9\xE2\x82\xAC\xE2\x82\xAC")},
    };
    CHECK_PAIRS(pairs);
}

static void test_a113_html_examples_7_to_12(void)
{
    static const struct pair pairs[] = {
        {S("<p>a<!-- c -->b</p><?pi x?><p>d</p>"), S("a\nb\nd")},
        {S("<pre>  keep\n   this </pre><p>   </p>"), S("  keep\n   this \n ")},
        {S("<ruby>\xE6\xBC\xA2<rp>(</rp><rt>kan</rt><rp>)</rp></ruby><template>t<p>x</p></template>"
           "z"),
         S("\xE6\xBC\xA2\nz")},
        {S("<o:p>&nbsp;</o:p><p class=MsoNormal>Office<o:p></o:p></p>"), S(NBSP "\nOffice")},
        {S("<!--[if mso]><p>mso</p><![endif]--><p>real</p>"), S("real")},
        {S("1 < 2 && 3 > 2; mail <john@x.com> wrote"), S("1 < 2 && 3 > 2; mail \n wrote")},
    };
    CHECK_PAIRS(pairs);
}

static void test_a113_html_examples_13_to_18(void)
{
    static const struct pair pairs[] = {
        {S("  <p>  spaced   text  </p>\n\n<p>\ttab</p>  "), S("  spaced   text  \n\n\n\ttab\n ")},
        {S("<table>\n<tr>\n<td>1</td>\n<td>2</td>\n</tr>\n</table>"),
         S("\n\n\n\n1\n\n\n2\n\n\n\n")},
        {S("<b><p>x</b>y</p>"), S("xy")},
        {S("<html> <head> </head> <body> x </body> </html> "), S(" \n \n \n x \n \n ")},
        {S("<p>a</p> \t <p>b</p>"), S("a\n \nb")},
        {S("<p>unclosed <b>bold <i>both</p> after"), S("unclosed \nbold \nboth\n after")},
    };
    CHECK_PAIRS(pairs);
}

static void test_html_cut_off(void)
{
    static const struct pair pairs[] = {
        {S("a&"), S("a&")},
        {S("a&#"), S("a&#")},
        {S("a&#x"), S("a&#x")},
        {S("a&#65"), S("aA")},
        {S("a&#x41"), S("aA")},
        {S("a&amp"), S("a&")},
        {S("a&nosuchname0"), S("a&nosuchname0")},
        {S("<title>a<"), S("a<")},
        {S("<title>a</"), S("a</")},
        {S("<title>a</titl"), S("a</titl")},
    };
    CHECK_PAIRS(pairs);
}

static void test_html_table_of_differences(void)
{
    static const struct pair pairs[] = {
        {S("AT&T &amp ok &unknown; &#128; &hellip;"),
         S("AT&T & ok &unknown; \xE2\x82\xAC \xE2\x80\xA6")},
        {S("x?a=1&copy=3"), S("x?a=1\xC2\xA9=3")},
        {S("a\r\nb"), S("a\nb")},
        {S("<textarea>a<b>x</b></textarea>"), S("a<b>x</b>")},
        {S("<![if !mso]><p>dl</p><![endif]>"), S("dl")},
        {S("<3 love"), S("<3 love")},
        {S("<p>a</p></html>tail"), S("a\ntail")},
        {S("a\0b"), S("a\xEF\xBF\xBD"
                      "b")},
    };
    CHECK_PAIRS(pairs);
}

static void test_html_start_of_input(void)
{
    static const struct pair pairs[] = {
        {S(""), S("")},
        {S(" \n\t"), S("")},
        {S("\xEF\xBB\xBF x"), S("x")},
        {S("\xEF\xBB\xBF\xEF\xBB\xBF<p>x"), S("x")},
        {S("\xEF\xBB\xBF\xEF\xBB\xBF\xEF\xBB\xBFx"), S("\xEF\xBB\xBFx")},
        {S(" \xEF\xBB\xBFx"), S("\xEF\xBB\xBFx")},
        {S("\xEF\xBB\xA4"), S("\xEF\xBB\xA4")},
        {S("<!-- c --> <?pi?>\n<!DOCTYPE html>\n <!-- --> x"), S("x")},
        {S("<!DOCTYPE html><!doctype html>\n<p>x"), S("\n\nx")},
        {S("<!x>\n<p>a"), S("\n\na")},
        {S("</p> x"), S(" \nx")},
        {S("</> x"), S(" \nx")},
    };
    CHECK_PAIRS(pairs);
}

static void test_html_references(void)
{
    static const struct pair pairs[] = {
        {S("&notit; &notin; &ampx &amp"), S("\xC2\xACit; \xE2\x88\x89 &x &")},
        {S("&CounterClockwiseContourIntegral;"), S("\xE2\x88\xB3")},
        {S("&CounterClockwiseContourIntegralx;"), S("&CounterClockwiseContourIntegralx;")},
        {S("&CounterClockwiseContourIntegral"), S("&CounterClockwiseContourIntegral")},
        {S("&NotRightTriangleBar;&NotSquareSupersetEqual;"), S("\xE2\xA7\x90\xCC\xB8\xE2\x8B\xA3")},
        {S("&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;"),
         S("&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;")},
        {S("&ampaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;"),
         S("&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;")},
        {S("&#4294967361;"), S("\xEF\xBF\xBD")},
        {S("&Aacute;&Aacute&zwnj;&zwnj"), S("\xC3\x81\xC3\x81\xE2\x80\x8C&zwnj")},
        {S("&NotEqualTilde;&afr;&fjlig;"), S("\xE2\x89\x82\xCC\xB8\xF0\x9D\x94\x9E"
                                             "fj")},
        {S("&#65;&#x41;&#X41&#65x"), S("AAAAx")},
        {S("&#128;&#x9F;&#129;"), S("\xE2\x82\xAC\xC5\xB8\xC2\x81")},
        {S("&#0;&#xD800;&#x110000;&#99999999999999999999;"),
         S("\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD")},
        {S("&#;&#x;&#Xg&# &1&-&"), S("&#;&#x;&#Xg&# &1&-&")},
        {S("a&#13;b&#x1F600;"), S("a\rb\xF0\x9F\x98\x80")},
        {S("<i>&#10;&Tab;</i>&#9; <b>&#32;x"), S("\n\n \n x")},
        {S("<title>&lt;b&gt;</title><xmp>&lt;</xmp><a b='&quot;&gt;'>&"), S("<b>\n&lt;\n&")},
    };
    CHECK_PAIRS(pairs);
}

static void test_html_tags(void)
{
    static const struct pair pairs[] = {
        {S("a</>b</ b>c</"), S("ab\nc</")},
        {S("a<"), S("a<")},
        {S("a<b c"), S("a")},
        {S("<a b='>' c=\">\" d=>e</a>f"), S("e\nf")},
        {S("<a =x>1</a/>2<a b=c/>3"), S("1\n2\n3")},
        {S("<a/ b / >x</a b='>'>y"), S("x\ny")},
        {S("<a b=\"1\"c='2'd>x"), S("x")},
        {S("<p/>a<P>b</P\n>c"), S("a\nb\nc")},
        {S("<x:y-z1>a</X:Y-Z1>b</x:y>c"), S("a\nbc")},
        {S("<!-->a<!--->b<!-- --!>c<!-- --- -->d<!---->e<!----!>f<!-- -- >g"),
         S("a\nb\nc\nd\ne\nf")},
        {S("a<!-b->c<!dOCTYPE '>' d>e<![CDATA[f]]>g<!>h"), S("a\nc\n' d>e\ng\nh")},
    };
    CHECK_PAIRS(pairs);
}

static void test_html_tree(void)
{
    static const struct pair pairs[] = {
        {S("<p>a<html>b<body c=d>e</html>f"), S("ab\nef")},
        {S("<div>a<html/>b</div>c"), S("a\nbc")},
        {S("<head>x"), S("x")},
        {S("<head> x"), S(" \nx")},
        {S("<body></body><head>x</head>y"), S("xy")},
        {S("<frameset>a<noframes><p>b</noframes><frame>c"), S("a\n<p>b\nc")},
        {S("<frameset><link>x<body>y"), S("xy")},
        {S("<frameset>a< b"), S("a\n< b")},
        {S("<frameset>a</"), S("a\n</")},
        {S("<table><tr><td>a</table></p>b</td>c"), S("a\nb"
                                                     "c")},
        {S("<div><td>a</div>b"), S("ab")},
        {S("<ul><li>a<li>b</ul>c<dl><dt>d<dd>e</dl>f"), S("a\nb\nc\nd\ne\nf")},
        {S("<select><option>a<optgroup>b</select>c"), S("a\nb\nc")},
        {S("<link>a<base>b<wbr>c</wbr>d<input>e</input>f"), S("a\nb\nc\nd\nef")},
        {S("<b>a<td>b</b>c"), S("a\nbc")},
    };
    CHECK_PAIRS(pairs);
}

static void test_html_raw_text(void)
{
    static const struct pair pairs[] = {
        {S("<title>a</titlex></TITLE >b"), S("a</titlex>\nb")},
        {S("<title>a</title"), S("a</title")},
        {S("<textarea>\n \n</textarea> "), S("\n \n\n ")},
        {S("<xmp>a</</x</xmp\n>b"), S("a</</x\nb")},
        {S("<iframe><p>&lt;</iframe>b"), S("<p>&lt;\nb")},
        {S("<plaintext>a<b></plaintext>&amp;\r\n\0"), S("a<b></plaintext>&amp;\n\xEF\xBF\xBD")},
        {S("<style>a<!-- </style>b"), S("b")},
        {S("<script>a<!-- <script> </script> --></script>b"), S("b")},
        {S("<script><!-- <script> </script> </script>b"), S("b")},
        {S("<script><!--><script></script>b"), S("b")},
        {S("<script><!x</script>b"), S("b")},
        {S("<script><!-x</script>b"), S("b")},
        {S("<script></scrip</SCRIPT>b<script/>c"), S("b\nc")},
        {S("<template>a<template>b</template>c</template>d<rt>e"), S("d")},
        {S("<noscript>a<b>c</noscript>d"), S("a\nc\nd")},
    };
    CHECK_PAIRS(pairs);
}

static void test_html_blanks(void)
{
    static u8 text[HTML_BLANK_BYTES + 8];
    memset(text, ' ', sizeof text);
    memcpy(text, "<p>", 3);
    memcpy(text + 3 + HTML_BLANK_BYTES, "<b", 2); // as many as wait
    CHECK_STR(convert(str_make(text, HTML_BLANK_BYTES + 5)), S(" "));
    CHECK_STR(convert_by(str_make(text, HTML_BLANK_BYTES + 5), 1), S(" "));
    memset(text + 3 + HTML_BLANK_BYTES, ' ', 2);
    text[3 + HTML_BLANK_BYTES] = '\n'; // one more
    str kept = str_make(text + 3, HTML_BLANK_BYTES + 1);
    CHECK_STR(convert(str_make(text, kept.n + 3)), kept);
    CHECK_STR(convert_by(str_make(text, kept.n + 3), 1), kept);
    CHECK_STR(convert_by(str_make(text, kept.n + 3), 100), kept);
    static const struct pair pairs[] = {
        {S("<p>\v</p> \f\t<b>\r</b>"), S("\v\n \n\n")},
        {S("<pre> \n <b>  </b></pre>  <b>"), S(" \n \n  \n ")},
        {S("a<p> \r\n b</p> \r <"), S("a\n \n b\n \n <")},
    };
    CHECK_PAIRS(pairs);
}

// More elements than the stack holds: a well-formed body stays right.
static void test_html_depth(void)
{
    enum { DEEP = HTML_DEPTH_MAX * 3 };
    static u8 text[DEEP * 16];
    isize n = 0;
    for (isize i = 0; i < DEEP; i++) {
        memcpy(text + n, "<i>x", 4);
        n += 4;
    }
    memcpy(text + n, "<template>t</template><style>s</style>", 38);
    n += 38;
    for (isize i = 0; i < DEEP; i++) {
        memcpy(text + n, "</i>y", 5);
        n += 5;
    }
    str got = convert(str_make(text, n));
    CHECK(got.n == DEEP * 4 + 1); // of the template, t
    CHECK(got.p[0] == 'x' && got.p[got.n - 2] == '\n' && got.p[got.n - 1] == 'y');
    str again = convert_by(str_make(text, n), 7);
    CHECK(again.n == DEEP * 4 + 1);
}

// What is excluded ends, whatever was left open in it.
static void test_html_depth_excluded(void)
{
    static u8 text[HTML_DEPTH_MAX * 8];
    isize n = 0;
    memcpy(text, "<template>", 10);
    n += 10;
    for (isize i = 0; i < HTML_DEPTH_MAX + 100; i++) {
        memcpy(text + n, "<i>x", 4);
        n += 4;
    }
    memcpy(text + n, "</template>y", 12);
    CHECK_STR(convert(str_make(text, n + 12)), S("y"));
}

static void test_html_long_text(void)
{
    static u8 text[KIB(100)];
    memset(text, 'x', sizeof text);
    memcpy(text, "<p>", 3);
    begin();
    str chunk = str_make(text, sizeof text), piece;
    isize pieces = 0;
    while (html_text_next(&h, &chunk, &piece)) {
        take(piece);
        pieces++;
    }
    CHECK(pieces == 2); // what was gathered, and the rest where it lies
    CHECK_STR(finish(), str_make(text + 3, sizeof text - 3));
    CHECK(sizeof h <= KIB(5));
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double time_of(str unit, str prefix, isize bytes)
{
    static u8 chunk[KIB(64)];
    isize n = 0;
    while (n + unit.n <= (isize)sizeof chunk) {
        memcpy(chunk + n, unit.p, (size_t)unit.n);
        n += unit.n;
    }
    double start = seconds();
    html_text_init(&h);
    str piece, in = prefix;
    while (html_text_next(&h, &in, &piece)) {
    }
    for (isize done = 0; done < bytes; done += n) {
        in = str_make(chunk, n);
        while (html_text_next(&h, &in, &piece)) {
        }
    }
    while (html_text_finish(&h, &piece)) {
    }
    return seconds() - start;
}

// What could make it slow: each shape eight times as long takes about eight times as long.
static void test_html_linear_time(void)
{
    static const struct pair shapes[] = {
        {S("<"), S("")},
        {S("<i>"), S("")},
        {S("</p>"), S("")},
        {S("</x>"), S("<x><td>")},
        {S("&"), S("")},
        {S("&a"), S("")},
        {S("&#1"), S("")},
        {S(" "), S("<p>")},
        {S("\r"), S("<p>")},
        {S("a"), S("<a b=\"")},
        {S("a"), S("<")},
        {S("a"), S("<a")},
        {S("-"), S("<!--")},
        {S("--!"), S("<!--")},
        {S("<"), S("<!--")},
        {S("</"), S("<textarea>")},
        {S("</textarea"), S("<textarea>")},
        {S("<!--<script"), S("<script>")},
        {S("<p> </p>"), S("")},
        {S("<b><p></b>"), S("")},
        {S("</x></y>"), S("<x><y><td><i><i><i><i><i><i><i><i><i><i><i><i><i><i><i><i><i><i>")},
    };
    for (isize i = 0; i < COUNT(shapes); i++) {
        double little = time_of(shapes[i].html, shapes[i].text, KIB(256));
        double much = time_of(shapes[i].html, shapes[i].text, KIB(256) * 8);
        bool linear = much < 0.05 || much < little * 40;
        CHECK(linear);
        if (!linear) {
            fprintf(stderr, "[%.*s]: %.3f s, %.3f s\n", (int)shapes[i].html.n, shapes[i].html.p,
                    little, much);
        }
    }
}

// Who writes pieces into JSON wants whole characters, wherever a node begins.
static void test_html_pieces_are_characters(void)
{
    static u8 bytes[4096];
    for (int lead = 0; lead < 8; lead++) {
        struct buf b = buf_over(bytes, sizeof bytes);
        buf_put(&b, S("<p>"));
        buf_put(&b, str_slice(S("abcdefgh"), 0, lead));
        for (int i = 0; i < 600; i++) {
            buf_put(&b, i % 3 ? S("\xe6\x97\xa5") : S("\xf0\x9f\x93\xac"));
        }
        str in = buf_str(&b), piece;
        html_text_init(&h);
        while (html_text_next(&h, &in, &piece) || html_text_finish(&h, &piece)) {
            CHECK(str_is_utf8(piece));
        }
    }
}

static const struct test_case cases[] = {
    CASE(test_a113_html_examples_1_to_6),
    CASE(test_a113_html_examples_7_to_12),
    CASE(test_a113_html_examples_13_to_18),
    CASE(test_html_cut_off),
    CASE(test_html_table_of_differences),
    CASE(test_html_start_of_input),
    CASE(test_html_references),
    CASE(test_html_tags),
    CASE(test_html_tree),
    CASE(test_html_raw_text),
    CASE(test_html_blanks),
    CASE(test_html_depth),
    CASE(test_html_depth_excluded),
    CASE(test_html_long_text),
    CASE(test_html_pieces_are_characters),
    CASE(test_html_linear_time),
};

TEST_MAIN(cases)
