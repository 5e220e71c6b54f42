# SPDX-License-Identifier: Apache-2.0
# The fake directory of tests/tenant asked by real clients: OpenLDAP's ldapsearch (installed through apt when
# it is not there) and ldap3, the library of the service that mailferry replaces.
#     python3 tests/interop/ldap_walk.py
# With --users HOST:PORT it prints a JSON line a person: what that service's two searches find (documents.md,
# section 5): `_id`, `identity`, and `mail` as found. Options: --user --password --base.
import argparse
import base64
import hashlib
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SEARCHES = ("(&(objectCategory=person)(objectClass=user)(givenName=*))", "(&(objectClass=person)(|(cn=*admin*)(cn=*normal*)))")
BASE = "DC=example,DC=test"


# ---- with ldap3, in the virtual environment ------------------------------------------------------

def teach_md4():
    """OpenSSL 3 has no MD4 by default; pyspnego brings one, in Python."""
    from spnego._ntlm_raw.md4 import md4
    usual = hashlib.new

    class Md4:
        def __init__(self, data):
            self.data = data

        def digest(self):
            return md4(self.data)

    hashlib.new = lambda name, data=b"", **more: Md4(data) if name.upper() == "MD4" else usual(name, data, **more)


def users(options):
    import ldap3
    host, port = options.users.rsplit(":", 1)
    server = ldap3.Server(host, port=int(port))
    connection = ldap3.Connection(server, user=options.user, password=options.password, auto_bind=True)
    for search in SEARCHES:
        if not connection.search(options.base, search, attributes=["mail"]):
            raise SystemExit(f"nothing is found by {search}")
        for entry in connection.response:
            mail = entry.get("attributes", {}).get("mail") if entry["type"] != "searchResRef" else None
            mail = mail[0] if isinstance(mail, list) and mail else mail
            if not mail:
                continue
            mail = mail if isinstance(mail, str) else mail.decode("utf-8", "replace")
            name = entry["dn"].split("=", 1)[-1].split(",")[0]
            key = hashlib.md5(mail.encode()).hexdigest()
            print(json.dumps({"_id": key, "mail": mail, "dn": entry["dn"], "identity": {
                "user_id": f"user_id:{key}", "display_name": f"name:{name}", "email": f"email:{mail.lower()}"}},
                ensure_ascii=False))


def bind_spnego(sock, password, binding, protocol="ntlm"):
    """GSS-SPNEGO with NTLM over one socket, by hand but for pyspnego's messages: the result code and its text."""
    import spnego
    bound = spnego.channel_bindings.GssChannelBindings(application_data=binding) if binding else None
    context = spnego.client("EXAMPLE\\svc", password, hostname="dc01.example.test", service="ldap", protocol=protocol,
                            channel_bindings=bound, context_req=spnego.ContextReq.none)

    def tlv(tag, content):
        n = len(content)
        return bytes([tag]) + (bytes([n]) if n < 128 else b"\x82" + n.to_bytes(2, "big")) + content

    def read():
        data = b""
        while True:
            if len(data) > 6 and data[1] == 0x84 and len(data) >= 6 + int.from_bytes(data[2:6], "big"):
                return data[6:]
            piece = sock.recv(65536)
            if not piece:
                raise SystemExit("closed")
            data += piece

    def parts(data):
        while data:
            n, head = data[1], 2
            if n >= 128:
                head, n = 2 + n - 128, int.from_bytes(data[2:2 + n - 128], "big")
            yield data[0], data[head:head + n]
            data = data[head + n:]

    token = context.step()
    for number in (1, 2):
        sasl = tlv(0xA3, tlv(4, b"GSS-SPNEGO") + tlv(4, token))
        sock.sendall(tlv(0x30, tlv(2, bytes([number])) + tlv(0x60, tlv(2, b"\x03") + tlv(4, b"") + sasl)))
        answer = dict(parts(dict(parts(read()))[0x61]))
        if answer[0x0A] != b"\x0e":
            return answer[0x0A][0], answer[4].decode()
        token = context.step(answer[0x87])
    return -1, ""


