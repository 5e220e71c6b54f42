# SPDX-License-Identifier: Apache-2.0
# The Elasticsearch double of tests/tenant against a real Elasticsearch: the same requests to both,
# status and body compared:
#     python3 tests/interop/es_drift.py [-v] [--url http://127.0.0.1:9200 --user elastic:PASSWORD]
# Without --url a node is started by the tool beside the project; skipped where that is not.
# Out of the comparison is what is chosen freely or is another machine's: ids, dates, durations,
# scores, counts of shard copies, positions in JSON, Java's causes. KNOWN lists the rest that differs,
# with the reason; a line of it that does not differ is a failure too.
import argparse
import base64
import http.client
import json
import os
import re
import ssl
import sys
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))

import node  # noqa: E402
import rig  # noqa: E402

CONN, JOBS = ".elastic-connectors", ".elastic-connectors-sync-jobs"
DROPPED = {"took", "ingest_took", "index_uuid", "caused_by", "line", "col", "shard", "node", "root_cause",
           "failed_shards", "uid", "issued_to", "issuer", "uuid", "creation_date", "cluster_uuid", "resource.type",
           "resource.id", "max_resource_units", "header", "additional_unsuccessful_credentials",
           "issue_date_in_millis", "expiry_date_in_millis"}
FREE = {"_scroll_id", "pit_id", "api_key", "encoded", "invalidated_api_keys"}

DYNAMIC = "the double does not derive a mapping from documents"
PARSER = "words of the real one's JSON parser"
KNOWN = {
    "DELETE /dr/_doc/up # again": "the double forgets the version of a deleted document",
    'POST /.elastic-connectors-sync-jobs/_search?scroll=1m {"size":1,"sort":"_doc","_source":["status"],'
    '"query":{"term":{"connector.id":"c1"}}}': "a scroll of the double goes by creation, not by last write",
    'GET /dr # dynamic': DYNAMIC,
    'POST /gone/_update/1 {"doc":{"b":5}}': DYNAMIC,
    'POST /dr/_search {"query":{"term":{"s":"Two Words"}},"size":0}': "the double does not take text apart into words",
    'PUT /dr/_doc/5 {"a":': PARSER,
    'POST /dr/_update/1 {"doc":{"a":': PARSER,
    "POST /_search {\"size\":0}": "the double searches one index, by its name",
    "GET /d*": "the double knows no wildcards",
}

