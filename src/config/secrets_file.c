/* Reading a file of secrets. */
#include "secrets_file.h"

#include "portconform/arena.h"
#include "portconform/error.h"
#include "portconform/secret_file.h"
#include "schema.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 64 << 10, PHRASE_MIN = 8 /* RFC 3414 section 11.2 */ };

static const char *const kind_names[SECRET_KINDS + 1] = {"community", "auth", "priv", "radius", NULL};

const char *secret_kind_name(enum secret_kind kind)
{
    return kind_names[kind];
}

/* --- who may read it --------------------------------------------------------------------------------------------- */

struct complaint {
    const char *text, *cure;
};

/* A group may read a file of root's: that is how a service gets what it needs and cannot change. */
static struct complaint judge_permissions(const struct stat *status)
{
    const unsigned flaws = secret_file_flaws(status);
    if (flaws & SECRET_FILE_IRREGULAR)
        return (struct complaint){"secrets are kept in a regular file", NULL};
    if (flaws & SECRET_FILE_FOREIGN)
        return (struct complaint){"the file of secrets belongs to another user",
                                  "chown root:portconform FILE && chmod 640 FILE"};
    if (flaws & SECRET_FILE_OPEN || (status->st_uid != 0 && flaws & SECRET_FILE_GROUP_READS))
        return (struct complaint){"others may read or change the file of secrets",
                                  "chmod 600 FILE; of a file of root's a group may read: chmod 640 FILE"};
    if (status->st_size > FILE_MAX)
        return (struct complaint){"the file of secrets is larger than 64 KiB", NULL};
    return (struct complaint){NULL, NULL};
}

static int read_octets(int fd, char *octets, size_t *ret_length)
{
    size_t length = 0;
    for (;;) {
        ssize_t count = read(fd, octets + length, FILE_MAX - length);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -errno;
        length += (size_t)count;
        if (count == 0 || length == FILE_MAX)
            break;
    }
    octets[length] = '\0';
    *ret_length = length;
    return 0;
}

/* --- what stands in it ------------------------------------------------------------------------------------------- */

struct secrets_reader {
    const char *path;
    struct arena *arena;
    struct secrets *secrets;
    struct diag_list *diags;
    struct secrets_file *file;
    unsigned line;
    const char *begin; /* of the line */
    int failure;       /* 0 or -ENOMEM */
};

static void complain(struct secrets_reader *reader, const char *at, const char *hint, const char *text)
{
    struct origin origin = {reader->path, reader->line, (unsigned)(at - reader->begin) + 1};
    diag_add(reader->diags, DIAG_ERROR, origin, hint, "%s", text);
    reader->file->broken = true;
}

struct span {
    const char *at;
    size_t length;
};

static struct span next_word(const char **at, const char *end)
{
    while (*at < end && (**at == ' ' || **at == '\t'))
        ++*at;
    struct span word = {*at, 0};
    while (*at < end && **at != ' ' && **at != '\t')
        ++*at;
    word.length = (size_t)(*at - word.at);
    return word;
}

