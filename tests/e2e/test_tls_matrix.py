# SPDX-License-Identifier: Apache-2.0
"""Every destination against every defect of a server's TLS: who refuses, and how it is called.

A cell is a handshake of the sealed release binary (`mailferry check`) with a server that has the defect; the hop of
this destination has to fail with the error that names the defect, and nothing may have been said inside TLS. The
first row is a server without a defect, which shows that each column can say yes. Roots that lost their trust at
a date (TLS_DISTRUSTED) need a root's own key: build/asan/unit/test_tls makes one.

usage: tests/e2e/test_tls_matrix.py --write     writes the table into SECURITY.md; the test compares
"""
import concurrent.futures
import os
import re
import ssl
import sys

import certs
import rig
import security_table
import servers
import test_check
import test_outlook
from rig import same, true
from test_tls import BOTH_NAMES, FUTURE, PAST

ALONE = "its own two workers keep the machine busy"
NAME = "TLS refusal matrix"
ANY_CIPHER = "ALL:@SECLEVEL=0"
SUPPORTED_VERSIONS = 43  # RFC 8446, section 4.2
ROWS = []
CONSTRAINED = """basicConstraints = critical, CA:true
keyUsage = keyCertSign, cRLSign
nameConstraints = {}permitted;DNS:.example.org, excluded;IP:0.0.0.0/0.0.0.0"""


# ---- servers with a defect

class Server(servers.Listener):
    """TLS with this chain and key, at once or behind StartTLS; notes what arrives inside."""

    def __init__(self, chain, version=None, inward=bytes, outward=bytes):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.set_ciphers(ANY_CIPHER)
        if version:
            self.context.minimum_version = self.context.maximum_version = version
        self.context.load_cert_chain(chain + ".pem", chain + ".key")
        self.inward, self.outward = inward, outward  # what somebody on the way makes of either flight
        self.said, self.whole = b"", 0
        super().__init__()

    def serve(self, peer):
        peer.settimeout(servers.STILL)
        first = peer.recv(16384)
        if first[:1] == b"0":  # an LDAPMessage: StartTLS, with the message id of its request
            peer.sendall(b"\x30\x0c\x02\x01" + first[4:5] + b"\x78\x07\x0a\x01\x00\x04\x00\x04\x00")
            first = peer.recv(16384)
        inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
        inward.write(self.inward(first))
        tls = self.context.wrap_bio(inward, outward, server_side=True)
        done = False
        while True:
            try:
                if not done:
                    tls.do_handshake()
                    self.whole += 1
                    done = True
                self.said += tls.read(65536)
                return
            except ssl.SSLWantReadError:
                pass
            finally:
                flight = outward.read()
                peer.sendall(flight if done else self.outward(flight))
            inward.write(peer.recv(65536) or self.over())

    def over(self):
        raise OSError("the client went")


def without_versions(hello):
    """What somebody on the way does to make both sides of TLS 1.3 speak 1.2: the extension gets an unknown number.
    The server then says in its random value that it knows 1.3 (RFC 8446, section 4.1.3)."""
    at = 5 + 4 + 2 + 32  # record, handshake, version, random
    at += 1 + hello[at]  # session id
    at += 2 + int.from_bytes(hello[at:at + 2], "big")  # ciphers
    at += 1 + hello[at] + 2  # compression
    while at < len(hello):
        if int.from_bytes(hello[at:at + 2], "big") == SUPPORTED_VERSIONS:
            return hello[:at] + b"\x7a\x7a" + hello[at + 2:]
        at += 4 + int.from_bytes(hello[at + 2:at + 4], "big")
    raise AssertionError("no supported_versions")


def other_signature(flight):
    """ServerKeyExchange of TLS 1.2 stands before ServerHelloDone and ends with a signature."""
    end = flight.rfind(b"\x0e\x00\x00\x00")
    if end < 0:
        return flight
    end -= 5 if flight[end - 5:end] == b"\x16\x03\x03\x00\x04" else 0
    return flight[:end - 1] + bytes([flight[end - 1] ^ 1]) + flight[end:]


class Plain(servers.Listener):
    said, whole = b"", 0

    def serve(self, peer):
        peer.settimeout(servers.STILL)
        first = peer.recv(4096)
        if first[:1] == b"0":
            peer.sendall(b"\x30\x0c\x02\x01" + first[4:5] + b"\x78\x07\x0a\x01\x00\x04\x00\x04\x00")
            peer.recv(4096)
        peer.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


# ---- the defects: name, error of every destination, how the server is made

def row(defect, code):
    def add(make):
        ROWS.append((defect, code, make))
        return make
    return add


@row("none", None)
def good(a):
    return Server(a.leaf("good", BOTH_NAMES))


@row("expired", "TLS_EXPIRED")
def expired(a):
    return Server(a.leaf("expired", BOTH_NAMES, PAST))


@row("not yet valid", "TLS_NOT_YET_VALID")
def early(a):
    return Server(a.leaf("early", BOTH_NAMES, FUTURE))


