// SPDX-License-Identifier: Apache-2.0
// FindItem of the fake Exchange: views by index and by fraction, restrictions, and the calendar
// view.
//
// Without a SortOrder the newest item comes first, so that a mail that arrives moves every later
// page; ascending by any date, the oldest. A page is never longer than PAGE_MOST, whatever is
// asked.
#include "ews_filter.h"

#define PAGE_MOST 1000
#define PAGE_MOST_FILTERED 250
#define EXPRESSIONS_MAX 64

void ews_root_folder_open(struct ews *c, i64 next, i64 total, bool last)
{
    struct t_buf n = {0};
    x_open(&c->w, "m:RootFolder");
    t_buf_printf(&n, "%lld", (long long)next);
    x_attr(&c->w, "IndexedPagingOffset", t_buf_str(&n));
    n.n = 0;
    t_buf_printf(&n, "%lld", (long long)total);
    x_attr(&c->w, "TotalItemsInView", t_buf_str(&n));
    x_attr(&c->w, "IncludesLastItemInRange", last ? S("true") : S("false"));
    t_buf_free(&n);
}

// ---- restrictions
// --------------------------------------------------------------------------------

static bool contains(const struct t_xml *x, int node, str value, str constant)
{
    str mode = t_xml_attr(x, node, "ContainmentMode");
    str comparison = t_xml_attr(x, node, "ContainmentComparison");
    bool nocase = str_contains_nocase(comparison, S("IgnoreCase")) ||
                  str_eq(comparison, S("Loose"));
    if (str_eq(mode, S("FullString"))) {
        return nocase ? str_eq_nocase(value, constant) : str_eq(value, constant);
    }
    if (str_starts(mode, S("Prefix"))) {
        return nocase ? str_starts_nocase(value, constant) : str_starts(value, constant);
    }
    return nocase ? str_contains_nocase(value, constant) : str_find(value, constant) >= 0;
}

static bool compare(const struct t_xml *x, int node, str value, str constant)
{
    int order = str_compare(value, constant); // dates of one form compare as texts
    bool equal = str_eq_nocase(value, constant);
    if (t_xml_is(x, node, "t:IsEqualTo")) {
        return equal;
    }
    if (t_xml_is(x, node, "t:IsNotEqualTo")) {
        return !equal;
    }
    if (value.n == 0) {
        return false;
    }
    return t_xml_is(x, node, "t:IsGreaterThan")            ? order > 0
           : t_xml_is(x, node, "t:IsGreaterThanOrEqualTo") ? order >= 0
           : t_xml_is(x, node, "t:IsLessThan")             ? order < 0
                                                           : order <= 0;
}

static bool leaf(const struct t_xml *x, int node, ews_property *property, void *st)
{
    struct t_buf value = {0};
    int path = x->nodes[node].first, second = path < 0 ? -1 : x->nodes[path].next;
    int constant = t_xml_is(x, second, "t:FieldURIOrConstant") ? x->nodes[second].first : second;
    str wanted = t_xml_attr(x, constant, "Value");
    property(st, t_xml_attr(x, path, "FieldURI"), &value);
    bool ok = t_xml_is(x, node, "t:Exists")     ? value.n > 0
              : t_xml_is(x, node, "t:Contains") ? contains(x, node, t_buf_str(&value), wanted)
                                                : compare(x, node, t_buf_str(&value), wanted);
    t_buf_free(&value);
    return ok;
}

static bool is_group(const struct t_xml *x, int node)
{
    return t_xml_is(x, node, "t:And") || t_xml_is(x, node, "t:Or") || t_xml_is(x, node, "t:Not");
}