def library(options):
    """What ldap3 sees, as one JSON object for the test."""
    import socket
    import ssl

    import ldap3
    teach_md4()
    out = {}
    plain = ldap3.Server("127.0.0.1", port=options.ldap, get_info=ldap3.ALL)
    roots = ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=options.ca)
    tls = ldap3.Server("127.0.0.1", port=options.ldaps, use_ssl=True, tls=roots)
    over = ldap3.Server("127.0.0.1", port=options.ldap, tls=roots)

    def bind(server, user, password, **more):
        connection = ldap3.Connection(server, user=user, password=password, auto_referrals=False, **more)
        connection.bind()
        return connection, [connection.result["result"], connection.result["message"].rstrip("\0")]

    connection, out["domain"] = bind(plain, "EXAMPLE\\svc", "Passw0rd")
    out["root"] = plain.info.other["defaultNamingContext"]
    out["mechanisms"] = plain.info.supported_sasl_mechanisms
    pages = connection.extend.standard.paged_search(BASE, "(objectClass=*)", attributes=["cn"], paged_size=3, generator=True)
    out["paged"] = sorted(e["dn"] for e in pages if e["type"] == "searchResEntry")
    connection.search(BASE, "(objectClass=*)", attributes=["cn"])
    out["whole"] = sorted(e["dn"] for e in connection.response if e["type"] == "searchResEntry")
    out["references"] = len([e for e in connection.response if e["type"] == "searchResRef"])
    out["filters"] = {}
    for text in options.filters:
        connection.search(BASE, text, attributes=["*"])
        out["filters"][text] = sorted(e["dn"] for e in connection.response if e["type"] == "searchResEntry")
    connection.search("DC=other,DC=test", "(cn=*)")
    out["other"] = connection.result["result"]
    connection.search("OU=None," + BASE, "(cn=*)")
    out["none"] = connection.result["result"]
    connection.search("OU=Staff," + BASE, "(cn=*)", ldap3.LEVEL)
    out["staff"] = len(connection.response)
    out["upn"] = bind(plain, "svc@example.test", "Passw0rd")[1]
    out["dn"] = bind(plain, "CN=svc,CN=Users," + BASE, "Passw0rd")[1]
    out["wrong"] = bind(plain, "svc@example.test", "no")[1]
    out["unknown"] = bind(plain, "EXAMPLE\\nobody", "Passw0rd")[1]
    out["sicily"] = bind(plain, "EXAMPLE\\svc", "Passw0rd", authentication=ldap3.NTLM)[1]
    out["sicily_wrong"] = bind(plain, "EXAMPLE\\svc", "no", authentication=ldap3.NTLM)[1]
    out["ldaps"] = bind(tls, "svc@example.test", "Passw0rd")[1]
    connection = ldap3.Connection(over, user="EXAMPLE\\svc", password="Passw0rd")
    connection.start_tls()
    connection.bind()
    out["start_tls"] = [connection.result["result"], connection.extend.standard.who_am_i() if over.info else "u:"]
    context = ssl.create_default_context(cafile=options.ca)
    for name, password, right in (("spnego", "Passw0rd", True), ("spnego_wrong", "no", True), ("spnego_unbound", "Passw0rd", False)):
        with context.wrap_socket(socket.create_connection(("127.0.0.1", options.ldaps)), server_hostname="127.0.0.1") as sock:
            digest = hashlib.sha256(sock.getpeercert(True)).digest() if right else b"x" * 32
            out[name] = bind_spnego(sock, password, b"tls-server-end-point:" + digest)
    for name, protocol in (("spnego_plain", "ntlm"), ("spnego_wrapped", "negotiate")):
        with socket.create_connection(("127.0.0.1", options.ldap)) as sock:
            out[name] = bind_spnego(sock, "Passw0rd", None, protocol)
    print(json.dumps(out))


# ---- the test ------------------------------------------------------------------------------------

class Search:
    """ldapsearch, its answers as dictionaries."""

    def __init__(self, tenant):
        self.tenant = tenant
        self.ca = os.path.join(tenant.dir, "ca.pem")

    def run(self, *more, user="EXAMPLE\\svc", password="Passw0rd", ldaps=False):
        url = f"ldaps://127.0.0.1:{self.tenant.port('ldaps')}" if ldaps else f"ldap://127.0.0.1:{self.tenant.port('ldap')}"
        command = ["ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-x", "-H", url, "-D", user, "-w", password, "-b", BASE, *more]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, "LDAPTLS_CACERT": self.ca})
        return done.returncode, done.stdout, done.stderr

    def entries(self, *more, **options):
        code, out, error = self.run(*more, **options)
        if code != 0:
            raise AssertionError(f"ldapsearch ends with {code}: {error[-300:]}")
        found = []
        for block in out.split("\n\n"):
            entry = {}
            for line in block.splitlines():
                if line.startswith("#") or ": " not in line:
                    continue
                name, value = line.split(": ", 1)
                if name.endswith(":"):
                    name, value = name[:-1], base64.b64decode(value).decode("utf-8", "replace")
                entry.setdefault(name, []).append(value)
            if "dn" in entry:
                found.append(entry)
        return found


