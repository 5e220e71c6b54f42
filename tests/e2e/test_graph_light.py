# SPDX-License-Identifier: Apache-2.0
"""Second runs through Microsoft Graph: nothing is read twice. Folders are listed by ids and times, and what the index
does not have as it is is read several mails at a time."""
from rig import same, true
from test_graph import INDEX, USER, ndjson, requests, script, sync, tenant, whole

MAIL = 20000  # bytes of one: what a body costs


def change(t, folder, **changes):
    t.post("exchange", user=USER, folder=folder, **changes)


def parts(t):
    return t.stats()["graph_parts"], t.stats()["graph_batches"]


def as_listed(t):
    """The documents that a full run makes."""
    return ndjson(whole(sync(t, "--to", "-")))


def same_documents(t):
    want = as_listed(t)
    have = {k: d["_source"] for k, d in t.docs(INDEX).items()}
    same(set(have), set(want))
    for key, document in want.items():
        same({k: v for k, v in have[key].items() if k in document}, document, key)


def bare(items=400, size=MAIL, **options):
    return tenant("--exchange-bare", items=items, size=size, **options)


def mails_only(**options):
    t = bare(**options)
    for folder in ("contacts", "tasks", "calendar", "team", "trips"):
        change(t, folder, delete_newest=100000)
    return t


def test_a_second_run_reads_no_body():
    t = mails_only()
    first = whole(sync(t))
    before = requests(t)
    true(parts(t) == (0, 0) and first["message_bytes"] > 400 * MAIL, first)
    second = whole(sync(t))
    same(parts(t), (0, 0))
    same((second["documents_indexed"], second["documents_deleted"]), (0, 0), second.err)
    same(second["messages_listed"], first["messages_listed"])
    true(second["message_bytes"] < first["message_bytes"] / 50, second)
    true(second["bytes_in"] < first["bytes_in"] / 8, f"{second['bytes_in']} of {first['bytes_in']}")
    true(requests(t) > before, "nothing was asked")


def test_few_requests_for_what_is_unchanged():
    t = bare(items=4000, size=300)
    first = whole(sync(t))
    before = requests(t)
    second = whole(sync(t))
    same(second["documents_indexed"], 0)
    spent = requests(t) - before
    mails = sum(d["_source"]["type"].endswith("Mails") for d in t.docs(INDEX).values())
    true(mails > 3500, f"{mails}")
    others = first["messages_listed"] - mails  # in pages of a hundred, and events twice
    true(spent <= 5 * mails / 1000 + 3 * others / 100 + 16, f"{spent} requests for {mails} mails, {others} others")


def test_what_is_new_or_has_changed_is_read_and_nothing_else():
    t = mails_only()
    whole(sync(t))
    change(t, "inbox", add=3, update_newest=2)
    change(t, "sentitems", add=1)
    r = whole(sync(t))
    same((r["documents_indexed"], r["documents_deleted"]), (parts(t)[0], 0), r.err)
    true(4 <= parts(t)[0] <= 6 and parts(t)[1] == 2, f"{parts(t)}")
    true(r["message_bytes"] < 20 * MAIL, r)
    same_documents(t)


def test_full_and_first_runs_list_whole_pages():
    t = bare(items=150)
    whole(sync(t))
    change(t, "inbox", add=3, update_newest=2)
    r = whole(sync(t, "--full"))
    same(parts(t), (0, 0))
    true(r["message_bytes"] > 150 * MAIL, r)


def test_attachments_of_mails_that_did_not_change():
    t = tenant(items=40, size=300)
    first = whole(sync(t))
    change(t, "inbox", add=2, update_newest=1)
    r = whole(sync(t))
    true(r["documents_indexed"] < first["documents_indexed"] / 4 and r["documents_deleted"] < 3, r)
    same_documents(t)
    r = whole(sync(t))
    same((r["documents_indexed"], r["documents_deleted"]), (0, 0), r.err)


def test_an_interrupted_first_run_goes_on_with_whole_pages():
    t = bare(items=1200, size=2000)
    whole(sync(t))
    change(t, "inbox", add=600)
    r = whole(sync(t))
    same(parts(t), (0, 0))
    true(r["documents_indexed"] >= 600, r)
    same_documents(t)


def test_mails_that_vanish_between_the_listing_and_the_reading():
    t = bare(items=60, size=300)
    whole(sync(t))
    change(t, "inbox", add=5)
    t.post("exchange", fault={"operation": "GraphGet", "level": "item", "code": "ErrorItemNotFound", "count": 2})
    r = whole(sync(t))
    true(r["documents_indexed"] == 3 and r["skipped_gone"] == 2, r)
    whole(sync(t))
    same_documents(t)


def test_parts_that_are_refused():
    for code, count in (("ApplicationThrottled", 7), ("ErrorServerBusy", 3), ("ErrorInternalServerTransientError", 2)):
        t = bare(items=60, size=300)
        whole(sync(t))
        change(t, "inbox", add=8)
        t.post("exchange", fault={"operation": "GraphGet", "level": "item", "code": code, "count": count,
                                  "backoff_ms": 1000})
        r = whole(sync(t))
        same(r["documents_indexed"], 8, code)
        same_documents(t)


def test_more_parts_than_may_be_under_way():
    t = bare(items=150, size=300)
    whole(sync(t))
    change(t, "inbox", add=30)
    t.post("graph", max_concurrent=4, batch_refuse=True, retry_after_s=1)
    r = whole(sync(t))
    same(r["documents_indexed"], 30)
    t.post("graph", max_concurrent=4, batch_refuse=False)
    same_documents(t)


def test_much_is_new_and_never_more_than_four_at_a_time():
    t = tenant(items=700, size=300)
    whole(sync(t))
    change(t, "inbox", add=50, update_newest=10)
    t.post("graph", max_concurrent=4, latency_ms=5)
    r = whole(sync(t))
    stats = t.stats()
    true(stats["graph_batches"] > 5 and r["documents_indexed"] >= 60, r)
    same(stats["graph_throttled"], 0)
    true(stats["graph_max_concurrent_mailbox"] <= 4, stats)
    same_documents(t)


def test_items_that_come_and_go_while_they_are_listed():
    t = bare(items=1200, size=300)
    whole(sync(t))
    for n, changes in ((2, {"delete_oldest": 3}), (3, {"add": 4, "update_newest": 3}), (4, {"read_newest": 5, "delete_newest": 1})):
        script(t, n, "inbox", **changes)
    whole(sync(t))
    t.post("exchange", clear=True)
    whole(sync(t))
    same_documents(t)