// The nodes of the expression lie in document order, children behind their parent: from the last to
// the first, each finds its children decided.
bool ews_filter(const struct t_xml *x, int node, ews_property *property, void *st)
{
    bool value[EXPRESSIONS_MAX] = {0};
    int where[EXPRESSIONS_MAX], count = 0, end = x->node_count;
    for (int n = node; n < end && count < EXPRESSIONS_MAX; n++) {
        int up = n;
        while (up > node) {
            up = x->nodes[up].parent;
        }
        bool inside = up == node;
        bool expression = inside && (n == node || is_group(x, x->nodes[n].parent));
        if (expression) {
            where[count++] = n;
        }
    }
    for (int k = count - 1; k >= 0; k--) {
        int n = where[k];
        if (!is_group(x, n)) {
            value[k] = leaf(x, n, property, st);
            continue;
        }
        bool all = true, any = false;
        for (int j = k + 1; j < count; j++) {
            if (x->nodes[where[j]].parent == n) {
                all = all && value[j];
                any = any || value[j];
            }
        }
        value[k] = t_xml_is(x, n, "t:And") ? all : t_xml_is(x, n, "t:Or") ? any : !any;
    }
    return count > 0 && value[0];
}

struct subject_of {
    struct ews *c;
    struct ews_item item;
};

static void item_property(void *st, str uri, struct t_buf *out)
{
    struct subject_of *s = st;
    if (str_eq(uri, S("item:LastModifiedTime"))) {
        ews_date_put(out, s->item.modified_ms, 0);
    } else if (str_eq(uri, S("item:DateTimeReceived")) || str_eq(uri, S("item:DateTimeCreated"))) {
        ews_date_put(out, s->item.received_ms, 0);
    } else if (str_eq(uri, S("item:Subject"))) {
        ews_subject_put(s->c->e, &s->item, out);
    } else if (str_eq(uri, S("item:HasAttachments"))) {
        t_buf_z(out, ews_attachments_shown(s->c->e, &s->item) ? "true" : "false");
    }
}

// ---- views
// ---------------------------------------------------------------------------------------

struct view {
    i64 offset, most;
    bool from_end, newest_first;
    i64 numerator, denominator; // denominator 0: by index
    const char *error;
};

static i64 number(const struct ews *c, int node, const char *name, i64 otherwise)
{
    i64 n = otherwise;
    if (t_xml_has_attr(&c->x, node, name)) {
        str_to_i64(t_xml_attr(&c->x, node, name), &n);
    }
    return n;
}

static void read_view(struct ews *c, i64 total, struct view *v)
{
    int indexed = t_xml_child(&c->x, c->operation, "m:IndexedPageItemView");
    int fractional = t_xml_child(&c->x, c->operation, "m:FractionalPageItemView");
    int calendar = t_xml_child(&c->x, c->operation, "m:CalendarView");
    int sort = t_xml_child(&c->x, c->operation, "m:SortOrder");
    *v = (struct view){.newest_first = true};
    if (sort >= 0) {
        v->newest_first = str_eq(t_xml_attr(&c->x, c->x.nodes[sort].first, "Order"),
                                 S("Descending"));
    }
    int view = indexed >= 0 ? indexed : fractional >= 0 ? fractional : calendar;
    v->most = number(c, view, "MaxEntriesReturned", PAGE_MOST);
    v->error = v->most <= 0 ? "ErrorInvalidPagingMaxRows" : NULL;
    v->offset = number(c, indexed, "Offset", 0);
    v->from_end = str_eq(t_xml_attr(&c->x, indexed, "BasePoint"), S("End"));
    if (v->offset < 0) {
        v->error = "ErrorInvalidPagingMaxRows";
    }
    if (fractional >= 0) {
        v->numerator = number(c, fractional, "Numerator", 0);
        v->denominator = number(c, fractional, "Denominator", 1);
        if (v->numerator < 0 || v->denominator <= 1 || v->numerator > v->denominator) {
            v->error = "ErrorInvalidFractionalPagingParameters";
            return;
        }
        v->offset = total * v->numerator / v->denominator;
    }
}

static void open_root(struct ews *c, const struct view *v, i64 next, i64 total, bool last)
{
    if (v->denominator == 0) {
        ews_root_folder_open(c, next, total, last);
        return;
    }
    struct t_buf n = {0};
    const struct {
        const char *name;
        i64 value;
    } attributes[] = {
        {"NumeratorOffset", next}, {"AbsoluteDenominator", total}, {"TotalItemsInView", total}};
    x_open(&c->w, "m:RootFolder");
    for (isize k = 0; k < COUNT(attributes); k++) {
        n.n = 0;
        t_buf_printf(&n, "%lld", (long long)attributes[k].value);
        x_attr(&c->w, attributes[k].name, t_buf_str(&n));
    }
    x_attr(&c->w, "IncludesLastItemInRange", last ? S("true") : S("false"));
    t_buf_free(&n);
}

