#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Checks the fake tenant from the outside, as a client that knows Google's and Elasticsearch's documents
# and nothing of this tree: Python's http.client and ssl, openssl for the signature. One line a case,
# PASS or FAIL. Usage: tests/tenant/selfcheck.py [build/tenant]
import base64, gzip, hashlib, http.client, json, os, shutil, signal, socket, ssl, subprocess, sys, tempfile, time
import email, email.policy, urllib.parse

TENANT = sys.argv[1] if len(sys.argv) > 1 else "build/tenant"
DIRECTORY = "https://www.googleapis.com/auth/admin.directory.user.readonly"
GMAIL = "https://www.googleapis.com/auth/gmail.readonly"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
failed = 0


def b64url(b):
    return base64.urlsafe_b64encode(b).rstrip(b"=").decode()


class Tenant:
    def __init__(self, *options):
        self.dir = tempfile.mkdtemp(prefix="tenant-")
        self.process = subprocess.Popen([TENANT, "--out", self.dir, *options], stderr=subprocess.PIPE)
        for _ in range(500):
            if os.path.exists(self.dir + "/ready"):
                break
            time.sleep(0.01)
        ready = dict(line.strip().split("=", 1) for line in open(self.dir + "/ready"))
        self.ports = {k: int(ready[k]) for k in ("google", "elasticsearch", "control")}
        self.api_key = ready["api_key"]
        self.account = json.load(open(self.dir + "/service-account.json"))
        with open(self.dir + "/key.pem", "w") as f:
            f.write(self.account["private_key"])
        self.context = ssl.create_default_context(cafile=self.dir + "/ca.pem")
        self.connections = {}

    def close(self):
        self.process.terminate()
        code = self.process.wait(5)
        shutil.rmtree(self.dir)
        return code

    def request(self, service, method, target, body=None, headers={}, fresh=False):
        c = self.connections.get(service)
        if c is None or fresh:
            c = (http.client.HTTPConnection("127.0.0.1", self.ports[service], timeout=20) if service == "control"
                 else http.client.HTTPSConnection("127.0.0.1", self.ports[service], timeout=20, context=self.context))
            self.connections[service] = c
        try:
            c.request(method, target, body, headers)
            r = c.getresponse()
            data = r.read()
        except Exception:
            c.close()
            self.connections.pop(service, None)
            raise
        if r.getheader("Content-Encoding") == "gzip":
            data = gzip.decompress(data)
        r.data = data
        kind = r.getheader("Content-Type") or ""
        kind = kind if data.strip() else ""
        r.json = json.loads(data) if "/json" in kind or "+json" in kind else None
        return r

    def control(self, what, object=None, method="POST"):
        r = self.request("control", method, "/_tenant/" + what, json.dumps(object) if object is not None else None)
        if r.status != 200:
            raise AssertionError(f"control {what}: {r.status} {r.data}")
        return r

    def stats(self):
        return json.loads(self.control("stats", method="GET").data)

    def assertion(self, sub, scope, key=None, header={}, **claims):
        now = int(time.time())
        h = {"typ": "JWT", "alg": "RS256", "kid": self.account["private_key_id"], **header}
        c = {"iss": self.account["client_email"], "scope": scope, "aud": self.account["token_uri"],
             "sub": sub, "iat": now, "exp": now + 3600, **claims}
        c = {k: v for k, v in c.items() if v is not None}
        text = b64url(json.dumps(h).encode()) + "." + b64url(json.dumps(c).encode())
        signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key or self.dir + "/key.pem"],
                                input=text.encode(), capture_output=True, check=True).stdout
        return text + "." + b64url(signed)

    def token(self, sub, scope=GMAIL, **k):
        body = urllib.parse.urlencode({"grant_type": GRANT, "assertion": self.assertion(sub, scope, **k)})
        return self.request("google", "POST", "/token", body, {"Content-Type": "application/x-www-form-urlencoded"})

    def bearer(self, sub, scope=GMAIL):
        return {"Authorization": "Bearer " + self.token(sub, scope).json["access_token"]}

    def gmail(self, user, rest, headers):
        return self.request("google", "GET", f"/gmail/v1/users/{urllib.parse.quote(user)}{rest}", headers=headers)

    def users(self, headers, query):
        return self.request("google", "GET", "/admin/directory/v1/users?" + query, headers=headers)

    def all_ids(self, user, headers, extra=""):
        ids, token, pages = [], None, 0
        while True:
            q = f"/messages?maxResults=500&fields=nextPageToken,messages(id){extra}" + (f"&pageToken={token}" if token else "")
            j = self.gmail(user, q, headers).json
            ids += [m["id"] for m in j.get("messages", [])]
            token = j.get("nextPageToken")
            pages += 1
            if not token:
                return ids, pages

    def es(self, method, target, body=None, headers={}, auth=True):
        h = {"Content-Type": "application/json"} if body is not None else {}
        if auth:
            h["Authorization"] = "ApiKey " + self.api_key
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        return self.request("elasticsearch", method, target, body, {**h, **headers})

    def bulk(self, lines, query="", headers={}):
        body = "".join(json.dumps(x) + "\n" for x in lines)
        return self.es("POST", "/_bulk" + query, body, {"Content-Type": "application/x-ndjson", **headers})


