# SPDX-License-Identifier: Apache-2.0
"""What is deleted, and what never is."""
import json

import rig
from rig import completed, same, true
from test_sync import dls


def delete(t, user, count):
    ids = sorted(t.messages(user))[:count]
    for key in ids:
        t.post("messages", user=user, delete=[key])
    return ids


def test_vanished_messages_are_deleted():
    t = rig.Tenant("--users", 2, "--messages", 50, "--size", 300)
    completed(t.sync())
    gone = delete(t, t.users()[0]["user"], 7)
    r = completed(t.sync())
    same(r["documents_deleted"], 7)
    same(sorted(t.docs()), sorted(t.messages()))
    true(not set(gone) & set(t.docs()), "gone")


def test_purge_switched_off_deletes_nothing():
    t = rig.Tenant("--users", 1, "--messages", 50, "--size", 300)
    completed(t.sync())
    delete(t, t.users()[0]["user"], 7)
    r = completed(t.sync(extra="\npurge:\n  enabled: false\n"))
    same((r["documents_deleted"], len(t.docs())), (0, 50))


def test_safety_stop_at_half_of_the_index():
    t = rig.Tenant("--users", 1, "--messages", 200, "--size", 300)
    completed(t.sync())
    delete(t, t.users()[0]["user"], 120)
    r = completed(t.sync())
    same((r["documents_deleted"], len(t.docs())), (0, 200))
    true(any("purge.max_share" in note for note in r["notes"]), r)
    r = completed(t.sync(extra="\npurge:\n  max_share: 1\n"))
    same((r["documents_deleted"], len(t.docs())), (120, 80))


def test_refused_mailbox_keeps_everything_without_owners():
    t = rig.Tenant("--users", 3, "--messages", 40, "--size", 300)
    completed(t.sync())
    a, b = t.users()[0]["user"], t.users()[1]["user"]
    delete(t, b, 5)
    t.post("users", user=a, state="no_mail")
    r = completed(t.sync())
    same((r["mailboxes_refused"], r["documents_deleted"], len(t.docs())), (1, 0, 120))
    same(r["kept_from_purge"], 45)
    same(r["left_out"][0]["mailbox"], a)
    true(any("kept" in note for note in r["notes"]), r)


def test_refused_mailbox_protects_only_its_own_with_owners():
    t = rig.Tenant("--users", 3, "--messages", 40, "--size", 300)
    completed(t.sync(change=dls))
    a, b = t.users()[0]["user"], t.users()[1]["user"]
    gone = delete(t, b, 5)
    t.post("users", user=a, state="no_mail")
    r = completed(t.sync(change=dls))
    same((r["documents_deleted"], r["kept_from_purge"], len(t.docs())), (5, 40, 115))
    true(not set(gone) & set(t.docs()), "gone")


def test_deleted_user_goes_with_owners():
    t = rig.Tenant("--users", 4, "--messages", 30, "--size", 300)
    completed(t.sync(change=dls))
    t.post("users", user=t.users()[0]["user"], state="deleted")
    r = completed(t.sync(change=dls))
    same((r["documents_deleted"], len(t.docs())), (30, 90))


def test_suspended_user_is_explained_and_protected():
    for state in ("suspended", "suspended_get", "archived", "delegation", "precondition"):
        t = rig.Tenant("--users", 3, "--messages", 20, "--size", 300)
        completed(t.sync(change=dls))
        user = t.users()[2]["user"]
        t.post("users", user=user, state=state)
        r = completed(t.sync("--full", change=dls))
        same((len(t.docs()), r["documents_deleted"]), (60, 0), state)
        if r["mailboxes_refused"]:
            same(r["left_out"][0]["mailbox"], user, state)
            true(r["left_out"][0]["todo"], state)
        rig.stop_all()


def test_one_mailbox_filter_never_deletes_the_others():
    t = rig.Tenant("--users", 3, "--messages", 20, "--size", 300)
    completed(t.sync(change=dls))
    a, b = t.users()[0]["user"], t.users()[1]["user"]
    delete(t, a, 4)
    delete(t, b, 4)
    r = completed(t.sync("--mailbox", a, change=dls))
    same((r["documents_deleted"], len(t.docs())), (4, 56))


def test_failed_directory_deletes_nothing():
    t = rig.Tenant("--users", 2, "--messages", 30, "--size", 300)
    completed(t.sync())
    delete(t, t.users()[0]["user"], 5)
    t.post("faults", path="/admin/directory", status=403, count=100, reason="forbidden")
    r = t.sync()
    same((r.code, len(t.docs())), (1, 60))
    true(r["error"]["todo"], r)


def test_empty_directory_deletes_nothing():
    t = rig.Tenant("--users", 2, "--messages", 20, "--size", 300)
    completed(t.sync())
    t.post("faults", path="/admin/directory/v1/users", status=200, count=-1, body="{}")
    for extra in ("", "\npurge:\n  max_share: 1\n"):
        r = t.sync(extra=extra)
        same((r.code, len(t.docs()), r["documents_deleted"]), (1, 40, 0))
        same(r["error"]["code"], "JOB_DIRECTORY_EMPTY")


def test_another_spelling_of_an_address_is_the_same_mailbox():
    t = rig.Tenant("--users", 2, "--messages", 20, "--size", 300)
    completed(t.sync(change=dls))
    a, b = (u["user"] for u in t.users())
    t.post("users", user=a, state="no_mail")
    t.post("faults", path="/admin/directory/v1/users", status=200, count=-1, body=json.dumps(
        {"users": [{"primaryEmail": a.upper()}, {"primaryEmail": b}]}))
    r = completed(t.sync(change=dls))
    same((r["mailboxes_refused"], r["documents_deleted"], len(t.docs())), (1, 0, 40))


def test_failed_listing_page_protects_its_mailbox():
    t = rig.Tenant("--users", 2, "--messages", 900, "--size", 200)
    completed(t.sync(change=dls))
    a = t.users()[0]["user"]
    delete(t, a, 5)
    t.post("faults", path=f"/gmail/v1/users/{a.replace('@', '%40')}/messages", skip=1, count=1000,
           status=400, reason="badRequest")
    r = t.sync(change=dls)
    same((len(t.docs()), r["documents_deleted"]), (1800, 0))


def test_id_set_full_deletes_nothing_and_says_so():
    t = rig.Tenant("--users", 1, "--messages", 1500, "--size", 200)
    completed(t.sync())
    delete(t, t.users()[0]["user"], 10)
    r = completed(t.sync(extra="\nlimits:\n  ids: 1000\n"))
    same((r["documents_deleted"], len(t.docs())), (0, 1500))
    true(any("limits.ids" in note for note in r["notes"]), r)


def test_documents_that_appear_meanwhile_stay():
    t = rig.Tenant("--users", 1, "--messages", 30, "--size", 300)
    completed(t.sync())
    user = t.users()[0]["user"]
    delete(t, user, 3)
    t.post("messages", user=user, add=5)
    r = completed(t.sync())
    same((r["documents_deleted"], r["documents_indexed"]), (3, 5))
    same(sorted(t.docs()), sorted(t.messages()))
