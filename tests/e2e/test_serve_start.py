# SPDX-License-Identifier: Apache-2.0
"""How the connector service starts: versions, credentials, variables. Names carry the numbers of the
acceptance rows."""
import os

import rig
from rig import same, true
from test_ingest import linked
from test_serve import Recorder, World


def serves(w, **options):
    process = w.serve(**options)
    w.wait(lambda: w.recorder.find("_search") or process.poll() is not None)
    same(process.poll(), None, w.words())
    return process


def ends(w, **options):
    process = w.serve(**options)
    same(process.wait(10), 1, w.words())
    same(w.recorder.lines(), ["GET /"])


def test_a05_a06_a07_versions():
    for version in ("7.17.0", "10.0.0", "8.9.2"):  # of the last, the major alone would do
        ends(World("--es-version", version))
        rig.stop_all()
    for version in ("8.10.0", "8.19.0", "9.5.3", "9.99.0-SNAPSHOT"):
        serves(World("--es-version", version))
        rig.stop_all()
    # None of these majors knows the media type that is asked for; one that does may have any number.
    w = World("--es-version", "9.5.3")
    w.recorder.edit = lambda e, data: data.replace(b"9.5.3", b"11.0.0") if e["path"] == "/" else data
    ends(w)
    serves(w, env={"ALLOW_ES_VERSION_MISMATCH": "true"})
    w.wait(lambda: w.record()["configuration"])


def test_a13_an_api_key_goes_before_a_password():
    w = World()
    key = w.tenant.facts["api_key"]
    w.login += f"  api_key: {key}\n"
    w.serve()
    w.configured()
    w.connected()
    w.wait_job(w.job(), "completed")
    w.wait(lambda: w.record()["last_sync_status"] == "completed")
    same({e["headers"].get("authorization") for e in w.recorder.log}, {"ApiKey " + key})


def test_a16_a_variable_with_a_default():
    w = World()
    first, second = w.recorder, Recorder(w.tenant)
    w.host = "${H|%s}" % first.url
    serves(w)
    w.stop()
    mark = len(first.log)
    w.serve(env={"H": second.url})
    w.wait(lambda: second.find("_search"))
    same(first.lines(mark), [], "the default is not used")
    w.host = '"%s"' % w.host
    same(w.serve(env={"H": ""}).wait(10), 2, w.words())  # set, though empty: an address that is none
    true("elasticsearch.host" in w.words(), w.words())
    same(first.lines(mark), [])


def test_a17_a_variable_that_is_not_set():
    w = World()
    w.top = "nothing: ${NOBODY_SET_THIS}\n"
    same(w.serve().wait(10), 2, w.words())
    true("NOBODY_SET_THIS" in w.words(), w.words())
    path = os.path.join(w.tenant.dir, "serve0.yml")
    with open(path + ".err", "w") as f:  # as the service that it replaces
        process = rig.start([linked(), "-c", path], stdout=f, stderr=f, env=rig.clean_env())
    same(process.wait(10), 1)
    true("NOBODY_SET_THIS" in open(path + ".err").read(), "stderr names it")
    same(w.recorder.log, [])
    serves(w, env={"ENVYAML_STRICT_DISABLE": "1"})


def test_a18_a_dollar_in_the_password():
    w = World()
    w.login = "  username: us$$er\n  password: pa$$word\n"
    process = w.serve()
    w.wait(lambda: w.recorder.log)
    same(w.recorder.log[0]["headers"]["authorization"], "Basic dXMkZXI6cGEkd29yZA==")  # us$er:pa$word
    process.kill()


def test_a19_nested_and_dotted_keys_and_the_file_of_variables():
    w = World(elastic="  bulk:\n    chunk_size: 7\n    max_concurrency: 1\n")
    second = Recorder(w.tenant)
    w.host = "${H}"
    w.top = "elasticsearch.bulk.queue_max_size: 3\nelasticsearch.headers: {X-A: dotted}\n"
    where = rig.folder()
    with open(os.path.join(where, ".env"), "w") as f:
        f.write(f"H={w.recorder.url}\n")
    w.serve(env={"H": second.url}, cwd=where)
    w.configured()
    w.connected()
    w.wait_job(w.job(), "completed")
    same(second.log, [], ".env goes before the environment")
    same(max(len(e["body"].splitlines()) for e in w.recorder.find("_bulk")), 6, "7 entries: three documents")
    same({e["headers"]["x-a"] for e in w.recorder.log}, {"dotted"})
    true("queue_max_size" not in w.words(), w.words())
