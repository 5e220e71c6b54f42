# SPDX-License-Identifier: Apache-2.0
"""Certificates by the openssl command, made anew for each test."""
import copy
import os
import subprocess

import rig

CONFIG = """
[ca]
default_ca = here
[here]
dir = {dir}
database = {dir}/index
serial = {dir}/serial
new_certs_dir = {dir}
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[root]
basicConstraints = critical, CA:true
keyUsage = keyCertSign, cRLSign
subjectKeyIdentifier = hash
[plain]
basicConstraints = critical, CA:false
[req]
distinguished_name = name
[name]
"""
LONG = ("20200101000000Z", "20480101000000Z")
EC = ("EC", "ec_paramgen_curve:P-256")
LEAF = """
[{section}]
basicConstraints = CA:false
extendedKeyUsage = serverAuth
{names}
"""


def openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"openssl {arguments[0]}: {done.stderr}")


class Authority:
    """A root of its own; `leaf` and `intermediate` write NAME.pem (the chain) and NAME.key."""

    def __init__(self, name="Test Root"):
        self.dir = rig.folder()
        self.config = self.path("openssl.cnf")
        open(self.path("index"), "w").close()
        with open(self.path("serial"), "w") as f:
            f.write("1000")
        with open(self.config, "w") as f:
            f.write(CONFIG.format(dir=self.dir))
        self.key(name="root")
        openssl("req", "-x509", "-new", "-key", self.path("root.key"), "-subj", "/CN=" + name,
                "-days", "30", "-config", self.config, "-extensions", "root",
                "-out", self.path("root.pem"))
        self.issuer, self.chain = "root", ""
        self.ca_file = self.path("root.pem")

    def path(self, name):
        return os.path.join(self.dir, name)

    def key(self, name, kind=EC):
        openssl("genpkey", "-algorithm", kind[0], "-pkeyopt", kind[1], "-out", self.path(name + ".key"))

    def section(self, name, text):
        """Extensions of certificates to come."""
        with open(self.config, "a") as f:
            f.write(f"[{name}]\n{text}\n")

    def sign(self, name, subject, section, dates, issuer, digest="sha256"):
        openssl("req", "-new", "-key", self.path(name + ".key"), "-subj", "/CN=" + subject,
                "-config", self.config, "-out", self.path(name + ".csr"))
        start, end = dates
        openssl("ca", "-batch", "-notext", "-config", self.config, "-extensions", section,
                *issuer, "-in", self.path(name + ".csr"), "-out", self.path(name + ".pem"),
                "-startdate", start, "-enddate", end, "-md", digest)

    def issued_by(self):
        return "-cert", self.path(self.issuer + ".pem"), "-keyfile", self.path(self.issuer + ".key")

    def leaf(self, name, alt_names, dates=LONG, self_signed=False, kind=None, digest="sha256"):
        with open(self.config, "a") as f:
            f.write(LEAF.format(section="leaf_" + name, names="subjectAltName = " + alt_names))
        self.key(name, *([kind] if kind else []))
        alone = ("-selfsign", "-keyfile", self.path(name + ".key"))
        self.sign(name, name, "leaf_" + name, dates, alone if self_signed else self.issued_by(), digest)
        with open(self.path(name + ".pem"), "a") as f:
            f.write("" if self_signed else self.chain)
        return self.path(name)

    def intermediate(self, send=True):
        """From now on an intermediate signs; servers send it, or forget to."""
        self.key("between")
        self.sign("between", "Test Intermediate", "root", LONG, self.issued_by())
        self.issuer = "between"
        self.chain = open(self.path("between.pem")).read() if send else ""

    def below(self, name="between", section="root", send=True, digest="sha256"):
        """An intermediate of this one that signs, beside it; servers send it, or forget to."""
        lower = copy.copy(self)
        lower.key(name)
        lower.sign(name, "Test " + name, section, LONG, self.issued_by(), digest)
        lower.issuer = name
        lower.chain = open(self.path(name + ".pem")).read() + self.chain if send else ""
        return lower
