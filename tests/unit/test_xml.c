// SPDX-License-Identifier: Apache-2.0
// codec/xml, xml_scan and xml_tag: each rule of xml.h. Every sample is read whole, cut at each
// byte, byte by byte, and with new memory for each call: the events are the same.
#include "test.h"

#include "base/buf.h"
#include "codec/xml.h"

static const str uris[] = {
    S("http://schemas.xmlsoap.org/soap/envelope/"),
    S("u:m"),
    S("u:t"),
};

static struct xml x;

// ---- events as text: <0:Envelope Id=[1]>text</0:Envelope>. !NAME@at

static char ns_letter(int ns)
{
    return (char)(ns == XML_NONE ? '-' : ns == XML_UNKNOWN ? '?' : '0' + ns);
}

static void put_name(struct buf *log, const struct xml_name *name)
{
    buf_put_byte(log, (u8)ns_letter(name->ns));
    buf_put_byte(log, ':');
    buf_put(log, name->local);
}

static void put_event(struct buf *log, enum xml_event event)
{
    switch (event) {
    case XML_MORE:
        break;
    case XML_START:
        buf_put_byte(log, '<');
        put_name(log, &x.name);
        for (isize i = 0; i < x.attribute_count; i++) {
            buf_put_byte(log, ' ');
            put_name(log, &x.attributes[i].name);
            buf_put(log, S("=["));
            buf_put(log, x.attributes[i].value);
            buf_put_byte(log, ']');
        }
        buf_put_byte(log, '>');
        break;
    case XML_END:
        buf_put(log, S("</"));
        put_name(log, &x.name);
        buf_put_byte(log, '>');
        break;
    case XML_TEXT:
        CHECK(x.text.n > 0 && (x.text.p[0] & 0xc0) != 0x80 && str_is_utf8(x.text));
        buf_put(log, x.text);
        break;
    case XML_DONE:
        buf_put_byte(log, '.');
        break;
    case XML_BAD:
        buf_put_byte(log, '!');
        buf_put(log, str_from(err_name(x.error)));
        buf_put_byte(log, '@');
        buf_put_i64(log, x.at);
        break;
    }
}

// ---- memory that ends at a guard page, and is overwritten when its time is over

enum { SPARE_BYTES = 1 << 17 };

static str lend(str s)
{
    static u8 zeros[SPARE_BYTES], *spare;
    if (!spare) {
        spare = (u8 *)(uintptr_t)test_guarded((str){zeros, SPARE_BYTES}).p;
    }
    memset(spare, 0xee, SPARE_BYTES);
    memcpy(spare + SPARE_BYTES - s.n, s.p, (size_t)s.n);
    return (str){spare + SPARE_BYTES - s.n, s.n};
}

static bool feed(struct buf *log, str chunk)
{
    enum xml_event event;
    chunk = lend(chunk);
    while ((event = xml_next(&x, &chunk)) != XML_MORE) {
        put_event(log, event);
        if (event == XML_BAD) {
            CHECK(xml_next(&x, &chunk) == XML_BAD);
            return false;
        }
    }
    CHECK(chunk.n == 0);
    return true;
}

// Each call sees the rest of the text at another place: what it left is found there.
static void feed_moving(struct buf *log, str text)
{
    for (;;) {
        str chunk = lend(text);
        isize before = chunk.n;
        enum xml_event event = xml_next(&x, &chunk);
        text = str_from_index(text, before - chunk.n);
        put_event(log, event);
        if (event == XML_BAD || event == XML_MORE) {
            return;
        }
    }
}

enum { WHOLE = 0, BYTES = -1, MOVING = -2 };

