import { isInteger } from '../../types.ts'
import type { Spelling } from '../dialect.ts'
import { unsupported } from '../unsupported.ts'
import { asText, asciiLike, globOf, literal } from './values.ts'
import { numberOf, ofText, textOf } from './words.ts'

/** Text again and again. */
const repeated = (text: string, count: string): string => `replace(hex(zeroblob(${count})), '00', ${text})`
const padded = (write: (value: string, padding: string) => string): Spelling => ({
  call: ([value, size, padding], _, nodes) => {
    if (!textOf(nodes[2])) throw unsupported('sqlite', 'lpad() and rpad() by what is computed or empty')
    const missing = `substr(${repeated(padding!, `max(${size}, 0)`)}, 1, ${size} - length(${value}))`
    return `CASE WHEN length(${value}) >= ${size} THEN substr(${value}, 1, max(${size}, 0)) ELSE ${write(value!, missing)} END`
  },
})
/** What is put together of the characters of a text, each with its position. */
const byCharacter = (value: string, write: string, order = 'lf_i'): string => {
  const places = `WITH RECURSIVE lf_p(lf_i) AS (SELECT 1 WHERE ${value} <> '' UNION ALL SELECT lf_i + 1 FROM lf_p WHERE lf_i < length(${value}))`
  const each = `SELECT substr(${value}, lf_i, 1) AS lf_v, lf_i FROM lf_p`
  return `CASE WHEN ${value} IS NOT NULL THEN coalesce((${places} SELECT group_concat(${write}, '' ORDER BY ${order}) FROM (${each})), '') END`
}
/** What is made of the parts between separators, `lf_v`, counted by `lf_i` from 1. */
const ofParts = (value: string, separator: string, select: string): string => {
  const rest = `substr(lf_r, instr(lf_r, ${separator}) + length(${separator}))`
  const part = `substr(lf_r, 1, instr(lf_r, ${separator}) - 1)`
  return `(WITH RECURSIVE lf_p(lf_r, lf_v, lf_i) AS (SELECT ${value} || ${separator}, NULL, 0 UNION ALL SELECT ${rest}, ${part}, lf_i + 1 FROM lf_p WHERE lf_r <> '') SELECT ${select} FROM lf_p WHERE lf_i > 0)`
}
const separated = (name: string, write: (operands: readonly string[]) => string): Spelling => ({
  call: (operands, _, nodes) => {
    if (!textOf(nodes[1])) throw unsupported('sqlite', `${name}() by a separator that is computed or empty`)
    return write(operands)
  },
})
const jsonPath = (name: string, path: string | undefined): string => {
  if (path !== undefined && /^\$(\.[A-Za-z_]\w*|\[\d+\])*$/.test(path)) return literal(path)
  throw unsupported('sqlite', `${name}() by such a path`)
}

