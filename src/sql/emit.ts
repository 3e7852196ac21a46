import type { Parameter } from '../engine/engine.ts'
import type { Expression, Literal } from '../expr/expression.ts'
import { LakefrontError } from '../errors.ts'
import { sqlTokens } from '../expr/sql-text.ts'
import type { Variables } from '../expr/type-of.ts'
import { hasRawSql, isAggregate, someExpression } from '../expr/walk.ts'
import type { Query } from '../plan/nodes.ts'
import type { LogicalType } from '../types/logical-type.ts'
import type { Dialect } from './dialects/dialect.ts'
import { type EmitScope, emitExpression } from './emit-expression.ts'
import { type From, type Relation, type Select, isBare, wholeRelation } from './select.ts'
import { Types } from './types.ts'

/** SQL text and the values of its placeholders `$1`, `$2` … */
export interface Emitted {
  readonly sql: string
  readonly parameters: readonly Parameter[] | Readonly<Record<string, Parameter>>
  readonly types?: readonly (LogicalType | undefined)[]
}

interface FromOptions {
  readonly show: 'needed' | 'given' | 'all'
  /** Takes up what belongs in WHERE. */
  readonly tests: string[]
}

/** The indent of sub-queries that lie a thousand deep, which no engine takes; their text would grow with the square of the depth. */
const deepestLine = 1 + 2 * 1000

/** Writes SELECTs. With `inline`, values are written as literals and there are no parameters: for people, not for engines. */
export class Emitter {
  readonly #dialect: Dialect
  readonly #inline: boolean
  readonly #parameters: Parameter[] = []
  readonly #placeholders = new Map<object, string>()
  readonly #aliases = new Map<number, string>()
  readonly #types = new Types()
  #tables = 0
  #named = false

  constructor(dialect: Dialect, inline: boolean) {
    this.#dialect = inline ? { ...dialect, binds: () => false } : dialect
    this.#inline = inline
  }

