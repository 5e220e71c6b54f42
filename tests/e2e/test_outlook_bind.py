# SPDX-License-Identifier: Apache-2.0
"""How the account logs in to the directory: by a simple bind or by NTLM, with the channel bound and without TLS,
and what each refusal is called."""
import os
import socket
import ssl

import certs
import rig
import servers
import test_outlook
from rig import completed, same, true
from test_outlook import NOBODY, refused, sync

NAMES = ("EXAMPLE\\svc", "svc@example.test", "svc")
DN = "CN=svc,CN=Users,DC=example,DC=test"
PLAIN = {"ssl_enabled": False, "ssl_ca": None}
NTLM = "outlook:\n  ldap_bind: ntlm\n"
SIMPLE = "outlook:\n  ldap_bind: simple\n"


def tenant(*arguments):
    return rig.Tenant("--users", 1, "--messages", 1, "--size", 300, "--exchange-items", 2, *NOBODY, *arguments)


def binds(t, r, simple=0, clear=0, ntlm=0):
    """Since the last call."""
    stats = t.stats()
    same((stats["ldap_simple"], stats["ldap_clear"], stats["ldap_ntlm"]), (simple, clear, ntlm), r.err)
    t.control("DELETE", "stats")


def walk(t, **changes):
    return sync(t, "--dry-run", **changes)


def fails(r, code, *words):
    same(r.code, 1, r.text())
    for word in (code, *words):
        true(word in r.err + r.out, f"{word}: {r.err}")
    true("tenant-" not in r.err, r.err)


def over_tls(t):
    return (f"ldaps://127.0.0.1:{t.port('ldaps')}", f"ldap://127.0.0.1:{t.port('ldap')}")


def test_simple_over_tls_is_the_default():
    t = tenant("--binding", "required")
    t.post("exchange", auth=[])  # who is known by a DN is known to the directory alone
    for server in over_tls(t):
        for name in (*NAMES[:2], DN):
            r = walk(t, active_directory_server=server, username=name, extra="outlook:\n  basic_only: true\n")
            binds(t, completed(r), simple=1)


def test_ntlm_where_simple_binds_are_refused():
    for flags in (("--tls", "1.2"), ("--tls", "1.3")):
        t = tenant("--binding", "required", *flags)
        for server in over_tls(t):
            for result in (7, 8, 13, 48, 49):
                t.post("exchange", ldap_no_simple=result, mic_required=True)
                binds(t, completed(walk(t, active_directory_server=server)), simple=1, ntlm=1)
                r = walk(t, active_directory_server=server, extra=SIMPLE)
                fails(r, "LDAP_CREDENTIALS" if result == 49 else "LDAP_METHOD")
                binds(t, r, simple=1)
            t.post("exchange", ldap_no_ntlm=True, ldap_no_simple=7)
            fails(walk(t, active_directory_server=server), "LDAP_METHOD", "outlook.ldap_bind")
            t.post("exchange", ldap_no_ntlm=False, ldap_no_simple=0)
            t.control("DELETE", "stats")
        rig.stop_all()


def test_ntlm_by_all_forms_of_names():
    t = tenant("--binding", "required", "--exchange-auth", "ntlm")
    t.post("exchange", mic_required=True)
    for server in over_tls(t):
        for name in NAMES:
            binds(t, completed(walk(t, active_directory_server=server, username=name, extra=NTLM)), ntlm=1)
        binds(t, completed(walk(t, active_directory_server=server, username="svc")), ntlm=1)
    r = walk(t, username=DN, extra=NTLM)
    refused(r, "LDAP_NTLM_NAME", "Exchange server username")
    refused(walk(t, extra="outlook:\n  ldap_bind: kerberos\n"), "outlook.ldap_bind")
    # Connections come and go: each is bound to what its server shows.
    for _ in range(3):
        binds(t, completed(walk(t, extra=NTLM)), ntlm=1)


def test_a_wrong_password_is_sent_once():
    t = tenant("--lockout", 2)
    for changes in ({}, PLAIN):
        for extra in ("", NTLM):
            t.post("exchange", unlock=True)
            t.control("DELETE", "stats")
            r = walk(t, password="Wrong-guess1", extra=extra, **changes)
            fails(r, "LDAP_CREDENTIALS")
            true("Wrong-guess1" not in r.err + r.out, "the password is in the log")
            same(t.stats()["requests"].get("ews", 0), 0, "Exchange was asked with a password that is wrong")
            completed(walk(t, **changes))  # not locked


def test_without_tls_no_password_leaves():
    t = tenant()
    t.post("exchange", ldap_no_tls=True)
    binds(t, completed(walk(t, **PLAIN)), ntlm=1)
    binds(t, completed(walk(t, extra=NTLM, **PLAIN)), ntlm=1)
    t.post("exchange", ldap_signing=True)
    for extra in ("", NTLM):
        r = walk(t, extra=extra, **PLAIN)
        fails(r, "LDAP_NEEDS_TLS", "ldaps://", "ssl_enabled", "integrity checking")
        binds(t, r)
    t.post("exchange", ldap_signing=False, ldap_no_ntlm=True)
    binds(t, completed(walk(t, **PLAIN)), simple=1, clear=1)  # as the service before
    t.post("exchange", ldap_no_ntlm=False)
    t.post("exchange", fault={"code": "51", "level": "ldap", "operation": "search", "count": 1})
    binds(t, completed(walk(t, **PLAIN)), ntlm=1)  # busy: asked again, not guessed


class Between(servers.Front):
    """Ends TLS, and begins another one with the server."""

    def serve(self, peer):
        peer.settimeout(servers.STILL)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # tickets of 1.3 make recv wait for what need not come
        with self.context.wrap_socket(peer, server_side=True) as inside, \
                socket.create_connection(("127.0.0.1", self.to_port)) as outside, \
                context.wrap_socket(outside) as server:
            servers.pump(inside, server)


def test_something_in_between_opens_tls():
    t = tenant("--binding", "required")
    other = certs.Authority("Device")
    front = Between(t.port("ldaps"), other.leaf("device", "IP:127.0.0.1"))
    both = open(other.ca_file).read() + open(os.path.join(t.dir, "ca.pem")).read()
    there = {"active_directory_server": f"ldaps://127.0.0.1:{front.port}", "ssl_ca": both}
    binds(t, completed(walk(t, **there)), simple=1)
    r = walk(t, extra=NTLM, **there)
    fails(r, "LDAP_BINDING", "channel binding", "outlook.ldap_bind")
    binds(t, r)
    t.post("exchange", binding="off")
    binds(t, completed(walk(t, extra=NTLM, **there)), ntlm=1)


def test_a_service_is_bound_each_time():
    """A resumed connection would show no certificate to be bound to."""
    for version in ("1.2", "1.3"):
        w = test_outlook.World(*NOBODY, "--binding", "required", "--tls", version)
        w.top = NTLM
        w.serve()
        w.fill()
        w.connected()
        for _ in range(3):
            job = w.wait_job(w.job(job_type="access_control"), "completed", "error")
            same((job["status"], job["error"]), ("completed", None))
        true(w.tenant.stats()["ldap_ntlm"] >= 4, w.tenant.stats())
        rig.stop_all()
