// SPDX-License-Identifier: Apache-2.0
// Messages of the fake Exchange: 24 cases in turn, so that each folder of 24 has everything that is
// hard: kinds, missing and empty properties, EX addresses, CDATA, HTML of every sort.
#include "ews.h"

enum mail_case {
    CASE_PLAIN = 0,
    CASE_TEXT = 1,
    CASE_EMPTY_BODY = 2,
    CASE_NO_BODY = 3,
    CASE_REQUEST = 4,
    CASE_RESPONSE = 5,
    CASE_CANCELLATION = 6,
    CASE_POST = 7,
    CASE_UNKNOWN_KIND = 8, // with the odd ones only
    CASE_EX = 13,
    CASE_TAG_LIKE = 14,
    CASE_BARE = 15, // neither subject, sender nor recipients
    CASE_CDATA = 16,
    CASE_ODD = 17,
    CASE_EXAMPLE = 18, // documents.md, section 7
    CASE_MANY = 19,
    CASES = 24,
};

static const char *const examples[] = {
    "plain text, no markup",
    "<p>Hello <b>bold</b> tail</p>",
    "<html><head><title>T</title><style>p{}</style><script>var a='<b>x</b>';</script></head>"
    "<body><p>Body</p></body></html>",
    "<div>\n  <p>a</p>\n  <p>b</p>\n</div>\n",
    "line1<br>line2<br/>line3",
    "&lt;tag&gt; &amp; &quot;q&quot; &#39;s&#39;&nbsp;&copy;&#8364;&euro;",
    "<p>a<!-- c -->b</p><?pi x?><p>d</p>",
    "<pre>  keep\n   this </pre><p>   </p>",
    "<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby><template>t<p>x</p></template>z",
    "<o:p>&nbsp;</o:p><p class=MsoNormal>Office<o:p></o:p></p>",
    "<!--[if mso]><p>mso</p><![endif]--><p>real</p>",
    "1 < 2 && 3 > 2; mail <john@x.com> wrote",
    "  <p>  spaced   text  </p>\n\n<p>\ttab</p>  ",
    "<table>\n<tr>\n<td>1</td>\n<td>2</td>\n</tr>\n</table>",
    "<b><p>x</b>y</p>",
    "<html> <head> </head> <body> x </body> </html> ",
    "<p>a</p> \t <p>b</p>",
    "<p>unclosed <b>bold <i>both</p> after",
};

const char *ews_mail_element(const struct exchange *e, i64 number)
{
    switch (ews_case(e->content, EWS_MAIL, number, CASES)) {
    case CASE_REQUEST:
        return "t:MeetingRequest";
    case CASE_RESPONSE:
        return "t:MeetingResponse";
    case CASE_CANCELLATION:
        return "t:MeetingCancellation";
    case CASE_POST:
        return "t:PostItem";
    case CASE_UNKNOWN_KIND:
        return e->odd ? "t:SharingMessage" : "t:Message";
    default:
        return "t:Message";
    }
}

void ews_subject_put(const struct exchange *e, const struct ews_item *i, struct t_buf *b)
{
    static const char *const prefixes[] = {"", "RE: ", "FW: ", ""};
    long long n = (long long)i->number;
    switch (ews_item_case(i, CASES)) {
    case CASE_BARE:
        return;
    case CASE_TAG_LIKE:
        t_buf_printf(b, "if a < b && c > d \"quoted\" %lld", n);
        break;
    case CASE_CDATA:
        t_buf_printf(b, "Grüße aus Zürich – 会議 😀 %lld", n);
        break;
    case CASE_ODD:
        t_buf_printf(b,
                     e->odd ? "bell \x07 unit \x1F tab \x0B lone \xED\xA0\xBD end %lld"
                            : "two\r\nlines %lld",
                     n);
        break;
    default:
        t_buf_printf(b, "%s%s %lld of user%d", prefixes[i->number % 4],
                     i->group == EWS_CALENDARS  ? "Meeting"
                     : i->group == EWS_TASKLIKE ? "Task"
                                                : "Message",
                     n, i->mailbox + 1);
        break;
    }
    if (i->version > 0) {
        t_buf_printf(b, " (version %d)", i->version + 1);
    }
}

