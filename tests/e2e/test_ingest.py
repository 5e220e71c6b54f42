# SPDX-License-Identifier: Apache-2.0
"""mailferry called as `elastic-ingest`: the command line of the service that it replaces."""
import json
import os
import re
import signal
import subprocess

import rig
from rig import same, true, wait_for
from test_serve import World


def linked():
    path = os.path.join(rig.folder(), "elastic-ingest")
    os.symlink(rig.BINARY, path)
    return path


def run(*arguments, where=None):
    done = subprocess.run([linked(), *arguments], capture_output=True, text=True, cwd=where or rig.folder(),
                          env=rig.clean_env(), timeout=60)
    return rig.Result(done.returncode, done.stdout, done.stderr)


def test_list():
    r = run("--action", "list")
    same((r.code, r.err), (0, ""), r.text())
    lines = r.out.splitlines()
    same(lines, ["Registered connectors:", "- GMail", "- Outlook", "Bye"])
    same(run("--action", "LIST", "--debug", "--uvloop").out, r.out)


def test_config():
    for kind, count in (("gmail", 6), ("outlook", 13)):
        r = run("--action", "config", "--service-type", kind)
        same((r.code, r.err), (0, ""), r.text())
        head, rest = r.out.split("\n", 1)
        text, bye = rest.rsplit("\n", 2)[:2]
        same((kind in head, bye), (True, "Bye"))
        schema = json.loads(text)
        same(text, json.dumps(schema, indent=2), "the layout")
        same([f["order"] for f in schema.values()], list(range(1, count + 1)))
        true(all(len(f) == 13 for f in schema.values()), text)


def test_wrong_use():
    for arguments, words in ((("--action", "config"), "service-type"),
                             (("--action", "config", "--service-type", "share\x1bpoint"), "share?point"),
                             (("--action", "list", "--action", "schedule"), "other actions"),
                             (("--action", "dance"), "dance"), (("--log-level", "LOUD"), "LOUD"),
                             (("--frobnicate",), "--frobnicate"), (("more",), "more"), (("-c",), "requires")):
        r = run(*arguments)
        same((r.code, r.out), (2, ""), str(arguments))
        true(r.err.startswith("Usage: elastic-ingest") and words in r.err and "\x1b" not in r.err, r)


def test_help_and_version():
    r = run("--help")
    same((r.code, r.err, r.out.startswith("Usage: elastic-ingest")), (0, "", True), r.text())
    version = open(os.path.join(rig.ROOT, "VERSION")).read().strip()
    same(run("-v").out, f"mailferry {version}\n")


def test_broken_configuration():
    r = run("-c", "none.yml")
    same((r.code, r.out), (1, ""), r.text())
    true("none.yml" in r.err, r)
    same(run().code, 1)  # config.yml is not there
    where = rig.folder()
    with open(os.path.join(where, "config.yml"), "w") as f:
        f.write("a: [1\n")
    r = run(where=where)
    same(r.code, 1, r.text())
    true("config.yml:2" in r.err, r)


def serve(world, *flags):
    """The process, and what it says once it has looked after its connector."""
    path = os.path.join(world.tenant.dir, "ingest.yml")
    with open(path, "w") as f:
        f.write(world.config() + "seal:\n  require: true\n")
    log = os.path.join(world.tenant.dir, "ingest.log")
    with open(log, "w") as f:
        process = rig.start([linked(), "-c", path, *flags], stderr=f, stdout=f, env=rig.clean_env())
    return process, lambda: open(log).read()


def stop(process, sign=signal.SIGTERM):
    process.send_signal(sign)
    same(process.wait(16), 0, "exit status after a signal")


def test_one_action_alone():
    w = World(record={"service_type": "gmail"})
    process, words = serve(w, "--action", "schedule", "--debug")
    wait_for(lambda: w.record()["status"] == "needs_configuration")
    searched = lambda index: w.recorder.find(f"POST /{re.escape(index)}/_search")
    wait_for(lambda: len(searched(".elastic-connectors")) >= 3)
    same(searched(".elastic-connectors-sync-jobs"), [], "jobs were looked for all the same")
    stop(process)
    true(re.search(r"^\[FMWK\]\[\d\d:\d\d:\d\d\]\[(DEBUG|INFO)\] ", words(), re.M), words())
    w = World(record={"service_type": "gmail"})
    process, words = serve(w, "--action", "sync_content", "--action", "cleanup", "--log-level", "error")
    wait_for(lambda: len(w.recorder.find("POST /.elastic-connectors-sync-jobs/_search")) >= 2)
    same(w.record()["status"], "created")
    stop(process, signal.SIGINT)
    same(words(), "")


def test_all_actions_with_filebeat():
    w = World()
    process, words = serve(w, "--filebeat")
    wait_for(lambda: w.record()["status"] == "needs_configuration")
    wait_for(lambda: w.recorder.find("POST /.elastic-connectors-sync-jobs/_search"))
    stop(process)
    lines = [json.loads(line) for line in words().splitlines()]
    true(lines and all("@timestamp" in line and "message" in line and "log.level" in json.dumps(line) or
                       "log" in line for line in lines), words())


def test_preflight_that_fails():
    w = World(service="  preflight_max_attempts: 1\n  preflight_idle: 1\n",
              elastic="  max_wait_duration: 1\n  initial_backoff_duration: 1\n")
    w.tenant.post("faults", path="/", count=-1, status=503)
    process, words = serve(w)
    same(process.wait(30), 1, words())
