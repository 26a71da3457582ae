/*
 * Where a bucket is: what it is in and what it is called there.
 *
 * Both change together when it is renamed or moved, so they are one constant
 * record, which a bucket that moves exchanges for another. It is written with
 * `moving` of the environment held, inside the registries that it names and
 * will name. Whoever holds `moving`, or is inside one of these, may read it
 * and finds it constant; everybody else reads it in a read section: what was
 * there is freed after the last reader has left, and holds what it names until
 * then, so that a reader gets to the root by borrowed pointers.
 */
#include "bucket/bucket_internal.h"

#include <stdlib.h>
#include <string.h>

struct place *place_create(struct actor *supervisor, const struct key *name)
{
    struct place *place = malloc(sizeof(*place) + name->length + 1);

    if (!place)
        return NULL;
    place->supervisor = supervisor ? actor_ref(supervisor) : NULL;
    place->number = 0;
    place->name = (struct key){place->bytes, name->length};
    memcpy(place->bytes, name->name, name->length);
    place->bytes[name->length] = '\0';
    return place;
}

void place_destroy(struct place *place)
{
    if (!place)
        return;
    actor_unref(place->supervisor);
    free(place);
}

static void release(struct table_deferred *deferred)
{
    place_destroy(table_entry(deferred, struct place, deferred));
}

void place_change(struct bucket *bucket, struct place *place)
{
    struct place *old = atomic_load(&bucket->place);

    place->number = old->number + 1;
    atomic_store(&bucket->place, place);
    table_defer(&old->deferred, release);
    actor_relabel(&bucket->actor);
}

static const struct place *place_of(const struct bucket *bucket)
{
    return atomic_load(&((struct bucket *)bucket)->place);
}

const struct key *bucket_name(const struct bucket *bucket)
{
    return &place_of(bucket)->name;
}

struct actor *bucket_supervisor(const struct bucket *bucket)
{
    return place_of(bucket)->supervisor;
}

static struct bucket *bucket_of_supervisor(struct actor *supervisor)
{
    return supervisor && supervisor->class == &bucket_class ? bucket_of_actor(supervisor) : NULL;
}

struct bucket *bucket_parent(const struct bucket *bucket)
{
    return bucket_of_supervisor(bucket_supervisor(bucket));
}

struct bucket *bucket_hold_parent(const struct bucket *bucket)
{
    struct bucket *parent;

    table_read_begin();
    parent = bucket_parent(bucket);
    if (parent)
        actor_ref(&parent->actor);
    table_read_end();
    return parent;
}

static uint64_t number_of_parent(const struct bucket *bucket)
{
    const struct bucket *parent = bucket_parent(bucket);

    return parent ? parent->inode.number : INODE_ROOT;
}

uint64_t bucket_parent_number(const struct bucket *bucket)
{
    uint64_t number;

    table_read_begin();
    number = number_of_parent(bucket);
    table_read_end();
    return number;
}

void bucket_get_place(const struct bucket *bucket, struct bucket_place *ret_place)
{
    const struct place *place;

    table_read_begin();
    place = place_of(bucket);
    ret_place->supervisor = place->supervisor ? actor_ref(place->supervisor) : NULL;
    ret_place->number = place->number;
    ret_place->length = place->name.length < BUCKET_NAME_MAX ? place->name.length : BUCKET_NAME_MAX;
    memcpy(ret_place->name, place->bytes, ret_place->length);
    ret_place->name[ret_place->length] = '\0';
    table_read_end();
    ret_place->parent_number = ret_place->supervisor && bucket_of_supervisor(ret_place->supervisor)
                                   ? bucket_of_supervisor(ret_place->supervisor)->inode.number
                                   : INODE_ROOT;
}

void bucket_place_release(struct bucket_place *place)
{
    actor_unref(place->supervisor);
}

bool bucket_stayed_in_place(const struct bucket *bucket, const struct bucket_place *place)
{
    bool stayed;

    table_read_begin();
    stayed = place_of(bucket)->number == place->number;
    table_read_end();
    return stayed;
}

/* [reader] Written from its end: the last name first. */
static char *write_path(const struct bucket *bucket, char *buffer, char *end)
{
    for (const struct bucket *at = bucket; at; at = bucket_parent(at)) {
        const struct key *name = bucket_name(at);

        if ((size_t)(end - buffer) < name->length + (at != bucket))
            break;
        if (at != bucket)
            *--end = '/';
        end -= name->length;
        memcpy(end, name->name, name->length);
    }
    return end;
}

/* [reader] A move between two steps may be seen halfway; who must not see one holds `moving`. */
void bucket_path(const struct bucket *bucket, char *buffer, size_t size)
{
    char *end = buffer + size - 1;
    char *start;

    *end = '\0';
    table_read_begin();
    start = write_path(bucket, buffer, end);
    table_read_end();
    memmove(buffer, start, (size_t)(buffer + size - start));
}

void place_label(const struct bucket *bucket, char *buffer, size_t size)
{
    const struct key *name;
    size_t length;

    table_read_begin();
    name = bucket_name(bucket);
    length = name->length < size ? name->length : size - 1;
    memcpy(buffer, name->name, length);
    table_read_end();
    buffer[length] = '\0';
}