static void put_words(struct t_buf *b, isize bytes, u64 r, bool html)
{
    static const char *const words[] = {"budget", "Grüße",   "of",    "the", "quarter",
                                        "&",      "meeting", "draft", "€",   "to",
                                        "a",      "region",  "日本語"};
    static const char *const marks[] = {"</p><p>", "<br>",       " <b>bold</b> ",
                                        "&nbsp;",  "<!-- c -->", "</p>\r\n<p>"};
    isize end = b->n + bytes;
    while (b->n < end) {
        r = ews_mix(r);
        const char *word = words[r % COUNT(words)];
        t_buf_z(b, html && word[0] == '&' ? "&amp;" : word);
        r = ews_mix(r);
        if (r % 9 == 0) {
            t_buf_z(b, html ? marks[r / 9 % COUNT(marks)] : "\r\n");
        } else {
            t_buf_byte(b, ' ');
        }
    }
}

// The body as the item has it. false: there is none. *html: it is HTML.
static bool make_body(struct ews *c, const struct ews_item *i, bool *html, struct t_buf *b)
{
    i64 which = ews_item_case(i, CASES);
    isize bytes = c->t->o.message_bytes > 60 ? (isize)c->t->o.message_bytes - 60 : 20;
    *html = which != CASE_TEXT && which != CASE_TAG_LIKE;
    switch (which) {
    case CASE_EMPTY_BODY:
        return true;
    case CASE_NO_BODY:
        return false;
    case CASE_TEXT:
        put_words(b, bytes, i->r, false);
        return true;
    case CASE_TAG_LIKE:
        t_buf_z(b, "1 < 2 && 3 > 2; mail <john@x.com> wrote\r\n> quoted\r\n\tand a tab");
        return true;
    case CASE_EXAMPLE:
        t_buf_z(b, examples[i->number / CASES % COUNT(examples)]);
        return true;
    case CASE_CDATA:
        t_buf_z(b, "<p>raw &amp; <b>bold</b> in CDATA – 日本語 😀</p>");
        return true;
    case CASE_ODD:
        t_buf_z(b, c->e->odd ? "<p>odd \x1F and \x0B and \x07 &lt;b&gt; \xED\xA0\x80 &amp; end</p>"
                             : "<p>even &lt;b&gt; &amp; end</p>");
        return true;
    default:
        t_buf_z(b, "<html><head><title>Title</title></head><body><p>");
        put_words(b, bytes, i->r, true);
        t_buf_z(b, "</p></body></html>");
        return true;
    }
}

void ews_body_put(struct ews *c, const struct ews_item *i, const char *element, bool text)
{
    struct t_buf b = {0};
    bool html = false, there = make_body(c, i, &html, &b);
    if (there && text && html && b.n > 0) {
        b.n = 0; // what the server makes of it
        put_words(&b, 200, i->r, false);
    }
    if (there) {
        x_open(&c->w, element);
        x_attr(&c->w, "BodyType", html && !text ? S("HTML") : S("Text"));
        if (i->number % 5 == 0) {
            x_attr(&c->w, "IsTruncated", S("false"));
        }
        if (ews_item_case(i, CASES) == CASE_CDATA && !text) {
            x_raw(&c->w, S("<![CDATA["));
            x_raw(&c->w, t_buf_str(&b));
            x_raw(&c->w, S("]]>"));
        } else {
            x_put(&c->w, t_buf_str(&b));
        }
        if (ews_item_case(i, CASES) == CASE_ODD && c->e->odd) {
            x_raw(&c->w, S("&nbsp;&undeclared;"));
        }
        x_close(&c->w, element);
    }
    t_buf_free(&b);
}

// ---- people
// --------------------------------------------------------------------------------------

