/*
 * Reads steps, and runs each as its user.
 */
#include "script.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS 16
#define SCRIPT_SIZE (1 << 16)

struct user {
    const char *name;
    uid_t id; /* and that of his own group */
    gid_t groups[2];
    size_t group_count;
};

/* The last is only a group. */
static const struct user users[] = {
    {.name = "root", .id = 0},
    {.name = "nobody", .id = 65534},
    {.name = "alice", .id = 1001},
    {.name = "bob", .id = 1002, .groups = {1001, 2000}, .group_count = 2},
    {.name = "staff", .id = 2000},
};

struct step {
    const struct user *user;
    char *words[WORDS + 1]; /* the verb and its arguments, NULL behind them */
    int count;
    const char *result; /* NULL: anything but a failure */
};

void script_nonsense(const char *what, const char *word)
{
    printf("the table has no sense: %s '%s'", what, word);
    fflush(stdout);
    _exit(2);
}

static const struct user *find_user(const char *name)
{
    for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
        if (strcmp(users[i].name, name) == 0)
            return &users[i];
    }
    return NULL;
}

uid_t script_id(const char *name)
{
    const struct user *user = find_user(name);

    return user ? user->id : (uid_t)script_number(name);
}

long long script_number(const char *argument)
{
    char *end;
    long long number = strtoll(argument, &end, 0);

    if (end == argument || *end != '\0')
        script_nonsense("not a number", argument);
    return number;
}

mode_t script_mode(const char *argument)
{
    char *end;
    unsigned long mode = strtoul(argument, &end, 8);

    if (end == argument || *end != '\0')
        script_nonsense("not a mode", argument);
    return (mode_t)mode;
}

struct timespec script_time(const char *argument)
{
    struct timespec time = {0};
    const char *point = strchr(argument, '.');

    if (strcmp(argument, "now") == 0)
        return (struct timespec){.tv_nsec = UTIME_NOW};
    if (strcmp(argument, "omit") == 0)
        return (struct timespec){.tv_nsec = UTIME_OMIT};
    time.tv_sec = strtoll(argument, NULL, 10);
    time.tv_nsec = point ? strtol(point + 1, NULL, 10) : 0;
    return time;
}

int script_file(const struct script *script, const char *number)
{
    long long index = script_number(number);

    if (index == -1)
        return -1;
    if (index < 1 || (size_t)index > script->file_count)
        script_nonsense("no such open file", number);
    return script->files[index - 1];
}

long script_add_file(struct script *script, int descriptor)
{
    if (descriptor < 0)
        return -1;
    if (script->file_count == SCRIPT_FILES)
        script_nonsense("too many open files", "");
    script->files[script->file_count++] = descriptor;
    return (long)script->file_count;
}

/* An address that is mapped, and may not be read. */
const char *script_address(const char *argument)
{
    static void *forbidden;

    if (!argument || strcmp(argument, "BAD") != 0)
        return argument;
    if (!forbidden)
        forbidden = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return forbidden;
}

/* The saved user stays root, so that the next step may be another's. */
static void become(const struct user *user)
{
    if (setresuid(0, 0, 0) < 0 || setgroups(user->group_count, user->groups) < 0 ||
        setresgid(user->id, user->id, 0) < 0 || setresuid(user->id, user->id, 0) < 0)
        script_nonsense("can't become", user->name);
}

static void exec_program(const char *path, int failed)
{
    char *const arguments[] = {"program", "60", NULL};
    char *const environment[] = {NULL};
    int error;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execve(path, arguments, environment);
    error = errno;
    if (write(failed, &error, sizeof(error)) < 0)
        _exit(3);
    _exit(3);
}

int script_start_program(const char *path, bool tries)
{
    int failed[2];
    int error = 0;
    pid_t pid;

    if (pipe2(failed, O_CLOEXEC) < 0)
        script_nonsense("no pipe for", path);
    pid = fork();
    if (pid == 0)
        exec_program(path, failed[1]);
    close(failed[1]);
    if (read(failed[0], &error, sizeof(error)) < 0)
        script_nonsense("can't hear of", path);
    close(failed[0]);
    if (error != 0 || tries) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    return error;
}

