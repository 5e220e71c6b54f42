# SPDX-License-Identifier: Apache-2.0
"""The connector service against the fake tenant. Names carry the numbers of the acceptance rows."""
import datetime
import http.client
import http.server
import json
import os
import re
import signal
import ssl
import threading
import time

import rig
from rig import same, true, wait_for


class Recorder:
    """A plain HTTP proxy in front of the tenant's Elasticsearch that keeps every request."""

    def __init__(self, tenant):
        self.log, self.lock, self.away = [], threading.Lock(), False
        self.edit = lambda entry, data: data  # of answers
        context = ssl.create_default_context(cafile=os.path.join(tenant.dir, "ca.pem"))
        port = tenant.port("elasticsearch")
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self):
                if recorder.away:
                    self.close_connection = True
                    return
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length) if length else b""
                entry = {"at": time.time(), "method": self.command, "path": self.path, "body": body,
                         "headers": {k.lower(): v for k, v in self.headers.items()}}
                with recorder.lock:
                    recorder.log.append(entry)
                headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
                try:
                    link = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=60)
                    link.request(self.command, self.path, body or None, headers)
                    answer = link.getresponse()
                    data = recorder.edit(entry, answer.read())
                except OSError:
                    self.close_connection = True
                    return
                entry["status"] = answer.status
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)
                link.close()

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = forward

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a service that was killed does not say goodbye
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = "http://127.0.0.1:%d" % self.server.server_port

    def lines(self, since=0):
        """"METHOD path" of each, without bulk and scans."""
        with self.lock:
            return [f"{e['method']} {e['path']}" for e in self.log[since:]]

    def find(self, pattern, since=0):
        with self.lock:
            return [e for e in self.log[since:] if re.search(pattern, f"{e['method']} {e['path']}")]

    def writes(self, since=0):
        """What changes records: the order of these is the protocol."""
        return [e for e in self.find(r"^(POST .*/_update/|PUT /_connector|POST /_connector|POST .*jobs/_doc)", since)]


def body(entry):
    return json.loads(entry["body"]) if entry["body"] else None


def values(tenant, **changes):
    account = open(os.path.join(tenant.dir, "service-account.json")).read()
    result = {"service_account_credentials": account, "subject": "admin@example.test", "customer_id": "C01test00",
              "include_spam_and_trash": False, "include_full_raw_message": False,
              "use_document_level_security": False}
    result.update(changes)
    return result


