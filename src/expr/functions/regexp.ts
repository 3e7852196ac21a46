import type { Column } from '../column.ts'
import type {
  Argument,
  ArgumentNeeds,
  ArgumentType,
  Deferred,
  Operand,
  OperandNeeds,
  OperandType,
  OperandWants,
  Wants,
} from '../column-types.ts'
import { literal } from '../literal.ts'
import { argumentNode, operandNode } from '../operand.ts'
import { callOf, checkInteger } from './call.ts'

/** `regexp_matches(value, pattern)`: Syntax: RE2. */
export function regexp<A extends Argument, B extends Operand>(
  value: A,
  pattern: B,
): Column<
  Deferred<'boolean', [ArgumentType<A>, OperandType<B>]>,
  Wants<'string', A> | OperandWants<'string', B>,
  string
> {
  return callOf('rlike(string, string) boolean', 'scalar', [argumentNode(value), operandNode(pattern)])
}

/** `CAST(len(regexp_extract_all(value, pattern)) AS INTEGER)` */
export function regexpCount<A extends Argument, B extends Operand>(
  value: A,
  pattern: B,
): Column<
  Deferred<'number', [ArgumentType<A>, OperandType<B>]>,
  Wants<'string', A> | OperandWants<'string', B>,
  string
> {
  return callOf('regexpCount(string, string) integer', 'scalar', [argumentNode(value), operandNode(pattern)])
}

/**
 * `regexp_extract(value, pattern, group)`: a group of the first match (0: all of it), empty text when nothing matches.
 */
export function regexpExtract<A extends Argument>(
  value: A,
  pattern: string,
  group = 1,
): Column<Deferred<'string', [ArgumentType<A>]>, Wants<'string', A>, string> {
  checkInteger('regexpExtract', 'group', group)
  return callOf('regexpExtract(string, string, integer?) varchar', 'scalar', [
    argumentNode(value),
    literal(pattern),
    literal(group),
  ])
}

/** `regexp_extract_all(value, pattern, group)`: a group of every match. */
export function regexpExtractAll<A extends Argument>(
  value: A,
  pattern: string,
  group = 1,
): Column<Deferred<'strings', [ArgumentType<A>]>, Wants<'string', A>, string> {
  checkInteger('regexpExtractAll', 'group', group)
  return callOf('regexpExtractAll(string, string, integer?) list<varchar>', 'scalar', [
    argumentNode(value),
    literal(pattern),
    literal(group),
  ])
}

/**
 * `CASE WHEN regexp_matches(value, pattern) THEN CAST(length(regexp_replace(value, '(?:' || pattern || ')(?s:.*)', '')) + 1 AS INTEGER) WHEN value IS NOT NULL AND pattern IS NOT NULL THEN 0 END`: where the first match starts, from 1; 0 when nothing matches.
 */
export function regexpInstr<A extends Argument, B extends Operand>(
  value: A,
  pattern: B,
): Column<
  Deferred<'number', [ArgumentType<A>, OperandType<B>]>,
  Wants<'string', A> | OperandWants<'string', B>,
  string
> {
  return callOf('regexpInstr(string, string) integer', 'scalar', [argumentNode(value), operandNode(pattern)])
}

/**
 * `CASE WHEN regexp_matches(value, pattern) THEN regexp_extract(value, pattern) END`: the first match, NULL when there is none.
 */
export function regexpSubstr<A extends Argument, B extends Operand>(
  value: A,
  pattern: B,
): Column<string | null, Wants<'string', A> | OperandWants<'string', B>, string> {
  return callOf('regexpSubstr(string, string) varchar', 'scalar', [argumentNode(value), operandNode(pattern)])
}

/** `value LIKE pattern ESCAPE '\'` */
export function like<A extends Argument>(
  value: A,
  pattern: string,
): Column<Deferred<'boolean', [ArgumentType<A>]>, Wants<'string', A>, string> {
  return callOf('like(string, string) boolean', 'scalar', [argumentNode(value), literal(pattern)])
}

/** `value ILIKE pattern ESCAPE '\'`: whatever the case. */
export function ilike<A extends Argument>(
  value: A,
  pattern: string,
): Column<Deferred<'boolean', [ArgumentType<A>]>, Wants<'string', A>, string> {
  return callOf('ilike(string, string) boolean', 'scalar', [argumentNode(value), literal(pattern)])
}

/**
 * `regexp_replace(x, pattern, replacement, 'g')`: every match. Syntax: RE2. `$1` in a replacement given as a string is the
 * first group, as in PySpark; `\$` is a dollar sign. Strings are values after the first argument.
 */
export function regexpReplace<A extends Argument, P extends Operand>(
  value: A,
  pattern: P,
  replacement: string,
): Column<Deferred<'string', [ArgumentType<A>]>, ArgumentNeeds<A> | OperandNeeds<P>, string> {
  return callOf('regexpReplace(string, string, string) varchar', 'scalar', [
    argumentNode(value),
    operandNode(pattern),
    literal(replacement),
  ])
}

/** `regexp_split_to_array(x, pattern)`: the pieces between matches, empty ones included. Syntax: RE2. */
export function split<A extends Argument>(
  value: A,
  pattern: string,
): Column<string[] | null, ArgumentNeeds<A>, string> {
  return callOf('split(string, string) list<varchar>', 'scalar', [argumentNode(value), literal(pattern)])
}
