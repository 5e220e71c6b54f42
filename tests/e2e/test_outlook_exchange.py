# SPDX-License-Identifier: Apache-2.0
"""Exchange and its directory at their worst: every way to log in, refusals, mailboxes that change while
they are read, throttling, cut answers, broken items, and much of everything."""
import base64
import collections
import http.client
import http.server
import json
import os
import re
import ssl
import sys
import threading
import time

import certs
import rig
from rig import completed, decoded, same, true
from test_outlook import NOBODY, listed, ndjson, sync

sys.path.insert(0, os.path.join(rig.ROOT, "tests", "interop"))
import tenant_exchange  # noqa: E402
from tenant_exchange import NS  # noqa: E402

USER = "user1@example.test"
INDEX = "search-exchange"


def tenant(*arguments, users=1, items=12, size=400):
    return rig.Tenant("--users", users, "--messages", 1, "--size", size, "--exchange-items", items, *NOBODY, *arguments)


def operations(t):
    return collections.Counter(t.stats()["ews_operations"])


def whole(t, r, users=(USER,)):
    """The sync has read all that Exchange lists, and nothing protects a mailbox."""
    completed(r)
    same((r["skipped_undecided"], r["mailboxes_partial"], r["mailboxes_failed"]), (0, 0, 0), r.err)
    have = set(t.docs(INDEX))
    for user in users:
        true(listed(t, user) <= have, f"{user}: {len(listed(t, user) - have)} items without a document")
    return r


# ---- logging in to Exchange

def test_every_scheme_that_exchange_offers():
    for offered, counter, flags in (("ntlm", "logons_ntlm", ()), ("negotiate", "logons_ntlm", ()), ("basic", "logons_basic", ()),
                                    ("negotiate,wrapped", "logons_ntlm", ()), ("ntlm,negotiate,basic", "logons_ntlm", ()),
                                    ("ntlm", "logons_ntlm", ("--binding", "required")),
                                    ("negotiate,wrapped", "logons_ntlm", ("--binding", "required")),
                                    ("ntlm", "logons_ntlm", ("--tls", "1.2", "--binding", "required"))):
        t = tenant("--exchange-auth", offered, *flags, items=3)
        whole(t, sync(t))
        stats = t.stats()
        others = stats["logons_ntlm"] + stats["logons_basic"] - stats[counter]
        true(stats[counter] > 0 and others == 0 and stats["logons_refused"] <= 2, f"{offered} {flags}: {stats}")
        rig.stop_all()


def test_a_message_integrity_code_is_there():
    t = tenant("--binding", "required", items=3)
    t.post("exchange", mic_required=True, auth=["ntlm"])
    whole(t, sync(t))


def test_only_schemes_that_ours_does_not_know():
    t = tenant("--exchange-auth", "bearer", items=3)
    r = sync(t)
    same(r.code, 1, r.err)
    true("Basic" in r.err or "NTLM" in r.err or "password" in r.err, r.err)
    same(t.docs(INDEX), {})


def test_a_password_that_exchange_refuses_is_sent_twice_at_most():
    right = "another-one"
    for offered in ("ntlm", "negotiate", "negotiate,wrapped", "basic", "ntlm,negotiate,basic"):
        directory = tenant(users=6)
        t = tenant("--exchange-auth", offered, "--lockout", 3, "--account-password", right, users=6)
        r = sync(directory, exchange_server=f"127.0.0.1:{t.port('exchange')}")
        same(r.code, 1, r.err)
        t.post("exchange", auth=["basic"])  # the third wrong password locks the account, for the right one too
        basic = "Basic " + base64.b64encode(f"EXAMPLE\\svc:{right}".encode()).decode()
        answer = tenant_exchange.Exchange(t).post(b"", basic)
        true(answer.status != 401 and b"locked" not in answer.body, f"{offered}: the account is locked")
        true("AUTH_REFUSED" in r.err and "password" in r.err and directory.facts["password"] not in r.err + r.out, r.err)
        same(directory.docs(INDEX), {})
        rig.stop_all()


