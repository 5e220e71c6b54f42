# SPDX-License-Identifier: Apache-2.0
# What the fake Graph of tests/tenant shows of a mailbox, against wire-graph.md and against what exchangelib
# and EWS give of the same mailbox: ids, texts, times, people, recurrence, bytes of attachments.
#     python3 tests/interop/tenant_graph_content.py [CASE...]
# Python's library only; the cases that need exchangelib are skipped where it cannot be installed.
import base64
import http.client
import json
import os
import random
import re
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
sys.path.insert(0, HERE)

import exchangelib_walk  # noqa: E402
import python_venv  # noqa: E402
import rig  # noqa: E402
import tenant_exchange  # noqa: E402
from rig import same, true  # noqa: E402

USER = "user1@example.test"
DRAFT = {"sender", "from"}  # may be absent
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
ZONED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.0000000$")


# ---- asking --------------------------------------------------------------------------------------

class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def code(self):
        return self.json()["error"]["code"] if self.status >= 400 else ""


class Graph:
    def __init__(self, tenant):
        self.tenant = tenant
        self.context = ssl.create_default_context(cafile=os.path.join(tenant.dir, "ca.pem"))
        self.root = f"https://127.0.0.1:{tenant.port('graph')}/v1.0"
        self.connection = http.client.HTTPSConnection("127.0.0.1", tenant.port("graph"), timeout=60, context=self.context)
        self.token = self.sign_in()
        tenant.post("graph", mailbox_requests=0)

    def sign_in(self):
        f = self.tenant.facts
        c = http.client.HTTPSConnection("127.0.0.1", self.tenant.port("entra"), timeout=60, context=self.context)
        form = {"grant_type": "client_credentials", "client_id": f["client_id"], "client_secret": f["client_secret"],
                "scope": "https://graph.microsoft.com/.default"}
        c.request("POST", f"/{f['tenant_id']}/oauth2/v2.0/token", urllib.parse.urlencode(form),
                  {"Content-Type": "application/x-www-form-urlencoded"})
        r = c.getresponse()
        data = r.read()
        c.close()
        true(r.status == 200, f"no token: {r.status} {data[:300]}")
        return json.loads(data)["access_token"]

    def ask(self, target, prefer=(), method="GET"):
        """target: below /v1.0, or a whole link."""
        if target.startswith("https://"):
            true(target.startswith(self.root + "/"), f"a link elsewhere: {target}")
            target = target[len(self.root):]
        headers = {"Authorization": "Bearer " + self.token, "Accept": "application/json"}
        if prefer:
            headers["Prefer"] = ", ".join(prefer)
        self.connection.request(method, "/v1.0" + target, headers=headers)
        r = self.connection.getresponse()
        return Answer(r.status, r.headers, r.read())

    def get(self, target, prefer=()):
        a = self.ask(target, prefer)
        true(a.status == 200, f"{target[:200]}: {a.status} {a.body[:300]}")
        return a.json()

    def pages(self, target, prefer=()):
        while target:
            page = self.get(target, prefer)
            yield page
            target = page.get("@odata.nextLink")

    def all(self, target, prefer=()):
        return [x for page in self.pages(target, prefer) for x in page["value"]]

    def delta(self, target, prefer=()):
        """Objects of a round in their order, and the link of the next."""
        found, link = [], None
        for page in self.pages(target, prefer):
            found += page["value"]
            link = page.get("@odata.deltaLink")
        true(link is not None, f"{target[:100]}: no deltaLink")
        return found, link


def user_path(user):
    return "/users/" + urllib.parse.quote(user)


def rest(ews):
    return ews.replace("+", "_").replace("/", "-")


def refused(a, status, code):
    same((a.status, a.code()), (status, code), "refused as")


# ---- shapes --------------------------------------------------------------------------------------

RECIPIENT = {"emailAddress": {"name": str, "address?": (str, None)}}
ZONE = {"dateTime": ZONED, "timeZone": str}
BODY = {"contentType": ("html", "text"), "content": str}
FOLDER = {"id": str, "displayName": str, "parentFolderId": str, "childFolderCount": int, "unreadItemCount": int,
          "totalItemCount": int, "isHidden": bool}
ITEM = {"@odata.etag": str, "id": str, "createdDateTime": TIME, "lastModifiedDateTime": TIME, "categories": [str]}
MESSAGE = {**ITEM, "changeKey": str, "subject": (str, None), "bodyPreview": str, "body": BODY, "sender?": RECIPIENT,
           "from?": RECIPIENT, "toRecipients": [RECIPIENT], "ccRecipients": [RECIPIENT], "bccRecipients": [RECIPIENT],
           "replyTo": [RECIPIENT], "importance": ("low", "normal", "high"), "hasAttachments": bool, "isDraft": bool,
           "isRead": bool, "parentFolderId": str, "receivedDateTime": TIME, "sentDateTime": TIME, "conversationId": str,
           "internetMessageId": str, "webLink": (str, None), "flag": {"flagStatus": str}}
DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
DATE = re.compile(r"\d{4}-\d\d-\d\d$")
RECURRENCE = {
    "pattern": {"type": ("daily", "weekly", "absoluteMonthly", "relativeMonthly", "absoluteYearly", "relativeYearly"),
                "interval": int, "month": int, "dayOfMonth": int, "daysOfWeek": [DAYS], "firstDayOfWeek": DAYS,
                "index": ("first", "second", "third", "fourth", "last")},
    "range": {"type": ("noEnd", "endDate", "numbered"), "startDate": DATE, "endDate": DATE, "recurrenceTimeZone": str,
              "numberOfOccurrences": int}}
EVENT = {**ITEM, "subject": (str, None), "body": BODY, "start": (ZONE, None), "end": (ZONE, None),
         "location": ({"displayName": str}, None), "locations": [{"displayName": str}],
         "attendees": [{"type": ("required", "optional", "resource"), "status": {"response": str, "time": TIME},
                        **RECIPIENT}],
         "organizer": (RECIPIENT, None), "recurrence": (RECURRENCE, None),
         "type": ("singleInstance", "occurrence", "exception", "seriesMaster", None), "seriesMasterId": None,
         "isAllDay": bool, "isCancelled": bool, "isOrganizer": bool, "hasAttachments": bool, "sensitivity": str,
         "showAs": str, "iCalUId": str, "originalStartTimeZone": (str, None), "importance": ("low", "normal", "high")}
