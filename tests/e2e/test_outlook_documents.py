# SPDX-License-Identifier: Apache-2.0
"""Documents of Exchange: what becomes of an item, by the rows of acceptance 111 to 120. What is expected
is read from the fake Exchange by Python, not by ours."""
import collections
import hashlib
import json
import os
import re
import sys

import rig
from rig import completed, decoded, same, true
from test_outlook import NOBODY, World, entry, ndjson, stored, sync

sys.path.insert(0, os.path.join(rig.ROOT, "tests", "interop"))
import tenant_exchange  # noqa: E402
from tenant_exchange import NS  # noqa: E402

USER = "user1@example.test"
ADDED = {"id", "_extract_binary_content", "_reduce_whitespace", "_run_ml_inference", "_allow_access_control"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
# spec/documents.md, section 7, by number; the fake Exchange puts them into its 18th mail of every 24.
EXAMPLES = [
    "plain text, no markup", "Hello \nbold\n tail", "T\nBody", "\n\na\n\n\nb\n\n\n\n", "line1\nline2\nline3",
    "<tag> & \"q\" 's'\u00a0©€€", "a\nb\nd", "  keep\n   this \n ", "漢\nz", "\u00a0\nOffice", "real",
    "1 < 2 && 3 > 2; mail \n wrote", "  spaced   text  \n\n\n\ttab\n ", "\n\n\n\n1\n\n\n2\n\n\n\n", "xy",
    " \n \n \n x \n \n ", "a\n \nb", "unclosed \nbold \nboth\n after",
]
PATTERNS = {
    "Single", "Occurrence", "Exception", "RecurringMaster",
    "Recurring Occurs every 3 day(s)",
    "Recurring Occurs on weekdays Monday, Wednesday of every 2 week(s) where the first day of the week is Sunday",
    "Recurring Occurs on weekdays Friday, Tuesday of every 1 week(s) where the first day of the week is Monday",
    "Recurring Occurs on day 15 of every 2 month(s)",
    "Recurring Occurs on weekday WeekendDay in the Last week of every 1 month(s)",
    "Recurring Occurs on day 5 of March",
    "Recurring Occurs on weekday Thursday in the Fourth week of November",
}
SETS = {
    "Inbox Mails": {"_timestamp", "title", "type", "sender", "to_recipients", "cc_recipients", "bcc_recipients", "importance",
                    "categories", "message"},
    "Calendar": {"_timestamp", "title", "type", "meeting_type", "organizer", "attendees", "start_date", "end_date", "location",
                 "content"},
    "Task": {"_timestamp", "title", "type", "owner", "start_date", "due_date", "complete_date", "categories", "importance",
             "content", "status"},
    "Contact": {"_timestamp", "type", "name", "email_addresses", "contact_numbers", "company_name", "birthday"},
    "Distribution List": {"_timestamp", "type", "name", "email_addresses"},
    "Mail Attachment": {"title", "type", "_timestamp", "size"},
}
for mails in ("Sent Mails", "Junk Mails", "Archive Mails"):
    SETS[mails] = SETS["Inbox Mails"]
for parts in ("Calendar Attachment", "Task Attachment"):
    SETS[parts] = SETS["Mail Attachment"]
SHAPES = {}  # documents of one mailbox with everything, read once


def tenant(*arguments, users=1, items=60, size=900):
    return rig.Tenant("--users", users, "--messages", 1, "--size", size, "--exchange-items", items, *NOBODY, *arguments)


def everything():
    if not SHAPES:
        t = tenant()
        r = sync(t, "--to", "-")
        same(r.code, 0, r.err)
        SHAPES.update(ndjson(r))
    return SHAPES


def of_type(docs, kind):
    return [d for d in docs.values() if d["type"] == kind]


def addresses(item, element):
    found = item.findall(f"t:{element}//t:EmailAddress", NS)
    return [a.text for a in found if a.text]


def as_documents(t, folder, properties):
    """id: the element of Exchange's answer, by a client that is not ours."""
    ews = tenant_exchange.Exchange(t)
    ids = [i["id"] for i in tenant_exchange.there(t, folder)]
    found = {}
    for at in range(0, len(ids), 50):
        for items in ews.get(ids[at:at + 50], properties).tree().iterfind(".//m:Items", NS):
            for item in items:
                found[item.find("t:ItemId", NS).get("Id")] = item
    return found


def text(item, element):
    found = item.find("t:" + element, NS)
    return None if found is None else found.text or None


def test_a111_a_mail_has_ten_fields():
    t = tenant()
    items = as_documents(t, "inbox", ("item:Subject", "message:Sender", "message:ToRecipients", "message:CcRecipients",
                                      "message:BccRecipients", "item:Importance", "item:Categories", "item:LastModifiedTime"))
    r = sync(t, "--to", "-")
    docs = ndjson(r)
    compared = collections.Counter()
    for key, item in items.items():
        if item.tag.endswith("PostItem"):
            true(key not in docs, "a note of a public folder")
            continue
        d = docs[key]
        same(set(d), SETS["Inbox Mails"] | ADDED)
        # A line break of the wire arrives as a line feed (XML 1.0, 2.11), in both readers.
        want = {"title": text(item, "Subject"), "importance": text(item, "Importance") or "Normal",
                "sender": (addresses(item, "Sender") or [None])[0], "to_recipients": addresses(item, "ToRecipients"),
                "cc_recipients": addresses(item, "CcRecipients"), "bcc_recipients": addresses(item, "BccRecipients"),
                "categories": [s.text for s in item.findall("t:Categories/t:String", NS) if s.text],
                "type": "Inbox Mails", "_timestamp": text(item, "LastModifiedTime")}
        for field, value in want.items():
            if field == "_timestamp" and not TIME.fullmatch(value or ""):
                value = d[field]  # fractions and offsets have a test of their own
            same(d[field], value, f"{field} of {d['title']}")
        compared.update(k for k, v in want.items() if v in (None, []))
        compared["EX"] += any(str(a).startswith("/O=") for a in [d["sender"], *d["to_recipients"]])
        compared["Normal"] += item.find("t:Importance", NS) is None
        compared["no message"] += d["message"] is None
    for case in ("title", "sender", "to_recipients", "categories", "EX", "Normal", "no message"):
        true(compared[case], f"no mail shows {case}")


def test_a112_times_are_utc_in_every_zone():
    t = tenant("--exchange-style", 0)
    seen = []
    for zone in ("UTC", "Europe/Berlin", "Pacific/Auckland"):
        r = t.sync("--to", "-", change=entry(t), env={"TZ": zone})
        same(r.code, 0, r.err)
        seen.append(ndjson(r))
    same(seen[0], seen[1], "Europe/Berlin")
    same(seen[0], seen[2], "Pacific/Auckland")
    docs = seen[0]
    for d in docs.values():
        for field in ("_timestamp", "start_date", "end_date", "complete_date"):
            if d.get(field) is not None and d["type"] != "Task":
                true(TIME.fullmatch(d[field]), f"{field} {d[field]}")
    days = {d[f] for d in of_type(docs, "Task") for f in ("start_date", "due_date")} | {d["birthday"] for d in of_type(docs, "Contact")}
    true(all(day is None or re.fullmatch(r"\d{4}-\d\d-\d\d", day) for day in days) and len(days) > 3, str(days))
    true(any(d["complete_date"] for d in of_type(docs, "Task")), "no finished task")
    for key, item in as_documents(t, "calendar", ("calendar:Start", "item:LastModifiedTime")).items():
        for element, field in (("Start", "start_date"), ("LastModifiedTime", "_timestamp")):
            value = text(item, element)
            if TIME.fullmatch(value or ""):
                same(docs[key][field], value, field)


def test_a113_examples_of_html():
    t = tenant(items=450, size=300)
    r = sync(t, "--to", "-")
    same(r.code, 0, r.err)
    docs, seen = ndjson(r), set()
    for item in tenant_exchange.there(t, "inbox"):
        if item["number"] % 24 == 18:
            which = item["number"] // 24 % len(EXAMPLES)
            seen.add(which + 1)
            same(docs[item["id"]]["message"], EXAMPLES[which], f"example {which + 1}")
    same(seen, set(range(1, 19)))


def test_a114_meeting_types():
    kinds = {d["meeting_type"] for d in of_type(everything(), "Calendar")}
    true(PATTERNS <= kinds | {"RecurringMaster"}, str(PATTERNS - kinds))
    true(all(k is None or k in ("Single", "Occurrence", "Exception", "RecurringMaster") or
             k.startswith(("Recurring Occurs ", "Recurring Regenerates ")) for k in kinds), str(kinds))


def test_a115_fields_of_each_kind():
    for d in everything().values():
        same(set(d) - {"_attachment"}, SETS[d["type"]] | ADDED, d["type"])
    same({d["type"] for d in everything().values()}, set(SETS))


def test_a115_unknown_kinds_are_left_out():
    t = tenant()
    t.post("exchange", odd=True)
    r = sync(t, "--to", "-")
    same((r.code, r["end"], r["skipped_undecided"]), (0, "completed", 0), r.err)
    docs = ndjson(r)
    kinds = collections.Counter()
    for folder in ("inbox", "contacts", "calendar", "tasks"):
        for key, item in as_documents(t, folder, ()).items():
            kind = item.tag.split("}")[1]
            kinds[kind] += 1
            known = kind in ("Message", "MeetingRequest", "MeetingResponse", "MeetingCancellation", "CalendarItem", "Contact",
                             "DistributionList", "Task")
            same(key in docs, known, kind)
    true(len(kinds) > 8 and kinds["PostItem"] and kinds["SharingMessage"], str(kinds))


def test_a116_attachments_with_and_without_content():
    rules = {"a.pdf": True, "Notizen – März.TXT": True, "page.HTML": True, "big.csv": True,
             "agenda.docx": True, "plan.md": True, "picture.png": False, "huge.pdf": False, "empty.txt": False, ".md": False,
             "a.tar.gz": False, "no-size.txt": False, "Forwarded: Grüße": False, "Invitation": False, None: False}
    seen = set()
    for d in everything().values():
        if d["type"].endswith("Attachment") and d["title"] in rules:
            seen.add(d["title"])
            same("_attachment" in d, rules[d["title"]], d["title"])
            same(len(decoded(d.get("_attachment", ""))), d["size"] if rules[d["title"]] else 0, d["title"])
    same(seen, set(rules))
    true(not any(d.get("title") == "logo.svg" for d in everything().values()), "Exchange says that this mail has none")


def test_a116_a_pipeline_without_content():
    w = World(*NOBODY)
    w.set(pipeline={"name": "search-default-ingestion", "extract_binary_content": False, "reduce_whitespace": True,
                    "run_ml_inference": True})
    w.serve()
    w.fill()
    w.connected()
    job = w.wait_job(w.job(), "completed", "error")
    same((job["status"], job["error"]), ("completed", None))
    docs = stored(w.tenant, "search-c1")
    parts = [d for d in docs.values() if d["type"].endswith("Attachment")]
    true(parts and not any("_attachment" in d for d in parts), "content all the same")
    same(w.tenant.stats()["ews_operations"]["GetAttachment"], 0)
    true(all(d["_extract_binary_content"] is False for d in docs.values()), "the flag")


def test_a116_ten_megabytes():
    t = tenant(items=24)
    r = sync(t, "--to", "-", extra="service:\n  max_file_download_size: 10485761\n")
    same(r.code, 0, r.err)
    huge = [d for d in ndjson(r).values() if d.get("title") == "huge.pdf"]
    true(huge, "none")
    for d in huge:
        same(len(decoded(d["_attachment"])), 10485761)
    same((r["skipped_too_large"], r["skipped_undecided"]), (0, 0))


def test_a118_owners_and_access_control_documents():
    w = World("--users", 8, *NOBODY)
    w.serve()
    w.fill()
    w.connected()
    same(w.wait_job(w.job(), "completed", "error")["error"], None)
    for d in stored(w.tenant, "search-c1").values():
        true(re.fullmatch(r"email:user\d@example\.test", d["_allow_access_control"][0]), d)
        same(len(d["_allow_access_control"]), 1)
    same(w.wait_job(w.job(job_type="access_control"), "completed", "error")["error"], None)
    docs = stored(w.tenant, ".search-acl-filter-search-c1")
    mails = [f"user{n}@example.test" for n in (1, 2, 3, 5, 6, 7, 8)] + ["User4@example.test"]
    names = {"user1@example.test": "User 1", "user2@example.test": "Doe\\", "user3@example.test": "Jörg Müller 3"}
    same(set(docs), {hashlib.md5(m.encode()).hexdigest() for m in mails})
    for mail in mails:
        key = hashlib.md5(mail.encode()).hexdigest()
        identity = docs[key]["identity"]
        same((identity["user_id"], identity["email"]), ("user_id:" + key, "email:" + mail.lower()))
        same(set(identity), {"user_id", "display_name", "email"}, "a job title in the document of a server")
        if mail in names:
            same(identity["display_name"], "name:" + names[mail])
        template = docs[key]["query"]["template"]
        same(template["params"]["access_control"], [identity[k] for k in ("user_id", "display_name", "email")])
        rendered = template["source"].replace("{{#toJson}}access_control{{/toJson}}", json.dumps(template["params"]["access_control"]))
        same(json.loads(rendered)["bool"]["should"][1]["terms"]["_allow_access_control.keyword"],
             template["params"]["access_control"])


def owned(t, user):
    return {k for k, d in t.docs("search-exchange").items() if d["_source"]["_allow_access_control"] == ["email:" + user]}


def test_a119_a_refused_mailbox_keeps_its_documents():
    t = tenant(users=4, items=12)
    completed(sync(t, "--full"))
    before = t.docs("search-exchange")
    for n, state in enumerate(("no_mailbox", "no_access", "disabled", "denied")):
        user = f"user{n % 3 + 2}@example.test"
        t.post("exchange", user=user, state=state)
        t.post("exchange", user=USER, folder="inbox", delete_newest=1)
        had = owned(t, user)
        r = completed(sync(t, "--full"))
        same((r["mailboxes_refused"], r["mailboxes_failed"], r["mailboxes_done"]), (1, 0, 3), f"{state}: {r.err}")
        true(user in r.err.lower(), f"{state} is not named: {r.err}")
        same(owned(t, user), had, state)
        true(len(had) > 20 and r["documents_deleted"] >= 1, f"{state}: {r['documents_deleted']} deleted")
        t.post("exchange", user=user, state="ok")
    true(len(t.docs("search-exchange")) < len(before), "what is gone stayed")


def test_a119_server_errors_fail_the_job_and_delete_nothing():
    t = tenant(users=2, items=6)
    completed(sync(t, "--full"))
    before = set(t.docs("search-exchange"))
    t.post("exchange", user=USER, folder="inbox", delete_newest=3)
    t.post("faults", path="/EWS/", status=502, body="<html>gateway</html>", count=-1)
    r = t.sync("--full", change=entry(t), timeout=300)
    same(r.code, 1, r.text())
    true("Exchange" in r.err and r["documents_deleted"] == 0, r.err)
    same(set(t.docs("search-exchange")), before)


def test_a119_a_mailbox_that_fails_keeps_its_documents_and_the_others_finish():
    t = tenant(users=3, items=6)
    completed(sync(t, "--full"))
    had = owned(t, "user2@example.test")
    t.post("exchange", user=USER, folder="inbox", delete_newest=2)
    t.post("exchange", user="user2@example.test", folder="inbox", delete_newest=2)
    t.post("exchange", user="user2@example.test", state="unavailable")
    r = t.sync("--full", change=entry(t), timeout=300)
    same((r.code, r["mailboxes_done"], r["mailboxes_failed"], r["documents_deleted"]), (1, 2, 1, 2), r.err)
    true("user2@example.test" in r.err and "ErrorMailboxStoreUnavailable" in r.err, r.err)
    same(owned(t, "user2@example.test"), had)
