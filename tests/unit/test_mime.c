// SPDX-License-Identifier: Apache-2.0
// mime_trim: the worked examples of spec/documents.md 8.1, the rules where ours is meant to differ
// from CPython's email package, broken structure, and every size of output and scratch.
// tests/interop/mime_oracle.py compares with the package itself.
#include "test.h"

#include <time.h>

#include "codec/mime.h"
#include "limits.h"

#define ROOM KIB(512)
#define SCRATCH (ROOM * 3 + MIME_SCRATCH_BYTES)

static u8 out_bytes[ROOM * 2], scratch_bytes[SCRATCH], mail_bytes[ROOM];

#define CT8                                                                          \
    "Content-Type: text/plain; charset=\"utf-8\"\nContent-Transfer-Encoding: 7bit\n" \
    "MIME-Version: 1.0\n"
#define BODY(subtype, charset, cte)                                                            \
    "Content-Type: text/" subtype "; charset=\"" charset "\"\nContent-Transfer-Encoding: " cte \
    "\nMIME-Version: 1.0\n\n"

static err trim(str mail, struct buf *out)
{
    struct arena scratch = arena_over(scratch_bytes, mail.n * 3 + MIME_SCRATCH_BYTES);
    err e = mime_trim(mail, out, &scratch);
    CHECK(scratch.n == 0);
    CHECK(err_ok(e) || (out->n == 0 && !out->full));
    return e;
}

static void check(str mail, str want)
{
    struct buf out = buf_over(out_bytes, sizeof out_bytes);
    CHECK_OK(trim(test_guarded(mail), &out));
    CHECK_STR(buf_str(&out), want);
}

static void check_err(str mail, enum err_code want)
{
    struct buf out = buf_over(out_bytes, sizeof out_bytes);
    err e = trim(test_guarded(mail), &out);
    if (!err_is(e, want)) {
        fprintf(stderr, "got %s\n", err_name(e));
        CHECK(err_is(e, want));
    }
}

struct pair {
    str mail, want;
};

static void check_pairs(const struct pair *pairs, isize count)
{
    for (isize i = 0; i < count; i++) {
        check(pairs[i].mail, pairs[i].want);
    }
}

// ---- spec/documents.md 8.1

#define A60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define E60 "éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé"

