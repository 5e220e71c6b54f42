// SPDX-License-Identifier: Apache-2.0
// The decision (see outlook_way.h). What it is goes into the notice of the run.
#include "source/outlook/outlook_way.h"

// Kinds of which Graph cannot list all: lists of people (documents.md 2.4), and of the attachments
// of tasks those that are no files. What EWS has put into the index stays.
static const str way_unlisted[] = {S("Distribution List"), S("Task Attachment")};

static u32 way_missing(const struct outlook *o)
{
    return entra_roles_missing(o->run.tokens[ENTRA_GRAPH].roles, ENTRA_ROLES_GRAPH);
}

static int way_in_flight(const struct outlook *o, int otherwise)
{
    return o->settings.requests_per_mailbox ? o->settings.requests_per_mailbox : otherwise;
}

static void way_take_graph(struct outlook *o)
{
    struct buf *b = &o->source->notice;
    u32 missing = way_missing(o);
    int in_flight = way_in_flight(o, GRAPH_IN_FLIGHT);
    o->run.way = OUTLOOK_WAY_GRAPH;
    o->source->unlisted_types = way_unlisted;
    o->source->unlisted_type_count = COUNT(way_unlisted);
    o->source->in_flight_max = in_flight < GRAPH_IN_FLIGHT ? in_flight : GRAPH_IN_FLIGHT;
    buf_reset(b);
    o->source->notice_warns = missing != 0;
    buf_put(b, S("mailboxes were read by Microsoft Graph"));
    if (missing) {
        buf_put(b, S(", although the token does not name all permissions; missing: "));
        entra_roles_put(b, missing);
    }
}

static void way_take_ews(struct outlook *o)
{
    struct buf *b = &o->source->notice;
    u32 missing = way_missing(o);
    o->run.way = OUTLOOK_WAY_CLOUD_EWS;
    o->source->in_flight_max = way_in_flight(o, OUTLOOK_IN_FLIGHT);
    buf_reset(b);
    o->source->notice_warns = true;
    buf_put(b, S("mailboxes were read by Exchange Web Services, which Microsoft closes for all on "
                 "1 April 2027: "));
    if (missing) {
        buf_put(b, S("give the app the permissions of Microsoft Graph that it lacks ("));
        entra_roles_put(b, missing);
        buf_put(b, S(")"));
    } else {
        buf_put(b, S("set outlook.backend to graph"));
    }
}

void outlook_way_begin(struct outlook *o)
{
    if (o->run.way != OUTLOOK_WAY_UNDECIDED) {
        return;
    }
    bool graph = o->settings.backend == OUTLOOK_BACKEND_GRAPH ||
                 (o->settings.backend == OUTLOOK_BACKEND_AUTO && !way_missing(o));
    if (graph) {
        way_take_graph(o);
    } else {
        o->run.way = OUTLOOK_WAY_ASKING_EWS;
    }
}

err outlook_way_decide(struct outlook *o, err e, struct exchange *x)
{
    u32 lacks = entra_roles_missing(o->run.tokens[ENTRA_EWS].roles, ENTRA_ROLES_EWS);
    bool wanted = o->settings.backend == OUTLOOK_BACKEND_EWS;
    if (err_class(e) == ERR_CLASS_RETRY || (!err_ok(e) && wanted)) {
        return e;
    }
    if (err_ok(e) && (wanted || !lacks)) {
        way_take_ews(o);
        return OK;
    }
    buf_reset(&x->detail);
    buf_put(&x->detail, S("Microsoft Graph: "));
    entra_roles_put(&x->detail, way_missing(o));
    return FAIL(OUTLOOK_PERMISSIONS);
}
