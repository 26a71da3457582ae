/*
 * What can be done with an argument, whatever it is: draw, simplify, write
 * and read it.
 */
#include "argument_words.h"

#include <stdlib.h>
#include <string.h>

/* A path is up to three names; as a number, its digits to the base 4, the first name first, 0 for none. */
#define PATH_DEPTH 3
#define PATH_NAMES 3
#define PATH_BASE (PATH_NAMES + 1)

/* The text of a word is also what the operation uses. */
static const char *text_of(enum argument argument, int64_t value)
{
    const struct argument_type *type = &argument_types[argument];

    for (size_t i = 0; i < type->count; i++) {
        if (type->words[i].value == value)
            return type->words[i].text;
    }
    return "?";
}

const char *argument_target(int64_t value)
{
    return text_of(ARGUMENT_TARGET, value);
}

const char *argument_xattr_name(int64_t value)
{
    return text_of(ARGUMENT_XATTR, value);
}

const int64_t *argument_offsets(size_t *ret_count)
{
    static int64_t offsets[64];
    const struct argument_type *type = &argument_types[ARGUMENT_OFFSET];

    for (size_t i = 0; i < type->count; i++)
        offsets[i] = type->words[i].value;
    *ret_count = type->count;
    return offsets;
}

const char *argument_path(int64_t value, char *text)
{
    char *at = text;

    for (; value > 0; value /= PATH_BASE) {
        if (at > text)
            *at++ = '/';
        *at++ = (char)('a' + value % PATH_BASE - 1);
    }
    if (at == text)
        *at++ = '.';
    *at = '\0';
    return text;
}

static bool parse_path(const char *text, int64_t *ret_value)
{
    int64_t value = 0;
    int64_t place = 1;

    if (strcmp(text, ".") != 0) {
        for (int i = 0; *text && i < PATH_DEPTH; i++) {
            if (*text < 'a' || *text >= 'a' + PATH_NAMES)
                return false;
            value += place * (*text++ - 'a' + 1);
            place *= PATH_BASE;
            if (*text == '/')
                text++;
        }
        if (*text)
            return false;
    }
    *ret_value = value;
    return true;
}

/* --- draw ------------------------------------------------------------------------------------------------------ */

static int64_t draw_path(struct dice *dice)
{
    static const int depths[] = {1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3};
    int depth = dice_chance(dice, 2) ? 0 : depths[dice_below(dice, sizeof(depths) / sizeof(depths[0]))];
    int64_t value = 0;

    for (int i = 0; i < depth; i++)
        value = value * PATH_BASE + 1 + (int64_t)dice_below(dice, PATH_NAMES);
    return value;
}

static int64_t draw_flags(const struct argument_type *type, struct dice *dice)
{
    int64_t value = 0;

    for (size_t i = 0; i < type->count; i++) {
        if (dice_chance(dice, type->words[i].weight))
            value |= type->words[i].value;
    }
    return value;
}

static int64_t draw_one(const struct argument_type *type, struct dice *dice)
{
    uint64_t sum = 0;
    uint64_t drawn;
    size_t i = 0;

    for (size_t j = 0; j < type->count; j++)
        sum += type->words[j].weight;
    drawn = dice_below(dice, sum);
    while (drawn >= type->words[i].weight)
        drawn -= type->words[i++].weight;
    return type->words[i].value;
}

int64_t argument_draw(enum argument argument, struct dice *dice)
{
    const struct argument_type *type = &argument_types[argument];

    switch (type->class) {
    case CLASS_PATH:
        return draw_path(dice);
    case CLASS_FLAGS:
        return draw_flags(type, dice);
    case CLASS_NUMBER:
    case CLASS_OCTAL:
    case CLASS_WORD:
        break;
    }
    return draw_one(type, dice);
}

/* --- simplify -------------------------------------------------------------------------------------------------- */

/* Without one of its flags. */
static bool simpler_flags(const struct argument_type *type, int64_t value, size_t index, int64_t *ret_value)
{
    for (size_t i = 0; i < type->count; i++) {
        if ((value & type->words[i].value) == type->words[i].value && index-- == 0) {
            *ret_value = value & ~type->words[i].value;
            return true;
        }
    }
    return false;
}

/* Without its first name. */
static bool simpler_path(int64_t value, size_t index, int64_t *ret_value)
{
    if (index > 0 || value < PATH_BASE)
        return false;
    *ret_value = value / PATH_BASE;
    return true;
}

bool argument_simpler(enum argument argument, int64_t value, size_t index, int64_t *ret_value)
{
    const struct argument_type *type = &argument_types[argument];

    if (type->class == CLASS_PATH)
        return simpler_path(value, index, ret_value);
    if (type->class == CLASS_FLAGS)
        return simpler_flags(type, value, index, ret_value);
    if (index >= type->count || type->words[index].value == value)
        return false;
    *ret_value = type->words[index].value;
    return true;
}

/* --- write ----------------------------------------------------------------------------------------------------- */

static void print_flags(const struct argument_type *type, int64_t value, FILE *to)
{
    const char *between = "";

    if (value == 0)
        fputc('0', to);
    for (size_t i = 0; i < type->count; i++) {
        if ((value & type->words[i].value) != type->words[i].value)
            continue;
        fprintf(to, "%s%s", between, type->words[i].text);
        between = "|";
        value &= ~type->words[i].value;
    }
}

static void print_one(const struct argument_type *type, int64_t value, FILE *to)
{
    for (size_t i = 0; i < type->count; i++) {
        if (type->words[i].value == value && type->words[i].text) {
            fputs(type->words[i].text, to);
            return;
        }
    }
    fprintf(to, type->class == CLASS_OCTAL ? "%#lo" : "%ld", (long)value);
}

void argument_print(enum argument argument, int64_t value, FILE *to)
{
    const struct argument_type *type = &argument_types[argument];
    char path[PATH_TEXT_MAX];

    if (type->class == CLASS_PATH)
        fputs(argument_path(value, path), to);
    else if (type->class == CLASS_FLAGS)
        print_flags(type, value, to);
    else
        print_one(type, value, to);
}

/* --- read ------------------------------------------------------------------------------------------------------ */

static bool parse_word(const struct argument_type *type, const char *text, int64_t *ret_value)
{
    char *end;

    for (size_t i = 0; i < type->count; i++) {
        if (type->words[i].text && strcmp(type->words[i].text, text) == 0) {
            *ret_value = type->words[i].value;
            return true;
        }
    }
    *ret_value = strtoll(text, &end, 0);
    return end > text && *end == '\0';
}

static bool parse_flags(const struct argument_type *type, char *text, int64_t *ret_value)
{
    int64_t value = 0;
    int64_t flag;

    for (const char *word; (word = strsep(&text, "|"));) {
        if (!parse_word(type, word, &flag))
            return false;
        value |= flag;
    }
    *ret_value = value;
    return true;
}

bool argument_parse(enum argument argument, char *text, int64_t *ret_value)
{
    const struct argument_type *type = &argument_types[argument];

    if (type->class == CLASS_PATH)
        return parse_path(text, ret_value);
    if (type->class == CLASS_FLAGS)
        return parse_flags(type, text, ret_value);
    return parse_word(type, text, ret_value);
}
