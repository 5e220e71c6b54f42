# SPDX-License-Identifier: Apache-2.0
# Token requests of source/outlook/entra_* against others:
#     python3 tests/interop/entra_oracle.py build/entra_tool
# Python's urllib reads the forms, its cryptography makes keys and certificates, finds our thumbprints to be
# theirs and verifies our assertions (PS256 and RS256, 2048 to 4096 bits). The fake Entra of tests/tenant, which
# msal talks to as well, takes each of the proofs, and each of its refusals is understood. The packages are those
# of tenant_graph.py.
import base64
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
sys.path.insert(0, HERE)

import rig  # noqa: E402
import tenant_graph  # noqa: E402
from tenant_graph import same  # noqa: E402

ID = "11111111-2222-3333-4444-555555555555"
TENANT = "9f2c0000-1111-2222-3333-444455556666"


class Tool:
    """Ours: a program that answers each line with one."""

    def __init__(self, command):
        self.process = subprocess.Popen([command], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def line(self, *fields):
        self.process.stdin.write("\t".join(str(f) for f in fields).encode() + b"\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().decode().rstrip("\n")

    def ask(self, proof, argument, where=TENANT, client=ID, resource="graph", cloud="global"):
        if proof == "secret":
            argument = base64.b64encode(argument.encode()).decode()
        line = self.line("ask", proof, resource, cloud, where, client, argument)
        if line.startswith("error "):
            raise AssertionError(line)
        target, body = line.split("\t")
        return target, base64.b64decode(body)

    def answer(self, status, body):
        return self.line("answer", status, base64.b64encode(body).decode())


def form(body):
    fields = urllib.parse.parse_qsl(body.decode("ascii"), strict_parsing=True, encoding="utf-8", errors="strict")
    same(len(dict(fields)), len(fields), "a field twice")
    return dict(fields)


def make_certificate(folder, bits):
    import datetime
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    key = rsa.generate_private_key(65537, bits)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mailferry")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=365)).sign(key, hashes.SHA256()))
    path = os.path.join(folder, f"{bits}.pem")
    kind = serialization.PrivateFormat.PKCS8 if bits == 2048 else serialization.PrivateFormat.TraditionalOpenSSL
    with open(path, "wb") as f:
        f.write(made.public_bytes(serialization.Encoding.PEM))
        f.write(key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()))
    return path, key.public_key(), made.fingerprint(hashes.SHA256())


def test_forms(tool, _):
    for secret in ["aB~3/x+y", "a b&c=d%25", "~.-_", "\u00e9\u20ac\U0001f511", "x" * 500, "'\"<>;,?:@!$*()[]{}|\\^`#"]:
        for resource, scope in (("graph", "https://graph.microsoft.us/.default"), ("ews", "https://outlook.office365.us/.default")):
            target, body = tool.ask("secret", secret, resource=resource, cloud="us-gov")
            same(target, f"/{TENANT}/oauth2/v2.0/token")
            same(form(body), {"grant_type": "client_credentials", "client_id": ID, "scope": scope, "client_secret": secret})


def test_assertions(tool, _):
    import jwt
    seen = set()
    with tempfile.TemporaryDirectory() as folder:
        for bits in (2048, 3072, 4096):
            path, public, sha256 = make_certificate(folder, bits)
            for algorithm in ("PS256", "RS256"):
                for where in (TENANT, "example.onmicrosoft.com"):
                    fields = form(tool.ask(algorithm.lower(), path, where)[1])
                    text = fields.pop("client_assertion")
                    same(fields, {"grant_type": "client_credentials", "client_id": ID,
                                  "scope": "https://graph.microsoft.com/.default",
                                  "client_assertion_type": tenant_graph.ASSERTION})
                    same(jwt.get_unverified_header(text), {"typ": "JWT", "alg": algorithm, "x5t#S256": tenant_graph.url64(sha256)})
                    aud = f"https://login.microsoftonline.com/{where}/oauth2/v2.0/token"
                    claims = jwt.decode(text, public, algorithms=[algorithm], audience=aud, issuer=ID,
                                        options={"require": ["aud", "iss", "sub", "jti", "nbf", "iat", "exp"]})
                    same((claims["sub"], len(claims["jti"]), abs(claims["iat"] - time.time()) < 5), (ID, 32, True))
                    same((claims["exp"] - claims["nbf"] <= 600, claims["nbf"] < claims["iat"] < claims["exp"]), (True, True))
                    seen.add(claims["jti"])
                    other = make_certificate(folder, 2048)[1] if bits == 3072 else None
                    for key in [other] if other else []:
                        try:
                            jwt.decode(text, key, algorithms=[algorithm], audience=aud)
                            raise AssertionError("another key verifies it")
                        except jwt.InvalidSignatureError:
                            pass
    same(len(seen), 12, "each assertion has an id of its own")


def test_clouds(tool, _):
    words = tool.line("clouds").split(" ")
    same(len(words), 16)
    rows = {words[i]: words[i + 1:i + 4] for i in range(0, 16, 4)}
    same(rows["china"][:2], ["https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn"])
    import msal
    same({urllib.parse.urlsplit(r[0]).hostname for r in rows.values()} <= set(msal.authority.WELL_KNOWN_AUTHORITY_HOSTS), True)


class Ours:
    """mailferry's requests, carried to the tenant."""

    def __init__(self, tool, tenant):
        self.tool, self.tenant, self.c = tool, tenant, tenant_graph.Client(tenant)
        self.pem = os.path.join(tenant.dir, "app-both.pem")
        with open(self.pem, "w") as f:
            f.write(self.c.file("app.pem") + self.c.file("app.key"))

    def get(self, proof, argument, **more):
        more = {"where": "example.test", "client": self.c.id, **more}
        target, body = self.tool.ask(proof, argument, **more)
        answer = self.c.http.post(self.c.entra + target, data=body,
                                  headers={"Content-Type": "application/x-www-form-urlencoded"})
        return self.tool.answer(answer.status_code, answer.content)

    def federated(self, **change):
        with open(os.path.join(self.tenant.dir, "token"), "w") as f:
            f.write(tenant_graph.federated(self.c, **change) + "\n")
        return self.get("file", self.tenant.dir)


GRAPH_ROLES = "Mail.Read, Calendars.Read, Contacts.Read, Tasks.Read.All, User.Read.All"


def test_tenant(tool, tenant):
    o = Ours(tool, tenant)
    for proof, argument in (("secret", o.c.secret), ("ps256", o.pem), ("rs256", o.pem)):
        for where in ("example.test", tenant.facts["tenant_id"]):
            for resource, roles in (("graph", GRAPH_ROLES), ("ews", "full_access_as_app")):
                got = o.get(proof, argument, where=where, resource=resource).split(" ", 3)
                same((got[0], 1000 < int(got[1]) < 3000, got[2], got[3]), ("token", True, "3299", roles), proof)
    same(o.federated().split(" ", 3)[3], GRAPH_ROLES)
    stats = tenant.stats()
    same([stats["entra_by_" + k] for k in ("secret", "certificate", "federation")], [4, 8, 1])
    same(stats["entra_jti_repeated"], 0)
    tenant.post("entra", roles=["mail"])
    same(o.get("secret", o.c.secret).split(" ", 3)[3], "Mail.Read")


def test_refusals(tool, tenant):
    o = Ours(tool, tenant)
    known = "00000000-0000-0000-0000-000000000001"

    def refused(line, name, number):
        same((line.split(":")[0], f"AADSTS{number}" in line, o.c.secret in line), ("error " + name, True, False), line)

    refused(o.get("secret", "aB~3"), "ENTRA_SECRET_WRONG", 7000215)
    refused(o.get("secret", o.c.secret, client=known), "ENTRA_APP_UNKNOWN", 700016)
    refused(o.get("secret", o.c.secret, where=known), "ENTRA_TENANT_UNKNOWN", 90002)
    refused(o.get("secret", o.c.secret, cloud="us-gov"), "ENTRA_RESOURCE", 500011)
    with tempfile.TemporaryDirectory() as folder:
        refused(o.get("ps256", make_certificate(folder, 2048)[0]), "ENTRA_CERTIFICATE_UNKNOWN", 700027)
    refused(o.federated(sub="system:other"), "ENTRA_FEDERATION", 700213)
    refused(o.federated(iss="https://other.test"), "ENTRA_FEDERATION", 700211)
    refused(o.federated(aud=["x"]), "ENTRA_FEDERATION", 700212)
    refused(o.federated(exp=int(time.time()) - 4000, iat=1, nbf=1), "ENTRA_CLOCK", 700024)


def main(tool_path, wanted):
    failed = 0
    import requests
    for name, run in [(n[5:], f) for n, f in globals().items() if n.startswith("test_")]:
        if wanted and name not in wanted:
            continue
        tool = Tool(tool_path)
        try:
            tenant = rig.Tenant("--users", 2, "--messages", 1, "--size", 800) if name in ("tenant", "refusals") else None
            run(tool, tenant)
            print(f"PASS entra/{name}", flush=True)
        except (AssertionError, OSError, KeyError, AttributeError, TypeError, ValueError, json.JSONDecodeError,
                requests.RequestException) as e:
            print(f"FAIL entra/{name} {type(e).__name__} {str(e)[:700]!r}", flush=True)
            failed += 1
        finally:
            rig.stop_all()
            tool.process.stdin.close()
            tool.process.wait()
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        import msal  # noqa: F401
    except ImportError:
        import python_venv
        interpreter, why = python_venv.python_with("msal", os.path.join(HERE, "msal.txt"))
        if not interpreter:
            print(f"SKIP entra {why}")
            sys.exit(0)
        sys.exit(subprocess.run([interpreter, __file__, *sys.argv[1:]]).returncode)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
