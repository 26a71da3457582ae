/*
 * What every engine must do, run for each; and the seam itself.
 */
#include "store/store.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static struct store *(*const engines[])(void) = {store_memory_create};

#define ENGINES (sizeof(engines) / sizeof(*engines))

static struct change change_of(enum change_kind kind)
{
    return (struct change){
        .kind = kind,
        .bucket = 2,
        .ino = 3,
        .time = 1,
        .name = "milk",
        .name_length = 4,
        .to_name = "oat",
        .to_name_length = 3,
        .offset = 5,
        .bytes = "4\n",
        .length = 2,
        .set = CHANGE_SET_MODE | CHANGE_SET_SIZE,
        .attributes = {.mode = 0600, .size = 7},
    };
}

Test(store, keeps_every_kind_of_change)
{
    for (size_t i = 0; i < ENGINES; i++) {
        struct store *store = engines[i]();

        cr_assert(store);
        for (int kind = CHANGE_ADD; kind <= CHANGE_SET; kind++) {
            struct change change = change_of(kind);

            cr_expect_eq(store_write(store, &change), 0, "%s refuses %d", store->engine->name, kind);
        }
        store_destroy(store);
    }
}

Test(store, leaves_a_change_as_it_was)
{
    for (size_t i = 0; i < ENGINES; i++) {
        struct store *store = engines[i]();
        struct change change;
        struct change before;

        memset(&change, 0, sizeof(change));
        change.name = "milk";
        change.name_length = 4;
        memcpy(&before, &change, sizeof(before));
        cr_assert_eq(store_write(store, &change), 0);
        cr_expect_eq(memcmp(&before, &change, sizeof(before)), 0);
        store_destroy(store);
    }
}

Test(store, every_engine_says_its_name)
{
    for (size_t i = 0; i < ENGINES; i++) {
        struct store *store = engines[i]();

        cr_expect(store->engine->name[0]);
        store_destroy(store);
    }
}

Test(store, destroying_none_is_fine)
{
    store_destroy(NULL);
}

/* An engine of the test's own, at the seam. */
struct refuser {
    struct store store;
    const struct change *seen;
    int destroyed;
};

static int refuse(struct store *store, const struct change *change)
{
    ((struct refuser *)store)->seen = change;
    return -EROFS;
}

static void note_destroyed(struct store *store)
{
    ((struct refuser *)store)->destroyed++;
}

Test(store, an_engine_gets_what_is_written_and_its_answer_is_passed_on)
{
    static const struct store_engine engine = {"refuser", refuse, note_destroyed};
    struct refuser refuser = {.store = {&engine}};
    struct change change = change_of(CHANGE_WRITE);

    cr_assert_eq(store_write(&refuser.store, &change), -EROFS);
    cr_assert_eq(refuser.seen, &change);
    store_destroy(&refuser.store);
    cr_assert_eq(refuser.destroyed, 1);
}