/** Functions of text, bytes and JSON. */
export const string: Readonly<Record<string, Spelling>> = Object.freeze<Record<string, Spelling>>({
  length: {
    call: ([value], _, __, type) => {
      ofText('length', type(0))
      return `length(${value})`
    },
  },
  trim: 'trim',
  btrim: 'trim',
  ltrim: 'ltrim',
  rtrim: 'rtrim',
  substring: 'substr',
  concatWs: {
    call: ([separator, ...operands], _, __, type) =>
      `concat_ws(${[separator, ...operands.map((operand, at) => asText(operand, type(at + 1)))].join(', ')})`,
  },
  replace: 'replace',
  startsWith: '(substr({1}, 1, length({2})) = {2})',
  endsWith: '(length({1}) >= length({2}) AND substr({1}, length({1}) - length({2}) + 1) = {2})',
  contains: '(instr({1}, {2}) > 0)',
  elt: {
    call: ([position, ...values]) =>
      `CASE ${position}${values.map((value, at) => ` WHEN ${at + 1} THEN ${value}`).join('')} END`,
  },
  findInSet: {
    call: ([value, set]) =>
      `CASE WHEN ${value} IS NOT NULL AND ${set} IS NOT NULL THEN coalesce(${ofParts(set!, "','", `min(CASE WHEN lf_v = ${value} THEN lf_i END)`)}, 0) END`,
  },
  formatNumber: {
    call: ([value], _, nodes, type) => {
      const digits = numberOf(nodes[1])
      if (!isInteger(type(0)) || digits === undefined)
        throw unsupported('sqlite', 'formatNumber() of what is not known to be a whole number')
      const grouped = `format('%,d', ${value})`
      return `CASE WHEN ${value} IS NOT NULL THEN ${digits <= 0 ? grouped : `(${grouped} || '.${'0'.repeat(digits)}')`} END`
    },
  },
  formatString: {
    call: ([, ...values], _, nodes, type) => {
      const parts = textOf(nodes[0])?.split(/(%[sd%])/)
      if (parts === undefined || parts.some((part, at) => at % 2 === 0 && part.includes('%')))
        throw unsupported('sqlite', 'formatString() with more than %s and %d')
      let next = 0
      const written = parts.map((part, at) => {
        if (at % 2 === 0 || part === '%%') return literal(part === '%%' ? '%' : part)
        if (part === '%d' && !isInteger(type(next + 1)))
          throw unsupported('sqlite', 'formatString() with %d of what is not known to be a whole number')
        return asText(values[next]!, type(++next))
      })
      return `(${written.join(' || ')})`
    },
  },
  instr: 'instr',
  left: 'substr({1}, 1, CASE WHEN {2} < 0 THEN 0 ELSE {2} END)',
  right: "CASE WHEN {2} > 0 THEN substr({1}, -{2}) WHEN {2} <= 0 AND {1} IS NOT NULL THEN '' END",
  lpad: padded((value, padding) => `${padding} || ${value}`),
  rpad: padded((value, padding) => `${value} || ${padding}`),
  overlay: [
    '',
    '',
    '',
    '(substr({1}, 1, {3} - 1) || {2} || substr({1}, {3} + length({2})))',
    '(substr({1}, 1, {3} - 1) || {2} || substr({1}, {3} + {4}))',
  ],
  quote: "('''' || replace(replace({1}, '\\', '\\\\'), '''', '\\''') || '''')",
  repeat: { call: ([value, count]) => repeated(value!, `max(${count}, 0)`) },
  splitPart: separated('splitPart', ([value, separator, place]) => {
    const parts = ofParts(value!, separator!, 'json_group_array(lf_v ORDER BY lf_i)')
    return `CASE WHEN ${value} IS NOT NULL THEN coalesce(${parts} ->> CASE WHEN ${place} > 0 THEN ${place} - 1 ELSE ${place} END, '') END`
  }),
  substringIndex: separated('substringIndex', ([value, separator, count]) => {
    const kept = ofParts(
      value!,
      separator!,
      `group_concat(CASE WHEN lf_i <= ${count} THEN lf_v END, ${separator} ORDER BY lf_i)`,
    )
    return `CASE WHEN ${value} IS NOT NULL THEN coalesce(${kept}, '') END`
  }),
  substringIndexFromEnd: separated('substringIndex', ([value, separator, count]) => {
    const parts = ofParts(value!, separator!, 'json_group_array(lf_v ORDER BY lf_i)')
    const kept = `SELECT group_concat(lf_v, ${separator} ORDER BY lf_i) FROM (SELECT value AS lf_v, key AS lf_i, count(*) OVER () AS lf_n FROM json_each(${parts})) WHERE lf_i >= lf_n + ${count}`
    return `CASE WHEN ${value} IS NOT NULL THEN coalesce((${kept}), '') END`
  }),
  translate: {
    call: ([value, from, to]) => {
      const place = `instr(${from}, lf_v)`
      const written = byCharacter(value!, `CASE WHEN ${place} = 0 THEN lf_v ELSE substr(${to}, ${place}, 1) END`)
      return `CASE WHEN ${from} IS NOT NULL AND ${to} IS NOT NULL THEN ${written} END`
    },
  },
  position:
    'CASE WHEN {3} < 1 AND {2} IS NOT NULL OR instr(substr({2}, {3}), {1}) = 0 THEN 0 ELSE instr(substr({2}, {3}), {1}) + {3} - 1 END',
  like: {
    call: ([value], _, nodes) => {
      const glob = globOf(nodes[1])
      if (glob === undefined) throw unsupported('sqlite', 'like() with a pattern that is computed')
      return `(${value} GLOB ${glob})`
    },
  },
  ilike: {
    call: ([value], _, nodes) => {
      const like = asciiLike(nodes[1])
      if (like === undefined)
        throw unsupported('sqlite', 'ilike() with a pattern that is computed or has letters beyond ASCII')
      return `(${value} LIKE ${like} ESCAPE '\\')`
    },
  },
  ascii: "CASE WHEN {1} = '' THEN 0 ELSE unicode({1}) END",
  chr: 'CASE WHEN {1} IS NOT NULL THEN char({1}) END',
  octetLength: 'octet_length',
  bitLength: '(8 * octet_length({1}))',
  bin: {
    call: ([value], _, __, type) => {
      if (!isInteger(type(0))) throw unsupported('sqlite', 'bin() of what is not known to be a whole number')
      const places = 'WITH RECURSIVE lf_p(lf_i) AS (SELECT 0 UNION ALL SELECT lf_i + 1 FROM lf_p WHERE lf_i < 63)'
      const digits = `ltrim(group_concat((${value} >> lf_i) & 1, '' ORDER BY lf_i DESC), '0')`
      return `CASE WHEN ${value} = 0 THEN '0' ELSE (${places} SELECT ${digits} FROM lf_p) END`
    },
  },
  hex: {
    call: ([value], _, __, type) => {
      if (isInteger(type(0))) return `CASE WHEN ${value} IS NOT NULL THEN format('%X', ${value}) END`
      if (type(0)?.kind !== 'varchar' && type(0)?.kind !== 'blob')
        throw unsupported('sqlite', 'hex() of what is not known to be a whole number, text or bytes')
      return `CASE WHEN ${value} IS NOT NULL THEN hex(${value}) END`
    },
  },
  unhex: "unhex(CASE WHEN length({1}) % 2 = 1 THEN '0' || {1} ELSE {1} END)",
  encode: 'CAST({1} AS BLOB)',
  decode: 'CAST({1} AS TEXT)',
  urlEncode: {
    call: ([value]) => {
      const places = `WITH RECURSIVE lf_p(lf_i) AS (SELECT 1 WHERE ${value} <> '' UNION ALL SELECT lf_i + 1 FROM lf_p WHERE lf_i < octet_length(${value}))`
      const byte = `SELECT hex(substr(CAST(${value} AS BLOB), lf_i, 1)) AS lf_v, lf_i FROM lf_p`
      const written =
        "CASE WHEN CAST(unhex(lf_v) AS TEXT) GLOB '[A-Za-z0-9._*-]' THEN CAST(unhex(lf_v) AS TEXT) WHEN lf_v = '20' THEN '+' ELSE '%' || lf_v END"
      return `CASE WHEN ${value} IS NOT NULL THEN coalesce((${places} SELECT group_concat(${written}, '' ORDER BY lf_i) FROM (${byte})), '') END`
    },
  },
  reverse: {
    call: ([value], _, __, type) => {
      if (type(0)?.kind === 'list')
        return `CASE WHEN ${value} IS NOT NULL THEN (SELECT json_group_array(value ORDER BY key DESC) FROM json_each(${value})) END`
      ofText('reverse', type(0))
      return byCharacter(value!, 'lf_v', 'lf_i DESC')
    },
  },
  getJsonObject: {
    call: ([value], _, nodes) => {
      const path = jsonPath('getJsonObject', textOf(nodes[1]))
      return `CASE WHEN json_valid(${value}) THEN CASE json_type(${value}, ${path}) WHEN 'text' THEN ${value} ->> ${path} WHEN 'null' THEN NULL ELSE ${value} -> ${path} END END`
    },
  },
  toJson: {
    call: ([value], _, __, type) => {
      const given = type(0)
      if (given?.kind === 'list' && (given.element.kind === 'varchar' || isInteger(given.element)))
        return `json(${value})`
      if (given?.kind === 'varchar') return `json_quote(${value})`
      if (isInteger(given)) return `CAST(${value} AS TEXT)`
      throw unsupported('sqlite', 'toJson() of what is not known to be text, whole numbers, or a list of them')
    },
  },
  jsonArrayLength:
    "CASE WHEN json_valid({1}) THEN CASE json_type({1}) WHEN 'array' THEN json_array_length({1}) END END",
  jsonObjectKeys:
    "CASE WHEN json_valid({1}) THEN CASE json_type({1}) WHEN 'object' THEN (SELECT json_group_array(key ORDER BY id) FROM json_each({1})) END END",
})
