/* See fuzz.h. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "modules.h"

/* Enough for every value that a fuzzed function may ask for; more is refused like on the card. */
#define MEMORY_LIMIT (256u * 1024 * 1024)
#define STACK_SIZE (1024u * 1024)
#define MAX_ARGUMENTS 10
/* Runs of one input that each leave more behind before it counts as a leak: the first ones fill caches. */
#define LEAK_ROUNDS 6

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

JSContext *fuzz_context;

static const uint8_t *input;
static size_t left;
static size_t high_water;

__attribute__((weak)) void fuzz_prepare(void) {}

void fuzz_require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz: %s\n", what);
    abort();
}

uint8_t fuzz_u8(void)
{
    if (left == 0)
        return 0;
    left--;
    return *input++;
}

uint32_t fuzz_u32(void)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++)
        value = value << 8 | fuzz_u8();
    return value;
}

uint32_t fuzz_below(uint32_t limit)
{
    return limit <= 256 ? fuzz_u8() % limit : fuzz_u32() % limit;
}

size_t fuzz_left(void)
{
    return left;
}

const uint8_t *fuzz_take(size_t wanted, size_t *length)
{
    const uint8_t *p = input;
    *length = wanted < left ? wanted : left;
    input += *length;
    left -= *length;
    return p;
}

static void free_exact(JSRuntime *rt, void *opaque, void *data)
{
    (void)rt;
    (void)opaque;
    free(data);
}

JSValue fuzz_buffer(size_t wanted)
{
    size_t length;
    const uint8_t *from = fuzz_take(wanted, &length);
    /* malloc(0) has a red zone of its own, too. */
    uint8_t *copy = malloc(length);
    fuzz_require(copy != NULL, "out of memory");
    if (length > 0)
        memcpy(copy, from, length);
    JSValue memory = JS_NewArrayBuffer(fuzz_context, copy, length, free_exact, NULL, 0);
    JSValue view = gw_engine_new_view(fuzz_context, memory, 0, length);
    JS_FreeValue(fuzz_context, memory);
    return view;
}

JSValue fuzz_piece(void)
{
    size_t length = (size_t)fuzz_u8() << 8;
    return fuzz_buffer(length | fuzz_u8());
}

JSValue fuzz_rest(void)
{
    return fuzz_buffer(left);
}

JSValue fuzz_number(void)
{
    switch (fuzz_below(12)) {
    case 0:
        return JS_UNDEFINED;
    case 1:
        return JS_NewFloat64(fuzz_context, (double)fuzz_u8() / 2);
    case 2:
        return JS_NewInt32(fuzz_context, (int32_t)fuzz_u32());
    case 3:
        return JS_NewFloat64(fuzz_context, -(double)fuzz_u8() / 2);
    case 4: {
        uint64_t bits = (uint64_t)fuzz_u32() << 32;
        double number;
        bits |= fuzz_u32();
        memcpy(&number, &bits, sizeof number);
        return JS_NewFloat64(fuzz_context, number);
    }
    case 5:
        return JS_NewFloat64(fuzz_context, (double)((int64_t)1 << fuzz_below(63)) - fuzz_u8());
    case 6:
        return JS_NewString(fuzz_context, "12");
    case 7:
        return JS_NewBigInt64(fuzz_context, (int64_t)fuzz_u32() - (int64_t)fuzz_u32());
    default:
        return JS_NewInt32(fuzz_context, fuzz_u8());
    }
}

JSValue fuzz_text(size_t wanted)
{
    size_t length;
    bool wide = fuzz_u8() & 1;
    const uint8_t *p = fuzz_take(wanted, &length);
    if (!wide)
        return JS_NewStringLen(fuzz_context, (const char *)p, length);
    /* Every code unit as WTF-8, so that surrogates stand alone, in pairs and in the wrong order. */
    char *text = malloc(length * 2 + 1);
    fuzz_require(text != NULL, "out of memory");
    size_t n = 0;
    for (size_t i = 0; i + 1 < length; i += 2) {
        uint32_t unit = p[i] | (uint32_t)p[i + 1] << 8;
        if (unit >= 0x800) {
            text[n++] = (char)(0xe0 | unit >> 12);
            text[n++] = (char)(0x80 | (unit >> 6 & 63));
            text[n++] = (char)(0x80 | (unit & 63));
        } else {
            text[n++] = (char)(unit & 0x7f);
        }
    }
    JSValue string = JS_NewStringLen(fuzz_context, text, n);
    free(text);
    return string;
}

