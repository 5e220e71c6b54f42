# SPDX-License-Identifier: Apache-2.0
"""`mailferry connectors` against the fake tenant's Elasticsearch, scripted servers, and a real node."""
import base64
import http.server
import json
import os
import pty
import re
import select
import signal
import socket
import ssl
import stat
import subprocess
import termios
import threading
import time
import urllib.error
import urllib.request

import node
import rig
from rig import same, true

VALUES = {"service_account_credentials": {"type": "service_account", "client_email": "a@b.test"},
          "subject": "admin@example.test", "customer_id": "C01", "include_spam_and_trash": "false",
          "include_full_raw_message": True, "use_document_level_security": False}
RECORD = {"index_name": "search-c1", "service_type": "gmail", "status": "connected", "name": "One",
          "configuration": {"subject": {"value": "x@y.zz"}, "trigger_method": "scheduled"}, "language": "en",
          "filtering": [], "is_native": False, "last_sync_status": "completed"}


class Place:
    """A folder to run the command line in."""

    def __init__(self, text=None):
        self.dir = rig.folder()
        if text is not None:
            self.write(".cli/config.yml", text)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w") as f:
            f.write(text)
        return self.path(name)

    def read(self, name):
        return open(self.path(name)).read()

    def run(self, *arguments, typed="", env=None):
        done = subprocess.run([rig.BINARY, "connectors", *arguments, "--require-seal"], input=typed, text=True,
                              capture_output=True, cwd=self.dir, env=rig.clean_env(env), timeout=60)
        return rig.Result(done.returncode, done.stdout, done.stderr)


class Double(Place):
    """A tenant's Elasticsearch, and the access to it on file."""

    def __init__(self, *options, connectors=(), more=""):
        self.tenant = rig.Tenant("--users", 1, "--messages", 1, "--size", 300, "--es-system", *options)
        self.url = f"https://127.0.0.1:{self.tenant.port('elasticsearch')}"
        self.trust = f"  ca_certs: {self.tenant.dir}/ca.pem\n"
        super().__init__(self.access(f"  username: elastic\n  password: tenant-password\n{more}"))
        for name in connectors:
            self.tenant.post("connectors", id=name, record=dict(RECORD, index_name="search-" + name))

    def access(self, who):
        return f"elasticsearch:\n  host: {self.url}\n{self.trust}{who}"

    def ask(self, method, path, body=None):
        context = ssl.create_default_context(cafile=os.path.join(self.tenant.dir, "ca.pem"))
        request = urllib.request.Request(self.url + path, method=method,
                                         data=json.dumps(body).encode() if body is not None else None)
        pair = base64.b64encode(b"elastic:tenant-password").decode()
        request.add_header("Authorization", "Basic " + pair)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=30, context=context) as answer:
            return json.loads(answer.read() or b"{}")

    def records(self, kind):
        lines = filter(None, self.tenant.control("GET", kind).splitlines())
        return {r["id"]: r["record"] for r in map(json.loads, lines)}

    def job(self, **doc):
        made = json.loads(self.tenant.post("jobs", make={"id": "c1", "job_type": "full", "trigger_method": "on_demand"}))
        if doc:
            self.tenant.post("jobs", id=made["id"], doc=doc)
        return made["id"]