/* The rest of the line, without blanks around it, and without quotation marks around that. */
static struct span rest_of(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    while (end > at && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    if (end - at >= 2 && *at == '"' && end[-1] == '"') {
        at++;
        end--;
    }
    return (struct span){at, (size_t)(end - at)};
}

static bool kind_of(struct span word, enum secret_kind *ret)
{
    for (unsigned i = 0; i < SECRET_KINDS; i++) {
        if (strlen(kind_names[i]) != word.length || memcmp(kind_names[i], word.at, word.length) != 0)
            continue;
        *ret = (enum secret_kind)i;
        return true;
    }
    return false;
}

static bool is_well(struct secrets_reader *reader, const char *name, struct span kind_word, enum secret_kind kind,
                    struct span secret)
{
    if (secret.length == 0)
        complain(reader, secret.at, "NAME KIND SECRET", "the secret is missing");
    else if (secret.length > SECRET_MAX)
        complain(reader, secret.at, NULL, "the secret is longer than 255 octets");
    else if (memchr(secret.at, '\0', secret.length))
        complain(reader, secret.at, NULL, "a secret cannot hold a NUL octet");
    else if ((kind == SECRET_AUTH || kind == SECRET_PRIV) && secret.length < PHRASE_MIN)
        complain(reader, secret.at, NULL, "a pass phrase of SNMPv3 has at least 8 octets");
    else if (secrets_file_find(reader->file, name, kind))
        complain(reader, kind_word.at, NULL, "this secret is given twice");
    else
        return true;
    return false;
}

static void add_entry(struct secrets_reader *reader, const char *name, enum secret_kind kind, struct span secret)
{
    struct secret_entry *entry = ARENA_NEW(reader->arena, struct secret_entry);
    const char *kept = secrets_keep(reader->secrets, secret.at, secret.length);
    if (!entry || !kept) {
        reader->failure = -ENOMEM;
        return;
    }
    *entry = (struct secret_entry){
        .next = reader->file->entries, .name = name, .kind = kind, .secret = kept, .line = reader->line};
    reader->file->entries = entry;
}

static void read_line(struct secrets_reader *reader, const char *end)
{
    const char *at = reader->begin;
    enum secret_kind kind;
    struct span name_word = next_word(&at, end);
    if (name_word.length == 0 || name_word.at[0] == '#' || name_word.at[0] == '\r')
        return;
    struct span kind_word = next_word(&at, end);
    struct span secret = rest_of(at, end);
    const char *name = arena_strndup(reader->arena, name_word.at, name_word.length);
    if (!name)
        reader->failure = -ENOMEM;
    else if (!schema_is_name(name))
        complain(reader, name_word.at, "NAME KIND SECRET: letters, digits, '.', '_' and '-'", "this cannot be a name");
    else if (!kind_of(kind_word, &kind))
        complain(reader, kind_word.at, "community, auth, priv or radius",
                 "the second word says what kind of secret it is");
    else if (is_well(reader, name, kind_word, kind, secret))
        add_entry(reader, name, kind, secret);
}

static void read_lines(struct secrets_reader *reader, const char *octets, size_t length)
{
    const char *const end = octets + length;
    for (const char *at = octets; at < end && reader->failure == 0;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        reader->begin = at;
        reader->line++;
        read_line(reader, stop ? stop : end);
        at = stop ? stop + 1 : end;
    }
}

/* --- all of it --------------------------------------------------------------------------------------------------- */

static void tell_failure(struct secrets_reader *reader, struct origin wanted, int error)
{
    bool ours = error == -EACCES;
    diag_add(reader->diags, ours ? DIAG_WARNING : DIAG_ERROR, wanted,
             ours ? "whoever asks with them must be able to" : NULL, "the secrets in %s cannot be read: %s",
             reader->path, pc_strerror(error));
    *(ours ? &reader->file->unreadable : &reader->file->broken) = true;
}

static int read_open(struct secrets_reader *reader, int fd, char *octets)
{
    struct stat status;
    size_t length = 0;
    if (fstat(fd, &status) < 0)
        return -errno;
    struct complaint complaint = judge_permissions(&status);
    if (complaint.text) {
        diag_add(reader->diags, DIAG_ERROR, (struct origin){.file = reader->path}, complaint.cure, "%s",
                 complaint.text);
        reader->file->broken = true;
        return 0;
    }
    int r = read_octets(fd, octets, &length);
    if (r == 0)
        read_lines(reader, octets, length);
    return r;
}

int secrets_file_read(const char *path, struct origin wanted, struct arena *arena, struct secrets *secrets,
                      struct diag_list *diags, struct secrets_file *ret)
{
    struct secrets_reader reader = {.path = path, .arena = arena, .secrets = secrets, .diags = diags, .file = ret};
    *ret = (struct secrets_file){.path = path};
    char *octets = malloc(FILE_MAX + 1);
    if (!octets)
        return -ENOMEM;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int r = fd < 0 ? -errno : read_open(&reader, fd, octets);
    if (r < 0)
        tell_failure(&reader, wanted, r);
    if (fd >= 0)
        close(fd);
    explicit_bzero(octets, FILE_MAX + 1);
    free(octets);
    return reader.failure;
}

const struct secret_entry *secrets_file_find(const struct secrets_file *file, const char *name, enum secret_kind kind)
{
    for (const struct secret_entry *entry = file->entries; entry; entry = entry->next)
        if (entry->kind == kind && strcmp(entry->name, name) == 0)
            return entry;
    return NULL;
}
