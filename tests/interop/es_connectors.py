# SPDX-License-Identifier: Apache-2.0
# The connectors API of the Elasticsearch double, which no server at hand has, against what the
# specification says of it (elastic-protocol.md 2 to 4, 8.2, 14), and the control endpoints with
# which tests play Kibana:
#     python3 tests/interop/es_connectors.py
import base64
import http.client
import json
import os
import ssl
import sys
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))

import rig  # noqa: E402
from rig import same, true  # noqa: E402

CONN, JOBS = ".elastic-connectors", ".elastic-connectors-sync-jobs"


class Api:
    def __init__(self, *options):
        self.tenant = rig.Tenant(*options)
        self.context = ssl.create_default_context(cafile=os.path.join(self.tenant.dir, "ca.pem"))
        self.basic = "Basic " + base64.b64encode(b"elastic:tenant-password").decode()
        self.key = None

    def ask(self, method, path, body=None, want=200):
        server = http.client.HTTPSConnection("127.0.0.1", self.tenant.port("elasticsearch"), timeout=30, context=self.context)
        headers = {"Authorization": f"ApiKey {self.key}" if self.key else self.basic}
        if body is not None:
            headers["Content-Type"] = "application/json"
        server.request(method, path, None if body is None else json.dumps(body), headers)
        answer = server.getresponse()
        text = answer.read()
        server.close()
        found = json.loads(text) if text.strip() else {}
        same(answer.status, want, f"{method} {path}: {found}")
        return found

    def refused(self, status, kind, method, path, body=None):
        found = self.ask(method, path, body, status)
        same((found["error"]["type"], found["status"], found["error"]["root_cause"][0]["type"]), (kind, status, kind), path)
        return found["error"]["reason"]

    def record(self, id="c1"):
        return self.ask("GET", f"/{CONN}/_doc/{id}")["_source"]

    def job(self, id):
        return self.ask("GET", f"/{JOBS}/_doc/{id}")["_source"]

    def put(self, what, body=None, want="updated", id="c1"):
        same(self.ask("PUT", f"/_connector/{id}/{what}", body), {"result": want}, what)

    def make(self, id="c1", **record):
        record = {"index_name": "search-" + id, "service_type": "gmail", "name": "Mail"} | record
        return self.ask("PUT", f"/_connector/{id}", record, 201)

    def make_job(self, id="c1", kind="full", trigger="on_demand"):
        return self.ask("POST", "/_connector/_sync_job", {"id": id, "job_type": kind, "trigger_method": trigger}, 201)["id"]


SPEC_FIELDS = """api_key_id api_key_secret_id configuration custom_scheduling deleted description error features filtering index_name
is_native language last_access_control_sync_error last_access_control_sync_scheduled_at last_access_control_sync_status
last_deleted_document_count last_incremental_sync_scheduled_at last_indexed_document_count last_seen last_sync_error
last_sync_scheduled_at last_sync_status last_synced name pipeline scheduling service_type status sync_cursor sync_now""".split()


def test_system_indices(api):
    api.ask("HEAD", f"/{CONN}-v1", want=404)
    other = Api("--es-system")
    other.ask("HEAD", f"/{CONN}-v1")
    other.ask("HEAD", f"/{JOBS}")
    api.ask("PUT", f"/{CONN}-v1")
    same(list(api.ask("GET", f"/{CONN}")[CONN + "-v1"]["aliases"]), [CONN])
    mapping = api.ask("GET", f"/{CONN}/_mapping")[CONN + "-v1"]["mappings"]
    same(mapping["dynamic"], "false")
    same(mapping["properties"]["last_seen"]["type"], "date")


def test_create(api):
    same(api.make(), {"result": "created", "id": "c1"})
    record = api.record()
    same(sorted(record), sorted(SPEC_FIELDS), "fields of spec 17.1")
    same((record["status"], record["configuration"], record["features"], record["is_native"]), ("created", {}, None, False))
    same(record["filtering"][0]["draft"]["validation"], {"state": "valid", "errors": []})
    same(api.ask("POST", "/_connector", {"is_native": True, "service_type": "outlook"}, 201)["result"], "created")
    api.refused(400, "status_exception", "PUT", "/_connector/c2", {"index_name": "search-c1"})
    listed = api.ask("GET", "/_connector")
    same((listed["count"], listed["results"][0]["id"], listed["results"][1]["status"]), (2, "c1", "needs_configuration"))
    same(api.ask("GET", "/_connector?service_type=gmail")["count"], 1)
    same(api.ask("PUT", "/_connector/c1", {"name": "Again", "index_name": "search-c1"})["result"], "updated")


