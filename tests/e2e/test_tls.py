# SPDX-License-Identifier: Apache-2.0
"""TLS as a stranger meets it: what is refused and how it is said, what is trusted, versions, tickets."""
import os
import socket
import subprocess

import certs
import rig
import servers
from rig import completed, same, true

PAST = ("20200101000000Z", "20210101000000Z")
FUTURE = ("20470101000000Z", "20480101000000Z")
BOTH_NAMES = "DNS:localhost,IP:127.0.0.1"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class OpensslServer:
    """openssl s_server; its standard output is what arrives inside TLS."""

    def __init__(self, certificate, *options):
        self.port = free_port()
        self.path = os.path.join(os.path.dirname(certificate), "arrived")
        self.out = open(self.path, "w")
        # s_server ends with its standard input: an open pipe keeps it.
        self.process = rig.start(
            ["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-quiet", "-cert",
             certificate + ".pem", "-cert_chain", certificate + ".pem", "-key", certificate + ".key",
             *options], stdin=subprocess.PIPE, stdout=self.out, stderr=subprocess.DEVNULL)
        rig.wait_for(self.listens)

    def listens(self):
        want = f"0100007F:{self.port:04X} 00000000:0000 0A"
        return any(want in line for line in open("/proc/net/tcp"))

    def arrived(self):
        self.process.terminate()
        self.process.wait(10)
        return open(self.path, errors="replace").read()


def to(host, port, ca_file, more=""):
    """A change of the tenant's config.yml: another Elasticsearch."""
    def change(text):
        lines = []
        for line in text.splitlines(True):
            if line.startswith("  host:"):
                line = f"  host: https://{host}:{port}\n{more}"
            elif line.startswith("  ca_certs:"):
                line = f"  ca_certs: {ca_file}\n" if ca_file else ""
            lines.append(line)
        return "".join(lines)
    return change


def refused(code, certificate, ca_file, *options, host="127.0.0.1"):
    t = rig.Tenant("--users", 1, "--messages", 3, "--size", 300)
    server = OpensslServer(certificate, *options)
    r = t.sync(change=to(host, server.port, ca_file))
    same((r.code, r["error"]["code"]), (1, code), r.text())
    true(len(r["error"]["todo"]) > 20, r)
    same(server.arrived(), "", "what reached the server")
    same(t.stats()["messages_served"], 0, "messages read for an Elasticsearch that is not trusted")
    return r


def test_expired():
    a = certs.Authority()
    r = refused("TLS_EXPIRED", a.leaf("old", BOTH_NAMES, PAST), a.ca_file)
    true("2021-01-01" in r["error"]["detail"], r)


def test_not_yet_valid():
    a = certs.Authority()
    r = refused("TLS_NOT_YET_VALID", a.leaf("early", BOTH_NAMES, FUTURE), a.ca_file)
    true("2047-01-01" in r["error"]["detail"] and "clock" in r["error"]["todo"], r)


def test_wrong_name():
    a = certs.Authority()
    r = refused("TLS_WRONG_NAME", a.leaf("other", "DNS:other.example"), a.ca_file, host="localhost")
    true("localhost" in r["error"]["detail"] and "other.example" in r["error"]["detail"], r)


def test_wrong_address():
    a = certs.Authority()
    refused("TLS_WRONG_NAME", a.leaf("address", "IP:127.0.0.2"), a.ca_file)
    rig.stop_all()
    a = certs.Authority()  # an address is no name: a DNS entry that looks like it does not count
    refused("TLS_WRONG_NAME", a.leaf("text", "DNS:127.0.0.1"), a.ca_file)


def test_the_common_name_does_not_count_beside_names():
    a = certs.Authority()
    refused("TLS_WRONG_NAME", a.leaf("localhost", "DNS:other.example"), a.ca_file, host="localhost")


def test_a_wildcard_stands_for_one_label():
    a = certs.Authority()
    leaf = a.leaf("wild", "DNS:*.cluster.localhost")
    refused("TLS_WRONG_NAME", leaf, a.ca_file, host="a.b.cluster.localhost")