def check(name, condition, detail=""):
    global failed
    print(("PASS" if condition else "FAIL"), "tenant:" + name, detail if not condition else "", flush=True)
    failed += 0 if condition else 1


def reason(r):
    return (r.status, r.json["error"]["errors"][0]["reason"], r.json["error"]["message"])


def case_token(t):
    r = t.token("user1@example.test")
    check("token_issued", r.status == 200 and r.json["token_type"] == "Bearer" and r.json["expires_in"] == 3599, r.data)
    aud = t.token("user1@example.test", aud="https://oauth2.googleapis.com/token")
    check("token_google_audience", aud.status == 200, aud.data)
    other = t.dir + "/other.pem"
    subprocess.run(["openssl", "genrsa", "-out", other, "2048"], check=True, capture_output=True)
    now = int(time.time())
    for name, args, status, error, text in [
            ("wrong_key", {"key": other}, 400, "invalid_grant", "Invalid JWT Signature."),
            ("wrong_kid", {"header": {"kid": "x"}}, 400, "invalid_grant", "Invalid JWT Signature."),
            ("wrong_issuer", {"iss": "a@b"}, 400, "invalid_grant", "account not found"),
            ("wrong_audience", {"aud": "https://example.com"}, 400, "invalid_grant", "audience"),
            ("long_lived", {"exp": now + 7200}, 400, "invalid_grant", "short-lived token (60 minutes)"),
            ("future", {"iat": now + 4000, "exp": now + 4600}, 400, "invalid_grant", "reasonable timeframe"),
            ("past", {"iat": now - 9000, "exp": now - 8000}, 400, "invalid_grant", "iat and exp"),
            ("unknown_scope", {"scope": "https://www.googleapis.com/auth/none"}, 400, "invalid_scope", ""),
            ("not_delegated", {"scope": "https://www.googleapis.com/auth/gmail.metadata"}, 401, "unauthorized_client", "Client is unauthorized"),
            ("unknown_user", {"sub": "nobody@example.test"}, 400, "invalid_grant", "Invalid email or User ID")]:
        r = t.token(args.pop("sub", "user1@example.test"), **args)
        j = r.json
        check("token_" + name, r.status == status and j["error"] == error and text in j["error_description"], r.data)
    r = t.request("google", "POST", "/token", "grant_type=password", {"Content-Type": "application/x-www-form-urlencoded"})
    check("token_wrong_grant", r.status == 400 and r.json["error"] == "unsupported_grant_type", r.data)