def test_missing(api):
    for method, path in [("GET", "/_connector/no"), ("PUT", "/_connector/no/_check_in"), ("DELETE", "/_connector/no"),
                         ("GET", "/_connector/_sync_job/no"), ("PUT", "/_connector/_sync_job/no/_cancel")]:
        api.refused(404, "resource_not_found_exception", method, path)
    api.refused(404, "resource_not_found_exception", "PUT", "/_connector/_sync_job/no/_claim", {"worker_hostname": "h"})
    api.refused(404, "resource_not_found_exception", "POST", "/_connector/_sync_job", {"id": "no"})


def test_soft_delete(api):
    api.make()
    job = api.make_job()
    same(api.ask("DELETE", "/_connector/c1"), {"acknowledged": True})
    same(api.record()["deleted"], True)
    api.refused(404, "resource_not_found_exception", "GET", "/_connector/c1")
    same(api.ask("GET", "/_connector/c1?include_deleted=true")["id"], "c1")
    same((api.ask("GET", "/_connector")["count"], api.ask("GET", "/_connector?include_deleted=true")["count"]), (0, 1))
    api.job(job)
    api.make("c2", index_name="search-c1")  # the name is free again


def test_check_in(api):
    api.make()
    same(api.record()["last_seen"], None)
    api.put("_check_in")
    true(abs(time.time() - time.mktime(time.strptime(api.record()["last_seen"][:19], "%Y-%m-%dT%H:%M:%S")) + time.timezone) < 60, "now")


def test_configuration(api):
    api.make()
    api.put("_configuration", {"configuration": {"a": {"value": "", "label": "A"}, "b": {"value": 1}}})
    same(api.record()["status"], "configured")
    api.put("_configuration", {"values": {"a": "x"}})
    same(api.record()["configuration"], {"a": {"value": "x", "label": "A"}, "b": {"value": 1}})
    true("[c]" in api.refused(400, "status_exception", "PUT", "/_connector/c1/_configuration", {"values": {"c": 1}}), "names it")
    same(api.record()["configuration"]["a"]["value"], "x")
    api.refused(400, "action_request_validation_exception", "PUT", "/_connector/c1/_configuration", {})
    api.put("_configuration", {"configuration": {"z": {"value": 2}}})
    same(api.record()["configuration"], {"z": {"value": 2}}, "replaced, not merged")


def test_scheduling(api):
    api.make()
    api.put("_scheduling", {"scheduling": {"full": {"enabled": True, "interval": "0 0/15 * * * ?"}}})
    same(api.record()["scheduling"]["full"], {"enabled": True, "interval": "0 0/15 * * * ?"})
    same(api.record()["scheduling"]["incremental"]["enabled"], False)
    api.put("_scheduling", {"scheduling": {"full": {"enabled": True}}}, "noop")
    api.refused(400, "illegal_argument_exception", "PUT", "/_connector/c1/_scheduling", {"scheduling": {"full": {"interval": "@daily"}}})


def test_small_setters(api):
    api.make()
    api.put("_features", {"features": {"incremental_sync": {"enabled": True}}})
    api.put("_pipeline", {"pipeline": {"name": "p", "extract_binary_content": False, "reduce_whitespace": True, "run_ml_inference": False}})
    api.put("_name", {"name": "N", "description": "D"})
    api.put("_service_type", {"service_type": "outlook"})
    api.put("_api_key_id", {"api_key_id": "k", "api_key_secret_id": "s"})
    api.put("_native", {"is_native": True})
    api.put("_error", {"error": "it broke"})
    record = api.record()
    same([record[k] for k in ("features", "name", "description", "service_type", "api_key_id", "api_key_secret_id", "is_native", "error", "status")],
         [{"incremental_sync": {"enabled": True}}, "N", "D", "outlook", "k", "s", True, "it broke", "error"])
    same(record["pipeline"]["name"], "p")
    api.put("_error", {"error": None})
    same((api.record()["error"], api.record()["status"]), (None, "connected"))
    api.refused(400, "status_exception", "PUT", "/_connector/c1/_status", {"status": "needs_configuration"})
    api.put("_status", {"status": "error"})
    api.put("_index_name", {"index_name": "other"})
    api.make("c2", index_name="mine")
    api.refused(400, "status_exception", "PUT", "/_connector/c1/_index_name", {"index_name": "mine"})
    api.refused(400, "illegal_argument_exception", "PUT", "/_connector/c1/_pipeline", {})
    api.refused(400, "parse_exception", "PUT", "/_connector/c1/_pipeline")
    same(api.ask("PUT", "/_connector/c1/_nothing", {}, 400)["error"][:10], "no handler")


