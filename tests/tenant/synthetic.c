// SPDX-License-Identifier: Apache-2.0
// Synthetic messages: eight shapes of mail, each a head of its own, lines of a block that all
// messages of the shape share, and an end.
//
// The block is encoded once. A head is a multiple of three bytes and a line is 78, so base64 of the
// whole is the three parts' base64 one after the other, and a message of 50 MB costs no more work
// than one of 1 KB. An X-Pad header takes up what is left to the wanted size.
#include <string.h>

#include "model.h"

static const char *const ascii_words[] = {
    "report", "meeting", "the",    "invoice", "of",      "Tuesday", "please", "review", "attached",
    "draft",  "and",     "budget", "with",    "comment", "figures", "for",    "region", "quarter",
    "ship",   "to",      "Lisbon", "team",    "agreed",  "on",      "price",  "list",   "a",
};
static const char *const utf8_words[] = {
    "Grüße",  "aus",    "München", "für",    "das", "Straßenfest", "naïve",  "café",
    "crème",  "brûlée", "Zürich",  "日本語", "の",  "本文",        "Привет", "мир",
    "Ελλάδα", "señor",  "año",     "–",      "€",   "😀",
};
static const char *const latin_words[] = {
    "caf=E9",     "cr=E8me",   "<b>gras</b>", "gar=E7on", "d=E9j=E0", "vu",
    "<i>sur</i>", "M=FCnchen", "Gr=FC=DFe",   "table",    "1 =3D 1",  "fin",
};

static u64 mix(u64 x)
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

// Words up to `width` bytes exactly; a rest too short for a word becomes dots.
static void put_words(struct t_buf *b, const char *const *words, isize count, isize width, u64 *r)
{
    isize end = b->n + width;
    while (b->n < end) {
        *r = mix(*r);
        str word = str_from(words[*r % (u64)count]);
        bool fits = word.n + 1 < end - b->n;
        if (!fits) {
            t_buf_fill(b, '.', end - b->n);
            return;
        }
        t_buf_put(b, word);
        t_buf_byte(b, ' ');
    }
}

static void put_base64_line(struct t_buf *b, bool text, u64 *r)
{
    struct t_buf plain = {0};
    if (text) {
        put_words(&plain, utf8_words, COUNT(utf8_words), 55, r);
        t_buf_z(&plain, "\r\n");
    } else {
        for (int i = 0; i < 57; i++) {
            *r = mix(*r);
            t_buf_byte(&plain, (u8)*r);
        }
    }
    t_base64_put(b, t_buf_str(&plain), false);
    t_buf_free(&plain);
}

static void put_line(struct t_buf *b, enum t_shape shape, u64 *r)
{
    switch (shape) {
    case T_SHAPE_PLAIN:
    case T_SHAPE_HEADERS:
        put_words(b, ascii_words, COUNT(ascii_words), 76, r);
        break;
    case T_SHAPE_UTF8:
        put_words(b, utf8_words, COUNT(utf8_words), 76, r);
        break;
    case T_SHAPE_ALTERNATIVE:
    case T_SHAPE_RELATED:
        t_buf_z(b, "<p>");
        put_words(b, ascii_words, COUNT(ascii_words), 30, r);
        put_words(b, utf8_words, COUNT(utf8_words), 39, r);
        t_buf_z(b, "</p>");
        break;
    case T_SHAPE_HTML: {
        isize soft = (isize)(mix(*r) & 1); // a soft line break at every second line or so
        put_words(b, latin_words, COUNT(latin_words), 76 - soft, r);
        t_buf_fill(b, '=', soft);
        break;
    }
    case T_SHAPE_ATTACHMENT:
    case T_SHAPE_BASE64:
        put_base64_line(b, shape == T_SHAPE_BASE64, r);
        break;
    case T_SHAPES:
        break;
    }
    t_buf_z(b, "\r\n");
}

void synthetic_init(struct tenant *t)
{
    for (int s = 0; s < T_SHAPES; s++) {
        struct t_buf raw = {0}, encoded = {0};
        u64 r = mix(t->o.seed * 64 + (u64)s);
        for (int line = 0; line < T_BLOCK_LINES; line++) {
            put_line(&raw, (enum t_shape)s, &r);
            ASSERT(raw.n == (line + 1) * T_LINE_BYTES);
        }
        t_base64_put(&encoded, t_buf_str(&raw), true);
        t->blocks.raw[s] = raw.p;
        t->blocks.encoded[s] = encoded.p;
    }
}

