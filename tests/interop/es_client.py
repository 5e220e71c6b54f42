# SPDX-License-Identifier: Apache-2.0
# What mailferry wrote, read by Elastic's own Python client: connector and job records in every state that a
# service brings them to, and the documents. Each field must be documented (elastic-protocol.md 2, 3, 8.1 and
# 17; configuration.md 4) and hold its type there; none may be absent that is always there.
#     python3 tests/interop/es_client.py [-v]
# The connectors API on the Elasticsearch double; index mode on a real Elasticsearch, started by the tool
# beside the project, or on the double where that cannot be. The client goes into build/es_client, by
# requirements.txt with its digests; where that is not possible, all is skipped.
import datetime
import hashlib
import os
import re
import signal
import subprocess
import sys
import traceback
import warnings

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
PLACE = os.path.join(ROOT, "build", "es_client")
WANTED = os.path.join(ROOT, "tests", "interop", "requirements.txt")

import node  # noqa: E402
import rig  # noqa: E402
import test_serve  # noqa: E402
import test_serve_node  # noqa: E402
from rig import same, true  # noqa: E402


# ---- the client

def command(*words):
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        lines = (done.stderr + done.stdout).strip().splitlines()
        raise rig.Skip(f"Elastic's client cannot be installed: {lines[-1][:200] if lines else words[0]}")


