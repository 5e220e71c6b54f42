# SPDX-License-Identifier: Apache-2.0
# The fake Entra and Graph of tests/tenant against wire-graph.md:
#     python3 tests/interop/tenant_graph.py [CASE...]
# Microsoft's own library (msal) gets tokens with a secret, a certificate and a federated identity; requests
# reads users and batches with them. Then what is refused, with which code. What is in a mailbox:
# tenant_graph_content.py.
import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import threading
import time
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
sys.path.insert(0, HERE)

import rig  # noqa: E402

GRAPH, OUTLOOK = "https://graph.microsoft.com/.default", "https://outlook.office365.com/.default"
USER = "user1@example.test"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ENABLED = {"$filter": "accountEnabled eq true"}


def same(a, b, what=""):
    if a != b:
        raise AssertionError(f"{what}: {str(a)[:300]!r} is not {str(b)[:300]!r}")


class Client:
    """Somebody who talks to the tenant."""

    def __init__(self, tenant):
        import requests
        self.tenant = tenant
        self.http = requests.Session()
        self.http.trust_env = False  # no other bundle of certificates, no proxy
        self.http.verify = os.path.join(tenant.dir, "ca.pem")
        self.entra = f"https://127.0.0.1:{tenant.port('entra')}"
        self.graph = f"https://127.0.0.1:{tenant.port('graph')}/v1.0"
        self.id, self.secret = tenant.facts["client_id"], tenant.facts["client_secret"]
        self.bearer = None

    def file(self, name):
        with open(os.path.join(self.tenant.dir, name)) as f:
            return f.read()

    def application(self, credential, where="example.test"):
        import msal
        return msal.ConfidentialClientApplication(
            self.id, client_credential=credential, authority=f"{self.entra}/{where}", instance_discovery=False,
            http_client=self.http)

    def ask_token(self, where="example.test", headers=None, **form):
        form = {"grant_type": "client_credentials", "client_id": self.id, "client_secret": self.secret, "scope": GRAPH,
                **form}
        return self.http.post(f"{self.entra}/{where}/oauth2/v2.0/token", headers=headers,
                              data={k: v for k, v in form.items() if v is not None})

    def refused(self, where="example.test", **form):
        answer = self.ask_token(where, **form)
        body = answer.json()
        code = body["error_codes"][0]
        same(body["error_description"].startswith(f"AADSTS{code}: "), True, body)
        return answer.status_code, body["error"], code

    def token(self, scope=GRAPH):
        return self.ask_token(scope=scope).json()["access_token"]

    def get(self, path, headers=None, **query):
        self.bearer = self.bearer or self.token()
        url = path if path.startswith("https:") else self.graph + path
        return self.http.get(url, params=query, headers={"Authorization": "Bearer " + self.bearer, **(headers or {})})

    def post(self, path, body, headers=None):
        self.bearer = self.bearer or self.token()
        return self.http.post(self.graph + path, json=body,
                              headers={"Authorization": "Bearer " + self.bearer, **(headers or {})})

    def batch(self, *parts):
        answer = self.post("/$batch", {"requests": [{"id": str(i), "method": "GET", **p} for i, p in enumerate(parts, 1)]})
        same(answer.status_code, 200, answer.text)
        return {p["id"]: p for p in answer.json()["responses"]}


def code(answer, status):
    body = answer.json() if not isinstance(answer, dict) else answer["body"]
    same(answer.status_code if not isinstance(answer, dict) else answer["status"], status, body)
    error = body["error"]
    inner = error.get("innerError") or error.get("innererror")
    same(set(inner), {"date", "request-id", "client-request-id"})
    return error["code"]


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def thumbprints(c):
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    der = x509.load_pem_x509_certificate(c.file("app.pem").encode()).public_bytes(serialization.Encoding.DER)
    return hashlib.sha1(der), hashlib.sha256(der)


