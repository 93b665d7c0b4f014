// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { alternative, exclude, include, join, negate, replaceAt, termFor, terms, tokenize, upTo, without } from '$/filter/clauses'

describe('terms', () => {
  it.each([
    ['', []],
    ['   ', []],
    ['src_ip = 10.0.0.1', ['src_ip = 10.0.0.1']],
    ['src_ip = 10.0.0.1 and dst_port = 443', ['src_ip = 10.0.0.1', 'dst_port = 443']],
    ['proto tcp AND not port 53 && host 1.2.3.4', ['proto tcp', 'not port 53', 'host 1.2.3.4']],
    ['(a = 1 or b = 2) and c = 3', ['(a = 1 or b = 2)', 'c = 3']],
    ['a = 1 or b = 2', ['a = 1 or b = 2']],
    ['a = 1 and b = 2 or c = 3', ['a = 1 and b = 2 or c = 3']],
    ['app_name = "and or" and x = 1', ['app_name = "and or"', 'x = 1']],
    ['dns_qname = "a \\" and b" and x = 1', ['dns_qname = "a \\" and b"', 'x = 1']],
    ['(a = 1 and b = 2', ['(a = 1 and b = 2']],
    ['a = 1 and', ['a = 1 and']],
    ['src_port in [80, 443] and x = 1', ['src_port in [80, 443]', 'x = 1']],
  ])('%j', (text, parts) => expect(terms(text)).toEqual(parts))

  it('never throws and loses no text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        const found = tokenize(text)
        for (const token of found) expect(text.slice(token.from, token.to)).toBe(token.text)
        void terms(text)
      }),
    )
  })
})

describe('editing by clicks', () => {
  it('includes once', () => {
    expect(include('', 'dst_port = 443')).toBe('dst_port = 443')
    expect(include('a = 1', 'b = 2')).toBe('a = 1 and b = 2')
    expect(include('a = 1 and b = 2', 'b = 2')).toBe('a = 1 and b = 2')
  })

  it('puts an or in parentheses', () => {
    expect(include('a = 1 or b = 2', 'c = 3')).toBe('(a = 1 or b = 2) and c = 3')
    expect(include('(a = 1 or b = 2) and c = 3', 'd = 4')).toBe('(a = 1 or b = 2) and c = 3 and d = 4')
  })

  it('excludes, also what was asked for before', () => {
    expect(exclude('', 'a = 1')).toBe('not a = 1')
    expect(exclude('a = 1 and b = 2', 'a = 1')).toBe('b = 2 and not a = 1')
    expect(exclude('a = 1 or b = 2', 'c = 3')).toBe('(a = 1 or b = 2) and not c = 3')
  })

  it('adds an alternative', () => {
    expect(alternative('', 'a = 1')).toBe('a = 1')
    expect(alternative('a = 1 and b = 2', 'c = 3')).toBe('a = 1 and b = 2 or c = 3')
  })

  it('negates and back', () => {
    expect(negate('a = 1')).toBe('not a = 1')
    expect(negate('not a = 1')).toBe('a = 1')
    expect(negate('! a = 1')).toBe('a = 1')
    expect(negate('(a = 1 or b = 2)')).toBe('not ((a = 1 or b = 2))')
    expect(negate('a = 1 or b = 2')).toBe('not (a = 1 or b = 2)')
  })

  it('drops, goes back, replaces', () => {
    const filter = 'a = 1 and b = 2 and c = 3'
    expect(without(filter, 1)).toBe('a = 1 and c = 3')
    expect(upTo(filter, 1)).toBe('a = 1 and b = 2')
    expect(replaceAt(filter, 0, negate('a = 1'))).toBe('not a = 1 and b = 2 and c = 3')
    expect(join(terms(filter))).toBe(filter)
  })
})

describe('the term of a value', () => {
  it.each([
    ['src_ip', 'addr', '10.0.0.1', 'src_ip = 10.0.0.1'],
    ['dst_port', 'port', 443, 'dst_port = 443'],
    ['app_name', 'text', 'a "b" \\', 'app_name = "a \\"b\\" \\\\"'],
    ['ip', 'addr', '10.0.0.1', 'ip = 10.0.0.1'],
    ['port', 'port', 53, 'port = 53'],
    ['as', 'as', 64500, 'as = 64500'],
    ['if', 'iface', 3, 'if = 3'],
    ['proto', 'proto', 0, 'proto = 0'],
  ])('%s', (field, kind, value, term) => expect(termFor(field, kind, value)).toBe(term))

  it.each([[null], [undefined], [''], [[1, 2]]])('is none for %j', (value) => expect(termFor('src_as', 'as', value)).toBeNull())
  it('is none for times', () => expect(termFor('t_last', 'time', '2026-01-15T12:00:00Z')).toBeNull())
})