static str events(str text, isize cut, struct buf *log)
{
    buf_reset(log);
    xml_init(&x, uris, COUNT(uris));
    bool good = true;
    if (cut == MOVING) {
        feed_moving(log, text);
    } else if (cut == BYTES) {
        for (isize i = 0; i < text.n && good; i++) {
            good = feed(log, str_slice(text, i, i + 1));
        }
    } else {
        good = feed(log, str_slice(text, 0, cut ? cut : text.n));
        if (good && cut) {
            (void)feed(log, str_from_index(text, cut));
        }
    }
    err end = xml_finish(&x);
    CHECK(err_ok(x.error) || end.code == x.error.code);
    if (err_ok(x.error)) {
        CHECK(x.at == text.n);
        if (!err_ok(end)) {
            buf_put(log, S("!"));
            buf_put(log, str_from(err_name(end)));
        }
    }
    CHECK(!log->full);
    return buf_str(log);
}

static u8 log_memory[2][1 << 18];

static void check_same(str text, isize cut, str want)
{
    struct buf log = buf_over(log_memory[1], sizeof log_memory[1]);
    str got = events(text, cut, &log);
    if (!str_eq(got, want)) {
        fprintf(stderr, "cut at %td of [%.*s]\n", cut, (int)text.n, (const char *)text.p);
        CHECK_STR(got, want);
    }
}

static str check_cuts(str text)
{
    struct buf log = buf_over(log_memory[0], sizeof log_memory[0]);
    str want = events(text, WHOLE, &log);
    for (isize cut = 1; cut < text.n && text.n < 2000; cut++) {
        check_same(text, cut, want);
    }
    check_same(text, BYTES, want);
    check_same(text, MOVING, want);
    return want;
}

static void check_str(str text, str want)
{
    CHECK_STR(check_cuts(text), want);
}

static void check(const char *text, const char *want)
{
    check_str(str_from(text), str_from(want));
}

// `body` as the text of an element.
static void check_text(const char *body, const char *want)
{
    u8 in[1024], out[1024];
    struct buf i = buf_over(in, sizeof in), o = buf_over(out, sizeof out);
    buf_put(&i, S("<a>"));
    buf_put(&i, str_from(body));
    buf_put(&i, S("</a>"));
    buf_put(&o, S("<-:a>"));
    buf_put(&o, str_from(want));
    buf_put(&o, S("</-:a>."));
    check_str(buf_str(&i), buf_str(&o));
}

// `value` as the value of an attribute.
static void check_value(const char *value, const char *want)
{
    u8 in[1024], out[1024];
    struct buf i = buf_over(in, sizeof in), o = buf_over(out, sizeof out);
    buf_put(&i, S("<a b=\""));
    buf_put(&i, str_from(value));
    buf_put(&i, S("\"/>"));
    buf_put(&o, S("<-:a -:b=["));
    buf_put(&o, str_from(want));
    buf_put(&o, S("]></-:a>."));
    check_str(buf_str(&i), buf_str(&o));
}

// ---- cases

static void test_xml_next_soap(void)
{
    check("<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n"
          "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>"
          "<m:GetItemResponse xmlns:m='u:m' xmlns:t='u:t'><m:X ResponseClass=\"Success\">"
          "<t:ItemId Id=\"AAM+/=\" ChangeKey=\"CQ\"/><t:Subject>a &amp; b</t:Subject>"
          "</m:X></m:GetItemResponse></s:Body></s:Envelope>\n",
          "<0:Envelope><0:Body><1:GetItemResponse><1:X -:ResponseClass=[Success]>"
          "<2:ItemId -:Id=[AAM+/=] -:ChangeKey=[CQ]></2:ItemId><2:Subject>a & b</2:Subject>"
          "</1:X></1:GetItemResponse></0:Body></0:Envelope>.");
    check("<a/>", "<-:a></-:a>.");
    check("<a />", "<-:a></-:a>.");
    check("<a></a >", "<-:a></-:a>.");
    check("<a\t\nb = '1'\r\nc=\"2>/\" ><b/>\n</a\n>",
          "<-:a -:b=[1] -:c=[2>/]><-:b></-:b>\n</-:a>.");
    check("<\xc3\xa4 \xc3\xb6='1'/>", "<-:\xc3\xa4 -:\xc3\xb6=[1]></-:\xc3\xa4>.");
    check("<a.-9_/>", "<-:a.-9_></-:a.-9_>.");
}

