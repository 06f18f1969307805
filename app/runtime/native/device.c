/* The device's own hardware as the supervisor prepares it for the cells: the serial line and the clocks. */
#include <errno.h>
#include <fcntl.h>
#include <linux/rtc.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "binding.h"
#include "modules.h"

#define RTC_PATH "/dev/rtc0"

/*
 * 115200 8N1 (R136), raw for input. Without IXON no byte that comes in, be it noise, can stop the log; without ISIG and
 * ECHO the kernel does nothing with what is typed. Output keeps the translation of line ends.
 */
static int make_raw(int fd)
{
    struct termios mode;
    if (tcgetattr(fd, &mode) != 0)
        return -1;
    mode.c_iflag = IGNBRK | IGNPAR;
    mode.c_oflag = OPOST | ONLCR;
    mode.c_lflag = 0;
    mode.c_cflag = CS8 | CREAD | CLOCAL;
    mode.c_cc[VMIN] = 1;
    mode.c_cc[VTIME] = 0;
    if (cfsetispeed(&mode, B115200) != 0 || cfsetospeed(&mode, B115200) != 0)
        return -1;
    return tcsetattr(fd, TCSANOW, &mode);
}

/* init makes the console "sane" again, with echo and all, whenever it starts a program: the kernel is told to ignore it. */
static int lock_mode(int fd)
{
    struct termios locked;
    memset(&locked, 0xff, sizeof(locked));
    return ioctl(fd, TIOCSLCKTRMIOS, &locked);
}

/* terminal(fd) → whether it is one; makes it raw then. */
static JSValue device_terminal(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    int32_t fd;
    if (argc < 1 || JS_ToInt32(ctx, &fd, argv[0]) != 0)
        return JS_EXCEPTION;
    if (isatty(fd) == 0)
        return JS_FALSE;
    if (make_raw(fd) != 0)
        return gw_throw_errno(ctx, errno, "tcsetattr", NULL);
    if (lock_mode(fd) != 0)
        return gw_throw_errno(ctx, errno, "TIOCSLCKTRMIOS", NULL);
    /* What came in while nobody was listening is no command. */
    if (tcflush(fd, TCIFLUSH) != 0)
        return gw_throw_errno(ctx, errno, "tcflush", NULL);
    return JS_TRUE;
}

/* The chip keeps UTC (R152). */
static int set_hardware_clock(time_t seconds)
{
    struct tm utc;
    if (gmtime_r(&seconds, &utc) == NULL)
        return -1;
    struct rtc_time time = {
        .tm_sec = utc.tm_sec,
        .tm_min = utc.tm_min,
        .tm_hour = utc.tm_hour,
        .tm_mday = utc.tm_mday,
        .tm_mon = utc.tm_mon,
        .tm_year = utc.tm_year,
    };
    int fd = open(RTC_PATH, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int status = ioctl(fd, RTC_SET_TIME, &time);
    int error = errno;
    close(fd);
    errno = error;
    return status;
}

/* setClock(seconds since 1970) */
static JSValue device_set_clock(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    int64_t seconds;
    if (argc < 1 || !JS_IsNumber(argv[0]) || JS_ToInt64(ctx, &seconds, argv[0]) != 0 || seconds <= 0)
        return gw_throw_code(ctx, GW_TYPE_ERROR, "ERR_INVALID_ARG_VALUE", "setClock: seconds must be a number above 0");
    struct timespec now = {.tv_sec = (time_t)seconds};
    if (clock_settime(CLOCK_REALTIME, &now) != 0)
        return gw_throw_errno(ctx, errno, "clock_settime", NULL);
    if (set_hardware_clock((time_t)seconds) != 0)
        return gw_throw_errno(ctx, errno, "RTC_SET_TIME", RTC_PATH);
    return JS_UNDEFINED;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("terminal", 1, device_terminal),
    JS_CFUNC_DEF("setClock", 1, device_set_clock),
};

int gw_init_device(JSContext *ctx, JSValueConst object)
{
    gw_set_functions(ctx, object, functions);
    return 0;
}
