# SPDX-License-Identifier: Apache-2.0
"""Weather and refusals: what is tried again, what is skipped, what stops a job, and that nothing is lost."""
import signal
import subprocess
import time

import rig
from rig import completed, same, true
from test_sync import dls

GMAIL = "/gmail/v1/users"


def complete_in_spite_of(fault, users=2, messages=40):
    t = rig.Tenant("--users", users, "--messages", messages, "--size", 600)
    t.post("faults", **fault)
    r = completed(t.sync())
    same(sorted(t.docs()), sorted(t.messages()))
    return t, r


def test_rate_limits_and_server_errors_of_gmail_are_retried():
    for status, reason in ((429, "rateLimitExceeded"), (403, "userRateLimitExceeded"),
                           (403, "rateLimitExceeded"), (500, "backendError"), (503, "backendError")):
        t, r = complete_in_spite_of(dict(path=GMAIL, status=status, reason=reason, skip=5, every=7,
                                         count=6))
        true(r["retries"] >= 6, r)
        rig.stop_all()


def test_retry_after_in_seconds_and_as_date():
    for extra in (dict(retry_after_s=2), dict(retry_after_s=2, retry_after_date=True)):
        start = time.time()
        complete_in_spite_of(dict(path=GMAIL, status=429, skip=3, count=1, **extra), 1, 5)
        true(time.time() - start >= 1.0, "Retry-After is obeyed")
        rig.stop_all()


def test_broken_connections_are_retried():
    for fault in (dict(action="reset"), dict(action="close"), dict(cut_after=700)):
        complete_in_spite_of(dict(path=GMAIL, skip=4, every=9, count=4, **fault))
        rig.stop_all()


def test_token_endpoint_weather():
    complete_in_spite_of(dict(path="/token", status=503, count=2))


def test_expired_and_revoked_tokens_are_renewed():
    t = rig.Tenant("--users", 2, "--messages", 60, "--size", 600, "--latency", 20)
    config = t.write_config()
    process = rig.start([rig.BINARY, "sync", "-c", config, "--json"], stdout=subprocess.PIPE,
                        stderr=subprocess.DEVNULL, text=True, env=rig.clean_env())
    rig.wait_for(lambda: t.stats()["messages_served"] > 10)
    t.post("tokens", revoke="all")
    out, _ = process.communicate(timeout=60)
    same(process.returncode, 0, out)
    same(sorted(t.docs()), sorted(t.messages()))


def test_message_that_vanishes_is_skipped_and_counted():
    t = rig.Tenant("--users", 1, "--messages", 40, "--size", 600)
    key = sorted(t.messages())[11]
    t.post("faults", path=f"{GMAIL}/user1%40example.test/messages/{key}", status=404,
           reason="notFound", count=100)
    r = completed(t.sync())
    same((r["skipped_gone"], len(t.docs())), (1, 39))


def test_delegation_missing_names_the_console():
    t = rig.Tenant("--users", 2, "--messages", 5, "--size", 300)
    t.post("options", scopes=[])
    r = t.sync()
    same(r.code, 1)
    text = r["error"]["message"] + r["error"]["detail"] + r["error"]["todo"]
    true("elegation" in text, text)


def test_most_mailboxes_refused_stops_the_job():
    t = rig.Tenant("--users", 12, "--messages", 5, "--size", 300)
    completed(t.sync(change=dls))
    for user in t.users()[:9]:
        t.post("users", user=user["user"], state="delegation")
    r = t.sync("--full", change=dls)
    same((r.code, len(t.docs())), (1, 60))


def test_wrong_clock_is_told():
    t = rig.Tenant("--users", 1, "--messages", 5, "--size", 300)
    t.post("options", clock_skew_s=-7200)
    r = t.sync()
    same(r.code, 1)
    true("clock" in str(r["error"]).lower(), r["error"])


def test_html_instead_of_json_is_no_document():
    t = rig.Tenant("--users", 1, "--messages", 20, "--size", 300)
    key = sorted(t.messages())[3]
    t.post("faults", path=f"{GMAIL}/user1%40example.test/messages/{key}", status=200,
           body="<html>hello</html>", count=100)
    r = t.sync()
    true(len(t.docs()) == 19 and r["skipped_undecided"] + r["skipped_corrupt"] == 1, r)


# ---- Elasticsearch

def test_bulk_429_503_and_lost_answers():
    for fault in (dict(status=429, count=2), dict(status=503, count=2), dict(action="reset", count=1)):
        t = rig.Tenant("--users", 1, "--messages", 30, "--size", 300)
        t.post("faults", path="/_bulk", **fault)
        completed(t.sync(change=quick))
        same(sorted(t.docs()), sorted(t.messages()), str(fault))
        rig.stop_all()


def quick(text):
    return text.replace("  password:", "  retry_interval: 1\n  password:")


