# SPDX-License-Identifier: Apache-2.0
# A mailbox walked with exchangelib 5.4.0, as the service that mailferry replaces walks it.
#     python3 tests/interop/exchangelib_walk.py
# tests the fake Exchange: over NTLM and Basic, all folders, kinds and attachments, against its own list.
#     python3 tests/interop/exchangelib_walk.py --url https://HOST/EWS/Exchange.asmx --user 'D\u' --password P
#         --mailbox ADDR [--mailbox ADDR] [--auth ntlm|basic] [--content]
# prints a JSON line an item and attachment: the fields of the documents that the replaced service makes
# of it (documents.md, section 2), `id`, and under `_walk` what a comparison may need beside them: mailbox,
# folder, kind, and the body as it came. A line with `error` is an item that it cannot read, one with
# `skipped` a kind that it leaves out; `content_error`: a file of which it cannot read the bytes.
import argparse
import base64
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
EXTENSIONS = (".txt .py .rst .html .markdown .json .xml .csv .md .ppt .rtf .docx .odt .xls .xlsx .rb .paper .sh .pptx "
              ".pdf .doc .aspx .xlsb .xlsm .tsv .svg .msg .potx .vsd .vsdx .vsdm").split()
MAX_BYTES = 10485760


# ---- in the virtual environment ------------------------------------------------------------------

def html_to_text(html):
    import bs4
    if not html:
        return html
    try:
        return bs4.BeautifulSoup(html, features="lxml").get_text(separator="\n")
    except Exception:
        return bs4.BeautifulSoup(html, features="html.parser").get_text(separator="\n")


def time_text(value):
    from datetime import datetime
    if value is None:
        return None
    return datetime.fromtimestamp(value.timestamp()).strftime("%Y-%m-%dT%H:%M:%SZ")


def day_text(value):
    return value.strftime("%Y-%m-%d") if value is not None else None


def addresses(people):
    return [p.email_address for p in people or [] if p.email_address]


def mail_document(item, kind):
    return {
        "_timestamp": time_text(item.last_modified_time), "title": item.subject, "type": kind,
        "sender": item.sender.email_address if item.sender else None,
        "to_recipients": addresses(item.to_recipients), "cc_recipients": addresses(item.cc_recipients),
        "bcc_recipients": addresses(item.bcc_recipients), "importance": item.importance,
        "categories": list(item.categories or []), "message": html_to_text(item.body),
    }


def calendar_document(item):
    what = item.type
    if what != "Single" and item.recurrence and item.recurrence.pattern:
        what = f"Recurring {item.recurrence.pattern}"
    return {
        "_timestamp": time_text(item.last_modified_time), "title": item.subject, "type": "Calendar", "meeting_type": what,
        "organizer": item.organizer.email_address if item.organizer else None,
        "attendees": [a.mailbox.email_address for a in item.required_attendees or []
                      if a.mailbox and a.mailbox.email_address],
        "start_date": time_text(item.start), "end_date": time_text(item.end), "location": item.location,
        "content": html_to_text(item.body),
    }


def task_document(item):
    return {
        "_timestamp": time_text(item.last_modified_time), "title": item.subject, "type": "Task", "owner": item.owner,
        "start_date": day_text(item.start_date), "due_date": day_text(item.due_date),
        "complete_date": time_text(item.complete_date), "categories": list(item.categories or []),
        "importance": item.importance, "content": item.text_body, "status": item.status,
    }


def contact_document(item):
    return {
        "_timestamp": time_text(item.last_modified_time), "type": "Contact", "name": item.display_name,
        "email_addresses": [e.email for e in item.email_addresses or []],
        "contact_numbers": [p.phone_number for p in item.phone_numbers or [] if p.phone_number],
        "company_name": item.company_name, "birthday": day_text(item.birthday),
    }


def list_document(item):
    return {"_timestamp": time_text(item.last_modified_time), "type": "Distribution List", "name": item.display_name,
            "email_addresses": [m.mailbox.email_address for m in item.members or []
                                if m.mailbox and m.mailbox.email_address]}


def attachment_document(attachment, kind, content):
    from exchangelib import FileAttachment
    name, size = attachment.name, attachment.size
    document = {"id": attachment.attachment_id.id, "title": name, "type": f"{kind} Attachment",
                "_timestamp": time_text(attachment.last_modified_time), "size": size}
    wanted = isinstance(attachment, FileAttachment) and size and name and os.path.splitext(name)[1].lower() in EXTENSIONS \
        and size <= MAX_BYTES
    if not content or not wanted:
        return document, None
    try:
        document["_attachment"] = base64.b64encode(attachment.content or b"").decode()
    except ValueError as e:  # it cannot read base64 with line breaks, which drops the document
        return document, f"{type(e).__name__}: {e}"
    return document, None


MAIL = ("sender", "to_recipients", "cc_recipients", "bcc_recipients", "last_modified_time", "subject", "importance",
        "categories", "body", "has_attachments", "attachments")
CALENDAR = ("organizer", "last_modified_time", "subject", "start", "end", "location", "type", "recurrence",
            "required_attendees", "body", "has_attachments", "attachments")
