# SPDX-License-Identifier: Apache-2.0
"""The command line and config.yml as a person meets them: exit status, place, name, what to do."""
import base64
import json
import os
import re
import subprocess

import rig
from rig import completed, same, true

ENTRY = """connectors:
  - connector_id: mail
    service_type: gmail
    index_name: search-mail
    configuration:
      subject: admin@example.test
      customer_id: C0123
"""


class Folder:
    def __init__(self, text=None, name="config.yml"):
        self.dir = rig.folder()
        if text is not None:
            self.write(name, text)

    def write(self, name, text):
        with open(os.path.join(self.dir, name), "w") as f:
            f.write(text)
        return os.path.join(self.dir, name)

    def run(self, *arguments, env=None):
        done = subprocess.run([rig.BINARY, *arguments], capture_output=True, text=True, cwd=self.dir,
                              env=rig.clean_env(env), timeout=60)
        return rig.Result(done.returncode, done.stdout, done.stderr)


def refused(r, *words):
    """Exit status 2, one sentence and what to do, nothing on standard output."""
    same((r.code, r.out), (2, ""), r.text())
    if r.lines and "error" in r.lines[-1]:  # with --json every line is an object
        last = r.lines[-1]
        same(len(r.lines), len(r.err.splitlines()), r.err)
        same((last["log.level"], bool(last["labels"]["todo"])), ("error", True), r.err)
        for word in words:
            true(word in json.dumps(last, ensure_ascii=False).replace('\\"', '"'), f"{word}: {r.err}")
        return
    lines = r.err.splitlines()
    true(len(lines) == 2 and lines[0].startswith("mailferry: ") and lines[1].startswith("  "), r)
    for word in words:
        true(word in r.err, f"{word}: {r.err}")


# ---- the command line

def test_help_fits_a_screen():
    for arguments in ((), ("--help",), ("-h",), ("help",), ("sync", "--help"), ("--help", "sync")):
        r = Folder().run(*arguments)
        lines = r.out.splitlines()
        same((r.code, r.err), (0, ""), str(arguments))
        true(10 < len(lines) <= 24 and max(map(len, lines)) <= 80, r)
    for flag in re.findall(r"--[a-z-]+", r.out):
        r = Folder().run("sync", flag)  # each flag of the help is known
        true("unknown flag" not in r.err, r)


def test_version_names_what_is_in_it():
    for arguments in (("version",), ("--version",), ("-v",)):
        r = Folder().run(*arguments)
        same((r.code, r.err), (0, ""))
        version = open(os.path.join(rig.ROOT, "VERSION")).read().strip()
        true(r.out.startswith(f"mailferry {version}\n"), r)
        digests = dict(re.findall(r"^([a-z-]+) \S+ sha256:([0-9a-f]{64})$", r.out, re.M))
        true({"musl", "mbedtls", "libyaml", "jsmn", "zlib", "roots"} <= set(digests), r)


def test_wrong_words():
    here = Folder(ENTRY)
    refused(here.run("sync", "--conector", "x"), "--conector", "did you mean --connector?")
    refused(here.run("sync", "--frobnicate"), "--frobnicate")
    refused(here.run("snyc"), "did you mean sync?")
    refused(here.run("sync", "another"), "another")
    refused(here.run("sync", "user@example.test"), "--mailbox")
    refused(here.run("sync", "other.yml"), "--config")
    refused(here.run("sync", "--config"), "--config needs a value")
    refused(here.run("sync", "--config", "--json"), "--config needs a value")
    refused(here.run("sync", "--dry-run=yes"), "takes no value")
    refused(here.run("sync", "--to", "nowhere"), "ndjson:FILE")
    refused(here.run("sync", "--mailbox", "nobody"), "mail address")
    refused(here.run("sync", "--log-level", "loud"), "warning")
    refused(here.run("--json"), "no command")
    for odd in ("\x1b[31m", "a" * 5000, "\n\n"):  # nothing of a terminal's, and not for ever
        r = here.run("sync", "--" + odd)
        true(r.code == 2 and "\x1b" not in r.err and len(r.err) < 400, r)


# ---- config.yml

def test_no_configuration():
    refused(Folder().run("sync"), "config.yml", "config.yml.example", "does not exist")
    refused(Folder().run("sync", "-c", "there/none.yml"), "there/none.yml")
    here = Folder()
    refused(here.run("sync", "-c", here.dir), here.dir)
    for name in ("", "nothing here: true\n"):
        refused(Folder(name).run("sync"), "connectors")


