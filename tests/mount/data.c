/*
 * What programs do to the bytes of files, by system calls that no shell command makes. Each check is a function that
 * works in the current directory, an empty one, and says what was not as expected.
 *
 * usage: data CHECK
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/falloc.h>
#include <linux/magic.h>

#define PAGE 4096L
#define KIB 1024L
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define PUNCH (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)

static bool is_tmpfs;

/* ---- what is expected ---- */

static void expect_at(int line, bool met, const char *what)
{
    if (!met)
        errx(1, "data.c:%d: not so: %s (errno: %s)", line, what, strerror(errno));
}
#define EXPECT(what) expect_at(__LINE__, (what), #what)
#define REFUSED(error, call) expect_at(__LINE__, (errno = 0, (call) < 0 && errno == (error)), #call " = " #error)

static int create(const char *name)
{
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);

    if (fd < 0)
        err(1, "create %s", name);
    return fd;
}

static void write_at(int fd, const void *bytes, size_t length, off_t offset)
{
    if (pwrite(fd, bytes, length, offset) != (ssize_t)length)
        err(1, "write %zu at %ld", length, (long)offset);
}

static void fill(int fd, char byte, size_t length, off_t offset)
{
    char *bytes = malloc(length);

    memset(bytes, byte, length);
    write_at(fd, bytes, length, offset);
    free(bytes);
}

static bool all_are(const char *bytes, char byte, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != byte)
            return false;
    }
    return true;
}

static bool holds(int fd, char byte, size_t length, off_t offset)
{
    char *bytes = malloc(length);
    bool held = pread(fd, bytes, length, offset) == (ssize_t)length && all_are(bytes, byte, length);

    free(bytes);
    return held;
}

/* As it is where the file is kept, whatever the kernel has of it. */
static bool keeps(int fd, char byte, size_t length, off_t offset)
{
    EXPECT(fsync(fd) == 0);
    EXPECT(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
    return holds(fd, byte, length, offset);
}

/* In both views. */
static bool has(int fd, char byte, size_t length, off_t offset)
{
    return holds(fd, byte, length, offset) && keeps(fd, byte, length, offset);
}

static off_t size_of(int fd)
{
    struct stat stat;

    EXPECT(fstat(fd, &stat) == 0);
    return stat.st_size;
}

/* In pages. */
static long allocated(int fd)
{
    struct stat stat;

    EXPECT(fstat(fd, &stat) == 0);
    return stat.st_blocks * 512 / PAGE;
}

/* Its data as "from-to from-to", in pages where it is whole pages. */
static const char *data_of(int fd)
{
    static char text[400];
    off_t from = 0;
    size_t used = 0;

    text[0] = '\0';
    while ((from = lseek(fd, from, SEEK_DATA)) >= 0) {
        off_t to = lseek(fd, from, SEEK_HOLE);

        used += (size_t)snprintf(text + used, sizeof(text) - used, to % PAGE ? "%s%ld-%ld+%ld" : "%s%ld-%ld",
                                 used ? " " : "", (long)(from / PAGE), (long)(to / PAGE), (long)(to % PAGE));
        from = to;
    }
    EXPECT(errno == ENXIO);
    return text;
}

static void has_data_at(int line, int fd, const char *expected)
{
    const char *found = data_of(fd);

    if (strcmp(found, expected) != 0)
        errx(1, "data.c:%d: expected data in '%s', but it is in '%s'", line, expected, found);
}
#define HAS_DATA(fd, expected) has_data_at(__LINE__, fd, expected)

static char *map(int fd, size_t length, int flags)
{
    char *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, flags, fd, 0);

    if (memory == MAP_FAILED)
        err(1, "mmap");
    return memory;
}

/* Runs it in `count` processes, with their numbers; all succeed. */
static void in_processes(int count, void (*run)(int number))
{
    for (int i = 0; i < count; i++) {
        if (fork() == 0) {
            run(i);
            _exit(0);
        }
    }
    for (int i = 0; i < count; i++) {
        int status;

        EXPECT(wait(&status) > 0 && status == 0);
    }
}

