# SPDX-License-Identifier: Apache-2.0
"""Into a real Elasticsearch: what is in the index, document by document, and every way it refuses."""
import json
import os
import threading
import time

import node
import rig
from rig import completed, same, true
from test_purge import delete
from test_sync import dls, full

FLAGS = ["_extract_binary_content", "_reduce_whitespace", "_run_ml_inference"]
ALL_RIGHTS = ["read", "write", "view_index_metadata", "create_index", "maintenance"]


def main():
    # Blocks that a test sets are not to be lifted by the watch over the disk.
    return node.get("main", "cluster.info.update.interval=1h", secure=True)


def tenant(users=2, messages=30, size=600, *more):
    return rig.Tenant("--users", users, "--messages", messages, "--size", size, *more)


def there(n, t, index):
    docs = n.docs(index)
    same(sorted(docs), sorted(t.messages()), "ids")
    return docs


def notes(r):
    return " ".join(r["notes"])


# ---- what is in the index

def test_full_raw_messages_document_by_document():
    n, t = main(), tenant(3, 150, 3000, "--shape", "all")
    same(n.exists("/gmail-full"), False, "the index is there before")
    r = completed(t.sync(change=n.change("gmail-full", also=full)))
    docs = there(n, t, "gmail-full")
    for key, message in t.messages().items():
        source = docs[key]["_source"]
        same(sorted(source), sorted(["id", "_attachment", "_timestamp", *FLAGS]), "fields")
        same(rig.decoded(source["_attachment"]), rig.decoded(message["raw"]), f"raw of {key}")
        same((source["id"], source["_timestamp"]), (key, message["internalDate"]))
        same([source[k] for k in FLAGS], [True] * 3)
    same((r["documents_indexed"], r["skipped_rejected"], r["documents_updated"]), (450, 0, 0))


def test_trimmed_messages_are_what_the_file_has():
    n, t = main(), tenant(2, 80, 2500, "--shape", "all")
    key = n.api_key()
    completed(t.sync(change=n.change("gmail-trimmed", api_key=key, also=dls)))
    path = os.path.join(t.dir, "out.ndjson")
    completed(t.sync("--to", "ndjson:" + path, change=n.change("gmail-trimmed", also=dls)))
    lines = list(map(json.loads, open(path)))
    docs = there(n, t, "gmail-trimmed")
    for action, source in zip(lines[0::2], lines[1::2]):
        same(action["index"]["_index"], "gmail-trimmed")
        same(docs[action["index"]["_id"]]["_source"], source)
    owners = {u["user"]: sorted(t.messages(u["user"])) for u in t.users()}
    for user, ids in owners.items():
        same(sorted(k for k, d in docs.items() if d["_source"]["_allow_access_control"] == [user]), ids)


def test_second_sync_writes_nothing():
    n, t = main(), tenant(2, 700)
    completed(t.sync(change=n.change("gmail-twice")))
    before = {k: (d["_version"], d["_seq_no"]) for k, d in there(n, t, "gmail-twice").items()}
    t.control("DELETE", "stats")
    r = completed(t.sync(change=n.change("gmail-twice")))
    same((r["documents_indexed"], r["documents_unchanged"], r["documents_deleted"]), (0, 1400, 0))
    same(t.stats()["requests"].get("messages_get", 0), 0, "messages asked for")
    same({k: (d["_version"], d["_seq_no"]) for k, d in n.docs("gmail-twice").items()}, before)
    r = completed(t.sync("--full", change=n.change("gmail-twice")))
    same(r["documents_updated"], 1400)


def test_deleted_messages_go():
    n, t = main(), tenant(2, 1300, 300)  # three pages of the scan
    completed(t.sync(change=n.change("gmail-purge")))
    user = t.users()[0]["user"]
    gone = delete(t, user, 40)
    t.post("messages", user=user, add=7)
    r = completed(t.sync(change=n.change("gmail-purge")))
    same((r["documents_deleted"], r["documents_indexed"]), (40, 7))
    true(not set(gone) & set(there(n, t, "gmail-purge")), "gone")


