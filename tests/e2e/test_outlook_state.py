# SPDX-License-Identifier: Apache-2.0
"""outlook.state_file: what a run remembers of folders, so that the next one asks only for what has changed."""
import base64
import os
import ssl
import stat
import subprocess
import urllib.parse
import urllib.request

import rig
import test_outlook
from rig import completed, same, true
from test_jobs import rules
from test_outlook import NOBODY, entry, ndjson, sync
from test_outlook_exchange import INDEX, USER, operations, script, tenant, whole, without_items
from test_outlook_find import inbox


def path(t):
    return os.path.join(t.dir, "states")


def key(t):
    return f"outlook:\n  state_file: {path(t)}\n"


def listed(t, *flags, **changes):
    """One sync with the file, and how many items Exchange has listed for it."""
    before = t.stats()["ews_items_listed"]
    r = whole(t, sync(t, *flags, **{"extra": key(t), **changes}))
    return r, t.stats()["ews_items_listed"] - before


def elastic(t, method, where):
    request = urllib.request.Request(f"https://127.0.0.1:{t.port('elasticsearch')}{where}", method=method, headers={
        "Authorization": "Basic " + base64.b64encode(b"elastic:tenant-password").decode()})
    context = ssl.create_default_context(cafile=os.path.join(t.dir, "ca.pem"))
    urllib.request.urlopen(request, context=context, timeout=60).close()


def exact(t):
    """Nothing but what a full sync leaves."""
    have = set(t.docs(INDEX))
    completed(sync(t, "--full"))
    same(set(t.docs(INDEX)), have, "what a full sync has changed")


def test_only_what_has_changed_is_listed():
    t = tenant("--exchange-bare", items=300)
    r, every = listed(t)
    true(every >= 300 and "states of folders are kept" in r.err, f"{every}: {r.err}")
    same(stat.S_IMODE(os.stat(path(t)).st_mode), 0o600)
    folders = operations(t)["SyncFolderItems"]
    r, count = listed(t)
    same((count, r["documents_indexed"], r["documents_deleted"]), (0, 0, 0), r.err)
    true("folders go on from the states" in r.err, r.err)
    true(operations(t)["SyncFolderItems"] - folders <= 9, "a request for each folder")
    gone = inbox(t)[0]["id"]
    t.post("exchange", user=USER, folder="inbox", delete=[gone], add=3, update_newest=0)
    r, count = listed(t)
    same((count, r["documents_deleted"], gone in t.docs(INDEX)), (3, 1, False), r.err)
    true(r["documents_indexed"] >= 3, r.err)
    r, count = listed(t)
    same((count, r["documents_indexed"], r["documents_deleted"]), (0, 0, 0), r.err)
    exact(t)
    r, count = listed(t, "--full")
    true(count >= every and "folders go on" not in r.err, f"a full sync: {count}")
    r, count = listed(t)
    same(count, 0, "after a full sync")


def test_without_the_key_nothing_is_different():
    t = tenant(items=30)
    r = completed(sync(t))
    true("states" not in r.err and not os.path.exists(path(t)), r.err)


def test_attachments_of_what_is_gone_wait_for_a_full_sync():
    t = tenant(items=48)
    listed(t)
    with_files = [i["id"] for i in inbox(t)]
    kinds = {k: d["_source"]["type"] for k, d in t.docs(INDEX).items()}
    t.post("exchange", user=USER, folder="inbox", delete=with_files)
    r, count = listed(t)
    same((count, without_items(t)), (0, set()), r.err)
    left = {k for k in t.docs(INDEX)}
    same({kinds[k] for k in set(kinds) - left}, {"Inbox Mails"}, "items alone")
    completed(sync(t, "--full", extra=key(t)))
    same(sum(k.endswith("Attachment") for k in kinds.values()) >
         sum(d["_source"]["type"].endswith("Attachment") for d in t.docs(INDEX).values()), True, "attachments stay")


def test_states_that_exchange_has_forgotten_are_dropped():
    t = tenant("--exchange-bare", items=200)
    r, every = listed(t)
    t.post("exchange", expire_sync=True)
    t.post("exchange", user=USER, folder="inbox", add=1)
    r, count = listed(t)
    true(count >= every, f"{count} of {every}: {r.err}")
    same(r["documents_indexed"], 1, r.err)
    same(listed(t)[1], 0, "the next one")