/* ---- holes ---- */

static void find_data_and_holes(void)
{
    int fd = create("f");

    REFUSED(ENXIO, lseek(fd, 0, SEEK_DATA));
    REFUSED(ENXIO, lseek(fd, 0, SEEK_HOLE));
    fill(fd, 'x', 1, 14 * PAGE + 2000);
    HAS_DATA(fd, "14-14+2001");
    EXPECT(allocated(fd) == 1);
    fill(fd, 'x', 5 * PAGE - 100, 0);
    HAS_DATA(fd, "0-5 14-14+2001");
    EXPECT(allocated(fd) == 6);
    fill(fd, 'x', PAGE, 100 * PAGE);
    fill(fd, 'x', PAGE, 5 * GIB);
    EXPECT(ftruncate(fd, 6 * GIB) == 0);
    HAS_DATA(fd, "0-5 14-15 100-101 1310720-1310721");
    EXPECT(allocated(fd) == 8);
    EXPECT(lseek(fd, 100, SEEK_DATA) == 100);
    EXPECT(lseek(fd, 100, SEEK_HOLE) == 5 * PAGE);
    EXPECT(lseek(fd, 5 * PAGE + 1, SEEK_HOLE) == 5 * PAGE + 1);
    EXPECT(lseek(fd, 5 * PAGE + 1, SEEK_DATA) == 14 * PAGE);
    EXPECT(lseek(fd, 5 * GIB + PAGE, SEEK_HOLE) == 5 * GIB + PAGE);
    REFUSED(ENXIO, lseek(fd, 5 * GIB + PAGE, SEEK_DATA));
    REFUSED(ENXIO, lseek(fd, 6 * GIB, SEEK_HOLE));
    REFUSED(ENXIO, lseek(fd, -1, SEEK_DATA));
    REFUSED(EINVAL, lseek(fd, -1, SEEK_SET));
    EXPECT(lseek(fd, -1, SEEK_END) == 6 * GIB - 1);
    EXPECT(has(fd, 0, 100 * KIB, 5 * GIB - 100 * KIB));
    EXPECT(has(fd, 'x', PAGE, 5 * GIB));
}

static void cut_and_grow(void)
{
    static const off_t sizes[] = {1, PAGE - 1, PAGE, 60000, 256 * KIB, 256 * KIB + 1, MIB};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        int fd = create("f");
        off_t size = sizes[i];

        fill(fd, 'x', 2 * MIB, 0);
        EXPECT(ftruncate(fd, size) == 0);
        EXPECT(size_of(fd) == size);
        EXPECT(allocated(fd) == (size + PAGE - 1) / PAGE);
        EXPECT(ftruncate(fd, 2 * MIB) == 0);
        EXPECT(allocated(fd) == (size + PAGE - 1) / PAGE);
        EXPECT(has(fd, 'x', (size_t)size, 0));
        EXPECT(has(fd, 0, (size_t)(2 * MIB - size), size));
        EXPECT(ftruncate(fd, 0) == 0);
        EXPECT(allocated(fd) == 0);
        close(fd);
    }
}

static void be_as_large_as_an_offset(void)
{
    const off_t max = INT64_MAX;
    int fd = create("f");

    EXPECT(ftruncate(fd, max) == 0);
    EXPECT(size_of(fd) == max);
    EXPECT(allocated(fd) == 0);
    EXPECT(lseek(fd, 0, SEEK_END) == max);
    fill(fd, 'x', 1, max - 1);
    EXPECT(has(fd, 'x', 1, max - 1));
    EXPECT(has(fd, 0, 100, max - 101));
    EXPECT(allocated(fd) == 1);
    REFUSED(EINVAL, pwrite(fd, "xy", 2, max - 1));
    REFUSED(EINVAL, pwrite(fd, "x", 1, max));
    EXPECT(lseek(fd, max, SEEK_SET) == max);
    REFUSED(EINVAL, write(fd, "x", 1));
    REFUSED(EFBIG, fallocate(fd, 0, max - 1, 2));
    EXPECT(ftruncate(fd, 100) == 0);
    EXPECT(has(fd, 0, 100, 0));
    EXPECT(allocated(fd) == 0);
    REFUSED(EINVAL, ftruncate(fd, -1));
}

