# SPDX-License-Identifier: Apache-2.0
"""The connector service with Exchange Online (data_source outlook_cloud): what a person fills in, what is said of it,
and each kind of job. Names carry the numbers of the acceptance rows. One-shot syncs: test_graph.py."""
import collections
import json
import os
import re
import ssl
import time
import urllib.parse
import urllib.request

import test_extract
import test_serve
from rig import same, true
from servers import Extraction
from test_jobs import counts, refresh, rules
from test_outlook import NOBODY, stored

ACCESS = ".search-acl-filter-search-c1"
ALIKE = ("--exchange-content", "alike", "--exchange-auth", "ntlm,bearer")
KINDS = {"Inbox Mails", "Sent Mails", "Junk Mails", "Archive Mails", "Calendar", "Contact", "Task", "Mail Attachment",
         "Calendar Attachment", "Task Attachment"}


def fields(tenant, **changes):
    """What a person fills in, for this tenant; None takes a field away."""
    result = {"data_source": "outlook_cloud", "tenant_id": tenant.facts["tenant_id"], "client_id": tenant.facts["client_id"],
              "client_secret": tenant.facts["client_secret"], "use_document_level_security": True}
    result.update(changes)
    return {k: v for k, v in result.items() if v is not None}


class World(test_serve.World):
    """Connector c1 is one of Exchange Online."""

    def __init__(self, *arguments, outlook="", **options):
        self.outlook = outlook
        super().__init__("--exchange-items", 12, *NOBODY, *ALIKE, *arguments, **options)

    def config(self):
        text = super().config().replace('"c1"\n    service_type: gmail', '"c1"\n    service_type: outlook')
        ends = "".join(f"  microsoft_{k}: https://127.0.0.1:{self.tenant.port(p)}\n"
                       for k, p in (("login", "entra"), ("graph", "graph"), ("ews", "exchange")))
        return text.replace("endpoints:\n", "endpoints:\n" + ends) + (f"outlook:\n{self.outlook}" if self.outlook else "")

    def fill(self, **changes):
        self.wait(lambda: self.record()["configuration"])
        self.tenant.post("connectors", id="c1", values=fields(self.tenant, **changes))

    def says(self, *words, seconds=20):
        """The connector's error has these words."""
        self.wait(lambda: self.record()["status"] == "error" and all(w in self.record()["error"] for w in words), seconds)
        return self.record()["error"]

    def done(self, seconds=60, **wanted):
        record = self.wait_job(self.job(**wanted), "completed", "error", seconds=seconds)
        same((record["status"], record["error"]), ("completed", None))
        return record

    def asked(self):
        """A line of Graph's for each mailbox, by its address."""
        lines = [json.loads(line) for line in self.tenant.control("GET", "graph").splitlines() if line.startswith("{")]
        return {line["user"]: line for line in lines if "user" in line}


def ready(*arguments, outlook="", world=None, **changes):
    w = World(*arguments, outlook=outlook, **(world or {}))
    w.serve()
    w.fill(**changes)
    w.connected()
    return w


def indices(w):
    return [name for name in w.tenant.stats()["documents"] if not name.startswith(".elastic-connectors")]


def directory(tenant):
    """The users as Graph tells them to anybody else: every user of the tenant that is no guest, by id."""
    context = ssl.create_default_context(cafile=os.path.join(tenant.dir, "ca.pem"))

    def ask(url, data=None, **headers):
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), context=context, timeout=30) as answer:
            return json.loads(answer.read())

    form = {"grant_type": "client_credentials", "scope": "https://graph.microsoft.com/.default",
            "client_id": tenant.facts["client_id"], "client_secret": tenant.facts["client_secret"]}
    token = ask(f"https://127.0.0.1:{tenant.port('entra')}/{tenant.facts['tenant_id']}/oauth2/v2.0/token",
                urllib.parse.urlencode(form).encode())["access_token"]
    users = ask(f"https://127.0.0.1:{tenant.port('graph')}/v1.0/users?$top=999&$select=id,displayName,mail,jobTitle,"
                "accountEnabled,userType", Authorization="Bearer " + token)
    true("@odata.nextLink" not in users, "one page")
    return {u["id"]: u for u in users["value"] if u["userType"] != "Guest"}


# ---- registration, and what is filled in