def case_directory(t):
    h = t.bearer("admin@example.test", DIRECTORY)
    seen, token = [], None
    while True:
        r = t.users(h, "customer=my_customer&maxResults=2&fields=nextPageToken,users(primaryEmail,creationTime,suspended)"
                    + ("&pageToken=" + urllib.parse.quote(token) if token else ""))
        seen += r.json["users"]
        token = r.json.get("nextPageToken")
        if not token:
            break
    check("directory_pages", [u["primaryEmail"] for u in seen] == [f"user{i}@example.test" for i in range(1, 6)], seen)
    check("directory_fields", set(seen[0]) == {"primaryEmail", "creationTime", "suspended"}, seen[0])
    for name, query, want in [("no_customer", "maxResults=1", (400, "badRequest")),
                              ("other_customer", "customer=C999", (403, "forbidden")),
                              ("other_domain", "domain=else.test", (404, "notFound")),
                              ("bad_field", "customer=my_customer&fields=users(nothing)", (400, "invalidParameter"))]:
        r = t.users(h, query)
        check("directory_" + name, reason(r)[:2] == want, r.data)
    r = t.users(t.bearer("user1@example.test", DIRECTORY), "customer=my_customer")
    check("directory_not_admin", reason(r) == (403, "forbidden", "Not Authorized to access this resource/api"), r.data)
    t.control("users", {"user": "user2@example.test", "state": "suspended"})
    r = t.users(h, "customer=my_customer")
    check("directory_suspended", [u["suspended"] for u in r.json["users"]] == [False, True, False, False, False], r.data)
    check("token_suspended", t.token("user2@example.test").json["error_description"] == "Invalid email or User ID")
    t.control("users", {"user": "user2@example.test", "state": "ok"})


def case_gmail(t):
    user = "user1@example.test"
    h = t.bearer(user)
    ids, pages = t.all_ids(user, h)
    check("gmail_list", len(ids) == 1200 and len(set(ids)) == 1200 and pages == 3, (len(ids), pages))
    check("gmail_id_form", all(len(i) == 16 and int(i, 16) for i in ids))
    r = t.gmail(user, f"/messages/{ids[0]}?format=raw&fields=id,raw,internalDate,labelIds", h)
    check("gmail_get_fields", set(r.json) == {"id", "raw", "internalDate", "labelIds"}, list(r.json))
    newest, oldest = (int(t.gmail(user, f"/messages/{i}?format=minimal", h).json["internalDate"]) for i in (ids[0], ids[-1]))
    check("gmail_newest_first", newest > oldest)
    mine = {j["id"]: j for j in map(json.loads, t.control("messages?user=" + user, method="GET").data.splitlines())}
    check("control_messages", set(mine) == set(ids))
    bad = []
    for i in ids[:64]:
        r = t.gmail(user, f"/messages/{i}?format=raw", h)
        raw = base64.urlsafe_b64decode(r.json["raw"] + "==")
        m = email.message_from_bytes(raw, policy=email.policy.default)
        part = m.get_body(("plain", "html"))
        text = part.get_content() if part else None
        if (base64.b64decode(mine[i]["raw"]) != raw or len(raw) != mine[i]["bytes"] or m.defects or not text
                or part.defects or "\ufffd" in text or not m["subject"] or len(raw) != r.json["sizeEstimate"]):
            bad.append((i, len(raw), m.defects))
    check("gmail_raw_parses", not bad, bad)
    r = t.gmail(user, "/profile", h)
    check("gmail_profile", r.json["emailAddress"] == user and r.json["messagesTotal"] == 1200, r.data)
    g = {**h, "Accept-Encoding": "gzip", "User-Agent": "check (gzip)"}
    r = t.gmail(user, "/messages?maxResults=100", g)
    check("gmail_gzip", r.getheader("Content-Encoding") == "gzip" and len(r.json["messages"]) == 100)
    r = t.gmail(user, "/messages?maxResults=100", {**h, "Accept-Encoding": "gzip"})
    check("gmail_no_gzip_without_user_agent", r.getheader("Content-Encoding") is None)
    for name, rest, head, want in [
            ("other_mailbox", None, h, (403, "forbidden")), ("no_token", "/profile", {}, (401, "required")),
            ("bad_token", "/profile", {"Authorization": "Bearer x"}, (401, "authError")),
            ("bad_id", "/messages/zz?format=raw", h, (400, "invalidArgument")),
            ("unknown_id", "/messages/18000001ffffffff?format=raw", h, (404, "notFound")),
            ("bad_page", "/messages?pageToken=12", h, (400, "invalidArgument")),
            ("bad_field", "/messages?fields=foo", h, (400, "invalidParameter")),
            ("wrong_scope", "/profile", t.bearer("admin@example.test", DIRECTORY), (403, "insufficientPermissions"))]:
        r = t.gmail("user2@example.test" if rest is None else user, rest or "/messages", head)
        check("gmail_" + name, reason(r)[:2] == want, r.data)
    after = int(mine[ids[0]]["internalDate"]) // 1000
    got, _ = t.all_ids(user, h, f"&q=after%3A{after}")
    check("gmail_query_after", got == ids[:1], len(got))
    got, _ = t.all_ids(user, h, "&q=subject%3Afigures")
    check("gmail_query_subject", 0 < len(got) < 1200, len(got))


