import type { Expression } from '../../expr/expression.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import { typeName } from '../../types/type-names.ts'
import { isFloat, isInteger } from '../types.ts'
import type { Dialect, TypeOfOperand } from './dialect.ts'
import { aggregate } from './sqlite/aggregate.ts'
import { sqliteCast } from './sqlite/cast.ts'
import { collection } from './sqlite/collection.ts'
import { datetime } from './sqlite/datetime.ts'
import { numeric } from './sqlite/numeric.ts'
import { string } from './sqlite/string.ts'
import { asciiLike, globOf, identifier, literal } from './sqlite/values.ts'
import { unsupported } from './unsupported.ts'

/** SQLite 3.46 and later, with its math functions. Dates and times are text, booleans 0 and 1, lists JSON; there are no decimals, structs or maps. */
export const sqlite: Dialect = Object.freeze<Dialect>({
  name: 'sqlite',
  types: 'of the plan',
  identifier,
  literal,
  binds: (value) =>
    typeof value === 'string'
      ? value.length > 1024 || value.includes('\0')
      : value instanceof Uint8Array && value.length > 64,
  placeholder: (position) => `?${position}`,
  joins: {
    inner: 'JOIN',
    left: 'LEFT JOIN',
    right: 'RIGHT JOIN',
    full: 'FULL JOIN',
    cross: 'CROSS JOIN',
  },
  operators: {
    add: arithmetic('+', 'add()'),
    sub: arithmetic('-', 'sub()'),
    mul: arithmetic('*', 'mul()'),
    div: (a, b, _, type) => {
      numbers('div()', type)
      return `CAST(${a} AS REAL) / ${b}`
    },
    mod: (a, b, _, type) => {
      numbers('mod()', type)
      if (isInteger(type(0)) && isInteger(type(1))) return `${a} % ${b}`
      if (isFloat(type(0)) || isFloat(type(1))) return `mod(${a}, ${b})`
      throw unsupported('sqlite', 'mod() of values of unknown type', 'cast() them first.')
    },
    eq: comparison('='),
    ne: comparison('<>'),
    gt: comparison('>'),
    ge: comparison('>='),
    lt: comparison('<'),
    le: comparison('<='),
    eqNullSafe: comparison('IS NOT DISTINCT FROM'),
    like: (a, _, pattern) => {
      const glob = globOf(pattern)
      if (glob === undefined) throw unsupported('sqlite', 'like() with a pattern that is computed')
      return `${a} GLOB ${glob}`
    },
    ilike: (a, _, pattern) => {
      const like = asciiLike(pattern)
      if (like === undefined)
        throw unsupported('sqlite', 'ilike() with a pattern that is computed or has letters beyond ASCII')
      return `${a} LIKE ${like} ESCAPE '\\'`
    },
  },
  functions: Object.freeze({ ...aggregate, ...string, ...numeric, ...datetime, ...collection }),
  lambda: (_, body) => body,
  cast: (operand, type, safe, from) => sqliteCast(operand, type, safe, from()),
  field: () => {
    throw unsupported('sqlite', 'A field of a struct')
  },
  item: (operand, key) => {
    if (typeof key === 'string') throw unsupported('sqlite', 'An item of a map')
    return `(${operand} ->> ${key})`
  },
  rangeKey: (key, type) => {
    if (isInteger(type) || isFloat(type)) return key
    if (type?.kind !== 'date') throw unsupported('sqlite', 'rangeBetween() over what is neither numbers nor dates')
    const operands = Object.freeze([key.operand])
    return { ...key, operand: { kind: 'Call', name: 'unixDate', role: 'scalar', operands } }
  },
  hasLists: false,
  generator: {
    rows: (list, alias) => `json_each(${list}) AS ${alias}`,
    value: (alias) => `${alias}.value`,
    position: (alias) => `${alias}.key`,
  },
  scan: (id) => identifier(`lf_${id}`),
  setOperator: (operation, all) => {
    if (all && operation !== 'union') return undefined
    return `${operation.toUpperCase()}${all ? ' ALL' : ''}`
  },
  hasGroupingSets: false,
  bracketsBranches: false,
  namesColumns: false,
  groupOfAll: 'HAVING count(*) >= 0',
  limit: (count, offset) => [`LIMIT ${count ?? -1}`, ...(offset === 0 ? [] : [`OFFSET ${offset}`])],
})

function arithmetic(operator: string, operation: string) {
  return (a: string, b: string, _: Expression, type: TypeOfOperand): string => {
    numbers(operation, type)
    return `${a} ${operator} ${b}`
  }
}

const numericKinds = new Set<LogicalType['kind']>([
  'tinyint',
  'smallint',
  'integer',
  'bigint',
  'hugeint',
  'utinyint',
  'usmallint',
  'uinteger',
  'float',
  'double',
  'boolean',
  'null',
])

/** Of text SQLite would make a number, of dates the year. */
function numbers(operation: string, type: TypeOfOperand): void {
  for (const side of [type(0), type(1)]) {
    if (side !== undefined && !numericKinds.has(side.kind))
      throw unsupported('sqlite', `${operation} of ${typeName(side)}`)
  }
}

/** Values of different families are never equal in SQLite, and always in the same order. */
function comparison(operator: string) {
  return (a: string, b: string, _: Expression, type: TypeOfOperand): string => {
    const [left, right] = [type(0), type(1)]
    if (left !== undefined && right !== undefined && !mixes(left, right))
      throw unsupported('sqlite', `A comparison of ${typeName(left)} and ${typeName(right)}`, 'cast() one of them.')
    return `${a} ${operator} ${b}`
  }
}

function mixes(left: LogicalType, right: LogicalType): boolean {
  if (left.kind === 'null' || right.kind === 'null' || left.kind === right.kind) return true
  const hasText = left.kind === 'varchar' || right.kind === 'varchar'
  return numericKinds.has(left.kind) === numericKinds.has(right.kind) && (numericKinds.has(left.kind) || hasText)
}
