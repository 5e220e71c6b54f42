# SPDX-License-Identifier: Apache-2.0
"""Exchange Server and its directory, from the one-shot sync and from the service. The numbers of tests
are those of the acceptance rows."""
import collections
import json
import os
import re
import subprocess

import rig
import test_connectors
import test_serve
from rig import completed, decoded, same, true

NOBODY = ("--directory-users", 0)  # persons of the directory who have no mailbox
FLAGS = ("--users", 2, "--messages", 1, "--size", 300, "--exchange-items", 12)
# Folders that have documents, by the names that Exchange gives them; Archive has no other name.
FOLDERS = ("inbox", "sentitems", "junkemail", "calendar", "contacts", "tasks")
KINDS = {"Inbox Mails", "Sent Mails", "Junk Mails", "Archive Mails", "Calendar", "Contact", "Distribution List",
         "Task", "Mail Attachment", "Calendar Attachment", "Task Attachment"}


def fields(tenant, **changes):
    """What a person fills in, for this tenant; None takes a field away."""
    result = {"data_source": "outlook_server", "exchange_server": f"127.0.0.1:{tenant.port('exchange')}",
              "active_directory_server": f"ldap://127.0.0.1:{tenant.port('ldap')}",
              "username": tenant.facts["account"], "password": tenant.facts["password"], "domain": "example.test",
              "ssl_enabled": True, "ssl_ca": open(os.path.join(tenant.dir, "ca.pem")).read(),
              "use_document_level_security": True}
    result.update(changes)
    return {k: v for k, v in result.items() if v is not None}


def entry(tenant, **changes):
    """The connector of config.yml in place of the one of Gmail. JSON is YAML."""
    connector = {"connector_id": "exchange", "service_type": "outlook", "index_name": "search-exchange",
                 "configuration": fields(tenant, **changes)}
    return lambda text: f"connectors: [{json.dumps(connector)}]\n" + text[text.index("elasticsearch:"):]


def sync(tenant, *flags, extra="", **changes):
    return tenant.sync(*flags, change=entry(tenant, **changes), extra=extra)


def refused(r, *words):
    same(r.code, 2, r.text())
    for word in words:
        true(word in r.err, f"{word}: {r.err}")


def ndjson(r):
    """The documents of --to -, by their ids."""
    lines = [json.loads(line) for line in r.out.splitlines()]
    actions, documents = lines[::2], lines[1::2]
    found = {a["index"]["_id"]: d for a, d in zip(actions, documents)}
    same(len(found), len(documents), "an id twice")
    true(all(k == d["id"] for k, d in found.items()), "ids")
    return found


def listed(tenant, user):
    """The ids that Exchange has in the folders of this user that have documents, but of kinds that have none."""
    ids = set()
    for folder in FOLDERS:
        lines = tenant.control("GET", f"exchange?user={user}&folder={folder}").splitlines()
        ids |= {item["id"] for item in map(json.loads, filter(None, lines)) if item["kind"] != "PostItem"}
    return ids


def stored(tenant, index):
    return {k: d["_source"] for k, d in tenant.docs(index).items()}


# ---- one sync

def test_all_kinds_over_ntlm_and_tls():
    t = rig.Tenant(*FLAGS, *NOBODY)
    r = sync(t, "--to", "-")
    same(r.code, 0, r.text()[-3000:])
    same(r["end"], "completed", r.err)
    true("NOT verified" not in r.err, r.err)
    docs = ndjson(r)
    same({d["type"] for d in docs.values()}, KINDS)
    for user in ("user1@example.test", "user2@example.test"):
        true(listed(t, user) <= set(docs), f"{user}: what Exchange has and no document shows")
    owners = {tuple(d["_allow_access_control"]) for d in docs.values()}
    same(owners, {("email:user1@example.test",), ("email:user2@example.test",)})
    for d in docs.values():
        true(d["_timestamp"].endswith("Z"), d)
        if d["type"].endswith("Attachment"):
            wanted = d["title"].lower().endswith((".pdf", ".docx", ".md", ".csv", ".txt")) and d["size"] <= 10485760
            same("_attachment" in d, wanted, d["title"])
            same(len(decoded(d["_attachment"])) if wanted else 0, d["size"] if wanted else 0, d["title"])
    stats = t.stats()
    true(stats["logons_ntlm"] > 0 and not stats.get("logons_basic"), stats)
    same(stats["refused"].get("google", 0) + stats["requests"].get("google_directory", 0), 0, "Google was asked")


