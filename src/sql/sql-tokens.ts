/** A piece of SQL text that is no space and no comment. */
export interface SqlToken {
  readonly kind: 'word' | 'quoted' | 'other'
  /** Of a quoted name what is in the quotes; of all else as it stands there. */
  readonly text: string
  readonly start: number
  readonly end: number
}

const pattern =
  /--[^\n]*|\/\*|[eE]'(?:[^'\\]|\\[^]|'')*'?|'[^']*(?:''[^']*)*'?|"([^"]*(?:""[^"]*)*)"?|\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|=>|[^]/g

/** Takes SQL apart where DuckDB's parser does: strings, dollar quotes and (nested) comments are one piece each. */
export function sqlTokens(sql: string): readonly SqlToken[] {
  const tokens: SqlToken[] = []
  const scanner = new RegExp(pattern)
  for (let match = scanner.exec(sql); match !== null; match = scanner.exec(sql)) {
    const [text, quoted, tag = ''] = match
    const start = match.index
    if (text === '/*') scanner.lastIndex = endOfComment(sql, scanner.lastIndex)
    else if (quoted !== undefined)
      tokens.push({ kind: 'quoted', text: quoted.replaceAll('""', '"'), start, end: scanner.lastIndex })
    else if (!text.startsWith('--') && text.trim() !== '') {
      if (text.startsWith('$') && text.length > 1) scanner.lastIndex = endOf(sql, `$${tag}$`, scanner.lastIndex)
      const isWord = /^[A-Za-z_\u0080-\uffff][^']*$/.test(text)
      tokens.push({
        kind: isWord ? 'word' : 'other',
        text: sql.slice(start, scanner.lastIndex),
        start,
        end: scanner.lastIndex,
      })
    }
  }
  return tokens
}

function endOf(sql: string, mark: string, from: number): number {
  const at = sql.indexOf(mark, from)
  return at < 0 ? sql.length : at + mark.length
}

function endOfComment(sql: string, from: number): number {
  const mark = /\/\*|\*\//g
  mark.lastIndex = from
  for (let depth = 1; depth > 0;) {
    const match = mark.exec(sql)
    if (match === null) return sql.length
    depth += match[0] === '/*' ? 1 : -1
  }
  return mark.lastIndex
}
