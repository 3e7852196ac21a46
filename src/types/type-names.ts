import { LakefrontError, nearestName } from '../errors.ts'
import type { Field, LogicalType, SimpleKind } from './logical-type.ts'
import { compositeNames, reservedWords, simpleNames, typeAliases, typeList } from './type-words.ts'

/** The name of `type` as DuckDB spells it and {@link parseType} reads it: `DECIMAL(10,2)`, `STRUCT("a b" INTEGER)[]`. */
export function typeName(type: LogicalType): string {
  switch (type.kind) {
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`
    case 'enum':
      return `ENUM(${type.values.map((value) => `'${value.replaceAll("'", "''")}'`).join(', ')})`
    case 'list':
      return `${typeName(type.element)}[]`
    case 'array':
      return `${typeName(type.element)}[${type.size}]`
    case 'struct':
      return `STRUCT(${type.fields.map((field) => (isUnnamed(type.fields) ? '' : `${quotedName(field.name)} `) + typeName(field.type)).join(', ')})`
    case 'map':
      return `MAP(${typeName(type.key)}, ${typeName(type.value)})`
    case 'union':
      return `UNION(${type.members.map((member) => `${quotedName(member.name)} ${typeName(member.type)}`).join(', ')})`
    default:
      return simpleNames[type.kind]
  }
}

/** Whether a struct is what SQL's `row(1, 2)` makes: its fields have no names, and its values are arrays in JavaScript. */
export function isUnnamed(fields: readonly Field[]): boolean {
  return fields.length > 0 && fields.every((field) => field.name === '')
}

/**
 * Reads a type as SQL spells it, in any case, with DuckDB's aliases: `bigint`, `decimal(10,2)`, `varchar[]`, `int[3]`,
 * `struct(a int, "b c" text)`, `map(varchar, double)`, `enum('a','b')`, `timestamp with time zone`.
 *
 * Throws `INVALID_ARGUMENT` that quotes the text, tells the position and lists what would be right.
 */
export function parseType(text: string): LogicalType {
  if (typeof text !== 'string') {
    throw new LakefrontError('INVALID_ARGUMENT', `A type is given as text such as 'bigint', not as ${typeof text}.`)
  }
  const parser = new TypeParser(text)
  const type = parser.type(0)
  parser.end()
  return type
}

function quotedName(name: string): string {
  const plain = /^[a-z_][a-z0-9_]*$/i.test(name) && !reservedWords.has(name.toLowerCase())
  return plain ? name : `"${name.replaceAll('"', '""')}"`
}

interface Token {
  readonly kind: 'word' | 'quoted' | 'string' | 'number' | 'symbol' | 'end'
  readonly text: string
  readonly position: number
}

const tokenPattern = /\s+|([\p{L}_][\p{L}\p{N}_$]*)|"((?:[^"]|"")*)"|'((?:[^']|'')*)'|(\d+)|([()[\],])/uy
const deepest = 100
const largestArray = 100_000

class TypeParser {
  readonly #text: string
  readonly #tokens: Token[] = []
  #next = 0

  constructor(text: string) {
    this.#text = text
    const pattern = new RegExp(tokenPattern)
    while (pattern.lastIndex < text.length) {
      const position = pattern.lastIndex
      const match = pattern.exec(text)
      if (match === null) throw this.#error(position, `there is no such sign in a type`)
      const [, word, quoted, string, number, symbol] = match
      if (word !== undefined) this.#tokens.push({ kind: 'word', text: word, position })
      else if (quoted !== undefined) this.#tokens.push({ kind: 'quoted', text: quoted.replaceAll('""', '"'), position })
      else if (string !== undefined) this.#tokens.push({ kind: 'string', text: string.replaceAll("''", "'"), position })
      else if (number !== undefined) this.#tokens.push({ kind: 'number', text: number, position })
      else if (symbol !== undefined) this.#tokens.push({ kind: 'symbol', text: symbol, position })
    }
    this.#tokens.push({ kind: 'end', text: '', position: text.length })
  }

