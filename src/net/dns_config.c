// SPDX-License-Identifier: Apache-2.0
// The two text files of name resolution, as resolv.conf(5) and hosts(5) describe them: servers,
// search list and options; and addresses with their names. Pure but for interface names in the
// zones of servers. Lines that make no sense are passed over, as every resolver does: these files
// belong to the host, not to us. The domain of the host's own name is not taken as a search list
// where there is none.
#include "net/dns.h"

#include <string.h>

enum {
    DNS_PORT = 53,
    DNS_NDOTS_MAX = 15, // the caps of resolv.conf(5)
    DNS_TIMEOUT_MAX_S = 30,
    DNS_ATTEMPTS_MAX = 5,
};

// Takes the next line off *text, without what follows the first byte of `comment`.
static str dns_next_line(str *text, str comment)
{
    bool found;
    str line;
    *text = str_cut(*text, '\n', &line, &found);
    for (isize i = 0; i < comment.n; i++) {
        (void)str_cut(line, comment.p[i], &line, &found);
    }
    return line;
}

// Takes the next word off *line; empty at its end.
static str dns_next_word(str *line)
{
    str s = str_trim(*line);
    isize n = 0;
    while (n < s.n && !str_is_space(s.p[n])) {
        n++;
    }
    *line = str_from_index(s, n);
    return str_slice(s, 0, n);
}

static void dns_config_server(struct dns_config *config, str word)
{
    struct os_addr addr;
    bool zoned;
    str bare;
    str zone = str_cut(word, '%', &bare, &zoned);
    u32 scope = zoned ? os_interface_index(zone) : 0;
    if (config->server_count < DNS_SERVERS_MAX && os_addr_parse(scope ? bare : word, &addr)) {
        addr.port = DNS_PORT;
        addr.scope = scope ? scope : addr.scope;
        config->servers[config->server_count++] = addr;
    }
}

static void dns_config_search(struct dns_config *config, str line)
{
    config->search_count = 0; // the last `search` or `domain` wins
    for (str word = dns_next_word(&line); word.n; word = dns_next_word(&line)) {
        struct dns_name name;
        if (str_ends(word, S("."))) {
            word.n--;
        }
        if (config->search_count < DNS_SEARCH_MAX && err_ok(dns_name_parse(word, &name))) {
            memcpy(config->search[config->search_count], word.p, (size_t)word.n);
            config->search_bytes[config->search_count++] = (int)word.n;
        }
    }
}

// The number of "name:number" when `word` is that option, kept between the bounds.
static bool dns_config_option(str word, str name, int low, int high, int *out)
{
    u64 value;
    if (!str_starts(word, name) || !str_to_u64(str_from_index(word, name.n), &value)) {
        return false;
    }
    *out = value < (u64)low ? low : value > (u64)high ? high : (int)value;
    return true;
}

static void dns_config_options(struct dns_config *config, str line)
{
    for (str word = dns_next_word(&line); word.n; word = dns_next_word(&line)) {
        int seconds;
        if (dns_config_option(word, S("timeout:"), 1, DNS_TIMEOUT_MAX_S, &seconds)) {
            config->timeout_ms = seconds * 1000;
        }
        (void)dns_config_option(word, S("ndots:"), 0, DNS_NDOTS_MAX, &config->ndots);
        (void)dns_config_option(word, S("attempts:"), 1, DNS_ATTEMPTS_MAX, &config->attempts);
    }
}

void dns_config_parse(struct dns_config *config, str resolv_conf, str hosts)
{
    *config = (struct dns_config){.ndots = 1, .timeout_ms = 5000, .attempts = 2, .hosts = hosts};
    while (resolv_conf.n) {
        str line = dns_next_line(&resolv_conf, S("#;"));
        str key = dns_next_word(&line);
        if (str_eq(key, S("nameserver"))) {
            dns_config_server(config, dns_next_word(&line));
        } else if (str_eq(key, S("search"))) {
            dns_config_search(config, line);
        } else if (str_eq(key, S("domain"))) {
            dns_config_search(config, dns_next_word(&line));
        } else if (str_eq(key, S("options"))) {
            dns_config_options(config, line);
        }
    }
    if (config->server_count == 0) {
        dns_config_server(config, S("127.0.0.1"));
    }
}

static bool dns_line_names(str line, str name)
{
    for (str word = dns_next_word(&line); word.n; word = dns_next_word(&line)) {
        if (str_eq_nocase(word, name)) {
            return true;
        }
    }
    return false;
}

static void dns_add_address(const struct os_addr *a, struct dns_addresses *v4,
                            struct dns_addresses *v6)
{
    struct dns_addresses *to = a->v6 ? v6 : v4;
    if (to->count < DNS_ADDRS_MAX) {
        memcpy(to->ip[to->count++], a->ip, 16);
    }
}

bool dns_hosts_find(str hosts, str name, struct dns_addresses *v4, struct dns_addresses *v6)
{
    v4->count = v6->count = 0;
    while (hosts.n) {
        struct os_addr addr;
        str line = dns_next_line(&hosts, S("#"));
        str word = dns_next_word(&line);
        // A zone is lost in struct dns_addresses: such a line could not be connected to.
        if (word.n && os_addr_parse(word, &addr) && !addr.scope && dns_line_names(line, name)) {
            dns_add_address(&addr, v4, v6);
        }
    }
    bool local = str_eq_nocase(name, S("localhost")) ||
                 (name.n > 10 && str_eq_nocase(str_from_index(name, name.n - 10), S(".localhost")));
    if (local && v4->count + v6->count == 0) {
        dns_add_address(&(struct os_addr){.ip = {[15] = 1}, .v6 = true}, v4, v6);
        dns_add_address(&(struct os_addr){.ip = {127, 0, 0, 1}}, v4, v6);
    }
    return v4->count + v6->count > 0;
}