static const struct pair examples[] = {
    {S("Received: from a\r\nSubject: hi\r\nFrom: \"Amy A\" <amy@example.com>\r\n"
       "To: bob@example.com, Carol <carol@example.com>\r\n"
       "Date: Tue, 2 Jan 2024 03:04:05 +0000\r\nMessage-ID: <1@x>\r\nDKIM-Signature: v=1\r\n"
       "Content-Type: text/plain; charset=us-ascii\r\n\r\nline one\r\nline two\r\n"),
     S("Subject: hi\nFrom: \"Amy A\" <amy@example.com>\n"
       "To: bob@example.com, Carol <carol@example.com>\n"
       "Date: Tue, 02 Jan 2024 03:04:05 +0000\nMessage-ID: <1@x>\n" BODY(
           "plain", "us-ascii", "7bit") "line one\nline two\n")},
    {S("Subject: a\nFrom: a@b\n\nbody"), S("Subject: a\nFrom: a@b\n" CT8 "\nbody\n")},
    {S("Content-Type: multipart/alternative; boundary=k\n\n--k\nContent-Type: text/html\n\n<p>\n"
       "--k\nContent-Type: text/plain; charset=utf-8\n\nplain é\n--k--\n"),
     S(BODY("plain", "utf-8", "8bit") "plain é\n")},
    {S("Content-Type: text/html; charset=\"UTF-8\"\r\n"
       "Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>caf=C3=A9</p>=\r\n tail\r\n"),
     S(BODY("html", "utf-8", "8bit") "<p>café</p> tail\n")},
    {S("Subject: =?iso-8859-1?Q?Caf=E9_cr=E8me?=\nFrom: =?utf-8?B?SsO2cmc=?= <j@x.org>\n\nx"),
     S("Subject: =?utf-8?q?Caf=C3=A9_cr=C3=A8me?=\nFrom: =?utf-8?q?J=C3=B6rg?= <j@x.org>\n" CT8
       "\nx\n")},
    {S("To: user0 <user0@example.com>, user1 <user1@example.com>, user2 <user2@example.com>, "
       "user3 <user3@example.com>, user4 <user4@example.com>\n\nx"),
     S("To: user0 <user0@example.com>, user1 <user1@example.com>,\n"
       " user2 <user2@example.com>, user3 <user3@example.com>,\n user4 <user4@example.com>\n" CT8
       "\nx\n")},
    {S("\n" A60 "aaaaaaaaaaaaaaaaaa"), S(CT8 "\n" A60 "aaaaaaaaaaaaaaaaaa\n")},
    {S("\n" A60 "aaaaaaaaaaaaaaaaaaa"),
     S(BODY("plain", "utf-8", "quoted-printable") A60 "aaaaaaaaaaaaaaaaa=\naa\n")},
    {S("Content-Type: text/plain; charset=utf-8\n\n" E60),
     S(BODY(
         "plain", "utf-8",
         "base64") "w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nD\n"
                   "qcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOp\n"
                   "w6nDqcOpCg==\n")},
    {S("Content-Type: text/plain; charset=ISO-8859-1\nContent-Transfer-Encoding: "
       "8bit\n\ncaf\xE9\n"),
     S(BODY("plain", "iso-8859-1", "8bit") "caf\xE9\n")},
    {S("\ncaf\xC3\xA9\n"), S(BODY("plain", "utf-8", "8bit") "café\n")}, // 11, ours
    {S("\ncaf\xE9\n"), S(BODY("plain", "utf-8", "8bit") "caf�\n")},
    {S("Subject: s\nContent-Type: application/pdf\n\n%PDF\n"), S("Subject: s\n" CT8 "\n\n")},
    {S("Subject: s\nContent-Type: text/calendar\n\nBEGIN\n"), S("Subject: s\n" CT8 "\n\n")},
    {S("Subject: s\nContent-Type: message/rfc822\n\nSubject: t\n\ninner\n"),
     S("Subject: s\n" CT8 "\n\n")},
    {S("Subject:\nTo: a@x.y\nTo: b@x.y\n\nx"), S("Subject:\nTo: a@x.y\n" CT8 "\nx\n")},
    {S("Date: yesterday\nFrom: not an address <<\n\nx"), // ours keeps such a date
     S("From: not an address <<\nDate: yesterday\n" CT8 "\nx\n")},
    {S("Subject: caf\xC3\xA9\n\nx"), S("Subject: =?unknown-8bit?q?caf=C3=A9?=\n" CT8 "\nx\n")},
    {S("Subject: first part\r\n second part\r\n\tthird\r\n\r\nx"),
     S("Subject: first part second part\tthird\n" CT8 "\nx\n")},
    {S("To: undisclosed-recipients:;\n\nx"), S("To: undisclosed-recipients:;\n" CT8 "\nx\n")},
    {S("Content-Type: text/plain; charset=\"utf8\"\n\né\n"),
     S(BODY("plain", "utf8", "8bit") "é\n")},
    {S("Content-Type: multipart/mixed; boundary=o\n\n--o\n"
       "Content-Type: multipart/alternative; boundary=i\n\n--i\nContent-Type: text/html\n\n<p>\n"
       "--i--\n--o\nContent-Type: text/plain\n\nfooter\n--o--\n"),
     S(CT8 "\nfooter\n")},
    {S("Content-Type: multipart/alternative; boundary=i\n\n--i\n\n \n\n--i\n"
       "Content-Type: text/html\n\n<p>\n--i--\n"), // 21, ours
     S(BODY("html", "utf-8", "7bit") "<p>\n")},
    {S("Subject: hello =?utf-8?q?w=C3=B6rld?= foo\n\nx"),
     S("Subject: hello =?utf-8?q?w=C3=B6rld?= foo\n" CT8 "\nx\n")},
};