class Script:
    """A server that answers by a function (method, path, body) -> (status, object or bytes)."""

    def __init__(self, answer):
        self.log = []
        script = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def reply(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                script.log.append((self.command, self.path, body, dict(self.headers)))
                status, data = answer(self.command, self.path, body)
                data = data if isinstance(data, bytes) else json.dumps(data).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = reply

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # who had enough of an answer hangs up
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def place(self):
        return Place(f"elasticsearch:\n  host: {self.url}\n  api_key: abc\n  max_retries: 1\n")


def done(r, *words):
    same(r.code, 0, r.text())
    for word in words:
        true(word in r.out, f"{word}: {r.text()}")
    return r


def failed(r, *words, code=1):
    """An error in one sentence, and what to do about it."""
    same(r.code, code, r.text())
    lines = r.err.splitlines()
    true(len(lines) >= 2 and lines[-2].startswith("mailferry: ") and lines[-1].startswith("  "), r)
    for word in words:
        true(word in r.err, f"{word}: {r.text()}")
    return r


def table(r):
    """Rows by the columns of the head."""
    lines = done(r).out.splitlines()
    marks = [(m.start(), m.end()) for m in re.finditer("-+", lines[1])]
    return [[line[a:b if n + 1 < len(marks) else None].strip() for n, (a, b) in enumerate(marks)]
            for line in [lines[0], *lines[2:]]]


# ---- help, and the file

def test_help_and_version():
    for arguments in ((), ("-h",), ("job", "--help")):
        r = done(Place().run(*arguments), "job cancel JOB")
        lines = r.out.splitlines()
        true(len(lines) <= 24 and max(map(len, lines)) <= 80, r)
    done(Place().run("-v"), "mailferry ")


def test_wrong_use():
    here = Place()
    for words in (("frobnicate",), ("job", "start"), ("job", "start", "-i", "x", "-t", "half"), ("index", "clean"),
                  ("connector", "list", "--native"), ("job", "view", "x", "-o", "xml"), ("job", "view", "a", "b")):
        failed(here.run(*words), code=2)


def test_without_a_login():
    failed(Place().run("connector", "list"), ".cli/config.yml", "connectors login")
    failed(Place().run("-c", "other.yml", "index", "list"), "other.yml")
    failed(Place("").run("index", "list"), "connectors login")
    failed(Place("elasticsearch:\n  api_key: x\n").run("index", "list"), "connectors login")
    failed(Place("a: [\n").run("index", "list"), ".cli/config.yml:2")
    failed(Place("elasticsearch:\n  host: nowhere\n").run("index", "list"), "host")


def test_unreachable_host():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    here = Place(f"elasticsearch:\n  host: http://127.0.0.1:{port}\n  api_key: x\n  max_retries: 1\n")
    start = time.time()
    failed(here.run("connector", "list"), "refuse")
    true(time.time() - start < 10, "it waited long")


def test_nothing_in_the_file_is_replaced():
    s = Script(lambda *_: (200, {}))
    here = Place(f"elasticsearch:\n  host: {s.url}\n  username: me\n  password: pa$$word-$HOME-${{X}}\n")
    here.run("index", "list")
    said = s.log[0][3]
    same(base64.b64decode(said["Authorization"].split()[1]).decode(), "me:pa$$word-$HOME-${X}")
    true(said["User-Agent"].endswith("/cli") and said["User-Agent"].startswith("mailferry/"), str(said))


def test_no_credentials_are_invented():
    s = Script(lambda *_: (200, {}))
    Place(f"elasticsearch:\n  host: {s.url}\n").run("index", "list")
    true("Authorization" not in s.log[0][3], str(s.log))


# ---- login

def test_login():
    d = Double()
    d.write(".cli/config.yml", d.access(""))
    failed(d.run("login", "--host", d.url, typed="n\n"), "not confirmed")
    failed(d.run("login", "--host", d.url, typed="y\nelastic\nwrong\n"), "401")
    same(d.read(".cli/config.yml"), d.access(""), "a login that failed left a mark")
    long = d.access("") + "# " + "x" * 500 + "\n"
    d.write(".cli/config.yml", long)
    os.chmod(d.path(".cli/config.yml"), 0o644)
    r = done(d.run("login", typed=f"y\n{d.url}\n\ntenant-password\n"), ".cli/config.yml")
    true("tenant-password" not in r.text() and "[elastic]" in r.err, r)
    text = d.read(".cli/config.yml")
    same(text.rstrip("\n").splitlines()[1:4],
         [f'  host: "{d.url}"', '  username: "elastic"', '  password: "tenant-password"'])
    true("xxx" not in text and "ca_certs" in text, text)
    same(stat.S_IMODE(os.stat(d.path(".cli/config.yml")).st_mode), 0o600)
    done(d.run("connector", "list"), "No connectors found.")


def test_login_with_an_api_key():
    d = Double()
    d.write(".cli/config.yml", d.access(""))
    key = d.tenant.facts["api_key"]
    done(d.run("login", "--host", d.url, "--method", "apikey", "-y", typed=key + "\n"))
    true(f'  api_key: "{key}"\n' in d.read(".cli/config.yml") and "username" not in d.read(".cli/config.yml"), "file")
    done(d.run("connector", "list"))


def test_login_makes_the_folder_and_keeps_odd_passwords():
    root = {"version": {"number": "9.1.0", "build_flavor": "default"}, "tagline": "You Know, for Search"}
    s = Script(lambda *_: (200, root))
    here = Place()
    odd = 'a "b" \\ : # $x \u00e4 \x01'
    done(here.run("login", "--host", s.url, typed=f"me\n{odd}\n"))
    same(stat.S_IMODE(os.stat(here.path(".cli")).st_mode), 0o700)
    same(stat.S_IMODE(os.stat(here.path(".cli/config.yml")).st_mode), 0o600)
    here.run("index", "list")
    same(base64.b64decode(s.log[-1][3]["Authorization"].split()[1]).decode(), "me:" + odd)


def test_login_elsewhere():
    here = Place()
    s = Script(lambda *_: (200, {"hello": "world"}))
    failed(here.run("login", "--host", s.url, typed="me\nsecret\n"), "Elasticsearch")
    same(here.read(".cli/config.yml"), "", "what was not tried well is not kept")
    failed(here.run("connector", "list"), "connectors login")
    s = Script(lambda *_: (200, b"<html>no</html>"))
    failed(here.run("login", "--host", s.url, typed="me\nsecret\n"))
    failed(here.run("login", "--host", s.url, typed="me\n"), "nothing more to read")
    failed(here.run("login", "--host", s.url, typed="me\n\n"), "Password")
    failed(here.run("login", "--host", s.url, typed="me\n" + "x" * 5000 + "\n"), "Password")
    failed(here.run("-c", here.dir, "login", "--host", s.url, "-y", typed="me\nx\n"), here.dir)


class Terminal:
    """The command line on a terminal of its own."""

    def __init__(self, where, *arguments):
        self.fd, slave = pty.openpty()
        self.seen = ""

        def own():
            os.setsid()
            import fcntl
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = rig.start([rig.BINARY, "connectors", *arguments, "--require-seal"], stdin=slave, stdout=slave,
                                 stderr=slave, cwd=where.dir, env=rig.clean_env(), preexec_fn=own)
        self.slave = slave

    def until(self, word):
        end = time.time() + 20
        while word not in self.seen:
            if time.time() > end:
                raise AssertionError(f"no {word!r} in {self.seen!r}")
            if select.select([self.fd], [], [], 0.1)[0]:
                self.seen += os.read(self.fd, 4096).decode()

    def type(self, text):
        os.write(self.fd, text.encode())

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)


