# SPDX-License-Identifier: Apache-2.0
"""`mailferry check`: every hop in its order, what each failure is called and what it advises, and that nothing
is written."""
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error

import certs
import node
import rig
import servers
import test_outlook
from rig import same, true

SMALL = ("--users", 2, "--messages", 3, "--size", 300, "--exchange-items", 3)
WAY = ["name", "TCP", "TLS"]
ELASTIC = [("Elasticsearch", hop) for hop in WAY + ["login", "version", "index", "rights", "pipeline"]]
GMAIL = [*[("Google token endpoint", hop) for hop in WAY], ("Google", "token for the directory"),
         *[("Google Directory API", hop) for hop in WAY], ("Google", "directory"), ("Google", "token for Gmail"),
         *[("Gmail API", hop) for hop in WAY], ("Google", "Gmail profile"), ("Google", "users"),
         ("Google", "mailbox")]
EXCHANGE = [*[("Active Directory", hop) for hop in WAY + ["bind", "search"]],
            *[("Exchange", hop) for hop in WAY + ["login", "version", "impersonation", "folders"]]]
EXTRACTION = [("extraction service", hop) for hop in ("name", "TCP", "TLS", "service")]


class Check:
    def __init__(self, config, *flags, env=None):
        done = subprocess.run([rig.BINARY, "check", "-c", config, "--require-seal", "--json", *flags], text=True,
                              capture_output=True, env=rig.clean_env(env), timeout=120)
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr
        lines = [json.loads(line) for line in self.out.splitlines()]
        self.end = lines.pop() if lines else {}
        self.hops = {(h["place"], h["hop"]): h for h in lines}
        self.order = list(self.hops)
        same(len(self.hops), len(lines), "a hop twice")
        for line in self.err.splitlines():
            json.loads(line)
        if self.end:
            results = [h["result"] for h in lines]
            same((self.end["hops"], self.end["failures"], self.end["warnings"]),
                 (len(lines), results.count("fail"), results.count("warn")), "the count")

    def text(self):
        return self.out[-5000:] + self.err[-3000:]

    def failed(self, code=None):
        """The only hop that failed: place, hop, code of the error. What it advises is not empty."""
        same((self.code, self.end.get("end")), (1, "failed"), self.text())
        bad = [(key, h) for key, h in self.hops.items() if h["result"] == "fail"]
        same(len(bad), 1, self.text())
        key, hop = bad[0]
        true(len(hop["labels"]["todo"]) > 10 and hop["log.level"] == "error", hop)
        return (*key, hop["error"]["code"])

    def warned(self):
        return [key for key, h in self.hops.items() if h["result"] == "warn"]


def check(t, *flags, change=None, extra="", env=None):
    return Check(t.write_config(change, extra), *flags, env=env)


def outlook(t, *flags, extra="", **changes):
    return check(t, *flags, change=test_outlook.entry(t, **changes), extra=extra)


def closed_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def all_well(r, order):
    same((r.code, r.end["end"], r.order), (0, "completed", order), r.text())
    same(r.warned(), [], r.text())


def wrote_nothing(t, index):
    """Not even the index: the double knows none of that name."""
    try:
        t.docs(index)
    except urllib.error.HTTPError as error:
        same(error.code, 404)
        return
    raise AssertionError("the index is there")


# ---- all is well

def test_all_hops_of_gmail():
    t = rig.Tenant(*SMALL)
    r = check(t)
    all_well(r, ELASTIC + GMAIL)
    tls = r.hops["Elasticsearch", "TLS"]["message"]
    true(re.match(r"TLSv1\.[23], .*CN=.* by .*CN=.*, \d+ days left$", tls), tls)
    true("not there yet" in r.hops["Elasticsearch", "index"]["message"], r.text())
    true("user1@example.test" in r.hops["Google", "users"]["message"], r.text())
    true("first page: 3" in r.hops["Google", "mailbox"]["message"], r.text())
    wrote_nothing(t, "search-gmail")
    same(t.sync("--full").code, 0)
    r = check(t, "--mailbox", "user2@example.test")
    true(r.hops["Elasticsearch", "index"]["message"].endswith("documents: 6"), r.text())
    true(r.hops["Google", "mailbox"]["message"].startswith("user2@example.test was listed"), r.text())


