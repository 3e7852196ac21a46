import { LakefrontError, nearestName } from '../errors.ts'
import { parseType } from '../types/type-names.ts'
import { describeExpression } from './describe.ts'
import type {
  Binary,
  Call,
  ColumnReference,
  Expression,
  GetField,
  GetItem,
  InputColumn,
  Over,
  RelationColumn,
} from './expression.ts'
import { arithmeticType, checkComparable } from './operator-types.ts'
import { type TypedArgument, castTo, resultType } from './signature.ts'
import { type TypeClass, type ValueType, classOf, commonType, typeText, unknownType } from './value-type.ts'

/** The type of a column of the input, as far as it is known. */
export type ColumnTypes = (column: ColumnReference | InputColumn | RelationColumn) => ValueType | undefined

/**
 * The type of the value that `expression` computes from columns of those types, as far as it is known: SQL text of the
 * user's and columns nobody has read yet are `unknown`, which fits everywhere.
 *
 * Throws `TYPE_MISMATCH` for an operand of a type that its operator or function does not take, quoting the expression,
 * the operand, its type and what would be right; `COLUMN_NOT_FOUND` for a field that a struct does not have.
 */
export function typeOf(expression: Expression, columnTypes: ColumnTypes, variables: Variables = new Map()): ValueType {
  return infer(expression, columnTypes, variables)
}

/** The types of the variables of lambdas, by name. */
export type Variables = ReadonlyMap<string, ValueType>

/** The variables that the lambdas among a call's operands see: those around it, and their own. */
export function variablesInside(node: Call, columnTypes: ColumnTypes, variables: Variables): Variables {
  const inside = new Map(variables)
  callType(node, columnTypes, variables, (name, type) => inside.set(name, type))
  return inside
}

function infer(node: Expression, columns: ColumnTypes, variables: Variables): ValueType {
  const of = (child: Expression): ValueType => infer(child, columns, variables)
  const need = (child: Expression, wanted: TypeClass): void => {
    const type = of(child)
    const found = classOf(type)
    if (found === undefined || found === wanted) return
    const cast = castTo(wanted)
    throw new LakefrontError(
      'TYPE_MISMATCH',
      `${describeExpression(node)}: ${describeExpression(child)} is ${typeText(type)}, and a ${wanted} is wanted there.` +
        (cast === undefined ? '' : ` Convert it with cast('${cast}').`),
      { details: { expression: describeExpression(node), type: typeText(type), expected: wanted } },
    )
  }
  switch (node.kind) {
    case 'ColumnReference':
    case 'InputColumn':
    case 'RelationColumn':
      return columns(node) ?? unknownType
    case 'LambdaVariable':
      return variables.get(node.name) ?? unknownType
    case 'Star':
    case 'Lambda':
      return unknownType
    case 'RawSql':
      node.operands.forEach(of)
      return unknownType
    case 'Literal':
      return literalType(node.value)
    case 'Unary':
      if (node.operator === 'not') need(node.operand, 'boolean')
      if (node.operator !== 'neg') return of(node.operand) && { kind: 'boolean' }
      if (of(node.operand).kind !== 'interval') need(node.operand, 'number')
      return of(node.operand)
    case 'Binary':
      return binaryType(node, of, need)
    case 'Between':
      for (const bound of [node.low, node.high]) checkComparable(node, node.operand, of(node.operand), bound, of(bound))
      return { kind: 'boolean' }
    case 'InList':
      for (const option of node.options) checkComparable(node, node.operand, of(node.operand), option, of(option))
      return { kind: 'boolean' }
    case 'Cast':
      of(node.operand)
      return parseType(node.type)
    case 'Case': {
      for (const branch of node.branches) need(branch.when, 'boolean')
      const results = node.branches.map((branch) => of(branch.result))
      if (node.otherwise !== undefined) results.push(of(node.otherwise))
      return results.reduce((a, b) => commonType(a, b) ?? unknownType)
    }
    case 'Call':
      return callType(node, columns, variables)
    case 'Over':
      for (const key of [...node.window.partitionBy, ...node.window.orderBy]) of(key)
      checkRange(node, of)
      return of(node.call)
    case 'GetField':
      return fieldTypeOfEach(node, of(node.operand))
    case 'GetItem':
      return itemType(node, of(node.operand), of)
    case 'Alias':
    case 'SortKey':
      return of(node.operand)
    default:
      return node satisfies never
  }
}

/** A frame that counts in values needs one key to count in. */
function checkRange(node: Over, of: (child: Expression) => ValueType): void {
  const { frame, orderBy } = node.window
  if (frame?.unit !== 'range' || [frame.start, frame.end].every((at) => at === 0 || !Number.isFinite(at))) return
  const type = orderBy.length === 1 ? of(orderBy[0]!) : undefined
  if (type?.kind === 'date' || (type !== undefined && (classOf(type) ?? 'number') === 'number')) return
  throw new LakefrontError(
    type === undefined ? 'INVALID_ARGUMENT' : 'TYPE_MISMATCH',
    `${describeExpression(node)}: rangeBetween() counts in the values of one key, of numbers or dates, not of ${type === undefined ? orderBy.length : typeText(type)}. Order by one, or count rows with rowsBetween().`,
  )
}

