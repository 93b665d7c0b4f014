/* SPDX-License-Identifier: Apache-2.0 */
#include "http/listen.h"

#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { LISTEN_BACKLOG = 128 };

static enum err failed(struct diag *reterr, const char *what, const char *where)
{
	int saved = errno;
	return diag_set(reterr, err_from_errno(saved), 0, 0, "%s %s: %s", what, where,
			strerror(saved));
}

/* Address and port of a bound socket as text. */
static void describe(int fd, uint16_t *ret_port, char text[LISTEN_TEXT_MAX])
{
	struct sockaddr_storage ss = {0};
	socklen_t len = sizeof(ss);
	char host[NI_MAXHOST] = "", port[NI_MAXSERV] = "";
	*ret_port = 0;
	getsockname(fd, (struct sockaddr *)&ss, &len);
	if (ss.ss_family == AF_UNIX) {
		const struct sockaddr_un *un = (const struct sockaddr_un *)&ss;
		snprintf(text, LISTEN_TEXT_MAX, "unix:%.*s", (int)sizeof(un->sun_path),
			 un->sun_path);
		return;
	}
	getnameinfo((struct sockaddr *)&ss, len, host, sizeof(host), port, sizeof(port),
		    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(text, LISTEN_TEXT_MAX, ss.ss_family == AF_INET6 ? "[%.60s]:%.8s" : "%.60s:%.8s",
		 host, port);
	/* sin_port and sin6_port are at the same place. */
	*ret_port = ntohs(((const struct sockaddr_in *)&ss)->sin_port);
}

static enum err open_tcp(const struct http_opts *o, int *ret_fd, struct diag *reterr)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_NUMERICHOST | AI_PASSIVE},
			*ai;
	char port[8], where[LISTEN_TEXT_MAX];
	snprintf(port, sizeof(port), "%u", o->port);
	snprintf(where, sizeof(where), "%.100s port %u", o->host, o->port);
	if (getaddrinfo(o->host, port, &hints, &ai) != 0)
		return diag_set(reterr, ERR_CONFIG, 0, 0, "not an address: %s", o->host);
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	enum err e = ERR_OK;
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (ai->ai_family == AF_INET6)
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	}
	if (fd < 0 || bind(fd, ai->ai_addr, ai->ai_addrlen) != 0 ||
	    listen(fd, LISTEN_BACKLOG) != 0) {
		e = failed(reterr, "cannot listen on", where);
		if (fd >= 0)
			close(fd);
	} else {
		*ret_fd = fd;
	}
	freeaddrinfo(ai);
	return e;
}

/* Removes a socket nobody listens on any more. ERR_EXISTS when somebody does. */
static enum err remove_stale(const struct sockaddr_un *un, struct diag *reterr)
{
	struct stat st;
	if (lstat(un->sun_path, &st) != 0)
		return ERR_OK;
	if (!S_ISSOCK(st.st_mode))
		return diag_set(reterr, ERR_EXISTS, 0, 0, "%s exists and is no socket",
				un->sun_path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool live = fd >= 0 &&
		    (connect(fd, (const struct sockaddr *)un, sizeof(*un)) == 0 || errno == EAGAIN);
	if (fd >= 0)
		close(fd);
	if (live)
		return diag_set(reterr, ERR_EXISTS, 0, 0, "another process listens on %s",
				un->sun_path);
	unlink(un->sun_path);
	return ERR_OK;
}

static enum err open_unix(const struct http_opts *o, int *ret_fd, struct diag *reterr)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	if (strlen(o->unix_path) >= sizeof(un.sun_path))
		return diag_set(reterr, ERR_LIMIT, 0, 0, "socket path longer than %zu: %s",
				sizeof(un.sun_path) - 1, o->unix_path);
	memcpy(un.sun_path, o->unix_path, strlen(o->unix_path) + 1);
	struct group *gr = o->group ? getgrnam(o->group) : NULL;
	if (o->group && !gr)
		return diag_set(reterr, ERR_CONFIG, 0, 0, "no group %s on this machine", o->group);
	enum err e = remove_stale(&un, reterr);
	if (e)
		return e;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return failed(reterr, "cannot make a socket for", un.sun_path);
	/* Nobody can connect before listen(), so mode and group are right from the first moment. */
	if (bind(fd, (struct sockaddr *)&un, sizeof(un)) != 0 ||
	    (gr && chown(un.sun_path, (uid_t)-1, gr->gr_gid) != 0) ||
	    chmod(un.sun_path, o->mode ? o->mode : 0600) != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
		e = failed(reterr, "cannot listen on", un.sun_path);
		close(fd);
		return e;
	}
	*ret_fd = fd;
	return ERR_OK;
}

enum err listen_open(const struct http_opts *opts, int *ret_fd, uint16_t *ret_port,
		     char ret_text[LISTEN_TEXT_MAX], struct diag *reterr)
{
	int fd = opts->fd;
	enum err e = ERR_OK;
	if (!opts->given_fd)
		e = opts->unix_path ? open_unix(opts, &fd, reterr) : open_tcp(opts, &fd, reterr);
	if (e)
		return e;
	describe(fd, ret_port, ret_text);
	*ret_fd = fd;
	return ERR_OK;
}
