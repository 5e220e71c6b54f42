# SPDX-License-Identifier: Apache-2.0
"""The sealed binary behind a network that delays, cuts, corrupts, half-closes and trickles.

build/badnet stands before both servers of the tenant; TLS is between its ends, so that a changed byte has
to be noticed. Whatever happens on the way: a run ends in time and without a crash, no document is wrong,
none of a message that exists is lost once it was there, and when the network is good again one run completes
the index.
"""
import json
import os
import subprocess
import time
import urllib.error

import rig
from rig import completed, same, true

KINDS = ("delay", "cut", "corrupt", "half_close", "trickle")
RUN_SECONDS = 60  # the longest that one run through a bad network may take; measured: 1 to 9
MEETINGS = {}  # how often each kind of fault showed itself
WANTED = {}


class Badnet:
    def __init__(self, tenant, seed, span=65536, skip=0, **rates):
        self.dir = rig.folder()
        ready = os.path.join(self.dir, "ready")
        command = [os.path.join(rig.ROOT, "build", "badnet"), "--ready", ready, "--seed", str(seed),
                   "--span", str(span), "--skip", str(skip)]
        self.real = [tenant.port("google"), tenant.port("elasticsearch")]
        for port in self.real:
            command += ["--to", str(port)]
        for kind, percent in rates.items():
            command += ["--" + kind.replace("_", "-"), str(percent)]
        self.process = rig.start(command, stdout=subprocess.PIPE, text=True)
        rig.wait_for(lambda: os.path.exists(ready))
        self.ports = [int(port) for port in open(ready).read().split()]

    def change(self, config):
        """The tenant's config.yml, asking the bad network instead, and not waiting long between attempts."""
        for real, ours in zip(self.real, self.ports):
            config = config.replace(f"127.0.0.1:{real}", f"127.0.0.1:{ours}")
        config = config.replace("endpoints:", f"endpoints:\n  google_token: https://127.0.0.1:{self.ports[0]}/token\n#")
        return config.replace("  password:", "  retry_interval: 1\n  password:")

    def stop(self):
        self.process.terminate()
        counts = json.loads(self.process.communicate(timeout=10)[0])
        for kind, struck in counts["struck"].items():
            MEETINGS[kind] = MEETINGS.get(kind, 0) + struck
        return counts


def sources(tenant):
    return {key: document["_source"] for key, document in tenant.docs().items()}


def right(tenant, wanted):
    """No document but those of messages that exist, each as a good network brings it."""
    try:
        documents = sources(tenant)
    except urllib.error.HTTPError as error:  # no run came as far as making the index
        same(error.code, 404)
        documents = {}
    for key, document in documents.items():
        true(key in wanted, f"a document {key} that nobody has")
        same(document, wanted[key], f"document {key}")
    return documents


def tenant():
    return rig.Tenant("--users", 3, "--messages", 24, "--size", 6000, "--spread", 90, "--max-requests", 12)


def what_is_right():
    """The documents of such a tenant, by a good network; all of them are alike."""
    if not WANTED:
        t = tenant()
        completed(t.sync())
        WANTED.update(sources(t))
        same(sorted(WANTED), sorted(t.messages()))
        rig.stop_all()
    return WANTED


def through(seeds, **rates):
    """From an empty index through the bad network with each seed, then through a good one."""
    wanted = what_is_right()
    t = tenant()
    ends, struck, most = {}, 0, 0
    for seed in seeds:
        net = Badnet(t, seed, **rates)
        before = right(t, wanted)
        start = time.time()
        r = t.sync("--full", change=net.change, timeout=RUN_SECONDS)
        most = max(most, time.time() - start)
        true(r.code in (0, 1, 75), r)
        true(r.summary.get("end"), r)
        same(r["documents_deleted"], 0, "all messages exist")
        after = right(t, wanted)
        true(set(before) <= set(after), "a document of a message that exists is gone")
        if r.code == 0:
            same(sorted(after), sorted(wanted), "what a completed run leaves")
        else:
            true(r["error"]["code"] not in ("NONE", ""), r)
        end = r["error"]["code"] if r.code else "completed"
        ends[end] = ends.get(end, 0) + 1
        counts = net.stop()
        struck += sum(counts["struck"].values())
        true(counts["connections"] > 0, "nothing went through badnet")
    true(struck > 0, "no fault was met")
    completed(t.sync("--full"))
    same(len(right(t, wanted)), len(wanted))
    print(f"  {rates}: {struck} faults met, ends {ends}, at most {most:.1f} s", flush=True)
    return ends


def test_delay():
    through((1,), delay=70)


def test_trickle():
    through((2,), trickle=70)


def test_cut():
    through((3, 4), cut=40)


def test_half_close():
    through((6, 7), half_close=40)


def test_corrupt_handshakes():
    through((9, 10, 11), corrupt=40)  # each may end a run at once: that is how a wrong server looks too


def test_corrupt_records_are_noticed_and_asked_for_again():
    # A quarter of the connections: six attempts in a row, after which a run may give up, are one in thousands.
    ends = through(range(12, 16), skip=6000, corrupt=25)
    same(set(ends), {"completed"})


def test_a_mix():
    through(range(20, 25), delay=10, cut=10, corrupt=10, half_close=10, trickle=10)


def test_every_kind_was_met():
    for kind in KINDS:
        true(MEETINGS.get(kind, 0) > 0, f"no {kind}")
