import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

const families = {
  Aggregate: ['aggregate'],
  String: ['string', 'regexp', 'encoding', 'url'],
  Numeric: ['numeric', 'trigonometry', 'bitwise', 'try-arithmetic'],
  Datetime: ['datetime', 'date-format', 'make-datetime', 'epoch', 'time-zone', 'time-window'],
  Conditional: ['conditional'],
  Collection: ['collection', 'higher-order', 'map', 'struct', 'vector', 'generator'],
  JSON: ['json'],
  Hash: ['hash'],
  Window: ['window'],
  Misc: ['misc'],
}

/** Why a function of PySpark's is not here: the first pattern that its name matches. */
const reasons: readonly (readonly [RegExp, string])[] = [
  [/^(hll|kll|theta|tuple)_|^count_min_sketch|^bitmap_/, 'a binary sketch format of Spark’s'],
  [/variant|^(try_)?parse_json$/, 'there is no VARIANT type'],
  [/xml|^xpath/, 'XML is not read'],
  [/^st_/, 'there is no geometry type'],
  [/udt?f$|^unwrap_udt$/, 'functions of yours are registered with the session'],
  [/csv/, 'CSV is read by read.csv()'],
  [/aes_|^hmac$/, 'the engine has no ciphers'],
  [/^crc32$|^hash$|^xxhash64$/, 'the engine’s hashes are not equal to Spark’s'],
  [/^java_method$|reflect$/, 'there is no Java'],
  [/^(bucket|days|hours|months|years)$/, 'partitions are named in partitionBy() of the writer'],
  [/^input_file_|^spark_partition_id$/, 'rows do not know the file and partition they come from'],
  [/^time_bucket$/, 'see window(), dateTrunc(), or over() with rangeBetween()'],
  [/^time_|^to_time$|^try_to_time$|_to_time$/, 'TIME is a preview type in Spark'],
  [
    /^(make|to|try_make|try_to)_timestamp_(ltz|ntz)$|^try_make_interval$/,
    'use the function without the suffix: times are TIMESTAMP in UTC',
  ],
  [
    /^(to_char|to_varchar|to_number|try_to_number|conv)$/,
    'Spark’s number formats are not translated; see formatNumber(), formatString() and cast()',
  ],
  [/_nanos$/, 'times have microseconds'],
  [/base32$/, 'base 32 is not among the engine’s encodings'],
  [/utf8$/, 'text is UTF-8 by itself'],
  [/^(uniform|randstr)$/, 'random values with bounds follow from rand()'],
  [/^collat/, 'text is compared by code points'],
  [/^(sentences|soundex)$/, 'a language model of Java’s'],
  [/^vector_/, 'vectors of one length are compared, not aggregated; see transform() and zipWith()'],
  [/^histogram_numeric$|^approx_top/, 'Spark’s own approximation'],
  [/^(stack|json_tuple)$/, 'makes several columns; see unpivot() and getJsonObject()'],
  [/^broadcast$|^call_udf$/, 'a hint to a cluster'],
  [/^schema_of_json$/, 'give fromJson() the type'],
  [/^(current_user|session_user|user|current_path)$/, 'there are no users in the page'],
  [/^shiftrightunsigned$/, 'integers are not of a fixed width here'],
  [/^try_(parse_url|url_decode)$/, 'the function without try_ gives NULL for what is missing'],
  [/^collect_union$|^counter_diff$/, 'follows from collectSet() and flatten(), or from lag()'],
]

/** What differs for operators and for many functions. */
const general = [
  [
    'text after the first argument',
    'is a value where something is looked for, replaced or compared with it (contains, startswith, like, replace, levenshtein …); PySpark’s newer functions take it for the name of a column: write col()',
  ],
  ['`div`, `mod` by 0', 'NULL, as tryDivide() and tryMod(); PySpark fails'],
  ['patterns', 'RE2, which knows no look-around and no references to groups; PySpark: Java’s'],
  ['`sum` of integers', 'HUGEINT, which does not overflow; PySpark: BIGINT'],
  ['date − date', 'a number of days; PySpark: an interval. dateDiff() is the same in both'],
  ['a position that is not there', '`getItem`, `elementAt`: NULL; PySpark fails'],
  ['numbers given as text', 'are not converted by themselves: `TYPE_MISMATCH` names the cast'],
]

const camel = (name: string): string => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())

const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8')

