/* Numbers for keys, in a balanced tree of libc's. */
#include "numbers.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

void reserve_begin(struct reserve *reserve, uint64_t on_disk, bool exact)
{
    reserve->reserved = on_disk;
    reserve->next = on_disk + (exact ? 0 : RESERVE_STEP) + 1;
}

bool reserve_is_low(const struct reserve *reserve)
{
    return reserve->next + RESERVE_STEP / 2 > reserve->reserved;
}

uint64_t reserve_wanted(const struct reserve *reserve)
{
    return reserve->next + RESERVE_STEP;
}

static int number_order(const void *a, const void *b)
{
    const struct number *one = a, *other = b;
    int order = strcmp(one->space, other->space);
    return order != 0 ? order : strcmp(one->key, other->key);
}

void numbers_done(struct numbers *numbers)
{
    tdestroy(numbers->tree, free);
    for (size_t i = 0; i < numbers->space_count; i++)
        free(numbers->spaces[i].name);
    free(numbers->spaces);
    *numbers = (struct numbers){.tree = NULL};
}

static struct number_space *numbers_space(const struct numbers *numbers, const char *name)
{
    for (size_t i = 0; i < numbers->space_count; i++) {
        if (strcmp(numbers->spaces[i].name, name) == 0)
            return &numbers->spaces[i];
    }
    return NULL;
}

int numbers_add_space(struct numbers *numbers, const char *name, uint64_t on_disk, bool exact)
{
    struct number_space *space = numbers_space(numbers, name);
    if (space != NULL) {
        reserve_begin(&space->reserve, on_disk, exact);
        return 0;
    }
    char *copy = strdup(name);
    struct number_space *spaces = realloc(numbers->spaces, (numbers->space_count + 1) * sizeof *spaces);
    if (spaces != NULL)
        numbers->spaces = spaces;
    if (copy == NULL || spaces == NULL) {
        free(copy);
        return -ENOMEM;
    }
    space = &spaces[numbers->space_count++];
    *space = (struct number_space){.name = copy};
    reserve_begin(&space->reserve, on_disk, exact);
    return 0;
}

/* Zeroed but for space and key; not in the tree. */
static struct number *number_new(const char *space, const char *key)
{
    size_t length = strlen(key) + 1;
    struct number *number = calloc(1, sizeof *number + length);
    if (number == NULL)
        return NULL;
    number->space = space;
    memcpy(number->text, key, length);
    number->key = number->text;
    return number;
}

/* The entry of the tree; *ret_new where there was none, numbered 0. NULL: out of memory. */
static struct number *numbers_enter(struct numbers *numbers, const struct number_space *space, const char *key,
                                    bool *ret_new)
{
    struct number *number = number_new(space->name, key);
    if (number == NULL)
        return NULL;
    struct number **slot = tsearch(number, &numbers->tree, number_order);
    *ret_new = slot != NULL && *slot == number;
    if (!*ret_new)
        free(number);
    else
        numbers->count++;
    return slot == NULL ? NULL : *slot;
}

int numbers_restore(struct numbers *numbers, const char *space_name, const char *key, uint32_t value)
{
    struct number_space *space = numbers_space(numbers, space_name);
    if (space == NULL && numbers_add_space(numbers, space_name, 0, true) < 0)
        return -ENOMEM;
    space = numbers_space(numbers, space_name);
    bool is_new;
    struct number *number = numbers_enter(numbers, space, key, &is_new);
    if (number == NULL)
        return -ENOMEM;
    if (!is_new)
        return -EEXIST;
    number->number = value;
    if (space->reserve.next <= value)
        space->reserve.next = (uint64_t)value + 1;
    return 0;
}

static bool space_is_used_up(const struct numbers *numbers, const struct number_space *space)
{
    const struct reserve *reserve = &space->reserve;
    return reserve->next > NUMBERS_LAST || (numbers->bounded && reserve->next > reserve->reserved + RESERVE_STEP);
}

uint32_t numbers_of(struct numbers *numbers, const char *space_name, const char *key, bool *ret_new)
{
    *ret_new = false;
    struct number_space *space = numbers_space(numbers, space_name);
    if (space == NULL && numbers_add_space(numbers, space_name, 0, true) < 0)
        return 0;
    space = numbers_space(numbers, space_name);
    const struct number wanted = {.space = space->name, .key = key};
    struct number *const *found = tfind(&wanted, &numbers->tree, number_order);
    if (found != NULL)
        return (*found)->number;
    if (space_is_used_up(numbers, space))
        return 0;
    struct number *number = numbers_enter(numbers, space, key, ret_new);
    if (number == NULL)
        return 0;
    if (*ret_new) {
        number->number = (uint32_t)space->reserve.next++;
        number->older = numbers->unwritten;
        numbers->unwritten = number;
    }
    return number->number;
}

bool numbers_low(const struct numbers *numbers)
{
    for (size_t i = 0; i < numbers->space_count; i++) {
        if (reserve_is_low(&numbers->spaces[i].reserve))
            return true;
    }
    return false;
}

static void number_unwrite(const void *node, VISIT visit, void *context)
{
    struct numbers *numbers = context;
    struct number *number = *(struct number *const *)node;
    if (visit != postorder && visit != leaf)
        return;
    number->older = numbers->unwritten;
    numbers->unwritten = number;
}

void numbers_forget_disk(struct numbers *numbers)
{
    numbers->unwritten = NULL;
    twalk_r(numbers->tree, number_unwrite, numbers);
    for (size_t i = 0; i < numbers->space_count; i++)
        numbers->spaces[i].reserve.reserved = 0;
}

struct merging {
    struct numbers *to;
    int result;
};

static void number_merge(const void *node, VISIT visit, void *context)
{
    struct merging *merging = context;
    const struct number *number = *(struct number *const *)node;
    if (visit != postorder && visit != leaf)
        return;
    if (numbers_restore(merging->to, number->space, number->key, number->number) == -ENOMEM)
        merging->result = -ENOMEM;
}

int numbers_merge(struct numbers *numbers, const struct numbers *more)
{
    struct merging merging = {.to = numbers};
    twalk_r(more->tree, number_merge, &merging);
    return merging.result;
}
