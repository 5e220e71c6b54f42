# SPDX-License-Identifier: Apache-2.0
"""Hostile servers and mails: each row of ROWS is one run of the sealed release binary against one attack (hostile.py).

A run has to end as the row says, within its deadline, with no more resident memory than `mailferry limits` prints for
its configuration (with the large buffer where a mail passed through it). Prints `figure NAME SECONDS MIB ENDS_AS`.

usage: tests/e2e/test_hostile.py --write [WORD]     writes the table into SECURITY.md, whose rows and ends the
       test compares; with WORD runs the rows whose name has it, and writes nothing
"""
import collections
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import threading
import time

import certs
import hostile
import rig
import security_table
import servers
import test_check
import test_outlook
import test_tls_matrix
from hostile import (CHUNKED, JSON, KIB, MIB, OK, XML, Far, ber, edited, forever, message, nest, once, result, says,
                     sized, slowly)
from rig import same, true

ALONE = "its own six workers keep the machine busy, and every row has a deadline"
NAME = "hostile servers and mails"
Row = collections.namedtuple("Row", "boundary attack ends deadline make")
TRIES = 5
WORKERS = 6
CHECK_BYTES = 6 * MIB  # of a `check`, which needs 5 where nobody attacks; a sync has what `limits` prints
SLACK = MIB // 2  # as in test_memory.py: pages of the kernel's own
ROWS = []


class World:
    """What rows share: one tenant with TLS, one without, a certificate of an authority that both configurations trust."""

    def __init__(self):
        self.tls = rig.Tenant(*test_check.SMALL, "--exchange-auth", "basic,bearer")
        self.plain = rig.Tenant(*test_check.SMALL, "--plain")
        authority = certs.Authority()
        self.leaf = authority.leaf("far", "DNS:localhost,IP:127.0.0.1")
        self.authority, self.lock = authority, threading.Lock()
        self.ca = os.path.join(self.tls.dir, "both.pem")
        with open(self.ca, "w") as f:
            f.write(open(os.path.join(self.tls.dir, "ca.pem")).read() + open(authority.ca_file).read())

    def to_elastic(self):
        """The part of the configuration that names Elasticsearch."""
        return self.tls.config[self.tls.config.index("elasticsearch:"):self.tls.config.index("tls:")]

    def file(self, text):
        path = os.path.join(rig.folder(), "config.yml")
        with open(path, "w") as f:
            f.write(text.replace(os.path.join(self.tls.dir, "ca.pem"), self.ca))
        return path


class Run:
    """One process and what it needed."""

    def __init__(self, command, config, deadline):
        self.config = config
        begin = time.time()
        process = rig.start([rig.BINARY, command, "-c", config, "--require-seal", "--json"], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, errors="replace", env=rig.clean_env())
        peak = 0
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            said = pool.submit(process.communicate)
            while not said.done():
                peak = max(peak, resident(process.pid))
                if time.time() - begin > deadline:
                    process.kill()
                time.sleep(0.02)
            self.out, self.err = said.result()
        self.seconds, self.code = time.time() - begin, process.returncode
        self.lines = [json.loads(line) for line in (self.out + self.err).splitlines() if line.startswith("{")]
        told = [line.get("peak_rss_bytes", 0) for line in self.lines]
        self.peak = max(peak, *told)

    def indexed(self):
        return sum(line.get("documents_indexed", 0) for line in self.lines if "end" in line)

    def ends(self):
        """The error of the hop that failed, or of the run; of one that completed, what it skipped."""
        codes = [line["error"]["code"] for line in self.lines if line.get("result") == "fail"]
        for line in self.lines:
            if "end" in line and "documents_indexed" in line:
                if self.code:
                    return line["error"]["code"]
                skipped = [f"{k} {v}" for k, v in line.items() if k.startswith("skipped_") and v]
                return ", ".join(skipped) or "indexed"
        return ", ".join(dict.fromkeys(codes)) or f"exit {self.code}"


def resident(pid):
    try:
        with open(f"/proc/{pid}/status") as f:
            found = re.search(r"^Name:\tmailferry\n(?:.*\n)*VmHWM:\s+(\d+) kB", f.read())
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(found[1]) * KIB if found else 0


def allowed(config):
    """What `limits` prints: the total, and the buffer that only a large mail touches."""
    text = subprocess.run([rig.BINARY, "limits", "-c", config], capture_output=True, text=True, check=True,
                          env=rig.clean_env()).stdout
    total = int(re.search(r"^total +(\d+) ", text, re.M)[1])
    return total, int(re.search(r"^large buffer +\d+ +\d+ +(\d+) ", text, re.M)[1])


