import type { Progress } from 'lakefront'
import { byId, copyFrom } from './element.ts'
import { count, duration, plural } from './figures.ts'
import { createGrid } from './grid.ts'
import { copyLimit, tabSeparated } from './grid-selection.ts'
import { hideFailure, showFailure, type Failure } from './message.ts'
import type { Outcome } from './result.ts'
import type { ResultTable } from './result-table.ts'
import { say, showFigures, showNotice, showProgress } from './status.ts'
import { valueDialog } from './value-dialog.ts'

/** Everything below the editors. */
export interface OutputPanel {
  begin(): void
  progress(progress: Progress): void
  /** The first rows are there, or more of the same table. */
  rows(table: ResultTable, label: string): void
  finished(outcome: Outcome, madeSql: string | undefined): void
  cancelled(): void
  failed(failure: Failure): void
}

export function outputPanel(): OutputPanel {
  const grid = createGrid(byId('view'), valueDialog())
  const empty = byId('empty')
  const made = byId<HTMLDetailsElement>('made')
  const copy = byId<HTMLButtonElement>('copy-result')
  let table: ResultTable | undefined
  let started = 0
  let lastDrawn = 0
  let progress: Progress = { rowsScanned: 0, bytesFetched: 0 }
  let clock = 0

  grid.clear()
  copy.addEventListener('click', () => {
    if (table !== undefined) void copyFrom(copy, withHeader(table))
  })

  const end = (): void => {
    clearInterval(clock)
    showProgress(undefined)
    if (table !== undefined) grid.grown()
    copy.hidden = table === undefined || table.rowCount === 0
  }

  return {
    begin() {
      started = performance.now()
      table = undefined
      hideFailure()
      showFigures(undefined)
      showNotice([])
      made.hidden = copy.hidden = true
      progress = { rowsScanned: 0, bytesFetched: 0 }
      const tell = (): void => showProgress(progress, performance.now() - started)
      tell()
      clearInterval(clock)
      clock = window.setInterval(tell, 200)
      say('Running')
      grid.element.classList.add('stale')
    },
    progress(next) {
      progress = next
    },
    rows(next, label) {
      const now = performance.now()
      if (table !== next) {
        table = next
        empty.hidden = true
        grid.element.classList.remove('stale')
        grid.show(next, label)
      } else if (now - lastDrawn > 120) grid.grown()
      else return
      lastDrawn = now
    },
    finished({ metrics, cut }, madeSql) {
      end()
      const shown = table?.rowCount ?? 0
      say(`${plural(shown, 'row')} in ${duration(performance.now() - started)}`)
      showFigures(metrics)
      const notices = metrics.scans.flatMap((scan) => scan.warnings)
      if (cut)
        notices.push(
          `Cut at ${count(shown)} rows: there are more. Add a LIMIT, a WHERE or an aggregate to see all that matters.`,
        )
      showNotice(notices)
      made.hidden = madeSql === undefined
      made.querySelector('pre')!.textContent = madeSql ?? ''
    },
    cancelled() {
      end()
      const shown = table?.rowCount ?? 0
      say(`Cancelled after ${duration(performance.now() - started)}`)
      if (shown > 0)
        showNotice([`Cancelled: these are the first ${plural(shown, 'row')} of the result, not all of it.`])
      else nothing('Cancelled. Nothing had arrived yet.')
    },
    failed(failure) {
      end()
      table = undefined
      copy.hidden = empty.hidden = true
      grid.clear()
      say(`Failed after ${duration(started === 0 ? performance.now() : performance.now() - started)}`, true)
      showFailure(failure)
    },
  }

  function nothing(text: string): void {
    grid.clear()
    empty.textContent = text
    empty.hidden = false
  }
}

function withHeader(table: ResultTable): string {
  const width = table.columns.length
  const rows = Math.max(1, Math.min(table.rowCount, Math.floor(copyLimit / width)))
  const header = table.columns.map((column) => column.name).join('\t')
  const area = { top: 0, bottom: rows - 1, left: 0, right: width - 1 }
  return `${header}\n${tabSeparated(area, table.text.bind(table))}`
}