def test_owners_protect_in_a_real_index():
    n, t = main(), tenant(3, 40, 300)
    completed(t.sync(change=n.change("gmail-owners", also=dls)))
    a, b = t.users()[0]["user"], t.users()[1]["user"]
    delete(t, a, 3)
    gone = delete(t, b, 5)
    t.post("users", user=a, state="no_mail")
    r = completed(t.sync(change=n.change("gmail-owners", also=dls)))
    same((r["documents_deleted"], r["kept_from_purge"]), (5, 40))
    docs = n.docs("gmail-owners")
    true(len(docs) == 115 and not set(gone) & set(docs), str(len(docs)))


def test_alias():
    n, t = main(), tenant()
    n.ask("PUT", "/gmail-behind-1", {"aliases": {"gmail-alias": {"is_write_index": True}}})
    completed(t.sync(change=n.change("gmail-alias")))
    there(n, t, "gmail-behind-1")
    delete(t, t.users()[0]["user"], 4)
    r = completed(t.sync(change=n.change("gmail-alias")))
    same((r["documents_deleted"], r["documents_unchanged"]), (4, 56))
    there(n, t, "gmail-behind-1")


def test_gzip_and_many_small_requests():
    n, t = main(), tenant(2, 100, 4000)
    more = "  compress: true\n  bulk:\n    chunk_size: 20\n    max_concurrency: 3\n"
    completed(t.sync(change=n.change("gmail-gzip", more=more, also=full)))
    for key, doc in there(n, t, "gmail-gzip").items():
        same(rig.decoded(doc["_source"]["_attachment"]), rig.decoded(t.messages()[key]["raw"]))
        break
    same(len(n.docs("gmail-gzip")), 200)


# ---- pipelines

def test_pipelines():
    n, t = main(), tenant(1, 30)
    default = "search-default-ingestion"
    mark = {"set_security_user": {"field": "by", "properties": ["username"]}}
    n.ask("PUT", "/_ingest/pipeline/mine", {"processors": [mark]})
    r = completed(t.sync(change=n.change("gmail-pipe-absent")))
    true("searchable" in notes(r), r)
    try:
        n.ask("PUT", "/_ingest/pipeline/" + default, {"processors": []})
        r = completed(t.sync(change=n.change("gmail-pipe-empty")))
        true("searchable" in notes(r), r)
        n.ask("PUT", "/_ingest/pipeline/" + default, {"processors": [mark]})
        for index, entry, marked in (("gmail-pipe-default", "", True),
                                     ("gmail-pipe-mine", "    pipeline: mine\n", True),
                                     ("gmail-pipe-none", "    pipeline: none\n", False)):
            completed(t.sync(change=n.change(index, entry)))
            same(["by" in d["_source"] for d in there(n, t, index).values()], [marked] * 30, index)
        there(n, t, "gmail-pipe-absent")
        there(n, t, "gmail-pipe-empty")
    finally:
        n.ask("DELETE", "/_ingest/pipeline/" + default)


def test_named_pipeline_that_is_missing():
    n, t = main(), tenant(1, 30)
    r = t.sync(change=n.change("gmail-nowhere", "    pipeline: nowhere\n"))
    same((r.code, r["error"]["code"]), (1, "ES_PIPELINE_MISSING"), r.text())
    true("nowhere" in r["error"]["detail"], r)
    same(t.stats()["messages_served"], 0)
    # A key that may not read pipelines learns it from the first refusal.
    key = n.api_key(indices=[{"names": ["gmail-*"], "privileges": ALL_RIGHTS}])
    r = t.sync(change=n.change("gmail-nowhere", "    pipeline: nowhere\n", api_key=key))
    same((r.code, r["error"]["code"], r["skipped_rejected"]), (1, "ES_PIPELINE_MISSING", 0), r.text())
    true("nowhere" in r["error"]["detail"], r)


# ---- rights

def test_key_with_rights_on_the_index_only():
    n, t = main(), tenant()
    key = n.api_key(indices=[{"names": ["gmail-least"], "privileges": ALL_RIGHTS}])
    r = completed(t.sync(change=n.change("gmail-least", api_key=key)))
    # It may not see that there is no default pipeline: the documents went in without.
    true("searchable" in notes(r), r)
    delete(t, t.users()[0]["user"], 4)
    same(completed(t.sync(change=n.change("gmail-least", api_key=key)))["documents_deleted"], 4)
    there(n, t, "gmail-least")


