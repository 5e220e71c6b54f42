# SPDX-License-Identifier: Apache-2.0
"""Several processes share one tenant: together they carry all of it, and none deletes what is another's."""
import rig
from rig import completed, same, true
from test_sync import dls

USERS = 12


def shard(tenant, k_of_n, **options):
    return completed(tenant.sync("--to", "elastic", "--shard", k_of_n, change=dls, **options))


def test_three_shards_carry_the_whole_tenant():
    t = rig.Tenant("--users", USERS, "--messages", 20, "--size", 300)
    parts = []
    for k in (1, 2, 3):
        before = set(t.docs()) if parts else set()  # there is no index yet
        shard(t, f"{k}/3")
        parts.append(set(t.docs()) - before)
    same(set().union(*parts), set(t.messages()), "all of them")
    same(sum(map(len, parts)), 20 * USERS, "none twice")
    true(all(parts), "each had something to do")


def test_a_shard_deletes_only_its_own():
    t = rig.Tenant("--users", USERS, "--messages", 10, "--size", 300)
    completed(t.sync("--to", "elastic", change=dls))
    for user in [u["user"] for u in t.users()]:
        t.post("messages", user=user, delete_oldest=1)
    gone = [u["user"] for u in t.users()][:4]
    lost = set()
    for user in gone:
        lost |= set(t.messages(user))
        t.post("users", user=user, state="deleted")
    left = set(t.messages()) - lost
    deleted = []
    for k in (1, 2):
        before = set(t.docs())
        r = shard(t, f"{k}/2")
        deleted.append(before - set(t.docs()))
        same(r["documents_deleted"], len(deleted[-1]))
        true(not deleted[-1] & left, "nothing that is still there")
    same(set(t.docs()), left, "together they deleted all that is gone")
    true(all(deleted), [len(d) for d in deleted])


def test_without_owners_a_shard_deletes_nothing():
    t = rig.Tenant("--users", 4, "--messages", 30, "--size", 300)
    completed(t.sync("--to", "elastic"))
    t.post("messages", user=t.users()[0]["user"], delete_oldest=5)
    for k in (1, 2):
        r = completed(t.sync("--to", "elastic", "--shard", f"{k}/2"))
        same(r["documents_deleted"], 0)
        true(any("another shard" in note for note in r["notes"]), r)
    same(len(t.docs()), 120)


def test_the_completion_index_names_the_shard():
    t = rig.Tenant("--users", USERS, "--messages", 3, "--size", 300)
    for k in range(2):
        shard(t, "2", env={"JOB_COMPLETION_INDEX": str(k)})
        true(k == 1 or 0 < len(t.docs()) < 3 * USERS, "a part")
    same(set(t.docs()), set(t.messages()), "both parts")
    wrong = t.sync("--to", "elastic", "--shard", "2")
    same(wrong.code, 2, wrong.text())
    true("JOB_COMPLETION_INDEX" in wrong.err, wrong)
