# SPDX-License-Identifier: Apache-2.0
# codec/cron against what the Python connector service answers for 462 schedules:
#     python3 tests/interop/golden_cron.py build/cron_tool [SHARED]
# SHARED holds golden/quartz_next.ndjson; ../shared by default, skipped without it.
# READS lists where that service reads an expression in another way than Quartz means it (spec 8.4);
# ours reads it as Quartz. Each such row is compared twice: as it is, where a difference is allowed,
# and rewritten into what the service read, where none is.
import collections
import datetime
import json
import pathlib
import re
import subprocess
import sys


def seconds(f):
    f[0] = "0"


def start_step(f):
    for i in range(1, 6):
        f[i] = re.sub(r"^(\d+)/\d+$", r"\1", f[i])


def weekday_lists(f):
    if re.search(r"\d[,-]", f[5]):
        f[5] = re.sub(r"\d", lambda m: str(int(m[0]) % 7 + 1), f[5])


def weekday_eight(f):
    if f[5] == "8":
        f[5] = "1"


def suffixes(f):
    f[3] = re.sub(r"^(\d+)W$", r"\1", f[3])
    f[5] = re.sub(r"^(\d)(L|#\d)$", lambda m: str(int(m[1]) % 7 + 1), f[5])


def refused(f):
    if f[3] == "L" or re.search("[,-]", "".join(f[6:])):
        f[2] = "24"  # an error in ours too


# (rule, what the service makes of it, rewriting into that)
READS = [
    ("seconds", "they are ignored, every occurrence is at second 0", seconds),
    ("a/n", "the step is ignored", start_step),
    ("weekday lists", "digits in lists and ranges count from Monday", weekday_lists),
    ("weekday 8", "taken as Sunday", weekday_eight),
    ("15W 6L 6#3", "the suffix is ignored, the digit counts from Monday", suffixes),
    ("L, ranges of years", "refused", refused),
]


def unix(text):
    return int(datetime.datetime.fromisoformat(text).timestamp())


def ask(tool, rows):
    text = "".join(f"{after} {quartz}\n" for after, quartz in rows)
    out = subprocess.run([tool], input=text, capture_output=True, text=True, check=True).stdout
    return ["error" if line.startswith("error") else line for line in out.splitlines()]


def main(tool, shared):
    golden = pathlib.Path(shared, "golden", "quartz_next.ndjson")
    if not golden.exists():
        print(f"SKIP golden_cron: no {golden}")
        return 0
    rows = [json.loads(line) for line in golden.read_text().splitlines()]
    as_read, rules = [], []
    for row in rows:
        fields, applied = row["quartz"].split(" "), set()
        for rule, _, rewrite in READS:
            before = list(fields)
            if len(fields) >= 6:
                rewrite(fields)
            if fields != before:
                applied.add(rule)
        as_read.append((unix(row["now"]), " ".join(fields)))
        rules.append(applied)
    ours = ask(tool, [(unix(r["now"]), r["quartz"]) for r in rows])
    rewritten = ask(tool, as_read)
    failed, differ = 0, collections.Counter()
    for row, rule, got, got_as_read in zip(rows, rules, ours, rewritten):
        want = "error" if row["next"].startswith("error") else str(unix(row["next"]))
        if got != want:
            differ[" + ".join(sorted(rule))] += 1
        if got_as_read != want or (got != want and not rule):
            failed += 1
            print(f"{row}: ours {got}, as that service reads it {got_as_read}")
    for rule, count in sorted(differ.items()):
        print(f"{count} rows differ by: {rule}")
    print(f"{'FAIL' if failed else 'PASS'} golden_cron: {len(rows)} schedules, {failed} wrong, "
          f"{sum(differ.values())} different on purpose, equal again once read as that service does")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "../shared"))
