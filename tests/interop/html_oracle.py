# SPDX-License-Identifier: Apache-2.0
# codec/html against what it stands in for, libxml2 2.14 (in lxml) read by BeautifulSoup:
#     python3 tests/interop/html_oracle.py build/html_tool [BODIES [SEED]]
# Bodies are made of tags, references and damage, and of pieces of real ones where ../shared/golden is;
# besides, every named reference alone, ended and not. Each is converted whole and a byte at a time, and all
# three texts have to be the same. The two packages go into build/html_oracle, by html_requirements.txt with
# its digests; where that is not possible, all is skipped.
import html.entities
import json
import os
import pathlib
import random
import subprocess
import sys
import warnings

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PLACE = ROOT / "build" / "html_oracle"
WANTED = ROOT / "tests" / "interop" / "html_requirements.txt"
PYTHON = PLACE / "bin" / "python"
GOLDEN = ROOT.parent / "shared" / "golden" / "html_to_text.ndjson"

KNOWN = """a abbr address area b base basefont big blockquote body br button caption center code col colgroup dd dir
div dl dt em fieldset font form frame frameset h1 h2 head hr html i iframe img input isindex label legend li link
listing map menu meta noembed noframes noscript ol optgroup option p param pre q rp rt ruby s script select small
span strike strong style sub table tbody td template textarea tfoot th thead title tr tt u ul var xmp svg math o:p
v:shape x foo h1234567890 plaintex plaintext1 TD Table sPan wbr source embed object center""".split()
TEXT = ["x", "y z", " ", "\n", "\t", " \n ", "  ", "\r\n", "\r", "\f", "\v", "\0", "\u00e9", "\u6f22", "\U0001f600",
        "\u00a0", "\ufeff", "&", "&amp", "&amp;", "&nbsp;", "&nbsp", "&copy=", "&notit;", "&notin;", "&#65", "&#x41;",
        "&#128;", "&#0;", "&#xd800;", "&#x110000;", "&#", "&#x", "&#10;", "&#13;", "&Tab;", "&NewLine;", "&#32",
        "&lt;", "&gt", "<", "</", ">", "<3", "< a", "<>", "</>", "</ >", "<!", "<!-", "<!--", "-->", "--!>", "-", "--",
        "!", "<!>", "<?", "?>", "<![CDATA[", "]]>", "<![endif]>", "<!-->", "<!--->", "=", "'", '"', "/", "/>", ";",
        "<!DOCTYPE html>", "<!doctype html PUBLIC '-//x' \">", "<!DOCTYP>", "<?xml version='1.0'?>", "plain text",
        "long " * 100, " " * 90, "\n     " * 20]
ATTRS = [" a", " a=b", " a='>'", ' a=">"', " =", " a = b", "\n", "/", " /", " a=b/", ' a="b"c', " a='", ' a="', "\0"]


class Maker:
    def __init__(self, seed, real):
        self.random, self.real, self.favourites = random.Random(seed), real, KNOWN

    def tag(self):
        r = self.random
        out = r.choice(["<", "<", "<", "</", "</"]) + r.choice(self.favourites)
        for _ in range(r.choice([0, 0, 0, 0, 1, 1, 2])):
            out += r.choice(ATTRS)
        return out + r.choice([">"] * 12 + ["/>", "", " ", "<"])

    def piece(self):
        kind = self.random.random()
        if kind < 0.55:
            return self.tag()
        if kind < 0.97 or not self.real:
            return self.random.choice(TEXT)
        text = self.random.choice(self.real)
        at = self.random.randrange(len(text))
        return text[at:at + self.random.randint(1, 200)]

    def body(self):
        r = self.random
        self.favourites = r.sample(KNOWN, r.randint(1, 8)) if r.random() < 0.7 else KNOWN
        return "".join(self.piece() for _ in range(r.randint(1, r.choice([6, 12, 40]))))


def bodies(count, seed):
    real = []
    if GOLDEN.exists():
        rows = [json.loads(line)["html"] for line in GOLDEN.read_text().splitlines()]
        real = [row for row in rows if len(row) > 200]
    maker = Maker(seed, real)
    out = [maker.body() for _ in range(count)]
    for name in html.entities.html5:
        out.append(f"<p>&{name}</p>&{name}x&{name[:-1]}")
    out += [f"<i>&#{n};</i>&#x{n:x}z" for n in [*range(0x120), 0xFFFD, 0xFFFE, 0xFFFF, 0x10FFFF, 0x110000]]
    # Of two byte order marks and nothing else, one stays there.
    return [body for body in out if body.strip("\ufeff")]


def ours(tool, rows, *options):
    asked = b"".join(b"%d\n%b" % (len(row), row) for row in rows)
    told = subprocess.run([tool, *options], input=asked, stdout=subprocess.PIPE, check=True).stdout
    out, at = [], 0
    while at < len(told):
        line = told.index(b"\n", at) + 1
        out.append(told[line:line + int(told[at:line])])
        at = line + int(told[at:line - 1])
    return out


def compare(tool, count, seed):
    from bs4 import BeautifulSoup
    from lxml import etree
    if etree.LIBXML_VERSION[:2] != (2, 14):
        print(f"SKIP html_oracle libxml2 is {etree.LIBXML_VERSION}, not 2.14")
        return 0
    warnings.simplefilter("ignore")
    rows = bodies(count, seed)
    raw = [row.encode() for row in rows]
    failed = 0
    for row, whole, cut in zip(rows, ours(tool, raw), ours(tool, raw, "--cut", "1")):
        want = BeautifulSoup(row, "lxml").get_text(separator="\n").encode()
        if not want == whole == cut:
            failed += 1
            if failed <= 20:
                print(f"{row!r}:\n  reference {want!r}\n  ours      {whole!r}\n  cut       {cut!r}")
    print(f"{'FAIL' if failed else 'PASS'} html_oracle {len(rows)} bodies, {failed} wrong")
    return 1 if failed else 0


def installed():
    mark = PLACE / "installed"
    stamp = WANTED.read_text() + sys.version
    if mark.exists() and mark.read_text() == stamp:
        return ""
    try:
        import ensurepip  # noqa: F401  Debian has it in a package of its own
        steps = []
    except ImportError:
        steps = [[ROOT / "third_party" / "need", "python3-venv:/nowhere"]]
    steps += [[sys.executable, "-m", "venv", "--clear", PLACE],
              [PYTHON, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes",
               "-r", WANTED]]
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode:
            return ((done.stderr + done.stdout).strip().splitlines() or ["no reason"])[-1][:200]
    mark.write_text(stamp)
    return ""


def main(tool, count="4000", seed="1"):
    if os.environ.get("HTML_ORACLE"):
        return compare(tool, int(count), int(seed))
    why = installed()
    if why:
        print(f"SKIP html_oracle lxml cannot be installed: {why}")
        return 0
    return subprocess.run([PYTHON, __file__, tool, count, seed], env={**os.environ, "HTML_ORACLE": "1"}).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