FILTERS = {
    "(objectClass=computer)": lambda e: "computer" in e["objectClass"],
    "(objectCategory=person)": lambda e: "CN=Person" in e["objectCategory"][0],
    "(&(objectClass=user)(!(objectClass=computer)))": lambda e: "user" in e["objectClass"] and "computer" not in e["objectClass"],
    "(mail=USER1@example.TEST)": lambda e: "user1@example.test" in e.get("mail", []),
    "(mail=alias*@*test)": lambda e: any(m.startswith("alias") for m in e.get("mail", [])),
    "(cn=Doe*)": lambda e: e.get("cn", [""])[0].startswith("Doe"),
    "(cn=*\\c3\\bc*)": lambda e: "ü" in e.get("cn", [""])[0],
    "(!(mail=*))": lambda e: "mail" not in e,
    "(userAccountControl:1.2.840.113556.1.4.803:=2)": lambda e: int(e.get("userAccountControl", ["0"])[0]) & 2,
    "(userAccountControl>=4096)": lambda e: int(e.get("userAccountControl", ["0"])[0]) >= 4096,
    "(|(cn=svc)(&(cn=Admin*)(mail=*)))": lambda e: e.get("cn") == ["svc"] or (e.get("cn", [""])[0].startswith("Admin") and "mail" in e),
    "(nosuchattribute=1)": lambda e: False,
    "(!(nosuchattribute=1))": lambda e: False,
    "(cn=O\"Brien + S*)": lambda e: e.get("cn", [""])[0].startswith("O\"Brien"),
}


def same(a, b, what=""):
    if a != b:
        raise AssertionError(f"{what}: {str(a)[:300]} is not {str(b)[:300]}")


def with_ldapsearch(tenant):
    search = Search(tenant)
    whole = search.entries("(objectClass=*)")
    assert len(whole) > 40, len(whole)
    for text, wanted in FILTERS.items():
        have = sorted(e["dn"][0] for e in search.entries(text, "mail"))
        same(have, sorted(e["dn"][0] for e in whole if wanted(e)), text)
    pages = search.entries("-E", "pr=7/noprompt", "(objectClass=*)")
    same([e["dn"] for e in pages], [e["dn"] for e in whole], "pages")
    same(search.run("-ZZ", "(cn=svc)", "cn")[0], 0, "StartTLS")
    same(search.run("(cn=svc)", "cn", ldaps=True)[0], 0, "LDAPS")
    same(search.run("-z", "3", "(objectClass=*)")[0], 4, "size limit")
    code, out, _ = search.run("(cn=svc)", "1.1")
    same(code, 0)
    same(out.count("# refldap://"), 3, "references")
    same(search.run("(cn=svc)", password="no")[0], 49, "wrong password")
    assert "data 52e" in search.run("(cn=svc)", password="no")[2]


def with_limits(tenant):
    search = Search(tenant)
    tenant.post("exchange", ldap_page=10)
    code, out, _ = search.run("(objectClass=*)", "cn")
    same((code, len([line for line in out.splitlines() if line.startswith("dn:")])), (4, 10), "MaxPageSize")
    same(len(search.entries("-E", "pr=1000/noprompt", "(objectClass=*)", "cn")) > 40, True, "pages beyond it")
    tenant.post("exchange", ldap_page=1000, ldap_signing=True)
    code, _, error = search.run("(cn=svc)", "cn")
    same((code, "integrity checking" in error), (8, True), "strongerAuthRequired")
    same((search.run("-ZZ", "(cn=svc)")[0], search.run("(cn=svc)", ldaps=True)[0]), (0, 0), "with TLS")
    tenant.post("exchange", ldap_signing=False, ldap_no_tls=True)
    same(search.run("-ZZ", "(cn=svc)")[0] != 0, True, "StartTLS is unavailable")
    tenant.post("exchange", ldap_no_tls=False, lockout=2)
    for _ in range(2):
        search.run("(cn=svc)", password="no")
    assert "data 775" in search.run("(cn=svc)")[2]
    tenant.post("exchange", lockout=0, unlock=True)
    for code, wanted in (("51", 51), ("3", 3), ("close", 255), ("notice", 52)):
        tenant.post("exchange", fault={"level": "ldap", "operation": "search", "code": code})
        got = search.run("(cn=svc)")[0]
        if code == "close":  # however the client calls it
            same(got != 0, True, code)
        elif code == "notice":
            same(got != 0, True, code)
        else:
            same(got, wanted, code)
        tenant.post("exchange", clear=True)


