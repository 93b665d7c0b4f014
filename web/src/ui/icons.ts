// SPDX-License-Identifier: Apache-2.0
// Paths of the icons, strokes only, 16 x 16.

export const ICONS = {
  explore: 'M2 13.5h12M2.5 10.5l3.5-4 3 2.5 4.5-6',
  exporters: 'M3 2.5h10v4H3zM3 9.5h10v4H3zM5.5 4.5h.01M5.5 11.5h.01',
  add: 'M8 3v10M3 8h10',
  help: 'M6 6a2 2 0 1 1 2.8 1.9c-.6.3-.8.7-.8 1.6M8 12.2h.01M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13z',
  sun: 'M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M12.6 3.4l-.7.7M4.1 11.9l-.7.7',
  moon: 'M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z',
  auto: 'M8 1.5a6.5 6.5 0 1 0 0 13zM8 1.5a6.5 6.5 0 0 1 0 13M8 5h4.8M8 8h6.5M8 11h4.8',
  left: 'M10 3L5 8l5 5',
  right: 'M6 3l5 5-5 5',
  down: 'M3.5 6L8 10.5 12.5 6',
  up: 'M3.5 10L8 5.5l4.5 4.5',
  zoomout: 'M7 12a5 5 0 1 0 0-10 5 5 0 0 0 0 10zM10.7 10.7L14 14M4.8 7h4.4',
  back: 'M6 3L2.5 6.5 6 10M2.5 6.5H10a3.5 3.5 0 0 1 0 7H7',
  clock: 'M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM8 4.5V8l2.5 1.5',
  refresh: 'M13.5 3v3.5H10M13.2 6.3A5.5 5.5 0 1 0 13.5 9',
  close: 'M4 4l8 8M12 4l-8 8',
  check: 'M3 8.5l3.2 3.2L13 5',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  download: 'M8 2v8M4.5 7L8 10.5 11.5 7M2.5 13.5h11',
  code: 'M5 4.5L1.5 8 5 11.5M11 4.5L14.5 8 11 11.5M9.2 3l-2.4 10',
  filter: 'M2 3h12l-4.5 5.5V13l-3 1V8.5z',
  columns: 'M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10',
  table: 'M2.5 3h11v10h-11zM2.5 6.5h11M7 6.5V13',
  stacked: 'M2 13.5V9l4-2 3.5 2L14 5.5v8zM2 6.5L6 4l3.5 2L14 2.5',
  lines: 'M2 11l4-5 3.5 3L14 3.5M2 13.5l4-1.5 3.5.5L14 10',
  warn: 'M8 2.2L14.5 13.5h-13zM8 6.5v3M8 11.6h.01',
  stop: 'M4 4h8v8H4z',
  eye: 'M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 9.8a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6z',
  eyeoff: 'M2 2l12 12M6.2 3.8C10.8 2.6 14.5 8 14.5 8a12 12 0 0 1-2 2.5M4 5a12 12 0 0 0-2.5 3S4 12.5 8 12.5c.9 0 1.7-.2 2.5-.5',
  density: 'M2.5 3.5h11M2.5 6.5h11M2.5 9.5h11M2.5 12.5h11',
  external: 'M9.5 2.5h4v4M13.5 2.5L7.5 8.5M11.5 9.5v4h-9v-9h4',
} as const

export type IconName = keyof typeof ICONS
