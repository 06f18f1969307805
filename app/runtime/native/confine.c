/* The walls around a cell, put up in the order of platform-types.ts. See confine.h. */
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "binding.h"
#include "process.h"
#include "walls.h"

#define MAX_PATHS 32

/* A Confinement (platform-types.ts) in C. */
typedef struct {
    char *netns;
    char *resolv_conf;
    char *seccomp;
    char *read_paths[MAX_PATHS + 1];
    char *write_paths[MAX_PATHS + 1];
    int64_t uid;
    int64_t gid;
    int64_t address_space;
    int64_t open_files;
} walls;

static void free_paths(char **paths)
{
    for (; *paths != NULL; paths++)
        free(*paths);
}

static void free_walls(walls *plan)
{
    free(plan->netns);
    free(plan->resolv_conf);
    free(plan->seccomp);
    free_paths(plan->read_paths);
    free_paths(plan->write_paths);
}

/* A string property; null gives NULL. */
static int read_text(JSContext *ctx, JSValueConst object, const char *name, char **text)
{
    JSValue value = JS_GetPropertyStr(ctx, object, name);
    if (JS_IsNull(value))
        return 0;
    const char *found = JS_IsString(value) ? JS_ToCString(ctx, value) : NULL;
    JS_FreeValue(ctx, value);
    if (found == NULL) {
        gw_throw_code(ctx, GW_TYPE_ERROR, "ERR_INVALID_ARG_TYPE", "confine: %s must be a string or null", name);
        return -1;
    }
    *text = strdup(found);
    JS_FreeCString(ctx, found);
    return *text != NULL ? 0 : -1;
}

static int read_number(JSContext *ctx, JSValueConst object, const char *name, int64_t *number)
{
    JSValue value = JS_GetPropertyStr(ctx, object, name);
    bool valid = JS_IsNumber(value) && JS_ToInt64(ctx, number, value) == 0 && *number > 0;
    JS_FreeValue(ctx, value);
    if (valid)
        return 0;
    /* Never 0: no cell runs as root, and a limit of nothing is a mistake. */
    gw_throw_code(ctx, GW_TYPE_ERROR, "ERR_INVALID_ARG_VALUE", "confine: %s must be a number above 0", name);
    return -1;
}

static int read_paths(JSContext *ctx, JSValueConst object, const char *name, char **paths)
{
    JSValue list = JS_GetPropertyStr(ctx, object, name);
    JSValue length = JS_GetPropertyStr(ctx, list, "length");
    int32_t count = -1;
    int status = JS_IsNumber(length) ? JS_ToInt32(ctx, &count, length) : -1;
    if (status != 0 || count < 0 || count > MAX_PATHS) {
        gw_throw_code(ctx, GW_TYPE_ERROR, "ERR_INVALID_ARG_VALUE", "confine: %s must be a list of at most %d paths", name,
                      MAX_PATHS);
        count = -1;
    }
    for (int32_t i = 0; i < count; i++) {
        JSValue item = JS_GetPropertyUint32(ctx, list, (uint32_t)i);
        const char *path = JS_ToCString(ctx, item);
        JS_FreeValue(ctx, item);
        paths[i] = path != NULL ? strdup(path) : NULL;
        JS_FreeCString(ctx, path);
        if (paths[i] == NULL) {
            count = -1;
            break;
        }
    }
    JS_FreeValue(ctx, length);
    JS_FreeValue(ctx, list);
    return count < 0 ? -1 : 0;
}

static int read_walls(JSContext *ctx, JSValueConst object, walls *plan)
{
    if (read_text(ctx, object, "netns", &plan->netns) != 0 || read_text(ctx, object, "resolvConf", &plan->resolv_conf) != 0 ||
        read_text(ctx, object, "seccomp", &plan->seccomp) != 0 || read_number(ctx, object, "uid", &plan->uid) != 0 ||
        read_number(ctx, object, "gid", &plan->gid) != 0 || read_paths(ctx, object, "readPaths", plan->read_paths) != 0 ||
        read_paths(ctx, object, "writePaths", plan->write_paths) != 0)
        return -1;
    JSValue limits = JS_GetPropertyStr(ctx, object, "limits");
    int status = read_number(ctx, limits, "addressSpace", &plan->address_space);
    if (status == 0)
        status = read_number(ctx, limits, "openFiles", &plan->open_files);
    JS_FreeValue(ctx, limits);
    if (status == 0 && (plan->seccomp == NULL || !gw_wall_has_role(plan->seccomp))) {
        gw_throw_code(ctx, GW_TYPE_ERROR, "ERR_INVALID_ARG_VALUE", "confine: there is no seccomp list of that name");
        return -1;
    }
    return status;
}