static void test_xml_next_namespaces(void)
{
    check("<a xmlns='u:m'><b xmlns=''><c/></b><d xmlns='u:x'/><e/></a>",
          "<1:a><-:b><-:c></-:c></-:b><?:d></?:d><1:e></1:e></1:a>.");
    check("<p:a xmlns:p='u:m'><p:b xmlns:p='u:t'/><p:c p:d='1' d='2'/></p:a>",
          "<1:a><2:b></2:b><1:c 1:d=[1] -:d=[2]></1:c></1:a>.");
    check("<p:a b='1' xmlns:p='u:&#x6d;' c='2'/>", "<1:a -:b=[1] -:c=[2]></1:a>.");
    check("<p:a q:b='1'/>", "<?:a ?:b=[1]></?:a>.");
    check("<p:a xmlns:p='u:m'><b xmlns:p=''><p:c/></b><p:d/></p:a>",
          "<1:a><-:b><?:c></?:c></-:b><1:d></1:d></1:a>.");
    check("<a xml:lang='en' xmlns:xml='u:m'/>", "<-:a ?:lang=[en]></-:a>.");
    check("<a xmlns:m='u:m' xmlns:t='u:m' m:b='1' t:c='1'/>", "<-:a 1:b=[1] 1:c=[1]></-:a>.");
    check("<h:a xmlns:h='u:t' xmlns='u:m'><b c='1'/></h:a>", "<2:a><1:b -:c=[1]></1:b></2:a>.");
    // The element's own namespace ends with it, an empty element's too.
    check("<a><p:b xmlns:p='u:m'></p:b><p:b/><p:c xmlns:p='u:t'/><p:d/></a>",
          "<-:a><1:b></1:b><?:b></?:b><2:c></2:c><?:d></?:d></-:a>.");
}

static void test_xml_next_text(void)
{
    check_text("", "");
    check_text("a", "a");
    check_text(" \t\n ", " \t\n ");
    check_text("0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef");
    check_text("a]]>b>", "a]]>b>");
    check_text("<b/>x<!-- y --><?z?><![CDATA[w]]>v", "<-:b></-:b>xwv");
    check_text("0123456789abcde\xe2\x82\xac"
               "0123456789abc\xf0\x9f\x98\x80",
               "0123456789abcde\xe2\x82\xac"
               "0123456789abc\xf0\x9f\x98\x80");
    check_text("\xc3\xa4\xc2\x80\x7f\xef\xbf\xbd\xee\x80\x80",
               "\xc3\xa4\xc2\x80\x7f\xef\xbf\xbd\xee\x80\x80");
}

static void test_xml_next_line_ends(void)
{
    check_text("a\r\nb\rc\nd\r\r\ne\n\rf", "a\nb\nc\nd\n\ne\n\nf");
    check_text("\r", "\n");
    check_text("\r<b/>\r&amp;\r", "\n<-:b></-:b>\n&\n");
    check_text("\r\x0b\n", "\n\n");
    check_text("a&#xD;\nb&#13;&#10;", "a\r\nb\r\n");
    check_text("\r&#10;", "\n\n");
    check_text("<![CDATA[\r]]>\n<![CDATA[\r\n]]>", "\n\n\n");
}

static void test_xml_next_references(void)
{
    check_text("&lt;&gt;&amp;&quot;&apos;", "<>&\"'");
    check_text("&#65;&#x42;&#x00000000043;&#0000000000000000000068;", "ABCD");
    check_text("&#xe4;&#x20AC;&#x1F600;&#x10FFFF;",
               "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf");
    check_text("a&nbsp;b", "a\xc2\xa0"
                           "b");
    check_text("a&uuml;b&x;c&nbspnbsp;d&ltlt;e&llt;f&a.b-9;g&\xc3\xa4;h", "abcdefgh");
    check_text("&amp;lt;", "&lt;");
    static const char *const bad[] = {"&",     "&;",   "&amp",  "& ",    "&#;",
                                      "&#x;",  "&#a;", "&#1a;", "&#xg;", "&#X41;",
                                      "&a b;", "&1;",  "&-;",   "&a<",   "&lt ;"};
    for (isize i = 0; i < COUNT(bad); i++) {
        u8 in[64];
        struct buf b = buf_over(in, sizeof in);
        buf_put(&b, S("<a>x"));
        buf_put(&b, str_from(bad[i]));
        buf_put(&b, S("</a>"));
        check_str(buf_str(&b), S("<-:a>x!XML_SYNTAX@4"));
        buf_reset(&b);
        buf_put(&b, S("<a>x<b c='"));
        buf_put(&b, str_from(bad[i]));
        buf_put(&b, S("'/></a>"));
        check_str(buf_str(&b), S("<-:a>x!XML_SYNTAX@4"));
    }
}