CALENDAR = {"id": str, "name": str, "isDefaultCalendar": bool, "canEdit": bool, "owner": {"name": str, "address": str}}
CONTACT = {**ITEM, "displayName": (str, None), "givenName": (str, None), "surname": (str, None),
           "emailAddresses": [{"name": str, "address": str}], "businessPhones": [str], "homePhones": [str],
           "mobilePhone": (str, None), "companyName": (str, None), "birthday": (TIME, None), "parentFolderId": str}
LIST = {"id": str, "displayName": str, "isOwner": bool, "isShared": bool,
        "wellknownListName": ("none", "defaultList", "flaggedEmails")}
TASK = {**ITEM, "title": str, "body": BODY, "status": ("notStarted", "inProgress", "completed", "waitingOnOthers", "deferred"),
        "importance": ("low", "normal", "high"), "dueDateTime": (ZONE, None), "startDateTime": (ZONE, None),
        "completedDateTime": (ZONE, None), "hasAttachments": bool, "isReminderOn": bool}
ATTACHMENT = {"@odata.type": ("#microsoft.graph.fileAttachment", "#microsoft.graph.itemAttachment",
                              "#microsoft.graph.referenceAttachment"), "id": str, "name": (str, None),
              "contentType": (str, None), "size": (int, None), "isInline": bool, "lastModifiedDateTime": (TIME, None)}


def fits(value, shape):
    """None, or where it differs."""
    if isinstance(shape, tuple):
        tried = [fits(value, s) for s in shape]
        return None if None in tried else tried[0]
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return f"{value!r:.80} is no object"
        for key, inner in shape.items():
            name = key.rstrip("?")
            if name not in value:
                if key.endswith("?"):
                    continue
                return f"no {name}"
            wrong = fits(value[name], inner)
            if wrong:
                return f"{name}: {wrong}"
        return None
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"{value!r:.80} is no array"
        return next((f"{k}: {w}" for k, w in enumerate(fits(v, shape[0]) for v in value) if w), None)
    if isinstance(shape, re.Pattern):
        return None if isinstance(value, str) and shape.match(value) else f"{value!r:.80} is not {shape.pattern}"
    if shape is None or isinstance(shape, str):
        return None if value == shape else f"{value!r:.80} is not {shape!r}"
    return None if type(value) is shape else f"{value!r:.80} is no {shape.__name__}"


def check_shape(objects, shape, what):
    true(objects, f"{what}: there are none")
    for o in objects:
        wrong = fits(o, shape)
        true(wrong is None, f"{what} {o.get('id', '')[-12:]}: {wrong}")


# ---- documents, as wire-graph.md 9 and documents.md 2 make them -----------------------------------

def address(recipient):
    return ((recipient or {}).get("emailAddress") or {}).get("address") or None


def addresses(recipients):
    return [address(r) for r in recipients if address(r)]


def mail_document(m, kind):
    return {"id": m["id"], "_timestamp": m["lastModifiedDateTime"], "title": m["subject"] or None, "type": kind,
            "sender": address(m.get("sender")), "to_recipients": addresses(m["toRecipients"]),
            "cc_recipients": addresses(m["ccRecipients"]), "bcc_recipients": addresses(m["bccRecipients"]),
            "importance": m["importance"].capitalize(), "categories": m["categories"], "body": m["body"]["content"] or None}


def day(names):
    names = set(names)
    return ("Day" if len(names) == 7 else "Weekday" if names == set(DAYS[1:6]) else
            "WeekendDay" if names == {"sunday", "saturday"} else "".join(names).capitalize())


def recurrence_text(r):
    p = r["pattern"]
    n, index = p["interval"], p["index"].capitalize()
    month = ("", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
             "November", "December")[p["month"]]
    if p["type"] == "daily":
        return f"Occurs every {n} day(s)"
    if p["type"] == "weekly":
        days = ", ".join(d.capitalize() for d in p["daysOfWeek"])
        return (f"Occurs on weekdays {days} of every {n} week(s) where the first day of the week is "
                f"{p['firstDayOfWeek'].capitalize()}")
    if p["type"] == "absoluteMonthly":
        return f"Occurs on day {p['dayOfMonth']} of every {n} month(s)"
    if p["type"] == "relativeMonthly":
        return f"Occurs on weekday {day(p['daysOfWeek'])} in the {index} week of every {n} month(s)"
    if p["type"] == "absoluteYearly":
        return f"Occurs on day {p['dayOfMonth']} of {month}"
    return f"Occurs on weekday {day(p['daysOfWeek'])} in the {index} week of {month}"


def zoned(value):
    if value is None:
        return None
    same(value["timeZone"], "UTC", "a zone")
    return value["dateTime"][:19] + "Z"


def event_document(e):
    kinds = {"singleInstance": "Single", "occurrence": "Occurrence", "exception": "Exception",
             "seriesMaster": "RecurringMaster", None: None}
    kind = "Recurring " + recurrence_text(e["recurrence"]) if e["recurrence"] else kinds[e["type"]]
    return {"id": e["id"], "_timestamp": e["lastModifiedDateTime"], "title": e["subject"] or None, "type": "Calendar",
            "meeting_type": kind, "organizer": address(e["organizer"]),
            "attendees": addresses(a for a in e["attendees"] if a["type"] == "required"), "start_date": zoned(e["start"]),
            "end_date": zoned(e["end"]), "location": (e["location"] or {}).get("displayName") or None,
            "body": e["body"]["content"] or None}


def contact_document(c):
    return {"id": c["id"], "_timestamp": c["lastModifiedDateTime"], "type": "Contact", "name": c["displayName"] or None,
            "email_addresses": [e["address"] for e in c["emailAddresses"]],
            "contact_numbers": c["businessPhones"] + c["homePhones"] + ([c["mobilePhone"]] if c["mobilePhone"] else []),
            "company_name": c["companyName"] or None, "birthday": c["birthday"] and c["birthday"][:10]}


