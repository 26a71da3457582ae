/*
 * The language of the tables' steps. Steps are separated by `;`, and each is
 *
 *     [USER:] VERB ARGUMENT... [= RESULT]
 *
 * Without a RESULT it has to succeed, with the name of an error to fail with it,
 * with a number to return that. Who isn't named is root. calls.c has the verbs
 * that are system calls, checks.c those that look at what is there now.
 *
 * In an argument `<N>` stands for N times an x, and `<N/PATH>` for a path N
 * bytes long that means PATH. The argument BAD is an address that the process
 * may not read, and '' an empty string. Modes are octal. An open file is named
 * by the number of the open, from 1.
 */
#ifndef KVFS_TESTS_CONFORMANCE_SCRIPT_H
#define KVFS_TESTS_CONFORMANCE_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#define SCRIPT_FILES 16
#define SCRIPT_NOTES 8

/* A file as it was when it was noted. */
struct note {
    const char *path;
    struct stat stat;
};

struct script {
    int files[SCRIPT_FILES];
    size_t file_count;
    struct note notes[SCRIPT_NOTES];
    size_t note_count;
    char *why; /* a check that doesn't hold says so here */
    size_t why_size;
};

/* Its arguments, those that aren't given NULL. The result of a system call, or -1 and errno. */
typedef long verb_run(struct script *script, char **argument);

struct verb {
    const char *name;
    int least; /* arguments */
    int most;
    verb_run *run;
};

/* They end with one without a name. */
extern const struct verb script_calls[];
/* A check returns 0, or CHECK_FAILED and has said why. */
extern const struct verb script_checks[];
#define CHECK_FAILED (-2)

/* In this process and its working directory, once. False, and why, if a step gave what it shouldn't. */
bool script_run(const char *steps, char *why, size_t size);

/* For verbs. What is nonsense ends the process and says so: the table is wrong. */

uid_t script_id(const char *name);
/* What the kernel is given for a path: itself, or for BAD what can't be read. */
const char *script_address(const char *argument);
mode_t script_mode(const char *argument);
/* The descriptor of the open with that number. */
int script_file(const struct script *script, const char *number);
/* What the open returned, as its number. */
long script_add_file(struct script *script, int descriptor);
long long script_number(const char *argument);
/* `now`, `omit`, or seconds with maybe nine digits more. */
struct timespec script_time(const char *argument);
void script_nonsense(const char *what, const char *word) __attribute__((noreturn));

/* Executes it in a process that ends with this one, or, if it only `tries`, at once. 0, or why it can't be executed. */
int script_start_program(const char *path, bool tries);

#endif
