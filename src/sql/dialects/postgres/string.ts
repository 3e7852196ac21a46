import type { LogicalType } from '../../../types/logical-type.ts'
import { isInteger } from '../../types.ts'
import type { Spelling } from '../dialect.ts'
import { unsupported } from '../unsupported.ts'
import { asText } from './types.ts'
import { literal, postgresGroups, postgresPattern } from './values.ts'
import { isList, noList, numberOf, textOf } from './words.ts'

const bytes = (value: string, type: LogicalType | undefined, operation: string): string => {
  if (type?.kind === 'blob') return value
  if (type?.kind === 'varchar') return `convert_to(${value}, 'UTF8')`
  throw unsupported('postgres', `${operation}() of what is not known to be text or bytes`)
}
const ofBytes = (operation: string, write: (value: string) => string): Spelling => ({
  call: ([value], _, __, type) => write(bytes(value!, type(0), operation)),
})
/** A group of the first match of a pattern; 0 is all of it. */
const matched = (value: string, pattern: string, group: number): string =>
  group === 0
    ? `(regexp_match(${value}, ${pattern.replace(/^(E?')([^]*)'$/, "$1($2)'")}))[1]`
    : `(regexp_match(${value}, ${pattern}))[${group}]`
/** What is put together of the characters of a text, each with its position. */
const byCharacter = (write: string, order = 'lf_i'): string =>
  `CASE WHEN {1} IS NOT NULL THEN coalesce((SELECT string_agg(${write}, '' ORDER BY ${order}) FROM string_to_table({1}, NULL) WITH ORDINALITY AS lf_t(lf_v, lf_i)), '') END`
/** What lies at a path such as `$.a[0]`: of equal names the first, as DuckDB and Spark have it; PostgreSQL itself takes the last. */
const jsonAt = (json: string, path: string | undefined): string => {
  if (path === undefined || !/^\$(\.[A-Za-z_]\w*|\[\d+\])*$/.test(path))
    throw unsupported('postgres', 'getJsonObject() by such a path')
  return (path.match(/\w+/g) ?? []).reduce(
    (value, step) =>
      /^\d/.test(step)
        ? `(${value} -> ${step})`
        : `(SELECT lf_v FROM (SELECT ${value} AS lf_j) AS lf_s, json_each(CASE WHEN json_typeof(lf_j) = 'object' THEN lf_j END) WITH ORDINALITY AS lf_t(lf_k, lf_v, lf_i) WHERE lf_k = ${literal(step)} ORDER BY lf_i LIMIT 1)`,
    `CAST(${json} AS json)`,
  )
}
/** JSON text without the spaces between its parts. */
const compact = (json: string): string =>
  `regexp_replace(CAST(${json} AS text), '("(?:[^"\\\\]|\\\\.)*")|\\s+', '\\1', 'g')`
const hexadecimal = "'^([0-9A-Fa-f][0-9A-Fa-f])*$'"
const evenDigits = "CASE WHEN char_length({1}) % 2 = 1 THEN '0' || {1} ELSE {1} END"

