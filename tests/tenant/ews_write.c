// SPDX-License-Identifier: Apache-2.0
// Answers of the fake Exchange as XML. Real servers choose prefixes freely, so there are three
// styles: 0 as Exchange 2016 writes (s:, h:, m:, t:), 1 no prefix at all but a default namespace
// wherever it changes, 2 soap:, messages as the default namespace and `types:`.
//
// Odd bytes of a text become what a careless store sends: a control byte is written as a character
// reference that XML forbids, a UTF-8 encoded surrogate likewise, CR as &#xD;.
#include <string.h>

#include "ews.h"

#define SOAP "http://schemas.xmlsoap.org/soap/envelope/"
#define M "http://schemas.microsoft.com/exchange/services/2006/messages"
#define T "http://schemas.microsoft.com/exchange/services/2006/types"
#define XSI "http://www.w3.org/2001/XMLSchema-instance"
#define XSD "http://www.w3.org/2001/XMLSchema"

static void end_tag(struct ews_out *w)
{
    if (w->in_tag) {
        t_buf_byte(w->b, '>');
        w->in_tag = false;
    }
}

static void put_name(struct ews_out *w, const char *name)
{
    bool bare = w->style == 1 || (w->style == 2 && name[0] == 'm');
    if (!bare) {
        t_buf_z(w->b, w->style == 2 ? "types" : name[0] == 'm' ? "m" : "t");
        t_buf_byte(w->b, ':');
    }
    t_buf_z(w->b, name + 2);
}

void x_open(struct ews_out *w, const char *name)
{
    end_tag(w);
    ASSERT(w->depth < T_XML_DEPTH);
    t_buf_byte(w->b, '<');
    put_name(w, name);
    char outer = w->depth > 0 ? w->open[w->depth - 1] : 0;
    if (w->style == 1 && outer != name[0]) {
        t_buf_printf(w->b, " xmlns=\"%s\"", name[0] == 'm' ? M : T);
    }
    w->open[w->depth++] = name[0];
    w->in_tag = true;
}

static void put_reference(struct ews_out *w, u32 c)
{
    t_buf_printf(w->b, "&#x%X;", (unsigned)c);
}

static void put_escaped(struct ews_out *w, str s, bool attribute)
{
    isize from = 0;
    for (isize i = 0; i < s.n; i++) {
        u8 c = s.p[i];
        const char *entity = c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : NULL;
        entity = c == '"' && attribute ? "&quot;" : entity;
        bool surrogate = c == 0xED && i + 2 < s.n && s.p[i + 1] >= 0xA0;
        bool control = c < 32 && c != '\n' && (c != '\t' || attribute);
        if (!entity && !surrogate && !control) {
            continue;
        }
        t_buf_put(w->b, str_slice(s, from, i));
        if (entity) {
            t_buf_z(w->b, entity);
        } else if (surrogate) {
            put_reference(w, 0xD000u | (u32)(s.p[i + 1] & 0x3F) << 6 | (s.p[i + 2] & 0x3F));
            i += 2;
        } else {
            put_reference(w, c);
        }
        from = i + 1;
    }
    t_buf_put(w->b, str_from_index(s, from));
}

void x_attr(struct ews_out *w, const char *name, str value)
{
    ASSERT(w->in_tag);
    t_buf_printf(w->b, " %s=\"", name);
    put_escaped(w, value, true);
    t_buf_byte(w->b, '"');
}

void x_close(struct ews_out *w, const char *name)
{
    ASSERT(w->depth > 0);
    w->depth--;
    if (w->in_tag) {
        t_buf_z(w->b, w->style == 0 ? "/>" : " />");
        w->in_tag = false;
        return;
    }
    t_buf_z(w->b, "</");
    put_name(w, name);
    t_buf_byte(w->b, '>');
}

void x_put(struct ews_out *w, str text)
{
    if (text.n > 0) {
        end_tag(w);
        put_escaped(w, text, false);
    }
}

void x_raw(struct ews_out *w, str bytes)
{
    end_tag(w);
    t_buf_put(w->b, bytes);
}

void x_text(struct ews_out *w, const char *name, str text)
{
    x_open(w, name);
    x_put(w, text);
    x_close(w, name);
}

void x_z(struct ews_out *w, const char *name, const char *text)
{
    x_text(w, name, str_from(text));
}