def test_broken_yaml_names_line_and_column():
    refused(Folder("connectors:\n  - a: b\n c: d\n").run("sync"), "config.yml:3:2")
    refused(Folder("a: [1, 2\nb: 3\n").run("sync"), "config.yml:2:")
    refused(Folder("a:\n\t- tab\n").run("sync"), "config.yml:2:")
    refused(Folder("a: &x 1\nb: *x\n").run("sync"), "config.yml:", "alias")
    refused(Folder("a" * 300000 + ": 1\n").run("sync"), "256 KiB")
    deep = "".join(" " * i + "a:\n" for i in range(200))
    same(Folder(deep).run("sync").code, 2)


def test_unknown_keys_of_our_own_blocks():
    for text, place, name in (
            ("purge:\n  enabeld: true\n", "config.yml:2:3", "purge.enabled"),
            ("limits:\n  idz: 5\n", "config.yml:2:3", "limits.ids"),
            ("tls:\n  verfy: false\n", "config.yml:2:3", "tls.verify"),
            ("gmail.request_per_mailbox: 4\n", "config.yml:1:1", "gmail.requests_per_mailbox"),
            ("endpoints:\n  google_mail: https://x\n", "config.yml:2:3", "endpoints.google_gmail"),
            (ENTRY + "      custmer_id: x\n", "config.yml:8:7", "customer_id")):
        refused(Folder(text + ("" if "connectors" in text else ENTRY)).run("sync"), place,
                f"did you mean {name}?")


def test_keys_that_others_may_know_are_warned_about():
    t = rig.Tenant("--users", 1, "--messages", 1, "--size", 300)
    r = completed(t.sync(change=lambda c: c.replace("  password:", "  max_retrys: 3\n  password:"),
                         extra="\nsome_plugin:\n  enabled: true\n"))
    true("elasticsearch.max_retrys" in r.err and "max_retries" in r.err, r)
    true("some_plugin" not in r.err, r)


def test_wrong_types_and_ranges():
    for text, words in (
            ("purge:\n  max_share: lots\n", ("config.yml:2:3", "purge.max_share", "lots")),
            ("purge:\n  max_share: 3\n", ("config.yml:2:3", "0 to 1")),
            ("purge:\n  enabled: perhaps\n", ("config.yml:2:3", "purge.enabled", "perhaps")),
            ("limits:\n  lanes: 0\n", ("limits.lanes",)),
            ("limits:\n  lanes: 65\n", ("limits.lanes", "64")),
            ("limits:\n  ids: -1\n", ("limits.ids",)),
            ("limits:\n  ids: 99999999999999999999\n", ("limits.ids",)),
            ("limits:\n  ids: 1.5\n", ("limits.ids",)),
            ("limits:\n  ids: [1]\n", ("limits.ids",)),
            ("limits: many\n", ("limits",)),
            ("elasticsearch.host: [a, b]\n", ("elasticsearch.host",)),
            ("elasticsearch.host: ftp://x\n", ("config.yml:1:1", "elasticsearch.host", "https://")),
            ("elasticsearch.host: https://x:99999\n", ("config.yml:1:1", "elasticsearch.host", "port")),
            ("connectors: mail\n", ("connectors",))):
        refused(Folder(text + ("" if text.startswith("connectors") else ENTRY +
                               "      service_account_credentials: '{}'\n")).run("sync"), *words)


def test_variables():
    refused(Folder("elasticsearch:\n  host: ${NOT_SET}\n  password: ${NEITHER}\n" + ENTRY).run("sync"),
            "NOT_SET (line 2)", "NEITHER (line 3)")
    t = rig.Tenant("--users", 1, "--messages", 2, "--size", 300)
    change = lambda c: c.replace("password: tenant-password", "password: ${ES_WORD}") \
        .replace("index_name: search-gmail", "index_name: ${NOT_SET|search-gmail}")
    completed(t.sync(change=change, env={"ES_WORD": "tenant-password"}))
    same(len(t.docs()), 2)
    here = Folder(open(t.write_config(change)).read())
    here.write(".env", "ES_WORD=tenant-password\n")
    same(here.run("sync", "--json").code, 0)
    change = lambda c: c.replace("  password: tenant-password\n", "")  # a name that is a key
    completed(t.sync("--full", change=change, env={"elasticsearch.password": "tenant-password"}))


