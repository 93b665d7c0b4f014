// SPDX-License-Identifier: Apache-2.0
// The official ClickHouse client against weir-store: what it needs of the HTTP interface, and what
// the two accounts may.
import { createClient, ClickHouseError } from '@clickhouse/client'
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { Store, PASSWORD, until } from './store.mjs'

const store = new Store(process.env.WEIR_STORE, process.env.WEIR_LIBRARY)
let writer, reader

before(async () => {
	await store.start()
	writer = createClient({ url: store.url, username: 'writer', password: PASSWORD,
		compression: { request: true, response: true } })
	reader = createClient({ url: store.url, database: 't' })
	await writer.command({ query: 'CREATE DATABASE t' })
	await writer.command({
		query: `CREATE TABLE t.people (id UInt32, name String DEFAULT concat('n', toString(id)))
			ENGINE = MergeTree ORDER BY id`,
	})
})

after(async () => {
	await writer?.close()
	await reader?.close()
	const how = await store.stop()
	store.remove()
	assert.deepEqual(how, { code: 0, signal: null })
})

const rows = async (client, query, more = {}) =>
	(await client.query({ query, format: 'JSONEachRow', ...more })).json()

test('ping', async () => {
	assert.equal((await writer.ping()).success, true)
	assert.equal((await reader.ping({ select: true })).success, true)
})

test('wrong password, unknown user', async () => {
	for (const [username, password] of [['writer', 'wrong'], ['writer', ''], ['nobody', '']]) {
		const c = createClient({ url: store.url, username, password })
		await assert.rejects(c.query({ query: 'SELECT 1' }), { code: '516', type: 'AUTHENTICATION_FAILED' })
		await c.close()
	}
})

test('query parameters', async () => {
	assert.deepEqual(
		await rows(reader, 'SELECT {a:UInt32} + 1 AS a, {s:String} AS s, {l:Array(UInt8)} AS l',
			{ query_params: { a: 41, s: "it's ; -- \\ \n tab\t", l: [1, 2] } }),
		[{ a: 42, s: "it's ; -- \\ \n tab\t", l: [1, 2] }])
})

test('insert: formats, defaults, compressed bodies', async () => {
	await writer.insert({ table: 't.people', format: 'JSONEachRow',
		values: [{ id: 1 }, { id: 2, name: 'two; DROP' }] })
	await writer.insert({ table: 't.people', format: 'JSONCompactEachRow', columns: ['name', 'id'],
		values: [['three', 3]] })
	await writer.insert({ table: 't.people', format: 'CSV', columns: ['id'], 
		values: Readable.from(['4\n', '5\n'], { objectMode: false }) })
	assert.deepEqual(await rows(reader, 'SELECT * FROM people ORDER BY id'), [
		{ id: 1, name: 'n1' }, { id: 2, name: 'two; DROP' }, { id: 3, name: 'three' },
		{ id: 4, name: 'n4' }, { id: 5, name: 'n5' },
	])
	await assert.rejects(writer.insert({ table: 't.people', format: 'JSONEachRow', values: [{ id: 'x' }] }),
		ClickHouseError)
})

test('insert: Native and RowBinary bodies are taken as they are', async () => {
	const made = await store.get(store.socket,
		"/?query=SELECT+toUInt32(number%2B100)+AS+id,'%3B%0A'||toString(number)+AS+name+FROM+numbers(3)+FORMAT+Native")
	assert.equal(made.status, 200)
	const native = await store.sql('INSERT INTO t.people FORMAT Native', { body: made.bytes })
	assert.equal(native.status, 200, native.body)
	assert.equal(JSON.parse(native.headers['x-clickhouse-summary']).written_rows, '3')
	// RowBinary: id 200 little endian, length 2, "x;".
	const row = await store.sql('INSERT INTO t.people (id, name) FORMAT RowBinary',
		{ body: Buffer.from([200, 0, 0, 0, 2, 0x78, 0x3b]) })
	assert.equal(row.status, 200, row.body)
	assert.deepEqual(await rows(reader, 'SELECT id, name FROM people WHERE id >= 100 ORDER BY id'), [
		{ id: 100, name: ';\n0' }, { id: 101, name: ';\n1' }, { id: 102, name: ';\n2' }, { id: 200, name: 'x;' },
	])
})

test('data behind the query in one body', async () => {
	const r = await store.sql('INSERT INTO t.people FORMAT JSONEachRow\n{"id":300}\n{"id":301,"name":"y"}\n')
	assert.equal(r.status, 200, r.body)
	const v = await store.sql("INSERT INTO t.people VALUES (302, 'a;b'), (303, '')")
	assert.equal(v.status, 200, v.body)
	assert.equal(await store.value('SELECT count() FROM t.people WHERE id >= 300'), '4')
})