static void test_a102_a103_a104_trim_examples(void)
{
    check_pairs(examples, COUNT(examples));
}

static void test_trim_goes_raw(void)
{
    check_err(S("Content-Type: text/plain; charset=us-ascii\n\ncaf\xE9\n"), ERR_MIME_CHARSET);
    check_err(S("Content-Type: text/plain; charset=x-foo\n\nabc\n"), ERR_MIME_CHARSET);
    check_err(S("Content-Type: text/plain; charset=\"\"\n\nabc\n"), ERR_MIME_CHARSET);
    check_err(S("Content-Type: text/plain; charset=binary\n\nabc\n"), ERR_MIME_CHARSET);
    check_err(S("Content-Type: text/plain; charset=big5\n\n\xFF\xFF\n"), ERR_MIME_CHARSET);
    // a character split across adjacent words
    check_err(S("Subject: =?utf-8?b?w7bD?= =?utf-8?b?tg==?=\n\nx"), ERR_MIME_CHARSET);
    check_err(S("From: =?utf-8?b?w7bD?= <a@b>\n\nx"), ERR_MIME_CHARSET);
}

// ---- header fields

static const struct pair fields[] = {
    // names as spelt, in our order, the first of each; a value never gets a line break
    {S("TO: b@c\nsubject: x\nTo: d@e\n\n"), S("subject: x\nTO: b@c\n" CT8 "\n\n")},
    {S("Subject: =?utf-8?q?a=0D=0ABcc:_e@x=0A?=z\n\n"), S("Subject: a Bcc: e@x z\n" CT8 "\n\n")},
    {S("From: =?utf-8?q?a=0D=0ABcc=C3=A9?= <a@b>\n\n"),
     S("From: =?utf-8?q?a_Bcc=C3=A9?= <a@b>\n" CT8 "\n\n")},
    // words: blanks between two vanish, broken ones stay, unknown charsets are bytes
    {S("Subject: =?utf-8?q?a_?=\n =?utf-8?q?b?= c\n\n"), S("Subject: a b c\n" CT8 "\n\n")},
    {S("Subject: =?utf-8?q?=C3=B6?=x =?utf-8?q?bad\n\n"),
     S("Subject: =?utf-8?q?=C3=B6x?= =?utf-8?q?bad\n" CT8 "\n\n")},
    {S("Subject: =?x-foo?q?a=E9?=\n\n"), S("Subject: =?unknown-8bit?q?a=E9?=\n" CT8 "\n\n")},
    {S("Subject: =?utf-8?q?a?b?= =?utf-8?x?a?=\n\n"),
     S("Subject: =?utf-8?q?a?b?= =?utf-8?x?a?=\n" CT8 "\n\n")},
    {S("Subject: =?utf-8*en?B?w7Y?=\n\n"), S("Subject: =?utf-8?q?=C3=B6?=\n" CT8 "\n\n")},
    // addresses: a comma in a word stays there, raw bytes become words, comments stay
    {S("To: =?utf-8?q?Doe=2C_J=C3=B6?= <j@x>, b@c\n\n"),
     S("To: =?utf-8?q?Doe=2C_J=C3=B6?= <j@x>, b@c\n" CT8 "\n\n")},
    {S("To: =?utf-8?q?Doe=2C_J?= <j@x>\n\n"), S("To: =?utf-8?q?Doe=2C_J?= <j@x>\n" CT8 "\n\n")},
    {S("To: \"=?utf-8?q?J=C3=B6rg?=\" <j@x> (K\xC3\xB6ln, \"x)\n\n"),
     S("To: =?utf-8?q?J=C3=B6rg?= <j@x> (=?unknown-8bit?q?K=C3=B6ln?=, \"x)\n" CT8 "\n\n")},
    {S("To: \"a \\\"b\\\" =?utf-8?q?c?=\" <j@x>\n\n"),
     S("To: =?utf-8?q?a_=22b=22_c?= <j@x>\n" CT8 "\n\n")},
    {S("To: =?utf-8?q?Jo?= =?utf-8?q?hn?= <j@x>\n\n"),
     S("To: =?utf-8?q?Jo?= =?utf-8?q?hn?= <j@x>\n" CT8 "\n\n")},
    {S("To: =?us-ascii?q?j=40x=2Eorg?=, =?us-ascii?q?Jo_Doe?= <k@x>\n\n"),
     S("To: j@x.org, Jo Doe <k@x>\n" CT8 "\n\n")},
    {S("Message-ID: <a b@x>\r\n <c@d>\r\n\r\n"), S("Message-ID: <a b@x> <c@d>\n" CT8 "\n\n")},
    // a token too long for a line is encoded in a subject
    {S("Subject: " A60 A60 "\n\n"),
     S("Subject: =?utf-8?q?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?=\n"
       " =?utf-8?q?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?=\n" CT8
       "\n\n")},
};