def with_library(tenant, python):
    command = [python, __file__, "--library", "--ldap", str(tenant.port("ldap")), "--ldaps", str(tenant.port("ldaps")),
               "--ca", os.path.join(tenant.dir, "ca.pem"), *FILTERS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise AssertionError(done.stderr[-600:])
    out = json.loads(done.stdout)
    search = Search(tenant)
    whole = search.entries("(objectClass=*)")
    same(out["whole"], sorted(e["dn"][0] for e in whole), "entries")
    same(out["paged"], out["whole"], "pages")
    for text, wanted in FILTERS.items():
        same(out["filters"][text], sorted(e["dn"][0] for e in whole if wanted(e)), text)
    same((out["root"], out["references"], out["other"], out["none"]), ([BASE], 3, 10, 32))
    for name in ("domain", "upn", "dn", "sicily", "ldaps", "spnego", "spnego_plain", "spnego_wrapped"):
        same(out[name][0], 0, name)
    same(out["start_tls"][0], 0, "StartTLS")
    for name, part in (("wrong", "data 52e"), ("unknown", "data 525"), ("sicily_wrong", "data 52e"), ("spnego_wrong", "data 52e"),
                       ("spnego_unbound", "data 80090346")):
        same((out[name][0], part in out[name][1]), (49, True), f"{name}: {out[name]}")


def with_users(tenant, python):
    command = [python, __file__, "--users", f"127.0.0.1:{tenant.port('ldap')}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise AssertionError(done.stderr[-600:])
    found = {u["mail"]: u["identity"] for u in map(json.loads, done.stdout.splitlines())}
    for n in range(1, 9):
        assert any(m.lower() == f"user{n}@example.test" for m in found), n
    same(found["user2@example.test"]["display_name"], "name:Doe\\", "up to the first comma")
    same(found["User4@example.test"]["email"], "email:user4@example.test")


def test():
    sys.path.insert(0, HERE)
    sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
    import python_venv
    import rig
    if subprocess.run([os.path.join(ROOT, "third_party", "need"), "ldap-utils:ldapsearch"], stdout=subprocess.DEVNULL).returncode:
        print("SKIP ldap_walk/ldapsearch cannot be installed")
        return 0
    python, why = python_venv.python_with("exchangelib", os.path.join(HERE, "exchangelib.txt"))
    cases = [("ldapsearch", with_ldapsearch), ("limits", with_limits)]
    if python:
        cases += [("ldap3", lambda t: with_library(t, python)), ("users", lambda t: with_users(t, python))]
    else:
        print(f"SKIP ldap_walk/ldap3 {why}")
    failed = 0
    try:
        tenant = rig.Tenant("--users", 8, "--messages", 5, "--directory-users", 40)
        for name, run in cases:
            try:
                run(tenant)
                print(f"PASS ldap_walk/{name}", flush=True)
            except (AssertionError, OSError, KeyError, subprocess.TimeoutExpired) as e:
                print(f"FAIL ldap_walk/{name} {str(e)[:900]!r}", flush=True)
                failed += 1
            tenant.post("exchange", ldap_page=1000, ldap_signing=False, ldap_no_tls=False, lockout=0, unlock=True, clear=True)
    finally:
        rig.stop_all()
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--users", metavar="HOST:PORT")
    parser.add_argument("--user", default="EXAMPLE\\svc")
    parser.add_argument("--password", default="Passw0rd")
    parser.add_argument("--base", default=BASE)
    parser.add_argument("--library", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--ldap", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--ldaps", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--ca", help=argparse.SUPPRESS)
    parser.add_argument("filters", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.library:
        library(options)
    elif options.users:
        users(options)
    else:
        return test()
    return 0


if __name__ == "__main__":
    sys.exit(main())
