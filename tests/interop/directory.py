# SPDX-License-Identifier: Apache-2.0
# mailferry lists the users of real directories: Samba as an Active Directory and OpenLDAP, 3,000 accounts
# in each, with Exchange from the fake tenant.
#     python3 tests/interop/directory.py [samba|openldap]
# LDAPS, StartTLS and, where the directory takes it, plain; simple binds by all forms of names; pages;
# disabled accounts, accounts without an address, names with commas, quotes and beyond ASCII; what is refused.
# How many there are, and what they are called, ldapsearch says. Samba is made by ../shared/tools/samba-ad
# (half a minute, once), needs root and its ports; OpenLDAP comes from the distribution.
import base64
import hashlib
import os
import pathlib
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))

import certs  # noqa: E402
import rig  # noqa: E402
import servers  # noqa: E402
import test_outlook  # noqa: E402
from rig import completed, same, true  # noqa: E402

USERS = 3000
PASSWORD = "Passw0rd.Test"
EVERYBODY = "(&(objectCategory=person)(objectClass=user))"
SAMBA_PORTS = (389, 636, 3268, 3269)
# Names that a DN has to escape; the first three have mailboxes of Exchange.
ODD = ['Doe, Ann', 'O"Brien + Söhne; <x>', "山田 太郎", "#1 Sales = best", " blanks ", "back\\slash"]


class Directory:
    """What a test needs of one: where it is, as whom to ask, what ldapsearch says is in it."""

    def __init__(self, base, domain, ldap, ldaps, names, ca_file):
        self.base, self.domain, self.ldap, self.ldaps, self.names = base, domain, ldap, ldaps, names
        self.ca_file = ca_file
        self.people = self.search(EVERYBODY)
        self.given = self.search("(&(objectCategory=person)(objectClass=user)(givenName=*))") + \
            self.search("(&(objectClass=person)(|(cn=*admin*)(cn=*normal*)))")

    def search(self, text):
        """(dn, mail or None, disabled) of each."""
        command = ["ldapsearch", "-LLL", "-x", "-o", "ldif-wrap=no", "-H", f"ldaps://127.0.0.1:{self.ldaps}", "-E", "pr=500/noprompt",
                   "-D", self.names[-1], "-w", PASSWORD, "-b", self.base, text, "mail", "userAccountControl"]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LDAPTLS_CACERT": self.ca_file})
        if done.returncode not in (0, 4):
            raise AssertionError(f"ldapsearch: {done.stderr[-300:]}")
        found = []
        for block in done.stdout.split("\n\n"):
            values = {}
            for line in block.splitlines():
                key, _, value = line.partition(":")
                value = base64.b64decode(value[1:]).decode() if value.startswith(":") else value.strip()
                values.setdefault(key, value)
            if "dn" in values:
                found.append((values["dn"], values.get("mail"), int(values.get("userAccountControl", 0)) & 2 != 0))
        return found


def addresses(people):
    return {mail.lower() for _, mail, _ in people if mail}


def sync(t, d, server, *flags, everybody=True, name=0, bind="auto", **changes):
    extra = f"outlook:\n  basic_only: true\n  ldap_bind: {bind}\n" + (f"  ldap_filter: '{EVERYBODY}'\n" if everybody else "")
    extra += "sync:\n  max_failed_mailboxes: 1\n"
    both = open(d.ca_file).read() + open(os.path.join(t.dir, "ca.pem")).read()
    wanted = {"active_directory_server": server, "domain": d.domain, "username": d.names[name], "password": PASSWORD, "ssl_ca": both}
    return test_outlook.sync(t, *flags, extra=extra, **{**wanted, **changes})


def lists_everybody(t, d):
    """Each way leads to the same users, whose mailboxes are those of Exchange or have none."""
    want = len(addresses(d.people))
    ways = [(f"ldaps://127.0.0.1:{d.ldaps}", {}), (f"ldap://127.0.0.1:{d.ldap}", {}),
            (f"ldap://127.0.0.1:{d.ldap}", {"ssl_enabled": False, "ssl_ca": None})]
    for server, changes in ways:
        r = completed(sync(t, d, server, "--dry-run", **changes))
        same((r["mailboxes_done"], r["mailboxes_done"] + r["mailboxes_refused"], r["mailboxes_failed"]), (3, want, 0),
             f"{server} {changes} {r.err[-600:]}")
    for name in range(len(d.names)):
        r = completed(sync(t, d, f"ldaps://127.0.0.1:{d.ldaps}", "--dry-run", everybody=False, name=name))
        same(r["mailboxes_done"] + r["mailboxes_refused"], len(addresses(d.given)), d.names[name])
        same(r["mailboxes_done"], 3, d.names[name])


