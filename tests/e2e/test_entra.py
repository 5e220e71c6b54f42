# SPDX-License-Identifier: Apache-2.0
"""Tokens of Entra ID in the sealed program: each proof, what is wrong at start, and a federated token that is
replaced while the service runs, as Kubernetes does it. What is read with them: test_graph.py."""
import base64
import hashlib
import json
import os
import subprocess
import time

import rig
from rig import same, true

FLAGS = ("--users", 1, "--messages", 1, "--size", 300)
CLIENT = "00000000-2222-3333-4444-555555555555"


def entry(tenant, **changes):
    fields = {"data_source": "outlook_cloud", "tenant_id": tenant.facts["tenant_id"],
              "client_id": tenant.facts["client_id"], "client_secret": tenant.facts["client_secret"]}
    fields.update(changes)
    connector = {"connector_id": "cloud", "service_type": "outlook", "index_name": "search-cloud",
                 "configuration": {k: v for k, v in fields.items() if v is not None}}
    ends = {f"microsoft_{k}": f"https://127.0.0.1:{tenant.port(p)}"
            for k, p in (("login", "entra"), ("graph", "graph"), ("ews", "exchange"))}
    return lambda text: (f"connectors: [{json.dumps(connector)}]\nendpoints: {json.dumps(ends)}\n"
                         + "tls: " + json.dumps({"ca_file": os.path.join(tenant.dir, "ca.pem")}) + "\n"
                         + text[text.index("elasticsearch:"):].split("\nendpoints:")[0].split("\ntls:")[0] + "\n")


def sync(tenant, *flags, outlook=None, env=None, **changes):
    extra = f"\noutlook: {json.dumps(outlook)}\n" if outlook else ""
    return tenant.sync("--dry-run", *flags, change=entry(tenant, **changes), extra=extra, env=env)


def asked(tenant):
    stats = tenant.stats()
    return [stats[f"entra_by_{k}"] for k in ("secret", "certificate", "federation")], stats["entra_refused"]


def both(tenant, name="both.pem", key="app.key"):
    path = os.path.join(tenant.dir, name)
    with open(path, "w") as f:
        f.write(open(os.path.join(tenant.dir, "app.pem")).read() + open(os.path.join(tenant.dir, key)).read())
    return path


def federated(tenant, **change):
    """A token as a cluster makes it, signed with the openssl program."""
    now = int(time.time())
    claims = {"aud": ["api://AzureADTokenExchange"], "iss": "https://kubernetes.example.test",
              "sub": "system:serviceaccount:mail:mailferry", "iat": now, "nbf": now, "exp": now + 3600, **change}

    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    text = part(json.dumps({"alg": "RS256", "kid": "k1", "typ": "JWT"}).encode()) + "." + part(json.dumps(claims).encode())
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", os.path.join(tenant.dir, "federation.key")],
                               input=text.encode(), capture_output=True, check=True).stdout
    return text + "." + part(signature)


class Pod:
    """The folder of a projected service account token."""

    def __init__(self, tenant):
        self.dir, self.n = os.path.join(tenant.dir, "tokens"), 0
        os.mkdir(self.dir)

    def put(self, token):
        self.n += 1
        new = os.path.join(self.dir, f"..{self.n}")
        os.mkdir(new)
        with open(os.path.join(new, "azure-identity-token"), "w") as f:
            f.write(token)
        os.symlink(f"..{self.n}", os.path.join(self.dir, "..data_tmp"))
        os.replace(os.path.join(self.dir, "..data_tmp"), os.path.join(self.dir, "..data"))
        path = os.path.join(self.dir, "azure-identity-token")
        if not os.path.islink(path):
            os.symlink("..data/azure-identity-token", path)
        return path


def needs_openssl():
    try:
        subprocess.run(["openssl", "version"], capture_output=True, check=True)
    except OSError:
        raise rig.Skip("no openssl program")


def test_a_secret_and_a_certificate():
    t = rig.Tenant(*FLAGS)
    sync(t)
    (secret, certificate, _), refused = asked(t)
    true((secret >= 1, certificate, refused) == (True, 0, 0), str(asked(t)))
    for pss in (True, False):
        before = asked(t)[0][1]
        r = sync(t, client_secret="", outlook={"client_certificate_file": both(t), "client_certificate_pss": pss})
        true(asked(t)[0][1] > before, r)
        r = sync(t, outlook={"client_certificate_file": both(t)})  # a secret that is left over does not count
        same((asked(t)[0][0], asked(t)[1]), (secret, 0), r.text())


def test_a35_fields_of_config():
    t = rig.Tenant(*FLAGS)
    r = sync(t, tenant_id="", client_id="", client_secret="")
    same(r.code, 2, r.text())
    true("'Tenant ID' is empty; 'Client ID' is empty; 'Client Secret Value' is empty" in r.err, r)
    r = sync(t, tenant_id="", client_id="", client_secret="", outlook={"client_certificate_file": both(t)})
    true("'Tenant ID' is empty; 'Client ID' is empty" in r.err and "Secret" not in r.err, r)
    for change, words in (({"tenant_id": "common"}, "'Tenant ID'"), ({"tenant_id": "a.b/../c"}, "'Tenant ID'"),
                          ({"client_id": "my app"}, "'Client ID'"), ({"client_secret": "aB~3\nx"}, "'Client Secret Value'")):
        r = sync(t, **change)
        same((r.code, words in r.err, "aB~3" in r.err), (2, True, False), r.text())