TASK = ("last_modified_time", "due_date", "complete_date", "subject", "status", "owner", "start_date", "text_body",
        "companies", "categories", "importance", "has_attachments", "attachments")
CONTACT = ("email_addresses", "phone_numbers", "last_modified_time", "display_name", "company_name", "birthday", "members")


def folders_of(account):
    """(label, kind, folder, fields), those that are there and are of the right class."""
    from exchangelib.errors import ErrorFolderNotFound
    from exchangelib.folders import Calendar, Messages
    wanted = [("inbox", "Inbox Mails", lambda: account.inbox, MAIL), ("sentitems", "Sent Mails", lambda: account.sent, MAIL),
              ("junkemail", "Junk Mails", lambda: account.junk, MAIL),
              ("archive", "Archive Mails", lambda: account.msg_folder_root / "Archive", MAIL),
              ("contacts", "Contact", lambda: account.contacts, CONTACT), ("tasks", "Task", lambda: account.tasks, TASK),
              ("calendar", "Calendar", lambda: account.calendar, CALENDAR)]
    for label, kind, get, fields in wanted:
        try:
            folder = get()
        except ErrorFolderNotFound:
            continue
        if label == "archive" and type(folder) is not Messages:
            continue
        yield label, kind, folder, fields
        if label == "calendar":
            for child in folder.children:
                if type(child) is Calendar:
                    yield "calendar/" + child.name, kind, child, fields


def document_of(item, kind):
    name = type(item).__name__
    if kind.endswith("Mails"):
        return mail_document(item, kind) if name in ("Message", "MeetingRequest", "MeetingResponse",
                                                     "MeetingCancellation") else None
    makers = {"CalendarItem": calendar_document, "Task": task_document, "Contact": contact_document,
              "DistributionList": list_document}
    return makers[name](item) if name in makers else None


def walk_folder(address, label, kind, folder, fields, options):
    for item in folder.all().only(*fields):
        where = {"mailbox": address, "folder": label, "kind": type(item).__name__}
        if isinstance(item, Exception):
            yield {"error": f"{type(item).__name__}: {item}", "_walk": where}
            continue
        document = document_of(item, kind)
        body = getattr(item, "body", None)
        where["html"] = type(body).__name__ == "HTMLBody"
        where["body"] = None if body is None else str(body)
        if document is None:
            yield {"skipped": type(item).__name__, "id": item.id, "_walk": where}
            continue
        yield {"id": item.id, **document, "_walk": where}
        if kind == "Contact" or not item.has_attachments:
            continue
        parent = {"Task": "Task", "Calendar": "Calendar"}.get(kind, "Mail")
        for attachment in item.attachments or []:
            document, error = attachment_document(attachment, parent, options.content)
            more = {"content_error": error} if error else {}
            yield {**document, "_walk": {**where, "kind": type(attachment).__name__, "parent": item.id, "body": None, **more}}


def walk(options):
    import warnings

    import exchangelib
    from exchangelib.protocol import BaseProtocol, NoVerifyHTTPAdapter
    warnings.simplefilter("ignore")
    os.environ["TZ"] = "UTC"
    if not options.ca:
        BaseProtocol.HTTP_ADAPTER_CLS = NoVerifyHTTPAdapter
    else:
        os.environ["REQUESTS_CA_BUNDLE"] = options.ca
    credentials = exchangelib.Credentials(options.user, options.password)
    auth = {"ntlm": exchangelib.NTLM, "basic": exchangelib.BASIC, "": None}[options.auth]
    config = exchangelib.Configuration(service_endpoint=options.url, credentials=credentials, auth_type=auth)
    for address in options.mailbox:
        account = exchangelib.Account(address, config=config, autodiscover=False, access_type=exchangelib.IMPERSONATION)
        for label, kind, folder, fields in folders_of(account):
            for line in walk_folder(address, label, kind, folder, fields, options):
                print(json.dumps(line, ensure_ascii=False), flush=True)


# ---- the test ------------------------------------------------------------------------------------

