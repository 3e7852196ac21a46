import { LakefrontError } from '../errors.ts'
import type { Call, Cast, Expression, GetItem, Literal, Over, WindowFrame } from '../expr/expression.ts'
import type { LogicalType } from '../types/logical-type.ts'
import { type Dialect, wholeType } from './dialects/dialect.ts'

/** What the text of an expression depends on besides the expression. */
export interface EmitScope {
  readonly dialect: Dialect
  /** How a column of the FROM clause is written here. */
  column(relation: number, name: string): string
  /** The type of what an expression computes, where it is known. */
  typeOf(node: Expression): LogicalType | undefined
  /** What holds inside of the lambdas of a call. */
  inside(call: Call): EmitScope
  /** The column of the FROM clause that a generator's rows are in, where they are there. */
  generated?(call: Call): string | undefined
  /** A placeholder for a value. */
  parameter(literal: Literal): string
}

/** How tightly an expression's text holds together: what binds less than its surroundings gets brackets. */
const tightness = { or: 1, and: 2, not: 3, comparison: 4, operator: 5, whole: 6 } as const

/** `node` as SQL. `tight` is the least tightness its place needs; brackets keep everything below that together. */
export function emitExpression(node: Expression, scope: EmitScope, tight = 0): string {
  const { text, holds } = write(node, scope)
  return holds < tight ? `(${text})` : text
}

interface Written {
  readonly text: string
  readonly holds: number
}

function write(node: Expression, scope: EmitScope): Written {
  const { dialect } = scope
  const whole = (child: Expression): string => emitExpression(child, scope, tightness.whole)
  const list = (children: readonly Expression[]): string =>
    children.map((child) => emitExpression(child, scope)).join(', ')
  switch (node.kind) {
    case 'RelationColumn':
      return { text: scope.column(node.relation, node.name), holds: tightness.whole }
    case 'Literal':
      return {
        text: dialect.binds(node.value) ? scope.parameter(node) : dialect.literal(node.value),
        holds: tightness.whole,
      }
    case 'Star':
      return { text: '*', holds: tightness.whole }
    case 'RawSql':
      return { text: raw(node.parts, node.operands.map(whole)), holds: tightness.whole }
    case 'Unary':
      if (node.operator === 'neg') return { text: `-${whole(node.operand)}`, holds: tightness.operator }
      if (node.operator === 'not')
        return { text: `NOT ${emitExpression(node.operand, scope, tightness.operator)}`, holds: tightness.not }
      return {
        text: `${emitExpression(node.operand, scope, tightness.operator)} IS ${node.operator === 'isNull' ? 'NULL' : 'NOT NULL'}`,
        holds: tightness.comparison,
      }
    case 'Binary': {
      if (node.operator === 'and' || node.operator === 'or') {
        const holds = tightness[node.operator]
        const sides = [node.left, node.right].map((side) =>
          emitExpression(side, scope, needed(side, node.operator as 'and' | 'or')),
        )
        return { text: sides.join(node.operator === 'and' ? ' AND ' : ' OR '), holds }
      }
      const isArithmetic = ['add', 'sub', 'mul', 'div', 'mod'].includes(node.operator)
      const tight = isArithmetic ? tightness.whole : tightness.operator
      const compares = ['gt', 'ge', 'lt', 'le'].includes(node.operator)
      const left = compares ? ordered(node.left, scope, tight) : emitExpression(node.left, scope, tight)
      const right = emitExpression(node.right, scope, tight)
      return {
        text: dialect.operators[node.operator](left, right, node.right, (index) =>
          scope.typeOf(index === 0 ? node.left : node.right),
        ),
        holds: isArithmetic ? tightness.operator : tightness.comparison,
      }
    }
    case 'Between':
      return {
        text: `${ordered(node.operand, scope, tightness.operator)} BETWEEN ${emitExpression(node.low, scope, tightness.operator)} AND ${emitExpression(node.high, scope, tightness.operator)}`,
        holds: tightness.comparison,
      }
    case 'InList':
      if (node.options.length === 0) return { text: 'FALSE', holds: tightness.whole }
      return {
        text: `${emitExpression(node.operand, scope, tightness.operator)} IN (${list(node.options)})`,
        holds: tightness.comparison,
      }
    case 'Cast':
      return {
        text: dialect.cast(castOperand(node, scope), node.type, node.safe, () => scope.typeOf(node.operand)),
        holds: tightness.whole,
      }
    case 'Case': {
      const branches = node.branches.map(
        (branch) => ` WHEN ${emitExpression(branch.when, scope)} THEN ${emitExpression(branch.result, scope)}`,
      )
      const otherwise = node.otherwise === undefined ? '' : ` ELSE ${emitExpression(node.otherwise, scope)}`
      return { text: `CASE${branches.join('')}${otherwise} END`, holds: tightness.whole }
    }
    case 'Call':
      return { text: call(node, scope, ''), holds: tightness.whole }
    case 'Over':
      return { text: over(node, scope), holds: tightness.whole }
    case 'GetField':
      return {
        text: dialect.field(emitExpression(node.operand, scope), node.name, () => scope.typeOf(node.operand)),
        holds: tightness.whole,
      }
    case 'GetItem':
      if (typeof node.key === 'object')
        throw new LakefrontError('INTERNAL', 'A computed key was not lowered before its SQL was written.')
      if (typeof node.key === 'number' && scope.typeOf(node.operand)?.kind === 'map')
        return { text: call(itemOfMap(node), scope, ''), holds: tightness.whole }
      return { text: dialect.item(whole(node.operand), node.key), holds: tightness.whole }
    case 'Lambda':
      if (dialect.lambda === undefined) {
        throw new LakefrontError(
          'UNSUPPORTED',
          `The dialect ${dialect.name} has no functions over the items of a list.`,
        )
      }
      return { text: dialect.lambda(node.parameters, emitExpression(node.body, scope)), holds: 0 }
    case 'LambdaVariable':
      return { text: node.name, holds: tightness.whole }
    case 'Alias':
      return write(node.operand, scope)
    case 'SortKey':
      return {
        text: `${ordered(node.operand, scope, 0)} ${node.descending ? 'DESC' : 'ASC'} NULLS ${node.nulls.toUpperCase()}`,
        holds: 0,
      }
    case 'ColumnReference':
    case 'InputColumn':
      throw new LakefrontError('INTERNAL', `The column "${node.name}" was not bound before its SQL was written.`)
    default:
      return node satisfies never
  }
}

