# SPDX-License-Identifier: Apache-2.0
"""Starting in bad circumstances: whatever the configuration or the host, an error with words and no crash."""
import os
import resource
import subprocess

import rig
from rig import same, true


def limits(text, env=None, address_space=None):
    path = os.path.join(rig.folder(), "config.yml")
    with open(path, "w") as f:
        f.write(text)

    def confine():
        if address_space:
            resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))

    done = subprocess.run([rig.BINARY, "limits", "-c", path], capture_output=True, text=True, timeout=60,
                          preexec_fn=confine, env=rig.clean_env(env))
    return done.returncode, done.stdout + done.stderr


def test_settings_that_are_too_large_together():
    code, said = limits("""
elasticsearch:
  compress: true
  bulk:
    max_concurrency: 32
    chunk_max_mem_size: 64
limits:
  ids: 100000000
""")
    same(code, 2, said)
    true("limits.ids" in said, said)


def test_everything_else_at_its_largest_is_little():
    code, said = limits("""
elasticsearch:
  bulk:
    chunk_size: 10000
    max_concurrency: 32
    chunk_max_mem_size: 0.125
limits:
  lanes: 64
  mailbox_open: 64
  medium_buffers: 16
""")
    same(code, 0, said)
    total = int(next(line for line in said.splitlines() if line.startswith("total")).split()[1])
    true(total < 240 << 20, said)  # START_FIXED_BYTES


def test_little_address_space():
    for mebibytes in (64, 1000, 4090, 4097, 4098, 4100, 4170):
        code, said = limits("", address_space=mebibytes << 20)
        true(code in (0, 2), f"{mebibytes}: {code} {said}")
        true(code == 0 or "ulimit" in said, said)


def test_variables_that_fill_the_memory_of_texts():
    for bytes in range(100000, 130000, 3000):
        code, said = limits("", env={f"x.y{i}": "a" * bytes for i in range(8)})
        true(code in (0, 2), f"{bytes}: {code} {said}")
        true(code == 0 or "too large" in said, said)
