# SPDX-License-Identifier: Apache-2.0
# codec/regex against CPython's `re`, and its tables against CPython's str:
#     python3 tests/interop/regex_oracle.py build/regex_tool [PATTERNS [SEED]]
# Patterns are made from the supported subset, and from it with damage; each is matched against
# texts that are made to nearly fit. Both have to agree on every text; what one refuses the other
# refuses too, but for REGEX_UNSUPPORTED and REGEX_TOO_LARGE, which are counted. The tables are those
# of Python 3.11; with another version they are not compared.
import random
import re
import signal
import subprocess
import sys
import warnings
from re._casefix import _EXTRA_CASES

warnings.simplefilter("ignore")
LETTERS = "aAbBkKsS19_ -.\n\u00e9\u00c9\u0131\u017f\u212a\u00df\u0416\u0436\u4e2d\u0663\u2003\u03c3\u03c2\u03a3\U0001d7d8\U0001f600"
ATOMS = ["a", "b", "A", "k", "S", ".", ".", r"\d", r"\w", r"\s", r"\D", r"\W", r"\S", r"\.", r"\n",
         r"\x41", r"\u00e9", r"\U0001f600", r"\0", r"\101", "\u00c9", "\u03c3", "\u212a", "\n", "{", "]",
         "}", "a{x", "{,", r"\-", "-", "\u0416", r"\t", r"\\", "\u4e2d"]
PLACES = ["^", "$", r"\A", r"\Z", r"\b", r"\B"]
MEMBERS = ["a", "b", "k-s", "A-Z", "0-9", r"\d", r"\w", r"\s", r"\W", r"\S", r"\D", "-", "_", ".",
           "\u00e0-\u00ff", r"\n", r"\x61", r"\]", r"\b", "\u0400-\u0420", "[", "^", "$", r"\101",
           "\u017f", r"\-", "*"]
REPEATS = ["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{,2}", "{2,}", "{0}", "{,}", "{1,3}?", "{0,1}"]
FLAGS = ["(?i)", "(?s)", "(?m)", "(?im)", "(?is)", "(?u)", "(?ims)"]
SCOPED = ["(?i:", "(?s:", "(?m:", "(?-i:", "(?i-s:", "(?s-im:", "(?P<%s>", "(?:", "(", "("]


class Maker:
    def __init__(self, seed):
        self.random, self.names = random.Random(seed), 0

    def set(self):
        items = [self.random.choice(MEMBERS) for _ in range(self.random.randint(1, 4))]
        return "[" + self.random.choice(["", "", "^"]) + "".join(items) + "]"

    def item(self, depth):
        kind = self.random.random()
        if kind < 0.12:
            return self.random.choice(PLACES)
        if kind < 0.3:
            return self.set()
        if kind < 0.55 and depth < 4:
            opening = self.random.choice(SCOPED)
            if "%s" in opening:
                self.names += 1
                opening %= f"n{self.names}"
            return opening + self.branches(depth + 1) + ")"
        if kind < 0.57:
            return "(?#note)"
        return self.random.choice(ATOMS)

    def sequence(self, depth):
        out = []
        for _ in range(self.random.randint(0 if depth else 1, 4)):
            item = self.item(depth)
            if self.random.random() < 0.35 and item not in PLACES:
                item += self.random.choice(REPEATS)
            out.append(item)
        return "".join(out)

    def branches(self, depth):
        count = self.random.choice([1, 1, 1, 2, 3])
        return "|".join(self.sequence(depth) for _ in range(count))

    def pattern(self):
        self.names = 0
        flags = self.random.choice(FLAGS) if self.random.random() < 0.4 else ""
        return flags + self.branches(0)

    def damaged(self):
        text = list(self.pattern())
        for _ in range(self.random.randint(1, 3)):
            at = self.random.randrange(len(text) + 1)
            what = self.random.choice(["(?=", "(?", ")", "(", "[", "]", "\\", "{3", "*", "+", "\\1", "(?P<x>",
                                       "\\q", "(?i)", "|", "^", "-", "{2,1}", "\\8", "(?>", "\\x4", "?", "$"])
            text[at:at + self.random.randint(0, 1)] = what
        return "".join(text)

    def text(self, pattern):
        """Something that shares characters with the pattern."""
        plain = [c for c in pattern if c not in "()[]{}?*+|\\^$<>:"] or ["a"]
        pool = plain if self.random.random() < 0.5 else LETTERS
        out = "".join(self.random.choice(pool) for _ in range(self.random.randint(0, 7)))
        return out.swapcase() if self.random.random() < 0.2 else out