void x_num(struct ews_out *w, const char *name, i64 n)
{
    x_open(w, name);
    end_tag(w);
    t_buf_printf(w->b, "%lld", (long long)n);
    x_close(w, name);
}

void x_id(struct ews_out *w, const char *name, const struct tenant *t, struct ews_id id,
          int version, bool sync)
{
    struct t_buf text = {0};
    ews_id_put(t, id, &text);
    x_open(w, name);
    x_attr(w, "Id", t_buf_str(&text));
    if (id.kind != EWS_ID_ATTACHMENT) {
        text.n = 0;
        ews_change_key_put(id, version, sync, &text);
        x_attr(w, "ChangeKey", t_buf_str(&text));
    }
    x_close(w, name);
    t_buf_free(&text);
}

// ---- envelopes
// -----------------------------------------------------------------------------------

void x_begin(struct ews_out *w, const char *operation)
{
    const char *soap = w->style == 2 ? "soap" : "s";
    t_buf_z(w->b, "<?xml version=\"1.0\" encoding=\"utf-8\"?>");
    if (w->style == 0) {
        t_buf_printf(w->b,
                     "<s:Envelope xmlns:s=\"" SOAP "\"><s:Header><h:ServerVersionInfo %s "
                     "xmlns:h=\"" T "\" xmlns=\"" T "\" xmlns:xsd=\"" XSD "\" xmlns:xsi=\"" XSI
                     "\"/></s:Header><s:Body xmlns:xsi=\"" XSI "\" xmlns:xsd=\"" XSD
                     "\"><m:%sResponse xmlns:m=\"" M "\" xmlns:t=\"" T "\"><m:ResponseMessages>",
                     w->server, operation);
    } else {
        t_buf_printf(w->b,
                     "<%s:Envelope xmlns:%s=\"" SOAP "\"%s>\r\n  <%s:Header>"
                     "<ServerVersionInfo xmlns=\"" T "\" %s />"
                     "</%s:Header>\r\n  <%s:Body><%sResponse xmlns=\"" M "\">\r\n"
                     "<ResponseMessages>",
                     soap, soap, w->style == 2 ? " xmlns:types=\"" T "\"" : "", soap, w->server,
                     soap, soap, operation);
    }
    w->open[0] = 'm';
    w->depth = 1;
    w->in_tag = false;
}

void x_finish(struct ews_out *w, const char *operation)
{
    end_tag(w);
    const char *m = w->style == 0 ? "m:" : "", *soap = w->style == 2 ? "soap" : "s";
    t_buf_printf(w->b, "</%sResponseMessages></%s%sResponse></%s:Body></%s:Envelope>", m, m,
                 operation, soap, soap);
}

static void open_message(struct ews_out *w, const char *operation, const char *class)
{
    char name[64] = "m:";
    strncat(name, operation, 30);
    strncat(name, "ResponseMessage", 20);
    x_open(w, name);
    x_attr(w, "ResponseClass", str_from(class));
}

void x_response(struct ews_out *w, const char *operation)
{
    open_message(w, operation, "Success");
    x_z(w, "m:ResponseCode", "NoError");
}

void x_response_end(struct ews_out *w, const char *operation)
{
    char name[64] = "m:";
    strncat(name, operation, 30);
    strncat(name, "ResponseMessage", 20);
    x_close(w, name);
}