# METHOD PATH [BODY], [# a remark]; BODY as one JSON value, an array of it is a bulk. {seq}: the last _seq_no that this
# server told. `key:` asks with the API key that was made last, `nobody:` without one, `wrong:` as a stranger.
REQUESTS = """
HEAD /
nobody:GET /
wrong:GET /dr
GET /_license
GET /_security/_authenticate
POST /_security/user/_has_privileges {"cluster":["monitor","manage"],"index":[{"names":["dr",".elastic-connectors*"],"privileges":["read","all"]}]}
POST /_security/user/_has_privileges {}
POST /_security/user/_has_privileges
GET /dr
HEAD /dr
GET /dr?ignore_unavailable=true
POST /dr/_count?ignore_unavailable=true
POST /dr/_refresh?ignore_unavailable=true
POST /dr/_search?ignore_unavailable=true {"size":1}
POST /dr/_count
POST /dr/_refresh
POST /dr/_search {"size":1}
GET /dr/_doc/1
DELETE /dr
DELETE /dr?ignore_unavailable=true
PUT /dr {"foo":1}
PUT /DR
PUT /dr
PUT /dr
PUT /dr/_settings {"index":{"refresh_interval":"-1"}}
HEAD /dr
POST /dr
GET /dr/_doc/1
HEAD /dr/_doc/1
PUT /dr/_doc/1 {"a":1,"b":{"c":1,"d":[1,2]},"s":"x"}
PUT /dr/_doc/1 {"a":1,"b":{"c":1,"d":[1,2]},"s":"x"}
POST /dr/_doc/1 {"a":1,"b":{"c":1,"d":[1,2]},"s":"x"}
POST /dr/_doc {"a":2}
PUT /dr/_doc {"a":2}
PUT /dr/_create/1 {"a":1}
PUT /dr/_create/2 {"a":1}
POST /dr/_create/3 {"a":1}
POST /dr/_create {"a":1}
PUT /dr/_doc/4?op_type=create {"a":1}
PUT /dr/_doc/4?op_type=create {"a":1}
PUT /dr/_doc/5
PUT /dr/_doc/5 []
GET /dr/_doc/1
HEAD /dr/_doc/1
GET /dr/_doc/1?_source=false
GET /dr/_doc/1?_source_includes=a,s
GET /dr/_doc/1?foo=bar
GET /dr/_doc/1?_source_includes=b.c
GET /dr # dynamic
PUT /dr/_doc/5 {"a":
POST /dr/_update/1 {"doc":{"a":
PUT /dr/_doc/6?refresh=true {"s":"Two Words"}
POST /dr/_search {"query":{"term":{"s":"Two Words"}},"size":0}
POST /dr/_search {"query":{"term":{"s.keyword":"Two Words"}},"size":0}
DELETE /dr/_doc/6
POST /_search {"size":0}
GET /d*
GET /dr/_source/1
GET /dr/_source/none
GET /dr/_doc/none
DELETE /dr/_source/1
POST /dr/_update/1 {"doc":{"a":1}}
POST /dr/_update/1 {"doc":{"b":{"c":2}}}
GET /dr/_doc/1
POST /dr/_update/1 {"doc":{"b":{"d":[3]},"n":null,"new":{"x":{}}}}
GET /dr/_doc/1
POST /dr/_update/1 {"doc":{"b":{}}}
POST /dr/_update/1 {"doc":{}}
POST /dr/_update/1 {"doc":{"n":null}}
POST /dr/_update/1 {"doc":{"a":1.0}}
POST /dr/_update/1 {"doc":{"s":"\\u0078"}}
POST /dr/_update/1 {"doc":{"a":1},"detect_noop":false}
POST /dr/_update/1?if_seq_no=0&if_primary_term=1 {"doc":{"a":9}}
POST /dr/_update/1?if_seq_no=99&if_primary_term=1 {"doc":{"a":1}}
POST /dr/_update/1?if_seq_no={seq}&if_primary_term=7 {"doc":{"a":9}}
POST /dr/_update/1?if_seq_no=0 {"doc":{"a":9}}
POST /dr/_update/1?if_primary_term=1 {"doc":{"a":9}}
POST /dr/_update/1?if_seq_no=-5&if_primary_term=1 {"doc":{"a":9}}
POST /dr/_update/1?if_seq_no=x&if_primary_term=1 {"doc":{"a":9}}
POST /dr/_update/1?if_seq_no=0&if_primary_term=1&retry_on_conflict=3 {"doc":{"a":9}}
GET /dr/_doc/1
POST /dr/_update/1?if_seq_no={seq}&if_primary_term=1 {"doc":{"a":9}}
POST /dr/_update/1?if_seq_no={seq}&if_primary_term=1 {"doc":{"a":9}}
POST /dr/_update/1?retry_on_conflict=3 {"doc":{"a":10}}
POST /dr/_update/1?_source=true {"doc":{"a":11}}
POST /dr/_update/nope {"doc":{"a":9}}
POST /dr/_update/nope?if_seq_no=3&if_primary_term=1 {"doc":{"a":9}}
POST /dr/_update/1 {}
POST /dr/_update/1
POST /dr/_update/1 {"foo":1}
POST /dr/_update/1 {"doc":1}
POST /dr/_update/1 [1,2]
POST /dr/_update/1?foo=bar {"doc":{"a":9}}
GET /dr/_update/1
POST /dr/_update/up {"doc":{"a":9},"doc_as_upsert":true}
POST /dr/_update/up {"doc":{"a":9},"doc_as_upsert":true}
POST /dr/_update/up2 {"doc":{"a":9},"upsert":{"z":1}}
POST /dr/_update/up?refresh=true {"doc":{"a":12}}
POST /dr/_update/up?refresh=true {"doc":{"a":12}}
POST /dr/_update/up?refresh=false {"doc":{"a":13}}
PUT /dr/_doc/1?if_seq_no=0&if_primary_term=1 {"a":1}
PUT /dr/_doc/nope?if_seq_no=0&if_primary_term=1 {"a":1}
DELETE /dr/_doc/1?if_seq_no=0&if_primary_term=1
DELETE /dr/_doc/up
DELETE /dr/_doc/up # again
POST /dr/_update/up {"doc":{"a":1}}
PUT /gone/_doc/1 {"b":{"c":1}}
POST /gone/_update/1 {"doc":{"b":5}}
DELETE /gone
POST /gone/_update/1 {"doc":{"a":9}}
HEAD /gone
PUT /gone/_doc/1?require_alias=true {"a":1}
DELETE /gone
POST /_bulk?refresh=true [{"update":{"_index":"dr","_id":"b1"}},{"doc":{"x":{"y":1}},"doc_as_upsert":true},{"update":{"_index":"dr","_id":"b1"}},{"doc":{"x":{"z":2}},"doc_as_upsert":true},{"update":{"_index":"dr","_id":"b1"}},{"doc":{"x":{"z":2}},"doc_as_upsert":true},{"update":{"_index":"dr","_id":"b2"}},{"doc":{"x":{"z":2}}}]
GET /dr/_doc/b1
POST /_bulk?refresh=true [{"index":{"_index":".search-acl-filter-dr","_id":"p@example.test"}},{"identity":{"email":"p"},"created_at":"2026-08-20T08:00:00Z"}]
GET /.search-acl-filter-dr/_mapping
POST /.search-acl-filter-dr/_count {"query":{"exists":{"field":"identity"}}}
POST /.search-acl-filter-dr/_count {"query":{"exists":{"field":"created_at"}}}
DELETE /.search-acl-filter-dr
POST /dr/_refresh
POST /dr/_search {"query":{"match_all":{}},"size":1,"sort":"_doc","seq_no_primary_term":true,"version":true}
POST /dr/_search {"size":0}
POST /dr/_search?expand_wildcards=hidden {"from":0,"size":2,"sort":"_doc","_source":false}
POST /dr/_search {"query":{"term":{"a":{"value":11}}},"size":1}
POST /dr/_search {"query":{"bool":{"must":{"term":{"a":11}}}},"size":1,"_source":["a"]}
POST /dr/_search {"query":{"bool":{"must_not":[{"term":{"a":1}}]}},"sort":"_doc","_source":false}
POST /dr/_search {"query":{"bool":{"should":[{"term":{"a":11}},{"term":{"a":2}}]}},"sort":"_doc","_source":false}
POST /dr/_search {"query":{"bool":{"should":[{"term":{"a":1}},{"term":{"a":2}}],"minimum_should_match":2}},"_source":false}
POST /dr/_search {"query":{"bool":{"filter":[],"should":[{"term":{"a":77}}],"minimum_should_match":0}},"size":0}
POST /dr/_search {"query":{"bool":{"filter":[{"exists":{"field":"a"}}],"should":[{"term":{"a":77}}]}},"size":0}
POST /dr/_search {"query":{"bool":{}},"size":0}
POST /dr/_search {"query":{"bool":{"must":[{"bool":{"must_not":{"terms":{"a":[1,2]}}}},{"exists":{"field":"a"}}]}},"size":0}
POST /dr/_search {"query":{"ids":{"values":["1","2","nope"]}},"_source":false,"sort":"_doc"}
POST /dr/_search {"query":{"terms":{"_id":["3","4"]}},"_source":false,"sort":"_doc"}
POST /dr/_search {"query":{"terms":{"_id":[]}}}
POST /dr/_search {"query":{"term":{"_id":"3"}},"_source":false}
POST /dr/_search {"query":{"exists":{"field":"b"}},"size":0}
POST /dr/_search {"query":{"exists":{"field":"b.c"}},"size":0}
POST /dr/_search {"query":{"exists":{"field":"n"}},"size":0}
POST /dr/_search {"query":{"range":{"a":{"gte":2,"lt":11}}},"size":0}
POST /dr/_search {"query":{"match_none":{}},"size":0}
POST /dr/_search {"size":2,"from":1,"sort":[{"a":"desc"},"_doc"],"_source":false,"query":{"exists":{"field":"a"}}}
POST /dr/_search {"size":2,"sort":[{"a":{"order":"asc"}}],"_source":["a"],"seq_no_primary_term":true}
POST /dr/_search {"sort":[{"nofield":"asc"}]}
POST /dr/_search {"sort":[{"nofield":{"order":"asc","unmapped_type":"date"}}],"size":1,"_source":false}
POST /dr/_search {"sort":"_id"}
POST /dr/_search {"query":{"foo":{}}}
POST /dr/_search {"query":{"bool":{"foo":[]}}}
POST /dr/_search {"query":{"terms":{"a":9}}}
POST /dr/_search {"query":{"term":{"a":9,"b":1}}}
POST /dr/_search {"query":{"range":{"a":{"foo":1}}}}
POST /dr/_search {"query":{}}
POST /dr/_search {"query":[]}
POST /dr/_search {"foo":1}
POST /dr/_search {"from":-1}
POST /dr/_search {"size":-1}
POST /dr/_search {"size":10001}
POST /dr/_search?scroll=1m {"size":10001}
POST /dr/_search {"query":{"match_all":{}},"size":0,"track_total_hits":false}
POST /dr/_count {"query":{"term":{"a":1}}}
POST /dr/_count {"size":1}
POST /dr/_count {"query":{"foo":{}}}
PUT /dr2 {"aliases":{"dral":{}},"mappings":{"properties":{"x":{"type":"keyword"},"t":{"type":"text"}}}}
GET /dr2/_mapping
GET /dr2/_alias
GET /dr2/_alias/dral
GET /_alias/dral
GET /_alias/nope
HEAD /dral
PUT /dral
DELETE /dral
POST /_aliases {"actions":[{"add":{"index":"dr2","alias":"dral2"}}]}
POST /_aliases {"actions":[{"remove":{"index":"dr2","alias":"dral2"}}]}
POST /_aliases {"actions":[{"remove":{"index":"dr2","alias":"dral2"}}]}
POST /_aliases {"actions":[{"add":{"index":"nope","alias":"dral2"}}]}
PUT /dral/_doc/1 {"x":"one","t":"Some Words"}
POST /dral/_update/1 {"doc":{"x":"two"}}
PUT /dral/_doc/2?require_alias=true {"x":"two"}
POST /dral/_refresh
POST /dral/_search {"query":{"term":{"x":"two"}},"sort":"_doc","_source":["x"]}
POST /dral/_search {"sort":[{"t":"asc"}]}
PUT /dr2/_mapping {"properties":{"y":{"type":"date"}}}
GET /dr2/_mapping
POST /dr2/_close
GET /dr2/_doc/1
POST /dr2/_update/1 {"doc":{"x":"three"}}
POST /dr2/_search
POST /_bulk [{"index":{"_index":"dr2","_id":"1"}},{"x":"four"}]
POST /dr2/_open
DELETE /dr2
GET /_alias/dral
PUT /dr/_settings {"index.blocks.read_only_allow_delete":true}
PUT /dr/_doc/f {"a":1}
POST /dr/_update/1 {"doc":{"a":14}}
POST /_bulk [{"index":{"_index":"dr","_id":"f"}},{"a":1}]
PUT /dr/_settings {"index.blocks.read_only_allow_delete":null}
PUT /dr/_settings {"index":{"blocks":{"write":true}}}
POST /dr/_update/1 {"doc":{"a":14}}
POST /_bulk [{"index":{"_index":"dr","_id":"f"}},{"a":1}]
GET /dr/_doc/1
PUT /dr/_settings {"index":{"blocks":{"write":false}}}
HEAD /.elastic-connectors-v1
HEAD /.elastic-connectors-sync-jobs-v1
PUT /.elastic-connectors-v1/_settings {"index":{"refresh_interval":"-1"}}
PUT /.elastic-connectors-sync-jobs-v1/_settings {"index":{"refresh_interval":"-1"}}
GET /.elastic-connectors/_doc/c1
POST /.elastic-connectors/_search?expand_wildcards=hidden {"from":0,"query":{"match_all":{}},"size":100,"seq_no_primary_term":true}
PUT /.elastic-connectors/_doc/c1?refresh=true @connector
PUT /.elastic-connectors/_doc/c2?refresh=true @connector
GET /.elastic-connectors/_doc/c1
POST /.elastic-connectors/_update/c1?if_seq_no={seq}&if_primary_term=1 {"doc":{"configuration":{"subject":{"value":"","label":"S"},"n":{"value":1}},"status":"needs_configuration","service_type":"gmail"}}
POST /.elastic-connectors/_update/c1 {"doc":{"configuration":{"subject":{"value":"x@example.test"}},"status":"configured"}}
POST /.elastic-connectors/_update/c1 {"doc":{"features":{"sync_rules":{"basic":{"enabled":true}},"incremental_sync":{"enabled":true}}}}
POST /.elastic-connectors/_update/c1?refresh=true {"doc":{"features":{"sync_rules":{"basic":{"enabled":true},"advanced":{"enabled":true}}}}}
GET /.elastic-connectors/_doc/c1
POST /.elastic-connectors/_update/c1 {"doc":{"status":"connected","error":null}}
POST /.elastic-connectors/_update/c1 {"doc":{"status":"connected","error":null}}
POST /.elastic-connectors/_update/c1 {"doc":{"filtering":[{"domain":"DEFAULT","active":{"rules":[]},"draft":{"rules":[]}}]}}
GET /.elastic-connectors/_doc/c1
POST /.elastic-connectors/_update/c2?refresh=true {"doc":{"deleted":true}}
POST /.elastic-connectors/_search?expand_wildcards=hidden {"from":0,"query":{"bool":{"must_not":[{"term":{"deleted":true}}],"filter":[{"terms":{"_id":["c1","c2","c3"]}}]}},"size":100,"seq_no_primary_term":true}
POST /.elastic-connectors/_search?expand_wildcards=hidden {"from":0,"query":{"bool":{"must_not":[{"term":{"deleted":true}}],"filter":[{"terms":{"service_type":["gmail","outlook"]}},{"term":{"is_native":false}}]}},"size":100,"_source":["status"],"seq_no_primary_term":true}
POST /.elastic-connectors/_search?expand_wildcards=hidden {"from":0,"query":{"bool":{"should":[{"bool":{"filter":[{"terms":{"service_type":["none"]}}]}},{"bool":{"filter":[{"terms":{"_id":["c1"]}}]}}]}},"size":100,"_source":["status"]}
POST /.elastic-connectors/_search {"query":{"term":{"configuration.subject.value":"x@example.test"}},"size":0}
POST /.elastic-connectors/_search {"query":{"exists":{"field":"last_seen"}},"size":0}
POST /.elastic-connectors/_search {"sort":[{"created_at":"asc"}]}
POST /.elastic-connectors/_update/c1 {"doc":{"last_seen":"2026-08-20T08:01:10.120+00:00"}}
POST /.elastic-connectors/_search?expand_wildcards=hidden {"query":{"range":{"last_seen":{"lte":"2026-08-20T08:01:10.120Z"}}},"size":0}
POST /.elastic-connectors/_refresh
POST /.elastic-connectors/_search?expand_wildcards=hidden {"query":{"range":{"last_seen":{"lte":"2026-08-20T08:01:10.120Z"}}},"size":0}
POST /.elastic-connectors/_search?expand_wildcards=hidden {"query":{"range":{"last_seen":{"lt":"2026-08-20T08:01:10.120Z"}}},"size":0}
POST /.elastic-connectors/_update/none {"doc":{"status":"error"}}
PUT /.elastic-connectors-sync-jobs/_doc/j1 {"connector":{"id":"c1","index_name":"dr","filtering":{"rules":[]}},"status":"pending","job_type":"full","created_at":"2026-08-20T09:00:03.120Z","last_seen":"2026-08-20T09:00:03.120Z"}
PUT /.elastic-connectors-sync-jobs/_doc/j2 {"connector":{"id":"c1"},"status":"pending","job_type":"access_control","created_at":"2026-08-20T09:00:03.119999+00:00","last_seen":"2026-08-20T09:00:03Z"}
PUT /.elastic-connectors-sync-jobs/_doc/j3 {"connector":{"id":"c9"},"status":"in_progress","job_type":"full","created_at":"2026-08-19T09:00:03Z","last_seen":"2026-08-19T09:00:03Z"}
PUT /.elastic-connectors-sync-jobs/_doc/j4?refresh=true {"connector":{"id":"c1"},"status":"suspended","job_type":"incremental","created_at":"2026-08-18T09:00:03Z"}
POST /.elastic-connectors-sync-jobs/_search?expand_wildcards=hidden {"from":0,"query":{"bool":{"must":[{"terms":{"status":["pending","suspended"]}},{"terms":{"connector.id":["c1"]}},{"terms":{"job_type":["full","incremental"]}}]}},"size":100,"seq_no_primary_term":true,"sort":[{"created_at":"asc"}]}
POST /.elastic-connectors-sync-jobs/_search?expand_wildcards=hidden {"from":0,"query":{"bool":{"must":[{"terms":{"status":["pending","suspended"]}},{"terms":{"connector.id":["c1"]}},{"terms":{"job_type":["access_control"]}}]}},"size":100,"seq_no_primary_term":true,"sort":[{"created_at":"asc"}]}
POST /.elastic-connectors-sync-jobs/_search?expand_wildcards=hidden {"from":0,"query":{"bool":{"must_not":{"terms":{"connector.id":["c1","c2"]}},"filter":[{"terms":{"status":["in_progress","canceling"]}}]}},"size":100}
POST /.elastic-connectors-sync-jobs/_search?expand_wildcards=hidden {"from":0,"query":{"bool":{"filter":[{"terms":{"connector.id":["c1","c9"]}},{"terms":{"status":["in_progress","canceling"]}},{"range":{"last_seen":{"lte":"now-300s"}}}]}},"size":100}
POST /.elastic-connectors-sync-jobs/_search {"sort":[{"created_at":"desc"}],"size":2,"from":1,"_source":["status"]}
POST /.elastic-connectors-sync-jobs/_search {"sort":[{"completed_at":"desc"}],"size":1,"_source":["status"]}
POST /.elastic-connectors-sync-jobs/_search {"sort":[{"status":"asc"},{"created_at":"asc"}],"_source":false}
POST /.elastic-connectors-sync-jobs/_search {"sort":[{"worker_hostname":"asc"}],"_source":false,"size":1}
POST /.elastic-connectors-sync-jobs/_count {"query":{"term":{"connector.id":"c1"}}}
POST /.elastic-connectors-sync-jobs/_update/j1 {"doc":{"status":"in_progress","started_at":"2026-08-20T09:01:00+00:00","connector":{"sync_cursor":null}}}
GET /.elastic-connectors-sync-jobs/_doc/j1
POST /.elastic-connectors-sync-jobs/_update/j1 {"doc":{"metadata":{}}}
POST /.elastic-connectors-sync-jobs/_search {"query":{"term":{"status":"in_progress"}},"_source":["status","started_at"],"sort":"_doc"}
POST /.elastic-connectors-sync-jobs/_refresh
POST /.elastic-connectors-sync-jobs/_search {"query":{"term":{"status":"in_progress"}},"_source":["status","started_at"],"sort":[{"created_at":"asc"}]}
POST /.elastic-connectors-sync-jobs/_search?scroll=1m {"size":1,"sort":"_doc","_source":["status"],"query":{"term":{"connector.id":"c1"}}}
DELETE /.elastic-connectors-sync-jobs/_doc/j1
GET /.elastic-connectors-sync-jobs/_doc/j1
PUT /.elastic-connectors-v1
DELETE /.elastic-connectors
POST /_security/api_key {}
POST /_security/api_key {"name":"drift","role_descriptors":{"r":{"cluster":["monitor"],"index":[{"names":["dr",".elastic-connectors*"],"privileges":["all"]}]}}}
key:GET /_security/_authenticate
key:GET /.elastic-connectors/_doc/c1
key:POST /.elastic-connectors/_update/c1 {"doc":{"status":"error"}}
key:GET /other/_doc/1
key:PUT /other
key:POST /other/_refresh?ignore_unavailable=true
key:POST /other/_count?ignore_unavailable=true
key:GET /other?ignore_unavailable=true
key:POST /other/_search {"size":0}
key:POST /_bulk [{"index":{"_index":"other","_id":"1"}},{"a":1},{"index":{"_index":"dr","_id":"k1"}},{"a":1}]
key:GET /_license
key:GET /_ingest/pipeline/none
key:POST /_security/user/_has_privileges {"cluster":["monitor","manage"],"index":[{"names":["dr","other"],"privileges":["read","all","create_index"]}]}
POST /dr/_refresh
POST /_security/api_key {"name":"reader","role_descriptors":{"r":{"index":[{"names":["dr"],"privileges":["read"]}]}}}
key:GET /dr/_doc/k1
key:POST /dr/_search {"size":0}
key:PUT /dr/_doc/k2 {"a":1}
key:POST /dr/_update/k1 {"doc":{"a":1}}
key:DELETE /dr/_doc/k1
key:POST /dr/_refresh
key:HEAD /dr
key:POST /_bulk [{"index":{"_index":"dr","_id":"k1"}},{"a":1}]
key:GET /_license
DELETE /_security/api_key {"name":"reader"}
key:GET /dr/_doc/k1
DELETE /_security/api_key {}
GET /_nothing
PUT /dr/_nothing
DELETE /dr
"""


