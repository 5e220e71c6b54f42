# SPDX-License-Identifier: Apache-2.0
"""Names: a network of its own with name servers on port 53, as a host has them, and slow servers.

The whole of a test (tenant, name server, mailferry) runs in network and mount namespaces of its own:
this file calls itself there (`enter`), so that port 53 and /etc/resolv.conf are nobody else's.
"""
import os
import socket
import struct
import subprocess
import sys
import threading
import time

import rig
from rig import completed, same, true

HERE = os.path.abspath(__file__)
SETUP = r"""
set -eu
python3 "$1" up
mount --bind "$2/resolv.conf" /etc/resolv.conf
mount --bind "$2/hosts" /etc/hosts
exec python3 "$1" "$3" "$2"
"""


def enter(name, resolv_conf, hosts=""):
    """Runs inside_NAME in namespaces; what it prints as last line is its verdict."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "-n", "-m", "true"], capture_output=True).returncode:
        raise rig.Skip("kernel: no network namespace without root")
    where = rig.folder()
    for file, text in (("resolv.conf", resolv_conf), ("hosts", hosts)):
        with open(os.path.join(where, file), "w") as f:
            f.write(text)
    done = subprocess.run(["unshare", "-n", "-m", "sh", "-c", SETUP, "setup", HERE, where, name],
                          capture_output=True, text=True, timeout=120)
    if done.returncode and "mount:" in done.stderr and "python3" not in done.stderr:
        raise rig.Skip("kernel: " + done.stderr.strip().splitlines()[-1][:150])
    if done.returncode:
        raise AssertionError(f"{name}: {done.stdout[-3000:]}{done.stderr[-6000:]}")


# ---- a name server

def name_at(packet, at):
    labels = []
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode())
        at += 1 + packet[at]
    return ".".join(labels), at + 1


class Names:
    """UDP and TCP on port 53 of `address`. A table of name to addresses; unknown names do not exist."""

    def __init__(self, address, table, truncate=False, rcode=0, forge=False):
        self.table, self.truncate, self.rcode, self.forge = table, truncate, rcode, forge
        self.udp_asked, self.tcp_asked = [], []
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.udp = socket.socket(family, socket.SOCK_DGRAM)
        self.udp.bind((address, 53))
        self.tcp = socket.create_server((address, 53), family=family)
        threading.Thread(target=self.serve_udp, daemon=True).start()
        threading.Thread(target=self.serve_tcp, daemon=True).start()

    def answer(self, query, truncate):
        name, end = name_at(query, 12)
        kind = struct.unpack(">H", query[end:end + 2])[0]
        known = self.table.get(name.lower())
        records = [a for a in known or [] if (":" in a) == (kind == 28)]
        rcode = self.rcode or (0 if known is not None else 3)
        flags = 0x8180 | rcode | (0x0200 if truncate else 0)
        shown = [] if truncate or rcode else records
        out = query[:2] + struct.pack(">HHHHH", flags, 1, len(shown), 0, 0) + query[12:end + 4]
        for address in shown:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            data = socket.inet_pton(family, address)
            out += struct.pack(">HHHIH", 0xC00C, kind, 1, 60, len(data)) + data
        return name, out

    def serve_udp(self):
        while True:
            query, peer = self.udp.recvfrom(4096)
            name, out = self.answer(query, self.truncate)
            self.udp_asked.append(name)
            if self.forge:  # wrong id first: not the answer to anything
                self.udp.sendto(bytes([query[0] ^ 0xFF]) + out[1:], peer)
            self.udp.sendto(out, peer)

    def serve_tcp(self):
        while True:
            peer, _ = self.tcp.accept()
            with peer:
                while True:
                    head = peer.recv(2, socket.MSG_WAITALL)
                    if len(head) < 2:
                        break
                    query = peer.recv(struct.unpack(">H", head)[0], socket.MSG_WAITALL)
                    name, out = self.answer(query, False)
                    self.tcp_asked.append(name)
                    framed = struct.pack(">H", len(out)) + out
                    peer.sendall(framed[:3])  # in two pieces
                    time.sleep(0.02)
                    peer.sendall(framed[3:])


def synced(host, *flags, code=0, more=""):
    """A sync into an Elasticsearch of that name; its certificate is the tenant's, for 127.0.0.1."""
    t = rig.Tenant("--users", 1, "--messages", 5, "--size", 300)
    r = t.sync(*flags, change=lambda c: c.replace("host: https://127.0.0.1", "host: https://" + host)
               .replace("  password:", "  verify_certs: false\n  retry_interval: 1\n  password:") + more)
    if code == 0:
        completed(r)
        same(sorted(t.docs()), sorted(t.messages()))
    same(r.code, code, r.text())
    return r


def inside_plain():
    names = Names("127.0.0.1", {"search.example.test": ["127.0.0.1"]})
    synced("search.example.test")
    true(set(names.udp_asked) == {"search.example.test"} and not names.tcp_asked, str(names.udp_asked))


def test_a_name():
    enter("plain", "nameserver 127.0.0.1\n")


def inside_truncated():
    names = Names("127.0.0.1", {"search.example.test": ["127.0.0.1"]}, truncate=True)
    synced("search.example.test")
    true("search.example.test" in names.tcp_asked, "not asked by TCP")


