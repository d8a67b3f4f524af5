/* The page's file: a few lines of text for who looks into it, a sum, and blanks up to the size of a page. It is short
 * enough to lie in one sector, so that a power cut leaves the old one or the new one. */
#include "page.h"
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE_OCTETS = 4096 };

static uint32_t sum_of(const char *octets, size_t length)
{
    uint32_t sum = 2166136261U; /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        sum = (sum ^ (unsigned char)octets[i]) * 16777619U;
    return sum;
}

static void page_format(const struct page_content *content, char *page)
{
    memset(page, ' ', PAGE_OCTETS);
    page[PAGE_OCTETS - 1] = '\n';
    int length =
        snprintf(page, 256, "portconform page 1\nbeyond %d\nids %" PRIu64 "\n", content->beyond ? 1 : 0, content->ids);
    length += snprintf(page + length, 64, "sum %08" PRIx32 "\n", sum_of(page, (size_t)length));
    page[length] = ' '; /* where the text was closed */
}

/* Only what page_format() makes, octet for octet. */
static int page_parse(const char *page, struct page_content *ret)
{
    static const char head[] = "portconform page 1\nbeyond ", middle[] = "\nids ";
    char text[256], again[PAGE_OCTETS];
    memcpy(text, page, sizeof text - 1);
    text[sizeof text - 1] = '\0';
    const char *ids = strstr(text, middle);
    if (strncmp(text, head, sizeof head - 1) != 0 || ids == NULL)
        return -EBADMSG;
    const struct page_content content = {.beyond = text[sizeof head - 1] == '1',
                                         .ids = strtoull(ids + sizeof middle - 1, NULL, 10)};
    page_format(&content, again);
    if (memcmp(page, again, PAGE_OCTETS) != 0)
        return -EBADMSG;
    *ret = content;
    return 0;
}

int page_write(int fd, const struct page_content *content)
{
    char page[PAGE_OCTETS];
    page_format(content, page);
    ssize_t written = pwrite(fd, page, sizeof page, 0);
    if (written < 0)
        return -errno;
    if (written != PAGE_OCTETS)
        return -ENOSPC;
    return fdatasync(fd) == 0 ? 0 : -errno;
}

/* --- opening ----------------------------------------------------------------------------------------------------- */

/* -ENOENT: there is none; -EBADMSG: it is damaged. */
static int page_read(const char *path, int mode, int *ret_fd, struct page_content *ret)
{
    char page[PAGE_OCTETS + 1];
    int fd = open(path, mode | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t length = pread(fd, page, sizeof page, 0);
    int r = length < 0 ? -errno : length != PAGE_OCTETS ? -EBADMSG : page_parse(page, ret);
    if (r < 0)
        close(fd);
    else
        *ret_fd = fd;
    return r;
}

static int folder_sync(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = fsync(fd) == 0 ? 0 : -errno;
    close(fd);
    return r;
}

/* Under another name first: a page that has its name is whole. */
static int page_make(const char *folder, const char *path, int *ret_fd, const struct page_content *content)
{
    char *other;
    if (asprintf(&other, "%s.new", path) < 0)
        return -ENOMEM;
    int fd = open(other, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    int r = fd < 0 ? -errno : page_write(fd, content);
    if (r == 0 && (fsync(fd) < 0 || rename(other, path) < 0))
        r = -errno;
    if (r == 0)
        r = folder_sync(folder);
    if (r < 0) {
        if (fd >= 0)
            close(fd);
        unlink(other);
    } else {
        *ret_fd = fd;
    }
    free(other);
    return r;
}

int page_open(const char *folder, int *ret_fd, struct page_content *ret, char **ret_set_aside, struct trouble *trouble)
{
    char *path;
    const struct page_content unknown = {.beyond = true};
    *ret_set_aside = NULL;
    if (asprintf(&path, "%s/store.page", folder) < 0)
        return trouble_errno(trouble, ENOMEM, "cannot open", folder);
    int r = page_read(path, O_RDWR, ret_fd, ret), aside = 0;
    if (r == -EBADMSG)
        aside = disk_set_aside(path, ret_set_aside, trouble);
    if (aside == 0 && (r == -EBADMSG || r == -ENOENT)) {
        r = page_make(folder, path, ret_fd, &unknown);
        *ret = unknown;
    }
    if (aside < 0)
        r = aside; /* `trouble` says why */
    else if (r < 0)
        trouble_errno(trouble, -r, "cannot write", path);
    if (r < 0) {
        free(*ret_set_aside);
        *ret_set_aside = NULL;
    }
    free(path);
    return r;
}

int page_look(const char *folder, struct page_content *ret)
{
    char *path;
    int fd = -1;
    if (asprintf(&path, "%s/store.page", folder) < 0)
        return -ENOMEM;
    int r = page_read(path, O_RDONLY, &fd, ret);
    if (fd >= 0)
        close(fd);
    free(path);
    return r;
}
