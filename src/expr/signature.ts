import { LakefrontError } from '../errors.ts'
import type { LogicalType } from '../types/logical-type.ts'

import { classOf, commonNumber, commonType, isInteger, someNumber, typeText, unknownType } from './value-type.ts'
import type { ValueType } from './value-type.ts'

/**
 * What a function takes and gives, read from one line such as `repeat(string, integer) varchar`.
 *
 * Parameters are classes (`any boolean number integer string temporal date time interval binary struct`) or patterns
 * (`list<T>`, `map<K, V>`, `entry<K, V>` of a map, a capital letter for any one type); `a|b` is either, `?` may be left out, `...` may be given
 * any number of times, `T->U` is a lambda. The result is a DuckDB type, a pattern of the same letters, or a rule:
 * `same` as the first argument, `number`, `unknown`, `sum`, `common` to all, `joined`, `whole` part, `middle`
 * value, `fields` and `pairs` by turns, a struct `updated` or with fields `dropped`.
 */
interface Signature {
  readonly parameters: readonly Parameter[]
  readonly result: Pattern
}

interface Parameter {
  readonly options: readonly Pattern[]
  readonly repeated: boolean
  readonly lambda?: { readonly takes: readonly Pattern[]; readonly gives: Pattern }
}

interface Pattern {
  readonly word: string
  readonly of: readonly Pattern[]
}

/** The types that letters of a signature stand for in one call. */
type Letters = Map<string, ValueType>

/** An argument: its type, how messages quote it, and for a lambda what it makes of given types. */
export interface TypedArgument {
  readonly type: ValueType
  readonly text: string
  readonly lambda?: (types: readonly ValueType[]) => ValueType
}

/** Reads the part of a signature after the name. */
function readSignature(text: string): Signature {
  const words = text.match(/[A-Za-z_]+|\.\.\.|->|[^\s]/g) ?? []
  let at = 0
  const take = (word: string): boolean => words[at] === word && (at += 1) > 0
  const pattern = (): Pattern => {
    const word = words[at++]!
    const of: Pattern[] = []
    if (take('<')) {
      do of.push(pattern())
      while (take(','))
      at += 1
    }
    return { word, of }
  }
  const parameter = (): Parameter => {
    if (take('(')) {
      const takes: Pattern[] = []
      do takes.push(pattern())
      while (take(','))
      at += 2
      return { options: [], repeated: false, lambda: { takes, gives: pattern() } }
    }
    const options = [pattern()]
    while (take('|')) options.push(pattern())
    const repeated = take('...')
    take('?')
    return { options, repeated }
  }
  const parameters: Parameter[] = []
  at += 1
  if (!take(')')) {
    do parameters.push(parameter())
    while (take(','))
    at += 1
  }
  return { parameters, result: pattern() }
}

/**
 * The type of a call of `name` with `signature`.
 *
 * Throws `TYPE_MISMATCH` that quotes the call and the argument whose type does not fit.
 */
export function resultType(
  call: { readonly name: string; readonly signature: string; readonly text: string },
  given: readonly TypedArgument[],
): ValueType {
  const { parameters, result } = readSignature(call.signature)
  const letters: Letters = new Map()
  given.forEach((argument, index) => {
    const parameter = parameters[index] ?? parameters.at(-1)
    if (parameter === undefined) return
    if (parameter.lambda !== undefined) {
      if (argument.lambda === undefined) return
      const made = argument.lambda(parameter.lambda.takes.map((each) => typeMade(each, letters, given)))
      if (!fits(parameter.lambda.gives, made, letters)) throw mismatch(call, argument, made, [parameter.lambda.gives])
      return
    }
    if (!parameter.options.some((option) => fits(option, argument.type, letters)))
      throw mismatch(call, argument, argument.type, parameter.options, letters)
  })
  return typeMade(result, letters, given)
}

/** Whether `type` can stand where `pattern` is wanted; notes what letters stand for. */
function fits(pattern: Pattern, type: ValueType, letters: Letters): boolean {
  const { word, of } = pattern
  if (isLetter(word)) {
    const common = letters.has(word) ? commonType(letters.get(word)!, type) : type
    if (common !== undefined) letters.set(word, common)
    return common !== undefined
  }
  const known = classOf(type)
  if (known === undefined) return of.every((part) => fits(part, unknownType, letters))
  switch (word) {
    case 'any':
      return true
    case 'integer':
      return type.kind === 'number' || isInteger(type)
    case 'date':
      return type.kind === 'date'
    case 'list':
      return (type.kind === 'list' || type.kind === 'array') && (of.length === 0 || fits(of[0]!, type.element, letters))
    case 'entry':
      return (
        type.kind === 'struct' &&
        type.fields.length === 2 &&
        type.fields.every((field, index) => fits(of[index]!, field.type, letters))
      )
    case 'map':
      return (
        type.kind === 'map' &&
        (of.length === 0 || (fits(of[0]!, type.key, letters) && fits(of[1]!, type.value, letters)))
      )
    default:
      return known === word
  }
}