def test_a_wrong_password_of_the_directory_is_sent_twice_at_most():
    for changes in ({}, {"ssl_enabled": False, "ssl_ca": None}):
        for port in ("ldap", "ldaps"):
            t = tenant("--lockout", 3)
            scheme = "ldaps" if port == "ldaps" else "ldap"
            for server in (f"{scheme}://127.0.0.1:{t.port(port)}", f"127.0.0.1:{t.port(port)}"):
                t.post("exchange", unlock=True)
                before = t.stats()["ldap_binds"]
                r = sync(t, password="wrong", active_directory_server=server, **changes)
                same(r.code, 1, r.err)
                true("LDAP_CREDENTIALS" in r.err + r.out, f"{server}: {r.err}")
                binds = t.stats()["ldap_binds"] - before
                true(binds <= 2, f"{server} {changes}: {binds} attempts")
                same(t.stats()["requests"].get("ews", 0), 0, "Exchange was asked with a password that is wrong")
            rig.stop_all()


# ---- the directory

def test_a_directory_that_offers_start_tls_only():
    t = tenant("--ldap-signing", items=3)
    for server in (f"ldap://127.0.0.1:{t.port('ldap')}", f"127.0.0.1:{t.port('ldap')}"):
        for changes in ({}, {"ssl_enabled": False, "ssl_ca": None}):
            whole(t, sync(t, "--full", active_directory_server=server, **changes))


def test_a_plain_directory_is_refused_when_tls_is_wanted():
    t = tenant(items=3)
    t.post("exchange", ldap_no_tls=True)
    for server in (f"ldap://127.0.0.1:{t.port('ldap')}", f"127.0.0.1:{t.port('ldap')}"):
        r = sync(t, active_directory_server=server)
        same(r.code, 1, r.err)
        true("TLS" in r.err, r.err)
    same((t.stats()["ldap_binds"], t.docs(INDEX)), (0, {}), "a password went out without TLS")
    whole(t, sync(t, ssl_enabled=False, ssl_ca=None))
    t.post("exchange", ldap_signing=True)
    r = sync(t, "--full", ssl_enabled=False, ssl_ca=None)
    same(r.code, 1, r.err)
    true("LDAP_NEEDS_TLS" in r.err + r.out, r.err)


def test_certificates_of_ssl_ca_however_they_are_pasted():
    t = tenant(items=2)
    pem = open(os.path.join(t.dir, "ca.pem")).read()
    other = open(certs.Authority("Somebody else").ca_file).read()
    inner = "".join(re.search("-----BEGIN CERTIFICATE-----(.*)-----END", pem, re.S)[1].split())
    for text in (" ".join(pem.split("\n")), pem.replace("\n", ""), pem.replace("\n", "\r\n"), "  \n" + pem + "\n\n", other + pem,
                 " ".join((other + pem).split("\n")), f"-----BEGIN CERTIFICATE----- {inner} -----END CERTIFICATE-----"):
        r = completed(sync(t, "--full", ssl_ca=text))
        true("NOT verified" not in r.err, text)
    r = sync(t, "--full", ssl_ca=other)
    same(r.code, 1, "another authority: " + r.err)
    true("certificate" in r.err, r.err)


def test_three_thousand_users():
    """A few have mailboxes; of all others only the directory knows."""
    t = rig.Tenant("--users", 40, "--messages", 1, "--size", 300, "--exchange-items", 1, "--exchange-bare",
                   "--directory-users", 3000, "--ldap-page", 1000)
    before = time.time()
    r = completed(sync(t, "--dry-run", extra="sync:\n  max_failed_mailboxes: 1\n"))
    seconds = time.time() - before
    stats = t.stats()
    # Of 10 entries 5 are persons with a given name; those of pages of 500, and the second search.
    true(stats["ldap_pages"] >= 5 and stats["ldap_entries"] > 1540, str(stats))
    same(r["mailboxes_done"], 40, r.err)
    true(r["mailboxes_refused"] >= 1200, r.err[-2000:])
    true(seconds < 60, f"{seconds:.0f} s")
    r = completed(sync(t, "--mailbox", USER, "--mailbox", "user39@example.test"))
    same((r["mailboxes_done"], r["mailboxes_refused"]), (2, 0), r.err)


# ---- mailboxes that change

