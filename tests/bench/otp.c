/*
 * What the actor runtime costs, measured as otp.exs measures Erlang's: COUNT
 * operations, one number, by wall clock. scripts/bench puts the two side by
 * side. Says nothing about buckets or FUSE; for those see stat.c.
 *
 *   call     one client and an idle prompt actor that answers with a counter
 *   call8    eight clients and one actor that gets a value by its key, of 1,000
 *   cast     one sender, until the actor has handled all
 *   start    actors without state, which nobody wakes
 *   stop     such actors, one by one, until their one watcher has counted every DOWN
 *   memory   bytes of such an actor, by what the process has resident
 *   million  starts, watches and stops them: peak MB, seconds, DOWNs; fails if a DOWN is missing
 *
 * usage: otp MEASUREMENT [COUNT]      prints ns an operation, but for the last two
 */
#include "actor/actor.h"
#include "base/clock.h"
#include "base/table.h"
#include "base/thread.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CLIENTS = 8, KEYS = 1000, KEY_MAX = 16, VALUE_MAX = 16 };

/* Casts between two calls that wait for them: far below a mailbox's limit, and the same in otp.exs. */
enum { BATCH = 10000 };

static struct runtime runtime;

static void *must_allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    if (!memory)
        err(1, "calloc");
    return memory;
}

static double ns_each(int64_t begin, long count)
{
    return (double)(clock_monotonic_ns() - begin) / (double)count;
}

/* ---- actors ---- */

static void begin_runtime(void)
{
    if (runtime_init(&runtime) != 0)
        errx(1, "no runtime");
}

static void end_runtime(void)
{
    (void)runtime_deinit(&runtime, ACTOR_FOREVER);
}

/* Of every class here: the actor is the first member of what was allocated. */
static void free_actor(struct actor *actor)
{
    free(actor);
}

static void start(struct actor *actor, const struct actor_class *class)
{
    struct reason reason;

    if (actor_start(actor, class, &runtime, NULL, &reason) != 0)
        errx(1, "can't start an actor");
}

static void stop(struct actor *actor)
{
    if (actor_stop(actor, REASON(NORMAL), ACTOR_FOREVER) != 0)
        errx(1, "can't stop an actor");
    actor_unref(actor);
}

static void call(struct actor *actor, void *arg)
{
    if (actor_call(actor, 0, arg, ACTOR_FOREVER) != 0)
        errx(1, "a call failed");
}

/* Counts its casts and DOWNs, and its calls too, which it answers with the count. */
struct counter {
    struct actor actor;
    uint64_t count;
};

static struct counter *counter_of(struct actor *actor)
{
    return message_container(actor, struct counter, actor);
}

static int count_call(struct actor *self, unsigned tag, void *arg)
{
    uint64_t *ret_count = arg;

    (void)tag;
    *ret_count = ++counter_of(self)->count;
    return 0;
}

static void count_cast(struct actor *self, struct message *message)
{
    (void)message;
    counter_of(self)->count++;
}

static bool count_down(struct actor *self, struct message *message)
{
    if (message->kind != MESSAGE_DOWN)
        return false;
    counter_of(self)->count++;
    return true;
}

static const struct actor_class counter_class = {
    .name = "counter",
    .prompt = true,
    .on_call = count_call,
    .on_cast = count_cast,
    .on_info = count_down,
    .free = free_actor,
};

static struct actor *counter_start(void)
{
    struct counter *counter = must_allocate(1, sizeof(*counter));

    start(&counter->actor, &counter_class);
    return &counter->actor;
}

/* What it has counted before this call, whose turn comes behind the mail that is there. */
static uint64_t counted(struct actor *counter)
{
    uint64_t count;

    call(counter, &count);
    return count - 1;
}

/* ---- call ---- */

static double measure_call(long count)
{
    struct actor *counter = counter_start();
    int64_t begin = clock_monotonic_ns();
    uint64_t answer;
    double each;

    for (long i = 0; i < count; i++)
        call(counter, &answer);
    each = ns_each(begin, count);
    stop(counter);
    return each;
}

/* ---- call8 ---- */

struct entry {
    struct cds_lfht_node node;
    char key[KEY_MAX];
    char value[VALUE_MAX];
};

struct holder {
    struct actor actor;
    struct table table;
    struct entry entries[KEYS];
};

struct get {
    const char *key;
    char value[VALUE_MAX];
};

struct client {
    struct thread thread;
    pthread_barrier_t *all_here;
    struct holder *holder;
    long count;
    int64_t begin;
    int64_t end;
};

static int key_matches(struct cds_lfht_node *node, const void *key)
{
    table_see(node);
    return strcmp(table_entry(node, struct entry, node)->key, key) == 0;
}

static int answer_get(struct actor *self, unsigned tag, void *arg)
{
    struct holder *holder = message_container(self, struct holder, actor);
    struct get *get = arg;
    struct cds_lfht_node *node;

    (void)tag;
    table_read_begin();
    node = table_find(&holder->table, table_hash_bytes(get->key, strlen(get->key)), key_matches, get->key);
    if (node)
        memcpy(get->value, table_entry(node, struct entry, node)->value, VALUE_MAX);
    table_read_end();
    return node ? 0 : 1;
}

