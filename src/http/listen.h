/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets. Private to http/. */
#pragma once
#include "http/http.h"

enum { LISTEN_TEXT_MAX = 128 };

/* Makes the socket that opts describes. ret_text: its address for people, "unix:PATH" or
 * "HOST:PORT". */
must_check enum err listen_open(const struct http_opts *opts, int *ret_fd, uint16_t *ret_port,
				char ret_text[LISTEN_TEXT_MAX], struct diag *reterr);