class Side:
    def __init__(self, scheme, port, user, ca):
        self.port, self.context = port, ssl.create_default_context(cafile=ca) if scheme == "https" else None
        self.basic = "Basic " + base64.b64encode(user.encode()).decode()
        self.key, self.seq = None, "0"

    def ask(self, method, path, body=None, who=""):
        lines = path.startswith("/_bulk")
        data = "".join(json.dumps(x) + "\n" for x in json.loads(body)) if lines else body
        headers = {} if who == "nobody" else {"Authorization": self.basic}
        if who in ("key", "wrong"):
            headers["Authorization"] = f"ApiKey {self.key}" if who == "key" else "Basic bmFtZTp3b3Jk"
        if data is not None:
            headers["Content-Type"] = "application/x-ndjson" if lines else "application/json"
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=self.context) \
            if self.context else http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path.replace("{seq}", self.seq), data, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        try:
            found = json.loads(text) if text.strip() else None
        except ValueError:
            found = text.decode("utf-8", "replace")
        if isinstance(found, dict):
            self.key = found.get("encoded", self.key)
            self.seq = str(found.get("_seq_no", self.seq))
        return answer.status, answer.getheader("X-elastic-product"), found


def plain(value, key=None):
    """Without what is chosen freely."""
    if isinstance(value, dict):
        if key == "_shards":
            return {"failed": value.get("failed")}
        if key == "settings":
            return "settings"
        return {k: plain(v, k) for k, v in value.items() if k not in DROPPED}
    if isinstance(value, list):
        return [plain(v, key) for v in value]
    if key in ("_score", "max_score"):
        return None if value is None else "a number"
    if key in FREE or (key in ("_id", "id") and isinstance(value, str) and len(value) == 20):
        return "any"
    if isinstance(value, str):
        value = re.sub(r"allowed: \[(.*)\]", lambda found: "allowed: " + str(sorted(found[1].split(", "))), value)
        value = re.sub(r"\[\d+:\d+\]", "[l:c]", value)
        value = re.sub(r"for more information, see [^;]*;", "for more information, see the documentation;", value)
        value = re.sub(r"API key id \[[^]]*\]", "API key id [any]", value)
        value = re.sub(r"\[([a-z0-9.-]+)/[^]]*\] already exists", r"[\1/any] already exists", value)
        return re.sub(r"^\d{4}-\d\d-\d\dT[0-9:.]+(Z|\+00:00)$", "a date", value) if key and key.endswith("date") else value
    return value


