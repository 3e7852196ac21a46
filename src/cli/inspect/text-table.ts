import { formatTable } from '../../frame/show.ts'
import type { Field } from '../../types/logical-type.ts'

/** Characters of a value before it is cut. */
const longestCell = 48

/** A table for people; the columns named in `right` stand to the right. */
export function textTable(
  names: readonly string[],
  rows: readonly (readonly string[])[],
  right: ReadonlySet<string> = new Set(),
): string {
  // Columns of numbers stand to the right: their texts are padded before they are laid out.
  const columns = names.map((name, index) => {
    const texts = [name, ...rows.map((row) => row[index]!)]
    const longest = texts.reduce((length, text) => Math.max(length, text.length), 0)
    return right.has(name) ? texts.map((text) => text.padStart(longest)) : texts
  })
  const fields = columns.map(([name = '']): Field => ({ name, type: { kind: 'varchar' }, nullable: false }))
  const cells = rows.map((_, row) => Object.fromEntries(columns.map((texts) => [texts[0]!, texts[row + 1]!])))
  return formatTable(cells, { fields }, { truncate: longestCell })
}