class World:
    """A tenant with a connector record, and services that serve it."""

    def __init__(self, *arguments, api=True, service="", elastic="", connectors=("c1",), record=None):
        flags = ["--users", 2, "--messages", 10, "--size", 400, "--es-system", "--es-license", "platinum"]
        self.tenant = rig.Tenant(*flags, *([] if api else ["--es-no-connectors"]), *arguments)
        self.recorder = Recorder(self.tenant)
        self.api, self.service, self.elastic, self.connectors = api, service, elastic, connectors
        self.services, self.entry, self.top = [], "", ""
        self.host, self.login = self.recorder.url, "  username: elastic\n  password: tenant-password\n"
        for name in connectors:
            self.connector(name, **(record or {}))

    def connector(self, name, **doc):
        base = {"index_name": "search-" + name, "service_type": None, "configuration": {}, "status": "created",
                "is_native": False, "name": name, "features": None, "last_seen": None, "error": None,
                "scheduling": {k: {"enabled": False, "interval": "0 0 0 * * ?"}
                               for k in ("full", "incremental", "access_control")},
                "pipeline": {"name": "search-default-ingestion", "extract_binary_content": True,
                             "reduce_whitespace": True, "run_ml_inference": True}, "filtering": default_filtering()}
        base.update(doc)
        self.tenant.post("connectors", id=name, record=base)

    def config(self):
        entries = "".join(f"  - connector_id: {json.dumps(name, ensure_ascii=False)}\n    service_type: gmail\n{self.entry}" for name in self.connectors)
        listed = f"connectors:\n{entries}" if entries else ""
        port = self.tenant.port("google")
        return (f"{self.top}{listed}elasticsearch:\n  host: {self.host}\n{self.login}"
                f"  retry_interval: 1\n"
                f"  feature_use_connectors_api: {'true' if self.api else 'false'}\n{self.elastic}"
                f"service:\n  idling: 1\n{self.service}"
                f"endpoints:\n  google_token: https://127.0.0.1:{port}/token\n"
                f"  google_directory: https://127.0.0.1:{port}\n  google_gmail: https://127.0.0.1:{port}\n"
                f"tls:\n  ca_file: {self.tenant.dir}/ca.pem\n"
                "gmail:\n  quota_units_per_user_minute: 1000000000\n  quota_units_per_project_minute: 1000000000\n")

    def serve(self, *flags, env=None, cwd=None):
        path = os.path.join(self.tenant.dir, f"serve{len(self.services)}.yml")
        with open(path, "w") as f:
            f.write(self.config())
        log = open(path + ".log", "w")
        process = rig.start([rig.BINARY, "serve", "-c", path, "--require-seal", "--log-level", "debug", *flags],
                            stdout=log, stderr=log, env=rig.clean_env(env), cwd=cwd)
        process.log_path = path + ".log"
        self.services.append(process)
        return process

    def words(self, process=None):
        return open((process or self.services[-1]).log_path).read()

    def record(self, name="c1"):
        lines = filter(None, self.tenant.control("GET", "connectors").splitlines())
        return {r["id"]: r["record"] for r in map(json.loads, lines)}.get(name)

    def jobs(self):
        lines = filter(None, self.tenant.control("GET", "jobs").splitlines())
        return {r["id"]: r["record"] for r in map(json.loads, lines)}

    def job(self, **wanted):
        made = {"id": "c1", "job_type": "full", "trigger_method": "on_demand"}
        made.update(wanted)
        return json.loads(self.tenant.post("jobs", make=made))["id"]

    def wait(self, condition, seconds=20):
        try:
            wait_for(condition, seconds)
        except AssertionError:
            raise AssertionError("waited in vain\n" + "\n".join(self.recorder.lines()[-30:]) + "\n" +
                                 "".join(self.words(s)[-4000:] for s in self.services)) from None

    def wait_job(self, job, *statuses, seconds=30):
        self.wait(lambda: self.jobs()[job]["status"] in statuses, seconds)
        return self.jobs()[job]

    def configured(self, name="c1", **changes):
        """Registers by a running service, then fills in the values as a person does."""
        self.wait(lambda: self.record(name)["configuration"])
        self.tenant.post("connectors", id=name, values=values(self.tenant, **changes))

    def connected(self, name="c1"):
        self.wait(lambda: self.record(name)["status"] == "connected")

    def set(self, name="c1", **doc):
        self.tenant.post("connectors", id=name, doc=doc)

    def stop(self, process=None, seconds=16):
        process = process or self.services[-1]
        process.send_signal(signal.SIGTERM)
        return process.wait(seconds)


def default_filtering():
    at = "2026-08-20T08:00:00Z"
    rule = {"id": "DEFAULT", "order": 0, "policy": "include", "field": "_", "rule": "regex", "value": ".*",
            "created_at": at, "updated_at": at}
    side = {"rules": [rule], "advanced_snippet": {"value": {}, "created_at": at, "updated_at": at},
            "validation": {"state": "valid", "errors": []}}
    return [{"domain": "DEFAULT", "active": side, "draft": json.loads(json.dumps(side))}]


def ready(**options):
    """A world whose connector is connected, with one service."""
    w = World(**options)
    w.serve()
    for name in w.connectors:
        w.configured(name)
    for name in w.connectors:
        w.connected(name)
    return w


# ---- A, B: start and registration

def test_a01_heads_before_any_search():
    w = World()
    w.serve()
    w.wait(lambda: w.recorder.find("_search"))
    lines = w.recorder.lines()
    first = next(i for i, line in enumerate(lines) if "_search" in line)
    same(lines[0], "GET /")
    same(lines[1:3], ["HEAD /.elastic-connectors-v1", "HEAD /.elastic-connectors-sync-jobs-v1"])
    true(first >= 3, lines)


