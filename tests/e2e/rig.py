# SPDX-License-Identifier: Apache-2.0
"""What an end-to-end test needs: the fake tenant as a process, mailferry as a process, and their words."""
import base64
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.join(ROOT, "build", "mailferry")
SHARED = os.path.join(os.path.dirname(ROOT), "shared")  # only on the project's own machines
RUNNING = []
FOLDERS = []


class Skip(Exception):
    pass


def folder():
    path = tempfile.mkdtemp(prefix="mailferry-e2e-")
    FOLDERS.append(path)
    return path


def stop_all():
    while RUNNING:
        process = RUNNING.pop()
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    while FOLDERS:
        shutil.rmtree(FOLDERS.pop(), ignore_errors=True)


def start(arguments, **options):
    process = subprocess.Popen(arguments, **options)
    RUNNING.append(process)
    return process


class Tenant:
    """tests/tenant as a process; see its README for options and the control port."""

    def __init__(self, *arguments):
        self.dir = folder()
        self.log = open(os.path.join(self.dir, "log"), "w")
        command = [os.path.join(ROOT, "build", "tenant"), "--out", self.dir, *map(str, arguments)]
        self.process = start(command, stdout=self.log, stderr=self.log)
        ready = os.path.join(self.dir, "ready")
        wait_for(lambda: os.path.exists(ready) and "api_key" in open(ready).read())
        self.facts = dict(line.strip().split("=", 1) for line in open(ready))
        self.config = open(os.path.join(self.dir, "config.yml")).read()

    def port(self, which):
        return int(self.facts[which])

    def control(self, method, path, body=None):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.facts['control']}/_tenant/{path}", method=method,
            data=None if body is None else json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()

    def post(self, where, **body):
        return self.control("POST", where, body)

    def stats(self):
        return json.loads(self.control("GET", "stats"))

    def docs(self, index="search-gmail"):
        lines = filter(None, self.control("GET", f"docs?index={index}").splitlines())
        return {d["_id"]: d for d in map(json.loads, lines)}

    def messages(self, user=None):
        lines = self.control("GET", "messages" + (f"?user={user}" if user else "")).splitlines()
        return {m["id"]: m for m in map(json.loads, filter(None, lines))}

    def users(self):
        return [json.loads(line) for line in self.control("GET", "users").splitlines() if line]

    def write_config(self, change=None, extra="", name="config.yml"):
        """config.yml with unlimited quotas, `change` applied to its text, `extra` appended."""
        text = self.config if change is None else change(self.config)
        if "gmail:\n" not in extra:
            extra += "\ngmail:\n  quota_units_per_user_minute: 1000000000\n" \
                     "  quota_units_per_project_minute: 1000000000\n"
        path = os.path.join(self.dir, name)
        with open(path, "w") as f:
            f.write(text + extra)
        return path

    def sync(self, *flags, change=None, extra="", env=None, timeout=120):
        return sync(self.write_config(change, extra), *flags, env=env, timeout=timeout)


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err
        self.lines = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
        last = [line for line in out.splitlines() if line.startswith("{")]
        self.summary = json.loads(last[-1]) if last and '"end"' in last[-1] else {}
        if not self.summary and self.lines and "end" in self.lines[-1]:
            self.summary = self.lines[-1]

    def __getitem__(self, key):
        return self.summary[key]

    def text(self):
        return self.out[-3000:] + self.err[-6000:]


def clean_env(env=None):
    base = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    base.update(env or {})
    return base


def sync(config, *flags, env=None, timeout=120):
    command = [BINARY, "sync", "-c", config, "--require-seal", "--json", *flags]
    done = subprocess.run(command, capture_output=True, text=True, errors="surrogateescape",
                          env=clean_env(env), timeout=timeout)
    return Result(done.returncode, done.stdout, done.stderr)


def wait_for(condition, seconds=20.0):
    end = time.time() + seconds
    while not condition():
        if time.time() > end:
            raise AssertionError("waited in vain")
        time.sleep(0.05)


def same(got, want, what=""):
    if got != want:
        raise AssertionError(f"{what}: got {str(got)[:400]!r}, want {str(want)[:400]!r}")


def true(condition, what):
    if not condition:
        raise AssertionError(what if isinstance(what, str) else what.text())


def completed(result):
    if result.code != 0 or not result.summary.get("end", "").startswith("completed"):
        raise AssertionError(f"exit {result.code}\n{result.text()}")
    return result


def decoded(text):
    """Base64 or base64url, padded or not."""
    text = text.replace("-", "+").replace("_", "/")
    return base64.b64decode(text + "=" * (-len(text) % 4))
