/*
 * Extents are slots of areas, which are mapped as a whole: each extent mapped
 * by itself would soon be more mappings than a process may have (65,530), and
 * unmapping one in the middle of others can fail for the same reason. An area
 * is aligned to its size, by which an extent finds it; its first slot holds
 * what is known about it. All areas but one are unmapped when they are empty.
 */
#include "base/extent.h"

#include "base/lock.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include <urcu/list.h>

#define SLOTS 64
#define AREA_SIZE (SLOTS * EXTENT_SIZE)
#define ALL_FREE (~UINT64_C(1))

struct area {
    struct cds_list_head link; /* in `open` while it has a free slot */
    uint64_t free;             /* a bit for each slot */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct lock lock;
static CDS_LIST_HEAD(open); /* guarded by lock, with what is in it */
static uint64_t count;      /* guarded by lock */

static void prepare(void)
{
    lock_init(&lock);
}

static void enter(void)
{
    pthread_once(&once, prepare);
    lock_acquire(&lock);
}

/* Maps twice as much and gives back what lies before and behind the aligned part. */
static struct area *map_area(void)
{
    unsigned char *start =
        mmap(NULL, 2 * AREA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    struct area *area;
    size_t before;

    if (start == MAP_FAILED)
        return NULL;
    before = (AREA_SIZE - (uintptr_t)start % AREA_SIZE) % AREA_SIZE;
    if (before > 0)
        (void)munmap(start, before);
    (void)munmap(start + before + AREA_SIZE, AREA_SIZE - before);
    area = (struct area *)(void *)(start + before);
    /* A huge page would cost its 2 MiB for one page that is written. */
    (void)madvise(area, AREA_SIZE, MADV_NOHUGEPAGE);
    area->free = ALL_FREE;
    cds_list_add(&area->link, &open);
    return area;
}

/* Another area has room. One that can't be unmapped stays. */
static void unmap_if_empty(struct area *area)
{
    if (area->free != ALL_FREE || area->link.next == area->link.prev)
        return;
    cds_list_del(&area->link);
    if (munmap(area, AREA_SIZE) < 0)
        cds_list_add_tail(&area->link, &open);
}

void *extent_create(void)
{
    struct area *area;
    unsigned slot = 0;

    enter();
    area = cds_list_empty(&open) ? map_area() : cds_list_first_entry(&open, struct area, link);
    if (area) {
        slot = (unsigned)__builtin_ctzll(area->free);
        area->free &= area->free - 1;
        if (area->free == 0)
            cds_list_del(&area->link);
        count++;
    }
    lock_release(&lock);
    return area ? (unsigned char *)area + slot * EXTENT_SIZE : NULL;
}

void extent_destroy(void *extent)
{
    uintptr_t in_area = (uintptr_t)extent % AREA_SIZE;
    struct area *area;

    if (!extent)
        return;
    extent_clear(extent, 0, EXTENT_SIZE);
    area = (struct area *)(void *)((unsigned char *)extent - in_area);
    enter();
    assert(!(area->free >> in_area / EXTENT_SIZE & 1));
    if (area->free == 0)
        cds_list_add(&area->link, &open);
    area->free |= UINT64_C(1) << in_area / EXTENT_SIZE;
    count--;
    unmap_if_empty(area);
    lock_release(&lock);
}

/* The system's pages may be larger than ours. */
void extent_clear(void *extent, size_t offset, size_t length)
{
    if (madvise((unsigned char *)extent + offset, length, MADV_DONTNEED) < 0)
        memset((unsigned char *)extent + offset, 0, length);
}

uint64_t extent_count(void)
{
    uint64_t n;

    enter();
    n = count;
    lock_release(&lock);
    return n;
}