def task_document(t):
    status = t["status"][0].upper() + t["status"][1:]
    date = {k: t[k] and t[k]["dateTime"][:10] for k in ("startDateTime", "dueDateTime")}
    return {"id": t["id"], "_timestamp": t["lastModifiedDateTime"], "title": t["title"] or None, "type": "Task",
            "owner": None, "start_date": date["startDateTime"], "due_date": date["dueDateTime"],
            "complete_date": zoned(t["completedDateTime"]), "categories": t["categories"],
            "importance": t["importance"].capitalize(), "content": t["body"]["content"] or None, "status": status}


def attachment_document(a, parent):
    return {"id": a["id"], "title": a["name"] or None, "type": f"{parent} Attachment", "_timestamp": a["lastModifiedDateTime"],
            "size": a["size"]}


class Walk:
    """Every document of a mailbox through Graph; `where` has the folder, and the path of each."""

    def __init__(self, graph, user):
        self.graph, self.user, self.path = graph, user, user_path(user)
        self.documents, self.where, self.all_day, self.kinds = {}, {}, set(), {}

    def add(self, document, folder, path, has_attachments, parent):
        true(document["id"] not in self.documents, f"{document['id']} comes twice")
        self.documents[document["id"]], self.where[document["id"]] = document, (folder, path)
        if not has_attachments:
            return
        found = self.graph.all(path + "/attachments?$select=id,name,contentType,size,isInline,lastModifiedDateTime")
        if parent != "Task":
            check_shape(found, ATTACHMENT, "attachment")
        for a in found:
            true("contentBytes" not in a, "bytes that were not selected")
            own = f"{path}/attachments/{a['id']}"
            self.add(attachment_document(a, parent), folder, own, False, "")
            self.kinds[a["id"]] = a["@odata.type"].split(".")[-1]

    def mails(self):
        for name, kind in [("inbox", "Inbox Mails"), ("sentitems", "Sent Mails"), ("junkemail", "Junk Mails"),
                           ("archive", "Archive Mails")]:
            if self.graph.ask(f"{self.path}/mailFolders/{name}").status == 404:
                continue
            mails = self.graph.all(f"{self.path}/mailFolders/{name}/messages?$top=17")
            check_shape(mails, MESSAGE, name)
            for m in mails:
                self.add(mail_document(m, kind), name, f"{self.path}/messages/{m['id']}", m["hasAttachments"], "Mail")
                self.kinds[m["id"]] = m.get("@odata.type", "#microsoft.graph.message").split(".")[-1]

    def events(self):
        calendars = self.graph.all(f"{self.path}/calendars?$top=2")
        check_shape(calendars, CALENDAR, "calendar")
        for c in (c for c in calendars if c["owner"]["address"] == self.user):
            events = self.graph.all(f"{self.path}/calendars/{c['id']}/events?$top=7")
            check_shape(events, EVENT, c["name"])
            label = "calendar" if c["isDefaultCalendar"] else "calendar/" + c["name"]
            for e in events:
                self.all_day |= {e["id"]} if e["isAllDay"] else set()
                self.add(event_document(e), label, f"{self.path}/events/{e['id']}", e["hasAttachments"], "Calendar")

    def people(self):
        contacts = self.graph.all(f"{self.path}/contacts?$top=4")
        check_shape(contacts, CONTACT, "contact")
        for c in contacts:
            self.add(contact_document(c), "contacts", f"{self.path}/contacts/{c['id']}", False, "")

    def tasks(self):
        lists = self.graph.all(f"{self.path}/todo/lists")
        check_shape(lists, LIST, "list")
        for one in lists:
            tasks = self.graph.all(f"{self.path}/todo/lists/{one['id']}/tasks?$top=5", ['outlook.body-content-type="text"'])
            for t in tasks if one["wellknownListName"] == "defaultList" else []:
                same(fits(t, TASK), None, "task")
                self.add(task_document(t), "tasks", f"{self.path}/todo/lists/{one['id']}/tasks/{t['id']}",
                         t["hasAttachments"], "Task")

    def run(self):
        self.mails()
        self.events()
        self.people()
        self.tasks()
        return self


# ---- the same through EWS ------------------------------------------------------------------------

def theirs_of(line):
    """A line of the walk with exchangelib as a document of Graph."""
    d = {k: v for k, v in line.items() if k not in ("_walk", "_attachment", "message", "content", "skipped")}
    d["id"] = rest(d["id"])
    walk = line["_walk"]
    if d.get("type", "").endswith("Mails") or d.get("type") == "Calendar":
        d["body"] = walk["body"] or None
    if d.get("type") == "Task":
        d["content"] = line["content"] or None
        d["owner"] = None  # To Do has none
    if d.get("type") == "Contact":
        d["email_addresses"] = [e for e in d["email_addresses"] if e]
    for key in ("title", "name", "company_name", "location"):
        if key in d:
            d[key] = d[key] or None
    return d


def differs(walk, theirs, ours, line):
    """Names of fields that differ and should not."""
    found = [k for k in theirs if theirs[k] != ours.get(k)]
    if ours["id"] in walk.all_day:  # from the creator's midnight there, from midnight here
        true(ours["start_date"].endswith("T00:00:00Z"), "an all-day event begins in the day")
        found = [k for k in found if k not in ("start_date", "end_date")]
    if ours["type"] == "Contact" and set(ours["contact_numbers"]) <= set(theirs["contact_numbers"]):
        found = [k for k in found if k != "contact_numbers"]  # no fax, pager and the like
    return found


ABSENT = {  # what only EWS shows, with the reason
    "Distribution List": "Graph has no personal groups",
    "Occurrence": "events are singles and masters",
    "Exception": "events are singles and masters",
}


def absent(line, lines):
    walk = line["_walk"]
    parent = lines.get(walk.get("parent"), {})
    if parent and absent(parent, lines):
        return "with its item"
    if line.get("type") == "Task Attachment" and walk["kind"] == "ItemAttachment":
        return "tasks have files only"
    return ABSENT.get(line.get("meeting_type") or line.get("type"))