static void test_trim_fields(void)
{
    check_pairs(fields, COUNT(fields));
}

static void check_date(str text, str want)
{
    u8 room[256];
    struct buf mail = buf_over(mail_bytes, ROOM), all = buf_over(room, sizeof room);
    buf_put(&mail, S("Date: "));
    buf_put(&mail, text);
    buf_put(&mail, S("\n\n"));
    buf_put(&all, S("Date: "));
    buf_put(&all, want);
    buf_put(&all, S("\n" CT8 "\n\n"));
    check(buf_str(&mail), buf_str(&all));
}

static void test_trim_dates(void)
{
    static const struct pair dates[] = {
        {S("Tue, 2 Jan 2024 03:04:05 -0800 (PST)"), S("Tue, 02 Jan 2024 03:04:05 -0800")},
        {S("2 Jan 99 3:04 EST"), S("Sat, 02 Jan 1999 03:04:00 -0500")},
        {S("2 Jan 68 3:04:05"), S("Mon, 02 Jan 2068 03:04:05 -0000")},
        {S("Tue, 02-Jan-24 03:04:05 GMT"), S("Tue, 02 Jan 2024 03:04:05 +0000")},
        {S("Tue Jan  2 03:04:05 2024"), S("Tue, 02 Jan 2024 03:04:05 -0000")},
        {S("Jan 2, 2024 03.04.05 UT"), S("Tue, 02 Jan 2024 03:04:05 +0000")},
        {S("Wed,3 January 2024 03:04:05+0530"), S("Wed, 03 Jan 2024 03:04:05 +0530")},
        {S("Tue, 2 Jan 2024 03:04:05 CEST"), S("Tue, 02 Jan 2024 03:04:05 -0000")},
        {S("Tue, 2 Jan 2024 03:04:05 -0000"), S("Tue, 02 Jan 2024 03:04:05 -0000")},
    };
    static const str kept[] = {
        S("yesterday"),
        S("2024-01-02T03:04:05Z"),
        S("Tue, 2 Jan 2024 03:04:60 +0000"),
        S("31 Feb 2024 03:04:05 +0000"),
        S("2 Jan 2024 03:04:05 +9999"),
        S("2 Jan 10000 03:04:05 +0000"),
        S("Tue, 2 Jan 2024 03:04:05 +01:00"),
        S("Tue, 2 Jan"),
    };
    for (isize i = 0; i < COUNT(dates); i++) {
        check_date(dates[i].mail, dates[i].want);
    }
    for (isize i = 0; i < COUNT(kept); i++) {
        check_date(kept[i], kept[i]);
    }
}

