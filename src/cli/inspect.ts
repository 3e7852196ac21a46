import { detectFormat, emptyFile, mistaken } from '../format/detect-format.ts'
import { readFooter } from '../format/parquet/footer.ts'
import { formatOfName } from '../scan/file-format.ts'
import { openByteSource } from '../storage/open.ts'
import type { Command } from './command.ts'
import { isLake, lakeText } from './lake.ts'
import { avroText, describeAvro } from './inspect/describe-avro.ts'
import { describeFile } from './inspect/describe-file.ts'
import { describeArrow, describeCsv, describeJson, rowsText } from './inspect/describe-rows.ts'
import { descriptionText } from './inspect/description-text.ts'

/** Names of files whose text is taken for CSV: that it is any is told by nothing in it. */
const textNames = /\.(?:csv|tsv|txt)(?:\.gz|\.zst)?(?:$|[?#])/i

/**
 * What a file says of itself, as text or JSON, by what is in it, whatever its name: the footer of a Parquet file, the header of an Avro file and
 * the heads of its blocks, the messages of an Arrow file; JSON and CSV say nothing of themselves and are read to their end.
 */
export async function inspect({ file, format }: Command & { kind: 'inspect' }, signal: AbortSignal): Promise<string> {
  if (await isLake(file)) return lakeText(file, format, signal)
  const source = openByteSource(file)
  const written = <T extends object>(description: T, text: (description: T) => string): string =>
    format === 'json' ? `${JSON.stringify(description, undefined, 2)}\n` : text(description)
  const content = await detectFormat(source, { signal })
  const named = formatOfName(file) ?? 'parquet'
  if (content !== undefined && 'other' in content) throw mistaken(source.label, named, content)
  // An empty file is one of text without rows; Parquet's own reader says that it is none.
  const isBinary = named === 'avro' || named === 'arrow'
  if (isBinary && (await source.stat({ signal })).size === 0) throw emptyFile(source.label, named)
  switch (content?.format ?? named) {
    case 'avro':
      return written(await describeAvro(source, signal), avroText)
    case 'arrow':
      return written(await describeArrow(source, signal), rowsText)
    case 'json':
      return written(await describeJson(source, signal), rowsText)
    case 'csv':
      if (textNames.test(file)) return written(await describeCsv(source, file, signal), rowsText)
      if (named !== 'parquet') throw mistaken(source.label, named, { format: 'csv' })
      break
    default:
  }
  return written(describeFile(await readFooter(source, { signal })), descriptionText)
}
