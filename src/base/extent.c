/*
 * Extents are slots of areas, which are mapped as a whole: each extent mapped
 * by itself would soon be more mappings than a process may have (65,530), and
 * unmapping one in the middle of others can fail for the same reason. An area
 * is aligned to its size, by which an extent finds it; its first slot holds
 * what is known about it. All areas but one are unmapped when they are empty.
 *
 * Rows have areas of their own, where all slots but those beside the first may
 * be on huge pages. To take a part of such a page back the system must split it,
 * so a row is cleared when all of it is gone, and free only then. A huge page
 * costs a fifth of what its small ones do, or many times that, if the system has
 * to move others first, or a virtual machine its host to ask: after such a one
 * there is none for a while.
 *
 * Rows that are kept ready have their pages already, which somebody made who had
 * the time, while another core does what those are for that take them. When
 * huge pages are dear they have small ones.
 */
#include "base/extent.h"

#include "base/clock.h"
#include "base/lock.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include <urcu/list.h>

#define PAGE_SIZE 4096 /* or more: then each is touched more than once */
#define SLOTS 64
#define AREA_SIZE (SLOTS * EXTENT_SIZE)
#define ROW_SIZE (EXTENTS_IN_ROW * EXTENT_SIZE)
#define ROW_BITS ((UINT64_C(1) << EXTENTS_IN_ROW) - 1)

struct area {
    struct cds_list_head link; /* in its kind's list while it has a free slot */
    uint64_t free;             /* a bit for each slot */
    uint64_t gone;             /* destroyed, while others of its row aren't */
    struct kind *kind;
};

struct kind {
    struct cds_list_head open; /* guarded by lock, with what is in it */
    uint64_t all_free;         /* what an area's `free` is if it is empty */
    bool rows;
    bool huge;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct lock lock;
static struct kind singles = {.open = CDS_LIST_HEAD_INIT(singles.open), .all_free = ~UINT64_C(1)};
static struct kind huge_rows = {
    .open = CDS_LIST_HEAD_INIT(huge_rows.open), .all_free = ~ROW_BITS, .rows = true, .huge = true};
static struct kind small_rows = {
    .open = CDS_LIST_HEAD_INIT(small_rows.open), .all_free = ~ROW_BITS, .rows = true};
static uint64_t count; /* guarded by lock, like the next */
static void *ready[EXTENT_READY_ROWS];
static unsigned ready_count;

/* Who is told when few of them are left. */
#define READY_FEW (EXTENT_READY_ROWS / 2)
static void (*_Atomic on_few)(void *context);
static void *_Atomic on_few_context;

/* A row that took longer to touch was dear; and how often as long there is none then. */
#define ROW_DEAR_NS (CLOCK_NS_PER_MS / 2)
#define ROW_PAUSES 8

static _Atomic int64_t rows_again_ns; /* when there may be rows; by clock_monotonic_ns() */

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
static struct area *map_area(struct kind *kind)
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
    /* A huge page costs its 2 MiB for one page that is written. */
    (void)madvise(area, kind->huge ? ROW_SIZE : AREA_SIZE, MADV_NOHUGEPAGE);
    if (kind->huge)
        (void)madvise((unsigned char *)area + ROW_SIZE, AREA_SIZE - ROW_SIZE, MADV_HUGEPAGE);
    area->free = kind->all_free;
    area->kind = kind;
    cds_list_add(&area->link, &kind->open);
    return area;
}

/* Another area has room. One that can't be unmapped stays. */
static void unmap_if_empty(struct area *area)
{
    const struct kind *kind = area->kind;

    if (area->free != kind->all_free || area->link.next == area->link.prev)
        return;
    cds_list_del(&area->link);
    if (munmap(area, AREA_SIZE) < 0)
        cds_list_add_tail(&area->link, &area->kind->open);
}

/* The first free slot, and as many behind it as `bits` has. */
static void *take(struct kind *kind, uint64_t bits)
{
    struct area *area;
    unsigned slot = 0;

    enter();
    area = cds_list_empty(&kind->open) ? map_area(kind) : cds_list_first_entry(&kind->open, struct area, link);
    if (area) {
        slot = (unsigned)__builtin_ctzll(area->free);
        area->free &= ~(bits << slot);
        if (area->free == 0)
            cds_list_del(&area->link);
        count += (unsigned)__builtin_popcountll(bits);
    }
    lock_release(&lock);
    return area ? (unsigned char *)area + slot * EXTENT_SIZE : NULL;
}

void *extent_create(void)
{
    return take(&singles, 1);
}

/* The system makes a page when it is touched. Zero it is, and remains. */
static void touch_each(unsigned char *from, size_t length)
{
    for (size_t i = 0; i < length; i += PAGE_SIZE)
        *(volatile unsigned char *)(from + i) = 0;
}

