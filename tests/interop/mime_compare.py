# SPDX-License-Identifier: Apache-2.0
# How two trimmed mails are compared: as mail, by CPython's email package, because folding may differ
# (spec/documents.md 8.1). Used by golden_gmail.py and mime_oracle.py. Python standard library only.
import email
import email.policy
import re
import subprocess

KEPT = ["Subject", "From", "Reply-To", "To", "Cc", "Bcc", "Date", "Message-ID"]
SPLIT_WORDS = re.compile(rb"\?=\s+=\?").search


def run_tool(tool, mails):
    """What mime_trim_tool says about each file: (error name, bytes)."""
    out = subprocess.run([tool, *mails], stdout=subprocess.PIPE, check=True).stdout
    results = []
    at = 0
    for _ in mails:
        end = out.index(b"\n", at)
        name, size = out[at:end].split()
        at = end + 1 + int(size)
        results.append((name.decode(), out[end + 1:at]))
    return results


def fields(eml):
    """The parts that have to be equal: names in order, decoded values, type, charset, text."""
    message = email.message_from_bytes(eml, policy=email.policy.default)
    head = []
    for name in message.keys():
        try:
            head.append((name, str(message[name])))
        except Exception as problem:  # a field that breaks the package's parser
            head.append((name, repr(problem)))
    try:
        text = message.get_content()
    except Exception as problem:  # no text, or of an unknown charset
        text = repr(problem)
    return {"headers": head, "type": message.get_content_type(),
            "charset": message.get_content_charset(), "text": text}


def blanks_apart(value):
    """CPython puts a blank between the encoded words of a phrase when it reads them back."""
    return re.sub(r"\s+", "", value)


def differences(want, got):
    """Names of what differs between two trimmed mails, with both values."""
    a, b = fields(want), fields(got)
    found = []
    names_a = [name for name, _ in a["headers"]]
    names_b = [name for name, _ in b["headers"]]
    if names_a != names_b:
        found.append(("names", names_a, names_b))
    for (name, x), (other, y) in zip(a["headers"], b["headers"]):
        # It also breaks lines behind the colon, and then reads the blank back as part of the value.
        if name != other or x.lstrip() == y.lstrip():
            continue
        if SPLIT_WORDS(want) and blanks_apart(x) == blanks_apart(y) and name.lower() != "subject":
            continue
        found.append((name.lower(), x, y))
    for part in ("type", "charset", "text"):
        if a[part] != b[part]:
            found.append((part, a[part], b[part]))
    return found