// ---- broken header blocks

static const struct pair blocks[] = {
    {S("Subject: a\nbroken\nSubject : b\n>From c\nFrom: a@b\n\nx"),
     S("Subject: a\nFrom: a@b\n" CT8 "\nx\n")},
    {S("broken\nFrom: a@b\n\nx"), S("From: a@b\n" CT8 "\nx\n")},
    {S("Subject: a\nbroken\n\nx"), S("Subject: a\n" CT8 "\nx\n")},
    {S("Subject: a\rb\r\nFrom: a@b\r\n\r\nx"), S("Subject: a\nFrom: a@b\n" CT8 "\nx\n")},
    {S("Subject: a\nDear all,\nnews: none\n\nx"), // text without a blank line before it
     S("Subject: a\n" CT8 "\nDear all,\nnews: none\n\nx\n")},
    {S("only text\nwithout a head\n"), S(CT8 "\nonly text\nwithout a head\n")},
    {S(" x\n: y\nFrom a b\nSubject: a\n\nx"), S("Subject: a\n" CT8 "\nx\n")},
    {S("From amy Tue\nSubject: a\n\nx"), S("Subject: a\n" CT8 "\nx\n")},
    {S("Subject: a\rFrom: a@b\r\rx\ry\r"), S("Subject: a\nFrom: a@b\n" CT8 "\nx\ny\n")},
    {S("Subject: a"), S("Subject: a\n" CT8 "\n\n")},
    {S(""), S(CT8 "\n\n")},
};

static void test_trim_blocks(void)
{
    check_pairs(blocks, COUNT(blocks));
}

// ---- parts

static const struct pair parts[] = {
    // a related has one part that counts: the one that start names, or the first
    {S("Content-Type: multipart/related; start=\"<2@x>\"; boundary=r\n\n--r\nContent-ID: <1@x>\n\n"
       "one\n--r\nContent-ID: <2@x>\nContent-Type: text/html\n\ntwo\n--r--\n"),
     S(BODY("html", "utf-8", "7bit") "two\n")},
    {S("Content-Type: multipart/related; start=\"<9@x>\"; boundary=r\n\n--r\n"
       "Content-Type: text/html\n\none\n--r\n\ntwo\n--r--\n"),
     S(BODY("html", "utf-8", "7bit") "one\n")},
    {S("Content-Type: multipart/mixed; boundary=\"b b\"\n\n--b b\nContent-Disposition: (c) "
       "ATTACHMENT; filename=x\n\nno\n--b b \t\nContent-Disposition: inline\n\nyes\n--b b--\nno\n"),
     S(CT8 "\nyes\n")},
    // an outer boundary ends what is inside, a missing last one ends with the mail
    {S("Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/mixed; "
       "boundary=i\n\n--i\n\ntext\n\n--o\n\nother\n--o--\n"),
     S(CT8 "\ntext\n")},
    {S("Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\ntext\r\n"), S(CT8 "\ntext\n")},
    {S("Content-Type: multipart/mixed; boundary=o\n\n--o\n--o\n\n--oo\n--o--x\ntext\n--o"),
     S(CT8 "\n--oo\n--o--x\ntext\n")},
    // without a boundary, or without the first one, there are no parts
    {S("Content-Type: multipart/mixed\n\n--o\n\ntext\n--o--\n"), S(CT8 "\n\n")},
    {S("Content-Type: multipart/mixed; boundary=o\n\n--o--\n--o\n\ntext\n"), S(CT8 "\n\n")},
    {S("Content-Type: multipart/digest; boundary=d\n\n--d\n\nSubject: x\n\nno\n--d\n"
       "Content-Type: text/plain\n\nyes\n--d--\n"),
     S(CT8 "\nyes\n")},
    {S("Content-Type: multipart/mixed; boundary=h\n\n--h\nfirst line\nTo: me\n--h--\n"),
     S(CT8 "\nfirst line\nTo: me\n")},
    // parameters: pieces, escapes, quotes, comments; a plain value ends at '='
    {S("Content-Type: multipart/mixed;\n boundary*1*=%65r; boundary*0=\"in\\n\"\n\n--inner\n\nx\n"),
     S(CT8 "\nx\n")},
    {S("Content-Type: multipart/mixed; x=\";boundary=no\" (;); BOUNDARY = \"a\\\"b\" "
       "(c)\n\n--a\"b\n\n"
       "x\n"),
     S(CT8 "\nx\n")},
    {S("Content-Type: multipart/mixed; boundary=a=b\n\n--a=b\n\nx\n--a\n\ny\n"), S(CT8 "\ny\n")},
    {S("Content-Type: text/plain; charset*=us-ascii'en'iso-8859-1\n\n\xE9"),
     S(BODY("plain", "iso-8859-1", "8bit") "\xE9\n")},
    {S("Content-Type: text/plain; charset=latin_1; charset=x-foo\n\n\xE9"),
     S(BODY("plain", "iso-8859-1", "8bit") "\xE9\n")},
};

