import { LakefrontError } from '../../errors.ts'
import type { Column } from '../column.ts'
import type {
  AnyColumn,
  Argument,
  ArgumentNeeds,
  ArgumentType,
  ArgumentTypes,
  Deferred,
  Operand,
  OperandNeeds,
  OperandType,
  OperandWants,
  Wants,
} from '../column-types.ts'
import { literal } from '../literal.ts'
import { argumentNode, operandNode } from '../operand.ts'
import { call, callOf, checkInteger } from './call.ts'

type Text<A> = Column<Deferred<'string', [ArgumentType<A>]>, Wants<'string', A>, string>

/** `upper(x)` */
export function upper<A extends Argument>(value: A): Text<A> {
  return call('upper(string) varchar', 'scalar', [value])
}

/** `lower(x)` */
export function lower<A extends Argument>(value: A): Text<A> {
  return call('lower(string) varchar', 'scalar', [value])
}

/** `CAST(length(x) AS INTEGER)`: in characters, not bytes. */
export function length<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, ArgumentNeeds<A>, string> {
  return call('length(string|binary) integer', 'scalar', [value])
}

/** `trim(x)`, `trim(x, characters)`: spaces at both ends, no other white space, or any of the characters. */
export function trim<A extends Argument>(value: A, characters?: string): Text<A> {
  return callOf('trim(string, string?) varchar', 'scalar', [
    argumentNode(value),
    ...(characters === undefined ? [] : [literal(characters)]),
  ])
}

/** `ltrim(x)`, `ltrim(x, characters)`: spaces, no other white space, or any of the characters. */
export function ltrim<A extends Argument>(value: A, characters?: string): Text<A> {
  return callOf('ltrim(string, string?) varchar', 'scalar', [
    argumentNode(value),
    ...(characters === undefined ? [] : [literal(characters)]),
  ])
}

/** `rtrim(x)`, `rtrim(x, characters)`: spaces, no other white space, or any of the characters. */
export function rtrim<A extends Argument>(value: A, characters?: string): Text<A> {
  return callOf('rtrim(string, string?) varchar', 'scalar', [
    argumentNode(value),
    ...(characters === undefined ? [] : [literal(characters)]),
  ])
}

/** `substring(x, start, length)`: counted from 1 (0 is taken as 1), from the end when `start` is negative. */
export function substring<A extends Argument>(value: A, start: number, size?: number): Text<A> {
  for (const [name, number] of [
    ['start', start],
    ['size', size ?? 0],
  ] as const) {
    if (!Number.isSafeInteger(number))
      throw new LakefrontError('INVALID_ARGUMENT', `substring(): ${name} is ${number}; give an integer.`)
  }
  const bounds = size === undefined ? [start] : [start, Math.max(0, size)]
  return callOf('substring(string, integer, integer?) varchar', 'scalar', [argumentNode(value), ...bounds.map(literal)])
}

/** `(a || b || …)`: NULL when one is NULL, as in PySpark; {@link concatWs} skips NULLs. Also joins lists. */
export function concat<A extends readonly [Argument, ...Argument[]]>(
  ...values: A
): Column<Deferred<'string', { readonly [I in keyof A]: ArgumentType<A[I]> }>, ArgumentNeeds<A[number]>, string> {
  return call('concat(any...) joined', 'scalar', values)
}

/** `concat_ws(separator, a, b, …)`: what is not NULL, of lists too, with the separator between. */
export function concatWs<A extends readonly [AnyColumn | string, ...(AnyColumn | string)[]]>(
  separator: string,
  ...values: A
): Column<string, ArgumentNeeds<A[number]>, string> {
  return callOf('concatWs(string, any...) varchar', 'scalar', [literal(separator), ...values.map(argumentNode)])
}

/** `replace(x, search, replacement)`: every occurrence. Strings are values after the first argument. */
export function replace<A extends Argument, S extends Operand, R extends Operand = ''>(
  value: A,
  search: S,
  replacement?: R,
): Column<Deferred<'string', [ArgumentType<A>]>, ArgumentNeeds<A> | OperandNeeds<S> | OperandNeeds<R>, string> {
  return callOf('replace(string, string, string) varchar', 'scalar', [
    argumentNode(value),
    operandNode(search),
    operandNode(replacement ?? ''),
  ])
}