static int enter_network(const walls *plan, const char **step)
{
    if (plan->netns == NULL) {
        *step = "unshare(CLONE_NEWNET)";
        return unshare(CLONE_NEWNET);
    }
    *step = plan->netns;
    int fd = open(plan->netns, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int status = setns(fd, CLONE_NEWNET);
    int error = errno;
    close(fd);
    errno = error;
    return status;
}

/* A mount namespace of the cell's own; what is mounted here is seen nowhere else. */
static int own_mounts(const walls *plan, const char **step)
{
    *step = "unshare(CLONE_NEWIPC)";
    /* EINVAL: a kernel without System V IPC and message queues, as on the card, has nothing of that kind to share. */
    if (unshare(CLONE_NEWIPC) != 0 && errno != EINVAL)
        return -1;
    *step = "unshare(CLONE_NEWNS)";
    if (unshare(CLONE_NEWNS) != 0)
        return -1;
    /* What is mounted here stays here; what init mounts or unmounts later (a card that comes and goes) is seen here. */
    *step = "mount(/, MS_SLAVE)";
    if (mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL) != 0)
        return -1;
    if (plan->resolv_conf == NULL)
        return 0;
    *step = plan->resolv_conf;
    return mount(plan->resolv_conf, "/etc/resolv.conf", NULL, MS_BIND, NULL);
}

/* The bounding set goes first: dropping from it needs a capability. */
static int drop_bounding_set(const char **step)
{
    *step = "prctl(PR_CAPBSET_DROP)";
    for (int capability = 0;; capability++) {
        int present = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
        if (present < 0)
            return 0; /* beyond the kernel's last one */
        if (present > 0 && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0)
            return -1;
    }
}

static int become_user(const walls *plan, const char **step)
{
    *step = "setgroups";
    if (setgroups(0, NULL) != 0)
        return -1;
    *step = "setresgid";
    gid_t gid = (gid_t)plan->gid;
    if (setresgid(gid, gid, gid) != 0)
        return -1;
    *step = "setresuid";
    uid_t uid = (uid_t)plan->uid;
    return setresuid(uid, uid, uid);
}

static int drop_capabilities(const char **step)
{
    *step = "prctl(PR_CAP_AMBIENT)";
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
        return -1;
    *step = "capset";
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    return (int)syscall(SYS_capset, &header, none);
}

static int limit(int resource, int64_t value)
{
    struct rlimit both = {.rlim_cur = (rlim_t)value, .rlim_max = (rlim_t)value};
    return setrlimit(resource, &both);
}

static int set_limits(const walls *plan, const char **step)
{
    *step = "setrlimit";
    if (limit(RLIMIT_NOFILE, plan->open_files) != 0 || limit(RLIMIT_CORE, 0) != 0)
        return -1;
#if defined(__SANITIZE_ADDRESS__)
    /* AddressSanitizer reserves terabytes of addresses. */
    return 0;
#else
    return limit(RLIMIT_AS, plan->address_space);
#endif
}

static int lock_down(const walls *plan, const char **step)
{
    *step = "prctl(PR_SET_NO_NEW_PRIVS)";
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    if (gw_wall_files(plan->read_paths, plan->write_paths, step) != 0 || set_limits(plan, step) != 0)
        return -1;
    *step = "prctl(PR_SET_DUMPABLE)";
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return -1;
    *step = "prctl(PR_SET_PDEATHSIG)";
    if (gw_process_still_end_with_parent() != 0)
        return -1;
    return gw_wall_syscalls(plan->seccomp, step);
}

static int put_up(const walls *plan, const char **step)
{
    /* Without it memoryUsage() says 0, which is no reason to stay down. */
    (void)gw_process_open_memory_file();
    if (enter_network(plan, step) != 0 || own_mounts(plan, step) != 0 || drop_bounding_set(step) != 0 ||
        become_user(plan, step) != 0 || drop_capabilities(step) != 0)
        return -1;
    return lock_down(plan, step);
}

JSValue gw_confine(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    walls plan = {0};
    JSValue result = JS_UNDEFINED;
    if (argc < 1 || read_walls(ctx, argv[0], &plan) != 0) {
        result = JS_EXCEPTION;
    } else {
        const char *step = "confine";
        if (put_up(&plan, &step) != 0)
            result = gw_throw_errno(ctx, errno, "confine", step);
    }
    free_walls(&plan);
    return result;
}
