// SPDX-License-Identifier: Apache-2.0
// The memory of libyaml: one slab, handed over for the time of reading config.yml and given back to
// the system afterwards. libyaml allocates through four functions without a context
// (third_party/libyaml/heap.h), so the slab is named by a file-scope pointer between open and
// close.
#ifndef CLI_YAML_HEAP_H
#define CLI_YAML_HEAP_H

#include "base/types.h"

void yaml_heap_open(void *slab, isize bytes); // aligned to 16
void yaml_heap_close(void);                   // wipes it: the file may hold secrets
isize yaml_heap_used(void);                   // bytes that libyaml has not given back; for tests

void *yaml_heap_malloc(size_t bytes);
void *yaml_heap_realloc(void *old, size_t bytes);
void yaml_heap_free(void *p);
char *yaml_heap_strdup(const char *s);

#endif