def script(t, after, folder, **change):
    """Happens before request after + 1 to that folder: a page of its listing, or some items that are read."""
    where = {"user": USER, "folder": folder}
    t.post("exchange", script={**where, "after": after, "change": {**where, **change}})


def without_items(t):
    """Documents of items that Exchange does not have any more."""
    kinds = {k: d["_source"]["type"] for k, d in t.docs(INDEX).items()}
    there = {i["id"] for folder in ("archive", "team", "trips") for i in
             map(json.loads, t.control("GET", f"exchange?user={USER}&folder={folder}").splitlines())}
    return {k for k, kind in kinds.items() if not kind.endswith("Attachment")} - listed(t, USER) - there


def test_items_that_vanish_and_move_while_they_are_listed():
    t = tenant(items=600, size=300)
    for n in range(1, 30, 3):
        script(t, n, "inbox", delete_oldest=9, delete_newest=9)
        script(t, n + 1, "inbox", move_oldest=4, to="archive")
    script(t, 2, "inbox", add=5, update_newest=3)
    script(t, 1, "calendar", delete_newest=20)
    r = completed(sync(t))
    true(r["skipped_gone"] > 0, "nothing vanished: " + r.err)
    same((r["skipped_undecided"], r["mailboxes_failed"], r["mailboxes_partial"]), (0, 0, 0), r.err)
    t.post("exchange", clear=True)
    whole(t, sync(t))
    same(without_items(t), set(), "documents of items that are gone")


def test_a_folder_that_vanishes_and_one_whose_state_is_forgotten():
    t = tenant("--exchange-bare", items=1600, size=300)
    completed(sync(t))
    before = set(t.docs(INDEX))
    script(t, 1, "junkemail", removed=True)
    r = sync(t)
    if r["documents_deleted"] == 0:  # it went after the folders were listed: not on one word
        r = completed(sync(t))
    same((r["mailboxes_failed"], r["skipped_undecided"]), (0, 0), r.err)
    true(r["documents_deleted"] > 0, "the folder is still there: " + r.err)
    t.post("exchange", user=USER, folder="junkemail", removed=False)
    for count in (1, 2):
        t.post("exchange", clear=True, fault={"operation": "SyncFolderItems", "user": USER, "folder": "inbox", "level": "answer",
                                              "code": "ErrorInvalidSyncStateData", "skip": 2, "every": 3, "count": count})
        whole(t, sync(t))
    same(set(t.docs(INDEX)) - before, set())


# ---- weather

def test_exchange_that_asks_for_a_pause_gets_it():
    t = tenant(items=60)
    t.post("exchange", fault={"code": "ErrorServerBusy", "backoff_ms": 1500, "operation": "GetItem", "skip": 2, "count": 1})
    before = time.time()
    whole(t, sync(t))
    true(time.time() - before >= 1.4, "no pause")
    for fault in ({"code": "ErrorServerBusy", "backoff_ms": 300, "level": "answer", "operation": "SyncFolderItems", "count": 2},
                  {"code": "ErrorServerBusy", "backoff_ms": 300, "level": "item", "operation": "GetItem", "skip": 5, "every": 9,
                   "count": 3},
                  {"code": "ErrorServerBusy", "backoff_ms": 300, "operation": "GetFolder", "count": 1},
                  {"code": "ErrorServerBusy", "backoff_ms": 300, "operation": "GetAttachment", "count": 1}):
        t.post("exchange", clear=True, fault=fault)
        whole(t, sync(t, "--full"))


def test_throttling_by_budget_and_by_connections():
    t = tenant(users=2, items=40)
    t.post("exchange", max_concurrent=2)
    whole(t, sync(t, extra="outlook:\n  requests: 8\n"), (USER, "user2@example.test"))
    t.post("exchange", max_concurrent=0, budget=25, budget_window_ms=2000)
    whole(t, sync(t, "--full"), (USER, "user2@example.test"))
    true(t.stats()["ews_throttled"] > 0, "never throttled")


def test_batches_that_exchange_cuts():
    t = tenant(items=72)
    completed(sync(t, "--full"))
    want = set(t.docs(INDEX))
    for most in (1, 3, 7):
        t.post("exchange", batch_stop_after=most)
        r = whole(t, sync(t, "--full"))
        same((r["documents_deleted"], set(t.docs(INDEX)) == want), (0, True), f"after {most}")
        same(r["documents_indexed"], len(want), f"after {most}: {r.err}")


