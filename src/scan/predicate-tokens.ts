/** A piece of a predicate's text. Strings come without their quotes, numbers as written, positions without `#`. */
export type Token =
  | { readonly kind: 'name' | 'quoted' | 'number' | 'string' | 'position'; readonly text: string }
  | { readonly kind: 'symbol'; readonly text: string }

const patterns: readonly (readonly [kind: Token['kind'], pattern: RegExp])[] = [
  ['string', /'((?:[^']|'')*)'/y],
  ['quoted', /"((?:[^"]|"")*)"/y],
  ['position', /#(\d+)/y],
  ['number', /-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?(?![\w.])/iy],
  ['name', /[A-Za-z_][A-Za-z0-9_]*/y],
  ['symbol', /::|<=|>=|!=|[()[\]{}=<>,+*/%|~&^!.:@$?-]/y],
]

/** Splits the text of a predicate as DuckDB prints it; undefined when something in it is no known token. */
export function predicateTokens(text: string): Token[] | undefined {
  const tokens: Token[] = []
  let offset = 0
  while (offset < text.length) {
    if (text[offset] === ' ') {
      offset++
      continue
    }
    const token = tokenAt(text, offset)
    if (token === undefined) return undefined
    tokens.push(token.token)
    offset = token.end
  }
  return tokens
}

function tokenAt(text: string, offset: number): { token: Token; end: number } | undefined {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = offset
    const match = pattern.exec(text)
    if (match === null) continue
    const body =
      kind === 'string'
        ? match[1]!.replaceAll("''", "'")
        : kind === 'quoted'
          ? match[1]!.replaceAll('""', '"')
          : kind === 'position'
            ? match[1]!
            : match[0]
    return { token: { kind, text: body }, end: pattern.lastIndex }
  }
  return undefined
}
