// SPDX-License-Identifier: Apache-2.0
// What a purge may touch: every combination of seen, owner and fate, as the scans after a sync see
// it.
#include "test.h"

#include "elastic/bulk.h"
#include "sync/purge.h"

static struct idset_entry ids[IDSET_PLACES(100)];
static struct idset_entry fates[IDSET_PLACES(10)];
static struct roster roster;
static struct purge purge;
static struct shard shard;

static bool sink_full;
static int deletes;

bool bulk_put_delete(struct bulk *b, str id, u32 owner, u32 generation, i64 now_ms)
{
    CHECK(!b && id.n && owner == UINT32_MAX && generation == 0 && now_ms == 0);
    deletes += !sink_full;
    return !sink_full;
}

static void start(void)
{
    memset(ids, 0, sizeof ids);
    memset(fates, 0, sizeof fates);
    roster = (struct roster){.directory_complete = true};
    shard = (struct shard){0};
    purge = (struct purge){.roster = &roster, .shard = &shard};
    idset_init(&roster.set, fates, 10, (struct hash_key){3, 4});
    idset_init(&purge.ids, ids, 100, (struct hash_key){5, 6});
}

static void mailbox(str address, bool finished)
{
    bool room;
    CHECK(roster_add(&roster, address, &room));
    if (finished) {
        roster_finish(&roster, address, false);
    }
}

static struct scan_hit hit(str id, str owner)
{
    return (struct scan_hit){.id = id, .doc_id = id, .owner = owner};
}

static void existed(str id)
{
    struct scan_hit h = hit(id, S(""));
    CHECK(purge_visit_fill(&purge, &h));
}

// Whether the counting scan would delete the document.
static bool goes(str id, str owner)
{
    struct scan_hit h = hit(id, owner);
    i64 before = purge.would_delete;
    CHECK(purge_visit_count(&purge, &h));
    return purge.would_delete > before;
}

static void test_purge_all_finished_takes_what_was_not_seen(void)
{
    start();
    mailbox(S("a@x"), true);
    existed(S("seen"));
    existed(S("gone"));
    purge_mark(&purge, S("seen"));
    purge_mark(&purge, S("fresh"));
    CHECK(purge_unseen(&purge) == 1);
    CHECK(goes(S("gone"), S("")));
    CHECK(!goes(S("seen"), S("")));
    CHECK(!goes(S("fresh"), S("")));
    CHECK(!goes(S("made by others meanwhile"), S("")));
    CHECK(purge.kept == 0);
}

static void test_purge_one_mailbox_missing_keeps_what_has_no_owner(void)
{
    start();
    mailbox(S("a@x"), true);
    mailbox(S("b@x"), false);
    existed(S("1"));
    CHECK(!goes(S("1"), S("")));
    CHECK(purge.kept == 1);
    CHECK(goes(S("1"), S("a@x")));
    CHECK(!goes(S("1"), S("b@x")));
}

static void test_purge_owner_gone_from_the_directory(void)
{
    start();
    mailbox(S("a@x"), false);
    existed(S("1"));
    CHECK(goes(S("1"), S("left@x")));
    roster.directory_complete = false;
    CHECK(!goes(S("1"), S("left@x")));
    roster.directory_complete = true;
    roster.set.full = true;
    CHECK(!goes(S("1"), S("left@x")));
}

// An answer without any user is a wrong customer or a broken proxy, not a domain that everybody
// left.
static void test_purge_an_empty_directory_takes_nothing(void)
{
    start();
    existed(S("1"));
    CHECK(!goes(S("1"), S("")));
    CHECK(!goes(S("1"), S("a@x")));
    CHECK(purge.kept == 2);
}