def encode(text):
    return "x" + text.encode().hex()


def too_slow(*_):
    raise TimeoutError


def reference(pattern, texts):
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError):
        return None
    signal.setitimer(signal.ITIMER_REAL, 0.5)  # there are texts on which it does not come to an end
    try:
        return "".join("1" if compiled.match(text) else "0" for text in texts)
    except TimeoutError:
        return "slow"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def check_tables(out):
    """Wrong characters, asked one by one."""
    from _sre import unicode_tolower
    cases, classes = out
    wrong = 0
    ours = {}
    for group in cases.split():
        members = [int(c, 16) for c in group.split(",")]
        for c in members:
            ours[c] = set(members)
    lower = {}
    for c in range(0x110000):
        lower.setdefault(unicode_tolower(c), []).append(c)
    for c in range(0x110000):
        if 0xD800 <= c < 0xE000:
            continue
        low = unicode_tolower(c)
        want = {x for k in (low, *_EXTRA_CASES.get(low, ())) for x in lower.get(k, ())}
        char = chr(c)
        bits = ((char.isalnum() or char == "_") + 2 * char.isspace() + 4 * char.isprintable()
                + 8 * char.isdecimal())
        digit = str(int(char)) if char.isdecimal() else "-"
        wrong += ours.get(c, {c}) != want or classes[2 * c:2 * c + 2] != chr(64 + bits) + digit
    return wrong


def main(tool, patterns=6000, seed=1):
    maker = Maker(seed)
    rows = []
    for i in range(patterns):
        pattern = maker.damaged() if i % 5 == 0 else maker.pattern()
        rows.append((pattern, [maker.text(pattern) for _ in range(8)]))
    asked = "".join(" ".join(encode(t) for t in [p, *texts]) + "\n" for p, texts in rows)
    out = subprocess.run([tool], input=asked + "cases\nclasses\n", capture_output=True, text=True,
                         check=True).stdout.splitlines()
    failed = matches = cases = refused = unsupported = slow = 0
    signal.signal(signal.SIGALRM, too_slow)
    for (pattern, texts), got in zip(rows, out):
        want = reference(pattern, texts)
        if got.startswith(("REGEX_UNSUPPORTED", "REGEX_TOO_LARGE")):
            unsupported += 1
        elif got.startswith("REGEX_SYNTAX") or want is None:
            refused += 1
            if not got.startswith("REGEX_SYNTAX") or want is not None:
                failed += 1
                print(f"{pattern!r}: reference {want}, ours {got}")
        elif want == "slow":
            slow += 1
        else:
            cases += len(texts)
            matches += want.count("1")
            for text, a, b in zip(texts, want, got):
                if a != b:
                    failed += 1
                    print(f"{pattern!r} on {text!r}: reference {a}, ours {b}")
    wrong = 0
    if sys.version_info[:2] == (3, 11):
        wrong = check_tables(out[-2:])
        print(f"{'FAIL' if wrong else 'PASS'} regex_tables: {wrong} characters differ from Python's")
    else:
        print("SKIP regex_tables: they are those of Python 3.11")
    print(f"{'FAIL' if failed else 'PASS'} regex_oracle: {patterns} patterns, {cases} texts ({matches} "
          f"match), {refused} refused by both, {unsupported} not supported, {slow} too slow for "
          f"the reference, {failed} wrong")
    return 1 if failed or wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
