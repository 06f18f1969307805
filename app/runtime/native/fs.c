/* System calls on paths, synchronous; app/runtime/node/fs makes Node's API of them and of fs_io.c's. Paths are strings. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <unistd.h>

#include "binding.h"
#include "modules.h"

#define FUNCTION(name) static JSValue name(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
#define UNUSED_CALL ((void)this_value, (void)argc)

/* The result of a call without a value: undefined, or the system error thrown. */
static JSValue finish(JSContext *ctx, int status, const char *syscall, const char *path)
{
    return status < 0 ? gw_throw_errno(ctx, errno, syscall, path) : JS_UNDEFINED;
}

/* Runs `expression` on the path in argv[0]. */
#define WITH_PATH(syscall, expression)                        \
    UNUSED_CALL;                                              \
    const char *path = JS_ToCString(ctx, argv[0]);            \
    if (path == NULL)                                         \
        return JS_EXCEPTION;                                  \
    JSValue result = finish(ctx, (expression), syscall, path); \
    JS_FreeCString(ctx, path);                                \
    return result

static int argument(JSContext *ctx, JSValueConst value, int32_t *number)
{
    return JS_ToInt32(ctx, number, value);
}

static double milliseconds(const struct timespec *time)
{
    return (double)time->tv_sec * 1e3 + (double)time->tv_nsec / 1e6;
}

/* The order that fs.ts expects (class Stats). */
static JSValue stat_values(JSContext *ctx, const struct stat *status)
{
    const double values[] = {
        (double)status->st_dev,         (double)status->st_mode,        (double)status->st_nlink,
        (double)status->st_uid,         (double)status->st_gid,         (double)status->st_rdev,
        (double)status->st_blksize,     (double)status->st_ino,         (double)status->st_size,
        (double)status->st_blocks,      milliseconds(&status->st_atim), milliseconds(&status->st_mtim),
        milliseconds(&status->st_ctim),
    };
    JSValue array = JS_NewArray(ctx);
    for (int i = 0; i < GW_COUNT(values) && !JS_IsException(array); i++)
        JS_DefinePropertyValueUint32(ctx, array, (uint32_t)i, JS_NewFloat64(ctx, values[i]), JS_PROP_C_W_E);
    return array;
}

static JSValue stat_path(JSContext *ctx, JSValueConst *argv, int (*call)(const char *, struct stat *), const char *name)
{
    const char *path = JS_ToCString(ctx, argv[0]);
    if (path == NULL)
        return JS_EXCEPTION;
    struct stat status;
    JSValue result;
    if (call(path, &status) == 0)
        result = stat_values(ctx, &status);
    else if ((errno == ENOENT || errno == ENOTDIR) && JS_ToBool(ctx, argv[1]) == 1)
        result = JS_UNDEFINED;
    else
        result = gw_throw_errno(ctx, errno, name, path);
    JS_FreeCString(ctx, path);
    return result;
}

/* stat(path, quiet): quiet returns undefined instead of throwing ENOENT. */
FUNCTION(fs_stat)
{
    UNUSED_CALL;
    return stat_path(ctx, argv, stat, "stat");
}

FUNCTION(fs_lstat)
{
    UNUSED_CALL;
    return stat_path(ctx, argv, lstat, "lstat");
}

FUNCTION(fs_fstat)
{
    UNUSED_CALL;
    int32_t fd;
    struct stat status;
    if (argument(ctx, argv[0], &fd) != 0)
        return JS_EXCEPTION;
    if (fstat(fd, &status) != 0)
        return gw_throw_errno(ctx, errno, "fstat", NULL);
    return stat_values(ctx, &status);
}

