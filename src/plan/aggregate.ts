import { LakefrontError } from '../errors.ts'
import { describeExpression, outputName } from '../expr/describe.ts'
import type { Expression } from '../expr/expression.ts'
import { hasWindow, someExpression } from '../expr/walk.ts'
import { checkNames, checkRowwise, checkWindowFunctions, located, scopeOf } from './check.ts'
import type { Aggregate, Plan } from './nodes.ts'
import { outputsOf } from './output.ts'
import { sameName } from './scope.ts'

/** `SELECT keys, measures FROM input GROUP BY keys`; one row of all when there are no keys. */
export function aggregate(
  input: Plan,
  keys: readonly Expression[],
  measures: readonly Expression[],
  sets?: readonly (readonly number[])[],
): Aggregate {
  checkGroups(keys, measures, 'agg()')
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
  return Object.freeze({ ...node, ...outputsOf([...foundKeys, ...foundMeasures], input, scope) })
}

/** Throws `INVALID_ARGUMENT` for keys that are not computed from one row, and measures that are not aggregated. */
export function checkGroups(keys: readonly Expression[], measures: readonly Expression[], where: string): void {
  for (const key of keys) {
    if (key.kind === 'Star')
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        'groupBy() takes columns one by one, not "*". For distinct rows use distinct().',
      )
    checkRowwise(key, 'groupBy()', { windows: false })
  }
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
