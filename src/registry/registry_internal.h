/*
 * What the files of this room share: the root's state, an entry, and the
 * arguments of the calls.
 */
#ifndef KVFS_REGISTRY_REGISTRY_INTERNAL_H
#define KVFS_REGISTRY_REGISTRY_INTERNAL_H

#include "registry/children.h"

struct registry {
    struct actor actor;
    struct children children;
    int64_t changed_ns;
    void *context;
};

/* A reference on the child goes with the entry. One that is started again gets a new entry at the same position. */
struct children_entry {
    struct cds_lfht_node node;
    union {
        struct monitor monitor;
        struct table_deferred deferred; /* once the monitor is over */
    };
    struct actor *child;
    struct sequence_item item;
    struct restart_window window;
    uint32_t restarts;
    uint32_t length : 24;
    _Atomic uint8_t policy; /* enum restart_policy; read by anybody */
    char name[];
};

enum registry_tag { REGISTRY_STATS };

struct registry_create_cast {
    struct message message;
    size_t length;
    char name[];
};

struct registry_start_arg {
    const struct children_ops *ops;
    void *context;
};

extern const struct actor_class registry_class;

/* [reader] Borrows. */
struct children_entry *children_find_entry(struct children *children, const struct child_name *name);

#endif
