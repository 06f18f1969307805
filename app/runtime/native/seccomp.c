/*
 * The system calls of each role. Anything else ends the process with SIGSYS, after one line on stderr that names the
 * call: what is missing from a list must be found from a log.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "walls.h"

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define NATIVE_ARCH AUDIT_ARCH_I386
#else
#error "seccomp.c: add the audit number of this architecture"
#endif

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Memory, time, the event loop, descriptors that are open already, the end. */
static const int common[] = {
    SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_close, SYS_fstat, SYS_lseek, SYS_fcntl, SYS_dup, SYS_dup2, SYS_dup3,
    SYS_brk, SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise,
    SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_wait, SYS_epoll_pwait, SYS_poll, SYS_ppoll, SYS_eventfd2, SYS_pipe2,
    SYS_signalfd4, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack,
    SYS_nanosleep,
    SYS_getpid, SYS_gettid, SYS_getppid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid,
    SYS_getrusage, SYS_sysinfo, SYS_uname, SYS_getcwd, SYS_getrandom, SYS_futex, SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_restart_syscall, SYS_exit, SYS_exit_group, SYS_tgkill,
#ifdef SYS_statx
    SYS_statx,
#endif
#ifdef SYS_newfstatat
    SYS_newfstatat,
#endif
#if defined(__i386__)
    SYS_mmap2, SYS__llseek, SYS_fcntl64, SYS_fstat64, SYS_stat64, SYS_lstat64, SYS_fstatat64, SYS_ugetrlimit,
    SYS_getuid32, SYS_geteuid32, SYS_getgid32, SYS_getegid32, SYS_sigreturn,
    /* By number: musl hides the names of the calls with 32-bit time. */
    78 /* gettimeofday */, 265 /* clock_gettime */, 266 /* clock_getres */, 267 /* clock_nanosleep */,
    403 /* clock_gettime64 */, 406 /* clock_getres_time64 */, 407 /* clock_nanosleep_time64 */,
    414 /* ppoll_time64 */, 422 /* futex_time64 */,
#else
    SYS_stat, SYS_lstat, SYS_getrlimit, SYS_rseq, SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday,
    SYS_clock_nanosleep,
#endif
    /* Opening files is landlock's to refuse: it then fails with EACCES instead of ending the cell. */
    SYS_open, SYS_openat, SYS_access, SYS_faccessat, SYS_readlink, SYS_readlinkat, SYS_getdents64,
};

/* Outgoing connections and the resolver's thread. No bind of TCP (landlock), no listen, no accept. */
static const int network[] = {
    SYS_connect, SYS_sendto, SYS_sendmsg, SYS_sendmmsg, SYS_recvfrom, SYS_recvmsg, SYS_shutdown, SYS_setsockopt,
    SYS_getsockopt, SYS_getsockname, SYS_getpeername, SYS_bind, SYS_clone, SYS_set_robust_list, SYS_rt_sigtimedwait, SYS_ioctl,
    SYS_membarrier, SYS_set_tid_address,
#ifdef SYS_clone3
    SYS_clone3,
#endif
#if defined(__i386__)
    SYS_set_thread_area, SYS_recvmmsg, 417 /* recvmmsg_time64 */,
#else
    SYS_recvmmsg,
#endif
};

/* Files of the log partition. */
static const int files[] = {
    SYS_mkdir, SYS_mkdirat, SYS_rmdir, SYS_unlink, SYS_unlinkat, SYS_rename, SYS_renameat, SYS_renameat2, SYS_fsync,
    SYS_fdatasync, SYS_ftruncate, SYS_truncate, SYS_utimensat, SYS_chmod, SYS_fchmod, SYS_fchmodat, SYS_umask,
    SYS_pread64, SYS_pwrite64, SYS_statfs, SYS_fstatfs, SYS_syslog, SYS_ioctl,
#if defined(__i386__)
    SYS_ftruncate64, SYS_truncate64, SYS_statfs64, SYS_fstatfs64, 412 /* utimensat_time64 */,
#endif
};

typedef struct {
    const int *calls;
    size_t count;
} list;

static const struct {
    const char *role;
    list extra;
} roles[] = {
    {"opcua", {network, COUNT(network)}},
    {"mqtt", {network, COUNT(network)}},
    {"navigation", {NULL, 0}},
    {"log", {files, COUNT(files)}},
    {"console", {NULL, 0}},
};

#define MAX_INSTRUCTIONS 512

static struct {
    struct sock_filter code[MAX_INSTRUCTIONS];
    size_t length;
} program;

