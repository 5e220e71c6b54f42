// SPDX-License-Identifier: Apache-2.0
// The tenant's XML reader; see t_xml.h.
#include "t_xml.h"

#include <string.h>

struct binding {
    str prefix;
    enum t_ns ns;
    int depth;
};

struct reader {
    struct t_xml *x;
    str in;
    isize at;
    int open[T_XML_DEPTH]; // nodes
    str tags[T_XML_DEPTH]; // their names as written
    int depth;
    struct binding bindings[T_XML_BINDINGS];
    int binding_count;
};

static const struct {
    const char *uri;
    enum t_ns ns;
    char letter;
} known[] = {
    {"http://schemas.xmlsoap.org/soap/envelope/", T_NS_SOAP, 's'},
    {"http://schemas.microsoft.com/exchange/services/2006/messages", T_NS_M, 'm'},
    {"http://schemas.microsoft.com/exchange/services/2006/types", T_NS_T, 't'},
};

static bool fail(struct reader *r, const char *error)
{
    if (!r->x->error) {
        r->x->error = error;
        r->x->error_at = r->at;
    }
    return false;
}

static str rest(const struct reader *r)
{
    return str_from_index(r->in, r->at);
}

static bool looking_at(const struct reader *r, const char *z)
{
    return str_starts(rest(r), str_from(z));
}

static void skip_blanks(struct reader *r)
{
    while (r->at < r->in.n && str_is_space(r->in.p[r->at])) {
        r->at++;
    }
}

static bool is_name_byte(u8 c, bool first)
{
    u8 l = str_lower_byte(c);
    bool letter = (l >= 'a' && l <= 'z') || c == '_' || c >= 0x80;
    return letter || (!first && (str_is_digit(c) || c == '-' || c == '.'));
}

// A name, perhaps with a prefix: `prefix` and `local` are slices of it.
static bool read_name(struct reader *r, str *prefix, str *local)
{
    isize from = r->at, colon = -1;
    bool first = true;
    while (r->at < r->in.n) {
        u8 c = r->in.p[r->at];
        if (c == ':' && colon < 0 && !first) {
            colon = r->at;
            first = true;
        } else if (is_name_byte(c, first)) {
            first = false;
        } else {
            break;
        }
        r->at++;
    }
    if (first) {
        return fail(r, "name");
    }
    *prefix = colon < 0 ? (str){0} : str_slice(r->in, from, colon);
    *local = str_slice(r->in, colon < 0 ? from : colon + 1, r->at);
    return true;
}

static bool is_char(u32 c)
{
    return c == 9 || c == 10 || c == 13 || (c >= 32 && c < 0xD800) || (c >= 0xE000 && c < 0xFFFE) ||
           (c >= 0x10000 && c < 0x110000);
}

static void put_utf8(struct t_buf *b, u32 c)
{
    if (c < 0x80) {
        t_buf_byte(b, (u8)c);
        return;
    }
    if (c < 0x800) {
        t_buf_byte(b, (u8)(0xC0 | c >> 6));
    } else {
        if (c < 0x10000) {
            t_buf_byte(b, (u8)(0xE0 | c >> 12));
        } else {
            t_buf_byte(b, (u8)(0xF0 | c >> 18));
            t_buf_byte(b, (u8)(0x80 | (c >> 12 & 63)));
        }
        t_buf_byte(b, (u8)(0x80 | (c >> 6 & 63)));
    }
    t_buf_byte(b, (u8)(0x80 | (c & 63)));
}