def test_a14_a15_credentials_and_headers():
    w = World(elastic="  headers:\n    X-Team: mail\n")
    w.serve()
    w.wait(lambda: w.recorder.find("_search"))
    for e in w.recorder.log:
        true(e["headers"]["authorization"].startswith("Basic "), str(e))
        same((e["headers"]["x-elastic-product-origin"], e["headers"]["x-team"]), ("connectors", "mail"))
        true(re.match(r"mailferry/\S+/service", e["headers"]["user-agent"]), str(e))


def test_a21_a31_registration_and_first_heartbeat():
    w = World()
    w.serve()
    w.wait(lambda: w.record()["last_seen"])
    updates = w.recorder.find("POST /.elastic-connectors/_update/c1")
    true(re.search(r"\?if_seq_no=\d+&if_primary_term=\d+$", updates[0]["path"]), updates[0]["path"])
    doc = body(updates[0])["doc"]
    same(sorted(doc), ["configuration", "features", "service_type", "status"])
    same((doc["status"], doc["service_type"], len(doc["configuration"])), ("needs_configuration", "gmail", 6))
    true(all(len(f) == 13 for f in doc["configuration"].values()), "13 properties")
    same(doc["features"]["sync_rules"]["advanced"]["enabled"], True)
    time.sleep(2.5)
    same(len(w.recorder.find("POST /.elastic-connectors/_update/c1")), 1, "a24, a27: nothing more is written")
    beats = w.recorder.find("PUT /_connector/c1/_check_in")
    same((len(beats), beats[0]["body"]), (1, b""))
    same(w.tenant.stats().get("google", {}).get("token", 0), 0, "a24")


def test_a29_conflicts():
    w = World()
    w.tenant.post("faults", path="/.elastic-connectors/_update/", count=1, status=409)
    w.serve()
    w.wait(lambda: w.record()["configuration"])
    true(len(w.recorder.find("POST /.elastic-connectors/_update/c1")) == 2, w.recorder.lines())


def test_a32_index_mode_heartbeat():
    w = World(api=False)
    w.serve()
    w.wait(lambda: w.record()["last_seen"])
    beats = [e for e in w.recorder.find("POST /.elastic-connectors/_update/c1") if b"last_seen" in e["body"]]
    same(list(body(beats[0])["doc"]), ["last_seen"])
    same(w.recorder.find("/_connector/"), [])


# ---- C: status and filtering

def test_a33_a34_a41_status():
    w = World()
    w.serve()
    w.configured(subject="x")
    w.wait(lambda: w.record()["status"] == "error")
    true("Google Workspace admin email" in w.record()["error"] and "'x'" in w.record()["error"], w.record()["error"])
    w.tenant.post("connectors", id="c1", values=values(w.tenant))
    w.connected()
    same(w.record()["error"], None)
    told = [e for e in w.recorder.find(r"POST /.elastic-connectors/_update/c1$")
            if body(e)["doc"] == {"status": "connected", "error": None}]
    true(told, "connected without a guard")


def test_a42_a43_a44_drafts():
    w = ready()
    mark = len(w.recorder.log)
    good = [{"id": "r1", "order": 0, "policy": "exclude", "field": "subject", "rule": "contains", "value": "x"}]
    w.tenant.post("connectors", id="c1", rules=good, advanced={})
    w.wait(lambda: w.record()["filtering"][0]["active"]["rules"][0]["id"] == "r1")
    calls = w.recorder.find("_filtering", mark)
    same([e["path"].rsplit("/", 1)[1] for e in calls], ["_validation", "_activate"])
    same(body(calls[0])["validation"], {"state": "valid", "errors": []})
    mark = len(w.recorder.log)
    bad = [{"id": "r2", "order": 0, "policy": "exclude", "field": "subject", "rule": "regex", "value": ".*"}]
    w.tenant.post("connectors", id="c1", rules=bad, advanced={})
    w.wait(lambda: w.record()["filtering"][0]["draft"]["validation"]["state"] == "invalid")
    time.sleep(2)
    same([e["path"].rsplit("/", 1)[1] for e in w.recorder.find("_filtering", mark)], ["_validation"])
    same(w.record()["filtering"][0]["draft"]["validation"]["errors"][0]["ids"], ["r2"])


