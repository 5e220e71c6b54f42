# SPDX-License-Identifier: Apache-2.0
"""What jobs of the service do to documents: incremental runs, sync rules, access control. Names carry the
numbers of the acceptance rows."""
import json
import re
import time

from rig import same, true
from test_serve import World, body, default_filtering, ready
from test_serve_bulk import ask


def done(w, **wanted):
    record = w.wait_job(w.job(**wanted), "completed", "error")
    same((record["status"], record["error"]), ("completed", None))
    w.wait(lambda: w.record()["last_sync_status"] in ("completed", None))
    return record


def rules(*basic, queries=()):
    filtering = default_filtering()
    filtering[0]["active"]["rules"] = [
        {"id": f"r{i}", "order": i, "policy": "exclude", "field": field, "rule": rule, "value": value}
        for i, (field, rule, value) in enumerate(basic)]
    if queries:
        filtering[0]["active"]["advanced_snippet"]["value"] = {"messages": list(queries)}
    return filtering


def counts(record):
    return record["indexed_document_count"], record["deleted_document_count"]


def refresh(w, index):
    """A scan sees what was refreshed; nobody asks for that after an access control job, time does it."""
    ask(w, "POST", f"/{index}/_refresh")


def fetched(w):
    return w.tenant.stats()["requests"].get("messages_get", 0)


def test_a91_a92_a110_incremental_reads_what_is_new():
    w = ready()
    w.set(features={"incremental_sync": {"enabled": True}})
    same(counts(done(w)), (20, 0))
    before = fetched(w)
    same(counts(done(w, job_type="incremental")), (0, 0))
    same(fetched(w) - before, 0, "messages asked for")
    same(counts(done(w)), (20, 0))
    same(fetched(w) - before, 20)


def test_a93_a67_rules_delete_what_they_exclude():
    w = ready()
    same(counts(done(w)), (20, 0))
    gone = sorted(w.tenant.docs("search-c1"))[:3]
    before = fetched(w)
    w.set(filtering=rules(*[("id", "equals", key) for key in gone]))
    same(counts(done(w)), (17, 3))
    same(fetched(w) - before, 17, "what is excluded by its id is not read")
    true(not set(gone) & set(w.tenant.docs("search-c1")), "deleted")
    w.set(filtering=rules(("_timestamp", "<", "9")))  # all of them, and all have to be read
    record = done(w)
    same(counts(record), (0, 17))
    w.set(filtering=rules())
    same(counts(done(w)), (20, 0))