// Spec, section 12, rule 2: exactly the forbidden ones go, the text around them stays.
static void test_xml_next_forbidden(void)
{
    check_text("a&#x0;b&#0;c&#x1F;d&#xB;e&#8;f", "abcdef");
    check_text("a&#xD800;b&#xDFFF;c&#xD83D;&#xDE00;d", "abcd");
    check_text("&#xD7FF;&#xE000;&#xFFFD;", "\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbd");
    check_text("a&#xFFFE;b&#xFFFF;c&#x110000;d&#99999999999999999999;e&#xFFFFFFFFFFFFFFFF1;f",
               "abcdef");
    check_text("a&#4294967361;b&#x100000041;c&#x10FFFE;", "abc\xf4\x8f\xbf\xbe");
    check_text("a\x01"
               "b\x0b"
               "c\x0c"
               "d\x1f"
               "e\x7f"
               "f",
               "abcde\x7f"
               "f");
    check_text("0123456789abcdef\x02"
               "0123456789abcdef",
               "0123456789abcdef0123456789abcdef");
    check_text("a\xef\xbf\xbe"
               "b\xef\xbf\xbf"
               "c\xef\xbf\xbd",
               "abc\xef\xbf\xbd");
    check_text("<![CDATA[a\x01"
               "b\xef\xbf\xbe&#x0;]]>",
               "ab&#x0;");
    check_str(S("<a>x\0y</a>"), S("<-:a>xy</-:a>."));
    check_value("a&#x0;b\x01"
                "c\xef\xbf\xbf"
                "d&nope;e&#xDC00;",
                "abcde");
}

static void test_xml_next_bad_utf8(void)
{
#define R "\xef\xbf\xbd"
    // Unicode, section 3.9, tables 3-8 to 3-11.
    check_text("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41", R R R R R R R R "A");
    check_text("\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41", R R R R R R R R "A");
    check_text("\xf4\x91\x92\x93\xff\x41\x80\xbf\x42", R R R R R "A" R R "B");
    check_text("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41", R R R R "A");
    check_text("\xf5\x80\x80\x80\xc1\x80\xfe", R R R R R R R);
    check_text("\xc3", R);
    check_text("\xe2\x82<b/>\xf0\x9f\x98&amp;", R "<-:b></-:b>" R "&");
    check_text("\xe2\x82\r\n\xc3\x01", R "\n" R);
    check_text("<![CDATA[\xe2]]>\xe2<![CDATA[\xc3]]>", R R R);
    check_value("\xc3\xa4\xe2\x82z\xff\xc3", "\xc3\xa4" R "z" R R);
    check("<a\xc3/>", "!XML_SYNTAX@0");
    check("<a \xff='1'/>", "!XML_SYNTAX@0");
#undef R
}

static void test_xml_next_cdata(void)
{
    check_text("<![CDATA[]]>", "");
    check_text("<![CDATA[a<b>&amp;]]>", "a<b>&amp;");
    check_text("<![CDATA[]]]]]>]]&gt;", "]]]]]>");
    check_text("<![CDATA[a]b]]c]>d]]]>e", "a]b]]c]>d]e");
    check_text("<![CDATA[]\r\n]\xc3\xa4]]>", "]\n]\xc3\xa4");
    check("<a><![CDATA[x]]", "<-:a>x!XML_CUT");
    check("<a><![cdata[x]]></a>", "<-:a>!XML_SYNTAX@6");
    check("<a><![CDAT", "<-:a>!XML_CUT");
    check("<![CDATA[x]]><a/>", "!XML_SYNTAX@8");
    check("<a/><![CDATA[x]]>", "<-:a></-:a>.!XML_AFTER_ROOT@12");
}

