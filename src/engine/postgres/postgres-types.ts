import type { LogicalType, SimpleKind } from '../../types/logical-type.ts'
import type { PostgresField } from './postgres-server.ts'

/** Object ids of types, which are the same in every PostgreSQL, and of the arrays of them. */
const known: readonly (readonly [id: number, kind: SimpleKind | 'numeric', array: number])[] = [
  [16, 'boolean', 1000],
  [17, 'blob', 1001],
  [18, 'varchar', 1002],
  [19, 'varchar', 1003],
  [20, 'bigint', 1016],
  [21, 'smallint', 1005],
  [23, 'integer', 1007],
  [25, 'varchar', 1009],
  [26, 'bigint', 1028],
  [114, 'json', 199],
  [700, 'float', 1021],
  [701, 'double', 1022],
  [1042, 'varchar', 1014],
  [1043, 'varchar', 1015],
  [1082, 'date', 1182],
  [1083, 'time', 1183],
  [1114, 'timestamp', 1115],
  [1184, 'timestamptz', 1185],
  [1186, 'interval', 1187],
  [1266, 'timetz', 1270],
  [1560, 'bit', 1561],
  [1562, 'bit', 1563],
  [1700, 'numeric', 1231],
  [2950, 'uuid', 2951],
  [3802, 'json', 3807],
]

/**
 * The type of a column. A `numeric` without precision may have any number of digits: it is what the plan says (`expected`), else
 * text, in which nothing is lost. Types we do not know are text as PostgreSQL prints them.
 */
export function columnType(field: PostgresField, expected: LogicalType | undefined): LogicalType {
  for (const [id, kind, array] of known) {
    if (field.type === id) return simple(kind, field.modifier, expected)
    if (field.type === array) {
      const element = expected?.kind === 'list' ? expected.element : undefined
      return { kind: 'list', element: simple(kind, field.modifier, element) }
    }
  }
  return { kind: 'varchar' }
}

function simple(kind: SimpleKind | 'numeric', modifier: number, expected: LogicalType | undefined): LogicalType {
  if (kind === 'bigint' && expected?.kind === 'uinteger') return expected
  if (kind !== 'numeric') return { kind }
  // The modifier holds precision and scale, and counts itself in.
  const precision = (modifier - 4) >> 16
  const scale = (((modifier - 4) & 0x7ff) ^ 1024) - 1024
  if (scale === 0 && expected?.kind === 'hugeint') return expected
  if (modifier >= 4 && precision <= 38 && scale >= 0 && scale <= precision) return { kind: 'decimal', precision, scale }
  if (expected?.kind === 'hugeint' || expected?.kind === 'decimal') return expected
  return { kind: 'varchar' }
}

/** Reads the text of a value of a column. */
export function valueParser(type: LogicalType): (text: string) => unknown {
  switch (type.kind) {
    case 'boolean':
      return (text) => text === 't'
    case 'smallint':
    case 'integer':
    case 'uinteger':
    case 'float':
    case 'double':
      return Number
    case 'bigint':
    case 'hugeint':
      return (text) => (/^-?\d+$/.test(text) ? BigInt(text) : text)
    case 'blob':
      return bytes
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      return (text) => text.replace(/ BC$/, ' (BC)')
    case 'interval':
      return (text) => text.replace(/\bmon(s?)\b/, 'month$1')
    case 'list': {
      const element = valueParser(type.element)
      return (text) => arrayItems(text).map((item) => (item === null ? null : element(item)))
    }
    default:
      return (text) => text
  }
}

function bytes(text: string): Uint8Array {
  const result = new Uint8Array((text.length - 2) / 2)
  for (let index = 0; index < result.length; index++)
    result[index] = Number.parseInt(text.slice(index * 2 + 2, index * 2 + 4), 16)
  return result
}

/** The items of an array's text: `{1,NULL,"a \"b\""}`. One of several dimensions stays text inside, and is refused as a value. */
function arrayItems(text: string): readonly (string | null)[] {
  const items: (string | null)[] = []
  const pattern = /"((?:[^"\\]|\\.)*)"|(\{(?:[^"{}]|"(?:[^"\\]|\\.)*"|\{[^{}]*\})*\})|([^,{}"]+)/gs
  // Bounds other than from 1 are printed before the items.
  const inner = text.slice(text.indexOf('{') + 1, -1)
  for (const [, quoted, nested, plain] of inner.matchAll(pattern)) {
    if (quoted !== undefined) items.push(quoted.replace(/\\(.)/gs, '$1'))
    else items.push(nested ?? (plain === 'NULL' ? null : plain!))
  }
  return items
}