def test_a_terminal_does_not_show_secrets():
    d = Double()
    d.write(".cli/config.yml", d.access(""))
    t = Terminal(d, "login", "--host", d.url, "-y")
    t.until("Username")
    t.type("elastic\n")
    t.until("Password: ")
    rig.wait_for(lambda: not t.echoes())
    t.type("tenant-password\n")
    t.until("logged in")
    same(t.process.wait(20), 0)
    true("tenant-password" not in t.seen and "elastic\r\n" in t.seen, t.seen)
    true(t.echoes(), "the echo stayed off")


def test_interrupted_at_a_hidden_prompt():
    here = Place()
    t = Terminal(here, "login", "--host", "http://127.0.0.1:1", "--method", "apikey")
    t.until("API key: ")
    rig.wait_for(lambda: not t.echoes())
    t.type("\x03")
    same(t.process.wait(20), 1)
    t.until("stopped by a signal")
    true(t.echoes(), "the echo stayed off")
    true(not os.path.exists(here.path(".cli/config.yml")), "a file was made")


# ---- connectors

def test_list():
    d = Double()
    done(d.run("connector", "list"), "No connectors found.")
    d.tenant.post("connectors", id="c2", record=dict(RECORD, index_name="search-z"))
    d.tenant.post("connectors", id="c1", record=RECORD)
    d.tenant.post("connectors", id="gone", record=dict(RECORD, deleted=True))
    d.tenant.post("connectors", id="bare", record={"status": "created", "index_name": None})
    rows = table(d.run("connector", "list"))
    same(rows[0], ["ID", "Index name", "Service type", "Status", "Last sync job status"])
    same(rows[1:3], [["c1", "search-c1", "gmail", "connected", "completed"],
                     ["c2", "search-z", "gmail", "connected", "completed"]])
    same(rows[3:], [["bare", "", "", "created", ""]])


def test_list_makes_the_indices_and_reads_pages():
    d = Double()
    for i in range(230):
        d.tenant.post("connectors", id=f"c{i}", record=dict(RECORD, index_name=f"search-{i:04}"))
    rows = table(d.run("connector", "list"))[1:]
    same([row[0] for row in rows], [f"c{i}" for i in range(230)])
    bare = Script(lambda method, path, body: (404, {}) if method == "HEAD" else
                  (200, {"hits": {"total": {"value": 0}, "hits": []}, "_shards": {"failed": 0}}))
    done(bare.place().run("connector", "list"), "No connectors")
    same([(m, p) for m, p, *_ in bare.log[:4]],
         [(m, p) for p in ("/.elastic-connectors-v1", "/.elastic-connectors-sync-jobs-v1") for m in ("HEAD", "PUT")])