static void put_mailbox(struct ews_out *w, const char *name, const char *address, const char *type)
{
    x_open(w, "t:Mailbox");
    x_z(w, "t:Name", name);
    if (address) {
        x_z(w, "t:EmailAddress", address);
        x_z(w, "t:RoutingType", address[0] == '/' ? "EX" : "SMTP");
    }
    x_z(w, "t:MailboxType", type);
    x_close(w, "t:Mailbox");
}

static void put_people(struct ews *c, const struct ews_item *i, const char *element, int count)
{
    static const struct {
        const char *name, *address;
    } people[] = {
        {"Ann Archer", "ann@partner.test"},
        {"Baker, Bob", "Bob.Baker@Partner.test"},
        {"Jörg Müller", "joerg@partner.test"},
        {"Old Exchange", "/O=ORG/OU=EXCHANGE ADMINISTRATIVE GROUP (FYDIBOHF23SPDLT)/CN=RECIPIENTS/"
                         "CN=BOB"},
        {"Nobody with an address", NULL},
        {"山田 太郎", "yamada@vendor.test"},
    };
    if (count == 0) {
        return;
    }
    x_open(&c->w, element);
    for (int k = 0; k < count; k++) {
        if (k >= (int)COUNT(people)) {
            char name[24] = "Person", address[40];
            struct t_buf b = {0};
            t_buf_printf(&b, "person%d@partner.test", k);
            t_buf_byte(&b, 0);
            for (isize n = 0; n < b.n && n < (isize)sizeof(address); n++) {
                address[n] = (char)b.p[n];
            }
            t_buf_free(&b);
            put_mailbox(&c->w, name, address, "OneOff");
            continue;
        }
        isize p = (isize)(((u64)k + i->r) % (u64)COUNT(people));
        put_mailbox(&c->w, people[p].name, people[p].address, "Mailbox");
    }
    x_close(&c->w, element);
}

static void put_sender(struct ews *c, const struct ews_item *i, const char *element)
{
    i64 which = ews_item_case(i, CASES);
    if (which == CASE_BARE) {
        return;
    }
    x_open(&c->w, element);
    if (which == CASE_EX) {
        put_mailbox(&c->w, "Amy Ex",
                    "/O=ORG/OU=EXCHANGE ADMINISTRATIVE GROUP (FYDIBOHF23SPDLT)/CN=RECIPIENTS/"
                    "CN=AMY",
                    "Mailbox");
    } else {
        put_mailbox(&c->w, "Sender & Söhne", which % 2 ? "Amy@Contoso.test" : "bob@example.test",
                    "Mailbox");
    }
    x_close(&c->w, element);
}

void ews_mail_put(struct ews *c, const struct ews_item *i, const struct ews_shape *s)
{
    i64 which = ews_item_case(i, CASES);
    bool bare = which == CASE_BARE, many = which == CASE_MANY;
    bool post = which == CASE_POST; // has no recipients
    if (ews_wants(s, EWS_F_MESSAGE_SENDER)) {
        put_sender(c, i, "t:Sender");
    }
    if (ews_wants(s, EWS_F_MESSAGE_TO) && !post) {
        put_people(c, i, "t:ToRecipients", bare ? 0 : many ? 40 : 1 + (int)(i->r % 4));
    }
    if (ews_wants(s, EWS_F_MESSAGE_CC) && !post) {
        put_people(c, i, "t:CcRecipients", bare ? 0 : many ? 12 : (int)(i->r / 4 % 3));
    }
    if (ews_wants(s, EWS_F_MESSAGE_BCC) && !post) {
        put_people(c, i, "t:BccRecipients", many ? 3 : 0);
    }
    if (ews_wants(s, EWS_F_MESSAGE_FROM)) {
        put_sender(c, i, "t:From");
    }
    if (ews_wants(s, EWS_F_MESSAGE_ID)) {
        struct t_buf b = {0};
        t_buf_printf(&b, "<%016llx@example.test>", (unsigned long long)i->r);
        x_text(&c->w, "t:InternetMessageId", t_buf_str(&b));
        t_buf_free(&b);
    }
    if (ews_wants(s, EWS_F_MESSAGE_READ)) {
        x_z(&c->w, "t:IsRead", i->number % 3 ? "true" : "false");
    }
}
