# SPDX-License-Identifier: Apache-2.0
"""The tables of SECURITY.md that tests write: each stands between two comments that name it."""
import os

import rig

FILE = os.path.join(rig.ROOT, "SECURITY.md")


def marks(name):
    return f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"


def read(name):
    begin, end = marks(name)
    with open(FILE) as f:
        text = f.read()
    if begin not in text or end not in text:
        raise AssertionError(f"SECURITY.md has no place for {name}")
    return text.split(begin)[1].split(end)[0]


def write(name, table):
    begin, end = marks(name)
    old = read(name)
    with open(FILE) as f:
        text = f.read()
    with open(FILE, "w") as f:
        f.write(text.replace(begin + old + end, begin + table + end))


def rows(head, cells):
    """A table in Markdown: its heads and its rows, as sequences of texts."""
    lines = [head, ["---"] * len(head), *cells]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