def case_states(t):
    user = "user3@example.test"
    h = t.bearer(user)
    for state, want in [("no_mail", (400, "failedPrecondition", "Mail service not enabled")),
                        ("delegation", (403, "forbidden", "Delegation denied for " + user)),
                        ("domain_policy", (403, "domainPolicy", "The domain administrators have disabled Gmail apps.")),
                        ("precondition", (400, "failedPrecondition", "Precondition check failed."))]:
        t.control("users", {"user": user, "state": state})
        r = t.gmail(user, "/messages", h)
        check("state_" + state, reason(r) == want, r.data)
    t.control("users", {"user": user, "state": "suspended_get"})
    ids = t.gmail(user, "/messages?maxResults=1", h).json["messages"]
    check("state_suspended_get", t.gmail(user, f"/messages/{ids[0]['id']}?format=raw", h).status == 403)
    t.control("users", {"user": user, "state": "unauthorized"})
    check("state_unauthorized", t.token(user).json["error"] == "unauthorized_client")
    t.control("users", {"user": user, "state": "deleted"})
    names = [u["primaryEmail"] for u in t.users(t.bearer("admin@example.test", DIRECTORY), "customer=my_customer").json["users"]]
    check("state_deleted", user not in names and t.token(user).status == 400, names)
    t.control("users", {"user": user, "state": "ok"})


def case_changes(t):
    user = "user4@example.test"
    h = t.bearer(user)
    start = t.gmail(user, "/profile", h).json["historyId"]
    before, _ = t.all_ids(user, h)
    raw = b"Subject: added\r\nFrom: a@b\r\n\r\nhello\r\n"
    j = json.loads(t.control("messages", {"user": user, "delete": [before[5]], "delete_oldest": 2, "add": 1,
                                          "raw": base64.b64encode(raw).decode()}).data)
    after, _ = t.all_ids(user, h)
    check("change_counts", j["deleted"] == 3 and len(j["added"]) == 2 and len(after) == len(before) - 1, j)
    check("change_ids", set(after) == set(before) - {before[5], before[-1], before[-2]} | set(j["added"]))
    r = t.gmail(user, f"/messages/{before[5]}?format=raw", h)
    check("change_gone", reason(r) == (404, "notFound", "Requested entity was not found."), r.data)
    r = t.gmail(user, f"/messages/{j['added'][0]}?format=raw", h)
    check("change_added", base64.urlsafe_b64decode(r.json["raw"]) == raw, r.data)
    r = t.gmail(user, f"/history?startHistoryId={start}", h).json
    kinds = [k for e in r["history"] for k in e if k.startswith("messages")]
    check("history", kinds.count("messagesDeleted") == 3 and kinds.count("messagesAdded") == 2, r)
    check("history_old", t.gmail(user, "/history?startHistoryId=5", h).status == 404)
    t.control("tokens", {"revoke": user})
    check("token_revoked", reason(t.gmail(user, "/profile", h))[:2] == (401, "authError"))