/** Functions of text, bytes and JSON. */
export const string: Readonly<Record<string, Spelling>> = Object.freeze<Record<string, Spelling>>({
  upper: 'upper',
  lower: 'lower',
  length: {
    call: ([value], _, __, type) => {
      if (type(0)?.kind === 'blob') return `octet_length(${value})`
      return isList(type(0)) ? `cardinality(${value})` : `char_length(${value})`
    },
  },
  trim: 'btrim',
  btrim: 'btrim',
  ltrim: 'ltrim',
  rtrim: 'rtrim',
  substring: {
    call: ([value, start, size], _, nodes) => {
      const from = numberOf(nodes[1])
      if (from === undefined) throw unsupported('postgres', 'substring() from a start that is computed')
      const first = from < 0 ? `char_length(${value}) + 1 - ${-from}` : start
      if (from < 0 && size === undefined) return `right(${value}, ${-from})`
      return `substring(${value} FROM ${first}${size === undefined ? '' : ` FOR ${size}`})`
    },
  },
  concatWs: {
    call: ([separator, ...operands], _, __, type) => {
      const texts = operands.map((operand, at) =>
        isList(type(at + 1)) ? `CAST(${operand} AS text[])` : asText(operand, type(at + 1)),
      )
      if (!operands.some((_, at) => isList(type(at + 1)))) return `concat_ws(${[separator, ...texts].join(', ')})`
      const lists = texts.map((text, at) => (isList(type(at + 1)) ? text : `CAST(ARRAY[${text}] AS text[])`))
      return `coalesce(array_to_string(${lists.join(' || ')}, ${separator}), '')`
    },
  },
  replace: 'replace',
  startsWith: 'starts_with',
  endsWith: { call: ([value, end]) => `(right(${value}, char_length(${end})) = ${end})` },
  contains: {
    call: ([value, part], _, __, type) => {
      noList('contains', type(0))
      return `(strpos(${value}, ${part}) > 0)`
    },
  },
  elt: {
    call: ([position, ...values]) =>
      `CASE ${position}${values.map((value, at) => ` WHEN ${at + 1} THEN ${value}`).join('')} END`,
  },
  findInSet:
    "CASE WHEN {1} IS NOT NULL AND {2} IS NOT NULL THEN CASE WHEN {1} = '' AND {2} = '' THEN 1 ELSE coalesce(array_position(string_to_array({2}, ','), {1}), 0) END END",
  formatNumber: {
    call: ([value], _, nodes, type) => {
      const digits = numberOf(nodes[1])
      if (!isInteger(type(0)) || digits === undefined)
        throw unsupported('postgres', 'formatNumber() of what is not known to be a whole number')
      const grouped = `regexp_replace(CAST(${value} AS text), '([0-9])(?=([0-9]{3})+$)', '\\1,', 'g')`
      return digits <= 0 ? grouped : `(${grouped} || '.${'0'.repeat(digits)}')`
    },
  },
  formatString: {
    call: ([, ...values], _, nodes, type) => {
      const parts = textOf(nodes[0])?.split(/(%[sd%])/)
      if (parts === undefined || parts.some((part, at) => at % 2 === 0 && part.includes('%')))
        throw unsupported('postgres', 'formatString() with more than %s and %d')
      let next = 0
      const written = parts.map((part, at) => {
        if (at % 2 === 0 || part === '%%') return literal(part === '%%' ? '%' : part)
        if (part === '%d' && !isInteger(type(next + 1)))
          throw unsupported('postgres', 'formatString() with %d of what is not known to be a whole number')
        return asText(values[next]!, type(++next))
      })
      return `(${written.join(' || ')})`
    },
  },
  initcap:
    "CASE WHEN {1} IS NOT NULL THEN coalesce((SELECT string_agg(upper(left(lf_v, 1)) || substring(lf_v FROM 2), ' ' ORDER BY lf_i) FROM unnest(string_to_array(lower({1}), ' ')) WITH ORDINALITY AS lf_t(lf_v, lf_i)), '') END",
  instr: 'strpos',
  left: 'left({1}, CASE WHEN {2} < 0 THEN 0 ELSE {2} END)',
  right: 'right({1}, CASE WHEN {2} < 0 THEN 0 ELSE {2} END)',
  lpad: 'lpad',
  rpad: 'rpad',
  overlay: ['', '', '', 'overlay({1} PLACING {2} FROM {3})', 'overlay({1} PLACING {2} FROM {3} FOR {4})'],
  quote: "('''' || replace(replace({1}, '\\', '\\\\'), '''', '\\''') || '''')",
  repeat: 'repeat',
  split: {
    call: ([value], _, nodes) => `regexp_split_to_array(${value}, ${postgresPattern(nodes[1], 'split', true)})`,
  },
  splitPart: 'split_part',
  substringIndex: {
    call: ([value, separator, count], _, nodes) => {
      if (!textOf(nodes[1])) throw unsupported('postgres', 'substringIndex() by a separator that is computed or empty')
      return `array_to_string((string_to_array(${value}, ${separator}))[:${count}], ${separator})`
    },
  },
  substringIndexFromEnd: {
    call: ([value, separator, count], _, nodes) => {
      if (!textOf(nodes[1])) throw unsupported('postgres', 'substringIndex() by a separator that is computed or empty')
      const parts = `string_to_array(${value}, ${separator})`
      return `array_to_string((${parts})[greatest(cardinality(${parts}) + 1 + ${count}, 1):], ${separator})`
    },
  },
  translate: 'translate',
  reverse: {
    call: ([value], _, __, type) => {
      if (type(0)?.kind === 'varchar') return `reverse(${value})`
      if (!isList(type(0))) throw unsupported('postgres', 'reverse() of what is not known to be text or a list')
      return `CASE WHEN ${value} IS NOT NULL THEN ARRAY(SELECT lf_v FROM unnest(${value}) WITH ORDINALITY AS lf_t(lf_v, lf_i) ORDER BY lf_i DESC) END`
    },
  },
  position:
    'CASE WHEN strpos(substring({2} FROM {3}), {1}) = 0 OR ({3} < 1 AND {2} IS NOT NULL) THEN 0 ELSE strpos(substring({2} FROM {3}), {1}) + {3} - 1 END',
  like: "({1} LIKE {2} ESCAPE '\\')",
  ilike: "({1} ILIKE {2} ESCAPE '\\')",
  rlike: { call: ([value], _, nodes) => `(${value} ~ ${postgresPattern(nodes[1], 'rlike')})` },
  regexpReplace: {
    call: ([value, , replacement], _, nodes) => {
      const text = textOf(nodes[2])
      // All of the match is `\0` elsewhere.
      const whole = text?.replace(/\\([^])/g, (pair, of) => (of === '0' ? '\\&' : pair))
      return `regexp_replace(${value}, ${postgresGroups(nodes[1], 'regexpReplace')}, ${whole === undefined ? replacement : literal(whole)}, 'g')`
    },
  },
  regexpCount: {
    call: ([value], _, nodes) => `regexp_count(${value}, ${postgresPattern(nodes[1], 'regexpCount', true)})`,
  },
  regexpExtract: {
    call: ([value], _, nodes) => {
      const match = matched(value!, postgresGroups(nodes[1], 'regexpExtract'), numberOf(nodes[2]) ?? 0)
      return `CASE WHEN ${value} IS NOT NULL THEN coalesce(${match}, '') END`
    },
  },
  regexpExtractAll: {
    call: ([value], _, nodes) => {
      const pattern = postgresGroups(nodes[1], 'regexpExtractAll')
      const group = numberOf(nodes[2]) ?? 0
      const whole = group === 0 ? pattern.replace(/^(E?')([^]*)'$/, "$1($2)'") : pattern
      const matches = `regexp_matches(${value}, ${whole}, 'g') WITH ORDINALITY AS lf_t(lf_v, lf_i)`
      return `CASE WHEN ${value} IS NOT NULL THEN ARRAY(SELECT coalesce(lf_v[${group || 1}], '') FROM ${matches} ORDER BY lf_i) END`
    },
  },
  regexpInstr: {
    call: ([value], _, nodes) => `regexp_instr(${value}, ${postgresPattern(nodes[1], 'regexpInstr', true)})`,
  },
  regexpSubstr: {
    call: ([value], _, nodes) => `regexp_substr(${value}, ${postgresPattern(nodes[1], 'regexpSubstr', true)})`,
  },
  parseUrl: {
    call: ([value], _, nodes) =>
      `nullif(${matched(value!, postgresGroups(nodes[1], 'parseUrl'), numberOf(nodes[2])!)}, '')`,
  },
  ascii: 'ascii',
  chr: 'chr(CAST({1} AS integer))',
  octetLength: 'octet_length',
  bitLength: '(8 * octet_length({1}))',
  base64: ofBytes('base64', (value) => `replace(encode(${value}, 'base64'), E'\\n', '')`),
  unbase64: "decode({1}, 'base64')",
  bin: "CASE WHEN {1} = 0 THEN '0' ELSE ltrim(CAST(CAST(CAST({1} AS bigint) AS bit(64)) AS text), '0') END",
  hex: {
    call: ([value], _, __, type) =>
      isInteger(type(0))
        ? `upper(to_hex(CAST(${value} AS bigint)))`
        : `upper(encode(${bytes(value!, type(0), 'hex')}, 'hex'))`,
  },
  unhex: `CASE WHEN ${evenDigits} ~ ${hexadecimal} THEN decode(${evenDigits}, 'hex') END`,
  unhexStrict: `decode(${evenDigits}, 'hex')`,
  encode: "convert_to({1}, 'UTF8')",
  decode: "convert_from({1}, 'UTF8')",
  urlEncode: byCharacter(
    "CASE WHEN lf_v ~ '[A-Za-z0-9._*-]' THEN lf_v WHEN lf_v = ' ' THEN '+' ELSE regexp_replace(upper(encode(convert_to(lf_v, 'UTF8'), 'hex')), '(..)', '%\\1', 'g') END",
  ),
  urlDecode:
    "CASE WHEN {1} IS NOT NULL THEN convert_from(coalesce((SELECT string_agg(CASE WHEN lf_v[1] ~ '^%..$' THEN decode(substring(lf_v[1] FROM 2), 'hex') ELSE convert_to(lf_v[1], 'UTF8') END, CAST('' AS bytea) ORDER BY lf_i) FROM regexp_matches(replace({1}, '+', ' '), '%[0-9A-Fa-f][0-9A-Fa-f]|[^%]+|%', 'g') WITH ORDINALITY AS lf_t(lf_v, lf_i)), CAST('' AS bytea)), 'UTF8') END",
  md5: ofBytes('md5', (value) => `md5(${value})`),
  sha2: ofBytes('sha2', (value) => `encode(sha256(${value}), 'hex')`),
  getJsonObject: {
    call: ([json], _, nodes) =>
      `(SELECT CASE json_typeof(lf_j) WHEN 'null' THEN NULL WHEN 'string' THEN lf_j #>> '{}' ELSE ${compact('lf_j')} END FROM (SELECT ${jsonAt(json!, textOf(nodes[1]))} AS lf_j) AS lf_r)`,
  },
  toJson: {
    call: ([value], _, __, type) => {
      const given = type(0)
      const item = given?.kind === 'list' ? given.element : given
      if (item?.kind !== 'varchar' && item?.kind !== 'boolean' && !isInteger(item))
        throw unsupported(
          'postgres',
          'toJson() of what is not known to be text, whole numbers, booleans, or a list of them',
        )
      return `CAST(to_json(${value}) AS text)`
    },
  },
  jsonArrayLength: "CASE WHEN json_typeof(CAST({1} AS json)) = 'array' THEN json_array_length(CAST({1} AS json)) END",
  jsonObjectKeys:
    "CASE WHEN json_typeof(CAST({1} AS json)) = 'object' THEN ARRAY(SELECT lf_v FROM json_object_keys(CAST({1} AS json)) WITH ORDINALITY AS lf_t(lf_v, lf_i) ORDER BY lf_i) END",
})
