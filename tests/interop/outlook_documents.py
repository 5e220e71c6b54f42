# SPDX-License-Identifier: Apache-2.0
# What mailferry indexes of the fake Exchange against what the service that it replaces would: every
# document of exchangelib_walk.py, field by field, attachments' bytes included.
#     python3 tests/interop/outlook_documents.py [-v]
# Skipped where exchangelib cannot be installed. MEANT lists what differs on purpose, with the reason; a
# line of it that no document needs is a failure too.
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
sys.path.insert(0, HERE)

import python_venv  # noqa: E402
import rig  # noqa: E402

OURS = {"_id", "_extract_binary_content", "_reduce_whitespace", "_run_ml_inference"}


def plain(field, walk, theirs, ours):
    return field in ("message", "content") and walk["html"] is False and walk["body"] == ours


def base64_lines(field, walk, theirs, ours):
    return field == "_attachment" and "content_error" in walk and theirs is None and bool(ours)


def regenerates(field, walk, theirs, ours):
    return field == "meeting_type" and theirs == "RecurringMaster" and str(ours).startswith("Recurring Regenerates every")


def empty_entries(field, walk, theirs, ours):
    return field == "email_addresses" and [a for a in theirs or [] if a] == ours


MEANT = [
    ("text is text", "a plain text body is not read as HTML (documents.md, 11, number 3)", plain),
    ("line breaks", "base64 of a file may have line breaks (wire-ews.md, 9)", base64_lines),
]
KNOWN = [
    ("regeneration", "documents.md 2.2 names its text, exchangelib does not map it", regenerates),
    ("empty entry", "an address without text and with an empty name is none (wire-ews.md, 8.5)", empty_entries),
]


def difference(field, walk, theirs, ours, used):
    """None: as it should be."""
    if theirs == ours:
        return None
    for name, _, meant in MEANT + KNOWN:
        if meant(field, walk, theirs, ours):
            used.add(name)
            return None
    return f"{field}: theirs {theirs!r:.200}, ours {ours!r:.200}"


def walked(python, tenant, users):
    command = [python, os.path.join(HERE, "exchangelib_walk.py"), "--url",
               f"https://127.0.0.1:{tenant.port('exchange')}/EWS/Exchange.asmx", "--user", tenant.facts["account"],
               "--password", tenant.facts["password"], "--content"]
    for user in users:
        command += ["--mailbox", user]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, env=rig.clean_env({"TZ": "UTC"}))
    if done.returncode:
        raise AssertionError(f"exchangelib fails: {done.stderr[-500:]}")
    lines = map(json.loads, done.stdout.splitlines())
    return {line["id"]: line for line in lines if "skipped" not in line and "error" not in line}


def indexed(tenant, extra=""):
    path = os.path.join(tenant.dir, "compare.yml")
    with open(path, "w") as f:
        f.write(open(os.path.join(tenant.dir, "outlook.yml")).read() + extra)
    result = rig.sync(path, timeout=120)
    if result.code or result["end"] != "completed":
        raise AssertionError(f"mailferry ends with {result.code}: {result.text()[-600:]}")
    return {d["id"]: {k: v for k, v in d.items() if k not in OURS} for d in
            (row.get("_source", row) for row in tenant.docs("search-outlook").values())}


def compare(theirs, ours):
    """Findings, and the exceptions that were needed."""
    used, found = set(), []
    for side, ids in (("not indexed", set(theirs) - set(ours)), ("indexed only", set(ours) - set(theirs))):
        found += [f"{side}: {(theirs.get(i) or ours.get(i)).get('type')} {i[-30:]}" for i in sorted(ids)]
    for key in sorted(set(theirs) & set(ours)):
        want = dict(theirs[key])
        walk = want.pop("_walk")
        for field in sorted(set(want) | set(ours[key])):
            what = difference(field, walk, want.get(field), ours[key].get(field), used)
            if what is None and (field in want) != (field in ours[key]) and field != "_attachment":
                what = f"{field}: there and not there"
            if what:
                found.append(f"{walk['folder']} {walk['kind']}: {what}")
    return found, used


def case(name, python, users, meant, extra="", **options):
    arguments = ["--directory-users", 0]
    for key, value in options.items():
        arguments += ["--" + key.replace("_", "-"), value]
    tenant = rig.Tenant("--users", users, *arguments)
    try:
        theirs = walked(python, tenant, [f"user{n + 1}@example.test" for n in range(users)])
        ours = indexed(tenant, extra)
        found, used = compare(theirs, ours)
        found += [f"no document needs the exception: {m}" for m in sorted(meant - used)]
        found += [f"an exception that should not be needed: {m}" for m in sorted(used - meant - {k[0] for k in KNOWN})]
        for line in found if "-v" in sys.argv else found[:10]:
            print(f"  {line}")
        print(f"FAIL {name} {len(found)} findings" if found else f"PASS {name} {len(ours)} documents", flush=True)
        return bool(found)
    except (AssertionError, KeyError, OSError, subprocess.TimeoutExpired) as e:
        print(f"FAIL {name} {type(e).__name__} {str(e)[-700:]!r}", flush=True)
        return True
    finally:
        rig.stop_all()


def main():
    python, why = python_venv.python_with("exchangelib", os.path.join(HERE, "exchangelib.txt"))
    if not python:
        print(f"SKIP outlook_documents {why}")
        return 0
    every = {m[0] for m in MEANT}
    failed = case("documents", python, 1, every, messages=60, size=1500)
    failed |= case("bodies", python, 1, every, messages=450, size=300)  # every HTML example of documents.md, 7
    failed |= case("as_html", python, 1, every - {"text is text"}, messages=60, size=3000,
                   extra="outlook:\n  plain_text_as_html: true\n")
    failed |= case("mailboxes", python, 7, {"text is text"}, messages=9, size=600)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
