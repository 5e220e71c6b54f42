# SPDX-License-Identifier: Apache-2.0
# Writes charset_tables.c, which is committed: a machine that builds the program needs no Python.
# The maps are those of CPython's codecs, asked byte by byte, so that a name or a byte means here what
# it means there. Deterministic for one Python version (3.11 was used). Usage:
#     python3 src/codec/charset_tables.py > src/codec/charset_tables.c
import encodings.aliases as aliases
import sys

SINGLE = """cp1006 cp1125 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 cp437 cp720
cp737 cp775 cp850 cp852 cp855 cp856 cp857 cp858 cp860 cp861 cp862 cp863 cp865 cp866 cp869 cp874
hp_roman8 iso8859_1 iso8859_2 iso8859_3 iso8859_4 iso8859_5 iso8859_6 iso8859_7 iso8859_8 iso8859_9
iso8859_10 iso8859_11 iso8859_13 iso8859_14 iso8859_15 iso8859_16 koi8_r koi8_t koi8_u kz1048
mac_croatian mac_cyrillic mac_greek mac_iceland mac_latin2 mac_roman mac_romanian mac_turkish ptcp154
tis_620""".split()
OTHER = {
    "ascii": "ASCII", "utf_8": "UTF8", "utf_16": "UTF16", "utf_16_le": "UTF16LE",
    "utf_16_be": "UTF16BE", "utf_32": "UTF32", "utf_32_le": "UTF32LE", "utf_32_be": "UTF32BE",
    "gb2312": "GB2312", "gbk": "GBK", "gb18030": "GB18030", "big5": "BIG5", "cp950": "CP950",
    "euc_kr": "EUC_KR", "cp949": "CP949", "euc_jp": "EUC_JP", "shift_jis": "SHIFT_JIS",
    "cp932": "CP932", "iso2022_jp": "ISO2022_JP",
}
SAME = {"latin_1": "iso8859_1"}  # CPython has two modules for one map


def decode(codec, *code):
    """The code point of one character, 0 where the codec has none."""
    try:
        text = bytes(code).decode(codec)
    except UnicodeDecodeError:
        return 0
    return ord(text) if len(text) == 1 and ord(text) < 0x10000 else 0


def grid(codec, prefix=()):
    return [decode(codec, *prefix, 0xA1 + r, 0xA1 + c) for r in range(94) for c in range(94)]


def trails(*ranges):
    return [t for low, high in ranges for t in range(low, high + 1)]


GBK_TRAIL = trails((0x40, 0x7E), (0x80, 0xFE))
BIG5_TRAIL = trails((0x40, 0x7E), (0xA1, 0xFE))
SJIS_TRAIL = trails((0x40, 0x7E), (0x80, 0xFC))


def sjis_grid(codec, lead, trail):
    """Where a two-byte code of Shift_JIS sits in the grid of JIS X 0208, or None."""
    row = (lead - (0x81 if lead < 0xA0 else 0xC1)) * 2
    cell = trail - 0x40 - (trail > 0x7F)
    return (row + (cell >= 94)) * 94 + cell % 94 if row < 94 else None


def differences(codec, base, leads, trail):
    """[code, char] wherever `codec` differs from `base`, a function of lead and trail."""
    return [(lead << 8 | t, decode(codec, lead, t)) for lead in leads for t in trail
            if decode(codec, lead, t) != base(lead, t)]


def runs(pairs):
    """Neighbouring codes with neighbouring characters (or all without one) as [code, count, char]."""
    out = []
    for code, char in pairs:
        if out:
            first, count, start = out[-1]
            step = start + count if start else 0
            if code == first + count and char == step:
                out[-1] = (first, count + 1, start)
                continue
        out.append((code, 1, char))
    return out


def gb18030_runs():
    """The four-byte codes of the BMP: [linear code, first character] for each run."""
    out, expected = [], None
    for linear in range(0x99FB + 1):
        rest, d = divmod(linear, 10)
        rest, c = divmod(rest, 126)
        a, b = divmod(rest, 10)
        char = decode("gb18030", 0x81 + a, 0x30 + b, 0x81 + c, 0x30 + d)
        if char != expected:
            out.append((linear, char))
        expected = char + 1 if char else 0
    return out