def test_filtering(api):
    api.make()
    rule = {"id": "r", "order": 0, "policy": "exclude", "field": "subject", "rule": "contains", "value": "x"}
    before = api.record()["filtering"][0]["active"]
    api.put("_filtering", {"rules": [rule], "advanced_snippet": {"value": {"messages": ["newer_than:30d"]}}})
    side = api.record()["filtering"][0]
    same((side["draft"]["rules"], side["draft"]["validation"]["state"], side["active"]), ([rule], "edited", before))
    same(side["draft"]["advanced_snippet"]["value"], {"messages": ["newer_than:30d"]})
    api.refused(400, "status_exception", "PUT", "/_connector/c1/_filtering/_activate")
    wrong = {"state": "invalid", "errors": [{"ids": ["r"], "messages": ["no"]}]}
    api.put("_filtering/_validation", {"validation": wrong})
    same(api.record()["filtering"][0]["draft"]["validation"], wrong)
    api.refused(400, "status_exception", "PUT", "/_connector/c1/_filtering/_activate")
    api.put("_filtering/_validation", {"validation": {"state": "valid", "errors": []}})
    api.put("_filtering/_activate")
    side = api.record()["filtering"][0]
    same(side["active"], side["draft"])
    api.refused(400, "illegal_argument_exception", "PUT", "/_connector/c1/_filtering/_validation", {"validation": {"state": "good", "errors": []}})


def test_job_create(api):
    api.ask("PUT", "/_connector/bare", {}, 201)
    true("index" in api.refused(400, "status_exception", "POST", "/_connector/_sync_job", {"id": "bare"}), "why")
    api.put("_index_name", {"index_name": "search-bare"}, id="bare")
    true("service type" in api.refused(400, "status_exception", "POST", "/_connector/_sync_job", {"id": "bare"}), "why")
    api.make()
    api.put("_configuration", {"configuration": {"a": {"value": 1}}})
    api.refused(400, "illegal_argument_exception", "POST", "/_connector/_sync_job", {"id": "c1", "job_type": "half"})
    api.refused(400, "illegal_argument_exception", "POST", "/_connector/_sync_job", {"job_type": "full"})
    job = api.job(api.make_job(kind="access_control", trigger="scheduled"))
    same((job["status"], job["job_type"], job["trigger_method"]), ("pending", "access_control", "scheduled"))
    snapshot = job["connector"]
    same(sorted(snapshot), ["configuration", "filtering", "id", "index_name", "language", "pipeline", "service_type"])
    same((snapshot["index_name"], snapshot["configuration"]), (".search-acl-filter-search-c1", {"a": {"value": 1}}))
    same(snapshot["filtering"], api.record()["filtering"][0]["active"], "an object")
    api.put("_configuration", {"values": {"a": 2}})
    same(api.job(api.make_job())["connector"]["configuration"], {"a": {"value": 2}})
    same(job["connector"]["configuration"], {"a": {"value": 1}}, "a snapshot stays")


def test_claim_and_stats(api):
    api.make()
    id = api.make_job(kind="incremental")
    at = f"/_connector/_sync_job/{id}/"
    api.refused(400, "illegal_argument_exception", "PUT", at + "_claim", {})
    same(api.ask("PUT", at + "_claim", {"worker_hostname": "h1", "sync_cursor": {"x": 1}}), {"result": "updated"})
    job = api.job(id)
    same((job["status"], job["worker_hostname"], job["connector"]["sync_cursor"]), ("in_progress", "h1", {"x": 1}))
    true(job["started_at"] and job["last_seen"], "times")
    api.ask("PUT", at + "_claim", {"worker_hostname": "h2"})
    same(api.job(id)["worker_hostname"], "h2", "a claim is not checked")
    counts = {"indexed_document_count": 5, "indexed_document_volume": 1, "deleted_document_count": 2}
    same(api.ask("PUT", at + "_stats", counts | {"metadata": {}}), {"result": "updated"})
    same({k: api.job(id)[k] for k in counts}, counts)
    api.refused(400, "action_request_validation_exception", "PUT", at + "_stats", counts | {"deleted_document_count": -1})
    true("deleted_document_count" in api.refused(400, "illegal_argument_exception", "PUT", at + "_stats",
                                                 {"indexed_document_count": 1, "indexed_document_volume": 1}), "named")
    same(api.ask("PUT", at + "_check_in"), {"result": "updated"})