def case_quota(t):
    user = "user5@example.test"
    h = t.bearer(user)
    t.control("options", {"quota_user": 25, "quota_window_ms": 400})
    ids = [m["id"] for m in t.gmail(user, "/messages?maxResults=9", h).json["messages"]]
    time.sleep(0.5)
    answers = [t.gmail(user, f"/messages/{i}?format=raw&fields=id", h) for i in ids[:4]]
    check("quota_first_passes", answers[0].status == 200, answers[0].data)
    check("quota_refused", sorted(reason(r)[:2] for r in answers[1:]) ==
          [(403, "userRateLimitExceeded"), (429, "rateLimitExceeded"), (429, "rateLimitExceeded")], [r.data for r in answers])
    check("quota_retry_after", any(r.getheader("Retry-After") for r in answers[1:]) and
          any("Retry after 2" in reason(r)[2] for r in answers[1:]))
    time.sleep(0.5)
    check("quota_new_window", t.gmail(user, f"/messages/{ids[0]}?format=raw&fields=id", h).status == 200)
    t.control("options", {"quota_user": 0, "max_concurrent_user": 1, "latency_ms": 300})
    second = http.client.HTTPSConnection("127.0.0.1", t.ports["google"], context=t.context, timeout=20)
    second.request("GET", f"/gmail/v1/users/me/profile", headers=h)
    time.sleep(0.1)
    r = t.gmail(user, "/profile", h)
    check("concurrency_refused", reason(r) == (429, "rateLimitExceeded", "Too many concurrent requests for user."), r.data)
    check("concurrency_first", second.getresponse().status == 200)
    t.control("options", {"max_concurrent_user": 0, "latency_ms": 0})
    check("stats_units", t.stats()["quota_refused"] == 4, t.stats())


def case_faults(t):
    user = "user1@example.test"
    h = t.bearer(user)
    path = "/gmail/v1/users/user1"
    t.control("faults", {"path": path, "count": 2, "skip": 1, "status": 503, "retry_after_s": 7})
    got = [t.gmail(user, "/profile", h) for _ in range(4)]
    check("fault_status", [r.status for r in got] == [200, 503, 503, 200] and got[1].getheader("Retry-After") == "7"
          and reason(got[1])[1] == "backendError", [r.status for r in got])
    t.control("faults", {"path": path, "status": 429, "retry_after_s": 5, "retry_after_date": True, "reason": "rateLimitExceeded"})
    r = t.gmail(user, "/profile", h)
    check("fault_date", r.getheader("Retry-After", "").endswith(" GMT"), r.getheader("Retry-After"))
    for action, error in [({"action": "reset"}, ConnectionResetError), ({"action": "close"}, http.client.RemoteDisconnected),
                          ({"cut_after": 400}, (http.client.IncompleteRead, ssl.SSLError))]:
        t.control("faults", {"path": path, **action})
        try:
            r = t.gmail(user, "/messages", h)
            check(f"fault_{action}", False, r.status)
        except error:
            check(f"fault_{list(action.items())[0][1]}", True)
        except Exception as e:
            check(f"fault_{action}", False, repr(e))
    t.control("faults", {"path": path, "delay_ms": 300})
    start = time.time()
    t.gmail(user, "/profile", h)
    check("fault_delay", 0.28 < time.time() - start < 2)
    t.control("faults", {"path": path, "rate_bytes_s": 20000})
    start = time.time()
    r = t.gmail(user, "/messages?maxResults=100", h)
    check("fault_slow", time.time() - start > 0.2 and len(r.json["messages"]) == 100, time.time() - start)
    t.control("faults", {"path": "/token", "status": 500})
    check("fault_token", t.token(user).json["error"] == "internal_failure")
    t.control("faults", {"path": path, "status": 502, "body": "<html>bad gateway</html>"})
    r = t.gmail(user, "/profile", h)
    check("fault_html", r.status == 502 and r.getheader("Content-Type").startswith("text/html"))
    t.control("faults", None, "DELETE")