test('a large result streams, compressed or not', async () => {
	for (const response of [false, true]) {
		const c = createClient({ url: store.url, compression: { response } })
		const set = await c.query({ query: 'SELECT number FROM numbers(500000)', format: 'JSONEachRow' })
		let n = 0, sum = 0
		for await (const batch of set.stream())
			for (const row of batch) {
				n++
				sum += Number(row.json().number)
			}
		assert.equal(n, 500000)
		assert.equal(sum, 124999750000)
		await c.close()
	}
})

const running = async (id) => Number(await store.value(
	`SELECT count() FROM system.processes WHERE query LIKE '%${id}%' AND query NOT LIKE '%processes%'`))

test('totals, and rows before the limit', async () => {
	const answer = await (await reader.query({
		query: 'SELECT number % 4 AS k, count() AS n FROM numbers(10) GROUP BY k WITH TOTALS ORDER BY k LIMIT 2',
		format: 'JSONCompact',
	})).json()
	assert.deepEqual(answer.data, [[0, 3], [1, 3]])
	assert.deepEqual(answer.totals, [0, 10])
	assert.equal(answer.rows, 2)
	assert.equal(answer.rows_before_limit_at_least, 4)
})

test('an aborted query is killed in the engine', async () => {
	// Before the answer has begun ...
	const abort = new AbortController()
	const q = reader.query({ query: "SELECT count(), 'abort1' FROM numbers(1000000000000)", abort_signal: abort.signal })
	const failed = assert.rejects(q, /abort/)
	await until(async () => (await running('abort1')) === 1)
	abort.abort()
	await failed
	await until(async () => (await running('abort1')) === 0)
	// ... and in the middle of it, whether the client reads or not.
	for (const reads of [true, false]) {
		const set = await reader.query({ query: "SELECT number, 'abort2' FROM numbers(1000000000000)", format: 'CSV' })
		const stream = set.stream()
		stream.on('error', () => {})
		if (reads) stream.resume()
		await until(async () => (await running('abort2')) === 1)
		set.close()
		await until(async () => (await running('abort2')) === 0)
	}
})

test('KILL QUERY by query_id', async () => {
	const q = reader.query({ query: "SELECT count(), 'kill1' FROM numbers(1000000000000)", query_id: 'my-id' })
	const failed = assert.rejects(q, { code: '394', type: 'QUERY_WAS_CANCELLED' })
	await until(async () => (await running('kill1')) === 1)
	await assert.rejects(reader.query({ query: 'SELECT 1', query_id: 'my-id' }), { code: '216' })
	await writer.command({ query: "KILL QUERY WHERE query_id = 'my-id' ASYNC" })
	await failed
})

test('errors: code, type, status', async () => {
	await assert.rejects(reader.query({ query: 'SELECT * FROM nowhere' }), { code: '60', type: 'UNKNOWN_TABLE' })
	await assert.rejects(reader.query({ query: 'SELEC 1' }), ClickHouseError)
	for (const [sql, status, code] of [
		['SELECT * FROM nowhere', 404, '60'], ['SELECT 1 FORM', 200, undefined], ['SELECT (', 400, '62'],
		['SELECT 1; SELECT 2', 400, '62'], ['', 400, '62'], ['SELECT nofunction(1)', 404, '46'],
		["SELECT throwIf(1, 'boo')", 500, '395'], ['SELECT 1 INTO OUTFILE \'/tmp/x\'', 500, '418']]) {
		const r = await store.sql(sql)
		assert.equal(r.status, status, sql + ': ' + r.body)
		assert.equal(r.headers['x-clickhouse-exception-code'], code)
		assert.ok(r.headers['x-clickhouse-server-display-name'])
	}
	const s = await store.get(store.socket, '/?session_id=1', { method: 'POST', body: 'SELECT 1' })
	assert.equal(s.status, 501)
	assert.match(s.body, /Sessions are not supported/)
})

test('an exception inside a started stream reaches the client', async () => {
	const set = await reader.query({
		query: "SELECT throwIf(number = 3000000, 'too late') FROM numbers(5000000)", format: 'JSONEachRow' })
	await assert.rejects(async () => { for await (const batch of set.stream()) batch.length }, /too late/)
	// Held back until the end it comes with its status.
	const r = await store.sql("SELECT throwIf(number = 300000, 'late') FROM numbers(500000)",
		{ params: { wait_end_of_query: '1' } })
	assert.equal(r.status, 500)
})