def create(d, *more, index="search-new", typed=""):
    d.write("values.json", json.dumps(VALUES))
    return d.run("connector", "create", "--index-name", index, "--name", "New", "--service-type", "gmail",
                 "--index-language", "en", *more, typed=typed)


def test_create_from_a_file():
    d = Double()
    r = done(create(d, "--from-file", "values.json"), "index created: search-new", "name: New", "service type: gmail")
    (name, record), = d.records("connectors").items()
    true(f"connector created: {name}\n" in r.out, r)
    same({k: v["value"] for k, v in record["configuration"].items()},
         dict(VALUES, include_spam_and_trash=False,
              service_account_credentials=json.dumps(VALUES["service_account_credentials"])))
    same(len(record["configuration"]["subject"]), 13)
    same(record["configuration"]["subject"]["validations"], [{"type": "regex", "constraint": "^\\S+@\\S+\\.\\S+$"}])
    for key, value in dict(status="configured", is_native=False, language="en", name="New", index_name="search-new",
                           service_type="gmail", custom_scheduling={}, last_seen=None, last_synced=None,
                           last_sync_status=None, error=None, last_indexed_document_count=0,
                           last_deleted_document_count=0, api_key_secret_id=None).items():
        same(record[key], value, key)
    true("features" not in record and record["created_at"].endswith("+00:00"), str(record))
    same(set(record["scheduling"]), {"full", "incremental", "access_control"})
    same(record["scheduling"]["full"], {"enabled": False, "interval": "0 0 0 * * ?"})
    same(record["filtering"][0]["domain"], "DEFAULT")
    for half in ("active", "draft"):
        same(record["filtering"][0][half]["rules"][0]["id"], "DEFAULT")
        same(record["filtering"][0][half]["validation"], {"state": "valid", "errors": []})
    # the key that was made opens what the connector's jobs need, the jobs' records among it
    key = re.search(r"API key: (\S+)", r.out).group(1)
    same(base64.b64decode(key).decode().split(":")[0], record["api_key_id"])
    d.write(".cli/config.yml", d.access(f"  api_key: {key}\n"))
    done(d.run("connector", "list"), name)
    done(d.run("job", "list", name), "No jobs found.")
    done(d.run("job", "start", "-i", name, "-t", "full"))


def test_create_by_prompts():
    d = Double()
    account = json.dumps(VALUES["service_account_credentials"], indent=2)
    d.write("account.json", account)
    r = done(d.run("connector", "create", typed="search-typed\ngmail\n\n\n@account.json\nadmin@example.test\nC01\n"
                   "\nyes\nfalse\n"), "name: search-typed")
    same([w for w in re.findall(r"^(.*?)(?: \[.*)?:", r.err, re.M) if w],
         ["Index name", "Service types", "Service type", "Connector name", "Index language (empty",
          "GMail service account JSON (one line, or @FILE)", "Google Workspace admin email", "Google customer id",
          "Include spam and trash emails (true or false)", "Index full raw email (including headers) (true or false)",
          "Enable document level security (true or false)"], r.err)
    record, = d.records("connectors").values()
    same([v["value"] for v in record["configuration"].values()],
         [account, "admin@example.test", "C01", False, True, False])
    same(record["language"], None)


def test_create_refuses():
    d = Double(connectors=["c1"])
    from_file = ("--from-file", "values.json")
    failed(create(d, *from_file, index="search-c1"), "c1", "a connector has this index")
    d.ask("PUT", "/search-there")
    failed(create(d, *from_file, index="search-there"), "search-there", "exists already")
    failed(create(d, *from_file, "--from-index", index="search-away"), "search-away", "no index")
    done(create(d, *from_file, "--from-index", index="search-there"))
    same(len(d.records("connectors")), 2)
    failed(create(d, *from_file, index="UPPER"), "must be lowercase")
    for bad in ("a*", "a,b", "_x", "..", "a b", "\x1b[31m"):
        r = failed(create(d, *from_file, index=bad), "name of an index")
        true("\x1b" not in r.text(), r)
    failed(d.run("connector", "create", "--index-name", "i", "--service-type", "sharepoint", "--name", "n"), "sharepoint")
    for key in VALUES:
        left = {k: v for k, v in VALUES.items() if k != key}
        d.write("left.json", json.dumps(left))
        r = create(d, "--from-file", "left.json", index="search-left")
        if isinstance(VALUES[key], bool) or key == "include_spam_and_trash":
            done(r)  # toggles have the schema's value
            d.tenant.post("connectors", id=re.search("connector created: (.*)", r.out).group(1), delete=True)
            d.ask("DELETE", "/search-left")
        else:
            failed(r, {"subject": "Google Workspace admin email", "customer_id": "Google customer id",
                       "service_account_credentials": "GMail service account JSON"}[key])
    for text, word in (("[]", "JSON object"), ("{", "JSON object"), ("", "JSON object"), ("{}", "GMail service"),
                       (json.dumps(dict(VALUES, include_spam_and_trash="perhaps")), "Include spam"),
                       (json.dumps(dict(VALUES, subject=["a"])), "admin email"), ("{" + " " * 70000 + "}", "bad.json")):
        d.write("bad.json", text)
        failed(create(d, "--from-file", "bad.json"), word)
    failed(create(d, "--from-file", "none.json"), "none.json")
    failed(create(d, typed="x\n"), "nothing more to read")
    failed(create(d, typed="\n"), "GMail service account JSON")
    failed(create(d, typed="@none.json\n"), "none.json")


