import type { FunctionCode, FunctionDefinition } from '../engine/function-definition.ts'
import { LakefrontError } from '../errors.ts'
import type { Column } from '../expr/column.ts'
import type { Argument } from '../expr/column-types.ts'
import { sql } from '../expr/sql.ts'
import { col } from '../expr/col.ts'
import type { LogicalType } from '../types/logical-type.ts'
import { parseType, typeName } from '../types/type-names.ts'
import { functionSource } from './function-source.ts'

/** The JavaScript value of a type given as text, as `collect()` gives it; `unknown` where the text does not tell. */
export type ValueOfType<Type extends string> =
  Lowercase<Type> extends `${infer Element}[]`
    ? (ValueOfType<Element> | null)[]
    : Lowercase<Type> extends keyof SimpleValues
      ? SimpleValues[Lowercase<Type>]
      : Lowercase<Type> extends `decimal${string}` | `numeric${string}`
        ? string
        : // eslint-disable-next-line @typescript-eslint/no-explicit-any
          any

interface SimpleValues {
  boolean: boolean
  tinyint: number
  smallint: number
  integer: number
  int: number
  utinyint: number
  usmallint: number
  uinteger: number
  float: number
  double: number
  bigint: bigint
  ubigint: bigint
  hugeint: bigint
  uhugeint: bigint
  varchar: string
  text: string
  string: string
  json: string
  uuid: string
  date: string
  time: string
  timestamp: string
  timestamptz: string
  interval: string
  blob: Uint8Array
}

/** The types of a function, and how it is called. */
export interface FunctionOptions<
  Args extends readonly string[],
  Returns extends string,
  Nulls extends 'skip' | 'pass',
> {
  /** Types of its arguments, as SQL names them: `['varchar', 'decimal(10,2)', 'integer[]']`. */
  readonly args: Args
  /** Type of its result. */
  readonly returns: Returns
  /** `skip` (default): where an argument is null, the result is, and the function is not called. `pass`: it is given nulls. */
  readonly nulls?: Nulls
  /** Whether it may answer something else to the same arguments, as `Math.random()` does. Default false. */
  readonly volatile?: boolean
}

type Values<Args extends readonly string[], Nulls> = {
  -readonly [I in keyof Args]: ValueOfType<Args[I]> | (Nulls extends 'pass' ? null : never)
}

type Result<Returns extends string> = ValueOfType<Returns> extends bigint ? bigint | number : ValueOfType<Returns>

/** A function of the values of a row. */
export type RowFunction<Args extends readonly string[], Returns extends string, Nulls> = (
  ...values: Values<Args, Nulls>
) => Result<Returns> | null | undefined

/** A function of columns of up to 2,048 rows, as `toColumns()` gives them; it returns one array of as many values. */
export type ColumnFunction = (...columns: never[]) => ArrayLike<unknown>

/** A function of all rows of a group. States never leave the engine; `merge` may be given states of parts in any order. */
export interface AggregateFunction<Args extends readonly string[], Returns extends string, Nulls, State> {
  /** A state before any row. */
  init(): State
  /** The state after a row more; may be `state` itself, changed. */
  step(state: State, ...values: Values<Args, Nulls>): State
  /** Both states in one. */
  merge(state: State, other: State): State
  finish(state: State): Result<Returns> | null | undefined
}

/** An export of a module, by its absolute address. The way for functions that import others, and under a strict policy. */
export interface FunctionModule {
  readonly module: string | URL
  /** Default: the name of the function. */
  readonly export?: string
}

/** Makes columns: `slug('name')`, with names of columns, or columns, for arguments. */
export interface RegisteredFunction<Returns extends string> {
  (...args: readonly Argument[]): Column<ValueOfType<Returns> | null, never, string>
  /** Settles when the engine has the function, and rejects when it cannot have it; statements that call it then fail with the same error. */
  readonly ready: Promise<void>
}

