import type { Statement } from '../engine/engine.ts'
import { LakefrontError } from '../errors.ts'
import { inputsOf } from '../plan/inputs.ts'
import type { Leaf, Plan } from '../plan/nodes.ts'
import { resolve } from '../plan/resolve.ts'
import { leavesOf, rewrite } from '../plan/walk.ts'
import type { Source } from '../scan/source.ts'
import type { Schema } from '../types/logical-type.ts'
import type { Dialect } from './dialects/dialect.ts'
import { duckdb } from './dialects/duckdb.ts'
import { Emitter } from './emit.ts'
import { combineColumns } from './rules/combine-columns.ts'
import { expandColumns } from './rules/expand-columns.ts'
import { expandDistinct } from './rules/expand-distinct.ts'
import { expandGenerator } from './rules/expand-generator.ts'
import { expandGroupingSets } from './rules/expand-grouping-sets.ts'
import { expandJoin } from './rules/expand-join.ts'
import { expandKeys } from './rules/expand-keys.ts'
import { expandNulls } from './rules/expand-nulls.ts'
import { expandPivot } from './rules/expand-pivot.ts'
import { expandSample } from './rules/expand-sample.ts'
import { expandSetOperation, expandSetOperationAll } from './rules/expand-set-operation.ts'
import { expandSummary } from './rules/expand-summary.ts'
import { plainRowNumber } from './rules/plain-row-number.ts'
import { selectsOf } from './selects.ts'

/** What a plan becomes: a statement, and the sources it reads as `lf_scan('<id>')`. */
export interface Compiled {
  readonly statement: Statement
  readonly sources: readonly Source[]
}

export interface CompileOptions {
  /** The columns of a leaf that does not know its own. */
  readonly schemaOf: (leaf: Leaf) => Schema | undefined
  readonly dialect?: Dialect
  /** Write values as literals, so that the text stands alone. */
  readonly inline?: boolean
}

/** Steps that say more than SELECT can, replaced by steps that do not; each where it stands, inputs first. */
const expansions: readonly ((plan: Plan, dialect: Dialect) => Plan)[] = [
  expandSummary,
  expandNulls,
  expandKeys,
  expandPivot,
  expandSample,
  expandColumns,
  expandGenerator,
  expandGroupingSets,
  expandJoin,
  expandDistinct,
  expandSetOperation,
  expandSetOperationAll,
  plainRowNumber,
]

/**
 * `plan` as one SQL statement: names are bound (`plan/resolve`), steps expanded (`rules/expand-*`), merged into as few
 * SELECTs as mean the same (`rules/merge-*`), and written in a dialect.
 *
 * Throws what is wrong with the plan: `COLUMN_NOT_FOUND`, `COLUMN_AMBIGUOUS`, `UNSUPPORTED`, `INVALID_ARGUMENT`.
 */
export function compile(plan: Plan, options: CompileOptions): Compiled {
  try {
    return compiledOnce(plan, options)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new LakefrontError(
      'UNSUPPORTED',
      'The steps need sub-queries inside of each other, deeper than can be written. Call cache() on the way, or build the expression in fewer steps.',
      { cause: error },
    )
  }
}

function compiledOnce(plan: Plan, options: CompileOptions): Compiled {
  const resolved = plan.kind === 'Query' ? plan : resolve(plan, options.schemaOf)
  const dialect = options.dialect ?? duckdb
  const expand = (part: Plan): Plan =>
    rewrite(rewrite(part, combineColumns), (node) =>
      expansions.reduce((changed, expansion) => expansion(changed, dialect), node),
    )
  const emitter = new Emitter(dialect, options.inline === true)
  const sources = [...leavesOf(plan)].flatMap((leaf) => (leaf.kind === 'Scan' ? [leaf.source] : []))
  let relations = 0
  const nextId = (): number => ++relations
  if (resolved.kind === 'Query') {
    const inputs = inputsOf(resolved).map((input) => selectsOf(expand(resolve(input, options.schemaOf)), nextId))
    return compiled(emitter.query(resolved, inputs), sources)
  }
  checkNames(resolved)
  return compiled(emitter.statement(selectsOf(expand(resolved), nextId)), sources)
}

function compiled(statement: Statement, sources: readonly Source[]): Compiled {
  const distinct = distinctSources(sources)
  return {
    statement: distinct.length === 0 ? statement : { ...statement, sources: distinct.map(({ id }) => id) },
    sources: distinct,
  }
}

/** A statement of all that `leaf` has, for which its own columns need not be known; those of plans inside SQL text must. */
export function leafStatement(leaf: Leaf, schemaOf: CompileOptions['schemaOf'], dialect: Dialect = duckdb): Compiled {
  switch (leaf.kind) {
    case 'Scan':
      return compiled(
        {
          sql: `SELECT *\nFROM ${dialect.scan(leaf.source.id)}`,
          ...(dialect.types === 'of the plan' && leaf.source.format === 'batches'
            ? { types: leaf.source.schema.fields.map(({ type }) => type) }
            : {}),
        },
        [leaf.source],
      )
    case 'Table':
      return { statement: { sql: `SELECT *\nFROM ${leaf.name.map(dialect.identifier).join('.')}` }, sources: [] }
    case 'Query':
      return compile(leaf, { schemaOf, dialect })
    default:
      return leaf satisfies never
  }
}

function checkNames(plan: Plan): void {
  const names = new Set<string>()
  for (const { name } of plan.output!) {
    if (names.has(name)) {
      throw new LakefrontError(
        'COLUMN_AMBIGUOUS',
        `The result has more than one column named "${name}". Give the inputs of the join an alias() and select what you need, as in select(col("a.${name}"), col("b.${name}").as("other")).`,
        { details: { column: name } },
      )
    }
    names.add(name)
  }
}

function distinctSources(sources: readonly Source[]): readonly Source[] {
  return [...new Map(sources.map((source) => [source.id, source])).values()]
}