@row("for another name", "TLS_WRONG_NAME")
def other_name(a):
    return Server(a.leaf("other", "DNS:other.example,IP:127.0.0.2,DNS:127.0.0.1"))


@row("unknown root", "TLS_UNKNOWN_ROOT")
def unknown_root(_a):
    return Server(certs.Authority("Unknown Root").leaf("unknown", BOTH_NAMES))


@row("root of a trusted name, with another key", "TLS_UNKNOWN_ROOT")
def impostor(_a):
    return Server(certs.Authority("Test Root").leaf("impostor", BOTH_NAMES))


@row("self-signed", "TLS_SELF_SIGNED")
def self_signed(a):
    return Server(a.leaf("alone", BOTH_NAMES, self_signed=True))


@row("missing intermediate", "TLS_UNKNOWN_ROOT")
def missing_intermediate(a):
    return Server(a.below(send=False).leaf("half", BOTH_NAMES))


@row("issued by a certificate that is no authority", "TLS_UNKNOWN_ROOT")
def issued_by_a_leaf(a):
    return Server(a.below(name="leaf", section="plain").leaf("borrowed", BOTH_NAMES))


@row("key of RSA with 1024 bits", "TLS_WEAK")
def weak_key(a):
    return Server(a.leaf("weak", BOTH_NAMES, kind=("RSA", "rsa_keygen_bits:1024")))


@row("signed with SHA-1", "TLS_WEAK")
def sha1(a):
    return Server(a.leaf("sha1", BOTH_NAMES, digest="sha1"))


@row("intermediate signed with SHA-1", "TLS_WEAK")
def sha1_above(a):
    return Server(a.below(name="old_between", digest="sha1").leaf("below_sha1", BOTH_NAMES))


@row("for clients, not for servers", "TLS_PURPOSE")
def purpose(a):
    return Server(a.leaf("client", BOTH_NAMES + "\nextendedKeyUsage = clientAuth"))  # the later line counts


@row("TLS 1.1 alone", "TLS_VERSION")
def old_version(a):
    return Server(a.leaf("version", BOTH_NAMES), version=ssl.TLSVersion.TLSv1_1)


@row("TLS 1.3 rolled back to 1.2 on the way", "TLS_FORGED")
def downgrade(a):
    return Server(a.leaf("down", BOTH_NAMES), inward=without_versions)


@row("signed by another key than the certificate's", "TLS_FORGED")
def another_key(a):
    return Server(a.leaf("stolen", BOTH_NAMES), version=ssl.TLSVersion.TLSv1_2, outward=other_signature)


@row("no TLS at all", "TLS_NOT_TLS")
def no_tls(_a):
    return Plain()


# ---- the destinations

def alone(text):
    """Without Elasticsearch: what is looked at is elsewhere."""
    return text[:text.index("elasticsearch:")] + text[text.index("tls:"):]


def google(key):
    """Another endpoint in place of the tenant's."""
    def change(text, port):
        text = re.sub(rf"  google_{key}: .*\n", "", text)
        return text.replace("endpoints:", f"endpoints:\n  google_{key}: https://127.0.0.1:{port}"
                            + ("/token" if key == "token" else "") + "\n  #")
    return change


def elastic(text, port):
    return re.sub(r"  host: .*", f"  host: https://127.0.0.1:{port}", text)


def microsoft(key):
    def change(text, port):
        text = text.replace("microsoft_" + key + ": ", f"microsoft_{key}: https://127.0.0.1:{port} #")
        return text + ("outlook:\n  backend: ews\n" if key == "ews" else "")
    return change


def outlook(tenant, text, port, directory):
    values = {"exchange_server": f"127.0.0.1:{port}", "active_directory_server": f"{directory}://127.0.0.1:{port}",
              "use_text_extraction_service": directory == "ldaps",
              "ssl_ca": open(bundle(tenant)).read()}
    text = alone(test_outlook.entry(tenant, **values)(text))
    return text + (f"extraction_service:\n  host: https://127.0.0.1:{port}\n" if directory == "ldaps" else "")


def bundle(tenant):
    return os.path.join(tenant.dir, "both.pem")


COLUMNS = [
    ({"Elasticsearch": "Elasticsearch", "Google token endpoint": "Google tokens"}, "config.yml",
     lambda t, text, port, proxy: google("token")(elastic(text, port), port)),
    ({"Elasticsearch": "Elasticsearch, by a proxy", "Google Directory API": "Google directory"}, "config.yml",
     lambda t, text, port, proxy: google("directory")(elastic(text, port), port)
     + f"proxy:\n  url: http://127.0.0.1:{proxy.port}\n"),
    ({"Gmail API": "Gmail"}, "config.yml", lambda t, text, port, proxy: google("gmail")(alone(text), port)),
    ({"Entra ID": "Entra ID"}, "cloud.yml", lambda t, text, port, proxy: microsoft("login")(alone(text), port)),
    ({"Microsoft Graph": "Graph"}, "cloud.yml", lambda t, text, port, proxy: microsoft("graph")(alone(text), port)),
    ({"Exchange Online": "Exchange Online"}, "cloud.yml",
     lambda t, text, port, proxy: microsoft("ews")(alone(text), port)),
    ({"Exchange": "Exchange Server", "Active Directory": "LDAPS", "extraction service": "text extraction"},
     "config.yml", lambda t, text, port, proxy: outlook(t, text, port, "ldaps")),
    ({"Active Directory": "StartTLS"}, "config.yml", lambda t, text, port, proxy: outlook(t, text, port, "ldap")),
]


