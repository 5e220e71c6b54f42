# SPDX-License-Identifier: Apache-2.0
"""A sync of the tenant: the documents, one by one, and what repeated syncs do."""
import email
import email.policy
import os
import stat
import subprocess

import rig
from rig import completed, same, true

KEPT = ["Subject", "From", "Reply-To", "To", "Cc", "Bcc", "Date", "Message-ID"]


def full(text):
    return text.replace("include_full_raw_message: false", "include_full_raw_message: true")


def dls(text):
    return text.replace("use_document_level_security: false", "use_document_level_security: true")


def test_full_raw_documents_are_the_messages():
    t = rig.Tenant("--users", 4, "--messages", 60, "--size", 3000, "--shape", "all", "--seed", 3)
    r = completed(t.sync(change=full))
    docs, messages = t.docs(), t.messages()
    same(sorted(docs), sorted(messages), "ids")
    for key, message in messages.items():
        source = docs[key]["_source"]
        same(rig.decoded(source["_attachment"]), rig.decoded(message["raw"]), f"raw of {key}")
        same(len(source["_attachment"]) % 4, 0, "padding")
        same(source["_timestamp"], message["internalDate"], "_timestamp is the text of internalDate")
        same(source["id"], key, "id")
        same(sorted(source), sorted(["id", "_attachment", "_timestamp", "_extract_binary_content",
                                     "_reduce_whitespace", "_run_ml_inference"]), "fields")
        same([source[k] for k in sorted(source) if k.startswith("_") and k[1] in "er" or
              k == "_run_ml_inference"], [True] * 3, "flags")
    same(r["documents_indexed"], 240)
    same(r["skipped_corrupt"] + r["skipped_undecided"] + r["skipped_rejected"], 0)


def test_trimmed_documents_keep_eight_headers():
    t = rig.Tenant("--users", 3, "--messages", 80, "--size", 2500, "--shape", "all", "--seed", 5)
    completed(t.sync())
    docs, messages = t.docs(), t.messages()
    same(sorted(docs), sorted(messages))
    for key, message in messages.items():
        raw = email.message_from_bytes(rig.decoded(message["raw"]), policy=email.policy.default)
        got = email.message_from_bytes(rig.decoded(docs[key]["_source"]["_attachment"]),
                                       policy=email.policy.default)
        want = [k.lower() for k in KEPT if k in raw]
        extra = ["content-type", "content-transfer-encoding", "mime-version"]
        same([k.lower() for k in got.keys()], want + extra, f"headers of {key}")
        for k in want:
            same(str(got[k]), str(raw[k]), f"{k} of {key}")
        body = raw.get_body(preferencelist=("plain", "html"))
        if body is not None:
            same(got.get_content().replace("\r\n", "\n").rstrip("\n"),
                 body.get_content().replace("\r\n", "\n").rstrip("\n"), f"text of {key}")


def test_owner_under_document_level_security():
    t = rig.Tenant("--users", 3, "--messages", 5, "--size", 500)
    completed(t.sync(change=dls))
    for user in t.users():
        for key in t.messages(user["user"]):
            same(t.docs()[key]["_source"]["_allow_access_control"], [user["user"]])


def test_second_sync_reads_nothing_again():
    t = rig.Tenant("--users", 2, "--messages", 300, "--size", 500)
    completed(t.sync())
    t.control("DELETE", "stats")
    r = completed(t.sync())
    same((r["documents_indexed"], r["documents_unchanged"]), (0, 600))
    same(t.stats()["requests"].get("messages_get", 0), 0, "messages asked for")
    same(t.stats()["bulk_items"], 0, "bulk items")
    r = completed(t.sync("--full"))
    same((r["documents_indexed"], r["documents_updated"]), (600, 600))


def test_spam_and_trash_as_configured():
    t = rig.Tenant("--users", 1, "--messages", 100, "--spam-every", 10, "--size", 300)
    r = completed(t.sync())
    without = r["documents_indexed"]
    r = completed(t.sync(change=lambda c: c.replace("include_spam_and_trash: false",
                                                    "include_spam_and_trash: true")))
    true(r["documents_indexed"] > 0 and without + r["documents_indexed"] == 100, r)


