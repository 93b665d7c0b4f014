/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the web page. openat2 keeps every path below the root, whatever it says. */
#include "http/request.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STATIC_PATH_MAX = 1024 };

static const struct {
	const char *ending, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/vnd.microsoft.icon"},
    {".webp", "image/webp"},
    {".jpg", "image/jpeg"},
    {".woff2", "font/woff2"},
    {".woff", "font/woff"},
    {".txt", "text/plain; charset=utf-8"},
    {".wasm", "application/wasm"},
    {".pdf", "application/pdf"},
};

/* Siblings made by the build, best first. */
static const struct {
	const char *ending, *coding;
} packed[] = {{".br", "br"}, {".gz", "gzip"}};

static const char *type_of(const char *path)
{
	const char *dot = strrchr(path, '.');
	for (size_t i = 0; dot && i < ARRAY_LEN(types); i++)
		if (strcmp(dot, types[i].ending) == 0)
			return types[i].type;
	return "application/octet-stream";
}

/* A regular file below root, or -1. */
static int open_below(int root_fd, const char *path, const char *ending, struct stat *ret)
{
	char full[STATIC_PATH_MAX];
	if ((size_t)snprintf(full, sizeof(full), "%s%s", path, ending) >= sizeof(full))
		return -1;
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
			       .resolve =
				   RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
	int fd = (int)syscall(SYS_openat2, root_fd, full, &how, sizeof(how));
	if (fd >= 0 && (fstat(fd, ret) != 0 || !S_ISREG(ret->st_mode))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* RFC 9110 13.1.2: the list of If-None-Match holds the tag, or '*'. The tag is unique enough for a
 * search. */
static bool not_modified(const struct http_request *req, const char *etag)
{
	const char *have = http_header(req, "If-None-Match");
	return have && (strcmp(have, "*") == 0 || strstr(have, etag));
}

enum err http_reply_static(struct http_request *req, int root_fd, const char *path,
			   const char *cache_control)
{
	struct stat st;
	const char *coding = NULL;
	int fd = open_below(root_fd, path, "", &st);
	if (fd < 0)
		return ERR_NOT_FOUND;
	for (size_t i = 0; i < ARRAY_LEN(packed) && !coding; i++) {
		struct stat small;
		int p = http_accepts_encoding(req, packed[i].coding)
			    ? open_below(root_fd, path, packed[i].ending, &small)
			    : -1;
		if (p < 0)
			continue;
		close(fd);
		fd = p;
		st = small;
		coding = packed[i].coding;
	}
	char etag[64];
	snprintf(etag, sizeof(etag), "\"%llx-%llx%s%s\"", (unsigned long long)st.st_size,
		 (unsigned long long)st.st_mtim.tv_sec * 1000 +
		     (unsigned long long)st.st_mtim.tv_nsec / 1000000,
		 coding ? "-" : "", coding ? coding : "");
	http_set_header(req, "ETag", etag);
	http_set_header(req, "Vary", "Accept-Encoding");
	if (cache_control)
		http_set_header(req, "Cache-Control", cache_control);
	if (not_modified(req, etag)) {
		close(fd);
		http_reply(req, 304, NULL, NULL, 0);
		return ERR_OK;
	}
	http_reply(req, 200, type_of(path), NULL, 0);
	req->ans.kind = ANSWER_FILE;
	req->ans.fd = fd;
	req->ans.size = (uint64_t)st.st_size;
	req->ans.encoding = coding;
	return ERR_OK;
}