def test_create_native():
    d = Double()
    done(create(d, "--from-file", "values.json", "--native"))
    record, = d.records("connectors").values()
    true(record["is_native"] is True and record["api_key_secret_id"], str(record))


def test_create_with_an_api_key_makes_none():
    d = Double()
    d.write(".cli/config.yml", d.access(f"  api_key: {d.tenant.facts['api_key']}\n"))
    r = done(create(d, "--from-file", "values.json"), "no API key is made")
    record, = d.records("connectors").values()
    same((record["api_key_id"], "API key:" in r.out), (None, False))


def test_create_when_no_key_can_be_made():
    d = Double()
    d.tenant.post("faults", path="/_security/api_key", count=-1, status=403)
    done(create(d, "--from-file", "values.json"), "no API key could be made", "connector created")
    d.tenant.control("DELETE", "faults")
    d.tenant.post("faults", path="/.elastic-connectors/_doc", count=-1, status=403)
    r = failed(create(d, "--from-file", "values.json", index="search-half"), "403")
    true("index created: search-half" in r.out and "API key id: " in r.out, r)  # what is left behind is said


def updated(text):
    d = Double()
    d.write("config.yml", text)
    r = done(create(d, "--from-file", "values.json", "--update-config"))
    (name, record), = d.records("connectors").items()
    return d.read("config.yml"), name, re.search(r"API key: (\S+)", r.out).group(1), r


def test_update_config_appends():
    entry = '- connector_id: "{}"\n{}service_type: "gmail"\n{}api_key: "{}"\n'
    for before, indent, head in (
            ("", 2, "connectors:\n"),
            ("# a note\nelasticsearch:\n  host: http://x # ${HOST}\n", 2, "connectors:\n"),
            ("elasticsearch.host: http://x", 2, "\nconnectors:\n"),
            ("a: 1\nconnectors:\n", 2, ""),
            ("a: 1\nconnectors:\n- connector_id: one\n  configuration:\n    subject: x\n", 0, ""),
            ("connectors:\n    # first\n    -\n      connector_id: one\n\n# the end\n", 4, "")):
        after, name, key, r = updated(before)
        blanks = " " * (indent + 2)
        same(after, before + head + " " * indent + entry.format(name, blanks, blanks, key), r.text())
        true("added to config.yml" in r.out, r)


def test_update_config_says_what_to_add():
    for before in ("connectors:\n  - connector_id: one\nservice:\n  idling: 5\n", "connectors: []\n",
                   "connectors: {a: 1}\n", "a: 1\n...\n", "a: [1\n", "- list\n"):
        after, name, key, r = updated(before)
        same(after, before, "the file was touched")
        true("add this to config.yml" in r.out and f'connector_id: "{name}"' in r.out and key in r.out, r)
    d = Double()
    failed(create(d, "--from-file", "values.json", "--update-config"), "config.yml")
    same(d.records("connectors"), {}, "made although the file is not there")
    d.write("other.yml", "")
    done(create(d, "--from-file", "values.json", "--update-config", "--connector-service-config", "other.yml"))
    true(d.read("other.yml").startswith("connectors:\n"), d.read("other.yml"))


# ---- jobs

