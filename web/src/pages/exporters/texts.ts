// SPDX-License-Identifier: Apache-2.0
// Numbers of exporters as texts.
import { textOf } from '$/i18n/index.svelte'
import { plainMs } from '$/lib/format'
import { formatDuration, MINUTE } from '$/lib/time'
import type { Exporter } from '$/api/types'

/** Where a sampling rate is from. */
export const samplingSource = (value: Exporter['sampling_source']): string => {
  const source = String(value ?? '')
  return source === '' ? '' : (textOf(`sampling.${source}`) ?? source)
}

export const lagText = (ms: number): string => (ms < MINUTE ? plainMs(ms) : formatDuration(ms))
