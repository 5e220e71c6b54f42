# SPDX-License-Identifier: Apache-2.0
# One tenant, the same mailboxes, three ways to read them: outlook_server (EWS, NTLM, the directory), outlook_cloud by
# EWS (a token) and outlook_cloud by Graph. What differs has a row in README's table ("Exchange Online: Graph and EWS"),
# each difference one. Then into one index of a real Elasticsearch, first one way, then the other: nothing is created
# or deleted by the change, and nothing that Graph cannot list is lost.
#     python3 tests/interop/outlook_cloud.py [-v]
# The second part is skipped where there is no Elasticsearch (tests/e2e/node.py).
import collections
import datetime
import json
import os
import subprocess
import sys
import urllib.error

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))

import node  # noqa: E402
import rig  # noqa: E402
import test_entra  # noqa: E402
import test_outlook  # noqa: E402

USERS, ITEMS = 8, 72  # users who differ in what the tenant's README says; each case of mails three times
EWS, GRAPH = {"backend": "ews"}, {"backend": "graph"}


def tenant(content, items=ITEMS):
    t = rig.Tenant("--users", USERS, "--messages", 1, "--size", 900, "--exchange-items", items, "--directory-users", 0,
                   "--exchange-content", content, "--exchange-auth", "ntlm,bearer")
    t.post("graph", extra_users=0)
    return t


def ended(r):
    if r.code or r["end"] != "completed" or r["skipped_undecided"] or r["mailboxes_partial"] or r["mailboxes_done"] != USERS:
        raise AssertionError(f"mailferry ends with {r.code}: {r.text()[-900:]}")
    return r


def equal(got, want, what):
    if got != want:
        raise AssertionError(f"{what}: {str(got)[:300]}, not {str(want)[:300]}")


# ---- the paired comparison

class Facts:
    """What the tenant says of its items: the kind of each id, the folder of some."""

    def __init__(self, t):
        self.kinds, self.folders = {}, {}
        for n in range(USERS):
            user = f"user{n + 1}@example.test"
            for folder in (*test_outlook.FOLDERS, "archive", "trips"):
                try:
                    lines = t.control("GET", f"exchange?user={user}&folder={folder}").splitlines()
                except urllib.error.HTTPError:
                    continue  # this one has no such folder
                for item in map(json.loads, filter(None, lines)):
                    self.kinds[item["id"]] = item["kind"]
                    self.folders[item["id"]] = folder

    def folder(self, key):
        """Of an item, or of the item that has this attachment: its id begins like the item's."""
        return self.folders.get(key) or next((f for k, f in self.folders.items() if key[:87] == k[:87]), None)


def whole_day(field, ews, graph):
    if field not in ("start_date", "end_date") or not ews or not graph:
        return False
    shift = datetime.datetime.fromisoformat(graph) - datetime.datetime.fromisoformat(ews)
    return graph.endswith("T00:00:00Z") and abs(shift) < datetime.timedelta(hours=14)


def some_of(ews, graph):
    rest = iter(ews or [])
    return all(number in rest for number in graph or [])


# By the first cell of README's row. A document that only one way has: field None.
ROWS = [
    ("`start_date`, `end_date` of whole days", lambda d, f, e, g, facts: d["type"] == "Calendar" and whole_day(f, e, g)),
    ("`owner` (task)", lambda d, f, e, g, facts: (d["type"], f, g) == ("Task", "owner", None)),
    ("`meeting_type`", lambda d, f, e, g, facts: f == "meeting_type" and g == "RecurringMaster" and "Regenerates" in e),
    ("`contact_numbers`", lambda d, f, e, g, facts: f == "contact_numbers" and some_of(e, g)),
    ("distribution lists of the contacts folder",
     lambda d, f, e, g, facts: f is None and not g and d["type"] == "Distribution List"),
    ("attachments of tasks that are no files",
     lambda d, f, e, g, facts: f is None and not g and d["type"] == "Task Attachment" and "." not in d["title"]),
    ("posts and documents in mail folders",
     lambda d, f, e, g, facts: f is None and not e and facts.kinds.get(d["id"]) == "PostItem"),
    ("folder of archived mails",
     lambda d, f, e, g, facts: f is None and not e and d["type"] in ("Archive Mails", "Mail Attachment") and
     facts.folder(d["id"]) == "archive"),
    ("calendars of a class of their own, as other programs make them",
     lambda d, f, e, g, facts: f is None and not e and d["type"] in ("Calendar", "Calendar Attachment") and
     facts.folder(d["id"]) == "trips"),
]