def test_a_second_sync_writes_nothing_and_deletes_what_is_gone():
    t = rig.Tenant(*FLAGS, *NOBODY)
    first = completed(sync(t))
    docs = t.docs("search-exchange")
    same(first["documents_indexed"], len(docs))
    second = completed(sync(t))
    same((second["documents_indexed"], second["documents_deleted"]), (0, 0), second.err)
    t.post("exchange", user="user1@example.test", folder="contacts", delete_newest=2)
    third = completed(sync(t))
    same(third["documents_deleted"], 2, third.err)
    same(len(t.docs("search-exchange")), len(docs) - 2)


def test_persons_without_a_mailbox_are_named_and_stop_nobody():
    t = rig.Tenant("--users", 6, "--messages", 1, "--size", 300, "--exchange-items", 3, "--directory-users", 5)
    r = completed(sync(t))
    same(r["mailboxes_done"], 6, r.err)
    true(r["end"] == "completed" or r["mailboxes_refused"] > 0, r.err)


def test_ways_to_the_directory():
    t = rig.Tenant("--users", 1, "--messages", 1, "--size", 300, "--exchange-items", 2, *NOBODY)
    secure, plain = t.port("ldaps"), t.port("ldap")
    for changes in ({"active_directory_server": f"ldaps://127.0.0.1:{secure}"},
                    {"active_directory_server": f"127.0.0.1:{plain}"},  # StartTLS
                    {"ssl_enabled": False, "ssl_ca": None},
                    {"username": "svc@example.test"}):
        r = completed(sync(t, "--full", **changes))
        same(("NOT verified" in r.err), changes.get("ssl_enabled") is False, str(changes))
    t.post("exchange", ldap_no_tls=True)
    r = sync(t)
    true(r.code == 1, r.text())  # with ssl_enabled never without TLS
    completed(sync(t, "--full", ssl_enabled=False, ssl_ca=None))


def test_basic_and_full_access():
    t = rig.Tenant("--users", 1, "--messages", 1, "--size", 300, "--exchange-items", 2, *NOBODY)
    completed(sync(t, extra="outlook:\n  basic_only: true\n"))
    same(t.stats().get("logons_ntlm", 0), 0)
    impersonated = t.stats()["ews_impersonated"]
    sync(t, "--full", extra="outlook:\n  delegate: true\n")
    same(t.stats()["ews_impersonated"], impersonated, "impersonated all the same")


def test_wrong_password_is_tried_no_more_often_than_it_may():
    t = rig.Tenant(*FLAGS, *NOBODY)
    secret = "not-the-password"
    r = sync(t, password=secret)
    same(r.code, 1, r.text())
    true("password" in r.err.lower() and secret not in r.err + r.out, r.err)
    true(t.stats().get("ldap_binds", 0) <= 2, t.stats())


def test_a_dry_run_counts_and_writes_nothing():
    t = rig.Tenant(*FLAGS, *NOBODY)
    r = completed(sync(t, "--dry-run"))
    same((r["messages_listed"] > 100, r["documents_indexed"] if "documents_indexed" in r.summary else 0), (True, 0))
    same((t.stats()["ews_items_got"], t.stats()["documents"]), (0, {}), "it read items")


