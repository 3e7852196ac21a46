import type { WriteStream } from 'node:tty'
import type { Progress } from '../engine/engine.ts'
import { bytesText, countOf } from './quantity.ts'

/** A line at the bottom of a terminal that says how far a query has come. */
export interface ProgressBar {
  update(progress: Progress): void
  /** Takes the line away, for good. */
  clear(): void
}

const cells = 24

/** Queries that are faster than this show no bar. */
const patienceMilliseconds = 250

/** A bar on `stream` when that is a terminal, else one that shows nothing. */
export function progressBar(stream: NodeJS.WriteStream): ProgressBar {
  if (stream.isTTY !== true) return { update() {}, clear() {} }
  return terminalBar(stream)
}

function terminalBar(stream: WriteStream): ProgressBar {
  const start = performance.now()
  let isShown = false
  let isOver = false
  return {
    update(progress) {
      if (isOver || performance.now() - start < patienceMilliseconds) return
      isShown = true
      // A terminal that does not know its width says 0.
      stream.write(`\r${lineOf(progress).slice(0, (stream.columns || 80) - 1)}\u001b[K`)
    },
    clear() {
      if (isShown && !isOver) stream.write('\r\u001b[K')
      isOver = true
    },
  }
}

function lineOf({ fraction, rowsScanned, bytesFetched, rowsWritten, bytesWritten = 0 }: Progress): string {
  const counts =
    rowsWritten === undefined
      ? `${countOf(rowsScanned, 'row')}  ${bytesText(bytesFetched)}`
      : `${countOf(rowsWritten, 'row')}  ${bytesText(bytesWritten)} written`
  if (fraction === undefined) return counts
  const full = Math.round(fraction * cells)
  return `${'█'.repeat(full)}${'░'.repeat(cells - full)} ${`${Math.floor(fraction * 100)}`.padStart(3)} %  ${counts}`
}