def test_a21_a22_a23_registration():
    w = World()
    w.serve()
    w.wait(lambda: w.record()["last_seen"])
    doc = test_serve.body(w.recorder.find("POST /.elastic-connectors/_update/c1")[0])["doc"]
    same((doc["status"], doc["service_type"], len(doc["configuration"])), ("needs_configuration", "outlook", 13))
    same(doc["configuration"]["data_source"]["value"], "outlook_cloud")
    for name, sensitive in (("tenant_id", False), ("client_id", False), ("client_secret", True)):
        field = doc["configuration"][name]
        same((field["sensitive"], field["depends_on"]), (sensitive, [{"field": "data_source", "value": "outlook_cloud"}]), name)
    time.sleep(2.5)
    same(w.record()["status"], "needs_configuration")
    same(w.tenant.stats()["entra_by_secret"], 0, "nobody logs in with nothing")


def test_a35_a36_a41_validation():
    w = World()
    w.serve()
    w.fill(tenant_id="", client_id="", client_secret="")
    text = w.says("'Tenant ID' is empty; 'Client ID' is empty; 'Client Secret Value' is empty")
    true("Exchange" not in text and "Active Directory" not in text, text)  # a36: fields of the server
    w.fill(tenant_id="common")
    w.says("'Tenant ID'")
    w.fill(tenant_id="a.b/../c")
    w.says("'Tenant ID'")
    w.fill(client_id="my app")
    w.says("'Client ID'")
    same((w.tenant.stats()["entra_by_secret"], w.tenant.stats()["entra_refused"]), (0, 0), "somebody was asked")
    w.fill()
    w.connected()
    same(w.record()["error"], None)


def test_a41_what_entra_refuses():
    w = World()
    w.serve()
    secret = "aB3~wrong-but-well-formed"
    for changes, entra, words in (
            ({"client_secret": secret}, {}, ("AADSTS7000215", "Certificates & secrets", "not Secret ID")),
            ({"client_id": "00000000-2222-3333-4444-555555555555"}, {}, ("AADSTS700016", "App registrations")),
            ({"tenant_id": "other.test"}, {}, ("AADSTS90002", "Tenant ID")),
            ({}, {"secret_expired": True}, ("AADSTS7000222",)),
            ({}, {"secret_expired": False, "disabled": True}, ("AADSTS7000112",))):
        w.tenant.post("entra", **entra)
        w.fill(**changes)
        text = w.says(*words)
        true(secret not in text + w.words() and w.tenant.facts["client_secret"] not in text + w.words(), "a secret")
    w.tenant.post("entra", disabled=False)
    w.fill()
    w.connected()
    same(w.record()["error"], None)


def test_a41_a_permission_is_missing():
    w = World(outlook="  backend: graph\n")
    w.tenant.post("entra", roles=["mail", "calendar", "contacts", "tasks", "settings"])
    w.serve()
    w.fill()
    w.says("User.Read.All")
    w.tenant.post("entra", roles=["users", "mail", "calendar", "contacts", "tasks", "settings"])
    w.tenant.post("entra", revoke="all")
    w.connected()


def test_a41_a_ping_reads_no_mailbox():
    w = ready()
    same(sum(u.get("requests", 0) for u in w.asked().values()), 0)
    true(w.tenant.stats()["entra_by_secret"] <= 2, w.tenant.stats())
    w.tenant.post("faults", path="/v1.0/users", count=-1, status=403, reason="Authorization_RequestDenied")
    job = w.wait_job(w.job(), "error", "completed")
    true("User.Read.All" in job["error"], job["error"])
    same((job["status"], indices(w)), ("error", []))


# ---- jobs

def test_jobs_of_content():
    w = ready()
    first = w.done()
    docs = stored(w.tenant, "search-c1")
    same(counts(first), (len(docs), 0))
    same({d["type"] for d in docs.values()}, KINDS)
    for key, d in docs.items():
        true(d["_allow_access_control"] in (["email:user1@example.test"], ["email:user2@example.test"]), d)
        same((d["id"], d["_timestamp"][-1]), (key, "Z"))
    true(any(d.get("_attachment") for d in docs.values()), "no content")
    true("Microsoft Graph" in json.dumps(first["metadata"]) + w.words(), "by what it was read")
    second = w.done()
    same(counts(second), (len(docs), 0))  # what is there counts as indexed
    versions = w.tenant.docs("search-c1")
    w.tenant.post("exchange", user="user1@example.test", folder="inbox", delete_newest=1)
    w.tenant.post("exchange", user="user2@example.test", folder="contacts", add=2)
    third = w.done()
    left = stored(w.tenant, "search-c1")
    true(1 <= third["deleted_document_count"] <= 6 and len(set(left) - set(versions)) == 2, str(counts(third)))
    w.tenant.post("connectors", id="c1", values={"use_document_level_security": False})
    w.done()
    same([d for d in stored(w.tenant, "search-c1").values() if "_allow_access_control" in d], [])