def test_a107_each_query_lists_and_nothing_comes_twice():
    w = ready()
    messages = w.tenant.messages()
    times = sorted(int(m["internalDate"]) // 1000 for m in messages.values())
    middle = times[len(times) // 2]
    w.set(filtering=rules(queries=[f"after:{times[0] - 1}", f"after:{middle}", f"before:{middle}"]))
    same(counts(done(w)), (20, 0))
    same(fetched(w), 20, "an id that two queries find is read once")
    requests = w.tenant.stats()["requests"]
    same(requests["messages_list"], 6, "two mailboxes, three queries")


def test_a100_a109_access_control_documents():
    w = World()
    w.serve()
    w.configured(use_document_level_security=True)
    w.connected()
    index = ".search-acl-filter-search-c1"
    users = [u["user"] for u in w.tenant.users()]
    for _ in range(2):  # new, then known
        record = w.wait_job(w.job(job_type="access_control"), "completed", "error")
        same((record["status"], counts(record)), ("completed", (2, 0)))
        w.wait(lambda: w.record()["last_access_control_sync_status"] == "completed")
        docs = w.tenant.docs(index)
        same(sorted(docs), sorted(users))
        refresh(w, index)
    for user in users:
        source = docs[user]["_source"]
        same((source["id"], source["identity"]), (user, {"email": user}))
        true(source["created_at"].startswith("2020-03-"), source["created_at"])
        template = source["query"]["template"]
        same(template["params"], {"access_control": [user]})
        query = json.loads(template["source"].replace("{{#toJson}}access_control{{/toJson}}", json.dumps([user])))
        same(query["bool"]["should"][1], {"terms": {"_allow_access_control.keyword": [user]}})
        same(query["bool"]["should"][0],
             {"bool": {"must_not": {"exists": {"field": "_allow_access_control"}}}})
    bulk = [e["body"] for e in w.recorder.find("_bulk")]
    same([b.count(b'{"update"') for b in bulk], [0, 2])
    same([b.count(b'"_timestamp"') for b in bulk], [2, 0])
    w.tenant.post("users", user=users[0], state="deleted")
    record = w.wait_job(w.job(job_type="access_control"), "completed", "error")
    same((record["status"], counts(record)), ("completed", (1, 1)))
    same(sorted(w.tenant.docs(index)), users[1:])
    same(w.recorder.find(r"PUT /\.search-acl"), [])


def test_a68_the_index_is_an_alias():
    w = ready()
    ask(w, "PUT", "/behind", {"aliases": {"search-c1": {"is_write_index": True}}})
    mark = len(w.recorder.log)
    same(counts(done(w)), (20, 0))
    true(w.recorder.find(r"GET /search-c1\?ignore_unavailable=true", mark), "asked for")
    same(w.recorder.find("PUT /(search-c1|behind)", mark), [])
    same(len(w.tenant.docs("behind")), 20)
    same(counts(done(w)), (20, 0))


def test_a83_checks_of_the_job_fail_for_a_while():
    w = World("--messages", 600)
    w.serve()
    w.configured()
    w.connected()
    w.tenant.post("options", latency_ms=100)
    job = w.job()
    w.wait(lambda: w.recorder.find("_bulk"))
    w.tenant.post("options", latency_ms=500)
    w.tenant.post("faults", path="/.elastic-connectors-sync-jobs/_doc/", method="GET", count=-1, status=500)
    mark = len(w.recorder.log)
    time.sleep(11)
    failed = [e for e in w.recorder.find("GET /.elastic-connectors-sync-jobs/_doc", mark) if e.get("status") == 500]
    true(len(failed) >= 2, w.recorder.lines(mark))
    same((w.jobs()[job]["status"], w.services[0].poll()), ("in_progress", None))
    w.tenant.control("DELETE", "faults")
    w.tenant.post("options", latency_ms=0)
    w.wait_job(job, "completed")
    same(len(w.tenant.docs("search-c1")), 1200)


def by_type(features):
    """A connector that is chosen by its type: its features are left as they are."""
    w = World(connectors=(), service="  worker_mode: true\n  service_types: [gmail]\n")
    w.connector("c1", service_type="gmail", features=features)
    w.serve()
    w.configured(use_document_level_security=True)
    w.connected()
    return w


def test_a84_a108_without_document_level_security():
    w = by_type({"document_level_security": {"enabled": False}, "sync_rules": {"basic": {"enabled": True}}})
    job = w.job(job_type="access_control")
    same(counts(done(w)), (20, 0))  # and rounds go on
    time.sleep(2)
    same((w.jobs()[job]["status"], w.record()["features"]["document_level_security"]), ("pending", {"enabled": False}))
    same([d for d in w.tenant.docs("search-c1").values() if "_allow_access_control" in d["_source"]], [])
    w.set(features={"document_level_security": {"enabled": True}})
    w.wait_job(job, "completed")


def test_a85_access_control_touches_nothing_else():
    w = World()
    w.serve()
    w.configured(use_document_level_security=True)
    w.connected()
    before, mark = w.record(), len(w.recorder.log)
    record = w.wait_job(w.job(job_type="access_control"), "completed", "error")
    same((record["status"], record["error"], counts(record)), ("completed", None, (2, 0)))
    w.wait(lambda: w.record()["last_access_control_sync_status"] == "completed")
    after = w.record()
    changed = {k for k in after if after[k] != before.get(k)}
    same(changed - {"last_synced", "last_seen"}, {"last_access_control_sync_status", "last_indexed_document_count",
                                                  "last_deleted_document_count"})
    written = {k for e in w.recorder.find("POST /.elastic-connectors/_update/c1", mark) for k in body(e)["doc"]}
    same({k for k in written if k in ("sync_cursor", "last_sync_status", "last_sync_error")}, set())
    lines = [json.loads(line) for e in w.recorder.find("_bulk", mark) for line in e["body"].splitlines()]
    same({line["index"]["_index"] for line in lines if "index" in line}, {".search-acl-filter-search-c1"})
    same(w.recorder.find(r"PUT /\.search-acl|PUT /search-c1", mark), [])
    same(len(w.tenant.docs(".search-acl-filter-search-c1")), 2)


def test_a108_the_owner_of_each_document():
    w = World()
    w.tenant.post("users", user="Mixed.Case@example.test", state="ok", add=True)
    w.tenant.post("messages", user="Mixed.Case@example.test", add=3)
    w.serve()
    w.configured(use_document_level_security=True)
    w.connected()
    same(counts(done(w)), (23, 0))
    docs = w.tenant.docs("search-c1")
    for user in w.tenant.users():
        for key in w.tenant.messages(user["user"]):
            same(docs[key]["_source"]["_allow_access_control"], [user["user"]])
    true("Mixed.Case@example.test" in str(docs), "unchanged")
    w.tenant.post("connectors", id="c1", values={"use_document_level_security": False})
    same(counts(done(w)), (23, 0))
    same([d for d in w.tenant.docs("search-c1").values() if "_allow_access_control" in d["_source"]], [])
