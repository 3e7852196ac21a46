import type { Bound } from '../format/parquet/statistics.ts'
import type { Domain } from './domain.ts'
import { predicateTokens } from './predicate-tokens.ts'
import type { Token } from './predicate-tokens.ts'

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>='

/** A constant as printed: `value` without quotes, and the type behind `::` in upper case when there is one. */
export interface Constant {
  readonly kind: 'string' | 'number' | 'boolean'
  readonly value: string
  readonly type?: string
}

/** A column, and the types it is cast to, innermost first. */
export interface ColumnOperand {
  readonly column: string
  readonly casts: readonly string[]
}

/** What a predicate's text is understood to say. `unknown` may be true or false for any row. */
export type Predicate =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Predicate[] }
  | { readonly kind: 'not'; readonly part: Predicate }
  | {
      readonly kind: 'compare'
      readonly operand: ColumnOperand
      readonly comparison: Comparison
      readonly constant: Constant
    }
  | { readonly kind: 'between'; readonly operand: ColumnOperand; readonly low: Constant; readonly high: Constant }
  | { readonly kind: 'prefix'; readonly operand: ColumnOperand; readonly prefix: string }
  | { readonly kind: 'isNull'; readonly operand: ColumnOperand }
  | { readonly kind: 'isTrue'; readonly operand: ColumnOperand }
  /** Null, or not beyond `bound` in the direction given. Never printed by DuckDB. */
  | {
      readonly kind: 'within'
      readonly operand: ColumnOperand
      readonly direction: 'up' | 'down'
      readonly bound: Bound
    }
  /** Not null, and one of `values`, which are sorted. Never printed by DuckDB. */
  | {
      readonly kind: 'among'
      readonly operand: ColumnOperand
      readonly domain: Domain
      readonly values: readonly Bound[]
    }
  | { readonly kind: 'unknown' }

const unknown: Predicate = { kind: 'unknown' }
const reserved = /^(true|false|null|not|and|or|case|cast|try_cast|between|is|in|distinct|from|when|then|else|end|as)$/i

/**
 * Reads a predicate as DuckDB prints it in a plan, such as `((a > 10) AND (b BETWEEN 3 AND 9))`.
 *
 * Columns stand in it by their position in `positions`, such as `#0`, or by name. The text is made for people: names are printed without
 * quotes, so a predicate that may name a column of `columns` whose name is no plain word is not understood at all. Whatever else is not
 * understood becomes `unknown`, and only that part.
 */
export function parsePredicate(text: string, columns: readonly string[], positions: readonly string[] = []): Predicate {
  const isPlain = (name: string): boolean => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !reserved.test(name)
  if (columns.some((name) => !isPlain(name) && text.includes(name))) return unknown
  const tokens = predicateTokens(text)
  if (tokens === undefined) return unknown
  const parser = new PredicateParser(tokens, new Set(columns), positions)
  const predicate = parser.chain()
  return parser.isAtEnd ? predicate : unknown
}

type Operand =
  | { readonly kind: 'column'; readonly operand: ColumnOperand }
  | { readonly kind: 'constant'; readonly constant: Constant }
  | { readonly kind: 'predicate'; readonly predicate: Predicate }
  | { readonly kind: 'other' }

const other: Operand = { kind: 'other' }
/** What is nested deeper than this is not looked into. */
const maximumDepth = 1000

const comparisons: ReadonlySet<string> = new Set(['=', '!=', '<', '<=', '>', '>='])
const flipped: Readonly<Record<Comparison, Comparison>> = {
  '=': '=',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
}

class PredicateParser {
  readonly #tokens: readonly Token[]
  readonly #columns: ReadonlySet<string>
  readonly #positions: readonly string[]
  #next = 0
  #depth = 0

  constructor(tokens: readonly Token[], columns: ReadonlySet<string>, positions: readonly string[]) {
    this.#tokens = tokens
    this.#columns = columns
    this.#positions = positions
  }

  get isAtEnd(): boolean {
    return this.#next === this.#tokens.length
  }