def case_elastic(t):
    r = t.es("GET", "/")
    check("es_root", r.json["version"]["build_flavor"] == "default" and r.getheader("X-elastic-product") == "Elasticsearch", r.data)
    r = t.es("GET", "/", auth=False)
    check("es_unauthorized", r.status == 401 and r.getheader("X-elastic-product") is None, r.data)
    basic = "Basic " + base64.b64encode(b"elastic:tenant-password").decode()
    check("es_basic", t.es("GET", "/", headers={"Authorization": basic}).status == 200)
    check("es_head_missing", t.es("HEAD", "/things").status == 404)
    check("es_get_ignore", t.es("GET", "/things?ignore_unavailable=true").json == {})
    check("es_create", t.es("PUT", "/things").json["acknowledged"])
    check("es_create_twice", t.es("PUT", "/things").json["error"]["type"] == "resource_already_exists_exception")
    check("es_alias", t.es("PUT", "/things/_alias/alias").status == 200 and t.es("HEAD", "/alias").status == 200)
    v8 = "application/vnd.elasticsearch+json; compatible-with=8"
    check("es_media_both", t.es("GET", "/things", headers={"Accept": v8, "Content-Type": v8}).status == 200)
    check("es_media_one", t.bulk([{"delete": {"_index": "things", "_id": "x"}}], headers={"Accept": v8}).status == 400)
    check("es_pipeline", "search-default-ingestion" in t.es("GET", "/_ingest/pipeline/search-default-ingestion").json)
    check("es_pipeline_missing", t.es("GET", "/_ingest/pipeline/none").status == 404)
    lines = []
    for i in range(2500):
        lines += [{"index": {"_index": "alias", "_id": f"d{i:05}"}},
                  {"id": f"d{i:05}", "_timestamp": str(i), "_attachment": "QUJD", "_reduce_whitespace": True}]
    r = t.bulk(lines, "?pipeline=search-default-ingestion")
    check("es_bulk", not r.json["errors"] and {i["index"]["status"] for i in r.json["items"]} == {201}, r.data[:300])
    check("es_not_refreshed", t.es("GET", "/things/_count").json["count"] == 0)
    t.es("POST", "/things/_refresh")
    check("es_count", t.es("GET", "/alias/_count").json["count"] == 2500)
    r = t.es("POST", "/things/_search?scroll=5m", {"size": 1000, "sort": "_doc", "_source": ["id", "_timestamp"]}).json
    ids, scroll = [], r["_scroll_id"]
    check("es_source_filter", r["hits"]["hits"][0]["_source"] == {"id": "d00000", "_timestamp": "0"}, r["hits"]["hits"][0])
    t.bulk([{"delete": {"_index": "things", "_id": f"d{i:05}"}} for i in range(2000, 2500)])
    while r["hits"]["hits"]:
        ids += [h["_id"] for h in r["hits"]["hits"]]
        r = t.es("POST", "/_search/scroll", {"scroll_id": scroll, "scroll": "5m"}).json
    check("es_scroll_snapshot", ids == [f"d{i:05}" for i in range(2500)], len(ids))
    check("es_scroll_close", t.es("DELETE", "/_search/scroll", {"scroll_id": scroll}).json["succeeded"])
    check("es_scroll_closed", t.es("POST", "/_search/scroll", {"scroll_id": scroll}).status == 404)
    pit = t.es("POST", "/things/_pit?keep_alive=1m").json["id"]
    ids, after = [], []
    while True:
        hits = t.es("POST", "/_search", {"size": 700, "pit": {"id": pit}, "sort": [{"_shard_doc": "asc"}], **({"search_after": after} if after else {})}).json["hits"]["hits"]
        if not hits:
            break
        ids += [h["_id"] for h in hits]
        after = hits[-1]["sort"]
    check("es_pit", ids == [f"d{i:05}" for i in range(2000)], len(ids))
    check("es_pipeline_removes", "_attachment" not in hits_source(t) and "_reduce_whitespace" not in hits_source(t))
    docs = [json.loads(x) for x in t.control("docs?index=things", method="GET").data.splitlines()]
    check("control_docs", len(docs) == 2000 and docs[0]["_source"]["_attachment"] == "QUJD" and
          [d["_id"] for d in docs] == sorted(d["_id"] for d in docs), docs[:1])
    r = t.es("POST", "/things/_search", {"sort": "_id"})
    check("es_sort_id", r.status == 400 and "Fielddata" in r.json["error"]["root_cause"][0]["reason"], r.data)


def hits_source(t):
    return t.es("GET", "/things/_doc/d00001").json["_source"]


