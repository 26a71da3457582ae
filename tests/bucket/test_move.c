#include "lib/buckets.h"

#include <errno.h>
#include <stdio.h>

static struct bucket *a, *b;

static void two_buckets(void)
{
    a = bucket_in(NULL, "a");
    b = bucket_in(NULL, "b");
}

static int move_with(struct bucket *from, const char *name, struct bucket *to, const char *to_name, unsigned flags)
{
    const struct bucket_end ends[2] = {{buckets_parent(from), KEY(name)}, {buckets_parent(to), KEY(to_name)}};
    struct bucket_moved moved;
    int rc = bucket_move(buckets_environment(), &ends[0], &ends[1], flags, &moved);

    if (moved.there)
        actor_unref(bucket_actor(moved.there));
    if (moved.back)
        actor_unref(bucket_actor(moved.back));
    return rc;
}

static int move(struct bucket *from, const char *name, struct bucket *to, const char *to_name)
{
    return move_with(from, name, to, to_name, 0);
}

static int exchange(struct bucket *from, const char *name, struct bucket *to, const char *to_name)
{
    return move_with(from, name, to, to_name, BUCKET_MOVE_EXCHANGE);
}

static const struct change_attributes long_ago = {.ctime = 1};

/* ---- values ---- */

BUCKET_TEST(move, of_a_value_takes_it_to_another_bucket)
{
    struct attributes before, after, was_a, was_b, is_a, is_b;
    struct value *milk;

    two_buckets();
    put(a, "milk", "3");
    milk = find_value(a, "milk", BUCKET_QUIETLY);
    cr_assert_eq(value_set_attributes(milk, CHANGE_SET_CTIME, &long_ago, &before), 0);
    was_a = attributes_of_bucket(a);
    was_b = attributes_of_bucket(b);
    cr_assert_eq(move(a, "milk", b, "oat"), 0);
    after = attributes_of(milk);
    is_a = attributes_of_bucket(a);
    is_b = attributes_of_bucket(b);

    cr_assert_null(get(a, "milk"));
    cr_assert_str_eq(get(b, "oat"), "3");
    cr_assert_eq(value_bucket(milk), b);
    cr_assert_eq(after.ino, before.ino);
    cr_assert_eq(after.nlink, 1);
    cr_assert_eq(after.mtime, before.mtime);
    cr_assert_gt(after.ctime, before.ctime);
    cr_assert(is_a.mtime > was_a.mtime && is_a.ctime > was_a.ctime);
    cr_assert(is_b.mtime > was_b.mtime && is_b.ctime > was_b.ctime);
    cr_assert_eq(stats_of(a).bytes, 0);
    cr_assert_eq(stats_of(b).bytes, 1);
    cr_assert_eq(value_write(milk, 0, "45", 2, 0), 0);
    cr_assert_str_eq(get(b, "oat"), "45");
    cr_assert_eq(stats_of(b).bytes, 2);
    value_unref(milk);
}

BUCKET_TEST(move, of_a_value_is_one_change_that_names_both_buckets)
{
    const struct change *change;
    int kept;

    two_buckets();
    put(a, "milk", "3");
    put(b, "oat", "old");
    kept = store_kept();
    cr_assert_eq(move(a, "milk", b, "oat"), 0);
    cr_assert_eq(store_kept(), kept + 1);
    change = store_last();
    cr_assert_eq(change->kind, CHANGE_MOVE);
    cr_assert_eq(change->bucket, bucket_inode(a)->number);
    cr_assert_eq(change->to_bucket, bucket_inode(b)->number);
    cr_assert_str_eq(change->name, "milk");
    cr_assert_str_eq(change->to_name, "oat");
    cr_assert(change->ino > 0 && change->to_ino > 0 && change->ino != change->to_ino);
}

BUCKET_TEST(move, of_a_value_replaces_a_value)
{
    struct value *replaced;

    two_buckets();
    put(a, "milk", "new");
    put(b, "milk", "older");
    put(b, "oat", "1");
    replaced = find_value(b, "milk", BUCKET_REMEMBER);
    cr_assert_eq(move(a, "milk", b, "milk"), 0);
    cr_assert_str_eq(get(b, "milk"), "new");
    cr_assert_eq(attributes_of(replaced).nlink, 0);
    cr_assert_eq(stats_of(b).bytes, 4);
    cr_assert_eq(stats_of(b).keys, 2);
    inode_forget(value_inode(replaced), 1);
    value_unref(replaced);
}

