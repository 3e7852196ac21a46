import type { EngineInfo, Progress, QueryMetrics } from 'lakefront'
import { byId, create } from './element.ts'
import { bytes, count, duration, plural } from './figures.ts'

/** What the page is doing; tests and styles read it from the root element. */
export type PageState = 'booting' | 'ready' | 'running' | 'done' | 'error'

export function setState(state: PageState): void {
  document.documentElement.dataset['state'] = state
}

export function say(text: string, bad = false): void {
  const status = byId('status')
  status.textContent = text
  status.classList.toggle('bad', bad)
}

/** The bar under the editors while a query runs; undefined takes it away. */
export function showProgress(progress: Progress | undefined, milliseconds = 0): void {
  const bar = byId('progress')
  const fill = bar.querySelector('span')!
  bar.hidden = progress === undefined
  byId('progress-text').textContent = ''
  if (progress === undefined) return
  const known = progress.fraction !== undefined
  bar.classList.toggle('unknown', !known)
  fill.style.transform = known ? `scaleX(${progress.fraction})` : ''
  if (known) bar.setAttribute('aria-valuenow', String(Math.round(progress.fraction * 100)))
  else bar.removeAttribute('aria-valuenow')
  const parts = milliseconds < 1000 ? [] : [`${(milliseconds / 1000).toFixed(1)} s`]
  if (known) parts.push(`${Math.round(progress.fraction * 100)} %`)
  if (progress.rowsScanned > 0) parts.push(`${count(progress.rowsScanned)} rows scanned`)
  if (progress.bytesFetched > 0) parts.push(`${bytes(progress.bytesFetched)} fetched`)
  byId('progress-text').textContent = parts.join(' · ')
}

/** What a finished query cost, as a list of figures; undefined takes it away. */
export function showFigures(metrics: QueryMetrics | undefined): void {
  const list = byId('figures')
  list.hidden = metrics === undefined
  if (metrics === undefined) return
  const total = (pick: (scan: QueryMetrics['scans'][number]) => number): number =>
    metrics.scans.reduce((sum, scan) => sum + pick(scan), 0)
  const figures: [string, string][] = [['Planning', duration(metrics.planMilliseconds)]]
  if (metrics.scans.length > 0) {
    const fetched = total((scan) => scan.bytesFetched)
    const requests = total((scan) => scan.requests)
    const hits = total((scan) => scan.cacheHits)
    const groups = total((scan) => scan.rowGroups)
    const read = total((scan) => scan.rowGroupsRead)
    const skipped = total((scan) => scan.rowGroupsSkipped)
    figures.push(
      ['Fetched', requests === 0 ? 'nothing' : `${bytes(fetched)} in ${plural(requests, 'request')}`],
      ['Row groups', `${count(read)} read, ${count(skipped)} skipped of ${count(groups)}`],
      ['Rows scanned', count(total((scan) => scan.rows))],
    )
    if (hits > 0) figures.push(['From memory', plural(hits, 'column chunk')])
    const decoded = total((scan) => scan.decodeMilliseconds)
    if (decoded >= 1) figures.push(['Decoding', duration(decoded)])
  }
  list.replaceChildren(
    ...figures.map(([name, value]) => create('div', '', create('dt', '', name), create('dd', '', value))),
  )
}

/** Something the visitor should know about the result that is shown; empty takes it away. */
export function showNotice(lines: readonly string[]): void {
  const notice = byId('notice')
  notice.hidden = lines.length === 0
  notice.replaceChildren(...lines.map((line) => create('p', '', line)))
}

/** The engine's line in the header. */
export function showEngine(state: 'booting' | 'failed' | EngineInfo): void {
  const line = byId('engine')
  const text = line.querySelector('span:nth-child(2)')!
  if (state === 'booting' || state === 'failed') {
    line.dataset['engine'] = state
    text.textContent = state === 'booting' ? 'Starting the engine…' : 'The engine did not start'
    return
  }
  line.dataset['engine'] = 'ready'
  text.textContent = `DuckDB ${state.version.replace(/^v/, '')} · ${state.binary} · ready in ${duration(state.bootMilliseconds)}`
  line.title = state.suspends
    ? 'Scans suspend while bytes arrive: the query and the download overlap.'
    : 'This browser cannot suspend WebAssembly: the query comes out of the engine while bytes arrive, and goes on with them.'
  line.querySelector('.scan-mode')?.remove()
  line.append(create('span', 'scan-mode', state.suspends ? 'scans suspend' : 'scans take turns'))
}
