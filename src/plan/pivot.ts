import { LakefrontError } from '../errors.ts'
import { outputName } from '../expr/describe.ts'
import type { Expression, Value } from '../expr/expression.ts'
import { checkGroups, groupOutputs } from './aggregate.ts'
import { checkNames, checkRowwise, located, scopeOf } from './check.ts'
import type { OutputColumn, Pivot, Plan } from './nodes.ts'
import { column } from './output.ts'

/** More different values than this are not looked up for a pivot, as in PySpark. */
export const mostPivotValues = 10_000

/** One row per combination of `keys`, with a column per value of `column` and measure; `values` may be unknown yet. */
export function pivot(
  input: Plan,
  options: {
    keys: readonly Expression[]
    column: Expression
    values?: readonly Value[]
    measures: readonly Expression[]
  },
): Pivot {
  const { values } = options
  checkRowwise(options.column, 'pivot()', { windows: false })
  checkGroups(options.keys, options.measures, 'agg()')
  if (options.measures.length === 0)
    throw new LakefrontError('INVALID_ARGUMENT', 'A pivot needs at least one aggregate, such as F.count().')
  const scope = scopeOf(input)
  const [keys, measures] = [options.keys, options.measures].map((each) => each.map((one) => located(one, input))) as [
    Expression[],
    Expression[],
  ]
  const by = located(options.column, input)
  checkNames([...keys, ...measures, by], scope)
  const node = {
    kind: 'Pivot',
    input,
    keys: Object.freeze(keys),
    column: by,
    measures: Object.freeze(measures),
    ...(values === undefined ? {} : { values: Object.freeze([...values]) }),
  } as const
  const { output } = groupOutputs(keys, measures, input)
  if (output === undefined || values === undefined) return Object.freeze(node)
  const types = output.slice(keys.length).map(({ type }) => type)
  const made = pivotNames(node, values).map((name, index) => column(name, types[index % types.length]))
  return Object.freeze({ ...node, output: Object.freeze<OutputColumn[]>([...output.slice(0, keys.length), ...made]) })
}

/** `2024`, or `2024_n` for each of several measures: the names of the columns after the keys. */
export function pivotNames({ measures }: Pick<Pivot, 'measures'>, values: readonly Value[]): readonly string[] {
  return values.flatMap((value) => {
    const name = value === null ? 'null' : value instanceof Date ? value.toISOString().slice(0, -1) : String(value)
    return measures.length === 1 ? [name] : measures.map((measure) => `${name}_${outputName(measure)}`)
  })
}