def compare(graph, tenant, lines, user):
    lines = {line["id"]: line for line in lines if line["_walk"]["mailbox"] == user}
    walk, reasons = Walk(graph, user).run(), set()
    for ews, line in lines.items():
        ours = walk.documents.get(rest(ews))
        why = absent(line, lines)
        if why:
            reasons.add(why)
            true(ours is None, f"{line.get('type')} is there: {line.get('title')!r}")
        elif "skipped" in line:  # kinds that the service leaves out, and Graph shows as messages
            true(ours is not None, f"{line['skipped']} is missing")
        else:
            true(ours is not None, f"missing: {line['type']} {line.get('title') or line.get('name')!r}")
            theirs = theirs_of(line)
            wrong = differs(walk, theirs, ours, line)
            true(not wrong, f"{line['type']} {wrong}: theirs {[theirs[k] for k in wrong]!r:.300}, "
                 f"ours {[ours.get(k) for k in wrong]!r:.300}")
    known = {rest(ews) for ews in lines}
    labels = {line["_walk"]["folder"] for line in lines.values()}
    more = [(user, walk.where[i][0], d) for i, d in walk.documents.items() if i not in known and walk.where[i][0] in labels
            and walk.kinds.get(i) != "referenceAttachment"]  # which exchangelib leaves out
    same(more, [], "what EWS does not have")
    check_bytes(graph, walk, lines)
    return walk, labels, reasons


def check_bytes(graph, walk, lines):
    for ews, line in lines.items():
        own = walk.where.get(rest(ews))
        if "_attachment" in line and own:
            a = graph.ask(own[1] + "/$value")
            same((a.status, a.body == base64.b64decode(line["_attachment"])), (200, True), f"bytes of {line['title']}")


# ---- cases ---------------------------------------------------------------------------------------

class Skip(Exception):
    pass


def equal_to_ews(w):
    python, why = python_venv.python_with("exchangelib", os.path.join(HERE, "exchangelib.txt"))
    if not python:
        raise Skip(why)
    lines = exchangelib_walk.ask(python, w.tenant, w.users, "--content")
    archives, reasons = [], set()
    for user in w.users:
        walk, labels, why = compare(w.graph, w.tenant, lines, user)
        folders = {where[0] for where in walk.where.values()}
        archives.append(("archive" in labels, "archive" in folders))
        reasons |= why
        true("calendar/Birthdays" in folders, "no birthdays")
    # By its name and class there, as what the user archives to here: "Archive", "archive", "Archiv", none, one
    # of another class, one without.
    same(archives, [(True, True), (True, True), (False, True), (False, False), (False, False), (False, True)], "archives")
    same(reasons, {*ABSENT.values(), "tasks have files only"}, "what only EWS shows")


def ews_files(w):
    """Bytes of every file of a mailbox through EWS, line breaks in base64 included; MIME of messages."""
    exchange = tenant_exchange.Exchange(w.tenant)
    walk = Walk(w.graph, USER)
    walk.mails()
    seen = 0
    for own, (_, path) in walk.where.items():
        ews = own.translate(str.maketrans("-_", "/+"))
        if walk.kinds.get(own) == "fileAttachment":
            body = ("<m:GetAttachment><m:AttachmentShape/><m:AttachmentIds><t:AttachmentId Id=\"%s\"/></m:AttachmentIds>"
                    "</m:GetAttachment>" % ews)
            text = w.ews(exchange, body, "Content") or ""
            same(w.graph.ask(path + "/$value").body == base64.b64decode(text), True, f"bytes of {own[-20:]}")
            seen += 1
        elif walk.kinds.get(own) == "eventMessageRequest":
            body = ("<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:IncludeMimeContent>true"
                    "</t:IncludeMimeContent></m:ItemShape><m:ItemIds><t:ItemId Id=\"%s\"/></m:ItemIds></m:GetItem>" % ews)
            mime = w.graph.ask(path + "/$value")
            same(mime.body, base64.b64decode(w.ews(exchange, body, "MimeContent")), "MIME")
            same(mime.headers["Content-Type"], "text/plain", "type of MIME")
    true(seen >= 15, f"only {seen} files")


def folders(w):
    path = user_path(USER) + "/mailFolders"
    first = w.graph.get(path)
    check_shape(first["value"], FOLDER, "folder")
    every, hidden = w.graph.all(path + "?$top=3"), w.graph.all(path + "?$top=100&includeHiddenFolders=true")
    same({f["id"] for f in every}, {f["id"] for f in hidden if not f["isHidden"]}, "folders")
    true(any(f["isHidden"] for f in hidden), "nothing is hidden")
    names = {f["displayName"]: f for f in every}
    for gone in ("Contacts", "Calendar", "Tasks", "Projects"):
        true(gone not in names, f"{gone} is a mail folder below the root")
    for known, name in [("inbox", "Inbox"), ("sentitems", "Sent Items"), ("junkemail", "Junk Email"), ("ARCHIVE", "Archive"),
                        ("deleteditems", "Deleted Items"), ("drafts", "Drafts")]:
        same(w.graph.get(f"{path}/{known}")["id"], names[name]["id"], known)
    same(names["Inbox"]["parentFolderId"], w.graph.get(path + "/msgfolderroot")["id"], "root")
    children = w.graph.all(f"{path}/inbox/childFolders")
    same([f["displayName"] for f in children], ["Projects"], "children")
    same(names["Inbox"]["childFolderCount"], 1, "childFolderCount")
    same(len(w.graph.all(f"{path}/{children[0]['id']}/messages?$top=50")), children[0]["totalItemCount"], "totalItemCount")
    refused(w.graph.ask(user_path("user4@example.test") + "/mailFolders/archive"), 404, "ErrorItemNotFound")
    refused(w.graph.ask(path + "/syncissues"), 404, "ErrorItemNotFound")
    refused(w.graph.ask(path + "/nonsense"), 400, "ErrorInvalidIdMalformed")
    found, link = w.graph.delta(path + "/delta", ["odata.maxpagesize=3"])
    true({f["id"] for f in every} < {f["id"] for f in found}, "delta has the children too")
    same(w.graph.delta(link)[0], [], "nothing new")
    w.tenant.post("exchange", user=USER, folder="projects", display_name="Projects & more")
    true("Projects & more" in {f["displayName"] for f in w.graph.delta(link)[0]}, "renamed")
    w.tenant.post("exchange", user=USER, folder="projects", display_name="Projects")