static const char *confined_role = "";

static void emit(uint16_t code, uint8_t if_true, uint8_t if_false, uint32_t value)
{
    if (program.length < MAX_INSTRUCTIONS)
        program.code[program.length] = (struct sock_filter){code, if_true, if_false, value};
    program.length++;
}

static void emit_load(size_t offset)
{
    emit(BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

static void emit_allowed(list allowed)
{
    for (size_t i = 0; i < allowed.count; i++) {
        emit(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)allowed.calls[i]);
        emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
    }
}

/* PROT_WRITE with PROT_EXEC is never needed: there is no JIT. */
#define WRITE_AND_EXECUTE 6u

static void emit_no_writable_code(int call)
{
    emit(BPF_JMP | BPF_JEQ | BPF_K, 0, 4, (uint32_t)call);
    emit_load(offsetof(struct seccomp_data, args[2]));
    emit(BPF_ALU | BPF_AND | BPF_K, 0, 0, WRITE_AND_EXECUTE);
    emit(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, WRITE_AND_EXECUTE);
    emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_TRAP);
    emit_load(offsetof(struct seccomp_data, nr));
}

/* Sockets of the internet, and the netlink that lists interfaces. Others fail as if the kernel had none: the C library
 * asks for a local one (nscd) and goes on without. */
static void emit_socket_domains(void)
{
    static const uint32_t domains[] = {AF_INET, AF_INET6, AF_NETLINK};
    const uint8_t count = COUNT(domains);
    emit(BPF_JMP | BPF_JEQ | BPF_K, 0, (uint8_t)(2 * count + 2), SYS_socket);
    emit_load(offsetof(struct seccomp_data, args[0]));
    for (uint8_t i = 0; i < count; i++) {
        emit(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, domains[i]);
        emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
    }
    emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EAFNOSUPPORT);
}

static void build(list extra)
{
    program.length = 0;
    emit_load(offsetof(struct seccomp_data, arch));
    emit(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, NATIVE_ARCH);
    emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
    emit_load(offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
    /* The x32 calls have the same numbers with a bit set. */
    emit(BPF_JMP | BPF_JGE | BPF_K, 0, 1, 0x40000000u);
    emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
    emit_no_writable_code(SYS_mmap);
#else
    emit_no_writable_code(SYS_mmap2);
#endif
    emit_no_writable_code(SYS_mprotect);
    emit_allowed((list){common, COUNT(common)});
    emit_allowed(extra);
    if (extra.calls == network)
        emit_socket_domains();
    emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_TRAP);
}

static size_t append(char *line, size_t at, size_t capacity, const char *text)
{
    while (*text != '\0' && at < capacity)
        line[at++] = *text++;
    return at;
}

/* Only async-signal-safe calls. The second refused call ends the process: SIGSYS is blocked in its own handler. */
static void on_violation(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    char line[160];
    char digits[12];
    size_t first = sizeof(digits);
    unsigned call = (unsigned)info->si_syscall;
    digits[--first] = '\0';
    do {
        digits[--first] = (char)('0' + call % 10);
        call /= 10;
    } while (call > 0 && first > 0);
    size_t length = append(line, 0, sizeof(line), "gateway-runtime: system call ");
    length = append(line, length, sizeof(line), digits + first);
    length = append(line, length, sizeof(line), " is not on the list of the ");
    length = append(line, length, sizeof(line), confined_role);
    length = append(line, length, sizeof(line), " cell\n");
    ssize_t written = write(2, line, length);
    (void)written;
    for (;;)
        syscall(SYS_ptrace, 0, 0, 0, 0);
}

int gw_wall_has_role(const char *role)
{
    for (size_t i = 0; i < COUNT(roles); i++) {
        if (strcmp(roles[i].role, role) == 0)
            return 1;
    }
    return 0;
}

int gw_wall_syscalls(const char *role, const char **step)
{
    *step = "seccomp";
    errno = EINVAL;
    for (size_t i = 0; i < COUNT(roles); i++) {
        if (strcmp(roles[i].role, role) != 0)
            continue;
        confined_role = roles[i].role;
        build(roles[i].extra);
        if (program.length > MAX_INSTRUCTIONS)
            return -1;
        struct sigaction action = {.sa_sigaction = on_violation, .sa_flags = SA_SIGINFO};
        if (sigaction(SIGSYS, &action, NULL) != 0)
            return -1;
        struct sock_fprog filter = {.len = (unsigned short)program.length, .filter = program.code};
        return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
    }
    return -1;
}
