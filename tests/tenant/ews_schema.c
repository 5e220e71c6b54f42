// SPDX-License-Identifier: Apache-2.0
// Requests against Exchange's schema (messages.xsd, types.xsd): the order, number and values of
// elements and attributes. What is wrong is said as Exchange does: HTTP 500, ErrorSchemaValidation
// with line, column and the violation.
//
// A content model is a sequence of particles: `m:A` once, `m:A?`, `m:A*`, `m:A+`; `m:A|m:B` is a
// choice. "#text", "#bool", "#int", "#date" and "#a b c" (an enumeration) are simple types.
#include "ews.h"

#define SEARCH_EXPRESSION                                                                         \
    "t:And|t:Or|t:Not|t:Contains|t:Excludes|t:Exists|t:IsEqualTo|t:IsNotEqualTo|t:IsGreaterThan|" \
    "t:IsGreaterThanOrEqualTo|t:IsLessThan|t:IsLessThanOrEqualTo"
#define PATHS "t:FieldURI|t:IndexedFieldURI|t:ExtendedFieldURI"
#define ITEM_SHAPE                                                                           \
    "t:BaseShape t:IncludeMimeContent? t:BodyType? t:UniqueBodyType? t:NormalizedBodyType? " \
    "t:FilterHtmlContent? t:ConvertHtmlCodePageToUTF8? t:InlineImageUrlTemplate? "           \
    "t:BlockExternalImages? t:AddBlankTargetToLinks? t:MaximumBodySize? t:AdditionalProperties?"
#define BODY_TYPES "#Best HTML Text"
#define FOLDER_IDS "t:FolderId|t:DistinguishedFolderId"
#define COMPARES PATHS " t:FieldURIOrConstant"