def test_a91_incremental():
    w = ready()
    w.set(features={"incremental_sync": {"enabled": True}})
    docs = w.done()["indexed_document_count"]
    asked = w.tenant.stats()["ews_attachments"]
    same(counts(w.done(job_type="incremental")), (0, 0))
    same(w.tenant.stats()["ews_attachments"] - asked, 0, "content asked for again")
    w.tenant.post("exchange", user="user1@example.test", folder="inbox", add=3)
    w.tenant.post("exchange", user="user1@example.test", folder="contacts", delete_newest=1)
    job = w.done(job_type="incremental")
    same(counts(job), (3, 1))  # what is gone is deleted, as by a full one
    job = w.done()
    same(counts(job), (docs + 2, 0))


def test_a118_access_control():
    w = World("--users", 6)
    w.tenant.post("graph", extra_users=2)
    w.serve()
    w.fill()
    w.connected()
    people = directory(w.tenant)
    enabled = {k: u for k, u in people.items() if u["accountEnabled"]}
    true(len(people) > len(enabled) and any(u["mail"] is None for u in enabled.values()), "those who matter")
    for _ in range(2):  # new, then known
        job = w.done(job_type="access_control")
        same(counts(job), (len(enabled), 0))
        true("notice" not in job["metadata"]["mailferry"] and "were read" not in w.words(), "it reads no mailbox")
        docs = stored(w.tenant, ACCESS)
        same(set(docs), set(enabled))
        refresh(w, ACCESS)
    for key, user in enabled.items():
        mail = user["mail"] and "email:" + user["mail"].lower()
        title = user["jobTitle"] and "job_title:" + user["jobTitle"]
        d = docs[key]
        same(d["id"], key)
        same(d["identity"], {"user_id": "user_id:" + key, "display_name": "name:" + user["displayName"], "email": mail,
                             "job_title": title})
        who = ["user_id:" + key, "name:" + user["displayName"]] + ([mail] if mail else [])
        same(d["query"]["template"]["params"], {"access_control": who})
        true(re.match(r"20\d\d-\d\d-\d\dT", d["created_at"]), d["created_at"])
    bulk = [e["body"] for e in w.recorder.find("_bulk")]
    same([b.count(b'"_timestamp"') for b in bulk], [len(enabled), 0])
    # Somebody leaves: the account first, then the user.
    w.tenant.post("graph", user="user2@example.test", account="disabled")
    job = w.done(job_type="access_control")
    same(counts(job), (len(enabled) - 1, 1))
    same(w.recorder.find(r"PUT /\.search-acl"), [])
    same(indices(w), [ACCESS])


def test_a84_a108_without_document_level_security():
    w = ready(use_document_level_security=False)
    w.done()
    same([d for d in stored(w.tenant, "search-c1").values() if "_allow_access_control" in d], [])
    job = w.wait_job(w.job(job_type="access_control"), "error", "completed")
    true("document level security is off" in job["error"], job["error"])
    same(indices(w), ["search-c1"])


def test_owners_are_in_small_letters():
    w = World("--users", 4)  # Graph says User4@example.test
    w.serve()
    w.fill()
    w.connected()
    w.done()
    owners = {tuple(d["_allow_access_control"]) for d in stored(w.tenant, "search-c1").values()}
    same(owners, {(f"email:user{n}@example.test",) for n in range(1, 5)})


def test_a93_rules_delete_what_they_exclude():
    w = ready()
    all_of_them = w.done()["indexed_document_count"]
    kinds = collections.Counter(d["type"] for d in stored(w.tenant, "search-c1").values())
    w.set(filtering=rules(("type", "equals", "Contact")))
    same(counts(w.done()), (all_of_them - kinds["Contact"], kinds["Contact"]))
    gone = sorted(stored(w.tenant, "search-c1"))[:3]
    w.set(filtering=rules(*[("id", "equals", key) for key in gone]))
    w.done()
    left = stored(w.tenant, "search-c1")
    true(not set(gone) & set(left), "deleted")
    same(len(left), all_of_them - 3)
    w.set(filtering=rules(("_timestamp", "<", "9")))
    same(counts(w.done()), (0, all_of_them - 3))  # of kinds that Graph does not list whole, too
    w.set(filtering=rules())
    same(counts(w.done()), (all_of_them, 0))