static const struct actor_class holder_class = {
    .name = "holder", .prompt = true, .on_call = answer_get, .free = free_actor};

static struct holder *holder_start(void)
{
    struct holder *holder = must_allocate(1, sizeof(*holder));

    if (table_init(&holder->table) != 0)
        errx(1, "no memory for a table");
    for (int i = 0; i < KEYS; i++) {
        struct entry *entry = &holder->entries[i];

        snprintf(entry->key, KEY_MAX, "key %d", i);
        snprintf(entry->value, VALUE_MAX, "value %d", i);
        table_add(&holder->table, table_hash_bytes(entry->key, strlen(entry->key)), &entry->node);
    }
    start(&holder->actor, &holder_class);
    return holder;
}

static void holder_stop(struct holder *holder)
{
    for (int i = 0; i < KEYS; i++)
        table_remove(&holder->table, &holder->entries[i].node);
    table_deinit(&holder->table);
    stop(&holder->actor);
}

static void *get_often(void *arg)
{
    struct client *client = arg;
    struct get get;

    pthread_barrier_wait(client->all_here);
    client->begin = clock_monotonic_ns();
    for (long i = 0; i < client->count; i++) {
        get.key = client->holder->entries[i % KEYS].key;
        call(&client->holder->actor, &get);
    }
    client->end = clock_monotonic_ns();
    return NULL;
}

static void start_client(struct client *client, struct holder *holder, pthread_barrier_t *all_here,
                         long count)
{
    *client = (struct client){.holder = holder, .all_here = all_here, .count = count};
    if (thread_start(&client->thread, "client", get_often, client) != 0)
        errx(1, "no thread for a client");
}

/* From the first call of any client to the last answer. */
static int64_t join_clients(struct client clients[CLIENTS])
{
    int64_t begin = INT64_MAX;
    int64_t end = INT64_MIN;

    for (int i = 0; i < CLIENTS; i++) {
        thread_join(&clients[i].thread);
        begin = clients[i].begin < begin ? clients[i].begin : begin;
        end = clients[i].end > end ? clients[i].end : end;
    }
    return end - begin;
}

static double measure_call8(long count)
{
    struct holder *holder = holder_start();
    struct client clients[CLIENTS];
    pthread_barrier_t all_here;
    long each = count / CLIENTS + 1;
    int64_t took;

    pthread_barrier_init(&all_here, NULL, CLIENTS);
    for (int i = 0; i < CLIENTS; i++)
        start_client(&clients[i], holder, &all_here, each);
    took = join_clients(clients);
    pthread_barrier_destroy(&all_here);
    holder_stop(holder);
    return (double)took / (double)(each * CLIENTS);
}

/* ---- cast ---- */

static void release_message(struct message *message)
{
    free(message);
}

static void cast(struct actor *actor)
{
    struct message *message = malloc(sizeof(*message));

    if (!message)
        err(1, "malloc");
    message_init(message, MESSAGE_CAST, 0, release_message);
    if (actor_cast(actor, message) != 0)
        errx(1, "a cast was refused");
}

static double measure_cast(long count)
{
    struct actor *counter = counter_start();
    int64_t begin = clock_monotonic_ns();
    long calls = 0;
    double each;

    for (long i = 0; i < count; i++) {
        if (i % BATCH == BATCH - 1) {
            (void)counted(counter);
            calls++;
        }
        cast(counter);
    }
    if (counted(counter) != (uint64_t)(count + calls))
        errx(1, "not every cast was handled");
    each = ns_each(begin, count);
    stop(counter);
    return each;
}

/* ---- start, stop, memory, million ---- */

static const struct actor_class idle_class = {.name = "idle", .prompt = true, .free = free_actor};

/* Many actors that do nothing, and who watches them. */
struct crowd {
    long count;
    struct actor **actors;
    struct monitor *monitors; /* NULL: unwatched */
    struct actor *watcher;
};

/* Memory that is resident from now on, and so isn't taken for that of an actor. */
static void *must_allocate_resident(size_t count, size_t size)
{
    void *memory = must_allocate(count, size);

    memset(memory, 0xff, count * size);
    return memory;
}

static void crowd_init(struct crowd *crowd, long count)
{
    *crowd = (struct crowd){.count = count};
    crowd->actors = must_allocate_resident((size_t)count, sizeof(*crowd->actors));
}

static void crowd_start(struct crowd *crowd)
{
    for (long i = 0; i < crowd->count; i++) {
        crowd->actors[i] = must_allocate(1, sizeof(*crowd->actors[i]));
        start(crowd->actors[i], &idle_class);
    }
}