def disabled_ones_are_not_asked_for(t, d):
    t.control("DELETE", "stats")
    r = completed(sync(t, d, f"ldaps://127.0.0.1:{d.ldaps}", "--dry-run"))
    off = addresses([p for p in d.people if p[2]])
    true(len(off) > 20, f"{len(off)} are disabled")
    asked = t.stats()["refused"].get("ews", 0)
    same(asked, r["mailboxes_refused"] - len(off), "requests for mailboxes that there are not")


def refuses_clearly(t, d):
    wrong = {"password": "not-it"}, "LDAP_CREDENTIALS"
    elsewhere = {"domain": "other.test"}, "LDAP_BASE"
    stranger = {"ssl_ca": open(certs.Authority("Somebody else").ca_file).read()}, "certificate"
    for changes, word in (wrong, elsewhere, stranger):
        r = sync(t, d, f"ldaps://127.0.0.1:{d.ldaps}", "--dry-run", **changes)
        same(r.code, 1, f"{word}: {r.err}")
        true(word in r.err + r.out, f"{word}: {r.err[-800:]}")
        true("not-it" not in r.err + r.out, "a password in the log")


def access_control_documents(_, d):
    """One for each person with an address, by the name that ldapsearch shows."""
    w = test_outlook.World(*test_outlook.NOBODY)
    w.tenant.post("exchange", auth=[])
    w.top = f"outlook:\n  basic_only: true\n  ldap_filter: '{EVERYBODY}'\n"
    w.serve()
    both = open(d.ca_file).read() + open(os.path.join(w.tenant.dir, "ca.pem")).read()
    w.fill(active_directory_server=f"ldaps://127.0.0.1:{d.ldaps}", domain=d.domain, username=d.names[0], password=PASSWORD, ssl_ca=both)
    w.connected()
    job = w.wait_job(w.job(job_type="access_control"), "completed", "error", seconds=60)
    same((job["status"], job["error"]), ("completed", None))
    want = {}
    for dn, mail, _ in d.people:
        if mail:
            key = hashlib.md5(mail.encode()).hexdigest()
            want[key] = ("name:" + dn[dn.index("=") + 1:].split(",")[0], "email:" + mail.lower())
    have = {k: (s["identity"]["display_name"], s["identity"]["email"])
            for k, s in test_outlook.stored(w.tenant, ".search-acl-filter-search-c1").items()}
    same(len(have), len(want))
    for key, value in want.items():
        same(have.get(key), value)


PLAIN = {"ssl_enabled": False, "ssl_ca": None}


class WithoutTls(servers.Listener):
    """Hands on to a directory, but for StartTLS, which is not available then. (Samba 4.17 without TLS dies of it.)"""

    def __init__(self, port):
        self.to_port = port
        super().__init__()

    def serve(self, peer):
        peer.settimeout(servers.STILL)
        first = peer.recv(65536)
        if b"1.3.6.1.4.1.1466.20037" in first:
            peer.sendall(bytes.fromhex("300c02010178070a013404000400"))
            return
        with socket.create_connection(("127.0.0.1", self.to_port)) as server:
            server.sendall(first)
            servers.pump(peer, server)


def logs_in(t, d, server):
    """NTLM in GSS-SPNEGO by every form of a name, over TLS and without; what a policy refuses, and a wrong password."""
    ldaps, ldap = f"ldaps://127.0.0.1:{d.ldaps}", f"ldap://127.0.0.1:{d.ldap}"
    names = ["TEST\\u0001", "test\\U0001", "u0001@TEST.LAN", "u0001@test.lan", "u0001"]

    def takes(where, name, bind="ntlm", **changes):
        r = completed(sync(t, d, where, "--dry-run", everybody=False, bind=bind, username=name, **changes))
        same(r["mailboxes_done"], 3, f"{where} {name} {bind}")

    def refuses(where, code, bind="ntlm", **changes):
        r = sync(t, d, where, "--dry-run", bind=bind, **changes)
        same(r.code, 1, r.err)
        true(code in r.err + r.out, f"{code}: {r.err[-800:]}")
        return r

    # As Samba is by default: over TLS it takes NTLM only with signing.
    refuses(ldaps, "LDAP_SIGNING")
    takes(ldaps, names[0], bind="auto")
    server.restart("ldap server require strong auth = allow_sasl_over_tls")
    for where in (ldaps, ldap):
        for name in names:
            takes(where, name)
            takes(where, name, bind="auto")
        refuses(where, "LDAP_CREDENTIALS", password="not-it")
        refuses(where, "LDAP_CREDENTIALS", username="TEST\\nobody")
    ldap = f"ldap://127.0.0.1:{WithoutTls(d.ldap).port}"
    for bind in ("ntlm", "auto", "simple"):
        r = refuses(ldap, "LDAP_NEEDS_TLS", bind=bind, **PLAIN)
        true("ldaps://" in r.err + r.out, r.err[-800:])
    server.restart("ldap server require strong auth = no")
    for name in names:
        takes(ldap, name, **PLAIN)
        takes(ldap, name, bind="auto", **PLAIN)
    takes(ldap, d.names[1], bind="auto", **PLAIN)  # a DN: nothing but the simple bind
    refuses(ldap, "LDAP_CREDENTIALS", password="not-it", **PLAIN)
    server.restart()