def test_choosing_a_connector():
    t = rig.Tenant("--users", 1, "--messages", 3, "--size", 300)
    start, end = t.config.index("  - connector_id"), t.config.index("elasticsearch:")
    entry = t.config[start:end]
    second = entry.replace("tenant-gmail", "second").replace("search-gmail", "search-second")
    outlook = "  - connector_id: third\n    service_type: outlook\n    index_name: x\n"
    change = lambda c: c[:end] + second + outlook + c[end:]
    r = t.sync(change=change)
    refused(r, "--connector", "second", "tenant-gmail")
    completed(t.sync("--connector", "second", change=change))
    same(t.stats()["documents"], {"search-second": 3})
    refused(t.sync("--connector", "secnd", change=change), "none fits", "second [gmail]")
    refused(t.sync("--connector", "third", change=change), "connector third", "'Tenant ID' is empty", "configuration.tenant_id")
    same(t.stats()["requests"]["es_root"], 1, "nothing else was asked")


def test_wrong_index_names():
    t = rig.Tenant("--users", 1, "--messages", 1, "--size", 300)
    for name in ("Upper", "a b", "a*", "_a", "..", "a,b", "a" * 256, ""):
        r = t.sync(change=lambda c: c.replace("search-gmail", json.dumps(name)))
        if name == "Upper":  # left to Elasticsearch, which knows all scripts
            same((r.code, r["error"]["code"]), (1, "ES_NAME"), r.text())
            true("lowercase" in str(r["error"]), r)
            continue
        refused(r, f'index_name: "{name[:50]}')
    same(t.stats()["tokens_issued"], 0, "Google was asked")


def test_operators_are_told_where_to_look():
    good = ENTRY + "      service_account_credentials: '{}'\n"
    refused(Folder(good + "proxy.url: foo:bar@x\n").run("sync"), "proxy.url in config.yml")
    r = Folder(good).run("sync", env={"HTTPS_PROXY": "http://u:secret-1@x:0x1"})
    refused(r, "HTTPS_PROXY in the environment")
    true("secret-1" not in r.err, r)
    refused(Folder(ENTRY.replace("gmail", "sharepoint_online")).run("sync"), "mail [sharepoint_online]", "none fits")
    strict = good + "tls.require_verification: true\n"
    for text, word in (("tls.verify: false\n", "tls.verify is false"),
                       ("tls.google.verify: false\n", "tls.google.verify is false"),
                       ("elasticsearch.verify_certs: false\n", "elasticsearch.verify_certs is false"),
                       ("elasticsearch.host: http://x\n", "elasticsearch.host"),
                       ("endpoints.google_gmail: http://x\n", "endpoints.google_gmail")):
        if "host" not in text and "gmail" not in text:
            text += "elasticsearch.host: https://x\n"
        refused(Folder(strict.replace("'{}'", "'{\"type\": \"service_account\"}'") + text)
                .run("sync"), word)
    here = Folder(ENTRY + "      service_account_credentials_file: key.txt\n")
    here.write("key.txt", "no JSON at all")
    refused(here.run("sync"), "JSON", "key.txt")
    r = here.run("sync", "--json")
    refused(r, "JSON", "key.txt")
    same((len(r.lines), r.lines[0]["error"]["code"]), (1, "GMAIL_ACCOUNT_JSON"))
    r = Folder(good + "elasticsearch.apikey: x\n").run("sync")
    true("did you mean elasticsearch.api_key?" in r.err, r)


def test_limits_need_no_credentials():
    total = lambda r: re.search(r"^total +(\d+) ", r.out, re.M)[1]
    r = Folder(ENTRY).run("limits", "-c", "config.yml")
    same((r.code, r.err), (0, ""), r.text())
    same(total(r), total(Folder().run("limits")))


def test_missing_delegation_is_said_once():
    t = rig.Tenant("--users", 3, "--messages", 2, "--size", 300)
    t.post("options", scopes=["directory"])
    for flags in ((), ("--mailbox", "user1@example.test")):
        r = t.sync(*flags)
        same((r.code, r["error"]["code"]), (1, "TOKEN_UNAUTHORIZED"), r.text())
        text = r["error"]["detail"] + r["error"]["todo"]
        for word in ("gmail.readonly", account(t)["client_id"], "Domain-wide delegation"):
            true(word in text, f"{word}: {text}")
        same(sum(line.get("log.level") == "error" for line in r.lines), 1, r.err)