def test_what_is_bound_to_something_else_does_not_count():
    t = tenant("--exchange-bare", items=60)
    every = listed(t)[1]
    same(listed(t)[1], 0)
    for change in ({"extra": key(t) + "  plain_text_as_html: true\n"}, {"use_document_level_security": False}):
        true(listed(t, **change)[1] >= every, f"{change}")
        same(listed(t, **change)[1], 0, f"{change}: the next one")
    listed(t)
    same(listed(t)[1], 0)
    one = sorted(t.docs(INDEX))[0]
    elastic(t, "DELETE", f"/{INDEX}/_doc/{urllib.parse.quote(one, safe='')}?refresh=true")  # somebody else
    r, count = listed(t)
    true(count >= every and one in t.docs(INDEX), f"a document that somebody has deleted: {count}, {r.err}")
    elastic(t, "DELETE", f"/{INDEX}")
    true(listed(t)[1] >= every, "another index of the same name")


def test_a_file_that_was_tampered_with():
    t = tenant("--exchange-bare", items=40)
    every = listed(t)[1]
    content = open(path(t), "rb").read()
    true(len(content) < 1 << 20, "a few folders make a small file")
    for spoil in (lambda b: b[:5000], lambda b: b"x" * len(b), lambda b: b[:100] + b"?" + b[101:4196] + b"?" + b[4197:],
                  lambda b: b.replace(b"H4sI", b"H4sJ"), lambda b: b""):
        with open(path(t), "wb") as f:
            f.write(spoil(content))
        r, count = listed(t)
        true(count >= every, f"{count}: {r.err}")
    same(listed(t)[1], 0, "the next one")


def test_files_that_are_refused():
    t = tenant(items=3)
    other = os.path.join(t.dir, "other")
    open(other, "w").close()
    for make in (lambda: os.symlink(other, path(t)), lambda: os.mkdir(path(t)), lambda: os.mkfifo(path(t), 0o600),
                 lambda: os.link(other, path(t)), lambda: os.close(os.open(path(t), os.O_CREAT, 0o644))):
        make()
        r = sync(t, extra=key(t))
        same((r.code, "outlook.state_file" in r.err), (2, True), r.err)
        os.rmdir(path(t)) if os.path.isdir(path(t)) and not os.path.islink(path(t)) else os.unlink(path(t))
    holder = subprocess.Popen(["flock", path(t), "sleep", "60"])
    try:
        rig.wait_for(lambda: os.path.exists(path(t)))
        os.chmod(path(t), 0o600)
        r = sync(t, extra=key(t))
        same((r.code, "another process" in r.err), (2, True), r.err)
    finally:
        holder.kill()
        holder.wait()


def test_changes_while_it_is_listed_are_not_lost():
    t = tenant("--exchange-bare", items=600, size=300)
    script(t, 2, "inbox", update_oldest=2, delete_newest=2, add=2)
    script(t, 3, "inbox", update_newest=200)
    listed(t)
    t.post("exchange", clear=True)
    for _ in range(3):
        r, count = listed(t)
    same((count, without_items(t)), (0, set()), r.err)
    want = ndjson(completed(sync(t, "--to", "-")))
    same({k: d["_timestamp"] for k, d in want.items()},
         {k: d["_source"]["_timestamp"] for k, d in t.docs(INDEX).items()}, "what the index has")


def test_a_run_that_died_left_the_former_states():
    t = tenant("--exchange-bare", "--latency", 20, items=200)
    listed(t)
    gone = [i["id"] for i in inbox(t)[:3]]
    t.post("exchange", user=USER, folder="inbox", add=150, delete=gone)
    config = t.write_config(entry(t), key(t))
    before = operations(t)["GetItem"]
    process = rig.start([rig.BINARY, "sync", "-c", config, "--json"], stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL, env=rig.clean_env())
    rig.wait_for(lambda: operations(t)["GetItem"] > before + 3)
    process.kill()
    process.wait()
    r, count = listed(t)
    true(count <= 150 or r["documents_deleted"] == 3, f"{count}")
    true(not set(gone) & set(t.docs(INDEX)), "what was gone before it died")
    listed(t)  # everything, when documents of the dead run were not visible yet: their number was another
    same(listed(t)[1], 0)
    exact(t)


