# SPDX-License-Identifier: Apache-2.0
"""The text of Exchange's attachments by the text extraction service (acceptance 117). What the fake
Exchange has as content is taken from a sync without that service."""
import collections
import hashlib
import json
import time

import rig
from rig import decoded, same, true
from servers import Extraction
from test_outlook import NOBODY, World, ndjson, stored, sync
from test_outlook_documents import tenant

HUGE = 10485761  # bytes of huge.pdf: one more than service.max_file_download_size
CONTENTS = {}  # of the attachments of tenant(items=24), by their ids; read once


def contents():
    if not CONTENTS:
        r = sync(tenant(items=24), "--to", "-", extra=f"service:\n  max_file_download_size: {HUGE}\n")
        same(r.code, 0, r.err)
        CONTENTS.update({k: decoded(d["_attachment"]) for k, d in ndjson(r).items() if "_attachment" in d})
        true(HUGE in map(len, CONTENTS.values()), "no large file")
    return CONTENTS


def host(service, path="", more=""):
    return f"extraction_service:\n  host: http://127.0.0.1:{service.port}{path}\n{more}"


def extract(t, extra, *flags, code=0):
    r = sync(t, *(flags or ("--to", "-")), extra=extra, use_text_extraction_service=True)
    same(r.code, code, r.err[-2000:])
    return r


def attachments(docs):
    return {k: d for k, d in docs.items() if d["type"].endswith("Attachment")}


def bodies(r):
    """The member body of attachments that have it; no document has content."""
    docs = ndjson(r)
    true(not any("_attachment" in d for d in docs.values()), "_attachment")
    true(not any("body" in d for d in docs.values() if not d["type"].endswith("Attachment")), "an item with body")
    return {k: d["body"] for k, d in attachments(docs).items() if "body" in d}


def name(data):
    return f"text of {hashlib.sha256(data).hexdigest()}"


def tells(data):
    return 200, json.dumps({"extracted_text": name(data)}).encode()


def warned(r, code):
    lines = [line for line in r.err.splitlines() if "EXTRACT_" in line or "files indexed without" in line]
    return sum(code in line for line in lines)


def test_a117_text_takes_the_place_of_content():
    service = Extraction(tells)
    t = tenant(items=24)
    r = extract(t, host(service, "/under"))
    same(bodies(r), {k: name(data) for k, data in contents().items()})
    same(r.summary.get("texts_missing", 0), 0)
    for head, data in service.requests:
        same((head["path"], head["content-type"], head["accept"], head["content-length"]),
             ("/under/extract_text/", "application/octet-stream", "application/json", str(len(data))))
    same(len(service.requests), len(contents()))
    true(HUGE in (len(data) for _, data in service.requests), "the bound of content is not for texts")


def test_a117_answers_that_are_odd():
    text = "\u0000\u001f\"\\/\b\n\u007f é € 😀 \ufffe " * 2000
    wanted, answers = {}, [
        (text, 200, json.dumps({"extracted_text": text}).encode()),
        (text, 200, json.dumps({"_meta": {"extracted_text": "no", "error": "no"}, "extracted_text": text}, ensure_ascii=False).encode()),
        ("", 200, b'{"extracted_text": ""}'),
        ("last", 200, b' {"extracted_text":"first","extracted_text":"last"}\r\n'),
        ("é", 200, [b'{"extracted_text":"\xc3', b'\xa9"', b"}"]),
        ("x\ufffdy", 200, b'{"extracted_text":"x\xe2\x82y"}'),
        ("x\ufffdy", 200, b'{"extracted_text":"x\\ud83dy"}'),
    ]

    def says(data):
        wanted[data], status, answer = answers[len(wanted) % len(answers)]
        return status, answer

    service = Extraction(says)
    r = extract(tenant(items=48), host(service) + "outlook:\n  requests: 1\n  requests_per_mailbox: 1\n")
    same(collections.Counter(bodies(r).values()).keys(), {a[0] for a in answers})
    same(r.summary.get("texts_missing", 0), 0)


def test_a117_errors_of_the_service_cost_only_the_text():
    answers = [
        (500, b'{"extracted_text":"no"}'), (404, b"gone"), (429, b""), (302, b""), (200, b'{"error":"broken","message":"so"}'),
        (200, b'{"extracted_text":"no","error":"broken"}'), (200, b""), (200, b"no json"), (200, b'{"extracted_text":"cut'),
        (200, b'{"extracted_text":null}'), (200, b'{"text":"no"}'), (200, b'["extracted_text"]'), (201, b'{"extracted_text":"no"}'),
    ]
    for answer in answers:
        service = Extraction(lambda _data, answer=answer: answer)
        r = extract(tenant(items=12, size=300), host(service))
        got = bodies(r)
        true(got and set(got.values()) == {""}, f"{answer}: {got}")
        same((r["end"], r["texts_missing"], len(service.requests)), ("completed", len(got), len(got)), str(answer))
        same(warned(r, "EXTRACT_") + r.err.count("HTTP_REDIRECT"), 1, r.err)
        rig.stop_all()


