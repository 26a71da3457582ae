/*
 * What client.c and server.c of the registry share: the state, and the
 * arguments of its calls.
 */
#ifndef KVFS_REGISTRY_REGISTRY_INTERNAL_H
#define KVFS_REGISTRY_REGISTRY_INTERNAL_H

#include "base/sequence.h"
#include "base/table.h"
#include "registry/registry.h"

struct registry {
    struct actor actor;
    struct table names;    /* read by anybody, written under the run lock */
    struct sequence order; /* the rest under the run lock */
    int64_t changed_ns;
    registry_start_child *start_child;
    void *context;
};

/* The registry's reference on the child goes with the entry. */
struct registry_entry {
    struct cds_lfht_node node;
    struct table_deferred deferred;
    struct monitor monitor;
    struct actor *child;
    uint64_t position;
    size_t length;
    char name[];
};

struct registry_name {
    const char *name;
    size_t length;
};

enum registry_tag { REGISTRY_CREATE, REGISTRY_LIST, REGISTRY_STATS };

struct registry_create_call {
    struct registry_name name;
    void *arg;
    struct actor *child; /* out */
};

struct registry_create_cast {
    struct message message;
    size_t length;
    char name[];
};

struct registry_list_call {
    uint64_t position;
    registry_visit *visit;
    void *context;
};

struct registry_start_arg {
    registry_start_child *start_child;
    void *context;
};

extern const struct actor_class registry_class;

/* [reader] Borrows. */
struct registry_entry *registry_find(struct registry *registry, const struct registry_name *name);

#endif