def url64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def assertion(c, algorithm="RS256", head=None, key="app.key", **change):
    """A client assertion; a claim or header that is None is left out."""
    import jwt
    now = int(time.time())
    sha1, sha256 = thumbprints(c)
    head = {"x5t": url64(sha1.digest()), "x5t#S256": url64(sha256.digest()), **(head or {})}
    body = {"aud": "https://login.microsoftonline.com/example.test/oauth2/v2.0/token", "iss": c.id, "sub": c.id,
            "jti": str(uuid.uuid4()), "nbf": now, "iat": now, "exp": now + 600, **change}
    return jwt.encode({k: v for k, v in body.items() if v is not None}, c.file(key), algorithm,
                      headers={k: v for k, v in head.items() if v is not None})


def federated(c, **change):
    import jwt
    now = int(time.time())
    body = {"aud": ["api://AzureADTokenExchange"], "iss": "https://kubernetes.example.test",
            "sub": "system:serviceaccount:mail:mailferry", "iat": now, "nbf": now, "exp": now + 3600, **change}
    return jwt.encode(body, c.file(change.pop("key", "federation.key")), "RS256", headers={"kid": "k1"})


def by_assertion(c, text, **more):
    return {"client_secret": None, "client_assertion": text, "client_assertion_type": ASSERTION, **more}


# ---- tokens --------------------------------------------------------------------------------------

def test_msal(tenant, c):
    sha1, _ = thumbprints(c)
    ways = {"secret": c.secret,
            "certificate": {"private_key": c.file("app.key"), "public_certificate": c.file("app.pem")},
            "thumbprint": {"private_key": c.file("app.key"), "thumbprint": sha1.hexdigest()},
            "federation": {"client_assertion": lambda: federated(c)}}
    for name, credential in ways.items():
        for where in ("example.test", tenant.facts["tenant_id"]):
            for scope in (GRAPH, OUTLOOK):
                got = c.application(credential, where).acquire_token_for_client([scope])
                same("access_token" in got, True, f"{name} {got}")
                same((claims(got["access_token"])["aud"] + "/.default", got["expires_in"]), (scope, 3599), name)
    stats = tenant.stats()
    same([stats["entra_by_" + k] for k in ("secret", "certificate", "federation")], [4, 8, 4])
    same((stats["entra_tokens_graph"], stats["entra_tokens_ews"], stats["entra_jti_repeated"]), (8, 8, 0))
    wrong = c.application("no").acquire_token_for_client([GRAPH])
    same((wrong["error"], wrong["error_codes"]), ("invalid_client", [7000215]))


def test_claims(tenant, c):
    graph, ews = claims(c.token()), claims(c.token(OUTLOOK))
    same((graph["tid"], graph["appid"]), (tenant.facts["tenant_id"], c.id))
    same(sorted(graph["roles"]), sorted(["User.Read.All", "Mail.Read", "Calendars.Read", "Contacts.Read", "Tasks.Read.All",
                                         "MailboxSettings.Read"]))
    same(ews["roles"], ["full_access_as_app"])
    same(1000 < len(c.token()) < 3000, True)
    tenant.post("entra", roles=["mail"])
    same(claims(c.token())["roles"], ["Mail.Read"])


