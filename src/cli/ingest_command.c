// SPDX-License-Identifier: Apache-2.0
// `elastic-ingest` (see ingest_command.h). Pure: arguments in, options or a text out.
#include "cli/ingest_command.h"

#include "cli/output.h"
#include "cli/service_types.h"
#include "service/prepare.h"

#define INGEST_TYPES_MAX 8
#define INGEST_SCHEMA_BYTES KIB(16) // outlook's has 4 KB
#define INGEST_DETAIL_BYTES 1024

enum { EXIT_DONE = 0, EXIT_USE = 2 };

static int ingest_usage(struct buf *out, str detail)
{
    buf_reset(out);
    ingest_put_usage_error(out, detail);
    return EXIT_USE;
}

static int ingest_list(struct buf *out)
{
    const char *names[INGEST_TYPES_MAX];
    int count = 0;
    while (count < INGEST_TYPES_MAX && service_types_at(count)) {
        names[count] = service_types_at(count)->name;
        count++;
    }
    ingest_put_list(out, names, count);
    return EXIT_DONE;
}

// The schema needs a place of its own: at the end of `out`, which is large enough for both.
static int ingest_config(const struct ingest *in, struct buf *out)
{
    const struct service_type *type = service_types_find(in->service_type);
    if (!type) {
        u8 bytes[INGEST_DETAIL_BYTES];
        struct buf detail = buf_over(bytes, COUNT(bytes));
        buf_put(&detail, in->service_type.n ? S("Could not find a connector for service type ")
                                            : S("--service-type is missing"));
        output_put_clean(&detail, in->service_type, 100);
        return ingest_usage(out, buf_str(&detail));
    }
    ASSERT(out->cap > 2 * INGEST_SCHEMA_BYTES);
    struct buf schema = buf_over(out->p + out->cap - INGEST_SCHEMA_BYTES, INGEST_SCHEMA_BYTES);
    struct buf front = buf_over(out->p, out->cap - INGEST_SCHEMA_BYTES);
    prepare_put_schema(&schema, type->schema);
    ingest_put_config(&front, in->service_type, buf_str(&schema));
    out->n = front.n;
    return EXIT_DONE;
}

static int ingest_serve(const struct ingest *in, struct options *o)
{
    *o = (struct options){
        .command = COMMAND_SERVE,
        .config_path = in->config_path,
        .config_given = in->config_given,
        .log_level_given = in->log_level_given,
        .log_level = in->log_level,
        .ingest = true,
        .filebeat = in->filebeat,
        .services = in->services,
    };
    return INGEST_COMMAND_SERVES;
}

int ingest_command(struct options *o, int argc, char **argv, struct buf *out)
{
    struct ingest in;
    u8 bytes[INGEST_DETAIL_BYTES];
    struct buf detail = buf_over(bytes, COUNT(bytes));
    err e = ingest_parse(&in, argc, argv, &detail);
    if (!err_ok(e)) {
        return ingest_usage(out, buf_str(&detail));
    }
    switch (in.command) {
    case INGEST_SERVE:
        return ingest_serve(&in, o);
    case INGEST_LIST:
        return ingest_list(out);
    case INGEST_CONFIG:
        return ingest_config(&in, out);
    case INGEST_HELP:
        buf_put(out, str_from(ingest_help));
        return EXIT_DONE;
    case INGEST_VERSION:
        buf_put(out, S("mailferry " MAILFERRY_VERSION "\n"));
        return EXIT_DONE;
    }
    return EXIT_USE;
}