i64 synthetic_bytes(const struct tenant *t, int mailbox, i64 index)
{
    i64 bytes = t->o.message_bytes;
    if (t->o.spread_percent > 0) {
        u64 r = mix(t->o.seed ^ (u64)mailbox << 32 ^ (u64)index) % 2001;
        bytes += bytes * t->o.spread_percent / 100 * ((i64)r - 1000) / 1000;
    }
    return bytes;
}

struct person {
    const char *name, *address;
};

static const struct person people[] = {
    {"Ann Archer", "ann@partner.test"},
    {"\"Baker, Bob\"", "bob@partner.test"},
    {"=?utf-8?q?J=C3=B6rg_M=C3=BCller?=", "joerg@partner.test"},
    {"=?iso-8859-1?B?QW5kcuk=?= Dupont", "andre@vendor.test"},
    {"", "no-reply@service.test"},
    {"=?utf-8?B?5bGx55Sw?= =?utf-8?B?5aSq6YOO?=", "yamada@vendor.test"},
};

static void put_from(struct t_buf *b, u64 r)
{
    const struct person *p = &people[r % COUNT(people)];
    t_buf_printf(b, p->name[0] ? "From: %s <%s>\r\n" : "From: %s%s\r\n", p->name, p->address);
}

static void put_subject(struct t_buf *b, const struct t_message *m, enum t_shape shape)
{
    long long n = (long long)m->index;
    switch (shape) {
    case T_SHAPE_UTF8:
        t_buf_printf(
            b, "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= =?UTF-8?Q?_aus_M=C3=BCnchen?= %lld\r\n", n);
        break;
    case T_SHAPE_HTML:
        t_buf_printf(b, "Subject: =?iso-8859-1?Q?Caf=E9_cr=E8me?= %lld\r\n", n);
        break;
    case T_SHAPE_BASE64:
        t_buf_printf(b, "Subject: =?utf-8?B?5Lya6K2w44Gu6LOH5paZ?= %lld\r\n", n);
        break;
    case T_SHAPE_HEADERS:
        t_buf_printf(b,
                     "SUBJECT: Re: the figures of the last quarter,\r\n with a line that is\r\n\t"
                     "folded twice, number %lld\r\n",
                     n);
        break;
    case T_SHAPE_PLAIN:
    case T_SHAPE_ALTERNATIVE:
    case T_SHAPE_ATTACHMENT:
    case T_SHAPE_RELATED:
    case T_SHAPES:
        t_buf_printf(b, "Subject: Message %lld of %s\r\n", n, m->user->email);
        break;
    }
}

static void put_top(const struct tenant *t, const struct t_message *m, struct t_parts *out)
{
    struct t_buf *b = &out->head;
    u64 r = mix(t->o.seed ^ m->id);
    const char *email = m->user->email;
    t_buf_printf(b, "Delivered-To: %s\r\nReceived: by 2002:a05:6512:%04x with SMTP id %016llx; ",
                 email, (unsigned)(r & 0xFFFF), (unsigned long long)m->id);
    t_put_mail_date(b, m->internal_ms);
    t_buf_printf(
        b,
        "\r\nDKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=partner.test; s=s1;\r\n"
        "\th=from:to:subject:date; bh=%016llx; b=%016llx%016llx\r\n",
        (unsigned long long)mix(r), (unsigned long long)mix(r + 1), (unsigned long long)mix(r + 2));
    put_from(b, r);
    if (out->shape == T_SHAPE_HEADERS) {
        t_buf_printf(b,
                     "To: %s, \"Carol (sales)\" <carol@partner.test>,\r\n dave@partner.test,\r\n"
                     "\t=?utf-8?q?Zo=C3=AB?= <zoe@partner.test>\r\n"
                     "Cc: team: eve@partner.test, frank@partner.test;\r\n"
                     "Reply-To: list@partner.test\r\n"
                     "References: <1.%llx@partner.test>\r\n <2.%llx@partner.test>\r\n",
                     email, (unsigned long long)r, (unsigned long long)r);
    } else {
        t_buf_printf(b, "To: %s\r\n", email);
    }
    put_subject(b, m, out->shape);
    t_buf_z(b, "Date: ");
    t_put_mail_date(b, m->internal_ms - 4000);
    t_buf_printf(b, "\r\nMessage-ID: <%016llx.%d@mail.partner.test>\r\nMIME-Version: 1.0\r\n",
                 (unsigned long long)m->id, m->mailbox + 1);
}

