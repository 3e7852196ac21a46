import { LakefrontError } from '../errors.ts'
import { avroEncoder } from '../format/avro/avro-encoder.ts'
import { csvEncoder } from '../format/csv/csv-encoder.ts'
import type { FileEncoder } from '../format/file-encoder.ts'
import { jsonEncoder } from '../format/json/json-encoder.ts'
import { outerCompressor } from '../format/outer-compression.ts'
import type { OuterCompression } from '../format/outer-compression.ts'
import type { ParquetEncoder } from '../format/parquet/parquet-writer.ts'
import type { Schema } from '../types/logical-type.ts'
import { encodedWriter } from './encoded-writer.ts'
import type { FileFacts } from './encoded-writer.ts'
import type { OpenWriter } from './file-writer.ts'
import { parquetFileWriter } from './parquet-file-writer.ts'
import { checkWriteOptions } from './write-options.ts'
import type { WriteFormat, WriteTask } from './write-task.ts'

/** How the files of a task are made. */
export interface FileFormat {
  /** What their names end in, such as `.csv.gz`. */
  readonly extension: string
  readonly contentType: string
  /** Makes files of rows of a schema. */
  open(schema: Schema): OpenWriter<FileFacts>
}

const contentTypes: Readonly<Record<WriteFormat, string>> = {
  parquet: 'application/vnd.apache.parquet',
  avro: 'application/avro',
  csv: 'text/csv; charset=utf-8',
  json: 'application/json',
  arrow: 'application/vnd.apache.arrow.file',
}

/** The format of a task, its options checked. */
export function fileFormat({ format, url, options }: WriteTask, parquet: ParquetEncoder | undefined): FileFormat {
  const contentType = contentTypes[format]
  switch (format) {
    case 'parquet': {
      if (parquet === undefined)
        throw new LakefrontError(
          'UNSUPPORTED',
          'Parquet cannot be written in this session. Formats: avro, csv, json, arrow.',
        )
      const { maxFileBytes: _, ...own } = checkWriteOptions('parquet', options)
      return { extension: '.parquet', contentType, open: (schema) => parquetFileWriter(parquet, schema, own) }
    }
    case 'avro': {
      const { compression, schema: given, blockBytes } = checkWriteOptions('avro', options)
      const own = {
        ...(compression === undefined ? {} : { codec: compression === 'none' ? ('null' as const) : compression }),
        ...(given === undefined ? {} : { schema: typeof given === 'string' ? given : JSON.stringify(given) }),
        ...(blockBytes === undefined ? {} : { blockBytes }),
      }
      return { extension: '.avro', contentType, open: (schema) => encoded(schema, () => avroEncoder(schema, own)) }
    }
    case 'csv': {
      const { compression = compressionOf(url), ...own } = checkWriteOptions('csv', options)
      const tabs = /\.tsv(?:\.gz|\.zst)?$/i.test(url) ? { delim: '\t' } : {}
      return {
        extension: `.csv${suffixes[compression]}`,
        contentType,
        open: (schema) => encoded(schema, () => csvEncoder(schema, { ...tabs, ...own }), compression),
      }
    }
    case 'json': {
      const { compression = compressionOf(url), ...own } = checkWriteOptions('json', options)
      return {
        extension: `${own.form === 'array' ? '.json' : '.ndjson'}${suffixes[compression]}`,
        contentType: own.form === 'array' ? contentType : 'application/x-ndjson',
        open: (schema) => encoded(schema, () => jsonEncoder(schema, own), compression),
      }
    }
    case 'arrow': {
      const { form = /\.arrows$/i.test(url) ? 'stream' : 'file' } = checkWriteOptions('arrow', options)
      return {
        extension: form === 'file' ? '.arrow' : '.arrows',
        contentType: `application/vnd.apache.arrow.${form}`,
        open: (schema) =>
          encoded(schema, async () =>
            (await import('../format/arrow/arrow-encoder.ts')).arrowEncoder(schema, { form }),
          ),
      }
    }
    default:
      return format satisfies never
  }
}

const suffixes: Readonly<Record<OuterCompression, string>> = { none: '', gzip: '.gz', zstd: '.zst' }

function compressionOf(url: string): OuterCompression {
  const suffix = /\.(gz|zst)$/i.exec(url)?.[1]?.toLowerCase()
  return suffix === 'gz' ? 'gzip' : suffix === 'zst' ? 'zstd' : 'none'
}

function encoded(
  schema: Schema,
  make: () => FileEncoder | Promise<FileEncoder>,
  compression: OuterCompression = 'none',
): OpenWriter<FileFacts> {
  return async (emit) => encodedWriter(schema, await make(), outerCompressor(compression, emit))
}
