// SPDX-License-Identifier: Apache-2.0
// Aimed at xml_next(), xml_finish(), xml_attribute_of() and all of xml_scan.c and xml_tag.c.
//
// expat is the other opinion. What it takes, ours takes with the same events, but for document
// types, encodings and bounds. What ours takes beyond that is what xml_reference.h writes anew for
// expat, and nothing else, and with the events that expat then has. The events are the same for the
// whole, for cuts, for every cut of a short input, and when what is left of the input moves between
// calls.
#include "codec/xml.h"

#include <stdlib.h>
#include <string.h>

#include "cuts.h"
#include "xml_reference.h"

#define IN_MAX 4096
#define LOG_MAX (IN_MAX * 16)

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const str uris[] = {S("u"), S("http://schemas.xmlsoap.org/soap/envelope/"), S("v")};

// What events are told as. Names: all of it, without namespaces, written as xml_reference.h does.
enum names { NAMES_RAW, NAMES_ASCII, NAMES_LOCAL };

struct telling {
    struct buf log;
    enum names names;
    bool bad;
};

// Bytes that no text can have.
enum { TOLD_START = 1, TOLD_ATTRIBUTE, TOLD_VALUE, TOLD_END };

static void tell_name(struct telling *t, u8 kind, int ns, str local)
{
    buf_put_byte(&t->log, kind);
    if (t->names != NAMES_LOCAL) {
        buf_put_byte(&t->log, (u8)(ns == XML_NONE ? '-' : ns == XML_UNKNOWN ? '?' : '0' + ns));
    }
    if (t->names == NAMES_RAW) {
        buf_put(&t->log, local);
    } else {
        reference_put_name(&t->log, local);
    }
    buf_put_byte(&t->log, TOLD_VALUE);
}

// ---- expat

static str expat_name(const struct telling *t, const XML_Char *name, int *ns)
{
    str s = str_from(name), uri;
    bool split;
    str local = str_cut(s, t->names == NAMES_LOCAL ? ':' : 1, &uri, &split);
    *ns = split ? XML_UNKNOWN : XML_NONE;
    for (int i = 0; split && i < COUNT(uris); i++) {
        if (str_eq(uri, uris[i])) {
            *ns = i;
        }
    }
    return split ? local : s;
}

static void expat_start(void *data, const XML_Char *name, const XML_Char **atts)
{
    struct telling *t = data;
    int ns;
    str local = expat_name(t, name, &ns);
    tell_name(t, TOLD_START, ns, local);
    for (; *atts; atts += 2) {
        str whole = str_from(atts[0]);
        if (t->names == NAMES_LOCAL &&
            (str_eq(whole, S("xmlns")) || str_starts(whole, S("xmlns:")))) {
            continue;
        }
        local = expat_name(t, atts[0], &ns);
        tell_name(t, TOLD_ATTRIBUTE, ns, local);
        buf_put(&t->log, str_from(atts[1]));
    }
    buf_put_byte(&t->log, TOLD_END);
}

static void expat_end(void *data, const XML_Char *name)
{
    struct telling *t = data;
    int ns;
    str local = expat_name(t, name, &ns);
    tell_name(t, TOLD_END, ns, local);
}

static void expat_text(void *data, const XML_Char *text, int n)
{
    struct telling *t = data;
    buf_put(&t->log, str_make(text, n));
}

static void expat_tell(str in, struct telling *t)
{
    XML_Parser parser = t->names == NAMES_LOCAL ? XML_ParserCreate(NULL)
                                                : XML_ParserCreateNS(NULL, 1);
    ASSERT(parser);
    ASSERT(XML_SetHashSalt(parser, 1)); // the same run for the same input
    XML_SetUserData(parser, t);
    XML_SetElementHandler(parser, expat_start, expat_end);
    XML_SetCharacterDataHandler(parser, expat_text);
    t->bad = XML_Parse(parser, in.n ? (const char *)in.p : "", (int)in.n, true) != XML_STATUS_OK;
    XML_ParserFree(parser);
}

// ---- ours

static struct xml x;

static bool tell_event(struct telling *t, enum xml_event event)
{
    switch (event) {
    case XML_MORE:
    case XML_BAD:
        return false;
    case XML_DONE:
        return true;
    case XML_TEXT:
        ASSERT(x.text.n > 0 && str_is_utf8(x.text));
        buf_put(&t->log, x.text);
        return true;
    case XML_START:
        tell_name(t, TOLD_START, x.name.ns, x.name.local);
        for (isize i = 0; i < x.attribute_count; i++) {
            const struct xml_attribute *a = &x.attributes[i];
            tell_name(t, TOLD_ATTRIBUTE, a->name.ns, a->name.local);
            buf_put(&t->log, a->value);
            bool found;
            str value = xml_attribute_of(&x, a->name.ns, a->name.local, &found);
            ASSERT(found && (value.p == a->value.p || a->name.ns == XML_UNKNOWN));
        }
        buf_put_byte(&t->log, TOLD_END);
        return true;
    case XML_END:
        tell_name(t, TOLD_END, x.name.ns, x.name.local);
        return true;
    }
    return false;
}

// A copy of its own, so that what is read too far or too late shows.
static bool feed(struct telling *t, str chunk)
{
    u8 *copy = malloc((size_t)chunk.n + 1);
    ASSERT(copy);
    memcpy(copy, chunk.p, (size_t)chunk.n);
    str in = {copy, chunk.n};
    while (tell_event(t, xml_next(&x, &in))) {
    }
    ASSERT(in.n == 0 || !err_ok(x.error));
    free(copy);
    return err_ok(x.error);
}

