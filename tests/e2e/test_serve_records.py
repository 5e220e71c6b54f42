# SPDX-License-Identifier: Apache-2.0
"""Records as nobody should write them, indices in every state, keys without rights, and a config.yml that
is edited meanwhile: what cannot be understood gets an error of its own and never stops the others."""
import os
import signal
import time

import rig
from rig import same, true
from test_serve import World, ready
from test_serve_bulk import ask, connected, ended, job_that_remembers

MEMBERS = ["index_name", "service_type", "configuration", "status", "is_native", "name", "features", "last_seen",
           "error", "scheduling", "pipeline", "filtering", "last_sync_status", "sync_cursor",
           "last_sync_scheduled_at", "custom_scheduling"]
WRONG = [7, "x", {"a": {"b": [1]}}]


def good_record(w):
    """That of a connected connector "good"; its service is stopped."""
    w.serve()
    w.configured("good")
    w.connected("good")
    w.stop()
    return w.record("good")


def crowd(records):
    """Serves the connector "good" among others; returns when it has been seen again."""
    w = World("--messages", 2, connectors=("good",), service="  max_errors: 3\n")
    good = good_record(w)
    for name, change in records.items():
        record = dict(good, index_name="search-" + name, last_seen=None)
        record.update(change)
        w.tenant.post("connectors", id=name, record={k: v for k, v in record.items() if v is not MISSING})
    w.connectors = ("good", *records)
    w.set("good", status="configured", last_seen=None)
    w.serve()
    w.connected("good")
    w.wait(lambda: all(w.record(name) for name in records))
    return w


MISSING = object()


def good_goes_on(w):
    for _ in range(2):
        w.wait_job(w.job(id="good"), "completed", seconds=60)
    same(w.services[-1].poll(), None, w.words()[-2000:])


def test_members_of_other_types():
    records = {f"m{i}": {key: value} for i, (key, value) in
               enumerate((key, value) for key in MEMBERS for value in WRONG)}
    w = crowd(records)
    w.wait(lambda: all(w.record(name).get("last_seen") not in (None, *WRONG) or "service_type" in change
                       for name, change in records.items()), 40)
    for name, change in records.items():
        key, value = next(iter(change.items()))
        status = w.record(name)["status"]
        if key == "configuration":  # empty, as far as can be seen; or without values
            true(status == "needs_configuration" or w.record(name)["error"].startswith("Invalid configuration"), status)
        elif key != "service_type" or value != "x":
            same(status, "connected", change)
    true('the service type: x connector_id' in w.words(), "told")
    good_goes_on(w)


def test_members_that_are_missing_or_unknown():
    records = {f"m{i}": {key: MISSING} for i, key in enumerate(MEMBERS)}
    records["more"] = {"of_the_future": {"a": [1, {"b": None}]}, "Ünknown": "x" * 1000}
    w = crowd(records)
    w.wait(lambda: all(w.record(name).get("last_seen") for name in records), 40)
    w.wait(lambda: all(w.record(name)["status"] == "connected" for name, change in records.items()
                       if "configuration" not in change), 40)
    same(w.record("more")["of_the_future"], {"a": [1, {"b": None}]}, "left as it is")
    good_goes_on(w)


def test_records_that_are_too_large():
    deep = {}
    for _ in range(70):
        deep = {"a": deep}
    w = crowd({"bytes": {"description": "x" * (1 << 20)}, "deep": {"custom_scheduling": deep},
               "values": {"features": {f"k{i}": {"enabled": True} for i in range(9000)}}})
    for name in ("bytes", "values", "deep"):
        w.wait(lambda: w.record(name)["status"] == "error")
        true("too large" in w.record(name)["error"], w.record(name)["error"])
    time.sleep(5)  # more rounds than service.max_errors
    good_goes_on(w)
    w.set("bytes", description="short")
    w.connected("bytes")
    same(w.record("bytes")["error"], None)


def test_ids_of_any_characters():
    ids = ["a/b", "a?b#c", "a%2Fb", "..", 'a"b\\c', "a\nb\x01", "日本 😀", "*", "${A}$$", "null", "-x", "x" * 512]
    w = World("--messages", 1, connectors=(), service="  worker_mode: true\n  service_types: [gmail]\n"
              "  max_concurrent_content_syncs: 2\n")
    for i, name in enumerate(ids):
        w.connector(name, index_name=f"search-{i}", service_type="gmail")
    w.serve()
    for name in ids:
        w.configured(name)
    for name in ids:
        w.connected(name)
    jobs = [w.job(id=name) for name in ids]
    for job, name in zip(jobs, ids):
        w.wait_job(job, "completed", seconds=60)
        w.wait(lambda: w.record(name)["last_sync_status"] == "completed")
    for i in range(len(ids)):
        same(len(w.tenant.docs(f"search-{i}")), 2)