def test_key_without_rights():
    n, t = main(), tenant()
    n.ask("PUT", "/gmail-locked")
    for rights, index, words in (
            (["read", "view_index_metadata"], "gmail-locked", ("gmail-locked", "write")),
            (["read"], "gmail-locked", ("gmail-locked",)),
            (["read", "write", "view_index_metadata"], "gmail-absent", ("gmail-absent", "create_index")),
            (ALL_RIGHTS, "other-index", ("other-index", "view_index_metadata"))):
        key = n.api_key(indices=[{"names": ["gmail-*"], "privileges": rights}])
        r = t.sync(change=n.change(index, api_key=key))
        same((r.code, r["error"]["code"]), (1, "ES_FORBIDDEN"), r.text())
        for word in words:
            true(word in r["error"]["detail"], f"{word} of {rights}: {r['error']}")
        same((r["skipped_rejected"], r["documents_indexed"]), (0, 0), r.text())
        true(key not in r.out + r.err, "the key is in the output")


def test_wrong_credentials():
    n, t = main(), tenant(1, 3)
    r = t.sync(change=n.change("gmail-who", also=lambda c: c.replace(node.PASSWORD, "wrong-guess")))
    same((r.code, r["error"]["code"]), (1, "ES_UNAUTHORIZED"), r.text())
    r = t.sync(change=n.change("gmail-who", api_key="bm9ib2R5Om5vdGhpbmc="))
    same((r.code, r["error"]["code"]), (1, "ES_UNAUTHORIZED"), r.text())
    key = n.api_key()
    n.ask("DELETE", "/_security/api_key", {"name": "mailferry"})
    r = t.sync(change=n.change("gmail-who", api_key=key))
    same((r.code, r["error"]["code"]), (1, "ES_UNAUTHORIZED"), r.text())
    same(t.stats()["tokens_issued"], 0, "Google is asked before")


# ---- single documents that are refused

def test_mapping_that_does_not_fit_one_field():
    n, t = main(), tenant(1, 40, 2000)
    # Without ignore_above, a keyword of more than 32,766 bytes is refused: the two large ones.
    n.ask("PUT", "/gmail-keyword", {"mappings": {"properties": {"_attachment": {"type": "keyword"}}}})
    user = t.users()[0]["user"]
    large = json.loads(t.post("messages", user=user, add=2, bytes=60000))
    r = completed(t.sync(change=n.change("gmail-keyword", also=full)))
    same((r["skipped_rejected"], r["documents_indexed"]), (2, 40), r.text())
    named = [line for line in r.lines if "_attachment" in str(line)]
    same(len(named), 2, r.text())
    same(sorted(line["labels"]["message"] for line in named), sorted(large["added"]))
    same(len(n.docs("gmail-keyword")), 40)


def test_mapping_that_fits_no_document():
    n = main()
    wrong = {"mappings": {"properties": {"_timestamp": {"type": "boolean"}}}}
    strict = {"mappings": {"dynamic": "strict", "properties": {"id": {"type": "keyword"}}}}
    for index, mapping, word in (("gmail-boolean", wrong, "_timestamp"),
                                 ("gmail-strict", strict, "strict")):
        n.ask("PUT", "/" + index, mapping)
        t = tenant(1, 5)
        r = t.sync(change=n.change(index))
        same((r["skipped_rejected"], r["documents_indexed"]), (5, 0), r.text())
        true(word in r.err, r)
        rig.stop_all()
        t = tenant(1, 60)
        r = t.sync(change=n.change(index))
        same((r.code, r["error"]["code"]), (1, "BULK_TOO_MANY_ERRORS"), r.text())
        true(word in str(r["error"]), r)
        rig.stop_all()


def test_time_stamps_under_other_mappings():
    n = main()
    for kind in ("long", "keyword", "date"):
        t = tenant(1, 20)
        index = "gmail-time-" + kind
        n.ask("PUT", "/" + index, {"mappings": {"properties": {"_timestamp": {"type": kind}}}})
        completed(t.sync(change=n.change(index)))
        same(completed(t.sync(change=n.change(index)))["documents_unchanged"], 20, kind)
        rig.stop_all()


# ---- blocks

