/* Key files of the acceptance test: 64 hexadecimal digits and a line feed. */
#include "portconform/error.h"
#include "portconform/file.h"
#include "portconform/respond.h"
#include "portconform/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIGITS = 2 * ACCEPTANCE_KEY, FILE_MOST = 4096 };

static int digit_value(char digit)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = digit == '\0' ? NULL : strchr(digits, digit | 0x20);
    return found == NULL ? -1 : (int)(found - digits);
}

/* Blanks at the end may be there: editors add them. */
static int key_parse(const char *text, size_t length, struct acceptance_key *ret)
{
    struct acceptance_key key;
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
        length--;
    if (length != DIGITS)
        return PC_ESYNTAX;
    for (size_t i = 0; i < ACCEPTANCE_KEY; i++) {
        int high = digit_value(text[2 * i]), low = digit_value(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return PC_ESYNTAX;
        key.octets[i] = (uint8_t)(high << 4 | low);
    }
    *ret = key;
    OPENSSL_cleanse(&key, sizeof(key));
    return 0;
}

int acceptance_key_read(const char *path, struct acceptance_key *ret)
{
    struct stat status;
    char *text;
    size_t length;
    if (stat(path, &status) < 0)
        return -errno;
    const unsigned shared = SECRET_FILE_OPEN | SECRET_FILE_GROUP_READS | SECRET_FILE_GROUP_EXECUTES;
    const unsigned flaws = secret_file_flaws(&status);
    if (!(flaws & SECRET_FILE_IRREGULAR) && flaws & shared)
        return -EPERM;
    int result = file_read(path, FILE_MOST, &text, &length);
    if (result < 0)
        return result;
    result = key_parse(text, length, ret);
    OPENSSL_cleanse(text, length);
    free(text);
    return result;
}

int acceptance_key_make(const char *path)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t octets[ACCEPTANCE_KEY];
    char line[DIGITS + 1];
    if (getrandom(octets, sizeof(octets), 0) != (ssize_t)sizeof(octets))
        return errno == 0 ? -EIO : -errno;
    for (size_t i = 0; i < ACCEPTANCE_KEY; i++) {
        line[2 * i] = digits[octets[i] >> 4];
        line[2 * i + 1] = digits[octets[i] & 15];
    }
    line[DIGITS] = '\n';
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return -errno;
    ssize_t written = write(fd, line, sizeof(line));
    int error = written < 0 ? errno : written == (ssize_t)sizeof(line) ? 0 : ENOSPC;
    if (close(fd) < 0 && error == 0)
        error = errno;
    if (error != 0)
        unlink(path);
    OPENSSL_cleanse(octets, sizeof(octets));
    OPENSSL_cleanse(line, sizeof(line));
    return -error;
}