/** The type that `pattern` says a call makes. */
function typeMade(pattern: Pattern, letters: Letters, given: readonly TypedArgument[]): ValueType {
  const { word, of } = pattern
  const part = (index: number): ValueType =>
    of[index] === undefined ? unknownType : typeMade(of[index], letters, given)
  if (isLetter(word)) return letters.get(word) ?? unknownType
  switch (word) {
    case 'unknown':
      return unknownType
    case 'number':
      return someNumber
    case 'same':
      return given[0]?.type ?? unknownType
    case 'whole':
      return given[0]?.type.kind === 'decimal' ? someNumber : (given[0]?.type ?? unknownType)
    case 'middle':
      return given[0] !== undefined && isInteger(given[0].type) ? { kind: 'double' } : (given[0]?.type ?? unknownType)
    case 'joined':
      return joinedType(given.map(({ type }) => type))
    case 'fields':
      return { kind: 'struct', fields: byTurns(given).map(([name, { type }]) => ({ name: name.text, type })) }
    case 'updated': {
      const [struct, name, value] = given
      if (struct?.type.kind !== 'struct') return unknownType
      const { fields } = struct.type
      const field = { name: name!.text, type: value!.type, nullable: true }
      const at = fields.findIndex((each) => each.name.toLowerCase() === field.name.toLowerCase())
      return {
        kind: 'struct',
        fields: at === -1 ? [...fields, field] : fields.map((each, index) => (index === at ? field : each)),
      }
    }
    case 'dropped': {
      const [struct, ...names] = given
      if (struct?.type.kind !== 'struct') return unknownType
      return {
        kind: 'struct',
        fields: struct.type.fields.filter((each) => !names.some(({ text }) => text === each.name)),
      }
    }
    case 'pairs': {
      const common = (types: readonly ValueType[]): ValueType =>
        types.reduce((a, b) => commonType(a, b) ?? unknownType, { kind: 'null' } as ValueType)
      const entries = byTurns(given)
      return {
        kind: 'map',
        key: common(entries.map(([key]) => key.type)),
        value: common(entries.map(([, value]) => value.type)),
      }
    }
    case 'sum':
      return sumType(given[0]?.type ?? unknownType)
    case 'common':
      return given.map(({ type }) => type).reduce(commonNumber)
    case 'list':
      return { kind: 'list', element: part(0) }
    case 'map':
      return { kind: 'map', key: part(0), value: part(1) }
    case 'entry':
      return {
        kind: 'struct',
        fields: [
          { name: 'key', type: part(0) },
          { name: 'value', type: part(1) },
        ],
      }
    default:
      return { kind: word } as LogicalType
  }
}

function byTurns(given: readonly TypedArgument[]): (readonly [TypedArgument, TypedArgument])[] {
  return given.flatMap((first, index) => (index % 2 === 0 ? [[first, given[index + 1]!] as const] : []))
}

/** What `||` makes: lists of lists, bytes of bytes, text of anything else. */
function joinedType(types: readonly ValueType[]): ValueType {
  if (types.some((type) => type.kind === 'unknown')) return unknownType
  const lists = types.some((type) => classOf(type) === 'list')
  if (lists) return types.reduce((a, b) => commonType(a, b) ?? unknownType)
  return { kind: types.every((type) => classOf(type) === 'binary') ? 'blob' : 'varchar' }
}

function sumType(type: ValueType): ValueType {
  if (isInteger(type)) return { kind: 'hugeint' }
  if (type.kind === 'decimal') return { kind: 'decimal', precision: 38, scale: type.scale }
  if (type.kind === 'float' || type.kind === 'double') return { kind: 'double' }
  return type.kind === 'interval' ? type : someNumber
}

function isLetter(word: string): boolean {
  return word.length === 1
}

function mismatch(
  { name, text, signature }: { readonly name: string; readonly signature: string; readonly text: string },
  argument: TypedArgument,
  type: ValueType,
  options: readonly Pattern[],
  letters?: Letters,
): LakefrontError {
  const wanted = options.map((option) => patternText(option, letters)).join(' or ')
  const cast = castTo(options[0]!.word)
  return new LakefrontError(
    'TYPE_MISMATCH',
    `${text}: ${argument.text} is ${typeText(type)}, and ${wanted} is wanted there: ${name}${signature.slice(0, signature.lastIndexOf(')') + 1)}.${cast === undefined ? '' : ` Convert it with cast('${cast}').`}`,
    { details: { expression: text, argument: argument.text, type: typeText(type), expected: wanted } },
  )
}

function patternText({ word, of }: Pattern, letters?: Letters): string {
  if (isLetter(word)) return letters?.has(word) ? typeText(letters.get(word)!) : 'any type'
  if (word === 'any') return 'any type'
  return of.length === 0 ? word : `${word}<${of.map((part) => patternText(part, letters)).join(', ')}>`
}

/** The type to cast to for a value of a class to fit, where there is an obvious one. */
export function castTo(word: string): string | undefined {
  const casts: Readonly<Record<string, string>> = {
    string: 'string',
    number: 'double',
    integer: 'bigint',
    boolean: 'boolean',
    temporal: 'timestamp',
    date: 'date',
    binary: 'binary',
  }
  return Object.hasOwn(casts, word) ? casts[word] : undefined
}
