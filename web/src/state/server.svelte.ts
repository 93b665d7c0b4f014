// SPDX-License-Identifier: Apache-2.0
// What every page needs to know about the server: its fields (once) and how it is doing (every few seconds while
// somebody looks).
import { ApiError, exporters, fields, status } from '$/api/client'
import { Resource } from '$/api/resource.svelte'
import type { Exporter, Field, Status } from '$/api/types'
import { mayHaveRows } from '$/state/health'

const POLL_MS = 10_000
const POLL_EMPTY_MS = 3_000

class Server {
  readonly status = new Resource<Status>()
  readonly exporters = new Resource<Exporter[]>()
  fields = $state.raw<Field[]>([])
  fieldsError = $state.raw<ApiError | undefined>(undefined)
  readonly byName = $derived(new Map(this.fields.map((field) => [field.name, field])))
  /** Nobody has ever sent a flow: the page shows how to make somebody send. */
  readonly empty = $derived(this.exporters.data !== undefined && this.exporters.data.length === 0 && !mayHaveRows(this.status.data))

  /** The server's time when it last answered, ms; the page's own clock until then. */
  readonly now = $derived(this.status.data?.now ?? Date.now())
  /** Whether the server's time is known, or is known not to be. */
  readonly ready = $derived(this.status.data !== undefined || this.status.error !== undefined)
  #offset = $derived(this.status.data === undefined ? 0 : this.status.data.now - Date.now())

  /** The server's time now, ms. */
  clock(): number {
    return Date.now() + this.#offset
  }

  kind(name: string): string | undefined {
    return PSEUDO_KIND[name] ?? this.byName.get(name)?.kind
  }

  refresh(): void {
    this.status.load('status', (call) => status(call), true)
    this.exporters.load('exporters', (call) => exporters(call), true)
    if (this.fields.length === 0) void this.#loadFields()
  }

  /** Polls until the returned function is called. */
  watch(): () => void {
    let timer: ReturnType<typeof setTimeout>
    const tick = (): void => {
      if (!document.hidden) this.refresh()
      timer = setTimeout(tick, this.empty || this.status.error ? POLL_EMPTY_MS : POLL_MS)
    }
    tick()
    return () => clearTimeout(timer)
  }

  async #loadFields(): Promise<void> {
    try {
      this.fields = await fields()
      this.fieldsError = undefined
    } catch (cause) {
      if (cause instanceof ApiError) this.fieldsError = cause
    }
  }
}

/** Either end of a flow: not fields, but they can be grouped by. */
export const PSEUDO = ['ip', 'port', 'as', 'if'] as const
const PSEUDO_KIND: Record<string, string> = { ip: 'addr', port: 'port', as: 'as', if: 'iface' }

export const server = new Server()
