#include "host/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rejection {
    JSValue promise;
    JSValue reason;
};

static struct {
    struct rejection *list;
    size_t count;
    size_t capacity;
} rejections;

static void print_property(JSContext *ctx, JSValueConst object, const char *name)
{
    JSValue value = JS_GetPropertyStr(ctx, object, name);
    const char *text = JS_IsString(value) ? JS_ToCString(ctx, value) : NULL;
    if (text != NULL) fputs(text, stderr);
    JS_FreeCString(ctx, text);
    JS_FreeValue(ctx, value);
}

void report_thrown(JSContext *ctx, const char *prefix, JSValueConst thrown)
{
    const char *text = JS_ToCString(ctx, thrown);
    fprintf(stderr, "monami: %s%s\n", prefix, text != NULL ? text : "(a value that has no text)");
    JS_FreeCString(ctx, text);
    if (JS_IsObject(thrown)) print_property(ctx, thrown, "stack");
    /* A getter or toString of the value itself may have thrown. */
    JS_FreeValue(ctx, JS_GetException(ctx));
    fflush(stderr);
}

void report_exception(JSContext *ctx)
{
    JSValue exception = JS_GetException(ctx);
    report_thrown(ctx, "", exception);
    JS_FreeValue(ctx, exception);
}

void report_failure(const char *what, int error)
{
    fprintf(stderr, "monami: %s: %s\n", what, strerror(error));
}

static void forget(JSContext *ctx, size_t index)
{
    JS_FreeValue(ctx, rejections.list[index].promise);
    JS_FreeValue(ctx, rejections.list[index].reason);
    rejections.list[index] = rejections.list[--rejections.count];
}

static void track(JSContext *ctx, JSValueConst promise, JSValueConst reason, JS_BOOL is_handled, void *opaque)
{
    (void)opaque;
    if (is_handled) {
        for (size_t i = 0; i < rejections.count; i++) {
            if (JS_VALUE_GET_PTR(rejections.list[i].promise) != JS_VALUE_GET_PTR(promise)) continue;
            forget(ctx, i);
            return;
        }
        return;
    }
    if (rejections.count == rejections.capacity) {
        size_t capacity = rejections.capacity == 0 ? 8 : rejections.capacity * 2;
        struct rejection *list = realloc(rejections.list, capacity * sizeof(*list));
        if (list == NULL) return;
        rejections.list = list;
        rejections.capacity = capacity;
    }
    rejections.list[rejections.count++] = (struct rejection){JS_DupValue(ctx, promise), JS_DupValue(ctx, reason)};
}

void report_track_rejections(JSContext *ctx)
{
    JS_SetHostPromiseRejectionTracker(JS_GetRuntime(ctx), track, NULL);
}

static bool is_same_object(JSValueConst a, JSValueConst b)
{
    return JS_IsObject(a) && JS_IsObject(b) && JS_VALUE_GET_PTR(a) == JS_VALUE_GET_PTR(b);
}

void report_rejections(JSContext *ctx)
{
    while (rejections.count > 0) {
        /* Printing may run a getter that rejects or handles: take it out first. */
        struct rejection first = rejections.list[0];
        rejections.list[0] = rejections.list[--rejections.count];
        report_thrown(ctx, "unhandled rejection: ", first.reason);
        /* One error that went through several promises, as through those of a module, is told once. */
        for (size_t i = rejections.count; i-- > 0;) {
            if (is_same_object(rejections.list[i].reason, first.reason)) forget(ctx, i);
        }
        JS_FreeValue(ctx, first.promise);
        JS_FreeValue(ctx, first.reason);
    }
}

void report_forget_rejections(JSContext *ctx)
{
    while (rejections.count > 0) forget(ctx, 0);
    free(rejections.list);
    rejections.list = NULL;
    rejections.capacity = 0;
}
