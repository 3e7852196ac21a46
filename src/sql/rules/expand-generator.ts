import type { Expression } from '../../expr/expression.ts'
import { LakefrontError } from '../../errors.ts'
import { type ValueType, typeText } from '../../expr/value-type.ts'
import { describeExpression } from '../../expr/describe.ts'
import { columnReference } from '../../expr/operand.ts'
import { project } from '../../plan/columns.ts'
import { unpivotedColumns } from '../../plan/explode.ts'
import type { Explode, Plan, Project, Unpivot } from '../../plan/nodes.ts'
import { generatedColumns, generatorOf, namesOf, typeIn } from '../../plan/output.ts'
import { Scope } from '../../plan/scope.ts'
import { setOperation } from '../../plan/set-operation.ts'

import type { Dialect } from '../dialects/dialect.ts'
import { inputColumn, named, projected } from './expand-columns.ts'

/** `explode()` and its kin, explode and unpivot become projections with `unnest` calls, which go through their lists side by side. */
export function expandGenerator(plan: Plan, dialect: Dialect): Plan {
  switch (plan.kind) {
    case 'Project':
      return plan.columns.some((column) => isUserGenerator(column)) ? expandedProject(plan) : plan
    case 'Explode':
      return expandedExplode(plan)
    case 'Unpivot':
      return dialect.hasLists ? expandedUnpivot(plan) : unionOfColumns(plan)
    default:
      return plan
  }
}

function isUserGenerator(column: Expression): boolean {
  const generator = generatorOf(column)
  return generator !== undefined && !generator.name.startsWith('unnest')
}

function expandedProject(plan: Project): Plan {
  const scope = new Scope(plan.input.output!)
  let structs: { at: number; fields: readonly string[]; names: readonly string[] } | undefined
  const columns = plan.columns.flatMap((column, at): readonly Expression[] => {
    const generator = generatorOf(column)
    if (generator === undefined) return [column]
    const operand = generator.operands[0]!
    const type = typeIn(operand, scope)!
    const isOuter = generator.name.endsWith('Outer')
    const madeAs = (given: readonly string[]): string[] =>
      generatedColumns(generator, given, scope)!.map(({ name }) => name)
    const names = madeAs(namesOf(column))
    if (names.length === 0) throw cannotExplode(describeExpression(generator), type, madeAs([]))
    if (generator.name.startsWith('inline')) {
      structs = { at, names, fields: madeAs([]) }
      return [named(unnest(operand, isOuter), 'element')]
    }
    return unnested(operand, type, { outer: isOuter, names, counted: generator.name.startsWith('pos') })
  })
  if (structs === undefined) return projected(plan, columns)
  const { at, names, fields } = structs
  const exploded = project(plan.input, columns)
  return projected({ ...plan, input: exploded }, [
    ...columns.slice(0, at).map((_, index) => inputColumn(exploded, index)),
    ...names.map((name, index) => named(field(inputColumn(exploded, at), fields[index]!), name)),
    ...columns.slice(at + 1).map((_, index) => inputColumn(exploded, at + 1 + index)),
  ])
}

function expandedExplode(plan: Explode): Plan {
  const scope = new Scope(plan.input.output!)
  const { index } = scope.resolve(plan.column)
  const type = scope.columns[index]!.type!
  const count = plan.output!.length - scope.columns.length + 1
  const names = plan.output!.slice(index, index + count).map(({ name }) => name)
  const operand = inputColumn(plan.input, index)
  const made =
    type.kind === 'struct'
      ? names.map((name, at) => named(field(operand, type.fields[at]!.name), name))
      : unnested(operand, type, { outer: plan.outer, names, counted: plan.position !== undefined })
  return projected(
    plan,
    scope.columns.flatMap((_, at) => (at === index ? made : [inputColumn(plan.input, at)])),
  )
}

/** The columns of one list or map, the position first where it is `counted`. */
function unnested(
  operand: Expression,
  type: ValueType,
  { outer, names, counted }: { outer: boolean; names: readonly string[]; counted: boolean },
): readonly Expression[] {
  const lists = type.kind === 'map' ? [scalar('mapKeys', operand), scalar('mapValues', operand)] : [operand]
  const values = names.slice(counted ? 1 : 0)
  const positions = counted
    ? [named(generator(outer ? 'unnestOuterPositions' : 'unnestPositions', lists[0]!), names[0]!)]
    : []
  return [...positions, ...lists.map((list, at) => named(unnest(list, outer), values[at]!))]
}

function expandedUnpivot(plan: Unpivot): Plan {
  const { input } = plan
  const scope = new Scope(input.output!)
  const taken = unpivotedColumns(plan)
  const names = taken.map((index): Expression => literal(scope.columns[index]!.name))
  const values = taken.map((index) => inputColumn(input, index))
  return projected(plan, [
    ...plan.ids.map((name) => inputColumn(input, scope.resolve(name).index)),
    named(unnest(scalar('array', ...names), false), plan.variable),
    named(unnest(scalar('array', ...values), false), plan.value),
  ])
}

/** Where there are no lists, the input is read once for each column. */
function unionOfColumns(plan: Unpivot): Plan {
  const { input } = plan
  const scope = new Scope(input.output!)
  return unpivotedColumns(plan)
    .map((index) =>
      project(input, [
        ...plan.ids.map(columnReference),
        named(literal(scope.columns[index]!.name), plan.variable),
        named(inputColumn(input, index), plan.value),
      ]),
    )
    .reduce<Plan | undefined>(
      (left, right) => (left === undefined ? right : setOperation(left, right, { operation: 'union', all: true })),
      undefined,
    )!
}

/** A call that gives the elements of a list as rows. */
export function unnest(list: Expression, outer = false): Expression {
  return generator(outer ? 'unnestOuter' : 'unnest', list)
}

function generator(name: string, list: Expression): Expression {
  const signature = name.endsWith('Positions') ? '(list) integer' : '(list<T>) T'
  return Object.freeze({ kind: 'Call', name, role: 'generator', operands: Object.freeze([list]), signature })
}

/** What the functions that rules add take and give. */
const signatures: Readonly<Record<string, string>> = {
  array: '(T...) list<T>',
  mapKeys: '(map<K, V>) list<K>',
  mapValues: '(map<K, V>) list<V>',
  range: '(integer, integer) list<bigint>',
}

/** A call of a function of one row. */
export function scalar(name: string, ...operands: readonly Expression[]): Expression {
  const signature = signatures[name]
  const call = { kind: 'Call', name, role: 'scalar', operands: Object.freeze(operands) } as const
  return Object.freeze(signature === undefined ? call : { ...call, signature })
}

/** A value. */
export function literal(value: string | number | null): Expression {
  return Object.freeze({ kind: 'Literal', value })
}

function field(operand: Expression, name: string): Expression {
  return Object.freeze({ kind: 'GetField', operand, name })
}

function cannotExplode(what: string, type: ValueType, made: readonly string[]): LakefrontError {
  return new LakefrontError(
    'TYPE_MISMATCH',
    made.length > 0
      ? `${what} makes ${made.length} column${made.length === 1 ? '' : 's'}: ${made.join(', ')}. Give as() that many names, as in select(${what}.as(${made.map((name) => `"${name}"`).join(', ')})), or leave it out.`
      : `${what} cannot make rows of ${typeText(type)}.`,
    { details: { type: typeText(type) } },
  )
}
