import type { LogicalType } from '../../../types/logical-type.ts'
import type { Spelling } from '../dialect.ts'

/** Functions of text, bytes and JSON. */
export const string: Readonly<Record<string, Spelling>> = Object.freeze<Record<string, Spelling>>({
  upper: 'upper',
  lower: 'lower',
  length: 'CAST(length({1}) AS INTEGER)',
  trim: 'trim',
  ltrim: 'ltrim',
  rtrim: 'rtrim',
  substring: {
    call: ([value, start, size], _, nodes) => {
      const from = nodes[1]?.kind === 'Literal' ? Number(nodes[1].value) : 0
      if (size === undefined) return `substring(${value}, ${start})`
      const call = `substring(${value}, ${start}, ${size})`
      // DuckDB counts from the start of a text that is shorter.
      return from < 0
        ? `CASE WHEN length(${value}) >= ${-from} THEN ${call} ELSE left(${value}, greatest(${size} - ${-from} + length(${value}), 0)) END`
        : call
    },
  },
  concat: { call: (operands) => `(${operands.join(' || ')})` },
  concatWs: {
    call: ([separator, ...values], _, __, type) => {
      const areLists = values.map((_, at) => ['list', 'array'].includes(type(at + 1)?.kind ?? ''))
      if (!areLists.includes(true)) return `concat_ws(${[separator, ...values].join(', ')})`
      const all = values
        .map((value, at) => `CAST(${areLists[at] === true ? value : `[${value}]`} AS VARCHAR[])`)
        .reduce((left, right) => `list_concat(${left}, ${right})`)
      return `coalesce(array_to_string(${all}, ${separator}), '')`
    },
  },
  replace: 'replace',
  split: 'regexp_split_to_array',
  startsWith: 'starts_with',
  endsWith: 'ends_with',
  btrim: 'trim',
  contains: 'contains',
  elt: { call: ([position, ...values]) => `list_value(${values.join(', ')})[${position}]` },
  findInSet:
    "CASE WHEN {1} IS NOT NULL AND {2} IS NOT NULL THEN CAST(coalesce(list_position(string_split({2}, ','), {1}), 0) AS INTEGER) END",
  formatNumber: "format('{:,.' || {2} || 'f}', CAST({1} AS DOUBLE))",
  initcap:
    "array_to_string(list_transform(string_split(lower({1}), ' '), lambda lf_word: upper(lf_word[1]) || lf_word[2:]), ' ')",
  instr: 'CAST(instr({1}, {2}) AS INTEGER)',
  left: 'left({1}, greatest({2}, 0))',
  right: 'right({1}, greatest({2}, 0))',
  levenshtein: 'CAST(levenshtein({1}, {2}) AS INTEGER)',
  jaroWinklerSimilarity: 'jaro_winkler_similarity',
  lpad: 'lpad',
  rpad: 'rpad',
  overlay: [
    '',
    '',
    '',
    '(left({1}, {3} - 1) || {2} || substring({1}, {3} + length({2})))',
    '(left({1}, {3} - 1) || {2} || substring({1}, {3} + {4}))',
  ],
  quote: "('''' || replace(replace({1}, '\\', '\\\\'), '''', '\\''') || '''')",
  repeat: 'repeat',
  splitPart: 'split_part',
  strToMap:
    "map_from_entries(list_transform(string_split({1}, {2}), lambda lf_pair: {'k': split_part(lf_pair, {3}, 1), 'v': CASE WHEN contains(lf_pair, {3}) THEN substring(lf_pair, instr(lf_pair, {3}) + length({3})) END}))",
  translate: 'translate',
  reverse: {
    call: ([value], _, __, type) => `${type(0)?.kind === 'list' ? 'list_reverse' : 'reverse'}(${value})`,
  },
  position:
    'CAST(CASE WHEN instr(substring({2}, {3}), {1}) = 0 THEN 0 ELSE instr(substring({2}, {3}), {1}) + {3} - 1 END AS INTEGER)',
  formatString: 'printf',
  substringIndex: 'array_to_string(string_split({1}, {2})[:{3}], {2})',
  substringIndexFromEnd: 'array_to_string(string_split({1}, {2})[{3}:], {2})',
  parseUrl: "nullif(regexp_extract({1}, {2}, {3}), '')",
  regexpReplace: "regexp_replace({1}, {2}, {3}, 'g')",
  rlike: 'regexp_matches',
  regexpCount: 'CAST(len(regexp_extract_all({1}, {2})) AS INTEGER)',
  regexpExtract: 'regexp_extract',
  regexpExtractAll: 'regexp_extract_all',
  regexpInstr:
    "CASE WHEN regexp_matches({1}, {2}) THEN CAST(length(regexp_replace({1}, '(?:' || {2} || ')(?s:.*)', '')) + 1 AS INTEGER) WHEN {1} IS NOT NULL AND {2} IS NOT NULL THEN 0 END",
  regexpSubstr: 'CASE WHEN regexp_matches({1}, {2}) THEN regexp_extract({1}, {2}) END',
  like: "({1} LIKE {2} ESCAPE '\\')",
  ilike: "({1} ILIKE {2} ESCAPE '\\')",
  ascii: 'ascii',
  chr: 'chr(CAST({1} AS INTEGER))',
  unbase64: 'from_base64',
  bin: 'bin(CAST({1} AS BIGINT))',
  hex: 'hex',
  unhex: 'TRY(unhex({1}))',
  urlEncode: "replace(replace(replace(url_encode({1}), '%20', '+'), '~', '%7E'), '%2A', '*')",
  urlDecode: "url_decode(replace({1}, '+', ' '))",
  base64: { call: ([value], _, __, type) => `to_base64(${bytes(value!, type(0))})` },
  bitLength: { call: ([value], _, __, type) => `CAST(8 * octet_length(${bytes(value!, type(0))}) AS INTEGER)` },
  octetLength: { call: ([value], _, __, type) => `CAST(octet_length(${bytes(value!, type(0))}) AS INTEGER)` },
  encode: 'encode',
  decode: 'decode',
  unhexStrict: 'unhex',
  try: 'TRY({1})',
  md5: 'md5',
  sha1: 'sha1',
  sha2: 'sha256',
  getJsonObject: 'TRY(json_extract_string({1}, {2}))',
  jsonArrayLength: "CASE WHEN TRY(json_type({1})) = 'ARRAY' THEN CAST(json_array_length({1}) AS INTEGER) END",
  jsonObjectKeys: "CASE WHEN TRY(json_type({1})) = 'OBJECT' THEN json_keys({1}) END",
  toJson: 'CAST(to_json({1}) AS VARCHAR)',
  fromJson: 'TRY(from_json({1}, {2}))',
})

/** Bytes of bytes, or of text. */
function bytes(value: string, type: LogicalType | undefined): string {
  return type?.kind === 'blob' ? value : `encode(${value})`
}