def test_bulk_413_splits():
    t = rig.Tenant("--users", 1, "--messages", 60, "--size", 4000, "--es-max-bytes", 60000)
    completed(t.sync())
    same(len(t.docs()), 60)


def test_items_with_429_alone_are_sent_again():
    t = rig.Tenant("--users", 1, "--messages", 50, "--size", 300)
    t.post("es", error_every=7, error_status=429, error_count=6)
    r = completed(t.sync(change=quick))
    same((len(t.docs()), r["skipped_rejected"]), (50, 0))
    true(t.stats()["bulk_items"] < 70, "only the refused ones")


def test_mapping_errors_are_counted_and_named():
    t = rig.Tenant("--users", 1, "--messages", 90, "--size", 300)
    t.post("es", error_every=30, error_status=400, error_count=3)
    r = completed(t.sync())
    same((r["skipped_rejected"], len(t.docs())), (3, 87))
    named = [line for line in r.lines if "failed to parse" in str(line)]
    true(len(named) >= 3 and "message" in str(named[0]), r)


def test_error_monitor_stops_the_job():
    t = rig.Tenant("--users", 1, "--messages", 200, "--size", 300)
    t.post("es", error_every=1, error_status=400, error_count=1000)
    r = t.sync()
    same((r.code, r["error"]["code"]), (1, "BULK_TOO_MANY_ERRORS"))


def test_versions():
    for version, flavor, good in (("8.19.0", "default", True), ("9.99.0-SNAPSHOT", "default", True),
                                  ("8.9.2", "default", False), ("7.17.0", "default", False),
                                  ("10.0.0", "default", False), ("8.0.0", "serverless", True)):
        t = rig.Tenant("--users", 1, "--messages", 1, "--size", 200, "--es-version", version,
                       "--es-flavor", flavor)
        r = t.sync()
        same(r.code == 0, good, version)
        if version == "8.9.2":  # the others do not know our media type at all
            same(completed(t.sync(env={"ALLOW_ES_VERSION_MISMATCH": "true"}))["documents_indexed"], 1)
        rig.stop_all()


def test_wrong_password_is_told():
    t = rig.Tenant("--users", 1, "--messages", 1, "--size", 200)
    r = t.sync(change=lambda c: c.replace("tenant-password", "wrong"))
    same(r.code, 1)
    true("password" in str(r["error"]) or "api_key" in str(r["error"]), r["error"])
    true("wrong" not in r.out + r.err.replace("wrong use", ""), "the password is in the output")


def test_api_key():
    t = rig.Tenant("--users", 1, "--messages", 1, "--size", 200)
    key = t.facts["api_key"]
    completed(t.sync(change=lambda c: c.replace("  password: tenant-password", "  api_key: " + key)
                     .replace("username: elastic", "username: nobody")))


def test_named_pipeline_that_is_missing_is_found_first():
    t = rig.Tenant("--users", 1, "--messages", 5, "--size", 200)
    r = t.sync(change=lambda c: c.replace("    index_name:", "    pipeline: nowhere\n    index_name:"))
    same(r.code, 1)
    true("nowhere" in str(r["error"]), r["error"])
    same(t.stats()["messages_served"], 0)


# ---- signals and bounds

def test_sigterm_ends_cleanly():
    t = rig.Tenant("--users", 2, "--messages", 2000, "--size", 2000, "--latency", 10)
    process = rig.start([rig.BINARY, "sync", "-c", t.write_config(), "--json"], stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE, text=True, env=rig.clean_env())
    rig.wait_for(lambda: t.stats()["messages_served"] > 100)
    process.send_signal(signal.SIGTERM)
    start = time.time()
    out, err = process.communicate(timeout=30)
    same(process.returncode, 75, err[-500:])
    true(time.time() - start < 12, "bounded")
    r = rig.Result(process.returncode, out, err)
    same(r["documents_deleted"], 0)
    same(r["documents_indexed"], len(t.docs()), "what the summary says is there")
    completed(t.sync())
    same(sorted(t.docs()), sorted(t.messages()))


def test_time_budget():
    t = rig.Tenant("--users", 1, "--messages", 3000, "--size", 500, "--latency", 20)
    r = t.sync(extra="\nsync:\n  time_budget: 2\n")
    same(r.code, 75)
    true(0 < r["documents_indexed"] < 3000, r)
    same(completed(t.sync())["documents_unchanged"], r["documents_indexed"])


def test_quota_is_kept_and_small_mailboxes_are_not_starved():
    t = rig.Tenant("--users", 3, "--messages", 20, "--size", 300, "--quota-user", 6000,
                   "--quota-window", 60000)
    r = completed(t.sync(extra="\ngmail:\n  quota_units_per_user_minute: 6000\n"))
    same((t.stats()["quota_refused"], r["retries"]), (0, 0))
    true(t.stats()["max_concurrent_user"] <= 4, t.stats())
