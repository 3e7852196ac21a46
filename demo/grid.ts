import { columnLayout, columnRange, type ColumnLayout } from './grid-columns.ts'
import type { GridData } from './grid-data.ts'
import { areaOf, contains, selectionAfter, tabSeparated, type Cell, type Selection } from './grid-selection.ts'
import { movedTo, revealing, rowRange, rowTop, scrollHeightOf, scrolledTo, type Viewport } from './grid-viewport.ts'

export interface Grid {
  readonly element: HTMLElement
  show(data: GridData, label: string): void
  /** Draws again after `data.rowCount` has grown. */
  grown(): void
  clear(): void
  focus(): void
}

const rowHeight = 28
const headerHeight = 44
const overscan = 12

/**
 * A grid that draws only what is visible, of any number of rows and columns.
 *
 * Keyboard: arrows, Page Up/Down, Home, End, all with Shift to extend and Control/Command to go to the edge; Control/Command+A
 * selects all, Control/Command+C copies, Enter calls `onOpen` for the active cell.
 */
export function createGrid(host: HTMLElement, onOpen: (data: GridData, cell: Cell) => void): Grid {
  const element = make('div', 'grid')
  element.tabIndex = 0
  element.setAttribute('role', 'grid')
  element.setAttribute('aria-multiselectable', 'true')
  const header = make('div', 'grid-header')
  header.setAttribute('role', 'row')
  header.setAttribute('aria-rowindex', '1')
  const body = make('div', 'grid-body')
  body.setAttribute('role', 'presentation')
  element.append(header, body)
  host.append(element)

  let data: GridData | undefined
  let layout: ColumnLayout = { offsets: [0], gutter: 0, width: 0 }
  let view: Viewport = { rowHeight, rowCount: 0, height: 0, position: 0, scrollTop: 0 }
  let selection: Selection = { anchor: { row: 0, column: 0 }, active: { row: 0, column: 0 } }
  let columns = { start: 0, end: 0 }
  let settle = 0
  const rows = new Map<number, HTMLElement>()

  const draw = (): void => {
    if (data === undefined) return
    const visible = columnRange(layout, element.scrollLeft, element.clientWidth)
    if (visible.start !== columns.start || visible.end !== columns.end) {
      columns = visible
      rows.forEach((row) => row.remove())
      rows.clear()
      drawHeader(data)
    }
    const range = rowRange(view, overscan)
    for (const [index, row] of rows) {
      if (index >= range.start && index < range.end) continue
      row.remove()
      rows.delete(index)
    }
    for (let index = range.start; index < range.end; index++) {
      let row = rows.get(index)
      if (row === undefined) {
        row = drawRow(data, index)
        rows.set(index, row)
        body.append(row)
      }
      row.style.transform = `translateY(${rowTop(view, index)}px)`
    }
    drawSelection()
  }

  const drawHeader = (shown: GridData): void => {
    const gutter = make('div', 'gutter')
    gutter.setAttribute('aria-hidden', 'true')
    gutter.style.width = `${layout.gutter}px`
    const cells: HTMLElement[] = [gutter]
    for (let index = columns.start; index < columns.end; index++) {
      const column = shown.columns[index]!
      const cell = place(make('div', column.numeric ? 'head number' : 'head'), index)
      cell.setAttribute('role', 'columnheader')
      cell.title = `${column.name} ${column.typeName}`
      const name = make('span', 'name')
      name.textContent = column.name
      const type = make('span', 'type')
      type.textContent = column.typeName
      const handle = make('span', 'resize')
      handle.dataset['resize'] = String(index)
      handle.setAttribute('aria-hidden', 'true')
      cell.append(name, type, handle)
      cells.push(cell)
    }
    header.replaceChildren(...cells)
  }

  const drawRow = (shown: GridData, index: number): HTMLElement => {
    const row = make('div', index % 2 === 1 ? 'row odd' : 'row')
    row.setAttribute('role', 'row')
    row.setAttribute('aria-rowindex', String(index + 2))
    row.style.width = `${layout.width}px`
    row.dataset['row'] = String(index)
    const gutter = make('div', 'gutter')
    gutter.setAttribute('aria-hidden', 'true')
    gutter.style.width = `${layout.gutter}px`
    gutter.textContent = (index + 1).toLocaleString('en')
    row.append(gutter)
    for (let column = columns.start; column < columns.end; column++) {
      const text = shown.text(index, column)
      const cell = place(make('div', shown.columns[column]!.numeric ? 'cell number' : 'cell'), column)
      cell.setAttribute('role', 'gridcell')
      cell.dataset['column'] = String(column)
      cell.id = cellId(index, column)
      if (text === null) cell.classList.add('null')
      cell.textContent = text === null ? 'NULL' : onOneLine(text)
      row.append(cell)
    }
    return row
  }

  const drawSelection = (): void => {
    const area = areaOf(selection)
    const { active } = selection
    for (const [index, row] of rows) {
      for (const child of row.children) {
        const cell = child as HTMLElement
        const column = cell.dataset['column']
        if (column === undefined) continue
        const at = { row: index, column: Number(column) }
        const selected = contains(area, at)
        cell.classList.toggle('selected', selected)
        cell.setAttribute('aria-selected', String(selected))
        cell.classList.toggle('active', at.row === active.row && at.column === active.column)
      }
    }
    const id = cellId(active.row, active.column)
    if (element.querySelector(`#${id}`) === null) element.removeAttribute('aria-activedescendant')
    else element.setAttribute('aria-activedescendant', id)
  }

  const resize = (): void => {
    if (data === undefined) return
    view = { ...view, rowCount: data.rowCount, height: Math.max(0, element.clientHeight - headerHeight) }
    body.style.height = `${scrollHeightOf(view)}px`
    body.style.width = header.style.width = `${layout.width}px`
    element.setAttribute('aria-rowcount', String(data.rowCount + 1))
    scroll(movedTo(view, view.position))
  }

  const scroll = (next: Viewport): void => {
    view = next
    if (Math.abs(element.scrollTop - next.scrollTop) > 0.5) element.scrollTop = next.scrollTop
    view = { ...view, scrollTop: element.scrollTop }
    draw()
  }

  const select = (next: Selection): void => {
    selection = next
    const { column, row } = next.active
    const left = layout.offsets[column] ?? 0
    const right = layout.offsets[column + 1] ?? left
    const room = element.clientWidth - layout.gutter
    if (left < element.scrollLeft) element.scrollLeft = left
    else if (right > element.scrollLeft + room) element.scrollLeft = Math.min(left, right - room)
    scroll(revealing(view, row))
  }

  const place = (cell: HTMLElement, column: number): HTMLElement => {
    const left = layout.offsets[column]!
    cell.style.left = `${layout.gutter + left}px`
    cell.style.width = `${layout.offsets[column + 1]! - left}px`
    cell.setAttribute('aria-colindex', String(column + 1))
    return cell
  }

  const relayout = (next: ColumnLayout): void => {
    layout = next
    columns = { start: -1, end: -1 }
    resize()
  }

  const cellAt = (target: EventTarget | null): Cell | undefined => {
    const cell = (target as Element | null)?.closest<HTMLElement>('[data-column]')
    const row = cell?.closest<HTMLElement>('[data-row]')
    if (cell == null || row == null) return undefined
    return { row: Number(row.dataset['row']), column: Number(cell.dataset['column']) }
  }

  element.addEventListener(
    'scroll',
    () => {
      view = scrolledTo(view, element.scrollTop)
      draw()
      clearTimeout(settle)
      settle = window.setTimeout(() => scroll(movedTo(view, view.position)), 200)
    },
    { passive: true },
  )
  element.addEventListener('keydown', (event) => {
    if (data === undefined || data.rowCount === 0 || event.altKey) return
    if (event.key === 'Enter' && !event.ctrlKey && !event.metaKey) {
      event.preventDefault()
      onOpen(data, selection.active)
      return
    }
    const stroke = { key: event.key, shift: event.shiftKey, command: event.ctrlKey || event.metaKey }
    const pageRows = Math.max(1, Math.floor(view.height / rowHeight) - 1)
    const next = selectionAfter(selection, stroke, {
      rowCount: data.rowCount,
      columnCount: data.columns.length,
      pageRows,
    })
    if (next === undefined) return
    event.preventDefault()
    if (stroke.key.toLowerCase() === 'a') {
      selection = next
      drawSelection()
    } else select(next)
  })
  element.addEventListener('copy', (event) => {
    if (data === undefined || data.rowCount === 0) return
    event.preventDefault()
    event.clipboardData?.setData('text/plain', tabSeparated(areaOf(selection), data.text.bind(data)))
  })
  element.addEventListener('pointerdown', (event) => {
    const handle = (event.target as Element).closest<HTMLElement>('[data-resize]')
    if (handle !== null) {
      dragWidth(event, Number(handle.dataset['resize']))
      return
    }
    const cell = cellAt(event.target)
    if (cell === undefined || event.button !== 0) return
    select({ active: cell, anchor: event.shiftKey ? selection.anchor : cell })
    if (event.pointerType === 'mouse') dragSelection()
  })
  element.addEventListener('dblclick', (event) => {
    const cell = cellAt(event.target)
    if (cell !== undefined && data !== undefined) onOpen(data, cell)
  })

  const dragSelection = (): void => {
    during('pointermove', (event) => {
      const cell = cellAt(document.elementFromPoint(event.clientX, event.clientY))
      if (cell !== undefined && (cell.row !== selection.active.row || cell.column !== selection.active.column)) {
        select({ anchor: selection.anchor, active: cell })
      }
    })
  }

  const dragWidth = (start: PointerEvent, column: number): void => {
    start.preventDefault()
    const before = layout
    during('pointermove', (event) => {
      const own = before.offsets[column + 1]! - before.offsets[column]!
      const change = Math.max(48, own + event.clientX - start.clientX) - own
      const offsets = before.offsets.map((offset, index) => (index > column ? offset + change : offset))
      relayout({ ...before, offsets, width: before.width + change })
    })
  }

  new ResizeObserver(resize).observe(element)

  return {
    element,
    show(next, label) {
      data = next
      selection = { anchor: { row: 0, column: 0 }, active: { row: 0, column: 0 } }
      element.hidden = false
      element.setAttribute('aria-label', label)
      element.setAttribute('aria-colcount', String(next.columns.length))
      element.scrollLeft = 0
      view = { ...view, position: 0 }
      relayout(columnLayout(next, element))
    },
    grown() {
      if (data === undefined) return
      const gutter = columnLayout(data, element).gutter
      if (gutter === layout.gutter) resize()
      else relayout({ ...layout, gutter, width: layout.width + gutter - layout.gutter })
    },
    clear() {
      data = undefined
      element.hidden = true
      rows.forEach((row) => row.remove())
      rows.clear()
      header.replaceChildren()
    },
    focus() {
      element.focus({ preventScroll: true })
    },
  }
}

function during(type: 'pointermove', move: (event: PointerEvent) => void): void {
  const stop = new AbortController()
  window.addEventListener(type, move, { signal: stop.signal })
  for (const end of ['pointerup', 'pointercancel'] as const) {
    window.addEventListener(end, () => stop.abort(), { signal: stop.signal })
  }
}

function make(tag: 'div' | 'span', className: string): HTMLElement {
  const element = document.createElement(tag)
  element.className = className
  return element
}

function cellId(row: number, column: number): string {
  return `cell-${row}-${column}`
}

function onOneLine(text: string): string {
  const short = text.length > 400 ? `${text.slice(0, 400)}…` : text
  return short.replace(/\r\n|\r|\n/g, '↵')
}