  statement(select: Select): Emitted {
    this.#types.learn(select)
    const sql = this.#select(select, '\n')
    const types =
      this.#dialect.types === 'of the plan'
        ? { types: select.columns.map(({ expression }) => this.#types.of(expression)) }
        : {}
    return { sql, parameters: this.#parameters, ...types }
  }

  /** SQL text as the user wrote it, which is the whole statement. The values of a script have names: each statement takes its own. */
  query(query: Query, inputs: readonly Select[]): Emitted {
    for (const input of inputs) this.#types.learn(input)
    this.#named = this.#dialect.namedPlaceholder !== undefined && isScript(query.parts)
    const sql = this.#queryText(query, inputs, '\n')
    if (!this.#named) return { sql, parameters: this.#parameters }
    return { sql, parameters: Object.fromEntries(this.#parameters.map((value, at) => [`v${at + 1}`, value])) }
  }

  /** `UPDATE table SET …`, to what a SELECT from the table computes for each of `columns`. */
  update(table: string, columns: readonly string[], select: Select): Emitted {
    this.#types.learn(select)
    const scope = this.#scopeOf(select)
    const set = columns.map(
      (name, index) =>
        `${this.#dialect.identifier(name)} = ${emitExpression(select.columns[index]!.expression, scope)}`,
    )
    return this.#changing(`UPDATE ${table}\nSET ${set.join(', ')}`, select, scope)
  }

  /** `DELETE FROM table`, of the rows a SELECT from the table would give. */
  remove(table: string, select: Select): Emitted {
    this.#types.learn(select)
    return this.#changing(`DELETE FROM ${table}`, select, this.#scopeOf(select))
  }

  #changing(head: string, select: Select, scope: EmitScope): Emitted {
    const where = conjunction(select.where, scope)
    return { sql: where === '' ? head : `${head}\nWHERE ${where}`, parameters: this.#parameters }
  }

  /** `line` is what starts a new line here: a line break and the indent. */
  #select(select: Select, line: string): string {
    if (line.length > deepestLine) throw new RangeError('Sub-queries lie inside of each other a thousand deep.')
    const whole = isBare(select) && select.from.kind === 'relation' && select.from.relation
    if (whole && whole.body.kind === 'set') return this.#set(whole.body, line)
    if (whole && whole.body.kind === 'select' && !whole.renamed) return this.#select(whole.body.select, line)
    const generators = this.#generators(select)
    const scope = generators?.scope ?? this.#scopeOf(select)
    const names = new Map(select.columns.map((column) => [column.expression, column.name]))
    const clauses = [`SELECT ${select.distinct ? 'DISTINCT ' : ''}${this.#columns(select, scope)}`]
    const tests: string[] = []
    const safe = this.#unambiguous(select, scope)
    const keys = select.groupBy?.map((key) => notPosition(key, safe))
    const groupBy = keys === undefined || select.sets === undefined ? keys?.join(', ') : groupingSets(keys, select.sets)
    const having = conjunction(select.having, safe)
    const orderBy = select.orderBy
      .filter((key) => key.operand.kind !== 'Literal')
      .map((key) => {
        const name = key.operand.kind === 'RelationColumn' ? undefined : names.get(key.operand)
        const isCollated = this.#dialect.ordered !== undefined && this.#types.of(key.operand)?.kind === 'varchar'
        const shown = name !== undefined && isUniqueName(name, select) && !isCollated
        return shown
          ? `${this.#dialect.identifier(name)} ${key.descending ? 'DESC' : 'ASC'} NULLS ${key.nulls.toUpperCase()}`
          : emitExpression(key, safe)
      })
    const from = this.#from(select.from, line, { tests, show: mentionsRawSql(select) ? 'given' : 'needed' })
    clauses.push(`FROM ${[from, ...(generators?.joins ?? [])].join(line)}`)
    const sample = select.sample === undefined ? undefined : this.#sample(select.sample, scope, tests)
    const where = conjunction(select.where, scope, tests)
    if (where !== '') clauses.push(`WHERE ${where}`)
    if (groupBy) clauses.push(`GROUP BY ${groupBy}`)
    else if (groupBy === '' && !select.columns.some(({ expression }) => isAggregate(expression)))
      clauses.push(this.#dialect.groupOfAll)
    if (having !== '') clauses.push(`HAVING ${having}`)
    if (sample !== undefined) clauses.push(sample)
    if (orderBy.length > 0) clauses.push(`ORDER BY ${orderBy.join(', ')}`)
    if (select.limit !== undefined || select.offset > 0)
      clauses.push(...this.#dialect.limit(select.limit, select.offset))
    return clauses.join(line)
  }

  /** Lists whose items are rows of the FROM clause, side by side, where SELECT cannot make rows. */
  #generators(select: Select): { readonly joins: readonly string[]; readonly scope: EmitScope } | undefined {
    const { generator } = this.#dialect
    if (generator === undefined) return undefined
    const calls = select.columns.flatMap(({ expression }) =>
      expression.kind === 'Call' && expression.role === 'generator' ? [expression] : [],
    )
    if (calls.length === 0) return undefined
    const scope = this.#qualified(select.from)
    const lists = new Map<string, string>()
    const texts = new Map<Expression, string>()
    for (const call of calls) {
      const list = emitExpression(call.operands[0]!, scope)
      const alias = lists.get(list) ?? this.#dialect.identifier(`lf_g${lists.size + 1}`)
      lists.set(list, alias)
      texts.set(call, call.name.endsWith('Positions') ? generator.position(alias) : generator.value(alias))
    }
    const [first] = lists.values()
    const join = calls[0]!.name.startsWith('unnestOuter') ? 'LEFT JOIN' : 'JOIN'
    const joins = [...lists].map(
      ([list, alias]) =>
        `${join} ${generator.rows(list, alias)} ON ${alias === first ? 'TRUE' : `${generator.position(alias)} = ${generator.position(first!)}`}`,
    )
    return { joins, scope: { ...scope, generated: (call) => texts.get(call) } }
  }

  /** A clause where there is one, which an optimizer cannot move to other rows; else a test. */
  #sample(fraction: number, scope: EmitScope, tests: string[]): string | undefined {
    if (this.#dialect.sample !== undefined) return this.#dialect.sample(fraction)
    const number: Expression = { kind: 'Call', name: 'rand', role: 'scalar', operands: [] }
    tests.push(
      emitExpression(
        { kind: 'Binary', operator: 'lt', left: number, right: { kind: 'Literal', value: fraction } },
        scope,
      ),
    )
    return undefined
  }

  #set(set: Extract<Relation['body'], { kind: 'set' }>, line: string): string {
    const operator = this.#dialect.setOperator(set.operation, set.all)
    if (operator === undefined) throw this.#unsupported(`${set.operation}${set.all ? ' all' : ''}`)
    const branches = set.branches.map((branch) => {
      const isSet = isBare(branch) && branch.from.kind === 'relation' && branch.from.relation.body.kind === 'set'
      const alone = isSet || branch.orderBy.length > 0 || branch.limit !== undefined || branch.offset > 0
      if (!alone) return this.#select(branch, line)
      const inner = `(${line}  ${this.#select(branch, `${line}  `)}${line})`
      return this.#dialect.bracketsBranches ? inner : `SELECT * FROM ${inner}`
    })
    return branches.join(`${line}${operator}${line}`)
  }

  /** Runs of a relation's columns, all and in order, are written as a star. */
  #columns(select: Select, scope: EmitScope): string {
    const relations = new Map(relationsOf(select.from).map((relation) => [relation.id, relation]))
    const written: string[] = []
    for (let at = 0; at < select.columns.length;) {
      const { name, expression } = select.columns[at]!
      const relation = expression.kind === 'RelationColumn' ? relations.get(expression.relation) : undefined
      const width = relation?.columns.length ?? 0
      if (relation !== undefined && (width > 1 || relations.size === 1) && isRun(select, at, relation)) {
        written.push(relations.size === 1 ? '*' : `${this.#aliasOf(relation)}.*`)
        at += width
        continue
      }
      const text = emitExpression(expression, scope)
      const named = expression.kind === 'RelationColumn' && expression.name === name
      written.push(named ? text : `${text} AS ${this.#dialect.identifier(name)}`)
      at++
    }
    return written.join(', ')
  }

  /** SQL text of the user's may name an alias that was given, which is not written where nothing needs it. */
  #from(from: From, line: string, { show, tests }: FromOptions): string {
    if (from.kind === 'relation') return this.#relation(from.relation, line, show)
    const left = this.#from(from.left, line, { show: 'all', tests })
    const keyword = this.#dialect.joins[from.how]
    if (keyword === undefined) {
      const inner = `${line}    `
      const right = this.#from(from.right, inner, { show: 'all', tests })
      const condition = emitExpression(from.condition!, this.#qualified(from))
      tests.push(
        `${from.how === 'anti' ? 'NOT ' : ''}EXISTS (${inner}SELECT 1${inner}FROM ${right}${inner}WHERE ${condition}${line}  )`,
      )
      return left
    }
    if (this.#dialect.equalityJoins?.includes(from.how) === true && !hasEquality(from.condition!))
      throw this.#unsupported(`A ${from.how} join whose condition has no equality of both sides`)
    const right = this.#from(from.right, line, { show: 'all', tests })
    const on = from.condition === undefined ? '' : ` ON ${emitExpression(from.condition, this.#qualified(from), 0)}`
    return `${left}${line}${keyword} ${right}${on}`
  }

  #relation(relation: Relation, line: string, aliases: 'needed' | 'given' | 'all'): string {
    const { body } = relation
    const isShown = aliases === 'all' || (aliases === 'given' && relation.alias !== undefined)
    const needsAlias =
      isShown || relation.renamed || body.kind === 'select' || body.kind === 'set' || body.kind === 'query'
    const alias = needsAlias || this.#aliases.has(relation.id) ? ` AS ${this.#aliasOf(relation)}` : ''
    if (!relation.renamed) return this.#body(body, line) + alias
    const columns = `(${relation.columns.map((name) => this.#dialect.identifier(name)).join(', ')})`
    if (this.#dialect.namesColumns) return this.#body(body, line) + alias + columns
    const named = this.#dialect.identifier('named')
    return `(WITH ${named}${columns} AS (SELECT * FROM ${this.#body(body, line)}) SELECT * FROM ${named})${alias}`
  }

  #body(body: Relation['body'], line: string): string {
    const inner = `${line}  `
    switch (body.kind) {
      case 'scan':
        return this.#dialect.scan(body.id)
      case 'table':
        return body.name.map((part) => this.#dialect.identifier(part)).join('.')
      case 'query':
        return `(\n${this.#queryText(body.query, body.inputs, inner)}\n)`
      case 'select':
        return `(${inner}${this.#select(body.select, inner)}${line})`
      case 'set':
        return `(${inner}${this.#set(body, inner)}${line})`
      default:
        return body satisfies never
    }
  }

  #queryText(query: Query, inputs: readonly Select[], line: string): string {
    let next = 0
    return query.parts.reduce((text, part, index) => {
      const slot = query.slots[index - 1]!
      return text + ('plan' in slot ? this.#input(inputs[next++]!, line) : this.#parameter(slot, slot.value)) + part
    })
  }

  #input(select: Select, line: string): string {
    const relation = isBare(select) ? wholeRelation(select) : undefined
    const isName =
      relation !== undefined && !relation.renamed && (relation.body.kind === 'scan' || relation.body.kind === 'table')
    return isName ? this.#body(relation.body, line) : `(${line}  ${this.#select(select, `${line}  `)}${line})`
  }

  #scopeOf(select: Select): EmitScope {
    return select.from.kind === 'join' || this.#dialect.qualifiesColumns === true
      ? this.#qualified(select.from)
      : this.#scope(new Map())
  }

  #qualified(from: From): EmitScope {
    return this.#scope(new Map(relationsOf(from).map((relation) => [relation.id, relation])))
  }

  /** ORDER BY, GROUP BY and HAVING also see the names of the result: a column that one of them hides is qualified. */
  #unambiguous(select: Select, scope: EmitScope): EmitScope {
    if (select.from.kind === 'join' || this.#dialect.qualifiesColumns === true) return scope
    const { relation } = select.from
    const hiding = new Set(
      select.columns.flatMap(({ name, expression }) =>
        expression.kind === 'RelationColumn' && expression.name === name ? [] : [name.toLowerCase()],
      ),
    )
    const hidden = relation.columns.filter((name) => hiding.has(name.toLowerCase()))
    if (hidden.length === 0) return scope
    return this.#scope(new Map([[relation.id, relation]]), new Set(hidden))
  }

  #scope(
    relations: ReadonlyMap<number, Relation>,
    only?: ReadonlySet<string>,
    variables: Variables = new Map(),
  ): EmitScope {
    return {
      dialect: this.#dialect,
      column: (id, name) => {
        const relation = relations.get(id)
        const text = this.#dialect.identifier(name)
        return relation === undefined || only?.has(name) === false ? text : `${this.#aliasOf(relation)}.${text}`
      },
      typeOf: (node) => this.#types.of(node, variables),
      inside: (call) => this.#scope(relations, only, this.#types.inside(call, variables)),
      parameter: (literal: Literal) => this.#parameter(literal, literal.value),
    }
  }

  #aliasOf(relation: Relation): string {
    let alias = this.#aliases.get(relation.id)
    if (alias === undefined) {
      const taken = new Set(this.#aliases.values())
      alias = relation.alias === undefined ? '' : this.#dialect.identifier(relation.alias)
      while (alias === '' || taken.has(alias)) alias = this.#dialect.identifier(`t${++this.#tables}`)
      this.#aliases.set(relation.id, alias)
    }
    return alias
  }

  #unsupported(what: string): LakefrontError {
    return new LakefrontError('UNSUPPORTED', `${what} cannot be said in the dialect ${this.#dialect.name}.`, {
      details: { dialect: this.#dialect.name },
    })
  }

  #parameter(key: object, value: Parameter): string {
    if (this.#inline) return this.#dialect.literal(value)
    let placeholder = this.#placeholders.get(key)
    if (placeholder === undefined) {
      const position = this.#parameters.push(value)
      placeholder = this.#named ? this.#dialect.namedPlaceholder!(`v${position}`) : this.#dialect.placeholder(position)
      this.#placeholders.set(key, placeholder)
    }
    return placeholder
  }
}

/** Whether a condition demands that something of one relation equals something of another. */
function hasEquality(condition: Expression): boolean {
  if (condition.kind !== 'Binary') return false
  if (condition.operator === 'and') return hasEquality(condition.left) || hasEquality(condition.right)
  if (condition.operator !== 'eq') return false
  const [left, right] = [relationIds(condition.left), relationIds(condition.right)]
  return left.size > 0 && right.size > 0 && ![...left].some((id) => right.has(id))
}

function relationIds(node: Expression): ReadonlySet<number> {
  const ids = new Set<number>()
  someExpression(node, (each) => {
    if (each.kind === 'RelationColumn') ids.add(each.relation)
    return false
  })
  return ids
}

function conjunction(conditions: readonly Expression[], scope: EmitScope, more: readonly string[] = []): string {
  if (conditions.length === 1 && more.length === 0) return emitExpression(conditions[0]!, scope)
  return [...conditions.map((condition) => emitExpression(condition, scope, 2)), ...more].join(' AND ')
}

/** Whether the text is several statements. */
function isScript(parts: readonly string[]): boolean {
  const tokens = sqlTokens(parts.join('NULL')).filter((token) => token.kind !== 'trivia')
  return tokens.some((token, at) => token.text === ';' && tokens[at + 1] !== undefined && tokens[at + 1]!.text !== ';')
}

/** A number alone would be read as a position in the result. */
function notPosition(key: Expression, scope: EmitScope): string {
  const text = emitExpression(key, scope)
  return key.kind === 'Literal' ? `coalesce(${text}, NULL)` : text
}

/** `ROLLUP (a, b)` and `CUBE (a, b)` where the sets are theirs, else all of them. */
function groupingSets(keys: readonly string[], sets: readonly (readonly number[])[]): string {
  const texts = sets.map((set) => set.join())
  const rollup = Array.from({ length: keys.length + 1 }, (_, dropped) =>
    [...keys.keys()].slice(0, keys.length - dropped).join(),
  )
  if (texts.join(';') === rollup.join(';')) return `ROLLUP (${keys.join(', ')})`
  if (keys.length < 13 && new Set(texts).size === 2 ** keys.length && texts.length === 2 ** keys.length)
    return `CUBE (${keys.join(', ')})`
  return `GROUPING SETS (${sets.map((set) => `(${set.map((at) => keys[at]!).join(', ')})`).join(', ')})`
}

function isRun(select: Select, at: number, relation: Relation): boolean {
  return relation.columns.every((name, index) => {
    const column = select.columns[at + index]
    return (
      column !== undefined &&
      column.name === name &&
      column.expression.kind === 'RelationColumn' &&
      column.expression.relation === relation.id &&
      column.expression.name === name
    )
  })
}

function isUniqueName(name: string, select: Select): boolean {
  return select.columns.filter((column) => column.name.toLowerCase() === name.toLowerCase()).length === 1
}

function mentionsRawSql(select: Select): boolean {
  const expressions = [...select.where, ...(select.groupBy ?? []), ...select.having, ...select.orderBy]
  return (
    expressions.some(hasRawSql) ||
    select.columns.some(({ expression }) => expression.kind !== 'RelationColumn' && hasRawSql(expression))
  )
}

function relationsOf(from: From): readonly Relation[] {
  return from.kind === 'relation' ? [from.relation] : [...relationsOf(from.left), ...relationsOf(from.right)]
}
