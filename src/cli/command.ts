import { parseArgs } from 'node:util'
import { LakefrontError, nearestName } from '../errors.ts'
import type { WriteCodec } from '../format/avro/compress.ts'
import { writeFormatOf } from '../write/write-format.ts'
import { instantOf } from '../lake/maintenance/age.ts'
import { agingVerbs, lakeVerbs } from './lake-verbs.ts'
import { formatOfName, isAddress } from '../scan/file-format.ts'
import { checkWriteOptions } from '../write/write-options.ts'
import type { WriteTask } from '../write/write-task.ts'

/** How rows are written. */
export type Format = 'table' | 'csv' | 'json' | 'arrow' | 'avro' | 'parquet'

/** What a command line asks for. */
export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | {
      readonly kind: 'sql'
      readonly text: string
      readonly format: Exclude<Format, 'parquet'>
      readonly rows: number
      /** The place of a lake that SQL calls `lake`. */
      readonly lake?: string
      readonly output?: string
      /** How blocks of Avro are compressed. */
      readonly codec?: WriteCodec
    }
  | {
      readonly kind: 'write'
      /** The place of a lake that SQL calls `lake`. */
      readonly lake?: string
      /** The statement whose rows are written. */
      readonly text: string
      readonly task: WriteTask
    }
  | {
      readonly kind: 'typegen'
      readonly files: readonly { readonly name: string; readonly file: string }[]
      /** Statements that make the tables. */
      readonly sql?: string
      readonly output?: string
    }
  | {
      readonly kind: 'lake'
      readonly verb: (typeof lakeVerbs)[number]
      readonly url: string
      readonly format: 'table' | 'json' | 'csv'
      readonly dryRun: boolean
      /** An instant with a zone, as text. */
      readonly olderThan?: string
    }
  | { readonly kind: 'inspect'; readonly file: string; readonly format: 'table' | 'json' }

const formats = ['table', 'csv', 'json', 'arrow', 'avro', 'parquet'] as const
const modes = ['overwrite', 'append', 'ignore', 'error'] as const
const codecs = ['null', 'deflate', 'snappy', 'zstandard'] as const
const commands = ['sql', 'convert', 'inspect', 'lake', 'typegen', 'help'] as const

const shared = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
  format: { type: 'string', short: 'f' },
} as const
const writing = {
  codec: { type: 'string' },
  option: { type: 'string', multiple: true, short: 'O' },
  mode: { type: 'string' },
  'partition-by': { type: 'string' },
} as const
const sqlOptions = {
  ...shared,
  ...writing,
  output: { type: 'string', short: 'o' },
  rows: { type: 'string', short: 'n' },
  lake: { type: 'string', short: 'l' },
} as const

type Options = Readonly<
  Record<string, { readonly type: 'string' | 'boolean'; readonly short?: string; readonly multiple?: boolean }>
>

/** Reads the arguments after the program's name. Fails with `INVALID_ARGUMENT`, or `UNSUPPORTED` for what is still to come. */
export function parseCommand(args: readonly string[]): Command {
  const [name, ...rest] = args
  if (name === undefined) throw usage('Say what to do: lakefront sql "SELECT 42", or lakefront inspect FILE.')
  if (name === '--help' || name === '-h' || name === 'help') return { kind: 'help' }
  if (name === '--version' || name === '-v') return { kind: 'version' }
  if (name === 'sql') return sqlCommand(rest)
  if (name === 'convert') return convertCommand(rest)
  if (name === 'inspect') return inspectCommand(rest)
  if (name === 'lake') return lakeCommand(rest)
  if (name === 'typegen') return typegenCommand(rest)
  throw usage(`There is no command "${name}". Commands: ${commands.join(', ')}.${meant(name, commands)}`)
}

function sqlCommand(args: readonly string[]): Command {
  const { values, positionals } = read(args, sqlOptions)
  if (values.help === true) return { kind: 'help' }
  if (values.version === true) return { kind: 'version' }
  const [text, ...others] = positionals
  if (text === undefined)
    throw usage('Give a statement, lakefront sql "SELECT 42", or "-" to read it from standard input.')
  if (others.length > 0) {
    throw usage(
      `The statement is one argument, but ${others.length} more came after it. Put it in quotes: lakefront sql "SELECT 42".`,
    )
  }
  if (text.trim() === '') throw usage('The statement is empty.')
  const output = values.output
  if (output === '') throw usage('-o takes the name of a file.')
  const format = formatOf(values.format, output)
  const isWrite = ['option', 'mode', 'partition-by'].some((name) => name in values)
  if (format === 'parquet' || isWrite || (output !== undefined && isPlace(output))) {
    if (output === undefined) throw usage('Name what to write: -o data.parquet.')
    const lake = values.lake === undefined ? {} : { lake: values.lake }
    return { kind: 'write', text, ...lake, task: taskOf(output, format, values) }
  }
  return {
    kind: 'sql',
    text,
    format,
    rows: rowCount(values.rows),
    ...(values.lake === undefined ? {} : { lake: values.lake }),
    ...(output === undefined ? {} : { output }),
    ...codecOf(values.codec),
  }
}

