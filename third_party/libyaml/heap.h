// SPDX-License-Identifier: Apache-2.0
//
// Put before every file of libyaml: its four calls into libc's heap go to a pool of the program,
// which src/cli/yaml_heap.c owns and bounds.
#ifndef MAILFERRY_YAML_HEAP_H
#define MAILFERRY_YAML_HEAP_H

#include <stdlib.h>
#include <string.h>

void *yaml_heap_malloc(size_t bytes);
void *yaml_heap_realloc(void *old, size_t bytes);
void yaml_heap_free(void *p);
char *yaml_heap_strdup(const char *s);

#define malloc yaml_heap_malloc
#define realloc yaml_heap_realloc
#define free yaml_heap_free
#undef strdup
#define strdup yaml_heap_strdup

#endif
