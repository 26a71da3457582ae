/*
 * Giving memory that was freed back to the system: what is freed here, long
 * after its neighbours, leaves the heap in pieces, which malloc() keeps.
 *
 * It serves whichever allocator the process has: with glibc's one thread gives
 * back for all, with mimalloc each thread has a heap and gives back its own.
 */
#ifndef KVFS_BASE_MEMORY_H
#define KVFS_BASE_MEMORY_H

/* [any thread] One more thing was freed that may have lived long. Now and then gives back. */
void memory_note_release(void);
/* [any thread] Gives back what this thread's heap has, if much was freed since it last did; else costs next to nothing. */
void memory_give_back(void);

#endif
