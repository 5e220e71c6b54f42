# SPDX-License-Identifier: Apache-2.0
"""The seal, and the file that needs nothing around it."""
import os
import random
import shutil
import signal
import stat
import subprocess

import rig
from rig import completed, same, true

DEADLY = ["mmap", "munmap", "mremap", "mprotect", "madvise", "brk", "open", "openat", "unlinkat", "execve",
          "clone", "ptrace", "kill", "tkill", "ioctl", "dup", "fcntl-dup", "fcntl-lock", "ftruncate", "listen",
          "accept", "socket-unix", "socket-netlink", "socket-raw", "socket-protocol", "prctl", "setrlimit"]


def run(*arguments, **options):
    return subprocess.run([rig.BINARY, *arguments], capture_output=True, text=True,
                          env=rig.clean_env(), timeout=60, **options)


def test_calls_after_the_seal_die():
    for name in DEADLY:
        done = run("seal-test", name)
        same(done.returncode, -signal.SIGSYS, f"{name}: {done.stderr}")
    if os.uname().machine == "x86_64":
        same(run("seal-test", "x32-read").returncode, -signal.SIGSYS, "x32")


def test_trials_that_do_not_exist_are_told():
    done = run("seal-test", "nothing")  # or every trial above could be a wrong name
    same((done.returncode, "no such trial" in done.stderr), (2, True))


def test_a_running_sync_is_sealed():
    t = rig.Tenant("--users", 1, "--messages", 2000, "--size", 500, "--latency", 20)
    process = rig.start([rig.BINARY, "sync", "-c", t.write_config(), "--json"],
                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=rig.clean_env())
    rig.wait_for(lambda: t.stats()["messages_served"] > 10)
    status = dict(line.split(":\t", 1) for line in open(f"/proc/{process.pid}/status").read().splitlines()
                  if ":\t" in line)
    same((status["Seccomp"], status["NoNewPrivs"], status["Threads"]), ("2", "1", "1"))
    limits = {line[:26].strip(): line[26:].split() for line in open(f"/proc/{process.pid}/limits")}
    same(limits["Max core file size"][:2], ["0", "0"])
    true(limits["Max address space"][0] != "unlimited", str(limits["Max address space"]))
    maps = open(f"/proc/{process.pid}/maps").read().splitlines()
    for line in maps:
        area, rights = line.split()[:2]
        true("w" not in rights or "x" not in rights, line)
    true(all(".so" not in line for line in maps), "a library is mapped")
    same(sorted(os.readlink(f"/proc/{process.pid}/fd/{fd}").split(":")[0]
                for fd in os.listdir(f"/proc/{process.pid}/fd") if int(fd) > 2 and "socket" not in
                os.readlink(f"/proc/{process.pid}/fd/{fd}")),
         [f"/proc/{process.pid}/status", "anon_inode"], "descriptors kept: its own peak of memory, and signals")


def readelf(flag):
    return subprocess.run(["readelf", "-W", flag, rig.BINARY], capture_output=True, text=True).stdout


def test_the_file_is_static_pie_and_hardened():
    if not shutil.which("readelf"):
        raise rig.Skip("no readelf (package binutils)")
    head, segments, dynamic = readelf("-h"), readelf("-l"), readelf("-d")
    true("DYN" in head, head)
    true("INTERP" not in segments and "NEEDED" not in dynamic, segments)
    true("GNU_RELRO" in segments and "NOW" in dynamic, dynamic)
    stack = [line for line in segments.splitlines() if "GNU_STACK" in line]
    true(len(stack) == 1 and " RW " in stack[0] + " " and "RWE" not in stack[0], str(stack))
    loads = [line for line in segments.splitlines() if "LOAD" in line]
    true(loads and all("RWE" not in line for line in loads), str(loads))
    true(".symtab" not in readelf("-S"), "not stripped")
    true(os.path.getsize(rig.BINARY) < 1500000, str(os.path.getsize(rig.BINARY)))


JAIL = r"""
set -eu
mount --bind "$1" "$1"
mount -o remount,bind,ro,nosuid,nodev "$1"
exec chroot --userspec="$2:$2" "$1" /mailferry sync -c /config.yml --json --require-seal
"""


def test_in_an_empty_read_only_root_as_somebody():
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        raise rig.Skip("kernel: no mount namespace without root")
    t = rig.Tenant("--users", 2, "--messages", 30, "--size", 2000)
    root = rig.folder()
    os.chmod(root, 0o755)
    shutil.copy(rig.BINARY, root + "/mailferry")
    for name in ("ca.pem", "service-account.json"):
        shutil.copy(os.path.join(t.dir, name), os.path.join(root, name))
    text = open(t.write_config()).read().replace(t.dir + "/", "/")
    with open(root + "/config.yml", "w") as f:
        f.write(text)
    for name in os.listdir(root):
        os.chmod(os.path.join(root, name), 0o755 if name == "mailferry" else 0o644)
    uid = str(random.randrange(100000, 200000))
    done = subprocess.run(["unshare", "-m", "sh", "-c", JAIL, "jail", root, uid], capture_output=True,
                          text=True, env=rig.clean_env(), timeout=60)
    if done.returncode and "mount:" in done.stderr:
        raise rig.Skip("kernel: " + done.stderr.strip().splitlines()[-1][:150])
    r = completed(rig.Result(done.returncode, done.stdout, done.stderr))
    same(sorted(t.docs()), sorted(t.messages()))
    same(r["documents_indexed"], 60)
    same(sorted(os.listdir(root)), ["ca.pem", "config.yml", "mailferry", "service-account.json"])


def test_the_file_of_documents_is_made_before_the_seal():
    t = rig.Tenant("--users", 1, "--messages", 5, "--size", 500)
    path = os.path.join(t.dir, "documents")
    completed(t.sync("--to", "ndjson:" + path))
    same(stat.S_IMODE(os.stat(path).st_mode), 0o600)
    r = t.sync("--to", "ndjson:/nowhere/at/all")
    same(r.code, 2, r.text())
    true("/nowhere/at/all" in r.err, r)