def test_a48_drafts_in_index_mode():
    w = ready(api=False)
    good = [{"id": "r1", "order": 0, "policy": "exclude", "field": "subject", "rule": "contains", "value": "x"}]
    w.tenant.post("connectors", id="c1", rules=good, advanced={})
    w.wait(lambda: w.record()["filtering"][0]["active"]["rules"][0]["id"] == "r1")
    writes = [e for e in w.recorder.find("_update/c1") if b"filtering" in e["body"]]
    same(len(writes), 1)
    true("if_seq_no" in writes[0]["path"], writes[0]["path"])


# ---- D: schedules

def each_three_seconds():
    return {"full": {"enabled": True, "interval": "0/3 * * * * ?"}}


def planned(w):
    return [body(e)["doc"]["last_sync_scheduled_at"] for e in w.recorder.find("_update/c1")
            if b'"last_sync_scheduled_at"' in e["body"] and e.get("status") == 200]


def test_a49_a62_one_job_for_each_occurrence():
    w = ready()
    w.set(scheduling=each_three_seconds())
    w.wait(lambda: len(planned(w)) >= 3)
    times = planned(w)
    same(len(set(times)), len(times))
    true(all(t.endswith("+00:00") and int(t[17:19]) % 3 == 0 for t in times), times)
    made = w.recorder.find("POST /_connector/_sync_job$")
    same(body(made[0]), {"id": "c1", "job_type": "full", "trigger_method": "scheduled"})
    w.set(scheduling={"full": {"enabled": False, "interval": "0/3 * * * * ?"}})


def test_a51_two_services_one_job_for_each_occurrence():
    w = World()
    w.serve()
    w.serve()
    w.configured()
    w.connected()
    w.set(scheduling=each_three_seconds())
    w.wait(lambda: len(planned(w)) >= 4, 30)
    times = planned(w)
    same(len(set(times)), len(times))


def test_a54_license_basic_stops_access_control_only():
    w = ready(record={})
    w.tenant.post("es", license="basic")
    w.set(scheduling={"full": {"enabled": True, "interval": "0/2 * * * * ?"},
                      "access_control": {"enabled": True, "interval": "0/2 * * * * ?"}})
    w.wait(lambda: len(w.jobs()) >= 2)
    same({j["job_type"] for j in w.jobs().values()}, {"full"})
    w.tenant.post("es", license="platinum")
    w.wait(lambda: "access_control" in {j["job_type"] for j in w.jobs().values()})


def test_a60_bad_interval():
    w = ready()
    w.set(scheduling={"full": {"enabled": True, "interval": "0 60 * * * ?"},
                      "incremental": {"enabled": True, "interval": "0/2 * * * * ?"}})
    w.wait(lambda: w.record()["status"] == "error" and w.jobs())
    same({j["job_type"] for j in w.jobs().values()}, {"incremental"})
    true("full" in w.record()["error"], w.record()["error"])


# ---- E: jobs

def life(api):
    w = ready(api=api)
    mark = len(w.recorder.log)
    job = w.job()
    done = w.wait_job(job, "completed", "error")
    same((done["status"], done["error"]), ("completed", None))
    same((done["indexed_document_count"], done["deleted_document_count"], done["total_document_count"]), (20, 0, 20))
    true(done["completed_at"].endswith("+00:00"), str(done))
    same(done["metadata"]["mailferry"]["mailboxes"]["done"], 2)
    w.wait(lambda: w.record()["last_sync_status"] == "completed")
    record = w.record()
    same((record["status"], record["last_sync_error"], record["last_indexed_document_count"], record["sync_cursor"]),
         ("connected", None, 20, None))
    same(len(w.tenant.docs("search-c1")), 20)
    return w, mark, job


def test_a63_a64_a68_a70_life_of_a_job():
    w, mark, job = life(True)
    writes = [e for e in w.recorder.writes(mark) if body(e) not in (None, {"doc": {"status": "connected", "error": None}})]
    same([re.sub(r"\?.*", "", e["path"]) for e in writes],
         ["/.elastic-connectors/_update/c1", f"/_connector/_sync_job/{job}/_claim",
          f"/.elastic-connectors-sync-jobs/_update/{job}", "/.elastic-connectors/_update/c1"])
    same(body(writes[0])["doc"], {"status": "connected", "error": None, "last_sync_status": "in_progress",
                                  "last_sync_error": None})
    same(body(writes[1]), {"worker_hostname": os.uname().nodename})
    lines = w.recorder.lines(mark)
    true(lines.index("GET /search-c1?ignore_unavailable=true") < lines.index("PUT /search-c1"), lines)
    true(any(line.startswith("POST /search-c1/_count") for line in lines), lines)