def test_refusals(tenant, c):
    known = "00000000-0000-0000-0000-000000000001"
    same(c.refused(client_secret="aB~3"), (401, "invalid_client", 7000215))
    same(c.refused(client_secret=None), (401, "invalid_client", 7000218))
    same(c.refused(client_id=known), (400, "unauthorized_client", 700016))
    same(c.refused(client_id=None), (400, "invalid_request", 900144))
    same(c.refused(where=known), (400, "invalid_request", 90002))
    same(c.refused(where="other.test"), (400, "invalid_request", 90002))
    same(c.refused(where="nonsense"), (400, "invalid_request", 900023))
    same(c.refused(where="common"), (400, "invalid_request", 50059))
    same(c.refused(scope=None), (400, "invalid_request", 900144))
    same(c.refused(scope="User.Read"), (400, "invalid_scope", 70011))
    same(c.refused(scope="https://graph.microsoft.com/Mail.Read"), (400, "invalid_scope", 1002012))
    same(c.refused(scope=GRAPH + " " + OUTLOOK), (400, "invalid_scope", 28002))
    same(c.refused(scope="https://nothing.test/.default"), (400, "invalid_resource", 500011))
    same(c.refused(grant_type="password"), (400, "unsupported_grant_type", 70003))
    same(c.refused(grant_type=None), (400, "invalid_request", 900144))
    answer = c.ask_token(headers={"Content-Type": "application/json"})
    same((answer.status_code, answer.json()["error_codes"]), (400, [9002313]))
    for change, back, want in (
            ({"secret_expired": True}, {"secret_expired": False}, (401, "invalid_client", 7000222)),
            ({"secret": "new"}, {"secret": c.secret}, (401, "invalid_client", 7000215)),
            ({"application": False}, {"application": True}, (400, "unauthorized_client", 700016)),
            ({"disabled": True}, {"disabled": False}, (400, "unauthorized_client", 7000112)),
            ({"tenant": False}, {"tenant": True}, (400, "invalid_request", 90002)),
            ({"resources": ["ews"]}, {"resources": ["ews", "graph"]}, (400, "invalid_resource", 500011))):
        tenant.post("entra", **change)
        same(c.refused(), want, change)
        tenant.post("entra", **back)
        same(c.ask_token().status_code, 200, back)
    tenant.post("faults", path="/example.test/oauth2", status=429, retry_after_s=7)
    answer = c.ask_token()
    same((answer.status_code, answer.headers["Retry-After"], "error_codes" in answer.json()), (429, "7", True))
    tenant.post("faults", path="/", status=503, retry_after_s=3)
    same(c.ask_token().status_code, 503)
    same(c.ask_token().status_code, 200)


def test_assertions(tenant, c):
    now = int(time.time())
    own = f"{c.entra}/example.test/oauth2/v2.0/token"
    good = [{}, {"algorithm": "PS256"}, {"algorithm": "PS256", "head": {"x5t": None}}, {"head": {"x5t#S256": None}},
            {"aud": own}, {"aud": f"https://login.microsoftonline.com/{tenant.facts['tenant_id']}/v2.0"},
            {"iat": None}, {"nbf": now - 500, "exp": now - 100}]
    for how in good:
        answer = c.ask_token(**by_assertion(c, assertion(c, **how)))
        same(answer.status_code, 200, f"{how} {answer.text}")
    bad = [({"key": "federation.key"}, 700027), ({"algorithm": "RS384"}, 700027), ({"algorithm": "PS384"}, 700027),
           ({"head": {"x5t": None, "x5t#S256": None}}, 700027), ({"head": {"x5t": url64(b"y" * 20)}}, 700027),
           ({"head": {"x5t#S256": url64(b"y" * 32)}}, 700027), ({"aud": "https://login.microsoftonline.com/"}, 700023),
           ({"sub": "other"}, 700021), ({"exp": now - 1000, "nbf": now - 2000}, 700024), ({"nbf": now + 1000}, 700024),
           ({"exp": now + 100000}, 700024), ({"jti": None}, 50027), ({"exp": None}, 50027), ({"iss": "other"}, 700211)]
    for how, want in bad:
        same(c.refused(**by_assertion(c, assertion(c, **how)))[1:], ("invalid_client", want), how)
    text = assertion(c)
    head, body, signature = text.split(".")
    same(c.refused(**by_assertion(c, f"{head}.{body}.{signature[:-4]}AAAA"))[2], 700027)
    same(c.refused(**by_assertion(c, f"{head}.{body}"))[2], 50027)
    same(c.refused(**by_assertion(c, text, client_assertion_type=None))[2], 900144)
    for _ in range(2):
        same(c.ask_token(**by_assertion(c, text)).status_code, 200)
    same(tenant.stats()["entra_jti_repeated"], 1)
    tenant.post("entra", certificate=False)
    same(c.refused(**by_assertion(c, assertion(c)))[2], 700027)
    for how, want in (({"iss": "https://other.test"}, 700211), ({"aud": ["x"]}, 700212), ({"sub": "system:other"}, 700213),
                      ({"exp": now - 1000}, 700024), ({"key": "app.key"}, 50013)):
        same(c.refused(**by_assertion(c, federated(c, **how)))[2], want, how)
    same(c.ask_token(**by_assertion(c, federated(c, aud="api://AzureADTokenExchange"))).status_code, 200)
    tenant.post("entra", subject="system:other")
    same(c.refused(**by_assertion(c, federated(c)))[2], 700213)