# ---- where a row attacks: each gives the configuration for a server in front of the tenant's

def elastic(world, far):
    return re.sub(r"  host: .*", f"  host: http://127.0.0.1:{far.port}\n  request_timeout: 2\n  max_retries: 1",
                  world.tls.config)


def without_elastic(text):
    return text[:text.index("elasticsearch:")] + text[text.index("tls:"):]


def google(key):
    def make(world, far):
        text = re.sub(rf"  google_{key}: .*\n", "", without_elastic(world.tls.config))
        where = f"https://127.0.0.1:{far.port}" + ("/token" if key == "token" else "")
        return text.replace("endpoints:", f"endpoints:\n  google_{key}: {where}\n  #")
    return make


def microsoft(key):
    def make(world, far):
        text = without_elastic(open(os.path.join(world.tls.dir, "cloud.yml")).read())
        return text.replace(f"microsoft_{key}: ", f"microsoft_{key}: https://127.0.0.1:{far.port} #")
    return make


def exchange(world, far):
    text = test_outlook.entry(world.tls, exchange_server=f"127.0.0.1:{far.port}", ssl_ca=open(world.ca).read())(
        world.tls.config)
    return without_elastic(text) + "outlook:\n  basic_only: true\n"


Boundary = collections.namedtuple("Boundary", "name at port tls config")
BOUNDARIES = {b.name: b for b in (
    Boundary("Elasticsearch", rb"^GET / ", "elasticsearch", False, elastic),
    Boundary("Google", rb"^GET /admin/directory", "google", True, google("directory")),
    Boundary("Gmail", rb"^GET /gmail/v1/users/[^/]*/profile", "google", True, google("gmail")),
    Boundary("Google tokens", rb"^POST /token", "google", True, google("token")),
    Boundary("Entra ID", rb"^POST ", "entra", True, microsoft("login")),
    Boundary("Graph", rb"^GET /v1.0/users", "graph", True, microsoft("graph")),
    Boundary("EWS", rb"^POST /EWS", "exchange", True, exchange),
)}
HTTP = tuple(BOUNDARIES)


Case = collections.namedtuple("Case", "far config command large taken documents", defaults=(0,))


def attack_row(attack, make_attack, ends, deadline=20, boundaries=HTTP, taken=8 * MIB, **differing):
    """A row for each boundary; `ends` is what they have in common, `differing` what some say instead. No host may
    take more than `taken` bytes of an attack."""
    for boundary in boundaries:
        b = BOUNDARIES[boundary]

        def make(world, b=b):
            tenant = world.tls if b.tls else world.plain
            far = Far(tenant.port(b.port), b.at, make_attack, world.leaf if b.tls else None)
            return Case(far, world.file(b.config(world, far)), "check", False, taken)
        ROWS.append(Row(boundary, attack, differing.get(boundary.replace(" ", "_"), ends), deadline, make))


# -- HTTP, at each boundary
SIZE = "HTTP_BODY_SIZE"
TEN_GB = b"Content-Length: %d\r\n\r\n" % hostile.LONG
attack_row("headers without end", forever(OK, b"X-more: yes\r\n"), "HTTP_HEAD_SIZE")
attack_row("a header without end", forever(OK + b"X-more: ", b"x"), "HTTP_HEAD_SIZE")
attack_row("a redirect to a name of 64 KB", once(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: https://" +
                                                b"x" * 65536 + b".test/\r\n\r\n"), "HTTP_HEAD_SIZE")
attack_row("interim answers without end", forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "HTTP_INTERIM")
attack_row("a chunk extension without end", forever(JSON + CHUNKED + b"1;", b"x"), "HTTP_CHUNK_SIZE")
attack_row("chunks of 1 byte with extensions", forever(JSON + CHUNKED, b"1;" + b"x" * 100 + b"\r\n \r\n"),
           "HTTP_CHUNK_OVERHEAD")
attack_row("trailers without end", forever(JSON + CHUNKED + b"1\r\n \r\n0\r\n", b"X-more: yes\r\n"), "HTTP_TRAILER_SIZE")
attack_row("10 GB in one string", forever(JSON + TEN_GB + b'{"error":"', b"x"), SIZE)
attack_row("10 GB of blanks", forever(JSON + TEN_GB, b" "), SIZE)
attack_row("chunks without end", forever(JSON + CHUNKED, b"1000\r\n" + b" " * 4096 + b"\r\n"), SIZE, 60, taken=300 * MIB,
           Elasticsearch="CALL_TOO_LARGE")
