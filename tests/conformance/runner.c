/*
 * Runs every row of the tables on tmpfs and on kvfs, each in a process and a
 * directory of its own, and prints TAP: a line for a row and file system, and
 * at the end how many there were.
 *
 * usage: conformance DIRECTORY_ON_TMPFS DIRECTORY_ON_KVFS [FAMILY...|-FAMILY...]
 *
 * All families, or only these, or all but these.
 */
#include "row.h"
#include "script.h"

#include <err.h>
#include <errno.h>
#include <fts.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEADLINE_S 20
#define TEXT_SIZE (1 << 14)
#define WHY_SIZE 1024

enum { TMPFS, KVFS, FILE_SYSTEMS };

static const char *const file_systems[FILE_SYSTEMS] = {"tmpfs", "kvfs"};

extern const struct family chmod_family;
extern const struct family chown_family;
extern const struct family fallocate_family;
extern const struct family link_family;
extern const struct family mkdir_family;
extern const struct family mknod_family;
extern const struct family names_family;
extern const struct family open_family;
extern const struct family paths_family;
extern const struct family rename_family;
extern const struct family rmdir_family;
extern const struct family sticky_family;
extern const struct family symlink_family;
extern const struct family times_family;
extern const struct family tmpfile_family;
extern const struct family truncate_family;
extern const struct family types_family;
extern const struct family unlink_family;
extern const struct family utimensat_family;

static const struct family *const families[] = {
    &chmod_family,
    &chown_family,
    &fallocate_family,
    &link_family,
    &mkdir_family,
    &mknod_family,
    &names_family,
    &open_family,
    &paths_family,
    &rename_family,
    &rmdir_family,
    &sticky_family,
    &symlink_family,
    &times_family,
    &tmpfile_family,
    &truncate_family,
    &types_family,
    &unlink_family,
    &utimensat_family,
};

#define FAMILIES (sizeof(families) / sizeof(families[0]))

struct totals {
    size_t rows;
    size_t good[FILE_SYSTEMS];
    size_t differences;
};

struct suite {
    const char *directories[FILE_SYSTEMS];
    struct totals totals[FAMILIES];
    size_t number; /* of the next line */
};

/* What `$a` and the like stand for in one case of a row. */
struct fields {
    const row_item *each;
    const row_item *and_each;
};

/* ---- text ---- */

static const char *field(const struct fields *fields, char letter)
{
    const char *found = NULL;

    if (letter >= 'a' && letter < 'a' + ROW_FIELDS && fields->each)
        found = (*fields->each)[letter - 'a'];
    if (letter >= 'p' && letter < 'p' + ROW_FIELDS && fields->and_each)
        found = (*fields->and_each)[letter - 'p'];
    if (!found)
        errx(2, "the table has no sense: nothing for $%c", letter);
    return found;
}

static void append(char **to, const char *end, const char *text, const struct fields *fields)
{
    for (; *text != '\0'; text++) {
        if (*to + 1 >= end)
            errx(2, "the table has no sense: a row is too long");
        if (*text == '$')
            append(to, end, field(fields, *++text), fields);
        else
            *(*to)++ = *text;
    }
    **to = '\0';
}

static const char *fill_in(char *room, const char *text, const struct fields *fields)
{
    char *to = room;

    append(&to, room + TEXT_SIZE, text, fields);
    return room;
}

/* ---- one case ---- */

/* Leaves nothing there; 0 or -1. */
static int remove_tree(char *path)
{
    char *const paths[] = {path, NULL};
    FTS *tree = fts_open(paths, FTS_PHYSICAL, NULL);
    const FTSENT *entry;

    while ((entry = fts_read(tree))) {
        if (entry->fts_info != FTS_D)
            (void)remove(entry->fts_accpath);
    }
    fts_close(tree);
    return access(path, F_OK) == 0 ? -1 : 0;
}

static void __attribute__((noreturn)) run_alone(const char *directory, const char *steps, int said)
{
    char why[WHY_SIZE] = "";
    bool good;

    alarm(DEADLINE_S);
    if (dup2(said, STDOUT_FILENO) < 0 || chdir(directory) < 0)
        err(2, "%s", directory);
    umask(022);
    good = script_run(steps, why, sizeof(why));
    if (!good && write(said, why, strlen(why)) < 0)
        _exit(2);
    _exit(good ? 0 : 1);
}

static void read_all(int from, char *to, size_t size)
{
    size_t length = 0;
    ssize_t got;

    while (length < size - 1 && (got = read(from, to + length, size - 1 - length)) > 0)
        length += (size_t)got;
    to[length] = '\0';
}

