# SPDX-License-Identifier: Apache-2.0
"""What jobs of the service do to documents: incremental runs, sync rules, access control. Names carry the
numbers of the acceptance rows."""
import base64
import json
import urllib.request

from rig import same, true
from test_serve import World, default_filtering, ready


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
    request = urllib.request.Request(f"{w.recorder.url}/{index}/_refresh", method="POST", headers={
        "Authorization": "Basic " + base64.b64encode(b"elastic:tenant-password").decode()})
    urllib.request.urlopen(request, timeout=10).read()


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