def test_whose_mailboxes_are_read():
    t = rig.Tenant("--users", 3, "--messages", 1, "--size", 300, "--exchange-items", 4, *NOBODY)
    r = completed(sync(t, extra="outlook:\n  ldap_filter: (mail=user3@*)\n  ldap_base: OU=Staff,DC=example,DC=test\n"))
    owners = {d["_allow_access_control"][0] for d in stored(t, "search-exchange").values()}
    same((r["mailboxes_done"], owners), (1, {"email:user3@example.test"}))
    r = completed(sync(t, "--mailbox", "user2@example.test"))
    same((r["mailboxes_done"], r["documents_deleted"]), (1, 0))
    true(r["documents_indexed"] > 0, r)


def test_small_answers_of_config():
    t = rig.Tenant("--users", 1, "--messages", 1, "--size", 300, "--exchange-items", 12, *NOBODY)
    extra = "service:\n  max_file_download_size: 600\noutlook:\n  requests: 1\n  requests_per_mailbox: 1\n"
    r = sync(t, "--to", "-", extra=extra)
    same(r.code, 0, r.err)
    sizes = [d["size"] for d in ndjson(r).values() if "_attachment" in d]
    true(sizes and max(sizes) <= 600, str(sizes))
    same(t.stats()["ews_max_concurrent"], 1)


# ---- config.yml

def test_a35_a36_fields_of_config():
    t = rig.Tenant("--users", 1, "--messages", 1, "--size", 300, *NOBODY)
    refused(sync(t, data_source="outlook_cloud", exchange_server=None), "config.yml:1:", "connector exchange",
            "'Tenant ID' is empty; 'Client ID' is empty; 'Client Secret Value' is empty",
            "configuration.tenant_id, configuration.client_id, configuration.client_secret")
    refused(sync(t, data_source="outlook_cloud", tenant_id="a", client_id="b", client_secret="c",
                 exchange_server=None), "ENTRA_TENANT")
    refused(sync(t, data_source="elsewhere"), "elsewhere", "outlook_cloud")
    refused(sync(t, username=None, domain=""), "'Exchange server username' is empty",
            "(configuration.username, configuration.domain)")
    refused(sync(t, ssl_ca=None), "'SSL certificate' is empty")
    refused(sync(t, ssl_enabled="perhaps"), "ssl_enabled", "true or false")
    refused(sync(t, exchange_server="http://127.0.0.1"), "Exchange Server")
    refused(sync(t, exchange_sever="x"), "did you mean exchange_server?")
    refused(sync(t, extra="outlook:\n  request: 1\n"), "did you mean outlook.requests?")
    refused(sync(t, extra="outlook:\n  requests: 17\n"), "1 to 16")
    refused(sync(t, extra="outlook:\n  ldap_filter: (mail=*\n"), "outlook.ldap_filter: (mail=*")
    stats = t.stats()
    same((stats.get("ldap_binds", 0), stats["requests"].get("ews", 0)), (0, 0), "somebody was asked")


def test_a39_garbage_certificate():
    t = rig.Tenant("--users", 1, "--messages", 1, "--size", 300, *NOBODY)
    refused(sync(t, ssl_ca="garbage"), "SSL certificate")
    same(t.stats().get("ldap_binds", 0), 0)
    one_line = " ".join(open(os.path.join(t.dir, "ca.pem")).read().split("\n"))
    completed(sync(t, ssl_ca=one_line))


def test_a120_either_key():
    t = rig.Tenant("--users", 1, "--messages", 1, "--size", 300, "--exchange-items", 2, *NOBODY)
    for changes, secured in (({"use_document_level_security": None, "document_level_security": True}, True),
                             ({"use_document_level_security": None}, False),
                             ({"use_document_level_security": True}, True)):
        r = sync(t, "--to", "-", **changes)
        same(r.code, 0, r.err)
        true(all(("_allow_access_control" in d) == secured for d in ndjson(r).values()), str(changes))