def test_a117_one_bad_file_among_others():
    bad = max(contents().values(), key=len)
    service = Extraction(lambda data: (200, b'{"error":"no"}') if data == bad else tells(data))
    r = extract(tenant(items=24), host(service))
    same(bodies(r), {k: "" if data == bad else name(data) for k, data in contents().items()})
    same(r["texts_missing"], sum(data == bad for data in contents().values()))
    true("cannot read a file" in r.err, r.err)


def test_a117_a_service_that_is_away():
    service = Extraction(tells)
    service.terminate()
    r = extract(tenant(items=12, size=300), host(service))
    got = bodies(r)
    true(got and set(got.values()) == {""}, str(got))
    end = next(line for line in r.lines if "end" in line)
    same((end["end"], end["texts_missing"]), ("completed", len(got)))
    true(r.err.count("retry_in_ms") <= 8, "each file has waited for it")


def test_a117_a_service_that_hangs_up_is_asked_again():
    asked = collections.Counter()

    def says(data):
        asked[data] += 1
        return tells(data) if asked[data] > 2 else None

    service = Extraction(says)
    r = extract(tenant(items=12, size=300), host(service))
    same(set(bodies(r).values()), {name(data) for data in asked})
    same(r.summary.get("texts_missing", 0), 0)


def test_a117_a_service_that_takes_too_long_is_not():
    asked = collections.Counter()

    def says(data):
        asked[data] += 1
        time.sleep(4 if len(data) == 1024 else 0)
        return tells(data)

    service = Extraction(says)
    r = extract(tenant(items=12, size=300), host(service, more="  timeout: 2\n"))
    slow = [data for data in asked if len(data) == 1024]
    same((len(slow), [asked[data] for data in slow]), (1, [1]), "files of 1024 bytes")
    same(collections.Counter(bodies(r).values())[""], 1)
    same(r["texts_missing"], 1)
    true("took too long for a file" in r.err, r.err)


def test_a117_large_answers():
    sizes = {"page": 25 << 20, "gone": 90 << 20}

    def says(which):
        def answer(data):
            if len(data) != 1024:
                return tells(data)
            return 200, b'{"extracted_text":"' + b"x" * sizes[which] + b'"}'
        return answer

    t = tenant(items=12, size=300)
    anyhow = "elasticsearch.bulk.max_text_document_size: 0\n"
    r = extract(t, host(Extraction(says("page"))) + anyhow)
    same(max(map(len, bodies(r).values())), sizes["page"])
    r = extract(t, host(Extraction(says("page"))))  # as a mail of that size
    same((r["skipped_text_size"], max(map(len, bodies(r).values())) < 100), (1, True))
    r = extract(t, host(Extraction(says("gone"))) + anyhow)
    same((collections.Counter(bodies(r).values())[""], r["texts_missing"]), (1, 1))
    true("larger than the largest buffer" in r.err, r.err)


def test_a117_without_a_service_there_is_neither():
    t = tenant(items=12, size=300)
    r = extract(t, "")
    true(attachments(ndjson(r)), "no attachments")
    same((bodies(r), r.err.count("extraction_service.host")), ({}, 1))
    same(t.stats()["ews_operations"]["GetAttachment"], 0)
    service = Extraction(tells)
    r = sync(t, "--to", "-", extra=host(service))  # the record does not ask for it
    true(any("_attachment" in d for d in ndjson(r).values()), "no content")
    same(service.requests, [])


def test_a117_jobs_of_the_service():
    broken = [True]
    service = Extraction(lambda data: (500, b"") if broken[0] else tells(data))
    w = World(*NOBODY)
    w.top = host(service)
    w.set(pipeline={"name": "search-default-ingestion", "extract_binary_content": False, "reduce_whitespace": True,
                    "run_ml_inference": True})
    w.serve()
    w.fill(use_text_extraction_service=True)
    w.connected()
    for texts in ([""], None):
        broken[0] = texts is not None
        del service.requests[:]
        job = w.wait_job(w.job(), "completed", "error")
        same((job["status"], job["error"]), ("completed", None))
        got = {k: d["body"] for k, d in attachments(stored(w.tenant, "search-c1")).items() if "body" in d}
        true(got and not any("_attachment" in d for d in stored(w.tenant, "search-c1").values()), "content")
        same(set(got.values()), set(texts or map(name, (data for _, data in service.requests))))
        same(job["metadata"]["mailferry"].get("texts_missing", 0), len(got) if broken[0] else 0)