def connector():
    side = {"rules": [{"id": "DEFAULT", "order": 0, "policy": "include", "field": "_", "rule": "regex", "value": ".*"}],
            "advanced_snippet": {"value": {}}, "validation": {"state": "valid", "errors": []}}
    return json.dumps({"configuration": {}, "deleted": False, "error": None, "features": None, "index_name": "dr", "is_native": False,
            "filtering": [{"domain": "DEFAULT", "active": side, "draft": side}], "last_seen": None, "name": "mail",
            "scheduling": {"full": {"enabled": False, "interval": "0 0 0 * * ?"}}, "service_type": None, "status": "created"})


def cases():
    for line in filter(None, REQUESTS.splitlines()):
        request = re.sub("^[a-z]+:", "", line).split(" # ")[0]
        method, path, body = (request.split(" ", 2) + [None])[:3]
        yield line, method, path, connector() if body == "@connector" else body, line.partition(":")[0]


def prepare(double, real):
    """Both have the pipeline and the connector indices; the real one by templates of its tool."""
    sys.path.insert(0, os.path.dirname(node.TOOL))
    import kibana
    for name, template in kibana.index_templates().items():
        status, _, text = real.ask("PUT", "/_index_template/" + name, json.dumps(template))
        if status != 200:
            raise AssertionError(f"template {name}: {status} {text}")
    for side in (double, real):
        for index in ("dr", "dr2", "gone", "other"):
            side.ask("DELETE", "/" + index)
        for index in (CONN + "-v1", JOBS + "-v1"):
            side.ask("DELETE", "/" + index)
            status, _, text = side.ask("PUT", "/" + index)
            if status != 200:
                raise AssertionError(f"{index}: {status} {text}")


