// SPDX-License-Identifier: Apache-2.0
// What the store promises to the loader: a kill in the middle of inserts leaves a store that opens
// and is whole, and an insert repeated under its token is a no-op for the table and its rollups.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Store, until } from './store.mjs'

const store = new Store(process.env.WEIR_STORE, process.env.WEIR_LIBRARY)
const ROWS = 100000

before(async () => {
	await store.start()
	for (const sql of [
		'CREATE DATABASE t',
		`CREATE TABLE t.f (n UInt64, day Date, bytes UInt64) ENGINE = MergeTree PARTITION BY day ORDER BY n
			SETTINGS non_replicated_deduplication_window = 1000`,
		`CREATE TABLE t.r (day Date, k UInt8, bytes UInt64) ENGINE = SummingMergeTree ORDER BY (day, k)
			SETTINGS non_replicated_deduplication_window = 1000`,
		't.mv1', 't.mv2'])
		assert.equal((await store.sql(sql.startsWith('t.mv')
			? `CREATE MATERIALIZED VIEW ${sql} TO t.r AS SELECT day, n % 5 AS k, sum(bytes) AS bytes FROM t.f GROUP BY day, k`
			: sql)).status, 200)
})

after(async () => {
	await store.stop()
	store.remove()
})

// ROWS rows of one day, as one Native block.
async function block(i) {
	const r = await store.sql(`SELECT number + ${i * ROWS} AS n, toDate('2026-01-01') AS day, toUInt64(7) AS bytes
		FROM numbers(${ROWS}) SETTINGS max_block_size = ${ROWS} FORMAT Native`)
	assert.equal(r.status, 200)
	return r.bytes
}

// The statement of the loader: everything that decides how the block is cut is pinned.
const insert = (i, body) => store.sql(`INSERT INTO t.f (n, day, bytes) SETTINGS insert_deduplication_token = 'segment-${i}',
	insert_deduplicate = 1, deduplicate_blocks_in_dependent_materialized_views = 1, async_insert = 0,
	max_insert_threads = 1, max_threads = 1, max_block_size = ${2 * ROWS}, max_insert_block_size = ${2 * ROWS},
	min_insert_block_size_rows = ${2 * ROWS}, min_insert_block_size_bytes = 0,
	min_insert_block_size_rows_for_materialized_views = ${2 * ROWS},
	min_insert_block_size_bytes_for_materialized_views = 0 FORMAT Native`, { body })

const sums = async () => (await store.sql(
	'SELECT count(), sum(bytes), (SELECT sum(bytes) FROM t.r), uniqExact(n) FROM t.f')).body.trim()
const expected = (blocks) => [ROWS, 7 * ROWS, 2 * 7 * ROWS, ROWS].map((x) => x * blocks).join('\t')

test('a repeated insert is a no-op', async () => {
	const one = await block(0), two = await block(1)
	for (const [i, body] of [[0, one], [0, one], [1, two], [0, one], [1, two]])
		assert.equal((await insert(i, body)).status, 200)
	assert.equal(await sums(), expected(2))
	// After a restart too.
	await store.stop()
	await store.start()
	assert.equal((await insert(1, two)).status, 200)
	assert.equal(await sums(), expected(2))
	// Another token is another segment.
	assert.equal((await insert('other', two)).status, 200)
	assert.equal(await store.value('SELECT count() FROM t.f'), String(3 * ROWS))
	await store.sql('TRUNCATE TABLE t.f')
	await store.sql('TRUNCATE TABLE t.r')
})

test('kill -9 in the middle of inserts', async () => {
	const bodies = await Promise.all([10, 11, 12, 13, 14, 15].map(block))
	for (let round = 0; round < 3; round++) {
		let sent = 0
		const work = (async () => {
			for (let i = 0; ; i = (i + 1) % bodies.length) {
				sent++
				await insert(`k${round}-${i}`, bodies[i])
			}
		})()
		const broken = assert.rejects(work)
		// At a different point of the work in each round.
		await until(() => sent > 2 + round)
		const how = await store.stop('SIGKILL')
		assert.equal(how.signal, 'SIGKILL')
		await broken
		await store.start()
		for (const table of ['t.f', 't.r']) {
			const check = await store.sql(`CHECK TABLE ${table} SETTINGS check_query_single_value_result = 1`)
			assert.equal(check.body, '1\n')
		}
		// The loader inserts again what was not acknowledged, and what was: all is there once.
		for (let i = 0; i < bodies.length; i++)
			assert.equal((await insert(`k${round}-${i}`, bodies[i])).status, 200)
		assert.equal((await sums()).split('\t').slice(0, 3).join('\t'),
			expected(bodies.length * (round + 1)).split('\t').slice(0, 3).join('\t'))
	}
})
