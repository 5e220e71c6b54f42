// SPDX-License-Identifier: Apache-2.0
// Mails for mutate.h (RFC 5322, RFC 2045-2047, RFC 2231): an element is a header field with its
// folded lines, a line of a body, or a part from its boundary to the next.
#include "mutate.h"

static isize field_end(str in, isize at)
{
    do {
        at = mutate_line_end(in, at);
    } while (at < in.n && (in.p[at] == ' ' || in.p[at] == '\t'));
    return at;
}

static isize part_end(str in, isize at)
{
    do {
        at = mutate_line_end(in, at);
    } while (at < in.n && !str_starts(str_from_index(in, at), S("--")));
    return at;
}

static bool pick(str in, struct cuts *dice, struct mutate_span *span)
{
    bool parts = mutate_roll(dice, 4) == 0;
    isize seen = 0, chosen = -1;
    for (isize at = 0; at < in.n; at = parts ? mutate_line_end(in, at) : field_end(in, at)) {
        if ((!parts || str_starts(str_from_index(in, at), S("--"))) && mutate_choose(dice, &seen)) {
            chosen = at;
        }
    }
    if (chosen < 0) {
        return false;
    }
    isize end = parts ? part_end(in, chosen) : field_end(in, chosen);
    str element = str_slice(in, chosen, end);
    isize name = parts ? mutate_line_end(element, 0) : str_find_byte(element, ':') + 1;
    *span = (struct mutate_span){chosen, chosen + name, end, end};
    if (!parts && mutate_roll(dice, 2)) { // one word of it, or one parameter
        isize from = chosen + name + (isize)mutate_roll(dice, end - chosen - name + 1);
        isize n = str_find_byte(str_slice(in, from, end), mutate_roll(dice, 2) ? ';' : ' ');
        span->inner_from = from;
        span->inner_to = n < 0 ? end : from + n;
    }
    return true;
}

static const str pieces[] = {
    S("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\na\r\n--b--\r\n"),
    S("Content-Type: multipart/alternative; boundary=\"b c\"\r\n\r\n--b c\r\n"),
    S("Content-Type: message/rfc822\r\n\r\n"),
    S("Content-Type: text/html; charset=\"iso-8859-2\"\r\n"),
    S("Content-Type: text/plain; charset=utf-7\r\n"),
    S("Content-Type: text/plain; charset=shift_jis; format=flowed; delsp=yes\r\n"),
    S("Content-Transfer-Encoding: base64\r\n\r\nw6QNCg==\r\n"),
    S("Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A4 =\r\n=\t\r\n=XY\r\n"),
    S("Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\r\n#86)C\r\n`\r\nend\r\n"),
    S("Content-Disposition: attachment; filename*0*=utf-8''%C3%A4; filename*1=b.txt\r\n"),
    S("Subject: =?utf-8?Q?=C3=A4_?= =?iso-8859-1?B?5A==?=\r\n"),
    S("Subject: =?utf-8?B?w6?=\r\n =?x?Q?=?=\r\n"),
    S("Date: Sun, 29 Mar 2026 02:30:00 +0100 (CET)\r\n"),
    S("Date: 1 Jan 70 0:0 EST\r\n"),
    S("From: \"a \\\" b\" (c (d)) <@x,@y:e@f>\r\n"),
    S("To: g: a@b, =?utf-8?Q?=C3=A4?= <c@[1.2.3.4]>;, d\r\n"),
    S("MIME-Version: 1.0\r\n"),
    S("\r\n"),
    S("--b\r\n"),
    S("--b--\r\n"),
};

static const str wraps[][2] = {
    {S("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"), S("\r\n--b--\r\n")},
    {S("--b\r\n\r\n"), S("\r\n--b\r\n")},
    {S("Content-Type: message/rfc822\r\n\r\nSubject: a\r\n"), S("\r\n\r\n")},
    {S("Subject: =?utf-8?Q?"), S("?=\r\n")},
    {S("X-A: a\r\n "), S("\r\n")},
};

static const struct mutate_format mime = {
    .pick = pick,
    .replace = mutate_splice,
    .pieces = pieces,
    .piece_count = COUNT(pieces),
    .wraps = wraps,
    .wrap_count = COUNT(wraps),
};

MUTATE_FORMAT(mime)
