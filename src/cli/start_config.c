// SPDX-License-Identifier: Apache-2.0
// Reading config.yml at start: the file, .env and the environment, variables, the tree, and the one
// connector that a one-shot sync serves. libyaml's memory is given back before the seal.
#include "cli/interpolate.h"
#include "cli/service_types.h"
#include "cli/start.h"
#include "cli/yaml_heap.h"
#include "os/os.h"

static str start_env_get(void *st, str name, bool *found)
{
    (void)st;
    u8 zero[256];
    struct buf b = buf_over(zero, COUNT(zero));
    buf_put(&b, name);
    buf_put_byte(&b, 0);
    *found = false;
    return b.full ? (str){0} : os_env((const char *)b.p, found);
}

static struct buf start_text(struct start *s, isize bytes)
{
    u8 *p = arena_try(&s->texts, 1, bytes);
    return buf_over(p, p ? bytes : 0);
}

// .env of the working directory, or the file that ENV_FILE names; a missing one is no error.
static err start_read_dot_env(struct start *s, struct interpolate_env *env)
{
    bool named;
    str path = os_env("ENV_FILE", &named);
    struct buf text = start_text(s, START_TEXT_BYTES);
    err e = os_file_read(named ? (const char *)path.p : ".env", &text, &s->detail);
    if (err_is(e, ERR_FILE_MISSING) && !named) {
        buf_reset(&s->detail);
        return OK;
    }
    TRY(e);
    env->dot_env = buf_str(&text);
    return env->lenient ? OK : interpolate_check_dot_env(env->dot_env, &s->detail);
}

// Variables whose very name is a key (`elasticsearch.host`) count as configuration, below the file.
static err start_add_environment(struct start *s, const struct interpolate_env *env)
{
    for (isize i = 0; os_env_at(i).n; i++) {
        str name;
        bool cut;
        str value = str_cut(os_env_at(i), '=', &name, &cut);
        if (str_find_byte(name, '.') > 0) {
            TRY(config_tree_add_path(&s->tree, name, value));
        }
    }
    str name, value;
    for (isize i = 0; interpolate_dot_env_at(env->dot_env, i, &name, &value); i++) {
        if (str_find_byte(name, '.') > 0) {
            TRY(config_tree_add_path(&s->tree, name, value));
        }
    }
    return OK;
}

static err start_load_yaml(struct start *s, str name, str text)
{
    void *slab = os_reserve(YAML_HEAP_BYTES);
    if (!slab) {
        return FAIL(START_MEMORY);
    }
    yaml_heap_open(slab, YAML_HEAP_BYTES);
    err e = config_load(&s->config, name, text, &s->texts, &s->detail);
    yaml_heap_close();
    os_trim(slab, YAML_HEAP_BYTES, 0);
    return e;
}

static err start_choose_connector(struct start *s)
{
    const struct config *config = &s->config;
    int hits = 0;
    for (int i = 0; i < config->connector_count; i++) {
        const struct config_connector *c = &config->connectors[i];
        str wanted = s->options->connector;
        bool fits = wanted.n ? str_eq(c->connector_id, wanted)
                             : service_types_find(c->service_type) != NULL;
        if (fits) {
            hits++;
            s->connector = c;
        }
    }
    s->type = hits == 1 ? service_types_find(s->connector->service_type) : NULL;
    if (s->type) {
        s->types = service_types_bit(s->connector->service_type);
        return OK;
    }
    buf_put(&s->detail, s->options->config_path);
    buf_put(&s->detail, hits > 1    ? S(": several fit, choose one with --connector ID; there are")
                        : hits == 1 ? S(": this version does not know its service_type; there are")
                                    : S(": none fits; there are"));
    for (int i = 0; i < config->connector_count; i++) {
        const struct config_connector *c = &config->connectors[i];
        buf_put(&s->detail, i ? S(", ") : S(" "));
        buf_put(&s->detail, c->connector_id.n ? c->connector_id : S("(without connector_id)"));
        buf_put(&s->detail, S(" ["));
        buf_put(&s->detail, c->service_type.n ? c->service_type : S("without service_type"));
        buf_put(&s->detail, S("]"));
    }
    buf_put(&s->detail, config->connector_count ? S("") : S(" no connectors"));
    return FAIL(CONFIG_CONNECTOR);
}

// The service types that may have to be served: those of `connectors` (or of the one that
// --connector names) and, in worker mode, those of the list. Without any, the first.
static void start_choose_types(struct start *s)
{
    const struct config *config = &s->config;
    bool serve = s->options->command == COMMAND_SERVE;
    for (int i = 0; i < config->connector_count; i++) {
        const struct config_connector *c = &config->connectors[i];
        str wanted = s->options->connector;
        if (wanted.n == 0 || str_eq(c->connector_id, wanted)) {
            s->types |= service_types_bit(c->service_type);
        }
    }
    for (int i = 0; serve && config->service.worker_mode && i < config->service.type_count; i++) {
        s->types |= service_types_bit(config->service.types[i]);
    }
    s->types = s->types ? s->types : 1;
}

err start_read_config(struct start *s)
{
    bool lenient;
    (void)os_env("ENVYAML_STRICT_DISABLE", &lenient);
    struct interpolate_env env = {.get = start_env_get, .lenient = lenient};
    config_tree_init(&s->tree, &s->texts);
    s->config.tree = &s->tree;
    // The file and its interpolated form are needed only until the tree is made.
    u8 *memory = os_reserve(2 * CONFIG_BYTES);
    if (!memory) {
        return FAIL(START_MEMORY);
    }
    struct buf file = buf_over(memory, CONFIG_BYTES);
    struct buf text = buf_over(memory + CONFIG_BYTES, CONFIG_BYTES);
    bool optional = s->options->command == COMMAND_LIMITS && !s->options->config_given;
    err e = os_file_read((const char *)s->options->config_path.p, &file, &s->detail);
    if (err_is(e, ERR_FILE_MISSING) && optional) {
        buf_reset(&s->detail);
        e = OK;
    } else if (!err_ok(e)) {
        if (err_is(e, ERR_FILE_MISSING) && !s->options->config_given) {
            buf_put(&s->detail,
                    S("; copy config.yml.example to config.yml, or name a file with --config"));
        } else if (err_is(e, ERR_BUF_FULL)) {
            buf_put(&s->detail, s->options->config_path);
        }
        return err_is(e, ERR_BUF_FULL) ? FAIL(CONFIG_TOO_LARGE) : e;
    }
    TRY(start_read_dot_env(s, &env));
    TRY(start_add_environment(s, &env));
    TRY(interpolate(buf_str(&file), &env, &text, &s->detail));
    TRY(start_load_yaml(s, s->options->config_path, buf_str(&text)));
    os_trim(memory, 2 * CONFIG_BYTES, 0);
    if (s->options->command == COMMAND_SYNC || s->options->command == COMMAND_CHECK) {
        return start_choose_connector(s);
    }
    start_choose_types(s); // the pools of `limits` depend on them, and on no credentials
    return OK;
}