LINK = "in the cloud.docx"  # of the tenant's attachments the one that is a link to a file elsewhere
MORE_ROWS = {"compatible": [], "extended": [
    ("attachments that are links to files elsewhere", lambda d, f, e, g, facts: f is None and not e and d["title"] == LINK)]}


def differences(ews, graph):
    """(document, field or None, what EWS has, what Graph has)"""
    for key in sorted(ews.keys() | graph.keys()):
        e, g = ews.get(key), graph.get(key)
        if not e or not g:
            yield e or g, None, e, g
            continue
        for field in sorted(e.keys() | g.keys()):
            if field not in e or field not in g or e[field] != g[field]:
                yield e, field, e.get(field), g.get(field)


def by_server(t, outlook):
    ended(t.sync(change=test_outlook.entry(t), extra=f"\noutlook: {json.dumps(outlook)}\n"))
    return test_outlook.stored(t, "search-exchange")


def by_cloud(t, index, outlook):
    change = test_entra.entry(t, use_document_level_security=True)
    ended(t.sync(change=lambda text: change(text).replace('"search-cloud"', json.dumps(index)),
                 extra=f"\noutlook: {json.dumps(outlook)}\n"))
    return test_outlook.stored(t, index)


def paired(content, every, fields="compatible", items=ITEMS):
    t, form, rows = tenant(content, items), {"fields": fields}, ROWS + MORE_ROWS[fields]
    server, ews, graph = by_server(t, form), by_cloud(t, "search-ews", {**EWS, **form}), by_cloud(t, "search-graph", {**GRAPH, **form})
    equal(server == ews, True, "outlook_server and outlook_cloud by EWS differ")
    facts, seen, unexplained = Facts(t), collections.Counter(), []
    for d, field, e, g in differences(ews, graph):
        meant = next((name for name, is_meant in rows if is_meant(d, field, e, g, facts)), None)
        if meant:
            seen[meant] += 1
        else:
            unexplained.append(f"{d['type']} {field or 'document'}: by EWS {e!r:.200}, by Graph {g!r:.200}")
    table = open(os.path.join(ROOT, "README.md")).read()
    unexplained += [f"README has no row {name}" for name in seen if f"| {name} |" not in table]
    unexplained += [f"no document needs the row {name}" for name, _ in rows if every and not seen[name]]
    for line in unexplained if "-v" in sys.argv else unexplained[:10]:
        print("  " + line)
    if unexplained:
        raise AssertionError(f"{len(unexplained)} unexplained")
    if fields == "extended":
        names_and_values(ews)
    return (f"{len(server)} documents by EWS on both ways, {len(graph)} by Graph, {len(ews.keys() & graph.keys())} by both; "
            f"{sum(seen.values())} differences by {len(seen)} rows, 0 unexplained")


MORE = {"received_date", "sent_date", "message_id", "conversation_id", "is_read", "flag_status", "web_link",
        "optional_attendees", "mailbox", "folder"}
FOLDERS = {"Inbox Mails": {"Inbox"}, "Sent Mails": {"Sent Items"}, "Junk Mails": {"Junk Email"}, "Archive Mails": {"Archive", "archive"},
           "Contact": {"Contacts"}, "Distribution List": {"Contacts"}, "Task": {"Tasks"},
           "Calendar": {"Calendar", "Calendar/Team", "Calendar/Trips & Föhn"}}


def names_and_values(docs):
    """All that the extended form has, each somewhere with a value, and the paths of all folders."""
    values = {name: {json.dumps(d[name]) for d in docs.values() if name in d} - {"null", "[]"} for name in MORE}
    equal([name for name in MORE if not values[name]], [], "members that no document has")
    equal((values["is_read"], values["flag_status"]), ({"true", "false"}, {'"NotFlagged"', '"Flagged"', '"Complete"'}), "states")
    folders = collections.defaultdict(set)
    for d in docs.values():
        if not d["type"].endswith("Attachment"):
            folders[d["type"]].add(d["folder"])
    equal(folders, FOLDERS, "folders")