def test_no_empty_facts():
    t = rig.Tenant("--users", 1, "--messages", 20, "--size", 300)
    t.post("faults", path="/gmail/v1/users", status=503, count=2)
    done = subprocess.run([rig.BINARY, "sync", "-c", t.write_config()], capture_output=True,
                          text=True, env=rig.clean_env(), timeout=60)
    same(done.returncode, 0, done.stderr)
    true("retry_in_ms=" in done.stderr, done.stderr)
    true('=""' not in done.stderr and "=-1" not in done.stderr, done.stderr)


# ---- credentials

def account(t):
    return json.load(open(os.path.join(t.dir, "service-account.json")))


def with_account(t, text):
    path = os.path.join(t.dir, "service-account.json")
    return lambda c: c.replace(f"service_account_credentials_file: {path}", text)


def test_credentials_that_are_not_there():
    refused(Folder(ENTRY).run("sync"), "service_account_credentials", "config.yml:2:5")
    for key in ("subject", "customer_id"):
        text = "".join(line for line in ENTRY.splitlines(True) if key + ":" not in line)
        refused(Folder(text + "      service_account_credentials: '{}'\n").run("sync"), key)
    refused(Folder(ENTRY + "      service_account_credentials_file: nowhere.json\n").run("sync"),
            "nowhere.json", "config.yml:8:7")
    refused(Folder(ENTRY + "      service_account_credentials: x\n      service_account_credentials_file:"
                   " y\n").run("sync"), "twice")


def test_credentials_that_are_garbage():
    t = rig.Tenant("--users", 1, "--messages", 1, "--size", 300)
    good = account(t)
    key = good["private_key"]
    for change, word in (("garbage", "JSON"), ("[]", ""), ("{}", ""), ('{"type": "service_account"}', ""),
                         (json.dumps({**good, "private_key": "none"}), "key"),
                         (json.dumps({**good, "private_key": key[:300]}), "key"),
                         (json.dumps({**good, "private_key": key.replace("M", "L", 40)}), "key"),
                         (json.dumps({**good, "client_email": ""}), "client_email"),
                         (json.dumps({**good, "token_uri": "not a url"}), ""),
                         (json.dumps({"installed": {"client_id": "x"}}), "service account")):
        path = os.path.join(t.dir, "account.json")
        with open(path, "w") as f:
            f.write(change)
        r = t.sync(change=with_account(t, "service_account_credentials_file: " + path))
        same(r.code, 2, change[:80] + r.text())
        true(word in r.err, r)
        secret_free(r, key)
    r = t.sync(change=lambda c: c.replace("subject: admin@example.test", "subject: nobody"))
    refused(r, "subject", "nobody")


def test_every_way_to_write_credentials():
    t = rig.Tenant("--users", 1, "--messages", 1, "--size", 300)
    good = account(t)
    once, twice = json.dumps(good), json.dumps(json.dumps(good))
    mapping = "service_account_credentials:\n" + "".join(
        f"        {k}: {json.dumps(v)}\n" for k, v in good.items())
    field = "service_account_credentials:\n        label: x\n        value: " + json.dumps(once)
    for text in ("service_account_credentials: " + json.dumps(once),
                 "service_account_credentials: " + json.dumps(twice),
                 "service_account_credentials: |\n        " + once, mapping, field):
        completed(t.sync("--full", change=with_account(t, text)))
    with open(os.path.join(t.dir, "twice.json"), "w") as f:
        f.write(twice + "\r\n")
    completed(t.sync("--full", change=with_account(
        t, f"service_account_credentials_file: {t.dir}/twice.json")))
    pkcs1 = subprocess.run(["openssl", "rsa", "-traditional"], input=good["private_key"],
                           capture_output=True, text=True, check=True).stdout
    true("BEGIN RSA PRIVATE KEY" in pkcs1, pkcs1[:40])
    text = json.dumps(json.dumps({**good, "private_key": pkcs1}))
    completed(t.sync("--full", change=with_account(t, "service_account_credentials: " + text)))


