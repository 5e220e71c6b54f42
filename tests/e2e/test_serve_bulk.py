# SPDX-License-Identifier: Apache-2.0
"""What a job of the service sends to _bulk, what it does when that is refused, and which documents it
deletes. Names carry the numbers of the acceptance rows."""
import base64
import json
import re
import urllib.request

from rig import same, true
from test_serve import World, ready


def ask(w, method, path, body=None):
    """A request to Elasticsearch that is not the service's."""
    request = urllib.request.Request(w.recorder.url + path, method=method, headers={
        "Content-Type": "application/json",
        "Authorization": "Basic " + base64.b64encode(b"elastic:tenant-password").decode()})
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    return json.loads(urllib.request.urlopen(request, data, timeout=10).read() or b"null")


def connected(*arguments, **options):
    w = World(*arguments, **options)
    w.serve()
    w.configured()
    w.connected()
    return w


def ended(w, status="completed", job=None, seconds=60):
    record = w.wait_job(job or w.job(), "completed", "error", seconds=seconds)
    same((record["status"], status == "error" or record["error"]), (status, status == "error" or None))
    w.wait(lambda: w.record()["last_sync_status"] == status)
    return record


def job_that_remembers(w, **snapshot):
    """A job that remembers its connector in another way; it waits until that is so."""
    w.set(last_sync_status="in_progress")
    job = w.job()
    w.tenant.post("jobs", id=job, doc={"connector": snapshot})
    w.set(last_sync_status=None)
    return job


def bulks(w, since=0):
    return w.recorder.find("_bulk", since)


def actions(entry):
    """[(operation, its line, the document or None)] of one bulk request."""
    lines = [json.loads(line) for line in entry["body"].splitlines()]
    found = []
    while lines:
        (op, meta), = lines.pop(0).items()
        found.append((op, meta, None if op == "delete" else lines.pop(0)))
    return found


def all_actions(w, since=0):
    return [a for e in bulks(w, since) for a in actions(e)]


FLAGS = ["_extract_binary_content", "_reduce_whitespace", "_run_ml_inference"]


def test_a87_a88_chunks_pipeline_flags_and_one_stale_id():
    pipeline = {"name": "of-the-job", "extract_binary_content": False, "reduce_whitespace": True,
                "run_ml_inference": False}
    w = connected("--messages", 350, record={"pipeline": pipeline})
    ask(w, "PUT", "/_ingest/pipeline/of-the-job", {"processors": []})
    ask(w, "PUT", "/search-c1/_doc/stale?refresh=true", {"id": "stale", "_timestamp": "1"})
    mark = len(w.recorder.log)
    record = ended(w)
    same((record["indexed_document_count"], record["deleted_document_count"]), (700, 1))
    sent = bulks(w, mark)
    for e in sent:
        true(re.search(r"/_bulk\?pipeline=of-the-job(&|$)", e["path"]), e["path"])
        true(len(e["body"].splitlines()) <= 500, "a chunk is too large")
    true(max(len(e["body"].splitlines()) for e in sent) > 250, "chunks are not small ones")
    found = all_actions(w, mark)
    same(sorted(op for op, _, _ in found), ["delete"] + ["index"] * 700)
    same([meta["_id"] for op, meta, _ in found if op == "delete"], ["stale"])
    same(found[-1][0], "delete", "the last of all")
    same(len({meta["_id"] for _, meta, _ in found}), 701)
    for op, meta, doc in found:
        same(meta["_index"], "search-c1")
        if op == "index":
            same((doc["id"], "_id" in doc), (meta["_id"], False))
            same([doc[k] for k in FLAGS], [False, True, False])