/* ---- fallocate ---- */

static void allocate(void)
{
    int fd = create("f");

    EXPECT(fallocate(fd, 0, 0, 10000) == 0);
    EXPECT(size_of(fd) == 10000 && allocated(fd) == 3);
    HAS_DATA(fd, "");
    EXPECT(has(fd, 0, 10000, 0));
    fill(fd, 'x', 1, 5000);
    HAS_DATA(fd, "1-2");
    EXPECT(allocated(fd) == 3);

    EXPECT(fallocate(fd, FALLOC_FL_KEEP_SIZE, 3 * PAGE, 10 * PAGE) == 0);
    EXPECT(size_of(fd) == 10000 && allocated(fd) == 13);
    EXPECT(ftruncate(fd, 5 * PAGE) == 0);
    EXPECT(allocated(fd) == 13);
    HAS_DATA(fd, "1-2");
    EXPECT(fallocate(fd, 0, 0, PAGE) == 0);
    HAS_DATA(fd, "0-2");
    EXPECT(ftruncate(fd, 5 * PAGE) == 0);
    EXPECT(allocated(fd) == 5);
    EXPECT(fallocate(fd, 0, 2 * PAGE, PAGE) == 0 && size_of(fd) == 5 * PAGE);
    EXPECT(has(fd, 0, 5000, 0) && has(fd, 'x', 1, 5000) && has(fd, 0, 5 * PAGE - 5001, 5001));

    EXPECT(fallocate(fd, 0, GIB - 1, 2 * MIB) == 0);
    EXPECT(size_of(fd) == GIB - 1 + 2 * MIB);
    EXPECT(allocated(fd) == 5 + 2 * MIB / PAGE + 1);
    EXPECT(posix_fallocate(fd, 6 * GIB, 1) == 0 && size_of(fd) == 6 * GIB + 1);
}

static void punch(void)
{
    int fd = create("f");

    fill(fd, 'x', 100 * PAGE, 0);
    EXPECT(holds(fd, 'x', 100 * PAGE, 0));
    EXPECT(fallocate(fd, PUNCH, 2 * PAGE + 100, 10 * PAGE) == 0);
    EXPECT(allocated(fd) == 91 && size_of(fd) == 100 * PAGE);
    HAS_DATA(fd, "0-3 12-100");
    EXPECT(has(fd, 'x', 2 * PAGE + 100, 0));
    EXPECT(has(fd, 0, 10 * PAGE, 2 * PAGE + 100));
    EXPECT(has(fd, 'x', 88 * PAGE - 100, 12 * PAGE + 100));
    EXPECT(fallocate(fd, PUNCH, 0, 100 * PAGE - 1) == 0);
    HAS_DATA(fd, "99-100");
    EXPECT(has(fd, 0, 100 * PAGE - 1, 0));
    EXPECT(has(fd, 'x', 1, 100 * PAGE - 1));
    EXPECT(fallocate(fd, PUNCH, PAGE, INT64_MAX - PAGE) == 0);
    EXPECT(allocated(fd) == 0 && size_of(fd) == 100 * PAGE);
    EXPECT(has(fd, 0, 100 * PAGE, 0));
    fill(fd, 'y', 10, 10);
    EXPECT(fallocate(fd, PUNCH, 12, 3) == 0);
    EXPECT(has(fd, 'y', 2, 10) && has(fd, 0, 3, 12) && has(fd, 'y', 5, 15));
}