// Content-Type and what stands between it and the block; and what stands after the block.
static const struct {
    const char *type, *before, *after;
} frames[T_SHAPES] = {
    [T_SHAPE_PLAIN] = {"Content-Type: text/plain; charset=us-ascii\r\n", "", "-- \r\nsigned"},
    [T_SHAPE_HEADERS] = {"Content-Type: TEXT/plain;\r\n format=flowed; charset=\"us-ascii\"\r\n"
                         "Content-Transfer-Encoding: 7BIT\r\n",
                         "", "-- \r\nsigned"},
    [T_SHAPE_UTF8] = {"Content-Type: text/plain; charset=utf-8\r\n"
                      "Content-Transfer-Encoding: 8bit\r\n",
                      "", "-- \r\nGrüße"},
    [T_SHAPE_HTML] = {"Content-Type: text/html; charset=ISO-8859-1\r\n"
                      "Content-Transfer-Encoding: quoted-printable\r\n",
                      "<html><body>\r\n", "\r\n</body></html>"},
    [T_SHAPE_BASE64] = {"Content-Type: text/plain; charset=\"UTF-8\"\r\n"
                        "Content-Transfer-Encoding: base64\r\n",
                        "", "RW5kZS4K\r\n"},
    [T_SHAPE_ALTERNATIVE] =
        {"Content-Type: multipart/alternative; boundary=\"b1_alt\"\r\n",
         "--b1_alt\r\nContent-Type: text/plain; charset=utf-8\r\n"
         "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
         "The same in plain words: Gr=C3=BC=C3=9Fe, a long line that goes on =\r\nhere.\r\n"
         "--b1_alt\r\nContent-Type: text/html; charset=utf-8\r\n"
         "Content-Transfer-Encoding: 8bit\r\n\r\n",
         "\r\n--b1_alt--\r\n"},
    [T_SHAPE_ATTACHMENT] =
        {"Content-Type: multipart/mixed; boundary=b2mix\r\n",
         "This is a multi-part message in MIME format.\r\n--b2mix\r\n"
         "Content-Type: text/plain; charset=us-ascii\r\n\r\nSee the attached file.\r\n--b2mix\r\n"
         "Content-Type: application/pdf; name=\"report.pdf\"\r\n"
         "Content-Disposition: attachment; filename=\"report.pdf\"\r\n"
         "Content-Transfer-Encoding: base64\r\n\r\n",
         "\r\n--b2mix--\r\n"},
    [T_SHAPE_RELATED] =
        {"Content-Type: multipart/related; type=\"text/html\"; boundary=\"b 3\"\r\n",
         "--b 3\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: "
         "8bit\r\n\r\n",
         "\r\n--b 3\r\nContent-Type: image/gif\r\nContent-ID: <i1>\r\nContent-Disposition: "
         "inline\r\n"
         "Content-Transfer-Encoding: base64\r\n\r\n"
         "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7\r\n--b 3--\r\n"},
};

void synthetic_parts(const struct tenant *t, const struct t_message *m, struct t_parts *out)
{
    *out = (struct t_parts){.shape = t->o.shape};
    if (out->shape == T_SHAPES) {
        bool stored = m->index >= m->user->synthetic; // --big
        out->shape = stored ? T_SHAPE_ATTACHMENT
                            : (enum t_shape)((u64)(m->index + m->mailbox) % T_SHAPES);
    }
    put_top(t, m, out);
    struct t_buf *b = &out->head;
    str type = str_from(frames[out->shape].type);
    str before = str_from(frames[out->shape].before);
    t_buf_z(&out->end, frames[out->shape].after);
    // The end is as long as the wanted size, modulo 3: the head then divides by 3.
    i64 over = ((m->bytes - out->end.n - 2) % 3 + 3) % 3;
    if (out->shape == T_SHAPE_BASE64) {
        t_buf_z(&out->end, over == 0 ? "" : over == 1 ? "RW5k" : "\r\n");
    } else {
        t_buf_fill(&out->end, '.', (isize)over);
    }
    t_buf_z(&out->end, "\r\n");
    isize fixed = b->n + type.n + before.n + (isize)sizeof("X-Pad: \r\n\r\n") - 1;
    i64 room = m->bytes - fixed - out->end.n;
    isize pad = (isize)(room >= 0 ? room % T_LINE_BYTES : (3 - fixed % 3) % 3);
    out->lines = room >= 0 ? room / T_LINE_BYTES : 0;
    t_buf_z(b, "X-Pad: ");
    t_buf_fill(b, 'p', pad);
    t_buf_z(b, "\r\n");
    t_buf_put(b, type);
    t_buf_z(b, "\r\n");
    t_buf_put(b, before);
    ASSERT(b->n % 3 == 0);
}

void synthetic_free(struct t_parts *p)
{
    t_buf_free(&p->head);
    t_buf_free(&p->end);
}
