#include "bucket/usage.h"

#include "bucket/bucket_internal.h"

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t excess(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

/* Its last page counts only as far as it goes; what was allocated behind its end counts as well. */
static uint64_t held_bytes(uint64_t allocated, uint64_t size)
{
    uint64_t end_of_last = size + (-size) % USAGE_PAGE;

    return allocated > end_of_last ? allocated : smaller(allocated, size);
}

static struct usage usage_of(const struct value *value, uint64_t allocated, uint64_t size)
{
    return (struct usage){
        .pages = value_allocated(value, allocated, size) / USAGE_PAGE,
        .bytes = held_bytes(allocated, size),
    };
}

static struct usage usage_now(const struct value *value)
{
    return usage_of(value, bytes_allocated(&value->bytes), value->bytes.size);
}

static struct usage usage_after_write(const struct value *value, uint64_t offset, size_t length)
{
    const struct bytes *bytes = &value->bytes;
    uint64_t end = length > 0 ? offset + length : 0;

    return usage_of(value, bytes_allocated(bytes) + bytes_cost(bytes, offset, length), end > bytes->size ? end : bytes->size);
}

/* What is cut needs nothing: how much goes with it will be seen. */
static struct usage usage_after_size(const struct value *value, uint64_t size)
{
    uint64_t before = value->bytes.size;

    return usage_of(value, bytes_allocated(&value->bytes), size > before ? size : before);
}

static int take(struct bucket *bucket, const struct usage *more)
{
    if (!limit_take(&bucket->bytes_held, more->bytes))
        return BUCKET_E_QUOTA;
    if (limit_take(&bucket->environment->pages, more->pages))
        return 0;
    limit_give(&bucket->bytes_held, more->bytes);
    return BUCKET_E_FULL;
}

static void give(struct bucket *bucket, const struct usage *less)
{
    limit_give(&bucket->bytes_held, less->bytes);
    limit_give(&bucket->environment->pages, less->pages);
}

static struct usage growth(const struct usage *now, const struct usage *then)
{
    return (struct usage){.pages = excess(then->pages, now->pages), .bytes = excess(then->bytes, now->bytes)};
}

static int begin(struct claim *claim, struct bucket *bucket, const struct value *value, const struct usage *then)
{
    struct usage now = usage_now(value);
    struct usage more = growth(&now, then);
    int rc = take(bucket, &more);

    if (rc != 0)
        return rc;
    *claim = (struct claim){bucket, value, {now.pages + more.pages, now.bytes + more.bytes}};
    return 0;
}

int claim_write(struct claim *claim, struct bucket *bucket, const struct value *value, uint64_t offset, size_t length)
{
    struct usage then;

    if (offset > BYTES_SIZE_MAX || length > BYTES_SIZE_MAX - offset)
        return BUCKET_E_TOO_LARGE;
    then = usage_after_write(value, offset, length);
    return begin(claim, bucket, value, &then);
}

int claim_allocation(struct claim *claim, struct bucket *bucket, const struct value *value,
                     const struct change *change)
{
    const struct bytes *bytes = &value->bytes;
    uint64_t end = change->offset + change->length;
    uint64_t size = change->set & CHANGE_SET_SIZE && end > bytes->size ? end : bytes->size;
    struct usage then;

    if (change->offset > BYTES_SIZE_MAX || change->length > BYTES_SIZE_MAX - change->offset)
        return BUCKET_E_TOO_LARGE;
    if (change->kind == CHANGE_PUNCH)
        then = usage_of(value, bytes_allocated(bytes), size);
    else
        then = usage_of(value, bytes_allocated(bytes) + bytes_cost(bytes, change->offset, change->length), size);
    return begin(claim, bucket, value, &then);
}

int claim_size(struct claim *claim, struct bucket *bucket, const struct value *value, uint64_t size)
{
    struct usage then;

    if (size > BYTES_SIZE_MAX)
        return BUCKET_E_TOO_LARGE;
    then = usage_after_size(value, size);
    return begin(claim, bucket, value, &then);
}

void claim_end(struct claim *claim)
{
    struct usage now = usage_now(claim->value);
    struct usage left = growth(&now, &claim->held);

    assert(now.pages <= claim->held.pages && now.bytes <= claim->held.bytes);
    give(claim->bucket, &left);
}

static bool fits(const struct bucket *bucket, const struct value *value, uint64_t offset, size_t length)
{
    struct usage now = usage_now(value);
    struct usage then = usage_after_write(value, offset, length);
    struct usage more = growth(&now, &then);

    return more.bytes <= limit_room(&bucket->bytes_held) && more.pages <= limit_room(&bucket->environment->pages);
}

size_t claim_fitting(struct bucket *bucket, const struct value *value, uint64_t offset, size_t length)
{
    size_t fitting = 0;
    size_t too_long = length;

    while (fitting + 1 < too_long) {
        size_t middle = fitting + (too_long - fitting) / 2;

        if (fits(bucket, value, offset, middle))
            fitting = middle;
        else
            too_long = middle;
    }
    return fitting;
}

int usage_check_key(const struct bucket *bucket)
{
    return bucket->max_keys == 0 || bucket->order.count < bucket->max_keys ? 0 : BUCKET_E_QUOTA;
}

int usage_claim_move(struct bucket *to, const struct value *value, uint64_t *ret_held)
{
    uint64_t held = usage_now(value).bytes;

    if (!limit_take(&to->bytes_held, held))
        return BUCKET_E_QUOTA;
    *ret_held = held;
    return 0;
}

void usage_end_move(struct bucket *bucket, uint64_t held)
{
    limit_give(&bucket->bytes_held, held);
}

void usage_lose_name(const struct value *value)
{
    if (value->nlink > 1)
        limit_give(&value_owner(value)->environment->inodes, 1);
}

void usage_end(struct value *value)
{
    struct usage held = usage_now(value);

    give(value_owner(value), &held);
    limit_give(&value_owner(value)->environment->inodes, 1);
}
