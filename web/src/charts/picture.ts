// SPDX-License-Identifier: Apache-2.0
// A chart as a PNG: the drawing with a title above and the names of its lines below.

export interface PictureText {
  title: string
  /** over: a line over the others, dashed or not. */
  legend: { name: string; color: string; over?: boolean; dash?: boolean }[]
  /** Colours and font of the theme. */
  background: string
  ink: string
  font: string
}

const PAD = 14
const LINE = 20
const SWATCH = 10

/** Rows of names that fit a width; each entry takes its swatch and its text. */
export function legendRows(widths: number[], room: number): number[][] {
  const rows: number[][] = [[]]
  let used = 0
  widths.forEach((width, i) => {
    const own = width + SWATCH + 18
    if (used + own > room && rows.at(-1)!.length > 0) {
      rows.push([])
      used = 0
    }
    rows.at(-1)!.push(i)
    used += own
  })
  return rows
}

export async function chartPicture(chart: HTMLCanvasElement, text: PictureText): Promise<Blob | null> {
  const scale = devicePixelRatio
  const out = document.createElement('canvas')
  const draw = out.getContext('2d')
  if (!draw) return null
  const font = (px: number, weight = 400): string => `${weight} ${px * scale}px ${text.font}`
  draw.font = font(11)
  const widths = text.legend.map(({ name }) => draw.measureText(name).width / scale)
  const rows = legendRows(widths, chart.width / scale - 2 * PAD)
  const head = PAD + LINE
  out.width = chart.width
  out.height = chart.height + (head + rows.length * LINE + PAD) * scale
  draw.fillStyle = text.background
  draw.fillRect(0, 0, out.width, out.height)
  draw.fillStyle = text.ink
  draw.textBaseline = 'middle'
  draw.font = font(13, 600)
  draw.fillText(text.title, PAD * scale, (PAD / 2 + LINE / 2) * scale)
  draw.drawImage(chart, 0, head * scale)
  draw.font = font(11)
  rows.forEach((row, line) => {
    let x = PAD
    const y = chart.height / scale + head + (line + 0.5) * LINE
    for (const i of row) {
      draw.fillStyle = text.legend[i]!.color
      const { over = false, dash = false } = text.legend[i]!
      const part = dash ? SWATCH * 0.4 : SWATCH
      draw.fillRect(x * scale, (y - (over ? 1 : SWATCH / 2)) * scale, part * scale, (over ? 2 : SWATCH) * scale)
      if (dash) draw.fillRect((x + SWATCH - part) * scale, (y - 1) * scale, part * scale, 2 * scale)
      draw.fillStyle = text.ink
      draw.fillText(text.legend[i]!.name, (x + SWATCH + 6) * scale, y * scale)
      x += widths[i]! + SWATCH + 18
    }
  })
  return new Promise((done) => out.toBlob(done, 'image/png'))
}

/** Hands the file to the browser as a download. */
export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
