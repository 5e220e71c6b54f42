# SPDX-License-Identifier: Apache-2.0
"""What the rounds of the connector service do with one connector: registration, heartbeat, status, drafts,
schedules, clean-up. Names carry the numbers of the acceptance rows."""
import datetime
import json
import time

from rig import same, true
from test_serve import World, body, ready, values


def ago(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=seconds)).isoformat()


def guarded(w):
    return w.recorder.find(r"POST /.elastic-connectors/_update/c1\?if_seq_no")


def rounds(w, more=3):
    """Waits until the list of connectors has been asked for that often again."""
    asked = lambda: len(w.recorder.find(r"POST /\.elastic-connectors/_search"))
    start = asked()
    w.wait(lambda: asked() >= start + 2 * more)  # each round of schedules, and each of jobs


# ---- registration and heartbeat

def test_a24_an_unfinished_configuration_is_left_alone():
    w = World()
    w.serve()
    w.wait(lambda: w.record()["status"] == "needs_configuration")
    filled = {k: {"value": v} for k, v in values(w.tenant).items()}
    for status in ("needs_configuration", "created"):
        w.set(configuration=filled, status=status)
        rounds(w)
        same((w.record()["status"], w.tenant.stats()["tokens_issued"]), (status, 0))
    same([e for e in w.recorder.find("_update/c1") if b'"connected"' in e["body"]], [])
    w.set(status="configured")
    w.connected()
    true(w.tenant.stats()["tokens_issued"], "asked")


def test_a29_a_rival_writes_first():
    w = World()
    w.tenant.post("es", race={"id": "c1", "count": 2, "doc": {"description": "of a rival"}})
    w.serve()
    w.wait(lambda: w.record()["configuration"])
    tries = guarded(w)
    same([e["status"] for e in tries], [409, 409, 200])
    same(len({e["path"] for e in tries}), 3, "numbers of the record as it is now")
    same(w.record()["description"], "of a rival")
    w.stop()
    w = World()
    w.tenant.post("faults", path="/.elastic-connectors/_update/", count=3, status=409)
    w.serve()
    w.wait(lambda: w.record()["configuration"])
    tries = guarded(w)
    same([e["status"] for e in tries], [409, 409, 409, 200])
    true(tries[2]["at"] - tries[0]["at"] < 0.5 and tries[3]["at"] - tries[2]["at"] > 0.8, "the next round does it")


def test_a31_a_heartbeat_when_it_is_old():
    w = ready()
    beats = lambda since: len(w.recorder.find("PUT /_connector/c1/_check_in", since))
    mark = len(w.recorder.log)
    w.set(last_seen=ago(10))
    rounds(w)
    same(beats(mark), 0, "10 s ago")
    mark = len(w.recorder.log)
    w.set(last_seen=ago(301))
    w.wait(lambda: beats(mark))
    rounds(w)
    same(beats(mark), 1, "301 s ago")


# ---- status and drafts

def test_a38_service_accounts_that_are_none():
    w = ready()
    account = json.loads(values(w.tenant)["service_account_credentials"])
    for wrong in ("not JSON at all", json.dumps([account]), json.dumps(dict(account, colour="blue"))):
        w.tenant.post("connectors", id="c1", values=values(w.tenant, service_account_credentials=wrong))
        w.wait(lambda: w.record()["status"] == "error")
        true("service account" in w.record()["error"].lower(), w.record()["error"])
        true(account["private_key"][40:60] not in w.record()["error"] + w.words(), "the key is told")
        twice = json.dumps(json.dumps(account))
        w.tenant.post("connectors", id="c1", values=values(w.tenant, service_account_credentials=twice))
        w.connected()
        same(w.record()["error"], None)