def test_a89_no_pipeline_in_the_snapshot():
    pipeline = {"name": "of-the-record", "extract_binary_content": False, "reduce_whitespace": False,
                "run_ml_inference": False}
    w = connected(record={"pipeline": pipeline})
    mark = len(w.recorder.log)
    ended(w, job=job_that_remembers(w, pipeline=None))
    true(bulks(w, mark), "bulk")
    for e in bulks(w, mark):
        true(re.search(r"/_bulk\?pipeline=search-default-ingestion(&|$)", e["path"]), e["path"])
    for _, _, doc in all_actions(w, mark):
        same([doc[k] for k in FLAGS], [True, True, True])


def test_a94_two_pages_of_the_scan_are_read():
    w = World("--messages", 1)
    w.top = "purge:\n  max_share: 1\n"
    w.serve()
    w.configured()
    w.connected()
    lines = "".join('{"index":{"_id":"old%d"}}\n{"id":"old%d","_timestamp":"1"}\n' % (i, i) for i in range(1103))
    ask(w, "POST", "/search-c1/_bulk?refresh=true", lines.encode())  # one page has 1000
    mark = len(w.recorder.log)
    record = ended(w)
    same((record["indexed_document_count"], record["deleted_document_count"]), (2, 1103))
    same(sorted(w.tenant.docs("search-c1")), sorted(w.tenant.messages()))
    first = w.recorder.find(r"POST /search-c1/_search\?.*scroll=", mark)
    true(len(first) >= 1 and len(w.recorder.find("POST /_search/scroll", mark)) >= 2 * len(first), w.recorder.lines(mark))
    same(len(w.recorder.find("DELETE /_search/scroll", mark)), len(first))


def test_a95_bulk_is_refused_twice_with_429():
    w = connected(elastic="  bulk:\n    max_concurrency: 1\n")
    w.tenant.post("faults", path="/_bulk", count=2, status=429)
    record = ended(w)
    same(record["indexed_document_count"], 20)
    sent = bulks(w)
    same([e["status"] for e in sent][:3], [429, 429, 200])
    same({e["body"] for e in sent[:3]}, {sent[0]["body"]}, "the same batch")
    same(sorted(w.tenant.docs("search-c1")), sorted(w.tenant.messages()))


def refusing(every, count, messages, monitor=""):
    elastic = f"  bulk:\n    max_concurrency: 1\n    error_monitor:\n{monitor}" if monitor else \
        "  bulk:\n    max_concurrency: 1\n"
    w = connected("--messages", messages, elastic=elastic)
    w.tenant.post("es", error_every=every, error_status=400, error_count=count)
    return w


def test_a96_a98_errors_in_a_row():
    w = refusing(1, 11, 20)
    record = ended(w, "error")
    true(record["error"].startswith("TooManyErrors: ") and "11" in record["error"], record["error"])
    same(w.record()["last_sync_error"], record["error"])
    w = refusing(1, 10, 20, "      error_window_size: 0\n")
    record = ended(w)
    same(record["indexed_document_count"], 30, "what failed is not counted")
    same((w.record()["last_indexed_document_count"], len(w.tenant.docs("search-c1"))), (30, 30))


def test_a97_a98_errors_among_the_last_hundred():
    for count, monitor, status in ((16, "", "error"), (15, "", "completed"),
                                   (16, "      enabled: false\n", "completed")):
        w = refusing(6, count, 50, monitor)
        record = ended(w, status)
        same(len(w.tenant.docs("search-c1")), 100 - count)
        if status == "completed":
            same(record["indexed_document_count"], 100 - count)
        else:
            true(record["error"].startswith("TooManyErrors: "), record["error"])


def test_a99_a_large_mail_is_sent_whatever_the_bound_of_texts():
    for elastic in ("", "  bulk:\n    max_text_document_size: 0\n"):
        w = World("--messages", 2, "--big", 1, 4, elastic=elastic)
        w.serve()
        w.configured(include_full_raw_message=True)
        w.connected()
        same(ended(w)["indexed_document_count"], 5)
        large = [d for d in w.tenant.docs("search-c1").values() if len(d["_source"]["_attachment"]) > 4 << 20]
        same(len(large), 1, "the attachment of 4 MiB")
