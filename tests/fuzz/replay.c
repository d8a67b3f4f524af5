/* Replays a corpus without libFuzzer: every file of the folders named, and beginnings of it, since a parser must cope
 * with input that is cut off anywhere. */
#include "fuzz.h"
#include "portconform/error.h"
#include "portconform/file.h"
#include <dirent.h>
#include <limits.h>
#include <stdio.h>

enum { INPUT_MAX = 1 << 20, PREFIXES = 256 };

/* On the heap and exactly as long, so that a read beyond the input is seen. */
static void replay_octets(const char *octets, size_t length)
{
    uint8_t *copy = malloc(length ? length : 1);
    FUZZ_ASSERT(copy);
    if (length)
        memcpy(copy, octets, length);
    LLVMFuzzerTestOneInput(copy, length);
    free(copy);
}

static int replay_file(const char *path)
{
    char *content;
    size_t length;
    const int status = file_read(path, INPUT_MAX, &content, &length);
    if (status < 0)
        return status;
    for (size_t prefix = 0; prefix < length; prefix += length / PREFIXES + 1)
        replay_octets(content, prefix);
    replay_octets(content, length);
    free(content);
    return 0;
}

/* The number of files, or a negative code. */
static int replay_folder(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder) {
        perror(path);
        return -1;
    }
    int count = 0;
    int status = 0;
    const struct dirent *entry;
    while (status == 0 && (entry = readdir(folder))) {
        char file[PATH_MAX];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        status = replay_file(file);
        if (status < 0)
            fprintf(stderr, "%s: %s\n", file, pc_strerror(status));
        count++;
    }
    closedir(folder);
    return status < 0 ? status : count;
}

int main(int argc, char **argv)
{
    int total = 0;
    for (int i = 1; i < argc; i++) {
        const int count = replay_folder(argv[i]);
        if (count < 0)
            return 1;
        total += count;
    }
    printf("%d inputs\n", total);
    return total == 0; /* a corpus that went missing is a failure */
}
