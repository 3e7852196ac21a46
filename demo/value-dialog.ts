import { byId, copyFrom } from './element.ts'
import type { Cell } from './grid-selection.ts'
import type { GridData } from './grid-data.ts'

/** Opens one value of a result in full; the grid shows one line of it. */
export function valueDialog(): (data: GridData, cell: Cell) => void {
  const dialog = byId<HTMLDialogElement>('value')
  const title = byId('value-title')
  const text = dialog.querySelector('pre')!
  const copy = byId<HTMLButtonElement>('copy-value')
  copy.addEventListener('click', () => void copyFrom(copy, text.textContent ?? ''))
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close()
  })
  return (data, cell) => {
    const column = data.columns[cell.column]
    if (column === undefined) return
    title.textContent = `${column.name} ${column.typeName}, row ${(cell.row + 1).toLocaleString('en')}`
    text.textContent = data.text(cell.row, cell.column) ?? 'NULL'
    dialog.showModal()
  }
}