static void crowd_watch(struct crowd *crowd)
{
    crowd->watcher = counter_start();
    crowd->monitors = must_allocate((size_t)crowd->count, sizeof(*crowd->monitors));
    for (long i = 0; i < crowd->count; i++)
        (void)actor_monitor(crowd->watcher, &crowd->monitors[i], crowd->actors[i]);
}

static void crowd_stop(struct crowd *crowd)
{
    for (long i = 0; i < crowd->count; i++)
        stop(crowd->actors[i]);
}

static void crowd_deinit(struct crowd *crowd)
{
    if (crowd->watcher)
        stop(crowd->watcher);
    free(crowd->monitors);
    free(crowd->actors);
}

static double measure_start(long count)
{
    struct crowd crowd;
    int64_t begin;
    double each;

    crowd_init(&crowd, count);
    begin = clock_monotonic_ns();
    crowd_start(&crowd);
    each = ns_each(begin, count);
    crowd_stop(&crowd);
    crowd_deinit(&crowd);
    return each;
}

static double measure_stop(long count)
{
    struct crowd crowd;
    int64_t begin;
    double each;

    crowd_init(&crowd, count);
    crowd_start(&crowd);
    crowd_watch(&crowd);
    begin = clock_monotonic_ns();
    crowd_stop(&crowd);
    if (counted(crowd.watcher) != (uint64_t)count)
        errx(1, "not every DOWN was counted");
    each = ns_each(begin, count);
    crowd_deinit(&crowd);
    return each;
}

/* The number in a line of a file of /proc/self, -1 for none. */
static long read_number(const char *file, const char *format)
{
    FILE *stream = fopen(file, "r");
    char line[256];
    long number = -1;

    if (!stream)
        err(1, "%s", file);
    while (number < 0 && fgets(line, sizeof(line), stream))
        (void)sscanf(line, format, &number);
    fclose(stream);
    return number;
}

static double resident_bytes(void)
{
    return (double)read_number("/proc/self/statm", "%*d %ld") * (double)sysconf(_SC_PAGESIZE);
}

static double measure_memory(long count)
{
    struct crowd crowd;
    double before;
    double after;

    crowd_init(&crowd, count);
    before = resident_bytes();
    crowd_start(&crowd);
    after = resident_bytes();
    crowd_stop(&crowd);
    crowd_deinit(&crowd);
    return (after - before) / (double)count;
}

static int do_million(long count)
{
    struct crowd crowd;
    int64_t begin = clock_monotonic_ns();
    uint64_t downs;
    double seconds;
    double peak;

    crowd_init(&crowd, count);
    crowd_start(&crowd);
    crowd_watch(&crowd);
    crowd_stop(&crowd);
    downs = counted(crowd.watcher);
    seconds = ns_each(begin, CLOCK_NS_PER_S);
    peak = (double)read_number("/proc/self/status", "VmHWM: %ld kB") * 1024;
    crowd_deinit(&crowd);
    printf("%.0f %.2f %lu\n", peak / 1e6, seconds, downs);
    if (downs == (uint64_t)count)
        return EXIT_SUCCESS;
    warnx("%lu DOWNs are missing", (uint64_t)count - downs);
    return EXIT_FAILURE;
}

/* ---- the program ---- */

struct measurement {
    const char *name;
    long count;
    bool warms_up;                 /* not where a run changes what the next one finds */
    double (*measure)(long count); /* NULL: million, which prints its own line */
};

static const struct measurement measurements[] = {
    {"call", 1000000, true, measure_call}, {"call8", 1000000, true, measure_call8},
    {"cast", 1000000, true, measure_cast}, {"start", 100000, true, measure_start},
    {"stop", 100000, true, measure_stop},  {"memory", 1000000, false, measure_memory},
    {"million", 1000000, false, NULL},
};

static const struct measurement *find_measurement(const char *name)
{
    for (size_t i = 0; i < sizeof(measurements) / sizeof(*measurements); i++) {
        if (strcmp(measurements[i].name, name) == 0)
            return &measurements[i];
    }
    return NULL;
}

static void *wait_forever(void *arg)
{
    for (;;)
        pause();
    return arg;
}

/* As in a daemon: glibc does without atomics in a process of one thread, which isn't to be measured. */
static void stay_in_company(void)
{
    static struct thread company;

    if (thread_start(&company, "company", wait_forever, NULL) != 0)
        errx(1, "no thread");
}

static int run(const struct measurement *measurement, long count)
{
    if (!measurement->measure)
        return do_million(count);
    if (measurement->warms_up)
        (void)measurement->measure(count / 10 + 1);
    printf("%.1f\n", measurement->measure(count));
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    const struct measurement *measurement = argc > 1 ? find_measurement(argv[1]) : NULL;
    long count = argc > 2 ? strtol(argv[2], NULL, 10) : measurement ? measurement->count : 0;
    int status;

    if (!measurement || count <= 0 || argc > 3)
        errx(2, "usage: otp call|call8|cast|start|stop|memory|million [COUNT]");
    stay_in_company();
    begin_runtime();
    status = run(measurement, count);
    end_runtime();
    return status;
}