static const struct {
    const char *code, *text;
} texts[] = {
    {"ErrorItemNotFound", "The specified object was not found in the store., The process failed "
                          "to get the correct properties."},
    {"ErrorFolderNotFound", "The specified folder could not be found in the store."},
    {"ErrorAccessDenied", "Access is denied. Check credentials and try again."},
    {"ErrorInvalidIdMalformed", "Id is malformed."},
    {"ErrorInvalidChangeKey", "The change key is invalid."},
    {"ErrorBatchProcessingStopped", "Batch processing of the items in the request has been "
                                    "stopped."},
    {"ErrorInvalidSyncStateData", "Synchronization state data is corrupt or otherwise invalid."},
    {"ErrorSyncFolderNotFound", "The folder to be synchronized could not be found."},
    {"ErrorNonExistentMailbox", "The SMTP address has no mailbox associated with it."},
    {"ErrorImpersonateUserDenied", "The account does not have permission to impersonate the "
                                   "requested user."},
    {"ErrorAccountDisabled", "The account that was used to submit this request is disabled."},
    {"ErrorMailboxMoveInProgress", "Mailbox move in progress. Try again later., Cannot open "
                                   "mailbox."},
    {"ErrorMailboxStoreUnavailable", "The mailbox database is temporarily unavailable., Cannot "
                                     "open mailbox."},
    {"ErrorServerBusy", "The server cannot service this request right now. Try again later."},
    {"ErrorInternalServerError", "An internal server error occurred. The operation failed."},
    {"ErrorInvalidServerVersion", "The specified server version is invalid."},
    {"ErrorMissingEmailAddress", "When making a request as an account that does not have a "
                                 "mailbox, you must specify the mailbox primary SMTP address for "
                                 "any distinguished folder Ids."},
    {"ErrorInvalidRequest", "The request is invalid."},
    {"ErrorInvalidPagingMaxRows", "The maximum number of rows must be greater than zero."},
    {"ErrorInvalidFractionalPagingParameters", "The numerator or denominator is invalid."},
    {"ErrorInvalidPropertyRequest", "The property can not be used with this type of request."},
    {"ErrorCannotOpenFileAttachment", "The attachment could not be opened."},
    {"ErrorItemCorrupt", "The item is corrupt."},
    {"ErrorContentConversionFailed", "Content conversion failed."},
    {"ErrorInvalidImpersonationHeaderData", "The impersonation principal name is invalid."},
    {"ErrorInvalidArgument", "The argument is invalid."},
};

const char *ews_error_text(const char *code)
{
    for (isize i = 0; i < COUNT(texts); i++) {
        if (strcmp(texts[i].code, code) == 0) {
            return texts[i].text;
        }
    }
    return "The operation failed.";
}

// What a client should know beside the code.
static void put_message_xml(struct ews_out *w, const char *code)
{
    bool busy = strcmp(code, "ErrorServerBusy") == 0;
    if (busy || strcmp(code, "ErrorInternalServerError") == 0) {
        x_open(w, "m:MessageXml");
        x_open(w, "t:Value");
        x_attr(w, "Name", busy ? S("BackOffMilliseconds") : S("InnerErrorResponseCode"));
        x_put(w, busy ? S(" 1000 ") : S("ErrorServerBusy"));
        x_close(w, "t:Value");
        x_close(w, "m:MessageXml");
    }
}

void x_error(struct ews_out *w, const char *operation, const char *code, const char *payload)
{
    bool warning = strcmp(code, "ErrorBatchProcessingStopped") == 0;
    open_message(w, operation, warning ? "Warning" : "Error");
    x_z(w, "m:MessageText", ews_error_text(code));
    x_z(w, "m:ResponseCode", code);
    x_num(w, "m:DescriptiveLinkKey", 0);
    put_message_xml(w, code);
    if (payload) {
        x_open(w, payload);
        x_close(w, payload);
    }
    x_response_end(w, operation);
}

// A fault has no response messages: faultcode and its kin are in no namespace.
void ews_fault_out(struct ews *c, const char *code, const char *message, const char *message_xml)
{
    struct t_response *r = c->r;
    struct ews_out w = {.b = &r->own};
    r->own.n = 0;
    r->status = 500;
    t_buf_printf(&r->own,
                 "<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:s=\"" SOAP
                 "\"><s:Body><s:Fault><faultcode xmlns:a=\"" T "\">a:%s</faultcode>"
                 "<faultstring xml:lang=\"en-US\">",
                 code);
    x_put(&w, str_from(message));
    t_buf_printf(&r->own,
                 "</faultstring><detail><e:ResponseCode xmlns:e=\"http://schemas.microsoft.com/"
                 "exchange/services/2006/errors\">%s</e:ResponseCode><e:Message "
                 "xmlns:e=\"http://schemas.microsoft.com/exchange/services/2006/errors\">",
                 code);
    x_put(&w, str_from(message));
    t_buf_z(&r->own, "</e:Message>");
    if (message_xml) {
        t_buf_printf(&r->own, "<t:MessageXml xmlns:t=\"" T "\">%s</t:MessageXml>", message_xml);
    }
    t_buf_z(&r->own, "</detail></s:Fault></s:Body></s:Envelope>");
}
