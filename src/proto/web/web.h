/* SPDX-License-Identifier: Apache-2.0 */
/* The dissectors of this family that others hand flows to: dissector_tls after STARTTLS, CONNECT
 * and the like, dissector_dtls behind STUN. */
#pragma once
#include "proto/dissector.h"

extern const struct dissector dissector_http;
extern const struct dissector dissector_h2;
extern const struct dissector dissector_tls;
extern const struct dissector dissector_dtls;