function binaryType(
  node: Binary,
  of: (child: Expression) => ValueType,
  need: (child: Expression, wanted: TypeClass) => void,
): ValueType {
  switch (node.operator) {
    case 'add':
    case 'sub':
    case 'mul':
    case 'div':
    case 'mod':
      return arithmeticType(node, of(node.left), of(node.right))
    case 'and':
    case 'or':
      need(node.left, 'boolean')
      need(node.right, 'boolean')
      return { kind: 'boolean' }
    case 'like':
    case 'ilike':
      need(node.left, 'string')
      need(node.right, 'string')
      return { kind: 'boolean' }
    default:
      checkComparable(node, node.left, of(node.left), node.right, of(node.right))
      return { kind: 'boolean' }
  }
}

function callType(
  node: Call,
  columns: ColumnTypes,
  variables: Variables,
  learn: (variable: string, type: ValueType) => void = () => {},
): ValueType {
  const given = node.operands.map((operand): TypedArgument => {
    const text = describeExpression(operand)
    if (operand.kind !== 'Lambda') return { type: infer(operand, columns, variables), text }
    const lambda = (types: readonly ValueType[]): ValueType => {
      const own = operand.parameters.map((name, index) => [name, types[index] ?? unknownType] as const)
      for (const [name, type] of own) learn(name, type)
      return infer(operand.body, columns, new Map([...variables, ...own]))
    }
    return { type: unknownType, text, lambda }
  })
  if (node.signature === undefined) return unknownType
  return resultType({ name: node.name, signature: node.signature, text: describeExpression(node) }, given)
}

function literalType(value: unknown): ValueType {
  switch (typeof value) {
    case 'boolean':
      return { kind: 'boolean' }
    case 'string':
      return { kind: 'varchar' }
    case 'number':
      if (!Number.isSafeInteger(value) || Object.is(value, -0)) return { kind: 'double' }
      return { kind: Math.abs(value) < 2 ** 31 ? 'integer' : 'bigint' }
    case 'bigint':
      if (BigInt.asIntN(32, value) === value) return { kind: 'integer' }
      return { kind: BigInt.asIntN(64, value) === value ? 'bigint' : 'hugeint' }
    default:
      if (value === null) return { kind: 'null' }
      return { kind: value instanceof Date ? 'timestamp' : 'blob' }
  }
}

/** A field of the structs of a list is the list of that field. */
function fieldTypeOfEach(node: GetField, type: ValueType): ValueType {
  if ((type.kind !== 'list' && type.kind !== 'array') || type.element.kind !== 'struct')
    return fieldType(node, type, node.name)
  return { kind: 'list', element: fieldType(node, type.element, node.name) }
}

function fieldType(node: GetField | GetItem, type: ValueType, name: string): ValueType {
  if (type.kind === 'unknown' || type.kind === 'json') return unknownType
  if (type.kind !== 'struct') throw notNested(node, type)
  const field =
    type.fields.find((each) => each.name === name) ??
    type.fields.find((each) => each.name.toLowerCase() === name.toLowerCase())
  if (field !== undefined) return field.type
  const names = type.fields.map((each) => each.name)
  const nearest = nearestName(name, names)
  throw new LakefrontError(
    'COLUMN_NOT_FOUND',
    `${describeExpression(node.operand)} has no field "${name}". Fields: ${names.join(', ')}.${nearest === undefined ? '' : ` Did you mean "${nearest}"?`}`,
    { details: { column: name, columns: names, ...(nearest === undefined ? {} : { nearest }) } },
  )
}

function itemType(node: GetItem, type: ValueType, of: (child: Expression) => ValueType): ValueType {
  const key: ValueType = typeof node.key === 'object' ? of(node.key) : literalType(node.key)
  switch (type.kind) {
    case 'unknown':
    case 'json':
      return unknownType
    case 'map':
      if (commonType(type.key, key) === undefined) throw notNested(node, type)
      return type.value
    case 'list':
    case 'array':
      if (classOf(key) !== undefined && classOf(key) !== 'number') throw notNested(node, type)
      return type.element
    default:
      if (typeof node.key !== 'string') throw notNested(node, type)
      return fieldType(node, type, node.key)
  }
}

function notNested(node: GetField | GetItem, type: ValueType): LakefrontError {
  const wanted =
    node.kind === 'GetField' || typeof node.key === 'string'
      ? 'a struct with that field, or a map with text as its keys'
      : 'a list, or a map with such keys'
  return new LakefrontError(
    'TYPE_MISMATCH',
    `${describeExpression(node)}: ${describeExpression(node.operand)} is ${typeText(type)}, and ${wanted} is wanted there.`,
    { details: { expression: describeExpression(node), type: typeText(type), expected: wanted } },
  )
}