def test_job_start_list_view():
    for api in (False, True):
        d = Double(connectors=["c1"], more="  feature_use_connectors_api: true\n" if api else "")
        for kind in ("full", "incremental", "access_control"):
            r = done(d.run("job", "start", "-i", "c1", "-t", kind, "-o", "json"))
            name = json.loads(r.out)["id"]
            same(r.out, f'{{\n    "id": "{name}"\n}}\n')
            record = d.records("jobs")[name]
            same((record["job_type"], record["trigger_method"], record["status"]), (kind, "on_demand", "pending"))
            same(record["connector"]["configuration"], RECORD["configuration"])
            same("total_document_count" in record, api, "how it was made")
            prefix = ".search-acl-filter-" if kind == "access_control" else ""
            seen = json.loads(done(d.run("job", "view", name, "-o", "json")).out)
            same(seen, {"job_id": name, "connector_id": "c1", "index_name": prefix + "search-c1", "job_status": "pending",
                        "job_type": kind, "documents_indexed": 0, "volume_documents_indexed": 0, "documents_deleted": 0})
            done(d.run("job", "view", name), name, "Volume documents indexed (MiB)")
        done(d.run("job", "start", "-i", "c1", "-t", "full"), "job created: ")
        rows = table(d.run("job", "list", "c1"))
        same(rows[0], ["Job id", "Connector id", "Index name", "Job status", "Job type", "Documents indexed",
                       "Volume documents indexed (MiB)", "Documents deleted"])
        same([row[4] for row in rows[1:]], ["full", "incremental", "access_control", "full"])
        done(d.run("job", "list", "none"), "No jobs found.")


def test_job_start_refuses():
    d = Double(connectors=["c1"])
    failed(d.run("job", "start", "-i", "none", "-t", "full"), "no connector of this id: none")
    failed(d.run("job", "start", "-i", "../x y\x1b", "-t", "full"), "../x y?")
    d.tenant.post("connectors", id="c1", doc={"deleted": True})
    failed(d.run("job", "start", "-i", "c1", "-t", "full"), "no connector of this id")
    d.tenant.post("connectors", id="c2", record=dict(RECORD, index_name=None))
    failed(d.run("job", "start", "-i", "c2", "-t", "full"), "c2", "index")
    d.tenant.post("connectors", id="c3", record=dict(RECORD, service_type=None))
    failed(d.run("job", "start", "-i", "c3", "-t", "full"), "c3", "service")
    same(d.records("jobs"), {})


def test_job_cancel():
    d = Double(connectors=["c1"])
    waits, runs, ended = d.job(), d.job(status="in_progress"), d.job(status="completed")
    failed(d.run("job", "cancel", waits, typed="\n"), "not confirmed")
    failed(d.run("job", "cancel", waits, typed=""), "nothing more to read")
    same(d.records("jobs")[waits]["status"], "pending")
    done(d.run("job", "cancel", waits, typed="y\n"), "job cancelled: " + waits)
    record = d.records("jobs")[waits]
    same(record["status"], "canceled")
    true(record["canceled_at"] and record["completed_at"] and record["cancelation_requested_at"], str(record))
    done(d.run("job", "cancel", runs, "-y"), "told to stop")
    record = d.records("jobs")[runs]
    same((record["status"], record["error"], "canceled_at" in record), ("canceling", None, False))
    done(d.run("job", "cancel", runs, "-y"), "already")
    failed(d.run("job", "cancel", ended, "-y"), "completed")
    same(d.records("jobs")[ended]["status"], "completed")
    failed(d.run("job", "cancel", "none", "-y"), "no job of this id: none")
    failed(d.run("job", "view", "none"), "no job of this id: none")


def test_job_cancel_while_it_changes():
    d = Double(connectors=["c1"])
    job = d.job()
    d.tenant.post("faults", path="/.elastic-connectors-sync-jobs/_update/", count=2, status=409)
    done(d.run("job", "cancel", job, "-y"))
    d.tenant.post("faults", path="/.elastic-connectors-sync-jobs/_update/", count=3, status=409)
    failed(d.run("job", "cancel", d.job(), "-y"), "409")


# ---- indices

def test_index_list_and_clean():
    def answer(method, path, body):
        if "_stats" in path:
            return 200, {"indices": {"search-a": {"primaries": {"docs": {"count": 12}}}, "b\u001b[31m": {}}}
        if "_delete_by_query" in path:
            return 200, {"deleted": 12, "failures": []}
        return (404 if "away" in path else 200), {}
    s = Script(answer)
    here = s.place()
    same(table(here.run("index", "list")),
         [["Index name", "Number of documents"], ["search-a", "12"], ["b?[31m", "unknown"]])
    done(here.run("index", "clean", "search-a", typed="y\n"), "documents removed: 12")
    method, path, body, _ = s.log[-1]
    same((method, path, json.loads(body)),
         ("POST", "/search-a/_delete_by_query?ignore_unavailable=true", {"query": {"match_all": {}}}))
    failed(here.run("index", "clean", "away", "-y"), "no index of this name: away")
    failed(here.run("index", "clean", "search-a", typed="n\n"), "not confirmed")
    for bad in ("*", "_all", "a,b", "search-*", "-a"):
        before = len(s.log)
        failed(here.run("index", "clean", "--", bad) if bad[0] == "-" else here.run("index", "clean", bad, "-y"),
               code=2 if bad[0] == "-" else 1)
        same(len(s.log), before, "asked all the same")


