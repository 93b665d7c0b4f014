/* SPDX-License-Identifier: Apache-2.0 */
/* The two halves of TFTP: the request to the well-known port, and the transfer between two others.
 */
#pragma once
#include "proto/dissector.h"

extern const struct dissector dissector_tftp_data;