static JSValue call(const char *module, const char *group, const char *function, JSValueConst self, int argc, JSValue *argv)
{
    JSContext *ctx = fuzz_context;
    JSValue global = JS_GetGlobalObject(ctx);
    JSValue gateway = JS_GetPropertyStr(ctx, global, "__gateway");
    JSValue object = JS_GetPropertyStr(ctx, gateway, module);
    JSValue owner = group ? JS_GetPropertyStr(ctx, object, group) : JS_DupValue(ctx, object);
    JSValue callee = JS_GetPropertyStr(ctx, owner, function);
    if (!JS_IsFunction(ctx, callee)) {
        fprintf(stderr, "fuzz: there is no %s.%s\n", module, function);
        abort();
    }
    JSValueConst arguments[MAX_ARGUMENTS];
    for (int i = 0; i < MAX_ARGUMENTS; i++)
        arguments[i] = i < argc ? argv[i] : JS_UNDEFINED;
    JSValue result = JS_Call(ctx, callee, self, argc, arguments);
    for (int i = 0; i < argc; i++)
        JS_FreeValue(ctx, argv[i]);
    if (JS_IsException(result)) {
        fuzz_require(JS_HasException(ctx), "JS_EXCEPTION was returned and nothing was thrown");
        JSValue error = JS_GetException(ctx);
        JSValue text = JS_ToString(ctx, error);
        JS_FreeValue(ctx, text);
        JS_FreeValue(ctx, error);
    } else {
        fuzz_require(!JS_HasException(ctx), "a value was returned and something was thrown");
    }
    JS_FreeValue(ctx, callee);
    JS_FreeValue(ctx, owner);
    JS_FreeValue(ctx, object);
    JS_FreeValue(ctx, gateway);
    JS_FreeValue(ctx, global);
    return result;
}

JSValue fuzz_call(const char *module, const char *function, int argc, JSValue *argv)
{
    return call(module, NULL, function, JS_UNDEFINED, argc, argv);
}

JSValue fuzz_method(const char *module, const char *group, const char *function, JSValueConst self, int argc, JSValue *argv)
{
    return call(module, group, function, self, argc, argv);
}

void fuzz_free(JSValue value)
{
    JS_FreeValue(fuzz_context, value);
}

int64_t fuzz_length_of(JSValueConst array)
{
    int64_t length = 0;
    JSValue value = JS_GetPropertyStr(fuzz_context, array, "length");
    fuzz_require(JS_ToInt64(fuzz_context, &length, value) == 0, "no length");
    JS_FreeValue(fuzz_context, value);
    return length;
}

JSValue fuzz_item(JSValueConst array, uint32_t index)
{
    return JS_GetPropertyUint32(fuzz_context, array, index);
}

const uint8_t *fuzz_bytes(JSValueConst buffer, size_t *length)
{
    uint8_t *data = NULL;
    fuzz_require(gw_engine_bytes(fuzz_context, buffer, &data, length) == 0, "no bytes");
    return data;
}

/* buffer.ts decides what the fast paths leave to it; here it decides nothing. */
static JSValue slow_hook(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    (void)ctx;
    (void)self;
    (void)argc;
    (void)argv;
    return JS_UNDEFINED;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    JSRuntime *runtime = JS_NewRuntime();
    fuzz_require(runtime != NULL, "out of memory");
    JS_SetMemoryLimit(runtime, MEMORY_LIMIT);
    JS_SetMaxStackSize(runtime, STACK_SIZE);
    fuzz_context = JS_NewContext(runtime);
    fuzz_require(fuzz_context != NULL && gw_install_modules(fuzz_context) == 0, "no context");
    fuzz_free(FUZZ_CALL("buffer", "setSlowHook", JS_NewCFunction(fuzz_context, slow_hook, "slow", 0)));
    fuzz_prepare();
    return 0;
}

static size_t run(const uint8_t *data, size_t size)
{
    input = data;
    left = size;
    fuzz_one();
    return gw_engine_heap_used(JS_GetRuntime(fuzz_context));
}

/* Leaked JavaScript values stay reachable from the runtime, so LeakSanitizer doesn't see them: the heap's size does. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    JSRuntime *runtime = JS_GetRuntime(fuzz_context);
    size_t used = run(data, size);
    for (int round = 0; used > high_water; round++) {
        JS_RunGC(runtime);
        used = gw_engine_heap_used(runtime);
        if (used <= high_water)
            break;
        fuzz_require(round < LEAK_ROUNDS, "every run of this input leaves JavaScript values behind");
        high_water = used;
        used = run(data, size);
    }
    return 0;
}
