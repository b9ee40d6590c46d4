/* Runs a program and waits for it: set-up commands at start and exit. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "native/native.h"

extern char **environ;

enum { WORD_LIMIT = 256, OUTPUT_LIMIT_BYTES = 1024 * 1024 };

struct command {
    pid_t process;
    int exited; /* a pidfd: readable when the process has ended */
    int input;  /* our ends of the pipes; -1 once closed */
    int output;
    const char *rest; /* of the input */
    size_t rest_length;
    uint8_t *collected;
    size_t collected_length;
};

static void close_descriptor(int *descriptor)
{
    if (*descriptor >= 0) close(*descriptor);
    *descriptor = -1;
}

/* The child gets its pipes, no signal mask of ours, and a process group of its own, so that a time-out ends its children
 * with it. Returns 0 or -errno. */
static int spawn(struct command *command, char **argv)
{
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) < 0) return -errno;
    if (pipe2(out, O_CLOEXEC) < 0) {
        int error = -errno;
        close(in[0]);
        close(in[1]);
        return error;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDERR_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    int error = -posix_spawnp(&command->process, argv[0], &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    command->input = in[1];
    command->output = out[0];
    if (error == 0) {
        fcntl(command->input, F_SETFL, O_NONBLOCK);
        fcntl(command->output, F_SETFL, O_NONBLOCK);
        command->exited = (int)syscall(SYS_pidfd_open, command->process, 0);
        if (command->exited < 0) {
            error = -errno;
            kill(-command->process, SIGKILL);
            waitpid(command->process, NULL, 0);
        }
    }
    if (error < 0) {
        close_descriptor(&command->input);
        close_descriptor(&command->output);
    }
    return error;
}

static void feed(struct command *command)
{
    while (command->rest_length > 0) {
        ssize_t written = write(command->input, command->rest, command->rest_length);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EAGAIN) return;
        if (written < 0) break; /* it does not want the rest */
        command->rest += written;
        command->rest_length -= (size_t)written;
    }
    close_descriptor(&command->input);
}

/* Takes what there is; what exceeds the limit is read and dropped, so that the program does not hang on it. */
static void collect(struct command *command)
{
    uint8_t chunk[16384];
    for (;;) {
        ssize_t got = read(command->output, chunk, sizeof(chunk));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) break;
        size_t room = OUTPUT_LIMIT_BYTES - command->collected_length;
        size_t taken = (size_t)got < room ? (size_t)got : room;
        uint8_t *grown = taken == 0 ? NULL : realloc(command->collected, command->collected_length + taken);
        if (grown == NULL) continue;
        command->collected = grown;
        memcpy(grown + command->collected_length, chunk, taken);
        command->collected_length += taken;
    }
    close_descriptor(&command->output);
}

/* Returns the status as the contract has it. */
static int wait_for(struct command *command, double timeout_ms)
{
    double deadline_ms = monotonic_ms() + timeout_ms;
    bool late = false;
    feed(command);
    for (;;) {
        double left_ms = deadline_ms - monotonic_ms();
        if (left_ms <= 0) {
            kill(-command->process, SIGKILL);
            late = true;
            break;
        }
        struct pollfd ready[] = {
            {.fd = command->exited, .events = POLLIN},
            {.fd = command->output, .events = POLLIN},
            {.fd = command->input, .events = POLLOUT},
        };
        if (poll(ready, 3, (int)fmin(ceil(left_ms), 1e9)) < 0 && errno != EINTR) break;
        if (ready[2].revents != 0) feed(command);
        if (ready[1].revents != 0) collect(command);
        /* Not the pipe's end: a daemon that it left behind may hold that open. */
        if (ready[0].revents != 0) break;
    }
    int status;
    while (waitpid(command->process, &status, 0) < 0) {
        if (errno != EINTR) return -errno;
    }
    if (command->output >= 0) collect(command);
    if (late) return -ETIMEDOUT;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int run(struct command *command, char **argv, double timeout_ms)
{
    int error = spawn(command, argv);
    if (error < 0) return error;
    int status = wait_for(command, timeout_ms);
    close_descriptor(&command->exited);
    close_descriptor(&command->input);
    close_descriptor(&command->output);
    return status;
}

static int words_of(JSContext *ctx, JSValueConst list, char **words)
{
    if (!JS_IsArray(ctx, list)) {
        JS_ThrowTypeError(ctx, "argv is not an array");
        return -1;
    }
    JSValue length = JS_GetPropertyStr(ctx, list, "length");
    int32_t count, filled = 0;
    bool good = argument_int(ctx, length, "the number of words", 1, WORD_LIMIT - 1, &count);
    JS_FreeValue(ctx, length);
    while (good && filled < count) {
        JSValue item = JS_GetPropertyUint32(ctx, list, (uint32_t)filled);
        const char *text = argument_text(ctx, item, "a word of argv");
        words[filled] = text == NULL ? NULL : strdup(text);
        good = words[filled] != NULL;
        if (text != NULL) JS_FreeCString(ctx, text);
        JS_FreeValue(ctx, item);
        if (good) filled++;
    }
    words[filled] = NULL;
    return good ? filled : -1;
}

static void free_words(char **words)
{
    for (; *words != NULL; words++) free(*words);
}

static JSValue js_run_command(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)this_value, (void)argc;
    char *words[WORD_LIMIT] = {NULL};
    int32_t timeout_ms;
    size_t input_length;
    if (words_of(ctx, argv[0], words) < 0 || !argument_int(ctx, argv[2], "timeoutMs", 1, INT32_MAX, &timeout_ms)) {
        free_words(words);
        return JS_EXCEPTION;
    }
    char *input = argument_utf8(ctx, argv[1], &input_length);
    if (input == NULL) {
        free_words(words);
        return JS_EXCEPTION;
    }
    struct command command = {
        .exited = -1, .input = -1, .output = -1, .rest = input, .rest_length = input_length};
    int status = run(&command, words, timeout_ms);
    JSValue result = JS_NewObject(ctx);
    JSValue output = text_value(ctx, command.collected, command.collected_length);
    free(command.collected);
    free(input);
    free_words(words);
    if (JS_IsException(result) || JS_IsException(output) ||
        JS_SetPropertyStr(ctx, result, "status", JS_NewInt32(ctx, status)) < 0 ||
        JS_SetPropertyStr(ctx, result, "output", output) < 0) {
        JS_FreeValue(ctx, result);
        return JS_EXCEPTION;
    }
    return result;
}

static const JSCFunctionListEntry entries[] = {
    NATIVE_FUNCTION("runCommand", 3, js_run_command),
};
NATIVE_LIST(command_list, entries);