def case_bulk_errors(t):
    body = b'{"index":{"_index":"things","_id":"g"}}\n{"a":1}\n'
    gz = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
    check("es_gzip", t.es("POST", "/_bulk", gzip.compress(body), gz).json["errors"] is False)
    for name, raw, text in [("no_newline", body[:-1], "terminated by a newline"),
                            ("long_id", b'{"index":{"_index":"things","_id":"%s"}}\n{}\n' % (b"x" * 513), "512 bytes"),
                            ("unknown_action", b'{"upsert":{"_index":"things"}}\n{}\n', "Malformed action"),
                            ("empty", b"", "request body is required")]:
        r = t.es("POST", "/_bulk", raw, {"Content-Type": "application/x-ndjson"})
        check("es_bulk_" + name, r.status == 400 and text in r.json["error"]["reason"], r.data)
    r = t.bulk([{"index": {"_index": "things", "_id": "p"}}, {"a": 1}], "?pipeline=none")
    item = r.json["items"][0]["index"]
    check("es_unknown_pipeline", r.status == 200 and item["status"] == 400 and "does not exist" in item["error"]["reason"], r.data)
    for name, doc in [("invalid", '{"a":'), ("duplicate", '{"a":1,"a":2}'), ("metadata", '{"_id":"x"}'), ("utf8", '{"a":"\udcff"}'),
                      ("control", '{"a":"\t"}'), ("array", '[]')]:
        raw = b'{"index":{"_index":"things","_id":"q"}}\n' + doc.encode("utf-8", "surrogateescape") + b"\n"
        r = t.es("POST", "/_bulk", raw, {"Content-Type": "application/x-ndjson"})
        check("es_document_" + name, r.status == 200 and r.json["items"][0]["index"]["status"] == 400, r.data)
    up = [{"update": {"_index": "things", "_id": "u"}}, {"doc": {"a": 1}, "doc_as_upsert": True}]
    results = [t.bulk(up).json["items"][0]["update"]["result"] for _ in range(2)]
    check("es_upsert", results == ["created", "noop"], results)
    t.control("es", {"error_every": 3, "error_count": 2, "error_status": 429})
    lines = [x for i in range(9) for x in ({"index": {"_index": "things", "_id": f"e{i}"}}, {"a": 1})]
    statuses = [i["index"]["status"] for i in t.bulk(lines).json["items"]]
    check("es_item_errors", statuses == [201, 201, 429, 201, 201, 429, 201, 201, 201], statuses)
    t.control("es", {"error_every": 0, "error_id": "bad", "error_status": 400})
    r = t.bulk([{"index": {"_index": "things", "_id": "a-bad-one"}}, {"a": 1}]).json
    check("es_item_error_id", r["items"][0]["index"]["status"] == 400, r)
    t.control("es", {"error_id": ""})
    t.control("options", {"es_max_bytes": 100000})
    for name, raw, head in [("413", b"x" * 200000, {}), ("413_gzip", gzip.compress(b"x" * 200000), gz)]:
        r = t.es("POST", "/_bulk", raw, {"Content-Type": "application/x-ndjson", **head})
        check("es_" + name, r.status == 413 and r.data == b"" and r.getheader("X-elastic-product") is None, (r.status, r.data))
        t.connections.pop("elasticsearch")
    t.control("options", {"es_max_bytes": 100000000})
    t.control("faults", {"path": "/_bulk", "status": 429, "method": "POST"})
    r = t.bulk([{"delete": {"_index": "things", "_id": "u"}}])
    check("es_429", r.status == 429 and r.json["error"]["type"] == "es_rejected_execution_exception", r.data)