// Only changes were listed: not to have been seen means nothing, to be said to be gone does.
static void test_purge_a_mailbox_that_went_on_from_a_state(void)
{
    start();
    mailbox(S("a@x"), false);
    roster_finish(&roster, S("a@x"), true);
    mailbox(S("b@x"), true);
    existed(S("unseen"));
    existed(S("gone"));
    existed(S("seen"));
    existed(S("filtered"));
    CHECK(!purge_gone(&purge, S("gone")) && !purge_gone(&purge, S("never there")));
    CHECK(!purge_gone(&purge, S("seen")));
    CHECK(purge_take(&purge, S("seen"), 3) == PURGE_UNIT_KNOWN);
    CHECK(
        purge_gone(&purge, S("seen"))); // read in this run: whether a document is left is not known
    CHECK(purge_take(&purge, S("new"), 3) == PURGE_UNIT_NEW && purge_gone(&purge, S("new")));
    purge_mark(&purge, S("seen"));
    purge_filter(&purge, S("filtered"));
    existed(S("back")); // in another folder; whatever becomes of it there
    CHECK(!purge_gone(&purge, S("back")));
    CHECK(purge_take(&purge, S("back"), 3) == PURGE_UNIT_KNOWN);
    CHECK(purge_due(&purge) == 2);
    CHECK(!goes(S("back"), S("")) && !goes(S("back"), S("a@x")));
    CHECK(!goes(S("unseen"), S("")) && !goes(S("unseen"), S("a@x")) && purge.kept == 0);
    CHECK(goes(S("unseen"), S("b@x")) && goes(S("unseen"), S("left@x")));
    CHECK(goes(S("gone"), S("")) && goes(S("gone"), S("a@x")));
    CHECK(goes(S("filtered"), S("")) && goes(S("filtered"), S("a@x")));
    CHECK(!goes(S("seen"), S("")) && !goes(S("seen"), S("a@x")));
    mailbox(S("c@x"), false);
    CHECK(goes(S("gone"), S("a@x")) && !goes(S("gone"), S("c@x")) && purge.kept == 1);
    CHECK(!goes(S("gone"), S("")) && purge.kept == 2 && !goes(S("filtered"), S("")));
}

static void test_purge_another_spelling_is_the_same_mailbox(void)
{
    start();
    mailbox(S("Anna@X"), false);
    mailbox(S("bert@x"), true);
    existed(S("1"));
    CHECK(!goes(S("1"), S("anna@x")));
    CHECK(!goes(S("1"), S("ANNA@X")));
    CHECK(goes(S("1"), S("Bert@x")));
}

static void test_purge_an_owner_behind_a_prefix_is_that_mailbox(void)
{
    start();
    mailbox(S("Refused@x"), false);
    mailbox(S("done@x"), true);
    existed(S("1"));
    CHECK(!goes(S("1"), S("email:refused@x")));
    CHECK(goes(S("1"), S("email:done@x")));
    CHECK(goes(S("1"), S("email:left@x")));
    CHECK(!goes(S("1"), S("email:")));
}

static void test_purge_a_mailbox_without_a_usable_name_protects_all_others(void)
{
    static u8 name[2000];
    start();
    memset(name, 'a', sizeof name);
    mailbox(S("a@x"), true);
    existed(S("1"));
    CHECK(goes(S("1"), S("left@x")));
    roster_forget(&roster);
    CHECK(!goes(S("1"), S("")));
    CHECK(!goes(S("1"), S("left@x")));
    CHECK(!goes(S("1"), str_make(name, COUNT(name))));
    CHECK(goes(S("1"), S("a@x")));
}

static void test_purge_pending_until_marked(void)
{
    start();
    existed(S("1"));
    CHECK(purge_take(&purge, S("1"), 0) == PURGE_UNIT_KNOWN);
    purge_mark(&purge, S("1"));
    CHECK(purge_take(&purge, S("1"), 0) == PURGE_UNIT_NEW);
    CHECK(purge_take(&purge, S("2"), 0) == PURGE_UNIT_NEW);
}

// Nobody has looked for them, so nobody can say that they are gone.
static void test_purge_types_that_are_not_listed_stay(void)
{
    static const str types[] = {S("Distribution List")};
    static const struct source source = {.unlisted_types = types, .unlisted_type_count = 1};
    start();
    mailbox(S("a@x"), true);
    existed(S("1"));
    CHECK(goes(S("1"), S("a@x")));
    purge.source = &source;
    struct scan_hit list = hit(S("1"), S("a@x"));
    list.type = S("Distribution List");
    purge.would_delete = 0;
    CHECK(purge_visit_count(&purge, &list) && purge.would_delete == 0 && purge.unlisted == 1);
    CHECK(purge_visit_delete(&purge, &list) && purge.deleted_sent == 0);
    CHECK(goes(S("1"), S("a@x"))); // of another type
    purge.would_delete = 0;
    purge_filter(&purge, S("1"));
    CHECK(purge_visit_count(&purge, &list) && purge.would_delete == 1); // a rule excludes it
}