/** Every exported function: its name, the name and file of what it is another name of. */
const exported = async (): Promise<Map<string, { readonly of: string; readonly file: string }>> => {
  const found = new Map<string, { of: string; file: string }>()
  for (const [, names = '', path = ''] of (await read('src/functions.ts')).matchAll(
    /export \{([^}]*)\} from '\.\/expr\/([^']+)\.ts'/g,
  )) {
    for (const each of names.split(',').map((name) => name.trim())) {
      if (each === '') continue
      const [of = '', name = of] = each.split(' as ')
      found.set(name, { of, file: path.replace('functions/', '') })
    }
  }
  return found
}

/** The doc comment of each function in the files of `src/expr/functions`. */
const comments = async (): Promise<Map<string, string>> => {
  const found = new Map<string, string>()
  for (const file of await readdir(join(root, 'src/expr/functions'))) {
    if (!file.endsWith('.ts')) continue
    const text = await read(`src/expr/functions/${file}`)
    for (const [, comment = '', name = ''] of text.matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\/\nexport function (\w+)/g)) {
      const line = comment
        .replaceAll(/\n \* ?/g, ' ')
        .trim()
        .replaceAll(/\s+/g, ' ')
      if (!found.has(name)) found.set(name, line.replaceAll(/\{@link (\w+)\}/g, '`$1`').replaceAll('|', String.raw`\|`))
    }
  }
  return found
}

/** What examples of a function say of how it differs from Spark. */
const differences = async (): Promise<Map<string, string>> => {
  const found = new Map<string, string>()
  for (const file of await readdir(join(root, 'src/expr/functions/fixtures'))) {
    if (!file.endsWith('.ts')) continue
    const text = await read(`src/expr/functions/fixtures/${file}`)
    for (const [example] of text.matchAll(/^ {2}\{[^]*?\},?$/gm)) {
      const names = [...example.matchAll(/F\.(\w+)/g)].map(([, name = '']) => name)
      const why = /why:\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/.exec(example)
      if (why !== null && /\bspark:/.test(example))
        found.set(names.find((name) => name !== 'round') ?? '', why[1] ?? why[2] ?? '')
    }
  }
  return found
}

/** The page `docs/functions.md`, from the sources. */
export const functionsPage = async (): Promise<string> => {
  const [functions, docs, differs] = [await exported(), await comments(), await differences()]
  const spark = (await read('docs/pyspark-functions.txt')).trim().split('\n')
  const lines = [
    '# Functions',
    '',
    "`import * as F from 'lakefront/functions'`. Names are PySpark's in camelCase; a string as the first argument is the name of a column.",
    "Each is checked against Spark's own answers (`src/expr/functions/fixtures`). This page is made from the sources: `npx vitest run --project unit src/functions.test.ts -u`.",
    '',
    `${functions.size} names. Of PySpark's ${spark.length}: ${spark.filter((name) => functions.has(camelName(name))).length} are here.`,
  ]
  for (const [family, files] of Object.entries(families)) {
    const names = [...functions].filter(([, { file }]) => files.includes(file)).toSorted(([a], [b]) => (a < b ? -1 : 1))
    lines.push('', `## ${family}`, '', '| function | SQL in DuckDB, and what to know |', '|---|---|')
    for (const [name, { of }] of names) {
      lines.push(`| \`${name}\` | ${of === name ? (docs.get(name) ?? '') : `As \`${of}\`.`} |`)
    }
  }
  lines.push('', '## Where they differ from PySpark', '', '| function | difference |', '|---|---|')
  for (const [what, why] of general) lines.push(`| ${what} | ${why} |`)
  for (const [name, why] of [...differs].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    lines.push(`| \`${name}\` | ${why} |`)
  for (const [name, text] of docs) {
    const noted = /[^.:;(`]*\(PySpark[^)]*\)/.exec(text)?.[0]
    if (noted !== undefined && functions.has(name) && !differs.has(name))
      lines.push(`| \`${name}\` | ${noted.replace(/^, /, '').trim()} |`)
  }
  lines.push('', "## PySpark's functions, name by name", '', '| PySpark | here |', '|---|---|')
  for (const name of spark) lines.push(`| \`${name}\` | ${fate(name, functions, differs)} |`)
  return `${lines.join('\n')}\n`
}

const camelName = (name: string): string => (name === 'typeof' ? 'typeOf' : camel(name))

const fate = (name: string, functions: ReadonlyMap<string, unknown>, differs: ReadonlyMap<string, string>): string => {
  const own = camelName(name)
  if (functions.has(own)) return `\`${own}\`${differs.has(own) ? ', differs' : ''}`
  const reason = reasons.find(([pattern]) => pattern.test(name))?.[1]
  if (reason === undefined)
    throw new Error(`PySpark's ${name} is not here, and .ci/functions-page.ts does not say why.`)
  return `not: ${reason}`
}
