import type { BinaryOperator, Expression, Value } from './expression.ts'

const symbols: Readonly<Record<BinaryOperator, string>> = {
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
  mod: '%',
  eq: '=',
  ne: '<>',
  gt: '>',
  ge: '>=',
  lt: '<',
  le: '<=',
  eqNullSafe: '<=>',
  and: 'AND',
  or: 'OR',
  like: 'LIKE',
  ilike: 'ILIKE',
}

/** `node` as people read it in names, plans and messages, such as `(delay / 60)`; not SQL to be run. */
export function describeExpression(node: Expression): string {
  switch (node.kind) {
    case 'ColumnReference':
    case 'InputColumn':
    case 'RelationColumn':
      return node.name
    case 'Star':
      return node.qualifier === undefined ? '*' : `${node.qualifier}.*`
    case 'Literal':
      return describeValue(node.value)
    case 'RawSql':
      return node.parts
        .reduce((text, part, index) => text + describeExpression(node.operands[index - 1]!) + part)
        .trim()
    case 'Unary': {
      const operand = describeExpression(node.operand)
      if (node.operator === 'isNull') return `(${operand} IS NULL)`
      if (node.operator === 'isNotNull') return `(${operand} IS NOT NULL)`
      return node.operator === 'neg' ? `(- ${operand})` : `(NOT ${operand})`
    }
    case 'Binary':
      return `(${describeExpression(node.left)} ${symbols[node.operator]} ${describeExpression(node.right)})`
    case 'Between':
      return `(${describeExpression(node.operand)} BETWEEN ${describeExpression(node.low)} AND ${describeExpression(node.high)})`
    case 'InList':
      return `(${describeExpression(node.operand)} IN (${describeList(node.options)}))`
    case 'Cast':
      return `${node.safe ? 'TRY_CAST' : 'CAST'}(${describeExpression(node.operand)} AS ${node.type})`
    case 'Case': {
      const branches = node.branches.map(
        (branch) => ` WHEN ${describeExpression(branch.when)} THEN ${describeExpression(branch.result)}`,
      )
      return `CASE${branches.join('')}${node.otherwise === undefined ? '' : ` ELSE ${describeExpression(node.otherwise)}`} END`
    }
    case 'Call':
      return `${node.name}(${node.distinct ? 'DISTINCT ' : ''}${describeList(node.operands)})`
    case 'Over': {
      const { partitionBy, orderBy, frame } = node.window
      const clauses = [
        partitionBy.length > 0 ? `PARTITION BY ${describeList(partitionBy)}` : '',
        orderBy.length > 0 ? `ORDER BY ${describeList(orderBy)}` : '',
        frame === undefined ? '' : `${frame.unit.toUpperCase()} BETWEEN ${frame.start} AND ${frame.end}`,
      ]
      return `${describeExpression(node.call)} OVER (${clauses.filter(Boolean).join(' ')})`
    }
    case 'GetField':
      return `${describeExpression(node.operand)}.${node.name}`
    case 'GetItem':
      return `${describeExpression(node.operand)}[${typeof node.key === 'object' ? describeExpression(node.key) : node.key}]`
    case 'LambdaVariable':
      return node.name
    case 'Lambda':
      return `(${node.parameters.join(', ')}) => ${describeExpression(node.body)}`
    case 'Alias':
      return `${describeExpression(node.operand)} AS ${node.name}`
    case 'SortKey':
      return `${describeExpression(node.operand)} ${node.descending ? 'DESC' : 'ASC'} NULLS ${node.nulls.toUpperCase()}`
    default:
      return node satisfies never
  }
}

/** The name of the column that `node` makes when it was given none: a reference's own, else what it computes. */
export function outputName(node: Expression): string {
  if (node.kind === 'Alias' || node.kind === 'GetField') return node.name
  if (node.kind === 'SortKey') return outputName(node.operand)
  if (node.kind === 'Cast') return outputName(node.operand)
  return describeExpression(node)
}

function describeList(nodes: readonly Expression[]): string {
  return nodes.map(describeExpression).join(', ')
}

function describeValue(value: Value): string {
  if (value === null) return 'NULL'
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) return `<${value.length} bytes>`
  return Object.is(value, -0) ? '-0' : String(value)
}
