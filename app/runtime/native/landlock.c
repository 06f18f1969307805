/* Landlock: which files a cell can reach. Kernel headers of build machines are older than the card's kernel, so the
 * few definitions needed are here (include/uapi/linux/landlock.h). */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "walls.h"

/* The same on every architecture that Linux has had since 5.13. */
#define NR_CREATE_RULESET 444
#define NR_ADD_RULE 445
#define NR_RESTRICT_SELF 446

#define CREATE_RULESET_VERSION 1u
#define RULE_PATH_BENEATH 1

#define FS_EXECUTE (1ull << 0)
#define FS_WRITE_FILE (1ull << 1)
#define FS_READ_FILE (1ull << 2)
#define FS_READ_DIR (1ull << 3)
#define FS_REMOVE_DIR (1ull << 4)
#define FS_REMOVE_FILE (1ull << 5)
#define FS_MAKE_DIR (1ull << 7)
#define FS_MAKE_REG (1ull << 8)
#define FS_ALL_V1 ((1ull << 13) - 1)
#define FS_REFER (1ull << 13)     /* version 2 */
#define FS_TRUNCATE (1ull << 14)  /* version 3 */
#define FS_IOCTL_DEV (1ull << 15) /* version 5 */
#define NET_BIND_TCP (1ull << 0)  /* version 4 */
#define SCOPE_ALL 3ull            /* version 6: abstract sockets and signals outside */

#define FILE_RIGHTS (FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)
#define READ_RIGHTS (FS_READ_FILE | FS_READ_DIR)
#define WRITE_RIGHTS \
    (READ_RIGHTS | FS_WRITE_FILE | FS_TRUNCATE | FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR | FS_MAKE_REG)

struct ruleset {
    uint64_t handled_fs;
    uint64_t handled_net;
    uint64_t scoped;
};

struct path_rule {
    uint64_t allowed;
    int32_t parent_fd;
} __attribute__((packed));

static struct ruleset for_version(long version, size_t *size)
{
    struct ruleset set = {.handled_fs = FS_ALL_V1};
    if (version >= 2)
        set.handled_fs |= FS_REFER;
    if (version >= 3)
        set.handled_fs |= FS_TRUNCATE;
    if (version >= 4)
        set.handled_net = NET_BIND_TCP;
    if (version >= 5)
        set.handled_fs |= FS_IOCTL_DEV;
    if (version >= 6)
        set.scoped = SCOPE_ALL;
    *size = version >= 6 ? sizeof(set) : version >= 4 ? offsetof(struct ruleset, scoped) : sizeof(set.handled_fs);
    return set;
}

static int allow_path(int ruleset_fd, const char *path, uint64_t rights, const char **step)
{
    *step = path;
    struct path_rule rule = {.parent_fd = open(path, O_PATH | O_CLOEXEC)};
    if (rule.parent_fd < 0)
        return -1;
    struct stat status;
    int result = fstat(rule.parent_fd, &status);
    if (result == 0) {
        rule.allowed = S_ISDIR(status.st_mode) ? rights : rights & FILE_RIGHTS;
        result = (int)syscall(NR_ADD_RULE, ruleset_fd, RULE_PATH_BENEATH, &rule, 0);
    }
    int error = errno;
    close(rule.parent_fd);
    errno = error;
    return result;
}

static int allow_all(int ruleset_fd, char *const *paths, uint64_t rights, const char **step)
{
    for (; *paths != NULL; paths++) {
        if (allow_path(ruleset_fd, *paths, rights, step) != 0)
            return -1;
    }
    return 0;
}

int gw_wall_files(char *const *read_paths, char *const *write_paths, const char **step)
{
    *step = "landlock_create_ruleset";
    long version = syscall(NR_CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);
    if (version < 1)
        return -1;
    size_t size;
    struct ruleset set = for_version(version, &size);
    int ruleset_fd = (int)syscall(NR_CREATE_RULESET, &set, size, 0);
    if (ruleset_fd < 0)
        return -1;
    int result = allow_all(ruleset_fd, read_paths, READ_RIGHTS & set.handled_fs, step);
    if (result == 0)
        result = allow_all(ruleset_fd, write_paths, WRITE_RIGHTS & set.handled_fs, step);
    if (result == 0) {
        *step = "landlock_restrict_self";
        result = (int)syscall(NR_RESTRICT_SELF, ruleset_fd, 0);
    }
    int error = errno;
    close(ruleset_fd);
    errno = error;
    return result;
}