BUCKET_TEST(move, that_the_store_refuses_changes_nothing)
{
    struct bucket *c;

    two_buckets();
    c = bucket_in(a, "c");
    put(a, "milk", "3");
    put(b, "oat", "4");
    store_refuse(0, -EIO);
    cr_assert_eq(move(a, "milk", b, "oat"), -EIO);
    cr_assert_eq(move(a, "milk", b, "new"), -EIO);
    cr_assert_eq(exchange(a, "milk", b, "oat"), -EIO);
    cr_assert_eq(exchange(a, "c", b, "oat"), -EIO);
    cr_assert_eq(move(a, "c", b, "c"), -EIO);
    cr_assert_eq(move(a, "c", a, "d"), -EIO);
    store_refuse(0, 0);
    cr_assert_str_eq(get(a, "milk"), "3");
    cr_assert_str_eq(get(b, "oat"), "4");
    cr_assert_null(get(b, "new"));
    cr_assert_eq(bucket_called(a, "c"), c);
    cr_assert_null(bucket_called(b, "c"));
    cr_assert_null(bucket_called(a, "d"));
    cr_assert_eq(stats_of(a).bytes, 1);
    cr_assert_eq(stats_of(b).keys, 1);
    /* It still shares the fate of where it is. */
    cr_assert_eq(bucket_kill(a), 0);
    cr_assert_not(actor_alive(bucket_actor(c)));
}

BUCKET_TEST(move, of_a_value_with_other_names_is_refused_between_buckets)
{
    struct attributes attributes;
    struct value *milk;

    two_buckets();
    put(a, "milk", "3");
    put(b, "oat", "4");
    milk = find_value(a, "milk", BUCKET_QUIETLY);
    cr_assert_eq(bucket_link_value(a, KEY("twin"), milk, BUCKET_QUIETLY, &attributes), 0);
    cr_assert_eq(move(a, "milk", b, "milk"), BUCKET_E_CANT_MOVE);
    cr_assert_eq(exchange(b, "oat", a, "twin"), BUCKET_E_CANT_MOVE);
    cr_assert_eq(move(a, "milk", a, "twin"), 0);
    cr_assert_str_eq(get(a, "milk"), "3");
    cr_assert_eq(exchange(a, "milk", a, "twin"), 0);
    cr_assert_eq(attributes_of(milk).nlink, 2);
    value_unref(milk);
}

BUCKET_TEST(move, into_the_root_is_for_buckets)
{
    two_buckets();
    put(a, "milk", "3");
    cr_assert_eq(move(a, "milk", NULL, "milk"), BUCKET_E_NOT_IN_ROOT);
    cr_assert_eq(exchange(a, "milk", NULL, "b"), BUCKET_E_NOT_IN_ROOT);
    cr_assert_eq(exchange(NULL, "b", a, "milk"), BUCKET_E_NOT_IN_ROOT);
    cr_assert_str_eq(get(a, "milk"), "3");
}

BUCKET_TEST(move, keeps_the_target_if_told)
{
    two_buckets();
    put(a, "milk", "3");
    put(b, "oat", "4");
    cr_assert_eq(move_with(a, "milk", b, "oat", BUCKET_MOVE_KEEP_TARGET), BUCKET_E_EXISTS);
    cr_assert_eq(move_with(NULL, "a", NULL, "b", BUCKET_MOVE_KEEP_TARGET), BUCKET_E_EXISTS);
    cr_assert_eq(move_with(a, "milk", b, "new", BUCKET_MOVE_KEEP_TARGET), 0);
    cr_assert_str_eq(get(b, "new"), "3");
}

BUCKET_TEST(move, of_nothing_is_refused)
{
    two_buckets();
    put(b, "oat", "4");
    cr_assert_eq(move(a, "milk", b, "milk"), BUCKET_E_NOT_FOUND);
    cr_assert_eq(move(NULL, "milk", b, "milk"), BUCKET_E_NOT_FOUND);
    cr_assert_eq(exchange(a, "milk", b, "oat"), BUCKET_E_NOT_FOUND);
    cr_assert_eq(exchange(b, "oat", a, "milk"), BUCKET_E_NOT_FOUND);
    cr_assert_eq(exchange(b, "oat", b, "milk"), BUCKET_E_NOT_FOUND);
}

