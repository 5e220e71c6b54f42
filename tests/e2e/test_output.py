# SPDX-License-Identifier: Apache-2.0
"""Readers that do not read and disks that are full: what is written is whole, a signal is heard."""
import fcntl
import json
import os
import signal
import subprocess
import time

import rig
from rig import same, true


def stalled(t, *flags, **pipes):
    """A sync whose output nobody reads, once its pipe is full."""
    process = rig.start([rig.BINARY, "sync", "-c", t.write_config(), "--require-seal", *flags],
                        env=rig.clean_env(), **pipes)
    before = -1
    while before != t.stats()["requests"].get("messages_get"):  # nothing moves any more
        before = t.stats()["requests"].get("messages_get")
        time.sleep(0.5)
    same(process.poll(), None, "ended")
    return process


def test_signal_while_nobody_reads_the_documents():
    t = rig.Tenant("--users", 2, "--messages", 300, "--size", 3000)
    process = stalled(t, "--to", "-", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    process.send_signal(signal.SIGTERM)
    time.sleep(1)
    out, _ = process.communicate(timeout=20)  # the reader comes back: whole documents, none cut
    same(process.returncode, 75)
    lines = out.decode().split("\n")
    same(lines.pop(), "")
    same(len(lines) % 2, 0)
    known = t.messages()
    for action, doc in zip(lines[::2], lines[1::2]):
        same(json.loads(action)["index"]["_id"] in known, True)
        same(json.loads(doc)["id"], json.loads(action)["index"]["_id"])
    process = stalled(t, "--to", "-", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    start = time.time()
    process.send_signal(signal.SIGTERM)
    same(process.wait(20), 75)  # and it ends when the reader does not
    true(4 < time.time() - start < 15, str(time.time() - start))


def test_signal_while_nobody_reads_the_log():
    t = rig.Tenant("--users", 1, "--messages", 20, "--size", 300)
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETFL, os.O_NONBLOCK)
    try:
        while os.write(writer, b"x" * 4096):
            pass
    except BlockingIOError:
        fcntl.fcntl(writer, fcntl.F_SETFL, 0)
    process = rig.start([rig.BINARY, "sync", "-c", t.write_config(), "--require-seal"],
                        env=rig.clean_env(), stdout=subprocess.DEVNULL, stderr=writer)
    time.sleep(1)
    same(process.poll(), None, "ended")
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    os.close(reader)
    os.close(writer)


def test_full_disk_is_named_at_once():
    if not os.path.exists("/dev/full"):
        raise rig.Skip("no /dev/full here")
    t = rig.Tenant("--users", 3, "--messages", 200, "--size", 300)
    start = time.time()
    r = t.sync("--to", "ndjson:/dev/full")
    same((r.code, r["error"]["code"]), (1, "JOB_OUTPUT"), r.text())
    true("/dev/full: No space left on device" in r["error"]["detail"], r)
    true(time.time() - start < 5, "tried for too long")
    same(r.err.count("JOB_OUTPUT"), 1, r.text())
    same(r["documents_indexed"], 0)


def test_reader_that_ended_is_named_at_once():
    t = rig.Tenant("--users", 2, "--messages", 200, "--size", 3000)
    process = rig.start([rig.BINARY, "sync", "-c", t.write_config(), "--require-seal", "--json",
                         "--to", "-"], env=rig.clean_env(), stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE, text=True)
    process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read()
    same(process.wait(10), 1, err)
    true("standard output: Broken pipe" in err, err)
