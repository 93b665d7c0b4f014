// SPDX-License-Identifier: Apache-2.0
// Addresses sort by value, not by spelling: 10.0.0.9 before 10.0.0.10, every IPv4 before every IPv6.

/** The address as a number, IPv4 below 2^32, IPv6 above; null if the text is not an address. */
export function ipValue(text: string): bigint | null {
  const v4 = ipv4Value(text)
  if (v4 !== null) return v4
  if (!text.includes(':')) return null
  const v6 = ipv6Value(text)
  return v6 === null ? null : v6 + (1n << 32n)
}

function ipv4Value(text: string): bigint | null {
  const parts = text.split('.')
  if (parts.length !== 4) return null
  let value = 0n
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return null
    value = (value << 8n) | BigInt(part)
  }
  return value
}

function ipv6Value(text: string): bigint | null {
  const halves = text.split('::')
  if (halves.length > 2) return null
  const words = (half: string): bigint[] | null => {
    if (half === '') return []
    const out: bigint[] = []
    for (const word of half.split(':')) {
      const v4 = ipv4Value(word)
      if (v4 !== null) out.push(v4 >> 16n, v4 & 0xffffn)
      else if (/^[0-9a-fA-F]{1,4}$/.test(word)) out.push(BigInt(`0x${word}`))
      else return null
    }
    return out
  }
  const head = words(halves[0]!)
  const tail = halves.length === 2 ? words(halves[1]!) : []
  if (head === null || tail === null) return null
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null
  return [...head, ...Array<bigint>(missing).fill(0n), ...tail].reduce((acc, word) => (acc << 16n) | word, 0n)
}

export function compareIp(a: string, b: string): number {
  const [x, y] = [ipValue(a), ipValue(b)]
  if (x === null || y === null) return x === y ? a.localeCompare(b) : x === null ? 1 : -1
  return x < y ? -1 : x > y ? 1 : 0
}
