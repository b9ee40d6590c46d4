/* Host names. getaddrinfo blocks, so each question has a thread of its own. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "native/native.h"

enum { STACK_BYTES = 256 * 1024 };

/* Shared by the handle and the thread; the last of them frees it. */
struct question {
    atomic_int owners;
    atomic_bool done;
    int wake; /* the thread's own descriptor of the eventfd */
    int family;
    int error; /* of getaddrinfo, or -errno */
    struct addrinfo *answers;
    char name[];
};

static void release(void *data)
{
    struct question *question = data;
    if (atomic_fetch_sub(&question->owners, 1) > 1) return;
    if (question->answers != NULL) freeaddrinfo(question->answers);
    close(question->wake);
    free(question);
}

static int errno_of(int error)
{
    switch (error) {
    case EAI_SYSTEM: return errno != 0 ? -errno : -EIO;
    case EAI_MEMORY: return -ENOMEM;
    case EAI_AGAIN: return -ETIMEDOUT;
    case EAI_NONAME:
#ifdef EAI_NODATA
    case EAI_NODATA:
#endif
#ifdef EAI_ADDRFAMILY
    case EAI_ADDRFAMILY:
#endif
        return -ENOENT;
    default: return -EIO;
    }
}

static void *answer(void *data)
{
    struct question *question = data;
    struct addrinfo hints = {.ai_family = question->family, .ai_socktype = SOCK_STREAM};
    errno = 0;
    int error = getaddrinfo(question->name, NULL, &hints, &question->answers);
    question->error = error == 0 ? 0 : errno_of(error);
    atomic_store(&question->done, true);
    eventfd_write(question->wake, 1);
    release(question);
    return NULL;
}

static int start_thread(struct question *question)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    /* Signals belong to the loop. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    int error = pthread_create(&thread, &attributes, answer, question);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return -error;
}

static int open_question(struct handle_table *handles, const char *name, int family)
{
    struct question *question = calloc(1, sizeof(*question) + strlen(name) + 1);
    if (question == NULL) return -ENOMEM;
    strcpy(question->name, name);
    question->family = family;
    atomic_init(&question->owners, 1);
    question->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int readable = question->wake < 0 ? -1 : dup(question->wake);
    if (readable < 0) {
        int error = -errno;
        if (question->wake >= 0) close(question->wake);
        free(question);
        return error;
    }
    int handle = handle_open_with(handles, HANDLE_RESOLVER, readable, READABLE, question, release);
    if (handle < 0) return handle;
    atomic_fetch_add(&question->owners, 1);
    int error = start_thread(question);
    if (error < 0) {
        atomic_fetch_sub(&question->owners, 1);
        handle_close(handles, handle);
        return error;
    }
    return handle;
}

static JSValue js_resolve_open(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    int32_t family;
    if (!argument_int(ctx, argv[1], "family", 0, 6, &family)) return JS_EXCEPTION;
    if (family != 0 && family != 4 && family != 6) return JS_ThrowRangeError(ctx, "family is not 0, 4 or 6");
    const char *name = argument_text(ctx, argv[0], "name");
    if (name == NULL) return JS_EXCEPTION;
    int handle = open_question(&native_of(ctx)->handles, name,
                               family == 4 ? AF_INET : family == 6 ? AF_INET6 : AF_UNSPEC);
    JS_FreeCString(ctx, name);
    return JS_NewInt32(ctx, handle);
}

static JSValue js_resolve_read(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    struct handle *handle = argument_handle(ctx, argv[0], HANDLE_RESOLVER);
    if (handle == NULL) return JS_EXCEPTION;
    struct question *question = handle->data;
    if (!atomic_load(&question->done)) return JS_NewInt32(ctx, -EAGAIN);
    if (question->error < 0) return JS_NewInt32(ctx, question->error);
    JSValue list = JS_NewArray(ctx);
    uint32_t count = 0;
    for (struct addrinfo *item = question->answers; item != NULL && !JS_IsException(list); item = item->ai_next) {
        const uint8_t *octets;
        size_t length;
        if (item->ai_family == AF_INET) {
            octets = (const uint8_t *)&((struct sockaddr_in *)(void *)item->ai_addr)->sin_addr;
            length = 4;
        } else if (item->ai_family == AF_INET6) {
            octets = (const uint8_t *)&((struct sockaddr_in6 *)(void *)item->ai_addr)->sin6_addr;
            length = 16;
        } else {
            continue;
        }
        JSValue buffer = JS_NewArrayBufferCopy(ctx, octets, length);
        if (JS_IsException(buffer) || JS_SetPropertyUint32(ctx, list, count++, buffer) < 0) {
            JS_FreeValue(ctx, list);
            list = JS_EXCEPTION;
        }
    }
    return list;
}

static const JSCFunctionListEntry entries[] = {
    NATIVE_FUNCTION("resolveOpen", 2, js_resolve_open),
    NATIVE_FUNCTION("resolveRead", 1, js_resolve_read),
};
NATIVE_LIST(resolve_list, entries);
