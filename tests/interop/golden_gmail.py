# SPDX-License-Identifier: Apache-2.0
# mime_trim() against what the Python connector really indexed for 137 mails:
#     python3 tests/interop/golden_gmail.py build/mime_trim_tool [SHARED]
# SHARED holds golden/gmail_trimmed.ndjson and the mails; ../shared by default, skipped without it.
# MEANT lists the mails in which ours differs on purpose, the fields, and the reason.
import json
import pathlib
import sys

import mime_compare

DATE = "a date that cannot be read is kept as it is, not emptied"
LINES = "a broken header line is skipped instead of ending the headers"
EMPTY = "a part with text beats an empty one (documents.md 8.1, example 21)"
BODY = {"content-type", "content-transfer-encoding", "type", "charset", "text"}
MEANT = {
    "ruby-mail/emails-error_emails-bad_date_header.eml": ({"date"}, DATE),
    "ruby-mail/emails-error_emails-bad_date_header2.eml": ({"date"}, DATE),
    "ruby-mail/emails-plain_emails-raw_email_with_bad_date.eml": ({"date"}, DATE),
    "rust-mail-parser/rfc-001.eml": ({"date"}, DATE),
    "ruby-mail/emails-plain_emails-raw_email5.eml":
        ({"text"}, "undeclared bytes that are valid UTF-8 are UTF-8 (example 11)"),
    "ruby-mail/emails-plain_emails-raw_email_incorrect_header.eml": ({"names"} | BODY, LINES),
    "rust-mail-parser/019.eml": ({"names"} | BODY, LINES),
    "rust-mail-parser/020.eml": (BODY, EMPTY),
    "rust-mail-parser/021.eml": (BODY, EMPTY),
}


def wanted(row):
    if row.get("falls_back_to_raw"):
        return None
    return row["eml"].encode() if "eml" in row else row["eml_latin1"].encode("latin-1")


def check(row, error, got):
    """What differs and should not, or should and does not."""
    want = wanted(row)
    if (want is None) != (error != "NONE"):
        found = [("fallback", want is None, error)]
    else:
        found = [] if want is None else mime_compare.differences(want, got)
    meant, _ = MEANT.get(row["file"].removeprefix("data/eml/"), (set(), ""))
    if meant and not found:
        return ["listed as different, but it is not"]
    return [f"{field}: reference {a!r:.200}, ours {b!r:.200}" for field, a, b in found
            if field not in meant]


def main(tool, shared):
    golden = pathlib.Path(shared, "golden", "gmail_trimmed.ndjson")
    if not golden.exists():
        print(f"SKIP golden_gmail: no {golden}")
        return 0
    rows = [json.loads(line) for line in golden.read_text().splitlines()]
    failed = 0
    results = mime_compare.run_tool(tool, [str(pathlib.Path(shared, r["file"])) for r in rows])
    for row, (error, got) in zip(rows, results):
        problems = check(row, error, got)
        failed += bool(problems)
        for problem in problems:
            print(f"{row['file']}: {problem}")
    print(f"{'FAIL' if failed else 'PASS'} golden_gmail: {len(rows)} mails, {failed} wrong, "
          f"{len(MEANT)} different on purpose")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "../shared"))