BUCKET_TEST(move, of_a_value_onto_a_bucket_or_the_other_way_round_is_refused)
{
    two_buckets();
    bucket_in(a, "c");
    put(b, "oat", "4");
    cr_assert_eq(move(a, "c", b, "oat"), BUCKET_E_NOT_BUCKET);
    cr_assert_eq(move(b, "oat", a, "c"), BUCKET_E_IS_BUCKET);
}

BUCKET_TEST(move, exchanges_values)
{
    struct value *milk, *oat;

    two_buckets();
    put(a, "milk", "3");
    put(b, "oat", "four");
    milk = find_value(a, "milk", BUCKET_QUIETLY);
    oat = find_value(b, "oat", BUCKET_QUIETLY);
    cr_assert_eq(exchange(a, "milk", b, "oat"), 0);
    cr_assert_str_eq(get(a, "milk"), "four");
    cr_assert_str_eq(get(b, "oat"), "3");
    cr_assert_eq(value_bucket(milk), b);
    cr_assert_eq(value_bucket(oat), a);
    cr_assert_eq(attributes_of(milk).nlink, 1);
    cr_assert_eq(stats_of(a).bytes, 4);
    cr_assert_eq(stats_of(b).bytes, 1);
    put(a, "other", "1");
    cr_assert_eq(exchange(a, "milk", a, "other"), 0);
    cr_assert_str_eq(get(a, "milk"), "1");
    cr_assert_str_eq(get(a, "other"), "four");
    cr_assert_eq(store_last()->kind, CHANGE_EXCHANGE);
    value_unref(milk);
    value_unref(oat);
}

/* ---- buckets ---- */

BUCKET_TEST(move, of_a_bucket_leaves_it_what_it_is)
{
    struct attributes was, is;
    struct bucket *c;
    char path[64];

    two_buckets();
    c = bucket_in(a, "c");
    put(c, "milk", "3");
    cr_assert_eq(bucket_set_attributes(c, CHANGE_SET_CTIME, &long_ago, &was), 0);
    cr_assert_eq(move(a, "c", b, "d"), 0);
    is = attributes_of_bucket(c);
    cr_assert_null(bucket_called(a, "c"));
    cr_assert_eq(bucket_called(b, "d"), c);
    cr_assert_eq(bucket_parent(c), b);
    cr_assert_eq(bucket_supervisor(c), bucket_actor(b));
    cr_assert_eq(bucket_parent_number(c), bucket_inode(b)->number);
    bucket_path(c, path, sizeof(path));
    cr_assert_str_eq(path, "b/d");
    cr_assert_str_eq(get(c, "milk"), "3");
    cr_assert(is.ino == was.ino && is.mtime == was.mtime && is.ctime > was.ctime);
    cr_assert_eq(attributes_of_bucket(a).nlink, 2);
    cr_assert_eq(attributes_of_bucket(b).nlink, 3);
    cr_assert_str_eq(buckets_story(), "start a, start b, start a/c, move b/d from a/c");
}

BUCKET_TEST(move, of_a_bucket_goes_into_the_root_and_out_of_it)
{
    struct bucket *c;

    two_buckets();
    c = bucket_in(a, "c");
    cr_assert_eq(move(a, "c", NULL, "c"), 0);
    cr_assert_null(bucket_parent(c));
    cr_assert_eq(bucket_called(NULL, "c"), c);
    cr_assert_eq(move(NULL, "c", NULL, "d"), 0);
    cr_assert_eq(bucket_called(NULL, "d"), c);
    cr_assert_null(bucket_called(NULL, "c"));
    cr_assert_eq(move(NULL, "d", b, "e"), 0);
    cr_assert_eq(bucket_called(b, "e"), c);
    cr_assert_eq(store_last()->bucket, INODE_ROOT);
    cr_assert_eq(move(b, "e", b, "f"), 0);
    cr_assert_eq(bucket_called(b, "f"), c);
    cr_assert_null(bucket_called(b, "e"));
    cr_assert_eq(attributes_of_bucket(b).nlink, 3);
}