/* tmpfs has none. */
static void zero(void)
{
    int fd = create("f");

    fill(fd, 'x', 100 * PAGE, 0);
    if (is_tmpfs) {
        REFUSED(EOPNOTSUPP, fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, PAGE));
        REFUSED(EOPNOTSUPP, fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 0, PAGE));
        return;
    }
    EXPECT(holds(fd, 'x', 100 * PAGE, 0));
    EXPECT(fallocate(fd, FALLOC_FL_ZERO_RANGE, 2 * PAGE + 100, 10 * PAGE) == 0);
    EXPECT(allocated(fd) == 100 && size_of(fd) == 100 * PAGE);
    HAS_DATA(fd, "0-3 12-100");
    EXPECT(has(fd, 'x', 2 * PAGE + 100, 0));
    EXPECT(has(fd, 0, 10 * PAGE, 2 * PAGE + 100));
    EXPECT(has(fd, 'x', 88 * PAGE - 100, 12 * PAGE + 100));
    EXPECT(fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 99 * PAGE, 10 * PAGE) == 0);
    EXPECT(allocated(fd) == 109 && size_of(fd) == 100 * PAGE);
    EXPECT(fallocate(fd, FALLOC_FL_ZERO_RANGE, 99 * PAGE, 5 * PAGE) == 0);
    EXPECT(allocated(fd) == 109 && size_of(fd) == 104 * PAGE);
    EXPECT(has(fd, 'x', 87 * PAGE - 100, 12 * PAGE + 100) && has(fd, 0, 5 * PAGE, 99 * PAGE));
}

static void refuse_what_cant_be_allocated(void)
{
    static const int modes[] = {FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE, FALLOC_FL_UNSHARE_RANGE,
                                FALLOC_FL_PUNCH_HOLE, 0x4000};
    int reader = open("f", O_RDONLY | O_CREAT, 0644);
    int fd = create("f");

    fill(fd, 'x', 3 * PAGE, 0);
    for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
        REFUSED(EOPNOTSUPP, fallocate(fd, modes[i], 0, PAGE));
    REFUSED(EINVAL, fallocate(fd, 0, 0, 0));
    REFUSED(EINVAL, fallocate(fd, 0, -1, PAGE));
    REFUSED(EINVAL, fallocate(fd, 0, 0, -1));
    REFUSED(EBADF, fallocate(reader, 0, 0, PAGE));
    EXPECT(size_of(fd) == 3 * PAGE && allocated(fd) == 3 && has(fd, 'x', 3 * PAGE, 0));
}

static struct timespec old_times(const char *name)
{
    const struct timespec times[2] = {{1000, 0}, {1000, 0}};
    struct stat stat_;

    EXPECT(utimensat(AT_FDCWD, name, times, 0) == 0);
    EXPECT(stat(name, &stat_) == 0);
    return stat_.st_ctim;
}

/* Its mtime and its ctime are later than old_times() left them. */
static bool has_new_times(const char *name, struct timespec then)
{
    struct stat stat_;

    EXPECT(stat(name, &stat_) == 0);
    return stat_.st_mtim.tv_sec > 1000 &&
           (stat_.st_ctim.tv_sec > then.tv_sec ||
            (stat_.st_ctim.tv_sec == then.tv_sec && stat_.st_ctim.tv_nsec > then.tv_nsec));
}

/* The clock of the kernel's times has moved on. */
static void let_time_pass(void)
{
    struct timespec start;
    struct timespec now;

    clock_gettime(CLOCK_REALTIME_COARSE, &start);
    do
        clock_gettime(CLOCK_REALTIME_COARSE, &now);
    while (now.tv_nsec == start.tv_nsec);
}

