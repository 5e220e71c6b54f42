# SPDX-License-Identifier: Apache-2.0
# Writes regex_tables.c, which is committed: a machine that builds the program needs no Python.
# What is a letter, a digit, printable, and which characters are one when case is ignored, as
# CPython's re and str say. Deterministic for one Python version (3.11 was used). Usage:
#     python3 src/codec/regex_tables.py > src/codec/regex_tables.c
import sys
from _sre import unicode_tolower
from re._casefix import _EXTRA_CASES

ALL = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
LONGEST = 2048  # of a packed range


def ranges(test):
    """[start, length] of the characters that pass."""
    out = []
    for c in ALL:
        if test(chr(c)):
            if out and out[-1][0] + out[-1][1] == c and out[-1][1] < LONGEST:
                out[-1][1] += 1
            else:
                out.append([c, 1])
    return out


def put_ranges(name, found):
    print(f"const u32 {name}[{len(found)}] = {{")
    line = "   "
    for start, length in found:
        item = f" {start << 11 | length - 1},"
        if len(line) + len(item) > 100:
            print(line)
            line = "   "
        line += item
    print(line)
    print("};")
    print(f"const int {name}_count = {len(found)};\n")


def case_classes():
    """Sets of characters that match each other when case is ignored."""
    by_lower = {}
    for c in ALL:
        by_lower.setdefault(unicode_tolower(c), []).append(c)
    done, classes = set(), []
    for lower, members in sorted(by_lower.items()):
        if lower in done:
            continue
        group = [lower, *_EXTRA_CASES.get(lower, ())]
        done.update(group)
        found = sorted({c for low in group for c in by_lower.get(low, ())})
        for a in found:  # each matches each: it is a class
            for b in found:
                la, lb = unicode_tolower(a), unicode_tolower(b)
                assert la == lb or la in _EXTRA_CASES.get(lb, ()), (a, b)
        if len(found) > 1:
            classes.append(found)
    return classes


def put_cases(classes):
    pairs = sorted((a, b) for c in classes if len(c) == 2 for a, b in (c, c[::-1]))
    runs = []
    for a, b in pairs:
        for run in runs[-2:]:  # upper and lower case may take turns
            first, delta, count, stride = run
            step = a - (first + (count - 1) * stride)
            if b - a == delta and step in (1, 2) and (count == 1 or step == stride):
                run[2:] = count + 1, step
                break
        else:
            runs.append([a, b - a, 1, 1])
    for a, b in pairs:  # as the look-up goes: the last two runs that begin at or before
        last = [r for r in runs if r[0] <= a][-2:]
        assert any((a - r[0]) % r[3] == 0 and (a - r[0]) // r[3] < r[2] and a + r[1] == b
                   for r in last), a
    print(f"const struct regex_case_run regex_case_runs[{len(runs)}] = {{")
    line = "   "
    for run in runs:
        item = " {%d, %d, %d, %d}," % tuple(run)
        if len(line) + len(item) > 100:
            print(line)
            line = "   "
        line += item
    print(line)
    print("};")
    print(f"const int regex_case_runs_count = {len(runs)};\n")
    sets = [c for c in classes if len(c) > 2]
    print(f"const u16 regex_case_sets[{len(sets)}][4] = {{")
    for members in sets:
        print("    {" + ", ".join(str(c) for c in members + [0] * (4 - len(members))) + "},")
    print("};")
    print(f"const int regex_case_sets_count = {len(sets)};")


def main():
    print("""// SPDX-License-Identifier: Apache-2.0
// Written by regex_tables.py from CPython's knowledge of Unicode; do not edit. regex_tables.h says
// what each table is.
// clang-format off
#include "codec/regex_tables.h"
""")
    put_ranges("regex_word", ranges(lambda c: c.isalnum() or c == "_"))
    put_ranges("regex_digit", ranges(str.isdecimal))
    put_ranges("regex_space", ranges(str.isspace))
    put_ranges("regex_printable", ranges(str.isprintable))
    put_cases(case_classes())
    print("// clang-format on")


if __name__ == "__main__":
    sys.exit(main())
