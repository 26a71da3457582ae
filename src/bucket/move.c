/*
 * Moving and renaming buckets, and whatever leaves its bucket.
 *
 * It is done by whoever asks for it, who is no actor, inside both parents and
 * the buckets that the two names mean (actor/visit.h), so it is one step for
 * everybody. The order in which they are entered: of the parents the one that
 * is above the other, else that with the smaller number; then what is in them,
 * by number. None of these is above a parent, or it would have been refused
 * before it was entered.
 *
 * Why nobody waits in a circle: the tree changes only while `moving` is held,
 * so what is above what stays so; a mover is the only one inside two actors of
 * which none called the other, and there is one mover at a time; everybody
 * else waits only for what is below all that he is inside of. This is the
 * argument of Linux's directory-locking document.
 *
 * A value that gets another name in its bucket needs none of this: that is a
 * call to its bucket.
 */
#include "actor/visit.h"
#include "bucket/move.h"

void bucket_stop_moves(struct bucket_environment *environment)
{
    lock_acquire(&environment->moving);
}

void bucket_allow_moves(struct bucket_environment *environment)
{
    lock_release(&environment->moving);
}

/* ---- where things are; [moving] ---- */

static struct bucket *bucket_of_owner(struct actor *owner)
{
    return owner->class == &bucket_class ? bucket_of_actor(owner) : NULL;
}

static bool is_at_or_below(struct actor *actor, const struct actor *top)
{
    const struct bucket *bucket;

    while (actor && actor != top) {
        bucket = bucket_of_owner(actor);
        actor = bucket ? bucket_supervisor(bucket) : NULL;
    }
    return actor;
}

static uint64_t number_of_owner(const struct move_side *side)
{
    return side->bucket ? side->bucket->inode.number : INODE_ROOT;
}

static bool comes_first(const struct move_side *a, const struct move_side *b)
{
    if (is_at_or_below(b->owner, a->owner))
        return true;
    return !is_at_or_below(a->owner, b->owner) && number_of_owner(a) < number_of_owner(b);
}

/* ---- what the names mean ---- */

/* [inside the owner] Finds it while no other is entered: one that has ended may have to be started again. */
static void find(struct move_side *side)
{
    const struct child_name name = {side->key->name, side->key->length};
    struct children *children = side->bucket ? side->bucket->children : registry_children(side->owner);

    side->entry = side->bucket ? keys_find(side->bucket, side->key) : NULL;
    side->child = !side->entry && children ? children_find_living(children, &name) : NULL;
    if (side->child) {
        side->found = bucket_of_actor(children_actor_of(side->child));
        actor_ref(&side->found->actor);
    }
}

static void let_go(struct move_side *side)
{
    if (side->found)
        actor_unref(&side->found->actor);
    side->entry = NULL;
    side->child = NULL;
    side->found = NULL;
}

static int enter_and_find(struct actor_visit *visit, struct move_side *side)
{
    int rc = actor_visit_enter(visit, side->owner);

    if (rc == 0)
        find(side);
    return rc;
}

static int enter_parents(struct actor_visit *visit, struct move *move)
{
    struct move_side *first = comes_first(&move->from, &move->to) ? &move->from : &move->to;
    struct move_side *second = first == &move->from ? &move->to : &move->from;
    int rc = enter_and_find(visit, first);

    if (rc != 0)
        return rc;
    if (first->owner != second->owner)
        return enter_and_find(visit, second);
    find(second);
    return 0;
}

static int enter_found(struct actor_visit *visit, struct bucket *bucket)
{
    int rc;

    if (!bucket)
        return 0;
    rc = actor_visit_enter(visit, &bucket->actor);
    return rc != 0 && !actor_alive(&bucket->actor) ? MOVE_E_AGAIN : rc;
}

static int enter_children(struct actor_visit *visit, const struct move *move)
{
    struct bucket *first = move->from.found;
    struct bucket *second = move->to.found;
    int rc;

    if (first && second && second->inode.number < first->inode.number) {
        first = move->to.found;
        second = move->from.found;
    }
    rc = enter_found(visit, first);
    return rc == 0 ? enter_found(visit, second) : rc;
}

/* ---- whether it may be; 0 or a condition ---- */

static bool exists(const struct move_side *side)
{
    return side->entry || side->child;
}

static bool is_same(const struct move *move)
{
    if (move->from.entry && move->to.entry)
        return move->from.entry->value == move->to.entry->value;
    return move->from.found && move->from.found == move->to.found;
}

static bool is_closing(const struct move_side *side)
{
    return side->bucket ? side->bucket->sealed : registry_children(side->owner)->closing;
}

static int check_names(const struct move *move)
{
    if (is_closing(&move->from))
        return ACTOR_E_SHUTDOWN;
    if (!exists(&move->from) || (move->exchange && !exists(&move->to)))
        return BUCKET_E_NOT_FOUND;
    if (move->keep_target && exists(&move->to))
        return BUCKET_E_EXISTS;
    return is_closing(&move->to) ? BUCKET_E_NOT_FOUND : 0;
}

static int check_kinds(const struct move *move)
{
    if (move->exchange)
        return 0;
    if (move->from.found && move->to.entry)
        return BUCKET_E_NOT_BUCKET;
    return move->from.entry && move->to.found ? BUCKET_E_IS_BUCKET : 0;
}

