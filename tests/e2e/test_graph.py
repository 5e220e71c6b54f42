# SPDX-License-Identifier: Apache-2.0
"""Mailboxes of Exchange Online through Microsoft Graph, by the sealed program: the same documents as by EWS, but for
what the two say differently (graph_item.h); changes, pages, limits, refusals, and what may be purged."""
import collections
import concurrent.futures
import json

import rig
import test_outlook
from rig import completed, decoded, same, true
from servers import Extraction
from test_entra import entry
from test_extract import name, tells
from test_outlook import NOBODY, ndjson

INDEX = "search-cloud"
USER = "user1@example.test"
# What an item shows differently, by its type; documents of what only one of them lists.
DIFFERENT = {("Contact", "contact_numbers"), ("Task", "owner"), ("Calendar", "start_date"), ("Calendar", "end_date"),
             ("Calendar", "meeting_type")}
ONLY_EWS = {"Distribution List", "Calendar", "Task Attachment"}  # occurrences; attachments of tasks that are no files


def tenant(*arguments, users=1, items=60, size=900):
    t = rig.Tenant("--users", users, "--messages", 1, "--size", size, "--exchange-items", items, *NOBODY, *arguments)
    t.post("graph", extra_users=0)  # who has no mailbox
    return t


def sync(t, *flags, outlook=None, extra="", **changes):
    extra += f"\noutlook: {json.dumps(outlook)}\n" if outlook else ""
    return t.sync(*flags, change=entry(t, **changes), extra=extra)


def whole(r):
    """Every mailbox was read, and everything of each one."""
    completed(r)
    same((r["mailboxes_failed"], r["mailboxes_refused"], r["mailboxes_partial"], r["skipped_undecided"]), (0, 0, 0, 0), r.err)
    return r


def script(t, after, folder, **change):
    """Happens before request after + 1 to that folder."""
    where = {"user": USER, "folder": folder}
    t.post("exchange", script={**where, "after": after, "change": {**where, **change}})


def listed_calendar(t):
    return {json.loads(line)["id"] for line in t.control("GET", f"exchange?user={USER}&folder=calendar").splitlines()}


def asked(t):
    return [json.loads(line) for line in t.control("GET", "graph").splitlines() if line.startswith("{")]


def requests(t):
    return sum(u.get("requests", 0) for u in asked(t))


# ---- the same as by EWS

def test_same_documents_as_by_ews():
    t = tenant(users=2)
    graph = ndjson(whole(sync(t, "--to", "-")))
    ews = ndjson(whole(test_outlook.sync(t, "--to", "-", use_document_level_security=False)))
    both = graph.keys() & ews.keys()
    true(len(both) > 380, f"{len(both)} of {len(ews)}")
    differ = collections.Counter()
    for key in both:
        for field in graph[key].keys() | ews[key].keys():
            if graph[key].get(field, "-") != ews[key].get(field, "-"):
                differ[graph[key]["type"], field] += 1
    same(set(differ) - DIFFERENT, set(), str(differ))
    true(differ["Calendar", "start_date"] < 5 and differ["Contact", "contact_numbers"] > 5, str(differ))
    same({ews[k]["type"] for k in ews.keys() - both} - ONLY_EWS, set(), "what Graph did not list")
    for key in graph.keys() - both:  # notes in mail folders, and what is attached to them; links
        true(graph[key]["type"].endswith(("Mails", "Mail Attachment")), graph[key])
    same({d["_attachment"] for d in graph.values() if "_attachment" in d} <=
         {d["_attachment"] for d in ews.values() if "_attachment" in d}, True, "content")
    true(sum("_attachment" in d for d in graph.values()) > 20, "no content")


def test_an_index_of_ews_goes_on():
    t = tenant(items=40)
    first = completed(test_outlook.sync(t, use_document_level_security=False))
    before = t.docs("search-exchange")
    change = entry(t)
    r = t.sync(change=lambda text: change(text).replace('"search-cloud"', '"search-exchange"'))
    whole(r)
    after = t.docs("search-exchange")
    gone = {before[k]["_source"]["type"] for k in before.keys() - after.keys()}
    true(gone <= {"Calendar", "Task Attachment"}, str(gone))  # lists of people are kept: Graph cannot list them
    true(r["documents_indexed"] < first["documents_indexed"] / 5, r)
    true("Distribution List" in r.err + r.out, "not said")


def test_access_is_restricted():
    t = tenant(users=2, items=12)
    r = whole(sync(t, "--to", "-", use_document_level_security=True))
    owners = {tuple(d["_allow_access_control"]) for d in ndjson(r).values()}
    same(owners, {("email:user1@example.test",), ("email:user2@example.test",)})


