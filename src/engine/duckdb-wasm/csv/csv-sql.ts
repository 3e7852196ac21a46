import type { CsvDialect, CsvParameters } from '../../../format/csv/csv-parser.ts'
import type { Field } from '../../../types/logical-type.ts'
import { typeName } from '../../../types/type-names.ts'

/** What our scans do themselves, whatever DuckDB's reader does by these names. */
const oursAlone: ReadonlySet<string> = new Set([
  'buffer_size',
  'compression',
  'encoding',
  'filename',
  'files_to_sniff',
  'hive_partitioning',
  'parallel',
  'rejects_limit',
  'rejects_scan',
  'rejects_table',
  'store_rejects',
  'union_by_name',
])

/** What is still to be said of a text whose dialect and columns are known. */
const whileReading: ReadonlySet<string> = new Set([
  'allow_quoted_nulls',
  'decimal_separator',
  'force_not_null',
  'ignore_errors',
  'max_line_size',
  'maximum_line_size',
  'null_padding',
  'nullstr',
  'strict_mode',
  'thousands',
])

/** The tables that DuckDB writes rejected lines of one piece to. */
export const rejectTables = { errors: 'lf_reject_errors', scans: 'lf_reject_scans' } as const

export function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

export function quotedText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

export function isRejecting({
  store_rejects: stored,
  rejects_table: table,
  rejects_scan: scan,
}: CsvParameters): boolean {
  return stored === 'true' || (stored === undefined && (table !== undefined || scan !== undefined))
}

/** DuckDB's `max_line_size`. */
const longestLine = 2_000_000

/** DuckDB takes two buffers of 32 MB for whatever text, unless it is told that less is enough. */
export function bufferArgument(bytes: number, parameters: CsvParameters): string {
  const told = parameters['max_line_size'] ?? parameters['maximum_line_size']
  const line = Number(told?.replaceAll("'", '') ?? longestLine)
  return `, buffer_size = ${Math.max(bytes + 1, line + 1)}`
}

/** Arguments of `sniff_csv`. */
export function sniffArguments(parameters: CsvParameters): string {
  return argumentsOf(
    parameters,
    Object.keys(parameters).filter((name) => !oursAlone.has(name) && name !== 'auto_detect'),
  )
}

/** Arguments that make DuckDB's reader keep what it rejects in {@link rejectTables}. */
export const rejectArguments: string =
  `, store_rejects = true, rejects_table = ${quotedText(rejectTables.errors)}` +
  `, rejects_scan = ${quotedText(rejectTables.scans)}, rejects_limit = 0`

/** Arguments of DuckDB's reader for what the caller said, and nothing else. */
export function givenArguments(parameters: CsvParameters): string {
  return argumentsOf(
    parameters,
    Object.keys(parameters).filter((name) => !oursAlone.has(name)),
  )
}

/** Lines that are to be kept elsewhere are no errors. */
function argumentsOf(parameters: CsvParameters, names: readonly string[]): string {
  const isSilent = isRejecting(parameters) && parameters['ignore_errors'] === undefined
  return names.map((name) => `, ${name} = ${parameters[name]}`).join('') + (isSilent ? ', ignore_errors = true' : '')
}

/** Arguments of DuckDB's reader for a piece of a text whose dialect is known; only the first has a header, and lines to skip. */
export function readArguments(
  { parameters, dialect, fields }: { parameters: CsvParameters; dialect: CsvDialect; fields: readonly Field[] },
  isFirst: boolean,
): string {
  const columns = fields.map(({ name, type }) => `${quotedText(name)}: ${quotedText(typeName(type))}`)
  const told: Record<string, string> = {
    auto_detect: 'false',
    delim: quotedText(dialect.delimiter),
    quote: quotedText(dialect.quote),
    escape: quotedText(dialect.escape),
    comment: quotedText(dialect.comment),
    header: String(isFirst && dialect.hasHeader),
    skip: String(isFirst ? dialect.skipRows : 0),
    columns: `{${columns.join(', ')}}`,
  }
  if (dialect.newLine !== '') told['new_line'] = quotedText(spelled(dialect.newLine))
  // The sniffer says so, and reads by a cast that knows more: `infinity`, `epoch`, years of five digits and before Christ.
  const isCast = dialect.dateFormat === '%Y-%m-%d' && parameters['dateformat'] === undefined
  if (dialect.dateFormat !== undefined && !isCast) told['dateformat'] = quotedText(dialect.dateFormat)
  if (dialect.timestampFormat !== undefined) told['timestampformat'] = quotedText(dialect.timestampFormat)
  for (const [name, value] of Object.entries(parameters)) if (whileReading.has(name)) told[name] = value
  const text = Object.entries(told)
    .map(([name, value]) => `, ${name} = ${value}`)
    .join('')
  return isRejecting(parameters) ? text + rejectArguments : text
}

/** Line ends as DuckDB spells them in options, and as they are. */
function spelled(newLine: string): string {
  return newLine.replaceAll('\r', '\\r').replaceAll('\n', '\\n')
}
