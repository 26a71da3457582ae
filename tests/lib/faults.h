/*
 * Memory and threads that run out on demand.
 *
 * The linker puts this in the place of malloc(), its kin, mmap(), pthread_create() and what makes a liburcu table, for
 * what our own code calls, the test's own included (--wrap, see tests/meson.build: faulty_tests). What libraries ask
 * for by themselves is always granted.
 *
 *     for (int n = 1; ; n++) {
 *         faults_begin(n);
 *         rc = scenario();
 *         if (!faults_hit())
 *             break;
 *     }
 */
#ifndef KVFS_TESTS_LIB_FAULTS_H
#define KVFS_TESTS_LIB_FAULTS_H

#include <stdbool.h>

/* The `n`th request from now on (from 1), of whichever thread, is refused; no other is. */
void faults_begin(int n);
/* Ends that. True if there was an `n`th. */
bool faults_hit(void);

/* What this thread asks for in between is always granted and not counted: for the test's own needs. May be nested. */
void faults_pause(void);
void faults_resume(void);

/* As long as it is told to, the system has no thread to give: EAGAIN. */
void faults_refuse_threads(bool refuse);
/* How often that was said. */
int faults_threads_refused(void);

#endif