def test_values_from_files():
    t = rig.Tenant("--users", 1, "--messages", 2, "--size", 300)
    def kept(name, value):
        path = os.path.join(t.dir, name)
        with open(path, "w") as f:
            f.write(value)
        return path
    who, raw = kept("who", "admin@example.test\r\n"), kept("raw", "true\n")
    customer = kept("customer", "C01test00")
    change = lambda c: c.replace("subject: admin@example.test", f"subject_file: {who}") \
        .replace("customer_id: C01test00", f"customer_id_file: {customer}") \
        .replace("include_full_raw_message: false", f"include_full_raw_message_file: {raw}")
    completed(t.sync(change=change))
    for key, message in t.messages().items():
        same(rig.decoded(t.docs()[key]["_source"]["_attachment"]), rig.decoded(message["raw"]))
    refused(t.sync(change=lambda c: change(c).replace(who, t.dir + "/nowhere")), "subject", "/nowhere")
    kept("raw", "perhaps\n")
    refused(t.sync(change=change), "include_full_raw_message", "true or false")


# ---- secrets

def secret_free(r, *secrets):
    """None of them, nor a line of a key, nor what Basic would make of it, in any output."""
    text = r.out + r.err
    for secret in secrets:
        for part in (secret.splitlines() + [secret] if "\n" in secret else [secret]):
            if len(part) < 8 or part.startswith("-----"):
                continue
            true(part not in text, f"a secret ({part[:4]}...) is in the output")
    true("BEGIN" not in text or "KEY" not in text.split("BEGIN")[1][:30] or "from BEGIN to END" in text,
         "a key is in the output")


def test_no_secret_in_any_output():
    t = rig.Tenant("--users", 2, "--messages", 5, "--size", 300)
    key = account(t)["private_key"]
    password, api_key = "es-password-12345", "YXBpLWtleS1pZDphcGkta2V5LXNlY3JldA=="
    basic = base64.b64encode(b"elastic:" + password.encode()).decode()
    pasted = with_account(t, "service_account_credentials: " + json.dumps(json.dumps(account(t))))
    wrong = lambda c: pasted(c).replace("tenant-password", password)
    in_url = lambda c: re.sub("  host: https://", "  host: https://elastic:url-password-1@", pasted(c)) \
        .replace("  password: tenant-password\n", "").replace("  username: elastic\n", "")
    by_key = lambda c: pasted(c).replace("password: tenant-password", "api_key: " + api_key)
    broken = lambda c: wrong(c) + "\n - : [\n"
    listed = lambda c: wrong(c).replace(password, f"[{password}]")
    for change in (wrong, in_url, by_key, broken, listed):
        for flags in (("--log-level", "debug"), ("--dry-run", "--log-level", "debug"), ("--to", "elastic")):
            r = t.sync(*flags, change=change)
            secret_free(r, key, password, api_key, basic, "url-password-1", "api-key-secret")
    for fault in (dict(path="/token", status=400, body='{"error":"invalid_grant"}'),
                  dict(path="/gmail", status=401), dict(path="/gmail", action="reset"),
                  dict(path="/admin", status=403, reason="forbidden"), dict(path="/_bulk", status=400)):
        t.control("DELETE", "faults")
        t.post("faults", count=-1, **fault)
        r = t.sync("--log-level", "debug", change=lambda c: pasted(c).replace(
            "  password:", "  max_retries: 1\n  retry_interval: 1\n  password:"), extra=BUDGET)
        secret_free(r, key, "tenant-password", "ya29.", "eyJ",
                    base64.b64encode(b"elastic:tenant-password").decode())


BUDGET = "\nsync:\n  time_budget: 3\n"


def test_secrets_are_not_in_the_environment_or_the_arguments():
    t = rig.Tenant("--users", 1, "--messages", 2000, "--size", 300, "--latency", 20)
    process = rig.start([rig.BINARY, "sync", "-c", t.write_config()], stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL, env=rig.clean_env())
    rig.wait_for(lambda: t.stats()["messages_served"] > 10)
    for name in ("cmdline", "environ"):
        true(b"tenant-password" not in open(f"/proc/{process.pid}/{name}", "rb").read(), name)


# ---- limits

def test_limits_need_no_connector():
    for text in ("", "limits:\n  lanes: 4\n"):
        r = Folder(text).run("limits")
        same((r.code, r.err), (0, ""), r.text())
        true(re.search(r"^total +\d+ ", r.out, re.M), r)
    r = Folder().run("limits")  # nor a file
    true(r.code == 0 or "config.yml" in r.err, r)
    refused(Folder("limits:\n  lanes: many\n").run("limits"), "limits.lanes")