def compare(double, real, verbose):
    failed = count = 0
    for line, method, path, body, who in cases():
        got = [side.ask(method, path, body, who) for side in (double, real)]
        ours, theirs = [(status, product, plain(text)) for status, product, text in got]
        count += 1
        name = line if len(line) < 110 else line[:107] + "..."
        known = KNOWN.get(line)
        if (ours == theirs) == (known is None):
            print("PASS", name, f"(known: {known})" if known else "")
            continue
        failed += 1
        print("FAIL", name, "listed as different, but it is not" if known else "differs")
        if verbose or not known:
            print("    double", json.dumps(ours, sort_keys=True)[:1200])
            print("    real  ", json.dumps(theirs, sort_keys=True)[:1200])
    print(f"{count} requests, {len(KNOWN)} known differences, {failed} failed")
    return failed


def main():
    options = argparse.ArgumentParser()
    options.add_argument("-v", action="store_true")
    options.add_argument("--url")
    options.add_argument("--user", default="elastic:" + node.PASSWORD)
    options = options.parse_args()
    try:
        if options.url:
            url = urllib.parse.urlsplit(options.url)
            real = Side(url.scheme, url.port, options.user, None)
        else:
            server = node.get("drift", secure=True)
            real = Side("https", server.port, "elastic:" + node.PASSWORD, server.ca_file)
        tenant = rig.Tenant()
        double = Side("https", tenant.port("elasticsearch"), "elastic:tenant-password", os.path.join(tenant.dir, "ca.pem"))
        prepare(double, real)
        return 1 if compare(double, real, options.v) else 0
    except rig.Skip as why:
        print("SKIP es_drift", why)
        return 0
    finally:
        rig.stop_all()
        node.stop()


if __name__ == "__main__":
    sys.exit(main())
