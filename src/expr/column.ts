import { LakefrontError } from '../errors.ts'
import type { LogicalType } from '../types/logical-type.ts'
import { parseType, typeName } from '../types/type-names.ts'
import type {
  Aggregating,
  AnyColumn,
  ArithmeticNeeds,
  ClassNeed,
  ComparisonNeeds,
  Deferred,
  Operand,
  OperandName,
  OperandNeeds,
  OperandType,
} from './column-types.ts'
import type { BinaryOperator, Expression, SortKey, UnaryOperator } from './expression.ts'
import { describeExpression } from './describe.ts'
import { literal } from './literal.ts'
import { bareNode, isColumn, operandNode } from './operand.ts'
import type { WindowSpec } from './window.ts'

type Named<T, Needs extends string, Names extends readonly string[]> = Names extends readonly [
  infer Name extends string,
]
  ? Column<T, Needs, Name>
  : Column<Deferred<'columns', [T, Names]>, Needs, never>

type Truth<S, O, More extends string> = Column<
  Deferred<'boolean', [OperandType<S>, OperandType<O>]>,
  OperandNeeds<S> | OperandNeeds<O> | More,
  string
>
type Logic<S, O> = Truth<S, O, ClassNeed<OperandType<S>, 'boolean'> | ClassNeed<OperandType<O>, 'boolean'>>
type Comparison<S, O> = Truth<S, O, ComparisonNeeds<OperandType<S>, OperandType<O>>>
type Match<S, O> = Truth<S, O, ClassNeed<OperandType<S>, 'string'> | ClassNeed<OperandType<O>, 'string'>>
type Arithmetic<S, O> = Column<
  Deferred<'arithmetic', [OperandType<S>, OperandType<O>]>,
  OperandNeeds<S> | OperandNeeds<O> | ArithmeticNeeds<OperandType<S>, OperandType<O>>,
  string
>