/** A number is a key of a map, not a position. */
function itemOfMap({ operand, key }: GetItem): Call {
  const operands = Object.freeze([operand, Object.freeze({ kind: 'Literal', value: key as number } as const)])
  return { kind: 'Call', name: 'itemAt', role: 'scalar', operands }
}

/** Fractions are cut off by a cast to whole numbers, as in PySpark; engines round them, each its own way. */
function castOperand({ operand, type }: Cast, scope: EmitScope): string {
  const text = emitExpression(operand, scope)
  if (!wholeType.test(type)) return text
  const kind = scope.typeOf(operand)?.kind
  return kind === 'double' || kind === 'float' || kind === 'decimal' ? `trunc(${text})` : text
}

function ordered(node: Expression, scope: EmitScope, tight: number): string {
  const { dialect } = scope
  if (dialect.ordered === undefined) return emitExpression(node, scope, tight)
  const type = scope.typeOf(node)
  return type?.kind === 'varchar'
    ? dialect.ordered(emitExpression(node, scope, tightness.whole), type)
    : emitExpression(node, scope, tight)
}

/** AND inside AND needs no brackets, AND inside OR gets them all the same. */
function needed(side: Expression, operator: 'and' | 'or'): number {
  return side.kind === 'Binary' && side.operator === operator ? tightness[operator] : tightness.not
}

