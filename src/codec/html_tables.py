# SPDX-License-Identifier: Apache-2.0
# Writes html_tables.c, which is committed: a machine that builds the program needs no Python. The
# characters are those of HTML5 as Python's html.entities has them; what the elements do is what
# libxml2 2.14 does with them. Deterministic. Usage:
#     python3 src/codec/html_tables.py > src/codec/html_tables.c
import collections
import html.entities
import sys

BLOCK = 16
KIND_PAGE, KIND_TWO = 14, 15

RANKED = "html body head table tfoot tbody thead tr th td div p".split()
RAW = {"title": 1, "textarea": 1, "iframe": 2, "noembed": 2, "noframes": 2, "style": 2, "xmp": 2,
       "plaintext": 3, "script": 4}
VOID = "area base basefont br col frame hr img input isindex link meta param".split()
EXCLUDED = "script style template rt rp".split()
PRESERVED = "pre textarea".split()
HEADISH = "script style meta link title base".split()
FRAMISH = "noframes frame frameset".split()
# An open element (left) ends when one of these start tags follows.
CLOSED = """
a: a fieldset table td th
address: dd dl dt form li ul
b i: center p td th
big s small strike tt: p
caption col: col colgroup tbody tfoot thead tr
colgroup: colgroup tbody tfoot thead tr
dd: dt
dir menu: dd dl dt form ul
dl: form li
dt: dd dl
font: center td th
form hr ol: form
h1 h2 h3 h4 h5 h6: fieldset form li p table
head: a abbr acronym address b bdo big blockquote body br center cite code dd dfn dir div dl dt em \
fieldset font form frameset h1 h2 h3 h4 h5 h6 hr i iframe img kbd li listing map menu ol p pre q s samp \
small span strike strong sub sup table tt u ul var xmp
legend: fieldset
li: li
link style title: body frameset
listing pre xmp: dd dl dt fieldset form li table ul
option: optgroup option
p: address blockquote body caption center col colgroup dd dir div dl dt fieldset form frameset h1 h2 h3 \
h4 h5 h6 head hr li listing menu ol p pre table tbody td tfoot th title tr ul xmp
script: noscript
span: td th
tbody thead: tbody tfoot
td th: tbody td tfoot th tr
tfoot: tbody
tr: tbody tfoot tr
u: p td th
ul: address form menu pre
"""


def put_numbers(kind, name, values, size=""):
    print(f"const {kind} {name}[{size or len(values)}] = {{")
    line = "   "
    for value in values:
        if len(line) + len(str(value)) + 2 > 100:
            print(line)
            line = "   "
        line += f" {value},"
    print(line)
    print("};\n")


def shared(a, b):
    n = 0
    while n < min(len(a), len(b), 15) and a[n] == b[n]:
        n += 1
    return n


def put_entities():
    bare = {name for name in html.entities.html5 if not name.endswith(";")}
    names = {name[:-1]: value for name, value in html.entities.html5.items() if name.endswith(";")}
    assert all(len(names[n]) == 1 and ord(names[n]) < 256 for n in bare)
    count = collections.Counter(ord(v) >> 8 for v in names.values() if len(v) == 1)
    pages = [0, 0] + [p for p, _ in sorted(count.items(), key=lambda e: (-e[1], e[0])) if p]
    seconds = sorted({ord(v[1]) for v in names.values() if len(v) == 2})
    out, blocks, before = bytearray(), [], ""
    for i, name in enumerate(sorted(names)):
        if i % BLOCK == 0:
            blocks.append(len(out))
            before = ""
        code = [ord(c) for c in names[name]]
        keep = shared(before, name)
        if keep == len(name):
            keep -= 1
        page = code[0] >> 8
        if len(code) == 2:
            kind, value = KIND_TWO, [code[0] >> 8, code[0] & 255, seconds.index(code[1])]
        elif name in bare:
            kind, value = 0, [code[0]]
        elif page == 0:
            kind, value = 1, [code[0]]
        elif pages.index(page) < KIND_PAGE:
            kind, value = pages.index(page), [code[0] & 255]
        else:
            kind, value = KIND_PAGE, [pages.index(page), code[0] & 255]
        rest = name[keep:].encode()
        out += bytes([keep << 4 | kind]) + rest[:-1] + bytes([rest[-1] | 128] + value)
        before = name
    assert len(out) < 65536 and max(map(len, names)) == 31
    assert max(map(len, bare)) == 6 and min(map(len, bare)) == 2
    put_numbers("u8", "html_entities", list(out))
    put_numbers("u16", "html_entity_blocks", blocks)
    print(f"const isize html_entities_count = {len(names)};\n")
    put_numbers("u16", "html_pages", pages)
    put_numbers("u16", "html_seconds", seconds)


def packed(name):
    """As html_name_add() packs it."""
    key = 0
    for i, c in enumerate(name.encode()):
        turn = 8 if i < 8 else 5
        key = (key << turn | key >> (64 - turn)) & (1 << 64) - 1
        key ^= c
    return key


def put_elements():
    closed = collections.OrderedDict()
    for line in CLOSED.split("\n"):
        if line:
            old, new = line.split(":")
            for name in old.split():
                closed[name] = new.split()
    every = set(VOID + EXCLUDED + PRESERVED + HEADISH + FRAMISH) | set(RAW) | set(closed)
    every |= {name for new in closed.values() for name in new}
    names = RANKED + sorted(every - set(RANKED))
    assert len(names) <= 96
    slots = [0] * 256
    for i, name in enumerate(names):
        slot = packed(name) * FACTOR & (1 << 64) - 1
        slot >>= 56
        while slots[slot]:
            slot = (slot + 1) % 256
        slots[slot] = i + 1
    put_numbers("u8", "html_slots", slots, "HTML_SLOTS")
    put_numbers("u64", "html_names", [f"{packed(n)}u" for n in names])
    put_numbers("u8", "html_facts", [
        RAW.get(n, 0) | 8 * (n in VOID) | 16 * (n in EXCLUDED) | 32 * (n in PRESERVED) |
        64 * (n in HEADISH) | 128 * (n in FRAMISH) for n in names])
    rows = []
    for new in closed.values():
        if new not in rows:
            rows.append(new)
    put_numbers("u8", "html_rows", [rows.index(closed[n]) + 1 if n in closed else 0 for n in names])
    print(f"const u8 html_closed[{len(rows) + 1}][12] = {{")
    for new in [[]] + rows:
        bits = sum(1 << names.index(n) for n in new)
        print("    {" + ", ".join(str(b) for b in bits.to_bytes(12, "little")) + "},")
    print("};")


FACTOR = 0x9E3779B97F4A7C15


def main():
    print("""// SPDX-License-Identifier: Apache-2.0
// Written by html_tables.py; do not edit. html_tables.h says what each table is.
// clang-format off
#include "codec/html_tables.h"
""")
    put_entities()
    put_elements()
    print("// clang-format on")


if __name__ == "__main__":
    sys.exit(main())