def test_truncated_answers_are_asked_for_by_tcp():
    enter("truncated", "nameserver 127.0.0.1\n")


def inside_nobody():
    Names("127.0.0.1", {"empty.example.test": []})
    r = synced("nobody.example.test", code=1)
    same(r["error"]["code"], "DNS_NO_NAME")
    true("nobody.example.test" in r["error"]["detail"] and "resolv.conf" in r["error"]["todo"], r)
    r = synced("empty.example.test", code=1)
    same(r["error"]["code"], "DNS_NO_ADDRESS")
    same(r["retries"], 0, "asked again for a name that is not there")


def test_names_that_do_not_exist():
    enter("nobody", "nameserver 127.0.0.1\n")


def inside_second():
    names = Names("127.0.0.2", {"search.example.test": ["127.0.0.1"]})
    start = time.time()
    synced("search.example.test")  # nobody listens at the first
    synced("search.example.test")
    true(time.time() - start < 15 and names.udp_asked, "slow")


def test_a_dead_first_server():
    enter("second", "nameserver 127.0.0.1\nnameserver 127.0.0.2\noptions timeout:1\n")


def inside_silent():
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.1", 53))
    names = Names("127.0.0.2", {"search.example.test": ["127.0.0.1"]})
    start = time.time()
    synced("search.example.test")
    true(1 <= time.time() - start < 20 and names.udp_asked, f"{time.time() - start}")


def test_a_first_server_that_does_not_answer():
    enter("silent", "nameserver 127.0.0.1\nnameserver 127.0.0.2\noptions timeout:1 attempts:2\n")


def inside_failing():
    first = Names("127.0.0.1", {}, rcode=2)
    Names("127.0.0.2", {"search.example.test": ["127.0.0.1"]})
    synced("search.example.test")
    true(first.udp_asked, "the first was not asked")


def test_a_first_server_that_fails():
    enter("failing", "nameserver 127.0.0.1\nnameserver 127.0.0.2\noptions timeout:1\n")


def inside_none():
    r = synced("search.example.test", code=1, more="\nelasticsearch.max_retries: 2\n")
    same(r["error"]["code"], "DNS_NO_ANSWER")


def test_no_server_at_all():
    enter("none", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")


def inside_search():
    names = Names("127.0.0.1", {"search.svc.cluster.test": ["127.0.0.1"]})
    synced("search")
    same(sorted(set(names.udp_asked)), ["search.other.test", "search.svc.cluster.test"])
    del names.udp_asked[:]
    synced("search.svc")  # fewer dots than ndots
    same(sorted(set(names.udp_asked)),
         ["search.svc.cluster.test", "search.svc.other.test", "search.svc.svc.cluster.test"])


def test_search_list():
    enter("search", "nameserver 127.0.0.1\nsearch other.test svc.cluster.test cluster.test\n"
                    "options ndots:5\n")


def inside_hosts():
    names = Names("127.0.0.1", {})
    synced("Search-Host")
    synced("alias.example.test")
    same(names.udp_asked, [], "a name of /etc/hosts was asked for")


def test_hosts_file():
    enter("hosts", "nameserver 127.0.0.1\n", "127.0.0.1 search-host alias.example.test # ours\n")


def inside_forged():
    Names("127.0.0.1", {"search.example.test": ["127.0.0.1"]}, forge=True)
    synced("search.example.test")


def test_answers_with_another_id_are_not_taken():
    enter("forged", "nameserver 127.0.0.1\n")


def inside_fallback():
    Names("::1", {"search.example.test": ["fd00::9", "::1", "127.0.0.9", "127.0.0.1"]})
    start = time.time()
    synced("search.example.test")
    true(time.time() - start < 20, "slow")


def test_the_next_address_is_tried():
    enter("fallback", "nameserver ::1\n")


# ---- slow servers, in no namespace

def test_a_slow_answer_is_waited_for():
    t = rig.Tenant("--users", 1, "--messages", 3, "--size", 3000)
    t.post("faults", path="/gmail/v1/users/user1%40example.test/messages/", rate_bytes_s=1500, count=1)
    start = time.time()
    completed(t.sync())
    true(time.time() - start > 1.5, "it was not slow")
    same(len(t.docs()), 3)


def test_an_answer_that_never_comes_ends():
    t = rig.Tenant("--users", 1, "--messages", 3, "--size", 300)
    t.post("faults", path="/_bulk", action="hang", count=-1)
    start = time.time()
    r = t.sync(change=lambda c: c.replace(
        "  password:", "  request_timeout: 2\n  max_retries: 2\n  retry_interval: 1\n  password:"))
    same(r.code, 1, r.text())
    true(r["error"]["code"].startswith("NET_TIMEOUT"), r)
    true(3 < time.time() - start < 20, f"{time.time() - start}")


def up():
    """The loopback interface of a new network, without the help of iproute2."""
    import fcntl
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        request = struct.pack("16sH14x", b"lo", 0x1 | 0x40)  # IFF_UP, IFF_RUNNING
        fcntl.ioctl(s, 0x8914, request)


if __name__ == "__main__":
    if sys.argv[1] == "up":
        up()
    else:
        try:
            globals()["inside_" + sys.argv[1]]()
        finally:
            rig.stop_all()
