import { isLakefrontError, LakefrontError } from '../errors.ts'
import { openArrow, readArrow } from '../format/arrow/read-arrow.ts'
import { openAvro } from '../format/avro/container.ts'
import { readAvro } from '../format/avro/read-avro.ts'
import type { SplitPlace } from '../format/avro/read-avro.ts'
import { openCsv, readCsv } from '../format/csv/read-csv.ts'
import type { CsvFile } from '../format/csv/read-csv.ts'
import { detectFormat, emptyFile, mistaken } from '../format/detect-format.ts'
import { asOneTable, openJson, readJson } from '../format/json/read-json.ts'
import type { JsonFile } from '../format/json/read-json.ts'
import type { ByteSource, StatOptions } from '../storage/storage.ts'
import { parseType } from '../types/type-names.ts'
import { formatOfName } from './file-format.ts'
import type { FileFormat } from './file-format.ts'
import type { FileSource, TableOptions } from './source.ts'
import { withCommonTypes } from './streamed-table.ts'
import type { StreamedFile } from './streamed-table.ts'

/** Codecs that take so long that other threads are worth what sending to them costs; of the others rows are decoded sooner than they are sent. */
const slowCodecs: ReadonlySet<string> = new Set(['deflate', 'zstandard', 'bzip2', 'xz'])

/** Opens a file that is read from front to back: what is needed to know its columns, of which there is one at least, is read. */
export async function openStreamed(...given: Parameters<typeof openFile>): Promise<StreamedFile> {
  const file = await openFile(...given)
  if (file.fields.length > 0) return file
  const { label } = file.source
  throw new LakefrontError('UNSUPPORTED', `"${label}" has no columns.`, { details: { file: label } })
}

async function openFile(
  source: FileSource,
  file: ByteSource,
  { csv, splits, ...options }: StatOptions & Pick<TableOptions, 'csv'> & { readonly splits?: SplitPlace },
): Promise<StreamedFile> {
  switch (source.format) {
    case 'avro': {
      const { readerSchema } = source.options ?? {}
      const avro = await openAvro(file, { ...options, ...(readerSchema === undefined ? {} : { readerSchema }) })
      const place = splits !== undefined && slowCodecs.has(avro.codec) ? { place: splits } : {}
      return { source: file, fields: avro.fields, read: (wanted, own) => readAvro(avro, wanted, { ...own, ...place }) }
    }
    case 'json': {
      const { sampleSize } = source.options ?? {}
      return jsonFile(await openJson(file, { ...options, ...(sampleSize === undefined ? {} : { sampleSize }) }))
    }
    case 'csv': {
      if (csv === undefined)
        throw new LakefrontError('UNSUPPORTED', `"${file.label}" is CSV, which this engine cannot read.`)
      const { parameters = {}, declared = {} } = source.options ?? {}
      const types = new Map(Object.entries(declared))
      const found = await openCsv(file, { ...options, parser: csv, parameters })
      const fields = found.fields.map((field) => {
        const type = types.get(field.name.toLowerCase())
        return type === undefined ? field : { ...field, type: parseType(type) }
      })
      return csvFile({ ...found, fields })
    }
    case 'arrow': {
      const arrow = await openArrow(file, options)
      return { source: file, fields: arrow.fields, read: (wanted, own) => readArrow(arrow, wanted, own) }
    }
    case 'any':
    case 'parquet':
      throw new LakefrontError('INTERNAL', `Files of the format ${source.format} are not read from front to back.`)
    default:
      return source satisfies never
  }
}

function csvFile(csv: CsvFile): StreamedFile {
  return {
    source: csv.source,
    fields: csv.fields,
    read: (wanted, own) => readCsv(csv, wanted, own),
    ...(csv.hasRows ? {} : { isEmpty: true }),
    retyped: (types) => csvFile({ ...csv, fields: csv.fields.map((field, at) => ({ ...field, type: types[at]! })) }),
  }
}

function jsonFile(json: JsonFile): StreamedFile {
  return { source: json.source, fields: json.fields, read: (wanted, own) => readJson(json, wanted, own), json }
}

/** `files` that are read as other types, where values of several have none of their own: as those that hold the values of all. */
export function asOneType(files: readonly StreamedFile[]): readonly StreamedFile[] {
  if (files.length < 2) return files
  const json = files.flatMap((file) => file.json ?? [])
  return json.length === files.length ? asOneTable(json).map(jsonFile) : withCommonTypes(files)
}

/** What opening `file` as `format` answers; when that fails and the file is something else, the error says what. */
export async function explained<T>(
  file: ByteSource,
  format: string,
  options: StatOptions,
  opened: Promise<T>,
): Promise<T> {
  try {
    return await opened
  } catch (error) {
    const isOfFormat = !isLakefrontError(error, 'CORRUPT_FILE') && !isLakefrontError(error, 'NOT_A_PARQUET_FILE')
    if (isOfFormat) throw error
    if ((await file.stat(options)).size === 0) throw emptyFile(file.label, format)
    const content = await detectFormat(file, options).catch(() => undefined)
    if (content === undefined || ('format' in content && content.format === format)) throw error
    // Text is told from text by nothing but what can be read.
    if ('format' in content && content.format === 'csv' && format === 'json') throw error
    throw mistaken(file.label, format, content)
  }
}

/** The format of a source that does not say it, by the first of its files: by what is in it, and where that may be any text by what it is called. */
export async function formatOfSource(
  { id }: Pick<FileSource, 'id'>,
  file: ByteSource,
  options: StatOptions,
): Promise<FileFormat> {
  const named = formatOfName(id) ?? formatOfName(file.label)
  const content = await detectFormat(file, options)
  if (content === undefined) return named ?? 'csv'
  if ('other' in content) throw mistaken(file.label, named ?? 'csv', content)
  const isToldByName = content.format === 'csv' || (content.format === 'json' && named === 'csv')
  return isToldByName ? (named ?? 'csv') : content.format
}