static const struct rule {
    const char *name, *attributes, *content; // attributes: "Name!" is required, "Name=a,b"
} rules[] = {
    {"m:ConvertId", "DestinationFormat!=EwsLegacyId,EwsId,EntryId,HexEntryId,StoreId,OwaId",
     "m:SourceIds"},
    {"m:SourceIds", "", "t:AlternateId|t:AlternatePublicFolderId|t:AlternatePublicFolderItemId+"},
    {"t:AlternateId",
     "Format!=EwsLegacyId,EwsId,EntryId,HexEntryId,StoreId,OwaId Id! Mailbox! IsArchive", ""},
    {"m:GetFolder", "", "m:FolderShape m:FolderIds"},
    {"m:FolderShape", "", "t:BaseShape t:AdditionalProperties?"},
    {"m:FolderIds", "", FOLDER_IDS "+"},
    {"m:FindFolder", "Traversal!=Shallow,Deep,SoftDeleted",
     "m:FolderShape m:IndexedPageFolderView|m:FractionalPageFolderView? m:Restriction? "
     "m:ParentFolderIds"},
    {"m:IndexedPageFolderView", "MaxEntriesReturned Offset! BasePoint!=Beginning,End", ""},
    {"m:FractionalPageFolderView", "MaxEntriesReturned Numerator! Denominator!", ""},
    {"m:ParentFolderIds", "", FOLDER_IDS "+"},
    {"m:FindItem", "Traversal!=Shallow,SoftDeleted,Associated",
     "m:ItemShape m:IndexedPageItemView|m:FractionalPageItemView|m:SeekToConditionPageItemView|"
     "m:CalendarView|m:ContactsView? m:GroupBy|m:DistinguishedGroupBy? m:Restriction? m:SortOrder? "
     "m:ParentFolderIds m:QueryString?"},
    {"m:ItemShape", "", ITEM_SHAPE},
    {"m:AttachmentShape", "",
     "t:IncludeMimeContent? t:BodyType? t:FilterHtmlContent? t:AdditionalProperties?"},
    {"t:BaseShape", "", "#IdOnly Default AllProperties PcxPeopleSearch"},
    {"t:IncludeMimeContent", "", "#bool"},
    {"t:BodyType", "", BODY_TYPES},
    {"t:UniqueBodyType", "", BODY_TYPES},
    {"t:NormalizedBodyType", "", BODY_TYPES},
    {"t:FilterHtmlContent", "", "#bool"},
    {"t:ConvertHtmlCodePageToUTF8", "", "#bool"},
    {"t:InlineImageUrlTemplate", "", "#text"},
    {"t:BlockExternalImages", "", "#bool"},
    {"t:AddBlankTargetToLinks", "", "#bool"},
    {"t:MaximumBodySize", "", "#int"},
    {"t:AdditionalProperties", "", PATHS "+"},
    {"t:FieldURI", "FieldURI!", ""},
    {"t:IndexedFieldURI", "FieldURI! FieldIndex!", ""},
    {"t:ExtendedFieldURI",
     "DistinguishedPropertySetId PropertySetId PropertyTag PropertyName PropertyId PropertyType!",
     ""},
    {"m:IndexedPageItemView", "MaxEntriesReturned Offset! BasePoint!=Beginning,End", ""},
    {"m:FractionalPageItemView", "MaxEntriesReturned Numerator! Denominator!", ""},
    {"m:CalendarView", "MaxEntriesReturned StartDate! EndDate!", ""},
    {"m:ContactsView", "MaxEntriesReturned InitialName FinalName", ""},
    {"m:Restriction", "", SEARCH_EXPRESSION},
    {"t:And", "", SEARCH_EXPRESSION "+"},
    {"t:Or", "", SEARCH_EXPRESSION "+"},
    {"t:Not", "", SEARCH_EXPRESSION},
    {"t:Exists", "", PATHS},
    {"t:Contains",
     "ContainmentMode=FullString,Prefixed,Substring,PrefixOnWords,ExactPhrase "
     "ContainmentComparison=Exact,IgnoreCase,IgnoreNonSpacingCharacters,Loose,"
     "IgnoreCaseAndNonSpacingCharacters,LooseAndIgnoreCase,LooseAndIgnoreNonSpace,"
     "LooseAndIgnoreCaseAndIgnoreNonSpace",
     PATHS " t:Constant"},
    {"t:Excludes", "", PATHS " t:Bitmask"},
    {"t:Bitmask", "Value!", ""},
    {"t:IsEqualTo", "", COMPARES},
    {"t:IsNotEqualTo", "", COMPARES},
    {"t:IsGreaterThan", "", COMPARES},
    {"t:IsGreaterThanOrEqualTo", "", COMPARES},
    {"t:IsLessThan", "", COMPARES},
    {"t:IsLessThanOrEqualTo", "", COMPARES},
    {"t:FieldURIOrConstant", "", PATHS "|t:Constant"},
    {"t:Constant", "Value!", ""},
    {"m:SortOrder", "", "t:FieldOrder+"},
    {"t:FieldOrder", "Order!=Ascending,Descending", PATHS},
    {"m:QueryString", "ResetCache ReturnHighlightTerms ReturnDeletedItems", "#text"},
    {"m:GetItem", "", "m:ItemShape m:ItemIds"},
    {"m:ItemIds", "", "t:ItemId|t:OccurrenceItemId|t:RecurringMasterItemId+"},
    {"t:ItemId", "Id! ChangeKey", ""},
    {"t:FolderId", "Id! ChangeKey", ""},
    {"t:OccurrenceItemId", "RecurringMasterId! ChangeKey InstanceIndex!", ""},
    {"t:RecurringMasterItemId", "OccurrenceId! ChangeKey", ""},
    {"t:DistinguishedFolderId", "Id! ChangeKey", "t:Mailbox?"},
    {"t:Mailbox", "",
     "t:Name? t:EmailAddress? t:RoutingType? t:MailboxType? t:ItemId? t:OriginalDisplayName?"},
    {"t:Name", "", "#text"},
    {"t:EmailAddress", "", "#text"},
    {"t:RoutingType", "", "#text"},
    {"t:MailboxType", "",
     "#Unknown OneOff Mailbox PublicDL PrivateDL Contact PublicFolder GroupMailbox "
     "ImplicitContact"},
    {"t:OriginalDisplayName", "", "#text"},
    {"m:GetAttachment", "", "m:AttachmentShape? m:AttachmentIds"},
    {"m:AttachmentIds", "", "t:AttachmentId+"},
    {"t:AttachmentId", "Id! RootItemId RootItemChangeKey", ""},
    {"m:SyncFolderItems", "",
     "m:ItemShape m:SyncFolderId m:SyncState? m:Ignore? m:MaxChangesReturned m:SyncScope?"},
    {"m:SyncFolderId", "", FOLDER_IDS},
    {"m:SyncState", "", "#text"},
    {"m:Ignore", "", "t:ItemId+"},
    {"m:MaxChangesReturned", "", "#1..512"},
    {"m:SyncScope", "", "#NormalItems NormalAndAssociatedItems"},
    {"m:SyncFolderHierarchy", "", "m:FolderShape m:SyncFolderId? m:SyncState?"},
    {"t:RequestServerVersion", "Version!", ""},
    {"t:ExchangeImpersonation", "", "t:ConnectingSID"},
    {"t:ConnectingSID", "", "t:PrincipalName|t:SID|t:PrimarySmtpAddress|t:SmtpAddress"},
    {"t:PrincipalName", "", "#text"},
    {"t:SID", "", "#text"},
    {"t:PrimarySmtpAddress", "", "#text"},
    {"t:SmtpAddress", "", "#text"},
    {"t:TimeZoneContext", "", "t:TimeZoneDefinition"},
};