BUCKET_TEST(move, of_a_bucket_changes_whose_fate_it_shares)
{
    struct bucket *c, *below;

    two_buckets();
    c = bucket_in(a, "c");
    below = bucket_in(c, "below");
    cr_assert_eq(move(a, "c", b, "c"), 0);
    cr_assert_eq(bucket_kill(a), 0);
    cr_assert(actor_alive(bucket_actor(c)) && actor_alive(bucket_actor(below)));
    cr_assert_eq(bucket_kill(b), 0);
    cr_assert_not(actor_alive(bucket_actor(c)) || actor_alive(bucket_actor(below)));
}

BUCKET_TEST(move, of_a_bucket_changes_who_stops_it)
{
    struct bucket *c;

    two_buckets();
    c = bucket_in(a, "c");
    cr_assert_eq(move(a, "c", b, "c"), 0);
    cr_assert_eq(bucket_stop_tree(a), 0);
    cr_assert(actor_alive(bucket_actor(c)));
    cr_assert_eq(bucket_stop_tree(b), 0);
    cr_assert_eq(actor_reason(bucket_actor(c))->code, REASON_NORMAL);
}

BUCKET_TEST(move, of_a_bucket_takes_its_policy_and_past_along)
{
    struct child_status status;
    struct bucket *again;

    two_buckets();
    cr_assert_eq(bucket_set_policy(bucket_in(a, "c"), RESTART_PERMANENT), 0);
    cr_assert_eq(bucket_kill(bucket_called(a, "c")), 0);
    cr_assert_eq(move(a, "c", b, "d"), 0);
    cr_assert_eq(bucket_get_status(bucket_called(b, "d"), &status), 0);
    cr_assert_eq(status.policy, RESTART_PERMANENT);
    cr_assert_eq(status.restarts, 1);
    cr_assert_eq(bucket_kill(bucket_called(b, "d")), 0);
    again = bucket_called(b, "d");
    cr_assert(again && actor_alive(bucket_actor(again)));
    cr_assert_eq(bucket_parent(again), b);
    cr_assert_eq(bucket_restarts(again), 2);
    cr_assert_null(bucket_called(a, "c"));
}

BUCKET_TEST(move, of_a_bucket_replaces_an_empty_one)
{
    struct bucket *c, *d;

    two_buckets();
    c = bucket_in(a, "c");
    d = bucket_in(b, "d");
    cr_assert_eq(bucket_set_policy(d, RESTART_PERMANENT), 0);
    cr_assert_eq(move(a, "c", b, "d"), 0);
    cr_assert_eq(bucket_called(b, "d"), c);
    cr_assert_eq(actor_reason(bucket_actor(d))->code, REASON_NORMAL);
    cr_assert(bucket_was_removed(d));
    cr_assert_eq(attributes_of_bucket(b).nlink, 3);
    cr_assert_eq(store_last()->to_ino, bucket_inode(d)->number);
}

BUCKET_TEST(move, of_a_bucket_onto_one_that_holds_something_is_refused)
{
    struct bucket *d;

    two_buckets();
    bucket_in(a, "c");
    d = bucket_in(b, "d");
    put(d, "milk", "3");
    cr_assert_eq(move(a, "c", b, "d"), BUCKET_E_NOT_EMPTY);
    cr_assert_eq(bucket_delete(d, KEY("milk")), 0);
    bucket_in(d, "e");
    cr_assert_eq(move(a, "c", b, "d"), BUCKET_E_NOT_EMPTY);
    cr_assert(actor_alive(bucket_actor(d)));
    cr_assert_eq(move(b, "d", NULL, "b"), BUCKET_E_NOT_EMPTY);
    cr_assert_eq(move(d, "e", NULL, "b"), BUCKET_E_NOT_EMPTY);
}

BUCKET_TEST(move, of_a_bucket_into_itself_is_refused)
{
    struct bucket *c, *d;

    two_buckets();
    c = bucket_in(a, "c");
    d = bucket_in(c, "d");
    put(d, "milk", "3");
    cr_assert_eq(move(NULL, "a", a, "x"), BUCKET_E_BELOW_ITSELF);
    cr_assert_eq(move(NULL, "a", c, "x"), BUCKET_E_BELOW_ITSELF);
    cr_assert_eq(move(NULL, "a", d, "x"), BUCKET_E_BELOW_ITSELF);
    cr_assert_eq(exchange(NULL, "a", d, "milk"), BUCKET_E_BELOW_ITSELF);
    cr_assert_eq(exchange(c, "d", NULL, "a"), BUCKET_E_BELOW_ITSELF);
    cr_assert_eq(move(NULL, "a", NULL, "a"), 0);
    cr_assert_eq(exchange(NULL, "a", NULL, "a"), 0);
    cr_assert_eq(move(c, "d", a, "c"), BUCKET_E_NOT_EMPTY);
    cr_assert_eq(bucket_called(c, "d"), d);
}

