/* The process itself: command line, clocks, randomness, signals, the turn's handler, watching and closing handles. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "native/native.h"

static double clock_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

double monotonic_ms(void)
{
    return clock_ms(CLOCK_BOOTTIME);
}

static JSValue js_monotonic(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc, (void)argv;
    return JS_NewFloat64(ctx, monotonic_ms());
}

static JSValue js_wall_clock(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc, (void)argv;
    return JS_NewFloat64(ctx, clock_ms(CLOCK_REALTIME));
}

static JSValue js_random_bytes(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    struct bytes range;
    if (!argument_range(ctx, argv[0], argv[1], argv[2], &range)) return JS_EXCEPTION;
    while (range.length > 0) {
        ssize_t got = getrandom(range.data, range.length, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return JS_ThrowInternalError(ctx, "getrandom: %s", strerror(errno));
        range.data += got;
        range.length -= (size_t)got;
    }
    return JS_UNDEFINED;
}

static JSValue js_exit(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    int32_t status;
    if (!argument_int(ctx, argv[0], "status", 0, 255, &status)) return JS_EXCEPTION;
    struct native *native = native_of(ctx);
    native->exiting = true;
    native->exit_status = status;
    return JS_UNDEFINED;
}

static JSValue js_process_id(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc, (void)argv;
    return JS_NewInt32(ctx, getpid());
}

static JSValue js_environment(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    const char *name = argument_text(ctx, argv[0], "name");
    if (name == NULL) return JS_EXCEPTION;
    const char *value = getenv(name);
    JS_FreeCString(ctx, name);
    return value == NULL ? JS_UNDEFINED : text_value(ctx, (const uint8_t *)value, strlen(value));
}

static JSValue js_error_text(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    int32_t number;
    if (!argument_int(ctx, argv[0], "errno", 0, INT32_MAX, &number)) return JS_EXCEPTION;
    return JS_NewString(ctx, strerror(number));
}

static JSValue js_on_turn(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    if (!JS_IsFunction(ctx, argv[0])) return JS_ThrowTypeError(ctx, "the handler is not a function");
    struct native *native = native_of(ctx);
    JSValue previous = native->turn_handler;
    native->turn_handler = JS_DupValue(ctx, argv[0]);
    JS_FreeValue(ctx, previous);
    return JS_UNDEFINED;
}

static JSValue js_watch(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    int32_t number, readiness;
    if (argument_handle(ctx, argv[0], ~0u) == NULL) return JS_EXCEPTION;
    if (!argument_int(ctx, argv[1], "readiness", 0, READABLE | WRITABLE | HANGUP, &readiness)) return JS_EXCEPTION;
    JS_ToInt32(ctx, &number, argv[0]);
    int error = handle_watch(&native_of(ctx)->handles, number, readiness);
    if (error < 0) return JS_ThrowTypeError(ctx, "handle %d cannot be watched: %s", number, strerror(-error));
    return JS_UNDEFINED;
}

static JSValue js_close(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    int32_t number;
    if (argument_handle(ctx, argv[0], ~0u) == NULL) return JS_EXCEPTION;
    JS_ToInt32(ctx, &number, argv[0]);
    handle_close(&native_of(ctx)->handles, number);
    return JS_UNDEFINED;
}

static JSValue js_signal_open(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    int32_t numbers[64];
    int count = argument_int_list(ctx, argv[0], "signal", numbers, 64);
    if (count < 0) return JS_EXCEPTION;
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < count; i++) {
        if (sigaddset(&set, numbers[i]) < 0) return JS_ThrowRangeError(ctx, "%d is not a signal", numbers[i]);
    }
    int descriptor = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (descriptor < 0) return JS_NewInt32(ctx, -errno);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return JS_NewInt32(ctx, handle_open(&native_of(ctx)->handles, HANDLE_SIGNAL, descriptor, READABLE));
}

static JSValue js_signal_read(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    struct handle *handle = argument_handle(ctx, argv[0], HANDLE_SIGNAL);
    if (handle == NULL) return JS_EXCEPTION;
    struct signalfd_siginfo information;
    ssize_t got = read(handle->descriptor, &information, sizeof(information));
    return JS_NewInt32(ctx, got < 0 ? -errno : (int32_t)information.ssi_signo);
}

int process_set_values(JSContext *ctx, JSModuleDef *module)
{
    struct native *native = native_of(ctx);
    JSValue words = JS_NewArray(ctx);
    if (JS_IsException(words)) return -1;
    for (int i = 0; i < native->argument_count; i++) {
        const char *word = native->arguments[i];
        JSValue text = text_value(ctx, (const uint8_t *)word, strlen(word));
        if (JS_IsException(text) || JS_SetPropertyUint32(ctx, words, (uint32_t)i, text) < 0) {
            JS_FreeValue(ctx, words);
            return -1;
        }
    }
    const uint16_t one = 1;
    if (JS_SetModuleExport(ctx, module, "commandLine", words) < 0) return -1;
    if (JS_SetModuleExport(ctx, module, "version", JS_NewString(ctx, MONAMI_VERSION)) < 0) return -1;
    return JS_SetModuleExport(ctx, module, "littleEndian", JS_NewBool(ctx, *(const uint8_t *)&one == 1));
}

static const JSCFunctionListEntry entries[] = {
    NATIVE_FUNCTION("monotonicMs", 0, js_monotonic),
    NATIVE_FUNCTION("wallClockMs", 0, js_wall_clock),
    NATIVE_FUNCTION("randomBytes", 3, js_random_bytes),
    NATIVE_FUNCTION("exit", 1, js_exit),
    NATIVE_FUNCTION("processId", 0, js_process_id),
    NATIVE_FUNCTION("environment", 1, js_environment),
    NATIVE_FUNCTION("errorText", 1, js_error_text),
    NATIVE_FUNCTION("onTurn", 1, js_on_turn),
    NATIVE_NUMBER("READABLE", READABLE),
    NATIVE_NUMBER("WRITABLE", WRITABLE),
    NATIVE_NUMBER("HANGUP", HANGUP),
    NATIVE_FUNCTION("watch", 2, js_watch),
    NATIVE_FUNCTION("close", 1, js_close),
    NATIVE_FUNCTION("signalOpen", 1, js_signal_open),
    NATIVE_FUNCTION("signalRead", 1, js_signal_read),
};
NATIVE_LIST(process_list, entries);