/* So much of a row that the system has a huge page for it, and all if it has none: then it was dear. */
static void touch_row(unsigned char *row, size_t length)
{
    int64_t before = clock_monotonic_ns();
    int64_t took;

    touch_each(row, length);
    took = clock_monotonic_ns() - before;
    if (took > ROW_DEAR_NS)
        atomic_store(&rows_again_ns, before + took * (1 + ROW_PAUSES));
}

/* NULL also while such pages are dear. */
static void *create_huge_row(size_t to_touch)
{
    void *row;

    if (clock_monotonic_ns() < atomic_load(&rows_again_ns))
        return NULL;
    row = take(&huge_rows, ROW_BITS);
    if (row)
        touch_row(row, to_touch);
    return row;
}

/* ---- rows that are ready ---- */

static void *take_ready(void)
{
    void *row = NULL;

    enter();
    if (ready_count > 0) {
        row = ready[--ready_count];
        count += EXTENTS_IN_ROW;
    }
    lock_release(&lock);
    return row;
}

/* False if there are enough. */
static bool keep(void *row)
{
    bool is_kept;

    enter();
    is_kept = ready_count < EXTENT_READY_ROWS;
    if (is_kept) {
        ready[ready_count++] = row;
        count -= EXTENTS_IN_ROW;
    }
    lock_release(&lock);
    return is_kept;
}

static unsigned count_ready(void)
{
    unsigned n;

    enter();
    n = ready_count;
    lock_release(&lock);
    return n;
}

static void destroy_row(unsigned char *row)
{
    for (int i = 0; i < EXTENTS_IN_ROW; i++)
        extent_destroy(row + i * EXTENT_SIZE);
}

static void *create_small_row(void)
{
    void *row = take(&small_rows, ROW_BITS);

    if (row && madvise(row, ROW_SIZE, MADV_POPULATE_WRITE) < 0)
        touch_each(row, ROW_SIZE);
    return row;
}

bool extent_make_ready(void)
{
    void *row;

    if (count_ready() >= EXTENT_READY_ROWS)
        return false;
    row = create_huge_row(ROW_SIZE);
    if (!row)
        row = create_small_row();
    if (!row)
        return false;
    if (keep(row))
        return true;
    destroy_row(row);
    return false;
}

void extent_drop_ready(void)
{
    void *row;

    while ((row = take_ready()))
        destroy_row(row);
}

/* Whoever is told uses both, so they are there in this order. */
void extent_keep_ready(void (*new_on_few)(void *context), void *context)
{
    if (new_on_few)
        atomic_store(&on_few_context, context);
    atomic_store(&on_few, new_on_few);
}

static void tell_if_few(void)
{
    void (*tell)(void *context) = atomic_load(&on_few);

    if (tell && count_ready() <= READY_FEW)
        tell(atomic_load(&on_few_context));
}

void *extent_create_row(void)
{
    void *row = take_ready();

    tell_if_few();
    return row ? row : create_huge_row(1);
}

/* ---- giving back ---- */

/* They are zeros. */
static void give_back(struct area *area, uint64_t slots)
{
    if (area->free == 0)
        cds_list_add(&area->link, &area->kind->open);
    area->free |= slots;
    unmap_if_empty(area);
}

/* Whether it was the last of its row, which then is nobody's. */
static bool row_is_gone(struct area *area, unsigned slot)
{
    uint64_t row = ROW_BITS << slot / EXTENTS_IN_ROW * EXTENTS_IN_ROW;

    area->gone |= UINT64_C(1) << slot;
    if ((area->gone & row) != row)
        return false;
    area->gone &= ~row;
    return true;
}

static void destroy_in_row(struct area *area, unsigned slot)
{
    unsigned first = slot / EXTENTS_IN_ROW * EXTENTS_IN_ROW;
    bool is_gone;

    enter();
    assert(!((area->free | area->gone) >> slot & 1));
    is_gone = row_is_gone(area, slot);
    count--;
    lock_release(&lock);
    if (!is_gone)
        return;
    extent_clear((unsigned char *)area + first * EXTENT_SIZE, 0, ROW_SIZE);
    enter();
    give_back(area, ROW_BITS << first);
    lock_release(&lock);
}

void extent_destroy(void *extent)
{
    uintptr_t in_area = (uintptr_t)extent % AREA_SIZE;
    struct area *area = (struct area *)(void *)((unsigned char *)extent - in_area);
    unsigned slot = (unsigned)(in_area / EXTENT_SIZE);

    if (!extent)
        return;
    if (area->kind->rows) {
        destroy_in_row(area, slot);
        return;
    }
    extent_clear(extent, 0, EXTENT_SIZE);
    enter();
    assert(!(area->free >> slot & 1));
    count--;
    give_back(area, UINT64_C(1) << slot);
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