  type(depth: number): LogicalType {
    if (depth > deepest) throw this.#error(this.#peek().position, `types nest at most ${deepest} deep`)
    let type = this.#base(depth)
    for (let suffixes = 1; ; suffixes++) {
      if (depth + suffixes > deepest + 1) throw this.#error(this.#peek().position, `types nest at most ${deepest} deep`)
      const word = this.#takeWord('array')
      if (!word && !this.#isSymbol('[')) return type
      type = this.#suffix(type, word)
    }
  }

  end(): void {
    const token = this.#peek()
    if (token.kind !== 'end') throw this.#error(token.position, `the type ended before ${shown(token)}`)
  }

  #suffix(element: LogicalType, afterArray: boolean): LogicalType {
    if (!this.#takeSymbol('[')) return { kind: 'list', element }
    if (this.#takeSymbol(']')) {
      if (afterArray) throw this.#error(this.#peek().position, 'ARRAY[ ] needs a size')
      return { kind: 'list', element }
    }
    const size = this.#integer('an array size', 1, largestArray)
    this.#expect(']')
    return { kind: 'array', element, size }
  }

  #base(depth: number): LogicalType {
    const token = this.#take()
    if (token.kind !== 'word' && token.kind !== 'quoted') throw this.#unknown(token)
    const name = token.text.toLowerCase()
    switch (name) {
      case 'decimal':
      case 'dec':
      case 'numeric':
        return this.#decimal()
      case 'enum':
        return this.#enum(token)
      case 'struct':
      case 'row':
        return { kind: 'struct', fields: this.#fields(depth, true) }
      case 'union':
        return { kind: 'union', members: this.#fields(depth, false) }
      case 'map': {
        this.#expect('(')
        const key = this.type(depth + 1)
        this.#expect(',')
        const value = this.type(depth + 1)
        this.#expect(')')
        return { kind: 'map', key, value }
      }
      case 'timestamp':
      case 'datetime':
        return { kind: this.#timestamp() }
      case 'time':
        return { kind: this.#zone() ? 'timetz' : 'time' }
      case 'double':
        this.#takeWord('precision')
        return { kind: 'double' }
    }
    const kind = typeAliases.get(name)
    if (kind === undefined) throw this.#unknown(token)
    if (kind === 'varchar' || kind === 'bit') this.#takeWord('varying')
    if (kind === 'varchar' && this.#takeSymbol('(')) {
      this.#integer('a length', 1, 2 ** 31 - 1)
      this.#expect(')')
    }
    return { kind }
  }

  #timestamp(): SimpleKind {
    let kind: SimpleKind = 'timestamp'
    if (this.#takeSymbol('(')) {
      const digits = this.#integer('a number of digits', 0, 9)
      this.#expect(')')
      kind = digits === 0 ? 'timestamp_s' : digits <= 3 ? 'timestamp_ms' : digits <= 6 ? 'timestamp' : 'timestamp_ns'
    }
    return this.#zone() ? 'timestamptz' : kind
  }

  #zone(): boolean {
    const withZone = this.#takeWord('with')
    if (!withZone && !this.#takeWord('without')) return false
    for (const word of ['time', 'zone']) {
      if (!this.#takeWord(word)) throw this.#error(this.#peek().position, `expected ${word.toUpperCase()}`)
    }
    return withZone
  }

  #decimal(): LogicalType {
    if (!this.#takeSymbol('(')) return { kind: 'decimal', precision: 18, scale: 3 }
    const precision = this.#integer('a precision', 1, 38)
    const scale = this.#takeSymbol(',') ? this.#integer('a scale', 0, precision) : 0
    this.#expect(')')
    return { kind: 'decimal', precision, scale }
  }

  #enum(token: Token): LogicalType {
    this.#expect('(')
    const values: string[] = []
    while (!this.#takeSymbol(')')) {
      if (values.length > 0) this.#expect(',')
      const value = this.#take()
      if (value.kind !== 'string')
        throw this.#error(value.position, `expected an enum value such as 'a', got ${shown(value)}`)
      values.push(value.text)
    }
    if (new Set(values).size < values.length) throw this.#error(token.position, 'the values of an enum must differ')
    return { kind: 'enum', values }
  }

  #fields(depth: number, mayBeUnnamed: boolean): Field[] {
    this.#expect('(')
    const start = this.#peek().position
    const fields: Field[] = []
    do {
      const name = mayBeUnnamed && this.#isUnnamedField() ? '' : this.#name()
      fields.push({ name, type: this.type(depth + 1), nullable: true })
    } while (this.#takeSymbol(','))
    this.#expect(')')
    const names = new Set(fields.map((field) => field.name.toLowerCase()))
    if (!isUnnamed(fields) && names.size < fields.length) throw this.#error(start, 'the field names must differ')
    if (!mayBeUnnamed && fields.length > 256) throw this.#error(start, 'a union has at most 256 members')
    return fields
  }

  #name(): string {
    const token = this.#take()
    if (token.kind === 'word' || token.kind === 'quoted') return token.text
    throw this.#error(token.position, `expected a field name, got ${shown(token)}`)
  }

  #isUnnamedField(): boolean {
    const after = this.#tokens[this.#next + 1]
    if (after?.kind === 'symbol' || after?.kind === 'end') return true
    return after?.kind === 'word' && /^(with|without|precision|varying|array)$/i.test(after.text)
  }

  #integer(what: string, low: number, high: number): number {
    const token = this.#take()
    const value = token.kind === 'number' ? Number(token.text) : Number.NaN
    if (value >= low && value <= high) return value
    throw this.#error(token.position, `expected ${what} from ${low} to ${high}, got ${shown(token)}`)
  }