BUCKET_TEST(move, exchanges_buckets)
{
    struct bucket *c, *d, *below;

    two_buckets();
    c = bucket_in(a, "c");
    d = bucket_in(b, "d");
    below = bucket_in(d, "below");
    cr_assert_eq(bucket_set_policy(c, RESTART_PERMANENT), 0);
    cr_assert_eq(exchange(a, "c", b, "d"), 0);
    cr_assert_eq(bucket_called(a, "c"), d);
    cr_assert_eq(bucket_called(b, "d"), c);
    cr_assert_eq(exchange(NULL, "a", NULL, "b"), 0);
    cr_assert_eq(bucket_called(NULL, "a"), b);
    cr_assert_eq(bucket_called(NULL, "b"), a);
    cr_assert_eq(exchange(NULL, "a", a, "c"), 0);
    cr_assert_eq(bucket_called(NULL, "a"), d);
    cr_assert_eq(bucket_called(a, "c"), b);
    cr_assert_eq(bucket_kill(d), 0);
    cr_assert_not(actor_alive(bucket_actor(below)));
    cr_assert(actor_alive(bucket_actor(c)));
    cr_assert_eq(bucket_kill(a), 0);
    cr_assert_not(actor_alive(bucket_actor(b)) || actor_alive(bucket_actor(c)));
}

BUCKET_TEST(move, exchanges_a_bucket_with_a_value)
{
    struct bucket *c;

    two_buckets();
    c = bucket_in(a, "c");
    put(b, "oat", "4");
    cr_assert_eq(exchange(a, "c", b, "oat"), 0);
    cr_assert_str_eq(get(a, "c"), "4");
    cr_assert_eq(bucket_called(b, "oat"), c);
    cr_assert_null(bucket_called(a, "c"));
    cr_assert_null(get(b, "oat"));
    cr_assert_eq(attributes_of_bucket(a).nlink, 2);
    cr_assert_eq(attributes_of_bucket(b).nlink, 3);
    cr_assert_eq(stats_of(a).bytes, 1);
    cr_assert_eq(stats_of(b).bytes, 0);
    put(b, "milk", "3");
    cr_assert_eq(exchange(b, "milk", b, "oat"), 0);
    cr_assert_str_eq(get(b, "oat"), "3");
    cr_assert_eq(bucket_called(b, "milk"), c);
}

BUCKET_TEST(move, there_and_back_is_not_to_have_stayed)
{
    struct bucket_place place;
    struct bucket *c;

    two_buckets();
    c = bucket_in(a, "c");
    bucket_get_place(c, &place);
    cr_assert(bucket_stayed_in_place(c, &place));
    cr_assert_eq(place.supervisor, bucket_actor(a));
    cr_assert_str_eq(place.name, "c");
    cr_assert_eq(move(a, "c", b, "c"), 0);
    cr_assert_eq(move(b, "c", a, "c"), 0);
    cr_assert_not(bucket_stayed_in_place(c, &place));
    bucket_place_release(&place);
}

/* ---- ends ---- */

static uint64_t count_downs(struct probe *watcher)
{
    uint64_t count = 0;

    for (const char *at = probe_story(watcher); (at = strstr(at, "down")); at++)
        count++;
    return count;
}

BUCKET_TEST(move, keeps_monitors_and_links)
{
    struct probe *watcher = probe_start();
    struct bucket *c;

    two_buckets();
    c = bucket_in(a, "c");
    probe_monitor_actor(watcher, 1, bucket_actor(c));
    cr_assert_eq(actor_link(bucket_actor(c), bucket_actor(b)), 0);
    cr_assert_eq(move(a, "c", NULL, "c"), 0);
    cr_assert_eq(count_downs(watcher), 0);
    cr_assert_eq(bucket_kill(b), 0);
    cr_assert_not(actor_alive(bucket_actor(c)));
    cr_assert(probe_await(watcher, "down 1 killed"));
    cr_assert_eq(count_downs(watcher), 1);
}

