import type { GridData } from './grid-data.ts'

/** Where columns are: column `i` from `offsets[i]` to `offsets[i + 1]`, after a gutter for row numbers. In pixels. */
export interface ColumnLayout {
  readonly offsets: readonly number[]
  readonly gutter: number
  readonly width: number
}

const sampledRows = 120
const padding = 24
const narrowest = 64
const widest = 380

/** Widths that fit the header and the first rows of `data`, in the font of `element`. */
export function columnLayout(data: GridData, element: Element): ColumnLayout {
  const measure = measureIn(element, '400')
  const measureName = measureIn(element, '600')
  const gutter = Math.max(44, measure(data.rowCount.toLocaleString('en')) + 20)
  const offsets = [0]
  data.columns.forEach((column, index) => {
    let width = Math.max(measureName(column.name), measure(column.typeName) * 0.85, measure('NULL'))
    for (let row = 0; row < Math.min(sampledRows, data.rowCount); row++) {
      if (width > widest) break
      width = Math.max(width, measure((data.text(row, index) ?? '').slice(0, 80)))
    }
    offsets.push(offsets[index]! + Math.round(Math.min(widest, Math.max(narrowest, width + padding))))
  })
  return { offsets, gutter, width: gutter + offsets.at(-1)! }
}

/** First (inclusive) and last (exclusive) columns that are visible, and a few more. */
export function columnRange(
  { offsets }: ColumnLayout,
  scrollLeft: number,
  width: number,
): { readonly start: number; readonly end: number } {
  const count = offsets.length - 1
  let start = 0
  while (start < count && offsets[start + 1]! < scrollLeft) start++
  let end = start
  while (end < count && offsets[end]! < scrollLeft + width) end++
  return { start: Math.max(0, start - 2), end: Math.min(count, end + 2) }
}

function measureIn(element: Element, weight: string): (text: string) => number {
  const context = document.createElement('canvas').getContext('2d')
  if (context === null) return (text) => text.length * 8
  const { fontSize, fontFamily } = getComputedStyle(element)
  context.font = `${weight} ${fontSize} ${fontFamily}`
  return (text) => Math.ceil(context.measureText(text).width)
}