def test_all_hops_of_exchange():
    t = rig.Tenant(*SMALL)
    r = outlook(t)
    all_well(r, ELASTIC + EXCHANGE)
    true(r.hops["Active Directory", "TLS"]["message"].startswith("StartTLS, TLSv1."), r.text())
    same(r.hops["Active Directory", "bind"]["message"], "as EXAMPLE\\svc by simple bind")
    true("user1@example.test" in r.hops["Active Directory", "search"]["message"], r.text())
    same(r.hops["Exchange", "login"]["message"], "as EXAMPLE\\svc by NTLM")
    same(r.hops["Exchange", "version"]["message"], "Exchange Server 2016, 15.1.2507.61")
    true("Archive" in r.hops["Exchange", "folders"]["message"], r.text())
    wrote_nothing(t, "search-exchange")
    same(t.stats().get("requests", {}).get("google_directory", 0), 0, "Google was asked")
    r = outlook(t, "--mailbox", "user2@example.test", extra="outlook:\n  basic_only: true\n",
                active_directory_server=f"ldaps://127.0.0.1:{t.port('ldaps')}")
    all_well(r, ELASTIC + EXCHANGE)
    true(r.hops["Active Directory", "TLS"]["message"].startswith("LDAPS, "), r.text())
    true(r.hops["Exchange", "login"]["message"].endswith(" by Basic"), r.text())
    true("user2@example.test" in r.hops["Exchange", "impersonation"]["message"], r.text())


def test_negotiate_full_access_and_no_verification():
    t = rig.Tenant(*SMALL, "--exchange-auth", "negotiate")
    r = outlook(t, ssl_enabled=False, ssl_ca=None)
    same((r.code, r.order), (0, ELASTIC + EXCHANGE), r.text())
    same(r.warned(), [("Active Directory", "TLS"), ("Exchange", "TLS")], r.text())
    true("NOT verified" in r.hops["Exchange", "TLS"]["message"], r.text())
    true("Negotiate" in r.hops["Exchange", "login"]["message"], r.text())
    t.post("exchange", ldap_no_tls=True, full_access=True)
    r = outlook(t, ssl_enabled=False, ssl_ca=None, extra="outlook:\n  delegate: true\n")
    true(r.hops["Active Directory", "TLS"]["message"].startswith("none: "), r.text())
    same(("Exchange", "full access") in r.hops, True, r.text())


def test_how_the_directory_is_logged_in_to():
    t = rig.Tenant(*SMALL, "--binding", "required")
    t.post("exchange", ldap_no_simple=8)
    r = outlook(t)
    all_well(r, ELASTIC + EXCHANGE)
    same(r.hops["Active Directory", "bind"]["message"], "as EXAMPLE\\svc by NTLM, bound to the certificate")
    same(outlook(t, extra="outlook:\n  ldap_bind: simple\n").failed(), ("Active Directory", "bind", "LDAP_METHOD"))
    t.post("exchange", ldap_no_tls=True)
    r = outlook(t, ssl_enabled=False, ssl_ca=None)
    same(r.hops["Active Directory", "bind"]["message"], "as EXAMPLE\\svc by NTLM, not signed")
    t.post("exchange", ldap_signing=True)
    r = outlook(t, ssl_enabled=False, ssl_ca=None)
    same(r.failed(), ("Active Directory", "bind", "LDAP_NEEDS_TLS"))
    true("ldaps://" in r.hops["Active Directory", "bind"]["labels"]["todo"], r.text())


def test_versions_of_exchange():
    for newest, told, hops in (("Exchange2013_SP1", "Exchange Server 2013, 15.0.1497.48", EXCHANGE),
                               ("Exchange2015", "Exchange Server 2016, 15.1.225.42", EXCHANGE),
                               ("Exchange2010_SP2", "Exchange Server 2010, 14.3.513.0: older than 2013, which is not supported", None),
                               ("Exchange2007_SP1", "Exchange Server 2007, 8.3.485.1: older than 2013, which is not supported", None)):
        t = rig.Tenant(*SMALL, "--exchange-version", newest)
        r = outlook(t)
        same(r.hops["Exchange", "version"]["message"], told)
        if hops:
            all_well(r, ELASTIC + hops)
        else:
            same(r.failed()[2], "EWS_VERSION")
            same(r.warned(), [("Exchange", "version")], r.text())
        rig.stop_all()