/* [name, d_type, name, d_type, …] without . and .. */
FUNCTION(fs_readdir)
{
    UNUSED_CALL;
    const char *path = JS_ToCString(ctx, argv[0]);
    if (path == NULL)
        return JS_EXCEPTION;
    DIR *directory = opendir(path);
    if (directory == NULL) {
        JSValue error = gw_throw_errno(ctx, errno, "scandir", path);
        JS_FreeCString(ctx, path);
        return error;
    }
    JSValue array = JS_NewArray(ctx);
    uint32_t count = 0;
    const struct dirent *entry;
    while (!JS_IsException(array) && (errno = 0, entry = readdir(directory)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        JS_DefinePropertyValueUint32(ctx, array, count++, JS_NewString(ctx, entry->d_name), JS_PROP_C_W_E);
        JS_DefinePropertyValueUint32(ctx, array, count++, JS_NewInt32(ctx, entry->d_type), JS_PROP_C_W_E);
    }
    if (!JS_IsException(array) && errno != 0) {
        JS_FreeValue(ctx, array);
        array = gw_throw_errno(ctx, errno, "scandir", path);
    }
    closedir(directory);
    JS_FreeCString(ctx, path);
    return array;
}

FUNCTION(fs_mkdir)
{
    int32_t mode;
    if (argument(ctx, argv[1], &mode) != 0)
        return JS_EXCEPTION;
    WITH_PATH("mkdir", mkdir(path, (mode_t)mode));
}

FUNCTION(fs_rmdir)
{
    WITH_PATH("rmdir", rmdir(path));
}

FUNCTION(fs_unlink)
{
    WITH_PATH("unlink", unlink(path));
}

FUNCTION(fs_access)
{
    int32_t mode;
    if (argument(ctx, argv[1], &mode) != 0)
        return JS_EXCEPTION;
    WITH_PATH("access", access(path, mode));
}

FUNCTION(fs_chmod)
{
    int32_t mode;
    if (argument(ctx, argv[1], &mode) != 0)
        return JS_EXCEPTION;
    WITH_PATH("chmod", chmod(path, (mode_t)mode));
}

FUNCTION(fs_chown)
{
    int32_t uid;
    int32_t gid;
    if (argument(ctx, argv[1], &uid) != 0 || argument(ctx, argv[2], &gid) != 0)
        return JS_EXCEPTION;
    WITH_PATH("chown", chown(path, (uid_t)uid, (gid_t)gid));
}

static struct timespec to_timespec(double seconds)
{
    struct timespec time;
    time.tv_sec = (time_t)seconds;
    if ((double)time.tv_sec > seconds)
        time.tv_sec--;
    time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
    return time;
}

/* utimes(path, access time, modification time), in seconds. */
FUNCTION(fs_utimes)
{
    double accessed;
    double modified;
    if (JS_ToFloat64(ctx, &accessed, argv[1]) != 0 || JS_ToFloat64(ctx, &modified, argv[2]) != 0)
        return JS_EXCEPTION;
    const struct timespec times[2] = {to_timespec(accessed), to_timespec(modified)};
    WITH_PATH("utime", utimensat(AT_FDCWD, path, times, 0));
}

/* rename, link and symlink: "CODE: text, syscall 'from' -> 'to'" with path and dest. */
static JSValue two_paths(JSContext *ctx, JSValueConst *argv, int (*call)(const char *, const char *), const char *name)
{
    const char *from = JS_ToCString(ctx, argv[0]);
    const char *to = from != NULL ? JS_ToCString(ctx, argv[1]) : NULL;
    JSValue result = JS_EXCEPTION;
    if (to != NULL) {
        result = JS_UNDEFINED;
        if (call(from, to) != 0) {
            JSValue error = gw_new_errno(ctx, errno, name, from);
            JSValue message = JS_GetPropertyStr(ctx, error, "message");
            const char *text = JS_ToCString(ctx, message);
            char extended[512];
            snprintf(extended, sizeof(extended), "%s -> '%s'", text != NULL ? text : name, to);
            JS_FreeCString(ctx, text);
            JS_FreeValue(ctx, message);
            JS_DefinePropertyValueStr(ctx, error, "message", JS_NewString(ctx, extended),
                                      JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);
            JS_DefinePropertyValueStr(ctx, error, "dest", JS_NewString(ctx, to), JS_PROP_C_W_E);
            result = JS_Throw(ctx, error);
        }
    }
    JS_FreeCString(ctx, to);
    JS_FreeCString(ctx, from);
    return result;
}

FUNCTION(fs_rename)
{
    UNUSED_CALL;
    return two_paths(ctx, argv, rename, "rename");
}

FUNCTION(fs_link)
{
    UNUSED_CALL;
    return two_paths(ctx, argv, link, "link");
}

FUNCTION(fs_symlink)
{
    UNUSED_CALL;
    return two_paths(ctx, argv, symlink, "symlink");
}

FUNCTION(fs_readlink)
{
    UNUSED_CALL;
    const char *path = JS_ToCString(ctx, argv[0]);
    if (path == NULL)
        return JS_EXCEPTION;
    char target[PATH_MAX];
    ssize_t length = readlink(path, target, sizeof(target));
    JSValue result = length < 0 ? gw_throw_errno(ctx, errno, "readlink", path)
                                : JS_NewStringLen(ctx, target, (size_t)length);
    JS_FreeCString(ctx, path);
    return result;
}

FUNCTION(fs_realpath)
{
    UNUSED_CALL;
    const char *path = JS_ToCString(ctx, argv[0]);
    if (path == NULL)
        return JS_EXCEPTION;
    char *resolved = realpath(path, NULL);
    JSValue result = resolved == NULL ? gw_throw_errno(ctx, errno, "realpath", path) : JS_NewString(ctx, resolved);
    free(resolved);
    JS_FreeCString(ctx, path);
    return result;
}

FUNCTION(fs_mkdtemp)
{
    UNUSED_CALL;
    const char *prefix = JS_ToCString(ctx, argv[0]);
    if (prefix == NULL)
        return JS_EXCEPTION;
    char template[PATH_MAX];
    int length = snprintf(template, sizeof(template), "%sXXXXXX", prefix);
    JS_FreeCString(ctx, prefix);
    if (length < 0 || (size_t)length >= sizeof(template))
        return gw_throw_errno(ctx, ENAMETOOLONG, "mkdtemp", NULL);
    if (mkdtemp(template) == NULL)
        return gw_throw_errno(ctx, errno, "mkdtemp", template);
    return JS_NewString(ctx, template);
}

/* [type, block size, blocks, free, available, files, free files] */
FUNCTION(fs_statfs)
{
    UNUSED_CALL;
    const char *path = JS_ToCString(ctx, argv[0]);
    if (path == NULL)
        return JS_EXCEPTION;
    struct statvfs status;
    if (statvfs(path, &status) != 0) {
        JSValue error = gw_throw_errno(ctx, errno, "statfs", path);
        JS_FreeCString(ctx, path);
        return error;
    }
    JS_FreeCString(ctx, path);
    const double values[] = {
        0,
        (double)status.f_frsize,
        (double)status.f_blocks,
        (double)status.f_bfree,
        (double)status.f_bavail,
        (double)status.f_files,
        (double)status.f_ffree,
    };
    JSValue array = JS_NewArray(ctx);
    for (int i = 0; i < GW_COUNT(values) && !JS_IsException(array); i++)
        JS_DefinePropertyValueUint32(ctx, array, (uint32_t)i, JS_NewFloat64(ctx, values[i]), JS_PROP_C_W_E);
    return array;
}

#define NUMBER(name) JS_PROP_INT32_DEF(#name, name, JS_PROP_ENUMERABLE)

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("stat", 2, fs_stat),
    JS_CFUNC_DEF("lstat", 2, fs_lstat),
    JS_CFUNC_DEF("fstat", 1, fs_fstat),
    JS_CFUNC_DEF("readdir", 1, fs_readdir),
    JS_CFUNC_DEF("mkdir", 2, fs_mkdir),
    JS_CFUNC_DEF("rmdir", 1, fs_rmdir),
    JS_CFUNC_DEF("unlink", 1, fs_unlink),
    JS_CFUNC_DEF("access", 2, fs_access),
    JS_CFUNC_DEF("chmod", 2, fs_chmod),
    JS_CFUNC_DEF("chown", 3, fs_chown),
    JS_CFUNC_DEF("utimes", 3, fs_utimes),
    JS_CFUNC_DEF("rename", 2, fs_rename),
    JS_CFUNC_DEF("link", 2, fs_link),
    JS_CFUNC_DEF("symlink", 2, fs_symlink),
    JS_CFUNC_DEF("readlink", 1, fs_readlink),
    JS_CFUNC_DEF("realpath", 1, fs_realpath),
    JS_CFUNC_DEF("mkdtemp", 1, fs_mkdtemp),
    JS_CFUNC_DEF("statfs", 1, fs_statfs),
};