def test_a63_a70_life_of_a_job_in_index_mode():
    w, _, _ = life(False)
    same(w.recorder.find("/_connector/"), [])


def test_a65_busy_connector_leaves_the_job():
    w = ready()
    w.set(last_sync_status="in_progress")
    job = w.job()
    time.sleep(3)
    same(w.jobs()[job]["status"], "pending")
    w.set(last_sync_status=None)
    w.wait_job(job, "completed")


def test_a66_one_after_another_oldest_first():
    w = ready(connectors=("c1", "c2"))
    w.tenant.post("options", latency_ms=100)
    first, second = w.job(id="c2"), w.job(id="c1")
    w.wait_job(second, "completed")
    w.wait_job(first, "completed")
    claims = [e["path"].split("/")[3] for e in w.recorder.find("_claim")]
    same(claims, [first, second])


def test_a72_cancellation():
    w = World("--messages", 4000)
    w.serve()
    w.configured()
    w.connected()
    w.tenant.post("options", latency_ms=300)
    job = w.job()
    w.wait_job(job, "in_progress")
    w.wait(lambda: w.recorder.find("_bulk"))
    w.tenant.post("jobs", id=job, cancel=True)
    asked = time.time()
    done = w.wait_job(job, "canceled", seconds=9)
    true(time.time() - asked < 8.5, "took too long")
    true(done["canceled_at"] and done["completed_at"], str(done))
    w.wait(lambda: w.record()["last_sync_status"] == "canceled")
    same(w.record()["status"], "connected")
    mark = len(w.recorder.log)
    time.sleep(2)
    same(w.recorder.find("_bulk", mark), [])


def test_a73_a74_stop_suspends_and_the_next_one_goes_on():
    w = World("--messages", 2000)
    w.serve()
    w.configured()
    w.connected()
    w.tenant.post("options", latency_ms=300)
    job = w.job()
    w.wait(lambda: w.recorder.find("_bulk"))
    started = time.time()
    same(w.stop(), 0)
    true(time.time() - started < 15, "took too long")
    left = w.jobs()[job]
    same((left["status"], left.get("completed_at")), ("suspended", None))
    same((w.record()["last_sync_status"], w.record()["status"]), ("suspended", "connected"))
    w.tenant.post("options", latency_ms=0)
    w.serve()
    w.wait_job(job, "completed", seconds=60)
    same(len(w.tenant.docs("search-c1")), 4000)
    same(len(w.recorder.find("_claim")), 2)


def test_a76_record_of_the_connector_vanishes():
    w = World("--messages", 4000)
    w.serve()
    w.configured()
    w.connected()
    w.tenant.post("options", latency_ms=300)
    job = w.job()
    w.wait(lambda: w.recorder.find("_bulk"))
    w.tenant.post("connectors", id="c1", delete=True)
    done = w.wait_job(job, "error", seconds=15)
    true(done["error"].startswith("ConnectorNotFoundError: "), done["error"])
    same(w.record(), None)


def test_a77_record_of_the_job_vanishes():
    w = World("--messages", 4000)
    w.serve()
    w.configured()
    w.connected()
    w.tenant.post("options", latency_ms=300)
    job = w.job()
    w.wait(lambda: w.recorder.find("_bulk"))
    w.tenant.post("jobs", id=job, delete=True)
    w.wait(lambda: w.record()["last_sync_status"] == "error", 15)
    same(w.record()["last_access_control_sync_status"], "error")


def test_a81_no_rights_on_the_index():
    w = ready()
    w.tenant.post("faults", path="/search-c1", count=-1, status=403)
    job = w.job()
    done = w.wait_job(job, "error")
    true("[search-c1]" in done["error"] and "[403]" in done["error"], done["error"])
    true(not re.match(r"\w+(Error|Exception):", done["error"]), done["error"])


