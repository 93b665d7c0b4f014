// SPDX-License-Identifier: Apache-2.0
// Starts weir-store in a folder of its own, speaks to it without a client's help, ends it.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync, chmodSync } from 'node:fs'
import http from 'node:http'
import os from 'node:os'
import path from 'node:path'

export const PASSWORD = 'correct horse'
const READY_MS = 30000

export class Store {
	constructor(program, library, keys = '') {
		this.program = program
		this.dir = mkdtempSync(path.join(os.tmpdir(), 'weir-store-'))
		const secret = path.join(this.dir, 'writer.password')
		writeFileSync(secret, PASSWORD + '\n')
		chmodSync(secret, 0o600)
		this.conf = path.join(this.dir, 'weir.yaml')
		const library_key = library ? `  library: ${library}\n` : ''
		writeFileSync(this.conf,
			`dir: ${this.dir}/d\nstore:\n  tcp: 127.0.0.1:0\n` +
			`  writer_password_file: ${secret}\n${library_key}${keys}`)
		this.socket = path.join(this.dir, 'd/run/store-query.sock')
		this.control = path.join(this.dir, 'd/run/store.sock')
	}

	async start() {
		this.child = spawn(this.program, ['--conf', this.conf], { stdio: ['ignore', 'inherit', 'pipe'] })
		this.log = ''
		this.gone = false
		this.child.stderr.on('data', (d) => { this.log += d })
		this.ended = new Promise((done) => this.child.on('exit', (code, signal) => {
			this.gone = true
			done({ code, signal })
		}))
		// The control socket answers last. One that a killed store left behind refuses.
		for (let waited = 0; ; waited += 20) {
			if (this.gone || waited > READY_MS) throw new Error(`weir-store did not start:\n${this.log}`)
			const answer = await this.get(this.control, '/state.json').catch(() => null)
			if (answer) {
				this.state = JSON.parse(answer.body)
				break
			}
			await new Promise((r) => setTimeout(r, 20))
		}
		this.port = this.state.listen.find((l) => l.port).port
		this.url = `http://127.0.0.1:${this.port}`
	}

	// A plain request over a Unix socket; body: Buffer or string.
	get(socketPath, target, { method = 'GET', headers = {}, body } = {}) {
		return new Promise((done, fail) => {
			const req = http.request({ socketPath, path: target, method, headers }, (res) => {
				const parts = []
				res.on('data', (d) => parts.push(d))
				res.on('error', fail)
				res.on('end', () => done({
					status: res.statusCode, headers: res.headers, bytes: Buffer.concat(parts),
					body: Buffer.concat(parts).toString(),
				}))
			})
			req.on('error', fail)
			req.end(body)
		})
	}

	sql(text, { user = 'writer', params = {}, body } = {}) {
		const q = new URLSearchParams(body === undefined ? params : { ...params, query: text })
		return this.get(this.socket, `/?${q}`, {
			method: 'POST', body: body === undefined ? text : body,
			headers: { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': user === 'writer' ? PASSWORD : '' },
		})
	}

	// The first value of a result; throws what the store says otherwise.
	async value(text, params) {
		const r = await this.sql(text, { params })
		if (r.status !== 200) throw new Error(r.body)
		return r.body.split(/[\t\n]/)[0]
	}

	async stop(signal = 'SIGTERM') {
		if (!this.gone) this.child.kill(signal)
		return this.ended
	}

	remove() {
		rmSync(this.dir, { recursive: true, force: true })
	}
}

// Waits until check() is true; what never becomes true ends with the test's own timeout.
export async function until(check) {
	while (!(await check())) await new Promise((r) => setTimeout(r, 20))
}