def test_cancel_and_error(api):
    api.make()
    waiting, running, failing = api.make_job(), api.make_job(), api.make_job()
    same(api.ask("PUT", f"/_connector/_sync_job/{waiting}/_cancel"), {"result": "updated"})
    job = api.job(waiting)
    true(job["status"] == "canceled" and job["cancelation_requested_at"] and job["canceled_at"] and job["completed_at"], str(job["status"]))
    api.refused(400, "status_exception", "PUT", f"/_connector/_sync_job/{waiting}/_cancel")
    api.ask("PUT", f"/_connector/_sync_job/{running}/_claim", {"worker_hostname": "h"})
    api.ask("PUT", f"/_connector/_sync_job/{running}/_cancel")
    job = api.job(running)
    true(job["status"] == "canceling" and job["cancelation_requested_at"] and "canceled_at" not in job, str(job["status"]))
    api.refused(400, "status_exception", "PUT", f"/_connector/_sync_job/{running}/_cancel")
    api.refused(400, "status_exception", "PUT", f"/_connector/_sync_job/{failing}/_error", {"error": "e"})
    api.ask("PUT", f"/_connector/_sync_job/{running}/_error", {"error": "e"})
    same((api.job(running)["status"], api.job(running)["error"]), ("error", "e"))


def test_job_list(api):
    api.make()
    api.make("c2")
    ids = [api.make_job("c1"), api.make_job("c1", "incremental"), api.make_job("c2")]
    api.ask("PUT", f"/_connector/_sync_job/{ids[0]}/_claim", {"worker_hostname": "h"})

    def found(query):
        answer = api.ask("GET", "/_connector/_sync_job" + query)
        return answer["count"], [job["id"] for job in answer["results"]]
    same(found(""), (3, ids))
    same(found("?connector_id=c1"), (2, ids[:2]))
    same(found("?status=pending&job_type=full,access_control"), (1, ids[2:]))
    same(found("?from=1&size=1"), (3, ids[1:2]))
    same(api.ask("GET", f"/_connector/_sync_job/{ids[0]}")["status"], "in_progress")
    same(api.ask("DELETE", f"/_connector/_sync_job/{ids[0]}"), {"acknowledged": True})
    same(found(""), (2, ids[1:]))


def test_secrets(api):
    id = api.ask("POST", "/_connector/_secret", {"value": "s3"})["id"]
    same(api.ask("GET", f"/_connector/_secret/{id}"), {"id": id, "value": "s3"})
    api.refused(404, "resource_not_found_exception", "GET", "/_connector/_secret/no")


def test_stale_search(api):
    """A changed record is found as it was, with its old number, until a refresh."""
    api.make()
    api.ask("PUT", f"/{CONN}-v1/_settings", {"index": {"refresh_interval": "-1"}})

    def seen():
        answer = api.ask("POST", f"/{CONN}/_search", {"query": {"terms": {"_id": ["c1"]}}, "seq_no_primary_term": True})
        hit = answer["hits"]["hits"][0]
        return hit["_source"]["status"], hit["_seq_no"]
    first = seen()
    for status in ("connected", "error"):
        api.ask("POST", f"/{CONN}/_update/c1", {"doc": {"status": status}})
        same(seen(), first)
    same(api.record()["status"], "error", "a get is never stale")
    api.ask("POST", f"/{CONN}/_refresh")
    same(seen(), ("error", first[1] + 2))
    api.ask("PUT", f"/{CONN}-v1/_settings", {"index": {"refresh_interval": "1s"}})
    api.ask("POST", f"/{CONN}/_update/c1", {"doc": {"status": "connected"}})
    same(seen()[0], "error")
    rig.wait_for(lambda: seen()[0] == "connected", 5)


