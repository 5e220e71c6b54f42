#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Sends the same requests to the Elasticsearch double and to a real Elasticsearch and compares what
# matters to a client: status, error type, the product header, names of fields, verdicts of items.
# Usage: tests/tenant/es_compare.py DOUBLE_DIR REAL_URL USER:PASSWORD    (an empty real server, no TLS)
import base64, http.client, json, ssl, sys, urllib.parse

V8 = "application/vnd.elasticsearch+json; compatible-with=8"
V9 = "application/vnd.elasticsearch+json; compatible-with=9"
NDJSON = {"Content-Type": "application/x-ndjson"}
JSON = {"Content-Type": "application/json"}
ready = dict(l.strip().split("=", 1) for l in open(sys.argv[1] + "/ready"))
real = urllib.parse.urlsplit(sys.argv[2])
context = ssl.create_default_context(cafile=sys.argv[1] + "/ca.pem")
auths = {"double": "ApiKey " + ready["api_key"], "real": "Basic " + base64.b64encode(sys.argv[3].encode()).decode()}
memory = {"double": {}, "real": {}}
differences = cases = 0


def connect(side):
    if side == "real":
        return http.client.HTTPConnection(real.hostname, real.port, timeout=30)
    return http.client.HTTPSConnection("127.0.0.1", int(ready["elasticsearch"]), context=context, timeout=30)


def shape(v, depth=0):
    if isinstance(v, dict):
        return {k: shape(x, depth + 1) for k, x in sorted(v.items()) if k not in ("_shards", "root_cause")}
    if isinstance(v, list):
        return [shape(v[0], depth + 1)] if v else []
    return type(v).__name__


def ask(side, method, path, body, headers, auth):
    for key, value in memory[side].items():
        path = path.replace("{" + key + "}", value)
        body = body.replace("{" + key + "}", value) if isinstance(body, str) else body
    c = connect(side)
    c.request(method, path, body, {**headers, **({"Authorization": auths[side]} if auth else {})})
    r = c.getresponse()
    data = r.read()
    try:
        j = json.loads(data)
    except ValueError:
        j = None
    return r, data, j


def summary(r, data, j, deep):
    out = {"status": r.status, "product": r.getheader("X-elastic-product"), "type": (r.getheader("content-type") or "").replace(" ", "").split(";charset")[0]}
    if isinstance(j, dict) and "error" in j:
        e = j["error"]
        out["error"] = e if isinstance(e, str) else {"type": e["type"], "reason": e["reason"]}
    elif isinstance(j, dict) and "items" in j:
        out["keys"] = sorted(j)
        out["items"] = [{k: {"status": v["status"], "result": v.get("result"), "error": v.get("error", {}).get("type"),
                             "reason": v.get("error", {}).get("reason"), "keys": sorted(v)} for k, v in i.items()} for i in j["items"]]
    elif j is not None and deep:
        out["shape"] = shape(j)
    else:
        out["body"] = len(data) > 0
    return out


def without_words(v):
    if isinstance(v, dict):
        return {k: without_words(x) for k, x in v.items() if k != "reason"}
    if isinstance(v, list):
        return [without_words(x) for x in v]
    return v.split("]")[0] if isinstance(v, str) and v.startswith("Incorrect HTTP method") else v


def case(name, method, path, body=None, headers=None, auth=True, keep=None, deep=True):
    global differences, cases
    cases += 1
    if isinstance(body, (dict, list)):
        body, headers = json.dumps(body), headers or JSON
    got = {}
    for side in ("double", "real"):
        r, data, j = ask(side, method, path, body, headers or {}, auth)
        got[side] = summary(r, data, j, deep)
        if keep and j and keep in j:
            memory[side][keep] = j[keep]
    same = json.dumps(got["double"], sort_keys=True) == json.dumps(got["real"], sort_keys=True)
    if not same and without_words(got["double"]) == without_words(got["real"]):
        print("WORDS", name)
    elif not same:
        differences += 1
        print("DIFF", name)
        for side in ("double", "real"):
            print("    ", side, json.dumps(got[side], sort_keys=True)[:1500])
    else:
        print("SAME", name)


