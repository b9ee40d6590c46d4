/* monami [--bundle FILE] WORDS…: runs the bundle that is built in, or FILE instead, on QuickJS. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/loop.h"
#include "host/report.h"

extern const uint8_t monami_bytecode[], monami_bytecode_end[];

enum { USAGE_STATUS = 64, NO_INPUT_STATUS = 66 };

static JSModuleDef *load_module(JSContext *ctx, const char *name, void *opaque)
{
    (void)opaque;
    if (strcmp(name, "monami-native") == 0) return native_module(ctx, name);
    JS_ThrowReferenceError(ctx, "there is no module '%s'", name);
    return NULL;
}

/* Module names stand for themselves: nothing is looked up in the file system. */
static char *normalize_name(JSContext *ctx, const char *base, const char *name, void *opaque)
{
    (void)base, (void)opaque;
    return js_strdup(ctx, name);
}

static char *read_bundle(const char *path, size_t *length)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    char *text = NULL;
    if (descriptor >= 0 && fstat(descriptor, &status) == 0) {
        text = malloc((size_t)status.st_size + 1);
        size_t used = 0;
        ssize_t got = 1;
        while (text != NULL && used < (size_t)status.st_size && got > 0) {
            got = read(descriptor, text + used, (size_t)status.st_size - used);
            if (got > 0) used += (size_t)got;
        }
        if (got < 0) {
            free(text);
            text = NULL;
        } else if (text != NULL) {
            text[used] = '\0'; /* the parser reads one octet behind the end */
            *length = used;
        }
    }
    int error = errno;
    if (descriptor >= 0) close(descriptor);
    errno = error;
    return text;
}

/* The promise of the evaluated module, or an exception. */
static JSValue evaluate(JSContext *ctx, const char *source, size_t length, const char *path)
{
    JSValue module;
    if (source != NULL)
        module = JS_Eval(ctx, source, length, path, JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
    else
        module = JS_ReadObject(ctx, monami_bytecode, (size_t)(monami_bytecode_end - monami_bytecode),
                               JS_READ_OBJ_BYTECODE | JS_READ_OBJ_ROM_DATA);
    if (JS_IsException(module)) return module;
    if (JS_ResolveModule(ctx, module) < 0) {
        JS_FreeValue(ctx, module);
        return JS_EXCEPTION;
    }
    return JS_EvalFunction(ctx, module);
}

static int run(JSContext *ctx, struct native *native, const char *source, size_t length, const char *path)
{
    JSValue promise = evaluate(ctx, source, length, path);
    if (JS_IsException(promise)) {
        report_exception(ctx);
        return REPORT_STATUS;
    }
    int status = 0;
    if (loop_run_jobs(ctx) < 0) {
        status = REPORT_STATUS;
    } else if (JS_PromiseState(ctx, promise) == JS_PROMISE_REJECTED) {
        /* Already printed, for nobody handles the module's promise. */
        status = REPORT_STATUS;
    } else if (native->exiting) {
        status = native->exit_status;
    } else {
        status = loop_run(ctx, native);
    }
    JS_FreeValue(ctx, promise);
    return status;
}

int main(int argc, char **argv)
{
    char *source = NULL;
    size_t length = 0;
    const char *path = NULL;
    int used = 1;
    if (argc > 1 && strcmp(argv[1], "--bundle") == 0) {
        if (argc < 3) {
            fputs("usage: monami --bundle FILE WORDS...\n", stderr);
            return USAGE_STATUS;
        }
        path = argv[2];
        used = 3;
        source = read_bundle(path, &length);
        if (source == NULL) {
            report_failure(path, errno);
            return NO_INPUT_STATUS;
        }
    }
    signal(SIGPIPE, SIG_IGN);

    struct native native = {
        .turn_handler = JS_UNDEFINED,
        .argument_count = argc > used ? argc - used : 0,
        .arguments = argv + used,
    };
    int error = handle_table_init(&native.handles);
    if (error < 0) {
        report_failure("epoll_create1", -error);
        return REPORT_STATUS;
    }
    JSRuntime *runtime = JS_NewRuntime();
    JSContext *ctx = runtime != NULL ? JS_NewContext(runtime) : NULL;
    if (ctx == NULL) {
        report_failure("QuickJS", ENOMEM);
        return REPORT_STATUS;
    }
    JS_SetContextOpaque(ctx, &native);
    JS_SetModuleLoaderFunc(runtime, normalize_name, load_module, NULL);
    report_track_rejections(ctx);

    int status = run(ctx, &native, source, length, path);

    /* Handles first: their threads and callbacks must not outlive what they refer to. */
    handle_table_free(&native.handles);
    admission_free(native.admission);
    report_forget_rejections(ctx);
    JS_FreeValue(ctx, native.turn_handler);
    JS_FreeContext(ctx);
    JS_FreeRuntime(runtime);
    free(source);
    return status;
}
