// SPDX-License-Identifier: Apache-2.0
// How the value of a flow field is shown: numbers that have a well-known name get it, beside the number.

export type FieldValue = string | number | boolean | null | undefined | (string | number)[]

const PROTOCOLS: Record<number, string> = {
  1: 'ICMP', 2: 'IGMP', 4: 'IPIP', 6: 'TCP', 17: 'UDP', 41: 'IPv6', 46: 'RSVP', 47: 'GRE', 50: 'ESP', 51: 'AH',
  58: 'ICMPv6', 88: 'EIGRP', 89: 'OSPF', 103: 'PIM', 112: 'VRRP', 132: 'SCTP', 136: 'UDP-Lite',
}
const SERVICES: Record<number, string> = {
  20: 'ftp-data', 21: 'ftp', 22: 'ssh', 23: 'telnet', 25: 'smtp', 53: 'dns', 67: 'dhcp', 68: 'dhcp', 69: 'tftp',
  80: 'http', 88: 'kerberos', 110: 'pop3', 123: 'ntp', 135: 'msrpc', 137: 'netbios', 143: 'imap', 161: 'snmp',
  162: 'snmptrap', 179: 'bgp', 389: 'ldap', 443: 'https', 445: 'smb', 465: 'smtps', 500: 'ike', 514: 'syslog',
  546: 'dhcpv6', 547: 'dhcpv6', 587: 'submission', 636: 'ldaps', 853: 'dns-tls', 873: 'rsync', 993: 'imaps',
  995: 'pop3s', 1194: 'openvpn', 1433: 'mssql', 1521: 'oracle', 1812: 'radius', 1883: 'mqtt', 2049: 'nfs',
  2055: 'netflow', 3128: 'proxy', 3306: 'mysql', 3389: 'rdp', 3478: 'stun', 4500: 'ipsec-nat', 4739: 'ipfix',
  5060: 'sip', 5061: 'sips', 5201: 'iperf3', 5222: 'xmpp', 5353: 'mdns', 5432: 'postgres', 5900: 'vnc',
  6343: 'sflow', 6379: 'redis', 8080: 'http-alt', 8443: 'https-alt', 9200: 'elastic', 27017: 'mongodb', 51820: 'wireguard',
}
const FLAG_LETTERS = 'FSRPAUEC'
const END_REASONS: Record<number, string> = {
  1: 'idle timeout', 2: 'active timeout', 3: 'end of flow', 4: 'forced end', 5: 'lack of resources',
}
const VERSIONS: Record<number, string> = {
  1: 'NetFlow v1', 5: 'NetFlow v5', 7: 'NetFlow v7', 9: 'NetFlow v9', 10: 'IPFIX', 105: 'sFlow v5',
}

export const versionName = (version: number): string => VERSIONS[version] ?? String(version)

/** tcp_flags as nfdump writes them: `...AP.SF`, highest bit first. */
export function flagLetters(flags: number): string {
  return [...FLAG_LETTERS].map((letter, bit) => (flags & (1 << bit) ? letter : '·')).reverse().join('')
}

/** A name for the value, or undefined where the number says it all. */
export function valueName(field: string, kind: string | undefined, value: FieldValue): string | undefined {
  if (typeof value !== 'number') return undefined
  if (kind === 'proto') return PROTOCOLS[value]
  if (kind === 'port') return SERVICES[value]
  if (field === 'tcp_flags' || field === 'rev_tcp_flags') return flagLetters(value)
  if (field === 'end_reason') return END_REASONS[value]
  if (field === 'export_version') return VERSIONS[value]
  if (kind === 'as' && value === 0) return undefined
  return undefined
}

/** The value as text: what is copied and what a filter gets. */
export function valueText(value: FieldValue): string {
  if (value === null || value === undefined) return ''
  return Array.isArray(value) ? value.join(' ') : String(value)
}
