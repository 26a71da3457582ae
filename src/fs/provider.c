/*
 * The actor that keeps memory ready for values that grow (base/extent.h): what
 * is written to it has its pages already, which on another core were made
 * meanwhile. It works while somebody takes some, and gives back what is left
 * when nobody does for a while.
 */
#include "actor/timer.h"
#include "base/clock.h"
#include "base/extent.h"
#include "fs/fs_internal.h"

#include <errno.h>
#include <stdlib.h>

#define IDLE_NS CLOCK_NS_PER_S

enum { INFO_FEW, INFO_IDLE };

struct provider {
    struct actor actor;
    struct fs *fs;
    struct message few;
    atomic_bool said; /* it is in the mailbox, or about to be */
    struct receive_timeout idle;
};

static struct provider *provider_of(struct actor *actor)
{
    return table_entry(actor, struct provider, actor);
}

/* [any thread] In nobody's name: whoever writes doesn't wait. */
static void on_few(void *context)
{
    struct provider *provider = context;

    if (!atomic_exchange(&provider->said, true))
        actor_send_for_nobody(&provider->actor, &provider->few);
}

/* Without memory for the timeout it is given back at once. */
static void provide(struct provider *provider)
{
    struct timers *timers = provider->fs->timers;

    atomic_store(&provider->said, false);
    while (extent_make_ready())
        continue;
    if (receive_timeout_start(&provider->idle, timers, &provider->actor, INFO_IDLE, IDLE_NS) < 0)
        extent_drop_ready();
}

static bool provider_on_info(struct actor *self, struct message *message)
{
    struct provider *provider = provider_of(self);

    receive_timeout_touch(&provider->idle);
    switch (message->tag) {
    case INFO_FEW:
        provide(provider);
        return true;
    case INFO_IDLE:
        extent_drop_ready();
        return true;
    default:
        return false;
    }
}

static void provider_destroy(struct actor *self)
{
    receive_timeout_touch(&provider_of(self)->idle);
    extent_keep_ready(NULL, NULL);
    extent_drop_ready();
}

static void provider_free(struct actor *self)
{
    free(provider_of(self));
}

static const struct actor_class provider_class = {
    .name = "provider", .on_info = provider_on_info, .destroy = provider_destroy, .free = provider_free};

/* It is the provider's own. */
static void keep(struct message *message)
{
    (void)message;
}

int provider_start(struct fs *fs, struct provider **ret_provider)
{
    struct provider *provider = calloc(1, sizeof(*provider));
    struct reason reason;

    if (!provider)
        return -ENOMEM;
    provider->fs = fs;
    message_init(&provider->few, MESSAGE_INFO, INFO_FEW, keep);
    (void)actor_start(&provider->actor, &provider_class, &fs->runtime, NULL, &reason);
    extent_keep_ready(on_few, provider);
    *ret_provider = provider;
    return 0;
}

struct actor *provider_actor(struct provider *provider)
{
    return &provider->actor;
}

void provider_unref(struct provider *provider)
{
    if (provider)
        actor_unref(&provider->actor);
}