/** What {@link Session.registerFunction} was told, as the engine is told it. */
export function functionDefinition(
  name: string,
  given: unknown,
  options: FunctionOptions<readonly string[], string, 'skip' | 'pass'> & { readonly form?: string },
): FunctionDefinition {
  if (typeof name !== 'string' || name === '')
    throw invalid(
      'registerFunction() takes a name, a function and its types: registerFunction("slug", (s) => …, { args: ["varchar"], returns: "varchar" }).',
    )
  const { args, returns, nulls = 'skip', volatile = false, form } = options ?? {}
  if (!Array.isArray(args) || typeof returns !== 'string') {
    throw invalid(
      `registerFunction("${name}") needs the types of the function: { args: ["varchar"], returns: "varchar" }.`,
    )
  }
  if (nulls !== 'skip' && nulls !== 'pass')
    throw invalid(`The option nulls of the function "${name}" is "skip" or "pass", not ${JSON.stringify(nulls)}.`)
  const forms = ['rows', 'columns', 'aggregate'] as const
  const isAggregate = isObject(given) && !('module' in given)
  const meant = forms.find((each) => each === (form ?? (isAggregate ? 'aggregate' : 'rows')))
  if (meant === undefined)
    throw invalid(
      `The option form of the function "${name}" is one of ${forms.join(', ')}, not ${JSON.stringify(form)}.`,
    )
  return {
    name,
    form: meant,
    code: codeOf(name, given),
    args: (args as readonly string[]).map((type) => parseType(type)),
    returns: parseType(returns),
    takesNulls: nulls === 'pass',
    isVolatile: volatile,
  }
}

function codeOf(name: string, given: unknown): FunctionCode {
  if (typeof given === 'function') return { source: functionSource(name, given as () => unknown) }
  if (isObject(given) && 'module' in given) {
    const { module, export: exported = name } = given as unknown as FunctionModule
    if (!URL.canParse(String(module))) {
      throw invalid(
        `The module of the function "${name}" is given by its absolute address: new URL("./functions.js", import.meta.url).`,
      )
    }
    return { module: String(module), exported }
  }
  const parts = ['init', 'step', 'merge', 'finish']
  if (isObject(given) && parts.every((part) => typeof given[part] === 'function')) {
    const sources = parts.map((part) => `${part}: ${functionSource(name, given[part] as () => unknown)}`)
    return { source: `{ ${sources.join(',\n')} }` }
  }
  throw invalid(
    `registerFunction("${name}") takes a function, an aggregate { init, step, merge, finish }, or { module, export }.`,
  )
}

/** What makes columns of calls. The cast tells the type before anything runs, and costs nothing. */
export function functionCaller(
  { name, args, returns }: FunctionDefinition,
  ready: Promise<void>,
): RegisteredFunction<string> {
  const call = (...given: readonly Argument[]): Column<unknown, never, string> => {
    if (given.length !== args.length)
      throw invalid(
        `${name}() takes ${args.length} arguments (${args.map(typeName).join(', ')}); ${given.length} were given.`,
      )
    const between = given.slice(1).map((_, index) => `${castTo(args[index]!)}, CAST(`)
    const last = args.at(-1)
    const close = `) AS ${typeName(returns)})`
    const quoted = `CAST("${name.replaceAll('"', '""')}"(`
    const parts = last === undefined ? [quoted + close] : [`${quoted}CAST(`, ...between, castTo(last) + close]
    const columns = given.map((each) => (typeof each === 'string' ? col(each) : each))
    return sql(Object.assign(parts, { raw: parts }) as TemplateStringsArray, ...(columns as never[]))
  }
  return Object.assign(call, { ready }) as RegisteredFunction<string>
}

function castTo(type: LogicalType): string {
  return ` AS ${typeName(type)})`
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function invalid(message: string): LakefrontError {
  return new LakefrontError('INVALID_ARGUMENT', message)
}
