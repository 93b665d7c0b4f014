/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	ON_FILES = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE,
	READS = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
	WRITES = READS | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
		 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
		 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
		 LANDLOCK_ACCESS_FS_MAKE_SYM,
	HANDLED = WRITES | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
		  LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK,
	ABI_REFER = 2, /* since then files may be moved between folders */
};

static enum err add(int ruleset, const struct confine_path *p, uint64_t refer)
{
	int fd = open(p->path, O_PATH | O_CLOEXEC);
	struct stat st;
	if (fd < 0)
		return ERR_OK;
	uint64_t access = p->write ? WRITES | refer : READS;
	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
		access &= ON_FILES;
	struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = fd};
	long r = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	int saved = errno;
	close(fd);
	return r ? err_from_errno(saved) : ERR_OK;
}

enum err confine_files(const struct confine_path *paths, size_t n)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (abi < 1)
		return ERR_UNSUPPORTED;
	uint64_t refer = abi >= ABI_REFER ? LANDLOCK_ACCESS_FS_REFER : 0;
	struct landlock_ruleset_attr attr = {.handled_access_fs = HANDLED | refer};
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0)
		return err_from_errno(errno);
	enum err e = ERR_OK;
	for (size_t i = 0; i < n && !e; i++)
		e = add(ruleset, &paths[i], refer);
	if (!e && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
		   syscall(SYS_landlock_restrict_self, ruleset, 0) != 0))
		e = err_from_errno(errno);
	close(ruleset);
	return e;
}
