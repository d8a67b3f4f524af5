/* The engine of an agent of its own (RFC 3411, 3414): its id is made once, its boots are counted up and on disk before
 * the first message leaves, so that no kill and no full disk ever lets a time come again. */
#include "internal.h"

#include "portconform/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { ID_OCTETS = 17, ID_TEXT = 2 * ID_OCTETS + 1, FILE_CAP = 4096, PATH_TEXT = 4096 };
/* RFC 3414 2.2.2: an engine that has counted to the end must get a new id. */
enum { BOOTS_LAST = 2147483646 };
static const char file_name[] = "snmp-engine";

/* RFC 3411: the first bit, an enterprise's number (Net-SNMP's, whose engine it is), format 128 and octets of its own.
 */
static int make_id(char id[ID_TEXT])
{
    unsigned char octets[ID_OCTETS] = {0x80, 0x00, 0x1f, 0x88, 0x80};
    if (getrandom(octets + 5, ID_OCTETS - 5, GRND_NONBLOCK) != ID_OCTETS - 5)
        return -EAGAIN;
    for (size_t i = 0; i < ID_OCTETS; i++)
        snprintf(id + 2 * i, 3, "%02x", octets[i]);
    return 0;
}

/* "engine HEX boots N". False: it says nothing of the kind. */
static bool read_engine(const char *content, char id[ID_TEXT], uint32_t *ret_boots)
{
    static const char first[] = "engine ", second[] = " boots ";
    const char *hex = content + strlen(first), *number = hex + ID_TEXT - 1 + strlen(second);
    if (strncmp(content, first, strlen(first)) != 0 || strspn(hex, "0123456789abcdef") != ID_TEXT - 1 ||
        strncmp(hex + ID_TEXT - 1, second, strlen(second)) != 0 || *number < '0' || *number > '9')
        return false;
    errno = 0;
    unsigned long boots = strtoul(number, NULL, 10);
    if (errno != 0 || boots > BOOTS_LAST)
        return false;
    memcpy(id, hex, ID_TEXT - 1);
    id[ID_TEXT - 1] = '\0';
    *ret_boots = (uint32_t)boots;
    return true;
}

static int write_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, text, length);
        if (written < 0 && errno != EINTR)
            return -errno;
        if (written > 0) {
            text += written;
            length -= (size_t)written;
        }
    }
    return fsync(fd) < 0 ? -errno : 0;
}

static int sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int result = fsync(fd) < 0 ? -errno : 0;
    close(fd);
    return result;
}

static int write_engine(const char *folder, const char *path, const char *id, uint32_t boots)
{
    char text[128], temporary[PATH_TEXT + 8];
    int length = snprintf(text, sizeof(text), "engine %s boots %" PRIu32 "\n", id, boots);
    snprintf(temporary, sizeof(temporary), "%s.new", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    int result = write_all(fd, text, (size_t)length);
    if (close(fd) < 0 && result == 0)
        result = -errno;
    if (result == 0 && rename(temporary, path) < 0)
        result = -errno;
    if (result < 0) {
        (void)unlink(temporary);
        return result;
    }
    return sync_folder(folder);
}

int engine_begin(const char *folder, struct engine *ret)
{
    char id[ID_TEXT], path[PATH_TEXT];
    uint32_t boots = 0;
    char *content = NULL;
    size_t length;
    int result = 0;
    *ret = (struct engine){.count = 0};
    bool known = false;
    if (folder != NULL && (size_t)snprintf(path, sizeof(path), "%s/%s", folder, file_name) >= sizeof(path))
        result = -ENAMETOOLONG;
    if (folder != NULL && result == 0) {
        known = file_read(path, FILE_CAP, &content, &length) == 0 && read_engine(content, id, &boots);
        free(content);
    }
    if (!known || boots >= BOOTS_LAST) {
        boots = 0;
        int made = make_id(id);
        if (made < 0)
            return made;
    }
    if (folder != NULL && result == 0)
        result = write_engine(folder, path, id, boots + 1);
    if (result < 0 && known) { /* the count could not be kept: an old id would live through an old time again */
        boots = 0;
        if (make_id(id) < 0)
            return result;
    }
    /* net-snmp adds one to the boots that it reads, and begins at one where the engine is not the old one */
    snprintf(ret->lines[ret->count++], sizeof(ret->lines[0]), "oldEngineID 0x%s", id);
    snprintf(ret->lines[ret->count++], sizeof(ret->lines[0]), "engineBoots %" PRIu32, boots);
    snprintf(ret->lines[ret->count++], sizeof(ret->lines[0]), "exactEngineID 0x%s", id);
    return result;
}
