// SPDX-License-Identifier: Apache-2.0
// Where a device can send to: the addresses of this machine if the collector listens on all of them, else those it
// listens on.
import type { Status } from '$/api/types'

const WILDCARDS = new Set(['0.0.0.0', '::', '*'])
const PREFERRED_PORT = 2055

export interface Targets {
  addresses: string[]
  ports: number[]
}

export function targets(status: Pick<Status, 'listen' | 'host_addresses'> | undefined, fallback: string): Targets {
  const udp = (status?.listen ?? []).filter((on) => on.proto === 'udp')
  const everywhere = udp.length === 0 || udp.some((on) => WILDCARDS.has(on.address))
  const own = udp.map((on) => on.address).filter((address) => !WILDCARDS.has(address))
  const addresses = [...new Set(everywhere ? [...(status?.host_addresses ?? []), ...own] : own)]
  const ports = [...new Set(udp.map((on) => on.port))]
  return {
    addresses: addresses.length > 0 ? addresses : [fallback],
    ports: ports.length > 0 ? ports : [PREFERRED_PORT],
  }
}