def test_a45_a46_a47_errors_of_a_draft():
    w = ready()
    rule = {"id": "r1", "order": 0, "policy": "exclude", "field": "subject", "rule": "regex", "value": ".*"}
    default = dict(rule, id="DEFAULT", field="_", policy="include", order=9)
    equal = [dict(rule, id="r2", rule="equals", value="x"),
             dict(rule, id="r3", rule="equals", value="x", policy="include", order=1)]
    for rules, advanced, ids in (([rule, default], {}, [["r1"]]), (equal + [default], {}, [["r3"], ["r2"]]),
                                 ([default], {"messages": []}, [["advanced_snippet"]])):
        w.tenant.post("connectors", id="c1", rules=rules, advanced=advanced)
        draft = lambda: w.record()["filtering"][0]["draft"]
        w.wait(lambda: draft()["validation"]["state"] != "edited")
        same((draft()["validation"]["state"], [e["ids"] for e in draft()["validation"]["errors"]]), ("invalid", ids))
    w.tenant.post("connectors", id="c1", rules=[default], advanced={})
    w.wait(lambda: draft()["validation"] == {"state": "valid", "errors": []})


# ---- schedules

def once(seconds):
    """A schedule with one occurrence, so many seconds from now."""
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return {"full": {"enabled": True, "interval": at.strftime("%-S %-M %-H %-d %-m ? %Y")}}


def test_a52_nothing_is_made_up_for():
    w = ready()
    w.set(scheduling=once(5))
    w.stop()
    time.sleep(6)
    w.serve()
    rounds(w)
    same(w.jobs(), {})
    w.set(scheduling=once(3))  # while it runs, it is made
    w.wait(lambda: w.jobs())


def test_a53_incremental():
    w = ready()
    w.set(scheduling={"incremental": {"enabled": True, "interval": "0/3 * * * * ?"}})
    w.wait(lambda: w.jobs())
    planned = [body(e)["doc"] for e in guarded(w) if b"scheduled_at" in e["body"]]
    same(list(planned[0]), ["last_incremental_sync_scheduled_at"])
    true(planned[0]["last_incremental_sync_scheduled_at"].endswith("+00:00"), planned[0])
    made = w.recorder.find("POST /_connector/_sync_job$")
    same(body(made[0]), {"id": "c1", "job_type": "incremental", "trigger_method": "scheduled"})
    same({j["job_type"] for j in w.jobs().values()}, {"incremental"})


def test_a54_licenses():
    w = ready()
    w.set(scheduling={"access_control": {"enabled": True, "interval": "0/2 * * * * ?"}})
    for license in ("basic", "gold", "platinum expired"):
        w.tenant.post("es", license=license)
        rounds(w)
        known = len(w.jobs())
        time.sleep(3)
        same(len(w.jobs()), known, license)
    for license in ("platinum", "enterprise", "trial"):
        w.tenant.post("es", license=license)
        w.wait(lambda: len(w.jobs()) > known)
        known = len(w.jobs()) + 1  # one may have been on its way


def test_a60_intervals_that_are_none():
    w = ready()
    for interval in ("0 0 * * *", "every morning"):
        w.set(scheduling={"full": {"enabled": True, "interval": interval}})
        w.wait(lambda: w.record()["status"] == "error")
        true("full" in w.record()["error"], w.record()["error"])
        same(w.jobs(), {})
        w.set(scheduling={"full": {"enabled": False, "interval": interval}})
        w.connected()


# ---- clean-up

def test_a86_jobs_without_a_sign_of_life():
    w = ready(service="  job_cleanup_interval: 1\n", connectors=("c1", "c2"))
    old, young, orphan = w.job(), w.job(id="c2"), w.job(id="c2")
    for job in (old, young, orphan):
        w.wait_job(job, "completed")
    w.wait(lambda: w.record("c2")["last_sync_status"] == "completed")
    for job, seconds, connector in ((old, 360, "c1"), (young, 240, "c2"), (orphan, 1, "c3")):
        w.tenant.post("jobs", id=job, doc={"status": "in_progress", "last_seen": ago(seconds), "completed_at": None,
                                           "connector": {"id": connector}})
    for name in w.connectors:
        w.set(name, last_sync_status="in_progress")
    for job in (old, orphan):
        done = w.wait_job(job, "error")
        true(done["error"] and done["completed_at"], str(done))
    w.wait(lambda: w.record()["last_sync_status"] == "error")
    same(w.record()["last_sync_error"], w.jobs()[old]["error"])
    time.sleep(2.5)
    same((w.jobs()[young]["status"], w.record("c2")["last_sync_status"]), ("in_progress", "in_progress"))