def case_http(t):
    def raw(data):
        s = t.context.wrap_socket(socket.create_connection(("127.0.0.1", t.ports["google"])), server_hostname="localhost")
        s.settimeout(5)
        s.sendall(data)
        got = b""
        while True:
            try:
                part = s.recv(65536)
            except (TimeoutError, ssl.SSLError):
                break
            if not part:
                break
            got += part
        s.close()
        return got
    end = b"Connection: close\r\n\r\n"
    for name, data, want in [
            ("bare_lf", b"GET / HTTP/1.1\nHost: a\n\n\r\n\r\n", b" 400 "),
            ("two_framings", b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", b" 400 "),
            ("no_host", b"GET / HTTP/1.1\r\n\r\n", b" 400 "), ("no_length", b"POST /token HTTP/1.1\r\nHost: a\r\n" + end, b" 411 "),
            ("unknown_path", b"GET /x HTTP/1.1\r\nHost: a\r\n" + end, b" 404 "),
            ("chunked", b"POST /token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" + end + b"4\r\na=bc\r\n0\r\n\r\n", b" 400 ")]:
        got = raw(data)
        check("http_" + name, want in got.split(b"\r\n")[0], got[:200])
    got = raw(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n" * 3 + b"GET /x HTTP/1.1\r\nHost: a\r\n" + end)
    check("http_pipelined", got.count(b"HTTP/1.1 404") == 4, got[:100])
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        c = ssl.create_default_context(cafile=t.dir + "/ca.pem")
        c.minimum_version = c.maximum_version = version
        session, reused = None, []
        for _ in range(3):
            with c.wrap_socket(socket.create_connection(("127.0.0.1", t.ports["google"])), server_hostname="localhost", session=session) as s:
                s.sendall(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
                s.recv(1000)
                session = s.session
                reused.append(s.session_reused)
        check(f"tls_resumption_{version.name}", reused == [False, True, True], reused)


def case_big():
    t = Tenant("--big", "1", "50")
    h = t.bearer("user1@example.test")
    i = t.gmail("me", "/messages", h).json["messages"][0]["id"]
    start = time.time()
    r = t.gmail("me", f"/messages/{i}?format=raw", h)
    raw = base64.urlsafe_b64decode(r.json["raw"])
    rss = int(open(f"/proc/{t.process.pid}/statm").read().split()[1]) * 4096
    check("big_message", len(raw) == 50000000 and raw.startswith(b"Delivered-To"), (len(raw), time.time() - start))
    check("big_needs_no_memory", rss < 30e6, rss)
    line = json.dumps({"_attachment": base64.b64encode(raw).decode()})
    r = t.es("POST", "/_bulk", '{"index":{"_index":"big","_id":"b"}}\n' + line + "\n", {"Content-Type": "application/x-ndjson"})
    check("big_bulk", r.status == 200 and r.json["errors"] is False, r.data)
    check("stop", t.close() == 0)


def case_eml():
    d = tempfile.mkdtemp()
    for folder, n in (("anna", 2), ("bert", 1)):
        os.mkdir(f"{d}/{folder}")
        for i in range(n):
            open(f"{d}/{folder}/{i}.eml", "wb").write(b"Subject: %d\r\n\r\n\xff\x00raw" % i)
    t = Tenant("--eml", d)
    h = t.bearer("user1@example.test")
    ids, _ = t.all_ids("me", h)
    raws = [base64.urlsafe_b64decode(t.gmail("me", f"/messages/{i}?format=raw", h).json["raw"]) for i in ids]
    check("eml_raw", raws == [b"Subject: 1\r\n\r\n\xff\x00raw", b"Subject: 0\r\n\r\n\xff\x00raw"], raws)
    check("eml_folders", t.stats()["users"] == 2 and t.stats()["messages"] == 3)
    t.close()
    shutil.rmtree(d)


def main():
    t = Tenant("--users", "5", "--messages", "1200", "--size", "3000", "--spread", "40")
    for case in (case_token, case_directory, case_gmail, case_states, case_changes, case_quota, case_faults,
                 case_elastic, case_bulk_errors, case_http):
        try:
            case(t)
        except Exception as e:
            check(case.__name__, False, f"{e!r} line {e.__traceback__.tb_next.tb_lineno if e.__traceback__.tb_next else e.__traceback__.tb_lineno}")
            t.connections.clear()
    again = Tenant("--users", "5", "--messages", "1200", "--size", "3000", "--spread", "40")
    one, two = (hashlib.sha256(x.control("messages?user=user2@example.test", method="GET").data).hexdigest() for x in (t, again))
    check("same_seed_same_mail", one == two)
    again.close()
    check("stop_main", t.close() == 0)
    case_big()
    case_eml()
    sys.exit(1 if failed else 0)


main()