// What is listed for the first time is in the set, too, but was not there before.
static void test_purge_a_new_document_stays(void)
{
    start();
    mailbox(S("a@x"), true);
    CHECK(purge_take(&purge, S("new"), 1) == PURGE_UNIT_NEW);
    CHECK(!goes(S("new"), S("a@x")) && !goes(S("new"), S("")));
    CHECK(purge_unseen(&purge) == 0);
}

// A scan whose scroll was lost begins again, with what was deleted already.
static void test_purge_deletes_once(void)
{
    start();
    mailbox(S("a@x"), true);
    existed(S("1"));
    existed(S("2"));
    purge_mark(&purge, S("2"));
    struct scan_hit hits[] = {hit(S("1"), S("a@x")), hit(S("2"), S("a@x"))};
    sink_full = true;
    CHECK(!purge_visit_delete(&purge, &hits[0]) && purge.deleted_sent == 0); // asked again later
    sink_full = false;
    for (int scan = 0; scan < 2; scan++) {
        for (isize i = 0; i < COUNT(hits); i++) {
            CHECK(purge_visit_delete(&purge, &hits[i]));
        }
    }
    CHECK(deletes == 1 && purge.deleted_sent == 1);
}

static void test_purge_unchanged_by_its_time(void)
{
    start();
    struct scan_hit with = hit(S("1"), S("")), without = hit(S("2"), S(""));
    with.timestamp = S("\"2026-01-01\"");
    CHECK(purge_visit_fill(&purge, &with) && purge_visit_fill(&purge, &without));
    CHECK(purge_is_unchanged(&purge, S("1"), S("\"2026-01-01\"")));
    CHECK(!purge_is_unchanged(&purge, S("1"), S("\"2026-01-02\"")));
    CHECK(!purge_is_unchanged(&purge, S("1"), S("")));
    CHECK(!purge_is_unchanged(&purge, S("2"), S("\"2026-01-01\"")));
    CHECK(!purge_is_unchanged(&purge, S("3"), S("\"2026-01-01\"")));
}

static void test_purge_fill_beyond_capacity_is_told(void)
{
    start();
    for (int i = 0; i < 101; i++) {
        u8 id[1] = {(u8)i};
        existed(str_make(id, 1));
    }
    CHECK(purge.ids.full && purge.existing == 101);
}

// Two processes share the tenant: who is gone is the business of the one that would have read it.
static void test_purge_a_shard_judges_only_its_own_mailboxes(void)
{
    for (int k = 0; k < 2; k++) {
        start();
        shard = (struct shard){.index = k, .count = 2};
        mailbox(S("mine@x"), true);
        mailbox(S("theirs@x"), false);
        existed(S("1"));
        CHECK(goes(S("1"), S("mine@x")) && !goes(S("1"), S("theirs@x")) && !goes(S("1"), S("")));
        CHECK(goes(S("1"), S("gone1@x")) == shard_owns(&shard, S("gone1@x")));
        CHECK(goes(S("1"), S("gone2@x")) == shard_owns(&shard, S("gone2@x")));
    }
    struct shard first = {.index = 0, .count = 2};
    CHECK(shard_owns(&first, S("gone1@x")) != shard_owns(&first, S("gone2@x")));
}

static const struct test_case cases[] = {
    CASE(test_purge_all_finished_takes_what_was_not_seen),
    CASE(test_purge_one_mailbox_missing_keeps_what_has_no_owner),
    CASE(test_purge_owner_gone_from_the_directory),
    CASE(test_purge_an_empty_directory_takes_nothing),
    CASE(test_purge_a_mailbox_that_went_on_from_a_state),
    CASE(test_purge_another_spelling_is_the_same_mailbox),
    CASE(test_purge_an_owner_behind_a_prefix_is_that_mailbox),
    CASE(test_purge_a_mailbox_without_a_usable_name_protects_all_others),
    CASE(test_purge_a_shard_judges_only_its_own_mailboxes),
    CASE(test_purge_pending_until_marked),
    CASE(test_purge_types_that_are_not_listed_stay),
    CASE(test_purge_a_new_document_stays),
    CASE(test_purge_deletes_once),
    CASE(test_purge_unchanged_by_its_time),
    CASE(test_purge_fill_beyond_capacity_is_told),
};

TEST_MAIN(cases)