def test_an_item_that_was_not_taken_is_not_forgotten():
    t = tenant("--exchange-bare", items=40)
    listed(t)
    t.post("exchange", user=USER, folder="inbox", add=4)
    new = [i["id"] for i in inbox(t) if i["id"] not in t.docs(INDEX) and i["kind"] != "PostItem"]
    t.post("exchange", fault={"level": "item", "operation": "GetItem", "id": new[0], "code": "ErrorAccessDenied", "count": -1})
    r = sync(t, extra=key(t))
    same((r.code, r["mailboxes_partial"], new[0] in t.docs(INDEX)), (1, 1, False), r.err)
    t.post("exchange", clear=True)
    r, _ = listed(t)
    true(set(new) <= set(t.docs(INDEX)), f"lost: {r.err}")


def test_an_item_that_could_not_be_read_is_asked_for_again():
    for code, word in (("ErrorCorruptData", "skipped_corrupt"), ("ErrorItemNotFound", "skipped_gone")):
        t = tenant("--exchange-bare", items=40)
        listed(t)
        t.post("exchange", user=USER, folder="inbox", add=4)
        new = [i["id"] for i in inbox(t) if i["id"] not in t.docs(INDEX) and i["kind"] != "PostItem"][0]
        t.post("exchange", fault={"level": "item", "operation": "GetItem", "id": new, "code": code, "count": -1})
        r = completed(sync(t, extra=key(t)))
        same((r[word], new in t.docs(INDEX)), (1, False), r.err)
        t.post("exchange", clear=True)
        listed(t)  # which sees that all have a document
        rig.stop_all()


def test_a_document_that_was_refused_is_tried_again():
    t = tenant("--exchange-bare", items=40)
    listed(t)
    t.post("exchange", user=USER, folder="inbox", add=6)
    t.post("es", error_every=3, error_status=400, error_count=2)
    same(completed(sync(t, extra=key(t)))["skipped_rejected"], 2)
    same(listed(t)[0]["documents_indexed"], 2)


def test_an_attachment_that_was_not_given_is_asked_for_again():
    t = tenant(items=24)
    listed(t)
    before = set(t.docs(INDEX))
    t.post("exchange", user=USER, folder="inbox", add=12)
    t.post("exchange", fault={"level": "item", "operation": "GetAttachment", "code": "ErrorAccessDenied", "count": 2})
    r = sync(t, extra=key(t))
    same((r.code, r["skipped_undecided"], r["mailboxes_partial"]), (1, 2, 1), r.err)
    t.post("exchange", clear=True)
    some = set(t.docs(INDEX))
    listed(t)
    same(len(set(t.docs(INDEX)) - some), 2, "attachments")
    true(some > before, "items with it")
    exact(t)


def test_what_was_too_large_comes_when_it_may():
    t = tenant("--exchange-bare", items=40)
    limit = "elasticsearch.bulk.max_text_document_size: 0.0001\n"
    r = completed(sync(t, extra=key(t) + limit))
    same(len(t.docs(INDEX)), 0, r.err)
    r, count = listed(t)
    true(count > 0 and r["documents_indexed"] > 0, r.err)
    same(listed(t)[1], 0)


def test_a_disk_that_is_full():
    """No state, and nothing is deleted while states count that cannot be taken back."""
    t = tenant("--exchange-bare", items=40)
    listed(t)
    gone = inbox(t)[0]["id"]
    t.post("exchange", user=USER, folder="inbox", delete=[gone], add=2)
    config = t.write_config(entry(t), key(t))
    done = subprocess.run(["bash", "-c", "trap '' XFSZ; ulimit -f 9; exec \"$@\"", "sh", rig.BINARY, "sync", "-c", config, "--require-seal",
                           "--json"], capture_output=True, text=True, env=rig.clean_env(), timeout=120)
    r = completed(rig.Result(done.returncode, done.stdout, done.stderr))
    same((r["documents_indexed"] >= 2, r["documents_deleted"], gone in t.docs(INDEX)), (True, 0, True), r.err)
    true("cannot be written: no state is kept" in r.err and "nothing was deleted" in r.text(), r.text())
    r, count = listed(t)
    true(count > 40 and gone not in t.docs(INDEX), f"{count}: {r.err}")
    same(listed(t)[1], 0)
    exact(t)