def install():
    """The path of a Python that has the client."""
    with open(WANTED, "rb") as f:
        stamp = hashlib.sha256(f.read() + sys.version.encode()).hexdigest()
    python, mark = os.path.join(PLACE, "bin", "python"), os.path.join(PLACE, "installed")
    if os.path.exists(mark) and open(mark).read() == stamp:
        return python
    if sys.version_info < (3, 11):
        raise rig.Skip("the pinned packages are for Python 3.11 or later")
    try:
        import ensurepip  # noqa: F401  Debian has it in a package of its own
    except ImportError:
        command(os.path.join(ROOT, "third_party", "need"), "python3-venv:/nowhere")
    command(sys.executable, "-m", "venv", "--clear", PLACE)
    command(python, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", WANTED)
    with open(mark, "w") as f:
        f.write(stamp)
    return python


# ---- what a value may be: each of these raises, or returns nothing

class Wrong(Exception):
    pass


def want(condition, value, kind):
    if not condition:
        raise Wrong(f"{str(value)[:80]!r} is no {kind}")


def text(v):
    want(isinstance(v, str), v, "text")


def flag(v):
    want(isinstance(v, bool), v, "flag")


def count(v):
    want(isinstance(v, int) and not isinstance(v, bool) and 0 <= v < 2**31, v, "count")


def mapping(v):
    want(isinstance(v, dict), v, "object")


def numbers(v):
    """Counts, at any depth."""
    if not isinstance(v, dict):
        return count(v)
    for x in v.values():
        numbers(x)


def nothing(v):
    want(v is None, v, "null")


def date(v):
    want(isinstance(v, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|\+00:00)", v), v, "date with a zone")
    datetime.datetime.fromisoformat(v)


def our_date(v):
    """As the service itself writes them: an explicit offset; microseconds unless they are zero."""
    want(isinstance(v, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.(?!000000)\d{6})?\+00:00", v), v, "date of the service")
    datetime.datetime.fromisoformat(v)


def error(v):
    text(v)
    want(v.strip() == v and 0 < len(v.encode()) < 8192, v, "sentence")


def interval(v):
    text(v)
    want(6 <= len(v.split()) <= 7, v, "Quartz expression")


def maybe(kind):
    return lambda v: None if v is None else kind(v)


def one_of(*values):
    return lambda v: want(any(v is x or (isinstance(v, str) and v == x) for x in values), v, f"one of {values}")


def each(kind):
    def check(v):
        want(isinstance(v, list), v, "list")
        for x in v:
            kind(x)
    return check


class Fields:
    """An object with these fields and no others; `?` behind a name: may be absent."""

    def __init__(self, **fields):
        self.must = {k for k in fields if not k.endswith("_may")}
        self.kinds = {k.removesuffix("_may"): v for k, v in fields.items()}

    def but(self, **fields):
        other = Fields(**fields)
        other.kinds, other.must = self.kinds | other.kinds, (self.must - set(other.kinds)) | other.must
        return other

    def __call__(self, v):
        mapping(v)
        for name in self.must - set(v):
            raise Wrong(f"{name} is absent")
        for name, value in v.items():
            if name not in self.kinds:
                raise Wrong(f"{name} is not documented")
            try:
                self.kinds[name](value)
            except Wrong as wrong:
                raise Wrong(f"{name}: {wrong}") from None


def bites(kind, what, record):
    """A check that takes anything is none: each field in turn is a number with a fraction, or is missing."""
    wrong = [(f"{name} as 1.5", record | {name: 1.5}) for name in record]
    wrong += [(f"no {name}", {k: v for k, v in record.items() if k != name}) for name in kind.must]
    for how, other in wrong + [("a strange field", record | {"strange": None})]:
        try:
            kind(other)
        except Wrong:
            continue
        raise AssertionError(f"{what}: {how} would pass")


STATUS = one_of("created", "needs_configuration", "configured", "connected", "error")
JOB_STATUS = ("pending", "in_progress", "canceling", "canceled", "suspended", "completed", "error")
TYPE, ACL = one_of("full", "incremental", "access_control"), ".search-acl-filter-"


def field_of(kind):
    return Fields(default_value=nothing, depends_on=each(mapping), display=one_of("text", "textarea", "toggle"), label=text,
                  options=each(mapping), order=count, required=flag, sensitive=flag, tooltip=maybe(text),
                  type=one_of("str" if kind is text else "bool"), ui_restrictions=each(text),
                  validations=each(Fields(type=text, constraint=text)), value=kind)


CONFIGURATION = Fields(service_account_credentials=field_of(text), subject=field_of(text), customer_id=field_of(text),
                       include_spam_and_trash=field_of(flag), include_full_raw_message=field_of(flag),
                       use_document_level_security=field_of(flag))
RULE = Fields(id=text, order=count, policy=one_of("include", "exclude"), field=text, rule=text, value=text, created_at_may=date,
              updated_at_may=date)
SIDE = Fields(rules=each(RULE), advanced_snippet=Fields(value=mapping, created_at_may=date, updated_at_may=date),
              validation=Fields(state=one_of("valid", "invalid", "edited"), errors=each(Fields(ids=each(text), messages=each(text)))))
PIPELINE = Fields(name=text, extract_binary_content=flag, reduce_whitespace=flag, run_ml_inference=flag)
SCHEDULE = Fields(enabled=flag, interval=interval)
ON = Fields(enabled=flag)
CONNECTOR = Fields(
    api_key_id=maybe(text), api_key_secret_id=maybe(text), configuration=CONFIGURATION, custom_scheduling=mapping,
    created_at_may=date, updated_at_may=date, deleted=flag, description=maybe(text), error=maybe(error),
    features=Fields(sync_rules=Fields(basic=ON, advanced=ON), document_level_security=ON, incremental_sync=ON,
                    native_connector_api_keys=ON),
    filtering=each(Fields(domain=text, active=SIDE, draft=SIDE)), index_name=text, is_native=flag, language=maybe(text),
    last_access_control_sync_error=maybe(error), last_access_control_sync_status=maybe(one_of(*JOB_STATUS)),
    last_access_control_sync_scheduled_at=maybe(our_date), last_incremental_sync_scheduled_at=maybe(our_date),
    last_sync_scheduled_at=maybe(our_date), last_deleted_document_count=maybe(count), last_indexed_document_count=maybe(count),
    last_seen=maybe(date), last_sync_error=maybe(error), last_sync_status=maybe(one_of(*JOB_STATUS)),
    last_synced=maybe(our_date), name=text, pipeline=PIPELINE,
    scheduling=Fields(full=SCHEDULE, incremental=SCHEDULE, access_control=SCHEDULE), service_type=one_of("gmail"), status=STATUS,
    sync_cursor=nothing, sync_now=flag)

METADATA = Fields(mailferry_may=numbers)  # what the service tells of its own; the replaced one writes {}
JOB = Fields(
    connector=Fields(id=text, index_name=text, language=maybe(text), service_type=one_of("gmail"), configuration=CONFIGURATION,
                     pipeline=PIPELINE, filtering=SIDE, sync_cursor_may=maybe(mapping)),
    job_type=TYPE, trigger_method=one_of("on_demand", "scheduled"), status=one_of(*JOB_STATUS), created_at=date,
    last_seen=date, indexed_document_count=count, deleted_document_count=count, indexed_document_volume=count,
    total_document_count_may=count, error_may=maybe(error), metadata_may=METADATA, cancelation_requested_at_may=date)
RUNNING = JOB.but(started_at=date, worker_hostname=text)
ENDED = RUNNING.but(completed_at=our_date, last_seen=our_date, total_document_count=count, error=nothing)
JOBS = {
    "pending": JOB, "in_progress": RUNNING, "canceling": RUNNING.but(cancelation_requested_at=date),
    "suspended": RUNNING.but(last_seen=our_date, error=nothing), "completed": ENDED, "error": ENDED.but(error=error),
    "canceled": ENDED.but(canceled_at=our_date, cancelation_requested_at=date),
}


# ---- places: a service with its records, and the client on them

class Double(test_serve.World):
    """The double; `api`: with the connectors API."""

    def __init__(self, client, api, *arguments):
        super().__init__(*arguments, api=api, connectors=())
        self.connectors, self.index = ("c1",), "search-c1"
        url = f"https://127.0.0.1:{self.tenant.port('elasticsearch')}"
        self.es = client(url, ca_certs=os.path.join(self.tenant.dir, "ca.pem"), basic_auth=("elastic", "tenant-password"))
        if api:
            self.es.connector.put(connector_id="c1", index_name=self.index, name="Mail")
        else:
            self.connector("c1", api_key_id=None, api_key_secret_id=None, custom_scheduling={}, deleted=False, description=None,
                           language=None, sync_cursor=None, sync_now=False,
                           **{k: None for k in CONNECTOR.must if k.startswith("last_")})

    def fill(self, **changes):
        self.tenant.post("connectors", id="c1", values=test_serve.values(self.tenant, **changes))

    def cancel(self, job):
        self.tenant.post("jobs", id=job, cancel=True)

    def make(self, kind):
        return self.job(job_type=kind)


class Real(test_serve_node.Place):
    """A real Elasticsearch, which knows no connectors API; a trial license, for access control."""

    def __init__(self, client, *arguments):
        node.get("serve", "xpack.license.self_generated.type=trial", secure=True)
        super().__init__("c1", *arguments)
        self.es = client(self.node.url, ca_certs=self.node.ca_file, api_key=self.key)

    def fill(self, **changes):
        self.kibana.configure("c1", test_serve.values(self.tenant, **changes))

    def set(self, **doc):
        self.kibana.set("c1", doc)

    def cancel(self, job):
        self.kibana.cancel(job)

    def make(self, kind):
        return self.kibana.job("c1", kind)

    def stop(self):
        self.services[-1].send_signal(signal.SIGTERM)
        return self.services[-1].wait(16)


class Reader:
    """Reads through the client alone, and checks all that it reads."""

    def __init__(self, place, api):
        self.place, self.es, self.api, self.seen = place, place.es, api, set()

    def check(self, kind, what, record):
        try:
            kind(record)
        except Wrong as wrong:
            raise AssertionError(f"{what}: {wrong}") from None
        if what not in self.seen:
            self.seen.add(what)
            bites(kind, what, record)

    def connector(self):
        answer = self.es.get(index=".elastic-connectors", id="c1")
        record = answer["_source"]
        if record["configuration"]:
            self.check(CONNECTOR, f"connector {record['status']}", record)
            if self.api:
                shown = self.es.connector.get(connector_id="c1").body
                same(shown.pop("id"), "c1")
                self.check(CONNECTOR, f"connector {record['status']} by the API", shown)
        return record

    def jobs(self):
        """All by id; a search, so that what is found by its fields is as the mapping takes it."""
        self.es.indices.refresh(index=".elastic-connectors-sync-jobs")
        hits = self.es.search(index=".elastic-connectors-sync-jobs", size=100, query={"term": {"connector.id": "c1"}},
                              sort=[{"created_at": "asc"}])["hits"]["hits"]
        for hit in hits:
            record = hit["_source"]
            what = f"job {record['job_type']} {record['trigger_method']} {record['status']}"
            self.check(JOBS[record["status"]], what, record)
            named = record["connector"]["index_name"].startswith(ACL)
            same(named, record["job_type"] == "access_control", what)
            if self.api:
                shown = self.es.connector.sync_job_get(connector_sync_job_id=hit["_id"]).body
                same(shown.pop("id"), hit["_id"])
                self.check(JOBS[shown["status"]], what + " by the API", shown)
        return {hit["_id"]: hit["_source"] for hit in hits}

    def wait(self, condition, seconds=60):
        self.place.wait(condition, seconds)

    def ended(self, job, status):
        self.wait(lambda: self.jobs()[job]["status"] in (status, "completed", "error", "canceled"))
        same(self.jobs()[job]["status"], status)
        kind = "last_access_control_sync_status" if self.jobs()[job]["job_type"] == "access_control" else "last_sync_status"
        self.wait(lambda: self.connector()[kind] == status)


# ---- what happens, and is looked at

def registered(r):
    r.place.serve()
    r.wait(lambda: r.connector()["configuration"])
    same(r.connector()["status"], "needs_configuration")
    r.place.fill(subject="nobody", use_document_level_security=True)
    r.wait(lambda: r.connector()["status"] == "error")
    r.place.fill(use_document_level_security=True)
    r.wait(lambda: r.connector()["status"] == "connected" and r.connector()["last_seen"])


def scheduled(r):
    def each_three_seconds(enabled):
        return {kind: {"enabled": enabled, "interval": "0/3 * * * * ?"} for kind in ("full", "incremental", "access_control")}

    def kinds():
        return {j["job_type"] for j in r.jobs().values() if j["status"] == "completed"}
    r.place.set(scheduling=each_three_seconds(True))
    r.wait(lambda: len(kinds()) == 3)
    r.place.set(scheduling=each_three_seconds(False))
    r.wait(lambda: all(j["status"] == "completed" for j in r.jobs().values()))
    true(all(r.connector()[f"last_{k}sync_scheduled_at"] for k in ("", "incremental_", "access_control_")), "planned times")


def begun(r):
    """A slow full sync that writes."""
    for user in r.place.tenant.users():
        r.place.tenant.post("messages", user=user["user"], add=2000, bytes=400)
    r.place.tenant.post("options", latency_ms=300)
    job = r.place.make("full")
    r.wait(lambda: r.jobs()[job]["status"] == "in_progress" and r.jobs()[job]["indexed_document_count"] > 0)
    r.connector()
    return job


def canceled(r):
    job = begun(r)
    r.place.cancel(job)
    r.ended(job, "canceled")
    waiting = r.place.make("incremental")
    r.jobs()
    r.place.tenant.post("options", latency_ms=0)
    r.ended(waiting, "completed")


def suspended(r):
    job = begun(r)
    same(r.place.stop(), 0)
    r.ended(job, "suspended")
    r.place.tenant.post("options", latency_ms=0)
    r.place.serve()
    r.ended(job, "completed")


def failed(r):
    r.place.tenant.post("faults", path="/admin/directory/", count=-1, status=403, reason="accessNotConfigured",
                        message="Admin SDK API has not been used in project 1 before or it is disabled.")
    job = r.place.make("full")
    r.wait(lambda: r.jobs()[job]["status"] == "error")
    r.ended(job, "error")
    true(re.match(r"\w+: .", r.jobs()[job]["error"]), r.jobs()[job]["error"])
    same(r.connector()["last_sync_error"], r.jobs()[job]["error"])
    r.place.tenant.control("DELETE", "faults")
    again = r.place.make("access_control")
    r.ended(again, "completed")


MAIL = Fields(id=text, _timestamp=text, _allow_access_control=each(text), _attachment_may=text, _extract_binary_content_may=flag,
              _reduce_whitespace_may=flag, _run_ml_inference_may=flag)


def documents(r, helpers):
    r.es.indices.refresh(index=r.place.index)
    found = {hit["_id"]: hit["_source"] for hit in helpers.scan(r.es, index=r.place.index)}
    for key, mail in found.items():
        r.check(MAIL, "mail", mail)
        same(mail["id"], key)
        datetime.datetime.fromtimestamp(int(mail["_timestamp"]) / 1000)
    same(set(found), set(r.place.tenant.messages()), "messages")
    users = {user["user"] for user in r.place.tenant.users()}
    same({owner for mail in found.values() for owner in mail["_allow_access_control"]}, users)
    acl = [hit["_source"] for hit in helpers.scan(r.es, index=ACL + r.place.index)]
    same(len(acl), len(users))
    for one in acl:
        r.check(Fields(id=text, identity=mapping, query=mapping, created_at=date, _timestamp_may=date), "access control", one)


def run(name, make, api, helpers, verbose):
    try:
        r = Reader(make(), api)
        for step in (registered, scheduled, canceled, suspended, failed):
            step(r)
        documents(r, helpers)
        same(r.place.stop(), 0)
        for what in ("connector needs_configuration", "connector error", "connector connected", "job full on_demand in_progress",
                     "job full on_demand canceled", "job full on_demand suspended", "job full on_demand error",
                     *(f"job {kind} scheduled completed" for kind in ("full", "incremental", "access_control"))):
            true(what in r.seen, f"{what}: not seen")
        if verbose:
            print("\n".join(sorted(r.seen)))
        print(f"PASS {name} {len(r.seen)} kinds of records")
        return True
    except rig.Skip:
        raise
    except Exception as failure:
        traceback.print_exc(file=sys.stdout)
        print("FAIL", name, str(failure).replace("\n", " ")[:300])
        return False
    finally:
        rig.stop_all()


def main():
    import elasticsearch
    from elasticsearch import helpers
    verbose = "-v" in sys.argv
    # It warns of system indices, and of a connectors API that is not final.
    warnings.simplefilter("ignore", elasticsearch.ElasticsearchWarning)
    warnings.simplefilter("ignore", elasticsearch.exceptions.GeneralAvailabilityWarning)
    client = elasticsearch.Elasticsearch
    good = run("api_on_the_double", lambda: Double(client, True), True, helpers, verbose)
    try:
        good = run("indices_on_a_real_node", lambda: Real(client), False, helpers, verbose) and good
    except rig.Skip as why:
        print("SKIP indices_on_a_real_node", why)
        good = run("indices_on_the_double", lambda: Double(client, False), False, helpers, verbose) and good
    finally:
        node.stop()
    return 0 if good else 1


if __name__ == "__main__":
    if not sys.prefix.startswith(PLACE):
        try:
            os.execv(install(), [os.path.join(PLACE, "bin", "python"), os.path.abspath(__file__), *sys.argv[1:]])
        except rig.Skip as reason:
            print("SKIP es_client", reason)
            sys.exit(0)
    sys.exit(main())