BUCKET_TEST(move, with_a_parent_that_has_ended_is_refused)
{
    struct bucket *c;

    two_buckets();
    c = bucket_in(a, "c");
    put(a, "milk", "3");
    cr_assert_eq(bucket_kill(b), 0);
    cr_assert_eq(move(a, "milk", b, "milk"), ACTOR_E_KILLED);
    cr_assert_eq(move(a, "c", b, "c"), ACTOR_E_KILLED);
    cr_assert_eq(move(b, "x", a, "x"), ACTOR_E_KILLED);
    cr_assert_str_eq(get(a, "milk"), "3");
    cr_assert_eq(bucket_called(a, "c"), c);
}

BUCKET_TEST(move, of_a_bucket_that_has_ended_is_refused)
{
    struct bucket *c;

    two_buckets();
    c = bucket_in(a, "c");
    cr_assert_eq(bucket_kill(c), 0);
    cr_assert_eq(move(a, "c", b, "c"), BUCKET_E_NOT_FOUND);
    bucket_in(b, "d");
    cr_assert_eq(bucket_kill(bucket_called(b, "d")), 0);
    c = bucket_in(a, "c");
    cr_assert_eq(move(a, "c", b, "d"), 0);
    cr_assert_eq(bucket_called(b, "d"), c);
}

BUCKET_TEST(move, leaves_the_end_of_what_was_moved_away_alone)
{
    struct value *milk;

    buckets_keep_ended();
    two_buckets();
    put(a, "milk", "3");
    milk = find_value(a, "milk", BUCKET_REMEMBER);
    cr_assert_eq(move(a, "milk", b, "milk"), 0);
    cr_assert_eq(bucket_kill(a), 0);
    cr_assert_eq(attributes_of(milk).nlink, 1);
    cr_assert_eq(bucket_delete(b, KEY("milk")), 0);
    inode_forget(value_inode(milk), 1);
    value_unref(milk);
}

/* ---- listings ---- */

struct seen {
    char names[256];
    size_t room; /* how many more */
    uint64_t position;
};

static bool see(struct seen *seen, uint64_t position, const char *name, size_t length)
{
    size_t used = strlen(seen->names);

    if (seen->room == 0)
        return false;
    seen->room--;
    seen->position = position;
    snprintf(seen->names + used, sizeof(seen->names) - used, "%.*s ", (int)length, name);
    return true;
}

static bool see_key(void *context, uint64_t position, const struct key *key, struct value *value,
                    const struct attributes *attributes)
{
    (void)value;
    (void)attributes;
    return see(context, position, key->name, key->length);
}

static bool see_bucket(void *context, uint64_t position, const struct child_name *name, struct actor *child)
{
    (void)child;
    return see(context, position, name->name, name->length);
}

static void list(struct bucket *bucket, struct seen *seen, size_t room)
{
    seen->room = room;
    cr_assert_eq(bucket_list(bucket, seen->position, see_key, see_bucket, seen), 0);
}

BUCKET_TEST(move, shows_a_name_that_stays_once_in_a_listing)
{
    struct seen seen = {.position = 0};

    two_buckets();
    put(a, "one", "1");
    put(a, "two", "2");
    bucket_in(a, "x");
    bucket_in(a, "y");
    put(b, "one", "1");
    bucket_in(b, "x");
    list(a, &seen, 1);
    cr_assert_eq(exchange(a, "one", a, "two"), 0);
    cr_assert_eq(move(b, "one", a, "one"), 0);
    list(a, &seen, 2);
    cr_assert_eq(move(b, "x", a, "x"), 0);
    cr_assert_eq(exchange(a, "x", a, "y"), 0);
    list(a, &seen, 9);
    cr_assert_str_eq(seen.names, "one two x y ");
}

/* ---- refusals ---- */

static int move_inside(struct probe *self, void *arg)
{
    (void)self;
    (void)arg;
    return move(a, "milk", b, "milk");
}

BUCKET_TEST(move, is_refused_inside_a_callback)
{
    two_buckets();
    put(a, "milk", "3");
    cr_assert_eq(probe_do(probe_start_slow(), move_inside, NULL), ACTOR_E_DEADLOCK);
    cr_assert_str_eq(get(a, "milk"), "3");
}