def test_jobs_that_are_not_understood():
    w = connected("--messages", 1, service="  max_errors: 3\n")
    for snapshot, words in (({"index_name": 7}, "index"), ({"configuration": [1]}, "lacks these fields"),
                            ({"index_name": "a*b"}, "index"), ({"language": "x" * (1 << 19)}, "too large"),
                            ({"filtering": {"rules": 7}}, "InvalidFilteringError")):
        job = job_that_remembers(w, **snapshot)
        behind = w.job()
        true(words in ended(w, "error", job)["error"], w.jobs()[job]["error"])
        w.wait_job(behind, "completed")
    for snapshot in ({"pipeline": 7}, {"sync_cursor": "x"}, {"language": [1]}, {"of_the_future": {}}):
        ended(w, job=job_that_remembers(w, **snapshot))
    unknown = [job_that_remembers(w, service_type=value) for value in (None, 7, "teapot")]
    odd = w.job()
    w.tenant.post("jobs", id=odd, doc={"job_type": "purple"})
    ended(w)
    same({w.jobs()[job]["status"] for job in [*unknown, odd]}, {"pending"})
    true("service type: teapot" in w.words(), "told")
    same(w.services[0].poll(), None)


def test_many_jobs_with_large_names():
    w = ready(service="  max_errors: 3\n", connectors=("c1", "c2"))
    w.set("c1", last_sync_status="in_progress")
    w.set("c2", last_sync_status="in_progress")
    first = w.job(id="c2")
    for _ in range(12):
        w.tenant.post("jobs", id=w.job(), doc={"connector": {"service_type": "x" * 32000}})
    w.set("c1", last_sync_status=None)
    w.set("c2", last_sync_status=None)
    w.wait_job(first, "completed")
    time.sleep(4)
    same(w.services[0].poll(), None, w.words()[-1000:])


# ---- indices

def test_an_index_that_cannot_be_written():
    w = connected(elastic="  max_retries: 2\n")
    same(ended(w)["indexed_document_count"], 20)
    for state in ("closed", "flood", "read_only"):
        w.tenant.post("es", index="search-c1", state=state)
        job = w.job()
        record = ended(w, "error", job)
        true("search-c1" in record["error"], (state, record["error"]))
        same(w.record()["last_sync_error"], record["error"])
        w.connected()  # the source is well
        w.tenant.post("es", index="search-c1", state="open")
        same(ended(w)["indexed_document_count"], 20, state)


def test_an_index_that_goes_in_the_middle():
    w = connected("--messages", 300)
    w.tenant.post("options", latency_ms=200)
    job = w.job()
    w.wait(lambda: len(w.recorder.find("_bulk")) >= 2)
    ask(w, "DELETE", "/search-c1")
    w.tenant.post("options", latency_ms=0)
    record = w.wait_job(job, "error", "completed")  # where bulk makes the index again, nothing is refused
    true(record["status"] == "completed" or "search-c1" in record["error"], record["error"])
    w.wait(lambda: w.record()["last_sync_status"] == record["status"])
    ended(w)
    same(len(w.tenant.docs("search-c1")), 600, "the next one has them all")


# ---- rights

DATA = ["read", "write", "view_index_metadata", "create_index", "maintenance"]
SYSTEM = ["read", "write", "view_index_metadata", "maintenance"]


def key(w, cluster, **indices):
    roles = [{"names": [name.replace("connectors", ".elastic-connectors*").replace("data", "search-c1")],
              "privileges": rights, "allow_restricted_indices": True} for name, rights in indices.items()]
    made = ask(w, "POST", "/_security/api_key",
               {"name": "k", "role_descriptors": {"r": {"cluster": cluster, "indices": roles}}})
    return made["encoded"]


def without(rights, lacking):
    return [right for right in rights if right != lacking]


def test_a_key_for_the_data_that_lacks_a_right():
    for lacking in ("read", "write", "create_index"):
        w = World()
        if lacking != "create_index":
            ask(w, "PUT", "/search-c1")
        w.entry = f"    api_key: {key(w, [], data=without(DATA, lacking))}\n"
        w.serve()
        w.configured()
        w.connected()
        record = ended(w, "error")
        true("[search-c1]" in record["error"] and "[403]" in record["error"], record["error"])
        true(lacking in record["error"].split("granted by", 1)[1].split(")")[0], (lacking, record["error"]))
        true(w.entry.split()[-1] not in w.words(), "the key is told")
        w.connected()
        rig.stop_all()


def test_a_key_for_the_records_that_lacks_a_right():
    for lacking, place in (("manage_connector", "/_connector/"), ("read", "/.elastic-connectors/_search"),
                           ("write", "/.elastic-connectors/_update/"), ("view_index_metadata", "/.elastic-connectors-v1")):
        w = World(elastic="  max_retries: 2\n",
                  service="  max_errors: 2\n  preflight_max_attempts: 1\n  preflight_idle: 1\n")
        made = key(w, without(["monitor", "manage_connector"], lacking), data=DATA, connectors=without(SYSTEM, lacking))
        w.login = f"  api_key: {made}\n"
        process = w.serve("--log-level", "info")
        same(process.wait(30), 1, lacking)
        told = [line for line in w.words().splitlines() if " ERROR " in line or " WARN " in line]
        true(any(place in line and lacking in line for line in told), (lacking, told))
        true(made not in w.words(), "the key is told")
        rig.stop_all()


# ---- config.yml while it runs

def test_an_edited_configuration_changes_nothing():
    w = ready()
    path = os.path.join(w.tenant.dir, "serve0.yml")
    with open(path, "w") as f:
        f.write("elasticsearch: {host: http://127.0.0.1:9}\nnonsense: [\n")
    w.services[0].send_signal(signal.SIGHUP)
    w.wait(lambda: "config.yml is read at start only" in w.words())
    time.sleep(2)
    same(w.words().count("config.yml is read at start only"), 1, "once for each signal")
    ended(w)
    os.remove(path)
    ended(w)
    same(w.services[0].poll(), None)