struct check {
    struct ews *c;
    struct t_buf why; // empty: nothing is wrong
    isize at;         // in the input
};

static void blame(struct check *k, int node, const char *what, const char *names)
{
    const struct t_xml_node *n = &k->c->x.nodes[node];
    const char *ns = n->ns == T_NS_M ? "messages" : n->ns == T_NS_T ? "types" : "?";
    if (k->why.n == 0) {
        k->at = n->offset;
        t_buf_printf(&k->why,
                     "The element '%.*s' in namespace "
                     "'http://schemas.microsoft.com/exchange/services/2006/%s' %s.",
                     (int)n->name.n, (const char *)n->name.p, ns, what);
        if (names && names[0] && names[0] != '#') {
            t_buf_printf(&k->why, " List of possible elements expected: '%s'.", names);
        }
    }
}

static const struct rule *rule_of(const struct t_xml *x, int node)
{
    for (isize i = 0; i < COUNT(rules); i++) {
        if (t_xml_is(x, node, rules[i].name)) {
            return &rules[i];
        }
    }
    return NULL;
}

static bool in_list(str list, u8 separator, str value)
{
    while (list.n > 0) {
        str one;
        bool found = false;
        list = str_cut(list, separator, &one, &found);
        if (str_eq(one, value)) {
            return true;
        }
    }
    return false;
}

static bool is_number(str s)
{
    i64 n = 0;
    return str_to_i64(s, &n);
}

static bool is_within(str s, i64 most)
{
    i64 n = 0;
    return str_to_i64(s, &n) && n >= 1 && n <= most;
}

static void check_one_attribute(struct check *k, int node, str declaration)
{
    str name, values;
    bool limited = false, required;
    values = str_cut(declaration, '=', &name, &limited);
    required = str_ends(name, S("!"));
    name = required ? str_slice(name, 0, name.n - 1) : name;
    char z[40];
    struct t_buf label = {0};
    t_buf_put(&label, name);
    t_buf_byte(&label, 0);
    for (isize i = 0; i < (isize)sizeof(z); i++) {
        z[i] = i < label.n ? (char)label.p[i] : 0;
    }
    t_buf_free(&label);
    const struct t_xml *x = &k->c->x;
    if (!t_xml_has_attr(x, node, z)) {
        if (required) {
            blame(k, node, "lacks a required attribute", NULL);
        }
        return;
    }
    str value = t_xml_attr(x, node, z);
    bool number = str_eq(name, S("MaxEntriesReturned")) || str_eq(name, S("Offset")) ||
                  str_eq(name, S("Numerator")) || str_eq(name, S("Denominator")) ||
                  str_eq(name, S("InstanceIndex"));
    if ((limited && !in_list(values, ',', value)) || (number && !is_number(value))) {
        blame(k, node, "has an attribute whose value is invalid according to its datatype", NULL);
    }
    if (t_xml_is(x, node, "t:DistinguishedFolderId") && str_eq(name, S("Id")) &&
        ews_place_distinguished(value) < 0) {
        blame(k, node, "has an invalid Id: the Enumeration constraint failed", NULL);
    }
    if (str_eq(name, S("FieldURI")) && t_xml_is(x, node, "t:FieldURI") &&
        !ews_uri_is_known(value)) {
        blame(k, node, "has an invalid FieldURI: the Enumeration constraint failed", NULL);
    }
}

static void check_attributes(struct check *k, int node, const struct rule *rule)
{
    const struct t_xml *x = &k->c->x;
    const struct t_xml_node *n = &x->nodes[node];
    str declarations = str_from(rule->attributes);
    for (int i = 0; i < n->attr_count; i++) {
        const struct t_xml_attr *a = &x->attrs[n->attr + i];
        bool declared = a->ns == T_NS_OTHER; // xsi:type, xml:lang
        str list = declarations;
        while (list.n > 0 && !declared) {
            str one, name;
            bool found = false;
            list = str_cut(list, ' ', &one, &found);
            str_cut(one, '=', &name, &found);
            name = str_ends(name, S("!")) ? str_slice(name, 0, name.n - 1) : name;
            declared = str_eq(name, a->name);
        }
        if (!declared) {
            blame(k, node, "has an attribute that is not declared", NULL);
        }
    }
    while (declarations.n > 0) {
        str one;
        bool found = false;
        declarations = str_cut(declarations, ' ', &one, &found);
        check_one_attribute(k, node, one);
    }
}