static void feed_moving(struct telling *t, str left)
{
    bool more = true;
    while (more) {
        u8 *copy = malloc((size_t)left.n + 1);
        ASSERT(copy);
        memcpy(copy, left.p, (size_t)left.n);
        str in = {copy, left.n};
        more = tell_event(t, xml_next(&x, &in));
        left = str_from_index(left, left.n - in.n);
        free(copy);
    }
}

enum { WHOLE = 0, CUTS = -1, MOVING = -2 }; // or where to cut once

static void ours_tell(str in, isize cut, struct telling *t)
{
    struct cuts cuts = cuts_from(in);
    xml_init(&x, uris, COUNT(uris));
    if (cut == MOVING) {
        feed_moving(t, in);
    } else if (cut == CUTS) {
        for (isize at = 0, n; at < in.n; at += n) {
            n = cuts_next(&cuts, in.n - at);
            if (!feed(t, str_slice(in, at, at + n))) {
                break;
            }
        }
    } else if (feed(t, str_slice(in, 0, cut ? cut : in.n)) && cut) {
        (void)feed(t, str_from_index(in, cut));
    }
    ASSERT(!t->log.full && x.at >= 0 && x.at <= in.n);
    t->bad = !err_ok(xml_finish(&x));
    ASSERT(err_ok(x.error) || xml_finish(&x).code == x.error.code);
    ASSERT(!err_ok(x.error) || x.at == in.n);
}

// ---- comparisons

static u8 log_memory[2][LOG_MAX], strict_memory[IN_MAX * 8];

static struct telling telling(int memory, enum names names)
{
    return (struct telling){.log = buf_over(log_memory[memory], LOG_MAX), .names = names};
}

static void check_same_cut(str in, isize cut, const struct telling *whole, err error, i64 at)
{
    struct telling t = telling(1, NAMES_RAW);
    ours_tell(in, cut, &t);
    ASSERT(str_eq(buf_str(&t.log), buf_str(&whole->log)) && t.bad == whole->bad);
    ASSERT(x.error.code == error.code && x.at == at);
}

static void check_cuts(str in)
{
    struct telling whole = telling(0, NAMES_RAW);
    ours_tell(in, WHOLE, &whole);
    err error = x.error;
    i64 at = x.at;
    check_same_cut(in, CUTS, &whole, error, at);
    check_same_cut(in, MOVING, &whole, error, at);
    for (isize cut = 1; cut < in.n && in.n <= CUTS_EVERY_BYTES; cut++) {
        check_same_cut(in, cut, &whole, error, at);
    }
}

static bool is_bound(err e)
{
    return err_is(e, ERR_XML_TAG_SIZE) || err_is(e, ERR_XML_TOO_DEEP) ||
           err_is(e, ERR_XML_ATTRIBUTES) || err_is(e, ERR_XML_NAMESPACES);
}

// Ours against expat on `in`, which stands for `original`.
static void check_against(str original, str in, enum names names)
{
    struct telling ours = telling(0, names), theirs = telling(1, names);
    expat_tell(in, &theirs);
    ours_tell(original, WHOLE, &ours);
    if (!theirs.bad && !ours.bad) {
        ASSERT(str_eq(buf_str(&ours.log), buf_str(&theirs.log)));
        return;
    }
    if (!theirs.bad) { // only what is left out on purpose may be refused
        bool refused = is_bound(x.error);
        if (names == NAMES_RAW) {
            refused |= err_is(x.error, ERR_XML_DOCTYPE) && str_contains_nocase(in, S("<!DOCTYPE"));
            refused |= err_is(x.error, ERR_XML_ENCODING) &&
                       (str_contains_nocase(in, S("encoding")) || str_find_byte(in, 0) >= 0 ||
                        in.p[0] >= 0xfe);
        } else if (names == NAMES_LOCAL) { // it does not know namespaces
            refused |= err_is(x.error, ERR_XML_DUPLICATE);
        }
        ASSERT(refused);
    }
    ASSERT(!theirs.bad || ours.bad || names != NAMES_LOCAL);
}

// <?xml CONTENT?> makes sense when CONTENT are attributes, and the encoding one of ours.
static bool check_declaration(str content)
{
    static u8 memory[IN_MAX * 8], log[IN_MAX * 8];
    struct buf b = buf_over(memory, sizeof memory);
    struct telling t = {.log = buf_over(log, sizeof log), .names = NAMES_LOCAL};
    buf_put(&b, S("<d"));
    if (content.n && (!reference_is_blank(content.p[0]) || !reference_tag(content, &b))) {
        return false;
    }
    buf_put(&b, S("/>"));
    expat_tell(buf_str(&b), &t);
    str told = buf_str(&t.log), name = S("\2encoding\3");
    isize at = str_find(told, name);
    if (t.bad || at < 0) {
        return !t.bad;
    }
    told = str_from_index(told, at + name.n);
    isize end = 0;
    while (told.p[end] != TOLD_ATTRIBUTE && told.p[end] != TOLD_END) {
        end++;
    }
    told.n = end;
    return str_eq_nocase(told, S("utf-8")) || str_eq_nocase(told, S("us-ascii"));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n > IN_MAX) {
        return 0;
    }
    str in = {p, (isize)n};
    check_cuts(in);
    check_against(in, in, NAMES_RAW);
    struct buf strict = buf_over(strict_memory, sizeof strict_memory);
    if (!xml_reference_write(in, &strict, check_declaration)) {
        struct telling ours = telling(0, NAMES_RAW);
        ours_tell(in, WHOLE, &ours);
        ASSERT(ours.bad);
        return 0;
    }
    ASSERT(!strict.full);
    check_against(in, buf_str(&strict), NAMES_ASCII);
    check_against(in, buf_str(&strict), NAMES_LOCAL);
    return 0;
}