static void have_new_times(void)
{
    static const int modes[] = {0, FALLOC_FL_KEEP_SIZE, PUNCH};
    int fd = create("f");
    struct timespec then;

    fill(fd, 'x', 10 * PAGE, 0);
    for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
        then = old_times("f");
        let_time_pass();
        EXPECT(fallocate(fd, modes[i], PAGE, PAGE) == 0);
        EXPECT(has_new_times("f", then));
    }
    then = old_times("f");
    let_time_pass();
    EXPECT(ftruncate(fd, size_of(fd)) == 0);
    EXPECT(has_new_times("f", then));
    then = old_times("f");
    let_time_pass();
    EXPECT(truncate("f", size_of(fd)) == 0);
    EXPECT(has_new_times("f", then));
    EXPECT(ftruncate(fd, 0) == 0);
    then = old_times("f");
    let_time_pass();
    close(open("f", O_WRONLY | O_TRUNC));
    EXPECT(has_new_times("f", then));
}

/* ---- mappings ---- */

static void share_a_mapping(void)
{
    int fd = create("f");
    int other = open("f", O_RDWR);
    char *shared;
    char *private;

    EXPECT(ftruncate(fd, 100 * PAGE) == 0);
    shared = map(fd, 100 * PAGE, MAP_SHARED);
    private = map(other, 100 * PAGE, MAP_PRIVATE);
    memset(shared + 10 * PAGE, 'x', 5 * PAGE);
    EXPECT(holds(other, 'x', 5 * PAGE, 10 * PAGE));
    EXPECT(private[10 * PAGE] == 'x');
    EXPECT(msync(shared, 100 * PAGE, MS_SYNC) == 0);
    HAS_DATA(other, "10-15");
    EXPECT(allocated(other) >= 5);
    fill(other, 'y', PAGE, 11 * PAGE);
    EXPECT(all_are(shared + 11 * PAGE, 'y', PAGE));
    private[12 * PAGE] = 'z';
    EXPECT(shared[12 * PAGE] == 'x');
    EXPECT(has(fd, 'x', PAGE, 12 * PAGE));
    memset(shared + 50 * PAGE, 'm', PAGE);
    EXPECT(munmap(shared, 100 * PAGE) == 0);
    EXPECT(munmap(private, 100 * PAGE) == 0);
    close(fd);
    EXPECT(keeps(other, 'm', PAGE, 50 * PAGE));
    HAS_DATA(other, "10-15 50-51");
}

static void fault(void (*touch)(volatile char *at), volatile char *at)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        signal(SIGBUS, SIG_DFL);
        touch(at);
        _exit(0);
    }
    EXPECT(waitpid(child, &status, 0) == child);
    EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
}

static void write_byte(volatile char *at)
{
    *at = 1;
}

static void change_below_a_mapping(void)
{
    int fd = create("f");
    char *memory;

    fill(fd, 'x', 20 * PAGE, 0);
    memory = map(fd, 20 * PAGE, MAP_SHARED);
    memset(memory, 'm', 20 * PAGE);
    EXPECT(fallocate(fd, PUNCH, 2 * PAGE, 3 * PAGE) == 0);
    EXPECT(all_are(memory, 'm', 2 * PAGE) && all_are(memory + 2 * PAGE, 0, 3 * PAGE));
    EXPECT(has(fd, 'm', 2 * PAGE, 0) && has(fd, 0, 3 * PAGE, 2 * PAGE) && has(fd, 'm', 15 * PAGE, 5 * PAGE));

    memset(memory, 'n', 20 * PAGE);
    EXPECT(ftruncate(fd, 10 * PAGE + 100) == 0);
    EXPECT(all_are(memory, 'n', 10 * PAGE + 100) && all_are(memory + 10 * PAGE + 100, 0, PAGE - 100));
    fault(write_byte, memory + 11 * PAGE);
    EXPECT(ftruncate(fd, 20 * PAGE) == 0);
    EXPECT(all_are(memory + 10 * PAGE + 100, 0, 10 * PAGE - 100));
    EXPECT(has(fd, 'n', 10 * PAGE + 100, 0) && has(fd, 0, 10 * PAGE - 100, 10 * PAGE + 100));

    memset(memory + 15 * PAGE, 'o', PAGE);
    EXPECT(ftruncate(fd, 0) == 0);
    EXPECT(ftruncate(fd, 20 * PAGE) == 0);
    EXPECT(all_are(memory, 0, 20 * PAGE) && has(fd, 0, 20 * PAGE, 0));
    EXPECT(munmap(memory, 20 * PAGE) == 0);
}