static void check_text(struct check *k, int node, str type)
{
    str text = t_xml_text(&k->c->x, node);
    bool ok = str_eq(type, S("text"))      ? true
              : str_eq(type, S("bool"))    ? in_list(S("true,false,1,0"), ',', text)
              : str_eq(type, S("int"))     ? is_number(text)
              : str_starts(type, S("1..")) ? is_within(text, 512)
                                           : in_list(type, ' ', text);
    if (!ok) {
        blame(k, node, "has a value that is invalid according to its datatype", NULL);
    }
    if (k->c->x.nodes[node].first >= 0) {
        blame(k, node, "cannot contain child elements", NULL);
    }
}

static bool matches(const struct t_xml *x, int node, str choice)
{
    while (choice.n > 0) {
        str one;
        char name[64];
        bool found = false;
        choice = str_cut(choice, '|', &one, &found);
        isize n = one.n < (isize)sizeof(name) - 1 ? one.n : (isize)sizeof(name) - 1;
        for (isize i = 0; i < n; i++) {
            name[i] = (char)one.p[i];
        }
        name[n] = 0;
        if (t_xml_is(x, node, name)) {
            return true;
        }
    }
    return false;
}

// Deterministic, as the schema is: each child is taken by the first particle that can.
static void check_children(struct check *k, int node, const char *content)
{
    const struct t_xml *x = &k->c->x;
    str model = str_from(content);
    int child = x->nodes[node].first;
    while (model.n > 0) {
        str particle;
        bool found = false;
        model = str_cut(model, ' ', &particle, &found);
        u8 mark = particle.p[particle.n - 1];
        bool many = mark == '*' || mark == '+', optional = mark == '*' || mark == '?';
        str choice = many || optional ? str_slice(particle, 0, particle.n - 1) : particle;
        int taken = 0;
        while (child >= 0 && (many || taken == 0) && matches(x, child, choice)) {
            child = x->nodes[child].next;
            taken++;
        }
        if (taken == 0 && !optional) {
            blame(k, node, child < 0 ? "has incomplete content" : "has an invalid child element",
                  content);
            k->at = child < 0 ? k->at : x->nodes[child].offset;
            return;
        }
    }
    if (child >= 0) {
        blame(k, node, "has an invalid child element", content);
        k->at = x->nodes[child].offset;
    }
}

static void check_node(struct check *k, int node)
{
    const struct rule *rule = rule_of(&k->c->x, node);
    if (!rule) {
        return;
    }
    check_attributes(k, node, rule);
    if (rule->content[0] == '#') {
        check_text(k, node, str_from(rule->content + 1));
        return;
    }
    bool text = k->c->x.nodes[node].mixed;
    str own = str_trim(t_xml_text(&k->c->x, node));
    if (text || own.n > 0) {
        blame(k, node, "cannot contain text", NULL);
    }
    check_children(k, node, rule->content);
}

static bool is_below(const struct t_xml *x, int node, int top)
{
    while (node >= 0 && node != top) {
        node = x->nodes[node].parent;
    }
    return node == top;
}

bool ews_validate(struct ews *c)
{
    struct check k = {.c = c};
    int body = c->x.nodes[c->operation].parent;
    for (int i = 1; i < c->x.node_count && k.why.n == 0; i++) {
        bool header = !is_below(&c->x, i, body) && c->x.nodes[i].ns == T_NS_T;
        // What stands in a TimeZoneDefinition is not looked at.
        if (header || is_below(&c->x, i, c->operation)) {
            check_node(&k, i);
        }
    }
    if (k.why.n == 0 && c->x.nodes[c->operation].next >= 0) {
        blame(&k, c->operation, "is not the only one in the body", NULL);
    }
    if (k.why.n == 0) {
        return true;
    }
    c->e->schema_violations++;
    struct t_buf xml = {0}, message = {0};
    int line, column;
    t_xml_position(&c->x, k.at, &line, &column);
    t_buf_printf(&xml,
                 "<t:LineNumber>%d</t:LineNumber><t:LinePosition>%d</t:LinePosition>"
                 "<t:Violation>",
                 line, column);
    t_buf_put(&xml, t_buf_str(&k.why));
    t_buf_z(&xml, "</t:Violation>");
    t_buf_byte(&xml, 0);
    t_buf_printf(&message, "The request failed schema validation: %.*s", (int)k.why.n,
                 (const char *)k.why.p);
    t_buf_byte(&message, 0);
    ews_fault_out(c, "ErrorSchemaValidation", (const char *)message.p, (const char *)xml.p);
    t_buf_free(&xml);
    t_buf_free(&message);
    t_buf_free(&k.why);
    return false;
}