/* ---- reading ---- */

static char *pad(char *to, const char *end, size_t length, const char *path)
{
    size_t padding = length - strlen(path);

    if (strlen(path) > length || to + length >= end)
        script_nonsense("too long", path);
    for (size_t i = 0; i < padding; i++)
        *to++ = i % 2 == 0 && i + 1 < padding ? '.' : '/';
    return stpcpy(to, path);
}

static char *repeat_x(char *to, const char *end, size_t length)
{
    if (to + length >= end)
        script_nonsense("too long", "<N>");
    memset(to, 'x', length);
    return to + length;
}

/* `<N>` or `<N/PATH>`, at `*from`, which is moved behind it. */
static char *expand_length(char **from, char *to, const char *end)
{
    char *close = strchr(*from, '>');
    char *rest;
    size_t length = strtoul(*from + 1, &rest, 10);

    if (!close || rest == *from + 1)
        script_nonsense("not a length", *from);
    *close = '\0';
    *from = close + 1;
    return *rest == '/' ? pad(to, end, length, rest + 1) : repeat_x(to, end, length);
}

static char *expand(char *word)
{
    static char room[SCRIPT_SIZE];
    char *to = room;

    if (strcmp(word, "''") == 0)
        return strdup("");
    while (*word != '\0') {
        if (*word == '<')
            to = expand_length(&word, to, room + sizeof(room));
        else
            *to++ = *word++;
    }
    *to = '\0';
    return strdup(room);
}

static void read_word(struct step *step, char *word)
{
    size_t length = strlen(word);

    if (step->count == 0 && !step->user && word[length - 1] == ':') {
        word[length - 1] = '\0';
        step->user = find_user(word);
        if (!step->user)
            script_nonsense("no such user", word);
        return;
    }
    if (step->count == WORDS)
        script_nonsense("too many words", word);
    step->words[step->count++] = expand(word);
}

static struct step read_step(char *text)
{
    struct step step = {0};
    char *rest;
    char *word;

    for (word = strtok_r(text, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
        if (strcmp(word, "=") == 0) {
            step.result = strtok_r(NULL, " \n", &rest);
            break;
        }
        read_word(&step, word);
    }
    if (!step.user)
        step.user = &users[0];
    return step;
}

/* ---- running ---- */

static const struct verb *find_verb(const struct step *step)
{
    for (const struct verb *lists[] = {script_calls, script_checks}, **list = lists; list < lists + 2; list++) {
        for (const struct verb *verb = *list; verb->name; verb++) {
            if (strcmp(verb->name, step->words[0]) != 0)
                continue;
            if (step->count - 1 < verb->least || step->count - 1 > verb->most)
                script_nonsense("not its arguments:", verb->name);
            return verb;
        }
    }
    script_nonsense("no such verb:", step->words[0]);
}

static void tell(const struct script *script, const char *text, const char *wanted, const char *got)
{
    snprintf(script->why, script->why_size, "expected %s of '%s', got %s", wanted, text, got);
}

static bool run_step(struct script *script, struct step *step, const char *text)
{
    const struct verb *verb = find_verb(step);
    char number[32];
    const char *got;
    long result;

    become(step->user);
    errno = 0;
    result = verb->run(script, step->words + 1);
    if (result == CHECK_FAILED)
        return false;
    snprintf(number, sizeof(number), "%ld", result);
    got = result < 0 ? strerrorname_np(errno) : number;
    if (step->result ? strcmp(step->result, got) == 0 : result >= 0)
        return true;
    tell(script, text, step->result ? step->result : "success", got);
    return false;
}

bool script_run(const char *steps, char *why, size_t size)
{
    static char text[SCRIPT_SIZE];
    struct script script = {.why = why, .why_size = size};
    char *rest;

    if (snprintf(text, sizeof(text), "%s", steps) >= (int)sizeof(text))
        script_nonsense("too long", steps);
    for (char *at = strtok_r(text, ";", &rest); at; at = strtok_r(NULL, ";", &rest)) {
        char *shown = strdup(at + strspn(at, " \n"));
        struct step step = read_step(at);

        if (step.count > 0 && !run_step(&script, &step, shown))
            return false;
    }
    return true;
}
