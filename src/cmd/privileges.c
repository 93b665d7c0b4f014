/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static enum err failed(struct diag *d, const char *what)
{
	return diag_set(d, err_from_errno(errno), 0, 0, "cannot %s: %s", what, strerror(errno));
}

static enum err become_owner(const char *folder, struct diag *d)
{
	struct stat s;
	if (stat(folder, &s))
		return diag_set(d, err_from_errno(errno), 0, 0, "%s: %s", folder, strerror(errno));
	if (geteuid() != 0 || s.st_uid == 0)
		return ERR_OK;
	if (setgroups(0, NULL) || setresgid(s.st_gid, s.st_gid, s.st_gid) ||
	    setresuid(s.st_uid, s.st_uid, s.st_uid))
		return failed(d, "become the user whom the state belongs to");
	return ERR_OK;
}

enum err privileges_drop(const char *folder, struct diag *reterr)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
	/* The bounding set first: it takes a capability to give one of them up. Without that, what
	 * is not in the other sets cannot come back either, since nothing may be executed to get
	 * it. */
	for (int c = 0; c <= CAP_LAST_CAP; c++)
		(void)prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return failed(reterr, "refuse new privileges");
	enum err e = become_owner(folder, reterr);
	if (e)
		return e;
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &head, none))
		return failed(reterr, "give up capabilities");
	/* Who changes its user may not be looked into any more, also by itself: /proc/self/exe. */
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	return ERR_OK;
}
