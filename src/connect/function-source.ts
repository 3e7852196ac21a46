import { LakefrontError } from '../errors.ts'

/** Words of the language that stand where names do. */
const reserved = new Set(
  'arguments async await break case catch class const continue debugger default delete do else export extends false finally for from function get if import in instanceof let new null of return set static super switch target this throw true try typeof undefined var void while with yield'.split(
    ' ',
  ),
)

/**
 * The text of a function, as an expression that means the same anywhere.
 *
 * @throws LakefrontError `INVALID_ARGUMENT` for one that has no text (native, bound), that waits, or that uses variables from around it:
 * only its text is sent to the engine, not what it closes over.
 */
export function functionSource(name: string, fn: (...values: never[]) => unknown): string {
  const text = Function.prototype.toString.call(fn)
  if (/\{\s*\[native code\]\s*\}$/.test(text))
    throw refused(name, 'it is native or bound and has no source. Wrap it: (x) => Math.sqrt(x).')
  if (/^(?:async\b|class\b)/.test(text) || /^(?:function\s*)?\*/.test(text))
    throw refused(name, 'it has to be a plain function: a query cannot wait inside of one.')
  const isMethod = !/^(?:function\b|\(|[\w$\u0080-\uffff]+\s*=>)/.test(text)
  const source = isMethod ? `({ ${text} })[${JSON.stringify(fn.name)}]` : text
  const free = freeNames(source).filter((each) => !(each in globalThis) && each !== fn.name)
  if (free.length > 0) {
    throw refused(
      name,
      `it uses ${free.map((each) => `"${each}"`).join(', ')} from around it, and only its own text is sent to the engine. Define ${free.length === 1 ? 'it' : 'them'} inside of it, pass ${free.length === 1 ? 'it' : 'them'} as an argument, or put it into a module: registerFunction("${name}", { module: new URL("./functions.js", import.meta.url) }, …).`,
    )
  }
  return source
}

function refused(name: string, problem: string): LakefrontError {
  return new LakefrontError('INVALID_ARGUMENT', `The function "${name}" cannot be registered: ${problem}`, {
    details: { function: name },
  })
}

/** Names that `source` uses and defines nowhere. What may be a definition counts as one, so that nothing right is refused. */
export function freeNames(source: string): string[] {
  const tokens = tokensOf(source)
  const defined = new Set<string>()
  const used = new Set<string>()
  tokens.forEach((token, index) => {
    const before = tokens[index - 1]
    const after = tokens[index + 1]
    if (token === '=>') {
      if (before === ')') addNames(tokens, openingOf(tokens, index - 1), index - 1, defined)
      else if (before !== undefined) defined.add(before)
    }
    // A block after brackets: the parameters of a function, a method or a catch, or a condition, whose names are only spared.
    if (token === ')' && after === '{') {
      const open = openingOf(tokens, index)
      const word = tokens[open - 1] ?? ''
      if (!['if', 'while', 'switch', 'for', 'with'].includes(word)) addNames(tokens, open, index, defined)
    }
    if (['let', 'const', 'var'].includes(token)) addDeclared(tokens, index + 1, defined)
    if ((token === 'function' || token === 'class') && isName(after)) defined.add(after!)
    if (token === 'function' && after === '*' && isName(tokens[index + 2])) defined.add(tokens[index + 2]!)
    if (!isName(token) || before === '.' || before === '?.' || before === 'break' || before === 'continue') return
    const isKey = after === ':' && (before === '{' || before === ',')
    const isMethod =
      after === '(' && (before === '{' || before === ',') && tokens[closingOf(tokens, index + 1) + 1] === '{'
    const isLabel = after === ':' && (before === ';' || before === '}')
    if (!isKey && !isMethod && !isLabel) used.add(token)
  })
  return [...used].filter((name) => !defined.has(name))
}

/** Adds the names of the declarations that begin at `start`: those before each `=`, to the end of the statement. */
function addDeclared(tokens: readonly string[], start: number, into: Set<string>): void {
  let depth = 0
  let isValue = false
  for (let at = start; at < tokens.length; at++) {
    const token = tokens[at]!
    if (token === ';' || ((token === 'of' || token === 'in') && depth === 0)) return
    if (depth === 0 && token === '=') isValue = true
    else if (depth === 0 && token === ',') isValue = false
    else if ('([{'.includes(token)) depth++
    else if (')]}'.includes(token) && --depth < 0) return
    else if (!isValue && isName(token)) into.add(token)
  }
}

function addNames(tokens: readonly string[], start: number, end: number, into: Set<string>): void {
  for (let at = start; at < end; at++) if (isName(tokens[at])) into.add(tokens[at]!)
}

function openingOf(tokens: readonly string[], close: number): number {
  let depth = 0
  for (let at = close; at >= 0; at--) {
    if (tokens[at] === ')') depth++
    else if (tokens[at] === '(' && --depth === 0) return at
  }
  return 0
}

function closingOf(tokens: readonly string[], open: number): number {
  let depth = 0
  for (let at = open; at < tokens.length; at++) {
    if (tokens[at] === '(') depth++
    else if (tokens[at] === ')' && --depth === 0) return at
  }
  return tokens.length
}

function isName(token: string | undefined): boolean {
  return token !== undefined && /^[A-Za-z_$\u0080-\uffff]/.test(token) && !reserved.has(token)
}

const pattern =
  /\s+|\/\/[^\n]*|\/\*[^]*?\*\/|'(?:[^'\\]|\\[^])*'|"(?:[^"\\]|\\[^])*"|`|[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*|#[\w$]+|\d[\w.]*|\.\d[\w.]*|=>|\?\.|\.\.\.|\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*|[^]/y

/** Names, brackets and signs of JavaScript; strings and numbers are left out but for a mark, and templates for what stands in them. */
function tokensOf(source: string): string[] {
  const tokens: string[] = []
  const scan = (start: number, end: string | undefined): number => {
    let depth = 0
    for (let at = start; at < source.length;) {
      pattern.lastIndex = at
      const [text = ''] = pattern.exec(source) ?? []
      at += text.length
      if (/^(?:\s|\/\/|\/\*)/.test(text)) continue
      if (text === '`') {
        at = scanTemplate(at)
        continue
      }
      if (text.length > 1 && text.startsWith('/') && isValue(tokens.at(-1))) {
        tokens.push('/')
        at -= text.length - 1
        continue
      }
      if (text === '{') depth++
      if (text === '}' && depth-- === 0 && end === '}') return at
      tokens.push(/^(?:["'\d#]|\.\d|\/.)/.test(text) ? '0' : text)
    }
    return source.length
  }
  const scanTemplate = (start: number): number => {
    tokens.push('0')
    for (let at = start; at < source.length; at++) {
      if (source[at] === '\\') at++
      else if (source[at] === '`') return at + 1
      else if (source.startsWith('${', at)) {
        tokens.push('(')
        at = scan(at + 2, '}') - 1
        tokens.push(')')
      }
    }
    return source.length
  }
  scan(0, undefined)
  return tokens
}

/** Whether a slash after `token` divides. */
function isValue(token: string | undefined): boolean {
  return token !== undefined && (token === ')' || token === ']' || token === '0' || isName(token) || token === 'this')
}
