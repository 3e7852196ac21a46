import { LakefrontError } from '../errors.ts'
import { scopeOf } from './check.ts'
import type { OutputColumn, Plan, Summary } from './nodes.ts'
import { typeClass } from './nulls.ts'
import { column } from './output.ts'

const statisticNames: readonly string[] = ['count', 'mean', 'stddev', 'min', 'max', 'count_distinct']

/** One row per statistic, as text, with a column `summary` that says which. */
export function summary(input: Plan, statistics: readonly string[], names?: readonly string[]): Summary {
  for (const statistic of statistics) {
    if (!statisticNames.includes(statistic) && percentOf(statistic) === undefined) {
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `"${statistic}" is not a statistic. Statistics: ${statisticNames.join(', ')}, and percentiles such as "25%".`,
      )
    }
  }
  const node = {
    kind: 'Summary',
    input,
    statistics: Object.freeze([...statistics]),
    ...(names === undefined ? {} : { names: Object.freeze([...names]) }),
  } as const
  const described = summarizedColumns(node)
  if (described === undefined) return Object.freeze(node)
  const text = { kind: 'varchar' } as const
  const output = [column('summary', text), ...described.map((index) => column(input.output![index]!.name, text))]
  return Object.freeze({ ...node, output: Object.freeze<OutputColumn[]>(output) })
}

/** Where the columns that are summarized are in the input; undefined while their types are not known. */
export function summarizedColumns({ input, names }: Pick<Summary, 'input' | 'names'>): readonly number[] | undefined {
  const scope = scopeOf(input)
  const chosen = names?.map((name) => scope?.resolve(name).index)
  if (scope === undefined) return undefined
  if (chosen !== undefined) return chosen as number[]
  if (scope.columns.some((each) => each.type === undefined)) return undefined
  return [...scope.columns.keys()].filter((index) =>
    ['number', 'string'].includes(typeClass(scope.columns[index]!.type!)),
  )
}

/** 0.25 for `25%`. */
export function percentOf(statistic: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)%$/.exec(statistic)
  const share = match === null ? Number.NaN : Number(match[1]) / 100
  return share >= 0 && share <= 1 ? share : undefined
}
