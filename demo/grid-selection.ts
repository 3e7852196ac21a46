/** A cell of a grid, counted from zero without the header. */
export interface Cell {
  readonly row: number
  readonly column: number
}

/** The active cell and the corner the selection was started from; equal when one cell is selected. */
export interface Selection {
  readonly anchor: Cell
  readonly active: Cell
}

export interface Extent {
  readonly rowCount: number
  readonly columnCount: number
  /** Rows a page key moves by. */
  readonly pageRows: number
}

/** What a key press means to a grid. */
export interface KeyStroke {
  readonly key: string
  readonly shift: boolean
  /** Control, or Command on a Mac. */
  readonly command: boolean
}

/** The selection after `stroke`, or undefined when the key means nothing here. */
export function selectionAfter(selection: Selection, stroke: KeyStroke, extent: Extent): Selection | undefined {
  const { row, column } = selection.active
  const lastRow = extent.rowCount - 1
  const lastColumn = extent.columnCount - 1
  if (stroke.command && stroke.key.toLowerCase() === 'a') {
    return { anchor: { row: 0, column: 0 }, active: { row: lastRow, column: lastColumn } }
  }
  const active = target()
  if (active === undefined) return undefined
  return { active, anchor: stroke.shift ? selection.anchor : active }

  function target(): Cell | undefined {
    switch (stroke.key) {
      case 'ArrowUp':
        return { row: stroke.command ? 0 : Math.max(0, row - 1), column }
      case 'ArrowDown':
        return { row: stroke.command ? lastRow : Math.min(lastRow, row + 1), column }
      case 'ArrowLeft':
        return { row, column: stroke.command ? 0 : Math.max(0, column - 1) }
      case 'ArrowRight':
        return { row, column: stroke.command ? lastColumn : Math.min(lastColumn, column + 1) }
      case 'PageUp':
        return { row: Math.max(0, row - extent.pageRows), column }
      case 'PageDown':
        return { row: Math.min(lastRow, row + extent.pageRows), column }
      case 'Home':
        return { row: stroke.command ? 0 : row, column: 0 }
      case 'End':
        return { row: stroke.command ? lastRow : row, column: lastColumn }
      default:
        return undefined
    }
  }
}

/** The selection as a rectangle, all bounds inclusive. */
export interface Area {
  readonly top: number
  readonly bottom: number
  readonly left: number
  readonly right: number
}

export function areaOf({ anchor, active }: Selection): Area {
  return {
    top: Math.min(anchor.row, active.row),
    bottom: Math.max(anchor.row, active.row),
    left: Math.min(anchor.column, active.column),
    right: Math.max(anchor.column, active.column),
  }
}

export function contains(area: Area, cell: Cell): boolean {
  return cell.row >= area.top && cell.row <= area.bottom && cell.column >= area.left && cell.column <= area.right
}

/** How many cells a copy takes at most: more would freeze the page, and no spreadsheet wants it. */
export const copyLimit = 500_000

/** The exact text of one cell, or tab-separated rows of several; a null is empty, as spreadsheets expect. */
export function tabSeparated(area: Area, text: (row: number, column: number) => string | null): string {
  if (area.top === area.bottom && area.left === area.right) return text(area.top, area.left) ?? ''
  const width = area.right - area.left + 1
  const bottom = Math.min(area.bottom, area.top + Math.max(1, Math.floor(copyLimit / width)) - 1)
  const lines: string[] = []
  for (let row = area.top; row <= bottom; row++) {
    const cells: string[] = []
    for (let column = area.left; column <= area.right; column++) cells.push(quoted(text(row, column) ?? ''))
    lines.push(cells.join('\t'))
  }
  return lines.join('\n')
}

function quoted(value: string): string {
  return /[\t\n\r"]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value
}