def pages(w):
    path = user_path(USER)
    for collection, most in [("/mailFolders/inbox/messages", 1000), ("/calendar/events", 999), ("/contacts", 999)]:
        whole = [x["id"] for x in w.graph.all(f"{path}{collection}?$top={most}&$select=id")]
        same(len(w.graph.get(path + collection)["value"]), 10, "the usual page")
        same([x["id"] for x in w.graph.all(f"{path}{collection}?$top=7&$select=subject" if "contacts" not in collection
                                           else f"{path}{collection}?$top=7&$select=displayName")], whole, "pages")
        same(len(set(whole)), len(whole), "each once")
        same([x["id"] for x in w.graph.get(f"{path}{collection}?$top=5&$skip=3&$select=id")["value"]], whole[3:8], "$skip")
        for top in (0, most + 1, "x"):
            refused(w.graph.ask(f"{path}{collection}?$top={top}"), 400, "ErrorInvalidUrlQuery")
        refused(w.graph.ask(f"{path}{collection}?$select=id,nonsense"), 400, "RequestBroker--ParseUri")
        refused(w.graph.ask(f"{path}{collection}?$filter=x"), 400, "ErrorInvalidUrlQuery")
    one = w.graph.get(f"{path}/mailFolders/inbox/messages?$top=1&$select=subject,sender&$orderby=receivedDateTime%20asc")
    same(set(one["value"][0]), {"@odata.etag", "id", "subject", "sender"}, "$select")
    true("$select" in urllib.parse.unquote(one["@odata.nextLink"]), "nextLink keeps $select")
    newest = w.graph.all(f"{path}/mailFolders/inbox/messages?$select=receivedDateTime")
    times = [m["receivedDateTime"] for m in newest]
    same(times, sorted(times, reverse=True), "newest first")


def messages(w):
    path = user_path(USER)
    mails = w.graph.all(f"{path}/mailFolders/inbox/messages?$top=100")
    kinds = {m.get("@odata.type") for m in mails}
    same(kinds, {None, "#microsoft.graph.eventMessage", "#microsoft.graph.eventMessageRequest",
                 "#microsoft.graph.eventMessageResponse"}, "kinds")
    true(any(m["subject"] is None for m in mails) and any(m["subject"] == "" for m in mails), "null and empty subjects")
    true(any("sender" not in m for m in mails), "no sender")
    people = [r["emailAddress"] for m in mails for r in m["toRecipients"]]
    true(any("address" not in p for p in people) and any(p.get("address", "") is None for p in people), "no address")
    true(all("sender" not in m for m in w.graph.all(f"{path}/mailFolders/drafts/messages")), "drafts have no sender")
    inline = [m for m in mails if not m["hasAttachments"] and w.graph.all(f"{path}/messages/{m['id']}/attachments")]
    true(any(all(a["isInline"] for a in w.graph.all(f"{path}/messages/{m['id']}/attachments")) for m in inline), "inline only")
    html = next(m for m in mails if m["body"]["contentType"] == "html" and "<b>" in m["body"]["content"])
    one = w.graph.ask(f"{path}/messages/{html['id']}?$select=body", ['outlook.body-content-type="text"'])
    same(one.headers["Preference-Applied"], 'outlook.body-content-type="text"', "applied")
    same((one.json()["body"]["contentType"], "<b>" in one.json()["body"]["content"]), ("text", False), "as text")
    own = w.graph.get(f"{path}/messages/{html['id']}")
    same({k: v for k, v in own.items() if k != "@odata.context"}, html, "by its id")
    other = w.graph.get(f"{path}/mailFolders/inbox/messages/{html['id']}?$select=internetMessageHeaders")
    true(other["internetMessageHeaders"], "headers")
    ews = html["id"].translate(str.maketrans("-_", "/+"))
    if ews != html["id"]:
        refused(w.graph.ask(f"{path}/messages/{urllib.parse.quote(ews, safe='')}"), 400, "ErrorInvalidIdMalformed")
    refused(w.graph.ask(f"{path}/messages/{html['id'].swapcase()}"), 400, "ErrorInvalidIdMalformed")
    refused(w.graph.ask(user_path("user2@example.test") + f"/messages/{html['id']}"), 400, "ErrorInvalidIdMalformed")
    refused(w.graph.ask(f"{path}/events/{html['id']}"), 404, "ErrorItemNotFound")
    same(w.graph.ask(f"{path}/messages/{html['id']}", method="DELETE").status, 405, "nothing is written")


def immutable(w):
    path, prefer = user_path("user2@example.test"), ['IdType="ImmutableId"']
    before = w.graph.all(f"{path}/mailFolders/inbox/messages?$top=100&$select=id,subject", prefer)
    usual = w.graph.all(f"{path}/mailFolders/inbox/messages?$top=100&$select=id,subject")
    found, link = w.graph.delta(f"{path}/mailFolders/inbox/messages/delta?$select=subject", prefer)
    same([m["id"] for m in found], [m["id"] for m in before], "in delta")
    w.tenant.post("exchange", user="user2@example.test", folder="inbox", to="sentitems", move_newest=1)
    moved = w.graph.get(f"{path}/messages/{before[0]['id']}", prefer)
    same((moved["id"], moved["subject"]), (before[0]["id"], before[0]["subject"]), "the same id")
    same([(m["id"], "@removed" in m) for m in w.graph.delta(link, prefer)[0]], [(before[0]["id"], True)], "it left")
    sent = w.graph.all(f"{path}/mailFolders/sentitems/messages?$top=100&$select=id", prefer)
    true(before[0]["id"] in {m["id"] for m in sent}, "where it went")
    refused(w.graph.ask(f"{path}/messages/{usual[0]['id']}"), 404, "ErrorItemNotFound")