/* ---- open flags ---- */

static void append_lines(int number)
{
    int fd = open("log", O_WRONLY | O_APPEND);

    for (int i = 0; i < 300; i++) {
        char line[64];
        int length = snprintf(line, sizeof(line), "%d %d %.*s\n", number, i, i % 40,
                              "........................................");

        EXPECT(write(fd, line, (size_t)length) == length);
    }
    close(fd);
}

static void append_from_many(void)
{
    int next[8] = {0};
    char line[100];
    FILE *log;
    int count = 0;

    close(create("log"));
    in_processes(8, append_lines);
    EXPECT(keeps(open("log", O_RDWR), 0, 0, 0));
    log = fopen("log", "r");
    while (fgets(line, sizeof(line), log)) {
        int number;
        int i;

        EXPECT(sscanf(line, "%d %d", &number, &i) == 2 && number < 8);
        EXPECT(i == next[number]++);
        count++;
    }
    EXPECT(count == 8 * 300);
    fclose(log);
}

/* Writes a part of a file that has no page to itself, and reads what it has written. */
static void write_part(int number)
{
    enum { PART = 1500, TIMES = 10000 };
    char part[PART];

    for (int i = 0; i < TIMES; i++) {
        int fd = open("parts", O_RDWR);

        memset(part, i, PART);
        write_at(fd, part, PART, (off_t)number * PART);
        EXPECT(holds(fd, (char)i, PART, (off_t)number * PART));
        close(fd);
    }
}

static void write_parts_from_many(void)
{
    close(create("parts"));
    in_processes(4, write_part);
}

static void mix_direct_and_cached(void)
{
    int fd = create("f");
    int direct = open("f", O_RDWR | O_DIRECT);
    char *buffer = aligned_alloc((size_t)PAGE, 10 * PAGE);
    char *memory;

    EXPECT(direct >= 0);
    fill(fd, 'x', 10 * PAGE, 0);
    EXPECT(pread(direct, buffer, 10 * PAGE, 0) == 10 * PAGE && all_are(buffer, 'x', 10 * PAGE));
    memset(buffer, 'd', 2 * PAGE);
    EXPECT(pwrite(direct, buffer, 2 * PAGE, 4 * PAGE) == 2 * PAGE);
    EXPECT(has(fd, 'x', 4 * PAGE, 0) && has(fd, 'd', 2 * PAGE, 4 * PAGE) && has(fd, 'x', 4 * PAGE, 6 * PAGE));
    fill(fd, 'y', PAGE, 5 * PAGE);
    EXPECT(pread(direct, buffer, PAGE, 5 * PAGE) == PAGE && all_are(buffer, 'y', PAGE));
    memory = map(fd, 10 * PAGE, MAP_SHARED);
    memset(memory + 7 * PAGE, 'm', PAGE);
    EXPECT(pread(direct, buffer, PAGE, 7 * PAGE) == PAGE && all_are(buffer, 'm', PAGE));
    memset(buffer, 'e', PAGE);
    EXPECT(pwrite(direct, buffer, PAGE, 7 * PAGE) == PAGE);
    EXPECT(all_are(memory + 7 * PAGE, 'e', PAGE));
    EXPECT(pwrite(direct, buffer, PAGE, 20 * PAGE) == PAGE);
    EXPECT(size_of(fd) == 21 * PAGE && has(fd, 0, 10 * PAGE, 10 * PAGE) && has(fd, 'e', PAGE, 20 * PAGE));
    EXPECT(pread(direct, buffer, 10 * PAGE, 21 * PAGE) == 0);
    free(buffer);
}