def test_a82_claim_is_refused():
    w = ready()
    w.tenant.post("faults", path="/_connector/_sync_job/", end="/_claim", count=1, status=404)
    job = w.job()
    done = w.wait_job(job, "error")
    true(done["error"].startswith("ProtocolError: ") and "claim" in done["error"] and "404" in done["error"],
         done["error"])
    w.wait(lambda: w.record()["last_sync_status"] == "error")
    same(w.record()["last_sync_error"], done["error"])


def test_a69_credentials_of_its_own_for_the_data():
    w = World()
    w.entry = f"    api_key: {w.tenant.facts['api_key']}\n"
    w.serve()
    w.configured()
    w.connected()
    mark = len(w.recorder.log)
    w.wait_job(w.job(), "completed")
    w.wait(lambda: w.record()["last_sync_status"] == "completed")
    for e in w.recorder.log[mark:]:
        own = re.search(r"^/(search-c1($|\?|/_search)|_bulk|_search/scroll)", e["path"])
        same(e["headers"]["authorization"].split(" ")[0], "ApiKey" if own else "Basic", e["path"])
    true(w.recorder.find("PUT /_bulk", mark), "bulk")


def test_a67_the_snapshot_counts():
    w = ready()
    job = w.job()
    w.tenant.post("jobs", id=job, doc={"status": "canceled"})  # held back until the record differs
    w.tenant.post("connectors", id="c1", values=values(w.tenant, subject="nobody@elsewhere.test"))
    w.wait(lambda: w.record()["status"] == "error")
    w.tenant.post("jobs", id=job, doc={"status": "pending"})
    w.wait_job(job, "completed")


def test_a80_invalid_rules_in_the_snapshot():
    w = ready()
    rule = {"id": "r1", "order": 0, "policy": "exclude", "field": "subject", "rule": "regex", "value": "("}
    filtering = {"rules": [rule], "advanced_snippet": {"value": {}}, "validation": {"state": "valid", "errors": []}}
    job = w.job()
    w.tenant.post("jobs", id=job, doc={"status": "canceled"})
    w.wait(lambda: w.jobs()[job]["status"] in ("canceled", "completed"))
    record = dict(w.jobs()[job])
    record["connector"] = dict(record["connector"], filtering=filtering)
    mark = len(w.recorder.log)
    w.tenant.post("jobs", id=job, doc={"status": "pending", "connector": {"filtering": filtering}})
    done = w.wait_job(job, "error")
    true(done["error"].startswith("InvalidFilteringError: "), done["error"])
    same(w.recorder.find("_bulk", mark), [])


def test_a08_serverless_counts_without_refresh():
    w = World("--es-flavor", "serverless", "--es-version", "8.0.0")
    w.serve()
    w.configured()
    w.connected()
    mark = len(w.recorder.log)
    w.wait_job(w.job(), "completed")
    w.wait(lambda: w.record()["last_sync_status"] == "completed")
    same(w.recorder.find("_refresh", mark), [])
    true(w.recorder.find("/search-c1/_count", mark), "counted")


def test_a11_a12_deprecated_keys_and_a_number_as_id():
    w = World(connectors=())
    w.connector("1234")
    w.top = "connector_id: 1234\nservice_type: gmail\n"
    w.serve()
    w.wait(lambda: w.record("1234")["configuration"])
    same(w.record("1234")["service_type"], "gmail")


def test_a20_extraction_service_is_asked_once():
    class Handler(http.server.BaseHTTPRequestHandler):
        seen = []

        def do_GET(self):
            self.seen.append(self.path)
            self.send_response(500)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    w = World()
    w.top = f"extraction_service:\n  host: http://127.0.0.1:{server.server_port}/here\n"
    w.serve()
    w.wait(lambda: w.record()["configuration"])
    same(Handler.seen, ["/here/ping/"])
    server.shutdown()


def test_worker_mode_serves_by_type():
    w = World(connectors=(), service="  worker_mode: true\n  service_types: [gmail]\n")
    w.connector("a", service_type="gmail")
    w.connector("b", service_type="gmail", is_native=True)
    w.connector("c", service_type="outlook")
    w.connector("d", service_type="gmail", deleted=True)
    w.serve()
    w.wait(lambda: w.record("a")["configuration"])
    time.sleep(1.5)
    same([bool(w.record(k)["configuration"]) for k in "abcd"], [True, False, False, False])


