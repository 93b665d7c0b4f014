/* SPDX-License-Identifier: Apache-2.0 */
/* Who logs in, out of the NTLMSSP messages (MS-NLMP 2.2.1) that SMB, LDAP and DCE/RPC carry. */
#pragma once
#include "proto/dissector.h"

/* Looks for an AUTHENTICATE message in a security blob and notes user_name (DOMAIN\user) and
 * app_client (the machine's name). */
void ntlm_note(struct notes *n, struct rd blob);
