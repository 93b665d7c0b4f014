// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { Sequencer } from '$/lib/keys'

const keys = new Sequencer(['/', 't', 'g e', 'g x'].map((k) => ({ keys: k, run: () => undefined })))
const type = (...typed: [string, number][]) => typed.map(([key, at]) => keys.feed(key, at)?.keys)

it('knows single keys', () => expect(type(['/', 0], ['t', 10], ['q', 20])).toEqual(['/', 't', undefined]))
it('knows sequences', () => expect(type(['g', 100], ['e', 300], ['g', 400], ['x', 500])).toEqual([undefined, 'g e', undefined, 'g x']))
it('forgets a slow start', () => expect(type(['g', 5000], ['e', 9000])).toEqual([undefined, undefined]))
it('takes a single key after a wrong start', () => expect(type(['g', 10_000], ['t', 10_100])).toEqual([undefined, 't']))
