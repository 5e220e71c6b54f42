# SPDX-License-Identifier: Apache-2.0
"""Whole syncs of Exchange Online by each proof of the application: a secret, a certificate, a federated token; tokens
that end or are revoked in the middle, refusals, national clouds, a proxy. The proofs themselves, byte by byte:
test_entra.py; what is read: test_graph.py."""
import ctypes
import json
import os
import subprocess
import time

import rig
import servers
from rig import completed, same, true
from test_entra import CLIENT, Pod, asked, both, entry, federated, needs_openssl
from test_outlook import NOBODY

INDEX = "search-cloud"
BOTH_WAYS = ({"backend": "graph"}, {"backend": "ews"})


def tenant(*arguments, users=3, items=24):
    t = rig.Tenant("--users", users, "--messages", 1, "--size", 300, "--exchange-items", items, *NOBODY,
                   "--exchange-content", "alike", "--exchange-auth", "ntlm,bearer", *arguments)
    t.post("graph", extra_users=0)
    return t


def config(t, outlook=None, extra="", **changes):
    return t.write_config(entry(t, **changes), extra + (f"\noutlook: {json.dumps(outlook)}\n" if outlook else ""))


def sync(t, *flags, outlook=None, extra="", env=None, **changes):
    return rig.sync(config(t, outlook, extra, **changes), *flags, env=env)


def whole(t, r):
    """Everything was read, and is there."""
    completed(r)
    same((r["mailboxes_failed"], r["mailboxes_refused"], r["mailboxes_partial"], r["skipped_undecided"]), (0, 0, 0, 0), r.err)
    return set(t.docs(INDEX))


def refused(t, r, *words):
    """Nothing was read, and the text says why; never a secret."""
    true(r.code not in (0, None) and all(w in r.err for w in words), r)
    stats = t.stats()
    same((stats["documents"].get(INDEX, 0), stats["logons_bearer"]), (0, 0), r.err)
    true(t.facts["client_secret"] not in r.err + r.out and "BEGIN" not in r.err + r.out, "a secret")


# ---- proofs

def test_a_certificate_reads_as_a_secret_does():
    t = tenant()
    want = whole(t, sync(t))
    true(len(want) > 300, f"{len(want)} documents")
    for outlook in BOTH_WAYS:
        for pss in (True, False):  # PS256, RS256
            before = asked(t)[0]
            proof = {"client_certificate_file": both(t), "client_certificate_pss": pss, **outlook}
            r = sync(t, client_secret="", outlook=proof)
            same((whole(t, r), r["documents_indexed"], r["documents_deleted"]), (want, 0, 0))
            after = asked(t)
            true(after[0][1] > before[1] and (after[0][0], after[1]) == (before[0], 0), str(after))
    same(t.stats()["entra_jti_repeated"], 0)


def test_a_federated_token_reads_as_a_secret_does():
    needs_openssl()
    t = tenant()
    want = whole(t, sync(t))
    path = Pod(t).put(federated(t))
    for outlook in BOTH_WAYS:
        r = sync(t, client_secret="", outlook={"federated_token_file": path, **outlook})
        if "LANDLOCK" in r.err:
            raise rig.Skip("no Landlock")
        same((whole(t, r), asked(t)[1]), (want, 0))
        true(asked(t)[0][2] > 0, str(asked(t)))


def test_a_federated_token_that_has_ended_or_is_of_somebody_else():
    needs_openssl()
    t = tenant(users=1)
    pod, now = Pod(t), int(time.time())
    old = {"iat": now - 7200, "nbf": now - 7200, "exp": now - 3600}
    for change, code in ((old, "700024"), ({"iss": "https://other.test"}, "700211"),
                         ({"aud": ["api://other"]}, "700212"), ({"sub": "system:serviceaccount:mail:other"}, "700213")):
        r = sync(t, client_secret="", outlook={"federated_token_file": pod.put(federated(t, **change))})
        if "LANDLOCK" in r.err:
            raise rig.Skip("no Landlock")
        refused(t, r, "AADSTS" + code)


