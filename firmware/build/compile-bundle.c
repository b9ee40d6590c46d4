/* compile-bundle IN.js OUT.bin: compiles the bundle, an ES module, to the bytecode of the engine it is linked with. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quickjs.h"

/* Compiling looks for the modules that are imported, but not yet for what they export. */
static int init_nothing(JSContext *ctx, JSModuleDef *module)
{
    (void)ctx;
    (void)module;
    return 0;
}

static JSModuleDef *load_module(JSContext *ctx, const char *name, void *opaque)
{
    (void)opaque;
    if (strcmp(name, "monami-native") != 0) {
        JS_ThrowReferenceError(ctx, "the bundle imports '%s'; only 'monami-native' may stay outside", name);
        return NULL;
    }
    return JS_NewCModule(ctx, name, init_nothing);
}

static char *read_whole(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) return NULL;
    char *text = NULL;
    size_t size = 0, used = 0;
    for (;;) {
        if (size - used < 65536) {
            size = size * 2 + 131072;
            char *grown = realloc(text, size);
            if (grown == NULL) break;
            text = grown;
        }
        size_t got = fread(text + used, 1, size - used - 1, file);
        if (got == 0) break;
        used += got;
    }
    fclose(file);
    if (text != NULL) text[used] = '\0'; /* JS_Eval wants it */
    *length = used;
    return text;
}

static void report(JSContext *ctx)
{
    JSValue exception = JS_GetException(ctx);
    JSValue stack = JS_GetPropertyStr(ctx, exception, "stack");
    const char *message = JS_ToCString(ctx, exception);
    const char *where = JS_ToCString(ctx, stack);
    fprintf(stderr, "%s\n%s", message ? message : "?", where ? where : "");
    JS_FreeCString(ctx, message);
    JS_FreeCString(ctx, where);
    JS_FreeValue(ctx, stack);
    JS_FreeValue(ctx, exception);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: compile-bundle IN.js OUT.bin\n", stderr);
        return 2;
    }
    size_t length;
    char *source = read_whole(argv[1], &length);
    if (source == NULL) {
        fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    JSRuntime *runtime = JS_NewRuntime();
    JSContext *ctx = JS_NewContext(runtime);
    JS_SetModuleLoaderFunc(runtime, NULL, load_module, NULL);
    /* Positions stay for stack traces; the source itself is what costs room. */
    JS_SetStripInfo(runtime, JS_STRIP_SOURCE);

    int status = 1;
    size_t size = 0;
    uint8_t *bytecode = NULL;
    JSValue module = JS_Eval(ctx, source, length, "monami.js", JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
    if (!JS_IsException(module)) bytecode = JS_WriteObject(ctx, &size, module, JS_WRITE_OBJ_BYTECODE);
    if (bytecode == NULL) {
        report(ctx);
    } else {
        FILE *out = fopen(argv[2], "wb");
        int written = out != NULL && fwrite(bytecode, 1, size, out) == size;
        if (out != NULL && fclose(out) != 0) written = 0;
        if (written)
            status = 0;
        else
            fprintf(stderr, "%s: %s\n", argv[2], strerror(errno));
    }
    js_free(ctx, bytecode);
    JS_FreeValue(ctx, module);
    JS_FreeContext(ctx);
    JS_FreeRuntime(runtime);
    free(source);
    return status;
}
