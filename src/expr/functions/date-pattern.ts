import { LakefrontError } from '../../errors.ts'

/** PySpark's pattern letters by how often they stand in a row, as strftime writes them. */
const letters: Readonly<Record<string, string>> = {
  yyyy: '%Y',
  uuuu: '%Y',
  y: '%Y',
  yy: '%y',
  M: '%-m',
  MM: '%m',
  MMM: '%b',
  MMMM: '%B',
  LLL: '%b',
  LLLL: '%B',
  d: '%-d',
  dd: '%d',
  D: '%-j',
  DDD: '%j',
  H: '%-H',
  HH: '%H',
  h: '%-I',
  hh: '%I',
  m: '%-M',
  mm: '%M',
  s: '%-S',
  ss: '%S',
  SSS: '%g',
  SSSSSS: '%f',
  a: '%p',
  E: '%a',
  EE: '%a',
  EEE: '%a',
  EEEE: '%A',
}

/**
 * A pattern of PySpark's letters (`yyyy-MM-dd HH:mm:ss`, text between single quotes) as strftime's, in which dialects get
 * it. A pattern with a `%` is strftime's already.
 *
 * Throws `INVALID_ARGUMENT` for letters that strftime has no counterpart of.
 */
export function datePattern(where: string, pattern: string): string {
  if (typeof pattern !== 'string' || pattern === '') {
    throw new LakefrontError('INVALID_ARGUMENT', `${where}(): a pattern is text such as 'yyyy-MM-dd'.`)
  }
  if (pattern.includes('%')) return pattern
  return pattern.replaceAll(/'((?:[^']|'')*)'|([A-Za-z])\2*/g, (run: string, quoted: string | undefined) => {
    if (quoted !== undefined) return quoted === '' ? "'" : quoted.replaceAll("''", "'")
    if (Object.hasOwn(letters, run)) return letters[run]!
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `${where}(): "${run}" in the pattern "${pattern}" is not offered. Letters: ${Object.keys(letters).join(' ')}; text stands between single quotes.`,
    )
  })
}
