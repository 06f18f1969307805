/*
 * How often the packet filter of a network namespace has refused something: the counters of iptables' table "filter", as
 * the kernel keeps them (linux/netfilter_ipv4/ip_tables.h). Only the supervisor asks.
 */
#include <errno.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "modules.h"
#include "namespace.h"

#define TABLE "filter"
/* The rules may change between the two questions that it takes, but not for long. */
#define MAX_TRIES 8

static int raw_socket(void)
{
    return socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
}

/* The rule at `offset`, if it is whole. */
static const struct ipt_entry *rule_at(const struct ipt_get_entries *table, unsigned offset)
{
    if (offset > table->size || table->size - offset < sizeof(struct ipt_entry))
        return NULL;
    return (const void *)((const char *)table->entrytable + offset);
}

/* Packets that the last rule before the chain's policy has met. */
static uint64_t last_rule_count(const struct ipt_get_entries *table, unsigned first, unsigned policy)
{
    uint64_t count = 0;
    for (unsigned offset = first; offset < policy;) {
        const struct ipt_entry *rule = rule_at(table, offset);
        if (rule == NULL || rule->next_offset < sizeof(*rule))
            return 0;
        count = rule->counters.pcnt;
        offset += rule->next_offset;
    }
    return count;
}

static uint64_t policy_count(const struct ipt_get_entries *table, unsigned policy)
{
    const struct ipt_entry *rule = rule_at(table, policy);
    return rule == NULL ? 0 : rule->counters.pcnt;
}

/* The table with its rules behind it, from malloc; NULL with errno set. EAGAIN: it has changed in between. */
static struct ipt_get_entries *try_table(int fd, struct ipt_getinfo *info)
{
    memset(info, 0, sizeof(*info));
    strcpy(info->name, TABLE);
    socklen_t length = sizeof(*info);
    if (getsockopt(fd, IPPROTO_IP, IPT_SO_GET_INFO, info, &length) != 0)
        return NULL;
    size_t whole = sizeof(struct ipt_get_entries) + info->size;
    struct ipt_get_entries *table = calloc(1, whole);
    if (table == NULL)
        return NULL;
    strcpy(table->name, TABLE);
    table->size = info->size;
    length = (socklen_t)whole;
    if (getsockopt(fd, IPPROTO_IP, IPT_SO_GET_ENTRIES, table, &length) == 0)
        return table;
    int error = errno;
    free(table);
    errno = error;
    return NULL;
}

static struct ipt_get_entries *read_table(int fd, struct ipt_getinfo *info)
{
    struct ipt_get_entries *table = NULL;
    for (int left = MAX_TRIES; left > 0; left--) {
        table = try_table(fd, info);
        if (table != NULL || errno != EAGAIN)
            break;
    }
    return table;
}

/* open(path of the namespace) → descriptor */
static JSValue packet_filter_open(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    return gw_socket_inside(ctx, argc, argv, raw_socket, "socket");
}

/* counts(descriptor) → [connections refused by the last rule of INPUT, refused by INPUT's policy, by OUTPUT's policy] */
static JSValue packet_filter_counts(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value;
    int32_t fd;
    if (argc < 1 || JS_ToInt32(ctx, &fd, argv[0]) != 0)
        return JS_EXCEPTION;
    struct ipt_getinfo info;
    struct ipt_get_entries *table = read_table(fd, &info);
    if (table == NULL)
        return gw_throw_errno(ctx, errno, "getsockopt", TABLE);
    const unsigned in = NF_INET_LOCAL_IN;
    const uint64_t counts[] = {
        last_rule_count(table, info.hook_entry[in], info.underflow[in]),
        policy_count(table, info.underflow[in]),
        policy_count(table, info.underflow[NF_INET_LOCAL_OUT]),
    };
    free(table);
    JSValue result = JS_NewArray(ctx);
    if (JS_IsException(result))
        return result;
    for (uint32_t i = 0; i < 3; i++)
        JS_DefinePropertyValueUint32(ctx, result, i, JS_NewInt64(ctx, (int64_t)counts[i]), JS_PROP_C_W_E);
    return result;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("open", 1, packet_filter_open),
    JS_CFUNC_DEF("counts", 1, packet_filter_counts),
};

int gw_init_packet_filter(JSContext *ctx, JSValueConst object)
{
    gw_set_functions(ctx, object, functions);
    return 0;
}