/**
 * A value computed from each row. Immutable: every method returns a new column.
 *
 * `T` is the type of the value, worked out when the row type is known; `Needs` the names of the columns it reads; `Name`
 * its own name in a result. Strings given to methods are values, never names: `col('a').eq('b')` compares with the text `b`.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export class Column<out T = any, out Needs extends string = any, out Name extends string = any> {
  /** The types above, for the compiler only: nothing is there at run time. */
  declare readonly '~types': { readonly value: T; readonly needs: Needs; readonly name: Name }
  readonly [Symbol.toStringTag]: string = 'lakefront.column'
  /** What the column computes, as plain data. */
  readonly node: Expression

  /** Columns are made by `col`, `lit`, `when`, `sql` and the functions, not by this. */
  constructor(node: Expression) {
    this.node = node
  }

  /** `a + b`; NULL when one is. */
  add<O extends Operand, S extends AnyColumn>(this: S, other: O): Arithmetic<S, O> {
    return this.#binary('add', other)
  }

  /** `a - b` */
  sub<O extends Operand, S extends AnyColumn>(this: S, other: O): Arithmetic<S, O> {
    return this.#binary('sub', other)
  }

  /** `a * b` */
  mul<O extends Operand, S extends AnyColumn>(this: S, other: O): Arithmetic<S, O> {
    return this.#binary('mul', other)
  }

  /** `a / nullif(b, 0)`: true division, 7 by 2 is 3.5. NULL when the divisor is 0, on every engine. */
  div<O extends Operand, S extends AnyColumn>(
    this: S,
    other: O,
  ): Column<
    Deferred<'number', [OperandType<S>, O extends number | bigint ? O : OperandType<O> | null]>,
    OperandNeeds<S> | OperandNeeds<O> | ArithmeticNeeds<OperandType<S>, OperandType<O>>,
    string
  > {
    return this.#binary('div', other)
  }

  /** `a % nullif(b, 0)`: the remainder, with the sign of `a`. NULL when the divisor is 0. */
  mod<O extends Operand, S extends AnyColumn>(this: S, other: O): Arithmetic<S, O> {
    return this.#binary('mod', other)
  }

  /** `-a` */
  neg<S extends AnyColumn>(this: S): Arithmetic<S, S> {
    return this.#unary('neg')
  }

  /** `a = b`. NULL when one is NULL, so a filter drops the row; see {@link eqNullSafe}. */
  eq<O extends Operand, S extends AnyColumn>(this: S, other: O): Comparison<S, O> {
    return this.#binary('eq', other)
  }

  /** `a <> b` */
  ne<O extends Operand, S extends AnyColumn>(this: S, other: O): Comparison<S, O> {
    return this.#binary('ne', other)
  }

  /** `a > b` */
  gt<O extends Operand, S extends AnyColumn>(this: S, other: O): Comparison<S, O> {
    return this.#binary('gt', other)
  }

  /** `a >= b` */
  ge<O extends Operand, S extends AnyColumn>(this: S, other: O): Comparison<S, O> {
    return this.#binary('ge', other)
  }

  /** `a < b` */
  lt<O extends Operand, S extends AnyColumn>(this: S, other: O): Comparison<S, O> {
    return this.#binary('lt', other)
  }

  /** `a <= b` */
  le<O extends Operand, S extends AnyColumn>(this: S, other: O): Comparison<S, O> {
    return this.#binary('le', other)
  }

  /** `a IS NOT DISTINCT FROM b`: two NULLs are equal, and the answer is never NULL. */
  eqNullSafe<O extends Operand, S extends AnyColumn>(
    this: S,
    other: O,
  ): Column<boolean, OperandNeeds<S> | OperandNeeds<O> | ComparisonNeeds<OperandType<S>, OperandType<O>>, string> {
    return this.#binary('eqNullSafe', other)
  }

  /** `a BETWEEN low AND high`, both ends included. */
  between<L extends Operand, H extends Operand, S extends AnyColumn>(
    this: S,
    low: L,
    high: H,
  ): Column<
    Deferred<'boolean', [OperandType<S>, OperandType<L>, OperandType<H>]>,
    | OperandNeeds<S | L | H>
    | ComparisonNeeds<OperandType<S>, OperandType<L>>
    | ComparisonNeeds<OperandType<S>, OperandType<H>>,
    string
  > {
    return make({ kind: 'Between', operand: bareNode(this.node), low: operandNode(low), high: operandNode(high) })
  }

  /** `a IN (x, y, …)`, from arguments or one array; FALSE when there are none. */
  isin<O extends Operand, S extends AnyColumn>(
    this: S,
    ...options: readonly O[] | readonly [readonly O[]]
  ): Column<
    Deferred<'boolean', [OperandType<S>]>,
    OperandNeeds<S | O> | ComparisonNeeds<OperandType<S>, OperandType<O>>,
    string
  > {
    const list = (Array.isArray(options[0]) ? options[0] : options) as readonly Operand[]
    return make({ kind: 'InList', operand: bareNode(this.node), options: Object.freeze(list.map(operandNode)) })
  }

  /** `a IS NULL` */
  isNull(): Column<boolean, Needs, string> {
    return this.#unary('isNull')
  }

  /** `a IS NOT NULL` */
  isNotNull(): Column<boolean, Needs, string> {
    return this.#unary('isNotNull')
  }

  /** `a AND b` */
  and<O extends Operand, S extends AnyColumn>(this: S, other: O): Logic<S, O> {
    return this.#binary('and', other)
  }

  /** `a OR b` */
  or<O extends Operand, S extends AnyColumn>(this: S, other: O): Logic<S, O> {
    return this.#binary('or', other)
  }

  /** `NOT a` */
  not<S extends AnyColumn>(this: S): Logic<S, S> {
    return this.#unary('not')
  }

  /** `a LIKE pattern`: `%` any text, `_` one character, `\` before either takes it as it is. Case matters. */
  like<O extends Operand, S extends AnyColumn>(this: S, pattern: O): Match<S, O> {
    return this.#binary('like', pattern)
  }

  /** `a ILIKE pattern`: as {@link like}, whatever the case. */
  ilike<O extends Operand, S extends AnyColumn>(this: S, pattern: O): Match<S, O> {
    return this.#binary('ilike', pattern)
  }

  /** `regexp_matches(a, pattern)`: whether the pattern is found anywhere in the text. Syntax: RE2. */
  rlike<O extends Operand, S extends AnyColumn>(this: S, pattern: O): Match<S, O> {
    return this.#call('rlike', pattern)
  }

  /** `starts_with(a, text)` */
  startsWith<O extends Operand, S extends AnyColumn>(this: S, text: O): Match<S, O> {
    return this.#call('startsWith', text)
  }

  /** `ends_with(a, text)` */
  endsWith<O extends Operand, S extends AnyColumn>(this: S, text: O): Match<S, O> {
    return this.#call('endsWith', text)
  }

  /** `contains(a, text)` */
  contains<O extends Operand, S extends AnyColumn>(this: S, text: O): Match<S, O> {
    return this.#call('contains', text)
  }

  /**
   * `CAST(a AS type)`. The type has DuckDB's name or PySpark's (`string`, `long`, …), and is checked at once; a value that does
   * not fit fails the query. To an integer, DECIMAL rounds halves away from zero and DOUBLE to the even one (PySpark cuts
   * fractions off).
   */
  cast<V = unknown>(type: string | LogicalType): Column<V, Needs, Name> {
    return make({ kind: 'Cast', operand: bareNode(this.node), type: typeText(type), safe: false })
  }

  /** `TRY_CAST(a AS type)`: NULL where {@link cast} would fail. */
  tryCast<V = unknown>(type: string | LogicalType): Column<V | null, Needs, Name> {
    return make({ kind: 'Cast', operand: bareNode(this.node), type: typeText(type), safe: true })
  }

  /** `a AS "name"`; with several names, those of the columns that `explode()` and its kin make: `F.explode('fares').as('day', 'fare')`. */
  as<const Names extends readonly [string, ...string[]]>(...names: Names): Named<T, Needs, Names> {
    if (names.some((name) => typeof name !== 'string' || name === '')) {
      throw new LakefrontError('INVALID_ARGUMENT', 'A column cannot be named by an empty string. Give as() a name.')
    }
    const operand = bareNode(this.node)
    const named = { kind: 'Alias', operand, name: names[0]! } as const
    if (names.length === 1) return make(named) as never
    if (operand.kind === 'Call' && operand.role === 'generator')
      return make({ ...named, names: Object.freeze(names) }) as never
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `as() was given ${names.length} names for ${describeExpression(operand)}, which is one column. Only explode() and its kin make several.`,
    )
  }

  /** As {@link as}. */
  alias<const Names extends readonly [string, ...string[]]>(...names: Names): Named<T, Needs, Names> {
    return this.as(...names)
  }

  /** `a ASC NULLS FIRST`, PySpark's order. */
  asc(): Column<T, Needs, Name> {
    return this.#sorted(false, 'first')
  }

  /** `a ASC NULLS FIRST` */
  ascNullsFirst(): Column<T, Needs, Name> {
    return this.#sorted(false, 'first')
  }

  /** `a ASC NULLS LAST` */
  ascNullsLast(): Column<T, Needs, Name> {
    return this.#sorted(false, 'last')
  }

  /** `a DESC NULLS LAST`, PySpark's order. */
  desc(): Column<T, Needs, Name> {
    return this.#sorted(true, 'last')
  }

  /** `a DESC NULLS FIRST` */
  descNullsFirst(): Column<T, Needs, Name> {
    return this.#sorted(true, 'first')
  }

  /** `a DESC NULLS LAST` */
  descNullsLast(): Column<T, Needs, Name> {
    return this.#sorted(true, 'last')
  }

  /** `struct_extract(a, 'name')`: a field of a struct; of a list of structs the list of that field of each. */
  getField<Key extends string>(name: Key): Column<Deferred<'field', [T, Key]>, Needs, Key> {
    return make({ kind: 'GetField', operand: bareNode(this.node), name })
  }

  /**
   * `a[1]` for position 0 of a list, counted from 0 as in PySpark; `a['key']` for a key of a map or a field of a struct; a
   * column computes position or key. NULL when there is no such item.
   */
  getItem<Key extends string | number | AnyColumn>(
    key: Key,
  ): Column<Deferred<'field', [T, Key extends AnyColumn ? OperandType<Key> : Key]>, Needs | OperandNeeds<Key>, string> {
    if (typeof key === 'number' && !(Number.isSafeInteger(key) && key >= 0)) {
      throw new LakefrontError('INVALID_ARGUMENT', `getItem(${key}): a position in a list is counted from 0.`)
    }
    return make({
      kind: 'GetItem',
      operand: bareNode(this.node),
      key: isColumn(key) ? bareNode(key.node) : (key as string | number),
    })
  }

  /**
   * `CASE WHEN a IS NOT NULL THEN struct_update(a, "name" := value) END`: the struct with a field replaced or added; `'b.c'` is the field
   * c of its field b. Strings are values.
   */
  withField<Key extends string, O extends Operand>(
    name: Key,
    value: O,
  ): Column<Deferred<'withField', [T, Key, OperandType<O>]>, Needs | OperandNeeds<O>, string> {
    const dot = name.indexOf('.')
    if (dot > 0) {
      const head = name.slice(0, dot)
      return this.withField(head, (this as Column).getField(head).withField(name.slice(dot + 1), value)) as never
    }
    return make({
      kind: 'Call',
      name: 'withField',
      role: 'scalar',
      operands: Object.freeze([bareNode(this.node), literal(name), operandNode(value)]),
      signature: '(struct, string, any) updated',
    })
  }

  /**
   * `{'kept': struct_extract(a, 'kept'), …}`: the struct without those fields; `'b.c'` is the field c of its field b. The type of the
   * struct must be known.
   */
  dropFields<Key extends string>(...names: readonly Key[]): Column<Deferred<'without', [T, Key]>, Needs, string> {
    const own = names.filter((name) => name.indexOf('.') < 1)
    const inner = names.reduce((column: Column, name) => {
      const dot = name.indexOf('.')
      if (dot < 1) return column
      const head = name.slice(0, dot)
      return column.withField(head, column.getField(head).dropFields(name.slice(dot + 1)))
    }, this as Column)
    if (own.length === 0 && names.length > 0) return inner as never
    return make({
      kind: 'Call',
      name: 'dropFields',
      role: 'scalar',
      operands: Object.freeze([bareNode(inner.node), ...own.map(literal)]),
      signature: '(struct, string...) dropped',
    })
  }

  /** `a & b`, of integers */
  bitwiseAND<O extends Operand, S extends AnyColumn>(this: S, other: O): Arithmetic<S, O> {
    return this.#call('bitwiseAnd', other, '(integer, integer) common')
  }

  /** `a | b`, of integers */
  bitwiseOR<O extends Operand, S extends AnyColumn>(this: S, other: O): Arithmetic<S, O> {
    return this.#call('bitwiseOr', other, '(integer, integer) common')
  }

  /** `xor(a, b)`, of integers */
  bitwiseXOR<O extends Operand, S extends AnyColumn>(this: S, other: O): Arithmetic<S, O> {
    return this.#call('bitwiseXor', other, '(integer, integer) common')
  }

  /** `a OVER (PARTITION BY … ORDER BY …)` for window functions and aggregates. */
  over<WindowNeeds extends string, S extends AnyColumn>(
    this: S,
    window: WindowSpec<WindowNeeds>,
  ): Column<OperandType<S>, Exclude<OperandNeeds<S>, Aggregating> | WindowNeeds, OperandName<S>> {
    const { node } = this
    const role = node.kind === 'Call' ? node.role : node.kind === 'RawSql' ? 'aggregate' : 'scalar'
    if (role === 'scalar') {
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `${describeExpression(node)} cannot be computed over a window. Call over() on the aggregate or window function itself, and as() after it.`,
      )
    }
    if (role === 'window' && window.frame.frame !== undefined) {
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `${describeExpression(node)} ignores frames. Leave rowsBetween() and rangeBetween() out.`,
      )
    }
    return make({ kind: 'Over', call: node, window: window.frame })
  }

  /** What the column computes, as a sentence of SQL. */
  toString(): string {
    return `Column<${describeExpression(this.node)}>`
  }

  /** Operators of JavaScript would compare and add the objects, not their values. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return this.toString()
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `JavaScript's operators do not work on columns such as ${describeExpression(this.node)}: write a.gt(1) for a > 1, a.add(1) for a + 1.`,
    )
  }

  #binary(operator: BinaryOperator, other: Operand): Column<never, never, never> {
    return make({ kind: 'Binary', operator, left: bareNode(this.node), right: operandNode(other) })
  }

  #unary(operator: UnaryOperator): Column<never, never, never> {
    return make({ kind: 'Unary', operator, operand: bareNode(this.node) })
  }

  #call(name: string, other: Operand, signature = '(string, string) boolean'): Column<never, never, never> {
    return make({
      kind: 'Call',
      name,
      role: 'scalar',
      operands: Object.freeze([bareNode(this.node), operandNode(other)]),
      signature,
    })
  }

  #sorted(descending: boolean, nulls: 'first' | 'last'): Column<T, Needs, Name> {
    const operand = this.node.kind === 'SortKey' ? this.node.operand : this.node
    return make({ kind: 'SortKey', operand, descending, nulls })
  }
}

/** One spelling of a type; what `parseType` does not read cannot get into a statement. */
function typeText(type: string | LogicalType): string {
  return typeName(parseType(typeof type === 'string' ? type : typeName(type)))
}

function make(node: Expression): Column<never, never, never> {
  return new Column(Object.freeze(node))
}

/** `value` as the key of an ORDER BY; a column without a direction ascends, NULLs first, as in PySpark. */
export function sortKey(value: Column | string, toNode: (name: string) => Expression): SortKey {
  const node = isColumn(value) ? value.node : toNode(value as string)
  return node.kind === 'SortKey'
    ? node
    : Object.freeze({ kind: 'SortKey', operand: node, descending: false, nulls: 'first' })
}