def test_life(tenant, c):
    c.bearer = c.token()
    same(c.get("/users").status_code, 200)
    tenant.post("entra", revoke="graph")
    answer = c.get("/users")
    same((code(answer, 401), "authorization_uri" in answer.headers["WWW-Authenticate"]), ("InvalidAuthenticationToken", True))
    c.bearer = c.token()
    tenant.post("entra", expire="all")
    same("expired" in c.get("/users").json()["error"]["message"], True)
    tenant.post("entra", token_ttl_s=2)
    c.bearer = c.token()
    same(c.get("/users").status_code, 200)
    time.sleep(2.2)
    same(code(c.get("/users"), 401), "InvalidAuthenticationToken")
    tenant.post("entra", token_ttl_s=3600)
    token = c.token()
    for wrong in (c.token(OUTLOOK), token[:-5], token[:-5] + "AAAAA", "x", token.replace(".", "-"), "a.b.c"):
        c.bearer = wrong
        same(code(c.get("/users"), 401), "InvalidAuthenticationToken", wrong[-20:])
    same(code(c.http.get(c.graph + "/users"), 401), "InvalidAuthenticationToken", "without a token")
    same(tenant.stats()["graph_unauthorized"] >= 10, True)


# ---- users ---------------------------------------------------------------------------------------

def pages(c, **query):
    """All users, and how many pages there were."""
    users, count = [], 0
    answer = c.get("/users", **query)
    while True:
        same(answer.status_code, 200, answer.text)
        body = answer.json()
        users += body["value"]
        count += 1
        if "@odata.nextLink" not in body:
            return users, count
        same(body["@odata.nextLink"].startswith(c.graph + "/users?"), True, body["@odata.nextLink"])
        answer = c.get(body["@odata.nextLink"])