def bulk(name, lines, query="", headers=NDJSON):
    case(name, "POST", "/_bulk" + query, "".join((x if isinstance(x, str) else json.dumps(x)) + "\n" for x in lines), headers)


def ix(i, doc, op="index", **k):
    return [{op: {"_index": "cmp", "_id": i, **k}}, doc]


for side in ("double", "real"):
    ask(side, "DELETE", "/cmp", None, {}, True)
case("root", "GET", "/")
case("root_head", "HEAD", "/")
case("no_auth", "GET", "/", auth=False)
case("head_missing", "HEAD", "/cmp")
case("get_missing", "GET", "/cmp")
case("get_missing_ignore", "GET", "/cmp?ignore_unavailable=true")
case("put", "PUT", "/cmp")
case("put_again", "PUT", "/cmp")
case("put_bad_name", "PUT", "/UPPER")
case("post_index", "POST", "/cmp")
case("head", "HEAD", "/cmp")
case("get_v8", "GET", "/cmp", headers={"Accept": V8}, deep=False)
case("get_v8_both", "GET", "/cmp", headers={"Accept": V8, "Content-Type": V8}, deep=False)
case("get_v7", "GET", "/cmp", headers={"Accept": V8.replace("8", "7")}, deep=False)
case("get_v10", "GET", "/cmp", headers={"Accept": V8.replace("8", "10")}, deep=False)
case("get_content_type_only", "GET", "/cmp", headers={"Content-Type": V8}, deep=False)
case("pipeline_missing", "GET", "/_ingest/pipeline/none")
case("pipeline_head", "HEAD", "/_ingest/pipeline/none")
case("pipeline_put", "PUT", "/_ingest/pipeline/p", {"processors": []})
case("pipeline_get", "GET", "/_ingest/pipeline/p")
bulk("bulk_index", ix("a", {"a": 1}) + ix("a", {"a": 2}) + ix("b", {"a": 2}, "create") + ix("b", {"a": 2}, "create"))
bulk("bulk_v8", ix("a", {"a": 1}), headers={"Accept": V8, "Content-Type": V8.replace("+json", "+x-ndjson")})
bulk("bulk_v9", ix("a", {"a": 1}), headers={"Accept": V9, "Content-Type": V9.replace("+json", "+x-ndjson")})
bulk("bulk_v8_accept_only", ix("a", {"a": 1}), headers={"Accept": V8, **NDJSON})
bulk("bulk_text", ix("a", {"a": 1}), headers={"Content-Type": "text/plain"})
bulk("bulk_json_type", ix("a", {"a": 1}), headers=JSON)
bulk("bulk_delete", [{"delete": {"_index": "cmp", "_id": "b"}}, {"delete": {"_index": "cmp", "_id": "zz"}}, {"delete": {"_index": "nowhere", "_id": "zz"}}])
bulk("bulk_update", [{"update": {"_index": "cmp", "_id": "u"}}, {"doc": {"a": 1}, "doc_as_upsert": True}] * 2 + [{"update": {"_index": "cmp", "_id": "v"}}, {"doc": {"a": 1}}])
bulk("bulk_pipeline", ix("c", {"a": 1}), "?pipeline=p")
bulk("bulk_pipeline_none", ix("c", {"a": 1}) + [{"delete": {"_index": "cmp", "_id": "zz"}}], "?pipeline=none")
bulk("bulk_pipeline_none_update", [{"update": {"_index": "cmp", "_id": "w"}}, {"doc": {"a": 1}, "doc_as_upsert": True}], "?pipeline=none")
bulk("bulk_mapping_error (the double has no mappings)", ix("m", {"a": {"b": 1}}) + ix("n", {"a": "text"}))
for name, doc in [("cut", '{"a":'), ("duplicate", '{"a":1,"a":2}'), ("metadata", '{"_id":"x"}'), ("array", "[]"), ("control", '{"s":"\t"}'), ("deep", '{"z' + '":{"b' * 18 + '":1' + "}" * 19)]:
    bulk("doc_" + name, ix("q", doc))
    bulk("doc_pipeline_" + name, ix("q", doc), "?pipeline=p")