function convertCommand(args: readonly string[]): Command {
  const { values, positionals } = read(args, { ...shared, ...writing })
  if (values.help === true) return { kind: 'help' }
  if (values.version === true) return { kind: 'version' }
  const [file, output, ...others] = positionals
  if (file === undefined || file === '' || output === undefined || others.length > 0)
    throw usage('convert takes two files, what to read and what to write: lakefront convert data.parquet data.avro.')
  // A name that ends like none of the formats is a table's in SQL, unless it names a folder.
  const path = isAddress(file) || formatOfName(file) !== undefined ? file : `./${file}`
  const text = `FROM '${path.replaceAll("'", "''")}'`
  return { kind: 'write', text, task: taskOf(output, formatOf(values.format, output), values) }
}

/** A URL, or a folder. */
function isPlace(output: string): boolean {
  return output.endsWith('/') || /^[a-z][a-z0-9+.-]+:/i.test(output)
}

interface WriteValues {
  readonly codec?: string | undefined
  readonly option?: string[] | undefined
  readonly mode?: string | undefined
  readonly 'partition-by'?: string | undefined
}

function taskOf(url: string, format: Format, values: WriteValues): WriteTask {
  if (format === 'table') {
    const written = formats.filter((name) => name !== 'table').join(', ')
    throw usage(`What to write "${url}" as? Give it the ending of a format, or --format. Formats: ${written}.`)
  }
  const { codec } = codecOf(values.codec)
  if (codec !== undefined && format !== 'avro')
    throw usage('--codec is of Avro. For others: --option compression=gzip.')
  const partitionBy = values['partition-by']?.split(',').map((name) => name.trim()) ?? []
  const isFolder = url.endsWith('/') || partitionBy.length > 0
  const { mode = isFolder ? 'error' : 'overwrite' } = values
  const known = modes.find((each) => each === mode)
  if (known === undefined) throw usage(`There is no mode "${mode}". Modes: ${modes.join(', ')}.${meant(mode, modes)}`)
  const options = {
    ...(format === 'json' && !/\.(?:ndjson|jsonl)(?:\.gz|\.zst)?$/i.test(url) ? { form: 'array' } : {}),
    ...(codec === undefined ? {} : { compression: codec === 'null' ? 'none' : codec }),
    ...Object.fromEntries((values.option ?? []).map(optionOf)),
  }
  checkWriteOptions(format, options)
  return { format, url, mode: known, partitionBy, options }
}

/** `name=value`; numbers, true, false and what is JSON else are what they say. */
function optionOf(text: string): [name: string, value: unknown] {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined) throw usage(`--option takes a name and a value, "compression=zstd", not "${text}".`)
  try {
    return [name, JSON.parse(value!)]
  } catch {
    return [name, value]
  }
}

function codecOf(codec: string | undefined): { codec?: WriteCodec } {
  if (codec === undefined) return {}
  const known = codecs.find((each) => each === codec)
  if (known === undefined)
    throw usage(`There is no codec "${codec}". Codecs of Avro: ${codecs.join(', ')}.${meant(codec, codecs)}`)
  return { codec: known }
}

function inspectCommand(args: readonly string[]): Command {
  const { values, positionals } = read(args, shared)
  if (values.help === true) return { kind: 'help' }
  if (values.version === true) return { kind: 'version' }
  const [file, ...others] = positionals
  if (file === undefined) throw usage('Name the file to inspect: lakefront inspect data.parquet.')
  if (others.length > 0) throw usage(`inspect takes one file, but ${others.length + 1} were named.`)
  const { format = 'table' } = values
  if (format !== 'table' && format !== 'json') {
    throw usage(`inspect writes no format "${format}". Formats: table, json.${meant(format, ['table', 'json'])}`)
  }
  return { kind: 'inspect', file, format }
}

function ageOf(age: string | undefined): { readonly olderThan?: string } {
  try {
    return instantOf(age)
  } catch {
    throw usage(`--older-than "${age}" is neither an age nor an instant. Give '30 days' or 2026-11-01T00:00:00Z.`)
  }
}

