/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/folders.h"

#include "base/buf.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err make(const char *path)
{
	struct stat st;
	if (mkdir(path, 0750) == 0)
		return ERR_OK;
	if (errno != EEXIST || stat(path, &st))
		return err_from_errno(errno);
	if (!S_ISDIR(st.st_mode))
		return ERR_EXISTS;
	bool foreign = geteuid() != 0 && st.st_uid != 0 && st.st_uid != geteuid();
	return foreign || st.st_mode & S_IWOTH ? ERR_DENIED : ERR_OK;
}

enum err folders_make(const char *dir)
{
	struct buf run = {0};
	enum err e = make(dir);
	buf_fmt(&run, "%s/run", dir);
	if (!e)
		e = run.bad ? ERR_NOMEM : make(buf_cstr(&run));
	buf_fini(&run);
	return e;
}