  /** `x`, `x AND y AND z`, `x OR y`, up to a closing parenthesis or the end. */
  chain(): Predicate {
    const parts = [this.#condition()]
    let joint: 'and' | 'or' | undefined
    while (this.#isWord('AND') || this.#isWord('OR')) {
      const here = this.#isWord('AND') ? 'and' : 'or'
      if (joint !== undefined && here !== joint) return this.#skipRest()
      joint = here
      this.#next++
      parts.push(this.#condition())
    }
    if (!this.isAtEnd && !this.#isSymbol(')')) return this.#skipRest()
    return joint === undefined ? parts[0]! : { kind: joint, parts }
  }

  #condition(): Predicate {
    let isNegated = false
    while (this.#takeWord('NOT')) isNegated = !isNegated
    const condition = this.#test()
    return isNegated ? { kind: 'not', part: condition } : condition
  }

  #test(): Predicate {
    const left = this.#operand()
    const symbol = this.#tokens[this.#next]
    if (symbol?.kind === 'symbol' && comparisons.has(symbol.text)) {
      this.#next++
      return compare(left, symbol.text as Comparison, this.#operand())
    }
    if (this.#takeWord('BETWEEN')) return this.#between(left)
    if (this.#takeWord('IN')) return this.#in(left)
    if (this.#takeWord('IS')) return this.#is(left)
    return asPredicate(left)
  }

  #between(left: Operand): Predicate {
    const low = this.#operand()
    if (!this.#takeWord('AND')) return unknown
    const high = this.#operand()
    if (left.kind !== 'column' || low.kind !== 'constant' || high.kind !== 'constant') return unknown
    return { kind: 'between', operand: left.operand, low: low.constant, high: high.constant }
  }

  #in(left: Operand): Predicate {
    if (!this.#takeSymbol('(')) return unknown
    const parts: Predicate[] = []
    do parts.push(compare(left, '=', this.#operand()))
    while (this.#takeSymbol(','))
    return this.#takeSymbol(')') ? { kind: 'or', parts } : this.#skipRest()
  }

  #is(left: Operand): Predicate {
    const isNegated = this.#takeWord('NOT')
    if (this.#takeWord('NULL')) {
      if (left.kind !== 'column') return unknown
      const test: Predicate = { kind: 'isNull', operand: left.operand }
      return isNegated ? { kind: 'not', part: test } : test
    }
    if (!this.#takeWord('DISTINCT') || !this.#takeWord('FROM')) return unknown
    const right = this.#operand()
    return isNegated ? { kind: 'and', parts: [compare(left, '=', right), unknown] } : unknown
  }

  #operand(): Operand {
    if (this.#depth >= maximumDepth) return other
    this.#depth++
    let operand = this.#simpleOperand()
    this.#depth--
    while (this.#takeSymbol('::')) {
      const type = this.#type()
      operand =
        operand.kind === 'constant' && type !== undefined
          ? { ...operand, constant: { ...operand.constant, type } }
          : other
    }
    return operand
  }

  #simpleOperand(): Operand {
    const token = this.#tokens[this.#next]
    if (token === undefined) return other
    if (token.kind === 'symbol' && token.text === '(') return this.#parenthesised()
    this.#next++
    switch (token.kind) {
      case 'string':
        // Plans print a text of several lines as several texts; whoever joined them with AND changed the constant.
        return token.text.includes(' AND ')
          ? other
          : { kind: 'constant', constant: { kind: 'string', value: token.text } }
      case 'number':
        return { kind: 'constant', constant: { kind: token.kind, value: token.text } }
      case 'quoted':
        return this.#call(token.text)
      case 'name':
        return this.#named(token.text)
      case 'position':
        return this.#column(this.#positions[Number(token.text)])
      default:
        this.#next--
        return other
    }
  }

  #named(name: string): Operand {
    if (name === 'CAST' && this.#isSymbol('(')) return this.#cast()
    if (this.#isSymbol('(')) return this.#call(name)
    if (name === 'true' || name === 'false') return { kind: 'constant', constant: { kind: 'boolean', value: name } }
    return this.#column(this.#columns.has(name) ? name : undefined)
  }

  #column(name: string | undefined): Operand {
    return name === undefined ? other : { kind: 'column', operand: { column: name, casts: [] } }
  }

  #parenthesised(): Operand {
    this.#next++
    const predicate = this.chain()
    return this.#takeSymbol(')') ? { kind: 'predicate', predicate } : other
  }

  #cast(): Operand {
    this.#next++
    const inner = this.#operand()
    const type = this.#takeWord('AS') ? this.#type() : undefined
    if (type === undefined || !this.#isSymbol(')')) this.#skipRest()
    if (!this.#takeSymbol(')') || inner.kind !== 'column' || type === undefined) return other
    return { kind: 'column', operand: { ...inner.operand, casts: [...inner.operand.casts, type] } }
  }

  #call(name: string): Operand {
    if (!this.#takeSymbol('(')) return other
    const subject = this.#isSymbol(')') ? other : this.#operand()
    const argument = this.#takeSymbol(',') ? this.#operand() : other
    const isComplete = this.#isSymbol(')')
    if (!isComplete) this.#skipRest()
    this.#takeSymbol(')')
    const isPrefix = isComplete && (name === 'prefix' || name === 'starts_with' || name === '^@')
    if (!isPrefix || subject.kind !== 'column' || argument.kind !== 'constant' || argument.constant.kind !== 'string')
      return other
    return {
      kind: 'predicate',
      predicate: { kind: 'prefix', operand: subject.operand, prefix: argument.constant.value },
    }
  }

  /** A type behind `::` or `AS`: `DATE`, `DECIMAL(10,2)`, `TIMESTAMP WITH TIME ZONE`. */
  #type(): string | undefined {
    const words: string[] = []
    while (this.#tokens[this.#next]?.kind === 'name' && !this.#isWord('AND') && !this.#isWord('OR')) {
      words.push(this.#tokens[this.#next++]!.text.toUpperCase())
    }
    if (words.length === 0 || this.#isSymbol('[')) return undefined
    if (!this.#takeSymbol('(')) return words.join(' ')
    const parameters: string[] = []
    while (this.#tokens[this.#next]?.kind === 'number' || this.#isSymbol(','))
      parameters.push(this.#tokens[this.#next++]!.text)
    return this.#takeSymbol(')') ? `${words.join(' ')}(${parameters.join('')})` : undefined
  }

  /** Goes on to the parenthesis that closes this level, or the end. */
  #skipRest(): Predicate {
    for (let depth = 0; !this.isAtEnd; this.#next++) {
      if (this.#isSymbol('(')) depth++
      if (this.#isSymbol(')') && depth-- === 0) break
    }
    return unknown
  }

  #isWord(word: string): boolean {
    const token = this.#tokens[this.#next]
    return token?.kind === 'name' && token.text === word
  }

  #takeWord(word: string): boolean {
    const isThere = this.#isWord(word)
    if (isThere) this.#next++
    return isThere
  }

  #isSymbol(symbol: string): boolean {
    const token = this.#tokens[this.#next]
    return token?.kind === 'symbol' && token.text === symbol
  }

  #takeSymbol(symbol: string): boolean {
    const isThere = this.#isSymbol(symbol)
    if (isThere) this.#next++
    return isThere
  }
}

function compare(left: Operand, comparison: Comparison, right: Operand): Predicate {
  if (left.kind === 'column' && right.kind === 'constant') {
    return { kind: 'compare', operand: left.operand, comparison, constant: right.constant }
  }
  if (left.kind === 'constant' && right.kind === 'column') {
    return { kind: 'compare', operand: right.operand, comparison: flipped[comparison], constant: left.constant }
  }
  return unknown
}

function asPredicate(operand: Operand): Predicate {
  if (operand.kind === 'predicate') return operand.predicate
  return operand.kind === 'column' ? { kind: 'isTrue', operand: operand.operand } : unknown
}