def attachments(w):
    path = user_path(USER)
    mails = w.graph.all(f"{path}/mailFolders/inbox/messages?$top=100&$select=hasAttachments")
    seen = set()
    for m in (m for m in mails if m["hasAttachments"]):
        base = f"{path}/messages/{m['id']}/attachments"
        for a in w.graph.all(base + "?$top=2&$select=id,name,size,contentType"):
            kind = a["@odata.type"].split(".")[-1]
            value = w.graph.ask(f"{base}/{a['id']}/$value")
            whole = w.graph.get(f"{base}/{a['id']}?$expand=microsoft.graph.itemattachment/item")
            seen.add(kind)
            if kind == "fileAttachment":
                same(a["@odata.mediaContentType"], a["contentType"], "annotation")
                same(base64.b64decode(whole["contentBytes"]) == value.body, True, "contentBytes")
                same(a["size"] in (None, len(value.body)), True, f"size {a['size']}, {len(value.body)} bytes")
            elif kind == "itemAttachment":
                seen.add(whole["item"]["@odata.type"])
                same(whole["item"]["subject"], a["name"], "the item within")
                true(value.body.startswith((b"Subject:", b"BEGIN:VCALENDAR")), "MIME or iCalendar")
            else:
                same(value.status, 405, "a link has no bytes")
    same(seen, {"fileAttachment", "itemAttachment", "referenceAttachment", "#microsoft.graph.message", "#microsoft.graph.event"},
         "kinds")
    first = next(m for m in mails if m["hasAttachments"])
    base = f"{path}/messages/{first['id']}/attachments"
    true(all("contentBytes" in a for a in w.graph.all(base) if a["@odata.type"].endswith("fileAttachment")), "bytes in a list")
    refused(w.graph.ask(base + "?$select=id,contentBytes"), 400, "RequestBroker--ParseUri")
    refused(w.graph.ask(base + "/" + first["id"]), 400, "ErrorInvalidIdMalformed")
    lists = w.graph.all(path + "/todo/lists")
    task = next(t for t in w.graph.all(f"{path}/todo/lists/{lists[0]['id']}/tasks?$top=100") if t["hasAttachments"])
    base = f"{path}/todo/lists/{lists[0]['id']}/tasks/{task['id']}/attachments"
    one = w.graph.all(base)[0]
    same((one["@odata.type"], "contentBytes" in one), ("#microsoft.graph.taskFileAttachment", False), "of a task")
    same(base64.b64decode(w.graph.get(f"{base}/{one['id']}")["contentBytes"]), w.graph.ask(f"{base}/{one['id']}/$value").body, "task")


def calendars(w):
    path = user_path(USER)
    events = w.graph.all(path + "/calendar/events?$top=100")
    same({e["recurrence"]["pattern"]["type"] for e in events if e["recurrence"]},
         set(RECURRENCE["pattern"]["type"]), "patterns")
    same({e["recurrence"]["range"]["type"] for e in events if e["recurrence"]}, set(RECURRENCE["range"]["type"]), "ranges")
    same({e["type"] for e in events}, {"singleInstance", "seriesMaster", None}, "types")
    same({a["type"] for e in events for a in e["attendees"]}, {"required", "optional", "resource"}, "attendees")
    days = {tuple(e["recurrence"]["pattern"]["daysOfWeek"]) for e in events if e["recurrence"]}
    true(tuple(DAYS[1:6]) in days and ("sunday", "saturday") in days, "sets of weekdays")
    true({"W. Europe Standard Time", None} == {e["originalStartTimeZone"] for e in events}, "zones")
    same(w.graph.all(path + "/events?$top=100"), events, "the same")
    one = w.graph.get(f"{path}/calendar/events/{events[0]['id']}?$select=subject")
    same(one["subject"], events[0]["subject"], "by its id")
    window = "startDateTime=2023-11-21T00:00:00Z&endDateTime=2023-11-23T00:00:00Z"
    view = w.graph.all(f"{path}/calendarView?{window}&$top=4")
    same({e["type"] for e in view}, {"singleInstance", "occurrence", "exception", None}, "types of a view")
    first = next(e for e in view if e["seriesMasterId"])
    same(w.graph.get(f"{path}/events/{first['seriesMasterId']}")["type"], "seriesMaster", "its master")
    same(w.graph.get(f"{path}/events/{first['id']}")["type"], "occurrence", "an occurrence")
    same(w.graph.all(f"{path}/calendarView?startDateTime=2020-01-01T00:00:00Z&endDateTime=2021-01-01T00:00:00Z"), [], "before")
    refused(w.graph.ask(path + "/calendarView"), 400, "ErrorInvalidParameter")
    names = {c["name"]: c for c in w.graph.all(path + "/calendars")}
    same((list(names), names["Birthdays"]["canEdit"]), (["Calendar", "Team", "Trips & Föhn", "Birthdays"], False), "calendars")
    same(w.graph.get(path + "/calendar")["id"], names["Calendar"]["id"], "the default one")
    path = user_path("user2@example.test")
    shared = next(c for c in w.graph.all(path + "/calendars") if c["owner"]["address"] != "user2@example.test")
    same((shared["owner"]["address"], shared["canEdit"], shared["isDefaultCalendar"]), ("user3@example.test", False, False), "shared")
    theirs = w.graph.all(user_path("user3@example.test") + "/calendar/events?$top=50&$select=id")
    same(w.graph.all(f"{path}/calendars/{shared['id']}/events?$top=50&$select=id"), theirs, "events of somebody else")
    refused(w.graph.ask(f"{path}/events/{theirs[0]['id']}"), 400, "ErrorInvalidIdMalformed")