/** `trim(value, characters)` */
export function btrim<A extends Argument, B extends Operand = never>(
  value: A,
  characters?: B,
): Column<Deferred<'string', [ArgumentType<A>]>, Wants<'string', A> | OperandWants<'string', B>, string> {
  return callOf('btrim(string, string?) varchar', 'scalar', [
    argumentNode(value),
    ...(characters === undefined ? [] : [operandNode(characters)]),
  ])
}

/** `contains(value, text)` */
export function contains<A extends Argument, B extends Operand>(
  value: A,
  text: B,
): Column<
  Deferred<'boolean', [ArgumentType<A>, OperandType<B>]>,
  Wants<'string', A> | OperandWants<'string', B>,
  string
> {
  return callOf('contains(string, string) boolean', 'scalar', [argumentNode(value), operandNode(text)])
}

/** `starts_with(value, prefix)` */
export function startswith<A extends Argument, B extends Operand>(
  value: A,
  prefix: B,
): Column<
  Deferred<'boolean', [ArgumentType<A>, OperandType<B>]>,
  Wants<'string', A> | OperandWants<'string', B>,
  string
> {
  return callOf('startsWith(string, string) boolean', 'scalar', [argumentNode(value), operandNode(prefix)])
}

/** `ends_with(value, suffix)` */
export function endswith<A extends Argument, B extends Operand>(
  value: A,
  suffix: B,
): Column<
  Deferred<'boolean', [ArgumentType<A>, OperandType<B>]>,
  Wants<'string', A> | OperandWants<'string', B>,
  string
> {
  return callOf('endsWith(string, string) boolean', 'scalar', [argumentNode(value), operandNode(suffix)])
}

/** `list_value(a, b, …)[position]`: NULL where there is no such position (PySpark fails). */
export function elt<A extends Argument, B extends readonly Argument[]>(
  position: A,
  ...values: B
): Column<string | null, Wants<'number', A> | Wants<'string', B[number]>, string> {
  return callOf('elt(integer, string...) varchar', 'scalar', [
    argumentNode(position),
    ...values.map((each) => argumentNode(each)),
  ])
}

/**
 * `CASE WHEN value IS NOT NULL AND list IS NOT NULL THEN CAST(coalesce(list_position(string_split(list, ','), value), 0) AS INTEGER) END`: its place, from 1, in text with commas.
 */
export function findInSet<A extends Argument, B extends Operand>(
  value: A,
  list: B,
): Column<
  Deferred<'number', [ArgumentType<A>, OperandType<B>]>,
  Wants<'string', A> | OperandWants<'string', B>,
  string
> {
  return callOf('findInSet(string, string) integer', 'scalar', [argumentNode(value), operandNode(list)])
}

/** `format('{:,.' || digits || 'f}', CAST(value AS DOUBLE))`: with commas between thousands. */
export function formatNumber<A extends Argument>(
  value: A,
  digits: number,
): Column<Deferred<'string', [ArgumentType<A>]>, Wants<'number', A>, string> {
  checkInteger('formatNumber', 'digits', digits)
  return callOf('formatNumber(number, integer) varchar', 'scalar', [argumentNode(value), literal(digits)])
}

/**
 * `array_to_string(list_transform(string_split(lower(value), ' '), lambda word: upper(word[1]) || word[2:]), ' ')`: the first letter of each word in upper case, the rest in lower.
 */
export function initcap<A extends Argument>(
  value: A,
): Column<Deferred<'string', [ArgumentType<A>]>, Wants<'string', A>, string> {
  return callOf('initcap(string) varchar', 'scalar', [argumentNode(value)])
}

/** `CAST(instr(value, text) AS INTEGER)`: counted from 1; 0 when it is not there. */
export function instr<A extends Argument, B extends Operand>(
  value: A,
  text: B,
): Column<
  Deferred<'number', [ArgumentType<A>, OperandType<B>]>,
  Wants<'string', A> | OperandWants<'string', B>,
  string
> {
  return callOf('instr(string, string) integer', 'scalar', [argumentNode(value), operandNode(text)])
}

/** `left(value, greatest(size, 0))` */
export function left<A extends Argument, B extends Operand>(
  value: A,
  size: B,
): Column<
  Deferred<'string', [ArgumentType<A>, OperandType<B>]>,
  Wants<'string', A> | OperandWants<'number', B>,
  string
> {
  return callOf('left(string, integer) varchar', 'scalar', [argumentNode(value), operandNode(size)])
}

/** `right(value, greatest(size, 0))` */
export function right<A extends Argument, B extends Operand>(
  value: A,
  size: B,
): Column<
  Deferred<'string', [ArgumentType<A>, OperandType<B>]>,
  Wants<'string', A> | OperandWants<'number', B>,
  string
