// SPDX-License-Identifier: Apache-2.0
// A source made ready for one record (see open.h).
#include "service/open.h"

#include "limits.h"
#include "net/crypto.h"

void sources_add(struct sources *s, struct source *source)
{
    ASSERT(s->count < SOURCES_MAX);
    s->all[s->count] = source;
    s->ops[s->count++] = source->ops;
    s->bytes = source_bytes_max(s->bytes, source->ops);
}

struct source *sources_find(const struct sources *s, str service_type)
{
    for (int i = 0; i < s->count; i++) {
        if (str_eq(str_from(s->all[i]->ops->service_type), service_type)) {
            return s->all[i];
        }
    }
    return NULL;
}

void open_init(struct open *o, struct plan *plan, struct values_checker *checker)
{
    *o = (struct open){.checker = checker};
    o->text_memory = plan_take(plan, "service values", CONNECTOR_RECORD_BYTES, 1,
                               "the configuration of one record, decoded");
    o->detail = buf_over(plan_take(plan, "service words", CONNECTOR_ERROR_BYTES, 1,
                                   "what is wrong with a configuration"),
                         CONNECTOR_ERROR_BYTES);
}

static bool open_toggle(const struct schema *schema, const struct values *v, str key)
{
    for (int i = 0; i < schema->count; i++) {
        if (str_eq(str_from(schema->fields[i].key), key)) {
            return v->fields[i].flag;
        }
    }
    return false;
}

err open_source(struct open *o, const struct sources *sources, const struct open_ask *ask)
{
    open_close(o);
    buf_reset(&o->detail);
    o->texts = arena_over(o->text_memory, CONNECTOR_RECORD_BYTES);
    struct source *source = sources_find(sources, ask->service_type);
    if (!source) {
        str type = ask->service_type;
        buf_put(&o->detail, str_slice(type, 0, type.n < CONNECTOR_ID_BYTES ? type.n : 0));
        return FAIL(SERVICE_TYPE_UNKNOWN);
    }
    const struct schema *schema = source->ops->schema;
    TRY(values_read(&o->values, schema, ask->json, ask->configuration, &o->texts));
    TRY(values_missing(&o->values, &o->detail));
    o->checker->waived = source->waived;
    TRY(values_check(&o->values, o->checker, &o->detail));
    struct source_setup setup = {
        .values = o->values.fields,
        .document_level_security = ask->document_level_security,
        .queries = ask->queries,
        .query_count = ask->query_count,
        .probe = ask->probe,
        .content = ask->content,
    };
    o->secured = ask->document_level_security &&
                 open_toggle(schema, &o->values, S("use_document_level_security"));
    o->source = source; // what configure() has read before it failed is wiped too
    return source->ops->configure(source->state, &setup, &o->detail);
}

void open_close(struct open *o)
{
    if (o->source) {
        o->source->ops->release(o->source->state);
    }
    crypto_wipe(o->text_memory, o->texts.n); // of whatever came of it
    o->texts = arena_over(o->text_memory, CONNECTOR_RECORD_BYTES);
    o->source = NULL;
}
