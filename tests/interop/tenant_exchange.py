# SPDX-License-Identifier: Apache-2.0
# The fake Exchange of tests/tenant against wire-ews.md and wire-ntlm.md, with nothing but Python's library:
#     python3 tests/interop/tenant_exchange.py [CASE...]
# What real clients cannot show: what it refuses, and that a synchronisation never skips whatever happens
# in between. exchangelib_walk.py shows that what it gives is what a real client understands.
import base64
import hashlib
import hmac
import http.client
import json
import os
import random
import ssl
import struct
import sys
import urllib.error
import xml.etree.ElementTree as ET

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))

import rig  # noqa: E402

M = "http://schemas.microsoft.com/exchange/services/2006/messages"
T = "http://schemas.microsoft.com/exchange/services/2006/types"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
NS = {"m": M, "t": T, "s": SOAP, "e": "http://schemas.microsoft.com/exchange/services/2006/errors"}
USER = "user1@example.test"
BASIC = "Basic " + base64.b64encode(b"EXAMPLE\\svc:Passw0rd").decode()
IDS = "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"


def same(a, b, what=""):
    if a != b:
        raise AssertionError(f"{what}: {str(a)[:300]!r} is not {str(b)[:300]!r}")


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def tree(self):
        return ET.fromstring(self.body.lstrip(b"\xef\xbb\xbf"))

    def code(self):
        """Of the fault, or of the first answer."""
        root = self.tree()
        fault = root.find(".//detail/e:ResponseCode", NS)
        return fault.text if fault is not None else root.find(".//m:ResponseCode", NS).text

    def codes(self):
        return [c.text for c in self.tree().iterfind(".//m:ResponseCode", NS)]

    def ids(self):
        return [i.get("Id") for i in self.tree().iterfind(".//t:ItemId", NS)]


class Exchange:
    """A connection to it."""

    def __init__(self, tenant):
        self.tenant = tenant
        context = ssl.create_default_context(cafile=os.path.join(tenant.dir, "ca.pem"))
        self.http = http.client.HTTPSConnection("127.0.0.1", tenant.port("exchange"), context=context, timeout=60)

    def post(self, body, auth=BASIC, **headers):
        more = {"Content-Type": "text/xml; charset=utf-8", **headers}
        if auth:
            more["Authorization"] = auth
        self.http.request("POST", "/EWS/Exchange.asmx", body, more)
        r = self.http.getresponse()
        return Answer(r.status, r.headers, r.read())

    def ask(self, body, user=USER, version="Exchange2013_SP1", **more):
        who = f"<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>{user}</t:PrimarySmtpAddress></t:ConnectingSID>" \
              "</t:ExchangeImpersonation>" if user else ""
        text = f'<s:Envelope xmlns:s="{SOAP}" xmlns:m="{M}" xmlns:t="{T}"><s:Header><t:RequestServerVersion ' \
               f'Version="{version}"/>{who}</s:Header><s:Body>{body}</s:Body></s:Envelope>'
        return self.post(text.encode(), **more)

    def find(self, folder="inbox", offset=0, most=100, more="", user=USER):
        return self.ask(f'<m:FindItem Traversal="Shallow">{IDS}<m:IndexedPageItemView MaxEntriesReturned="{most}" '
                        f'Offset="{offset}" BasePoint="Beginning"/>{more}<m:ParentFolderIds><t:DistinguishedFolderId '
                        f'Id="{folder}"/></m:ParentFolderIds></m:FindItem>', user)

    def get(self, ids, properties=("item:Subject",), body_type="", user=USER):
        uris = "".join(f'<t:FieldURI FieldURI="{p}"/>' for p in properties)
        additional = f"<t:AdditionalProperties>{uris}</t:AdditionalProperties>" if uris else ""
        items = "".join(f'<t:ItemId Id="{i}"/>' for i in ids)
        return self.ask(f"<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>{body_type}{additional}</m:ItemShape>"
                        f"<m:ItemIds>{items}</m:ItemIds></m:GetItem>", user)

    def sync(self, folder="inbox", state="", most=512):
        state = f"<m:SyncState>{state}</m:SyncState>" if state else ""
        return self.ask(f'<m:SyncFolderItems>{IDS}<m:SyncFolderId><t:DistinguishedFolderId Id="{folder}"/></m:SyncFolderId>'
                        f"{state}<m:MaxChangesReturned>{most}</m:MaxChangesReturned></m:SyncFolderItems>")