> {
  return callOf('right(string, integer) varchar', 'scalar', [argumentNode(value), operandNode(size)])
}

/** `CAST(levenshtein(value, other) AS INTEGER)`: in bytes of UTF-8 (PySpark: in characters). */
export function levenshtein<A extends Argument, B extends Operand>(
  value: A,
  other: B,
): Column<
  Deferred<'number', [ArgumentType<A>, OperandType<B>]>,
  Wants<'string', A> | OperandWants<'string', B>,
  string
> {
  return callOf('levenshtein(string, string) integer', 'scalar', [argumentNode(value), operandNode(other)])
}

/** `jaro_winkler_similarity(value, other)` */
export function jaroWinklerSimilarity<A extends Argument, B extends Operand>(
  value: A,
  other: B,
): Column<
  Deferred<'number', [ArgumentType<A>, OperandType<B>]>,
  Wants<'string', A> | OperandWants<'string', B>,
  string
> {
  return callOf('jaroWinklerSimilarity(string, string) double', 'scalar', [argumentNode(value), operandNode(other)])
}

/** `lpad(value, size, fill)`: cut to that size when it is longer. */
export function lpad<A extends Argument, B extends Operand>(
  value: A,
  size: B,
  fill = ' ',
): Column<
  Deferred<'string', [ArgumentType<A>, OperandType<B>]>,
  Wants<'string', A> | OperandWants<'number', B>,
  string
> {
  return callOf('lpad(string, integer, string?) varchar', 'scalar', [
    argumentNode(value),
    operandNode(size),
    literal(fill),
  ])
}

/** `rpad(value, size, fill)`: cut to that size when it is longer. */
export function rpad<A extends Argument, B extends Operand>(
  value: A,
  size: B,
  fill = ' ',
): Column<
  Deferred<'string', [ArgumentType<A>, OperandType<B>]>,
  Wants<'string', A> | OperandWants<'number', B>,
  string
> {
  return callOf('rpad(string, integer, string?) varchar', 'scalar', [
    argumentNode(value),
    operandNode(size),
    literal(fill),
  ])
}

/**
 * `left(value, start - 1) || replacement || substring(value, start + size)`: `replacement` in place of as many characters, or of `size`.
 */
export function overlay<A extends Argument, B extends Operand, C extends Operand, D extends Operand = never>(
  value: A,
  replacement: B,
  start: C,
  size?: D,
): Column<
  Deferred<'string', [ArgumentType<A>, OperandType<B>, OperandType<C>]>,
  Wants<'string', A> | OperandWants<'string', B> | OperandWants<'number', C> | OperandWants<'number', D>,
  string
> {
  return callOf('overlay(string, string, integer, integer?) varchar', 'scalar', [
    argumentNode(value),
    operandNode(replacement),
    operandNode(start),
    ...(size === undefined ? [] : [operandNode(size)]),
  ])
}

/** `'''' || replace(value, '''', '\\''') || ''''`: between single quotes, with a backslash before those inside. */
export function quote<A extends Argument>(
  value: A,
): Column<Deferred<'string', [ArgumentType<A>]>, Wants<'string', A>, string> {
  return callOf('quote(string) varchar', 'scalar', [argumentNode(value)])
}

/** `repeat(value, times)` */
export function repeat<A extends Argument, B extends Operand>(
  value: A,
  times: B,
): Column<
  Deferred<'string', [ArgumentType<A>, OperandType<B>]>,
  Wants<'string', A> | OperandWants<'number', B>,
  string
> {
  return callOf('repeat(string, integer) varchar', 'scalar', [argumentNode(value), operandNode(times)])
}

/**
 * `split_part(value, delimiter, part)`: counted from 1, from the end when negative; empty text where there is none.
 */
export function splitPart<A extends Argument, B extends Operand, C extends Operand>(
  value: A,
  delimiter: B,
  part: C,
): Column<
  Deferred<'string', [ArgumentType<A>, OperandType<B>, OperandType<C>]>,
  Wants<'string', A> | OperandWants<'string', B> | OperandWants<'number', C>,
  string
> {
  return callOf('splitPart(string, string, integer) varchar', 'scalar', [
    argumentNode(value),
    operandNode(delimiter),
    operandNode(part),
  ])
}