def test_one_corrupt_item_takes_nothing_with_it():
    t = tenant(items=48)
    want = set(ndjson(sync(t, "--to", "-")))
    items = [json.loads(line) for line in t.control("GET", f"exchange?user={USER}&folder=inbox").splitlines()]
    item = next(i for i in items if i["number"] % 24 == 9 and i["number"] > 24)  # has attachments, and neighbours that have
    for code in ("ErrorItemCorrupt", "ErrorContentConversionFailed", "ErrorVirusDetected", "ErrorMessageSizeExceeded"):
        t.post("exchange", clear=True, fault={"level": "item", "operation": "GetItem", "id": item["id"], "code": code, "count": -1})
        r = sync(t, "--to", "-")
        same((r.code, r["skipped_corrupt"], r["skipped_undecided"]), (0, 1, 0), r.err)
        lost = want - set(ndjson(r))
        true(item["id"] in lost and len(lost) == 4, f"{code}: {len(lost)} documents are missing")  # its three attachments
        true(item["id"] in r.err, "it is not named")
    t.post("exchange", clear=True, fault={"level": "item", "operation": "GetItem", "id": item["id"], "code": "ErrorItemCorrupt"})
    r = sync(t, "--to", "-")
    same((r.code, r["skipped_corrupt"]), (0, 0), r.err)
    bare = ndjson(r)[item["id"]]
    same((bare["message"], bare["title"] is not None), (None, True), "once more, without its body")


def test_a_corrupt_item_keeps_its_document():
    t = tenant(items=24)
    completed(sync(t))
    item = json.loads(t.control("GET", f"exchange?user={USER}&folder=inbox").splitlines()[3])
    t.post("exchange", fault={"level": "item", "operation": "GetItem", "id": item["id"], "code": "ErrorItemCorrupt", "count": -1})
    r = completed(sync(t, "--full"))
    same((r["skipped_corrupt"], item["id"] in t.docs(INDEX)), (1, True), r.err)


ERROR_PAGE = "/ews/genericerrorpage.htm?aspxerrorpath=/ews/exchange.asmx"


def test_broken_connections_are_tried_again():
    for fault in (dict(action="reset"), dict(action="close"), dict(cut_after=900), dict(status=503, retry_after_s=1),
                  dict(status=302, location=ERROR_PAGE)):
        t = tenant(items=48)
        t.post("faults", path="/EWS/", skip=6, every=8, count=2, **fault)
        whole(t, sync(t))
        true(t.stats()["faults"] > 0, str(fault))
        rig.stop_all()


def test_a_page_to_log_in_at_is_no_exchange():
    t = tenant(items=48)
    completed(sync(t))
    t.post("faults", path="/EWS/", status=302, location="/owa/auth/logon.aspx", count=-1)
    r = sync(t, "--full")
    same((r.code, r["error"]["code"], r["documents_deleted"]), (1, "HTTP_REDIRECT", 0), r.err)


# ---- what is not read twice