def people_and_tasks(w):
    path = user_path(USER)
    contacts = w.graph.all(path + "/contacts?$top=100")
    listed = exchangelib_walk.listed(w.tenant, USER, "contacts")
    same([c["id"] for c in contacts], [rest(i["id"]) for i in listed if i["kind"] == "Contact"], "contacts, without lists")
    group = next(i for i in listed if i["kind"] == "DistributionList")
    refused(w.graph.ask(f"{path}/contacts/{rest(group['id'])}"), 404, "ErrorItemNotFound")
    true(any(c["mobilePhone"] is None for c in contacts) and any(c["birthday"] is None for c in contacts), "nulls")
    same(w.graph.all(path + "/contactFolders"), [], "folders beside the default one")
    own = contacts[0]["parentFolderId"]
    same([c["id"] for c in w.graph.all(f"{path}/contactFolders/{own}/contacts?$top=100")], [c["id"] for c in contacts], "by folder")
    same(w.graph.get(f"{path}/contactFolders/contacts")["id"], own, "by name")
    found, link = w.graph.delta(path + "/contacts/delta", ["odata.maxpagesize=3"])
    same({c["id"] for c in found}, {c["id"] for c in contacts}, "delta")
    gone = json.loads(w.tenant.post("exchange", user=USER, folder="contacts", delete_newest=3, add=7))
    later, link = w.graph.delta(link)
    listed = {rest(i["id"]): i["kind"] for i in exchangelib_walk.listed(w.tenant, USER, "contacts")}
    same({c["id"] for c in later if "@removed" not in c},
         {rest(i) for i in gone["added"] if listed[rest(i)] == "Contact"}, "new contacts")
    true(0 < sum("@removed" in c for c in later) <= 3, "deleted ones")
    lists = w.graph.all(path + "/todo/lists")
    same([x["wellknownListName"] for x in lists], ["defaultList", "none", "flaggedEmails"], "lists")
    tasks = [f"{path}/todo/lists/{x['id']}/tasks" for x in lists]
    same({t["status"] for t in w.graph.all(tasks[0])}, set(TASK["status"]), "states")
    same([t["title"] for t in w.graph.all(tasks[1])], ["Errand 1", "Errand 2"], "of the other list")
    same(len(w.graph.all(tasks[2])), 2, "flagged mails")
    true(not {t["id"] for k in (1, 2) for t in w.graph.all(tasks[k])} & {t["id"] for t in w.graph.all(tasks[0])}, "of their own")
    zones = {t["dueDateTime"]["timeZone"] for t in w.graph.all(tasks[0]) if t["dueDateTime"]}
    same(zones, {"UTC", "South Africa Standard Time"}, "zones of days")
    found, link = w.graph.delta(tasks[0] + "/delta")
    w.tenant.post("exchange", user=USER, folder="tasks", update_newest=1)
    same([t["id"] for t in w.graph.delta(link)[0]], [found[0]["id"]], "a task that changed")
    same(len(w.graph.delta(path + "/todo/lists/delta")[0]), 3, "delta of lists")


def deltas(w):
    user = "user4@example.test"
    path = user_path(user) + "/mailFolders/inbox/messages/delta"
    listed = [m["id"] for m in w.graph.all(user_path(user) + "/mailFolders/inbox/messages?$top=100&$select=id")]
    found, link = w.graph.delta(path + "?$select=subject", ["odata.maxpagesize=7"])
    same([m["id"] for m in found], listed, "the first round")
    same(set(found[0]), {"@odata.etag", "id", "subject"}, "$select")
    done = json.loads(w.tenant.post("exchange", user=user, folder="inbox", delete_oldest=2, update_newest=1, add=1))
    w.tenant.post("exchange", user=user, folder="inbox", to="sentitems", move_newest=1)  # the one that was added
    w.tenant.post("exchange", user=user, folder="inbox", read_newest=1)
    second, link2 = w.graph.delta(link)
    removed = {m["id"]: m["@removed"]["reason"] for m in second if "@removed" in m}
    same(set(removed), set(listed[-2:]), "deleted")
    same([m["subject"] for m in second if "subject" in m], [found[0]["subject"] + " (version 2)"], "$select lasts")
    true(rest(done["added"][0]) not in {m["id"] for m in second}, "came and went")
    same(w.graph.delta(link2)[0], [], "nothing more")
    same(len(w.graph.delta(link)[0]), len(second), "a round can be asked for again")
    for bad in ("?$deltatoken=xyz", "?$skiptoken=" + link.split("=", 1)[1][:-8] + "AAAAAAAA"):
        a = w.graph.ask(path + bad)
        true((a.status, a.code()) in ((410, "SyncStateNotFound"), (410, "resyncRequired")), f"{a.status} {a.code()}")
    other = link.replace("/inbox/", "/sentitems/")
    same(w.graph.ask(other).status, 410, "of another folder")
    refused(w.graph.ask(path + "?$orderby=subject"), 400, "ErrorInvalidUrlQuery")
    w.tenant.post("exchange", expire_sync=True)
    gone = [w.graph.ask(link) for _ in range(4)]
    same({a.status for a in gone}, {410}, "expired")
    places = {a.headers["Location"] for a in gone}
    true(places == {None, w.graph.root + path}, f"where to begin again: {places}")


def deltas_never_skip(w):
    """Whatever comes and goes between two pages: a client that applies all of it has what is there."""
    user, r = "user5@example.test", random.Random(5)
    path = user_path(user) + "/mailFolders/inbox/messages"
    for switches in ({}, {"graph_repeat": True}, {"graph_empty": True}, {"graph_repeat": True, "graph_empty": True}):
        w.tenant.post("exchange", **switches)
        have, link, empty, again = {}, path + "/delta?$select=subject", 0, 0
        for turn in range(60):
            if r.random() < 0.4:
                change = r.choice([{"add": 2}, {"delete_newest": 1}, {"delete_oldest": 1}, {"update_newest": 2}, {"read_newest": 1},
                                   {"to": "sentitems", "move_newest": 1}])
                w.tenant.post("exchange", user=user, folder="inbox", **change)
            page = w.graph.get(link, [f"odata.maxpagesize={r.choice([2, 3, 5])}"])
            empty += not page["value"] and "@odata.nextLink" in page
            for m in page["value"]:
                again += m["id"] in have
                if "@removed" in m:
                    have.pop(m["id"], None)
                else:
                    have.setdefault(m["id"], {}).update(m)
            link = page.get("@odata.nextLink") or page["@odata.deltaLink"]
        while True:
            page = w.graph.get(link)
            for m in page["value"]:
                have.pop(m["id"], None) if "@removed" in m else have.setdefault(m["id"], {}).update(m)
            if "@odata.deltaLink" in page:
                break
            link = page["@odata.nextLink"]
        now = {m["id"]: m["subject"] for m in w.graph.all(path + "?$top=100&$select=subject")}
        same({k: m.get("subject") for k, m in have.items()}, now, f"{switches}")
        true(("graph_empty" not in switches or empty) and ("graph_repeat" not in switches or again), f"{switches}: never seen")
        w.tenant.post("exchange", graph_repeat=False, graph_empty=False)


