/* The forwarder's functions for JavaScript. */
#include "native/native.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef MONAMI_WITHOUT_FORWARDER

struct forwarder;

static struct forwarder *forwarder_start(int tun_descriptor)
{
    (void)tun_descriptor;
    errno = ENOSYS;
    return NULL;
}

static int forwarder_apply(struct forwarder *forwarder, const uint8_t *table, size_t length)
{
    (void)forwarder, (void)table, (void)length;
    return -ENOSYS;
}

static size_t forwarder_statistics(struct forwarder *forwarder, double *counters, size_t capacity)
{
    (void)forwarder, (void)counters, (void)capacity;
    return 0;
}

static void forwarder_stop(struct forwarder *forwarder)
{
    (void)forwarder;
}

#else
#include "forwarder/forwarder.h"
#endif

static void stop(void *data)
{
    forwarder_stop(data);
}

static JSValue js_forwarder_open(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    struct handle *tun = argument_handle(ctx, argv[0], HANDLE_TUN);
    if (tun == NULL) return JS_EXCEPTION;
    /* A descriptor of its own: the TUN's handle may be closed first. */
    int descriptor = fcntl(tun->descriptor, F_DUPFD_CLOEXEC, 0);
    if (descriptor < 0) return JS_NewInt32(ctx, -errno);
    /* The thread inherits the mask; signals belong to the loop. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    struct forwarder *forwarder = forwarder_start(descriptor);
    int error = -errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (forwarder == NULL) {
        close(descriptor);
        return JS_NewInt32(ctx, error);
    }
    return JS_NewInt32(
        ctx, handle_open_with(&native_of(ctx)->handles, HANDLE_FORWARDER, descriptor, 0, forwarder, stop));
}

static JSValue js_forwarder_apply(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    struct handle *handle = argument_handle(ctx, argv[0], HANDLE_FORWARDER);
    struct bytes table;
    if (handle == NULL || !argument_range(ctx, argv[1], argv[2], argv[3], &table)) return JS_EXCEPTION;
    return JS_NewInt32(ctx, forwarder_apply(handle->data, table.data, table.length));
}

static JSValue js_forwarder_statistics(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    struct handle *handle = argument_handle(ctx, argv[0], HANDLE_FORWARDER);
    struct bytes counters;
    if (handle == NULL || !argument_array(ctx, argv[1], sizeof(double), &counters)) return JS_EXCEPTION;
    size_t count =
        forwarder_statistics(handle->data, (double *)(void *)counters.data, counters.length / sizeof(double));
    return JS_NewInt32(ctx, (int32_t)count);
}

static const JSCFunctionListEntry entries[] = {
    NATIVE_FUNCTION("forwarderOpen", 1, js_forwarder_open),
    NATIVE_FUNCTION("forwarderApply", 4, js_forwarder_apply),
    NATIVE_FUNCTION("forwarderStatistics", 2, js_forwarder_statistics),
};
NATIVE_LIST(forwarder_list, entries);