def test_a_second_run_reads_nothing_that_has_not_changed():
    t = tenant("--exchange-bare", items=400, size=300)
    completed(sync(t))
    before, got = operations(t), t.stats()["ews_items_got"]
    r = completed(sync(t))
    asked = operations(t) - before
    same((r["documents_indexed"], r["documents_deleted"]), (0, 0), r.err)
    same((asked["GetItem"], asked["GetAttachment"], t.stats()["ews_items_got"] - got), (0, 0, 0), "read again")
    listing = asked["SyncFolderItems"]
    true(listing <= 7 + 2 * (400 // 100 + 1) and asked["GetFolder"] == 1 and asked["FindFolder"] <= 3, str(asked))
    t.post("exchange", user=USER, folder="inbox", update_newest=2, add=1)
    before = operations(t)
    r = completed(sync(t))
    same((r["documents_indexed"], (operations(t) - before)["GetItem"]), (3, 1), r.err)


def test_contents_of_attachments_are_not_fetched_again():
    t = tenant(items=48)
    completed(sync(t))
    before = operations(t)
    r = completed(sync(t))
    asked = operations(t) - before
    same((r["documents_indexed"], asked["GetAttachment"]), (0, 0), f"{asked} {r.err}")


# ---- much

def test_five_thousand_items_in_one_folder():
    t = tenant("--exchange-bare", items=5000, size=300)
    for folder in ("sentitems", "junkemail", "contacts", "tasks", "calendar", "archive"):
        t.post("exchange", user=USER, folder=folder, items=3)
    before = time.time()
    r = whole(t, sync(t))
    true(r["messages_listed"] >= 4700, r.err)
    true(time.time() - before < 60, "too slow")


class Rewriter:
    """Before Exchange, with a certificate of its own: edit(request, answer) changes what it answers."""

    def __init__(self, t, edit):
        self.authority = certs.Authority()
        leaf = self.authority.leaf("front", "IP:127.0.0.1")
        inside = ssl.create_default_context(cafile=os.path.join(t.dir, "ca.pem"))
        port = t.port("exchange")

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            link = None
            wbufsize = 1 << 20  # an answer in one piece

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection", "accept-encoding")}
                self.link = self.link or http.client.HTTPSConnection("127.0.0.1", port, context=inside, timeout=60)
                self.link.request("POST", self.path, body, headers)
                answer = self.link.getresponse()
                data = edit(body.decode(), answer.read().decode()).encode()
                self.send_response(answer.status)
                for name in ("Content-Type", "WWW-Authenticate", "client-request-id"):
                    if answer.headers.get(name):
                        self.send_header(name, answer.headers[name])
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(leaf + ".pem", leaf + ".key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.changes = {"exchange_server": f"127.0.0.1:{self.server.server_port}",
                        "ssl_ca": open(self.authority.ca_file).read() + open(os.path.join(t.dir, "ca.pem")).read()}


MANY = 700


def test_seven_hundred_attachments_on_one_mail():
    t = tenant("--exchange-style", 0, items=24)
    item = next(i for i in map(json.loads, t.control("GET", f"exchange?user={USER}&folder=inbox").splitlines())
                if i["number"] % 24 == 9)

    def part(n):
        return (f'<t:FileAttachment><t:AttachmentId Id="many{n:04}"/><t:Name>file {n}.txt</t:Name><t:Size>5</t:Size>'
                f"<t:LastModifiedTime>2024-07-01T10:11:12</t:LastModifiedTime></t:FileAttachment>")

    def edit(request, answer):
        wanted = re.search(r'AttachmentId Id="(many\d+)"', request)
        if wanted:  # Exchange does not know it; another's answer is made its own
            return (re.sub(r"(<s:Body[^>]*>).*</s:Body>", f'\\1<m:GetAttachmentResponse xmlns:m="{NS["m"]}" xmlns:t="{NS["t"]}">'
                           "<m:ResponseMessages>"
                           '<m:GetAttachmentResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>'
                           f'<m:Attachments><t:FileAttachment><t:AttachmentId Id="{wanted[1]}"/><t:Content>aGVsbG8=</t:Content>'
                           "</t:FileAttachment></m:Attachments></m:GetAttachmentResponseMessage></m:ResponseMessages>"
                           "</m:GetAttachmentResponse></s:Body>", answer, flags=re.S))
        at = answer.find(f'Id="{item["id"]}"')
        begin = answer.find("<t:Attachments>", at)
        if at < 0 or begin < 0 or "GetItem" not in request:
            return answer
        end = answer.index("</t:Attachments>", begin)
        return answer[:begin] + "<t:Attachments>" + "".join(map(part, range(MANY))) + answer[end:]

    front = Rewriter(t, edit)
    for flags in ("--full", ""):
        r = completed(sync(t, *filter(None, [flags]), extra="outlook:\n  basic_only: true\n", **front.changes))
        same((r["skipped_undecided"], r["documents_deleted"]), (0, 0), r.err)
        docs = {k: d["_source"] for k, d in t.docs(INDEX).items() if k.startswith("many")}
        same(set(docs), {f"many{n:04}" for n in range(MANY)})
        same({decoded(d["_attachment"]) for d in docs.values()}, {b"hello"})
        true(listed(t, USER) <= set(t.docs(INDEX)), "items are missing")
    same(r["documents_indexed"], 0, "again")
