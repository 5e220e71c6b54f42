# SPDX-License-Identifier: Apache-2.0
"""An Exchange that lists no changes, batches that are too much for it, and single items that it keeps to itself."""
import json

from rig import completed, same, true
from test_outlook import ndjson, sync
from test_outlook_exchange import INDEX, USER, Rewriter, operations, script, tenant, whole, without_items


def inbox(t):
    return [json.loads(line) for line in t.control("GET", f"exchange?user={USER}&folder=inbox").splitlines()]


# ---- listing by offsets

def test_folders_whose_changes_are_not_listed():
    t = tenant(items=300, size=300)
    want = set(ndjson(completed(sync(t, "--to", "-"))))
    t.post("exchange", no_sync=True, find_page=70)
    before = operations(t)
    r = whole(t, sync(t))
    asked = operations(t) - before
    same(set(t.docs(INDEX)), want, "other documents than by SyncFolderItems")
    same(r["messages_repeated"], 0, r.err)
    true(asked["FindItem"] > 8 and asked["GetFolder"] == 1, f"{asked}")
    same(t.stats()["ews_schema_violations"], 0, "elements in another order than Exchange's schema has them")
    gone = inbox(t)[0]["id"]
    t.post("exchange", user=USER, folder="inbox", delete=[gone])
    r = whole(t, sync(t))
    true(gone not in t.docs(INDEX) and r["documents_deleted"] > 0, "what is gone was not deleted: " + r.err)
    same(r["documents_indexed"], 0, "read again")


def test_one_folder_whose_changes_are_not_listed():
    t = tenant(items=200, size=300)
    for code, level in (("ErrorInvalidOperation", "answer"), ("ErrorInvalidFolderTypeForOperation", "answer"), ("ErrorInvalidRequest", "fault")):
        t.post("exchange", clear=True, fault={"operation": "SyncFolderItems", "level": level, "code": code, "count": -1,
                                              **({"user": USER, "folder": "inbox"} if level == "answer" else {"skip": 1, "count": 1})})
        whole(t, sync(t, "--full"))


def test_a_folder_that_changes_while_it_is_listed_by_offsets():
    t = tenant(items=500, size=300)
    completed(sync(t))
    before = set(t.docs(INDEX))
    t.post("exchange", no_sync=True)
    script(t, 2, "inbox", delete_oldest=3)  # all that come after it move to other places
    script(t, 4, "inbox", add=5, update_newest=2)  # and this moves nothing
    r = whole(t, sync(t))
    true(r["messages_repeated"] > 0, "it did not begin again: " + r.err)
    t.post("exchange", clear=True)
    whole(t, sync(t))
    same(without_items(t), set(), "documents of items that are gone")
    true(len(before - set(t.docs(INDEX))) >= 3, "nothing was deleted")


def test_a_folder_that_never_holds_still_keeps_its_documents():
    t = tenant("--exchange-bare", items=1200, size=300)
    completed(sync(t))
    before = set(t.docs(INDEX))
    t.post("exchange", no_sync=True)
    for n in range(1, 400):
        script(t, n, "inbox", delete_oldest=1)
    r = sync(t)
    same((r.code, r["mailboxes_failed"], r["documents_deleted"]), (1, 1, 0), r.err)
    true("EWS_UNSTABLE" in r.err and USER in r.err, r.err)
    same(before - set(t.docs(INDEX)), set(), "a document is missing")
    t.post("exchange", clear=True, no_sync=False)
    true(whole(t, sync(t))["documents_deleted"] > 0, "the next sync")
    same(without_items(t), set())


def test_pages_that_are_too_much():
    t = tenant(items=300, size=300)
    for operation, code in (("FindItem", "ErrorExceededFindCountLimit"), ("FindItem", "ErrorTimeoutExpired"),
                            ("SyncFolderItems", "ErrorTimeoutExpired")):
        t.post("exchange", clear=True, no_sync=operation == "FindItem",
               fault={"operation": operation, "user": USER, "folder": "inbox", "level": "answer", "code": code, "skip": 1, "count": 1})
        whole(t, sync(t, "--full"))


def test_folders_that_are_found_one_by_one():
    t = tenant(items=24)
    want = set(ndjson(completed(sync(t, "--to", "-"))))
    t.post("exchange", find_page=2)  # calendars and the archive are found on later pages
    r = whole(t, sync(t))
    same(set(t.docs(INDEX)), want, r.err)


# ---- batches and items

def test_one_item_that_is_too_much_costs_nothing_but_itself():
    t = tenant(items=60)
    completed(sync(t))
    want = set(t.docs(INDEX))
    item = next(i for i in inbox(t) if i["number"] % 24 == 9 and i["number"] > 24)["id"]
    attachments = {k for k, d in t.docs(INDEX).items() if d["_source"]["type"].endswith("Attachment")}

    def spoil(code, most):
        """Before Exchange: this item as a whole, together with more than so many, is too much."""
        body = ('<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>'
                f"<faultcode>a:{code}</faultcode><faultstring>words</faultstring></s:Fault></s:Body></s:Envelope>")
        return lambda request, answer: (body if "item:Body" in request and item in request and request.count("<t:ItemId ") > most
                                        else answer)

    for code, most in (("ErrorTimeoutExpired", 1), ("ErrorInternalServerError", 4), ("ErrorMessageSizeExceeded", 0)):
        front = Rewriter(t, spoil(code, most))
        before = operations(t)
        r = completed(sync(t, "--full", extra="outlook:\n  basic_only: true\n", **front.changes))
        same((r["skipped_undecided"], r["mailboxes_partial"], r["skipped_corrupt"]), (0, 0, 0), f"{code}: {r.err}")
        have = set(t.docs(INDEX))
        if most:
            same((r["documents_deleted"], have == want), (0, True), f"{code}: {r.err}")
        else:  # once more without its body; of its attachments nobody knows
            same((want - have <= attachments, t.docs(INDEX)[item]["_source"]["message"]), (True, None), r.err)
        true((operations(t) - before)["GetItem"] < 60, "far too many requests")


def test_one_item_that_is_denied_protects_its_mailbox():
    t = tenant(items=48)
    completed(sync(t))
    ids = [i["id"] for i in inbox(t)]
    t.post("exchange", fault={"level": "item", "operation": "GetItem", "id": ids[5], "code": "ErrorAccessDenied", "count": -1})
    t.post("exchange", user=USER, folder="inbox", delete=[ids[3]])
    before = set(t.docs(INDEX))
    r = sync(t, "--full")
    same((r.code, r["mailboxes_partial"], r["mailboxes_refused"], r["skipped_undecided"], r["documents_deleted"]), (1, 1, 0, 1, 0), r.err)
    same(before - set(t.docs(INDEX)), set(), "a document is missing")
    true("EWS_ITEM_DENIED" in r.err and ids[5] in r.err, r.err)
    true(r["documents_indexed"] > len(before) - 8, "others were not read: " + r.err)
    t.post("exchange", clear=True)
    true(ids[3] not in whole(t, sync(t)).err and ids[3] not in t.docs(INDEX), "the next sync")


def test_a_mailbox_whose_items_are_all_denied_is_refused():
    t = tenant(users=3, items=24)
    t.post("exchange", fault={"level": "item", "operation": "GetItem", "user": USER, "code": "ErrorAccessDenied", "count": -1})
    r = completed(sync(t))
    same((r["mailboxes_done"], r["mailboxes_refused"]), (2, 1), r.err)
    true("EWS_DENIED" in r.err and USER in r.err, r.err)