def slow(latency, *arguments):
    w = World("--users", 6, *arguments)
    w.serve()
    w.fill()
    w.connected()
    w.tenant.post("graph", latency_ms=latency)
    job = w.job()
    w.wait(lambda: w.recorder.find("_bulk"), 60)
    return w, job


def test_a72_cancellation():
    w, job = slow(400, "--exchange-items", 600)
    w.tenant.post("jobs", id=job, cancel=True)
    asked = time.time()
    done = w.wait_job(job, "canceled", "completed", seconds=12)
    same((done["status"], bool(done["canceled_at"])), ("canceled", True))
    true(time.time() - asked < 9, "took too long")
    w.wait(lambda: w.record()["last_sync_status"] == "canceled")
    mark = len(w.recorder.log)
    before = sum(u.get("requests", 0) for u in w.asked().values())
    time.sleep(2)
    same((w.recorder.find("_bulk", mark), sum(u.get("requests", 0) for u in w.asked().values()) - before), ([], 0))


def test_a73_a74_stop_suspends_and_the_next_one_goes_on():
    w, job = slow(400, "--exchange-items", 150)
    started = time.time()
    same(w.stop(), 0)
    true(time.time() - started < 15, "took too long")
    same(w.jobs()[job]["status"], "suspended")
    w.tenant.post("graph", latency_ms=0)
    w.serve()
    done = w.wait_job(job, "completed", "error", seconds=90)
    same((done["status"], done["error"]), ("completed", None))
    there = len(stored(w.tenant, "search-c1"))
    w.done()
    same(len(stored(w.tenant, "search-c1")), there, "what the suspended run had left")


def test_a119_one_mailbox_that_is_denied():
    w = World("--users", 4)
    w.serve()
    w.fill()
    w.connected()
    w.done()
    before = stored(w.tenant, "search-c1")
    for user, account in ((1, "denied"), (2, "unlicensed")):
        w.tenant.post("graph", user=f"user{user}@example.test", account=account)
    job = w.done()
    same((job["deleted_document_count"], set(stored(w.tenant, "search-c1"))), (0, set(before)))
    same(w.record()["status"], "connected")


def test_a75_graph_fails_midway():
    w, job = slow(1500, "--exchange-items", 600)
    w.tenant.post("entra", secret="another")
    w.tenant.post("entra", revoke="all")
    done = w.wait_job(job, "error", "completed", seconds=90)
    same(done["status"], "error")
    true("AADSTS7000215" in done["error"], done["error"])
    same([e for e in w.recorder.find("_bulk") if b'{"delete"' in e["body"]], [])


def test_backend_of_config():
    w = ready(outlook="  backend: ews\n")
    notice = w.done()["metadata"]["mailferry"]["notice"]
    true("by Exchange Web Services" in notice and "1 April 2027" in notice, notice)
    said = [line for line in w.words().splitlines() if "1 April 2027" in line]
    true(len(said) == 1 and "WARN" in said[0].upper(), said)  # once for the job
    by_ews = stored(w.tenant, "search-c1")
    same(sum(u.get("requests", 0) for u in w.asked().values()), 0, "Graph was asked for mail")
    true(w.tenant.stats()["logons_bearer"] > 0, "no logon")
    w.stop()
    w.outlook = "  backend: graph\n"
    w.serve()
    w.connected()
    mark = len(w.recorder.log)
    job = w.done()
    same((job["deleted_document_count"], job["metadata"]["mailferry"]["notice"]), (0, "mailboxes were read by Microsoft Graph"))
    said = [line for line in w.words().splitlines() if "were read by" in line]
    true(len(said) == 1 and "INFO" in said[0].upper(), said)
    same(stored(w.tenant, "search-c1"), by_ews)
    same([e for e in w.recorder.find("_bulk", mark) if b'{"create"' in e["body"]], [])


# ---- the text extraction service

def test_a117_text_of_the_extraction_service():
    service = Extraction(test_extract.tells)
    w = World()
    w.top = test_extract.host(service)
    w.set(pipeline={"name": "search-default-ingestion", "extract_binary_content": False, "reduce_whitespace": True,
                    "run_ml_inference": True})
    w.serve()
    w.fill(use_text_extraction_service=True)
    w.connected()
    job = w.done()
    docs = stored(w.tenant, "search-c1")
    got = {k: d["body"] for k, d in docs.items() if "body" in d}
    true(got and not any("_attachment" in d for d in docs.values()), "content")
    same(set(got.values()), {test_extract.name(data) for _, data in service.requests})
    same(job["metadata"]["mailferry"].get("texts_missing", 0), 0)
