// SPDX-License-Identifier: Apache-2.0
// The state of the page as an address: /exporters?t=now-6h,now&x=192.0.2.1,0,9 (address, domain, protocol version of the
// exporter whose details are shown), &i=3 (the interface whose chart is shown).
import { DEFAULT_RANGE, isBound, type TimeRange } from '$/lib/time'

export interface Chosen {
  ip: string
  domain: number
  version: number
}

export interface RouteState {
  range: TimeRange
  exporter?: Chosen | undefined
  /** Index of an interface of it. */
  iface?: number | undefined
}

const ADDRESS = /^[0-9a-fA-F.:]{2,45}$/
const NUMBER = /^\d{1,10}$/

export function decodeRoute(search: string): RouteState {
  const params = new URLSearchParams(search)
  const [from, to] = (params.get('t') ?? '').split(',')
  const range = from !== undefined && to !== undefined && isBound(from) && isBound(to) ? { from, to } : DEFAULT_RANGE
  const [ip, domain, version] = (params.get('x') ?? '').split(',')
  if (!ip || !ADDRESS.test(ip) || !NUMBER.test(domain ?? '') || !NUMBER.test(version ?? '')) return { range }
  const exporter = { ip, domain: Number(domain), version: Number(version) }
  const iface = params.get('i') ?? ''
  return NUMBER.test(iface) ? { range, exporter, iface: Number(iface) } : { range, exporter }
}

export function encodeRoute({ range, exporter, iface }: RouteState): string {
  const parts: string[] = []
  if (range.from !== DEFAULT_RANGE.from || range.to !== DEFAULT_RANGE.to) parts.push(`t=${range.from},${range.to}`)
  if (exporter) parts.push(`x=${exporter.ip},${exporter.domain},${exporter.version}`)
  if (exporter && iface !== undefined) parts.push(`i=${iface}`)
  return `/exporters${parts.length > 0 ? '?' : ''}${parts.join('&')}`
}
