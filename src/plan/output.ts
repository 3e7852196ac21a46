import { outputName } from '../expr/describe.ts'
import type { Call, Expression } from '../expr/expression.ts'
import { type ColumnTypes, typeOf } from '../expr/type-of.ts'
import type { ValueType } from '../expr/value-type.ts'
import type { LogicalType } from '../types/logical-type.ts'
import { bind } from './bind.ts'
import { inputsOf } from './inputs.ts'
import type { OutputColumn, Plan } from './nodes.ts'
import type { Scope } from './scope.ts'

/**
 * The type of `expression` over the columns of `scope`, as far as it can be told. Throws `TYPE_MISMATCH` for an operand of a type
 * that does not fit.
 */
export function typeIn(expression: Expression, scope: Scope): ValueType | undefined {
  const type = typeOf(bind(expression, scope), typesOf(scope))
  return type.kind === 'unknown' ? undefined : type
}

/** The types of the columns of `scope`, for expressions bound to it. */
export function typesOf(scope: Scope): ColumnTypes {
  return (reference) => (reference.kind === 'InputColumn' ? scope.columns[reference.index]!.type : undefined)
}

/** `type` when all of it is known. */
export function wholeType(type: ValueType | undefined): LogicalType | undefined {
  switch (type?.kind) {
    case undefined:
    case 'unknown':
    case 'number':
      return undefined
    case 'list':
    case 'array':
      return wholeType(type.element) && (type as LogicalType)
    case 'map':
      return wholeType(type.key) && wholeType(type.value) && (type as LogicalType)
    case 'struct':
      return type.fields.every((field) => wholeType(field.type)) ? (type as LogicalType) : undefined
    default:
      return type as LogicalType
  }
}

/** The column that `expression` makes; one that is only passed on keeps its qualifier. */
function outputOf(expression: Expression, scope: Scope | undefined): OutputColumn {
  if (scope === undefined) return column(outputName(expression), undefined)
  if (expression.kind === 'InputColumn') return scope.columns[expression.index]!
  const type = typeIn(expression, scope)
  if (expression.kind !== 'ColumnReference') return column(outputName(expression), type)
  const { index, fields } = scope.resolve(expression.name)
  if (fields.length > 0) return column(fields.at(-1)!, type)
  const found = scope.columns[index]!
  return found.name === expression.name || found.qualifier !== undefined ? found : column(expression.name, type)
}

/** A column, of whose type nothing is said when nothing is known. */
export function column(name: string, type: ValueType | undefined): OutputColumn {
  return Object.freeze(type === undefined ? { name } : { name, type })
}

/**
 * The columns that `expressions` make over `input`; undefined while that depends on columns nobody has read yet, or on
 * which of them an alias qualifies.
 */
export function outputsOf(
  expressions: readonly Expression[],
  input: Plan,
  scope: Scope | undefined,
): { output?: readonly OutputColumn[] } {
  if (scope === undefined) {
    const unsure = (each: Expression): boolean =>
      each.kind === 'Star' ||
      generatorOf(each) !== undefined ||
      (each.kind === 'ColumnReference' && (each.plan !== undefined || each.name.includes('.')))
    if (expressions.some(unsure) || hasAlias(input)) return {}
  }
  const output: OutputColumn[] = []
  for (const each of expressions) {
    if (each.kind === 'Star') {
      const indices = each.qualifier === undefined ? scope!.columns.keys() : scope!.qualified(each.qualifier)
      for (const index of indices) output.push(scope!.columns[index]!)
      continue
    }
    const generator = generatorOf(each)
    if (generator === undefined) {
      output.push(outputOf(each, scope))
      continue
    }
    const made = generatedColumns(generator, namesOf(each), scope!)
    if (made === undefined) return {}
    output.push(...made)
  }
  return { output: Object.freeze(output) }
}

/** The call that makes rows, when `expression` is one. */
export function generatorOf(expression: Expression): Call | undefined {
  const call = callIn(expression)
  return call?.role === 'generator' ? call : undefined
}

/** The span from a row's time on, when `key` is of the sessions that such spans make together. */
export function sessionOf(key: Expression): Call | undefined {
  const call = callIn(key)
  return call?.name === 'sessionWindow' ? (call.operands[0] as Call) : undefined
}

function callIn(expression: Expression): Call | undefined {
  const bare = expression.kind === 'Alias' ? expression.operand : expression
  return bare.kind === 'Call' ? bare : undefined
}

/** What the columns of a generator are to be called; nothing where that was not said. */
export function namesOf(generator: Expression): readonly string[] {
  return generator.kind === 'Alias' ? (generator.names ?? [generator.name]) : []
}

/**
 * What a generator gives: `pos` first where it counts, then `col`, or `key` and `value` of a map; undefined while the type is not known,
 * nothing where it cannot be had by that many names. One name is that of the elements.
 */
export function generatedColumns(
  call: Call,
  names: readonly string[],
  scope: Scope,
): readonly OutputColumn[] | undefined {
  const type = typeIn(call.operands[0]!, scope)
  if (call.name.startsWith('unnest'))
    return [column(names[0] ?? 'col', type?.kind === 'list' ? type.element : undefined)]
  if (type === undefined) return undefined
  const values = elementColumns(call, type)
  const positions = call.name.startsWith('pos') && values.length > 0 ? [column('pos', { kind: 'integer' })] : []
  const made = [...positions, ...values]
  if (names.length === 0) return made
  const given = names.length === 1 && values.length === 1 ? [...positions.map(({ name }) => name), ...names] : names
  return given.length === made.length ? made.map((each, index) => column(given[index]!, each.type)) : []
}

function elementColumns(call: Call, type: ValueType): readonly OutputColumn[] {
  if (type.kind === 'map') return [column('key', type.key), column('value', type.value)]
  if (type.kind !== 'list' && type.kind !== 'array') return []
  if (!call.name.startsWith('inline')) return [column('col', type.element)]
  return type.element.kind === 'struct' ? type.element.fields.map((field) => column(field.name, field.type)) : []
}

function hasAlias(plan: Plan): boolean {
  let node = plan
  for (;;) {
    if (node.kind === 'Alias') return true
    if (node.kind === 'Query') return false
    const inputs = inputsOf(node)
    if (inputs.length !== 1) return inputs.some(hasAlias)
    node = inputs[0]!
  }
}