def test_index_list_of_a_serverless_project():
    s = Script(lambda m, path, b: (410, {"error": "not here"}) if "_stats" in path else
               (200, {"search-a": {"settings": {"index": {"uuid": "x"}}}}))
    same(table(s.place().run("index", "list"))[1:], [["search-a", "unknown"]])
    done(Script(lambda *_: (200, {})).place().run("index", "list"), "No indices found.")


def test_index_delete():
    d = Double()
    d.ask("PUT", "/search-there")
    failed(d.run("index", "delete", "search-there", typed="no\n"), "not confirmed")
    done(d.run("index", "delete", "search-there", typed="yes\n"), "index deleted: search-there")
    failed(d.run("index", "delete", "search-there", "-y"), "no index of this name")


# ---- rights, and hostile answers

def test_wrong_rights():
    d = Double(connectors=["c1"])
    job = d.job()
    d.ask("PUT", "/search-there")
    key = d.ask("PUT", "/_security/api_key", {"name": "little", "role_descriptors": {
        "r": {"cluster": ["monitor"], "index": [{"names": ["nothing"], "privileges": ["read"]}]}}})["encoded"]
    d.write(".cli/config.yml", d.access(f"  api_key: {key}\n"))
    for words in (("connector", "list"), ("job", "list", "c1"), ("job", "view", job), ("job", "cancel", job, "-y"),
                  ("job", "start", "-i", "c1", "-t", "full"), ("index", "delete", "search-there", "-y")):
        failed(d.run(*words), "403")
    failed(create(d, "--from-file", "values.json"), "403")
    d.write(".cli/config.yml", d.access("  username: elastic\n  password: wrong\n"))
    failed(d.run("connector", "list"), "401")


HOSTILE = "\x1b]0;x\x07\u202e\u2028\n\r\x9b<" + "w" * 500


def test_hostile_names_stay_in_their_cells():
    d = Double()
    d.tenant.post("connectors", id="c1", record=dict(RECORD, index_name=HOSTILE, service_type=HOSTILE, status=HOSTILE))
    r = done(d.run("connector", "list"))
    same(len(r.out.splitlines()), 3)
    for byte in "\x1b\x07\u202e\u2028\x9b\r":
        true(byte not in r.out, repr(byte))


def test_hostile_answers():
    record = {"_id": "j", "_seq_no": 1, "_primary_term": 1, "_source": {"status": "pending"}}
    odd = [b"", b"null", b"[]", b"{", b"\xff\xfe", b"{}", b'{"hits":{"hits":[1]}}', b'{"hits":{"hits":{}}}',
           b'{"_source":[]}', b'{"_source":{"status":{}}}', b"[" * 5000, b'{"indices":[]}', b'{"indices":{"a":[]}}',
           b'{"hits":{"hits":[{"_id":"\\ud800","_source":{"index_name":7,"status":[]}}]}}',
           b'{"_id":"' + b"x" * 100000 + b'"}', b"{" + b" " * (17 << 20) + b"}"]
    commands = (("connector", "list"), ("index", "list"), ("index", "clean", "a", "-y"), ("job", "list", "c"),
                ("job", "view", "j", "-o", "json"), ("job", "cancel", "j", "-y"), ("job", "start", "-i", "c", "-t", "full"))
    current = []
    s = Script(lambda method, path, body: (200, current[0]))
    here = s.place()
    for data in odd:
        current[:] = [data]
        for words in commands:
            r = here.run(*words)
            true(r.code in (0, 1) and (r.code == 0 or "mailferry: " in r.err), f"{words} {data[:40]}: {r.code} {r.err}")
    # ids and words of the server, shown
    current[:] = [json.dumps(dict(record, _id=HOSTILE, _source={"status": HOSTILE})).encode()]
    for words in (("job", "view", "j"), ("job", "cancel", "j", "-y"), ("job", "view", "j", "-o", "json")):
        r = here.run(*words)
        for byte in "\x1b\x07\x9b\r":
            true(byte not in r.text(), f"{words} {byte!r}: {r.text()}")
    current[:] = [json.dumps({"hits": {"hits": [dict(record, _id=f"j{i}") for i in range(100)]}}).encode()]
    r = done(here.run("connector", "list"), "there are more")  # for ever the same page
    same(len(r.out.splitlines()), 5003)