def test_text_of_attachments():
    t = tenant(items=24)
    want = {k: decoded(d["_attachment"]) for k, d in ndjson(whole(sync(t, "--to", "-"))).items() if "_attachment" in d}
    service = Extraction(tells)
    r = whole(sync(t, "--to", "-", extra="\nextraction_service:\n  host: http://127.0.0.1:%d\n" % service.port,
                   use_text_extraction_service=True))
    docs = {k: d for k, d in ndjson(r).items() if "body" in d}
    true(want.keys() <= docs.keys() and len(want) > 5, str(len(want)))  # and those that are too large for an index
    same({k: docs[k]["body"] for k in want}, {k: name(v) for k, v in want.items()})
    same((r["texts_missing"], any("_attachment" in d for d in docs.values())), (0, False), r.err)
    service.terminate()
    r = sync(t, "--to", "-", extra="\nextraction_service:\n  host: http://127.0.0.1:%d\n" % service.port,
             use_text_extraction_service=True)
    same((r.code, r["texts_missing"]), (0, len(docs)), r.err)


# ---- changes

def test_a_second_sync_writes_nothing_and_deletes_what_is_gone():
    t = tenant(users=2, items=30)
    first = whole(sync(t))
    docs = t.docs(INDEX)
    same(first["documents_indexed"], len(docs))
    second = whole(sync(t))
    same((second["documents_indexed"], second["documents_deleted"]), (0, 0), second.err)
    for folder in ("inbox", "contacts", "calendar", "tasks"):
        gone = [json.loads(line)["id"] for line in
                t.control("GET", f"exchange?user={USER}&folder={folder}").splitlines()][:1]
        t.post("exchange", user=USER, folder=folder, delete=gone)
        true(gone[0] in docs or folder == "calendar", folder)
    r = whole(sync(t))
    true(3 <= r["documents_deleted"] < 12, r)
    same(r["documents_indexed"], 0, r.err)


def test_items_that_come_go_and_move_while_they_are_listed():
    t = tenant("--exchange-bare", items=450, size=300)
    whole(sync(t))
    before = set(t.docs(INDEX))
    for n, change in ((2, {"delete_oldest": 3}), (3, {"add": 4, "update_newest": 3}), (4, {"move_newest": 2, "to": "sentitems"}),
                      (5, {"read_newest": 5, "delete_newest": 1})):
        script(t, n, "inbox", **change)
    r = whole(sync(t, "--full"))  # by pages of whole mails
    t.post("exchange", clear=True)
    r = whole(sync(t))
    lines = [line for folder in ("inbox", "sentitems") for line in
             t.control("GET", f"exchange?user={USER}&folder={folder}").splitlines()]
    same({json.loads(line)["id"] for line in lines} - set(t.docs(INDEX)), set(), "what is there and has no document")
    true(before - set(t.docs(INDEX)), "nothing was deleted")


def test_a_calendar_that_changes_while_it_is_listed():
    t = tenant("--exchange-bare", items=1300, size=300)
    whole(sync(t))
    events = {k for k, d in t.docs(INDEX).items() if d["_source"]["type"] == "Calendar"}
    first = listed_calendar(t)
    true(len(first & events) > 200, f"{len(events)}: not several pages")
    script(t, 2, "calendar", delete_oldest=1)
    r = whole(sync(t))
    lost = events - {k for k, d in t.docs(INDEX).items() if d["_source"]["type"] == "Calendar"}
    true(len(lost) <= 1, f"{len(lost)} events were purged, one is gone")
    for n in range(1, 60):
        script(t, n, "calendar", delete_oldest=1)
    r = sync(t)
    same((r.code, r["mailboxes_partial"], r["documents_deleted"]), (1, 1, 0), r.err)
    true("GRAPH_UNSTABLE" in r.err, r)
    t.post("exchange", clear=True)
    r = whole(sync(t))
    there = listed_calendar(t)
    true(r["documents_deleted"] > 0 and len(first - there) > 5, r)
    same((first - there) & set(t.docs(INDEX)), set(), "documents of events that are gone")
    same((first & there & events) - set(t.docs(INDEX)), set(), "what is there and has no document")