def test_three_pages_of_messages_and_users():
    t = rig.Tenant("--users", 1100, "--messages", 1, "--size", 200)
    same(completed(t.sync())["documents_indexed"], 1100)
    t = rig.Tenant("--users", 1, "--messages", 1207, "--size", 200)
    same(completed(t.sync())["documents_indexed"], 1207)


def test_one_mailbox_only():
    t = rig.Tenant("--users", 3, "--messages", 7, "--size", 300)
    user = t.users()[1]["user"]
    r = completed(t.sync("--mailbox", user))
    same(sorted(t.docs()), sorted(t.messages(user)))
    same(r["mailboxes_done"], 1)


def test_ndjson_is_what_elasticsearch_gets():
    t = rig.Tenant("--users", 2, "--messages", 20, "--size", 900, "--shape", "all")
    path = os.path.join(t.dir, "out.ndjson")
    r = completed(t.sync("--to", "ndjson:" + path))
    same(r["documents_indexed"], 40)
    same(stat.S_IMODE(os.stat(path).st_mode), 0o600, "mode of the file")
    same(t.stats()["requests"].get("es_root", 0), 0, "Elasticsearch is not asked")
    completed(t.sync())
    import json
    lines = open(path).read().splitlines()
    docs = t.docs()
    same(len(lines), 80)
    for action, source in zip(lines[0::2], lines[1::2]):
        head = json.loads(action)["index"]
        same(json.loads(source), docs[head["_id"]]["_source"])
        same(head["_index"], "search-gmail")


def test_standard_output_carries_documents_only():
    t = rig.Tenant("--users", 1, "--messages", 5, "--size", 300)
    import json
    r = t.sync("--to", "-")
    same(r.code, 0)
    lines = r.out.splitlines()
    same(len(lines), 10)
    for line in lines:
        json.loads(line)
    same(r["documents_indexed"], 5)


def test_dry_run_writes_nothing_and_estimates():
    t = rig.Tenant("--users", 2, "--messages", 120, "--size", 2000)
    r = completed(t.sync("--dry-run"))
    same((r["messages_listed"], r["sampled"], r["quota_units"]), (240, 100, 4800))
    true(abs(r["estimated_bytes"] - 240 * 2000) < 240 * 400, r)
    stats = t.stats()
    same((stats["requests"].get("es_root", 0), stats["message_bytes"]), (0, 0))


def test_gzip_of_request_bodies():
    t = rig.Tenant("--users", 1, "--messages", 50, "--size", 5000)
    completed(t.sync())
    plain = t.stats()["bulk_bytes"]
    change = lambda c: c.replace("  password:", "  compress: true\n  password:")
    r = completed(t.sync("--full", change=change))
    same(r["documents_updated"], 50)
    true(r["bytes_out"] < plain, r)


def test_a_mail_of_50_mb_passes():
    t = rig.Tenant("--users", 1, "--messages", 3, "--size", 1000, "--big", 1, 50)
    for change in (None, full):
        r = completed(t.sync("--full", change=change, timeout=300))
        same((r["skipped_too_large"], r["documents_indexed"]), (0, 4), "50 MB")


def test_the_terminal_form_ends_with_a_table():
    t = rig.Tenant("--users", 1, "--messages", 5, "--size", 300)
    path = t.write_config()
    command = f"{rig.BINARY} sync -c {path}"
    done = subprocess.run(["script", "-qec", command, "/dev/null"], capture_output=True, text=True,
                          env=rig.clean_env({"TERM": "xterm"}), timeout=60)
    true("documents indexed" in done.stdout and "Sync completed" in done.stdout, done.stdout[-2000:])


def test_plain_form_is_key_value():
    t = rig.Tenant("--users", 1, "--messages", 5, "--size", 300)
    done = subprocess.run([rig.BINARY, "sync", "-c", t.write_config()], capture_output=True, text=True,
                          env=rig.clean_env(), timeout=60)
    true(done.stdout.startswith("summary ") and " documents_indexed=5 " in done.stdout, done.stdout)