def test_verification_is_required():
    t = rig.Tenant("--users", 1, "--messages", 1, "--size", 300, *NOBODY)
    change = lambda text: entry(t, ssl_enabled=False, ssl_ca=None)(text).replace("tls:\n", "tls:\n  require_verification: true\n")
    refused(t.sync(change=change), "Enable SSL", "CONFIG_VERIFICATION")


def test_memory_of_each_kind():
    t = rig.Tenant("--users", 1, "--messages", 1, "--size", 300, *NOBODY)
    totals = {}
    gmail = t.config[t.config.index("  - connector_id"):t.config.index("elasticsearch:")]
    texts = {"gmail": t.config, "outlook": entry(t)(t.config), "none": "",
             "both": t.config.replace(gmail, gmail + "  - {connector_id: x, service_type: outlook}\n")}
    for name, text in texts.items():
        path = os.path.join(t.dir, name + ".yml")
        with open(path, "w") as f:
            f.write(text)
        done = subprocess.run([rig.BINARY, "limits", "-c", path], capture_output=True, text=True)
        same((done.returncode, done.stderr), (0, ""), name)
        pools = done.stdout.split("bounds;")[0]
        totals[name] = int(re.search(r"^total +(\d+) ", pools, re.M)[1])
        same("outlook " in pools, name in ("outlook", "both"), name)
    true(totals["none"] <= totals["gmail"] < totals["outlook"] < totals["both"] <= 64 << 20, str(totals))


# ---- connectors by hand

def created(d):
    record, = d.records("connectors").values()
    same((record["service_type"], record["status"], len(record["configuration"])), ("outlook", "configured", 13))
    true(all(len(f) == 13 for f in record["configuration"].values()), "13 properties")
    return {k: f["value"] for k, f in record["configuration"].items()}


def test_create_from_a_file():
    d = test_connectors.Double()
    given = dict(fields(d.tenant), document_level_security=True, use_text_extraction_service=False)
    del given["use_document_level_security"]
    d.write("values.json", json.dumps(given))
    more = ("--index-name", "search-new", "--name", "New", "--index-language", "en", "--service-type", "outlook")
    test_connectors.done(d.run("connector", "create", *more, "--from-file", "values.json"), "service type: outlook")
    got = created(d)
    same((got["exchange_server"], got["ssl_enabled"], got["use_document_level_security"], got["tenant_id"]),
         (given["exchange_server"], True, True, ""))
    del given["domain"]
    d.write("values.json", json.dumps(given))
    test_connectors.failed(d.run("connector", "create", *more, "--from-file", "values.json"), "Exchange server domain name")


def test_create_by_prompts():
    d = test_connectors.Double()
    r = d.run("connector", "create", typed="search-typed\noutlook\n\n\noutlook_server\nmail.example.test\n"
              "dc.example.test\nEXAMPLE\\svc\npw\nexample.test\nfalse\n\nyes\n")
    test_connectors.done(r, "name: search-typed")
    true("Tenant ID" not in r.err and "SSL certificate" not in r.err, r.err)
    got = created(d)
    same((got["username"], got["ssl_enabled"], got["use_document_level_security"]), ("EXAMPLE\\svc", False, True))


# ---- the service

class World(test_serve.World):
    """Connector c1 is one of Exchange; g1, if there is one, of Gmail."""

    def config(self):
        return super().config().replace('"c1"\n    service_type: gmail', '"c1"\n    service_type: outlook')

    def fill(self, **changes):
        self.wait(lambda: self.record()["configuration"])
        self.tenant.post("connectors", id="c1", values=fields(self.tenant, **changes))


def test_a21_a22_a23_registration():
    w = World()
    w.serve()
    w.wait(lambda: w.record()["last_seen"])
    doc = test_serve.body(w.recorder.find("POST /.elastic-connectors/_update/c1")[0])["doc"]
    same((doc["status"], doc["service_type"], len(doc["configuration"])), ("needs_configuration", "outlook", 13))
    true(all(len(f) == 13 for f in doc["configuration"].values()), "13 properties")
    same([f["order"] for f in doc["configuration"].values()], list(range(1, 14)))
    same(doc["features"]["sync_rules"], {"basic": {"enabled": True}, "advanced": {"enabled": False}})


