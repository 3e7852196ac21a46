import { LakefrontError } from '../../errors.ts'
import type { Column } from '../column.ts'
import type { AnyColumn, Argument, ArgumentNeeds, ArgumentType, Deferred } from '../column-types.ts'
import type { Expression } from '../expression.ts'
import { literal } from '../literal.ts'
import { argumentNode } from '../operand.ts'
import { callOf } from './call.ts'

/** The name of a field that is made of a column; `string` where only the call itself knows. */
type FieldName<C> = C extends string
  ? C extends `${string}.${infer Rest}`
    ? FieldName<Rest>
    : C
  : C extends Column<infer _T, infer _N, infer Name>
    ? Name
    : never

/** What `struct()` makes of columns: a struct by their names, when all are known. */
type StructOf<C> =
  string extends FieldName<C>
    ? Record<string, unknown>
    : Deferred<'struct', [{ readonly [One in C as FieldName<One>]: ArgumentType<One> }]>

/** `{'a': a, 'b': b}`: a struct of columns by their names; what has none is `col1`, `col2` by its position. */
export function struct<const A extends readonly [AnyColumn | string, ...(AnyColumn | string)[]]>(
  ...columns: A
): Column<StructOf<A[number]>, ArgumentNeeds<A[number]>, string> {
  return structOf(
    columns.map((column, index) => {
      const node = typeof column === 'string' ? argumentNode(column) : column.node
      if (node.kind === 'Alias') return [node.name, node.operand] as const
      if (node.kind === 'GetField') return [node.name, node] as const
      return [
        node.kind === 'ColumnReference' ? node.name.split('.').at(-1)! : `col${index + 1}`,
        argumentNode(column),
      ] as const
    }),
  )
}

/** `{'a': x, 'b': y}`: a struct of the values, such as `namedStruct({ city: 'origin', n: lit(1) })`. */
export function namedStruct<const F extends Readonly<Record<string, Argument>>>(
  fields: F,
): Column<Deferred<'struct', [{ readonly [K in keyof F]: ArgumentType<F[K]> }]>, ArgumentNeeds<F[keyof F]>, string> {
  return structOf(Object.entries(fields).map(([name, value]) => [name, argumentNode(value)] as const))
}

/** `MAP {key: value, …}`: keys and values by turns. */
export function createMap<A extends readonly Argument[]>(
  ...keysAndValues: A
): Column<Map<ArgumentType<A[0]>, unknown>, ArgumentNeeds<A[number]>, string> {
  if (keysAndValues.length % 2 !== 0) {
    throw new LakefrontError('INVALID_ARGUMENT', 'createMap() takes a value for each key: createMap(key, value, …).')
  }
  return callOf('createMap(any...) pairs', 'scalar', keysAndValues.map(argumentNode))
}

function structOf(fields: readonly (readonly [string, Expression])[]): Column<never, never, never> {
  const names = new Set(fields.map(([name]) => name.toLowerCase()))
  if (fields.length === 0 || names.size < fields.length) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      fields.length === 0
        ? 'A struct has at least one field.'
        : 'The fields of a struct need names that differ. Give them with as().',
    )
  }
  return callOf(
    'namedStruct(any...) fields',
    'scalar',
    fields.flatMap(([name, value]) => [literal(name), value]),
  )
}
