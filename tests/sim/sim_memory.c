// SPDX-License-Identifier: Apache-2.0
// Memory of the fake os.h: real mappings, so that what was given back cannot be touched. They are
// given back together at the end of a run, however it ended.
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

#include "sim.h"
#include "sim_memory.h"

enum { REGIONS_MAX = 32 };

static struct {
    u8 *p;
    isize bytes;
    int owner;
} regions[REGIONS_MAX];

void *os_reserve(isize bytes)
{
    void *p = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ASSERT(p != MAP_FAILED);
    for (int i = 0; i < REGIONS_MAX; i++) {
        if (regions[i].bytes == 0) {
            regions[i].p = p;
            regions[i].bytes = bytes;
            regions[i].owner = host_selected();
            sim_trace("reserve %td", bytes);
            return p;
        }
    }
    sim_violation("more than %d reservations", REGIONS_MAX);
}

void os_trim(void *p, isize reserved_bytes, isize keep)
{
    isize page = 4096, from = (keep + page - 1) / page * page;
    for (int i = 0; i < REGIONS_MAX; i++) {
        if (regions[i].bytes && regions[i].p == p) {
            if (regions[i].bytes != reserved_bytes || keep > reserved_bytes) {
                sim_violation("a reservation of %td is trimmed as one of %td", regions[i].bytes,
                              reserved_bytes);
            }
            if (from < reserved_bytes) {
                munmap(regions[i].p + from, (size_t)(reserved_bytes - from));
            }
            regions[i].bytes = keep;
            return;
        }
    }
    sim_violation("what was not reserved is trimmed");
}

void memory_free_all(void)
{
    for (int i = 0; i < REGIONS_MAX; i++) {
        if (regions[i].bytes && regions[i].owner == host_selected()) {
            isize page = 4096;
            munmap(regions[i].p, (size_t)((regions[i].bytes + page - 1) / page * page));
            regions[i].bytes = 0;
        }
    }
}

i64 host_reserved_bytes(void)
{
    i64 n = 0;
    for (int i = 0; i < REGIONS_MAX; i++) {
        n += regions[i].owner == host_selected() ? regions[i].bytes : 0;
    }
    return n;
}
