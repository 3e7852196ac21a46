import { LakefrontError, nearestName } from '../errors.ts'
import { notAName } from '../expr/operand.ts'
import type { OutputColumn } from './nodes.ts'

/** Where a name leads: a position of the input, and fields of a struct from there. */
export interface Resolved {
  readonly index: number
  readonly fields: readonly string[]
}

/** The columns that names can mean at one place of a plan. */
export class Scope {
  readonly columns: readonly OutputColumn[]
  #byName: Map<string, number[]> | undefined
  #lookups = 0

  constructor(columns: readonly OutputColumn[]) {
    this.columns = columns
  }

  /**
   * Finds `name`: as a column's whole name, then as `alias.name`, then as `column.field`; in each exactly, else whatever
   * the case. Throws `COLUMN_NOT_FOUND` or `COLUMN_AMBIGUOUS`.
   */
  resolve(name: string): Resolved {
    if (typeof name !== 'string') throw notAName(name)
    const whole = this.#one(name, name)
    if (whole !== undefined) return { index: whole, fields: [] }
    for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
      const head = name.slice(0, dot)
      const rest = name.slice(dot + 1)
      for (let end = rest.length; end > 0; end = rest.lastIndexOf('.', end - 1)) {
        const qualified = this.#one(rest.slice(0, end), name, head)
        if (qualified !== undefined) return { index: qualified, fields: fieldsOf(rest.slice(end + 1)) }
      }
      const parent = this.#one(head, name)
      if (parent !== undefined) return { index: parent, fields: fieldsOf(rest) }
    }
    throw columnNotFound(name, this.columns)
  }

  /** Whether a column has that name, whatever the case. */
  has(name: string): boolean {
    return this.#named(name).length > 0
  }

  /** Positions of all columns of that name, whatever the case. */
  positions(name: string): readonly number[] {
    return this.#named(name)
  }

  /** Whether a relation has the alias `qualifier`. */
  isQualifier(qualifier: string): boolean {
    return this.columns.some((column) => sameName(column.qualifier, qualifier))
  }

  /** Positions of the columns of a relation with the alias `qualifier`. Throws `COLUMN_NOT_FOUND` when there are none. */
  qualified(qualifier: string): number[] {
    const indices = this.columns.flatMap((column, index) => (sameName(column.qualifier, qualifier) ? [index] : []))
    if (indices.length > 0) return indices
    const qualifiers = [...new Set(this.columns.flatMap((column) => column.qualifier ?? []))]
    throw new LakefrontError(
      'COLUMN_NOT_FOUND',
      `No input has the alias "${qualifier}". ${qualifiers.length === 0 ? 'Call alias() on one.' : `Aliases: ${qualifiers.join(', ')}.`}`,
      { details: { alias: qualifier, aliases: qualifiers } },
    )
  }

  #one(name: string, asked: string, qualifier?: string): number | undefined {
    let found = this.#named(name)
    if (qualifier !== undefined) found = found.filter((index) => sameName(this.columns[index]!.qualifier, qualifier))
    if (found.length > 1) {
      const exact = found.filter((index) => this.columns[index]!.name === name)
      if (exact.length > 0) found = exact
    }
    if (found.length > 1)
      throw columnAmbiguous(
        asked,
        found.map((index) => this.columns[index]!),
      )
    return found[0]
  }

  #named(name: string): number[] {
    const wanted = name.toLowerCase()
    if (this.#byName === undefined && ++this.#lookups <= 4) {
      return this.columns.flatMap((column, index) =>
        column.name.length === name.length && column.name.toLowerCase() === wanted ? [index] : [],
      )
    }
    this.#byName ??= this.columns.reduce((map, column, index) => {
      const key = column.name.toLowerCase()
      const indices = map.get(key)
      if (indices === undefined) map.set(key, [index])
      else indices.push(index)
      return map
    }, new Map<string, number[]>())
    return this.#byName.get(wanted) ?? []
  }
}

function fieldsOf(path: string): readonly string[] {
  return path === '' ? [] : path.split('.')
}

/** Whether two names mean the same column or relation: case does not matter, as in SQL. */
export function sameName(a: string | undefined, b: string): boolean {
  return a !== undefined && (a === b || a.toLowerCase() === b.toLowerCase())
}

function columnNotFound(name: string, columns: readonly OutputColumn[]): LakefrontError {
  const names = [...new Set(columns.map((column) => column.name))]
  const nearest = nearestName(name, names)
  const shown =
    names.length > 30 ? `${names.slice(0, 30).join(', ')} … and ${names.length - 30} more` : names.join(', ')
  return new LakefrontError(
    'COLUMN_NOT_FOUND',
    `Column "${name}" not found. ${names.length === 0 ? 'There are no columns' : `Columns: ${shown}`}.` +
      (nearest === undefined ? '' : ` Did you mean "${nearest}"?`),
    { details: { column: name, columns: names, ...(nearest === undefined ? {} : { nearest }) } },
  )
}

function columnAmbiguous(name: string, candidates: readonly OutputColumn[]): LakefrontError {
  const qualified = candidates.map((column) =>
    column.qualifier === undefined ? column.name : `${column.qualifier}.${column.name}`,
  )
  const distinct = new Set(qualified).size === qualified.length
  return new LakefrontError(
    'COLUMN_AMBIGUOUS',
    `Column "${name}" means ${candidates.length} columns here${distinct ? `: ${qualified.join(', ')}. Name one of them` : '. Give the inputs of the join an alias() and write col("alias.name"), or rename before joining'}.`,
    { details: { column: name, candidates: qualified } },
  )
}