/* Waits; false, and why, unless it went as its row says. */
static bool run_steps(const char *directory, const char *steps, char *why)
{
    int status = -1;
    int said[2];
    pid_t pid;

    if (pipe(said) < 0)
        err(2, "pipe");
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        close(said[0]);
        run_alone(directory, steps, said[1]);
    }
    close(said[1]);
    read_all(said[0], why, WHY_SIZE);
    close(said[0]);
    if (waitpid(pid, &status, 0) != pid || WIFSIGNALED(status))
        snprintf(why, WHY_SIZE, "ended by signal %d", WTERMSIG(status));
    return status == 0;
}

static bool run_case(const char *parent, size_t number, const char *steps, char *why)
{
    char directory[512];
    bool good;

    snprintf(directory, sizeof(directory), "%s/%zu", parent, number);
    if (mkdir(directory, 0777) < 0)
        err(2, "%s", directory);
    good = run_steps(directory, steps, why);
    if (remove_tree(directory) < 0 && good) {
        snprintf(why, WHY_SIZE, "what it made can't be removed");
        return false;
    }
    return good;
}

/* ---- the tables ---- */

/* What isn't printable, in TAP's one line. */
static void print_text(const char *text)
{
    for (; *text != '\0'; text++)
        putchar(*text >= ' ' && *text <= '~' && *text != '#' ? *text : '?');
}

static void report(struct suite *suite, const struct family *family, const char *name, int file_system, bool good,
                   const char *why, const char *steps)
{
    printf("%sok %zu - %s: ", good ? "" : "not ", suite->number++, family->name);
    print_text(name);
    printf(" (%s)\n", file_systems[file_system]);
    if (good)
        return;
    printf("#     ");
    print_text(why);
    printf("\n#     of: ");
    print_text(steps);
    putchar('\n');
}

static void run_filled_in(struct suite *suite, size_t family, const struct row *row, const struct fields *fields)
{
    static char name[TEXT_SIZE];
    static char steps[TEXT_SIZE];
    struct totals *totals = &suite->totals[family];
    char why[WHY_SIZE];

    fill_in(name, row->name, fields);
    totals->rows++;
    totals->differences += row->steps_on_kvfs != NULL;
    for (int i = 0; i < FILE_SYSTEMS; i++) {
        bool other = i == KVFS && row->steps_on_kvfs;
        bool good;

        fill_in(steps, other ? row->steps_on_kvfs : row->steps, fields);
        good = run_case(suite->directories[i], suite->number, steps, why);
        totals->good[i] += good;
        report(suite, families[family], name, i, good, why, steps);
    }
    if (row->steps_on_kvfs)
        printf("# known difference: %s\n", row->because);
}

static void run_row(struct suite *suite, size_t family, const struct row *row)
{
    size_t i = 0;

    do {
        struct fields fields = {.each = row->each.items ? &row->each.items[i] : NULL};
        size_t j = 0;

        do {
            fields.and_each = row->and_each.items ? &row->and_each.items[j] : NULL;
            run_filled_in(suite, family, row, &fields);
        } while (++j < row->and_each.count);
    } while (++i < row->each.count);
}

static bool is_wanted(const struct family *family, char **names)
{
    bool but = !*names || **names == '-';

    while (*names && strcmp(*names + but, family->name) != 0)
        names++;
    return but ? !*names : *names != NULL;
}

static void print_line(const char *name, const struct totals *totals)
{
    printf("# %-16s %5zu %6zu %6zu %5zu\n", name, totals->rows, totals->good[TMPFS], totals->good[KVFS],
           totals->differences);
}

/* True if every row held on both. */
static bool print_totals(const struct suite *suite)
{
    struct totals all = {0};

    printf("# family            rows  tmpfs   kvfs  known differences\n");
    for (size_t i = 0; i < FAMILIES; i++) {
        const struct totals *totals = &suite->totals[i];

        if (totals->rows == 0)
            continue;
        print_line(families[i]->name, totals);
        all.rows += totals->rows;
        all.good[TMPFS] += totals->good[TMPFS];
        all.good[KVFS] += totals->good[KVFS];
        all.differences += totals->differences;
    }
    print_line("all", &all);
    return all.good[TMPFS] == all.rows && all.good[KVFS] == all.rows;
}

int main(int argc, char **argv)
{
    struct suite suite = {.number = 1};

    if (argc < 3)
        errx(2, "usage: conformance DIRECTORY_ON_TMPFS DIRECTORY_ON_KVFS [FAMILY...|-FAMILY...]");
    suite.directories[TMPFS] = argv[1];
    suite.directories[KVFS] = argv[2];
    umask(0);
    for (size_t i = 0; i < FAMILIES; i++) {
        if (!is_wanted(families[i], argv + 3))
            continue;
        for (size_t j = 0; j < families[i]->count; j++)
            run_row(&suite, i, &families[i]->rows[j]);
    }
    printf("1..%zu\n", suite.number - 1);
    return print_totals(&suite) ? 0 : 1;
}