attack_row("values nested 5,000 deep", sized(JSON, b'{"a":' * 5000), "", Elasticsearch="ES_NOT_ELASTIC", Google="GMAIL_ANSWER",
           Gmail="GMAIL_ANSWER", Google_tokens="TOKEN_ANSWER", Entra_ID="ENTRA_ANSWER", Graph="GRAPH_ANSWER",
           EWS="EWS_ANSWER")
attack_row("gzip, 10 MB for 10 GB", hostile.bomb(JSON, b" "), "HTTP_ENCODING", Elasticsearch="CALL_TOO_LARGE",
           Graph="GZIP_BOMB")
attack_row("one byte a second in the head", slowly(OK + b"X-more: ", b"x"), "NET_TIMEOUT_EXCHANGE", 80)
attack_row("one byte a second in the body", slowly(JSON + CHUNKED, b"1\r\n \r\n"), "NET_TIMEOUT_EXCHANGE", 80)
attack_row("no answer", hostile.silence, "NET_TIMEOUT_EXCHANGE", 80)
attack_row("a redirect to itself", hostile.around, "HTTP_REDIRECT")

# -- XML
SOAP = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9)) + b"]><x>&j;</x>"


def xml_row(attack, body, ends="EWS_ANSWER", deadline=20, taken=8 * MIB):
    make = body if callable(body) else sized(XML, body)
    attack_row(attack, make, ends, deadline, ("EWS",), taken)