static bool read_entity(struct reader *r)
{
    static const struct {
        const char *name;
        u8 c;
    } entities[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    isize end = str_find_byte(rest(r), ';');
    if (end < 2 || end > 10) {
        return fail(r, "entity");
    }
    str name = str_slice(r->in, r->at + 1, r->at + end);
    u64 c = 0;
    if (name.p[0] == '#') {
        bool hex = name.n > 2 && name.p[1] == 'x';
        bool ok = hex ? str_to_u64_hex(str_from_index(name, 2), &c)
                      : str_to_u64(str_from_index(name, 1), &c);
        if (!ok || c > 0x10FFFF || !is_char((u32)c)) {
            return fail(r, "character reference");
        }
    }
    for (isize i = 0; i < COUNT(entities) && c == 0; i++) {
        c = str_eq(name, str_from(entities[i].name)) ? entities[i].c : 0;
    }
    if (c == 0) {
        return fail(r, "unknown entity");
    }
    put_utf8(&r->x->text, (u32)c);
    r->at += end + 1;
    return true;
}

// One character of text that is not markup; line ends become LF (XML 1.0, section 2.11).
static bool read_char(struct reader *r)
{
    u8 c = r->in.p[r->at];
    if (c == '&') {
        return read_entity(r);
    }
    if (c < 32 && c != 9 && c != 10 && c != 13) {
        return fail(r, "forbidden character");
    }
    if (c == 13) {
        r->at += r->at + 1 < r->in.n && r->in.p[r->at + 1] == 10 ? 1 : 0;
        c = 10;
    }
    t_buf_byte(&r->x->text, c);
    r->at++;
    return true;
}

// ---- namespaces
// ----------------------------------------------------------------------------------

static enum t_ns ns_of_uri(str uri)
{
    for (isize i = 0; i < COUNT(known); i++) {
        if (str_eq(uri, str_from(known[i].uri))) {
            return known[i].ns;
        }
    }
    return uri.n > 0 ? T_NS_OTHER : T_NS_NONE;
}

static bool resolve(struct reader *r, str prefix, enum t_ns *ns)
{
    for (int i = r->binding_count - 1; i >= 0; i--) {
        if (str_eq(r->bindings[i].prefix, prefix)) {
            *ns = r->bindings[i].ns;
            return true;
        }
    }
    *ns = str_eq(prefix, S("xml")) ? T_NS_OTHER : T_NS_NONE;
    return prefix.n == 0 || *ns == T_NS_OTHER || fail(r, "undeclared prefix");
}

static bool bind(struct reader *r, str prefix, str uri)
{
    if (r->binding_count == T_XML_BINDINGS) {
        return fail(r, "too many namespaces");
    }
    r->bindings[r->binding_count++] = (struct binding){
        .prefix = prefix, .ns = ns_of_uri(uri), .depth = r->depth};
    return true;
}

// ---- tags
// ----------------------------------------------------------------------------------------

static struct t_xml_attr *add_attr(struct t_xml *x)
{
    if (x->attr_count == x->attr_cap) {
        x->attr_cap = x->attr_cap * 2 + 64;
        x->attrs = t_resize(x->attrs, x->attr_cap * (isize)sizeof(*x->attrs));
    }
    struct t_xml_attr *a = &x->attrs[x->attr_count++];
    *a = (struct t_xml_attr){0};
    return a;
}

static int add_node(struct reader *r, int parent)
{
    struct t_xml *x = r->x;
    if (x->node_count == x->node_cap) {
        x->node_cap = x->node_cap * 2 + 64;
        x->nodes = t_resize(x->nodes, x->node_cap * (isize)sizeof(*x->nodes));
    }
    int node = x->node_count++;
    x->nodes[node] = (struct t_xml_node){
        .parent = parent, .first = -1, .last = -1, .next = -1, .offset = r->at};
    if (parent >= 0) {
        struct t_xml_node *p = &x->nodes[parent];
        for (isize i = 0; i < p->n && !p->mixed; i++) {
            p->mixed = !str_is_space(x->text.p[p->at + i]);
        }
        p->n = 0;
        if (p->last >= 0) {
            x->nodes[p->last].next = node;
        } else {
            p->first = node;
        }
        x->nodes[parent].last = node;
    }
    return node;
}

static bool read_attr(struct reader *r, str *prefixes)
{
    str prefix, local;
    if (!read_name(r, &prefix, &local)) {
        return false;
    }
    skip_blanks(r);
    if (!looking_at(r, "=")) {
        return fail(r, "attribute without a value");
    }
    r->at++;
    skip_blanks(r);
    if (!looking_at(r, "\"") && !looking_at(r, "'")) {
        return fail(r, "attribute without quotes");
    }
    u8 quote = r->in.p[r->at++];
    struct t_xml *x = r->x;
    isize from = x->text.n;
    while (r->at < r->in.n && r->in.p[r->at] != quote) {
        if (r->in.p[r->at] == '<') {
            return fail(r, "< in an attribute");
        }
        if (!read_char(r)) {
            return false;
        }
    }
    if (r->at++ >= r->in.n) {
        return fail(r, "end of input in an attribute");
    }
    str value = str_make(x->text.p + from, x->text.n - from);
    bool xmlns = str_eq(prefix, S("xmlns")) || (prefix.n == 0 && str_eq(local, S("xmlns")));
    if (xmlns) {
        bool ok = bind(r, prefix.n > 0 ? local : (str){0}, value);
        x->text.n = from;
        return ok;
    }
    struct t_xml_attr *a = add_attr(x);
    a->name = local;
    a->at = from;
    a->n = value.n;
    *prefixes = prefix;
    return true;
}

static bool resolve_attrs(struct reader *r, int node, const str *prefixes)
{
    struct t_xml *x = r->x;
    struct t_xml_node *n = &x->nodes[node];
    for (int i = 0; i < n->attr_count; i++) {
        struct t_xml_attr *a = &x->attrs[n->attr + i];
        if (prefixes[i].n > 0 && !resolve(r, prefixes[i], &a->ns)) {
            return false;
        }
        for (int k = 0; k < i; k++) {
            const struct t_xml_attr *b = &x->attrs[n->attr + k];
            if (b->ns == a->ns && str_eq(b->name, a->name)) {
                return fail(r, "repeated attribute");
            }
        }
    }
    return true;
}

static void close_node(struct reader *r)
{
    r->depth--;
    while (r->binding_count > 0 && r->bindings[r->binding_count - 1].depth > r->depth) {
        r->binding_count--;
    }
}

static bool read_open(struct reader *r)
{
    struct t_xml *x = r->x;
    if (r->depth == T_XML_DEPTH) {
        return fail(r, "too deep");
    }
    int node = add_node(r, r->depth > 0 ? r->open[r->depth - 1] : -1);
    str prefix, local, prefixes[16] = {0};
    isize from = ++r->at;
    r->depth++;
    if (!read_name(r, &prefix, &local)) {
        return false;
    }
    r->tags[r->depth - 1] = str_slice(r->in, from, r->at);
    r->open[r->depth - 1] = node;
    x->nodes[node].name = local;
    x->nodes[node].attr = x->attr_count;
    for (;;) {
        isize before = r->at;
        skip_blanks(r);
        if (r->at >= r->in.n) {
            return fail(r, "end of input in a tag");
        }
        if (looking_at(r, ">") || looking_at(r, "/>")) {
            break;
        }
        int count = x->attr_count - x->nodes[node].attr;
        if (before == r->at || count == (int)COUNT(prefixes)) {
            return fail(r, "attributes");
        }
        if (!read_attr(r, &prefixes[count])) {
            return false;
        }
    }
    x->nodes[node].attr_count = x->attr_count - x->nodes[node].attr;
    x->nodes[node].at = x->text.n;
    if (!resolve(r, prefix, &x->nodes[node].ns) || !resolve_attrs(r, node, prefixes)) {
        return false;
    }
    bool empty = r->in.p[r->at] == '/';
    r->at += empty ? 2 : 1;
    if (empty) {
        close_node(r);
    }
    return true;
}

static bool read_close(struct reader *r)
{
    r->at += 2;
    isize end = str_find_byte(rest(r), '>');
    if (end < 0 || r->depth == 0 ||
        !str_eq(str_trim_end(str_slice(r->in, r->at, r->at + end)), r->tags[r->depth - 1])) {
        return fail(r, "end tag");
    }
    r->at += end + 1;
    close_node(r);
    return true;
}

static bool skip_to(struct reader *r, const char *end)
{
    isize n = str_find(rest(r), str_from(end));
    if (n < 0) {
        return fail(r, "end of input");
    }
    r->at += n + (isize)strlen(end);
    return true;
}

// Character data belongs to the innermost node while that has no children.
static bool read_text(struct reader *r, bool cdata)
{
    struct t_xml_node *n = r->depth > 0 ? &r->x->nodes[r->open[r->depth - 1]] : NULL;
    isize from = r->x->text.n;
    if (cdata) {
        r->at += 9;
        isize end = str_find(rest(r), S("]]>"));
        if (end < 0) {
            return fail(r, "end of input in CDATA");
        }
        t_buf_put(&r->x->text, str_slice(r->in, r->at, r->at + end));
        r->at += end + 3;
    }
    while (!cdata && r->at < r->in.n && r->in.p[r->at] != '<') {
        if (looking_at(r, "]]>") || !read_char(r)) {
            return fail(r, "text");
        }
    }
    bool blank = true;
    for (isize i = from; i < r->x->text.n; i++) {
        blank = blank && str_is_space(r->x->text.p[i]);
    }
    if (!n || n->first >= 0) {
        r->x->text.n = from;
        if (n) {
            n->mixed = n->mixed || !blank;
        }
        return n || blank || fail(r, "text outside of the root");
    }
    n->n += r->x->text.n - from;
    return true;
}

static bool read_piece(struct reader *r)
{
    if (looking_at(r, "<!--")) {
        return skip_to(r, "-->");
    }
    if (looking_at(r, "<![CDATA[") && r->depth > 0) {
        return read_text(r, true);
    }
    if (looking_at(r, "<!")) {
        return fail(r, "DOCTYPE");
    }
    if (looking_at(r, "<?")) {
        return skip_to(r, "?>");
    }
    if (looking_at(r, "</")) {
        return read_close(r);
    }
    if (looking_at(r, "<")) {
        return (r->depth > 0 || r->x->node_count == 0) ? read_open(r) : fail(r, "two roots");
    }
    return read_text(r, false);
}

bool t_xml_parse(str in, struct t_xml *x)
{
    *x = (struct t_xml){.in = in};
    static struct reader r; // too large for the stack
    r = (struct reader){.x = x, .in = in};
    if (str_starts(in, S("\xEF\xBB\xBF"))) {
        r.at = 3;
    }
    if (!str_is_utf8(in)) {
        return fail(&r, "not UTF-8");
    }
    while (r.at < in.n) {
        if (!read_piece(&r)) {
            return false;
        }
    }
    return (r.depth == 0 && x->node_count > 0) || fail(&r, "end of input");
}

void t_xml_free(struct t_xml *x)
{
    t_free(x->nodes);
    t_free(x->attrs);
    t_buf_free(&x->text);
    *x = (struct t_xml){0};
}

// ---- looking at the tree
// -------------------------------------------------------------------------

str t_xml_text(const struct t_xml *x, int node)
{
    return node < 0 ? (str){0} : str_make(x->text.p + x->nodes[node].at, x->nodes[node].n);
}

bool t_xml_has_attr(const struct t_xml *x, int node, const char *name)
{
    for (int i = 0; node >= 0 && i < x->nodes[node].attr_count; i++) {
        const struct t_xml_attr *a = &x->attrs[x->nodes[node].attr + i];
        if (a->ns == T_NS_NONE && str_eq(a->name, str_from(name))) {
            return true;
        }
    }
    return false;
}

str t_xml_attr(const struct t_xml *x, int node, const char *name)
{
    for (int i = 0; node >= 0 && i < x->nodes[node].attr_count; i++) {
        const struct t_xml_attr *a = &x->attrs[x->nodes[node].attr + i];
        if (a->ns == T_NS_NONE && str_eq(a->name, str_from(name))) {
            return str_make(x->text.p + a->at, a->n);
        }
    }
    return (str){0};
}

bool t_xml_is(const struct t_xml *x, int node, const char *name)
{
    if (node < 0 || !str_eq(x->nodes[node].name, str_from(name + 2))) {
        return false;
    }
    for (isize i = 0; i < COUNT(known); i++) {
        if (known[i].letter == name[0]) {
            return x->nodes[node].ns == known[i].ns;
        }
    }
    return false;
}

int t_xml_child(const struct t_xml *x, int node, const char *name)
{
    int child = node < 0 ? -1 : x->nodes[node].first;
    while (child >= 0 && !t_xml_is(x, child, name)) {
        child = x->nodes[child].next;
    }
    return child;
}

int t_xml_path(const struct t_xml *x, int node, const char *const *names)
{
    for (int i = 0; names[i] && node >= 0; i++) {
        node = t_xml_child(x, node, names[i]);
    }
    return node;
}

void t_xml_position(const struct t_xml *x, isize offset, int *line, int *column)
{
    *line = *column = 1;
    for (isize i = 0; i < offset && i < x->in.n; i++) {
        bool end = x->in.p[i] == '\n';
        *line += end ? 1 : 0;
        *column = end ? 1 : *column + 1;
    }
}