def test_the_text_extraction_service():
    t = rig.Tenant(*SMALL)
    service = servers.Extraction(lambda data: (200, b"{}"))
    wanted = {"use_text_extraction_service": True}
    there = f"extraction_service:\n  host: http://127.0.0.1:{service.port}\n"
    r = outlook(t, extra=there, **wanted)
    same((r.code, r.order), (0, ELASTIC + EXCHANGE + EXTRACTION), r.text())
    same(r.warned(), [("extraction service", "TLS")], r.text())
    same(r.hops["extraction service", "service"]["message"], "it runs")
    same(service.requests, [], "a file was sent")
    same(outlook(t, extra=there).order, ELASTIC + EXCHANGE)  # the record does not ask for it
    service.ping = 503
    r = outlook(t, extra=there, **wanted)
    same(r.failed(), ("extraction service", "service", "EXTRACT_STATUS"))
    true("GET /ping/: status 503" in r.hops["extraction service", "service"]["message"], r.text())
    r = outlook(t, extra=f"extraction_service:\n  host: http://127.0.0.1:{closed_port()}\n", **wanted)
    same(r.failed(), ("extraction service", "TCP", "NET_REFUSED"))
    r = outlook(t, **wanted)
    same((r.code, r.warned()), (0, [("extraction service", "service")]), r.text())
    true("extraction_service.host" in r.hops["extraction service", "service"]["message"], r.text())
    r = outlook(t, extra=there, password="Wrong-guess1", **wanted)
    true(("extraction service", "service") in r.hops, r.text())


def test_a_page_of_a_large_directory():
    t = rig.Tenant("--users", 600, "--messages", 1, "--size", 300, "--exchange-items", 1, "--directory-users", 0)
    for r in (check(t), outlook(t)):
        same(r.code, 0, r.text())
        place = ("Google", "users") if ("Google", "users") in r.hops else ("Active Directory", "search")
        true(r.hops[place]["message"].startswith("500 or more users, the first is user"), r.text())


def test_without_elasticsearch():
    t = rig.Tenant(*SMALL)
    r = check(t, change=lambda text: text[:text.index("elasticsearch:")] + text[text.index("tls:"):])
    same((r.code, r.order[0], r.warned()), (0, ("Elasticsearch", "address"), r.order[:1]), r.text())


# ---- one line a hop

def test_what_people_read():
    t = rig.Tenant(*SMALL)
    config = t.write_config(test_outlook.entry(t, exchange_server=f"127.0.0.1:{closed_port()}"))
    r = subprocess.run([rig.BINARY, "check", "-c", config], capture_output=True, text=True, env=rig.clean_env())
    lines = r.stdout.splitlines()
    same(r.returncode, 1, r.stdout)
    same(lines[-1], "15 hops, 1 failed, 0 warnings; what lies behind a failure was not looked at")
    true(lines[-3].startswith("FAIL  Exchange: TCP ") and "refused" in lines[-3], r.stdout)
    same(lines[-2], "      check the port, and that the service runs and listens there")
    true(all(re.match(r"ok    [A-Z][A-Za-z ]*: [A-Za-z]+ +\S", line) for line in lines[:-3]), r.stdout)


def test_a_signal_ends_it():
    t = rig.Tenant(*SMALL)
    t.post("faults", path="/admin/directory/", action="hang", count=-1)
    process = rig.start([rig.BINARY, "check", "-c", t.write_config(), "--json"], env=rig.clean_env(),
                        stdout=subprocess.PIPE, text=True)
    time.sleep(1.5)
    process.send_signal(signal.SIGTERM)
    out = process.communicate(timeout=20)[0]
    same((process.returncode, json.loads(out.splitlines()[-1])["end"]), (75, "stopped"), out)


# ---- configuration