xml_row("a billion laughs", LAUGHS)
xml_row("an entity of a file", b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>')
xml_row("an entity that nobody declared", SOAP + b"&lol;")
xml_row("a character beyond Unicode", SOAP + b"&#x110000;&#99999999999999999999;")
xml_row("elements nested 1,000,000 deep", SOAP + b"<a>" * 1000000)
xml_row("100,000 attributes", SOAP + b"<a " + b"".join(b'a%d="" ' % i for i in range(100000)) + b"/>")
xml_row("an element's name of 64 KB", SOAP + b"<" + b"a" * 65536 + b"/>")
xml_row("a comment without end", forever(XML + CHUNKED + b"4\r\n<!--\r\n", b"1000\r\n" + b"x" * 4096 + b"\r\n"), SIZE, 60, 300 * MIB)
xml_row("namespaces without end", SOAP + b"".join(b'<a xmlns:n%d="u">' % i for i in range(100000)))


# -- LDAP
def directory_row(attack, at, make_attack, ends, deadline=20, taken=8 * MIB, command="check"):
    def make(world):
        far = hostile.Directory(world.leaf, at, make_attack)
        text = test_outlook.entry(world.tls, active_directory_server=f"ldaps://127.0.0.1:{far.port}",
                                  ssl_ca=open(world.ca).read())(world.tls.config)
        text = text if command == "sync" else without_elastic(text)
        return Case(far, world.file(text + "outlook:\n  basic_only: true\n"), command, False, taken)
    ROWS.append(Row("LDAP", attack, ends, deadline, make))


BIND, SEARCH = 0x60, 0x63
for where, tag in (("bind", BIND), ("search", SEARCH)):
    for lie, data, ends in (("a length of 4 GB", b"\x30\x84\xff\xff\xff\xff", "LDAP_TOO_LARGE"),
                            ("a length of 16 EB", b"\x30\x88" + b"\xff" * 8, "LDAP_SYNTAX"),
                            ("an indefinite length", b"\x30\x80", "LDAP_SYNTAX"),
                            ("a length in 127 bytes", b"\x30\xff" + b"\xff" * 127, "LDAP_SYNTAX")):
        directory_row(f"{lie}, to a {where}", tag, says(data + b"\0" * 100), ends)
directory_row("a value longer than its message", SEARCH, says(lambda n: b"\x30\x09\x02\x01" + bytes([n]) + b"\x64\x7f\x04\x00\x30\x00"),
              "LDAP_SYNTAX")
directory_row("an entry nested 10,000 deep", SEARCH, says(lambda n: message(n, ber(0x64, ber(4, b"CN=x"), nest(10000)))),
              "LDAP_SYNTAX")
directory_row("an address of 60 KB", SEARCH, says(lambda n: message(n, hostile.entry(b"a" * 60000)) + message(n, result(0x65))),
              "LDAP_RIGHTS")
directory_row("a message of 100 MB", SEARCH, lambda n: iter([b"\x30\x84\x06\x00\x00\x00"] + [b"\0" * hostile.BLOCK] * 1600),
              "LDAP_TOO_LARGE")
directory_row("entries without end", SEARCH, hostile.entries, SIZE, 80, 300 * MIB, "sync")
directory_row("pages without end", SEARCH, hostile.pages, "LDAP_ENDLESS", 80, 300 * MIB, "sync")
directory_row("one byte a second", BIND, hostile.dripping, "NET_TIMEOUT_EXCHANGE", 80)


# -- the proxy
def proxy_row(attack, make_attack, ends, deadline=20):
    def make(world):
        far = Far(0, rb"^CONNECT ", make_attack)
        text = world.tls.config.replace("  password:", "  request_timeout: 2\n  max_retries: 1\n  password:")
        text += f"proxy:\n  url: http://127.0.0.1:{far.port}\n"
        return Case(far, world.file(text), "check", False, 16 * MIB)
    ROWS.append(Row("proxy", attack, ends, deadline, make))


proxy_row("headers without end", forever(OK, b"X-more: yes\r\n"), "PROXY_ANSWER")
proxy_row("a refusal with 10 GB", forever(b"HTTP/1.1 407 No\r\n" + TEN_GB, b"x"), "PROXY_AUTH")
proxy_row("one byte a second", slowly(OK + b"X-more: ", b"x"), "NET_TIMEOUT_CONNECT", 80)
proxy_row("no answer", hostile.silence, "NET_TIMEOUT_CONNECT", 80)
proxy_row("a redirect", once(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"), "PROXY_REFUSED")
proxy_row("an answer of its own behind the tunnel's", once(b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), "PROXY_ANSWER")


# -- certificates
def certificate_row(attack, chain, ends):
    def make(world):
        with world.lock:  # the openssl command keeps books in files
            far = test_tls_matrix.Server(chain(world.authority))
        far.met, far.sent = 1, 0
        text = re.sub(r"  host: .*", f"  host: https://127.0.0.1:{far.port}", world.tls.config)
        return Case(far, world.file(text), "check", False, 0)
    ROWS.append(Row("TLS", attack, ends, 20, make))


def repeated(authority, count):
    below = authority.below("between")
    below.chain *= count - 1
    return below.leaf("repeated", test_tls_matrix.BOTH_NAMES)


def deep(authority, count):
    for i in range(count - 1):
        authority = authority.below(f"deep{i}")
    return authority.leaf("deepest", test_tls_matrix.BOTH_NAMES)


certificate_row("a chain of 100 certificates", lambda a: repeated(a, 100), "TLS_HEAP")
certificate_row("a chain of 12, each signed by the next", lambda a: deep(a, 12), "TLS_HEAP")
certificate_row("a certificate with 64 KB of names",
                lambda a: a.leaf("names", ",".join([test_tls_matrix.BOTH_NAMES] + ["DNS:" + "x" * 250] * 256)), "TLS_HEAP")
certificate_row("a name of 64 KB", lambda a: a.leaf("long", "DNS:" + "x" * 65536 + "," + test_tls_matrix.BOTH_NAMES), "TLS_HEAP")


# -- what mailboxes hold: whole syncs, with a mail beside it that is like any other
def mail_row(name, ends, deadline=30):
    def make(world):
        mails = rig.folder()
        for file, data in (("1.eml", hostile.MAILS[name]()), ("2.eml", hostile.mail())):
            with open(os.path.join(mails, file), "wb") as f:
                f.write(data)
        tenant = rig.Tenant("--users", 0, "--messages", 0, "--eml", mails, "--es-discard")
        far = collections.namedtuple("Mail", "met sent terminate")(1, 0, lambda: stop(tenant))
        return Case(far, tenant.write_config(), "sync", True, 0, 1 if ends != "indexed" else 2)
    ROWS.append(Row("mail", name, ends, deadline, make))


def stop(tenant):
    tenant.process.terminate()
    tenant.process.wait(10)


for mail_name in hostile.MAILS:
    mail_row(mail_name, "skipped_too_large 1" if mail_name == "60 MB" else "indexed")


def content_row(boundary, attack, at, make_attack, ends, deadline=30, count=1):
    def make(world):
        b = BOUNDARIES[boundary]
        far = Far(world.tls.port(b.port), at, make_attack, world.leaf, count=count)
        return Case(far, world.file(b.config(world, far) + world.to_elastic()), "sync", True, 200 * MIB)
    ROWS.append(Row(boundary, attack, ends, deadline, make))


HTML = b"<p>" + b"a<b>b</b> &amp; " * (49 * MIB // 16)
content_row("EWS", "HTML of 50 MB in one line", rb"GetItem",
            edited(rb"(<(?:\w+:)?Body BodyType=[\"']HTML[\"'][^>]*>)[^<]*", HTML.replace(b"&", b"&amp;").replace(b"<", b"&lt;")),
            "indexed")
content_row("Google", "an address of 64 KB", rb"^GET /admin/directory",
            sized(JSON, b'{"users":[{"primaryEmail":"' + b"a" * 65536 + b'@example.test"},{"primaryEmail":"user1@example.test"}]}'),
            "GMAIL_ANSWER", 60, 1 << 30)
content_row("Graph", "HTML of 50 MB in one line", rb"^GET /v1.0/users/[^ ]*delta",
            edited(rb'("contentType":"html","content":")[^"]*', HTML), "skipped_too_large 1")


# ---- running

def run(world, row):
    """A line of figures, and what is wrong with it."""
    case = row.make(world)
    for _ in range(TRIES):
        r = Run(case.command, case.config, row.deadline)
        if r.peak:
            break  # else it had ended before anybody looked
    bound = CHECK_BYTES if case.command == "check" else sum(allowed(case.config)[:2 if case.large else 1])
    ends = r.ends()
    wrong = [text for bad, text in (
        (ends != row.ends, f"it ended as {ends}, want {row.ends}"),
        (r.seconds > row.deadline, f"{r.seconds:.1f} s of {row.deadline}"),
        (not 0 < r.peak <= bound + SLACK, f"{r.peak} bytes of {bound}"),
        (case.far.met == 0, "the attack did not take place"),
        (case.far.sent > case.taken, f"{case.far.sent} bytes were taken"),
        (r.indexed() < case.documents, f"{r.indexed()} documents of {case.documents}")) if bad]
    case.far.terminate()
    name = f"{row.boundary}: {row.attack}"
    print(f"  figure {name:65} {r.seconds:6.2f} {r.peak / MIB:6.1f} {ends}", flush=True)
    return (row, r.seconds, r.peak), [f"{name}: {w}\n{r.out[-1500:]}{r.err[-500:]}" for w in wrong]


def run_all(word=""):
    """Rows that wait for a deadline do so all at once, beside the others."""
    world = World()
    rows = [r for r in ROWS if word in f"{r.boundary}: {r.attack}"]
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool, concurrent.futures.ThreadPoolExecutor(64) as waiting:
        runs = [(waiting if row.deadline > 60 else pool).submit(run, world, row) for row in rows]
        done = [r.result() for r in runs]
    return [line for line, _ in done], [w for _, wrong in done for w in wrong]


HEAD = ("what is sent", "to", "ends as", "within", "measured")


def grouped():
    """{attack: its rows}, those of HTTP together."""
    groups = collections.OrderedDict()
    for row in ROWS:
        groups.setdefault((row.attack, row.deadline, row.boundary in HTTP), []).append(row)
    return groups


def ends_of(rows):
    """The errors, each with the boundaries that differ from the commonest."""
    kinds = collections.Counter(r.ends for r in rows)
    common = kinds.most_common(1)[0][0]
    text = [f"`{common}`"]
    for kind in kinds:
        if kind != common:
            text.append(f"`{kind}` (" + ", ".join(r.boundary for r in rows if r.ends == kind) + ")")
    return "; ".join(text)


def described():
    """The columns that do not depend on where it runs."""
    for (attack, deadline, _), rows in grouped().items():
        names = [r.boundary for r in rows]
        yield rows, [attack, "each HTTP server" if names == list(HTTP) else ", ".join(names), ends_of(rows), f"{deadline} s"]


def markdown(lines):
    measured = {id(row): (seconds, peak) for row, seconds, peak in lines}
    cells = []
    for rows, columns in described():
        seconds, peak = (max(measured[id(r)][i] for r in rows) for i in (0, 1))
        cells.append([*columns, f"{seconds:.1f} s, {peak / MIB:.0f} MiB"])
    return security_table.rows(HEAD, cells)


def test_every_attack_ends_as_it_should():
    _, wrong = run_all()
    for line in wrong:
        print(line)
    same(len(wrong), 0, f"rows that are wrong: {wrong[:1]}")


def test_the_table_of_security_md_is_this_one():
    lines = security_table.read(NAME).splitlines()[2:]
    same([line.split(" | ")[:4] for line in lines], [("| " + " | ".join(columns)).split(" | ") for _, columns in described()],
         "SECURITY.md: run tests/e2e/test_hostile.py --write")


if __name__ == "__main__":
    try:
        if sys.argv[1:2] != ["--write"]:
            sys.exit("usage: test_hostile.py --write [WORD]")
        found, bad = run_all(*sys.argv[2:])
        print("\n".join(bad))
        if len(sys.argv) == 2 and not bad:
            security_table.write(NAME, markdown(found))
    finally:
        rig.stop_all()
