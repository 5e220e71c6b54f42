# SPDX-License-Identifier: Apache-2.0
# codec/ldap, codec/spnego and net/ntlm talk to Samba as an Active Directory:
#     python3 tests/interop/samba_ldap.py build/ldap_tool build/ntlm_tool [SHARED]
# Every byte that goes out was written by ours and every byte that comes in is read by ours; only
# sockets and TLS are Python's. Plain, StartTLS and LDAPS; simple binds and NTLM in all forms of names,
# right and wrong, in SPNEGO and bare; both searches, pages, names with commas and umlauts, what is
# refused. SHARED holds tools/samba-ad/run.sh, which makes the directory (half a minute, the first time
# with its packages); ../shared by default. Skipped without it, without root, and while something else
# has its ports.
import base64
import hashlib
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import time

USERS = 60
PASSWORD = "Passw0rd.Test"
BASE = "DC=test,DC=lan"
PERSONS = "(&(objectCategory=person)(objectClass=user))"
ENTRY, REFERENCE = 0x64, 0x73
PORTS = (389, 636, 3268, 3269)


class Lines:
    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, *fields):
        self.process.stdin.write("\t".join(str(f) for f in fields).encode() + b"\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().decode().rstrip("\n")


class Connection:
    def __init__(self, ldap, ntlm, way):
        self.ldap, self.ntlm, self.way, self.id, self.have = ldap, ntlm, way, 0, b""
        self.socket = socket.create_connection(("127.0.0.1", 636 if way == "ldaps" else 389), timeout=60)
        self.binding = bytes(16)
        if way == "starttls":
            assert self.call("starttls")["result"] == 0
        if way != "plain":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.socket = context.wrap_socket(self.socket)
            digest = hashlib.sha256(self.socket.getpeercert(True)).digest()
            self.binding = base64.b64decode(ntlm.ask("binding", base64.b64encode(digest).decode()))

    def send(self, command, *fields):
        self.id += 1
        request = self.ldap.ask(command, self.id, *fields)
        assert not request.startswith("error"), request
        self.socket.sendall(bytes.fromhex(request))

    def read(self):
        while True:
            said = self.ldap.ask("read", self.have.hex()) if self.have else "more"
            assert not said.startswith("error"), (said, self.have[:200].hex())
            if said != "more":
                head = 2 + (self.have[1] - 128 if self.have[1] > 127 else 0)
                size = int.from_bytes(self.have[2:head], "big") if head > 2 else self.have[1]
                self.have = self.have[head + size:]
                return json.loads(said)
            more = self.socket.recv(2000)
            assert more, "the directory closed the connection"
            self.have += more

    def call(self, command, *fields):
        self.send(command, *fields)
        return self.read()

    def bind(self, user, password):
        return self.call("bind", user, password)

    def bind_ntlm(self, user, password, wrapped):
        b64, ask = lambda raw: base64.b64encode(raw).decode(), self.ntlm.ask
        first = ask("negotiate")
        answer = self.call("spnego", base64.b64decode(ask("init", first) if wrapped else first).hex())
        assert answer["result"] == 14 and answer["error"] == "NONE", answer
        challenge = ask("token", b64(bytes.fromhex(answer["credentials"])))
        last = ask("authenticate", user, password, "ldap", "vm.test.lan", b64(self.binding), b64(os.urandom(8)), 133646772305000000,
                   first, challenge)
        assert not last.startswith("error"), last
        return self.call("spnego", base64.b64decode(ask("response", last) if wrapped else last).hex())

    def search(self, text, page=0, base=BASE):
        """Entries, referrals, the number of pages, and the last answer."""
        entries, references, pages, cookie = [], [], 0, ""
        while True:
            self.send("search", base, 2, 3, text, "mail", page, cookie, 0, 0)
            while (m := self.read())["op"] in (ENTRY, REFERENCE):
                (entries if m["op"] == ENTRY else references).append(m)
            pages, cookie = pages + 1, m["cookie"]
            if m["result"] or not cookie:
                return entries, references, pages, m


class Test:
    def __init__(self, ldap, ntlm):
        self.ldap, self.ntlm, self.failed, self.checks = Lines(ldap), Lines(ntlm), 0, 0

    def connect(self, way):
        return Connection(self.ldap, self.ntlm, way)

    def check(self, good, *what):
        self.checks += 1
        if not good:
            self.failed += 1
            print("wrong:", *what)

    def binds(self):
        forms = ["TEST\\u0001", "u0001@TEST.LAN", "CN=User u0001,CN=Users,DC=test,DC=lan"]
        for way in ("starttls", "ldaps"):
            for user in forms:
                m = self.connect(way).bind(user, PASSWORD)
                self.check(m["error"] == "NONE" and m["result"] == 0, way, user, m)
                m = self.connect(way).bind(user, PASSWORD + "x")
                self.check(m["error"] == "LDAP_CREDENTIALS" and b"data 52e" in bytes.fromhex(m["diagnostic"]), way, user, m)
        m = self.connect("plain").bind(forms[0], PASSWORD)
        self.check(m["error"] == "LDAP_NEEDS_TLS" and m["result"] == 8, m)
        m = self.connect("plain").search(PERSONS)[3]
        self.check(m["error"] == "LDAP_RIGHTS" and m["result"] == 1, "before a bind", m)
        c = self.connect("starttls")
        self.check(c.call("starttls")["error"] == "LDAP_START_TLS", "TLS begun twice")

    def binds_ntlm(self):
        for way in ("starttls", "ldaps"):
            for user in ("TEST\\u0001", "test\\U0001", "u0001@TEST.LAN", "u0001"):
                for wrapped in (True, False):
                    c = self.connect(way)
                    m = c.bind_ntlm(user, PASSWORD, wrapped)
                    self.check(m["error"] == "NONE" and m["result"] == 0, way, user, wrapped, m)
                    self.check(len(c.search("(cn=Administrator)")[0]) == 1, "a search after NTLM")
            for user in ("TEST\\u0001", "TEST\\nobody"):
                m = self.connect(way).bind_ntlm(user, "wrong", True)
                self.check(m["error"] == "LDAP_CREDENTIALS" and b"data 52e" in bytes.fromhex(m["diagnostic"]), way, user, m)
        m = self.connect("plain").bind_ntlm("TEST\\u0001", PASSWORD, True)
        self.check(m["error"] == "LDAP_NEEDS_TLS", "without TLS", m)

    def searches(self):
        c = self.connect("ldaps")
        c.bind("TEST\\u0001", PASSWORD)
        everybody = USERS + 3  # Administrator, Guest, krbtgt
        for page, pages in ((0, 1), (500, 1), (20, -(-everybody // 20)), (1, everybody)):
            entries, references, count, m = c.search(PERSONS, page)
            # A full page may be followed by an empty one, which is then the last.
            self.check(m["result"] == 0 and m["paged"] == bool(page) and pages <= count <= pages + 1, page, count, m)
            self.check(len({e["dn"] for e in entries}) == len(entries) == everybody, page, len(entries))
            self.check(len(references) == 3, page, len(references))
            self.check(all(re.match(rb"ldaps?://test.lan/", bytes.fromhex(r["uri"])) for r in references), references)
        names = [bytes.fromhex(e["dn"]).decode() for e in entries]
        self.check(sum("\\, J." in n for n in names) == USERS // 25 and sum("M\u00fcller" in n for n in names) == USERS // 30, names)
        without = sum(not e["attributes"] for e in entries)
        self.check(without == USERS // 40 + 3, "users without mail", without)
        mails = {bytes.fromhex(e["attributes"][0][1]).decode() for e in entries if e["attributes"]}
        self.check("u0001@test.lan" in mails and len(mails) == everybody - without, sorted(mails))
        self.check(len(c.search("(&(objectClass=person)(|(cn=*admin*)(cn=*normal*)))")[0]) == 1, "the second search")
        self.check(len(c.search("(&(objectCategory=person)(objectClass=user)(givenName=*))")[0]) == 0, "the first search")
        disabled = c.search("(userAccountControl:1.2.840.113556.1.4.803:=2)")[0]
        self.check(any(b"u0050" in bytes.fromhex(e["attributes"][0][1]) for e in disabled if e["attributes"]) or len(disabled) >= 2, disabled)
        self.check(len(c.search("(cn=Doe\\2c J. 0025)")[0]) == 1, "a value with a comma, escaped")
        self.check(len(c.search("(&(cn=M\u00fcll*0030)(!(mail=nobody*)))")[0]) == 1, "a value with an umlaut")
        for base, error in (("DC=other,DC=lan", "LDAP_BASE"), ("x y", "LDAP_BASE")):
            m = c.search(PERSONS, 0, base)[3]
            self.check(m["error"] == error, base, m)
        c.send("unbind")
        self.check(c.socket.recv(10) == b"", "an answer to an unbind")


def skip(why):
    print("SKIP samba_ldap:", why)
    return 0


def main(ldap, ntlm, shared="../shared"):
    run = pathlib.Path(shared, "tools", "samba-ad", "run.sh")
    if not run.exists():
        return skip(f"no {run}")
    if os.getuid():
        return skip("only root may listen on port 389")
    for port in PORTS:
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return skip(f"port {port} is in use")
    folder = pathlib.Path("build", "samba-ad").absolute()
    env, settings = dict(os.environ, SAMBA_AD_DIR=str(folder)), folder / "etc" / "smb.conf"
    control = lambda what: subprocess.run(["bash", run, *what], env=env, stdin=subprocess.DEVNULL,
                                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode

    def stop():
        pid = folder / "samba.pid"
        process = pathlib.Path("/proc", pid.read_text().strip()) if pid.exists() else None
        control(["stop"])
        for _ in range(200):
            if process and process.exists():
                time.sleep(0.1)

    try:
        if not settings.exists():
            if control(["start", str(USERS)]):
                return skip("Samba did not start")
            stop()
            # As Windows: TLS is protection enough for NTLM without signing.
            text = settings.read_text()
            settings.write_text(text.replace("[global]", "[global]\n\tldap server require strong auth = allow_sasl_over_tls", 1))
        if control(["start", str(USERS)]):
            return skip("Samba did not start")
        test = Test(ldap, ntlm)
        test.binds()
        test.binds_ntlm()
        test.searches()
    finally:
        stop()
    print(f"{'FAIL' if test.failed else 'PASS'} samba_ldap: {test.checks} comparisons, {test.failed} wrong")
    return 1 if test.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