def put_numbers(kind, name, values):
    print(f"const {kind} {name}[{len(values)}] = {{")
    line = "   "
    for value in values:
        if len(line) + len(str(value)) + 2 > 100:
            print(line)
            line = "   "
        line += f" {value},"
    print(line)
    print("};\n")


def put_runs(name, found):
    print(f"const struct charset_run {name}[{len(found)}] = {{")
    line = "   "
    for code, count, char in found:
        item = f" {{{code}, {count}, {char}}},"
        if len(line) + len(item) > 100:
            print(line)
            line = "   "
        line += item
    print(line)
    print("};")
    print(f"const isize {name}_count = {len(found)};\n")


def put_names():
    names = {}
    for alias, module in aliases.aliases.items():
        if alias == alias.lower():  # CPython lowers a name before it looks it up
            names[alias.replace(".", "_")] = module
    for module in SINGLE + list(OTHER) + list(SAME):
        names[module] = module
    rows = []
    for name, module in sorted(names.items()):
        module = SAME.get(module, module)
        if module in OTHER:
            rows.append((name, OTHER[module], 0))
        elif module in SINGLE:
            rows.append((name, "SINGLE", SINGLE.index(module)))
    print(f"const struct charset_name charset_names[{len(rows)}] = {{")
    for name, kind, single in rows:
        print(f'    {{"{name}", CHARSET_{kind}, {single}}},')
    print("};")
    print(f"const isize charset_names_count = {len(rows)};\n")


def main():
    print("""// SPDX-License-Identifier: Apache-2.0
// Written by charset_tables.py from the codecs of CPython; do not edit. charset_tables.h says what
// each table is.
// clang-format off
#include "codec/charset_tables.h"
""")
    put_names()
    print(f"const u16 charset_single[{len(SINGLE)}][128] = {{")
    for codec in SINGLE:
        print(f"    {{ // {codec}")
        for row in range(128, 256, 16):
            print("       ", ", ".join(str(decode(codec, b)) for b in range(row, row + 16)) + ",")
        print("    },")
    print("};\n")
    jis = grid("euc_jp")
    gbk = {(a, b): decode("gbk", a, b) for a in range(0x81, 0xFF) for b in GBK_TRAIL}
    big5 = {(a, b): decode("big5", a, b) for a in range(0xA1, 0xFA) for b in BIG5_TRAIL}
    put_numbers("u16", "charset_jisx0208", jis)
    put_numbers("u16", "charset_jisx0212", grid("euc_jp", (0x8F,)))
    put_numbers("u16", "charset_ksx1001", grid("euc_kr"))
    put_numbers("u16", "charset_gbk", list(gbk.values()))
    put_numbers("u16", "charset_big5", list(big5.values()))

    def sjis_base(lead, trail):
        at = sjis_grid("shift_jis", lead, trail)
        return 0 if at is None else jis[at]

    leads = trails((0x81, 0x9F), (0xE0, 0xFC))
    assert not differences("shift_jis", sjis_base, leads, SJIS_TRAIL)
    put_runs("charset_cp932", runs(differences("cp932", sjis_base, leads, SJIS_TRAIL)))

    def gbk_base(lead, trail):
        return gbk[lead, trail]

    high = trails((0xA1, 0xFE))
    put_runs("charset_gb2312", runs(differences("gb2312", gbk_base, range(0xA1, 0xF8), high)))
    put_runs("charset_gb18030",
             runs(differences("gb18030", gbk_base, range(0x81, 0xFF), GBK_TRAIL)))
    put_runs("charset_cp950", runs(differences("cp950", lambda a, b: big5[a, b],
                                               range(0xA1, 0xFA), BIG5_TRAIL)))
    four = gb18030_runs()
    print(f"const struct charset_four charset_gb18030_four[{len(four)}] = {{")
    for at in range(0, len(four), 6):
        print("   ", " ".join(f"{{{a}, {b}}}," for a, b in four[at:at + 6]))
    print("};")
    print(f"const isize charset_gb18030_four_count = {len(four)};")
    print("// clang-format on")


if __name__ == "__main__":
    sys.exit(main())