test('a reader only reads', async () => {
	const refused = [
		"INSERT INTO t.people VALUES (9, '')", 'CREATE TABLE t.x (a Int8) ENGINE = Memory', 'DROP TABLE t.people',
		'ALTER TABLE t.people DELETE WHERE 1', 'TRUNCATE TABLE t.people', 'SET max_threads = 1', 'SYSTEM STOP MERGES',
		'SYSTEM SHUTDOWN', 'CREATE TEMPORARY TABLE x (a Int8)', 'OPTIMIZE TABLE t.people', 'USE system',
		'SELECT 1 SETTINGS max_memory_usage = 1',
		"SELECT * FROM file('/etc/passwd', 'LineAsString')", "SELECT file('/etc/passwd')",
		"SELECT `file`('/etc/passwd')", 'SELECT "file"(\'/etc/passwd\')', "SELECT `fi\\x6ce`('/etc/passwd')",
		"SELECT * APPLY(file) FROM (SELECT '/etc/passwd')", "SELECT * APPLY file FROM (SELECT '/etc/passwd')",
		"SELECT \u201cfile\u201d('/etc/passwd')", "DESCRIBE TABLE file('/etc/passwd')",
		"DESC url('http://127.0.0.1:1/')", "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
		"SELECT * FROM s3('http://127.0.0.1:1/bucket/x', 'LineAsString')", 'SELECT * FROM `/etc/passwd`',
		"SELECT * FROM remote('127.0.0.1:1', system.one)", "SELECT * FROM executable('id', 'TSV', 'a String')",
		"SELECT hasColumnInTable('127.0.0.1', 'a', 'b', 'c', 'd', 'e')", "BACKUP TABLE t.people TO File('/tmp/x')",
		'/* */ INSERT INTO t.people SELECT 1, \'\'', 'EXPLAIN SYNTAX INSERT INTO t.people SELECT file(\'/etc/passwd\')',
		"SELECT 1 INTO OUTFILE '/tmp/weir-outfile'", "KILL QUERY WHERE 1",
	]
	for (const sql of refused) {
		const r = await store.sql(sql, { user: 'default' })
		assert.notEqual(r.status, 200, `${sql} -> ${r.body}`)
		assert.match(r.body, /\((READONLY|INTO_OUTFILE_NOT_ALLOWED|BAD_ARGUMENTS|UNKNOWN_TABLE)\)/, sql)
	}
	const named = await store.sql("SELECT {f:Identifier}('/etc/passwd')", { user: 'default', params: { param_f: 'file' } })
	assert.notEqual(named.status, 200, named.body)
	for (const params of [{ max_insert_threads: '1' }, { readonly: '0' }, { max_memory_usage: '99999999999999' },
		{ max_execution_time: '0' }]) {
		const r = await store.sql("SELECT getSetting('readonly') = 1 AND getSetting('max_memory_usage') <= 8589934592" +
			" AND toUInt64(getSetting('max_execution_time')) BETWEEN 1 AND 60", { user: 'default', params })
		assert.match(r.body, params.max_insert_threads ? /\(READONLY\)/ : /^1\n/)
	}
	const get = await store.get(store.socket, '/?query=DROP+TABLE+t.people', {
		headers: { 'X-ClickHouse-User': 'writer', 'X-ClickHouse-Key': PASSWORD } })
	assert.match(get.body, /method GET implies readonly/)
})

test('the engine opens no file of the machine, whoever asks', async (t) => {
	if (store.log.includes('no Landlock')) return t.skip('this kernel has no Landlock')
	for (const sql of ["SELECT * FROM file('/etc/passwd', 'LineAsString')", "SELECT file('/etc/hostname')"]) {
		const r = await store.sql(sql)
		assert.match(r.body, /Permission denied.*\(CANNOT_OPEN_FILE\)/)
	}
	assert.equal(await store.value('SELECT 1'), '1')
})

test('limits end a query', async () => {
	const memory = await store.sql('SELECT groupArray(number) FROM numbers(100000000) FORMAT Null',
		{ user: 'default', params: { max_memory_usage: '50000000' } })
	assert.match(memory.body, /MEMORY_LIMIT_EXCEEDED/)
	const time = await store.sql('SELECT count() FROM numbers(1000000000000)',
		{ user: 'default', params: { max_execution_time: '1' } })
	assert.equal(time.status, 408)
	assert.match(time.body, /TIMEOUT_EXCEEDED/)
})

test('inserts go on while queries take all their slots', async () => {
	const abort = new AbortController()
	const hogs = [1, 2, 3, 4].map((i) => reader.query({
		query: `SELECT count(), 'hog${i}' FROM numbers(1000000000000)`, abort_signal: abort.signal }))
	hogs.forEach((h) => h.catch(() => {}))
	const state = async () => JSON.parse((await store.get(store.control, '/state.json')).body).queries
	await until(async () => (await state()).running === 4)
	await writer.insert({ table: 't.people', format: 'JSONEachRow', values: [{ id: 900 }] })
	abort.abort()
	await until(async () => (await state()).running === 0)
	assert.equal(await store.value('SELECT count() FROM t.people WHERE id = 900'), '1')
})

test('control socket', async () => {
	assert.equal((await store.get(store.control, '/healthz')).body, 'ok\n')
	assert.match((await store.get(store.control, '/metrics')).body, /^weir_store_cancelled_total [1-9]/m)
})