def test_pages_that_are_empty_repeat_or_are_forgotten():
    t = tenant(users=2, items=300, size=300)
    want = set(ndjson(whole(sync(t, "--to", "-"))))
    t.post("exchange", graph_empty=True, graph_repeat=True)
    whole(sync(t))
    same(set(t.docs(INDEX)), want)
    t.post("exchange", graph_empty=False, graph_repeat=False)
    t.post("exchange", fault={"operation": "GraphDelta", "level": "answer", "code": "SyncStateNotFound", "user": USER,
                              "folder": "inbox", "skip": 1, "count": 1})
    whole(sync(t, "--full"))
    same(set(t.docs(INDEX)), want)


# ---- how it is asked

def test_few_requests_and_never_more_than_four_at_a_time():
    t = tenant("--exchange-bare", users=1, items=2000, size=2000)
    r = whole(sync(t, "--to", "-"))
    mails = sum(d["type"].endswith("Mails") for d in ndjson(r).values())
    asking = [u for u in asked(t) if u.get("requests")]
    true(mails > 2000, f"{mails}")
    true(requests(t) <= 15 * r["messages_listed"] / 1000 + 16, f"{requests(t)} requests for {r['messages_listed']}")
    true(all(u["max_concurrent"] <= 4 for u in asking), str(asking))


def test_throttled():
    t = tenant(users=2, items=40, size=300)
    want = set(ndjson(whole(sync(t, "--to", "-"))))
    # Answers are slow until a request meets another and is refused, and then no longer: each refusal costs a second.
    t.post("graph", max_concurrent=1, retry_after_s=1, latency_ms=50)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        run = pool.submit(sync, t, "--full")
        rig.wait_for(lambda: sum(u.get("refused", 0) for u in asked(t)) > 0)
        t.post("graph", latency_ms=0)
        whole(run.result())
    same(set(t.docs(INDEX)), want)
    t.post("graph", max_concurrent=1, retry_after=False)
    whole(sync(t, "--full"))
    t.post("graph", max_concurrent=4, latency_ms=0)
    for code, level in (("ErrorServerBusy", "answer"), ("gatewayTimeout", "answer"), ("ErrorMailboxStoreUnavailable", "answer"),
                        ("ApplicationThrottled", "item")):
        t.post("exchange", fault={"operation": "GraphAttachment" if level == "item" else "GraphDelta", "level": level, "code": code,
                                  "count": 2, "backoff_ms": 500})
        whole(sync(t, "--full"))
        same(set(t.docs(INDEX)), want, code)


def test_tokens_end_in_the_middle():
    t = tenant(users=2, items=60, size=300)
    want = set(ndjson(whole(sync(t, "--to", "-"))))
    t.post("entra", token_ttl_s=1)
    t.post("graph", latency_ms=50)
    whole(sync(t))
    same(set(t.docs(INDEX)), want)


# ---- who has no mailbox, and whom it is denied

def test_refused_mailboxes_stop_nobody():
    t = tenant(users=8, items=12, size=300)
    whole(sync(t))
    before = t.docs(INDEX)
    for user, account in ((2, "denied"), (3, "unlicensed"), (4, "on_premises"), (5, "guest")):
        t.post("graph", user=f"user{user}@example.test", account=account)
    r = completed(sync(t))
    same((r["mailboxes_done"], r["mailboxes_failed"], r["documents_deleted"]), (4, 0, 0), r.err)
    true(r["mailboxes_refused"] >= 3, r)
    true("user2@example.test" in r.err and ("GRAPH_DENIED" in r.err or "GRAPH_POLICY" in r.err), r)  # by turns
    same(set(before) - set(t.docs(INDEX)), set(), "documents of a mailbox that could not be read")


def test_all_denied_is_one_error():
    t = tenant(users=6, items=3, size=300)
    for user in range(1, 7):
        t.post("graph", user=f"user{user}@example.test", account="denied")
    r = sync(t)
    true(r.code == 1 and "GRAPH_DENIED" in r.err and "Mail.Read" in r.err, r)
    same(r["documents_deleted"], 0)


# ---- what no server should answer

def test_odd_answers_delete_nothing():
    t = tenant("--exchange-bare", items=250, size=300)
    whole(sync(t))
    before = set(t.docs(INDEX))
    for odd, code in (("no_id", "GRAPH_UNIT_ID"), ("link_host", "GRAPH_LINK"), ("link_loop", "GRAPH_ENDLESS")):
        t.post("exchange", graph_odd=[odd])
        r = sync(t, "--full")
        same((r.code, r["mailboxes_failed"], r["documents_deleted"]), (1, 1, 0), odd + r.err)
        true(code in r.err and set(t.docs(INDEX)) >= before, r)
    t.post("exchange", graph_odd=["types"])
    true(sync(t, "--full").code in (0, 1), "it broke")
    t.post("exchange", graph_odd=[])
    whole(sync(t, "--full"))
