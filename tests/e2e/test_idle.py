# SPDX-License-Identifier: Apache-2.0
"""What a round asks for while nothing is due, kind by kind, against what the replaced service asks for (elastic-protocol.md
7 to 9): the same writes, and no more of anything. tests/bench/idle tells what it costs."""
import collections
import re
import time

import test_metrics
from rig import same, true
from test_serve import World, body

# A pattern, and how often the replaced service asks in a round: for all, and for each connector.
REPLACED = {
    # schedule, sync_content and sync_access_control ask for the connectors each (7)
    "list of connectors": (r"^POST /\.elastic-connectors/_search", 3, 0),
    # sync_content and sync_access_control ask for the jobs each (9)
    "list of jobs": (r"^POST /\.elastic-connectors-sync-jobs/_search", 2, 0),
    # prepare (8.1), filtering (8.2), and a decision for each of three types (8.3)
    "record": (r"^GET /\.elastic-connectors/_doc/", 0, 5),
    "license": (r"^GET /_license$", 0, 1),  # 8, step 10
    "connected": (r"^POST /\.elastic-connectors/_update/[^/?]+$", 0, 1),  # 8, step 9
    "heartbeat": (r"^PUT /_connector/[^/]+/_check_in$", 0, 0),  # each service.heartbeat (300 s): none here
}
SOURCE = {"profile": 1, "users_list": 1}  # 8, step 7
# Jobs of types that are on, and none of them due before the year 2099.
FAR = {kind: {"enabled": True, "interval": "0 0 0 1 1 ? 2099"} for kind in ("full", "incremental", "access_control")}
SECONDS, NAMES = 9, ("c1", "c2", "c3")


def kind_of(entry):
    line = f"{entry['method']} {entry['path']}"
    found = [name for name, (pattern, _, _) in REPLACED.items() if re.search(pattern, line)]
    same(len(found), 1, "a request that the replaced service does not make: " + line)
    return found[0]


def idle(scheduling):
    """What is asked within SECONDS: of Elasticsearch by kind, of the source by kind; and our rounds."""
    w = World(connectors=NAMES, service=f'  listen: "127.0.0.1:{test_metrics.free_port()}"\n')
    w.port = int(re.search(r"127.0.0.1:(\d+)", w.service)[1])
    w.serve()
    for name in NAMES:
        w.configured(name, use_document_level_security=True)
    for name in NAMES:
        w.connected(name)
        w.set(name, scheduling=scheduling)
    time.sleep(2.5)  # the first round of a connected one is over, heartbeats are sent, the clean-up has looked
    rounds = -test_metrics.metrics(w)["mailferry_schedule_rounds_total"]
    source, mark, began = collections.Counter(w.tenant.stats()["requests"]), len(w.recorder.log), time.time()
    time.sleep(SECONDS)
    entries, lasted = w.recorder.log[mark:], time.time() - began
    rounds += test_metrics.metrics(w)["mailferry_schedule_rounds_total"]
    source = collections.Counter(w.tenant.stats()["requests"]) - source
    for entry in entries:
        if kind_of(entry) == "connected":
            same(body(entry), {"doc": {"status": "connected", "error": None}})
    same(w.jobs(), {})
    same(w.stop(), 0)
    return collections.Counter(map(kind_of, entries)), source, rounds, lasted


def check(asked, source, rounds, lasted):
    # service.idling is a second, and counts from the end of a round: it is never more often than that
    most = lasted + 1
    true(lasted / 2 < rounds <= most, str((rounds, lasted)))
    for name, (_, all_of_them, each) in REPLACED.items():
        allowed = most * (all_of_them + each * len(NAMES))
        true(asked[name] <= allowed, f"{asked[name]} times {name} in {rounds} rounds, the replaced service {allowed:.0f}")
    # what people see of a connector is written as often as there: that it is connected, in each round
    true(abs(asked["connected"] - rounds * len(NAMES)) <= len(NAMES), str((asked, rounds)))
    # a source that is well is asked in each fourth round, and not never
    for name, each in SOURCE.items():
        true(len(NAMES) * (rounds // 4 - 1) <= source[name] <= len(NAMES) * (rounds // 4 + 1) * each, str((source, rounds)))
    true(len(NAMES) <= source["token"] <= 2 * source["profile"], str(source))


def test_requests_of_a_round_without_schedules():
    asked, source, rounds, lasted = idle({})
    check(asked, source, rounds, lasted)
    same(asked["license"], 0, "nothing to be decided")


def test_requests_of_a_round_with_schedules_far_away():
    check(*idle(FAR))
