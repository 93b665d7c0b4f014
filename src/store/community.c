/* SPDX-License-Identifier: Apache-2.0 */
#include "store/community.h"

/* The address as it is on the wire: 4 or 16 bytes. */
#define BYTES(ip) "reinterpret(" ip ", 'FixedString(16)')"
#define WIRE(ip)                                                                                   \
	"if(startsWith(" BYTES(ip) ", unhex('00000000000000000000FFFF')), substring(" BYTES(       \
	    ip) ", 13, 4), substring(" BYTES(ip) ", 1, 16))"
/* Of the two columns of a split address (model/native.h). */
#define EITHER(end)                                                                                \
	"if(" end "_ip4 = 0, " WIRE(end "_ip6") ", substring(" BYTES("toIPv6(toIPv4(" end          \
								     "_ip4))") ", 13, 4))"
#define SRC EITHER("src")
#define DST EITHER("dst")

/* (No IN: a set does not find its way through a Merge table.)
 * ICMP: type and code stand for the ports; exporters send them in their own fields, or in dst_port.
 */
#define IS_ICMP "has([1, 58], proto)"
#define IN_PORT "(icmp_type = 0 AND icmp_code = 0)"
#define TYPE    "if(" IN_PORT ", intDiv(dst_port, 256), toUInt16(icmp_type))"
#define CODE    "if(" IN_PORT ", dst_port % 256, toUInt16(icmp_code))"
/* What answers what; 256: nothing does, and then the direction is kept. */
#define ANSWER                                                                                     \
	"if(proto = 1, transform(" TYPE ", [8, 0, 13, 14, 15, 16, 17, 18, 10, 9], [0, 8, 14, 13, " \
	"16, 15, 18, 17, 9, 10], toUInt16(256)), transform(" TYPE ", [128, 129, 130, 131, 133, "   \
	"134, 135, 136, 139, 140, 144, 145], [129, 128, 131, 130, 134, 133, 136, 135, 140, 139, "  \
	"145, 144], toUInt16(256)))"
#define ONE_WAY   "(" IS_ICMP " AND " ANSWER " = 256)"
#define HAS_PORTS "has([1, 6, 17, 58, 132], proto)"
#define SRC_PORT  "toUInt16(if(" HAS_PORTS ", if(" IS_ICMP ", " TYPE ", src_port), 0))"
#define DST_PORT                                                                                   \
	"toUInt16(if(" HAS_PORTS ", if(" IS_ICMP ", if(" ANSWER " = 256, " CODE ", " ANSWER "), "  \
	"dst_port), 0))"
/* The lower end first. */
#define FORWARD "(" ONE_WAY " OR tuple(" SRC ", " SRC_PORT ") < tuple(" DST ", " DST_PORT "))"
#define BE16(v) "char(intDiv(" v ", 256), " v " % 256)"

void community_id_sql(struct buf *sql)
{
	buf_str(sql, "concat('1:', base64Encode(SHA1(concat(char(0, 0), ");
	buf_str(sql, "if(" FORWARD ", concat(" SRC ", " DST "), concat(" DST ", " SRC ")), ");
	buf_str(sql, "char(proto, 0), if(" HAS_PORTS ", if(" FORWARD
		     ", concat(" BE16(SRC_PORT) ", " BE16(DST_PORT) "), concat(" BE16(
			 DST_PORT) ", " BE16(SRC_PORT) ")), '')))))");
}
