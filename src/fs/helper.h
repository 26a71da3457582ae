/*
 * A small process that opens paths in our own mount, which no thread of the
 * daemon may do: killed meanwhile it would wait for itself for ever.
 *
 * It writes what the daemon tells it into FIFOs that readers wait on. Forked
 * before there is a session, a thread or an RCU table, it holds none of the
 * daemon's descriptors but its end of a socket pair; when the daemon dies,
 * however, its FIFOs close and every reader sees the end of the file.
 */
#ifndef KVFS_FS_HELPER_H
#define KVFS_FS_HELPER_H

#include <stdint.h>
#include <sys/types.h>

#define HELPER_TOKEN_SIZE 33 /* hex digits and a NUL */
#define HELPER_LINE_MAX 2048 /* bytes of a line, its end included; a pipe takes it whole or not at all */

/* What is sent over the socket pair, one packet each. */
enum helper_word {
    HELPER_PROBE,  /* daemon: the session runs; helper: the mount answers */
    HELPER_OPEN,   /* daemon: somebody looked FIFO `ino` up: open it for writing as soon as it has a reader */
    HELPER_OPENED, /* helper: now it is open and has a reader. Not said of a HELPER_LINE */
    HELPER_WRITE,  /* daemon: give its reader this line, if any, and close; or as soon as it is open */
    HELPER_EVENT,  /* daemon: give every reader of an open HELPER_STREAM this line */
    HELPER_CLOSE,  /* daemon: forget FIFO `ino`, whose reader sees the end of it; answered by HELPER_HANGUP */
    HELPER_HANGUP, /* helper: its reader has gone, or it can't be opened; it is forgotten */
    HELPER_FINISH, /* daemon: end when every HELPER_WRITE is done, and who is about to open a FIFO has seen its end */
};

/* What is done with a FIFO once it is open. */
enum helper_kind {
    HELPER_LINE,   /* one line, then it is closed */
    HELPER_STREAM, /* a line for each event. Who reads too slowly loses lines and is told `LOST n` in their place */
    HELPER_HOLD,   /* nothing: it tells when its reader goes */
};

struct helper_packet {
    enum helper_word word;
    enum helper_kind kind; /* of what HELPER_OPEN is about */
    uint64_t ino;
    uint32_t length; /* of `line`, which is not terminated */
    char line[HELPER_LINE_MAX];
};

struct helper {
    pid_t pid;
    int socket;
    char token[HELPER_TOKEN_SIZE]; /* unguessable: part of the FIFOs' hidden names */
};

/* [before threads] Forks it for a mount that will be at `mountpoint`, absolute. 0, or a negative errno. */
int helper_start(const char *mountpoint, struct helper *ret_helper);

/* [main thread] [may block] Waits until it has ended, for `timeout_ms` at most; then ends it. Closes the socket. */
void helper_reap(struct helper *helper, int timeout_ms);

/* [any thread] [may block: the helper always reads] 0, or a negative errno when it is gone. Sends what is used of `line`. */
int helper_send(int socket, const struct helper_packet *packet);
/* 1 and a packet, 0 if there is none now (with `flags` MSG_DONTWAIT), or a negative errno when the other side is gone. */
int helper_receive(int socket, int flags, struct helper_packet *ret_packet);

/* The name at the root by which the helper reaches FIFO `ino`. `name` has NAME_MAX + 1 bytes. */
void helper_hidden_name(const char *token, uint64_t ino, char *name);

#endif
