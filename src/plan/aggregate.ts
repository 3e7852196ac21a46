import { LakefrontError } from '../errors.ts'
import { describeExpression, outputName } from '../expr/describe.ts'
import type { Expression } from '../expr/expression.ts'
import { hasWindow, someExpression } from '../expr/walk.ts'
import { checkGenerators, checkNames, checkWindowFunctions, located, scopeOf } from './check.ts'
import type { Aggregate, Plan } from './nodes.ts'
import { generatorOf, outputsOf, sessionOf } from './output.ts'
import { sameName } from './scope.ts'

/** `SELECT keys, measures FROM input GROUP BY keys`; one row of all when there are no keys. */
export function aggregate(
  input: Plan,
  keys: readonly Expression[],
  measures: readonly Expression[],
  sets?: readonly (readonly number[])[],
): Aggregate {
  checkGroups(keys, measures, 'agg()')
  if (sets !== undefined && keys.some((key) => sessionOf(key) !== undefined))
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      'sessionWindow() is a key of groupBy(): with rollup(), cube() and groupingSets() the sessions would differ from set to set.',
    )
  const scope = scopeOf(input)
  const [foundKeys, foundMeasures] = [keys, measures].map((each) => each.map((column) => located(column, input))) as [
    Expression[],
    Expression[],
  ]
  checkNames([...foundKeys, ...foundMeasures], scope)
  const node = {
    kind: 'Aggregate',
    input,
    keys: Object.freeze(foundKeys),
    measures: Object.freeze(foundMeasures),
    ...(sets === undefined ? {} : { sets: Object.freeze(sets.map((set) => Object.freeze([...set]))) }),
  } as const
  return Object.freeze({ ...node, ...groupOutputs(foundKeys, foundMeasures, input) })
}

/** The columns of groups, one for each key and measure, as far as they are known. */
export function groupOutputs(
  keys: readonly Expression[],
  measures: readonly Expression[],
  input: Plan,
): ReturnType<typeof outputsOf> {
  const scope = scopeOf(input)
  const { output } = outputsOf([...keys, ...measures], input, scope)
  const wide = keys.find((key) => generatorOf(key) !== undefined && outputsOf([key], input, scope).output?.length !== 1)
  if (output === undefined || wide === undefined) return output === undefined ? {} : { output }
  throw new LakefrontError(
    'INVALID_ARGUMENT',
    `groupBy(): ${describeExpression(wide)} does not make one column. Make its columns with select() first, then group by them.`,
  )
}

/** Throws `INVALID_ARGUMENT` for keys that are not computed from one row, and measures that are not aggregated. */
export function checkGroups(keys: readonly Expression[], measures: readonly Expression[], where: string): void {
  for (const key of keys) {
    if (key.kind === 'Star')
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        'groupBy() takes columns one by one, not "*". For distinct rows use distinct().',
      )
  }
  checkGenerators(keys, 'groupBy()', { windows: false })
  if (keys.filter((key) => sessionOf(key) !== undefined).length > 1)
    throw new LakefrontError('INVALID_ARGUMENT', 'groupBy() takes one sessionWindow(): a row is in one session.')
  if (keys.length + measures.length === 0) {
    throw new LakefrontError('INVALID_ARGUMENT', `${where} needs at least one aggregate, such as F.count().as("n").`)
  }
  const keyNames = keys.map(outputName)
  for (const measure of measures) {
    checkWindowFunctions(measure, where)
    if (hasWindow(measure)) {
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `${where}: ${describeExpression(measure)} looks at other rows. Compute it with withColumn() after agg().`,
      )
    }
    const bare = bareReference(measure, keyNames)
    if (bare !== undefined) {
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `${where}: "${bare}" is neither aggregated nor a key of groupBy(). Wrap it, as in F.max("${bare}"), or group by it.`,
      )
    }
  }
}

function bareReference(measure: Expression, keys: readonly string[]): string | undefined {
  let bare: string | undefined
  someExpression(
    measure,
    (each) => {
      const isBare =
        each.kind === 'Star' || (each.kind === 'ColumnReference' && !keys.some((key) => sameName(key, each.name)))
      if (isBare) bare = describeExpression(each)
      return isBare
    },
    (each) => !(each.kind === 'Call' && each.role === 'aggregate') && each.kind !== 'RawSql',
  )
  return bare
}
