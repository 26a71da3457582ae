/*
 * An operation as a line: the name of its kind, and its arguments as
 * name=value, in any order. An argument that is left out is 0.
 */
#include "argument_words.h"

#include <string.h>

void operation_print(const struct operation *operation, FILE *to)
{
    const struct kind *kind = operation->kind;

    fputs(kind->name, to);
    for (size_t i = 0; i < KIND_ARGUMENTS && kind->arguments[i] != ARGUMENT_NONE; i++) {
        enum argument argument = kind->arguments[i];
        int64_t value = operation->values[argument];

        if (argument == ARGUMENT_AS && value == 0)
            continue;
        fprintf(to, " %s=", argument_types[argument].name);
        argument_print(argument, value, to);
    }
    fputc('\n', to);
}

static enum argument find_argument(const struct kind *kind, const char *name)
{
    for (size_t i = 0; i < KIND_ARGUMENTS && kind->arguments[i] != ARGUMENT_NONE; i++) {
        if (strcmp(argument_types[kind->arguments[i]].name, name) == 0)
            return kind->arguments[i];
    }
    return ARGUMENT_NONE;
}

static bool parse_argument(char *word, struct operation *operation)
{
    const char *name = strsep(&word, "=");
    enum argument argument = find_argument(operation->kind, name);

    return argument != ARGUMENT_NONE && word && argument_parse(argument, word, &operation->values[argument]);
}

bool operation_parse(char *line, struct operation *ret_operation)
{
    struct operation operation = {.kind = NULL};

    line[strcspn(line, "\n")] = '\0';
    for (char *word; (word = strsep(&line, " "));) {
        if (*word == '\0')
            continue;
        if (operation.kind) {
            if (!parse_argument(word, &operation))
                return false;
            continue;
        }
        operation.kind = kind_find(word);
        if (!operation.kind)
            return false;
    }
    *ret_operation = operation;
    return operation.kind != NULL;
}
