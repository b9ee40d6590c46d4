/* What goes to standard error when JavaScript or the host itself fails. */
#ifndef MONAMI_REPORT_H
#define MONAMI_REPORT_H

#include "native/native.h"

/* EX_SOFTWARE of sysexits.h: an internal error. */
enum { REPORT_STATUS = 70 };

/* Prints the pending exception with its stack, and clears it. */
void report_exception(JSContext *ctx);
/* Prints a value that was thrown. */
void report_thrown(JSContext *ctx, const char *prefix, JSValueConst thrown);
void report_failure(const char *what, int error);

/* From here on, promises that are rejected are remembered until somebody handles them. */
void report_track_rejections(JSContext *ctx);
/* Prints those that nobody handles, and forgets them. */
void report_rejections(JSContext *ctx);
/* Forgets all, for the end. */
void report_forget_rejections(JSContext *ctx);

#endif
