# SPDX-License-Identifier: Apache-2.0
"""The seal, and the file that needs nothing around it."""
import os
import random
import re
import shutil
import signal
import stat
import subprocess
import tempfile

import rig
import test_serve
from rig import completed, same, true

DEADLY = ["mmap", "munmap", "mremap", "mprotect", "madvise", "brk", "open", "openat", "unlinkat", "execve",
          "clone", "ptrace", "kill", "tkill", "ioctl", "dup", "fcntl-dup", "fcntl-lock", "ftruncate", "listen",
          "accept", "socket-unix", "socket-netlink", "socket-raw", "socket-protocol", "prctl", "setrlimit", "pwrite", "bind",
          "sendto-address", "setsockopt", "getsockopt", "process-memory", "bpf"]


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
root=$1 uid=$2
shift 2
exec chroot --userspec="$uid:$uid" "$root" /mailferry "$@"
"""


class Jail:
    """A folder with the program and its configuration, as the only and read-only file system of a random user: no
    /proc, no /dev, no /etc, no library."""

    def __init__(self, tenant, text):
        if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
            raise rig.Skip("kernel: no mount namespace without root")
        self.root, self.uid = rig.folder(), random.randrange(100000, 200000)
        shutil.copy(rig.BINARY, self.root + "/mailferry")
        for name in ("ca.pem", "service-account.json"):
            shutil.copy(os.path.join(tenant.dir, name), os.path.join(self.root, name))
        with open(self.root + "/config.yml", "w") as f:
            f.write(text.replace(tenant.dir + "/", "/"))
        self.files = sorted(os.listdir(self.root))
        for name in self.files:
            os.chmod(os.path.join(self.root, name), 0o755 if name == "mailferry" else 0o644)
        os.chmod(self.root, 0o755)

    def start(self, command, *flags, out, err):
        return rig.start(["unshare", "-m", "sh", "-c", JAIL, "jail", self.root, str(self.uid), command, "-c", "/config.yml",
                          *flags], stdout=out, stderr=err, env={"A_PASSWORD": "of-the-environment"})

    def run(self, command, *flags):
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            process = self.start(command, *flags, out=out, err=err)
            code = process.wait(60)
            out.seek(0)
            err.seek(0)
            r = rig.Result(code, out.read(), err.read())
        if r.code and "mount:" in r.err:
            raise rig.Skip("kernel: " + r.err.strip().splitlines()[-1][:150])
        same(sorted(os.listdir(self.root)), self.files, "files")
        return r


def local(t, text):
    return text.replace(f"host: https://127.0.0.1:{t.port('elasticsearch')}", f"host: https://localhost:{t.port('elasticsearch')}")


def test_in_an_empty_read_only_root_as_somebody():
    t = rig.Tenant("--users", 2, "--messages", 30, "--size", 2000)
    jail = Jail(t, local(t, open(t.write_config()).read()))  # a name, and no /etc/hosts
    r = jail.run("sync", "--json", "--require-seal", "--to", "-")
    same((r.code, r.out.count('{"index":')), (0, 60), r.text())
    r = completed(jail.run("sync", "--json", "--require-seal"))
    same(sorted(t.docs()), sorted(t.messages()))
    same(r["documents_indexed"], 60)
    r = jail.run("check")
    true(r.code == 0 and "FAIL" not in r.out, r)
    same(jail.run("sync", "--to", "ndjson:/documents").code, 2)


def test_an_empty_root_has_no_names():
    """Without /etc/resolv.conf there is the resolver of resolv.conf(5): 127.0.0.1."""
    t = rig.Tenant("--users", 1, "--messages", 1, "--size", 500)
    text = open(t.write_config()).read().replace("host: https://127.0.0.1", "host: https://search.example.test")
    r = Jail(t, text).run("check")
    same(r.code, 1, r.text())
    line = next(line for line in r.out.splitlines() if line.startswith("FAIL"))
    true("search.example.test" in r.out and "Elasticsearch" in line, r)


def test_the_service_in_an_empty_root_and_who_may_look_at_it():
    w = test_serve.World()
    w.host = f"https://localhost:{w.tenant.port('elasticsearch')}"
    jail = Jail(w.tenant, w.config())
    out = open(os.path.join(w.tenant.dir, "serve.log"), "w")
    process = jail.start("serve", "--require-seal", "--log-level", "debug", out=out, err=out)
    process.log_path = out.name
    w.services.append(process)
    w.configured()
    w.connected()
    same(w.wait_job(w.job(), "completed", "error")["status"], "completed")
    status = open(f"/proc/{process.pid}/status").read().split("\n")
    true(f"Uid:\t{jail.uid}\t{jail.uid}\t{jail.uid}\t{jail.uid}" in status, "the user")
    for name in ("environ", "mem", "maps", "auxv", "stack"):
        done = subprocess.run(["cat", f"/proc/{process.pid}/{name}"], capture_output=True, text=True, user=jail.uid)
        true(done.returncode != 0 and not done.stdout and "denied" in done.stderr + "denied" * (name == "stack"), f"{name}: {done}")
    line = open(f"/proc/{process.pid}/cmdline").read()
    true("tenant-password" not in line and "PRIVATE" not in line, line)
    limits = open(f"/proc/{process.pid}/limits").read()
    true(re.search(r"Max core file size +0 +0 ", limits), limits)
    same(w.stop(), 0)


def test_the_file_of_documents_is_made_before_the_seal():
    t = rig.Tenant("--users", 1, "--messages", 5, "--size", 500)
    path = os.path.join(t.dir, "documents")
    completed(t.sync("--to", "ndjson:" + path))
    same(stat.S_IMODE(os.stat(path).st_mode), 0o600)
    r = t.sync("--to", "ndjson:/nowhere/at/all")
    same(r.code, 2, r.text())
    true("/nowhere/at/all" in r.err, r)
