# SPDX-License-Identifier: Apache-2.0
# codec/html against what the Python connector made of 446 bodies (libxml2 2.14, BeautifulSoup 4):
#     python3 tests/interop/golden_html.py build/html_tool [SHARED]
# SHARED holds golden/html_to_text.ndjson; ../shared by default, skipped without it. Each body is converted
# whole, 7 bytes and one byte at a time. MEANT would list the bodies in which ours differs on purpose, with
# the reason: there are none.
#
# As a second opinion Python's own html.parser, to which what is replaced falls back: it knows no elements,
# so its nodes are others, but the words have to be the same. Bodies with what it reads differently, in one
# version or another, are not asked about: APART says why.
import html.parser
import json
import pathlib
import re
import subprocess
import sys

MEANT = {}  # row: reason
EXCLUDED = {"script", "style", "template", "rt", "rp"}
APART = [
    (r"(?i)<(textarea|title|plaintext)", "tags in raw text"),
    (r"<\w+<", "a tag begins in a tag"),
    (r"\0", "NUL"),
    (r"<!\[", "marked sections"),
    (r"<[/a-z!?][^>]*$|=\"[^\"]*$", "ends within a tag"),
]


class Words(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.text = [], []

    def handle_starttag(self, tag, attrs):
        if tag in EXCLUDED:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data):
        if not self.open:
            self.text.append(data)


def second_opinion(body):
    parser = Words()
    parser.feed(body)
    parser.close()
    return "".join("".join(parser.text).split())


def ours(tool, rows, *options):
    asked = b"".join(b"%d\n%b" % (len(row), row) for row in rows)
    told = subprocess.run([tool, *options], input=asked, stdout=subprocess.PIPE, check=True).stdout
    out, at = [], 0
    while at < len(told):
        line = told.index(b"\n", at) + 1
        at = line + int(told[at:line])
        out.append(told[line:at].decode())
    return out


def main(tool, shared):
    golden = pathlib.Path(shared, "golden", "html_to_text.ndjson")
    if not golden.exists():
        print(f"SKIP golden_html no {golden}")
        return 0
    rows = [json.loads(line) for line in golden.read_text().splitlines()]
    bodies = [row["html"].encode() for row in rows]
    failed = agreed = 0
    named = {}
    runs = zip(rows, ours(tool, bodies), ours(tool, bodies, "--cut", "7"), ours(tool, bodies, "--cut", "1"))
    for i, (row, whole, sevens, ones) in enumerate(runs):
        if not whole == sevens == ones or (whole == row["text"]) == (i in MEANT):
            failed += 1
            print(f"row {i}: reference {row['text']!r:.300}\n  ours {whole!r:.300}\n  cut  {ones!r:.300}")
        reason = next((why for what, why in APART if re.search(what, row["html"])), None)
        if reason:
            named[reason] = named.get(reason, 0) + 1
        elif second_opinion(row["html"]) == "".join(whole.split()):
            agreed += 1
        else:
            failed += 1
            print(f"row {i}: html.parser has other words for {row['html']!r:.300}\n  ours {whole!r:.300}")
    for reason, count in sorted(named.items()):
        print(f"html.parser is not asked about {count} bodies: {reason}")
    print(f"{'FAIL' if failed else 'PASS'} golden_html {len(rows)} bodies, {failed} wrong, {len(MEANT)} different on "
          f"purpose; html.parser has the same words in {agreed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "../shared"))