static void test_xml_next_comments(void)
{
    check("<!-- a -- <b> & \xff\x01 ---><a><!----><!--->--><!-- - -- -x --></a><!--x-->",
          "<-:a></-:a>.");
    check("<?php echo ?><a><?b > ?\"><c/>?><?c d?e?\?></a><?f ?>", "<-:a></-:a>.");
    check("<a><?xmlish?><?xm?><?xmlx ?><?XML ?></a>", "<-:a></-:a>.");
    check("<a><!-x></a>", "<-:a>!XML_SYNTAX@6");
    check("<a><!></a>", "<-:a>!XML_SYNTAX@5");
    check("<a><!ELEMENT a ANY></a>", "<-:a>!XML_SYNTAX@5");
    check("<a><? x?></a>", "<-:a>!XML_SYNTAX@5");
    check("<a/><!-- x", "<-:a></-:a>.!XML_CUT");
    check("<a/><?x ", "<-:a></-:a>.!XML_CUT");
    check("<a/> <", "<-:a></-:a>.!XML_CUT");
}

static void test_xml_next_prolog(void)
{
    check("\xef\xbb\xbf<?xml version='1.0' encoding='UTF-8' standalone=\"yes\" ?>\n<a/>\n",
          "<-:a></-:a>.");
    check("x> junk & y \x01\xc3 <?xml version='1.0'?><a/>", "<-:a></-:a>.");
    check("  \n<a/>", "<-:a></-:a>.");
    check("<!-- x --><?xml encoding='us-ascii'?> y <a/>", "<-:a></-:a>.");
    check("<?xml?><a/>", "<-:a></-:a>.");
    check("<?xml version='1.0' encoding='iso-8859-1'?><a/>", "!XML_ENCODING@0");
    check("x<?xml version='1.0' encoding='utf-16'?><a/>", "!XML_ENCODING@1");
    check("<?xml version='1.0' encoding='utf8'?><a/>", "!XML_ENCODING@0");
    check("<?xml version=1.0?><a/>", "!XML_SYNTAX@0");
    check("<?xml version='1.0'encoding='utf-8'?><a/>", "!XML_SYNTAX@0");
    check("<?xml version='1.0'?><?xml version='1.0'?><a/>", "!XML_SYNTAX@26");
    check("<a><?xml version='1.0'?></a>", "<-:a>!XML_SYNTAX@8");
    check("<a/><?xml version='1.0'?>", "<-:a></-:a>.!XML_SYNTAX@9");
    check_str(S("\xff\xfe<\0a\0/\0>\0"), S("!XML_ENCODING@0"));
    check_str(S("\xfe\xff\0<\0a\0/\0>"), S("!XML_ENCODING@0"));
    check_str(S("<\0a\0/\0>\0"), S("!XML_ENCODING@1"));
    check_str(S("\0<\0a"), S("!XML_ENCODING@0"));
    check_str(S("\0\0\xfe\xff"), S("!XML_ENCODING@0"));
    check("", "!XML_CUT");
    check(" ", "!XML_CUT");
    check("no tag", "!XML_CUT");
    check("</a>", "!XML_SYNTAX@1");
    check("a < b", "!XML_SYNTAX@3");
}

