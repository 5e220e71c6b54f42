# SPDX-License-Identifier: Apache-2.0
"""`mailferry check` of Exchange Online: the hops in their order, and what each failure is called."""
import os

import rig
import test_check
from rig import same, true

SMALL = ("--users", 2, "--messages", 3, "--size", 300, "--exchange-items", 3, "--exchange-auth", "bearer")
WAY = ["name", "TCP", "TLS"]
ENTRA = [("Entra ID", hop) for hop in WAY]
USERS = [*[("Microsoft Graph", hop) for hop in WAY], ("Entra ID", "token"), ("Microsoft Graph", "users")]
GRAPH = [*ENTRA, *USERS, ("Exchange Online", "way"), ("Microsoft Graph", "mailbox")]
EWS = [*ENTRA, *USERS, ("Exchange Online", "way"), *[("Exchange Online", hop) for hop in WAY],
       ("Exchange Online", "mailbox")]
ROLES = ["users", "mail", "calendar", "contacts", "tasks"]


def cloud(t, *flags, change=lambda text: text, extra="", env=None):
    with open(os.path.join(t.dir, "cloud.yml")) as f:
        text = change(f.read())
    path = os.path.join(t.dir, "check.yml")
    with open(path, "w") as f:
        f.write(text + extra)
    return test_check.Check(path, *flags, env=env)


def message(r, place, hop):
    return r.hops[place, hop]["message"]


def test_all_hops():
    t = rig.Tenant(*SMALL)
    r = cloud(t)
    test_check.all_well(r, test_check.ELASTIC + GRAPH)
    same(message(r, "Entra ID", "token"), "by the secret of the app; permissions: Mail.Read, Calendars.Read, "
         "Contacts.Read, Tasks.Read.All, User.Read.All")
    true("user1@example.test" in message(r, "Microsoft Graph", "users"), r.text())
    same(message(r, "Exchange Online", "way"), "by Microsoft Graph")
    same(message(r, "Microsoft Graph", "mailbox"), "that of user1@example.test may be read")
    test_check.wrote_nothing(t, "search-cloud")
    r = cloud(t, "--mailbox", "user2@example.test")
    true("user2@example.test" in message(r, "Microsoft Graph", "mailbox"), r.text())


def test_ews_is_warned_about():
    t = rig.Tenant(*SMALL)
    r = cloud(t, extra="outlook:\n  backend: ews\n")
    same((r.code, r.order, r.warned()), (0, test_check.ELASTIC + EWS, [("Exchange Online", "way")]), r.text())
    true("1 April 2027" in message(r, "Exchange Online", "way"), r.text())
    t.post("exchange", blocked=True)
    same(cloud(t, extra="outlook:\n  backend: ews\n").failed(), ("Exchange Online", "mailbox", "EWS_BLOCKED"))


def test_permissions():
    t = rig.Tenant(*SMALL)
    t.post("entra", roles=["users", "mail", "calendar", "contacts", "ews"])
    r = cloud(t)  # Graph lacks one that EWS has not need of
    same(r.warned(), [("Microsoft Graph", "permissions"), ("Exchange Online", "way")], r.text())
    true(message(r, "Microsoft Graph", "permissions").startswith("Tasks.Read.All: "), r.text())
    t.post("entra", roles=["users", "mail"])
    r = cloud(t)
    same(r.failed(), ("Microsoft Graph", "users", "OUTLOOK_PERMISSIONS"))
    true("Calendars.Read, Contacts.Read, Tasks.Read.All" in r.text(), r.text())
    r = cloud(t, extra="outlook:\n  backend: graph\n")
    same(r.warned(), [("Microsoft Graph", "permissions")], r.text())
    t.post("entra", roles=["mail", "calendar", "contacts", "tasks"])
    same(cloud(t, extra="outlook:\n  backend: graph\n").failed(), ("Microsoft Graph", "users", "GRAPH_PERMISSION"))


def test_tokens():
    t = rig.Tenant(*SMALL)
    t.post("entra", secret="tenant-Secret_10")
    r = cloud(t)
    same((r.failed(), r.order[-1]), (("Entra ID", "token", "ENTRA_SECRET_WRONG"), ("Entra ID", "token")), r.text())
    true("AADSTS7000215" in r.text() and "tenant-Secret" not in r.text(), r.text())


def test_mailboxes():
    t = rig.Tenant(*SMALL)
    t.post("graph", user="user1@example.test", account="unlicensed")
    r = cloud(t)
    same(message(r, "Microsoft Graph", "mailbox"), "that of user2@example.test may be read")
    same(cloud(t, "--mailbox", "user1@example.test").failed(), ("Microsoft Graph", "mailbox", "GRAPH_NO_MAILBOX"))
    t.post("graph", user="user2@example.test", account="denied")
    same(cloud(t).failed(), ("Microsoft Graph", "mailbox", "GRAPH_DENIED"))