static void sync_what_is_written(void)
{
    static const int flags[] = {O_SYNC, O_DSYNC};
    int directory = open(".", O_RDONLY);

    for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
        int fd = open("f", O_RDWR | O_CREAT | O_TRUNC | flags[i], 0644);

        fill(fd, 'x', 300 * KIB, 0);
        EXPECT(fsync(fd) == 0 && fdatasync(fd) == 0 && syncfs(fd) == 0);
        EXPECT(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE) == 0);
        EXPECT(has(fd, 'x', 300 * KIB, 0));
        close(fd);
    }
    EXPECT(fsync(directory) == 0);
}

/* ---- limits ---- */

static void write_up_to_the_limit_of_a_process(void)
{
    const struct rlimit limit = {100 * KIB, 100 * KIB};
    int fd = create("f");
    char *bytes = calloc(1, 200 * KIB);

    signal(SIGXFSZ, SIG_IGN);
    EXPECT(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    EXPECT(write(fd, bytes, 200 * KIB) == 100 * KIB);
    REFUSED(EFBIG, write(fd, bytes, 1));
    REFUSED(EFBIG, pwrite(fd, bytes, 1, GIB));
    REFUSED(EFBIG, ftruncate(fd, 100 * KIB + 1));
    REFUSED(EFBIG, fallocate(fd, 0, 0, 100 * KIB + 1));
    EXPECT(size_of(fd) == 100 * KIB && allocated(fd) == 25);
    EXPECT(pwrite(fd, bytes, 10, 0) == 10);
    free(bytes);
}

/* ---- copies within the kernel ---- */

/* A pattern that tells each byte's place. */
static void fill_with_pattern(int fd, size_t length)
{
    uint32_t *words = malloc(length);

    for (uint32_t i = 0; i < length / 4; i++)
        words[i] = i * 2654435761u;
    write_at(fd, words, length, 0);
    free(words);
}

static bool same(int a, off_t from, int b, off_t at, size_t length)
{
    char *one = malloc(length);
    char *other = malloc(length);
    bool equal = pread(a, one, length, from) == (ssize_t)length && pread(b, other, length, at) == (ssize_t)length &&
                 memcmp(one, other, length) == 0;

    free(one);
    free(other);
    return equal;
}

/* How many bytes, by as many calls as it takes. */
static size_t copy(int in, off_t from, int out, off_t at, size_t length)
{
    size_t done = 0;
    ssize_t part = 1;

    while (done < length && part > 0) {
        part = copy_file_range(in, &from, out, &at, length - done, 0);
        EXPECT(part >= 0);
        done += (size_t)part;
    }
    return done;
}

static void copy_ranges(const char *target)
{
    int in = create("in");
    int out = create(target);
    char *memory;

    fill_with_pattern(in, 5 * MIB);
    EXPECT(copy(in, 0, out, 0, 5 * MIB) == 5 * MIB);
    EXPECT(same(in, 0, out, 0, 5 * MIB) && size_of(out) == 5 * MIB);

    /* What the kernel has of the target isn't what it has been. */
    memory = map(out, MIB, MAP_SHARED);
    memset(memory, 'o', MIB);
    EXPECT(copy(in, 12345, out, 777, 500000) == 500000);
    EXPECT(same(in, 12345, out, 777, 500000));
    EXPECT(all_are(memory, 'o', 777) && all_are(memory + 500777, 'o', 100));
    EXPECT(pread(in, memory, 1, 12345) == 1);
    EXPECT(munmap(memory, MIB) == 0);

    /* Nor of the source. */
    memory = map(in, MIB, MAP_SHARED);
    memset(memory + 100, 'i', 10000);
    EXPECT(copy(in, 0, out, 0, 20000) == 20000);
    EXPECT(holds(out, 'i', 10000, 100) && keeps(out, 'i', 10000, 100));
    EXPECT(munmap(memory, MIB) == 0);

    EXPECT(copy(in, 5 * MIB - 10, out, 10 * MIB, 1000) == 10);
    EXPECT(size_of(out) == 10 * MIB + 10 && has(out, 0, MIB, 8 * MIB));
    EXPECT(copy(in, 5 * MIB, out, 0, 1000) == 0);
    EXPECT(copy(in, 0, in, 3 * MIB, 2 * MIB) == 2 * MIB);
    EXPECT(same(in, 0, in, 3 * MIB, 2 * MIB));
    REFUSED(EINVAL, copy_file_range(in, &(off_t){0}, in, &(off_t){100}, 1000, 0));
    REFUSED(EINVAL, copy_file_range(in, NULL, out, NULL, 10, 1));
    close(in);
    close(out);
}

static void copy_ranges_within_a_directory(void)
{
    copy_ranges("out");
}

static void copy_ranges_between_directories(void)
{
    EXPECT(mkdir("below", 0755) == 0);
    copy_ranges("below/out");
}

static void copy_what_is_sparse(void)
{
    int in = create("in");
    int out = create("out");

    fill(in, 'x', PAGE, 5 * GIB);
    EXPECT(copy(in, 5 * GIB - MIB, out, GIB, 2 * MIB) == MIB + PAGE);
    EXPECT(size_of(out) == GIB + MIB + PAGE);
    EXPECT(has(out, 0, MIB, GIB) && has(out, 'x', PAGE, GIB + MIB));
}

/* ---- many ---- */

#define MANY 10000

/* Opens and unlinks many; then waits for a line, and says how many could still be read. */
static void hold_many_open(void)
{
    static int fds[MANY];
    const struct rlimit limit = {MANY + 100, MANY + 100};
    int readable = 0;
    int stale = 0;

    EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    for (int i = 0; i < MANY; i++) {
        char name[16];

        snprintf(name, sizeof(name), "k%d", i);
        fds[i] = create(name);
        EXPECT(write(fds[i], name, sizeof(name)) == sizeof(name));
        EXPECT(unlink(name) == 0);
    }
    puts("open");
    fflush(stdout);
    EXPECT(getchar() == '\n');
    for (int i = 0; i < MANY; i++) {
        char name[16];

        EXPECT(posix_fadvise(fds[i], 0, 0, POSIX_FADV_DONTNEED) == 0);
        if (pread(fds[i], name, sizeof(name), 0) > 0)
            readable++;
        else
            stale += errno == ESTALE;
    }
    printf("%d readable, %d stale\n", readable, stale);
}

static const struct {
    const char *name;
    void (*run)(void);
} checks[] = {
    {"find_data_and_holes", find_data_and_holes},
    {"cut_and_grow", cut_and_grow},
    {"be_as_large_as_an_offset", be_as_large_as_an_offset},
    {"allocate", allocate},
    {"punch", punch},
    {"zero", zero},
    {"refuse_what_cant_be_allocated", refuse_what_cant_be_allocated},
    {"have_new_times", have_new_times},
    {"share_a_mapping", share_a_mapping},
    {"change_below_a_mapping", change_below_a_mapping},
    {"append_from_many", append_from_many},
    {"write_parts_from_many", write_parts_from_many},
    {"mix_direct_and_cached", mix_direct_and_cached},
    {"sync_what_is_written", sync_what_is_written},
    {"write_up_to_the_limit_of_a_process", write_up_to_the_limit_of_a_process},
    {"copy_ranges_within_a_directory", copy_ranges_within_a_directory},
    {"copy_ranges_between_directories", copy_ranges_between_directories},
    {"copy_what_is_sparse", copy_what_is_sparse},
    {"hold_many_open", hold_many_open},
};

int main(int argc, char **argv)
{
    struct statfs statfs_;

    if (argc != 2 || statfs(".", &statfs_) < 0)
        errx(2, "usage: data CHECK");
    is_tmpfs = statfs_.f_type == TMPFS_MAGIC;
    for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
        if (strcmp(checks[i].name, argv[1]) == 0) {
            checks[i].run();
            return 0;
        }
    }
    errx(2, "no such check: %s", argv[1]);
}
