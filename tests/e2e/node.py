# SPDX-License-Identifier: Apache-2.0
"""A real Elasticsearch as a process, by the tool beside the project; skipped where it cannot run."""
import atexit
import base64
import fcntl
import json
import os
import socket
import ssl
import subprocess
import tempfile
import urllib.error
import urllib.request

import rig

TOOL = os.path.join(rig.SHARED, "tools", "elasticsearch", "run.sh")
PASSWORD = "node-password"
FIRST_PORT = 19251
NODES = {}
WHY_NOT = []  # the reason, once it is known that none can run


def environment(secure):
    env = {k: v for k, v in os.environ.items() if k not in ("ES_PASSWORD", "ES_TLS")}
    cache = os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))
    env.setdefault("ES_HOME", os.path.join(cache, "mailferry-elasticsearch"))
    env.setdefault("ES_HEAP", "512m")
    if secure:
        env.update(ES_PASSWORD=PASSWORD, ES_TLS="1")
    return env


def install():
    """Raises rig.Skip with the reason when this machine cannot run one."""
    if not WHY_NOT and not os.path.exists(TOOL):
        WHY_NOT.append("no Elasticsearch beside the project (../shared/tools/elasticsearch)")
    elif not WHY_NOT and not NODES:
        done = subprocess.run([TOOL, "install"], env=environment(False), capture_output=True, text=True)
        words = (done.stderr or done.stdout).strip().splitlines()
        if done.returncode:
            WHY_NOT.append("Elasticsearch cannot be installed: " + (words[-1] if words else "no reason")[:200])
    if WHY_NOT:
        raise rig.Skip(WHY_NOT[0])


def free_port():
    """One that nobody listens at, and a locked file that keeps it from others: a node takes seconds to listen."""
    for port in range(FIRST_PORT, FIRST_PORT + 500):
        lock = open(os.path.join(tempfile.gettempdir(), f"mailferry-node-{port}"), "a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.create_server(("127.0.0.1", port)):
                return port, lock
        except OSError:
            lock.close()
    raise AssertionError("no free port")


class Node:
    """One node: of one set of settings, shared by the tests that name it the same."""

    def __init__(self, settings, secure):
        self.port, lock = free_port()
        self.secure = secure
        self.env = environment(secure)
        # It ends with this process, however that ends: the pipe closes, and the shell cleans up; the lock is its own.
        self.keeper = subprocess.Popen(
            ["sh", "-c", 'cat >/dev/null; exec "$0" wipe "$1" >/dev/null 2>&1', TOOL, str(self.port)],
            env=self.env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True,
            pass_fds=[lock.fileno()])
        lock.close()
        log = tempfile.TemporaryFile("w+")
        done = subprocess.run([TOOL, "start", str(self.port), *settings], env=self.env, stdout=log,
                              stderr=log, stdin=subprocess.DEVNULL, timeout=180)
        if done.returncode:
            log.seek(0)
            self.stop()
            raise AssertionError("Elasticsearch did not start: " + log.read()[-500:])
        run = os.path.join(self.env["ES_HOME"], "run", str(self.port), "config")
        self.ca_file = os.path.join(run, "http.crt")
        self.url = f"{'https' if secure else 'http'}://127.0.0.1:{self.port}"
        self.context = ssl.create_default_context(cafile=self.ca_file) if secure else None

    def stop(self):
        self.keeper.stdin.close()
        self.keeper.wait(60)

    def ask(self, method, path, body=None, expect=200):
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, method=method, data=data,
                                         headers={"Content-Type": "application/json"})
        if self.secure:
            pair = base64.b64encode(f"elastic:{PASSWORD}".encode()).decode()
            request.add_header("Authorization", "Basic " + pair)
        try:
            with urllib.request.urlopen(request, timeout=60, context=self.context) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        answer = json.loads(text) if text.strip() else {}
        if expect and status != expect:
            raise AssertionError(f"{method} {path}: {status} {str(answer)[:300]}")
        return answer

    def exists(self, path):
        return self.ask("GET", path, expect=None).get("status") != 404

    def docs(self, index):
        """All documents by id, as they are stored; small pages, for nodes that take little."""
        self.ask("POST", f"/{index}/_refresh")
        found, page = {}, self.ask("POST", f"/{index}/_search?scroll=1m&size=20",
                                   {"version": True, "seq_no_primary_term": True})
        while page["hits"]["hits"]:
            found.update((hit["_id"], hit) for hit in page["hits"]["hits"])
            page = self.ask("POST", "/_search/scroll",
                            {"scroll": "1m", "scroll_id": page["_scroll_id"]})
        return found

    def api_key(self, **roles):
        body = {"name": "mailferry"}
        if roles:
            body["role_descriptors"] = {"mailferry": roles}
        return self.ask("POST", "/_security/api_key", body)["encoded"]

    def credentials(self, api_key=None):
        if not self.secure:
            return "  username: nobody\n  password: nothing\n"
        who = f"  api_key: {api_key}\n" if api_key else \
            f"  username: elastic\n  password: {PASSWORD}\n"
        return who + f"  ca_certs: {self.ca_file}\n"

    def change(self, index, entry="", api_key=None, more="", also=lambda text: text):
        """A change of a tenant's config.yml: into this node. `entry`: lines of the connector."""
        def change(text):
            lines = [line for line in text.splitlines(True)
                     if not line.startswith(("  username:", "  password:", "  ca_certs:"))]
            text = "".join(lines)
            text = text.replace("    index_name: search-gmail\n", f"    index_name: {index}\n{entry}")
            start = text.index("  host: ")
            end = text.index("\n", start) + 1
            return also(text[:start] + f"  host: {self.url}\n  retry_interval: 1\n" +
                        self.credentials(api_key) + more + text[end:])
        return change


def get(name, *settings, secure=False):
    install()
    if name not in NODES:
        NODES[name] = Node(settings, secure)
    return NODES[name]


def stop():
    while NODES:
        NODES.popitem()[1].stop()


atexit.register(stop)
