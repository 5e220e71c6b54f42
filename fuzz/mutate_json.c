// SPDX-License-Identifier: Apache-2.0
// JSON for mutate.h (RFC 8259): an element is a value, or a member with its key. Read leniently:
// what stands around the JSON of an input (options, states, 0x1e between answers) is no value and
// stays.
#include "mutate.h"

static isize string_end(str in, isize at)
{
    for (at++; at < in.n && in.p[at] != '"'; at++) {
        at += in.p[at] == '\\';
    }
    return at < in.n ? at + 1 : in.n;
}

static bool is_plain(u8 c) // in a number or a word
{
    u8 low = str_lower_byte(c);
    return str_is_digit(c) || (low >= 'a' && low <= 'z') || c == '-' || c == '+' || c == '.';
}

static isize value_end(str in, isize at)
{
    isize depth = 0;
    do {
        u8 c = in.p[at];
        if (c == '"') {
            at = string_end(in, at);
            continue;
        }
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        bool plain = is_plain(c);
        at++;
        while (plain && at < in.n && is_plain(in.p[at])) {
            at++;
        }
    } while (depth > 0 && at < in.n);
    return at;
}

static bool pick(str in, struct cuts *dice, struct mutate_span *span)
{
    isize seen = 0, key = -1, chosen = -1, chosen_key = -1;
    for (isize at = 0, end; at < in.n; at = end) {
        u8 c = in.p[at];
        bool scalar = c == '"' || is_plain(c);
        end = scalar ? value_end(in, at) : at + 1;
        if (c == '"' && end < in.n && in.p[end] == ':') {
            key = at;
        } else if ((scalar || c == '{' || c == '[')) {
            if (mutate_choose(dice, &seen)) {
                chosen = at;
                chosen_key = key;
            }
            key = -1;
        }
    }
    if (chosen < 0) {
        return false;
    }
    isize end = value_end(in, chosen), rim = in.p[chosen] == '"' || !is_plain(in.p[chosen]);
    *span = (struct mutate_span){chosen, chosen + rim, end - rim, end};
    span->inner_to = span->inner_to < span->inner_from ? span->inner_from : span->inner_to;
    if (chosen_key >= 0 && mutate_roll(dice, 2)) {
        span->from = chosen_key;
    }
    return true;
}

static const str pieces[] = {
    S("null"),
    S("true"),
    S("{}"),
    S("[]"),
    S("\"\""),
    S("0"),
    S("-1"),
    S("9223372036854775808"),
    S("1e400"),
    S("0.5"),
    S("\"\\ud83d\\ude00\""),
    S("\"\\ud83d\""),
    S("\"\\u0000\\\"\\/\""),
    S("\"2026-03-29T01:30:00.000Z\""),
    S("\"=?utf-8?B?w6Q=?=\""),
    S("[[],{},[0]]"),
    S("{\"a\":{\"b\":[1,\"2\"]}}"),
};

static const str wraps[][2] = {
    {S("["), S("]")},
    {S("[0,"), S("]")},
    {S("{\"a\":"), S("}")},
    {S("{\"value\":"), S("}")},
    {S("[[[[[[[["), S("]]]]]]]]")},
    {S("\""), S("\"")},
    {S(" \n"), S("\t ")},
};

static const struct mutate_format json = {
    .pick = pick,
    .replace = mutate_splice,
    .pieces = pieces,
    .piece_count = COUNT(pieces),
    .wraps = wraps,
    .wrap_count = COUNT(wraps),
    .separator = ',',
};

MUTATE_FORMAT(json)