def test_configuration_is_judged_before_anybody_is_asked():
    t = rig.Tenant(*SMALL)
    for change in (lambda text: text.replace("subject: admin@example.test", "subject: ''"),
                   lambda text: text.replace("index_name: search-gmail", "index_name: 'a b'"),
                   lambda text: text.replace("service_type: gmail", "service_type: jira")):
        r = check(t, change=change)
        same((r.code, r.out), (2, ""), r.text())
    r = check(t, "--connector", "nobody")
    same((r.code, r.out), (2, ""), r.text())
    r = outlook(t, extra="\ntls:\n  require_verification: true\n", ssl_enabled=False, ssl_ca=None)
    same(r.code, 2, r.text())


# ---- Elasticsearch

def test_elasticsearch_out_of_reach():
    t = rig.Tenant(*SMALL)
    port = closed_port()
    r = check(t, change=lambda c: c.replace(f"https://127.0.0.1:{t.port('elasticsearch')}", f"https://127.0.0.1:{port}"))
    same(r.failed(), ("Elasticsearch", "TCP", "NET_REFUSED"))
    true(str(port) in r.hops["Elasticsearch", "TCP"]["message"], r.text())
    same(r.order[2:], GMAIL, "the source is looked at all the same")
    r = check(t, change=lambda c: c.replace(f"https://127.0.0.1:{t.port('elasticsearch')}", "https://nowhere.invalid"))
    same(r.failed()[:2], ("Elasticsearch", "name"))
    r = check(t, change=lambda c: c.replace(f"https://127.0.0.1:{t.port('elasticsearch')}",
                                            f"http://127.0.0.1:{t.port('control')}"))
    same(r.failed(), ("Elasticsearch", "answer", "ES_NOT_ELASTIC"))
    same(r.warned(), [("Elasticsearch", "TLS")])


def test_certificates():
    t = rig.Tenant(*SMALL)
    other = certs.Authority("Somebody else")
    r = check(t, change=lambda c: re.sub(r"  ca_certs: .*", "  ca_certs: " + other.ca_file, c))
    same(r.failed(), ("Elasticsearch", "TLS", "TLS_UNKNOWN_ROOT"))
    true("Fake tenant test CA" in r.hops["Elasticsearch", "TLS"]["message"], r.text())
    true("ca_file" in r.hops["Elasticsearch", "TLS"]["labels"]["todo"], r.text())
    end = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + 5 * 86400))
    front = servers.Front(t.port("control"), other.leaf("soon", "IP:127.0.0.1", dates=("20200101000000Z", end)))
    r = check(t, change=lambda c: re.sub(r"  ca_certs: .*", "  ca_certs: " + other.ca_file, c).replace(
        str(t.port("elasticsearch")), str(front.port)))
    same(r.hops["Elasticsearch", "TLS"]["result"], "warn", r.text())
    true(re.search(r"CN=soon by CN=Somebody else, [45] days left", r.hops["Elasticsearch", "TLS"]["message"]), r.text())


def test_login_version_and_answers_of_elasticsearch():
    t = rig.Tenant(*SMALL)
    r = check(t, change=lambda c: c.replace("tenant-password", "wrong-guess"))
    same(r.failed(), ("Elasticsearch", "login", "ES_UNAUTHORIZED"))
    true("wrong-guess" not in r.text(), "the password is in the output")
    t.post("es", version="8.2.0")
    same(check(t).failed(), ("Elasticsearch", "version", "ES_VERSION"))
    same(check(t, env={"ALLOW_ES_VERSION_MISMATCH": "true"}).code, 0)
    t.post("es", version="9.5.3")
    t.post("faults", path="/_security/", status=400, count=-1)
    r = check(t)
    same((r.code, r.warned()), (0, [("Elasticsearch", "rights")]), r.text())


def test_index_that_takes_nothing():
    t = rig.Tenant(*SMALL)
    same(t.sync().code, 0)
    for state in ("flood", "read_only"):
        t.post("es", index="search-gmail", state=state)
        same(check(t).failed(), ("Elasticsearch", "index", "ES_DISK_FULL"), state)
    t.post("es", index="search-gmail", state="closed")
    same(check(t).failed()[:2], ("Elasticsearch", "index"))
    t.post("es", index="search-gmail", state="open")
    same(check(t).code, 0)