def faults(w):
    user = "user6@example.test"
    path = user_path(user)
    inbox = path + "/mailFolders/inbox/messages"
    mails = w.graph.all(inbox + "?$top=5&$select=id")
    done = w.tenant.post("exchange", script={"user": user, "folder": "inbox", "after": 0, "change": {
        "user": user, "folder": "inbox", "delete_newest": 1}})
    listed = w.graph.get(inbox + "?$top=2&$select=id")["value"]  # the newest went before this request
    true(mails[0]["id"] not in {m["id"] for m in listed}, done)
    refused(w.graph.ask(f"{path}/messages/{mails[0]['id']}"), 404, "ErrorItemNotFound")
    where = {"user": user, "folder": "sentitems"}  # listed, and gone when its attachments are asked for
    w.tenant.post("exchange", script={**where, "after": 1, "change": {**where, "delete_newest": 1}})
    gone = w.graph.get(path + "/mailFolders/sentitems/messages?$top=1&$select=id")["value"][0]["id"]
    refused(w.graph.ask(f"{path}/messages/{gone}/attachments"), 404, "ErrorItemNotFound")
    w.tenant.post("exchange", fault={"code": "ErrorItemNotFound", "level": "item", "id": mails[1]["id"].translate(
        str.maketrans("-_", "/+"))})
    refused(w.graph.ask(f"{path}/messages/{mails[1]['id']}"), 404, "ErrorItemNotFound")
    same(w.graph.ask(f"{path}/messages/{mails[1]['id']}").status, 200, "once")
    for code, status in [("ErrorMailboxStoreUnavailable", 503), ("UnknownError", 504), ("ErrorInternalServerError", 500)]:
        w.tenant.post("exchange", fault={"code": code, "level": "answer", "user": user, "folder": "inbox", "backoff_ms": 1500,
                                         "operation": "GraphList"})
        a = w.graph.ask(inbox)
        refused(a, status, code)
        same(a.headers["Retry-After"], "2", "Retry-After")
    w.tenant.post("exchange", script={"user": user, "folder": "archive", "after": 1, "change": {
        "user": user, "folder": "archive", "removed": True}})
    link = w.graph.get(path + "/mailFolders/archive/messages?$top=2&$select=id")["@odata.nextLink"]
    refused(w.graph.ask(link), 404, "ErrorItemNotFound")
    w.tenant.post("exchange", user=user, folder="archive", removed=False, clear=True)
    for odd, what in [("no_value", lambda p: "value" not in p), ("value_type", lambda p: isinstance(p["value"], dict)),
                      ("no_id", lambda p: any("id" not in m for m in p["value"])),
                      ("types", lambda p: any(fits(m, MESSAGE) for m in p["value"])),
                      ("link_loop", lambda p: p["@odata.nextLink"] == link),
                      ("link_host", lambda p: p["@odata.nextLink"].startswith("https://graph.elsewhere.test/"))]:
        w.tenant.post("exchange", graph_odd=[odd])
        link = w.graph.root + inbox + "?$top=20&$skip=3"
        true(what(w.graph.get(link)), odd)
    for odd in ("html", "cut"):
        w.tenant.post("exchange", graph_odd=[odd])
        a = w.graph.ask(inbox)
        try:
            a.json()
            raise AssertionError(f"{odd}: it is JSON")
        except ValueError:
            pass
    w.tenant.post("exchange", graph_odd=[])
    same(fits(w.graph.get(inbox)["value"], [MESSAGE]), None, "even again")


def large(w):
    """A page of 200,000 messages costs what one of 60 costs."""
    tenant = rig.Tenant("--users", 1, "--messages", 1, "--size", 1500, "--exchange-items", 200000)
    graph = Graph(tenant)
    inbox = user_path(USER) + "/mailFolders/inbox/messages"
    tenant.post("exchange", user=USER, folder="inbox", delete_oldest=1)

    def cost(target, count=10):
        best = 9.0
        for _ in range(count):
            begin = time.perf_counter()
            page = graph.get(target)
            best = min(best, time.perf_counter() - begin)
            same(len(page["value"]), 50, "a page")
        return best

    start = cost(inbox + "?$top=50&$select=id,subject,body")
    end = cost(inbox + "?$top=50&$skip=199900&$select=id,subject,body")
    first = graph.get(inbox + "/delta?$select=id,subject,body&$top=50")
    delta = cost(first["@odata.nextLink"])
    true(max(end, delta) < 4 * start + 0.005, f"{start * 1000:.1f} ms, at the end {end * 1000:.1f}, delta {delta * 1000:.1f}")
    true(graph.get(user_path(USER) + "/contacts?$top=50&$skip=41000&$select=id")["value"], "contacts")
    w.note = f"{start * 1000:.1f} ms a page of 50, at the end {end * 1000:.1f}, delta {delta * 1000:.1f}"


CASES = [equal_to_ews, ews_files, folders, pages, messages, immutable, attachments, calendars, deltas, deltas_never_skip, faults,
         people_and_tasks, large]


class World:
    def __init__(self):
        self.tenant = rig.Tenant("--users", 6, "--messages", 1, "--size", 1500, "--exchange-items", 60)
        self.graph = Graph(self.tenant)
        self.users = [f"user{n}@example.test" for n in range(1, 7)]
        self.note = ""

    def ews(self, exchange, body, element):
        """The text of the first such element of an answer."""
        found = exchange.ask(body, USER).tree().find(".//t:" + element, tenant_exchange.NS)
        return found.text if found is not None else None


def main():
    failed, world = 0, None
    wanted = sys.argv[1:]
    try:
        world = World()
        for case in CASES:
            if wanted and case.__name__ not in wanted:
                continue
            world.note = ""
            try:
                case(world)
                print(f"PASS tenant_graph_content/{case.__name__} {world.note}".rstrip(), flush=True)
            except Skip as why:
                print(f"SKIP tenant_graph_content/{case.__name__} {why}", flush=True)
            except (AssertionError, KeyError, IndexError, StopIteration, ValueError, TypeError, OSError, urllib.error.URLError,
                    http.client.HTTPException, subprocess.TimeoutExpired) as e:
                failed += 1
                print(f"FAIL tenant_graph_content/{case.__name__} {type(e).__name__} {str(e)[:900]}", flush=True)
    finally:
        rig.stop_all()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