static const JSCFunctionListEntry constants[] = {
    NUMBER(F_OK),     NUMBER(R_OK),     NUMBER(W_OK),     NUMBER(X_OK),       NUMBER(O_RDONLY),    NUMBER(O_WRONLY),
    NUMBER(O_RDWR),   NUMBER(O_CREAT),  NUMBER(O_EXCL),   NUMBER(O_NOCTTY),   NUMBER(O_TRUNC),     NUMBER(O_APPEND),
    NUMBER(O_SYNC),   NUMBER(O_DSYNC),  NUMBER(O_DIRECT), NUMBER(O_NOFOLLOW), NUMBER(O_DIRECTORY), NUMBER(O_NONBLOCK),
    NUMBER(O_NOATIME), NUMBER(S_IFMT),  NUMBER(S_IFREG),  NUMBER(S_IFDIR),    NUMBER(S_IFCHR),     NUMBER(S_IFBLK),
    NUMBER(S_IFIFO),  NUMBER(S_IFLNK),  NUMBER(S_IFSOCK), NUMBER(S_IRUSR),    NUMBER(S_IWUSR),     NUMBER(S_IXUSR),
    NUMBER(S_IRGRP),  NUMBER(S_IWGRP),  NUMBER(S_IXGRP),  NUMBER(S_IROTH),    NUMBER(S_IWOTH),     NUMBER(S_IXOTH),
    NUMBER(S_IRWXU),  NUMBER(S_IRWXG),  NUMBER(S_IRWXO),
};

int gw_init_fs(JSContext *ctx, JSValueConst object)
{
    gw_set_functions(ctx, object, functions);
    JSValue table = JS_NewObject(ctx);
    if (JS_IsException(table))
        return -1;
    gw_set_functions(ctx, table, constants);
    return JS_DefinePropertyValueStr(ctx, object, "constants", table, JS_PROP_C_W_E) < 0 ? -1 : 0;
}