# ---- Samba

def free(ports):
    for port in ports:
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                raise rig.Skip(f"port {port} is in use")


class Samba:
    tests = (logs_in,)

    def __init__(self):
        self.run = pathlib.Path(rig.SHARED, "tools", "samba-ad", "run.sh")
        if not self.run.exists():
            raise rig.Skip("no Samba beside the project (../shared/tools/samba-ad)")
        if os.getuid():
            raise rig.Skip("only root may listen on port 389")
        free(SAMBA_PORTS)
        self.folder = pathlib.Path(ROOT, "build", "samba-ad-many")
        self.env = dict(os.environ, SAMBA_AD_DIR=str(self.folder))

    def control(self, *what):
        return subprocess.run(["bash", self.run, *what], env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, timeout=170).returncode

    def start(self):
        settings = self.folder / "etc" / "smb.conf"
        if not (self.folder / f"users.{USERS}").exists():
            self.control("start", str(USERS))  # may fail to listen, on a port of its many services
            self.stop()
        if not (self.folder / f"users.{USERS}").exists():
            raise rig.Skip("Samba was not made")
        first = self.folder / "etc" / "first.conf"
        if not first.exists():
            text = settings.read_text().replace("\tserver services = ldap\n", "")
            first.write_text(text.replace("[global]", "[global]\n\tserver services = ldap", 1))
        settings.write_text(first.read_text())
        if not (self.folder / "odd").exists():
            text = "".join(entry(cn, f"CN={escaped(cn)},CN=Users,DC=test,DC=lan", n,
                                 f"objectClass: user\nsAMAccountName: odd{n}\nuserAccountControl: 544\n") for n, cn in enumerate(ODD))
            subprocess.run(["ldbadd", "-H", self.folder / "private" / "sam.ldb"], input=text, text=True, check=True,
                           capture_output=True)
            (self.folder / "odd").touch()
        authority = certs.Authority()
        leaf = authority.leaf("dc", "IP:127.0.0.1, DNS:vm.test.lan")
        for source, name in ((authority.ca_file, "ca.pem"), (leaf + ".pem", "cert.pem"), (leaf + ".key", "key.pem")):
            place = self.folder / "private" / "tls" / name
            place.write_text(open(source).read())
            place.chmod(0o600)
        if self.control("start", str(USERS)):
            raise rig.Skip("Samba did not start")
        self.settings = settings.read_text()
        return Directory("DC=test,DC=lan", "test.lan", 389, 636,
                         ["TEST\\u0001", "CN=User u0001,CN=Users,DC=test,DC=lan", "u0001@TEST.LAN"], authority.ca_file)

    def restart(self, line=""):
        """With other settings, which are gone with the next ones."""
        self.stop()
        lines = f"[global]\n\t{line}" if line else "[global]"
        (self.folder / "etc" / "smb.conf").write_text(self.settings.replace("[global]", lines, 1))
        same(self.control("start", str(USERS)), 0, "Samba did not start again")

    def stop(self):
        pid = self.folder / "samba.pid"
        process = pathlib.Path("/proc", pid.read_text().strip()) if pid.exists() else None
        self.control("stop")
        for _ in range(200):
            if process and process.exists():
                time.sleep(0.1)


# ---- OpenLDAP

def escaped(cn):
    """RFC 4514, section 2.4."""
    text = "".join("\\" + c if c in ',+"\\<>;=' else c for c in cn)
    text = "\\" + text if text[0] in " #" else text
    return text[:-1] + "\\ " if text.endswith(" ") else text


def entry(cn, dn, n, more):
    code = lambda text: base64.b64encode(text.encode()).decode()
    mail = f"user{n + 1}@example.test" if n < 3 else f"odd{n}@elsewhere.test"
    return f"dn:: {code(dn)}\ncn:: {code(cn)}\nsn: Odd\ngivenName: Odd\nmail: {mail}\n{more}\n"