function lakeCommand(args: readonly string[]): Command {
  const { values, positionals } = read(args, {
    ...shared,
    'dry-run': { type: 'boolean' },
    'older-than': { type: 'string' },
  } as const)
  if (values.help === true) return { kind: 'help' }
  if (values.version === true) return { kind: 'version' }
  const [name, url, ...others] = positionals
  const verb = lakeVerbs.find((each) => each === name)
  if (verb === undefined) {
    if (name === undefined)
      throw usage(`Say what to do with a lake: lakefront lake tables ./lake. There is ${lakeVerbs.join(', ')}.`)
    throw usage(`"${name}" cannot be done with a lake. There is ${lakeVerbs.join(', ')}.${meant(name, lakeVerbs)}`)
  }
  if (url === undefined || others.length > 0) throw usage(`Name one lake: lakefront lake ${verb} ./lake.`)
  const { format = 'table' } = values
  if (format !== 'table' && format !== 'json' && format !== 'csv')
    throw usage(
      `lake writes no format "${format}". Formats: table, json, csv.${meant(format, ['table', 'json', 'csv'])}`,
    )
  const age = values['older-than']
  if (age !== undefined && !agingVerbs.includes(verb))
    throw usage(`--older-than says nothing to ${verb}. It is for ${agingVerbs.join(', ')}.`)
  if (age === undefined && verb === 'expire')
    throw usage("Say which snapshots expire: lakefront lake expire ./lake --older-than '30 days'.")
  return { kind: 'lake', verb, url, format, dryRun: values['dry-run'] === true, ...ageOf(age) }
}

function typegenCommand(args: readonly string[]): Command {
  const { values, positionals } = read(args, {
    help: shared.help,
    version: shared.version,
    output: { type: 'string', short: 'o' },
    sql: { type: 'string' },
  } as const)
  if (values.help === true) return { kind: 'help' }
  if (values.version === true) return { kind: 'version' }
  if (positionals.length === 0 && values.sql === undefined)
    throw usage('Name files, lakefront typegen flights=data/flights.parquet, or make tables: --sql "CREATE TABLE …".')
  if (values.output === '') throw usage('-o takes the name of a file.')
  const files = positionals.map((text) => {
    const given = /^([^=/\\:]+)=(.+)$/s.exec(text)
    const name = given?.[1] ?? /([^/\\]+?)(?:\.\w+)?(?:[?#].*)?$/s.exec(text)?.[1] ?? text
    return { name, file: given?.[2] ?? text }
  })
  return {
    kind: 'typegen',
    files,
    ...(values.sql === undefined ? {} : { sql: values.sql }),
    ...(values.output === undefined ? {} : { output: values.output }),
  }
}

/** The format asked for, else the one the output's name ends in, else a table. */
function formatOf(format: string | undefined, output: string | undefined): Format {
  const wanted = format ?? (output === undefined ? undefined : writeFormatOf(output)) ?? 'table'
  if (isFormat(wanted)) return wanted
  throw usage(`There is no format "${wanted}". Formats: ${formats.join(', ')}.${meant(wanted, formats)}`)
}

function isFormat(name: string | undefined): name is Format {
  return (formats as readonly (string | undefined)[]).includes(name)
}

function rowCount(text = '40'): number {
  if (text === 'all') return Infinity
  if (/^\d+$/.test(text)) return Number(text)
  throw usage(`--rows takes a number of rows or "all", not "${text}".`)
}

function read<const O extends Options>(
  args: readonly string[],
  options: O,
): ReturnType<typeof parseArgs<{ options: O; allowPositionals: true }>> {
  try {
    return parseArgs({ args: args.map(commentFirst), options, allowPositionals: true })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const unknown = /Unknown option '(-+)([^']*)'/.exec(message)
    if (unknown === null) throw usage(message.replace(/\.?\s*$/, '.'))
    const [, dashes = '', name = ''] = unknown
    const names = Object.keys(options)
    throw usage(
      `There is no option "${dashes}${name}" here. Options: ${names.map((each) => `--${each}`).join(', ')}.${meant(name, names, '--')}`,
    )
  }
}

/** A statement may begin with a comment, which would be taken for an option. */
function commentFirst(argument: string): string {
  return /^--\s/.test(argument) ? ` ${argument}` : argument
}

function meant(name: string, names: readonly string[], prefix = ''): string {
  const nearest = nearestName(name, names)
  return nearest === undefined ? '' : ` Did you mean "${prefix}${nearest}"?`
}

function usage(message: string): LakefrontError {
  return new LakefrontError('INVALID_ARGUMENT', message)
}