def run(tenant, proxy, defect, code, server, column):
    """The cells of one run of `check`: {column: what was said}, and what is wrong with them."""
    names, source, change = column
    with open(os.path.join(tenant.dir, source)) as f:
        text = change(tenant, f.read(), server.port, proxy)
    text = text.replace(os.path.join(tenant.dir, "ca.pem"), bundle(tenant))
    path = os.path.join(rig.folder(), "check.yml")
    with open(path, "w") as f:
        f.write(text)
    r = test_check.Check(path)
    cells, wrong = {}, []
    for place, name in names.items():
        hops = {hop: h for (where, hop), h in r.hops.items() if where == place}
        tls = hops.get("TLS", {})
        said = tls["error"]["code"] if tls.get("result") == "fail" else tls.get("result", "nothing")
        cells[name] = "accepted" if said == "ok" else said
        if said != (code or "ok") or (code and len(tls["labels"]["todo"]) < 20):
            wrong.append(f"{defect}, {name}: {said}, want {code or 'ok'}: {r.text()}")
        if "proxy" in name and "proxy" not in hops:
            wrong.append(f"{name}: not by the proxy")
    return cells, wrong


def begin():
    """A tenant, and an authority that is trusted beside its own."""
    tenant, authority = rig.Tenant(*test_check.SMALL, "--exchange-auth", "ntlm,bearer"), certs.Authority()
    with open(bundle(tenant), "w") as f:
        f.write(open(os.path.join(tenant.dir, "ca.pem")).read() + open(authority.ca_file).read())
    return tenant, authority


def matrix():
    """{defect: {column: code}}, each cell by a handshake; the cells that are not as they should be."""
    tenant, authority, proxy = *begin(), servers.Proxy()
    table, wrong = {}, []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for defect, code, make in ROWS:
            server = make(authority)
            runs = [pool.submit(run, tenant, proxy, defect, code, server, column) for column in COLUMNS]
            table[defect] = {}
            for done in runs:
                cells, bad = done.result()
                table[defect].update(cells)
                wrong += bad
            if code and (server.said or server.whole):
                wrong.append(f"{defect}: {server.whole} handshakes were finished, then came {server.said[:200]!r}")
            if not code and server.whole < len(table[defect]):
                wrong.append(f"{defect}: only {server.whole} handshakes were finished")
            if server.accepted < len(table[defect]):
                wrong.append(f"{defect}: only {server.accepted} connections")
    return table, wrong


def markdown(table):
    columns = list(next(iter(table.values())))
    return security_table.rows(["defect of the server", *columns],
                               [[defect, *(f"`{cells[c]}`" for c in columns)] for defect, cells in table.items()])


def test_every_destination_refuses_every_defect():
    table, wrong = matrix()
    for defect, cells in table.items():
        print(f"  {defect:46} " + " ".join(sorted(set(cells.values()))), flush=True)
    for line in wrong:
        print(line[:1500])
    same(len(wrong), 0, f"cells that are wrong: {wrong[:1]}")
    true(len(table) >= 15 and all(len(cells) == 12 for cells in table.values()), "cells")
    same(security_table.read(NAME), markdown(table), "SECURITY.md: run tests/e2e/test_tls_matrix.py --write")


def test_what_is_not_checked_is_known():
    """The limits that SECURITY.md tells: if one of these ends otherwise one day, it has to be told otherwise."""
    tenant, authority, proxy = *begin(), servers.Proxy()
    authority.section("critical", CONSTRAINED.format("critical, "))
    authority.section("ignored", CONSTRAINED.format(""))
    staple = BOTH_NAMES + "\n1.3.6.1.5.5.7.1.24 = DER:30:03:02:01:05"
    for limit, code, leaf in (
            ("critical name constraints", "TLS_CERTIFICATE", authority.below("critical", "critical").leaf("c", BOTH_NAMES)),
            ("name constraints", None, authority.below("ignored", "ignored").leaf("i", BOTH_NAMES)),
            ("must-staple", None, authority.leaf("staple", staple))):
        names, source, change = COLUMNS[0]
        _, wrong = run(tenant, proxy, limit, code, Server(leaf), ({"Elasticsearch": names["Elasticsearch"]}, source, change))
        same(wrong, [])


if __name__ == "__main__":
    try:
        if sys.argv[1:] != ["--write"]:
            sys.exit("usage: test_tls_matrix.py --write")
        found, bad = matrix()
        print("\n".join(bad))
        security_table.write(NAME, markdown(found))
    finally:
        rig.stop_all()