def test_pipeline_that_is_missing():
    t = rig.Tenant(*SMALL)
    named = lambda name: lambda c: c.replace("    index_name:", f"    pipeline: {name}\n    index_name:")
    same(check(t, change=named("nowhere")).failed(), ("Elasticsearch", "pipeline", "ES_PIPELINE_MISSING"))
    true("none" in check(t, change=named("none")).hops["Elasticsearch", "pipeline"]["message"], "none")


def test_rights_on_a_real_elasticsearch():
    n, t = node.get("main", "cluster.info.update.interval=1h", secure=True), rig.Tenant(*SMALL)
    everything = ["read", "write", "view_index_metadata", "create_index", "maintenance"]
    n.ask("PUT", "/check-there")
    for rights, index, failed, missing in (
            (everything, "check-there", None, ""),
            (everything, "check-new", None, ""),
            (["read", "write", "view_index_metadata", "maintenance"], "check-there", None, ""),
            (["read", "write", "view_index_metadata"], "check-there", "warn", "maintenance"),
            (["read", "view_index_metadata", "maintenance"], "check-there", "fail", "write"),
            (["read", "write", "view_index_metadata", "maintenance"], "check-new", "fail", "create_index"),
            (everything, "other-index", "fail", "read, write")):
        key = n.api_key(indices=[{"names": ["check-*"], "privileges": rights}])
        r = check(t, change=n.change(index, api_key=key))
        hop = r.hops["Elasticsearch", "rights"]
        same(hop["result"], failed or "ok", r.text())
        true(missing in hop["message"], r.text())
        same(r.code, 1 if failed == "fail" else 0, r.text())
        true(key not in r.text(), "the key is in the output")
    same(n.exists("/check-new"), False, "an index was made")
    n.ask("PUT", "/check-there/_settings", {"index.blocks.write": True})
    same(check(t, change=n.change("check-there")).failed(), ("Elasticsearch", "index", "ES_DISK_FULL"))
    n.ask("PUT", "/check-there/_settings", {"index.blocks.write": False})
    n.ask("POST", "/check-there/_close")
    same(check(t, change=n.change("check-there")).failed()[:2], ("Elasticsearch", "index"))


# ---- Google

def test_google_refuses():
    for scopes, hop, code in ((["gmail"], "token for the directory", "GMAIL_PING_DIRECTORY"),
                              (["directory"], "token for Gmail", "GMAIL_PING_PROFILE")):
        t = rig.Tenant(*SMALL)
        t.post("options", scopes=scopes)
        r = check(t)
        same(r.failed(), ("Google", hop, code))
        true("domain-wide delegation" in r.hops["Google", hop]["labels"]["todo"], r.text())
        rig.stop_all()
    t = rig.Tenant(*SMALL)
    t.post("users", user="user1@example.test", state="unauthorized")
    same(check(t).failed()[:2], ("Google", "mailbox"))
    t.post("users", user="user1@example.test", state="suspended")
    r = check(t)  # says nothing of the others
    same((r.code, "user2@example.test" in r.hops["Google", "mailbox"]["message"]), (0, True), r.text())
    port = closed_port()
    r = check(t, change=lambda c: re.sub(r"(google_gmail: https://127.0.0.1:)\d+", rf"\g<1>{port}", c))
    same(r.failed(), ("Gmail API", "TCP", "NET_REFUSED"))