def test_users(tenant, c):
    whole, count = pages(c)
    same((len(whole), count), (12 + 5, 1))
    usual = {"businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone", "officeLocation",
             "preferredLanguage", "surname", "userPrincipalName"}
    same({frozenset(u) for u in whole}, {frozenset(usual)})
    same(len({u["id"] for u in whole}), len(whole))
    for u in whole:
        same(bool(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", u["id"])), True)
        for name in (u["id"], u["userPrincipalName"].replace("#", "%23")):
            same(c.get("/users/" + name).json()["id"], u["id"])
    same(code(c.get("/users/nobody@example.test"), 404), "Request_ResourceNotFound")
    for top in (1, 3, 5, 17, 999):
        some, count = pages(c, **{"$top": top, **ENABLED, "$select": "id,mail"})
        same((len(some), count, {frozenset(u) for u in some}), (16, -(-16 // top), {frozenset({"id", "mail"})}), top)
        same([u["id"] for u in some], [u["id"] for u in whole if not u["userPrincipalName"].startswith("disabled")])
    same(len([u for u in whole if u["mail"] is None]), 1)
    tenant.post("graph", odd_pages=True)
    some, count = pages(c, **{"$top": 4})
    same(([u["id"] for u in some], count > 6), ([u["id"] for u in whole], True), "short and empty pages")
    tenant.post("graph", odd_pages=False, extra_users=0)
    tenant.post("graph", user=USER, account="shared")
    tenant.post("users", user="user2@example.test", state="suspended")
    tenant.post("users", user="user3@example.test", state="deleted")
    same(len(pages(c, **ENABLED)[0]), 9)
    same(len(pages(c)[0]), 11)
    kinds = [json.loads(line)["account"] for line in tenant.control("GET", "graph").splitlines() if line]
    same(kinds[:2], ["shared", "disabled"])
    for query, want in (({"$top": 0}, "Request_UnsupportedQuery"), ({"$top": 1000}, "Request_UnsupportedQuery"),
                        ({"$skip": 1}, "Request_UnsupportedQuery"), ({"$select": "id,nothing"}, "BadRequest"),
                        ({"$filter": "mail ne null"}, "Request_UnsupportedQuery"),
                        ({"$skiptoken": "RFNwdAIAAQAA000001"}, "Directory_ExpiredPageToken")):
        same(code(c.get("/users", **query), 400), want, query)


def test_units(tenant, c):
    def units(**query):
        return int(c.get("/users", **query).headers["x-ms-resource-unit"])

    same([units(), units(**{"$select": "id"}), units(**{"$top": 5}), units(**{"$top": 5, "$select": "id"})], [2, 1, 1, 1])
    tenant.post("graph", users_units=20, users_window_ms=2000)
    time.sleep(2.1)
    seen = []
    for _ in range(11):
        answer = c.get("/users")
        seen.append((answer.status_code, answer.headers.get("x-ms-throttle-limit-percentage")))
    same(seen, [(200, None)] * 7 + [(200, "0.80"), (200, "0.90"), (200, "1.00"), (429, None)])
    same((answer.json()["error"]["code"], answer.headers["x-ms-throttle-information"], 1 <= int(answer.headers["Retry-After"]) <= 2),
         ("TooManyRequests", "ResourceUnitLimitExceeded", True))
    time.sleep(int(answer.headers["Retry-After"]))
    same(c.get("/users").status_code, 200)


# ---- permissions and mailboxes -------------------------------------------------------------------

FIRST = {"mail": "/mailFolders", "calendar": "/calendars", "contacts": "/contacts", "tasks": "/todo/lists"}


def test_roles(tenant, c):
    for role in (*FIRST, "users"):
        tenant.post("entra", roles=[role])
        c.bearer = c.token()
        for other, path in FIRST.items():
            answer = c.get(f"/users/{USER}{path}")
            if other == role:
                same(answer.status_code, 200, answer.text)
            else:
                same(code(answer, 403), "ErrorAccessDenied", path)
        if role == "users":
            same(c.get("/users").status_code, 200)
        else:
            same(code(c.get("/users"), 403), "Authorization_RequestDenied")


def test_mailboxes(tenant, c):
    path = f"/users/{USER}/mailFolders"
    for account, status, want in (("guest", 404, "MailboxNotEnabledForRESTAPI"), ("no_mail", 404, "MailboxNotEnabledForRESTAPI"),
                                  ("unlicensed", 404, "MailboxNotEnabledForRESTAPI"),
                                  ("on_premises", 404, "MailboxNotEnabledForRESTAPI"), ("denied", 403, "ErrorAccessDenied"),
                                  ("moving", 503, "ErrorMailboxMoveInProgress"), ("disabled", 200, None), ("shared", 200, None),
                                  ("ok", 200, None)):
        tenant.post("graph", user=USER, account=account)
        answer = c.get(path)
        same(answer.status_code if want is None else code(answer, status), want or status, account)
    for state, status, want in (("no_mailbox", 404, "ErrorNonExistentMailbox"), ("no_access", 403, "ErrorAccessDenied"),
                                ("unavailable", 503, "ErrorMailboxStoreUnavailable")):
        tenant.post("exchange", user=USER, state=state)
        same(code(c.get(path), status), want)
    tenant.post("exchange", user=USER, state="ok")
    for u in pages(c)[0]:
        where = f"/users/{u['id']}/mailFolders"
        if u["userPrincipalName"].startswith("user"):
            same(c.get(where).status_code, 200)
        else:
            same(code(c.get(where), 404), "MailboxNotEnabledForRESTAPI", u)
    same(code(c.get("/users/nobody@example.test/mailFolders"), 404), "ErrorInvalidUser")
    for bad in (f"/users/{USER}/nothing", "/nothing", "/"):
        same(c.get(bad).status_code, 400, bad)
    answer = c.get("/users", {"client-request-id": "me-1"})
    same((answer.headers["client-request-id"], len(answer.headers["request-id"])), ("me-1", 36))
    same(code(c.get(f"/users/{USER}/messages/zzz"), 400), "ErrorInvalidIdMalformed")


def test_ids(tenant, c):
    lines = tenant.control("GET", f"exchange?user={USER}&folder=inbox").splitlines()
    ews = [json.loads(line)["id"] for line in lines if line][:40]
    rest = [i.replace("+", "_").replace("/", "-") for i in ews]

    def translate(ids, source, target):
        answer = c.post(f"/users/{USER}/translateExchangeIds", {"inputIds": ids, "sourceIdType": source, "targetIdType": target})
        same(answer.status_code, 200, answer.text)
        same([v["sourceId"] for v in answer.json()["value"]], ids)
        return [v.get("targetId") for v in answer.json()["value"]]

    same(any("+" in i or "/" in i for i in ews), True)
    same(translate(ews, "ewsId", "restId"), rest)
    same(translate(rest, "restId", "ewsId"), ews)
    immutable = translate(rest, "restId", "restImmutableEntryId")
    same(len(set(immutable) - set(rest)), len(rest))
    same(translate(immutable, "restImmutableEntryId", "restId"), rest)
    same(translate(["nonsense", ews[0]], "ewsId", "restId"), [None, rest[0]])
    tenant.post("exchange", user=USER, folder="inbox", move_oldest=1, to="archive")
    moved = translate([immutable[0]], "restImmutableEntryId", "restId")[0]
    same((moved != rest[0], translate([moved], "restId", "restImmutableEntryId")), (True, [immutable[0]]), "after a move")
    headers = {"Prefer": 'IdType="ImmutableId"'}
    same(c.get(f"/users/{USER}/messages/{immutable[0]}", headers).status_code, 200)
    same(code(c.get(f"/users/{USER}/messages/{rest[0]}"), 404), "ErrorItemNotFound")
    for body in ({}, {"inputIds": ews, "sourceIdType": "x", "targetIdType": "restId"},
                 {"inputIds": ews * 30, "sourceIdType": "ewsId", "targetIdType": "restId"}):
        same(c.post(f"/users/{USER}/translateExchangeIds", body).status_code, 400)


# ---- batches and throttling ----------------------------------------------------------------------

def test_batch(tenant, c):
    folder, users = f"/users/{USER}/mailFolders/inbox", "/users?$top=1"
    orders = set()
    for _ in range(4):
        answer = c.post("/$batch", {"requests": [{"id": n, "method": "GET", "url": folder} for n in "abcd"]})
        orders.add("".join(p["id"] for p in answer.json()["responses"]))
    same((len(orders) > 1, "abcd" in orders), (True, False), orders)
    parts = c.batch({"url": folder}, {"url": users, "dependsOn": ["1"]}, {"url": f"/users/{USER}/messages/zzz"},
                    {"url": users, "dependsOn": ["3"]}, {"url": users, "dependsOn": ["4"]}, {"url": "https://x.test/v1.0/users"},
                    {"url": "/$batch"})
    same({i: p["status"] for i, p in parts.items()}, {"1": 200, "2": 200, "3": 400, "4": 424, "5": 424, "6": 400, "7": 400})
    same(len(parts["2"]["body"]["value"]), 1)
    same("@odata.nextLink" in parts["2"]["body"], True)
    messages = c.get(f"{folder}/messages", **{"$select": "id", "$top": 2}).json()["value"]
    mime = c.batch({"url": f"/users/{USER}/messages/{messages[0]['id']}/$value"})["1"]
    same((mime["status"], isinstance(mime["body"], str)), (200, True))
    same(base64.b64decode(mime["body"]), c.get(f"/users/{USER}/messages/{messages[0]['id']}/$value").content)
    one = {"id": "1", "method": "GET", "url": users}
    for wrong in ([], [one] * 2, [{**one, "id": str(i)} for i in range(21)], [{"id": "1"}], [{**one, "dependsOn": ["9"]}],
                  [{**one, "dependsOn": ["2"]}, {**one, "id": "2", "dependsOn": ["1"]}], [{**one, "id": 1}], "x"):
        same(code(c.post("/$batch", {"requests": wrong}), 400), "BadRequest", wrong)
    body = {"inputIds": ["x"], "sourceIdType": "ewsId", "targetIdType": "restId"}
    ask = {"method": "POST", "url": f"/users/{USER}/translateExchangeIds", "body": body}
    parts = c.batch(ask, {**ask, "headers": {"Content-Type": "application/json"}})
    same([parts[i]["status"] for i in "12"], [400, 200])
    tenant.post("faults", path=f"/v1.0{folder}", status=429, retry_after_s=9, skip=1)
    parts = c.batch({"url": folder}, {"url": folder})
    same((parts["1"]["status"], code(parts["2"], 429), parts["2"]["headers"]["Retry-After"]), (200, "TooManyRequests", "9"))
    tenant.post("entra", revoke="all")
    same(code(c.post("/$batch", {"requests": [one]}), 401), "InvalidAuthenticationToken")


def test_throttle(tenant, c):
    folder = f"/users/{USER}/mailFolders/inbox"
    same([p["status"] for p in c.batch(*[{"url": folder}] * 20).values()], [200] * 20, "four at a time")
    tenant.post("graph", batch_refuse=True)
    parts = c.batch(*[{"url": folder}] * 6, {"url": "/users/user2@example.test/mailFolders/inbox"})
    same([parts[str(i)]["status"] for i in range(1, 8)], [200] * 4 + [429] * 2 + [200])
    same((code(parts["5"], 429), parts["5"]["headers"]["Retry-After"]), ("ApplicationThrottled", "10"))
    chain = c.batch({"url": folder}, *[{"url": folder, "dependsOn": [str(i)]} for i in range(1, 8)])
    same({p["status"] for p in chain.values()}, {200}, "a chain uses one connection")
    tenant.post("graph", latency_ms=600, retry_after_s=1)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(Client.get(again(c), folder))) for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    same(sorted(a.status_code for a in answers), [200] * 4 + [429] * 2)
    same({a.headers["Retry-After"] for a in answers if a.status_code == 429}, {"1"})
    same((tenant.stats()["graph_max_concurrent_mailbox"]), 4)
    tenant.post("graph", latency_ms=0, retry_after=False, mailbox_requests=3, mailbox_window_ms=1500, batch_refuse=False)
    time.sleep(1.6)
    statuses = [c.get(folder) for _ in range(4)]
    same([(s.status_code, "Retry-After" in s.headers) for s in statuses], [(200, False)] * 3 + [(429, False)])
    same(c.get("/users/user2@example.test/mailFolders/inbox").status_code, 200, "another mailbox")
    time.sleep(1.6)
    same(c.get(folder).status_code, 200)
    line = json.loads(tenant.control("GET", "graph").splitlines()[0])
    same((line["user"], line["refused"] >= 5, line["max_concurrent"]), (USER, True, 4))


def again(c):
    other = Client(c.tenant)
    other.bearer = c.bearer
    return other


# ---- Exchange Online -----------------------------------------------------------------------------

SOAP = """<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"
 xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Header>
 <t:RequestServerVersion Version="Exchange2013_SP1"/>%s</s:Header><s:Body><m:GetFolder><m:FolderShape>
 <t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds>
 </m:GetFolder></s:Body></s:Envelope>"""
WHO = "<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>%s</t:PrimarySmtpAddress></t:ConnectingSID>" \
      "</t:ExchangeImpersonation>"


def test_ews(tenant, c):
    url = f"https://127.0.0.1:{tenant.port('exchange')}/EWS/Exchange.asmx"

    def ask(token, who=USER, anchor=USER):
        headers = {"Content-Type": "text/xml; charset=utf-8", "Authorization": "Bearer " + token}
        headers.update({"X-AnchorMailbox": anchor} if anchor else {})
        return c.http.post(url, (SOAP % (WHO % who if who else "")).encode(), headers=headers)

    ews = c.token(OUTLOOK)
    same(ask(ews).status_code, 401, "tokens are not offered")
    tenant.post("exchange", auth=["bearer"])
    same((ask(ews).status_code, "NoError" in ask(ews).text), (200, True))
    answer = ask(c.token())
    same((answer.status_code, "x-ms-diagnostics" in answer.headers, answer.headers["WWW-Authenticate"].split()[0]),
         (401, True, "Bearer"), "a token for Graph")
    same("ErrorImpersonationRequired" in ask(ews, None).text, True)
    same(ask(ews, anchor=None).status_code, 503)
    tenant.post("entra", roles=["mail"])
    same("2000008" in ask(c.token(OUTLOOK)).headers["x-ms-diagnostics"], True)
    tenant.post("exchange", user=USER, blocked=True)
    same([ask(ews).status_code for _ in range(3)], [403] * 3)
    same(ask(ews, "user2@example.test", "user2@example.test").status_code, 200, "another mailbox")
    tenant.post("exchange", user=USER, blocked=False)
    same(ask(ews).status_code, 200)
    tenant.post("exchange", blocked=True)
    same({(a.status_code, len(a.content) > 0) for a in (ask(ews), ask(ews), ask(ews))}, {(403, True), (403, False)})
    tenant.post("exchange", blocked=False)
    tenant.post("entra", expire="ews")
    same(ask(ews).status_code, 401)
    same((tenant.stats()["logons_bearer"] >= 10, tenant.stats()["ews_blocked"]), (True, 6))


# As the service that mailferry replaces reads Exchange Online, but for where its token comes from.
WALK = """
import sys, exchangelib
from exchangelib.protocol import BaseProtocol, NoVerifyHTTPAdapter
BaseProtocol.HTTP_ADAPTER_CLS = NoVerifyHTTPAdapter
url, user, token = sys.argv[1:]
credentials = exchangelib.OAuth2AuthorizationCodeCredentials(access_token={"access_token": token, "token_type": "Bearer"})
config = exchangelib.Configuration(service_endpoint=url, credentials=credentials, auth_type=exchangelib.OAUTH2,
                                   version=exchangelib.Version(exchangelib.version.EXCHANGE_2016))
account = exchangelib.Account(user, config=config, autodiscover=False, access_type=exchangelib.IMPERSONATION)
print(len(list(account.inbox.all().only("subject"))))
"""


def test_exchangelib(tenant, c):
    import python_venv
    python, why = python_venv.python_with("exchangelib", os.path.join(HERE, "exchangelib.txt"))
    if not python:
        return why
    tenant.post("exchange", auth=["bearer"])
    arguments = [python, "-W", "ignore", "-c", WALK, f"https://127.0.0.1:{tenant.port('exchange')}/EWS/Exchange.asmx", USER]
    done = subprocess.run([*arguments, c.token(OUTLOOK)], capture_output=True, text=True, timeout=120)
    same(done.stdout.strip(), "60", done.stderr[-500:])
    stats = tenant.stats()
    same((stats["logons_bearer"] > 1, stats["ews_without_anchor"]), (True, 0))
    tenant.post("exchange", blocked=True)
    done = subprocess.run([*arguments, c.token(OUTLOOK)], capture_output=True, text=True, timeout=120)
    same((done.stdout, "403" in done.stderr or "Access" in done.stderr), ("", True), done.stderr[-500:])
    return None


def main(wanted):
    failed = 0
    import requests
    for name, run in [(n[5:], f) for n, f in globals().items() if n.startswith("test_")]:
        if wanted and name not in wanted:
            continue
        try:
            tenant = rig.Tenant("--users", 12, "--messages", 60, "--size", 800)
            why = run(tenant, Client(tenant))
            print(f"SKIP graph/{name} {why}" if why else f"PASS graph/{name}", flush=True)
        except (AssertionError, OSError, KeyError, AttributeError, TypeError, ValueError, requests.RequestException) as e:
            print(f"FAIL graph/{name} {type(e).__name__} {str(e)[:700]!r}", flush=True)
            failed += 1
        finally:
            rig.stop_all()
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        import msal  # noqa: F401
    except ImportError:
        import python_venv
        interpreter, why = python_venv.python_with("msal", os.path.join(HERE, "msal.txt"))
        if not interpreter:
            print(f"SKIP graph {why}")
            sys.exit(0)
        sys.exit(subprocess.run([interpreter, __file__, *sys.argv[1:]]).returncode)
    sys.exit(main(sys.argv[1:]))
