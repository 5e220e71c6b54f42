// SPDX-License-Identifier: Apache-2.0
// libyaml's four allocation functions over the first-fit heap that TLS connections use too. Each
// piece is preceded by its size, which realloc needs.
#include "cli/yaml_heap.h"

#include <string.h>

#include "net/tls_heap.h"

#define YAML_HEAP_HEAD 16 // keeps the alignment

static struct tls_heap yaml_heap;

void yaml_heap_open(void *slab, isize bytes)
{
    tls_heap_init(&yaml_heap, slab, bytes);
}

void yaml_heap_close(void)
{
    tls_heap_reset(&yaml_heap);
    yaml_heap = (struct tls_heap){0};
}

isize yaml_heap_used(void)
{
    return yaml_heap.used;
}

void *yaml_heap_malloc(size_t bytes)
{
    if (bytes > SIZE_MAX / 2) {
        return NULL;
    }
    tls_heap_enter(&yaml_heap);
    u8 *p = tls_heap_calloc(1, bytes + YAML_HEAP_HEAD);
    tls_heap_leave();
    if (!p) {
        return NULL;
    }
    memcpy(p, &bytes, sizeof bytes);
    return p + YAML_HEAP_HEAD;
}

void yaml_heap_free(void *p)
{
    if (p) {
        tls_heap_enter(&yaml_heap);
        tls_heap_free((u8 *)p - YAML_HEAP_HEAD);
        tls_heap_leave();
    }
}

void *yaml_heap_realloc(void *old, size_t bytes)
{
    u8 *p = yaml_heap_malloc(bytes);
    if (p && old) {
        size_t before;
        memcpy(&before, (u8 *)old - YAML_HEAP_HEAD, sizeof before);
        memcpy(p, old, before < bytes ? before : bytes);
        yaml_heap_free(old);
    }
    return p;
}

char *yaml_heap_strdup(const char *s)
{
    size_t n = strlen(s) + 1;
    char *copy = yaml_heap_malloc(n);
    return copy ? memcpy(copy, s, n) : NULL;
}
