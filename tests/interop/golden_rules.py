# SPDX-License-Identifier: Apache-2.0
# sync/rules against what the Python connector service answers for 1,749 rules on one document each:
#     python3 tests/interop/golden_rules.py build/rules_tool [SHARED]
# SHARED holds golden/basic_rules.ndjson; ../shared by default, that part is skipped without it.
# Where that service breaks off the job, ours does not match and warns (spec 2.1): MEANT, by rule.
# Then text forms and numbers of random values against this Python's str() and float().
import collections
import json
import pathlib
import random
import subprocess
import sys

# (the service's answer, which rules it is for, why ours differs, what the warning says)
MEANT = {
    "error: TypeError": (lambda rule: rule in "<>", "an order between values that have none",
                         "means nothing for some of the values"),
    "error: error": (lambda rule: rule == "regex", "a pattern that is no regular expression",
                     "its pattern cannot be used"),
}


def ask(tool, lines):
    text = "".join("\t".join(line) + "\n" for line in lines)
    return subprocess.run([tool], input=text.encode("utf-8", "surrogatepass"), capture_output=True,
                          check=True).stdout.decode()


def filtering(row):
    return json.dumps({"rules": [
        {"id": "r1", "order": 0, "policy": row["policy"], "field": "f", "rule": row["rule"],
         "value": row["rule_value"]},
        {"id": "DEFAULT", "order": 1, "policy": "exclude", "field": "_", "rule": "regex", "value": ".*"}]})


def golden(tool, path):
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    out = ask(tool, [("decide", filtering(r), json.dumps({"f": r["value"]})) for r in rows])
    failed, differ = 0, collections.Counter()
    for row, line in zip(rows, out.splitlines(), strict=True):
        verdict, warning = line.split("\t")
        if row["ingest"] in MEANT:
            applies, why, words = MEANT[row["ingest"]]
            differ[why] += 1
            right = verdict == "keep" and words in warning and applies(row["rule"])
        else:
            right = verdict == ("keep" if row["ingest"] else "drop") and not warning
        failed += not right
        if not right:
            print(f"{row}: ours {line}")
    for why, count in differ.items():
        print(f"{count} rows: {why}: no match and a warning instead of the end of the job")
    print(f"{'FAIL' if failed else 'PASS'} golden_rules: {len(rows)} rules, {failed} wrong, "
          f"{sum(differ.values())} different on purpose")
    return failed


LETTERS = "abZ019 _'\"\\\n\t\r\x00\x1b\x7f\x85\u00a0\u00e9\u00ad\u0416\u200b\u2028\ue000\u4e2d\ufffe\U0001f600\U000e0001"


def text_forms(tool, count=20000):
    rand = random.Random(4)

    def string():
        return "".join(rand.choice(LETTERS) for _ in range(rand.randint(0, 8)))

    def value(depth):
        kind = rand.randint(0, 9 if depth < 4 else 6)
        if kind < 3:
            return string()
        if kind == 3:
            return rand.choice([True, False, None])
        if kind == 4:
            return rand.randint(-10 ** rand.randint(1, 30), 10 ** rand.randint(1, 30))
        if kind in (5, 6):
            return rand.choice([rand.uniform(-1, 1) * 10.0 ** rand.randint(-320, 300), 2.0 ** rand.randint(-1074, 1000),
                                float(rand.randint(-10 ** 17, 10 ** 17)), 0.0, -0.0, 1e16, 1e-5])
        if kind in (7, 8):
            return [value(depth + 1) for _ in range(rand.randint(0, 3))]
        return {string(): value(depth + 1) for _ in range(rand.randint(0, 3))}

    values = [value(0) for _ in range(count)]
    lines = [("text", json.dumps(v, ensure_ascii=rand.random() < 0.5)) for v in values]
    out = [bytes.fromhex(line).decode() for line in ask(tool, lines).splitlines()]
    failed = 0
    for v, line, got in zip(values, lines, out, strict=True):
        if got != str(v):
            failed += 1
            print(f"{line[1]}: text form {got!r}, Python's {str(v)!r}")
    print(f"{'FAIL' if failed else 'PASS'} rules_text: {count} values, {failed} wrong")
    return failed


def floats(tool, count=20000):
    rand = random.Random(5)
    odd = ["inf", "-INF", "Infinity", " nan ", "+nan", "1_000", "_1", "1__0", "1_", "1_.5", "1._5", "1e_5", "1e5_0", "",
           ".", "+.5", "5.", "-0", "1e400", "1e-400", "4.9e-324", "2e-324", "1e23", "infin", "in f", "0x10", "\x1c5",
           "\u20035\u2003", "\u0664\u0662", "\uff11\uff12.\uff15", "\u00e95", "0" * 50 + "1", "1\x00"]
    texts = []
    for i in range(count):
        if i % 4 == 0:
            texts.append(rand.choice(odd))
        elif i % 4 == 1:
            texts.append("".join(rand.choice("0123456789._eE+- ") for _ in range(rand.randint(1, 10))))
        elif i % 4 == 2:
            texts.append(f"{rand.getrandbits(rand.randint(1, 200))}.{rand.getrandbits(60)}e{rand.randint(-330, 310)}")
        else:  # on or near the middle between two doubles
            texts.append(f"{rand.getrandbits(53) | 1 << 53}." + rand.choice(["5", "4999999", "5" + "0" * 900 + "1"]))
    out = ask(tool, [("float", json.dumps(t)) for t in texts]).splitlines()
    failed = 0
    for text, got in zip(texts, out, strict=True):
        try:
            want = repr(float(text))
        except ValueError:
            want = "error"
        if got != want:
            failed += 1
            print(f"float({text!r}): {got}, Python's {want}")
    print(f"{'FAIL' if failed else 'PASS'} rules_float: {count} texts, {failed} wrong")
    return failed


def main(tool, shared):
    failed = text_forms(tool) + floats(tool)
    path = pathlib.Path(shared, "golden", "basic_rules.ndjson")
    if path.exists():
        failed += golden(tool, path)
    else:
        print(f"SKIP golden_rules: no {path}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "../shared"))
