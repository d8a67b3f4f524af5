/* file_read -> encoding_check -> syntax_parse -> libconfig -> the tree.
 *
 * libconfig sees only octets that passed all checks before it, reads no file itself, and is gone before anything is
 * made of the tree. The two trees have the same shape by construction; where they do not, that is told as an error of
 * ours instead of a wrong model. */
#include "document.h"

#include "encoding.h"
#include "portconform/error.h"
#include "portconform/file.h"
#include "portconform/load.h"
#include "syntax.h"
#include <errno.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

/* Values of a scalar; PC_ESEMANTIC when the types differ. */
static int fill_scalar(struct document_reader *reader, struct node *node, const config_setting_t *setting)
{
    int type = config_setting_type(setting);
    if (node->kind == NODE_STRING && type == CONFIG_TYPE_STRING) {
        const char *text = config_setting_get_string(setting);
        node->text = arena_strdup(reader->arena, text ? text : "");
        return node->text ? 0 : -ENOMEM;
    }
    if (node->kind == NODE_INT && (type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64)) {
        node->number = config_setting_get_int64(setting);
        return 0;
    }
    if (node->kind == NODE_BOOL && type == CONFIG_TYPE_BOOL) {
        node->number = config_setting_get_bool(setting) != 0;
        return 0;
    }
    return PC_ESEMANTIC;
}

static int container_type(enum node_kind kind)
{
    switch (kind) {
    case NODE_GROUP:
        return CONFIG_TYPE_GROUP;
    case NODE_LIST:
        return CONFIG_TYPE_LIST;
    case NODE_ARRAY:
        return CONFIG_TYPE_ARRAY;
    case NODE_STRING:
    case NODE_INT:
    case NODE_BOOL:
        break;
    }
    return CONFIG_TYPE_NONE;
}

/* Walks both trees in parallel; the depth is capped by syntax_parse. */
static int fill(struct document_reader *reader, struct node *node, const config_setting_t *setting)
{
    int type = container_type(node->kind);
    if (type == CONFIG_TYPE_NONE)
        return fill_scalar(reader, node, setting);
    if (config_setting_type(setting) != type || (size_t)config_setting_length(setting) != node->count)
        return PC_ESEMANTIC;
    unsigned index = 0;
    for (struct node *child = node->first; child; child = child->next, index++) {
        const config_setting_t *member = config_setting_get_elem(setting, index);
        if (!member)
            return PC_ESEMANTIC;
        const char *name = config_setting_name(member);
        if ((child->name != NULL) != (name != NULL) || (name && strcmp(name, child->name) != 0))
            return PC_ESEMANTIC;
        int result = fill(reader, child, member);
        if (result < 0)
            return result;
    }
    return 0;
}

/* libconfig 1.5 calls a comment at the very end of its input a syntax error: it always gets a line's end. */
static char *with_line_end(const char *octets, size_t length)
{
    char *text = malloc(length + 2);
    if (!text)
        return NULL;
    memcpy(text, octets, length);
    memcpy(text + length, "\n", 2);
    return text;
}

static int read_values(struct document_reader *reader, const char *octets, size_t length, struct node *root)
{
    config_t config;
    int result = 0;
    char *text = with_line_end(octets, length);
    if (!text)
        return -ENOMEM;
    config_init(&config);
    if (config_read_string(&config, text) != CONFIG_TRUE) {
        struct origin origin = {root->origin.file, (unsigned)config_error_line(&config), 0};
        diag_add(reader->diags, DIAG_ERROR, origin, NULL, "libconfig: %s", config_error_text(&config));
        result = PC_ESYNTAX;
        goto out;
    }
    result = fill(reader, root, config_root_setting(&config));
    if (result == PC_ESEMANTIC)
        diag_add(reader->diags, DIAG_ERROR, root->origin, "please report this file",
                 "libconfig reads this file differently than our own check does");
out:
    config_destroy(&config);
    free(text);
    return result;
}

int document_parse(struct document_reader *reader, const char *octets, size_t length, const char *file,
                   struct node **ret)
{
    const char *name = arena_strdup(reader->arena, file);
    if (!name)
        return -ENOMEM;
    fingerprint_add(&reader->fingerprint, &length, sizeof(length));
    fingerprint_add(&reader->fingerprint, octets, length);
    reader->file_count++;
    int result = encoding_check(octets, length, name, reader->diags);
    if (result < 0)
        return result;
    struct node *root;
    result = syntax_parse(octets, length, name, reader->scratch, reader->arena, &root, reader->diags);
    if (result == 0)
        result = read_values(reader, octets, length, root);
    if (result == 0)
        *ret = root;
    return result;
}

int document_read(struct document_reader *reader, const char *path, struct node **ret)
{
    char *octets;
    size_t length;
    int result = reader->read ? reader->read(reader->read_context, path, CONFIG_FILE_MAX, &octets, &length)
                              : file_read(path, CONFIG_FILE_MAX, &octets, &length);
    if (result == -EFBIG) {
        diag_add(reader->diags, DIAG_ERROR, (struct origin){path, 0, 0}, NULL,
                 "the file is larger than %d MB; it was not read", CONFIG_FILE_MAX >> 20);
        return result;
    }
    if (result < 0) {
        diag_add(reader->diags, DIAG_ERROR, (struct origin){path, 0, 0}, NULL, "cannot be read: %s",
                 pc_strerror(result));
        return result;
    }
    result = document_parse(reader, octets, length, path, ret);
    free(octets);
    return result;
}
