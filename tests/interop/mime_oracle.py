# SPDX-License-Identifier: Apache-2.0
# mime_trim() against CPython's email package, field by field, over folders of .eml files:
#     python3 tests/interop/mime_oracle.py build/mime_trim_tool DIR... [--fuzz DIR...]
# Behind --fuzz stand folders with inputs of fuzz_mime: mails behind two bytes for the target itself.
# The reference is what the Python connector does with the package (spec/documents.md 8.1). RULES
# lists every kind of difference that is meant, with its reason; any other difference fails the run.
# CPython 3.11 is the version replaced; later ones fold and read back some fields differently.
import email
import email.policy
import pathlib
import re
import sys
import tempfile
import traceback
from email.errors import HeaderParseError
from email.message import EmailMessage

import mime_compare

BREAKDOWNS = (AssertionError, AttributeError, IndexError, RecursionError, TypeError, HeaderParseError)
WIDE = ("utf16", "utf32", "u16", "u32")


def reference(raw):
    """What the connector that is replaced makes of a mail."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    trimmed = EmailMessage()
    for name in mime_compare.KEPT:
        value = message.get(name)
        if value is not None:
            trimmed[name] = value
    body = message.get_body(preferencelist=("plain", "html"))
    if body is None:
        trimmed.set_content("")
    else:
        trimmed.set_content(body.get_content(), subtype=body.get_content_subtype(),
                            charset=body.get_content_charset() or "utf-8")
    return trimmed.as_bytes()


class Case:
    """One mail, what the reference says (bytes or an exception), and what ours says."""

    def __init__(self, raw, error, got):
        self.raw, self.error, self.got = raw, error, got
        self.want = self.failure = None
        try:
            self.want = reference(raw)
        except Exception as failure:  # whatever breaks makes the reference take the raw mail
            self.failure = failure
        self.message = email.message_from_bytes(raw, policy=email.policy.default)
        self.defects = {type(d).__name__ for part in self.message.walk() for d in part.defects}
        self.broken = self.want is not None and is_broken(self.want)
        self.charsets = []
        for part in self.message.walk():
            try:
                self.charsets.append(part.get_content_charset())
            except Exception:  # the field itself breaks the parser
                pass

    def text(self, mail):
        return mime_compare.fields(mail)["text"] if mail else ""


    def failed_in_folding(self):
        frames = traceback.extract_tb(self.failure.__traceback__) if self.failure else []
        return isinstance(self.failure, UnicodeEncodeError) and any(
            frame.name == "_fold_as_ew" for frame in frames)

    def has_open_quote(self, field):
        names = mime_compare.KEPT if field == "fallback" else [field]
        lines = re.sub(rb"\\\\.", b"", self.raw)
        return field != "subject" and any(
            value.count(b'"') % 2 for name in names for value in re.findall(
                rb"(?im)^" + name.encode() + rb":.*(?:[\r\n]+[ \t].*)*", lines))

    def blank_body(self):
        try:
            body = self.message.get_body(preferencelist=("plain", "html"))
            return body is not None and not body.get_payload(decode=True).strip()
        except Exception:  # the reference's parser breaks down
            return False

    def reads(self, field):
        try:
            return self.message[field] if field in self.message else None
        except Exception:  # the reference's parser breaks down
            return None


def is_broken(mail):
    """Whether a trimmed mail holds something else than the fields that it was given."""
    message = email.message_from_bytes(mail, policy=email.policy.default)
    known = [name.lower() for name in mime_compare.KEPT]
    return bool(message.defects) or any(
        name.lower() not in known and not name.startswith(("Content-T", "MIME-V"))
        for name in message.keys())


def bare(phrase):
    """Without blanks, quotes, and the number of bytes that were no text."""
    return re.sub("\ufffd+", "\ufffd", re.sub(r'[\s"\\]', "", phrase))


def same_text(read, written, field):
    read = re.sub(r"\r\n|\r|\n", " ", read).strip()
    if field != "subject":  # blanks and quotes of a phrase come and go when it is read back
        return bare(read) == bare(written)
    return read == written.strip()


def wide(name):
    return (name or "").replace("-", "").replace("_", "").startswith(WIDE)


def is_blank(text):
    return not text.strip(" \t\r\n")


# (rule, reason, predicate of a case and one difference: its field, the reference's value, ours)
RULES = [
    ("broken header lines", "they are skipped; the reference ends the headers there",
     lambda c, f, a, b: "MissingHeaderBodySeparatorDefect" in c.defects),
    ("encoded line breaks", "they become blanks; the reference writes a new field",
     lambda c, f, a, b: f == "names" and any(
         re.search("[\r\n]", c.reads(name) or "") for name in mime_compare.KEPT)),
    ("broken folding", "the reference folds a field so that its own mail breaks there",
     lambda c, f, a, b: c.broken),
    ("soft breaks at CR", "the reference drops the text between \"=\" CR and the next LF",
     lambda c, f, a, b: re.search(rb"=\r[^\n]", c.raw)),
    ("dates", "one that cannot be read is kept as it is; the reference empties or alters it",
     lambda c, f, a, b: f == "date" and (a == "" or a.endswith("-0000"))),
    ("undeclared UTF-8", "bytes that are valid UTF-8 are UTF-8",
     lambda c, f, a, b: f in ("text", "content-transfer-encoding") and "\ufffd" in c.text(c.want)
     and None in c.charsets),
    ("empty parts", "a part with text beats an empty one",
     lambda c, f, a, b: c.blank_body() and (f == "fallback" or not is_blank(c.text(c.got)))),
    ("wide charsets", "the reference splits lines inside UTF-16 and UTF-32 characters",
     lambda c, f, a, b: any(map(wide, c.charsets))),
    ("refolding", "it reads a field as ours does, but writes it otherwise: an encoded comma makes two "
     "addresses, a raw byte can swallow what follows",
     lambda c, f, a, b: c.reads(f) is not None and same_text(c.reads(f), b, f)),
    ("breakdowns", "the reference's parser stumbles over its own code and takes the raw mail",
     lambda c, f, a, b: f == "fallback" and (isinstance(c.failure, BREAKDOWNS)
                                             or "cannot contain CR" in str(c.failure)
                                             or "Message-I" in str(c.failure)
                                             or c.failed_in_folding())),
    ("mixed bytes", "a long subject of decoded characters and raw bytes goes raw as a short one does",
     lambda c, f, a, b: b == "MIME_CHARSET" and c.want is not None and b"=?unknown-8bit?" in c.want),
    ("envelope lines", "one at the end of a header block starts the text, its blank line included",
     lambda c, f, a, b: f == "text" and a.startswith("From ")
     and a.split() == b.split()),
    ("open quotes", "a quote that nothing closes is kept with all that follows it",
     lambda c, f, a, b: c.has_open_quote(f)),
]


def explain(case):
    """The differences of a case as (field, reference, ours, rule or None)."""
    if (case.want is None) != (case.error != "NONE"):
        found = [("fallback", repr(case.failure)[:200], case.error)]
    elif case.want is None:
        return []
    else:
        found = mime_compare.differences(case.want, case.got)
    out = []
    for field, a, b in found:
        rule = next((name for name, _, meant in RULES if meant(case, field, a, b)), None)
        out.append((field, a, b, rule))
    return out


def fuzz_mails(folders, to):
    """Inputs of the fuzz target as mails in the folder `to`."""
    for folder in folders:
        for path in sorted(pathlib.Path(folder).glob("*")):
            name = f"{folder}/{path.name}".replace("/", "+")
            pathlib.Path(to, name + ".eml").write_bytes(path.read_bytes()[2:])


def main(tool, *folders):
    split = folders.index("--fuzz") if "--fuzz" in folders else len(folders)
    mails = sorted(str(p) for folder in folders[:split] for p in pathlib.Path(folder).rglob("*.eml"))
    good = compare(tool, "mime_oracle", mails, folders[:split])
    with tempfile.TemporaryDirectory() as to:
        if split < len(folders):
            fuzz_mails(folders[split + 1:], to)
            mails = sorted(str(p) for p in pathlib.Path(to).glob("*.eml"))
            good = compare(tool, "mime_oracle_fuzz_corpus", mails, folders[split + 1:]) and good
    return 0 if good else 1


def compare(tool, name_of_run, mails, folders):
    if not mails:
        print(f"SKIP {name_of_run}: no mails in", *folders)
        return True
    counts = {}
    failed = unreadable = 0
    for mail, (error, got) in zip(mails, mime_compare.run_tool(tool, mails)):
        unmeant = False
        try:
            case = Case(pathlib.Path(mail).read_bytes(), error, got)
        except Exception:  # not even a message: only what fuzzers make
            unreadable += 1
            continue
        for field, a, b, rule in explain(case):
            if rule:
                counts[rule] = counts.get(rule, 0) + 1
            else:
                unmeant = True
                print(f"{mail}: {field}\n  reference {a!r:.300}\n  ours      {b!r:.300}")
        failed += unmeant
    for name, reason, _ in RULES:
        if name in counts:
            print(f"meant, {counts[name]} times: {name}: {reason}")
    print(f"{'FAIL' if failed else 'PASS'} {name_of_run}: {len(mails)} mails, {failed} differ"
          + (f", {unreadable} that the reference cannot open" if unreadable else ""))
    return not failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