/**
 * `map_from_entries(list_transform(string_split(value, pairDelimiter), lambda pair: {'k': split_part(pair, keyDelimiter, 1), 'v': CASE WHEN contains(pair, keyDelimiter) THEN substring(pair, instr(pair, keyDelimiter) + length(keyDelimiter)) END}))`: keys without a delimiter have NULL (delimiters are text; in PySpark, patterns).
 */
export function strToMap<A extends Argument>(
  value: A,
  pairDelimiter = ',',
  keyDelimiter = ':',
): Column<Map<string, string | null> | null, Wants<'string', A>, string> {
  return callOf('strToMap(string, string?, string?) map<varchar, varchar>', 'scalar', [
    argumentNode(value),
    literal(pairDelimiter),
    literal(keyDelimiter),
  ])
}

/** `translate(value, from, to)`: each character of `from` becomes the one in its place of `to`, or nothing. */
export function translate<A extends Argument, B extends Operand, C extends Operand>(
  value: A,
  from: B,
  to: C,
): Column<
  Deferred<'string', [ArgumentType<A>, OperandType<B>, OperandType<C>]>,
  Wants<'string', A> | OperandWants<'string', B> | OperandWants<'string', C>,
  string
> {
  return callOf('translate(string, string, string) varchar', 'scalar', [
    argumentNode(value),
    operandNode(from),
    operandNode(to),
  ])
}

/** `reverse(value)`, of a list `list_reverse(value)`. */
export function reverse<A extends Argument>(value: A): Column<ArgumentType<A>, ArgumentNeeds<A>, string> {
  return callOf('reverse(string|list) same', 'scalar', [argumentNode(value)])
}

/** `instr(value, text)` with the arguments the other way round: where `text` is, from 1; 0 when it is not there. */
export function position<T extends Operand, A extends Argument>(
  text: T,
  value: A,
  start = 1,
): Column<Deferred<'number', [ArgumentType<A>]>, OperandWants<'string', T> | Wants<'string', A>, string> {
  checkInteger('position', 'start', start)
  return callOf('position(string, string, integer) integer', 'scalar', [
    operandNode(text),
    argumentNode(value),
    literal(start),
  ])
}

/** `translate(value, …)`: letters and digits of ASCII replaced by `X`, `x` and `n`, or as given; NULL keeps a kind as it is. */
export function mask<A extends Argument>(
  value: A,
  options: { readonly upper?: string | null; readonly lower?: string | null; readonly digit?: string | null } = {},
): Column<Deferred<'string', [ArgumentType<A>]>, Wants<'string', A>, string> {
  const kinds = [
    ['ABCDEFGHIJKLMNOPQRSTUVWXYZ', options.upper === undefined ? 'X' : options.upper],
    ['abcdefghijklmnopqrstuvwxyz', options.lower === undefined ? 'x' : options.lower],
    ['0123456789', options.digit === undefined ? 'n' : options.digit],
  ] as const
  const replaced = kinds.filter(([, by]) => by !== null)
  for (const [, by] of replaced) {
    if ([...by!].length !== 1)
      throw new LakefrontError('INVALID_ARGUMENT', `mask(): "${by}" is not one character. Give one, or null to keep.`)
  }
  const from = replaced.map(([letters]) => letters).join('')
  const to = replaced.map(([letters, by]) => by!.repeat(letters.length)).join('')
  return callOf('translate(string, string, string) varchar', 'scalar', [
    argumentNode(value),
    literal(from),
    literal(to),
  ])
}

/** `printf(format, a, b, …)`: `%s`, `%d`, `%5.2f` … stand for the values. */
export function formatString<A extends readonly Argument[]>(
  format: string,
  ...values: A
): Column<Deferred<'string', ArgumentTypes<A>>, ArgumentNeeds<A[number]>, string> {
  return callOf('formatString(string, any...) varchar', 'scalar', [literal(format), ...values.map(argumentNode)])
}

/**
 * `array_to_string(string_split(value, delimiter)[:count], delimiter)`: what stands before the `count`-th delimiter, or after
 * it from the end when `count` is negative.
 */
export function substringIndex<A extends Argument>(
  value: A,
  delimiter: string,
  count: number,
): Column<Deferred<'string', [ArgumentType<A>]>, Wants<'string', A>, string> {
  checkInteger('substringIndex', 'count', count)
  const name = count < 0 ? 'substringIndexFromEnd' : 'substringIndex'
  return callOf(`${name}(string, string, integer) varchar`, 'scalar', [
    argumentNode(value),
    literal(delimiter),
    literal(count),
  ])
}