def test_through_a_proxy():
    t = rig.Tenant(*SMALL)
    proxy = servers.Proxy()
    r = check(t, extra=f"proxy:\n  url: http://127.0.0.1:{proxy.port}\n")
    same(r.code, 0, r.text())
    true(("Gmail API", "proxy") in r.hops, r.text())
    wall = servers.Proxy(answer=b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
    r = check(t, extra=f"proxy:\n  url: http://127.0.0.1:{wall.port}\n  no_proxy: nobody.test\n")
    failed = [(*key, h["error"]["code"]) for key, h in r.hops.items() if h["result"] == "fail"]
    same(failed, [("Elasticsearch", "proxy", "PROXY_REFUSED"), ("Google token endpoint", "proxy", "PROXY_REFUSED")])


# ---- Exchange and its directory

def test_wrong_password_is_tried_once():
    t = rig.Tenant(*SMALL)
    r = outlook(t, password="Wrong-guess1")
    same(r.failed(), ("Active Directory", "bind", "LDAP_CREDENTIALS"))
    same(r.warned(), [("Exchange", "login")])  # accounts get locked
    true("Wrong-guess1" not in r.text(), "the password is in the output")
    same(t.stats().get("logons_ntlm", 0), 0)


def test_directory_out_of_reach():
    t = rig.Tenant(*SMALL)
    port = closed_port()
    start = time.time()
    r = outlook(t, active_directory_server=f"ldap://127.0.0.1:{port}")
    same(r.failed(), ("Active Directory", "TCP", "NET_REFUSED"))
    true(time.time() - start < 6, "a sync has more patience")
    same((r.warned(), r.hops["Exchange", "login"]["result"]), ([("Exchange", "impersonation")], "ok"), r.text())
    r = outlook(t, "--mailbox", "user1@example.test", active_directory_server=f"ldap://127.0.0.1:{port}")
    same(r.hops["Exchange", "folders"]["result"], "ok", r.text())
    same(outlook(t, domain="elsewhere.test").failed(), ("Active Directory", "search", "LDAP_BASE"))
    other = certs.Authority("Somebody else")
    r = outlook(t, ssl_ca=open(other.ca_file).read())
    failed = [(*key, h["error"]["code"]) for key, h in r.hops.items() if h["result"] == "fail"]
    same(failed, [("Active Directory", "TLS", "TLS_UNKNOWN_ROOT"), ("Exchange", "TLS", "TLS_UNKNOWN_ROOT")])
    t.post("exchange", ldap_no_tls=True)
    same(outlook(t).failed()[:2], ("Active Directory", "StartTLS"))


def test_exchange_refuses():
    t = rig.Tenant(*SMALL)
    t.post("exchange", impersonation=False)
    r = outlook(t)
    same(r.failed(), ("Exchange", "impersonation", "EWS_IMPERSONATE"))
    true("ApplicationImpersonation" in r.hops["Exchange", "impersonation"]["labels"]["todo"], r.text())
    t.post("exchange", impersonation=True)
    t.post("exchange", user="user1@example.test", state="no_mailbox")
    r = outlook(t)  # says nothing of the others
    same((r.code, "user2@example.test" in r.hops["Exchange", "impersonation"]["message"]), (0, True), r.text())
    same(outlook(t, "--mailbox", "user1@example.test").failed(), ("Exchange", "impersonation", "EWS_NO_MAILBOX"))
    t.post("faults", path="/EWS/", status=401, count=-1)
    same(outlook(t).failed(), ("Exchange", "login", "AUTH_SCHEME"))  # it offers nothing
    t.control("DELETE", "faults")
    t.post("faults", path="/EWS/", status=404, count=-1)
    same(outlook(t).failed(), ("Exchange", "web services", "EWS_NOT_THERE"))
    t.control("DELETE", "faults")
    t.post("exchange", auth=["bearer"])
    same(outlook(t).failed(), ("Exchange", "login", "AUTH_SCHEME"))
    t.post("exchange", auth=["ntlm"], binding="required")
    same(outlook(t).code, 0)
    front = servers.Front(t.port("control"), certs.Authority("Device").leaf("device", "IP:127.0.0.1"))
    r = outlook(t, exchange_server=f"127.0.0.1:{front.port}", ssl_enabled=False, ssl_ca=None)
    same(r.failed(), ("Exchange", "web services", "EWS_NOT_THERE"))  # something else answers


# ---- public promises

def test_help_and_readme_name_it():
    r = subprocess.run([rig.BINARY, "--help"], capture_output=True, text=True)
    true(re.search(r"^  mailferry check ", r.stdout, re.M), r.stdout)
    readme = open(os.path.join(rig.ROOT, "README.md")).read()
    true("mailferry check [-c config.yml] [--connector ID] [--mailbox ADDR]... [--json]" in readme, "README")
