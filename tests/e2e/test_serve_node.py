# SPDX-License-Identifier: Apache-2.0
"""The connector service on a real Elasticsearch, in index mode; kibana.py, beside the project, plays Kibana."""
import importlib.util
import os
import time

import node
import rig
import test_serve
from rig import same, true

KIBANA = os.path.join(rig.SHARED, "tools", "elasticsearch", "kibana.py")


def kibana(n):
    if not os.path.exists(KIBANA):
        raise rig.Skip("no kibana.py beside the project (../shared/tools/elasticsearch)")
    spec = importlib.util.spec_from_file_location("kibana", KIBANA)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    class Es(module.Es):
        """A record that the service writes at the same moment is written once more."""

        def __call__(self, method, path, body=None, ok=()):
            for left in (2, 1, 0):
                try:
                    return super().__call__(method, path, body, ok)
                except module.Failed as failure:
                    if failure.status != 409 or "/_update/" not in path or not left:
                        raise

    return module.Setup(Es(n.url, n.ca_file, "elastic:" + node.PASSWORD))


class Place:
    """A tenant for the mail, a real node for the index, and a key with the rights that Kibana gives."""

    def __init__(self, connector, *arguments, service=""):
        self.node = node.get("serve", secure=True)
        self.kibana = kibana(self.node)
        self.kibana.install(keep=False)
        self.name, self.index = connector, "search-" + connector
        self.key = self.kibana.key(self.index)["encoded"]
        self.kibana.connector(connector, self.index, "Mail", "gmail")
        self.tenant = rig.Tenant("--users", 2, "--messages", 30, "--size", 400, *arguments)
        self.service, self.services = service, []

    def config(self):
        port = self.tenant.port("google")
        with open(self.tenant.dir + "/ca.pem") as tenant, open(self.node.ca_file) as own, \
                open(self.tenant.dir + "/both.pem", "w") as both:
            both.write(tenant.read() + own.read())
        return (f"connectors:\n  - connector_id: {self.name}\n    service_type: gmail\n"
                f"elasticsearch:\n  host: {self.node.url}\n  api_key: {self.key}\n  retry_interval: 1\n"
                f"  feature_use_connectors_api: false\nservice:\n  idling: 1\n{self.service}"
                f"endpoints:\n  google_token: https://127.0.0.1:{port}/token\n"
                f"  google_directory: https://127.0.0.1:{port}\n  google_gmail: https://127.0.0.1:{port}\n"
                f"tls:\n  ca_file: {self.tenant.dir}/both.pem\n"
                "gmail:\n  quota_units_per_user_minute: 1000000000\n  quota_units_per_project_minute: 1000000000\n")

    def serve(self):
        path = os.path.join(self.tenant.dir, f"serve{len(self.services)}.yml")
        with open(path, "w") as f:
            f.write(self.config())
        log = open(path + ".log", "w")
        process = rig.start([rig.BINARY, "serve", "-c", path, "--require-seal"], stdout=log, stderr=log,
                            env=rig.clean_env())
        process.log_path = path + ".log"
        self.services.append(process)
        return process

    def record(self):
        return self.kibana.get(self.name)

    def wait(self, condition, seconds=40):
        try:
            rig.wait_for(condition, seconds)
        except AssertionError:
            raise AssertionError("waited in vain: " + "".join(open(s.log_path).read()[-1500:]
                                                             for s in self.services)) from None

    def connected(self, **changes):
        self.wait(lambda: self.record()["configuration"])
        self.kibana.configure(self.name, test_serve.values(self.tenant, **changes))
        self.wait(lambda: self.record()["status"] == "connected")

    def run(self, job_type):
        done = self.kibana.wait(jid=self.kibana.job(self.name, job_type), timeout=60)
        true(done and done["status"] == "completed", str(done)[:600])
        return done


def test_registration_jobs_and_cancellation_on_a_real_node():
    p = Place("c1")
    p.serve()
    p.connected()
    same(sorted(p.record()["features"]), ["document_level_security", "incremental_sync", "native_connector_api_keys",
                                          "sync_rules"])
    done = p.run("full")
    same((done["indexed_document_count"], done["total_document_count"], done["error"]), (60, 60, None))
    same(len(p.node.docs(p.index)), 60)
    gone = sorted(p.tenant.messages())[:3]
    for user in p.tenant.users():
        mine = set(p.tenant.messages(user["user"])) & set(gone)
        if mine:
            p.tenant.post("messages", user=user["user"], delete=sorted(mine))
    done = p.run("incremental")
    same((done["indexed_document_count"], done["deleted_document_count"], done["total_document_count"]), (0, 3, 57))
    waiting = p.kibana.job(p.name, "full")
    p.kibana.cancel(waiting)
    true(p.kibana.get_job(waiting)["status"] in ("canceled", "canceling"), "asked")
    p.wait(lambda: p.kibana.get_job(waiting)["status"] == "canceled")


def test_two_services_and_a_kill_in_the_middle_on_a_real_node():
    p = Place("c2", "--messages", 3000, service="  job_cleanup_interval: 2\n")
    first, second = p.serve(), p.serve()
    p.connected()
    p.tenant.post("options", latency_ms=200)
    job = p.kibana.job(p.name, "full")
    p.wait(lambda: p.kibana.get_job(job)["status"] == "in_progress")
    time.sleep(2)
    began = [s for s in (first, second) if "the sync job begins" in open(s.log_path).read()]
    same(len(began), 1, "one of the two has it")
    began[0].kill()
    began[0].wait()
    # five minutes without a sign of life, at once
    p.kibana.es("POST", f"/.elastic-connectors-sync-jobs/_update/{job}?refresh=true",
                {"doc": {"last_seen": "2026-01-01T00:00:00Z"}})
    p.wait(lambda: p.kibana.get_job(job)["status"] == "error")
    p.wait(lambda: p.record()["last_sync_status"] == "error")
    p.tenant.post("options", latency_ms=0)
    done = p.run("full")
    same((done["total_document_count"], len(p.node.docs(p.index))), (6000, 6000))
    other = [s for s in (first, second) if s is not began[0]][0]
    same(other.poll(), None)


def test_scheduled_jobs_of_two_services_on_a_real_node():
    p = Place("c3")
    p.serve()
    p.serve()
    p.connected()
    p.kibana.set(p.name, {"scheduling": {"full": {"enabled": True, "interval": "0/4 * * * * ?"}}})
    jobs = lambda: p.kibana.es("POST", "/.elastic-connectors-sync-jobs/_search",
                               {"size": 100, "query": {"term": {"connector.id": p.name}}})["hits"]["hits"]
    p.wait(lambda: len(jobs()) >= 3)
    p.kibana.set(p.name, {"scheduling": {"full": {"enabled": False, "interval": "0/4 * * * * ?"}}})
    made = sorted(j["_source"]["created_at"] for j in jobs())
    true(len(made) <= 6, made)
    p.wait(lambda: all(j["_source"]["status"] == "completed" for j in jobs()))


def finish():
    node.stop()