static void test_trim_parts(void)
{
    check_pairs(parts, COUNT(parts));
    // a type without a slash is plain text, but its charset counts
    check_err(S("Content-Type: text; charset=x-\n\nx"), ERR_MIME_CHARSET);
}

static void test_trim_bounds(void)
{
    struct buf mail = buf_over(mail_bytes, ROOM);
    buf_put(&mail, S("Content-Type: multipart/mixed; boundary=b\n\n"));
    for (isize i = 0; i < MIME_PARTS_MAX - 1; i++) {
        buf_put(&mail, S("--b\n\nx\n"));
    }
    check(buf_str(&mail), S(CT8 "\nx\n"));
    buf_put(&mail, S("--b\n\nx\n"));
    check_err(buf_str(&mail), ERR_MIME_NESTING);
    for (int depth = MIME_DEPTH_MAX; depth <= MIME_DEPTH_MAX + 1; depth++) {
        buf_reset(&mail);
        for (int i = 0; i < depth; i++) {
            buf_put(&mail, S("Content-Type: multipart/mixed; boundary=b"));
            buf_put_i64(&mail, i);
            buf_put(&mail, S("x\n\n--b"));
            buf_put_i64(&mail, i);
            buf_put(&mail, S("x\n"));
        }
        buf_put(&mail, S("\ndeep\n"));
        if (depth == MIME_DEPTH_MAX) {
            check(buf_str(&mail), S(CT8 "\ndeep\n"));
        } else {
            check_err(buf_str(&mail), ERR_MIME_NESTING);
        }
    }
    buf_reset(&mail);
    buf_put(&mail, S("Content-Type: multipart/mixed; boundary="));
    buf_put_fill(&mail, 'b', MIME_BOUNDARY_BYTES + 1);
    check_err(buf_str(&mail), ERR_MIME_NESTING);
}

// ---- bodies

#define QP "Content-Transfer-Encoding: quoted-printable\n"
#define B64 "Content-Transfer-Encoding: BASE64\n"
#define TYPE(charset) "Content-Type: text/plain; charset=" charset "\n"