def there(tenant, folder="inbox", user=USER):
    return [json.loads(x) for x in tenant.control("GET", f"exchange?user={user}&folder={folder}").splitlines() if x]


def apply(page, known):
    """The changes of a page of SyncFolderItems; its state and whether it is the last."""
    root = page.tree()
    same(page.code(), "NoError")
    for change in root.find(".//m:Changes", NS):
        what = change.tag.split("}")[1]
        item = change.find(".//t:ItemId", NS).get("Id")
        if what == "Delete":
            known.discard(item)
        elif what == "ReadFlagChange":
            pass
        else:
            known.add(item)
    return root.find(".//m:SyncState", NS).text, root.find(".//m:IncludesLastItemInRange", NS).text == "true"


# ---- what is given -------------------------------------------------------------------------------

def test_pages(tenant, ews):
    want = {i["id"]: i["kind"] for i in there(tenant)}
    for style in (0, 1, 2):
        tenant.post("exchange", style=style)
        have, offset = {}, 0
        while True:
            root = ews.find(offset=offset, most=17).tree()
            folder = root.find(".//m:RootFolder", NS)
            for item in folder.find("t:Items", NS):
                have[item.find("t:ItemId", NS).get("Id")] = item.tag.split("}")[1]
            offset = int(folder.get("IndexedPagingOffset"))
            if folder.get("IncludesLastItemInRange") == "true":
                break
        same(have, want, f"style {style}")
    tenant.post("exchange", style=-1)