def ask(python, tenant, mailboxes, *more):
    command = [python, __file__, "--url", f"https://127.0.0.1:{tenant.port('exchange')}/EWS/Exchange.asmx",
               "--user", tenant.facts["account"], "--password", tenant.facts["password"],
               "--ca", os.path.join(tenant.dir, "ca.pem"), *more]
    for m in mailboxes:
        command += ["--mailbox", m]
    env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, env={**env, "TZ": "UTC"})
    if done.returncode != 0:
        raise AssertionError(f"exchangelib fails: {done.stderr[-700:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def listed(tenant, user, folder):
    return [json.loads(line) for line in tenant.control("GET", f"exchange?user={user}&folder={folder}").splitlines() if line]


def check_items(tenant, user, lines):
    """Each item of each folder comes once, of its kind."""
    names = {"archive": "archive", "calendar/Team": "team", "calendar/Trips & Föhn": "trips"}
    for label in {line["_walk"]["folder"] for line in lines}:
        have = {line["id"]: line["_walk"]["kind"] for line in lines
                if line["_walk"]["folder"] == label and "parent" not in line["_walk"]}
        want = {i["id"]: i["kind"] for i in listed(tenant, user, names.get(label, label))}
        if have != want:
            raise AssertionError(f"{user} {label}: {len(have)} items, {len(want)} are there")


def check_fields(lines):
    """Every case of the content was seen."""
    text = json.dumps(lines, ensure_ascii=False)
    for part in ["Occurs every 3 day(s)", "Occurs on weekdays Monday, Wednesday of every 2 week(s) where the first day of the "
                 "week is Sunday", "Occurs on day 15 of every 2 month(s)", "Occurs on weekday WeekendDay in the Last week of "
                 "every 1 month(s)", "Occurs on day 5 of March", "Occurs on weekday Thursday in the Fourth week of November",
                 '"Occurrence"', '"Exception"', "/O=ORG/OU=", '"Distribution List"', "1604-05-17", "1990-06-01", '"Deferred"',
                 '"skipped": "PostItem"', "MeetingCancellation", '"ItemAttachment"', "Hello \\nbold\\n tail", "😀"]:
        if part not in text:
            raise AssertionError(f"never seen: {part}")


def check_contents(lines):
    files = [line for line in lines if "_attachment" in line]
    for line in files:
        data = base64.b64decode(line["_attachment"])
        if len(data) != line["size"]:
            raise AssertionError(f"{line['title']}: {len(data)} bytes of {line['size']}")
    if not {"a.pdf", "Notizen – März.TXT", "page.HTML"} <= {line["title"] for line in files}:
        raise AssertionError("attachments are missing")
    if any(line["title"] in ("picture.png", "huge.pdf", "empty.txt", "a.tar.gz", ".md") for line in files):
        raise AssertionError("attachments that should not be fetched")


def test():
    sys.path.insert(0, HERE)
    sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
    import python_venv
    import rig
    python, why = python_venv.python_with("exchangelib", os.path.join(HERE, "exchangelib.txt"))
    if not python:
        print(f"SKIP exchangelib_walk {why}")
        return 0
    failed = 0

    def verdict(name, run):
        try:
            run()
            print(f"PASS {name}", flush=True)
            return 0
        except (AssertionError, KeyError, OSError, subprocess.TimeoutExpired) as e:
            print(f"FAIL {name} {str(e)[:900]!r}", flush=True)
            return 1

    try:
        tenant = rig.Tenant("--users", 6, "--messages", 60, "--size", 1500, "--exchange-items", 60)
        users = [f"user{n}@example.test" for n in (1, 2, 3, 6)]
        seen = {}

        def both():
            seen["ntlm"] = ask(python, tenant, users[:1], "--auth", "ntlm", "--content")
            seen["basic"] = ask(python, tenant, users[:1], "--auth", "basic", "--content")
            if seen["ntlm"] != seen["basic"]:
                raise AssertionError("NTLM and Basic see different items")
            stats = tenant.stats()
            if not stats["logons_ntlm"] or not stats["logons_basic"] or stats["ews_schema_violations"]:
                raise AssertionError(f"{stats}")

        def others():
            lines = ask(python, tenant, users[1:])  # it finds out itself how to authenticate
            for user in users[1:]:
                own = [line for line in lines if line["_walk"]["mailbox"] == user]
                check_items(tenant, user, own)
                archive = any(line["_walk"]["folder"] == "archive" for line in own)
                if archive != (user == users[1]):  # "archive"; "Archiv"; no class
                    raise AssertionError(f"{user}: the archive is {'' if archive else 'not '}taken")

        def bound():
            tenant.post("exchange", binding="required", auth=["ntlm"], mic_required=True)
            ask(python, tenant, users[:1], "--auth", "ntlm")

        failed += verdict("exchangelib/ntlm_and_basic", both)
        failed += verdict("exchangelib/items", lambda: check_items(tenant, users[0], seen["ntlm"]))
        failed += verdict("exchangelib/fields", lambda: check_fields(seen["ntlm"]))
        failed += verdict("exchangelib/contents", lambda: check_contents(seen["ntlm"]))
        failed += verdict("exchangelib/other_mailboxes", others)
        failed += verdict("exchangelib/channel_binding", bound)
    finally:
        rig.stop_all()
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--url")
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--mailbox", action="append", default=[])
    parser.add_argument("--auth", choices=["ntlm", "basic", ""], default="")
    parser.add_argument("--ca", help="PEM of the roots; without it nothing is verified")
    parser.add_argument("--content", action="store_true", help="with the files' bytes")
    options = parser.parse_args()
    if not options.url:
        return test()
    try:
        import exchangelib  # noqa: F401
    except ImportError:
        sys.path.insert(0, HERE)
        import python_venv
        python, why = python_venv.python_with("exchangelib", os.path.join(HERE, "exchangelib.txt"))
        if not python:
            print(f"SKIP exchangelib_walk {why}", file=sys.stderr)
            return 2
        return subprocess.run([python, __file__, *sys.argv[1:]]).returncode
    walk(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
