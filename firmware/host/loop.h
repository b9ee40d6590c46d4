/* The event loop. It owns epoll, the deadline and the engine's job queue. */
#ifndef MONAMI_LOOP_H
#define MONAMI_LOOP_H

#include "native/native.h"

/* Runs turns until `exit` is called or no handler is registered. Returns the process's exit status. */
int loop_run(JSContext *ctx, struct native *native);

/* Runs the engine's pending jobs until there are none. Returns how many there were, or -1 after a failure that has been
 * reported. */
int loop_run_jobs(JSContext *ctx);

#endif
