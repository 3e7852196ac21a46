import { LakefrontError } from '../errors.ts'
import type { Expression, SortKey } from '../expr/expression.ts'
import { checkCondition, checkNames, checkRowwise, located, scopeOf } from './check.ts'
import type { Cache, Distinct, Filter, Limit, Plan, Sample, Sort } from './nodes.ts'

/** `WHERE predicate` */
export function filter(input: Plan, predicate: Expression): Filter {
  checkRowwise(predicate, 'filter()', { windows: false })
  const found = located(predicate, input)
  const scope = scopeOf(input)
  checkNames([found], scope)
  checkCondition(found, scope, 'filter()')
  return Object.freeze({ kind: 'Filter', input, predicate: found, ...sameOutput(input) })
}

/** `ORDER BY keys`; an order set before is forgotten. */
export function sort(input: Plan, keys: readonly SortKey[]): Sort {
  if (keys.length === 0) throw new LakefrontError('INVALID_ARGUMENT', 'orderBy() needs at least one column.')
  for (const key of keys) checkRowwise(key, 'orderBy()', { windows: false })
  const found = keys.map((key) => located(key, input))
  checkNames(found, scopeOf(input))
  return Object.freeze({ kind: 'Sort', input, keys: Object.freeze(found), ...sameOutput(input) })
}

/** `LIMIT count OFFSET offset` */
export function limit(input: Plan, count: number | undefined, offset = 0): Limit {
  for (const [name, value] of [
    ['limit()', count ?? 0],
    ['offset()', offset],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `${name} takes a number of rows: an integer of at least 0. ${value} was given.`,
      )
    }
  }
  return Object.freeze({
    kind: 'Limit',
    input,
    offset,
    ...(count === undefined ? {} : { count }),
    ...sameOutput(input),
  })
}

/** Each row by chance. */
export function sample(input: Plan, options: { fraction: number; seed?: number; withReplacement: boolean }): Sample {
  const { fraction, seed, withReplacement } = options
  const most = withReplacement ? 100 : 1
  if (typeof fraction !== 'number' || !(fraction >= 0 && fraction <= most)) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `sample() takes a fraction of the rows, from 0 to ${most}${withReplacement ? ' with replacement' : ''}. ${fraction} was given.`,
    )
  }
  if (seed !== undefined && !Number.isSafeInteger(seed))
    throw new LakefrontError('INVALID_ARGUMENT', `sample(): a seed is an integer. ${seed} was given.`)
  return Object.freeze({
    kind: 'Sample',
    input,
    fraction,
    withReplacement,
    ...(seed === undefined ? {} : { seed }),
    ...sameOutput(input),
  })
}

/** `input`, computed once and kept. */
export function cache(input: Plan): Cache {
  return Object.freeze({ kind: 'Cache', input, ...sameOutput(input) })
}

/** `SELECT DISTINCT`; with `on`, one row, whichever, per combination of those columns. */
export function distinct(input: Plan, on?: readonly string[]): Distinct {
  if (on?.length === 0)
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      'dropDuplicates() was given no columns. Leave the list out to compare all.',
    )
  const scope = scopeOf(input)
  if (scope !== undefined) on?.forEach((name) => scope.resolve(name))
  return Object.freeze({
    kind: 'Distinct',
    input,
    ...(on === undefined ? {} : { on: Object.freeze([...on]) }),
    ...sameOutput(input),
  })
}

function sameOutput(input: Plan): Pick<Plan, 'output'> {
  return input.output === undefined ? {} : { output: input.output }
}