static void test_xml_next_doctype(void)
{
    check("<!DOCTYPE a><a/>", "!XML_DOCTYPE@8");
    check("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "!XML_DOCTYPE@29");
    check("<!doctype html><html>", "!XML_DOCTYPE@8");
    check("<a><!DOCTYPE a></a>", "<-:a>!XML_DOCTYPE@11");
    check("<!DOCTIPE a><a/>", "!XML_SYNTAX@6");
}

static void test_xml_next_values(void)
{
    check_value("", "");
    check_value("a'b>c/", "a'b>c/");
    check_value("a\tb\nc\r\nd\re\r\r\n", "a b c d e  ");
    check_value("&#9;&#10;&#13;&#32;", "\t\n\r ");
    check_value("&lt;&quot;&amp;&nbsp;&#x1F600;", "<\"&\xc2\xa0\xf0\x9f\x98\x80");
    check_value("(UTC+01:00) Z\xc3\xbcrich &amp; 0123456789",
                "(UTC+01:00) Z\xc3\xbcrich & 0123456789");
    check("<a b='\"' c=\"'\"/>", "<-:a -:b=[\"] -:c=[']></-:a>.");
    static const char *const bad[] = {
        "<a b/>",      "<a b=/>",        "<a b=1/>",    "<a b='1'c='2'/>", "<a b='<'/>",
        "<a b='1' />", "<a / >",         "<a /b='1'>",  "<a 1='1'/>",      "<a b:='1'/>",
        "<a :b='1'/>", "<a b:c:d='1'/>", "<a: b='1'/>", "<a:b:c/>",        "<a:1/>",
        "<a ='1'/>",   "<a b='1'/ >",    "<a b=='1'/>", "<a, b='1'/>",     "<a <b>",
    };
    for (isize i = 0; i < COUNT(bad); i++) {
        bool good = i == 5;
        check(bad[i], good ? "<-:a -:b=[1]></-:a>." : "!XML_SYNTAX@0");
    }
    check("<a 'b>'/>", "!XML_SYNTAX@0");
}

static void test_xml_next_duplicates(void)
{
    check("<a b='1' c='2' b='1'/>", "!XML_DUPLICATE@0");
    check("<a xmlns:p='u:1' xmlns:q='u:1' p:b='1' q:b='2'/>", "!XML_DUPLICATE@0");
    check("<a p:b='1' p:b='2'/>", "!XML_DUPLICATE@0");
    check("<a xmlns='u:m' xmlns='u:m'/>", "!XML_DUPLICATE@0");
    check("<a xmlns:p='u:m' xmlns:p='u:t'/>", "!XML_DUPLICATE@0");
    check("<a xmlns:p='u:1' xmlns:q='u:2' p:b='1' q:b='2' b='3' r:b='4' s:b='5'/>",
          "<-:a ?:b=[1] ?:b=[2] -:b=[3] ?:b=[4] ?:b=[5]></-:a>.");
    check("<a xmlns='u:m' b='1' xmlns:p='u:m' p:b='2'/>", "<1:a -:b=[1] 1:b=[2]></1:a>.");
    check("<a p='1' xmlns:p='2'/>", "<-:a -:p=[1]></-:a>.");
}

static void test_xml_next_mismatch(void)
{
    check("<a></b>", "<-:a>!XML_MISMATCH@3");
    check("<a><b></a></b>", "<-:a><-:b>!XML_MISMATCH@6");
    check("<p:a xmlns:p='u:m' xmlns:q='u:m'></q:a>", "<1:a>!XML_MISMATCH@33");
    check("<a></ a>", "<-:a>!XML_SYNTAX@3");
    check("<a></a b>", "<-:a>!XML_SYNTAX@3");
    check("<a></a/>", "<-:a>!XML_SYNTAX@3");
    check("<a></>", "<-:a>!XML_SYNTAX@3");
    check("<a", "!XML_CUT");
    check("<a>", "<-:a>!XML_CUT");
    check("<a></a", "<-:a>!XML_CUT");
    check("<a>x&am", "<-:a>x!XML_CUT");
    check("<a/>x", "<-:a></-:a>.!XML_AFTER_ROOT@4");
    check("<a/><b/>", "<-:a></-:a>.!XML_AFTER_ROOT@5");
    check("<a></a></a>", "<-:a></-:a>.!XML_AFTER_ROOT@8");
    check_str(S("<a/>\0"), S("<-:a></-:a>.!XML_AFTER_ROOT@4"));
}

static u8 long_memory[1 << 17];

// <a> so often, and </a>.
static str nested(isize depth, str open)
{
    struct buf b = buf_over(long_memory, sizeof long_memory);
    for (isize i = 0; i < depth; i++) {
        buf_put(&b, open);
    }
    for (isize i = 0; i < depth; i++) {
        buf_put(&b, S("</a>"));
    }
    CHECK(!b.full);
    return buf_str(&b);
}

static void test_xml_next_depth(void)
{
    CHECK(str_ends(check_cuts(nested(255, S("<a>"))), S("</-:a>.")));
    CHECK(str_ends(check_cuts(nested(XML_DEPTH_MAX, S("<a b=''>"))), S("</-:a>.")));
    CHECK(str_ends(check_cuts(nested(XML_DEPTH_MAX + 1, S("<a>"))), S("<-:a>!XML_TOO_DEEP@900")));
    // What is said again takes no room; what changes does.
    CHECK(str_ends(check_cuts(nested(255, S("<a xmlns='u:m' xmlns:p='u:t'>"))), S("</1:a>.")));
    CHECK(str_ends(check_cuts(nested(XML_NAMESPACES_MAX / 2, S("<a xmlns='1'><a xmlns='2'>"))),
                   S("!XML_CUT")));
    CHECK(str_ends(check_cuts(nested(XML_NAMESPACES_MAX / 2 + 1, S("<a xmlns='1'><a xmlns='2'>"))),
                   S("!XML_NAMESPACES@832")));
    str in = S("<a><b>t</b><c/></a>");
    static const int depths[] = {1, 2, 2, 2, 2, 2, 1};
    xml_init(&x, NULL, 0);
    for (isize i = 0; i < COUNT(depths); i++) {
        CHECK(xml_next(&x, &in) != XML_MORE && x.depth == depths[i]);
    }
    CHECK_OK(xml_finish(&x));
    CHECK(xml_next(&x, &in) == XML_DONE && xml_next(&x, &in) == XML_MORE);
    CHECK_OK(xml_finish(&x));
}

// <a b='vvv...'/> whose tag, from behind < to >, has so many bytes; `first` is the value's first.
static str long_tag(isize bytes, str first)
{
    struct buf b = buf_over(long_memory, sizeof long_memory);
    buf_put(&b, S("<a b='"));
    buf_put(&b, first);
    buf_put_fill(&b, 'v', bytes - 8 - first.n);
    buf_put(&b, S("'/>"));
    CHECK(!b.full && b.n == bytes + 1);
    return buf_str(&b);
}

static void test_xml_next_tag_size(void)
{
    CHECK(str_ends(check_cuts(long_tag(XML_TAG_BYTES, S(""))), S("></-:a>.")));
    CHECK_STR(check_cuts(long_tag(XML_TAG_BYTES + 1, S(""))), S("!XML_TAG_SIZE@0"));
    CHECK_STR(check_cuts(str_slice(long_tag(XML_TAG_BYTES + 9, S("")), 0, XML_TAG_BYTES + 2)),
              S("!XML_TAG_SIZE@0"));
    check_cuts(str_slice(long_tag(XML_TAG_BYTES + 9, S("")), 0, XML_TAG_BYTES + 1));
    CHECK(str_ends(check_cuts(long_tag(XML_VALUES_BYTES + 12, S("&#65;"))), S("></-:a>.")));
    CHECK_STR(check_cuts(long_tag(XML_VALUES_BYTES + 13, S("&#65;"))), S("!XML_TAG_SIZE@0"));
    struct buf b = buf_over(long_memory, sizeof long_memory);
    for (int extra = 0; extra < 2; extra++) {
        buf_reset(&b);
        buf_put(&b, S("<a"));
        for (isize i = 0; i < XML_ATTRIBUTES_MAX + extra; i++) {
            buf_put(&b, S(" b"));
            buf_put_i64(&b, i);
            buf_put(&b, S("=''"));
        }
        buf_put(&b, S("/>"));
        str got = check_cuts(buf_str(&b));
        CHECK(extra ? str_eq(got, S("!XML_ATTRIBUTES@0")) : str_ends(got, S("=[]></-:a>.")));
    }
    buf_reset(&b);
    buf_put_fill(&b, ' ', 3 * XML_JUNK_BYTES);
    buf_put_fill(&b, 'x', XML_JUNK_BYTES);
    buf_put(&b, S("<a/>"));
    CHECK_STR(check_cuts(buf_str(&b)), S("<-:a></-:a>."));
    b.p[0] = 'x';
    CHECK(str_starts(check_cuts(buf_str(&b)), S("!XML_SYNTAX@")));
    buf_reset(&b);
    buf_put(&b, S("<?xml "));
    buf_put_fill(&b, ' ', XML_TAG_BYTES);
    buf_put(&b, S("?><a/>"));
    CHECK(str_starts(check_cuts(buf_str(&b)), S("!XML_TAG_SIZE@")));
}

// Long text, names and values that lie within a chunk are parts of it: nothing was copied.
static void test_xml_next_zero_copy(void)
{
    static u8 bytes[XML_GATHER_BYTES + 64];
    struct buf b = buf_over(bytes, COUNT(bytes));
    buf_put(&b, S("<a b='value'>"));
    buf_put_fill(&b, 'x', XML_GATHER_BYTES);
    buf_put(&b, S("qrs&amp;t</a>"));
    str text = buf_str(&b), in = text;
    xml_init(&x, uris, COUNT(uris));
    CHECK(xml_next(&x, &in) == XML_START && x.name.local.p == text.p + 1 && x.at == 13);
    CHECK(xml_attribute(&x, S("b"), NULL).p == text.p + 6);
    isize long_n = XML_GATHER_BYTES + 3;
    CHECK(xml_next(&x, &in) == XML_TEXT && x.text.p == text.p + 13 && x.text.n == long_n);
    CHECK(xml_next(&x, &in) == XML_TEXT && str_eq(x.text, S("&t"))); // short ones are gathered
    CHECK(xml_next(&x, &in) == XML_END && xml_next(&x, &in) == XML_DONE && in.n == 0);
    CHECK(xml_next(&x, &in) == XML_MORE);
}

static void test_xml_attribute_found(void)
{
    str in = S("<t:a xmlns:t='u:t' Id='1' t:Id='2' x='' y='&amp;'/>");
    bool found = false;
    xml_init(&x, uris, COUNT(uris));
    CHECK(xml_next(&x, &in) == XML_START && xml_is(&x, 2, S("a")) && !xml_is(&x, 1, S("a")));
    CHECK(!xml_is(&x, 2, S("b")) && x.attribute_count == 4);
    CHECK_STR(xml_attribute(&x, S("Id"), &found), S("1"));
    CHECK(found);
    CHECK_STR(xml_attribute_of(&x, 2, S("Id"), NULL), S("2"));
    CHECK_STR(xml_attribute(&x, S("id"), &found), S(""));
    CHECK(!found);
    CHECK_STR(xml_attribute(&x, S("x"), &found), S(""));
    CHECK(found);
    CHECK_STR(xml_attribute(&x, S("y"), NULL), S("&"));
    CHECK_STR(xml_attribute(&x, S("t"), &found), S(""));
    CHECK(!found);
    CHECK(xml_next(&x, &in) == XML_END && xml_is(&x, 2, S("a")) && x.attribute_count == 0);
    CHECK_STR(xml_attribute(&x, S("Id"), &found), S(""));
    CHECK(!found);
}

static const struct test_case cases[] = {
    CASE(test_xml_next_soap),       CASE(test_xml_next_namespaces), CASE(test_xml_next_text),
    CASE(test_xml_next_line_ends),  CASE(test_xml_next_references), CASE(test_xml_next_forbidden),
    CASE(test_xml_next_bad_utf8),   CASE(test_xml_next_cdata),      CASE(test_xml_next_comments),
    CASE(test_xml_next_prolog),     CASE(test_xml_next_doctype),    CASE(test_xml_next_values),
    CASE(test_xml_next_duplicates), CASE(test_xml_next_mismatch),   CASE(test_xml_next_depth),
    CASE(test_xml_next_tag_size),   CASE(test_xml_next_zero_copy),  CASE(test_xml_attribute_found),
};

TEST_MAIN(cases)