def extended():
    """More members and documents of links; what the compatible form has stays as it is."""
    t = tenant("alike")
    plain = by_cloud(t, "search-plain", GRAPH)
    more = by_cloud(t, "search-more", {**GRAPH, "fields": "extended"})
    links = [more[k] for k in more.keys() - plain.keys()]
    equal({(d["title"], d["type"], "_attachment" in d) for d in links}, {(LINK, "Mail Attachment", False)}, "more documents")
    equal({k: {f: more[k].get(f, "-") for f in d} for k, d in plain.items()}, plain, "members of the compatible form")
    names = {f for k, d in plain.items() for f in more[k].keys() - d.keys()}
    table = open(os.path.join(ROOT, "README.md")).read()
    rows = {name: any(f"{a}`{name}`{b}" in table for a, b in (("| ", " |"), ("| ", ", "), (", ", " |"))) for name in names}
    equal([name for name in names if not rows[name]], [], "members without a row")
    return f"{len(plain)} documents with {len(names)} more members, {len(links)} of links"


# ---- one index

class Index:
    """Of the real one."""

    def __init__(self, t, name):
        self.tenant, self.name, self.node = t, name, node.get("outlook-cloud")

    def sync(self, outlook, *flags):
        entry, there = test_entra.entry(self.tenant), self.node.change(self.name)
        change = lambda text: entry(there(text)).replace('"search-cloud"', json.dumps(self.name) + ', "pipeline": "none"')
        return ended(self.tenant.sync(*flags, change=change, extra=f"\noutlook: {json.dumps(outlook)}\n"))

    def docs(self):
        return self.node.docs(self.name)


def wrote(r):
    return r["documents_indexed"], r["documents_deleted"]


def there_and_back():
    """What both ways show alike: the change costs no write at all."""
    index = Index(tenant("alike"), "search-alike")
    first = index.sync(EWS)
    docs = index.docs()
    equal(wrote(first), (len(docs), 0), "the first sync")
    for outlook in (GRAPH, EWS, GRAPH):
        equal(wrote(index.sync(outlook)), (0, 0), f"written and deleted by a sync with {outlook}")
        equal({k: (h["_version"], h["_source"]) for k, h in index.docs().items()},
              {k: (1, h["_source"]) for k, h in docs.items()}, f"documents after a sync with {outlook}")
    full = index.sync(GRAPH, "--full")
    equal(wrote(full), (len(docs), 0), "all of them once more")
    equal({k: h["_source"] for k, h in index.docs().items()}, {k: h["_source"] for k, h in docs.items()}, "after --full")
    return f"{len(docs)} documents: by EWS, Graph, EWS and Graph, 0 created, 0 deleted; the same once more by Graph with --full"


def nothing_is_lost():
    """With all that differs: Graph adds what only it lists, and leaves what it does not."""
    index = Index(tenant("series"), "search-rows")
    index.sync(EWS)
    before = index.docs()
    graph = index.sync(GRAPH)
    after = index.docs()
    equal(graph["documents_deleted"], 0, "deleted by Graph")
    equal(len(before.keys() - after.keys()), 0, "lost")
    kept = [k for k, h in before.items() if h["_source"]["type"] in ("Distribution List", "Task Attachment")]
    equal({after[k]["_version"] for k in kept}, {1}, "written anew, although Graph cannot list it")
    equal(graph["documents_indexed"], len(after) - len(before), "only what is new is written")
    equal("Distribution List, Task Attachment" in graph.out + graph.err, True, "what was kept is said")
    back = index.sync(EWS)
    equal(wrote(back), (0, len(after) - len(before)), "EWS takes away what only Graph lists")
    equal({k: h["_version"] for k, h in index.docs().items()}, {k: 1 for k in before}, "as before")
    return (f"{len(before)} documents by EWS, {len(kept)} of kinds that Graph cannot list; {len(after) - len(before)} more "
            "by Graph, 0 deleted; by EWS again as before")


def case(name, what):
    try:
        print(f"PASS outlook_cloud/{name} {what()}", flush=True)
        return False
    except rig.Skip as why:
        print(f"SKIP outlook_cloud/{name} {why}", flush=True)
        return False
    except (AssertionError, KeyError, OSError, urllib.error.URLError, subprocess.TimeoutExpired) as e:
        print(f"FAIL outlook_cloud/{name} {type(e).__name__} {str(e)[-900:]!r}", flush=True)
        return True
    finally:
        rig.stop_all()


def main():
    try:
        failed = case("rows", lambda: paired("series", True))
        failed |= case("alike", lambda: paired("alike", False))
        failed |= case("extended", extended)
        failed |= case("extended_rows", lambda: paired("series", False, "extended", 24))
        failed |= case("there_and_back", there_and_back)
        failed |= case("nothing_is_lost", nothing_is_lost)
    finally:
        node.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