def without_landlock():
    """In the child: calls 444 to 446 are not there, as with a kernel or a profile of a container that lacks them."""
    class Filter(ctypes.Structure):
        _fields_ = [("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint)]

    class Program(ctypes.Structure):
        _fields_ = [("n", ctypes.c_ushort), ("filters", ctypes.POINTER(Filter))]

    load, at_least, back = 0x20, 0x35, 0x06
    rows = (Filter * 5)(Filter(load, 0, 0, 0), Filter(at_least, 0, 2, 444), Filter(at_least, 1, 0, 447),
                        Filter(back, 0, 0, 0x00050000 | 38), Filter(back, 0, 0, 0x7FFF0000))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(38, 1, 0, 0, 0)
    if libc.prctl(22, 2, ctypes.byref(Program(5, rows)), 0, 0):
        os._exit(99)


def test_a_federated_token_without_landlock():
    needs_openssl()
    t = tenant(users=1)
    path = Pod(t).put(federated(t))

    def run(outlook, **changes):
        command = [rig.BINARY, "sync", "-c", config(t, outlook, **changes), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, env=rig.clean_env(), timeout=60, preexec_fn=without_landlock)
        if done.returncode == 99:
            raise rig.Skip("kernel: no seccomp filters")
        return rig.Result(done.returncode, done.stdout, done.stderr)

    r = run({"federated_token_file": path}, client_secret="")
    same((r.code, asked(t)), (1, ([0, 0, 0], 0)), r.text())
    refused(t, r, "Landlock", "a certificate or a client secret")
    whole(t, run({}))  # nobody else needs it
    whole(t, run({"client_certificate_file": both(t)}, client_secret=""))


# ---- tokens that end

def started(t, **options):
    log = open(os.path.join(t.dir, "sync.log"), "w+")
    process = rig.start([rig.BINARY, "sync", "-c", config(t, **options), "--json"], stdout=log, stderr=log, env=rig.clean_env())
    return process, log


def ended(process, log):
    code = process.wait(120)
    log.seek(0)
    return rig.Result(code, "", log.read())


def test_tokens_that_end_in_the_middle():
    for proof in ({}, {"client_certificate_file": True}):
        t = tenant(items=60)
        want = whole(t, sync(t))
        for outlook, life in zip(BOTH_WAYS[:1 if proof else 2], (2, 4)):
            t.post("entra", token_ttl_s=life)
            t.post("graph", latency_ms=250)
            t.post("exchange", latency_ms=250)
            before = sum(asked(t)[0])
            outlook = {**outlook, **({"client_certificate_file": both(t)} if proof else {})}
            changes = {"client_secret": ""} if proof else {}
            r = sync(t, "--full", outlook=outlook, **changes)
            same(whole(t, r), want)
            true(sum(asked(t)[0]) - before >= 3, f"{asked(t)}: no token ended")
            same((asked(t)[1], t.stats()["entra_jti_repeated"]), (0, 0), r.err)
        rig.stop_all()


def test_tokens_that_are_revoked_in_the_middle():
    for outlook in BOTH_WAYS:
        t = tenant(items=60)
        want = whole(t, sync(t))
        t.post("graph", latency_ms=500)
        t.post("exchange", latency_ms=500)
        process, log = started(t, outlook=outlook)
        before = sum(asked(t)[0])
        for _ in range(2):
            rig.wait_for(lambda: sum(asked(t)[0]) > before or process.poll() is not None)
            time.sleep(4)  # longer than the pause before an attempt: each token is taken before its end
            before = sum(asked(t)[0])
            t.post("entra", revoke="all")
        r = ended(process, log)
        same((whole(t, r), r["documents_indexed"], r["documents_deleted"]), (want, 0, 0))
        true(sum(asked(t)[0]) >= 3, str(asked(t)))
        rig.stop_all()


def test_a_secret_that_is_taken_away_in_the_middle():
    for outlook in BOTH_WAYS:
        t = tenant(items=60)
        want = whole(t, sync(t))
        t.post("graph", latency_ms=100)
        t.post("exchange", latency_ms=100)
        process, log = started(t, outlook=outlook)
        before = sum(asked(t)[0])
        rig.wait_for(lambda: sum(asked(t)[0]) > before or process.poll() is not None)
        time.sleep(0.6)
        t.post("entra", secret="another")
        t.post("entra", revoke="all")
        r = ended(process, log)
        true(r.code == 1 and "AADSTS7000215" in r.err, r)
        same((r["documents_deleted"], set(t.docs(INDEX))), (0, want))
        true(asked(t)[1] <= 3, f"{asked(t)[1]} times with a wrong secret")
        rig.stop_all()


# ---- refusals

def test_refusals():
    t = tenant(users=1)
    key = {"client_certificate_file": both(t)}
    for changes, outlook, entra, words in (
            ({"client_secret": "aB~3-wrong"}, None, {}, ("AADSTS7000215", "not Secret ID")),
            ({}, None, {"secret_expired": True}, ("AADSTS7000222", "Certificates & secrets")),
            ({"client_id": CLIENT}, None, {"secret_expired": False}, ("AADSTS700016", "App registrations")),
            ({"tenant_id": "other.test"}, None, {}, ("AADSTS90002", "Tenant ID")),
            ({}, None, {"disabled": True}, ("AADSTS7000112",)),
            ({}, None, {"disabled": False, "application": False}, ("AADSTS700016",)),
            ({}, None, {"application": True, "tenant": False}, ("AADSTS90002",)),
            ({"client_secret": ""}, key, {"tenant": True, "certificate": False}, ("AADSTS700027",)),
            ({}, None, {"certificate": True, "resources": ["ews"]}, ("AADSTS500011",))):
        t.post("entra", **entra)
        r = sync(t, outlook=outlook, **changes)
        refused(t, r, *words)
        true("aB~3-wrong" not in r.err + r.out, "a secret")
    t.post("entra", resources=["graph", "ews"])
    whole(t, sync(t))


def test_a_permission_that_was_not_consented_to():
    t = tenant(users=1)
    t.post("entra", roles=["users", "mail", "calendar", "contacts"])
    r = sync(t)
    refused(t, r, "Tasks.Read.All")
    t.post("entra", roles=["users", "mail", "calendar", "contacts", "ews"])
    r = sync(t)  # what Graph lacks, EWS has
    whole(t, r)
    true("Exchange Web Services" in r.text() and "Tasks.Read.All" in r.text(), r)
    t.post("entra", roles=["users", "mail", "calendar", "contacts", "tasks", "settings"])
    r = sync(t, "--full")
    whole(t, r)
    true("by Microsoft Graph" in r.text(), r)


# ---- national clouds

def test_national_clouds():
    t = tenant(users=1)
    for cloud, hosts in (("us-gov", ("login.microsoftonline.us", "graph.microsoft.us", "outlook.office365.us")),
                         ("us-gov-dod", ("login.microsoftonline.us", "dod-graph.microsoft.us", "webmail.apps.mil")),
                         ("china", ("login.chinacloudapi.cn", "microsoftgraph.chinacloudapi.cn", "partner.outlook.cn"))):
        proxy = servers.Proxy(answer=b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        given = f"\nproxy:\n  url: http://127.0.0.1:{proxy.port}\n  no_proxy: 127.0.0.1\n"
        change = lambda text: entry(t)(text).replace("microsoft_login", "google_token", 1)  # Microsoft's own
        path = t.write_config(change, given + f"\noutlook: {json.dumps({'cloud': cloud})}\n")
        r = rig.sync(path, "--dry-run")
        true(r.code == 1 and proxy.heads, r)
        same({h.split(b"\r\n")[0] for h in proxy.heads}, {f"CONNECT {hosts[0]}:443 HTTP/1.1".encode()})
        # The tenant is in the global cloud: it does not know the resources of this one.
        refused(t, sync(t, outlook={"cloud": cloud}), "AADSTS500011", f"https://{hosts[1]} ")


# ---- proxy

def targets(t, *which):
    return {f"127.0.0.1:{t.port(w)}" for w in which}


def exempt(t, proxy):
    """For all but Elasticsearch."""
    change = lambda text: entry(t)(text).replace("host: https://127.0.0.1:", "host: https://localhost:")
    return t.write_config(change, f"\nproxy:\n  url: http://127.0.0.1:{proxy.port}\n  no_proxy: localhost\n")


def test_a_proxy_carries_all_of_it():
    t = tenant(users=2)
    want = whole(t, sync(t))
    for outlook, which in (({"backend": "graph"}, ("graph",)), ({"backend": "ews"}, ("graph", "exchange"))):
        proxy, before = servers.Proxy(user="mail ferry:p@ss"), t.stats()["handshakes"]
        r = sync(t, outlook=outlook, extra=f"\nproxy:\n  url: http://mail%20ferry:p%40ss@127.0.0.1:{proxy.port}\n")
        same((whole(t, r), proxy.wrong), (want, 0))
        same(set(proxy.opened), targets(t, "entra", "elasticsearch", *which))
        same(t.stats()["handshakes"] - before, len(proxy.opened), "connections besides the proxy's")
        for secret in (t.facts["client_secret"], "client_assertion", "eyJ0"):
            true(secret.encode() not in bytes(proxy.through), "readable on its way")


def test_a_proxy_for_microsoft_only():
    t, proxy = tenant(users=1), servers.Proxy()
    whole(t, rig.sync(exempt(t, proxy)))
    same(set(proxy.opened), targets(t, "entra", "graph"))


def test_a_proxy_that_refuses():
    t, proxy = tenant(users=1), servers.Proxy(user="a:b")
    r = rig.sync(exempt(t, proxy))
    true(r.code == 1 and "407" in r.err and "Entra ID" in r.err, r)
    same(asked(t), ([0, 0, 0], 0))