def test_a_hostile_id_is_not_written_to_the_configuration():
    def answer(method, path, body):
        if method == "HEAD":
            return (404 if "search-new" in path else 200), {}
        if "_search" in path:
            return 200, {"hits": {"total": {"value": 0}, "hits": []}}
        return 200, {"id": "k", "encoded": "a"} if "api_key" in path else {"_id": 'x"\nevil: true\n'}
    s = Script(answer)
    here = Place(f"elasticsearch:\n  host: {s.url}\n  username: a\n  password: b\n")
    here.write("config.yml", "a: 1\n")
    r = done(create(here, "--from-file", "values.json", "--update-config"), "add this to")
    same(here.read("config.yml"), "a: 1\n")
    true("\nevil" not in r.out, r)


def test_stopped_while_a_request_is_under_way():
    s = Script(lambda *_: (time.sleep(30), (200, {}))[1])
    here = s.place()
    p = rig.start([rig.BINARY, "connectors", "index", "list", "--require-seal"], cwd=here.dir, env=rig.clean_env(),
                  stderr=subprocess.PIPE, text=True)
    rig.wait_for(lambda: s.log)
    p.send_signal(signal.SIGTERM)
    same(p.wait(5), 1)
    true("stopped by a signal" in p.stderr.read(), "words")


# ---- a real Elasticsearch

KEYWORDS = {"properties": {"index_name": {"type": "keyword"}, "status": {"type": "keyword"},
                           "service_type": {"type": "keyword"}, "created_at": {"type": "date"},
                           "connector": {"properties": {"id": {"type": "keyword"}}}}, "dynamic": False}


def test_a_real_elasticsearch():
    n = node.get("connectors", secure=True)
    for name in (".elastic-connectors", ".elastic-connectors-sync-jobs"):  # as the templates would make them
        n.ask("PUT", f"/{name}-v1", {"mappings": KEYWORDS, "aliases": {name: {}}})
    here = Place(f"elasticsearch:\n  ca_certs: {n.ca_file}\n")
    done(here.run("login", "--host", n.url, "-y", typed=f"elastic\n{node.PASSWORD}\n"))
    done(here.run("connector", "list"), "No connectors found.")
    r = done(create(here, "--from-file", "values.json"), "index created: search-new", "API key: ")
    name = re.search("connector created: (.*)", r.out).group(1)
    same(table(here.run("connector", "list"))[1:], [[name, "search-new", "gmail", "configured", ""]])
    failed(create(here, "--from-file", "values.json"), "exists already")
    failed(create(here, "--from-file", "values.json", "--from-index"), name)
    job = json.loads(done(here.run("job", "start", "-i", name, "-t", "full", "-o", "json")).out)["id"]
    failed(here.run("job", "start", "-i", "none", "-t", "full"), "no connector")
    same(table(here.run("job", "list", name))[1][:5], [job, name, "search-new", "pending", "full"])
    done(here.run("job", "view", job), "pending")
    done(here.run("job", "cancel", job, typed="y\n"))
    same(json.loads(here.run("job", "view", job, "-o", "json").out)["job_status"], "canceled")
    failed(here.run("job", "cancel", job, "-y"), "canceled")
    failed(here.run("job", "view", "none"), "no job")
    for i in range(5):
        n.ask("POST", "/search-new/_doc?refresh=true", {"title": str(i)}, 201)
    true(["search-new", "5"] in table(here.run("index", "list")), "index list")
    r2 = here.run("index", "clean", "search-new", "-y")
    n.ask("POST", "/search-new/_refresh")
    if "no handler found" in r2.err:  # a node without its module `reindex`
        failed(r2, "_delete_by_query")
    else:
        done(r2, "documents removed: 5")
        same(n.ask("GET", "/search-new/_count")["count"], 0)
    # the connector's own key reads records of jobs, and no other index
    own = Place(f"elasticsearch:\n  host: {n.url}\n  ca_certs: {n.ca_file}\n"
                f"  api_key: {re.search('API key: (.*)', r.out).group(1)}\n")
    done(own.run("job", "view", job), "canceled")
    done(own.run("connector", "list"), name)
    n.ask("PUT", "/search-foreign")
    failed(own.run("index", "delete", "search-foreign", "-y"), "403")
    done(here.run("index", "delete", "search-new", typed="y\n"))
    failed(here.run("index", "delete", "search-new", "-y"), "no index")


def finish():
    node.stop()