def test_disk_full_waits_and_then_says_so():
    for block in ("read_only_allow_delete", "write"):
        n, t = main(), tenant(1, 60)
        index = "gmail-block-" + block.replace("_", "-")
        n.ask("PUT", "/" + index, {"settings": {f"index.blocks.{block}": True}})
        start = time.time()
        r = t.sync(change=n.change(index, more="  max_retries: 3\n"))
        same((r.code, r["error"]["code"]), (1, "ES_DISK_FULL"), r.text())
        true(index in str(r["error"]), r)
        same((r["skipped_rejected"], r["documents_indexed"], r["documents_deleted"]), (0, 0, 0), r.text())
        true(time.time() - start > 2, "no patience")
        n.ask("PUT", f"/{index}/_settings", {f"index.blocks.{block}": None})
        completed(t.sync(change=n.change(index)))
        there(n, t, index)
        rig.stop_all()


def test_disk_full_for_a_while():
    n, t = main(), tenant(2, 100)
    setting = "index.blocks.read_only_allow_delete"
    n.ask("PUT", "/gmail-relief", {"settings": {setting: True}})
    relief = threading.Timer(2.5, lambda: n.ask("PUT", "/gmail-relief/_settings", {setting: None}))
    relief.start()
    r = completed(t.sync(change=n.change("gmail-relief")))
    relief.join()
    same((r["documents_indexed"], r["skipped_rejected"]), (200, 0))
    there(n, t, "gmail-relief")


def test_memory_breaker_for_a_while():
    n, t = main(), tenant(1, 100)
    n.ask("PUT", "/gmail-breaker")
    setting = "indices.breaker.total.limit"
    n.ask("PUT", "/_cluster/settings", {"transient": {setting: "1%"}})
    relief = threading.Timer(2.5, lambda: n.ask("PUT", "/_cluster/settings",
                                                {"transient": {setting: None}}))
    relief.start()
    try:
        r = completed(t.sync(change=n.change("gmail-breaker")))
        true(r["retries"] >= 1, r)
    finally:
        relief.join()
    there(n, t, "gmail-breaker")


# ---- too much at once

def test_429_for_whole_requests():
    n, t = node.get("small", "indexing_pressure.memory.limit=200kb"), tenant(2, 100, 4000)
    r = completed(t.sync(change=n.change("gmail-pressure", also=full)))
    same((r["documents_indexed"], r["skipped_rejected"]), (200, 0))
    there(n, t, "gmail-pressure")
    true(r["retries"] > 0, r)


def test_429_for_one_document():
    n, t = node.get("small", "indexing_pressure.memory.limit=200kb"), tenant(1, 20, 800, "--big", 1, 1)
    r = completed(t.sync(change=n.change("gmail-heavy", also=full)))
    same((r["documents_indexed"], r["skipped_rejected"]), (20, 1), r.text())
    true("indexing_pressure.memory.limit" in r.err + r.out, r)
    same(len(n.docs("gmail-heavy")), 20)


def test_429_for_all_items():
    n = node.get("primary", "indexing_pressure.memory.primary.limit=60kb")
    t = tenant(2, 60, 2000)
    r = completed(t.sync(change=n.change("gmail-primary", also=full)))
    same((r["documents_indexed"], r["skipped_rejected"]), (120, 0))
    there(n, t, "gmail-primary")


def queue():
    return node.get("queue", "http.max_content_length=1mb", "thread_pool.write.size=1",
                    "thread_pool.write.queue_size=1")


def test_429_for_some_items():
    n, t = queue(), tenant(4, 60, 2000)
    n.ask("PUT", "/gmail-queue", {"settings": {"index.number_of_shards": 8}})
    more = "  bulk:\n    chunk_size: 40\n    max_concurrency: 3\n"
    r = completed(t.sync(change=n.change("gmail-queue", more=more)))
    same((r["documents_indexed"], r["skipped_rejected"]), (240, 0))
    same(t.stats()["messages_served"], 240, "none was read twice")
    there(n, t, "gmail-queue")


def test_413():
    n, t = queue(), tenant(1, 120, 20000, "--big", 1, 2)
    r = completed(t.sync(change=n.change("gmail-413", also=full)))
    same((r["documents_indexed"], r["skipped_rejected"]), (120, 1), r.text())
    true("http.max_content_length" in r.err + r.out, r)
    same(len(n.docs("gmail-413")), 120)


def finish():
    node.stop()