def test_order(tenant, ews):
    newest = ews.find(most=1000).ids()
    order = '<m:SortOrder><t:FieldOrder Order="Ascending"><t:FieldURI FieldURI="item:DateTimeReceived"/></t:FieldOrder></m:SortOrder>'
    same(ews.find(most=1000, more=order).ids(), newest[::-1])
    text = ews.ask(f'<m:FindItem Traversal="Shallow">{IDS}<m:FractionalPageItemView MaxEntriesReturned="10" Numerator="1" '
                   'Denominator="4"/><m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem>')
    same(text.ids(), newest[len(newest) // 4:][:10], "a quarter into it")


def test_restriction(tenant, ews):
    def count(expression):
        return len(ews.find(most=1000, more=f"<m:Restriction>{expression}</m:Restriction>").ids())

    def compare(name, uri, value):
        return f'<t:{name}><t:FieldURI FieldURI="{uri}"/><t:FieldURIOrConstant><t:Constant Value="{value}"/></t:FieldURIOrConstant></t:{name}>'

    whole = len(there(tenant))
    later = compare("IsGreaterThanOrEqualTo", "item:LastModifiedTime", "2023-11-14T22:30:00Z")
    some = count(later)
    same(0 < some < whole, True, some)
    same(count(f"<t:Not>{later}</t:Not>"), whole - some)
    same(count(f"<t:And>{later}{compare('IsEqualTo', 'item:HasAttachments', 'true')}</t:And>") < some, True)
    same(count(f"<t:Or>{later}<t:Not>{later}</t:Not></t:Or>"), whole)


def test_only_what_is_asked_for(tenant, ews):
    ids = [i["id"] for i in there(tenant)[:24]]
    for properties in ((), ("item:Subject",), ("item:Body", "message:Sender"), ("item:Attachments", "item:Importance")):
        allowed = {p.split(":")[1] for p in properties} | {"ItemId"}
        for items in ews.get(ids, properties).tree().iterfind(".//m:Items", NS):
            for item in items:
                extra = {c.tag.split("}")[1] for c in item} - allowed
                same(extra, set(), f"{properties}")
    shape = "<t:BodyType>Text</t:BodyType>"
    for body in ews.get(ids, ("item:Body",), shape).tree().iterfind(".//t:Body", NS):
        same(body.get("BodyType"), "Text")


def test_order_of_answers(tenant, ews):
    ids = [i["id"] for i in there(tenant)[:5]]
    wrong = ids[0][:-8] + ("A" if ids[0][-8] != "A" else "B") + ids[0][-7:]
    other = there(tenant, user="user2@example.test")[0]["id"]
    gone = ids[1]
    tenant.post("exchange", user=USER, folder="inbox", delete=[gone])
    answer = ews.get([ids[0], wrong, ids[2], gone, ids[0].swapcase(), other])
    same(answer.codes(), ["NoError", "ErrorInvalidIdMalformed", "NoError", "ErrorItemNotFound", "ErrorInvalidIdMalformed",
                          "ErrorItemNotFound"])
    tenant.post("exchange", batch_stop_after=2)
    answer = ews.get(ids[2:])
    same(answer.codes(), ["NoError", "NoError", "ErrorBatchProcessingStopped"])
    same(answer.tree().find(".//m:GetItemResponseMessage[3]", NS).get("ResponseClass"), "Warning")
    tenant.post("exchange", batch_stop_after=0)


def attachments(ews, ids):
    """(item, attachment element) of each."""
    root = ews.get(ids, ("item:Attachments",)).tree()
    for items in root.iterfind(".//m:Items", NS):
        for item in items:
            for a in item.iterfind("t:Attachments/*", NS):
                yield item.find("t:ItemId", NS).get("Id"), a


def test_files(tenant, ews):
    total = 0
    for item, a in attachments(ews, [i["id"] for i in there(tenant)]):
        if not a.tag.endswith("FileAttachment"):
            continue
        key = a.find("t:AttachmentId", NS).get("Id")
        size = a.find("t:Size", NS)
        answer = ews.ask(f'<m:GetAttachment><m:AttachmentIds><t:AttachmentId Id="{key}"/></m:AttachmentIds></m:GetAttachment>')
        same(answer.code(), "NoError")
        content = answer.tree().find(".//t:Content", NS).text or ""
        data = base64.b64decode(content)
        if size is not None:
            same(len(data), int(size.text), a.find("t:Name", NS))
        total += len(data)
    same(total > 20_000_000, True, total)


# ---- synchronisation -----------------------------------------------------------------------------

def test_sync_is_whole(tenant, ews):
    known, state, last = set(), "", False
    while not last:
        page = ews.sync(state=state, most=13)
        state, last = apply(page, known)
    same(known, {i["id"] for i in there(tenant)})
    tenant.post("exchange", user=USER, folder="inbox", add=3, update_newest=2, read_newest=1)
    kinds = [c.tag.split("}")[1] for c in ews.sync(state=state).tree().find(".//m:Changes", NS)]
    same((kinds.count("Create"), kinds.count("ReadFlagChange") >= 1), (3, True), kinds)


def test_sync_never_skips(tenant, ews):
    r = random.Random(7)
    user = {"user": USER, "folder": "inbox"}
    for _ in range(6):
        known, state, last = set(), "", False
        rounds = 0
        while not last or rounds < 12:
            rounds += 1
            page = ews.sync(state=state, most=r.choice([1, 3, 7, 20]))
            state, last = apply(page, known)
            if rounds < 12:
                tenant.post("exchange", **user, **r.choice([
                    {"add": r.randrange(4)}, {"delete_newest": r.randrange(3)}, {"delete_oldest": r.randrange(3)},
                    {"update_newest": r.randrange(3)}, {"move_oldest": 1, "to": "archive"}, {"move_newest": 2, "to": "sentitems"},
                    {"read_newest": 1}, {}]))
                if r.random() < 0.3:  # what came last is taken back
                    tenant.post("exchange", **user, delete=[r.choice(there(tenant))["id"]])
        same(known, {i["id"] for i in there(tenant)}, "after the last page")


def test_sync_state(tenant, ews):
    state, _ = apply(ews.sync(most=5), set())
    same(ews.sync("sentitems", state).code(), "ErrorInvalidSyncStateData", "another folder")
    damaged = state[:40] + ("B" if state[40] != "B" else "C") + state[41:]
    same(ews.sync("inbox", damaged).code(), "ErrorInvalidSyncStateData", "damaged")
    same(ews.sync("inbox", "garbage!").code(), "ErrorInvalidSyncStateData")
    tenant.post("exchange", expire_sync=True)
    same(ews.sync("inbox", state).code(), "ErrorInvalidSyncStateData", "expired")
    same(ews.sync(most=513).code(), "ErrorSchemaValidation", "more than 512")


def test_script(tenant, ews):
    before = ews.find(most=10).ids()
    tenant.post("exchange", script={"user": USER, "folder": "inbox", "after": 1, "change": {"user": USER, "folder": "inbox", "add": 2}})
    first, second = ews.find(most=10).ids(), ews.find(most=10).ids()
    same(first, before)
    same(second[2:], before[:8], "two newer ones moved the page")
    tenant.post("exchange", clear=True)


# ---- what is refused -----------------------------------------------------------------------------

WRONG = {
    "view before shape": f'<m:FindItem Traversal="Shallow"><m:IndexedPageItemView MaxEntriesReturned="1" Offset="0" BasePoint="Beginning"/>{IDS}'
                         '<m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem>',
    "no traversal": f'<m:FindItem>{IDS}<m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem>',
    "order behind": f'<m:FindItem Traversal="Shallow">{IDS}<m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds>'
                    '<m:SortOrder><t:FieldOrder Order="Ascending"><t:FieldURI FieldURI="item:DateTimeReceived"/></t:FieldOrder></m:SortOrder>'
                    '</m:FindItem>',
    "order before view": f'<m:FindItem Traversal="Shallow">{IDS}<m:SortOrder><t:FieldOrder Order="Ascending"><t:FieldURI '
                         'FieldURI="item:DateTimeReceived"/></t:FieldOrder></m:SortOrder><m:IndexedPageItemView MaxEntriesReturned="1" Offset="0" '
                         'BasePoint="Beginning"/><m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem>',
    "restriction behind": f'<m:FindItem Traversal="Shallow">{IDS}<m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds>'
                          '<m:Restriction><t:Exists><t:FieldURI FieldURI="item:Subject"/></t:Exists></m:Restriction></m:FindItem>',
    "no such property": '<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties><t:FieldURI FieldURI="folder:Nam"/>'
                        '</t:AdditionalProperties></m:FolderShape><m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder>',
    "no such folder id": '<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds><t:DistinguishedFolderId '
                         'Id="Inbox"/></m:FolderIds></m:GetFolder>',
    "ids without items": f"<m:GetItem>{IDS}<m:ItemIds></m:ItemIds></m:GetItem>",
    "shape's order": '<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties><t:FieldURI FieldURI="item:Body"/>'
                     '</t:AdditionalProperties><t:BodyType>Text</t:BodyType></m:ItemShape><m:ItemIds><t:ItemId Id="x"/></m:ItemIds></m:GetItem>',
    "wrong namespace": f'<m:SyncFolderItems>{IDS}<t:SyncFolderId><t:DistinguishedFolderId Id="inbox"/></t:SyncFolderId>'
                       '<m:MaxChangesReturned>1</m:MaxChangesReturned></m:SyncFolderItems>',
    "state behind the count": f'<m:SyncFolderItems>{IDS}<m:SyncFolderId><t:DistinguishedFolderId Id="inbox"/></m:SyncFolderId>'
                              '<m:MaxChangesReturned>1</m:MaxChangesReturned><m:SyncState>H4s=</m:SyncState></m:SyncFolderItems>',
    "an unknown attribute": f'<m:GetItem Traversal="Shallow">{IDS}<m:ItemIds><t:ItemId Id="x"/></m:ItemIds></m:GetItem>',
    "text between": f"<m:GetItem>{IDS}text<m:ItemIds><t:ItemId Id=\"x\"/></m:ItemIds></m:GetItem>",
    "mailbox's order": '<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds><t:DistinguishedFolderId Id="inbox">'
                       '<t:Mailbox><t:RoutingType>SMTP</t:RoutingType><t:EmailAddress>a@b</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>'
                       '</m:FolderIds></m:GetFolder>',
}


def test_schema(tenant, ews):
    for name, body in WRONG.items():
        answer = ews.ask(body)
        same((answer.status, answer.code()), (500, "ErrorSchemaValidation"), name)
        same(answer.tree().find(".//t:LineNumber", NS).text, "1", name)
        same(bool(answer.tree().find(".//t:Violation", NS).text), True, name)
    for bad in (b"<a>", b"", b"<!DOCTYPE a><a/>", b"<a b='1' b='2'/>", b"<a>&nope;</a>", b"\xff"):
        same(ews.post(bad).status, 400, bad)


def test_versions(tenant, ews):
    probe = '<m:ConvertId DestinationFormat="EntryId"><m:SourceIds><t:AlternateId Id="DUMMY" Format="EwsId" Mailbox="DUMMY"/></m:SourceIds></m:ConvertId>'
    answer = ews.ask(probe, user=None, version="Exchange2016")
    same((answer.status, answer.code()), (200, "ErrorInvalidIdMalformed"))
    same(answer.tree().find(".//t:ServerVersionInfo", NS).get("MajorVersion"), "15")
    answer = ews.ask(probe, user=None, version="Exchange2099")
    same((answer.status, answer.code()), (500, "ErrorInvalidServerVersion"))
    older = Exchange(rig.Tenant("--users", 1, "--messages", 3, "--exchange-version", "Exchange2013_SP1"))
    same([older.ask(probe, user=None, version=v).code() for v in ("Exchange2016", "Exchange2013_SP1", "Exchange2010_SP2")],
         ["ErrorInvalidServerVersion", "ErrorInvalidIdMalformed", "ErrorInvalidIdMalformed"])


def test_mailboxes(tenant, ews):
    for state, code, status in (("no_mailbox", "ErrorNonExistentMailbox", 500), ("denied", "ErrorImpersonateUserDenied", 500),
                                ("disabled", "ErrorAccountDisabled", 500), ("no_access", "ErrorAccessDenied", 200),
                                ("moving", "ErrorMailboxMoveInProgress", 200), ("unavailable", "ErrorMailboxStoreUnavailable", 200)):
        tenant.post("exchange", user="user2@example.test", state=state)
        answer = ews.find(user="user2@example.test")
        same((answer.status, answer.code()), (status, code))
    tenant.post("exchange", user="user2@example.test", state="ok")
    same(ews.find(user="nobody@example.test").code(), "ErrorNonExistentMailbox")
    same(ews.find(user=None).code(), "ErrorMissingEmailAddress")
    tenant.post("exchange", impersonation=False)
    same(ews.find().code(), "ErrorImpersonateUserDenied")
    tenant.post("exchange", impersonation=True)
    own = '<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds><t:DistinguishedFolderId Id="inbox">' \
          f"<t:Mailbox><t:EmailAddress>{USER}</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId></m:FolderIds></m:GetFolder>"
    same(ews.ask(own, user=None).code(), "ErrorAccessDenied")
    tenant.post("exchange", full_access=True)
    same(ews.ask(own, user=None).code(), "NoError")
    tenant.post("exchange", full_access=False)
    same(ews.find("archiveinbox").code(), "ErrorFolderNotFound")
    same(ews.find("junkemail", user="user6@example.test").code(), "ErrorFolderNotFound")
    same(ews.find().code(), "NoError")


def test_throttling(tenant, ews):
    tenant.post("exchange", fault={"operation": "FindItem", "code": "ErrorServerBusy", "backoff_ms": 4321})
    answer = ews.find()
    value = answer.tree().find(".//t:Value", NS)
    same((answer.status, answer.code(), value.get("Name"), value.text.strip()), (500, "ErrorServerBusy", "BackOffMilliseconds", "4321"))
    same(ews.find().code(), "NoError")
    tenant.post("exchange", budget=1, budget_window_ms=600000)
    ews.find()
    answers = [ews.find() for _ in range(3)]
    same([a.status for a in answers], [500, 429, 503])
    same([int(a.headers.get("Retry-After", "0")) > 0 for a in answers], [False, True, True])
    tenant.post("exchange", budget=0)
    one = there(tenant)[3]
    tenant.post("exchange", fault={"level": "item", "operation": "GetItem", "id": one["id"], "code": "ErrorItemCorrupt", "count": -1})
    same(ews.get([there(tenant)[2]["id"], one["id"]]).codes(), ["NoError", "ErrorItemCorrupt"])
    tenant.post("exchange", clear=True)
    tenant.post("faults", path="/EWS/", status=302, location="/ews/genericerrorpage.htm?aspxerrorpath=/ews/exchange.asmx")
    same((ews.find().status, ews.find().status), (302, 200))


# ---- logging on ----------------------------------------------------------------------------------

def md4(data):
    """RFC 1320."""
    def rotate(v, n):
        return ((v << n) | (v >> (32 - n))) & 0xFFFFFFFF

    state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]
    data += b"\x80" + b"\0" * ((55 - len(data)) % 64) + struct.pack("<Q", 8 * len(data))
    third = (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15)
    for at in range(0, len(data), 64):
        x = struct.unpack("<16I", data[at:at + 64])
        a, b, c, d = state
        for i in range(48):
            k = i % 16
            if i < 16:
                f, word, shift = (b & c) | (~b & d), k, (3, 7, 11, 19)[k % 4]
            elif i < 32:
                f, word, shift = ((b & c) | (b & d) | (c & d)) + 0x5a827999, k % 4 * 4 + k // 4, (3, 5, 9, 13)[k % 4]
            else:
                f, word, shift = (b ^ c ^ d) + 0x6ed9eba1, third[k], (3, 9, 11, 15)[k % 4]
            a, b, c, d = d, rotate((a + f + x[word]) & 0xFFFFFFFF, shift), b, c
        state = [(s + v) & 0xFFFFFFFF for s, v in zip(state, (a, b, c, d))]
    return struct.pack("<4I", *state)


def hmac_md5(key, data):
    return hmac.new(key, data, hashlib.md5).digest()


NEGOTIATE = b"NTLMSSP\0" + struct.pack("<II", 1, 0xA2088207) + b"\0" * 16 + b"\x0a\0\x61\x4a\0\0\0\x0f"


def authenticate(challenge, password="Passw0rd", user="svc", domain="EXAMPLE", binding=None, mic=True, spoil=None):
    """wire-ntlm.md, section 6."""
    nonce = challenge[24:32]
    n, _, at = struct.unpack("<HHI", challenge[40:48])
    info = challenge[at:at + n - 4]
    if mic:
        info += struct.pack("<HHI", 6, 4, 2)
    if binding is not None:
        info += struct.pack("<HH", 10, 16) + binding
    info += b"\0\0\0\0"
    stamp = info[info.index(struct.pack("<HH", 7, 8)) + 4:][:8]
    key = hmac_md5(md4(password.encode("utf-16-le")), (user.upper() + domain).encode("utf-16-le"))
    temp = b"\1\1" + b"\0" * 6 + stamp + b"\xa0" * 8 + b"\0" * 4 + info + b"\0" * 4
    proof = hmac_md5(key, nonce + temp)
    if spoil == "proof":
        proof = bytes([proof[0] ^ 1]) + proof[1:]
    parts = [b"\0" * 24, proof + temp, domain.encode("utf-16-le"), user.encode("utf-16-le"), b"", b""]
    head, payload = b"NTLMSSP\0" + struct.pack("<I", 3), b""
    for part in parts:
        head += struct.pack("<HHI", len(part), len(part), 88 + len(payload))
        payload += part
    message = head + struct.pack("<I", 0xA2888205) + b"\x0a\0\x61\x4a\0\0\0\x0f" + b"\0" * 16 + payload
    if mic:
        code = hmac_md5(hmac_md5(key, proof), NEGOTIATE + challenge + message)
        if spoil == "mic":
            code = b"x" * 16
        message = message[:72] + code + message[88:]
    return message


def der(tag, *parts):
    content = b"".join(parts)
    n = len(content)
    length = bytes([n]) if n < 128 else bytes([0x81, n]) if n < 256 else b"\x82" + n.to_bytes(2, "big")
    return bytes([tag]) + length + content


def wrapped(message):
    """In SPNEGO, as wire-ntlm.md, section 8, has it."""
    token = der(0xA2, der(4, message))
    if message[8] == 3:
        return der(0xA1, der(0x30, token))
    mechanisms = der(0xA0, der(0x30, bytes.fromhex("060a2b06010401823702020a")))
    return der(0x60, bytes.fromhex("06062b0601050502"), der(0xA0, der(0x30, mechanisms, token)))


def log_on(tenant, scheme="NTLM", wrap=False, **how):
    """The status of the last leg, and the connection."""
    ews = Exchange(tenant)
    pack = wrapped if wrap else bytes
    answer = ews.post(b"", f"{scheme} {base64.b64encode(pack(NEGOTIATE)).decode()}")
    offers = [h.split(" ", 1) for h in answer.headers.get_all("WWW-Authenticate", [])]
    token = next((o[1] for o in offers if len(o) == 2 and o[0] == scheme), None)
    if answer.status != 401 or token is None:
        return 0, ews
    challenge = base64.b64decode(token)
    same(challenge[:4] == b"NTLM", not wrap, "the answer is wrapped as the question was")
    message = pack(authenticate(challenge[challenge.index(b"NTLMSSP"):], **how))
    last = ews.ask('<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds>'
                   '<t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder>',
                   auth=f"{scheme} {base64.b64encode(message).decode()}")
    if wrap and last.status == 200:
        same(base64.b64decode(last.headers["WWW-Authenticate"].split()[1]), bytes.fromhex("a1073005a0030a0100"), "accepted")
    return last.status, ews


def right_binding(tenant):
    context = ssl.create_default_context(cafile=os.path.join(tenant.dir, "ca.pem"))
    connection = http.client.HTTPSConnection("127.0.0.1", tenant.port("exchange"), context=context)
    connection.connect()
    digest = hashlib.sha256(connection.sock.getpeercert(True)).digest()
    connection.close()
    data = b"tls-server-end-point:" + digest
    return hashlib.md5(b"\0" * 16 + struct.pack("<I", len(data)) + data).digest()


def test_ntlm(tenant, _):
    right = right_binding(tenant)
    for scheme in ("NTLM", "Negotiate"):
        status, ews = log_on(tenant, scheme, binding=right)
        same(status, 200, scheme)
        same(ews.ask(f'<m:FindItem Traversal="Shallow">{IDS}<m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds>'
                     "</m:FindItem>", auth=None).status, 200, "the connection stays authenticated")
    same(Exchange(tenant).post(b"<a/>", None).status, 401, "another one is not")
    for name, how in {"password": {"password": "no"}, "user": {"user": "nobody"}, "domain": {"domain": "OTHER"},
                      "proof": {"spoil": "proof"}, "mic": {"spoil": "mic"}, "channel": {"binding": b"y" * 16}}.items():
        same(log_on(tenant, **{"binding": right, **how})[0], 401, name)
    same(log_on(tenant, user="svc@example.test", domain="")[0], 200, "UPN")
    same(log_on(tenant, user="SVC", domain="example")[0], 200, "any case")
    same(log_on(tenant, mic=False)[0], 200, "no MIC")
    for binding, none, wrong in (("off", 200, 200), ("allowed", 200, 401), ("required", 401, 401)):
        tenant.post("exchange", binding=binding)
        same([log_on(tenant, binding=b)[0] for b in (None, b"y" * 16, right)], [none, wrong, 200], binding)
    tenant.post("exchange", binding="allowed", mic_required=True)
    same(log_on(tenant, mic=False)[0], 401, "a MIC is required")
    tenant.post("exchange", mic_required=False)


def test_schemes(tenant, ews):
    def offered():
        return [h.split(" ")[0] for h in Exchange(tenant).post(b"", None).headers.get_all("WWW-Authenticate")]

    same(offered(), ["Negotiate", "NTLM", "Basic"])
    tenant.post("exchange", auth=["negotiate"])
    same((offered(), log_on(tenant)[0], log_on(tenant, "Negotiate")[0], ews.find().status), (["Negotiate"], 0, 200, 401))
    tenant.post("exchange", auth=["negotiate", "wrapped"])
    same(log_on(tenant, "Negotiate")[0], 0, "raw NTLM in Negotiate")
    same(log_on(tenant, "Negotiate", True)[0], 200, "in SPNEGO")
    same(log_on(tenant, "Negotiate", True, password="no")[0], 401)
    tenant.post("exchange", auth=["bearer"])
    same(offered(), ["Bearer"])
    tenant.post("exchange", auth=["basic"])
    same((offered(), log_on(tenant)[0], ews.find().status), (["Basic"], 0, 200))
    wrong = "Basic " + base64.b64encode(b"EXAMPLE\\svc:no").decode()
    same(ews.post(b"<a/>", wrong).status, 401)
    tenant.post("exchange", lockout=2, unlock=True)
    for _ in range(2):
        same(b"locked out" in ews.post(b"<a/>", wrong).body, False)
    same(b"locked out" in ews.post(b"<a/>").body, True)
    tenant.post("exchange", lockout=0, unlock=True, auth=["ntlm", "negotiate", "basic"])
    same(ews.find().status, 200)


def test_odd(tenant, ews):
    tenant.post("exchange", odd=True)
    ids = [i["id"] for i in there(tenant) if i["number"] % 24 in (8, 12, 17)]
    seen = b""
    for _ in range(6):  # in all styles, with a byte order mark and without
        seen += ews.get(ids, ("item:Subject", "item:Body", "item:Attachments", "item:LastModifiedTime")).body
    tenant.post("exchange", odd=False)
    for part in (b"&#x1F;", b"&#xB;", b"&#xD83D;", b"SharingMessage", b"&nbsp;", b"\xef\xbb\xbf"):
        same(part in seen, True, part)


def test_a_million(tenant, ews):
    user = "user3@example.test"
    tenant.post("exchange", user=user, folder="inbox", items=1000000)
    before = rig_memory(tenant)
    same(len(ews.find(offset=900000, most=1000, user=user).ids()), 1000)
    tenant.post("exchange", user=user, folder="inbox", delete_oldest=5, delete_newest=5)
    folder = ews.find(offset=999000, most=1000, user=user).tree().find(".//m:RootFolder", NS)
    same((folder.get("TotalItemsInView"), folder.get("IndexedPagingOffset"), folder.get("IncludesLastItemInRange")),
         ("999990", "999990", "true"))
    same(rig_memory(tenant) - before < 3000, True, "kilobytes")


def rig_memory(tenant):
    with open(f"/proc/{tenant.process.pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


def main(wanted):
    failed = 0
    for name, run in [(n[5:], f) for n, f in globals().items() if n.startswith("test_")]:
        if wanted and name not in wanted:
            continue
        try:
            tenant = rig.Tenant("--users", 6, "--messages", 60, "--size", 800)
            run(tenant, Exchange(tenant))
            print(f"PASS exchange/{name}", flush=True)
        except (AssertionError, OSError, KeyError, AttributeError, StopIteration, ET.ParseError, http.client.HTTPException,
                urllib.error.URLError) as e:
            print(f"FAIL exchange/{name} {type(e).__name__} {str(e)[:700]!r}", flush=True)
            failed += 1
        finally:
            rig.stop_all()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
