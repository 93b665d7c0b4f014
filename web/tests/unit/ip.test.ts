// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { compareIp, ipValue } from '$/lib/ip'

it('knows the value of an address', () => {
  expect(ipValue('0.0.0.1')).toBe(1n)
  expect(ipValue('10.0.0.1')).toBe(167772161n)
  expect(ipValue('::')).toBe(1n << 32n)
  expect(ipValue('::1')).toBe((1n << 32n) + 1n)
  expect(ipValue('2001:db8::1')).toBe((1n << 32n) + 0x20010db8000000000000000000000001n)
  expect(ipValue('::ffff:192.0.2.1')).toBe((1n << 32n) + 0xffffc0000201n)
})

it.each(['', '1.2.3', '1.2.3.256', '1.2.3.4.5', ':', ':::', '1:2:3:4:5:6:7:8:9', '1::2::3', 'g::1', 'host'])('refuses %j', (text) =>
  expect(ipValue(text)).toBeNull())

it('sorts by value, IPv4 first, what is no address last', () => {
  const sorted = ['2001:db8::2', '10.0.0.10', 'zz', '9.255.0.1', '10.0.0.9', '::1', '2001:db8::10', 'aa'].sort(compareIp)
  expect(sorted).toEqual(['9.255.0.1', '10.0.0.9', '10.0.0.10', '::1', '2001:db8::2', '2001:db8::10', 'aa', 'zz'])
})