def test_control(api):
    post, lines = api.tenant.post, lambda what: [json.loads(x) for x in api.tenant.control("GET", what).splitlines() if x]
    post("connectors", id="c 1/ü", doc={"index_name": "i", "service_type": "gmail", "configuration": {"a": {"value": 0}}})
    post("connectors", id="c 1/ü", values={"a": 7}, rules=[], advanced={"messages": []})
    [found] = lines("connectors")
    same((found["id"], found["record"]["configuration"], found["record"]["status"]), ("c 1/ü", {"a": {"value": 7}}, "configured"))
    same(found["record"]["filtering"][0]["draft"]["validation"]["state"], "edited")
    id = json.loads(post("jobs", make={"id": "c 1/ü", "job_type": "full"}))["id"]
    post("jobs", id=id, status="in_progress", doc={"last_seen": "2020-01-01T00:00:00Z"})
    same([(j["id"], j["record"]["status"], j["record"]["last_seen"][:4]) for j in lines("jobs")], [(id, "in_progress", "2020")])
    same(json.loads(post("jobs", id=id, cancel=True)), {"status": "canceling"})
    post("jobs", id=id, delete=True)
    post("connectors", id="c 1/ü", delete=True)
    same((lines("jobs"), lines("connectors")), ([], []))


def test_license_and_version(api):
    same(api.ask("GET", "/_license")["license"]["type"], "basic")
    api.tenant.post("es", license="platinum", version="8.19.0", flavor="serverless")
    same(api.ask("GET", "/_license")["license"]["type"], "platinum")
    version = api.ask("GET", "/")["version"]
    same((version["number"], version["build_flavor"]), ("8.19.0", "serverless"))
    api.tenant.post("es", license="trial expired")
    found = api.ask("GET", "/_license")["license"]
    same((found["type"], found["status"]), ("trial", "expired"))
    api.tenant.post("es", connectors_api=False)
    same(api.ask("PUT", "/_connector/c1/_check_in", want=400)["error"][:10], "no handler")


def test_faults(api):
    """A rival that writes first, and the n-th claim or update refused."""
    api.make()
    api.tenant.post("es", race={"id": "c1", "skip": 1, "count": 1, "doc": {"name": "rival"}})
    for attempt, want in enumerate([200, 409, 200]):
        found = api.ask("GET", f"/{CONN}/_doc/c1")
        where = f"/{CONN}/_update/c1?if_seq_no={found['_seq_no']}&if_primary_term=1"
        api.ask("POST", where, {"doc": {"error": f"e{attempt}"}}, want)
    same((api.record()["name"], api.record()["error"]), ("rival", "e2"))
    id = api.make_job()
    api.tenant.post("faults", path="/_connector/_sync_job/", end="/_claim", skip=1, status=500)
    at = f"/_connector/_sync_job/{id}/"
    for want in (200, 500, 200):
        api.ask("PUT", at + "_claim", {"worker_hostname": "h"}, want)
        api.ask("PUT", at + "_check_in")
    api.tenant.post("faults", path=f"/{CONN}/_update/", count=2, status=409)
    for want in (409, 409, 200):
        api.ask("POST", f"/{CONN}/_update/c1", {"doc": {"error": "x"}}, want)
    api.ask("PUT", "/gone")
    for state, status in [("flood", 429), ("read_only", 403), ("closed", 403), ("open", 201)]:
        api.tenant.post("es", index="gone", state=state)
        api.ask("PUT", "/gone/_doc/1", {"a": 1}, status)


def test_rights(api):
    """A key as people make it: without the connector privilege, or for one index alone."""
    api.make()
    descriptor = {"cluster": ["monitor"], "index": [{"names": ["search-c1", ".elastic-connectors*"], "privileges": ["all"]}]}
    api.key = api.ask("POST", "/_security/api_key", {"name": "k", "role_descriptors": {"r": descriptor}})["encoded"]
    api.record()
    true("manage_connector" in api.refused(403, "security_exception", "PUT", "/_connector/c1/_check_in"), "names the right")
    api.ask("GET", "/_license")
    api.refused(403, "security_exception", "PUT", "/search-other")
    same(api.ask("GET", "/search-other?ignore_unavailable=true"), {})
    same(api.ask("POST", "/search-other/_count?ignore_unavailable=true")["count"], 0)


def main():
    tests = [(name.removeprefix("test_"), run) for name, run in globals().items() if name.startswith("test_")]
    failed = 0
    for name, run in tests:
        try:
            run(Api())
            print("PASS", name)
        except Exception as error:  # whatever it is, the others run
            failed += 1
            traceback.print_exc(file=sys.stdout)
            print("FAIL", name, str(error).replace("\n", " ")[:300])
        rig.stop_all()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
