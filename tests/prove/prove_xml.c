// SPDX-License-Identifier: Apache-2.0
// XML references, by induction: whatever state the reader of a reference is in, one byte more keeps
// its number within 0x110000 and its tables within their bounds, and a character that comes out is
// one that XML 1.0 allows. Every decimal and hexadecimal reference of N digits
// gives the number that its digits say.
//
// bound: any number of bytes (induction); 3 decimal and 8 hexadecimal digits for the value
// proof: prove_step 1 --unwind 10
// proof: prove_decimal 1,3 --unwind 10
// proof: prove_hex 1,5,8 --unwind 10
// mutant: prove_step 1 codec/xml_scan.c s/c < 0xd800 ||/c < 0xe000 ||/
#include "prove.h"

#include "base/buf.c"
#include "base/str.c"
#include "codec/xml_scan.c"

static bool reference_allows(u32 c) // XML 1.0, section 2.2
{
    return c == 9 || c == 10 || c == 13 || (c >= 0x20 && c <= 0xd7ff) ||
           (c >= 0xe000 && c <= 0xfffd) || (c >= 0x10000 && c <= 0x10ffff);
}

void prove_step(void)
{
    struct xml_reference r;
    u32 c = 0;
    ASSUME(r.state <= XML_REFERENCE_HEX && r.value <= 0x110000);
    enum xml_reference_step step = xml_reference_byte(&r, nondet_uchar(), &c);
    CLAIM(r.state <= XML_REFERENCE_HEX && r.value <= 0x110000);
    CLAIM(step != XML_REFERENCE_CHARACTER || reference_allows(c));
}

static void value(bool hex)
{
    u8 text[N];
    struct xml_reference r = {0};
    u32 c = 0;
    u64 want = 0;
    CLAIM(xml_reference_byte(&r, '#', &c) == XML_REFERENCE_MORE);
    CLAIM(!hex || xml_reference_byte(&r, 'x', &c) == XML_REFERENCE_MORE);
    for (isize i = 0; i < N; i++) {
        u8 b = text[i];
        bool digit = b >= '0' && b <= '9', letter = b >= 'a' && b <= 'f';
        ASSUME(digit || (hex && letter));
        want = want * (hex ? 16 : 10) + (u64)(digit ? b - '0' : b - 'a' + 10);
        CLAIM(xml_reference_byte(&r, b, &c) == XML_REFERENCE_MORE);
    }
    enum xml_reference_step step = xml_reference_byte(&r, ';', &c);
    bool allowed = want < 0x110000 && reference_allows((u32)want);
    CLAIM(step == (allowed ? XML_REFERENCE_CHARACTER : XML_REFERENCE_NOTHING));
    CLAIM(!allowed || c == want);
}

void prove_decimal(void)
{
    value(false);
}

void prove_hex(void)
{
    value(true);
}
