# SPDX-License-Identifier: Apache-2.0
"""Every secret, on the sealed release binary: not in its memory as it ends, nor between the jobs of a service; not in
what it says at the level debug, nor in what /proc shows of it. memory.py has the forms in which each is looked for."""
import hashlib
import hmac
import json
import os
import re
import subprocess
import time

import memory
import rig
import servers
import test_cloud_serve
import test_entra
import test_outlook
import test_serve
from rig import same, true

FLAGS = ("--users", 2, "--messages", 12, "--size", 900, "--exchange-items", 12, *test_outlook.NOBODY)
PROXY = "proxy-user:proxy-pass~word"
# What the far side hands out, and what is signed for it, by how it begins; long enough to be of use to anybody.
TOKENS = {
    "access token of Google": [re.compile(rb"ya29\.c\.c0AY[A-Za-z0-9_-]{8}")],
    "access token of Entra": [re.compile(rb"eyJ0eXAiOiJKV1QiLCJub25jZSI6I[A-Za-z0-9_-]{8}")],
    "signed assertion": [re.compile(rb"eyJ[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{40,}\.[A-Za-z0-9_-]{20}")],
}


def md4(data):
    """RFC 1320; hashlib has it only where OpenSSL has its old algorithms."""
    data += b"\x80" + bytes((55 - len(data)) % 64) + (8 * len(data)).to_bytes(8, "little")
    state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]
    rounds = ((lambda x, y, z: x & y | ~x & z, 0, (3, 7, 11, 19), range(16)),
              (lambda x, y, z: x & y | x & z | y & z, 0x5a827999, (3, 5, 9, 13), [i % 4 * 4 + i // 4 for i in range(16)]),
              (lambda x, y, z: x ^ y ^ z, 0x6ed9eba1, (3, 9, 11, 15), [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15]))
    for at in range(0, len(data), 64):
        words = [int.from_bytes(data[at + 4 * i:at + 4 * i + 4], "little") for i in range(16)]
        a, b, c, d = state
        for mix, add, shifts, order in rounds:
            for i, k in enumerate(order):
                n = (a + mix(b, c, d) + words[k] + add) & 0xffffffff
                s = shifts[i % 4]
                a, b, c, d = d, (n << s | n >> 32 - s) & 0xffffffff, b, c
        state = [(x + y) & 0xffffffff for x, y in zip(state, (a, b, c, d))]
    return b"".join(x.to_bytes(4, "little") for x in state)


def password(name, word, *users):
    """The word, it behind a user as Basic sends it, and what NTLM makes of it: each is as good as the password."""
    forms = memory.forms_of_text(word)
    nt = md4(word.encode("utf-16-le"))
    forms.add(nt)
    for user in users:
        forms |= memory.base64_forms(f"{user}:{word}".encode())
        account, _, domain = reversed((user.rpartition("\\")))
        for where in (domain, ""):
            forms.add(hmac.new(nt, (account.upper() + where).encode("utf-16-le"), hashlib.md5).digest())
    return {name: forms}


def elastic(word="tenant-password"):
    return password("Elasticsearch's password", word, "elastic")


def google_key(tenant):
    account = json.load(open(os.path.join(tenant.dir, "service-account.json")))
    return {"private key of Google": memory.forms_of_key(account["private_key"])}


def file_key(name, tenant, file):
    return {name: memory.forms_of_key(open(os.path.join(tenant.dir, file)).read())}


def text(name, word):
    return {name: memory.forms_of_text(word)}


def holds_none(areas, secrets, when):
    found = memory.search(areas, {**secrets, **TOKENS})
    true(not found, f"{when}: {found}")


def says_none(words, secrets, what="log"):
    holds_none({what: words.encode(errors="surrogateescape")}, secrets, "said")


def config(tenant, change=None, extra=""):
    return tenant.write_config(change, extra)


def ends_clean(arguments, secrets, code=0, env=None):
    """Runs it to its end, and looks at all that it says and at what is left."""
    p = memory.Traced([*arguments, *(("--log-level", "debug") if arguments[0] == "sync" else ("--json",))], env)
    areas = p.end()
    same(p.code, code, p.words())
    true(areas and sum(map(len, areas.values())) > 1 << 20, "nothing was read")
    says_none(p.words(), secrets)
    holds_none(areas, secrets, f"at the end of {arguments[0]}")


def test_the_search_finds_what_is_there():
    """The same search in a process that is in the middle of its work: it must find, or it could not fail."""
    same(md4(b"abc").hex(), "a448017aaf21d8525fc10ae87aa6729d")
    t = rig.Tenant(*FLAGS, "--latency", 300)
    p = memory.Traced(["sync", "-c", config(t)])
    rig.wait_for(lambda: t.stats()["messages_served"] > 2)
    found = {name for name, _, _ in memory.search(p.read(), {**elastic(), **google_key(t), **TOKENS})}
    true(found >= {"Elasticsearch's password", "private key of Google", "access token of Google"}, str(found))


def test_gmail():
    t, proxy = rig.Tenant(*FLAGS), servers.Proxy(PROXY)
    extra = f"\nproxy:\n  url: http://{PROXY.replace('~', '%7E')}@127.0.0.1:{proxy.port}\n"
    secrets = {**elastic(), **google_key(t), **text("proxy's password", "proxy-pass~word"), **text("proxy's login", PROXY)}
    for command in (["sync", "-c", config(t, extra=extra)], ["check", "-c", config(t, extra=extra)]):
        ends_clean(command, secrets)
    true(proxy.opened and not proxy.wrong, "the proxy was not asked")


def test_gmail_by_an_api_key_of_the_environment():
    t = rig.Tenant(*FLAGS)
    key = t.facts["api_key"]
    change = lambda c: re.sub(r"  username: .*\n  password: .*\n", "  api_key: ${MAILFERRY_KEY}\n", c)
    ends_clean(["sync", "-c", config(t, change)], {**text("API key", key), **text("API key", "tenantkey:tenantsecret"),
                                                   **google_key(t)}, env={"MAILFERRY_KEY": key})


def test_gmail_by_a_file_of_variables_and_a_proxy_of_the_environment():
    t, proxy = rig.Tenant(*FLAGS), servers.Proxy(PROXY)
    path = os.path.join(t.dir, "variables")
    with open(path, "w") as f:
        f.write(f"WORD=tenant-password\nACCOUNT='{t.dir}/service-account.json'\n")
    change = lambda c: c.replace("password: tenant-password", "password: ${WORD}")
    env = {"ENV_FILE": path, "HTTPS_PROXY": f"http://{PROXY.replace('~', '%7E')}@127.0.0.1:{proxy.port}"}
    ends_clean(["sync", "-c", config(t, change)], {**elastic(), **google_key(t), **text("proxy's login", PROXY),
                                                   **text("proxy's password", "proxy-pass~word")}, env=env)
    true(proxy.opened and not proxy.wrong, "the proxy was not asked")


def test_refusals_repeat_no_secret():
    """Wrong ones, and what cannot be read: errors say where, not what."""
    t, word = rig.Tenant(*FLAGS), "Wr0ng~and/secret"
    proxy = servers.Proxy(PROXY)
    key = json.load(open(os.path.join(t.dir, "service-account.json")))["private_key"]
    spoiled = json.dumps(json.dumps({"type": "service_account", "client_email": "a@b.test", "private_key": key[:900] + "AAAA" + key[910:],
                                     "token_uri": f"https://127.0.0.1:{t.port('google')}/token"}))
    wrong = {
        "Elasticsearch's password": (lambda c: c.replace("tenant-password", word), ""),
        "API key": (lambda c: re.sub(r"  username: .*\n  password: .*\n", f"  api_key: {word}\n", c), ""),
        "API key with a line": (lambda c: re.sub(r"  username: .*\n  password: .*\n", f'  api_key: "{word}\\nx"\n', c), ""),
        "not YAML": (lambda c: c.replace("password: tenant-password", f'password: "{word}'), ""),
        "a list": (lambda c: c.replace("password: tenant-password", f"password: [{word}]"), ""),
        "key of Google": (lambda c: re.sub(r"service_account_credentials_file: .*", lambda _: f"service_account_credentials: {spoiled}", c), ""),
        "Exchange": (test_outlook.entry(t, password=word), ""),
        "Entra": (cloud(t, client_secret=word), ""),
        "proxy": (None, f"\nproxy:\n  url: http://proxy-user:{word.replace('/', '%2F')}@127.0.0.1:{proxy.port}\n"),
        "no address": (None, f"\nproxy:\n  url: 'http://proxy-user:{word}@127.0.0.1:x y'\n"),
    }
    secrets = {**text("wrong password", word), **elastic(word), **google_key(t)}
    for name, (change, extra) in wrong.items():
        for command in ("sync", "check"):
            done = subprocess.run([rig.BINARY, command, "-c", config(t, change, extra),
                                   *(("--log-level", "debug") if command == "sync" else ())],
                                  capture_output=True, text=True, env=rig.clean_env(), timeout=60)
            true(done.returncode in (1, 2) and done.stdout + done.stderr, f"{name}: {done}")
            says_none(done.stdout + done.stderr, secrets, f"{name}, {command}: {done.stdout + done.stderr}"[:1500])


def exchange(tenant):
    return {**elastic(), **password("Exchange's password", "Passw0rd", "EXAMPLE\\svc", "svc@example.test", "svc")}


def test_exchange_and_its_directory():
    t = rig.Tenant(*FLAGS)
    for extra in ("", "\noutlook:\n  basic_only: true\n", "\noutlook:\n  ldap_bind: ntlm\n"):
        if "basic" in extra:
            t.post("exchange", auth=["basic"])
        for command in ("sync", "check"):
            ends_clean([command, "-c", config(t, test_outlook.entry(t), extra)], exchange(t))
        t.post("exchange", auth=["ntlm"])


def cloud(tenant, **changes):
    return test_entra.entry(tenant, **changes)


def test_exchange_online_by_a_secret():
    t = rig.Tenant(*FLAGS)
    t.post("graph", extra_users=0)
    secrets = {**elastic(), **text("client secret", t.facts["client_secret"])}
    for command in ("sync", "check"):
        ends_clean([command, "-c", config(t, cloud(t))], secrets)


def test_exchange_online_by_a_certificate_and_a_federated_token():
    t = rig.Tenant(*FLAGS)
    t.post("graph", extra_users=0)
    both = json.dumps({"client_certificate_file": test_entra.both(t)})
    ends_clean(["sync", "-c", config(t, cloud(t, client_secret=""), f"\noutlook: {both}\n")],
               {**elastic(), **file_key("key of the certificate", t, "app.key")})
    token = test_entra.federated(t)
    path = test_entra.Pod(t).put(token)
    p = memory.Traced(["sync", "-c", config(t, cloud(t, client_secret=""), f"\noutlook: {{federated_token_file: {path}}}\n")])
    areas = p.end()
    if "Landlock" in p.words() and p.code == 2:
        raise rig.Skip("kernel: no Landlock")
    same(p.code, 0, p.words())
    holds_none(areas, {**elastic(), "federated token": memory.pieces(token)}, "at the end")
    same(test_entra.asked(t)[0][1:], [1, 1])


# ---- the service, between its jobs and when it is stopped in one

class Service:
    """Starts the service of a World under a tracer."""

    def __init__(self, world):
        self.world = world
        path = os.path.join(world.tenant.dir, "traced.yml")
        with open(path, "w") as f:
            f.write(world.config())
        self.process = memory.Traced(["serve", "-c", path, "--require-seal", "--log-level", "debug"])
        self.process.log_path = self.process.out
        world.services.append(self.process)

    def idle(self, secrets, when):
        """A second after the job its connections may still be kept; rounds go on all the time."""
        areas = {}

        def clean():
            areas.clear()
            areas.update(self.process.read())
            return not memory.search(areas, {**secrets, **TOKENS})
        try:
            rig.wait_for(clean, 8)
        except AssertionError:
            holds_none(areas, secrets, when)

    def finish(self, secrets):
        areas = self.process.stop()
        same(self.process.code, 0, self.process.words()[-2000:])
        holds_none(areas, secrets, "at the end of serve")
        says_none(self.process.words(), secrets)


def serve(world, values, secrets, **jobs):
    service = Service(world)
    world.wait(lambda: world.record()["configuration"])
    world.tenant.post("connectors", id="c1", values=values)
    world.connected()
    for kind in ("full", "access_control"):
        record = world.wait_job(world.job(job_type=kind), "completed", "error")
        same((record["status"], record["error"]), ("completed", None))
        service.idle(secrets, f"after a job of {kind}")
    return service


def test_service_of_gmail():
    w = test_serve.World(*FLAGS)
    w.entry = f"    api_key: {w.tenant.facts['api_key']}\n"
    secrets = google_key(w.tenant)
    service = serve(w, test_serve.values(w.tenant, use_document_level_security=True), secrets)
    service.finish({**secrets, **elastic(), **text("API key of the connector", w.tenant.facts["api_key"])})


def test_service_of_exchange():
    w = test_cloud_serve.World(*FLAGS)
    secrets = password("Exchange's password", "Passw0rd", "EXAMPLE\\svc", "svc@example.test", "svc")
    service = serve(w, test_outlook.fields(w.tenant), secrets)
    service.finish({**secrets, **elastic()})


def test_service_of_exchange_online():
    w = test_cloud_serve.World(*FLAGS)
    w.tenant.post("graph", extra_users=0)
    secrets = text("client secret", w.tenant.facts["client_secret"])
    service = serve(w, test_cloud_serve.fields(w.tenant), secrets)
    service.finish({**secrets, **elastic()})


def test_service_that_is_stopped():
    """While it looks at its source for the first time, and in a job."""
    for kind, values in ((test_serve.World, test_serve.values), (test_cloud_serve.World, test_outlook.fields)):
        w = kind("--users", 2, "--messages", 400, "--size", 900, "--latency", 60, "--exchange-items", 300, *test_outlook.NOBODY)
        secrets = {**google_key(w.tenant), **text("client secret", w.tenant.facts["client_secret"]),
                   **password("Exchange's password", "Passw0rd", "EXAMPLE\\svc"), **elastic()}
        service = Service(w)
        w.wait(lambda: w.record()["configuration"])
        w.tenant.post("connectors", id="c1", values=values(w.tenant))
        service.finish(secrets)  # it may be looking at the source
        service = Service(w)
        w.connected()
        w.wait_job(w.job(), "in_progress")
        time.sleep(0.4)
        service.finish(secrets)
        rig.stop_all()
