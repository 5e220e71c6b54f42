// SPDX-License-Identifier: Apache-2.0
// XML for mutate.h (XML 1.0, Namespaces): an element with all that is in it, or an attribute. Read
// leniently: ends are matched by depth, not by name.
#include "mutate.h"

static bool is_name_start(u8 c)
{
    u8 low = str_lower_byte(c);
    return (low >= 'a' && low <= 'z') || c == '_' || c == ':' || c >= 0x80;
}

// After the tag, comment, section or instruction at `at`.
static isize tag_end(str in, isize at)
{
    str rest = str_from_index(in, at);
    str close = str_starts(rest, S("<!--"))        ? S("-->")
                : str_starts(rest, S("<![CDATA[")) ? S("]]>")
                                                   : S(">");
    isize n = str_find(rest, close);
    return n < 0 ? in.n : at + n + close.n;
}

static bool is_start(str in, isize at)
{
    return in.p[at] == '<' && at + 1 < in.n && is_name_start(in.p[at + 1]);
}

static void element_at(str in, isize from, struct mutate_span *span)
{
    isize depth = 0, at = from, end;
    *span = (struct mutate_span){from, tag_end(in, from), 0, 0};
    do {
        bool end_tag = at + 1 < in.n && in.p[at] == '<' && in.p[at + 1] == '/';
        bool start = is_start(in, at);
        end = in.p[at] == '<' ? tag_end(in, at) : at + 1;
        depth += start && in.p[end - 2] != '/';
        depth -= end_tag;
        span->inner_to = at;
        at = end;
    } while (depth > 0 && at < in.n);
    span->to = at;
    if (span->inner_to < span->inner_from) { // <a/>: what is in the tag
        span->inner_from = from + 1;
        span->inner_to = at - 1;
    }
}

// An attribute, with the blank before it, begins at a blank in a tag.
static bool attribute_at(str in, isize from, struct mutate_span *span)
{
    isize equals = str_find_byte(str_from_index(in, from), '=');
    if (equals < 1 || from + equals + 1 >= in.n) {
        return false;
    }
    isize open = from + equals + 1;
    isize n = str_find_byte(str_from_index(in, open + 1), in.p[open]);
    *span = (struct mutate_span){from, open + 1, open + 1 + n, open + 2 + n};
    return n >= 0 && (in.p[open] == '"' || in.p[open] == '\'');
}

static bool pick(str in, struct cuts *dice, struct mutate_span *span)
{
    isize seen = 0, chosen = -1;
    bool in_tag = false, attributes = mutate_roll(dice, 4) == 0;
    for (isize at = 0; at < in.n; at++) {
        in_tag = in_tag ? in.p[at] != '>' : is_start(in, at);
        bool here = attributes ? in_tag && in.p[at] == ' ' : is_start(in, at);
        if (here && mutate_choose(dice, &seen)) {
            chosen = at;
        }
    }
    if (chosen < 0) {
        return false;
    }
    if (attributes) {
        return attribute_at(in, chosen, span);
    }
    element_at(in, chosen, span);
    return true;
}

static const str pieces[] = {
    S("<a/>"),
    S("<a b='c' xmlns='u'>d</a>"),
    S("<p:a xmlns:p='v' p:b='&lt;' b=\"&#x10FFFF;\"/>"),
    S("&#65;&amp;&quot;&apos;&gt;"),
    S("<![CDATA[ ]]x]> ]]>"),
    S("<!-- - -->"),
    S("<?pi data?>"),
    S("\r\n\r"),
    S("\xef\xbb\xbf"),
    S("&#xD800;"),
    S("]]>"),
    S(" xmlns:p='http://schemas.xmlsoap.org/soap/envelope/'"),
    S(" p:b='1' q:b='1'"),
    S(" a='&#9;\n\t\r\n'"),
};

static const str wraps[][2] = {
    {S("<a>"), S("</a>")},
    {S("<a xmlns='v'>"), S("</a>")},
    {S("<p:a xmlns:p='u'>x"), S("y</p:a>")},
    {S("<a><a><a><a><a><a><a><a>"), S("</a></a></a></a></a></a></a></a>")},
    {S("<![CDATA["), S("]]>")},
    {S("<!--"), S("-->")},
};

static const struct mutate_format xml = {
    .pick = pick,
    .replace = mutate_splice,
    .pieces = pieces,
    .piece_count = COUNT(pieces),
    .wraps = wraps,
    .wrap_count = COUNT(wraps),
};

MUTATE_FORMAT(xml)