def test_unknown_root():
    a, b = certs.Authority("One Root"), certs.Authority("Another Root")
    r = refused("TLS_UNKNOWN_ROOT", a.leaf("good", BOTH_NAMES), b.ca_file)
    true("One Root" in r["error"]["detail"] and "ca_file" in r["error"]["todo"], r)


def test_root_of_the_same_name_with_another_key():
    a, b = certs.Authority("Same Root"), certs.Authority("Same Root")
    refused("TLS_UNKNOWN_ROOT", a.leaf("good", BOTH_NAMES), b.ca_file)


def test_self_signed():
    a = certs.Authority()
    refused("TLS_SELF_SIGNED", a.leaf("alone", BOTH_NAMES, self_signed=True), a.ca_file)


def test_a_trusted_certificate_is_still_looked_at():
    a = certs.Authority()
    old = a.leaf("old", BOTH_NAMES, PAST, self_signed=True)
    refused("TLS_EXPIRED", old, old + ".pem")
    rig.stop_all()
    a = certs.Authority()
    other = a.leaf("other", "DNS:other.example", self_signed=True)
    refused("TLS_WRONG_NAME", other, other + ".pem")


def test_missing_intermediate():
    a = certs.Authority()
    a.intermediate(send=False)
    r = refused("TLS_UNKNOWN_ROOT", a.leaf("half", BOTH_NAMES), a.ca_file)
    true("Test Intermediate" in r["error"]["detail"], r)


def test_tls_1_1():
    a = certs.Authority()
    refused("TLS_VERSION", a.leaf("good", BOTH_NAMES), a.ca_file, "-tls1_1", "-cipher",
            "ALL:@SECLEVEL=0")


def test_a_weak_key():
    a = certs.Authority()
    a.key = lambda name: certs.openssl("genrsa", "-out", a.path(name + ".key"), "1024")
    refused("TLS_WEAK", a.leaf("small", BOTH_NAMES), a.ca_file, "-cipher", "ALL:@SECLEVEL=0")


def test_a_certificate_for_clients():
    a = certs.Authority()
    names = BOTH_NAMES + "\nextendedKeyUsage = clientAuth"  # the later line counts
    refused("TLS_PURPOSE", a.leaf("client", names), a.ca_file)


def test_no_tls_at_all():
    class Plain(servers.Listener):
        def serve(self, peer):
            peer.recv(4096)
            peer.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    t = rig.Tenant("--users", 1, "--messages", 1, "--size", 300)
    r = t.sync(change=to("127.0.0.1", Plain().port, None))
    same((r.code, r["error"]["code"]), (1, "TLS_NOT_TLS"), r.text())


# ---- what is trusted

def synced_through(certificate, ca_file, host, extra="", more=""):
    t = rig.Tenant("--users", 1, "--messages", 20, "--size", 300, "--plain")
    front = servers.Front(t.port("elasticsearch"), certificate)
    r = completed(t.sync(change=to(host, front.port, ca_file, more), extra=extra))
    same(sorted(t.docs()), sorted(t.messages()))
    true(front.accepted > 0, "the front was not asked")
    return r


def test_names_addresses_wildcards_and_chains():
    a = certs.Authority()
    name, address = a.leaf("name", "DNS:localhost"), a.leaf("address", "IP:127.0.0.1")
    wild = a.leaf("wild", "DNS:*.cluster.localhost")
    a.intermediate()
    chain = a.leaf("chain", BOTH_NAMES)
    alone = a.leaf("alone", BOTH_NAMES, self_signed=True)
    for certificate, ca_file, host in ((name, a.ca_file, "localhost"), (address, a.ca_file, "127.0.0.1"),
                                       (wild, a.ca_file, "node1.cluster.localhost"),
                                       (chain, a.ca_file, "127.0.0.1"),
                                       (alone, alone + ".pem", "localhost")):
        r = synced_through(certificate, ca_file, host)
        true("NOT verified" not in r.err, r)


def warns(r):
    return [line for line in r.lines if "NOT verified" in str(line)]


def test_verification_switched_off_works_and_warns():
    a = certs.Authority()
    bad = a.leaf("old", "DNS:other.example", PAST)
    r = synced_through(bad, None, "127.0.0.1", more="  verify_certs: false\n")
    same([line["labels"]["destination"] for line in warns(r)], ["Elasticsearch"], r.err)
    r = synced_through(bad, None, "127.0.0.1", more="  ssl: true\n  verify_certs: false\n")
    same(len(warns(r)), 1)