def test_a35_a36_a39_a41_status():
    w = World(*NOBODY)
    w.serve()
    w.fill(data_source="outlook_cloud")
    w.wait(lambda: w.record()["status"] == "error")
    true("'Tenant ID' is empty; 'Client ID' is empty; 'Client Secret Value' is empty" in w.record()["error"], w.record()["error"])
    w.fill(ssl_ca="garbage")
    w.wait(lambda: "SSL certificate" in (w.record()["error"] or ""))
    same((w.record()["status"], w.tenant.stats().get("ldap_binds", 0)), ("error", 0))
    w.fill()
    w.connected()
    same(w.record()["error"], None)
    true(w.tenant.stats()["ldap_binds"] > 0, "nobody was asked")


def test_jobs_of_content_and_access_control():
    w = World(*NOBODY)
    w.serve()
    w.fill(ssl_enabled=False)
    w.connected()
    quiet = w.words().count("NOT verified")
    same(quiet, 0, "a ping is no job")
    job = w.wait_job(w.job(), "completed", "error")
    same((job["status"], job["error"]), ("completed", None))
    docs = stored(w.tenant, "search-c1")
    same(job["indexed_document_count"], len(docs))
    same({d["type"] for d in docs.values()}, KINDS)
    same(w.words().count("NOT verified"), 1)
    job = w.wait_job(w.job(job_type="access_control"), "completed", "error")
    same((job["status"], job["error"]), ("completed", None))
    same(len(w.tenant.docs(".search-acl-filter-search-c1")), 2)
    same(w.words().count("NOT verified"), 2)
    same(w.stop(), 0)


def test_a120_the_other_key_in_a_record():
    w = World(*NOBODY, record={"service_type": "outlook", "status": "configured",
                               "configuration": {"document_level_security": True}})
    w.serve()
    w.wait(lambda: "use_document_level_security" in w.record()["configuration"])
    same(w.record()["configuration"]["use_document_level_security"]["value"], True)
    same(len(w.record()["configuration"]["use_document_level_security"]), 13)
    changes = fields(w.tenant)
    del changes["use_document_level_security"]
    w.tenant.post("connectors", id="c1", values=changes)
    w.connected()
    w.wait_job(w.job(), "completed")
    true(all(d.get("_allow_access_control") for d in stored(w.tenant, "search-c1").values()), "no owner")


def test_both_kinds_in_one_service():
    w = World(*NOBODY, connectors=("c1", "g1"), service="  max_concurrent_content_syncs: 1\n")
    w.serve()
    w.fill()
    w.configured("g1")
    w.connected("c1")
    w.connected("g1")
    kinds = {}
    for name in ("c1", "g1", "c1", "g1"):  # one slot: the same memory for one kind after the other
        job = w.wait_job(w.job(id=name), "completed", "error")
        same((job["status"], job["error"]), ("completed", None), name)
        kinds[name] = collections.Counter(d.get("type", "mail") for d in stored(w.tenant, "search-" + name).values())
    same((set(kinds["g1"]), kinds["g1"]["mail"]), ({"mail"}, 20))
    true(set(kinds["c1"]) <= KINDS and len(kinds["c1"]) > 5, str(kinds))


def test_worker_mode_finds_both_kinds():
    w = World(*NOBODY, connectors=())
    w.connectors, w.service = (), "  worker_mode: true\n  service_types: [gmail, outlook]\n"
    w.connector("c1", service_type="outlook")
    w.connector("g1", service_type="gmail")
    w.serve()
    w.wait(lambda: len(w.record("c1")["configuration"]) == 13 and len(w.record("g1")["configuration"]) == 6)