def test_one_connector_never_stops_another():
    w = World(connectors=("c1", "c2", "c3"))
    w.tenant.post("connectors", id="c2", record={"configuration": [1, 2], "status": 7, "scheduling": "often"})
    w.tenant.post("connectors", id="c3", delete=True)
    w.serve()
    w.configured("c1")
    w.connected("c1")
    w.wait_job(w.job(), "completed")


def test_connector_without_job_is_not_set_free_early():
    """Between taking its connector and claiming the job a worker may wait; tests/sim waits for the end."""
    w = ready(service="  job_cleanup_interval: 1\n")
    w.set(last_sync_status="in_progress")
    job = w.job()
    time.sleep(5)
    same((w.jobs()[job]["status"], w.record()["last_sync_status"]), ("pending", "in_progress"))
    true("there is no such job" not in w.words(), w.words()[-1000:])


# ---- life

def test_sighup_says_that_nothing_is_read():
    w = ready()
    w.services[0].send_signal(signal.SIGHUP)
    w.wait(lambda: "config.yml is read at start only" in w.words())
    same(w.services[0].poll(), None)


def test_a04_elasticsearch_never_answers():
    w = World(elastic="  max_wait_duration: 3\n")
    w.recorder.server.shutdown()
    w.recorder.server.server_close()
    started = time.time()
    process = w.serve()
    same(process.wait(12), 1)
    true(2 < time.time() - started < 9, time.time() - started)


def test_a09_a10_config_errors_end_after_the_heads():
    for connectors in ((), ("changeme",)):
        w = World(connectors=connectors)
        same(w.serve().wait(10), 1)
        same(w.recorder.lines(), ["GET /", "HEAD /.elastic-connectors-v1", "HEAD /.elastic-connectors-sync-jobs-v1"])


def test_idle_rounds_ask_no_more_than_the_replaced_service():
    """Of a connector with nothing due: it asks the list three times and seven things of each connector."""
    w = ready()
    time.sleep(1)
    mark, tokens = len(w.recorder.log), w.tenant.stats()["tokens_issued"]
    started = time.time()
    time.sleep(6)
    tokens = w.tenant.stats()["tokens_issued"] - tokens
    true(tokens <= 2 * (time.time() - started + 1) / 3, tokens)  # a source that is well is not asked in each round
    rounds = len([e for e in w.recorder.find("_search", mark) if b'"_id"' in e["body"] and b"job" not in e["body"]])
    asked = len(w.recorder.log) - mark
    true(rounds >= 4, w.recorder.lines(mark))
    # two lists (schedule, execute) and one search for each kind of job; a GET and an update of the record
    true(asked <= (time.time() - started + 1) * 6, (asked, w.recorder.lines(mark)))


def test_an_outage_ends_nothing():
    w = ready(service="  max_errors: 2\n")
    w.tenant.post("faults", path="/.elastic", count=-1, status=503)
    time.sleep(8)
    same(w.services[0].poll(), None, w.words()[-2000:])
    w.tenant.control("DELETE", "faults")
    job = w.job()
    w.wait_job(job, "completed", seconds=40)


def test_kill_in_the_middle_is_cleaned_up():
    w = World("--messages", 2000, service="  job_cleanup_interval: 2\n")
    w.serve()
    w.configured()
    w.connected()
    w.tenant.post("options", latency_ms=300)
    job = w.job()
    w.wait(lambda: w.recorder.find("_bulk"))
    w.services[0].kill()
    w.services[0].wait()
    w.tenant.post("options", latency_ms=0)
    old = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=400)).isoformat()
    w.tenant.post("jobs", id=job, doc={"last_seen": old})
    w.serve()
    done = w.wait_job(job, "error")
    true("sign of life" in done["error"], done["error"])
    w.wait(lambda: w.record()["last_sync_status"] == "error")
    again = w.job()
    w.wait_job(again, "completed", seconds=60)


def long_job(*arguments, messages=4000, latency=300, **options):
    """A world in which a job runs and writes, slowly."""
    w = World("--messages", messages, *arguments, **options)
    w.serve()
    w.configured()
    w.connected()
    w.tenant.post("options", latency_ms=latency)
    job = w.job()
    w.wait(lambda: w.recorder.find("_bulk"))
    return w, job