def test_verification_switched_off_everywhere():
    t = rig.Tenant("--users", 1, "--messages", 5, "--size", 300)
    def change(text):
        return "".join(line for line in text.splitlines(True) if "ca_certs" not in line) \
            .replace("  ca_file: " + os.path.join(t.dir, "ca.pem"), "  verify: false")
    r = completed(t.sync(change=change))
    same(sorted(line["labels"]["destination"] for line in warns(r)), ["Elasticsearch", "Google"], r.err)
    r = t.sync(change=lambda c: change(c).replace("verify: false",
                                                  "verify: false\n  require_verification: true"))
    same((r.code, t.stats()["tokens_issued"]), (2, 2), r.text())
    true("require_verification" in r.err, r)


def test_google_alone_unverified():
    t = rig.Tenant("--users", 1, "--messages", 5, "--size", 300)
    r = completed(t.sync(change=lambda c: c.replace("tls:\n  ca_file:", "tls:\n  google:\n    verify: "
                                                    "false\n  ca_file:")))
    same([line["labels"]["destination"] for line in warns(r)], ["Google"], r.err)


def test_google_is_verified_too():
    t = rig.Tenant("--users", 1, "--messages", 5, "--size", 300)
    ca = "  ca_file: " + os.path.join(t.dir, "ca.pem")
    r = t.sync(change=lambda c: c.replace(ca, "  require_verification: true"))
    same((r.code, r["error"]["code"]), (1, "TLS_UNKNOWN_ROOT"), r.text())
    same(t.stats()["tokens_issued"], 0)


def test_ca_files_that_do_not_serve():
    t = rig.Tenant("--users", 1, "--messages", 1, "--size", 300)
    garbage = os.path.join(t.dir, "garbage.pem")
    with open(garbage, "w") as f:
        f.write("-----BEGIN CERTIFICATE-----\nMIIBhTCCASugAwIBAgIQ\n-----END CERTIFICATE-----\n")
    empty = os.path.join(t.dir, "empty.pem")
    open(empty, "w").close()
    for path, word in ((garbage, "openssl x509"), (empty, "BEGIN CERTIFICATE"),
                       (os.path.join(t.dir, "nowhere.pem"), "does not exist"), (t.dir, t.dir)):
        for key in ("ca_file", "ca_certs"):
            old = f"  {key}: {os.path.join(t.dir, 'ca.pem')}"
            r = t.sync(change=lambda c: c.replace(old, f"  {key}: {path}"))
            same(r.code, 2, r.text())
            true(word in r.err and path in r.err, r)


# ---- versions and tickets

def test_tls_1_2_and_1_3_alone():
    for version in ("1.2", "1.3"):
        t = rig.Tenant("--users", 2, "--messages", 60, "--size", 2000, "--tls", version)
        completed(t.sync())
        same(sorted(t.docs()), sorted(t.messages()), version)
        rig.stop_all()


def test_sessions_are_resumed():
    for version in ("1.2", "1.3"):
        for more, resumed in (((), True), (("--no-tickets",), False)):
            t = rig.Tenant("--users", 1, "--messages", 60, "--size", 300, "--tls", version,
                           "--max-requests", 10, *more)
            completed(t.sync())
            s = t.stats()
            true(s["handshakes"] >= 6 and s["handshakes_failed"] == 0, str(s))
            # The first to each of the two servers is whole; those that begin at once have no ticket yet.
            true((s["handshakes_resumed"] >= s["handshakes"] // 2) if resumed else
                 s["handshakes_resumed"] == 0, f"{version} {more} {s}")
            rig.stop_all()


def test_required_verification_refuses_plain_http():
    t = rig.Tenant("--plain", "--users", 1, "--messages", 1, "--size", 200)
    extra = "" if "\ntls:" in t.config else "\ntls:\n  require_verification: true\n"
    r = t.sync(change=lambda c: c.replace("\ntls:", "\ntls:\n  require_verification: true"), extra=extra)
    same(r.code, 2)
    true("http://" in r.err and "require_verification" in r.err, r)