// The items that a restriction leaves, all of them looked at.
static i64 filtered(struct ews *c, const struct ews_target *f, const struct view *v,
                    int restriction, i64 *indexes, i64 cap)
{
    const struct ews_folder *folder = ews_folder(c->t, f->mailbox, f->place);
    i64 total = ews_total(folder), found = 0;
    for (i64 k = 0; k < total; k++) {
        i64 index = v->newest_first ? total - 1 - k : k;
        struct subject_of s = {.c = c};
        if (ews_item_find(c->t, f->mailbox, f->place, index, &s.item) &&
            ews_filter(&c->x, c->x.nodes[restriction].first, item_property, &s)) {
            if (found < cap) {
                indexes[found] = index;
            }
            found++;
        }
    }
    return found;
}

static void list(struct ews *c, const struct ews_target *f, const struct ews_shape *s)
{
    const struct ews_folder *folder = ews_folder(c->t, f->mailbox, f->place);
    int restriction = t_xml_child(&c->x, c->operation, "m:Restriction");
    struct view v;
    i64 total = ews_live(folder), *indexes = NULL;
    read_view(c, total, &v);
    if (v.error) {
        x_error(&c->w, "FindItem", v.error, NULL);
        return;
    }
    if (restriction >= 0) {
        i64 cap = total;
        indexes = t_alloc((isize)cap * (isize)sizeof(*indexes) + 8);
        total = filtered(c, f, &v, restriction, indexes, cap);
    }
    i64 most = restriction >= 0 ? PAGE_MOST_FILTERED : PAGE_MOST;
    most = c->e->find_page > 0 && c->e->find_page < most ? c->e->find_page : most;
    i64 count = v.most < most ? v.most : most;
    i64 from = v.offset < total ? v.offset : total;
    i64 to = from + count < total ? from + count : total;
    x_response(&c->w, "FindItem");
    open_root(c, &v, to, total, to >= total);
    x_open(&c->w, "t:Items");
    i64 index = -1, step = v.newest_first != v.from_end ? -1 : 1;
    for (i64 k = from; k < to; k++) {
        i64 n = v.from_end ? total - 1 - k : k;
        struct ews_item item;
        if (indexes) {
            index = indexes[n];
        } else if (index < 0) {
            index = ews_nth(folder, n, v.newest_first);
        } else {
            do {
                index += step;
            } while (!ews_is_there(folder, index));
        }
        if (ews_item_find(c->t, f->mailbox, f->place, index, &item)) {
            ews_item_put(c, &item, s, true, false);
            c->e->items_listed++;
        }
    }
    x_close(&c->w, "t:Items");
    x_close(&c->w, "m:RootFolder");
    x_response_end(&c->w, "FindItem");
    t_free(indexes);
}

void ews_find_item(struct ews *c)
{
    struct ews_shape s;
    ews_shape_read(&c->x, t_xml_child(&c->x, c->operation, "m:ItemShape"), &s);
    bool normal = str_eq(t_xml_attr(&c->x, c->operation, "Traversal"), S("Shallow"));
    int parents = t_xml_child(&c->x, c->operation, "m:ParentFolderIds");
    for (int n = c->x.nodes[parents].first; n >= 0; n = c->x.nodes[n].next) {
        struct ews_target f;
        const char *error = ews_target(c, n, &f);
        if (error) {
            x_error(&c->w, "FindItem", error, NULL);
        } else if (normal) {
            ews_scripts_run(c, f.mailbox, f.place);
            list(c, &f, &s);
        } else { // nothing is deleted softly, and no item is associated
            x_response(&c->w, "FindItem");
            ews_root_folder_open(c, 0, 0, true);
            x_open(&c->w, "t:Items");
            x_close(&c->w, "t:Items");
            x_close(&c->w, "m:RootFolder");
            x_response_end(&c->w, "FindItem");
        }
    }
}
