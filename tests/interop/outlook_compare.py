# SPDX-License-Identifier: Apache-2.0
# The same mailboxes of the fake Exchange by two ways: through exchangelib, as the service that mailferry
# replaces reads them, and through `mailferry sync` into a file of newline-delimited JSON and into a real
# Elasticsearch, from which they are read back. Every document, field by field.
#     python3 tests/interop/outlook_compare.py [-v]
# What differs on purpose is listed in outlook_documents.py, with the reason. Skipped where exchangelib
# cannot be installed; the second part where there is no Elasticsearch (tests/e2e/node.py).
import json
import os
import subprocess
import sys
import urllib.error

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
sys.path.insert(0, HERE)

import node  # noqa: E402
import outlook_documents  # noqa: E402
import python_venv  # noqa: E402
import rig  # noqa: E402

USERS = 3
INDEX = "search-outlook"


def ended(r):
    if r.code or r["end"] != "completed" or r["skipped_undecided"] or r["mailboxes_partial"]:
        raise AssertionError(f"mailferry ends with {r.code}: {r.text()[-600:]}")
    return r


def config(tenant, name, change=lambda text: text):
    path = os.path.join(tenant.dir, name)
    with open(path, "w") as f:
        f.write(change(open(os.path.join(tenant.dir, "outlook.yml")).read()))
    return path


def without(document):
    return {k: v for k, v in document.items() if k not in outlook_documents.OURS}


def from_file(tenant):
    """Documents of --to ndjson:FILE by id; each under the id of its action line."""
    path = os.path.join(tenant.dir, "documents.ndjson")
    ended(rig.sync(config(tenant, "file.yml"), "--to", "ndjson:" + path))
    lines = [json.loads(line) for line in open(path)]
    found = {}
    for action, document in zip(lines[::2], lines[1::2]):
        key = action["index"]["_id"]
        if key in found or document["id"] != key:
            raise AssertionError(f"{key}: twice, or under another id")
        found[key] = without(document)
    return found


def from_elasticsearch(tenant):
    """Written to a real one, and read back; a second sync leaves all of it as it is."""
    one = node.get("outlook")
    wanted = config(tenant, "node.yml", one.change(INDEX, also=lambda text: text.replace("index_name: search-outlook\n",
                                                   f"index_name: {INDEX}\n    pipeline: none\n")))
    first = ended(rig.sync(wanted))
    hits = one.docs(INDEX)
    if first["documents_indexed"] != len(hits):
        raise AssertionError(f"{first['documents_indexed']} documents were written, {len(hits)} are there")
    second = ended(rig.sync(wanted))
    if second["documents_indexed"] or second["documents_deleted"]:
        raise AssertionError(f"a second sync writes {second['documents_indexed']}, deletes {second['documents_deleted']}")
    again = one.docs(INDEX)
    if {k: h["_version"] for k, h in again.items()} != {k: 1 for k in hits}:
        raise AssertionError("a document was written twice")
    return {k: without(h["_source"]) for k, h in hits.items()}


def case(name, theirs, ours):
    found, used = outlook_documents.compare(theirs, ours)
    for line in found if "-v" in sys.argv else found[:10]:
        print(f"  {line}")
    reasons = ", ".join(sorted(used))
    print(f"FAIL {name} {len(found)} findings" if found else f"PASS {name} {len(ours)} documents, differing as meant: {reasons}",
          flush=True)
    return bool(found)


def part(name, theirs, read):
    try:
        return case(name, theirs, read())
    except rig.Skip as why:
        print(f"SKIP {name} {why}", flush=True)
        return False
    except (AssertionError, KeyError, OSError, urllib.error.URLError, subprocess.TimeoutExpired) as e:
        print(f"FAIL {name} {type(e).__name__} {str(e)[-700:]!r}", flush=True)
        return True


def main():
    python, why = python_venv.python_with("exchangelib", os.path.join(HERE, "exchangelib.txt"))
    if not python:
        print(f"SKIP outlook_compare {why}")
        return 0
    try:
        tenant = rig.Tenant("--users", USERS, "--messages", 1, "--exchange-items", 40, "--size", 2500, "--directory-users", 0)
        theirs = outlook_documents.walked(python, tenant, [f"user{n + 1}@example.test" for n in range(USERS)])
        failed = part("outlook_compare/file", theirs, lambda: from_file(tenant))
        failed |= part("outlook_compare/elasticsearch", theirs, lambda: from_elasticsearch(tenant))
    except (AssertionError, KeyError, OSError, subprocess.TimeoutExpired) as e:
        print(f"FAIL outlook_compare {type(e).__name__} {str(e)[-700:]!r}", flush=True)
        failed = True
    finally:
        node.stop()
        rig.stop_all()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