OWNERLESS = {"use_document_level_security": False}
SECOND, THIRD = "user2@example.test", "user3@example.test"


def ids(t, user):
    return test_outlook.listed(t, user)


def test_a_folder_that_is_gone():
    t = tenant("--exchange-bare", items=90)
    listed(t)
    t.post("exchange", user=USER, folder="junkemail", removed=True)
    r, count = listed(t)
    same((count, r["documents_deleted"]), (0, 0), r.err)
    r, count = listed(t)
    true(count > 0 and r["documents_deleted"] > 0, f"the folder is still there: {r.err}")
    same(listed(t)[1], 0)
    exact(t)


def test_who_leaves_the_directory():
    for changes in ({}, OWNERLESS):
        t = tenant("--exchange-bare", users=3, items=30)
        listed(t, **changes)
        gone = ids(t, THIRD)
        t.post("users", user=THIRD, state="deleted")
        if changes:
            r, count = listed(t, **changes)
            true(count == 0 and "the next run lists all of them" in r.err, r.err)
        r, count = listed(t, **changes)
        same((count > 0, r["documents_deleted"] >= len(gone) > 0, gone & set(t.docs(INDEX))), (bool(changes), True, set()), r.err)
        same(listed(t, **changes)[1], 0)
        t.post("users", user=THIRD, state="ok")  # and comes back
        r, count = listed(t, **changes)
        true(count > 0 and gone <= set(t.docs(INDEX)), f"{count}: {r.err}")
        listed(t, **changes)
        same(listed(t, **changes)[1], 0)
        rig.stop_all()


def test_what_waits_for_a_mailbox_that_is_refused():
    """A whole listing that may not delete yet leaves no states: nobody would say again what is gone."""
    t = tenant("--exchange-bare", users=3, items=30)
    completed(sync(t, **OWNERLESS))
    gone = inbox(t)[0]["id"]
    t.post("exchange", user=USER, folder="inbox", delete=[gone])
    t.post("exchange", user=SECOND, state="denied")
    for _ in range(2):
        before = t.stats()["ews_items_listed"]
        r = sync(t, extra=key(t), **OWNERLESS)
        count = t.stats()["ews_items_listed"] - before
        same((r["mailboxes_refused"], r["documents_deleted"], gone in t.docs(INDEX)), (1, 0, True), r.err)
        true(count > 0, "listed from states")
    t.post("users", user=SECOND, state="deleted")
    r, _ = listed(t, **OWNERLESS)
    same((gone in t.docs(INDEX), ids(t, SECOND) & set(t.docs(INDEX))), (False, set()), r.err)
    same(listed(t, **OWNERLESS)[1], 0)


class World(test_outlook.World):
    def config(self):
        return super().config() + key(self.tenant)


def test_jobs_of_the_service():
    w = World("--exchange-bare", *NOBODY)
    t = w.tenant

    def job(kind):
        before = t.stats()["ews_items_listed"]
        done = w.wait_job(w.job(job_type=kind), "completed", "error")
        same((done["status"], done["error"]), ("completed", None))
        return t.stats()["ews_items_listed"] - before, done["indexed_document_count"], done["deleted_document_count"]

    w.serve()
    w.fill()
    w.connected()
    every, indexed, _ = job("full")
    same((indexed > 0, job("incremental")), (True, (0, 0, 0)))
    t.post("exchange", user=USER, folder="inbox", delete=[inbox(t)[0]["id"]], add=2)
    same((job("incremental"), job("incremental")), ((2, 2, 1), (0, 0, 0)))
    true(job("full")[0] > every, "a full job lists everything")
    same(w.stop(), 0)
    t.post("exchange", user=USER, folder="inbox", add=1)
    w.serve()
    same((job("incremental"), job("incremental")), ((1, 1, 0), (0, 0, 0)), "another process")
    w.set(filtering=rules(("type", "equals", "Contact")))
    count, indexed, deleted = job("incremental")
    same((count > every, indexed, deleted > 0, job("incremental")), (True, 0, True, (0, 0, 0)), "rules are others")
    w.set(filtering=rules())
    count, indexed, _ = job("incremental")
    same((count > every, indexed, job("incremental")), (True, deleted, (0, 0, 0)), "and others again")
    true("sealed" in w.words(), w.words()[-2000:])
    same(w.stop(), 0)
