import type { Spelling } from '../dialect.ts'
import { unsupported } from '../unsupported.ts'
import { numberOf, ofText, pattern, textOf } from './words.ts'

const padded = (name: string): Spelling => ({
  call: (operands, _, nodes) => {
    if (!textOf(nodes[2])) throw unsupported('clickhouse', 'lpad() and rpad() by what is computed or empty')
    const [value, size, padding] = operands
    return `${name}(${value}, greatest(${size}, 0), ${padding})`
  },
})
const hashed = (name: string): Spelling => `lower(hex(${name}({1})))`

/** Functions of text and bytes. */
export const string: Readonly<Record<string, Spelling>> = Object.freeze<Record<string, Spelling>>({
  upper: 'upperUTF8',
  lower: 'lowerUTF8',
  length: {
    call: ([value], _, __, type) => {
      ofText('length', type(0))
      return `toInt32(lengthUTF8(${value}))`
    },
  },
  trim: 'trimBoth',
  btrim: 'trimBoth',
  ltrim: 'trimLeft',
  rtrim: 'trimRight',
  substring: 'substringUTF8',
  concat: {
    call: (operands, _, __, type) => {
      operands.forEach((_, at) => ofText('concat', type(at)))
      return `concat(${operands.join(', ')})`
    },
  },
  concatWs: {
    call: ([separator, ...values], _, __, type) => {
      values.forEach((_, at) => ofText('concatWs', type(at + 1)))
      return `arrayStringConcat([${values.join(', ')}], ${separator})`
    },
  },
  replace: 'replaceAll',
  startsWith: 'startsWith',
  endsWith: 'endsWith',
  contains: '(position({1}, {2}) > 0)',
  elt: {
    call: ([position, ...values]) =>
      `CASE ${position}${values.map((value, at) => ` WHEN ${at + 1} THEN ${value}`).join('')} END`,
  },
  instr: 'toInt32(positionUTF8({1}, {2}))',
  left: 'leftUTF8({1}, greatest({2}, 0))',
  right: 'rightUTF8({1}, greatest({2}, 0))',
  lpad: padded('leftPadUTF8'),
  rpad: padded('rightPadUTF8'),
  repeat: 'repeat({1}, greatest({2}, 0))',
  reverse: {
    call: ([value], _, __, type) => {
      if (type(0)?.kind === 'list') return `arrayReverse(${value})`
      ofText('reverse', type(0))
      return `reverseUTF8(${value})`
    },
  },
  levenshtein: 'toInt32(levenshteinDistanceUTF8({1}, {2}))',
  quote: "concat('\\'', replaceAll(replaceAll({1}, '\\\\', '\\\\\\\\'), '\\'', '\\\\\\''), '\\'')",
  regexpReplace: {
    call: ([value, expression, replacement], _, nodes) =>
      `replaceRegexpAll(${value}, ${pattern(expression!, nodes[1])}, ${replacement})`,
  },
  rlike: { call: ([value, expression], _, nodes) => `match(${value}, ${pattern(expression!, nodes[1])})` },
  regexpCount: {
    call: ([value, expression], _, nodes) => `toInt32(countMatches(${value}, ${pattern(expression!, nodes[1])}))`,
  },
  regexpExtract: {
    call: ([value, expression], _, nodes) =>
      `regexpExtract(${value}, ${pattern(expression!, nodes[1])}, ${numberOf(nodes[2]) ?? 0})`,
  },
  like: '({1} LIKE {2})',
  ilike: '({1} ILIKE {2})',
  octetLength: 'toInt32(length({1}))',
  bitLength: 'toInt32(8 * length({1}))',
  md5: hashed('MD5'),
  sha1: hashed('SHA1'),
  sha2: hashed('SHA256'),
  base64: 'base64Encode',
  hex: {
    call: ([value], _, __, type) => {
      if (type(0)?.kind !== 'varchar') throw unsupported('clickhouse', 'hex() of what is not known to be text')
      return `hex(${value})`
    },
  },
})