def test_what_is_wrong_at_start():
    t = rig.Tenant(*FLAGS)
    missing = os.path.join(t.dir, "no such file")
    server = os.path.join(t.dir, "other.pem")
    with open(server, "w") as f:
        f.write(open(os.path.join(t.dir, "app.key")).read() + open(os.path.join(t.dir, "ca.pem")).read())
    for outlook, words in (
            ({"client_certificate_file": missing}, ["client_certificate_file", "No such file"]),
            ({"client_certificate_file": os.path.join(t.dir, "app.pem")}, ["private key cannot be read"]),
            ({"client_certificate_file": os.path.join(t.dir, "app.key")}, ["no certificate that can be read"]),
            ({"client_certificate_file": server}, ["does not belong to the private key"]),
            ({"federated_token_file": missing}, ["federated_token_file", "no such file: No such file"]),
            ({"federated_token_file": os.path.join(t.dir, "app.pem")}, ["does not hold a JWT"]),
            ({"federated_token_file": t.dir + "/"}, ["federated_token_file", "no path of a file"]),
            ({"federated_token_file": missing, "client_certificate_file": missing}, ["both given"]),
            ({"cloud": "moon"}, ["outlook.cloud"])):
        r = sync(t, outlook=outlook)
        same(r.code, 2, r.text())
        true(all(w in r.err for w in words) and "-----BEGIN" not in r.err and "MII" not in r.err, r)
    same(asked(t), ([0, 0, 0], 0))


def test_refusals_say_where_to_click():
    t = rig.Tenant(*FLAGS)
    for changes, words in (({"client_secret": "aB~3-wrong"}, ["7000215", "not Secret ID", "Certificates & secrets"]),
                           ({"client_id": CLIENT}, ["700016", "App registrations"]),
                           ({"tenant_id": "other.test"}, ["90002", "Tenant ID"])):
        r = sync(t, **changes)
        true(r.code != 0 and all(w in r.err for w in words), r)
        true("aB~3-wrong" not in r.err + r.out and t.facts["client_secret"] not in r.err + r.out, r)


def test_a_federated_token():
    needs_openssl()
    t = rig.Tenant(*FLAGS)
    pod = Pod(t)
    path = pod.put(federated(t) + "\n")
    r = sync(t, client_secret="", outlook={"federated_token_file": path})
    if "LANDLOCK" in r.err:
        raise rig.Skip("no Landlock")
    true("is read again for each token" in r.err and asked(t)[0][2] >= 1, r)
    before = asked(t)[0]
    host = {"AZURE_FEDERATED_TOKEN_FILE": path, "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.com/"}
    r = sync(t, client_secret="", env=host)  # as workload identity sets it
    true(asked(t)[0][2] > before[2], r)
    before = asked(t)[0]
    r = sync(t, env=host)  # the record's secret goes before it
    true(asked(t)[0][0] > before[0] and asked(t)[0][2] == before[2] and "is read again" not in r.err, r)
    r = sync(t, client_secret="", env={**host, "AZURE_AUTHORITY_HOST": "https://login.example.test/"})
    true(r.code == 2 and "AZURE_AUTHORITY_HOST" in r.err, r)
    r = sync(t, env={"AZURE_FEDERATED_TOKEN_FILE": "/nowhere/token"})
    true("is left out" in r.err and asked(t)[0][0] > before[0], r)
    pod.put(federated(t, sub="system:other"))
    r = sync(t, client_secret="", outlook={"federated_token_file": path})
    true(r.code != 0 and "700213" in r.err and "Federated credentials" in r.err, r)


def test_a_federated_token_outside_of_its_folder():
    needs_openssl()
    t = rig.Tenant(*FLAGS)
    elsewhere = os.path.join(t.dir, "elsewhere")
    with open(elsewhere, "w") as f:
        f.write(federated(t))
    folder = os.path.join(t.dir, "tokens")
    os.mkdir(folder)
    os.symlink(elsewhere, os.path.join(folder, "token"))
    r = sync(t, client_secret="", outlook={"federated_token_file": os.path.join(folder, "token")})
    if "LANDLOCK" in r.err:
        raise rig.Skip("no Landlock")
    true(r.code != 0 and "token: Permission denied" in r.err, r)  # the seal keeps the name below the folder
    same(asked(t), ([0, 0, 0], 0))


def test_a_federated_token_is_replaced():
    """Each token is asked for with the file as it is then: the old one would be refused."""
    needs_openssl()
    t = rig.Tenant("--users", 3, "--messages", 60, "--size", 300, "--latency", 100)
    pod = Pod(t)
    t.post("entra", token_ttl_s=2)
    path = pod.put(federated(t))
    config = t.write_config(entry(t, client_secret=""), f"\noutlook: {json.dumps({'federated_token_file': path})}\n")
    log = open(os.path.join(t.dir, "sync.log"), "w")
    process = rig.start([rig.BINARY, "sync", "-c", config, "--json"], stdout=log, stderr=log, env=rig.clean_env())
    rig.wait_for(lambda: asked(t)[0][2] >= 1 or process.poll() is not None)
    if process.poll() is not None and "LANDLOCK" in open(log.name).read():
        raise rig.Skip("no Landlock")
    t.post("entra", subject="system:serviceaccount:mail:other")
    pod.put(federated(t, sub="system:serviceaccount:mail:other"))
    t.post("entra", expire="all")
    rig.wait_for(lambda: asked(t)[0][2] >= 2 or process.poll() is not None, 60)
    same((asked(t)[0][2] >= 2, asked(t)[1]), (True, 0), open(log.name).read()[-2000:])


def test_thumbprint_is_told():
    t = rig.Tenant(*FLAGS)
    t.post("entra", certificate=False)
    r = sync(t, client_secret="", outlook={"client_certificate_file": both(t)})
    lines = open(os.path.join(t.dir, "app.pem")).read().split("-----")[2].split()
    sha256 = hashlib.sha256(base64.b64decode("".join(lines))).hexdigest()
    true(r.code != 0 and "700027" in r.err and sha256 in r.err, r)
