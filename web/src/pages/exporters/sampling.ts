// SPDX-License-Identifier: Apache-2.0
// Where a sampling rate is from, as a text.
import { textOf } from '$/i18n/index.svelte'
import type { Exporter } from '$/api/types'

export const samplingSource = (value: Exporter['sampling_source']): string => {
  const source = String(value ?? '')
  return source === '' ? '' : (textOf(`sampling.${source}`) ?? source)
}