static int check_tree(const struct move *move)
{
    if (move->from.found && is_at_or_below(move->to.owner, &move->from.found->actor))
        return BUCKET_E_BELOW_ITSELF;
    if (move->to.found && is_at_or_below(move->from.owner, &move->to.found->actor))
        return move->exchange ? BUCKET_E_BELOW_ITSELF : BUCKET_E_NOT_EMPTY;
    return 0;
}

/* That it may go where the other side is. */
static int check_value(const struct move_side *side, const struct move_side *other)
{
    if (!side->entry || side->owner == other->owner)
        return 0;
    if (!other->bucket)
        return BUCKET_E_NOT_IN_ROOT;
    return side->entry->value->nlink > 1 ? BUCKET_E_CANT_MOVE : 0;
}

static int check(const struct move *move)
{
    int rc = check_names(move);

    if (rc == 0)
        rc = check_kinds(move);
    if (rc == 0)
        rc = check_tree(move);
    if (rc == 0)
        rc = check_value(&move->from, &move->to);
    return rc == 0 && move->exchange ? check_value(&move->to, &move->from) : rc;
}

/* ---- doing it ---- */

static int apply(struct move *move, struct actor_visit *visit)
{
    int rc = enter_children(visit, move);

    if (rc == 0 && !move->exchange && move->to.found && !bucket_is_empty(move->to.found))
        rc = BUCKET_E_NOT_EMPTY;
    return rc == 0 ? bucket_apply_move(move, visit) : rc;
}

static int visit_and_apply(struct move *move, bool *ret_done)
{
    struct actor_visit visit;
    int rc;

    *ret_done = false;
    actor_visit_begin(&visit, ACTOR_CALL_TIMEOUT_MS);
    rc = enter_parents(&visit, move);
    if (rc == 0)
        rc = check(move);
    if (rc == 0 && !is_same(move)) {
        rc = apply(move, &visit);
        *ret_done = rc == 0;
    }
    actor_visit_end(&visit);
    return rc;
}

/* An empty one, that nobody can name any more. */
static void end_replaced(struct bucket *bucket)
{
    if (actor_stop(&bucket->actor, REASON(NORMAL), ACTOR_FOREVER) < 0)
        (void)actor_kill(&bucket->actor);
}

static void tell(const struct move *move, struct bucket *moved, const struct move_side *from, struct bucket *replaced)
{
    const struct bucket_environment *environment = move->environment;

    if (moved && environment->on_move)
        environment->on_move(environment->context, moved, from->bucket, from->key, replaced);
}

static struct bucket *take(struct move_side *side)
{
    struct bucket *found = side->found;

    side->found = NULL;
    return found;
}

/* [moving] It has been done: ends who was replaced, and tells who has moved. */
static void finish(struct move *move, struct bucket_moved *ret_moved)
{
    struct bucket *replaced = move->exchange ? NULL : move->to.found;

    if (replaced)
        end_replaced(replaced);
    tell(move, move->from.found, &move->from, replaced);
    if (move->exchange)
        tell(move, move->to.found, &move->to, NULL);
    if (move->from.owner == move->to.owner)
        return;
    ret_moved->there = take(&move->from);
    ret_moved->back = move->exchange ? take(&move->to) : NULL;
}

/* Whoever has ended meanwhile is gone, or was started again, when it is looked for again. */
static int move_alone(struct move *move, struct bucket_moved *ret_moved)
{
    bool done;
    int rc;

    do {
        let_go(&move->from);
        let_go(&move->to);
        rc = visit_and_apply(move, &done);
    } while (rc == MOVE_E_AGAIN);
    if (done)
        finish(move, ret_moved);
    let_go(&move->from);
    let_go(&move->to);
    return rc;
}

static int move_within(struct bucket *bucket, const struct bucket_end *from, const struct bucket_end *to, unsigned flags)
{
    return bucket_rename(bucket, from->key, to->key, flags & BUCKET_MOVE_KEEP_TARGET);
}

int bucket_move(struct bucket_environment *environment, const struct bucket_end *from, const struct bucket_end *to,
                unsigned flags, struct bucket_moved *ret_moved)
{
    struct bucket *bucket = bucket_of_owner(from->registry);
    struct move move = {
        .environment = environment,
        .from = {.owner = from->registry, .bucket = bucket, .key = from->key},
        .to = {.owner = to->registry, .bucket = bucket_of_owner(to->registry), .key = to->key},
        .keep_target = flags & BUCKET_MOVE_KEEP_TARGET,
        .exchange = flags & BUCKET_MOVE_EXCHANGE,
    };
    int rc = BUCKET_E_CANT_MOVE;

    *ret_moved = (struct bucket_moved){0};
    if (actor_self())
        return ACTOR_E_DEADLOCK;
    if (bucket && from->registry == to->registry && !move.exchange)
        rc = move_within(bucket, from, to, flags);
    if (rc != BUCKET_E_CANT_MOVE)
        return rc;
    bucket_stop_moves(environment);
    rc = move_alone(&move, ret_moved);
    bucket_allow_moves(environment);
    return rc;
}