function call(node: Call, scope: EmitScope, over: string): string {
  const generated = node.role === 'generator' ? scope.generated?.(node) : undefined
  if (generated !== undefined) return generated
  const spelling = Object.hasOwn(scope.dialect.functions, node.name) ? scope.dialect.functions[node.name] : undefined
  if (spelling === undefined) {
    throw new LakefrontError(
      'UNSUPPORTED',
      `The function ${node.name}() cannot be said in the dialect ${scope.dialect.name}.`,
      { details: { operation: node.name, dialect: scope.dialect.name } },
    )
  }
  if (over !== '' && typeof spelling !== 'string' && 'call' in spelling && spelling.hasWindows === false) {
    throw new LakefrontError(
      'UNSUPPORTED',
      `The function ${node.name}() over a window cannot be said in the dialect ${scope.dialect.name}.`,
      { details: { operation: node.name, dialect: scope.dialect.name } },
    )
  }
  if (typeof spelling === 'string' && isName.test(spelling)) {
    const operands = node.operands
      .map((operand) => emitExpression(operand, operand.kind === 'Lambda' ? scope.inside(node) : scope))
      .join(', ')
    return `${spelling}(${node.distinct ? 'DISTINCT ' : ''}${operands})${over}`
  }
  const operands = node.operands.map((operand) =>
    operand.kind === 'Lambda'
      ? emitExpression(operand, scope.inside(node))
      : emitExpression(operand, scope, tightness.whole),
  )
  if (typeof spelling === 'string' || !('call' in spelling)) {
    const template = typeof spelling === 'string' ? spelling : (spelling[operands.length] ?? spelling.at(-1)!)
    return filled(template, operands, node.distinct === true, over)
  }
  const typeOf = (index: number): LogicalType | undefined => {
    const operand = node.operands[index]
    if (operand?.kind === 'Lambda') return scope.inside(node).typeOf(operand.body)
    return operand === undefined ? undefined : scope.typeOf(operand)
  }
  const alone = spelling.call(operands, node.distinct === true, node.operands, typeOf, over)
  const text = spelling.hasWindows === 'within' ? alone : alone + over
  return spelling.then?.(text) ?? text
}

/** A spelling that is the name of a function, not a template. */
const isName = /^\w+$/

/** Puts a call into its template; see {@link Spelling}. */
function filled(template: string, operands: readonly string[], distinct: boolean, over: string): string {
  const text = template.replace(/\{(\d|\*|distinct|over)\}/g, (_, slot: string) => {
    if (slot === '*') return operands.join(', ')
    if (slot === 'distinct') return distinct ? 'DISTINCT ' : ''
    return slot === 'over' ? over : operands[Number(slot) - 1]!
  })
  return template.includes('{over}') ? text : text + over
}

function over(node: Over, scope: EmitScope): string {
  const clause = ` OVER (${window(node.window, node.call.kind === 'Call' && node.call.role === 'window', scope)})`
  return node.call.kind === 'Call' ? call(node.call, scope, clause) : `${rawCall(node.call, scope)}${clause}`
}

/** A function call in SQL text stands without brackets before OVER. */
function rawCall(node: Expression, scope: EmitScope): string {
  return emitExpression(node, scope).replace(/^\(([\s\S]*)\)$/, '$1')
}

function window({ partitionBy, orderBy, frame }: WindowFrame, isRanking: boolean, scope: EmitScope): string {
  const clauses: string[] = []
  if (partitionBy.length > 0)
    clauses.push(`PARTITION BY ${partitionBy.map((each) => emitExpression(each, scope)).join(', ')}`)
  const byValue = frame?.unit === 'range' && [frame.start, frame.end].some((at) => at !== 0 && Number.isFinite(at))
  const keys = byValue ? orderBy.map((key) => scope.dialect.rangeKey?.(key, scope.typeOf(key)) ?? key) : orderBy
  if (keys.length > 0) clauses.push(`ORDER BY ${keys.map((each) => emitExpression(each, scope)).join(', ')}`)
  if (frame !== undefined)
    clauses.push(`${frame.unit.toUpperCase()} BETWEEN ${bound(frame.start, scope)} AND ${bound(frame.end, scope)}`)
  else if (orderBy.length > 0 && !isRanking) clauses.push('RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW')
  return clauses.join(' ')
}

function bound(value: number, { dialect }: EmitScope): string {
  if (value === 0) return 'CURRENT ROW'
  const side = value < 0 ? 'PRECEDING' : 'FOLLOWING'
  return `${Number.isFinite(value) ? dialect.literal(Math.abs(value)) : 'UNBOUNDED'} ${side}`
}

/** Brackets keep the user's text one expression; a comment at its end must not swallow what follows. */
function raw(parts: readonly string[], operands: readonly string[]): string {
  const text = parts.reduce((before, part, index) => before + operands[index - 1]! + part).trim()
  return text.includes('--') ? `(${text}\n)` : `(${text})`
}