static const struct pair bodies[] = {
    {S(QP "\na=3D =3d=zz ==\nb=20\n=\r\r\nc=\rd="), S(CT8 "\na= ==zz =\nb \ncd\n")},
    {S(QP " \na=3D\n"), S(CT8 "\na=3D\n")}, // the blank makes it another encoding
    {S(B64 "\n aGVs*bG8g\nd29ybGQ\n"), S(CT8 "\nhello world\n")},
    {S(B64 "\naGk=bm8=\n"), S(CT8 "\nhi\n")},
    {S(B64 "\nabcde\nfghi\n"), S(CT8 "\nabcdefghi\n")}, // a digit too many: no base64
    {S("Content-Transfer-Encoding: x-uuencode\n\nx\nbegin 644 a b\n#0V%T\n`\nend\n"),
     S(CT8 "\nCat\n")},
    {S("Content-Transfer-Encoding: uue\n\nbegin 644 a\nno\n"), S(CT8 "\nbegin 644 a\nno\n")},
    {S("\na\r\nb\rc\n\n"), S(CT8 "\na\nb\nc\n\n")},
    {S("\n.\n..\nFrom me\n"), S(CT8 "\n.\n..\nFrom me\n")},
    {S(TYPE("utf-8") "\ncaf\xE9 \xC3\xA9\n"), S(BODY("plain", "utf-8", "8bit") "caf� é\n")},
    {S(TYPE("gb18030") "\n\xBA\xBA\xFF\n"), // which can say U+FFFD
     S(BODY("plain", "gb18030", "8bit") "\xBA\xBA\x84\x31\xA4\x37\n")},
    {S(TYPE("iso-2022-jp") "\n\x1B$BF|\x1B(B\n"),
     S(BODY("plain", "iso-2022-jp", "7bit") "\x1B$BF|\x1B(B\n")},
    {S(TYPE("UTF-16") B64 "\n//5hAA0ACgBiAA==\n"),
     S(BODY("plain", "utf-16", "base64") "//5hAAoAYgAKAA==\n")},
    {S(TYPE("utf-16be") B64 "\nCg0KDQAN\n"), S(BODY("plain", "utf-16be", "base64") "Cg0KDQAK\n")},
    {S(TYPE("\"utf-8\xE9\"") "\ncaf\xC3\xA9\n"), S(BODY("plain", "utf-8", "8bit") "café\n")},
    {S(TYPE("\"ISO-2022-JP\xE9\"") "\n\xD9\xD9\xD9\n"), S(BODY("plain", "utf-8", "8bit") "���\n")},
    // quoted-printable written: escapes are not cut, blanks at an end are not left
    {S("\n" A60 "aaaaaaaaaaaaaaaa=a\n" A60 "aaaaaaaaaaaaaaaaaa \n"),
     S(BODY("plain", "utf-8", "quoted-printable") A60 "aaaaaaaaaaaaaaaa=\n=3Da\n" A60
                                                      "aaaaaaaaaaaaaaaaa=\na=20\n")},
    {S("\n" A60 A60 "\n\xC3\xA9\t\n \n"),
     S(BODY("plain", "utf-8", "quoted-printable") A60
       "aaaaaaaaaaaaaaaaa=\n"
       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n=C3=A9=09\n=20\n")},
};

static void test_trim_bodies(void)
{
    check_pairs(bodies, COUNT(bodies));
}

// ---- sizes

#define NESTED                                                                                  \
    "Subject: =?utf-8?q?w=C3=B6rter?= und mehr davon, damit die Zeile umgebrochen werden muss " \
    "oh\n"                                                                                      \
    "From: \"=?utf-8?b?SsO2cmc=?=\" <j@x.org>, M\xFCller <m@x.org>\nDate: Tue, 2 Jan 24 3:04 "  \
    "EST\n"                                                                                     \
    "Content-Type: multipart/mixed; boundary*0=\"o\"; boundary*1=\"1\"\n\n--o1\n"               \
    "Content-Type: multipart/related; start=\"<r@x>\"; boundary=i\n\n--i\nContent-ID: <r@x>\n"  \
    "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"   \
    "<p>caf=C3=A9=\n</p>" A60 A60 "\n--i--\n--o1\n\n \n--o1--\n"

// Every prefix, ending at a guard page, twice with the same answer.
static void test_trim_cut_anywhere(void)
{
    static u8 again[KIB(8)];
    str mail = S(NESTED);
    for (isize n = 0; n <= mail.n; n++) {
        struct buf a = buf_over(out_bytes, sizeof out_bytes), b = buf_over(again, sizeof again);
        str cut = test_guarded(str_slice(mail, 0, n));
        err first = trim(cut, &a);
        memset(scratch_bytes, 0x5A, KIB(80));
        err second = trim(cut, &b);
        CHECK(first.code == second.code);
        CHECK_STR(buf_str(&b), buf_str(&a));
    }
}

static void test_trim_small_room(void)
{
    str mails[] = {S(NESTED), examples[8].mail, bodies[12].mail, bodies[16].mail};
    for (isize k = 0; k < COUNT(mails); k++) {
        static u8 whole[KIB(4)];
        struct buf all = buf_over(whole, sizeof whole);
        CHECK_OK(trim(mails[k], &all));
        for (isize cap = 0; cap <= all.n + 1; cap++) {
            struct buf out = buf_over(out_bytes, cap + 3);
            buf_put(&out, S("abc"));
            struct arena scratch = arena_over(scratch_bytes, SCRATCH);
            err e = mime_trim(mails[k], &out, &scratch);
            CHECK(err_ok(e) || err_is(e, ERR_BUF_FULL));
            CHECK(!err_ok(e) || str_eq(str_from_index(buf_str(&out), 3), buf_str(&all)));
            CHECK(err_ok(e) || (str_eq(buf_str(&out), S("abc")) && !out.full));
            CHECK(err_ok(e) || cap <= all.n);
        }
        for (isize cap = 0; cap <= mails[k].n * 3 + MIME_SCRATCH_BYTES; cap += 16) {
            struct buf out = buf_over(out_bytes, sizeof out_bytes);
            struct arena scratch = arena_over(scratch_bytes, cap);
            err e = mime_trim(mails[k], &out, &scratch);
            CHECK(err_ok(e) ? str_eq(buf_str(&out), buf_str(&all)) : err_is(e, ERR_ARENA_FULL));
        }
    }
}

// Headers made to cost: each would take minutes if a search started over at every byte.
static void test_trim_hostile_headers(void)
{
    static const str bits[] = {S("=?"),         S("=? "),        S("=?a?q?"),
                               S("\""),         S("("),          S("\\\""),
                               S("\r "),        S(",\n "),       S("=?utf-8?q?=C3?= "),
                               S("--\n"),       S("x\n"),        S("A:\n"),
                               S("=?u?q?a?=,"), S("=?u?q?a?="),  S("=?u?q?a?=\""),
                               S(",=?u?x?"),    S("(=?u?q?a?=)")};
    static const str names[] = {S("Subject: "), S("From: "), S("Content-Type: a/b;"), S("Date: ")};
    for (isize i = 0; i < COUNT(bits) * COUNT(names); i++) {
        struct buf mail = buf_over(mail_bytes, ROOM - 16);
        buf_put(&mail, names[i % COUNT(names)]);
        while (!mail.full) {
            buf_put(&mail, bits[i / COUNT(names)]);
        }
        mail.full = false;
        struct buf out = buf_over(out_bytes, sizeof out_bytes);
        clock_t start = clock();
        err e = trim(buf_str(&mail), &out);
        CHECK(err_ok(e) || err_is(e, ERR_MIME_CHARSET) || err_is(e, ERR_BUF_FULL));
        CHECK((clock() - start) / CLOCKS_PER_SEC < 4); // of the processor: 0.2 with every sanitizer
    }
}

static const struct test_case cases[] = {
    CASE(test_a102_a103_a104_trim_examples),
    CASE(test_trim_goes_raw),
    CASE(test_trim_fields),
    CASE(test_trim_dates),
    CASE(test_trim_blocks),
    CASE(test_trim_parts),
    CASE(test_trim_bounds),
    CASE(test_trim_bodies),
    CASE(test_trim_cut_anywhere),
    CASE(test_trim_small_room),
    CASE(test_trim_hostile_headers),
};

TEST_MAIN(cases)
