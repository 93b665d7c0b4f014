/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>

static const char *const texts[ERR_MAX] = {
    [ERR_OK] = "ok",
#define ERR(name, text) [ERR_##name] = text,
#include "base/err.def"
#undef ERR
};

const char *err_text(enum err e)
{
	return (unsigned)e < ERR_MAX ? texts[e] : "unknown error";
}

enum err err_from_errno(int errno_value)
{
	switch (errno_value) {
	case 0:
		return ERR_OK;
	case ENOMEM:
		return ERR_NOMEM;
	case ENOENT:
		return ERR_NOT_FOUND;
	case EEXIST:
	case EADDRINUSE:
		return ERR_EXISTS;
	case EACCES:
	case EPERM:
		return ERR_DENIED;
	case EAGAIN:
	case EBUSY:
		return ERR_BUSY;
	case ETIMEDOUT:
		return ERR_TIMEOUT;
	case EPIPE:
	case ECONNRESET:
		return ERR_CLOSED;
	case ECONNREFUSED:
		return ERR_REFUSED;
	case ENOSPC:
	case EDQUOT:
		return ERR_FULL;
	case ECANCELED:
		return ERR_CANCELLED;
	default:
		return ERR_IO;
	}
}

enum err diag_set(struct diag *d, enum err code, uint32_t line, uint32_t col, const char *fmt, ...)
{
	if (!d)
		return code;
	d->code = code;
	d->line = line;
	d->col = col;
	d->end_col = 0;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(d->msg, sizeof(d->msg), fmt, ap);
	va_end(ap);
	return code;
}