  #peek(): Token {
    return this.#tokens[this.#next]!
  }

  #take(): Token {
    const token = this.#peek()
    if (token.kind !== 'end') this.#next++
    return token
  }

  #isSymbol(symbol: string): boolean {
    return this.#peek().kind === 'symbol' && this.#peek().text === symbol
  }

  #takeSymbol(symbol: string): boolean {
    const found = this.#isSymbol(symbol)
    if (found) this.#next++
    return found
  }

  #takeWord(word: string): boolean {
    const found = this.#peek().kind === 'word' && this.#peek().text.toLowerCase() === word
    if (found) this.#next++
    return found
  }

  #expect(symbol: string): void {
    const token = this.#peek()
    if (!this.#takeSymbol(symbol)) throw this.#error(token.position, `expected "${symbol}", got ${shown(token)}`)
  }

  #unknown(token: Token): LakefrontError {
    const isName = token.kind === 'word' || token.kind === 'quoted'
    const nearest = isName ? nearestName(token.text, [...typeAliases.keys(), ...compositeNames]) : undefined
    const problem = isName ? `there is no type ${shown(token)}` : `expected the name of a type, got ${shown(token)}`
    const hint = nearest === undefined ? '' : ` Did you mean ${nearest}?`
    return this.#error(token.position, `${problem}.${hint} Types: ${typeList}.`)
  }

  #error(position: number, problem: string): LakefrontError {
    const text = this.#text.length > 200 ? `${this.#text.slice(0, 200)}…` : this.#text
    const sentence = problem.endsWith('.') ? problem : `${problem}.`
    const message = `Cannot read the type ${JSON.stringify(text)} at position ${position + 1}: ${sentence}`
    return new LakefrontError('INVALID_ARGUMENT', message, { details: { type: text, position } })
  }
}

function shown(token: Token): string {
  return token.kind === 'end' ? 'the end' : JSON.stringify(token.text.slice(0, 60))
}
