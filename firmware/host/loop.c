#include "host/loop.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "host/report.h"

struct loop {
    JSContext *ctx;
    struct native *native;
    int timer;
    double armed_ms; /* the deadline that the timer stands at; INFINITY: disarmed */
    uint32_t capacity;
    struct epoll_event *ready;
    JSValue array;
};

/* epoll's user data of the timer; handles are above 0. */
enum { TIMER_NUMBER = 0 };

enum { SETTLING_PAUSE_MS = 1 };

/* Makes room for every handle to be ready in one batch, so that none waits for another one to fall silent. */
static int reserve(struct loop *loop)
{
    uint32_t wanted = loop->native->handles.live + 1;
    if (wanted <= loop->capacity) return 0;
    uint32_t capacity = loop->capacity == 0 ? 32 : loop->capacity;
    while (capacity < wanted) capacity *= 2;

    struct epoll_event *ready = realloc(loop->ready, capacity * sizeof(*ready));
    if (ready == NULL) return -1;
    loop->ready = ready;
    JSValue length = JS_NewInt32(loop->ctx, (int32_t)capacity * 2);
    JSValue array = JS_NewTypedArray(loop->ctx, 1, &length, JS_TYPED_ARRAY_INT32);
    if (JS_IsException(array)) return -1;
    JS_FreeValue(loop->ctx, loop->array);
    loop->array = array;
    loop->capacity = capacity;
    return 0;
}

static int arm(struct loop *loop, double deadline_ms)
{
    if (deadline_ms == loop->armed_ms) return 0;
    struct itimerspec when = {0};
    if (deadline_ms != INFINITY) {
        /* Rounded up: a handler that is called too early has nothing to do and asks for the same time again. An absolute
         * time of zero would disarm. */
        double nanoseconds = fmax(1.0, ceil(deadline_ms * 1e6));
        double seconds = floor(nanoseconds / 1e9);
        if (seconds > 4e9) seconds = 4e9;
        when.it_value.tv_sec = (time_t)seconds;
        when.it_value.tv_nsec = (long)fmin(nanoseconds - seconds * 1e9, 999999999.0);
    }
    if (timerfd_settime(loop->timer, TFD_TIMER_ABSTIME, &when, NULL) < 0) return -errno;
    loop->armed_ms = deadline_ms;
    return 0;
}

static int readiness_of(uint32_t events, int watched)
{
    int readiness = (events & EPOLLIN ? READABLE : 0) | (events & EPOLLOUT ? WRITABLE : 0);
    if (events & (EPOLLHUP | EPOLLERR)) {
        /* The error waits in the socket until somebody reads or writes: whoever asked is told to. */
        readiness |= HANGUP | (watched & (READABLE | WRITABLE));
    }
    return readiness;
}

/* Fills the array with what epoll reported. Returns the number of pairs, or -1 with an exception pending. */
static int fill_batch(struct loop *loop, int count)
{
    struct bytes range;
    if (!argument_array(loop->ctx, loop->array, sizeof(int32_t), &range)) return -1;
    int32_t *pairs = (int32_t *)(void *)range.data;
    int filled = 0;
    for (int i = 0; i < count; i++) {
        int number = (int)loop->ready[i].data.u32;
        if (number == TIMER_NUMBER) {
            /* The timer stays readable until it is set anew. */
            loop->armed_ms = NAN;
            continue;
        }
        struct handle *handle = handle_find(&loop->native->handles, number);
        if (handle == NULL) continue;
        pairs[filled * 2] = number;
        pairs[filled * 2 + 1] = readiness_of(loop->ready[i].events, handle->readiness);
        filled++;
    }
    return filled;
}

/* One call of the handler. Returns 0 with the deadline, or -1 with an exception pending. */
static int call_handler(struct loop *loop, int count, double *deadline_ms)
{
    JSContext *ctx = loop->ctx;
    int filled = fill_batch(loop, count);
    if (filled < 0) return -1;
    /* The handler may replace itself, and the array is ours. */
    JSValue handler = JS_DupValue(ctx, loop->native->turn_handler);
    JSValueConst arguments[] = {loop->array, JS_NewInt32(ctx, filled)};
    JSValue result = JS_Call(ctx, handler, JS_UNDEFINED, 2, arguments);
    JS_FreeValue(ctx, handler);
    if (JS_IsException(result)) return -1;
    bool good = JS_IsNumber(result) && JS_ToFloat64(ctx, deadline_ms, result) == 0 && !isnan(*deadline_ms);
    JS_FreeValue(ctx, result);
    if (good) return 0;
    JS_ThrowTypeError(ctx, "the turn's handler did not return a deadline");
    return -1;
}

int loop_run_jobs(JSContext *ctx)
{
    JSRuntime *runtime = JS_GetRuntime(ctx);
    for (int count = 0;; count++) {
        JSContext *job_ctx;
        int result = JS_ExecutePendingJob(runtime, &job_ctx);
        if (result < 0) {
            report_exception(job_ctx);
            return -1;
        }
        if (result == 0) {
            report_rejections(ctx);
            return count;
        }
    }
}

static int wait_ready(struct loop *loop, bool at_once)
{
    for (;;) {
        int count = epoll_wait(loop->native->handles.epoll, loop->ready, (int)loop->capacity, at_once ? 0 : -1);
        if (count >= 0) return count;
        if (errno != EINTR) return -errno;
    }
}

static int run_turns(struct loop *loop)
{
    struct native *native = loop->native;
    /* The first turn comes at once: it is how the loop learns the first deadline. */
    bool at_once = true, settling = false;
    while (!native->exiting && !JS_IsUndefined(native->turn_handler)) {
        if (reserve(loop) < 0) goto failed;
        int count = wait_ready(loop, at_once);
        if (count < 0) {
            report_failure("epoll_wait", -count);
            return REPORT_STATUS;
        }
        double deadline_ms;
        if (call_handler(loop, count, &deadline_ms) < 0) goto failed;
        int jobs = loop_run_jobs(loop->ctx);
        if (jobs < 0) return REPORT_STATUS;
        double now_ms = monotonic_ms();
        at_once = deadline_ms <= now_ms;
        /* Jobs run behind the handler's back and may have moved its deadline: it is asked again, but if that makes jobs
         * as well, then not without a pause. */
        if (jobs > 0 && settling)
            deadline_ms = fmin(deadline_ms, now_ms + SETTLING_PAUSE_MS);
        else
            at_once = at_once || jobs > 0;
        settling = jobs > 0;
        if (!at_once) {
            int error = arm(loop, deadline_ms);
            if (error < 0) {
                report_failure("timerfd_settime", -error);
                return REPORT_STATUS;
            }
        }
    }
    return native->exit_status;
failed:
    report_exception(loop->ctx);
    return REPORT_STATUS;
}

int loop_run(JSContext *ctx, struct native *native)
{
    struct loop loop = {.ctx = ctx, .native = native, .armed_ms = INFINITY, .array = JS_UNDEFINED};
    loop.timer = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = TIMER_NUMBER};
    int status = REPORT_STATUS;
    if (loop.timer < 0 || epoll_ctl(native->handles.epoll, EPOLL_CTL_ADD, loop.timer, &event) < 0)
        report_failure("timerfd_create", errno);
    else
        status = run_turns(&loop);
    if (loop.timer >= 0) close(loop.timer);
    JS_FreeValue(ctx, loop.array);
    free(loop.ready);
    return status;
}
