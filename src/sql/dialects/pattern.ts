/**
 * A regular expression as engines of other families read it the same, or undefined: RE2's `\d`, `\w`, `\s` and `.` written as the
 * sets they are, and nothing but plain characters, sets, groups, anchors, `|` and greedy repetition. With `once`, only what matches
 * the same text whether an engine looks for the first or the longest match: characters and sets in a row, repeated by `+` or `*`.
 */
export function portablePattern(pattern: string, once = false): string | undefined {
  let written = ''
  let at = 0
  const set = /^\[\^?[\w @.,:;/<>!?#%&='"~+*-]+\]/
  while (at < pattern.length) {
    const rest = pattern.slice(at)
    const character = rest[0]!
    if (character === '\\') {
      const escaped = rest[1] ?? ''
      const replacement = { d: '[0-9]', w: '[0-9A-Za-z_]', s: '[\t\n\f\r ]' }[escaped]
      if (replacement !== undefined) written += replacement
      else if (/[.\\+*?()[\]{}|^$/-]/.test(escaped)) written += `\\${escaped}`
      else return undefined
      at += 2
    } else if (character === '[') {
      const found = set.exec(rest)?.[0]
      if (found === undefined) return undefined
      written += found
      at += found.length
    } else if (character === '.') {
      written += '[^\n]'
      at++
    } else if (/[*+]/.test(character) || (!once && /[?|()]/.test(character))) {
      if (/[*+?]/.test(character) && (at === 0 || /^[?+*]/.test(rest.slice(1)))) return undefined
      if (character === '(' && rest[1] === '?') return undefined
      written += character
      at++
    } else if (character === '^' || character === '$') {
      if ((character === '^') !== (at === 0) || (character === '$' && rest.length > 1)) return undefined
      written += character
      at++
    } else if (/[{}\]?|()]/.test(character)) {
      const counted = /^\{\d+(,\d*)?\}(?![?+*{])/.exec(rest)?.[0]
      if (once || at === 0 || counted === undefined) return undefined
      written += counted
      at += counted.length
    } else {
      written += character
      at++
    }
  }
  return written
}

/**
 * A pattern with groups as engines of other families read it the same and find the same in them, or undefined: groups of what
 * {@link portablePattern} takes `once`, one after the other, not repeated; and the parts of a URL, which were looked at one by one.
 */
export function portableGroups(pattern: string): string | undefined {
  if (urlPatterns.has(pattern)) return pattern
  const bare = pattern.replaceAll(/\\[^]|\[\^?[^\]]*\]|[()]/g, (token) => (token === '(' || token === ')' ? '' : token))
  if (portablePattern(bare, true) === undefined || /\)[*+?{]|\(\?|\(\(/.test(pattern)) return undefined
  let depth = 0
  const parts = pattern.split(/(\\[^]|\[\^?[^\]]*\]|[()])/)
  const isFlat = parts.every((part) => {
    if (part === '(') depth++
    if (part === ')') depth--
    return depth === 0 || depth === 1
  })
  if (!isFlat || depth !== 0) return undefined
  return parts.map((part) => (part === '(' || part === ')' || part === '' ? part : atoms(part))).join('')
}

/** Characters and sets of a pattern that {@link portablePattern} takes, spelled out. */
function atoms(part: string): string {
  if (/^\\[dws]$/.test(part)) return portablePattern(part)!
  return /^[\\[]/.test(part) ? part : part.replaceAll('.', '[^\n]')
}

const urlPatterns: ReadonlySet<string> = new Set([
  '^[^:/?#]+://([^/?#@]*@)?([^/?#:]*)',
  '^[^:/?#]+:(//[^/?#]*)?([^?#]*)',
  '^[^:/?#]+:(//[^/?#]*)?([^#]*)',
])
