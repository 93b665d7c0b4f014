// SPDX-License-Identifier: Apache-2.0
// Configuration lines that make a device export flows to this machine, ready to paste.

export interface Target {
  address: string
  /** UDP port of the collector. */
  port: number
}

export interface Snippet {
  id: string
  title: string
  /** Exported protocol. */
  protocol: string
  lines: (target: Target) => string[]
}

const v6 = (t: Target): boolean => t.address.includes(':')
const hostPort = (t: Target): string => (v6(t) ? `[${t.address}]:${t.port}` : `${t.address}:${t.port}`)

export const SNIPPETS: readonly Snippet[] = [
  {
    id: 'cisco',
    title: 'Cisco IOS / IOS-XE',
    protocol: 'Flexible NetFlow v9',
    lines: (t) => [
      'flow record WEIR',
      ' match ipv4 protocol',
      ' match ipv4 source address',
      ' match ipv4 destination address',
      ' match transport source-port',
      ' match transport destination-port',
      ' match ipv4 tos',
      ' match interface input',
      ' collect interface output',
      ' collect transport tcp flags',
      ' collect counter bytes long',
      ' collect counter packets long',
      ' collect timestamp sys-uptime first',
      ' collect timestamp sys-uptime last',
      '!',
      'flow exporter WEIR',
      ` destination ${t.address}`,
      ` transport udp ${t.port}`,
      ' export-protocol netflow-v9',
      ' template data timeout 60',
      '!',
      'flow monitor WEIR',
      ' record WEIR',
      ' exporter WEIR',
      ' cache timeout active 60',
      ' cache timeout inactive 15',
      '!',
      'interface GigabitEthernet0/0/0',
      ' ip flow monitor WEIR input',
      ' ip flow monitor WEIR output',
    ],
  },
  {
    id: 'juniper',
    title: 'Juniper Junos (MX)',
    protocol: 'Inline J-Flow, IPFIX',
    lines: (t) => [
      'set services flow-monitoring version-ipfix template WEIR flow-active-timeout 60',
      'set services flow-monitoring version-ipfix template WEIR flow-inactive-timeout 15',
      'set services flow-monitoring version-ipfix template WEIR template-refresh-rate seconds 60',
      'set services flow-monitoring version-ipfix template WEIR option-refresh-rate seconds 60',
      'set services flow-monitoring version-ipfix template WEIR ipv4-template',
      'set forwarding-options sampling instance WEIR input rate 1000',
      `set forwarding-options sampling instance WEIR family inet output flow-server ${t.address} port ${t.port}`,
      `set forwarding-options sampling instance WEIR family inet output flow-server ${t.address} version-ipfix template WEIR`,
      'set forwarding-options sampling instance WEIR family inet output inline-jflow source-address 192.0.2.1',
      'set chassis fpc 0 sampling-instance WEIR',
      'set interfaces ge-0/0/0 unit 0 family inet sampling input',
      'set interfaces ge-0/0/0 unit 0 family inet sampling output',
    ],
  },
  {
    id: 'mikrotik',
    title: 'MikroTik RouterOS 7',
    protocol: 'Traffic Flow, IPFIX',
    lines: (t) => [
      '/ip/traffic-flow/set enabled=yes interfaces=all active-flow-timeout=1m inactive-flow-timeout=15s',
      `/ip/traffic-flow/target/add dst-address=${t.address} port=${t.port} version=ipfix \\`,
      '    v9-template-refresh=20 v9-template-timeout=1m',
    ],
  },
  {
    id: 'softflowd',
    title: 'softflowd (Linux, BSD)',
    protocol: 'IPFIX',
    lines: (t) => [
      'apt-get install softflowd',
      `softflowd -i eth0 -v 10 -n ${hostPort(t)} -t maxlife=60`,
    ],
  },
]