for name, raw in [("no_newline", b'{"index":{"_index":"cmp","_id":"g"}}\n{"a":1}'), ("empty", b""), ("blank", b"\n"),
                  ("long_id", b'{"index":{"_index":"cmp","_id":"%s"}}\n{}\n' % (b"x" * 513)), ("empty_id", b'{"index":{"_index":"cmp","_id":""}}\n{}\n'),
                  ("unknown_action", b'{"upsert":{"_index":"cmp"}}\n{}\n'), ("no_source", b'{"index":{"_index":"cmp","_id":"g"}}\n'),
                  ("no_index", b'{"index":{"_id":"g"}}\n{}\n'), ("not_json", b"hello\n{}\n"), ("array_action", b"[]\n{}\n"),
                  ("unknown_parameter", b'{"index":{"_index":"cmp","_id":"g","_foo":1}}\n{}\n'),
                  ("crlf", b'{"index":{"_index":"cmp","_id":"g"}}\r\n{"a":1}\r\n'), ("blank_between", b'{"index":{"_index":"cmp","_id":"g"}}\n{"a":1}\n\n{"index":{"_index":"cmp","_id":"h"}}\n{"a":1}\n'),
                  ("bad_index", b'{"index":{"_index":"BAD","_id":"g"}}\n{}\n')]:
    case("bulk_" + name, "POST", "/_bulk", raw, NDJSON)
case("bulk_put", "PUT", "/_bulk", '{"delete":{"_index":"cmp","_id":"zz"}}\n', NDJSON)
case("bulk_get", "GET", "/_bulk")
case("refresh", "POST", "/cmp/_refresh")
case("count", "POST", "/cmp/_count")
case("count_missing", "POST", "/nowhere/_count")
case("refresh_missing", "POST", "/nowhere/_refresh")
case("search_missing", "POST", "/nowhere/_search", {"size": 1})
case("search", "POST", "/cmp/_search", {"size": 1, "sort": "_doc", "_source": ["a"]})
case("search_no_source", "POST", "/cmp/_search", {"size": 1, "sort": "_doc", "_source": False})
case("search_sort_id", "POST", "/cmp/_search", {"sort": "_id"})
case("search_window", "POST", "/cmp/_search", {"size": 10001})
case("scroll", "POST", "/cmp/_search?scroll=5m", {"size": 2, "sort": "_doc", "_source": ["a"]}, keep="_scroll_id")
case("scroll_next", "POST", "/_search/scroll", '{"scroll_id":"{_scroll_id}","scroll":"5m"}', JSON)
case("scroll_close", "DELETE", "/_search/scroll", '{"scroll_id":"{_scroll_id}"}', JSON)
case("scroll_closed", "POST", "/_search/scroll", '{"scroll_id":"{_scroll_id}"}', JSON)
case("scroll_close_again", "DELETE", "/_search/scroll", '{"scroll_id":"{_scroll_id}"}', JSON)
case("scroll_junk", "POST", "/_search/scroll", '{"scroll_id":"x"}', JSON)
case("scroll_no_id", "POST", "/_search/scroll", "{}", JSON)
case("pit", "POST", "/cmp/_pit?keep_alive=1m", keep="id")
case("pit_no_keep", "POST", "/cmp/_pit")
case("pit_search", "POST", "/_search", '{"pit":{"id":"{id}"},"size":1,"sort":[{"_shard_doc":"asc"}]}', JSON)
case("pit_close", "DELETE", "/_pit", '{"id":"{id}"}', JSON)
case("pit_search_closed", "POST", "/_search", '{"pit":{"id":"{id}"},"size":1,"sort":[{"_shard_doc":"asc"}]}', JSON)
case("doc", "GET", "/cmp/_doc/a")
case("doc_missing", "GET", "/cmp/_doc/nope")
case("alias", "PUT", "/cmp/_alias/other")
case("alias_head", "HEAD", "/other")
case("alias_count", "GET", "/other/_count")
case("unknown_path", "GET", "/_nothing")
case("delete", "DELETE", "/cmp")
print(f"{cases - differences} same, {differences} different")