def test_a71_counts_are_told_and_checks_are_made():
    w, job = long_job(messages=8000, latency=400)
    started = time.time()
    mark = len(w.recorder.log)
    w.wait(lambda: len(w.recorder.find("_stats", mark)) >= 2, 25)
    first, second = w.recorder.find("_stats", mark)[:2]
    true(9 < second["at"] - first["at"] < 12, second["at"] - first["at"])
    same(sorted(body(first)), ["deleted_document_count", "indexed_document_count", "indexed_document_volume", "metadata"])
    same(body(first)["metadata"], {})
    true(body(second)["indexed_document_count"] > body(first)["indexed_document_count"], "it grows")
    looks = w.recorder.find("GET /.elastic-connectors-sync-jobs/_doc", mark)
    true(len(looks) >= (time.time() - started) / 5 - 1, len(looks))
    # what else the service does went on meanwhile, each second
    same(w.jobs()[job]["status"], "in_progress")
    told = [e["at"] for e in w.recorder.find(r"POST /.elastic-connectors/_update/c1$", mark)]
    true(max(b - a for a, b in zip(told, told[1:])) < 3, "rounds are delayed")
    w.stop()


def test_a75_source_fails_midway():
    w, job = long_job()
    w.tenant.post("faults", path="/gmail/v1/users/", count=-1, status=403, reason="accessNotConfigured",
                  message="Gmail API has not been used in project 1 before or it is disabled.")
    done = w.wait_job(job, "error", "completed", seconds=60)
    same(done["status"], "error")
    true(re.match(r"\w+: .", done["error"]), done["error"])
    w.wait(lambda: w.record()["last_sync_status"] == "error")
    same(w.record()["last_sync_error"], done["error"])
    same([e for e in w.recorder.find("_bulk") if b'{"delete"' in e["body"]], [])


def test_a78_job_is_ended_by_somebody_else():
    w, job = long_job()
    w.tenant.post("jobs", id=job, doc={"status": "error", "error": "by hand"})
    asked = time.time()
    w.wait(lambda: w.record()["last_sync_status"] == "error", 10)
    true(time.time() - asked < 8.5, "took too long")
    same(w.jobs()[job]["error"], "by hand")
    true("ConnectorJobNotRunningError" in w.record()["last_sync_error"], w.record()["last_sync_error"])
    mark = len(w.recorder.log)
    time.sleep(2)
    same(w.recorder.find("_bulk", mark), [])


def test_soft_deleted_connector_stops_its_job():
    w, job = long_job()
    w.set(deleted=True)
    done = w.wait_job(job, "error", seconds=12)
    true(done["error"].startswith("ConnectorNotFoundError"), done["error"])


def test_a03_waits_for_elasticsearch():
    w = World()
    for _ in range(2):
        w.tenant.post("faults", path="/", count=1, status=503)
    w.serve()
    w.wait(lambda: w.recorder.find("HEAD /"))
    at = [e["at"] for e in w.recorder.find("GET /$")]
    same(len(at), 3)
    true(0.8 < at[1] - at[0] < 1.5 and 1.7 < at[2] - at[1] < 2.6, at)


def test_a40_token_endpoint_refuses():
    w = ready()
    w.tenant.post("faults", path="/token", count=-1, status=401, body='{"error":"invalid_client"}')
    w.wait(lambda: w.record()["status"] == "error")
    true("service account" in w.record()["error"].lower(), w.record()["error"])
    w.tenant.control("DELETE", "faults")
    w.connected()


def test_stop_while_elasticsearch_is_away():
    w, job = long_job()
    w.recorder.away = True
    started = time.time()
    same(w.stop(), 0)
    true(time.time() - started < 15.5, time.time() - started)
    same(w.jobs()[job]["status"], "in_progress")  # the clean-up of the next service ends it


def test_stop_in_the_preflight():
    w = World()
    w.tenant.post("faults", path="/", count=-1, status=503)
    w.serve()
    w.wait(lambda: w.recorder.log)
    started = time.time()
    same(w.stop(), 0)
    true(time.time() - started < 2, time.time() - started)