CONF = """include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
attributetype ( 1.2.840.113556.1.4.782 NAME 'objectCategory' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 )
objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP inetOrgPerson STRUCTURAL MAY ( objectCategory $ userAccountControl ) )
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {dir}/pid
TLSCACertificateFile {ca}
TLSCertificateFile {leaf}.pem
TLSCertificateKeyFile {leaf}.key
sizelimit size.soft=1000 size.hard=1000 size.prtotal=unlimited
require bind
database mdb
maxsize 268435456
suffix "dc=example,dc=test"
directory {dir}/data
index mail,objectClass eq
access to * by users read by anonymous auth
"""


class OpenLdap:
    tests = ()

    def start(self):
        done = subprocess.run(["third_party/need", "slapd:/usr/sbin/slapd", "ldap-utils:ldapsearch"], cwd=ROOT, capture_output=True,
                              text=True)
        if done.returncode:
            raise rig.Skip("OpenLDAP cannot be installed: " + (done.stderr or done.stdout).strip()[-100:])
        folder = rig.folder()
        os.mkdir(os.path.join(folder, "data"))
        authority = certs.Authority()
        leaf = authority.leaf("ldap", "IP:127.0.0.1")
        conf = os.path.join(folder, "slapd.conf")
        pathlib.Path(conf).write_text(CONF.format(dir=folder, ca=authority.ca_file, leaf=leaf))
        done = subprocess.run(["/usr/sbin/slapadd", "-q", "-f", conf], input=self.people(), text=True, capture_output=True)
        if done.returncode:
            raise AssertionError("slapadd: " + done.stderr[-400:])
        ports = []
        for _ in range(2):
            with socket.create_server(("127.0.0.1", 0)) as s:
                ports.append(s.getsockname()[1])
        rig.start(["/usr/sbin/slapd", "-f", conf, "-d", "0", "-h", f"ldap://127.0.0.1:{ports[0]} ldaps://127.0.0.1:{ports[1]}"],
                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        rig.wait_for(lambda: all(socket.socket().connect_ex(("127.0.0.1", p)) == 0 for p in ports))
        return Directory("dc=example,dc=test", "example.test", *ports, ["cn=svc,dc=example,dc=test"], authority.ca_file)

    def people(self):
        base = "dc=example,dc=test"
        text = f"dn: {base}\nobjectClass: dcObject\nobjectClass: organization\no: example\ndc: example\n\n" \
               f"dn: cn=svc,{base}\nobjectClass: person\ncn: svc\nsn: svc\nuserPassword: {PASSWORD}\n\n"
        for n in range(USERS):
            mail = f"mail: u{n}@elsewhere.test\n" if n % 40 else ""
            text += f"dn: cn=User {n},{base}\nobjectClass: user\nobjectCategory: person\ncn: User {n}\nsn: {n}\n{mail}" \
                    f"userAccountControl: {514 if n % 50 == 0 else 512}\n{'givenName: G' if n % 3 else 'title: none'}\n\n"
        for n, cn in enumerate(ODD):
            text += entry(cn, f"cn={escaped(cn)},{base}", n, "objectClass: user\nobjectCategory: person\nuserAccountControl: 512\n")
        return text

    def stop(self):
        pass  # rig ends what it started


def main(wanted):
    failed = 0
    for name, make in (("samba", Samba), ("openldap", OpenLdap)):
        if wanted and name not in wanted:
            continue
        server = None
        try:
            server = make()
            d = server.start()
            t = rig.Tenant("--users", 3, "--messages", 1, "--size", 300, "--exchange-items", 2, *test_outlook.NOBODY)
            t.post("exchange", auth=[])  # the account is one of the directory, whom Exchange does not know
            for test in (lists_everybody, disabled_ones_are_not_asked_for, refuses_clearly, access_control_documents, *server.tests):
                start = time.time()
                try:
                    test(t, d, *([server] if test in server.tests else []))
                    print(f"PASS directory/{name}/{test.__name__} {len(d.people)} accounts {time.time() - start:.1f}s", flush=True)
                except (AssertionError, KeyError, OSError, subprocess.SubprocessError) as e:
                    print(f"FAIL directory/{name}/{test.__name__} {type(e).__name__} {str(e)[-900:]!r}", flush=True)
                    failed += 1
        except rig.Skip as why:
            print(f"SKIP directory/{name} {why}", flush=True)
        except (AssertionError, OSError, subprocess.SubprocessError) as e:
            print(f"FAIL directory/{name} {type(e).__name__} {str(e)[-700:]!r}", flush=True)
            failed += 1
        finally:
            if server:
                server.stop()
            rig.stop_all()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
